//! One reload for everything that can change while the program runs: each kind is a file here and a line in
//! [`Reloader::start`].
//!
//! Every kind has a thread of its own, so that neither the control thread nor another kind waits for a slow disk or
//! for thousands of rules. A kind is read again when the kernel reports a change of what it watches, every so often,
//! and when somebody asks. It is validated as a whole and swapped in as a whole; what was in force stays otherwise.
//!
//! ```text
//! report, interval, request -> look (did the contents change?) -> Reloadable::load -> swap, one line in the log, count
//! ```

mod certificates;
mod credentials;
mod mibs;
mod rules;
mod settings;
mod watch;

pub(super) use settings::{LiveParts, SettingsInForce};

use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::time::Duration;

use crate::app::reload::watch::{ChangeDetector, Signal, WatchPlan};
use crate::base::clock::Stopwatch;
use crate::net::tls::Certificates;
use crate::security::UsersInForce;
use crate::shard::names::NamesInForce;
use crate::shard::rules::RulesInForce;
use crate::telemetry::reloads::{Outcome, ReloadCounters};

/// Editors write a file in several steps; the reload waits until nothing was reported for this long.
const SETTLE: Duration = Duration::from_millis(200);

/// Longest wait for a file that changes all the time.
const SETTLE_MAX: Duration = Duration::from_secs(2);

/// One kind of what is reloaded.
trait Reloadable: Send {
    /// The kind, in the log and in `mutt_reload_total{what}`.
    fn what(&self) -> &'static str;

    /// What is watched. Asked at every look, since a file may name others.
    fn plan(&self) -> WatchPlan;

    /// Reads and validates everything, and swaps it in. On `Ok` the text says in one line what is in force now, on `Err`
    /// why everything stays as it was.
    fn load(&mut self) -> Result<String, String>;
}

/// Keeps what can change while the program runs up to date.
#[derive(Debug)]
pub(super) struct Reloader {
    requests: Vec<Sender<Signal>>,
}

/// What is replaced by a reload.
pub(super) struct InForce {
    /// The rules.
    pub(super) rules: RulesInForce,
    /// The SNMPv3 users.
    pub(super) users: UsersInForce,
    /// Names of OIDs.
    pub(super) names: NamesInForce,
    /// Certificates of the listeners over TLS.
    pub(super) certificates: Certificates,
}

impl Reloader {
    /// Starts a thread for each kind.
    ///
    /// # Errors
    /// When a thread cannot be started.
    pub(super) fn start(
        configuration: LiveParts,
        in_force: InForce,
        counters: &Arc<ReloadCounters>,
    ) -> std::io::Result<Self> {
        let InForce { rules, users, names, certificates } = in_force;
        let settings = configuration.settings.load_full();
        let interval = settings.pattern_matching.reload_interval;
        let spawn = |kind| spawn(kind, interval, Arc::clone(counters));
        let rules = spawn(rules::Rules::of(Arc::clone(&configuration.settings), rules))?;
        let others = [credentials::Credentials::of(&settings, users), mibs::Mibs::of(&settings, names)];
        let certificates = certificates::SharedCertificates::each_of(&certificates);
        let others = others.into_iter().flatten().chain(certificates).map(spawn);
        let mut requests: Vec<_> = others.collect::<Result<_, _>>()?;
        // Last, and so the first to be asked: what it names is looked at afterwards.
        requests.insert(0, spawn(settings::Configuration::of(configuration, vec![rules.clone()]))?);
        requests.push(rules);
        Ok(Self { requests })
    }

    /// Asks for a reload of everything now, whether anything changed or not.
    pub(super) fn request(&self) {
        for kind in &self.requests {
            // A thread that is gone has said why.
            let _ = kind.send(Signal::Requested);
        }
    }
}

impl Drop for Reloader {
    fn drop(&mut self) {
        for kind in &self.requests {
            let _ = kind.send(Signal::Stopped);
        }
    }
}

/// Starts the thread of one kind.
fn spawn(
    mut kind: Box<dyn Reloadable>,
    interval: Option<Duration>,
    counters: Arc<ReloadCounters>,
) -> std::io::Result<Sender<Signal>> {
    let (sender, signals) = mpsc::channel();
    let mut detector = ChangeDetector::new(sender.clone());
    // Before the thread starts: a change from now on is noticed.
    detector.look(&kind.plan());
    let thread = std::thread::Builder::new().name(format!("reload-{}", kind.what()));
    thread.spawn(move || {
        while let Some(is_requested) = wait(&signals, interval) {
            if detector.look(&kind.plan()) || is_requested {
                load(&mut *kind, &counters);
            }
        }
    })?;
    Ok(sender)
}

/// Waits until a look is due; returns whether a reload was requested, `None` when the program stops.
fn wait(signals: &Receiver<Signal>, interval: Option<Duration>) -> Option<bool> {
    let first = match interval {
        Some(interval) => signals.recv_timeout(interval),
        None => signals.recv().map_err(|_| RecvTimeoutError::Disconnected),
    };
    match first {
        Ok(Signal::Reported) => settle(signals),
        Ok(Signal::Requested) => Some(true),
        Err(RecvTimeoutError::Timeout) => Some(false),
        Ok(Signal::Stopped) | Err(RecvTimeoutError::Disconnected) => None,
    }
}

/// Waits until nothing is reported any more, [`SETTLE_MAX`] at most; returns as [`wait`] does.
fn settle(signals: &Receiver<Signal>) -> Option<bool> {
    let since = Stopwatch::start();
    while since.elapsed() < SETTLE_MAX {
        match signals.recv_timeout(SETTLE) {
            Ok(Signal::Reported) => {}
            Ok(Signal::Requested) => return Some(true),
            Err(RecvTimeoutError::Timeout) => break,
            Ok(Signal::Stopped) | Err(RecvTimeoutError::Disconnected) => return None,
        }
    }
    Some(false)
}

/// Loads `kind`, says what came of it, and counts it.
fn load(kind: &mut dyn Reloadable, counters: &ReloadCounters) {
    let what = kind.what();
    match kind.load() {
        Ok(in_force) => {
            counters.count(what, Outcome::Accepted);
            tracing::info!("{in_force}");
        }
        Err(reason) => {
            counters.count(what, Outcome::Rejected);
            tracing::error!("{reason}");
        }
    }
}
