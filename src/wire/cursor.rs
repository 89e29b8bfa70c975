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

    /// As [`Cursor::short_encoding`], if the tag is `tag`, which is one of one octet; does not move when it is another.
    #[inline]
    pub fn short_encoding_of(&mut self, tag: u8) -> Option<Self> {
        let [found, length @ 0..0x80, rest @ ..] = self.rest else { return None };
        let (contents, rest) = rest.split_at_checked(usize::from(*length))?;
        if *found != tag || tag & 0x1F == 0x1F {
            return None;
        }
        self.rest = rest;
        Some(Self { rest: contents, end: self.offset() })
    }

    /// Reads one encoding with a one-octet tag and a length of up to two octets behind the first (X.690 8.1.3.5), as the
    /// large parts of a message have; does not move when the next one is not of this kind, or not whole.
    #[inline]
    pub fn large_encoding(&mut self) -> Option<(u8, Self)> {
        let (tag, length, rest) = match self.rest {
            [tag, length @ 0..=0x7F, rest @ ..] => (tag, usize::from(*length), rest),
            [tag, 0x81, length, rest @ ..] => (tag, usize::from(*length), rest),
            [tag, 0x82, high, low, rest @ ..] => (tag, usize::from(u16::from_be_bytes([*high, *low])), rest),
            _ => return None,
        };
        let (contents, rest) = rest.split_at_checked(length)?;
        if tag & 0x1F == 0x1F {
            return None;
        }
        self.rest = rest;
        Some((*tag, Self { rest: contents, end: self.offset() }))
    }

    /// Reads an INTEGER of one to four octets (X.690 8.3); does not move when the next encoding is not one.
    #[inline]
    pub fn short_integer(&mut self) -> Option<i32> {
        let (number, rest) = match self.rest {
            [0x02, 1, a, rest @ ..] => (i32::from(a.cast_signed()), rest),
            [0x02, 2, a, b, rest @ ..] => (i32::from(i16::from_be_bytes([*a, *b])), rest),
            [0x02, 3, a, b, c, rest @ ..] => (i32::from_be_bytes([*a, *b, *c, 0]) >> 8, rest),
            [0x02, 4, a, b, c, d, rest @ ..] => (i32::from_be_bytes([*a, *b, *c, *d]), rest),
            _ => return None,
        };
        self.rest = rest;
        Some(number)
    }

    /// Reads one encoding with the tag `outer` that holds exactly two, the first with the tag `first`, all three as
    /// [`Cursor::short_encoding`] reads them: a varbind, nearly always. Returns the contents of the first, and tag and
    /// contents of the second; does not move when it finds anything else.
    #[inline]
    pub fn short_pair(&mut self, outer: u8, first: u8) -> Option<(&'a [u8], u8, &'a [u8])> {
        let [found, length @ 0..0x80, rest @ ..] = self.rest else { return None };
        let (pair, rest) = rest.split_at_checked(usize::from(*length))?;
        let [inner, length @ 0..0x80, pair @ ..] = pair else { return None };
        let (first_contents, second) = pair.split_at_checked(usize::from(*length))?;
        let [tag, length @ 0..0x80, contents @ ..] = second else { return None };
        if (*found, *inner) != (outer, first) || contents.len() != usize::from(*length) || tag & 0x1F == 0x1F
        {
            return None;
        }
        self.rest = rest;
        Some((first_contents, *tag, contents))
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
            let tag = other.first().copied().unwrap_or(0);
            assert!(cursor.short_encoding_of(tag).is_none(), "{other:02x?}");
            assert_eq!((cursor.rest(), cursor.offset()), (other, 0));
        }
        let mut cursor = Cursor::new(&[0x02, 1, 7, 0x04]);
        assert!(cursor.short_encoding_of(0x04).is_none());
        let read = cursor.short_encoding_of(0x02).map(|contents| (contents.rest(), contents.offset()));
        assert_eq!((read, cursor.offset()), (Some((&[7u8][..], 2)), 3));
    }

    #[test]
    fn short_integers_are_whole_or_left_alone() {
        let mut cursor =
            Cursor::new(&[2, 1, 0xFF, 2, 2, 0, 0x80, 2, 3, 0x80, 0, 0, 2, 4, 0x7F, 0, 0, 1, 2, 1]);
        let read: Vec<i32> = std::iter::from_fn(|| cursor.short_integer()).collect();
        assert_eq!(read, [-1, 128, -0x80_0000, 0x7F00_0001]);
        assert_eq!((cursor.rest(), cursor.offset()), (&[2, 1][..], 18));
        for other in
            [&[][..], &[2], &[2, 0], &[2, 2, 1], &[2, 5, 0, 0, 0, 0, 0], &[3, 1, 0], &[2, 0x81, 1, 0]]
        {
            let mut cursor = Cursor::new(other);
            assert!(cursor.short_integer().is_none(), "{other:02x?}");
            assert_eq!(cursor.rest(), other);
        }
    }

    #[test]
    fn large_encodings_are_whole_or_left_alone() {
        let long = [0x30, 0x81, 0x80].into_iter().chain([7; 129]).collect::<Vec<u8>>();
        let longer = [0x30, 0x82, 1, 2].into_iter().chain([7; 259]).collect::<Vec<u8>>();
        for (octets, head, length) in [(&long, 3, 128), (&longer, 4, 258), (&vec![0x30, 1, 7, 7], 2, 1)] {
            let mut cursor = Cursor::new(octets);
            let read =
                cursor.large_encoding().map(|(tag, contents)| (tag, contents.left(), contents.offset()));
            assert_eq!(read, Some((0x30, length, head)));
            assert_eq!((cursor.left(), cursor.offset()), (1, head + length));
        }
        for other in
            [&[][..], &[0x30], &[0x30, 0x81], &[0x30, 0x81, 1], &[0x30, 0x82, 0], &[0x30, 0x82, 0, 1]]
                .into_iter()
                .chain([&[0x30, 0x83, 0, 0, 0][..], &[0x30, 0x80, 0, 0], &[0x30, 2, 1], &[0x1F, 0x81, 0]])
        {
            let mut cursor = Cursor::new(other);
            assert!(cursor.large_encoding().is_none(), "{other:02x?}");
            assert_eq!((cursor.rest(), cursor.offset()), (other, 0));
        }
    }

    #[test]
    fn short_pairs_are_whole_and_nothing_else_or_left_alone() {
        let mut cursor = Cursor::new(&[0x30, 6, 0x06, 1, 0x2B, 0x02, 1, 7, 0x05]);
        assert_eq!(cursor.short_pair(0x30, 0x06), Some((&[0x2B][..], 0x02, &[7][..])));
        assert_eq!((cursor.rest(), cursor.offset()), (&[0x05][..], 8));
        for other in [
            &[][..],
            &[0x30, 0],
            &[0x31, 6, 0x06, 1, 0x2B, 0x02, 1, 7],
            &[0x30, 6, 0x04, 1, 0x2B, 0x02, 1, 7],
            &[0x30, 3, 0x06, 1, 0x2B],
            &[0x30, 6, 0x06, 1, 0x2B, 0x02, 2, 7],
            &[0x30, 6, 0x06, 2, 0x2B, 0x02, 1, 7],
            &[0x30, 7, 0x06, 1, 0x2B, 0x02, 1, 7, 0],
            &[0x30, 7, 0x06, 1, 0x2B, 0x02, 1, 7],
            &[0x30, 6, 0x06, 1, 0x2B, 0x1F, 1, 7],
            &[0x30, 0x81, 6, 0x06, 1, 0x2B, 0x02, 1, 7],
            &[0x30, 7, 0x06, 1, 0x2B, 0x02, 0x81, 1, 7],
        ] {
            let mut cursor = Cursor::new(other);
            assert!(cursor.short_pair(0x30, 0x06).is_none(), "{other:02x?}");
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
