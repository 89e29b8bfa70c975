//! What a syslog message means: its device's time resolved, its fields as spans, its extras as JSON.

mod enrich;
mod json;

pub use enrich::{Delivery, enrich};

use std::net::IpAddr;

use crate::base::clock::Timestamp;
use crate::base::span::Span;
use crate::model::device_time;
use crate::model::event::SyslogRecord;
use crate::model::trailing;
use crate::model::zone::Zones;
use crate::wire::syslog::{Message, decode};

/// Where the octets of a message lie in its batch.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// The octets as received.
    pub bytes: &'a [u8],
    /// Where they start in the batch, if they are there as text.
    pub at: Option<u32>,
}

/// When and from whom a message came, and what the operator says of the sender's clock.
#[derive(Debug, Clone, Copy)]
pub struct Reception<'a> {
    /// When it was received.
    pub at: Timestamp,
    /// The device it is of.
    pub source: IpAddr,
    /// Time zones by source.
    pub zones: &'a Zones,
}

/// How many octets of `line`, which nothing ends, are the header.
#[must_use]
pub fn content_start(line: &[u8]) -> usize {
    trailing::content_start(line, decode(line).content)
}

/// The fields of `message` as spans of `out`, the batch's octets. Fields that are not text are copied, made readable.
pub fn record(
    message: &Message<'_>,
    place: Place<'_>,
    reception: &Reception<'_>,
    out: &mut Vec<u8>,
) -> SyslogRecord {
    let Reception { at, source, zones, .. } = *reception;
    let (device_time, time_source) = device_time::resolve(message.timestamp.as_ref(), at, source, zones);
    SyslogRecord {
        pri: message.pri.map(|pri| pri.value()),
        host: span(message.hostname, place, out),
        program: span(message.app_name, place, out),
        process_id: message.proc_id.and_then(number),
        device_time,
        time_source,
    }
}

/// A field as a span: of the text, when it lies there and is text itself; else of a readable copy.
fn span(field: Option<&[u8]>, place: Place<'_>, out: &mut Vec<u8>) -> Span {
    let Some(field) = field.filter(|field| !field.is_empty()) else { return Span::EMPTY };
    // A cut at an octet count can fall inside a character.
    let is_text = field.is_ascii() || std::str::from_utf8(field).is_ok();
    if let (Some(at), Some(found), true) = (place.at, Span::within(place.bytes, field), is_text) {
        return found.shifted(at);
    }
    crate::model::readable::append(field, out).span
}

/// The value of a field that is nothing but a decimal number below 2^32.
fn number(field: &[u8]) -> Option<u32> {
    let digits_only = !field.is_empty() && field.len() <= 10 && field.iter().all(u8::is_ascii_digit);
    digits_only.then(|| std::str::from_utf8(field).ok()?.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::syslog::decode;

    #[test]
    fn fields_that_are_not_text_are_copied_readable() {
        let line = b"<34>1 - ho\xffst su 17 - - x";
        let mut out = Vec::new();
        let zones = Zones::default();
        let reception = Reception { at: Timestamp(0), source: [192, 0, 2, 1].into(), zones: &zones };
        let record = record(&decode(line), Place { bytes: line, at: None }, &reception, &mut out);
        assert_eq!(record.host.of(&out), b"ho\\xffst");
        assert_eq!(record.program.of(&out), b"su");
        assert_eq!(record.process_id, Some(17));
    }
}
