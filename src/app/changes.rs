//! When files are to be read again: one of them changed, somebody asked, or it is time.
//!
//! Invariant: whatever happens around a file, its contents decide whether it changed; and since they may be secret,
//! only a hash of them is kept.

use std::hash::{BuildHasher as _, RandomState};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::Notify;
use zeroize::Zeroizing;

/// Editors write a file in several steps; the reload waits until they are done.
const SETTLE: Duration = Duration::from_millis(200);

/// Files whose changes are waited for.
pub(super) struct Changes {
    paths: Vec<PathBuf>,
    /// Hashes of the files when they were last looked at; `None` for one that could not be read.
    seen: Vec<Option<u64>>,
    hasher: RandomState,
    wanted: Arc<Notify>,
    changed: Arc<Notify>,
    interval: Option<Duration>,
}

/// What keeps the waiting going.
#[derive(Debug)]
pub(super) struct Watched {
    wanted: Arc<Notify>,
    /// Alive as long as changes are to be seen.
    _watchers: Vec<RecommendedWatcher>,
}

impl Watched {
    /// Asks for a reload now, whether a file changed or not.
    pub(super) fn request(&self) {
        self.wanted.notify_one();
    }
}

impl Changes {
    /// Watches `paths`, which are also looked at every `interval`. A file that cannot be watched is told of, with what
    /// `remains`.
    pub(super) fn of(paths: Vec<PathBuf>, interval: Option<Duration>, remains: &str) -> (Self, Watched) {
        let (wanted, changed) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let mut watchers = Vec::new();
        let mut folders: Vec<&Path> = Vec::new();
        for path in &paths {
            let folder = folder(path);
            if folders.contains(&folder) {
                continue;
            }
            folders.push(folder);
            match watch(folder, Arc::clone(&changed)) {
                Ok(watcher) => watchers.push(watcher),
                Err(error) => {
                    tracing::warn!("{} is not watched for changes: {error}; {remains}", path.display());
                }
            }
        }
        let hasher = RandomState::new();
        let seen = digests(&paths, &hasher);
        let watched = Watched { wanted: Arc::clone(&wanted), _watchers: watchers };
        (Self { paths, seen, hasher, wanted, changed, interval }, watched)
    }

    /// Waits until the files are to be read again.
    pub(super) async fn next(&mut self) {
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
            let found = digests(&self.paths, &self.hasher);
            let is_new = found != self.seen;
            self.seen = found;
            if is_asked || is_new {
                return;
            }
        }
    }
}

/// The folder of a file.
fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."))
}

/// Watches a folder and not a file: one that is replaced by renaming, or by turning a link on the way to it, is another
/// one afterwards.
fn watch(folder: &Path, changed: Arc<Notify>) -> notify::Result<RecommendedWatcher> {
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        if event.is_ok_and(|event| !matches!(event.kind, EventKind::Access(_))) {
            changed.notify_one();
        }
    })?;
    watcher.watch(folder, RecursiveMode::NonRecursive)?;
    Ok(watcher)
}

/// What tells the contents of files apart without keeping them.
fn digests(paths: &[PathBuf], hasher: &RandomState) -> Vec<Option<u64>> {
    let digest = |path: &PathBuf| {
        let contents = Zeroizing::new(std::fs::read(path).ok()?);
        Some(hasher.hash_one(contents.as_slice()))
    };
    paths.iter().map(digest).collect()
}
