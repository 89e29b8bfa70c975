//! Ends: in good order, at once, without warning, and with a full disk.

use std::collections::HashSet;
use std::io::{Read as _, Write as _};
use std::net::UdpSocket;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::support::daemon::Daemon;
use crate::support::options::Options;
use crate::support::store::Store;
use crate::support::{ber, say, tcp_to, udp_to, wait_until};

#[test]
fn sigint_ends_in_good_order_too() {
    let mut daemon = Daemon::start(Options::default());
    udp_to(daemon.address("syslog-udp")).send(b"<14>a b: c").unwrap();
    daemon.process().signal("INT");
    assert_eq!(daemon.end().stored, 1, "what the kernel held is taken");
}

#[test]
fn what_the_kernel_holds_at_the_end_is_taken() {
    const MESSAGES: usize = 500;
    let mut daemon = Daemon::start(Options::default());
    let udp = udp_to(daemon.address("syslog-udp"));
    let mut tcp = tcp_to(daemon.address("syslog-tcp"));
    tcp.write_all(b"<14>a b: connected\n").unwrap();
    daemon.wait_count(1);
    daemon.process().signal("STOP");
    for number in 0..MESSAGES {
        udp.send(format!("<14>a b: {number}").as_bytes()).unwrap();
        writeln!(tcp, "<14>a b: {number}").unwrap();
    }
    daemon.process().signal("TERM");
    daemon.process().signal("CONT");
    let end = daemon.end();
    assert_eq!((end.received as usize, end.stored as usize), (2 * MESSAGES + 1, 2 * MESSAGES + 1));
    assert_eq!(daemon.store().count(), 2 * MESSAGES + 1);
}

#[test]
fn a_second_signal_ends_at_once() {
    let mut daemon = Daemon::start(Options::default().set("storage.database.connection_timeout", "3600"));
    let lock = daemon.store().lock();
    udp_to(daemon.address("syslog-udp")).send(b"<14>a b: c").unwrap();
    wait_until("one in flight", || daemon.account("syslog-udp", "/in_flight") == 1);
    daemon.process().signal("TERM");
    daemon.wait_line("a second signal exits at once");
    daemon.process().signal("TERM");
    let status = daemon.process_mut().wait_end();
    assert_eq!(status.code(), Some(1));
    assert!(daemon.process().lines().iter().any(|line| line.contains("second signal, exiting at once")));
    drop(lock);
}

#[test]
fn a_store_that_refuses_to_the_end_is_told() {
    let mut daemon = Daemon::start(Options::default().set("storage.database.connection_timeout", "0"));
    let lock = daemon.store().lock();
    udp_to(daemon.address("syslog-udp")).send(b"<14>a b: c").unwrap();
    daemon.wait_line("the store refuses writes");
    daemon.process().signal("TERM");
    let status = daemon.process_mut().wait_end();
    assert_eq!(status.code(), Some(1), "a service manager must see it");
    let line = daemon.wait_line("stopped: received 1 ");
    assert!(line.contains("dropped 1 ") && line.contains("(difference 0)"), "{line}");
    drop(lock);
}

/// Sends numbered syslog lines until told to stop.
fn send_lines(sender: &UdpSocket, stop: &AtomicBool) {
    let mut number = 0_u64;
    while !stop.load(Ordering::Acquire) {
        // A refused send means that the daemon is gone.
        if sender.send(format!("<14>h p: line {number}").as_bytes()).is_err() {
            return;
        }
        number += 1;
        if number.is_multiple_of(50) {
            std::thread::park_timeout(Duration::from_millis(1));
        }
    }
}

/// The text of an inform.
fn inform_text(number: i32) -> String {
    format!("inform {number}.")
}

/// Sends informs one after the other; returns the texts of those that were answered.
fn send_informs(sender: &UdpSocket, stop: &AtomicBool) -> Vec<String> {
    let mut answered = Vec::new();
    let mut answer = [0; 2_000];
    sender.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
    for number in 1.. {
        if stop.load(Ordering::Acquire) {
            break;
        }
        let _ = sender.send(&ber::inform(number, inform_text(number).as_bytes()));
        // A late answer may be that to an earlier inform.
        let Ok(length) = sender.recv(&mut answer) else { continue };
        let is_answer =
            |number: &i32| answer[..length] == ber::response(*number, inform_text(*number).as_bytes());
        answered
            .push(inform_text((1..=number).rev().find(is_answer).expect("an answer to an inform of ours")));
    }
    answered
}

#[test]
fn nothing_committed_or_answered_is_gone_after_a_kill() {
    let mut options = Options::default();
    let mut folder = Arc::new(tempfile::tempdir().unwrap());
    for round in 1..=2 {
        let daemon = Daemon::start_in(Arc::clone(&folder), options.clone());
        let stop = AtomicBool::new(false);
        let (lines, informs) = (udp_to(daemon.address("syslog-udp")), udp_to(daemon.address("snmp-udp")));
        let store = daemon.store();
        let before = store.count();
        let (seen, answered) = std::thread::scope(|scope| {
            scope.spawn(|| send_lines(&lines, &stop));
            let informs = scope.spawn(|| send_informs(&informs, &stop));
            wait_until("some thousand messages", || store.count() > before + 3_000);
            let seen = store.column("SELECT id || ' ' || raw_message FROM messages");
            folder = daemon.kill9();
            stop.store(true, Ordering::Release);
            (seen, informs.join().unwrap())
        });
        assert!(!answered.is_empty(), "no inform was answered in round {round}");

        let start = Instant::now();
        let daemon = Daemon::start_in(Arc::clone(&folder), options.clone());
        wait_until("readyz", || daemon.get("/readyz").0 == 200);
        let took = start.elapsed();
        say(&format!("round {round}: ready {took:?} after a kill with {} rows seen", seen.len()));
        assert!(took < Duration::from_secs(5), "{took:?}");
        assert_eq!(store.column("PRAGMA integrity_check"), ["ok"]);
        let now: HashSet<String> =
            store.column("SELECT id || ' ' || raw_message FROM messages").into_iter().collect();
        let gone: Vec<&String> = seen.iter().filter(|row| !now.contains(*row)).collect();
        assert!(gone.is_empty(), "{} of {} rows are gone: {:?}", gone.len(), seen.len(), gone[0]);
        let texts = store.texts().join("\n");
        for inform in &answered {
            assert!(texts.contains(inform.as_str()), "{inform} was answered and is gone");
        }
        let ids = store.column("SELECT id FROM messages");
        assert_eq!(ids.iter().collect::<HashSet<_>>().len(), ids.len(), "ids are unique");
        daemon.stop();
        options = options.set("daemon.runtime", "tokio");
    }
}

/// Asks for changes of the store until told to stop; returns how many were made.
fn ask_for_changes(socket: &Path, stop: &AtomicBool) -> usize {
    let body = "{\"engine_id\": \"8000000001\"}";
    let request = format!(
        "POST /api/v1/snmpv3/forget-engine HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\
         Content-Type: application/json\r\nX-Mutt-Request: 1\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut made = 0;
    while !stop.load(Ordering::Acquire) {
        // Nobody listens any more when the daemon is gone.
        let Ok(mut stream) = UnixStream::connect(socket) else { break };
        let mut answer = String::new();
        if stream.write_all(request.as_bytes()).and_then(|()| stream.read_to_string(&mut answer)).is_err() {
            break;
        }
        made += usize::from(answer.starts_with("HTTP/1.1 200 "));
    }
    made
}

/// What does not agree between the commits and the rows of a store.
fn disagreements(store: &Store) -> Vec<String> {
    store.column(
        "WITH found AS (
             SELECT commit_number AS number, count(*) AS rows, min(id) AS id_first, max(id) AS id_last
             FROM events GROUP BY commit_number)
         SELECT 'commit ' || coalesce(c.number, f.number) || ' says ' || coalesce(c.rows, 0)
         FROM commits c FULL JOIN found f ON f.number = c.number
         WHERE (c.rows, c.id_first, c.id_last) IS NOT (f.rows, f.id_first, f.id_last)
         UNION ALL SELECT 'numbers up to ' || max(number) || ', ' || count(*) FROM commits
         HAVING max(number) <> count(*)",
    )
}

#[test]
fn commits_and_rows_agree_after_every_kill() {
    let options = Options::default().set("processor.batch_timeout_seconds", "0.02");
    let mut folder = Arc::new(tempfile::tempdir().unwrap());
    let mut made = 0;
    for round in 0..20 {
        let daemon = Daemon::start_in(Arc::clone(&folder), options.clone());
        let stop = AtomicBool::new(false);
        let (lines, socket) = (udp_to(daemon.address("syslog-udp")), daemon.file("data/muttd.sock"));
        let store = daemon.store();
        let newest =
            || store.column("SELECT coalesce(max(number), 0) FROM commits")[0].parse::<u64>().unwrap();
        let before = newest();
        let seen = std::thread::scope(|scope| {
            scope.spawn(|| send_lines(&lines, &stop));
            let changes = scope.spawn(|| ask_for_changes(&socket, &stop));
            wait_until("some commits", || newest() > before + 3 + round % 7);
            let seen = newest();
            folder = daemon.kill9();
            stop.store(true, Ordering::Release);
            made += changes.join().unwrap();
            seen
        });
        assert!(newest() >= seen, "a commit that was seen is gone");
        assert_eq!(disagreements(&store), Vec::<String>::new(), "round {round}");
    }
    assert!(made > 20, "only {made} changes were made beside the load");
    let daemon = Daemon::start_in(Arc::clone(&folder), options);
    let store = daemon.store();
    daemon.stop();
    assert_eq!(store.column("PRAGMA integrity_check"), ["ok"]);
    assert_eq!(disagreements(&store), Vec::<String>::new());
}

/// A file system of its own for a test; gone with it.
struct SmallDisk(std::path::PathBuf);

impl SmallDisk {
    /// `None` where mounting is not permitted.
    fn mount(path: &std::path::Path, size: &str) -> Option<Self> {
        std::fs::create_dir_all(path).unwrap();
        let options = format!("size={size}");
        let mount = Command::new("mount").args(["-t", "tmpfs", "-o", &options, "none"]).arg(path).output();
        mount.is_ok_and(|output| output.status.success()).then(|| Self(path.to_path_buf()))
    }

    fn resize(&self, size: &str) {
        let options = format!("remount,size={size}");
        let mount = Command::new("mount").args(["-o", &options]).arg(&self.0).status();
        assert!(mount.unwrap().success());
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[test]
fn a_full_disk_is_waited_out() {
    const MESSAGES: usize = 12_000;
    let folder = Arc::new(tempfile::tempdir().unwrap());
    let Some(disk) = SmallDisk::mount(&folder.path().join("data"), "4m") else {
        say("mounting is not permitted here: full disk not tested");
        return;
    };
    let options =
        Options::default().set("processor.queue_max_size", "1000").set("processor.batch_write_size", "500");
    let daemon = Daemon::start_in(Arc::clone(&folder), options);
    let mut stream = tcp_to(daemon.address("syslog-tcp"));
    let sender = std::thread::spawn(move || {
        for number in 0..MESSAGES {
            writeln!(stream, "<14>a b: {number} {}", "z".repeat(1_000)).unwrap();
        }
    });
    let line = daemon.wait_line("the store refuses writes");
    assert!(line.contains("no space is left"), "{line}");
    wait_until("not ready", || daemon.get("/readyz").0 == 503);
    let kept = daemon.store().count();
    assert!((1..MESSAGES).contains(&kept), "{kept} messages fit");
    disk.resize("256m");
    daemon.wait_line("the store takes writes again");
    sender.join().unwrap();
    daemon.wait_count(MESSAGES);
    assert_eq!(daemon.store().column("PRAGMA integrity_check"), ["ok"]);
    let store = daemon.store();
    let end = daemon.stop();
    assert_eq!((end.stored, end.dropped), (MESSAGES as u64, 0));
    assert_eq!(store.count(), MESSAGES);
}
