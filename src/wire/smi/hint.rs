//! DISPLAY-HINT (RFC 2579 3.1): parsed once, applied to many values.

use std::fmt::Write as _;

use crate::wire::smi::MeaningText;
use crate::wire::smi::octets::number;

/// Most octet-format specifications of a hint; those of RFCs have at most 11.
const SPECS_MAX: usize = 16;

/// Most octets that one specification may take: the longest octet string (RFC 2578 7.1.2).
const LENGTH_MAX: u32 = 65_535;

/// Most digits behind the decimal point of an integer hint.
const DECIMALS_MAX: u8 = 20;

/// How the octets of a part are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Decimal,
    Hexadecimal,
    Octal,
    Text,
}

/// One octet-format specification (RFC 2579 3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Spec {
    /// `*`: the first octet says how often the rest is applied.
    is_repeated: bool,
    /// Octets taken.
    length: u16,
    format: Format,
    /// Written after each part that is not the last.
    separator: Option<u8>,
    /// Written after the last repetition.
    terminator: Option<u8>,
}

/// A DISPLAY-HINT for octets (RFC 2579 3.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OctetHint {
    specs: [Spec; SPECS_MAX],
    /// How many of `specs` there are, at least one.
    count: usize,
}

impl OctetHint {
    /// Parses a hint for octets (RFC 2579 3.1); `None` for what is none, and for one that is longer than any of use.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let filler = Spec {
            is_repeated: false,
            length: 1,
            format: Format::Hexadecimal,
            separator: None,
            terminator: None,
        };
        let mut hint = Self { specs: [filler; SPECS_MAX], count: 0 };
        let mut rest = text.as_bytes();
        while !rest.is_empty() {
            *hint.specs.get_mut(hint.count)? = spec(&mut rest)?;
            hint.count += 1;
        }
        // The last one is applied until nothing is left, so it must take something.
        let last = hint.specs.get(hint.count.checked_sub(1)?)?;
        (last.length > 0 || last.is_repeated).then_some(hint)
    }

    /// Whether it says of all octets that they are text (RFC 2579 3.1).
    #[must_use]
    pub fn is_text(&self) -> bool {
        let specs = self.specs.get(..self.count).unwrap_or_default();
        specs.iter().all(|spec| spec.format == Format::Text && spec.separator.is_none() && !spec.is_repeated)
    }

    /// Writes `octets` as the hint says (RFC 2579 3.1); `false` when they do not fit it, or it does not fit `out`.
    #[must_use]
    pub fn apply(&self, octets: &[u8], out: &mut MeaningText) -> bool {
        let mut rest = octets;
        let mut place = 0;
        while !rest.is_empty() {
            let Some(spec) = self.specs.get(place) else { return false };
            // Every turn writes, or takes, or goes on to the next specification: it ends.
            if !spec.apply(&mut rest, out) {
                return false;
            }
            place = (place + 1).min(self.count.saturating_sub(1));
        }
        true
    }
}

impl Spec {
    /// Applies one specification to the start of `rest`.
    fn apply(&self, rest: &mut &[u8], out: &mut MeaningText) -> bool {
        let mut times = 1;
        if self.is_repeated {
            let Some((count, after)) = rest.split_first() else { return false };
            times = usize::from(*count);
            *rest = after;
        }
        for turn in 1..=times {
            if rest.is_empty() && self.length > 0 {
                break;
            }
            let length = usize::from(self.length).min(rest.len());
            let Some((part, after)) = rest.split_at_checked(length) else { return false };
            *rest = after;
            let is_ended = turn == times && self.terminator.is_some();
            let separator = self.separator.filter(|_| !is_ended && !rest.is_empty());
            if !self.format.write(part, out) || !separator.is_none_or(|octet| out.push(&[octet])) {
                return false;
            }
        }
        !matches!(self.terminator.filter(|_| !rest.is_empty()), Some(octet) if !out.push(&[octet]))
    }
}

impl Format {
    /// Writes one part.
    fn write(self, part: &[u8], out: &mut MeaningText) -> bool {
        match self {
            _ if part.is_empty() => true,
            Self::Text => out.push(part),
            Self::Hexadecimal => part.iter().all(|octet| write!(out, "{octet:02x}").is_ok()),
            _ if part.len() > 8 => false,
            Self::Decimal => write!(out, "{}", number(part)).is_ok(),
            Self::Octal => write!(out, "{:o}", number(part)).is_ok(),
        }
    }
}

/// Reads one specification from the start of `rest`.
fn spec(rest: &mut &[u8]) -> Option<Spec> {
    let is_repeated = rest.first() == Some(&b'*');
    let mut at = usize::from(is_repeated);
    let mut length: Option<u32> = None;
    while let Some(digit) = rest.get(at).filter(|octet| octet.is_ascii_digit()) {
        let longer = length.unwrap_or(0) * 10 + u32::from(digit - b'0');
        length = Some(longer).filter(|length| *length <= LENGTH_MAX);
        length?;
        at += 1;
    }
    let format = match rest.get(at)? {
        b'd' => Format::Decimal,
        b'x' => Format::Hexadecimal,
        b'o' => Format::Octal,
        b'a' | b't' => Format::Text,
        _ => return None,
    };
    at += 1;
    let mut extra = || {
        let octet = *rest.get(at).filter(|octet| !octet.is_ascii_digit() && **octet != b'*')?;
        at += 1;
        Some(octet)
    };
    let separator = extra();
    let terminator = separator.filter(|_| is_repeated).and_then(|_| extra());
    let spec = Spec { is_repeated, length: u16::try_from(length?).ok()?, format, separator, terminator };
    *rest = rest.get(at..)?;
    Some(spec)
}

/// A DISPLAY-HINT for numbers (RFC 2579 3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IntegerHint {
    /// `d-N`: so many digits stand behind a decimal point.
    Decimals(u8),
    /// `x`.
    Hexadecimal,
    /// `o`.
    Octal,
    /// `b`.
    Binary,
}

impl IntegerHint {
    /// Parses a hint for numbers (RFC 2579 3.1). `d` alone says nothing and is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "x" => Some(Self::Hexadecimal),
            "o" => Some(Self::Octal),
            "b" => Some(Self::Binary),
            _ => {
                let decimals = text.strip_prefix("d-")?.parse().ok()?;
                (1..=DECIMALS_MAX).contains(&decimals).then_some(Self::Decimals(decimals))
            }
        }
    }

    /// Writes `number` (RFC 2579 3.1); `false` when it does not fit `out`.
    #[must_use]
    pub fn apply(self, number: i128, out: &mut MeaningText) -> bool {
        let sign = if number < 0 { "-" } else { "" };
        let size = number.unsigned_abs();
        match self {
            Self::Hexadecimal => write!(out, "{sign}0x{size:x}").is_ok(),
            Self::Octal => write!(out, "{sign}0o{size:o}").is_ok(),
            Self::Binary => write!(out, "{sign}0b{size:b}").is_ok(),
            Self::Decimals(decimals) => {
                let unit = 10_u128.pow(u32::from(decimals.min(DECIMALS_MAX)));
                let width = usize::from(decimals);
                write!(out, "{sign}{}.{:0width$}", size / unit, size % unit).is_ok()
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn octets(hint: &str, octets: &[u8]) -> Option<String> {
        let mut out = MeaningText::default();
        let is_meant = OctetHint::parse(hint).unwrap().apply(octets, &mut out);
        is_meant.then(|| String::from_utf8(out.as_bytes().to_vec()).unwrap())
    }

    fn integer(hint: &str, number: i128) -> Option<String> {
        let mut out = MeaningText::default();
        IntegerHint::parse(hint)?
            .apply(number, &mut out)
            .then(|| String::from_utf8_lossy(out.as_bytes()).into_owned())
    }

    #[test]
    fn hints_of_rfcs() {
        let mac = [0, 0x11, 0x22, 0xAA, 0xBB, 0xCC];
        assert_eq!(octets("1x:", &mac).as_deref(), Some("00:11:22:aa:bb:cc"), "PhysAddress");
        assert_eq!(octets("1d.1d.1d.1d", &[192, 0, 2, 1]).as_deref(), Some("192.0.2.1"), "InetAddressIPv4");
        assert_eq!(
            octets("1d.1d.1d.1d%4d", &[192, 0, 2, 1, 0, 0, 1, 0]).as_deref(),
            Some("192.0.2.1%256"),
            "InetAddressIPv4z"
        );
        assert_eq!(
            octets("2d-1d-1d,1d:1d:1d.1d,1a1d:1d", &[7, 0xC8, 5, 26, 13, 30, 15, 0, b'-', 4, 0]).as_deref(),
            Some("1992-5-26,13:30:15.0,-4:0"),
            "DateAndTime, as RFC 2579 shows it"
        );
        let mut six = [0; 18];
        (six[1], six[15], six[17]) = (1, 2, 162);
        assert_eq!(
            octets("0a[2x:2x:2x:2x:2x:2x:2x:2x]0a:2d", &six).as_deref(),
            Some("[0001:0000:0000:0000:0000:0000:0000:0002]:162"),
            "TransportAddressIPv6"
        );
        assert_eq!(octets("1d.1d.1d.1d/2d", &[127, 0, 0, 1, 0, 161]).as_deref(), Some("127.0.0.1/161"));
        assert_eq!(
            octets("*1x:/1x:", &[3, 1, 2, 3, 4, 5]).as_deref(),
            Some("01:02:03/04:05"),
            "NsapAddress-like"
        );
        assert_eq!(octets("1x:", &[]).as_deref(), Some(""));
        assert_eq!(octets("4d", &[1, 0]).as_deref(), Some("256"), "fewer octets than asked for");
        assert_eq!(octets("1o ", &[8, 64]).as_deref(), Some("10 100"));
    }

    #[test]
    fn hints_for_text_and_for_nothing() {
        assert!(OctetHint::parse("255a").unwrap().is_text() && OctetHint::parse("255t").unwrap().is_text());
        assert!(!OctetHint::parse("1x:").unwrap().is_text());
        for bad in ["", "x", "1", "*", "1z", "65536x", "0a[", "99999999999a", "1d1", &"1d".repeat(17)] {
            assert_eq!(OctetHint::parse(bad), None, "{bad}");
        }
        assert_eq!(octets("20d", &[1; 9]), None, "no number of so many octets");
    }

    #[test]
    fn integers() {
        assert_eq!(integer("d-2", 1234).as_deref(), Some("12.34"));
        assert_eq!(integer("d-2", -5).as_deref(), Some("-0.05"));
        assert_eq!(integer("x", 255).as_deref(), Some("0xff"));
        assert_eq!((integer("o", 8).as_deref(), integer("b", 5).as_deref()), (Some("0o10"), Some("0b101")));
        for bad in ["d", "d-0", "d-21", "d-x", "d--1", "", "2d"] {
            assert_eq!(integer(bad, 1), None, "{bad}");
        }
        assert_eq!(integer("d-20", i128::from(u64::MAX)).as_deref(), Some("0.18446744073709551615"));
    }

    proptest! {
        #[test]
        fn any_text_is_a_hint_or_none_and_any_octets_end(
            hint in "[*0-9adotx:.%-]{0,24}",
            octets in prop::collection::vec(any::<u8>(), 0..600),
            number in any::<i64>(),
        ) {
            let mut out = MeaningText::default();
            if let Some(hint) = OctetHint::parse(&hint) {
                let _ = hint.apply(&octets, &mut out);
                prop_assert!(out.as_bytes().len() <= crate::wire::smi::TEXT_OCTETS_MAX);
            }
            if let Some(hint) = IntegerHint::parse(&hint) {
                prop_assert!(hint.apply(i128::from(number), &mut MeaningText::default()));
            }
        }
    }
}
