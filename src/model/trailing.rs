//! What ends a message and is not part of its text: CR, LF, NUL.

use crate::base::span::Span;

/// The octets, in the order in which a [`Trailing`] has them.
const OCTETS: [u8; 3] = *b"\r\n\0";

/// What was cut from the end of a message: CR, LF and NUL, each at most once and in this order. One bit each, CR the
/// lowest. The number is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Trailing(u8);

impl Trailing {
    /// Nothing was cut.
    pub const NONE: Self = Self(0);

    /// The bits, below 8.
    #[must_use]
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// What the lowest three of `bits` say.
    #[must_use]
    pub const fn from_bits(bits: u8) -> Self {
        Self(bits & 0b111)
    }

    /// Whether nothing was cut.
    #[must_use]
    pub const fn is_none(self) -> bool {
        self.0 == 0
    }

    /// The octets that were cut.
    pub fn octets(self) -> impl Iterator<Item = u8> {
        OCTETS
            .into_iter()
            .enumerate()
            .filter(move |(bit, _)| self.0 & (1 << bit) != 0)
            .map(|(_, octet)| octet)
    }

    /// What `octets` are; `None` for octets that have no bits.
    fn of(octets: &[u8]) -> Option<Self> {
        let mut rest = octets;
        let mut bits = 0;
        for (bit, octet) in OCTETS.into_iter().enumerate() {
            if let [first, others @ ..] = rest
                && *first == octet
            {
                bits |= 1 << bit;
                rest = others;
            }
        }
        rest.is_empty().then_some(Self(bits))
    }
}

/// A message without the CR, LF and NUL at its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trimmed<'a> {
    /// What stands before them.
    pub line: &'a [u8],
    /// What they are; `None` when bits cannot say it, so that the octets must be kept whole.
    pub trailing: Option<Trailing>,
}

/// Cuts every CR, LF and NUL from the end of `message`.
#[must_use]
#[inline]
pub fn trim(message: &[u8]) -> Trimmed<'_> {
    let mut line = message;
    while let [rest @ .., b'\r' | b'\n' | 0] = line {
        line = rest;
    }
    if line.len() == message.len() {
        return Trimmed { line, trailing: Some(Trailing::NONE) };
    }
    Trimmed { line, trailing: Trailing::of(message.get(line.len()..).unwrap_or_default()) }
}

/// How far into `line` the part of it starts that is `content`: all of it when that is no part, its end when that is empty. Of a
/// character that is cut there, the whole is content.
#[must_use]
#[inline]
pub fn content_start(line: &[u8], content: &[u8]) -> usize {
    if content.is_empty() {
        return line.len();
    }
    let mut start = Span::within(line, content).map_or(0, |span| span.start as usize);
    for _ in 0..3 {
        let continues = line.get(start).is_some_and(|octet| (0x80..0xC0).contains(octet));
        start -= usize::from(continues && start > 0);
    }
    start
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn usual_ends_are_bits_and_others_are_not() {
        let cases: [(&[u8], &[u8], Option<u8>); 10] = [
            (b"a", b"a", Some(0)),
            (b"a\n", b"a", Some(0b010)),
            (b"a\r\n", b"a", Some(0b011)),
            (b"a\0", b"a", Some(0b100)),
            (b"a\n\0", b"a", Some(0b110)),
            (b"\r\n\0", b"", Some(0b111)),
            (b"a\n\n", b"a", None),
            (b"a\0\n", b"a", None),
            (b"", b"", Some(0)),
            (b"a\nb", b"a\nb", Some(0)),
        ];
        for (message, line, bits) in cases {
            let trimmed = trim(message);
            assert_eq!((trimmed.line, trimmed.trailing.map(Trailing::bits)), (line, bits), "{message:?}");
        }
    }

    proptest! {
        #[test]
        fn line_and_bits_are_the_message(message in proptest::collection::vec(prop_oneof![
            Just(b'\r'), Just(b'\n'), Just(0), any::<u8>()], 0..8)) {
            let Trimmed { line, trailing } = trim(&message);
            prop_assert!(!matches!(line, [.., b'\r' | b'\n' | 0]));
            prop_assert!(message.starts_with(line));
            if let Some(trailing) = trailing {
                let whole: Vec<u8> = line.iter().copied().chain(trailing.octets()).collect();
                prop_assert_eq!(&whole, &message);
                prop_assert_eq!(Trailing::from_bits(trailing.bits()), trailing);
            }
        }
    }
}
