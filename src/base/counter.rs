//! Monotone counters, read by anybody at any time.

use std::sync::atomic::{AtomicU64, Ordering};

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
