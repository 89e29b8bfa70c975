//! Opening the store: one process, our own database, the right version, and pragmas that were read back.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension};

use crate::base::files::directory_of;
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
    /// The node id in all ids of the store, 1 to 2^48 - 1. A store whose ids have another is not opened.
    pub node_id: u64,
}

/// The page cache of the writing connection, in octets.
pub const CACHE_OCTETS: usize = 64 * 1024 * 1024;

/// Pages in the write-ahead log at which a commit also checkpoints. 32 MiB: large enough that pages which many
/// commits touched are copied once, small enough that copying them holds the writer up for tens of milliseconds.
const CHECKPOINT_PAGES: i64 = 2_048;

/// An open store and its lock.
#[derive(Debug)]
pub struct Store {
    /// The writing connection.
    pub connection: Connection,
    /// The newest event; 0 in a new store.
    pub newest: EventId,
    /// Held as long as the store is open.
    _lock: StoreLock,
}

/// The right to write a store and the files beside it, held by one process.
#[derive(Debug)]
pub struct StoreLock {
    /// The file beside the database.
    _database: File,
    /// The directory, whose other files (the identity, the socket) belong to one store.
    _directory: File,
}

impl StoreLock {
    /// Takes the advisory locks that keep a second muttd off the store at `path` and its directory, which is made when
    /// it is not there.
    ///
    /// # Errors
    /// [`OpenError::InUse`] and [`OpenError::DirectoryInUse`] when another process has them; else what the system
    /// reports.
    pub fn take(path: &Path) -> Result<Self, OpenError> {
        let directory = directory_of(path);
        std::fs::create_dir_all(directory)
            .map_err(|source| OpenError::Directory { path: directory.to_path_buf(), source })?;
        let mut lock_path = path.as_os_str().to_owned();
        lock_path.push(".lock");
        let lock_path = PathBuf::from(lock_path);
        let refused = |path: &Path, source| OpenError::LockFile { path: path.to_path_buf(), source };
        let database = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&lock_path)
            .map_err(|source| refused(&lock_path, source))?;
        match database.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(OpenError::InUse { path: path.to_path_buf() }),
            Err(TryLockError::Error(source)) => return Err(refused(&lock_path, source)),
        }
        let opened = File::open(directory).map_err(|source| refused(directory, source))?;
        match opened.try_lock() {
            Ok(()) => Ok(Self { _database: database, _directory: opened }),
            Err(TryLockError::WouldBlock) => Err(OpenError::DirectoryInUse {
                path: path.to_path_buf(),
                directory: directory.to_path_buf(),
            }),
            Err(TryLockError::Error(source)) => Err(refused(directory, source)),
        }
    }
}

/// Takes the lock of the store and opens it: see [`open_locked`].
///
/// # Errors
/// See [`OpenError`]: each is one line that says what to do.
pub fn open(settings: &StoreSettings) -> Result<Store, OpenError> {
    open_locked(settings, StoreLock::take(&settings.path)?)
}

/// Opens the store whose lock is `lock`, making it or bringing its schema up to date where needed.
///
/// # Errors
/// See [`OpenError`]: each is one line that says what to do.
pub fn open_locked(settings: &StoreSettings, lock: StoreLock) -> Result<Store, OpenError> {
    let path = settings.path.as_path();
    let sqlite = |source| OpenError::from_sqlite(path, source);
    let mut connection = Connection::open(path).map_err(sqlite)?;
    connection.busy_timeout(settings.connection_timeout).map_err(sqlite)?;
    let found = identify(&connection, path)?;
    match found {
        0 => schema::prepare(&connection).map_err(sqlite)?,
        schema::VERSION => {}
        _ => return Err(OpenError::Older { path: path.to_path_buf(), found, known: schema::VERSION }),
    }
    configure(&connection, settings.synchronous).map_err(sqlite)?;
    if found == 0 {
        schema::create(&mut connection, settings.node_id).map_err(sqlite)?;
    }
    let stored: i64 = connection
        .query_row("SELECT value FROM store_settings WHERE name = 'node_id'", [], |row| row.get(0))
        .map_err(sqlite)?;
    if stored as u64 != settings.node_id {
        let (path, expected, stored) = (path.to_path_buf(), settings.node_id, stored as u64);
        return Err(OpenError::NodeId { path, expected, stored });
    }
    // A store that can be read and not written, or a full disk, must be found now and not by the first message.
    connection
        .execute("UPDATE store_settings SET value = value WHERE name = 'node_id'", [])
        .map_err(sqlite)?;
    // They are kept in the identity since; read again from here they would be old.
    connection
        .execute("DELETE FROM store_settings WHERE name IN ('snmp_engine_number', 'snmp_engine_boots')", [])
        .map_err(sqlite)?;
    let newest = newest_id(&connection).map_err(sqlite)?;
    Ok(Store { connection, newest, _lock: lock })
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

/// Whose database this is: the schema version of ours, 0 for a new one.
pub(super) fn identify(connection: &Connection, path: &Path) -> Result<i64, OpenError> {
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
    connection.pragma_update(None, "journal_size_limit", 2 * CHECKPOINT_PAGES * schema::PAGE_OCTETS)?;
    Ok(())
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

impl Store {
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
            node_id: 0xabc,
        }
    }

    #[test]
    fn a_new_store_is_made_and_found_again_with_its_node_id() {
        let directory = tempfile::tempdir().unwrap();
        let settings = settings(directory.path());
        let first = open(&settings).unwrap();
        assert!(matches!(open(&settings), Err(OpenError::InUse { .. })));
        let beside = StoreSettings { path: directory.path().join("data/other.db"), ..settings.clone() };
        assert!(matches!(open(&beside), Err(OpenError::DirectoryInUse { .. })));
        drop(first);
        drop(open(&settings).unwrap());
        let other = StoreSettings { node_id: 7, ..settings };
        assert!(matches!(open(&other), Err(OpenError::NodeId { expected: 7, stored: 0xabc, .. })));
    }

    #[test]
    fn pragmas_are_in_force() {
        let directory = tempfile::tempdir().unwrap();
        let store = open(&settings(directory.path())).unwrap();
        let pragma =
            |name: &str| store.connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0)).unwrap();
        assert_eq!(pragma("synchronous"), 2);
        assert_eq!(pragma("page_size"), schema::PAGE_OCTETS);
        assert_eq!(pragma("auto_vacuum"), 2, "incremental");
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
