//! The load generator: what it sends over each transport is stored as it was sent, and what is wrong in a store is found.

use std::path::Path;
use std::sync::Arc;

use rusqlite::Connection;
use serde_json::Value as Json;
use tempfile::TempDir;

use crate::support::daemon::Daemon;
use crate::support::loadgen::{Outcome, Running, run};
use crate::support::options::Options;
use crate::support::tls::Authority;
use crate::support::wait_until;

const STORE: &str = "data/messages.db";
/// Three thousand messages. A busy machine may send them late.
const LOAD: &str = "--rate 3000 --duration 1s --devices 50 --accept-drops --verify-store data/messages.db";

/// A sum over all streams in the store.
fn sum(outcome: &Outcome, member: &str) -> u64 {
    let streams = outcome.summary["store"]["streams"].as_object();
    let streams = streams.unwrap_or_else(|| panic!("no findings: {outcome:?}"));
    streams.values().map(|stream| stream[member].as_u64().unwrap()).sum()
}

/// Wants every message of a run to be in the store as it was sent.
#[track_caller]
fn assert_whole(outcome: &Outcome, messages: u64) {
    assert_eq!(outcome.code, 0, "{}", outcome.text);
    let verdict = outcome.summary["verdict"].as_str().unwrap();
    assert!(["complete", "too_slow"].contains(&verdict), "{}", outcome.text);
    let found = ["sent", "stored"].map(|member| sum(outcome, member));
    assert_eq!(found, [messages, messages], "{}", outcome.text);
    for member in ["lost", "acknowledged_and_lost", "doubled", "repeated", "changed", "undecoded"] {
        assert_eq!(sum(outcome, member), 0, "{member}: {}", outcome.text);
    }
}

fn options() -> Options {
    Options::default()
        .set("listeners.syslog.relp.enabled", "true")
        .set("listeners.syslog.relp.port", "0")
        .set("listeners.syslog.tls.enabled", "true")
        .set("listeners.syslog.tls.port", "0")
        .set("listeners.syslog.tls.certificate_file", "server.pem")
        .set("listeners.syslog.tls.key_file", "server.key")
        .set("snmpv3.credentials_file", "users.yaml")
}

/// A daemon with every listener, in a folder with certificates and a user of SNMPv3.
fn daemon(options: Options) -> Daemon {
    let folder = Arc::new(tempfile::tempdir().unwrap());
    let authority = Authority::new(folder.path());
    authority.issue(folder.path(), "client", &["client"]);
    let users = "snmpv3_credentials:\n  - username: loadgen\n    credentials:\n      - {priority: 1, auth_type: SHA, \
                 auth_password: auth-password, priv_type: AES, priv_password: priv-password}\n";
    std::fs::write(folder.path().join("users.yaml"), users).unwrap();
    Daemon::start_in(folder, options)
}

/// The ports of a run that sends syslog to `listener`.
fn ports(daemon: &Daemon, listener: &str) -> String {
    let [syslog, snmp] = [listener, "snmp-udp"].map(|name| daemon.address(name).port());
    format!("--syslog-port {syslog} --snmp-port {snmp}")
}

#[test]
fn every_transport_stores_every_message_as_it_was_sent() {
    let daemon = daemon(options());
    let folder = daemon.folder().path().to_owned();
    let passwords = "--v3-auth-password auth-password --v3-priv-password priv-password";
    let mut stored = 0;
    for (seed, (listener, arguments)) in (1..).zip([
        ("syslog-udp", format!("--mix syslog=4,rfc5424=2,v1=1,v2c=1,v3=1 --v3-engines 5 {passwords}")),
        ("syslog-tcp", "--transport tcp --threads 2 --connections 5 --mix syslog=2,rfc5424=1".to_owned()),
        ("syslog-tcp", "--transport tcp-lf --mix syslog=3,v2c=1".to_owned()),
        ("syslog-tls", "--transport tls --tls-ca ca.pem --connections 3 --mix rfc5424=1".to_owned()),
        ("syslog-tls", "--transport tls --insecure --mix linux=1".to_owned()),
        ("syslog-relp", "--transport relp --connections 4 --window 500 --mix syslog=1".to_owned()),
        ("syslog-udp", format!("--window 500 --mix v2c-inform=1,v3-inform=1 {passwords}")),
    ]) {
        let line = format!("{LOAD} {} --seed {seed} {arguments}", ports(&daemon, listener));
        let outcome = run(&folder, &line);
        assert_whole(&outcome, 3_000);
        let informs_or_relp = arguments.contains("relp") || arguments.contains("inform");
        let acknowledged = if informs_or_relp { 3_000 } else { 0 };
        assert_eq!(outcome.summary["acknowledged"], acknowledged, "{line}");
        let answers = outcome.summary["answers"].as_object().unwrap();
        assert_eq!(answers.values().map(|times| times["count"].as_u64().unwrap()).sum::<u64>(), acknowledged);
        stored += 3_000;
    }
    assert_eq!(daemon.stop().stored, stored);
}

#[test]
fn certificates_are_wanted_and_shown() {
    let options = options()
        .set("listeners.syslog.relp.tls", "true")
        .set("listeners.syslog.tls.client_certificates", "required")
        .set("listeners.syslog.tls.client_ca_file", "ca.pem");
    let daemon = daemon(options);
    let folder = daemon.folder().path().to_owned();
    let line = format!("{LOAD} {} --mix syslog=1 --transport relp-tls", ports(&daemon, "syslog-relp"));
    let refused = run(&folder, &line);
    assert_eq!(refused.code, 2, "{}", refused.text);
    assert!(refused.text.contains("--tls-ca"), "{}", refused.text);
    let refused = run(&folder, &format!("{line} --tls-ca client.pem"));
    assert_eq!(refused.code, 2, "another authority: {}", refused.text);
    let anonymous = run(&folder, &format!("{line} --tls-ca ca.pem"));
    assert_eq!(anonymous.code, 2, "{}", anonymous.text);
    let own = "--tls-ca ca.pem --tls-name localhost --tls-certificate client.pem --tls-key client.key";
    assert_whole(&run(&folder, &format!("{line} {own}")), 3_000);
    assert_eq!(daemon.stop().stored, 3_000);
}

#[test]
fn sums_that_agree_are_not_taken_for_proof() {
    let daemon = daemon(options());
    let folder = daemon.folder().path().to_owned();
    let line = format!("{} --rate 500 --duration 200ms --accept-drops", ports(&daemon, "syslog-udp"));
    let http = daemon.http();
    let outcome = run(&folder, &format!("{line} --verify http://{http}"));
    assert_eq!(outcome.code, 0, "{}", outcome.text);
    assert!(outcome.text.contains("not proved: that each message is stored once"), "{}", outcome.text);
    let both = run(&folder, &format!("{line} --seed 2 --verify http://{http} --verify-store {STORE}"));
    assert_whole(&both, 100);
    assert!(!both.text.contains("not proved"), "{}", both.text);
    daemon.stop();
}

/// A run over one TCP connection, and a copy of its store with no daemon behind it.
fn copied_store() -> (Arc<TempDir>, Connection, String) {
    let daemon = daemon(options());
    let folder = Arc::clone(daemon.folder());
    let settings =
        "--rate 3000 --duration 1s --transport tcp --mix linux=2,v2c=1 --run-id 00c0ffee --accept-drops";
    let line = format!("{settings} {} --verify-store {STORE}", ports(&daemon, "syslog-tcp"));
    assert_whole(&run(folder.path(), &line), 3_000);
    let copy = folder.path().join("copy.db");
    daemon.store().read().execute("VACUUM INTO ?1", [copy.to_str().unwrap()]).unwrap();
    daemon.stop();
    let settings = settings.replace("--run-id", "--run");
    (folder, Connection::open(copy).unwrap(), format!("{settings} --verify-store copy.db"))
}

/// Rows of a kind (0 syslog, 2 v2c), in the order of receipt, from number `from` on.
fn rows(store: &Connection, kind: u8, from: usize, count: usize) -> Vec<i64> {
    let sql = "SELECT id FROM events WHERE facts & 15 = ?1 ORDER BY received_at, id LIMIT ?2 OFFSET ?3";
    let mut statement = store.prepare(sql).unwrap();
    let rows = statement.query_map((kind, count as i64, from as i64), |row| row.get(0)).unwrap();
    rows.map(Result::unwrap).collect()
}

#[test]
fn every_fault_in_a_store_is_found_and_counted() {
    let (folder, store, line) = copied_store();
    let look = || run(folder.path(), &line);
    assert_whole(&look(), 3_000);
    let each = |sql: &str, ids: Vec<i64>| {
        for id in ids {
            assert_eq!(store.execute(sql, [id]).unwrap(), 1, "{sql}");
        }
    };
    each("DELETE FROM events WHERE id = ?1", rows(&store, 0, 100, 7));
    // The same row with the id of a producer that there is none of.
    let columns: String = store
        .query_row(
            "SELECT group_concat(CASE name WHEN 'id' THEN 'id | (31 << 6)' ELSE name END)
             FROM (SELECT name FROM pragma_table_info('events') ORDER BY cid)",
            [],
            |row| row.get(0),
        )
        .unwrap();
    let double = format!("INSERT INTO events SELECT {columns} FROM events WHERE id = ?1");
    each(&double, rows(&store, 0, 300, 5));
    each("UPDATE events SET raw_message = 'x' || raw_message WHERE id = ?1", rows(&store, 0, 500, 4));
    // Written out in full, as a row without a shape is.
    let value = "UPDATE events SET shape = NULL, (oid, trap_type, enriched) = (
                     SELECT m.oid, m.trap_type,
                         replace(m.enriched_data, 'ticks\",\"value\":', 'ticks\",\"value\":1')
                     FROM messages m WHERE m.raw_message = events.raw_message)
                 WHERE id = ?1";
    each(value, rows(&store, 2, 500, 3));
    each("INSERT INTO event_extras (id, reasons) VALUES (?1, '\"tampered\"')", rows(&store, 0, 700, 2));
    for pair in rows(&store, 0, 900, 12).chunks(2) {
        let text = |id: i64| -> String {
            store.query_row("SELECT raw_message FROM events WHERE id = ?1", [id], |row| row.get(0)).unwrap()
        };
        let (first, second) = (text(pair[0]), text(pair[1]));
        for (id, text) in [(pair[0], second), (pair[1], first)] {
            store.execute("UPDATE events SET raw_message = ?2 WHERE id = ?1", (id, text)).unwrap();
        }
    }
    let found = look();
    assert_eq!((found.code, &found.summary["verdict"]), (1, &Json::from("store_wrong")), "{}", found.text);
    for (member, count) in
        [("stored", 2_993), ("lost", 7), ("doubled", 5), ("changed", 7), ("undecoded", 2), ("reordered", 6)]
    {
        assert_eq!(sum(&found, member), count, "{member}: {}", found.text);
    }
    let streams = &found.summary["store"]["streams"];
    assert_eq!((&streams["0"]["changed"], &streams["1"]["changed"]), (&Json::from(3), &Json::from(4)));
    for fault in ["7 lost", "5 doubled", "4 changed", "3 changed", "2 undecoded", "6 reordered"] {
        assert!(found.text.contains(fault), "{fault}: {}", found.text);
    }
    // The wrong settings are no proof of anything.
    let other = run(folder.path(), &line.replace("--rate 3000", "--rate 2999"));
    assert_eq!(other.code, 1, "{}", other.text);
}

/// Lines of a file of acknowledgements, its head left out.
fn acknowledged(path: &Path) -> usize {
    std::fs::read_to_string(path).map_or(0, |text| text.lines().count().saturating_sub(1))
}

#[test]
fn what_was_acknowledged_outlives_a_kill() {
    let first = daemon(options());
    let folder = Arc::clone(first.folder());
    let [relp, snmp] = ["syslog-relp", "snmp-udp"].map(|name| first.address(name).port().to_string());
    let settings = "--rate 2000 --duration 3s --transport relp --connections 2 --mix syslog=4,v2c-inform=1,v3-inform=1 \
                    --v3-auth-password auth-password --v3-priv-password priv-password --window 200 --answer-timeout 300ms --retries 50 --accept-drops --acknowledged-file acknowledged";
    let line = format!("{settings} --syslog-port {relp} --snmp-port {snmp} --verify-store {STORE}");
    let sender = Running::start(folder.path(), &format!("{line} --run-id 00c0ffee"));
    let file = folder.path().join("acknowledged");
    wait_until("some are acknowledged", || acknowledged(&file) > 500);
    let folder = first.kill9();
    let kept = acknowledged(&file);
    assert!(kept < 6_000, "killed while sending");
    let again = options().set("listeners.syslog.relp.port", &relp).set("listeners.snmp.port", &snmp);
    let second = Daemon::start_in(Arc::clone(&folder), again);
    let outcome = sender.wait();
    assert_eq!(outcome.code, 0, "{}", outcome.text);
    assert_eq!(outcome.summary["acknowledged"], 6_000, "{}", outcome.text);
    assert!(outcome.summary["reconnects"].as_u64().unwrap() >= 2, "{}", outcome.text);
    assert!(outcome.summary["resent"].as_u64().unwrap() > 0, "{}", outcome.text);
    for member in ["lost", "doubled", "changed", "undecoded"] {
        assert_eq!(sum(&outcome, member), 0, "{member}: {}", outcome.text);
    }
    second.stop();
    // Later, from the file alone; and a row that was acknowledged is missed.
    let later = format!("{settings} --run 00c0ffee --verify-store {STORE}");
    assert_eq!(run(folder.path(), &later).code, 0);
    let store = Connection::open(folder.path().join(STORE)).unwrap();
    let gone = rows(&store, 0, 100, 1)[0];
    store.execute("DELETE FROM events WHERE id = ?1", [gone]).unwrap();
    drop(store);
    let found = run(folder.path(), &later);
    assert_eq!((found.code, sum(&found, "acknowledged_and_lost")), (1, 1), "{}", found.text);
}
