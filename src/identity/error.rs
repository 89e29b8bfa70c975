//! What can go wrong with the identity.

use std::path::PathBuf;

/// Why an identity cannot be had. Each is one line that says what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IdentityError {
    /// The file is there and cannot be read.
    #[error("cannot read the identity {path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file does not say what it must.
    #[error(
        "the identity {path} is damaged: {reason}; restore the file from a backup, or move it away: then the node id and \
         the numbers of listeners are taken from the store, and the SNMP engine gets a new ID"
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The file cannot be written; what it was to say is not used.
    #[error("cannot write the identity {path}: {source}")]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// `storage.node_id` differs from what ids were made with.
    #[error(
        "storage.node_id is {configured}, but the identity {path} has {stored}; set it to {stored} or leave it out"
    )]
    NodeId {
        /// The file.
        path: PathBuf,
        /// From the configuration.
        configured: u64,
        /// From the file.
        stored: u64,
    },
    /// A listener without a number, and none is left.
    #[error("the listener {name} gets no number: {path} has given all 256 to other listeners")]
    ListenersFull {
        /// The file.
        path: PathBuf,
        /// The listener.
        name: String,
    },
    /// A name that no listener may have.
    #[error("a listener has a name of {octets} octets, 1 to 64 are allowed")]
    ListenerName {
        /// Length of the name.
        octets: usize,
    },
}
