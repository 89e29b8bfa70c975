//! Who gives way when the store does not keep up: the loudest sources, not all alike.
//!
//! While the queue is nearly full, a source may have its equal share of what the store takes, and no more. Sources
//! below it lose nothing; what they leave over, the loud ones get as soon as the queue has sunk.
//!
//! Invariant: fixed memory. Sources are counted in buckets of a keyed hash whose key changes with each window, so that
//! a quiet source that shares a bucket with a loud one does so for a tenth of a second.

use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;

use crate::base::clock::Timestamp;

/// Length of a window, microseconds.
const WINDOW_MICROS: i64 = 100_000;
/// Time over which the pace of the store is taken, microseconds: some commits long.
const PACE_MICROS: i64 = 1_000_000;
/// Buckets, a power of two.
const BUCKETS: usize = 8_192;
/// Messages of a window that any source may send, however slow the store is: 100 a second are no flood.
const FREE_MESSAGES: u64 = 10;

/// Counts of one shard's sources. They are only counted while the queue is nearly full.
#[derive(Debug)]
pub struct FairShare {
    window: i64,
    hasher: RandomState,
    counts: Box<[u32]>,
    active: u64,
    active_before: u64,
    pace: Pace,
}

/// How fast the store takes messages.
#[derive(Debug, Default)]
struct Pace {
    since: Timestamp,
    taken_before: u64,
    per_window: u64,
}

impl Default for FairShare {
    fn default() -> Self {
        Self {
            window: i64::MIN,
            hasher: RandomState::new(),
            counts: vec![0; BUCKETS].into_boxed_slice(),
            active: 0,
            active_before: 0,
            pace: Pace::default(),
        }
    }
}

impl FairShare {
    /// Takes note that the store had taken `taken` messages up to `now`. To be called now and then.
    pub fn note_pace(&mut self, now: Timestamp, taken: u64) {
        let elapsed = now.0 - self.pace.since.0;
        if (0..PACE_MICROS).contains(&elapsed) {
            return;
        }
        let windows = u64::try_from(elapsed / WINDOW_MICROS).unwrap_or(0).max(1);
        let per_window = taken.saturating_sub(self.pace.taken_before) / windows;
        self.pace = Pace { since: now, taken_before: taken, per_window };
    }

    /// Whether a message of `source`, received at `now`, is within its share.
    pub fn admits(&mut self, source: IpAddr, now: Timestamp) -> bool {
        let window = now.0.div_euclid(WINDOW_MICROS);
        if window != self.window {
            self.active_before = if window == self.window + 1 { self.active } else { 0 };
            self.window = window;
            self.hasher = RandomState::new();
            self.counts.fill(0);
            self.active = 0;
        }
        let place = self.hasher.hash_one(source) as usize & (BUCKETS - 1);
        let Some(count) = self.counts.get_mut(place) else { return true };
        self.active += u64::from(*count == 0);
        let share = self.pace.per_window / self.active.max(self.active_before).max(1);
        if u64::from(*count) >= share.max(FREE_MESSAGES) {
            return false;
        }
        *count += 1;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    fn source(number: u32) -> IpAddr {
        Ipv4Addr::from_bits(0x0A00_0000 + number).into()
    }

    /// Admitted messages of each source in the last of three windows, in each of which source `n` sends `rates[n]`
    /// messages, to a store that takes `pace` in a window.
    fn run(rates: &[u32], pace: u64) -> Vec<u32> {
        let mut fair = FairShare::default();
        fair.note_pace(Timestamp(0), 0);
        fair.note_pace(Timestamp(PACE_MICROS), pace * 10);
        let mut admitted = Vec::new();
        for window in 0..3 {
            admitted = vec![0; rates.len()];
            for turn in 0..*rates.iter().max().unwrap_or(&0) {
                for ((number, rate), admitted) in (0..).zip(rates).zip(&mut admitted) {
                    let now = Timestamp(window * WINDOW_MICROS + 7);
                    *admitted += u32::from(turn < *rate && fair.admits(source(number), now));
                }
            }
        }
        admitted
    }

    #[test]
    fn loud_sources_give_way_and_quiet_ones_lose_nothing() {
        let mut rates = vec![10; 100];
        rates[50] = 5_000;
        let admitted = run(&rates, 2_000);
        assert!(
            admitted.iter().enumerate().all(|(number, count)| number == 50 || *count == 10),
            "{admitted:?}"
        );
        assert_eq!(admitted[50], 20);
        assert_eq!(run(&[10, 500, 500], 300), [10, 100, 100]);
        assert_eq!(run(&[10, 500], 300), [10, 150]);
    }

    #[test]
    fn a_store_that_stands_still_leaves_each_a_little() {
        assert_eq!(run(&[5, 500], 0), [5, 10]);
    }

    #[test]
    fn the_pace_is_that_of_the_last_second() {
        let mut fair = FairShare::default();
        fair.note_pace(Timestamp(5_000_000), 1_000);
        fair.note_pace(Timestamp(5_500_000), 9_000);
        fair.note_pace(Timestamp(7_000_000), 41_000);
        assert_eq!(fair.pace.per_window, 2_000);
        let admitted = (0..3_000).filter(|_| fair.admits(source(1), Timestamp(7_000_000))).count();
        assert_eq!(admitted, 2_000);
    }
}
