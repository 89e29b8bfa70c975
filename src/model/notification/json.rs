//! `enriched_data` of a notification: everything that was decoded, as JSON (RFC 8259).
//!
//! ```text
//! {"pdu":"trap","request_id":7,"security_level":"noAuthNoPriv","uptime":123,
//!  "varbinds":[{"oid":"1.3.6.1.2.1.2.2.1.8.3","name":"IF-MIB::ifOperStatus.3","index":{"ifIndex":3},
//!               "type":"integer","value":2,"label":"down"}],
//!  "notes":["sys_up_time_missing"]}
//! ```
//!
//! A v3 message has `engine_id`, `user` and `credential_priority` besides, and `context_engine_id` and `context_name`
//! where they say something. `vendor` is that of the enterprise that the notification or the v1 trap belongs to. `relay` is
//! who brought it, where the source is the word of a trusted one. `name` is null where none is known; `index` is there
//! when the parts of a row's name are known; `text` is what a value means by its SYNTAX, beside the value as it came. An
//! integer beyond 2^53-1 is a string, as readers of JSON would round it.
//! Octets are `value` when they are text, else `hex`. A varbind that could not be read has `"type":"malformed"`,
//! its `reason`, and `hex`. `"truncated":true` says that varbinds are missing at the end.
//!
//! Invariant: valid JSON, whatever the octets were.

use crate::base::limits::ENRICHED_OCTETS_MAX;
use crate::base::span::Span;
use crate::model::bounded::{Bounded, printable};
use crate::model::notification::known::{Known, Named};
use crate::model::notification::oid_buf::OidBuf;
use crate::model::notification::scan::Facts;
use crate::model::notification::{Naming, ObjectName, Subject, V3Facts, meaning, span_since};
use crate::wire::snmp::{Body, Opaque, OpaqueInner, TrapV1, Value, VarBind};

/// Kept back for what closes the object: `truncated` and all notes at once.
const ENDING_OCTETS_MAX: usize = 1024;

/// Octets shown of an agent-addr or engine ID that has not its lawful size.
const ODD_OCTETS_SHOWN_MAX: usize = 64;

/// Integers from here on are strings: readers that use doubles would round them.
const EXACT_INTEGER_END: u64 = 1 << 53;

/// An object that is being written.
pub(super) struct ObjectWriter<'o> {
    json: Bounded<'o>,
    start: usize,
    /// How many varbinds were written.
    count: usize,
    /// Whether one did not fit: none follows it.
    is_cut: bool,
}

impl<'o> ObjectWriter<'o> {
    /// Begins the object at the end of `out`, up to the varbinds.
    pub(super) fn begin<N: Naming + ?Sized>(
        out: &'o mut Vec<u8>,
        subject: &Subject<'_, '_>,
        facts: &Facts,
        names: &N,
    ) -> Self {
        let start = out.len();
        let mut json = Bounded::new(out, ENRICHED_OCTETS_MAX - ENDING_OCTETS_MAX);
        json.push(b"{\"pdu\":\"");
        json.push(subject.pdu.kind.as_str().as_bytes());
        if let Some(request_id) = subject.pdu.request_id() {
            json.push(b"\",\"request_id\":");
            json.signed(i64::from(request_id));
            json.push(b",\"security_level\":\"");
        } else {
            json.push(b"\",\"security_level\":\"");
        }
        json.push(subject.security_level.as_bytes());
        json.push(b"\"");
        if let Some(facts) = &subject.v3 {
            v3_facts(&mut json, facts);
        }
        if let Some(relay) = subject.relay {
            json.formatted(format_args!(",\"relay\":\"{relay}\""));
        }
        if let Some(uptime) = facts.uptime {
            json.push(b",\"uptime\":");
            json.unsigned(u64::from(uptime));
        }
        if let Body::TrapV1(trap) = &subject.pdu.body {
            trap_v1(&mut json, trap);
        }
        if let Some(vendor) = facts.enterprise.and_then(|number| names.vendor(number)) {
            json.push(b",\"vendor\":");
            json.quoted(vendor);
        }
        json.push(b",\"varbinds\":[");
        Self { json, start, count: 0, is_cut: false }
    }

    /// Whether a varbind did not fit.
    pub(super) const fn is_cut(&self) -> bool {
        self.is_cut
    }

    /// Writes a varbind, if it fits and all before it did.
    pub(super) fn varbind(&mut self, element: &VarBind<'_>, is_trap_oid: bool, known: &Known<'_, '_>) {
        if self.is_cut {
            return;
        }
        let mark = self.json.mark();
        if self.count > 0 {
            self.json.push(b",");
        }
        self.count += 1;
        varbind(&mut self.json, element, is_trap_oid, known);
        if self.json.is_full() {
            self.json.rewind(mark);
            self.is_cut = true;
        }
    }

    /// Ends the object; returns where it is, and whether varbinds are missing.
    pub(super) fn finish(self, facts: &Facts) -> (Span, bool) {
        let Self { mut json, start, .. } = self;
        let truncated = json.is_full();
        json.release(ENDING_OCTETS_MAX);
        json.push(b"]");
        if truncated {
            json.push(b",\"truncated\":true");
        }
        for (place, note) in facts.notes.iter().enumerate() {
            json.push(if place == 0 { b",\"notes\":[\"" } else { b"\",\"" });
            json.push(note.as_bytes());
        }
        json.push(if facts.notes.is_empty() { b"}" } else { b"\"]}" });
        (span_since(start, json.mark()), truncated)
    }
}

/// Writes who sent a v3 message.
fn v3_facts(json: &mut Bounded<'_>, facts: &V3Facts<'_>) {
    fn cut(octets: &[u8]) -> &[u8] {
        octets.get(..ODD_OCTETS_SHOWN_MAX).unwrap_or(octets)
    }
    json.push(b",\"engine_id\":");
    hex(json, cut(facts.engine_id));
    json.push(b",\"user\":");
    json.name(facts.user);
    json.push(b",\"credential_priority\":");
    json.unsigned(u64::from(facts.credential_priority));
    if facts.context_engine_id != facts.engine_id {
        json.push(b",\"context_engine_id\":");
        hex(json, cut(facts.context_engine_id));
    }
    if !facts.context_name.is_empty() {
        json.push(b",\"context_name\":");
        json.name(cut(facts.context_name));
    }
}

/// Writes the fields that only a v1 trap has (RFC 1157 4.1.6), as received.
fn trap_v1(json: &mut Bounded<'_>, trap: &TrapV1<'_>) {
    json.push(b",\"enterprise\":\"");
    json.dotted(OidBuf::of(trap.enterprise).as_slice());
    json.push(b"\",\"agent_addr\":");
    match <[u8; 4]>::try_from(trap.agent_addr) {
        Ok(address) => {
            json.push(b"\"");
            json.ipv4(address);
            json.push(b"\"");
        }
        Err(_) => hex(json, trap.agent_addr.get(..ODD_OCTETS_SHOWN_MAX).unwrap_or(trap.agent_addr)),
    }
    json.push(b",\"generic_trap\":");
    signed(json, trap.generic_trap);
    json.push(b",\"specific_trap\":");
    signed(json, trap.specific_trap);
}

/// Writes one element of `varbinds`. The name of the notification, which is the value of one of them, has a column of its own.
fn varbind(json: &mut Bounded<'_>, element: &VarBind<'_>, is_trap_oid: bool, known: &Known<'_, '_>) {
    json.push(b"{");
    if let Some(name) = &known.name {
        name_members(json, name);
    }
    match element {
        VarBind::Bound { .. } if known.is_masked => json.push(b"\"type\":\"octets\",\"value\":\"***\""),
        VarBind::Bound { value, .. } => {
            value_members(json, value, known);
            if !is_trap_oid {
                meaning_members(json, value, known);
            }
        }
        VarBind::Malformed { raw, reason, .. } => {
            json.push(b"\"type\":\"malformed\",\"reason\":\"");
            json.push(reason.as_str().as_bytes());
            json.push(b"\",\"hex\":");
            if known.is_masked { json.push(b"\"***\"") } else { hex(json, raw) }
        }
    }
    json.push(b"}");
}

/// Writes the members `oid`, `name` and `index`.
fn name_members(json: &mut Bounded<'_>, named: &Named<'_, '_>) {
    json.push(b"\"oid\":\"");
    json.dotted(named.arcs);
    let Some(found) = &named.name else { return json.push(b"\",\"name\":null,") };
    json.push(b"\",\"name\":\"");
    symbolic_name(json, found, named.arcs);
    json.push(b"\",");
    meaning::index_member(json, found, named.arcs);
}

/// Writes a name with its module, and its instance in dots.
fn symbolic_name(json: &mut Bounded<'_>, name: &ObjectName<'_>, arcs: &[u32]) {
    // Modules and descriptors are letters, digits and hyphens (RFC 2578 section 3); a MIB file may say otherwise.
    json.escaped(name.module);
    json.push(b"::");
    json.escaped(name.label);
    let instance = arcs.get(name.depth..).unwrap_or_default();
    if !instance.is_empty() {
        json.push(b".");
        json.dotted(instance);
    }
}

/// Writes `label` for an enumerated INTEGER that has one, or `text` for what else the value means by its syntax.
fn meaning_members(json: &mut Bounded<'_>, value: &Value<'_>, known: &Known<'_, '_>) {
    if let Some(label) = known.label(value) {
        json.push(b",\"label\":");
        return json.quoted(label);
    }
    if let Some(named) = &known.value {
        let Some(name) = &named.name else { return };
        json.push(b",\"text\":\"");
        symbolic_name(json, name, named.arcs);
        return json.push(b"\"");
    }
    if let Some(text) = meaning::of_value(value, known.syntax()).as_ref().and_then(meaning::as_text) {
        json.push(b",\"text\":");
        json.quoted(text);
    }
}

/// Writes the members `type` and `value` (or `hex`).
fn value_members(json: &mut Bounded<'_>, value: &Value<'_>, known: &Known<'_, '_>) {
    match *value {
        Value::Integer(number) => {
            json.push(b"\"type\":\"integer\",\"value\":");
            signed(json, number);
        }
        Value::OctetString(octets) => match printable(octets) {
            Some(text) => {
                json.push(b"\"type\":\"octets\",\"value\":");
                json.quoted(text);
            }
            None => type_and_hex(json, b"octets", octets),
        },
        Value::Null => json.push(b"\"type\":\"null\",\"value\":null"),
        Value::ObjectIdentifier(_) => {
            json.push(b"\"type\":\"oid\",\"value\":\"");
            json.dotted(known.value.as_ref().map(|named| named.arcs).unwrap_or_default());
            json.push(b"\"");
        }
        Value::IpAddress(address) => {
            json.push(b"\"type\":\"ipaddress\",\"value\":\"");
            json.ipv4(address);
            json.push(b"\"");
        }
        Value::Counter32(number) => type_and_unsigned(json, b"counter32", u64::from(number)),
        Value::Gauge32(number) => type_and_unsigned(json, b"gauge32", u64::from(number)),
        Value::TimeTicks(number) => type_and_unsigned(json, b"timeticks", u64::from(number)),
        Value::UInteger32(number) => type_and_unsigned(json, b"uinteger32", u64::from(number)),
        Value::Counter64(number) => type_and_unsigned(json, b"counter64", number),
        Value::Opaque(opaque) => opaque_members(json, &opaque),
        Value::NsapAddress(octets) => type_and_hex(json, b"nsapaddress", octets),
        Value::NoSuchObject => json.push(b"\"type\":\"noSuchObject\",\"value\":null"),
        Value::NoSuchInstance => json.push(b"\"type\":\"noSuchInstance\",\"value\":null"),
        Value::EndOfMibView => json.push(b"\"type\":\"endOfMibView\",\"value\":null"),
        Value::Unknown { tag, octets } => {
            type_and_hex(json, b"unknown", octets);
            json.push(b",\"tag\":");
            json.unsigned(u64::from(tag));
        }
    }
}

/// Writes the members of an Opaque value.
fn opaque_members(json: &mut Bounded<'_>, opaque: &Opaque<'_>) {
    match opaque.inner {
        OpaqueInner::Float(number) => {
            float(json, b"opaque-float", number.is_finite(), format_args!("{number:?}"))
        }
        OpaqueInner::Double(number) => {
            float(json, b"opaque-double", number.is_finite(), format_args!("{number:?}"))
        }
        OpaqueInner::Counter64(number) => type_and_unsigned(json, b"opaque-counter64", number),
        OpaqueInner::UInt64(number) => type_and_unsigned(json, b"opaque-uint64", number),
        OpaqueInner::Int64(number) => {
            json.push(b"\"type\":\"opaque-int64\",\"value\":");
            signed(json, number);
        }
        OpaqueInner::Raw => type_and_hex(json, b"opaque", opaque.octets),
    }
}

/// Writes `type` and a floating-point `value`; infinities and NaN are strings, JSON has no number for them.
fn float(json: &mut Bounded<'_>, kind: &[u8], is_finite: bool, number: std::fmt::Arguments<'_>) {
    json.push(b"\"type\":\"");
    json.push(kind);
    json.push(b"\",\"value\":");
    let quote: &[u8] = if is_finite { b"" } else { b"\"" };
    json.push(quote);
    json.formatted(number);
    json.push(quote);
}

/// Writes `type` and an unsigned `value`.
fn type_and_unsigned(json: &mut Bounded<'_>, kind: &[u8], number: u64) {
    json.push(b"\"type\":\"");
    json.push(kind);
    json.push(b"\",\"value\":");
    let quote: &[u8] = if number < EXACT_INTEGER_END { b"" } else { b"\"" };
    json.push(quote);
    json.unsigned(number);
    json.push(quote);
}

/// Writes `type` and `hex`.
fn type_and_hex(json: &mut Bounded<'_>, kind: &[u8], octets: &[u8]) {
    json.push(b"\"type\":\"");
    json.push(kind);
    json.push(b"\",\"hex\":");
    hex(json, octets);
}

/// Writes a signed integer, as a string when it is too large for a double.
fn signed(json: &mut Bounded<'_>, number: i64) {
    let quote: &[u8] = if number.unsigned_abs() < EXACT_INTEGER_END { b"" } else { b"\"" };
    json.push(quote);
    json.signed(number);
    json.push(quote);
}

/// Writes octets as a string of digits.
fn hex(json: &mut Bounded<'_>, octets: &[u8]) {
    json.push(b"\"");
    json.hex(octets);
    json.push(b"\"");
}
