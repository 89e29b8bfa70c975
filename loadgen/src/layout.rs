//! Which stream each message belongs to: pure arithmetic, the same for who sends and for who looks into the store.
//!
//! After args and payload. Message i is sent by thread `i % threads`; of what a thread sends, connections take turns.
//! Streams are numbered so: one for each thread (UDP), then one for each connection, then one for each inform socket.
//!
//! Invariant: reads no clock, file or socket.

use crate::payload::{Kind, Service};

/// Most sender threads.
pub const THREADS_MAX: u32 = 64;
/// Most connections of one kind; stream numbers have five digits.
pub const CONNECTIONS_MAX: u32 = 32_768;

/// How a run is divided into streams.
#[derive(Debug, Clone, Copy)]
pub struct Layout {
    /// Sender threads, at least 1.
    pub threads: u64,
    /// Connections, and inform sockets, at least as many as threads.
    pub connections: u64,
    /// Whether syslog goes over connections.
    pub connects: bool,
}

/// What carries a message within its thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lane {
    /// The thread's UDP socket.
    Datagrams,
    /// One of the thread's connections.
    Connections,
    /// One of the thread's inform sockets.
    Informs,
}

impl Layout {
    /// With at least one connection for each thread.
    #[must_use]
    pub fn new(threads: u32, connections: u32, connects: bool) -> Self {
        let threads = u64::from(threads.max(1));
        Self { threads, connections: u64::from(connections).max(threads), connects }
    }

    /// What carries messages of `kind`.
    #[must_use]
    pub fn lane(&self, kind: &Kind) -> Lane {
        match kind.service {
            Service::Trap => Lane::Datagrams,
            Service::Inform => Lane::Informs,
            Service::Syslog if self.connects => Lane::Connections,
            Service::Syslog => Lane::Datagrams,
        }
    }

    /// How many connections, or inform sockets, `thread` has.
    #[must_use]
    pub fn share(&self, thread: u64) -> u64 {
        (self.connections + self.threads - 1 - thread) / self.threads
    }

    /// The stream of number `place` of those that `thread` has in `lane`.
    #[must_use]
    pub fn stream(&self, lane: Lane, thread: u64, place: u64) -> u32 {
        let number = match lane {
            Lane::Datagrams => thread,
            Lane::Connections => self.threads + thread + place * self.threads,
            Lane::Informs => self.threads + self.connections + thread + place * self.threads,
        };
        u32::try_from(number).unwrap_or(u32::MAX)
    }

    /// The stream of message `index`, which is of `kind`.
    #[must_use]
    pub fn stream_of(&self, index: u64, kind: &Kind) -> u32 {
        let (thread, local) = (index % self.threads, index / self.threads);
        self.stream(self.lane(kind), thread, local % self.share(thread))
    }

    /// What carries stream `stream`; `None` for a number that no stream has.
    #[must_use]
    pub fn lane_of(&self, stream: u32) -> Option<Lane> {
        let stream = u64::from(stream);
        if stream < self.threads {
            Some(Lane::Datagrams)
        } else if stream < self.threads + self.connections {
            Some(Lane::Connections)
        } else {
            (stream < self.threads + 2 * self.connections).then_some(Lane::Informs)
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::payload::KINDS;
    use std::collections::HashMap;

    fn kind(name: &str) -> &'static Kind {
        KINDS.into_iter().find(|kind| kind.name == name).unwrap()
    }

    #[test]
    fn connections_take_turns_and_every_stream_has_its_lane() {
        for (threads, connections) in [(1, 1), (1, 7), (2, 2), (3, 8), (4, 64)] {
            let layout = Layout::new(threads, connections, true);
            let threads = u64::from(threads);
            assert_eq!((0..threads).map(|thread| layout.share(thread)).sum::<u64>(), u64::from(connections));
            for (name, lane, streams) in [
                ("cisco", Lane::Connections, u64::from(connections)),
                ("v2c", Lane::Datagrams, threads),
                ("v2c-inform", Lane::Informs, u64::from(connections)),
            ] {
                let mut counts: HashMap<u32, u64> = HashMap::new();
                for index in 0..threads * u64::from(connections) * 10 {
                    let stream = layout.stream_of(index, kind(name));
                    assert_eq!(layout.lane_of(stream), Some(lane));
                    *counts.entry(stream).or_default() += 1;
                }
                assert_eq!(counts.len() as u64, streams, "{threads} {connections} {name}");
            }
        }
        assert_eq!(Layout::new(3, 3, true).lane_of(9), None);
    }

    #[test]
    fn syslog_over_udp_shares_the_socket_of_traps() {
        let layout = Layout::new(2, 2, false);
        assert_eq!(layout.lane(kind("linux")), Lane::Datagrams);
        assert_eq!(layout.stream_of(5, kind("linux")), 1);
        assert_eq!(layout.stream_of(5, kind("v1")), 1);
    }
}
