//! Floor 3: who this instance is, in a file beside the store: the node id in all message ids, the SNMP engine and how
//! often it was started, and the numbers of listeners in rows.
//!
//! The file outlives the store, so that a database that was lost or moved away costs no identity. Invariant: a value
//! is on the disk before it is used, and a file that cannot be read is never replaced.
//!
//! ```json
//! {
//!   "version": 1,
//!   "node_id": "0000000012ab",
//!   "snmp_engine": { "number": "00000000000012ab", "boots": 3 },
//!   "listeners": { "snmp-udp": 0, "syslog-udp": 1 },
//!   "next_listener": 2
//! }
//! ```

mod document;
mod error;
#[cfg(test)]
mod tests;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::base::files::{self, FileSystem};
use crate::identity::document::{Document, Engine};

pub use error::IdentityError;

/// Name of the file, beside the database.
pub const FILE_NAME: &str = "identity.json";

/// Listeners that ever get a number: rows keep it in 8 bits.
pub const LISTENERS_MAX: u16 = 256;

/// Longest name of a listener, octets.
pub const LISTENER_NAME_OCTETS_MAX: usize = 64;

/// Longest file that is read, octets: far more than 256 listeners take.
const FILE_OCTETS_MAX: u64 = 256 * 1024;

/// Where the identity of a store is kept: [`FILE_NAME`] in the directory of the database.
#[must_use]
pub fn path_beside(database: &Path) -> PathBuf {
    files::directory_of(database).join(FILE_NAME)
}

/// The SNMP engine as it was started last (RFC 3414 2.2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EngineBoot {
    /// What makes the engine's ID unique: random, and kept.
    pub number: u64,
    /// snmpEngineBoots: how often the engine was started, this time included.
    pub boots: i32,
}

/// What a new identity takes over.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Inherited {
    /// The node id, 1 to 2^48 - 1; `None`: random.
    pub node_id: Option<u64>,
    /// The SNMP engine; `None`: a new one at its first start.
    pub engine: Option<EngineBoot>,
    /// Numbers of listeners in rows that are there already.
    pub listeners: Vec<(String, u8)>,
    /// Numbers below this one were used by rows, also where the name of the listener is not known.
    pub listener_numbers_used: u8,
}

/// The identity of this instance.
#[derive(Debug)]
pub struct Identity {
    files: Arc<dyn FileSystem>,
    path: PathBuf,
    document: Document,
}

impl Identity {
    /// Reads the identity at `path`; `None` when there is no file.
    ///
    /// # Errors
    /// See [`IdentityError`]: the file cannot be read, or is damaged.
    pub fn load(files: Arc<dyn FileSystem>, path: &Path) -> Result<Option<Self>, IdentityError> {
        let octets = match files.read(path, FILE_OCTETS_MAX) {
            Ok(octets) => octets,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(IdentityError::Read { path: path.to_path_buf(), source }),
        };
        let document = Document::parse(&octets)
            .map_err(|reason| IdentityError::Damaged { path: path.to_path_buf(), reason })?;
        Ok(Some(Self { files, path: path.to_path_buf(), document }))
    }

    /// Makes the identity at `path`, where there is none. When this returns, it is on the disk.
    ///
    /// # Errors
    /// See [`IdentityError`]: the file cannot be written, or what is inherited contradicts itself.
    pub fn create(
        files: Arc<dyn FileSystem>,
        path: &Path,
        inherited: Inherited,
    ) -> Result<Self, IdentityError> {
        let next = inherited.listeners.iter().map(|(_, number)| u16::from(*number) + 1).max().unwrap_or(0);
        let document = Document {
            node_id: inherited.node_id.unwrap_or_else(random_node_id),
            engine: inherited.engine.map(|EngineBoot { number, boots }| Engine { number, boots }),
            listeners: inherited.listeners.into_iter().collect(),
            next_listener: next.max(u16::from(inherited.listener_numbers_used)),
        };
        document.check().map_err(|reason| IdentityError::Damaged { path: path.to_path_buf(), reason })?;
        let identity = Self { files, path: path.to_path_buf(), document };
        identity.write(&identity.document)?;
        Ok(identity)
    }

    /// The node id in all ids of messages, 48 bits, not zero.
    #[must_use]
    pub fn node_id(&self) -> u64 {
        self.document.node_id
    }

    /// What makes the ID of the SNMP engine unique; `None` before its first start.
    #[must_use]
    pub fn engine_number(&self) -> Option<u64> {
        self.document.engine.map(|engine| engine.number)
    }

    /// Counts a start of the SNMP engine. At the maximum of snmpEngineBoots the engine gets a new number and with it a
    /// new ID, since it cannot count on (RFC 3414 2.2.2). When this returns, the count is on the disk: no two starts
    /// may have the same.
    ///
    /// # Errors
    /// See [`IdentityError`]: the file cannot be written. The count is not to be used then.
    pub fn begin_engine_boot(&mut self) -> Result<EngineBoot, IdentityError> {
        let engine = match self.document.engine {
            Some(Engine { number, boots }) if boots < i32::MAX - 1 => Engine { number, boots: boots + 1 },
            _ => Engine { number: uuid::Uuid::new_v4().as_u64_pair().1, boots: 1 },
        };
        self.change(|document| document.engine = Some(engine))?;
        Ok(EngineBoot { number: engine.number, boots: engine.boots })
    }

    /// The number of the listener called `name` in rows: assigned when it is first asked for, kept for good, and never
    /// another listener's. When this returns, it is on the disk.
    ///
    /// # Errors
    /// See [`IdentityError`]: the file cannot be written, all numbers are taken, or the name is empty or too long.
    pub fn listener_number(&mut self, name: &str) -> Result<u8, IdentityError> {
        if let Some(number) = self.document.listeners.get(name) {
            return Ok(*number);
        }
        if name.is_empty() || name.len() > LISTENER_NAME_OCTETS_MAX {
            return Err(IdentityError::ListenerName { octets: name.len() });
        }
        let next = self.document.next_listener;
        let Ok(number) = u8::try_from(next) else {
            return Err(IdentityError::ListenersFull { path: self.path.clone(), name: name.to_owned() });
        };
        self.change(|document| {
            document.listeners.insert(name.to_owned(), number);
            document.next_listener = next + 1;
        })?;
        Ok(number)
    }

    /// The listeners that have a number, also those that are not configured any more, by name.
    pub fn listeners(&self) -> impl Iterator<Item = (&str, u8)> {
        self.document.listeners.iter().map(|(name, number)| (name.as_str(), *number))
    }

    /// Writes the changed identity, and uses it only then.
    fn change(&mut self, change: impl FnOnce(&mut Document)) -> Result<(), IdentityError> {
        let mut changed = self.document.clone();
        change(&mut changed);
        self.write(&changed)?;
        self.document = changed;
        Ok(())
    }

    fn write(&self, document: &Document) -> Result<(), IdentityError> {
        files::replace(self.files.as_ref(), &self.path, document.to_text().as_bytes())
            .map_err(|source| IdentityError::Write { path: self.path.clone(), source })
    }
}

/// 48 random bits, not zero.
fn random_node_id() -> u64 {
    let (_, low) = uuid::Uuid::new_v4().as_u64_pair();
    (low & document::NODE_ID_MAX).max(1)
}
