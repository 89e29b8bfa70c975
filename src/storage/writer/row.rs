//! One row of `events`: what its columns are, and how they are bound.

use std::borrow::Cow;

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, Statement, ToSql, params};

use crate::base::clock::Timestamp;
use crate::model::device_time::TimeSource;
use crate::model::event::{EventId, Kind};
use crate::model::group::CommitNumber;
use crate::model::severity::Severity;
use crate::model::trailing::Trailing;
use crate::storage::shapes::{Dialect, Document, Shapes};

/// Columns of `events`, in the order in which they are bound.
const COLUMNS: [&str; 16] = [
    "received_at",
    "id",
    "commit_number",
    "facts",
    "device",
    "rule",
    "shape",
    "device_time_offset_us",
    "content_start",
    "process_id",
    "reported_host",
    "program",
    "oid",
    "trap_type",
    "raw_message",
    "enriched",
];

/// How many columns a row has.
pub(in crate::storage) const COLUMN_COUNT: usize = COLUMNS.len();

/// How far an id may be ahead of the clock in microseconds so that its time counts as that of receipt: it is by one microsecond
/// for 64 messages that came in one.
const AHEAD_MICROS_MAX: i64 = 1_000;

/// PRI of a message without one: user.notice (RFC 3164 4.3.3).
const PRI_ASSUMED: u8 = 13;

/// Where `source_device` of a row is from. The numbers are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::storage) enum NameSource {
    /// The name of its device.
    Device = 0,
    /// HOSTNAME of the message.
    Hostname = 1,
}

/// What the column `facts` says; the schema draws it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::storage) struct Facts {
    pub(in crate::storage) kind: Kind,
    pub(in crate::storage) listener: u8,
    pub(in crate::storage) pri: Option<u8>,
    pub(in crate::storage) time_source: TimeSource,
    pub(in crate::storage) trailing: Trailing,
    pub(in crate::storage) severity: Option<Severity>,
    pub(in crate::storage) name_source: NameSource,
}

impl Facts {
    /// The column.
    fn bits(self) -> i64 {
        let pri = self.pri.map_or(0, |pri| i64::from(pri) + 1);
        let severity = self.severity.map_or(0, |severity| severity as i64);
        self.kind as i64
            | i64::from(self.listener) << 3
            | pri << 11
            | (self.time_source as i64) << 19
            | i64::from(self.trailing.bits()) << 22
            | severity << 25
            | (self.name_source as i64) << 28
    }
}

/// The effective severity: of the rule that matched, else of a syslog message's level.
pub(in crate::storage) fn severity_of(
    rule: Option<Severity>,
    kind: Kind,
    pri: Option<u8>,
) -> Option<Severity> {
    let of_level = || (kind == Kind::Syslog).then(|| Severity::of_level(pri.unwrap_or(PRI_ASSUMED) % 8));
    rule.or_else(of_level)
}

/// A row; empty octets are NULL, but for the text.
#[derive(Debug, Clone, Copy)]
pub(in crate::storage) struct Row<'a> {
    pub(in crate::storage) id: EventId,
    pub(in crate::storage) received_at: Timestamp,
    pub(in crate::storage) commit: CommitNumber,
    pub(in crate::storage) facts: Facts,
    pub(in crate::storage) device: i64,
    pub(in crate::storage) rule: Option<i64>,
    pub(in crate::storage) device_time: Option<Timestamp>,
    pub(in crate::storage) content_start: u32,
    pub(in crate::storage) process_id: Option<u32>,
    pub(in crate::storage) host: &'a [u8],
    pub(in crate::storage) program: &'a [u8],
    pub(in crate::storage) oid: &'a [u8],
    pub(in crate::storage) trap_type: &'a [u8],
    pub(in crate::storage) text: &'a [u8],
    pub(in crate::storage) enriched: &'a [u8],
}

/// The statement that inserts `rows` rows.
pub(in crate::storage) fn insert(rows: usize) -> String {
    let row = format!("({})", ["?"; COLUMN_COUNT].join(","));
    // A row that is refused fails the transaction in any case. Said here, SQLite need not be able to take back the
    // statement alone, for which it would copy each page that the statement changes.
    format!(
        "INSERT OR ROLLBACK INTO events({}) VALUES {}",
        COLUMNS.join(", "),
        vec![row.as_str(); rows].join(",")
    )
}

impl Row<'_> {
    /// Binds the row to the columns after `offset` of a statement of [`insert`], with a shape where its JSON has one.
    pub(in crate::storage) fn bind(
        &self,
        connection: &Connection,
        statement: &mut Statement<'_>,
        offset: usize,
        shapes: &mut Shapes,
    ) -> rusqlite::Result<()> {
        let received_at = self.key_time();
        if received_at != self.id.received_at() {
            connection
                .prepare_cached("INSERT OR ROLLBACK INTO event_times(id, received_at) VALUES (?1, ?2)")?
                .execute(params![self.id.0, received_at.to_string()])?;
        }
        let shape = shapes.find(connection, &self.document())?;
        let (oid, trap_type, enriched): (&[u8], &[u8], &[u8]) = match shape {
            Some(_) => (b"", b"", shapes.values()),
            None => (self.oid, self.trap_type, self.enriched),
        };
        let device_time_offset = self.device_time.map(|time| time.0 - self.id.received_at().0);
        statement.raw_bind_parameter(offset + 1, Text(&received_at.to_iso8601()))?;
        statement.raw_bind_parameter(offset + 2, self.id.0)?;
        statement.raw_bind_parameter(offset + 3, self.commit.0)?;
        statement.raw_bind_parameter(offset + 4, self.facts.bits())?;
        statement.raw_bind_parameter(offset + 5, self.device)?;
        statement.raw_bind_parameter(offset + 6, self.rule)?;
        statement.raw_bind_parameter(offset + 7, shape)?;
        statement.raw_bind_parameter(offset + 8, device_time_offset)?;
        statement.raw_bind_parameter(offset + 9, self.content_start)?;
        statement.raw_bind_parameter(offset + 10, self.process_id)?;
        bind_text(statement, offset + 11, self.host)?;
        bind_text(statement, offset + 12, self.program)?;
        bind_text(statement, offset + 13, oid)?;
        bind_text(statement, offset + 14, trap_type)?;
        statement.raw_bind_parameter(offset + 15, Text(self.text))?;
        bind_text(statement, offset + 16, enriched)
    }

    /// The time in the key: that of receipt. The time in the id serves where it is as good, so that the row is found by its id.
    fn key_time(&self) -> Timestamp {
        let of_id = self.id.received_at();
        if of_id.0 - self.received_at.0 > AHEAD_MICROS_MAX { self.received_at } else { of_id }
    }

    fn document(&self) -> Document<'_> {
        let dialect = match self.facts.kind {
            Kind::Syslog => Dialect::Syslog,
            Kind::SnmpV1 | Kind::SnmpV2c | Kind::SnmpV3 | Kind::SnmpUndecoded => Dialect::Notification,
        };
        Document { dialect, oid: self.oid, trap_type: self.trap_type, json: self.enriched }
    }
}

/// What few messages have; what is `None` is NULL.
#[derive(Debug)]
pub(in crate::storage) struct Extras<'a> {
    pub(in crate::storage) raw_bytes: Option<&'a [u8]>,
    pub(in crate::storage) reasons: Option<String>,
    pub(in crate::storage) community: Option<Cow<'a, str>>,
}

impl Extras<'_> {
    /// Writes them for the event `id`, if there are any.
    pub(in crate::storage) fn write(&self, connection: &Connection, id: EventId) -> rusqlite::Result<()> {
        if self.raw_bytes.is_none() && self.reasons.is_none() && self.community.is_none() {
            return Ok(());
        }
        connection
            .prepare_cached(
                "INSERT INTO event_extras(id, raw_bytes, reasons, community_string)
                     VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute(params![id.0, self.raw_bytes, self.reasons, self.community])?;
        Ok(())
    }
}

/// Octets bound as TEXT. They were checked to be UTF-8 when the event was made.
struct Text<'a>(&'a [u8]);

impl ToSql for Text<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(ValueRef::Text(self.0)))
    }
}

/// Binds octets as TEXT, none as NULL.
fn bind_text(statement: &mut Statement<'_>, index: usize, text: &[u8]) -> rusqlite::Result<()> {
    if text.is_empty() {
        statement.raw_bind_parameter(index, rusqlite::types::Null)
    } else {
        statement.raw_bind_parameter(index, Text(text))
    }
}
