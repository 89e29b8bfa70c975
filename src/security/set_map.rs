//! A bounded map that forgets what was used longest ago.
//!
//! Set-associative, as a processor's cache: a key belongs to one small set, and a full set gives up its oldest entry.
//! So a look-up is a few comparisons, memory grows only with what is entered, and the bound is a product.

use std::hash::{BuildHasher as _, Hash, RandomState};

/// Entries of one set.
pub(super) const WAYS: usize = 16;

/// A map of at most `sets * WAYS` entries. The place of a key is unpredictable for peers.
#[derive(Debug)]
pub(super) struct SetMap<K, V> {
    sets: Box<[Vec<Slot<K, V>>]>,
    hasher: RandomState,
    /// Rises with each use; 2^64 of them are not reached.
    tick: u64,
}

/// An entry. What a value must not leave behind in memory when entries move belongs in a box.
#[derive(Debug)]
struct Slot<K, V> {
    key: K,
    value: V,
    used: u64,
}

impl<K: Hash + Eq, V> SetMap<K, V> {
    /// An empty map of `sets` sets.
    pub(super) fn new(sets: usize) -> Self {
        Self { sets: (0..sets).map(|_| Vec::new()).collect(), hasher: RandomState::new(), tick: 0 }
    }

    /// The set of `key`.
    fn set(&mut self, key: &K) -> Option<&mut Vec<Slot<K, V>>> {
        let place = self.hasher.hash_one(key) % (self.sets.len() as u64).max(1);
        self.sets.get_mut(place as usize)
    }

    /// The value of `key`.
    pub(super) fn get(&mut self, key: &K) -> Option<&mut V> {
        self.tick += 1;
        let tick = self.tick;
        let slot = self.set(key)?.iter_mut().find(|slot| slot.key == *key)?;
        slot.used = tick;
        Some(&mut slot.value)
    }

    /// Enters a value, in place of the one that was used longest ago when its set is full.
    pub(super) fn insert(&mut self, key: K, value: V) {
        self.tick += 1;
        let used = self.tick;
        let Some(set) = self.set(&key) else { return };
        let slot = Slot { key, value, used };
        if let Some(same) = set.iter_mut().find(|same| same.key == slot.key) {
            *same = slot;
        } else if set.len() < WAYS {
            set.push(slot);
        } else if let Some(oldest) = set.iter_mut().min_by_key(|slot| slot.used) {
            *oldest = slot;
        }
    }

    /// Forgets the entry of `key`; returns whether there was one.
    pub(super) fn remove(&mut self, key: &K) -> bool {
        let Some(set) = self.set(key) else { return false };
        let before = set.len();
        set.retain(|slot| slot.key != *key);
        set.len() < before
    }

    /// Forgets every entry for which `keep` says no.
    pub(super) fn retain(&mut self, mut keep: impl FnMut(&K) -> bool) {
        for set in &mut self.sets {
            set.retain(|slot| keep(&slot.key));
        }
    }

    /// Number of entries.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.sets.iter().map(Vec::len).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bound_holds_and_what_is_used_stays() {
        let mut map = SetMap::new(64);
        map.insert(u64::MAX, 7);
        for key in 0..100_000_u64 {
            map.insert(key, key);
            assert_eq!(map.get(&u64::MAX), Some(&mut 7), "used all the time");
        }
        assert_eq!(map.len(), 64 * WAYS);
        map.retain(|key| *key == u64::MAX);
        assert_eq!((map.len(), map.get(&5)), (1, None));
        assert!(map.remove(&u64::MAX) && !map.remove(&u64::MAX) && map.len() == 0);
    }

    #[test]
    fn ten_thousand_keys_fit_into_three_times_the_room() {
        let mut map = SetMap::new(2_048);
        (0..10_000_u64).for_each(|key| map.insert(key, ()));
        let kept = (0..10_000_u64).filter(|key| map.get(key).is_some()).count();
        assert!(kept > 9_990, "{kept}");
    }
}
