//! Floor 2: names of objects and notifications, and how their values are read.
//!
//! ```text
//! wire (arcs) -> [mib] -> text and JSON of a notification
//! ```
//!
//! A [`Names`] is filled once, from the table of [`standard`] and from the modules that [`load()`] finds, and then only
//! looked into.
//!
//! Invariant: knows sub-identifiers and labels, not messages; a look-up does not allocate, and its cost does not
//! depend on what the peer sent beyond the 128 sub-identifiers of a name (RFC 2578 7.1.3).

#![forbid(unsafe_code)]

pub mod definition;
pub mod load;
pub mod names;
pub mod standard;
pub mod table;
pub mod vendors;

pub use definition::{Definition, Definitions, Kind};
pub use load::load;
pub use names::{Name, Names};
