//! Limits and proxies of syslog over TCP.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

use socket2::{Domain, Socket, Type};

use crate::support::daemon::Daemon;
use crate::support::options::Options;
use crate::support::{DEADLINE, tcp_to, wait_until};

/// A connection to `peer` from `source` of this machine.
fn tcp_from(source: &str, peer: SocketAddr) -> TcpStream {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.bind(&format!("{source}:0").parse::<SocketAddr>().unwrap().into()).unwrap();
    socket.connect(&peer.into()).unwrap();
    socket.set_read_timeout(Some(DEADLINE)).unwrap();
    socket.into()
}

/// Waits until the peer has closed the connection.
fn wait_closed(mut stream: TcpStream) {
    match stream.read(&mut [0]) {
        Ok(count) => assert_eq!(count, 0),
        Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset, "{error}"),
    }
}

/// How many connections ended so.
fn connections(daemon: &Daemon, listener: &str, event: &str) -> u64 {
    daemon.listener(listener).unwrap()["connections"][event].as_u64().unwrap()
}

#[test]
fn no_more_connections_of_a_source_than_allowed() {
    let options = Options::default().set("listeners.syslog.tcp.connections_per_source_max", "1");
    let daemon = Daemon::start(options);
    let address = daemon.address("syslog-tcp");
    let mut first = tcp_from("127.0.0.1", address);
    first.write_all(b"<14>a b: first\n").unwrap();
    daemon.wait_count(1);
    wait_closed(tcp_from("127.0.0.1", address));
    wait_until("it is counted", || connections(&daemon, "syslog-tcp", "refused_source") == 1);
    let mut other = tcp_from("127.0.0.2", address);
    other.write_all(b"<14>a b: other source\n").unwrap();
    daemon.wait_count(2);
    drop(first);
    wait_until("a free place", || daemon.listener("syslog-tcp").unwrap()["connections_open"] == 1);
    tcp_from("127.0.0.1", address).write_all(b"<14>a b: again\n").unwrap();
    daemon.wait_count(3);
    let (_, metrics) = daemon.get("/metrics");
    assert!(
        metrics.contains(r#"mutt_connections_total{listener="syslog-tcp",event="refused_source"} 1"#),
        "{metrics}"
    );
    daemon.stop();
}

#[test]
fn oversize_messages_are_cut_or_split() {
    let text = format!("<14>a b: {}", "0123456789".repeat(99));
    let stored = |oversize: &str| {
        let options = Options::default()
            .set("listeners.syslog.buffer_size", "480")
            .set("listeners.syslog.tcp.oversize", oversize);
        let daemon = Daemon::start(options);
        let mut stream = tcp_to(daemon.address("syslog-tcp"));
        write!(stream, "{text}\n<14>a b: next\n").unwrap();
        write!(stream, "{} {text}12 <14>a b: end", text.len()).unwrap();
        drop(stream);
        wait_until("the last message", || {
            daemon.store().texts().last().is_some_and(|text| text == "<14>a b: end")
        });
        let rows = daemon.store().rows("SELECT raw_message, validation_errors FROM messages ORDER BY id");
        assert_eq!(daemon.account("syslog-tcp", "/truncated"), if oversize == "truncate" { 2 } else { 0 });
        daemon.stop();
        rows.into_iter().map(|row| (row[0].clone().unwrap(), row[1].clone().unwrap())).collect::<Vec<_>>()
    };
    let cut = stored("truncate");
    assert_eq!(cut.len(), 4);
    assert_eq!(cut[0].0, text[..480]);
    assert!(cut[0].1.contains("truncated") && cut[2].1.contains("truncated"), "{cut:?}");
    let split = stored("split");
    assert_eq!(split.len(), 8);
    for parts in [&split[..3], &split[4..7]] {
        assert_eq!(parts.iter().map(|(text, _)| text.as_str()).collect::<String>(), text);
        assert!(parts.iter().all(|(_, errors)| errors.contains("split: ")), "{parts:?}");
    }
    assert!(!split[3].1.contains("split: "), "{split:?}");
}

#[test]
fn proxies_say_for_whom_they_stand_and_others_are_taken_as_they_are() {
    let options = Options::default().set("listeners.syslog.tcp.proxy_protocol_from", "[\"127.0.0.0/31\"]");
    let daemon = Daemon::start(options);
    let address = daemon.address("syslog-tcp");
    let mut version_2 = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x0f".to_vec();
    version_2.extend([198, 51, 100, 9, 127, 0, 0, 1, 1, 1, 2, 2, 4, 0, 0]);
    version_2.extend(b"13 <14>a b: two\n");
    for (number, octets) in (1..).zip([
        &b"PROXY TCP4 192.0.2.7 127.0.0.1 40000 5514\r\n<14>a b: one\n"[..],
        &version_2,
        b"PROXY UNKNOWN\r\n<14>a b: three\n",
    ]) {
        // In two parts, the first of which ends within the header.
        let mut stream = tcp_from("127.0.0.1", address);
        stream.write_all(&octets[..9]).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.write_all(&octets[9..]).unwrap();
        drop(stream);
        daemon.wait_count(number);
    }
    tcp_from("127.0.0.2", address).write_all(b"PROXY TCP4 is text here\n").unwrap();
    daemon.wait_count(4);
    let rows = daemon.store().rows("SELECT source_ip, raw_message FROM messages ORDER BY id");
    let rows: Vec<Vec<&str>> =
        rows.iter().map(|row| row.iter().flatten().map(String::as_str).collect()).collect();
    assert_eq!(
        rows,
        [
            ["192.0.2.7", "<14>a b: one"],
            ["198.51.100.9", "<14>a b: two"],
            ["127.0.0.1", "<14>a b: three"],
            ["127.0.0.2", "PROXY TCP4 is text here"]
        ]
    );
    let mut silent_about_it = tcp_from("127.0.0.1", address);
    silent_about_it.write_all(b"<14>a b: who am I\n").unwrap();
    wait_closed(silent_about_it);
    let line = daemon.wait_line("connection refused: no PROXY header");
    assert!(line.contains("WARN") && line.contains("proxy_protocol_from"), "{line}");
    wait_until("it is counted", || connections(&daemon, "syslog-tcp", "proxy_header") == 1);
    assert_eq!(daemon.stop().stored, 4);
}

#[test]
fn a_proxy_header_that_does_not_get_complete_ends_the_connection() {
    let options = Options::default()
        .set("listeners.syslog.tcp.proxy_protocol_from", "127.0.0.1")
        .set("listeners.syslog.tcp.idle_timeout_seconds", "0")
        .set("listeners.syslog.tcp.frame_timeout_seconds", "1");
    let daemon = Daemon::start(options);
    let mut stream = tcp_to(daemon.address("syslog-tcp"));
    stream.write_all(b"PROXY TCP4 192.0").unwrap();
    wait_closed(stream);
    wait_until("it is counted", || connections(&daemon, "syslog-tcp", "timed_out") == 1);
    assert_eq!(daemon.stop().received, 0);
}
