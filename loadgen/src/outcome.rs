//! What was done while sending, in numbers: one [`Outcome`] for each thread, merged in the end.
//!
//! Beside the transports, which write it. Invariant: every message of the schedule ends in exactly one of two counts,
//! sent or failed; repetitions are counted beside them.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::{Context, Result};
use hdrhistogram::Histogram;

/// Longest time that the histograms tell apart, in microseconds: one hour. Longer ones count as this.
const TIME_MAX_US: u64 = 3_600_000_000;

/// What one thread did.
#[derive(Debug)]
pub struct Outcome {
    /// Messages that the kernel took and, over RELP and for informs, that were answered.
    pub sent: u64,
    /// Octets of the messages handed to the kernel, without framing, the first time only.
    pub sent_bytes: u64,
    /// Messages that were not sent, or not answered, by reason.
    pub failed: BTreeMap<&'static str, u64>,
    /// Messages handed over once more: after a connection broke, or because no answer came.
    pub resent: u64,
    /// Messages that were answered.
    pub acknowledged: u64,
    /// Their sequence numbers, where they are asked for.
    pub acknowledged_sequences: Vec<u64>,
    /// Times that a connection broke and was opened again.
    pub reconnects: u64,
    /// Streams whose connection broke: what was on its way is in doubt.
    pub broken: BTreeSet<u32>,
    /// Reports that came instead of answers, by the name of the counter.
    pub reports: BTreeMap<&'static str, u64>,
    /// Times that the kernel had no room and was asked again.
    pub retries: u64,
    /// Microseconds between due and handed over, per message; a batch counts with its oldest message.
    pub lag_us: Histogram<u64>,
    /// Microseconds between handed over for the first time and answered, by transport.
    pub answer_us: BTreeMap<&'static str, Histogram<u64>>,
    /// From the start to the last hand-over.
    pub elapsed: Duration,
    /// Processor time of this thread, user and system together.
    pub cpu: Duration,
}

impl Outcome {
    /// An outcome of nothing.
    ///
    /// # Errors
    /// None in practice: the histogram's bounds are constants that fit.
    pub fn empty() -> Result<Self> {
        Ok(Self {
            sent: 0,
            sent_bytes: 0,
            failed: BTreeMap::new(),
            resent: 0,
            acknowledged: 0,
            acknowledged_sequences: Vec::new(),
            reconnects: 0,
            broken: BTreeSet::new(),
            reports: BTreeMap::new(),
            retries: 0,
            lag_us: histogram()?,
            answer_us: BTreeMap::new(),
            elapsed: Duration::ZERO,
            cpu: Duration::ZERO,
        })
    }

    /// Adds what another thread did at the same time.
    ///
    /// # Errors
    /// None in practice: all histograms have the same bounds.
    pub fn merge(&mut self, other: &Self) -> Result<()> {
        self.sent += other.sent;
        self.sent_bytes += other.sent_bytes;
        for (error, count) in &other.failed {
            *self.failed.entry(error).or_default() += count;
        }
        self.resent += other.resent;
        self.acknowledged += other.acknowledged;
        self.acknowledged_sequences.extend_from_slice(&other.acknowledged_sequences);
        self.reconnects += other.reconnects;
        self.broken.extend(&other.broken);
        for (counter, count) in &other.reports {
            *self.reports.entry(counter).or_default() += count;
        }
        self.retries += other.retries;
        self.lag_us.add(&other.lag_us).context("lag histogram")?;
        for (transport, times) in &other.answer_us {
            match self.answer_us.get_mut(transport) {
                Some(sum) => sum.add(times).context("answer histogram")?,
                None => {
                    self.answer_us.insert(transport, times.clone());
                }
            }
        }
        self.elapsed = self.elapsed.max(other.elapsed);
        self.cpu += other.cpu;
        Ok(())
    }

    /// Messages not sent or not answered, for any reason.
    #[must_use]
    pub fn failed_total(&self) -> u64 {
        self.failed.values().sum()
    }

    /// Counts `count` messages that were not sent, or not answered.
    pub fn fail(&mut self, reason: &'static str, count: u64) {
        if count > 0 {
            *self.failed.entry(reason).or_default() += count;
        }
    }

    /// Notes that an answer of `transport` took `time`.
    pub fn answered(&mut self, transport: &'static str, time: Duration) {
        self.acknowledged += 1;
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX).max(1);
        if !self.answer_us.contains_key(transport)
            && let Ok(fresh) = histogram()
        {
            self.answer_us.insert(transport, fresh);
        }
        if let Some(times) = self.answer_us.get_mut(transport) {
            times.saturating_record(micros);
        }
    }
}

fn histogram() -> Result<Histogram<u64>> {
    Histogram::new_with_bounds(1, TIME_MAX_US, 3).context("histogram")
}
