//! The names in force, replaced as a whole while shards keep rendering.

use std::sync::Arc;

use arc_swap::ArcSwap;

use crate::mib::{Kind, Names};
use crate::model::notification::{NameKind, Naming, ObjectName};

/// Where all shards look for the names in force; a batch is rendered with one set from its first event to its last.
pub type NamesInForce = Arc<ArcSwap<Names>>;

/// Lets the rendering of notifications, which knows no MIB, ask the names we have.
impl Naming for Names {
    fn name(&self, arcs: &[u32]) -> Option<ObjectName<'_>> {
        let found = self.lookup(arcs)?;
        Some(ObjectName {
            module: found.module,
            label: found.label,
            depth: arcs.len() - found.suffix.len(),
            kind: match found.kind {
                Kind::Column | Kind::Scalar => NameKind::Object,
                Kind::Notification => NameKind::Notification,
                Kind::Node | Kind::Table | Kind::Row => NameKind::Other,
            },
            syntax: found.syntax,
            index: found.index,
        })
    }

    fn vendor(&self, number: u32) -> Option<&str> {
        Self::vendor(self, number)
    }
}
