//! Many events and the one buffer they point into: what travels from a shard to the sink.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use crate::base::clock::Timestamp;
use crate::base::limits;
use crate::base::span::Span;
use crate::model::event::Event;
use crate::model::refused::{REFUSED_LISTED_MAX, REFUSED_REASONS_MAX, RefusedSource, note_refused};
use crate::model::snmp_user::UserSighting;

/// What is stored of the rule that matched.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RuleLabel {
    /// `id` in the rules file.
    pub id: String,
    /// `name` in the rules file.
    pub name: String,
    /// `severity` in the rules file.
    pub severity: String,
}

/// Identity of an inform, equal for its repetitions: a keyed hash of sender, community, request-id and PDU.
pub type InformKey = u128;

/// An inform that waits for its answer (RFC 3416 4.2.7): it is sent when its event is committed, not before. Also
/// another message of SNMPv3 that is answered: with a Report, which goes the same way.
#[derive(Debug, Clone, Copy)]
pub struct Inform {
    /// Which event of the batch it is; `None` when a rule discarded it, so that only the answer is left, and with a
    /// Report, before which nothing need be committed.
    pub event: Option<u32>,
    /// Whether the answer is a Report-PDU and not a Response-PDU.
    pub is_report: bool,
    /// Equal for repetitions of the same inform.
    pub key: InformKey,
    /// Where the answer goes.
    pub peer: SocketAddr,
    /// The address the request came to, from where the answer leaves.
    pub local: Option<IpAddr>,
    /// Port of the listener.
    pub port: u16,
    /// The answer, in the batch's octets.
    pub response: Span,
}

/// A message taken over RELP that waits for its answer: it is sent when the group it travels in is committed, not before,
/// also when a rule discarded the message. Its octets are with the connection, not here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Acknowledgement {
    /// Number of the connection, never used twice.
    pub connection: u64,
    /// TXNR of the message.
    pub transaction: u32,
}

/// Sources and sums that a batch lists as refused.
const REFUSED_MAX: usize = REFUSED_LISTED_MAX + REFUSED_REASONS_MAX;

/// A batch: events, and the octets that all their spans point into.
///
/// Octets are copied in densely when a message is accepted: a receive buffer sized for the largest datagram would
/// pin 64 KiB for each message of 200 octets.
#[derive(Debug)]
pub struct Batch {
    /// The octets of all messages.
    pub octets: Vec<u8>,
    /// The events, in order of receipt.
    pub events: Vec<Event>,
    /// The informs among them.
    pub informs: Vec<Inform>,
    /// Acknowledgements of messages among them.
    pub acknowledgements: Vec<Acknowledgement>,
    /// What messages of SNMPv3 tell about users, of messages that a rule discarded as well.
    pub sightings: Vec<UserSighting>,
    /// Who was refused since the batch was begun, and why; bounded.
    pub refused: Vec<RefusedSource>,
    /// Labels of the rule set that was in force; [`Event::rule`] is an index into it.
    pub labels: Arc<[RuleLabel]>,
}

impl Batch {
    /// Most octets of memory one batch holds on to.
    pub const OCTETS_MAX: usize = limits::BATCH_OCTETS_TARGET
        + limits::MESSAGE_OCTETS_MAX
        + limits::BATCH_EVENTS_MAX
            * (size_of::<Event>()
                + size_of::<Inform>()
                + size_of::<Acknowledgement>()
                + size_of::<UserSighting>())
        + REFUSED_MAX * size_of::<RefusedSource>();

    /// An empty batch with its memory reserved.
    #[must_use]
    pub fn new() -> Self {
        Self {
            // All of it at once: what is not used is not in RAM, and nothing grows by doubling.
            octets: Vec::with_capacity(limits::BATCH_OCTETS_TARGET + limits::MESSAGE_OCTETS_MAX),
            events: Vec::with_capacity(limits::BATCH_EVENTS_MAX),
            informs: Vec::new(),
            acknowledgements: Vec::new(),
            sightings: Vec::new(),
            refused: Vec::with_capacity(REFUSED_MAX),
            labels: Arc::from([]),
        }
    }

    /// Empties the batch for its next use. Its memory stays: it has its full size from the start.
    pub fn clear(&mut self) {
        self.octets.clear();
        self.events.clear();
        self.informs.clear();
        self.acknowledgements.clear();
        self.sightings.clear();
        self.refused.clear();
    }

    /// Whether there is nothing to hand over.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
            && self.informs.is_empty()
            && self.acknowledgements.is_empty()
            && self.sightings.is_empty()
            && self.refused.is_empty()
    }

    /// Whether another message may make the batch outgrow its bounds.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.events.len() >= limits::BATCH_EVENTS_MAX
            || self.informs.len() >= limits::BATCH_EVENTS_MAX
            || self.acknowledgements.len() >= limits::BATCH_EVENTS_MAX
            || self.sightings.len() >= limits::BATCH_EVENTS_MAX
            || self.octets.len() >= limits::BATCH_OCTETS_TARGET
    }

    /// Notes that a message of `source` was refused at `at`.
    pub fn note_refused(&mut self, source: IpAddr, reason: &'static str, at: Timestamp) {
        note_refused(&mut self.refused, source, reason, at);
    }

    /// Copies `bytes` in and returns where they lie.
    pub fn append(&mut self, bytes: &[u8]) -> Span {
        let start = self.octets.len();
        self.octets.extend_from_slice(bytes);
        self.span_from(start)
    }

    /// The span from `start` to the end of the octets.
    #[must_use]
    pub fn span_from(&self, start: usize) -> Span {
        // Both fit: a batch is closed far below 2^32 octets (base::limits asserts it).
        Span { start: start as u32, len: (self.octets.len() - start) as u32 }
    }

    /// The octets of `span`.
    #[must_use]
    pub fn bytes(&self, span: Span) -> &[u8] {
        span.of(&self.octets)
    }
}

impl Default for Batch {
    fn default() -> Self {
        Self::new()
    }
}
