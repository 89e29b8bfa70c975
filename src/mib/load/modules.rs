//! mib-rs at work: files in, definitions and diagnostics out.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use mib_rs::Loader;
use mib_rs::error::LoadError;
use mib_rs::source::{Source, SourceCandidate, SourceOrigin};
use mib_rs::types::{
    DiagCode, DiagnosticConfig, DiagnosticEntry, ReportingLevel, ResolverStrictness, Severity,
};

use crate::mib::definition::Definitions;
use crate::mib::load::extract;
use crate::mib::load::files::MibFile;
use crate::mib::load::heads;
use crate::mib::load::stub;
use crate::mib::load::{MibProblem, ModuleReport};
use crate::mib::standard;

/// What was made of some files.
#[derive(Debug, Default)]
pub(super) struct Parsed {
    /// What they define.
    pub(super) definitions: Definitions,
    /// The modules in them, in order of their names.
    pub(super) modules: Vec<ModuleReport>,
    /// What is wrong in them.
    pub(super) problems: Vec<MibProblem>,
}

/// What of a module's faults costs names or renderings; dates, spelling and conformance do not.
const TOLD: [DiagCode; 12] = [
    DiagCode::UnexpectedCharacter,
    DiagCode::UnterminatedString,
    DiagCode::UnterminatedHexBinStr,
    DiagCode::ParseError,
    DiagCode::InvalidU32,
    DiagCode::InvalidI64,
    DiagCode::ImportNotFound,
    DiagCode::ImportModuleNotFound,
    DiagCode::TypeUnknown,
    DiagCode::TypeCycle,
    DiagCode::OidOrphan,
    DiagCode::IndexUnresolved,
];

/// The files as mib-rs asks for them: by module.
struct Files {
    /// Places in `files`, by module.
    by_module: HashMap<String, Vec<usize>>,
    files: Vec<MibFile>,
}

impl Source for Files {
    fn find(&self, name: &str) -> io::Result<Option<SourceCandidate>> {
        self.find_candidates(name).next().transpose()
    }

    fn find_candidates<'a>(
        &'a self,
        name: &'a str,
    ) -> Box<dyn Iterator<Item = io::Result<SourceCandidate>> + 'a> {
        let places = self.by_module.get(name).into_iter().flatten();
        Box::new(places.filter_map(|place| {
            let file = self.files.get(*place)?;
            let label = file.path.display().to_string();
            let origin = SourceOrigin::file(file.path.clone());
            Some(Ok(SourceCandidate::new(place.to_string(), origin, label, Arc::clone(&file.octets))))
        }))
    }

    fn list_modules(&self) -> io::Result<Vec<String>> {
        Ok(self.by_module.keys().cloned().collect())
    }
}

/// The standard modules, for those who import from them and have no files of them.
struct Standard;

impl Source for Standard {
    fn find(&self, name: &str) -> io::Result<Option<SourceCandidate>> {
        Ok(stub::text(standard::shared(), name).map(|text| {
            let octets: Arc<[u8]> = text.into_bytes().into();
            SourceCandidate::new(name, SourceOrigin::memory(name), STANDARD_LABEL, octets)
        }))
    }

    fn list_modules(&self) -> io::Result<Vec<String>> {
        Ok(Vec::new())
    }
}

/// What stands for a file name where there is none.
const STANDARD_LABEL: &str = "the standard modules";

/// Reads all modules of `files`. Several files of one module: the first one counts.
pub(super) fn parse(files: &[MibFile]) -> Parsed {
    // Its spans and events are for those who look for faults in mib-rs.
    tracing::subscriber::with_default(tracing::subscriber::NoSubscriber::default(), || parse_silently(files))
}

fn parse_silently(files: &[MibFile]) -> Parsed {
    let mut parsed = Parsed::default();
    let mut by_module: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (place, file) in files.iter().enumerate() {
        let names = heads::names(&file.octets);
        if names.is_empty() {
            parsed.problems.push(headless(file));
        }
        for name in names {
            by_module.entry(name).or_default().push(place);
        }
    }
    for (name, places) in &by_module {
        note_duplicates(name, places, files, &mut parsed.problems);
    }
    let mut wanted: BTreeSet<String> = by_module.keys().cloned().collect();
    let by_module: HashMap<String, Vec<usize>> = by_module.into_iter().collect();
    // A module that was announced may be missing afterwards; then it is done without.
    for _ in 0..2 {
        let source = Files { by_module: by_module.clone(), files: files.to_vec() };
        match loader(source).modules(wanted.iter().cloned()).load() {
            Ok(mib) => {
                collect(&mib, &wanted, &by_module, files, &mut parsed);
                return parsed;
            }
            Err(LoadError::MissingModules(missing)) => {
                for name in &missing {
                    wanted.remove(name);
                    let file = by_module.get(name).and_then(|places| files.get(*places.first()?));
                    parsed.problems.extend(file.map(|file| MibProblem {
                        path: file.path.clone(),
                        line: None,
                        what: format!("module {name} cannot be read"),
                    }));
                }
            }
            Err(error) => {
                let what = format!("the modules cannot be read: {error}");
                parsed.problems.push(MibProblem { path: PathBuf::new(), line: None, what });
                break;
            }
        }
    }
    parsed
}

fn loader(files: Files) -> Loader {
    let diagnostics = DiagnosticConfig {
        reporting: ReportingLevel::Quiet,
        fail_at: Severity::Fatal,
        ..DiagnosticConfig::default()
    };
    Loader::new()
        .source(Box::new(files))
        .source(Box::new(Standard))
        .resolver_strictness(ResolverStrictness::Permissive)
        .diagnostic_config(diagnostics)
        .parallelism(1)
}

/// A file with the words of a module but without its head.
fn headless(file: &MibFile) -> MibProblem {
    let at = memchr::memmem::find(&file.octets, b"DEFINITIONS").unwrap_or(0);
    let before = file.octets.get(..at).unwrap_or_default();
    let line = before.iter().filter(|octet| **octet == b'\n').count() + 1;
    let what = "no module begins here: a name, DEFINITIONS ::= BEGIN is missing".to_owned();
    MibProblem { path: file.path.clone(), line: Some(line), what }
}

/// Tells of a module that is in several files with different contents.
fn note_duplicates(name: &str, places: &[usize], files: &[MibFile], problems: &mut Vec<MibProblem>) {
    let mut files = places.iter().filter_map(|place| files.get(*place));
    let Some(first) = files.next() else { return };
    for other in files.filter(|other| other.octets != first.octets) {
        let what = format!(
            "module {name} is in {} already, with other contents; that one counts",
            first.path.display()
        );
        problems.push(MibProblem { path: other.path.clone(), line: None, what });
    }
}

/// Takes what is of use out of `mib`.
fn collect(
    mib: &mib_rs::Mib,
    wanted: &BTreeSet<String>,
    by_module: &HashMap<String, Vec<usize>>,
    files: &[MibFile],
    parsed: &mut Parsed,
) {
    parsed.definitions = extract::definitions(mib, |module| wanted.contains(module));
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for definition in &parsed.definitions.names {
        *counts.entry(&definition.module).or_default() += 1;
    }
    for name in wanted {
        let place = by_module.get(name).and_then(|places| places.first());
        let Some(file) = place.and_then(|place| files.get(*place)) else { continue };
        let definitions = counts.get(name.as_str()).copied().unwrap_or(0);
        parsed.modules.push(ModuleReport { name: name.clone(), path: file.path.clone(), definitions });
    }
    for entry in mib.diagnostic_report().iter() {
        parsed.problems.extend(problem(&entry));
    }
}

/// A diagnostic in our words, if it is told.
fn problem(entry: &DiagnosticEntry<'_>) -> Option<MibProblem> {
    let diagnostic = entry.diagnostic();
    if !TOLD.contains(&diagnostic.code) {
        return None;
    }
    let (source, range) = entry.range().ok()??;
    if !matches!(source.origin(), SourceOrigin::File { .. }) {
        return None;
    }
    let line = source.byte_position(range.start()).map_or(0, |position| position.line()) + 1;
    let what = diagnostic.message.chars().filter(|character| !character.is_control()).take(300).collect();
    Some(MibProblem { path: source.label().into(), line: usize::try_from(line).ok(), what })
}
