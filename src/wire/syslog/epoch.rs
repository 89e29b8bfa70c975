//! Times that are counts since 1970: seconds with or without a fraction (Meraki), milliseconds, microseconds.
//!
//! Invariant: a number is a time only if the year it gives is plausible.

use super::cursor::Cursor;
use super::date::{Date, PLAUSIBLE_YEARS};
use super::time_of_day::{self, TimeOfDay};
use super::timestamp::{Stamp, assemble};
use super::zone::Offset;
use crate::base::civil;

/// Nanoseconds of a second.
const NANOS_PER_SECOND: u64 = 1_000_000_000;

/// A count since 1970.
#[derive(Debug, Clone, Copy)]
pub(super) struct Epoch<'a> {
    pub(super) stamp: Stamp<'a>,
    /// Whether it has a point: few numbers that are no time look like this.
    pub(super) has_fraction: bool,
    /// What follows it.
    pub(super) rest: Cursor<'a>,
}

/// Reads `1374543213`, `1374543213.342705328`, `1374543213342` or `1374543213342705`.
pub(super) fn read<'a>(start: Cursor<'a>) -> Option<Epoch<'a>> {
    let mut rest = start;
    let count = rest.count()?;
    let (seconds, mut nanosecond) = match start.rest.len() - rest.rest.len() {
        10 => (count, 0),
        13 => (count / 1_000, count % 1_000 * (NANOS_PER_SECOND / 1_000)),
        16 => (count / 1_000_000, count % 1_000_000 * (NANOS_PER_SECOND / 1_000_000)),
        _ => return None,
    };
    let mut has_fraction = false;
    if nanosecond == 0
        && let [b'.', digits @ ..] = rest.rest
        && let Some((value, _, after)) = time_of_day::fraction(Cursor::new(digits))
    {
        nanosecond = u64::from(value);
        rest = after;
        has_fraction = true;
    }
    let stamp = since_1970(seconds, u32::try_from(nanosecond).ok()?)?;
    rest.at_field_end().then_some(Epoch { stamp, has_fraction, rest })
}

/// The stamp of a value that is nothing but a count of seconds since 1970.
pub(super) fn whole<'a>(text: &'a [u8]) -> Option<Stamp<'a>> {
    let mut cursor = Cursor::new(text);
    if text.len() == 9 {
        let seconds = cursor.count()?;
        return cursor.is_empty().then(|| since_1970(seconds, 0)).flatten();
    }
    read(cursor).filter(|found| found.rest.is_empty()).map(|found| found.stamp)
}

/// The stamp of a count, which is in UTC; `None` if no device's clock shows that year.
fn since_1970<'a>(seconds: u64, nanosecond: u32) -> Option<Stamp<'a>> {
    let seconds = i64::try_from(seconds).ok()?;
    let date = civil::civil_from_days(seconds.div_euclid(civil::SECONDS_PER_DAY));
    // A day has 86,400 seconds.
    let second = u32::try_from(seconds.rem_euclid(civil::SECONDS_PER_DAY)).unwrap_or(0);
    let [hour, minute, second] =
        [second / 3_600, second / 60 % 60, second % 60].map(|part| u8::try_from(part).unwrap_or(0));
    let time = TimeOfDay { hour, minute, second, nanosecond: Some(nanosecond), is_standard: false };
    let zone = Offset::Minutes { value: 0, standard: false };
    let date = Date { year: Some(date.year), month: date.month, day: date.day, is_standard: false };
    PLAUSIBLE_YEARS.contains(&date.year?).then(|| assemble(date, time, zone, false))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Option<(u32, bool, usize)> {
        let found = read(Cursor::new(text.as_bytes()))?;
        let Stamp::Known { time, .. } = found.stamp else { return None };
        assert_eq!((time.year, time.month, time.day, time.hour), (Some(2013), 7, 23, 1), "{text}");
        Some((time.nanosecond, found.has_fraction, found.rest.rest.len()))
    }

    #[test]
    fn counts_of_every_unit() {
        assert_eq!(shown("1374543213 host"), Some((0, false, 5)));
        assert_eq!(shown("1374543213.342705328 host"), Some((342_705_328, true, 5)));
        assert_eq!(shown("1374543213342"), Some((342_000_000, false, 0)));
        assert_eq!(shown("1374543213342705"), Some((342_705_000, false, 0)));
        for other in ["137454321", "13745432133", "1374543213:", "1374543213x", "9999999999", "1374543213. x"]
        {
            assert_eq!(read(Cursor::new(other.as_bytes())).map(|found| found.stamp), None, "{other}");
        }
    }
}
