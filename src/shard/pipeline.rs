//! The shard's brain: octets in, an event in the batch or a discard out. No I/O, no clock, no lock.

use std::hash::{BuildHasher, Hash, RandomState};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use crate::base::clock::Timestamp;
use crate::base::limits::DATAGRAM_OCTETS_MAX;
use crate::base::span::Span;
use crate::matching::{Action, RuleIndex, Scratch};
use crate::mib::Names;
use crate::model::batch::{Acknowledgement, Batch, Inform, InformKey};
use crate::model::event::{Body, Event, EventId, IdAllocator, Kind, NotificationRecord, Reasons};
use crate::model::notification::{self, Naming, Notification, ObjectName, SnmpVersion, Subject, V3Facts};
use crate::model::reported_source::reported_source;
use crate::model::snmp_user::{UserOutcome, UserSighting};
use crate::model::zone::Zones;
use crate::model::{readable, syslog};
use crate::security::{Accepted, Refusal, Usm, Verifier};
use crate::shard::gate::SourcePolicy;
use crate::shard::rules::{ActiveRules, RulesInForce};
use crate::wire;
use crate::wire::snmp::community::{CommunityMessage, Version};
use crate::wire::snmp::pdu::PduKind;
use crate::wire::snmp::{SecurityLevel, V3Message};

/// What a listener's octets are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// Syslog.
    Syslog,
    /// SNMP notifications.
    Snmp,
}

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
    /// It asked who we are (RFC 3414 section 4), and says nothing to be kept.
    Discovery,
}

/// Keys of informs, equal for equal informs in all shards of this process and unpredictable for peers.
#[derive(Debug, Clone, Default)]
pub struct InformHasher([RandomState; 2]);

impl InformHasher {
    fn key(&self, peer: IpAddr, message: &CommunityMessage<'_>, bytes: &[u8]) -> InformKey {
        self.key_of((peer, message.community, message.pdu.request_id(), bytes))
    }

    /// A repetition has another msgID, time and salt than the first; what it says is the same.
    fn key_v3(&self, peer: IpAddr, accepted: &Accepted<'_>) -> InformKey {
        let Accepted { parameters, scoped, .. } = accepted;
        let varbinds = scoped.pdu.varbinds.bytes();
        self.key_of((peer, parameters.user, scoped.context_name, scoped.pdu.request_id(), varbinds))
    }

    fn key_of(&self, identity: impl Hash) -> InformKey {
        let [high, low] = &self.0;
        InformKey::from(high.hash_one(&identity)) << 64 | InformKey::from(low.hash_one(&identity))
    }
}

/// Decodes and matches for one shard.
#[derive(Debug)]
pub struct Pipeline {
    in_force: RulesInForce,
    rules: Arc<ActiveRules>,
    scratch: Scratch,
    names: Arc<Names>,
    ids: IdAllocator,
    informs: InformHasher,
    zones: Arc<Zones>,
    sources: Arc<SourcePolicy>,
    snmpv3: Verifier,
    /// The plaintext of the message at hand.
    plaintext: Vec<u8>,
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
    /// Names of OIDs.
    pub names: Arc<Names>,
    /// Keys of informs.
    pub informs: InformHasher,
    /// Time zones of devices.
    pub zones: Arc<Zones>,
    /// Which relays are trusted.
    pub sources: Arc<SourcePolicy>,
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
            names: Arc::new(Names::standard()),
            informs: InformHasher::default(),
            zones: Arc::default(),
            sources: Arc::default(),
            snmpv3: Arc::default(),
        }
    }
}

/// Lets the rendering of notifications, which knows no MIB, ask the names we have.
impl Naming for Names {
    fn name(&self, arcs: &[u32]) -> Option<ObjectName<'_>> {
        let found = self.lookup(arcs)?;
        Some(ObjectName {
            module: found.module,
            label: found.label,
            depth: arcs.len() - found.suffix.len(),
            value_labels: found.enumeration,
        })
    }
}

/// The parts of an event that its protocol decides.
struct Decoded {
    kind: Kind,
    source: IpAddr,
    text: Span,
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
        let PipelineParts { producer, newest, rules: in_force, names, informs, zones, sources, snmpv3 } =
            parts;
        Self {
            rules: in_force.load_full(),
            in_force,
            scratch: Scratch::new(),
            names,
            ids: IdAllocator::new(producer, newest),
            informs,
            zones,
            sources,
            snmpv3: Verifier::new(snmpv3),
            // All of it at once; what is not used is not in RAM.
            plaintext: Vec::with_capacity(DATAGRAM_OCTETS_MAX),
        }
    }

    /// Makes `batch`, which is empty, ready for its first event: the rules and users in force now will be its own.
    pub fn begin(&mut self, batch: &mut Batch) {
        self.snmpv3.refresh();
        let current = self.in_force.load();
        if !Arc::ptr_eq(&current, &self.rules) {
            self.rules = Arc::clone(&current);
            self.scratch = Scratch::new();
        }
        batch.labels = Arc::clone(&self.rules.labels);
    }

    /// Turns an arrival into an event at the end of `batch`, unless a rule discards it.
    pub fn process(&mut self, arrival: &Arrival<'_>, batch: &mut Batch) -> Outcome {
        let start = batch.octets.len();
        let (informs, sightings) = (batch.informs.len(), batch.sightings.len());
        let decoded = match arrival.protocol {
            Protocol::Syslog => Some(self.decode_syslog(arrival, batch)),
            Protocol::Snmp => self.decode_snmp(arrival, batch),
        };
        let Some(decoded) = decoded else { return Outcome::Discovery };
        let matched = self.rules.set.first_match(batch.bytes(decoded.text), &mut self.scratch);
        if self.is_discarded(matched) {
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
        let mut reasons = decoded.reasons;
        match arrival.cut {
            Some(Cut::Truncated) => reasons.add("truncated: longer than the listener's buffer_size"),
            Some(Cut::Part) => reasons.add("split: part of a message longer than the listener's buffer_size"),
            Some(Cut::Unterminated) => reasons.add("unterminated: the connection ended within the message"),
            Some(Cut::OutOfStep) => reasons.add("framing broken: not known to be one message"),
            None => {}
        }
        batch.events.push(Event {
            id: self.ids.next(arrival.at),
            received_at: arrival.at,
            listener: arrival.listener,
            source: decoded.source,
            kind: decoded.kind,
            text: decoded.text,
            raw_bytes: decoded.raw_bytes,
            enriched: decoded.enriched,
            rule: matched.map(|index| index.0),
            reasons,
            body: decoded.body,
        });
        Outcome::Appended { undecoded: decoded.undecoded }
    }

    /// Whether the rule that matched discards.
    fn is_discarded(&self, matched: Option<RuleIndex>) -> bool {
        let rule = matched.and_then(|index| self.rules.set.rule(index));
        rule.is_some_and(|rule| rule.action == Action::Discard)
    }

    /// Decodes a syslog message; what cannot be parsed is kept as it came. That a message has no program is not noted as a
    /// reason: the store sees it by the column.
    fn decode_syslog(&self, arrival: &Arrival<'_>, batch: &mut Batch) -> Decoded {
        let text = readable::append(arrival.bytes, &mut batch.octets);
        // Where the text is what came, fields point into it; otherwise the octets are kept beside it.
        let raw_bytes = if text.is_verbatim { Span::EMPTY } else { batch.append(arrival.bytes) };
        let message = wire::syslog::decode(arrival.bytes);
        let place = syslog::Place { bytes: arrival.bytes, at: text.is_verbatim.then_some(text.span.start) };
        let peer = arrival.peer.ip();
        let is_trusted = self.sources.trusted_relays.contains(peer);
        let source = if is_trusted { reported_source(&message).unwrap_or(peer) } else { peer };
        let relay = (source != peer).then_some(peer);
        let reception = syslog::Reception { at: arrival.at, source, zones: &self.zones };
        let record = syslog::record(&message, place, &reception, &mut batch.octets);
        let start = batch.octets.len();
        syslog::enrich(&message, relay, &mut batch.octets);
        if arrival.repeated {
            mark_repeated(start, &mut batch.octets);
        }
        let enriched = batch.span_from(start);
        let mut reasons = Reasons::default();
        let mut unparsed = None;
        if arrival.bytes.is_empty() {
            reasons.add("Missing raw message content");
        }
        if message.format == wire::syslog::Format::Unparsed {
            unparsed = Some("no syslog header");
            reasons.add("no syslog header");
        }
        Decoded {
            kind: Kind::Syslog,
            source,
            text: text.span,
            raw_bytes,
            enriched,
            reasons,
            body: Body::Syslog(record),
            undecoded: unparsed,
        }
    }

    /// Decodes a datagram of an SNMP listener; `None` when there is nothing in it to be kept.
    fn decode_snmp(&mut self, arrival: &Arrival<'_>, batch: &mut Batch) -> Option<Decoded> {
        Some(match wire::snmp::decode(arrival.bytes) {
            Ok(wire::snmp::Message::Community(message)) if message.pdu.kind.is_notification() => {
                self.decode_notification(arrival, &message, batch)
            }
            Ok(wire::snmp::Message::Community(message)) => {
                let kind = kind_of(message.version);
                undecoded(arrival, batch, kind, message.pdu.kind.as_str(), NOT_A_NOTIFICATION, None)
            }
            Ok(wire::snmp::Message::V3(message)) => return self.decode_v3(arrival, &message, batch),
            Err(error) => undecoded(arrival, batch, Kind::SnmpUndecoded, "SNMP", error.reason.as_str(), None),
        })
    }

    /// Authenticates, decrypts and renders a message of version 3. What is refused is kept, and its text says why, but
    /// for a question who we are.
    fn decode_v3(
        &mut self,
        arrival: &Arrival<'_>,
        message: &V3Message<'_>,
        batch: &mut Batch,
    ) -> Option<Decoded> {
        let accepted = match self.snmpv3.verify(message, &mut self.plaintext) {
            Ok(accepted) => accepted,
            Err(refusal) => {
                if let Some(claimed) = refusal.parameters.filter(|_| refusal.error.is_of_user()) {
                    let is_known = self.snmpv3.knows(claimed.user);
                    let outcome = UserOutcome::Failed { reason: refusal.error.as_str(), is_known };
                    push_sighting(arrival, claimed.user, outcome, batch);
                }
                report(&mut self.snmpv3, arrival, message, &refusal, batch);
                if refusal.is_discovery(message) {
                    return None;
                }
                let reason = refusal.error.as_str();
                return Some(undecoded(arrival, batch, Kind::SnmpV3, "SNMPv3", reason, Some(&refusal)));
            }
        };
        let Accepted { parameters, scoped, .. } = accepted;
        // Without a MAC anybody may have sent it.
        if accepted.level > SecurityLevel::NoAuthNoPriv {
            let engine_id = if accepted.is_ours { Span::EMPTY } else { batch.append(parameters.engine_id) };
            let outcome = UserOutcome::Authentic {
                priority: accepted.priority,
                level: accepted.level.as_str(),
                engine_id,
                boots: parameters.boots,
                time: parameters.time,
            };
            push_sighting(arrival, parameters.user, outcome, batch);
        }
        if !scoped.pdu.kind.is_notification() {
            let what = scoped.pdu.kind.as_str();
            return Some(undecoded(arrival, batch, Kind::SnmpV3, what, NOT_A_NOTIFICATION, None));
        }
        let subject = Subject {
            version: SnmpVersion::V3,
            pdu: &scoped.pdu,
            security_level: accepted.level.as_str(),
            v3: Some(V3Facts {
                engine_id: parameters.engine_id,
                user: parameters.user,
                context_engine_id: scoped.context_engine_id,
                context_name: scoped.context_name,
                credential_priority: accepted.priority,
            }),
            trailing_octets: message.trailing_octets.saturating_add(scoped.trailing_octets),
        };
        let described = notification::describe_subject(&subject, &*self.names, &mut batch.octets);
        let decoded = rendered(arrival, Kind::SnmpV3, &described, &[], batch);
        if scoped.pdu.kind == PduKind::INFORM_REQUEST {
            let start = batch.octets.len();
            if self.snmpv3.respond(message, &accepted, &mut batch.octets) {
                let key = self.informs.key_v3(arrival.peer.ip(), &accepted);
                push_answer(arrival, Some(key), start, batch);
            }
        }
        Some(decoded)
    }

    /// Renders a notification, and prepares the answer if it is an inform.
    fn decode_notification(
        &self,
        arrival: &Arrival<'_>,
        message: &CommunityMessage<'_>,
        batch: &mut Batch,
    ) -> Decoded {
        let described = notification::describe(message, &*self.names, &mut batch.octets);
        let decoded = rendered(arrival, kind_of(message.version), &described, message.community, batch);
        if message.pdu.kind == PduKind::INFORM_REQUEST {
            let start = batch.octets.len();
            // A request that cannot be answered in one datagram stays unanswered; its sender counts it as lost.
            if wire::snmp::encode::response(message, &mut batch.octets) {
                let key = self.informs.key(arrival.peer.ip(), message, arrival.bytes);
                push_answer(arrival, Some(key), start, batch);
            }
        }
        decoded
    }
}

/// What the store is given of a notification that was described; its octets, too, where the description lacks
/// something.
fn rendered(
    arrival: &Arrival<'_>,
    kind: Kind,
    described: &Notification,
    community: &[u8],
    batch: &mut Batch,
) -> Decoded {
    let mut reasons = Reasons::default();
    for reason in described.errors.iter() {
        reasons.add(reason.as_str());
    }
    let raw_bytes = if reasons.is_empty() && !described.oid.is_empty() {
        Span::EMPTY
    } else {
        batch.append(arrival.bytes)
    };
    let community = batch.append(community);
    Decoded {
        kind,
        source: arrival.peer.ip(),
        text: described.text,
        raw_bytes,
        enriched: described.enriched,
        reasons,
        body: Body::Notification(NotificationRecord {
            oid: described.oid,
            trap_type: described.trap_type,
            community,
        }),
        undecoded: None,
    }
}

/// Notes that what was appended to `batch` from `start` on answers `arrival`: as the inform `key`, which is the event
/// that comes next, or as a Report.
fn push_answer(arrival: &Arrival<'_>, key: Option<InformKey>, start: usize, batch: &mut Batch) {
    batch.informs.push(Inform {
        // Bounded by BATCH_EVENTS_MAX.
        event: key.is_some().then_some(batch.events.len() as u32),
        is_report: key.is_none(),
        key: key.unwrap_or_default(),
        peer: arrival.peer,
        local: arrival.local,
        port: arrival.port,
        response: batch.span_from(start),
    });
}

/// Notes what `arrival` tells about the user that it names.
fn push_sighting(arrival: &Arrival<'_>, user: &[u8], outcome: UserOutcome, batch: &mut Batch) {
    let user = batch.append(user);
    batch.sightings.push(UserSighting { source: arrival.peer.ip(), at: arrival.at, user, outcome });
}

/// Prepares the Report to who sent a message that was refused, if one is due.
fn report(
    usm: &mut Verifier,
    arrival: &Arrival<'_>,
    message: &V3Message<'_>,
    refusal: &Refusal<'_>,
    batch: &mut Batch,
) {
    let start = batch.octets.len();
    if !usm.report(message, refusal, &mut batch.octets) {
        return;
    }
    if usm.may_report_to(arrival.peer.ip()) {
        push_answer(arrival, None, start, batch);
    } else {
        batch.octets.truncate(start);
    }
}

/// The kind of a community message.
fn kind_of(version: Version) -> Kind {
    match version {
        Version::V1 => Kind::SnmpV1,
        Version::V2c => Kind::SnmpV2c,
    }
}

/// Adds `"repeated":true` to the JSON object that starts at `start`, or makes one.
fn mark_repeated(start: usize, octets: &mut Vec<u8>) {
    if octets.len() > start {
        octets.pop();
        octets.push(b',');
    } else {
        octets.push(b'{');
    }
    octets.extend_from_slice(b"\"repeated\":true}");
}

/// Why a message of some other purpose is kept undecoded.
const NOT_A_NOTIFICATION: &str = "not a notification";

/// Keeps a datagram that is not a notification we can read: its octets, and a text that says why. A refused message of
/// version 3 says for whom, too.
fn undecoded(
    arrival: &Arrival<'_>,
    batch: &mut Batch,
    kind: Kind,
    what: &'static str,
    reason: &'static str,
    refusal: Option<&Refusal<'_>>,
) -> Decoded {
    let start = batch.octets.len();
    for part in ["undecoded ", what, ": ", reason, ":"] {
        batch.octets.extend_from_slice(part.as_bytes());
    }
    if let Some(claimed) = refusal.and_then(|refusal| refusal.parameters) {
        readable::append_sender(claimed.user, claimed.engine_id, &mut batch.octets);
        batch.octets.push(b':');
    }
    batch.octets.push(b' ');
    readable::append_hex(arrival.bytes, &mut batch.octets);
    let text = batch.span_from(start);
    let mut reasons = Reasons::default();
    reasons.add(reason);
    Decoded {
        kind,
        source: arrival.peer.ip(),
        text,
        raw_bytes: batch.append(arrival.bytes),
        enriched: Span::EMPTY,
        reasons,
        body: Body::Undecoded,
        undecoded: Some(reason),
    }
}
