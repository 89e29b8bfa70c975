//! Syslog messages: RFC 5424, RFC 3164, and what devices send where RFC 3164 was meant.
//!
//! A datagram, or a frame that [`framing`] cut from a stream, becomes a [`Message`] of borrowed fields. Which
//! grammar reads it is decided by the octets after PRI (VERSION and a timestamp or `-`: RFC 5424), never by
//! trying one and falling back to another.
//!
//! Invariant: [`decode`] cannot fail. What it does not recognise stays in [`Message::content`], and every field
//! lies inside the octets it was given.

mod cursor;
mod date;
mod device_header;
mod device_time;
mod epoch;
pub mod escape;
pub mod framing;
mod host;
mod key_value;
mod level;
mod line;
mod message;
pub mod notes;
pub mod pairs;
pub mod payload;
pub mod pri;
pub mod relp;
mod rfc3164;
mod rfc5424;
pub mod structured_data;
mod tag;
mod time_of_day;
mod timestamp;
mod unknown_time;
mod vendors;
mod zone;

pub use device_time::{ClockMark, DeviceTime};
pub use line::{decode, decode_into};
pub use message::{Format, Message};
pub use notes::Notes;
pub use pairs::Pairs;
pub use payload::Payload;
pub use pri::Pri;
pub use structured_data::StructuredData;
pub use vendors::{Mnemonic, Notation};

#[cfg(test)]
mod property_tests;
#[cfg(test)]
mod tests;
