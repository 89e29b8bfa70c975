//! Length octets (X.690 8.1.3), definite forms only.

use crate::wire::cursor::Cursor;
use crate::wire::error::{DecodeError, Reason};

/// Reads length octets (X.690 8.1.3.3 to 8.1.3.5). The length is not yet compared with the octets at hand.
///
/// The long form is taken where the short one would do, and with leading zero octets: both are legal BER and
/// devices send them (`82 00 2D`).
///
/// # Errors
/// [`Reason::IndefiniteLength`] (RFC 3417 section 8), [`Reason::ReservedLength`], [`Reason::UnexpectedEnd`],
/// [`Reason::LengthBeyondParent`] when the number does not fit a machine word.
#[inline]
pub fn read(cursor: &mut Cursor<'_>) -> Result<usize, DecodeError> {
    let at = *cursor;
    let first = cursor.octet()?;
    if first < 0x80 {
        return Ok(usize::from(first));
    }
    match first {
        0x80 => return Err(at.error(Reason::IndefiniteLength)),
        0xFF => return Err(at.error(Reason::ReservedLength)),
        _ => {}
    }
    if first == 0x82
        && let Ok(octets) = cursor.sub(2)
        && let [high, low] = octets.rest()
    {
        return Ok(usize::from(*high) << 8 | usize::from(*low));
    }
    let mut length: usize = 0;
    for _ in 0..first & 0x7F {
        let octet = cursor.octet()?;
        // Past this bound a further octet would shift bits out; no datagram is that long anyway.
        if length > usize::MAX >> 8 {
            return Err(at.error(Reason::LengthBeyondParent));
        }
        length = (length << 8) | usize::from(octet);
    }
    Ok(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn length_of(bytes: &[u8]) -> Result<usize, Reason> {
        read(&mut Cursor::new(bytes)).map_err(|error| error.reason)
    }

    #[test]
    fn definite_forms() {
        assert_eq!(length_of(&[0x26]), Ok(38));
        assert_eq!(length_of(&[0x81, 0xC9]), Ok(201), "the example of X.690 8.1.3.5");
        assert_eq!(length_of(&[0x82, 0x00, 0x2D]), Ok(45));
        assert_eq!(length_of(&[0x84, 0, 0, 0, 7]), Ok(7));
        let mut padded = vec![0xFE];
        padded.extend([0; 125]);
        padded.push(9);
        assert_eq!(length_of(&padded), Ok(9));
        assert_eq!(length_of(&[0x84, 0xFF, 0xFF, 0xFF, 0xFF]), Ok(0xFFFF_FFFF));
    }

    #[test]
    fn refused_forms() {
        assert_eq!(length_of(&[]), Err(Reason::UnexpectedEnd));
        assert_eq!(length_of(&[0x80]), Err(Reason::IndefiniteLength));
        assert_eq!(length_of(&[0xFF]), Err(Reason::ReservedLength));
        assert_eq!(length_of(&[0x82, 0x01]), Err(Reason::UnexpectedEnd));
        assert_eq!(length_of(&[0x89, 1, 0, 0, 0, 0, 0, 0, 0, 0]), Err(Reason::LengthBeyondParent));
    }
}
