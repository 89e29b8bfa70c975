//! What a counter says of itself: name, help, labels, value. Whoever counts describes; whoever serves metrics prints.

use std::borrow::Cow;

use crate::base::histogram::Histogram;

/// One sample of a metric.
#[derive(Debug, Clone)]
pub struct Metric<'a> {
    /// Name without the suffix `_total`, which printing adds to counters.
    pub name: &'static str,
    /// One line for people.
    pub help: &'static str,
    /// Labels, name and value.
    pub labels: Vec<(&'static str, Cow<'a, str>)>,
    /// The value.
    pub value: MetricValue<'a>,
}

/// Value of a sample.
#[derive(Debug, Clone, Copy)]
pub enum MetricValue<'a> {
    /// A count that only rises. Samples of the same name and labels are summed.
    Counter(u64),
    /// A number that rises and falls. Samples of the same name and labels are summed.
    Gauge(u64),
    /// Durations.
    Histogram(&'a Histogram),
}

impl<'a> Metric<'a> {
    /// A sample without labels.
    #[must_use]
    pub fn new(name: &'static str, help: &'static str, value: MetricValue<'a>) -> Self {
        Self { name, help, labels: Vec::new(), value }
    }

    /// A counter without labels.
    #[must_use]
    pub fn counter(name: &'static str, help: &'static str, count: u64) -> Self {
        Self::new(name, help, MetricValue::Counter(count))
    }

    /// A gauge without labels.
    #[must_use]
    pub fn gauge(name: &'static str, help: &'static str, value: u64) -> Self {
        Self::new(name, help, MetricValue::Gauge(value))
    }

    /// A histogram without labels.
    #[must_use]
    pub fn histogram(name: &'static str, help: &'static str, histogram: &'a Histogram) -> Self {
        Self::new(name, help, MetricValue::Histogram(histogram))
    }

    /// The same sample with one more label.
    #[must_use]
    pub fn with(mut self, label: &'static str, value: impl Into<Cow<'a, str>>) -> Self {
        self.labels.push((label, value.into()));
        self
    }
}
