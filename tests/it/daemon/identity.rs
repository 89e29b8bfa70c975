//! Who a daemon is outlives its database, and is taken over from a store of before.

use std::path::Path;
use std::sync::Arc;

use rusqlite::Connection;

use crate::support::daemon::{Daemon, Process};
use crate::support::options::Options;
use crate::support::udp_to;

/// The identity in `folder`.
fn read(folder: &Path) -> serde_json::Value {
    serde_json::from_slice(&std::fs::read(folder.join("data/identity.json")).unwrap()).unwrap()
}

/// The last octets of the id of the newest message after one more was sent.
fn node_of(daemon: &Daemon) -> String {
    let before = daemon.store().count();
    udp_to(daemon.address("syslog-udp")).send(b"<14>a b: c").unwrap();
    daemon.wait_count(before + 1);
    daemon.store().column("SELECT substr(id, -12) FROM messages ORDER BY id DESC LIMIT 1").swap_remove(0)
}

#[test]
fn the_identity_survives_the_loss_of_the_database() {
    let daemon = Daemon::start(Options::default());
    let node = node_of(&daemon);
    let engine = daemon.wait_line("SNMP engine ");
    assert!(engine.ends_with(" boots 1"), "{engine}");
    let folder = daemon.kill9();
    let before = read(folder.path());
    assert_eq!(before["node_id"], node.as_str());
    for file in ["messages.db", "messages.db-wal", "messages.db-shm"] {
        std::fs::remove_file(folder.path().join("data").join(file)).unwrap();
    }
    let daemon = Daemon::start_in(Arc::clone(&folder), Options::default());
    assert_eq!(node_of(&daemon), node);
    let again = daemon.wait_line("SNMP engine ");
    let id =
        |line: &str| line.split("SNMP engine ").nth(1).map(|rest| rest.split(' ').next().map(str::to_owned));
    assert_eq!(id(&again), id(&engine));
    assert!(again.ends_with(" boots 2"), "{again}");
    daemon.stop();
    assert_eq!(read(folder.path())["snmp_engine"]["number"], before["snmp_engine"]["number"]);
}

#[test]
fn the_identity_of_a_store_of_before_moves_into_the_file() {
    let daemon = Daemon::start(Options::default());
    let node = node_of(&daemon);
    let folder = Arc::clone(daemon.folder());
    daemon.stop();
    // As a store was before there was the file.
    std::fs::remove_file(folder.path().join("data/identity.json")).unwrap();
    let store = Connection::open(folder.path().join("data/messages.db")).unwrap();
    let settings =
        "INSERT INTO store_settings VALUES ('snmp_engine_number', 4660), ('snmp_engine_boots', 41)";
    store.execute_batch(settings).unwrap();
    drop(store);
    let daemon = Daemon::start_in(Arc::clone(&folder), Options::default());
    assert_eq!(node_of(&daemon), node);
    assert!(daemon.wait_line("SNMP engine ").ends_with(" boots 42"));
    daemon.stop();
    let identity = read(folder.path());
    assert_eq!(identity["snmp_engine"], serde_json::json!({"number": "0000000000001234", "boots": 42}));
    assert_eq!(identity["listeners"]["syslog-udp"], 1, "the second that was bound");
    // Six positions that rows may have, and the listener of the program's own messages.
    assert_eq!(identity["listeners"]["muttd"], 6);
    assert_eq!(identity["next_listener"], 7);
}

#[test]
fn a_damaged_identity_and_one_of_another_store_stop_the_start() {
    let daemon = Daemon::start(Options::default());
    let folder = Arc::clone(daemon.folder());
    daemon.stop();
    let path = folder.path().join("data/identity.json");
    let whole = std::fs::read_to_string(&path).unwrap();
    let node = read(folder.path())["node_id"].as_str().unwrap().to_owned();
    let refused = |text: &str| {
        std::fs::write(&path, text).unwrap();
        let mut process = Process::start(folder.path(), &["run", "--config", "mutt.yaml"]);
        assert_eq!(process.wait_end().code(), Some(1));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), text, "it stays as it is");
        process.lines().pop().unwrap()
    };
    let line = refused(&whole[..whole.len() - 20]);
    assert!(line.contains("data/identity.json is damaged") && line.contains("restore the file"), "{line}");
    let line = refused(&whole.replace(&node, "0000000004d2"));
    assert!(line.contains("1234") && line.contains("do not belong together"), "{line}");
    std::fs::write(&path, whole).unwrap();
    Daemon::start_in(folder, Options::default()).stop();
}
