//! Informs over UDP (RFC 3416 4.2.7): the answer is awaited, and without it the inform is sent again.
//!
//! Beside udp. A repeated inform has the same request-id and the same octets; one of version 3 is a new message around
//! the same PDU, with the receiver's engine and clock as they are known by then (`payload::snmpv3_request`).
//!
//! Invariant: an inform counts as sent when it was answered, and not before.

use std::collections::HashMap;
use std::io::IoSlice;
use std::net::UdpSocket;
use std::os::fd::AsRawFd as _;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use nix::errno::Errno;
use nix::sys::socket::{ControlMessage, MsgFlags, SockaddrStorage, sendmsg, setsockopt, sockopt};

use super::udp::{packet_info, socket};
use super::{Cursor, Losses, Place, Promise, Sender, Shared, Transport, Turn};
use crate::payload::snmp::read_response;
use crate::payload::snmpv3_request::{Answer, Request, Requester};
use crate::payload::{request_id, snmpv3};
use crate::plan::Slot;

/// Its line of the table of transports; `--transport` cannot name it, kinds of informs do.
pub const INFORM: Transport = Transport {
    name: "inform",
    help: "UDP, each message answered",
    connects: false,
    is_tls: false,
    promise: Promise { losses: Losses::Unacknowledged, may_repeat: true, keeps_order: false },
    open: |place| Ok(Box::new(Informs::open(place)?)),
};

/// How often, and how far apart, the receiver is asked who it is.
const DISCOVERY_TRIES: u32 = 10;
const DISCOVERY_PAUSE: Duration = Duration::from_millis(500);
/// Receive buffer that is asked for.
const RECEIVE_BUFFER_BYTES: usize = 4 << 20;
/// Longest datagram over IPv4.
const DATAGRAM_OCTETS_MAX: usize = 65_507;

/// An inform that is not answered.
#[derive(Debug, Clone, Copy)]
struct Waiting {
    index: u64,
    first: Instant,
    next: Instant,
    /// How often it was sent again.
    tries: u32,
}

struct Informs<'p> {
    shared: &'p Shared<'p>,
    stream: u32,
    cursor: Cursor,
    socket: UdpSocket,
    target: SockaddrStorage,
    spreads_sources: bool,
    requester: Option<Requester>,
    /// By request-id.
    waiting: HashMap<u32, Waiting>,
    message: Vec<u8>,
    buffer: Vec<u8>,
    is_done: bool,
}

impl<'p> Informs<'p> {
    fn open(place: Place<'p>) -> Result<Self> {
        let shared = place.shared;
        let target = shared.settings.target;
        let socket = socket(target.snmp)?;
        // Answers come in bursts, one for each commit. A smaller buffer than asked for only means repetitions.
        let _ = setsockopt(&socket, sockopt::RcvBuf, &RECEIVE_BUFFER_BYTES);
        let mut requester = None;
        if shared.plan.slots.iter().any(is_v3) {
            if shared.requester.get().is_none() {
                let _ = shared.requester.set(discover(shared, &socket)?);
            }
            requester = shared.requester.get().cloned();
        }
        socket.set_nonblocking(true)?;
        place.watch(&socket)?;
        Ok(Self {
            shared,
            stream: place.stream(),
            cursor: place.cursor(),
            socket,
            target: target.snmp.into(),
            spreads_sources: target.spreads_sources(),
            requester,
            waiting: HashMap::new(),
            message: Vec::new(),
            buffer: vec![0; DATAGRAM_OCTETS_MAX],
            is_done: false,
        })
    }

    /// Sends message `index`, for the `tries`-th time after the first. Its octets without what is around the PDU;
    /// `None` when the kernel has no room.
    fn send(&mut self, index: u64, tries: u32, now: Instant) -> Result<Option<usize>, Errno> {
        let plan = self.shared.plan;
        let slot = plan.slot(index);
        self.message.clear();
        plan.append(&slot, self.stream, index, &mut self.message);
        let octets = self.message.len();
        if let Some(requester) = self.requester.as_ref().filter(|_| is_v3(&slot)) {
            let user = plan.v3.user_of(slot.device);
            let again = u64::from(tries) << 24;
            let request = Request {
                user: &user,
                pdu: &self.message,
                // A message of its own each time (RFC 3412 6.2), around the same PDU.
                msg_id: request_id(index.wrapping_add(1).wrapping_add(again)),
                salt: u64::from(tries) << 48 | (index + 1),
            };
            self.message = requester.request(&request, now);
        }
        let info = packet_info(&slot);
        let control = [ControlMessage::Ipv4PacketInfo(&info)];
        let control = if self.spreads_sources { &control[..] } else { &[] };
        let vectors = [IoSlice::new(&self.message)];
        let flags = MsgFlags::empty();
        match sendmsg(self.socket.as_raw_fd(), &vectors, control, flags, Some(&self.target)) {
            Ok(_) => Ok(Some(octets)),
            Err(Errno::EAGAIN | Errno::ENOBUFS | Errno::ENOMEM | Errno::EINTR) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn take(&mut self, length: usize, turn: &mut Turn<'_>, now: Instant) {
        let bytes = self.buffer.get(..length).unwrap_or_default();
        let answer = match read_response(bytes) {
            Some((request_id, error_status)) => Some(Answer::Response { request_id, error_status }),
            None => self.requester.as_mut().and_then(|requester| requester.read(bytes, now)),
        };
        match answer {
            Some(Answer::Response { request_id, error_status }) => {
                let Some(waiting) = self.waiting.remove(&request_id) else { return };
                if error_status == 0 {
                    let time = now.saturating_duration_since(waiting.first);
                    turn.answered(INFORM.name, waiting.index, time, now);
                } else {
                    turn.failed("answered with an error", 1);
                }
            }
            Some(Answer::Report { counter, is_news }) => {
                *turn.outcome.reports.entry(counter).or_default() += 1;
                if is_news {
                    // All that went out with the old clock was in vain.
                    self.waiting.values_mut().for_each(|waiting| waiting.next = now);
                }
            }
            None => {}
        }
    }
}

fn is_v3(slot: &Slot) -> bool {
    std::ptr::eq(slot.kind(), &snmpv3::V3_INFORM) || slot.kind().name == snmpv3::V3_INFORM.name
}

/// Asks the receiver for its engine ID and clock (RFC 3414 section 4).
fn discover(shared: &Shared<'_>, socket: &UdpSocket) -> Result<Requester> {
    let target = shared.settings.target.snmp;
    let mut requester = Requester::new(&shared.plan.v3);
    socket.set_read_timeout(Some(DISCOVERY_PAUSE))?;
    let mut buffer = vec![0; DATAGRAM_OCTETS_MAX];
    for number in 0..DISCOVERY_TRIES {
        let question = Requester::discovery(0x2000_0000 + number);
        socket.send_to(&question, target).with_context(|| format!("cannot send to {target}"))?;
        // What comes too late for one question answers the next.
        if let Ok((length, _)) = socket.recv_from(&mut buffer) {
            requester.read(buffer.get(..length).unwrap_or_default(), Instant::now());
        }
        if requester.knows_engine() {
            return Ok(requester);
        }
    }
    bail!("{target} does not tell its SNMP engine ID: {DISCOVERY_TRIES} questions were not answered")
}

impl Sender for Informs<'_> {
    fn send_due(&mut self, turn: &mut Turn<'_>) -> Result<()> {
        while self.waiting.len() < self.shared.settings.window {
            let Some((index, _)) = self.cursor.peek(self.shared, turn.due) else { break };
            let now = Instant::now();
            match self.send(index, 0, now) {
                Ok(Some(octets)) => {
                    let next = now + self.shared.settings.answer_timeout;
                    let waiting = Waiting { index, first: now, next, tries: 0 };
                    self.waiting.insert(request_id(index + 1), waiting);
                    turn.handed_over(self.shared, index, octets, now);
                }
                Ok(None) => {
                    turn.outcome.retries += 1;
                    break;
                }
                Err(error) => turn.failed(error.desc(), 1),
            }
            self.cursor.advance();
        }
        self.is_done = self.waiting.is_empty()
            && turn.due >= self.shared.schedule.local_total()
            && self.cursor.is_at_end(self.shared);
        Ok(())
    }

    fn on_ready(&mut self, turn: &mut Turn<'_>) -> Result<()> {
        let now = Instant::now();
        loop {
            match self.socket.recv(&mut self.buffer) {
                Ok(length) => self.take(length, turn, now),
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => break,
                // Unreachable ports are told of in this way.
                Err(_) => {}
            }
        }
        self.send_due(turn)
    }

    fn on_time(&mut self, turn: &mut Turn<'_>) -> Result<()> {
        let now = Instant::now();
        let settings = self.shared.settings;
        let due: Vec<u32> =
            self.waiting.iter().filter(|(_, waiting)| waiting.next <= now).map(|(id, _)| *id).collect();
        for id in due {
            let Some(mut waiting) = self.waiting.remove(&id) else { continue };
            if waiting.tries >= settings.retries {
                turn.failed("not answered", 1);
                continue;
            }
            waiting.tries += 1;
            waiting.next = now + settings.answer_timeout;
            match self.send(waiting.index, waiting.tries, now) {
                Ok(sent) => turn.outcome.resent += u64::from(sent.is_some()),
                Err(_) => turn.outcome.retries += 1,
            }
            self.waiting.insert(id, waiting);
            turn.moved_at = now;
        }
        self.send_due(turn)
    }

    fn is_done(&self) -> bool {
        self.is_done
    }

    fn waits(&self) -> bool {
        !self.waiting.is_empty()
    }

    fn close(&mut self, turn: &mut Turn<'_>) {
        turn.failed("not answered", self.waiting.len() as u64);
        turn.failed("not sent in time", self.cursor.give_up(self.shared));
        self.waiting.clear();
    }
}
