//! The standard modules as text, made of our own table: what vendors' modules import from, where the operator has no
//! files of them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::mib::definition::{Definition, Definitions, Kind};
use crate::wire::smi::{Base, Syntax};

/// Modules that SMIv1 modules import from, and whose objects later modules took over (RFC 3418, RFC 2863, RFC 4293,
/// RFC 4022, RFC 4113).
const SMI_V1: [&str; 2] = ["RFC1213-MIB", "RFC1158-MIB"];
/// The modules that took them over.
const TAKEN_OVER_BY: [&str; 5] = ["SNMPv2-MIB", "IF-MIB", "IP-MIB", "TCP-MIB", "UDP-MIB"];

/// The text of module `name`, if `standard` has something of it.
pub(super) fn text(standard: &Definitions, name: &str) -> Option<String> {
    let is_old = SMI_V1.contains(&name);
    let is_of = |module: &str| module == name || is_old && TAKEN_OVER_BY.contains(&module);
    let mut text = format!("{name} DEFINITIONS ::= BEGIN\nIMPORTS {SMI}\n");
    let mut bodies = String::new();
    let mut needs: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut written = BTreeSet::new();
    for known in standard.types.iter().filter(|known| &*known.module == name) {
        written.insert(known.syntax.name.to_string());
        textual_convention(&mut bodies, &known.syntax);
    }
    for definition in standard.names.iter().filter(|definition| is_of(&definition.module)) {
        if written.insert(definition.label.to_string()) {
            one(
                &mut bodies,
                definition,
                |module, label| {
                    // Of the modules that took over only the objects are here, not their types.
                    let is_type = label.starts_with(|first: char| first.is_ascii_uppercase());
                    if module != name && (is_type || !is_of(module)) {
                        needs.entry(module).or_default().insert(label);
                    }
                },
                standard,
            );
        }
    }
    if bodies.is_empty() {
        return None;
    }
    for (module, labels) in needs {
        let labels: Vec<&str> = labels.into_iter().collect();
        let _ = writeln!(text, "{} FROM {module}", labels.join(", "));
    }
    let _ = write!(text, ";\n{bodies}END\n");
    Some(text)
}

/// What every module may need.
const SMI: &str = "OBJECT-TYPE, NOTIFICATION-TYPE, Integer32, Unsigned32, Gauge32, Counter32, Counter64, TimeTicks, \
    IpAddress, Opaque FROM SNMPv2-SMI TEXTUAL-CONVENTION FROM SNMPv2-TC";

/// Writes a type.
fn textual_convention(text: &mut String, syntax: &Syntax) {
    let _ = write!(text, "{} ::= TEXTUAL-CONVENTION", syntax.name);
    if !syntax.hint.is_empty() {
        let _ = write!(text, " DISPLAY-HINT \"{}\"", syntax.hint);
    }
    let _ = writeln!(text, " STATUS current DESCRIPTION \"\" SYNTAX {}", spelled_out(syntax));
}

/// Writes a definition.
fn one<'d>(
    text: &mut String,
    definition: &'d Definition,
    mut need: impl FnMut(&'d str, &'d str),
    standard: &'d Definitions,
) {
    let label = &definition.label;
    let object = "MAX-ACCESS read-only STATUS current DESCRIPTION \"\"";
    let (syntax, index) = match definition.kind {
        Kind::Node | Kind::Notification => (String::new(), String::new()),
        Kind::Table => (format!("SEQUENCE OF {}", row_type(definition, standard)), String::new()),
        Kind::Row => {
            let parts = definition.index.iter().map(|part| {
                need(&part.module, &part.label);
                format!("{}{}", if part.implied { "IMPLIED " } else { "" }, part.label)
            });
            let parts: Vec<String> = parts.collect();
            let index =
                if parts.is_empty() { String::new() } else { format!(" INDEX {{ {} }}", parts.join(", ")) };
            let _ = writeln!(text, "{} ::= SEQUENCE {{ {label} INTEGER }}", capital(label));
            (capital(label), index)
        }
        Kind::Column | Kind::Scalar => {
            let Some(syntax) = &definition.syntax else { return };
            let known = standard
                .types
                .iter()
                .find(|known| known.syntax.name == syntax.name && known.syntax.labels == syntax.labels);
            let written = match known {
                Some(known) => {
                    need(&known.module, &known.syntax.name);
                    let size = syntax.size.map(|size| format!(" (SIZE({size}))")).unwrap_or_default();
                    format!("{}{size}", syntax.name)
                }
                None => spelled_out(syntax),
            };
            (written, String::new())
        }
    };
    let arcs: Vec<String> = definition.arcs.iter().skip(1).map(u32::to_string).collect();
    let root = if definition.arcs.first() == Some(&1) { "iso" } else { "0" };
    let _ = match definition.kind {
        Kind::Node => writeln!(text, "{label} OBJECT IDENTIFIER ::= {{ {root} {} }}", arcs.join(" ")),
        Kind::Notification => writeln!(
            text,
            "{label} NOTIFICATION-TYPE STATUS current DESCRIPTION \"\" ::= {{ {root} {} }}",
            arcs.join(" ")
        ),
        _ => writeln!(
            text,
            "{label} OBJECT-TYPE SYNTAX {syntax} {object}{index} ::= {{ {root} {} }}",
            arcs.join(" ")
        ),
    };
}

/// The type of a table's rows: named after the row below it.
fn row_type(table: &Definition, standard: &Definitions) -> String {
    let row = standard.names.iter().find(|row| {
        row.kind == Kind::Row && row.arcs.split_last().is_some_and(|(_, above)| above == table.arcs)
    });
    row.map_or_else(|| "NULL".to_owned(), |row| capital(&row.label))
}

/// A descriptor as the name of a type.
fn capital(label: &str) -> String {
    let mut letters = label.chars();
    letters.next().map_or_else(String::new, |first| first.to_ascii_uppercase().to_string() + letters.as_str())
}

/// A syntax by its base.
fn spelled_out(syntax: &Syntax) -> String {
    let mut text = match syntax.base {
        Base::Integer => "INTEGER".to_owned(),
        other => other.as_str().to_owned(),
    };
    if let Some(size) = syntax.size {
        let _ = write!(text, " (SIZE({size}))");
    }
    if !syntax.labels.is_empty() {
        let labels: Vec<String> =
            syntax.labels.iter().map(|(number, label)| format!("{label}({number})")).collect();
        let _ = write!(text, " {{ {} }}", labels.join(", "));
    }
    text
}
