//! MIB modules from files: directories to [`Names`], with a report of what was found and what is wrong.
//!
//! ```text
//! directories -> files (bounded) -> modules (mib-rs, in a thread of its own) -> extract -> Names
//! ```
//!
//! Invariant: nothing that is in a file stops the program, or the loading of other files; an unknown name stays a number.

mod extract;
mod files;
mod heads;
mod modules;
mod stub;
#[cfg(test)]
mod tests;

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::mpsc;
use std::time::Duration;

use crate::mib::definition::{Definition, Definitions};
use crate::mib::names::Names;
use crate::mib::standard;
use files::{Found, MibFile};
use modules::Parsed;

pub use files::{FILE_OCTETS_MAX, FILES_MAX, TOTAL_OCTETS_MAX};

/// Stack of the thread that reads modules: their parts lie in each other, and their imports in a row.
const STACK_OCTETS: usize = 64 * 1024 * 1024;

/// How long all modules may take together.
const ALL_PATIENCE: Duration = Duration::from_secs(300);

/// How long one file may take when the guilty one is looked for.
const ONE_PATIENCE: Duration = Duration::from_secs(5);

/// Something wrong with a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MibProblem {
    /// The file, or the directory.
    pub path: PathBuf,
    /// The line, from 1, where there is one.
    pub line: Option<usize>,
    /// What is wrong.
    pub what: String,
}

impl fmt::Display for MibProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.path.display())?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        write!(f, ": {}", self.what)
    }
}

/// What is in a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirectoryReport {
    /// The directory, as configured.
    pub path: PathBuf,
    /// Files in it, and in those in it.
    pub files: usize,
    /// Files that hold modules.
    pub modules: usize,
    /// Files that are something else.
    pub others: usize,
}

impl fmt::Display for DirectoryReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, files, modules, others } = self;
        write!(f, "{}: {files} files, {modules} with MIB modules, {others} others", path.display())
    }
}

/// What is known of a module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModuleReport {
    /// Its name.
    pub name: String,
    /// The file that it is from.
    pub path: PathBuf,
    /// Names that it defines.
    pub definitions: usize,
}

/// What was loaded.
#[derive(Debug, Default)]
pub struct Loaded {
    /// What the files define, without the standard modules.
    pub definitions: Definitions,
    /// The directories.
    pub directories: Vec<DirectoryReport>,
    /// The modules, in order of their names.
    pub modules: Vec<ModuleReport>,
    /// What is wrong, in order of the files.
    pub problems: Vec<MibProblem>,
}

impl Loaded {
    /// Names of the standard modules and of these. A module that repeats a standard name under the same descriptor, as
    /// those of SMIv1 do, does not take it over.
    #[must_use]
    pub fn names(&self) -> Names {
        let (standard, known) = (standard::shared(), standard::names());
        let is_repeated = |definition: &&Definition| {
            known.lookup(&definition.arcs).is_some_and(|name| {
                name.suffix.is_empty()
                    && name.label == &*definition.label
                    && name.module != &*definition.module
            })
        };
        let own = self.definitions.names.iter().filter(|definition| !is_repeated(definition));
        Names::from_definitions(standard.names.iter().chain(own).cloned())
    }
}

/// Loads all modules in `directories`. Takes a second or so for a thousand modules; never fails as a whole.
#[must_use]
pub fn load(directories: &[PathBuf]) -> Loaded {
    load_with(directories, modules::parse)
}

/// Loads one file, whose contents are given, as if it were alone in a directory. For those who look for faults of the
/// parser: unlike [`load()`] it lets a panic pass, and takes as long as it takes.
#[must_use]
pub fn load_octets(path: PathBuf, octets: Vec<u8>) -> Loaded {
    let mut found = Found::default();
    let mut report = DirectoryReport { path: path.clone(), files: 1, modules: 0, others: 0 };
    found.take(path, octets, &mut report);
    let mut parsed = if found.files.is_empty() { Parsed::default() } else { modules::parse(&found.files) };
    parsed.problems.extend(found.problems);
    let Parsed { definitions, modules, problems } = parsed;
    Loaded { definitions, directories: vec![report], modules, problems }
}

/// What tells whether anything in `directories` changed: names, sizes and times of their files.
#[must_use]
pub fn fingerprint(directories: &[PathBuf]) -> u64 {
    files::fingerprint(directories)
}

/// What reads modules out of files.
type Parse = fn(&[MibFile]) -> Parsed;

/// [`load`] with a parser that a test may choose.
fn load_with(directories: &[PathBuf], parse: Parse) -> Loaded {
    let found = files::find(directories);
    let (parsed, mut problems) = parse_isolated(found.files, parse);
    problems.extend(found.problems);
    problems.extend(parsed.problems);
    problems.sort_by(|a, b| (&a.path, a.line).cmp(&(&b.path, b.line)));
    problems.dedup();
    Loaded {
        definitions: parsed.definitions,
        directories: found.directories,
        modules: parsed.modules,
        problems,
    }
}

/// Parses in a thread of its own. When the parser does not come back, or panics, each file is tried alone, and those that
/// it cannot stand are left out.
fn parse_isolated(files: Vec<MibFile>, parse: Parse) -> (Parsed, Vec<MibProblem>) {
    if files.is_empty() {
        return (Parsed::default(), Vec::new());
    }
    if let Ok(parsed) = isolated(files.clone(), parse, ALL_PATIENCE) {
        return (parsed, Vec::new());
    }
    let mut problems = Vec::new();
    let mut good = Vec::new();
    for file in files {
        match isolated(vec![file.clone()], parse, ONE_PATIENCE) {
            Ok(_) => good.push(file),
            Err(what) => problems.push(MibProblem { path: file.path, line: None, what: what.to_owned() }),
        }
    }
    let parsed = isolated(good, parse, ALL_PATIENCE).unwrap_or_else(|_| {
        let what = "the modules cannot be read together; only the standard ones are known".to_owned();
        problems.push(MibProblem { path: PathBuf::new(), line: None, what });
        Parsed::default()
    });
    (parsed, problems)
}

/// Runs the parser where its panics and its stack are its own. One that does not come back is left behind.
fn isolated(files: Vec<MibFile>, parse: Parse, patience: Duration) -> Result<Parsed, &'static str> {
    let (done, outcome) = mpsc::sync_channel(1);
    let work = move || {
        let parsed = catch_unwind(AssertUnwindSafe(|| parse(&files)));
        // Nobody waits any more when it took too long.
        let _ = done.send(parsed);
    };
    let thread = std::thread::Builder::new().name("mib".to_owned()).stack_size(STACK_OCTETS).spawn(work);
    if thread.is_err() {
        return Err("there is no thread to read it");
    }
    match outcome.recv_timeout(patience) {
        Ok(Ok(parsed)) => Ok(parsed),
        Ok(Err(_)) => Err("the MIB parser failed on this file; it is left out"),
        Err(_) => Err("the MIB parser took too long for this file; it is left out"),
    }
}
