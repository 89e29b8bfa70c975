//! One turn of a UDP shard: take what its sockets hold, process it, hand batches over.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::base::clock::{Clock, Stopwatch, Timestamp};
use crate::base::limits::RECEIVE_BATCH_DATAGRAMS;
use crate::net::sys::ReceiveSlab;
use crate::shard::intake::Intake;
use crate::shard::pipeline::{Arrival, Cut, Protocol};
use crate::shard::poll_backoff::PollBackoff;

/// Receive calls on one socket before the next socket gets its turn: 64 times 16 datagrams.
const CALLS_PER_TURN_MAX: usize = 16;

/// How long a stopping shard goes on to take what its sockets still hold.
const SHUTDOWN_GRACE_MILLIS: u128 = 1_000;

/// A socket of a shard and what is known of it.
#[derive(Debug)]
pub struct ShardSocket {
    /// The socket.
    pub fd: OwnedFd,
    /// What comes in.
    pub protocol: Protocol,
    /// Number of the listener.
    pub listener: u8,
    /// Port of the listener.
    pub port: u16,
    /// Longest datagram that is taken whole.
    pub datagram_octets_max: usize,
    /// Octets of the kernel's receive buffer.
    pub receive_buffer_octets: usize,
}

/// A UDP shard: what a runtime has to drive.
pub struct Shard {
    /// Number of the shard, which is also its place among the processors.
    pub index: usize,
    sockets: Vec<ShardSocket>,
    backoff: PollBackoff,
    slab: ReceiveSlab,
    intake: Intake,
    /// When the last datagram arrived.
    last_arrival: Timestamp,
    clock: Arc<dyn Clock>,
    stop: Arc<AtomicBool>,
}

impl std::fmt::Debug for Shard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shard").field("index", &self.index).finish_non_exhaustive()
    }
}

impl Shard {
    /// A shard that reads `sockets`.
    #[must_use]
    pub fn new(
        index: usize,
        sockets: Vec<ShardSocket>,
        intake: Intake,
        clock: Arc<dyn Clock>,
        stop: Arc<AtomicBool>,
    ) -> Self {
        // One slab for all sockets, so that it stays in the cache: as large as the largest needs.
        let octets_max = sockets.iter().map(|socket| socket.datagram_octets_max).max().unwrap_or(1);
        let slab = ReceiveSlab::new(RECEIVE_BATCH_DATAGRAMS, octets_max);
        let buffer_octets = sockets.iter().map(|socket| socket.receive_buffer_octets).min();
        let backoff = PollBackoff::new(buffer_octets.unwrap_or(0));
        Self { index, sockets, backoff, slab, intake, last_arrival: Timestamp(0), clock, stop }
    }

    /// The sockets to wait on.
    pub fn sockets(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        self.sockets.iter().map(|socket| socket.fd.as_fd())
    }

    /// Whether the shard was told to stop.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        self.stop.load(Ordering::Acquire)
    }

    /// Whether events wait to be handed over, so that another turn is due soon.
    #[must_use]
    pub fn is_pending(&self) -> bool {
        self.intake.is_pending()
    }

    /// How long to wait after a turn that brought something.
    #[must_use]
    pub fn backoff(&self) -> Duration {
        self.backoff.next()
    }

    /// Takes what is there, without waiting. Returns how many datagrams that were.
    pub fn turn(&mut self) -> usize {
        let mut taken = 0;
        for socket in &self.sockets {
            for _ in 0..CALLS_PER_TURN_MAX {
                let count = match self.slab.receive(socket.fd.as_fd()) {
                    Ok(count) => count,
                    Err(error) => {
                        tracing::warn!(shard = self.index, port = socket.port, %error, "receiving failed");
                        0
                    }
                };
                if count == 0 {
                    break;
                }
                taken += count;
                let now = self.clock.now();
                for datagram in self.slab.datagrams() {
                    let at = arrival(datagram.arrived, self.last_arrival, now);
                    self.last_arrival = at;
                    // With the policy of UDP there is always room: a full queue costs the batch, and is counted.
                    self.intake.has_room();
                    let within = datagram.bytes.get(..socket.datagram_octets_max);
                    let truncated = datagram.truncated
                        || within.is_some_and(|within| within.len() < datagram.bytes.len());
                    self.intake.accept(&Arrival {
                        protocol: socket.protocol,
                        listener: socket.listener,
                        port: socket.port,
                        bytes: within.unwrap_or(datagram.bytes),
                        peer: datagram.peer,
                        local: datagram.local,
                        at,
                        cut: truncated.then_some(Cut::Truncated),
                        acknowledgement: None,
                        repeated: false,
                    });
                }
                if count < RECEIVE_BATCH_DATAGRAMS {
                    break;
                }
            }
        }
        self.backoff.note(taken);
        self.intake.flush_if_due(self.clock.now());
        taken
    }

    /// Takes what the kernel still holds, then hands over the last batch.
    pub fn finish(mut self) {
        let since = Stopwatch::start();
        while self.turn() > 0 && since.elapsed().as_millis() < SHUTDOWN_GRACE_MILLIS {}
        self.intake.finish(self.clock.now());
    }
}

/// When a datagram arrived that is read at `now`: when the kernel says, or else now. The datagrams of a shard arrive in the
/// order in which it reads them, also those of several sockets that it reads one after the other, since ids follow the
/// time of arrival; and none of them in the future, which a clock that was set back would make of the kernel's word.
fn arrival(reported: Option<Timestamp>, last: Timestamp, now: Timestamp) -> Timestamp {
    reported.unwrap_or(now).max(last).min(now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrivals_rise_and_are_never_in_the_future() {
        let at = |reported: Option<i64>, last, now| {
            arrival(reported.map(Timestamp), Timestamp(last), Timestamp(now)).0
        };
        assert_eq!(at(Some(980), 970, 1_000), 980);
        assert_eq!(at(None, 970, 1_000), 1_000, "the kernel says nothing");
        assert_eq!(at(Some(960), 970, 1_000), 970, "from the second socket");
        assert_eq!(at(Some(980), 970, 500), 500, "the clock was set back while it waited");
        assert_eq!(at(Some(490), 980, 500), 500, "and before it came");
        assert_eq!(at(Some(510), 500, 520), 510, "from then on as usual");
    }
}
