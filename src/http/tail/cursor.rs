//! A place in the stream of commits, as clients keep it.

use std::fmt;

use crate::model::event::EventId;
use crate::model::group::CommitNumber;
use crate::storage::messages::CommitPosition;

/// A position as text: `NUMBER` behind all rows of a commit, `NUMBER.ID` behind some rows of the one that follows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cursor(pub(super) CommitPosition);

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.id {
            Some(id) => write!(f, "{}.{}", self.0.number.0, id.0),
            None => write!(f, "{}", self.0.number.0),
        }
    }
}

impl Cursor {
    /// The cursor that `text` is; `None` when it is none.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (number, id) = match text.split_once('.') {
            Some((number, id)) => (number, Some(id)),
            None => (text, None),
        };
        let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|octet| octet.is_ascii_digit());
        if !is_digits(number) || !id.is_none_or(is_digits) {
            return None;
        }
        // SQLite counts up to 2^63 - 1.
        let number = number.parse::<i64>().ok()?.unsigned_abs();
        let id = id.map(|id| id.parse().map(EventId)).transpose().ok()?;
        Some(Self(CommitPosition { number: CommitNumber(number), id }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_as_it_was_written_and_nothing_else_is_one() {
        for text in ["0", "42", "42.3676847", "9223372036854775807.9223372036854775807"] {
            assert_eq!(Cursor::parse(text).map(|cursor| cursor.to_string()).as_deref(), Some(text));
        }
        for text in ["", ".", "1.", ".1", "-1", "+1", "1.-1", "1.2.3", "x", "9223372036854775808", " 1"] {
            assert_eq!(Cursor::parse(text), None, "{text}");
        }
    }
}
