//! What `muttd mib` prints: names as numbers and numbers as names, what was loaded, and the table of all of it.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use crate::mib::names::Name;
use crate::mib::{self, Names, load::Loaded};
use crate::wire::smi::{Base, IndexPart, IndexValue, decode_index};

/// Problems of modules that are printed for one file.
const PROBLEMS_SHOWN_MAX: usize = 100;

/// Labels of one enumeration that are printed.
const LABELS_SHOWN_MAX: usize = 400;

/// Where a standard name is from.
const BUILT_IN: &str = "built in";

/// All names that the daemon would know, and where they are from.
#[derive(Debug)]
pub struct Dictionary {
    names: Names,
    files: HashMap<String, PathBuf>,
}

impl Dictionary {
    /// The standard names and those of the modules in `directories`.
    #[must_use]
    pub fn load(directories: &[PathBuf]) -> Self {
        let loaded = mib::load(directories);
        let files = loaded.modules.iter().map(|module| (module.name.clone(), module.path.clone())).collect();
        Self { names: loaded.names(), files }
    }

    /// What `asked` is: a name for dots, dots for a name, with all that is known of it.
    ///
    /// # Errors
    /// One line that says why it cannot be told.
    pub fn translate(&self, asked: &str) -> Result<String, String> {
        let asked = asked.trim();
        if asked.trim_start_matches('.').starts_with(|first: char| first.is_ascii_digit()) {
            let arcs = arcs(asked.trim_start_matches('.'));
            let arcs =
                arcs.ok_or_else(|| format!("{asked}: not an object identifier, as 1.3.6.1.2.1.1.3.0"))?;
            return self.of_arcs(asked, &arcs);
        }
        let (module, rest) = match asked.split_once("::") {
            Some((module, rest)) => (Some(module), rest),
            None => (None, asked),
        };
        let (label, instance) = match rest.split_once('.') {
            Some((label, instance)) => (label, instance),
            None => (rest, ""),
        };
        let mut told = String::new();
        for (found, name) in self.names.by_label(module, label) {
            let instance = instance_arcs(instance, name.index)
                .ok_or_else(|| format!("{asked}: {instance} is no instance of {}::{label}", name.module))?;
            let arcs = [found, &instance].concat();
            told.push_str(&self.of_arcs(asked, &arcs)?);
        }
        if told.is_empty() {
            let module = module.map(|module| format!(" in {module}")).unwrap_or_default();
            return Err(format!("{asked}: no definition of {label}{module} is loaded (snmp.mib_dirs)"));
        }
        Ok(told)
    }

    fn of_arcs(&self, asked: &str, arcs: &[u32]) -> Result<String, String> {
        let found = self.names.lookup(arcs);
        match found {
            Some(name) if name.suffix.is_empty() || name.kind.has_instances() => Ok(self.told(&name, arcs)),
            nearest => {
                let below = nearest.map(|name| format!("; it lies below {}::{}", name.module, name.label));
                let number = arcs.strip_prefix(&[1, 3, 6, 1, 4, 1]).and_then(|rest| rest.first());
                let vendor = number.and_then(|number| self.names.vendor(*number));
                let vendor = vendor.map(|vendor| format!(", and belongs to {vendor}"));
                Err(format!(
                    "{asked}: no definition is loaded{}{}; modules are loaded from snmp.mib_dirs",
                    below.unwrap_or_default(),
                    vendor.unwrap_or_default()
                ))
            }
        }
    }

    /// All that is known of a name.
    fn told(&self, name: &Name<'_, '_>, arcs: &[u32]) -> String {
        let mut text = format!("{}::{}", name.module, name.label);
        if !name.suffix.is_empty() {
            let _ = write!(text, ".{}", dotted(name.suffix));
        }
        let _ = write!(text, "\n  oid     {}\n  kind    {}\n", dotted(arcs), name.kind.as_str());
        if let Some(syntax) = name.syntax {
            let size = syntax.size.map(|size| format!(" (SIZE({size}))")).unwrap_or_default();
            let named = if syntax.name.is_empty() { String::new() } else { format!("{}, ", syntax.name) };
            let _ = writeln!(text, "  syntax  {named}{}{size}", syntax.base.as_str());
            if !syntax.hint.is_empty() {
                let _ = writeln!(text, "  hint    {}", syntax.hint);
            }
            if !syntax.labels.is_empty() {
                let labels = syntax.labels.iter().take(LABELS_SHOWN_MAX);
                let labels: Vec<String> =
                    labels.map(|(number, label)| format!("{label}({number})")).collect();
                let _ = writeln!(text, "  labels  {}", labels.join(" "));
            }
        }
        if !name.index.is_empty() {
            let _ = writeln!(text, "  index   {}", index(name));
        }
        let file = self
            .files
            .get(name.module)
            .map_or_else(|| BUILT_IN.to_owned(), |path| path.display().to_string());
        let _ = writeln!(text, "  from    {file}");
        text
    }
}

/// The objects of an index, with their values where there is an instance.
fn index(name: &Name<'_, '_>) -> String {
    let Some(values) = decode_index(name.index, name.suffix) else {
        return name.index.iter().map(|part| part.label.to_string()).collect::<Vec<_>>().join(" ");
    };
    let value = |value| match value {
        IndexValue::Number(number) => number.to_string(),
        IndexValue::Address(address) => address.map(|octet| octet.to_string()).join("."),
        IndexValue::Oid(arcs) => dotted(arcs),
        IndexValue::Octets(arcs) => {
            let octets: Vec<u8> = arcs.iter().filter_map(|arc| u8::try_from(*arc).ok()).collect();
            format!("\"{}\"", octets.escape_ascii())
        }
    };
    values.map(|(part, found, _)| format!("{}={}", part.label, value(found))).collect::<Vec<_>>().join(" ")
}

/// Dots to sub-identifiers; the last dot may be followed by nothing.
fn arcs(text: &str) -> Option<Vec<u32>> {
    let arcs: Option<Vec<u32>> = text.trim_end_matches('.').split('.').map(|arc| arc.parse().ok()).collect();
    arcs.filter(|arcs| arcs.len() <= 128)
}

fn dotted(arcs: &[u32]) -> String {
    arcs.iter().map(u32::to_string).collect::<Vec<_>>().join(".")
}

/// An instance as written, `3` or `3."text"`, to sub-identifiers. Text stands for a string of the index.
fn instance_arcs(text: &str, index: &[IndexPart]) -> Option<Vec<u32>> {
    let mut out = Vec::new();
    let mut rest = text;
    let mut parts = index.iter();
    while !rest.is_empty() {
        if let Some(quoted) = rest.strip_prefix('"') {
            let (string, after) = quoted.split_once('"')?;
            let part = parts.next()?;
            if part.syntax.base == Base::Octets && part.syntax.size.is_none() && !part.implied {
                out.push(u32::try_from(string.len()).ok()?);
            }
            out.extend(string.bytes().map(u32::from));
            rest = after.strip_prefix('.').unwrap_or(after);
        } else {
            let (number, after) = rest.split_once('.').unwrap_or((rest, ""));
            parts.next();
            out.push(number.parse().ok()?);
            rest = after;
        }
    }
    Some(out)
}

/// What was found in the directories: the modules with their files, and everything that is wrong.
#[must_use]
pub fn load_report(loaded: &Loaded) -> String {
    let mut text = String::new();
    for directory in &loaded.directories {
        let _ = writeln!(text, "{directory}");
    }
    for module in &loaded.modules {
        let _ = writeln!(text, "{}  {} names  {}", module.name, module.definitions, module.path.display());
    }
    let mut shown: (Option<&Path>, usize) = (None, 0);
    for problem in &loaded.problems {
        shown = if shown.0 == Some(problem.path.as_path()) {
            (shown.0, shown.1 + 1)
        } else {
            (Some(&problem.path), 1)
        };
        if shown.1 <= PROBLEMS_SHOWN_MAX {
            let _ = writeln!(text, "warning: {problem}");
        } else if shown.1 == PROBLEMS_SHOWN_MAX + 1 {
            let _ = writeln!(
                text,
                "warning: {}: more than {PROBLEMS_SHOWN_MAX} problems",
                problem.path.display()
            );
        }
    }
    let names = loaded.names();
    let own: usize = loaded.modules.iter().map(|module| module.definitions).sum();
    let _ = writeln!(
        text,
        "{} modules with {own} names, {} problems; {} names with the standard ones, {} KiB",
        loaded.modules.len(),
        loaded.problems.len(),
        names.len(),
        names.memory_octets().div_ceil(1024)
    );
    text
}

/// The table of everything that the modules in `directories` define, or of the standard ones when there is none.
#[must_use]
pub fn export(directories: &[PathBuf]) -> String {
    if directories.is_empty() {
        return mib::table::write(&mib::standard::definitions());
    }
    mib::table::write(&mib::load(directories).definitions)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]
mod tests {
    use super::*;

    fn first_line(dictionary: &Dictionary, asked: &str) -> String {
        let told = dictionary.translate(asked).unwrap();
        told.lines().next().unwrap_or_default().to_owned()
    }

    #[test]
    fn both_directions() {
        let dictionary = Dictionary::load(&[]);
        for (asked, name, oid) in [
            ("1.3.6.1.2.1.2.2.1.8.3", "IF-MIB::ifOperStatus.3", "1.3.6.1.2.1.2.2.1.8.3"),
            (".1.3.6.1.2.1.2.2.1.8.3", "IF-MIB::ifOperStatus.3", "1.3.6.1.2.1.2.2.1.8.3"),
            ("ifOperStatus.3", "IF-MIB::ifOperStatus.3", "1.3.6.1.2.1.2.2.1.8.3"),
            ("IF-MIB::ifOperStatus", "IF-MIB::ifOperStatus", "1.3.6.1.2.1.2.2.1.8"),
            ("linkDown", "IF-MIB::linkDown", "1.3.6.1.6.3.1.1.5.3"),
        ] {
            assert_eq!(first_line(&dictionary, asked), name);
            let told = dictionary.translate(asked).unwrap();
            assert!(told.contains(&format!("  oid     {oid}\n")), "{told}");
        }
        let told = dictionary.translate("ifOperStatus.3").unwrap();
        for part in
            ["kind    column", "syntax  INTEGER", "up(1) down(2)", "index   ifIndex=3", "from    built in"]
        {
            assert!(told.contains(part), "{part}: {told}");
        }
    }

    #[test]
    fn strings_of_an_index() {
        let dictionary = Dictionary::load(&[]);
        let name = "SNMP-COMMUNITY-MIB::snmpCommunityName.\"ops\"";
        let told = dictionary.translate(name).unwrap();
        assert!(told.contains("1.3.6.1.6.3.18.1.1.1.2.111.112.115\n"), "IMPLIED: {told}");
        let told = dictionary.translate("vacmSecurityModel.3.\"ops\"");
        assert!(told.is_ok_and(
            |told| told.contains(".3.3.111.112.115\n") && told.contains("vacmSecurityName=\"ops\"")
        ));
    }

    #[test]
    fn what_is_not_known_is_said() {
        let dictionary = Dictionary::load(&[]);
        for (asked, said) in [
            ("1.3.6.1.4.1.9.9.41.2.0.1", "belongs to cisco"),
            ("1.3.6.1.x", "not an object identifier"),
            ("noSuchName", "no definition of noSuchName is loaded"),
            ("BRIDGE-MIB::ifIndex", "no definition of ifIndex in BRIDGE-MIB"),
            ("ifIndex.x", "x is no instance of IF-MIB::ifIndex"),
        ] {
            let error = dictionary.translate(asked).unwrap_err();
            assert!(error.contains(said), "{error}");
        }
    }
}
