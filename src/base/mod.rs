//! Floor 0: what every other floor may lean on. Imports std, and of other crates only constants of the system and
//! the wiping of secrets.
//!
//! Invariant: nothing here knows of sockets, messages or configuration. Files are known as octets under a name only.

pub mod cidr;
pub mod civil;
pub mod clock;
pub mod counter;
pub(crate) mod digits;
pub mod drop_reason;
pub mod files;
pub mod histogram;
pub mod limits;
pub mod metric;
pub mod read;
pub mod span;
pub mod variants;
