//! RFC 5424: `VERSION SP TIMESTAMP SP HOSTNAME SP APP-NAME SP PROCID SP MSGID SP STRUCTURED-DATA [SP MSG]`.
//!
//! Invariant: a field that breaks its rule is noted and kept; the fields before it keep their meaning.

use super::cursor::Cursor;
use super::notes::Notes;
use super::timestamp::{self, Stamp};
use super::{Format, Message, StructuredData, payload};

/// Octets of HOSTNAME, APP-NAME, PROCID and MSGID (RFC 5424 6).
const FIELD_OCTETS_MAX: [usize; 4] = [255, 48, 128, 32];

/// The place of APP-NAME among them.
const APP_NAME: usize = 1;

/// UTF-8 byte order mark (RFC 5424 6.4).
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// Moves over VERSION, if the line is an RFC 5424 one: 1 to 3 digits not starting with 0, SP, then `-` or
/// something like a date. Space before VERSION is noted.
///
/// The date is asked for because RFC 3164 content may start with `1 ` as well.
pub(super) fn after_version<'a>(start: Cursor<'a>, notes: &mut Notes) -> Option<Cursor<'a>> {
    let mut cursor = start;
    let spaced = cursor.eat_spaces();
    if cursor.at(b'0') {
        return None;
    }
    let version = cursor.number(1, 3)?;
    if !cursor.eat(b' ') {
        return None;
    }
    let mut ahead = cursor;
    let plausible =
        if ahead.eat(b'-') { ahead.at_field_end() } else { ahead.number(4, 4).is_some() && ahead.at(b'-') };
    if !plausible {
        return None;
    }
    if spaced {
        notes.insert(Notes::SPACE_AROUND_PRI);
    }
    if version != 1 {
        notes.insert(Notes::VERSION_UNKNOWN);
    }
    Some(cursor)
}

/// Reads everything behind VERSION.
pub(super) fn decode<'a>(start: Cursor<'a>, message: &mut Message<'a>) {
    message.format = Format::Rfc5424;
    let mut cursor = start;
    stamp(&mut cursor, message);
    fields(cursor, message);
}

/// Reads TIMESTAMP, or moves over what stands in its place.
fn stamp<'a>(cursor: &mut Cursor<'a>, message: &mut Message<'a>) {
    match timestamp::iso(*cursor) {
        Some((stamp, after)) if after.at_field_end() => {
            *cursor = after;
            match stamp {
                Stamp::Known { time, standard } => {
                    message.timestamp = Some(time);
                    if !standard {
                        message.notes.insert(Notes::TIMESTAMP_NONSTANDARD);
                    }
                }
                Stamp::Impossible => message.notes.insert(Notes::TIMESTAMP_INVALID),
            }
        }
        _ => {
            if cursor.take_word() != b"-" {
                message.notes.insert(Notes::TIMESTAMP_INVALID);
            }
        }
    }
}

/// Reads from the space before HOSTNAME to the end.
pub(super) fn fields<'a>(start: Cursor<'a>, message: &mut Message<'a>) {
    let mut cursor = start;
    let mut values = [None; 4];
    for (place, (value, octets_max)) in values.iter_mut().zip(FIELD_OCTETS_MAX).enumerate() {
        if !cursor.eat(b' ') {
            message.notes.insert(Notes::HEADER_INCOMPLETE);
            break;
        }
        // Some write CEF or LEEF right behind HOSTNAME.
        if place == APP_NAME
            && let Some(name) = payload::marker(cursor)
        {
            message.notes.insert(Notes::HEADER_INCOMPLETE);
            [message.hostname, ..] = values;
            message.app_name = Some(name);
            message.content = cursor.rest;
            return;
        }
        let (word, is_printable) = field(&mut cursor);
        if word.is_empty() || word.len() > octets_max || !is_printable {
            message.notes.insert(Notes::FIELD_NONSTANDARD);
        }
        *value = Some(word).filter(|word| !matches!(*word, b"" | b"-"));
    }
    [message.hostname, message.app_name, message.proc_id, message.msg_id] = values;
    if !cursor.eat(b' ') {
        message.notes.insert(Notes::HEADER_INCOMPLETE);
        message.content = cursor.rest;
        return;
    }
    message.content = content(cursor, message);
}

/// Moves to the next space or to the end, and tells whether all was printable US-ASCII.
fn field<'a>(cursor: &mut Cursor<'a>) -> (&'a [u8], bool) {
    let mut ahead = *cursor;
    // Fields are short: one octet after the other is quicker than a search for the space.
    let word = ahead.take_while(usize::MAX, |octet| octet.is_ascii_graphic());
    if ahead.at_field_end() {
        *cursor = ahead;
        return (word, true);
    }
    (cursor.take_word(), false)
}

/// Reads STRUCTURED-DATA and gives MSG.
fn content<'a>(start: Cursor<'a>, message: &mut Message<'a>) -> &'a [u8] {
    let mut cursor = start;
    if cursor.eat(b'-') && cursor.at_field_end() {
        cursor.eat(b' ');
    } else if let Some((data, after)) = StructuredData::read(start, &mut message.notes) {
        message.structured_data = Some(data);
        cursor = after;
        cursor.eat(b' ');
    } else {
        // Check Point and others write free text here; the header before it is still worth having.
        message.notes.insert(Notes::STRUCTURED_DATA_INVALID);
        cursor = start;
    }
    if cursor.eat_all(BYTE_ORDER_MARK) {
        message.notes.insert(Notes::BYTE_ORDER_MARK);
    }
    cursor.rest
}

/// Whether what follows a timestamp is a complete RFC 5424 header that only lacks VERSION: four fields, of which
/// PROCID is a number or `-`, then `-` or `[`. Junos and Check Point relays write `<166> 2023-05-08T10:54:24+10:00 host - - - - text`.
pub(super) fn follows_stamp(start: Cursor<'_>) -> bool {
    let mut cursor = start;
    for (index, octets_max) in FIELD_OCTETS_MAX.into_iter().enumerate() {
        if !cursor.eat(b' ') {
            return false;
        }
        let word = cursor.take_word();
        // `host daemon: a b c - x` is RFC 3164.
        let in_place = match index {
            0 | APP_NAME => !word.ends_with(b":"),
            2 => word == b"-" || word.iter().all(u8::is_ascii_digit),
            _ => true,
        };
        if word.is_empty() || word.len() > octets_max || !in_place {
            return false;
        }
    }
    cursor.eat(b' ') && (cursor.at(b'[') || (cursor.eat(b'-') && cursor.at_field_end()))
}
