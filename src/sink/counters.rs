//! What the sink counts.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::base::counter::{Counter, CounterSet};
use crate::base::drop_reason::DropReason;
use crate::base::histogram::Histogram;
use crate::base::metric::Metric;
use crate::model::listener::PerListener;

/// Counters of one listener's events.
#[derive(Debug, Default)]
pub struct ListenerCounters {
    /// Events committed.
    pub stored: Counter,
    /// Events not committed, by reason.
    pub dropped: CounterSet<DropReason>,
}

/// Counters of the sink.
#[derive(Debug)]
pub struct SinkCounters {
    /// Counters of each listener.
    pub listeners: PerListener<ListenerCounters>,
    /// Informs answered.
    pub informs_answered: Counter,
    /// Answers that the network refused to take.
    pub informs_unanswered: Counter,
    /// Transactions that the store refused.
    pub commits_failed: Counter,
    /// Time of a commit.
    pub commit_duration: Histogram,
    /// Time from a message's receipt to its commit.
    pub ingest_latency: Histogram,
    failing: AtomicBool,
}

impl SinkCounters {
    /// Counters for the listeners with these numbers.
    #[must_use]
    pub fn new(numbers: &[u8]) -> Self {
        Self {
            listeners: numbers.iter().map(|number| (*number, ListenerCounters::default())).collect(),
            informs_answered: Counter::default(),
            informs_unanswered: Counter::default(),
            commits_failed: Counter::default(),
            commit_duration: Histogram::default(),
            ingest_latency: Histogram::default(),
            failing: AtomicBool::new(false),
        }
    }

    /// The metrics of the sink that are no term of the ledger.
    pub fn describe(&self) -> impl Iterator<Item = Metric<'_>> {
        let answered = "Informs answered, all after their commit";
        let unanswered = "Answers that the network refused to take";
        let failed = "Transactions that the store refused";
        let latency = "From receipt of a message to its commit";
        [
            Metric::counter("mutt_informs_answered", answered, self.informs_answered.get()),
            Metric::counter("mutt_informs_unanswered", unanswered, self.informs_unanswered.get()),
            Metric::counter("mutt_commits_failed", failed, self.commits_failed.get()),
            Metric::gauge(
                "mutt_store_refuses",
                "1 while the store refuses writes",
                u64::from(self.is_failing()),
            ),
            Metric::histogram(
                "mutt_commit_duration_seconds",
                "Duration of a transaction",
                &self.commit_duration,
            ),
            Metric::histogram("mutt_ingest_latency_seconds", latency, &self.ingest_latency),
        ]
        .into_iter()
    }

    /// Whether the store refused the last write.
    #[must_use]
    pub fn is_failing(&self) -> bool {
        self.failing.load(Ordering::Acquire)
    }

    /// Notes whether the store takes writes; returns what was noted before.
    pub(super) fn set_failing(&self, failing: bool) -> bool {
        self.failing.swap(failing, Ordering::AcqRel)
    }
}
