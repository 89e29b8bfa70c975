//! Starts that fail say why, in one line.

use std::path::Path;
use std::sync::Arc;

use rusqlite::Connection;
use tempfile::TempDir;

use crate::support::daemon::{Daemon, Process};
use crate::support::options::Options;

/// Starts in `folder` what cannot start; returns the one line that says why.
#[track_caller]
fn refusal(folder: &Path, options: &Options) -> String {
    std::fs::write(folder.join("refused.yaml"), options.yaml()).unwrap();
    let mut process = Process::start(folder, &["run", "--config", "refused.yaml"]);
    let status = process.wait_end();
    let lines = process.lines();
    assert_eq!(status.code(), Some(1), "{lines:?}");
    let mut told: Vec<&String> =
        lines.iter().filter(|line| line.contains("ERROR") || line.starts_with("muttd: ")).collect();
    assert_eq!(told.len(), 1, "{lines:?}");
    assert!(!lines.iter().any(|line| line.contains("panicked")), "{lines:?}");
    told.swap_remove(0).clone()
}

fn folder() -> Arc<TempDir> {
    Arc::new(tempfile::tempdir().unwrap())
}

#[test]
fn a_port_in_use() {
    let folder = folder();
    let udp = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let tcp = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let (udp, tcp) = (udp.local_addr().unwrap(), tcp.local_addr().map(|address| (tcp, address)).unwrap());
    let cases = [
        (Options::default().set("listeners.syslog.port", &udp.port().to_string()), udp),
        (Options::default().set("listeners.snmp.port", &udp.port().to_string()), udp),
        (
            Options::default()
                .set("listeners.syslog.protocol", "tcp")
                .set("listeners.syslog.port", &tcp.1.port().to_string()),
            tcp.1,
        ),
        (Options::default().set("http.listen", &format!("\"{}\"", tcp.1)), tcp.1),
    ];
    // Held until the end: the port stays in use.
    let _holder = std::net::UdpSocket::bind(udp);
    for (options, address) in cases {
        let line = refusal(folder.path(), &options);
        assert!(line.contains("cannot bind") && line.contains(&address.to_string()), "{line}");
    }
}

#[test]
fn a_store_that_cannot_be_made() {
    let folder = folder();
    std::fs::write(folder.path().join("file"), "not a folder").unwrap();
    let line =
        refusal(folder.path(), &Options::default().set("storage.database.path", "file/below/messages.db"));
    assert!(line.contains("cannot create the directory") && line.contains("file/below"), "{line}");
}

#[test]
fn a_log_file_that_cannot_be_made() {
    let folder = folder();
    std::fs::write(folder.path().join("file"), "not a folder").unwrap();
    let line = refusal(folder.path(), &Options::default().set("daemon.log_file", "file/mutt.log"));
    assert!(line.contains("file/mutt.log"), "{line}");
}

#[test]
fn a_pid_file_that_cannot_be_made() {
    let folder = folder();
    std::fs::write(folder.path().join("file"), "not a folder").unwrap();
    let line = refusal(folder.path(), &Options::default().set("daemon.pid_file", "file/mutt.pid"));
    assert!(line.contains("file/mutt.pid"), "{line}");
}

#[test]
fn a_database_of_another_program() {
    let folder = folder();
    let other = Connection::open(folder.path().join("other.db")).unwrap();
    other.execute_batch("CREATE TABLE precious(x); INSERT INTO precious VALUES (1)").unwrap();
    let options = Options::default().set("storage.database.path", "other.db");
    let line = refusal(folder.path(), &options);
    assert!(line.contains("other.db is a database of another program"), "{line}");
    let kept: i64 = other.query_row("SELECT count(*) FROM precious", [], |row| row.get(0)).unwrap();
    assert_eq!(kept, 1);

    std::fs::write(folder.path().join("text.db"), "no database at all\n".repeat(100)).unwrap();
    let line = refusal(folder.path(), &Options::default().set("storage.database.path", "text.db"));
    assert!(line.contains("text.db is not an SQLite database"), "{line}");
}

#[test]
fn a_database_of_a_newer_version() {
    let daemon = Daemon::start(Options::default());
    let folder = Arc::clone(daemon.folder());
    let path = daemon.file("data/messages.db");
    daemon.stop();
    Connection::open(path).unwrap().pragma_update(None, "user_version", 1_000).unwrap();
    let line = refusal(folder.path(), &Options::default());
    assert!(line.contains("schema version 1000") && line.contains("newer muttd"), "{line}");
}

#[test]
fn a_store_in_use() {
    let daemon = Daemon::start(Options::default());
    let line = refusal(daemon.folder().path(), &Options::default());
    assert!(line.contains("in use by another muttd"), "{line}");
    assert_eq!(daemon.get("/readyz").0, 200, "the first one goes on");
    daemon.stop();
}

#[test]
fn a_node_id_that_is_not_the_stores() {
    let daemon = Daemon::start(Options::default().set("storage.node_id", "4660"));
    let folder = Arc::clone(daemon.folder());
    daemon.stop();
    let line = refusal(folder.path(), &Options::default().set("storage.node_id", "4661"));
    assert!(line.contains("4661") && line.contains("4660"), "{line}");
}

#[test]
fn files_that_are_wrong() {
    let folder = folder();
    let line = refusal(folder.path(), &Options::default().set("daemon.shards", "many"));
    assert!(line.contains("refused.yaml:") && line.contains("daemon.shards"), "{line}");
    let line = refusal(folder.path(), &Options::default().set("daemon.colour", "red"));
    assert!(line.contains("daemon.colour"), "{line}");
    let line = refusal(folder.path(), &Options::default().set("pattern_matching.rules_file", "absent.yaml"));
    assert!(line.contains("absent.yaml"), "{line}");
    let line = refusal(folder.path(), &Options::default().set("snmpv3.credentials_file", "absent.yaml"));
    assert!(line.contains("absent.yaml"), "{line}");
}
