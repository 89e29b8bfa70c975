//! What a reader that follows commit numbers sees, whatever the writer does.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use rusqlite::params;

use super::*;
use crate::base::clock::Timestamp;
use crate::base::span::Span;
use crate::model::batch::Batch;
use crate::model::event::{Body, Event, Kind, Reasons, SyslogRecord};
use crate::model::group::{Group, Place};
use crate::model::trailing::Trailing;
use crate::storage::connection::{StoreSettings, Synchronous, key_time, open};
use crate::storage::jobs::{self, Job, JobError, JobSender, Workspace};
use crate::storage::writer::Writer;

/// A moment in 2026, in microseconds.
const START: i64 = 1_795_335_330_000_000;

fn writer(folder: &std::path::Path) -> (Writer, JobSender) {
    let settings = StoreSettings {
        path: folder.join("messages.db"),
        connection_timeout: Duration::from_secs(1),
        synchronous: Synchronous::Off,
        node_id: 1,
    };
    let (sender, receiver) = jobs::bounded(Arc::new(|| ()));
    (Writer::new(open(&settings).unwrap(), false).unwrap().with_jobs(receiver), sender)
}

fn group(ids: &[i64]) -> Group {
    let mut batch = Batch::new();
    let mut ids = ids.to_vec();
    ids.sort_unstable();
    for id in ids {
        let text = batch.append(b"<14>a b: c");
        batch.events.push(Event {
            id: EventId(id),
            // For some the clock was set back by an hour.
            received_at: Timestamp((id >> 11) - if id % 5 == 0 { 3_600_000_000 } else { 0 }),
            listener: 0,
            source: IpAddr::from([127, 0, 0, 1]),
            kind: Kind::Syslog,
            text,
            trailing: Trailing::NONE,
            content_start: 0,
            raw_bytes: Span::EMPTY,
            enriched: Span::EMPTY,
            rule: None,
            reasons: Reasons::default(),
            body: Body::Syslog(SyslogRecord::default()),
        });
    }
    let places = (0..batch.events.len()).map(|event| Place { batch: 0, event: event as u32 }).collect();
    Group { batches: vec![batch], places }
}

/// Changes stored rows; one of them may make it fail.
struct Rewrite {
    ids: Vec<EventId>,
    fails: bool,
}

impl Job for Rewrite {
    type Answer = ();

    fn run(&mut self, store: &mut Workspace<'_>) -> rusqlite::Result<()> {
        for id in &self.ids {
            store.connection().execute(
                "UPDATE events SET raw_message = 'changed' WHERE received_at = ?1 AND id = ?2",
                params![key_time(store.connection(), *id)?, id.0],
            )?;
            store.note_changed(*id);
        }
        if self.fails { Err(rusqlite::Error::InvalidQuery) } else { Ok(()) }
    }
}

/// What happens to the store, or is read of it.
#[derive(Debug, Clone)]
enum Step {
    /// A group of rows of several shards, with ids that lie this far from those of other groups.
    Write(Vec<i64>),
    /// The same, which fails.
    FailedWrite(Vec<i64>),
    /// Rows change, by their place among all.
    Change(Vec<prop::sample::Index>, bool),
    /// A reader goes on to a place between where it is and the newest commit.
    Read(usize, prop::sample::Index),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let ids = prop::collection::vec(0..4_000_000_i64, 1..6);
    let rows = prop::collection::vec(any::<prop::sample::Index>(), 1..4);
    let step = prop_oneof![
        5 => ids.clone().prop_map(Step::Write),
        1 => ids.prop_map(Step::FailedWrite),
        2 => (rows, prop::bool::weighted(0.2)).prop_map(|(rows, fails)| Step::Change(rows, fails)),
        3 => (0..3_usize, any::<prop::sample::Index>()).prop_map(|(reader, upto)| Step::Read(reader, upto)),
    ];
    prop::collection::vec(step, 1..60)
}

/// The commits of each row, the first of which added it.
type Versions = BTreeMap<i64, Vec<u64>>;

#[derive(Default)]
struct Reader {
    at: CommitNumber,
    seen: Vec<CommittedRow>,
}

impl Reader {
    fn read(&mut self, connection: &Connection, upto: CommitNumber) {
        rows_after(connection, self.at, upto, |row| self.seen.push(row)).unwrap();
        self.at = upto;
    }

    fn check(&self, versions: &Versions) {
        let mut once = BTreeSet::new();
        for row in &self.seen {
            assert!(once.insert((row.id.0, row.commit.0)), "twice: {row:?}");
            let place = versions[&row.id.0].iter().position(|commit| *commit == row.commit.0);
            let is_first = place.unwrap() == 0;
            let expected = if is_first { RowKind::New } else { RowKind::Changed };
            assert!(row.kind == expected || row.kind == RowKind::NewOrChanged, "{row:?}");
        }
        let missed = versions.iter().find(|(id, commits)| !once.contains(&(**id, *commits.last().unwrap())));
        assert_eq!(missed, None);
        let expected: usize = versions.len();
        let newest = |id: i64| *versions[&id].last().unwrap();
        let last_seen = self.seen.iter().filter(|row| newest(row.id.0) == row.commit.0).count();
        assert_eq!(last_seen, expected, "each row once as it is now");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn each_row_is_seen_once_and_a_changed_one_once_more(steps in steps(), merges in any::<bool>()) {
        let folder = tempfile::tempdir().unwrap();
        let (mut writer, sender) = writer(folder.path());
        if merges {
            writer = writer.with_merge_limits(MergeLimits { kept: [4, 3], at_once: 2 });
        }
        let reading = Connection::open(folder.path().join("messages.db")).unwrap();
        let mut versions = Versions::new();
        let mut readers: [Reader; 3] = Default::default();
        for step in steps {
            match step {
                Step::Write(ids) => {
                    let ids: BTreeSet<i64> = ids.iter().map(|id| (START << 11) + id)
                        .filter(|id| !versions.contains_key(id)).collect();
                    let ids: Vec<i64> = ids.into_iter().collect();
                    let number = writer.write(&group(&ids)).unwrap();
                    prop_assert_eq!(number.is_none(), ids.is_empty());
                    versions.extend(ids.iter().map(|id| (*id, vec![number.unwrap().0])));
                }
                Step::FailedWrite(ids) => {
                    let mut group = group(&ids.iter().map(|id| (START << 11) + id).collect::<Vec<_>>());
                    group.places.push(Place { batch: 0, event: 999 });
                    prop_assert!(writer.write(&group).is_err());
                }
                Step::Change(rows, fails) => {
                    if versions.is_empty() {
                        continue;
                    }
                    let all: Vec<i64> = versions.keys().copied().collect();
                    let ids: BTreeSet<i64> = rows.iter().map(|row| *row.get(&all)).collect();
                    let job = Rewrite { ids: ids.iter().map(|id| EventId(*id)).collect(), fails };
                    sender.submit(job, move |answer| assert_eq!(answer.is_err(), fails)).unwrap();
                    writer.run_jobs().unwrap();
                    let number = newest(&reading).unwrap().0;
                    if !fails {
                        ids.iter().for_each(|id| versions.get_mut(id).unwrap().push(number));
                    }
                }
                Step::Read(reader, upto) => {
                    let reader = &mut readers[reader];
                    let ahead = newest(&reading).unwrap().0 - reader.at.0;
                    let upto = CommitNumber(reader.at.0 + upto.index(ahead as usize + 1) as u64);
                    reader.read(&reading, upto);
                }
            }
        }
        let upto = newest(&reading).unwrap();
        for reader in &mut readers {
            reader.read(&reading, upto);
            reader.check(&versions);
        }
        let rows: u64 = reading.query_row("SELECT coalesce(sum(rows), 0) FROM commits", [], |row| row.get(0)).unwrap();
        prop_assert_eq!(rows as usize, versions.values().map(Vec::len).sum::<usize>());
        if merges {
            let ranges: u64 = reading
                .query_row("SELECT count(*) FROM commits WHERE merged < 2", [], |row| row.get(0)).unwrap();
            prop_assert!(ranges <= 4 + 2 + 3 + 2, "{} ranges", ranges);
        }
    }
}

#[test]
fn numbers_go_on_after_the_store_was_opened_again() {
    let folder = tempfile::tempdir().unwrap();
    let (mut first, _) = writer(folder.path());
    assert_eq!(first.write(&group(&[START << 11])).unwrap(), Some(CommitNumber(1)));
    assert_eq!(first.write(&Group::default()).unwrap(), None);
    drop(first);
    let (mut second, _) = writer(folder.path());
    assert_eq!(second.write(&group(&[(START << 11) + 1])).unwrap(), Some(CommitNumber(2)));
    assert_eq!(newest(second.connection()).unwrap(), CommitNumber(2));
}

#[test]
fn a_failing_job_is_taken_back_alone_and_answered_with_its_error() {
    let folder = tempfile::tempdir().unwrap();
    let (mut writer, sender) = writer(folder.path());
    let ids = [START << 11, (START << 11) + 1];
    writer.write(&group(&ids)).unwrap();
    let (answers, answered) = std::sync::mpsc::channel();
    for (id, fails) in [(ids[0], true), (ids[1], false)] {
        let answers = answers.clone();
        let job = Rewrite { ids: vec![EventId(id)], fails };
        sender.submit(job, move |answer| answers.send(answer).unwrap()).unwrap();
    }
    assert!(answered.try_recv().is_err(), "not before the commit");
    let number = writer.write(&group(&[(START << 11) + 2])).unwrap();
    assert_eq!(number, Some(CommitNumber(2)), "the rows are written all the same");
    assert!(matches!(answered.recv().unwrap(), Err(JobError::Failed(_))));
    assert!(answered.recv().unwrap().is_ok());
    let texts = |sql: &str| -> Vec<i64> {
        let mut statement = writer.connection().prepare(sql).unwrap();
        let ids = statement.query_map([], |row| row.get(0)).unwrap();
        ids.map(Result::unwrap).collect()
    };
    assert_eq!(texts("SELECT id FROM events WHERE raw_message = 'changed'"), [ids[1]]);
    assert_eq!(texts("SELECT commit_number FROM events ORDER BY id"), [1, 3, 2]);
}

/// Takes the whole transaction back, as SQLite does when the disk is full.
struct TakeAllBack;

impl Job for TakeAllBack {
    type Answer = ();

    fn run(&mut self, store: &mut Workspace<'_>) -> rusqlite::Result<()> {
        let again = "INSERT OR ROLLBACK INTO commits SELECT * FROM commits LIMIT 1";
        store.connection().execute(again, []).map(|_| ())
    }
}

#[test]
fn a_job_that_takes_the_transaction_back_costs_no_message() {
    let folder = tempfile::tempdir().unwrap();
    let (mut writer, sender) = writer(folder.path());
    writer.write(&group(&[START << 11])).unwrap();
    let (answers, answered) = std::sync::mpsc::channel();
    sender.submit(TakeAllBack, move |answer| answers.send(answer).unwrap()).unwrap();
    let next = group(&[(START << 11) + 1]);
    assert!(writer.write(&next).is_err(), "the group is written again then");
    assert!(matches!(answered.recv().unwrap(), Err(JobError::Failed(_))));
    assert_eq!(writer.write(&next).unwrap(), Some(CommitNumber(2)));
    let mut seen = Vec::new();
    rows_after(writer.connection(), CommitNumber(0), CommitNumber(2), |row| seen.push(row.commit.0)).unwrap();
    seen.sort_unstable();
    assert_eq!(seen, [1, 2]);
}

#[test]
fn who_waits_is_answered_when_the_transaction_fails_and_when_the_writer_ends() {
    let folder = tempfile::tempdir().unwrap();
    let (mut writer, sender) = writer(folder.path());
    writer.connection().busy_timeout(Duration::ZERO).unwrap();
    writer.write(&group(&[START << 11])).unwrap();
    let other = Connection::open(folder.path().join("messages.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let (answers, answered) = std::sync::mpsc::channel();
    let submit = || {
        let answers = answers.clone();
        let job = Rewrite { ids: vec![EventId(START << 11)], fails: false };
        sender.submit(job, move |answer| answers.send(answer).unwrap())
    };
    submit().unwrap();
    assert!(writer.run_jobs().is_err());
    assert!(matches!(answered.recv().unwrap(), Err(JobError::NotCommitted(_))));
    other.execute_batch("ROLLBACK").unwrap();
    for _ in 0..jobs::WAITING_MAX {
        submit().unwrap();
    }
    assert!(matches!(submit(), Err(JobError::QueueFull)));
    let asking = sender.clone();
    let waits = std::thread::spawn(move || {
        loop {
            match asking.run(Rewrite { ids: Vec::new(), fails: false }) {
                Err(JobError::QueueFull) => std::thread::yield_now(),
                answer => return answer,
            }
        }
    });
    writer.run_jobs().unwrap();
    drop(writer);
    // It was run with the others, or came too late.
    assert!(matches!(waits.join().unwrap(), Ok(()) | Err(JobError::Closed)));
    assert!(matches!(submit(), Err(JobError::Closed)));
}
