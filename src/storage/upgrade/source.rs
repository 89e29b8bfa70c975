//! The old store: its rows in the order of their keys, and the small tables.

use std::io::Read as _;
use std::path::Path;

use rusqlite::{Connection, OptionalExtension as _, Row, params};

use crate::model::event::EventId;
use crate::model::group::CommitNumber;

use super::convert::OldRow;

/// Tables that are copied as they are, where the old store has them.
const TABLES: [&str; 9] = [
    "devices",
    "rule_labels",
    "archives",
    "snmpv3_auth_failures",
    "snmpv3_credential_use",
    "snmpv3_quarantine",
    "snmp_refused",
    "commits",
    "commit_changes",
];

/// The first version whose rows have a commit.
const VERSION_WITH_COMMITS: i64 = 6;

/// The commit of rows that have none.
const FIRST_COMMIT: u64 = 1;

/// The header of a database file, with the count of its changes at the octets 24 to 27.
const HEADER_OCTETS: usize = 28;

/// An old store.
#[derive(Debug)]
pub(super) struct Source {
    connection: Connection,
    version: i64,
}

impl Source {
    /// The store behind `connection`.
    pub(super) fn new(connection: Connection) -> rusqlite::Result<Self> {
        let version = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
        Ok(Self { connection, version })
    }

    pub(super) fn version(&self) -> i64 {
        self.version
    }

    /// How many rows it has.
    pub(super) fn count(&self) -> rusqlite::Result<u64> {
        self.connection.query_row("SELECT count(*) FROM events", [], |row| row.get(0))
    }

    /// The node id in its ids.
    pub(super) fn node_id(&self) -> rusqlite::Result<u64> {
        let sql = "SELECT value FROM store_settings WHERE name = 'node_id'";
        self.connection.query_row(sql, [], |row| row.get::<_, i64>(0)).map(|id| id as u64)
    }

    /// The id that the last `count` rows follow.
    pub(super) fn after_which(&self, count: u64) -> rusqlite::Result<EventId> {
        let sql = "SELECT id FROM events ORDER BY received_at DESC, id DESC LIMIT 1 OFFSET ?1";
        let found = self.connection.query_row(sql, [count], |row| row.get(0));
        match found {
            Err(rusqlite::Error::QueryReturnedNoRows) => Ok(EventId(i64::MIN)),
            found => found.map(EventId),
        }
    }

    /// Gives the rows after `after` to `take`, in the order of their keys, until that gives `false`.
    pub(super) fn rows_after(
        &self,
        after: EventId,
        mut take: impl FnMut(&OldRow<'_>) -> rusqlite::Result<bool>,
    ) -> rusqlite::Result<()> {
        let commit = if self.version >= VERSION_WITH_COMMITS { "e.commit_number" } else { "?3" };
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT e.id, e.origin, e.device, e.reported_host, e.device_time_us, e.raw_message, e.program, e.process_id,
                 e.oid, e.trap_type, e.rule, e.enriched_data, x.raw_bytes, x.reasons, x.community_string,
                 {commit}
             FROM events e LEFT JOIN event_extras x ON x.id = e.id
             WHERE (e.received_at, e.id) > (?1, ?2) AND ?3 > 0 ORDER BY e.received_at, e.id",
        ))?;
        // The time in the key of an old row is the one in its id.
        let time = if after.0 == i64::MIN { String::new() } else { after.received_at().to_string() };
        let mut rows = statement.query((time, after.0, FIRST_COMMIT))?;
        while let Some(row) = rows.next()? {
            if !take(&old_row(row)?)? {
                break;
            }
        }
        Ok(())
    }

    /// Copies the small tables into the new store behind `connection`, inside a transaction of its own or a caller's.
    pub(super) fn copy_tables(&self, connection: &Connection) -> rusqlite::Result<()> {
        for table in TABLES {
            if self.connection.table_exists(None, table)? {
                self.copy_table(connection, table, "")?;
            }
        }
        self.copy_table(connection, "store_settings", "WHERE name <> 'node_id'")?;
        if self.version >= VERSION_WITH_COMMITS {
            return Ok(());
        }
        // Of rows without a commit the ends are the lowest and the highest id.
        let end = |order: &str| {
            let sql = format!("SELECT id FROM events ORDER BY received_at {order}, id {order} LIMIT 1");
            self.connection.query_row(&sql, [], |row| row.get::<_, i64>(0)).optional()
        };
        let Some((first, last)) = end("ASC")?.zip(end("DESC")?) else { return Ok(()) };
        let sql = "INSERT INTO commits(number, number_first, id_first, id_last, rows, kind) VALUES (?1, ?1, ?2, ?3, ?4, 1)";
        connection.execute(sql, params![FIRST_COMMIT, first, last, self.count()?]).map(drop)
    }

    fn copy_table(&self, connection: &Connection, table: &str, condition: &str) -> rusqlite::Result<()> {
        let mut select = self.connection.prepare(&format!("SELECT * FROM {table} {condition}"))?;
        let names = select.column_names().collect::<Vec<_>>().join(", ");
        let places = vec!["?"; select.column_count()].join(", ");
        let mut insert = connection.prepare(&format!("INSERT INTO {table}({names}) VALUES ({places})"))?;
        let count = select.column_count();
        let mut rows = select.query([])?;
        while let Some(row) = rows.next()? {
            for column in 0..count {
                insert.raw_bind_parameter(column + 1, row.get::<_, rusqlite::types::Value>(column)?)?;
            }
            insert.raw_execute()?;
        }
        Ok(())
    }

    /// Moves the write-ahead log into the file, which is all of the store then; `false` when somebody else has it open.
    pub(super) fn fold_log(&self) -> bool {
        let mode = self
            .connection
            .pragma_update_and_check(None, "journal_mode", "DELETE", |row| row.get::<_, String>(0));
        mode.is_ok_and(|mode| mode.eq_ignore_ascii_case("delete"))
    }
}

/// A row of the query of [`Source::rows_after`].
fn old_row<'r>(row: &'r Row<'_>) -> rusqlite::Result<OldRow<'r>> {
    let octets = |column| Ok::<_, rusqlite::Error>(row.get_ref(column)?.as_bytes_or_null()?);
    let text = |column| Ok::<_, rusqlite::Error>(octets(column)?.unwrap_or_default());
    Ok(OldRow {
        id: EventId(row.get(0)?),
        origin: row.get(1)?,
        device: row.get(2)?,
        host: text(3)?,
        device_time_us: row.get(4)?,
        text: text(5)?,
        program: text(6)?,
        process_id: row.get(7)?,
        oid: text(8)?,
        trap_type: text(9)?,
        rule: row.get(10)?,
        enriched: text(11)?,
        raw_bytes: octets(12)?,
        reasons: row.get(13)?,
        community: row.get(14)?,
        commit: CommitNumber(row.get(15)?),
    })
}

/// What tells the file at `path` from the same file after it was written again.
pub(super) fn mark(path: &Path) -> std::io::Result<u64> {
    let mut file = std::fs::File::open(path)?;
    let mut header = [0; HEADER_OCTETS];
    file.read_exact(&mut header)?;
    let changes = header.last_chunk().map_or(0, |count| u32::from_be_bytes(*count));
    let octets = file.metadata()?.len();
    // Of what an i64 holds.
    Ok((octets ^ u64::from(changes).rotate_left(31)) & (i64::MAX as u64))
}
