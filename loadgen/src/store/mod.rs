//! Looking for every message of a run in the receiver's store: the proof that the ledger's sums are not.
//!
//! ```text
//! plan -> expected                     rows -> findings -> report
//! ```
//!
//! Invariant: only what a row says makes a message stored; the receiver's counters excuse what is missing, and nothing
//! else.

pub mod expected;
pub mod findings;
pub mod rows;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Result;
use serde::Serialize;

use self::findings::{Entry, Excuses, Sent, Stream};
use self::rows::Store;
use crate::layout::Layout;
use crate::plan::Plan;
use crate::transports::{Promise, Settings};

/// Time between two looks at the store while the receiver settles.
const POLL_INTERVAL: Duration = Duration::from_millis(200);
/// How long nothing may be added before the store is taken to be all there is.
const QUIET: Duration = Duration::from_secs(2);
/// Streams that the table shows when nothing is wrong with them.
const STREAMS_SHOWN_MAX: usize = 16;

/// A column of the table: its name, and its number of a stream.
type Column = (&'static str, fn(&Stream) -> u64);

/// What was found.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Each stream by its number.
    pub streams: BTreeMap<u32, Stream>,
    /// Rows with the run's mark that are no message of the plan.
    pub foreign: u64,
    /// Notifications that could not be read and bear no mark: nobody knows whose they are.
    pub unattributed: u64,
    /// What must not be, in words.
    pub faults: Vec<String>,
}

/// What is looked for.
#[derive(Debug)]
pub struct Search<'s> {
    /// The messages.
    pub plan: &'s Plan,
    /// Which stream each belongs to.
    pub layout: Layout,
    /// What each stream was sent over.
    pub settings: &'s Settings,
    /// Sequence numbers that were acknowledged; without them every message counts as acknowledged.
    pub acknowledged: Option<&'s [u64]>,
    /// What may be missing.
    pub excuses: Excuses,
}

impl Search<'_> {
    /// Looks through the store at `path`, as soon as all is there, or nothing more comes, or `timeout` is over.
    ///
    /// # Errors
    /// There is no store, or it is not one of a receiver.
    pub fn wait(&self, path: &Path, timeout: Duration) -> Result<Report> {
        let store = Store::open(path)?;
        let start = Instant::now();
        let mut newest = store.newest()?;
        let mut changed_at = start;
        let mut looked = false;
        loop {
            if !looked {
                let report = self.look(&store)?;
                if report.streams.values().all(|stream| stream.lost == 0) || start.elapsed() >= timeout {
                    return Ok(report);
                }
                looked = true;
            }
            std::thread::sleep(POLL_INTERVAL);
            let now = store.newest()?;
            if now != newest {
                (newest, changed_at) = (now, Instant::now());
                continue;
            }
            let quiet = changed_at.elapsed();
            if quiet >= QUIET || start.elapsed() >= timeout {
                return self.look(&store);
            }
            // A pause in what comes may be the end of it.
            looked = quiet >= 2 * POLL_INTERVAL;
        }
    }

    /// Looks through the store at `path` as it is.
    ///
    /// # Errors
    /// As for [`Search::wait`].
    pub fn now(&self, path: &Path) -> Result<Report> {
        self.look(&Store::open(path)?)
    }

    fn look(&self, store: &Store) -> Result<Report> {
        let total = self.plan.total;
        let mut entries = Vec::new();
        let mut foreign = 0;
        let unattributed = store.read(self.plan.run_id, |row| {
            if !(1..=total).contains(&row.tail.sequence) {
                foreign += 1;
                return;
            }
            let index = row.tail.sequence - 1;
            let stream = self.stream(row.tail.sequence);
            let is_same = match &row.content {
                Some(content) => expected::content(self.plan, stream, index).as_ref() == Some(content),
                None => true,
            };
            entries.push(Entry {
                id: row.id,
                sequence: row.tail.sequence,
                is_repeated: row.is_repeated,
                is_decoded: row.content.is_some(),
                is_same,
            });
        })?;
        let acknowledged = self.acknowledged.map(|all| flags(all, total));
        let sent = |sequence: u64| Sent {
            stream: self.stream(sequence),
            is_acknowledged: acknowledged
                .as_ref()
                .is_none_or(|flags| flags.get(sequence as usize).copied().unwrap_or(false)),
        };
        let streams = findings::count(entries, total, sent, |stream| self.transport(stream));
        let mut faults = findings::faults(&streams, |stream| self.transport(stream).1, &self.excuses);
        if foreign > 0 {
            faults.push(format!("{foreign} rows bear the run's mark and a number that was never sent"));
        }
        Ok(Report { streams, foreign, unattributed, faults })
    }

    fn stream(&self, sequence: u64) -> u32 {
        let index = sequence - 1;
        self.layout.stream_of(index, self.plan.slot(index).kind())
    }

    fn transport(&self, stream: u32) -> (&'static str, Promise) {
        let transport = self.settings.transport_of(&self.layout, stream);
        (transport.name, transport.promise)
    }
}

/// A flag for each sequence number up to `total`.
fn flags(sequences: &[u64], total: u64) -> Vec<bool> {
    let mut flags = vec![false; total as usize + 1];
    for sequence in sequences {
        if let Some(flag) = flags.get_mut(*sequence as usize) {
            *flag = true;
        }
    }
    flags
}

impl Report {
    /// The findings as a table: all streams together, then each one that is worth a line.
    #[must_use]
    pub fn table(&self) -> String {
        let mut out = String::new();
        let columns: [Column; 9] = [
            ("sent", |stream| stream.sent),
            ("stored", |stream| stream.stored),
            ("lost", |stream| stream.lost),
            ("acked+lost", |stream| stream.acknowledged_and_lost),
            ("doubled", |stream| stream.doubled),
            ("repeated", |stream| stream.repeated),
            ("reordered", |stream| stream.reordered),
            ("changed", |stream| stream.changed),
            ("undecoded", |stream| stream.undecoded),
        ];
        let _ = write!(out, "  {:<20}", "stream");
        for (name, _) in columns {
            let _ = write!(out, "{name:>11}");
        }
        let _ = writeln!(out);
        let _ = write!(out, "  {:<20}", "all");
        for (_, of) in columns {
            let _ = write!(out, "{:>11}", self.streams.values().map(of).sum::<u64>());
        }
        let _ = writeln!(out);
        let shows_all = self.streams.len() <= STREAMS_SHOWN_MAX;
        let is_shown = |stream: &Stream| shows_all || columns[2..].iter().any(|(_, of)| of(stream) > 0);
        for (number, stream) in self.streams.iter().filter(|(_, stream)| is_shown(stream)).take(100) {
            let _ = write!(out, "  {:<20}", format!("{number} ({})", stream.transport));
            for (_, of) in columns {
                let _ = write!(out, "{:>11}", of(stream));
            }
            let _ = writeln!(out);
        }
        if self.unattributed > 0 {
            let _ = writeln!(
                out,
                "  notifications without a readable mark, of whatever run: {}",
                self.unattributed
            );
        }
        for fault in self.faults.iter().take(100) {
            let _ = writeln!(out, "  must not be: {fault}");
        }
        out
    }
}
