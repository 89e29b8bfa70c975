//! SNMP notifications of all versions: a message to the parts of its event, and to the answer that it asks for.

use std::net::IpAddr;

use crate::base::drop_reason::DropReason;
use crate::base::span::Span;
use crate::model::batch::{Batch, Inform, InformKey};
use crate::model::event::{Body, Kind, NotificationRecord, Reasons};
use crate::model::notification::{Notification, SnmpVersion, Subject, V3Facts};
use crate::model::readable;
use crate::model::reported_source::notification_source;
use crate::model::snmp_user::{UserOutcome, UserSighting};
use crate::model::trailing::Trailing;
use crate::security::{Accepted, Refusal, Verifier};
use crate::shard::admission::SourcePolicy;
use crate::wire;
use crate::wire::snmp::community::{CommunityMessage, Version};
use crate::wire::snmp::pdu::{Pdu, PduKind};
use crate::wire::snmp::{SecurityLevel, V3Message};

use super::{Arrival, Decoded, Pipeline, slow};

/// Why a message of some other purpose is kept undecoded.
const NOT_A_NOTIFICATION: &str = "not a notification";

impl Pipeline {
    /// Decodes a datagram of an SNMP listener, unless there is nothing in it to be kept.
    pub(super) fn decode_snmp(
        &mut self,
        arrival: &Arrival<'_>,
        batch: &mut Batch,
    ) -> Result<Decoded, DropReason> {
        Ok(match wire::snmp::decode(arrival.bytes) {
            Ok(wire::snmp::Message::Community(message)) => {
                if let Some(refusal) = self.sources.snmp.refuses(&message, arrival.peer.ip()) {
                    return Err(refusal);
                }
                if !message.pdu.kind.is_notification() {
                    let (kind, what) = (kind_of(message.version), message.pdu.kind.as_str());
                    return Ok(undecoded(arrival, batch, kind, what, NOT_A_NOTIFICATION, None));
                }
                let (octets, informs) = (batch.octets.len(), batch.informs.len());
                let decoded = self.decode_notification(arrival, &message, batch);
                if !slow::may_help(&decoded.reasons) {
                    return Ok(decoded);
                }
                batch.octets.truncate(octets);
                batch.informs.truncate(informs);
                match self.decode_slowly(arrival, batch) {
                    Some(slowly) => return slowly,
                    None => self.decode_notification(arrival, &message, batch),
                }
            }
            Ok(wire::snmp::Message::V3(message)) => return self.decode_v3(arrival, &message, batch),
            Err(error) => {
                let slowly = slow::may_help_with(error.reason).then(|| self.decode_slowly(arrival, batch));
                if let Some(slowly) = slowly.flatten() {
                    return slowly;
                }
                undecoded(arrival, batch, Kind::SnmpUndecoded, "SNMP", error.reason.as_str(), None)
            }
        })
    }

    /// Authenticates, decrypts and renders a message of version 3. What is refused is kept, and its text says why, but
    /// for a question who we are.
    fn decode_v3(
        &mut self,
        arrival: &Arrival<'_>,
        message: &V3Message<'_>,
        batch: &mut Batch,
    ) -> Result<Decoded, DropReason> {
        if let Some(refusal) = self.sources.snmp.refuses_v3(message) {
            return Err(refusal);
        }
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
                    return Err(DropReason::Snmpv3Discovery);
                }
                let reason = refusal.error.as_str();
                batch.note_refused(arrival.peer.ip(), reason, arrival.at);
                return Ok(undecoded(arrival, batch, Kind::SnmpV3, "SNMPv3", reason, Some(&refusal)));
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
            return Ok(undecoded(arrival, batch, Kind::SnmpV3, what, NOT_A_NOTIFICATION, None));
        }
        let (source, relay) = reported(&self.sources, arrival, &scoped.pdu);
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
            relay,
            trailing_octets: message.trailing_octets.saturating_add(scoped.trailing_octets),
        };
        let described = self.describer.describe(&subject, &*self.names, &mut batch.octets);
        let decoded = rendered(arrival, Kind::SnmpV3, source, &described, &[], batch);
        if scoped.pdu.kind == PduKind::INFORM_REQUEST {
            let start = batch.octets.len();
            if self.snmpv3.respond(message, &accepted, &mut batch.octets) {
                let key = self.informs.key_v3(arrival.peer.ip(), &accepted);
                push_answer(arrival, Some(key), start, batch);
            }
        }
        Ok(decoded)
    }

    /// Renders a notification, and prepares the answer if it is an inform.
    pub(super) fn decode_notification(
        &mut self,
        arrival: &Arrival<'_>,
        message: &CommunityMessage<'_>,
        batch: &mut Batch,
    ) -> Decoded {
        let (source, relay) = reported(&self.sources, arrival, &message.pdu);
        let subject = Subject { relay, ..Subject::of_community(message) };
        let described = self.describer.describe(&subject, &*self.names, &mut batch.octets);
        let kind = kind_of(message.version);
        let decoded = rendered(arrival, kind, source, &described, message.community, batch);
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

/// Where a notification comes from, by the word of who brought it if that counts; and then who that is.
fn reported(sources: &SourcePolicy, arrival: &Arrival<'_>, pdu: &Pdu<'_>) -> (IpAddr, Option<IpAddr>) {
    let peer = arrival.peer.ip();
    let is_relay = sources.is_relay(arrival.listener, peer);
    let reported = if is_relay { notification_source(pdu) } else { None };
    (reported.unwrap_or(peer), reported.filter(|source| *source != peer).map(|_| peer))
}

/// What the store is given of a notification that was described; its octets, too, where the description lacks
/// something.
fn rendered(
    arrival: &Arrival<'_>,
    kind: Kind,
    source: IpAddr,
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
        source,
        text: described.text,
        trailing: Trailing::NONE,
        content_start: 0,
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
    let awaits_credential = refusal.is_some_and(|refusal| refusal.error.is_of_user());
    Decoded {
        kind,
        source: arrival.peer.ip(),
        text,
        trailing: Trailing::NONE,
        content_start: 0,
        raw_bytes: batch.append(arrival.bytes),
        enriched: Span::EMPTY,
        reasons,
        body: if awaits_credential { Body::AwaitsCredential } else { Body::Undecoded },
        undecoded: Some(reason),
    }
}
