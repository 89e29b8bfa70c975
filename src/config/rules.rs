//! `alert_rules.yaml` to compiled rules.
//!
//! Invariant: a rules file is taken as a whole or refused as a whole, with every rule at fault named by its id.

use std::collections::HashMap;

use crate::config::document::{Node, Source, Written};
use crate::config::elements::{Element as _, element};
use crate::config::error::{ConfigError, Place, nearest};
use crate::config::reader::{Entry, Reader};
use crate::matching::conditions::{self, ConditionType};
use crate::matching::patterns::{self, PatternForm, PatternType};
use crate::matching::{Action, CompileError, Pattern, Rule, RuleCondition, RuleSet};

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

element! {
    /// `alert_rules.yaml`.
    RulesFile { rules }
}

element! {
    /// The keys of a rule beside those of conditions.
    RuleKeys { id, name, pattern_type, pattern, keywords, severity, action, enabled }
}

/// Every key of a rule: a condition is in the table of conditions and nowhere else.
const KEYS: [&str; RuleKeys::KEYS.len() + conditions::KEYS.len()] = {
    const OWN: &[&str] = RuleKeys::KEYS;
    let mut keys = [""; OWN.len() + conditions::KEYS.len()];
    let mut at = 0;
    while at < keys.len() {
        keys[at] = if at < OWN.len() { OWN[at] } else { conditions::KEYS[at - OWN.len()] };
        at += 1;
    }
    keys
};

/// One element of `rules` as written.
struct RuleEntry {
    own: RuleKeys,
    /// Those that are there, in the order of the table.
    conditions: Vec<(&'static ConditionType, Entry)>,
}

impl RuleEntry {
    /// Reads the element at `node`; `prefix` stands before its keys in errors.
    fn read(node: Node, prefix: &str, reader: &mut Reader<'_>) -> Self {
        let mut fields = reader.fields(vec![node], prefix, &KEYS);
        Self {
            own: RuleKeys::take(&mut fields),
            conditions: conditions::TYPES
                .iter()
                .map(|condition| (condition, fields.entry(condition.key)))
                .filter(|(_, entry)| entry.node.is_some())
                .collect(),
        }
    }

    /// Where a pattern of this form is written.
    fn texts_of(&self, form: PatternForm) -> &Entry {
        match form {
            PatternForm::Text(_) => &self.own.pattern,
            PatternForm::List(_) => &self.own.keywords,
        }
    }
}

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
        if !reader.is_section(&node, &name, &KEYS) {
            continue;
        }
        let entry = RuleEntry::read(node, &format!("{name}: "), &mut reader);
        let id = reader.required_text(&entry.own.id, start, "text, unique in the file");
        if let Some(id) = &id {
            match seen.get(id) {
                Some(first) => {
                    let what = format!("the rule on line {} has the same id", first.line);
                    reader.wrong(&entry.own.id, &what, "an id of its own");
                }
                None => {
                    seen.insert(id.clone(), start);
                }
            }
        }
        let enabled = reader.boolean(&entry.own.enabled).unwrap_or(true);
        let Some(rule) = rule(&mut reader, &entry, id, start) else { continue };
        if enabled {
            if let Some(pattern) = &rule.pattern {
                let form = pattern.pattern_type().form;
                if let Some(node) = &entry.texts_of(form).node {
                    patterns.insert((rule.id.clone(), rule.line), (form.key(), node.place));
                }
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
    let name = reader.required_text(&entry.own.name, start, "text");
    let pattern = pattern(reader, entry, start);
    let conditions = conditions(reader, entry);
    let severity = reader.choice_or(&entry.own.severity, &SEVERITIES, "info");
    let action = reader.choice_or(&entry.own.action, &ACTIONS, Action::Store);
    Some(Rule {
        id: id?,
        name: name?,
        pattern: pattern?,
        conditions: conditions?,
        severity: severity.to_owned(),
        action,
        line: start.line,
    })
}

/// The pattern of a rule, which a rule with conditions need not have; `None` after a problem.
#[allow(clippy::option_option, reason = "a problem, no pattern, a pattern")]
fn pattern(reader: &mut Reader<'_>, entry: &RuleEntry, start: Place) -> Option<Option<Pattern>> {
    if entry.own.pattern_type.is_absent() {
        let has_texts = !entry.own.pattern.is_absent() || !entry.own.keywords.is_absent();
        if !entry.conditions.is_empty() && !has_texts {
            return Some(None);
        }
        let mut allowed = patterns::NAMES.join(", ");
        if !has_texts {
            allowed = format!("{allowed}; or a condition: {}", conditions::KEYS.join(", "));
        }
        reader.push(&entry.own.pattern_type.key, Some(start), None, "missing", &allowed);
        return None;
    }
    let types: Vec<(&'static str, &PatternType)> =
        patterns::TYPES.iter().map(|kind| (kind.name, kind)).collect();
    let kind = reader.choice(&entry.own.pattern_type, &types)?;
    let (unused, own, other) = match kind.form {
        PatternForm::Text(_) => (&entry.own.keywords, "a pattern", "keywords"),
        PatternForm::List(_) => (&entry.own.pattern, "keywords", "a pattern"),
    };
    if !unused.is_absent() {
        let article = if kind.name.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
        reader.wrong(unused, &format!("{article} {} rule has {own}, not {other}", kind.name), "");
    }
    match kind.form {
        PatternForm::Text(make) => reader.required_text(&entry.own.pattern, start, kind.allowed).map(make),
        PatternForm::List(make) => keywords(reader, &entry.own.keywords, start, kind.allowed).map(make),
    }
    .map(Some)
}

/// The conditions of a rule; `None` after a problem with one of them.
fn conditions(reader: &mut Reader<'_>, entry: &RuleEntry) -> Option<Vec<RuleCondition>> {
    let mut all = Vec::with_capacity(entry.conditions.len());
    for (kind, entry) in &entry.conditions {
        all.push(condition(reader, kind, entry));
    }
    all.into_iter().collect()
}

/// One condition: a text, or a list of them of which one must hold.
fn condition(reader: &mut Reader<'_>, kind: &ConditionType, entry: &Entry) -> Option<RuleCondition> {
    let texts = reader.list_of(entry, kind.allowed, |text| Ok(text.to_owned()))?;
    let written = match entry.node.as_ref().map(|node| &node.value) {
        Some(Written::Sequence(nodes)) => nodes.len(),
        _ => 1,
    };
    // What is no text has been noted.
    if texts.len() != written {
        return None;
    }
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    match (kind.parse)(&texts) {
        Ok(condition) => Some(condition),
        Err(error) => {
            let near = error.word.as_deref().and_then(|word| nearest(word, error.words));
            let what = match near {
                Some(near) => format!("{error} (did you mean \"{near}\"?)"),
                None => error.to_string(),
            };
            let node = entry.node.as_ref().map(|node| match &node.value {
                Written::Sequence(nodes) => nodes.get(error.index).unwrap_or(node),
                _ => node,
            });
            reader.note(&entry.key, node, &what, kind.allowed);
            None
        }
    }
}

fn keywords(reader: &mut Reader<'_>, entry: &Entry, start: Place, allowed: &str) -> Option<Vec<String>> {
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
