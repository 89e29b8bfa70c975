//! What a shard counts, by listener. One writer each; the ledger reads.

use std::collections::BTreeMap;
use std::sync::Mutex;

use crate::base::counter::Counter;
use crate::shard::snmp_policy::PolicyRefusal;

/// Counters of one listener in one shard.
#[derive(Debug, Default)]
pub struct ListenerCounters {
    /// Datagrams or frames taken from the kernel.
    pub received: Counter,
    /// Their octets.
    pub octets: Counter,
    /// Of these, longer than the configured maximum: their end is gone, what came is stored.
    pub truncated: Counter,
    /// Of these, probably sent again since the answer to them was lost; RELP only.
    pub repeated: Counter,
    /// Discarded by a rule.
    pub discarded: Counter,
    /// Refused: the source is not in the allow-list.
    pub not_allowed: Counter,
    /// Refused: the source sends more than the rate limit.
    pub rate_limited: Counter,
    /// Refused in an overload: the source sends far more than others.
    pub over_fair_share: Counter,
    /// Refused by what is configured for SNMP, in the order of [`PolicyRefusal::ALL`].
    pub policy: [Counter; PolicyRefusal::ALL.len()],
    /// Questions who we are (RFC 3414 section 4), answered and not kept.
    pub discovery: Counter,
    /// Put into a batch.
    pub appended: Counter,
    /// Taken out again, because the queue had no room for the batch.
    pub queue_full: Counter,
    undecoded: Mutex<BTreeMap<&'static str, u64>>,
}

impl ListenerCounters {
    /// The counter of a refusal.
    #[must_use]
    pub fn policy(&self, refusal: PolicyRefusal) -> &Counter {
        // In order of declaration, as the counters are.
        let [version, community, community_source, security_level] = &self.policy;
        match refusal {
            PolicyRefusal::Version => version,
            PolicyRefusal::Community => community,
            PolicyRefusal::CommunitySource => community_source,
            PolicyRefusal::SecurityLevel => security_level,
        }
    }

    /// Counts a message that could not be decoded; it is stored all the same.
    pub fn count_undecoded(&self, reason: &'static str) {
        // Only this shard writes, and a reader copies a handful of numbers: the lock is never waited for.
        if let Ok(mut undecoded) = self.undecoded.lock() {
            *undecoded.entry(reason).or_default() += 1;
        }
    }

    /// Messages that could not be decoded, by reason.
    #[must_use]
    pub fn undecoded(&self) -> BTreeMap<&'static str, u64> {
        self.undecoded.lock().map(|undecoded| undecoded.clone()).unwrap_or_default()
    }
}

/// Counters of one shard, by number of the listener.
#[derive(Debug)]
pub struct ShardCounters {
    /// By number of the listener.
    pub listeners: Vec<ListenerCounters>,
}

impl ShardCounters {
    /// Counters for `listeners` listeners.
    #[must_use]
    pub fn new(listeners: usize) -> Self {
        Self { listeners: (0..listeners).map(|_| ListenerCounters::default()).collect() }
    }
}
