//! What was found in the store, stream by stream, and which of it must not be.
//!
//! Invariant: pure; every message of the plan is either stored or lost, and every row of the run is counted once.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::transports::{Losses, Promise};

/// Examples that are kept of each finding.
const EXAMPLES_MAX: usize = 5;

/// A row, as far as it is needed once its content was compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// Its id; ids are in the order of receipt.
    pub id: u128,
    /// Sequence number of its message, within the plan.
    pub sequence: u64,
    /// Whether it is marked as a repetition.
    pub is_repeated: bool,
    /// Whether the receiver could read it.
    pub is_decoded: bool,
    /// Whether it says what was sent.
    pub is_same: bool,
}

/// One stream in the store. All but `sent` are counts of what was found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Stream {
    /// What it was sent over.
    pub transport: &'static str,
    /// Messages of the plan.
    pub sent: u64,
    /// Messages that are there.
    pub stored: u64,
    /// Messages that are not there.
    pub lost: u64,
    /// Of the lost: those that had been acknowledged.
    pub acknowledged_and_lost: u64,
    /// Rows beyond the first of a message.
    pub doubled: u64,
    /// Rows beyond the first of a message that are marked as repeated.
    pub repeated: u64,
    /// The fewest messages that would have to be moved for all to be in the order in which they were sent.
    pub reordered: u64,
    /// Rows that say something else than what was sent.
    pub changed: u64,
    /// Rows that the receiver could not read.
    pub undecoded: u64,
    /// The first sequence numbers of each finding.
    pub examples: BTreeMap<&'static str, Vec<u64>>,
}

impl Stream {
    fn example(&mut self, of: &'static str, sequence: u64) {
        let examples = self.examples.entry(of).or_default();
        if examples.len() < EXAMPLES_MAX {
            examples.push(sequence);
        }
    }
}

/// What a message is of: its stream, and whether it was acknowledged.
#[derive(Debug, Clone, Copy)]
pub struct Sent {
    /// Its stream.
    pub stream: u32,
    /// Whether the receiver acknowledged it, as far as it is known.
    pub is_acknowledged: bool,
}

/// Counts `entries`; `sent` tells of each sequence number from 1 to `total` what was sent.
#[must_use]
pub fn count(
    mut entries: Vec<Entry>,
    total: u64,
    sent: impl Fn(u64) -> Sent,
    transport: impl Fn(u32) -> (&'static str, Promise),
) -> BTreeMap<u32, Stream> {
    const DECODED: u8 = 1;
    const UNDECODED: u8 = 2;
    entries.sort_unstable_by_key(|entry| entry.id);
    let mut streams: BTreeMap<u32, Stream> = BTreeMap::new();
    let mut orders: BTreeMap<u32, Order> = BTreeMap::new();
    let mut seen = vec![0u8; total as usize];
    for entry in &entries {
        let number = sent(entry.sequence).stream;
        let stream = streams.entry(number).or_default();
        let Some(seen) = seen.get_mut((entry.sequence - 1) as usize) else { continue };
        if entry.is_decoded {
            if *seen & DECODED == 0 {
                orders.entry(number).or_default().push(entry.sequence);
            } else if entry.is_repeated {
                stream.repeated += 1;
            } else {
                stream.doubled += 1;
                stream.example("doubled", entry.sequence);
            }
            *seen |= DECODED;
            if !entry.is_same {
                stream.changed += 1;
                stream.example("changed", entry.sequence);
            }
        } else {
            *seen |= UNDECODED;
        }
    }
    // A repetition of what could be read, in a way that could not, is but a repetition where these are foreseen.
    for entry in entries.iter().filter(|entry| !entry.is_decoded) {
        let number = sent(entry.sequence).stream;
        let stream = streams.entry(number).or_default();
        let is_read = seen.get((entry.sequence - 1) as usize).is_some_and(|seen| seen & DECODED != 0);
        if is_read && transport(number).1.may_repeat {
            stream.repeated += 1;
        } else {
            stream.undecoded += 1;
            stream.example("undecoded", entry.sequence);
        }
    }
    count_lost(&seen, sent, &mut streams);
    for (number, stream) in &mut streams {
        stream.transport = transport(*number).0;
        if let Some(order) = orders.get(number) {
            stream.reordered = order.moved();
            if let Some(late) = order.first_late {
                stream.example("reordered", late);
            }
        }
    }
    streams
}

/// Counts what was sent and what of it is not there; `seen` is not 0 for each message that is.
fn count_lost(seen: &[u8], sent: impl Fn(u64) -> Sent, streams: &mut BTreeMap<u32, Stream>) {
    for (sequence, seen) in (1..).zip(seen) {
        let Sent { stream, is_acknowledged } = sent(sequence);
        let stream = streams.entry(stream).or_default();
        stream.sent += 1;
        if *seen != 0 {
            stream.stored += 1;
            continue;
        }
        stream.lost += 1;
        stream.example("lost", sequence);
        if is_acknowledged {
            stream.acknowledged_and_lost += 1;
            stream.example("acknowledged and lost", sequence);
        }
    }
}

/// How far a sequence is from being in order: what is not part of its longest increasing subsequence.
#[derive(Debug, Default)]
struct Order {
    /// The smallest number that an increasing subsequence of each length ends with.
    ends: Vec<u64>,
    count: u64,
    last: u64,
    first_late: Option<u64>,
}

impl Order {
    fn push(&mut self, number: u64) {
        self.count += 1;
        if number < self.last && self.first_late.is_none() {
            self.first_late = Some(number);
        }
        self.last = number;
        let at = self.ends.partition_point(|end| *end < number);
        match self.ends.get_mut(at) {
            Some(end) => *end = number,
            None => self.ends.push(number),
        }
    }

    fn moved(&self) -> u64 {
        self.count - self.ends.len() as u64
    }
}

/// What excuses losses.
#[derive(Debug, Clone, Default)]
pub struct Excuses {
    /// Messages that the receiver says a rule discarded.
    pub discarded: u64,
    /// Messages that the receiver says it dropped.
    pub dropped: u64,
    /// Streams whose connection broke.
    pub broken: BTreeSet<u32>,
}

/// What must not be, in words; nothing when every promise was kept.
#[must_use]
pub fn faults(
    streams: &BTreeMap<u32, Stream>,
    promise: impl Fn(u32) -> Promise,
    excuses: &Excuses,
) -> Vec<String> {
    let mut faults = Vec::new();
    let mut discarded = excuses.discarded;
    let mut dropped = excuses.dropped;
    // Who may have lost nothing is excused first; what is dropped is only ever said of UDP.
    let mut all: Vec<(&u32, &Stream)> = streams.iter().collect();
    all.sort_by_key(|(number, _)| promise(**number).losses == Losses::Accounted);
    for (number, stream) in all {
        let promise = promise(*number);
        let mut fault = |count: u64, what: &'static str| {
            if count > 0 {
                let examples = stream.examples.get(what).map(Vec::as_slice).unwrap_or_default();
                faults.push(format!(
                    "stream {number} ({}): {count} {what}, first sequence numbers {examples:?}",
                    stream.transport
                ));
            }
        };
        let excuse = |count: u64, pool: &mut u64| {
            let excused = count.min(*pool);
            *pool -= excused;
            count - excused
        };
        match promise.losses {
            Losses::Accounted => {
                let rest = excuse(stream.lost, &mut discarded);
                fault(excuse(rest, &mut dropped), "lost");
            }
            Losses::Broken if excuses.broken.contains(number) => {}
            Losses::Broken => fault(excuse(stream.lost, &mut discarded), "lost"),
            Losses::Unacknowledged => {
                fault(excuse(stream.acknowledged_and_lost, &mut discarded), "acknowledged and lost");
            }
        }
        fault(stream.doubled, "doubled");
        if promise.keeps_order {
            fault(stream.reordered, "reordered");
        }
        fault(stream.changed, "changed");
        fault(stream.undecoded, "undecoded");
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    const UDP: Promise = Promise { losses: Losses::Accounted, may_repeat: false, keeps_order: false };
    const TCP: Promise = Promise { losses: Losses::Broken, may_repeat: false, keeps_order: true };
    const RELP: Promise = Promise { losses: Losses::Unacknowledged, may_repeat: true, keeps_order: true };

    fn entry(id: u128, sequence: u64) -> Entry {
        Entry { id, sequence, is_repeated: false, is_decoded: true, is_same: true }
    }

    /// Ten messages of one stream, of which the first five were acknowledged.
    fn counted(entries: Vec<Entry>, promise: Promise) -> Stream {
        let sent = |sequence| Sent { stream: 0, is_acknowledged: sequence <= 5 };
        count(entries, 10, sent, |_| ("x", promise)).remove(&0).unwrap_or_default()
    }

    fn whole() -> Vec<Entry> {
        (1..=10).map(|sequence| entry(u128::from(sequence) * 10, sequence)).collect()
    }

    #[test]
    fn what_is_right_is_right_in_whatever_order_it_is_read() {
        let mut entries = whole();
        entries.reverse();
        let stream = counted(entries, TCP);
        let right = Stream { transport: "x", sent: 10, stored: 10, ..Stream::default() };
        assert_eq!(stream, right);
        assert!(faults(&[(0, right)].into(), |_| TCP, &Excuses::default()).is_empty());
    }

    #[test]
    fn each_fault_is_counted_once() {
        let mut entries = whole();
        entries.remove(3);
        entries.push(entry(101, 10));
        entries.push(Entry { is_repeated: true, ..entry(102, 10) });
        entries[4].is_same = false;
        entries[5].is_decoded = false;
        // 1 comes after 3.
        entries[0].id = 35;
        let stream = counted(entries, TCP);
        let [lost, doubled, repeated, reordered, changed, undecoded] = [1, 1, 1, 1, 1, 1];
        let expected = Stream {
            transport: "x",
            sent: 10,
            stored: 9,
            lost,
            acknowledged_and_lost: 1,
            doubled,
            repeated,
            reordered,
            changed,
            undecoded,
            examples: [
                ("lost", vec![4]),
                ("acknowledged and lost", vec![4]),
                ("doubled", vec![10]),
                ("reordered", vec![1]),
                ("changed", vec![6]),
                ("undecoded", vec![7]),
            ]
            .into(),
        };
        assert_eq!(stream, expected);
        let found =
            |promise| faults(&[(0, stream.clone())].into(), |_| promise, &Excuses::default()).join("; ");
        let tcp = found(TCP);
        for fault in
            ["1 lost, first sequence numbers [4]", "1 doubled", "1 reordered", "1 changed", "1 undecoded"]
        {
            assert!(tcp.contains(fault), "{fault}: {tcp}");
        }
        assert!(!found(UDP).contains("reordered"));
        assert!(found(RELP).contains("1 acknowledged and lost"));
    }

    #[test]
    fn order_is_the_fewest_moves() {
        for (numbers, moved) in [
            (&[1, 2, 3, 4, 5][..], 0),
            (&[2, 1, 3, 4, 5], 1),
            (&[5, 1, 2, 3, 4], 1),
            (&[2, 3, 4, 5, 1], 1),
            (&[2, 1, 4, 3, 5], 2),
            (&[5, 4, 3, 2, 1], 4),
        ] {
            let mut order = Order::default();
            numbers.iter().for_each(|number| order.push(*number));
            assert_eq!(order.moved(), moved, "{numbers:?}");
        }
    }

    #[test]
    fn losses_are_excused_by_what_each_transport_allows_and_by_nothing_else() {
        let lossy = |stored: u64| counted(whole().into_iter().take(stored as usize).collect(), UDP);
        let excuses = |discarded, dropped| Excuses { discarded, dropped, broken: BTreeSet::new() };
        let count = |stream: &Stream, promise, excuses: &Excuses| {
            faults(&[(0, stream.clone())].into(), |_| promise, excuses).len()
        };
        assert_eq!(count(&lossy(7), UDP, &excuses(1, 2)), 0);
        assert_eq!(count(&lossy(7), UDP, &excuses(1, 1)), 1);
        assert_eq!(count(&lossy(7), TCP, &excuses(0, 100)), 1, "nothing is dropped from a stream");
        assert_eq!(count(&lossy(7), TCP, &excuses(3, 0)), 0);
        let broken = Excuses { broken: [0].into(), ..Excuses::default() };
        assert_eq!(count(&lossy(7), TCP, &broken), 0);
        assert_eq!(count(&lossy(7), RELP, &Excuses::default()), 0, "those were not acknowledged");
        assert_eq!(count(&lossy(4), RELP, &broken), 1);
        let both = [(0, lossy(7)), (1, lossy(7))].into();
        let promise = |stream| if stream == 0 { UDP } else { TCP };
        let found = faults(&both, promise, &excuses(3, 3));
        assert!(found.is_empty(), "the discarded are those of the connection: {found:?}");
    }

    #[test]
    fn a_repetition_that_could_not_be_read_is_a_fault_only_where_nothing_is_repeated() {
        let mut entries = whole();
        entries.push(Entry { is_decoded: false, ..entry(200, 3) });
        let stream = counted(entries.clone(), RELP);
        assert_eq!((stream.repeated, stream.undecoded, stream.stored), (1, 0, 10));
        let stream = counted(entries, UDP);
        assert_eq!((stream.repeated, stream.undecoded, stream.stored), (0, 1, 10));
    }
}
