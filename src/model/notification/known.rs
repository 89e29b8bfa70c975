//! What is known of a varbind, found out once for text and JSON: looking up a name costs as much as writing it.

use crate::model::notification::oid_buf::OidBuf;
use crate::model::notification::scan::holds_community;
use crate::model::notification::{Naming, ObjectName, meaning};
use crate::wire::smi::Syntax;
use crate::wire::snmp::{Value, VarBind};

/// Sub-identifiers, and the name that they have.
#[derive(Debug)]
pub(super) struct Named<'b, 'n> {
    /// The sub-identifiers.
    pub(super) arcs: &'b [u32],
    /// Their name, if they have one.
    pub(super) name: Option<ObjectName<'n>>,
}

impl<'b, 'n> Named<'b, 'n> {
    /// The name of an instance.
    pub(super) fn instance<N: Naming + ?Sized>(arcs: &'b [u32], names: &'n N) -> Self {
        Self { arcs, name: meaning::instance_name(names, arcs) }
    }

    /// The name of an OBJECT IDENTIFIER that is a value.
    pub(super) fn value<N: Naming + ?Sized>(arcs: &'b [u32], names: &'n N) -> Self {
        Self { arcs, name: meaning::value_name(names, arcs) }
    }
}

/// Room for the sub-identifiers of a varbind, used for one after the other.
#[derive(Debug)]
pub(super) struct Room {
    name: OidBuf,
    value: OidBuf,
}

impl Room {
    /// Room that holds nothing yet.
    pub(super) const fn new() -> Self {
        Self { name: OidBuf::empty(), value: OidBuf::empty() }
    }
}

/// What is known of a varbind.
#[derive(Debug)]
pub(super) struct Known<'b, 'n> {
    /// Its name, when that could be read.
    pub(super) name: Option<Named<'b, 'n>>,
    /// Its value, when that is an OBJECT IDENTIFIER.
    pub(super) value: Option<Named<'b, 'n>>,
    /// Whether its value is not to be shown.
    pub(super) is_masked: bool,
}

impl<'b, 'n> Known<'b, 'n> {
    /// What `names` say of `varbind`. The name of snmpTrapOID as a value is not asked for: the notification is called by it.
    pub(super) fn of<N: Naming + ?Sized>(
        varbind: &VarBind<'_>,
        is_trap_oid: bool,
        names: &'n N,
        room: &'b mut Room,
    ) -> Self {
        let (name, value) = match varbind {
            VarBind::Bound { name, value: Value::ObjectIdentifier(oid) } => (Some(*name), Some(*oid)),
            VarBind::Bound { name, .. } => (Some(*name), None),
            VarBind::Malformed { name, .. } => (*name, None),
        };
        let Room { name: name_room, value: value_room } = room;
        Self {
            name: name.map(|name| Named::instance(name_room.set(name), names)),
            value: value.map(|oid| match value_room.set(oid) {
                arcs if is_trap_oid => Named { arcs, name: None },
                arcs => Named::value(arcs, names),
            }),
            is_masked: holds_community(varbind),
        }
    }

    /// How values of the object are read, if that is known.
    pub(super) fn syntax(&self) -> Option<&'n Syntax> {
        self.name.as_ref()?.name.as_ref()?.syntax
    }

    /// The label of `value`, if it is an enumerated INTEGER.
    pub(super) fn label(&self, value: &Value<'_>) -> Option<&'n str> {
        let Value::Integer(number) = value else { return None };
        self.syntax()?.label(*number)
    }
}
