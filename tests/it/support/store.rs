//! Looking into the store, as any SQLite client may.

use std::path::{Path, PathBuf};

use rusqlite::types::Value;
use rusqlite::{Connection, OpenFlags};

/// A store of a daemon under test.
#[derive(Debug, Clone)]
pub struct Store {
    path: PathBuf,
}

/// A row with its columns as text; `None` for NULL.
pub type Row = Vec<Option<String>>;

impl Store {
    /// The database at `path`.
    pub fn at(path: &Path) -> Self {
        Self { path: path.to_path_buf() }
    }

    /// A connection that only reads.
    pub fn read(&self) -> Connection {
        let connection = Connection::open_with_flags(&self.path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
        connection.busy_timeout(super::DEADLINE).unwrap();
        connection
    }

    /// All rows of a query.
    #[track_caller]
    pub fn rows(&self, sql: &str) -> Vec<Row> {
        let connection = self.read();
        let mut statement = connection.prepare(sql).unwrap();
        let columns = statement.column_count();
        let rows = statement
            .query_map([], |row| {
                (0..columns)
                    .map(|column| {
                        Ok(match row.get::<_, Value>(column)? {
                            Value::Null => None,
                            Value::Integer(number) => Some(number.to_string()),
                            Value::Real(number) => Some(number.to_string()),
                            Value::Text(text) => Some(text),
                            Value::Blob(octets) => Some(format!("{octets:02x?}")),
                        })
                    })
                    .collect()
            })
            .unwrap();
        rows.map(Result::unwrap).collect()
    }

    /// The first column of all rows, which must not be NULL.
    #[track_caller]
    pub fn column(&self, sql: &str) -> Vec<String> {
        self.rows(sql).into_iter().map(|mut row| row.swap_remove(0).expect("NULL")).collect()
    }

    /// The only row of a query.
    #[track_caller]
    pub fn row(&self, sql: &str) -> Row {
        let mut rows = self.rows(sql);
        assert_eq!(rows.len(), 1, "{sql}: {rows:?}");
        rows.swap_remove(0)
    }

    /// `raw_message` of all messages in order of receipt.
    pub fn texts(&self) -> Vec<String> {
        self.column("SELECT raw_message FROM messages ORDER BY id")
    }

    /// How many messages there are.
    pub fn count(&self) -> usize {
        self.column("SELECT count(*) FROM messages")[0].parse().unwrap()
    }

    /// The octets of each message as received, in order of receipt: `raw_bytes`, or the text where that is NULL.
    pub fn octets(&self) -> Vec<Vec<u8>> {
        let connection = self.read();
        let mut statement = connection
            .prepare("SELECT coalesce(raw_bytes, CAST(raw_message AS BLOB)) FROM messages ORDER BY id")
            .unwrap();
        let rows = statement.query_map([], |row| row.get(0)).unwrap();
        rows.map(Result::unwrap).collect()
    }

    /// Keeps the daemon from committing for as long as the answer lives.
    pub fn lock(&self) -> Connection {
        let connection = Connection::open(&self.path).unwrap();
        connection.busy_timeout(super::DEADLINE).unwrap();
        connection.execute_batch("BEGIN IMMEDIATE").unwrap();
        connection
    }
}
