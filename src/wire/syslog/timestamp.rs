//! How devices write times: RFC 3339 (RFC 5424 6.2.3), `Mmm dd hh:mm:ss` (RFC 3164 4.1.2) and what became of them.
//!
//! Each shape that most lines have begins with a test of all its octets at once and falls back to reading its parts.
//!
//! Invariant: 31 November and 14:99 are refused, never rolled over.

use super::cursor::Cursor;
use super::date::{self, Date};
use super::device_time::{ClockMark, DeviceTime};
use super::time_of_day::{TimeOfDay, read_meridiem};
use super::zone::{Offset, is_zone_word};
use crate::base::digits;

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

    /// The same with what stood before it.
    fn with_clock(self, clock: ClockMark) -> Self {
        match self {
            Self::Known { time, standard } => {
                let standard = standard && clock == ClockMark::Unmarked;
                Self::Known { time: DeviceTime { clock, ..time }, standard }
            }
            Self::Impossible => Self::Impossible,
        }
    }
}

/// Reads a stamp in any shape that stands where RFC 3164 has its TIMESTAMP.
///
/// `None`: there is none. The octet after the stamp is not judged.
#[inline]
pub(super) fn any<'a>(start: Cursor<'a>) -> Option<(Stamp<'a>, Cursor<'a>)> {
    let found = match start.rest {
        // Three letters, a space, and at least a day.
        [b'A'..=b'Z' | b'a'..=b'z', _, _, b' ', ..] => plain_month_first(start),
        _ => None,
    };
    match found {
        Some(found) => Some(found),
        None if may_start(start) => other(start),
        None => None,
    }
}

/// Whether a stamp may start here, by its first octets.
#[inline]
fn may_start(start: Cursor<'_>) -> bool {
    match start.rest {
        [b'0'..=b'9' | b'*' | b'.' | b'[', ..] => true,
        // Behind the three letters of a month or a day stands one of these.
        [b'A'..=b'Z' | b'a'..=b'z', _, _, b' ' | b',' | b'.' | b'a'..=b'z' | b'A'..=b'Z', ..] => true,
        _ => false,
    }
}

/// [`any`] of a shape that is not the one of RFC 3164.
#[inline(never)]
fn other<'a>(start: Cursor<'a>) -> Option<(Stamp<'a>, Cursor<'a>)> {
    let (clock, cursor) = clock_mark(start);
    let (mut stamp, mut rest) = match cursor.rest {
        [b'0'..=b'9', ..] => iso(cursor).or_else(|| digits_first(cursor)),
        [b'A'..=b'Z' | b'a'..=b'z', ..] => month_first(cursor).or_else(|| weekday_first(cursor)),
        [b'[', ..] => bracketed(cursor),
        _ => None,
    }?;
    if let Stamp::Known { time, .. } = &mut stamp
        && let Some(hour) = read_meridiem(&mut rest, time.hour)
    {
        time.hour = hour;
        stamp = stamp.nonstandard();
    }
    Some((stamp.with_clock(clock), rest))
}

/// What Cisco devices put before the time when their clock is not right, and what follows it.
fn clock_mark(start: Cursor<'_>) -> (ClockMark, Cursor<'_>) {
    match start.rest {
        [b'*', rest @ ..] => (ClockMark::NotSet, Cursor::new(rest)),
        [b'.', rest @ ..] => (ClockMark::NotSynchronised, Cursor::new(rest)),
        _ => (ClockMark::Unmarked, start),
    }
}

/// Reads `2003-10-11T22:14:15.003Z` and its relatives: space or lower case for `T`, comma for the point, more
/// digits, one-digit months, slashes, no zone, a zone without colon, Huawei's counter.
#[inline(always)]
pub(super) fn iso<'a>(start: Cursor<'a>) -> Option<(Stamp<'a>, Cursor<'a>)> {
    let mut cursor = start;
    let date = date::read_iso(&mut cursor)?;
    let time = TimeOfDay::read(&mut cursor)?;
    // Huawei counts the messages of one millisecond behind the fraction: `01:00:33.270.1`.
    let is_counted = time.nanosecond.is_some() && skip_counter(&mut cursor);
    let zone = Offset::of_iso(&mut cursor);
    let standard = date.is_standard && time.is_standard && !is_counted && zone.standard();
    Some((assemble(date, time, zone, standard), cursor))
}

/// Moves over `.1`.
#[inline]
fn skip_counter(cursor: &mut Cursor<'_>) -> bool {
    let [b'.', b'0'..=b'9', rest @ ..] = cursor.rest else { return false };
    *cursor = Cursor::new(rest);
    cursor.take_while(8, |octet| octet.is_ascii_digit());
    true
}

/// Reads a stamp whose date and time stand apart, as `date=2026-03-31 time=07:48:26`.
pub(super) fn date_and_time<'a>(date: &[u8], time: &'a [u8]) -> Option<Stamp<'a>> {
    let date = match date.try_into() {
        Ok(date) => date::of_ten(date)?,
        Err(_) => short_date(date)?,
    };
    let mut cursor = Cursor::new(time);
    let time = TimeOfDay::read(&mut cursor)?;
    let zone = Offset::read(&mut cursor);
    cursor.at_field_end().then(|| assemble(date, time, zone, false))
}

/// The date in `2026-3-1`.
fn short_date(text: &[u8]) -> Option<Date> {
    let mut cursor = Cursor::new(text);
    let year = Some(date::read_year(&mut cursor)?);
    let month = if cursor.eat(b'-') { cursor.small_number(1)? } else { return None };
    let day = if cursor.eat(b'-') { cursor.small_number(1)? } else { return None };
    cursor.is_empty().then_some(Date { year, month, day, is_standard: false })
}

/// Reads what starts with digits and is not [`iso`].
#[cold]
#[inline(never)]
fn digits_first<'a>(start: Cursor<'a>) -> Option<(Stamp<'a>, Cursor<'a>)> {
    let [_, second, third, _, fifth, ..] = start.rest else { return None };
    match (second, third, fifth) {
        (_, b'/' | b'.', _) | (b'/' | b'.', ..) => numeric_day_first(start),
        (b':', ..) | (_, b':', _) => time_before_gmt(start),
        (_, _, b':' | b'.') => year_and_numbers(start),
        (_, b'-' | b' ', _) | (b'-' | b' ', ..) => day_first(start),
        _ => compact(start).or_else(|| year_first(start)),
    }
}

/// Reads `20261127T172753Z`, the basic format of ISO 8601.
fn compact<'a>(start: Cursor<'a>) -> Option<(Stamp<'a>, Cursor<'a>)> {
    let mut cursor = start;
    let year = Some(date::read_year(&mut cursor)?);
    let date =
        Date { year, month: cursor.small_number(2)?, day: cursor.small_number(2)?, is_standard: false };
    if !cursor.eat(b'T') {
        return None;
    }
    let [hour, minute, second] = [cursor.small_number(2)?, cursor.small_number(2)?, cursor.small_number(2)?];
    let time =
        TimeOfDay { hour, minute, second, nanosecond: None, is_standard: false }.with_fraction(&mut cursor);
    let zone = Offset::read(&mut cursor);
    Some((assemble(date, time, zone, false), cursor))
}

/// Reads `2016 Mar 06 09:22:34`, as NX-OS writes it, or `2018-Nov- 9 15:41:30`, as Opengear does.
fn year_first<'a>(start: Cursor<'a>) -> Option<(Stamp<'a>, Cursor<'a>)> {
    let mut cursor = start;
    let year = date::read_year(&mut cursor)?;
    if !cursor.eat(b'-') && !cursor.eat_spaces() {
        return None;
    }
    month_first_parts(cursor, Some(year))
}

/// Reads `27-Nov-2026 17:27:53`, `27 Nov 2026 17:27:53 +0000` or `27 Nov 17:27:53`.
fn day_first<'a>(start: Cursor<'a>) -> Option<(Stamp<'a>, Cursor<'a>)> {
    let mut cursor = start;
    let day = cursor.small_number(1)?;
    let separator = cursor.peek()?;
    cursor.take(1);
    let (month, _) = date::read_month(&mut cursor)?;
    let year = cursor.attempt(|cursor| {
        cursor.eat(separator);
        let year = date::read_year(cursor)?;
        (cursor.at(b' ') || cursor.at(b':')).then_some(year)
    });
    if !cursor.eat(b' ') && !cursor.eat(b':') {
        return None;
    }
    let time = TimeOfDay::read(&mut cursor)?;
    let zone = Offset::read(&mut cursor);
    Some((assemble(Date { year, month, day, is_standard: false }, time, zone, false), cursor))
}

/// Reads `2026:11:27-17:27:53`, as Sophos UTM writes it, or `2026.11.27 17:27:53`.
fn year_and_numbers<'a>(start: Cursor<'a>) -> Option<(Stamp<'a>, Cursor<'a>)> {
    let mut cursor = start;
    let year = Some(date::read_year(&mut cursor)?);
    let separator = cursor.peek()?;
    let month = if cursor.eat(separator) { cursor.small_number(2)? } else { return None };
    let day = if cursor.eat(separator) { cursor.small_number(2)? } else { return None };
    if !cursor.eat(b'-') && !cursor.eat(b' ') {
        return None;
    }
    let time = TimeOfDay::read(&mut cursor)?;
    let zone = Offset::read(&mut cursor);
    Some((assemble(Date { year, month, day, is_standard: false }, time, zone, false), cursor))
}

/// Reads `10/15/2013:15:09:41` as NetScaler writes it, the same with a space before the hour, or `27.11.2026 17:27:53`.
/// Where day and month are both possible, the month is first before a slash, as by default, and the day before a point.
fn numeric_day_first<'a>(start: Cursor<'a>) -> Option<(Stamp<'a>, Cursor<'a>)> {
    let mut cursor = start;
    let first = cursor.small_number(1)?;
    let separator = cursor.peek()?;
    let second = if cursor.eat(separator) { cursor.small_number(1)? } else { return None };
    let year = if cursor.eat(separator) { date::read_year(&mut cursor)? } else { return None };
    if !cursor.eat(b':') && !cursor.eat(b' ') {
        return None;
    }
    let time = TimeOfDay::read(&mut cursor)?;
    let is_day_first = first > 12 || separator == b'.';
    let (month, day) = if is_day_first { (second, first) } else { (first, second) };
    let date = Date { year: Some(year), month, day, is_standard: false };
    Some((assemble(date, time, Offset::Absent, false), cursor))
}

/// Reads the time of `15:09:41 GMT `, before which NetScaler may leave the date out: the day cannot be known.
fn time_before_gmt<'a>(start: Cursor<'a>) -> Option<(Stamp<'a>, Cursor<'a>)> {
    let mut cursor = start;
    TimeOfDay::read(&mut cursor)?;
    cursor.rest.starts_with(b" GMT ").then_some((Stamp::Impossible, cursor))
}

/// Reads `Oct 11 22:14:15`, with a year after the day or after the time, with a fraction, with an offset.
#[inline]
fn month_first<'a>(start: Cursor<'a>) -> Option<(Stamp<'a>, Cursor<'a>)> {
    match plain_month_first(start) {
        Some(found) => Some(found),
        None => month_first_parts(start, None),
    }
}

/// Reads a time exactly as RFC 3164 4.1.2 writes it, also with a year before the time and a fraction behind it, if
/// it exists and neither a year nor an offset may follow.
#[inline]
fn plain_month_first<'a>(start: Cursor<'a>) -> Option<(Stamp<'a>, Cursor<'a>)> {
    let (text, rest) = start.rest.split_first_chunk()?;
    let mut date = date::month_and_day(text)?;
    let mut cursor = match rest {
        [_, _, b':', ..] => Cursor::new(rest),
        [a, b, c, d, b' ', time @ ..] => {
            let year = i32::try_from(digits::four_digits(&[*a, *b, *c, *d])?).ok()?;
            date.year = Some(year).filter(|year| date::PLAUSIBLE_YEARS.contains(year));
            date.year?;
            Cursor::new(time)
        }
        _ => return None,
    };
    let time = TimeOfDay::read(&mut cursor)?;
    let ends = matches!(
        cursor.rest,
        [] | [b' '] | [b':', ..] | [b' ', b'A'..=b'Z' | b'a'..=b'z' | b'<' | b':' | b'[' | b'%', ..]
    );
    // A host may be called so as well: read elsewhere.
    if let [b' ', b'A' | b'P' | b'a' | b'p', b'M' | b'm', b' ', ..] = cursor.rest {
        return None;
    }
    let standard = date.is_standard && date.year.is_none() && time.is_standard && time.nanosecond.is_none();
    let stamp = assemble(date, time, Offset::Absent, standard);
    (ends && stamp != Stamp::Impossible).then_some((stamp, cursor))
}

/// [`month_first`] of one part after the other, behind the year where that is first.
#[inline(never)]
fn month_first_parts<'a>(start: Cursor<'a>, year: Option<i32>) -> Option<(Stamp<'a>, Cursor<'a>)> {
    let mut cursor = start;
    let (month, is_standard) = date::read_month(&mut cursor)?;
    let dashed = year.is_some() && cursor.eat(b'-');
    let padded = cursor.eat_spaces() || dashed;
    let day_start = cursor;
    let day = cursor.small_number(1)?;
    let octets = start.rest.len() - cursor.rest.len();
    let is_standard = year.is_none() && padded && is_standard && octets == 6 && !day_start.at(b'0');
    // `Dec  3, 2026` and `Dec  3 2026`.
    if !padded || !(cursor.eat_all(b", ") || cursor.eat_spaces()) {
        return None;
    }
    let year = year.or_else(|| {
        let year = date::read_year_before(&mut cursor, b' ')?;
        cursor.eat_spaces();
        Some(year)
    });
    let time = TimeOfDay::read(&mut cursor)?;
    let zone = Offset::read(&mut cursor);
    let year = year.or_else(|| {
        cursor.attempt(|cursor| {
            let year = cursor.eat(b' ').then(|| date::read_year_before(cursor, b':')).flatten()?;
            Some(year)
        })
    });
    let standard = is_standard
        && year.is_none()
        && time.is_standard
        && time.nanosecond.is_none()
        && zone == Offset::Absent;
    Some((assemble(Date { year, month, day, is_standard }, time, zone, standard), cursor))
}

/// Reads ` 1987`, the year that `date` writes behind the zone, if a word follows it.
pub(super) fn year_after_zone<'a>(start: Cursor<'a>) -> Option<(i32, Cursor<'a>)> {
    let mut cursor = start;
    let year = if cursor.eat(b' ') { date::read_year_before(&mut cursor, b' ') } else { None }?;
    cursor.at(b' ').then_some((year, cursor))
}

/// Reads `Mon `, `Mon, ` or `Mon: ` and a time: some devices write the weekday first.
#[cold]
#[inline(never)]
fn weekday_first<'a>(start: Cursor<'a>) -> Option<(Stamp<'a>, Cursor<'a>)> {
    let mut cursor = start;
    let day = <[u8; 3]>::try_from(cursor.take(3)).ok()?.map(|octet| octet.to_ascii_lowercase());
    if !matches!(&day, b"mon" | b"tue" | b"wed" | b"thu" | b"fri" | b"sat" | b"sun") {
        return None;
    }
    cursor.eat(b',');
    if !cursor.eat_spaces() {
        return None;
    }
    let found = match cursor.peek()? {
        b'0'..=b'9' => iso(cursor).or_else(|| digits_first(cursor)),
        _ => month_first_parts(cursor, None),
    };
    found.map(|(stamp, rest)| (stamp.nonstandard(), rest))
}

/// Reads `[2026-11-27T17:27:53Z]`.
#[cold]
#[inline(never)]
fn bracketed<'a>(start: Cursor<'a>) -> Option<(Stamp<'a>, Cursor<'a>)> {
    let mut cursor = start;
    cursor.take(1);
    let (stamp, mut rest) = match cursor.peek()? {
        b'0'..=b'9' => iso(cursor).or_else(|| digits_first(cursor))?,
        _ => month_first(cursor).or_else(|| weekday_first(cursor))?,
    };
    (rest.eat(b']') && rest.at_field_end()).then_some((stamp.nonstandard(), rest))
}

/// Puts the parts together if they make a time that exists.
#[inline(always)]
pub(super) fn assemble<'a>(date: Date, time: TimeOfDay, zone: Offset, standard: bool) -> Stamp<'a> {
    let offset_minutes = match zone {
        Offset::Absent => None,
        Offset::Minutes { value, .. } => Some(value),
        Offset::Impossible => return Stamp::Impossible,
    };
    if !date.exists() || !time.exists() {
        return Stamp::Impossible;
    }
    let Date { year, month, day, .. } = date;
    let TimeOfDay { hour, minute, second, nanosecond, .. } = time;
    let time = DeviceTime {
        year,
        month,
        day,
        hour,
        minute,
        second,
        nanosecond: nanosecond.unwrap_or(0),
        offset_minutes,
        zone: None,
        clock: ClockMark::Unmarked,
    };
    Stamp::Known { time, standard }
}

/// Reads the value of a pair that is a whole time: `2019-03-18 08:33:45 UTC`, `2026-11-27T10:00:00+0200`.
pub(super) fn quoted<'a>(text: &'a [u8]) -> Option<Stamp<'a>> {
    let (mut stamp, mut cursor) = iso(Cursor::new(text))?;
    if let Stamp::Known { time, .. } = &mut stamp
        && cursor.eat(b' ')
        && is_zone_word(cursor.rest)
    {
        time.zone = Some(cursor.rest);
        cursor = Cursor::new(b"");
    }
    cursor.is_empty().then_some(stamp)
}

#[cfg(test)]
#[path = "timestamp_tests.rs"]
mod tests;
