//! What network devices write before and around the RFC 3164 timestamp.
//!
//! ```text
//! header   = [":"] [sequence] [origin] [sequence] [location] anchor
//! sequence = 1*DIGIT ":"                            Cisco service sequence-numbers, and the logging count
//! origin   = host [":"]                             Cisco logging origin-id
//! location = "RP/0/RSP1/CPU0:" or alike             IOS-XR node
//! anchor   = ["*" / "."] time [zone] [":"]  /  uptime ":"  /  mnemonic
//! mnemonic = "%" FACILITY "-" SEVERITY "-" MNEMONIC
//! ```
//!
//! The anchor decides: without one there is no header, and the words before it are text.
//!
//! Invariant: a header is read in one pass with a look-ahead of at most a few words.

use super::cursor::Cursor;
use super::timestamp::{self, ClockMark, Stamp};

/// Octets of a host name (RFC 1035 2.3.4, RFC 5424 6).
pub(super) const HOST_OCTETS_MAX: usize = 255;

/// Octets of a zone word.
const ZONE_OCTETS: std::ops::RangeInclusive<usize> = 2..=5;

/// A device header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header<'a> {
    pub(super) sequence_number: Option<u64>,
    pub(super) host: Option<&'a [u8]>,
    pub(super) anchor: Anchor<'a>,
    /// Behind the anchor; for a mnemonic, at its `%`.
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
    let located = location(&mut cursor);
    if host.is_none() && !located {
        return None;
    }
    let (anchor, rest) = anchor(cursor, true)?;
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
    sequence(&mut cursor).is_some()
}

/// Moves over `123: `.
pub(super) fn sequence(cursor: &mut Cursor<'_>) -> Option<u64> {
    let mut ahead = *cursor;
    let digits = ahead.take_while(20, |octet| octet.is_ascii_digit());
    if digits.is_empty() || !ahead.eat(b':') || !ahead.at_field_end() {
        return None;
    }
    let value = digits
        .iter()
        .try_fold(0_u64, |value, digit| value.checked_mul(10)?.checked_add(u64::from(digit - b'0')))?;
    ahead.eat_spaces();
    *cursor = ahead;
    Some(value)
}

/// Moves over a host and the spaces behind it, if a host is here.
fn origin<'a>(cursor: &mut Cursor<'a>) -> Option<&'a [u8]> {
    let mut ahead = *cursor;
    let word = ahead.take_word();
    let host = if is_ip_address(word) { word } else { word.strip_suffix(b":").unwrap_or(word) };
    if !is_host(host) || has_location(host) || !ahead.eat_spaces() {
        return None;
    }
    *cursor = ahead;
    Some(host)
}

/// Whether `word` starts with an IOS-XR node and its colon.
fn has_location(word: &[u8]) -> bool {
    location(&mut Cursor::new(word))
}

/// Moves over `RP/0/RSP1/CPU0:`.
fn location(cursor: &mut Cursor<'_>) -> bool {
    let mut ahead = *cursor;
    let node = ahead.take_while(32, |octet| octet.is_ascii_alphanumeric() || octet == b'/');
    let slashes = node.iter().filter(|octet| **octet == b'/').count();
    if slashes < 2 || !node.first().is_some_and(u8::is_ascii_uppercase) || !ahead.eat(b':') {
        return false;
    }
    ahead.eat_spaces();
    *cursor = ahead;
    true
}

/// Reads an anchor. `device`: something before it already shows that a network device wrote this.
fn anchor<'a>(start: Cursor<'a>, device: bool) -> Option<(Anchor<'a>, Cursor<'a>)> {
    if start.at(b'%') {
        return mnemonic(start).map(|_| (Anchor::Mnemonic, start));
    }
    let Some((mut stamp, mut cursor)) = timestamp::any(start) else {
        return uptime(start).map(|cursor| (Anchor::Uptime, cursor));
    };
    if let Stamp::Known { time, .. } = &mut stamp {
        let device =
            device || time.clock != ClockMark::Unmarked || time.nanosecond != 0 || time.year.is_some();
        if time.offset_minutes.is_none()
            && let Some((word, after)) = zone(cursor, device)
        {
            time.zone = Some(word);
            cursor = after;
        }
    }
    let mut ahead = cursor;
    ahead.eat_spaces();
    if ahead.eat(b':') && ahead.at_field_end() {
        cursor = ahead;
    }
    cursor.at_field_end().then_some((Anchor::Stamp(stamp), cursor))
}

/// Reads ` UTC`, if a colon ends it: `22:11:43 UTC: %SYS`. Otherwise the word is a host in capitals.
fn zone<'a>(start: Cursor<'a>, device: bool) -> Option<(&'a [u8], Cursor<'a>)> {
    let mut cursor = start;
    if !cursor.eat(b' ') {
        return None;
    }
    let word = cursor.take_while(*ZONE_OCTETS.end() + 1, |octet| octet.is_ascii_uppercase());
    if !ZONE_OCTETS.contains(&word.len()) {
        return None;
    }
    let mut ahead = cursor;
    let spaced = ahead.eat_spaces();
    if !ahead.eat(b':') || !ahead.at_field_end() {
        return None;
    }
    ahead.eat_spaces();
    // `HOST : %ASA-...` has a space before its colon too, so there the word must end like a zone.
    let believed = if spaced { matches!(word.last(), Some(b'T' | b'C')) } else { device };
    (believed || (!spaced && mnemonic(ahead).is_some())).then_some((word, cursor))
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

/// Reads `%FACILITY-SEVERITY-MNEMONIC` and moves to the octet behind it: SP, `:` or the end.
///
/// FACILITY may have parts (`%SNMP-SNMP-3-AUTH_FAIL`); SEVERITY is a digit, or a letter on small switches.
pub(super) fn mnemonic<'a>(start: Cursor<'a>) -> Option<(&'a [u8], Cursor<'a>)> {
    let mut cursor = start;
    if !cursor.eat(b'%') {
        return None;
    }
    let name = cursor
        .take_while(128, |octet| octet.is_ascii_alphanumeric() || matches!(octet, b'_' | b'-' | b'/' | b'.'));
    let mut parts = name.split(|octet| *octet == b'-');
    let facility = parts.next()?;
    if !facility.first().is_some_and(u8::is_ascii_alphanumeric) {
        return None;
    }
    let has_severity = parts.any(|part| matches!(part, [b'0'..=b'7' | b'A'..=b'Z']));
    let has_mnemonic = parts.next().is_some_and(|part| !part.is_empty());
    (has_severity && has_mnemonic && (cursor.at_field_end() || cursor.at(b':'))).then_some((name, cursor))
}

/// Whether `word` may be a host name or an address. It says nothing about whether it is one: that is decided by
/// where it stands.
pub(super) fn is_host(word: &[u8]) -> bool {
    let member = |octet: &u8| {
        octet.is_ascii_alphanumeric()
            || matches!(octet, b'.' | b'-' | b'_' | b':' | b'/' | b'@' | b'~' | b'+')
    };
    word.len() <= HOST_OCTETS_MAX
        && word.iter().any(u8::is_ascii_alphanumeric)
        && (!word.ends_with(b":") || is_ip_address(word))
        && word.iter().all(member)
}

/// Whether `word` has the shape of an IPv4 or IPv6 address; its values are not judged.
pub(super) fn is_ip_address(word: &[u8]) -> bool {
    let colons = word.iter().filter(|octet| **octet == b':').count();
    if colons == 0 {
        return word.iter().filter(|octet| **octet == b'.').count() == 3
            && word.iter().all(|octet| octet.is_ascii_digit() || *octet == b'.')
            && word.first().is_some_and(u8::is_ascii_digit);
    }
    let compressed = word.windows(2).any(|pair| pair == b"::");
    (colons == 7 || (compressed && (2..=7).contains(&colons)))
        && word.iter().all(|octet| octet.is_ascii_hexdigit() || matches!(octet, b':' | b'.'))
}
