//! The sink over a store that a test controls.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::net::{IpAddr, SocketAddr};
use std::sync::Mutex;
use std::sync::atomic::AtomicUsize;

use super::*;
use crate::base::clock::{ManualClock, Timestamp};
use crate::base::span::Span;
use crate::model::batch::InformKey;
use crate::model::event::{Body, Event, Kind, NotificationRecord, Reasons};
use crate::model::group::CommitNumber;
use crate::model::trailing::Trailing;
use crate::queue::{Producer, bounded};

/// A sink in memory that refuses the first `refusals` writes.
struct Memory {
    ids: Arc<Mutex<Vec<EventId>>>,
    refusals: Arc<AtomicUsize>,
    jobs: Arc<AtomicUsize>,
    commits: u64,
}

impl Sink for Memory {
    fn write(&mut self, group: &Group) -> Result<Option<CommitNumber>, SinkError> {
        let left = self.refusals.load(Ordering::Acquire);
        if left > 0 {
            self.refusals.store(left - 1, Ordering::Release);
            return Err(SinkError::Full);
        }
        self.ids.lock().unwrap().extend(group.events().map(|(_, event)| event.id));
        self.commits += 1;
        Ok((!group.places.is_empty()).then_some(CommitNumber(self.commits)))
    }

    fn has_jobs(&self) -> bool {
        self.jobs.load(Ordering::Acquire) > 0
    }

    fn run_jobs(&mut self) -> Result<(), SinkError> {
        self.jobs.store(0, Ordering::Release);
        Ok(())
    }

    fn set_shutting_down(&mut self) {}

    fn close(self: Box<Self>) -> Result<(), SinkError> {
        Ok(())
    }
}

struct Bench {
    producer: Producer<Batch>,
    drain: Drain,
    ids: Arc<Mutex<Vec<EventId>>>,
    jobs: Arc<AtomicUsize>,
    counters: Arc<SinkCounters>,
    /// Answers sent, with the number of rows stored at that moment.
    answers: Arc<Mutex<Vec<(SocketAddr, usize)>>>,
    /// Transactions acknowledged, with the number of rows stored at that moment.
    acknowledged: Arc<Mutex<Vec<(u32, usize)>>>,
}

fn bench(refusals: usize, stop_patience: Duration) -> Bench {
    let (producer, consumer) = bounded(16, 10_000);
    let ids = Arc::new(Mutex::new(Vec::new()));
    let answers = Arc::new(Mutex::new(Vec::new()));
    let counters = Arc::new(SinkCounters::new(&[0]));
    let jobs = Arc::new(AtomicUsize::new(0));
    let memory = Memory {
        ids: Arc::clone(&ids),
        refusals: Arc::new(AtomicUsize::new(refusals)),
        jobs: Arc::clone(&jobs),
        commits: 0,
    };
    let (stored, sent) = (Arc::clone(&ids), Arc::clone(&answers));
    let answer: Answer = Box::new(move |inform, _| {
        sent.lock().unwrap().push((inform.peer, stored.lock().unwrap().len()));
        Ok(())
    });
    let acknowledged = Arc::new(Mutex::new(Vec::new()));
    let (stored, told) = (Arc::clone(&ids), Arc::clone(&acknowledged));
    let relp: Acknowledge = Box::new(move |acknowledgements: &[Acknowledgement]| {
        let rows = stored.lock().unwrap().len();
        told.lock().unwrap().extend(acknowledgements.iter().map(|word| (word.transaction, rows)));
    });
    let settings = DrainSettings { events_max: 100, wait_max: Duration::from_millis(1), stop_patience };
    let drain = Drain::new(
        settings,
        consumer,
        Box::new(memory),
        Receipts { inform: answer, relp },
        Arc::new(ManualClock::at(Timestamp(5_000_000))),
        Arc::clone(&counters),
        // Stopped from the start: it drains what is there and ends.
        Arc::new(AtomicBool::new(true)),
    );
    Bench { producer, drain, ids, jobs, counters, answers, acknowledged }
}

fn batch(events: &[(i64, Option<InformKey>)]) -> Batch {
    let mut batch = Batch::new();
    for (index, (id, inform)) in (0u32..).zip(events) {
        batch.events.push(Event {
            id: EventId(*id),
            received_at: Timestamp(1_000_000),
            listener: 0,
            source: IpAddr::from([127, 0, 0, 1]),
            kind: Kind::SnmpV2c,
            text: Span::EMPTY,
            trailing: Trailing::NONE,
            content_start: 0,
            raw_bytes: Span::EMPTY,
            enriched: Span::EMPTY,
            rule: None,
            reasons: Reasons::default(),
            body: Body::Notification(NotificationRecord::default()),
        });
        if let Some(key) = inform {
            let peer = SocketAddr::from(([127, 0, 0, 1], u16::try_from(1_000 + *id).unwrap()));
            batch.informs.push(Inform {
                is_report: false,
                event: Some(index),
                key: *key,
                peer,
                local: None,
                port: 5162,
                response: Span::EMPTY,
            });
        }
    }
    batch
}

#[test]
fn a_group_that_a_sender_waits_for_is_committed_in_half_the_time() {
    let wait_max = Duration::from_millis(350);
    let settings = DrainSettings { events_max: 100, wait_max, stop_patience: Duration::ZERO };
    let mut waited_for = batch(&[(1, None)]);
    assert_eq!(settings.wait_max_of(&waited_for), wait_max);
    waited_for.acknowledgements.push(Acknowledgement { connection: 9, transaction: 5 });
    assert_eq!(settings.wait_max_of(&waited_for), wait_max / 2);
    assert_eq!(settings.wait_max_of(&batch(&[(1, Some(77))])), wait_max / 2);
}

#[test]
fn batches_of_several_shards_are_committed_in_order_of_receipt() {
    let bench = bench(0, Duration::ZERO);
    bench.producer.push(batch(&[(1, None), (4, None), (5, None)]), 3).unwrap();
    bench.producer.push(batch(&[(2, None), (3, None), (6, None)]), 3).unwrap();
    assert_eq!(bench.drain.run(), Ending::Complete);
    let ids: Vec<i64> = bench.ids.lock().unwrap().iter().map(|id| id.0).collect();
    assert_eq!(ids, [1, 2, 3, 4, 5, 6]);
    assert_eq!(bench.counters.listeners.get(0).unwrap().stored.get(), 6);
}

#[test]
fn a_repeated_inform_is_answered_again_and_stored_once() {
    let bench = bench(0, Duration::ZERO);
    bench.producer.push(batch(&[(1, Some(77)), (2, None), (3, Some(77)), (4, Some(78))]), 4).unwrap();
    assert_eq!(bench.drain.run(), Ending::Complete);
    assert_eq!(bench.counters.listeners.get(0).unwrap().stored.get(), 3);
    assert_eq!(bench.counters.listeners.get(0).unwrap().dropped.get(DropReason::RepeatedInform), 1);
    let answers = bench.answers.lock().unwrap();
    let ports: Vec<u16> = answers.iter().map(|(peer, _)| peer.port()).collect();
    assert_eq!(ports, [1_001, 1_003, 1_004]);
    assert!(answers.iter().all(|(_, rows)| *rows == 3), "no answer before the commit");
}

#[test]
fn a_refused_write_is_made_again_and_nothing_is_stored_twice() {
    let bench = bench(2, Duration::from_secs(60));
    bench.producer.push(batch(&[(1, Some(7)), (2, None)]), 2).unwrap();
    assert_eq!(bench.drain.run(), Ending::Complete);
    assert_eq!(bench.ids.lock().unwrap().len(), 2);
    assert_eq!(bench.counters.commits_failed.get(), 2);
    assert!(!bench.counters.is_failing());
    assert_eq!(bench.answers.lock().unwrap().len(), 1);
}

#[test]
fn a_store_that_refuses_to_the_end_is_given_up_counted_and_never_answered() {
    let bench = bench(usize::MAX, Duration::ZERO);
    bench.producer.push(batch(&[(1, Some(7)), (2, None)]), 2).unwrap();
    assert_eq!(bench.drain.run(), Ending::GaveUp { events: 2 });
    assert_eq!(bench.counters.listeners.get(0).unwrap().dropped.get(DropReason::StoreFailed), 2);
    assert!(bench.answers.lock().unwrap().is_empty());
    assert!(bench.counters.is_failing());
}

#[test]
fn relp_messages_are_acknowledged_after_the_commit_discarded_ones_too() {
    let bench = bench(1, Duration::from_secs(60));
    let word = |transaction| Acknowledgement { connection: 9, transaction };
    let mut one = batch(&[(1, None), (2, None)]);
    one.acknowledgements.extend([word(5), word(6)]);
    bench.producer.push(one, 2).unwrap();
    let mut only_discarded = Batch::new();
    only_discarded.acknowledgements.push(word(7));
    bench.producer.push(only_discarded, 0).unwrap();
    assert_eq!(bench.drain.run(), Ending::Complete);
    assert_eq!(*bench.acknowledged.lock().unwrap(), [(5, 2), (6, 2), (7, 2)]);
}

#[test]
fn what_the_store_never_took_is_not_acknowledged() {
    let bench = bench(usize::MAX, Duration::ZERO);
    let mut one = batch(&[(1, None)]);
    one.acknowledgements.push(Acknowledgement { connection: 9, transaction: 5 });
    bench.producer.push(one, 1).unwrap();
    assert_eq!(bench.drain.run(), Ending::GaveUp { events: 1 });
    assert!(bench.acknowledged.lock().unwrap().is_empty());
}

#[test]
fn jobs_are_run_when_there_is_nothing_to_write_and_before_the_end() {
    let bench = bench(0, Duration::ZERO);
    bench.jobs.store(3, Ordering::Release);
    assert_eq!(bench.drain.run(), Ending::Complete);
    assert_eq!(bench.jobs.load(Ordering::Acquire), 0);
}
