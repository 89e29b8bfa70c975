//! rsyslog over RELP, with and without TLS, and a daemon that dies.

use std::sync::Arc;

use crate::peers::{LINES, feed, find, port, relay, start_rsyslog};
use crate::support::daemon::Daemon;
use crate::support::options::Options;
use crate::support::tls::Authority;
use crate::support::{say, wait_until};

/// Lines sent through the relay while the daemon dies.
const MANY: usize = 20_000;

/// Times that it dies.
const DEATHS: usize = 3;

fn options() -> Options {
    Options::default().set("listeners.syslog.relp.enabled", "true").set("listeners.syslog.relp.port", "0")
}

/// Whether rsyslog and its module for RELP are there.
fn rsyslog() -> Option<std::path::PathBuf> {
    find("logger")?;
    find("omrelp.so")?;
    find("rsyslogd")
}

#[test]
fn rsyslog_forwards_by_relp_and_nothing_is_lost_when_the_daemon_is_killed() {
    let Some(rsyslogd) = rsyslog() else { return };
    let mut daemon = Daemon::start(options());
    let port = port(&daemon, "syslog-relp");
    let actions = format!(
        "module(load=\"omrelp\")\naction(type=\"omrelp\" target=\"127.0.0.1\" port=\"{port}\" \
         template=\"RSYSLOG_SyslogProtocol23Format\" action.resumeRetryCount=\"-1\" action.resumeInterval=\"1\" \
         queue.type=\"LinkedList\" queue.size=\"100000\" queue.discardMark=\"100000\")\n"
    );
    let (mut peer, socket) = start_rsyslog(&rsyslogd, &daemon, &actions);
    let again = options().set("listeners.syslog.relp.port", &port);
    let store = daemon.store();
    feed(&daemon, &socket, MANY, &mut peer);
    for death in 1..=DEATHS {
        let before = store.count();
        wait_until("some more messages", || store.count() > before + MANY / 10);
        let folder = daemon.kill9();
        say(&format!("death {death} with {} messages stored", store.count()));
        daemon = Daemon::start_in(folder, again.clone());
    }
    let distinct = || -> usize {
        store
            .column("SELECT count(DISTINCT substr(raw_message, instr(raw_message, 'relayed'))) FROM messages")
            [0]
        .parse()
        .unwrap()
    };
    wait_until("every line", || distinct() == MANY);
    let marked = "json_extract(enriched_data, '$.repeated')";
    let unmarked = store.column(&format!("SELECT count(*) FROM messages WHERE {marked} IS NULL"));
    let repeated = store.column(&format!("SELECT count(*) FROM messages WHERE {marked} = 1"));
    say(&format!("{} message(s) were repeated and marked", repeated[0]));
    assert_eq!(unmarked, [MANY.to_string()], "each line once, and its repetitions are marked");
    drop(peer);
    daemon.stop();
}

#[test]
fn rsyslog_forwards_by_relp_within_tls() {
    let Some(rsyslogd) = rsyslog() else { return };
    for library in ["gnutls", "openssl"] {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        let authority = Authority::new(folder.path());
        authority.issue(folder.path(), "sender", &["sender.example.net"]);
        let options = options()
            .set("listeners.syslog.relp.tls", "true")
            .set("listeners.syslog.tls.certificate_file", "server.pem")
            .set("listeners.syslog.tls.key_file", "server.key")
            .set("listeners.syslog.tls.client_certificates", "required")
            .set("listeners.syslog.tls.client_ca_file", "ca.pem");
        let daemon = Daemon::start_in(folder, options);
        let path = |name: &str| daemon.file(name).display().to_string();
        let actions = format!(
            "module(load=\"omrelp\" tls.tlslib=\"{library}\")\naction(type=\"omrelp\" target=\"127.0.0.1\" \
             port=\"{}\" tls=\"on\" tls.caCert=\"{}\" tls.myCert=\"{}\" tls.myPrivKey=\"{}\" tls.authMode=\"name\" \
             tls.permittedPeer=[\"localhost\"])\n",
            port(&daemon, "syslog-relp"),
            path("ca.pem"),
            path("sender.pem"),
            path("sender.key")
        );
        let (mut peer, socket) = start_rsyslog(&rsyslogd, &daemon, &actions);
        relay(&daemon, &socket, 1, &mut peer);
        drop(peer);
        assert_eq!(daemon.stop().stored as usize, LINES, "{library}");
    }
}
