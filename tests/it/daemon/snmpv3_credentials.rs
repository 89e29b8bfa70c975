//! What a credential may be: of one engine, a key in place of a password, a password that stands elsewhere; and what
//! a user's least level keeps out.

use std::fmt::Write as _;
use std::sync::Arc;

use crate::daemon::snmpv3::{engine_of, replace, sent};
use crate::samples::v3::{Agent, Level};
use crate::support::daemon::Daemon;
use crate::support::options::Options;
use crate::support::{udp_to, wait_until};

const AUTH: &str = "auth-secret-1";
const PRIVACY: &str = "priv-secret-1";

/// A daemon with the user `ops`, whose entry has `lines`.
fn start(lines: &str) -> Daemon {
    let folder = Arc::new(tempfile::tempdir().unwrap());
    std::fs::write(folder.path().join("users.yaml"), file(lines)).unwrap();
    std::fs::write(folder.path().join("auth-password"), format!("{AUTH}\n")).unwrap();
    Daemon::start_in(folder, Options::default().set("snmpv3.credentials_file", "users.yaml"))
}

fn file(lines: &str) -> String {
    format!("snmpv3_credentials:\n  - username: ops\n    {lines}\n")
}

fn agent(number: u32) -> Agent {
    Agent::new(number, "ops", AUTH, PRIVACY)
}

fn hex(octets: &[u8]) -> String {
    octets.iter().fold(String::new(), |mut text, octet| {
        let _ = write!(text, "{octet:02x}");
        text
    })
}

#[test]
fn a_bound_credential_is_for_its_engine_alone() {
    let daemon = start(&format!(
        "credentials: [{{priority: 1, engine_id: {}, auth_type: SHA, auth_password: {AUTH}, priv_type: AES, \
         priv_password: {PRIVACY}}}]",
        hex(&agent(1).engine_id)
    ));
    assert!(sent(&daemon, &agent(1).link_down(1)).0);
    let (validated, text, _) = sent(&daemon, &agent(2).link_down(2));
    assert!(!validated && text.contains("usmStatsUnknownUserNames"), "{text}");
    assert!(sent(&daemon, &agent(1).link_down(3)).0);
    daemon.stop();
}

#[test]
fn localised_keys_are_taken_for_traps_and_for_informs_to_us() {
    let daemon = start("credentials: [{priority: 9, auth_type: SHA, auth_password: another-secret}]");
    let (engine, boots, time) = engine_of(&daemon);
    let sender = Agent::at_engine(engine, "ops", AUTH, PRIVACY).in_life(boots, time);
    let entry = |agent: &Agent| {
        format!(
            "      - {{priority: 1, engine_id: \"0x{}\", auth_type: SHA, auth_key: \"{}\", priv_type: AES, \
             priv_key: \"{}\"}}\n",
            hex(&agent.engine_id),
            hex(&agent.auth_key),
            hex(&agent.priv_key[..16])
        )
    };
    let lines = format!("credentials:\n{}{}", entry(&agent(1)), entry(&sender));
    replace(&daemon.file("users.yaml"), &file(&lines));
    daemon.wait_line("1 SNMPv3 user(s) from users.yaml are in force");
    assert!(sent(&daemon, &agent(1).link_down(1)).0);
    let (validated, text, _) = sent(&daemon, &agent(2).link_down(2));
    assert!(!validated && text.contains("usmStatsUnknownUserNames"), "{text}");

    let socket = udp_to(daemon.address("snmp-udp"));
    socket.send(&sender.inform(3, 3)).unwrap();
    let mut answer = [0; 2_000];
    assert!(socket.recv(&mut answer).unwrap() > 0);
    let stored =
        "SELECT count(*) FROM messages WHERE validated AND json_extract(enriched_data, '$.pdu') = 'inform'";
    assert_eq!(daemon.store().column(stored), ["1"]);

    let output = std::process::Command::new(env!("CARGO_BIN_EXE_muttd"))
        .args(["--config", "mutt.yaml", "snmpv3", "status"])
        .current_dir(daemon.folder().path())
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let line = format!(
        "priority 1 of engine {}: SHA/AES, active, used last by 1 device(s)",
        hex(&agent(1).engine_id)
    );
    assert!(text.contains(&line), "{text}");
    for secret in [hex(&agent(1).auth_key), hex(&sender.auth_key)] {
        let log = daemon.process().lines().join("\n");
        assert!(!text.contains(&secret) && !log.contains(&secret), "a key is shown");
    }
    daemon.stop();
}

#[test]
fn passwords_come_from_a_file_and_from_the_environment() {
    // What cargo sets for us, the daemon inherits.
    let from_environment = std::env::var("CARGO_MANIFEST_DIR").unwrap();
    let daemon = start(
        "credentials: [{priority: 1, auth_type: SHA, auth_password_file: auth-password, priv_type: AES, \
         priv_password_env: CARGO_MANIFEST_DIR}]",
    );
    let agent = |number, auth: &str| Agent::new(number, "ops", auth, &from_environment);
    assert!(sent(&daemon, &agent(1, AUTH).link_down(1)).0);
    // Another password in the file that is named: nothing else changes, nobody says so.
    replace(&daemon.file("auth-password"), "auth-secret-2");
    daemon.wait_line("1 SNMPv3 user(s) from users.yaml are in force");
    assert!(!sent(&daemon, &agent(1, AUTH).link_down(2)).0);
    assert!(sent(&daemon, &agent(1, "auth-secret-2").link_down(3)).0);
    std::fs::remove_file(daemon.file("auth-password")).unwrap();
    daemon.wait_line("users.yaml is rejected, the old credentials stay in force");
    daemon.wait_line("/auth-password cannot be read: ");
    assert!(sent(&daemon, &agent(1, "auth-secret-2").link_down(4)).0);
    let log = daemon.process().lines().join("\n");
    assert!(!log.contains("auth-secret"), "a password in the log");
    daemon.stop();
}

#[test]
fn a_users_least_level_is_kept() {
    let daemon = start(&format!(
        "min_security_level: authPriv\n    credentials: [{{priority: 1, auth_type: SHA, auth_password: {AUTH}, priv_type: \
         AES, priv_password: {PRIVACY}}}]"
    ));
    assert!(sent(&daemon, &agent(1).link_down(1)).0);
    for level in [Level::NoAuthNoPriv, Level::AuthNoPriv] {
        let (validated, text, _) = sent(&daemon, &agent(1).at(level).link_down(2));
        assert!(!validated && text.contains("usmStatsUnsupportedSecLevels"), "{text}");
    }
    // A file that asks for less than it says is no file.
    let below = "min_security_level: authPriv\n    credentials: [{priority: 1, auth_type: SHA, auth_password: another-one}]";
    replace(&daemon.file("users.yaml"), &file(below));
    daemon.wait_line("users.yaml is rejected, the old credentials stay in force");
    assert!(sent(&daemon, &agent(1).link_down(3)).0);
    wait_until("refusals counted", || {
        daemon.account("snmp-udp", "/undecoded/usmStatsUnsupportedSecLevels") == 2
    });
    daemon.stop();
}
