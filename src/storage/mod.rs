//! Floor 3: SQLite and nothing else. Opens the store, keeps its schema, writes batches, keeps the device registry,
//! what is known of SNMPv3 users, which of their messages await a credential, and who was refused.
//!
//! Invariant: no threads, no retry; one connection writes, for others it does [`jobs`], and what
//! [`writer::Writer::write`] returned from is durable as far as `synchronous` promises.

pub mod commits;
pub mod connection;
pub mod devices;
pub mod error;
pub mod inheritance;
pub mod jobs;
pub mod quarantine;
pub mod refresh;
pub mod refused;
pub mod rows;
pub mod schema;
pub mod shapes;
pub mod snmp_users;
pub mod upgrade;
pub mod writer;
