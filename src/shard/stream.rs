//! Syslog over TCP: accept, read, divide into frames, take them in. One thread, one task a connection.
//!
//! When the queue is full nothing is read: the kernel's window closes and the senders wait. Data that the kernel has
//! acknowledged and we have not read is lost when the program dies; TCP offers no better.
//!
//! Invariant: an idle connection holds no buffer; a busy one at most its longest message and one read.

use std::cell::{Cell, RefCell};
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::{Buf, BytesMut};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::timeout;

use crate::base::clock::{Clock, Stopwatch, Timestamp};
use crate::net::accept::{Admission, ConnectionCounters};
use crate::shard::intake::{Intake, Overflow};
use crate::shard::pipeline::{Arrival, Cut, Protocol};
use crate::wire::syslog::framing::{Deframer, Over, Oversize, Step};

/// Octets taken with one read.
const READ_OCTETS: usize = 64 * 1024;

/// Pause before a connection looks again whether the queue has room.
const FULL_PAUSE: Duration = Duration::from_millis(5);

/// Pause between looks at the stop flag and at the batch's age.
const TICK: Duration = Duration::from_millis(10);

/// Pause after a failed accept: it fails again at once while the process has no descriptors left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// How long connections may go on at shutdown to deliver what the kernel holds.
const FAREWELL: Duration = Duration::from_secs(1);

/// Limits on what connections may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamLimits {
    /// Longest message; the rest of a longer one is discarded, and it is marked.
    pub message_octets_max: usize,
    /// Connections at a time.
    pub connections_max: usize,
    /// A connection that sends nothing for this long is closed.
    pub idle_timeout: Option<Duration>,
    /// A message must be complete this long after its first octet.
    pub frame_timeout: Option<Duration>,
}

/// A bound TCP listener and what is known of it.
#[derive(Debug)]
pub struct StreamListener {
    /// Its sockets with their addresses.
    pub sockets: Vec<(std::net::TcpListener, SocketAddr)>,
    /// Its number.
    pub listener: u8,
    /// Its limits.
    pub limits: StreamLimits,
    /// What happens to its connections.
    pub connections: Arc<ConnectionCounters>,
    /// Who is let in.
    pub admission: Admission,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.hub.pending_octets.set(self.hub.pending_octets.get() - self.pending_capacity);
    }
}

/// What all connections share.
struct Hub {
    intake: RefCell<Intake>,
    scratch: RefCell<Vec<u8>>,
    /// Memory of all connections' `pending`.
    pending_octets: Cell<usize>,
    clock: Arc<dyn Clock>,
}

/// One connection.
struct Connection {
    hub: Rc<Hub>,
    stream: TcpStream,
    peer: SocketAddr,
    port: u16,
    listener: u8,
    deframer: Deframer,
    message_octets_max: usize,
    /// Octets read and not yet part of a whole frame.
    pending: BytesMut,
    /// Their memory, as it was last told to the hub.
    pending_capacity: usize,
    /// Since when they wait for the rest.
    pending_since: Option<Stopwatch>,
}

/// Why a connection's octets were not all taken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Taken {
    /// All whole frames are taken.
    All,
    /// The queue is full.
    Blocked,
    /// The peer broke the framing.
    Broken,
}

/// Octets of unfinished messages that all connections may hold together. Beyond it a connection that holds any is
/// closed: a slow or hostile sender must not decide how much memory we take.
pub const PENDING_OCTETS_MAX: usize = 64 * 1024 * 1024;

/// Octets by which the buffer of an unfinished message grows.
const PENDING_READ_OCTETS: usize = 8 * 1024;

/// Serves `listeners` on the calling thread until `stop` is set. Calls `on_ready` when their sockets are registered.
///
/// # Errors
/// When no event loop is to be had.
pub fn run(
    listeners: Vec<StreamListener>,
    intake: Intake,
    clock: Arc<dyn Clock>,
    stop: &AtomicBool,
    on_ready: impl FnOnce(),
) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let hub = Rc::new(Hub {
        intake: RefCell::new(intake),
        scratch: RefCell::new(vec![0; READ_OCTETS]),
        pending_octets: Cell::new(0),
        clock,
    });
    let local = tokio::task::LocalSet::new();
    local.block_on(&runtime, serve(listeners, &hub, stop, on_ready))?;
    hub.intake.borrow_mut().finish();
    Ok(())
}

/// Accepts until told to stop, then waits a moment for the connections.
async fn serve(
    listeners: Vec<StreamListener>,
    hub: &Rc<Hub>,
    stop: &AtomicBool,
    on_ready: impl FnOnce(),
) -> io::Result<()> {
    let (stopping, stopped) = watch::channel(false);
    let mut admissions = Vec::new();
    for listener in listeners {
        admissions.push(listener.admission.clone());
        for (socket, address) in listener.sockets {
            let door = Rc::new(Door {
                listener: listener.listener,
                port: address.port(),
                limits: listener.limits,
                counters: Arc::clone(&listener.connections),
                admission: listener.admission.clone(),
            });
            let socket = TcpListener::from_std(socket)?;
            tokio::task::spawn_local(accept(socket, door, Rc::clone(hub), stopped.clone()));
        }
    }
    on_ready();
    while !stop.load(Ordering::Acquire) {
        tokio::time::sleep(TICK).await;
        hub.intake.borrow_mut().flush_if_due(hub.clock.now());
    }
    let _ = stopping.send(true);
    let since = Stopwatch::start();
    while admissions.iter().any(|admission| admission.open() > 0) && since.elapsed() < 2 * FAREWELL {
        tokio::time::sleep(TICK).await;
        let mut intake = hub.intake.borrow_mut();
        intake.flush();
        if since.elapsed() >= FAREWELL {
            // What connections have read must be counted, as dropped if need be, before they end.
            intake.set_overflow(Overflow::DropNewest);
        }
    }
    Ok(())
}

/// What a connection inherits from its listener.
struct Door {
    listener: u8,
    port: u16,
    limits: StreamLimits,
    counters: Arc<ConnectionCounters>,
    admission: Admission,
}

/// Accepts connections of one socket.
async fn accept(socket: TcpListener, door: Rc<Door>, hub: Rc<Hub>, mut stopped: watch::Receiver<bool>) {
    loop {
        let accepted = tokio::select! {
            accepted = socket.accept() => accepted,
            _ = stopped.changed() => return,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(port = door.port, %error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let Some(place) = door.admission.admit() else {
            door.counters.refused.add(1);
            tracing::debug!(%peer, "connection refused: as many are open as connections_max allows");
            continue;
        };
        door.counters.accepted.add(1);
        let connection = Connection {
            hub: Rc::clone(&hub),
            stream,
            peer,
            port: door.port,
            listener: door.listener,
            deframer: Deframer::new(door.limits.message_octets_max, Oversize::Truncate),
            message_octets_max: door.limits.message_octets_max,
            pending: BytesMut::new(),
            pending_capacity: 0,
            pending_since: None,
        };
        let (door, stopped) = (Rc::clone(&door), stopped.clone());
        tokio::task::spawn_local(async move {
            connection.serve(&door, stopped).await;
            drop(place);
        });
    }
}

impl Connection {
    /// Reads until the peer ends, misbehaves, is too slow, or the program stops.
    async fn serve(mut self, door: &Door, mut stopped: watch::Receiver<bool>) {
        let mut stopping_since: Option<Stopwatch> = None;
        loop {
            if *stopped.borrow() {
                let since = stopping_since.get_or_insert_with(Stopwatch::start);
                // Until the event loop has polled, a read is refused although octets are there: what counts as the
                // end is a tick in which nothing becomes readable.
                if since.elapsed() >= FAREWELL || timeout(TICK, self.stream.readable()).await.is_err() {
                    break;
                }
            } else {
                let readable = timeout(self.patience(&door.limits), self.stream.readable());
                tokio::select! {
                    ready = readable => if ready.is_err() {
                        door.counters.timed_out.add(1);
                        tracing::debug!(peer = %self.peer, "connection closed: nothing, or only part of a message, came in time");
                        break;
                    },
                    _ = stopped.changed() => continue,
                }
            }
            match self.read().await {
                Ok(0) => break,
                // A sender that never pauses would otherwise keep the thread from all others, and from stopping.
                Ok(_) => tokio::task::yield_now().await,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                    door.counters.broken.add(1);
                    tracing::debug!(peer = %self.peer, %error, "connection closed: its framing is broken");
                    break;
                }
                Err(error) if error.kind() == io::ErrorKind::OutOfMemory => {
                    door.counters.refused.add(1);
                    tracing::debug!(peer = %self.peer, "connection closed: unfinished messages take too much memory");
                    break;
                }
                // The peer reset the connection.
                Err(_) => break,
            }
        }
        self.end().await;
    }

    /// How long to wait for the next octets.
    fn patience(&self, limits: &StreamLimits) -> Duration {
        let idle = limits.idle_timeout.unwrap_or(Duration::MAX);
        let frame = match (limits.frame_timeout, self.pending_since) {
            (Some(limit), Some(since)) => limit.saturating_sub(since.elapsed()),
            _ => Duration::MAX,
        };
        idle.min(frame)
    }

    /// Reads once and takes in what is whole. `Ok(0)` is the end of the stream.
    async fn read(&mut self) -> io::Result<usize> {
        let (count, taken) = if self.pending.is_empty() {
            let hub = Rc::clone(&self.hub);
            let mut scratch = hub.scratch.borrow_mut();
            let count = self.stream.try_read(&mut scratch)?;
            let octets = scratch.get(..count).unwrap_or_default();
            let (consumed, taken) = self.take(octets, false);
            self.pending.extend_from_slice(octets.get(consumed..).unwrap_or_default());
            (count, taken)
        } else {
            self.pending.reserve(PENDING_READ_OCTETS);
            let count = self.stream.try_read_buf(&mut self.pending)?;
            (count, self.take_pending(false))
        };
        self.settle(taken, false).await?;
        self.note_pending()?;
        Ok(count)
    }

    /// Takes in the frames of `pending`.
    fn take_pending(&mut self, end_of_stream: bool) -> Taken {
        let mut pending = std::mem::take(&mut self.pending);
        let (consumed, taken) = self.take(&pending, end_of_stream);
        pending.advance(consumed);
        self.pending = pending;
        taken
    }

    /// Waits while the queue is full, taking in what it lets.
    async fn settle(&mut self, mut taken: Taken, end_of_stream: bool) -> io::Result<()> {
        while taken == Taken::Blocked {
            tokio::time::sleep(FULL_PAUSE).await;
            taken = self.take_pending(end_of_stream);
        }
        match taken {
            Taken::Broken => Err(io::Error::from(io::ErrorKind::InvalidData)),
            Taken::All | Taken::Blocked => Ok(()),
        }
    }

    /// Keeps the time since when part of a message waits, and the sum of what all connections hold; gives an empty
    /// buffer's memory back. Fails when the sum is too much.
    fn note_pending(&mut self) -> io::Result<()> {
        if self.pending.is_empty() {
            self.pending = BytesMut::new();
            self.pending_since = None;
        } else {
            self.pending_since.get_or_insert_with(Stopwatch::start);
        }
        let total = self.hub.pending_octets.get() + self.pending.capacity() - self.pending_capacity;
        self.pending_capacity = self.pending.capacity();
        self.hub.pending_octets.set(total);
        if total > PENDING_OCTETS_MAX && !self.pending.is_empty() {
            return Err(io::Error::from(io::ErrorKind::OutOfMemory));
        }
        Ok(())
    }

    /// Takes in the whole frames at the start of `octets`; returns how many octets they were.
    fn take(&mut self, octets: &[u8], end_of_stream: bool) -> (usize, Taken) {
        let mut intake = self.hub.intake.borrow_mut();
        let at = self.hub.clock.now();
        let mut consumed_total = 0;
        loop {
            let rest = octets.get(consumed_total..).unwrap_or_default();
            if rest.is_empty() {
                return (consumed_total, Taken::All);
            }
            if !intake.has_room() {
                return (consumed_total, Taken::Blocked);
            }
            match self.deframer.next(rest, end_of_stream) {
                Ok(Step::Frame { bytes, consumed, over, unterminated }) => {
                    let cut = match (over, unterminated) {
                        (Some(Over::Truncated), _) => Some(Cut::Truncated),
                        (Some(Over::Part), _) => Some(Cut::Part),
                        (None, true) => Some(Cut::Unterminated),
                        (None, false) => None,
                    };
                    intake.accept(&self.arrival(bytes, at, cut));
                    consumed_total += consumed;
                    self.pending_since = None;
                }
                Ok(Step::Skip { consumed }) => consumed_total += consumed,
                Ok(Step::NeedMore) => return (consumed_total, Taken::All),
                Err(_) => {
                    // Where the next message starts cannot be known: what is there is kept as it is.
                    for part in rest.chunks(self.message_octets_max) {
                        intake.accept(&self.arrival(part, at, Some(Cut::OutOfStep)));
                    }
                    return (octets.len(), Taken::Broken);
                }
            }
        }
    }

    /// A frame of this connection.
    fn arrival<'a>(&self, bytes: &'a [u8], at: Timestamp, cut: Option<Cut>) -> Arrival<'a> {
        Arrival {
            protocol: Protocol::Syslog,
            listener: self.listener,
            port: self.port,
            bytes,
            peer: self.peer,
            local: None,
            at,
            cut,
        }
    }

    /// Takes in what waits for its rest, now that the rest will not come.
    async fn end(&mut self) {
        if !self.pending.is_empty() {
            let taken = self.take_pending(true);
            // A broken rest was counted when the connection was closed for it.
            let _ = self.settle(taken, true).await;
        }
    }
}
