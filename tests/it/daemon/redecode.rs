//! What no credential fits is noted when asked for, and decoded when the credential is there.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use crate::samples::v3::{Agent, Level};
use crate::support::daemon::Daemon;
use crate::support::options::Options;
use crate::support::udp_to;

const AUTH: &str = "auth-secret-1";
const PRIVACY: &str = "priv-secret-1";

const NOBODY: &str = "snmpv3_credentials: []\n";

fn users() -> String {
    format!(
        "snmpv3_credentials:\n  - username: ops\n    credentials:\n      - {{priority: 4, auth_type: SHA, \
         auth_password: {AUTH}, priv_type: AES, priv_password: {PRIVACY}}}\n"
    )
}

fn agent(number: u32) -> Agent {
    Agent::new(number, "ops", AUTH, PRIVACY)
}

/// A daemon that knows no user and notes `most` messages.
fn start(most: &str, rules: &str) -> Daemon {
    let folder = Arc::new(tempfile::tempdir().unwrap());
    std::fs::write(folder.path().join("users.yaml"), NOBODY).unwrap();
    std::fs::write(folder.path().join("rules.yaml"), rules).unwrap();
    let options = Options::default()
        .set("snmpv3.credentials_file", "users.yaml")
        .set("snmpv3.quarantine_messages_max", most)
        .set("pattern_matching.rules_file", "rules.yaml")
        .set("pattern_matching.reload_interval_seconds", "0");
    Daemon::start_in(folder, options)
}

/// Sends messages and waits until they are rows.
fn send(daemon: &Daemon, messages: &[Vec<u8>]) {
    let before = daemon.store().count();
    let sender = udp_to(daemon.address("snmp-udp"));
    messages.iter().for_each(|message| assert_eq!(sender.send(message).unwrap(), message.len()));
    daemon.wait_count(before + messages.len());
}

/// Runs the command and returns what it says.
#[track_caller]
fn redecode(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_muttd"))
        .args(["snmpv3", "redecode", "--config", "mutt.yaml"])
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{told}{:?}", output.stderr);
    for secret in [AUTH, PRIVACY] {
        assert!(!told.contains(secret), "{told}");
    }
    told
}

const NO_RULES: &str = "rules: []\n";

#[test]
fn what_waits_is_decoded_when_its_credential_is_there() {
    let rules = "rules:\n  - {id: r-quiet, name: Quiet port, pattern_type: keyword, keywords: [GigabitEthernet0/7], \
                 severity: warning, action: discard}\n";
    let daemon = start("100", rules);
    let foreign = Agent::new(3, "ops", "other-secret-1", PRIVACY);
    let undecodable = Agent::new(4, "ops", AUTH, "other-secret-2");
    let first = agent(1).link_down(5);
    send(
        &daemon,
        &[first.clone(), agent(2).link_down(7), first, foreign.link_down(8), undecodable.link_down(9)],
    );
    let before = daemon.store().rows("SELECT id, received_at, source_ip FROM messages ORDER BY id");
    let ledger = daemon.ledger()["total"].clone();

    let folder = daemon.folder().path();
    assert_eq!(
        redecode(folder, &[]),
        "5 message(s) of SNMPv3 tried, 0 decoded\n  5 left: usmStatsUnknownUserNames\n"
    );
    std::fs::write(daemon.file("users.yaml"), users()).unwrap();
    daemon.wait_line("1 SNMPv3 user(s) from users.yaml are in force");
    let commit = daemon.store().column("SELECT max(number) FROM commits");
    let told = redecode(folder, &["--dry-run"]);
    assert!(
        told.starts_with("5 message(s) of SNMPv3 tried, 2 could be decoded; nothing was written\n"),
        "{told}"
    );
    assert_eq!(daemon.store().column("SELECT count(*) FROM messages WHERE validated"), ["0"]);

    assert_eq!(daemon.store().column("SELECT max(number) FROM commits"), commit, "a dry run is no commit");

    let told = redecode(folder, &[]);
    assert_eq!(
        told,
        "5 message(s) of SNMPv3 tried, 2 decoded\n  1 left: snmpv3Replayed\n  1 left: usmStatsDecryptionErrors\n  \
         1 left: usmStatsWrongDigests\n"
    );
    assert_eq!(daemon.store().rows("SELECT id, received_at, source_ip FROM messages ORDER BY id"), before);
    assert_eq!(daemon.ledger()["total"], ledger, "nothing was received and nothing lost");
    let rows = daemon.store().rows(
        "SELECT m.validated, m.raw_message, s.oid, s.trap_type, m.matched_rule_id, m.raw_bytes IS NULL,
             json_extract(m.enriched_data, '$.security_level'), json_extract(m.enriched_data, '$.credential_priority'),
             json_extract(m.enriched_data, '$.time_window_checked'),
             json_extract(m.enriched_data, '$.redecoded_at') > m.received_at
         FROM messages m JOIN snmp_messages s ON s.message_id = m.id ORDER BY m.id",
    );
    let rows: Vec<Vec<&str>> = rows
        .iter()
        .map(|row| row.iter().map(|column| column.as_deref().unwrap_or("NULL")).collect())
        .collect();
    let decoded = ["1.3.6.1.6.3.1.1.5.3", "IF-MIB::linkDown"];
    for (row, port, rule) in [(&rows[0], "0/5", "NULL"), (&rows[1], "0/7", "r-quiet")] {
        assert!(row[1].starts_with("IF-MIB::linkDown ") && row[1].contains(port), "{row:?}");
        assert_eq!(row[0], "1");
        assert_eq!(row[2..4], decoded);
        assert_eq!(row[4..], [rule, "1", "authPriv", "4", "0", "1"]);
    }
    for (row, reason) in rows[2..].iter().zip(["UnknownUserNames"; 3]) {
        assert_eq!((row[0], row[5]), ("0", "0"), "its octets stay");
        assert!(row[1].starts_with(&format!("undecoded SNMPv3: usmStats{reason}")), "{row:?}");
    }
    let errors = daemon.store().column("SELECT validation_errors FROM messages ORDER BY id");
    assert_eq!(errors[2], "[\"usmStatsUnknownUserNames\",\"snmpv3Replayed\",\"SNMP trap missing OID\"]");
    // The changed rows are those of a commit of their own, also the one that was noted to be a copy.
    let changed = daemon.store().rows(
        "SELECT c.kind, c.rows, (SELECT count(*) FROM commit_changes n WHERE n.number = c.number),
             (SELECT count(*) FROM events e WHERE e.commit_number = c.number)
         FROM commits c ORDER BY c.number DESC LIMIT 1",
    );
    assert_eq!(changed, [["2", "3", "3", "3"].map(|cell| Some(cell.to_owned()))]);
    // A copy that comes later, while its user is not known, is one, too; the rest is tried again each time.
    std::fs::write(daemon.file("users.yaml"), NOBODY).unwrap();
    daemon.wait_line("0 SNMPv3 user(s) from users.yaml are in force");
    send(&daemon, &[agent(2).link_down(7)]);
    std::fs::write(daemon.file("users.yaml"), users()).unwrap();
    let told = redecode(folder, &[]);
    assert_eq!(
        told,
        "3 message(s) of SNMPv3 tried, 0 decoded\n  1 left: snmpv3Replayed\n  1 left: usmStatsDecryptionErrors\n  \
         1 left: usmStatsWrongDigests\n"
    );
    assert_eq!(daemon.stop().stored, 6);
}

#[test]
fn the_oldest_are_forgotten_and_a_store_at_rest_is_decoded() {
    let daemon = start("3", NO_RULES);
    // Of one engine, whose clock goes back by far: that is not looked at afterwards.
    for number in 1..=5 {
        send(&daemon, &[agent(1).in_life(9 - number, 100_000 - number * 10_000).link_down(number)]);
    }
    let folder = Arc::clone(daemon.folder());
    let store = daemon.store();
    daemon.stop();
    std::fs::write(folder.path().join("users.yaml"), users()).unwrap();
    // What the listener would not take by now is not decoded.
    let config = folder.path().join("mutt.yaml");
    let open = std::fs::read_to_string(&config).unwrap();
    let closed = open.replacen("  snmp:\n", "  snmp:\n    versions: [v1]\n", 1);
    assert_ne!(open, closed);
    std::fs::write(&config, closed).unwrap();
    let told = "3 message(s) of SNMPv3 tried, 0 decoded\n  3 left: snmp_version\n";
    assert_eq!(redecode(folder.path(), &[]), told);
    std::fs::write(&config, open).unwrap();
    assert_eq!(redecode(folder.path(), &[]), "3 message(s) of SNMPv3 tried, 3 decoded\n");
    assert_eq!(store.column("SELECT validated FROM messages ORDER BY id"), ["0", "0", "1", "1", "1"]);
    assert_eq!(redecode(folder.path(), &[]), "0 message(s) of SNMPv3 tried, 0 decoded\n");
}

#[test]
fn nothing_is_noted_unless_asked_for_nor_what_no_credential_helps() {
    let daemon = start("0", NO_RULES);
    send(&daemon, &[agent(1).link_down(1)]);
    assert!(redecode(daemon.folder().path(), &[]).starts_with("0 message(s)"));

    let daemon = start("10", NO_RULES);
    let cut = agent(1).link_down(1)[..60].to_vec();
    send(&daemon, &[cut, crate::samples::link_down(2, crate::samples::Pdu::Trap)]);
    assert!(redecode(daemon.folder().path(), &[]).starts_with("0 message(s)"));
    // An inform to our own engine is one of them, also after the engine began another life; it is not answered now.
    let (engine, boots, time) = super::snmpv3::engine_of(&daemon);
    let inform = Agent::at_engine(engine, "ops", AUTH, PRIVACY).at(Level::AuthPriv).in_life(boots, time);
    send(&daemon, &[inform.inform(1, 3)]);
    let folder = Arc::clone(daemon.folder());
    let store = daemon.store();
    daemon.stop();
    std::fs::write(folder.path().join("users.yaml"), users()).unwrap();
    assert_eq!(redecode(folder.path(), &[]), "1 message(s) of SNMPv3 tried, 1 decoded\n");
    let pdu = "SELECT json_extract(enriched_data, '$.pdu') FROM messages ORDER BY id DESC LIMIT 1";
    assert_eq!(store.column(pdu), ["inform"]);
}

#[test]
fn a_store_that_is_none_is_refused_and_named() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("mutt.yaml"), Options::default().yaml()).unwrap();
    let run = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_muttd"));
        let output = command.args(["snmpv3", "redecode", "--config", "mutt.yaml"]).current_dir(folder.path());
        let output = output.output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        String::from_utf8(output.stderr).unwrap()
    };
    let told = run();
    assert!(told.contains("data/messages.db"), "{told}");
    std::fs::create_dir(folder.path().join("data")).unwrap();
    let other = rusqlite::Connection::open(folder.path().join("data/messages.db")).unwrap();
    other.execute_batch("CREATE TABLE other(x)").unwrap();
    let told = run();
    assert!(told.contains("data/messages.db") && told.contains("another program"), "{told}");
}
