//! The readable line of a notification, which rules match on.
//!
//! ```text
//! IF-MIB::linkDown ifIndex.3=3 ifOperStatus.3=down(2) ifDescr.3="Gi0/3"
//! ```
//!
//! The notification's name (or dots, or `noSnmpTrapOID`), then each varbind as `name=value`. Names have their label
//! without the module; unknown ones are dots. Values are as their SYNTAX says: labels of enumerations and bits,
//! addresses, dates, DISPLAY-HINTs, names of object identifiers. Other octet strings that are text are quoted and
//! escaped as in JSON, others are `0x` and lower-case digits without gaps. sysUpTime.0 and snmpTrapOID.0 are not repeated. A v1 trap looks as
//! if it had been sent as v2 (RFC 3584 3.1), without the community.
//!
//! Invariant: valid UTF-8 on one line, whatever the octets were.

use crate::base::limits::{OID_SUB_IDENTIFIERS_MAX, RENDERED_TEXT_OCTETS_MAX};
use crate::base::span::Span;
use crate::model::bounded::{ARC_OCTETS_MAX, Bounded, printable};
use crate::model::notification::oid_buf::OidBuf;
use crate::model::notification::scan::{Facts, holds_community};
use crate::model::notification::{Naming, Subject, meaning, span_since};
use crate::wire::ber::Oid;
use crate::wire::smi::Syntax;
use crate::wire::snmp::{Body, Opaque, OpaqueInner, TrapV1, Value, VarBind};

/// snmpTrapAddress.0 (RFC 3584 5.3).
const SNMP_TRAP_ADDRESS_0: &[u32] = &[1, 3, 6, 1, 6, 3, 18, 1, 3, 0];
/// snmpTrapEnterprise.0 (RFC 3418).
const SNMP_TRAP_ENTERPRISE_0: &[u32] = &[1, 3, 6, 1, 6, 3, 1, 1, 4, 3, 0];

/// What ends a line that was cut.
const TRUNCATED: &[u8] = b" !truncated";

/// Kept back for snmpTrapOID in dots, which is written behind the text.
const DOTTED_OCTETS_MAX: usize = (OID_SUB_IDENTIFIERS_MAX + 2) * ARC_OCTETS_MAX;

/// Where the parts of the line are.
pub(super) struct Line {
    /// The whole line.
    pub(super) text: Span,
    /// The name of the notification at its start; empty when there is no snmpTrapOID.
    pub(super) trap_type: Span,
    /// snmpTrapOID in dots; empty when there is none.
    pub(super) oid: Span,
    /// Whether the line was cut.
    pub(super) truncated: bool,
}

/// Appends the line, and behind it snmpTrapOID in dots.
pub(super) fn render<N: Naming + ?Sized>(
    subject: &Subject<'_, '_>,
    facts: &Facts,
    names: &N,
    out: &mut Vec<u8>,
) -> Line {
    let start = out.len();
    let kept_back = TRUNCATED.len() + DOTTED_OCTETS_MAX;
    let mut line = Bounded::new(out, RENDERED_TEXT_OCTETS_MAX - kept_back);
    let mut is_named = false;
    match &facts.trap_oid {
        Some(oid) => is_named = notification_name(&mut line, oid.as_slice(), names),
        None if subject.pdu.kind.is_notification() => line.push(b"noSnmpTrapOID"),
        None => line.push(subject.pdu.kind.as_str().as_bytes()),
    }
    let lead_end = line.mark();
    for (place, varbind) in subject.pdu.varbinds.iter().enumerate() {
        if line.is_full() {
            break;
        }
        if Some(place) != facts.uptime_at && Some(place) != facts.trap_oid_at {
            line.push(b" ");
            varbind_text(&mut line, &varbind, names);
        }
    }
    if let Body::TrapV1(trap) = &subject.pdu.body {
        trap_v1_fields(&mut line, trap, facts, names);
    }
    let truncated = line.is_full();
    line.release(TRUNCATED.len());
    if truncated {
        line.push(TRUNCATED);
    }
    line.release(DOTTED_OCTETS_MAX);

    let text = span_since(start, line.mark());
    let lead = span_since(start, lead_end);
    let Some(oid) = &facts.trap_oid else {
        return Line { text, trap_type: Span::EMPTY, oid: Span::EMPTY, truncated };
    };
    if !is_named {
        return Line { text, trap_type: lead, oid: lead, truncated };
    }
    let oid_start = line.mark();
    line.dotted(oid.as_slice());
    Line { text, trap_type: lead, oid: span_since(oid_start, line.mark()), truncated }
}

/// Writes the symbolic name of a notification, or its dots; returns whether it has a name. Only a whole name
/// counts: what merely lies under a known name is another notification.
fn notification_name<N: Naming + ?Sized>(line: &mut Bounded<'_>, arcs: &[u32], names: &N) -> bool {
    match names.name(arcs) {
        Some(name) if name.depth == arcs.len() => {
            line.push(name.module.as_bytes());
            line.push(b"::");
            line.push(name.label.as_bytes());
            true
        }
        _ => {
            line.dotted(arcs);
            false
        }
    }
}

/// Writes a name with its instance and returns how its values are read.
fn object_name<'n, N: Naming + ?Sized>(
    line: &mut Bounded<'_>,
    arcs: &[u32],
    names: &'n N,
) -> Option<&'n Syntax> {
    let Some(name) = meaning::instance_name(names, arcs) else {
        line.dotted(arcs);
        return None;
    };
    meaning::label_and_instance(line, &name, arcs);
    name.syntax
}

/// Writes `name=value`, or what could not be read.
fn varbind_text<N: Naming + ?Sized>(line: &mut Bounded<'_>, varbind: &VarBind<'_>, names: &N) {
    let masked = holds_community(varbind);
    match varbind {
        VarBind::Bound { name, value } => {
            let syntax = object_name(line, OidBuf::of(*name).as_slice(), names);
            line.push(b"=");
            if masked { line.push(b"\"***\"") } else { meant_text(line, value, syntax, names) }
        }
        VarBind::Malformed { name, raw, reason } => {
            if let Some(name) = name {
                object_name(line, OidBuf::of(*name).as_slice(), names);
                line.push(b"=");
            }
            line.push(b"!malformed(");
            line.push(reason.as_str().as_bytes());
            line.push(b")=");
            if masked { line.push(b"***") } else { hex(line, raw) }
        }
    }
}

/// Writes a value as its syntax says, or else as its type says: an INTEGER as `label(number)` when it has a label, an
/// OBJECT IDENTIFIER as the name it is.
fn meant_text<N: Naming + ?Sized>(
    line: &mut Bounded<'_>,
    value: &Value<'_>,
    syntax: Option<&Syntax>,
    names: &N,
) {
    if let (Value::Integer(number), Some(label)) = (value, label_of(value, syntax)) {
        line.push(label.as_bytes());
        line.push(b"(");
        line.signed(*number);
        return line.push(b")");
    }
    if let Value::ObjectIdentifier(oid) = value {
        return oid_text(line, *oid, names);
    }
    let meant = meaning::of_value(value, syntax);
    match meant.as_ref().and_then(|meant| Some((meant, meaning::as_text(meant)?))) {
        Some((meant, text)) if meant.is_bare() => line.push(text.as_bytes()),
        Some((_, text)) => line.quoted(text),
        None => value_text(line, value),
    }
}

/// The label of an enumerated INTEGER.
pub(super) fn label_of<'n>(value: &Value<'_>, syntax: Option<&'n Syntax>) -> Option<&'n str> {
    let Value::Integer(number) = value else { return None };
    syntax?.label(*number)
}

/// Writes a value as its type says.
fn value_text(line: &mut Bounded<'_>, value: &Value<'_>) {
    match *value {
        Value::Integer(number) => line.signed(number),
        Value::OctetString(octets) => match printable(octets) {
            Some(text) => line.quoted(text),
            None => hex(line, octets),
        },
        Value::Null => line.push(b"null"),
        Value::ObjectIdentifier(oid) => line.dotted(OidBuf::of(oid).as_slice()),
        Value::IpAddress(address) => line.ipv4(address),
        Value::Counter32(number)
        | Value::Gauge32(number)
        | Value::TimeTicks(number)
        | Value::UInteger32(number) => {
            line.unsigned(u64::from(number));
        }
        Value::Counter64(number) => line.unsigned(number),
        Value::Opaque(opaque) => opaque_text(line, &opaque),
        Value::NsapAddress(octets) => hex(line, octets),
        Value::NoSuchObject => line.push(b"noSuchObject"),
        Value::NoSuchInstance => line.push(b"noSuchInstance"),
        Value::EndOfMibView => line.push(b"endOfMibView"),
        Value::Unknown { tag, octets } => {
            line.push(b"!unknown(");
            hex(line, &[tag]);
            line.push(b")=");
            hex(line, octets);
        }
    }
}

/// Writes an OBJECT IDENTIFIER value by its name, or in dots; an empty one as an empty string.
fn oid_text<N: Naming + ?Sized>(line: &mut Bounded<'_>, oid: Oid<'_>, names: &N) {
    let oid = OidBuf::of(oid);
    let arcs = oid.as_slice();
    if arcs.is_empty() {
        return line.push(b"\"\"");
    }
    match meaning::value_name(names, arcs) {
        Some(name) => {
            line.escaped(name.module);
            line.push(b"::");
            meaning::label_and_instance(line, &name, arcs);
        }
        None => line.dotted(arcs),
    }
}

/// Writes what an Opaque holds.
fn opaque_text(line: &mut Bounded<'_>, opaque: &Opaque<'_>) {
    match opaque.inner {
        OpaqueInner::Float(number) => line.formatted(format_args!("{number:?}")),
        OpaqueInner::Double(number) => line.formatted(format_args!("{number:?}")),
        OpaqueInner::Counter64(number) | OpaqueInner::UInt64(number) => line.unsigned(number),
        OpaqueInner::Int64(number) => line.signed(number),
        OpaqueInner::Raw => hex(line, opaque.octets),
    }
}

/// Writes octets as `0x` and digits.
fn hex(line: &mut Bounded<'_>, octets: &[u8]) {
    line.push(b"0x");
    line.hex(octets);
}

/// Writes what RFC 3584 3.1 (4) appends to a v1 trap, the community excepted, and generic-trap and specific-trap
/// when they did not make an snmpTrapOID.
fn trap_v1_fields<N: Naming + ?Sized>(line: &mut Bounded<'_>, trap: &TrapV1<'_>, facts: &Facts, names: &N) {
    if facts.trap_oid.is_none() {
        line.push(b" generic-trap=");
        line.signed(trap.generic_trap);
        line.push(b" specific-trap=");
        line.signed(trap.specific_trap);
    }
    if !facts.has_trap_address {
        line.push(b" ");
        object_name(line, SNMP_TRAP_ADDRESS_0, names);
        line.push(b"=");
        match <[u8; 4]>::try_from(trap.agent_addr) {
            Ok(address) => line.ipv4(address),
            Err(_) => hex(line, trap.agent_addr),
        }
    }
    if !facts.has_trap_enterprise {
        line.push(b" ");
        object_name(line, SNMP_TRAP_ENTERPRISE_0, names);
        line.push(b"=");
        oid_text(line, trap.enterprise, names);
    }
}
