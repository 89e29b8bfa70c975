//! Floor 4: one core's work. Datagrams and frames in, batches of events out.
//!
//! ```text
//! net::sys::ReceiveSlab -> Intake (asks the Gate, counts, batches, flushes) -> Pipeline (decode, match; no I/O) -> queue
//! ```
//!
//! Invariant: nothing here waits for a disk, a name server or a peer; no event is appended without being counted,
//! and nothing is allocated for a message once the batches have grown to their working size.

pub mod counters;
pub mod fair_share;
pub mod gate;
pub mod group;
pub mod intake;
pub mod names;
pub mod own_events;
pub mod pipeline;
pub mod rate_limit;
pub mod receive;
mod rest;
pub mod rule_counters;
pub mod rules;
pub mod runtime;
pub mod snmp_policy;
pub mod stream;
