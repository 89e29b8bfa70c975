//! `snmp`.

use std::path::PathBuf;

use crate::config::declare::{key, section};
use crate::config::kinds::ListOf;

const DIRECTORIES: ListOf<PathBuf> = ListOf {
    allowed: "paths, as [/usr/share/snmp/mibs, ./mibs], or [] for none",
    parse: |text| {
        if text.is_empty() { Err("must not be empty".to_owned()) } else { Ok(PathBuf::from(text)) }
    },
};

section! {
    /// `snmp`: names of what notifications carry.
    pub struct Snmp {
        /// Directories with MIB modules; read with the directories in them, and again when a file in them changes. The
        /// standard modules are known without. Check them with: muttd mib load-report
        pub mib_dirs: Vec<PathBuf> =
            key("mib_dirs", DIRECTORIES, Vec::new(), "[/usr/share/snmp/mibs, ./mibs]");
    }
}
