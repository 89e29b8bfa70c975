//! What the rules cost a message that falls under none of them, which is nearly every message.
//!
//! The right answer is asserted before anything is timed.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use mutt::matching::{Action, Pattern, Rule, RuleIndex, RuleSet, Scratch};

/// A third each: keywords, regexes with a literal inside, regexes with an alternation.
fn rules(count: u32) -> Vec<Rule> {
    let pattern = |n: u32| match n % 3 {
        0 => Pattern::Keywords(vec![format!("%PLATFORM-2-FAULT{n:05}"), format!("unit {n} unreachable")]),
        1 => Pattern::Regex(format!(r"bgp neighbor \S+ vrf cust{n:05} (?:down|idle)")),
        _ => Pattern::Regex(format!("(?:fan|psu) tray{n:05}.*fail")),
    };
    (0..count)
        .map(|n| Rule {
            id: format!("rule_{n:05}"),
            name: format!("Rule {n}"),
            pattern: pattern(n),
            severity: "warning".to_owned(),
            action: Action::Webhook,
            line: 1,
        })
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
        assert!(lines.iter().all(|line| set.first_match(line.as_bytes(), &mut scratch).is_none()));
        let hit = "psu TRAY00008: input failure";
        assert_eq!(set.first_match(hit.as_bytes(), &mut scratch), Some(RuleIndex(8)));
        group.bench_with_input(BenchmarkId::from_parameter(count), &set, |bencher, set| {
            bencher.iter(|| {
                for line in &lines {
                    black_box(set.first_match(black_box(line.as_bytes()), &mut scratch));
                }
            });
        });
    }
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
