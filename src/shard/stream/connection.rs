//! One connection at work: reads, hands frames over, sends answers, and ends.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _, ReadBuf};
use tokio::sync::watch;
use tokio::time::timeout;

use crate::base::clock::Stopwatch;
use crate::net::accept::ConnectionEvent;
use crate::net::transport::Transport;
use crate::shard::listener::StreamProtocol;
use crate::shard::stream::context::ListenerContext;
use crate::shard::stream::frames::Divider;
use crate::shard::stream::origin::{Origin, Taken};
use crate::shard::stream::relp::Relp;
use crate::shard::stream::state::{
    CommittedQueue, PENDING_COPIED_OCTETS, PENDING_OCTETS_MAX, READ_OCTETS, StreamState,
};
use crate::shard::stream::state::{SHUTDOWN_GRACE, TICK};
use crate::wire::syslog::framing::Deframer;

/// Pause before a connection looks again whether the queue has room.
const FULL_PAUSE: Duration = Duration::from_millis(5);

/// Octets taken with one read while a long message is unfinished, and of RELP.
const PENDING_READ_OCTETS: usize = 8 * 1024;

/// How long a peer may take to take an answer when no frame timeout is set.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);

/// How long a closed session waits for the peer's end, so that the last answers are not overtaken by a reset.
const LINGER: Duration = Duration::from_millis(500);

/// One connection.
pub(super) struct Connection {
    state: Rc<StreamState>,
    context: Rc<ListenerContext>,
    transport: Transport,
    origin: Origin,
    divider: Divider,
    /// Octets read and not yet part of a whole frame.
    pending: BytesMut,
    /// Their memory, as it was last reported to the state.
    pending_capacity: usize,
    /// Since when they wait for the rest.
    pending_since: Option<Stopwatch>,
    /// Whether broken framing was reported.
    is_out_of_step: bool,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.state.pending_octets.set(self.state.pending_octets.get() - self.pending_capacity);
        if let Divider::Relp(relp) = &self.divider {
            self.state.unregister(relp.number());
        }
    }
}

/// What a connection waited for.
enum Event {
    /// A read ended (`None` at the end of the stream), or did not in time.
    Read(Result<io::Result<Option<Taken>>, tokio::time::error::Elapsed>),
    /// Something was committed.
    Committed,
    /// The program stops, or a moment has passed since then.
    Stop,
}

impl Connection {
    pub(super) fn new(
        state: Rc<StreamState>,
        context: Rc<ListenerContext>,
        transport: Transport,
        origin: Origin,
    ) -> Self {
        let (limits, octets_max) = (&context.stream.limits, context.spec.message_octets_max);
        let divider = match context.stream.protocol {
            StreamProtocol::Syslog => Divider::Syslog(Deframer::new(octets_max, limits.oversize)),
            StreamProtocol::Relp { unacknowledged_max } => {
                Divider::Relp(Box::new(Relp::new(&origin, limits.oversize, unacknowledged_max, &state)))
            }
        };
        Self {
            state,
            context,
            transport,
            origin,
            divider,
            pending: BytesMut::new(),
            pending_capacity: 0,
            pending_since: None,
            is_out_of_step: false,
        }
    }

    /// Reads until the peer ends, misbehaves, is too slow, or the program stops.
    pub(super) async fn serve(mut self, mut stopped: watch::Receiver<bool>) {
        let mut stopping_since: Option<Stopwatch> = None;
        let queue = match &self.divider {
            Divider::Relp(relp) => Some(relp.committed()),
            Divider::Syslog(_) => None,
        };
        loop {
            if *stopped.borrow() {
                let since = stopping_since.get_or_insert_with(Stopwatch::start);
                if !self.may_go_on(since.elapsed()) {
                    break;
                }
            }
            if self.send_answers().await.is_err() {
                break;
            }
            if self.is_over() {
                self.linger().await;
                break;
            }
            let event = self.next_event(&mut stopped, stopping_since.is_some(), queue.as_deref()).await;
            let taken = match event {
                Event::Read(Ok(Ok(None))) => break,
                Event::Read(Ok(Ok(Some(taken)))) => taken,
                // The peer reset the connection, or broke TLS.
                Event::Read(Ok(Err(_))) => break,
                Event::Read(Err(_)) if stopping_since.is_some() => break,
                Event::Read(Err(_)) => {
                    self.context.counters.events.add(ConnectionEvent::TimedOut, 1);
                    tracing::debug!(peer = %self.origin.peer, "connection closed: nothing, or only part of a message, came in time");
                    break;
                }
                Event::Committed => {
                    self.drain_acks();
                    self.consume_pending(false)
                }
                Event::Stop => continue,
            };
            self.report_pending_memory();
            if self.wait_for_queue(taken, false).await.is_err() || self.update_pending_limits(taken).is_err()
            {
                break;
            }
            // A sender that never pauses would otherwise keep the thread from all others, and from stopping.
            tokio::task::yield_now().await;
        }
        self.end().await;
    }

    /// Waits for octets, for commits, and for the stop of the program.
    async fn next_event(
        &mut self,
        stopped: &mut watch::Receiver<bool>,
        is_stopping: bool,
        queue: Option<&CommittedQueue>,
    ) -> Event {
        let may_take = match &self.divider {
            Divider::Syslog(_) => true,
            Divider::Relp(relp) => relp.may_take(),
        };
        // While stopping, until the event loop has polled, a read waits although octets are there: what counts as the
        // end is a tick in which nothing came.
        let patience = if is_stopping { TICK } else { self.patience() };
        let committed = async {
            match queue {
                Some(queue) => queue.filled.notified().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            read = timeout(patience, poll_fn(|cx| self.poll_read(cx))), if may_take => Event::Read(read),
            () = committed => Event::Committed,
            _ = stopped.changed(), if !is_stopping => Event::Stop,
            () = tokio::time::sleep(TICK), if is_stopping && !may_take => Event::Stop,
        }
    }

    /// While the program stops: tells a RELP sender, and ends after a while what does not end by itself.
    fn may_go_on(&mut self, stopping_for: Duration) -> bool {
        let is_late = stopping_for >= SHUTDOWN_GRACE;
        match &mut self.divider {
            Divider::Syslog(_) => !is_late,
            Divider::Relp(relp) => {
                relp.stop();
                if is_late {
                    relp.abandon();
                }
                true
            }
        }
    }

    /// How long to wait for the next octets.
    fn patience(&self) -> Duration {
        let limits = &self.context.stream.limits;
        // A sender that waits for our answers is not idle: we are.
        let is_owed = matches!(&self.divider, Divider::Relp(relp) if relp.owes_answers());
        let idle = limits.idle_timeout.filter(|_| !is_owed).unwrap_or(Duration::MAX);
        let frame = match (limits.frame_timeout, self.pending_since) {
            (Some(limit), Some(since)) => limit.saturating_sub(since.elapsed()),
            _ => Duration::MAX,
        };
        idle.min(frame)
    }

    /// Reads once and takes in what is whole; `None` at the end of the stream. While the queue is full nothing is read,
    /// so that what cannot be handed over stays with the kernel.
    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Option<Taken>>> {
        let state = Rc::clone(&self.state);
        if !state.intake.borrow_mut().has_room() {
            return Poll::Ready(Ok(Some(Taken::Blocked)));
        }
        let mut scratch = state.scratch.borrow_mut();
        // Little that is pending goes before the next octets; a long message grows where it is, since to copy it for
        // each octet that a slow sender sends would be work without measure.
        let is_long = self.pending.len() > PENDING_COPIED_OCTETS;
        // What a full window leaves of a RELP read waits here, so it must not be much.
        let most = match &self.divider {
            Divider::Syslog(_) => READ_OCTETS,
            Divider::Relp(_) => PENDING_READ_OCTETS,
        };
        let (ahead, octets) = if is_long { (0, PENDING_READ_OCTETS) } else { (self.pending.len(), most) };
        for (place, octet) in scratch.iter_mut().zip(self.pending.iter().take(ahead)) {
            *place = *octet;
        }
        let mut buffer = ReadBuf::new(scratch.get_mut(ahead..ahead + octets).unwrap_or_default());
        ready!(Pin::new(&mut self.transport).poll_read(cx, &mut buffer))?;
        let count = buffer.filled().len();
        if count == 0 {
            return Poll::Ready(Ok(None));
        }
        let octets = scratch.get(..ahead + count).unwrap_or_default();
        if is_long {
            self.pending.extend_from_slice(octets);
            return Poll::Ready(Ok(Some(self.consume_pending(false))));
        }
        let (consumed, taken) = self.consume_frames(octets, false);
        self.pending.clear();
        self.pending.extend_from_slice(octets.get(consumed..).unwrap_or_default());
        Poll::Ready(Ok(Some(taken)))
    }

    /// Takes in the whole frames at the start of `octets`; returns how many octets they were.
    fn consume_frames(&mut self, octets: &[u8], end_of_stream: bool) -> (usize, Taken) {
        let (consumed, taken) = self.divider.take(octets, end_of_stream, &self.origin, &self.state);
        if consumed > 0 {
            self.pending_since = None;
        }
        if !self.is_out_of_step && self.divider.was_out_of_step() {
            self.is_out_of_step = true;
            self.report_broken_framing("a MSG-LEN is wrong; its octets are kept and the stream goes on");
        }
        (consumed, taken)
    }

    /// Takes in the frames of `pending`.
    fn consume_pending(&mut self, end_of_stream: bool) -> Taken {
        let mut pending = std::mem::take(&mut self.pending);
        let (consumed, taken) = self.consume_frames(&pending, end_of_stream);
        pending.advance(consumed);
        self.pending = pending;
        taken
    }

    /// Waits while the queue is full, taking in what it lets. Fails when the peer broke the framing.
    async fn wait_for_queue(&mut self, mut taken: Taken, end_of_stream: bool) -> Result<(), ()> {
        while taken == Taken::Blocked {
            tokio::time::sleep(FULL_PAUSE).await;
            taken = self.consume_pending(end_of_stream);
        }
        if taken == Taken::Broken {
            self.report_broken_framing("connection closed");
            return Err(());
        }
        Ok(())
    }

    /// Counts a peer whose framing is broken, and names it in the log.
    fn report_broken_framing(&self, consequence: &'static str) {
        self.context.counters.events.add(ConnectionEvent::BrokenFraming, 1);
        let peer = self.origin.peer;
        let port = self.context.port;
        match self.context.framing_errors.due() {
            Some(0) => tracing::warn!(port, %peer, "framing is broken: {consequence}"),
            Some(others) => {
                tracing::warn!(port, %peer, "framing is broken (and {others} before): {consequence}")
            }
            None => tracing::debug!(port, %peer, "framing is broken: {consequence}"),
        }
    }

    /// Keeps the time since when part of a message waits, and the sum of what all connections hold; gives an empty
    /// buffer's memory back. Fails when the sum is too much.
    fn update_pending_limits(&mut self, taken: Taken) -> Result<(), ()> {
        if self.pending.is_empty() {
            self.pending = BytesMut::new();
            self.pending_since = None;
        } else if taken == Taken::Waiting {
            // It waits for us, not for its sender.
            self.pending_since = None;
        } else {
            self.pending_since.get_or_insert_with(Stopwatch::start);
        }
        self.report_pending_memory();
        if self.state.pending_octets.get() > PENDING_OCTETS_MAX && !self.pending.is_empty() {
            self.context.counters.events.add(ConnectionEvent::RefusedMemory, 1);
            tracing::debug!(peer = %self.origin.peer, "connection closed: unfinished messages take too much memory");
            return Err(());
        }
        Ok(())
    }

    /// Tells the state how much memory the unfinished message takes.
    fn report_pending_memory(&mut self) {
        let total = self.state.pending_octets.get() + self.pending.capacity() - self.pending_capacity;
        self.pending_capacity = self.pending.capacity();
        self.state.pending_octets.set(total);
    }

    /// Turns commits into answers.
    fn drain_acks(&mut self) {
        if let Divider::Relp(relp) = &mut self.divider {
            relp.drain_acks();
        }
    }

    /// Whether the session has ended.
    fn is_over(&self) -> bool {
        matches!(&self.divider, Divider::Relp(relp) if relp.is_over())
    }

    /// Sends what there is to answer. Fails when the peer does not take it in time.
    async fn send_answers(&mut self) -> io::Result<()> {
        let Divider::Relp(relp) = &mut self.divider else { return Ok(()) };
        let answers = relp.answers();
        if answers.is_empty() {
            relp.reuse(answers);
            return Ok(());
        }
        let patience = self.context.stream.limits.frame_timeout.unwrap_or(ANSWER_TIMEOUT);
        let sending = async {
            self.transport.write_all(&answers).await?;
            self.transport.flush().await
        };
        match timeout(patience, sending).await {
            Ok(sent) => sent?,
            Err(_) => {
                self.context.counters.events.add(ConnectionEvent::TimedOut, 1);
                tracing::debug!(peer = %self.origin.peer, "connection closed: it does not take our answers");
                return Err(io::Error::from(io::ErrorKind::TimedOut));
            }
        }
        if let Divider::Relp(relp) = &mut self.divider {
            relp.reuse(answers);
        }
        Ok(())
    }

    /// Ends our half of a session and waits a moment for the other one.
    async fn linger(&mut self) {
        let mut nothing = [0; 256];
        let ending = async {
            self.transport.shutdown().await?;
            while self.transport.read(&mut nothing).await? > 0 {}
            io::Result::Ok(())
        };
        let _ = timeout(LINGER, ending).await;
    }

    /// Takes in what waits for its rest, now that the rest will not come.
    async fn end(&mut self) {
        if !self.pending.is_empty() {
            let taken = self.consume_pending(true);
            // A broken rest was counted when the connection was closed for it.
            let _ = self.wait_for_queue(taken, true).await;
        }
        if self.transport.is_tls() {
            // Says close_notify; a peer that is gone must not be waited for.
            let _ = timeout(LINGER, self.transport.shutdown()).await;
        }
    }
}
