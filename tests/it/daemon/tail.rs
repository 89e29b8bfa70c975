//! Following what is committed: `GET /api/v1/tail` and `muttd tail`.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Instant;

use rusqlite::types::ValueRef;
use serde_json::{Value as Json, json};

use crate::support::daemon::Daemon;
use crate::support::options::Options;
use crate::support::tail::{self, Tail};
use crate::support::{source, tcp_to, udp_to, wait_for, wait_until};

fn contents(events: &[Json]) -> Vec<&str> {
    events.iter().map(|event| event["content"].as_str().unwrap()).collect()
}

fn numbered(numbers: std::ops::Range<usize>) -> Vec<String> {
    numbers.map(|number| format!("number {number}")).collect()
}

/// Sends a datagram for each number.
fn send(address: SocketAddr, numbers: std::ops::Range<usize>) {
    let sender = udp_to(address);
    for number in numbers {
        sender.send(format!("<34>Oct 11 22:14:15 host su[230]: number {number}").as_bytes()).unwrap();
    }
}

#[test]
fn rows_appear_in_order_and_each_once() {
    let daemon = Daemon::start(Options::default());
    let (http, syslog) = (daemon.address("http"), daemon.address("syslog-udp"));
    send(syslog, 0..10);
    daemon.wait_count(10);
    let mut tail = Tail::now(http);
    let mut all = Vec::new();
    for window in 1..10 {
        send(syslog, window * 100..window * 100 + 100);
        all.extend(tail.events(100));
    }
    assert_eq!(contents(&all), numbered(100..1_000));
    let end = daemon.stop();
    assert_eq!(end.stored, 910);
}

#[test]
fn events_come_at_most_five_times_a_second_and_show_a_sample_of_many() {
    let daemon = Daemon::start(Options::default());
    let mut tail = Tail::now(daemon.address("http"));
    let mut sender = tcp_to(daemon.address("syslog-tcp"));
    let started = Instant::now();
    let text: String = (0..5_000).map(|number| format!("<34>x: number {number}\n")).collect();
    sender.write_all(text.as_bytes()).unwrap();
    let (mut matched, mut ticks, mut last) = (0, 0, None);
    while matched < 5_000 {
        let tick = tail.tick();
        assert_eq!(tick.skipped, 0);
        matched += tick.matched;
        ticks += 1;
        for event in &tick.events {
            let number: usize =
                event["content"].as_str().unwrap().split_once(' ').unwrap().1.parse().unwrap();
            assert!(last.is_none_or(|last| last < number), "in order");
            last = Some(number);
        }
    }
    assert_eq!(matched, 5_000);
    let ticks_max = started.elapsed().as_millis() / 200 + 2;
    assert!(ticks <= ticks_max, "{ticks} events in {:?}", started.elapsed());
}

#[test]
fn a_client_that_comes_back_misses_nothing_and_gets_nothing_twice() {
    let options = || Options::default().set("processor.batch_timeout_seconds", "0.005");
    let mut daemon = Daemon::start(options());
    let mut tail = Tail::now(daemon.address("http"));
    let (mut all, mut sent) = (Vec::new(), 0);
    for round in 0..24 {
        let (http, syslog) = (daemon.address("http"), daemon.address("syslog-udp"));
        send(syslog, sent..sent + 60);
        all.extend(tail.tick().events);
        let cursor = tail.cursor.clone();
        drop(tail);
        send(syslog, sent + 60..sent + 90);
        sent += 90;
        // In every other round rows keep coming while the client comes back.
        if round % 2 == 0 {
            daemon.wait_count(sent);
        }
        if round == 11 {
            let folder = Arc::clone(daemon.folder());
            daemon.wait_count(sent);
            daemon.stop();
            daemon = Daemon::start_in(folder, options());
        }
        let http = if round == 11 { daemon.address("http") } else { http };
        tail = if round % 3 == 0 {
            let header = format!("Last-Event-ID: {cursor}\r\n");
            // The path of a browser that comes back is the one that it began with.
            Tail::open(tail::tcp(http), "/api/v1/tail?after=0", &header)
        } else {
            Tail::after(http, &cursor)
        };
    }
    while all.len() < sent {
        let tick = tail.tick();
        assert_eq!((tick.matched, tick.skipped), (tick.events.len() as u64, 0));
        all.extend(tick.events);
    }
    assert_eq!(contents(&all), numbered(0..sent));
    let mut from_start = Tail::after(daemon.address("http"), "0");
    assert_eq!(contents(&from_start.events(sent)), numbered(0..sent));
}

/// What the view says of the message with this id, in the form of an event.
fn row(connection: &rusqlite::Connection, id: &str) -> Json {
    let mut statement = connection.prepare_cached("SELECT * FROM messages WHERE id = ?1").unwrap();
    let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
    let mut rows = statement.query([id]).unwrap();
    let row = rows.next().unwrap().unwrap();
    let mut members = serde_json::Map::new();
    for (place, name) in names.into_iter().enumerate() {
        let value = match row.get_ref(place).unwrap() {
            ValueRef::Null => Json::Null,
            ValueRef::Integer(number) => json!(number),
            ValueRef::Real(number) => json!(number),
            ValueRef::Text(text) if matches!(name.as_str(), "enriched_data" | "validation_errors") => {
                serde_json::from_slice(text).unwrap()
            }
            ValueRef::Text(text) => json!(std::str::from_utf8(text).unwrap()),
            ValueRef::Blob(octets) => json!(base64(octets)),
        };
        members.insert(name, value);
    }
    members.insert("archive".to_owned(), Json::Null);
    Json::Object(members)
}

/// As RFC 4648 4 has it.
fn base64(octets: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in octets.chunks(3) {
        let bits = group
            .iter()
            .enumerate()
            .fold(0u32, |bits, (at, octet)| bits | u32::from(*octet) << (16 - 8 * at));
        for digit in 0..4 {
            let at = (bits >> (18 - 6 * digit)) & 63;
            text.push(if digit <= group.len() { DIGITS[at as usize].into() } else { '=' });
        }
    }
    text
}

/// The octets of the cases in a file of the corpus.
fn corpus(name: &str) -> Vec<Vec<u8>> {
    let text = std::fs::read_to_string(source::root().join("tests/corpus").join(name)).unwrap();
    let unhex = |digits: &str| -> Vec<u8> {
        (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap()).collect()
    };
    let cases = text.lines().map(|line| serde_json::from_str::<Json>(line).unwrap());
    let octets = |case: &Json| match (&case["raw"], &case["raw_hex"], &case["hex"]) {
        (Json::String(raw), ..) => Some(raw.as_bytes().to_vec()),
        (_, Json::String(digits), _) | (.., Json::String(digits)) => Some(unhex(digits)),
        _ => None,
    };
    cases.filter_map(|case| octets(&case)).filter(|octets| octets.len() < 60_000).collect()
}

#[test]
fn an_event_of_the_corpus_is_its_row_member_by_member_live_and_from_the_store() {
    let daemon = Daemon::start(Options::default().set("storage.keep_community", "true"));
    let http = daemon.address("http");
    let mut tail = Tail::now(http);
    let start = tail.cursor.clone();
    let connection = daemon.store().read();
    let mut live = Vec::new();
    let odd_ends = [&b"<34>host su: cut\r\n"[..], b"<34>host su: nul\0", b"\xff\xfe", b"<34>a\n\n"];
    for (listener, inputs) in [
        ("syslog-udp", [corpus("syslog.jsonl"), corpus("syslog-dialects.jsonl")].concat()),
        ("syslog-udp", odd_ends.map(<[u8]>::to_vec).to_vec()),
        ("snmp-udp", corpus("snmp.jsonl")),
    ] {
        assert!(inputs.len() >= odd_ends.len(), "{listener}: {}", inputs.len());
        let sender = udp_to(daemon.address(listener));
        for window in inputs.chunks(50) {
            window.iter().for_each(|input| assert_eq!(sender.send(input).unwrap(), input.len()));
            live.extend(tail.events(window.len()));
        }
    }
    for event in &live {
        let expected = row(&connection, event["id"].as_str().unwrap());
        assert_eq!(*event, expected);
    }
    assert!(live.len() > 100 && live.iter().any(|event| !event["raw_bytes"].is_null()), "{}", live.len());
    let stored = Tail::after(http, &start).events(live.len());
    for (stored, live) in stored.iter().zip(&live) {
        assert_eq!(stored, live);
    }
}

/// The value of a metric.
fn metric(daemon: &Daemon, name: &str) -> u64 {
    let (_, text) = daemon.get("/metrics");
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("no {name} in {text}")).parse().unwrap()
}

#[test]
fn a_client_that_does_not_read_costs_nothing_but_what_it_misses() {
    const ROWS: u64 = 60_000;
    const TAP_OCTETS_MAX: u64 = 128 * 1024 * 1024;
    // More groups than the tap keeps.
    let daemon = Daemon::start(Options::default().set("processor.batch_write_size", "200"));
    let mut stalled = Tail::over_socket(&daemon.file("data/muttd.sock"));
    let mut sender = tcp_to(daemon.address("syslog-tcp"));
    let mut sent = 0;
    let text: String = (0..500).map(|number| format!("<34>x: {number} {}\n", "y".repeat(400))).collect();
    while sent < ROWS {
        sender.write_all(text.as_bytes()).unwrap();
        sent += 500;
        if sent % 10_000 == 0 {
            assert!(metric(&daemon, "mutt_tap_octets") <= TAP_OCTETS_MAX);
        }
    }
    wait_until("all rows in the store", || daemon.account("syslog-tcp", "/stored") == ROWS);
    let account = daemon.ledger();
    assert_eq!(
        (&account["total"]["received"], &account["total"]["dropped_total"]),
        (&json!(ROWS), &json!(0))
    );
    let (mut matched, mut skipped) = (0, 0);
    while matched + skipped < ROWS {
        let tick = stalled.tick();
        matched += tick.matched;
        skipped += tick.skipped;
    }
    assert_eq!(matched + skipped, ROWS);
    assert!(skipped > 0, "it was too slow to notice");
    assert_eq!(metric(&daemon, "mutt_tap_missed_total{reader=\"tail\"}"), skipped);
    drop(stalled);
    wait_until("the tap is empty again", || metric(&daemon, "mutt_tap_octets") == 0);
    let end = daemon.stop();
    assert_eq!((end.stored, end.dropped), (ROWS, 0));
}

#[test]
fn a_row_that_is_decoded_again_comes_again() {
    use crate::samples::v3::{Agent, Level};
    let folder = Arc::new(tempfile::tempdir().unwrap());
    let users = folder.path().join("users.yaml");
    std::fs::write(&users, "snmpv3_credentials: []\n").unwrap();
    let options = Options::default()
        .set("snmpv3.credentials_file", "users.yaml")
        .set("snmpv3.quarantine_messages_max", "10");
    let daemon = Daemon::start_in(folder, options);
    let mut tail = Tail::now(daemon.address("http"));
    let trap = Agent::new(1, "ops", "auth-secret-1", "priv-secret-1").at(Level::AuthPriv).link_down(1);
    udp_to(daemon.address("snmp-udp")).send(&trap).unwrap();
    let refused = tail.events(1).remove(0);
    assert_eq!(refused["validated"], 0);
    std::fs::write(
        &users,
        "snmpv3_credentials:\n  - username: ops\n    credentials:\n      - {priority: 1, auth_type: SHA, \
         auth_password: auth-secret-1, priv_type: AES, priv_password: priv-secret-1}\n",
    )
    .unwrap();
    let redecode = Command::new(env!("CARGO_BIN_EXE_muttd"))
        .args(["snmpv3", "redecode", "--config", "mutt.yaml"])
        .current_dir(daemon.folder().path())
        .output()
        .unwrap();
    assert!(redecode.status.success(), "{redecode:?}");
    let decoded = tail.events(1).remove(0);
    assert_eq!((&decoded["id"], &decoded["validated"]), (&refused["id"], &json!(1)));
    assert_eq!(decoded, row(&daemon.store().read(), decoded["id"].as_str().unwrap()));
}

/// The status, the head and the problem of an answer.
fn refusal(http: SocketAddr, path: &str, headers: &str) -> (u64, String, String) {
    let (head, mut body) = tail::ask(tail::tcp(http), path, headers);
    let mut text = String::new();
    body.read_to_string(&mut text).unwrap();
    let problem: Json = serde_json::from_str(&text).unwrap();
    assert!(head.contains("content-type: application/problem+json"), "{head}");
    (problem["status"].as_u64().unwrap(), head, problem["detail"].as_str().unwrap().to_owned())
}

#[test]
fn there_are_64_places_and_who_goes_away_frees_one() {
    let daemon = Daemon::start(Options::default());
    let http = daemon.address("http");
    let mut clients: Vec<Tail> = (0..64).map(|_| Tail::now(http)).collect();
    let (status, head, detail) = refusal(http, "/api/v1/tail", "");
    assert!(status == 503 && head.contains("retry-after: "), "{head}{detail}");
    clients.truncate(63);
    wait_for("a place", || {
        let (head, _) = tail::ask(tail::tcp(http), "/api/v1/tail", "");
        head.starts_with("http/1.0 200 ").then_some(())
    });
    drop(clients);
    daemon.stop();
}

#[test]
fn a_cursor_that_is_none_is_refused() {
    let daemon = Daemon::start(Options::default());
    let http = daemon.address("http");
    send(daemon.address("syslog-udp"), 0..1);
    daemon.wait_count(1);
    for (query, detail) in [
        ("?after=x", "\"x\" is none"),
        ("?after=", "\"\" is none"),
        ("?after=1.y", "\"1.y\" is none"),
        ("?after=99", "newest commit is 1"),
        ("?since=1", "\"since=1\" is not known"),
    ] {
        let (status, _, told) = refusal(http, &format!("/api/v1/tail{query}"), "");
        assert!(status == 400 && told.contains(detail), "{query}: {status} {told}");
    }
    let (status, ..) = refusal(http, "/api/v1/tail?after=1", "Last-Event-ID: -1\r\n");
    assert_eq!(status, 400);
    // None of them has kept a place.
    drop((0..64).map(|_| Tail::after(http, "1")).collect::<Vec<_>>());
}

/// `muttd tail` in the folder of a daemon, with its output.
struct TailCommand {
    child: Child,
    lines: BufReader<std::process::ChildStdout>,
}

impl TailCommand {
    fn start(daemon: &Daemon, arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_muttd"))
            .args(["--config", "mutt.yaml", "tail"])
            .args(arguments)
            .current_dir(daemon.folder().path())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        let started = Self { child, lines };
        wait_until("the command is among the readers", || readers(daemon) == 1);
        started
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.lines.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    fn end(mut self) -> (Option<i32>, String) {
        let status = wait_for("the end of the command", || self.child.try_wait().unwrap());
        let mut rest = String::new();
        self.lines.read_to_string(&mut rest).unwrap();
        (status.code(), rest)
    }
}

/// Clients that follow the daemon.
fn readers(daemon: &Daemon) -> u64 {
    metric(daemon, "mutt_tap_readers")
}

/// The line without the time before it.
fn without_time(line: &str) -> &str {
    let (time, rest) = line.split_once(' ').unwrap();
    assert!(time.len() == 27 && time.ends_with('Z'), "{line}");
    rest
}

#[test]
fn the_command_prints_a_line_for_each_message_and_nothing_that_controls_a_terminal() {
    let daemon = Daemon::start(Options::default());
    let mut short = TailCommand::start(&daemon, &["--lines", "3"]);
    let sender = udp_to(daemon.address("syslog-udp"));
    sender.send(b"<34>Oct 11 22:14:15 router1 rpd[42]: up \x1b[31mred").unwrap();
    assert_eq!(without_time(&short.line()), "router1 rpd[42]: up \\x1b[31mred");
    sender.send(b"<34>no program").unwrap();
    assert_eq!(without_time(&short.line()), "127.0.0.1 no program");
    let trap = crate::samples::link_down(3, crate::samples::Pdu::Trap);
    udp_to(daemon.address("snmp-udp")).send(&trap).unwrap();
    let line = short.line();
    let text = daemon.store().column("SELECT raw_message FROM messages WHERE type = 'snmp_trap'").remove(0);
    assert_eq!(without_time(&line), format!("127.0.0.1 {text}"));
    assert_eq!(short.end(), (Some(0), String::new()));

    let url = format!("http://{}", daemon.address("http"));
    wait_until("no reader", || readers(&daemon) == 0);
    let mut json = TailCommand::start(&daemon, &["-o", "json", "--url", &url, "--lines", "1"]);
    sender.send(b"<34>router1 rpd[42]: again").unwrap();
    let event: Json = serde_json::from_str(&json.line()).unwrap();
    assert_eq!(event, row(&daemon.store().read(), event["id"].as_str().unwrap()));
    assert_eq!(json.end(), (Some(0), String::new()));
}

#[test]
fn the_command_goes_on_where_it_was_when_the_daemon_comes_back() {
    let daemon = Daemon::start(Options::default());
    let mut command = TailCommand::start(&daemon, &["--lines", "40"]);
    send(daemon.address("syslog-udp"), 0..10);
    let mut lines: Vec<String> = (0..10).map(|_| command.line()).collect();
    let folder = Arc::clone(daemon.folder());
    daemon.stop();
    let daemon = Daemon::start_in(folder, Options::default());
    for part in 1..4 {
        send(daemon.address("syslog-udp"), part * 10..part * 10 + 10);
        lines.extend((0..10).map(|_| command.line()));
    }
    assert_eq!(command.end(), (Some(0), String::new()));
    let texts: Vec<&str> = lines.iter().map(|line| line.split_once(": ").unwrap().1).collect();
    assert_eq!(texts, numbered(0..40));
}

#[test]
fn the_command_ends_well_when_its_time_is_over_or_nobody_reads_and_says_when_nobody_answers() {
    let daemon = Daemon::start(Options::default());
    let timed = TailCommand::start(&daemon, &["--exit-after", "0.5"]);
    assert_eq!(timed.end(), (Some(0), String::new()));
    wait_until("no reader", || readers(&daemon) == 0);
    let TailCommand { mut child, lines } = TailCommand::start(&daemon, &[]);
    drop(lines);
    let mut number = 0;
    let status = wait_for("an end", || {
        send(daemon.address("syslog-udp"), number..number + 1);
        number += 1;
        child.try_wait().unwrap()
    });
    assert_eq!(status.code(), Some(0));

    let folder = Arc::clone(daemon.folder());
    daemon.stop();
    for (arguments, code, told) in [
        (&["tail"][..], 3, "cannot reach a running muttd"),
        (&["tail", "--url", "http://127.0.0.1:1"], 3, "cannot reach a running muttd at 127.0.0.1:1"),
        (&["tail", "--url", "ftp://x"], 1, "not of the form"),
        (&["tail", "--exit-after=-1"], 2, "a number of seconds"),
        (&["tail", "-o", "xml"], 2, "xml"),
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_muttd"))
            .args(["--config", "mutt.yaml"])
            .args(arguments)
            .current_dir(folder.path())
            .output()
            .unwrap();
        let (status, stderr) = (output.status.code(), String::from_utf8(output.stderr).unwrap());
        assert!(status == Some(code) && stderr.contains(told), "{arguments:?}: {status:?} {stderr}");
    }
}
