//! Rows through the promised views.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::net::IpAddr;
use std::time::Duration;

use super::*;
use crate::base::clock::Timestamp;
use crate::model::device_time::TimeSource;
use crate::model::event::{EventId, IdAllocator, NotificationRecord, Reasons};
use crate::model::trailing::Trailing;
use crate::storage::connection::{StoreSettings, Synchronous, open};
use rusqlite::types::ValueRef;

const START: i64 = 1_795_335_330_123_456;

fn store(directory: &std::path::Path) -> Store {
    open(&StoreSettings {
        path: directory.join("messages.db"),
        connection_timeout: Duration::from_secs(1),
        synchronous: Synchronous::Off,
        node_id: 0xabc,
    })
    .unwrap()
}

fn event(id: EventId, kind: Kind, text: Span, body: Body) -> Event {
    Event {
        id,
        received_at: Timestamp(id.0 >> 11),
        listener: 2,
        source: IpAddr::from([127, 1, 2, 3]),
        kind,
        text,
        trailing: Trailing::NONE,
        content_start: 0,
        raw_bytes: Span::EMPTY,
        enriched: Span::EMPTY,
        rule: None,
        reasons: Reasons::default(),
        body,
    }
}

/// One syslog message that a rule matched, one trap, one undecodable datagram.
fn sample() -> Batch {
    let mut batch = Batch::new();
    let label =
        RuleLabel { id: "rule_002".into(), name: "Interface Down".into(), severity: "warning".into() };
    batch.labels = Arc::from([label]);
    let mut ids = IdAllocator::new(1, EventId(0));
    let text = batch.append(b"<165>Nov 22 08:15:30 router1 rpd[42]: ge-0/0/0 down");
    let syslog = SyslogRecord {
        pri: Some(165),
        host: Span { start: text.start + 21, len: 7 },
        program: Span { start: text.start + 29, len: 3 },
        process_id: Some(42),
        device_time: Some(Timestamp(1_795_335_330_000_000)),
        time_source: TimeSource::DeviceAssumedYear,
    };
    let mut first = event(ids.next(Timestamp(START)), Kind::Syslog, text, Body::Syslog(syslog));
    first.rule = Some(0);
    let text = batch.append(b"IF-MIB::linkDown ifIndex.3=3");
    let record = NotificationRecord {
        oid: batch.append(b"1.3.6.1.6.3.1.1.5.3"),
        trap_type: batch.append(b"IF-MIB::linkDown"),
        community: batch.append(b"public"),
    };
    let mut second = event(ids.next(Timestamp(START)), Kind::SnmpV2c, text, Body::Notification(record));
    second.enriched = batch.append(b"{\"pdu\":\"trap\"}");
    let text = batch.append(b"30 82");
    let mut third = event(ids.next(Timestamp(START + 7)), Kind::SnmpUndecoded, text, Body::Undecoded);
    third.raw_bytes = batch.append(b"\x30\x82");
    third.reasons.add("truncated");
    batch.events.extend([first, second, third]);
    batch
}

fn group(batches: Vec<Batch>, places: Vec<Place>) -> Group {
    Group { batches, places }
}

fn places(count: u32) -> Vec<Place> {
    (0..count).map(|event| Place { batch: 0, event }).collect()
}

#[test]
fn the_promised_names_and_formats() {
    let directory = tempfile::tempdir().unwrap();
    let mut writer = Writer::new(store(directory.path()), true).unwrap();
    writer.write(&group(vec![sample()], places(3))).unwrap();
    let connection = &writer.store.connection;
    let text = |sql: &str| -> String {
        connection
            .query_row(sql, [], |row| {
                let columns = row.as_ref().column_count();
                let cells: Vec<String> = (0..columns)
                    .map(|i| match row.get_ref(i).unwrap() {
                        ValueRef::Null => "NULL".into(),
                        ValueRef::Integer(i) => i.to_string(),
                        ValueRef::Real(r) => r.to_string(),
                        ValueRef::Text(t) => String::from_utf8(t.into()).unwrap(),
                        ValueRef::Blob(b) => format!("{b:x?}"),
                    })
                    .collect();
                Ok(cells.join("|"))
            })
            .unwrap()
    };
    assert_eq!(
        text(
            "SELECT type, source_ip, source_device, timestamp, received_at, raw_message, validated,
             validation_errors, matched_rule_id, matched_rule_name, match_severity, enriched_data, stored_to_db
             FROM messages ORDER BY received_at LIMIT 1"
        ),
        "syslog|127.1.2.3|router1|2026-11-22T08:15:30.000000Z|2026-11-22T08:15:30.123456Z|\
         <165>Nov 22 08:15:30 router1 rpd[42]: ge-0/0/0 down|1|[]|rule_002|Interface Down|warning|\
         {\"timestamp_source\":\"device_assumed_year\"}|1"
    );
    assert_eq!(
        text(
            "SELECT s.facility, s.level, s.program, s.process_id, s.tag FROM messages m
             JOIN syslog_messages s ON s.message_id = m.id"
        ),
        "20|5|rpd|42|rpd[42]"
    );
    assert_eq!(
        text("SELECT oid, trap_type, snmp_version, community_string FROM snmp_messages LIMIT 1"),
        "1.3.6.1.6.3.1.1.5.3|IF-MIB::linkDown|v2c|public"
    );
    assert_eq!(
        text(
            "SELECT validated, validation_errors, raw_bytes, snmp_version FROM messages WHERE validated = 0"
        ),
        "0|[\"truncated\"]|[30, 82]|NULL"
    );
    assert_eq!(
        text("SELECT hostname, source_ip, last_seen_snmp_version, last_seen_syslog FROM devices"),
        "router1|127.1.2.3|v2c|1"
    );
}

#[test]
fn ids_are_uuids_of_version_7_in_order_of_receipt() {
    let directory = tempfile::tempdir().unwrap();
    let mut writer = Writer::new(store(directory.path()), true).unwrap();
    writer.write(&group(vec![sample()], places(3))).unwrap();
    let mut query =
        writer.store.connection.prepare("SELECT id FROM messages ORDER BY received_at, id").unwrap();
    let ids: Vec<String> = query.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    assert!(ids.is_sorted());
    for id in &ids {
        let uuid: uuid::Uuid = id.parse().unwrap();
        assert_eq!(uuid.get_version_num(), 7);
        assert_eq!(uuid.get_variant(), uuid::Variant::RFC4122);
        let (seconds, nanos) = uuid.get_timestamp().unwrap().to_unix();
        assert_eq!((seconds, nanos / 1_000_000), (1_795_335_330, 123));
        assert!(id.ends_with("000000000abc"), "{id}");
    }
}

#[test]
fn a_failed_write_leaves_nothing_and_can_be_made_again() {
    let directory = tempfile::tempdir().unwrap();
    let mut writer = Writer::new(store(directory.path()), true).unwrap();
    let count = |writer: &Writer, table: &str| -> i64 {
        let sql = format!("SELECT count(*) FROM {table}");
        writer.store.connection.query_row(&sql, [], |row| row.get(0)).unwrap()
    };
    let mut whole = group(vec![sample()], places(3));
    // The third place does not exist: the transaction fails after rows, a device and a label were written.
    whole.places[2].event = 99;
    assert!(writer.write(&whole).is_err());
    assert_eq!(
        (count(&writer, "messages"), count(&writer, "devices"), count(&writer, "rule_labels")),
        (0, 0, 0)
    );
    whole.places[2].event = 2;
    assert_eq!(writer.write(&whole).unwrap(), Some(CommitNumber(1)));
    assert_eq!(
        (count(&writer, "messages"), count(&writer, "devices"), count(&writer, "rule_labels")),
        (3, 1, 1)
    );
}

#[test]
fn newest_first_is_the_order_of_the_table_whatever_columns_are_selected() {
    let directory = tempfile::tempdir().unwrap();
    let writer = Writer::new(store(directory.path()), true).unwrap();
    let plan = |sql: &str| -> String {
        let mut query = writer.store.connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let rows = query.query_map([], |row| row.get::<_, String>(3)).unwrap();
        rows.map(Result::unwrap).collect::<Vec<_>>().join("; ")
    };
    for columns in ["*", "id, type, source_ip, source_device, timestamp, raw_message, match_severity"] {
        let plan = plan(&format!("SELECT {columns} FROM messages ORDER BY received_at DESC LIMIT 100"));
        assert!(plan.starts_with("SCAN e") && !plan.contains("TEMP B-TREE"), "{plan}");
    }
}

#[test]
fn a_join_over_the_id_is_not_each_with_each() {
    let directory = tempfile::tempdir().unwrap();
    let writer = Writer::new(store(directory.path()), true).unwrap();
    for view in ["syslog_messages", "snmp_messages"] {
        let sql = format!("EXPLAIN QUERY PLAN SELECT * FROM messages m JOIN {view} s ON s.message_id = m.id");
        let mut query = writer.store.connection.prepare(&sql).unwrap();
        let rows = query.query_map([], |row| row.get::<_, String>(3)).unwrap();
        let plan = rows.map(Result::unwrap).collect::<Vec<_>>().join("; ");
        assert!(plan.contains("SEARCH s USING AUTOMATIC"), "{plan}");
    }
}

#[test]
fn a_device_costs_a_statement_only_when_it_says_something_new() {
    let directory = tempfile::tempdir().unwrap();
    let mut writer = Writer::new(store(directory.path()), true).unwrap();
    writer.write(&group(vec![sample()], places(3))).unwrap();
    let updated = |writer: &Writer| -> String {
        writer.store.connection.query_row("SELECT last_updated FROM devices", [], |row| row.get(0)).unwrap()
    };
    assert_eq!(updated(&writer), "2026-11-22T08:15:30.123463Z", "written with the last of the first batch");
    let mut later = sample();
    for (n, seconds) in [1, 2, 9].into_iter().enumerate() {
        later.events[n].id = EventId((START + seconds * 1_000_000) << 11);
        later.events[n].received_at = Timestamp(START + seconds * 1_000_000);
    }
    let mut later = group(vec![later], places(2));
    writer.write(&later).unwrap();
    assert_eq!(updated(&writer), "2026-11-22T08:15:30.123463Z", "two seconds later is not news");
    later.places = vec![Place { batch: 0, event: 2 }];
    writer.write(&later).unwrap();
    assert_eq!(updated(&writer), "2026-11-22T08:15:39.123456Z");
    let last = &mut later.batches[0].events[2];
    last.id = EventId((START + 10_000_000) << 11);
    last.received_at = Timestamp(START + 10_000_000);
    writer.write(&later).unwrap();
    assert_eq!(
        updated(&writer),
        "2026-11-22T08:15:40.123456Z",
        "of the next five seconds, as for all devices"
    );
}

#[test]
fn a_row_that_is_refused_takes_those_of_its_statement_and_all_others_with_it() {
    let directory = tempfile::tempdir().unwrap();
    let mut writer = Writer::new(store(directory.path()), true).unwrap();
    let mut batch = sample();
    while batch.events.len() < 2 * ROWS_PER_INSERT {
        let next = EventId(batch.events.iter().map(|event| event.id.0).max().unwrap() + 1);
        batch.events.push(Event { id: next, ..batch.events[0] });
    }
    let all = places(u32::try_from(batch.events.len()).unwrap());
    let good = batch.events[ROWS_PER_INSERT + 5].id;
    // The same key twice, in the second statement.
    batch.events[ROWS_PER_INSERT + 5].id = batch.events[3].id;
    let mut group = group(vec![batch], all);
    assert!(writer.write(&group).is_err());
    let rows = |writer: &Writer| -> usize {
        writer.store.connection.query_row("SELECT count(*) FROM events", [], |row| row.get(0)).unwrap()
    };
    assert_eq!(rows(&writer), 0);
    group.batches[0].events[ROWS_PER_INSERT + 5].id = good;
    writer.write(&group).unwrap();
    assert_eq!(rows(&writer), group.places.len());
}
