//! Notifications that are odd, and forms that SNMP forbids: kept, and read as far as they can be.

use serde_json::{Value as Json, json};

use crate::samples::v3::Agent;
use crate::support::ber::{self, LINK_DOWN, SNMP_TRAP_OID, SYS_UP_TIME, integer, octets, oid, sequence, tlv};
use crate::support::daemon::Daemon;
use crate::support::options::Options;
use crate::support::{udp_to, wait_until};

/// A v2c linkDown with one more varbind, whose value is `value`.
fn trap_with(value: &[u8]) -> Vec<u8> {
    let varbinds = sequence(&[
        sequence(&[oid(&SYS_UP_TIME), tlv(0x43, &[1])]),
        sequence(&[oid(&SNMP_TRAP_OID), oid(&LINK_DOWN)]),
        sequence(&[oid(&[0x2B, 6, 1, 3]), value.to_vec()]),
        sequence(&[oid(&[0x2B, 6, 1, 4]), integer(77)]),
    ]);
    let pdu = tlv(0xA7, &[integer(1), integer(0), integer(0), varbinds].concat());
    sequence(&[integer(1), octets(b"public"), pdu])
}

/// A v1 trap with these fields and one varbind.
fn trap_v1(enterprise: &[u8], agent: &[u8], generic: &[u8], value: &[u8]) -> Vec<u8> {
    let fields =
        [oid(enterprise), tlv(0x40, agent), tlv(0x02, generic), integer(5), tlv(0x43, &[0xFF; 4])].concat();
    let varbinds = sequence(&[sequence(&[oid(&[0x2B, 6, 1, 3]), value.to_vec()])]);
    sequence(&[integer(0), octets(b"public"), tlv(0xA4, &[fields, varbinds].concat())])
}

/// Sends `message` and returns its row: `validated`, `raw_message`, `enriched_data`, and whether its octets are kept.
#[track_caller]
fn sent(daemon: &Daemon, message: &[u8]) -> (bool, String, Json, bool) {
    let before = daemon.store().count();
    udp_to(daemon.address("snmp-udp")).send(message).unwrap();
    daemon.wait_count(before + 1);
    let row = daemon.store().row(
        "SELECT validated, raw_message, enriched_data, raw_bytes IS NOT NULL FROM messages ORDER BY id DESC LIMIT 1",
    );
    let mut row = row.into_iter().flatten();
    let mut next = || row.next().unwrap();
    let (validated, text, enriched, kept) = (next(), next(), next(), next());
    if kept == "1" {
        assert_eq!(daemon.store().octets().last().unwrap(), message, "as it came");
    }
    (validated == "1", text, serde_json::from_str(&enriched).unwrap(), kept == "1")
}

#[test]
fn odd_values_are_rows_with_all_their_varbinds() {
    let daemon = Daemon::start(Options::default());
    let float = &[0x44, 7, 0x9F, 0x78, 4, 0x40, 0x60, 0, 0];
    let double = &[0x44, 11, 0x9F, 0x79, 8, 0x40, 0x0C, 0, 0, 0, 0, 0, 0];
    for (value, kind, expected) in [
        (&float[..], "opaque-float", json!(3.5)),
        (double, "opaque-double", json!(3.5)),
        (&[0x41, 4, 0xFF, 0xFF, 0xFF, 0xFE], "counter32", json!(4_294_967_294_u32)),
        (&[0x43, 4, 0x80, 0, 0, 0], "timeticks", json!(2_147_483_648_u32)),
        (
            &[0x46, 8, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF],
            "counter64",
            json!(u64::MAX.to_string()),
        ),
        (&[0x03, 2, 0, 9], "unknown", Json::Null),
        (&[0x40, 3, 1, 2, 3], "malformed", Json::Null),
        (&[0x02, 0], "malformed", Json::Null),
    ] {
        let (validated, text, enriched, is_kept) = sent(&daemon, &trap_with(value));
        let varbind = &enriched["varbinds"][2];
        assert_eq!((&varbind["type"], &varbind["value"]), (&json!(kind), &expected), "{enriched}");
        assert_eq!(enriched["varbinds"][3]["value"], 77, "one odd varbind costs no other: {text}");
        assert_eq!((validated, is_kept), (kind != "malformed", kind == "malformed"), "{text}");
    }
    let (validated, _, enriched, _) = sent(&daemon, &[trap_with(&[5, 0]), vec![0; 1_000]].concat());
    assert!(validated && enriched["notes"].to_string().contains("trailing_octets"), "{enriched}");
    assert_eq!(daemon.stop().stored, 9);
}

#[test]
fn odd_fields_of_version_1_are_rows() {
    let daemon = Daemon::start(Options::default());
    let enterprise = [0x2B, 6, 1, 4, 1, 9];
    for (trap, note) in [
        (trap_v1(&[], &[10, 0, 0, 1], &[6], &[5, 0]), "snmp_trap_oid_not_derivable"),
        (trap_v1(&enterprise, &[10, 0, 0, 1], &[9], &[5, 0]), "snmp_trap_oid_not_derivable"),
        (trap_v1(&enterprise, &[], &[6], &[5, 0]), "agent_addr_length"),
        (trap_v1(&enterprise, &[0; 16], &[6], &[5, 0]), "agent_addr_length"),
        (trap_v1(&enterprise, &[10, 0, 0, 1], &[6], &[0x46, 1, 7]), "counter64_in_v1"),
    ] {
        let (_, text, enriched, _) = sent(&daemon, &trap);
        assert!(enriched["notes"].to_string().contains(note), "{text} {enriched}");
        assert_eq!(enriched["uptime"], json!(u32::MAX), "without its leading zero: {enriched}");
    }
    assert_eq!(daemon.stop().stored, 5);
}

/// The same encoding with an indefinite length.
fn indefinite(tag: u8, content: &[u8]) -> Vec<u8> {
    [&[tag, 0x80], content, &[0, 0]].concat()
}

#[test]
fn forbidden_forms_are_read_say_so_and_keep_their_octets() {
    let daemon = Daemon::start(Options::default());
    let usual = trap_with(&octets(b"text"));
    let expected = sent(&daemon, &usual);
    assert!(expected.0 && !expected.3);
    let head = [integer(1), octets(b"public")].concat();
    let varbind = |value: Vec<u8>| indefinite(0x30, &[oid(&[0x2B, 6, 1, 3]), value].concat());
    let pdu = |tlv: fn(u8, &[u8]) -> Vec<u8>, value: Vec<u8>| {
        let varbinds = [
            sequence(&[oid(&SYS_UP_TIME), ber::tlv(0x43, &[1])]),
            sequence(&[oid(&SNMP_TRAP_OID), oid(&LINK_DOWN)]),
            varbind(value),
            sequence(&[oid(&[0x2B, 6, 1, 4]), integer(77)]),
        ];
        tlv(0xA7, &[integer(1), integer(0), integer(0), tlv(0x30, &varbinds.concat())].concat())
    };
    let pieces = ber::tlv(0x24, &[octets(b"te"), octets(b"xt")].concat());
    let whole = || octets(b"text");
    for (message, reasons) in [
        (indefinite(0x30, &usual[2..]), "[\"indefinite_length\"]"),
        (indefinite(0x30, &[head.clone(), pdu(indefinite, whole())].concat()), "[\"indefinite_length\"]"),
        // Seen only when the varbinds are.
        (tlv(0x30, &[head.clone(), pdu(tlv, whole())].concat()), "[\"indefinite_length\"]"),
        (trap_with(&pieces), "[\"constructed_string\"]"),
        (
            tlv(0x30, &[head, pdu(tlv, pieces.clone())].concat()),
            "[\"indefinite_length\",\"constructed_string\"]",
        ),
    ] {
        let (_, text, enriched, is_kept) = sent(&daemon, &message);
        assert_eq!((&text, &enriched), (&expected.1, &expected.2), "{message:02x?}");
        assert!(is_kept);
        let errors = daemon.store().column("SELECT validation_errors FROM messages ORDER BY id DESC LIMIT 1");
        assert_eq!(errors, [reasons]);
    }
    assert_eq!(daemon.ledger()["total"]["undecoded"], json!({}));

    let sender = udp_to(daemon.address("snmp-udp"));
    let inform = ber::inform(9, b"endless");
    sender.send(&indefinite(0x30, &inform[2..])).unwrap();
    let mut answer = [0; 2_000];
    let length = sender.recv(&mut answer).unwrap();
    let Ok(mutt::wire::snmp::Message::Community(answer)) = mutt::wire::snmp::decode(&answer[..length]) else {
        panic!("no answer")
    };
    assert_eq!((answer.pdu.kind.as_str(), answer.pdu.request_id()), ("response", Some(9)));
    assert_eq!(answer.pdu.varbinds.iter().count(), 3);
    assert_eq!(daemon.stop().stored, 7);
}

#[test]
fn what_only_looks_like_a_forbidden_form_is_kept_undecoded() {
    let daemon = Daemon::start(Options::default());
    let version_3 = Agent::new(1, "ops", "auth-secret", "priv-secret").link_down(1);
    let header = if version_3[1] == 0x82 { 4 } else { 3 };
    for message in [
        indefinite(0x30, &version_3[header..]),
        [0x30, 0x80].repeat(1_000),
        [&[0x30, 0x80][..], &trap_with(&[5, 0])[2..]].concat(),
    ] {
        let (validated, text, _, is_kept) = sent(&daemon, &message);
        assert!(!validated && is_kept && text.contains("undecoded SNMP: indefinite_length"), "{text}");
    }
    assert_eq!(daemon.stop().stored, 3);
}

#[test]
fn a_forbidden_form_is_no_way_around_what_a_listener_takes() {
    let daemon = Daemon::start(Options::default().set("listeners.snmp.communities", "[other]"));
    let sender = udp_to(daemon.address("snmp-udp"));
    let usual = trap_with(&[5, 0]);
    let in_pieces = tlv(0x24, &octets(b"public"));
    let refused = [&usual[..2], &integer(1), &in_pieces, &usual[13..]].concat();
    let refused = indefinite(0x30, &refused[2..]);
    sender.send(&refused).unwrap();
    wait_until("the refusal is counted", || daemon.account("snmp-udp", "/dropped/snmp_community") == 1);
    let end = daemon.stop();
    assert_eq!((end.received, end.stored, end.dropped), (1, 0, 1));
}
