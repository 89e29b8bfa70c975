//! Days and clock times of the proleptic Gregorian calendar, without a time zone and without a library.
//!
//! The receive path turns a calendar date into microseconds, and microseconds into text, once per message;
//! both are a few integer operations here. Zones, which need tables, are not this module's business.

/// Microseconds in a second.
pub const MICROS_PER_SECOND: i64 = 1_000_000;
/// Seconds in a day; leap seconds do not exist on this scale.
pub const SECONDS_PER_DAY: i64 = 86_400;

/// A calendar date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date {
    /// Year, astronomical numbering.
    pub year: i32,
    /// Month, 1 to 12.
    pub month: u8,
    /// Day of the month, 1 to 31.
    pub day: u8,
}

/// Whether `year` has a 29 February.
#[must_use]
pub fn is_leap_year(year: i32) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

/// Number of days in `month` (1 to 12) of `year`; 0 for a month that does not exist.
#[must_use]
pub fn days_in_month(year: i32, month: u8) -> u8 {
    const DAYS: [u8; 13] = [0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let leap_day = u8::from(month == 2 && is_leap_year(year));
    DAYS.get(usize::from(month)).map_or(0, |days| days + leap_day)
}

/// Days from 1970-01-01 to `date`; the month and day must exist.
#[must_use]
pub fn days_from_civil(date: Date) -> i64 {
    // Years start in March, so that the leap day is the last day of a year and months have a fixed pattern.
    let month = i64::from(date.month);
    let year = i64::from(date.year) - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + i64::from(date.day) - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// The date that lies `days` after 1970-01-01.
#[must_use]
pub fn civil_from_days(days: i64) -> Date {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    Date {
        year: i32::try_from(year).unwrap_or(i32::MAX),
        month: u8::try_from(month).unwrap_or(1),
        day: u8::try_from(day).unwrap_or(1),
    }
}

/// Length of the text that [`write_iso8601`] makes: `2026-11-22T08:15:30.123456Z`.
pub const ISO8601_LEN: usize = 27;

/// Writes `micros` (microseconds since the Unix epoch, UTC) as ISO 8601 with microseconds and `Z`.
///
/// Years outside 0 to 9999 are clamped to that range: the text always has [`ISO8601_LEN`] octets.
#[must_use]
pub fn write_iso8601(micros: i64) -> [u8; ISO8601_LEN] {
    let seconds = micros.div_euclid(MICROS_PER_SECOND);
    let fraction = micros.rem_euclid(MICROS_PER_SECOND);
    let date = civil_from_days(seconds.div_euclid(SECONDS_PER_DAY));
    let of_day = seconds.rem_euclid(SECONDS_PER_DAY);
    let mut text = *b"0000-00-00T00:00:00.000000Z";
    put(&mut text[0..4], i64::from(date.year.clamp(0, 9999)));
    put(&mut text[5..7], i64::from(date.month));
    put(&mut text[8..10], i64::from(date.day));
    put(&mut text[11..13], of_day / 3600);
    put(&mut text[14..16], of_day / 60 % 60);
    put(&mut text[17..19], of_day % 60);
    put(&mut text[20..26], fraction);
    text
}

/// Reads what [`write_iso8601`] writes, and gives microseconds since the Unix epoch; `None` for any other form, and for a
/// time that does not exist.
#[must_use]
pub fn read_iso8601(text: &[u8]) -> Option<i64> {
    let text: &[u8; ISO8601_LEN] = text.try_into().ok()?;
    let separators = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':'), (19, b'.'), (26, b'Z')];
    if separators.iter().any(|(at, separator)| text.get(*at) != Some(separator)) {
        return None;
    }
    let number = |field: &[u8]| {
        field.iter().try_fold(0_i64, |number, octet| {
            octet.is_ascii_digit().then(|| number * 10 + i64::from(octet - b'0'))
        })
    };
    let (year, month, day) = (number(&text[0..4])?, number(&text[5..7])?, number(&text[8..10])?);
    let date = Date {
        year: i32::try_from(year).ok()?,
        month: u8::try_from(month).ok()?,
        day: u8::try_from(day).ok()?,
    };
    if date.day == 0 || date.day > days_in_month(date.year, date.month) {
        return None;
    }
    let (hour, minute, second) = (number(&text[11..13])?, number(&text[14..16])?, number(&text[17..19])?);
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let seconds = days_from_civil(date) * SECONDS_PER_DAY + hour * 3600 + minute * 60 + second;
    Some(seconds * MICROS_PER_SECOND + number(&text[20..26])?)
}

/// Writes `value` right-aligned into `field`, zero-filled.
fn put(field: &mut [u8], mut value: i64) {
    for octet in field.iter_mut().rev() {
        *octet = b'0' + u8::try_from(value % 10).unwrap_or(0);
        value /= 10;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_days() {
        assert_eq!(days_from_civil(Date { year: 1970, month: 1, day: 1 }), 0);
        assert_eq!(days_from_civil(Date { year: 2000, month: 2, day: 29 }), 11_016);
        assert_eq!(days_from_civil(Date { year: 2026, month: 11, day: 22 }), 20_779);
        assert_eq!(days_from_civil(Date { year: 1969, month: 12, day: 31 }), -1);
    }

    #[test]
    fn every_day_of_four_centuries_survives_the_round_trip() {
        for days in -150_000..150_000 {
            let date = civil_from_days(days);
            assert_eq!(days_from_civil(date), days);
            assert!(date.day >= 1 && date.day <= days_in_month(date.year, date.month), "{date:?}");
        }
    }

    #[test]
    fn iso8601_text() {
        assert_eq!(&write_iso8601(0), b"1970-01-01T00:00:00.000000Z");
        assert_eq!(&write_iso8601(1_795_335_330_123_456), b"2026-11-22T08:15:30.123456Z");
        assert_eq!(&write_iso8601(-1), b"1969-12-31T23:59:59.999999Z");
    }

    #[test]
    fn iso8601_is_read_as_it_is_written_and_in_no_other_form() {
        for micros in [0, -1, 1_795_335_330_123_456, 951_782_400_000_000, 253_402_300_799_999_999] {
            assert_eq!(read_iso8601(&write_iso8601(micros)), Some(micros));
        }
        for wrong in [
            "2026-11-22T08:15:30.123456",
            "2026-11-22T08:15:30.123456+",
            "2026-11-22 08:15:30.123456Z",
            "2026-02-29T08:15:30.123456Z",
            "2026-13-01T08:15:30.123456Z",
            "2026-11-00T08:15:30.123456Z",
            "2026-11-22T24:15:30.123456Z",
            "2026-11-22T08:60:30.123456Z",
            "2026-11-22T08:15:60.123456Z",
            "2026-11-22T08:15:3x.123456Z",
            "",
        ] {
            assert_eq!(read_iso8601(wrong.as_bytes()), None, "{wrong}");
        }
    }
}
