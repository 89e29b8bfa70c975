//! What can go wrong with the store, one enum per operation.

use std::path::PathBuf;

/// Why the store could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The directory of the database cannot be made.
    #[error("cannot create the directory {path} for the store: {source}")]
    Directory {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The lock file beside the database cannot be made.
    #[error("cannot write in the directory of the store: {path}: {source}")]
    LockFile {
        /// The lock file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Another process has the store.
    #[error("the store {path} is in use by another muttd (it holds {path}.lock)")]
    InUse {
        /// The database.
        path: PathBuf,
    },
    /// The file is not an SQLite database.
    #[error(
        "{path} is not an SQLite database; move it away, or set storage.database.path in the configuration to another file"
    )]
    NotADatabase {
        /// The file.
        path: PathBuf,
    },
    /// The file is a database of another program.
    #[error(
        "{path} is a database of another program (application id {application_id:#x}); move it away, or set storage.database.path to another file"
    )]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What it says it is.
        application_id: i64,
    },
    /// The file was written by a later version of this program.
    #[error(
        "{path} has schema version {found}, this muttd knows up to {known}: it was written by a newer muttd; run that one"
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its schema version.
        found: i64,
        /// The last version known here.
        known: i64,
    },
    /// The file was written by an earlier version of this program.
    #[error(
        "{path} has schema version {found}, this muttd needs {known}: stop every muttd that uses it, then run `muttd store upgrade`; it says \
         beforehand how long it takes and how much room it needs"
    )]
    Older {
        /// The file.
        path: PathBuf,
        /// Its schema version.
        found: i64,
        /// The version that is needed.
        known: i64,
    },
    /// Another process has another store in the same directory.
    #[error(
        "the directory {directory} of the store {path} is in use by another muttd with another store: give each a directory \
         of its own (storage.database.path)"
    )]
    DirectoryInUse {
        /// The database.
        path: PathBuf,
        /// Its directory.
        directory: PathBuf,
    },
    /// The ids in the store were made by another instance.
    #[error(
        "the ids in {path} were made with node id {stored}, but identity.json beside it has {expected}: the two files do \
         not belong together; put the right ones there, or move one of them away"
    )]
    NodeId {
        /// The file.
        path: PathBuf,
        /// From the identity.
        expected: u64,
        /// From the store.
        stored: u64,
    },
    /// The disk has no room.
    #[error("no space is left on the disk that holds the store {path}")]
    DiskFull {
        /// The file.
        path: PathBuf,
    },
    /// Anything else that SQLite reports.
    #[error("cannot open the store {path}: {source}")]
    Sqlite {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        source: rusqlite::Error,
    },
}

impl OpenError {
    /// Sorts what SQLite said at opening into what an operator can act on.
    pub(super) fn from_sqlite(path: &std::path::Path, source: rusqlite::Error) -> Self {
        let path = path.to_path_buf();
        match source.sqlite_error_code() {
            Some(rusqlite::ErrorCode::NotADatabase) => Self::NotADatabase { path },
            Some(rusqlite::ErrorCode::DiskFull) => Self::DiskFull { path },
            _ => Self::Sqlite { path, source },
        }
    }
}

/// Why a batch could not be committed. Nothing of it is in the store then.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The disk has no room; worth trying again.
    #[error("no space is left on the disk of the store")]
    DiskFull,
    /// Another connection holds the write lock for longer than `connection_timeout`; worth trying again.
    #[error("the store is locked by another program")]
    Locked,
    /// Anything else that SQLite reports.
    #[error("the store refused the write: {0}")]
    Sqlite(rusqlite::Error),
}

impl From<rusqlite::Error> for WriteError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::DiskFull) => Self::DiskFull,
            Some(rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked) => Self::Locked,
            _ => Self::Sqlite(error),
        }
    }
}
