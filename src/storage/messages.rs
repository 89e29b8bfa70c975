//! Stored messages, commit by commit, for who follows the store and missed some.

use std::borrow::Cow;
use std::path::Path;
use std::time::Duration;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags, OptionalExtension as _, Row};

use crate::model::columns::MessageColumns;
use crate::model::event::EventId;
use crate::model::group::CommitNumber;
use crate::storage::commits;
use crate::storage::connection::key_time;

/// How long a lock is waited for.
const WAIT: Duration = Duration::from_secs(5);

/// Statements that are kept prepared.
const STATEMENTS_KEPT: usize = 8;

/// A row by its key, with the columns in the order of [`columns_of`].
const SELECT: &str = "SELECT id, type, source_ip, source_device, timestamp, received_at, raw_message, validated, \
     validation_errors, matched_rule_id, matched_rule_name, match_severity, enriched_data, stored_to_db, stored_to_buffer, \
     error_message, created_at, raw_bytes, facility, level, program, process_id, oid, trap_type, snmp_version, \
     listener, severity, content \
     FROM messages WHERE received_at = ?1 AND id = ?2";

/// A connection that reads messages while the writer works.
#[derive(Debug)]
pub struct MessageReader {
    connection: Connection,
    node_id: u64,
    /// The commit whose ids are at hand; 0 for none.
    ids_of: CommitNumber,
    ids: Vec<EventId>,
}

/// Where a reader of commits is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CommitPosition {
    /// It has all rows of the commits up to this one.
    pub number: CommitNumber,
    /// And those rows of the next commit whose ids are not above this one.
    pub id: Option<EventId>,
}

impl MessageReader {
    /// A reader of the store at `path`, whose ids have this node id.
    ///
    /// # Errors
    /// What SQLite reports, a store that is not there included.
    pub fn open(path: &Path, node_id: u64) -> rusqlite::Result<Self> {
        let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        connection.busy_timeout(WAIT)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
        Ok(Self { connection, node_id, ids_of: CommitNumber::default(), ids: Vec::new() })
    }

    /// Whether commits after `position` are still kept one by one: older ones were merged, and where one of them ends is
    /// not known any more.
    ///
    /// # Errors
    /// What SQLite reports.
    pub fn is_followable(&self, position: &CommitPosition) -> rusqlite::Result<bool> {
        let merged: Option<i64> = self
            .connection
            .prepare_cached("SELECT 1 FROM commits WHERE number > ?1 AND merged <> 0 LIMIT 1")?
            .query_row([position.number.0], |row| row.get(0))
            .optional()?;
        Ok(merged.is_none())
    }

    /// Hands rows behind `position`, of commits up to `up_to`, to `take`, in order of commits and ids, until it answers that it
    /// wants no more, and moves `position` behind them. Rows that were changed since are of a later commit, and those deleted of none. There are
    /// no more when `position.number` is `up_to`.
    ///
    /// # Errors
    /// What SQLite reports; `position` is behind what was handed over.
    pub fn read_on(
        &mut self,
        position: &mut CommitPosition,
        up_to: CommitNumber,
        mut take: impl FnMut(&MessageColumns<'_>) -> bool,
    ) -> rusqlite::Result<()> {
        while position.number < up_to {
            let number = CommitNumber(position.number.0 + 1);
            self.find_ids(number)?;
            let start = position.id.map_or(0, |after| self.ids.partition_point(|id| *id <= after));
            for id in self.ids.get(start..).unwrap_or_default() {
                let wants_more = self.read(*id, &mut take)?;
                position.id = Some(*id);
                if !wants_more {
                    return Ok(());
                }
            }
            *position = CommitPosition { number, id: None };
        }
        Ok(())
    }

    /// Finds the ids of a commit's rows, unless they were found last.
    fn find_ids(&mut self, number: CommitNumber) -> rusqlite::Result<()> {
        if self.ids_of == number {
            return Ok(());
        }
        self.ids_of = CommitNumber::default();
        self.ids.clear();
        let before = CommitNumber(number.0 - 1);
        commits::rows_after(&self.connection, before, number, |row| self.ids.push(row.id))?;
        self.ids.sort_unstable();
        self.ids_of = number;
        Ok(())
    }

    /// Hands the row of `id` to `take`, if it is there; gives whether it wants more.
    fn read(
        &self,
        id: EventId,
        take: &mut impl FnMut(&MessageColumns<'_>) -> bool,
    ) -> rusqlite::Result<bool> {
        let mut statement = self.connection.prepare_cached(SELECT)?;
        let received_at = key_time(&self.connection, id)?;
        let mut rows = statement.query([received_at, id.uuid(self.node_id).to_string()])?;
        match rows.next()? {
            Some(row) => Ok(take(&columns_of(row)?)),
            None => Ok(true),
        }
    }
}

/// What a row of [`SELECT`] says.
fn columns_of<'r>(row: &'r Row<'_>) -> rusqlite::Result<MessageColumns<'r>> {
    let text = |place| Ok::<_, rusqlite::Error>(text_or_null(row, place)?.unwrap_or_default());
    let nullable = |place| text_or_null(row, place);
    Ok(MessageColumns {
        id: text(0)?,
        message_type: text(1)?,
        source_ip: nullable(2)?,
        source_device: nullable(3)?,
        timestamp: text(4)?,
        received_at: text(5)?,
        raw_message: text(6)?,
        validated: row.get(7)?,
        validation_errors: text(8)?,
        matched_rule_id: nullable(9)?,
        matched_rule_name: nullable(10)?,
        match_severity: nullable(11)?,
        enriched_data: text(12)?,
        stored_to_db: row.get(13)?,
        stored_to_buffer: row.get(14)?,
        error_message: nullable(15)?,
        created_at: text(16)?,
        raw_bytes: match row.get_ref(17)? {
            ValueRef::Blob(octets) => Some(octets.into()),
            _ => None,
        },
        facility: nullable(18)?,
        level: row.get(19)?,
        program: nullable(20)?,
        process_id: row.get(21)?,
        oid: nullable(22)?,
        trap_type: nullable(23)?,
        snmp_version: nullable(24)?,
        listener: nullable(25)?,
        severity: nullable(26)?,
        content: nullable(27)?,
    })
}

/// The text in a column; `None` for NULL.
fn text_or_null<'r>(row: &'r Row<'_>, place: usize) -> rusqlite::Result<Option<Cow<'r, str>>> {
    Ok(match row.get_ref(place)? {
        ValueRef::Text(octets) => Some(String::from_utf8_lossy(octets)),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use rusqlite::params;

    use super::*;
    use crate::base::clock::Timestamp;
    use crate::base::span::Span;
    use crate::model::batch::Batch;
    use crate::model::event::{Body, Event, Kind, Reasons};
    use crate::model::group::{Group, Place};
    use crate::model::trailing::Trailing;
    use crate::storage::connection::{StoreSettings, Synchronous, open};
    use crate::storage::jobs::{Job, Workspace};
    use crate::storage::writer::Writer;

    const NODE: u64 = 0xabc;

    /// An event for each id, of the microsecond with this number; every fifth was received an hour before its id says.
    fn group(ids: &[i64]) -> Group {
        let mut batch = Batch::new();
        for id in ids {
            let text = batch.append(id.to_string().as_bytes());
            batch.events.push(Event {
                id: EventId(id << 11),
                received_at: Timestamp(id - if id % 5 == 0 { 3_600_000_000 } else { 0 }),
                listener: 0,
                source: [127, 0, 0, 1].into(),
                kind: Kind::SnmpUndecoded,
                text,
                trailing: Trailing::NONE,
                content_start: 0,
                raw_bytes: Span::EMPTY,
                enriched: Span::EMPTY,
                rule: None,
                reasons: Reasons::default(),
                body: Body::Undecoded,
            });
        }
        let places = (0..).take(ids.len()).map(|event| Place { batch: 0, event }).collect();
        Group { batches: vec![batch], places }
    }

    struct Rename(i64);

    impl Job for Rename {
        type Answer = ();

        fn run(&mut self, store: &mut Workspace<'_>) -> rusqlite::Result<()> {
            let id = EventId(self.0 << 11);
            let sql = "UPDATE events SET raw_message = 'changed' WHERE received_at = ?1 AND id = ?2";
            store.connection().execute(sql, params![key_time(store.connection(), id)?, id.0])?;
            store.note_changed(id);
            Ok(())
        }
    }

    #[test]
    fn rows_come_commit_by_commit_and_in_slices_of_any_size() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("messages.db");
        let settings = StoreSettings {
            path: path.clone(),
            connection_timeout: WAIT,
            synchronous: Synchronous::Off,
            node_id: NODE,
        };
        let mut writer = Writer::new(open(&settings).unwrap(), false).unwrap();
        let start = 1_795_335_330_000_000;
        for ids in [&[1, 4, 5][..], &[2, 3], &[10, 11, 12, 13]] {
            let ids: Vec<i64> = ids.iter().map(|id| start + id).collect();
            writer.write(&group(&ids)).unwrap();
        }
        writer.run_job(Rename(start + 2)).unwrap();
        let newest = writer.newest_commit();
        assert_eq!(newest, CommitNumber(4));
        let texts = ["1", "4", "5", "3", "10", "11", "12", "13", "changed"];
        for slice in 1..=texts.len() {
            let mut reader = MessageReader::open(&path, NODE).unwrap();
            let mut at = CommitPosition::default();
            assert!(reader.is_followable(&at).unwrap());
            let mut all = Vec::new();
            while at.number < newest {
                let before = all.len();
                let take = |columns: &MessageColumns<'_>| {
                    all.push(columns.raw_message.clone().into_owned());
                    all.len() < before + slice
                };
                reader.read_on(&mut at, newest, take).unwrap();
                assert!(all.len() > before || at.number == newest, "it goes on");
            }
            let shown = |text: &String| text.strip_prefix("17953353300000").unwrap_or(text).to_owned();
            let shown: Vec<String> =
                all.iter().map(shown).map(|text| text.trim_start_matches('0').to_owned()).collect();
            assert_eq!(shown, texts, "slices of {slice}");
        }
        let plan: String = MessageReader::open(&path, NODE)
            .unwrap()
            .connection
            .prepare(&format!("EXPLAIN QUERY PLAN {SELECT}"))
            .unwrap()
            .query_map(["", ""], |row| row.get::<_, String>(3))
            .unwrap()
            .map(Result::unwrap)
            .collect();
        assert!(plan.contains("SEARCH e USING PRIMARY KEY (received_at=?)"), "by its key: {plan}");
    }
}
