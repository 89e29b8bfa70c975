//! The one way this module reads octets: a place in the line that moves forward only.
//!
//! Invariant: a method that gives `None` or `false` has not moved. No method indexes; a place beyond the end is the
//! empty rest.

use crate::base::digits;
use crate::wire::lanes::{self, Lanes};

/// The rest of a line. It is `Copy`: looking ahead is working on a copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cursor<'a> {
    /// What was not read yet.
    pub(super) rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    pub(super) fn new(rest: &'a [u8]) -> Self {
        Self { rest }
    }

    pub(super) fn is_empty(self) -> bool {
        self.rest.is_empty()
    }

    #[inline]
    pub(super) fn peek(self) -> Option<u8> {
        self.rest.first().copied()
    }

    /// Whether the next octet is `octet`.
    #[inline]
    pub(super) fn at(self, octet: u8) -> bool {
        self.peek() == Some(octet)
    }

    /// Whether a field ends here: at a space or at the end of the line.
    pub(super) fn at_field_end(self) -> bool {
        matches!(self.peek(), None | Some(b' '))
    }

    /// Moves over `octet` if it is next.
    #[inline]
    pub(super) fn eat(&mut self, octet: u8) -> bool {
        match self.rest.split_first() {
            Some((first, rest)) if *first == octet => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    /// Moves over `text` if it is next.
    #[inline]
    pub(super) fn eat_all(&mut self, text: &[u8]) -> bool {
        match self.rest.strip_prefix(text) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// Moves over all that `read` reads, if it reads something; stays where it is otherwise.
    #[inline]
    pub(super) fn attempt<T>(&mut self, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        let mut ahead = *self;
        let found = read(&mut ahead)?;
        *self = ahead;
        Some(found)
    }

    /// Moves over `count` octets, or over all there are.
    #[inline]
    pub(super) fn take(&mut self, count: usize) -> &'a [u8] {
        let (taken, rest) = self.rest.split_at(count.min(self.rest.len()));
        self.rest = rest;
        taken
    }

    /// Moves over the octets for which `member` holds, at most `count_max` of them.
    #[inline]
    pub(super) fn take_while(&mut self, count_max: usize, member: impl Fn(u8) -> bool) -> &'a [u8] {
        let looked_at = self.rest.get(..count_max).unwrap_or(self.rest);
        self.take(looked_at.iter().position(|octet| !member(*octet)).unwrap_or(looked_at.len()))
    }

    /// Moves over the octets that are of `kind`.
    #[inline]
    pub(super) fn take_of(&mut self, kind: impl Fn(Lanes) -> Lanes) -> &'a [u8] {
        self.take(lanes::count_of(self.rest, kind))
    }

    /// Moves to the next space or to the end.
    #[inline]
    pub(super) fn take_word(&mut self) -> &'a [u8] {
        self.take_of(|lanes| !lanes.equal(b' '))
    }

    /// Moves over spaces and tells whether there was one.
    #[inline]
    pub(super) fn eat_spaces(&mut self) -> bool {
        let before = self.rest.len();
        while self.eat(b' ') {}
        self.rest.len() != before
    }

    /// Moves over 1 to 19 decimal digits, which always fit, and gives their value.
    #[inline]
    pub(super) fn count(&mut self) -> Option<u64> {
        // Up to seven and what ends them are read at once.
        let (value, rest) = match self.rest.first_chunk().map(digits::leading_number) {
            Some((value, digits @ 1..=7)) => (u64::from(value), self.rest.get(digits..)?),
            _ => long_count(self.rest)?,
        };
        self.rest = rest;
        Some(value)
    }

    /// Moves over `count_min` to `count_max` decimal digits, at most nine, and gives their value.
    #[inline]
    pub(super) fn number(&mut self, count_min: usize, count_max: usize) -> Option<u32> {
        let looked_at = self.rest.get(..count_max.min(9)).unwrap_or(self.rest);
        let count = looked_at.iter().take_while(|octet| octet.is_ascii_digit()).count();
        if count < count_min {
            return None;
        }
        Some(self.take(count).iter().fold(0, |value, digit| value * 10 + u32::from(digit - b'0')))
    }

    /// [`Cursor::number`] of at most two digits.
    #[inline]
    pub(super) fn small_number(&mut self, count_min: usize) -> Option<u8> {
        match self.rest {
            [tens @ b'0'..=b'9', ones @ b'0'..=b'9', rest @ ..] => {
                self.rest = rest;
                Some((tens - b'0') * 10 + (ones - b'0'))
            }
            [ones @ b'0'..=b'9', rest @ ..] if count_min < 2 => {
                self.rest = rest;
                Some(ones - b'0')
            }
            _ => None,
        }
    }
}

/// [`Cursor::count`] of one digit at a time: the value, and what follows.
#[cold]
#[inline(never)]
fn long_count(text: &[u8]) -> Option<(u64, &[u8])> {
    const DIGITS_MAX: usize = 19;
    let digits = text.iter().take_while(|octet| octet.is_ascii_digit()).count();
    let (digits, rest) = text.split_at_checked(digits)?;
    let value = digits.iter().take(DIGITS_MAX).fold(0, |value, digit| value * 10 + u64::from(digit - b'0'));
    (1..=DIGITS_MAX).contains(&digits.len()).then_some((value, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moves_stay_inside_the_line() {
        let mut cursor = Cursor::new(b"12345 ab");
        assert_eq!(cursor.number(1, 3), Some(123));
        assert_eq!(cursor.number(3, 4), None);
        assert_eq!(cursor.take(2), b"45", "a failure does not move");
        assert!(cursor.eat_spaces());
        assert_eq!(cursor.take(9), b"ab");
        assert!(cursor.is_empty() && cursor.at_field_end() && !cursor.eat(b' '));
        assert_eq!(Cursor::new(b"9999999999").number(1, 20), Some(999_999_999));
    }
}
