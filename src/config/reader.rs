//! Typed reading of a tree: takes the keys of a section, checks each value, and notes every problem on the way.
//!
//! A checked value is `None` when it is absent or wrong; the caller goes on with the default, so that the next
//! problem is found as well, and the notes decide at the end whether the file is refused.
//!
//! Invariant: a key that no section claims is a problem, and so is a key without a value where none is meant.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use crate::base::cidr::{IpNetwork, IpRanges};
use crate::config::document::{Node, Source, Written, is_null};
use crate::config::error::{ConfigError, PROBLEMS_SHOWN_MAX, Place, Problem, nearest};

/// Reads one file.
pub(super) struct Reader<'s> {
    source: &'s Source,
    problems: Vec<Problem>,
    /// Whether what is read is secret, as all is in a file of passwords.
    secret: bool,
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
    entries: Vec<(&'static str, Node)>,
}

/// A year: the longest time that can be set.
pub(super) const SECONDS_MAX: u64 = 365 * 86_400;

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
    /// Takes the value of `key`.
    pub(super) fn take(&mut self, key: &str) -> Option<Node> {
        let index = self.entries.iter().position(|(name, _)| *name == key)?;
        Some(self.entries.swap_remove(index).1)
    }

    /// Takes `key` as an entry.
    pub(super) fn entry(&mut self, key: &str) -> Entry {
        Entry { key: format!("{}{key}", self.prefix), node: self.take(key) }
    }
}

impl<'s> Reader<'s> {
    pub(super) fn new(source: &'s Source) -> Self {
        Self { source, problems: Vec::new(), secret: source.secret }
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
        ConfigError::of(self.problems).map_or(Ok(()), Err)
    }

    /// The problems; for a caller that has noted one.
    pub(super) fn into_error(self) -> ConfigError {
        ConfigError::of(self.problems)
            .unwrap_or_else(|| Problem::of_file(&self.source.name, "refused".to_owned()).into())
    }

    /// Notes a problem with the value of `entry`, or with its absence.
    pub(super) fn wrong(&mut self, entry: &Entry, what: &str, allowed: &str) {
        self.note(&entry.key, entry.node.as_ref(), what, allowed);
    }

    /// Notes a problem with `node`.
    pub(super) fn note(&mut self, key: &str, node: Option<&Node>, what: &str, allowed: &str) {
        let value = node.filter(|_| !self.secret).and_then(|node| self.shown(node));
        self.push(key, node.map(|node| node.referenced.into()), value, what, allowed);
    }

    /// Notes a problem at `place`.
    pub(super) fn push(
        &mut self,
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
            ..Problem::of_file(&self.source.name, what.to_owned())
        };
        // Finding a line costs a walk through the file: only for those that will be shown.
        let shown = self.problems.len() < PROBLEMS_SHOWN_MAX;
        self.problems.push(if shown { problem.with_line(self.source.quotable(place)) } else { problem });
    }

    /// The value as written, short and on one line; `None` for what is no scalar.
    fn shown(&self, node: &Node) -> Option<String> {
        match &node.value {
            Written::Sequence(_) | Written::Mapping(_) | Written::Null => None,
            _ => Some(on_one_line(self.source.as_written(node))),
        }
    }

    /// The keys of a section. A section that is absent or empty has none; a key that is not in `keys` is a problem.
    pub(super) fn fields(
        &mut self,
        node: Option<Node>,
        prefix: &str,
        keys: &'static [&'static str],
    ) -> Fields {
        let mut fields = Fields { prefix: prefix.to_owned(), entries: Vec::new() };
        let section = prefix.trim_end_matches(['.', ':', ' ']);
        let Some(node) = node.filter(|node| self.is_section(node, section, keys)) else { return fields };
        let Written::Mapping(entries) = node.value else { return fields };
        for (key, value) in entries {
            let name = self.text_of(&key).unwrap_or_default();
            match keys.iter().find(|known| **known == name) {
                Some(known) => fields.entries.push((known, value)),
                None => self.unknown_key(prefix, &name, key.referenced.into(), keys),
            }
        }
        fields
    }

    fn unknown_key(&mut self, prefix: &str, name: &str, place: Place, keys: &'static [&'static str]) {
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
        self.push(&key, Some(place), None, &what, &keys.join(", "));
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
    fn value<'e>(&mut self, entry: &'e Entry, allowed: &str) -> Option<&'e Node> {
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
                Some(self.source.as_written(node).to_owned())
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

    /// The same for what counts things in memory.
    pub(super) fn size(&mut self, entry: &Entry, least: u64, most: u64, note: &str) -> Option<usize> {
        self.integer(entry, least, most, note).and_then(|value| usize::try_from(value).ok())
    }

    /// A port.
    pub(super) fn port(&mut self, entry: &Entry) -> Option<u16> {
        let port = self.integer(entry, 0, u16::MAX.into(), " (0 = any free port)")?;
        u16::try_from(port).ok()
    }

    /// Whole seconds up to `most`, of which 0 means never.
    pub(super) fn seconds_or_never(&mut self, entry: &Entry, most: u64) -> Option<Option<Duration>> {
        let seconds = self.integer(entry, 0, most, " (0 = never)")?;
        Some((seconds > 0).then(|| Duration::from_secs(seconds)))
    }

    /// Seconds with or without a fraction.
    pub(super) fn seconds(&mut self, entry: &Entry, least: f64, most: f64) -> Option<Duration> {
        let allowed = format!("{least} to {most}");
        let seconds = match self.value(entry, &allowed)?.value {
            Written::Fraction(value) => value,
            // At most 2^31 in range, which is exact.
            Written::Integer(value) => i32::try_from(value).map_or(f64::INFINITY, f64::from),
            _ => {
                self.wrong(entry, "must be a number of seconds", &allowed);
                return None;
            }
        };
        if !(least..=most).contains(&seconds) {
            self.wrong(entry, "out of range", &allowed);
            return None;
        }
        Duration::try_from_secs_f64(seconds).ok()
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

    pub(super) fn path(&mut self, entry: &Entry) -> Option<PathBuf> {
        self.text(entry, "a path").map(PathBuf::from)
    }

    /// A path, or `null` for none.
    pub(super) fn path_or_none(&mut self, entry: &Entry) -> Option<Option<PathBuf>> {
        if entry.node.as_ref().is_some_and(is_null) {
            return Some(None);
        }
        self.text(entry, "a path, or null for none").map(|path| Some(PathBuf::from(path)))
    }

    /// Paths: one, or a list of them, which may be empty.
    pub(super) fn paths(&mut self, entry: &Entry) -> Option<Vec<PathBuf>> {
        let path = |text: &str| {
            if text.is_empty() { Err("must not be empty".to_owned()) } else { Ok(PathBuf::from(text)) }
        };
        self.list_of(entry, "paths, as [/usr/share/snmp/mibs, ./mibs], or [] for none", path)
    }

    /// Networks as `10.0.0.0/8`, or single addresses: one, or a list of them, which may be empty.
    pub(super) fn networks(&mut self, entry: &Entry) -> Option<IpRanges> {
        let allowed = "networks or addresses, as [10.0.0.0/8, \"2001:db8::/32\", 192.0.2.1]";
        let network = |text: &str| text.parse::<IpNetwork>().map_err(|error| error.to_string());
        self.list_of(entry, allowed, network).map(IpRanges::new)
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

    /// One IP address or a list of them.
    pub(super) fn addresses(&mut self, entry: &Entry) -> Option<Vec<IpAddr>> {
        let allowed = "an IPv4 or IPv6 address, or a list of them";
        let node = self.value(entry, allowed)?;
        let nodes = match &node.value {
            Written::Sequence(nodes) => nodes.as_slice(),
            _ => std::slice::from_ref(node),
        };
        let mut addresses = Vec::new();
        for node in nodes {
            let address = self.text_of(node).and_then(|text| text.parse::<IpAddr>().ok());
            match address {
                Some(address) if addresses.contains(&address) => {
                    self.note(&entry.key, Some(node), "stands twice", allowed);
                }
                Some(address) => addresses.push(address),
                None => self.note(&entry.key, Some(node), "not an IP address", allowed),
            }
        }
        if nodes.is_empty() {
            self.wrong(entry, "the list is empty", allowed);
        }
        Some(addresses)
    }
}
