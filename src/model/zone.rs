//! Time zones of devices that do not name theirs: by source address, and the meaning of zone words.
//!
//! A device writes its local time, and often no zone, or a word such as `EST` that means different zones to
//! different people. Both are the operator's to say.
//!
//! Invariant: looking a zone up never asks the system; the tables were read when the configuration was.

use std::net::IpAddr;

use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone};

use crate::base::cidr::IpRanges;

/// Words that mean one offset wherever they are used, in minutes east of UTC.
const UNAMBIGUOUS_WORDS: [(&[u8], i32); 9] = [
    (b"UTC", 0),
    (b"GMT", 0),
    (b"Z", 0),
    (b"WET", 0),
    (b"WEST", 60),
    (b"CET", 60),
    (b"CEST", 120),
    (b"EET", 120),
    (b"EEST", 180),
];

/// Most minutes that a zone is away from UTC.
const OFFSET_MINUTES_MAX: i32 = 24 * 60 - 1;

/// A zone: a fixed offset, or the rules of a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Zone {
    /// Minutes east of UTC.
    Fixed(i32),
    /// The rules of a place of the IANA database.
    Named(TimeZone),
}

/// The offsets that one local time may have, in seconds east of UTC: two in the hour that autumn repeats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Offsets {
    /// The earlier of two instants, or the only one.
    pub first: i32,
    /// The later of two.
    pub second: Option<i32>,
}

impl Zone {
    /// Coordinated Universal Time.
    pub const UTC: Self = Self::Fixed(0);

    /// The zone that `name` means: `UTC`, an offset as `+02:00`, `local` for the zone of this machine, or a name of
    /// the IANA time zone database, as `Europe/Berlin`.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        if name.eq_ignore_ascii_case("utc") || name == "Z" {
            return Some(Self::UTC);
        }
        if name.starts_with(['+', '-']) {
            return fixed(name).map(Self::Fixed);
        }
        if name.eq_ignore_ascii_case("local") {
            return TimeZone::try_system().ok().map(Self::Named);
        }
        TimeZone::get(name).ok().map(Self::Named)
    }

    /// The offsets of a local time; `local_seconds` are those since 1970 if it were UTC.
    #[must_use]
    pub fn offsets(&self, local_seconds: i64) -> Offsets {
        let zone = match self {
            Self::Fixed(minutes) => return Offsets { first: minutes * 60, second: None },
            Self::Named(zone) => zone,
        };
        let local = jiff::Timestamp::from_second(local_seconds)
            .map(|instant| TimeZone::UTC.to_datetime(instant))
            .unwrap_or(DateTime::ZERO);
        match zone.to_ambiguous_timestamp(local).offset() {
            AmbiguousOffset::Unambiguous { offset } => Offsets { first: offset.seconds(), second: None },
            // A time that spring leaves out: the clock that shows it was not put forward yet.
            AmbiguousOffset::Gap { before, .. } => Offsets { first: before.seconds(), second: None },
            AmbiguousOffset::Fold { before, after } => {
                Offsets { first: before.seconds(), second: Some(after.seconds()) }
            }
        }
    }
}

/// Minutes east of UTC of `+02:00`, `+0200` or `+02`.
fn fixed(text: &str) -> Option<i32> {
    let sign = if text.starts_with('-') { -1 } else { 1 };
    let digits = text.get(1..)?.replacen(':', "", 1);
    if !matches!(digits.len(), 2 | 4) || !digits.bytes().all(|octet| octet.is_ascii_digit()) {
        return None;
    }
    let hours: i32 = digits.get(..2)?.parse().ok()?;
    let minutes: i32 =
        digits.get(2..).filter(|rest| !rest.is_empty()).map_or(Some(0), |rest| rest.parse().ok())?;
    let offset = hours * 60 + minutes;
    (minutes < 60 && offset <= OFFSET_MINUTES_MAX).then_some(sign * offset)
}

/// What the operator says of zones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zones {
    default: Zone,
    by_source: Vec<(IpRanges, Zone)>,
    /// Words in upper case.
    words: Vec<(Vec<u8>, Zone)>,
}

impl Default for Zones {
    fn default() -> Self {
        Self::new(Zone::UTC, Vec::new(), Vec::new())
    }
}

impl Zones {
    /// Zones with `default` for sources that none of `by_source` holds, the first that does deciding, and `words`
    /// besides those that mean one zone everywhere. A word of the operator's wins.
    #[must_use]
    pub fn new(default: Zone, by_source: Vec<(IpRanges, Zone)>, words: Vec<(String, Zone)>) -> Self {
        let known = UNAMBIGUOUS_WORDS.iter().map(|(word, minutes)| (word.to_vec(), Zone::Fixed(*minutes)));
        let words = words.into_iter().map(|(word, zone)| (word.to_ascii_uppercase().into_bytes(), zone));
        Self { default, by_source, words: words.chain(known).collect() }
    }

    /// The zone of the devices at `source`.
    #[must_use]
    pub fn of(&self, source: IpAddr) -> &Zone {
        let found = self.by_source.iter().find(|(ranges, _)| ranges.contains(source));
        found.map_or(&self.default, |(_, zone)| zone)
    }

    /// The zone that a word of a message means, if anybody said so.
    #[must_use]
    pub fn word(&self, word: &[u8]) -> Option<&Zone> {
        let found = self.words.iter().find(|(known, _)| known.eq_ignore_ascii_case(word));
        found.map(|(_, zone)| zone)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn names_offsets_and_nonsense() {
        assert_eq!(Zone::parse("utc"), Some(Zone::UTC));
        assert_eq!(Zone::parse("+05:30"), Some(Zone::Fixed(330)));
        assert_eq!(Zone::parse("-0500"), Some(Zone::Fixed(-300)));
        assert_eq!(Zone::parse("+02"), Some(Zone::Fixed(120)));
        assert!(matches!(Zone::parse("Europe/Berlin"), Some(Zone::Named(_))));
        for bad in ["Europe/Berlim", "+25:00", "+02:60", "+2", "", "+", "-:", "+00:000"] {
            assert_eq!(Zone::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn daylight_saving_time_repeats_an_hour_and_leaves_one_out() {
        let berlin = Zone::parse("Europe/Berlin").unwrap();
        let local = |text: &str| {
            let time: DateTime = text.parse().unwrap();
            TimeZone::UTC.to_timestamp(time).unwrap().as_second()
        };
        assert_eq!(berlin.offsets(local("2026-07-01T12:00:00")), Offsets { first: 7_200, second: None });
        assert_eq!(berlin.offsets(local("2026-12-01T12:00:00")), Offsets { first: 3_600, second: None });
        assert_eq!(
            berlin.offsets(local("2026-10-25T02:30:00")),
            Offsets { first: 7_200, second: Some(3_600) }
        );
        assert_eq!(berlin.offsets(local("2026-03-29T02:30:00")), Offsets { first: 3_600, second: None });
        // Beyond what the calendar holds: any answer, no panic.
        let _ = (berlin.offsets(i64::MAX), berlin.offsets(i64::MIN));
    }

    #[test]
    fn the_operators_word_wins() {
        let zones = Zones::new(Zone::UTC, Vec::new(), vec![("EST".to_owned(), Zone::Fixed(-300))]);
        assert_eq!(zones.word(b"est"), Some(&Zone::Fixed(-300)));
        assert_eq!(zones.word(b"CEST"), Some(&Zone::Fixed(120)));
        assert_eq!(Zones::default().word(b"EST"), None, "there are several");
    }
}
