//! Which authentic messages were taken lately: within the time window an identical message would pass again
//! (RFC 3414 1.2 does not claim more), whether the network doubled it or an attacker plays it back.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Mutex, OnceLock, PoisonError};

use crate::security::engine::EngineId;

/// How long a message is remembered, seconds: twice the time window, which bounds how late it may come again.
const REMEMBERED_SECONDS: u64 = 300;

/// Sets of the table, and messages of each. Beyond it the oldest are forgotten early: at 400 messages a second they
/// are remembered for 300 s.
const SETS: usize = 16_384;
const WAYS: usize = 8;

/// Octets of the table, all taken with the first authentic message.
pub(super) const REPLAYS_OCTETS: usize = SETS * size_of::<Mutex<Set>>();

/// Fingerprint of a message, and when it came; a time of 0 is an empty place.
type Set = [(u64, u64); WAYS];

/// Fingerprints of messages.
#[derive(Debug, Default)]
pub(super) struct Replays {
    sets: OnceLock<Box<[Mutex<Set>]>>,
    hasher: RandomState,
}

impl Replays {
    /// Takes note of the message of `engine` with `msg_id` and `mac` at `now`, seconds of our own clock; returns
    /// whether it was taken before. The MAC covers everything in the message, boots and time included.
    pub(super) fn is_replayed(&self, engine: &EngineId, msg_id: i32, mac: &[u8], now: u64) -> bool {
        let fingerprint = self.hasher.hash_one((engine, msg_id, mac));
        let sets = self.sets.get_or_init(|| (0..SETS).map(|_| Mutex::new([(0, 0); WAYS])).collect());
        let Some(set) = sets.get(fingerprint as usize % SETS) else { return false };
        let mut set = set.lock().unwrap_or_else(PoisonError::into_inner);
        let now = now + 1;
        let known = |(other, at): &(u64, u64)| {
            *other == fingerprint && *at > 0 && now.saturating_sub(*at) <= REMEMBERED_SECONDS
        };
        if set.iter().any(known) {
            return true;
        }
        // The oldest comes to the front and is overwritten.
        set.rotate_right(1);
        if let Some(oldest) = set.first_mut() {
            *oldest = (fingerprint, now);
        }
        false
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_message_is_taken_once_in_300_seconds() {
        let replays = Replays::default();
        let engine = EngineId::new(b"engine").unwrap();
        assert!(!replays.is_replayed(&engine, 1, b"mac", 0));
        assert!(replays.is_replayed(&engine, 1, b"mac", 0));
        assert!(replays.is_replayed(&engine, 1, b"mac", 300));
        assert!(!replays.is_replayed(&engine, 2, b"mac", 0));
        assert!(!replays.is_replayed(&engine, 1, b"cam", 0));
        assert!(!replays.is_replayed(&engine, 1, b"mac", 301));
    }

    #[test]
    fn the_last_ones_are_remembered_in_a_flood() {
        let replays = Replays::default();
        let engine = EngineId::new(b"engine").unwrap();
        for msg_id in 0..300_000 {
            assert!(!replays.is_replayed(&engine, msg_id, b"mac", 5));
        }
        let last =
            (299_000..300_000).filter(|msg_id| replays.is_replayed(&engine, *msg_id, b"mac", 6)).count();
        assert!(last > 990, "only {last} of the last 1000 are known");
    }
}
