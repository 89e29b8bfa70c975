//! Version 3: who is believed, what is said of the others, and how credentials are exchanged.

use std::net::UdpSocket;
use std::path::Path;
use std::sync::Arc;

use mutt::wire::snmp::{Message, UsmParameters, V3Message, decode};

use crate::samples::v3::{Agent, Level, discovery};
use crate::support::daemon::Daemon;
use crate::support::options::Options;
use crate::support::{udp_to, wait_until};

/// A credential of SHA and AES in the file's terms.
fn credential(priority: u32, auth: &str, privacy: &str, active: bool) -> String {
    format!(
        "      - {{priority: {priority}, auth_type: SHA, auth_password: {auth}, priv_type: AES, \
         priv_password: {privacy}, active: {active}}}\n"
    )
}

/// A credentials file with one user.
fn user(credentials: &[String]) -> String {
    format!("snmpv3_credentials:\n  - username: ops\n    credentials:\n{}", credentials.concat())
}

fn start(file: &str) -> Daemon {
    let folder = Arc::new(tempfile::tempdir().unwrap());
    std::fs::write(folder.path().join("users.yaml"), file).unwrap();
    Daemon::start_in(folder, Options::default().set("snmpv3.credentials_file", "users.yaml"))
}

/// Exchanges a file in one step, as careful editors do.
pub fn replace(path: &Path, text: &str) {
    let fresh = path.with_extension("new");
    std::fs::write(&fresh, text).unwrap();
    std::fs::rename(&fresh, path).unwrap();
}

const OLD: [&str; 2] = ["old-auth-secret", "old-priv-secret"];
const NEW: [&str; 2] = ["new-auth-secret", "new-priv-secret"];

fn agent(number: u32, [auth, privacy]: [&str; 2]) -> Agent {
    Agent::new(number, "ops", auth, privacy)
}

/// Sends a trap and returns `validated`, `raw_message` and `validation_errors` of its row.
pub fn sent(daemon: &Daemon, trap: &[u8]) -> (bool, String, String) {
    let before = daemon.store().count();
    udp_to(daemon.address("snmp-udp")).send(trap).unwrap();
    daemon.wait_count(before + 1);
    let row = daemon
        .store()
        .row("SELECT validated, raw_message, validation_errors FROM messages ORDER BY id DESC LIMIT 1");
    let mut row = row.into_iter().flatten();
    let mut next = || row.next().unwrap();
    (next() == "1", next(), next())
}

#[test]
fn an_authentic_trap_is_a_row_like_any_other() {
    let daemon = start(&user(&[credential(7, OLD[0], OLD[1], true)]));
    let agent = agent(1, OLD);
    let (validated, text, errors) = sent(&daemon, &agent.link_down(5));
    assert!(validated && errors == "[]", "{text} {errors}");
    assert_eq!(
        text,
        "IF-MIB::linkDown ifIndex.6=6 ifAdminStatus.6=up(1) ifOperStatus.6=down(2) ifDescr.6=\"GigabitEthernet0/5\""
    );
    let row = daemon.store().row(
        "SELECT s.snmp_version, s.oid, s.trap_type, s.community_string, m.raw_bytes,
             json_extract(m.enriched_data, '$.security_level'), json_extract(m.enriched_data, '$.user'),
             json_extract(m.enriched_data, '$.engine_id'), json_extract(m.enriched_data, '$.credential_priority')
         FROM messages m JOIN snmp_messages s ON s.message_id = m.id",
    );
    let expected = [
        "v3",
        "1.3.6.1.6.3.1.1.5.3",
        "IF-MIB::linkDown",
        "",
        "",
        "authPriv",
        "ops",
        "80007ed90500000001",
        "7",
    ];
    let row: Vec<&str> = row.iter().map(|column| column.as_deref().unwrap_or_default()).collect();
    assert_eq!(row, expected);
    assert_eq!(daemon.stop().stored, 1);
}

#[test]
fn what_is_refused_is_kept_and_says_why() {
    let daemon = start(&user(&[credential(1, OLD[0], OLD[1], true)]));
    let stranger = Agent::new(2, "somebody", OLD[0], OLD[1]);
    let right = agent(1, OLD);
    let cases = [
        (agent(1, NEW).link_down(1), "usmStatsWrongDigests"),
        (agent(1, [OLD[0], NEW[1]]).link_down(2), "usmStatsDecryptionErrors"),
        (stranger.link_down(3), "usmStatsUnknownUserNames"),
        (right.clone().at(Level::NoAuthNoPriv).link_down(4), "usmStatsUnsupportedSecLevels"),
        (right.clone().at(Level::AuthNoPriv).link_down(5), "usmStatsUnsupportedSecLevels"),
    ];
    for (trap, reason) in &cases {
        let (validated, text, errors) = sent(&daemon, trap);
        assert!(!validated, "{reason}: {text}");
        let user = if *reason == "usmStatsUnknownUserNames" { "somebody" } else { "ops" };
        let engine = if user == "ops" { "80007ed90500000001" } else { "80007ed90500000002" };
        let start = format!("undecoded SNMPv3: {reason}: user \"{user}\" engine {engine}: 0x30");
        assert!(text.starts_with(&start), "{text}");
        assert!(errors.contains(&format!("\"{reason}\"")), "{errors}");
        assert_eq!(daemon.store().octets().last(), Some(trap), "it can be decoded later");
    }
    // The same again is not news; what came before it is.
    let trap = right.link_down(6);
    assert!(sent(&daemon, &trap).0);
    let (validated, text, _) = sent(&daemon, &trap);
    assert!(!validated && text.contains("snmpv3Replayed"), "{text}");
    // Of an earlier life.
    let reborn = right.clone().in_life(2, 1);
    assert!(sent(&daemon, &reborn.link_down(7)).0);
    let (validated, text, _) = sent(&daemon, &right.link_down(8));
    assert!(!validated && text.contains("usmStatsNotInTimeWindows"), "{text}");
    wait_until("refusals counted", || {
        daemon.account("snmp-udp", "/undecoded/usmStatsUnsupportedSecLevels") == 2
            && daemon.account("snmp-udp", "/undecoded/snmpv3Replayed") == 1
    });
    let (_, metrics) = daemon.get("/metrics");
    assert!(
        metrics.contains("mutt_undecoded_total{listener=\"snmp-udp\",reason=\"usmStatsWrongDigests\"} 1"),
        "{metrics}"
    );
    assert_eq!(daemon.stop().stored, 9);
}

#[test]
fn a_level_below_is_enough_only_when_it_is_configured() {
    let file = "snmpv3_credentials:\n  - username: ops\n    min_security_level: noAuthNoPriv\n    credentials:\n      - {priority: 1, auth_type: NONE}\n      \
                - {priority: 2, auth_type: SHA, auth_password: old-auth-secret}\n";
    let daemon = start(file);
    let agent = agent(1, OLD);
    for (number, level, name) in
        [(1, Level::NoAuthNoPriv, "noAuthNoPriv"), (2, Level::AuthNoPriv, "authNoPriv")]
    {
        assert!(sent(&daemon, &agent.clone().at(level).link_down(number)).0, "{name}");
        let sql =
            "SELECT json_extract(enriched_data, '$.security_level') FROM messages ORDER BY id DESC LIMIT 1";
        assert_eq!(daemon.store().column(sql), [name]);
    }
    let (validated, text, _) = sent(&daemon, &agent.link_down(3));
    assert!(!validated && text.contains("usmStatsUnsupportedSecLevels"), "{text}");
    daemon.stop();
}

#[test]
fn credentials_are_exchanged_without_a_gap() {
    let old_only = [credential(1, OLD[0], OLD[1], true), credential(2, NEW[0], NEW[1], false)];
    let daemon = start(&user(&old_only));
    let file = daemon.file("users.yaml");
    let [old, new] = [agent(1, OLD), agent(2, NEW)];
    assert!(sent(&daemon, &old.link_down(1)).0);
    assert!(!sent(&daemon, &new.link_down(2)).0, "prepared, not active");

    replace(&file, &user(&[credential(1, OLD[0], OLD[1], true), credential(2, NEW[0], NEW[1], true)]));
    daemon.wait_line("1 SNMPv3 user(s) from users.yaml are in force");
    assert!(sent(&daemon, &new.link_down(3)).0 && sent(&daemon, &old.link_down(4)).0, "side by side");
    // The first device changes over.
    let changed = agent(1, NEW).in_life(1, 1_001);
    assert!(sent(&daemon, &changed.link_down(5)).0);

    std::fs::write(&file, "snmpv3_credentials: [{username: ops}]\n").unwrap();
    daemon.wait_line("users.yaml is rejected, the old credentials stay in force");
    assert!(sent(&daemon, &new.link_down(6)).0, "the old ones stay");

    replace(&file, &user(&[credential(2, NEW[0], NEW[1], true)]));
    daemon.process().signal("HUP");
    daemon.process().wait_lines("1 SNMPv3 user(s) from users.yaml are in force", 2);
    let (validated, text, _) = sent(&daemon, &agent(1, OLD).in_life(1, 1_002).link_down(7));
    assert!(!validated && text.contains("usmStatsWrongDigests"), "{text}");
    assert!(sent(&daemon, &new.link_down(8)).0);
    let log = daemon.process().lines().join("\n");
    for secret in OLD.iter().chain(&NEW) {
        assert!(!log.contains(secret), "a password in the log");
    }
    daemon.stop();
}

/// Sends `request` and decodes what comes back as a message of version 3.
fn answer_to(socket: &UdpSocket, request: &[u8]) -> Vec<u8> {
    socket.send(request).unwrap();
    let mut answer = vec![0; 2_000];
    let length = socket.recv(&mut answer).unwrap();
    answer.truncate(length);
    answer
}

fn v3(bytes: &[u8]) -> V3Message<'_> {
    match decode(bytes) {
        Ok(Message::V3(message)) => message,
        other => panic!("{other:?}"),
    }
}

/// The engine that a daemon says it is, with boots and time.
pub fn engine_of(daemon: &Daemon) -> (Vec<u8>, u32, u32) {
    let socket = udp_to(daemon.address("snmp-udp"));
    let report = answer_to(&socket, &discovery(77));
    let message = v3(&report);
    assert_eq!((message.msg_id, message.flags.0), (77, 0));
    let usm = UsmParameters::decode(message.security_parameters).unwrap();
    let number = |value: i32| u32::try_from(value).unwrap();
    (usm.engine_id.to_vec(), number(usm.boots), number(usm.time))
}

#[test]
fn an_inform_is_answered_when_it_is_stored_and_stored_once() {
    let daemon = start(&user(&[credential(1, OLD[0], OLD[1], true)]));
    let (engine, boots, time) = engine_of(&daemon);
    let sender = Agent::at_engine(engine, "ops", OLD[0], OLD[1]).in_life(boots, time);
    let address = daemon.address("snmp-udp");
    for msg_id in 1..=3 {
        let response = answer_to(&udp_to(address), &sender.inform(msg_id, 9));
        let message = v3(&response);
        assert_eq!((message.msg_id, message.flags.0), (msg_id as i32, 3), "authPriv");
        assert_eq!(daemon.store().count(), 1, "committed when the answer came");
    }
    let pdu = "SELECT json_extract(enriched_data, '$.pdu') FROM messages";
    assert_eq!(daemon.store().column(pdu), ["inform"]);
    wait_until("all accounted for", || {
        daemon.account("snmp-udp", "/dropped/repeated_inform") == 2
            && daemon.account("snmp-udp", "/dropped/snmpv3_discovery") == 1
    });

    // Of another time: the answer tells the time, so that the sender believes it must be authentic.
    let stale = sender.clone().in_life(boots, time + 100_000);
    let report = answer_to(&udp_to(address), &stale.inform(4, 10));
    let message = v3(&report);
    assert_eq!((message.msg_id, message.flags.0), (4, 1), "authNoPriv");
    let usm = UsmParameters::decode(message.security_parameters).unwrap();
    assert_eq!(usm.boots, boots as i32);
    assert_eq!(daemon.store().count(), 2, "kept, not believed");
    assert!(daemon.store().texts()[1].contains("usmStatsNotInTimeWindows"));
    let (_, metrics) = daemon.get("/metrics");
    assert!(metrics.contains("mutt_snmpv3_reports_total 2"), "{metrics}");

    // Who asks what our clock shows is told, and will say again what it had to say (RFC 3414 section 4).
    let report = answer_to(&udp_to(address), &sender.clone().in_life(0, 0).inform(5, 11));
    assert_eq!((v3(&report).msg_id, v3(&report).flags.0), (5, 1), "authNoPriv");
    wait_until("a question", || daemon.account("snmp-udp", "/dropped/snmpv3_discovery") == 2);
    assert!(metrics.contains("mutt_informs_answered_total 3"), "{metrics}");
    let end = daemon.stop();
    assert_eq!((end.received, end.stored, end.dropped), (6, 2, 4));
}

#[test]
fn the_engine_stays_and_counts_its_starts() {
    let file = user(&[credential(1, OLD[0], OLD[1], true)]);
    let daemon = start(&file);
    let (engine, boots, _) = engine_of(&daemon);
    assert_eq!(boots, 1);
    let folder = daemon.kill9();
    let options = Options::default().set("snmpv3.credentials_file", "users.yaml");
    let daemon = Daemon::start_in(folder, options);
    let (again, boots, _) = engine_of(&daemon);
    assert_eq!((again, boots), (engine, 2));
    daemon.stop();
}

#[test]
fn a_flood_of_questions_gets_a_limited_number_of_answers() {
    let daemon = start("snmpv3_credentials: []\n");
    let socket = udp_to(daemon.address("snmp-udp"));
    for msg_id in 1..=1_000 {
        socket.send(&discovery(msg_id)).unwrap();
    }
    wait_until("all accounted for", || daemon.account("snmp-udp", "/dropped/snmpv3_discovery") == 1_000);
    let (_, metrics) = daemon.get("/metrics");
    let suppressed =
        metrics.lines().find_map(|line| line.strip_prefix("mutt_snmpv3_reports_suppressed_total "));
    let suppressed: u64 = suppressed.unwrap().parse().unwrap();
    assert!((500..1_000).contains(&suppressed), "{suppressed} not answered");
    assert_eq!(daemon.store().count(), 0);
    daemon.stop();
}

#[test]
fn who_used_which_credential_is_told() {
    let both = [credential(1, OLD[0], OLD[1], true), credential(2, NEW[0], NEW[1], true)];
    let daemon = start(&user(&both));
    assert!(sent(&daemon, &agent(1, OLD).link_down(1)).0);
    assert!(!sent(&daemon, &agent(1, [OLD[0], "wrong-priv-secret"]).link_down(2)).0);
    assert!(!sent(&daemon, &Agent::new(5, "somebody", OLD[0], OLD[1]).link_down(3)).0);
    let told = daemon.json("/api/v1/snmpv3/credentials");
    let used = &told["credentials"][0];
    assert_eq!(used["source_ip"], "127.0.0.1");
    assert_eq!(used["username"], "ops");
    assert_eq!(used["credential_priority"], 1);
    assert_eq!(used["security_level"], "authPriv");
    assert_eq!(used["engine_id"], "80007ed90500000001");
    assert_eq!(used["last_failure_reason"], "usmStatsDecryptionErrors");
    let names: Vec<_> = told["failing"].as_array().unwrap().iter().map(|user| &user["username"]).collect();
    assert_eq!(names, ["somebody", "ops"]);

    // The device changes over: the old credential is used by nobody, and the user does not fail any more.
    assert!(sent(&daemon, &agent(1, NEW).in_life(1, 1_001).link_down(4)).0);
    let told = daemon.json("/api/v1/snmpv3/credentials");
    assert_eq!(told["credentials"][0]["credential_priority"], 2);
    assert_eq!(told["failing"].as_array().unwrap().len(), 1);
    let rows = daemon.store().column("SELECT username FROM snmpv3_auth_failures");
    assert_eq!(rows, ["somebody"]);

    let output = std::process::Command::new(env!("CARGO_BIN_EXE_muttd"))
        .args(["--config", "mutt.yaml", "snmpv3", "status"])
        .current_dir(daemon.folder().path())
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}");
    assert!(text.contains("priority 1: SHA/AES, active, used last by 0 device(s)"), "{text}");
    assert!(
        text.contains(
            "priority 2: SHA/AES, active, used last by 1 device(s)\n    127.0.0.1 authPriv, last 2"
        ),
        "{text}"
    );
    assert!(text.contains("user somebody: 1 time(s), last 2"), "{text}");
    for secret in OLD.iter().chain(&NEW) {
        assert!(!text.contains(secret) && !told.to_string().contains(secret), "a password is shown");
    }
    daemon.stop();
}

#[test]
fn a_trap_of_before_is_a_replay_after_a_restart_too() {
    let file = user(&[credential(1, OLD[0], OLD[1], true)]);
    let daemon = start(&file);
    let trap = agent(1, OLD).in_life(3, 5_000).link_down(1);
    assert!(sent(&daemon, &trap).0);
    let folder = Arc::clone(daemon.folder());
    daemon.stop();
    let daemon = Daemon::start_in(folder, Options::default().set("snmpv3.credentials_file", "users.yaml"));
    for (boots, time, is_taken) in [(2, 9_000, false), (3, 4_800, false), (3, 5_001, true), (4, 1, true)] {
        let (validated, text, _) = sent(&daemon, &agent(1, OLD).in_life(boots, time).link_down(time));
        assert_eq!(validated, is_taken, "boots {boots}, time {time}: {text}");
    }
    daemon.stop();
}
