//! A message says the same as a live event and as the row that it becomes, read back through `messages`.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use mutt::base::clock::Timestamp;
use mutt::matching::conditions::{Condition as _, Level};
use mutt::matching::{Pattern, Rule, RuleCondition, RuleSet};
use mutt::model::batch::Batch;
use mutt::model::event::EventId;
use mutt::model::group::{Group, Place};
use mutt::model::subject::{ListenerNames, LiveEvent, NoDevices, Subject};
use mutt::security::{AuthProtocol, CredentialSecrets, PrivProtocol, UserSecrets, Users, Usm};
use mutt::shard::pipeline::{Outcome, Pipeline, PipelineParts, Protocol};
use mutt::shard::rules::ActiveRules;
use mutt::storage::connection::{StoreSettings, Synchronous, open};
use mutt::storage::rows::RowColumns;
use mutt::storage::writer::Writer;
use serde_json::Value as Json;

use crate::samples::{self, v3::Agent};
use crate::support::{say, source::root};

/// Microseconds between two messages.
const STEP_MICROS: i64 = 1_000;

/// Messages from the files of a folder; those below it, too.
fn recorded(folder: &Path, messages: &mut Vec<(Protocol, Vec<u8>)>) {
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    for path in paths {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            recorded(&path, messages);
        }
        let protocol = match name.split(['-', '.']).next() {
            _ if !name.ends_with(".jsonl") => continue,
            Some("snmp" | "snmpv3") => Protocol::Snmp,
            Some("usm") => continue,
            _ => Protocol::Syslog,
        };
        for line in std::fs::read_to_string(&path).unwrap().lines() {
            let case: Json = serde_json::from_str(line).unwrap();
            let digits = case["raw_hex"].as_str().or_else(|| case["hex"].as_str());
            let octets =
                case["raw"].as_str().map(|raw| raw.as_bytes().to_vec()).or_else(|| digits.map(unhex));
            messages.extend(octets.map(|octets| (protocol, octets)));
        }
    }
}

fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u32> = text.chars().filter_map(|digit| digit.to_digit(16)).collect();
    digits.chunks(2).map(|pair| u8::try_from(pair[0] * 16 + pair[1]).unwrap()).collect()
}

/// Notifications of version 3, each with whether it passes its checks.
fn version_3() -> Vec<(bool, Vec<u8>)> {
    let agent = Agent::new(1, "ops", "auth-secret", "priv-secret");
    let unknown_user = Agent::new(2, "nobody", "auth-secret", "priv-secret");
    let wrong_password = Agent::new(3, "ops", "other-secret", "priv-secret");
    vec![
        (true, agent.link_down(1)),
        (false, agent.link_down(1)),
        (true, agent.link_down(2)),
        (false, unknown_user.link_down(3)),
        (false, wrong_password.link_down(4)),
    ]
}

/// A pipeline with rules of every severity, and the user of [`version_3`].
fn pipeline(listeners: &Arc<ListenerNames>) -> Pipeline {
    let level = |id: &str, level: &str, severity: &str| Rule {
        conditions: vec![RuleCondition::Level(Level::parse(&[level]).unwrap())],
        severity: severity.to_owned(),
        ..Rule::new(id, None)
    };
    let word = |id: &str, word: &str, severity: &str| Rule {
        severity: severity.to_owned(),
        ..Rule::new(id, Pattern::Keywords(vec![word.to_owned()]))
    };
    let rules = vec![
        word("down", "down", "emergency"),
        word("failed", "fail", "error"),
        level("alerts", "alert", "notice"),
        word("up", "up", "warning"),
        level("debug", "debug..debug", "debug"),
    ];
    let rules = Arc::new(ArcSwap::from_pointee(ActiveRules::new(RuleSet::compile(rules).unwrap())));
    let auth = Some((AuthProtocol::Sha, &b"auth-secret"[..]));
    let privacy = Some((PrivProtocol::Aes, &b"priv-secret"[..]));
    let credentials = [CredentialSecrets::of_passwords(1, auth, privacy)];
    let users = Users::derive(&[UserSecrets::new(b"ops", &credentials)], &Users::default());
    let snmpv3 = Arc::new(Usm::new(None, users));
    Pipeline::new(PipelineParts { snmpv3, listeners: Arc::clone(listeners), ..PipelineParts::new(rules) })
}

/// Every message as an event, in batches.
fn batches(messages: &[(Protocol, Vec<u8>)], pipeline: &mut Pipeline) -> Vec<Batch> {
    let mut all = Vec::new();
    let mut batch = Batch::new();
    pipeline.begin(&mut batch);
    for ((protocol, bytes), number) in messages.iter().zip(0..) {
        let mut arrival = samples::arrival(*protocol, bytes);
        arrival.at = Timestamp(samples::RECEIVED_AT.0 + number * STEP_MICROS);
        let outcome = pipeline.process(&arrival, &mut batch);
        let events: usize = all.iter().map(|batch: &Batch| batch.events.len()).sum();
        if !matches!(outcome, Outcome::Appended { .. }) {
            assert_eq!(*protocol, Protocol::Snmp, "message {number} of {events} events: {outcome:?}");
        }
        if batch.is_full() {
            all.push(std::mem::take(&mut batch));
            pipeline.begin(&mut batch);
        }
    }
    all.push(batch);
    all
}

/// A text of a subject, readable.
fn text(octets: &[u8]) -> String {
    String::from_utf8_lossy(octets).into_owned()
}

/// Everything that a subject says but its fields, each with its name.
fn told(subject: &dyn Subject) -> Vec<(&'static str, Option<String>)> {
    let debug = |value: &dyn std::fmt::Debug| Some(format!("{value:?}"));
    vec![
        ("type", Some(subject.message_type().as_str().to_owned())),
        ("listener", subject.listener().map(text)),
        ("source", subject.source().map(|source| source.to_string())),
        ("device", subject.device().map(|device| text(device.as_bytes()))),
        ("group", subject.group().map(text)),
        ("severity", subject.severity().map(|severity| severity.as_str().to_owned())),
        ("level", debug(&subject.level())),
        ("facility", debug(&subject.facility())),
        ("program", subject.program().map(text)),
        ("process id", debug(&subject.process_id())),
        ("oid", subject.oid().map(text)),
        ("trap type", subject.trap_type().map(text)),
        ("text", Some(text(subject.text()))),
        ("content", Some(text(subject.content()))),
        ("security level", subject.security_level().map(text)),
        ("authenticated", debug(&subject.is_authenticated())),
        ("received", debug(&subject.received_at())),
        ("timestamp", debug(&subject.timestamp())),
        ("rule id", subject.rule_id().map(text)),
        ("rule severity", subject.rule_severity().map(text)),
    ]
}

/// The values of a field, with their readings.
fn values(subject: &dyn Subject, name: &str) -> Vec<String> {
    let mut all = Vec::new();
    subject.visit_fields(name.as_bytes(), &mut |found| {
        let shown = |part: mutt::model::subject::JsonText<'_>| text(&part.octets().collect::<Vec<u8>>());
        let (value, meaning) = (found.value.map(shown), found.meaning.map(shown));
        all.push(format!("{value:?} {meaning:?} {:?} {:?}", found.integer(), found.number()));
        false
    });
    let first = subject.field(name.as_bytes()).map(|found| found.integer());
    assert_eq!(first.is_some(), !all.is_empty(), "{name}");
    all
}

/// Names of the fields that an `enriched_data` has, found by another reader of JSON.
fn field_names(enriched: &[u8]) -> Vec<String> {
    let enriched: Json =
        if enriched.is_empty() { Json::Null } else { serde_json::from_slice(enriched).unwrap() };
    let mut names = Vec::new();
    for varbind in enriched["varbinds"].as_array().into_iter().flatten() {
        names.extend(["oid", "name"].iter().filter_map(|key| varbind[key].as_str().map(str::to_owned)));
        let symbol = varbind["name"].as_str().and_then(|name| name.split_once("::"));
        names.extend(symbol.map(|(_, object)| object.split('.').next().unwrap().to_owned()));
    }
    for (id, params) in enriched["structured_data"].as_object().into_iter().flatten() {
        for param in params.as_object().unwrap().keys() {
            names.extend([param.clone(), format!("{id}.{param}")]);
        }
    }
    let pairs = [&enriched["fields"], &enriched["cef"]["extension"], &enriched["leef"]["attributes"]];
    names.extend(pairs.iter().filter_map(|pairs| pairs.as_object()).flat_map(|pairs| pairs.keys().cloned()));
    names
}

/// Writes `batches` into a store and compares what each row says with what its event says; gives how many rows and
/// fields were compared.
fn compare(batches: Vec<Batch>, listeners: &ListenerNames) -> (usize, usize) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("messages.db");
    let store = open(&StoreSettings {
        path: path.clone(),
        connection_timeout: Duration::from_secs(1),
        synchronous: Synchronous::Off,
        node_id: 7,
    });
    let mut writer = Writer::new(store.unwrap(), false).unwrap();
    writer.name_listeners((0..=u8::MAX).filter_map(|number| Some((number, listeners.get(number)?)))).unwrap();
    let mut places: Vec<(EventId, Place)> = Vec::new();
    for (batch, number) in batches.iter().zip(0..) {
        let place = |event| Place { batch: number, event };
        places.extend(batch.events.iter().zip(0..).map(|(event, index)| (event.id, place(index))));
    }
    let in_order: Vec<Place> = places.iter().map(|(_, place)| *place).collect();
    let group = Group { batches, places: in_order };
    writer.write(&group).unwrap();
    let connection = rusqlite::Connection::open(&path).unwrap();
    let mut statement = connection.prepare("SELECT * FROM messages ORDER BY received_at, id").unwrap();
    let columns = RowColumns::of(&statement);
    let mut rows = statement.query([]).unwrap();
    let (mut compared, mut fields) = (0, 0);
    for (_, place) in &places {
        let batch = &group.batches[place.batch as usize];
        let event = &batch.events[place.event as usize];
        let live = LiveEvent { batch, event, listeners, devices: &NoDevices };
        let row = rows.next().unwrap().expect("a row for each event");
        let stored = columns.read(row).unwrap();
        assert_eq!(told(&stored), told(&live), "{}", text(live.text()));
        for name in field_names(stored.enriched_data()) {
            let found = values(&stored, &name);
            assert_eq!(found, values(&live, &name), "{name} of {}", text(live.text()));
            assert!(!found.is_empty(), "{name} of {}", text(live.text()));
            fields += 1;
        }
        compared += 1;
    }
    assert!(rows.next().unwrap().is_none());
    (compared, fields)
}

#[test]
fn an_event_and_its_row_say_the_same() {
    let listeners = Arc::new(ListenerNames::new([(0, "syslog-udp"), (1, "snmp-udp")]));
    let mut messages: Vec<_> = (0..200).map(samples::mixed).collect();
    messages.extend(version_3().into_iter().map(|(_, octets)| (Protocol::Snmp, octets)));
    messages.extend([(Protocol::Snmp, b"\x30\x82".to_vec()), (Protocol::Syslog, b"\n".to_vec())]);
    recorded(&root().join("tests/corpus"), &mut messages);
    match std::env::var_os("MUTT_CORPUS_DIR") {
        Some(folder) => recorded(Path::new(&folder), &mut messages),
        None => say("MUTT_CORPUS_DIR is not set: only the corpus of the repository"),
    }
    let batches = batches(&messages, &mut pipeline(&listeners));
    let matched = |id: &str| {
        let labels =
            batches.iter().flat_map(|batch| batch.events.iter().map(move |event| (batch, event.rule)));
        labels.filter(|(batch, rule)| rule.is_some_and(|rule| batch.labels[rule as usize].id == id)).count()
    };
    for id in ["down", "failed", "alerts", "up", "debug"] {
        assert!(matched(id) > 0, "no message falls under {id}");
    }
    let (rows, fields) = compare(batches, &listeners);
    assert!(rows > 700 && fields > 1_500, "{rows} rows with {fields} fields");
    say(&format!("{rows} rows and {fields} fields of them say what their events say"));
}

#[test]
fn what_failed_a_check_is_not_authenticated() {
    let listeners = Arc::new(ListenerNames::new([(0, "syslog-udp"), (1, "snmp-udp")]));
    let mut cases: Vec<(bool, Protocol, Vec<u8>)> =
        version_3().into_iter().map(|(passes, octets)| (passes, Protocol::Snmp, octets)).collect();
    cases.extend([
        (true, Protocol::Snmp, samples::link_down(1, samples::Pdu::Trap)),
        (true, Protocol::Snmp, samples::link_down_v1(1)),
        (false, Protocol::Snmp, b"\x30\x82\x01".to_vec()),
        (false, Protocol::Snmp, b"no SNMP".to_vec()),
        (true, Protocol::Syslog, samples::rfc5424(1)),
        (true, Protocol::Syslog, b"no syslog".to_vec()),
    ]);
    let messages: Vec<_> = cases.iter().map(|(_, protocol, octets)| (*protocol, octets.clone())).collect();
    let batches = batches(&messages, &mut pipeline(&listeners));
    let events = &batches[0].events;
    assert_eq!((batches.len(), events.len()), (1, cases.len()));
    for ((passes, ..), event) in cases.iter().zip(events) {
        let live = LiveEvent { batch: &batches[0], event, listeners: &listeners, devices: &NoDevices };
        assert_eq!(live.is_authenticated(), *passes, "{}", text(live.text()));
    }
    assert_eq!(compare(batches, &listeners).0, cases.len());
}
