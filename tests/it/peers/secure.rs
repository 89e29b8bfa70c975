//! Real peers over TLS, and behind a proxy.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;

use crate::peers::{LINES, find, port, relay, run_well, start_rsyslog, start_syslog_ng};
use crate::support::daemon::Daemon;
use crate::support::options::Options;
use crate::support::tls::Authority;
use crate::support::wait_until;

/// A daemon that asks for certificates, with those of a sender as `sender.pem` and `sender.key`.
fn mutual(options: Options) -> Daemon {
    let folder = Arc::new(tempfile::tempdir().unwrap());
    let authority = Authority::new(folder.path());
    authority.issue(folder.path(), "sender", &["sender.example.net"]);
    Daemon::start_in(folder, asking_for_certificates(options))
}

/// TLS with `server.pem`, for senders that `ca.pem` vouches for.
fn asking_for_certificates(options: Options) -> Options {
    options
        .set("listeners.syslog.tls.enabled", "true")
        .set("listeners.syslog.tls.port", "0")
        .set("listeners.syslog.tls.certificate_file", "server.pem")
        .set("listeners.syslog.tls.key_file", "server.key")
        .set("listeners.syslog.tls.client_certificates", "required")
        .set("listeners.syslog.tls.client_ca_file", "ca.pem")
        .set("listeners.syslog.tls.client_names", "[\"*.example.net\"]")
}

#[test]
fn rsyslog_forwards_by_tls_with_both_libraries() {
    let (Some(rsyslogd), Some(_)) = (find("rsyslogd"), find("logger")) else { return };
    for library in ["gtls", "ossl"] {
        if find(&format!("lmnsd_{library}.so")).is_none() {
            continue;
        }
        let daemon = mutual(Options::default());
        let path = |name: &str| daemon.file(name).display().to_string();
        let actions = format!(
            "global(defaultNetstreamDriverCAFile=\"{}\" defaultNetstreamDriverCertFile=\"{}\" \
             defaultNetstreamDriverKeyFile=\"{}\")\naction(type=\"omfwd\" target=\"127.0.0.1\" port=\"{}\" \
             protocol=\"tcp\" TCP_Framing=\"octet-counted\" template=\"RSYSLOG_SyslogProtocol23Format\" \
             StreamDriver=\"{library}\" StreamDriverMode=\"1\" StreamDriverAuthMode=\"x509/name\" \
             StreamDriverPermittedPeers=\"localhost\")\n",
            path("ca.pem"),
            path("sender.pem"),
            path("sender.key"),
            port(&daemon, "syslog-tls"),
        );
        let (mut peer, socket) = start_rsyslog(&rsyslogd, &daemon, &actions);
        relay(&daemon, &socket, 1, &mut peer);
        assert_eq!(daemon.account("syslog-tls", "/stored"), LINES as u64, "{library}");
        drop(peer);
        daemon.stop();
    }
}

#[test]
fn syslog_ng_forwards_by_tls() {
    let (Some(syslog_ng), Some(_)) = (find("syslog-ng"), find("logger")) else { return };
    let daemon = mutual(Options::default());
    let path = |name: &str| daemon.file(name).display().to_string();
    let destination = |driver: &str| {
        format!(
            "{driver}(\"127.0.0.1\" port({}) transport(\"tls\") tls(ca-file(\"{}\") cert-file(\"{}\") \
             key-file(\"{}\") peer-verify(required-trusted)) persist-name(\"{driver}\"))",
            port(&daemon, "syslog-tls"),
            path("ca.pem"),
            path("sender.pem"),
            path("sender.key")
        )
    };
    // RFC 5424 with octet counting, and RFC 3164 in lines.
    let destinations = [destination("syslog"), destination("network")];
    let (mut peer, socket) = start_syslog_ng(&syslog_ng, &daemon, &destinations);
    relay(&daemon, &socket, 2, &mut peer);
    drop(peer);
    assert_eq!(daemon.stop().stored as usize, 2 * LINES);
}

#[test]
fn loggen_by_tcp_and_tls_and_as_a_proxy() {
    let Some(loggen) = find("loggen") else { return };
    let folder = Arc::new(tempfile::tempdir().unwrap());
    Authority::new(folder.path());
    let options = Options::default()
        .set("listeners.syslog.tcp.proxy_protocol_from", "[\"127.0.0.1\"]")
        .set("listeners.syslog.tls.enabled", "true")
        .set("listeners.syslog.tls.port", "0")
        .set("listeners.syslog.tls.certificate_file", "server.pem")
        .set("listeners.syslog.tls.key_file", "server.key");
    let daemon = Daemon::start_in(folder, options);
    let (tcp, tls) = (port(&daemon, "syslog-tcp"), port(&daemon, "syslog-tls"));
    let all = ["-n", "500", "-r", "100000", "-s", "300", "-Q", "--proxied", "--proxy-src-ip=192.0.2.77"];
    let mut sent = 0;
    for case in [
        &["-i", "-S", "127.0.0.1", &tcp][..],
        &["-i", "-S", "-P", "127.0.0.1", &tcp],
        &["-U", "--proxied-tls-passthrough", "-P", "127.0.0.1", &tls],
    ] {
        run_well(&loggen, &[&all[..], case].concat());
        // It may stop one short of what it was asked for.
        wait_until("all messages of a run", || daemon.store().count() >= sent + 499);
        let is_at_rest =
            || daemon.account("syslog-tls", "/in_flight") + daemon.account("syslog-tcp", "/in_flight") == 0;
        wait_until("no more", || {
            ["syslog-tcp", "syslog-tls"]
                .iter()
                .all(|name| daemon.listener(name).unwrap()["connections_open"] == 0)
                && is_at_rest()
        });
        sent = daemon.store().count();
    }
    assert!((1_497..=1_500).contains(&sent), "{sent}");
    assert_eq!(daemon.store().column("SELECT DISTINCT source_ip FROM messages"), ["192.0.2.77"]);
    assert_eq!(daemon.stop().stored as usize, sent);
}

/// Sends a line with `openssl s_client`.
fn s_client(openssl: &Path, daemon: &Daemon, arguments: &[&str], line: &str) -> Output {
    let target = daemon.address("syslog-tls").to_string();
    let mut child = Command::new(openssl)
        .args(["s_client", "-connect", &target, "-CAfile", "ca.pem", "-verify_return_error"])
        .args(["-servername", "localhost", "-quiet", "-no_ign_eof"])
        .args(arguments)
        .current_dir(daemon.folder().path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // It may be gone already when it was not let in.
    let _ = child.stdin.take().unwrap().write_all(line.as_bytes());
    child.wait_with_output().unwrap()
}

#[test]
fn openssl_is_let_in_with_a_certificate_and_told_why_not_without() {
    let Some(openssl) = find("openssl") else { return };
    // In the log, what is said too often has the level DEBUG.
    let daemon = mutual(Options::default().set("daemon.log_level", "DEBUG"));
    let sender = ["-cert", "sender.pem", "-key", "sender.key"];
    for (number, version) in (1..).zip(["-tls1_2", "-tls1_3"]) {
        let output = s_client(&openssl, &daemon, &[&sender[..], &[version]].concat(), "<14>a b: let in\n");
        assert!(output.status.success(), "{version}: {output:?}");
        daemon.wait_count(number);
    }
    for (arguments, told) in [
        (&["-tls1_3"][..], "shows no certificate"),
        (&["-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0"], "offers TLS 1.1 with "),
        (&["-tls1_2", "-cipher", "AES128-SHA"], "offers TLS 1.2 or newer with TLS_RSA_WITH_AES_128_CBC_SHA"),
    ] {
        s_client(&openssl, &daemon, arguments, "<14>a b: not let in\n");
        let line = daemon.wait_line(told);
        assert!(line.contains("connection refused"), "{line}");
    }
    wait_until("all refusals", || {
        daemon.listener("syslog-tls").unwrap()["connections"]["handshake_failed"] == 3
    });
    assert_eq!(daemon.stop().stored, 2);
}

/// The commands of the block in README.md that follows `<!-- NAME -->`.
fn commands_of_readme(name: &str) -> Vec<String> {
    let readme = std::fs::read_to_string(crate::support::source::root().join("README.md")).unwrap();
    let (_, block) = readme.split_once(&format!("<!-- {name} -->\n```console\n")).unwrap();
    let (block, _) = block.split_once("```").unwrap();
    block.lines().map(|line| line.strip_prefix("$ ").unwrap().to_owned()).collect()
}

#[test]
fn certificates_made_as_the_readme_says_are_good() {
    let Some(openssl) = find("openssl") else { return };
    let folder = Arc::new(tempfile::tempdir().unwrap());
    let commands = commands_of_readme("certificates");
    assert_eq!(commands.len(), 5);
    for command in commands {
        let output = Command::new("sh").args(["-c", &command]).current_dir(folder.path()).output().unwrap();
        assert!(output.status.success(), "{command}: {output:?}");
    }
    let daemon = Daemon::start_in(folder, asking_for_certificates(Options::default()));
    let output =
        s_client(&openssl, &daemon, &["-cert", "sender.pem", "-key", "sender.key"], "<14>a b: let in\n");
    assert!(output.status.success(), "{output:?}");
    daemon.wait_count(1);
    daemon.stop();
}
