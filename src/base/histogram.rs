//! A histogram of durations with fixed bounds: counters only, so that reading needs no lock.

use std::time::Duration;

use crate::base::counter::Counter;

/// Upper bounds of the buckets, in microseconds; one more bucket takes what is longer.
pub const BOUNDS_MICROS: [u64; 12] = [
    1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000, 10_000_000,
];

/// Durations by bucket, and their sum.
#[derive(Debug, Default)]
pub struct Histogram {
    buckets: [Counter; BOUNDS_MICROS.len() + 1],
    sum_micros: Counter,
}

/// Durations counted by one thread before they are added to a [`Histogram`] together.
#[derive(Debug, Default, Clone, Copy)]
pub struct Tally {
    buckets: [u64; BOUNDS_MICROS.len() + 1],
    sum_micros: u64,
}

impl Tally {
    /// Counts one duration.
    pub fn observe_micros(&mut self, micros: u64) {
        let bucket = BOUNDS_MICROS.iter().position(|bound| micros <= *bound).unwrap_or(BOUNDS_MICROS.len());
        if let Some(count) = self.buckets.get_mut(bucket) {
            *count += 1;
        }
        self.sum_micros = self.sum_micros.saturating_add(micros);
    }
}

impl Histogram {
    /// Counts one duration.
    pub fn observe(&self, duration: Duration) {
        let mut tally = Tally::default();
        tally.observe_micros(u64::try_from(duration.as_micros()).unwrap_or(u64::MAX));
        self.add(&tally);
    }

    /// Adds what was counted aside.
    pub fn add(&self, tally: &Tally) {
        for (counter, count) in self.buckets.iter().zip(tally.buckets) {
            if count > 0 {
                counter.add(count);
            }
        }
        self.sum_micros.add(tally.sum_micros);
    }

    /// Durations counted, cumulated by bound: `(bound in microseconds, durations up to it)`; `None` is no bound.
    pub fn cumulated(&self) -> impl Iterator<Item = (Option<u64>, u64)> {
        let bounds = BOUNDS_MICROS.iter().copied().map(Some).chain([None]);
        bounds.zip(&self.buckets).scan(0, |sum, (bound, counter)| {
            *sum += counter.get();
            Some((bound, *sum))
        })
    }

    /// Sum of all durations, in microseconds.
    #[must_use]
    pub fn sum_micros(&self) -> u64 {
        self.sum_micros.get()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_cumulated() {
        let histogram = Histogram::default();
        for millis in [1, 1, 30, 20_000] {
            histogram.observe(Duration::from_millis(millis));
        }
        let cumulated: Vec<_> = histogram.cumulated().collect();
        assert_eq!(cumulated[0], (Some(1_000), 2));
        assert_eq!(cumulated[5], (Some(50_000), 3));
        assert_eq!(cumulated[12], (None, 4));
        assert_eq!(histogram.sum_micros(), 20_032_000);
    }
}
