//! What the connections of one listener have in common.

use std::cell::Cell;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::base::clock::Stopwatch;
use crate::net::accept::{ConnectionCounters, ConnectionLimit, SourceConnectionLimit};
use crate::net::tls::TlsInForce;
use crate::shard::admission::SourcesInForce;
use crate::shard::listener::{ListenerSpec, StreamSpec};

/// A listener logs refused connections at most so often.
const LOG_INTERVAL: Duration = Duration::from_secs(10);

/// A bound listener over TCP.
#[derive(Debug)]
pub struct BoundStream {
    /// Its number in rows.
    pub number: u8,
    /// What was asked for.
    pub spec: Arc<ListenerSpec>,
    /// The part of `spec` that is about the stream.
    pub stream: Arc<StreamSpec>,
    /// Certificates, when it is spoken within TLS.
    pub tls: Option<TlsInForce>,
    /// Its sockets with their addresses.
    pub sockets: Vec<(std::net::TcpListener, SocketAddr)>,
    /// What happens to its connections.
    pub counters: Arc<ConnectionCounters>,
    /// How many of them there may be.
    pub limit: ConnectionLimit,
}

/// What a connection inherits from its listener.
#[derive(Debug)]
pub(super) struct ListenerContext {
    pub(super) number: u8,
    pub(super) port: u16,
    pub(super) spec: Arc<ListenerSpec>,
    pub(super) stream: Arc<StreamSpec>,
    pub(super) tls: Option<TlsInForce>,
    pub(super) sources: SourcesInForce,
    pub(super) counters: Arc<ConnectionCounters>,
    pub(super) limit: ConnectionLimit,
    pub(super) source_limit: SourceConnectionLimit,
    pub(super) refusals: RefusalLog,
    /// A flood of one kind must not hide the others.
    pub(super) tls_refusals: RefusalLog,
    pub(super) framing_errors: RefusalLog,
}

/// Limits how often what peers do wrong is logged, so that they cannot fill the log.
#[derive(Debug, Default)]
pub(super) struct RefusalLog {
    last: Cell<Option<Stopwatch>>,
    held_back: Cell<u64>,
}

impl RefusalLog {
    /// Whether to log one now; if so, how many were held back before.
    pub(super) fn due(&self) -> Option<u64> {
        if self.last.get().is_some_and(|last| last.elapsed() < LOG_INTERVAL) {
            self.held_back.set(self.held_back.get() + 1);
            return None;
        }
        self.last.set(Some(Stopwatch::start()));
        Some(self.held_back.take())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn complaints_are_rare_and_count_those_held_back() {
        let refusals = RefusalLog::default();
        assert_eq!(refusals.due(), Some(0));
        assert_eq!((refusals.due(), refusals.due()), (None, None));
        refusals.last.set(None);
        assert_eq!(refusals.due(), Some(2));
    }
}
