//! Counts arrivals, collects events in batches, hands batches to the queue when they are full or due.

use std::sync::Arc;

use crate::base::clock::Timestamp;
use crate::base::drop_reason::DropReason;
use crate::model::batch::Batch;
use crate::queue::Producer;
use crate::shard::admission::Admission;
use crate::shard::counters::ShardCounters;
use crate::shard::own_events::OwnEvents;
use crate::shard::pipeline::{Arrival, Cut, Outcome, Pipeline, Protocol};

/// How long an event may wait in an unfinished batch, in microseconds, when the sink keeps up: a seventh of what a group
/// commit waits by default. Each batch costs the sink a wake-up, whatever is in it.
pub const FLUSH_AFTER_MICROS: i64 = 50_000;

/// The same, where a sender waits for an answer, of which nothing but the commit should hold it up.
const ANSWERED_AFTER_MICROS: i64 = 20_000;

/// What happens when the queue has no room for a full batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overflow {
    /// The newest events, those of the batch, are dropped and counted: for UDP, where the kernel drops otherwise.
    DropNewest,
    /// The batch is kept and the caller stops reading: for streams, where the sender can be made to wait.
    StopReading,
}

/// Takes arrivals, gives batches.
#[derive(Debug)]
pub struct Intake {
    admission: Admission,
    own_events: Option<OwnEvents>,
    pipeline: Pipeline,
    batch: Batch,
    oldest: Timestamp,
    producer: Producer<Batch>,
    overflow: Overflow,
    counters: Arc<ShardCounters>,
}

impl Intake {
    /// An intake that hands its batches to `producer`, and tells by `own_events` what admission limited.
    #[must_use]
    pub fn new(
        admission: Admission,
        own_events: Option<OwnEvents>,
        pipeline: Pipeline,
        producer: Producer<Batch>,
        overflow: Overflow,
        counters: Arc<ShardCounters>,
    ) -> Self {
        let batch = producer.reuse().unwrap_or_default();
        Self { admission, own_events, pipeline, batch, oldest: Timestamp(0), producer, overflow, counters }
    }

    /// Whether another arrival can be taken. With [`Overflow::StopReading`] this may be `false` for a while.
    pub fn has_room(&mut self) -> bool {
        !self.batch.is_full() || self.flush()
    }

    /// Takes an arrival, unless admission refuses it. Call only when [`has_room`](Self::has_room) said so.
    pub fn accept(&mut self, arrival: &Arrival<'_>) {
        // Streams are made to wait instead.
        let is_pressed = self.overflow == Overflow::DropNewest && self.producer.is_pressed();
        let reason = self.admission.refuses(arrival.peer.ip(), arrival.listener, arrival.at, is_pressed);
        let Some(reason) = reason else { return self.take(arrival) };
        let Some(counters) = self.counters.listeners.get(arrival.listener) else { return };
        counters.received.add_alone(1);
        counters.octets.add_alone(arrival.bytes.len() as u64);
        // No acknowledgement is sent: a sender that waits for one still has the message, and repeats it.
        counters.dropped.add_alone(reason, 1);
        if reason.is_of_source() && arrival.protocol == Protocol::Snmp {
            self.begin_if_empty(arrival.at);
            self.batch.note_refused(arrival.peer.ip(), reason.as_str(), arrival.at);
        }
    }

    /// Makes an empty batch ready for what comes now.
    fn begin_if_empty(&mut self, now: Timestamp) {
        if self.batch.is_empty() {
            self.pipeline.begin(&mut self.batch);
            self.oldest = now;
        }
    }

    /// Takes an arrival, whoever sent it.
    fn take(&mut self, arrival: &Arrival<'_>) {
        self.begin_if_empty(arrival.at);
        let outcome = self.pipeline.process(arrival, &mut self.batch);
        self.batch.acknowledgements.extend(arrival.acknowledgement);
        let Some(counters) = self.counters.listeners.get(arrival.listener) else { return };
        counters.received.add_alone(1);
        counters.octets.add_alone(arrival.bytes.len() as u64);
        if arrival.cut == Some(Cut::Truncated) {
            counters.truncated.add_alone(1);
        }
        if arrival.repeated {
            counters.repeated.add_alone(1);
        }
        match outcome {
            Outcome::Discarded => counters.discarded.add_alone(1),
            Outcome::Dropped(reason) => counters.dropped.add_alone(reason, 1),
            Outcome::Appended { undecoded } => {
                counters.appended.add_alone(1);
                if let Some(reason) = undecoded {
                    counters.count_undecoded(reason);
                }
            }
        }
    }

    /// Hands the batch over when it has waited long enough. When the sink is behind, a batch that is not full stays,
    /// since it would only use up a place in the queue.
    pub fn flush_if_due(&mut self, now: Timestamp) {
        self.admission.note_pace(now, self.producer.taken());
        self.emit_summaries(now, false);
        if !self.batch.is_empty() && self.is_due(now) && (self.producer.is_empty() || self.batch.is_full()) {
            self.flush();
        }
    }

    /// Whether the oldest event has waited for long enough, or the clock was set back.
    fn is_due(&self, now: Timestamp) -> bool {
        let is_answered = !self.batch.informs.is_empty() || !self.batch.acknowledgements.is_empty();
        let wait = if is_answered { ANSWERED_AFTER_MICROS } else { FLUSH_AFTER_MICROS };
        !(0..wait).contains(&(now.0 - self.oldest.0))
    }

    /// Whether events wait in the batch.
    #[must_use]
    pub fn is_pending(&self) -> bool {
        !self.batch.is_empty()
    }

    /// Hands the batch over now. Returns whether the intake has room afterwards.
    pub fn flush(&mut self) -> bool {
        if self.batch.is_empty() {
            return true;
        }
        let events = self.batch.events.len() as u64;
        // Asked first, so that a full queue does not cost a new batch for each attempt.
        let has_room = match self.overflow {
            Overflow::DropNewest => self.producer.has_room(events),
            // A sender that can be made to wait leaves room for those who cannot.
            Overflow::StopReading => self.producer.has_room_in_half(events),
        };
        if has_room {
            let next = self.producer.reuse().unwrap_or_default();
            match self.producer.push(std::mem::replace(&mut self.batch, next), events) {
                Ok(()) => return true,
                Err(batch) => self.batch = batch,
            }
        }
        match self.overflow {
            Overflow::StopReading => false,
            Overflow::DropNewest => {
                self.drop_batch();
                true
            }
        }
    }

    /// Changes what happens when the queue has no room.
    pub fn set_overflow(&mut self, overflow: Overflow) {
        self.overflow = overflow;
    }

    /// Counts the events of the batch as dropped. Informs and RELP messages stay unanswered, so that senders repeat them.
    fn drop_batch(&mut self) {
        for event in &self.batch.events {
            if let Some(counters) = self.counters.listeners.get(event.listener) {
                counters.dropped.add_alone(DropReason::QueueFull, 1);
            }
        }
        self.batch.clear();
    }

    /// Takes the summaries of dropped messages in as events of our own.
    fn emit_summaries(&mut self, now: Timestamp, at_end: bool) {
        let Some(mut own_events) = self.own_events.take() else { return };
        let (due, limit) = match &self.admission.policy().limiter {
            Some(limiter) => (limiter.summaries(now, at_end), limiter.settings()),
            None => (Vec::new(), None),
        };
        for summary in due {
            // Without room the batch grows beyond its size by a few lines rather than lose them.
            self.has_room();
            self.take(&own_events.rate_limited(&summary, limit, now));
        }
        self.own_events = Some(own_events);
    }

    /// At shutdown: what the queue does not take now is dropped, whatever the policy.
    pub fn finish(&mut self, now: Timestamp) {
        self.emit_summaries(now, true);
        if !self.flush() {
            self.drop_batch();
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::base::cidr::IpRanges;
    use crate::matching::RuleSet;
    use crate::model::batch::Acknowledgement;
    use crate::queue;
    use crate::shard::admission::SourcePolicy;
    use crate::shard::listener::ListenerSources;
    use crate::shard::pipeline::PipelineParts;
    use crate::shard::rules::ActiveRules;
    use arc_swap::ArcSwap;

    /// An intake of one listener that waits for room, what comes out of it, and its counters.
    fn intake(listener: ListenerSources) -> (Intake, queue::Consumer<Batch>, Arc<ShardCounters>) {
        let listeners = [(0, listener)].into_iter().collect();
        let admission = Admission::new(Arc::new(ArcSwap::from_pointee(SourcePolicy {
            listeners,
            ..SourcePolicy::default()
        })));
        let rules = ActiveRules::new(RuleSet::compile(Vec::new()).unwrap());
        let pipeline = Pipeline::new(PipelineParts::new(Arc::new(ArcSwap::from_pointee(rules))));
        let (producer, consumer) = queue::bounded(2, 100);
        let counters = Arc::new(ShardCounters::new(&[0]));
        let intake =
            Intake::new(admission, None, pipeline, producer, Overflow::StopReading, Arc::clone(&counters));
        (intake, consumer, counters)
    }

    /// A syslog message of 192.0.2.`last`, received at the first second.
    fn arrival(last: u8, acknowledgement: Option<Acknowledgement>) -> Arrival<'static> {
        Arrival {
            protocol: Protocol::Syslog,
            listener: 0,
            port: 2514,
            bytes: b"<14>1 - h a - - - x",
            peer: ([192, 0, 2, last], 1).into(),
            local: None,
            at: Timestamp(1_000_000),
            cut: None,
            acknowledgement,
            repeated: false,
        }
    }

    #[test]
    fn a_batch_waits_for_company_and_less_where_a_sender_waits() {
        for (acknowledgement, wait) in [
            (None, FLUSH_AFTER_MICROS),
            (Some(Acknowledgement { connection: 7, transaction: 1 }), ANSWERED_AFTER_MICROS),
        ] {
            let (mut intake, consumer, _) = intake(ListenerSources::default());
            intake.accept(&arrival(1, None));
            intake.accept(&arrival(1, acknowledgement));
            intake.flush_if_due(Timestamp(1_000_000 + wait - 1));
            assert!(consumer.pop().is_none());
            intake.flush_if_due(Timestamp(1_000_000 + wait));
            assert_eq!(consumer.pop().map(|batch| batch.events.len()), Some(2));
            intake.accept(&arrival(1, acknowledgement));
            intake.flush_if_due(Timestamp(999_999));
            assert!(consumer.pop().is_some(), "the clock was set back");
        }
    }

    #[test]
    fn only_what_was_taken_is_acknowledged() {
        let allowed = Some(IpRanges::parse(["192.0.2.1"]).unwrap());
        let (mut intake, consumer, counters) =
            intake(ListenerSources { allowed, ..ListenerSources::default() });
        for (transaction, last) in (1..).zip([1, 2, 1]) {
            intake.accept(&arrival(last, Some(Acknowledgement { connection: 7, transaction })));
        }
        assert!(intake.flush());
        let batch = consumer.pop().unwrap();
        let told: Vec<u32> = batch.acknowledgements.iter().map(|word| word.transaction).collect();
        assert_eq!((batch.events.len(), told), (2, vec![1, 3]));
        let counters = counters.listeners.get(0).unwrap();
        assert_eq!((counters.received.get(), counters.dropped.get(DropReason::SourceNotAllowed)), (3, 1));
    }
}
