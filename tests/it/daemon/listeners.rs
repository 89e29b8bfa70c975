//! Listeners are known by their names, whichever others are there.

use std::sync::Arc;

use serde_json::Value as Json;

use crate::support::daemon::{Daemon, Process};
use crate::support::options::Options;
use crate::support::relp::Relp;
use crate::support::{tcp_to, udp_to, wait_until};

fn options() -> Options {
    Options::default().set("listeners.syslog.relp.enabled", "true").set("listeners.syslog.relp.port", "0")
}

/// The numbers of listeners that are kept beside the store.
fn numbers(daemon: &Daemon) -> Json {
    let text = std::fs::read(daemon.folder().path().join("data/identity.json")).unwrap();
    serde_json::from_slice::<Json>(&text).unwrap()["listeners"].clone()
}

#[test]
fn numbers_repetitions_and_balances_are_right_when_other_listeners_come_and_go() {
    let limited = |options: Options| options.set("sources.messages_per_second_max", "1000");
    let without_snmp = |options: Options| options.set("listeners.snmp.enabled", "false");
    let starts = [
        options().set("listeners.syslog.protocol", "both"),
        options().set("listeners.syslog.protocol", "both"),
        limited(options().set("listeners.syslog.protocol", "udp")),
        without_snmp(options().set("listeners.syslog.protocol", "udp")),
        limited(options().set("listeners.syslog.protocol", "both")),
    ];
    let mut folder = Arc::new(tempfile::tempdir().unwrap());
    let mut kept = Json::Null;
    for (run, options) in (0..).zip(starts) {
        let daemon = Daemon::start_in(folder, options);
        let mut relp = Relp::open(tcp_to(daemon.address("syslog-relp")));
        let transaction = relp.send("syslog", "<14>a b: the same every time");
        relp.acknowledged(transaction);
        udp_to(daemon.address("syslog-udp")).send(format!("<14>a b: of run {run}").as_bytes()).unwrap();
        daemon.wait_count(2 * (run + 1));
        let repeated = u64::from(run > 0);
        for (listener, repeated) in [("syslog-relp", repeated), ("syslog-udp", 0)] {
            wait_until("a balance of one message", || daemon.account(listener, "/stored") == 1);
            let terms = ["/received", "/repeated", "/in_flight", "/dropped_total"];
            let account = terms.map(|term| daemon.account(listener, term));
            assert_eq!(account, [1, repeated, 0, 0], "{listener} in run {run}");
        }
        assert_eq!(daemon.ledger()["balanced"], true);
        let now = numbers(&daemon);
        for (name, number) in kept.as_object().into_iter().flatten() {
            assert_eq!(now[name], *number, "{name} in run {run}");
        }
        let mut all: Vec<&Json> = now.as_object().unwrap().values().collect();
        all.dedup();
        assert_eq!(all.len(), now.as_object().unwrap().len(), "each has its own: {now}");
        kept = now;
        folder = daemon.kill9();
    }
    for name in ["snmp-udp", "syslog-udp", "syslog-tcp", "syslog-relp"] {
        assert!(kept[name].is_u64(), "{name}: {kept}");
    }
}

#[test]
fn two_listeners_on_one_port_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let options =
        options().set("listeners.syslog.relp.port", "25140").set("http.listen", "\"127.0.0.1:25140\"");
    std::fs::write(folder.path().join("twice.yaml"), options.yaml()).unwrap();
    for command in ["check", "run"] {
        let mut process = Process::start(folder.path(), &[command, "--config", "twice.yaml"]);
        assert_eq!(process.wait_end().code(), Some(1), "{command}");
        let told = "http.listen: TCP port 25140 is that of listeners.syslog.relp.port as well";
        assert!(process.lines().iter().any(|line| line.contains(told)), "{command}: {:?}", process.lines());
    }
}
