//! The kinds of events that devices name in front of their text: `%FACILITY-SEVERITY-MNEMONIC` of Cisco and others,
//! `%%01MODULE/SEVERITY/NAME(l)` of Huawei and Comware.
//!
//! Invariant: a name that was read has its three parts, and none of them is empty.

use super::cursor::Cursor;
use crate::wire::lanes::{self, Lanes};

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

impl Notation {
    /// What stands between the parts.
    fn separator(self) -> u8 {
        match self {
            Self::Cisco => b'-',
            Self::Huawei => b'/',
        }
    }
}

impl<'a> Mnemonic<'a> {
    /// The parts of `name`, which is written in `notation`.
    pub(super) fn of(notation: Notation, name: &'a [u8]) -> Option<Self> {
        let place = severity_place(name, notation.separator())?;
        Some(Self {
            notation,
            facility: name.get(..place - 1)?,
            severity: *name.get(place)?,
            mnemonic: name.get(place + 2..)?,
        })
    }
}

/// A digit, or a letter on small switches.
#[inline]
fn is_severity(octet: u8) -> bool {
    matches!(octet, b'0'..=b'7' | b'A'..=b'Z')
}

/// The place of the severity in `name`.
fn severity_place(name: &[u8], separator: u8) -> Option<usize> {
    // Parts are short: a search of many octets at a time would take longer.
    let next = |octets: &[u8]| octets.iter().position(|octet| *octet == separator);
    let mut from = next(name).filter(|place| *place > 0)?;
    loop {
        let rest = name.get(from..)?;
        match rest {
            [_, severity, after, _, ..] if *after == separator && is_severity(*severity) => {
                return Some(from + 1);
            }
            _ => from += 1 + next(rest.get(1..)?)?,
        }
    }
}

/// The number of octets at the start of `text` that names are made of, if they are the name of an event: parts between
/// `separator`, of which one is a severity.
#[inline(always)]
fn name_octets(text: &[u8], separator: u8) -> Option<usize> {
    const NEAR: usize = 32;
    let [of_name, separators] =
        lanes::bits::<NEAR, _>(text, |lanes| [lanes.of_name(), lanes.equal(separator)]);
    // The ones before the first zero.
    let name = of_name & !(of_name + 1);
    let octets = name.trailing_ones() as usize;
    if octets >= NEAR {
        return far_name_octets(text, separator);
    }
    // The first separator must have something before it, the second something behind it, and one octet between them.
    let mut pairs = separators & separators >> 2 & name >> 3;
    while pairs != 0 && separators & 1 == 0 {
        if is_severity(*text.get(pairs.trailing_zeros() as usize + 1)?) {
            return Some(octets);
        }
        pairs &= pairs - 1;
    }
    None
}

/// [`name_octets`] of a long name.
#[inline(never)]
fn far_name_octets(text: &[u8], separator: u8) -> Option<usize> {
    let octets = lanes::count_of(text.get(..NAME_OCTETS_MAX + 1).unwrap_or(text), Lanes::of_name);
    severity_place(text.get(..octets)?, separator)?;
    (octets <= NAME_OCTETS_MAX).then_some(octets)
}

/// Reads `%FACILITY-SEVERITY-MNEMONIC` and moves to the octet behind it: SP, `:` or the end.
///
/// FACILITY may have parts (`%SNMP-SNMP-3-AUTH_FAIL`); SEVERITY is a digit, or a letter on small switches.
#[inline]
pub(super) fn cisco<'a>(start: Cursor<'a>) -> Option<(&'a [u8], Cursor<'a>)> {
    let mut cursor = start;
    if !(cursor.eat(b'%') && cursor.peek()?.is_ascii_alphanumeric()) {
        return None;
    }
    let name = cursor.take(name_octets(cursor.rest, b'-')?);
    (cursor.at_field_end() || cursor.at(b':')).then_some((name, cursor))
}

/// [`cisco`] of a name that `: ` follows; moves behind it.
#[inline]
pub(super) fn usual_cisco(start: Cursor<'_>) -> Option<(&[u8], Cursor<'_>)> {
    let [b'%', text @ ..] = start.rest else { return None };
    if !text.first()?.is_ascii_alphanumeric() {
        return None;
    }
    let (name, rest) = text.split_at_checked(name_octets(text, b'-')?)?;
    Cursor::new(rest).behind_colon().map(|behind| (name, behind))
}

/// What [`huawei`] reads: the name, the count of the log that stands in brackets, what follows the colon.
pub(super) type Huawei<'a> = (&'a [u8], Option<u64>, Cursor<'a>);

/// Reads `%%01IFNET/4/IF_STATE(l)[4997]:`: two digits of a version, the name, what kind of log it is, its number. The
/// last two may be missing.
#[inline(always)]
pub(super) fn huawei<'a>(start: Cursor<'a>) -> Option<Huawei<'a>> {
    let [b'%', b'%', b'0'..=b'9', b'0'..=b'9', text @ ..] = start.rest else { return None };
    let (name, rest) = text.split_at_checked(name_octets(text, b'/')?)?;
    let rest = match rest {
        // Most have one letter.
        [b'(', b'a'..=b'z' | b'A'..=b'Z', b')', rest @ ..] => rest,
        [b'(', ..] => after_kind(rest)?,
        _ => rest,
    };
    match rest {
        [b':', rest @ ..] => Some((name, None, Cursor::new(rest))),
        [b'[', rest @ ..] => {
            let mut cursor = Cursor::new(rest);
            let count = cursor.count()?;
            cursor.eat_all(b"]:").then_some((name, Some(count), cursor))
        }
        _ => None,
    }
}

/// Moves over what kind of log it is, in parentheses.
#[inline(never)]
fn after_kind(text: &[u8]) -> Option<&[u8]> {
    let mut cursor = Cursor::new(text);
    cursor.take(1);
    cursor.take_while(8, |octet| octet.is_ascii_alphanumeric());
    cursor.eat(b')').then_some(cursor.rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn names_of_any_length_have_their_parts(
            parts in proptest::collection::vec("[A-Z0-9_a-z.]{0,12}|[0-9A-Z]|[A-Z]{30,50}", 1..7),
            separator in prop_oneof![Just('-'), Just('/')],
            after in prop_oneof![Just(""), Just(" "), Just(": text that is longer than a window of lanes"), Just("|")],
        ) {
            let name = parts.join(&separator.to_string());
            let text = format!("{name}{after}");
            let separator = u8::try_from(separator).unwrap_or(0);
            let found = name_octets(text.as_bytes(), separator);
            let is_name = name.len() <= NAME_OCTETS_MAX && severity_place(name.as_bytes(), separator).is_some();
            prop_assert_eq!(found, is_name.then_some(name.len()));
        }
    }

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
