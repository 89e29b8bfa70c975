//! One sender thread: waits until messages are due, patches their sequence numbers, hands them to the kernel in batches.
//!
//! After plan and pace. One UDP socket per thread serves both ports: each datagram of a `sendmmsg` call has its own
//! destination and, towards a loopback IPv4 target, its own source address by an IP_PKTINFO control message
//! (`ipi_spec_dst`, ip(7)). Thousands of devices therefore need one file descriptor.
//!
//! Invariant: every message of the schedule ends in exactly one of two counts, sent or failed; nothing is allocated per
//! message; lateness is recorded, never made up for by leaving messages out.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::io::IoSlice;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::os::fd::AsRawFd;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use hdrhistogram::Histogram;
use nix::errno::Errno;
use nix::libc::{in_addr, in_pktinfo};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::socket::{
    ControlMessage, MsgFlags, MultiHeaders, SockaddrStorage, sendmmsg, setsockopt, sockopt,
};
use nix::sys::time::TimeValLike;

use crate::pace::{BATCH_MAX, Schedule};
use crate::payload::patch_sequence;
use crate::payload::snmpv3::Sealer;
use crate::plan::{Plan, Slot};

/// Send buffer that is asked for; the kernel may give less, which shows as waiting, not as loss.
const SEND_BUFFER_BYTES: usize = 4 << 20;
/// Pause before the kernel is asked again after it had no room.
const RETRY_PAUSE: Duration = Duration::from_micros(100);
/// Longest lag that the histogram tells apart, in microseconds: one hour. Longer ones count as this.
const LAG_MAX_US: u64 = 3_600_000_000;
/// Refused datagrams in a row after which the network is taken to be absent, and the rest counts as failed.
const FAILED_IN_A_ROW_MAX: u64 = 1000;

/// Where datagrams go.
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

/// What one thread did.
#[derive(Debug)]
pub struct Outcome {
    /// Datagrams that the kernel took.
    pub sent: u64,
    /// Octets in them.
    pub sent_bytes: u64,
    /// Datagrams that the kernel refused, by error.
    pub failed: BTreeMap<&'static str, u64>,
    /// Times that the kernel had no room and was asked again.
    pub retries: u64,
    /// `sendmmsg` calls.
    pub calls: u64,
    /// Microseconds between due and handed over, per message; a batch counts with its oldest message.
    pub lag_us: Histogram<u64>,
    /// From the start to the last hand-over.
    pub elapsed: Duration,
    /// Processor time of this thread, user and system together.
    pub cpu: Duration,
}

impl Outcome {
    /// An outcome of nothing.
    ///
    /// # Errors
    /// None in practice: the histogram's bounds are constants that fit.
    pub fn empty() -> Result<Self> {
        Ok(Self {
            sent: 0,
            sent_bytes: 0,
            failed: BTreeMap::new(),
            retries: 0,
            calls: 0,
            lag_us: Histogram::new_with_bounds(1, LAG_MAX_US, 3).context("lag histogram")?,
            elapsed: Duration::ZERO,
            cpu: Duration::ZERO,
        })
    }

    /// Adds what another thread did at the same time.
    ///
    /// # Errors
    /// None in practice: all histograms have the same bounds.
    pub fn merge(&mut self, other: &Self) -> Result<()> {
        self.sent += other.sent;
        self.sent_bytes += other.sent_bytes;
        for (error, count) in &other.failed {
            *self.failed.entry(error).or_default() += count;
        }
        self.retries += other.retries;
        self.calls += other.calls;
        self.lag_us.add(&other.lag_us).context("lag histogram")?;
        self.elapsed = self.elapsed.max(other.elapsed);
        self.cpu += other.cpu;
        Ok(())
    }

    /// Datagrams refused, of any error.
    #[must_use]
    pub fn failed_total(&self) -> u64 {
        self.failed.values().sum()
    }
}

/// Sends this thread's part of the plan. `progress` is moved by every message that is done with, sent or failed.
///
/// # Errors
/// The machine's fault: no socket.
pub fn run(
    plan: &Plan,
    sealer: &Sealer,
    schedule: Schedule,
    target: Target,
    start: Instant,
    progress: &AtomicU64,
) -> Result<Outcome> {
    let mut sender = Sender::open(plan, sealer, schedule, target, start)?;
    let elapsed_ns = || u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX);
    let total = schedule.local_total();
    let mut done = 0;
    while done < total {
        let now_ns = elapsed_ns();
        let due = schedule.local_due(now_ns);
        if due <= done {
            std::thread::sleep(Duration::from_nanos(schedule.wait_ns(done, now_ns)));
            continue;
        }
        let count = (due - done).min(BATCH_MAX as u64);
        sender.send_batch(done, count as usize);
        let sent_ns = elapsed_ns();
        let lag_us = sent_ns.saturating_sub(schedule.due_ns(schedule.index(done))) / 1000;
        sender.outcome.lag_us.saturating_record_n(lag_us.max(1), count);
        done += count;
        progress.fetch_add(count, Ordering::Relaxed);
        if sender.failed_in_a_row >= FAILED_IN_A_ROW_MAX {
            sender.give_up(total - done);
            progress.fetch_add(total - done, Ordering::Relaxed);
            break;
        }
    }
    let mut outcome = sender.outcome;
    outcome.elapsed = Duration::from_nanos(elapsed_ns());
    outcome.cpu = thread_cpu();
    Ok(outcome)
}

struct Sender<'p> {
    plan: &'p Plan,
    schedule: Schedule,
    socket: UdpSocket,
    /// Own copy: sequence numbers are patched into it, and messages of version 3 sealed.
    arena: Vec<u8>,
    sealer: &'p Sealer,
    start: Instant,
    headers: MultiHeaders<SockaddrStorage>,
    spreads_sources: bool,
    syslog: SockaddrStorage,
    snmp: SockaddrStorage,
    failed_in_a_row: u64,
    last_error: &'static str,
    outcome: Outcome,
}

impl<'p> Sender<'p> {
    fn open(
        plan: &'p Plan,
        sealer: &'p Sealer,
        schedule: Schedule,
        target: Target,
        start: Instant,
    ) -> Result<Self> {
        let any: SocketAddr =
            if target.syslog.is_ipv4() { ([0, 0, 0, 0], 0).into() } else { ([0u16; 8], 0).into() };
        let socket = UdpSocket::bind(any).with_context(|| format!("cannot open a UDP socket on {any}"))?;
        // A smaller buffer than asked for only means that the kernel makes us wait sooner.
        let _ = setsockopt(&socket, sockopt::SndBuf, &SEND_BUFFER_BYTES);
        let spreads_sources = target.spreads_sources();
        let space = spreads_sources.then(|| nix::cmsg_space!(in_pktinfo));
        Ok(Self {
            plan,
            schedule,
            socket,
            arena: plan.arena.clone(),
            sealer,
            start,
            headers: MultiHeaders::preallocate(BATCH_MAX, space),
            spreads_sources,
            syslog: target.syslog.into(),
            snmp: target.snmp.into(),
            failed_in_a_row: 0,
            last_error: "",
            outcome: Outcome::empty()?,
        })
    }

    /// Sends this thread's messages `first..first + count`; each is counted as sent or failed when this returns.
    fn send_batch(&mut self, first: u64, count: usize) {
        let slots: [Slot; BATCH_MAX] =
            std::array::from_fn(|at| self.plan.slot(self.schedule.index(first + at.min(count - 1) as u64)));
        let time_seconds = self.start.elapsed().as_secs();
        for (at, slot) in slots.iter().take(count).enumerate() {
            let sequence = self.schedule.index(first + at as u64) + 1;
            let range = slot.start..slot.start + slot.length;
            if let Some(message) = self.arena.get_mut(range.clone()) {
                if let Some(places) = &slot.v3 {
                    places.restore(message, self.plan.arena.get(range).unwrap_or_default());
                }
                patch_sequence(message, slot.request_id_at, sequence);
                if let Some(places) = &slot.v3 {
                    self.sealer.seal(message, places, sequence, time_seconds);
                }
            }
        }
        let mut rest = &slots[..count];
        while let Some((head, tail)) = rest.split_first() {
            match self.hand_over(rest) {
                Ok(taken) => {
                    let (taken, left) = rest.split_at(taken.min(rest.len()));
                    self.outcome.sent += taken.len() as u64;
                    self.outcome.sent_bytes += taken.iter().map(|slot| slot.length as u64).sum::<u64>();
                    self.failed_in_a_row = 0;
                    rest = left;
                }
                // No room at the moment (or a signal): the message stays first in line and its lag grows.
                Err(Errno::EAGAIN | Errno::ENOBUFS | Errno::ENOMEM | Errno::EINTR) => {
                    self.outcome.retries += 1;
                    std::thread::sleep(RETRY_PAUSE);
                }
                // sendmmsg reports the error of its first datagram only; the others get their turn.
                Err(error) => {
                    self.count_failed(error, head);
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
        let addresses: [Option<SockaddrStorage>; BATCH_MAX] =
            std::array::from_fn(|at| Some(if slot_at(at).kind.is_snmp() { self.snmp } else { self.syslog }));
        let infos: [in_pktinfo; BATCH_MAX] = std::array::from_fn(|at| packet_info(&slot_at(at)));
        let rows: [[ControlMessage<'_>; 1]; BATCH_MAX] =
            std::array::from_fn(|at| [ControlMessage::Ipv4PacketInfo(&infos[at])]);
        let control =
            PerDatagram { rows: if self.spreads_sources { &rows } else { &[] }, next: Cell::new(0) };
        self.outcome.calls += 1;
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

    fn count_failed(&mut self, error: Errno, slot: &Slot) {
        debug_assert!(slot.length > 0);
        self.last_error = error.desc();
        *self.outcome.failed.entry(self.last_error).or_default() += 1;
        self.failed_in_a_row += 1;
    }

    fn give_up(&mut self, rest: u64) {
        *self.outcome.failed.entry(self.last_error).or_default() += rest;
    }
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

/// Sends from the device's own address, on whichever interface the route says.
fn packet_info(slot: &Slot) -> in_pktinfo {
    in_pktinfo {
        ipi_ifindex: 0,
        ipi_spec_dst: in_addr { s_addr: u32::from_ne_bytes(slot.source.octets()) },
        ipi_addr: in_addr { s_addr: 0 },
    }
}

/// Processor time of the calling thread so far; zero where the system does not say.
fn thread_cpu() -> Duration {
    let Ok(usage) = getrusage(UsageWho::RUSAGE_THREAD) else { return Duration::ZERO };
    let micros = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    Duration::from_micros(u64::try_from(micros).unwrap_or(0))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use crate::args::Args;
    use clap::Parser;
    use std::collections::HashMap;

    /// What a receiver saw: sequence number -> (octets, source address).
    type Seen = HashMap<u64, (Vec<u8>, IpAddr)>;

    const BOOTS: u32 = 0x6B00_0000;

    /// In a message of version 3 the last octets may be encrypted; its msgID tells the same.
    fn sequence(bytes: &[u8]) -> u64 {
        let header = [0x02, 0x01, 0x03, 0x30, 0x11, 0x02, 0x04];
        if let Some(at) = bytes.windows(7).position(|window| bytes[0] == 0x30 && window == header) {
            return u64::from(u32::from_be_bytes(*bytes[at + 7..].first_chunk().unwrap()) & 0x3FFF_FFFF);
        }
        std::str::from_utf8(&bytes[bytes.len() - 10..]).unwrap().parse().unwrap()
    }

    /// Reads until `until` messages were seen or nothing came for two seconds; panics on a repeated one.
    fn read_all(socket: &UdpSocket, until: usize) -> Seen {
        socket.set_read_timeout(Some(Duration::from_secs(2))).unwrap();
        let mut seen = Seen::new();
        let mut buffer = [0; 2048];
        while seen.len() < until {
            let Ok((length, source)) = socket.recv_from(&mut buffer) else { break };
            let bytes = buffer[..length].to_vec();
            let old = seen.insert(sequence(&bytes), (bytes, source.ip()));
            assert!(old.is_none(), "a sequence number arrived twice");
        }
        seen
    }

    fn arguments(line: &str) -> Args {
        Args::try_parse_from(std::iter::once("loadgen").chain(line.split_whitespace())).unwrap()
    }

    /// Runs the real sender threads towards two sockets on `address`; returns what came to the syslog and SNMP ports.
    fn exchange(address: &str, line: &str) -> (Plan, Outcome, Seen, Seen) {
        let args = arguments(line);
        let plan = Plan::build(&args).unwrap();
        let [syslog, snmp] = [(); 2].map(|()| UdpSocket::bind((address, 0)).unwrap());
        for socket in [&syslog, &snmp] {
            // As much as the system allows, so that a stall of the readers on a busy machine drops nothing.
            setsockopt(socket, sockopt::RcvBuf, &(8 << 20)).unwrap();
        }
        let target = Target { syslog: syslog.local_addr().unwrap(), snmp: snmp.local_addr().unwrap() };
        let counts = plan.kind_counts();
        let snmp_count = (counts[5] + counts[6] + counts[7]) as usize;
        let syslog_count = plan.total as usize - snmp_count;
        let progress = AtomicU64::new(0);
        let sealer = plan.sealer(BOOTS);
        let (outcome, seen_syslog, seen_snmp) = std::thread::scope(|scope| {
            let syslog = scope.spawn(move || read_all(&syslog, syslog_count));
            let snmp = scope.spawn(move || read_all(&snmp, snmp_count));
            let start = Instant::now();
            let threads = u64::from(args.threads);
            let (plan, progress, sealer) = (&plan, &progress, &sealer);
            let senders: Vec<_> = (0..threads)
                .map(|thread| Schedule { rate: plan.rate, total: plan.total, thread, threads })
                .map(|schedule| {
                    scope.spawn(move || run(plan, sealer, schedule, target, start, progress).unwrap())
                })
                .collect();
            let mut outcome = Outcome::empty().unwrap();
            for sender in senders {
                outcome.merge(&sender.join().unwrap()).unwrap();
            }
            (outcome, syslog.join().unwrap(), snmp.join().unwrap())
        });
        assert_eq!(progress.load(Ordering::Relaxed), plan.total);
        (plan, outcome, seen_syslog, seen_snmp)
    }

    fn assert_all_arrived(plan: &Plan, outcome: &Outcome, syslog: &Seen, snmp: &Seen, own_sources: bool) {
        assert_eq!(outcome.sent, plan.total);
        assert_eq!(outcome.failed_total(), 0);
        assert_eq!(outcome.lag_us.len(), plan.total, "the lag of every message is recorded");
        assert_eq!((syslog.len() + snmp.len()) as u64, plan.total);
        let mut bytes_total = 0;
        let sealer = plan.sealer(BOOTS);
        for index in 0..plan.total {
            let slot = plan.slot(index);
            let seen = if slot.kind.is_snmp() { snmp } else { syslog };
            let (bytes, source) = seen.get(&(index + 1)).expect("every sequence number arrives at its port");
            let mut expected = plan.arena[slot.start..slot.start + slot.length].to_vec();
            patch_sequence(&mut expected, slot.request_id_at, index + 1);
            if let Some(places) = &slot.v3 {
                // Sealed in one of the seconds of the run, its boots as they were given.
                let sealed = (0..120).any(|second| {
                    let mut sealed = expected.clone();
                    sealer.seal(&mut sealed, places, index + 1, second);
                    sealed == *bytes
                });
                assert!(sealed, "message {index}");
            } else {
                assert_eq!(*bytes, expected);
            }
            if own_sources {
                assert_eq!(*source, IpAddr::V4(slot.source), "message {index} comes from its device");
            }
            bytes_total += bytes.len() as u64;
        }
        assert_eq!(outcome.sent_bytes, bytes_total);
    }

    #[test]
    fn every_message_arrives_once_from_its_device() {
        let line = "--rate 2000 --duration 1500ms --devices 300 --mix syslog=1,rfc5424=1,v1=1,v2c=1";
        let (plan, outcome, syslog, snmp) = exchange("127.0.0.1", line);
        assert_all_arrived(&plan, &outcome, &syslog, &snmp, true);
        assert!(
            outcome.elapsed >= Duration::from_millis(1499),
            "the last message is not early: {:?}",
            outcome.elapsed
        );
        let sources: std::collections::HashSet<_> =
            syslog.values().chain(snmp.values()).map(|seen| seen.1).collect();
        assert_eq!(sources.len(), 300);
    }

    #[test]
    fn messages_of_version_3_are_sealed_as_they_are_sent() {
        for protection in [
            "",
            "--v3-auth-password auth-password",
            "--v3-auth-password auth-password --v3-priv-password priv-password",
        ] {
            // Some slots are used twice.
            let line =
                format!("--rate 20000 --duration 450ms --mix v3=1 --devices 40 --v3-engines 4 {protection}");
            let (plan, outcome, syslog, snmp) = exchange("127.0.0.1", &line);
            assert!(plan.total > plan.slots.len() as u64);
            assert_all_arrived(&plan, &outcome, &syslog, &snmp, true);
        }
    }

    #[test]
    fn threads_share_the_work() {
        let (plan, outcome, syslog, snmp) = exchange("127.0.0.1", "--rate 2500 --duration 200ms --threads 3");
        assert_all_arrived(&plan, &outcome, &syslog, &snmp, true);
    }

    #[test]
    fn ipv6_targets_get_the_same_messages_from_our_own_address() {
        // A machine without IPv6 cannot run this part; then there is nothing to bind to.
        if UdpSocket::bind(("::1", 0)).is_err() {
            return;
        }
        let (plan, outcome, syslog, snmp) = exchange("::1", "--rate 5000 --duration 100ms");
        assert_all_arrived(&plan, &outcome, &syslog, &snmp, false);
    }

    #[test]
    fn refused_datagrams_are_counted_and_end_the_run() {
        // Port 0 is not a destination: the kernel refuses each datagram.
        let plan = Plan::build(&arguments("--rate 1m --duration 10ms")).unwrap();
        let nowhere = Target { syslog: ([127, 0, 0, 1], 0).into(), snmp: ([127, 0, 0, 1], 0).into() };
        let schedule = Schedule { rate: plan.rate, total: plan.total, thread: 0, threads: 1 };
        let progress = AtomicU64::new(0);
        let outcome = run(&plan, &plan.sealer(BOOTS), schedule, nowhere, Instant::now(), &progress).unwrap();
        assert_eq!(outcome.sent, 0);
        assert_eq!(outcome.failed_total(), plan.total);
        assert_eq!(progress.load(Ordering::Relaxed), plan.total);
        assert!(outcome.calls < 2 * FAILED_IN_A_ROW_MAX, "it gave up: {} calls", outcome.calls);
    }

    #[test]
    fn only_loopback_ipv4_spreads_sources() {
        let target = |text: &str| Target { syslog: text.parse().unwrap(), snmp: text.parse().unwrap() };
        assert!(target("127.0.0.1:1").spreads_sources());
        assert!(target("127.9.9.9:1").spreads_sources());
        assert!(!target("192.0.2.1:1").spreads_sources());
        assert!(!target("[::1]:1").spreads_sources());
    }
}
