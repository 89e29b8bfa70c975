//! The kinds of events that devices name in front of their text: `%FACILITY-SEVERITY-MNEMONIC` of Cisco and others,
//! `%%01MODULE/SEVERITY/NAME(l)` of Huawei and Comware.
//!
//! Invariant: a name that was read has its three parts, and none of them is empty.

use super::cursor::Cursor;
use crate::base::octets;

/// Octets of a mnemonic with all its parts.
const NAME_OCTETS_MAX: usize = 128;

/// How a device names the kinds of its events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notation {
    /// `FACILITY-SEVERITY-MNEMONIC`: Cisco, and others who do as Cisco does.
    Cisco,
    /// `MODULE/SEVERITY/NAME`: Huawei, and Comware of H3C and HPE.
    Huawei,
}

/// The parts of the name of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mnemonic<'a> {
    /// How it was written.
    pub notation: Notation,
    /// FACILITY or MODULE, as `LINK`, `SNMP-SNMP`, `IFNET`.
    pub facility: &'a [u8],
    /// SEVERITY: a digit, or a letter on small switches.
    pub severity: u8,
    /// MNEMONIC or NAME, as `UPDOWN`.
    pub mnemonic: &'a [u8],
}

impl<'a> Mnemonic<'a> {
    /// The parts of `name`, which is written in `notation`.
    pub(super) fn of(notation: Notation, name: &'a [u8]) -> Option<Self> {
        let separator = match notation {
            Notation::Cisco => b'-',
            Notation::Huawei => b'/',
        };
        // Parts are short: a search of eight octets at a time would take longer.
        let next = |octets: &[u8]| octets.iter().position(|octet| *octet == separator);
        let mut from = next(name).filter(|place| *place > 0)?;
        loop {
            let rest = name.get(from..)?;
            match rest {
                [_, severity @ (b'0'..=b'7' | b'A'..=b'Z'), after, mnemonic @ ..]
                    if *after == separator && !mnemonic.is_empty() =>
                {
                    return Some(Self {
                        notation,
                        facility: name.get(..from)?,
                        severity: *severity,
                        mnemonic,
                    });
                }
                _ => from += 1 + next(rest.get(1..)?)?,
            }
        }
    }
}

/// Reads `%FACILITY-SEVERITY-MNEMONIC` and moves to the octet behind it: SP, `:` or the end.
///
/// FACILITY may have parts (`%SNMP-SNMP-3-AUTH_FAIL`); SEVERITY is a digit, or a letter on small switches.
pub(super) fn cisco<'a>(start: Cursor<'a>) -> Option<(&'a [u8], Cursor<'a>)> {
    let mut cursor = start;
    if !cursor.eat(b'%') {
        return None;
    }
    let name = cursor.take_before(octets::not_of_name);
    let is_name = name.first().is_some_and(u8::is_ascii_alphanumeric) && name.len() <= NAME_OCTETS_MAX;
    if !is_name || !(cursor.at_field_end() || cursor.at(b':')) {
        return None;
    }
    Mnemonic::of(Notation::Cisco, name).map(|_| (name, cursor))
}

/// What [`huawei`] reads: the name, the count of the log that stands in brackets, what follows the colon.
pub(super) type Huawei<'a> = (&'a [u8], Option<u64>, Cursor<'a>);

/// Reads `%%01IFNET/4/IF_STATE(l)[4997]:`: two digits of a version, the name, what kind of log it is, its number. The
/// last two may be missing.
pub(super) fn huawei<'a>(start: Cursor<'a>) -> Option<Huawei<'a>> {
    let mut cursor = start;
    if !cursor.eat_all(b"%%") {
        return None;
    }
    cursor.number(2, 2)?;
    let name = cursor.take_while(NAME_OCTETS_MAX, |octet| {
        octet.is_ascii_alphanumeric() || matches!(octet, b'_' | b'-' | b'/')
    });
    Mnemonic::of(Notation::Huawei, name)?;
    if cursor.eat(b'(') {
        cursor.take_while(8, |octet| octet.is_ascii_alphanumeric());
        if !cursor.eat(b')') {
            return None;
        }
    }
    let mut count = None;
    if cursor.eat(b'[') {
        count = Some(u64::from(cursor.number(1, 9)?));
        if !cursor.eat(b']') {
            return None;
        }
    }
    cursor.eat(b':').then_some((name, count, cursor))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(notation: Notation, name: &str) -> Option<(String, char, String)> {
        let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
        Mnemonic::of(notation, name.as_bytes())
            .map(|found| (text(found.facility), char::from(found.severity), text(found.mnemonic)))
    }

    fn row(facility: &str, severity: char, mnemonic: &str) -> Option<(String, char, String)> {
        Some((facility.to_owned(), severity, mnemonic.to_owned()))
    }

    #[test]
    fn parts_of_names() {
        assert_eq!(parts(Notation::Cisco, "LINK-3-UPDOWN"), row("LINK", '3', "UPDOWN"));
        assert_eq!(parts(Notation::Cisco, "SNMP-SNMP-3-AUTH_FAIL"), row("SNMP-SNMP", '3', "AUTH_FAIL"));
        assert_eq!(parts(Notation::Cisco, "ASA-config-5-111008"), row("ASA-config", '5', "111008"));
        assert_eq!(parts(Notation::Cisco, "SNMP-W-SNMPAUTHFAIL"), row("SNMP", 'W', "SNMPAUTHFAIL"));
        assert_eq!(parts(Notation::Cisco, "X-5-A-B"), row("X", '5', "A-B"));
        assert_eq!(parts(Notation::Huawei, "IFNET/4/IF_STATE"), row("IFNET", '4', "IF_STATE"));
        for other in ["", "-", "A", "A-3", "A-3-", "-3-B", "A-33-B", "A-8-B", "A--3", "DAEMON-4", "A-b-C"] {
            assert_eq!(parts(Notation::Cisco, other), None, "{other}");
        }
    }

    #[test]
    fn names_end_where_they_end() {
        let read =
            |text: &'static str| cisco(Cursor::new(text.as_bytes())).map(|(name, after)| (name, after.rest));
        assert_eq!(read("%LINK-3-UPDOWN: x"), Some((&b"LINK-3-UPDOWN"[..], &b": x"[..])));
        assert_eq!(read("%LINK-3-UPDOWN : x"), Some((&b"LINK-3-UPDOWN"[..], &b" : x"[..])));
        assert_eq!(read("%ASA-4-401004 x"), Some((&b"ASA-4-401004"[..], &b" x"[..])));
        for other in ["LINK-3-UPDOWN:", "%LINK-3-UP,", "%-3-A:", "% LINK-3-A:", "%ASA: x", "%100-5: x"] {
            assert_eq!(read(other), None, "{other}");
        }
        let read = |text: &'static str| {
            huawei(Cursor::new(text.as_bytes())).map(|(name, count, after)| (name, count, after.rest))
        };
        assert_eq!(
            read("%%01IFNET/4/IF_STATE(l)[4997]:x"),
            Some((&b"IFNET/4/IF_STATE"[..], Some(4_997), &b"x"[..]))
        );
        assert_eq!(read("%%10SHELL/5/SHELL_LOGIN: x"), Some((&b"SHELL/5/SHELL_LOGIN"[..], None, &b" x"[..])));
        for other in
            ["%%1IFNET/4/A: x", "%% It's time", "%%01IFNET/4/A(l)[x]:", "%%01IFNET/4/A(l x", "%%01IFNET/4/A"]
        {
            assert_eq!(read(other), None, "{other}");
        }
    }
}
