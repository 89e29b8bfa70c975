//! The closed ledger: received = stored + discarded + dropped by reason + in flight, for each listener.
//!
//! *Received* counts what the kernel took for us: datagrams and frames that we read, and datagrams that it dropped
//! because a receive buffer was full. *In flight* is what a shard put into a batch and what is neither committed nor
//! dropped yet: a message that went missing between shard and store keeps it from returning to 0. One that went missing
//! before makes the difference other than 0.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::base::counter::CounterSet;
use crate::base::drop_reason::DropReason;
use crate::base::metric::Metric;
use crate::model::batch::Batch;
use crate::queue::Depth;
use crate::security::Usm;
use crate::shard::admission::SourcesInForce;
use crate::shard::counters::ShardCounters;
use crate::shard::listener::Listener;
use crate::shard::rule_counters::{self, RuleMatches};
use crate::shard::rules::{ActiveRules, RulesInForce};
use crate::sink::counters::SinkCounters;
use crate::telemetry::reloads::ReloadCounters;

/// Times that a balance is read again while messages are on their way between two counters.
const READINGS_MAX: usize = 1_000;

/// One listener's balance, or the sum over all.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Account {
    /// Messages that arrived.
    pub received: u64,
    /// Messages committed.
    pub stored: u64,
    /// Messages that a rule said not to keep.
    pub discarded: u64,
    /// Messages not stored, by reason; each [`DropReason`] is there.
    pub dropped: BTreeMap<&'static str, u64>,
    /// Messages on their way from a shard to the store.
    pub in_flight: u64,
    /// Received minus all of the above: 0, or there is a fault in this program.
    pub difference: i64,
    /// Messages kept though they could not be decoded, by reason. They are stored: not a term of the balance.
    pub undecoded: BTreeMap<&'static str, u64>,
    /// Messages that were longer than the listener takes. Not a term either.
    pub truncated: u64,
    /// RELP messages that were probably sent before. They are stored: not a term either.
    pub repeated: u64,
    /// Octets received.
    pub octets: u64,
}

impl Account {
    /// Messages dropped for whatever reason.
    #[must_use]
    pub fn dropped_total(&self) -> u64 {
        self.dropped.values().sum()
    }

    /// The terms of the balance as metrics of `listener`.
    pub fn describe<'a>(&'a self, listener: &'static str) -> impl Iterator<Item = Metric<'a>> {
        let terms = [
            ("mutt_received", "Messages that arrived, those dropped by the kernel included", self.received),
            ("mutt_stored", "Messages committed to the store", self.stored),
            ("mutt_discarded", "Messages that a rule said not to keep", self.discarded),
        ];
        let of_listener =
            move |name, help, count| Metric::counter(name, help, count).with("listener", listener);
        let terms = terms.into_iter().map(move |(name, help, count)| of_listener(name, help, count));
        let by_reason = move |name, help, terms: &'a BTreeMap<&'static str, u64>| {
            terms.iter().map(move |(reason, count)| of_listener(name, help, *count).with("reason", *reason))
        };
        let undecoded = "Messages stored though they could not be decoded, by reason";
        terms
            .chain(by_reason("mutt_dropped", "Messages not stored, by reason", &self.dropped))
            .chain(by_reason("mutt_undecoded", undecoded, &self.undecoded))
    }

    /// Adds another account.
    fn add(&mut self, other: &Self) {
        self.received += other.received;
        self.stored += other.stored;
        self.discarded += other.discarded;
        self.in_flight += other.in_flight;
        self.difference += other.difference;
        self.truncated += other.truncated;
        self.repeated += other.repeated;
        self.octets += other.octets;
        for (sum, terms) in [(&mut self.dropped, &other.dropped), (&mut self.undecoded, &other.undecoded)] {
            for (reason, count) in terms {
                *sum.entry(reason).or_default() += count;
            }
        }
    }
}

/// All balances at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ledger {
    /// The sum.
    pub total: Account,
    /// By listener.
    pub listeners: Vec<(&'static str, Account)>,
}

/// Everybody's counters.
#[derive(Debug, Clone)]
pub struct Sources {
    /// The listeners.
    pub listeners: Arc<Vec<Listener>>,
    /// Counters of the shards.
    pub shards: Vec<Arc<ShardCounters>>,
    /// Counters of the sink.
    pub sink: Arc<SinkCounters>,
    /// The rules in force.
    pub rules: RulesInForce,
    /// Reloads.
    pub reloads: Arc<ReloadCounters>,
    /// Depth of the queue.
    pub depth: Depth<Batch>,
    /// What is taken from whom.
    pub policy: SourcesInForce,
    /// SNMPv3: refusals and Reports.
    pub snmpv3: Arc<Usm>,
}

impl Sources {
    /// The ledger now.
    #[must_use]
    pub fn ledger(&self) -> Ledger {
        let mut ledger = self.read();
        for _ in 0..READINGS_MAX {
            if ledger.listeners.iter().all(|(_, account)| account.difference == 0) {
                break;
            }
            // A shard was between two counters. At the next reading it is elsewhere.
            std::thread::yield_now();
            ledger = self.read();
        }
        ledger
    }

    /// The rules in force, and what each of them matched since the start or since it first had its id.
    #[must_use]
    pub fn rule_matches(&self) -> (Arc<ActiveRules>, Vec<RuleMatches>) {
        let rules = self.rules.load_full();
        let counted = rule_counters::read(&rules, self.shards.iter().map(|shard| &*shard.rules));
        (rules, counted)
    }

    /// One reading.
    fn read(&self) -> Ledger {
        let mut ledger = Ledger::default();
        for listener in self.listeners.iter() {
            let account = self.account(listener);
            ledger.total.add(&account);
            ledger.listeners.push((listener.name, account));
        }
        ledger
    }

    /// The balance of one listener. Reads from the end of the flow to its start, so that nothing is stored before it
    /// was received.
    fn account(&self, listener: &Listener) -> Account {
        let mut account = Account::default();
        let mut dropped: BTreeMap<DropReason, u64> =
            DropReason::ALL.iter().map(|reason| (*reason, 0)).collect();
        let mut count_dropped = |counters: &CounterSet<DropReason>| {
            for (reason, count) in counters.iter() {
                *dropped.entry(reason).or_default() += count;
            }
        };
        if let Some(sink) = self.sink.listeners.get(listener.number) {
            account.stored = sink.stored.get();
            count_dropped(&sink.dropped);
        }
        let (mut appended, mut read) = (0, 0);
        for shard in self.shards.iter().filter_map(|shard| shard.listeners.get(listener.number)) {
            count_dropped(&shard.dropped);
            appended += shard.appended.get();
            account.discarded += shard.discarded.get();
            read += shard.received.get();
            account.octets += shard.octets.get();
            account.truncated += shard.truncated.get();
            account.repeated += shard.repeated.get();
            for (reason, count) in shard.undecoded() {
                *account.undecoded.entry(reason).or_default() += count;
            }
        }
        let kernel = listener.kernel_drops();
        dropped.insert(DropReason::KernelReceiveBuffer, kernel);
        account.received = read + kernel;
        let after_batching: u64 =
            dropped.iter().filter(|(reason, _)| reason.is_after_batching()).map(|(_, count)| count).sum();
        account.in_flight = appended.saturating_sub(after_batching + account.stored);
        account.dropped = dropped.into_iter().map(|(reason, count)| (reason.as_str(), count)).collect();
        let explained = account.stored + account.discarded + account.dropped_total() + account.in_flight;
        account.difference = account.received as i64 - explained as i64;
        account
    }
}
