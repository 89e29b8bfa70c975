//! What an SNMP listener does not take: it is counted, listed and forgotten, never stored, never answered.

use std::io::ErrorKind;
use std::net::UdpSocket;
use std::sync::Arc;

use crate::samples::v3::{Agent, Level};
use crate::support::daemon::Daemon;
use crate::support::options::Options;
use crate::support::{ber, udp_to, wait_until};

/// A v2c inform with `community`.
fn inform(community: &[u8]) -> Vec<u8> {
    let varbinds = ber::sequence(&[
        ber::sequence(&[ber::oid(&ber::SYS_UP_TIME), ber::tlv(0x43, &[1])]),
        ber::sequence(&[ber::oid(&ber::SNMP_TRAP_OID), ber::oid(&ber::LINK_DOWN)]),
    ]);
    let pdu = ber::tlv(0xa6, &[ber::integer(7), ber::integer(0), ber::integer(0), varbinds].concat());
    ber::sequence(&[ber::integer(1), ber::octets(community), pdu])
}

/// A socket of another local address that sends to the SNMP listener.
fn from(daemon: &Daemon, address: &str) -> UdpSocket {
    let socket = UdpSocket::bind((address, 0)).unwrap();
    socket.connect(daemon.address("snmp-udp")).unwrap();
    socket
}

/// Who is listed as refused: source, reason and count.
fn listed(daemon: &Daemon) -> Vec<(String, String, u64)> {
    let told = daemon.json("/api/v1/snmp/refused");
    let text = |row: &serde_json::Value, key: &str| row[key].as_str().unwrap().to_owned();
    let mut rows: Vec<_> = told["refused"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (text(row, "source_ip"), text(row, "reason"), row["num_refused"].as_u64().unwrap()))
        .collect();
    rows.sort();
    rows
}

#[track_caller]
fn wait_listed(daemon: &Daemon, expected: &[(&str, &str, u64)]) {
    let expected: Vec<(String, String, u64)> = expected
        .iter()
        .map(|(source, reason, count)| ((*source).to_owned(), (*reason).to_owned(), *count))
        .collect();
    wait_until(&format!("{expected:?}, not {:?}", listed(daemon)), || listed(daemon) == expected);
}

#[track_caller]
fn assert_no_answer(socket: &UdpSocket) {
    socket.set_nonblocking(true).unwrap();
    assert_eq!(socket.recv(&mut [0; 2_000]).unwrap_err().kind(), ErrorKind::WouldBlock);
    socket.set_nonblocking(false).unwrap();
}

fn muttd(daemon: &Daemon, arguments: &[&str]) -> String {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_muttd"))
        .args(["--config", "mutt.yaml"])
        .args(arguments)
        .current_dir(daemon.folder().path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn communities() {
    let folder = Arc::new(tempfile::tempdir().unwrap());
    std::fs::write(folder.path().join("community"), "of-a-file\n").unwrap();
    let options = Options::default().set(
        "listeners.snmp.communities",
        "[s3cret, {community: of-one, from: [127.0.0.2]}, {community_file: community}, {community_env: CARGO_MANIFEST_DIR}]",
    );
    let daemon = Daemon::start_in(folder, options);
    let [one, other] = ["127.0.0.2", "127.0.0.3"].map(|address| from(&daemon, address));
    let of_variable = std::env::var("CARGO_MANIFEST_DIR").unwrap();
    for (number, community) in (1..).zip([&b"s3cret"[..], b"of-one", b"of-a-file", of_variable.as_bytes()]) {
        one.send(&inform(community)).unwrap();
        one.recv(&mut [0; 2_000]).unwrap();
        daemon.wait_count(number);
    }
    for community in [&b"public"[..], b"s3cre", b"s3cret2", b"S3cret", b""] {
        other.send(&inform(community)).unwrap();
    }
    other.send(&inform(b"of-one")).unwrap();
    other.send(&ber::trap_v1(b"a v1 trap of the right community")).unwrap();
    daemon.wait_count(5);
    assert_no_answer(&other);
    wait_listed(&daemon, &[("127.0.0.3", "snmp_community", 5), ("127.0.0.3", "snmp_community_source", 1)]);
    assert_eq!(daemon.account("snmp-udp", "/dropped/snmp_community"), 5);
    assert_eq!(daemon.account("snmp-udp", "/dropped/snmp_community_source"), 1);
    let (_, metrics) = daemon.get("/metrics");
    let line = "mutt_dropped_total{listener=\"snmp-udp\",reason=\"snmp_community\"} 5";
    assert!(metrics.contains(line), "{metrics}");
    let text = muttd(&daemon, &["snmp", "refused"]);
    assert!(text.contains("127.0.0.3 snmp_community: 5 message(s), first 2"), "{text}");
    let log = daemon.process().lines().join("\n") + &text + &daemon.store().texts().join("\n");
    for community in ["s3cret", "of-one", "of-a-file", &of_variable] {
        assert!(!log.contains(community), "{community} is shown");
    }
    let end = daemon.stop();
    assert_eq!((end.received, end.stored, end.dropped), (11, 5, 6));
}

#[test]
fn versions_and_allow_from() {
    let options = Options::default()
        .set("listeners.snmp.versions", "[v1, v3]")
        .set("listeners.snmp.allow_from", "[127.0.0.1, 127.0.0.2]");
    let daemon = Daemon::start(options);
    let sender = from(&daemon, "127.0.0.2");
    sender.send(&inform(b"public")).unwrap();
    from(&daemon, "127.0.0.9").send(&ber::trap_v1(b"not allowed")).unwrap();
    // Who is nobody's user is stored with the reason, and listed.
    sender.send(&Agent::new(1, "nobody", "auth-secret-1", "priv-secret-1").link_down(1)).unwrap();
    sender.send(&ber::trap_v1(b"taken")).unwrap();
    daemon.wait_count(2);
    assert_no_answer(&sender);
    wait_listed(
        &daemon,
        &[
            ("127.0.0.2", "snmp_version", 1),
            ("127.0.0.2", "usmStatsUnknownUserNames", 1),
            ("127.0.0.9", "source_not_allowed", 1),
        ],
    );
    assert_eq!(daemon.account("snmp-udp", "/dropped/snmp_version"), 1);
    daemon.stop();

    let daemon = Daemon::start(Options::default().set("listeners.snmp.versions", "[v2c]"));
    let sender = from(&daemon, "127.0.0.2");
    sender.send(&crate::samples::v3::discovery(1)).unwrap();
    sender.send(&inform(b"public")).unwrap();
    let mut answer = [0; 2_000];
    let length = sender.recv(&mut answer).unwrap();
    assert_eq!(answer[..length][4], 1, "the answer is to the inform of v2c");
    wait_listed(&daemon, &[("127.0.0.2", "snmp_version", 1)]);
    daemon.stop();
}

#[test]
fn the_least_level_of_the_listener() {
    const USERS: &str = "snmpv3_credentials:\n  - username: ops\n    min_security_level: noAuthNoPriv\n    credentials:\n      \
        - {priority: 1, auth_type: NONE}\n      - {priority: 2, auth_type: SHA, auth_password: auth-secret-1}\n      - \
        {priority: 3, auth_type: SHA, auth_password: auth-secret-1, priv_type: AES, priv_password: priv-secret-1}\n";
    for (least, taken) in [("noAuthNoPriv", 4), ("authNoPriv", 2), ("authPriv", 1)] {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        std::fs::write(folder.path().join("users.yaml"), USERS).unwrap();
        let options = Options::default()
            .set("snmpv3.credentials_file", "users.yaml")
            .set("listeners.snmp.min_security_level", least);
        let daemon = Daemon::start_in(folder, options);
        let agent = Agent::new(1, "ops", "auth-secret-1", "priv-secret-1");
        let sender = udp_to(daemon.address("snmp-udp"));
        sender.send(&inform(b"public")).unwrap();
        for (number, level) in (1..).zip([Level::NoAuthNoPriv, Level::AuthNoPriv, Level::AuthPriv]) {
            sender.send(&agent.clone().at(level).link_down(number)).unwrap();
        }
        daemon.wait_count(taken);
        if taken < 4 {
            wait_listed(&daemon, &[("127.0.0.1", "snmp_security_level", 4 - taken as u64)]);
        }
        assert_eq!(daemon.store().column("SELECT count(*) FROM messages WHERE NOT validated"), ["0"]);
        // Whoever asks who we are is still told: it cannot prove itself before.
        let sender = udp_to(daemon.address("snmp-udp"));
        sender.send(&crate::samples::v3::discovery(9)).unwrap();
        assert!(sender.recv(&mut [0; 2_000]).unwrap() > 0);
        let end = daemon.stop();
        assert_eq!((end.stored as usize, end.dropped as usize), (taken, 5 - taken));
    }
}

#[test]
fn a_flood_of_refused_messages_is_a_few_rows() {
    let daemon = Daemon::start(Options::default().set("listeners.snmp.communities", "[s3cret]"));
    let sender = udp_to(daemon.address("snmp-udp"));
    let message = inform(b"public");
    for _ in 0..5_000 {
        sender.send(&message).unwrap();
    }
    wait_until("all accounted for", || {
        let kernel = daemon.account("snmp-udp", "/dropped/kernel_receive_buffer");
        daemon.account("snmp-udp", "/dropped/snmp_community") + kernel == 5_000
    });
    let dropped = daemon.account("snmp-udp", "/dropped/snmp_community");
    wait_listed(&daemon, &[("127.0.0.1", "snmp_community", dropped)]);
    assert_eq!(daemon.store().count(), 0);
    daemon.stop();
}

/// The notification as a proxy passes it on: with the address of the device.
fn proxied(device: [u8; 4]) -> Vec<u8> {
    const SNMP_TRAP_ADDRESS: [u8; 9] = [0x2b, 6, 1, 6, 3, 18, 1, 3, 0];
    let varbinds = ber::sequence(&[
        ber::sequence(&[ber::oid(&ber::SYS_UP_TIME), ber::tlv(0x43, &[1])]),
        ber::sequence(&[ber::oid(&ber::SNMP_TRAP_OID), ber::oid(&ber::LINK_DOWN)]),
        ber::sequence(&[ber::oid(&SNMP_TRAP_ADDRESS), ber::tlv(0x40, &device)]),
    ]);
    let pdu = ber::tlv(0xa7, &[ber::integer(7), ber::integer(0), ber::integer(0), varbinds].concat());
    ber::sequence(&[ber::integer(1), ber::octets(b"public"), pdu])
}

#[test]
fn the_word_of_trusted_proxies_counts_and_of_nobody_else() {
    let options = Options::default()
        .set("listeners.snmp.trusted_proxies", "[127.0.0.5]")
        .set("sources.messages_per_second_max", "1")
        .set("sources.burst_messages_max", "3");
    let daemon = Daemon::start(options);
    let [proxy, other] = ["127.0.0.5", "127.0.0.6"].map(|address| from(&daemon, address));
    // 192.0.2.1 is the agent-addr of the v1 trap.
    let messages = [proxied([198, 51, 100, 7]), ber::trap_v1(b"v1"), proxied([0, 0, 0, 0])];
    for (number, message) in messages.iter().enumerate() {
        proxy.send(message).unwrap();
        daemon.wait_count(2 * number + 1);
        other.send(message).unwrap();
        daemon.wait_count(2 * number + 2);
    }
    let rows = daemon
        .store()
        .rows("SELECT source_ip, json_extract(enriched_data, '$.relay') FROM messages ORDER BY id");
    let expected = [
        ["198.51.100.7", "127.0.0.5"],
        ["127.0.0.6", ""],
        ["192.0.2.1", "127.0.0.5"],
        ["127.0.0.6", ""],
        ["127.0.0.5", ""],
        ["127.0.0.6", ""],
    ];
    let rows: Vec<Vec<&str>> = rows
        .iter()
        .map(|row| row.iter().map(|column| column.as_deref().unwrap_or_default()).collect())
        .collect();
    assert_eq!(rows, expected);
    // What is not believed is shown all the same.
    let shown = daemon.store().column(
        "SELECT count(*) FROM messages WHERE enriched_data LIKE '%198.51.100.7%' OR enriched_data LIKE '%192.0.2.1%'",
    );
    assert_eq!(shown, ["4"]);
    // Many devices speak through a proxy: it is not limited as one of them is.
    for _ in 0..20 {
        proxy.send(&messages[0]).unwrap();
    }
    daemon.wait_count(26);
    assert_eq!(daemon.account("snmp-udp", "/dropped/rate_limited"), 0);
    daemon.stop();
}
