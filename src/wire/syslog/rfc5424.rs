//! RFC 5424: `VERSION SP TIMESTAMP SP HOSTNAME SP APP-NAME SP PROCID SP MSGID SP STRUCTURED-DATA [SP MSG]`.
//!
//! Invariant: a field that breaks its rule is noted and kept; the fields before it keep their meaning.

use super::cursor::Cursor;
use super::message::{Format, Message};
use super::notes::Notes;
use super::structured_data::StructuredData;
use super::{epoch, payload, timestamp};
use crate::wire::lanes::{self, Lanes, WINDOW};

/// Octets of HOSTNAME, APP-NAME, PROCID and MSGID (RFC 5424 6).
const FIELD_OCTETS_MAX: [usize; 4] = [255, 48, 128, 32];

/// Octets up to which a word is taken for any of them, though it is longer than the RFC allows.
const HEADER_WORD_OCTETS_MAX: usize = 128;

/// The places of APP-NAME and MSGID among them.
const APP_NAME: usize = 1;
const MSG_ID: usize = 3;

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
        [b' ', ..] | [b'1'..=b'9', b' ', ..] | [b'1'..=b'9', _, b' ', ..] | [b'1'..=b'9', _, _, b' ', ..] => {
            after_other_version(start, notes)
        }
        _ => None,
    }
}

/// Moves over a VERSION that is not `1`, or not right behind PRI.
#[cold]
fn after_other_version<'a>(start: Cursor<'a>, notes: &mut Notes) -> Option<Cursor<'a>> {
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

/// Whether `rest` starts like what follows VERSION: with NILVALUE, with the year of a date, or with any word before the
/// rest of a complete header.
#[inline]
fn is_after_version(rest: &[u8]) -> bool {
    match rest {
        [b'-'] | [b'-', b' ', ..] => true,
        [b'0'..=b'9', b'0'..=b'9', b'0'..=b'9', b'0'..=b'9', b'-', ..] => true,
        _ => {
            let mut cursor = Cursor::new(rest);
            cursor.take_word();
            follows_stamp(cursor)
        }
    }
}

/// Reads everything behind VERSION.
pub(super) fn decode<'a>(start: Cursor<'a>, message: &mut Message<'a>) {
    message.format = Format::Rfc5424;
    match timestamp::iso(start) {
        Some((stamp, after)) if after.at_field_end() => {
            message.set_time(stamp);
            fields(after, message);
        }
        _ => after_other_time(start, message),
    }
}

/// Reads what follows a TIMESTAMP that is NILVALUE or in no form of RFC 5424.
#[cold]
#[inline(never)]
fn after_other_time<'a>(start: Cursor<'a>, message: &mut Message<'a>) {
    let mut cursor = start;
    if let Some(found) = epoch::read(start) {
        message.set_time(found.stamp);
        cursor = found.rest;
    } else if cursor.take_word() != b"-" {
        message.notes.insert(Notes::TIMESTAMP_INVALID);
    }
    fields(cursor, message);
}

/// Reads from the space before HOSTNAME to the end.
pub(super) fn fields<'a>(start: Cursor<'a>, message: &mut Message<'a>) {
    let Some((values, rest)) = plain_fields(start.rest) else { return other_fields(start, message) };
    [message.hostname, message.app_name, message.proc_id, message.msg_id] = values;
    message.content = match rest.rest {
        // No STRUCTURED-DATA, and no byte order mark, which is no ASCII.
        [b'-', b' ', text @ ..] if text.first().is_some_and(u8::is_ascii) => text,
        _ => content(rest, message),
    };
}

/// What [`plain_fields`] reads: HOSTNAME, APP-NAME, PROCID and MSGID without NILVALUE, and what follows them.
type Fields<'a> = ([Option<&'a [u8]>; 4], Cursor<'a>);

/// Reads four fields that are as they should be, each between spaces, all within the first 64 octets.
#[inline]
fn plain_fields(line: &[u8]) -> Option<Fields<'_>> {
    let [others, spaces] = lanes::bits::<WINDOW, _>(line, |lanes| [!lanes.graphic(), lanes.equal(b' ')]);
    let mut left = spaces;
    let places: [usize; 5] = std::array::from_fn(|_| {
        let place = left.trailing_zeros() as usize;
        left &= left.wrapping_sub(1);
        place
    });
    let [before, host_end, app_end, proc_end, end] = places;
    // Without a fifth space its place is beyond the window.
    let header = 1_u64.checked_shl(end as u32)?.wrapping_sub(1);
    let is_empty = spaces & spaces << 1;
    let is_payload = matches!(line.get(host_end + 1), Some(b'C' | b'L'));
    if before != 0
        || (others ^ spaces | is_empty) & header != 0
        || app_end - host_end > FIELD_OCTETS_MAX[APP_NAME] + 1
        || end - proc_end > FIELD_OCTETS_MAX[MSG_ID] + 1
        || is_payload && payload::marker(Cursor::new(line.get(host_end + 1..)?)).is_some()
    {
        return None;
    }
    let rest = Cursor::new(line.get(end + 1..)?);
    let values = [
        not_nil(line.get(1..host_end)?),
        not_nil(line.get(host_end + 1..app_end)?),
        not_nil(line.get(app_end + 1..proc_end)?),
        not_nil(line.get(proc_end + 1..end)?),
    ];
    (end > proc_end + 1).then_some((values, rest))
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
#[cold]
#[inline(never)]
fn other_fields<'a>(start: Cursor<'a>, message: &mut Message<'a>) {
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
        if word.is_empty() || word.len() > octets_max || lanes::count_of(word, Lanes::graphic) != word.len() {
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
#[inline(never)]
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
    // Most lines are told by how the second word ends or the third begins.
    let [spaces] = lanes::bits::<WINDOW, _>(start.rest, |lanes| [lanes.equal(b' ')]);
    let behind_host = spaces & spaces.wrapping_sub(1);
    let behind_app_name = behind_host & behind_host.wrapping_sub(1);
    let place = behind_app_name.trailing_zeros() as usize;
    if behind_app_name != 0
        && let Some([last, b' ', first, ..]) = start.rest.get(place - 1..)
        && (*last == b':' || !matches!(first, b'0'..=b'9' | b'-'))
    {
        return false;
    }
    let mut cursor = start;
    for (index, octets_max) in FIELD_OCTETS_MAX.into_iter().enumerate() {
        if !cursor.eat(b' ') {
            return false;
        }
        let word = cursor.take_word();
        // `host daemon: a b c - x` is RFC 3164, and so is the name of an event.
        let in_place = match index {
            0 | APP_NAME => !word.ends_with(b":") && !word.starts_with(b"%"),
            2 => word == b"-" || word.iter().all(u8::is_ascii_digit),
            _ => true,
        };
        if word.is_empty() || word.len() > octets_max.max(HEADER_WORD_OCTETS_MAX) || !in_place {
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
        fn both_ways_of_reading_fields_agree(line in proptest::string::bytes_regex(
            "(?s-u)( (-|[!-~]{0,9}|[!-~]{30,60}|[a-z]{12}|CEF: ?0\\|x|a\x7f|\\xffb)){1,5}( ?\\[?.{0,20})"
        ).unwrap_or_else(|error| panic!("{error}"))) {
            let mut plain = Message::unparsed(&line);
            fields(Cursor::new(&line), &mut plain);
            let mut other = Message::unparsed(&line);
            other_fields(Cursor::new(&line), &mut other);
            prop_assert_eq!(plain, other);
        }
    }

    #[test]
    fn a_complete_header_without_version_is_recognised() {
        let follows = |line: &str| follows_stamp(Cursor::new(line.as_bytes()));
        for line in [
            " host - - - - text",
            " host app 12 ID [a b=\"c\"]",
            " host app 12 - -",
            " h.example.com an-app-of-some-length 4711 - -",
        ] {
            assert!(follows(line), "{line}");
        }
        let name = "a".repeat(70);
        assert!(follows(&format!(" {name} app 12 ID - x")));
        for line in [
            " host daemon: 1 b - x",
            " host app x ID - text",
            " host app 12 ID text",
            " host %%01IFNET/4/IF_STATE(l)[5]:x 12 - - x",
            " host",
            "host app 12 ID - x",
        ] {
            assert!(!follows(line), "{line}");
        }
        assert!(!follows(&format!(" {name} app x ID - x")));
    }

    #[test]
    fn fields_of_the_plain_way() {
        let found = plain_fields(b" host app - ID47 - text");
        let fields = [Some(&b"host"[..]), Some(b"app"), None, Some(b"ID47")];
        assert_eq!(found, Some((fields, Cursor::new(b"- text"))));
        for line in
            [&b" host app - ID47"[..], b"host app - ID47 -", b" h\xff app - ID47 -", b" h LEEF:1.0|a - i -"]
        {
            assert_eq!(plain_fields(line), None, "{}", String::from_utf8_lossy(line));
        }
    }
}
