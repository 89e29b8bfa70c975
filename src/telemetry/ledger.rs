//! The closed ledger: received = stored + discarded + dropped by reason + in flight, for each listener.
//!
//! *Received* counts what the kernel took for us: datagrams and frames that we read, and datagrams that it dropped
//! because a receive buffer was full. *In flight* is what a shard put into a batch and what is neither committed nor
//! dropped yet: at rest it is 0, and a message that was forgotten on the way shows there for ever. The difference shows
//! one that was forgotten before.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::model::batch::Batch;
use crate::queue::Depth;
use crate::security::Usm;
use crate::shard::counters::ShardCounters;
use crate::shard::group::Listener;
use crate::shard::rate_limit::RateLimiter;
use crate::shard::snmp_policy::PolicyRefusal;
use crate::sink::counters::SinkCounters;

/// Reasons of drops, as they appear in metrics and the ledger.
pub const DROP_REASONS: [&str; 12] = [
    "kernel_receive_buffer",
    "source_not_allowed",
    "rate_limited",
    "over_fair_share",
    "queue_full",
    "repeated_inform",
    "store_failed",
    "snmpv3_discovery",
    "snmp_version",
    "snmp_community",
    "snmp_community_source",
    "snmp_security_level",
];

const _: () = assert!(DROP_REASONS.len() == 8 + PolicyRefusal::ALL.len(), "the last are those of the policy");

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
    /// Messages not stored, by reason; each of [`DROP_REASONS`] is there.
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
    /// Listeners by number.
    pub listeners: Arc<Vec<Listener>>,
    /// Counters of the shards.
    pub shards: Vec<Arc<ShardCounters>>,
    /// Counters of the sink.
    pub sink: Arc<SinkCounters>,
    /// Depth of the queue.
    pub depth: Depth<Batch>,
    /// The limit on what one source may send, if there is one.
    pub limiter: Option<Arc<RateLimiter>>,
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

    /// One reading.
    fn read(&self) -> Ledger {
        let mut ledger = Ledger::default();
        for (number, listener) in self.listeners.iter().enumerate() {
            let account = self.account(number, listener);
            ledger.total.add(&account);
            ledger.listeners.push((listener.name, account));
        }
        ledger
    }

    /// The balance of one listener. Reads from the end of the flow to its start, so that nothing is stored before it
    /// was received.
    fn account(&self, number: usize, listener: &Listener) -> Account {
        let mut account = Account::default();
        let (mut repeated, mut store_failed) = (0, 0);
        if let Some(sink) = self.sink.listeners.get(number) {
            account.stored = sink.stored.get();
            repeated = sink.repeated_informs.get();
            store_failed = sink.store_failed.get();
        }
        let (mut queue_full, mut appended, mut read, mut discovery) = (0, 0, 0, 0);
        let mut refused = [0; 3];
        let mut policy = [0; PolicyRefusal::ALL.len()];
        for shard in self.shards.iter().filter_map(|shard| shard.listeners.get(number)) {
            queue_full += shard.queue_full.get();
            appended += shard.appended.get();
            let counters = [&shard.not_allowed, &shard.rate_limited, &shard.over_fair_share];
            for (sum, counter) in refused.iter_mut().zip(counters) {
                *sum += counter.get();
            }
            for (sum, refusal) in policy.iter_mut().zip(PolicyRefusal::ALL) {
                *sum += shard.policy(*refusal).get();
            }
            account.discarded += shard.discarded.get();
            discovery += shard.discovery.get();
            read += shard.received.get();
            account.octets += shard.octets.get();
            account.truncated += shard.truncated.get();
            account.repeated += shard.repeated.get();
            for (reason, count) in shard.undecoded() {
                *account.undecoded.entry(reason).or_default() += count;
            }
        }
        let kernel = listener.kernel_drops();
        account.received = read + kernel;
        account.in_flight = appended.saturating_sub(queue_full + account.stored + repeated + store_failed);
        let [not_allowed, rate_limited, over_share] = refused;
        let dropped =
            [kernel, not_allowed, rate_limited, over_share, queue_full, repeated, store_failed, discovery];
        account.dropped = DROP_REASONS.into_iter().zip(dropped.into_iter().chain(policy)).collect();
        let explained = account.stored + account.discarded + account.dropped_total() + account.in_flight;
        account.difference = account.received as i64 - explained as i64;
        account
    }
}
