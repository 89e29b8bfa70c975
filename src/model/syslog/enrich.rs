//! `enriched_data` of a syslog message: what its columns do not say, as a JSON object.
//!
//! Invariant: nothing is guessed. An object of a vendor's facts is there when the message is of that vendor's format
//! by its shape, which `wire::syslog` decides.

use std::net::IpAddr;

use crate::base::limits;
use crate::model::bounded::Bounded;
use crate::wire::syslog::pairs::Pairs;
use crate::wire::syslog::payload::{Cef, Leef};
use crate::wire::syslog::{Message, Mnemonic, Notes, Payload, StructuredData};

use super::json::{self, Object};
use super::number;

/// Kept back for what closes the JSON object.
const ENDING_OCTETS_MAX: usize = 1_024;

/// Notes that say nothing a reader does not see anyway.
const SELF_EVIDENT: [Notes; 3] = [Notes::BYTE_ORDER_MARK, Notes::TRAILER_STRIPPED, Notes::HOSTNAME_ABSENT];

/// How a message came, as far as a reader of the store should know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Delivery {
    /// The relay that brought it, when its source is not where it came from.
    pub relay: Option<IpAddr>,
    /// Its sender had probably sent it before.
    pub repeated: bool,
}

/// Appends `enriched_data` of a message, a JSON object; nothing, when the columns say it all. `delivery` is how it
/// came.
///
/// ```text
/// {"msg_id":"ID47","proc_id":"worker-1","sequence_number":7,
///  "cisco":{"facility":"LINK","severity":3,"mnemonic":"UPDOWN"},
///  "huawei":{"module":"IFNET","severity":4,"name":"IF_STATE"},
///  "structured_data":{"exampleSDID@32473":{"iut":"3","ip":["a","b"]}},
///  "cef":{"version":"0","device_vendor":"V",...,"extension":{"src":"192.0.2.1"}},
///  "leef":{"version":"1.0","vendor":"V",...,"attributes":{"src":"192.0.2.1"}},
///  "fields":{"devname":"fw1","action":"close"},
///  "relay":"192.0.2.1",
///  "notes":["timestamp-nonstandard"],
///  "repeated":true}
/// ```
pub fn enrich(message: &Message<'_>, delivery: Delivery, out: &mut Vec<u8>) {
    let mut out = Bounded::new(out, limits::ENRICHED_OCTETS_MAX - ENDING_OCTETS_MAX);
    let mut object = Object::new(&mut out);
    if let Some(msg_id) = message.msg_id.filter(|id| message.app_name != Some(id)) {
        _ = object.large("msg_id", "msg_id_truncated", |out| json::text(out, msg_id));
    }
    if let Some(proc_id) = message.proc_id.filter(|id| number(id).is_none()) {
        _ = object.large("proc_id", "proc_id_truncated", |out| json::text(out, proc_id));
    }
    if let Some(sequence_number) = message.sequence_number {
        object.member("sequence_number");
        object.out.unsigned(sequence_number);
    }
    if let Some(name) = message.mnemonic() {
        mnemonic(&mut object, name);
    }
    if let Some(data) = message.structured_data {
        _ = object.large("structured_data", "structured_data_truncated", |out| structured_data(out, data));
    }
    match message.payload() {
        Payload::Text => {}
        Payload::Cef(cef) => _ = payload(&mut object, ["cef", "cef_truncated"], |out| self::cef(out, cef)),
        Payload::Leef(leef) => {
            _ = payload(&mut object, ["leef", "leef_truncated"], |out| self::leef(out, leef))
        }
        Payload::Pairs(pairs) => fields(&mut object, pairs),
    }
    object.out.release(ENDING_OCTETS_MAX);
    if let Some(relay) = delivery.relay {
        object.member("relay");
        object.out.formatted(format_args!("\"{relay}\""));
    }
    notes(&mut object, message.notes);
    if delivery.repeated {
        object.member("repeated");
        object.out.push(b"true");
    }
    if !object.is_empty() {
        object.end();
    }
}

/// Writes the parts of the name of an event. A severity that is a digit is a number, any other stays text.
fn mnemonic(object: &mut Object<'_, '_>, name: Mnemonic<'_>) {
    let [facility, severity, mnemonic] = name.notation.members;
    object.member(name.notation.vendor);
    let mut parts = Object::new(&mut *object.out);
    parts.text(facility, name.facility);
    match name.severity {
        [b'0'..=b'9'] => {
            parts.member(severity);
            parts.out.push(name.severity);
        }
        other => parts.text(severity, other),
    }
    parts.text(mnemonic, name.mnemonic);
    parts.end();
}

/// Writes SD-ELEMENTs by SD-ID, SD-PARAMs by name.
fn structured_data(out: &mut Bounded<'_>, data: StructuredData<'_>) {
    let mut left = limits::JSON_PAIRS_MAX;
    for (place, element) in data.elements().enumerate() {
        out.push(if place == 0 { b"{" } else { b"," });
        json::text(out, element.id);
        out.push(b":");
        left = left.saturating_sub(json::fields(out, &mut element.params(), left));
    }
    out.push(b"}");
}

/// What was read of the pairs of a payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Extent {
    /// All of it.
    Whole,
    /// There are more pairs than are written.
    More,
    /// Something that is no pair.
    Broken,
}

/// Writes a payload, and whether not all of it is written.
fn payload<'o>(
    object: &mut Object<'_, 'o>,
    [name, truncated]: [&str; 2],
    write: impl FnOnce(&mut Bounded<'o>) -> Extent,
) -> Extent {
    let mut extent = Extent::Whole;
    let fits = object.large(name, truncated, |out| extent = write(out));
    if fits && extent == Extent::More {
        object.member(truncated);
        object.out.push(b"true");
    }
    extent
}

/// Writes the header of CEF and its extension.
fn cef(out: &mut Bounded<'_>, cef: Cef<'_>) -> Extent {
    let mut object = Object::new(out);
    for (name, pieces) in cef.header() {
        object.member(name);
        json::value(object.out, pieces);
    }
    object.member("extension");
    let extent = pairs(object.out, cef.extension());
    object.end();
    extent
}

/// Writes the header of LEEF and its attributes.
fn leef(out: &mut Bounded<'_>, leef: Leef<'_>) -> Extent {
    let mut object = Object::new(out);
    for (name, pieces) in leef.header() {
        object.member(name);
        json::value(object.out, pieces);
    }
    object.member("attributes");
    let extent = pairs(object.out, leef.attributes());
    object.end();
    extent
}

/// Writes the pairs of a payload that is nothing else; of text that only starts with pairs, nothing.
fn fields(object: &mut Object<'_, '_>, found: Pairs<'_>) {
    let before = object.mark();
    if payload(object, ["fields", "fields_truncated"], |out| pairs(out, found)) == Extent::Broken {
        object.rewind(before);
    }
}

/// Writes pairs, at most [`limits::JSON_PAIRS_MAX`].
fn pairs(out: &mut Bounded<'_>, pairs: Pairs<'_>) -> Extent {
    let mut source = pairs.iter();
    json::fields(out, &mut source, limits::JSON_PAIRS_MAX);
    let has_more = source.next().is_some();
    match (source.is_sound(), has_more) {
        (false, _) => Extent::Broken,
        (true, true) => Extent::More,
        (true, false) => Extent::Whole,
    }
}

/// Writes the notes that tell something.
fn notes(object: &mut Object<'_, '_>, mut notes: Notes) {
    SELF_EVIDENT.iter().for_each(|note| notes.remove(*note));
    for (place, note) in notes.names().enumerate() {
        if place == 0 {
            object.member("notes");
        }
        object.out.push(if place == 0 { b"[" } else { b"," });
        object.out.quoted(note);
    }
    if !notes.is_empty() {
        object.out.push(b"]");
    }
}

#[cfg(test)]
#[path = "enrich_tests.rs"]
mod tests;
