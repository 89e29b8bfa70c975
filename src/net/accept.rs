//! Limits on the connections of a TCP listener.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use crate::base::counter::CounterSet;
use crate::base::drop_reason::DropReason;
use crate::base::metric::Metric;
use crate::base::variants::named_variants;

named_variants! {
    /// What happened to a connection.
    pub enum ConnectionEvent {
        /// It was accepted.
        Accepted = "accepted";
        /// It was closed at once because the limit was reached.
        Refused = "refused";
        /// It was closed because its source has as many as it may have.
        RefusedSource = "refused_source";
        /// It was closed because unfinished messages took too much memory.
        RefusedMemory = "refused_memory";
        /// It comes from a proxy and was closed because it did not begin with a PROXY header.
        ProxyHeader = "proxy_header";
        /// It did not get through the TLS handshake.
        HandshakeFailed = "handshake_failed";
        /// It was cut off because nothing came, or a started frame did not end, in time.
        TimedOut = "timed_out";
        /// It was closed because the peer broke the framing beyond repair.
        BrokenFraming = "broken_framing";
    }
}

/// What happened to connections, over the life of a listener.
#[derive(Debug, Default)]
pub struct ConnectionCounters {
    /// Connections by what happened to them.
    pub events: CounterSet<ConnectionEvent>,
    /// Connections closed because of the address they came from; only reasons for which
    /// [`DropReason::is_of_source`] holds.
    pub refused_sources: CounterSet<DropReason>,
}

impl ConnectionCounters {
    /// All counts with the words for them in metrics and the API.
    pub fn all(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let events = self.events.iter().map(|(event, count)| (event.as_str(), count));
        let sources = self.refused_sources.iter().filter(|(reason, _)| reason.is_of_source());
        events.chain(sources.map(|(reason, count)| (reason.as_str(), count)))
    }

    /// The metrics of the connections of `listener`.
    pub fn describe(&self, listener: &'static str) -> impl Iterator<Item = Metric<'_>> {
        let help = "TCP connections by what happened to them";
        self.all().map(move |(event, count)| {
            Metric::counter("mutt_connections", help, count).with("listener", listener).with("event", event)
        })
    }
}

/// Admits at most a fixed number of connections at a time.
#[derive(Debug, Clone)]
pub struct ConnectionLimit {
    open: Arc<AtomicUsize>,
    connections_max: usize,
}

/// Counts an admitted connection; given back when dropped.
#[derive(Debug)]
pub struct ConnectionPermit(Arc<AtomicUsize>);

impl Drop for ConnectionPermit {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

impl ConnectionLimit {
    /// A limit of `connections_max` connections at a time.
    #[must_use]
    pub fn new(connections_max: usize) -> Self {
        Self { open: Arc::new(AtomicUsize::new(0)), connections_max }
    }

    /// A permit, or `None` when all are taken.
    #[must_use]
    pub fn admit(&self) -> Option<ConnectionPermit> {
        let before = self.open.fetch_add(1, Ordering::AcqRel);
        let permit = ConnectionPermit(Arc::clone(&self.open));
        (before < self.connections_max).then_some(permit)
    }

    /// Connections that may be open at a time.
    #[must_use]
    pub fn connections_max(&self) -> usize {
        self.connections_max
    }

    /// Connections open now.
    #[must_use]
    pub fn open(&self) -> usize {
        self.open.load(Ordering::Acquire)
    }

    /// The metric of the connections of `listener` that are open now.
    #[must_use]
    pub fn describe(&self, listener: &'static str) -> Metric<'_> {
        let help = "TCP connections open now";
        Metric::gauge("mutt_connections_open", help, self.open() as u64).with("listener", listener)
    }
}

/// Connections by source. It has an entry only for sources that have any, so that the connections bound it.
type BySource = Arc<Mutex<HashMap<IpAddr, usize>>>;

/// Admits at most a fixed number of connections of one source at a time.
#[derive(Debug, Clone)]
pub struct SourceConnectionLimit {
    open: BySource,
    connections_max: usize,
}

/// Counts an admitted connection of a source; given back when dropped.
#[derive(Debug)]
pub struct SourcePermit(Option<(BySource, IpAddr)>);

impl Drop for SourcePermit {
    fn drop(&mut self) {
        let Some((open, source)) = &self.0 else { return };
        let Ok(mut open) = open.lock() else { return };
        if let Some(count) = open.get_mut(source) {
            *count -= 1;
            if *count == 0 {
                open.remove(source);
            }
        }
    }
}

impl SourceConnectionLimit {
    /// A limit of `connections_max` connections of each source; 0 means any number.
    #[must_use]
    pub fn new(connections_max: usize) -> Self {
        Self { open: BySource::default(), connections_max }
    }

    /// A permit for `source`, or `None` when it has all that it may have.
    #[must_use]
    pub fn admit(&self, source: IpAddr) -> Option<SourcePermit> {
        if self.connections_max == 0 {
            return Some(SourcePermit(None));
        }
        let source = source.to_canonical();
        let mut open = self.open.lock().ok()?;
        let count = open.entry(source).or_default();
        if *count >= self.connections_max {
            return None;
        }
        *count += 1;
        Some(SourcePermit(Some((Arc::clone(&self.open), source))))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn the_limit_holds_and_permits_come_back() {
        let admission = ConnectionLimit::new(2);
        let first = admission.admit();
        let second = admission.admit();
        assert!(first.is_some() && second.is_some());
        assert!(admission.admit().is_none());
        assert_eq!(admission.open(), 2);
        drop(first);
        assert!(admission.admit().is_some());
    }

    #[test]
    fn a_source_has_its_own_limit_and_nothing_is_kept_of_it_afterwards() {
        let admission = SourceConnectionLimit::new(1);
        let (one, other): (IpAddr, IpAddr) = ("192.0.2.1".parse().unwrap(), "192.0.2.2".parse().unwrap());
        let permit = admission.admit(one);
        assert!(permit.is_some());
        assert!(admission.admit("::ffff:192.0.2.1".parse().unwrap()).is_none());
        assert!(admission.admit(other).is_some());
        drop(permit);
        assert!(admission.open.lock().unwrap().is_empty());
        assert!(admission.admit(one).is_some());
        let any = SourceConnectionLimit::new(0);
        let permits: Vec<_> = (0..100).map(|_| any.admit(one)).collect();
        assert!(permits.iter().all(Option::is_some));
    }
}
