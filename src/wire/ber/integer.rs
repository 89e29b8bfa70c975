//! Contents octets of INTEGER (X.690 8.3) and of the unsigned types that RFC 2578 derives from it.

use crate::wire::cursor::Cursor;
use crate::wire::error::{DecodeError, Reason};

/// Reads a signed integer; padded codings of any length are taken when the value fits 64 bits.
///
/// RFC 2578 7.1.1 allows 32 bits; the caller decides what to do with more.
///
/// # Errors
/// [`Reason::EmptyInteger`], [`Reason::IntegerOutOfRange`].
#[inline]
pub fn signed(contents: Cursor<'_>) -> Result<i64, DecodeError> {
    match short_signed(contents.rest()) {
        Some(value) => Ok(i64::from(value)),
        None => signed_any(contents),
    }
}

/// A signed integer of one to four octets, as nearly all are.
#[inline]
pub fn short_signed(octets: &[u8]) -> Option<i32> {
    match *octets {
        [a] => Some(i32::from(a.cast_signed())),
        [a, b] => Some(i32::from(i16::from_be_bytes([a, b]))),
        [a, b, c] => Some(i32::from_be_bytes([a, b, c, 0]) >> 8),
        [a, b, c, d] => Some(i32::from_be_bytes([a, b, c, d])),
        _ => None,
    }
}

/// Reads a signed integer of any number of octets.
#[inline(never)]
fn signed_any(contents: Cursor<'_>) -> Result<i64, DecodeError> {
    let octets = contents.rest();
    let Some(first) = octets.first() else {
        return Err(contents.error(Reason::EmptyInteger));
    };
    let sign: u8 = if *first & 0x80 == 0 { 0x00 } else { 0xFF };
    let mut significant = octets;
    while significant.len() > 8 {
        match significant.split_first() {
            Some((octet, rest)) if *octet == sign => significant = rest,
            _ => return Err(contents.error(Reason::IntegerOutOfRange)),
        }
    }
    // Dropping the padding must not have turned the sign: 00 FF*8 is 2^64-1 and not -1.
    if significant.first().is_some_and(|octet| (octet ^ sign) & 0x80 != 0) {
        return Err(contents.error(Reason::IntegerOutOfRange));
    }
    let start: i64 = if sign == 0 { 0 } else { -1 };
    Ok(significant.iter().fold(start, |value, octet| (value << 8) | i64::from(*octet)))
}

/// Reads a signed integer of at most 32 bits, as request-id and error-status are (RFC 3416 section 3).
///
/// # Errors
/// [`Reason::EmptyInteger`], [`Reason::IntegerOutOfRange`].
#[inline]
pub fn signed32(contents: Cursor<'_>) -> Result<i32, DecodeError> {
    match short_signed(contents.rest()) {
        Some(value) => Ok(value),
        None => i32::try_from(signed_any(contents)?).map_err(|_| contents.error(Reason::IntegerOutOfRange)),
    }
}

/// Reads an unsigned integer of at most 64 bits (Counter64, RFC 2578 7.1.10).
///
/// The sign octet that X.690 8.3 asks for above 2^63-1 may be absent: agents forget it, and no value of an
/// unsigned type is negative.
///
/// # Errors
/// [`Reason::EmptyInteger`], [`Reason::IntegerOutOfRange`].
#[inline]
pub fn unsigned64(contents: Cursor<'_>) -> Result<u64, DecodeError> {
    match short_unsigned(contents.rest()) {
        Some(value) => Ok(u64::from(value)),
        None => unsigned_any(contents),
    }
}

/// An unsigned integer of one to four octets, as nearly all are.
#[inline]
pub fn short_unsigned(octets: &[u8]) -> Option<u32> {
    match *octets {
        [a] => Some(u32::from(a)),
        [a, b] => Some(u32::from(u16::from_be_bytes([a, b]))),
        [a, b, c] => Some(u32::from_be_bytes([0, a, b, c])),
        [a, b, c, d] => Some(u32::from_be_bytes([a, b, c, d])),
        _ => None,
    }
}

/// Reads an unsigned integer of any number of octets.
#[inline(never)]
fn unsigned_any(contents: Cursor<'_>) -> Result<u64, DecodeError> {
    let mut significant = contents.rest();
    if significant.is_empty() {
        return Err(contents.error(Reason::EmptyInteger));
    }
    while significant.len() > 8 {
        match significant.split_first() {
            Some((0, rest)) => significant = rest,
            _ => return Err(contents.error(Reason::IntegerOutOfRange)),
        }
    }
    Ok(significant.iter().fold(0, |value, octet| (value << 8) | u64::from(*octet)))
}

/// Reads an unsigned integer of at most 32 bits (Counter32, Gauge32, TimeTicks; RFC 2578 7.1.6 to 7.1.8),
/// with the leniency of [`unsigned64`].
///
/// # Errors
/// [`Reason::EmptyInteger`], [`Reason::IntegerOutOfRange`].
#[inline]
pub fn unsigned32(contents: Cursor<'_>) -> Result<u32, DecodeError> {
    match short_unsigned(contents.rest()) {
        Some(value) => Ok(value),
        None => u32::try_from(unsigned_any(contents)?).map_err(|_| contents.error(Reason::IntegerOutOfRange)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of<T>(read: fn(Cursor<'_>) -> Result<T, DecodeError>, bytes: &[u8]) -> Result<T, Reason> {
        read(Cursor::new(bytes)).map_err(|error| error.reason)
    }

    /// The quick way reads what the thorough one reads, of each length and sign.
    #[test]
    fn short_integers_are_read_as_any_others() {
        for length in 1..=4 {
            for octets in
                [[0, 0, 0, 0], [0, 0x80, 1, 2], [0x7F, 0xFF, 0xFE, 0xFD], [0x80, 0, 0, 1], [0xFF; 4]]
            {
                let contents = Cursor::new(&octets[..length]);
                assert_eq!(short_signed(contents.rest()).map(i64::from), signed_any(contents).ok());
                assert_eq!(short_unsigned(contents.rest()).map(u64::from), unsigned_any(contents).ok());
            }
        }
        for other in [&[][..], &[0; 5]] {
            assert_eq!((short_signed(other), short_unsigned(other)), (None, None));
        }
    }

    #[test]
    fn signed_values() {
        assert_eq!(of(signed, &[0x00]), Ok(0));
        assert_eq!(of(signed, &[0x80]), Ok(-128));
        assert_eq!(of(signed, &[0x00, 0x80]), Ok(128));
        assert_eq!(of(signed, &[0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFE]), Ok(-2));
        assert_eq!(of(signed, &[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5]), Ok(5));
        assert_eq!(of(signed, &[0x80, 0, 0, 0, 0, 0, 0, 0]), Ok(i64::MIN));
        assert_eq!(of(signed, &[]), Err(Reason::EmptyInteger));
        assert_eq!(of(signed, &[0, 0xFF, 0, 0, 0, 0, 0, 0, 0]), Err(Reason::IntegerOutOfRange));
        assert_eq!(of(signed, &[0xFF, 0x7F, 0, 0, 0, 0, 0, 0, 0]), Err(Reason::IntegerOutOfRange));
        assert_eq!(of(signed32, &[0, 0xFF, 0xFF, 0xFF, 0xFF]), Err(Reason::IntegerOutOfRange), "is not -1");
        assert_eq!(of(signed32, &[0x80, 0, 0, 0]), Ok(i32::MIN));
    }

    #[test]
    fn unsigned_values_with_and_without_the_sign_octet() {
        assert_eq!(of(unsigned32, &[0x00, 0xFF, 0xFF, 0xFF, 0xFF]), Ok(u32::MAX));
        assert_eq!(of(unsigned32, &[0xFF, 0xFF, 0xFF, 0xFF]), Ok(u32::MAX));
        assert_eq!(of(unsigned32, &[0xFF]), Ok(255));
        assert_eq!(of(unsigned32, &[0x01, 0, 0, 0, 0]), Err(Reason::IntegerOutOfRange));
        assert_eq!(of(unsigned32, &[]), Err(Reason::EmptyInteger));
        assert_eq!(of(unsigned64, &[0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]), Ok(u64::MAX));
        assert_eq!(of(unsigned64, &[0xFF; 8]), Ok(u64::MAX));
        assert_eq!(of(unsigned64, &[1, 0, 0, 0, 0, 0, 0, 0, 0]), Err(Reason::IntegerOutOfRange));
    }
}
