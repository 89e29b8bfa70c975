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
use crate::model::notification::known::{Known, Named};
use crate::model::notification::oid_buf::OidBuf;
use crate::model::notification::scan::Facts;
use crate::model::notification::{Naming, Subject, meaning, span_since};
use crate::wire::snmp::{Body, Opaque, OpaqueInner, TrapV1, Value, VarBind};

/// snmpTrapAddress.0 (RFC 3584 5.3).
const SNMP_TRAP_ADDRESS_0: &[u32] = &[1, 3, 6, 1, 6, 3, 18, 1, 3, 0];
/// snmpTrapEnterprise.0 (RFC 3418).
const SNMP_TRAP_ENTERPRISE_0: &[u32] = &[1, 3, 6, 1, 6, 3, 1, 1, 4, 3, 0];

/// What ends a line that was cut.
const TRUNCATED: &[u8] = b" !truncated";

/// Kept back for snmpTrapOID in dots, which is written behind the text.
const DOTTED_OCTETS_MAX: usize = (OID_SUB_IDENTIFIERS_MAX + 2) * ARC_OCTETS_MAX;

/// Where the parts of the line are in the buffer that it was written to.
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

/// A line that is being written, and behind it snmpTrapOID in dots.
pub(super) struct LineWriter<'o> {
    line: Bounded<'o>,
    start: usize,
    /// Where the name of the notification ends.
    lead_end: usize,
    /// Whether that is its symbolic name.
    is_named: bool,
}

impl<'o> LineWriter<'o> {
    /// Begins the line at the end of `out`.
    pub(super) fn begin<N: Naming + ?Sized>(
        out: &'o mut Vec<u8>,
        subject: &Subject<'_, '_>,
        facts: &Facts,
        names: &N,
    ) -> Self {
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
        Self { line, start, lead_end, is_named }
    }

    /// Whether nothing more fits.
    pub(super) const fn is_full(&self) -> bool {
        self.line.is_full()
    }

    /// Writes a varbind.
    pub(super) fn varbind(&mut self, varbind: &VarBind<'_>, known: &Known<'_, '_>) {
        if !self.line.is_full() {
            self.line.push(b" ");
            varbind_text(&mut self.line, varbind, known);
        }
    }

    /// Ends the line.
    pub(super) fn finish<N: Naming + ?Sized>(
        mut self,
        subject: &Subject<'_, '_>,
        facts: &Facts,
        names: &N,
    ) -> Line {
        let line = &mut self.line;
        if let Body::TrapV1(trap) = &subject.pdu.body {
            trap_v1_fields(line, trap, facts, names);
        }
        let truncated = line.is_full();
        line.release(TRUNCATED.len());
        if truncated {
            line.push(TRUNCATED);
        }
        line.release(DOTTED_OCTETS_MAX);

        let text = span_since(self.start, line.mark());
        let lead = span_since(self.start, self.lead_end);
        let Some(oid) = &facts.trap_oid else {
            return Line { text, trap_type: Span::EMPTY, oid: Span::EMPTY, truncated };
        };
        if !self.is_named {
            return Line { text, trap_type: lead, oid: lead, truncated };
        }
        let oid_start = line.mark();
        line.dotted(oid.as_slice());
        Line { text, trap_type: lead, oid: span_since(oid_start, line.mark()), truncated }
    }
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

/// Writes a name with its instance, without its module.
fn object_name(line: &mut Bounded<'_>, named: &Named<'_, '_>) {
    match &named.name {
        Some(name) => meaning::label_and_instance(line, name, named.arcs),
        None => line.dotted(named.arcs),
    }
}

/// Writes `name=value`, or what could not be read.
fn varbind_text(line: &mut Bounded<'_>, varbind: &VarBind<'_>, known: &Known<'_, '_>) {
    if let Some(name) = &known.name {
        object_name(line, name);
        line.push(b"=");
    }
    match varbind {
        VarBind::Bound { .. } if known.is_masked => line.push(b"\"***\""),
        VarBind::Bound { value, .. } => meant_text(line, value, known),
        VarBind::Malformed { raw, reason, .. } => {
            line.push(b"!malformed(");
            line.push(reason.as_str().as_bytes());
            line.push(b")=");
            if known.is_masked { line.push(b"***") } else { hex(line, raw) }
        }
    }
}

/// Writes a value as its syntax says, or else as its type says: an INTEGER as `label(number)` when it has a label, an
/// OBJECT IDENTIFIER as the name it is.
fn meant_text(line: &mut Bounded<'_>, value: &Value<'_>, known: &Known<'_, '_>) {
    if let (Value::Integer(number), Some(label)) = (value, known.label(value)) {
        line.push(label.as_bytes());
        line.push(b"(");
        line.signed(*number);
        return line.push(b")");
    }
    if let Some(named) = &known.value {
        return oid_text(line, named);
    }
    let meant = meaning::of_value(value, known.syntax());
    match meant.as_ref().and_then(|meant| Some((meant, meaning::as_text(meant)?))) {
        Some((meant, text)) if meant.is_bare() => line.push(text.as_bytes()),
        Some((_, text)) => line.quoted(text),
        None => value_text(line, value),
    }
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
fn oid_text(line: &mut Bounded<'_>, named: &Named<'_, '_>) {
    if named.arcs.is_empty() {
        return line.push(b"\"\"");
    }
    if let Some(name) = &named.name {
        line.escaped(name.module);
        line.push(b"::");
    }
    object_name(line, named);
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
        object_name(line, &Named::instance(SNMP_TRAP_ADDRESS_0, names));
        line.push(b"=");
        match <[u8; 4]>::try_from(trap.agent_addr) {
            Ok(address) => line.ipv4(address),
            Err(_) => hex(line, trap.agent_addr),
        }
    }
    if !facts.has_trap_enterprise {
        line.push(b" ");
        object_name(line, &Named::instance(SNMP_TRAP_ENTERPRISE_0, names));
        line.push(b"=");
        oid_text(line, &Named::value(OidBuf::of(trap.enterprise).as_slice(), names));
    }
}
