//! Our own corpus: messages with what must be read from them, through the pipeline as a datagram goes.
//!
//! `tests/corpus/README.md` says how a case is written. What a case does not name is not compared.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod samples;

use std::path::Path;
use std::sync::Arc;

use arc_swap::ArcSwap;
use mutt::base::clock::Timestamp;
use mutt::matching::RuleSet;
use mutt::model::batch::Batch;
use mutt::model::event::{Body, Event};
use mutt::security::{AuthProtocol, CredentialSecrets, PrivProtocol, UserSecrets, Users, Usm};
use mutt::shard::pipeline::{Pipeline, PipelineParts, Protocol};
use mutt::shard::rules::ActiveRules;
use mutt::wire::syslog::framing::{Deframer, Oversize, Step};
use serde_json::{Map, Value, json};

/// 2026-11-22T09:00:00Z: when the messages of the corpus are received.
const RECEIVED_AT: Timestamp = Timestamp(1_795_338_000_000_000);

/// 2026-11-28T12:00:00Z: when the lines of public reports are.
const FIELD_RECEIVED_AT: Timestamp = Timestamp(1_795_867_200_000_000);

/// Longest message of a stream, octets.
const MESSAGE_OCTETS_MAX: usize = 65_535;

fn cases(file: &str) -> Vec<Map<String, Value>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus").join(file);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let case = |line: &str| match serde_json::from_str(line) {
        Ok(Value::Object(case)) => case,
        other => panic!("{file}: {other:?}: {line}"),
    };
    text.lines().map(case).collect()
}

fn octets(case: &Map<String, Value>) -> Vec<u8> {
    if let Some(text) = case.get("raw").and_then(Value::as_str) {
        return text.as_bytes().to_vec();
    }
    let digits: Vec<u32> = case["raw_hex"]
        .as_str()
        .unwrap()
        .chars()
        .filter(|digit| !digit.is_whitespace())
        .map(|digit| digit.to_digit(16).unwrap())
        .collect();
    digits.chunks(2).map(|pair| u8::try_from(pair[0] * 16 + pair[1]).unwrap()).collect()
}

/// The user of a case of version 3, with the only credential; nobody in other cases.
fn users(case: &Map<String, Value>) -> Users {
    use AuthProtocol::{Md5, Sha, Sha224, Sha256, Sha384, Sha512};
    use PrivProtocol::{Aes, Aes192, Aes192C, Aes256, Aes256C, Des, TripleDes};
    let Some(credential) = case.get("credential") else { return Users::default() };
    let text = |field: &str| credential[field].as_str();
    let auth = text("auth").map(|name| {
        let all = [Md5, Sha, Sha224, Sha256, Sha384, Sha512];
        let protocol = all.into_iter().find(|known| known.as_str() == name).unwrap();
        (protocol, text("auth_password").unwrap().as_bytes())
    });
    let privacy = text("priv").map(|name| {
        let all = [Des, TripleDes, Aes, Aes192, Aes256, Aes192C, Aes256C];
        let protocol = all.into_iter().find(|known| known.as_str() == name).unwrap();
        (protocol, text("priv_password").unwrap().as_bytes())
    });
    let credentials = [CredentialSecrets::of_passwords(1, auth, privacy)];
    let user = UserSecrets::new(text("user").unwrap().as_bytes(), &credentials);
    Users::derive(&[user], &Users::default())
}

/// What the store would be given of `event`.
fn read(event: &Event, batch: &Batch) -> Value {
    let text = |span| String::from_utf8_lossy(batch.bytes(span)).into_owned();
    let enriched = batch.bytes(event.enriched);
    let enriched: Value =
        if enriched.is_empty() { Value::Null } else { serde_json::from_slice(enriched).unwrap() };
    let mut all = json!({
        "text": text(event.text),
        "keeps_raw": !event.raw_bytes.is_empty(),
        "trailing": event.trailing.bits(),
        "reasons": event.reasons.iter().collect::<Vec<_>>(),
        "kind": format!("{:?}", event.kind),
        "answers": batch.informs.len(),
        "security_level": enriched["security_level"],
        "user": enriched["user"],
        "engine_id": enriched["engine_id"],
        "varbinds": enriched["varbinds"].as_array().map(Vec::len),
        "enriched": enriched,
    });
    let more = match event.body {
        Body::Syslog(record) => json!({
            "pri": record.pri,
            "host": text(record.host),
            "program": text(record.program),
            "process_id": record.process_id,
            "device_time": record.device_time.map(|time| time.to_string()),
        }),
        Body::Notification(record) => json!({
            "oid": text(record.oid),
            "trap_type": text(record.trap_type),
            "community": text(record.community),
        }),
        Body::Undecoded | Body::AwaitsCredential => json!({}),
    };
    all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    all
}

/// Compares every case of `file` and reports all that differ.
fn compare(file: &str, protocol: Protocol, cases_min: usize) {
    compare_received(file, protocol, cases_min, RECEIVED_AT);
}

/// [`compare`] of messages that are received at `at`.
fn compare_received(file: &str, protocol: Protocol, cases_min: usize, at: Timestamp) {
    let set = RuleSet::compile(Vec::new()).unwrap();
    let in_force = Arc::new(ArcSwap::from_pointee(ActiveRules::new(set)));
    let cases = cases(file);
    // Each sender of version 3 is met for the first time.
    let pipeline = |case: &Map<String, Value>| {
        let snmpv3 = Arc::new(Usm::new(None, users(case)));
        Pipeline::new(PipelineParts { snmpv3, ..PipelineParts::new(Arc::clone(&in_force)) })
    };
    assert!(cases.len() >= cases_min, "{file}: {} cases", cases.len());
    let mut differences = Vec::new();
    for case in &cases {
        let bytes = octets(case);
        let mut batch = Batch::new();
        let mut pipeline = pipeline(case);
        pipeline.begin(&mut batch);
        let mut arrival = samples::arrival(protocol, &bytes);
        arrival.at = at;
        pipeline.process(&arrival, &mut batch);
        let read = read(&batch.events[0], &batch);
        let expected = case["expect"].as_object().unwrap();
        assert!(!expected.is_empty(), "{} expects nothing", case["name"]);
        for (field, expected) in expected {
            if field == "facts" {
                for (fact, expected) in expected.as_object().unwrap() {
                    let found = fact.split('.').fold(&read["enriched"], |object, name| &object[name]);
                    if found != expected {
                        differences.push(format!(
                            "{} {fact}:\n  found    {found}\n  expected {expected}",
                            case["name"]
                        ));
                    }
                }
                continue;
            }
            let found = read.get(field).unwrap_or_else(|| panic!("{}: no field {field}", case["name"]));
            if found != expected {
                differences
                    .push(format!("{} {field}:\n  found    {found}\n  expected {expected}", case["name"]));
            }
        }
    }
    assert!(differences.is_empty(), "{file}: {} differences\n{}", differences.len(), differences.join("\n"));
}

#[test]
fn syslog() {
    compare("syslog.jsonl", Protocol::Syslog, 20);
}

#[test]
fn dialects_of_syslog() {
    compare("syslog-dialects.jsonl", Protocol::Syslog, 75);
}

#[test]
fn lines_of_public_reports() {
    compare_received("syslog-field.jsonl", Protocol::Syslog, 300, FIELD_RECEIVED_AT);
    compare_received("syslog-shapes.jsonl", Protocol::Syslog, 100, FIELD_RECEIVED_AT);
}

#[test]
fn streams_of_public_reports() {
    let cases = cases("syslog-streams.jsonl");
    assert!(cases.len() >= 20);
    for case in &cases {
        let stream = octets(case);
        let mut deframer = Deframer::new(MESSAGE_OCTETS_MAX, Oversize::Truncate);
        let (mut rest, mut frames) = (&stream[..], Vec::new());
        loop {
            let consumed = match deframer.next(rest, true) {
                Step::Frame { bytes, consumed, .. } => {
                    frames.push(String::from_utf8_lossy(bytes).into_owned());
                    consumed
                }
                Step::OutOfStep { count, bytes, consumed } => {
                    frames.push(String::from_utf8_lossy(&[count.as_bytes(), bytes].concat()).into_owned());
                    consumed
                }
                Step::Skip { consumed } => consumed,
                Step::NeedMore => break,
            };
            rest = &rest[consumed..];
        }
        assert_eq!(json!(frames), case["frames"], "{}", case["name"]);
    }
}

#[test]
fn lines_of_other_projects() {
    for (file, cases_min) in [
        ("go-syslog", 70),
        ("syslog-loose", 12),
        ("rsyslog-parsertest", 20),
        ("beats", 7),
        ("napalm-logs", 60),
        ("sc4s", 200),
    ] {
        compare(&format!("permissive/{file}.jsonl"), Protocol::Syslog, cases_min);
    }
}

#[test]
fn notifications() {
    compare("snmp.jsonl", Protocol::Snmp, 14);
}

#[test]
fn notifications_of_version_3() {
    compare("snmpv3.jsonl", Protocol::Snmp, 30);
}
