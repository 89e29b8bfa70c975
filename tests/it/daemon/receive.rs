//! What is sent is what is stored.

use std::io::Write as _;

use crate::support::daemon::Daemon;
use crate::support::options::Options;
use crate::support::{ber, has_ipv6, say, tcp_to, udp_to};

const RFC5424: &str =
    "<165>1 2003-10-11T22:14:15.003Z mymachine.example.com evntslog 811 ID47 [a@1 b=\"c\"] An event";
const RFC3164: &str = "<34>Oct 11 22:14:15 mymachine su[230]: 'su root' failed for lonvick on /dev/pts/8";

#[test]
fn syslog_of_both_standards_by_udp() {
    let daemon = Daemon::start(Options::default());
    let sender = udp_to(daemon.address("syslog-udp"));
    sender.send(RFC5424.as_bytes()).unwrap();
    sender.send(RFC3164.as_bytes()).unwrap();
    daemon.wait_count(2);
    let store = daemon.store();
    assert_eq!(store.texts(), [RFC5424, RFC3164]);
    let rows = store.rows(
        "SELECT m.type, m.source_ip, m.source_device, s.facility, s.level, s.program, s.process_id, s.tag, m.validated
         FROM messages m JOIN syslog_messages s ON s.message_id = m.id ORDER BY m.id",
    );
    let wanted = [
        ["syslog", "127.0.0.1", "mymachine.example.com", "20", "5", "evntslog", "811", "evntslog[811]", "1"],
        ["syslog", "127.0.0.1", "mymachine", "4", "2", "su", "230", "su[230]", "1"],
    ];
    for (row, wanted) in rows.iter().zip(wanted) {
        let row: Vec<&str> = row.iter().flatten().map(String::as_str).collect();
        assert_eq!(row, wanted);
    }
    assert_eq!(store.column("SELECT timestamp FROM messages ORDER BY id")[0], "2003-10-11T22:14:15.003000Z");
    let times = store.column("SELECT received_at FROM messages ORDER BY id");
    assert!(times[0] <= times[1] && times[0].ends_with('Z') && times[0].len() == 27, "{times:?}");
    assert!(store.column("SELECT enriched_data FROM messages ORDER BY id")[0].contains("\"b\""));
    assert_eq!(store.column("SELECT source_ip FROM devices"), ["127.0.0.1"]);
    let end = daemon.stop();
    assert_eq!((end.received, end.stored), (2, 2));
}

#[test]
fn syslog_by_tcp_in_both_framings_and_in_pieces() {
    let daemon = Daemon::start(Options::default());
    let address = daemon.address("syslog-tcp");
    let mut counted = tcp_to(address);
    for piece in [&b"13 <14>a b: fir"[..], b"s12 <14>a b: 2\nd1", b"2 <14>a b: 3rd"] {
        counted.write_all(piece).unwrap();
        counted.flush().unwrap();
    }
    drop(counted);
    daemon.wait_count(3);
    let mut lines = tcp_to(address);
    lines.write_all(b"<14>a b: fourth\n<14>a b: fi").unwrap();
    lines.write_all(b"fth\r\n<14>a b: cut").unwrap();
    drop(lines);
    daemon.wait_count(6);
    let texts = daemon.store().texts();
    assert_eq!(
        texts,
        [
            "<14>a b: firs",
            "<14>a b: 2\nd",
            "<14>a b: 3rd",
            "<14>a b: fourth",
            "<14>a b: fifth",
            "<14>a b: cut"
        ]
    );
    let errors = daemon.store().column("SELECT validation_errors FROM messages ORDER BY id");
    assert!(!errors[4].contains("unterminated") && errors[5].contains("unterminated"), "{errors:?}");
    assert_eq!(daemon.stop().stored, 6);
}

#[test]
fn ipv6_beside_ipv4() {
    if !has_ipv6() {
        return;
    }
    let both = "[\"127.0.0.1\", \"::1\"]";
    let options =
        Options::default().set("listeners.syslog.address", both).set("listeners.snmp.address", both);
    let daemon = Daemon::start(options);
    for name in ["syslog-udp", "snmp-udp", "syslog-tcp"] {
        let listener = daemon.listener(name).unwrap();
        let addresses: Vec<std::net::SocketAddr> = listener["addresses"]
            .as_array()
            .unwrap()
            .iter()
            .map(|a| a.as_str().unwrap().parse().unwrap())
            .collect();
        assert_eq!(addresses.len(), 2, "{listener}");
        assert_eq!(addresses[0].port(), addresses[1].port());
        let six = addresses.into_iter().find(std::net::SocketAddr::is_ipv6).unwrap();
        match name {
            "syslog-udp" => assert_eq!(udp_to(six).send(b"<14>a b: udp").unwrap(), 12),
            "snmp-udp" => {
                let sender = udp_to(six);
                let inform = ber::inform(7, b"six");
                sender.send(&inform).unwrap();
                let mut answer = [0; 2_000];
                let length = sender.recv(&mut answer).unwrap();
                assert_eq!(&answer[..length], ber::response(7, b"six"));
            }
            _ => tcp_to(six).write_all(b"<14>a b: tcp\n").unwrap(),
        }
    }
    daemon.wait_count(3);
    assert_eq!(daemon.store().column("SELECT DISTINCT source_ip FROM messages"), ["::1"]);
    assert_eq!(daemon.stop().stored, 3);
}

#[test]
fn traps_of_v1_and_v2c() {
    let daemon = Daemon::start(Options::default());
    let sender = udp_to(daemon.address("snmp-udp"));
    sender.send(&ber::trap_v1(b"one")).unwrap();
    sender.send(&ber::trap(1, b"two")).unwrap();
    daemon.wait_count(2);
    let rows = daemon.store().rows(
        "SELECT m.type, s.snmp_version, s.oid, s.trap_type, s.community_string, m.raw_bytes, m.raw_message
         FROM messages m JOIN snmp_messages s ON s.message_id = m.id ORDER BY m.id",
    );
    let text = |row: usize, column: usize| rows[row][column].as_deref();
    for (row, version, oid, name, said) in [
        (0, "v1", "1.3.6.1.6.3.1.1.5.4", "linkUp", "one"),
        (1, "v2c", "1.3.6.1.6.3.1.1.5.3", "linkDown", "two"),
    ] {
        assert_eq!(text(row, 0), Some("snmp_trap"));
        assert_eq!(text(row, 1), Some(version));
        assert_eq!(text(row, 2), Some(oid));
        assert!(text(row, 3).unwrap().contains(name), "{rows:?}");
        assert_eq!((text(row, 4), text(row, 5)), (None, None), "no community, nothing undecoded");
        assert!(text(row, 6).unwrap().contains(said), "{rows:?}");
    }
    let enriched = daemon.store().column("SELECT enriched_data FROM messages ORDER BY id");
    for row in &enriched {
        let value: serde_json::Value = serde_json::from_str(row).unwrap();
        assert!(value.to_string().contains("1.3.6.1.2.1.1.1.0"), "{value}");
    }
    assert_eq!(daemon.stop().stored, 2);
}

#[test]
fn octets_that_are_not_text_are_kept_exactly() {
    let daemon = Daemon::start(Options::default());
    let udp = udp_to(daemon.address("syslog-udp"));
    let hostile: [&[u8]; 5] = [
        b"<14>a b: \xff\xfe\x00\x80 end",
        b"\x00",
        b"<14>Oct 11 22:14:15 h p: nul \x00 within",
        b"<14>a b: \xed\xa0\x80 \xf0\x9f\x98\x80 \xc0\xaf",
        b"",
    ];
    for (number, message) in (1..).zip(hostile) {
        udp.send(message).unwrap();
        daemon.wait_count(number);
    }
    assert_eq!(daemon.store().octets(), hostile);
    for text in daemon.store().texts() {
        assert!(!text.contains('\0'), "{text:?}: NUL ends text for many clients");
    }
    assert_eq!(daemon.stop().stored, 5);
}

#[test]
fn what_is_no_notification_is_kept_with_the_reason() {
    let daemon = Daemon::start(Options::default());
    let sender = udp_to(daemon.address("snmp-udp"));
    let mut cut = ber::trap(3, b"cut");
    cut.truncate(40);
    let get = ber::notification(0xa0, 5, b"get");
    let inputs: [&[u8]; 4] = [b"<14>this is syslog", &cut, &get, &[0x30, 0x84, 0xff, 0xff, 0xff, 0xff]];
    for (number, input) in (1..).zip(inputs) {
        sender.send(input).unwrap();
        daemon.wait_count(number);
    }
    assert_eq!(daemon.store().octets(), inputs);
    let rows = daemon.store().rows("SELECT validated, validation_errors, type FROM messages");
    for row in rows {
        assert_eq!(row[0].as_deref(), Some("0"));
        assert!(row[1].as_ref().unwrap().len() > 4, "{row:?}");
        assert_eq!(row[2].as_deref(), Some("snmp_trap"));
    }
    let undecoded = daemon.ledger()["total"]["undecoded"].as_object().unwrap().clone();
    let sum: u64 = undecoded.values().filter_map(serde_json::Value::as_u64).sum();
    assert_eq!(sum, 4, "{undecoded:?}");
    assert_eq!(daemon.stop().stored, 4);
}

#[test]
fn what_is_longer_than_buffer_size_is_cut_and_marked() {
    let options = Options::default()
        .set("listeners.syslog.buffer_size", "600")
        .set("listeners.snmp.buffer_size", "700");
    let daemon = Daemon::start(options);
    let syslog = format!("<14>a b: {}", "x".repeat(1_000));
    udp_to(daemon.address("syslog-udp")).send(syslog.as_bytes()).unwrap();
    daemon.wait_count(1);
    let mut stream = tcp_to(daemon.address("syslog-tcp"));
    stream.write_all(format!("{} {syslog}12 <14>a b: end", syslog.len()).as_bytes()).unwrap();
    daemon.wait_count(3);
    let trap = ber::trap(1, &[b'y'; 1_000]);
    udp_to(daemon.address("snmp-udp")).send(&trap).unwrap();
    daemon.wait_count(4);
    let octets = daemon.store().octets();
    for kept in &octets[..2] {
        assert_eq!(String::from_utf8_lossy(kept), syslog[..600]);
    }
    assert_eq!(octets[2], b"<14>a b: end", "the connection goes on");
    assert!(octets[3] == trap[..700], "the first 700 octets of the trap");
    let errors = daemon.store().column("SELECT validation_errors FROM messages ORDER BY id");
    assert!(errors[0].contains("truncated") && errors[1].contains("truncated"), "{errors:?}");
    assert!(errors[3].contains("truncated"), "{errors:?}");
    assert!(!errors[2].contains("truncated"), "{errors:?}");
    for listener in ["syslog-udp", "syslog-tcp", "snmp-udp"] {
        assert_eq!(daemon.account(listener, "/truncated"), 1, "{listener}");
    }
    assert_eq!(daemon.stop().stored, 4);
}

/// What every runtime must do: take all there is from several senders, in order for each, answer, and stop in order.
fn conforms(runtime: &str) {
    const MESSAGES: usize = 2_000;
    let options = Options::default()
        .set("daemon.runtime", runtime)
        .set("daemon.shards", "2")
        .set("listeners.syslog.receive_buffer_bytes", "33554432");
    let daemon = Daemon::start(options);
    let line = daemon.wait_line("runtime");
    let in_use = if line.contains("is not to be had") { "threads" } else { runtime };
    assert!(line.contains(in_use), "{line}");
    if in_use != runtime {
        say(&format!("runtime {runtime} fell back: {line}"));
    }
    let address = daemon.address("syslog-udp");
    let senders = [udp_to(address), udp_to(address), udp_to(address)];
    for number in 0..MESSAGES {
        for (sender, socket) in senders.iter().enumerate() {
            socket.send(format!("<14>h{sender} p: {number}").as_bytes()).unwrap();
        }
    }
    let snmp = udp_to(daemon.address("snmp-udp"));
    snmp.send(&ber::inform(9, b"runtime")).unwrap();
    let mut answer = [0; 2_000];
    let length = snmp.recv(&mut answer).unwrap();
    assert_eq!(&answer[..length], ber::response(9, b"runtime"));
    tcp_to(daemon.address("syslog-tcp")).write_all(b"<14>a b: by tcp\n").unwrap();
    daemon.wait_count(3 * MESSAGES + 2);
    let texts = daemon.store().texts();
    for sender in 0..senders.len() {
        let start = format!("<14>h{sender} p: ");
        let numbers: Vec<usize> =
            texts.iter().filter_map(|text| text.strip_prefix(&start)?.parse().ok()).collect();
        assert!(numbers.iter().copied().eq(0..MESSAGES), "{runtime}: order of sender {sender}");
    }
    let end = daemon.stop();
    assert_eq!((end.received, end.dropped), (3 * MESSAGES as u64 + 2, 0));
}

#[test]
fn the_threads_runtime_conforms() {
    conforms("threads");
}

#[test]
fn the_tokio_runtime_conforms() {
    conforms("tokio");
}

#[test]
fn the_glommio_runtime_conforms() {
    conforms("glommio");
}
