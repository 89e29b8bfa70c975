//! What a name and a value mean by their definitions; text and JSON write the same.

use crate::model::bounded::{Bounded, printable};
use crate::model::notification::{NameKind, Naming, ObjectName};
use crate::wire::smi::{Base, Form, IndexValue, MeaningText, Syntax, decode_index};
use crate::wire::snmp::Value;

/// Longest string of an index that is shown as text: a name has 128 sub-identifiers.
const INDEX_TEXT_OCTETS_MAX: usize = 128;

/// The name of an instance: that of its object. What lies below a name of another kind has no name.
pub(super) fn instance_name<'n, N: Naming + ?Sized>(names: &'n N, arcs: &[u32]) -> Option<ObjectName<'n>> {
    names.name(arcs).filter(|name| name.kind == NameKind::Object || name.depth == arcs.len())
}

/// The name of an OBJECT IDENTIFIER that is a value: of an instance, or of exactly that.
pub(super) fn value_name<'n, N: Naming + ?Sized>(names: &'n N, arcs: &[u32]) -> Option<ObjectName<'n>> {
    // 0.0 says that there is none (RFC 2578 section 2), and is known as that.
    instance_name(names, arcs).filter(|_| arcs != [0, 0])
}

/// What a value means by its syntax, when that says more than its type does.
pub(super) fn of_value(value: &Value<'_>, syntax: Option<&Syntax>) -> Option<MeaningText> {
    let syntax = syntax?;
    match *value {
        Value::OctetString(octets) => syntax.meaning_of_octets(octets),
        Value::Integer(number) => syntax.meaning_of_number(i128::from(number)),
        Value::Counter32(number) | Value::Gauge32(number) | Value::UInteger32(number) => {
            syntax.meaning_of_number(i128::from(number))
        }
        Value::Counter64(number) => syntax.meaning_of_number(i128::from(number)),
        _ => None,
    }
}

/// The meaning as text, if it is that: a hint for text may have met other octets.
pub(super) fn as_text(meaning: &MeaningText) -> Option<&str> {
    printable(meaning.as_bytes())
}

/// Writes the label of an object, and its instance behind a dot.
pub(super) fn label_and_instance(out: &mut Bounded<'_>, name: &ObjectName<'_>, arcs: &[u32]) {
    out.escaped(name.label);
    let instance = arcs.get(name.depth..).unwrap_or_default();
    if !instance.is_empty() {
        out.push(b".");
        instance_text(out, name, instance);
    }
}

/// Writes an instance as dots, and the text of strings in it in quotes.
fn instance_text(out: &mut Bounded<'_>, name: &ObjectName<'_>, instance: &[u32]) {
    let may_be_text = name.index.iter().any(|part| is_text(&part.syntax));
    let values = may_be_text.then(|| decode_index(name.index, instance)).flatten();
    let Some(values) = values else { return out.dotted(instance) };
    for (place, (part, value, arcs)) in values.enumerate() {
        if place > 0 && !arcs.is_empty() {
            out.push(b".");
        }
        match value {
            IndexValue::Octets(octets) if is_text(&part.syntax) => match IndexText::of(octets).graphic() {
                Some(text) => {
                    out.push(b"\"");
                    out.escaped(text);
                    out.push(b"\"");
                }
                None => out.dotted(arcs),
            },
            _ => out.dotted(arcs),
        }
    }
}

/// Whether octets of an index may be text: their syntax says so, or says nothing, and there may be any number of them.
fn is_text(syntax: &Syntax) -> bool {
    let is_any = syntax.form == Form::Plain && syntax.size.is_none();
    syntax.base == Base::Octets && (syntax.form == Form::Text || is_any)
}

/// Writes the member `index` with the parts of an instance, if they can be told apart, and a comma.
pub(super) fn index_member(json: &mut Bounded<'_>, name: &ObjectName<'_>, arcs: &[u32]) {
    if name.index.is_empty() {
        return;
    }
    let instance = arcs.get(name.depth..).unwrap_or_default();
    let Some(values) = decode_index(name.index, instance) else { return };
    json.push(b"\"index\":{");
    for (place, (part, value, _)) in values.enumerate() {
        if place > 0 {
            json.push(b",");
        }
        json.quoted(&part.label);
        json.push(b":");
        match value {
            IndexValue::Number(number) => json.unsigned(u64::from(number)),
            IndexValue::Address(address) => {
                json.push(b"\"");
                json.ipv4(address);
                json.push(b"\"");
            }
            IndexValue::Octets(octets) => octets_member(json, octets, &part.syntax),
            IndexValue::Oid(arcs) => {
                json.push(b"\"");
                json.dotted(arcs);
                json.push(b"\"");
            }
        }
    }
    json.push(b"},");
}

/// Writes octets of an index as a string: by their syntax, as text, or as hexadecimal digits.
fn octets_member(json: &mut Bounded<'_>, octets: &[u32], syntax: &Syntax) {
    let text = IndexText::of(octets);
    let meaning = syntax.meaning_of_octets(text.as_bytes());
    match meaning.as_ref().and_then(as_text).or_else(|| printable(text.as_bytes())) {
        Some(text) => json.quoted(text),
        None => {
            json.push(b"\"0x");
            json.hex(text.as_bytes());
            json.push(b"\"");
        }
    }
}

/// The octets of a string in an index.
struct IndexText {
    octets: [u8; INDEX_TEXT_OCTETS_MAX],
    /// How many there are, at most all.
    len: usize,
}

impl IndexText {
    /// Octets from sub-identifiers, none of which is above 255.
    fn of(arcs: &[u32]) -> Self {
        let mut text = Self { octets: [0; INDEX_TEXT_OCTETS_MAX], len: 0 };
        for (octet, arc) in text.octets.iter_mut().zip(arcs) {
            *octet = u8::try_from(*arc).unwrap_or(0);
            text.len += 1;
        }
        text
    }

    fn as_bytes(&self) -> &[u8] {
        self.octets.get(..self.len).unwrap_or_default()
    }

    /// The text, if it is some and has nothing but letters, digits, signs and spaces.
    fn graphic(&self) -> Option<&str> {
        let octets = self.as_bytes();
        let is_graphic = !octets.is_empty() && octets.iter().all(|octet| matches!(octet, 0x20..=0x7E));
        std::str::from_utf8(octets).ok().filter(|_| is_graphic)
    }
}
