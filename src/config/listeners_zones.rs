//! `time_zone`, `time_zones` and `zone_words` of the syslog listener: the zones of devices that do not tell theirs.

use serde_json::{Value as Json, json};

use crate::base::cidr::IpRanges;
use crate::config::declare::{Kind, key, section};
use crate::config::elements::{Element as _, element};
use crate::config::kinds::{Networks, text_schema};
use crate::config::reader::{Entry, Reader};
use crate::model::zone::{Zone, Zones};

/// What a zone may be called.
const ZONE_ALLOWED: &str =
    "UTC, local, an offset as \"+02:00\", or a name of the IANA database as Europe/Berlin";

/// Letters of the longest word that is read as a zone in a message.
const WORD_LETTERS_MAX: usize = 5;

section! {
    /// The keys of [`Zones`].
    pub struct ZoneKeys {
        /// Time zone of devices that do not name theirs. local = that of this machine.
        pub default: Zone = key("time_zone", ZoneName, Zone::UTC, "Europe/Berlin");
        /// The same for some sources; the first element that fits decides.
        pub by_source: Vec<(IpRanges, Zone)> =
            key("time_zones", ZonesBySource, Vec::new(), "[{from: [10.1.0.0/16], zone: Asia/Kolkata}]");
        /// What zone words in messages mean, besides UTC, GMT, WET, WEST, CET, CEST, EET and EEST. EST, CST and IST
        /// mean different zones in different places.
        pub words: Vec<(String, Zone)> =
            key("zone_words", ZoneWords, Vec::new(), "{EST: \"-05:00\", IST: Asia/Kolkata}");
    }
}

impl From<ZoneKeys> for Zones {
    fn from(keys: ZoneKeys) -> Self {
        Self::new(keys.default, keys.by_source, keys.words)
    }
}

/// A time zone.
struct ZoneName;

impl Kind for ZoneName {
    type Value = Zone;

    fn read(&self, reader: &mut Reader<'_>, entry: &mut Entry) -> Option<Zone> {
        zone(reader, entry)
    }

    fn write(&self, value: &Zone) -> Option<Json> {
        (*value == Zone::UTC).then(|| "UTC".into())
    }

    fn schema(&self) -> Json {
        text_schema()
    }

    fn allowed(&self) -> String {
        ZONE_ALLOWED.to_owned()
    }
}

element! {
    /// One element of `time_zones`.
    TimeZoneEntry { from, zone }
}

/// Time zones of networks.
struct ZonesBySource;

impl Kind for ZonesBySource {
    type Value = Vec<(IpRanges, Zone)>;

    fn read(&self, reader: &mut Reader<'_>, entry: &mut Entry) -> Option<Self::Value> {
        let mut by_source = Vec::new();
        for (number, node) in (1..).zip(reader.list(entry.take())) {
            let name = format!("{}[{number}]", entry.key);
            let (file, start) = (node.file, node.place);
            if !reader.is_section(&node, &name, TimeZoneEntry::KEYS) {
                continue;
            }
            let element = TimeZoneEntry::read(Some(node), &format!("{name}."), reader);
            for key in [&element.from, &element.zone] {
                if key.is_absent() {
                    let allowed = "from: networks, zone: their time zone";
                    reader.push_in(file, &key.key, Some(start), None, "missing", allowed);
                }
            }
            if let (Some(from), Some(zone)) = (reader.networks(&element.from), zone(reader, &element.zone)) {
                by_source.push((from, zone));
            }
        }
        Some(by_source)
    }

    fn write(&self, value: &Self::Value) -> Option<Json> {
        value.is_empty().then(|| json!([]))
    }

    fn schema(&self) -> Json {
        let [from, zone] = TimeZoneEntry::KEYS else { return Json::Bool(true) };
        json!({
            "type": ["array", "null"],
            "items": {
                "type": "object",
                "properties": {*from: Networks.schema(), *zone: ZoneName.schema()},
                "required": [from, zone],
                "additionalProperties": false,
            },
        })
    }
}

/// Time zones that words in messages stand for.
struct ZoneWords;

impl Kind for ZoneWords {
    type Value = Vec<(String, Zone)>;

    fn read(&self, reader: &mut Reader<'_>, entry: &mut Entry) -> Option<Self::Value> {
        let mut words = Vec::new();
        for (word, entry) in reader.words(entry.take(), "as {EST: \"-05:00\"}") {
            let fits = (1..=WORD_LETTERS_MAX).contains(&word.len())
                && word.bytes().all(|octet| octet.is_ascii_alphabetic());
            if !fits {
                reader.wrong(&entry, "not a zone word", "words of one to five letters, as EST");
            }
            words.extend(zone(reader, &entry).map(|zone| (word, zone)));
        }
        Some(words)
    }

    fn write(&self, value: &Self::Value) -> Option<Json> {
        value.is_empty().then(|| json!({}))
    }

    fn schema(&self) -> Json {
        let pattern = format!("^[A-Za-z]{{1,{WORD_LETTERS_MAX}}}$");
        json!({
            "type": ["object", "null"],
            "patternProperties": {pattern: ZoneName.schema()},
            "additionalProperties": false,
        })
    }

    fn allowed(&self) -> String {
        "words of one to five letters, each with a time zone".to_owned()
    }
}

/// The zone that `entry` names.
fn zone(reader: &mut Reader<'_>, entry: &Entry) -> Option<Zone> {
    let text = reader.text(entry, ZONE_ALLOWED)?;
    let zone = Zone::parse(&text);
    if zone.is_none() {
        reader.wrong(entry, "not a time zone", ZONE_ALLOWED);
    }
    zone
}
