//! Floor 5: the operator's three YAML files, and what they mean.
//!
//! ```text
//! text -> document (tree with places) -> file (as written) -> resolve -> Settings (as meant)
//!                                                          -> rules -> matching::RuleSet
//!                                                          -> credentials -> Credentials
//! ```
//!
//! Relative paths in the files stay relative to the working directory.
//!
//! Invariant: a file is taken as a whole or refused as a whole. Every problem names file, line, key, value and what
//! is allowed, and a file of passwords is never quoted.

mod check;
mod credentials;
mod document;
mod error;
mod file;
mod reader;
mod resolve;
mod rules;
mod secret;
mod secret_source;
pub mod settings;
mod snmp;
mod streams;
mod zones;

use std::path::{Path, PathBuf};

use crate::matching::RuleSet;
pub use crate::security::{AuthProtocol, EngineId, PrivProtocol};
pub use crate::wire::snmp::SecurityLevel;
use document::Source;

pub use check::{CheckReport, check};
pub use credentials::{Authentication, Credential, CredentialKey, Credentials, Privacy, User, engine_id_of};
pub use document::FILE_OCTETS_MAX;
pub use error::{ConfigError, PROBLEMS_SHOWN_MAX, Place, Problem};
pub use secret::Secret;
pub use settings::{
    ArchiveFormat, Archiver, Daemon, Database, FileBuffer, Http, Listeners, LogFormat, LogLevel,
    PatternMatching, Processor, Runtime, Settings, Snmp, SnmpListener, Snmpv3, Storage, Synchronous,
    SyslogListener, SyslogProtocol, SyslogRelp, SyslogTcp, SyslogTls,
};

/// Loads `mutt_config.yaml`. What it leaves out has the default of [`Settings`].
///
/// # Errors
///
/// Every problem of the file; the operator is to blame.
pub fn load(path: &Path) -> Result<Settings, ConfigError> {
    resolve::settings(&Source::read(path, false)?)
}

/// Loads `alert_rules.yaml` and compiles the rules that are switched on.
///
/// # Errors
///
/// Every problem of the file, a rule that does not compile included; the operator is to blame.
pub fn load_rules(path: &Path) -> Result<RuleSet, ConfigError> {
    Ok(rules::rules(&Source::read(path, false)?)?.set)
}

/// Loads `snmpv3_credentials.yaml`.
///
/// # Errors
///
/// Every problem of the file, without a word from it but user names and priorities; the operator is to blame.
pub fn load_credentials(path: &Path) -> Result<Credentials, ConfigError> {
    credentials::credentials(&Source::read(path, true)?)
}

/// The files with passwords that the credentials file at `path` names, whether they are there or not; `None` when that
/// cannot be told, since it is not to be read.
#[must_use]
pub fn password_files(path: &Path) -> Option<Vec<PathBuf>> {
    secret_source::files(&Source::read(path, true).ok()?)
}

#[cfg(test)]
mod tests;
