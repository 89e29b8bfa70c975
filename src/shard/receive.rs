//! One turn of a UDP shard: take what its sockets hold, process it, hand batches over.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::base::clock::{Clock, Stopwatch};
use crate::base::limits::RECEIVE_BATCH_DATAGRAMS;
use crate::net::sys::ReceiveSlab;
use crate::shard::intake::Intake;
use crate::shard::pipeline::{Arrival, Cut, Protocol};

/// Receive calls on one socket before the next socket gets its turn: 64 times 16 datagrams.
const CALLS_PER_TURN_MAX: usize = 16;

/// How long a shard rests after a turn that brought something. Under load this gathers datagrams in the kernel's
/// buffer, so that one call takes many: at 50,000 a second 50 datagrams cost one wake-up instead of 50. The delay it
/// adds is a hundredth of what the group commit adds.
const REST: Duration = Duration::from_millis(1);

/// How long it rests after a turn that brought little, if the kernel has room for what may come meanwhile: a few thousand
/// messages a second would else cost a wake-up each.
const LONG_REST: Duration = Duration::from_millis(4);

/// From so many datagrams on a turn brought enough to pay for its wake-up; more at a time only leave the cache.
const ENOUGH: usize = 16;

/// Octets of a kernel receive buffer that holds what may come in a long rest: 300,000 small datagrams a second, which the
/// kernel accounts for with 2 KiB each.
const LONG_REST_BUFFER_OCTETS: usize = 4 * 1024 * 1024;

/// How long a stopping shard goes on to take what its sockets still hold.
const FAREWELL_MILLIS: u128 = 1_000;

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
    /// How long it rests after a turn that brought little.
    long_rest: Duration,
    slab: ReceiveSlab,
    intake: Intake,
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
        let has_room = |socket: &ShardSocket| socket.receive_buffer_octets >= LONG_REST_BUFFER_OCTETS;
        let long_rest = if sockets.iter().all(has_room) { LONG_REST } else { REST };
        Self { index, sockets, long_rest, slab, intake, clock, stop }
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

    /// How long to rest after a turn that brought `datagrams`, at least one.
    #[must_use]
    pub fn rest_after(&self, datagrams: usize) -> Duration {
        if datagrams < ENOUGH { self.long_rest } else { REST }
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
                let at = self.clock.now();
                for datagram in self.slab.datagrams() {
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
        self.intake.flush_if_due(self.clock.now());
        taken
    }

    /// Takes what the kernel still holds, then hands over the last batch.
    pub fn finish(mut self) {
        let since = Stopwatch::start();
        while self.turn() > 0 && since.elapsed().as_millis() < FAREWELL_MILLIS {}
        self.intake.finish(self.clock.now());
    }
}
