//! Floor 1: the bounded hand-over of batches from shards to the sink, on a lock-free ring.
//!
//! Both the number of batches and the number of events in them are bounded; a full queue gives the batch back, and
//! what happens then is its owner's named policy (UDP drops and counts, TCP stops reading). Emptied batches travel
//! back through a second ring, so that steady state allocates nothing.
//!
//! Invariant: depth is pushed minus popped, two monotone counters; no gauge is kept.

pub mod tap;

use std::sync::Arc;
use std::time::Duration;

use crossbeam_queue::ArrayQueue;
use crossbeam_utils::sync::{Parker, Unparker};

use crate::base::counter::Counter;
use crate::base::metric::Metric;

/// What both ends share.
#[derive(Debug)]
struct Shared<T> {
    full: ArrayQueue<(T, u64)>,
    empty: ArrayQueue<T>,
    events_max: u64,
    pushed: Counter,
    popped: Counter,
}

/// The end that shards hold. Cheap to clone.
#[derive(Debug)]
pub struct Producer<T> {
    shared: Arc<Shared<T>>,
    wake: Unparker,
}

/// The one end that the sink holds.
#[derive(Debug)]
pub struct Consumer<T> {
    shared: Arc<Shared<T>>,
    parker: Parker,
}

/// Wakes the consumer for another reason than a batch. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Waker(Unparker);

impl Waker {
    /// Ends the consumer's [`wait`](Consumer::wait), or the next one.
    pub fn wake(&self) {
        self.0.unpark();
    }
}

/// How full the queue is, for whoever wants to know.
#[derive(Debug)]
pub struct Depth<T>(Arc<Shared<T>>);

/// A queue of at most `batches_max` batches that hold at most `events_max` events together.
#[must_use]
pub fn bounded<T>(batches_max: usize, events_max: u64) -> (Producer<T>, Consumer<T>) {
    let shared = Arc::new(Shared {
        full: ArrayQueue::new(batches_max.max(1)),
        empty: ArrayQueue::new(batches_max.max(1)),
        events_max,
        pushed: Counter::default(),
        popped: Counter::default(),
    });
    let parker = Parker::new();
    let producer = Producer { shared: Arc::clone(&shared), wake: parker.unparker().clone() };
    (producer, Consumer { shared, parker })
}

impl<T> Clone for Producer<T> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared), wake: self.wake.clone() }
    }
}

impl<T> Clone for Depth<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Shared<T> {
    fn depth(&self) -> u64 {
        // Popped first: it can only be behind, so the difference is never negative.
        let popped = self.popped.get();
        self.pushed.get().saturating_sub(popped)
    }
}

impl<T> Producer<T> {
    /// Hands over `batch`, which holds `events` events.
    ///
    /// # Errors
    /// Gives the batch back when the queue has no room for it.
    pub fn push(&self, batch: T, events: u64) -> Result<(), T> {
        // Several producers may pass this test together and overshoot by one batch each: the bound is on memory,
        // which the ring's own capacity holds exactly.
        if self.shared.depth() + events > self.shared.events_max {
            self.wake.unpark();
            return Err(batch);
        }
        self.shared.pushed.add(events);
        match self.shared.full.push((batch, events)) {
            Ok(()) => {
                self.wake.unpark();
                Ok(())
            }
            Err((batch, events)) => {
                self.shared.popped.add(events);
                self.wake.unpark();
                Err(batch)
            }
        }
    }

    /// Whether a batch of `events` events would find room now.
    #[must_use]
    pub fn has_room(&self, events: u64) -> bool {
        !self.shared.full.is_full() && self.shared.depth() + events <= self.shared.events_max
    }

    /// Whether a batch of `events` events would leave the queue at most half full, or is the only one.
    #[must_use]
    pub fn has_room_in_half(&self, events: u64) -> bool {
        let depth = self.shared.depth();
        self.has_room(events) && (depth == 0 || 2 * (depth + events) <= self.shared.events_max)
    }

    /// Whether the queue is more than three quarters full.
    #[must_use]
    pub fn is_pressed(&self) -> bool {
        4 * self.shared.depth() > 3 * self.shared.events_max
    }

    /// Events that the consumer has taken so far.
    #[must_use]
    pub fn taken(&self) -> u64 {
        self.shared.popped.get()
    }

    /// Whether nothing waits: the consumer keeps up.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.shared.full.is_empty()
    }

    /// An emptied batch to fill again, if one came back.
    #[must_use]
    pub fn reuse(&self) -> Option<T> {
        self.shared.empty.pop()
    }

    /// A view of the depth.
    #[must_use]
    pub fn depth(&self) -> Depth<T> {
        Depth(Arc::clone(&self.shared))
    }
}

impl<T> Consumer<T> {
    /// The oldest batch, if there is one.
    #[must_use]
    pub fn pop(&self) -> Option<T> {
        let (batch, events) = self.shared.full.pop()?;
        self.shared.popped.add(events);
        Some(batch)
    }

    /// What wakes this consumer.
    #[must_use]
    pub fn waker(&self) -> Waker {
        Waker(self.parker.unparker().clone())
    }

    /// Sleeps until something was pushed or `timeout` has passed. May return early.
    pub fn wait(&self, timeout: Duration) {
        if self.shared.full.is_empty() {
            self.parker.park_timeout(timeout);
        }
    }

    /// Gives an emptied batch back to the producers.
    pub fn recycle(&self, batch: T) {
        // A full ring of empties means that more are about than can ever be queued: let this one go.
        drop(self.shared.empty.push(batch));
    }
}

impl<T> Depth<T> {
    /// Events in the queue.
    #[must_use]
    pub fn events(&self) -> u64 {
        self.0.depth()
    }

    /// Events that the queue takes at most.
    #[must_use]
    pub fn events_max(&self) -> u64 {
        self.0.events_max
    }

    /// The metrics of the queue.
    pub fn describe(&self) -> impl Iterator<Item = Metric<'_>> {
        [
            Metric::gauge("mutt_queue_depth", "Messages in the queue", self.events()),
            Metric::gauge("mutt_queue_capacity", "Messages that the queue takes at most", self.events_max()),
        ]
        .into_iter()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn order_bounds_and_recycling() {
        let (producer, consumer) = bounded::<Vec<u8>>(2, 10);
        producer.push(vec![1], 4).unwrap();
        assert_eq!(producer.push(vec![9], 7), Err(vec![9]), "11 events are more than 10");
        producer.push(vec![2], 6).unwrap();
        assert_eq!(producer.depth().events(), 10);
        assert!(!producer.has_room(1));
        assert_eq!(producer.push(vec![3], 0), Err(vec![3]), "two batches are the most");
        assert_eq!(consumer.pop(), Some(vec![1]));
        assert_eq!(consumer.pop(), Some(vec![2]));
        assert_eq!(consumer.pop(), None);
        assert_eq!(producer.depth().events(), 0);
        consumer.recycle(vec![7]);
        assert_eq!(producer.reuse(), Some(vec![7]));
        assert_eq!(producer.reuse(), None);
    }

    #[test]
    fn every_pushed_event_is_popped_once_with_four_producers() {
        let (producer, consumer) = bounded::<u64>(8, 1_000_000);
        let threads: Vec<_> = (0..4u64)
            .map(|thread| {
                let producer = producer.clone();
                std::thread::spawn(move || {
                    for n in 0..1_000 {
                        while producer.push(thread * 1_000 + n, 1).is_err() {
                            std::thread::yield_now();
                        }
                    }
                })
            })
            .collect();
        let mut seen = vec![false; 4_000];
        let mut count = 0;
        while count < 4_000 {
            match consumer.pop() {
                Some(n) => {
                    assert!(!std::mem::replace(&mut seen[usize::try_from(n).unwrap()], true));
                    count += 1;
                }
                None => consumer.wait(Duration::from_millis(10)),
            }
        }
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert_eq!(producer.depth().events(), 0);
    }
}
