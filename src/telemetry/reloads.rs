//! Counts of reloads: `mutt_reload_total{what,result}`.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use crate::base::metric::Metric;

/// What came of a reload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// What was read is in force.
    Accepted,
    /// What was read is rejected, what was in force stays.
    Rejected,
}

impl Outcome {
    /// The value of the label `result`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Rejected => "rejected",
        }
    }
}

/// Counts of reloads since the start, by kind and outcome.
#[derive(Debug, Default)]
pub struct ReloadCounters(Mutex<BTreeMap<(&'static str, Outcome), u64>>);

impl ReloadCounters {
    /// Counts a reload of `what`.
    pub fn count(&self, what: &'static str, outcome: Outcome) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner).entry((what, outcome)).or_default() += 1;
    }

    /// The counts as metrics.
    #[must_use]
    pub fn describe(&self) -> Vec<Metric<'static>> {
        let help = "Reloads of files while the program runs, by kind and outcome";
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let describe = |(&(what, outcome), &count): (&(&'static str, Outcome), &u64)| {
            Metric::counter("mutt_reload", help, count).with("what", what).with("result", outcome.as_str())
        };
        counts.iter().map(describe).collect()
    }
}
