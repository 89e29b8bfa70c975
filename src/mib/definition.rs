//! What a MIB module says of one name, with what it owns: the form in which names are collected before they are looked
//! into.

use std::sync::Arc;

use crate::wire::smi::{IndexPart, Syntax};

/// What a name is the name of (RFC 2578 sections 5 to 8).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// OBJECT IDENTIFIER, MODULE-IDENTITY or OBJECT-IDENTITY.
    Node,
    /// OBJECT-TYPE of a table.
    Table,
    /// OBJECT-TYPE of a row of a table.
    Row,
    /// OBJECT-TYPE of a column of a table.
    Column,
    /// OBJECT-TYPE with one instance.
    Scalar,
    /// NOTIFICATION-TYPE or TRAP-TYPE.
    Notification,
}

impl Kind {
    /// All of them with the words that the table of names has for them.
    pub const ALL: [(Self, &'static str); 6] = [
        (Self::Node, "node"),
        (Self::Table, "table"),
        (Self::Row, "row"),
        (Self::Column, "column"),
        (Self::Scalar, "scalar"),
        (Self::Notification, "notification"),
    ];

    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(kind, _)| *kind == self).map_or("", |(_, word)| word)
    }

    /// Whether there are instances of it, which have values.
    #[must_use]
    pub const fn has_instances(self) -> bool {
        matches!(self, Self::Column | Self::Scalar)
    }
}

/// One definition: what an OBJECT-TYPE, NOTIFICATION-TYPE or OBJECT IDENTIFIER clause says (RFC 2578).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Definition {
    /// The name's sub-identifiers.
    pub arcs: Vec<u32>,
    /// The module that defines it, as `IF-MIB`.
    pub module: Arc<str>,
    /// The descriptor, as `ifIndex`.
    pub label: Box<str>,
    /// What it is.
    pub kind: Kind,
    /// The SYNTAX of a column or scalar.
    pub syntax: Option<Arc<Syntax>>,
    /// The INDEX of a row, that of the augmented one included; empty for all else.
    pub index: Arc<[IndexPart]>,
}

/// A textual convention or another type that a module gives a name to (RFC 2579).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TypeDefinition {
    /// The module that defines it.
    pub module: Arc<str>,
    /// What it is short for; its name is the type's.
    pub syntax: Arc<Syntax>,
}

/// Everything that some modules define.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Definitions {
    /// Types.
    pub types: Vec<TypeDefinition>,
    /// Names.
    pub names: Vec<Definition>,
}

/// Whether `word` may be a descriptor or a label: letters, digits and hyphens (RFC 2578 3.1), and what vendors use
/// besides.
#[must_use]
pub fn is_word(word: &str) -> bool {
    let may_be = |octet: u8| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'_' | b'.');
    (1..=128).contains(&word.len()) && word.bytes().all(may_be)
}
