//! RFC 3164: `TIMESTAMP SP HOSTNAME SP TAG CONTENT`, and what is really sent in its place.
//!
//! The line is read from left to right, and what each part is follows from what stands here and what was seen
//! before:
//!
//! ```text
//! line   = header [host] [relayed] [tag] content
//! header = see device_header; without one only a tag is looked for
//! relayed = a second header, of the device behind a relay, possibly after an inner PRI
//! tag    = mnemonic / name ["[" proc-id "]"] ":"  / name SP
//! ```
//!
//! Invariant: a word is the host only if it may be one and is not the tag; a line without a header keeps its
//! text whole.

use super::cursor::Cursor;
use super::device_header::{self, Anchor, Header, Place};
use super::notes::Notes;
use super::pri::{self, Start};
use super::timestamp::{self, Stamp};
use super::{Format, Message, key_value, rfc5424};

/// Octets of TAG (RFC 3164 4.1.3); longer ones are noted.
const TAG_OCTETS_MAX: usize = 32;

/// Octets up to which a word is taken for a tag at all.
const NAME_OCTETS_MAX: usize = 128;

/// Octets in the brackets of a tag.
const PROC_ID_OCTETS_MAX: usize = 128;

/// Reads everything behind PRI.
pub(super) fn decode<'a>(start: Cursor<'a>, message: &mut Message<'a>) {
    let mut cursor = start;
    cursor.eat_spaces();
    if key_value::starts(cursor) {
        key_value::decode(cursor, message);
        if message.timestamp.is_some() {
            message.format = Format::Rfc3164;
        }
        return;
    }
    let place = if message.pri.is_some() { Place::AfterPri } else { Place::LineStart };
    let Some(header) = device_header::read(cursor, place) else {
        if message.pri.is_some() {
            // The count that Cisco puts first stands before any kind of text.
            message.sequence_number = device_header::sequence(&mut cursor);
            tag(cursor, message, TagPlace::NoHeader);
        }
        return;
    };
    message.format = Format::Rfc3164;
    apply(&header, message);
    let iso = matches!(cursor.rest, [b'0'..=b'9', _, _, _, b'-', ..]);
    cursor = header.rest;
    if iso && rfc5424::follows_stamp(cursor) {
        message.format = Format::Rfc5424;
        message.notes.insert(Notes::VERSION_ABSENT);
        rfc5424::fields(cursor, message);
        return;
    }
    host(&mut cursor, message);
    let mut place = if message.hostname.is_some() { TagPlace::AfterHost } else { TagPlace::AfterStamp };
    match relayed(&mut cursor, message) {
        Some(Relayed::Header) => host(&mut cursor, message),
        Some(Relayed::PriOnly) => place = TagPlace::NoHeader,
        None => {}
    }
    tag(cursor, message, place);
}

/// Takes over what a header says; a second header is nearer to the originator than the first.
fn apply<'a>(header: &Header<'a>, message: &mut Message<'a>) {
    message.sequence_number = header.sequence_number.or(message.sequence_number);
    message.hostname = header.host.or(message.hostname);
    match header.anchor {
        Anchor::Stamp(Stamp::Known { time, standard }) => {
            message.timestamp = Some(time);
            if !standard {
                message.notes.insert(Notes::TIMESTAMP_NONSTANDARD);
            }
        }
        Anchor::Stamp(Stamp::Impossible) => message.notes.insert(Notes::TIMESTAMP_INVALID),
        Anchor::Uptime => message.notes.insert(Notes::TIMESTAMP_UPTIME),
        Anchor::Mnemonic => {}
    }
}

/// Moves over the host, if there is one.
fn host<'a>(cursor: &mut Cursor<'a>, message: &mut Message<'a>) {
    let mut ahead = *cursor;
    ahead.eat_spaces();
    // AIX relays with these words before the host.
    let forwarded = ahead.eat_all(b"Message forwarded from ");
    let word = ahead.take_word();
    let address = device_header::is_ip_address(word);
    let mut host = word;
    if !address && let [name @ .., b':'] = word {
        // `name:` is a tag, unless a Cisco mnemonic follows, which is a tag of its own.
        let mut next = ahead;
        next.eat_spaces();
        let is_host =
            forwarded || device_header::is_ip_address(name) || device_header::mnemonic(next).is_some();
        if !is_host || (message.hostname.is_some() && !forwarded) {
            return;
        }
        host = name;
    }
    if !device_header::is_host(host) || word == b"last" && ahead.rest.starts_with(b" message repeated ") {
        return;
    }
    if forwarded {
        message.notes.insert(Notes::RELAYED);
    }
    message.hostname = Some(host);
    *cursor = ahead;
}

/// What was found behind a relay's header.
enum Relayed {
    /// A header of its own; a host may follow.
    Header,
    /// PRI, then text.
    PriOnly,
}

/// Moves over the header of a device behind a relay, with or without an inner PRI.
fn relayed<'a>(cursor: &mut Cursor<'a>, message: &mut Message<'a>) -> Option<Relayed> {
    let mut ahead = *cursor;
    ahead.eat_spaces();
    let mut place = Place::AfterRelay;
    if let Start::Valid { pri, rest, .. } = pri::split(ahead.rest) {
        // The relay's PRI is the one a relay is to set (RFC 3164 4.3); without one the device's own counts.
        message.pri = message.pri.or(Some(pri));
        ahead = Cursor::new(rest);
        place = Place::AfterPri;
    }
    let found = match device_header::read(ahead, place) {
        Some(header) => {
            apply(&header, message);
            ahead = header.rest;
            Relayed::Header
        }
        None if place == Place::AfterPri => {
            message.sequence_number = device_header::sequence(&mut ahead).or(message.sequence_number);
            Relayed::PriOnly
        }
        None => return None,
    };
    message.notes.insert(Notes::RELAYED);
    *cursor = ahead;
    Some(found)
}

/// What stands before a tag; the less, the stricter the tag must be.
#[derive(Clone, Copy, PartialEq, Eq)]
enum TagPlace {
    NoHeader,
    AfterStamp,
    AfterHost,
}

/// Reads the tag, if there is one; the rest is content.
fn tag<'a>(start: Cursor<'a>, message: &mut Message<'a>, place: TagPlace) {
    let mut cursor = start;
    cursor.eat(b' ');
    // Indented text is the middle of something longer, as a stack trace: its first word is no tag.
    let mut tagless = cursor.at(b' ');
    message.content = cursor.rest;
    cursor.eat_spaces();
    let mut after_colon = cursor;
    if after_colon.eat(b':') && after_colon.at_field_end() {
        after_colon.eat_spaces();
        cursor = after_colon;
        message.content = cursor.rest;
        // The colon ended a tag that is not there.
        tagless = true;
    }
    if let Some((name, mut after)) = device_header::mnemonic(cursor) {
        message.app_name = Some(name);
        message.msg_id = Some(name);
        end_of_tag(&mut after);
        message.content = after.rest;
        return;
    }
    let repeated = [&b"last message repeated "[..], b"message repeated "];
    if repeated.iter().any(|text| cursor.rest.starts_with(text)) {
        return;
    }
    let Some((name, proc_id, ended, after)) = name_and_proc_id(cursor) else { return };
    // Without a colon the word is only believed where a tag must stand, and if it does not begin a date.
    if !ended && (tagless || place != TagPlace::AfterHost || timestamp::any(cursor).is_some()) {
        return;
    }
    if !ended {
        message.notes.insert(Notes::TAG_WITHOUT_COLON);
    }
    if name.len() > TAG_OCTETS_MAX {
        message.notes.insert(Notes::TAG_LONG);
    }
    message.app_name = Some(name);
    message.proc_id = proc_id;
    message.content = after.rest;
    message.msg_id = device_header::mnemonic(after).map(|(mnemonic, _)| mnemonic);
}

/// Moves over ` :` or `:`, and one space.
fn end_of_tag(cursor: &mut Cursor<'_>) -> bool {
    let mut ahead = *cursor;
    ahead.eat_spaces();
    let ended = ahead.eat(b':');
    if ended {
        *cursor = ahead;
    }
    cursor.eat(b' ');
    ended
}

/// A name, what stands in brackets behind it, whether a colon or brackets ended it, and what follows.
type Tag<'a> = (&'a [u8], Option<&'a [u8]>, bool, Cursor<'a>);

/// Reads `name[proc-id]:`, `name[proc-id] `, `name:` or `name `.
fn name_and_proc_id<'a>(start: Cursor<'a>) -> Option<Tag<'a>> {
    let mut cursor = start;
    loop {
        cursor.take_while(NAME_OCTETS_MAX, is_tag_octet);
        let name = start.rest.get(..start.rest.len() - cursor.rest.len())?;
        if name.len() > NAME_OCTETS_MAX || !name.iter().any(u8::is_ascii_alphanumeric) {
            return None;
        }
        match cursor.peek() {
            Some(b'[') => {
                let proc_id = bracketed(&mut cursor)?;
                cursor.eat(b':');
                cursor.eat(b' ');
                return Some((name, Some(proc_id), true, cursor));
            }
            Some(b':') => {
                cursor.take(1);
                // `10:15`, `http://` and `a::b` go on behind the colon, and `CEF:0|` starts a payload.
                if matches!(cursor.peek(), Some(b'0'..=b'9' | b'/' | b':')) {
                    continue;
                }
                cursor.eat(b' ');
                return Some((name, None, true, cursor));
            }
            None | Some(b' ') if !name.iter().any(|octet| matches!(octet, b':' | b',')) => {
                cursor.eat(b' ');
                return Some((name, None, false, cursor));
            }
            _ => return None,
        }
    }
}

/// Moves over `[123]`, if a space, a colon or the end follows.
fn bracketed<'a>(cursor: &mut Cursor<'a>) -> Option<&'a [u8]> {
    cursor.take(1);
    let inside = cursor
        .take_while(PROC_ID_OCTETS_MAX, |octet| octet.is_ascii_graphic() && !matches!(octet, b'[' | b']'));
    let closed = cursor.eat(b']') && (cursor.at_field_end() || cursor.at(b':'));
    (closed && !inside.is_empty()).then_some(inside)
}

/// What names of programs are made of. Quotes, `=`, `|` and braces belong to payloads; a comma is in the names of
/// some access points, but only a colon makes such a word a tag.
fn is_tag_octet(octet: u8) -> bool {
    octet.is_ascii_alphanumeric()
        || matches!(
            octet,
            b'_' | b'-'
                | b'.'
                | b'/'
                | b'('
                | b')'
                | b'#'
                | b'@'
                | b'+'
                | b'%'
                | b'$'
                | b'~'
                | b'*'
                | b'!'
                | b','
        )
}
