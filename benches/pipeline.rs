//! What one core does to a datagram: octets in, an event in a batch out, rules in force.
//!
//! How many events come out, and which rules they fall under, is asserted before anything is timed.

#[path = "../tests/samples/mod.rs"]
mod samples;

use std::hint::black_box;
use std::sync::Arc;

use arc_swap::ArcSwap;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use mutt::base::limits::BATCH_EVENTS_MAX;
use mutt::matching::{Pattern, Rule, RuleSet};
use mutt::model::batch::Batch;
use mutt::shard::pipeline::{Outcome, Pipeline, PipelineParts, Protocol};
use mutt::shard::rules::ActiveRules;
use samples::Pdu;

/// Messages in a round: a multiple of all the cycles in the samples' numbers that rules look at.
const MESSAGES: u32 = 480;

const _: () = assert!(MESSAGES as usize <= BATCH_EVENTS_MAX);

fn pipeline() -> Pipeline {
    let rule = |id: &str, pattern: Pattern| Rule { severity: "warning".to_owned(), ..Rule::new(id, pattern) };
    let set = RuleSet::compile(vec![
        rule("temperature", Pattern::Regex("temperature.*critical".to_owned())),
        rule("down", Pattern::Keywords(vec!["state to down".to_owned(), "linkDown".to_owned()])),
        rule("memory", Pattern::Regex("memory.*low|low.*memory".to_owned())),
    ]);
    let Ok(set) = set else { panic!("the rules of the bench compile") };
    let in_force = Arc::new(ArcSwap::from_pointee(ActiveRules::new(set)));
    Pipeline::new(PipelineParts::new(in_force))
}

/// Makes one batch of all messages.
fn round(pipeline: &mut Pipeline, messages: &[(Protocol, Vec<u8>)], batch: &mut Batch) {
    batch.clear();
    pipeline.begin(batch);
    for (protocol, bytes) in messages {
        let outcome = pipeline.process(&samples::arrival(*protocol, black_box(bytes)), batch);
        assert_eq!(outcome, Outcome::Appended { undecoded: None });
    }
}

/// A kind of load: its name, message `n`, and how many of all messages fall under the rule `down`.
type Case = (&'static str, fn(u32) -> (Protocol, Vec<u8>), usize);

const CASES: [Case; 4] = [
    ("syslog_rfc5424", |n| (Protocol::Syslog, samples::rfc5424(n)), 0),
    // Every third interface goes down.
    ("syslog_cisco", |n| (Protocol::Syslog, samples::cisco(n)), 160),
    ("snmp_link_down", |n| (Protocol::Snmp, samples::link_down(n, Pdu::Trap)), 480),
    // All linkDowns, four in ten, and a third of the Cisco lines, one in ten.
    ("mixed", samples::mixed, 192 + 16),
];

fn bench(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("pipeline");
    group.throughput(Throughput::Elements(u64::from(MESSAGES)));
    for (name, make, under_rule) in CASES {
        let messages: Vec<_> = (0..MESSAGES).map(make).collect();
        let mut pipeline = pipeline();
        let mut batch = Batch::new();
        round(&mut pipeline, &messages, &mut batch);
        assert_eq!(batch.events.len(), messages.len(), "{name}");
        assert_eq!(batch.events.iter().filter(|event| event.rule == Some(1)).count(), under_rule, "{name}");
        assert_eq!(batch.events.iter().filter(|event| event.rule.is_some()).count(), under_rule, "{name}");
        group.bench_with_input(BenchmarkId::from_parameter(name), &messages, |bencher, messages| {
            bencher.iter(|| round(&mut pipeline, messages, &mut batch));
        });
        assert_eq!(batch.events.len(), messages.len(), "{name}");
    }
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
