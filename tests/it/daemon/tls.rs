//! Syslog over TLS: certificates of both sides, and what happens without.

use std::io::{Read as _, Write as _};
use std::path::Path;
use std::sync::Arc;

use mutt::net::tls::names::Fingerprint;
use rustls::ClientConfig;

use crate::support::daemon::{Daemon, Process};
use crate::support::options::Options;
use crate::support::tls::{Authority, client, send, shake};
use crate::support::{tcp_to, wait_until};

/// TLS on any port, with the certificate `server` of the folder.
fn options() -> Options {
    Options::default()
        .set("listeners.syslog.tls.enabled", "true")
        .set("listeners.syslog.tls.port", "0")
        .set("listeners.syslog.tls.certificate_file", "server.pem")
        .set("listeners.syslog.tls.key_file", "server.key")
}

/// A folder with a CA and a server's certificate.
fn folder() -> (Arc<tempfile::TempDir>, Authority) {
    let folder = Arc::new(tempfile::tempdir().unwrap());
    let authority = Authority::new(folder.path());
    (folder, authority)
}

fn failed(daemon: &Daemon) -> u64 {
    daemon.listener("syslog-tls").unwrap()["connections"]["handshake_failed"].as_u64().unwrap()
}

#[test]
fn messages_in_both_versions_and_framings() {
    let (folder, _authority) = folder();
    let daemon = Daemon::start_in(Arc::clone(&folder), options());
    let address = daemon.address("syslog-tls");
    let only = |version: &'static rustls::SupportedProtocolVersion| -> ClientConfig {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut roots = rustls::RootCertStore::empty();
        let ca = rustls::pki_types::pem::PemObject::from_pem_file(folder.path().join("ca.pem")).unwrap();
        roots.add(ca).unwrap();
        let builder =
            ClientConfig::builder_with_provider(provider).with_protocol_versions(&[version]).unwrap();
        builder.with_root_certificates(roots).with_no_client_auth()
    };
    send(address, only(&rustls::version::TLS12), b"14 <14>a b: 1.2 c14 <14>a b: 1.2 d").unwrap();
    daemon.wait_count(2);
    send(address, only(&rustls::version::TLS13), b"<14>a b: 1.3 c\n<14>a b: 1.3 d\n").unwrap();
    daemon.wait_count(4);
    let long = format!("<14>a b: {}", "x".repeat(60_000));
    send(address, client(folder.path(), None), format!("{} {long}", long.len()).as_bytes()).unwrap();
    daemon.wait_count(5);
    let texts = daemon.store().texts();
    assert_eq!(texts[..4], ["<14>a b: 1.2 c", "<14>a b: 1.2 d", "<14>a b: 1.3 c", "<14>a b: 1.3 d"]);
    assert_eq!(texts[4], long);
    assert_eq!(daemon.listener("syslog-tls").unwrap()["transport"], "tls");
    assert_eq!((daemon.account("syslog-tls", "/stored"), failed(&daemon)), (5, 0));
    daemon.stop();
}

/// Whether a client with these certificates is let in; `None` shows none.
fn is_let_in(daemon: &Daemon, name: Option<&str>) -> bool {
    let before = daemon.store().count();
    let sent = send(daemon.address("syslog-tls"), client(daemon.folder().path(), name), b"<14>a b: c\n");
    if sent.is_ok() {
        daemon.wait_count(before + 1);
    }
    sent.is_ok()
}

#[test]
fn client_certificates_as_asked_for() {
    let (folder, authority) = folder();
    authority.issue(folder.path(), "ours", &["router1.example.net"]);
    Authority::called(folder.path(), "other").issue(folder.path(), "stranger", &["router1.example.net"]);
    let with_ca = options().set("listeners.syslog.tls.client_ca_file", "ca.pem");
    for (certificates, options, wanted) in [
        ("none", options(), [true, true, true]),
        ("optional", with_ca.clone(), [true, true, false]),
        ("required", with_ca, [false, true, false]),
    ] {
        let options = options.set("listeners.syslog.tls.client_certificates", certificates);
        let daemon = Daemon::start_in(Arc::clone(&folder), options);
        let found = [None, Some("ours"), Some("stranger")].map(|name| is_let_in(&daemon, name));
        assert_eq!(found, wanted, "{certificates}");
        let refused = wanted.iter().filter(|wanted| !**wanted).count() as u64;
        wait_until("all refusals", || failed(&daemon) == refused);
        if certificates == "required" {
            daemon.wait_line("shows no certificate, and client_certificates is required");
        }
        daemon.stop();
    }
}

#[test]
fn clients_by_name_and_by_fingerprint() {
    let (folder, authority) = folder();
    authority.issue(folder.path(), "ours", &["router1.example.net", "192.0.2.7"]);
    let stranger =
        Authority::called(folder.path(), "other").issue(folder.path(), "stranger", &["s.example.net"]);
    let required = options().set("listeners.syslog.tls.client_certificates", "required");
    let fingerprint = Fingerprint::of(stranger.der()).to_string().to_lowercase().replace("sha256", "sha-256");
    let by_name = |name: &str| {
        let ca = required.clone().set("listeners.syslog.tls.client_ca_file", "ca.pem");
        ca.set("listeners.syslog.tls.client_names", &format!("[\"{name}\"]"))
    };
    let pinned =
        required.clone().set("listeners.syslog.tls.client_fingerprints", &format!("[\"{fingerprint}\"]"));
    for (options, wanted) in [
        (by_name("*.example.net"), [true, false]),
        (by_name("192.0.2.7"), [true, false]),
        (by_name("router2.example.net"), [false, false]),
        (pinned, [false, true]),
    ] {
        let daemon = Daemon::start_in(Arc::clone(&folder), options.clone());
        let found = ["ours", "stranger"].map(|name| is_let_in(&daemon, Some(name)));
        assert_eq!(found, wanted, "{}", options.yaml());
        daemon.stop();
    }
}

#[test]
fn certificates_are_exchanged_while_connections_go_on() {
    let (folder, _authority) = folder();
    let daemon = Daemon::start_in(Arc::clone(&folder), options());
    let address = daemon.address("syslog-tls");
    let old_trust = client(folder.path(), None);
    let mut old = shake(tcp_to(address), old_trust.clone()).unwrap();
    old.write_all(b"<14>a b: before\n").unwrap();
    daemon.wait_count(1);

    // A broken file is refused, and the old certificate stays.
    let server = |name: &str| folder.path().join(format!("server.{name}"));
    let replace = |path: &Path, text: &str| {
        std::fs::write(path.with_extension("new"), text).unwrap();
        std::fs::rename(path.with_extension("new"), path).unwrap();
    };
    let key = std::fs::read_to_string(server("key")).unwrap();
    replace(&server("pem"), "no certificate");
    let line = daemon.wait_line("new certificates are rejected, the old ones stay in force: ");
    assert!(line.contains("server.pem: holds no certificate"), "{line}");
    send(address, old_trust.clone(), b"<14>a b: still the old\n").unwrap();
    daemon.wait_count(2);

    // A new CA with a new server certificate, after SIGHUP at the latest.
    Authority::new(folder.path());
    daemon.process().signal("HUP");
    daemon.wait_line("are in force for new connections");
    wait_until("the new certificate", || {
        send(address, client(folder.path(), None), b"<14>a b: the new\n").is_ok()
    });
    assert!(send(address, old_trust, b"<14>a b: not trusted any more\n").is_err());
    old.write_all(b"<14>a b: the old connection\n").unwrap();
    wait_until("both", || {
        let texts = daemon.store().texts();
        ["<14>a b: the new", "<14>a b: the old connection"].iter().all(|text| texts.iter().any(|t| t == text))
    });
    let log = daemon.process().lines().join("\n");
    let secrets = [key, std::fs::read_to_string(server("key")).unwrap()];
    let secrets = secrets.iter().flat_map(|key| key.lines()).filter(|line| !line.starts_with('-'));
    assert!(secrets.into_iter().all(|line| !log.contains(line)), "a private key is in the log");
    daemon.stop();
}

#[test]
fn what_is_not_tls_or_does_not_get_on_with_it_is_cut_off() {
    let (folder, _authority) = folder();
    let options = options()
        .set("listeners.syslog.tcp.idle_timeout_seconds", "0")
        .set("listeners.syslog.tcp.frame_timeout_seconds", "1");
    let daemon = Daemon::start_in(folder, options);
    let address = daemon.address("syslog-tls");
    let mut silent = tcp_to(address);
    let mut rest = Vec::new();
    assert_eq!(silent.read_to_end(&mut rest).unwrap_or_default(), 0);
    let mut plain = tcp_to(address);
    plain.write_all(b"<14>a b: in the clear\n").unwrap();
    let _ = plain.read_to_end(&mut rest);
    let connections = || daemon.listener("syslog-tls").unwrap()["connections"].clone();
    wait_until("both are counted", || {
        connections()["timed_out"] == 1 && connections()["handshake_failed"] == 1
    });
    wait_until("no connection", || daemon.listener("syslog-tls").unwrap()["connections_open"] == 0);
    assert_eq!(daemon.stop().received, 0);
}

#[test]
fn a_proxy_header_comes_before_tls() {
    let (folder, _authority) = folder();
    let options = options().set("listeners.syslog.tcp.proxy_protocol_from", "[127.0.0.1]");
    let daemon = Daemon::start_in(Arc::clone(&folder), options);
    let mut stream = tcp_to(daemon.address("syslog-tls"));
    stream.write_all(b"PROXY TCP6 2001:db8::7 2001:db8::1 40000 6514\r\n").unwrap();
    let mut tls = shake(stream, client(folder.path(), None)).unwrap();
    tls.write_all(b"<14>a b: from afar\n").unwrap();
    daemon.wait_count(1);
    assert_eq!(daemon.store().column("SELECT source_ip FROM messages"), ["2001:db8::7"]);
    daemon.stop();
}

#[test]
fn bad_files_are_told_by_check_and_at_the_start() {
    let (folder, _authority) = folder();
    let other = tempfile::tempdir().unwrap();
    Authority::new(other.path());
    std::fs::copy(other.path().join("server.key"), folder.path().join("server.key")).unwrap();
    std::fs::write(folder.path().join("c.yaml"), options().yaml()).unwrap();
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_muttd"))
        .args(["check", "--config", "c.yaml"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(
        told.contains("c.yaml: listeners.syslog.tls: server.pem and server.key cannot be used together"),
        "{told}"
    );
    let mut process = Process::start(folder.path(), &["--config", "c.yaml"]);
    assert_eq!(process.wait_end().code(), Some(1));
    process.wait_line("server.pem and server.key cannot be used together");
}
