//! The program with real peers: `logger`, `loggen`, `openssl`, net-snmp, rsyslog and syslog-ng.
//!
//! A program that is not installed is told and left out, unless `MUTT_REQUIRE_PEERS` is set; `.ci/peers.sh` installs
//! all of them.

mod relp;
mod secure;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use crate::support::daemon::Daemon;
use crate::support::options::Options;
use crate::support::{say, wait_until};

/// Lines sent through each relay.
const LINES: usize = 300;

/// Where a program is; `None` after saying that the test is left out.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let given = match program {
        "syslog-ng" => std::env::var_os("MUTT_SYSLOG_NG"),
        "loggen" => std::env::var_os("MUTT_LOGGEN"),
        _ => None,
    };
    let given = given.filter(|path| !path.is_empty()).map(PathBuf::from);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(["/usr/sbin".into(), "/sbin".into()]);
    // Modules of rsyslog are in a folder of the architecture, or beside it.
    let libraries =
        std::fs::read_dir("/usr/lib").into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path()));
    let folders =
        folders.chain(libraries.map(|library| library.join("rsyslog"))).chain(["/usr/lib/rsyslog".into()]);
    let found = given.or_else(|| folders.map(|folder| folder.join(program)).find(|path| path.is_file()));
    if found.is_none() {
        assert!(std::env::var_os("MUTT_REQUIRE_PEERS").is_none(), "{program} is not installed");
        say(&format!("{program} is not installed: not tested with it"));
    }
    found
}

/// Runs a program to its end.
pub(crate) fn run(program: &Path, arguments: &[&str]) -> Output {
    // Without the variable net-snmp looks for MIB files and complains of those that are not there.
    Command::new(program).args(arguments).env("MIBS", "").output().unwrap()
}

#[track_caller]
pub(crate) fn run_well(program: &Path, arguments: &[&str]) {
    let output = run(program, arguments);
    assert!(output.status.success(), "{program:?} {arguments:?}: {output:?}");
}

/// A program that runs until the test is over.
struct Background(Child);

impl Background {
    fn start(program: &Path, arguments: &[&str], log: &Path) -> Self {
        let log = std::fs::File::create(log).unwrap();
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
        Self(command.spawn().unwrap())
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Port of a listener, as text.
fn port(daemon: &Daemon, name: &str) -> String {
    daemon.address(name).port().to_string()
}

#[test]
fn logger_in_all_formats() {
    let Some(logger) = find("logger") else { return };
    let daemon = Daemon::start(Options::default());
    let (udp, tcp) = (port(&daemon, "syslog-udp"), port(&daemon, "syslog-tcp"));
    let cases: [&[&str]; 6] = [
        &["-d", "-P", &udp, "--rfc3164"],
        &["-d", "-P", &udp, "--rfc5424"],
        &["-T", "-P", &tcp, "--rfc3164"],
        &["-T", "-P", &tcp, "--rfc5424"],
        &["-T", "-P", &tcp, "--rfc3164", "--octet-count"],
        &["-T", "-P", &tcp, "--rfc5424", "--octet-count"],
    ];
    for (number, case) in (1..).zip(cases) {
        let text = format!("case {number} of logger");
        let mut arguments = vec!["-n", "127.0.0.1", "-p", "local4.warning", "-t", "peer", "--id=4711"];
        arguments.extend(case);
        arguments.extend(["--", &text]);
        run_well(&logger, &arguments);
        daemon.wait_count(number);
        let row = daemon.store().row(
            "SELECT raw_message, facility, level, program, process_id, validated, validation_errors FROM messages
             ORDER BY id DESC LIMIT 1",
        );
        let row: Vec<&str> = row.iter().flatten().map(String::as_str).collect();
        assert!(row[0].ends_with(&text), "{case:?}: {row:?}");
        assert_eq!(row[1..], ["20", "4", "peer", "4711", "1", "[]"], "{case:?}");
    }
    assert_eq!(daemon.stop().stored, 6);
}

#[test]
fn traps_of_net_snmp() {
    let Some(snmptrap) = find("snmptrap") else { return };
    let daemon = Daemon::start(Options::default());
    let target = daemon.address("snmp-udp").to_string();
    let enterprise = "1.3.6.1.4.1.8072.2.3";
    run_well(&snmptrap, &["-v1", "-c", "public", &target, enterprise, "192.0.2.7", "3", "0", "77"]);
    daemon.wait_count(1);
    let varbinds = ["1.3.6.1.2.1.2.2.1.1.3", "i", "3", "1.3.6.1.2.1.2.2.1.2.3", "s", "Gi0/3"];
    let mut arguments = vec!["-v2c", "-c", "public", &target, "99", "1.3.6.1.6.3.1.1.5.3"];
    arguments.extend(varbinds);
    run_well(&snmptrap, &arguments);
    daemon.wait_count(2);
    let rows = daemon
        .store()
        .rows("SELECT m.snmp_version, m.oid, m.validated, m.raw_message FROM messages m ORDER BY id");
    let rows: Vec<Vec<&str>> =
        rows.iter().map(|row| row.iter().flatten().map(String::as_str).collect()).collect();
    assert_eq!(rows[0][..3], ["v1", "1.3.6.1.6.3.1.1.5.4", "1"]);
    assert_eq!(rows[1][..3], ["v2c", "1.3.6.1.6.3.1.1.5.3", "1"]);
    assert!(rows[1][3].contains("ifIndex.3=3") && rows[1][3].contains("Gi0/3"), "{rows:?}");
    assert_eq!(daemon.stop().stored, 2);
}

#[test]
fn informs_of_net_snmp_are_receipts() {
    let Some(snmpinform) = find("snmpinform") else { return };
    let daemon = Daemon::start(Options::default().set("storage.database.connection_timeout", "0"));
    let target = daemon.address("snmp-udp").to_string();
    let arguments = |retries, timeout| {
        let notification = ["99", "1.3.6.1.6.3.1.1.5.3", "1.3.6.1.2.1.1.1.0", "s", "inform"];
        [&["-v2c", "-c", "public", "-r", retries, "-t", timeout, &target][..], &notification].concat()
    };
    run_well(&snmpinform, &arguments("0", "20"));
    assert_eq!(daemon.store().count(), 1, "committed when snmpinform ended well");

    let lock = daemon.store().lock();
    let output = run(&snmpinform, &arguments("0", "1"));
    assert!(!output.status.success(), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("Timeout"), "{output:?}");
    drop(lock);
    daemon.wait_count(2);

    // It repeats the inform until the store takes it.
    let lock = daemon.store().lock();
    let (program, repeated): (PathBuf, Vec<String>) =
        (snmpinform, arguments("20", "1").into_iter().map(str::to_owned).collect());
    let repeating = std::thread::spawn(move || {
        let repeated: Vec<&str> = repeated.iter().map(String::as_str).collect();
        run(&program, &repeated).status.success()
    });
    wait_until("a repetition", || daemon.account("snmp-udp", "/received") >= 4);
    drop(lock);
    assert!(repeating.join().unwrap());
    assert_eq!(daemon.store().count(), 3);
    let end = daemon.stop();
    assert_eq!((end.stored, end.dropped), (3, end.received - 3), "repetitions are not stored again");
}

/// Sends `count` lines into a relay's socket.
fn feed(daemon: &Daemon, socket: &Path, count: usize, relay: &mut Background) {
    let logger = find("logger").unwrap();
    wait_until("the relay's socket", || {
        assert!(relay.0.try_wait().unwrap().is_none(), "the relay ended");
        socket.exists()
    });
    let lines = daemon.file("lines");
    let mut file = std::fs::File::create(&lines).unwrap();
    for number in 0..count {
        writeln!(file, "relayed line {number} of many").unwrap();
    }
    drop(file);
    let (socket, lines) = (socket.to_str().unwrap(), lines.to_str().unwrap());
    run_well(&logger, &["-u", socket, "-p", "local4.warning", "-t", "peer", "-f", lines]);
}

/// Sends lines into a relay's socket and waits until `copies` of each have come through it.
fn relay(daemon: &Daemon, socket: &Path, copies: usize, relay: &mut Background) {
    feed(daemon, socket, LINES, relay);
    daemon.wait_count(copies * LINES);
    let texts = daemon.store().texts().join("\n") + "\n";
    for number in 0..LINES {
        // The end of a line tells 1 from 10; a relay may end its messages with LF.
        let found = texts.matches(&format!("relayed line {number} of many")).count();
        assert_eq!(found, copies, "copies of line {number}");
    }
    let kinds = daemon.store().rows("SELECT DISTINCT facility, level, program FROM messages");
    assert_eq!(
        kinds,
        [["20", "4", "peer"].map(|text| Some(text.to_owned()))],
        "{}",
        texts.lines().next().unwrap()
    );
}

/// Starts rsyslog with a socket for messages and the given actions; returns the socket, too.
fn start_rsyslog(rsyslogd: &Path, daemon: &Daemon, actions: &str) -> (Background, PathBuf) {
    let socket = daemon.file("in.sock");
    let configuration = format!(
        "global(workDirectory=\"{}\")\nmodule(load=\"imuxsock\" SysSock.Use=\"off\")\ninput(type=\"imuxsock\" \
         Socket=\"{}\" CreatePath=\"off\" RateLimit.Interval=\"0\")\n{actions}",
        daemon.folder().path().display(),
        socket.display()
    );
    std::fs::write(daemon.file("rsyslog.conf"), configuration).unwrap();
    let path = |name: &str| daemon.file(name).display().to_string();
    let arguments = ["-n", "-f", &path("rsyslog.conf"), "-i", &path("rsyslog.pid")];
    (Background::start(rsyslogd, &arguments, &daemon.file("rsyslog.log")), socket)
}

/// Starts syslog-ng with a socket for messages and the given destinations; returns the socket, too.
fn start_syslog_ng(syslog_ng: &Path, daemon: &Daemon, destinations: &[String]) -> (Background, PathBuf) {
    let socket = daemon.file("in.sock");
    let mut configuration = format!(
        "@version: 3.38\noptions {{ keep-hostname(yes); stats-freq(0); }};\nsource in {{ unix-dgram(\"{}\"); }};\n",
        socket.display()
    );
    for (number, destination) in destinations.iter().enumerate() {
        configuration += &format!(
            "destination d{number} {{ {destination}; }};\nlog {{ source(in); destination(d{number}); }};\n"
        );
    }
    std::fs::write(daemon.file("syslog-ng.conf"), configuration).unwrap();
    let names = ["syslog-ng.conf", "syslog-ng.persist", "syslog-ng.ctl", "syslog-ng.pid"]
        .map(|name| daemon.file(name).display().to_string());
    let [file, persist, control, pid] = names.each_ref().map(String::as_str);
    let arguments =
        ["-F", "--no-caps", "-f", file, "--persist-file", persist, "--control", control, "--pidfile", pid];
    (Background::start(syslog_ng, &arguments, &daemon.file("syslog-ng.log")), socket)
}

#[test]
fn rsyslog_forwards_by_udp_and_tcp() {
    let (Some(rsyslogd), Some(_)) = (find("rsyslogd"), find("logger")) else { return };
    let daemon = Daemon::start(Options::default());
    let (udp, tcp) = (port(&daemon, "syslog-udp"), port(&daemon, "syslog-tcp"));
    let actions = [
        format!("port=\"{udp}\" protocol=\"udp\""),
        format!("port=\"{udp}\" protocol=\"udp\" template=\"RSYSLOG_SyslogProtocol23Format\""),
        format!("port=\"{tcp}\" protocol=\"tcp\" TCP_Framing=\"traditional\""),
        format!("port=\"{tcp}\" protocol=\"tcp\" TCP_Framing=\"octet-counted\""),
        format!(
            "port=\"{tcp}\" protocol=\"tcp\" TCP_Framing=\"octet-counted\" template=\"RSYSLOG_SyslogProtocol23Format\""
        ),
    ];
    let all: String = actions
        .iter()
        .map(|action| format!("action(type=\"omfwd\" target=\"127.0.0.1\" {action})\n"))
        .collect();
    let (mut peer, socket) = start_rsyslog(&rsyslogd, &daemon, &all);
    relay(&daemon, &socket, actions.len(), &mut peer);
    drop(peer);
    assert_eq!(daemon.stop().stored as usize, actions.len() * LINES);
}

#[test]
fn syslog_ng_forwards_by_udp_and_tcp() {
    let (Some(syslog_ng), Some(_)) = (find("syslog-ng"), find("logger")) else { return };
    let daemon = Daemon::start(Options::default());
    let (udp, tcp) = (port(&daemon, "syslog-udp"), port(&daemon, "syslog-tcp"));
    let destinations = [
        format!("network(\"127.0.0.1\" port({udp}) transport(\"udp\") persist-name(\"a\"))"),
        format!("syslog(\"127.0.0.1\" port({udp}) transport(\"udp\") persist-name(\"b\"))"),
        format!("network(\"127.0.0.1\" port({tcp}) transport(\"tcp\") persist-name(\"c\"))"),
        format!("syslog(\"127.0.0.1\" port({tcp}) transport(\"tcp\") persist-name(\"d\"))"),
    ];
    let (mut peer, socket) = start_syslog_ng(&syslog_ng, &daemon, &destinations);
    relay(&daemon, &socket, destinations.len(), &mut peer);
    drop(peer);
    assert_eq!(daemon.stop().stored as usize, destinations.len() * LINES);
}
