//! Reloading the rules and the SNMPv3 credentials: when their file changes, on SIGHUP, and every so often. Never on the
//! receive path.

use std::hash::{BuildHasher as _, RandomState};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::runtime::Runtime;
use tokio::sync::Notify;
use zeroize::Zeroizing;

use crate::app::wiring;
use crate::config::settings::Settings;
use crate::config::{self, ConfigError};
use crate::security::UsersInForce;
use crate::shard::rules::{ActiveRules, RulesInForce};

/// Editors write a file in several steps; the reload waits until they are done.
pub(super) const SETTLE: Duration = Duration::from_millis(200);

/// Loads a file and puts what is in it in force; returns how much that is, in words.
type Load = Arc<dyn Fn(&Path) -> Result<String, ConfigError> + Send + Sync>;

/// Keeps the rules and the users in force up to date.
#[derive(Debug)]
pub struct Reloader {
    rules: RulesInForce,
    files: Vec<Watched>,
}

/// A file that is watched.
#[derive(Debug)]
struct Watched {
    wanted: Arc<Notify>,
    /// Alive as long as changes are to be seen.
    _watcher: Option<RecommendedWatcher>,
}

impl Reloader {
    /// Starts watching the files that the settings name.
    pub fn start(settings: &Settings, rules: RulesInForce, users: UsersInForce, control: &Runtime) -> Self {
        let interval = settings.pattern_matching.reload_interval;
        let mut files = Vec::new();
        if let Some(path) = settings.pattern_matching.rules_file.clone() {
            let in_force = Arc::clone(&rules);
            let load: Load = Arc::new(move |path| {
                let set = config::load_rules(path)?;
                let count = set.len();
                in_force.store(Arc::new(ActiveRules::new(set)));
                Ok(format!("{count} rule(s)"))
            });
            files.push(Watched::start("rules", path, interval, load, control));
        }
        if let Some(path) = settings.snmpv3.credentials_file.clone() {
            let load: Load = Arc::new(move |path| {
                let credentials = config::load_credentials(path)?;
                let derived = wiring::users(&credentials, &users.load());
                let count = derived.len();
                users.store(Arc::new(derived));
                Ok(format!("{count} SNMPv3 user(s)"))
            });
            files.push(Watched::start("credentials", path, interval, load, control));
        }
        Self { rules, files }
    }

    /// Asks for a reload now, whether the files changed or not.
    pub fn request(&self) {
        for file in &self.files {
            file.wanted.notify_one();
        }
    }

    /// Number of rules in force.
    pub fn rules_in_force(&self) -> usize {
        self.rules.load().set.len()
    }
}

impl Watched {
    /// Starts watching `path`, which holds `what`.
    fn start(
        what: &'static str,
        path: PathBuf,
        interval: Option<Duration>,
        load: Load,
        control: &Runtime,
    ) -> Self {
        let wanted = Arc::new(Notify::new());
        let changed = Arc::new(Notify::new());
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
        let hasher = RandomState::new();
        let seen = digest(&path, &hasher);
        let task = Task { what, path, seen, hasher, load, wanted: Arc::clone(&wanted), changed, interval };
        control.spawn(task.run());
        Self { wanted, _watcher: watcher }
    }
}

/// A hash of what is in a file, which may be secret; `None` when it cannot be read.
fn digest(path: &Path, hasher: &RandomState) -> Option<u64> {
    let contents = Zeroizing::new(std::fs::read(path).ok()?);
    Some(hasher.hash_one(contents.as_slice()))
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

/// The task that reloads one file.
struct Task {
    what: &'static str,
    path: PathBuf,
    /// Hash of the file when it was last looked at.
    seen: Option<u64>,
    hasher: RandomState,
    load: Load,
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
            let found = digest(&self.path, &self.hasher);
            if !is_asked && found == self.seen {
                continue;
            }
            self.seen = found;
            let (path, load) = (self.path.clone(), Arc::clone(&self.load));
            let (what, file) = (self.what, self.path.display());
            // Thousands of rules or keys take a while; other control work goes on meanwhile.
            match tokio::task::spawn_blocking(move || load(&path)).await {
                Ok(Ok(loaded)) => tracing::info!("{loaded} from {file} are in force"),
                Ok(Err(error)) => {
                    tracing::error!("{file} is rejected, the old {what} stay in force:\n{error}");
                }
                Err(error) => {
                    tracing::error!("the {what} could not be made ready: {error}; the old ones stay in force")
                }
            }
        }
    }
}
