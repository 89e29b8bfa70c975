//! Running the real binary in a folder of its own.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Instant;

use serde_json::Value as Json;
use tempfile::TempDir;

use super::options::Options;
use super::store::Store;
use super::{DEADLINE, http, wait_for};

/// Lines of a daemon's log, as they come.
#[derive(Debug, Default)]
struct Log {
    lines: Mutex<Vec<String>>,
    grown: Condvar,
}

impl Log {
    /// Waits for a line that `wanted` accepts; `None` when none came in time.
    fn wait(&self, mut wanted: impl FnMut(&str) -> bool) -> Option<String> {
        let start = Instant::now();
        let mut seen = 0;
        let mut lines = self.lines.lock().unwrap();
        loop {
            if let Some(line) = lines[seen..].iter().find(|line| wanted(line)) {
                return Some(line.clone());
            }
            seen = lines.len();
            let left = DEADLINE.checked_sub(start.elapsed())?;
            lines = self.grown.wait_timeout(lines, left).unwrap().0;
        }
    }
}

/// A started program whose standard error is kept.
#[derive(Debug)]
pub struct Process {
    child: Child,
    log: Arc<Log>,
    reader: Option<std::thread::JoinHandle<()>>,
}

impl Process {
    /// Starts `muttd` with the arguments in `folder`.
    pub fn start(folder: &Path, arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_muttd"))
            .args(arguments)
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = Arc::new(Log::default());
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let kept = Arc::clone(&log);
        let reader = std::thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                kept.lines.lock().unwrap().push(line);
                kept.grown.notify_all();
            }
        });
        Self { child, log, reader: Some(reader) }
    }

    /// What was logged so far.
    pub fn lines(&self) -> Vec<String> {
        self.log.lines.lock().unwrap().clone()
    }

    /// Waits for a line with `text` in it.
    #[track_caller]
    pub fn wait_line(&self, text: &str) -> String {
        self.wait_lines(text, 1)
    }

    /// Waits until `count` lines have had `text` in them; returns the last of them.
    #[track_caller]
    pub fn wait_lines(&self, text: &str, count: usize) -> String {
        let mut found = 0;
        let wanted = |line: &str| {
            found += usize::from(line.contains(text));
            found == count
        };
        self.log
            .wait(wanted)
            .unwrap_or_else(|| panic!("no {text:?} in the log:\n{}", self.lines().join("\n")))
    }

    /// Sends a signal, as `TERM`.
    pub fn signal(&self, name: &str) {
        let status = Command::new("kill").arg(format!("-{name}")).arg(self.child.id().to_string()).status();
        assert!(status.unwrap().success(), "kill -{name}");
    }

    /// Waits for the end; all of the log is there then.
    #[track_caller]
    pub fn wait_end(&mut self) -> ExitStatus {
        let status = wait_for("end of the process", || self.child.try_wait().unwrap());
        if let Some(reader) = self.reader.take() {
            reader.join().unwrap();
        }
        status
    }

    /// The process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Whether the signals that end or reload it are caught; before, they would kill it.
    fn catches_signals(&self) -> bool {
        const HANG_UP: u64 = 1;
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.id())).unwrap_or_default();
        let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
        // SIGHUP is the last that the program asks for.
        caught
            .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
            .is_some_and(|mask| mask & HANG_UP != 0)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            super::say(&format!("log of the daemon:\n{}", self.lines().join("\n")));
        }
    }
}

/// A daemon at work.
#[derive(Debug)]
pub struct Daemon {
    process: Process,
    folder: Arc<TempDir>,
    options: Options,
    http: Option<SocketAddr>,
}

/// Numbers of the last line of a daemon's log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Final {
    /// Messages that arrived.
    pub received: u64,
    /// Messages committed.
    pub stored: u64,
    /// Messages that a rule discarded.
    pub discarded: u64,
    /// Messages dropped for some reason.
    pub dropped: u64,
}

impl Daemon {
    /// Starts one in a new folder.
    #[track_caller]
    pub fn start(options: Options) -> Self {
        Self::start_in(Arc::new(tempfile::tempdir().unwrap()), options)
    }

    /// Starts one in `folder`, and waits until it works.
    #[track_caller]
    pub fn start_in(folder: Arc<TempDir>, options: Options) -> Self {
        std::fs::write(folder.path().join("mutt.yaml"), options.yaml()).unwrap();
        let process = Process::start(folder.path(), &["--config", "mutt.yaml"]);
        let mut daemon = Self { process, folder, options, http: None };
        wait_for("a working daemon", || {
            if let Ok(Some(status)) = daemon.process.child.try_wait() {
                panic!("the daemon ended with {status}:\n{}", daemon.process.lines().join("\n"));
            }
            daemon.process.catches_signals().then_some(())
        });
        let announces = daemon.options.value("http.enabled") != Some("false")
            && daemon.options.value("daemon.log_level").is_none_or(|level| matches!(level, "INFO" | "DEBUG"));
        if announces {
            let line = daemon.wait_line("listening http on ");
            let address = line.split("listening http on ").nth(1).and_then(|rest| rest.split(": ").next());
            daemon.http = Some(address.unwrap().parse().unwrap());
        }
        daemon
    }

    /// The folder it works in.
    pub fn folder(&self) -> &Arc<TempDir> {
        &self.folder
    }

    /// A file in its folder.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Its process.
    pub fn process(&self) -> &Process {
        &self.process
    }

    /// Waits for a line of its log with `text` in it.
    #[track_caller]
    pub fn wait_line(&self, text: &str) -> String {
        self.process.wait_line(text)
    }

    /// Its store.
    pub fn store(&self) -> Store {
        Store::at(&self.folder.path().join(self.options.value("storage.database.path").unwrap()))
    }

    /// Where its HTTP is.
    pub fn http(&self) -> SocketAddr {
        self.http.expect("no HTTP")
    }

    /// Status and body of an HTTP path.
    #[track_caller]
    pub fn get(&self, path: &str) -> (u16, String) {
        http::get(self.http.expect("no HTTP"), path).unwrap()
    }

    /// The JSON of an HTTP path.
    #[track_caller]
    pub fn json(&self, path: &str) -> Json {
        let (status, body) = self.get(path);
        assert_eq!(status, 200, "{path}: {body}");
        serde_json::from_str(&body).unwrap()
    }

    /// The ledger.
    #[track_caller]
    pub fn ledger(&self) -> Json {
        self.json("/api/v1/ledger")
    }

    /// A number of one listener's account, as `/dropped/queue_full`.
    #[track_caller]
    pub fn account(&self, listener: &str, pointer: &str) -> u64 {
        number_of(&self.ledger(), listener, pointer)
    }

    /// What is said of one listener.
    #[track_caller]
    pub fn listener(&self, name: &str) -> Option<Json> {
        let all = self.json("/api/v1/listeners");
        all["listeners"].as_array().unwrap().iter().find(|listener| listener["name"] == name).cloned()
    }

    /// The first address of a listener.
    #[track_caller]
    pub fn address(&self, name: &str) -> SocketAddr {
        let listener = self.listener(name).unwrap_or_else(|| panic!("no listener {name}"));
        listener["addresses"][0].as_str().unwrap().parse().unwrap()
    }

    /// Waits until `count` messages are in the store; more are an error.
    #[track_caller]
    pub fn wait_count(&self, count: usize) {
        let store = self.store();
        let found = wait_for(&format!("{count} messages in the store"), || {
            let found = store.count();
            (found >= count).then_some(found)
        });
        assert_eq!(found, count, "messages in the store");
    }

    /// Ends it as a service manager does: it must end well, with a balanced ledger.
    #[track_caller]
    pub fn stop(mut self) -> Final {
        self.process.signal("TERM");
        self.end()
    }

    /// Waits for an end in good order after a signal.
    #[track_caller]
    pub fn end(&mut self) -> Final {
        let status = self.process.wait_end();
        let lines = self.process.lines();
        let line = lines.iter().rfind(|line| line.contains("stopped: received "));
        let line = line.unwrap_or_else(|| panic!("{status}, no last balance in:\n{}", lines.join("\n")));
        let [received, stored, discarded, dropped, in_flight, difference] =
            ["received ", "stored ", "discarded ", "dropped ", "in flight ", "difference "]
                .map(|word| number_after(line, word));
        assert_eq!((in_flight, difference), (0, 0), "{line}");
        assert_eq!(received, stored + discarded + dropped, "{line}");
        assert_eq!(status.code(), Some(0), "{}", lines.join("\n"));
        let [received, stored, discarded, dropped] =
            [received, stored, discarded, dropped].map(|number| number.unsigned_abs());
        Final { received, stored, discarded, dropped }
    }

    /// Kills it without warning; the folder stays.
    pub fn kill9(mut self) -> Arc<TempDir> {
        self.process.signal("KILL");
        self.process.wait_end();
        Arc::clone(&self.folder)
    }

    /// Its process, for tests of how it ends.
    pub fn process_mut(&mut self) -> &mut Process {
        &mut self.process
    }
}

/// A number of one listener's account in `ledger`.
#[track_caller]
pub fn number_of(ledger: &Json, listener: &str, pointer: &str) -> u64 {
    let accounts = ledger["listeners"].as_array().unwrap();
    let account = accounts.iter().find(|account| account["name"] == listener);
    let number = account.and_then(|account| account.pointer(pointer)).and_then(Json::as_u64);
    number.unwrap_or_else(|| panic!("no {listener} {pointer} in {ledger}"))
}

/// The number that follows `word` in `line`.
#[track_caller]
fn number_after(line: &str, word: &str) -> i64 {
    let digits = line.split(word).nth(1).and_then(|rest| rest.split([' ', ')']).next());
    digits
        .and_then(|digits| digits.parse().ok())
        .unwrap_or_else(|| panic!("no number after {word:?} in {line:?}"))
}
