//! From the socket to the queue nothing is allocated, once every buffer has grown to what it needs.
//!
//! The allocator of `allocation-counter` counts what the calling thread allocates, growth of a `Vec` included. The
//! test is shard, sender and sink in one thread, so that all of the receive path is counted.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod samples;

use std::net::{Ipv4Addr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use arc_swap::ArcSwap;
use mutt::base::cidr::IpRanges;
use mutt::base::clock::{Clock, ManualClock, Timestamp};
use mutt::base::limits::{BATCH_EVENTS_MAX, DATAGRAM_OCTETS_MAX, RECEIVE_BATCH_DATAGRAMS};
use mutt::matching::conditions::{Condition as _, Level};
use mutt::matching::{Action, Pattern, Rule, RuleCondition, RuleSet};
use mutt::model::batch::Batch;
use mutt::queue::{self, Consumer};
use mutt::security::{
    AuthProtocol, CredentialSecrets, EngineId, LocalEngine, PrivProtocol, UserSecrets, Users, Usm,
};
use mutt::shard::admission::{Admission, SourcePolicy};
use mutt::shard::counters::ShardCounters;
use mutt::shard::intake::{FLUSH_AFTER_MICROS, Intake, Overflow};
use mutt::shard::listener::ListenerSources;
use mutt::shard::pipeline::{Pipeline, PipelineParts, Protocol};
use mutt::shard::rate_limit::{RateLimiter, RateSettings};
use mutt::shard::receive::{Shard, ShardSocket};
use mutt::shard::rules::ActiveRules;
use mutt::shard::snmp_policy::{Community, SnmpPolicy};
use samples::Pdu;
use samples::v3::Agent;

/// Messages that are counted.
const MESSAGES: u32 = 100_000;
/// Different messages in a set; a multiple of the kinds in the mix.
const SET: u32 = 5_000;
/// Rounds through a set before counting begins.
const WARM_UP_ROUNDS: u32 = 4;
/// Batches in flight.
const SLOTS: usize = 8;

fn rule(id: &str, pattern: Pattern, action: Action) -> Rule {
    Rule { action, ..Rule::new(id, pattern) }
}

/// The same for messages of these levels alone; without a pattern, for all of them.
fn rule_of_level(id: &str, level: &str, pattern: Option<Pattern>) -> Rule {
    Rule { conditions: vec![RuleCondition::Level(Level::parse(&[level]).unwrap())], ..Rule::new(id, pattern) }
}

/// A keyword that hits, a regex with a literal that hits, a regex that every message is searched with, and a discard; a
/// keyword, a regex and no pattern at all for the messages of some levels.
fn rules() -> RuleSet {
    let regex = |text: &str| Pattern::Regex(text.to_owned());
    RuleSet::compile(vec![
        rule("discard", regex("failed for user[0-9]*30 on"), Action::Discard),
        rule("down", Pattern::Keywords(vec!["down".to_owned(), "unreachable".to_owned()]), Action::Webhook),
        rule("fan", regex("(?:fan|psu) tray [0-9]+.*fail"), Action::Store),
        rule_of_level("close", "notice..notice", Some(Pattern::Keywords(vec!["close".to_owned()]))),
        rule_of_level("digits", "crit", Some(regex("[0-9]=[0-9]"))),
        rule_of_level("critical", "crit", None),
        rule("address", regex(r"\d+\.\d+\.\d+\.\d+"), Action::Store),
    ])
    .unwrap()
}

/// A gate that asks everything it can ask, and lets all through.
fn admission() -> Admission {
    let rate = RateSettings {
        messages_per_second: 1_000_000,
        burst_messages: 10_000_000,
        summary_micros: 60_000_000,
    };
    let everywhere = IpRanges::parse(["127.0.0.0/8", "10.0.0.0/8"]).unwrap();
    let relays = IpRanges::parse(["192.0.2.1"]).unwrap();
    let listener = ListenerSources {
        allowed: Some(everywhere),
        is_limited: true,
        relays,
        is_checked_when_accepted: false,
    };
    Admission::new(Arc::new(ArcSwap::from_pointee(SourcePolicy {
        denied: IpRanges::parse(["192.0.2.66"]).unwrap(),
        listeners: [(0, listener.clone()), (1, listener)].into_iter().collect(),
        snmp: SnmpPolicy {
            communities: Some(vec![Community::new(b"public", None)]),
            ..SnmpPolicy::default()
        },
        limiter: Some(Arc::new(RateLimiter::new(rate))),
        fair_share: true,
    })))
}

/// A shard with its sockets, the sockets that send to it, and the sink's end of the queue.
struct Rig {
    shard: Shard,
    senders: [UdpSocket; 2],
    consumer: Consumer<Batch>,
    clock: Arc<ManualClock>,
    now: Timestamp,
    events: usize,
    informs: usize,
    hits: usize,
    /// Messages under a rule with a level, by the rule's place.
    level_hits: [usize; 3],
    validated: usize,
}

/// A socket to receive with and one connected to it.
fn pair() -> (UdpSocket, UdpSocket) {
    let receiver = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let sender = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    sender.connect(receiver.local_addr().unwrap()).unwrap();
    (receiver, sender)
}

impl Rig {
    fn new(counters: &Arc<ShardCounters>) -> Self {
        let events_max = u64::try_from(SLOTS * BATCH_EVENTS_MAX).unwrap();
        let (producer, consumer) = queue::bounded::<Batch>(SLOTS, events_max);
        let in_force = Arc::new(ArcSwap::from_pointee(ActiveRules::new(rules())));
        let usm = Arc::new(Usm::new(engine(), users()));
        let pipeline = Pipeline::new(PipelineParts { snmpv3: usm, ..PipelineParts::new(in_force) });
        let intake =
            Intake::new(admission(), None, pipeline, producer, Overflow::DropNewest, Arc::clone(counters));
        let [(syslog, to_syslog), (snmp, to_snmp)] = [pair(), pair()];
        let socket = |socket: UdpSocket, protocol, listener| {
            let port = socket.local_addr().unwrap().port();
            ShardSocket {
                fd: socket.into(),
                protocol,
                listener,
                port,
                datagram_octets_max: DATAGRAM_OCTETS_MAX,
                receive_buffer_octets: 0,
            }
        };
        let sockets = vec![socket(syslog, Protocol::Syslog, 0), socket(snmp, Protocol::Snmp, 1)];
        let clock = Arc::new(ManualClock::at(samples::RECEIVED_AT));
        let shard = Shard::new(
            0,
            sockets,
            intake,
            Arc::clone(&clock) as Arc<dyn Clock>,
            Arc::new(AtomicBool::new(false)),
        );
        let senders = [to_syslog, to_snmp];
        Self {
            shard,
            senders,
            consumer,
            clock,
            now: samples::RECEIVED_AT,
            events: 0,
            informs: 0,
            hits: 0,
            level_hits: [0; 3],
            validated: 0,
        }
    }

    /// Sends `messages` in receive batches, lets the shard take each, and recycles what comes out as the sink does.
    fn drive(&mut self, messages: &[(Protocol, Vec<u8>)]) {
        for chunk in messages.chunks(RECEIVE_BATCH_DATAGRAMS) {
            for (protocol, bytes) in chunk {
                let sender = &self.senders[usize::from(*protocol == Protocol::Snmp)];
                assert_eq!(sender.send(bytes).ok(), Some(bytes.len()));
            }
            // A thousandth of a second for a receive batch: batches are handed over full, and also when due.
            self.now.0 += 1_000;
            self.clock.set(self.now);
            self.shard.turn();
            self.drain();
        }
        self.now.0 += FLUSH_AFTER_MICROS;
        self.clock.set(self.now);
        self.shard.turn();
        self.drain();
    }

    fn drain(&mut self) {
        while let Some(mut batch) = self.consumer.pop() {
            self.events += batch.events.len();
            self.informs += batch.informs.len();
            self.validated += batch.events.iter().filter(|event| event.reasons.is_empty()).count();
            self.hits += batch.events.iter().filter(|event| event.rule.is_some()).count();
            for (hits, rule) in self.level_hits.iter_mut().zip(3..) {
                *hits += batch.events.iter().filter(|event| event.rule == Some(rule)).count();
            }
            batch.clear();
            self.consumer.recycle(batch);
        }
    }
}

fn set(from: u32) -> Vec<(Protocol, Vec<u8>)> {
    (from..from + SET).map(samples::mixed).collect()
}

#[test]
fn a_message_costs_no_allocation_from_socket_to_queue() {
    let counters = Arc::new(ShardCounters::new(&[0, 1]));
    let mut rig = Rig::new(&counters);
    // Different messages than those counted: what is learned from the first set must do for the second.
    let (warm_up, messages) = (set(0), set(SET));
    for _ in 0..WARM_UP_ROUNDS {
        rig.drive(&warm_up);
    }
    (rig.events, rig.informs, rig.hits, rig.level_hits) = (0, 0, 0, [0; 3]);
    let discarded_before = counters.listeners.get(0).unwrap().discarded.get();
    let info = allocation_counter::measure(|| {
        for _ in 0..MESSAGES / SET {
            rig.drive(&messages);
        }
    });
    let discarded = counters.listeners.get(0).unwrap().discarded.get() - discarded_before;
    let total = u64::try_from(rig.events).unwrap() + discarded;
    assert_eq!(total, u64::from(MESSAGES), "every message came out, or was discarded by the rule for that");
    assert!(discarded > 0, "the rule that discards was never hit");
    assert_eq!(rig.informs, 10_000, "every tenth message is an inform");
    assert!(rig.hits > 40_000, "rules were hit by {} messages only", rig.hits);
    // All lines of FortiGate, and the lines of RFC 3164 that are not discarded.
    assert_eq!(rig.level_hits[0], 10_000, "messages under the keyword of a level");
    assert!(rig.level_hits[2] > 5_000, "messages under a level alone: {:?}", rig.level_hits);
    assert_eq!(
        (info.count_total, info.bytes_total),
        (0, 0),
        "allocations and octets for {MESSAGES} messages"
    );
}

/// A storm of one kind makes batches that are full by their octets, not by their events.
#[test]
fn a_storm_of_notifications_costs_no_allocation() {
    let mut rig = Rig::new(&Arc::new(ShardCounters::new(&[0, 1])));
    let storm = |from: u32| -> Vec<_> {
        (from..from + SET).map(|n| (Protocol::Snmp, samples::link_down(n, Pdu::Inform))).collect()
    };
    let (warm_up, messages) = (storm(0), storm(SET));
    for _ in 0..WARM_UP_ROUNDS {
        rig.drive(&warm_up);
    }
    (rig.events, rig.informs) = (0, 0);
    let info = allocation_counter::measure(|| {
        for _ in 0..4 {
            rig.drive(&messages);
        }
    });
    assert_eq!((rig.events, rig.informs), (20_000, 20_000));
    assert_eq!((info.count_total, info.bytes_total), (0, 0), "allocations and octets");
}

/// The user of the agents, with a credential that none of them uses and the one that all do.
fn users() -> Users {
    let privacy = Some((PrivProtocol::Aes, &b"priv-secret"[..]));
    let credential = |priority, auth: &'static [u8]| {
        CredentialSecrets::of_passwords(priority, Some((AuthProtocol::Sha, auth)), privacy)
    };
    let credentials = [credential(1, b"other-secret"), credential(2, b"auth-secret")];
    let user = UserSecrets::new(b"ops", &credentials);
    Users::derive(&[user], &Users::default())
}

/// Our engine's ID.
const ENGINE: &[u8] = b"our engine";

/// Our engine, in a life that began long ago.
fn engine() -> Option<LocalEngine> {
    Some(LocalEngine::in_its_life(EngineId::new(ENGINE)?, 1, 1_000))
}

/// Version 3: informs and traps of many engines, authentic and encrypted, and the same by a user that nobody knows.
#[test]
fn a_storm_of_encrypted_traps_costs_no_allocation() {
    let mut rig = Rig::new(&Arc::new(ShardCounters::new(&[0, 1])));
    let agents: Vec<Agent> = (0..50).map(|n| Agent::new(n, "ops", "auth-secret", "priv-secret")).collect();
    let strangers: Vec<Agent> =
        (0..5).map(|n| Agent::new(n, "nobody", "auth-secret", "priv-secret")).collect();
    let sender = Agent::at_engine(ENGINE.to_vec(), "ops", "auth-secret", "priv-secret").in_life(1, 1_000);
    let storm = |from: u32| -> Vec<_> {
        let trap = |n: u32| match n % 10 {
            1 => sender.inform(n, n),
            0 => strangers[n as usize % strangers.len()].link_down(n),
            _ => agents[n as usize % agents.len()].link_down(n),
        };
        (from..from + SET).map(|n| (Protocol::Snmp, trap(n))).collect()
    };
    for round in 0..WARM_UP_ROUNDS {
        rig.drive(&storm(round * SET));
    }
    let messages: Vec<_> = (0..4).map(|round| storm((WARM_UP_ROUNDS + round) * SET)).collect();
    (rig.events, rig.informs, rig.validated) = (0, 0, 0);
    let info = allocation_counter::measure(|| {
        for messages in &messages {
            rig.drive(messages);
        }
    });
    assert_eq!((rig.events, rig.validated), (20_000, 18_000), "only the strangers are refused");
    assert_eq!(rig.informs, 2_000, "each inform has its answer");
    assert_eq!((info.count_total, info.bytes_total), (0, 0), "allocations and octets");
}

#[test]
fn the_counter_notices_one_allocation() {
    let mut rig = Rig::new(&Arc::new(ShardCounters::new(&[0, 1])));
    let messages = set(0);
    let cold = allocation_counter::measure(|| rig.drive(&messages));
    assert!(cold.count_total > 0, "the first messages fill empty buffers");
    let one = allocation_counter::measure(|| {
        std::hint::black_box(messages[0].1.clone());
    });
    assert_eq!(one.count_total, 1);
}
