//! What is in force, key by key, and where it is from.

use std::path::Path;

use serde_json::Value as Json;

use crate::config::error::ConfigError;
use crate::config::files;
use crate::config::reader::Record;
use crate::config::settings::Settings;

/// A key with the value that is in force.
#[derive(Debug, Clone, PartialEq)]
pub struct KeyInForce {
    /// The key with the sections around it, as `listeners.snmp.port`.
    pub key: String,
    /// The value; `***` in place of a secret.
    pub value: Json,
    /// File and line that it is from; `None` for a default.
    pub origin: Option<(String, usize)>,
    /// Whether a change takes effect while the program runs.
    pub is_live: bool,
}

/// What is in force by the configuration at `path`: the settings, and every key in the order of the declarations.
///
/// # Errors
///
/// Every problem of the files; the operator is to blame.
pub fn show(path: &Path) -> Result<(Settings, Vec<KeyInForce>), ConfigError> {
    let loaded = files::load(path)?;
    let names = loaded.names;
    let shown = |record: Record| {
        let origin =
            record.origin.map(|(file, place)| (names.get(file).cloned().unwrap_or_default(), place.line));
        KeyInForce { key: record.key, value: record.value, origin, is_live: record.is_live }
    };
    Ok((loaded.settings, loaded.records.into_iter().map(shown).collect()))
}
