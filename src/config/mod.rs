//! Floor 5: the operator's YAML files, and what they mean.
//!
//! ```text
//! text -> document (tree with places) -> reader -> sections, as declared -> checks -> Settings
//!                                               -> rules -> matching::RuleSet
//!                                               -> credentials -> Credentials
//! ```
//!
//! A key of `mutt_config.yaml` is declared once, in the file of its section, with its name, meaning, kind, default and
//! example; see `declare`. What reads, writes and describes it is made from that. To add a key, declare it and use
//! the new field of [`Settings`]; then write the shipped files anew with `muttd config template` and
//! `muttd config schema`. A new section is a file like the others and a line in that of the section above it.
//!
//! | file | what |
//! |---|---|
//! | `daemon`, `listeners*`, `sources`, `processor`, `storage`, `pattern_matching`, `snmp`, `snmpv3`, `http` | declarations |
//! | `settings` | the sections together |
//! | `declare`, `kinds`, `elements` | what declarations are made of |
//! | `document`, `interpolate`, `reader`, `error` | reading |
//! | `files` | which files are read, and how together |
//! | `checks` | what two keys say of each other |
//! | `template`, `schema`, `show` | what is written from the declarations |
//! | `secret`, `secret_source` | passwords, and where they stand |
//! | `rules`, `credentials` | the two other files |
//!
//! Relative paths in the files stay relative to the working directory.
//!
//! Invariant: the files are taken as a whole or refused as a whole. Every problem names file, line, key, value and what
//! is allowed, and a file of passwords is never quoted.

mod check;
mod checks;
mod credentials;
mod daemon;
mod declare;
mod document;
mod elements;
mod error;
mod files;
mod http;
mod interpolate;
mod kinds;
mod listeners;
mod listeners_common;
mod listeners_snmp;
mod listeners_streams;
mod listeners_syslog;
mod listeners_zones;
mod pattern_matching;
mod processor;
mod reader;
mod rules;
mod schema;
mod secret;
mod secret_source;
pub mod settings;
mod show;
mod snmp;
mod snmpv3;
mod sources;
mod storage;
mod template;

use std::path::{Path, PathBuf};

use crate::matching::RuleSet;
pub use crate::security::{AuthProtocol, EngineId, PrivProtocol};
pub use crate::wire::snmp::SecurityLevel;
use document::{Secrecy, Source};

pub use check::{CheckReport, check};
pub use credentials::{Authentication, Credential, CredentialKey, Credentials, Privacy, User, engine_id_of};
pub use document::FILE_OCTETS_MAX;
pub use error::{ConfigError, PROBLEMS_SHOWN_MAX, Place, Problem};
pub use files::{files, overrides_folder, secret_files};
pub use schema::schema;
pub use secret::Secret;
pub use settings::{
    ArchiveFormat, Archiver, Daemon, Database, FileBuffer, Http, Listeners, PatternMatching, Processor,
    Settings, Snmp, SnmpListener, SnmpProtocol, Snmpv3, Storage, SyslogListener, SyslogProtocol, SyslogRelp,
    SyslogTcp, SyslogTls,
};
pub use show::{KeyInForce, show};
pub use template::{template, yaml};

/// Loads `mutt_config.yaml` and the files of `conf.d` beside it. What they leave out has the default of [`Settings`].
///
/// # Errors
///
/// Every problem of the files; the operator is to blame.
pub fn load(path: &Path) -> Result<Settings, ConfigError> {
    files::load(path).map(|loaded| loaded.settings)
}

/// Loads `alert_rules.yaml` and compiles the rules that are switched on.
///
/// # Errors
///
/// Every problem of the file, a rule that does not compile included; the operator is to blame.
pub fn load_rules(path: &Path) -> Result<RuleSet, ConfigError> {
    Ok(rules::rules(&Source::read(path, Secrecy::Keys(Vec::new()))?)?.set)
}

/// Loads `snmpv3_credentials.yaml`.
///
/// # Errors
///
/// Every problem of the file, without a word from it but user names and priorities; the operator is to blame.
pub fn load_credentials(path: &Path) -> Result<Credentials, ConfigError> {
    credentials::credentials(&Source::read(path, Secrecy::All)?)
}

/// The files with passwords that the credentials file at `path` names, whether they are there or not; `None` when that
/// cannot be told, since it is not to be read.
#[must_use]
pub fn password_files(path: &Path) -> Option<Vec<PathBuf>> {
    credentials::secret_files(&Source::read(path, Secrecy::All).ok()?)
}

#[cfg(test)]
mod tests;

#[cfg(test)]
mod file_tests;
