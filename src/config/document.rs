//! A YAML file as a tree of values that know their place. The only file with serde.
//!
//! The tree is untyped on purpose: a wrong type, an unknown key and a value out of range are then all found in one
//! pass over the tree, each with its place, instead of the first one ending the reading.
//!
//! Invariant: size, depth, number of nodes and the growth through aliases are bounded before anything is kept.

use std::fmt;
use std::io::ErrorKind;
use std::path::Path;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_yaml::{Location, Spanned};
use zeroize::Zeroizing;

use crate::base::read::read_regular;
use crate::config::error::{ConfigError, Place, Problem, nearest};

/// Octets of a configuration file. 100,000 rules take about 15 MiB.
pub const FILE_OCTETS_MAX: u64 = 32 * 1024 * 1024;
/// Values and keys in one file; a rule has up to 17.
const NODES_MAX: usize = 4_000_000;
/// Values that aliases may repeat; nobody writes so many, and each repetition takes memory.
const ALIASED_MAX: usize = 50_000;
/// How deep a file may nest; ours nest five deep.
const DEPTH_MAX: usize = 32;

/// A value with its place.
#[derive(Clone)]
pub(super) struct Node {
    /// The value.
    pub(super) value: Written,
    /// Where it stands; for an alias, where the alias stands.
    pub(super) place: Place,
    /// Which of the files that are read together it stands in; 0 is the first.
    pub(super) file: usize,
    /// First octet in the text of the file, and number of octets.
    span: Option<(usize, usize)>,
    /// What the scalar became when its variables were replaced; wiped when it goes.
    resolved: Option<Box<Zeroizing<String>>>,
}

/// A value as written.
#[derive(Clone)]
pub(super) enum Written {
    /// Nothing, `null` or `~`.
    Null,
    /// `true`, `false`, and the older spellings `yes`, `no`, `on`, `off`.
    Boolean(bool),
    /// A whole number.
    Integer(i128),
    /// A number with a fraction or an exponent.
    Fraction(f64),
    /// Any other scalar; wiped when it goes, as it may be a password.
    Text(Zeroizing<String>),
    /// A list.
    Sequence(Vec<Node>),
    /// Keys with values.
    Mapping(Vec<(Node, Node)>),
}

/// Whether `node` is nothing.
pub(super) fn is_null(node: &Node) -> bool {
    matches!(node.value, Written::Null)
}

impl Node {
    /// Notes that the node and all below it stand in the file with this number.
    pub(super) fn set_file(&mut self, file: usize) {
        self.file = file;
        match &mut self.value {
            Written::Sequence(nodes) => nodes.iter_mut().for_each(|node| node.set_file(file)),
            Written::Mapping(pairs) => pairs.iter_mut().for_each(|(key, value)| {
                key.set_file(file);
                value.set_file(file);
            }),
            _ => {}
        }
    }

    /// Puts `text` in place of the scalar, as a value of the type that YAML gives to such a word. It stays a scalar
    /// whatever it contains: only plain words, which cannot be a list or a section, are given to the parser.
    pub(super) fn resolve(&mut self, text: Zeroizing<String>, is_plain: bool) {
        let is_word = text.bytes().any(|octet| octet.is_ascii_alphanumeric())
            && text
                .bytes()
                .all(|octet| octet.is_ascii_alphanumeric() || matches!(octet, b'+' | b'-' | b'.' | b'_'));
        let parsed = if is_plain && text.is_empty() {
            Some(Written::Null)
        } else if is_word || (is_plain && *text == "~") {
            serde_yaml::from_str::<Written>(&text).ok()
        } else {
            None
        };
        self.value = match parsed {
            Some(value @ (Written::Boolean(_) | Written::Integer(_) | Written::Fraction(_))) => value,
            Some(Written::Null) if is_plain => Written::Null,
            _ => Written::Text(text.clone()),
        };
        self.resolved = Some(Box::new(text));
    }

    /// The text that stands for the scalar after its variables were replaced; `None` when it had none.
    pub(super) fn resolved(&self) -> Option<&str> {
        self.resolved.as_deref().map(|text| text.as_str())
    }
}

/// What of a file must never be shown.
#[derive(Clone)]
pub(super) enum Secrecy {
    /// All of it: it is a file of passwords.
    All,
    /// The lines of these keys and what stands below them.
    Keys(Vec<&'static str>),
}

/// A file, as text.
pub(super) struct Source {
    /// The file's name, absolute.
    pub(super) name: String,
    /// The whole text; wiped when it goes, as it may hold passwords.
    pub(super) text: Zeroizing<String>,
    /// What of it must not be shown.
    pub(super) secrecy: Secrecy,
}

/// `path` as errors show it: absolute, since only the operator's shell knows where a relative one starts.
pub(super) fn shown_path(path: &Path) -> String {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned()).display().to_string()
}

impl Source {
    /// Reads the file at `path`, at most [`FILE_OCTETS_MAX`] of it.
    pub(super) fn read(path: &Path, secrecy: Secrecy) -> Result<Self, ConfigError> {
        let name = shown_path(path);
        let refused = |what: String| ConfigError::from(Problem::of_file(&name, what));
        let octets = read_regular(path, FILE_OCTETS_MAX).map_err(|error| match error.kind() {
            ErrorKind::FileTooLarge => refused(error.to_string()),
            _ => refused(format!("cannot be read: {error}")),
        })?;
        let text = match std::str::from_utf8(&octets) {
            Ok(text) => Zeroizing::new(text.to_owned()),
            Err(error) => {
                let before = octets.get(..error.valid_up_to()).unwrap_or_default();
                let line = before.iter().filter(|octet| **octet == b'\n').count() + 1;
                return Err(refused(format!("line {line} holds an octet that is not UTF-8")));
            }
        };
        Ok(Self { name, text, secrecy })
    }

    /// The tree of the text; `None` for a file without a value.
    pub(super) fn parse(&self) -> Result<Node, ConfigError> {
        let options = serde_yaml::options! {
            budget: serde_yaml::budget! {
                max_events: 2 * NODES_MAX,
                max_nodes: NODES_MAX,
                max_depth: DEPTH_MAX,
                max_total_scalar_bytes: 4 * usize::try_from(FILE_OCTETS_MAX).unwrap_or(usize::MAX),
                max_total_comment_bytes: 4 * usize::try_from(FILE_OCTETS_MAX).unwrap_or(usize::MAX),
            },
            alias_limits: serde_yaml::alias_limits! { max_total_replayed_events: ALIASED_MAX },
            with_snippet: false,
        };
        serde_yaml::from_str_with_options::<Node>(&self.text, options).map_err(|error| {
            let place = error.location().map(Place::from);
            let quotable = self.quotable(place);
            let what = if quotable.is_none() { describe_redacted(&error) } else { describe(&error) };
            ConfigError::from(Problem::of_syntax(&self.name, quotable, place, what))
        })
    }

    /// The scalar exactly as it stands in the file, quotes and all; empty for what is no scalar.
    pub(super) fn as_written(&self, node: &Node) -> &str {
        let range = node.span.and_then(|(start, octets)| Some(start..start.checked_add(octets)?));
        range.and_then(|range| self.text.get(range)).unwrap_or_default()
    }

    /// Whether all of the file is secret.
    pub(super) fn is_secret(&self) -> bool {
        matches!(self.secrecy, Secrecy::All)
    }

    /// The text, for quoting the line at `place`; `None` when that may hold a secret.
    pub(super) fn quotable(&self, place: Option<Place>) -> Option<&str> {
        let is_secret = match &self.secrecy {
            Secrecy::All => true,
            Secrecy::Keys(keys) => place.is_some_and(|place| self.may_hold_secrets(keys, place.line)),
        };
        (!is_secret).then_some(self.text.as_str())
    }

    /// Whether values of `keys` may stand on a line: on that of the key, however it is spelled, or below it. Found out
    /// by the look of the text, since it may be no YAML at all.
    fn may_hold_secrets(&self, keys: &[&str], line: usize) -> bool {
        let mut within = None;
        for text in self.text.lines().take(line) {
            let contents = text.trim_start();
            let indent = text.len() - contents.len();
            let goes_on = |key: usize| {
                contents.is_empty()
                    || indent > key
                    || (indent == key && contents.starts_with(['-', ']', '}', '#']))
            };
            within = within.filter(|key| goes_on(*key));
            let mut words =
                contents.split(|character: char| !character.is_alphanumeric() && character != '_');
            if within.is_none() && words.any(|word| nearest(word, keys).is_some()) {
                within = Some(indent);
            }
        }
        within.is_some()
    }
}

impl From<Location> for Place {
    fn from(location: Location) -> Self {
        let number = |value: u64| usize::try_from(value).unwrap_or(usize::MAX);
        Self { line: number(location.line()), column: number(location.column()) }
    }
}

/// What the parser says, without its advice to programmers.
fn describe(error: &serde_yaml::Error) -> String {
    match error.without_snippet() {
        serde_yaml::Error::DuplicateMappingKey { key: Some(key), .. } => {
            format!("the key {key} stands twice")
        }
        serde_yaml::Error::MultipleDocuments { .. } => "a second YAML document begins".to_owned(),
        serde_yaml::Error::Budget { .. } => "too large or nested too deep".to_owned(),
        other => {
            let text = other.to_string();
            let text = text.rsplit_once(" at line ").map_or(text.as_str(), |(before, _)| before);
            format!("not valid YAML: {}", text.split_whitespace().collect::<Vec<_>>().join(" "))
        }
    }
}

/// The same for a file of passwords: words of ours only, as the parser's may quote the file.
fn describe_redacted(error: &serde_yaml::Error) -> String {
    match error.without_snippet() {
        serde_yaml::Error::DuplicateMappingKey { .. } => "a key stands twice".to_owned(),
        serde_yaml::Error::MultipleDocuments { .. } => "a second YAML document begins".to_owned(),
        serde_yaml::Error::Budget { .. } => "too large or nested too deep".to_owned(),
        _ => "not valid YAML (nothing is quoted where passwords may stand)".to_owned(),
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Spanned { value, referenced, defined } = Spanned::<Written>::deserialize(deserializer)?;
        let number = |value: u64| usize::try_from(value).ok();
        let span = defined.span();
        let span = span.byte_offset().and_then(number).zip(span.byte_len().and_then(number));
        Ok(Self { value, place: referenced.into(), file: 0, span, resolved: None })
    }
}

impl<'de> Deserialize<'de> for Written {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValue)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Written;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Written, E> {
        Ok(Written::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Written, E> {
        Ok(Written::Boolean(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Written, E> {
        Ok(Written::Integer(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Written, E> {
        Ok(Written::Integer(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Written, E> {
        Ok(Written::Fraction(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Written, E> {
        Ok(Written::Text(Zeroizing::new(value.to_owned())))
    }

    fn visit_string<E>(self, value: String) -> Result<Written, E> {
        Ok(Written::Text(Zeroizing::new(value)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Written, A::Error> {
        let mut elements = Vec::new();
        while let Some(element) = access.next_element()? {
            elements.push(element);
        }
        Ok(Written::Sequence(elements))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Written, A::Error> {
        let mut entries: Vec<(Node, Node)> = Vec::new();
        while let Some((key, value)) = access.next_entry::<Node, Node>()? {
            if matches!(key.value, Written::Sequence(_) | Written::Mapping(_)) {
                return Err(A::Error::custom("a key must be a word"));
            }
            entries.push((key, value));
        }
        Ok(Written::Mapping(entries))
    }
}
