//! The files of the directories that an operator names.
//!
//! Invariant: number, size and depth are bounded, a directory is read once however many links lead to it, and what is no
//! MIB module is counted and left alone.

use std::collections::HashSet;
use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::mib::load::{DirectoryReport, MibProblem};

/// Octets of a file; the largest modules of vendors have about 2 MiB.
pub const FILE_OCTETS_MAX: u64 = 4 * 1024 * 1024;
/// Files in all directories.
pub const FILES_MAX: usize = 20_000;
/// Octets of all modules together: reading them takes some 13 times as much memory for a moment.
pub const TOTAL_OCTETS_MAX: u64 = 128 * 1024 * 1024;
/// How deep directories may lie in each other.
const DEPTH_MAX: usize = 16;
/// How deep braces and parentheses of a module may lie in each other; those of real modules lie three deep.
const NESTING_MAX: usize = 64;

/// A file that holds a MIB module, or looks as if it did.
#[derive(Debug, Clone)]
pub(super) struct MibFile {
    /// Where it is.
    pub(super) path: PathBuf,
    /// What it holds.
    pub(super) octets: Arc<[u8]>,
}

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// The files, directory by directory, in order of their names.
    pub(super) files: Vec<MibFile>,
    /// What is said of each directory.
    pub(super) directories: Vec<DirectoryReport>,
    /// What is wrong.
    pub(super) problems: Vec<MibProblem>,
    octets: u64,
    seen: usize,
    visited: HashSet<PathBuf>,
    is_full: bool,
}

/// Reads all that may be MIB modules in `directories` and in theirs.
pub(super) fn find(directories: &[PathBuf]) -> Found {
    let mut found = Found::default();
    for directory in directories {
        let mut report = DirectoryReport { path: directory.clone(), files: 0, modules: 0, others: 0 };
        found.directory(directory, &mut report);
        found.directories.push(report);
    }
    found
}

impl Found {
    /// Reads one directory and those in it, breadth first.
    fn directory(&mut self, top: &Path, report: &mut DirectoryReport) {
        let mut waiting = vec![(top.to_owned(), 0)];
        while let Some((folder, depth)) = waiting.pop() {
            if !fs::canonicalize(&folder).is_ok_and(|real| self.visited.insert(real)) && depth > 0 {
                continue;
            }
            let entries = match fs::read_dir(&folder) {
                Ok(entries) => entries,
                Err(error) => {
                    self.note(&folder, format!("the directory cannot be read: {error}"));
                    continue;
                }
            };
            let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
            paths.sort_unstable();
            let (folders, files): (Vec<_>, Vec<_>) = paths.into_iter().partition(|path| path.is_dir());
            for path in files {
                if !self.file(path, report) {
                    return;
                }
            }
            if depth < DEPTH_MAX {
                waiting.extend(folders.into_iter().rev().map(|folder| (folder, depth + 1)));
            } else if let Some(folder) = folders.first() {
                self.note(folder, format!("deeper than {DEPTH_MAX} directories, not read"));
            }
        }
    }

    /// Reads one file; `false` when no more may be read.
    fn file(&mut self, path: PathBuf, report: &mut DirectoryReport) -> bool {
        if self.seen >= FILES_MAX || self.octets >= TOTAL_OCTETS_MAX {
            if !std::mem::replace(&mut self.is_full, true) {
                let mebibytes = TOTAL_OCTETS_MAX / (1024 * 1024);
                self.note(
                    &path,
                    format!("not read, nor what follows: more than {FILES_MAX} files or {mebibytes} MiB"),
                );
            }
            return false;
        }
        self.seen += 1;
        report.files += 1;
        let octets = match read(&path) {
            Ok(Some(octets)) => octets,
            Ok(None) => {
                self.note(&path, format!("larger than {FILE_OCTETS_MAX} octets, not read"));
                return true;
            }
            Err(error) => {
                self.note(&path, format!("cannot be read: {error}"));
                return true;
            }
        };
        self.take(path, octets, report);
        true
    }

    /// Takes a file if it holds a module, and counts it.
    pub(super) fn take(&mut self, path: PathBuf, octets: Vec<u8>, report: &mut DirectoryReport) {
        if !looks_like_mib(&octets) {
            report.others += 1;
            return;
        }
        if let Some(line) = nested_too_deep(&octets) {
            self.problems.push(MibProblem {
                path,
                line: Some(line),
                what: format!("braces or parentheses more than {NESTING_MAX} deep; the file is not read"),
            });
            return;
        }
        report.modules += 1;
        self.octets += octets.len() as u64;
        self.files.push(MibFile { path, octets: octets.into() });
    }

    fn note(&mut self, path: &Path, what: String) {
        self.problems.push(MibProblem { path: path.to_owned(), line: None, what });
    }
}

/// A hash of names, sizes and times of change of all files in `directories`, as far as they are read.
pub(super) fn fingerprint(directories: &[PathBuf]) -> u64 {
    let mut hasher = DefaultHasher::new();
    let mut visited = HashSet::new();
    let mut seen = 0;
    let mut waiting: Vec<(PathBuf, usize)> = directories.iter().map(|path| (path.clone(), 0)).collect();
    while let Some((folder, depth)) = waiting.pop() {
        if !fs::canonicalize(&folder).is_ok_and(|real| visited.insert(real)) {
            continue;
        }
        let entries = fs::read_dir(&folder).into_iter().flatten().flatten();
        let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
        paths.sort_unstable();
        for path in paths {
            seen += 1;
            if seen > FILES_MAX {
                return hasher.finish();
            }
            let Ok(known) = fs::metadata(&path) else { continue };
            if known.is_dir() && depth < DEPTH_MAX {
                waiting.push((path, depth + 1));
            } else {
                (path, known.len(), known.modified().ok()).hash(&mut hasher);
            }
        }
    }
    hasher.finish()
}

/// The octets of a regular file; `None` when there are too many of them. Nothing is read of devices and pipes.
fn read(path: &Path) -> std::io::Result<Option<Vec<u8>>> {
    if !fs::metadata(path)?.is_file() {
        return Ok(Some(Vec::new()));
    }
    let mut octets = Vec::new();
    File::open(path)?.take(FILE_OCTETS_MAX + 1).read_to_end(&mut octets)?;
    Ok((octets.len() as u64 <= FILE_OCTETS_MAX).then_some(octets))
}

/// Whether the words of a module's head are there (RFC 2578 section 3).
fn looks_like_mib(octets: &[u8]) -> bool {
    let definitions = memchr::memmem::find(octets, b"DEFINITIONS");
    definitions
        .is_some_and(|at| memchr::memmem::find(octets.get(at..).unwrap_or_default(), b"BEGIN").is_some())
        && memchr::memchr(0, octets).is_none()
}

/// The line on which braces or parentheses lie too deep in each other, outside of strings and comments.
fn nested_too_deep(octets: &[u8]) -> Option<usize> {
    let (mut depth, mut line) = (0_usize, 1_usize);
    let (mut in_string, mut in_comment) = (false, false);
    let mut before = 0;
    for octet in octets {
        match *octet {
            b'\n' => {
                line += 1;
                in_comment = false;
            }
            _ if in_comment => {}
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'-' if before == b'-' => in_comment = true,
            b'{' | b'(' | b'[' => depth += 1,
            b'}' | b')' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > NESTING_MAX {
            return Some(line);
        }
        before = *octet;
    }
    None
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]
mod tests {
    use super::*;

    const MODULE: &str = "A-MIB DEFINITIONS ::= BEGIN\nEND\n";

    #[test]
    fn files_of_all_names_in_all_directories_and_no_others() {
        let folder = tempfile::tempdir().unwrap();
        let top = folder.path();
        fs::create_dir_all(top.join("cisco/deep")).unwrap();
        fs::write(top.join("A-MIB"), MODULE).unwrap();
        fs::write(top.join("cisco/b.my"), MODULE).unwrap();
        fs::write(top.join("cisco/deep/c.weird"), MODULE).unwrap();
        fs::write(top.join("README"), "no module").unwrap();
        fs::write(top.join("binary"), [MODULE.as_bytes(), &[0]].concat()).unwrap();
        fs::write(top.join("nested"), format!("{MODULE}\n{}", "{".repeat(65))).unwrap();
        fs::write(top.join("large"), vec![b' '; usize::try_from(FILE_OCTETS_MAX).unwrap() + 1]).unwrap();
        std::os::unix::fs::symlink(top, top.join("cisco/loop")).unwrap();
        let found = find(&[top.to_owned(), top.join("gone")]);
        let names: Vec<_> =
            found.files.iter().map(|file| file.path.strip_prefix(top).unwrap().to_owned()).collect();
        assert_eq!(names, ["A-MIB", "cisco/b.my", "cisco/deep/c.weird"].map(PathBuf::from));
        let report = &found.directories[0];
        assert_eq!((report.files, report.modules, report.others), (7, 3, 2));
        let problems: Vec<String> = found.problems.iter().map(ToString::to_string).collect();
        assert!(problems[0].contains("large: larger than 4194304 octets"), "{problems:?}");
        assert!(problems[1].contains("nested:4: braces"), "{problems:?}");
        assert!(problems[2].contains("gone: the directory cannot be read"), "{problems:?}");
        assert_eq!(problems.len(), 3, "{problems:?}");
    }

    #[test]
    fn nesting_in_strings_and_comments_does_not_count() {
        let many = "(".repeat(100);
        assert_eq!(nested_too_deep(format!("\"{many}\" --{many}\n()").as_bytes()), None);
        assert_eq!(nested_too_deep(format!("\n{many}").as_bytes()), Some(2));
    }
}
