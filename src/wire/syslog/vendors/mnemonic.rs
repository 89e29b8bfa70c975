//! Names of events in parts: facility or module, severity, mnemonic.
//!
//! Invariant: a name that was read has its three parts, and none of them is empty.

use crate::wire::lanes::{self, Lanes};

/// Octets of a name with all its parts.
pub(super) const NAME_OCTETS_MAX: usize = 128;

/// How a vendor names the kinds of its events.
#[derive(Clone, Copy)]
pub struct Notation {
    /// The vendor, as the member of `enriched_data` is called that holds the parts.
    pub vendor: &'static str,
    /// What the vendor calls the three parts, in the order facility, severity, mnemonic.
    pub members: [&'static str; 3],
    /// Divides a name into the three parts.
    pub(super) split: for<'a> fn(&'a [u8]) -> Option<[&'a [u8]; 3]>,
}

impl std::fmt::Debug for Notation {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_tuple("Notation").field(&self.vendor).finish()
    }
}

impl PartialEq for Notation {
    fn eq(&self, other: &Self) -> bool {
        self.vendor == other.vendor
    }
}

impl Eq for Notation {}

/// The parts of the name of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mnemonic<'a> {
    /// How it was written.
    pub notation: Notation,
    /// FACILITY or MODULE, as `LINK`, `SNMP-SNMP`, `IFNET`.
    pub facility: &'a [u8],
    /// SEVERITY: a digit; a letter on small switches; a word of NetApp.
    pub severity: &'a [u8],
    /// MNEMONIC or NAME, as `UPDOWN`.
    pub mnemonic: &'a [u8],
}

impl<'a> Mnemonic<'a> {
    /// The parts of `name`, which is written in `notation`.
    pub(in crate::wire::syslog) fn of(notation: Notation, name: &'a [u8]) -> Option<Self> {
        let [facility, severity, mnemonic] = (notation.split)(name)?;
        Some(Self { notation, facility, severity, mnemonic })
    }
}

/// A digit, or a letter on small switches.
#[inline]
fn is_severity(octet: u8) -> bool {
    matches!(octet, b'0'..=b'7' | b'A'..=b'Z')
}

/// The parts of `name`, which `separator` divides; the severity is one octet.
pub(super) fn split_at_severity(name: &[u8], separator: u8) -> Option<[&[u8]; 3]> {
    let place = severity_place(name, separator)?;
    Some([name.get(..place - 1)?, name.get(place..=place)?, name.get(place + 2..)?])
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
#[inline]
pub(super) fn name_octets(text: &[u8], separator: u8) -> Option<usize> {
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
#[cold]
#[inline(never)]
fn far_name_octets(text: &[u8], separator: u8) -> Option<usize> {
    let octets = lanes::count_of(text.get(..NAME_OCTETS_MAX + 1).unwrap_or(text), Lanes::of_name);
    severity_place(text.get(..octets)?, separator)?;
    (octets <= NAME_OCTETS_MAX).then_some(octets)
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

    fn parts(name: &str, separator: u8) -> Option<[String; 3]> {
        let parts = split_at_severity(name.as_bytes(), separator)?;
        Some(parts.map(|part| String::from_utf8_lossy(part).into_owned()))
    }

    #[test]
    fn a_name_is_divided_at_its_severity() {
        for (name, separator, expected) in [
            ("LINK-3-UPDOWN", b'-', ["LINK", "3", "UPDOWN"]),
            ("SNMP-SNMP-3-AUTH_FAIL", b'-', ["SNMP-SNMP", "3", "AUTH_FAIL"]),
            ("ASA-config-5-111008", b'-', ["ASA-config", "5", "111008"]),
            ("SNMP-W-SNMPAUTHFAIL", b'-', ["SNMP", "W", "SNMPAUTHFAIL"]),
            ("X-5-A-B", b'-', ["X", "5", "A-B"]),
            ("IFNET/4/IF_STATE", b'/', ["IFNET", "4", "IF_STATE"]),
        ] {
            assert_eq!(parts(name, separator), Some(expected.map(str::to_owned)), "{name}");
        }
        for other in ["", "-", "A", "A-3", "A-3-", "-3-B", "A-33-B", "A-8-B", "A--3", "DAEMON-4", "A-b-C"] {
            assert_eq!(parts(other, b'-'), None, "{other}");
        }
    }
}
