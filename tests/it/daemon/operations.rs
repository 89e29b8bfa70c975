//! Changes of the store on request: over the socket beside it, by the writer, and by nobody else.

use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use serde_json::Value as Json;

use crate::support::daemon::Daemon;
use crate::support::options::Options;
use crate::support::{tcp_to, udp_to, wait_until};

/// Sends a request over `stream`; returns head and body of the answer.
fn exchange(mut stream: impl std::io::Read + std::io::Write, request: &str) -> (String, String) {
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.to_ascii_lowercase(), body.to_owned())
}

fn post(path: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "POST {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n{headers}Content-Length: {length}\r\n\r\n{body}"
    )
}

fn socket(daemon: &Daemon) -> UnixStream {
    let stream = UnixStream::connect(daemon.file("data/muttd.sock")).unwrap();
    stream.set_read_timeout(Some(crate::support::DEADLINE)).unwrap();
    stream
}

/// The status of an answer that must be a problem, and its detail.
#[track_caller]
fn problem((head, body): (String, String)) -> (u64, String) {
    assert!(head.contains("content-type: application/problem+json"), "{head}");
    let problem: Json = serde_json::from_str(&body).unwrap();
    assert!(head.starts_with(&format!("http/1.1 {} ", problem["status"])), "{head} {problem}");
    (problem["status"].as_u64().unwrap(), problem["detail"].as_str().unwrap().to_owned())
}

const HEADERS: &str = "Content-Type: application/json\r\nX-Mutt-Request: 1\r\n";
const FORGET: &str = "/api/v1/snmpv3/forget-engine";

#[test]
fn operations_are_for_the_socket_and_for_who_asks_as_a_page_cannot() {
    let daemon = Daemon::start(Options::default());
    let body = "{\"engine_id\": \"8000000001\"}";
    let (head, answer) = exchange(socket(&daemon), &post(FORGET, HEADERS, body));
    assert!(head.starts_with("http/1.1 200 "), "{head}");
    assert_eq!(
        serde_json::from_str::<Json>(&answer).unwrap(),
        serde_json::json!({"engines": ["8000000001"]})
    );

    let (status, detail) = problem(exchange(tcp_to(daemon.address("http")), &post(FORGET, HEADERS, body)));
    assert!(status == 403 && detail.contains("muttd.sock"), "{detail}");
    for (headers, body, expected, named) in [
        ("Content-Type: application/json\r\n", body, 403, "X-Mutt-Request"),
        ("Content-Type: application/json\r\nX-Mutt-Request: 0\r\n", body, 403, "X-Mutt-Request"),
        ("Content-Type: text/plain\r\nX-Mutt-Request: 1\r\n", body, 415, "application/json"),
        ("X-Mutt-Request: 1\r\n", body, 415, "application/json"),
        (HEADERS, "{", 400, "the body is wrong"),
        (HEADERS, "{}", 400, "either engine_id or source"),
        (HEADERS, "{\"engine\": \"8000000001\"}", 400, "unknown field"),
        (HEADERS, "{\"engine_id\": \"80\"}", 400, "5 to 32 octets"),
        (HEADERS, "{\"source\": \"192.0.2.99\"}", 404, "no engine that sent from 192.0.2.99"),
    ] {
        let (status, detail) = problem(exchange(socket(&daemon), &post(FORGET, headers, body)));
        assert!(status == expected && detail.contains(named), "{headers:?} {body}: {status} {detail}");
    }
    let get = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
    assert_eq!(problem(exchange(socket(&daemon), &get(FORGET))).0, 405);
    assert_eq!(problem(exchange(tcp_to(daemon.address("http")), &get("/nonsense"))).0, 404);
    let (head, _) = exchange(socket(&daemon), &get("/api/v1/ledger"));
    assert!(head.starts_with("http/1.1 200 "), "what is read over TCP is read here, too");
    daemon.stop();
}

#[test]
fn the_socket_is_the_owners_and_one_that_was_left_is_replaced() {
    let folder = Arc::new(tempfile::tempdir().unwrap());
    std::fs::create_dir(folder.path().join("data")).unwrap();
    let path = folder.path().join("data/muttd.sock");
    drop(UnixListener::bind(&path).unwrap());
    let daemon = Daemon::start_in(Arc::clone(&folder), Options::default());
    let metadata = std::fs::metadata(&path).unwrap();
    assert!(metadata.file_type().is_socket());
    assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
    drop(socket(&daemon));
    // A second daemon is refused before it touches the socket of the first.
    let mut second = crate::support::daemon::Process::start(folder.path(), &["--config", "mutt.yaml"]);
    assert_eq!(second.wait_end().code(), Some(1));
    drop(socket(&daemon));
    daemon.kill9();
    let daemon = Daemon::start_in(Arc::clone(&folder), Options::default());
    drop(socket(&daemon));
    daemon.stop();
    assert!(!path.exists(), "taken away in good order");
}

/// Runs `muttd snmpv3 redecode`.
fn redecode(folder: &Path) -> std::process::Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_muttd"));
    command.args(["snmpv3", "redecode", "--config", "mutt.yaml"]).current_dir(folder).output().unwrap()
}

#[test]
fn a_store_that_is_in_use_and_does_not_answer_is_not_written() {
    let daemon = Daemon::start(Options::default());
    std::fs::remove_file(daemon.file("data/muttd.sock")).unwrap();
    let output = redecode(daemon.folder().path());
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(told.contains("is in use") && told.contains("muttd.sock"), "{told}");
    daemon.stop();
}

#[test]
fn a_store_that_refuses_the_change_is_told_and_no_message_is_lost() {
    let daemon = Daemon::start(Options::default().set("storage.database.connection_timeout", "0"));
    let lock = daemon.store().lock();
    let udp = udp_to(daemon.address("syslog-udp"));
    udp.send(b"<14>a b: c").unwrap();
    daemon.wait_line("the store refuses writes");
    let body = "{\"engine_id\": \"8000000001\"}";
    let (status, detail) = problem(exchange(socket(&daemon), &post(FORGET, HEADERS, body)));
    assert!(status == 503 && detail.contains("locked"), "{status} {detail}");
    drop(lock);
    daemon.wait_count(1);
    let (head, _) = exchange(socket(&daemon), &post(FORGET, HEADERS, body));
    assert!(head.starts_with("http/1.1 200 "), "{head}");
    assert_eq!(daemon.stop().stored, 1);
}

#[test]
fn the_row_of_a_device_that_fell_silent_is_brought_up_to_date() {
    let daemon = Daemon::start(Options::default());
    let udp = udp_to(daemon.address("syslog-udp"));
    // Two messages within a span of five seconds, of which the first alone is news.
    wait_until("a device whose row is behind", || {
        udp.send(b"<14>a b: c").unwrap();
        let before = daemon.store().count();
        wait_until("the message", || daemon.store().count() > 0);
        before > 0 && is_behind(&daemon)
    });
    wait_until("a row that is right", || !is_behind(&daemon));
    daemon.stop();
}

fn is_behind(daemon: &Daemon) -> bool {
    let sql = "SELECT last_updated < (SELECT max(received_at) FROM messages) FROM devices";
    daemon.store().column(sql) == ["1"]
}
