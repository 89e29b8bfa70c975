//! What the rules cost a message that falls under none of them, which is nearly every message.
//!
//! The right answer is asserted before anything is timed.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use mutt::base::clock::Timestamp;
use mutt::base::span::Span;
use mutt::matching::conditions::{Condition as _, Level};
use mutt::matching::{Pattern, Rule, RuleCondition, RuleIndex, RuleSet, Scratch};
use mutt::model::batch::Batch;
use mutt::model::event::{Body, Event, EventId, Kind, Reasons, SyslogRecord};
use mutt::model::subject::{ListenerNames, LiveEvent, NoDevices, TextOnly};

/// A third each: keywords, regexes with a literal inside, regexes with an alternation.
fn rules(count: u32) -> Vec<Rule> {
    let pattern = |n: u32| match n % 3 {
        0 => Pattern::Keywords(vec![format!("%PLATFORM-2-FAULT{n:05}"), format!("unit {n} unreachable")]),
        1 => Pattern::Regex(format!(r"bgp neighbor \S+ vrf cust{n:05} (?:down|idle)")),
        _ => Pattern::Regex(format!("(?:fan|psu) tray{n:05}.*fail")),
    };
    (0..count).map(|n| Rule::new(&format!("rule_{n:05}"), pattern(n))).collect()
}

/// A third each: a level alone, a level with keywords, a level with a regex that no literal rules out. None is about the levels
/// of the lines below.
fn rules_with_levels(count: u32) -> Vec<Rule> {
    let condition = |n: u32| {
        let range = if n.is_multiple_of(2) { "alert" } else { "crit..err" };
        let Ok(level) = Level::parse(&[range]) else { panic!("{range} is a level") };
        vec![RuleCondition::Level(level)]
    };
    let pattern = |n: u32| match n % 3 {
        0 => None,
        1 => Some(Pattern::Keywords(vec![format!("%PLATFORM-2-FAULT{n:05}")])),
        _ => Some(Pattern::Regex(format!(r"[0-9]+[a-f]{{{}}}", 2 + n % 7))),
    };
    (0..count)
        .map(|n| Rule { conditions: condition(n), ..Rule::new(&format!("rule_{n:05}"), pattern(n)) })
        .collect()
}

/// Lines as routers and hosts send them, about 150 octets each.
fn lines() -> Vec<String> {
    (0..512)
        .map(|n| match n % 4 {
            0 => format!(
                "<189>{n}: Oct 11 22:14:{:02}.512: %LINEPROTO-5-UPDOWN: Line protocol on Interface \
                 GigabitEthernet0/{}, changed state to up after 3 s of carrier delay",
                n % 60,
                n % 48
            ),
            1 => format!(
                "<38>Oct 11 22:14:{:02} bastion{n} sshd[{}]: Accepted publickey for operator from 192.0.2.{} port 52{n} \
                 ssh2: ED25519 SHA256:uNiVztksCsDhcc0u9e8BrquyGt5f1XkDQ",
                n % 60,
                1000 + n,
                n % 256
            ),
            2 => format!(
                "<165>1 2026-10-11T22:14:15.003Z edge{n}.example.net rpd {} - [meta sequenceId=\"{n}\"] \
                 task_timer_dispatch: keepalive of peer 198.51.100.{} after {n} ms",
                2000 + n,
                n % 256
            ),
            _ => format!(
                "IF-MIB::linkUp ifIndex.{n}={n} ifAdminStatus.{n}=up(1) ifOperStatus.{n}=up(1) \
                 ifDescr.{n}=\"xe-0/0/{}\" ifAlias.{n}=\"to core\"",
                n % 48
            ),
        })
        .collect()
}

fn bench(criterion: &mut Criterion) {
    let lines = lines();
    let mut group = criterion.benchmark_group("matching/no_match");
    group.throughput(Throughput::Elements(lines.len() as u64));
    for count in [10, 1_000] {
        let Ok(set) = RuleSet::compile(rules(count)) else { panic!("the rules of the bench compile") };
        let mut scratch = Scratch::new();
        assert!(set.without_literal().is_empty());
        assert!(lines.iter().all(|line| set.first_match(&TextOnly(line.as_bytes()), &mut scratch).is_none()));
        let hit = TextOnly(b"psu TRAY00008: input failure");
        assert_eq!(set.first_match(&hit, &mut scratch), Some(RuleIndex(8)));
        group.bench_with_input(BenchmarkId::from_parameter(count), &set, |bencher, set| {
            bencher.iter(|| {
                for line in &lines {
                    black_box(set.first_match(&TextOnly(black_box(line.as_bytes())), &mut scratch));
                }
            });
        });
    }
    group.finish();
}

/// The lines as events, each with this level.
fn events(lines: &[String], level: u8) -> Batch {
    let mut batch = Batch::new();
    for line in lines {
        let text = batch.append(line.as_bytes());
        batch.events.push(Event {
            id: EventId(0),
            received_at: Timestamp(0),
            listener: 0,
            source: [192, 0, 2, 1].into(),
            kind: Kind::Syslog,
            text,
            trailing: mutt::model::trailing::Trailing::NONE,
            content_start: 0,
            raw_bytes: Span::EMPTY,
            enriched: Span::EMPTY,
            rule: None,
            reasons: Reasons::default(),
            body: Body::Syslog(SyslogRecord { pri: Some(8 * 23 + level), ..SyslogRecord::default() }),
        });
    }
    batch
}

/// What each event of a batch falls under.
fn matches(set: &RuleSet, batch: &Batch, scratch: &mut Scratch, mut note: impl FnMut(Option<RuleIndex>)) {
    let listeners = ListenerNames::default();
    for event in &batch.events {
        let live = LiveEvent { batch, event: black_box(event), listeners: &listeners, devices: &NoDevices };
        note(set.first_match(&live, scratch));
    }
}

/// Rules with levels: messages that fall under none of them, and messages that each fall under a level alone.
fn bench_levels(criterion: &mut Criterion) {
    let lines = lines();
    let mut group = criterion.benchmark_group("matching/level");
    group.throughput(Throughput::Elements(lines.len() as u64));
    for (name, level, count, expected) in [
        ("no_match", 6, 1_000, None),
        ("no_match", 6, 10_000, None),
        // The first of all is the level alone of rule 0, the first of err is that of rule 3.
        ("alert", 1, 10_000, Some(RuleIndex(0))),
        ("err", 3, 10_000, Some(RuleIndex(3))),
    ] {
        let Ok(set) = RuleSet::compile(rules_with_levels(count)) else {
            panic!("the rules of the bench compile")
        };
        let mut scratch = Scratch::new();
        let batch = events(&lines, level);
        let mut seen = 0;
        matches(&set, &batch, &mut scratch, |found| {
            assert_eq!(found, expected, "{name}");
            seen += 1;
        });
        assert_eq!(seen, lines.len());
        group.bench_with_input(BenchmarkId::new(name, count), &set, |bencher, set| {
            bencher.iter(|| matches(set, &batch, &mut scratch, |found| _ = black_box(found)));
        });
    }
    group.finish();
}

criterion_group!(benches, bench, bench_levels);
criterion_main!(benches);
