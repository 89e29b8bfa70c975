//! The counters as Prometheus metrics (OpenMetrics text).

use std::collections::BTreeMap;
use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Registry;

use crate::base::histogram::Histogram;
use crate::net::sys;
use crate::telemetry::ledger::{Account, Ledger, Sources};

/// Content type of [`render`]'s text.
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Renders all metrics.
///
/// # Errors
/// Never in practice: writing to a string does not fail.
pub fn render(sources: &Sources) -> Result<String, fmt::Error> {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(Snapshot { ledger: sources.ledger(), sources: sources.clone() }));
    let mut text = String::new();
    prometheus_client::encoding::text::encode(&mut text, &registry)?;
    Ok(text)
}

/// All counters at one moment.
#[derive(Debug)]
struct Snapshot {
    ledger: Ledger,
    sources: Sources,
}

/// A counter with one value a listener: name, help, and where the value is.
type PerListener = (&'static str, &'static str, fn(&Account) -> u64);

/// A counter with one value a listener and reason.
type PerReason = (&'static str, &'static str, fn(&Account) -> &BTreeMap<&'static str, u64>);

/// The terms of the ledger that have no further label.
const PER_LISTENER: [PerListener; 6] = [
    ("mutt_received", "Messages that arrived, those dropped by the kernel included", |account| {
        account.received
    }),
    ("mutt_received_octets", "Octets of the messages read", |account| account.octets),
    ("mutt_stored", "Messages committed to the store", |account| account.stored),
    ("mutt_discarded", "Messages that a rule said not to keep", |account| account.discarded),
    ("mutt_truncated", "Messages longer than the listener takes, stored without their end", |account| {
        account.truncated
    }),
    (
        "mutt_relp_repeated",
        "RELP messages probably sent before and marked so; stored all the same",
        |account| account.repeated,
    ),
];

impl Collector for Snapshot {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        for (name, help, value) in PER_LISTENER {
            let mut metric = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
            for (listener, account) in &self.ledger.listeners {
                counter(&mut metric, &[("listener", listener)], value(account))?;
            }
        }
        let by_reason: [PerReason; 2] = [
            ("mutt_dropped", "Messages not stored, by reason", |account| &account.dropped),
            ("mutt_undecoded", "Messages stored though they could not be decoded, by reason", |account| {
                &account.undecoded
            }),
        ];
        for (name, help, terms) in by_reason {
            let mut metric = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
            for (listener, account) in &self.ledger.listeners {
                for (reason, count) in terms(account) {
                    counter(&mut metric, &[("listener", listener), ("reason", reason)], *count)?;
                }
            }
        }
        self.encode_connections(&mut encoder)?;
        self.encode_sink(&mut encoder)?;
        let gauges = [
            ("mutt_queue_depth", "Messages in the queue", self.sources.depth.events()),
            ("mutt_queue_capacity", "Messages that the queue takes at most", self.sources.depth.events_max()),
            (
                "mutt_store_refuses",
                "1 while the store refuses writes",
                u64::from(self.sources.sink.is_failing()),
            ),
            ("mutt_resident_octets", "Memory of this process in RAM", sys::resident_octets().unwrap_or(0)),
        ];
        for (name, help, value) in gauges {
            let value = i64::try_from(value).unwrap_or(i64::MAX);
            encoder.encode_descriptor(name, help, None, MetricType::Gauge)?.encode_gauge(&value)?;
        }
        Ok(())
    }
}

impl Snapshot {
    /// Connections of TCP listeners.
    fn encode_connections(&self, encoder: &mut DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let help = "TCP connections by what happened to them";
        let mut metric = encoder.encode_descriptor("mutt_connections", help, None, MetricType::Counter)?;
        for listener in self.sources.listeners.iter() {
            let Some((counters, _)) = &listener.connections else { continue };
            for (event, count) in counters.all() {
                counter(&mut metric, &[("listener", listener.name), ("event", event)], count)?;
            }
        }
        let mut metric = encoder.encode_descriptor(
            "mutt_connections_open",
            "TCP connections open now",
            None,
            MetricType::Gauge,
        )?;
        for listener in self.sources.listeners.iter() {
            let Some((_, admission)) = &listener.connections else { continue };
            let open = i64::try_from(admission.open()).unwrap_or(i64::MAX);
            metric.encode_family(&[("listener", listener.name)])?.encode_gauge(&open)?;
        }
        Ok(())
    }

    /// What the sink counts.
    fn encode_sink(&self, encoder: &mut DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let sink = &self.sources.sink;
        let evictions = self.sources.limiter.as_ref().map_or(0, |limiter| limiter.evictions.get());
        let counters = [
            (
                "mutt_source_evictions",
                "Sources forgotten by the rate limit while it held them, for want of room",
                evictions,
            ),
            (
                "mutt_informs_answered",
                "Informs answered, all after their commit",
                sink.informs_answered.get(),
            ),
            (
                "mutt_informs_unanswered",
                "Answers that the network refused to take",
                sink.informs_unanswered.get(),
            ),
            (
                "mutt_snmpv3_reports",
                "Report-PDUs prepared for senders of SNMPv3 messages that were refused",
                self.sources.snmpv3.reports.get(),
            ),
            (
                "mutt_snmpv3_reports_suppressed",
                "Report-PDUs not sent, because their receiver was sent too many",
                self.sources.snmpv3.reports_suppressed.get(),
            ),
            ("mutt_commits_failed", "Transactions that the store refused", sink.commits_failed.get()),
        ];
        for (name, help, value) in counters {
            let mut metric = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
            metric.encode_counter::<NoLabelSet, u64, u64>(&value, None)?;
        }
        let histograms = [
            ("mutt_commit_duration_seconds", "Duration of a transaction", &sink.commit_duration),
            ("mutt_ingest_latency_seconds", "From receipt of a message to its commit", &sink.ingest_latency),
        ];
        for (name, help, histogram) in histograms {
            let metric = encoder.encode_descriptor(name, help, None, MetricType::Histogram)?;
            encode_histogram(metric, histogram)?;
        }
        Ok(())
    }
}

/// Writes one counter with labels.
fn counter(metric: &mut MetricEncoder<'_>, labels: &[(&str, &str)], value: u64) -> Result<(), fmt::Error> {
    metric.encode_family(&labels)?.encode_counter::<NoLabelSet, u64, u64>(&value, None)
}

/// Writes a histogram.
fn encode_histogram(mut metric: MetricEncoder<'_>, histogram: &Histogram) -> Result<(), fmt::Error> {
    let mut before = 0;
    let buckets: Vec<(f64, u64)> = histogram
        .cumulated()
        .map(|(bound, cumulated)| {
            let count = cumulated - before;
            before = cumulated;
            (bound.map_or(f64::INFINITY, |micros| micros as f64 / 1e6), count)
        })
        .collect();
    metric.encode_histogram::<NoLabelSet>(histogram.sum_micros() as f64 / 1e6, before, &buckets, None)
}
