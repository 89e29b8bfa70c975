//! An inform is answered when its event is committed, and not before.

use std::io::ErrorKind;

use crate::support::daemon::Daemon;
use crate::support::options::Options;
use crate::support::{ber, udp_to, wait_until};

#[test]
fn the_row_is_there_before_the_answer() {
    let daemon = Daemon::start(Options::default());
    let sender = udp_to(daemon.address("snmp-udp"));
    let mut answer = [0; 2_000];
    for number in 1..=20 {
        sender.send(&ber::inform(number, b"inform")).unwrap();
        let length = sender.recv(&mut answer).unwrap();
        assert_eq!(&answer[..length], ber::response(number, b"inform"));
        assert_eq!(daemon.store().count(), number as usize, "committed when the answer came");
    }
    assert_eq!(daemon.stop().stored, 20);
}

#[test]
fn a_repeated_inform_is_answered_again_and_stored_once() {
    let daemon = Daemon::start(Options::default());
    let address = daemon.address("snmp-udp");
    let mut answer = [0; 2_000];
    for _ in 0..3 {
        // Another port each time, as after a sender's restart.
        let sender = udp_to(address);
        sender.send(&ber::inform(42, b"again")).unwrap();
        let length = sender.recv(&mut answer).unwrap();
        assert_eq!(&answer[..length], ber::response(42, b"again"));
    }
    assert_eq!(daemon.store().count(), 1);
    wait_until("both repetitions counted", || daemon.account("snmp-udp", "/dropped/repeated_inform") == 2);
    // The same request-id with another content is another inform.
    let sender = udp_to(address);
    sender.send(&ber::inform(42, b"other")).unwrap();
    sender.recv(&mut answer).unwrap();
    assert_eq!(daemon.store().count(), 2);
    let end = daemon.stop();
    assert_eq!((end.received, end.stored, end.dropped), (4, 2, 2));
}

#[test]
fn without_a_commit_there_is_no_answer() {
    let options = Options::default().set("storage.database.connection_timeout", "0");
    let daemon = Daemon::start(options);
    let sender = udp_to(daemon.address("snmp-udp"));
    let lock = daemon.store().lock();
    sender.send(&ber::inform(5, b"wait")).unwrap();
    daemon.wait_line("the store refuses writes");
    let (status, body) = daemon.get("/readyz");
    assert_eq!(status, 503, "{body}");
    assert!(body.contains("store"), "{body}");
    let mut answer = [0; 2_000];
    sender.set_nonblocking(true).unwrap();
    assert_eq!(sender.recv(&mut answer).unwrap_err().kind(), ErrorKind::WouldBlock);
    sender.set_nonblocking(false).unwrap();
    drop(lock);
    let length = sender.recv(&mut answer).unwrap();
    assert_eq!(&answer[..length], ber::response(5, b"wait"));
    assert_eq!(daemon.store().count(), 1);
    daemon.wait_line("the store takes writes again");
    assert_eq!(daemon.get("/readyz").0, 200);
    assert_eq!(daemon.stop().stored, 1);
}

#[test]
fn a_discarded_inform_is_answered() {
    let folder = std::sync::Arc::new(tempfile::tempdir().unwrap());
    let rules = "rules:\n  - {id: d, name: D, pattern_type: keyword, keywords: [noise], action: discard}\n";
    std::fs::write(folder.path().join("rules.yaml"), rules).unwrap();
    let daemon =
        Daemon::start_in(folder, Options::default().set("pattern_matching.rules_file", "rules.yaml"));
    let sender = udp_to(daemon.address("snmp-udp"));
    sender.send(&ber::inform(5, b"noise")).unwrap();
    let mut answer = [0; 2_000];
    let length = sender.recv(&mut answer).unwrap();
    assert_eq!(&answer[..length], ber::response(5, b"noise"));
    assert_eq!(daemon.store().count(), 0);
    assert_eq!(daemon.stop().discarded, 1);
}
