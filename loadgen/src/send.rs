//! One sender thread: waits until messages are due, or answers come, and lets each stream do its part.
//!
//! After plan and pace, above the transports.
//!
//! Invariant: every message of the schedule ends in exactly one of two counts, sent or failed; lateness is recorded, never
//! made up for by leaving messages out. What was acknowledged is in the file before it is counted.

use std::os::fd::AsFd as _;
use std::sync::atomic::AtomicU64;
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollTimeout};
use nix::sys::time::TimeSpec;

use crate::acknowledged::AcknowledgedFile;
use crate::layout::{Lane, Layout};
use crate::outcome::Outcome;
use crate::pace::Schedule;
use crate::payload::KINDS;
use crate::payload::snmpv3::Sealer;
use crate::plan::Plan;
use crate::transports::{Place, Sender, Settings, Shared, Turn, inform, thread_cpu, udp};

/// How long a thread may be without a look at what has to be sent again.
const LOOK_INTERVAL: Duration = Duration::from_millis(10);
/// Descriptors that are ready, taken at once.
const EVENTS_MAX: usize = 256;

/// Where threads wait for each other until the streams of all are open; then the schedule begins.
#[derive(Debug)]
pub struct Gate {
    /// Threads that are still to come, and when it opened.
    state: Mutex<(u64, Option<Instant>)>,
    opened: Condvar,
}

impl Gate {
    /// For `threads` threads.
    #[must_use]
    pub fn new(threads: u64) -> Self {
        Self { state: Mutex::new((threads, None)), opened: Condvar::new() }
    }

    /// Waits for the others; when it opened, which is the same for all.
    pub fn pass(&self) -> Instant {
        self.leave(1);
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let is_shut = |state: &mut (u64, Option<Instant>)| state.1.is_none();
        let state = self.opened.wait_while(state, is_shut).unwrap_or_else(PoisonError::into_inner);
        state.1.unwrap_or_else(Instant::now)
    }

    /// `count` threads are not waited for any more.
    pub fn leave(&self, count: u64) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.0 = state.0.saturating_sub(count);
        if state.0 == 0 {
            state.1.get_or_insert_with(Instant::now);
            self.opened.notify_all();
        }
    }
}

/// What all threads of a run share.
#[derive(Debug)]
pub struct Run<'p> {
    /// The messages.
    pub plan: &'p Plan,
    /// Which stream each belongs to.
    pub layout: Layout,
    /// Seals traps of version 3.
    pub sealer: &'p Sealer,
    /// How they are sent.
    pub settings: &'p Settings,
    /// Where to write down what was acknowledged.
    pub acknowledged: Option<&'p AcknowledgedFile>,
    /// Whether to keep in memory, too, what was acknowledged.
    pub keeps_acknowledged: bool,
    /// Moved by every message that is done with, sent or failed.
    pub progress: &'p AtomicU64,
    /// Where threads wait for each other.
    pub gate: &'p Gate,
}

impl Run<'_> {
    /// Sends the part of thread `thread`.
    ///
    /// # Errors
    /// The receiver cannot be reached at the start, the machine has no sockets, or what was acknowledged cannot be written
    /// down.
    pub fn send(&self, thread: u64) -> Result<Outcome> {
        let Self { plan, layout, .. } = *self;
        let schedule = Schedule { rate: plan.rate, total: plan.total, thread, threads: layout.threads };
        let poll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC).context("epoll");
        let poll = poll.inspect_err(|_| self.gate.leave(1))?;
        let shared = Shared {
            plan,
            layout,
            schedule,
            sealer: self.sealer,
            settings: self.settings,
            poll,
            requester: std::cell::OnceCell::new(),
        };
        let senders = open_all(&shared);
        // Also when it failed: the others wait.
        let start = self.gate.pass();
        let mut senders = senders?;
        let mut outcome = Outcome::empty()?;
        self.turns(&shared, &mut senders, start, &mut outcome)?;
        outcome.cpu = thread_cpu();
        Ok(outcome)
    }

    fn turns(
        &self,
        shared: &Shared<'_>,
        senders: &mut [Box<dyn Sender + '_>],
        start: Instant,
        outcome: &mut Outcome,
    ) -> Result<()> {
        let total = shared.schedule.local_total();
        let mut acknowledged = Vec::new();
        let (mut moved_at, mut looked_at) = (start, start);
        let mut events = [EpollEvent::empty(); EVENTS_MAX];
        loop {
            let now_ns = nanoseconds(start.elapsed());
            let due = shared.schedule.local_due(now_ns);
            let mut turn = Turn {
                start,
                due,
                outcome,
                progress: self.progress,
                acknowledged: &mut acknowledged,
                moved_at,
            };
            for sender in senders.iter_mut() {
                sender.send_due(&mut turn)?;
            }
            let is_over = due >= total
                && (senders.iter().all(|sender| sender.is_done())
                    || turn.moved_at.elapsed() > shared.settings.drain_timeout);
            if is_over {
                senders.iter_mut().for_each(|sender| sender.close(&mut turn));
            } else if senders.iter().any(|sender| sender.waits()) {
                self.wait_for_answers(shared, due, now_ns);
                let count = shared.poll.wait(&mut events, EpollTimeout::ZERO).unwrap_or(0);
                for event in events.iter().take(count) {
                    if let Some(sender) = senders.get_mut(event.data() as usize) {
                        sender.on_ready(&mut turn)?;
                    }
                }
                if looked_at.elapsed() >= LOOK_INTERVAL {
                    looked_at = Instant::now();
                    for sender in senders.iter_mut() {
                        sender.on_time(&mut turn)?;
                    }
                }
            } else if due < total {
                std::thread::sleep(Duration::from_nanos(shared.schedule.wait_ns(due, now_ns)));
            }
            moved_at = turn.moved_at;
            if let Some(file) = self.acknowledged.filter(|_| !acknowledged.is_empty()) {
                file.append(&acknowledged)?;
            }
            if self.keeps_acknowledged {
                outcome.acknowledged_sequences.extend_from_slice(&acknowledged);
            }
            acknowledged.clear();
            if is_over {
                return Ok(());
            }
        }
    }

    /// Waits until a descriptor is ready, a message is due, or a look is.
    fn wait_for_answers(&self, shared: &Shared<'_>, due: u64, now_ns: u64) {
        let mut wait = LOOK_INTERVAL;
        if due < shared.schedule.local_total() {
            wait = wait.min(Duration::from_nanos(shared.schedule.wait_ns(due, now_ns)));
        }
        let mut watched = [PollFd::new(shared.poll.0.as_fd(), PollFlags::POLLIN)];
        // Woken for whatever reason, the next turn looks at everything.
        let _ = ppoll(&mut watched, Some(TimeSpec::from(wait)), None);
    }
}

/// Opens every stream of a thread that the plan has messages for.
fn open_all<'p>(shared: &'p Shared<'p>) -> Result<Vec<Box<dyn Sender + 'p>>> {
    let counts = shared.plan.kind_counts();
    let share = shared.layout.share(shared.schedule.thread);
    let lanes = [
        (Lane::Datagrams, 1, &udp::UDP),
        (Lane::Connections, share, shared.settings.transport),
        (Lane::Informs, share, &inform::INFORM),
    ];
    let mut senders: Vec<Box<dyn Sender + 'p>> = Vec::new();
    for (lane, streams, transport) in lanes {
        let is_used =
            KINDS.iter().zip(counts).any(|(kind, count)| count > 0 && shared.layout.lane(kind) == lane);
        for number in 0..streams * u64::from(is_used) {
            let token = senders.len() as u64;
            senders.push((transport.open)(Place { shared, lane, number, token })?);
        }
    }
    Ok(senders)
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use crate::args::Args;
    use crate::payload::{Service, patch_numbers};
    use crate::transports::Target;
    use clap::Parser;
    use nix::sys::socket::{setsockopt, sockopt};
    use std::collections::HashMap;
    use std::net::{IpAddr, UdpSocket};
    use std::sync::atomic::Ordering;

    /// What a receiver saw: sequence number -> (octets, source address).
    type Seen = HashMap<u64, (Vec<u8>, IpAddr)>;

    const BOOTS: u32 = 0x6B00_0000;

    /// In a message of version 3 the last octets may be encrypted; its msgID tells the same.
    fn sequence(bytes: &[u8]) -> u64 {
        let header = [0x02, 0x01, 0x03, 0x30, 0x11, 0x02, 0x04];
        if let Some(at) = bytes.windows(7).position(|window| bytes[0] == 0x30 && window == header) {
            return u64::from(u32::from_be_bytes(*bytes[at + 7..].first_chunk().unwrap()) & 0x3FFF_FFFF);
        }
        let tail = std::str::from_utf8(&bytes[bytes.len() - 10..]).unwrap();
        tail.parse().unwrap()
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
        let plan = Plan::build(&args.plan_settings()).unwrap();
        let [syslog, snmp] = [(); 2].map(|()| UdpSocket::bind((address, 0)).unwrap());
        for socket in [&syslog, &snmp] {
            // As much as the system allows, so that a stall of the readers on a busy machine drops nothing.
            setsockopt(socket, sockopt::RcvBuf, &(8 << 20)).unwrap();
        }
        let target = Target { syslog: syslog.local_addr().unwrap(), snmp: snmp.local_addr().unwrap() };
        let is_syslog = |kind: usize| KINDS[kind].service == Service::Syslog;
        let counts = plan.kind_counts();
        let syslog_count: u64 =
            (0..KINDS.len()).filter(|kind| is_syslog(*kind)).map(|kind| counts[kind]).sum();
        let snmp_count = (plan.total - syslog_count) as usize;
        let (outcome, seen_syslog, seen_snmp) = std::thread::scope(|scope| {
            let syslog = scope.spawn(move || read_all(&syslog, syslog_count as usize));
            let snmp = scope.spawn(move || read_all(&snmp, snmp_count));
            (send(&args, &plan, target), syslog.join().unwrap(), snmp.join().unwrap())
        });
        (plan, outcome, seen_syslog, seen_snmp)
    }

    /// Runs the real sender threads towards `target`.
    fn send(args: &Args, plan: &Plan, target: Target) -> Outcome {
        let settings = args.send_settings(target).unwrap();
        let layout = args.layout().unwrap();
        let sealer = plan.sealer(BOOTS);
        let (progress, gate) = (AtomicU64::new(0), Gate::new(layout.threads));
        let run = Run {
            plan,
            layout,
            sealer: &sealer,
            settings: &settings,
            acknowledged: None,
            keeps_acknowledged: true,
            progress: &progress,
            gate: &gate,
        };
        let mut outcome = Outcome::empty().unwrap();
        std::thread::scope(|scope| {
            let run = &run;
            let threads: Vec<_> =
                (0..layout.threads).map(|thread| scope.spawn(move || run.send(thread).unwrap())).collect();
            for thread in threads {
                outcome.merge(&thread.join().unwrap()).unwrap();
            }
        });
        assert_eq!(progress.load(Ordering::Relaxed), plan.total);
        outcome
    }

    fn assert_all_arrived(
        plan: &Plan,
        outcome: &Outcome,
        syslog: &Seen,
        snmp: &Seen,
        own_sources: bool,
        threads: u32,
    ) {
        assert_eq!(outcome.sent, plan.total);
        assert_eq!(outcome.failed_total(), 0);
        assert_eq!(outcome.lag_us.len(), plan.total, "the lag of every message is recorded");
        assert_eq!((syslog.len() + snmp.len()) as u64, plan.total);
        let mut bytes_total = 0;
        let layout = Layout::new(threads, threads, false);
        let sealer = plan.sealer(BOOTS);
        for index in 0..plan.total {
            let slot = plan.slot(index);
            let stream = layout.stream_of(index, slot.kind());
            let seen = if slot.kind().service == Service::Syslog { syslog } else { snmp };
            let (bytes, source) = seen.get(&(index + 1)).expect("every sequence number arrives at its port");
            let mut expected = plan.arena[slot.start..slot.start + slot.length].to_vec();
            patch_numbers(&mut expected, slot.request_id_at, stream, index + 1);
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
        assert_all_arrived(&plan, &outcome, &syslog, &snmp, true, 1);
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
            assert_all_arrived(&plan, &outcome, &syslog, &snmp, true, 1);
        }
    }

    #[test]
    fn threads_share_the_work() {
        let (plan, outcome, syslog, snmp) = exchange("127.0.0.1", "--rate 2500 --duration 200ms --threads 3");
        assert_all_arrived(&plan, &outcome, &syslog, &snmp, true, 3);
    }

    #[test]
    fn ipv6_targets_get_the_same_messages_from_our_own_address() {
        // A machine without IPv6 cannot run this part; then there is nothing to bind to.
        if UdpSocket::bind(("::1", 0)).is_err() {
            return;
        }
        let (plan, outcome, syslog, snmp) = exchange("::1", "--rate 5000 --duration 100ms");
        assert_all_arrived(&plan, &outcome, &syslog, &snmp, false, 1);
    }

    #[test]
    fn refused_datagrams_are_counted_and_end_the_run() {
        // Port 0 is not a destination: the kernel refuses each datagram.
        let args = arguments("--rate 1m --duration 10ms");
        let plan = Plan::build(&args.plan_settings()).unwrap();
        let nowhere = Target { syslog: ([127, 0, 0, 1], 0).into(), snmp: ([127, 0, 0, 1], 0).into() };
        let outcome = send(&args, &plan, nowhere);
        assert_eq!(outcome.sent, 0);
        assert_eq!(outcome.failed_total(), plan.total);
        assert!(outcome.lag_us.len() < 2000, "it gave up after {} messages", outcome.lag_us.len());
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
