//! UDP: one socket per thread serves both ports, as each datagram of a `sendmmsg` call has its own destination.
//!
//! Towards a loopback IPv4 target each datagram has its own source address, too, by an IP_PKTINFO control message
//! (`ipi_spec_dst`, ip(7)). Thousands of devices therefore need one file descriptor.
//!
//! Invariant: every message of the schedule ends in exactly one of two counts, sent or failed; nothing is allocated per
//! message; lateness is recorded, never made up for by leaving messages out.

use std::cell::Cell;
use std::io::IoSlice;
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use nix::errno::Errno;
use nix::libc::{in_addr, in_pktinfo};
use nix::sys::socket::{
    ControlMessage, MsgFlags, MultiHeaders, SockaddrStorage, sendmmsg, setsockopt, sockopt,
};

use super::{Cursor, Losses, Place, Promise, Sender, Shared, Transport, Turn};
use crate::pace::BATCH_MAX;
use crate::payload::{Service, patch_numbers};
use crate::plan::Slot;

/// Send buffer that is asked for; the kernel may give less, which shows as waiting, not as loss.
const SEND_BUFFER_BYTES: usize = 4 << 20;
/// Pause before the kernel is asked again after it had no room.
const RETRY_PAUSE: Duration = Duration::from_micros(100);
/// Refused datagrams in a row after which the network is taken to be absent, and the rest counts as failed.
const FAILED_IN_A_ROW_MAX: u64 = 1000;

/// Its line of the table of transports.
pub const UDP: Transport = Transport {
    name: "udp",
    help: "RFC 5426, one message a datagram",
    connects: false,
    is_tls: false,
    promise: Promise { losses: Losses::Accounted, may_repeat: false, keeps_order: false },
    open: |place| Ok(Box::new(Datagrams::open(place)?)),
};

struct Datagrams<'p> {
    shared: &'p Shared<'p>,
    stream: u32,
    cursor: Cursor,
    socket: UdpSocket,
    /// Own copy: numbers are patched into it, and messages of version 3 sealed.
    arena: Vec<u8>,
    headers: MultiHeaders<SockaddrStorage>,
    spreads_sources: bool,
    syslog: SockaddrStorage,
    snmp: SockaddrStorage,
    failed_in_a_row: u64,
    last_error: &'static str,
    is_done: bool,
}

/// Opens a UDP socket for any address of the family of `target`.
///
/// # Errors
/// The machine's fault: no socket.
pub fn socket(target: SocketAddr) -> Result<UdpSocket> {
    let any: SocketAddr = if target.is_ipv4() { ([0, 0, 0, 0], 0).into() } else { ([0u16; 8], 0).into() };
    UdpSocket::bind(any).with_context(|| format!("cannot open a UDP socket on {any}"))
}

impl<'p> Datagrams<'p> {
    fn open(place: Place<'p>) -> Result<Self> {
        let shared = place.shared;
        let target = shared.settings.target;
        let socket = socket(target.syslog)?;
        // A smaller buffer than asked for only means that the kernel makes us wait sooner.
        let _ = setsockopt(&socket, sockopt::SndBuf, &SEND_BUFFER_BYTES);
        let spreads_sources = target.spreads_sources();
        let space = spreads_sources.then(|| nix::cmsg_space!(in_pktinfo));
        Ok(Self {
            shared,
            stream: place.stream(),
            cursor: place.cursor(),
            socket,
            arena: shared.plan.arena.clone(),
            headers: MultiHeaders::preallocate(BATCH_MAX, space),
            spreads_sources,
            syslog: target.syslog.into(),
            snmp: target.snmp.into(),
            failed_in_a_row: 0,
            last_error: "",
            is_done: false,
        })
    }

    /// Writes this message's own numbers into the arena, and seals it.
    fn prepare(&mut self, slot: &Slot, index: u64, time_seconds: u64) {
        let (plan, sequence) = (self.shared.plan, index + 1);
        let Some(message) = self.arena.get_mut(slot.start..slot.start + slot.length) else { return };
        if let Some(places) = &slot.v3 {
            places.restore(message, plan.template(slot));
        }
        patch_numbers(message, slot.request_id_at, self.stream, sequence);
        if let Some(places) = &slot.v3 {
            self.shared.sealer.seal(message, places, sequence, time_seconds);
        }
    }

    /// Sends `slots`; each is counted as sent or failed when this returns.
    fn send_batch(&mut self, slots: &[Slot], turn: &mut Turn<'_>) {
        let mut rest = slots;
        while let Some((_, tail)) = rest.split_first() {
            match self.hand_over(rest) {
                Ok(taken) => {
                    let (taken, left) = rest.split_at(taken.min(rest.len()));
                    turn.sent(taken.len() as u64);
                    turn.outcome.sent_bytes += taken.iter().map(|slot| slot.length as u64).sum::<u64>();
                    self.failed_in_a_row = 0;
                    rest = left;
                }
                // No room at the moment (or a signal): the message stays first in line and its lag grows.
                Err(Errno::EAGAIN | Errno::ENOBUFS | Errno::ENOMEM | Errno::EINTR) => {
                    turn.outcome.retries += 1;
                    std::thread::sleep(RETRY_PAUSE);
                }
                // sendmmsg reports the error of its first datagram only; the others get their turn.
                Err(error) => {
                    self.last_error = error.desc();
                    turn.failed(self.last_error, 1);
                    self.failed_in_a_row += 1;
                    rest = tail;
                }
            }
        }
    }

    /// One `sendmmsg` call with at most [`BATCH_MAX`] messages; the number that the kernel took, at least 1.
    fn hand_over(&mut self, slots: &[Slot]) -> Result<usize, Errno> {
        let count = slots.len().min(BATCH_MAX);
        let slot_at = |at: usize| slots[at.min(count - 1)];
        let arena = &self.arena;
        let iovs: [[IoSlice<'_>; 1]; BATCH_MAX] = std::array::from_fn(|at| {
            let slot = slot_at(at);
            [IoSlice::new(arena.get(slot.start..slot.start + slot.length).unwrap_or_default())]
        });
        let addresses: [Option<SockaddrStorage>; BATCH_MAX] = std::array::from_fn(|at| {
            Some(if slot_at(at).kind().service == Service::Syslog { self.syslog } else { self.snmp })
        });
        let infos: [in_pktinfo; BATCH_MAX] = std::array::from_fn(|at| packet_info(&slot_at(at)));
        let rows: [[ControlMessage<'_>; 1]; BATCH_MAX] =
            std::array::from_fn(|at| [ControlMessage::Ipv4PacketInfo(&infos[at])]);
        let control =
            PerDatagram { rows: if self.spreads_sources { &rows } else { &[] }, next: Cell::new(0) };
        let results = sendmmsg(
            self.socket.as_raw_fd(),
            &mut self.headers,
            &iovs[..count],
            &addresses[..count],
            control,
            MsgFlags::empty(),
        )?;
        Ok(results.count().max(1))
    }
}

impl Sender for Datagrams<'_> {
    fn send_due(&mut self, turn: &mut Turn<'_>) -> Result<()> {
        let time_seconds = turn.start.elapsed().as_secs();
        while let Some((first, slot)) = self.cursor.peek(self.shared, turn.due) {
            let mut slots = [slot; BATCH_MAX];
            let mut count = 0;
            for place in &mut slots {
                let Some((index, slot)) = self.cursor.peek(self.shared, turn.due) else { break };
                self.prepare(&slot, index, time_seconds);
                *place = slot;
                count += 1;
                self.cursor.advance();
            }
            self.send_batch(slots.get(..count).unwrap_or_default(), turn);
            let now = Instant::now();
            let lag = u64::try_from(now.saturating_duration_since(turn.start).as_nanos()).unwrap_or(u64::MAX);
            let lag_us = lag.saturating_sub(self.shared.schedule.due_ns(first)) / 1000;
            turn.outcome.lag_us.saturating_record_n(lag_us.max(1), count as u64);
            turn.outcome.elapsed = now.saturating_duration_since(turn.start);
            turn.moved_at = now;
            if self.failed_in_a_row >= FAILED_IN_A_ROW_MAX {
                turn.failed(self.last_error, self.cursor.give_up(self.shared));
            }
        }
        self.is_done = turn.due >= self.shared.schedule.local_total();
        Ok(())
    }

    fn on_ready(&mut self, _: &mut Turn<'_>) -> Result<()> {
        Ok(())
    }

    fn on_time(&mut self, _: &mut Turn<'_>) -> Result<()> {
        Ok(())
    }

    fn is_done(&self) -> bool {
        self.is_done
    }

    fn waits(&self) -> bool {
        false
    }

    fn close(&mut self, _: &mut Turn<'_>) {}
}

/// Control messages that differ from datagram to datagram.
///
/// `nix` takes one list of control messages for all datagrams of a call, but asks for it once per datagram, in order.
/// This answers each time with the next row. The end-to-end test compares every source address with the plan, so a
/// version of `nix` that asks in another way would be noticed; the manifest pins the version.
struct PerDatagram<'a> {
    /// One row per datagram, or none at all.
    rows: &'a [[ControlMessage<'a>; 1]],
    next: Cell<usize>,
}

impl<'a> AsRef<[ControlMessage<'a>]> for PerDatagram<'a> {
    fn as_ref(&self) -> &[ControlMessage<'a>] {
        let at = self.next.get();
        self.next.set(at + 1);
        self.rows.get(at).map_or(&[], |row| row.as_slice())
    }
}

/// Control data that sends from the device's own address, on whichever interface the route says.
#[must_use]
pub fn packet_info(slot: &Slot) -> in_pktinfo {
    in_pktinfo {
        ipi_ifindex: 0,
        ipi_spec_dst: in_addr { s_addr: u32::from_ne_bytes(slot.source.octets()) },
        ipi_addr: in_addr { s_addr: 0 },
    }
}
