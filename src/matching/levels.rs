//! Sets of syslog severities, by which rules are indexed.

/// Which levels a condition allows. A message without level, as every notification, is in [`Levels::ALL`] only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Levels(u16);

impl Levels {
    /// How many slots there are: one for each level, and one for messages without.
    pub(super) const SLOTS: usize = 9;

    /// Every message.
    pub const ALL: Self = Self((1 << Self::SLOTS) - 1);

    /// No message.
    pub const NONE: Self = Self(0);

    /// The levels from `first` to `last`, both included and at most 7, in either order.
    #[must_use]
    pub fn range(first: u8, last: u8) -> Self {
        let (least, most) = (first.min(last).min(7), first.max(last).min(7));
        Self((least..=most).fold(0, |bits, level| bits | 1 << level))
    }

    /// What either allows.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// What both allow.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Whether a message of this level is allowed.
    #[must_use]
    pub const fn contains(self, level: Option<u8>) -> bool {
        self.has_slot(Self::slot(level))
    }

    /// The slot of messages with this level.
    pub(super) const fn slot(level: Option<u8>) -> usize {
        match level {
            Some(level @ 0..=7) => level as usize,
            _ => Self::SLOTS - 1,
        }
    }

    /// Whether messages of this slot are allowed.
    pub(super) const fn has_slot(self, slot: usize) -> bool {
        self.0 >> slot & 1 == 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_holds_what_it_was_made_of() {
        let errors = Levels::range(3, 0);
        assert_eq!(errors, Levels::range(0, 3));
        for level in 0..=7 {
            assert_eq!(errors.contains(Some(level)), level <= 3);
            assert!(Levels::ALL.contains(Some(level)) && !Levels::NONE.contains(Some(level)));
        }
        assert!(!errors.contains(None) && Levels::ALL.contains(None));
        assert!(!Levels::range(0, 200).contains(None), "a level that does not exist takes none in");
        assert_eq!(errors.and(Levels::range(3, 7)), Levels::range(3, 3));
        assert_eq!(errors.or(Levels::range(4, 7)), Levels::range(0, 7));
    }
}
