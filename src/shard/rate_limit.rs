//! How many messages a second one source may send, and who was cut off for how many.
//!
//! A token bucket for each source address, as the generic cell rate algorithm: one number, the time at which the
//! bucket would be full again. The buckets live in a table of fixed size, shared by all shards, since the datagrams of
//! one device may reach several: a lock guards eight of them for a few nanoseconds.
//!
//! Invariant: forged addresses cost no memory. Where a set of eight is full, the bucket that is nearest to full again
//! goes, and if it was not full yet, its going is counted.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use arc_swap::ArcSwapOption;

use crate::base::clock::Timestamp;
use crate::base::counter::Counter;
use crate::base::metric::Metric;

/// Sets of the table, a power of two.
const SETS: usize = 16_384;
/// Buckets of a set: 131,072 sources in all, in little more than 4 MiB.
const WAYS: usize = 8;
/// Sources over the limit that are told of by name in one window; the rest is told of as a sum.
const LIMITED_MAX: usize = 4_096;

/// A limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateSettings {
    /// Messages a second, at least 1.
    pub messages_per_second: u32,
    /// Messages that may come at once after a pause, at least 1.
    pub burst_messages: u32,
    /// A source over the limit is told of this long after its first message was dropped, in microseconds.
    pub summary_micros: i64,
}

/// One source's bucket.
#[derive(Debug, Clone, Copy)]
struct Bucket {
    source: IpAddr,
    /// When the bucket is full again, in nanoseconds since 1970.
    full_at: i64,
}

/// What one source over the limit has lost since it was last told of.
#[derive(Debug, Clone, Copy)]
struct Limited {
    since: Timestamp,
    dropped: u64,
}

/// The sources over the limit.
#[derive(Debug, Default)]
struct Losses {
    by_source: HashMap<IpAddr, Limited>,
    others: Option<Limited>,
}

/// What is to be told of one source, or of all that there was no room for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Summary {
    /// The source; `None` for several.
    pub source: Option<IpAddr>,
    /// When its first message was dropped.
    pub since: Timestamp,
    /// Messages dropped.
    pub dropped: u64,
}

/// The table. Shared by all shards.
#[derive(Debug)]
pub struct RateLimiter {
    /// `None`: any amount. The table stays, for a limit that is set again and for losses not yet reported.
    settings: ArcSwapOption<RateSettings>,
    hasher: RandomState,
    sets: Box<[Mutex<[Option<Bucket>; WAYS]>]>,
    losses: Mutex<Losses>,
    /// When the next summary is due, in microseconds.
    next_due: AtomicI64,
    /// Buckets that went before they were full again: their sources may send a burst too many.
    pub evictions: Counter,
}

impl RateLimiter {
    /// A limiter with room for 131,072 sources.
    #[must_use]
    pub fn new(settings: RateSettings) -> Self {
        Self {
            settings: ArcSwapOption::from_pointee(settings),
            hasher: RandomState::new(),
            sets: (0..SETS).map(|_| Mutex::new([None; WAYS])).collect(),
            losses: Mutex::default(),
            next_due: AtomicI64::new(i64::MAX),
            evictions: Counter::default(),
        }
    }

    /// The metrics of a limit; the same without one, so that a dashboard finds them always.
    pub fn describe(limiter: Option<&Self>) -> impl Iterator<Item = Metric<'_>> {
        let help = "Sources forgotten by the rate limit while it held them, for want of room";
        let evictions = limiter.map_or(0, |limiter| limiter.evictions.get());
        [Metric::counter("mutt_source_evictions", help, evictions)].into_iter()
    }

    /// The limit; `None` means any amount.
    #[must_use]
    pub fn settings(&self) -> Option<RateSettings> {
        self.settings.load().as_deref().copied()
    }

    /// Changes the limit for all shards. What sources have sent before still counts.
    pub fn set(&self, settings: Option<RateSettings>) {
        self.settings.store(settings.map(Arc::new));
    }

    /// Whether a message of `source`, received at `now`, is within the limit. One that is not is noted for the summary.
    pub fn admits(&self, source: IpAddr, now: Timestamp) -> bool {
        let Some(settings) = self.settings() else { return true };
        let is_within = self.take_token(source, now, settings);
        if !is_within {
            self.note_loss(source, now, settings);
        }
        is_within
    }

    /// Takes a token from the bucket of `source`, if there is one.
    fn take_token(&self, source: IpAddr, now: Timestamp, settings: RateSettings) -> bool {
        let interval = 1_000_000_000 / i64::from(settings.messages_per_second.max(1));
        let tolerance = interval * (i64::from(settings.burst_messages.max(1)) - 1);
        let now = now.0.saturating_mul(1_000);
        // The lowest bits: as good as any of a keyed hash.
        let place = self.hasher.hash_one(source) as usize & (SETS - 1);
        let Some(Ok(mut set)) = self.sets.get(place).map(Mutex::lock) else { return true };
        let found = set.iter_mut().flatten().find(|bucket| bucket.source == source);
        if let Some(bucket) = found {
            let wait = bucket.full_at - now;
            // More than a bucket can ever be behind: the clock was set back.
            if wait > tolerance + interval {
                bucket.full_at = now;
            } else if wait > tolerance {
                return false;
            }
            bucket.full_at = bucket.full_at.max(now) + interval;
            return true;
        }
        let nearest_to_full = set.iter_mut().min_by_key(|way| way.map_or(i64::MIN, |bucket| bucket.full_at));
        if let Some(way) = nearest_to_full {
            if way.is_some_and(|bucket| bucket.full_at > now) {
                self.evictions.add(1);
            }
            *way = Some(Bucket { source, full_at: now + interval });
        }
        true
    }

    /// Notes a dropped message.
    fn note_loss(&self, source: IpAddr, now: Timestamp, settings: RateSettings) {
        let Ok(mut losses) = self.losses.lock() else { return };
        let Losses { by_source, others } = &mut *losses;
        let fresh = Limited { since: now, dropped: 0 };
        let has_room = by_source.len() < LIMITED_MAX;
        let limited = match by_source.get_mut(&source) {
            Some(limited) => limited,
            None if has_room => by_source.entry(source).or_insert(fresh),
            None => others.get_or_insert(fresh),
        };
        limited.dropped += 1;
        if limited.dropped == 1 {
            self.next_due.fetch_min(limited.since.0 + settings.summary_micros, Ordering::AcqRel);
        }
    }

    /// The summaries that are due; `at_end`: all of them. Cheap when none is.
    #[must_use]
    pub fn summaries(&self, now: Timestamp, at_end: bool) -> Vec<Summary> {
        if !at_end && now.0 < self.next_due.load(Ordering::Acquire) {
            return Vec::new();
        }
        let Ok(mut losses) = self.losses.lock() else { return Vec::new() };
        // Without a limit nothing is added any more, so that all of it is due.
        let wait = self.settings().map_or(0, |settings| settings.summary_micros);
        let is_due = |limited: &Limited| at_end || now.0 - limited.since.0 >= wait;
        let mut due: Vec<Summary> = losses
            .by_source
            .extract_if(|_, limited| is_due(limited))
            .map(|(source, limited)| Summary {
                source: Some(source),
                since: limited.since,
                dropped: limited.dropped,
            })
            .collect();
        if let Some(limited) = losses.others.take_if(|limited| is_due(limited)) {
            due.push(Summary { source: None, since: limited.since, dropped: limited.dropped });
        }
        due.sort_by_key(|summary| (summary.since, summary.source));
        let waiting = losses.by_source.values().chain(losses.others.as_ref()).map(|limited| limited.since.0);
        let next = waiting.min().map_or(i64::MAX, |since| since + wait);
        self.next_due.store(next, Ordering::Release);
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    const SETTINGS: RateSettings =
        RateSettings { messages_per_second: 10, burst_messages: 5, summary_micros: 60_000_000 };

    fn at(millis: i64) -> Timestamp {
        Timestamp(1_795_335_330_000_000 + millis * 1_000)
    }

    fn source(number: u32) -> IpAddr {
        Ipv4Addr::from_bits(0x0A00_0000 + number).into()
    }

    #[test]
    fn a_burst_passes_then_the_rate() {
        let limiter = RateLimiter::new(SETTINGS);
        let admitted =
            |from: i64, to: i64| (from..to).filter(|ms| limiter.admits(source(1), at(*ms))).count();
        assert_eq!(admitted(0, 10), 5, "the burst");
        assert_eq!(admitted(10, 1_000), 9, "then one every 100 ms");
        assert!(limiter.admits(source(2), at(1_000)), "another source has a bucket of its own");
        assert_eq!(
            (10_000..10_010).filter(|ms| limiter.admits(source(1), at(*ms))).count(),
            5,
            "after a pause"
        );
        assert!(limiter.admits(source(1), at(-3_600_000)), "the clock was set back an hour");
    }

    #[test]
    fn a_changed_limit_is_in_force_at_once_and_losses_are_still_reported() {
        let limiter = RateLimiter::new(SETTINGS);
        for ms in 0..50 {
            limiter.admits(source(1), at(ms));
        }
        limiter.set(None);
        assert!((50..100).all(|ms| limiter.admits(source(1), at(ms))));
        let reported = limiter.summaries(at(100), true);
        assert_eq!(reported, [Summary { source: Some(source(1)), since: at(5), dropped: 45 }]);
        limiter.set(Some(RateSettings { burst_messages: 1, ..SETTINGS }));
        assert!(limiter.admits(source(2), at(100)));
        assert!(!limiter.admits(source(2), at(101)));
    }

    #[test]
    fn each_loss_is_told_once() {
        let limiter = RateLimiter::new(SETTINGS);
        for ms in 0..50 {
            limiter.admits(source(1), at(ms));
        }
        limiter.admits(source(2), at(0));
        assert_eq!(limiter.summaries(at(59_000), false), []);
        let told = limiter.summaries(at(60_100), false);
        assert_eq!(told, [Summary { source: Some(source(1)), since: at(5), dropped: 45 }]);
        assert_eq!(limiter.summaries(at(200_000), true), []);
        for _ in 0..7 {
            limiter.admits(source(3), at(300_000));
        }
        let told = limiter.summaries(at(300_001), true);
        assert_eq!(told, [Summary { source: Some(source(3)), since: at(300_000), dropped: 2 }]);
    }

    #[test]
    fn a_million_forged_addresses_take_no_memory_and_are_told_as_one() {
        let limiter = RateLimiter::new(RateSettings { burst_messages: 1, ..SETTINGS });
        let octets = size_of_val(&*limiter.sets);
        assert!(octets < 6 * 1024 * 1024, "{octets}");
        let mut dropped = 0;
        for number in 0..1_000_000 {
            dropped += u64::from(!limiter.admits(source(number), at(0)));
            dropped += u64::from(!limiter.admits(source(number), at(0)));
        }
        assert_eq!(dropped, 1_000_000, "the second message of each");
        assert!(limiter.evictions.get() > 800_000, "{}", limiter.evictions.get());
        let told = limiter.summaries(at(0), true);
        assert_eq!(told.len(), LIMITED_MAX + 1);
        assert_eq!(told.iter().map(|summary| summary.dropped).sum::<u64>(), dropped);
    }
}
