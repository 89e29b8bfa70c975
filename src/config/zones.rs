//! `time_zone`, `time_zones` and `zone_words` of the syslog listener: the zones of devices that do not tell theirs.

use crate::config::file::{SyslogListener, TimeZoneEntry};
use crate::config::reader::{Entry, Reader};
use crate::model::zone::{Zone, Zones};

/// What a zone may be called.
const ZONE_ALLOWED: &str =
    "UTC, local, an offset as \"+02:00\", or a name of the IANA database as Europe/Berlin";

/// Letters of the longest word that is read as a zone in a message.
const WORD_LETTERS_MAX: usize = 5;

/// The zones that the three keys mean. Takes the values of two of them.
pub(super) fn zones(reader: &mut Reader<'_>, written: &mut SyslogListener) -> Zones {
    let default = zone(reader, &written.time_zone).unwrap_or(Zone::UTC);
    let mut by_source = Vec::new();
    for (number, node) in (1..).zip(reader.list(written.time_zones.take())) {
        let name = format!("{}[{number}]", written.time_zones.key);
        let start = node.referenced.into();
        if !reader.is_section(&node, &name, TimeZoneEntry::KEYS) {
            continue;
        }
        let entry = TimeZoneEntry::read(Some(node), &format!("{name}."), reader);
        for key in [&entry.from, &entry.zone] {
            if key.is_absent() {
                reader.push(&key.key, Some(start), None, "missing", "from: networks, zone: their time zone");
            }
        }
        if let (Some(from), Some(zone)) = (reader.networks(&entry.from), zone(reader, &entry.zone)) {
            by_source.push((from, zone));
        }
    }
    let mut words = Vec::new();
    for (word, entry) in reader.words(written.zone_words.take(), "as {EST: \"-05:00\"}") {
        let fits =
            (1..=WORD_LETTERS_MAX).contains(&word.len()) && word.bytes().all(|o| o.is_ascii_alphabetic());
        if !fits {
            reader.wrong(&entry, "not a zone word", "words of one to five letters, as EST");
        }
        words.extend(zone(reader, &entry).map(|zone| (word, zone)));
    }
    Zones::new(default, by_source, words)
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
