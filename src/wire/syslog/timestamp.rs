//! The time a device wrote into its message: RFC 3339 (RFC 5424 6.2.3), `Mmm dd hh:mm:ss` (RFC 3164 4.1.2) and
//! what devices make of them.
//!
//! Nothing is filled in here. The year that a device leaves out and the zone that it does not name are the
//! reader's to choose, who knows when the message came and from where.
//!
//! Invariant: a [`DeviceTime`] exists in the calendar; 31 November and 14:99 are refused, never rolled over.

use super::cursor::Cursor;
use super::time_of_day::TimeOfDay;
use super::zone::{Offset, is_zone_word};
use crate::base::civil;
use crate::base::digits;

/// What a Cisco device says about its clock, by the character before the time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ClockMark {
    /// Nothing: as far as we know the clock is right.
    #[default]
    Unmarked,
    /// `*`: the clock was never set; the time is worth nothing.
    NotSet,
    /// `.`: the clock was set, but is not synchronised any more.
    NotSynchronised,
}

/// A device's own time, exactly as far as its message says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeviceTime<'a> {
    /// Year, if the message has one.
    pub year: Option<i32>,
    /// Month, 1 to 12.
    pub month: u8,
    /// Day of the month, 1 to 31; 29 February may stand without a year.
    pub day: u8,
    /// Hour, 0 to 23.
    pub hour: u8,
    /// Minute, 0 to 59.
    pub minute: u8,
    /// Second, 0 to 59: RFC 5424 6.2.3 knows no leap second.
    pub second: u8,
    /// Nanosecond, 0 to 999,999,999.
    pub nanosecond: u32,
    /// Minutes east of UTC, if the message says; -1,439 to 1,439.
    pub offset_minutes: Option<i32>,
    /// A zone word (`UTC`, `CEST`), not interpreted: IST and EST mean different zones to different people.
    pub zone: Option<&'a [u8]>,
    /// What the device says about its clock.
    pub clock: ClockMark,
}

/// Something that has the shape of a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stamp<'a> {
    /// A time that exists; `standard` if it is written as its RFC wants it.
    Known { time: DeviceTime<'a>, standard: bool },
    /// A date or time that does not exist.
    Impossible,
}

impl Stamp<'_> {
    /// The same, but not written as its RFC wants it.
    fn nonstandard(self) -> Self {
        match self {
            Self::Known { time, .. } => Self::Known { time, standard: false },
            Self::Impossible => Self::Impossible,
        }
    }
}

/// Reads a stamp in any shape that stands where RFC 3164 has its TIMESTAMP.
///
/// `None`: there is none. The octet after the stamp is not judged.
pub(super) fn any<'a>(start: Cursor<'a>) -> Option<(Stamp<'a>, Cursor<'a>)> {
    let mut cursor = start;
    let clock = mark(&mut cursor);
    let (stamp, rest) = match cursor.peek()? {
        b'0'..=b'9' => iso(cursor).or_else(|| year_first(cursor)).or_else(|| slashed(cursor)),
        letter if letter.is_ascii_alphabetic() => plain(cursor).or_else(|| {
            let after_weekday = skip_weekday(cursor);
            match after_weekday.peek()? {
                b'0'..=b'9' => iso(after_weekday).map(|(stamp, cursor)| (stamp.nonstandard(), cursor)),
                _ => month_first(after_weekday, None),
            }
        }),
        _ => None,
    }?;
    Some((with_clock(stamp, clock), rest))
}

/// The stamp with what stood before it.
#[inline(always)]
fn with_clock(stamp: Stamp<'_>, clock: ClockMark) -> Stamp<'_> {
    match stamp {
        Stamp::Known { time, standard } => {
            let standard = standard && clock == ClockMark::Unmarked;
            Stamp::Known { time: DeviceTime { clock, ..time }, standard }
        }
        Stamp::Impossible => Stamp::Impossible,
    }
}

/// [`of_device`] without a mark, if neither a year nor an offset may follow.
fn plain<'a>(start: Cursor<'a>) -> Option<(Stamp<'a>, Cursor<'a>)> {
    let (stamp, cursor) = of_device(start)?;
    let ends = matches!(
        cursor.rest,
        [] | [b' '] | [b':', ..] | [b' ', b'A'..=b'Z' | b'a'..=b'z' | b'<' | b':' | b'[' | b'%', ..]
    );
    ends.then_some((stamp, cursor))
}

/// Reads `Oct 11 22:14:15` exactly as RFC 3164 4.1.2 writes it, also with a year before the time, a fraction behind it,
/// and Cisco's mark before all; what follows is not looked at. Most lines start so, and the places of all digits are known.
#[inline(always)]
pub(super) fn of_device<'a>(start: Cursor<'a>) -> Option<(Stamp<'a>, Cursor<'a>)> {
    let mut cursor = start;
    let clock = mark(&mut cursor);
    let (date, rest) = cursor.rest.split_first_chunk()?;
    let (month, day, standard) = month_and_day(date)?;
    let (year, rest) = match rest {
        [_, _, b':', ..] => (None, rest),
        [_, _, _, _, b' ', time @ ..] => (Some(year_before_time(rest)?), time),
        _ => return None,
    };
    let (time, rest) = rest.split_first_chunk()?;
    let (time, cursor) = TimeOfDay::of(time)?.with_fraction(Cursor::new(rest));
    let standard = standard && year.is_none() && time.nanosecond.is_none();
    let stamp = assemble(year, month, day, time, Offset::Absent, standard);
    Some((with_clock(stamp, clock), cursor))
}

/// The plausible year at the start of `2026 22:14:15`.
#[inline]
fn year_before_time(text: &[u8]) -> Option<i32> {
    let [century, _, year, ..] = digits::two_digits(text.first_chunk()?, b"0000 00:")?;
    Some(i32::from(century) * 100 + i32::from(year)).filter(|year| PLAUSIBLE_YEARS.contains(year))
}

/// Moves over what Cisco devices put before the time when their clock is not right.
#[inline(always)]
fn mark(cursor: &mut Cursor<'_>) -> ClockMark {
    let clock = match cursor.peek() {
        Some(b'*') => ClockMark::NotSet,
        Some(b'.') => ClockMark::NotSynchronised,
        _ => return ClockMark::Unmarked,
    };
    cursor.take(1);
    clock
}

/// Reads `Oct 11 ` or `Oct  1 `: month, day, and whether they are written as RFC 3164 4.1.2 wants it.
#[inline(always)]
fn month_and_day(text: &[u8; 7]) -> Option<(u8, u8, bool)> {
    let [month @ .., b' ', d1, d2, b' '] = text else { return None };
    let tens = if *d1 == b' ' { 0 } else { digit(*d1)? };
    let standard = *d1 != b'0' && month[0].is_ascii_uppercase();
    Some((month_number(*month)?, tens * 10 + digit(*d2)?, standard))
}

/// The value of a decimal digit.
#[inline(always)]
fn digit(octet: u8) -> Option<u8> {
    Some(octet.wrapping_sub(b'0')).filter(|value| *value <= 9)
}

/// A date, and whether it is written as RFC 5424 6.2.3 wants it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Date {
    year: i32,
    month: u8,
    day: u8,
    standard: bool,
}

/// Reads `2003-10-11T22:14:15.003Z` and its relatives: space or lower case for `T`, comma for the point, more
/// digits, one-digit months, slashes, no zone, a zone without colon, Huawei's counter.
#[inline(always)]
pub(super) fn iso<'a>(start: Cursor<'a>) -> Option<(Stamp<'a>, Cursor<'a>)> {
    let (date, rest) = match standard_date(start) {
        Some(found) => found,
        None => odd_date(start)?,
    };
    let (time, rest) = TimeOfDay::read(rest)?;
    Some(with_zone(date, time, rest))
}

/// [`iso`] of a date and a time that RFC 5424 6.2.3 allows.
#[inline(always)]
pub(super) fn rfc3339<'a>(start: Cursor<'a>) -> Option<(Stamp<'a>, Cursor<'a>)> {
    let (date, rest) = standard_date(start)?;
    let (time, rest) = rest.rest.split_first_chunk()?;
    let (time, rest) = TimeOfDay::of(time)?.with_fraction(Cursor::new(rest));
    Some(with_zone(date, time, rest))
}

/// Reads `2003-10-11T`: the places of all digits are known.
#[inline(always)]
fn standard_date(start: Cursor<'_>) -> Option<(Date, Cursor<'_>)> {
    let (date, rest) = start.rest.split_first_chunk::<11>()?;
    let [century, _, year, ..] = digits::two_digits(date.first_chunk()?, b"0000-00-")?;
    let [_, _, month, _, _, day, ..] = digits::two_digits(date.last_chunk()?, b"0-00-00T")?;
    let year = i32::from(century) * 100 + i32::from(year);
    Some((Date { year, month, day, standard: true }, Cursor::new(rest)))
}

/// Reads `2003-1-1 `, `2003/01/01T` and the like.
fn odd_date(start: Cursor<'_>) -> Option<(Date, Cursor<'_>)> {
    let mut cursor = start;
    let year = year(&mut cursor)?;
    let separator = cursor.peek().filter(|octet| matches!(octet, b'-' | b'/'))?;
    cursor.take(1);
    let month = cursor.small_number(1)?;
    if !cursor.eat(separator) {
        return None;
    }
    let day = cursor.small_number(1)?;
    let between = cursor.peek().filter(|octet| matches!(octet, b'T' | b't' | b' '))?;
    cursor.take(1);
    let octets = start.rest.len() - cursor.rest.len();
    let standard = separator == b'-' && octets == 11 && between == b'T';
    Some((Date { year, month, day, standard }, cursor))
}

/// The stamp of `date` and `time`, with the zone at `start`, if there is one.
#[inline(always)]
fn with_zone<'a>(date: Date, time: TimeOfDay, start: Cursor<'a>) -> (Stamp<'a>, Cursor<'a>) {
    let mut cursor = start;
    let counted = time.nanosecond.is_some() && counter(&mut cursor);
    let zone = match cursor.rest {
        [b'Z', rest @ ..] => {
            cursor = Cursor::new(rest);
            Offset::Minutes { value: 0, standard: true }
        }
        [b' ', b'a'..=b'z' | b'A'..=b'Z', ..] => Offset::Absent,
        _ => Offset::read(&mut cursor),
    };
    let Date { year, month, day, standard } = date;
    let standard = standard && time.standard && !counted && zone.standard();
    (assemble(Some(year), month, day, time, zone, standard), cursor)
}

/// Moves over `.1`: Huawei counts messages of one millisecond behind the fraction, `01:00:33.270.1`.
#[inline(always)]
fn counter(cursor: &mut Cursor<'_>) -> bool {
    let [b'.', b'0'..=b'9', rest @ ..] = cursor.rest else { return false };
    *cursor = Cursor::new(rest);
    cursor.take_while(8, |octet| octet.is_ascii_digit());
    true
}

/// Moves over the four digits of a year.
///
/// With `None` the cursor has moved as well, so work on a copy.
fn year(cursor: &mut Cursor<'_>) -> Option<i32> {
    let century = cursor.small_number(2)?;
    Some(i32::from(century) * 100 + i32::from(cursor.small_number(2)?))
}

/// Years that a device's clock may show, where a number might as well be something else.
const PLAUSIBLE_YEARS: std::ops::Range<i32> = 1970..2200;

/// Reads a stamp whose date and time stand apart and have all their digits, as `2026-03-31` and `07:48:26`.
#[inline]
pub(super) fn date_and_time_of_ten<'a>(date: &[u8; 10], time: &[u8; 8]) -> Option<Stamp<'a>> {
    let [century, _, year, _, _, month, ..] = digits::two_digits(date.first_chunk()?, b"0000-00-")?;
    let [.., day, _] = digits::two_digits(date.last_chunk()?, b"00-00-00")?;
    let year = i32::from(century) * 100 + i32::from(year);
    Some(assemble(Some(year), month, day, TimeOfDay::of(time)?, Offset::Absent, false))
}

/// Reads a stamp whose date and time stand apart, as `date=2026-03-31 time=07:48:26`.
pub(super) fn date_and_time<'a>(date: &[u8], start: Cursor<'a>) -> Option<(Stamp<'a>, Cursor<'a>)> {
    let mut parts = Cursor::new(date);
    let year = year(&mut parts)?;
    let month = if parts.eat(b'-') { parts.small_number(1)? } else { return None };
    let day = if parts.eat(b'-') { parts.small_number(1)? } else { return None };
    let (time, cursor) = TimeOfDay::read(start)?;
    let known = parts.is_empty() && cursor.at_field_end();
    known.then(|| (assemble(Some(year), month, day, time, Offset::Absent, false), cursor))
}

/// Reads `2016 Mar 06 09:22:34`, as NX-OS writes it, or `2018-Nov- 9 15:41:30`, as Opengear does.
fn year_first<'a>(start: Cursor<'a>) -> Option<(Stamp<'a>, Cursor<'a>)> {
    let mut cursor = start;
    let year = year(&mut cursor)?;
    if !cursor.eat(b'-') && !cursor.eat_spaces() {
        return None;
    }
    month_first(cursor, Some(year))
}

/// Reads `10/15/2013:15:09:41` as NetScaler writes it, day or month first as it was told to; where both are possible
/// the month is first, as by default. Of `15:09:41 GMT`, without a date, nobody knows the day.
fn slashed<'a>(start: Cursor<'a>) -> Option<(Stamp<'a>, Cursor<'a>)> {
    let mut cursor = start;
    let first = cursor.small_number(2)?;
    if cursor.at(b':') {
        let (_, cursor) = TimeOfDay::read(start)?;
        return cursor.rest.starts_with(b" GMT ").then_some((Stamp::Impossible, cursor));
    }
    if !cursor.eat(b'/') {
        return None;
    }
    let second = cursor.small_number(2)?;
    let year = if cursor.eat(b'/') { year(&mut cursor)? } else { return None };
    let (time, cursor) = if cursor.eat(b':') { TimeOfDay::read(cursor)? } else { return None };
    let (month, day) = if first > 12 { (second, first) } else { (first, second) };
    Some((assemble(Some(year), month, day, time, Offset::Absent, false), cursor))
}

/// Reads `Oct 11 22:14:15`, with a year after the day or after the time, with a fraction, with an offset.
fn month_first<'a>(start: Cursor<'a>, year: Option<i32>) -> Option<(Stamp<'a>, Cursor<'a>)> {
    let mut cursor = start;
    let name: &[u8; 3] = cursor.take(3).try_into().ok()?;
    let month = month_number(*name)?;
    let dashed = year.is_some() && cursor.eat(b'-');
    let padded = cursor.eat_spaces() || dashed;
    let day_start = cursor;
    let day = cursor.small_number(1)?;
    let standard = year.is_none()
        && padded
        && start.rest.len() - cursor.rest.len() == 6
        && !day_start.at(b'0')
        && name.first().is_some_and(u8::is_ascii_uppercase);
    if !padded || !cursor.eat_spaces() {
        return None;
    }
    let after_day = year.or_else(|| {
        let mut after_day = cursor;
        let year = year_before(&mut after_day, b' ')?;
        cursor = after_day;
        cursor.eat_spaces();
        Some(year)
    });
    let (time, mut cursor) = TimeOfDay::read(cursor)?;
    let zone = Offset::read(&mut cursor);
    let year = after_day.or_else(|| {
        let mut after_time = cursor;
        let year = if after_time.eat(b' ') { year_before(&mut after_time, b':') } else { None }?;
        cursor = after_time;
        Some(year)
    });
    let standard = standard && year.is_none() && time.nanosecond.is_none() && zone == Offset::Absent;
    Some((assemble(year, month, day, time, zone, standard), cursor))
}

/// Reads ` 1987`, the year that `date` writes behind the zone, if a word follows it.
pub(super) fn year_after_zone<'a>(start: Cursor<'a>) -> Option<(i32, Cursor<'a>)> {
    let mut cursor = start;
    let year = if cursor.eat(b' ') { year_before(&mut cursor, b' ') } else { None }?;
    Some((year, cursor)).filter(|_| cursor.at(b' '))
}

/// Moves over four digits of a plausible year that a space, the end, or `end` and one of these follow.
///
/// With `None` the cursor has moved as well, so work on a copy.
fn year_before(cursor: &mut Cursor<'_>, end: u8) -> Option<i32> {
    let mut ahead = *cursor;
    let year = year(&mut ahead).filter(|year| PLAUSIBLE_YEARS.contains(year))?;
    *cursor = ahead;
    // `2001:db8::1` after a time is a host.
    (ahead.at_field_end() || ahead.eat(end) && ahead.at_field_end()).then_some(year)
}

/// Moves over `Mon ` or `Mon, `: some devices write the weekday first.
fn skip_weekday(start: Cursor<'_>) -> Cursor<'_> {
    let mut cursor = start;
    let day = cursor.take(3).try_into().map(lower_case);
    let known = matches!(day.as_ref(), Ok(b"mon" | b"tue" | b"wed" | b"thu" | b"fri" | b"sat" | b"sun"));
    if !known {
        return start;
    }
    cursor.eat(b',');
    if cursor.eat_spaces() { cursor } else { start }
}

fn lower_case(name: [u8; 3]) -> [u8; 3] {
    name.map(|octet| octet.to_ascii_lowercase())
}

/// The month of an English three-letter name in any case.
#[inline(always)]
fn month_number(name: [u8; 3]) -> Option<u8> {
    const fn word(name: [u8; 3]) -> u32 {
        // No other octet becomes a letter of lower case by this bit.
        u32::from_le_bytes([name[0], name[1], name[2], 0]) | 0x0020_2020
    }
    const NAMES: [u32; 12] = [
        word(*b"jan"),
        word(*b"feb"),
        word(*b"mar"),
        word(*b"apr"),
        word(*b"may"),
        word(*b"jun"),
        word(*b"jul"),
        word(*b"aug"),
        word(*b"sep"),
        word(*b"oct"),
        word(*b"nov"),
        word(*b"dec"),
    ];
    let name = word(name);
    (1..).zip(NAMES).find_map(|(number, known)| (known == name).then_some(number))
}

/// Puts the parts together if they make a time that exists.
#[inline(always)]
fn assemble<'a>(
    year: Option<i32>,
    month: u8,
    day: u8,
    time: TimeOfDay,
    zone: Offset,
    standard: bool,
) -> Stamp<'a> {
    // Without a year, 29 February may be right: 2000 is a leap year.
    let exists = day >= 1 && day <= civil::days_in_month(year.unwrap_or(2000), month) && time.exists();
    let offset_minutes = match zone {
        Offset::Absent => None,
        Offset::Minutes { value, .. } => Some(value),
        Offset::Impossible => return Stamp::Impossible,
    };
    if !exists {
        return Stamp::Impossible;
    }
    let TimeOfDay { hour, minute, second, nanosecond, .. } = time;
    let nanosecond = nanosecond.unwrap_or(0);
    let clock = ClockMark::Unmarked;
    let time =
        DeviceTime { year, month, day, hour, minute, second, nanosecond, offset_minutes, zone: None, clock };
    Stamp::Known { time, standard }
}

/// Reads the value of a `time` pair that has the date as well: `2019-03-18 08:33:45 UTC`, or seconds since 1970.
pub(super) fn quoted<'a>(text: &'a [u8]) -> Option<Stamp<'a>> {
    let start = Cursor::new(text);
    if let Some((mut stamp, mut cursor)) = iso(start) {
        if let Stamp::Known { time, .. } = &mut stamp
            && cursor.eat(b' ')
            && is_zone_word(cursor.rest)
        {
            time.zone = Some(cursor.rest);
            cursor = Cursor::new(b"");
        }
        return cursor.is_empty().then_some(stamp);
    }
    let digits = (9..=10).contains(&text.len()) && text.iter().all(u8::is_ascii_digit);
    let seconds = digits.then(|| std::str::from_utf8(text).ok()?.parse::<i64>().ok()).flatten()?;
    Some(since_1970(seconds))
}

/// The stamp of a count of seconds, which is in UTC.
fn since_1970<'a>(seconds: i64) -> Stamp<'a> {
    let date = civil::civil_from_days(seconds.div_euclid(civil::SECONDS_PER_DAY));
    // A day has 86,400 seconds.
    let second = u32::try_from(seconds.rem_euclid(civil::SECONDS_PER_DAY)).unwrap_or(0);
    let [hour, minute, second] =
        [second / 3_600, second / 60 % 60, second % 60].map(|part| u8::try_from(part).unwrap_or(0));
    let time = TimeOfDay { hour, minute, second, nanosecond: None, standard: false };
    let zone = Offset::Minutes { value: 0, standard: false };
    assemble(Some(date.year), date.month, date.day, time, zone, false)
}

#[cfg(test)]
#[path = "timestamp_tests.rs"]
mod tests;
