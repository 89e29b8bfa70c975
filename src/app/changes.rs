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

/// The files that a file names, in whatever state it is; `None` when that cannot be told now.
pub(super) type References = fn(&Path) -> Option<Vec<PathBuf>>;

/// Files whose changes are waited for.
pub(super) struct Changes {
    paths: Vec<PathBuf>,
    /// How many of them are there for good; behind them are those that the first one names.
    own: usize,
    references: Option<References>,
    /// Hashes of the files when they were last looked at; `None` for one that could not be read.
    seen: Vec<Option<u64>>,
    hasher: RandomState,
    signals: Signals,
    /// The folders that are watched, alive as long as changes are to be seen; `None` for one that cannot be.
    watchers: Vec<(PathBuf, Option<RecommendedWatcher>)>,
    /// What is left for a file that cannot be watched.
    remains: &'static str,
}

/// Who can ask for what is waited for.
#[derive(Debug)]
pub(super) struct Watched {
    wanted: Arc<Notify>,
}

impl Watched {
    /// Asks for a reload now, whether a file changed or not.
    pub(super) fn request(&self) {
        self.wanted.notify_one();
    }
}

/// What makes us look again.
struct Signals {
    wanted: Arc<Notify>,
    changed: Arc<Notify>,
    interval: Option<Duration>,
}

impl Signals {
    /// Signals of nothing so far, and who can give one.
    fn new(interval: Option<Duration>) -> (Self, Watched) {
        let wanted = Arc::new(Notify::new());
        let watched = Watched { wanted: Arc::clone(&wanted) };
        (Self { wanted, changed: Arc::new(Notify::new()), interval }, watched)
    }

    /// Waits until somebody asks, something changed, or it is time; returns whether somebody asked.
    async fn next(&self) -> bool {
        tokio::select! {
            () = self.wanted.notified() => true,
            () = self.changed.notified() => {
                tokio::time::sleep(SETTLE).await;
                false
            }
            () = tokio::time::sleep(self.interval.unwrap_or(Duration::MAX)) => false,
        }
    }
}

impl Changes {
    /// Watches `paths`, which are also looked at every `interval`. A file that cannot be watched is told of, with what
    /// `remains`.
    pub(super) fn of(
        paths: Vec<PathBuf>,
        interval: Option<Duration>,
        remains: &'static str,
    ) -> (Self, Watched) {
        let (signals, watched) = Signals::new(interval);
        let hasher = RandomState::new();
        let mut changes = Self {
            own: paths.len(),
            references: None,
            seen: Vec::new(),
            paths,
            hasher,
            signals,
            watchers: Vec::new(),
            remains,
        };
        changes.watch_folders();
        changes.seen = digests(&changes.paths, &changes.hasher);
        (changes, watched)
    }

    /// Waits for changes of the files that the first one names, too, as it says at each time.
    pub(super) fn with_references(mut self, references: References) -> Self {
        self.references = Some(references);
        self.look_for_references();
        self.seen = digests(&self.paths, &self.hasher);
        self
    }

    /// Brings the files that the first one names up to date. When that cannot be told, the old ones stay.
    fn look_for_references(&mut self) {
        let Some(named) =
            self.references.zip(self.paths.first()).and_then(|(references, path)| references(path))
        else {
            return;
        };
        self.paths.truncate(self.own);
        self.paths.extend(named);
        self.watch_folders();
    }

    /// Watches the folder of each file, and no other any more.
    fn watch_folders(&mut self) {
        let (paths, changed, remains) = (&self.paths, &self.signals.changed, self.remains);
        self.watchers.retain(|(watched, _)| paths.iter().any(|path| folder(path) == watched));
        for path in paths {
            let folder = folder(path);
            if self.watchers.iter().any(|(watched, _)| watched == folder) {
                continue;
            }
            let watcher = watch(folder, RecursiveMode::NonRecursive, Arc::clone(changed));
            if let Err(error) = &watcher {
                tracing::warn!("{} is not watched for changes: {error}; {remains}", path.display());
            }
            self.watchers.push((folder.to_path_buf(), watcher.ok()));
        }
    }

    /// Waits until the files are to be read again.
    pub(super) async fn next(&mut self) {
        loop {
            let is_asked = self.signals.next().await;
            self.look_for_references();
            let found = digests(&self.paths, &self.hasher);
            let is_new = found != self.seen;
            self.seen = found;
            if is_asked || is_new {
                return;
            }
        }
    }
}

/// Directories whose changes are waited for, with all that is in them.
pub(super) struct DirectoryChanges {
    /// Tells whether anything in them is new.
    look: Box<dyn Fn() -> u64 + Send + Sync>,
    /// What the last look told.
    seen: u64,
    signals: Signals,
    /// Alive as long as changes are to be seen.
    _watchers: Vec<RecommendedWatcher>,
}

impl DirectoryChanges {
    /// Watches `directories`, which are also looked at every `interval`. One that cannot be watched is told of, with
    /// what `remains`.
    pub(super) fn of(
        directories: &[PathBuf],
        interval: Option<Duration>,
        remains: &str,
        look: impl Fn() -> u64 + Send + Sync + 'static,
    ) -> (Self, Watched) {
        let (signals, watched) = Signals::new(interval);
        let mut watchers = Vec::new();
        for directory in directories {
            match watch(directory, RecursiveMode::Recursive, Arc::clone(&signals.changed)) {
                Ok(watcher) => watchers.push(watcher),
                Err(error) => {
                    tracing::warn!("{} is not watched for changes: {error}; {remains}", directory.display());
                }
            }
        }
        let seen = look();
        (Self { look: Box::new(look), seen, signals, _watchers: watchers }, watched)
    }

    /// Waits until the directories are to be read again.
    pub(super) async fn next(&mut self) {
        loop {
            let is_asked = self.signals.next().await;
            let found = (self.look)();
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
fn watch(folder: &Path, mode: RecursiveMode, changed: Arc<Notify>) -> notify::Result<RecommendedWatcher> {
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        if event.is_ok_and(|event| !matches!(event.kind, EventKind::Access(_))) {
            changed.notify_one();
        }
    })?;
    watcher.watch(folder, mode)?;
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
