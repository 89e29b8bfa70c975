//! Writing: one transaction for many batches, many rows an INSERT.

mod awaiting;
pub(super) mod row;

use std::sync::Arc;

use rusqlite::{Connection, Statement, params};

use crate::base::clock::Timestamp;
use crate::base::span::Span;
use crate::model::batch::{Batch, RuleLabel};
use crate::model::event::{Body, Event, EventId, Kind, SyslogRecord};
use crate::model::group::{CommitNumber, Group, Place, event_at};
use crate::model::severity::Severity;
use crate::storage::commits::CommitLog;
use crate::storage::connection::Store;
use crate::storage::devices::{Registry, Sighting};
use crate::storage::error::WriteError;
use crate::storage::jobs::{self, Job, JobError, JobReceiver, Workspace};
use crate::storage::refused;
use crate::storage::shapes::Shapes;
use crate::storage::snmp_users::SnmpUsers;

use row::{COLUMN_COUNT, Extras, Facts, NameSource, Row};

/// Rows of one INSERT; the rest of a transaction goes in row by row. Gains level off at 16.
const ROWS_PER_INSERT: usize = 32;
/// How long a lock is waited for while the program stops.
const STOPPING_LOCK_WAIT: std::time::Duration = std::time::Duration::from_secs(1);

/// The one writer of a store.
#[derive(Debug)]
pub struct Writer {
    store: Store,
    keep_community: bool,
    quarantine_max: u32,
    registry: Registry,
    users: SnmpUsers,
    labels: LabelNumbers,
    shapes: Shapes,
    commits: CommitLog,
    jobs: Option<JobReceiver>,
    /// Stored rows that jobs of the open transaction changed.
    changed: Vec<EventId>,
    insert_many: String,
    insert_one: String,
}

/// Numbers of the current rule set's labels in the store, looked up when first needed.
#[derive(Debug)]
struct LabelNumbers {
    labels: Arc<[RuleLabel]>,
    numbers: Vec<Option<Label>>,
}

/// A rule's label in the store.
#[derive(Debug, Clone, Copy)]
struct Label {
    number: i64,
    severity: Option<Severity>,
}

impl Writer {
    /// A writer on `store`, which keeps communities if told so.
    ///
    /// # Errors
    /// What SQLite reports.
    pub fn new(store: Store, keep_community: bool) -> Result<Self, WriteError> {
        let registry = Registry::open(&store.connection)?;
        let users = SnmpUsers::open(&store.connection)?;
        let shapes = Shapes::open(&store.connection)?;
        let commits = CommitLog::open(&store.connection)?;
        store.connection.set_prepared_statement_cache_capacity(64);
        Ok(Self {
            insert_many: row::insert(ROWS_PER_INSERT),
            insert_one: row::insert(1),
            store,
            keep_community,
            quarantine_max: 0,
            registry,
            users,
            labels: LabelNumbers { labels: Arc::from([]), numbers: Vec::new() },
            shapes,
            commits,
            jobs: None,
            changed: Vec::new(),
        })
    }

    /// The same writer, which also notes up to `messages_max` messages of SNMPv3 that await a credential.
    #[must_use]
    pub fn with_quarantine(mut self, messages_max: u32) -> Self {
        self.quarantine_max = messages_max;
        self
    }

    /// Notes the names of listeners by the numbers that events have. Names of numbers that are not among them stay.
    ///
    /// # Errors
    /// See [`WriteError`].
    pub fn name_listeners<'n>(&self, names: impl Iterator<Item = (u8, &'n str)>) -> Result<(), WriteError> {
        let sql = "INSERT INTO listeners(number, name) VALUES (?1, ?2)
                   ON CONFLICT (number) DO UPDATE SET name = excluded.name WHERE name <> excluded.name";
        let mut statement = self.store.connection.prepare(sql)?;
        for name in names {
            statement.execute(name)?;
        }
        Ok(())
    }

    /// The same writer, which also runs the jobs that come in through `jobs`.
    #[must_use]
    pub fn with_jobs(mut self, jobs: JobReceiver) -> Self {
        self.jobs = Some(jobs);
        self
    }

    /// The same writer, which merges commits at other limits.
    #[cfg(test)]
    pub(super) fn with_merge_limits(mut self, limits: crate::storage::commits::MergeLimits) -> Self {
        self.commits.set_limits(limits);
        self
    }

    /// The writing connection, for tests.
    #[cfg(test)]
    pub(super) fn connection(&self) -> &Connection {
        &self.store.connection
    }

    /// Commits the events of `group`, which must be in rising order of id, and runs waiting jobs in the same transaction.
    /// When this returns `Ok`, they are durable. Returns the number of the commit; `None` when there was no event.
    ///
    /// # Errors
    /// See [`WriteError`]; none of the events is in the store then, and the same call may be made again.
    pub fn write(&mut self, group: &Group) -> Result<Option<CommitNumber>, WriteError> {
        self.changed.clear();
        let result = self.write_transaction(group).map_err(WriteError::from);
        match &result {
            Ok(_) => {
                self.users.committed();
                self.commits.committed();
            }
            Err(_) => {
                self.users.rolled_back();
                self.commits.rolled_back();
                // SQLite rolls some failures back by itself and leaves others to us.
                if !self.store.connection.is_autocommit() {
                    let _ = self.store.connection.execute_batch("ROLLBACK");
                }
                // What memory knows of devices, labels and shapes may have been rolled back.
                self.labels.numbers.fill(None);
                let _ = self.registry.reset(&self.store.connection);
                let _ = self.shapes.reset(&self.store.connection);
            }
        }
        if let Some(jobs) = &mut self.jobs {
            jobs.answer(result.as_ref().err());
        }
        result
    }

    /// The transaction itself.
    fn write_transaction(&mut self, group: &Group) -> rusqlite::Result<Option<CommitNumber>> {
        let (batches, places) = (group.batches.as_slice(), group.places.as_slice());
        self.store.connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        self.insert_rows(batches, places)?;
        let Self { store, registry, users, commits, jobs, changed, .. } = self;
        let connection = &store.connection;
        registry.flush(connection)?;
        users.write(connection, batches)?;
        if self.quarantine_max > 0 {
            awaiting::note(connection, batches, places, self.quarantine_max)?;
        }
        refused::write(connection, batches)?;
        let id_of = |place: &Place| event_at(batches, *place).map(|(_, event)| event.id);
        let ends = places.first().and_then(id_of).zip(places.last().and_then(id_of));
        let number =
            ends.map(|(first, last)| commits.note_rows(connection, first, last, places.len())).transpose()?;
        // After the commit is noted: what jobs change is another one.
        if let Some(jobs) = jobs {
            jobs.run_turn(&mut Workspace::new(connection, registry, changed))?;
        }
        if !changed.is_empty() {
            commits.note_changes(connection, changed)?;
        }
        connection.prepare_cached("COMMIT")?.execute([])?;
        Ok(number)
    }

    /// Inserts a row for each event, and what the rows refer to.
    fn insert_rows(&mut self, batches: &[Batch], places: &[Place]) -> rusqlite::Result<()> {
        let connection = &self.store.connection;
        let mut row = RowWriter {
            connection,
            registry: &mut self.registry,
            labels: &mut self.labels,
            shapes: &mut self.shapes,
            keep_community: self.keep_community,
            commit: self.commits.next(),
        };
        let mut chunks = places.chunks_exact(ROWS_PER_INSERT);
        let mut many = connection.prepare_cached(&self.insert_many)?;
        for chunk in &mut chunks {
            for (index, place) in chunk.iter().enumerate() {
                row.bind(&mut many, index * COLUMN_COUNT, batches, *place)?;
            }
            many.raw_execute()?;
        }
        let mut one = connection.prepare_cached(&self.insert_one)?;
        for place in chunks.remainder() {
            row.bind(&mut one, 0, batches, *place)?;
            one.raw_execute()?;
        }
        Ok(())
    }

    /// Whether jobs wait.
    #[must_use]
    pub fn has_jobs(&self) -> bool {
        self.jobs.as_ref().is_some_and(JobReceiver::has_waiting)
    }

    /// Runs waiting jobs in a transaction of their own, for a turn.
    ///
    /// # Errors
    /// See [`WriteError`]; the jobs were answered with it, and those that wait still do.
    pub fn run_jobs(&mut self) -> Result<(), WriteError> {
        if self.has_jobs() { self.write(&Group::default()).map(|_| ()) } else { Ok(()) }
    }

    /// Runs one job now, for who has the store alone.
    ///
    /// # Errors
    /// See [`JobError`].
    pub fn run_job<J: Job>(&mut self, job: J) -> Result<J::Answer, JobError> {
        let (sender, receiver) = jobs::bounded(Arc::new(|| ()));
        let (answer, answered) = std::sync::mpsc::sync_channel(1);
        sender.submit(job, move |outcome| {
            let _ = answer.send(outcome);
        })?;
        let others = self.jobs.replace(receiver);
        // The job's answer says what failed.
        let _ = self.run_jobs();
        self.jobs = others;
        answered.recv().unwrap_or(Err(JobError::Closed))
    }

    /// Shortens the wait for a lock that another program holds, since this one stops.
    pub fn set_shutting_down(&mut self) {
        // An error would mean that the longer wait stays.
        let _ = self.store.connection.busy_timeout(STOPPING_LOCK_WAIT);
    }

    /// Writes what the registry kept back, moves the log into the database, and closes the store.
    ///
    /// # Errors
    /// What SQLite reports; committed events are safe all the same.
    pub fn close(mut self) -> Result<(), WriteError> {
        self.set_shutting_down();
        self.registry.refresh(usize::MAX, Timestamp(i64::MAX));
        self.store.connection.execute_batch("BEGIN IMMEDIATE")?;
        self.registry.flush(&self.store.connection)?;
        self.store.connection.execute_batch("COMMIT")?;
        self.store.checkpoint()?;
        Ok(())
    }
}

/// What binding a row needs besides the statement.
struct RowWriter<'a> {
    connection: &'a Connection,
    registry: &'a mut Registry,
    labels: &'a mut LabelNumbers,
    shapes: &'a mut Shapes,
    keep_community: bool,
    commit: CommitNumber,
}

impl RowWriter<'_> {
    /// Binds the event at `place` to the columns after `offset`.
    fn bind(
        &mut self,
        statement: &mut Statement<'_>,
        offset: usize,
        batches: &[Batch],
        place: Place,
    ) -> rusqlite::Result<()> {
        let Some((batch, event)) = event_at(batches, place) else {
            return Err(rusqlite::Error::InvalidQuery);
        };
        let syslog = match event.body {
            Body::Syslog(record) => record,
            Body::Notification(_) | Body::Undecoded | Body::AwaitsCredential => SyslogRecord::default(),
        };
        let (oid, trap_type) = match event.body {
            Body::Notification(record) => (record.oid, record.trap_type),
            Body::Syslog(_) | Body::Undecoded | Body::AwaitsCredential => (Span::EMPTY, Span::EMPTY),
        };
        let device = self.registry.see(
            self.connection,
            &Sighting {
                source: event.source,
                at: event.received_at,
                host: batch.bytes(syslog.host),
                is_syslog: event.kind == Kind::Syslog,
                snmp_version: snmp_version(event.kind),
            },
        )?;
        let label = match event.rule {
            Some(index) => self.label(batch, index)?,
            None => None,
        };
        let host = batch.bytes(syslog.host);
        let row = Row {
            id: event.id,
            received_at: event.received_at,
            commit: self.commit,
            facts: Facts {
                kind: event.kind,
                listener: event.listener,
                pri: syslog.pri,
                time_source: syslog.time_source,
                trailing: event.trailing,
                severity: row::severity_of(label.and_then(|label| label.severity), event.kind, syslog.pri),
                name_source: if host.is_empty() { NameSource::Device } else { NameSource::Hostname },
            },
            device,
            rule: label.map(|label| label.number),
            device_time: syslog.device_time,
            content_start: event.content_start,
            process_id: syslog.process_id,
            host,
            program: batch.bytes(syslog.program),
            oid: batch.bytes(oid),
            trap_type: batch.bytes(trap_type),
            text: batch.bytes(event.text),
            enriched: batch.bytes(event.enriched),
        };
        row.bind(self.connection, statement, offset, self.shapes)?;
        self.extras(batch, event).write(self.connection, event.id)
    }

    /// What few messages have: other octets than their text, complaints, a community that is to be kept.
    fn extras<'b>(&self, batch: &'b Batch, event: &Event) -> Extras<'b> {
        let community = match event.body {
            Body::Notification(record) if self.keep_community && !record.community.is_empty() => {
                Some(String::from_utf8_lossy(batch.bytes(record.community)))
            }
            _ => None,
        };
        Extras {
            raw_bytes: (!event.raw_bytes.is_empty()).then(|| batch.bytes(event.raw_bytes)),
            reasons: (!event.reasons.is_empty()).then(|| reasons_json(event.reasons.iter())),
            community,
        }
    }

    /// A rule's label in the store.
    fn label(&mut self, batch: &Batch, index: u32) -> rusqlite::Result<Option<Label>> {
        let labels = &mut *self.labels;
        if !Arc::ptr_eq(&labels.labels, &batch.labels) {
            labels.labels = Arc::clone(&batch.labels);
            labels.numbers = vec![None; labels.labels.len()];
        }
        let (Some(label), Some(known)) =
            (labels.labels.get(index as usize), labels.numbers.get_mut(index as usize))
        else {
            return Ok(None);
        };
        if known.is_none() {
            let number = number_of_label(self.connection, label)?;
            *known = Some(Label { number, severity: Severity::of_rule(&label.severity) });
        }
        Ok(*known)
    }
}

/// Number of a label in the store, where it is made if it is new.
pub(super) fn number_of_label(connection: &Connection, label: &RuleLabel) -> rusqlite::Result<i64> {
    let keys = params![label.id, label.name, label.severity];
    connection
        .prepare_cached("INSERT OR IGNORE INTO rule_labels(id, name, severity) VALUES (?1, ?2, ?3)")?
        .execute(keys)?;
    connection
        .prepare_cached("SELECT number FROM rule_labels WHERE id = ?1 AND name = ?2 AND severity = ?3")?
        .query_row(keys, |row| row.get(0))
}

/// The seed's name of an SNMP version.
fn snmp_version(kind: Kind) -> Option<&'static str> {
    match kind {
        Kind::SnmpV1 => Some("v1"),
        Kind::SnmpV2c => Some("v2c"),
        Kind::SnmpV3 => Some("v3"),
        Kind::Syslog | Kind::SnmpUndecoded => None,
    }
}

/// Reasons as the members of a JSON list.
pub(super) fn reasons_json(reasons: impl Iterator<Item = &'static str>) -> String {
    let quoted: Vec<String> = reasons.map(|reason| serde_json::Value::from(reason).to_string()).collect();
    quoted.join(",")
}

#[cfg(test)]
mod tests;
