//! SNMPv3 with net-snmp: traps and informs of every protocol that the installed programs offer, and what they are told
//! when something is wrong.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;

use crate::peers::find;
use crate::support::daemon::Daemon;
use crate::support::options::Options;

const AUTH: &str = "auth-secret-1";
const PRIVACY: &str = "priv-secret-1";

/// linkDown with one varbind.
const NOTIFICATION: [&str; 5] = ["99", "1.3.6.1.6.3.1.1.5.3", "1.3.6.1.2.1.1.1.0", "s", "from net-snmp"];

/// The words of net-snmp for protocols that it offers: `-a PROTOCOL set ... (MD5|SHA|...)`.
fn offered(program: &Path, option: &str) -> Vec<String> {
    let output = Command::new(program).arg("-h").env("MIBS", "").output().unwrap();
    let text =
        String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
    let line = text.lines().find(|line| line.trim_start().starts_with(&format!("{option} PROTOCOL")));
    let list = line.and_then(|line| line.split('(').nth(1)).and_then(|rest| rest.split(')').next());
    list.unwrap_or_else(|| panic!("no {option} in {text}")).split('|').map(str::to_owned).collect()
}

/// A user's arguments and entry in the credentials file; `None` stands for a protocol that is not used.
struct Peer {
    name: String,
    auth: Option<String>,
    privacy: Option<String>,
}

impl Peer {
    fn new(auth: Option<&str>, privacy: Option<&str>) -> Self {
        let name = format!("u-{}-{}", auth.unwrap_or("none"), privacy.unwrap_or("none"));
        Self { name, auth: auth.map(str::to_owned), privacy: privacy.map(str::to_owned) }
    }

    fn level(&self) -> &'static str {
        match (&self.auth, &self.privacy) {
            (None, _) => "noAuthNoPriv",
            (Some(_), None) => "authNoPriv",
            (Some(_), Some(_)) => "authPriv",
        }
    }

    fn entry(&self) -> String {
        let auth = self.auth.as_deref();
        let mut text = format!(
            "  - username: {}\n    min_security_level: noAuthNoPriv\n    credentials:\n      - priority: 1\n        auth_type: {}\n",
            self.name,
            auth.unwrap_or("NONE")
        );
        if auth.is_some() {
            let _ = writeln!(text, "        auth_password: {AUTH}");
        }
        if let Some(privacy) = &self.privacy {
            let _ = writeln!(text, "        priv_type: {privacy}\n        priv_password: {PRIVACY}");
        }
        text
    }

    fn arguments(&self, auth: &str, privacy: &str) -> Vec<String> {
        let mut all = vec!["-v3", "-l", self.level(), "-u", &self.name];
        if let Some(protocol) = &self.auth {
            all.extend(["-a", protocol, "-A", auth]);
        }
        if let Some(protocol) = &self.privacy {
            all.extend(["-x", protocol, "-X", privacy]);
        }
        all.into_iter().map(str::to_owned).collect()
    }
}

/// The programs, and where they may keep what they keep.
struct NetSnmp {
    trap: PathBuf,
    inform: PathBuf,
}

impl NetSnmp {
    fn find() -> Option<Self> {
        Some(Self { trap: find("snmptrap")?, inform: find("snmpinform")? })
    }

    fn run(program: &Path, daemon: &Daemon, arguments: &[String], more: &[&str]) -> Output {
        Command::new(program)
            .args(arguments)
            .args(more)
            .arg(daemon.address("snmp-udp").to_string())
            .args(NOTIFICATION)
            .env("MIBS", "")
            .env("SNMP_PERSISTENT_DIR", daemon.file("net-snmp"))
            .output()
            .unwrap()
    }

    #[track_caller]
    fn trap(&self, daemon: &Daemon, peer: &Peer) {
        let engine = ["-e", "0x80001f8804706565722d31"];
        let output = Self::run(&self.trap, daemon, &peer.arguments(AUTH, PRIVACY), &engine);
        assert!(output.status.success(), "{}: {output:?}", peer.name);
    }

    /// Sends an inform once; returns whether it was answered, and what was said if not.
    fn inform(&self, daemon: &Daemon, arguments: &[String], more: &[&str]) -> (bool, String) {
        let once = [&["-r", "0", "-t", "20"], more].concat();
        let output = Self::run(&self.inform, daemon, arguments, &once);
        (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

fn start(peers: &[Peer]) -> Daemon {
    let folder = Arc::new(tempfile::tempdir().unwrap());
    let mut text = "snmpv3_credentials:\n".to_owned();
    peers.iter().for_each(|peer| text += &peer.entry());
    std::fs::write(folder.path().join("users.yaml"), text).unwrap();
    Daemon::start_in(folder, options())
}

fn options() -> Options {
    Options::default().set("snmpv3.credentials_file", "users.yaml")
}

#[test]
fn every_protocol_that_net_snmp_offers() {
    let Some(net_snmp) = NetSnmp::find() else { return };
    let auths = offered(&net_snmp.trap, "-a");
    let mut privacies = offered(&net_snmp.trap, "-x");
    // Reeder's extension is not told of in the help.
    let reeder: Vec<String> =
        privacies.iter().filter(|name| name.contains("AES-")).map(|name| format!("{name}-C")).collect();
    privacies.extend(reeder);
    let mut peers = vec![Peer::new(None, None)];
    for auth in &auths {
        peers.push(Peer::new(Some(auth), None));
        peers.extend(privacies.iter().map(|privacy| Peer::new(Some(auth), Some(privacy))));
    }
    let daemon = start(&peers);
    for peer in &peers {
        net_snmp.trap(&daemon, peer);
        let (answered, said) = net_snmp.inform(&daemon, &peer.arguments(AUTH, PRIVACY), &[]);
        assert!(answered, "{}: {said}", peer.name);
    }
    daemon.wait_count(2 * peers.len());
    let rows = daemon.store().rows(
        "SELECT json_extract(enriched_data, '$.user'), json_extract(enriched_data, '$.security_level'),
             json_extract(enriched_data, '$.pdu'), snmp_version, validated, oid, raw_message
         FROM messages ORDER BY json_extract(enriched_data, '$.pdu') DESC, id",
    );
    let text = "IF-MIB::linkDown sysDescr.0=\"from net-snmp\"";
    for (number, row) in rows.iter().enumerate() {
        let peer = &peers[number % peers.len()];
        let pdu = if number < peers.len() { "trap" } else { "inform" };
        let expected = [&peer.name, peer.level(), pdu, "v3", "1", "1.3.6.1.6.3.1.1.5.3", text];
        let row: Vec<&str> = row.iter().flatten().map(String::as_str).collect();
        assert_eq!(row, expected);
    }
    crate::support::say(&format!("net-snmp: {} pairs of protocols, a trap and an inform each", peers.len()));
    let end = daemon.stop();
    assert_eq!(end.stored as usize, 2 * peers.len());
}

#[test]
fn net_snmp_is_told_what_is_wrong() {
    let Some(net_snmp) = NetSnmp::find() else { return };
    let known = Peer::new(Some("SHA"), Some("AES"));
    let plain = Peer::new(Some("SHA"), None);
    let daemon = start(&[known, plain]);
    let known = Peer::new(Some("SHA"), Some("AES"));
    let as_user = |name: &str, auth: Option<&str>, privacy: Option<&str>| {
        Peer { name: name.to_owned(), ..Peer::new(auth, privacy) }.arguments(AUTH, PRIVACY)
    };
    let cases = [
        (known.arguments("another-secret", PRIVACY), "Authentication failure", "usmStatsWrongDigests"),
        (known.arguments(AUTH, "another-secret"), "Decryption error", "usmStatsDecryptionErrors"),
        (as_user("stranger", Some("SHA"), Some("AES")), "Unknown user name", "usmStatsUnknownUserNames"),
        (
            as_user("u-SHA-none", Some("SHA"), Some("AES")),
            "Unsupported security level",
            "usmStatsUnsupportedSecLevels",
        ),
        (
            as_user("u-SHA-AES", Some("SHA"), None),
            "Unsupported security level",
            "usmStatsUnsupportedSecLevels",
        ),
        (as_user("u-SHA-AES", None, None), "Unsupported security level", "usmStatsUnsupportedSecLevels"),
    ];
    for (number, (arguments, told, reason)) in (1..).zip(cases) {
        let (answered, said) = net_snmp.inform(&daemon, &arguments, &[]);
        assert!(!answered && said.contains(told), "{reason}: {said}");
        daemon.wait_count(number);
        let text = daemon.store().texts().pop().unwrap();
        assert!(text.starts_with(&format!("undecoded SNMPv3: {reason}: user ")), "{text}");
    }
    assert_eq!(daemon.store().column("SELECT count(*) FROM messages WHERE validated"), ["0"]);
    daemon.stop();
}

#[test]
fn net_snmp_goes_on_after_a_restart() {
    let Some(net_snmp) = NetSnmp::find() else { return };
    let peer = Peer::new(Some("SHA"), Some("AES"));
    let arguments = peer.arguments(AUTH, PRIVACY);
    let daemon = start(&[peer]);
    let peer = Peer::new(Some("SHA"), Some("AES"));
    net_snmp.trap(&daemon, &peer);
    assert!(net_snmp.inform(&daemon, &arguments, &[]).0);
    daemon.wait_count(2);
    let line = daemon.wait_line("SNMP engine ");
    let engine = line.split("SNMP engine ").nth(1).unwrap().split(' ').next().unwrap().to_owned();
    let folder = Arc::clone(daemon.folder());
    daemon.stop();

    let daemon = Daemon::start_in(folder, options());
    daemon.wait_line(&format!("SNMP engine {engine} boots 2"));
    net_snmp.trap(&daemon, &peer);
    assert!(net_snmp.inform(&daemon, &arguments, &[]).0, "asked for the engine again");
    // A sender that is told the engine, and not its clock, asks for that with boots and time 0, and repeats itself.
    let told = ["-e", &format!("0x{engine}")];
    let (answered, said) = net_snmp.inform(&daemon, &arguments, &told);
    assert!(answered, "{said}");
    daemon.wait_count(5);
    let valid = "SELECT count(*) FROM messages WHERE validated";
    assert_eq!(daemon.store().column(valid), ["5"], "a question is no message");
    assert_eq!(daemon.account("snmp-udp", "/dropped/snmpv3_discovery"), 2);
    daemon.stop();
}

#[test]
fn an_inform_whose_commit_fails_times_out_at_net_snmp() {
    let Some(net_snmp) = NetSnmp::find() else { return };
    let peer = Peer::new(Some("SHA"), Some("AES"));
    let folder = Arc::new(tempfile::tempdir().unwrap());
    std::fs::write(folder.path().join("users.yaml"), format!("snmpv3_credentials:\n{}", peer.entry()))
        .unwrap();
    let daemon = Daemon::start_in(folder, options());
    // The store takes what there is to say of users, so that questions are answered, but no message.
    let path = daemon.file("data/messages.db");
    let store = || {
        let connection = rusqlite::Connection::open(&path).unwrap();
        connection.busy_timeout(crate::support::DEADLINE).unwrap();
        connection
    };
    let refuse = "CREATE TRIGGER refuse BEFORE INSERT ON events BEGIN SELECT RAISE(ABORT, 'no'); END";
    store().execute_batch(refuse).unwrap();
    // The last timeout counts.
    let (answered, said) = net_snmp.inform(&daemon, &peer.arguments(AUTH, PRIVACY), &["-t", "3"]);
    assert!(!answered && said.contains("Timeout"), "{said}");
    daemon.wait_line("the store refuses writes");
    store().execute_batch("DROP TRIGGER refuse").unwrap();
    // What was not answered is not lost: it is committed as soon as the store takes it.
    daemon.wait_count(1);
    let (answered, said) = net_snmp.inform(&daemon, &peer.arguments(AUTH, PRIVACY), &[]);
    assert!(answered, "{said}");
    daemon.stop();
}

#[test]
fn net_snmp_with_localised_keys() {
    let Some(net_snmp) = NetSnmp::find() else { return };
    let folder = Arc::new(tempfile::tempdir().unwrap());
    let (engine, auth, privacy) = ("80001f8804706565722d31", "ab".repeat(20), "cd".repeat(16));
    let users = format!(
        "snmpv3_credentials:\n  - username: local\n    engine_id: \"0x{engine}\"\n    credentials:\n      - {{priority: 1, \
         auth_type: SHA, auth_key: \"{auth}\", priv_type: AES, priv_key: \"{privacy}\"}}\n"
    );
    std::fs::write(folder.path().join("users.yaml"), users).unwrap();
    let daemon = Daemon::start_in(folder, options());
    for (number, engine) in (1..).zip([engine, "80001f8804706565722d32"]) {
        let (engine, auth, privacy) = (format!("0x{engine}"), format!("0x{auth}"), format!("0x{privacy}"));
        let arguments = [
            "-v3", "-l", "authPriv", "-u", "local", "-e", &engine, "-a", "SHA", "-3k", &auth, "-x", "AES",
            "-3K", &privacy,
        ];
        let output = NetSnmp::run(&net_snmp.trap, &daemon, &arguments.map(str::to_owned), &[]);
        assert!(output.status.success(), "{output:?}");
        daemon.wait_count(number);
    }
    let rows = daemon.store().rows("SELECT validated, raw_message FROM messages ORDER BY id");
    assert_eq!(rows[0][0].as_deref(), Some("1"), "{rows:?}");
    assert!(rows[1][1].as_ref().is_some_and(|text| text.contains("usmStatsUnknownUserNames")), "{rows:?}");
    daemon.stop();
}

#[test]
fn net_snmp_goes_on_while_keys_are_exchanged() {
    let Some(net_snmp) = NetSnmp::find() else { return };
    const NEW_AUTH: &str = "auth-secret-2";
    const NEW_PRIVACY: &str = "priv-secret-2";
    const EACH: usize = 10;
    let peer = Peer { name: "ops".to_owned(), ..Peer::new(Some("SHA"), Some("AES")) };
    let old = format!("snmpv3_credentials:\n{}", peer.entry());
    let new_entry = format!(
        "      - {{priority: 2, auth_type: SHA, auth_password: {NEW_AUTH}, priv_type: AES, priv_password: {NEW_PRIVACY}}}\n"
    );
    let folder = Arc::new(tempfile::tempdir().unwrap());
    std::fs::write(folder.path().join("users.yaml"), &old).unwrap();
    let daemon = Daemon::start_in(folder, options());
    let informs = |auth: &str, privacy: &str| {
        for _ in 0..EACH {
            let (answered, said) = net_snmp.inform(&daemon, &peer.arguments(auth, privacy), &[]);
            assert!(answered, "{said}");
        }
    };
    let new = format!("snmpv3_credentials:\n  - username: ops\n    credentials:\n{new_entry}")
        .replace("username: ops\n", "username: ops\n    min_security_level: noAuthNoPriv\n");
    // Old, both, new: informs go on during each exchange of the file.
    std::thread::scope(|scope| {
        let sending = scope.spawn(|| informs(AUTH, PRIVACY));
        crate::daemon::snmpv3::replace(&daemon.file("users.yaml"), &format!("{old}{new_entry}"));
        daemon.wait_line("1 SNMPv3 user(s) from users.yaml are in force");
        sending.join().unwrap();
        let sending = scope.spawn(|| informs(NEW_AUTH, NEW_PRIVACY));
        crate::daemon::snmpv3::replace(&daemon.file("users.yaml"), &new);
        daemon.process().wait_lines("1 SNMPv3 user(s) from users.yaml are in force", 2);
        sending.join().unwrap();
    });
    daemon.wait_count(2 * EACH);
    assert_eq!(
        daemon.store().column("SELECT count(*) FROM messages WHERE validated"),
        [(2 * EACH).to_string()]
    );
    daemon.stop();
}
