//! The only reader of a peer's octets in `wire::ber` and `wire::snmp`.
//!
//! Invariant: a cursor only moves forward, never past the end, and always knows its place in the datagram.

use crate::wire::error::{DecodeError, Reason};

/// Reads octets from left to right and remembers how far from the start of the datagram it is.
///
/// Copying a cursor is how a reader looks ahead or goes back: the copy stays where it was. Every decoder of
/// X.690 8.1 encodings goes through it.
#[derive(Debug, Clone, Copy)]
pub struct Cursor<'a> {
    /// What is not read yet.
    rest: &'a [u8],
    /// Octets of the datagram up to the end of `rest`: it stays when the cursor moves, so that moving is cheap.
    end: usize,
}

impl<'a> Cursor<'a> {
    /// A cursor at the start of a datagram (RFC 3417 3.1: one message each).
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, end: bytes.len() }
    }

    /// The octets that are left (contents octets, X.690 8.1.4).
    #[must_use]
    pub const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Number of octets that are left (X.690 8.1.3 lengths are checked against it).
    #[must_use]
    pub const fn left(&self) -> usize {
        self.rest.len()
    }

    /// Whether all octets are read (X.690 8.1.4).
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// Octets from the start of the datagram to here (RFC 3417 3.1: at most 65,535).
    #[must_use]
    pub const fn offset(&self) -> usize {
        self.end.saturating_sub(self.rest.len())
    }

    /// An error of the given X.690 or RFC 3416 rule at this place.
    #[must_use]
    pub const fn error(&self, reason: Reason) -> DecodeError {
        DecodeError { reason, offset: self.offset() }
    }

    /// Reads one octet (X.690 8.1.2, 8.1.3).
    ///
    /// # Errors
    /// [`Reason::UnexpectedEnd`] when none is left.
    #[inline]
    pub fn octet(&mut self) -> Result<u8, DecodeError> {
        let Some((first, rest)) = self.rest.split_first() else {
            return Err(self.error(Reason::UnexpectedEnd));
        };
        self.rest = rest;
        Ok(*first)
    }

    /// Reads one encoding with a one-octet tag and a length of the short form (X.690 8.1.3.4), as nearly all that a
    /// notification is made of are; does not move when the next one is not of this kind, or not whole.
    #[inline]
    pub fn short_encoding(&mut self) -> Option<(u8, Self)> {
        let [tag, length @ 0..0x80, rest @ ..] = self.rest else { return None };
        let (contents, rest) = rest.split_at_checked(usize::from(*length))?;
        if tag & 0x1F == 0x1F {
            return None;
        }
        self.rest = rest;
        Some((*tag, Self { rest: contents, end: self.offset() }))
    }

    /// Reads `count` octets as a cursor of their own (X.690 8.1.4).
    ///
    /// # Errors
    /// [`Reason::LengthBeyondParent`] when fewer are left; the cursor has not moved then.
    #[inline]
    pub fn sub(&mut self, count: usize) -> Result<Self, DecodeError> {
        let Some((taken, rest)) = self.rest.split_at_checked(count) else {
            return Err(self.error(Reason::LengthBeyondParent));
        };
        self.rest = rest;
        Ok(Self { rest: taken, end: self.offset() })
    }

    /// The octets between this place and `later`, a cursor that was copied from this one and moved on
    /// (a whole encoding, X.690 8.1.1).
    #[must_use]
    pub fn until(&self, later: &Self) -> &'a [u8] {
        let count = later.offset().saturating_sub(self.offset());
        self.rest.get(..count).unwrap_or(self.rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_encodings_are_whole_or_left_alone() {
        let mut cursor = Cursor::new(&[0x02, 1, 7, 0x04, 0]);
        let read = cursor.short_encoding().map(|(tag, contents)| (tag, contents.rest(), contents.offset()));
        assert_eq!(read, Some((0x02, &[7u8][..], 2)));
        assert_eq!(cursor.short_encoding().map(|(tag, contents)| (tag, contents.offset())), Some((0x04, 5)));
        for other in
            [&[][..], &[2], &[2, 2, 1], &[2, 0x81, 1, 7], &[2, 0x80, 0, 0], &[0x1F, 1, 7], &[0xBF, 0]]
        {
            let mut cursor = Cursor::new(other);
            assert!(cursor.short_encoding().is_none(), "{other:02x?}");
            assert_eq!((cursor.rest(), cursor.offset()), (other, 0));
        }
    }

    #[test]
    fn moves_only_forward_and_never_past_the_end() {
        let mut cursor = Cursor::new(&[1, 2, 3, 4]);
        let start = cursor;
        assert_eq!(cursor.octet(), Ok(1));
        assert_eq!(cursor.sub(4).map(|sub| sub.left()), Err(cursor.error(Reason::LengthBeyondParent)));
        assert_eq!(cursor.left(), 3);
        let sub = cursor.sub(2).map(|sub| (sub.rest(), sub.offset()));
        assert_eq!(sub, Ok((&[2u8, 3][..], 1)));
        assert_eq!(start.until(&cursor), &[1, 2, 3]);
        assert_eq!(cursor.octet(), Ok(4));
        assert_eq!(cursor.octet(), Err(DecodeError { reason: Reason::UnexpectedEnd, offset: 4 }));
        assert_eq!(cursor.sub(usize::MAX).err().map(|error| error.reason), Some(Reason::LengthBeyondParent));
    }
}
