//! Floor 1: octets of a peer become borrowed views.
//!
//! ```text
//! net -> [wire] -> security -> model -> matching
//! ```
//!
//! Invariant: nothing here does I/O, reads a clock, allocates, logs or panics, whatever the octets are.

#![forbid(unsafe_code)]

pub mod ber;
pub mod cursor;
pub mod error;
pub mod snmp;
