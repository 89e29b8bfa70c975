//! Floor 5: what the program tells about itself: the ledger, metrics, the log.
//!
//! Invariant: reads everyone's counters; nobody below reads this.

pub mod ledger;
pub mod logging;
pub mod metrics;
pub mod reloads;
