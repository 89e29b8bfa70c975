//! Reloading the rules: when their file changes, on SIGHUP, and every so often. Never on the receive path.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::runtime::Runtime;
use tokio::sync::Notify;

use crate::config;
use crate::config::settings::PatternMatching;
use crate::shard::rules::{ActiveRules, RulesInForce};

/// Editors write a file in several steps; the reload waits until they are done.
pub(super) const SETTLE: Duration = Duration::from_millis(200);

/// Keeps the rules in force up to date.
#[derive(Debug)]
pub struct Reloader {
    in_force: RulesInForce,
    wanted: Arc<Notify>,
    /// Alive as long as changes are to be seen.
    _watcher: Option<RecommendedWatcher>,
}

impl Reloader {
    /// Starts watching. Without a rules file there is nothing to reload.
    pub fn start(settings: &PatternMatching, in_force: RulesInForce, control: &Runtime) -> Self {
        let wanted = Arc::new(Notify::new());
        let changed = Arc::new(Notify::new());
        let Some(path) = settings.rules_file.clone() else {
            return Self { in_force, wanted, _watcher: None };
        };
        let watcher = match watch(&path, Arc::clone(&changed)) {
            Ok(watcher) => Some(watcher),
            Err(error) => {
                tracing::warn!(
                    "{} is not watched for changes: {error}; SIGHUP and the interval remain",
                    path.display()
                );
                None
            }
        };
        let task = Task {
            seen: std::fs::read(&path).ok(),
            path,
            in_force: Arc::clone(&in_force),
            wanted: Arc::clone(&wanted),
            changed,
            interval: settings.reload_interval,
        };
        control.spawn(task.run());
        Self { in_force, wanted, _watcher: watcher }
    }

    /// Asks for a reload now, whether the file changed or not.
    pub fn request(&self) {
        self.wanted.notify_one();
    }

    /// Number of rules in force.
    pub fn rules_in_force(&self) -> usize {
        self.in_force.load().set.len()
    }
}

/// Watches the folder of `path`: a file that is replaced by renaming, or by turning a link on the way to it, is
/// another one afterwards. Whatever happens there, the contents of the file decide whether it changed.
pub(super) fn watch(path: &Path, changed: Arc<Notify>) -> notify::Result<RecommendedWatcher> {
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        if event.is_ok_and(|event| !matches!(event.kind, EventKind::Access(_))) {
            changed.notify_one();
        }
    })?;
    let folder =
        path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    watcher.watch(folder, RecursiveMode::NonRecursive)?;
    Ok(watcher)
}

/// The task that reloads.
struct Task {
    path: PathBuf,
    /// Contents of the file when it was last looked at.
    seen: Option<Vec<u8>>,
    in_force: RulesInForce,
    wanted: Arc<Notify>,
    changed: Arc<Notify>,
    interval: Option<Duration>,
}

impl Task {
    async fn run(mut self) {
        loop {
            let interval = tokio::time::sleep(self.interval.unwrap_or(Duration::MAX));
            let is_asked = tokio::select! {
                () = self.wanted.notified() => true,
                () = self.changed.notified() => {
                    tokio::time::sleep(SETTLE).await;
                    false
                }
                () = interval => false,
            };
            let contents = std::fs::read(&self.path).ok();
            if !is_asked && contents == self.seen {
                continue;
            }
            self.seen = contents;
            let path = self.path.clone();
            // Compiling thousands of rules takes a while; other control work goes on meanwhile.
            match tokio::task::spawn_blocking(move || config::load_rules(&path)).await {
                Ok(Ok(set)) => {
                    let count = set.len();
                    self.in_force.store(Arc::new(ActiveRules::new(set)));
                    tracing::info!("{count} rule(s) from {} are in force", self.path.display());
                }
                Ok(Err(error)) => {
                    tracing::error!(
                        "{} is rejected, the old rules stay in force:\n{error}",
                        self.path.display()
                    );
                }
                Err(error) => {
                    tracing::error!("the rules could not be compiled: {error}; the old ones stay in force")
                }
            }
        }
    }
}
