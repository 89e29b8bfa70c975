//! What `muttd check` finds out: all three files at once.
//!
//! Invariant: nothing is opened but the files themselves; no socket, no store, nothing written.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::base::clock::{Clock as _, SystemClock};
use crate::config::document::{Secrecy, Source, shown_path};
use crate::config::error::{ConfigError, PROBLEMS_SHOWN_MAX, Problem};
use crate::config::settings::Settings;
use crate::config::{credentials, files, rules};
use crate::mib;
use crate::net::tls;

/// The outcome of a check.
#[derive(Debug, Clone, Default)]
pub struct CheckReport {
    problems: Vec<Problem>,
    warnings: Vec<String>,
    summary: Vec<String>,
}

impl CheckReport {
    /// Whether the daemon would start with these files.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        self.problems.is_empty()
    }

    /// Everything wrong, file by file.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// What is right but may not be what was meant.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    fn note(&mut self, error: ConfigError) {
        self.problems.extend(error.into_problems());
    }
}

impl fmt::Display for CheckReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for problem in &self.problems {
            writeln!(f, "{problem}")?;
        }
        for warning in &self.warnings {
            writeln!(f, "warning: {warning}")?;
        }
        for line in &self.summary {
            writeln!(f, "{line}")?;
        }
        match self.problems.len() {
            0 => write!(f, "ok"),
            1 => write!(f, "1 problem"),
            count => write!(f, "{count} problems"),
        }
    }
}

/// Checks the configuration at `path`, and the rules and credentials files that it names. When it does not load,
/// the two files are still checked in their default places if they are there.
#[must_use]
pub fn check(path: &Path) -> CheckReport {
    let mut report = CheckReport::default();
    let loaded = files::load(path);
    let refused = loaded.is_err();
    let settings = match loaded {
        Ok(loaded) => loaded.settings,
        Err(error) => {
            report.note(error);
            Settings::default()
        }
    };
    report.warnings.extend(settings.warnings());
    // One that cannot be listed is among the problems already.
    for file in files::files(path).unwrap_or_else(|_| vec![path.to_owned()]) {
        report.summary.push(format!("{}: {}", file.display(), if refused { "refused" } else { "loaded" }));
    }
    let present = |file: &&Path| !refused || file.exists();
    match settings.pattern_matching.rules_file.as_deref().filter(present) {
        Some(file) => check_rules(&mut report, file),
        None if refused => {}
        None => report.summary.push("no rules file".to_owned()),
    }
    match settings.snmpv3.credentials_file.as_deref().filter(present) {
        Some(file) => check_credentials(&mut report, file),
        None if refused => {}
        None => report.summary.push("no credentials file".to_owned()),
    }
    check_mibs(&mut report, path, &settings.snmp.mib_dirs);
    if let (false, Some(files)) = (refused, settings.listeners.syslog.tls_settings()) {
        let name = files.certificate_file.display();
        match tls::load(&files) {
            Ok(_) => {
                report.summary.push(format!("{name}: certificate and key go together"));
                report.warnings.extend(tls::expiry_warning(&files, SystemClock.now()));
            }
            Err(error) => {
                report
                    .problems
                    .push(Problem::of_file(&shown_path(path), format!("listeners.syslog.tls: {error}")));
            }
        }
    }
    report
}

/// Loads the MIB modules. A missing directory is a problem, as for the daemon; what is wrong in a file is a warning.
fn check_mibs(report: &mut CheckReport, path: &Path, directories: &[PathBuf]) {
    if directories.is_empty() {
        return;
    }
    for directory in directories {
        if let Err(error) = std::fs::read_dir(directory) {
            let what = format!("snmp.mib_dirs: {} cannot be read: {error}", directory.display());
            report.problems.push(Problem::of_file(&shown_path(path), what));
        }
    }
    let loaded = mib::load(directories);
    for directory in &loaded.directories {
        report.summary.push(directory.to_string());
    }
    let modules = loaded.modules.len();
    let names: usize = loaded.modules.iter().map(|module| module.definitions).sum();
    report.summary.push(format!("snmp.mib_dirs: {modules} modules, {names} names"));
    for problem in loaded.problems.iter().take(PROBLEMS_SHOWN_MAX) {
        report.warnings.push(problem.to_string());
    }
    if let Some(more) = loaded.problems.len().checked_sub(PROBLEMS_SHOWN_MAX).filter(|more| *more > 0) {
        report.warnings.push(format!("{more} more in MIB modules; muttd mib load-report has them all"));
    }
}

fn check_rules(report: &mut CheckReport, file: &Path) {
    let name = file.display();
    match Source::read(file, Secrecy::Keys(Vec::new())).and_then(|source| rules::rules(&source)) {
        Ok(loaded) => {
            report.summary.push(format!("{name}: {} rules, {} disabled", loaded.set.len(), loaded.disabled));
            for id in loaded.set.without_literal() {
                report.warnings.push(format!(
                    "{name}: rule \"{id}\": every message is searched with this pattern, because it requires no \
                     fixed text of two characters or more"
                ));
            }
        }
        Err(error) => {
            report.summary.push(format!("{name}: refused"));
            report.note(error);
        }
    }
}

fn check_credentials(report: &mut CheckReport, file: &Path) {
    let name = file.display();
    match Source::read(file, Secrecy::All).and_then(|source| credentials::credentials(&source)) {
        Ok(loaded) => {
            let credentials = loaded.users.iter().flat_map(|user| &user.credentials);
            let (active, inactive): (Vec<_>, Vec<_>) = credentials.partition(|credential| credential.active);
            report.summary.push(format!(
                "{name}: {} users, {} active and {} inactive credentials",
                loaded.users.len(),
                active.len(),
                inactive.len()
            ));
        }
        Err(error) => {
            report.summary.push(format!("{name}: refused"));
            report.note(error);
        }
    }
}
