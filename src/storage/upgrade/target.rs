//! The new store while it is being filled: how far it is stands in it, and changes with the rows.

use std::collections::HashMap;
use std::path::Path;

use rusqlite::{Connection, OpenFlags, OptionalExtension as _};

use crate::model::event::EventId;
use crate::model::severity::Severity;
use crate::storage::connection::CACHE_OCTETS;
use crate::storage::schema::{self, PAGE_OCTETS};
use crate::storage::shapes::Shapes;
use crate::storage::writer::row;

use super::convert::OldRow;

/// Rows that are in the new store, in `store_settings`.
const ROWS: &str = "upgrade_rows";
/// The id of the last of them.
const LAST: &str = "upgrade_last_id";
/// What the old store was.
const MARK: &str = "upgrade_source";

/// How far the new store is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Position {
    /// Rows that it has.
    pub(super) rows: u64,
    /// The last of them.
    pub(super) last: EventId,
}

/// How large a store is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Size {
    pub(super) rows: u64,
    pub(super) octets: u64,
}

/// The new store.
#[derive(Debug)]
pub(super) struct Target {
    connection: Connection,
    shapes: Shapes,
    /// Severities of rule labels.
    severities: HashMap<i64, Severity>,
    insert: String,
    position: Position,
}

/// How far the new store at `path` is, if one was begun from the old store with this mark.
pub(super) fn look(path: &Path, mark: u64) -> Option<Position> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE).ok()?;
    let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0)).ok()?;
    if version != schema::VERSION || setting(&connection, MARK).ok()?? as u64 != mark {
        return None;
    }
    position(&connection).ok()
}

fn setting(connection: &Connection, name: &str) -> rusqlite::Result<Option<i64>> {
    let sql = "SELECT value FROM store_settings WHERE name = ?1";
    connection.prepare_cached(sql)?.query_row([name], |row| row.get(0)).optional()
}

fn set(connection: &Connection, name: &str, value: i64) -> rusqlite::Result<()> {
    let sql = "INSERT INTO store_settings(name, value) VALUES (?1, ?2)
               ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    connection.prepare_cached(sql)?.execute((name, value)).map(drop)
}

fn position(connection: &Connection) -> rusqlite::Result<Position> {
    let rows = setting(connection, ROWS)?.unwrap_or(0);
    let last = EventId(setting(connection, LAST)?.unwrap_or(i64::MIN));
    Ok(Position { rows: rows as u64, last })
}

impl Target {
    /// A new store without rows in an empty database.
    pub(super) fn create(mut connection: Connection, node_id: u64) -> rusqlite::Result<Self> {
        schema::prepare(&connection)?;
        configure(&connection)?;
        schema::create(&mut connection, node_id)?;
        Self::of(connection)
    }

    /// A store that was begun.
    pub(super) fn open(path: &Path) -> rusqlite::Result<Self> {
        let connection = Connection::open(path)?;
        configure(&connection)?;
        Self::of(connection)
    }

    fn of(connection: Connection) -> rusqlite::Result<Self> {
        let shapes = Shapes::open(&connection)?;
        let position = position(&connection)?;
        let insert = row::insert(1);
        Ok(Self { connection, shapes, severities: HashMap::new(), insert, position })
    }

    pub(super) fn connection(&self) -> &Connection {
        &self.connection
    }

    pub(super) fn position(&self) -> Position {
        self.position
    }

    /// Notes which old store it is made of.
    pub(super) fn set_mark(&self, mark: u64) -> rusqlite::Result<()> {
        set(&self.connection, MARK, mark as i64)
    }

    /// Begins a transaction.
    pub(super) fn begin(&mut self) -> rusqlite::Result<()> {
        self.connection.execute_batch("BEGIN IMMEDIATE")
    }

    /// Adds a row.
    pub(super) fn insert(&mut self, old: &OldRow<'_>) -> rusqlite::Result<()> {
        let severity = match old.rule {
            Some(rule) => self.severity(rule)?,
            None => None,
        };
        let mut insert = self.connection.prepare_cached(&self.insert)?;
        old.write(&self.connection, &mut insert, &mut self.shapes, severity)?;
        self.position = Position { rows: self.position.rows + 1, last: old.id };
        Ok(())
    }

    /// The severity of a rule's label.
    fn severity(&mut self, rule: i64) -> rusqlite::Result<Option<Severity>> {
        if let Some(known) = self.severities.get(&rule) {
            return Ok(Some(*known));
        }
        let sql = "SELECT severity FROM rule_labels WHERE number = ?1";
        let word: Option<String> =
            self.connection.prepare_cached(sql)?.query_row([rule], |row| row.get(0)).optional()?;
        let severity = word.and_then(|word| Severity::of_rule(&word));
        if let Some(severity) = severity {
            self.severities.insert(rule, severity);
        }
        Ok(severity)
    }

    /// Commits the transaction, and how far it came.
    pub(super) fn commit(&mut self) -> rusqlite::Result<()> {
        set(&self.connection, ROWS, self.position.rows as i64)?;
        set(&self.connection, LAST, self.position.last.0)?;
        self.connection.execute_batch("COMMIT")
    }

    /// How large it is.
    pub(super) fn size(&self) -> rusqlite::Result<Size> {
        let pages: u64 = self.connection.pragma_query_value(None, "page_count", |row| row.get(0))?;
        Ok(Size { rows: self.position.rows, octets: pages * PAGE_OCTETS as u64 })
    }

    /// Makes it one file without a log. How far it came stays in it until it has taken the old store's place.
    pub(super) fn finish(self) -> rusqlite::Result<()> {
        let Self { connection, .. } = self;
        connection.pragma_update_and_check(None, "journal_mode", "DELETE", |_| Ok(()))?;
        close(connection)
    }
}

/// Takes out of the store at `path`, which has taken the old one's place, what tells how far it was.
pub(super) fn forget_position(path: &Path) -> rusqlite::Result<()> {
    let connection = Connection::open(path)?;
    connection.execute("DELETE FROM store_settings WHERE name IN (?1, ?2, ?3)", [ROWS, LAST, MARK])?;
    close(connection)
}

fn close(connection: Connection) -> rusqlite::Result<()> {
    connection.flush_prepared_statement_cache();
    connection.close().map_err(|(_, error)| error)
}

/// A crash of the machine may take the last slices; the position goes with them.
fn configure(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.pragma_update(None, "cache_size", -(CACHE_OCTETS as i64 / 1024))
}
