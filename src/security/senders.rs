//! What we know of the clocks of engines that send traps, for which they are authoritative (RFC 3414 2.3, 3.2 (7) b).

use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Mutex, PoisonError};

use crate::security::engine::{EngineId, LAST};
use crate::security::set_map::{SetMap, WAYS};

/// How far a message may be behind, seconds (RFC 3414 2.2.3).
pub(super) const WINDOW_SECONDS: i64 = 150;

/// Parts of the table with a lock each, so that shards seldom meet.
const STRIPES: usize = 64;
/// Sets of each part.
const SETS: usize = 64;

/// Engines remembered; of more, the one heard longest ago is forgotten.
pub const SENDERS_MAX: usize = STRIPES * SETS * WAYS;

/// Octets that the full table takes.
pub(super) const SENDERS_OCTETS_MAX: usize =
    SENDERS_MAX * (2 * size_of::<(EngineId, Notion, u64)>()) + STRIPES * SETS * size_of::<Vec<()>>();

/// Our notion of another engine's clock.
#[derive(Debug, Clone, Copy)]
struct Notion {
    /// snmpEngineBoots.
    boots: i32,
    /// latestReceivedEngineTime, which is also snmpEngineTime at `heard`.
    latest: i32,
    /// When that was, seconds of our own clock.
    heard: u64,
}

/// The clocks of all engines.
#[derive(Debug)]
pub(super) struct Senders {
    stripes: Box<[Mutex<SetMap<EngineId, Notion>>]>,
    hasher: RandomState,
}

impl Default for Senders {
    fn default() -> Self {
        Self {
            stripes: (0..STRIPES).map(|_| Mutex::new(SetMap::new(SETS))).collect(),
            hasher: RandomState::new(),
        }
    }
}

impl Senders {
    /// Takes over what was known of `engine` in an earlier life of ours: its clock showed `boots` and `time`, and has
    /// gone on since for a time that is not known.
    pub(super) fn remember(&self, engine: &EngineId, boots: i32, time: i32, now: u64) {
        // What is older than known already changes nothing.
        let _ = self.is_timely(engine, boots, time, now);
    }

    /// Forgets the clock of `engine`: its next authentic message is believed, whatever it shows. Returns whether the clock
    /// was known.
    pub(super) fn forget(&self, engine: &EngineId) -> bool {
        self.stripe(engine)
            .is_some_and(|stripe| stripe.lock().unwrap_or_else(PoisonError::into_inner).remove(engine))
    }

    /// The part of the table that an engine belongs to.
    fn stripe(&self, engine: &EngineId) -> Option<&Mutex<SetMap<EngineId, Notion>>> {
        let place = self.hasher.hash_one(engine) % STRIPES as u64;
        self.stripes.get(place as usize)
    }

    /// Takes note of an authentic message of `engine` at `now` (seconds of our own clock); returns whether it is
    /// timely (RFC 3414 3.2 (7) b).
    ///
    /// An engine that claims the last value of boots is refused and its claim not kept: kept, it would lock the engine
    /// out for good, as the RFC has it for an engine that cannot count on.
    pub(super) fn is_timely(&self, engine: &EngineId, boots: i32, time: i32, now: u64) -> bool {
        if boots == LAST {
            return false;
        }
        let Some(stripe) = self.stripe(engine) else { return false };
        // Held for a look-up and a few comparisons.
        let mut known = stripe.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(notion) = known.get(engine) else {
            known.insert(*engine, Notion { boots, latest: time, heard: now });
            return true;
        };
        if boots > notion.boots || (boots == notion.boots && time > notion.latest) {
            *notion = Notion { boots, latest: time, heard: now };
        }
        let elapsed = i64::try_from(now.saturating_sub(notion.heard)).unwrap_or(i64::MAX);
        let engine_time = i64::from(notion.latest).saturating_add(elapsed);
        boots == notion.boots && i64::from(time) >= engine_time - WINDOW_SECONDS
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn engine(number: u32) -> EngineId {
        EngineId::new(&[&[0x80][..], &number.to_be_bytes()].concat()).unwrap()
    }

    #[test]
    fn the_window_follows_the_sender() {
        let senders = Senders::default();
        let timely = |boots, time, now| senders.is_timely(&engine(1), boots, time, now);
        assert!(timely(5, 1_000, 10), "the first authentic message is believed");
        assert!(timely(5, 850, 10), "150 s behind");
        assert!(!timely(5, 849, 10));
        assert!(timely(5, 1_000, 160), "our clock moves the window");
        assert!(!timely(5, 1_000, 161));
        assert!(timely(5, 90_000, 162), "its clock may be far ahead");
        assert!(!timely(5, 1_001, 163));
        assert!(!timely(4, 99_999, 163), "a life that is over");
        assert!(timely(6, 0, 164), "a new life");
        assert!(!timely(5, 90_001, 165));
        assert!(!timely(LAST, 1, 166));
        assert!(timely(6, 2, 166), "the claim did not lock it out");
        assert!(senders.is_timely(&engine(2), 1, 1, 166), "each engine has its own clock");
        assert!(!timely(1, 1, 167), "its count of boots is lost");
        assert!(senders.forget(&engine(1)) && !senders.forget(&engine(3)));
        assert!(timely(1, 1, 168), "and believed afresh");
        assert!(!timely(0, 9, 168));
    }
}
