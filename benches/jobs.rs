//! What jobs cost the commits beside them: 20,000 events a second through queue, sink and store (`synchronous: FULL`),
//! without jobs and with 1,000 a second, in turns.
//!
//! Every answer is checked, and so is every row at the end. Prints the times of commits and of answers; fails when the 99th
//! percentile of a commit rises by more than a fifth. `JOBS_SECONDS` is the length of a turn.

#[path = "../tests/samples/mod.rs"]
mod samples;

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use mutt::base::clock::SystemClock;
use mutt::matching::RuleSet;
use mutt::model::batch::Batch;
use mutt::model::group::{CommitNumber, Group};
use mutt::queue::{self, Producer};
use mutt::shard::pipeline::{Pipeline, PipelineParts};
use mutt::shard::rules::ActiveRules;
use mutt::sink::counters::SinkCounters;
use mutt::sink::drain::{Drain, DrainSettings, Ending, Receipts};
use mutt::sink::{Sink, SinkError};
use mutt::storage::connection::{StoreSettings, Synchronous, open};
use mutt::storage::jobs::{self, Job, JobSender, Workspace};
use mutt::storage::writer::Writer;
use rusqlite::{Connection, OpenFlags};

/// Events a second.
const EVENTS_PER_SECOND: u32 = 20_000;
/// Jobs a second.
const JOBS_PER_SECOND: u32 = 1_000;
/// Steps of a second in which both are made.
const STEPS_PER_SECOND: u32 = 100;
/// Turns of each kind.
const TURNS: usize = 3;

/// Times of commits that wrote rows.
type Times = Arc<Mutex<Vec<Duration>>>;

/// The store, with the time of each commit.
struct Timed {
    writer: Writer,
    times: Times,
}

impl Sink for Timed {
    fn write(&mut self, group: &Group) -> Result<Option<CommitNumber>, SinkError> {
        let start = Instant::now();
        let number = Sink::write(&mut self.writer, group)?;
        self.times.lock().unwrap_or_else(PoisonError::into_inner).push(start.elapsed());
        Ok(number)
    }

    fn has_jobs(&self) -> bool {
        Sink::has_jobs(&self.writer)
    }

    fn run_jobs(&mut self) -> Result<(), SinkError> {
        Sink::run_jobs(&mut self.writer)
    }

    fn set_shutting_down(&mut self) {
        Sink::set_shutting_down(&mut self.writer);
    }

    fn close(self: Box<Self>) -> Result<(), SinkError> {
        Sink::close(Box::new(self.writer))
    }
}

/// A small change: raises a number of the store, and answers what it is.
struct Raise;

impl Job for Raise {
    type Answer = i64;

    fn run(&mut self, store: &mut Workspace<'_>) -> rusqlite::Result<i64> {
        store
            .connection()
            .prepare_cached(
                "INSERT INTO store_settings(name, value) VALUES ('raised', 1)
                 ON CONFLICT (name) DO UPDATE SET value = value + 1 RETURNING value",
            )?
            .query_row([], |row| row.get(0))
    }
}

/// Makes events at their rate until `until`; returns how many.
fn produce(producer: &Producer<Batch>, until: Instant) -> u64 {
    let Ok(set) = RuleSet::compile(Vec::new()) else { panic!("no rules compile") };
    let in_force = Arc::new(ArcSwap::from_pointee(ActiveRules::new(set)));
    let mut pipeline = Pipeline::new(PipelineParts::new(in_force));
    let step = Duration::from_secs(1) / STEPS_PER_SECOND;
    let (mut next, mut made) = (Instant::now(), 0_u32);
    while next < until {
        let mut batch = producer.reuse().unwrap_or_default();
        pipeline.begin(&mut batch);
        for _ in 0..EVENTS_PER_SECOND / STEPS_PER_SECOND {
            let (protocol, bytes) = samples::mixed(made);
            pipeline.process(&samples::arrival(protocol, &bytes), &mut batch);
            made += 1;
        }
        let events = batch.events.len() as u64;
        assert!(producer.push(batch, events).is_ok(), "the store does not keep up");
        next += step;
        std::thread::sleep(next.saturating_duration_since(Instant::now()));
    }
    u64::from(made)
}

/// Asks for jobs at their rate until `until`; returns the time of each answer.
fn ask(jobs: &JobSender, until: Instant) -> Vec<Duration> {
    let step = Duration::from_secs(1) / STEPS_PER_SECOND;
    let (mut next, mut made) = (Instant::now(), 0);
    let (answers, answered) = mpsc::channel();
    while next < until {
        for _ in 0..JOBS_PER_SECOND / STEPS_PER_SECOND {
            let (answers, start) = (answers.clone(), Instant::now());
            let submitted = jobs.submit(Raise, move |answer| {
                let answer = answer.unwrap_or_else(|error| panic!("{error}"));
                let _ = answers.send((answer, start.elapsed()));
            });
            submitted.unwrap_or_else(|error| panic!("{error}"));
            made += 1;
        }
        next += step;
        std::thread::sleep(next.saturating_duration_since(Instant::now()));
    }
    drop(answers);
    let all: Vec<(i64, Duration)> = answered.iter().collect();
    let right = all.iter().map(|(number, _)| *number).eq(1..=made);
    assert!(right, "{made} jobs, answered by other numbers");
    all.into_iter().map(|(_, time)| time).collect()
}

/// One turn; returns the times of commits, and of answers.
fn turn(folder: &Path, seconds: u64, with_jobs: bool) -> (Vec<Duration>, Vec<Duration>) {
    let settings = StoreSettings {
        path: folder.join("messages.db"),
        connection_timeout: Duration::from_secs(10),
        synchronous: Synchronous::Full,
        node_id: 1,
    };
    let store = open(&settings).unwrap_or_else(|error| panic!("{error}"));
    let (producer, consumer) = queue::bounded(1_024, 200_000);
    let waker = consumer.waker();
    let (sender, waiting) = jobs::bounded(Arc::new(move || waker.wake()));
    let writer = Writer::new(store, false).unwrap_or_else(|error| panic!("{error}")).with_jobs(waiting);
    let (times, stop) = (Times::default(), Arc::new(AtomicBool::new(false)));
    let settings_of_drain = DrainSettings {
        events_max: 10_000,
        wait_max: Duration::from_millis(350),
        stop_patience: Duration::from_secs(10),
    };
    let drain = Drain::new(
        settings_of_drain,
        consumer,
        Box::new(Timed { writer, times: Arc::clone(&times) }),
        Receipts { inform: Box::new(|_, _| Ok(())), relp: Box::new(|_| ()) },
        Arc::new(SystemClock),
        Arc::new(SinkCounters::new(&[0])),
        Arc::clone(&stop),
    );
    let sink = std::thread::spawn(move || drain.run());
    let until = Instant::now() + Duration::from_secs(seconds);
    let made = AtomicU64::new(0);
    let answers = std::thread::scope(|scope| {
        scope.spawn(|| made.store(produce(&producer, until), Ordering::Release));
        if with_jobs { ask(&sender, until) } else { Vec::new() }
    });
    stop.store(true, Ordering::Release);
    assert!(sink.join().is_ok_and(|ending| ending == Ending::Complete), "the sink ended badly");
    let rows: u64 = Connection::open_with_flags(&settings.path, OpenFlags::SQLITE_OPEN_READ_ONLY)
        .and_then(|reader| reader.query_row("SELECT count(*) FROM messages", [], |row| row.get(0)))
        .unwrap_or_else(|error| panic!("the rows cannot be counted: {error}"));
    assert_eq!(rows, made.load(Ordering::Acquire), "every event is a row");
    let times = std::mem::take(&mut *times.lock().unwrap_or_else(PoisonError::into_inner));
    (times, answers)
}

/// The time that `share` of all are not longer than, in milliseconds.
fn percentile(times: &mut [Duration], share: f64) -> f64 {
    times.sort_unstable();
    let place = ((times.len() as f64 * share).ceil() as usize).clamp(1, times.len()) - 1;
    times[place].as_secs_f64() * 1_000.0
}

fn main() {
    let seconds = std::env::var("JOBS_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(20);
    let mut all = [Vec::new(), Vec::new()];
    let mut answers = Vec::new();
    for _ in 0..TURNS {
        for (with_jobs, times) in [false, true].into_iter().zip(&mut all) {
            let Ok(folder) = tempfile::tempdir() else { panic!("a folder for the store") };
            let (commits, answered) = turn(folder.path(), seconds, with_jobs);
            times.extend(commits);
            answers.extend(answered);
        }
    }
    let mut report = String::new();
    let mut p99 = [0.0; 2];
    for ((name, times), p99) in ["without jobs", "with jobs"].into_iter().zip(&mut all).zip(&mut p99) {
        *p99 = percentile(times, 0.99);
        let p50 = percentile(times, 0.5);
        report += &format!("{name}: {} commits, p50 {p50:.1} ms, p99 {p99:.1} ms\n", times.len());
    }
    let [p50, p99_answer] = [0.5, 0.99].map(|share| percentile(&mut answers, share));
    report += &format!("{} jobs, answered p50 {p50:.1} ms, p99 {p99_answer:.1} ms\n", answers.len());
    let ratio = p99[1] / p99[0];
    report += &format!("p99 of a commit with jobs: {ratio:.2} of that without");
    let _ = std::io::Write::write_fmt(&mut std::io::stdout().lock(), format_args!("{report}\n"));
    assert!(ratio <= 1.2, "more than 1.2");
}
