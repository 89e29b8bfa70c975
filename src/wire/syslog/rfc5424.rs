//! RFC 5424: `VERSION SP TIMESTAMP SP HOSTNAME SP APP-NAME SP PROCID SP MSGID SP STRUCTURED-DATA [SP MSG]`.
//!
//! Invariant: a field that breaks its rule is noted and kept; the fields before it keep their meaning.

use super::cursor::Cursor;
use super::notes::Notes;
use super::timestamp::{self, Stamp};
use super::{Format, Message, StructuredData, payload};
use crate::base::octets;

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
#[inline]
pub(super) fn after_version<'a>(start: Cursor<'a>, notes: &mut Notes) -> Option<Cursor<'a>> {
    match start.rest {
        // Almost all are version 1; almost all others start with a letter.
        [b'1', b' ', rest @ ..] => is_after_version(rest).then_some(Cursor::new(rest)),
        [b' ' | b'1'..=b'9', ..] => after_odd_version(start, notes),
        _ => None,
    }
}

/// Moves over a VERSION that is not `1`, or not right behind PRI.
fn after_odd_version<'a>(start: Cursor<'a>, notes: &mut Notes) -> Option<Cursor<'a>> {
    let mut cursor = start;
    let spaced = cursor.eat_spaces();
    if cursor.at(b'0') {
        return None;
    }
    let version = cursor.number(1, 3)?;
    if !cursor.eat(b' ') || !is_after_version(cursor.rest) {
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

/// Whether `rest` starts like what follows VERSION: with NILVALUE, or with the year of a date.
#[inline]
fn is_after_version(rest: &[u8]) -> bool {
    matches!(rest, [b'-'] | [b'-', b' ', ..] | [b'0'..=b'9', b'0'..=b'9', b'0'..=b'9', b'0'..=b'9', b'-', ..])
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
    let Some((values, rest)) = printable_fields(start.rest) else { return odd_fields(start, message) };
    for (value, octets_max) in values.iter().zip(FIELD_OCTETS_MAX) {
        if value.is_empty() || value.len() > octets_max {
            message.notes.insert(Notes::FIELD_NONSTANDARD);
        }
    }
    [message.hostname, message.app_name, message.proc_id, message.msg_id] = values.map(not_nil);
    message.content = content(Cursor::new(rest), message);
}

/// Reads four fields of printable US-ASCII, each between spaces, in one pass; gives what follows them.
///
/// `None`: they are not like that, or a payload stands where APP-NAME should.
#[inline]
fn printable_fields(line: &[u8]) -> Option<([&[u8]; 4], &[u8])> {
    let mut ends = octets::Places::new(line, octets::each_not_graphic);
    let mut fields = [&b""[..]; 4];
    let mut before = ends.next().filter(|place| *place == 0)?;
    for field in &mut fields {
        if line.get(before) != Some(&b' ') {
            return None;
        }
        let end = ends.next()?;
        *field = line.get(before + 1..end)?;
        before = end;
    }
    let rest = line.get(before..)?;
    let [b' ', rest @ ..] = rest else { return None };
    let [hostname, ..] = fields;
    let app_name = Cursor::new(line.get(hostname.len() + 2..)?);
    payload::marker(app_name).is_none().then_some((fields, rest))
}

/// The field, unless it is NILVALUE or, against the rules, empty.
#[inline]
fn not_nil(field: &[u8]) -> Option<&[u8]> {
    match field {
        [] | [b'-'] => None,
        _ => Some(field),
    }
}

/// Reads from the space before HOSTNAME to the end, where something is missing or is not as it should be.
fn odd_fields<'a>(start: Cursor<'a>, message: &mut Message<'a>) {
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
        let word = cursor.take_word();
        if word.is_empty() || word.len() > octets_max || !word.iter().all(u8::is_ascii_graphic) {
            message.notes.insert(Notes::FIELD_NONSTANDARD);
        }
        *value = not_nil(word);
    }
    [message.hostname, message.app_name, message.proc_id, message.msg_id] = values;
    if !cursor.eat(b' ') {
        message.notes.insert(Notes::HEADER_INCOMPLETE);
        message.content = cursor.rest;
        return;
    }
    message.content = content(cursor, message);
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn printable_fields_are_the_fields(line in proptest::string::bytes_regex(
            "(?s-u)( (-|[!-~]{0,9}|[!-~]{30,60}|CEF: ?0\\|x|a\x7f|\\xffb)){1,5}( ?\\[?.{0,20})"
        ).unwrap_or_else(|error| panic!("{error}"))) {
            let mut quick = Message::unparsed(&line);
            fields(Cursor::new(&line), &mut quick);
            let mut thorough = Message::unparsed(&line);
            odd_fields(Cursor::new(&line), &mut thorough);
            prop_assert_eq!(quick, thorough);
        }
    }

    #[test]
    fn usual_fields_are_found_to_be_usual() {
        let found = printable_fields(b" host app - ID47 - text");
        assert_eq!(found, Some(([&b"host"[..], b"app", b"-", b"ID47"], &b"- text"[..])));
        for line in
            [&b" host app - ID47"[..], b"host app - ID47 -", b" h\xff app - ID47 -", b" h LEEF:1.0|a - i -"]
        {
            assert_eq!(printable_fields(line), None, "{}", String::from_utf8_lossy(line));
        }
    }
}
