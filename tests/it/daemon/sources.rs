//! Who may send, how much, in whose name, and in which time zone.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, UdpSocket};

use serde_json::Value as Json;

use crate::support::daemon::Daemon;
use crate::support::options::Options;
use crate::support::{ber, tcp_to, udp_to, wait_until};

/// A socket of the device at `source`.
fn device(source: [u8; 4], to: SocketAddr) -> UdpSocket {
    let socket = UdpSocket::bind(SocketAddr::from((source, 0))).unwrap();
    socket.connect(to).unwrap();
    socket
}

/// `enriched_data` of all messages.
fn enriched(daemon: &Daemon) -> Vec<Json> {
    let texts = daemon.store().column("SELECT enriched_data FROM messages ORDER BY id");
    texts.iter().map(|text| serde_json::from_str(text).unwrap()).collect()
}

#[test]
fn only_allowed_sources_are_heard() {
    let options = Options::default()
        .set("listeners.syslog.allow_from", "[127.0.0.0/31, 10.0.0.0/8]")
        .set("listeners.snmp.allow_from", "127.0.0.2");
    let daemon = Daemon::start(options);
    let (syslog, snmp) = (daemon.address("syslog-udp"), daemon.address("snmp-udp"));
    for last in [1, 2, 3] {
        let source = [127, 0, 0, last];
        device(source, syslog).send(format!("<14>1 - h a - - - {last}").as_bytes()).unwrap();
        device(source, snmp).send(&ber::trap(last.into(), b"x")).unwrap();
    }
    let mut refused = stream_from([127, 0, 0, 3], daemon.address("syslog-tcp"));
    assert_eq!(refused.read_to_end(&mut Vec::new()).unwrap_or(0), 0, "the connection is closed");
    let counter = "mutt_connections_total{listener=\"syslog-tcp\",event=\"source_not_allowed\"} 1";
    wait_until("a refused connection", || daemon.get("/metrics").1.contains(counter));
    let mut stream = tcp_to(daemon.address("syslog-tcp"));
    stream.write_all(b"<14>1 - h a - - - tcp\n").unwrap();
    daemon.wait_count(3);
    wait_until("all received", || daemon.ledger()["total"]["received"] == 7);
    let dropped = |listener| daemon.account(listener, "/dropped/source_not_allowed");
    assert_eq!((dropped("syslog-udp"), dropped("snmp-udp"), dropped("syslog-tcp")), (2, 2, 0));
    let rows = daemon.store().rows("SELECT source_ip, type FROM messages ORDER BY source_ip, type");
    let rows: Vec<String> =
        rows.iter().map(|row| row.iter().flatten().cloned().collect::<Vec<_>>().join(" ")).collect();
    assert_eq!(rows, ["127.0.0.1 syslog", "127.0.0.1 syslog", "127.0.0.2 snmp_trap"]);
    let end = daemon.stop();
    assert_eq!((end.stored, end.dropped), (3, 4));
}

/// A connection from `source` to `to`.
fn stream_from(source: [u8; 4], to: SocketAddr) -> std::net::TcpStream {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::from((source, 0)).into()).unwrap();
    socket.connect(&to.into()).unwrap();
    std::net::TcpStream::from(socket)
}

#[test]
fn denied_sources_are_not_heard_anywhere_even_if_allowed() {
    let folder = std::sync::Arc::new(tempfile::tempdir().unwrap());
    crate::support::tls::Authority::new(folder.path());
    let options = Options::default()
        .set("sources.deny_from", "[127.0.0.66, 10.0.0.0/8]")
        .set("listeners.syslog.allow_from", "127.0.0.0/8")
        .set("listeners.syslog.tcp.proxy_protocol_from", "[127.0.0.7, 127.0.0.66]")
        .set("listeners.syslog.tls.enabled", "true")
        .set("listeners.syslog.tls.port", "0")
        .set("listeners.syslog.tls.certificate_file", "server.pem")
        .set("listeners.syslog.tls.key_file", "server.key")
        .set("listeners.syslog.relp.enabled", "true")
        .set("listeners.syslog.relp.port", "0");
    let daemon = Daemon::start_in(folder, options);
    let (syslog, snmp) = (daemon.address("syslog-udp"), daemon.address("snmp-udp"));
    for last in [65, 66] {
        let source = [127, 0, 0, last];
        device(source, syslog).send(format!("<14>1 - h a - - - {last}").as_bytes()).unwrap();
        device(source, snmp).send(&ber::trap(last.into(), b"x")).unwrap();
    }
    let streams = ["syslog-tcp", "syslog-tls", "syslog-relp"];
    for listener in streams {
        let mut stream = stream_from([127, 0, 0, 66], daemon.address(listener));
        assert_eq!(stream.read_to_end(&mut Vec::new()).unwrap_or(0), 0, "{listener}: closed");
    }
    // A denied proxy was refused before it said anything; whom another one stands for is denied as if it came by itself.
    let mut proxied = stream_from([127, 0, 0, 7], daemon.address("syslog-tcp"));
    proxied.write_all(b"PROXY TCP4 10.1.2.3 127.0.0.1 1 2\r\n<14>1 - h a - - - x\n").unwrap();
    assert_eq!(proxied.read_to_end(&mut Vec::new()).unwrap_or(0), 0, "closed");
    let denied = |listener: &str| daemon.listener(listener).unwrap()["connections"]["source_denied"].clone();
    wait_until("all refused", || streams.map(denied) == [Json::from(2), Json::from(1), Json::from(1)]);
    daemon.wait_count(2);
    wait_until("all received", || daemon.ledger()["total"]["received"] == 4);
    let dropped = |listener| daemon.account(listener, "/dropped/source_denied");
    assert_eq!(["syslog-udp", "snmp-udp", "syslog-tcp"].map(dropped), [1, 1, 0]);
    let line = "mutt_dropped_total{listener=\"snmp-udp\",reason=\"source_denied\"} 1";
    assert!(daemon.get("/metrics").1.contains(line));
    wait_until("the refused source is listed", || {
        daemon.json("/api/v1/snmp/refused")["refused"][0]["reason"] == "source_denied"
    });
    assert_eq!(daemon.store().column("SELECT DISTINCT source_ip FROM messages"), ["127.0.0.65"]);
    let end = daemon.stop();
    assert_eq!((end.stored, end.dropped), (2, 2));
}

#[test]
fn the_word_of_a_trusted_relay_counts() {
    let daemon = Daemon::start(Options::default().set("listeners.syslog.trusted_relays", "[127.0.0.5]"));
    let syslog = daemon.address("syslog-udp");
    let relay = device([127, 0, 0, 5], syslog);
    let liar = device([127, 0, 0, 6], syslog);
    for sender in [&relay, &liar] {
        sender.send(b"<14>Nov 22 08:15:30 192.0.2.7 su: x").unwrap();
        sender.send(b"<14>Nov 22 08:15:30 core1 su: x").unwrap();
    }
    daemon.wait_count(4);
    let rows = daemon.store().rows("SELECT source_ip, source_device FROM messages ORDER BY id");
    let rows: Vec<Vec<&str>> =
        rows.iter().map(|row| row.iter().flatten().map(String::as_str).collect()).collect();
    assert_eq!(
        rows,
        [
            ["192.0.2.7", "192.0.2.7"],
            ["127.0.0.5", "core1"],
            ["127.0.0.6", "192.0.2.7"],
            ["127.0.0.6", "core1"]
        ]
    );
    let relays: Vec<Json> = enriched(&daemon).iter().map(|extras| extras["relay"].clone()).collect();
    assert_eq!(relays, [Json::from("127.0.0.5"), Json::Null, Json::Null, Json::Null]);
    daemon.stop();
}

#[test]
fn a_source_over_the_limit_is_cut_off_and_told_of() {
    let options = Options::default()
        .set("sources.messages_per_second_max", "1")
        .set("sources.burst_messages_max", "10")
        .set("sources.summary_seconds", "1")
        .set("listeners.syslog.trusted_relays", "127.0.0.5");
    let daemon = Daemon::start(options);
    let syslog = daemon.address("syslog-udp");
    let (loud, quiet, relay) =
        (device([127, 0, 0, 7], syslog), device([127, 0, 0, 8], syslog), device([127, 0, 0, 5], syslog));
    for number in 0..50 {
        loud.send(format!("<14>1 - h a - - - {number}").as_bytes()).unwrap();
        relay.send(format!("<14>1 - h r - - - {number}").as_bytes()).unwrap();
    }
    quiet.send(b"<14>1 - h q - - - 1").unwrap();
    let limited = || daemon.account("syslog-udp", "/dropped/rate_limited");
    wait_until("all received", || daemon.account("syslog-udp", "/received") == 101);
    let dropped = limited();
    assert!((35..=40).contains(&dropped), "{dropped}: 10 at once, then one a second");
    let summary = "SELECT source_ip, level, raw_message FROM messages WHERE program = 'muttd'";
    wait_until("a summary", || !daemon.store().rows(summary).is_empty());
    let row = daemon.store().row(summary);
    let row: Vec<&str> = row.iter().flatten().map(String::as_str).collect();
    assert_eq!(row[..2], ["127.0.0.7", "4"]);
    let told = format!("{dropped} messages of 127.0.0.7 dropped within ");
    assert!(row[2].contains(&told) && row[2].ends_with("more than 1 a second, burst 10"), "{}", row[2]);
    assert_eq!(daemon.account("muttd", "/stored"), 1);
    assert_eq!(daemon.ledger()["balanced"], true);
    let count = |program: &str| {
        daemon.store().column(&format!("SELECT count(*) FROM messages WHERE program = '{program}'"))
    };
    assert_eq!((count("r"), count("q")), (vec!["50".to_owned()], vec!["1".to_owned()]));
    let (_, metrics) = daemon.get("/metrics");
    assert!(metrics.contains("mutt_source_evictions_total 0"), "{metrics}");
    // What was dropped after the last summary is told at the end.
    for _ in 0..20 {
        loud.send(b"<14>1 - h a - - - again").unwrap();
    }
    wait_until("all received", || daemon.account("syslog-udp", "/received") == 121);
    let (store, folder) = (daemon.store(), std::sync::Arc::clone(daemon.folder()));
    let end = daemon.stop();
    assert_eq!(end.received, end.stored + end.dropped);
    assert_eq!(store.rows(summary).len(), 2);
    drop(folder);
}

/// Sends far more from one source than a store that stands still can take, and a little from another. Returns how
/// many messages of each source were stored, and how many were dropped for their source being over its share.
fn overload(fair_share: &str) -> (usize, usize, u64) {
    let options = Options::default()
        .set("processor.queue_max_size", "10000")
        .set("processor.batch_write_size", "1000")
        .set("listeners.syslog.receive_buffer_bytes", "67108864")
        .set("storage.database.connection_timeout", "0")
        .set("sources.fair_share", fair_share);
    let daemon = Daemon::start(options);
    let syslog = daemon.address("syslog-udp");
    let (loud, quiet) = (device([127, 0, 0, 7], syslog), device([127, 0, 0, 8], syslog));
    let lock = daemon.store().lock();
    let mut sent = 0;
    let mut flood = |count: u64, and_a_quiet_one: bool| {
        for _ in 0..count {
            loud.send(b"<14>1 - h loud - - - x").unwrap();
        }
        if and_a_quiet_one {
            quiet.send(b"<14>1 - h quiet - - - x").unwrap();
        }
        sent += count + u64::from(and_a_quiet_one);
        wait_until("all received", || daemon.account("syslog-udp", "/received") == sent);
    };
    flood(30_000, false);
    // More than a batch holds between one quiet message and the next.
    (0..5).for_each(|_| flood(1_000, true));
    flood(1_000, false);
    drop(lock);
    wait_until("the queue is empty", || daemon.ledger()["total"]["in_flight"] == 0);
    let store = daemon.store();
    let stored = |program: &str| {
        let sql = format!("SELECT count(*) FROM messages WHERE program = '{program}'");
        store.column(&sql)[0].parse().unwrap()
    };
    let found = (stored("loud"), stored("quiet"), daemon.account("syslog-udp", "/dropped/over_fair_share"));
    assert_eq!(daemon.ledger()["balanced"], true);
    daemon.stop();
    found
}

#[test]
fn in_an_overload_the_loud_give_way_to_the_quiet() {
    let (loud, quiet, cut) = overload("true");
    assert_eq!(quiet, 5);
    assert!(loud > 5_000 && cut > 10_000, "{loud} stored, {cut} cut");
    let (_, quiet, cut) = overload("false");
    assert!(quiet < 5, "without it the quiet one loses as the loud one does");
    assert_eq!(cut, 0);
}

#[test]
fn a_device_is_in_the_time_zone_of_its_source() {
    let options = Options::default()
        .set("listeners.syslog.time_zone", "America/New_York")
        .set(
            "listeners.syslog.time_zones",
            "[{from: 127.0.0.8, zone: Asia/Kolkata}, {from: 127.0.0.9, zone: \"+02:00\"}]",
        )
        .set("listeners.syslog.zone_words", "{AST: Asia/Riyadh}");
    let daemon = Daemon::start(options);
    let syslog = daemon.address("syslog-udp");
    let cases: [(u8, &str, &str, &str); 8] = [
        (7, "<14>2026-01-10T12:00:00 h a: x", "2026-01-10T17:00:00.000000Z", "device_assumed_zone"),
        (8, "<14>2026-01-10T12:00:00 h a: x", "2026-01-10T06:30:00.000000Z", "device_assumed_zone"),
        (9, "<14>2026-01-10T12:00:00 h a: x", "2026-01-10T10:00:00.000000Z", "device_assumed_zone"),
        (9, "<14>1 2026-01-10T12:00:00Z h a - - - x", "2026-01-10T12:00:00.000000Z", "device"),
        (7, "<189>7: Jan 10 2026 12:00:00 AST: %SYS-5-X: x", "2026-01-10T09:00:00.000000Z", "device"),
        (
            7,
            "<189>7: .Jan 10 2026 12:00:00 UTC: %SYS-5-X: x",
            "2026-01-10T12:00:00.000000Z",
            "device_not_synchronised",
        ),
        (7, "<189>7: *Jan 10 2026 12:00:00 UTC: %SYS-5-X: x", "", "received_clock_not_set"),
        (7, "<14>1 - h a - - - x", "", "received"),
    ];
    for (number, (last, line, ..)) in (1..).zip(&cases) {
        device([127, 0, 0, *last], syslog).send(line.as_bytes()).unwrap();
        daemon.wait_count(number);
    }
    let rows = daemon.store().rows("SELECT timestamp, received_at FROM messages ORDER BY id");
    for ((row, extras), (_, line, time, source)) in rows.iter().zip(enriched(&daemon)).zip(&cases) {
        let expected = if time.is_empty() { row[1].as_deref() } else { Some(*time) };
        assert_eq!(row[0].as_deref(), expected, "{line}");
        assert_eq!(extras["timestamp_source"], *source, "{line}");
    }
    // Without a year: whatever it is, it is said.
    udp_to(syslog).send(b"<14>Jan 10 12:00:00 h a: x").unwrap();
    daemon.wait_count(9);
    assert_eq!(enriched(&daemon)[8]["timestamp_source"], "device_assumed_year");
    daemon.stop();
}
