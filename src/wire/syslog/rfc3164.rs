//! RFC 3164: `TIMESTAMP SP HOSTNAME SP TAG CONTENT`, and what is really sent in its place.
//!
//! The line is read from left to right, and what each part is follows from its place, and from its shape only where its
//! place leaves a choice:
//!
//! ```text
//! line    = pairs  /  header [host] [relayed] (pairs / [tag] content)  /  headless
//! pairs   = see key_value
//! header  = see device_header
//! host    = [lead] word            a word with octets that no name of a host has only before a tag beyond doubt
//! relayed = a second header, of the device behind a relay, possibly after an inner PRI
//! tag     = see tag
//! headless = ("-" / epoch / a time of unknown shape) [host] tag content  /  [host] tag content  /  content
//! ```
//!
//! Invariant: a part that cannot be read costs itself: the parts behind it are read as if it were there. A line without a
//! header keeps its text whole.

use super::cursor::Cursor;
use super::device_header::{self, Anchor, Header, Place};
use super::host::{
    bracketed_address, host_word, is_host, is_ip_address, is_odd_host, is_placeholder, listed,
};
use super::level::is_facility_and_level;
use super::message::{Format, Message};
use super::notes::Notes;
use super::pairs::Pairs;
use super::pri::{self, Start};
use super::timestamp::Stamp;
use super::{epoch, key_value, payload, rfc5424, tag, unknown_time, vendors};
use crate::wire::lanes::Lanes;

/// Reads everything behind PRI.
pub(super) fn decode<'a>(start: Cursor<'a>, message: &mut Message<'a>) {
    let mut cursor = start;
    cursor.eat_spaces();
    if key_value::starts(cursor) && key_value::decode(cursor, message) {
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
    let has_level = skip_facility_and_level(&mut cursor);
    host(&mut cursor, message, is_file_line);
    let mut place = if message.hostname.is_some() { tag::Place::AfterHost } else { tag::Place::AfterStamp };
    match relayed(&mut cursor, message, has_level) {
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

/// Reads a line without a header that can be read.
#[inline(never)]
fn headless<'a>(start: Cursor<'a>, message: &mut Message<'a>) {
    let mut cursor = start;
    let mut after_nil = cursor;
    let has_nil = after_nil.eat(b'-') && after_nil.at(b' ');
    if has_nil && rfc5424::follows_stamp(after_nil) {
        message.format = Format::Rfc5424;
        message.notes.insert(Notes::VERSION_ABSENT);
        rfc5424::fields(after_nil, message);
        return;
    }
    if message.pri.is_none() {
        if payload::marker(cursor).is_none() {
            return;
        }
    } else if has_nil && is_host_or_tag(after_nil) {
        return after_header(after_nil, message, false);
    } else if after_other_time(cursor, message) || key_value::decode(cursor, message) {
        return;
    }
    message.format = Format::Rfc3164;
    // The count that Cisco puts first stands before any kind of text.
    message.sequence_number = device_header::sequence(&mut cursor);
    let mut place = tag::Place::NoHeader;
    if message.sequence_number.is_none() && message.pri.is_some() && host_without_time(&mut cursor, message) {
        place = tag::Place::AfterHost;
    }
    tag::read(cursor, message, place);
}

/// Reads a line whose time is a count since 1970 or of a shape that is not known. `false`: there is no such time, and
/// nothing was read.
fn after_other_time<'a>(start: Cursor<'a>, message: &mut Message<'a>) -> bool {
    if let Some(found) = versioned_epoch(start) {
        message.set_time(found.stamp);
        after_header(found.rest, message, false);
        return true;
    }
    // Without a point or a version it may be any number.
    if let Some(found) = epoch::read(start)
        && (found.has_fraction || is_host_or_tag(found.rest) || has_pairs_behind_tag(found.rest))
    {
        message.set_time(found.stamp);
        after_header(found.rest, message, false);
        return true;
    }
    let Some(after) = unknown_time::end(start).filter(|after| is_host_or_tag(*after)) else { return false };
    message.notes.insert(Notes::TIMESTAMP_INVALID);
    after_header(after, message, false);
    true
}

/// Reads `1 1374543213.342705328`: Meraki writes VERSION and nothing else of RFC 5424.
fn versioned_epoch(start: Cursor<'_>) -> Option<epoch::Epoch<'_>> {
    let mut cursor = start;
    if !cursor.eat_all(b"1 ") {
        return None;
    }
    epoch::read(cursor)
}

/// Whether a tag beyond doubt follows, or a host and such a tag.
fn is_host_or_tag(start: Cursor<'_>) -> bool {
    let mut cursor = start;
    cursor.eat_spaces();
    if tag::is_definite(cursor, None) {
        return true;
    }
    let word = cursor.take_word();
    let is_word =
        is_host(word) || is_odd_host(word) || is_placeholder(word) || bracketed_address(word).is_some();
    is_word && tag::is_definite(cursor, Some(word))
}

/// Whether a host, a tag without a colon, and pairs follow.
fn has_pairs_behind_tag(start: Cursor<'_>) -> bool {
    let mut cursor = start;
    cursor.eat_spaces();
    let host = cursor.take_word();
    cursor.eat_spaces();
    cursor.take_word();
    cursor.eat_spaces();
    is_host(host) && Pairs::perhaps(cursor.rest).is_some()
}

/// Moves over a host right behind PRI: a word that can be none of a sentence, before a tag beyond doubt, or any before
/// what a vendor puts between host and tag.
fn host_without_time<'a>(cursor: &mut Cursor<'a>, message: &mut Message<'a>) -> bool {
    let mut ahead = *cursor;
    let (word, may_be_host) = host_word(&mut ahead);
    if !may_be_host || !ahead.eat(b' ') {
        return false;
    }
    let is_name = word.iter().any(|octet| octet.is_ascii_digit()) && tag::is_definite(ahead, Some(word));
    if !is_name && vendors::lead(ahead).is_none_or(|after| !tag::is_definite(after, Some(word))) {
        return false;
    }
    message.hostname = Some(word);
    *cursor = ahead;
    true
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
    if vendors::event(name).is_none() {
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

/// Moves over `Local7.Info`, which the file format of Kiwi has before the host, and the space or tab before it.
fn skip_facility_and_level(cursor: &mut Cursor<'_>) -> bool {
    let mut ahead = *cursor;
    let has_tabs = ahead.eat(b'\t');
    ahead.eat_spaces();
    // A facility ends at a point, which few hosts have here.
    let start = ahead;
    ahead.take_of(|lanes| lanes.letter() | lanes.within(b'0', b'7'));
    if !ahead.at(b'.') {
        return false;
    }
    ahead = start;
    let word = ahead.take_of(Lanes::of_name);
    let is_skipped = is_facility_and_level(word) && (ahead.at(b' ') || has_tabs && ahead.eat(b'\t'));
    if is_skipped {
        *cursor = ahead;
    }
    is_skipped
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
        && (message.hostname.is_none() || forwarded)
        && (forwarded || is_ip_address(name) || is_tag_behind_colon(ahead, word))
    {
        host = name;
    }
    if !(may_be_host && host.len() == word.len() || is_host(host)) {
        match odd_host(start, word, ahead) {
            Some((None, after)) => {
                *cursor = after;
                return;
            }
            Some((Some(found), after)) => (host, ahead) = (found, after),
            None => return,
        }
    }
    let repeated = word == b"last" && ahead.rest.starts_with(b" message repeated ");
    if repeated || (only_before_tag && !tag::is_definite(ahead, Some(host))) {
        return;
    }
    if forwarded {
        message.notes.insert(Notes::RELAYED);
    }
    message.hostname = Some(host);
    *cursor = ahead;
}

/// Whether what follows `name:` makes it a host: the name of an event or a payload, each a tag of its own, or the
/// same word again.
fn is_tag_behind_colon(after: Cursor<'_>, word: &[u8]) -> bool {
    let mut next = after;
    next.eat_spaces();
    vendors::event(next).is_some()
        || payload::marker(next).is_some()
        || next.eat_all(word) && next.at_field_end() && !word.is_empty()
}

/// Reads what stands in the place of the host and has no name's shape: the host, if there is one, and what follows it.
#[cold]
#[inline(never)]
fn odd_host<'a>(
    start: Cursor<'a>,
    word: &'a [u8],
    after: Cursor<'a>,
) -> Option<(Option<&'a [u8]>, Cursor<'a>)> {
    if is_placeholder(word) {
        return Some((None, after));
    }
    let mut list = start;
    if let Some(first) = listed(&mut list) {
        return Some((Some(first), list));
    }
    // In a row of fields with commas; `Error, ` is a word of a sentence.
    if let Some(name) = word.strip_suffix(b",")
        && is_host(name)
        && name.iter().any(|octet| octet.is_ascii_digit() || *octet == b'.')
    {
        return Some((Some(name), after));
    }
    if let Some(after) = vendors::lead(start) {
        return tag::is_definite(after, None).then_some((None, after));
    }
    let host = bracketed_address(word).or_else(|| is_odd_host(word).then_some(word))?;
    tag::is_definite(after, Some(word)).then_some((Some(host), after))
}

/// What was found behind a relay's header.
enum Relayed {
    /// A header of its own; a host may follow.
    Header,
    /// PRI, then text.
    PriOnly,
}

/// Moves over the header of a device behind a relay, with or without an inner PRI. `has_level`: the relay writes the
/// format of a file, in which the device's own header follows whole.
fn relayed<'a>(cursor: &mut Cursor<'a>, message: &mut Message<'a>, has_level: bool) -> Option<Relayed> {
    let mut ahead = *cursor;
    if has_level {
        ahead.eat(b'\t');
    }
    ahead.eat_spaces();
    let mut place = Place::AfterRelay;
    if let Start::Valid { pri, rest, .. } = pri::split(ahead.rest) {
        // The relay's PRI is the one a relay is to set (RFC 3164 4.3); without one the device's own counts.
        message.pri = message.pri.or(Some(pri));
        ahead = Cursor::new(rest);
        place = Place::AfterPri;
    } else if let Some(found) = versioned_epoch(ahead) {
        message.set_time(found.stamp);
        message.notes.insert(Notes::RELAYED);
        *cursor = found.rest;
        return Some(Relayed::Header);
    } else if has_level {
        place = Place::AfterPri;
    } else if !device_header::may_follow_relay(ahead) {
        return None;
    }
    let found = match device_header::read(ahead, place) {
        // A mnemonic alone is the tag.
        Some(Header { anchor: Anchor::Mnemonic, sequence_number: None, .. })
            if place == Place::AfterRelay || has_level =>
        {
            return None;
        }
        Some(header) => {
            apply(&header, message);
            ahead = header.rest;
            Relayed::Header
        }
        None if place == Place::AfterPri && !has_level => {
            message.sequence_number = device_header::sequence(&mut ahead).or(message.sequence_number);
            Relayed::PriOnly
        }
        None => return None,
    };
    message.notes.insert(Notes::RELAYED);
    *cursor = ahead;
    Some(found)
}
