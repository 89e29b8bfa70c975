//! RFC 3164: `TIMESTAMP SP HOSTNAME SP TAG CONTENT`, and what is really sent in its place.
//!
//! The line is read from left to right, and what each part is follows from what stands here and what was seen
//! before:
//!
//! ```text
//! line    = pairs  /  header [host] [relayed] (pairs / [tag] content)
//! pairs   = see key_value
//! header  = see device_header; without one only a tag is looked for
//! relayed = a second header, of the device behind a relay, possibly after an inner PRI
//! tag     = see tag
//! ```
//!
//! Invariant: a word is the host only if it may be one and is not the tag; a line without a header keeps its
//! text whole.

use super::cursor::Cursor;
use super::device_header::{self, Anchor, Header, Place};
use super::host::{host_word, is_host, is_ip_address, listed};
use super::notes::Notes;
use super::pri::{self, Start};
use super::tag;
use super::timestamp::{self, Stamp};
use super::{Format, Message, key_value, mnemonic, payload, rfc5424};
use crate::base::octets;

/// Octets up to which a host, a program or a process id is a usual one.
const USUAL_OCTETS_MAX: usize = 32;

/// Reads everything behind PRI.
pub(super) fn decode<'a>(start: Cursor<'a>, message: &mut Message<'a>) {
    let mut cursor = start;
    cursor.eat_spaces();
    if key_value::starts(cursor) && key_value::decode(cursor, message) {
        message.format = Format::Rfc3164;
        return;
    }
    if let Some((stamp, rest)) = timestamp::plain(cursor)
        && matches!(rest.rest, [b' ', b'a'..=b'z', ..])
    {
        // Most lines: no zone, no number, no mark can follow, so that nothing else needs to be looked for.
        message.format = Format::Rfc3164;
        apply_stamp(stamp, message);
        if !usual_host_and_tag(rest.rest, message) {
            after_header(rest, message, false);
        }
        return;
    }
    let place = if message.pri.is_some() { Place::AfterPri } else { Place::LineStart };
    let Some(header) = device_header::read(cursor, place) else {
        headless(cursor, message);
        return;
    };
    message.format = Format::Rfc3164;
    apply(&header, message);
    let iso = matches!(cursor.rest, [b'0'..=b'9', _, _, _, b'-', ..]);
    let is_file_line = iso && message.pri.is_none() && is_local_time(&header);
    cursor = header.rest;
    if iso && rfc5424::follows_stamp(cursor) {
        message.format = Format::Rfc5424;
        message.notes.insert(Notes::VERSION_ABSENT);
        rfc5424::fields(cursor, message);
        return;
    }
    after_header(cursor, message, is_file_line);
}

/// Reads ` HOST NAME[PROC-ID]: ` or ` HOST NAME: ` of the octets that almost all hosts and programs are called with, before
/// text that starts with no digit. It is [`after_header`] for most lines: nothing else that may stand here looks like it.
#[inline]
fn usual_host_and_tag<'a>(line: &'a [u8], message: &mut Message<'a>) -> bool {
    let mut cursor = Cursor::new(line);
    if !cursor.eat(b' ') {
        return false;
    }
    let host = cursor.take_before(octets::not_of_name);
    let is_host = host.first().is_some_and(u8::is_ascii_alphanumeric) && host.len() <= USUAL_OCTETS_MAX;
    if !is_host || !cursor.eat(b' ') {
        return false;
    }
    if let Some(format) = payload::marker(cursor) {
        message.hostname = Some(host);
        message.app_name = Some(format);
        message.content = cursor.rest;
        return true;
    }
    let name = cursor.take_before(octets::not_of_name);
    let is_name = name.first().is_some_and(u8::is_ascii_alphabetic) && name.len() <= USUAL_OCTETS_MAX;
    let mut proc_id = None;
    if cursor.eat(b'[') {
        let inside = cursor.take_before(octets::not_of_name);
        proc_id = Some(inside);
        if inside.is_empty() || inside.len() > USUAL_OCTETS_MAX || !cursor.eat(b']') {
            return false;
        }
    }
    if !is_name || !cursor.eat_all(b": ") || matches!(cursor.peek(), Some(b'0'..=b'9' | b' ')) {
        return false;
    }
    message.hostname = Some(host);
    message.app_name = Some(name);
    message.proc_id = proc_id;
    message.content = cursor.rest;
    tag::named_event(cursor, message);
    true
}

/// Reads host and tag, and what a relay put between.
fn after_header<'a>(start: Cursor<'a>, message: &mut Message<'a>, is_file_line: bool) {
    let mut cursor = start;
    cursor.eat_spaces();
    if cursor.at(b'%') {
        tag::read(cursor, message, tag::Place::AfterHost);
        return;
    }
    cursor = start;
    host(&mut cursor, message, is_file_line);
    let mut place = if message.hostname.is_some() { tag::Place::AfterHost } else { tag::Place::AfterStamp };
    match relayed(&mut cursor, message) {
        Some(Relayed::Header) => host(&mut cursor, message, false),
        Some(Relayed::PriOnly) => place = tag::Place::NoHeader,
        None => {}
    }
    let mut pairs = cursor;
    pairs.eat_spaces();
    if !(key_value::starts(pairs) && key_value::decode(pairs, message)) {
        tag::read(cursor, message, place);
    }
}

/// Reads a line that has no header.
fn headless<'a>(start: Cursor<'a>, message: &mut Message<'a>) {
    let mut cursor = start;
    let mut after_stamp = cursor;
    if after_stamp.eat(b'-') && rfc5424::follows_stamp(after_stamp) {
        message.format = Format::Rfc5424;
        message.notes.insert(Notes::VERSION_ABSENT);
        rfc5424::fields(after_stamp, message);
        return;
    }
    if message.pri.is_none() && payload::marker(cursor).is_none() {
        return;
    }
    message.format = Format::Rfc3164;
    // The count that Cisco puts first stands before any kind of text.
    message.sequence_number = device_header::sequence(&mut cursor);
    tag::read(cursor, message, tag::Place::NoHeader);
}

/// Whether the time is written as programs write it into files, without `T` and zone: a host may be missing then.
fn is_local_time(header: &Header<'_>) -> bool {
    matches!(header.anchor, Anchor::Stamp(Stamp::Known { time, standard: false }) if time.offset_minutes.is_none())
}

/// Reads a Cisco line that a relay made the text of an RFC 5424 message without STRUCTURED-DATA.
pub(super) fn decode_text<'a>(message: &mut Message<'a>) {
    let Some(header) = device_header::read(Cursor::new(message.content), Place::AfterPri) else { return };
    let mut name = header.rest;
    name.eat_spaces();
    if mnemonic::cisco(name).is_none() {
        return;
    }
    message.notes.insert(Notes::RELAYED);
    message.timestamp = None;
    // The relay's own.
    message.proc_id = None;
    apply(&header, message);
    tag::read(header.rest, message, tag::Place::AfterHost);
}

/// Takes over what a header says; a second header is nearer to the originator than the first.
fn apply<'a>(header: &Header<'a>, message: &mut Message<'a>) {
    message.sequence_number = header.sequence_number.or(message.sequence_number);
    message.hostname = header.host.or(message.hostname);
    match header.anchor {
        Anchor::Stamp(stamp) => apply_stamp(stamp, message),
        Anchor::Uptime => message.notes.insert(Notes::TIMESTAMP_UPTIME),
        Anchor::Unreadable => message.notes.insert(Notes::TIMESTAMP_INVALID),
        Anchor::Mnemonic => {}
    }
}

fn apply_stamp<'a>(stamp: Stamp<'a>, message: &mut Message<'a>) {
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

/// Moves over the host, if there is one. `only_before_tag`: a word is believed only if a tag beyond doubt follows.
fn host<'a>(cursor: &mut Cursor<'a>, message: &mut Message<'a>, only_before_tag: bool) {
    let mut ahead = *cursor;
    ahead.eat_spaces();
    // AIX relays with these words before the host.
    let forwarded = ahead.eat_all(b"Message forwarded from ");
    let start = ahead;
    let (word, may_be_host) = host_word(&mut ahead);
    let mut host = word;
    if let [name @ .., b':'] = word
        && !is_ip_address(word)
    {
        // `name:` is a tag, unless a mnemonic or a payload follows, which is a tag of its own.
        let mut next = ahead;
        next.eat_spaces();
        let is_host = forwarded
            || is_ip_address(name)
            || mnemonic::cisco(next).is_some()
            || payload::marker(next).is_some();
        if is_host && (message.hostname.is_none() || forwarded) {
            host = name;
        }
    }
    if !(may_be_host && host.len() == word.len() || is_host(host)) {
        let mut list = start;
        let Some(first) = listed(&mut list) else { return };
        host = first;
        ahead = list;
    }
    let repeated = word == b"last" && ahead.rest.starts_with(b" message repeated ");
    if repeated || (only_before_tag && !tag::is_definite(ahead)) {
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
    } else if !device_header::may_follow_relay(ahead) {
        return None;
    }
    let found = match device_header::read(ahead, place) {
        // A mnemonic alone is the tag.
        Some(Header { anchor: Anchor::Mnemonic, sequence_number: None, .. })
            if place == Place::AfterRelay =>
        {
            return None;
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// What may stand behind a time, of parts that other shapes than the usual one are made of.
        #[test]
        fn the_usual_host_and_tag_are_what_the_grammar_finds(
            parts in proptest::collection::vec(prop_oneof![
                "[a-zA-Z0-9._/:-]{1,12}", "[a-zA-Z0-9._-]{1,40}",
                Just("last".to_owned()), Just("message repeated".to_owned()), Just("Oct 11 22:14:15".to_owned()),
                Just("Message forwarded from".to_owned()), Just("CEF".to_owned()), Just("LEEF:1.0|a|b|".to_owned()),
                Just("CEF:0|v|p|".to_owned()), Just("%LINK-3-UPDOWN".to_owned()), Just("date=2026-10-11".to_owned()),
                Just("LINK_DOWN".to_owned()), Just("<13>".to_owned()), Just("192.0.2.1".to_owned()), "[0-9]{1,6}",
            ], 1..6),
            joints in proptest::collection::vec(prop_oneof![
                Just(" "), Just(" "), Just(": "), Just("["), Just("]: "), Just("] "), Just(":"), Just("  "), Just("="),
            ], 6),
        ) {
            let line: String = parts.iter().zip(&joints).flat_map(|(part, joint)| [part.as_str(), joint]).collect();
            let line = format!(" {line}");
            let mut quick = Message::unparsed(line.as_bytes());
            if usual_host_and_tag(line.as_bytes(), &mut quick) {
                let mut thorough = Message::unparsed(line.as_bytes());
                after_header(Cursor::new(line.as_bytes()), &mut thorough, false);
                prop_assert_eq!(quick, thorough);
            }
        }
    }

    #[test]
    fn usual_lines_are_found_to_be_usual() {
        for line in
            [" host su: text", " host su[12]: text", " 192.0.2.1 a/b.c[x-1]: ", " gw CEF:0|v|p|1|e|n|5|a=b"]
        {
            assert!(usual_host_and_tag(line.as_bytes(), &mut Message::unparsed(b"")), "{line}");
        }
        for line in [
            " host su: 12: x",
            " host su:  x",
            " host su text",
            " host: su: x",
            " -host su: x",
            " host 1su: x",
        ] {
            assert!(!usual_host_and_tag(line.as_bytes(), &mut Message::unparsed(b"")), "{line}");
        }
    }
}
