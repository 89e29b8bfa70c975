//! How many Reports a source is sent: they answer messages that nobody vouches for, and are longer than those.

use std::hash::{BuildHasher as _, RandomState};
use std::net::IpAddr;

/// Reports a source gets in a second, and at once after a pause. A device needs two; a translator of addresses may
/// stand before many devices.
const PER_SECOND: u32 = 50;
const AT_ONCE: u32 = 200;

/// Sources that are told apart; others share.
const BUCKETS: usize = 1_024;

/// What one bucket still holds, and when it was filled last, seconds.
#[derive(Debug, Clone, Copy)]
struct Bucket {
    left: u32,
    filled: u64,
}

/// The limit, of one shard.
#[derive(Debug)]
pub(super) struct ReportLimit {
    buckets: Box<[Bucket]>,
    hasher: RandomState,
}

impl ReportLimit {
    /// Full buckets.
    pub(super) fn new() -> Self {
        Self {
            buckets: (0..BUCKETS).map(|_| Bucket { left: AT_ONCE, filled: 0 }).collect(),
            hasher: RandomState::new(),
        }
    }

    /// Whether `source` may be sent one more at `now`, seconds of our own clock.
    pub(super) fn allows(&mut self, source: IpAddr, now: u64) -> bool {
        let place = self.hasher.hash_one(source) % BUCKETS as u64;
        let Some(bucket) = self.buckets.get_mut(place as usize) else { return false };
        let gained =
            u32::try_from(now.saturating_sub(bucket.filled)).unwrap_or(u32::MAX).saturating_mul(PER_SECOND);
        bucket.left = bucket.left.saturating_add(gained).min(AT_ONCE);
        bucket.filled = now;
        let is_allowed = bucket.left > 0;
        bucket.left = bucket.left.saturating_sub(1);
        is_allowed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_gets_few_and_others_get_theirs() {
        let mut limit = ReportLimit::new();
        let source = |last| IpAddr::from([192, 0, 2, last]);
        let allowed = (0..10_000).filter(|_| limit.allows(source(1), 5)).count();
        assert_eq!(allowed, AT_ONCE as usize);
        assert!((2..100).filter(|last| limit.allows(source(*last), 5)).count() > 80);
        let allowed = (0..10_000).filter(|_| limit.allows(source(1), 6)).count();
        assert_eq!(allowed, PER_SECOND as usize);
    }
}
