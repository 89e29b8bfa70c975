//! What `muttd snmpv3 redecode` asks for: decodes messages of SNMPv3 again that were refused for want of a credential.
//!
//! They go through the pipeline of the receiver, with the users, rules and names of now. Two things differ. Their time
//! is not checked: RFC 3414 3.2 (7) compares it with that of receipt, which is over, so `enriched_data` tells
//! `"time_window_checked": false` and when it was decoded; a copy of what was decoded is refused all the same. And a
//! rule that discards is noted at the row as if it stored, for the row is there and counted. No alert is sent, no
//! inform is answered.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context as _;
use arc_swap::ArcSwap;
use serde::{Deserialize, Serialize};

use crate::app::{names, wiring};
use crate::base::clock::{Clock, SystemClock, Timestamp};
use crate::base::drop_reason::DropReason;
use crate::config::{self, Settings};
use crate::model::batch::Batch;
use crate::model::event::EventId;
use crate::security::{EngineId, Users, Usm};
use crate::shard::admission::SourcePolicy;
use crate::shard::pipeline::{Arrival, Outcome, Pipeline, PipelineParts, Protocol};
use crate::shard::rules::ActiveRules;
use crate::storage::jobs::JobError;
use crate::storage::quarantine::{Decoded, Quarantine, REPLAYED, Settle, Settled, Waiting};
use crate::wire::snmp::{Message, UsmParameters, decode};

/// Messages of one job: some milliseconds, for which the messages that come in wait.
const MESSAGES_AT_ONCE: usize = 128;

/// Octets of a MAC that tell messages apart.
const FINGERPRINT_OCTETS: usize = 8;

/// What was tried, and what came of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// Messages that waited.
    pub tried: u64,
    /// Messages whose rows now say what they say.
    pub decoded: u64,
    /// Messages that stay as they are, by reason.
    pub left: BTreeMap<String, u64>,
    /// Whether nothing was written.
    #[serde(rename = "dry_run")]
    pub is_rehearsal: bool,
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let done = if self.is_rehearsal { "could be decoded; nothing was written" } else { "decoded" };
        write!(f, "{} message(s) of SNMPv3 tried, {} {done}", self.tried, self.decoded)?;
        self.left.iter().try_for_each(|(reason, count)| write!(f, "\n  {count} left: {reason}"))
    }
}

/// Writes what messages say into their rows, wherever the writer of the store is.
pub(super) type SettleWith<'a> = &'a mut dyn FnMut(Settle) -> Result<Vec<Settled>, JobError>;

/// Goes through the quarantine of the store that `settings` name, and hands what was decoded to `settle_with`. `engine` is our
/// own. With `is_rehearsal` nothing is written.
///
/// # Errors
/// One line that says which file is wrong, or what the store says; what was decoded before is kept.
pub(super) fn run(
    settings: &Settings,
    engine: Option<EngineId>,
    is_rehearsal: bool,
    settle_with: SettleWith<'_>,
) -> anyhow::Result<Summary> {
    let credentials =
        settings.snmpv3.credentials_file.as_deref().map(config::load_credentials).transpose()?;
    let rules = wiring::load_rules(settings.pattern_matching.rules_file.as_deref())?;
    let quarantine = Quarantine::open(&settings.storage.database.path)?;
    let users = wiring::users(&credentials.unwrap_or_default(), &Users::default());
    let rules = ActiveRules::new(rules.keeping_all());
    // What the listener would not take now is not decoded, either.
    let sources = SourcePolicy { snmp: settings.listeners.snmp.policy.clone(), ..SourcePolicy::default() };
    let mut pipeline = Pipeline::new(PipelineParts {
        sources: Arc::new(ArcSwap::from_pointee(sources)),
        snmpv3: Arc::new(Usm::afterwards(engine, users)),
        names: names::all(settings)?,
        ..PipelineParts::new(Arc::new(ArcSwap::from_pointee(rules)))
    });
    let mut summary = Summary { is_rehearsal, ..Summary::default() };
    let mut after = EventId(i64::MIN);
    loop {
        let (waiting, looked_at) = quarantine.waiting(after, MESSAGES_AT_ONCE)?;
        let Some(last) = looked_at else { return Ok(summary) };
        after = last;
        let mut rest = waiting.as_slice();
        while !rest.is_empty() {
            let mut batch = Batch::new();
            let found = decode_some(&mut rest, &mut pipeline, &mut batch, &mut summary);
            settle(batch, &found, settle_with, &mut summary)
                .with_context(|| format!("{} message(s) were decoded before", summary.decoded))?;
        }
    }
}

/// The row of a message that was decoded, and what tells it from others.
type Found = (EventId, Option<i64>);

/// Decodes messages from the front of `rest` until `batch` is full; what was decoded is in the order of its events.
fn decode_some(
    rest: &mut &[Waiting],
    pipeline: &mut Pipeline,
    batch: &mut Batch,
    summary: &mut Summary,
) -> Vec<Found> {
    pipeline.begin(batch);
    let mut found = Vec::new();
    while let Some((waiting, others)) = rest.split_first().filter(|_| !batch.is_full()) {
        *rest = others;
        summary.tried += 1;
        let (events, octets) = (batch.events.len(), batch.octets.len());
        let reason = match pipeline.process(&arrival(waiting), batch) {
            Outcome::Appended { undecoded } => undecoded,
            Outcome::Discarded | Outcome::Dropped(DropReason::Snmpv3Discovery) => Some("nothing to be kept"),
            Outcome::Dropped(reason) => Some(reason.as_str()),
        };
        // Nobody is answered, and what was heard long ago is no news of a user.
        batch.informs.clear();
        batch.sightings.clear();
        if let Some(reason) = reason {
            batch.events.truncate(events);
            batch.octets.truncate(octets);
            *summary.left.entry(reason.to_owned()).or_default() += 1;
        } else {
            found.push((waiting.id, fingerprint(&waiting.octets)));
        }
    }
    found
}

/// Writes what the events of `batch` say into their rows.
fn settle(
    batch: Batch,
    found: &[Found],
    settle_with: SettleWith<'_>,
    summary: &mut Summary,
) -> anyhow::Result<()> {
    if found.is_empty() {
        return Ok(());
    }
    let now = SystemClock.now();
    let decoded = found.iter().zip(&batch.events).map(|(&(id, fingerprint), event)| {
        let enriched = marked(batch.bytes(event.enriched), now);
        Decoded { id, event: *event, enriched, fingerprint }
    });
    let job = Settle { decoded: decoded.collect(), batch, is_rehearsal: summary.is_rehearsal };
    for settled in settle_with(job)? {
        match settled {
            Settled::Rewritten => summary.decoded += 1,
            Settled::Replayed => *summary.left.entry(REPLAYED.to_owned()).or_default() += 1,
            Settled::Gone => *summary.left.entry("not in the store any more".to_owned()).or_default() += 1,
        }
    }
    Ok(())
}

/// A message as it arrived.
fn arrival(waiting: &Waiting) -> Arrival<'_> {
    Arrival {
        protocol: Protocol::Snmp,
        listener: 0,
        port: 0,
        bytes: &waiting.octets,
        peer: SocketAddr::new(waiting.source, 0),
        local: None,
        at: waiting.id.received_at(),
        cut: None,
        acknowledgement: None,
        repeated: false,
    }
}

/// `enriched_data` with the marks of a message that was decoded at `now`.
fn marked(enriched: &[u8], now: Timestamp) -> String {
    let object = String::from_utf8_lossy(enriched);
    let members = object.trim_start_matches('{').trim_end().strip_suffix('}').unwrap_or_default();
    let comma = if members.is_empty() { "" } else { "," };
    format!("{{{members}{comma}\"redecoded_at\":\"{now}\",\"time_window_checked\":false}}")
}

/// The first octets of a message's MAC, if it has one.
fn fingerprint(octets: &[u8]) -> Option<i64> {
    let Ok(Message::V3(message)) = decode(octets) else { return None };
    let parameters = UsmParameters::decode(message.security_parameters).ok()?;
    parameters.mac.first_chunk::<FINGERPRINT_OCTETS>().map(|octets| i64::from_be_bytes(*octets))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_members_of_the_object() {
        let at = Timestamp(0);
        let marks = "\"redecoded_at\":\"1970-01-01T00:00:00.000000Z\",\"time_window_checked\":false";
        assert_eq!(marked(b"{\"a\":{}}", at), format!("{{\"a\":{{}},{marks}}}"));
        assert_eq!(marked(b"", at), format!("{{{marks}}}"));
    }

    #[test]
    fn a_summary_names_what_is_left() {
        let summary = Summary {
            tried: 3,
            decoded: 1,
            left: [("usmStatsWrongDigests".to_owned(), 2)].into(),
            is_rehearsal: false,
        };
        assert_eq!(
            summary.to_string(),
            "3 message(s) of SNMPv3 tried, 1 decoded\n  2 left: usmStatsWrongDigests"
        );
    }
}
