//! Metrics as OpenMetrics text. Every floor describes its own counters; here they are gathered and printed.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Registry;

use crate::base::histogram::Histogram;
use crate::base::metric::{Metric, MetricValue};
use crate::net::sys;
use crate::shard::admission::SourcePolicy;
use crate::shard::rate_limit::RateLimiter;
use crate::shard::rule_counters::{self, RuleMatches};
use crate::shard::rules::ActiveRules;
use crate::telemetry::ledger::{Ledger, Sources};

/// Content type of [`render`]'s text.
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Renders all metrics.
///
/// # Errors
/// Never in practice: writing to a string does not fail.
pub fn render(sources: &Sources) -> Result<String, fmt::Error> {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(Snapshot::of(sources)));
    let mut text = String::new();
    prometheus_client::encoding::text::encode(&mut text, &registry)?;
    Ok(text)
}

/// All counters at one moment.
#[derive(Debug)]
struct Snapshot {
    ledger: Ledger,
    rules: Arc<ActiveRules>,
    rule_matches: Vec<RuleMatches>,
    policy: Arc<SourcePolicy>,
    sources: Sources,
}

impl Snapshot {
    fn of(sources: &Sources) -> Self {
        let (rules, rule_matches) = sources.rule_matches();
        let policy = sources.policy.load_full();
        Self { ledger: sources.ledger(), rules, rule_matches, policy, sources: sources.clone() }
    }

    /// What everybody counts.
    fn metrics(&self) -> Vec<Metric<'_>> {
        let Sources { listeners, shards, sink, depth, snmpv3, reloads, .. } = &self.sources;
        let accounts = self.ledger.listeners.iter().flat_map(|(name, account)| account.describe(name));
        let mut metrics: Vec<Metric<'_>> = accounts.collect();
        for listener in listeners.iter() {
            let counters = shards.iter().filter_map(|shard| shard.listeners.get(listener.number));
            metrics.extend(counters.flat_map(|counters| counters.describe(listener.name)));
            metrics.extend(listener.describe());
        }
        metrics.extend(rule_counters::describe(&self.rules, &self.rule_matches));
        metrics.extend(RateLimiter::describe(self.policy.limiter.as_deref()));
        metrics.extend(sink.describe());
        metrics.extend(snmpv3.describe());
        metrics.extend(depth.describe());
        metrics.extend(reloads.describe());
        let resident = sys::resident_octets().unwrap_or(0);
        metrics.push(Metric::gauge("mutt_resident_octets", "Memory of this process in RAM", resident));
        metrics
    }
}

/// The labels of a sample.
type Labels<'a> = Vec<(&'static str, Cow<'a, str>)>;

/// The samples of one name.
struct Family<'a> {
    name: &'static str,
    help: &'static str,
    samples: BTreeMap<Labels<'a>, MetricValue<'a>>,
}

/// Gathers samples by name, in order of first mention, and adds up those with the same labels.
fn families(metrics: Vec<Metric<'_>>) -> Vec<Family<'_>> {
    let mut families: Vec<Family<'_>> = Vec::new();
    for Metric { name, help, labels, value } in metrics {
        let index = families.iter().position(|family| family.name == name).unwrap_or(families.len());
        if index == families.len() {
            families.push(Family { name, help, samples: BTreeMap::new() });
        }
        let Some(family) = families.get_mut(index) else { continue };
        let sum = match (family.samples.get(&labels), value) {
            (Some(MetricValue::Counter(sum)), MetricValue::Counter(count)) => {
                MetricValue::Counter(sum + count)
            }
            (Some(MetricValue::Gauge(sum)), MetricValue::Gauge(count)) => MetricValue::Gauge(sum + count),
            (_, value) => value,
        };
        family.samples.insert(labels, sum);
    }
    families
}

impl Collector for Snapshot {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        for Family { name, help, samples } in families(self.metrics()) {
            let kind = match samples.values().next() {
                Some(MetricValue::Counter(_)) => MetricType::Counter,
                Some(MetricValue::Gauge(_)) => MetricType::Gauge,
                Some(MetricValue::Histogram(_)) => MetricType::Histogram,
                None => continue,
            };
            let mut metric = encoder.encode_descriptor(name, help, None, kind)?;
            for (labels, value) in samples {
                let labels: Vec<(&str, &str)> =
                    labels.iter().map(|(label, value)| (*label, value.as_ref())).collect();
                if labels.is_empty() {
                    encode_value(&mut metric, value)?;
                } else {
                    encode_value(&mut metric.encode_family(&labels)?, value)?;
                }
            }
        }
        Ok(())
    }
}

/// Writes one sample.
fn encode_value(metric: &mut MetricEncoder<'_>, value: MetricValue<'_>) -> Result<(), fmt::Error> {
    match value {
        MetricValue::Counter(count) => metric.encode_counter::<NoLabelSet, u64, u64>(&count, None),
        MetricValue::Gauge(value) => metric.encode_gauge(&i64::try_from(value).unwrap_or(i64::MAX)),
        MetricValue::Histogram(histogram) => encode_histogram(metric, histogram),
    }
}

/// Writes a histogram.
fn encode_histogram(metric: &mut MetricEncoder<'_>, histogram: &Histogram) -> Result<(), fmt::Error> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_with_the_same_labels_are_summed() {
        let sample = |listener: &'static str, event: &'static str, count| {
            Metric::counter("mutt_x", "x", count).with("listener", listener).with("event", event)
        };
        let other = Metric::gauge("mutt_y", "y", 7);
        let families =
            families(vec![sample("a", "open", 1), other, sample("b", "open", 2), sample("a", "open", 4)]);
        let shown: Vec<(&str, Vec<u64>)> = families
            .iter()
            .map(|family| {
                let count = |value: &MetricValue<'_>| match value {
                    MetricValue::Counter(count) | MetricValue::Gauge(count) => *count,
                    MetricValue::Histogram(_) => 0,
                };
                (family.name, family.samples.values().map(count).collect())
            })
            .collect();
        assert_eq!(shown, [("mutt_x", vec![5, 2]), ("mutt_y", vec![7])]);
    }
}
