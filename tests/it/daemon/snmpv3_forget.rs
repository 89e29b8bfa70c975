//! A device that lost its count of boots is let in again while the daemon runs.

use std::process::Output;
use std::sync::Arc;

use crate::daemon::snmpv3::sent;
use crate::samples::v3::Agent;
use crate::support::daemon::Daemon;
use crate::support::options::Options;

const USERS: &str = "snmpv3_credentials:\n  - username: ops\n    credentials:\n      - {priority: 1, auth_type: SHA, \
    auth_password: auth-secret-1, priv_type: AES, priv_password: priv-secret-1}\n";

fn options() -> Options {
    Options::default().set("snmpv3.credentials_file", "users.yaml")
}

fn forget(daemon: &Daemon, arguments: &[&str]) -> Output {
    forget_in(daemon.folder(), arguments)
}

fn forget_in(folder: &tempfile::TempDir, arguments: &[&str]) -> Output {
    std::process::Command::new(env!("CARGO_BIN_EXE_muttd"))
        .args(["--config", "mutt.yaml", "snmpv3", "forget-engine"])
        .args(arguments)
        .current_dir(folder.path())
        .output()
        .unwrap()
}

#[test]
fn an_engine_is_believed_afresh() {
    let folder = Arc::new(tempfile::tempdir().unwrap());
    std::fs::write(folder.path().join("users.yaml"), USERS).unwrap();
    let daemon = Daemon::start_in(folder, options());
    let agent = |number| Agent::new(number, "ops", "auth-secret-1", "priv-secret-1");
    let [one, other] = [agent(1), agent(2)];
    let mut number = 0;
    let mut is_taken = |daemon: &Daemon, agent: &Agent, boots| {
        number += 1;
        sent(daemon, &agent.clone().in_life(boots, 10 + number).link_down(number)).0
    };
    assert!(is_taken(&daemon, &one, 9) && is_taken(&daemon, &other, 9));
    assert!(!is_taken(&daemon, &one, 1) && !is_taken(&daemon, &other, 1), "an old life");

    let output = forget(&daemon, &["0x80:00:7e:d9:05:00:00:00:01"]);
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{told}");
    assert!(told.contains("the clock of engine 80007ed90500000001 is forgotten"), "{told}");
    daemon.wait_line("the clock of SNMP engine 80007ed90500000001 is forgotten, as asked for");
    assert!(is_taken(&daemon, &one, 1), "let in again");
    assert!(!is_taken(&daemon, &one, 0) && !is_taken(&daemon, &other, 1), "and nobody else");

    // Both engines of the address; the store forgets them as well, for a daemon that starts.
    let output = forget(&daemon, &["--source", "127.0.0.1"]);
    assert!(output.status.success(), "{output:?}");
    daemon.process().wait_lines("is forgotten, as asked for", 2);
    let folder = daemon.kill9();
    let daemon = Daemon::start_in(folder, options());
    assert!(is_taken(&daemon, &other, 1));

    let output = forget(&daemon, &["--source", "192.0.2.99"]);
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(
        !output.status.success() && told.contains("no engine that sent from 192.0.2.99 is known"),
        "{told}"
    );
    let folder = Arc::clone(daemon.folder());
    daemon.stop();
    // Without a daemon the store is opened by the command itself.
    let at_rest = |arguments: &[&str]| forget_in(&folder, arguments);
    let output = at_rest(&["--source", "127.0.0.1"]);
    assert!(output.status.success(), "{output:?}");
    let told = String::from_utf8(output.stdout).unwrap();
    assert_eq!(told, "the clock of engine 80007ed90500000002 is forgotten\n", "the one that sent last");
    let clocks = "SELECT count(*) FROM snmpv3_credential_use WHERE engine_boots IS NOT NULL";
    let store = crate::support::store::Store::at(&folder.path().join("data/messages.db"));
    assert_eq!(store.column(clocks), ["0"]);
    assert!(!at_rest(&["--source", "192.0.2.99"]).status.success());
    for wrong in [&["80"][..], &["xyz"], &[], &["8000000001", "--source", "127.0.0.1"]] {
        assert!(!at_rest(wrong).status.success(), "{wrong:?}");
    }
}
