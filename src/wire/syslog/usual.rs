//! The lines that most devices send, read by the places at which everything stands in them.
//!
//! ```text
//! Oct 11 22:14:15 host su[12]: text                              RFC 3164
//! Mar 06 2026 12:53:01 fw1 : %ASA-6-302013: text                 Cisco ASA
//! 1045: sw1: 2210: *Oct 11 22:14:15.003 UTC: %LINK-3-UPDOWN: text    Cisco IOS
//! 2026-7-23 01:00:05.270.1 sw1 %%01IFNET/4/IF_STATE(l)[7]:text   Huawei
//! ```
//!
//! Invariant: what is read here the grammar of [`super::rfc3164`] reads the same; it is only asked what may stand where in
//! all the lines that are not like these.

use super::cursor::Cursor;
use super::device_header::sequence;
use super::timestamp::{self, Stamp};
use super::{Format, Message, Notation, key_value, mnemonic, payload, rfc5424, tag};
use crate::wire::lanes::{self, Lanes, WINDOW};

/// Octets up to which a host, a program or a process id is a usual one.
const USUAL_OCTETS_MAX: usize = 32;

/// Reads everything behind PRI. `false`: the line is not a usual one, and nothing was read.
#[inline]
pub(super) fn read<'a>(start: Cursor<'a>, message: &mut Message<'a>) -> bool {
    match start.peek() {
        Some(b'A'..=b'Z') => stamped(start, message),
        Some(b'0'..=b'9') if start.rest.get(4) == Some(&b'-') => dated(start, message),
        Some(b'0'..=b'9') => numbered(start, message),
        Some(b'd') => key_value::usual(start, message),
        _ => false,
    }
}

/// Reads `Oct 11 22:14:15 HOST ` and what follows.
#[inline(never)]
fn stamped<'a>(start: Cursor<'a>, message: &mut Message<'a>) -> bool {
    after_time(timestamp::of_device(start), false, message)
}

/// Reads `2026-10-11T22:14:15Z HOST ` and what follows.
#[inline(never)]
fn dated<'a>(start: Cursor<'a>, message: &mut Message<'a>) -> bool {
    after_time(timestamp::iso(start), true, message)
}

/// Reads what follows a time, and takes the time over if it can.
#[inline(always)]
fn after_time<'a>(time: Option<(Stamp<'a>, Cursor<'a>)>, is_iso: bool, message: &mut Message<'a>) -> bool {
    let Some((stamp, rest)) = time else { return false };
    let is_read = host_follows(rest.rest) && host_and_tag(rest.rest, is_iso, message);
    if is_read {
        message.set_time(stamp);
    }
    is_read
}

/// Whether the word behind a time can be nothing but a host: no zone, no year, no offset.
#[inline]
fn host_follows(line: &[u8]) -> bool {
    match line {
        [b' ', b'a'..=b'z', ..] => true,
        [b' ', b'0'..=b'9', _, _, _, after, ..] => !matches!(after, b' ' | b':'),
        [b' ', word @ ..] => {
            let capitals = word.iter().take_while(|octet| octet.is_ascii_uppercase()).count();
            capitals > 0
                && match word.get(capitals..) {
                    Some([b' ' | b':' | b'+', ..] | []) => false,
                    Some([b'-', after, ..]) => !after.is_ascii_digit(),
                    _ => true,
                }
        }
        _ => false,
    }
}

/// Reads ` HOST NAME[PROC-ID]: ` or ` HOST NAME: ` of the octets that almost all hosts and programs are called with, before
/// text that starts with no digit, or ` HOST ` before the name of an event or of a format.
#[inline]
fn host_and_tag<'a>(line: &'a [u8], is_after_iso: bool, message: &mut Message<'a>) -> bool {
    let mut ends = Ends::new(line);
    if ends.next() != Some(b' ') {
        return false;
    }
    let Some(host) = ends.field(b' ') else { return false };
    if !host.first().is_some_and(u8::is_ascii_alphanumeric) {
        return false;
    }
    let mut cursor = Cursor::new(line.get(ends.at..).unwrap_or_default());
    match cursor.peek() {
        Some(b'%' | b':') => {
            cursor.eat_all(b": ");
            if !(cisco_event(cursor, message) || tag::huawei_event(cursor, message)) {
                return false;
            }
        }
        _ if is_after_iso && rfc5424::follows_stamp(Cursor::new(line)) => return false,
        Some(b'C' | b'L') if let Some(format) = payload::marker(cursor) => {
            message.app_name = Some(format);
            message.content = cursor.rest;
        }
        _ => {
            let Some((name, proc_id)) = ends.name_and_proc_id() else { return false };
            message.content = line.get(ends.at..).unwrap_or_default();
            message.app_name = Some(name);
            message.proc_id = proc_id;
            tag::named_event(Cursor::new(message.content), message);
        }
    }
    message.format = Format::Rfc3164;
    message.hostname = Some(host);
    true
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
    /// The ends of the fields of `line`, none of which was passed yet.
    #[inline]
    fn new(line: &'a [u8]) -> Self {
        let [others] = lanes::bits::<WINDOW, _>(line, |lanes| [!lanes.of_name()]);
        Self { line, others, at: 0 }
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
            end = self.next()?;
        }
        let is_name = name.first().is_some_and(u8::is_ascii_alphabetic) && name.len() <= USUAL_OCTETS_MAX;
        let [b' ', text @ ..] = self.line.get(self.at..)? else { return None };
        let ended = end == b':' && !matches!(text, [b'0'..=b'9' | b' ', ..]);
        self.at += 1;
        (is_name && ended).then_some((name, proc_id))
    }
}

/// Reads `SEQUENCE: [HOST: [SEQUENCE: ]]STAMP[ ZONE]: ` before the name of an event.
#[inline(never)]
fn numbered<'a>(start: Cursor<'a>, message: &mut Message<'a>) -> bool {
    let mut cursor = start;
    let Some(mut count) = sequence(&mut cursor) else { return false };
    count = own_sequence(&mut cursor).unwrap_or(count);
    let mut host = None;
    if !matches!(cursor.rest, [b'*' | b'.', ..] | [_, _, _, b' ', ..]) {
        host = origin(&mut cursor);
        count = own_sequence(&mut cursor).unwrap_or(count);
    }
    let Some((mut stamp, rest)) = timestamp::of_device(cursor) else { return false };
    cursor = rest;
    if let Some(word) = zone(&mut cursor) {
        let Stamp::Known { time, .. } = &mut stamp else { return false };
        time.zone = Some(word);
    }
    if !(cursor.eat_all(b": ") && cisco_event(cursor, message)) {
        return false;
    }
    message.format = Format::Rfc3164;
    message.hostname = host;
    message.sequence_number = Some(count);
    message.set_time(stamp);
    true
}

/// Moves over the number that a device put before its own time, behind that of its logging process.
#[inline]
fn own_sequence(cursor: &mut Cursor<'_>) -> Option<u64> {
    if cursor.peek()?.is_ascii_digit() { sequence(cursor) } else { None }
}

/// Reads `%FACILITY-SEVERITY-MNEMONIC: `.
#[inline]
fn cisco_event<'a>(start: Cursor<'a>, message: &mut Message<'a>) -> bool {
    let Some((name, mut after)) = mnemonic::cisco(start) else { return false };
    let is_usual = after.eat_all(b": ");
    if is_usual {
        tag::set_event(message, Notation::Cisco, name, after);
    }
    is_usual
}

/// Moves over `HOST: `.
#[inline]
fn origin<'a>(cursor: &mut Cursor<'a>) -> Option<&'a [u8]> {
    let mut ahead = *cursor;
    let host = ahead.take_of(Lanes::of_name);
    let is_usual =
        host.first()?.is_ascii_alphabetic() && host.len() <= USUAL_OCTETS_MAX && ahead.eat_all(b": ");
    is_usual.then(|| {
        *cursor = ahead;
        host
    })
}

/// Moves over ` ZONE` before a colon.
#[inline]
fn zone<'a>(cursor: &mut Cursor<'a>) -> Option<&'a [u8]> {
    if let [b' ', b'A'..=b'Z', b'A'..=b'Z', b'A'..=b'Z', b':', ..] = cursor.rest {
        return cursor.take(4).get(1..);
    }
    let mut ahead = *cursor;
    if !ahead.eat(b' ') {
        return None;
    }
    let word = ahead.take_while(8, |octet| octet.is_ascii_uppercase());
    ((2..=7).contains(&word.len()) && ahead.at(b':')).then(|| {
        *cursor = ahead;
        word
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::syslog::pri::Pri;
    use crate::wire::syslog::rfc3164;
    use proptest::prelude::*;

    /// What [`read`] reads of a line behind PRI, if it is a usual one, and what the grammar does.
    fn both(line: &str) -> Option<(Message<'_>, Message<'_>)> {
        let start = Cursor::new(line.as_bytes());
        let new = || Message { pri: Pri::new(13), ..Message::unparsed(line.as_bytes()) };
        let (mut quick, mut thorough) = (new(), new());
        read(start, &mut quick).then(|| {
            rfc3164::decode(start, &mut thorough);
            (quick, thorough)
        })
    }

    fn stamp() -> impl Strategy<Value = String> {
        prop_oneof![
            Just("Oct 11 22:14:15".to_owned()),
            "(Oct|Feb|dec) ( [0-9]|[0-3][0-9])( [12][0-9]{3})? [0-2][0-9]:[0-5][0-9]:[0-6][0-9]([.,][0-9]{1,7})?",
            "[*.]Oct 11( 2026)? 22:14:15(\\.[0-9]{3})?",
            "20[0-9]{2}-[0-9]{1,2}-[0-9]{1,2}[T ][0-2][0-9]:[0-5][0-9]:[0-6][0-9](\\.[0-9]{1,6})?(\\.[0-9])?(Z|[+-][0-2][0-9]:[0-5][0-9])?",
        ]
    }

    /// Parts that usual lines and all others are made of.
    fn part() -> impl Strategy<Value = String> {
        const KNOWN: &[&str] = &[
            "last",
            "message repeated",
            "Message forwarded from",
            "CEF",
            "CEF:0|v|p|",
            "LEEF:1.0|a|b|",
            "%LINK-3-UPDOWN",
            "%ASA-6-302013",
            "%%01IFNET/4/IF_STATE(l)[5]",
            "%%10SHELL/5/SHELL_LOGIN",
            "%A-1",
            "LINK_DOWN",
            "<13>",
            "192.0.2.1",
            "2001:db8::1",
            "date=2026-10-11",
            "UTC",
            "CEST",
            "TZ-6",
            "2026",
            "1987",
            "+0100",
            "-",
            "[a",
            "SW1",
            "CORE-SW1",
            "FW",
        ];
        prop_oneof![
            proptest::sample::select(KNOWN).prop_map(str::to_owned),
            "[a-zA-Z0-9._/:-]{1,12}",
            "[a-zA-Z0-9._-]{1,40}",
            "[a-z]{1,6}",
            "[0-9]{1,8}",
            stamp(),
        ]
    }

    fn joint() -> impl Strategy<Value = &'static str> {
        proptest::sample::select(&[" ", " ", " ", ": ", ": ", "[", "]: ", "] ", ":", "  ", "=", " : "][..])
    }

    fn rest() -> impl Strategy<Value = String> {
        proptest::collection::vec((part(), joint()), 0..6)
            .prop_map(|parts| parts.into_iter().flat_map(|(part, joint)| [part, joint.to_owned()]).collect())
    }

    proptest! {
        #[test]
        fn usual_lines_are_what_the_grammar_finds(
            before in "([0-9]{1,9}: ){0,2}([a-z][a-zA-Z0-9./-]{0,9}: ([0-9]{1,4}: )?)?",
            stamp in stamp(),
            after in proptest::sample::select(&[" ", " ", " host ", " host : ", ": ", ":", " UTC: ", " CEST: ", "  "][..]),
            rest in rest(),
        ) {
            for line in [format!("{before}{stamp}{after}{rest}"), format!("{stamp}{after}{rest}")] {
                if let Some((quick, thorough)) = both(&line) {
                    prop_assert_eq!(quick, thorough, "{}", line);
                }
            }
        }
    }

    #[test]
    fn usual_lines_are_found_to_be_usual() {
        for line in [
            "Oct 11 22:14:15 host su: text",
            "Oct 11 22:14:15 host su[12]: text",
            "Oct  1 22:14:15.003 SW1 a/b.c[x-1]: ",
            "Oct 11 22:14:15 192.0.2.1 su: text",
            "Oct 11 22:14:15 CORE-SW1 su: text",
            "Oct 11 22:14:15 gw CEF:0|v|p|1|e|n|5|a=b",
            "Mar 06 2026 12:53:01 fw1 : %ASA-6-302013: Built",
            "1045: Oct 11 22:14:15.512: %LINK-3-UPDOWN: Interface",
            "1045: 2210: *Oct 11 22:14:15.512: %LINK-3-UPDOWN: Interface",
            "1045: sw1: 2210: .Oct 11 2026 22:14:15.512 CEST: %LINK-3-UPDOWN: Interface",
            "2026-7-23 01:00:05.270.1 sw1 %%01IFNET/4/IF_STATE(l)[7]:Interface",
            "2026-07-23T01:00:05.270+02:00 host sshd[7]: text",
            "date=2026-03-31 time=07:48:26 devname=\"fw1\" devid=\"FGT60F\"",
        ] {
            let (quick, thorough) = both(line).unwrap_or_else(|| panic!("{line}"));
            assert_eq!(quick, thorough, "{line}");
        }
        for line in [
            "Oct 11 22:14:15 host su: 12: x",
            "Oct 11 22:14:15 host su:  x",
            "Oct 11 22:14:15 host su text",
            "Oct 11 22:14:15 host: su: x",
            "Oct 11 22:14:15 -host su: x",
            "Oct 11 22:14:15 host 1su: x",
            "Oct 11 22:14:15 UTC su: x",
            "Oct 11 22:14:15 2026 su: x",
            "2026-07-23T01:00:05.270+02:00 host app 12 ID - x",
            "1045: Oct 32 22:14:15 UTC: %LINK-3-UPDOWN: x",
        ] {
            assert_eq!(both(line), None, "{line}");
        }
    }
}
