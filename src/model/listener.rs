//! Listeners by number. A listener's identity is its name; its number is assigned to the name once and kept, so that
//! rows of earlier runs can be told apart by it. It is never a position among the listeners of a run.

/// Slot of a number that has no value.
const NONE: u16 = u16::MAX;

/// One value for each listener of this run, found by the listener's number.
#[derive(Debug, Clone)]
pub struct PerListener<T> {
    /// Place in `values`, by number.
    slots: Box<[u16; 256]>,
    values: Vec<(u8, T)>,
}

impl<T> Default for PerListener<T> {
    fn default() -> Self {
        Self { slots: Box::new([NONE; 256]), values: Vec::new() }
    }
}

impl<T> PerListener<T> {
    /// The value for the listener with this number.
    #[must_use]
    pub fn get(&self, number: u8) -> Option<&T> {
        let slot = self.slots.get(usize::from(number))?;
        self.values.get(usize::from(*slot)).map(|(_, value)| value)
    }

    /// All listeners with their values, in the order in which they were given.
    pub fn iter(&self) -> impl Iterator<Item = (u8, &T)> {
        self.values.iter().map(|(number, value)| (*number, value))
    }
}

impl<T> FromIterator<(u8, T)> for PerListener<T> {
    /// Of several values for one number, the first is kept.
    fn from_iter<I: IntoIterator<Item = (u8, T)>>(values: I) -> Self {
        let mut all = Self::default();
        for (number, value) in values {
            let Some(slot) = all.slots.get_mut(usize::from(number)).filter(|slot| **slot == NONE) else {
                continue;
            };
            // At most 256 numbers exist.
            *slot = u16::try_from(all.values.len()).unwrap_or(NONE);
            all.values.push((number, value));
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found_by_number_whatever_their_order() {
        let all: PerListener<&str> =
            [(7, "relp"), (255, "tls"), (0, "udp"), (7, "again")].into_iter().collect();
        assert_eq!([all.get(0), all.get(7), all.get(255)], [Some(&"udp"), Some(&"relp"), Some(&"tls")]);
        assert_eq!((all.get(1), all.get(254)), (None, None));
        assert_eq!(all.iter().map(|(number, _)| number).collect::<Vec<_>>(), [7, 255, 0]);
        let full: PerListener<u8> = (0..=255).map(|number| (number, number)).collect();
        assert!((0..=255).all(|number| full.get(number) == Some(&number)));
    }
}
