//! Typed reading of a tree: takes the keys of a section, checks each value, and notes every problem on the way.
//!
//! A checked value is `None` when it is absent or wrong; the caller goes on with the default, so that the next
//! problem is found as well, and the notes decide at the end whether the file is refused.
//!
//! Several files may be read together: then a section has what all of them say of it, and for a key the last one counts.
//! What an earlier file says of the key is not looked at.
//!
//! Invariant: a key that no section claims is a problem, and so is a key without a value where none is meant.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value as Json;

use crate::base::cidr::{IpNetwork, IpRanges};
use crate::config::document::{Node, Source, Written, is_null};
use crate::config::error::{ConfigError, PROBLEMS_SHOWN_MAX, Place, Problem, nearest};
use crate::config::interpolate::{self, Lookup};

/// Reads one file, or several together.
pub(super) struct Reader<'s> {
    sources: &'s [Source],
    /// Where variables in values are looked up; `None` where they are not replaced.
    variables: Option<Lookup<'s>>,
    problems: Vec<Problem>,
    /// Whether what is read is secret, as all is in a file of passwords.
    secret: bool,
    /// What was found for each key of [`Reader::record`].
    records: Vec<Record>,
    /// Files with secrets that were asked for, whether they could be read or not.
    secret_files: Vec<PathBuf>,
}

/// What is in force for a key, and where it is from.
pub(super) struct Record {
    /// The key with the sections around it.
    pub(super) key: String,
    /// The value; a mark in place of a secret.
    pub(super) value: Json,
    /// Number of the file and place in it; `None` for a default.
    pub(super) origin: Option<(usize, Place)>,
    /// Whether a change takes effect while the program runs.
    pub(super) is_live: bool,
    /// The value as errors show it.
    shown: Option<String>,
}

/// One key of a section and the value that was written for it.
pub(super) struct Entry {
    /// The key with the sections around it, as `listeners.snmp.port`.
    pub(super) key: String,
    /// `None` when the key is absent.
    pub(super) node: Option<Node>,
}

/// The keys of one section that are not taken yet.
pub(super) struct Fields {
    prefix: String,
    /// Of each key its values in the order of the files.
    entries: BTreeMap<&'static str, Vec<Node>>,
}

/// What is shown in place of a secret.
pub(super) const SECRET_MARK: &str = "***";

/// What networks are written as.
pub(super) const NETWORKS_ALLOWED: &str =
    "networks or addresses, as [10.0.0.0/8, \"2001:db8::/32\", 192.0.2.1]";

/// Characters of a value that are shown.
const SHOWN_CHARACTERS_MAX: usize = 64;

/// `text`, cut to a bearable length, with line breaks and other control characters spelled out.
fn on_one_line(text: &str) -> String {
    let mut shown = String::new();
    for character in text.chars().take(SHOWN_CHARACTERS_MAX) {
        if character.is_control() {
            shown.extend(character.escape_default());
        } else {
            shown.push(character);
        }
    }
    if text.chars().nth(SHOWN_CHARACTERS_MAX).is_some() {
        shown.push_str("...");
    }
    shown
}

impl Entry {
    /// The entry with its value, which is gone from here afterwards.
    pub(super) fn take(&mut self) -> Self {
        Self { key: self.key.clone(), node: self.node.take() }
    }

    /// Whether nothing was written for the key.
    pub(super) fn is_absent(&self) -> bool {
        self.node.as_ref().is_none_or(is_null)
    }
}

impl Fields {
    /// Takes what all files say of `key`.
    pub(super) fn take_all(&mut self, key: &str) -> Vec<Node> {
        self.entries.remove(key).unwrap_or_default()
    }

    /// Takes the value of `key`: that of the last file.
    pub(super) fn take(&mut self, key: &str) -> Option<Node> {
        self.take_all(key).pop()
    }

    /// What stands before the keys of the section in errors.
    pub(super) fn prefix(&self) -> &str {
        &self.prefix
    }

    /// Takes `key` as an entry.
    pub(super) fn entry(&mut self, key: &str) -> Entry {
        Entry { key: format!("{}{key}", self.prefix), node: self.take(key) }
    }
}

impl<'s> Reader<'s> {
    pub(super) fn new(source: &'s Source) -> Self {
        Self::of_files(std::slice::from_ref(source), None)
    }

    /// Reads `sources` together, with variables replaced by what `variables` finds.
    pub(super) fn of_files(sources: &'s [Source], variables: Option<Lookup<'s>>) -> Self {
        Self {
            sources,
            variables,
            problems: Vec::new(),
            secret: sources.iter().any(Source::is_secret),
            records: Vec::new(),
            secret_files: Vec::new(),
        }
    }

    /// Takes `key` as an entry, with the variables in its value replaced.
    pub(super) fn entry(&mut self, fields: &mut Fields, key: &str) -> Entry {
        let mut entry = fields.entry(key);
        if let (Some(lookup), Some(node)) = (self.variables, &mut entry.node) {
            let mut refused = Vec::new();
            interpolate::interpolate(node, self.sources, lookup, &mut |node, error| {
                refused.push((node.file, node.place, self.shown(node), error));
            });
            if !refused.is_empty() {
                // Told once: nothing more is to be said of the value.
                entry.node = None;
            }
            for (file, place, shown, error) in refused {
                let value = shown.filter(|_| !self.secret);
                self.push_in(file, &entry.key, Some(place), value, &error.what, error.allowed);
            }
        }
        entry
    }

    /// What is written for the key of `entry`, before it is read; without the value when that is secret.
    pub(super) fn record_of(&self, entry: &Entry, is_secret: bool) -> Record {
        let node = entry.node.as_ref();
        let value = match node {
            Some(node) if is_secret && !is_null(node) => SECRET_MARK.into(),
            Some(node) => self.json_of(node),
            None => Json::Null,
        };
        Record {
            key: entry.key.clone(),
            value,
            origin: node.map(|node| (node.file, node.place)),
            is_live: false,
            shown: node.filter(|_| !is_secret && !self.secret).and_then(|node| self.shown(node)),
        }
    }

    /// Keeps what is in force for a key.
    pub(super) fn record(&mut self, record: Record) {
        self.records.push(record);
    }

    /// What is in force, in the order in which it was read.
    pub(super) fn take_records(&mut self) -> Vec<Record> {
        std::mem::take(&mut self.records)
    }

    /// Notes a problem with the value of a key that was recorded.
    pub(super) fn wrong_key(&mut self, key: &str, what: &str, allowed: &str) {
        let record = self.records.iter().find(|record| record.key == key);
        let origin = record.and_then(|record| record.origin);
        let shown = record.and_then(|record| record.shown.clone());
        let (file, place) = origin.map_or((0, None), |(file, place)| (file, Some(place)));
        self.push_in(file, key, place, shown, what, allowed);
    }

    /// Notes that a secret was looked for in the file at `path`.
    pub(super) fn note_secret_file(&mut self, path: &Path) {
        self.secret_files.push(path.to_owned());
    }

    /// The files with secrets that were asked for, each once.
    pub(super) fn into_secret_files(self) -> Vec<PathBuf> {
        let mut files = self.secret_files;
        files.sort();
        files.dedup();
        files
    }

    /// Takes over problems that were found before the reading.
    pub(super) fn note_all(&mut self, problems: Vec<Problem>) {
        self.problems.extend(problems);
    }

    /// Reads what is secret in a file that is not: no value of it is shown.
    pub(super) fn secretly<T>(&mut self, read: impl FnOnce(&mut Self) -> T) -> T {
        let before = std::mem::replace(&mut self.secret, true);
        let found = read(self);
        self.secret = before;
        found
    }

    /// The problems so far, if there are any.
    pub(super) fn finish(self) -> Result<(), ConfigError> {
        let Self { sources, problems, .. } = self;
        let rank = |name: &str| sources.iter().position(|source| source.name == name);
        ConfigError::of(problems, rank).map_or(Ok(()), Err)
    }

    /// The problems; for a caller that has noted one.
    pub(super) fn into_error(self) -> ConfigError {
        let name = self.name_of(0);
        match self.finish() {
            Err(error) => error,
            Ok(()) => Problem::of_file(&name, "refused".to_owned()).into(),
        }
    }

    /// Notes a problem with the value of `entry`, or with its absence.
    pub(super) fn wrong(&mut self, entry: &Entry, what: &str, allowed: &str) {
        self.note(&entry.key, entry.node.as_ref(), what, allowed);
    }

    /// Notes a problem with `node`.
    pub(super) fn note(&mut self, key: &str, node: Option<&Node>, what: &str, allowed: &str) {
        let value = node.filter(|_| !self.secret).and_then(|node| self.shown(node));
        self.push_in(
            node.map_or(0, |node| node.file),
            key,
            node.map(|node| node.place),
            value,
            what,
            allowed,
        );
    }

    /// Notes a problem at `place` of the only file.
    pub(super) fn push(
        &mut self,
        key: &str,
        place: Option<Place>,
        value: Option<String>,
        what: &str,
        allowed: &str,
    ) {
        self.push_in(0, key, place, value, what, allowed);
    }

    /// Notes a problem at `place` of the file with number `file`.
    pub(super) fn push_in(
        &mut self,
        file: usize,
        key: &str,
        place: Option<Place>,
        value: Option<String>,
        what: &str,
        allowed: &str,
    ) {
        let problem = Problem {
            place,
            key: key.to_owned(),
            value,
            allowed: allowed.to_owned(),
            ..Problem::of_file(&self.name_of(file), what.to_owned())
        };
        // Finding a line costs a walk through the file: only for those that will be shown.
        let quotable = self.sources.get(file).filter(|_| self.problems.len() < PROBLEMS_SHOWN_MAX);
        let quotable = quotable.and_then(|source| source.quotable(place));
        self.problems.push(problem.with_line(quotable));
    }

    fn name_of(&self, file: usize) -> String {
        self.sources.get(file).map(|source| source.name.clone()).unwrap_or_default()
    }

    /// The scalar as it stands in the file, or as it became when its variables were replaced.
    fn as_written<'n>(&'n self, node: &'n Node) -> &'n str {
        match node.resolved() {
            Some(text) => text,
            None => self.sources.get(node.file).map(|source| source.as_written(node)).unwrap_or_default(),
        }
    }

    /// The value as written, short and on one line; `None` for what is no scalar.
    fn shown(&self, node: &Node) -> Option<String> {
        match &node.value {
            Written::Sequence(_) | Written::Mapping(_) | Written::Null => None,
            _ => Some(on_one_line(self.as_written(node))),
        }
    }

    /// The keys of a section, of which each of `nodes` holds some. A section that is absent or empty has none; a key
    /// that is not in `keys` is a problem.
    pub(super) fn fields(&mut self, nodes: Vec<Node>, prefix: &str, keys: &[&'static str]) -> Fields {
        let mut fields = Fields { prefix: prefix.to_owned(), entries: BTreeMap::new() };
        let section = prefix.trim_end_matches(['.', ':', ' ']);
        for node in nodes {
            if !self.is_section(&node, section, keys) {
                continue;
            }
            let Written::Mapping(entries) = node.value else { continue };
            for (key, value) in entries {
                let name = self.text_of(&key).unwrap_or_default();
                match keys.iter().find(|known| **known == name) {
                    Some(known) => fields.entries.entry(known).or_default().push(value),
                    None => self.unknown_key(prefix, &name, &key, keys),
                }
            }
        }
        fields
    }

    fn unknown_key(&mut self, prefix: &str, name: &str, key: &Node, keys: &[&'static str]) {
        let (file, place) = (key.file, key.place);
        let near = nearest(name, keys);
        let what = match near {
            Some(near) => format!("unknown key (did you mean \"{near}\"?)"),
            None => "unknown key".to_owned(),
        };
        // In a file of passwords a stray word may be one, unless it is nearly one of our keys.
        let key = if self.secret && near.is_none() {
            prefix.trim_end_matches(['.', ':', ' ']).to_owned()
        } else {
            format!("{prefix}{}", on_one_line(name))
        };
        self.push_in(file, &key, Some(place), None, &what, &keys.join(", "));
    }

    /// Whether `node` can hold keys; if not, that is a problem of `key`.
    pub(super) fn is_section(&mut self, node: &Node, key: &str, keys: &[&str]) -> bool {
        let fits = matches!(node.value, Written::Mapping(_) | Written::Null);
        if !fits {
            self.note(key, Some(node), "must be a section: keys, each with a value", &keys.join(", "));
        }
        fits
    }

    /// The elements of a list; none when it is absent or empty.
    pub(super) fn list(&mut self, entry: Entry) -> Vec<Node> {
        match entry.node {
            None => Vec::new(),
            Some(Node { value: Written::Null, .. }) => Vec::new(),
            Some(Node { value: Written::Sequence(elements), .. }) => elements,
            Some(node) => {
                self.note(&entry.key, Some(&node), "must be a list", "");
                Vec::new()
            }
        }
    }

    /// A list that must be there, with an element, in the element that starts at `start`.
    pub(super) fn required_list(&mut self, entry: Entry, start: Place) -> Vec<Node> {
        let allowed = "a list, at least one element";
        if entry.is_absent() {
            self.push(&entry.key, Some(start), None, "missing", allowed);
        } else if matches!(&entry.node, Some(Node { value: Written::Sequence(nodes), .. }) if nodes.is_empty())
        {
            self.wrong(&entry, "the list is empty", allowed);
        }
        self.list(entry)
    }

    /// The value, unless the key is absent; a key with nothing behind it is a problem.
    pub(super) fn value<'e>(&mut self, entry: &'e Entry, allowed: &str) -> Option<&'e Node> {
        let node = entry.node.as_ref()?;
        if is_null(node) {
            self.wrong(entry, "has no value", allowed);
            return None;
        }
        Some(node)
    }

    /// The text of a scalar. What YAML takes for a number or a boolean is the text as it was written.
    pub(super) fn text_of(&self, node: &Node) -> Option<String> {
        match &node.value {
            Written::Text(text) => Some(text.as_str().to_owned()),
            Written::Boolean(_) | Written::Integer(_) | Written::Fraction(_) => {
                Some(self.as_written(node).to_owned())
            }
            Written::Null | Written::Sequence(_) | Written::Mapping(_) => None,
        }
    }

    /// Text of at least one character.
    pub(super) fn text(&mut self, entry: &Entry, allowed: &str) -> Option<String> {
        let node = self.value(entry, allowed)?;
        match self.text_of(node) {
            None => self.wrong(entry, "must be text", allowed),
            Some(text) if text.is_empty() => self.wrong(entry, "is empty", allowed),
            Some(text) if text.contains('\0') => self.wrong(entry, "holds a NUL character", allowed),
            text => return text,
        }
        None
    }

    /// Text that must be there; its absence is a problem of the element that starts at `start`.
    pub(super) fn required_text(&mut self, entry: &Entry, start: Place, allowed: &str) -> Option<String> {
        if entry.is_absent() {
            self.push(&entry.key, Some(start), None, "missing", allowed);
            return None;
        }
        self.text(entry, allowed)
    }

    /// A list of texts, or a single one.
    pub(super) fn texts(&mut self, entry: &Entry, allowed: &str) -> Option<Vec<String>> {
        let node = self.value(entry, allowed)?;
        let nodes = match &node.value {
            Written::Sequence(nodes) => nodes.as_slice(),
            _ => std::slice::from_ref(node),
        };
        let mut texts = Vec::with_capacity(nodes.len());
        for node in nodes {
            match self.text_of(node) {
                None => self.note(&entry.key, Some(node), "must be text", allowed),
                Some(text) if text.is_empty() => {
                    self.note(&entry.key, Some(node), "an empty text is part of everything", allowed);
                }
                Some(text) => texts.push(text),
            }
        }
        (texts.len() == nodes.len()).then_some(texts)
    }

    /// The text of `key` in a section that is not read yet, fit to be shown.
    pub(super) fn peek(&self, node: &Node, key: &str) -> Option<String> {
        let Written::Mapping(entries) = &node.value else { return None };
        let (_, value) =
            entries.iter().find(|(name, _)| self.text_of(name).is_some_and(|name| name == key))?;
        self.text_of(value).map(|text| on_one_line(&text))
    }

    /// `true` or `false`.
    pub(super) fn boolean(&mut self, entry: &Entry) -> Option<bool> {
        let allowed = "true, false";
        match self.value(entry, allowed)?.value {
            Written::Boolean(value) => Some(value),
            _ => {
                self.wrong(entry, "must be true or false", allowed);
                None
            }
        }
    }

    /// A whole number from `least` to `most`; `note` is added to the range in an error.
    pub(super) fn integer(&mut self, entry: &Entry, least: u64, most: u64, note: &str) -> Option<u64> {
        let allowed = format!("{least} to {most}{note}");
        let Written::Integer(value) = self.value(entry, &allowed)?.value else {
            self.wrong(entry, "must be a whole number", &allowed);
            return None;
        };
        let value = u64::try_from(value).ok().filter(|value| (least..=most).contains(value));
        if value.is_none() {
            self.wrong(entry, "out of range", &allowed);
        }
        value
    }

    /// One of `choices`, letter case aside.
    pub(super) fn choice<T: Copy>(&mut self, entry: &Entry, choices: &[(&'static str, T)]) -> Option<T> {
        let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
        let allowed = words.join(", ");
        let node = self.value(entry, &allowed)?;
        let text = self.text_of(node).unwrap_or_default();
        let found = choices.iter().find(|(word, _)| word.eq_ignore_ascii_case(&text));
        if found.is_none() {
            let what = match nearest(&text, &words) {
                Some(near) => format!("not one of the choices (did you mean \"{near}\"?)"),
                None => "not one of the choices".to_owned(),
            };
            self.wrong(entry, &what, &allowed);
        }
        found.map(|(_, value)| *value)
    }

    /// The same with a default for what is absent or wrong.
    pub(super) fn choice_or<T: Copy>(
        &mut self,
        entry: &Entry,
        choices: &[(&'static str, T)],
        default: T,
    ) -> T {
        self.choice(entry, choices).unwrap_or(default)
    }

    /// A path.
    pub(super) fn path(&mut self, entry: &Entry) -> Option<PathBuf> {
        self.text(entry, "a path").map(PathBuf::from)
    }

    /// Networks as `10.0.0.0/8`, or single addresses: one, or a list of them, which may be empty.
    pub(super) fn networks(&mut self, entry: &Entry) -> Option<IpRanges> {
        let network = |text: &str| text.parse::<IpNetwork>().map_err(|error| error.to_string());
        self.list_of(entry, NETWORKS_ALLOWED, network).map(IpRanges::new)
    }

    /// The pairs of a section whose keys are the operator's words; none when it is absent or empty.
    pub(super) fn words(&mut self, entry: Entry, allowed: &str) -> Vec<(String, Entry)> {
        let Entry { key, node } = entry;
        match node {
            None | Some(Node { value: Written::Null, .. }) => Vec::new(),
            Some(Node { value: Written::Mapping(pairs), .. }) => pairs
                .into_iter()
                .map(|(word, value)| {
                    let word = self.text_of(&word).unwrap_or_default();
                    let key = format!("{key}.{}", on_one_line(&word));
                    (word, Entry { key, node: Some(value) })
                })
                .collect(),
            Some(node) => {
                self.note(&key, Some(&node), "must be a section: words, each with a value", allowed);
                Vec::new()
            }
        }
    }

    /// A list, possibly empty, of what `parse` makes of texts; or a single text.
    pub(super) fn list_of<T>(
        &mut self,
        entry: &Entry,
        allowed: &str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Option<Vec<T>> {
        let node = self.value(entry, allowed)?;
        let nodes = match &node.value {
            Written::Sequence(nodes) => nodes.as_slice(),
            _ => std::slice::from_ref(node),
        };
        let mut parsed = Vec::with_capacity(nodes.len());
        for node in nodes {
            match self.text_of(node).ok_or_else(|| "must be text".to_owned()).and_then(|text| parse(&text)) {
                Ok(value) => parsed.push(value),
                Err(what) => self.note(&entry.key, Some(node), &what, allowed),
            }
        }
        Some(parsed)
    }

    /// The value as written, as JSON; what JSON cannot say is its text.
    pub(super) fn json_of(&self, node: &Node) -> Json {
        match &node.value {
            Written::Null => Json::Null,
            Written::Boolean(value) => Json::Bool(*value),
            Written::Integer(value) => match (i64::try_from(*value), u64::try_from(*value)) {
                (Ok(value), _) => value.into(),
                (_, Ok(value)) => value.into(),
                _ => self.as_written(node).into(),
            },
            Written::Fraction(value) => (*value).into(),
            Written::Text(text) => text.as_str().into(),
            Written::Sequence(nodes) => nodes.iter().map(|node| self.json_of(node)).collect(),
            Written::Mapping(pairs) => pairs
                .iter()
                .map(|(key, value)| (self.text_of(key).unwrap_or_default(), self.json_of(value)))
                .collect(),
        }
    }
}
