//! Fields that stand in `enriched_data`: varbinds, structured data, pairs of names and values.

use super::json::{self, JsonText, Value};

/// A value of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FieldValue<'a> {
    /// The value as `enriched_data` has it: text, a number in decimal, or hexadecimal digits for octets that are no text.
    /// `None` when the sender says that there is no value.
    pub value: Option<JsonText<'a>>,
    /// What the value of a varbind means by its SYNTAX: the label of an enumerated INTEGER, a date, a name.
    pub meaning: Option<JsonText<'a>>,
}

/// Octets of the longest number that is read: as text a double has up to 24.
const NUMBER_OCTETS_MAX: usize = 40;

impl FieldValue<'_> {
    /// The value as a whole number; `None` when it is none.
    #[must_use]
    pub fn integer(&self) -> Option<i128> {
        self.number_text()?.parse().ok()
    }

    /// The value as a number, with the precision of a double; `None` when it is none.
    #[must_use]
    pub fn number(&self) -> Option<f64> {
        self.number_text()?.parse().ok().filter(|number: &f64| number.is_finite())
    }

    /// Whether value or meaning is `text`, letter case of ASCII aside.
    #[must_use]
    pub fn equals(&self, text: &[u8]) -> bool {
        [self.value, self.meaning].into_iter().flatten().any(|known| known.equals(text))
    }

    fn number_text(&self) -> Option<&str> {
        let text = self.value?.as_plain()?.trim_ascii();
        std::str::from_utf8(text).ok().filter(|text| text.len() <= NUMBER_OCTETS_MAX)
    }
}

/// The text of the member `name` of the object `enriched`.
pub(super) fn text_member<'a>(enriched: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let (_, value) = json::members_of(enriched).find(|(member, _)| member.as_plain() == Some(name))?;
    match value {
        Value::Text(text) => text.as_plain(),
        _ => None,
    }
}

/// What is called with each value, and answers whether it is the last that is wanted.
type Visit<'v, 'a> = &'v mut dyn FnMut(FieldValue<'a>) -> bool;

/// Calls `visit` with each value of the field `name` in the object `enriched`, until it answers true.
pub(super) fn visit<'a>(enriched: &'a [u8], name: &[u8], visit: Visit<'_, 'a>) -> bool {
    json::members_of(enriched).any(|(member, value)| match (member.as_plain(), value) {
        (Some(b"varbinds"), Value::List(list)) => visit_varbinds(list, name, visit),
        (Some(b"structured_data"), Value::Object(elements)) => visit_structured_data(elements, name, visit),
        (Some(b"fields"), Value::Object(pairs)) => visit_pairs(pairs, name, visit),
        (Some(b"cef"), Value::Object(cef)) => visit_pairs_below(cef, b"extension", name, visit),
        (Some(b"leef"), Value::Object(leef)) => visit_pairs_below(leef, b"attributes", name, visit),
        _ => false,
    })
}

/// Looks through a list of varbinds.
fn visit_varbinds<'a>(list: &'a [u8], name: &[u8], visit: Visit<'_, 'a>) -> bool {
    json::elements(list).any(|element| {
        let Value::Object(varbind) = element else { return false };
        let mut is_named = false;
        let mut found = FieldValue { value: None, meaning: None };
        for (member, value) in json::members(varbind) {
            match (member.as_plain(), value) {
                (Some(b"oid"), Value::Text(oid)) => is_named |= names_object(oid, name),
                (Some(b"name"), Value::Text(symbolic)) => is_named |= names_symbol(symbolic, name),
                (Some(b"value" | b"hex"), value) => found.value = text_of(value),
                (Some(b"label" | b"text"), value) => found.meaning = text_of(value),
                _ => {}
            }
        }
        is_named && visit(found)
    })
}

/// Whether `name` is `known`, or so much of its start that only an instance is missing.
fn names_object(known: JsonText<'_>, name: &[u8]) -> bool {
    known.as_plain().is_some_and(|known| names_start(known, name.strip_prefix(b".").unwrap_or(name)))
}

/// The same for `MODULE::name.instance`, where `name` may leave out the module.
fn names_symbol(known: JsonText<'_>, name: &[u8]) -> bool {
    let Some(known) = known.as_plain() else { return false };
    let module = memchr::memmem::find(known, b"::");
    let without_module = module.and_then(|at| known.get(at + 2..));
    names_start(known, name) || without_module.is_some_and(|known| names_start(known, name))
}

/// Whether `known` is `name`, or `name` and more behind a dot; letter case aside.
fn names_start(known: &[u8], name: &[u8]) -> bool {
    let Some((start, rest)) = known.split_at_checked(name.len()) else { return false };
    !name.is_empty() && start.eq_ignore_ascii_case(name) && matches!(rest, [] | [b'.', ..])
}

/// Looks through SD-ELEMENTs, by the name of a parameter and by SD-ID, a dot and that name.
fn visit_structured_data<'a>(elements: &'a [u8], name: &[u8], visit: Visit<'_, 'a>) -> bool {
    json::members(elements).any(|(id, element)| {
        let Value::Object(params) = element else { return false };
        let in_element = id.strip_from(name).and_then(|rest| rest.strip_prefix(b"."));
        in_element.is_some_and(|param| visit_pairs(params, param, visit)) || visit_pairs(params, name, visit)
    })
}

/// Looks through the pairs that are the member `below` of `object`.
fn visit_pairs_below<'a>(object: &'a [u8], below: &[u8], name: &[u8], visit: Visit<'_, 'a>) -> bool {
    json::members(object).any(|(member, value)| match value {
        Value::Object(pairs) if member.as_plain() == Some(below) => visit_pairs(pairs, name, visit),
        _ => false,
    })
}

/// Looks through pairs; one whose name was repeated has a list of values.
fn visit_pairs<'a>(pairs: &'a [u8], name: &[u8], visit: Visit<'_, 'a>) -> bool {
    let mut found = |value| visit(FieldValue { value: text_of(value), meaning: None });
    json::members(pairs).any(|(member, value)| {
        member.equals(name)
            && match value {
                Value::List(values) => json::elements(values).any(&mut found),
                value => found(value),
            }
    })
}

/// The text of a value that is one.
fn text_of(value: Value<'_>) -> Option<JsonText<'_>> {
    match value {
        Value::Text(text) | Value::Scalar(text) => Some(text),
        Value::Null | Value::Object(_) | Value::List(_) => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    /// The values of a field, each with its meaning behind an equals sign if it has one.
    fn values(enriched: &str, name: &str) -> Vec<String> {
        let shown = |text: JsonText<'_>| String::from_utf8(text.octets().collect()).unwrap();
        let mut all = Vec::new();
        visit(enriched.as_bytes(), name.as_bytes(), &mut |found| {
            let value = found.value.map_or_else(|| "-".to_owned(), shown);
            all.push(match found.meaning {
                Some(meaning) => format!("{value}={}", shown(meaning)),
                None => value,
            });
            false
        });
        all
    }

    const TRAP: &str = r#"{"pdu":"trap","security_level":"authPriv","varbinds":[
        {"oid":"1.3.6.1.2.1.2.2.1.8.3","name":"IF-MIB::ifOperStatus.3","index":{"ifIndex":3},"type":"integer","value":2,"label":"down"},
        {"oid":"1.3.6.1.2.1.2.2.1.8.30","name":"IF-MIB::ifOperStatus.30","type":"integer","value":1,"label":"up"},
        {"oid":"1.3.6.1.4.1.32473.1.0","name":null,"type":"octets","hex":"00ff"},
        {"oid":"1.3.6.1.4.1.32473.2.0","name":null,"type":"counter64","value":"18446744073709551615"},
        {"oid":"1.3.6.1.4.1.32473.3.0","name":null,"type":"noSuchObject","value":null}]}"#;

    #[test]
    fn varbinds_by_oid_and_name_with_and_without_instance() {
        for name in ["1.3.6.1.2.1.2.2.1.8", ".1.3.6.1.2.1.2.2.1.8", "IF-MIB::ifOperStatus", "ifoperstatus"] {
            assert_eq!(values(TRAP, name), ["2=down", "1=up"], "{name}");
        }
        for name in ["1.3.6.1.2.1.2.2.1.8.3", "IF-MIB::ifOperStatus.3", "ifOperStatus.3"] {
            assert_eq!(values(TRAP, name), ["2=down"], "{name}");
        }
        assert_eq!(values(TRAP, "1.3.6.1.4.1.32473.1"), ["00ff"]);
        assert_eq!(values(TRAP, "1.3.6.1.4.1.32473.3"), ["-"]);
        for name in ["ifOper", "1.3.6.1.2.1.2.2.1.8.", "MIB::ifOperStatus", "", ".", "security_level", "oid"]
        {
            assert_eq!(values(TRAP, name), [""; 0], "{name}");
        }
    }

    #[test]
    fn structured_data_and_pairs_by_name() {
        let syslog = r#"{"structured_data":{"origin":{"ip":["192.0.2.1","192.0.2.2"],"software":"x y"},
            "a.b@1":{"ip":"::1","say":"\"hi\""}},"fields":{"devname":"fw1","Level":"notice","n":"-3.5"},
            "cef":{"version":"0","extension":{"src":"192.0.2.9"}},"leef":{"vendor":"V","attributes":{"usrName":"bob"}}}"#;
        let cases: [(&str, &[&str]); 11] = [
            ("origin.ip", &["192.0.2.1", "192.0.2.2"]),
            ("ip", &["192.0.2.1", "192.0.2.2", "::1"]),
            ("A.B@1.IP", &["::1"]),
            ("say", &["\"hi\""]),
            ("software", &["x y"]),
            ("devname", &["fw1"]),
            ("level", &["notice"]),
            ("src", &["192.0.2.9"]),
            ("usrname", &["bob"]),
            ("version", &[]),
            ("origin", &[]),
        ];
        for (name, expected) in cases {
            assert_eq!(values(syslog, name), expected, "{name}");
        }
        let mut seen = 0;
        assert!(visit(syslog.as_bytes(), b"ip", &mut |_| {
            seen += 1;
            true
        }));
        assert_eq!(seen, 1, "the first one was enough");
    }

    #[test]
    fn numbers_are_read_from_either_form() {
        let first = |enriched: &'static str, name: &str| {
            let mut first = None;
            visit(enriched.as_bytes(), name.as_bytes(), &mut |value| {
                first = Some(value);
                true
            });
            first.unwrap()
        };
        let status = first(TRAP, "ifOperStatus.3");
        assert_eq!((status.integer(), status.number()), (Some(2), Some(2.0)));
        assert!(status.equals(b"2") && status.equals(b"DOWN") && !status.equals(b"up"));
        assert_eq!(first(TRAP, "1.3.6.1.4.1.32473.2").integer(), Some(u64::MAX.into()));
        assert_eq!(first(TRAP, "1.3.6.1.4.1.32473.3").integer(), None);
        let pair = first(r#"{"fields":{"n":" -3.5 ","x":"inf"}}"#, "n");
        assert_eq!((pair.integer(), pair.number()), (None, Some(-3.5)));
        assert_eq!(first(r#"{"fields":{"x":"inf"}}"#, "x").number(), None);
    }

    #[test]
    fn members_are_read_where_they_are_text() {
        assert_eq!(text_member(TRAP.as_bytes(), b"security_level"), Some(&b"authPriv"[..]));
        assert_eq!(text_member(TRAP.as_bytes(), b"varbinds"), None);
        assert_eq!(text_member(b"", b"pdu"), None);
    }
}
