//! The sink's loop: collect batches, commit them as one group, answer, recycle.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::base::clock::{Clock, Stopwatch};
use crate::base::drop_reason::DropReason;
use crate::base::histogram::Tally;
use crate::model::batch::{Acknowledgement, Batch, Inform};
use crate::model::event::EventId;
use crate::model::group::{Group, Place};
use crate::queue::Consumer;
use crate::sink::counters::SinkCounters;
use crate::sink::informs::RecentInforms;
use crate::sink::{Sink, SinkError};

/// When a group is committed, and how long a refusing store is tried at the end.
#[derive(Debug, Clone, Copy)]
pub struct DrainSettings {
    /// Commit when this many events are collected.
    pub events_max: usize,
    /// Commit when the first of them has waited this long, or half as long where a sender waits for an answer.
    pub wait_max: Duration,
    /// At shutdown, give up a store that has refused everything for this long.
    pub stop_patience: Duration,
}

impl DrainSettings {
    /// How long a group with `batch` may wait. A commit costs the same whatever is in it, so that few are made where
    /// nobody but a reader of the store notices.
    fn wait_max_of(&self, batch: &Batch) -> Duration {
        let is_waited_for = !batch.informs.is_empty() || !batch.acknowledgements.is_empty();
        if is_waited_for { self.wait_max / 2 } else { self.wait_max }
    }
}

/// Sends the answer to an inform.
pub type Answer = Box<dyn Fn(&Inform, &[u8]) -> std::io::Result<()> + Send>;

/// Tells connections that their messages are committed. Must not wait for a peer.
pub type Acknowledge = Box<dyn Fn(&[Acknowledgement]) + Send>;

/// Who is told after a commit.
pub struct Receipts {
    /// Senders of informs.
    pub inform: Answer,
    /// Senders of messages over RELP.
    pub relp: Acknowledge,
}

/// The sink: one thread's work.
pub struct Drain {
    settings: DrainSettings,
    queue: Consumer<Batch>,
    sink: Box<dyn Sink>,
    receipts: Receipts,
    clock: Arc<dyn Clock>,
    counters: Arc<SinkCounters>,
    stop: Arc<AtomicBool>,
    recent: RecentInforms,
    group: Group,
    order: Vec<(EventId, Place)>,
    repeated: Vec<(u8, Place)>,
    /// Since when a store has refused while the program stops.
    refused_since: Option<Stopwatch>,
    /// The store was given up: nothing more is written, and no inform answered.
    has_given_up: bool,
}

impl std::fmt::Debug for Receipts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Receipts").finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Drain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Drain").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// How the sink ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Everything that was queued is committed, and the store is closed.
    Complete,
    /// The store refused this many events to the end; they are counted as dropped.
    GaveUp {
        /// Events not stored.
        events: u64,
    },
}

/// Batches of one group at most, and the octets at which it is large enough: they are memory beside the queue's.
pub const GROUP_BATCHES_MAX: usize = 128;
const GROUP_OCTETS_TARGET: usize = 16 * 1024 * 1024;

/// First and longest wait before a refused write is tried again.
const RETRY_MIN: Duration = Duration::from_millis(50);
const RETRY_MAX: Duration = Duration::from_secs(1);

/// How long a group waits for more while somebody waits for a job, which is a part of its transaction.
const JOB_WAIT_MAX: Duration = Duration::from_millis(100);

/// How long the sink sleeps when nothing comes; it is woken by a push.
const IDLE_WAIT: Duration = Duration::from_millis(100);

impl Drain {
    /// A thread's work: drains `queue` into `sink` until `stop` is set and the queue is empty.
    #[must_use]
    pub fn new(
        settings: DrainSettings,
        queue: Consumer<Batch>,
        sink: Box<dyn Sink>,
        receipts: Receipts,
        clock: Arc<dyn Clock>,
        counters: Arc<SinkCounters>,
        stop: Arc<AtomicBool>,
    ) -> Self {
        Self {
            settings,
            queue,
            sink,
            receipts,
            clock,
            counters,
            stop,
            recent: RecentInforms::default(),
            group: Group::default(),
            order: Vec::new(),
            repeated: Vec::new(),
            refused_since: None,
            has_given_up: false,
        }
    }

    /// Runs until told to stop and the queue is empty.
    #[must_use]
    pub fn run(mut self) -> Ending {
        let mut given_up = 0;
        loop {
            // Read before collecting: what was pushed before the flag was set is seen by the collecting that follows.
            let stopping = self.stop.load(Ordering::Acquire);
            if stopping {
                self.sink.set_shutting_down();
            }
            self.collect();
            if self.group.batches.is_empty() {
                if self.sink.has_jobs() && !self.has_given_up {
                    self.run_jobs();
                } else if stopping {
                    break;
                } else {
                    self.queue.wait(IDLE_WAIT);
                }
                continue;
            }
            given_up += self.commit_group();
        }
        if given_up > 0 {
            return Ending::GaveUp { events: given_up };
        }
        if let Err(error) = self.sink.close() {
            tracing::warn!(%error, "the store could not be closed in good order; committed messages are safe");
        }
        Ending::Complete
    }

    /// Takes batches until a group is full, its first batch has waited long enough, or the program stops.
    fn collect(&mut self) {
        let (mut events, mut octets) = (0, 0);
        let mut since: Option<Stopwatch> = None;
        let mut wait_max = self.settings.wait_max;
        while events < self.settings.events_max
            && octets < GROUP_OCTETS_TARGET
            && self.group.batches.len() < GROUP_BATCHES_MAX
        {
            if let Some(batch) = self.queue.pop() {
                events += batch.events.len();
                octets += batch.octets.len();
                wait_max = wait_max.min(self.settings.wait_max_of(&batch));
                self.group.batches.push(batch);
                since.get_or_insert_with(Stopwatch::start);
                continue;
            }
            let Some(since) = since else { return };
            let waited = since.elapsed();
            if self.sink.has_jobs() {
                wait_max = wait_max.min(JOB_WAIT_MAX);
            }
            // Looked at again and again, since the wait may be a minute.
            if self.stop.load(Ordering::Acquire) || waited >= wait_max {
                return;
            }
            self.queue.wait((wait_max - waited).min(IDLE_WAIT));
        }
    }

    /// Commits the group, however often it takes; then answers its informs. Returns how many events it gave up.
    fn commit_group(&mut self) -> u64 {
        self.plan();
        if let Err(given_up) = self.write_until_taken() {
            self.recycle();
            return given_up;
        }
        self.settle();
        self.recycle();
        0
    }

    /// Puts the events of all batches in order of receipt, leaving repeated informs out.
    fn plan(&mut self) {
        self.order.clear();
        self.repeated.clear();
        for (batch_index, batch) in (0u32..).zip(&self.group.batches) {
            let mut informs = batch.informs.iter().filter(|inform| inform.event.is_some()).peekable();
            for (event_index, event) in (0u32..).zip(&batch.events) {
                let place = Place { batch: batch_index, event: event_index };
                if let Some(inform) = informs.next_if(|inform| inform.event == Some(event_index))
                    && self.recent.is_repeated(inform.key, event.received_at)
                {
                    self.repeated.push((event.listener, place));
                    continue;
                }
                self.order.push((event.id, place));
            }
        }
        // Each batch is in order already: the sort merges a few long runs.
        self.order.sort();
        self.group.places.clear();
        self.group.places.extend(self.order.iter().map(|(_, place)| *place));
    }

    /// Writes the group, waiting out a store that refuses. `Err` is the number of events given up at shutdown.
    fn write_until_taken(&mut self) -> Result<(), u64> {
        let mut pause = RETRY_MIN;
        loop {
            if self.has_given_up {
                return Err(self.give_up());
            }
            let watch = Stopwatch::start();
            match self.sink.write(&self.group) {
                Ok(_) => {
                    self.counters.commit_duration.observe(watch.elapsed());
                    self.note_success();
                    return Ok(());
                }
                Err(error) => self.note_refusal(&error),
            }
            if self.stop.load(Ordering::Acquire) {
                self.sink.set_shutting_down();
                // One patience for the whole stop, not one for each group.
                let since = *self.refused_since.get_or_insert_with(Stopwatch::start);
                self.has_given_up = since.elapsed() >= self.settings.stop_patience;
            }
            if !self.has_given_up {
                std::thread::sleep(pause);
                pause = (pause * 2).min(RETRY_MAX);
            }
        }
    }

    /// Lets the sink do what others asked for. They are answered, also when it refuses.
    fn run_jobs(&mut self) {
        match self.sink.run_jobs() {
            Ok(()) => self.note_success(),
            Err(error) => self.note_refusal(&error),
        }
    }

    /// Says once that a store which refused writes takes them again.
    fn note_success(&self) {
        if self.counters.set_failing(false) {
            tracing::info!("the store takes writes again");
        }
    }

    /// Counts a refused write, and says so once.
    fn note_refusal(&self, error: &SinkError) {
        self.counters.commits_failed.add(1);
        if !self.counters.set_failing(true) {
            tracing::error!(%error, "the store refuses writes; messages wait in the queue, trying again");
        }
    }

    /// Counts the group as dropped.
    fn give_up(&self) -> u64 {
        for batch in &self.group.batches {
            for event in &batch.events {
                if let Some(counters) = self.counters.listeners.get(event.listener) {
                    counters.dropped.add(DropReason::StoreFailed, 1);
                }
            }
        }
        self.group.batches.iter().map(|batch| batch.events.len() as u64).sum()
    }

    /// Counts what was committed, and answers the informs and the RELP messages among it.
    fn settle(&mut self) {
        let now = self.clock.now();
        let mut latency = Tally::default();
        let mut stored = [0u64; 256];
        for (_, event) in self.group.events() {
            latency.observe_micros(u64::try_from(now.0 - event.received_at.0).unwrap_or(0));
            if let Some(count) = stored.get_mut(event.listener as usize) {
                *count += 1;
            }
        }
        for (number, counters) in self.counters.listeners.iter() {
            counters.stored.add(stored.get(usize::from(number)).copied().unwrap_or(0));
        }
        for (listener, _) in &self.repeated {
            if let Some(counters) = self.counters.listeners.get(*listener) {
                counters.dropped.add(DropReason::RepeatedInform, 1);
            }
        }
        self.counters.ingest_latency.add(&latency);
        for batch in &self.group.batches {
            (self.receipts.relp)(&batch.acknowledgements);
            for inform in &batch.informs {
                match (self.receipts.inform)(inform, batch.bytes(inform.response)) {
                    Ok(()) if inform.is_report => {}
                    Ok(()) => self.counters.informs_answered.add(1),
                    Err(error) => {
                        self.counters.informs_unanswered.add(1);
                        tracing::debug!(peer = %inform.peer, %error, "an inform could not be answered");
                    }
                }
            }
        }
    }

    /// Gives the emptied batches back.
    fn recycle(&mut self) {
        for mut batch in self.group.batches.drain(..) {
            batch.clear();
            self.queue.recycle(batch);
        }
    }
}

#[cfg(test)]
mod tests;
