//! OBJECT IDENTIFIER values (X.690 8.19, RFC 2578 7.1.3), kept as their contents octets.
//!
//! Invariant: an [`Oid`] exists only over octets that were checked, and one name has one spelling, so octets can
//! be compared in place of arcs.

use std::fmt::{self, Write as _};

use crate::base::limits;
use crate::wire::ber::decimal;
use crate::wire::cursor::Cursor;
use crate::wire::error::{DecodeError, Reason};

/// A checked OBJECT IDENTIFIER (X.690 8.19): at most 128 sub-identifiers, each at most 2^32-1 (RFC 2578 7.1.3).
///
/// It may be empty: agents send `06 00` as the value of an object that has none, and as the enterprise of a v1 trap.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Oid<'a>(&'a [u8]);

impl<'a> Oid<'a> {
    /// Checks contents octets (X.690 8.19.2).
    ///
    /// # Errors
    /// [`Reason::SubIdentifierOutOfRange`], [`Reason::SubIdentifierUnterminated`],
    /// [`Reason::SubIdentifierPadded`], [`Reason::ObjectIdentifierTooLong`].
    #[inline]
    pub fn decode(contents: Cursor<'a>) -> Result<Self, DecodeError> {
        match Self::check(contents.rest()) {
            Ok(oid) => Ok(oid),
            Err(reason) => Err(contents.error(reason)),
        }
    }

    /// As [`Oid::decode`], of octets whose place nobody asks for.
    ///
    /// # Errors
    /// The rule that they break.
    #[inline]
    pub fn check(octets: &'a [u8]) -> Result<Self, Reason> {
        // No sub-identifier above 127, as in most names: nothing can be wrong but their number, of which the first octet
        // holds two (X.690 8.19.4).
        if octets.len() < limits::OID_SUB_IDENTIFIERS_MAX && is_ascii(octets) {
            return Ok(Self(octets));
        }
        check_sub_identifiers(octets).map(|()| Self(octets))
    }

    /// The contents octets (X.690 8.19).
    #[must_use]
    pub const fn as_bytes(self) -> &'a [u8] {
        self.0
    }

    /// Whether there is no sub-identifier at all, which RFC 2578 7.1.3 does not foresee.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    /// The arcs, first to last (X.690 8.19.4 splits the first sub-identifier into two).
    #[must_use]
    pub const fn arcs(self) -> Arcs<'a> {
        Arcs { rest: self.0, second: None, started: false }
    }

    /// Whether the name lies under, or is, the name with the contents octets `prefix` (X.690 8.19), which must
    /// be a complete name. Octets are enough: each sub-identifier has one coding, and none starts another.
    #[must_use]
    pub fn starts_with(self, prefix: &[u8]) -> bool {
        self.0.starts_with(prefix)
    }

    /// Appends the arcs in decimal with dots between them, as RFC 2578 writes them; nothing when empty.
    pub fn write_dotted(self, out: &mut Vec<u8>) {
        for (place, arc) in self.arcs().enumerate() {
            if place > 0 {
                out.push(b'.');
            }
            decimal::push_unsigned(out, u64::from(arc));
        }
    }
}

/// Whether no octet is above 127. Most names have 8 to 16 octets, which two words hold.
#[inline]
fn is_ascii(octets: &[u8]) -> bool {
    const HIGH_BITS: u64 = 0x8080_8080_8080_8080;
    match (octets.first_chunk(), octets.last_chunk()) {
        (Some(first), Some(last)) if octets.len() <= 16 => {
            (u64::from_ne_bytes(*first) | u64::from_ne_bytes(*last)) & HIGH_BITS == 0
        }
        _ => octets.is_ascii(),
    }
}

/// Checks sub-identifiers (X.690 8.19.2) and their number.
#[inline(never)]
fn check_sub_identifiers(octets: &[u8]) -> Result<(), Reason> {
    // The first holds two arcs.
    let mut arcs = usize::from(!octets.is_empty());
    let mut value: u32 = 0;
    let mut inside = false;
    for octet in octets {
        if *octet == 0x80 && !inside {
            return Err(Reason::SubIdentifierPadded);
        }
        if value >> 25 != 0 {
            return Err(Reason::SubIdentifierOutOfRange);
        }
        inside = *octet & 0x80 != 0;
        value = if inside { (value << 7) | u32::from(*octet & 0x7F) } else { 0 };
        arcs += usize::from(!inside);
    }
    if inside {
        return Err(Reason::SubIdentifierUnterminated);
    }
    if arcs > limits::OID_SUB_IDENTIFIERS_MAX {
        return Err(Reason::ObjectIdentifierTooLong);
    }
    Ok(())
}

impl fmt::Display for Oid<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, arc) in self.arcs().enumerate() {
            if place > 0 {
                f.write_char('.')?;
            }
            write!(f, "{arc}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Oid<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Oid({self})")
    }
}

/// Iterator over the arcs of an [`Oid`] (RFC 2578 7.1.3: at most 128).
#[derive(Debug, Clone)]
pub struct Arcs<'a> {
    rest: &'a [u8],
    second: Option<u32>,
    started: bool,
}

impl Iterator for Arcs<'_> {
    type Item = u32;

    #[inline]
    fn next(&mut self) -> Option<u32> {
        if let Some(second) = self.second.take() {
            return Some(second);
        }
        let mut value: u32 = 0;
        loop {
            let (octet, rest) = self.rest.split_first()?;
            self.rest = rest;
            value = (value << 7) | u32::from(*octet & 0x7F);
            if *octet & 0x80 == 0 {
                break;
            }
        }
        if self.started {
            return Some(value);
        }
        self.started = true;
        let first = (value / 40).min(2);
        self.second = Some(value - first * 40);
        Some(first)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]
mod tests {
    use super::*;

    fn decode(bytes: &[u8]) -> Result<Oid<'_>, Reason> {
        Oid::decode(Cursor::new(bytes)).map_err(|error| error.reason)
    }

    #[test]
    fn dotted_text() {
        for (bytes, text) in [
            (&[0x2B, 6, 1, 6, 3, 1, 1, 5, 3][..], "1.3.6.1.6.3.1.1.5.3"),
            (&[0x88, 0x37, 3][..], "2.999.3"),
            (&[0x00][..], "0.0"),
            (&[0x27][..], "0.39"),
            (&[0x50][..], "2.0"),
            (&[0x2B, 6, 1, 4, 1, 0x8F, 0xFF, 0xFF, 0xFF, 0x7F, 0][..], "1.3.6.1.4.1.4294967295.0"),
            (&[][..], ""),
        ] {
            let oid = decode(bytes).unwrap();
            let mut out = Vec::new();
            oid.write_dotted(&mut out);
            assert_eq!(out, text.as_bytes());
            assert_eq!(oid.to_string(), text);
        }
    }

    #[test]
    fn refusals() {
        assert_eq!(decode(&[0x2B, 0x90, 0x80, 0x80, 0x80, 0x01]), Err(Reason::SubIdentifierOutOfRange));
        assert_eq!(decode(&[0x2B, 0x80, 0x01]), Err(Reason::SubIdentifierPadded));
        assert_eq!(decode(&[0x2B, 0x81]), Err(Reason::SubIdentifierUnterminated));
        assert!(decode(&[1; 127]).is_ok(), "128 arcs");
        assert_eq!(decode(&[1; 128]), Err(Reason::ObjectIdentifierTooLong));
        assert_eq!(
            decode(&[0x81, 0x80, 0x00]).unwrap().to_string(),
            "2.16304",
            "0x80 inside is a zero group"
        );
    }

    #[test]
    fn one_high_octet_at_any_place_of_any_length_is_seen() {
        for length in 0..40 {
            assert!(is_ascii(&vec![0x7F; length]), "{length}");
            for place in 0..length {
                let mut octets = vec![0x7F; length];
                octets[place] = 0x80;
                assert!(!is_ascii(&octets), "{place} of {length}");
            }
        }
    }

    #[test]
    fn names_of_small_arcs_are_judged_as_all_others() {
        for length in 0..140 {
            let octets = vec![3; length];
            let thorough = check_sub_identifiers(&octets).map(|()| Oid(&octets));
            assert_eq!(Oid::check(&octets), thorough, "{length}");
        }
    }

    #[test]
    fn prefix_is_by_arc() {
        let oid = decode(&[0x2B, 6, 1, 0x82, 0x37]).unwrap();
        assert!(oid.starts_with(&[0x2B, 6]));
        assert!(oid.starts_with(&[0x2B, 6, 1, 0x82, 0x37]));
        assert!(!oid.starts_with(&[0x2B, 6, 1, 2]));
    }
}
