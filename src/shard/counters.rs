//! What a shard counts, by listener. One writer each; the ledger reads.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use crate::base::counter::{Counter, CounterSet};
use crate::base::drop_reason::DropReason;
use crate::base::metric::Metric;
use crate::model::listener::PerListener;
use crate::shard::rule_counters::ShardRuleCounters;

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
    /// Put into a batch.
    pub appended: Counter,
    /// Dropped, by reason; of those that had been put into a batch before, [`DropReason::is_after_batching`] is true.
    pub dropped: CounterSet<DropReason>,
    undecoded: Mutex<BTreeMap<&'static str, u64>>,
}

impl ListenerCounters {
    /// The metrics that are no term of the ledger. Those of one listener in several shards are to be summed.
    pub fn describe(&self, listener: &'static str) -> impl Iterator<Item = Metric<'_>> {
        let metrics = [
            ("mutt_received_octets", "Octets of the messages read", &self.octets),
            (
                "mutt_truncated",
                "Messages longer than the listener takes, stored without their end",
                &self.truncated,
            ),
            (
                "mutt_relp_repeated",
                "RELP messages probably sent before and marked so; stored all the same",
                &self.repeated,
            ),
        ];
        metrics.into_iter().map(move |(name, help, counter)| {
            Metric::counter(name, help, counter.get()).with("listener", listener)
        })
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

/// Counters of one shard.
#[derive(Debug)]
pub struct ShardCounters {
    /// Counters of each listener.
    pub listeners: PerListener<ListenerCounters>,
    /// What rules matched.
    pub rules: Arc<ShardRuleCounters>,
}

impl ShardCounters {
    /// Counters for the listeners with these numbers.
    #[must_use]
    pub fn new(numbers: &[u8]) -> Self {
        let listeners = numbers.iter().map(|number| (*number, ListenerCounters::default())).collect();
        Self { listeners, rules: Arc::default() }
    }
}
