//! The subset of the Basic Encoding Rules (X.690) that SNMP needs: one-octet tags, definite lengths. What lies beside
//! it is rewritten into it by [`definite`], off the usual path.
//!
//! Invariant: nothing recurses; the depth of a message is the depth of the calls that read it.

pub mod decimal;
pub mod definite;
pub mod integer;
pub mod length;
pub mod oid;
pub mod tag;

pub use oid::{Arcs, Oid};

use crate::wire::cursor::Cursor;
use crate::wire::error::{DecodeError, Reason};

/// One encoding: identifier octet and contents (X.690 8.1.1).
#[derive(Debug, Clone, Copy)]
pub struct Tlv<'a> {
    /// The identifier octet; see [`tag`].
    pub tag: u8,
    /// The contents octets.
    pub contents: Cursor<'a>,
}

/// Reads one encoding (X.690 8.1.1), whatever its tag.
///
/// # Errors
/// [`Reason::MultiOctetTag`], [`Reason::UnexpectedEnd`], [`Reason::LengthBeyondParent`] and what
/// [`length::read`] refuses. The place of the cursor is unspecified then; keep a copy to go back.
#[inline]
pub fn read<'a>(cursor: &mut Cursor<'a>) -> Result<Tlv<'a>, DecodeError> {
    match cursor.short_encoding() {
        Some((tag, contents)) => Ok(Tlv { tag, contents }),
        None => read_any(cursor),
    }
}

/// Reads one encoding with a length of any form, or says what is wrong with it.
#[inline]
fn read_any<'a>(cursor: &mut Cursor<'a>) -> Result<Tlv<'a>, DecodeError> {
    let at = *cursor;
    let tag = cursor.octet()?;
    if tag & 0x1F == 0x1F {
        return Err(at.error(Reason::MultiOctetTag));
    }
    let length = length::read(cursor)?;
    let contents = cursor.sub(length)?;
    Ok(Tlv { tag, contents })
}

/// Reads one encoding that must have the tag `tag` (X.690 8.1.2) and returns its contents.
///
/// # Errors
/// [`Reason::UnexpectedTag`], [`Reason::ConstructedString`], and what [`read`] refuses.
#[inline]
pub fn expect<'a>(cursor: &mut Cursor<'a>, tag: u8) -> Result<Cursor<'a>, DecodeError> {
    match cursor.short_encoding_of(tag) {
        Some(contents) => Ok(contents),
        None => expect_any(cursor, tag),
    }
}

/// Reads one encoding with a length of any form, or says what is wrong with it or its tag. Apart, so that the usual way has
/// no error to carry along.
#[inline(never)]
fn expect_any<'a>(cursor: &mut Cursor<'a>, tag: u8) -> Result<Cursor<'a>, DecodeError> {
    let at = *cursor;
    let tlv = read(cursor)?;
    if tlv.tag == tag {
        return Ok(tlv.contents);
    }
    let constructed = tag == tag::OCTET_STRING && tlv.tag == tag::OCTET_STRING_CONSTRUCTED;
    Err(at.error(if constructed { Reason::ConstructedString } else { Reason::UnexpectedTag }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_refuses() {
        let mut cursor = Cursor::new(&[0x02, 0x01, 0x05, 0x04, 0x03, b'a']);
        assert_eq!(expect(&mut cursor, tag::INTEGER).map(|contents| contents.rest()), Ok(&[5u8][..]));
        let beyond = expect(&mut cursor, tag::OCTET_STRING).map(|contents| contents.left());
        assert_eq!(beyond, Err(DecodeError { reason: Reason::LengthBeyondParent, offset: 5 }));
        for (bytes, reason) in [
            (&[0x1F, 0x01, 0x00][..], Reason::MultiOctetTag),
            (&[0xBF, 0x12, 0x00][..], Reason::MultiOctetTag),
            (&[0x24, 0x00][..], Reason::ConstructedString),
            (&[0x02, 0x00][..], Reason::UnexpectedTag),
            (&[0x04][..], Reason::UnexpectedEnd),
            (&[0x04, 0x80, 0x00, 0x00][..], Reason::IndefiniteLength),
        ] {
            let refused = expect(&mut Cursor::new(bytes), tag::OCTET_STRING).map(|contents| contents.left());
            assert_eq!(refused.map_err(|error| error.reason), Err(reason), "{bytes:02x?}");
        }
    }
}
