//! All sections together: the settings as meant, plain typed values with defaults filled in.
//!
//! [`Settings::default`] is what an empty file means. Each section is declared in the file of its name.
//!
//! Invariant: a `Settings` that came from a file holds no value outside the ranges that are declared.

use crate::config::declare::{section, subsection};
use crate::wire::snmp::SecurityLevel;

pub use crate::config::daemon::Daemon;
pub use crate::config::http::Http;
pub use crate::config::listeners::Listeners;
pub use crate::config::listeners_snmp::{SnmpListener, SnmpProtocol};
pub use crate::config::listeners_streams::{SyslogRelp, SyslogTcp, SyslogTls};
pub use crate::config::listeners_syslog::{SyslogListener, SyslogProtocol};
pub use crate::config::pattern_matching::PatternMatching;
pub use crate::config::processor::Processor;
pub use crate::config::snmp::Snmp;
pub use crate::config::snmpv3::Snmpv3;
pub use crate::config::sources::Sources;
pub use crate::config::storage::{ArchiveFormat, Archiver, Database, FileBuffer, Storage};

section! {
    /// All that `mutt_config.yaml` says.
    pub struct Settings {
        /// The process.
        pub daemon: Daemon = subsection("daemon");
        /// Where messages come in.
        pub listeners: Listeners = subsection("listeners");
        /// What any one sender may send, by its address.
        pub sources: Sources = subsection("sources");
        /// How messages are handed to the store.
        pub processor: Processor = subsection("processor");
        /// Where messages stay.
        pub storage: Storage = subsection("storage");
        /// The alert rules.
        pub pattern_matching: PatternMatching = subsection("pattern_matching");
        /// Names of what notifications carry.
        pub snmp: Snmp = subsection("snmp");
        /// The SNMPv3 users.
        pub snmpv3: Snmpv3 = subsection("snmpv3");
        /// The API, metrics and the page.
        pub http: Http = subsection("http");
    }
}

impl Settings {
    /// What the operator asked for and does not get in this release; one line each, for the log at start.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if self.storage.file_buffer.enabled {
            warnings.push(
                "storage.file_buffer.enabled: true: the file buffer is not built yet; when the queue is full, UDP \
                 messages are dropped and counted"
                    .to_owned(),
            );
        }
        if self.storage.archiver.enabled {
            warnings.push(
                "storage.archiver.enabled: true: the archiver is not built yet; messages stay in the store"
                    .to_owned(),
            );
        }
        let policy = &self.listeners.snmp.policy;
        let takes_communities = policy.versions.v1 || policy.versions.v2c;
        if takes_communities && policy.min_security_level > SecurityLevel::NoAuthNoPriv {
            warnings.push(format!(
                "listeners.snmp.min_security_level: {}: v1 and v2c have no security level (noAuthNoPriv), and are \
                 refused",
                policy.min_security_level.as_str()
            ));
        }
        warnings
    }
}
