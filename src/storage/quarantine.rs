//! Messages of SNMPv3 that await a credential: which rows they are, and what becomes of them when they are decoded.
//!
//! The writer notes them, in its own transactions ([`crate::storage::writer`]). [`Quarantine`] reads them, and [`Settle`]
//! is the job that writes what they say. Invariant: a row keeps its id and its time of receipt, and what cannot be decoded
//! keeps its octets.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, OptionalExtension as _, params};

use crate::base::span::Span;
use crate::model::batch::{Batch, RuleLabel};
use crate::model::event::{Body, Event, EventId};
use crate::model::severity::Severity;
use crate::storage::connection::key_time;
use crate::storage::jobs::{Job, Workspace};
use crate::storage::schema;
use crate::storage::writer::{number_of_label, reasons_json};

/// How long the writer is waited for; in WAL mode only while the schema changes.
const WAIT: Duration = Duration::from_secs(10);

/// Why a copy of a message that was decoded is not decoded again; the word that the receiver has for replays, too.
pub const REPLAYED: &str = "snmpv3Replayed";

/// Why a quarantine cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum QuarantineError {
    /// The store is of another version, or none.
    #[error(
        "{path} is a store of schema version {found}, this muttd writes version {known}; `muttd store upgrade` brings an older \
         store up to date"
    )]
    Version {
        /// The file.
        path: PathBuf,
        /// Its version; 0 for a database that is no store.
        found: i64,
        /// Ours.
        known: i64,
    },
    /// What SQLite reports, a file that is not there included.
    #[error("cannot use the store {path}: {source}")]
    Sqlite {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        source: rusqlite::Error,
    },
}

/// A message that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// Of its event.
    pub id: EventId,
    /// Who sent it.
    pub source: IpAddr,
    /// The octets as received.
    pub octets: Vec<u8>,
}

/// A message that was decoded.
#[derive(Debug)]
pub struct Decoded {
    /// Of its row.
    pub id: EventId,
    /// What it says: an event of the batch, whose own id does not matter.
    pub event: Event,
    /// `enriched_data`.
    pub enriched: String,
    /// Octets of the MAC, where it has one: a copy has the same.
    pub fingerprint: Option<i64>,
}

/// Writes what messages say into their rows, and answers what became of each.
#[derive(Debug)]
pub struct Settle {
    /// What the events point into.
    pub batch: Batch,
    /// The messages, few enough for a job: see [`crate::storage::jobs::TURN_MAX`].
    pub decoded: Vec<Decoded>,
    /// Say what would become of them, and write nothing.
    pub is_rehearsal: bool,
}

impl Job for Settle {
    type Answer = Vec<Settled>;

    fn run(&mut self, store: &mut Workspace<'_>) -> rusqlite::Result<Vec<Settled>> {
        self.decoded.iter().map(|decoded| settle_one(store, &self.batch, decoded)).collect()
    }

    fn is_rehearsal(&self) -> bool {
        self.is_rehearsal
    }
}

/// What became of a message that was decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settled {
    /// Its row says what it says.
    Rewritten,
    /// It is a copy of one that was decoded before; its row says so and stays as it was.
    Replayed,
    /// Its row is not there any more.
    Gone,
}

/// The quarantine of a store, for reading while the writer is at work.
#[derive(Debug)]
pub struct Quarantine {
    path: PathBuf,
    connection: Connection,
}

impl Quarantine {
    /// Opens the store at `path`.
    ///
    /// # Errors
    /// See [`QuarantineError`].
    pub fn open(path: &Path) -> Result<Self, QuarantineError> {
        let sqlite = |source| QuarantineError::Sqlite { path: path.to_path_buf(), source };
        let connection =
            Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(sqlite)?;
        connection.busy_timeout(WAIT).map_err(sqlite)?;
        let pragma = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
        let is_ours = pragma("application_id").map_err(sqlite)? == schema::APPLICATION_ID;
        let found = if is_ours { pragma("user_version").map_err(sqlite)? } else { 0 };
        if found != schema::VERSION {
            return Err(QuarantineError::Version { path: path.to_path_buf(), found, known: schema::VERSION });
        }
        Ok(Self { path: path.to_path_buf(), connection })
    }

    /// The oldest messages that wait and came after `after`, at most `most`, and the id up to which was looked.
    /// Notes whose row is not there any more are left out.
    ///
    /// # Errors
    /// See [`QuarantineError`].
    pub fn waiting(
        &self,
        after: EventId,
        most: usize,
    ) -> Result<(Vec<Waiting>, Option<EventId>), QuarantineError> {
        self.read_waiting(after, most).map_err(|source| self.error(source))
    }

    fn read_waiting(&self, after: EventId, most: usize) -> rusqlite::Result<(Vec<Waiting>, Option<EventId>)> {
        let mut ids = self.connection.prepare_cached(
            "SELECT id FROM snmpv3_quarantine WHERE id > ?1 AND decoded IS NULL ORDER BY id LIMIT ?2",
        )?;
        let mut row = self.connection.prepare_cached(
            "SELECT d.source_ip, x.raw_bytes FROM events e JOIN devices d ON d.number = e.device
             JOIN event_extras x ON x.id = e.id WHERE e.received_at = ?1 AND e.id = ?2 AND x.raw_bytes IS NOT NULL",
        )?;
        let ids: Vec<EventId> = ids
            .query_map((after.0, most), |row| row.get(0).map(EventId))?
            .collect::<rusqlite::Result<_>>()?;
        let mut waiting = Vec::with_capacity(ids.len());
        for id in &ids {
            let found = row
                .query_row((key_time(&self.connection, *id)?, id.0), |row| {
                    Ok((row.get::<_, String>(0)?, row.get(1)?))
                })
                .optional()?;
            if let Some((source, octets)) = found
                && let Ok(source) = source.parse()
            {
                waiting.push(Waiting { id: *id, source, octets });
            }
        }
        Ok((waiting, ids.last().copied()))
    }

    fn error(&self, source: rusqlite::Error) -> QuarantineError {
        QuarantineError::Sqlite { path: self.path.clone(), source }
    }
}

/// Rewrites the row of one message, unless it is a copy.
fn settle_one(store: &mut Workspace<'_>, batch: &Batch, decoded: &Decoded) -> rusqlite::Result<Settled> {
    let Decoded { id, event, enriched, fingerprint } = decoded;
    let connection = store.connection();
    let is_copy = match fingerprint {
        None => false,
        Some(fingerprint) => connection
            .prepare_cached("SELECT 1 FROM snmpv3_quarantine WHERE decoded = ?1")?
            .exists([fingerprint])?,
    };
    if is_copy {
        let quoted = reasons_json([REPLAYED].into_iter());
        let sql = "UPDATE event_extras SET reasons = reasons || ',' || ?2 WHERE id = ?1";
        connection.prepare_cached(sql)?.execute(params![id.0, quoted])?;
        forget(connection, *id)?;
        store.note_changed(*id);
        return Ok(Settled::Replayed);
    }
    let (oid, trap_type) = match event.body {
        Body::Notification(record) => (record.oid, record.trap_type),
        _ => (Span::EMPTY, Span::EMPTY),
    };
    let label = event.rule.and_then(|index| batch.labels.get(index as usize));
    let rule = label.map(|label: &RuleLabel| number_of_label(connection, label)).transpose()?;
    let severity = label.and_then(|label| Severity::of_rule(&label.severity));
    let text = |span: Span| String::from_utf8_lossy(batch.bytes(span)).into_owned();
    let text_or_null = |span: Span| (!span.is_empty()).then(|| text(span));
    let changed = connection
        .prepare_cached(
            "UPDATE events SET raw_message = ?3, oid = ?4, trap_type = ?5, rule = ?6, shape = NULL, enriched = ?7,
                 facts = (facts & ~(7 << 25)) | (?8 << 25)
             WHERE received_at = ?1 AND id = ?2",
        )?
        .execute(params![
            key_time(connection, *id)?,
            id.0,
            text(event.text),
            text_or_null(oid),
            text_or_null(trap_type),
            rule,
            enriched,
            severity.map_or(0, |severity| severity as i64)
        ])?;
    if changed == 0 {
        forget(connection, *id)?;
        return Ok(Settled::Gone);
    }
    // The octets stay where they say more than the row, as with any other message.
    if event.raw_bytes.is_empty() && event.reasons.is_empty() {
        connection.prepare_cached("DELETE FROM event_extras WHERE id = ?1")?.execute([id.0])?;
    } else {
        let reasons = (!event.reasons.is_empty()).then(|| reasons_json(event.reasons.iter()));
        let sql = "UPDATE event_extras SET reasons = ?2 WHERE id = ?1";
        connection.prepare_cached(sql)?.execute(params![id.0, reasons])?;
    }
    match fingerprint {
        Some(_) => connection
            .prepare_cached("UPDATE snmpv3_quarantine SET decoded = ?2 WHERE id = ?1")?
            .execute(params![id.0, fingerprint])
            .map(|_| ()),
        None => forget(connection, *id),
    }?;
    store.note_changed(*id);
    Ok(Settled::Rewritten)
}

/// Takes a note away.
fn forget(connection: &Connection, id: EventId) -> rusqlite::Result<()> {
    connection.prepare_cached("DELETE FROM snmpv3_quarantine WHERE id = ?1")?.execute([id.0])?;
    Ok(())
}
