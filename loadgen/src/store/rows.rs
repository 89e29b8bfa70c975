//! The rows of a run, as any SQLite client can read them: the view `messages`, and nothing else of the store.
//!
//! Invariant: opened for reading only; a row that bears the run's mark anywhere is handed on.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use rusqlite::{Connection, OpenFlags, Row as Columns};
use serde_json::Value;

use super::expected::{Content, Varbind};
use crate::payload::Tail;

/// How long another process may keep the store locked.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// What a receiver adds to messages that it did read, because a column is empty.
const NOT_UNDECODED: [&str; 2] = ["Syslog message missing program", "SNMP trap missing OID"];

/// Every row that may be of the run: its mark is in the text or in the octets, or it is a notification that could not be
/// read, in which the mark may be hidden.
const QUERY: &str = "
    SELECT id, type, raw_message, raw_bytes, validation_errors, enriched_data, oid
    FROM messages
    WHERE instr(raw_message, ?1) OR instr(raw_bytes, CAST(?1 AS BLOB)) OR (type = 'snmp_trap' AND oid IS NULL)";

/// A row of the run.
#[derive(Debug)]
pub struct Row {
    /// Its id; the order of ids is the order of receipt.
    pub id: u128,
    /// The numbers of its message.
    pub tail: Tail,
    /// Whether it is marked as a repetition.
    pub is_repeated: bool,
    /// What it says; `None` when the receiver could not read it.
    pub content: Option<Content>,
}

/// A store that is read.
#[derive(Debug)]
pub struct Store {
    path: PathBuf,
    connection: Connection,
}

impl Store {
    /// Opens the database at `path`.
    ///
    /// # Errors
    /// There is none.
    pub fn open(path: &Path) -> Result<Self> {
        let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)
            .and_then(|connection| connection.busy_timeout(BUSY_TIMEOUT).map(|()| connection))
            .with_context(|| format!("--verify-store: cannot open {}", path.display()))?;
        Ok(Self { path: path.to_path_buf(), connection })
    }

    /// The id of the newest row.
    ///
    /// # Errors
    /// It is no store of a receiver.
    pub fn newest(&self) -> Result<Option<String>> {
        let newest = "SELECT id FROM messages ORDER BY received_at DESC LIMIT 1";
        let result = self.connection.query_row(newest, [], |row| row.get(0));
        match result {
            Err(rusqlite::Error::QueryReturnedNoRows) => Ok(None),
            other => other.map(Some).with_context(|| self.complaint()),
        }
    }

    /// Hands every row of run `run_id` to `take`, in no particular order. The number of notifications that could not be
    /// read and bear no mark: nobody knows whose they are.
    ///
    /// # Errors
    /// It is no store of a receiver, or a row is not as it should be.
    pub fn read(&self, run_id: u32, mut take: impl FnMut(Row)) -> Result<u64> {
        let mark = Tail::mark(run_id);
        let mut unattributed = 0;
        let mut statement = self.connection.prepare(QUERY).with_context(|| self.complaint())?;
        let mut rows = statement.query([&mark]).with_context(|| self.complaint())?;
        while let Some(columns) = rows.next().with_context(|| self.complaint())? {
            match row(columns, &mark, run_id).with_context(|| self.complaint())? {
                Some(row) => take(row),
                None => unattributed += 1,
            }
        }
        Ok(unattributed)
    }

    fn complaint(&self) -> String {
        format!("--verify-store: {}", self.path.display())
    }
}

/// Reads a row; `None` when it bears no mark that can be read.
fn row(columns: &Columns<'_>, mark: &str, run_id: u32) -> Result<Option<Row>> {
    let id: String = columns.get(0)?;
    let kind: String = columns.get(1)?;
    let text: String = columns.get(2)?;
    let octets: Option<Vec<u8>> = columns.get(3)?;
    let errors: String = columns.get(4)?;
    // What is no JSON says nothing of what was sent: the row is found to be changed.
    let enriched: Value = serde_json::from_str(&columns.get::<_, String>(5)?).unwrap_or_default();
    let oid: Option<String> = columns.get(6)?;
    let errors: Vec<String> = serde_json::from_str(&errors).context("validation_errors")?;

    let found = Tail::find(text.as_bytes(), mark, run_id);
    let found = found.or_else(|| Tail::find(octets.as_deref().unwrap_or_default(), mark, run_id));
    let Some(tail) = found else { return Ok(None) };
    let is_read = errors.iter().all(|error| NOT_UNDECODED.contains(&error.as_str()));
    let content = match (kind.as_str(), oid) {
        _ if !is_read => None,
        ("syslog", _) => Some(Content::Syslog(octets.unwrap_or_else(|| text.into_bytes()))),
        (_, Some(oid)) => Some(Content::Trap { oid, varbinds: varbinds(&enriched) }),
        (_, None) => None,
    };
    let hex: String = id.chars().filter(char::is_ascii_hexdigit).collect();
    let id = u128::from_str_radix(&hex, 16).with_context(|| format!("id {id}"))?;
    Ok(Some(Row { id, tail, is_repeated: enriched["repeated"] == Value::Bool(true), content }))
}

/// `varbinds` of `enriched_data`: names and values, without what a MIB adds.
fn varbinds(enriched: &Value) -> Vec<Varbind> {
    let all = enriched["varbinds"].as_array().map(Vec::as_slice).unwrap_or_default();
    all.iter()
        .map(|varbind| Varbind {
            name: varbind["oid"].as_str().unwrap_or_default().to_owned(),
            value: varbind["value"].clone(),
        })
        .collect()
}
