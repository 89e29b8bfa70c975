//! Kinds of values of keys: numbers, times, choices, paths, addresses.
//!
//! Each says in one place what is taken, what becomes of it, and how it is described.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value as Json, json};

use crate::base::cidr::IpRanges;
use crate::config::declare::Kind;
use crate::config::document::{Written, is_null};
use crate::config::reader::{Entry, NETWORKS_ALLOWED, Reader};

/// A year: the longest time that can be set.
pub(super) const SECONDS_MAX: u64 = 365 * 86_400;

/// Schema of a text, which may have variables in it.
pub(super) fn text_schema() -> Json {
    json!({"type": "string"})
}

/// Schema of what is no text, or a text with a variable in it that becomes one.
pub(super) fn or_variable(schema: Json) -> Json {
    json!({"anyOf": [schema, {"$ref": "#/$defs/variable"}]})
}

/// Schema of one `item` or a list of them.
pub(super) fn one_or_list_schema(item: Json) -> Json {
    json!({"anyOf": [item, {"type": "array", "items": item}]})
}

/// See [`boolean`].
pub(super) struct Boolean;

/// `true` or `false`.
pub(super) fn boolean() -> Boolean {
    Boolean
}

impl Kind for Boolean {
    type Value = bool;

    fn read(&self, reader: &mut Reader<'_>, entry: &mut Entry) -> Option<bool> {
        reader.boolean(entry)
    }

    fn write(&self, value: &bool) -> Option<Json> {
        Some((*value).into())
    }

    fn schema(&self) -> Json {
        or_variable(json!({"type": "boolean"}))
    }
}

/// A whole number in a range.
pub(super) struct Number<T> {
    least: u64,
    most: u64,
    /// What is counted, for people; empty when the name of the key says it.
    unit: &'static str,
    /// What is added to the range: what the number 0 or its absence means.
    note: &'static str,
    value: std::marker::PhantomData<T>,
}

/// A whole number from `least` to `most`, in the unit that the name of the key says.
pub(super) fn number<T>(least: u64, most: u64) -> Number<T> {
    Number { least, most, unit: "", note: "", value: std::marker::PhantomData }
}

/// A number of octets.
pub(super) fn octets<T>(least: u64, most: u64) -> Number<T> {
    Number { unit: "octets", note: " (octets)", ..number(least, most) }
}

/// A number of messages.
pub(super) fn messages<T>(least: u64, most: u64) -> Number<T> {
    Number { unit: "messages", note: " (messages)", ..number(least, most) }
}

/// A number of mebibytes, up to 1 TiB.
pub(super) fn mebibytes<T>() -> Number<T> {
    Number { unit: "MiB", ..number(1, 1024 * 1024) }
}

/// A port.
pub(super) fn port() -> Number<u16> {
    number(0, u16::MAX.into()).note(" (0 = any free port)")
}

impl<T> Number<T> {
    /// With `note` behind the range wherever it is told.
    pub(super) fn note(self, note: &'static str) -> Self {
        Self { note, ..self }
    }

    /// With a unit that the name of the key does not say.
    pub(super) fn unit(self, unit: &'static str) -> Self {
        Self { unit, ..self }
    }

    fn bounds(&self) -> Json {
        json!({"type": "integer", "minimum": self.least, "maximum": self.most})
    }

    fn range(&self) -> String {
        // The unit stands in some notes already.
        let unit = if self.unit.is_empty() || self.note.contains(self.unit) {
            String::new()
        } else {
            format!(" {}", self.unit)
        };
        format!("{} to {}{unit}{}", self.least, self.most, self.note)
    }
}

impl<T: Copy + TryFrom<u64> + Into<Json>> Kind for Number<T> {
    type Value = T;

    fn read(&self, reader: &mut Reader<'_>, entry: &mut Entry) -> Option<T> {
        let value = reader.integer(entry, self.least, self.most, self.note)?;
        T::try_from(value).ok()
    }

    fn write(&self, value: &T) -> Option<Json> {
        Some((*value).into())
    }

    fn schema(&self) -> Json {
        or_variable(self.bounds())
    }

    fn allowed(&self) -> String {
        self.range()
    }
}

/// A number of which 0 means that there is none.
pub(super) struct ZeroIsNone<T>(pub(super) Number<T>);

impl<T: Copy + TryFrom<u64> + Into<Json> + Default + PartialEq> Kind for ZeroIsNone<T> {
    type Value = Option<T>;

    fn read(&self, reader: &mut Reader<'_>, entry: &mut Entry) -> Option<Option<T>> {
        self.0.read(reader, entry).map(|value| Some(value).filter(|value| *value != T::default()))
    }

    fn write(&self, value: &Option<T>) -> Option<Json> {
        self.0.write(&value.unwrap_or_default())
    }

    fn schema(&self) -> Json {
        self.0.schema()
    }

    fn allowed(&self) -> String {
        self.0.allowed()
    }
}

/// A number, or `null` for none.
pub(super) struct NumberOrNull<T>(pub(super) Number<T>);

impl<T: Copy + TryFrom<u64> + Into<Json>> Kind for NumberOrNull<T> {
    type Value = Option<T>;

    fn read(&self, reader: &mut Reader<'_>, entry: &mut Entry) -> Option<Option<T>> {
        if entry.node.as_ref().is_some_and(is_null) {
            return Some(None);
        }
        self.0.read(reader, entry).map(Some)
    }

    fn write(&self, value: &Option<T>) -> Option<Json> {
        value.as_ref().map_or(Some(Json::Null), |value| self.0.write(value))
    }

    fn schema(&self) -> Json {
        or_variable(json!({"anyOf": [self.0.bounds(), {"type": "null"}]}))
    }

    fn allowed(&self) -> String {
        self.0.allowed()
    }
}

/// Whole seconds.
pub(super) struct WholeSeconds {
    pub(super) least: u64,
    pub(super) most: u64,
}

impl Kind for WholeSeconds {
    type Value = Duration;

    fn read(&self, reader: &mut Reader<'_>, entry: &mut Entry) -> Option<Duration> {
        reader.integer(entry, self.least, self.most, "").map(Duration::from_secs)
    }

    fn write(&self, value: &Duration) -> Option<Json> {
        Some(value.as_secs().into())
    }

    fn schema(&self) -> Json {
        or_variable(json!({"type": "integer", "minimum": self.least, "maximum": self.most}))
    }

    fn allowed(&self) -> String {
        format!("{} to {} seconds", self.least, self.most)
    }
}

/// Whole seconds up to a year, of which 0 means never.
pub(super) struct SecondsOrNever;

impl Kind for SecondsOrNever {
    type Value = Option<Duration>;

    fn read(&self, reader: &mut Reader<'_>, entry: &mut Entry) -> Option<Option<Duration>> {
        let seconds = reader.integer(entry, 0, SECONDS_MAX, " (0 = never)")?;
        Some((seconds > 0).then(|| Duration::from_secs(seconds)))
    }

    fn write(&self, value: &Option<Duration>) -> Option<Json> {
        Some(value.map_or(0, |value| value.as_secs()).into())
    }

    fn schema(&self) -> Json {
        or_variable(json!({"type": "integer", "minimum": 0, "maximum": SECONDS_MAX}))
    }

    fn allowed(&self) -> String {
        format!("0 to {SECONDS_MAX} seconds (0 = never)")
    }
}

/// Seconds with or without a fraction.
pub(super) struct Seconds {
    pub(super) least: f64,
    pub(super) most: f64,
}

/// A whole number of seconds without a fraction, as people write it.
fn number_of(seconds: f64) -> Json {
    if seconds.fract() == 0.0 { (seconds as u64).into() } else { seconds.into() }
}

impl Kind for Seconds {
    type Value = Duration;

    fn read(&self, reader: &mut Reader<'_>, entry: &mut Entry) -> Option<Duration> {
        let allowed = format!("{} to {}", self.least, self.most);
        let seconds = match reader.value(entry, &allowed)?.value {
            Written::Fraction(value) => value,
            // At most 2^31 in range, which is exact.
            Written::Integer(value) => i32::try_from(value).map_or(f64::INFINITY, f64::from),
            _ => {
                reader.wrong(entry, "must be a number of seconds", &allowed);
                return None;
            }
        };
        if !(self.least..=self.most).contains(&seconds) {
            reader.wrong(entry, "out of range", &allowed);
            return None;
        }
        Duration::try_from_secs_f64(seconds).ok()
    }

    fn write(&self, value: &Duration) -> Option<Json> {
        Some(number_of(value.as_secs_f64()))
    }

    fn schema(&self) -> Json {
        let (least, most) = (number_of(self.least), number_of(self.most));
        or_variable(json!({"type": "number", "minimum": least, "maximum": most}))
    }

    fn allowed(&self) -> String {
        format!("{} to {} seconds, also with a fraction", self.least, self.most)
    }
}

/// One of some words, letter case aside; of words that mean the same the first is the usual one.
pub(super) struct Choice<T: 'static>(pub(super) &'static [(&'static str, T)]);

impl<T: Copy + PartialEq> Kind for Choice<T> {
    type Value = T;

    fn read(&self, reader: &mut Reader<'_>, entry: &mut Entry) -> Option<T> {
        reader.choice(entry, self.0)
    }

    fn write(&self, value: &T) -> Option<Json> {
        self.0.iter().find(|(_, meant)| meant == value).map(|(word, _)| (*word).into())
    }

    fn schema(&self) -> Json {
        let words: Vec<&str> = self.0.iter().map(|(word, _)| *word).collect();
        or_variable(words_schema(&words))
    }

    fn allowed(&self) -> String {
        self.0.iter().map(|(word, _)| *word).collect::<Vec<_>>().join(", ")
    }
}

/// Schema of one of `words`: as they are, for an editor to offer, or in other letter case.
pub(super) fn words_schema(words: &[&str]) -> Json {
    let any_case = |word: &&str| {
        let letter = |character: char| {
            format!("[{}{}]", character.to_ascii_uppercase(), character.to_ascii_lowercase())
        };
        let part = |character: char| {
            if character.is_ascii_alphabetic() { letter(character) } else { character.to_string() }
        };
        word.chars().map(part).collect::<String>()
    };
    let pattern = words.iter().map(any_case).collect::<Vec<_>>().join("|");
    json!({"anyOf": [{"enum": words}, {"type": "string", "pattern": format!("^({pattern})$")}]})
}

/// A path.
pub(super) struct FilePath;

/// A path as it is written; `None` when it is no text.
fn text_of_path(path: &Path) -> Json {
    path.to_string_lossy().into()
}

impl Kind for FilePath {
    type Value = PathBuf;

    fn read(&self, reader: &mut Reader<'_>, entry: &mut Entry) -> Option<PathBuf> {
        reader.path(entry)
    }

    fn write(&self, value: &PathBuf) -> Option<Json> {
        Some(text_of_path(value))
    }

    fn schema(&self) -> Json {
        json!({"type": "string", "minLength": 1})
    }
}

/// A path, or `null` for none.
pub(super) struct PathOrNull;

impl Kind for PathOrNull {
    type Value = Option<PathBuf>;

    fn read(&self, reader: &mut Reader<'_>, entry: &mut Entry) -> Option<Option<PathBuf>> {
        if entry.node.as_ref().is_some_and(is_null) {
            return Some(None);
        }
        reader.text(entry, &self.allowed()).map(|path| Some(PathBuf::from(path)))
    }

    fn write(&self, value: &Option<PathBuf>) -> Option<Json> {
        Some(value.as_deref().map_or(Json::Null, text_of_path))
    }

    fn schema(&self) -> Json {
        json!({"type": ["string", "null"], "minLength": 1})
    }

    fn allowed(&self) -> String {
        "a path, or null for none".to_owned()
    }
}

/// Texts of which each means something: one, or a list of them, which may be empty.
pub(super) struct ListOf<T> {
    pub(super) allowed: &'static str,
    pub(super) parse: fn(&str) -> Result<T, String>,
}

impl<T: Clone> Kind for ListOf<T> {
    type Value = Vec<T>;

    fn read(&self, reader: &mut Reader<'_>, entry: &mut Entry) -> Option<Vec<T>> {
        reader.list_of(entry, self.allowed, self.parse)
    }

    fn write(&self, value: &Vec<T>) -> Option<Json> {
        value.is_empty().then(|| json!([]))
    }

    fn schema(&self) -> Json {
        one_or_list_schema(text_schema())
    }

    fn allowed(&self) -> String {
        self.allowed.to_owned()
    }
}

/// Networks or addresses: one, or a list of them, which may be empty.
pub(super) struct Networks;

impl Kind for Networks {
    type Value = IpRanges;

    fn read(&self, reader: &mut Reader<'_>, entry: &mut Entry) -> Option<IpRanges> {
        reader.networks(entry)
    }

    fn write(&self, value: &IpRanges) -> Option<Json> {
        value.is_empty().then(|| json!([]))
    }

    fn schema(&self) -> Json {
        one_or_list_schema(text_schema())
    }

    fn allowed(&self) -> String {
        NETWORKS_ALLOWED.to_owned()
    }
}

/// The same; an empty list means all there are.
pub(super) struct NetworksOrAll;

impl Kind for NetworksOrAll {
    type Value = Option<IpRanges>;

    fn read(&self, reader: &mut Reader<'_>, entry: &mut Entry) -> Option<Option<IpRanges>> {
        reader.networks(entry).map(|networks| Some(networks).filter(|networks| !networks.is_empty()))
    }

    fn write(&self, value: &Option<IpRanges>) -> Option<Json> {
        value.is_none().then(|| json!([]))
    }

    fn schema(&self) -> Json {
        Networks.schema()
    }

    fn allowed(&self) -> String {
        format!("{}; [] for all", Networks.allowed())
    }
}

/// IP addresses: one, or a list of them, at least one and none twice.
pub(super) struct Addresses;

impl Kind for Addresses {
    type Value = Vec<IpAddr>;

    fn read(&self, reader: &mut Reader<'_>, entry: &mut Entry) -> Option<Vec<IpAddr>> {
        let allowed = self.allowed();
        let node = reader.value(entry, &allowed)?;
        let nodes = match &node.value {
            Written::Sequence(nodes) => nodes.as_slice(),
            _ => std::slice::from_ref(node),
        };
        let mut addresses = Vec::new();
        for node in nodes {
            let address = reader.text_of(node).and_then(|text| text.parse::<IpAddr>().ok());
            match address {
                Some(address) if addresses.contains(&address) => {
                    reader.note(&entry.key, Some(node), "stands twice", &allowed);
                }
                Some(address) => addresses.push(address),
                None => reader.note(&entry.key, Some(node), "not an IP address", &allowed),
            }
        }
        if nodes.is_empty() {
            reader.wrong(entry, "the list is empty", &allowed);
        }
        Some(addresses)
    }

    fn write(&self, value: &Vec<IpAddr>) -> Option<Json> {
        Some(value.iter().map(IpAddr::to_string).collect())
    }

    fn schema(&self) -> Json {
        json!({"anyOf": [
            text_schema(),
            {"type": "array", "items": text_schema(), "minItems": 1, "uniqueItems": true},
        ]})
    }

    fn allowed(&self) -> String {
        "an IPv4 or IPv6 address, or a list of them".to_owned()
    }
}

/// An address with a port.
pub(super) struct AddressAndPort;

impl Kind for AddressAndPort {
    type Value = SocketAddr;

    fn read(&self, reader: &mut Reader<'_>, entry: &mut Entry) -> Option<SocketAddr> {
        let allowed = self.allowed();
        let text = reader.text(entry, &allowed)?;
        let parsed = text.parse::<SocketAddr>().ok();
        if parsed.is_none() {
            reader.wrong(entry, "not an address and a port", &allowed);
        }
        parsed
    }

    fn write(&self, value: &SocketAddr) -> Option<Json> {
        Some(value.to_string().into())
    }

    fn schema(&self) -> Json {
        json!({"type": "string", "pattern": "(:[0-9]+|\\$\\{.*)$"})
    }

    fn allowed(&self) -> String {
        "\"ADDRESS:PORT\", as \"127.0.0.1:8514\" or \"[::1]:8514\"".to_owned()
    }
}
