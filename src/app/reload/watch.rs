//! Notices when files or directories change: the kernel reports it, or a look at them finds it.
//!
//! Invariant: whatever is reported, the contents decide whether something changed; and since they may be secret, only
//! a hash of them is kept.

use std::collections::BTreeSet;
use std::hash::{BuildHasher as _, Hash as _, Hasher as _, RandomState};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::mpsc::Sender;

use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};

use crate::base::read::read_regular;
use crate::config;
use crate::mib;

/// Links on the way to one file that are followed; the kernel follows 40.
const LINKS_MAX: usize = 40;

/// What is watched: files by their contents, directories by the names, sizes and times of all that is in them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct WatchPlan {
    /// Files, which need not be there.
    pub(super) files: Vec<PathBuf>,
    /// Directories, with those in them.
    pub(super) directories: Vec<PathBuf>,
}

/// What the thread of a kind is woken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Signal {
    /// Somebody asked for a reload.
    Requested,
    /// The kernel reported a change.
    Reported,
    /// The program stops.
    Stopped,
}

/// A folder that the kernel reports changes of, as the file system knew it when the watch began: one that was
/// replaced since has another inode.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Folder {
    path: PathBuf,
    inode: Option<(u64, u64)>,
    is_recursive: bool,
}

/// Watches what a plan names.
#[derive(Debug)]
pub(super) struct ChangeDetector {
    hasher: RandomState,
    /// Hash of what the last look found.
    seen: Option<u64>,
    signals: Sender<Signal>,
    folders: BTreeSet<Folder>,
    /// Alive as long as changes are to be reported.
    watcher: Option<RecommendedWatcher>,
}

impl ChangeDetector {
    /// A detector that has seen nothing yet, and sends what the kernel reports to `signals`.
    pub(super) fn new(signals: Sender<Signal>) -> Self {
        Self { hasher: RandomState::new(), seen: None, signals, folders: BTreeSet::new(), watcher: None }
    }

    /// Looks at what `plan` names; returns whether anything is other than at the last look.
    pub(super) fn look(&mut self, plan: &WatchPlan) -> bool {
        // Watched before it is read: what changes in between is reported.
        self.watch(plan);
        let found = Some(digest(plan, &self.hasher));
        std::mem::replace(&mut self.seen, found) != found
    }

    /// Has the kernel report changes of all that `plan` names, and of nothing else any more.
    fn watch(&mut self, plan: &WatchPlan) {
        let (folders, interest) = folders_of(plan);
        if self.watcher.is_some() && folders == self.folders {
            return;
        }
        let is_first = self.folders.is_empty();
        self.watcher = None;
        let signals = self.signals.clone();
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            if event.is_ok_and(|event| interest.includes(&event)) {
                // The receiver is gone when the program stops.
                let _ = signals.send(Signal::Reported);
            }
        });
        match watcher {
            Ok(mut watcher) => {
                for folder in &folders {
                    let mode = if folder.is_recursive {
                        RecursiveMode::Recursive
                    } else {
                        RecursiveMode::NonRecursive
                    };
                    if let Err(error) = watcher.watch(&folder.path, mode)
                        && is_first
                    {
                        warn_of(&folder.path, &error);
                    }
                }
                self.watcher = Some(watcher);
            }
            Err(error) => warn_of(Path::new("files"), &error),
        }
        self.folders = folders;
    }
}

/// Says that the kernel does not report changes of `path`.
fn warn_of(path: &Path, error: &notify::Error) {
    tracing::warn!("{} is not watched for changes: {error}; SIGHUP and the interval remain", path.display());
}

/// Which reports matter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Interest {
    /// Files, folders and links.
    names: BTreeSet<PathBuf>,
    /// Directories of which everything below matters.
    trees: BTreeSet<PathBuf>,
}

impl Interest {
    /// Whether `event` may be about something that matters.
    fn includes(&self, event: &notify::Event) -> bool {
        let includes = |path: &PathBuf| {
            self.names.contains(path) || path.ancestors().any(|ancestor| self.trees.contains(ancestor))
        };
        !matches!(event.kind, EventKind::Access(_))
            && (event.paths.is_empty() || event.paths.iter().any(includes))
    }
}

/// The folders whose changes matter to `plan`, and which changes in them do.
///
/// Of a file: its folder, that folder's parent (the folder may be replaced), and the same for every link on the way
/// to it. Not the file: one that is replaced by renaming is another file afterwards.
fn folders_of(plan: &WatchPlan) -> (BTreeSet<Folder>, Interest) {
    let mut folders = BTreeSet::new();
    let mut interest = Interest::default();
    let mut note = |path: &Path, is_recursive: bool| {
        folders.insert(Folder { path: path.to_path_buf(), inode: inode_of(path), is_recursive });
    };
    for file in &plan.files {
        for hop in hops_of(file) {
            let folder = folder_of(&hop);
            note(&folder, false);
            note(&folder_of(&folder), false);
            interest.names.extend([folder, hop]);
        }
    }
    for directory in &plan.directories {
        for hop in hops_of(directory) {
            note(&folder_of(&hop), false);
            interest.names.insert(hop);
        }
        let real = std::fs::canonicalize(directory).unwrap_or_else(|_| absolute(directory));
        if real.is_dir() {
            note(&real, true);
        }
        interest.trees.insert(real);
    }
    // A folder that is not there has no changes; its parent tells when it comes.
    folders.retain(|folder| folder.inode.is_some());
    (folders, interest)
}

/// `path`, and where each link on the way leads, absolute.
fn hops_of(path: &Path) -> Vec<PathBuf> {
    let mut hops = vec![absolute(path)];
    while hops.len() <= LINKS_MAX {
        let Some(target) = hops.last().and_then(|last| {
            let target = std::fs::read_link(last).ok()?;
            Some(folder_of(last).join(target))
        }) else {
            break;
        };
        hops.push(target);
    }
    hops
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf())
}

/// The folder of an absolute path; the root is its own.
fn folder_of(path: &Path) -> PathBuf {
    path.parent().unwrap_or(path).to_path_buf()
}

fn inode_of(path: &Path) -> Option<(u64, u64)> {
    std::fs::metadata(path).ok().map(|known| (known.dev(), known.ino()))
}

/// A hash of what `plan` names.
fn digest(plan: &WatchPlan, hasher: &RandomState) -> u64 {
    let mut state = hasher.build_hasher();
    for path in &plan.files {
        path.hash(&mut state);
        // Why a file cannot be read is part of what is seen: the log says so once, and not at every look.
        read_regular(path, config::FILE_OCTETS_MAX)
            .map(|octets| hasher.hash_one(octets.as_slice()))
            .map_err(|error: io::Error| error.kind())
            .hash(&mut state);
    }
    (!plan.directories.is_empty()).then(|| mib::load::fingerprint(&plan.directories)).hash(&mut state);
    state.finish()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use std::sync::mpsc::{self, Receiver};
    use std::time::Duration;

    use super::*;

    /// Longest wait for the kernel's report.
    const PATIENCE: Duration = Duration::from_secs(20);

    fn detector() -> (ChangeDetector, Receiver<Signal>) {
        let (signals, received) = mpsc::channel();
        (ChangeDetector::new(signals), received)
    }

    fn of_file(path: &Path) -> WatchPlan {
        WatchPlan { files: vec![path.to_path_buf()], directories: Vec::new() }
    }

    /// Waits for a report after which a look finds something new.
    #[track_caller]
    fn assert_reported(detector: &mut ChangeDetector, received: &Receiver<Signal>, plan: &WatchPlan) {
        loop {
            assert_eq!(received.recv_timeout(PATIENCE), Ok(Signal::Reported));
            if detector.look(plan) {
                return;
            }
        }
    }

    #[test]
    fn a_look_tells_new_contents_from_old_ones() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("rules.yaml");
        let plan = of_file(&path);
        let (mut detector, _received) = detector();
        assert!(detector.look(&plan), "the first look");
        assert!(!detector.look(&plan), "the file is still not there");
        std::fs::write(&path, "a").unwrap();
        assert!(detector.look(&plan));
        std::fs::write(&path, "a").unwrap();
        assert!(!detector.look(&plan));
    }

    #[test]
    fn the_target_of_a_link_is_watched() {
        let directory = tempfile::tempdir().unwrap();
        let (folder, elsewhere) = (directory.path().join("config"), directory.path().join("elsewhere"));
        std::fs::create_dir(&folder).unwrap();
        std::fs::create_dir(&elsewhere).unwrap();
        let (link, target) = (folder.join("rules.yaml"), elsewhere.join("rules.yaml"));
        std::fs::write(&target, "a").unwrap();
        std::os::unix::fs::symlink("../elsewhere/rules.yaml", &link).unwrap();
        let plan = of_file(&link);
        let (mut detector, received) = detector();
        detector.look(&plan);
        std::fs::write(&target, "b").unwrap();
        assert_reported(&mut detector, &received, &plan);
    }

    #[test]
    fn a_replaced_folder_is_watched() {
        let directory = tempfile::tempdir().unwrap();
        let folder = |name: &str| directory.path().join(name);
        for (name, text) in [("config", "a"), ("config.new", "b")] {
            std::fs::create_dir(folder(name)).unwrap();
            std::fs::write(folder(name).join("rules.yaml"), text).unwrap();
        }
        let plan = of_file(&folder("config").join("rules.yaml"));
        let (mut detector, received) = detector();
        detector.look(&plan);
        std::fs::rename(folder("config"), folder("config.old")).unwrap();
        std::fs::rename(folder("config.new"), folder("config")).unwrap();
        assert_reported(&mut detector, &received, &plan);
        // The new folder is watched as the old one was. A look may have met the moment between the two renames.
        detector.look(&plan);
        std::fs::write(folder("config").join("rules.yaml"), "c").unwrap();
        assert_reported(&mut detector, &received, &plan);
    }

    #[test]
    fn new_files_in_directories_are_reported() {
        let directory = tempfile::tempdir().unwrap();
        let mibs = directory.path().join("mibs");
        let plan = WatchPlan { files: Vec::new(), directories: vec![mibs.clone()] };
        let (mut detector, received) = detector();
        detector.look(&plan);
        std::fs::create_dir(&mibs).unwrap();
        assert_eq!(received.recv_timeout(PATIENCE), Ok(Signal::Reported));
        assert!(!detector.look(&plan), "there is no file yet");
        std::fs::create_dir(mibs.join("cisco")).unwrap();
        std::fs::write(mibs.join("cisco/CISCO-SMI.mib"), "CISCO-SMI DEFINITIONS").unwrap();
        assert_reported(&mut detector, &received, &plan);
    }

    #[test]
    fn only_what_a_plan_names_is_of_interest() {
        let path = PathBuf::from;
        let interest = Interest {
            names: BTreeSet::from([path("/a/config"), path("/a/config/rules.yaml")]),
            trees: BTreeSet::from([path("/mibs")]),
        };
        let includes =
            |path: &str| interest.includes(&notify::Event::new(EventKind::Any).add_path(PathBuf::from(path)));
        for path in ["/a/config/rules.yaml", "/a/config", "/mibs", "/mibs/cisco/x.mib"] {
            assert!(includes(path), "{path}");
        }
        for path in ["/a/logs", "/a/config/mutt.log", "/mibs2"] {
            assert!(!includes(path), "{path}");
        }
    }
}
