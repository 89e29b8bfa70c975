//! TAG (RFC 3164 4.1.3), and what stands where it was meant: names of events, topics, payloads that are formats of
//! their own.
//!
//! ```text
//! tag  = event  /  payload  /  *lead name ["[" proc-id "]"] [" -"] ":"  /  vendor's own  /  name SP
//! lead = level  /  "facility.level"  /  the host again  /  an address  /  what a vendor puts here
//! name = tag octets, and ":" where another part and "[" proc-id "]:" follow
//! ```
//!
//! TAG ends at the first octet that no name has; what follows that is content.
//!
//! Invariant: without its colon a word is only believed where a tag must stand.

use super::cursor::Cursor;
use super::level::{is_capital_level, is_level};
use super::message::Message;
use super::notes::Notes;
use super::pairs::Pairs;
use super::vendors::{self, Event};
use super::{host, payload, timestamp};
use crate::wire::lanes::Lanes;

/// Octets of TAG (RFC 3164 4.1.3); longer ones are noted.
const TAG_OCTETS_MAX: usize = 32;

/// Octets up to which a word is taken for a tag at all.
const NAME_OCTETS_MAX: usize = 255;

/// Octets in the brackets of a tag.
const PROC_ID_OCTETS_MAX: usize = 128;

/// Words before a tag that are no part of it.
const LEADS_MAX: usize = 3;

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
    if is_repetition(cursor) {
        return;
    }
    if place == Place::AfterHost && cursor.at(b'[') {
        pid_only(cursor, message);
        return;
    }
    let Some(tag) = named(cursor, place, message.hostname) else { return };
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
    text_event(tag.after, message);
}

/// Whether the text says that the last message was repeated.
fn is_repetition(text: Cursor<'_>) -> bool {
    matches!(text.peek(), Some(b'l' | b'm'))
        && [&b"last message repeated "[..], b"message repeated "]
            .iter()
            .any(|known| text.rest.starts_with(known))
}

/// Reads `[358]: `, the process id of a program without a name.
fn pid_only<'a>(start: Cursor<'a>, message: &mut Message<'a>) {
    let mut cursor = start;
    let proc_id = bracketed(&mut cursor).filter(|proc_id| proc_id.iter().all(u8::is_ascii_digit));
    if proc_id.is_some() && cursor.eat_all(b": ") {
        message.proc_id = proc_id;
        message.content = cursor.rest;
    }
}

/// Whether a tag stands here that its colon, its brackets or its shape makes one. `host` is what stands before it.
pub(super) fn is_definite(start: Cursor<'_>, host: Option<&[u8]>) -> bool {
    let mut cursor = start;
    cursor.eat_spaces();
    if vendors::event(cursor).is_some() || payload::marker(cursor).is_some() {
        return true;
    }
    if cursor.eat_all(b": ") {
        return vendors::event(cursor).is_some();
    }
    named(cursor, Place::AfterHost, host).is_some_and(|tag| tag.ended)
}

/// Whether a host and, behind it, a tag beyond doubt or pairs stand here: then the word before is none of both.
pub(super) fn host_and_tag_follow(start: Cursor<'_>) -> bool {
    let mut cursor = start;
    cursor.eat_spaces();
    if payload::marker(cursor).is_some() || is_repetition(cursor) {
        return false;
    }
    let word = cursor.take_word();
    if let Some(name) = word.strip_suffix(b":")
        && host::is_host(name)
    {
        cursor.eat_spaces();
        return vendors::event(cursor).is_some();
    }
    host::is_host(word) && !is_level(word) && (is_definite(cursor, Some(word)) || pairs_follow(cursor))
}

/// Whether pairs stand here.
pub(super) fn pairs_follow(start: Cursor<'_>) -> bool {
    let mut cursor = start;
    cursor.eat_spaces();
    Pairs::of_text(cursor.rest).is_some()
}

/// Reads the name of an event in the place of the tag; it is the program as well.
pub(super) fn event<'a>(start: Cursor<'a>, message: &mut Message<'a>) -> bool {
    let Some(Event { notation, name, program, count, host, rest }) = vendors::event(start) else {
        return false;
    };
    message.app_name = Some(program);
    message.msg_id = Some(name);
    message.notation = Some(notation);
    // Both are nearer to the device than what stands before.
    message.sequence_number = count.or(message.sequence_number);
    message.hostname = message.hostname.or(host);
    message.content = rest.rest;
    true
}

/// Looks at the start of the text behind a process name for the name of the event, which stays in the text.
pub(super) fn text_event<'a>(text: Cursor<'a>, message: &mut Message<'a>) {
    if let Some(found) = vendors::text_event(text) {
        message.msg_id = Some(found.name);
        message.notation = found.notation;
    }
}

/// A tag with a name.
#[derive(Clone, Copy)]
struct Tag<'a> {
    name: &'a [u8],
    proc_id: Option<&'a [u8]>,
    /// Whether a colon or brackets ended it.
    ended: bool,
    /// What follows it and one space.
    after: Cursor<'a>,
}

impl Tag<'_> {
    /// Whether it is one beyond doubt: some devices name themselves with commas and a colon before the tag.
    fn is_definite(&self) -> bool {
        self.ended && !self.name.contains(&b',')
    }
}

/// Reads a tag; behind a host, words before it that are no part of it are passed over.
#[inline]
fn named<'a>(start: Cursor<'a>, place: Place, host: Option<&[u8]>) -> Option<Tag<'a>> {
    match plain(start) {
        Some(tag) => Some(tag),
        None => any(start, place, host),
    }
}

/// Reads `name[proc-id]: ` or `name: ` of the octets that almost all names have.
#[inline]
fn plain(start: Cursor<'_>) -> Option<Tag<'_>> {
    let mut cursor = start;
    let name = cursor.take_of(Lanes::of_name);
    if !name.first()?.is_ascii_alphanumeric() || name.len() > NAME_OCTETS_MAX {
        return None;
    }
    let proc_id = if cursor.at(b'[') { Some(bracketed(&mut cursor)?) } else { None };
    if !cursor.eat_all(b": ") {
        return None;
    }
    Some(Tag { name, proc_id, ended: true, after: cursor })
}

/// [`named`] of any tag.
#[inline(never)]
fn any<'a>(start: Cursor<'a>, place: Place, host: Option<&[u8]>) -> Option<Tag<'a>> {
    let tag = name_and_proc_id(start);
    if let Some(tag) = tag.filter(Tag::is_definite) {
        return Some(tag);
    }
    if place != Place::NoHeader
        && let Some(found) = after_leads(start, host)
    {
        return Some(found);
    }
    let Some(tag) = tag else {
        let (name, after) = vendors::tag(start)?;
        return Some(Tag { name, proc_id: None, ended: true, after });
    };
    if tag.ended || place != Place::AfterHost {
        return Some(tag);
    }
    // Vectra has ` -` before the colon, NetScaler a space.
    let mut after = tag.after;
    after.eat(b'-');
    if after.eat(b':') && after.at_field_end() {
        after.eat(b' ');
        return Some(Tag { ended: true, after, ..tag });
    }
    let Some((proc_id, after)) = versioned(tag.after) else { return Some(tag) };
    Some(Tag { proc_id, after, ended: true, ..tag })
}

/// Reads the tag behind words that are no part of it, if one follows them beyond doubt. Behind the name of a severity in
/// capitals any word is the tag: SONiC writes `INFO supervisord text`.
fn after_leads<'a>(start: Cursor<'a>, host: Option<&[u8]>) -> Option<Tag<'a>> {
    let mut cursor = start;
    for _ in 0..LEADS_MAX {
        let Some(after) = lead(cursor, host) else { break };
        cursor = after;
        if let Some(tag) = name_and_proc_id(cursor).filter(Tag::is_definite) {
            return Some(tag);
        }
    }
    let mut level = start;
    let word = level.take_word();
    if is_capital_level(word) && level.eat(b' ') { name_and_proc_id(level) } else { None }
}

/// What follows a word that may stand between host and tag: a severity, the host again, an address, or what a vendor
/// puts here.
fn lead<'a>(start: Cursor<'a>, host: Option<&[u8]>) -> Option<Cursor<'a>> {
    let mut cursor = start;
    let word = cursor.take_word();
    let is_lead = is_level(word) || host == Some(word) || host::is_ip_address(word);
    if is_lead && cursor.eat_spaces() { Some(cursor) } else { vendors::lead(start) }
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

/// Reads `name[proc-id]:`, `name[proc-id] `, `name:`, `name ` or a name that another octet ends.
fn name_and_proc_id(start: Cursor<'_>) -> Option<Tag<'_>> {
    let mut cursor = start;
    let mut before_colon: Option<Tag<'_>> = None;
    loop {
        cursor.take_while(NAME_OCTETS_MAX, is_tag_octet);
        let name = start.rest.get(..start.rest.len() - cursor.rest.len())?;
        if name.len() > NAME_OCTETS_MAX
            || !name.iter().any(|octet| octet.is_ascii_alphanumeric() || !octet.is_ascii())
        {
            return before_colon;
        }
        let unended = Tag { name, proc_id: None, ended: false, after: cursor };
        match cursor.peek() {
            Some(b'[') => return with_proc_id(cursor, name, before_colon),
            Some(b':') => {
                cursor.take(1);
                // `10:15`, `http://` and `a::b` go on behind the colon; so may `image:tag[4711]:`.
                let goes_on = matches!(cursor.peek(), Some(b'0'..=b'9' | b'/' | b':'));
                if !goes_on && before_colon.is_none() {
                    let mut after = cursor;
                    after.eat(b' ');
                    before_colon = Some(Tag { ended: true, after, ..unended });
                }
                if cursor.at_field_end() {
                    return before_colon;
                }
            }
            _ if before_colon.is_some() => return before_colon,
            _ if name.iter().any(|octet| matches!(octet, b':' | b',')) => return None,
            None | Some(b' ' | b'\t') => {
                cursor.take(1);
                return Some(Tag { after: cursor, ..unended });
            }
            // Pairs and quoted text are no tags.
            Some(b'=' | b'\'') => return None,
            Some(_) => return Some(unended),
        }
    }
}

/// Reads what is in brackets behind a name; in a name with a colon it must be a number with a colon behind it.
fn with_proc_id<'a>(start: Cursor<'a>, name: &'a [u8], before_colon: Option<Tag<'a>>) -> Option<Tag<'a>> {
    let mut cursor = start;
    let Some(proc_id) = bracketed(&mut cursor) else {
        // The bracket ends the name.
        let is_name = !name.iter().any(|octet| matches!(octet, b':' | b','));
        return before_colon
            .or_else(|| is_name.then_some(Tag { name, proc_id: None, ended: false, after: start }));
    };
    if before_colon.is_some() && !(cursor.at(b':') && proc_id.iter().all(u8::is_ascii_digit)) {
        return before_colon;
    }
    cursor.eat(b':');
    cursor.eat(b' ');
    Some(Tag { name, proc_id: Some(proc_id), ended: true, after: cursor })
}

/// Moves over `[123]`, if a space, a colon or the end follows.
#[inline]
fn bracketed<'a>(cursor: &mut Cursor<'a>) -> Option<&'a [u8]> {
    cursor.attempt(|cursor| {
        cursor.take(1);
        let inside = cursor.take_of(|lanes| lanes.graphic() & !(lanes.equal(b'[') | lanes.equal(b']')));
        let closed = inside.len() <= PROC_ID_OCTETS_MAX
            && cursor.eat(b']')
            && (cursor.at_field_end() || cursor.at(b':'));
        (closed && !inside.is_empty()).then_some(inside)
    })
}

/// What names of programs are made of, letters of other alphabets included. Quotes, `=`, `|` and braces belong to
/// payloads; a comma is in the names of some access points, but only a colon makes such a word a tag.
const TAG_OCTETS: [bool; 256] = {
    const MARKS: &[u8] = b"_-./()#@+%$~*!,";
    let mut members = [false; 256];
    let mut octet = 0_u8;
    loop {
        members[octet as usize] = octet.is_ascii_alphanumeric() || !octet.is_ascii();
        if octet == u8::MAX {
            break;
        }
        octet += 1;
    }
    let mut place = 0;
    while place < MARKS.len() {
        members[MARKS[place] as usize] = true;
        place += 1;
    }
    members
};

fn is_tag_octet(octet: u8) -> bool {
    TAG_OCTETS[usize::from(octet)]
}
