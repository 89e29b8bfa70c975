//! `snmpv3`.

use std::path::PathBuf;

use crate::config::declare::{key, section};
use crate::config::kinds::{PathOrNull, number};

section! {
    /// `snmpv3`: the SNMPv3 users.
    pub struct Snmpv3 {
        /// The SNMPv3 users. null = none. Looked at for changes as the rules are, and as often.
        pub credentials_file: Option<PathBuf> = key(
            "credentials_file",
            PathOrNull,
            Some("./config/snmpv3_credentials.yaml".into()),
            "/etc/mutt/snmpv3_credentials.yaml",
        );
        /// Messages noted that no credential fits. They are rows like all that is refused, with their octets as they
        /// came; of those noted, `muttd snmpv3 redecode` decodes what it can once the credential is there. Of more, the
        /// oldest are forgotten, which takes nothing from the store.
        pub quarantine_messages_max: u32 =
            key("quarantine_messages_max", number(0, 1_000_000).note(" (0 = none)"), 0, "10000");
    }
}
