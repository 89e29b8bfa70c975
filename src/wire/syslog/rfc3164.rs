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
use super::timestamp::Stamp;
use super::{Format, Message, key_value, mnemonic, payload, rfc5424};

/// Reads everything behind PRI.
pub(super) fn decode<'a>(start: Cursor<'a>, message: &mut Message<'a>) {
    let mut cursor = start;
    cursor.eat_spaces();
    if key_value::starts(cursor) && key_value::decode(cursor, message) {
        message.format = Format::Rfc3164;
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
        Anchor::Stamp(stamp) => message.set_time(stamp),
        Anchor::Uptime => message.notes.insert(Notes::TIMESTAMP_UPTIME),
        Anchor::Unreadable => message.notes.insert(Notes::TIMESTAMP_INVALID),
        Anchor::Mnemonic => {}
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
