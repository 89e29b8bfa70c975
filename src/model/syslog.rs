//! What a syslog message means: its device's time resolved, its fields as spans, its extras as JSON.

use std::net::IpAddr;

use crate::base::clock::Timestamp;
use crate::base::limits;
use crate::base::span::Span;
use crate::model::bounded::Bounded;
use crate::model::device_time;
use crate::model::event::SyslogRecord;
use crate::model::zone::Zones;
use crate::wire::syslog::structured_data::{Element, Param};
use crate::wire::syslog::{Message, Notes, StructuredData};

/// SD-PARAMs that are written as JSON. Repeated names are grouped by comparing each with each; the bound keeps a
/// hostile message from making that expensive. The message itself has the rest.
const JSON_PARAMS_MAX: usize = 128;

/// Kept back for what closes the JSON object.
const ENDING_OCTETS_MAX: usize = 1_024;

/// Notes that say nothing a reader does not see anyway.
const SELF_EVIDENT: [Notes; 3] = [Notes::BYTE_ORDER_MARK, Notes::TRAILER_STRIPPED, Notes::HOSTNAME_ABSENT];

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

/// Appends `enriched_data` of a message, a JSON object; nothing, when the columns say it all.
///
/// ```text
/// {"msg_id":"ID47","proc_id":"worker-1","sequence_number":7,
///  "structured_data":{"exampleSDID@32473":{"iut":"3","ip":["a","b"]}},"relay":"192.0.2.1",
///  "notes":["timestamp-nonstandard"]}
/// ```
pub fn enrich(message: &Message<'_>, relay: Option<IpAddr>, out: &mut Vec<u8>) {
    let start = out.len();
    let mut json =
        Object { out: Bounded::new(out, limits::ENRICHED_OCTETS_MAX - ENDING_OCTETS_MAX), members: 0 };
    if let Some(msg_id) = message.msg_id.filter(|id| message.app_name != Some(id)) {
        json.member("msg_id");
        text(&mut json.out, msg_id);
    }
    if let Some(proc_id) = message.proc_id.filter(|id| number(id).is_none()) {
        json.member("proc_id");
        text(&mut json.out, proc_id);
    }
    if let Some(sequence_number) = message.sequence_number {
        json.member("sequence_number");
        json.out.unsigned(sequence_number);
    }
    let before_data = json.out.mark();
    if let Some(data) = message.structured_data {
        json.member("structured_data");
        structured_data(&mut json.out, data);
    }
    let is_cut = json.out.is_full();
    json.out.release(ENDING_OCTETS_MAX);
    if is_cut {
        json.out.rewind(before_data);
        json.member("structured_data_truncated");
        json.out.push(b"true");
    }
    if let Some(relay) = relay {
        json.member("relay");
        json.out.formatted(format_args!("\"{relay}\""));
    }
    let mut notes = message.notes;
    SELF_EVIDENT.iter().for_each(|note| notes.remove(*note));
    for (place, note) in notes.names().enumerate() {
        if place == 0 {
            json.member("notes");
        }
        json.out.push(if place == 0 { b"[" } else { b"," });
        json.out.quoted(note);
    }
    if !notes.is_empty() {
        json.out.push(b"]");
    }
    if json.members > 0 {
        json.out.push(b"}");
    } else {
        out.truncate(start);
    }
}

/// A JSON object under construction.
struct Object<'o> {
    out: Bounded<'o>,
    members: usize,
}

impl Object<'_> {
    /// Writes the name of the next member.
    fn member(&mut self, name: &str) {
        self.out.push(if self.members == 0 { b"{" } else { b"," });
        self.out.quoted(name);
        self.out.push(b":");
        self.members += 1;
    }
}

/// Writes octets as a JSON string; what is not UTF-8 becomes U+FFFD, the message itself keeps it.
fn text(out: &mut Bounded<'_>, octets: &[u8]) {
    out.push(b"\"");
    text_piece(out, octets);
    out.push(b"\"");
}

/// Writes a part of a JSON string.
fn text_piece(out: &mut Bounded<'_>, octets: &[u8]) {
    for chunk in octets.utf8_chunks() {
        out.escaped(chunk.valid());
        if !chunk.invalid().is_empty() {
            out.push("\u{fffd}".as_bytes());
        }
    }
}

/// Writes SD-ELEMENTs by SD-ID, SD-PARAMs by name; a name that occurs more than once in an element has a list.
fn structured_data(out: &mut Bounded<'_>, data: StructuredData<'_>) {
    let mut params_left = JSON_PARAMS_MAX;
    for (place, element) in data.elements().enumerate() {
        out.push(if place == 0 { b"{" } else { b"," });
        text(out, element.id);
        out.push(b":{");
        params(out, element, &mut params_left);
        out.push(b"}");
    }
    out.push(b"}");
}

/// Writes the parameters of one element.
fn params(out: &mut Bounded<'_>, element: Element<'_>, params_left: &mut usize) {
    let mut members = 0;
    let count = *params_left;
    for (place, param) in element.params().take(count).enumerate() {
        *params_left -= 1;
        if element.params().take(place).any(|earlier| earlier.name == param.name) {
            continue;
        }
        if members > 0 {
            out.push(b",");
        }
        members += 1;
        text(out, param.name);
        out.push(b":");
        let mut same = element.params().take(count).skip(place).filter(|later| later.name == param.name);
        let (first, second) = (same.next(), same.next());
        match (first, second) {
            (Some(first), Some(second)) => {
                out.push(b"[");
                value(out, first);
                for later in std::iter::once(second).chain(same) {
                    out.push(b",");
                    value(out, later);
                }
                out.push(b"]");
            }
            _ => value(out, param),
        }
    }
}

/// Writes a PARAM-VALUE without its escapes.
fn value(out: &mut Bounded<'_>, param: Param<'_>) {
    out.push(b"\"");
    for piece in param.pieces() {
        text_piece(out, piece);
    }
    out.push(b"\"");
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::wire::syslog::decode;

    fn enriched(line: &[u8]) -> String {
        let mut out = b"before".to_vec();
        enrich(&decode(line), None, &mut out);
        String::from_utf8(out[6..].to_vec()).unwrap()
    }

    #[test]
    fn extras_are_json_or_nothing() {
        assert_eq!(enriched(b"<34>Oct 11 22:14:15 mymachine su: 'su root' failed"), "");
        let text = enriched(
            b"<165>1 2003-10-11T22:14:15.003Z h a p-1 ID47 [x@1 iut=\"3\" ip=\"a\" ip=\"q\\\"\\]\"][y@1] hi",
        );
        let json: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(
            json,
            serde_json::json!({"msg_id": "ID47", "proc_id": "p-1",
                "structured_data": {"x@1": {"iut": "3", "ip": ["a", "q\"]"]}, "y@1": {}}})
        );
    }

    #[test]
    fn too_many_extras_stay_valid_json() {
        let params: String = (0..4_000).map(|n| format!(" p{n}=\"\\\"\x01\"")).collect();
        let line = format!("<165>1 - h a - - [x{params}] hi");
        let json: serde_json::Value = serde_json::from_str(&enriched(line.as_bytes())).unwrap();
        assert!(json.is_object());
    }

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
