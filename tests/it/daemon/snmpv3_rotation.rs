//! Keys are exchanged while messages come in, and not one is refused.

use std::io::ErrorKind;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use crate::daemon::snmpv3::{engine_of, replace};
use crate::samples::v3::Agent;
use crate::support::daemon::Daemon;
use crate::support::options::Options;
use crate::support::{udp_to, wait_until};

const OLD: [&str; 2] = ["old-auth-secret", "old-priv-secret"];
const NEW: [&str; 2] = ["new-auth-secret", "new-priv-secret"];

/// Devices that send at the same time.
const DEVICES: u32 = 8;
/// Messages that may be on their way: fewer than any buffer holds.
const IN_FLIGHT_MAX: usize = 200;

/// A credentials file with these pairs of passwords, by rising priority.
fn file(pairs: &[[&str; 2]]) -> String {
    let credentials: String = (1..)
        .zip(pairs)
        .map(|(priority, [auth, privacy])| {
            format!(
                "      - {{priority: {priority}, auth_type: SHA, auth_password: {auth}, priv_type: AES, \
                 priv_password: {privacy}}}\n"
            )
        })
        .collect();
    format!("snmpv3_credentials:\n  - username: ops\n    credentials:\n{credentials}")
}

/// What the senders and the test tell each other.
#[derive(Default)]
struct Traffic {
    /// By device: with which keys it sends.
    agents: Mutex<Vec<Agent>>,
    sent: AtomicUsize,
    is_over: AtomicBool,
}

impl Traffic {
    /// Sends traps of all devices in turn, no faster than the store takes them.
    fn run(&self, daemon: &Daemon) {
        let socket = udp_to(daemon.address("snmp-udp"));
        let store = daemon.store();
        let mut number = 0;
        while !self.is_over.load(Ordering::Acquire) {
            let traps: Vec<Vec<u8>> = {
                let agents = self.agents.lock().unwrap();
                agents.iter().map(|agent| agent.link_down(number)).collect()
            };
            for trap in &traps {
                socket.send(trap).unwrap();
            }
            let sent = self.sent.fetch_add(traps.len(), Ordering::AcqRel) + traps.len();
            number += 1;
            if sent % IN_FLIGHT_MAX < traps.len() {
                wait_until("what is on its way is stored", || store.count() + IN_FLIGHT_MAX > sent);
            }
        }
    }

    /// Waits until so many more were sent.
    fn wait_for_more(&self, count: usize) {
        let before = self.sent.load(Ordering::Acquire);
        wait_until("more traffic", || self.sent.load(Ordering::Acquire) >= before + count);
    }
}

#[test]
fn keys_are_exchanged_under_traffic_with_nothing_refused() {
    let folder = Arc::new(tempfile::tempdir().unwrap());
    std::fs::write(folder.path().join("users.yaml"), file(&[OLD])).unwrap();
    let options = Options::default().set("snmpv3.credentials_file", "users.yaml").set("daemon.shards", "2");
    let daemon = Daemon::start_in(folder, options);
    let users = daemon.file("users.yaml");
    let agent = |device: u32, [auth, privacy]: [&str; 2]| Agent::new(device, "ops", auth, privacy);
    let traffic =
        Traffic { agents: Mutex::new((0..DEVICES).map(|n| agent(n, OLD)).collect()), ..Traffic::default() };
    let reload = |pairs: &[[&str; 2]], times| {
        replace(&users, &file(pairs));
        daemon.process().wait_lines("1 SNMPv3 user(s) from users.yaml are in force", times);
    };
    std::thread::scope(|scope| {
        scope.spawn(|| traffic.run(&daemon));
        traffic.wait_for_more(300);
        reload(&[OLD, NEW], 1);
        traffic.wait_for_more(300);
        // The devices change over one after the other; each goes on in its life.
        for device in 0..DEVICES {
            let changed = agent(device, NEW).in_life(1, 1_001);
            traffic.agents.lock().unwrap()[device as usize] = changed;
            traffic.wait_for_more(100);
        }
        let is_unused = || {
            let told = daemon.json("/api/v1/snmpv3/credentials");
            told["credentials"].as_array().unwrap().iter().all(|used| used["credential_priority"] == 2)
        };
        wait_until("the old credential is used last by nobody", is_unused);
        // What was sent with the old keys has been read when what was sent after it is stored.
        let sent = traffic.sent.load(Ordering::Acquire);
        wait_until("all of it stored", || daemon.store().count() >= sent);
        reload(&[NEW], 2);
        traffic.wait_for_more(300);
        traffic.is_over.store(true, Ordering::Release);
    });
    let sent = traffic.sent.load(Ordering::Acquire);
    daemon.wait_count(sent);
    let refused = daemon.store().column("SELECT count(*) FROM messages WHERE NOT validated");
    assert_eq!(refused, ["0"], "of {sent}");
    let told = daemon.json("/api/v1/snmp/refused");
    assert_eq!(told["refused"].as_array().unwrap().len(), 0, "{told}");
    assert!(daemon.json("/api/v1/snmpv3/credentials")["failing"].as_array().unwrap().is_empty());
    let by_credential = daemon.store().column(
        "SELECT count(*) FROM messages GROUP BY json_extract(enriched_data, '$.credential_priority') ORDER BY 1",
    );
    assert_eq!(by_credential.len(), 2, "both were used: {by_credential:?}");
    crate::support::say(&format!("{sent} traps while keys were exchanged, none refused"));
    assert_eq!(daemon.stop().stored as usize, sent);
}

#[test]
fn without_a_commit_an_inform_of_version_3_gets_no_answer() {
    let folder = Arc::new(tempfile::tempdir().unwrap());
    std::fs::write(folder.path().join("users.yaml"), file(&[OLD])).unwrap();
    let options = Options::default()
        .set("snmpv3.credentials_file", "users.yaml")
        .set("storage.database.connection_timeout", "0");
    let daemon = Daemon::start_in(folder, options);
    let (engine, boots, time) = engine_of(&daemon);
    let sender = Agent::at_engine(engine, "ops", OLD[0], OLD[1]).in_life(boots, time);
    let socket = udp_to(daemon.address("snmp-udp"));
    let lock = daemon.store().lock();
    socket.send(&sender.inform(1, 1)).unwrap();
    daemon.wait_line("the store refuses writes");
    let mut answer = [0; 2_000];
    socket.set_nonblocking(true).unwrap();
    assert_eq!(socket.recv(&mut answer).unwrap_err().kind(), ErrorKind::WouldBlock);
    // The sender repeats itself, as it would have it; still there is nothing to tell.
    socket.send(&sender.inform(2, 1)).unwrap();
    wait_until("both received", || daemon.account("snmp-udp", "/received") >= 3);
    assert_eq!(socket.recv(&mut answer).unwrap_err().kind(), ErrorKind::WouldBlock);
    socket.set_nonblocking(false).unwrap();
    drop(lock);
    assert!(socket.recv(&mut answer).unwrap() > 0, "answered when it is committed");
    assert_eq!(daemon.store().count(), 1);
    daemon.stop();
}
