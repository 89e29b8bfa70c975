//! Appending to a buffer up to a bound.
//!
//! Invariant: never more than the bound is appended, and once a piece did not fit nothing after it is taken, so
//! that a cut text has no holes.

use crate::wire::ber::decimal;
use crate::wire::lanes::{self, Lanes};

/// Most octets of a 64-bit integer in decimal, with sign.
const DECIMAL_OCTETS_MAX: usize = 20;

/// Most octets of a sub-identifier in decimal and the dot before it.
pub(crate) const ARC_OCTETS_MAX: usize = 11;

/// Octets that are turned to hexadecimal digits at a time.
const HEX_CHUNK_OCTETS: usize = 32;

/// Appends to `out` until the bound is reached.
pub(crate) struct Bounded<'o> {
    out: &'o mut Vec<u8>,
    /// Length of `out` that is not passed.
    end: usize,
    /// Whether something did not fit.
    full: bool,
}

impl<'o> Bounded<'o> {
    /// A writer of at most `octets_max` octets.
    pub(crate) fn new(out: &'o mut Vec<u8>, octets_max: usize) -> Self {
        let end = out.len().saturating_add(octets_max);
        Self { out, end, full: false }
    }

    /// Whether something did not fit.
    pub(crate) const fn is_full(&self) -> bool {
        self.full
    }

    /// The length of the buffer, to come back to with [`Bounded::rewind`].
    pub(crate) const fn mark(&self) -> usize {
        self.out.len()
    }

    /// Takes back what was appended after `mark`. The writer stays full when it is.
    pub(crate) fn rewind(&mut self, mark: usize) {
        self.out.truncate(mark);
    }

    /// Takes back what was appended after `mark`, and what did not fit is forgotten.
    pub(crate) fn retract(&mut self, mark: usize) {
        self.out.truncate(mark);
        self.full = false;
    }

    /// Raises the bound by what was kept back for an ending, so that the ending fits.
    pub(crate) const fn release(&mut self, octets: usize) {
        self.end = self.end.saturating_add(octets);
        self.full = false;
    }

    /// Whether `octets` more fit; if not, the writer is full from here on.
    #[inline]
    fn has_room(&mut self, octets: usize) -> bool {
        self.full = self.full || self.end.saturating_sub(self.out.len()) < octets;
        !self.full
    }

    /// Appends all of `piece` or nothing.
    #[inline]
    pub(crate) fn push(&mut self, piece: &[u8]) {
        if self.has_room(piece.len()) {
            self.out.extend_from_slice(piece);
        }
    }

    /// Appends as many whole characters of `text` as fit.
    fn push_characters(&mut self, text: &str) {
        if self.full {
            return;
        }
        let room = self.end.saturating_sub(self.out.len());
        let fits = if text.len() <= room {
            text
        } else {
            text.get(..text.floor_char_boundary(room)).unwrap_or_default()
        };
        self.out.extend_from_slice(fits.as_bytes());
        self.full = fits.len() < text.len();
    }

    /// Appends an unsigned integer in decimal.
    pub(crate) fn unsigned(&mut self, value: u64) {
        if self.has_room(DECIMAL_OCTETS_MAX) {
            decimal::push_unsigned(self.out, value);
        }
    }

    /// Appends a signed integer in decimal.
    pub(crate) fn signed(&mut self, value: i64) {
        if self.has_room(DECIMAL_OCTETS_MAX) {
            decimal::push_signed(self.out, value);
        }
    }

    /// Appends what the standard library writes for `value`: floating point and IPv6 only, it is slow.
    pub(crate) fn formatted(&mut self, value: std::fmt::Arguments<'_>) {
        let mut text = SmallText { octets: [0; 48], len: 0 };
        if std::fmt::write(&mut text, value).is_ok() {
            self.push(text.octets.get(..text.len).unwrap_or_default());
        }
    }

    /// Appends sub-identifiers with dots between them.
    pub(crate) fn dotted(&mut self, arcs: &[u32]) {
        if !self.has_room(arcs.len().saturating_mul(ARC_OCTETS_MAX)) {
            return;
        }
        let Some((first, others)) = arcs.split_first() else { return };
        decimal::push_unsigned(self.out, u64::from(*first));
        for arc in others {
            match u8::try_from(*arc) {
                // As most are.
                Ok(digit @ 0..10) => self.out.extend_from_slice(&[b'.', b'0' + digit]),
                _ => {
                    self.out.push(b'.');
                    decimal::push_unsigned(self.out, u64::from(*arc));
                }
            }
        }
    }

    /// Appends an IPv4 address.
    pub(crate) fn ipv4(&mut self, address: [u8; 4]) {
        for (place, octet) in address.into_iter().enumerate() {
            if place > 0 {
                self.push(b".");
            }
            self.unsigned(u64::from(octet));
        }
    }

    /// Appends two hexadecimal digits, in lower case, for each octet.
    pub(crate) fn hex(&mut self, octets: &[u8]) {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        for chunk in octets.chunks(HEX_CHUNK_OCTETS) {
            let mut digits = [0_u8; 2 * HEX_CHUNK_OCTETS];
            for (pair, octet) in digits.chunks_exact_mut(2).zip(chunk) {
                pair.copy_from_slice(&[DIGITS[usize::from(octet >> 4)], DIGITS[usize::from(octet & 0x0F)]]);
            }
            self.push(digits.get(..2 * chunk.len()).unwrap_or_default());
            if self.full {
                return;
            }
        }
    }

    /// Appends `text` in quotes as a JSON string (RFC 8259 section 7).
    pub(crate) fn quoted(&mut self, text: &str) {
        self.push(b"\"");
        self.escaped(text);
        self.push(b"\"");
    }

    /// Appends `separator`, and then `"name":"value"`: all of it or nothing. Both must stand for themselves in a JSON string.
    #[inline]
    pub(crate) fn plain_member(&mut self, separator: u8, name: &[u8], value: &[u8]) {
        let octets = name.len().saturating_add(value.len()).saturating_add(6);
        if self.has_room(octets) {
            // Once, so that none of the appends needs to look for room.
            self.out.reserve(octets);
            self.out.extend_from_slice(&[separator, b'"']);
            self.out.extend_from_slice(name);
            self.out.extend_from_slice(b"\":\"");
            self.out.extend_from_slice(value);
            self.out.push(b'"');
        }
    }

    /// Appends a name that a peer gave, in quotes as a JSON string: its text, or `0x` and digits when it is none.
    pub(crate) fn name(&mut self, octets: &[u8]) {
        match printable(octets) {
            Some(text) => self.quoted(text),
            None => {
                self.push(b"\"0x");
                self.hex(octets);
                self.push(b"\"");
            }
        }
    }

    /// Appends `text` as it stands between the quotes of a JSON string.
    pub(crate) fn escaped(&mut self, text: &str) {
        if lanes::count_of(text.as_bytes(), Lanes::plain_in_json) == text.len() {
            return self.push_characters(text);
        }
        let mut rest = text;
        while !rest.is_empty() && !self.full {
            let plain = rest.bytes().position(needs_escape);
            let (run, after) = rest.split_at_checked(plain.unwrap_or(rest.len())).unwrap_or((rest, ""));
            self.push_characters(run);
            let Some(special) = after.bytes().next() else { break };
            match special {
                b'"' => self.push(b"\\\""),
                b'\\' => self.push(b"\\\\"),
                b'\n' => self.push(b"\\n"),
                b'\r' => self.push(b"\\r"),
                b'\t' => self.push(b"\\t"),
                _ => {
                    self.push(b"\\u00");
                    self.hex(&[special]);
                }
            }
            rest = after.get(1..).unwrap_or_default();
        }
    }
}

/// Room for a floating-point number as text, at most 24 octets for a double in its shortest exact form, and for an
/// IPv6 address in quotes, at most 41.
struct SmallText {
    octets: [u8; 48],
    len: usize,
}

impl std::fmt::Write for SmallText {
    fn write_str(&mut self, piece: &str) -> std::fmt::Result {
        let end = self.len.saturating_add(piece.len());
        let place = self.octets.get_mut(self.len..end).ok_or(std::fmt::Error)?;
        place.copy_from_slice(piece.as_bytes());
        self.len = end;
        Ok(())
    }
}

/// Whether a JSON string must not, or a line should not, have this octet as it is.
const fn needs_escape(octet: u8) -> bool {
    octet < 0x20 || matches!(octet, b'"' | b'\\' | 0x7F)
}

/// The octets as text, when they are UTF-8 without control characters other than tab, CR and LF.
pub(crate) fn printable(octets: &[u8]) -> Option<&str> {
    let plain = |octet: &u8| matches!(octet, 0x20..=0x7E | b'\t' | b'\r' | b'\n');
    let text = std::str::from_utf8(octets).ok()?;
    if octets.iter().fold(true, |all, octet| all & plain(octet)) {
        return Some(text);
    }
    let shown = |character: char| !character.is_control() || matches!(character, '\t' | '\r' | '\n');
    text.chars().all(shown).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(octets_max: usize, with: impl FnOnce(&mut Bounded<'_>)) -> (String, bool) {
        let mut out = b"before ".to_vec();
        let mut bounded = Bounded::new(&mut out, octets_max);
        with(&mut bounded);
        let full = bounded.is_full();
        (String::from_utf8_lossy(&out[7..]).into_owned(), full)
    }

    #[test]
    fn a_cut_falls_between_characters_and_nothing_follows_it() {
        let cut = write(6, |out| {
            out.quoted("Z\u{fc}r\u{fc}ich");
            out.push(b"x");
        });
        assert_eq!(
            cut,
            ("\"Z\u{fc}r".to_owned(), true),
            "the second u-umlaut would need two octets, one is left"
        );
        assert_eq!(write(3, |out| out.hex(&[1, 2])), (String::new(), true));
        assert_eq!(write(19, |out| out.unsigned(7)), (String::new(), true));
    }

    #[test]
    fn quoted_is_a_json_string() {
        let hostile: String = (0..0x300).filter_map(char::from_u32).collect();
        let (text, full) = write(1 << 16, |out| out.quoted(&hostile));
        assert!(!full);
        assert_eq!(serde_json::from_str::<String>(&text).ok(), Some(hostile));
    }

    #[test]
    fn printable_or_not() {
        assert_eq!(printable(b"Cisco IOS\r\n\tx"), Some("Cisco IOS\r\n\tx"));
        assert_eq!(printable("Z\u{fc}rich".as_bytes()), Some("Z\u{fc}rich"));
        for bad in [&b"\x1b[31m"[..], b"a\0", b"\x7f", b"\xff", "\u{85}".as_bytes()] {
            assert_eq!(printable(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn every_float_fits_the_small_text() {
        for value in
            [f64::MIN, f64::MIN_POSITIVE, -5e-324, -1.234_567_890_123_456_7e-300, f64::NAN, f64::NEG_INFINITY]
        {
            let (text, _) = write(64, |out| out.formatted(format_args!("{value:?}")));
            assert_eq!(text, format!("{value:?}"));
        }
    }
}
