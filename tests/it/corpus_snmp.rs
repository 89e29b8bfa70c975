//! SNMP messages of other programs with what they should decode to, from the directory in `MUTT_CORPUS_DIR`.
//!
//! Without the variable each test says so and ends: the messages are not part of this repository.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on should stop")]

use std::io::Write as _;
use std::path::PathBuf;

use serde_json::Value as Json;

use mutt::mib::Names;
use mutt::model::notification::{Notification, describe};
use mutt::wire::snmp::{
    Body, CommunityMessage, Message, Opaque, OpaqueInner, PduKind, Value, VarBind, decode, encode,
};

/// The files with v1 and v2c messages.
const FILES: [&str; 4] = ["snmp-netsnmp-traps", "snmp-gosnmp", "snmp-sharpsnmplib", "snmp-captures"];

/// One case of the corpus.
struct Case {
    name: String,
    bytes: Vec<u8>,
    expect: Json,
}

/// A line to the operator of the tests.
pub(crate) fn report(line: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}

/// The cases of all files; `None` when there is no corpus.
fn cases() -> Option<Vec<Case>> {
    let Some(directory) = std::env::var_os("MUTT_CORPUS_DIR").map(PathBuf::from) else {
        report("MUTT_CORPUS_DIR is not set: no corpus to compare with");
        return None;
    };
    let mut cases = Vec::new();
    for file in FILES {
        let text = std::fs::read_to_string(directory.join(format!("{file}.jsonl"))).unwrap();
        for line in text.lines() {
            let mut row: Json = serde_json::from_str(line).unwrap();
            let bytes = unhex(row["hex"].as_str().unwrap());
            let name = format!("{file}/{}", row["name"].as_str().unwrap());
            cases.push(Case { name, bytes, expect: row["expect"].take() });
        }
    }
    Some(cases)
}

pub(crate) fn unhex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

pub(crate) fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

/// A varbind in the terms of the corpus.
pub(crate) fn in_corpus_terms(varbind: &VarBind<'_>) -> Json {
    let VarBind::Bound { name, value } = varbind else {
        return serde_json::json!({"malformed": format!("{varbind:?}")});
    };
    let mut row = serde_json::Map::new();
    row.insert("oid".into(), name.to_string().into());
    let mut is = |kind: &str, key: &str, value: Json| {
        row.insert("type".into(), kind.into());
        if !value.is_null() {
            row.insert(key.into(), value);
        }
    };
    match *value {
        Value::Integer(number) => is("integer", "value", number.into()),
        Value::OctetString(octets) => is("octet-string", "hex", hex(octets).into()),
        Value::Null => is("null", "", Json::Null),
        Value::ObjectIdentifier(oid) => is("oid", "value", oid.to_string().into()),
        Value::IpAddress(address) => {
            is("ipaddress", "value", std::net::Ipv4Addr::from(address).to_string().into())
        }
        Value::Counter32(number) => is("counter32", "value", number.into()),
        Value::Gauge32(number) => is("gauge32", "value", number.into()),
        Value::TimeTicks(number) => is("timeticks", "value", number.into()),
        Value::Counter64(number) => is("counter64", "value", number.into()),
        Value::UInteger32(number) => is("uinteger32", "value", number.into()),
        Value::NoSuchObject => is("noSuchObject", "", Json::Null),
        Value::NoSuchInstance => is("noSuchInstance", "", Json::Null),
        Value::EndOfMibView => is("endOfMibView", "", Json::Null),
        Value::NsapAddress(octets) => is("nsapaddress", "hex", hex(octets).into()),
        Value::Unknown { octets, .. } => is("unknown", "hex", hex(octets).into()),
        Value::Opaque(Opaque { octets, inner }) => {
            is("opaque", "hex", hex(octets).into());
            match inner {
                OpaqueInner::Float(number) => is("opaque", "opaque_float", number.into()),
                OpaqueInner::Double(number) => is("opaque", "opaque_double", number.into()),
                OpaqueInner::Int64(number) => is("opaque", "opaque_i64", number.into()),
                OpaqueInner::UInt64(number) => is("opaque", "opaque_u64", number.into()),
                OpaqueInner::Counter64(number) => is("opaque", "opaque_c64", number.into()),
                OpaqueInner::Raw => {}
            }
        }
    }
    Json::Object(row)
}

/// Our names of PDUs in the corpus' terms.
fn pdu_name(message: &CommunityMessage<'_>) -> &'static str {
    match message.pdu.kind.as_str() {
        "trap" => "trap-v2",
        "get-next" => "getnext",
        "get-bulk" => "getbulk",
        other => other,
    }
}

/// Adds a line for every field of `message` that is not as expected.
fn compare(case: &Case, message: &CommunityMessage<'_>, differences: &mut Vec<String>) {
    let expect = &case.expect;
    let mut same = |field: &str, found: Json, expected: &Json| {
        if !expected.is_null() && found != *expected {
            differences.push(format!("{} {field}: found {found}, expected {expected}", case.name));
        }
    };
    same("pdu", pdu_name(message).into(), &expect["pdu"]);
    same("community", String::from_utf8_lossy(message.community).into(), &expect["community"]);
    same("trailing_bytes", message.trailing_octets.into(), &expect["trailing_bytes"]);
    match &message.pdu.body {
        Body::Common(common) => {
            same("request_id", common.request_id.into(), &expect["request_id"]);
            same("error_status", common.error_status.into(), &expect["error_status"]);
            same("error_index", common.error_index.into(), &expect["error_index"]);
        }
        Body::TrapV1(trap) => {
            let v1 = &expect["v1"];
            same("enterprise", trap.enterprise.to_string().into(), &v1["enterprise"]);
            let address = trap.agent_addr.iter().map(u8::to_string).collect::<Vec<_>>().join(".");
            same("agent_addr", address.into(), &v1["agent_addr"]);
            same("generic", trap.generic_trap.into(), &v1["generic"]);
            same("specific", trap.specific_trap.into(), &v1["specific"]);
            same("timestamp", trap.time_stamp.into(), &v1["timestamp"]);
        }
    }
    let found: Vec<Json> = message.pdu.varbinds.iter().map(|varbind| in_corpus_terms(&varbind)).collect();
    let mut expected = expect["varbinds"].clone();
    for row in expected.as_array_mut().into_iter().flatten() {
        row.as_object_mut().unwrap().remove("text");
    }
    same("varbinds", found.into(), &expected);
}

/// Describes `message`, checks what must hold for any message, and compares with what is expected.
fn compare_description(
    case: &Case,
    message: &CommunityMessage<'_>,
    names: &Names,
    differences: &mut Vec<String>,
) {
    let mut out = Vec::new();
    let described = describe(message, names, &mut out);
    let json = check_description(&described, &out);
    if !message.pdu.kind.is_notification() {
        return;
    }
    let oid = std::str::from_utf8(described.oid.of(&out)).unwrap();
    for (field, found, expected) in [
        ("snmp_trap_oid", Json::from(oid), &case.expect["snmp_trap_oid"]),
        ("uptime", json["uptime"].clone(), &case.expect["uptime"]),
    ] {
        if !expected.is_null() && found != *expected {
            differences.push(format!("{} {field}: found {found}, expected {expected}", case.name));
        }
    }
}

/// Checks that text is UTF-8 on one line and JSON is JSON; returns the JSON.
fn check_description(described: &Notification, out: &[u8]) -> Json {
    let text = std::str::from_utf8(described.text.of(out)).unwrap();
    assert!(!text.is_empty() && !text.chars().any(char::is_control), "{text:?}");
    let json: Json = serde_json::from_slice(described.enriched.of(out)).unwrap();
    assert!(json["varbinds"].is_array());
    json
}

#[test]
fn v1_and_v2c_messages_decode_as_expected() {
    let Some(cases) = cases() else { return };
    let names = Names::standard();
    let mut differences = Vec::new();
    let (mut decoded, mut refused, mut v3) = (0, 0, 0);
    for case in &cases {
        let expected = case.expect["decode"].as_str().unwrap();
        match decode(&case.bytes) {
            Ok(Message::Community(message)) => {
                decoded += 1;
                if expected == "error" {
                    differences.push(format!("{} was taken, an error was expected", case.name));
                } else if expected == "ok" {
                    compare(case, &message, &mut differences);
                }
                compare_description(case, &message, &names, &mut differences);
            }
            Ok(Message::V3(_)) => {
                v3 += 1;
                // Version 3 is only recognised here, so a broken v3 message may still be refused later.
                if expected == "ok" && case.expect["version"] != "v3" {
                    differences.push(format!("{} was taken for v3", case.name));
                }
            }
            Err(error) => {
                refused += 1;
                if expected == "ok" {
                    differences.push(format!("{} was refused: {error}", case.name));
                }
            }
        }
    }
    report(&format!("{} messages: {decoded} decoded, {refused} refused, {v3} of version 3", cases.len()));
    assert!(decoded >= 70, "the corpus has more v1 and v2c messages than {decoded}");
    assert!(differences.is_empty(), "{} differences:\n{}", differences.len(), differences.join("\n"));
}

/// Reads, describes and answers whatever `bytes` are.
fn exercise(bytes: &[u8], names: &Names, out: &mut Vec<u8>) {
    if let Ok(Message::Community(message)) = decode(bytes) {
        out.clear();
        let described = describe(&message, names, out);
        check_description(&described, out);
        out.clear();
        let _ = encode::response(&message, out);
    }
}

#[test]
fn cut_and_flipped_messages_never_panic() {
    let Some(cases) = cases() else { return };
    let names = Names::standard();
    let mut out = Vec::new();
    for case in cases.iter().filter(|case| case.expect["version"] != "v3") {
        // One case has thousands of trailing octets, which say nothing new.
        let bytes = case.bytes.get(..600).unwrap_or(&case.bytes);
        for end in 0..bytes.len() {
            exercise(&bytes[..end], &names, &mut out);
        }
        let mut flipped = bytes.to_vec();
        for at in 0..flipped.len() {
            let octet = flipped[at];
            for value in [
                0x00,
                0x01,
                0x7F,
                0x80,
                0xFF,
                octet ^ 0x01,
                octet ^ 0x20,
                octet.wrapping_add(1),
                octet.wrapping_sub(1),
            ] {
                flipped[at] = value;
                exercise(&flipped, &names, &mut out);
            }
            flipped[at] = octet;
        }
    }
}

/// The rows of one file; none when there is no corpus.
pub(crate) fn rows(file: &str) -> Vec<Json> {
    let Some(directory) = std::env::var_os("MUTT_CORPUS_DIR").map(PathBuf::from) else {
        report("MUTT_CORPUS_DIR is not set: no corpus to compare with");
        return Vec::new();
    };
    let text = std::fs::read_to_string(directory.join(format!("{file}.jsonl"))).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn changed_v1_traps_are_harmless_and_odd_time_stamps_are_read() {
    let names = Names::standard();
    let rows = rows("snmp-derived-negatives");
    let mut time_stamps = 0;
    for row in rows.iter().filter(|row| row["name"].as_str().unwrap().starts_with("v1/")) {
        let Some(hex) = row["hex"].as_str() else { continue };
        let bytes = unhex(hex);
        exercise(&bytes, &names, &mut Vec::new());
        if let Some(expected) = row["expect"]["expect_timestamp"].as_u64() {
            let Ok(Message::Community(message)) = decode(&bytes) else { panic!("{}", row["name"]) };
            let Body::TrapV1(trap) = message.pdu.body else { panic!("{}", row["name"]) };
            assert_eq!(u64::from(trap.time_stamp), expected);
            time_stamps += 1;
        }
    }
    assert!(rows.is_empty() || time_stamps == 2, "{time_stamps}");
}

#[test]
fn answers_to_recorded_v2c_informs_are_those_of_the_recording() {
    let rows = rows("snmp-netsnmp-exchanges");
    let mut answered = 0;
    for row in rows.iter().filter(|row| row["name"].as_str().unwrap().contains("v2c")) {
        let mut answers = Vec::new();
        for step in row["steps"].as_array().unwrap() {
            let bytes = unhex(step["hex"].as_str().unwrap());
            let Ok(Message::Community(message)) = decode(&bytes) else { panic!("{}", row["name"]) };
            if message.pdu.kind == PduKind::INFORM_REQUEST {
                let mut answer = Vec::new();
                assert!(encode::response(&message, &mut answer));
                answers.push(answer);
            } else {
                assert!(answers.contains(&bytes), "{}", row["name"]);
                answered += 1;
            }
        }
    }
    assert!(rows.is_empty() || answered > 0);
}
