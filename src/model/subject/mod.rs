//! A message as rules, queries and silences see it, whether it is live, stored or archived.
//!
//! ```text
//! [LiveEvent] (batch, event)  --+
//! [StoredRow] (store, archive) -+-> [Subject] -> conditions and text patterns
//! [TextOnly]  (a text to try) --+
//! ```
//!
//! Invariant: an accessor reads when it is called and not before, allocates nothing, and answers the same for a message
//! while it is live and when it is read back.

mod accessors;
mod fields;
mod json;
mod live;
mod row;
mod text_only;

pub use accessors::{AddressText, DeviceName, MessageType, Subject};
pub use fields::FieldValue;
pub use json::JsonText;
pub use live::{DeviceFacts, Devices, ListenerNames, LiveEvent, NoDevices};
pub use row::StoredRow;
pub use text_only::TextOnly;
