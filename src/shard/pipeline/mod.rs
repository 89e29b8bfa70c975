//! Decodes and matches one message: octets in, an event in the batch or a discard out. No I/O, no clock, no lock.
//!
//! ```text
//! Arrival -> snmp or syslog (decode, render) -> rules -> Event in the Batch, with the answers it asks for
//! ```

mod informs;
mod slow;
mod snmp;
mod syslog;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use arc_swap::ArcSwap;

use crate::base::clock::Timestamp;
use crate::base::drop_reason::DropReason;
use crate::base::limits::DATAGRAM_OCTETS_MAX;
use crate::base::span::Span;
use crate::matching::{Action, RuleIndex, Scratch};
use crate::mib::{Names, standard};
use crate::model::batch::{Acknowledgement, Batch};
use crate::model::event::{Body, Event, EventId, IdAllocator, Kind, Reasons};
use crate::model::notification::Describer;
use crate::model::subject::{ListenerNames, LiveEvent, NoDevices};
use crate::model::trailing::Trailing;
use crate::model::zone::Zones;
use crate::security::{Usm, Verifier};
use crate::shard::admission::{SourcePolicy, SourcesInForce};
use crate::shard::names::NamesInForce;
use crate::shard::rule_counters::{RuleCounters, ShardRuleCounters};
use crate::shard::rules::{ActiveRules, RulesInForce};

pub use crate::shard::listener::Protocol;
pub use informs::InformHasher;

/// A datagram or frame, and how it came.
#[derive(Debug, Clone, Copy)]
pub struct Arrival<'a> {
    /// What it is.
    pub protocol: Protocol,
    /// Number of the listener.
    pub listener: u8,
    /// Port of the listener.
    pub port: u16,
    /// The octets.
    pub bytes: &'a [u8],
    /// Who sent it.
    pub peer: SocketAddr,
    /// The address it was sent to, where known.
    pub local: Option<IpAddr>,
    /// When it was received.
    pub at: Timestamp,
    /// Why it is not whole, if it is not.
    pub cut: Option<Cut>,
    /// Who waits for its commit.
    pub acknowledgement: Option<Acknowledgement>,
    /// It is probably one that came before, which its sender repeats since it got no answer.
    pub repeated: bool,
}

/// Why an arrival is not the whole message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// It was longer than the listener takes; its end is gone.
    Truncated,
    /// It is a part of a message that was longer than the listener takes.
    Part,
    /// The connection ended within it.
    Unterminated,
    /// The stream's framing broke before it: these octets are what stood there.
    OutOfStep,
}

impl Cut {
    /// The reason that its event has.
    const fn reason(self) -> &'static str {
        match self {
            Self::Truncated => "truncated: longer than the listener's buffer_size",
            Self::Part => "split: part of a message longer than the listener's buffer_size",
            Self::Unterminated => "unterminated: the connection ended within the message",
            Self::OutOfStep => "framing broken: not known to be one message",
        }
    }
}

/// What became of an arrival.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It is the last event of the batch.
    Appended {
        /// Why it could not be decoded, if it could not.
        undecoded: Option<&'static str>,
    },
    /// A rule says that it is not to be kept.
    Discarded,
    /// It is not stored for this reason.
    Dropped(DropReason),
}

/// Decodes and matches for one shard.
#[derive(Debug)]
pub struct Pipeline {
    in_force: RulesInForce,
    rules: Arc<ActiveRules>,
    all_rule_counters: Arc<ShardRuleCounters>,
    /// The counters of `rules`.
    rule_counters: Arc<RuleCounters>,
    scratch: Scratch,
    names_in_force: NamesInForce,
    names: Arc<Names>,
    ids: IdAllocator,
    informs: InformHasher,
    zones: Arc<Zones>,
    sources_in_force: SourcesInForce,
    sources: Arc<SourcePolicy>,
    listeners: Arc<ListenerNames>,
    snmpv3: Verifier,
    describer: Describer,
    /// The plaintext of the message at hand.
    plaintext: Vec<u8>,
    /// The message at hand in the subset that decoders read, where it came in another form.
    rewritten: Vec<u8>,
}

/// What a pipeline is made of.
#[derive(Debug)]
pub struct PipelineParts {
    /// Number of the producer of event ids.
    pub producer: usize,
    /// The newest event in the store; ids follow it.
    pub newest: EventId,
    /// Rules in force.
    pub rules: RulesInForce,
    /// Where the matches of rules are counted.
    pub rule_counters: Arc<ShardRuleCounters>,
    /// Names of OIDs.
    pub names: NamesInForce,
    /// Keys of informs.
    pub informs: InformHasher,
    /// Time zones of devices.
    pub zones: Arc<Zones>,
    /// Which relays are trusted, and which messages the SNMP listeners take.
    pub sources: SourcesInForce,
    /// Names of the listeners, for rules.
    pub listeners: Arc<ListenerNames>,
    /// SNMPv3: our engine, and the users in force.
    pub snmpv3: Arc<Usm>,
}

impl PipelineParts {
    /// The parts of the first producer on an empty store, with `rules` and all else as it is when nothing is configured.
    #[must_use]
    pub fn new(rules: RulesInForce) -> Self {
        Self {
            producer: 0,
            newest: EventId(0),
            rules,
            rule_counters: Arc::default(),
            names: Arc::new(ArcSwap::new(standard::names())),
            informs: InformHasher::default(),
            zones: Arc::default(),
            sources: Arc::default(),
            listeners: Arc::default(),
            snmpv3: Arc::default(),
        }
    }
}

/// The parts of an event that its protocol decides.
struct Decoded {
    kind: Kind,
    source: IpAddr,
    text: Span,
    trailing: Trailing,
    content_start: u32,
    raw_bytes: Span,
    enriched: Span,
    reasons: Reasons,
    body: Body,
    undecoded: Option<&'static str>,
}

impl Pipeline {
    /// The pipeline made of `parts`.
    #[must_use]
    pub fn new(parts: PipelineParts) -> Self {
        let PipelineParts { producer, newest, rules: in_force, names: names_in_force, .. } = parts;
        let (informs, zones, sources, snmpv3) = (parts.informs, parts.zones, parts.sources, parts.snmpv3);
        let (rules, listeners) = (in_force.load_full(), parts.listeners);
        Self {
            rule_counters: parts.rule_counters.begin(&rules),
            all_rule_counters: parts.rule_counters,
            rules,
            in_force,
            scratch: Scratch::new(),
            names: names_in_force.load_full(),
            names_in_force,
            ids: IdAllocator::new(producer, newest),
            informs,
            zones,
            sources: sources.load_full(),
            sources_in_force: sources,
            listeners,
            snmpv3: Verifier::new(snmpv3),
            describer: Describer::new(),
            // All of it at once; what is not used is not in RAM.
            plaintext: Vec::with_capacity(DATAGRAM_OCTETS_MAX),
            rewritten: Vec::with_capacity(slow::REWRITTEN_OCTETS_MAX),
        }
    }

    /// Makes `batch`, which is empty, ready for its first event: the rules, users and names in force now will be its own.
    pub fn begin(&mut self, batch: &mut Batch) {
        self.snmpv3.refresh();
        let current = self.in_force.load();
        if !Arc::ptr_eq(&current, &self.rules) {
            self.rules = Arc::clone(&current);
            self.rule_counters = self.all_rule_counters.begin(&current);
            self.scratch = Scratch::new();
        }
        let current = self.names_in_force.load();
        if !Arc::ptr_eq(&current, &self.names) {
            self.names = Arc::clone(&current);
        }
        let current = self.sources_in_force.load();
        if !Arc::ptr_eq(&current, &self.sources) {
            self.sources = Arc::clone(&current);
        }
        batch.labels = Arc::clone(&self.rules.labels);
    }

    /// Turns an arrival into an event at the end of `batch`, unless a rule discards it.
    pub fn process(&mut self, arrival: &Arrival<'_>, batch: &mut Batch) -> Outcome {
        let start = batch.octets.len();
        let (informs, sightings) = (batch.informs.len(), batch.sightings.len());
        let decoded = match arrival.protocol {
            Protocol::Syslog => Ok(self.decode_syslog(arrival, batch)),
            Protocol::Snmp => self.decode_snmp(arrival, batch),
        };
        let decoded = match decoded {
            Ok(decoded) => decoded,
            Err(reason) => {
                // Discovery is part of the protocol; the list of refused sources is for what an operator refuses.
                if reason != DropReason::Snmpv3Discovery {
                    batch.note_refused(arrival.peer.ip(), reason.as_str(), arrival.at);
                }
                return Outcome::Dropped(reason);
            }
        };
        // In its place at once, where rules look at it: it is too large to be moved for nothing.
        batch.events.push(Event {
            id: EventId(0),
            received_at: arrival.at,
            listener: arrival.listener,
            source: decoded.source,
            kind: decoded.kind,
            text: decoded.text,
            trailing: decoded.trailing,
            content_start: decoded.content_start,
            raw_bytes: decoded.raw_bytes,
            enriched: decoded.enriched,
            rule: None,
            reasons: decoded.reasons,
            body: decoded.body,
        });
        let matched = self.match_last(batch);
        if let Some(index) = matched {
            self.rule_counters.count(index, arrival.at);
        }
        if self.is_discarded(matched) {
            batch.events.pop();
            // A discarded inform is answered all the same: its sender would repeat it for nothing.
            match batch.informs.get_mut(informs) {
                Some(inform) => inform.event = None,
                // What it told about its user is told all the same.
                None => {
                    let sighting = batch.sightings.get(sightings);
                    batch.octets.truncate(sighting.map_or(start, |sighting| sighting.end().max(start)));
                }
            }
            return Outcome::Discarded;
        }
        // A datagram whose end is missing may still hold a whole notification: what else came of it is kept beside it.
        let is_kept = arrival.cut.is_none() || arrival.protocol == Protocol::Syslog;
        let cut_bytes =
            if is_kept || !decoded.raw_bytes.is_empty() { Span::EMPTY } else { batch.append(arrival.bytes) };
        if let Some(event) = batch.events.last_mut() {
            // Not before, so that what is discarded takes no id.
            event.id = self.ids.next(arrival.at);
            event.rule = matched.map(|index| index.0);
            if !cut_bytes.is_empty() {
                event.raw_bytes = cut_bytes;
            }
            if let Some(cut) = arrival.cut {
                event.reasons.add(cut.reason());
            }
        }
        Outcome::Appended { undecoded: decoded.undecoded }
    }

    /// The first rule that the last event of `batch` falls under.
    fn match_last(&mut self, batch: &Batch) -> Option<RuleIndex> {
        let event = batch.events.last()?;
        let subject = LiveEvent { batch, event, listeners: &self.listeners, devices: &NoDevices };
        self.rules.set.first_match(&subject, &mut self.scratch)
    }

    /// Whether the rule that matched discards.
    fn is_discarded(&self, matched: Option<RuleIndex>) -> bool {
        let rule = matched.and_then(|index| self.rules.set.rule(index));
        rule.is_some_and(|rule| rule.action == Action::Discard)
    }
}
