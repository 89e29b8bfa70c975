//! When a device says it wrote a message, and what that rests on.
//!
//! Invariant: nothing is invented in silence; [`TimeSource`] tells what the stamp left out and who filled it in.

use std::net::IpAddr;

use crate::base::civil::{self, Date, MICROS_PER_SECOND, SECONDS_PER_DAY};
use crate::base::clock::Timestamp;
use crate::model::zone::{Offsets, Zone, Zones};
use crate::wire::syslog::{ClockMark, DeviceTime};

/// How far a device's clock may be ahead of ours before its year-less time is taken for last year's.
const AHEAD_MICROS_MAX: i64 = SECONDS_PER_DAY * MICROS_PER_SECOND;

/// The last microsecond of the year 9999: the store writes years with four digits.
const MICROS_YEAR_9999: i64 = 253_402_300_799_999_999;

/// What the `timestamp` of a message rests on. The numbers are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TimeSource {
    /// The time of receipt: the message has no usable time.
    #[default]
    Received = 0,
    /// The device's own time, complete with its zone.
    Device = 1,
    /// The device's time; the zone is the one configured for its source.
    DeviceAssumedZone = 2,
    /// The device's time; the year is the one that puts it nearest to the time of receipt, and the zone the
    /// configured one unless the message names it.
    DeviceAssumedYear = 3,
    /// The device's time, from a clock that the device calls not synchronised.
    DeviceNotSynchronised = 4,
    /// The time of receipt: the device's clock was never set, as it says itself.
    ReceivedClockNotSet = 5,
}

impl TimeSource {
    /// Every value, by its number.
    pub const ALL: [Self; 6] = [
        Self::Received,
        Self::Device,
        Self::DeviceAssumedZone,
        Self::DeviceAssumedYear,
        Self::DeviceNotSynchronised,
        Self::ReceivedClockNotSet,
    ];

    /// Its name in `enriched_data`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::Device => "device",
            Self::DeviceAssumedZone => "device_assumed_zone",
            Self::DeviceAssumedYear => "device_assumed_year",
            Self::DeviceNotSynchronised => "device_not_synchronised",
            Self::ReceivedClockNotSet => "received_clock_not_set",
        }
    }
}

/// The moment that a stamp means, and what it rests on; no moment when the time of receipt must do.
///
/// Without a year, the year that puts it nearest to `received_at` is taken, at most a day ahead of it. Without an
/// offset, the zone word decides if it is known, else the zone of `source`; in the hour that autumn repeats, what is
/// nearest to `received_at`.
#[must_use]
pub fn resolve(
    stamp: Option<&DeviceTime<'_>>,
    received_at: Timestamp,
    source: IpAddr,
    zones: &Zones,
) -> (Option<Timestamp>, TimeSource) {
    let Some(time) = stamp else { return (None, TimeSource::Received) };
    if time.clock == ClockMark::NotSet {
        return (None, TimeSource::ReceivedClockNotSet);
    }
    let fixed;
    let (zone, is_named) = match (time.offset_minutes, time.zone.and_then(|word| zones.word(word))) {
        (Some(minutes), _) => {
            fixed = Zone::Fixed(minutes);
            (&fixed, true)
        }
        (None, Some(zone)) => (zone, true),
        (None, None) => (zones.of(source), false),
    };
    let Some(moment) = moment(time, zone, received_at) else { return (None, TimeSource::Received) };
    let basis = match (time.clock, time.year, is_named) {
        (ClockMark::NotSynchronised, ..) => TimeSource::DeviceNotSynchronised,
        (_, None, _) => TimeSource::DeviceAssumedYear,
        (_, Some(_), false) => TimeSource::DeviceAssumedZone,
        (_, Some(_), true) => TimeSource::Device,
    };
    (Some(moment), basis)
}

/// The moment itself.
fn moment(time: &DeviceTime<'_>, zone: &Zone, received_at: Timestamp) -> Option<Timestamp> {
    let distance = |moment: &i64| (moment - received_at.0).abs();
    let nearest = |year: i32| -> Option<i64> {
        let (first, second) = at_year(time, year, zone)?;
        Some(second.filter(|second| distance(second) < distance(&first)).unwrap_or(first))
    };
    let moment = match time.year {
        Some(year) => nearest(year)?,
        None => {
            let days = received_at.0.div_euclid(MICROS_PER_SECOND * SECONDS_PER_DAY);
            let year = civil::civil_from_days(days).year;
            (year - 1..=year + 1)
                .filter_map(nearest)
                .filter(|moment| moment - received_at.0 <= AHEAD_MICROS_MAX)
                .min_by_key(distance)?
        }
    };
    // A time before 1970 is no device's.
    (0..=MICROS_YEAR_9999).contains(&moment).then_some(Timestamp(moment))
}

/// Microseconds since 1970 of a stamp in `year`, the two of a repeated hour; `None` when the year does not have that
/// day.
fn at_year(time: &DeviceTime<'_>, year: i32, zone: &Zone) -> Option<(i64, Option<i64>)> {
    if time.day > civil::days_in_month(year, time.month) {
        return None;
    }
    let days = civil::days_from_civil(Date { year, month: time.month, day: time.day });
    let minutes = i64::from(time.hour) * 60 + i64::from(time.minute);
    let local = days * SECONDS_PER_DAY + minutes * 60 + i64::from(time.second);
    let Offsets { first, second } = zone.offsets(local);
    let micros =
        |offset: i32| (local - i64::from(offset)) * MICROS_PER_SECOND + i64::from(time.nanosecond / 1_000);
    Some((micros(first), second.map(micros)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::wire::syslog::decode;

    /// 2026-01-01T00:10:00Z.
    const NEW_YEAR: Timestamp = Timestamp(1_767_226_200_000_000);

    /// 2026-10-25T00:40:00Z: in Berlin 02:40, for the first time that night.
    const AUTUMN: Timestamp = Timestamp(1_792_888_800_000_000);

    fn berlin() -> Zones {
        let ranges = IpRanges::parse(["10.1.0.0/16"]).unwrap();
        Zones::new(Zone::UTC, vec![(ranges, Zone::parse("Europe/Berlin").unwrap())], Vec::new())
    }

    use crate::base::cidr::IpRanges;

    fn resolved(line: &str, received_at: Timestamp, source: [u8; 4]) -> (String, TimeSource) {
        let message = decode(line.as_bytes());
        let (time, basis) = resolve(message.timestamp.as_ref(), received_at, source.into(), &berlin());
        (time.map(|time| time.to_string()).unwrap_or_default(), basis)
    }

    #[test]
    fn the_year_is_the_nearest() {
        let time = |line: &str, at| resolved(line, at, [10, 9, 9, 9]).0;
        assert_eq!(time("<13>Dec 31 23:59:59 host su: x", NEW_YEAR), "2025-12-31T23:59:59.000000Z");
        assert_eq!(time("<13>Jan  1 00:20:00 host su: x", NEW_YEAR), "2026-01-01T00:20:00.000000Z");
        let ahead = Timestamp(NEW_YEAR.0 - 15 * 60 * 1_000_000);
        assert_eq!(
            time("<13>Jan  1 00:20:00 host su: x", ahead),
            "2026-01-01T00:20:00.000000Z",
            "received on 31 December, from a clock that is fast"
        );
        assert_eq!(time("<13>Mar  1 00:00:00 host su: x", NEW_YEAR), "2025-03-01T00:00:00.000000Z");
        assert_eq!(
            time("<13>Feb 29 12:00:00 host su: x", NEW_YEAR),
            "",
            "no year near by has that day, and none is made up"
        );
    }

    #[test]
    fn the_zone_is_the_messages_own_or_the_sources() {
        let line = "<13>Jul  1 12:00:00 host su: x";
        let summer = Timestamp(1_782_900_000_000_000);
        assert_eq!(
            resolved(line, summer, [10, 1, 2, 3]),
            ("2026-07-01T10:00:00.000000Z".to_owned(), TimeSource::DeviceAssumedYear)
        );
        assert_eq!(resolved(line, summer, [10, 2, 2, 3]).0, "2026-07-01T12:00:00.000000Z");
        let (time, basis) =
            resolved("<165>1 2003-08-24T05:14:15.000003-07:00 h a - - - x", summer, [10, 1, 2, 3]);
        assert_eq!((time.as_str(), basis), ("2003-08-24T12:14:15.000003Z", TimeSource::Device));
        let (time, basis) =
            resolved("<190>: 2025 Sep 25 08:49:23 UTC: %ETH-5-DOWN: x", summer, [10, 1, 2, 3]);
        assert_eq!((time.as_str(), basis), ("2025-09-25T08:49:23.000000Z", TimeSource::Device));
        let (time, basis) =
            resolved("<190>: 2025 Sep 25 08:49:23 XST: %ETH-5-DOWN: x", summer, [10, 1, 2, 3]);
        assert_eq!((time.as_str(), basis), ("2025-09-25T06:49:23.000000Z", TimeSource::DeviceAssumedZone));
    }

    #[test]
    fn the_hour_that_autumn_repeats_is_the_nearer_one() {
        let line = "<13>Oct 25 02:30:00 host su: x";
        assert_eq!(resolved(line, AUTUMN, [10, 1, 0, 1]).0, "2026-10-25T00:30:00.000000Z");
        let an_hour_later = Timestamp(AUTUMN.0 + 3_600_000_000);
        assert_eq!(resolved(line, an_hour_later, [10, 1, 0, 1]).0, "2026-10-25T01:30:00.000000Z");
    }

    #[test]
    fn what_the_device_says_of_its_clock_is_kept() {
        let never_set = "<189>7: *Mar  1 00:00:01.123: %LINK-3-UPDOWN: x";
        assert_eq!(
            resolved(never_set, NEW_YEAR, [10, 1, 0, 1]),
            (String::new(), TimeSource::ReceivedClockNotSet)
        );
        let drifting = "<189>7: .Dec 31 12:00:01.123 UTC: %LINK-3-UPDOWN: x";
        assert_eq!(
            resolved(drifting, NEW_YEAR, [10, 1, 0, 1]),
            ("2025-12-31T12:00:01.123000Z".to_owned(), TimeSource::DeviceNotSynchronised)
        );
        assert_eq!(resolved("<189>no time", NEW_YEAR, [10, 1, 0, 1]).1, TimeSource::Received);
        assert_eq!(resolved("<13>Nov 31 12:00:00 h su: x", NEW_YEAR, [10, 1, 0, 1]).1, TimeSource::Received);
    }

    #[test]
    fn the_numbers_are_places() {
        for (place, value) in TimeSource::ALL.iter().enumerate() {
            assert_eq!(*value as usize, place);
        }
    }
}
