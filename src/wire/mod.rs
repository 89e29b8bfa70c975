//! Floor 1: octets from the network become borrowed views; nothing is owned, copied or looked up here.
//!
//! ```text
//! net (datagram or frame) -> wire (view of the same octets) -> model (owned event)
//! ```
//!
//! Invariant: no I/O, no clock, no allocation, no logging, no `unsafe`; imports [`crate::base`] only. Any octets
//! may be given to any function here: none of them panics, recurses, or works longer than linear in its input.

#![forbid(unsafe_code)]

pub mod ber;
pub mod cursor;
pub mod error;
pub(crate) mod lanes;
pub mod proxy_protocol;
pub mod smi;
pub mod snmp;
pub mod syslog;
