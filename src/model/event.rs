//! One message as we mean it: where it came from, when, and where its parts lie in the batch.

use std::net::IpAddr;

use crate::base::clock::Timestamp;
use crate::base::span::Span;
use crate::model::device_time::TimeSource;
use crate::model::trailing::Trailing;

/// Name of an event: when it was received, and a tie-breaker. Order of ids is order of receipt.
///
/// ```text
///  63                              11 10      6 5       0
/// +----------------------------------+---------+---------+
/// | microseconds since 1970-01-01    | producer| counter |
/// +----------------------------------+---------+---------+
/// ```
///
/// The store renders it, with its node id in the tail, as a UUIDv7 (RFC 9562 5.7; the layout of the remaining bits
/// follows 6.2, methods 1 and 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventId(pub i64);

/// Bits below the microseconds of an [`EventId`].
pub const ID_TAIL_BITS: u32 = 11;
/// Bits of the counter, the lowest of them.
const ID_COUNTER_BITS: u32 = 6;
/// Most producers of ids in one process: shards, and the one that reads streams.
pub const PRODUCERS_MAX: usize = 1 << (ID_TAIL_BITS - ID_COUNTER_BITS);

impl EventId {
    /// The time of receipt that the id tells. It is the event's own, or a microsecond or so later when more events
    /// came in one microsecond than the counter holds.
    #[must_use]
    pub fn received_at(self) -> Timestamp {
        Timestamp(self.0 >> ID_TAIL_BITS)
    }
}

/// Makes the ids of one producer: strictly rising, and never equal to another producer's.
#[derive(Debug)]
pub struct IdAllocator {
    producer: i64,
    last: i64,
}

impl IdAllocator {
    /// The allocator of producer number `producer`, whose ids all follow `after`: the newest one in the store, which
    /// is ahead of the clock when that was set back since.
    ///
    /// # Panics
    /// When `producer` is not below [`PRODUCERS_MAX`]; start-up code sees to that.
    #[must_use]
    pub fn new(producer: usize, after: EventId) -> Self {
        assert!(producer < PRODUCERS_MAX, "at most {PRODUCERS_MAX} producers of event ids");
        let producer = (producer as i64) << ID_COUNTER_BITS;
        Self { producer, last: (((after.0 >> ID_TAIL_BITS) + 1) << ID_TAIL_BITS) | producer }
    }

    /// The id of an event received at `now`. When more than 64 come in one microsecond, or the clock steps back,
    /// the id runs ahead of the clock.
    pub fn next(&mut self, now: Timestamp) -> EventId {
        let first = (now.0 << ID_TAIL_BITS) | self.producer;
        let counter_mask = (1 << ID_COUNTER_BITS) - 1;
        self.last = if first > self.last {
            first
        } else if self.last & counter_mask == counter_mask {
            (((self.last >> ID_TAIL_BITS) + 1) << ID_TAIL_BITS) | self.producer
        } else {
            self.last + 1
        };
        EventId(self.last)
    }
}

/// What kind of message an event is. The numbers are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A syslog message of whatever shape.
    Syslog = 0,
    /// An SNMPv1 trap.
    SnmpV1 = 1,
    /// An SNMPv2c trap or inform.
    SnmpV2c = 2,
    /// An SNMPv3 message.
    SnmpV3 = 3,
    /// A datagram that came to an SNMP listener and says nothing we can name a version of.
    SnmpUndecoded = 4,
}

/// Most reasons kept for one event.
pub const REASONS_MAX: usize = 4;

/// Why an event is not `validated`: at most [`REASONS_MAX`] static texts, without allocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reasons([Option<&'static str>; REASONS_MAX]);

impl Reasons {
    /// Adds a reason; one too many is left out, since the first ones tell the most.
    pub fn add(&mut self, reason: &'static str) {
        if let Some(free) = self.0.iter_mut().find(|slot| slot.is_none()) {
            *free = Some(reason);
        }
    }

    /// Whether there is nothing to complain about.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0[0].is_none()
    }

    /// The reasons, first one first.
    pub fn iter(&self) -> impl Iterator<Item = &'static str> {
        self.0.iter().flatten().copied()
    }
}

/// What a syslog message says in its header. Spans lie in the batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SyslogRecord {
    /// PRI as received; `None` when absent or above 191.
    pub pri: Option<u8>,
    /// HOSTNAME.
    pub host: Span,
    /// APP-NAME or TAG.
    pub program: Span,
    /// PROCID or the TAG's bracket, when it is a number.
    pub process_id: Option<u32>,
    /// The device's own time, resolved.
    pub device_time: Option<Timestamp>,
    /// What the time of the message rests on.
    pub time_source: TimeSource,
}

/// What an SNMP notification says. Spans lie in the batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct NotificationRecord {
    /// snmpTrapOID in dots; empty when it cannot be derived.
    pub oid: Span,
    /// Its symbolic name, or the dots again.
    pub trap_type: Span,
    /// The community; empty for SNMPv3.
    pub community: Span,
}

/// The part of an event that depends on what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Body {
    /// Syslog, parsed or kept as it came.
    Syslog(SyslogRecord),
    /// A decoded SNMP notification.
    Notification(NotificationRecord),
    /// Octets that an SNMP listener could not decode; the reasons say why.
    Undecoded,
    /// The same, of a message of SNMPv3 whose user could not prove itself: with another credential it may be decoded.
    AwaitsCredential,
}

/// A received message: spans into the octets of its batch, and facts about its reception.
#[derive(Debug, Clone, Copy)]
pub struct Event {
    /// Its name and place in the order of receipt.
    pub id: EventId,
    /// When we received it.
    pub received_at: Timestamp,
    /// Number of the listener it came to.
    pub listener: u8,
    /// The address it came from.
    pub source: IpAddr,
    /// What it is.
    pub kind: Kind,
    /// `raw_message`: the text that rules match on.
    pub text: Span,
    /// What stood behind the text of a syslog message and is cut from it.
    pub trailing: Trailing,
    /// How many octets of `text` are the header of a syslog message; what follows is its content.
    pub content_start: u32,
    /// The octets as received, where `text` and `trailing` are not exactly them.
    pub raw_bytes: Span,
    /// `enriched_data`, a JSON object; empty when there is nothing to say.
    pub enriched: Span,
    /// The rule that matched, by its place among the batch's labels.
    pub rule: Option<u32>,
    /// Why it is not `validated`.
    pub reasons: Reasons,
    /// The rest.
    pub body: Body,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_rise_and_do_not_collide_between_producers() {
        let mut first = IdAllocator::new(0, EventId(0));
        let mut second = IdAllocator::new(PRODUCERS_MAX - 1, EventId(0));
        let mut seen = std::collections::BTreeSet::new();
        let mut last = EventId(0);
        for n in 0..1_000 {
            // 100 events a microsecond, more than the counter holds, and the clock steps back once.
            let now = Timestamp(1_795_335_330_000_000 + n / 100 - if n == 500 { 1_000 } else { 0 });
            let id = first.next(now);
            assert!(id > last);
            last = id;
            assert!(seen.insert(id));
            assert!(seen.insert(second.next(now)));
        }
        assert_eq!(last.0 >> ID_TAIL_BITS, 1_795_335_330_000_000 + 15, "64 ids a microsecond");
    }

    #[test]
    fn ids_follow_the_newest_of_the_last_run_though_the_clock_was_set_back() {
        let newest = IdAllocator::new(PRODUCERS_MAX - 1, EventId(0)).next(Timestamp(2_000_000));
        let mut ids = IdAllocator::new(0, newest);
        let mut last = newest;
        for _ in 0..200 {
            let id = ids.next(Timestamp(1_000_000));
            assert!(id > last);
            assert_eq!((id.0 >> ID_COUNTER_BITS) & (PRODUCERS_MAX as i64 - 1), 0, "still the producer's own");
            last = id;
        }
    }
}
