//! Bounded fan-out of committed groups to readers that follow the store.
//!
//! The sink publishes each group after its commit, with the number of that commit. The tap keeps the newest groups
//! while anybody reads, up to a number of groups and of octets. A reader that falls behind loses the oldest ones and
//! learns exactly how many events it missed and between which commits, so that it can read them from the store.
//!
//! ```text
//! sink -- publish(facts, group) --> [ group | group | group ] -- next() --> reader (tail, index, ...)
//!   ^                                  |  too many, too large: the oldest goes
//!   +---------- recycle(group) --------+  when its last reader has dropped it
//! ```
//!
//! Invariant: publishing never waits for a reader. The octets of all groups that were published and not yet recycled,
//! those that a slow reader still holds included, never exceed the limit.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::base::counter::Counter;

/// Bounds on what a tap keeps for its readers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TapLimits {
    /// Groups kept at most.
    pub groups_max: usize,
    /// Octets of all groups that are not recycled yet, at most.
    pub octets_max: usize,
    /// Readers at a time, at most.
    pub readers_max: usize,
}

/// What the tap knows of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GroupFacts {
    /// Number of the commit that stored the group; rises from group to group.
    pub number: u64,
    /// Events in the group.
    pub events: u64,
    /// Octets of memory that the group holds on to.
    pub octets: usize,
}

/// The end that publishes: there is one.
#[derive(Debug)]
pub struct Publisher<T> {
    shared: Arc<Shared<T>>,
    /// Every group that is not recycled yet, oldest first: those kept, and those that only a reader holds.
    outstanding: Vec<Arc<Slot<T>>>,
}

/// The end that readers come from. Cheap to clone.
#[derive(Debug)]
pub struct Tap<T> {
    shared: Arc<Shared<T>>,
}

/// One reader and its position.
#[derive(Debug)]
pub struct Reader<T> {
    shared: Arc<Shared<T>>,
    position: Position,
    missed: Arc<Counter>,
}

/// What a reader gets next.
#[derive(Debug)]
pub enum Next<T> {
    /// A group, in order of commit.
    Group(Held<T>),
    /// Groups that went before the reader came to them.
    Missed(Missed),
    /// The publisher is gone, and everything was read.
    Closed,
}

/// What a reader missed: the commits above `after` and up to `up_to`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Missed {
    /// Number of the last commit that the reader saw, or of the newest one when it subscribed.
    pub after: u64,
    /// Number of the last commit that it missed.
    pub up_to: u64,
    /// Events in the missed groups.
    pub events: u64,
}

/// A group that a reader looks at. It can be recycled once the last reader has dropped it.
#[derive(Debug)]
pub struct Held<T> {
    slot: Arc<Slot<T>>,
}

/// How much was published up to some point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Position {
    groups: u64,
    events: u64,
    number: u64,
}

/// A published group.
#[derive(Debug)]
struct Slot<T> {
    group: T,
    facts: GroupFacts,
    /// Where the publisher was before this group.
    before: Position,
}

#[derive(Debug)]
struct State<T> {
    kept: VecDeque<Arc<Slot<T>>>,
    published: Position,
    readers: usize,
    is_closed: bool,
    /// Sums by kind of reader.
    missed: Vec<(&'static str, Arc<Counter>)>,
}

#[derive(Debug)]
struct Shared<T> {
    limits: TapLimits,
    state: Mutex<State<T>>,
    /// Octets of the outstanding groups. Only the publisher changes it.
    octets: AtomicUsize,
    news: Notify,
}

/// A tap that keeps groups up to `limits`.
#[must_use]
pub fn tap<T>(limits: TapLimits) -> (Publisher<T>, Tap<T>) {
    let state = State {
        kept: VecDeque::with_capacity(limits.groups_max),
        published: Position::default(),
        readers: 0,
        is_closed: false,
        missed: Vec::new(),
    };
    let shared = Arc::new(Shared {
        limits,
        state: Mutex::new(state),
        octets: AtomicUsize::new(0),
        news: Notify::new(),
    });
    (Publisher { shared: Arc::clone(&shared), outstanding: Vec::new() }, Tap { shared })
}

impl<T> Shared<T> {
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        // No code that can panic runs under the lock; a poisoned state is whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Position {
    /// The position behind the group with `facts`.
    fn behind(self, facts: &GroupFacts) -> Self {
        Self { groups: self.groups + 1, events: self.events + facts.events, number: facts.number }
    }
}

impl<T> Publisher<T> {
    /// Publishes a committed group. `recycle` gets every group that nobody needs any more, this one included when
    /// nobody reads or there is no room for it.
    pub fn publish(&mut self, facts: GroupFacts, group: T, mut recycle: impl FnMut(T)) {
        let shared = Arc::clone(&self.shared);
        let mut state = shared.lock();
        let before = state.published;
        state.published = before.behind(&facts);
        if state.readers == 0 {
            state.kept.clear();
            drop(state);
            self.collect(&mut recycle);
            return recycle(group);
        }
        while !state.kept.is_empty() && state.kept.len() >= shared.limits.groups_max {
            state.kept.pop_front();
        }
        self.collect(&mut recycle);
        // A group that a reader holds frees its octets when the reader drops it, and not here.
        while !self.has_room(facts.octets) && state.kept.pop_front().is_some() {
            self.collect(&mut recycle);
        }
        if self.has_room(facts.octets) {
            let slot = Arc::new(Slot { group, facts, before });
            state.kept.push_back(Arc::clone(&slot));
            drop(state);
            self.outstanding.push(slot);
            shared.octets.fetch_add(facts.octets, Ordering::Relaxed);
        } else {
            drop(state);
            recycle(group);
        }
        shared.news.notify_waiters();
    }

    /// Hands to `recycle` what no reader holds any more. For a publisher that has nothing to publish.
    pub fn reclaim(&mut self, mut recycle: impl FnMut(T)) {
        let shared = Arc::clone(&self.shared);
        let mut state = shared.lock();
        if state.readers == 0 {
            state.kept.clear();
        }
        drop(state);
        self.collect(&mut recycle);
    }

    fn has_room(&self, octets: usize) -> bool {
        self.shared.octets.load(Ordering::Relaxed) + octets <= self.shared.limits.octets_max
    }

    /// Hands every group that is neither kept nor held by a reader to `recycle`.
    fn collect(&mut self, recycle: &mut impl FnMut(T)) {
        let shared = &self.shared;
        for slot in self.outstanding.extract_if(.., |slot| Arc::strong_count(slot) == 1) {
            // Nobody else can reach a slot that is neither kept nor held, so this is the last reference.
            if let Some(slot) = Arc::into_inner(slot) {
                shared.octets.fetch_sub(slot.facts.octets, Ordering::Relaxed);
                recycle(slot.group);
            }
        }
    }
}

impl<T> Drop for Publisher<T> {
    fn drop(&mut self) {
        self.shared.lock().is_closed = true;
        self.shared.news.notify_waiters();
    }
}

impl<T> Clone for Tap<T> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared) }
    }
}

impl<T> Tap<T> {
    /// A reader of all groups that are published from now on. `kind` is its label in the count of missed events.
    /// `None` when there are as many readers as may be.
    #[must_use]
    pub fn subscribe(&self, kind: &'static str) -> Option<Reader<T>> {
        let mut state = self.shared.lock();
        if state.readers >= self.shared.limits.readers_max {
            return None;
        }
        state.readers += 1;
        let known = state.missed.iter().find(|(known, _)| *known == kind);
        let missed = known.map(|(_, counter)| Arc::clone(counter)).unwrap_or_default();
        if known.is_none() {
            state.missed.push((kind, Arc::clone(&missed)));
        }
        Some(Reader { shared: Arc::clone(&self.shared), position: state.published, missed })
    }

    /// Events missed so far, by kind of reader.
    #[must_use]
    pub fn missed(&self) -> Vec<(&'static str, u64)> {
        self.shared.lock().missed.iter().map(|(kind, counter)| (*kind, counter.get())).collect()
    }

    /// Octets of the groups that are not recycled yet.
    #[must_use]
    pub fn octets(&self) -> usize {
        self.shared.octets.load(Ordering::Relaxed)
    }
}

impl<T> Reader<T> {
    /// Number of the last commit that the reader has got or missed; at first, of the newest one that was published
    /// before it subscribed, 0 when there was none.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.position.number
    }

    /// Waits for the next group.
    pub async fn next(&mut self) -> Next<T> {
        loop {
            let shared = Arc::clone(&self.shared);
            let mut news = std::pin::pin!(shared.news.notified());
            // Registered before the look, so that no publication in between goes unnoticed.
            news.as_mut().enable();
            if let Some(next) = self.try_next() {
                return next;
            }
            news.await;
        }
    }

    /// What is there now; `None` when nothing was published since.
    pub fn try_next(&mut self) -> Option<Next<T>> {
        let state = self.shared.lock();
        if state.published.groups == self.position.groups {
            return state.is_closed.then_some(Next::Closed);
        }
        let at = state.kept.partition_point(|slot| slot.before.groups < self.position.groups);
        let slot = state.kept.get(at).map(Arc::clone);
        let reached = slot.as_ref().map_or(state.published, |slot| slot.before);
        drop(state);
        if reached.groups > self.position.groups {
            let (after, up_to) = (self.position.number, reached.number);
            let events = reached.events - self.position.events;
            self.missed.add(events);
            self.position = reached;
            return Some(Next::Missed(Missed { after, up_to, events }));
        }
        let slot = slot?;
        self.position = slot.before.behind(&slot.facts);
        Some(Next::Group(Held { slot }))
    }
}

impl<T> Drop for Reader<T> {
    fn drop(&mut self) {
        self.shared.lock().readers -= 1;
    }
}

impl<T> Held<T> {
    /// Number of the commit that stored the group.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.slot.facts.number
    }

    /// The group.
    #[must_use]
    pub fn group(&self) -> &T {
        &self.slot.group
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn limits(groups_max: usize, octets_max: usize) -> TapLimits {
        TapLimits { groups_max, octets_max, readers_max: 2 }
    }

    fn facts(number: u64, events: u64, octets: usize) -> GroupFacts {
        GroupFacts { number, events, octets }
    }

    /// Publishes group `number` of `events` events and as many octets; returns what was recycled.
    fn publish(publisher: &mut Publisher<u64>, number: u64, events: u64) -> Vec<u64> {
        let mut recycled = Vec::new();
        let octets = usize::try_from(events).unwrap();
        publisher.publish(facts(number, events, octets), number, |group| recycled.push(group));
        recycled
    }

    fn group_number(next: Option<Next<u64>>) -> u64 {
        match next {
            Some(Next::Group(held)) => {
                assert_eq!(*held.group(), held.number());
                held.number()
            }
            other => panic!("expected a group, got {other:?}"),
        }
    }

    #[test]
    fn without_readers_every_group_is_recycled_at_once() {
        let (mut publisher, tap) = tap::<u64>(limits(4, 100));
        assert_eq!(publish(&mut publisher, 1, 5), [1]);
        assert_eq!(tap.octets(), 0);
    }

    #[test]
    fn readers_get_every_group_in_order_from_their_subscription_on() {
        let (mut publisher, tap) = tap::<u64>(limits(4, 100));
        publish(&mut publisher, 1, 5);
        let mut reader = tap.subscribe("tail").unwrap();
        assert_eq!(reader.number(), 1);
        assert!(reader.try_next().is_none());
        assert!(publish(&mut publisher, 2, 5).is_empty());
        assert!(publish(&mut publisher, 5, 5).is_empty());
        assert_eq!((group_number(reader.try_next()), group_number(reader.try_next())), (2, 5));
        drop(publisher);
        assert!(matches!(reader.try_next(), Some(Next::Closed)));
    }

    #[test]
    fn a_reader_that_lags_learns_exactly_what_it_missed() {
        let (mut publisher, tap) = tap::<u64>(limits(2, 1_000));
        let mut reader = tap.subscribe("tail").unwrap();
        for number in 1..=5 {
            publish(&mut publisher, number, number * 10);
        }
        let missed = Missed { after: 0, up_to: 3, events: 60 };
        assert!(matches!(reader.try_next(), Some(Next::Missed(found)) if found == missed));
        assert_eq!((group_number(reader.try_next()), group_number(reader.try_next())), (4, 5));
        assert!(reader.try_next().is_none());
        assert_eq!(tap.missed(), [("tail", 60)]);
    }

    #[test]
    fn a_stalled_reader_cannot_make_the_tap_outgrow_its_octets() {
        let (mut publisher, tap) = tap::<u64>(limits(8, 100));
        let mut reader = tap.subscribe("tail").unwrap();
        assert!(publish(&mut publisher, 1, 60).is_empty());
        let held = reader.try_next();
        // Group 1 is held, so that there is no room for another of its size.
        assert_eq!(publish(&mut publisher, 2, 60), [2]);
        assert!(publish(&mut publisher, 3, 40).is_empty());
        assert_eq!(tap.octets(), 100);
        let missed = Missed { after: 1, up_to: 2, events: 60 };
        assert!(matches!(reader.try_next(), Some(Next::Missed(found)) if found == missed));
        assert_eq!(group_number(reader.try_next()), 3);
        assert_eq!(group_number(held), 1);
        assert_eq!(publish(&mut publisher, 4, 60), [1]);
        assert_eq!(tap.octets(), 100);
        // One that is too large for any tap is missed as a whole.
        assert_eq!(publish(&mut publisher, 5, 101), [3, 4, 5]);
        let missed = Missed { after: 3, up_to: 5, events: 161 };
        assert!(matches!(reader.try_next(), Some(Next::Missed(found)) if found == missed));
    }

    #[test]
    fn groups_come_back_when_the_last_reader_is_gone() {
        let (mut publisher, tap) = tap::<u64>(limits(8, 100));
        let readers = [tap.subscribe("tail").unwrap(), tap.subscribe("index").unwrap()];
        assert!(tap.subscribe("tail").is_none(), "two readers are the most");
        publish(&mut publisher, 1, 10);
        drop(readers);
        let mut recycled = Vec::new();
        publisher.reclaim(|group| recycled.push(group));
        assert_eq!((recycled, tap.octets()), (vec![1], 0));
        assert!(tap.subscribe("tail").is_some());
    }

    #[test]
    fn a_waiting_reader_is_woken() {
        let (mut publisher, tap) = tap::<u64>(limits(8, 100));
        let mut reader = tap.subscribe("tail").unwrap();
        let publishing = std::thread::spawn(move || {
            for number in 1..=3 {
                publish(&mut publisher, number, 1);
            }
        });
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let seen = runtime.block_on(async {
            let mut seen = Vec::new();
            while let Next::Group(held) = reader.next().await {
                seen.push(held.number());
            }
            seen
        });
        publishing.join().unwrap();
        assert_eq!(seen, [1, 2, 3]);
    }
}
