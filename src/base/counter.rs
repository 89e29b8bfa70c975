//! Monotone counters, read by anybody at any time.

use std::marker::PhantomData;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::base::variants::Variants;

/// A count that only rises. Padded to a cache line, so that two shards never share one.
///
/// A depth is the difference of two counters, not a gauge: a gauge that two threads move can be wrong, a pair
/// of monotone counters can only be late.
#[derive(Debug, Default)]
#[repr(align(64))]
pub struct Counter(AtomicU64);

impl Counter {
    /// Adds `count`.
    #[inline]
    pub fn add(&self, count: u64) {
        self.0.fetch_add(count, Ordering::AcqRel);
    }

    /// Adds `count`, where this thread is the only one that ever does: no locked instruction.
    #[inline]
    pub fn add_alone(&self, count: u64) {
        self.0.store(self.0.load(Ordering::Relaxed) + count, Ordering::Release);
    }

    /// The count so far.
    #[must_use]
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Acquire)
    }
}

/// One [`Counter`] for each variant of `V`.
#[derive(Debug)]
pub struct CounterSet<V> {
    counters: Box<[Counter]>,
    variants: PhantomData<V>,
}

impl<V: Variants> Default for CounterSet<V> {
    fn default() -> Self {
        Self { counters: V::ALL.iter().map(|_| Counter::default()).collect(), variants: PhantomData }
    }
}

impl<V: Variants> CounterSet<V> {
    /// Adds `count` to the counter of `variant`.
    pub fn add(&self, variant: V, count: u64) {
        if let Some(counter) = self.counters.get(variant.index()) {
            counter.add(count);
        }
    }

    /// As [`Counter::add_alone`].
    pub fn add_alone(&self, variant: V, count: u64) {
        if let Some(counter) = self.counters.get(variant.index()) {
            counter.add_alone(count);
        }
    }

    /// The count of `variant` so far.
    #[must_use]
    pub fn get(&self, variant: V) -> u64 {
        self.counters.get(variant.index()).map_or(0, Counter::get)
    }

    /// All variants with their counts so far.
    pub fn iter(&self) -> impl Iterator<Item = (V, u64)> {
        V::ALL.iter().map(|variant| (*variant, self.get(*variant)))
    }
}
