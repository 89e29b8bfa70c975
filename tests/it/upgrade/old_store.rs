//! Stores as earlier versions made them: by their own migrations, with the rows that they wrote.

use std::path::Path;
use std::sync::Arc;

use arc_swap::ArcSwap;
use mutt::base::clock::Timestamp;
use mutt::matching::{Action, Pattern, Rule, RuleSet};
use mutt::model::batch::Batch;
use mutt::model::event::{Body, Event};
use mutt::model::readable;
use mutt::shard::pipeline::{Arrival, Pipeline, PipelineParts, Protocol};
use mutt::shard::rules::ActiveRules;
use rusqlite::{Connection, params};

use crate::samples;

/// The migrations of the versions before 7, in order.
const MIGRATIONS: [&str; 6] = [
    include_str!("schema/0001_initial.sql"),
    include_str!("schema/0002_time_source.sql"),
    include_str!("schema/0003_snmpv3_credential_use.sql"),
    include_str!("schema/0004_snmpv3_quarantine.sql"),
    include_str!("schema/0005_snmp_refused.sql"),
    include_str!("schema/0006_commits.sql"),
];

/// The versions that there were.
pub const VERSIONS: std::ops::RangeInclusive<usize> = 1..=MIGRATIONS.len();

/// "MUTT".
const APPLICATION_ID: i64 = 0x4d55_5454;

const NODE_ID: i64 = 0xabc;

/// Makes a store of `version` with `rows` messages at `path`.
pub fn create(path: &Path, version: usize, rows: u32) {
    let connection = Connection::open(path).unwrap();
    connection.pragma_update(None, "page_size", 16_384).unwrap();
    connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(())).unwrap();
    connection.pragma_update(None, "synchronous", "OFF").unwrap();
    migrate(&connection, 0, version);
    connection.pragma_update(None, "application_id", APPLICATION_ID).unwrap();
    connection.pragma_update(None, "user_version", version as i64).unwrap();
    connection.execute("INSERT INTO store_settings VALUES ('node_id', ?1)", [NODE_ID]).unwrap();
    connection
        .execute_batch(
            "INSERT INTO archives VALUES ('a', 'messages_20261011_000000.csv', 5, 500, 'b', 'c', 'd');
             INSERT INTO snmpv3_auth_failures VALUES ('e', 'ops', 'h', 3, 'f');
             INSERT INTO rule_labels VALUES (1, 'r1', 'Failures', 'error'), (2, 'r2', 'Links', 'warning');",
        )
        .unwrap();
    if version >= 3 {
        let row = "INSERT INTO snmpv3_credential_use(source_ip, username, credential_priority, security_level, first_success,
            last_success) VALUES ('192.0.2.1', 'ops', 1, 'authPriv', 'a', 'b')";
        connection.execute(row, []).unwrap();
    }
    if version >= 6 {
        connection
            .execute_batch("INSERT INTO commits VALUES (7, 1, 0, 9223372036854775807, 300, 1, 0)")
            .unwrap();
    }
    connection.execute_batch("BEGIN").unwrap();
    fill(&connection, version, rows);
    connection.execute_batch("COMMIT").unwrap();
}

/// Brings a store from one version to a later one; nothing, where it is beyond that.
pub fn migrate(connection: &Connection, from: usize, to: usize) {
    for sql in MIGRATIONS.get(from..to).unwrap_or_default() {
        connection.execute_batch(&sql.replace("{{node}}", &format!("{NODE_ID:012x}"))).unwrap();
    }
}

/// Message number `n`, and what it is.
fn message(n: u32) -> (Protocol, Vec<u8>) {
    let odd = |line: &[u8]| (Protocol::Syslog, [format!("<{}>", n % 192).as_bytes(), line].concat());
    match n % 16 {
        0 => odd(b"Nov 22 08:15:30 r1 su[7]: failed\n"),
        1 => odd(b"Nov 22 08:15:30 r1 su[7]: Z\xfcrich\r\n"),
        2 => odd(b"nul at the end\0"),
        3 => odd(b"1 2026-11-22T08:15:30Z h app - ID [x@1 a=\"\xc3\xbc\"] two ends\n\n"),
        4 => odd(b"nul \0 in the middle\n\0"),
        5 => (Protocol::Snmp, b"\x30\x03\x02\x01\n".to_vec()),
        _ => samples::mixed(n),
    }
}

fn pipeline() -> Pipeline {
    let rule = |id: &str, severity: &str, word: &str| Rule {
        id: id.to_owned(),
        name: id.to_owned(),
        pattern: Some(Pattern::Keywords(vec![word.to_owned()])),
        conditions: Vec::new(),
        severity: severity.to_owned(),
        action: Action::Store,
        line: 1,
    };
    let rules = vec![rule("r1", "error", "failed"), rule("r2", "warning", "linkDown")];
    let in_force = Arc::new(ArcSwap::from_pointee(ActiveRules::new(RuleSet::compile(rules).unwrap())));
    Pipeline::new(PipelineParts::new(in_force))
}

fn fill(connection: &Connection, version: usize, rows: u32) {
    let mut pipeline = pipeline();
    let mut batch = Batch::new();
    for n in 0..rows {
        let (protocol, bytes) = message(n);
        batch.clear();
        pipeline.begin(&mut batch);
        let at = Timestamp(samples::RECEIVED_AT.0 + i64::from(n) * 700);
        let peer = std::net::SocketAddr::from(([192, 0, 2, (n % 7) as u8], 514));
        let arrival = samples::arrival(protocol, &bytes);
        pipeline.process(&Arrival { at, peer, listener: (n % 3) as u8, ..arrival }, &mut batch);
        insert(connection, version, &batch, &batch.events[0], &bytes);
    }
}

/// The row that the versions before 7 wrote of an event.
fn insert(connection: &Connection, version: usize, batch: &Batch, event: &Event, octets: &[u8]) {
    let text_of = |span| {
        let octets = batch.bytes(span);
        (!octets.is_empty()).then(|| String::from_utf8(octets.to_vec()).unwrap())
    };
    let mut text = batch.bytes(event.text).to_vec();
    let mut raw_bytes = batch.bytes(event.raw_bytes).to_vec();
    let (mut host, mut program, mut process_id, mut time, mut oid, mut trap_type) =
        (None, None, None, None, None, None);
    let mut origin = event.kind as i64 | i64::from(event.listener) << 4;
    match event.body {
        Body::Syslog(record) => {
            text.clear();
            let is_verbatim = readable::append(octets, &mut text).is_verbatim;
            raw_bytes = if is_verbatim { Vec::new() } else { octets.to_vec() };
            (host, program, process_id) = (text_of(record.host), text_of(record.program), record.process_id);
            time = record.device_time.map(|time| time.0);
            origin |= record.pri.map_or(0, |pri| i64::from(pri) + 1) << 12;
            if version >= 2 {
                origin |= (record.time_source as i64) << 20;
            }
        }
        Body::Notification(record) => (oid, trap_type) = (text_of(record.oid), text_of(record.trap_type)),
        Body::Undecoded | Body::AwaitsCredential => {}
    }
    let source = event.source.to_string();
    connection
        .prepare_cached(
            "INSERT OR IGNORE INTO devices(id, hostname, source_ip, first_seen, last_updated) VALUES (?1, ?1, ?1, 'a', 'b')",
        )
        .unwrap()
        .execute([&source])
        .unwrap();
    connection
        .prepare_cached(
            "INSERT INTO events(received_at, id, origin, device, reported_host, device_time_us, raw_message, program,
                 process_id, oid, trap_type, rule, enriched_data)
             VALUES (?1, ?2, ?3, (SELECT number FROM devices WHERE source_ip = ?4), ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
        )
        .unwrap()
        .execute(params![
            event.id.received_at().to_string(),
            event.id.0,
            origin,
            source,
            host,
            time,
            String::from_utf8(text).unwrap(),
            program,
            process_id,
            oid,
            trap_type,
            event.rule.map(|rule| rule + 1),
            text_of(event.enriched)
        ])
        .unwrap();
    let reasons: Vec<String> = event.reasons.iter().map(|reason| format!("\"{reason}\"")).collect();
    let community = (version % 2 == 1 && matches!(event.body, Body::Notification(_))).then_some("public");
    if !raw_bytes.is_empty() || !reasons.is_empty() || community.is_some() {
        let reasons = (!reasons.is_empty()).then(|| reasons.join(","));
        let raw_bytes = (!raw_bytes.is_empty()).then_some(raw_bytes);
        connection
            .prepare_cached("INSERT INTO event_extras VALUES (?1, ?2, ?3, ?4)")
            .unwrap()
            .execute(params![event.id.0, raw_bytes, reasons, community])
            .unwrap();
    }
}
