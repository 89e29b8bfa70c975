//! The definitions that need no MIB file: the modules of RFCs, IEEE and IANA that network devices implement, and those
//! of net-snmp.
//!
//! Invariant: sub-identifiers, descriptors, labels and display hints are those of the modules; no text of theirs is here.

use std::sync::{Arc, LazyLock};

use crate::mib::definition::Definitions;
use crate::mib::names::Names;
use crate::mib::table;

/// The table; see [`table`] for its form.
const TABLE: &str = include_str!("standard.tsv");

/// The definitions of the table. Takes some milliseconds.
#[must_use]
pub fn definitions() -> Definitions {
    // It is part of the program, and a test reads it whole.
    table::read(TABLE).unwrap_or_default()
}

/// The definitions of the table, read once.
pub(crate) fn shared() -> &'static Definitions {
    static DEFINITIONS: LazyLock<Definitions> = LazyLock::new(definitions);
    &DEFINITIONS
}

/// The names that need no MIB file, made once and shared.
#[must_use]
pub fn names() -> Arc<Names> {
    static NAMES: LazyLock<Arc<Names>> = LazyLock::new(|| Arc::new(Names::standard()));
    Arc::clone(&NAMES)
}

impl Names {
    /// The names that need no MIB file.
    #[must_use]
    pub fn standard() -> Self {
        Self::from_definitions(definitions().names)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_read_whole() {
        let definitions = table::read(TABLE).unwrap();
        assert!(definitions.names.len() > 7_000 && definitions.types.len() > 400);
        let names = Names::from_definitions(definitions.names.iter().cloned());
        for definition in &definitions.names {
            let found = names.lookup(&definition.arcs).unwrap();
            assert_eq!((found.label, found.suffix.len()), (&*definition.label, 0), "each name once");
        }
        assert!(names.modules() > 120);
    }
}
