//! rsyslog over RELP, with and without TLS, and a daemon that dies.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

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

/// A network between the relay and the daemon that can lose what the daemon says.
struct Network {
    address: SocketAddr,
    daemon: Mutex<SocketAddr>,
    loses_answers: AtomicBool,
}

impl Network {
    fn new(daemon: SocketAddr) -> Arc<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let this = Arc::new(Self {
            address: listener.local_addr().unwrap(),
            daemon: Mutex::new(daemon),
            loses_answers: AtomicBool::new(false),
        });
        let network = Arc::clone(&this);
        std::thread::spawn(move || {
            for relay in listener.incoming().map_while(Result::ok) {
                // While the daemon is dead, the relay finds nobody.
                let Ok(daemon) = TcpStream::connect(*network.daemon.lock().unwrap()) else { continue };
                let back = (daemon.try_clone().unwrap(), relay.try_clone().unwrap());
                let (there, here) = (Arc::clone(&network), Arc::clone(&network));
                std::thread::spawn(move || there.carry(relay, daemon, false));
                std::thread::spawn(move || here.carry(back.0, back.1, true));
            }
        });
        this
    }

    /// Carries octets in one direction until an end is gone.
    fn carry(&self, mut from: TcpStream, mut to: TcpStream, are_answers: bool) {
        let mut octets = [0; 16 * 1024];
        while let Ok(count @ 1..) = from.read(&mut octets) {
            let is_lost = are_answers && self.loses_answers.load(Ordering::Acquire);
            if !is_lost && to.write_all(&octets[..count]).is_err() {
                break;
            }
        }
        let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
    }
}

#[test]
fn rsyslog_forwards_by_relp_and_nothing_is_lost_when_the_daemon_is_killed() {
    let Some(rsyslogd) = rsyslog() else { return };
    let mut daemon = Daemon::start(options());
    let network = Network::new(daemon.address("syslog-relp"));
    let actions = format!(
        "module(load=\"omrelp\")\naction(type=\"omrelp\" target=\"127.0.0.1\" port=\"{}\" \
         template=\"RSYSLOG_SyslogProtocol23Format\" action.resumeRetryCount=\"-1\" action.resumeInterval=\"1\" \
         queue.type=\"LinkedList\" queue.size=\"100000\" queue.discardMark=\"100000\")\n",
        network.address.port()
    );
    let (mut peer, socket) = start_rsyslog(&rsyslogd, &daemon, &actions);
    let store = daemon.store();
    feed(&daemon, &socket, MANY, &mut peer);
    for death in 1..=DEATHS {
        let before = store.count();
        wait_until("some more messages", || store.count() > before + MANY / 10);
        // The last one dies without more ado; before the others their answers get lost.
        if death < DEATHS {
            network.loses_answers.store(true, Ordering::Release);
            let mut last = 0;
            wait_until("the relay waits for answers", || {
                let received = daemon.account("syslog-relp", "/received");
                let is_at_rest = received == std::mem::replace(&mut last, received);
                is_at_rest && daemon.account("syslog-relp", "/in_flight") == 0
            });
        }
        let folder = daemon.kill9();
        say(&format!("death {death} with {} messages stored", store.count()));
        network.loses_answers.store(false, Ordering::Release);
        daemon = Daemon::start_in(folder, options());
        *network.daemon.lock().unwrap() = daemon.address("syslog-relp");
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
    assert_ne!(repeated, ["0"], "answers were lost");
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
