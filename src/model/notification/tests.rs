//! Whole descriptions of built messages.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on should stop")]

use std::sync::LazyLock;

use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::*;
use crate::base::limits::{ENRICHED_OCTETS_MAX, RENDERED_TEXT_OCTETS_MAX};
use crate::wire::smi::Base;
use crate::wire::snmp::tests::{community, message, tlv, trap_v1, varbind};

const SYS_UP_TIME_0: &[u8] = &[0x2B, 6, 1, 2, 1, 1, 3, 0];
const SNMP_TRAP_OID_0: &[u8] = &[0x2B, 6, 1, 6, 3, 1, 1, 4, 1, 0];
const SNMP_TRAP_COMMUNITY_0: &[u8] = &[0x2B, 6, 1, 6, 3, 18, 1, 4, 0];
const LINK_DOWN: &[u8] = &[0x2B, 6, 1, 6, 3, 1, 1, 5, 3];
const ENTERPRISE: &[u8] = &[0x2B, 6, 1, 4, 1, 9];

/// Three definitions, one of them with a label that no MIB may have.
struct Few;

impl Naming for Few {
    fn name(&self, arcs: &[u32]) -> Option<ObjectName<'_>> {
        static OPER: LazyLock<Syntax> = LazyLock::new(|| {
            Syntax::new("", Base::Integer, None, "", vec![(1, "up".into()), (2, "down".into())])
        });
        let all: [(&[u32], &str, &str, Option<&Syntax>); 4] = [
            (&[1, 3, 6, 1, 6, 3, 1, 1, 5, 3], "IF-MIB", "linkDown", None),
            (&[1, 3, 6, 1, 2, 1, 2, 2, 1, 8], "IF-MIB", "ifOperStatus", Some(&OPER)),
            (&[1, 3, 6, 1, 2, 1, 2, 2, 1, 2], "IF-MIB", "ifDescr", None),
            (&[1, 3, 6, 1, 4, 1, 666], "BAD\"-MIB", "la\\bel\n", None),
        ];
        let (defined, module, label, syntax) =
            all.into_iter().find(|(defined, ..)| arcs.starts_with(defined))?;
        let kind = if label == "linkDown" { NameKind::Notification } else { NameKind::Object };
        Some(ObjectName { module, label, depth: defined.len(), kind, syntax, index: &[] })
    }

    fn vendor(&self, number: u32) -> Option<&str> {
        (number == 9).then_some("cisco")
    }
}

struct Described {
    notification: Notification,
    text: String,
    oid: String,
    trap_type: String,
    json: Json,
}

fn describe_bytes(bytes: &[u8]) -> Described {
    let mut out = b"an earlier message".to_vec();
    let before = out.len();
    let notification = describe(&community(bytes), &Few, &mut out);
    assert!(out.len() - before <= RENDERED_TEXT_OCTETS_MAX + ENRICHED_OCTETS_MAX);
    let text = |span: Span| String::from_utf8(span.of(&out).to_vec()).unwrap();
    Described {
        text: text(notification.text),
        oid: text(notification.oid),
        trap_type: text(notification.trap_type),
        json: serde_json::from_str(&text(notification.enriched)).unwrap(),
        notification,
    }
}

fn up_time() -> Vec<u8> {
    varbind(SYS_UP_TIME_0, &[0x43, 1, 99])
}

fn trap_oid(value: &[u8]) -> Vec<u8> {
    varbind(SNMP_TRAP_OID_0, &tlv(0x06, &[value]))
}

fn column(number: u8, value: &[u8]) -> Vec<u8> {
    varbind(&[0x2B, 6, 1, 2, 1, 2, 2, 1, number, 3], value)
}

fn notes(described: &Described) -> Vec<&'static str> {
    described.notification.notes.iter().collect()
}

#[test]
fn link_down() {
    let described = describe_bytes(&message(
        1,
        0xA7,
        &[
            &up_time(),
            &trap_oid(LINK_DOWN),
            &column(1, &[2, 1, 3]),
            &column(8, &[2, 1, 2]),
            &column(2, b"\x04\x05Gi0/3"),
        ],
    ));
    assert_eq!(
        described.text,
        "IF-MIB::linkDown 1.3.6.1.2.1.2.2.1.1.3=3 ifOperStatus.3=down(2) ifDescr.3=\"Gi0/3\""
    );
    assert_eq!(described.trap_type, "IF-MIB::linkDown");
    assert_eq!(described.oid, "1.3.6.1.6.3.1.1.5.3");
    assert_eq!(
        described.json,
        json!({"pdu": "trap", "request_id": 7, "security_level": "noAuthNoPriv", "uptime": 99, "varbinds": [
            {"oid": "1.3.6.1.2.1.1.3.0", "name": null, "type": "timeticks", "value": 99},
            {"oid": "1.3.6.1.6.3.1.1.4.1.0", "name": null, "type": "oid", "value": "1.3.6.1.6.3.1.1.5.3"},
            {"oid": "1.3.6.1.2.1.2.2.1.1.3", "name": null, "type": "integer", "value": 3},
            {"oid": "1.3.6.1.2.1.2.2.1.8.3", "name": "IF-MIB::ifOperStatus.3", "type": "integer", "value": 2, "label": "down"},
            {"oid": "1.3.6.1.2.1.2.2.1.2.3", "name": "IF-MIB::ifDescr.3", "type": "octets", "value": "Gi0/3"},
        ]})
    );
    let notification = described.notification;
    assert_eq!((notification.version, notification.kind), (SnmpVersion::V2c, PduKind::TRAP_V2));
    assert_eq!((notification.request_id, notification.uptime), (Some(7), Some(99)));
    assert_eq!((notification.varbinds, notification.malformed, notification.truncated), (5, 0, false));
    assert!(notification.notes.is_empty() && notification.errors.is_empty());
}

#[test]
fn order_and_absence_of_the_first_two_varbinds() {
    let swapped = describe_bytes(&message(1, 0xA6, &[&trap_oid(LINK_DOWN), &up_time()]));
    assert_eq!(swapped.text, "IF-MIB::linkDown");
    assert_eq!(swapped.json["pdu"], "inform");
    assert_eq!(notes(&swapped), ["snmp_trap_oid_out_of_order", "sys_up_time_out_of_order"]);
    assert_eq!(swapped.json["notes"], json!(["snmp_trap_oid_out_of_order", "sys_up_time_out_of_order"]));

    let none = describe_bytes(&message(1, 0xA7, &[&column(8, &[2, 1, 9])]));
    assert_eq!(none.text, "noSnmpTrapOID ifOperStatus.3=9");
    assert_eq!((none.oid.as_str(), none.trap_type.as_str()), ("", ""));
    assert_eq!(notes(&none), ["snmp_trap_oid_missing", "sys_up_time_missing"]);

    let twice = describe_bytes(&message(1, 0xA7, &[&up_time(), &trap_oid(LINK_DOWN), &trap_oid(ENTERPRISE)]));
    assert_eq!(twice.text, "IF-MIB::linkDown 1.3.6.1.6.3.1.1.4.1.0=1.3.6.1.4.1.9", "the second one is shown");
    assert_eq!(notes(&twice), ["snmp_trap_oid_repeated"]);

    let unnamed = describe_bytes(&message(1, 0xA7, &[&up_time(), &trap_oid(ENTERPRISE)]));
    assert_eq!((unnamed.text.as_str(), unnamed.oid.as_str()), ("1.3.6.1.4.1.9", "1.3.6.1.4.1.9"));
    assert_eq!(unnamed.trap_type, unnamed.oid);
    let below = [LINK_DOWN, &[1]].concat();
    assert_eq!(describe_bytes(&message(1, 0xA7, &[&trap_oid(&below)])).trap_type, "1.3.6.1.6.3.1.1.5.3.1");
    assert_eq!(describe_bytes(&message(1, 0xA2, &[])).text, "response");
}

#[test]
fn v1_traps_map_as_rfc_3584_says() {
    for (enterprise, generic, specific, oid) in [
        (ENTERPRISE, &[0][..], &[9][..], "1.3.6.1.6.3.1.1.5.1"),
        (ENTERPRISE, &[5], &[0], "1.3.6.1.6.3.1.1.5.6"),
        (&[], &[2], &[0], "1.3.6.1.6.3.1.1.5.3"),
        (ENTERPRISE, &[6], &[12], "1.3.6.1.4.1.9.0.12"),
        (&[0x2B, 6, 1, 4, 1, 9, 0], &[6], &[12], "1.3.6.1.4.1.9.0.0.12"),
        (ENTERPRISE, &[6], &[0x7F, 0xFF, 0xFF, 0xFF], "1.3.6.1.4.1.9.0.2147483647"),
        (ENTERPRISE, &[6], &[0xFF], ""),
        (ENTERPRISE, &[6], &[0, 0x80, 0, 0, 0], ""),
        (ENTERPRISE, &[7], &[1], ""),
        (ENTERPRISE, &[0xFF], &[1], ""),
        (&[], &[6], &[1], ""),
    ] {
        let described = describe_bytes(&trap_v1(enterprise, &[10, 0, 0, 1], generic, specific, &[]));
        assert_eq!(described.oid, oid, "{generic:?} {specific:?}");
        let noted: &[&str] = if oid.is_empty() { &["snmp_trap_oid_not_derivable"] } else { &[] };
        assert_eq!(notes(&described), noted);
    }
    // The longest enterprise: 128 sub-identifiers and the two appended ones.
    let longest = describe_bytes(&trap_v1(&[1; 127], &[10, 0, 0, 1], &[6], &[1], &[]));
    assert_eq!(longest.oid.split('.').count(), 130);
}

#[test]
fn v1_text_and_json_show_agent_address_and_enterprise_and_no_community() {
    let described =
        describe_bytes(&trap_v1(ENTERPRISE, &[10, 0, 0, 1], &[2], &[0], &[&column(8, &[2, 1, 1])]));
    assert_eq!(
        described.text,
        "IF-MIB::linkDown ifOperStatus.3=up(1) 1.3.6.1.6.3.18.1.3.0=10.0.0.1 1.3.6.1.6.3.1.1.4.3.0=1.3.6.1.4.1.9"
    );
    assert_eq!(
        described.json,
        json!({"pdu": "trap-v1", "security_level": "noAuthNoPriv", "uptime": 123, "enterprise": "1.3.6.1.4.1.9",
            "agent_addr": "10.0.0.1", "generic_trap": 2, "specific_trap": 0, "vendor": "cisco", "varbinds": [
            {"oid": "1.3.6.1.2.1.2.2.1.8.3", "name": "IF-MIB::ifOperStatus.3", "type": "integer", "value": 1, "label": "up"},
        ]})
    );
    let present = varbind(&[0x2B, 6, 1, 6, 3, 18, 1, 3, 0], &[0x40, 4, 9, 9, 9, 9]);
    let proxied = describe_bytes(&trap_v1(&[], &[], &[9], &[0xFF], &[&present]));
    assert_eq!(
        proxied.text,
        "noSnmpTrapOID 1.3.6.1.6.3.18.1.3.0=9.9.9.9 generic-trap=9 specific-trap=-1 1.3.6.1.6.3.1.1.4.3.0=\"\""
    );
    assert_eq!(notes(&proxied), ["snmp_trap_oid_not_derivable", "agent_addr_length"]);
    let six = describe_bytes(&trap_v1(ENTERPRISE, &[0xFE; 16], &[0], &[0], &[]));
    assert_eq!(six.json["agent_addr"], "fe".repeat(16));
    assert!(six.text.contains(&format!("=0x{}", "fe".repeat(16))));
}

#[test]
fn every_type_of_value() {
    for (value, text, members) in [
        (&[0x02, 2, 0xFF, 0x7F][..], "-129", json!({"type": "integer", "value": -129})),
        (
            &[0x02, 7, 0x1F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF],
            "9007199254740991",
            json!({"type": "integer", "value": 9_007_199_254_740_991_u64}),
        ),
        (
            &[0x02, 7, 0x20, 0, 0, 0, 0, 0, 0],
            "9007199254740992",
            json!({"type": "integer", "value": "9007199254740992"}),
        ),
        (b"\x04\x06a\"b\\c\n", "\"a\\\"b\\\\c\\n\"", json!({"type": "octets", "value": "a\"b\\c\n"})),
        (b"\x04\x00", "\"\"", json!({"type": "octets", "value": ""})),
        (&[0x04, 3, 0, 0x1A, 0xFF], "0x001aff", json!({"type": "octets", "hex": "001aff"})),
        (b"\x04\x04\x1b[0m", "0x1b5b306d", json!({"type": "octets", "hex": "1b5b306d"})),
        (&[0x05, 0], "null", json!({"type": "null", "value": null})),
        (&[0x06, 2, 0x2B, 6], "1.3.6", json!({"type": "oid", "value": "1.3.6"})),
        (&[0x06, 0], "\"\"", json!({"type": "oid", "value": ""})),
        (&[0x40, 4, 192, 0, 2, 1], "192.0.2.1", json!({"type": "ipaddress", "value": "192.0.2.1"})),
        (&[0x41, 1, 5], "5", json!({"type": "counter32", "value": 5})),
        (&[0x42, 4, 0xFF, 0xFF, 0xFF, 0xFF], "4294967295", json!({"type": "gauge32", "value": u32::MAX})),
        (&[0x43, 1, 5], "5", json!({"type": "timeticks", "value": 5})),
        (&[0x44, 7, 0x9F, 0x78, 4, 0x40, 0x60, 0, 0], "3.5", json!({"type": "opaque-float", "value": 3.5})),
        (&[0x44, 7, 0x9F, 0x78, 4, 0x7F, 0xC0, 0, 0], "NaN", json!({"type": "opaque-float", "value": "NaN"})),
        (
            &[0x44, 11, 0x9F, 0x79, 8, 0x54, 0xB2, 0x49, 0xAD, 0x25, 0x94, 0xC3, 0x7D],
            "1e100",
            json!({"type": "opaque-double", "value": 1e100}),
        ),
        (&[0x44, 4, 0x9F, 0x7A, 1, 0xFE], "-2", json!({"type": "opaque-int64", "value": -2})),
        (&[0x44, 4, 0x9F, 0x7B, 1, 7], "7", json!({"type": "opaque-uint64", "value": 7})),
        (&[0x44, 4, 0x9F, 0x76, 1, 7], "7", json!({"type": "opaque-counter64", "value": 7})),
        (&[0x44, 1, 0xAB], "0xab", json!({"type": "opaque", "hex": "ab"})),
        (&[0x45, 1, 0xAB], "0xab", json!({"type": "nsapaddress", "hex": "ab"})),
        (
            &[0x46, 8, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF],
            "18446744073709551615",
            json!({"type": "counter64", "value": "18446744073709551615"}),
        ),
        (&[0x47, 1, 5], "5", json!({"type": "uinteger32", "value": 5})),
        (&[0x80, 0], "noSuchObject", json!({"type": "noSuchObject", "value": null})),
        (&[0x81, 0], "noSuchInstance", json!({"type": "noSuchInstance", "value": null})),
        (&[0x82, 0], "endOfMibView", json!({"type": "endOfMibView", "value": null})),
        (&[0x03, 2, 0, 1], "!unknown(0x03)=0x0001", json!({"type": "unknown", "hex": "0001", "tag": 3})),
    ] {
        let described =
            describe_bytes(&message(1, 0xA7, &[&up_time(), &trap_oid(LINK_DOWN), &column(2, value)]));
        assert_eq!(described.text, format!("IF-MIB::linkDown ifDescr.3={text}"));
        let mut expected = members;
        expected["oid"] = json!("1.3.6.1.2.1.2.2.1.2.3");
        expected["name"] = json!("IF-MIB::ifDescr.3");
        assert_eq!(described.json["varbinds"][2], expected);
    }
}

#[test]
fn malformed_varbinds_are_shown_and_counted() {
    let described = describe_bytes(&message(
        1,
        0xA7,
        &[
            &up_time(),
            &trap_oid(LINK_DOWN),
            &column(2, &[0x40, 2, 9, 8]),
            &[0x31, 1, 7],
            &column(8, &[2, 1, 1]),
        ],
    ));
    assert_eq!(
        described.text,
        "IF-MIB::linkDown ifDescr.3=!malformed(ip_address_length)=0x40020908 !malformed(unexpected_tag)=0x310107 ifOperStatus.3=up(1)"
    );
    assert_eq!(described.json["varbinds"][2]["reason"], "ip_address_length");
    assert_eq!(
        described.json["varbinds"][3],
        json!({"type": "malformed", "reason": "unexpected_tag", "hex": "310107"})
    );
    assert_eq!((described.notification.varbinds, described.notification.malformed), (5, 2));
    let errors: Vec<_> = described.notification.errors.iter().map(Reason::as_str).collect();
    assert_eq!(errors, ["unexpected_tag", "ip_address_length"]);
}

#[test]
fn remarks_on_odd_values() {
    let mut bytes = trap_v1(
        ENTERPRISE,
        &[1, 2, 3, 4],
        &[0],
        &[0],
        &[&column(2, &[0x46, 1, 1]), &column(3, &[0x80, 0]), &column(4, &[2, 5, 1, 0, 0, 0, 0])],
    );
    bytes.push(0);
    let described = describe_bytes(&bytes);
    assert_eq!(
        notes(&described),
        ["trailing_octets", "integer_beyond_32_bits", "counter64_in_v1", "exception_value"]
    );
    assert!(described.notification.notes.contains(Note::Counter64InV1));
}

#[test]
fn a_community_is_never_shown() {
    let secret = b"\x04\x09s3cr3tcom";
    let plain = varbind(SNMP_TRAP_COMMUNITY_0, secret);
    let malformed = varbind(SNMP_TRAP_COMMUNITY_0, &[&secret[..], &[5, 0]].concat());
    // A broken element that swallows the whole varbind of the community.
    let swallowed = tlv(0x31, &[&plain]);
    let cut = &plain[..plain.len() - 2];
    let bytes = message(1, 0xA7, &[&plain, &malformed, &swallowed, cut]);
    let described = describe_bytes(&bytes);
    assert_eq!(described.notification.varbinds, 4);
    assert_eq!(described.json["varbinds"][0]["value"], "***");
    assert_eq!(described.text.matches("***").count(), 4);
    let all = format!("{} {}", described.text, described.json);
    for shown in ["s3cr3t", "733363723374", "public", "7075626c6963"] {
        assert!(!all.contains(shown), "{all}");
    }
}

#[test]
fn hostile_labels_stay_inside_their_string() {
    let described =
        describe_bytes(&message(1, 0xA7, &[&varbind(&[0x2B, 6, 1, 4, 1, 0x85, 0x1A, 1], &[5, 0])]));
    assert_eq!(described.json["varbinds"][0]["name"], "BAD\"-MIB::la\\bel\n.1");
}

#[test]
fn bounds_hold_and_the_cut_is_marked() {
    // 64 KiB of one octet string that needs hexadecimal digits, and of one that needs the longest escapes.
    for filling in [0x00, b'"', b'a'] {
        let big = column(2, &tlv(0x04, &[&vec![filling; 65_000]]));
        let after = column(8, &[2, 1, 2]);
        let described = describe_bytes(&message(1, 0xA7, &[&up_time(), &trap_oid(LINK_DOWN), &big, &after]));
        let is_cut = described.json["truncated"] == json!(true);
        assert_eq!(described.text.ends_with(" !truncated"), described.text.len() > 60_000);
        assert!(described.text.starts_with("IF-MIB::linkDown ifDescr.3="));
        assert_eq!(described.oid, "1.3.6.1.6.3.1.1.5.3", "the dots have their own room");
        assert!(described.notification.truncated);
        assert_eq!(is_cut, filling != b'a', "130,000 octets of escapes do not fit the JSON, 65,000 do");
        assert_eq!(described.json["varbinds"].as_array().map(Vec::len), Some(if is_cut { 2 } else { 4 }));
    }
    let many = column(2, &[2, 1, 1]).repeat(3_000);
    let described = describe_bytes(&message(1, 0xA7, &[&many]));
    assert_eq!(described.notification.varbinds, 2_049);
    assert_eq!(described.notification.errors.iter().next(), Some(Reason::TooManyVarBinds));
}

proptest! {
    #[test]
    fn any_varbinds_make_valid_json_and_one_line_of_text(
        mut list in prop::collection::vec(any::<u8>(), 0..500),
        values in prop::collection::vec((any::<u8>(), prop::collection::vec(any::<u8>(), 0..40)), 0..8),
        pdu in prop_oneof![Just(0xA7u8), Just(0xA6), Just(0xA2)],
    ) {
        let mut parts: Vec<_> = values.iter().map(|(tag, octets)| column(2, &tlv(*tag, &[octets]))).collect();
        parts.push(std::mem::take(&mut list));
        let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
        let described = describe_bytes(&message(1, pdu, &parts));
        prop_assert!(!described.text.chars().any(char::is_control));
        prop_assert_eq!(described.json["varbinds"].as_array().map(Vec::len), Some(described.notification.varbinds as usize));
    }

    #[test]
    fn any_v1_fields_make_valid_json(
        enterprise in prop::collection::vec(0u8..0x80, 0..127),
        agent_addr in prop::collection::vec(any::<u8>(), 0..300),
        generic in prop::collection::vec(any::<u8>(), 1..8),
        specific in prop::collection::vec(any::<u8>(), 1..8),
    ) {
        let described = describe_bytes(&trap_v1(&enterprise, &agent_addr, &generic, &specific, &[]));
        prop_assert!(described.json["generic_trap"].is_number() || described.json["generic_trap"].is_string());
    }
}
