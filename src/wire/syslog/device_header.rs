//! What network devices write before and around the RFC 3164 timestamp.
//!
//! ```text
//! header   = [":"] [sequence] [origin] [sequence] [location / task] anchor
//! sequence = 1*DIGIT ":"                            Cisco service sequence-numbers, and the logging count
//! origin   = host [":"]                             Cisco logging origin-id
//!          / host SP port                           Opengear, before its own kind of date
//! location = "RP/0/RSP1/CPU0:" or alike             IOS-XR node
//! task     = "*emWeb:"                              wireless controllers of Cisco
//! anchor   = ["*" / "."] time [zone [year]] [":"]  /  uptime ":"  /  [unreadable ":"] mnemonic
//! zone     = "UTC" / "CEST" / "TZ-6" / "+03" / ...     a host must follow, or a colon
//! mnemonic = the name of an event, as a vendor writes it
//! ```
//!
//! The anchor decides: without one there is no header, and the words before it are text.
//!
//! Invariant: a header is read in one pass with a look-ahead of at most a few words.

use super::cursor::Cursor;
use super::device_time::{ClockMark, DeviceTime};
use super::host::{is_host, is_ip_address};
use super::tag;
use super::timestamp::{self, Stamp};
use super::vendors;
use super::zone;

/// Octets of the letters of a zone word.
const ZONE_OCTETS: std::ops::RangeInclusive<usize> = 2..=7;

/// Octets between an origin and a mnemonic that may be a clock we cannot read.
const UNREADABLE_OCTETS_MAX: usize = 40;

/// A device header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header<'a> {
    pub(super) sequence_number: Option<u64>,
    pub(super) host: Option<&'a [u8]>,
    pub(super) anchor: Anchor<'a>,
    /// Behind the anchor; for a mnemonic, at its start.
    pub(super) rest: Cursor<'a>,
}

/// What makes a header a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Anchor<'a> {
    /// A time.
    Stamp(Stamp<'a>),
    /// The time since the device started: `2y10w`, `00:01:01`.
    Uptime,
    /// A mnemonic without any time.
    Mnemonic,
    /// A mnemonic behind a time that cannot be read.
    Unreadable,
}

/// Where a header may stand; the more words stand before it, the more it must look like one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// At the start of a line without PRI: the anchor must come first, but for a sequence number.
    LineStart,
    /// Right after PRI.
    AfterPri,
    /// After the timestamp and host of a relay: text often goes on with a time of its own, so only a sequence
    /// number, or a date in the RFC 3164 form right here, begins a second header.
    AfterRelay,
}

/// Reads a header at `start`.
pub(super) fn read<'a>(start: Cursor<'a>, place: Place) -> Option<Header<'a>> {
    let mut cursor = start;
    let colon = cursor.eat(b':');
    cursor.eat_spaces();
    let mut count = sequence(&mut cursor);
    if count.is_some() {
        // The device's own number stands behind the one its logging process adds.
        count = sequence(&mut cursor).or(count);
    }
    let numbered = colon || count.is_some();
    if let Some((anchor, rest)) = anchor(cursor, numbered) {
        let begins = place != Place::AfterRelay || numbered || begins_after_relay(&anchor);
        return begins.then_some(Header { sequence_number: count, host: None, anchor, rest });
    }
    if place == Place::LineStart
        || (place == Place::AfterRelay && count.is_none() && !numbered_origin(cursor))
    {
        return None;
    }
    let host = origin(&mut cursor);
    let own_count = sequence(&mut cursor);
    let located = location(&mut cursor) || task(&mut cursor);
    if host.is_none() && !located {
        return None;
    }
    let (anchor, rest) =
        anchor(cursor, true).or_else(|| unreadable(start, cursor)).or_else(|| behind_port(cursor))?;
    Some(Header { sequence_number: own_count.or(count), host, anchor, rest })
}

/// Whether an anchor alone makes a header behind a relay's: text often starts with a time in another form.
fn begins_after_relay(anchor: &Anchor<'_>) -> bool {
    match anchor {
        Anchor::Stamp(Stamp::Known { time, standard }) => {
            time.clock != ClockMark::Unmarked || (*standard && time.year.is_none())
        }
        _ => false,
    }
}

/// Whether a sequence number is the second word.
fn numbered_origin(start: Cursor<'_>) -> bool {
    let mut cursor = start;
    cursor.take_word();
    cursor.eat_spaces();
    cursor.peek().is_some_and(|octet| octet.is_ascii_digit()) && sequence(&mut cursor).is_some()
}

/// Whether a second header may begin here: with a number, a mark, a month, or an origin before a number. It keeps
/// [`read`] from looking at every tag, and a mnemonic is one.
pub(super) fn may_follow_relay(start: Cursor<'_>) -> bool {
    match start.peek() {
        Some(b'0'..=b'9' | b':' | b'*' | b'.') => true,
        // Months have three letters before the space.
        Some(b'A'..=b'Z' | b'a'..=b'z') if start.rest.get(3) == Some(&b' ') => true,
        _ => numbered_origin(start),
    }
}

/// Moves over `123: `, of at most 19 digits.
#[inline]
pub(super) fn sequence(cursor: &mut Cursor<'_>) -> Option<u64> {
    cursor.attempt(|cursor| {
        let value = cursor.count()?;
        if !cursor.eat(b':') || !cursor.at_field_end() {
            return None;
        }
        cursor.eat_spaces();
        Some(value)
    })
}

/// Moves over a host and the spaces behind it, if a host is here.
fn origin<'a>(cursor: &mut Cursor<'a>) -> Option<&'a [u8]> {
    cursor.attempt(|cursor| {
        let word = cursor.take_word();
        let host = if is_ip_address(word) { word } else { word.strip_suffix(b":").unwrap_or(word) };
        (is_host(host) && !has_location(host) && cursor.eat_spaces()).then_some(host)
    })
}

/// Reads what stands between the colon of an origin and `: %FACILITY-...` as a clock that nobody can read.
fn unreadable<'a>(start: Cursor<'a>, after_origin: Cursor<'a>) -> Option<(Anchor<'a>, Cursor<'a>)> {
    let header = start.rest.get(..start.rest.len() - after_origin.rest.len())?;
    let mut cursor = after_origin;
    let near = cursor.rest.get(..cursor.rest.len().min(UNREADABLE_OCTETS_MAX))?;
    let place = memchr::memchr(b'%', near).filter(|_| header.trim_ascii_end().ends_with(b":"))?;
    let clock = cursor.take(place);
    let ended = clock.trim_ascii_end().ends_with(b":") && clock.first().is_some_and(u8::is_ascii_digit);
    (ended && vendors::event(cursor).is_some()).then_some((Anchor::Unreadable, cursor))
}

/// Reads `port02 2018-Nov-12 10:47:34.318`: what a console server names before the time.
fn behind_port(after_origin: Cursor<'_>) -> Option<(Anchor<'_>, Cursor<'_>)> {
    let mut cursor = after_origin;
    let port = cursor.take_while(32, |octet| octet.is_ascii_alphanumeric());
    let dated = !port.is_empty()
        && cursor.eat(b' ')
        && matches!(cursor.rest, [b'0'..=b'9', _, _, _, b'-', b'A'..=b'Z', ..]);
    // A word in capitals behind the time is the tag here, not a zone.
    let (stamp, rest) = dated.then(|| timestamp::any(cursor)).flatten()?;
    rest.at_field_end().then_some((Anchor::Stamp(stamp), rest))
}

/// Whether `word` starts with an IOS-XR node and its colon.
fn has_location(word: &[u8]) -> bool {
    word.first().is_some_and(u8::is_ascii_uppercase) && location(&mut Cursor::new(word))
}

/// Moves over `RP/0/RSP1/CPU0:`.
fn location(cursor: &mut Cursor<'_>) -> bool {
    let found = cursor.attempt(|cursor| {
        let node = cursor.take_while(32, |octet| octet.is_ascii_alphanumeric() || octet == b'/');
        let slashes = node.iter().filter(|octet| **octet == b'/').count();
        let is_node = slashes >= 2 && node.first().is_some_and(u8::is_ascii_uppercase);
        (is_node && cursor.eat(b':')).then(|| cursor.eat_spaces())
    });
    found.is_some()
}

/// Moves over `*emWeb: `.
fn task(cursor: &mut Cursor<'_>) -> bool {
    let found = cursor.attempt(|cursor| {
        if !(cursor.eat(b'*') && cursor.peek().is_some_and(|octet| octet.is_ascii_alphabetic())) {
            return None;
        }
        cursor.take_while(40, |octet| octet.is_ascii_alphanumeric() || matches!(octet, b'_' | b'-'));
        (cursor.eat(b':') && cursor.eat_spaces()).then_some(())
    });
    found.is_some()
}

/// Reads an anchor. `numbered`: something before it already shows that a network device wrote this.
fn anchor<'a>(start: Cursor<'a>, numbered: bool) -> Option<(Anchor<'a>, Cursor<'a>)> {
    if start.at(b'%') {
        return vendors::event(start).map(|_| (Anchor::Mnemonic, start));
    }
    let Some((mut stamp, mut cursor)) = timestamp::any(start) else {
        if !matches!(start.rest, [b'0'..=b'9' | b'*' | b'.', ..]) {
            return None;
        }
        return uptime(start).map(|cursor| (Anchor::Uptime, cursor));
    };
    if let Stamp::Known { time, .. } = &mut stamp {
        if let [b' ', b'A'..=b'Z' | b'+' | b'-', ..] = cursor.rest
            && time.offset_minutes.is_none()
        {
            zone_and_year(&mut cursor, time, numbered);
        } else if let Some(rest) = cursor.rest.strip_prefix(b" DST")
            && tag::host_and_tag_follow(Cursor::new(rest))
        {
            // Huawei says behind the offset that it is the one of summer.
            cursor = Cursor::new(rest);
        }
    }
    if stamp == Stamp::Impossible
        && let Some(rest @ ([] | [b' ' | b':', ..])) = cursor.rest.strip_prefix(b" GMT")
    {
        cursor = Cursor::new(rest);
    }
    // A row of fields with commas goes on.
    if let Some(rest @ [b' ', ..]) = cursor.rest.strip_prefix(b",") {
        cursor = Cursor::new(rest);
    }
    let mut ahead = cursor;
    ahead.eat_spaces();
    if ahead.eat(b':') && ahead.at_field_end() {
        cursor = ahead;
    }
    (cursor.at_field_end() || cursor.at(b'\t')).then_some((Anchor::Stamp(stamp), cursor))
}

/// Moves over a zone behind `time`, and over the year behind the zone, and notes both.
#[inline(never)]
fn zone_and_year<'a>(cursor: &mut Cursor<'a>, time: &mut DeviceTime<'a>, numbered: bool) {
    let device = numbered || time.clock != ClockMark::Unmarked || time.nanosecond != 0 || time.year.is_some();
    let Some((zone, after)) = zone(*cursor, numbered, device) else { return };
    match zone {
        Zone::Word(word) => time.zone = Some(word),
        Zone::Minutes(minutes) => time.offset_minutes = Some(minutes),
    }
    *cursor = after;
    if time.year.is_none()
        && let Some((year, after)) = timestamp::year_after_zone(*cursor)
    {
        time.year = Some(year);
        *cursor = after;
    }
}

/// What stands between a time and a host.
enum Zone<'a> {
    Word(&'a [u8]),
    /// East of UTC.
    Minutes(i32),
}

/// Reads ` UTC` where it is no host: when a colon ends it (`22:11:43 UTC: %SYS`), when a year follows (`CST 1987 host`),
/// when it is one of the two words that nobody calls a host, and when it is known as a zone and a host follows.
fn zone<'a>(start: Cursor<'a>, numbered: bool, device: bool) -> Option<(Zone<'a>, Cursor<'a>)> {
    let mut cursor = start;
    cursor.eat(b' ');
    let word_start = cursor;
    let word = cursor.take_while(*ZONE_OCTETS.end() + 1, |octet| octet.is_ascii_uppercase());
    if cursor.at(b'+') || cursor.at(b'-') {
        return shifted_zone(word, word_start, cursor);
    }
    if !ZONE_OCTETS.contains(&word.len()) {
        return None;
    }
    let universal = matches!(word, b"UTC" | b"GMT");
    let mut ahead = cursor;
    let spaced = ahead.eat_spaces();
    if !ahead.eat(b':') || !ahead.at_field_end() {
        let is_zone = universal
            || timestamp::year_after_zone(cursor).is_some()
            || zone::is_known_word(word) && tag::host_and_tag_follow(cursor);
        return (spaced && is_zone).then_some((Zone::Word(word), cursor));
    }
    ahead.eat_spaces();
    // `HOST : %ASA-...` has a space before its colon too, so there the word must be a zone beyond doubt.
    let believed =
        if spaced { universal || (numbered && matches!(word.last(), Some(b'T' | b'C'))) } else { device };
    let is_zone = believed || (!spaced && vendors::event(ahead).is_some());
    is_zone.then_some((Zone::Word(word), cursor))
}

/// Reads ` TZ-6`, ` UTC+01:00` or ` +03`: a host may be called so, too, so one must follow.
fn shifted_zone<'a>(word: &[u8], word_start: Cursor<'a>, sign: Cursor<'a>) -> Option<(Zone<'a>, Cursor<'a>)> {
    let mut cursor = sign;
    let minutes = zone::read_signed_hours(&mut cursor)?;
    if !cursor.at(b' ')
        || !(word.is_empty() || zone::is_known_word(word))
        || !tag::host_and_tag_follow(cursor)
    {
        return None;
    }
    let whole = word_start.rest.get(..word_start.rest.len() - cursor.rest.len())?;
    // Only of these it is known what the sign means.
    let zone = if matches!(word, b"" | b"UTC" | b"GMT") { Zone::Minutes(minutes) } else { Zone::Word(whole) };
    Some((zone, cursor))
}

/// Moves over an uptime and its colon: pairs of digits and `y`, `w`, `d`, `h`, or `hh:mm:ss`.
fn uptime(start: Cursor<'_>) -> Option<Cursor<'_>> {
    let mut cursor = start;
    if cursor.at(b'*') || cursor.at(b'.') {
        cursor.take(1);
    }
    let text = cursor
        .take_while(16, |octet| octet.is_ascii_digit() || matches!(octet, b'y' | b'w' | b'd' | b'h' | b':'));
    let text = match text.strip_suffix(b":") {
        Some(text) if cursor.at_field_end() => text,
        _ => return None,
    };
    let mut inside = Cursor::new(text);
    if text.contains(&b':') {
        inside.number(1, 3)?;
        for _ in 0..2 {
            if !inside.eat(b':') {
                return None;
            }
            inside.number(2, 2)?;
        }
    } else {
        for _ in 0..4 {
            if inside.number(1, 4).is_none() {
                break;
            }
            if !matches!(inside.take(1), b"y" | b"w" | b"d" | b"h") {
                return None;
            }
        }
    }
    (inside.is_empty() && !text.is_empty()).then_some(cursor)
}
