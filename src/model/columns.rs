//! A message as the view `messages` of the store has it: each column by its name.
//!
//! ```text
//! group in memory -> [MessageColumns::of_event] -+
//!                                                +-> EVENT of the API, columns of an archive
//! row of the store -> storage::messages ---------+
//! ```
//!
//! Invariant: a message has the same columns while it is live and when it is read back.

use std::borrow::Cow;
use std::fmt::Write as _;

use crate::base::span::Span;
use crate::model::batch::Batch;
use crate::model::event::{Body, Event, Kind};
use crate::model::subject::{ListenerNames, LiveEvent, NoDevices, Subject as _};

/// The columns of one message. `None` is NULL.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MessageColumns<'a> {
    /// UUIDv7.
    pub id: Cow<'a, str>,
    /// `type`: `syslog` or `snmp_trap`.
    pub message_type: Cow<'a, str>,
    /// The address it came from.
    pub source_ip: Option<Cow<'a, str>>,
    /// The device's name.
    pub source_device: Option<Cow<'a, str>>,
    /// The device's own time where it has a usable one, else `received_at`; ISO 8601.
    pub timestamp: Cow<'a, str>,
    /// When it was received, ISO 8601.
    pub received_at: Cow<'a, str>,
    /// The message, readable.
    pub raw_message: Cow<'a, str>,
    /// 1 when nothing is wrong with it.
    pub validated: i64,
    /// What is wrong with it: a JSON list of texts.
    pub validation_errors: Cow<'a, str>,
    /// `id` of the rule that matched.
    pub matched_rule_id: Option<Cow<'a, str>>,
    /// `name` of that rule.
    pub matched_rule_name: Option<Cow<'a, str>>,
    /// `severity` of that rule.
    pub match_severity: Option<Cow<'a, str>>,
    /// A JSON object.
    pub enriched_data: Cow<'a, str>,
    /// 1.
    pub stored_to_db: i64,
    /// 1 when it came by way of the file buffer.
    pub stored_to_buffer: i64,
    /// Why it came by way of the file buffer.
    pub error_message: Option<Cow<'a, str>>,
    /// `received_at` once more.
    pub created_at: Cow<'a, str>,
    /// The octets as received, where the text is not exactly them.
    pub raw_bytes: Option<Cow<'a, [u8]>>,
    /// Syslog facility, a number as text.
    pub facility: Option<Cow<'a, str>>,
    /// Syslog severity.
    pub level: Option<i64>,
    /// TAG or APP-NAME.
    pub program: Option<Cow<'a, str>>,
    /// PROCID, when it is a number.
    pub process_id: Option<i64>,
    /// snmpTrapOID in dots.
    pub oid: Option<Cow<'a, str>>,
    /// Its symbolic name, or the dots again.
    pub trap_type: Option<Cow<'a, str>>,
    /// `v1`, `v2c` or `v3`.
    pub snmp_version: Option<Cow<'a, str>>,
    /// Name of the listener.
    pub listener: Option<Cow<'a, str>>,
    /// Effective severity.
    pub severity: Option<Cow<'a, str>>,
    /// The text behind the header.
    pub content: Option<Cow<'a, str>>,
}

impl<'a> MessageColumns<'a> {
    /// The columns of `event`, which is in `batch`, in the store with this node id.
    #[must_use]
    pub fn of_event(batch: &'a Batch, event: &'a Event, listeners: &'a ListenerNames, node_id: u64) -> Self {
        let live = LiveEvent { batch, event, listeners, devices: &NoDevices };
        let (program, process_id, time) = match &event.body {
            Body::Syslog(record) => (record.program, record.process_id, record.device_time),
            _ => (Span::EMPTY, None, None),
        };
        let (oid, trap_type) = match &event.body {
            Body::Notification(record) => (record.oid, record.trap_type),
            _ => (Span::EMPTY, Span::EMPTY),
        };
        let received_at = event.id.key_time(event.received_at);
        let validation_errors = validation_errors(event, &[program, oid]);
        let label = event.rule.and_then(|rule| batch.labels.get(rule as usize));
        Self {
            id: event.id.uuid(node_id).to_string().into(),
            message_type: live.message_type().as_str().into(),
            source_ip: Some(event.source.to_string().into()),
            source_device: live.device().map(|name| owned_text(name.as_bytes())),
            timestamp: time.unwrap_or(received_at).to_string().into(),
            received_at: received_at.to_string().into(),
            raw_message: text(batch.bytes(event.text)),
            validated: i64::from(validation_errors == "[]"),
            validation_errors,
            matched_rule_id: label.map(|label| label.id.as_str().into()),
            matched_rule_name: label.map(|label| label.name.as_str().into()),
            match_severity: label.map(|label| label.severity.as_str().into()),
            enriched_data: enriched_data(batch, event),
            stored_to_db: 1,
            stored_to_buffer: 0,
            error_message: None,
            created_at: received_at.to_string().into(),
            raw_bytes: raw_bytes(batch, event),
            facility: live.facility().map(|facility| facility.to_string().into()),
            level: live.level().map(i64::from),
            program: text_of(batch, program),
            process_id: process_id.map(i64::from),
            oid: text_of(batch, oid),
            trap_type: text_of(batch, trap_type),
            snmp_version: event.kind.snmp_version().map(Cow::from),
            listener: listeners.get(event.listener).map(Cow::from),
            severity: live.severity().map(|severity| severity.as_str().into()),
            content: Some(owned_text(live.content())),
        }
    }
}

/// `octets`, which are UTF-8: that was checked when the event was made.
fn text(octets: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(octets)
}

/// The same, for octets that do not live as long as the batch.
fn owned_text(octets: &[u8]) -> Cow<'static, str> {
    String::from_utf8_lossy(octets).into_owned().into()
}

/// The text at `span`; `None` where there is none.
fn text_of(batch: &Batch, span: Span) -> Option<Cow<'_, str>> {
    (!span.is_empty()).then(|| text(batch.bytes(span)))
}

/// The octets of `event` as received; `None` where its text is exactly them.
fn raw_bytes<'a>(batch: &'a Batch, event: &Event) -> Option<Cow<'a, [u8]>> {
    if !event.raw_bytes.is_empty() {
        return Some(batch.bytes(event.raw_bytes).into());
    }
    let text = batch.bytes(event.text);
    (!event.trailing.is_none()).then(|| text.iter().copied().chain(event.trailing.octets()).collect())
}

/// The reasons of `event`, and what columns say themselves: that it has no program, or no OID.
fn validation_errors<'a>(event: &Event, [program, oid]: &[Span; 2]) -> Cow<'a, str> {
    let missing = match event.kind {
        Kind::Syslog if program.is_empty() => Some("Syslog message missing program"),
        Kind::SnmpV1 | Kind::SnmpV2c | Kind::SnmpV3 if oid.is_empty() => Some("SNMP trap missing OID"),
        _ => None,
    };
    if event.reasons.is_empty() && missing.is_none() {
        return "[]".into();
    }
    let all: Vec<&str> = event.reasons.iter().chain(missing).collect();
    serde_json::Value::from(all).to_string().into()
}

/// The JSON of `event`, with what the time of a syslog message rests on.
fn enriched_data<'a>(batch: &'a Batch, event: &Event) -> Cow<'a, str> {
    let stored = text(batch.bytes(event.enriched));
    let Body::Syslog(record) = &event.body else {
        return if stored.is_empty() { "{}".into() } else { stored };
    };
    let mut all = String::with_capacity(stored.len() + 64);
    // Writing to a text does not fail.
    let _ = write!(all, "{{\"timestamp_source\":\"{}\"", record.time_source.as_str());
    match stored.strip_prefix('{') {
        Some(members) if members != "}" => {
            all.push(',');
            all.push_str(members);
        }
        _ => all.push('}'),
    }
    all.into()
}
