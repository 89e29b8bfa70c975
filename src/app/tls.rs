//! Reloading certificates: when one of their files changes, and on SIGHUP. Connections that are open keep theirs.

use std::hash::{BuildHasher as _, RandomState};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use notify::RecommendedWatcher;
use tokio::runtime::Runtime;
use tokio::sync::Notify;

use crate::app::reload::{SETTLE, watch};
use crate::base::clock::{Clock as _, SystemClock};
use crate::net::tls::{self, TlsInForce, TlsSettings};

/// Keeps the certificates in force up to date.
#[derive(Debug)]
pub(super) struct TlsReloader {
    wanted: Arc<Notify>,
    /// Alive as long as changes are to be seen.
    _watchers: Vec<RecommendedWatcher>,
}

impl TlsReloader {
    /// Starts watching the files of `settings`, from which `in_force` was made.
    pub(super) fn start(settings: TlsSettings, in_force: TlsInForce, control: &Runtime) -> Self {
        warn(&settings);
        let (wanted, changed) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let mut watchers = Vec::new();
        let mut folders: Vec<&Path> = Vec::new();
        for path in settings.files() {
            let folder = path.parent().unwrap_or(path);
            if folders.contains(&folder) {
                continue;
            }
            folders.push(folder);
            match watch(path, Arc::clone(&changed)) {
                Ok(watcher) => watchers.push(watcher),
                Err(error) => {
                    tracing::warn!("{} is not watched for changes: {error}; SIGHUP remains", path.display())
                }
            }
        }
        let hasher = RandomState::new();
        let seen = digests(&settings, &hasher);
        let task = Task { settings, in_force, hasher, seen, wanted: Arc::clone(&wanted), changed };
        control.spawn(task.run());
        Self { wanted, _watchers: watchers }
    }

    /// Asks for a reload now, whether a file changed or not.
    pub(super) fn request(&self) {
        self.wanted.notify_one();
    }
}

/// Says when our certificate is of no use, or soon will be.
fn warn(settings: &TlsSettings) {
    if let Some(warning) = tls::expiry_warning(settings, SystemClock.now()) {
        tracing::warn!("{warning}");
    }
}

/// What tells contents apart without keeping them, since one file is a secret.
fn digests(settings: &TlsSettings, hasher: &RandomState) -> Vec<Option<u64>> {
    let digest = |path: &Path| {
        let contents = zeroize::Zeroizing::new(std::fs::read(path).ok()?);
        Some(hasher.hash_one(contents.as_slice()))
    };
    settings.files().into_iter().map(digest).collect()
}

/// The task that reloads.
struct Task {
    settings: TlsSettings,
    in_force: TlsInForce,
    hasher: RandomState,
    /// Digests of the files when they were last looked at.
    seen: Vec<Option<u64>>,
    wanted: Arc<Notify>,
    changed: Arc<Notify>,
}

impl Task {
    async fn run(mut self) {
        loop {
            let is_asked = tokio::select! {
                () = self.wanted.notified() => true,
                () = self.changed.notified() => {
                    tokio::time::sleep(SETTLE).await;
                    false
                }
            };
            let found = digests(&self.settings, &self.hasher);
            if !is_asked && found == self.seen {
                continue;
            }
            self.seen = found;
            let files: Vec<PathBuf> = self.settings.files().into_iter().map(Path::to_path_buf).collect();
            match tls::load(&self.settings) {
                Ok(config) => {
                    self.in_force.replace(config);
                    tracing::info!("the certificates in {files:?} are in force for new connections");
                    warn(&self.settings);
                }
                // Often one of two files is new and the other one comes in a moment: then it is looked at again.
                Err(error) => {
                    tracing::error!("new certificates are rejected, the old ones stay in force: {error}");
                }
            }
        }
    }
}
