//! Floor 4: one core's work. Datagrams and frames in, batches of events out.
//!
//! ```text
//! net::sys::ReceiveSlab -> Intake (asks Admission, counts, batches, flushes) -> Pipeline (decode, match; no I/O) -> queue
//! ```
//!
//! Invariant: nothing here waits for a disk, a name server or a peer; no event is appended without being counted,
//! and nothing is allocated for a message once the batches have grown to their working size.

pub mod admission;
mod bind;
pub mod counters;
pub mod fair_share;
pub mod group;
pub mod intake;
pub mod listener;
pub mod names;
pub mod own_events;
pub mod pipeline;
mod poll_backoff;
pub mod rate_limit;
pub mod receive;
pub mod rule_counters;
pub mod rules;
pub mod runtime;
pub mod snmp_policy;
pub mod stream;
