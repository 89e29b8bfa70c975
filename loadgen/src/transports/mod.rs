//! What carries messages: one file for each transport, and the table of those that `--transport` can name.
//!
//! ```text
//! send -> Sender: udp, inform                      connection (buffers, source addresses, TLS) <- tcp, tls, relp
//! ```
//!
//! A new transport is a file and a line of [`TRANSPORTS`]. Each says what it promises, which is what the store is held to.
//!
//! Invariant: the schedule is open loop. What cannot be handed over when it is due is late, and never left out.

pub mod connection;
pub mod inform;
pub mod relp;
pub mod tcp;
pub mod tls;
pub mod udp;

use std::cell::OnceCell;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::Result;
use nix::sys::epoll::{Epoll, EpollEvent, EpollFlags};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;

use crate::layout::{Lane, Layout};
use crate::outcome::Outcome;
use crate::pace::Schedule;
use crate::payload::snmpv3::Sealer;
use crate::payload::snmpv3_request::Requester;
use crate::plan::{Plan, Slot};

/// Every transport for syslog.
pub const TRANSPORTS: [&Transport; 6] =
    [&udp::UDP, &tcp::TCP, &tcp::TCP_LF, &tls::TLS, &relp::RELP, &relp::RELP_TLS];

/// When a message may be missing in the store, though it was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Losses {
    /// When the receiver says that it dropped or discarded as many.
    Accounted,
    /// When its connection broke, or the receiver says that a rule discarded as many.
    Broken,
    /// When it was not acknowledged, or the receiver says that a rule discarded as many.
    Unacknowledged,
}

/// What a transport promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Promise {
    /// What may be missing.
    pub losses: Losses,
    /// Whether a message may be there again, when it is marked as repeated.
    pub may_repeat: bool,
    /// Whether messages of a stream are stored in the order in which they were sent.
    pub keeps_order: bool,
}

/// A transport: what its file says of it.
#[derive(Debug)]
pub struct Transport {
    /// The name on the command line.
    pub name: &'static str,
    /// What it is, for the help.
    pub help: &'static str,
    /// Whether it has connections; else it is the UDP socket that traps use, too.
    pub connects: bool,
    /// Whether it is TLS.
    pub is_tls: bool,
    /// What is promised of what it carries.
    pub promise: Promise,
    /// Opens one stream.
    ///
    /// Errors: no connection, or the receiver does not speak what it should.
    pub open: for<'p> fn(Place<'p>) -> Result<Box<dyn Sender + 'p>>,
}

/// Sends one stream of one thread.
pub trait Sender {
    /// Hands over what is due, as far as the receiver takes it.
    ///
    /// # Errors
    /// What was acknowledged cannot be written down.
    fn send_due(&mut self, turn: &mut Turn<'_>) -> Result<()>;

    /// Its descriptor can be read or written again.
    ///
    /// # Errors
    /// As for [`Sender::send_due`].
    fn on_ready(&mut self, turn: &mut Turn<'_>) -> Result<()>;

    /// Called every few milliseconds: connects again, and sends again what was not answered.
    ///
    /// # Errors
    /// As for [`Sender::send_due`].
    fn on_time(&mut self, turn: &mut Turn<'_>) -> Result<()>;

    /// Whether everything was sent, and answered where it has to be.
    fn is_done(&self) -> bool;

    /// Whether something may come: answers, room, or the end of a connection.
    fn waits(&self) -> bool;

    /// Ends in good order. What was not sent or not answered counts as failed.
    fn close(&mut self, turn: &mut Turn<'_>);
}

/// Where messages go.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// For syslog.
    pub syslog: SocketAddr,
    /// For SNMP notifications; same address family.
    pub snmp: SocketAddr,
}

impl Target {
    /// Whether devices can have their own source addresses: any address of 127.0.0.0/8 is ours to send from.
    #[must_use]
    pub fn spreads_sources(&self) -> bool {
        matches!(self.syslog.ip(), IpAddr::V4(address) if address.is_loopback())
    }
}

/// What the user decided about transports.
#[derive(Debug, Clone)]
pub struct Settings {
    /// See [`Target`].
    pub target: Target,
    /// What syslog is sent over.
    pub transport: &'static Transport,
    /// Unanswered messages of a stream, at most.
    pub window: usize,
    /// When an inform is sent again.
    pub answer_timeout: Duration,
    /// How often.
    pub retries: u32,
    /// How long a broken connection is tried again.
    pub reconnect_timeout: Duration,
    /// How long nothing may happen before the rest is given up.
    pub drain_timeout: Duration,
    /// Devices: their number, and the number of the first.
    pub devices: (u32, u32),
    /// TLS, where it is asked for.
    pub tls: Option<crate::tls::Connector>,
}

impl Settings {
    /// What carries `stream`; UDP for a number that no stream has.
    #[must_use]
    pub fn transport_of(&self, layout: &Layout, stream: u32) -> &'static Transport {
        match layout.lane_of(stream) {
            Some(Lane::Connections) => self.transport,
            Some(Lane::Informs) => &inform::INFORM,
            Some(Lane::Datagrams) | None => &udp::UDP,
        }
    }
}

/// What all streams of a thread have in common.
#[derive(Debug)]
pub struct Shared<'p> {
    /// The messages.
    pub plan: &'p Plan,
    /// Which stream each belongs to.
    pub layout: Layout,
    /// When each is due.
    pub schedule: Schedule,
    /// Seals traps of version 3.
    pub sealer: &'p Sealer,
    /// See [`Settings`].
    pub settings: &'p Settings,
    /// Wakes the thread.
    pub poll: Epoll,
    /// What knows the receiver's SNMP engine, once it was asked.
    pub requester: OnceCell<Requester>,
}

/// One stream to be opened.
#[derive(Debug, Clone, Copy)]
pub struct Place<'p> {
    /// Of its thread.
    pub shared: &'p Shared<'p>,
    /// Its lane.
    pub lane: Lane,
    /// Its number among the streams of its thread in that lane, from 0.
    pub number: u64,
    /// What it is called by when its descriptor is ready.
    pub token: u64,
}

impl Place<'_> {
    /// Number of the stream.
    #[must_use]
    pub fn stream(&self) -> u32 {
        self.shared.layout.stream(self.lane, self.shared.schedule.thread, self.number)
    }

    /// Its messages.
    #[must_use]
    pub fn cursor(&self) -> Cursor {
        let step = match self.lane {
            Lane::Datagrams => 1,
            Lane::Connections | Lane::Informs => self.shared.layout.share(self.shared.schedule.thread),
        };
        Cursor { next: self.number, step, lane: self.lane }
    }

    /// The address that its connection comes from, where it has one of its own: that of a device.
    #[must_use]
    pub fn source(&self) -> Option<Ipv4Addr> {
        let settings = self.shared.settings;
        let (count, first) = settings.devices;
        let number = self.number * self.shared.schedule.threads + self.shared.schedule.thread;
        let index = first + (number % u64::from(count.max(1))) as u32;
        settings.target.spreads_sources().then(|| crate::payload::Device { index }.address())
    }

    /// Asks to be woken when `descriptor` becomes ready; by changes only, so whoever is woken reads and writes until
    /// nothing more goes.
    ///
    /// # Errors
    /// The machine's fault: no memory.
    pub fn watch(&self, descriptor: &impl std::os::fd::AsFd) -> nix::Result<()> {
        let flags = EpollFlags::EPOLLIN | EpollFlags::EPOLLOUT | EpollFlags::EPOLLRDHUP | EpollFlags::EPOLLET;
        self.shared.poll.add(descriptor, EpollEvent::new(flags, self.token))
    }
}

/// The messages of one stream, in the order in which they are due.
#[derive(Debug, Clone)]
pub struct Cursor {
    /// Local number of the next message that may be ours.
    next: u64,
    step: u64,
    lane: Lane,
}

impl Cursor {
    /// The next message below local number `due`, as its index and its slot.
    pub fn peek(&mut self, shared: &Shared<'_>, due: u64) -> Option<(u64, Slot)> {
        while self.next < due {
            let index = shared.schedule.index(self.next);
            let slot = shared.plan.slot(index);
            if shared.layout.lane(slot.kind()) == self.lane {
                return Some((index, slot));
            }
            self.next += self.step;
        }
        None
    }

    /// Goes on to the one after that.
    pub fn advance(&mut self) {
        self.next += self.step;
    }

    /// Goes back to message `index`.
    pub fn rewind(&mut self, shared: &Shared<'_>, index: u64) {
        self.next = index / shared.schedule.threads;
    }

    /// Whether there are no more.
    #[must_use]
    pub fn is_at_end(&self, shared: &Shared<'_>) -> bool {
        self.clone().peek(shared, shared.schedule.local_total()).is_none()
    }

    /// Goes to the end, and counts what is left out.
    pub fn give_up(&mut self, shared: &Shared<'_>) -> u64 {
        let total = shared.schedule.local_total();
        let mut count = 0;
        while self.peek(shared, total).is_some() {
            self.advance();
            count += 1;
        }
        count
    }
}

/// One turn of a thread: what is due, and where to count.
#[derive(Debug)]
pub struct Turn<'t> {
    /// When the schedule began.
    pub start: Instant,
    /// Messages of this thread that are due.
    pub due: u64,
    /// The counts.
    pub outcome: &'t mut Outcome,
    /// Messages that are done with, of all threads.
    pub progress: &'t AtomicU64,
    /// Sequence numbers that were acknowledged in this turn.
    pub acknowledged: &'t mut Vec<u64>,
    /// When something was sent or answered last.
    pub moved_at: Instant,
}

impl Turn<'_> {
    /// Notes that message `index` was handed over for the first time, `octets` long.
    pub fn handed_over(&mut self, shared: &Shared<'_>, index: u64, octets: usize, now: Instant) {
        let lag = now.saturating_duration_since(self.start).as_nanos();
        let lag = u64::try_from(lag).unwrap_or(u64::MAX).saturating_sub(shared.schedule.due_ns(index));
        self.outcome.lag_us.saturating_record((lag / 1000).max(1));
        self.outcome.sent_bytes += octets as u64;
        self.outcome.elapsed = now.saturating_duration_since(self.start);
        self.moved_at = now;
    }

    /// Notes that `count` messages are sent for good.
    pub fn sent(&mut self, count: u64) {
        self.outcome.sent += count;
        self.progress.fetch_add(count, Ordering::Relaxed);
    }

    /// Notes that message `index` was answered after `time`.
    pub fn answered(&mut self, transport: &'static str, index: u64, time: Duration, now: Instant) {
        self.acknowledged.push(index + 1);
        self.outcome.answered(transport, time);
        self.moved_at = now;
        self.sent(1);
    }

    /// Notes that `count` messages will not be sent, or answered.
    pub fn failed(&mut self, reason: &'static str, count: u64) {
        self.outcome.fail(reason, count);
        self.progress.fetch_add(count, Ordering::Relaxed);
    }
}

/// Processor time of the calling thread so far; zero where the system does not say.
#[must_use]
pub fn thread_cpu() -> Duration {
    let Ok(usage) = getrusage(UsageWho::RUSAGE_THREAD) else { return Duration::ZERO };
    let micros = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    Duration::from_micros(u64::try_from(micros).unwrap_or(0))
}
