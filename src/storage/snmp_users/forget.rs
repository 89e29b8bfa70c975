//! Engines whose clocks are to be forgotten: of devices that lost their count of boots, whose messages would otherwise be
//! taken for replays for good.
//!
//! The command line writes here while the daemon runs, and the daemon looks here; after a restart the clock is gone from
//! the store itself.

use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, TransactionBehavior, params};

use crate::base::clock::Timestamp;
use crate::storage::snmp_users::{hex, report::unhex};

/// How long a writer is waited for.
const WAIT: Duration = Duration::from_secs(30);

/// Requests kept; a daemon that runs has seen the older ones.
const REQUESTS_MAX: i64 = 1_000;

/// Whose clock is to be forgotten.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whom<'a> {
    /// That of the engine with this ID.
    Engine(&'a [u8]),
    /// Those of the engines that sent from this address.
    Source(IpAddr),
}

/// Forgets clocks in the store at `path`, while a daemon may run, and asks that daemon to forget them, too. Returns the
/// IDs of the engines in hexadecimal digits; none when no engine of the source is known.
///
/// # Errors
/// What SQLite reports, a store that is not there included.
pub fn forget(path: &Path, whom: Whom<'_>, at: Timestamp) -> rusqlite::Result<Vec<String>> {
    let mut connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    connection.busy_timeout(WAIT)?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let engines = match whom {
        Whom::Engine(id) => vec![hex(id)],
        Whom::Source(source) => {
            let mut statement = transaction.prepare(
                "SELECT DISTINCT engine_id FROM snmpv3_credential_use
                 WHERE source_ip = ?1 AND engine_id IS NOT NULL ORDER BY engine_id",
            )?;
            let rows = statement.query_map([source.to_string()], |row| row.get(0))?;
            rows.collect::<rusqlite::Result<Vec<String>>>()?
        }
    };
    for engine in &engines {
        transaction.execute(
            "UPDATE snmpv3_credential_use SET engine_boots = NULL, engine_time = NULL WHERE engine_id = ?1",
            [engine],
        )?;
        transaction.execute(
            "INSERT INTO snmpv3_forgotten_engines(engine_id, forgotten_at) VALUES (?1, ?2)",
            params![engine, at.to_string()],
        )?;
    }
    transaction.execute(
        "DELETE FROM snmpv3_forgotten_engines
         WHERE number <= (SELECT max(number) FROM snmpv3_forgotten_engines) - ?1",
        [REQUESTS_MAX],
    )?;
    transaction.commit()?;
    Ok(engines)
}

/// Number of the newest request.
///
/// # Errors
/// What SQLite reports.
pub fn newest(connection: &Connection) -> rusqlite::Result<i64> {
    connection
        .query_row("SELECT coalesce(max(number), 0) FROM snmpv3_forgotten_engines", [], |row| row.get(0))
}

/// A store that is looked at for requests again and again. It stays open: to open it costs many times what a look costs.
#[derive(Debug)]
pub struct Requests(Connection);

impl Requests {
    /// Opens the store at `path` for reading.
    ///
    /// # Errors
    /// What SQLite reports.
    pub fn open(path: &Path) -> rusqlite::Result<Self> {
        Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).map(Self)
    }

    /// The requests that follow number `after`: their numbers, and the IDs of the engines.
    ///
    /// # Errors
    /// What SQLite reports.
    pub fn after(&self, after: i64) -> rusqlite::Result<Vec<(i64, Vec<u8>)>> {
        let mut statement = self.0.prepare_cached(
            "SELECT number, engine_id FROM snmpv3_forgotten_engines WHERE number > ?1 ORDER BY number",
        )?;
        let rows = statement.query_map([after], |row| Ok((row.get(0)?, unhex(&row.get::<_, String>(1)?))))?;
        rows.collect()
    }
}
