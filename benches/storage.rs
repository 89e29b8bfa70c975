//! What a transaction of 10,000 events costs, the wait for the disk included (`synchronous: FULL`).
//!
//! The rows are counted before the timing and after it: every event of every transaction must be there.

#[path = "../tests/samples/mod.rs"]
mod samples;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use mutt::base::limits::BATCH_EVENTS_MAX;
use mutt::matching::RuleSet;
use mutt::model::batch::Batch;
use mutt::model::group::{Group, Place};
use mutt::shard::pipeline::{Pipeline, PipelineParts};
use mutt::shard::rules::ActiveRules;
use mutt::storage::connection::{StoreSettings, Synchronous, open};
use mutt::storage::writer::Writer;
use rusqlite::{Connection, OpenFlags};

/// Events in a transaction, the default of `processor.batch_write_size`.
const EVENTS: u32 = 10_000;

fn pipeline() -> Pipeline {
    let Ok(set) = RuleSet::compile(Vec::new()) else { panic!("no rules compile") };
    let in_force = Arc::new(ArcSwap::from_pointee(ActiveRules::new(set)));
    Pipeline::new(PipelineParts::new(in_force))
}

/// Batches with new events, and the place of each event.
fn group(pipeline: &mut Pipeline) -> Group {
    let (mut batches, mut places) = (Vec::new(), Vec::new());
    let numbers: Vec<u32> = (0..EVENTS).collect();
    for (place, chunk) in (0..).zip(numbers.chunks(BATCH_EVENTS_MAX)) {
        let mut batch = Batch::new();
        pipeline.begin(&mut batch);
        for (event, n) in (0..).zip(chunk) {
            let (protocol, bytes) = samples::mixed(*n);
            pipeline.process(&samples::arrival(protocol, &bytes), &mut batch);
            places.push(Place { batch: place, event });
        }
        batches.push(batch);
    }
    Group { batches, places }
}

/// The rows of the store, read through a connection of its own.
fn rows(store: &Path) -> u64 {
    let count = Connection::open_with_flags(store, OpenFlags::SQLITE_OPEN_READ_ONLY)
        .and_then(|reader| reader.query_row("SELECT count(*) FROM messages", [], |row| row.get(0)));
    count.unwrap_or_else(|error| panic!("the rows cannot be counted: {error}"))
}

fn bench(criterion: &mut Criterion) {
    let Ok(directory) = tempfile::tempdir() else { panic!("a folder for the store") };
    let settings = StoreSettings {
        path: directory.path().join("messages.db"),
        connection_timeout: Duration::from_secs(10),
        synchronous: Synchronous::Full,
        node_id: 1,
    };
    let store = open(&settings).unwrap_or_else(|error| panic!("{error}"));
    let mut writer = Writer::new(store, false).unwrap_or_else(|error| panic!("{error}"));
    let mut pipeline = pipeline();
    let mut transactions = 0;
    let mut write = |group: Group| {
        assert_eq!(group.places.len(), EVENTS as usize);
        writer.write(&group).unwrap_or_else(|error| panic!("{error}"));
        transactions += 1;
        group
    };
    drop(write(group(&mut pipeline)));
    assert_eq!(rows(&settings.path), u64::from(EVENTS));
    let mut benchmark = criterion.benchmark_group("storage");
    benchmark.throughput(Throughput::Elements(u64::from(EVENTS)));
    benchmark.sample_size(20);
    benchmark.bench_function("transaction_of_10000", |bencher| {
        bencher.iter_batched(|| group(&mut pipeline), &mut write, BatchSize::PerIteration);
    });
    benchmark.finish();
    assert_eq!(rows(&settings.path), u64::from(EVENTS) * transactions);
}

criterion_group!(benches, bench);
criterion_main!(benches);
