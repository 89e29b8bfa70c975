//! Syslog over RELP: an answer is a promise, and what is repeated is told.

use std::io::Read as _;
use std::sync::Arc;

use crate::support::daemon::Daemon;
use crate::support::options::Options;
use crate::support::relp::Relp;
use crate::support::tls::{Authority, client, shake};
use crate::support::{tcp_to, wait_until};

fn options() -> Options {
    Options::default()
        .set("listeners.syslog.relp.enabled", "true")
        .set("listeners.syslog.relp.port", "0")
        .set("storage.database.connection_timeout", "0")
}

fn open(daemon: &Daemon) -> Relp<std::net::TcpStream> {
    Relp::open(tcp_to(daemon.address("syslog-relp")))
}

#[test]
fn a_message_is_acknowledged_when_it_is_committed() {
    let daemon = Daemon::start(options());
    let mut relp = open(&daemon);
    let first = relp.send("syslog", "<14>a b: first");
    relp.acknowledged(first);
    assert_eq!(daemon.store().texts(), ["<14>a b: first"], "committed when it is acknowledged");

    let lock = daemon.store().lock();
    let second = relp.send("syslog", "<14>a b: second");
    let third = relp.send("syslog", "<14>a b: third\nof two lines");
    wait_until("both are taken", || daemon.account("syslog-relp", "/in_flight") == 2);
    let stream = relp.stream();
    stream.set_read_timeout(Some(std::time::Duration::from_millis(500))).unwrap();
    let error = stream.read(&mut [0]).unwrap_err();
    assert!(matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut), "{error}");
    stream.set_read_timeout(Some(crate::support::DEADLINE)).unwrap();
    drop(lock);
    relp.acknowledged(second);
    relp.acknowledged(third);
    assert_eq!(daemon.store().count(), 3);

    let close = relp.send("close", "");
    assert_eq!(relp.answer(), Some(format!("{close} rsp 0")));
    assert_eq!(relp.answer().as_deref(), Some("0 serverclose 0"));
    assert_eq!(relp.answer(), None);
    assert_eq!(daemon.listener("syslog-relp").unwrap()["transport"], "relp");
    assert_eq!(daemon.stop().stored, 3);
}

#[test]
fn no_more_is_taken_than_may_be_unacknowledged() {
    let daemon = Daemon::start(options().set("listeners.syslog.relp.unacknowledged_max", "2"));
    let mut relp = open(&daemon);
    let lock = daemon.store().lock();
    let sent: Vec<u32> = (0..5).map(|number| relp.send("syslog", &format!("<14>a b: {number}"))).collect();
    wait_until("two are taken", || daemon.account("syslog-relp", "/received") == 2);
    // Others are taken meanwhile, so that there was time for a third.
    let mut other = open(&daemon);
    other.send("syslog", "<14>a b: other");
    wait_until("the other one", || daemon.account("syslog-relp", "/received") >= 3);
    assert_eq!(daemon.account("syslog-relp", "/received"), 3);
    drop(lock);
    sent.into_iter().for_each(|transaction| relp.acknowledged(transaction));
    daemon.wait_count(6);
    daemon.stop();
}

#[test]
fn a_discarded_message_is_acknowledged_and_an_oversize_one_is_cut() {
    let folder = Arc::new(tempfile::tempdir().unwrap());
    let rule = "rules:\n  - {id: r, name: R, pattern_type: keyword, keywords: [noise], action: discard}\n";
    std::fs::write(folder.path().join("rules.yaml"), rule).unwrap();
    let options =
        options().set("pattern_matching.rules_file", "rules.yaml").set("listeners.syslog.buffer_size", "480");
    let daemon = Daemon::start_in(folder, options);
    let mut relp = open(&daemon);
    let noise = relp.send("syslog", "<14>a b: noise");
    relp.acknowledged(noise);
    let long = relp.send("syslog", &format!("<14>a b: {}", "x".repeat(10_000)));
    relp.acknowledged(long);
    let after = relp.send("syslog", "<14>a b: after");
    relp.acknowledged(after);
    let texts = daemon.store().texts();
    assert_eq!((texts.len(), texts[0].len(), texts[1].as_str()), (2, 480, "<14>a b: after"));
    let end = daemon.stop();
    assert_eq!((end.stored, end.discarded), (2, 1));
}

#[test]
fn what_is_not_relp_is_kept_and_cut_off() {
    let daemon = Daemon::start(options());
    let mut stream = tcp_to(daemon.address("syslog-relp"));
    std::io::Write::write_all(&mut stream, b"<14>a b: plain syslog\n").unwrap();
    let _ = stream.read_to_end(&mut Vec::new());
    daemon.wait_count(1);
    assert!(daemon.store().column("SELECT validation_errors FROM messages")[0].contains("framing broken"));
    wait_until("it is counted", || {
        daemon.listener("syslog-relp").unwrap()["connections"]["broken_framing"] == 1
    });
    daemon.stop();
}

#[test]
fn a_stop_acknowledges_what_was_taken() {
    let mut daemon = Daemon::start(options());
    let mut relp = open(&daemon);
    let sent: Vec<u32> = (0..100).map(|number| relp.send("syslog", &format!("<14>a b: {number}"))).collect();
    wait_until("all are taken", || daemon.account("syslog-relp", "/received") == 100);
    daemon.process().signal("TERM");
    sent.into_iter().for_each(|transaction| relp.acknowledged(transaction));
    assert_eq!(relp.answer().as_deref(), Some("0 serverclose 0"));
    assert_eq!(relp.answer(), None);
    assert_eq!(daemon.end().stored, 100);
}

/// The messages that are marked as repetitions.
fn repeated(daemon: &Daemon) -> Vec<String> {
    daemon.store().column(
        "SELECT raw_message FROM messages WHERE json_extract(enriched_data, '$.repeated') = 1 ORDER BY id",
    )
}

#[test]
fn repetitions_are_marked_in_a_new_session_and_after_a_kill() {
    let daemon = Daemon::start(options());
    let mut relp = open(&daemon);
    for text in ["<14>a b: one", "<14>a b: two", "<14>a b: two", "<34>1 - h a - ID47 - three"] {
        let transaction = relp.send("syslog", text);
        relp.acknowledged(transaction);
    }
    drop(relp);
    let mut relp = open(&daemon);
    for text in ["<14>a b: two", "<14>a b: new"] {
        let transaction = relp.send("syslog", text);
        relp.acknowledged(transaction);
    }
    assert_eq!(repeated(&daemon), ["<14>a b: two"]);
    let folder = daemon.kill9();

    let daemon = Daemon::start_in(folder, options());
    let mut relp = open(&daemon);
    for text in ["<34>1 - h a - ID47 - three", "<14>a b: newer", "<14>a b: one", "<14>a b: one"] {
        let transaction = relp.send("syslog", text);
        relp.acknowledged(transaction);
    }
    let marked = ["<14>a b: two", "<34>1 - h a - ID47 - three", "<14>a b: one"];
    assert_eq!(repeated(&daemon), marked);
    let enriched = daemon.store().column(
        "SELECT enriched_data FROM messages WHERE raw_message LIKE '%three' ORDER BY id DESC LIMIT 1",
    );
    assert_eq!(enriched, [r#"{"timestamp_source":"received","msg_id":"ID47","repeated":true}"#]);
    assert_eq!(daemon.account("syslog-relp", "/repeated"), 2);
    let (_, metrics) = daemon.get("/metrics");
    assert!(metrics.contains(r#"mutt_relp_repeated_total{listener="syslog-relp"} 2"#), "{metrics}");
    daemon.stop();
}

#[test]
fn relp_within_tls() {
    let folder = Arc::new(tempfile::tempdir().unwrap());
    Authority::new(folder.path());
    let options = options()
        .set("listeners.syslog.relp.tls", "true")
        .set("listeners.syslog.tls.certificate_file", "server.pem")
        .set("listeners.syslog.tls.key_file", "server.key");
    let daemon = Daemon::start_in(Arc::clone(&folder), options);
    assert!(daemon.listener("syslog-tls").is_none());
    assert_eq!(daemon.listener("syslog-relp").unwrap()["transport"], "relp+tls");
    let stream = tcp_to(daemon.address("syslog-relp"));
    let mut relp = Relp::open(shake(stream, client(folder.path(), None)).unwrap());
    let transaction = relp.send("syslog", "<14>a b: in secret");
    relp.acknowledged(transaction);
    let close = relp.send("close", "");
    assert_eq!(relp.answer(), Some(format!("{close} rsp 0")));
    assert_eq!(relp.answer().as_deref(), Some("0 serverclose 0"));
    assert_eq!(daemon.stop().stored, 1);
}
