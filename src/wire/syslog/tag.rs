//! TAG (RFC 3164 4.1.3), and what stands where it was meant: names of events, topics, payloads that are formats of
//! their own.
//!
//! ```text
//! tag    = ["(" word ")" SP] mnemonic [":"]  /  payload  /  [level SP] name ["[" proc-id "]"] [" -"] ":"
//!        / topics SP  /  name SP
//! level  = "emerg" / "alert" / ... / "debug"     F5 writes the severity before the tag
//! topics = "system,info,account"                 MikroTik
//! ```
//!
//! Invariant: without its colon a word is only believed where a tag must stand.

use super::cursor::Cursor;
use super::notes::Notes;
use super::timestamp;
use super::{Message, Notation, host, mnemonic, payload};
use crate::wire::lanes::Lanes;

/// Octets of TAG (RFC 3164 4.1.3); longer ones are noted.
const TAG_OCTETS_MAX: usize = 32;

/// Octets up to which a word is taken for a tag at all.
const NAME_OCTETS_MAX: usize = 128;

/// Octets in the brackets of a tag.
const PROC_ID_OCTETS_MAX: usize = 128;

/// Names of severities as F5 and MikroTik write them.
const LEVELS: [&[u8]; 10] =
    [b"emerg", b"alert", b"crit", b"err", b"warning", b"notice", b"info", b"debug", b"error", b"critical"];

/// What stands before a tag; the less, the stricter the tag must be.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// PRI alone.
    NoHeader,
    /// A time.
    AfterStamp,
    /// A time and a host.
    AfterHost,
}

/// Reads the tag, if there is one; the rest is content.
pub(super) fn read<'a>(start: Cursor<'a>, message: &mut Message<'a>, place: Place) {
    let mut cursor = start;
    if !cursor.eat(b' ') {
        cursor.eat(b'\t');
    }
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
    if event(cursor, message) {
        return;
    }
    if let Some(name) = payload::marker(cursor) {
        message.app_name = Some(name);
        message.content = cursor.rest;
        return;
    }
    let repeated = [&b"last message repeated "[..], b"message repeated "];
    if matches!(cursor.peek(), Some(b'l' | b'm')) && repeated.iter().any(|text| cursor.rest.starts_with(text))
    {
        return;
    }
    if place == Place::AfterHost && cursor.at(b'[') {
        nameless(cursor, message);
        return;
    }
    let Some(tag) = named(cursor, place) else { return };
    // Without a colon the word is only believed where a tag must stand, and if it does not begin a date.
    if !tag.ended {
        let starts =
            tag.name.first().is_some_and(|octet| octet.is_ascii_alphabetic() || matches!(octet, b'/' | b'_'));
        if tagless || place != Place::AfterHost || !starts || timestamp::any(cursor).is_some() {
            return;
        }
        message.notes.insert(Notes::TAG_WITHOUT_COLON);
    }
    if tag.name.len() > TAG_OCTETS_MAX {
        message.notes.insert(Notes::TAG_LONG);
    }
    message.app_name = Some(tag.name);
    message.proc_id = tag.proc_id;
    message.content = tag.after.rest;
    named_event(tag.after, message);
}

/// Reads `[358]: `, the process id of a program that does not tell its name.
fn nameless<'a>(start: Cursor<'a>, message: &mut Message<'a>) {
    let mut cursor = start;
    let proc_id = bracketed(&mut cursor).filter(|proc_id| proc_id.iter().all(u8::is_ascii_digit));
    if proc_id.is_some() && cursor.eat(b':') && cursor.eat(b' ') {
        message.proc_id = proc_id;
        message.content = cursor.rest;
    }
}

/// Whether a tag stands here that its colon, its brackets or its shape makes one.
pub(super) fn is_definite(start: Cursor<'_>) -> bool {
    let mut cursor = start;
    cursor.eat_spaces();
    mnemonic::cisco(cursor).is_some()
        || payload::marker(cursor).is_some()
        || named(cursor, Place::AfterHost).is_some_and(|tag| tag.ended)
}

/// Reads the name of an event in the place of the tag; it is the program as well.
pub(super) fn event<'a>(start: Cursor<'a>, message: &mut Message<'a>) -> bool {
    let mut cursor = start;
    if cursor.at(b'(') {
        // Comware members of a stack: `(Stack) %%10SC/6/...`.
        cursor.take_while(NAME_OCTETS_MAX, |octet| octet != b' ');
        cursor.eat_spaces();
    }
    if !cursor.at(b'%') {
        return false;
    }
    if let Some((name, mut after)) = mnemonic::cisco(cursor) {
        end(&mut after);
        set_event(message, Notation::Cisco, name, after);
        return true;
    }
    huawei_event(cursor, message)
}

/// Reads the name of an event as Huawei writes it; its count is nearer to the device than one before.
#[inline(always)]
pub(super) fn huawei_event<'a>(start: Cursor<'a>, message: &mut Message<'a>) -> bool {
    let Some((name, count, mut after)) = mnemonic::huawei(start) else { return false };
    after.eat(b' ');
    if count.is_some() {
        message.sequence_number = count;
    }
    set_event(message, Notation::Huawei, name, after);
    true
}

#[inline(always)]
pub(super) fn set_event<'a>(
    message: &mut Message<'a>,
    notation: Notation,
    name: &'a [u8],
    after: Cursor<'a>,
) {
    message.app_name = Some(name);
    message.msg_id = Some(name);
    message.notation = Some(notation);
    message.content = after.rest;
}

/// Looks at the start of the text behind a process name for the name of the event: a Cisco mnemonic, or Junos'
/// `RPD_BGP_NEIGHBOR_STATE_CHANGED:`. It stays in the text.
pub(super) fn named_event<'a>(text: Cursor<'a>, message: &mut Message<'a>) {
    match text.peek() {
        Some(b'%') => {
            if let Some((name, _)) = mnemonic::cisco(text) {
                message.msg_id = Some(name);
                message.notation = Some(Notation::Cisco);
            }
        }
        Some(b'A'..=b'Z') => {
            let mut cursor = text;
            let name = cursor.take_while(64, |octet| {
                octet.is_ascii_uppercase() || octet.is_ascii_digit() || octet == b'_'
            });
            if cursor.eat(b':') && cursor.at_field_end() && name.contains(&b'_') && !name.ends_with(b"_") {
                message.msg_id = Some(name);
            }
        }
        _ => {}
    }
}

/// Moves over ` :` or `:`, and one space.
fn end(cursor: &mut Cursor<'_>) {
    if cursor.eat_all(b": ") {
        return;
    }
    let mut ahead = *cursor;
    ahead.eat_spaces();
    if ahead.eat(b':') {
        *cursor = ahead;
    }
    cursor.eat(b' ');
}

/// A tag with a name.
struct Tag<'a> {
    name: &'a [u8],
    proc_id: Option<&'a [u8]>,
    /// Whether a colon or brackets ended it.
    ended: bool,
    /// What follows it and one space.
    after: Cursor<'a>,
}

/// Reads a tag; behind a host, a word before it that only leads to it is passed over.
fn named<'a>(start: Cursor<'a>, place: Place) -> Option<Tag<'a>> {
    let Some(tag) = name_and_proc_id(start) else {
        return topics(start).map(|(name, after)| Tag { name, proc_id: None, ended: true, after });
    };
    if tag.ended || place != Place::AfterHost {
        return Some(tag);
    }
    // F5 writes the severity, ProCurve the five digits of an event, and others a second address, before the tag; Vectra
    // has ` -` before the colon, NetScaler a space.
    let is_event = tag.name.len() == 5 && tag.name.iter().all(u8::is_ascii_digit);
    let leads = is_event || LEVELS.contains(&tag.name) || host::is_ip_address(tag.name);
    if leads && let Some(next) = name_and_proc_id(tag.after).filter(|next| next.ended) {
        return Some(next);
    }
    let mut after = tag.after;
    after.eat(b'-');
    if after.eat(b':') && after.at_field_end() {
        after.eat(b' ');
        return Some(Tag { ended: true, after, ..tag });
    }
    Some(
        versioned(tag.after)
            .map(|(proc_id, after)| Tag { proc_id, after, ended: true, ..tag })
            .unwrap_or(tag),
    )
}

/// Moves over a version that stands between a name and the end of its tag: `1.4.1: ` or `255.10[94]: `.
fn versioned<'a>(start: Cursor<'a>) -> Option<(Option<&'a [u8]>, Cursor<'a>)> {
    let mut cursor = start;
    let version = cursor.take_while(16, |octet| octet.is_ascii_digit() || octet == b'.');
    if !version.contains(&b'.') || !version.first().is_some_and(u8::is_ascii_digit) {
        return None;
    }
    let proc_id = if cursor.at(b'[') { Some(bracketed(&mut cursor)?) } else { None };
    let ended = cursor.eat(b':') && cursor.at_field_end();
    cursor.eat(b' ');
    ended.then_some((proc_id, cursor))
}

/// Reads MikroTik's `system,info,account `: at least two topics, one of which is a severity.
fn topics<'a>(start: Cursor<'a>) -> Option<(&'a [u8], Cursor<'a>)> {
    let mut cursor = start;
    let word = cursor.take_while(64, |octet| {
        octet.is_ascii_lowercase() || octet.is_ascii_digit() || matches!(octet, b',' | b'-')
    });
    let is_list =
        word.contains(&b',') && cursor.eat(b' ') && word.first().is_some_and(u8::is_ascii_lowercase);
    let mut parts = word.split(|octet| *octet == b',');
    (is_list && parts.any(|part| LEVELS.contains(&part))).then_some((word, cursor))
}

/// Reads `name[proc-id]:`, `name[proc-id] `, `name:` or `name `.
fn name_and_proc_id<'a>(start: Cursor<'a>) -> Option<Tag<'a>> {
    let mut cursor = start;
    cursor.take_of(Lanes::of_name);
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
                return Some(Tag { name, proc_id: Some(proc_id), ended: true, after: cursor });
            }
            Some(b':') => {
                cursor.take(1);
                // `10:15`, `http://` and `a::b` go on behind the colon.
                if matches!(cursor.peek(), Some(b'0'..=b'9' | b'/' | b':')) {
                    continue;
                }
                cursor.eat(b' ');
                return Some(Tag { name, proc_id: None, ended: true, after: cursor });
            }
            None | Some(b' ') if !name.iter().any(|octet| matches!(octet, b':' | b',')) => {
                cursor.eat(b' ');
                return Some(Tag { name, proc_id: None, ended: false, after: cursor });
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
const TAG_OCTETS: [bool; 256] = {
    let mut members = [false; 256];
    let mut octet = 0_u8;
    while octet < 128 {
        let is_mark = matches!(
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
        );
        members[octet as usize] = is_mark || octet.is_ascii_alphanumeric();
        octet += 1;
    }
    members
};

fn is_tag_octet(octet: u8) -> bool {
    TAG_OCTETS[usize::from(octet)]
}
