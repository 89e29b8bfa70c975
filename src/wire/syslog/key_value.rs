//! FortiGate lines: `date=2026-03-31 time=07:48:26 devname="fw1" ... tz="-0500" ...`, no header at all.
//!
//! Invariant: the line stays content as a whole; only the time and the host are looked up in it, by walking the
//! pairs, so that a `devname=` inside a quoted value is not taken.

use super::Message;
use super::cursor::Cursor;
use super::notes::Notes;
use super::timestamp::{self, Stamp};

/// Pairs that are looked at; the device's name, time and zone stand among the first.
const PAIRS_MAX: usize = 16;

/// Whether the line starts as FortiOS starts it.
pub(super) fn starts(line: Cursor<'_>) -> bool {
    line.rest.starts_with(b"date=")
}

/// Looks up time, zone and host.
pub(super) fn decode<'a>(start: Cursor<'a>, message: &mut Message<'a>) {
    message.content = start.rest;
    let mut cursor = start;
    let mut offset_minutes = None;
    cursor.eat_all(b"date=");
    match timestamp_of_pairs(&mut cursor) {
        Some(Stamp::Known { time, .. }) => {
            message.timestamp = Some(time);
            message.notes.insert(Notes::TIMESTAMP_NONSTANDARD);
        }
        Some(Stamp::Impossible) => message.notes.insert(Notes::TIMESTAMP_INVALID),
        None => {}
    }
    for _ in 0..PAIRS_MAX {
        match pair(&mut cursor) {
            Some((b"devname", name)) if !name.is_empty() => message.hostname = Some(name),
            Some((b"tz", zone)) => offset_minutes = timestamp::offset_minutes(zone),
            Some(_) => {}
            None => break,
        }
    }
    if let Some(time) = &mut message.timestamp {
        time.offset_minutes = offset_minutes;
    }
}

/// Reads `2026-03-31 time=07:48:26`; values may be quoted by a relay, those are left alone.
fn timestamp_of_pairs<'a>(cursor: &mut Cursor<'a>) -> Option<Stamp<'a>> {
    let mut ahead = *cursor;
    let date = ahead.take_word();
    ahead.eat_spaces();
    if !ahead.eat_all(b"time=") {
        return None;
    }
    let (stamp, rest) = timestamp::date_and_time(date, ahead)?;
    *cursor = rest;
    Some(stamp)
}

/// Moves over one `name=value` or `name="value"`; a backslash keeps the next octet inside the quotes.
fn pair<'a>(cursor: &mut Cursor<'a>) -> Option<(&'a [u8], &'a [u8])> {
    cursor.eat_spaces();
    let name = cursor.take_while(64, |octet| octet.is_ascii_graphic() && octet != b'=');
    if name.is_empty() || !cursor.eat(b'=') {
        return None;
    }
    if !cursor.eat(b'"') {
        return Some((name, cursor.take_word()));
    }
    let start = cursor.rest;
    loop {
        let place = memchr::memchr2(b'"', b'\\', cursor.rest)?;
        cursor.take(place);
        if cursor.take(1) == b"\"" {
            return Some((name, start.get(..start.len() - cursor.rest.len() - 1)?));
        }
        cursor.take(1);
    }
}
