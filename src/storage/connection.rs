//! Opening the store: one process, our own database, the right version, and pragmas that were read back.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension};

use crate::model::event::EventId;
use crate::model::trailing::Trailing;
use crate::storage::error::OpenError;
use crate::storage::schema;

/// What `PRAGMA synchronous` is set to, and what it promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Synchronous {
    /// No sync: a crash of the machine may lose or damage anything. For experiments.
    Off,
    /// Sync at checkpoints: a crash of the machine may lose the last commits, a crash of the program nothing.
    Normal,
    /// Sync at each commit: what was committed survives power loss.
    Full,
    /// As FULL, and the directory too.
    Extra,
}

impl Synchronous {
    /// The pragma's value.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Off => "OFF",
            Self::Normal => "NORMAL",
            Self::Full => "FULL",
            Self::Extra => "EXTRA",
        }
    }
}

/// The store as configured.
#[derive(Debug, Clone)]
pub struct StoreSettings {
    /// The database file.
    pub path: PathBuf,
    /// How long to wait for a lock that another connection holds.
    pub connection_timeout: Duration,
    /// Durability of a commit.
    pub synchronous: Synchronous,
    /// Node id for a new store; `None`: random.
    pub node_id: Option<u64>,
}

/// The page cache of the writing connection, in octets.
pub const CACHE_OCTETS: usize = 64 * 1024 * 1024;

/// Pages in the write-ahead log at which a commit also checkpoints. 32 MiB: large enough that pages which many
/// commits touched are copied once, small enough that copying them holds the writer up for tens of milliseconds.
const CHECKPOINT_PAGES: i64 = 2_048;

/// A page holds about 50 messages. Larger pages mean fewer of them; measured best at 16 KiB.
const PAGE_OCTETS: i64 = 16_384;

/// An open store and its lock.
#[derive(Debug)]
pub struct Store {
    /// The writing connection.
    pub connection: Connection,
    /// The node id in all ids of this store, 48 bits.
    pub node_id: u64,
    /// The newest event; 0 in a new store.
    pub newest: EventId,
    /// Held as long as the store is open.
    _lock: File,
}

/// Opens the store, making it or bringing its schema up to date where needed.
///
/// # Errors
/// See [`OpenError`]: each is one line that says what to do.
pub fn open(settings: &StoreSettings) -> Result<Store, OpenError> {
    let path = settings.path.as_path();
    if let Some(directory) = path.parent().filter(|directory| !directory.as_os_str().is_empty()) {
        std::fs::create_dir_all(directory)
            .map_err(|source| OpenError::Directory { path: directory.to_path_buf(), source })?;
    }
    let lock = lock(path)?;
    let sqlite = |source| OpenError::from_sqlite(path, source);
    let mut connection = Connection::open(path).map_err(sqlite)?;
    connection.busy_timeout(settings.connection_timeout).map_err(sqlite)?;
    let found = identify(&connection, path)?;
    match found {
        0 => connection.pragma_update(None, "page_size", PAGE_OCTETS).map_err(sqlite)?,
        schema::VERSION => {}
        _ => return Err(OpenError::Older { path: path.to_path_buf(), found, known: schema::VERSION }),
    }
    configure(&connection, settings.synchronous).map_err(sqlite)?;
    if found == 0 {
        let node_id = settings.node_id.unwrap_or_else(random_node_id);
        schema::create(&mut connection, node_id).map_err(sqlite)?;
    }
    let stored: i64 = connection
        .query_row("SELECT value FROM store_settings WHERE name = 'node_id'", [], |row| row.get(0))
        .map_err(sqlite)?;
    let stored = stored as u64;
    // A store that can be read and not written, or a full disk, must be found now and not by the first message.
    connection
        .execute("UPDATE store_settings SET value = value WHERE name = 'node_id'", [])
        .map_err(sqlite)?;
    let newest = newest_id(&connection).map_err(sqlite)?;
    match settings.node_id {
        Some(configured) if configured != stored => {
            Err(OpenError::NodeId { path: path.to_path_buf(), configured, stored })
        }
        _ => Ok(Store { connection, node_id: stored, newest, _lock: lock }),
    }
}

/// The highest id in the store; 0 in an empty one. After the clock was set back it is not the id of the last row.
fn newest_id(connection: &Connection) -> rusqlite::Result<EventId> {
    let last = "SELECT id FROM events ORDER BY received_at DESC, id DESC LIMIT 1";
    let last: Option<i64> = connection.query_row(last, [], |row| row.get(0)).optional()?;
    let elsewhere: Option<i64> =
        connection.query_row("SELECT max(id) FROM event_times", [], |row| row.get(0))?;
    Ok(EventId(last.max(elsewhere).unwrap_or(0)))
}

/// The time in the key of the row with this id, if there is such a row.
///
/// # Errors
/// What SQLite reports.
pub fn key_time(connection: &Connection, id: EventId) -> rusqlite::Result<String> {
    let sql = "SELECT received_at FROM event_times WHERE id = ?1";
    let found = connection.prepare_cached(sql)?.query_row([id.0], |row| row.get(0)).optional()?;
    Ok(found.unwrap_or_else(|| id.received_at().to_string()))
}

/// Takes the advisory lock that keeps a second muttd off this store.
fn lock(path: &Path) -> Result<File, OpenError> {
    let mut lock_path = path.as_os_str().to_owned();
    lock_path.push(".lock");
    let lock_path = PathBuf::from(lock_path);
    let lock = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&lock_path)
        .map_err(|source| OpenError::LockFile { path: lock_path.clone(), source })?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse { path: path.to_path_buf() }),
        Err(TryLockError::Error(source)) => Err(OpenError::LockFile { path: lock_path, source }),
    }
}

/// Whose database this is: the schema version of ours, 0 for a new one.
fn identify(connection: &Connection, path: &Path) -> Result<i64, OpenError> {
    let sqlite = |source| OpenError::from_sqlite(path, source);
    let pragma = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let application_id = pragma("application_id").map_err(sqlite)?;
    let found = pragma("user_version").map_err(sqlite)?;
    let tables: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).map_err(sqlite)?;
    if application_id != schema::APPLICATION_ID {
        if tables > 0 || application_id != 0 {
            return Err(OpenError::Foreign { path: path.to_path_buf(), application_id });
        }
        return Ok(0);
    }
    if found > schema::VERSION {
        return Err(OpenError::Newer { path: path.to_path_buf(), found, known: schema::VERSION });
    }
    Ok(found)
}

/// Sets the pragmas of the writing connection.
fn configure(connection: &Connection, synchronous: Synchronous) -> rusqlite::Result<()> {
    // Readers never wait for the writer, nor the writer for them.
    let mode: String = connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
    if !mode.eq_ignore_ascii_case("wal") {
        return Err(rusqlite::Error::SqliteFailure(
            rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CANTOPEN),
            Some(format!("journal_mode stays {mode}; WAL needs a file system with shared memory")),
        ));
    }
    connection.pragma_update(None, "synchronous", synchronous.as_str())?;
    connection.pragma_update(None, "cache_size", -(CACHE_OCTETS as i64 / 1024))?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
    // After a long reader made the log grow, give the disk back.
    connection.pragma_update(None, "journal_size_limit", 2 * CHECKPOINT_PAGES * PAGE_OCTETS)?;
    Ok(())
}

/// 48 random bits, not zero.
fn random_node_id() -> u64 {
    let (_, low) = uuid::Uuid::new_v4().as_u64_pair();
    (low & 0xffff_ffff_ffff).max(1)
}

/// Rows looked at for the newest messages of one listener: the start must not wait for a long search.
const NEWEST_ROWS_SEARCHED: i64 = 100_000;

/// Messages of one listener that are read at most.
const NEWEST_MESSAGES_MAX: i64 = 65_536;

impl Store {
    /// The octets of the newest messages of the listener with this number, as they were received.
    ///
    /// # Errors
    /// What SQLite reports.
    pub fn newest_messages(&self, listener: u8) -> rusqlite::Result<Vec<Vec<u8>>> {
        let mut statement = self.connection.prepare(
            "SELECT raw_message, (facts >> 22) & 7, (SELECT x.raw_bytes FROM event_extras x WHERE x.id = e.id)
             FROM (SELECT id, facts, raw_message FROM events ORDER BY received_at DESC, id DESC LIMIT ?1) e
             WHERE (e.facts >> 3) & 255 = ?2 LIMIT ?3",
        )?;
        let rows = statement.query_map((NEWEST_ROWS_SEARCHED, listener, NEWEST_MESSAGES_MAX), |row| {
            let text: String = row.get(0)?;
            let trailing = Trailing::from_bits(row.get(1)?);
            let octets: Option<Vec<u8>> = row.get(2)?;
            Ok(octets.unwrap_or_else(|| text.bytes().chain(trailing.octets()).collect()))
        })?;
        rows.collect()
    }
}

/// The SNMP engine of a store in the life that begins now (RFC 3414 2.2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EngineLife {
    /// What makes the engine's ID unique: random, and kept.
    pub number: u64,
    /// snmpEngineBoots: how many lives it had, this one included.
    pub boots: i32,
}

impl Store {
    /// Begins another life of the store's SNMP engine. When this returns, the count is on the disk, whatever
    /// `storage.database.synchronous` is: no two lives may have the same. An engine that cannot count on gets a new
    /// number (RFC 3414 2.2.2).
    ///
    /// # Errors
    /// What SQLite reports.
    pub fn begin_engine_life(&self) -> rusqlite::Result<EngineLife> {
        let synchronous: i64 = self.connection.pragma_query_value(None, "synchronous", |row| row.get(0))?;
        let full = 2;
        self.connection.pragma_update(None, "synchronous", synchronous.max(full))?;
        let life = self.next_engine_life();
        if life.is_err() && !self.connection.is_autocommit() {
            let _ = self.connection.execute_batch("ROLLBACK");
        }
        self.connection.pragma_update(None, "synchronous", synchronous)?;
        life
    }

    fn next_engine_life(&self) -> rusqlite::Result<EngineLife> {
        self.connection.execute_batch("BEGIN IMMEDIATE")?;
        let setting = |name: &str| {
            let sql = "SELECT value FROM store_settings WHERE name = ?1";
            self.connection.query_row(sql, [name], |row| row.get::<_, i64>(0)).optional()
        };
        let number = setting("snmp_engine_number")?;
        let boots = setting("snmp_engine_boots")?.and_then(|boots| i32::try_from(boots).ok());
        let life = match number.zip(boots.filter(|boots| (0..i32::MAX - 1).contains(boots))) {
            Some((number, boots)) => EngineLife { number: number as u64, boots: boots + 1 },
            None => EngineLife { number: uuid::Uuid::new_v4().as_u64_pair().1, boots: 1 },
        };
        let sql = "INSERT INTO store_settings(name, value) VALUES (?1, ?2)
                   ON CONFLICT (name) DO UPDATE SET value = excluded.value";
        self.connection.execute(sql, ("snmp_engine_number", life.number as i64))?;
        self.connection.execute(sql, ("snmp_engine_boots", i64::from(life.boots)))?;
        self.connection.execute_batch("COMMIT")?;
        Ok(life)
    }

    /// Moves the write-ahead log into the database and empties it, so that the database is one file. For shutdown.
    ///
    /// # Errors
    /// What SQLite reports; nothing is lost then, the log stays beside the database.
    pub fn checkpoint(&self) -> rusqlite::Result<()> {
        self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn settings(directory: &Path) -> StoreSettings {
        StoreSettings {
            path: directory.join("data/messages.db"),
            connection_timeout: Duration::from_secs(1),
            synchronous: Synchronous::Full,
            node_id: None,
        }
    }

    #[test]
    fn a_new_store_is_made_and_found_again_with_its_node_id() {
        let directory = tempfile::tempdir().unwrap();
        let settings = settings(directory.path());
        let first = open(&settings).unwrap();
        let node_id = first.node_id;
        assert!((1..1 << 48).contains(&node_id));
        assert!(matches!(open(&settings), Err(OpenError::InUse { .. })));
        drop(first);
        assert_eq!(open(&settings).unwrap().node_id, node_id);
        let other = StoreSettings { node_id: Some(7), ..settings };
        assert!(matches!(open(&other), Err(OpenError::NodeId { configured: 7, .. })));
    }

    #[test]
    fn an_engine_counts_its_lives_and_starts_anew_at_the_end() {
        let directory = tempfile::tempdir().unwrap();
        let settings = StoreSettings { synchronous: Synchronous::Off, ..settings(directory.path()) };
        let store = open(&settings).unwrap();
        let first = store.begin_engine_life().unwrap();
        assert_eq!(first.boots, 1);
        drop(store);
        let store = open(&settings).unwrap();
        assert_eq!(store.begin_engine_life().unwrap(), EngineLife { boots: 2, ..first });
        let synchronous: i64 =
            store.connection.pragma_query_value(None, "synchronous", |row| row.get(0)).unwrap();
        assert_eq!(synchronous, 0, "as configured again");
        let last = "UPDATE store_settings SET value = 2147483646 WHERE name = 'snmp_engine_boots'";
        store.connection.execute(last, []).unwrap();
        let anew = store.begin_engine_life().unwrap();
        assert!(anew.boots == 1 && anew.number != first.number);
    }

    #[test]
    fn pragmas_are_in_force() {
        let directory = tempfile::tempdir().unwrap();
        let store = open(&settings(directory.path())).unwrap();
        let pragma =
            |name: &str| store.connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0)).unwrap();
        assert_eq!(pragma("synchronous"), 2);
        assert_eq!(pragma("page_size"), PAGE_OCTETS);
        assert_eq!(pragma("user_version"), schema::VERSION);
    }

    #[test]
    fn strangers_are_refused() {
        let directory = tempfile::tempdir().unwrap();
        let settings = settings(directory.path());
        std::fs::create_dir_all(settings.path.parent().unwrap()).unwrap();
        std::fs::write(
            &settings.path,
            b"this is not a database, but it is long enough to look like one".repeat(20),
        )
        .unwrap();
        assert!(matches!(open(&settings), Err(OpenError::NotADatabase { .. })));

        std::fs::remove_file(&settings.path).unwrap();
        let foreign = Connection::open(&settings.path).unwrap();
        foreign.execute_batch("CREATE TABLE other(x)").unwrap();
        drop(foreign);
        assert!(matches!(open(&settings), Err(OpenError::Foreign { .. })));

        std::fs::remove_file(&settings.path).unwrap();
        drop(open(&settings).unwrap());
        let newer = Connection::open(&settings.path).unwrap();
        newer.pragma_update(None, "user_version", 99).unwrap();
        drop(newer);
        assert!(matches!(open(&settings), Err(OpenError::Newer { found: 99, .. })));
    }
}
