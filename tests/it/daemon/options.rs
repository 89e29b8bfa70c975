//! Each key of the configuration changes what the program does. Keys of other files here: `rules`, `limits`,
//! `receive` (`buffer_size`), `informs` (`connection_timeout`).

use std::sync::Arc;

use crate::support::daemon::Daemon;
use crate::support::options::Options;
use crate::support::{ber, has_ipv6, udp_to, wait_until};

/// Names of the threads of a daemon.
fn threads(daemon: &Daemon) -> Vec<String> {
    let tasks = std::fs::read_dir(format!("/proc/{}/task", daemon.process().id())).unwrap();
    let name = |task: std::fs::DirEntry| std::fs::read_to_string(task.path().join("comm")).ok();
    tasks.filter_map(|task| Some(name(task.ok()?)?.trim().to_owned())).collect()
}

fn receiving(daemon: &Daemon) -> usize {
    threads(daemon).iter().filter(|name| name.starts_with("shard-")).count()
}

#[test]
fn shards() {
    let daemon = Daemon::start(Options::default().set("daemon.shards", "3"));
    assert_eq!(receiving(&daemon), 3);
    daemon.wait_line("3 shard(s)");
    daemon.stop();
    let daemon = Daemon::start(Options::default().set("daemon.shards", "1"));
    assert_eq!(receiving(&daemon), 1);
    daemon.stop();
}

#[test]
fn protocol_and_enabled() {
    let names = ["snmp-udp", "syslog-udp", "syslog-tcp"];
    for (key, value, wanted) in [
        ("listeners.syslog.protocol", "udp", [true, true, false]),
        ("listeners.syslog.protocol", "tcp", [true, false, true]),
        ("listeners.syslog.protocol", "both", [true, true, true]),
        ("listeners.syslog.enabled", "false", [true, false, false]),
        ("listeners.snmp.enabled", "false", [false, true, true]),
    ] {
        let daemon = Daemon::start(Options::default().set(key, value));
        assert_eq!(names.map(|name| daemon.listener(name).is_some()), wanted, "{key}: {value}");
        daemon.stop();
    }
}

#[test]
fn port_and_address() {
    let free = std::net::UdpSocket::bind("127.0.0.9:0").unwrap().local_addr().unwrap();
    let options = Options::default()
        .set("listeners.syslog.protocol", "udp")
        .set("listeners.syslog.address", "\"127.0.0.9\"")
        .set("listeners.syslog.port", &free.port().to_string())
        .set("listeners.snmp.address", "[\"127.0.0.7\", \"127.0.0.8\"]");
    let daemon = Daemon::start(options);
    assert_eq!(daemon.address("syslog-udp"), free);
    let listener = daemon.listener("snmp-udp").unwrap().to_string();
    assert!(listener.contains("127.0.0.7:") && listener.contains("127.0.0.8:"), "{listener}");
    udp_to(free).send(b"<14>a b: c").unwrap();
    daemon.wait_count(1);
    daemon.stop();
}

#[test]
fn receive_buffer_bytes() {
    let options = Options::default()
        .set("listeners.snmp.receive_buffer_bytes", "8192")
        .set("listeners.syslog.receive_buffer_bytes", "65536");
    let daemon = Daemon::start(options);
    for (name, octets) in [("snmp-udp", 8_192), ("syslog-udp", 65_536)] {
        let listener = daemon.listener(name).unwrap();
        assert_eq!(listener["receive_buffer_bytes_asked"], octets, "{listener}");
        assert_eq!(listener["receive_buffer_bytes_granted"], octets, "{listener}");
    }
    daemon.stop();
}

#[test]
fn batch_write_size_and_batch_timeout() {
    let options = Options::default()
        .set("processor.batch_write_size", "10")
        .set("processor.batch_timeout_seconds", "60");
    let daemon = Daemon::start(options);
    let sender = udp_to(daemon.address("syslog-udp"));
    let send = |count: usize| {
        for _ in 0..count {
            sender.send(b"<14>a b: c").unwrap();
        }
    };
    send(4);
    wait_until("four in flight", || daemon.account("syslog-udp", "/in_flight") == 4);
    // Longer than the default would have waited.
    let start = std::time::Instant::now();
    while start.elapsed() < std::time::Duration::from_millis(600) {
        assert_eq!(daemon.store().count(), 0, "neither ten messages nor a minute");
        std::thread::park_timeout(std::time::Duration::from_millis(20));
    }
    send(6);
    daemon.wait_count(10);
    send(3);
    wait_until("three in flight", || daemon.account("syslog-udp", "/in_flight") == 3);
    let (store, _folder) = (daemon.store(), Arc::clone(daemon.folder()));
    let end = daemon.stop();
    assert_eq!(end.stored, 13, "the end does not wait for the minute");
    assert_eq!(store.count(), 13);
}

#[test]
fn database_path_and_synchronous() {
    for mode in ["NORMAL", "FULL", "EXTRA", "OFF"] {
        let options = Options::default()
            .set("storage.database.path", "else/where.db")
            .set("storage.database.synchronous", mode);
        let daemon = Daemon::start(options);
        daemon.wait_line(&format!("synchronous {mode}"));
        assert!(daemon.file("else/where.db").exists());
        daemon.stop();
    }
}

#[test]
fn connection_timeout() {
    let daemon = Daemon::start(Options::default().set("storage.database.connection_timeout", "3600"));
    let lock = daemon.store().lock();
    udp_to(daemon.address("syslog-udp")).send(b"<14>a b: c").unwrap();
    wait_until("one in flight", || daemon.account("syslog-udp", "/in_flight") == 1);
    // Longer than the write would have been refused at once.
    for _ in 0..20 {
        assert_eq!(daemon.get("/readyz").0, 200);
    }
    drop(lock);
    daemon.wait_count(1);
    assert!(!daemon.process().lines().iter().any(|line| line.contains("refuses writes")));
    daemon.stop();
}

#[test]
fn keep_community() {
    for (keep, wanted) in [("true", Some("s3cret")), ("false", None)] {
        let daemon = Daemon::start(Options::default().set("storage.keep_community", keep));
        udp_to(daemon.address("snmp-udp")).send(&ber::trap(1, b"x")).unwrap();
        daemon.wait_count(1);
        let row = daemon.store().row("SELECT community_string FROM snmp_messages");
        assert_eq!(row[0].as_deref(), wanted);
        let everything = daemon.store().row("SELECT raw_message, enriched_data, raw_bytes FROM messages");
        assert!(!format!("{everything:?}").contains("s3cret"), "{everything:?}");
        daemon.stop();
    }
}

#[test]
fn node_id() {
    let daemon = Daemon::start(Options::default().set("storage.node_id", "4660"));
    udp_to(daemon.address("syslog-udp")).send(b"<14>a b: c").unwrap();
    daemon.wait_count(1);
    let id = daemon.store().column("SELECT id FROM messages").swap_remove(0);
    assert!(id.ends_with("-000000001234"), "{id}");
    assert_eq!(id.as_bytes()[14], b'7', "{id}");
    daemon.stop();
}

#[test]
fn http_enabled_and_listen() {
    let daemon = Daemon::start(Options::default().set("http.listen", "\"127.0.0.5:0\""));
    assert_eq!(daemon.address("http").ip().to_string(), "127.0.0.5");
    assert_eq!(daemon.get("/healthz"), (200, "ok\n".to_owned()));
    assert_eq!(daemon.get("/readyz").0, 200);
    assert_eq!(daemon.get("/nonsense").0, 404);
    let (status, metrics) = daemon.get("/metrics");
    assert_eq!(status, 200);
    for name in ["mutt_received_total", "mutt_stored_total", "mutt_dropped_total", "mutt_queue_depth"] {
        assert!(metrics.contains(name), "{name} in {metrics}");
    }
    daemon.stop();
    if has_ipv6() {
        let daemon = Daemon::start(Options::default().set("http.listen", "\"[::1]:0\""));
        assert!(daemon.address("http").is_ipv6());
        daemon.stop();
    }
    let daemon = Daemon::start(Options::default().set("http.enabled", "false"));
    daemon.wait_line("shard(s)");
    assert!(!daemon.process().lines().iter().any(|line| line.contains("listening http")));
    daemon.stop();
}

#[test]
fn log_level() {
    // A tight receive buffer cannot be refused, an unfinished feature is warned of: one warning at least.
    for (level, has_info, has_warning) in
        [("DEBUG", true, true), ("INFO", true, true), ("WARNING", false, true), ("ERROR", false, false)]
    {
        let options =
            Options::default().set("daemon.log_level", level).set("storage.archiver.enabled", "true");
        let mut daemon = Daemon::start(options);
        daemon.process().signal("TERM");
        assert_eq!(daemon.process_mut().wait_end().code(), Some(0));
        let lines = daemon.process().lines();
        let has = |word: &str| lines.iter().any(|line| line.contains(word));
        assert_eq!((has(" INFO "), has(" WARN ")), (has_info, has_warning), "{level}: {lines:?}");
    }
}

#[test]
fn features_that_are_not_built_are_warned_of() {
    for key in ["storage.archiver.enabled", "storage.file_buffer.enabled"] {
        let daemon = Daemon::start(Options::default().set(key, "true"));
        let section = key.strip_suffix(".enabled").unwrap();
        let line = daemon.wait_line(section);
        assert!(line.contains("WARN"), "{line}");
        daemon.stop();
    }
}

#[test]
fn log_format_and_log_file() {
    let options = Options::default()
        .set("daemon.log_format", "json")
        .set("daemon.log_file", "logs/deep/mutt.log")
        .set("http.enabled", "false");
    let mut daemon = Daemon::start(options);
    daemon.process().signal("TERM");
    daemon.process_mut().wait_end();
    let lines = daemon.process().lines();
    for line in &lines {
        let value: serde_json::Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"));
        assert!(value["message"].is_string() && value["level"].is_string(), "{line}");
    }
    let file = std::fs::read_to_string(daemon.file("logs/deep/mutt.log")).unwrap();
    assert_eq!(file.lines().count(), lines.len());
    for (format, escapes) in [("color", true), ("plain", false), ("auto", false)] {
        let daemon =
            Daemon::start(Options::default().set("daemon.log_format", format).set("http.enabled", "false"));
        let line = daemon.wait_line("muttd");
        assert_eq!(line.contains('\u{1b}'), escapes, "{format}: {line}");
    }
}

#[test]
fn pid_file() {
    let daemon = Daemon::start(Options::default().set("daemon.pid_file", "mutt.pid"));
    let path = daemon.file("mutt.pid");
    let folder = Arc::clone(daemon.folder());
    assert_eq!(std::fs::read_to_string(&path).unwrap().trim(), daemon.process().id().to_string());
    daemon.stop();
    assert!(!path.exists(), "removed at the end of {folder:?}");
}

#[test]
fn credentials_file() {
    let folder = Arc::new(tempfile::tempdir().unwrap());
    let shipped = crate::support::source::root().join("config/snmpv3_credentials.yaml");
    std::fs::copy(shipped, folder.path().join("none.yaml")).unwrap();
    let users = "snmpv3_credentials:\n  - username: u\n    credentials:\n      - {priority: 1, active: true, \
                 auth_type: SHA, auth_password: 'maplesyrup', priv_type: AES, priv_password: 'maplesyrup'}\n";
    std::fs::write(folder.path().join("users.yaml"), users).unwrap();
    let daemon = Daemon::start_in(folder, Options::default().set("snmpv3.credentials_file", "users.yaml"));
    daemon.wait_line("1 SNMPv3 user(s) from users.yaml");
    daemon.stop();
}
