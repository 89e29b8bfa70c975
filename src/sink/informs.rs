//! Which informs were stored lately: a repeated one is answered again and stored once.
//!
//! It stands at the sink and not at the shards, because here alone it is known what is committed, and because the
//! repetition may come from another port and so to another shard.

use std::collections::{HashSet, VecDeque};

use crate::base::clock::Timestamp;
use crate::model::batch::InformKey;

/// How long a repetition is recognised, in microseconds: senders retry a few times every 5 to 15 s.
const WINDOW_MICROS: i64 = 60_000_000;

/// Most informs remembered; beyond it the oldest is forgotten early.
const INFORMS_MAX: usize = 65_536;

/// The informs of the last minute.
#[derive(Debug, Default)]
pub struct RecentInforms {
    keys: HashSet<InformKey>,
    order: VecDeque<(Timestamp, InformKey)>,
}

impl RecentInforms {
    /// Takes note of an inform received at `at`; returns whether it is a repetition.
    pub fn is_repeated(&mut self, key: InformKey, at: Timestamp) -> bool {
        while let Some((oldest, old_key)) = self.order.front() {
            // A clock that was set back ends the window, too.
            if (0..WINDOW_MICROS).contains(&(at.0 - oldest.0)) && self.order.len() < INFORMS_MAX {
                break;
            }
            self.keys.remove(old_key);
            self.order.pop_front();
        }
        if !self.keys.insert(key) {
            return true;
        }
        self.order.push_back((at, key));
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repetition_is_recognised_for_a_minute_and_memory_is_bounded() {
        let mut recent = RecentInforms::default();
        assert!(!recent.is_repeated(1, Timestamp(0)));
        assert!(recent.is_repeated(1, Timestamp(59_000_000)));
        assert!(!recent.is_repeated(1, Timestamp(60_000_000)), "request-ids come round again");
        for key in 0..200_000u128 {
            recent.is_repeated(1_000 + key, Timestamp(60_000_001));
        }
        assert!(recent.keys.len() <= INFORMS_MAX && recent.order.len() <= INFORMS_MAX);
        assert!(recent.is_repeated(1_000 + 199_999, Timestamp(60_000_002)));
    }
}
