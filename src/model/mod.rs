//! Floor 2: what a message means to us, beyond its octets.
//!
//! Invariant: imports `base` and `wire` only; nothing here does I/O or reads a clock.

pub mod notification;
