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
    /// Octets of the datagram before `rest`; for errors only.
    offset: usize,
}

impl<'a> Cursor<'a> {
    /// A cursor at the start of a datagram (RFC 3417 3.1: one message each).
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, offset: 0 }
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
        self.offset
    }

    /// An error of the given X.690 or RFC 3416 rule at this place.
    #[must_use]
    pub const fn error(&self, reason: Reason) -> DecodeError {
        DecodeError { reason, offset: self.offset }
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
        self.offset += 1;
        Ok(*first)
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
        let sub = Self { rest: taken, offset: self.offset };
        self.rest = rest;
        self.offset += count;
        Ok(sub)
    }

    /// The octets between this place and `later`, a cursor that was copied from this one and moved on
    /// (a whole encoding, X.690 8.1.1).
    #[must_use]
    pub fn until(&self, later: &Self) -> &'a [u8] {
        let count = later.offset.saturating_sub(self.offset);
        self.rest.get(..count).unwrap_or(self.rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
