//! `daemon`.

use std::path::PathBuf;

use tracing::Level;

use crate::config::declare::{key, section};
use crate::config::kinds::{Choice, PathOrNull, number};
use crate::shard::runtime::Runtime;
use crate::telemetry::logging::LogFormat;

/// Most threads that receive.
const SHARDS_MAX: u64 = 31;

/// The words for levels; nothing of ours is worse than an error.
const LEVELS: &[(&str, Level)] = &[
    ("DEBUG", Level::DEBUG),
    ("INFO", Level::INFO),
    ("WARNING", Level::WARN),
    ("WARN", Level::WARN),
    ("ERROR", Level::ERROR),
    ("CRITICAL", Level::ERROR),
];

const FORMATS: &[(&str, LogFormat)] = &[
    ("auto", LogFormat::Auto),
    ("color", LogFormat::Color),
    ("plain", LogFormat::Plain),
    ("json", LogFormat::Json),
];

const RUNTIMES: &[(&str, Runtime)] =
    &[("threads", Runtime::Threads), ("tokio", Runtime::Tokio), ("glommio", Runtime::Glommio)];

section! {
    /// `daemon`: the process.
    pub struct Daemon {
        /// Messages of our own log below this severity are not logged. Nothing of ours is worse than ERROR; CRITICAL
        /// means the same.
        pub log_level: Level = key("log_level", Choice(LEVELS), Level::INFO, "WARNING").live();
        /// File of our own log; its folder is made when it is absent. null = standard error only.
        pub log_file: Option<PathBuf> =
            key("log_file", PathOrNull, Some("./logs/mutt.log".into()), "/var/log/mutt/mutt.log");
        /// Form of a line of our own log. auto = colour on a terminal, plain elsewhere.
        pub log_format: LogFormat = key("log_format", Choice(FORMATS), LogFormat::Auto, "json");
        /// File with the process id while muttd runs. null = none.
        pub pid_file: Option<PathBuf> =
            key("pid_file", PathOrNull, Some("./mutt.pid".into()), "/run/mutt/mutt.pid");
        /// Threads that receive. The number of cores is right unless you measured otherwise.
        pub shards: usize =
            key("shards", number(0, SHARDS_MAX).note(" (0 = chosen from the cores)"), 0, "4");
        /// What drives a receiving thread: threads (blocking receive of whole batches), tokio, or glommio (io_uring,
        /// Linux only).
        pub runtime: Runtime = key("runtime", Choice(RUNTIMES), Runtime::Threads, "tokio");
    }
}
