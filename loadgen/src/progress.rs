//! Progress while sending: a bar on a terminal, a plain line every few seconds elsewhere. Both go to standard error.
//!
//! Beside send; reads its counter only. Invariant: never slows a sender thread down.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// Time between two looks at the counter.
pub const LOOK_INTERVAL: Duration = Duration::from_millis(100);
/// Time between two plain lines.
const LINE_INTERVAL: Duration = Duration::from_secs(5);

/// Shows how many messages are done.
#[derive(Debug)]
pub enum Progress {
    /// On a terminal.
    Bar(ProgressBar),
    /// Into a log.
    Lines {
        /// When the last line was written.
        last: Instant,
        /// Messages of the whole run.
        total: u64,
    },
    /// `--quiet`.
    Silent,
}

impl Progress {
    /// Chooses by what standard error is.
    #[must_use]
    pub fn new(total: u64, quiet: bool) -> Self {
        if quiet {
            return Self::Silent;
        }
        if !std::io::stderr().is_terminal() {
            return Self::Lines { last: Instant::now(), total };
        }
        let bar = ProgressBar::new(total);
        let template = "{elapsed_precise} [{wide_bar}] {human_pos}/{human_len} {per_sec} {eta}";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        Self::Bar(bar)
    }

    /// `done` messages are sent or failed by now.
    pub fn update(&mut self, done: u64) {
        match self {
            Self::Bar(bar) => bar.set_position(done),
            Self::Lines { last, total } => {
                if last.elapsed() >= LINE_INTERVAL {
                    *last = Instant::now();
                    note(&format!("loadgen: {done} of {total} messages sent"));
                }
            }
            Self::Silent => {}
        }
    }

    /// Clears the bar.
    pub fn finish(self) {
        if let Self::Bar(bar) = self {
            bar.finish_and_clear();
        }
    }
}

/// One line on standard error; a closed one is no reason to stop a run.
pub fn note(line: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}
