//! Limits on connections and on the queue.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use crate::support::daemon::Daemon;
use crate::support::options::Options;
use crate::support::{ber, tcp_to, udp_to, wait_until};

/// Waits until the peer has closed the connection.
fn wait_closed(stream: &mut TcpStream) {
    let mut rest = Vec::new();
    // A connection that is refused may also be reset.
    match stream.read_to_end(&mut rest) {
        Ok(_) => assert_eq!(rest, b""),
        Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset, "{error}"),
    }
}

fn connections_open(daemon: &Daemon) -> u64 {
    daemon.listener("syslog-tcp").unwrap()["connections_open"].as_u64().unwrap()
}

#[test]
fn no_more_connections_than_allowed() {
    let daemon = Daemon::start(Options::default().set("listeners.syslog.tcp.connections_max", "2"));
    let address = daemon.address("syslog-tcp");
    let mut kept = [tcp_to(address), tcp_to(address)];
    for (number, stream) in (1..).zip(&mut kept) {
        stream.write_all(b"<14>a b: within\n").unwrap();
        daemon.wait_count(number);
    }
    assert_eq!(connections_open(&daemon), 2);
    let mut refused = tcp_to(address);
    wait_closed(&mut refused);
    let [first, mut second] = kept;
    drop(first);
    wait_until("a free place", || connections_open(&daemon) == 1);
    tcp_to(address).write_all(b"<14>a b: after\n").unwrap();
    daemon.wait_count(3);
    second.write_all(b"<14>a b: still there\n").unwrap();
    daemon.wait_count(4);
    drop(second);
    assert_eq!(daemon.stop().stored, 4);
}

#[test]
fn an_idle_connection_is_closed() {
    let options = Options::default()
        .set("listeners.syslog.tcp.idle_timeout_seconds", "1")
        .set("listeners.syslog.tcp.frame_timeout_seconds", "0");
    let daemon = Daemon::start(options);
    let mut stream = tcp_to(daemon.address("syslog-tcp"));
    stream.write_all(b"<14>a b: then silence\n").unwrap();
    wait_closed(&mut stream);
    wait_until("no connection", || connections_open(&daemon) == 0);
    daemon.wait_count(1);
    assert_eq!(daemon.stop().stored, 1);
}

#[test]
fn a_message_that_does_not_get_complete_ends_the_connection_and_is_kept() {
    let options = Options::default()
        .set("listeners.syslog.tcp.idle_timeout_seconds", "0")
        .set("listeners.syslog.tcp.frame_timeout_seconds", "1");
    let daemon = Daemon::start(options);
    let mut idle = tcp_to(daemon.address("syslog-tcp"));
    idle.write_all(b"<14>a b: whole\n").unwrap();
    let mut stream = tcp_to(daemon.address("syslog-tcp"));
    stream.write_all(b"<14>a b: never en").unwrap();
    wait_closed(&mut stream);
    daemon.wait_count(2);
    let errors = daemon
        .store()
        .column("SELECT validation_errors FROM messages WHERE raw_message = '<14>a b: never en'");
    assert!(errors[0].contains("unterminated"), "{errors:?}");
    assert_eq!(connections_open(&daemon), 1, "between messages a connection may be silent");
    drop(idle);
    assert_eq!(daemon.stop().stored, 2);
}

#[test]
fn a_wrong_count_loses_no_octet_and_names_the_peer() {
    let daemon = Daemon::start(Options::default());
    let mut stream = tcp_to(daemon.address("syslog-tcp"));
    stream.write_all(b"12 <14>a b: one?? 12 <14>a b: two").unwrap();
    daemon.wait_count(3);
    assert_eq!(daemon.store().octets(), [&b"<14>a b: one"[..], b"12 ?? ", b"<14>a b: two"]);
    // The connection is still there.
    stream.write_all(b"12 <14>a b: six").unwrap();
    daemon.wait_count(4);
    assert_eq!(daemon.listener("syslog-tcp").unwrap()["connections"]["broken_framing"], 1);
    let line = daemon.wait_line("framing is broken");
    assert!(line.contains(&stream.local_addr().unwrap().to_string()), "{line}");
    daemon.stop();
}

/// Sends `count` datagrams to a daemon that cannot commit; returns how many the queue refused.
fn refused_by_queue(queue_max_size: &str, count: usize) -> u64 {
    let options = Options::default()
        .set("processor.queue_max_size", queue_max_size)
        .set("listeners.syslog.receive_buffer_bytes", "33554432")
        .set("storage.database.connection_timeout", "0");
    let daemon = Daemon::start(options);
    let sender = udp_to(daemon.address("syslog-udp"));
    let lock = daemon.store().lock();
    for number in 0..count {
        sender.send(format!("<14>a b: {number}").as_bytes()).unwrap();
    }
    let received = |ledger: &serde_json::Value| ledger["total"]["received"].as_u64().unwrap();
    wait_until("everything received", || received(&daemon.ledger()) == count as u64);
    let ledger = daemon.ledger();
    assert_eq!(ledger["balanced"], true, "{ledger}");
    assert_eq!(ledger["total"]["stored"], 0, "{ledger}");
    drop(lock);
    wait_until("the queue is empty", || daemon.ledger()["total"]["in_flight"] == 0);
    let refused = daemon.account("syslog-udp", "/dropped/queue_full");
    let kernel = daemon.account("syslog-udp", "/dropped/kernel_receive_buffer");
    assert_eq!(daemon.store().count() as u64 + refused + kernel, count as u64);
    let end = daemon.stop();
    assert_eq!((end.received, end.dropped), (count as u64, refused + kernel));
    refused
}

#[test]
fn a_full_queue_drops_datagrams_and_counts_them() {
    // The sink holds up to a group of batches beside the queue.
    assert!(refused_by_queue("1000", 20_000) > 0);
}

#[test]
fn a_large_queue_keeps_them() {
    assert_eq!(refused_by_queue("200000", 20_000), 0);
}

#[test]
fn what_the_kernel_drops_is_counted() {
    const MESSAGES: u64 = 2_000;
    let options = Options::default()
        .set("daemon.shards", "2")
        .set("listeners.snmp.receive_buffer_bytes", "8192")
        .set("listeners.syslog.receive_buffer_bytes", "8192");
    let daemon = Daemon::start(options);
    let (snmp, syslog) = (daemon.address("snmp-udp"), daemon.address("syslog-udp"));
    // Senders enough for both sockets of a listener.
    let senders: Vec<_> = (0..8).map(|_| (udp_to(snmp), udp_to(syslog))).collect();
    daemon.process().signal("STOP");
    for number in 0..MESSAGES {
        let (to_snmp, to_syslog) = &senders[number as usize % senders.len()];
        to_snmp.send(&ber::trap(1, b"burst")).unwrap();
        to_syslog.send(format!("<14>a b: {number}").as_bytes()).unwrap();
    }
    daemon.process().signal("CONT");
    for listener in ["snmp-udp", "syslog-udp"] {
        wait_until("all accounted for", || {
            daemon.account(listener, "/received") == MESSAGES && daemon.account(listener, "/in_flight") == 0
        });
        let dropped = daemon.account(listener, "/dropped/kernel_receive_buffer");
        assert!(dropped > 0 && dropped < MESSAGES, "{listener}: {dropped}");
        assert_eq!(daemon.account(listener, "/stored") + dropped, MESSAGES, "{listener}");
    }
    let end = daemon.stop();
    assert_eq!(end.received, 2 * MESSAGES);
}

#[test]
fn a_full_queue_makes_tcp_senders_wait() {
    const MESSAGES: usize = 20_000;
    let options = Options::default()
        .set("processor.queue_max_size", "4000")
        .set("processor.batch_write_size", "1000")
        .set("storage.database.connection_timeout", "0");
    let daemon = Daemon::start(options);
    let lock = daemon.store().lock();
    let mut stream = tcp_to(daemon.address("syslog-tcp"));
    let sender = std::thread::spawn(move || {
        for number in 0..MESSAGES {
            writeln!(stream, "<14>a b: {number} {}", "z".repeat(500)).unwrap();
        }
        stream
    });
    daemon.wait_line("the store refuses writes");
    wait_until("a full queue", || daemon.ledger()["queue_depth"].as_u64() >= Some(1_000));
    assert!(daemon.account("syslog-tcp", "/received") < MESSAGES as u64, "reading went on");
    drop(lock);
    drop(sender.join().unwrap());
    daemon.wait_count(MESSAGES);
    let end = daemon.stop();
    assert_eq!((end.stored, end.dropped), (MESSAGES as u64, 0));
}
