//! `alert_rules.yaml` to compiled rules.
//!
//! Invariant: a rules file is taken as a whole or refused as a whole, with every rule at fault named by its id.

use std::collections::HashMap;

use crate::config::document::{Node, Source, is_null};
use crate::config::elements::element;
use crate::config::error::{ConfigError, Place};
use crate::config::reader::{Entry, Reader};
use crate::matching::{Action, CompileError, Pattern, Rule, RuleSet};

element! {
    /// `alert_rules.yaml`.
    RulesFile { rules }
}

element! {
    /// One element of `rules`.
    RuleEntry { id, name, pattern_type, pattern, keywords, severity, action, enabled }
}

/// The severities of the first design and those of syslog (RFC 5424 6.2.1), with the short forms in use.
const SEVERITIES: [(&str, &str); 14] = [
    ("critical", "critical"),
    ("warning", "warning"),
    ("info", "info"),
    ("debug", "debug"),
    ("emergency", "emergency"),
    ("alert", "alert"),
    ("error", "error"),
    ("notice", "notice"),
    ("emerg", "emergency"),
    ("crit", "critical"),
    ("err", "error"),
    ("warn", "warning"),
    ("informational", "info"),
    ("panic", "emergency"),
];

const ACTIONS: [(&str, Action); 3] =
    [("store", Action::Store), ("webhook", Action::Webhook), ("discard", Action::Discard)];

#[derive(Clone, Copy, PartialEq, Eq)]
enum PatternType {
    Regex,
    Keyword,
    Exact,
}

const PATTERN_TYPES: [(&str, PatternType); 3] =
    [("regex", PatternType::Regex), ("keyword", PatternType::Keyword), ("exact", PatternType::Exact)];

/// Key and place of a rule's pattern, by the rule's id and line.
type Patterns = HashMap<(String, usize), (&'static str, Place)>;

/// The rules of a file, compiled.
pub(super) struct LoadedRules {
    pub(super) set: RuleSet,
    /// How many rules are switched off.
    pub(super) disabled: usize,
}

/// The rules that `source` means.
pub(super) fn rules(source: &Source) -> Result<LoadedRules, ConfigError> {
    let root = source.parse()?;
    let mut reader = Reader::new(source);
    let file = RulesFile::read(Some(root), "", &mut reader);
    let mut seen: HashMap<String, Place> = HashMap::new();
    let mut patterns = Patterns::new();
    let mut disabled = 0;
    let mut rules = Vec::new();
    for (number, node) in (1..).zip(reader.list(file.rules)) {
        let start = node.place;
        let name = format!("rule {}", named(&reader, &node, number));
        if !reader.is_section(&node, &name, RuleEntry::KEYS) {
            continue;
        }
        let entry = RuleEntry::read(Some(node), &format!("{name}: "), &mut reader);
        let id = reader.required_text(&entry.id, start, "text, unique in the file");
        if let Some(id) = &id {
            match seen.get(id) {
                Some(first) => {
                    let what = format!("the rule on line {} has the same id", first.line);
                    reader.wrong(&entry.id, &what, "an id of its own");
                }
                None => {
                    seen.insert(id.clone(), start);
                }
            }
        }
        let enabled = reader.boolean(&entry.enabled).unwrap_or(true);
        let Some(rule) = rule(&mut reader, &entry, id, start) else { continue };
        if enabled {
            let (name, key) = match rule.pattern {
                Pattern::Keywords(_) => ("keywords", &entry.keywords),
                Pattern::Regex(_) | Pattern::Exact(_) => ("pattern", &entry.pattern),
            };
            if let Some(node) = &key.node {
                patterns.insert((rule.id.clone(), rule.line), (name, node.place));
            }
            rules.push(rule);
        } else {
            disabled += 1;
        }
    }
    match RuleSet::compile(rules) {
        Ok(set) => reader.finish().map(|()| LoadedRules { set, disabled }),
        // Told together with what the reading found, so that one look at the file mends all of it.
        Err(error) => {
            note_all(&mut reader, &error, &patterns);
            Err(reader.into_error())
        }
    }
}

/// How errors call a rule: by its id, or by its number while that is unknown.
fn named(reader: &Reader<'_>, node: &Node, number: usize) -> String {
    let id = reader.peek(node, "id");
    id.map_or_else(|| number.to_string(), |id| format!("\"{id}\""))
}

fn rule(reader: &mut Reader<'_>, entry: &RuleEntry, id: Option<String>, start: Place) -> Option<Rule> {
    let name = reader.required_text(&entry.name, start, "text");
    let pattern = pattern(reader, entry, start);
    let severity = reader.choice_or(&entry.severity, &SEVERITIES, "info");
    let action = reader.choice_or(&entry.action, &ACTIONS, Action::Store);
    Some(Rule {
        id: id?,
        name: name?,
        pattern: pattern?,
        severity: severity.to_owned(),
        action,
        line: start.line,
    })
}

fn pattern(reader: &mut Reader<'_>, entry: &RuleEntry, start: Place) -> Option<Pattern> {
    let words = PATTERN_TYPES.map(|(word, _)| word).join(", ");
    if entry.pattern_type.is_absent() {
        reader.push(&entry.pattern_type.key, Some(start), None, "missing", &words);
        return None;
    }
    let pattern_type = reader.choice(&entry.pattern_type, &PATTERN_TYPES)?;
    let (unused, what) = match pattern_type {
        PatternType::Regex => (&entry.keywords, "a regex rule has a pattern, not keywords"),
        PatternType::Keyword => (&entry.pattern, "a keyword rule has keywords, not a pattern"),
        PatternType::Exact => (&entry.keywords, "an exact rule has a pattern, not keywords"),
    };
    if unused.node.as_ref().is_some_and(|node| !is_null(node)) {
        reader.wrong(unused, what, "");
    }
    match pattern_type {
        PatternType::Regex => {
            reader.required_text(&entry.pattern, start, "a regular expression").map(Pattern::Regex)
        }
        PatternType::Exact => {
            reader.required_text(&entry.pattern, start, "the whole text of a message").map(Pattern::Exact)
        }
        PatternType::Keyword => keywords(reader, &entry.keywords, start).map(Pattern::Keywords),
    }
}

fn keywords(reader: &mut Reader<'_>, entry: &Entry, start: Place) -> Option<Vec<String>> {
    let allowed = "a list of words, at least one";
    if entry.is_absent() {
        reader.push(&entry.key, Some(start), None, "missing", allowed);
        return None;
    }
    let words = reader.texts(entry, allowed)?;
    if words.is_empty() {
        reader.wrong(entry, "the list is empty", allowed);
        return None;
    }
    Some(words)
}

/// Notes what cannot be compiled at the place of the pattern.
fn note_all(reader: &mut Reader<'_>, error: &CompileError, patterns: &Patterns) {
    for problem in error.problems() {
        match patterns.get(&(problem.id.clone(), problem.line)) {
            Some((name, place)) => {
                let key = format!("rule \"{}\": {name}", problem.id);
                reader.push(&key, Some(*place), None, &problem.reason, "");
            }
            None => reader.push("rules", None, None, &problem.reason, ""),
        }
    }
}
