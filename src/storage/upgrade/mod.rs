//! A store of schema versions 1 to 6, made one of the present version.
//!
//! ```text
//! messages.db (old, only read) -> rows in slices -> messages.db.upgrade (new) -> renamed over messages.db
//! ```
//!
//! The new store is written beside the old one, slice by slice, each with how far it came; whoever is killed goes on from there.
//! Only when all rows are in it, and it is on the disk, it takes the old one's name, so that at any moment one of the two is the
//! whole store. Nobody may write the old one meanwhile: the store's lock is held.

mod convert;
mod source;
mod target;

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::Connection;

use crate::base::clock::Stopwatch;
use crate::model::event::EventId;
use crate::storage::connection::{StoreLock, identify};
use crate::storage::error::OpenError;
use crate::storage::schema;

use source::Source;
use target::Target;

/// Rows of one transaction.
const ROWS_PER_SLICE: u64 = 2_000;

/// Rows that are converted for the estimate, from each end of the store.
const ROWS_SAMPLED: u64 = 2_000;

/// How much longer than the sample the rows take, which go to a disk: in percent.
const DISK_PERCENT: u32 = 150;

/// Room for the write-ahead log of the new store, and for what the estimate is wrong.
const SPARE_OCTETS: u64 = 128 * 1024 * 1024;

/// Why a store could not be upgraded. The old one is as it was, and the same command may be given again.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UpgradeError {
    /// It cannot be opened: another muttd has it, or it is not one of ours.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// There is no file.
    #[error("there is no store {path}")]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// The disk has not enough room for the new store beside the old one.
    #[error(
        "the upgrade of {path} needs {needed} octets beside it, and {free} are free; make room, or move the store to a larger disk"
    )]
    NoRoom {
        /// The old store.
        path: PathBuf,
        /// Octets needed.
        needed: u64,
        /// Octets free.
        free: u64,
    },
    /// Another program reads the old store.
    #[error("another program has {path} open; close it, for the store takes another file's place")]
    Busy {
        /// The old store.
        path: PathBuf,
    },
    /// The new store has not as many rows as the old one.
    #[error("{copied} rows were copied of {rows} in {path}; the old store is kept as it is")]
    Incomplete {
        /// The old store.
        path: PathBuf,
        /// Rows of the old store.
        rows: u64,
        /// Rows of the new one.
        copied: u64,
    },
    /// What SQLite reports.
    #[error("cannot upgrade the store {path}: {source}")]
    Sqlite {
        /// The file at fault.
        path: PathBuf,
        /// What SQLite said.
        source: rusqlite::Error,
    },
    /// What the system reports.
    #[error("cannot upgrade the store: {path}: {source}")]
    Io {
        /// The file at fault.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

/// What an upgrade will take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Estimate {
    /// Schema version of the old store.
    pub version: i64,
    /// Rows of the old store.
    pub rows: u64,
    /// Rows that are in the new store already, of an upgrade that was broken off.
    pub rows_done: u64,
    /// Size of the old store in octets.
    pub octets: u64,
    /// Size of the new store in octets, about.
    pub octets_after: u64,
    /// Octets that must be free now.
    pub octets_needed: u64,
    /// Octets that are free.
    pub octets_free: u64,
    /// How long it takes, about.
    pub duration: Duration,
}

/// How far an upgrade is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Progress {
    /// Rows of the old store.
    pub rows: u64,
    /// Rows in the new store.
    pub rows_done: u64,
    /// Rows a second since the start of this run.
    pub rows_per_second: f64,
    /// What is left at this rate.
    pub remaining: Duration,
}

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Summary {
    /// Rows of the store.
    pub rows: u64,
    /// Size of the new store in octets.
    pub octets: u64,
    /// How long this run took.
    pub duration: Duration,
}

/// An old store that is to be upgraded, and its lock.
#[derive(Debug)]
pub struct Upgrade {
    path: PathBuf,
    target_path: PathBuf,
    source: Source,
    rows: u64,
    _lock: StoreLock,
}

impl Upgrade {
    /// The upgrade of the store at `path`; `None` when it is of the present version. Takes the store's lock, and counts its rows.
    ///
    /// # Errors
    /// See [`UpgradeError`].
    pub fn open(path: &Path) -> Result<Option<Self>, UpgradeError> {
        if !path.exists() {
            return Err(UpgradeError::Missing { path: path.to_path_buf() });
        }
        let lock = StoreLock::take(path)?;
        let sqlite = |source| UpgradeError::Sqlite { path: path.to_path_buf(), source };
        let connection = Connection::open(path).map_err(sqlite)?;
        match identify(&connection, path)? {
            0 => return Err(UpgradeError::Missing { path: path.to_path_buf() }),
            schema::VERSION => return Ok(None),
            _ => {}
        }
        let source = Source::new(connection).map_err(sqlite)?;
        let rows = source.count().map_err(sqlite)?;
        let mut target_path = path.as_os_str().to_owned();
        target_path.push(".upgrade");
        let (path, target_path) = (path.to_path_buf(), PathBuf::from(target_path));
        Ok(Some(Self { path, target_path, source, rows, _lock: lock }))
    }

    /// What it will take, by converting some rows from both ends in memory.
    ///
    /// # Errors
    /// See [`UpgradeError`].
    pub fn estimate(&self) -> Result<Estimate, UpgradeError> {
        let since = Stopwatch::start();
        let sample = self.sample().map_err(|source| self.sqlite(source))?;
        let elapsed = since.elapsed();
        let octets = size_of_file(&self.path)?;
        let directory = crate::base::files::directory_of(&self.path);
        let disk = rustix::fs::statvfs(directory)
            .map_err(|error| UpgradeError::Io { path: directory.to_path_buf(), source: error.into() })?;
        let resumed = target::look(&self.target_path, self.mark()?);
        let rows_done = resumed.map_or(0, |position| position.rows);
        let left = self.rows.saturating_sub(rows_done);
        let share = |of_rows: u64| of_rows as f64 / sample.rows.max(1) as f64;
        let octets_after = (sample.octets as f64 * share(self.rows)) as u64;
        let duration = elapsed.mul_f64(share(left) * f64::from(DISK_PERCENT) / 100.0);
        Ok(Estimate {
            version: self.source.version(),
            rows: self.rows,
            rows_done,
            octets,
            octets_after,
            octets_needed: (sample.octets as f64 * share(left)) as u64 + SPARE_OCTETS,
            octets_free: disk.f_bavail.saturating_mul(disk.f_frsize),
            duration: if sample.rows == 0 { Duration::ZERO } else { duration },
        })
    }

    /// Rows from both ends of the store, converted into one in memory.
    fn sample(&self) -> rusqlite::Result<target::Size> {
        let connection = Connection::open_in_memory()?;
        let mut target = Target::create(connection, self.source.node_id()?)?;
        let empty = target.size()?;
        self.source.copy_tables(target.connection())?;
        for after in [EventId(i64::MIN), self.source.after_which(ROWS_SAMPLED)?] {
            target.begin()?;
            let mut left = ROWS_SAMPLED;
            self.source.rows_after(after.max(target.position().last), |row| {
                target.insert(row)?;
                left -= 1;
                Ok(left > 0)
            })?;
            target.commit()?;
        }
        let size = target.size()?;
        Ok(target::Size { rows: size.rows, octets: size.octets.saturating_sub(empty.octets) })
    }

    /// Upgrades the store, and tells `report` after each slice how far it is.
    ///
    /// # Errors
    /// See [`UpgradeError`]; what was copied stays for the next run.
    pub fn run(self, mut report: impl FnMut(Progress)) -> Result<Summary, UpgradeError> {
        let estimate = self.estimate()?;
        if estimate.octets_needed > estimate.octets_free {
            let (needed, free) = (estimate.octets_needed, estimate.octets_free);
            return Err(UpgradeError::NoRoom { path: self.path, needed, free });
        }
        let since = Stopwatch::start();
        // What is in its log goes into the old file, which is alone then, and nobody else has it open.
        if !self.source.fold_log() {
            return Err(UpgradeError::Busy { path: self.path });
        }
        let mark = self.mark()?;
        let mut target = self.target(mark)?;
        let started_at = target.position().rows;
        while self.copy_slice(&mut target).map_err(|source| self.sqlite(source))? {
            let rows_done = target.position().rows;
            let rows_per_second = (rows_done - started_at) as f64 / since.elapsed().as_secs_f64().max(1e-9);
            let left = self.rows.saturating_sub(rows_done);
            let remaining = Duration::from_secs_f64(left as f64 / rows_per_second.max(1.0));
            report(Progress { rows: self.rows, rows_done, rows_per_second, remaining });
        }
        self.replace(target)?;
        Ok(Summary { rows: self.rows, octets: size_of_file(&self.path)?, duration: since.elapsed() })
    }

    /// The new store: the one that was begun from the same old one, or an empty one with the small tables.
    fn target(&self, mark: u64) -> Result<Target, UpgradeError> {
        let sqlite = |source| UpgradeError::Sqlite { path: self.target_path.clone(), source };
        if target::look(&self.target_path, mark).is_some() {
            return Target::open(&self.target_path).map_err(sqlite);
        }
        for suffix in ["", "-wal", "-shm", "-journal"] {
            let mut path = self.target_path.as_os_str().to_owned();
            path.push(suffix);
            match std::fs::remove_file(&path) {
                Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                    return Err(UpgradeError::Io { path: path.into(), source });
                }
                _ => {}
            }
        }
        let make = || {
            let connection = Connection::open(&self.target_path)?;
            let mut target = Target::create(connection, self.source.node_id()?)?;
            target.begin()?;
            self.source.copy_tables(target.connection())?;
            target.set_mark(mark)?;
            target.commit()?;
            Ok(target)
        };
        make().map_err(sqlite)
    }

    /// Copies the next rows in one transaction; gives whether there were any.
    fn copy_slice(&self, target: &mut Target) -> rusqlite::Result<bool> {
        let mut left = ROWS_PER_SLICE;
        target.begin()?;
        self.source.rows_after(target.position().last, |row| {
            target.insert(row)?;
            left -= 1;
            Ok(left > 0)
        })?;
        target.commit()?;
        Ok(left < ROWS_PER_SLICE)
    }

    /// Puts the new store, which has all rows, in the place of the old one.
    fn replace(&self, target: Target) -> Result<(), UpgradeError> {
        let copied = target.position().rows;
        if copied != self.rows {
            return Err(UpgradeError::Incomplete { path: self.path.clone(), rows: self.rows, copied });
        }
        let sqlite = |source| UpgradeError::Sqlite { path: self.target_path.clone(), source };
        target.finish().map_err(sqlite)?;
        let io = |path: &Path| {
            let path = path.to_path_buf();
            move |source| UpgradeError::Io { path, source }
        };
        let file = std::fs::File::open(&self.target_path).map_err(io(&self.target_path))?;
        file.sync_all().map_err(io(&self.target_path))?;
        std::fs::rename(&self.target_path, &self.path).map_err(io(&self.path))?;
        let directory = crate::base::files::directory_of(&self.path);
        std::fs::File::open(directory).and_then(|directory| directory.sync_all()).map_err(io(directory))?;
        target::forget_position(&self.path).map_err(|source| self.sqlite(source))
    }

    /// What tells the old store, as it is now, from one that was written since: SQLite's count of changes and the size.
    fn mark(&self) -> Result<u64, UpgradeError> {
        source::mark(&self.path).map_err(|source| UpgradeError::Io { path: self.path.clone(), source })
    }

    fn sqlite(&self, source: rusqlite::Error) -> UpgradeError {
        UpgradeError::Sqlite { path: self.path.clone(), source }
    }
}

fn size_of_file(path: &Path) -> Result<u64, UpgradeError> {
    let found = std::fs::metadata(path);
    Ok(found.map_err(|source| UpgradeError::Io { path: path.to_path_buf(), source })?.len())
}
