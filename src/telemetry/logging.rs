//! The log: to the terminal or whatever stands for it, and to a file.

use std::fs::File;
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, Registry, fmt, reload};

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// Coloured on a terminal, plain elsewhere.
    Auto,
    /// Coloured everywhere.
    Color,
    /// Plain text.
    Plain,
    /// One JSON object a line.
    Json,
}

/// What to log and where.
#[derive(Debug, Clone)]
pub struct LogSettings {
    /// Least severe level that is logged.
    pub level: tracing::Level,
    /// A file, besides standard error.
    pub file: Option<PathBuf>,
    /// How lines look.
    pub format: LogFormat,
}

/// Why the log could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The log file cannot be written.
    #[error("cannot write the log file {path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A log was set up before in this process.
    #[error("the log is set up already")]
    Again,
}

/// Changes the log while the program runs.
#[derive(Debug, Clone)]
pub struct LogControl(reload::Handle<Targets, Registry>);

impl LogControl {
    /// Logs what is at least as severe as `level` from now on.
    pub fn set_level(&self, level: tracing::Level) {
        // An error would mean that the log is gone, and with it whatever could be said of that.
        let _ = self.0.reload(filter(level));
    }
}

/// Which events are logged at `level`. Libraries below us are of interest only when something is wrong with them.
fn filter(level: tracing::Level) -> Targets {
    Targets::new().with_default(LevelFilter::WARN).with_target("mutt", LevelFilter::from_level(level))
}

/// Sets the log up for the rest of the process.
///
/// # Errors
/// See [`LogError`].
pub fn init(settings: &LogSettings) -> Result<LogControl, LogError> {
    let file = settings.file.as_deref().map(open).transpose()?;
    let (filter, handle) = reload::Layer::new(filter(settings.level));
    let color = match settings.format {
        LogFormat::Auto => io::stderr().is_terminal(),
        LogFormat::Color => true,
        LogFormat::Plain | LogFormat::Json => false,
    };
    tracing_subscriber::registry()
        .with(filter)
        .with(layer(settings.format, color, io::stderr))
        .with(file.map(|file| layer(settings.format, false, Mutex::new(file))))
        .try_init()
        .map_err(|_| LogError::Again)?;
    Ok(LogControl(handle))
}

/// One place to log to.
fn layer<S, W>(format: LogFormat, color: bool, writer: W) -> Box<dyn Layer<S> + Send + Sync>
where
    S: tracing::Subscriber + for<'a> LookupSpan<'a>,
    W: for<'a> fmt::MakeWriter<'a> + Send + Sync + 'static,
{
    match format {
        LogFormat::Json => {
            Box::new(fmt::layer().json().flatten_event(true).with_target(false).with_writer(writer))
        }
        LogFormat::Auto | LogFormat::Color | LogFormat::Plain => {
            Box::new(fmt::layer().with_ansi(color).with_target(false).with_writer(writer))
        }
    }
}

/// Opens the log file for appending, making its directory.
fn open(path: &Path) -> Result<File, LogError> {
    let make = || {
        if let Some(directory) = path.parent().filter(|directory| !directory.as_os_str().is_empty()) {
            std::fs::create_dir_all(directory)?;
        }
        File::options().create(true).append(true).open(path)
    };
    make().map_err(|source| LogError::File { path: path.to_path_buf(), source })
}
