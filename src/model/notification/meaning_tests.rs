//! What names and values mean by their definitions, in text and JSON.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::*;
use crate::wire::smi::{Base, IndexPart, Syntax};
use crate::wire::snmp::tests::{community, message, tlv, varbind};

/// One column, `x` at 1.3.6.1.9, and what it is made of; 1.3.6.1.8 is a place and no object.
struct One {
    syntax: Syntax,
    index: Vec<IndexPart>,
}

impl One {
    fn new(base: Base, name: &str, hint: &str, labels: &[(i64, &str)]) -> Self {
        let labels = labels.iter().map(|(number, label)| (*number, Box::from(*label))).collect();
        Self { syntax: Syntax::new(name, base, None, hint, labels), index: Vec::new() }
    }

    fn indexed(parts: &[(&str, Base, &str, Option<u16>, bool)]) -> Self {
        let part = |(label, base, hint, size, implied): &(&str, Base, &str, Option<u16>, bool)| IndexPart {
            module: "A-MIB".into(),
            label: Box::from(*label),
            implied: *implied,
            syntax: Arc::new(Syntax::new("", *base, *size, hint, Vec::new())),
        };
        Self { index: parts.iter().map(part).collect(), ..Self::new(Base::Integer, "", "", &[]) }
    }
}

impl Naming for One {
    fn name(&self, arcs: &[u32]) -> Option<ObjectName<'_>> {
        let (label, kind) = match arcs.strip_prefix(&[1, 3, 6, 1])?.first()? {
            9 => ("x", NameKind::Object),
            8 => ("place", NameKind::Other),
            _ => return None,
        };
        let is_object = kind == NameKind::Object;
        let syntax = is_object.then_some(&self.syntax);
        let index = if is_object { self.index.as_slice() } else { &[] };
        Some(ObjectName { module: "A-MIB", label, depth: 5, kind, syntax, index })
    }
}

/// Text and JSON of one varbind with this name and value.
fn read(names: &One, name: &[u8], value: &[u8]) -> (String, Json) {
    let bytes = message(1, 0xA7, &[&varbind(name, value)]);
    let mut out = Vec::new();
    let described = describe(&community(&bytes), names, &mut out);
    let text = String::from_utf8(described.text.of(&out).to_vec()).unwrap();
    let json: Json = serde_json::from_slice(described.enriched.of(&out)).unwrap();
    (text.strip_prefix("noSnmpTrapOID ").unwrap().to_owned(), json["varbinds"][0].clone())
}

/// The text of a value of `x.0`, and its member `text`.
fn value(names: &One, octets: &[u8]) -> (String, Json) {
    let (text, json) = read(names, &[0x2B, 6, 1, 9, 0], octets);
    (text.strip_prefix("x.0=").unwrap().to_owned(), json["text"].clone())
}

#[test]
fn values_by_their_syntax() {
    let mac = One::new(Base::Octets, "MacAddress", "1x:", &[]);
    let bits = One::new(Base::Bits, "", "", &[(0, "up"), (9, "late")]);
    let date = One::new(Base::Octets, "DateAndTime", "2d-1d-1d,1d:1d:1d.1d,1a1d:1d", &[]);
    let address = One::new(Base::Octets, "InetAddress", "", &[]);
    let tenths = One::new(Base::Integer, "", "d-1", &[]);
    let spaced = One::new(Base::Octets, "", "1x ", &[]);
    let text = One::new(Base::Octets, "DisplayString", "255a", &[]);
    for (names, octets, shown, meant) in [
        (&mac, &b"\x04\x06\x00\x11\x22\xaa\xbb\xcc"[..], "00:11:22:aa:bb:cc", json!("00:11:22:aa:bb:cc")),
        (&bits, &[4, 2, 0x80, 0x40], "{up(0) late(9)}", json!("{up(0) late(9)}")),
        (
            &date,
            &[4, 8, 7, 0xEA, 11, 22, 8, 15, 30, 0],
            "2026-11-22T08:15:30.0",
            json!("2026-11-22T08:15:30.0"),
        ),
        (&date, &[4, 8, 0, 0, 0, 0, 0, 0, 0, 0], "0x0000000000000000", Json::Null),
        (&address, &[4, 4, 192, 0, 2, 7], "192.0.2.7", json!("192.0.2.7")),
        (&address, b"\x04\x07example", "\"example\"", Json::Null),
        (&tenths, &[2, 2, 3, 0x2F], "81.5", json!("81.5")),
        (&tenths, &[0x42, 1, 5], "0.5", json!("0.5")),
        // Octets where a number was said to be, and the other way round.
        (&tenths, b"\x04\x02ab", "\"ab\"", Json::Null),
        (&mac, &[2, 1, 5], "5", Json::Null),
        (&mac, &[4, 0], "\"\"", Json::Null),
        (&spaced, &[4, 2, 1, 2], "\"01 02\"", json!("01 02")),
        (&text, b"\x04\x03a\"b", "\"a\\\"b\"", Json::Null),
        (&text, &[4, 1, 0xFF], "0xff", Json::Null),
    ] {
        assert_eq!(value(names, octets), (shown.to_owned(), meant), "{octets:02x?}");
    }
    let long = [&[4, 0x82, 1, 0][..], &[7; 256]].concat();
    let (shown, meant) = value(&mac, &long);
    assert!(shown.starts_with("0x0707") && meant.is_null(), "too long for a hint: {shown}");
}

#[test]
fn object_identifiers_by_name() {
    let names = One::new(Base::Oid, "", "", &[]);
    let oid = |octets: &[u8]| tlv(0x06, &[octets]);
    assert_eq!(value(&names, &oid(&[0x2B, 6, 1, 9, 3])), ("A-MIB::x.3".to_owned(), json!("A-MIB::x.3")));
    assert_eq!(value(&names, &oid(&[0x2B, 6, 1, 8])), ("A-MIB::place".to_owned(), json!("A-MIB::place")));
    assert_eq!(value(&names, &oid(&[0x2B, 6, 1, 8, 1])), ("1.3.6.1.8.1".to_owned(), Json::Null));
    assert_eq!(value(&names, &oid(&[0])), ("0.0".to_owned(), Json::Null));
    let (text, json) = read(&names, &[0x2B, 6, 1, 8, 1], &[5, 0]);
    assert_eq!((text.as_str(), &json["name"]), ("1.3.6.1.8.1=null", &Json::Null), "below a place is no name");
}

#[test]
fn instances_by_their_index() {
    let names = One::indexed(&[
        ("n", Base::Integer, "", None, false),
        ("address", Base::IpAddress, "", None, false),
        ("mac", Base::Octets, "1x:", Some(2), false),
        ("name", Base::Octets, "255a", None, false),
        ("oid", Base::Oid, "", None, true),
    ]);
    let instance = [7, 10, 0, 0, 1, 0x11, 0x22, 2, b'a', b'"', 5, 6];
    let (text, json) = read(&names, &[&[0x2B, 6, 1, 9][..], &instance].concat(), &[2, 1, 1]);
    assert_eq!(text, "x.7.10.0.0.1.17.34.\"a\\\"\".5.6=1");
    assert_eq!(json["name"], "A-MIB::x.7.10.0.0.1.17.34.2.97.34.5.6");
    assert_eq!(
        json["index"],
        json!({"n": 7, "address": "10.0.0.1", "mac": "11:22", "name": "a\"", "oid": "5.6"})
    );
    let (text, json) = read(&names, &[0x2B, 6, 1, 9, 7], &[2, 1, 1]);
    assert_eq!((text.as_str(), json.get("index")), ("x.7=1", None), "half an index is none");

    let implied = One::indexed(&[("name", Base::Octets, "", None, true)]);
    assert_eq!(read(&implied, &[0x2B, 6, 1, 9, b'o', b'k'], &[2, 1, 1]).0, "x.\"ok\"=1");
    let (text, json) = read(&implied, &[0x2B, 6, 1, 9, 1, 2], &[2, 1, 1]);
    assert_eq!((text.as_str(), &json["index"]), ("x.1.2=1", &json!({"name": "0x0102"})));
}

proptest! {
    #[test]
    fn any_value_and_instance_make_one_line_and_valid_json(
        base in 0..10_usize,
        name in prop_oneof![Just(""), Just("InetAddress")],
        hint in prop_oneof![Just("1x:"), Just("255a"), Just("*1d.:"), Just("d-3"), Just("2d-1d-1d,1d:1d:1d.1d,1a1d:1d")],
        tag in prop_oneof![Just(2_u8), Just(4), Just(6), Just(0x40), Just(0x42), Just(0x46)],
        octets in prop::collection::vec(any::<u8>(), 0..100),
        instance in prop::collection::vec(0..0x80_u8, 0..40),
        implied in any::<bool>(),
    ) {
        let base = Base::ALL[base].0;
        let mut names = One::new(base, name, hint, &[(1, "one"), (3, "three")]);
        names.index = One::indexed(&[("a", base, hint, None, false), ("b", Base::Octets, "", None, implied)]).index;
        let (text, json) = read(&names, &[&[0x2B, 6, 1, 9][..], &instance].concat(), &tlv(tag, &[&octets]));
        prop_assert!(!text.chars().any(char::is_control));
        prop_assert!(json.is_object());
    }
}
