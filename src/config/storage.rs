//! `storage`.

use std::path::PathBuf;
use std::time::Duration;

use crate::config::declare::{key, section, subsection};
use crate::config::kinds::{Choice, FilePath, NumberOrNull, Seconds, boolean, mebibytes, number};
use crate::storage::connection::Synchronous;

/// A node id takes 48 bits of a message id.
const NODE_ID_MAX: u64 = (1 << 48) - 1;

const SYNCHRONOUS: &[(&str, Synchronous)] = &[
    ("FULL", Synchronous::Full),
    ("NORMAL", Synchronous::Normal),
    ("OFF", Synchronous::Off),
    ("EXTRA", Synchronous::Extra),
];

/// Format of an archive file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ArchiveFormat {
    /// Comma-separated values, RFC 4180.
    Csv,
    /// One JSON object a line.
    Jsonl,
}

const FORMATS: &[(&str, ArchiveFormat)] = &[("csv", ArchiveFormat::Csv), ("jsonl", ArchiveFormat::Jsonl)];

section! {
    /// `storage`: where messages stay.
    pub struct Storage {
        /// The SQLite store.
        pub database: Database = subsection("database");
        /// Whether SNMP community strings are stored. false by default: they are passwords.
        pub keep_community: bool = key("keep_community", boolean(), false, "true");
        /// The part of each message id that tells this muttd from others. null = made once and kept beside the store.
        pub node_id: Option<u64> = key(
            "node_id",
            NumberOrNull(number(1, NODE_ID_MAX).note(", or null for one that is made and kept")),
            None,
            "4660",
        );
        /// A file for messages while the store cannot take them. Accepted and checked, but not built yet: enabling it
        /// logs a warning.
        pub file_buffer: FileBuffer = subsection("file_buffer");
        /// Archives. Accepted and checked, but not built yet: enabling them logs a warning.
        pub archiver: Archiver = subsection("archiver");
    }
}

section! {
    /// `storage.database`.
    pub struct Database {
        /// The database file; its folder is made when it is absent.
        pub path: PathBuf = key("path", FilePath, "./data/messages.db".into(), "/var/lib/mutt/messages.db");
        /// Longest wait for a lock that another process holds on the store.
        pub connection_timeout: Duration = key(
            "connection_timeout",
            Seconds { least: 0.0, most: 3_600.0 },
            Duration::from_secs(30),
            "5",
        );
        /// What a stored message survives. FULL = a power cut; NORMAL = the end of the process, but a power cut may
        /// take the last commits; OFF = nothing is promised; EXTRA = FULL, and the folder is synchronised too. FULL by
        /// default: stored means stored, and large transactions make it cheap.
        pub synchronous: Synchronous = key("synchronous", Choice(SYNCHRONOUS), Synchronous::Full, "NORMAL");
    }
}

section! {
    /// `storage.file_buffer`.
    pub struct FileBuffer {
        /// Whether there is one.
        pub enabled: bool = key("enabled", boolean(), false, "true");
        /// File that messages go to.
        pub path: PathBuf = key("path", FilePath, "./data/overflow.jsonl".into(), "/var/lib/mutt/overflow.jsonl");
        /// Largest size of that file.
        pub max_size_mib: u64 = key("max_size_mb", mebibytes(), 500, "2048");
    }
}

section! {
    /// `storage.archiver`.
    pub struct Archiver {
        /// Whether there are archives.
        pub enabled: bool = key("enabled", boolean(), false, "true");
        /// Folder of the archives.
        pub path: PathBuf = key("path", FilePath, "./data/archives".into(), "/var/lib/mutt/archives");
        /// Format of an archive file.
        pub format: ArchiveFormat = key("format", Choice(FORMATS), ArchiveFormat::Csv, "jsonl");
        /// Size of the store that starts an archive.
        pub size_threshold_mib: u64 = key("size_threshold_mb", mebibytes(), 500, "10240");
        /// Age of the oldest message that starts an archive.
        pub time_threshold_days: u32 = key("time_threshold_days", number(1, 36_500).unit("days"), 7, "30");
        /// Whether archives are compressed.
        pub compress: bool = key("compress", boolean(), false, "true");
    }
}
