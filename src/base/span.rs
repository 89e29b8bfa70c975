//! A place inside a buffer, kept instead of a borrow.

/// A range of octets in a buffer that somebody else owns: how an event points into its batch.
///
/// A borrow would tie the event to the batch's lifetime, a sub-slice would cost a reference count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Span {
    /// Offset of the first octet.
    pub start: u32,
    /// Number of octets.
    pub len: u32,
}

impl Span {
    /// The span of no octets.
    pub const EMPTY: Self = Self { start: 0, len: 0 };

    /// Whether the span covers nothing.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.len == 0
    }

    /// The octets of the span in `buffer`; empty when the span does not lie inside it.
    #[must_use]
    pub fn of(self, buffer: &[u8]) -> &[u8] {
        let start = self.start as usize;
        buffer.get(start..start.saturating_add(self.len as usize)).unwrap_or_default()
    }

    /// The span that `part` has inside `whole`, when `part` is a sub-slice of it.
    ///
    /// An empty `part` has no place of its own and yields [`Span::EMPTY`].
    #[must_use]
    pub fn within(whole: &[u8], part: &[u8]) -> Option<Self> {
        if part.is_empty() {
            return Some(Self::EMPTY);
        }
        let start = (part.as_ptr() as usize).checked_sub(whole.as_ptr() as usize)?;
        if start.checked_add(part.len())? > whole.len() {
            return None;
        }
        Some(Self { start: u32::try_from(start).ok()?, len: u32::try_from(part.len()).ok()? })
    }

    /// The same span after the buffer it points into was placed at `offset` of a larger one.
    #[must_use]
    pub fn shifted(self, offset: u32) -> Self {
        if self.is_empty() { self } else { Self { start: self.start + offset, len: self.len } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn within_finds_the_part_and_refuses_a_stranger() {
        let whole = b"<34>Oct 11 host".to_vec();
        let part = &whole[4..7];
        assert_eq!(Span::within(&whole, part), Some(Span { start: 4, len: 3 }));
        assert_eq!(Span { start: 4, len: 3 }.of(&whole), b"Oct");
        let stranger = b"Oct".to_vec();
        assert_eq!(Span::within(&whole[..2], &whole[1..5]), None);
        assert!(Span::within(&whole, &stranger).is_none_or(|s| s.of(&whole) != b"Oct" || s.start == 4));
        assert_eq!(Span { start: 14, len: 9 }.of(&whole), b"");
    }
}
