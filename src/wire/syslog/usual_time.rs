//! The times that most devices write, read by the places of their digits. What reads their parts is inlined, as in
//! [`super::usual`].
//!
//! Invariant: what is read here [`super::timestamp`] reads the same; a time that does not exist is left to it.

use super::cursor::Cursor;
use super::device_time::{ClockMark, DeviceTime};
use super::time_of_day::TimeOfDay;
use super::zone::Offset;
use crate::base::civil;
use crate::base::digits::{self, digit};

/// A time that exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct UsualTime<'a> {
    pub(super) time: DeviceTime<'a>,
    /// Whether it is written as its RFC wants it.
    pub(super) standard: bool,
}

/// Years that a device's clock may show, where a number might as well be something else.
pub(super) const PLAUSIBLE_YEARS: std::ops::Range<i32> = 1970..2200;

/// Octets that a line with any of the times below has from the time on, if it says anything; asked for once, it spares
/// asking for each part.
const SURE_OCTETS: usize = 25;

/// Days that every month has.
const SURE_DAYS: std::ops::RangeInclusive<u8> = 1..=28;

/// Reads `Oct 11 22:14:15` exactly as RFC 3164 4.1.2 writes it, also with a year before the time, a fraction behind it,
/// and Cisco's mark before all; what follows is not looked at.
#[inline(always)]
pub(super) fn of_device<'a>(start: Cursor<'a>) -> Option<(UsualTime<'a>, Cursor<'a>)> {
    let (clock, rest) = mark(start);
    if rest.rest.len() < SURE_OCTETS {
        return None;
    }
    let (date, rest) = rest.rest.split_first_chunk()?;
    let (month, day, is_standard) = month_and_day(date)?;
    let (year, rest) = match rest {
        [_, _, b':', ..] => (None, rest),
        [_, _, _, _, b' ', time @ ..] => (Some(plausible_year(rest.first_chunk()?)?), time),
        _ => return None,
    };
    let (time, rest) = time_of_day(rest)?;
    let (time, rest) = time.with_fraction(rest);
    let standard = is_standard && year.is_none() && time.nanosecond.is_none() && clock == ClockMark::Unmarked;
    let time = assemble(year, month, day, time, Offset::Absent)?;
    Some((UsualTime { time: DeviceTime { clock, ..time }, standard }, rest))
}

/// What Cisco devices put before the time when their clock is not right, and what follows it.
#[inline(always)]
pub(super) fn mark(start: Cursor<'_>) -> (ClockMark, Cursor<'_>) {
    match start.rest {
        [b'*', rest @ ..] => (ClockMark::NotSet, Cursor::new(rest)),
        [b'.', rest @ ..] => (ClockMark::NotSynchronised, Cursor::new(rest)),
        _ => (ClockMark::Unmarked, start),
    }
}

/// Reads `2003-10-11T22:14:15.003Z` as RFC 5424 6.2.3 has it.
#[inline(always)]
pub(super) fn rfc3339<'a>(start: Cursor<'a>) -> Option<(UsualTime<'a>, Cursor<'a>)> {
    if start.rest.len() < SURE_OCTETS {
        return None;
    }
    let (date, rest) = start.rest.split_first_chunk()?;
    after_date(standard_date(date)?, rest)
}

/// Reads the same, also with a space for `T` and one-digit month and day, as `2026-7-23 01:00:05.270.1`.
#[inline(always)]
pub(super) fn iso<'a>(start: Cursor<'a>) -> Option<(UsualTime<'a>, Cursor<'a>)> {
    if start.rest.len() < SURE_OCTETS {
        return None;
    }
    // Two digits of a month are told by what follows them.
    let (date, rest) = match start.rest.split_first_chunk() {
        Some((date @ [_, _, _, _, _, _, _, b'-', _, _, _], rest)) if let Some(date) = standard_date(date) => {
            (date, rest)
        }
        _ => short_date(start.rest)?,
    };
    after_date(date, rest)
}

/// Reads a stamp whose date and time stand apart and have all their digits, as `2026-03-31` and `07:48:26`.
#[inline]
pub(super) fn date_and_time_of_ten<'a>(date: &[u8; 10], time: &[u8; 8]) -> Option<UsualTime<'a>> {
    let Date { year, month, day, .. } = date_of_ten(date)?;
    let time = assemble(Some(year), month, day, TimeOfDay::usual(time)?, Offset::Absent)?;
    Some(UsualTime { time, standard: false })
}

/// A date as written, and whether that is as RFC 5424 6.2.3 wants it.
pub(super) struct Date {
    pub(super) year: i32,
    pub(super) month: u8,
    pub(super) day: u8,
    pub(super) is_standard: bool,
}

/// Reads `2003-10-11`: the places of all digits are known.
#[inline(always)]
fn date_of_ten(text: &[u8; 10]) -> Option<Date> {
    let [century, _, year, _, _, month, ..] = digits::two_digits(text.first_chunk()?, b"9999-19-")?;
    let [.., day, _] = digits::two_digits(text.last_chunk()?, b"99-19-39")?;
    Some(Date { year: i32::from(century) * 100 + i32::from(year), month, day, is_standard: true })
}

/// Reads `2003-10-11T`.
#[inline(always)]
fn standard_date(text: &[u8; 11]) -> Option<Date> {
    let [date @ .., b'T'] = text else { return None };
    date_of_ten(date)
}

/// Reads `2003-1-1 ` and the like.
#[inline(always)]
fn short_date(text: &[u8]) -> Option<(Date, &[u8])> {
    let (year, rest) = text.split_first_chunk()?;
    let year = i32::try_from(digits::four_digits(year)?).ok()?;
    let mut cursor = Cursor::new(rest.strip_prefix(b"-")?);
    let month = cursor.small_number(1)?;
    cursor = Cursor::new(cursor.rest.strip_prefix(b"-")?);
    let day = cursor.small_number(1)?;
    let [b' ' | b'T', rest @ ..] = cursor.rest else { return None };
    Some((Date { year, month, day, is_standard: false }, rest))
}

/// Reads the time of day and its zone.
#[inline(always)]
fn after_date<'a>(date: Date, rest: &'a [u8]) -> Option<(UsualTime<'a>, Cursor<'a>)> {
    let (time, rest) = time_of_day(rest)?;
    let (time, mut rest) = time.with_fraction(rest);
    let (zone, standard) = iso_end(&mut rest, &date, &time);
    let time = assemble(Some(date.year), date.month, date.day, time, zone)?;
    Some((UsualTime { time, standard }, rest))
}

/// Moves over what stands behind the fraction of `time`, which follows `date`: the zone, and whether all three are written as
/// RFC 5424 6.2.3 wants it.
#[inline(always)]
pub(super) fn iso_end(cursor: &mut Cursor<'_>, date: &Date, time: &TimeOfDay) -> (Offset, bool) {
    let is_counted = time.nanosecond.is_some() && counter(cursor);
    let zone = Offset::of_iso(cursor);
    (zone, date.is_standard && time.standard && !is_counted && zone.standard())
}

/// Reads `hh:mm:ss` of a time that a clock shows.
#[inline(always)]
fn time_of_day(text: &[u8]) -> Option<(TimeOfDay, Cursor<'_>)> {
    let (text, rest) = text.split_first_chunk()?;
    TimeOfDay::usual(text).map(|time| (time, Cursor::new(rest)))
}

/// Puts the parts together, as of a clock that is right, if the calendar has the day and the zone exists. Without a year, 29
/// February may be right.
#[inline(always)]
pub(super) fn assemble<'a>(
    year: Option<i32>,
    month: u8,
    day: u8,
    time: TimeOfDay,
    zone: Offset,
) -> Option<DeviceTime<'a>> {
    const LEAP_YEAR: i32 = 2000;
    let is_sure = SURE_DAYS.contains(&day) && (1..=12).contains(&month);
    let is_day = is_sure || day > 0 && day <= civil::days_in_month(year.unwrap_or(LEAP_YEAR), month);
    let offset_minutes = match zone {
        Offset::Absent => None,
        Offset::Minutes { value, .. } => Some(value),
        Offset::Impossible => return None,
    };
    let TimeOfDay { hour, minute, second, nanosecond, .. } = time;
    let nanosecond = nanosecond.unwrap_or(0);
    let clock = ClockMark::Unmarked;
    is_day.then_some(DeviceTime {
        year,
        month,
        day,
        hour,
        minute,
        second,
        nanosecond,
        offset_minutes,
        zone: None,
        clock,
    })
}

/// The year of four digits, if it is plausible.
#[inline(always)]
fn plausible_year(text: &[u8; 4]) -> Option<i32> {
    i32::try_from(digits::four_digits(text)?).ok().filter(|year| PLAUSIBLE_YEARS.contains(year))
}

/// Moves over `.1`: Huawei counts messages of one millisecond behind the fraction, `01:00:33.270.1`.
#[inline(always)]
fn counter(cursor: &mut Cursor<'_>) -> bool {
    let [b'.', b'0'..=b'9', rest @ ..] = cursor.rest else { return false };
    *cursor = Cursor::new(rest);
    if cursor.peek().is_some_and(|octet| octet.is_ascii_digit()) {
        cursor.take_while(8, |octet| octet.is_ascii_digit());
    }
    true
}

/// Reads `Oct 11 ` or `Oct  1 `: month, day, and whether they are written as RFC 3164 4.1.2 wants it.
#[inline(always)]
fn month_and_day(text: &[u8; 7]) -> Option<(u8, u8, bool)> {
    let (month, [d1, d2, b' ']) = text.split_first_chunk()? else { return None };
    let tens = if *d1 == b' ' { 0 } else { digit(*d1)? };
    let is_standard = *d1 != b'0' && is_capital(month);
    Some((month_number(month)?, tens * 10 + digit(*d2)?, is_standard))
}

/// Whether the name of a month starts with a capital letter.
#[inline(always)]
pub(super) fn is_capital(name: &[u8; 4]) -> bool {
    name[0] & 0x20 == 0
}

/// The month of an English three-letter name in any case, and a space.
#[inline(always)]
pub(super) fn month_number(name: &[u8; 4]) -> Option<u8> {
    let name = u32::from_le_bytes(*name) | SMALL;
    let (known, number) = MONTHS.get(slot(name))?;
    (*known == name).then_some(*number)
}

/// The bits that make three letters small; no other octet becomes a small letter by them.
const SMALL: u32 = 0x0020_2020;

/// The place of a month's name, in small letters, in [`MONTHS`].
#[inline(always)]
const fn slot(name: u32) -> usize {
    /// It gives each of the twelve names a place of its own.
    const MULTIPLIER: u32 = 26_597;
    (name.wrapping_mul(MULTIPLIER) >> 28) as usize
}

/// The names of the months and their numbers, each at its [`slot`].
const MONTHS: [(u32, u8); 16] = {
    const NAMES: &[u8; 48] = b"jan feb mar apr may jun jul aug sep oct nov dec ";
    let mut months = [(0, 0); 16];
    let mut number = 0;
    let mut rest = NAMES.as_slice();
    while let Some((name, after)) = rest.split_first_chunk() {
        let name = u32::from_le_bytes(*name);
        assert!(months[slot(name)].1 == 0, "two months have one place");
        number += 1;
        months[slot(name)] = (name, number);
        rest = after;
    }
    months
};
