//! What was received, as it is read through the promised view: nothing is missing, and every column says what the event said.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use mutt::base::clock::Timestamp;
use mutt::matching::{Action, Pattern, Rule, RuleSet};
use mutt::model::batch::Batch;
use mutt::model::event::{Body, Event, EventId};
use mutt::model::group::{Group, Place};
use mutt::model::severity::Severity;
use mutt::shard::pipeline::{Arrival, Cut, Pipeline, PipelineParts, Protocol};
use mutt::shard::rules::ActiveRules;
use mutt::storage::connection::{self, StoreSettings, Synchronous};
use mutt::storage::writer::Writer;
use proptest::prelude::*;
use rusqlite::types::Value;
use rusqlite::{Connection, Row};
use serde_json::Value as Json;

/// Number of the listener and its name.
const LISTENER: (u8, &str) = (201, "syslog-udp");

/// When messages are received: 2026-11-22T08:15:30.123456Z.
const RECEIVED_AT: Timestamp = Timestamp(1_795_335_330_123_456);

fn writer(folder: &Path) -> Writer {
    let settings = StoreSettings {
        path: folder.join("messages.db"),
        connection_timeout: Duration::from_secs(10),
        synchronous: Synchronous::Off,
        node_id: 0xabc,
    };
    let writer = Writer::new(connection::open(&settings).unwrap(), true).unwrap();
    writer.name_listeners([LISTENER].into_iter()).unwrap();
    writer
}

fn pipeline(newest: EventId) -> Pipeline {
    let rule = Rule {
        id: "r1".to_owned(),
        name: "Failures".to_owned(),
        pattern: Some(Pattern::Keywords(vec!["failed".to_owned()])),
        conditions: Vec::new(),
        severity: "error".to_owned(),
        action: Action::Store,
        line: 1,
    };
    let set = RuleSet::compile(vec![rule]).unwrap();
    let in_force = Arc::new(ArcSwap::from_pointee(ActiveRules::new(set)));
    Pipeline::new(PipelineParts { newest, ..PipelineParts::new(in_force) })
}

fn arrival(protocol: Protocol, bytes: &[u8], at: Timestamp) -> Arrival<'_> {
    Arrival {
        protocol,
        listener: LISTENER.0,
        port: 514,
        bytes,
        peer: "192.0.2.1:514".parse().unwrap(),
        local: None,
        at,
        cut: None::<Cut>,
        acknowledgement: None,
        repeated: false,
    }
}

/// All events of the messages in one batch; each message twice, so that its JSON has a shape the second time.
fn batch(protocol: Protocol, messages: &[Vec<u8>]) -> Batch {
    let mut pipeline = pipeline(EventId(0));
    let mut batch = Batch::new();
    pipeline.begin(&mut batch);
    for message in messages.iter().chain(messages) {
        pipeline.process(&arrival(protocol, message, RECEIVED_AT), &mut batch);
    }
    assert_eq!(batch.events.len(), 2 * messages.len());
    batch
}

fn write(writer: &mut Writer, batch: Batch) -> Group {
    let places: Vec<Place> = (0..).take(batch.events.len()).map(|event| Place { batch: 0, event }).collect();
    let group = Group { batches: vec![batch], places };
    writer.write(&group).unwrap();
    group
}

fn reader(folder: &Path) -> Connection {
    Connection::open(folder.join("messages.db")).unwrap()
}

/// The row of `event` says what `event` and `octets` do.
fn assert_row(row: &Row<'_>, batch: &Batch, event: &Event, octets: &[u8]) {
    let text = |column: &str| row.get::<_, Option<String>>(column).unwrap();
    let span = |span| {
        let octets = batch.bytes(span);
        (!octets.is_empty()).then(|| String::from_utf8(octets.to_vec()).unwrap())
    };
    let raw_message = text("raw_message").unwrap();
    let raw_bytes: Option<Vec<u8>> = row.get("raw_bytes").unwrap();
    let is_syslog = matches!(event.body, Body::Syslog(_));
    if is_syslog {
        assert_eq!(raw_bytes.as_deref().unwrap_or(raw_message.as_bytes()), octets);
        assert!(!raw_message.ends_with(['\r', '\n', '\0']));
    } else {
        assert!(raw_bytes.is_none_or(|kept| kept == octets));
    }
    assert_eq!(raw_message.as_bytes(), batch.bytes(event.text));
    assert_eq!(text("content").as_deref(), raw_message.get(event.content_start as usize..));
    assert_eq!(text("received_at").unwrap(), event.id.received_at().to_string());
    assert_eq!(text("listener").as_deref(), Some(LISTENER.1));
    assert_eq!(row.get::<_, i64>("stored_to_buffer").unwrap(), 0);
    let rule = event.rule.map(|_| "r1");
    assert_eq!(text("matched_rule_id").as_deref(), rule);
    let (mut program, mut oid, mut trap_type, mut host) = (None, None, None, None);
    let (mut level, mut facility, mut process_id, mut severity) = (None, None, None, None);
    let mut time = event.id.received_at();
    let mut enriched = span(event.enriched).unwrap_or_else(|| "{}".to_owned());
    match event.body {
        Body::Syslog(record) => {
            (program, host, process_id) = (span(record.program), span(record.host), record.process_id);
            let pri = record.pri.unwrap_or(13);
            (level, facility) = (Some(i64::from(pri % 8)), Some((pri / 8).to_string()));
            severity = Some(Severity::of_level(pri % 8).as_str());
            time = record.device_time.unwrap_or(time);
            let rest = enriched.strip_prefix('{').unwrap();
            let comma = if rest == "}" { "" } else { "," };
            enriched = format!("{{\"timestamp_source\":\"{}\"{comma}{rest}", record.time_source.as_str());
        }
        Body::Notification(record) => (oid, trap_type) = (span(record.oid), span(record.trap_type)),
        Body::Undecoded | Body::AwaitsCredential => {}
    }
    if rule.is_some() {
        severity = Some("major");
    }
    assert_eq!(text("type").as_deref(), Some(if is_syslog { "syslog" } else { "snmp_trap" }));
    assert_eq!(text("source_ip").as_deref(), Some("192.0.2.1"));
    assert_eq!(text("source_device"), host.or_else(|| Some("192.0.2.1".to_owned())));
    assert_eq!(text("timestamp").unwrap(), time.to_string());
    assert_eq!((text("program"), text("facility")), (program.clone(), facility));
    assert_eq!(row.get::<_, Option<i64>>("level").unwrap(), level);
    assert_eq!(row.get::<_, Option<u32>>("process_id").unwrap(), process_id);
    assert_eq!((text("oid"), text("trap_type")), (oid.clone(), trap_type));
    assert_eq!(text("severity").as_deref(), severity);
    assert_eq!(text("enriched_data").unwrap(), enriched);
    let mut reasons: Vec<Json> = event.reasons.iter().map(Json::from).collect();
    match event.body {
        Body::Syslog(_) if program.is_none() => reasons.push("Syslog message missing program".into()),
        Body::Notification(_) if oid.is_none() => reasons.push("SNMP trap missing OID".into()),
        _ => {}
    }
    assert_eq!(row.get::<_, bool>("validated").unwrap(), reasons.is_empty());
    let told: Vec<Json> = serde_json::from_str(&text("validation_errors").unwrap()).unwrap();
    assert_eq!(told, reasons);
}

/// Stores `messages` and compares every row.
fn assert_rows(protocol: Protocol, messages: &[Vec<u8>]) {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = writer(folder.path());
    let batch = batch(protocol, messages);
    let group = write(&mut writer, batch);
    let batch = &group.batches[0];
    let reader = reader(folder.path());
    let mut statement = reader.prepare("SELECT * FROM messages ORDER BY id").unwrap();
    let mut rows = statement.query([]).unwrap();
    for (event, octets) in batch.events.iter().zip(messages.iter().chain(messages)) {
        assert_row(rows.next().unwrap().unwrap(), batch, event, octets);
    }
    assert!(rows.next().unwrap().is_none());
}

/// Lines with a header or without, of any octets, with what may stand at their ends.
fn any_line() -> impl Strategy<Value = Vec<u8>> {
    let header = prop_oneof![
        Just(""),
        Just("<34>"),
        Just("<165>Nov 22 08:15:30 router1 rpd[42]: "),
        Just("<189>7: sw1: Nov 22 2026 08:15:30.052 UTC: %LINK-3-UPDOWN: "),
        Just("<165>1 2026-11-22T08:15:29.003Z h app 17 ID47 [x@1 a=\"1\" b=\"\u{fc}\"] \u{feff}"),
        Just("<189>date=2026-11-22 time=08:15:30 devname=\"fw1\" type=\"traffic\" action=\"close\" "),
    ];
    let text = proptest::collection::vec(
        prop_oneof![4 => 0x20_u8..0x7F, 1 => any::<u8>(), 1 => Just(b'"'), 1 => Just(b'=')],
        0..40,
    );
    let words = prop_oneof![Just(""), Just("failed "), Just("Z\u{fc}rich ")];
    let end = prop_oneof![
        4 => Just(""), 1 => Just("\n"), 1 => Just("\r\n"), 1 => Just("\0"), 1 => Just("\n\0"), 1 => Just("\n\n\r\0")];
    (header, words, text, end).prop_map(|(header, words, text, end)| {
        [header.as_bytes(), words.as_bytes(), &text, end.as_bytes()].concat()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_lines_are_read_back(messages in proptest::collection::vec(any_line(), 1..24)) {
        assert_rows(Protocol::Syslog, &messages);
    }
}

#[test]
fn traps_are_read_back() {
    let link_down = crate::samples::link_down(3, crate::samples::Pdu::Trap);
    let mut broken = link_down.clone();
    broken.truncate(broken.len() - 9);
    assert_rows(Protocol::Snmp, &[link_down, broken, b"\x30\x03\x02\x01\x00".to_vec(), b"\n".to_vec()]);
}

#[test]
fn received_at_is_what_the_clock_said_though_the_id_is_ahead_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = writer(folder.path());
    let hour = 3_600_000_000;
    let mut pipeline = pipeline(EventId(0));
    let mut batch = Batch::new();
    pipeline.begin(&mut batch);
    // The clock is set back by an hour, and then goes on.
    for (seconds, text) in
        [(0, "first"), (1, "second"), (2 - 3_600, "third"), (3 - 3_600, "fourth"), (9, "fifth")]
    {
        let line = format!("<34>{text}");
        let at = Timestamp(RECEIVED_AT.0 + seconds * 1_000_000);
        pipeline.process(&arrival(Protocol::Syslog, line.as_bytes(), at), &mut batch);
    }
    let newest = batch.events.last().unwrap().id;
    let group = write(&mut writer, batch);
    let batch = &group.batches[0];
    let reader = reader(folder.path());
    let rows = |sql: &str| -> Vec<(String, String)> {
        let mut statement = reader.prepare(sql).unwrap();
        statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap).collect()
    };
    let by_id = rows("SELECT content, received_at FROM messages ORDER BY id");
    let expected = [(0, "first"), (1, "second"), (2 - 3_600, "third"), (3 - 3_600, "fourth"), (9, "fifth")]
        .map(|(seconds, text)| (text.to_owned(), Timestamp(RECEIVED_AT.0 + seconds * 1_000_000).to_string()));
    assert_eq!(by_id, expected);
    let by_time: Vec<String> = rows("SELECT content, received_at FROM messages ORDER BY received_at")
        .into_iter()
        .map(|row| row.0)
        .collect();
    assert_eq!(by_time, ["third", "fourth", "first", "second", "fifth"]);
    for event in &batch.events {
        let key: String = connection::key_time(&reader, event.id).unwrap();
        let found: i64 = reader
            .query_row(
                "SELECT count(*) FROM events WHERE received_at = ?1 AND id = ?2",
                (key, event.id.0),
                |row| row.get(0),
            )
            .unwrap();
        assert_eq!(found, 1, "a row is found by its id");
    }
    // As a start between the fourth and the fifth message would find it: the highest id, not that of the last row.
    drop(writer);
    reader.execute("DELETE FROM events WHERE id = ?1", [newest.0]).unwrap();
    drop(reader);
    let settings = StoreSettings {
        path: folder.path().join("messages.db"),
        connection_timeout: Duration::from_secs(10),
        synchronous: Synchronous::Off,
        node_id: 0xabc,
    };
    let store = connection::open(&settings).unwrap();
    assert_eq!(store.newest, batch.events[3].id);
    assert!(batch.events[3].id.received_at().0 - batch.events[3].received_at.0 > hour - 10_000_000);
    assert_eq!(store.newest_messages(LISTENER.0).unwrap()[0], b"<34>second");
}

#[test]
fn a_view_has_the_columns_of_the_contract() {
    let folder = tempfile::tempdir().unwrap();
    let _writer = writer(folder.path());
    let reader = reader(folder.path());
    let columns = |view: &str| -> Vec<String> {
        let statement = reader.prepare(&format!("SELECT * FROM {view}")).unwrap();
        statement.column_names().map(str::to_owned).collect()
    };
    assert_eq!(
        columns("messages").join(" "),
        "id type source_ip source_device timestamp received_at raw_message validated validation_errors matched_rule_id \
         matched_rule_name match_severity enriched_data stored_to_db stored_to_buffer error_message created_at raw_bytes \
         facility level program process_id oid trap_type snmp_version listener severity content"
    );
    assert_eq!(columns("syslog_messages").join(" "), "id message_id facility level program process_id tag");
    assert_eq!(
        columns("snmp_messages").join(" "),
        "id message_id oid trap_type snmp_version community_string"
    );
    let nothing: Value = reader.query_row("SELECT max(id) FROM messages", [], |row| row.get(0)).unwrap();
    assert_eq!(nothing, Value::Null);
}
