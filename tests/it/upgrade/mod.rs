//! Stores of earlier versions, upgraded by the command: every answer is the same, however often the command is killed.

mod old_store;

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;

use rusqlite::{Connection, OpenFlags};

use crate::support::daemon::{Daemon, Process};
use crate::support::options::Options;
use crate::support::store::{Row, Store};
use crate::support::{udp_to, wait_for};

use old_store::VERSIONS;

/// A folder with a configuration and an old store of `rows` rows.
struct Site {
    folder: Arc<tempfile::TempDir>,
    options: Options,
    version: usize,
}

impl Site {
    fn new(version: usize, rows: u32) -> Self {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        let site = Self { folder, options: Options::default(), version };
        std::fs::write(site.folder.path().join("mutt.yaml"), site.options.yaml()).unwrap();
        std::fs::create_dir_all(site.store().parent().unwrap()).unwrap();
        old_store::create(&site.store(), version, rows);
        site
    }

    fn store(&self) -> PathBuf {
        self.folder.path().join(self.options.value("storage.database.path").unwrap())
    }

    fn unfinished(&self) -> PathBuf {
        let mut path = self.store().into_os_string();
        path.push(".upgrade");
        path.into()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_muttd"));
        command.args(["--config", "mutt.yaml", "store", "upgrade"]).args(arguments);
        command.current_dir(self.folder.path()).stdin(Stdio::null());
        command
    }

    /// Runs the command to its end, which must be a good one; gives what it said.
    #[track_caller]
    fn upgrade(&self, arguments: &[&str]) -> String {
        let Output { status, stdout, stderr } = self.command(arguments).output().unwrap();
        let said = String::from_utf8(stdout).unwrap();
        assert!(status.success(), "{said}{}", String::from_utf8_lossy(&stderr));
        said
    }

    /// A copy of the store as it is, for comparison. With the views of version 2: those of version 1 do not tell what a time
    /// rests on.
    fn kept(&self) -> PathBuf {
        let copy = self.folder.path().join("kept.db");
        let connection = Connection::open(self.store()).unwrap();
        connection.execute("VACUUM INTO ?1", [copy.to_str().unwrap()]).unwrap();
        old_store::migrate(&Connection::open(&copy).unwrap(), self.version, 2);
        copy
    }
}

/// Columns of `messages` that old versions have, but for those of the octets.
const COLUMNS: &str = "id, type, source_ip, source_device, timestamp, received_at, validated, validation_errors, matched_rule_id, \
    matched_rule_name, match_severity, enriched_data, stored_to_db, stored_to_buffer, error_message, created_at, facility, \
    level, program, process_id, oid, trap_type, snmp_version";

/// Questions whose answers an upgrade does not change.
fn questions() -> Vec<String> {
    let mut questions = vec![format!("SELECT {COLUMNS} FROM messages ORDER BY id")];
    questions.extend(
        [
            "SELECT * FROM syslog_messages ORDER BY id",
            "SELECT * FROM snmp_messages ORDER BY id",
            "SELECT * FROM devices ORDER BY id",
            "SELECT * FROM archives ORDER BY id",
            "SELECT * FROM snmpv3_auth_failures ORDER BY id",
            "SELECT * FROM rule_labels ORDER BY number",
        ]
        .map(str::to_owned),
    );
    questions
}

/// Every answer of the new store is that of the old one; what ended a message is not in its text any more.
#[track_caller]
fn assert_same(old: &Path, new: &Path) {
    let (old, new) = (Store::at(old), Store::at(new));
    for question in questions() {
        let (before, after) = (old.rows(&question), new.rows(&question));
        assert_eq!(before.len(), after.len(), "{question}");
        for (before, after) in before.iter().zip(&after) {
            assert_eq!(before, after, "{question}");
        }
    }
    let octets = new.octets();
    assert!(old.octets() == octets, "octets as received");
    let texts = "SELECT type, raw_message, raw_bytes, content, severity, match_severity, level FROM messages ORDER BY id";
    let old_texts = old.rows("SELECT raw_message, raw_bytes FROM messages ORDER BY id");
    for ((row, old), octets) in new.rows(texts).into_iter().zip(old_texts).zip(&octets) {
        assert_text(&row, &old, octets);
    }
}

#[track_caller]
fn assert_text(row: &Row, old: &Row, octets: &[u8]) {
    let [kind, text, raw_bytes, content, severity, rule_severity, level] = &row[..] else {
        panic!("{row:?}")
    };
    let has_end = kind.as_deref() == Some("syslog") && octets.ends_with(b"\n") | octets.ends_with(&[0]);
    if has_end {
        let line = old[0].as_ref().unwrap().trim_end_matches(['\n', '\r']).trim_end_matches("\\x00");
        assert_eq!(text.as_deref(), Some(line.trim_end_matches(['\n', '\r'])));
        assert!(raw_bytes.is_some());
    } else {
        assert_eq!([text, raw_bytes], [&old[0], &old[1]]);
    }
    assert!(text.as_ref().unwrap().ends_with(content.as_ref().unwrap()));
    let expected = match (rule_severity.as_deref(), level.as_deref()) {
        (Some("error"), _) | (None, Some("3")) => Some("major"),
        (Some("warning"), _) | (None, Some("4")) => Some("warning"),
        (None, Some("0" | "1" | "2")) => Some("critical"),
        (None, Some("5" | "6")) => Some("info"),
        (None, None) => None,
        other => panic!("{other:?}"),
    };
    assert_eq!(severity.as_deref(), expected);
}

#[test]
fn every_version_is_upgraded_with_every_answer() {
    for version in VERSIONS {
        let site = Site::new(version, 2_500);
        let kept = site.kept();
        let said = site.upgrade(&["--dry-run"]);
        assert!(said.contains(&format!("schema version {version}, 2500 rows")), "{said}");
        assert!(said.contains("nothing was changed") && !site.unfinished().exists(), "{said}");
        let said = site.upgrade(&[]);
        assert!(said.contains("done: 2500 rows"), "{said}");
        assert!(!site.unfinished().exists());
        assert_same(&kept, &site.store());
        assert!(site.upgrade(&[]).contains("has schema version 7 already"));
    }
}

#[test]
fn an_upgrade_that_is_killed_goes_on_where_it_was() {
    const KILLS: usize = 20;
    const ROWS: u32 = 50_000;
    let site = Site::new(5, ROWS);
    let kept = site.kept();
    let done = || -> Option<i64> {
        let reader = Connection::open_with_flags(site.unfinished(), OpenFlags::SQLITE_OPEN_READ_ONLY).ok()?;
        let sql = "SELECT value FROM store_settings WHERE name = 'upgrade_rows'";
        reader.query_row(sql, [], |row| row.get(0)).ok()
    };
    let (mut kills, mut last) = (0, 0);
    while kills < KILLS {
        let mut child = site.command(&[]).stdout(Stdio::null()).spawn().unwrap();
        let is_over = wait_for("another slice", || {
            let is_over = child.try_wait().unwrap().is_some();
            (is_over || done().is_some_and(|rows| rows > last)).then_some(is_over)
        });
        child.kill().unwrap();
        child.wait().unwrap();
        if is_over {
            break;
        }
        kills += 1;
        let now = done().unwrap_or_else(|| i64::from(ROWS));
        assert!(now > last, "what was done is kept");
        last = now;
    }
    assert!(kills >= KILLS / 2, "killed {kills} times only");
    let said = site.upgrade(&[]);
    assert!(said.contains("of them upgraded before") || said.contains("already"), "{said}");
    assert_same(&kept, &site.store());
}

#[test]
fn what_was_begun_from_another_state_of_the_store_is_begun_anew() {
    let site = Site::new(5, 5_000);
    std::fs::write(site.unfinished(), b"not a database, but of some length".repeat(300)).unwrap();
    let kept = site.kept();
    assert!(site.upgrade(&[]).contains("done: 5000 rows"));
    assert_same(&kept, &site.store());
}

#[test]
fn an_old_store_is_refused_with_the_command_and_taken_after_it() {
    let site = Site::new(4, 300);
    let mut process = Process::start(site.folder.path(), &["--config", "mutt.yaml"]);
    assert_eq!(process.wait_end().code(), Some(1));
    let lines = process.lines().join("\n");
    assert!(lines.contains("has schema version 4") && lines.contains("`muttd store upgrade`"), "{lines}");
    site.upgrade(&[]);
    let newest = Store::at(&site.store()).column("SELECT max(id) FROM messages");
    let daemon = Daemon::start_in(Arc::clone(&site.folder), site.options.clone());
    udp_to(daemon.address("syslog-udp")).send(b"<34>after the upgrade").unwrap();
    daemon.wait_count(301);
    let last = daemon.store().row("SELECT id, content, listener FROM messages ORDER BY id DESC LIMIT 1");
    assert!(last[0] > Some(newest[0].clone()));
    assert_eq!(last[1..], [Some("after the upgrade".to_owned()), Some("syslog-udp".to_owned())]);
    daemon.stop();
}

#[test]
fn a_store_in_use_or_missing_is_not_touched() {
    let site = Site::new(5, 10);
    // A reader in the old log's mode keeps the file.
    let reader = Connection::open(site.store()).unwrap();
    reader.execute_batch("PRAGMA journal_mode = WAL; BEGIN; SELECT count(*) FROM events").unwrap();
    let output = site.command(&[]).output().unwrap();
    let complaint = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && complaint.contains("another program has"), "{complaint}");
    drop(reader);
    std::fs::remove_file(site.store()).unwrap();
    let output = site.command(&[]).output().unwrap();
    let complaint = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && complaint.contains("there is no store"), "{complaint}");
}
