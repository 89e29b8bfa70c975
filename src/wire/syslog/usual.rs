//! The lines that most devices send, read by the places at which everything stands in them.
//!
//! ```text
//! Oct 11 22:14:15 host su[12]: text                              RFC 3164
//! Mar 06 2026 12:53:01 fw1 : %ASA-6-302013: text                 Cisco ASA
//! 1045: sw1: 2210: *Oct 11 22:14:15.003 UTC: %LINK-3-UPDOWN: text    Cisco IOS
//! 2026-7-23 01:00:05.270.1 sw1 %%01IFNET/4/IF_STATE(l)[7]:text   Huawei
//! ```
//!
//! A kind of lines is read by one function into which all that reads their parts is inlined, which writes what it found into the
//! message at once and is the last that is called: a third of the time went into moving results and saving registers else.
//!
//! Invariant: what is read here the grammar of [`super::rfc3164`] reads the same; it is only asked what may stand where in
//! all the lines that are not like these.

use super::cursor::Cursor;
use super::usual_time::{self, UsualTime};
use super::{Format, Message, Notation, Notes, key_value, mnemonic, payload, pri, rfc5424, tag};
use crate::base::digits;
use crate::wire::lanes::{self, Lanes, WINDOW};

/// Octets up to which a host, a program or a process id is a usual one.
const USUAL_OCTETS_MAX: usize = 32;

/// Reads the line that is the content of `message`, of which nothing else is known; `otherwise` reads it if it is not a
/// usual one.
///
/// Content is the last field that changes: to `otherwise` it is still the line, whatever the other fields say.
#[inline]
pub(super) fn read<'a>(message: &mut Message<'a>, otherwise: impl FnOnce(&mut Message<'a>)) {
    let Some((pri, rest)) = pri::usual(message.content) else { return otherwise(message) };
    message.pri = Some(pri);
    let start = Cursor::new(rest);
    match start.peek() {
        Some(b'1') if let [_, b' ', rest @ ..] = rest => versioned(Cursor::new(rest), message, otherwise),
        Some(b'A'..=b'Z') => stamped(start, message, otherwise),
        Some(b'0'..=b'9') if rest.get(4) == Some(&b'-') => dated(start, message, otherwise),
        Some(b'0'..=b'9') => numbered(start, message, otherwise),
        Some(b'd') => pairs(start, message, otherwise),
        _ => otherwise(message),
    }
}

/// Reads what follows version 1 of RFC 5424.
#[inline(never)]
fn versioned<'a>(start: Cursor<'a>, message: &mut Message<'a>, otherwise: impl FnOnce(&mut Message<'a>)) {
    if !rfc5424::usual(start, message) {
        return otherwise(message);
    }
    super::text_of_rfc5424(message);
    if message.hostname.is_none() {
        message.notes.insert(Notes::HOSTNAME_ABSENT);
    }
}

/// Reads `Oct 11 22:14:15 HOST ` and what follows.
#[inline(never)]
fn stamped<'a>(start: Cursor<'a>, message: &mut Message<'a>, otherwise: impl FnOnce(&mut Message<'a>)) {
    if !after_time(usual_time::of_device(start), false, message) {
        otherwise(message);
    }
}

/// Reads `2026-10-11T22:14:15Z HOST ` and what follows.
#[inline(never)]
fn dated<'a>(start: Cursor<'a>, message: &mut Message<'a>, otherwise: impl FnOnce(&mut Message<'a>)) {
    if !after_time(usual_time::iso(start), true, message) {
        otherwise(message);
    }
}

/// Reads `SEQUENCE: ` and what Cisco devices write behind it.
#[inline(never)]
fn numbered<'a>(start: Cursor<'a>, message: &mut Message<'a>, otherwise: impl FnOnce(&mut Message<'a>)) {
    if after_sequence(start, message).is_none() {
        otherwise(message);
    }
}

/// Reads a line that consists of pairs.
#[inline(never)]
fn pairs<'a>(start: Cursor<'a>, message: &mut Message<'a>, otherwise: impl FnOnce(&mut Message<'a>)) {
    if !key_value::usual(start, message) {
        otherwise(message);
    }
}

/// Reads what follows a time, and takes the time over if it can.
#[inline(always)]
fn after_time<'a>(
    time: Option<(UsualTime<'a>, Cursor<'a>)>,
    is_iso: bool,
    message: &mut Message<'a>,
) -> bool {
    let Some((time, rest)) = time else { return false };
    message.set_usual_time(time);
    let Some(text) = host_and_rest(rest.rest) else { return false };
    let iso_end = is_iso.then_some(rest);
    host_and_tag::<{ WINDOW / 2 }>(text, iso_end, message) || long_host_and_tag(text, iso_end, message)
}

/// [`host_and_tag`] of names that are longer than almost all are.
#[inline(never)]
fn long_host_and_tag<'a>(text: &'a [u8], iso_end: Option<Cursor<'a>>, message: &mut Message<'a>) -> bool {
    host_and_tag::<WINDOW>(text, iso_end, message)
}

/// What stands behind the space behind a time, if its first word can be nothing but a host: no zone, no year, no offset.
#[inline]
fn host_and_rest(line: &[u8]) -> Option<&[u8]> {
    let [b' ', text @ ..] = line else { return None };
    let is_host = match text {
        [b'a'..=b'z', ..] => true,
        [b'0'..=b'9', _, _, _, after, ..] => !matches!(after, b' ' | b':'),
        _ => {
            let capitals = text.iter().take_while(|octet| octet.is_ascii_uppercase()).count();
            capitals > 0
                && match text.get(capitals..) {
                    Some([b' ' | b':' | b'+', ..] | []) => false,
                    Some([b'-', after, ..]) => !after.is_ascii_digit(),
                    _ => true,
                }
        }
    };
    is_host.then_some(text)
}

/// Reads `HOST NAME[PROC-ID]: ` or `HOST NAME: ` of the octets that almost all hosts and programs are called with, before
/// text that starts with no digit, or `HOST ` before the name of an event or of a format. `iso_end` is the end of an ISO
/// time before it.
#[inline(always)]
fn host_and_tag<'a, const OCTETS: usize>(
    text: &'a [u8],
    iso_end: Option<Cursor<'a>>,
    message: &mut Message<'a>,
) -> bool {
    let mut ends = Ends::new::<OCTETS>(text);
    let Some(host) = ends.field(b' ') else { return false };
    message.format = Format::Rfc3164;
    message.hostname = Some(host);
    let rest = text.get(ends.at..).unwrap_or_default();
    match rest {
        [b'%', b'%', ..] => tag::huawei_event(Cursor::new(rest), message),
        [b'%', ..] => cisco_event(Cursor::new(rest), message),
        [b':', b' ', rest @ ..] => cisco_event(Cursor::new(rest), message),
        _ if iso_end.is_some_and(rfc5424::follows_stamp) => false,
        [b'C' | b'L', ..] if let Some(format) = payload::marker(Cursor::new(rest)) => {
            message.app_name = Some(format);
            message.content = rest;
            true
        }
        _ => {
            let Some((name, proc_id)) = ends.name_and_proc_id() else { return false };
            message.content = text.get(ends.at..).unwrap_or_default();
            message.app_name = Some(name);
            message.proc_id = proc_id;
            tag::named_event(Cursor::new(message.content), message);
            true
        }
    }
}

/// The octets of a line that end its fields.
struct Ends<'a> {
    line: &'a [u8],
    /// Octets of the window that no usual name has, behind the last end.
    others: u64,
    /// The place behind the last end.
    at: usize,
}

impl<'a> Ends<'a> {
    /// The ends of the fields among the first `OCTETS` of `line`, none of which was passed yet.
    #[inline]
    fn new<const OCTETS: usize>(line: &'a [u8]) -> Self {
        let [of_name] = lanes::bits::<OCTETS, _>(line, |lanes| [lanes.of_name()]);
        Self { line, others: !of_name, at: 0 }
    }

    /// Moves behind the next end, and gives it. The octet behind the window counts as one: either it is, or it is none
    /// that is asked for.
    #[inline]
    fn next(&mut self) -> Option<u8> {
        let place = self.others.trailing_zeros() as usize;
        self.others &= self.others.wrapping_sub(1);
        self.at = place + 1;
        self.line.get(place).copied()
    }

    /// Moves behind the next end, if it is `end`, and gives the field before it, if it is neither empty nor long.
    #[inline]
    fn field(&mut self, end: u8) -> Option<&'a [u8]> {
        let from = self.at;
        let found = self.next()?;
        let field = self.line.get(from..self.at - 1)?;
        (found == end && (1..=USUAL_OCTETS_MAX).contains(&field.len())).then_some(field)
    }

    /// Moves over `NAME[PROC-ID]: ` or `NAME: `.
    #[inline]
    fn name_and_proc_id(&mut self) -> Option<(&'a [u8], Option<&'a [u8]>)> {
        let from = self.at;
        let mut end = self.next()?;
        let name = self.line.get(from..self.at - 1)?;
        let mut proc_id = None;
        if end == b'[' {
            proc_id = Some(self.field(b']')?);
            let behind = self.at;
            end = self.next()?;
            if self.at != behind + 1 {
                return None;
            }
        }
        let is_name = name.first().is_some_and(u8::is_ascii_alphabetic) && name.len() <= USUAL_OCTETS_MAX;
        let [b' ', text @ ..] = self.line.get(self.at..)? else { return None };
        let ended = end == b':' && !matches!(text, [b'0'..=b'9' | b' ', ..]);
        self.at += 1;
        (is_name && ended).then_some((name, proc_id))
    }
}

/// Reads `SEQUENCE: [HOST: [SEQUENCE: ]]STAMP[ ZONE]: ` before the name of an event.
#[inline(always)]
fn after_sequence<'a>(start: Cursor<'a>, message: &mut Message<'a>) -> Option<()> {
    let (mut count, mut cursor) = sequence(start)?;
    // A device puts its own number before its time, a relay another before all.
    if is_at_digit(cursor) {
        (count, cursor) = sequence(cursor)?;
    }
    message.format = Format::Rfc3164;
    if matches!(cursor.rest, [b'*' | b'.', ..] | [_, _, _, b' ', ..]) {
        message.notes.insert(Notes::HOSTNAME_ABSENT);
    } else {
        let (host, rest) = origin(cursor)?;
        message.hostname = Some(host);
        cursor = rest;
        if is_at_digit(cursor) {
            (count, cursor) = sequence(cursor)?;
        }
    }
    message.sequence_number = Some(u64::from(digits::eight_digits(count)));
    let (usual, rest) = usual_time::of_device(cursor)?;
    message.set_usual_time(usual);
    let (zone, event) = zone(rest.rest)?;
    if let Some(time) = &mut message.timestamp {
        time.zone = zone;
    }
    cisco_event(event, message).then_some(())
}

#[inline(always)]
fn is_at_digit(cursor: Cursor<'_>) -> bool {
    cursor.peek().is_some_and(|octet| octet.is_ascii_digit())
}

/// Reads `123: `, of at most eight digits: their values for [`digits::eight_digits`], and what follows.
#[inline(always)]
fn sequence(start: Cursor<'_>) -> Option<(u64, Cursor<'_>)> {
    let (values, count) = digits::leading_digits(start.rest.first_chunk()?);
    let rest = Cursor::new(start.rest.get(count..)?).behind_colon()?;
    (count > 0).then_some((values, rest))
}

/// Reads `%FACILITY-SEVERITY-MNEMONIC: `.
#[inline]
fn cisco_event<'a>(start: Cursor<'a>, message: &mut Message<'a>) -> bool {
    let Some((name, after)) = mnemonic::usual_cisco(start) else { return false };
    tag::set_event(message, Notation::Cisco, name, after);
    true
}

/// Reads `HOST: `, and gives what follows as well.
#[inline(always)]
fn origin(start: Cursor<'_>) -> Option<(&[u8], Cursor<'_>)> {
    let (host, rest) = start.rest.split_at_checked(lanes::count_of(start.rest, Lanes::of_name))?;
    let is_usual = (host.first()? | 0x20).is_ascii_lowercase() && host.len() <= USUAL_OCTETS_MAX;
    let rest = Cursor::new(rest).behind_colon()?;
    is_usual.then_some((host, rest))
}

/// Reads ` ZONE: ` or `: `, and gives what follows as well.
#[inline(always)]
fn zone(text: &[u8]) -> Option<(Option<&[u8]>, Cursor<'_>)> {
    if let Some(behind) = Cursor::new(text).behind_colon() {
        return Some((None, behind));
    }
    if let Some((word, rest)) = text.split_first_chunk()
        && is_short_zone(word)
        && let Some(behind) = Cursor::new(rest).behind_colon()
    {
        return Some((word.get(1..), behind));
    }
    other_zone(text)
}

/// Whether `word` is a space and three capital letters.
#[inline(always)]
fn is_short_zone(word: &[u8; 4]) -> bool {
    // A space is nothing then, and A to Z are 0 to 25; of other octets one at least gets the highest bit here, or below.
    let letters = (u32::from_le_bytes(*word) ^ u32::from_le_bytes(*b" @@@")).wrapping_sub(0x0101_0100);
    (letters | letters.wrapping_add(0x6666_6600)) & 0x8080_80FF == 0
}

/// [`zone`] of a word of any length.
#[inline(never)]
fn other_zone(text: &[u8]) -> Option<(Option<&[u8]>, Cursor<'_>)> {
    let mut cursor = Cursor::new(text);
    let word = if cursor.eat(b' ') { cursor.take_while(8, |octet| octet.is_ascii_uppercase()) } else { b"" };
    ((2..=7).contains(&word.len()) && cursor.eat_all(b": ")).then_some((Some(word), cursor))
}

#[cfg(test)]
#[path = "usual_tests.rs"]
mod tests;
