//! Which files the configuration is in, and how they are read together.
//!
//! The main file comes first, then the files of `conf.d` beside it in the order of their names. A section has what all
//! of them say of it; for a key the last one counts, whether its value is a scalar, a list or a table of the operator's
//! own words. What an earlier file says of such a key is not looked at.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::config::checks;
use crate::config::declare::{Declared, Section as _};
use crate::config::document::{FILE_OCTETS_MAX, Secrecy, Source, shown_path};
use crate::config::error::{ConfigError, Problem};
use crate::config::reader::{Reader, Record};
use crate::config::settings::Settings;

/// Name of the folder beside the main file.
const OVERRIDES_FOLDER: &str = "conf.d";

/// Files in `conf.d`; nobody needs so many.
const OVERRIDES_MAX: usize = 256;

/// The settings, and what is in force for each key.
pub(super) struct Loaded {
    pub(super) settings: Settings,
    pub(super) records: Vec<Record>,
    /// Names of the files, by the numbers that the records have.
    pub(super) names: Vec<String>,
}

/// The folder of files that override keys of the main file at `path`, whether it is there or not.
#[must_use]
pub fn overrides_folder(path: &Path) -> PathBuf {
    path.parent().unwrap_or_else(|| Path::new("")).join(OVERRIDES_FOLDER)
}

/// The files that are read for the configuration at `path`: that file, whether it is there or not, and those of
/// [`overrides_folder`], in the order in which they are read. To see a file that is added, watch the folder as well.
///
/// # Errors
///
/// The folder is there and cannot be read, or has too many files.
pub fn files(path: &Path) -> Result<Vec<PathBuf>, ConfigError> {
    let folder = overrides_folder(path);
    let refused = |what: String| ConfigError::from(Problem::of_file(&shown_path(&folder), what));
    let mut files = vec![path.to_owned()];
    match overrides(&folder) {
        Ok(overrides) if overrides.len() > OVERRIDES_MAX => {
            return Err(refused(format!("holds more than {OVERRIDES_MAX} files of configuration")));
        }
        Ok(overrides) => files.extend(overrides),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(refused(format!("cannot be read: {error}"))),
    }
    Ok(files)
}

/// Regular files of `folder` whose names end in `.yaml` or `.yml`, in the order of their names. Hidden ones are those of
/// editors.
fn overrides(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().as_encoded_bytes();
        let is_ours = !name.starts_with(b".") && (name.ends_with(b".yaml") || name.ends_with(b".yml"));
        // Follows symbolic links, as those of mounted configuration; one that leads nowhere is told of by who reads it.
        if is_ours && fs::metadata(&path).map_or(true, |found| found.is_file()) {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// Names of the keys whose values must not be shown.
fn secret_keys(declared: &[Declared], names: &mut Vec<&'static str>) {
    for declared in declared {
        match declared {
            Declared::Section { members, .. } => secret_keys(members, names),
            Declared::Key(key) if key.is_secret => names.push(key.name),
            Declared::Key(_) => {}
        }
    }
}

/// What of a file with settings must not be shown.
pub(super) fn secrecy() -> Secrecy {
    let mut declared = Vec::new();
    Settings::declare(&mut declared);
    let mut names = Vec::new();
    secret_keys(&declared, &mut names);
    Secrecy::Keys(names)
}

/// Reads the files of the configuration at `path`.
pub(super) fn load(path: &Path) -> Result<Loaded, ConfigError> {
    let secrecy = secrecy();
    let (mut sources, mut problems) = (Vec::new(), Vec::new());
    let mut octets: u64 = 0;
    for file in files(path)? {
        match Source::read(&file, secrecy.clone()) {
            Ok(source) => {
                octets = octets.saturating_add(source.text.len() as u64);
                sources.push(source);
            }
            Err(error) => problems.extend(error.into_problems()),
        }
        if octets > FILE_OCTETS_MAX {
            let what = format!("with the files before it larger than {FILE_OCTETS_MAX} octets");
            return Err(Problem::of_file(&shown_path(&file), what).into());
        }
    }
    resolve(&sources, problems, &|name| std::env::var_os(name))
}

/// The settings that `sources` mean together; `problems` were found before.
pub(super) fn resolve(
    sources: &[Source],
    problems: Vec<Problem>,
    variables: &dyn Fn(&str) -> Option<OsString>,
) -> Result<Loaded, ConfigError> {
    let (reader, settings) = read(sources, problems, variables);
    let mut reader = reader;
    let records = reader.take_records();
    reader.finish()?;
    Ok(Loaded { settings, records, names: sources.iter().map(|source| source.name.clone()).collect() })
}

/// Reads `sources` with a reader that has noted `problems`.
fn read<'s>(
    sources: &'s [Source],
    problems: Vec<Problem>,
    variables: &'s dyn Fn(&str) -> Option<OsString>,
) -> (Reader<'s>, Settings) {
    let mut reader = Reader::of_files(sources, Some(variables));
    let mut is_complete = problems.is_empty();
    reader.note_all(problems);
    let mut roots = Vec::new();
    for (number, source) in sources.iter().enumerate() {
        match source.parse() {
            Ok(mut root) => {
                root.set_file(number);
                roots.push(root);
            }
            Err(error) => {
                is_complete = false;
                reader.note_all(error.into_problems());
            }
        }
    }
    let mut fields = reader.fields(roots, "", &Settings::names());
    let settings = Settings::read(&mut fields, &mut reader);
    // A file that is missing here may say the other half.
    if is_complete {
        checks::check(&mut reader, &settings);
    }
    (reader, settings)
}

/// The files with secrets that the configuration at `path` names, as those of communities, whether they are there or
/// not; `None` when that cannot be told, since a file of the configuration is not to be read.
#[must_use]
pub fn secret_files(path: &Path) -> Option<Vec<PathBuf>> {
    let secrecy = secrecy();
    let files = files(path).ok()?;
    let sources: Result<Vec<_>, _> = files.iter().map(|file| Source::read(file, secrecy.clone())).collect();
    let sources = sources.ok()?;
    let (reader, _) = read(&sources, Vec::new(), &|name| std::env::var_os(name));
    Some(reader.into_secret_files())
}
