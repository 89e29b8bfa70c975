//! How devices write times: RFC 3339 (RFC 5424 6.2.3), `Mmm dd hh:mm:ss` (RFC 3164 4.1.2) and what became of them.
//!
//! Invariant: 31 November and 14:99 are refused, never rolled over.

use super::cursor::Cursor;
use super::device_time::{ClockMark, DeviceTime};
use super::time_of_day::TimeOfDay;
use super::usual_time::{self, Date, PLAUSIBLE_YEARS, UsualTime, is_capital, month_number};
use super::zone::{Offset, is_zone_word};
use crate::base::civil;

/// Something that has the shape of a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stamp<'a> {
    /// A time that exists; `standard` if it is written as its RFC wants it.
    Known { time: DeviceTime<'a>, standard: bool },
    /// A date or time that does not exist.
    Impossible,
}

impl<'a> From<UsualTime<'a>> for Stamp<'a> {
    fn from(UsualTime { time, standard }: UsualTime<'a>) -> Self {
        Self::Known { time, standard }
    }
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
    let (clock, cursor) = usual_time::mark(start);
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
fn with_clock(stamp: Stamp<'_>, clock: ClockMark) -> Stamp<'_> {
    match stamp {
        Stamp::Known { time, standard } => {
            let standard = standard && clock == ClockMark::Unmarked;
            Stamp::Known { time: DeviceTime { clock, ..time }, standard }
        }
        Stamp::Impossible => Stamp::Impossible,
    }
}

/// A time as RFC 3164 4.1.2 writes it, if neither a year nor an offset may follow.
fn plain<'a>(start: Cursor<'a>) -> Option<(Stamp<'a>, Cursor<'a>)> {
    let (usual, cursor) = usual_time::of_device(start)?;
    let ends = matches!(
        cursor.rest,
        [] | [b' '] | [b':', ..] | [b' ', b'A'..=b'Z' | b'a'..=b'z' | b'<' | b':' | b'[' | b'%', ..]
    );
    ends.then_some((usual.into(), cursor))
}

/// Reads `2003-10-11T22:14:15.003Z` and its relatives: space or lower case for `T`, comma for the point, more
/// digits, one-digit months, slashes, no zone, a zone without colon, Huawei's counter.
pub(super) fn iso<'a>(start: Cursor<'a>) -> Option<(Stamp<'a>, Cursor<'a>)> {
    match usual_time::iso(start) {
        Some((usual, rest)) => Some((usual.into(), rest)),
        None => any_iso(start),
    }
}

/// [`iso`] of one part after the other.
fn any_iso<'a>(start: Cursor<'a>) -> Option<(Stamp<'a>, Cursor<'a>)> {
    let (date, rest) = date(start)?;
    let (time, mut rest) = TimeOfDay::read(rest)?;
    let (zone, standard) = usual_time::iso_end(&mut rest, &date, &time);
    Some((assemble(Some(date.year), date.month, date.day, time, zone, standard), rest))
}

/// Reads `2003-1-1 `, `2003/01/01T` and the like.
fn date(start: Cursor<'_>) -> Option<(Date, Cursor<'_>)> {
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
    let is_standard = separator == b'-' && octets == 11 && between == b'T';
    Some((Date { year, month, day, is_standard }, cursor))
}

/// Moves over the four digits of a year.
///
/// With `None` the cursor has moved as well, so work on a copy.
fn year(cursor: &mut Cursor<'_>) -> Option<i32> {
    let century = cursor.small_number(2)?;
    Some(i32::from(century) * 100 + i32::from(cursor.small_number(2)?))
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
    let [a, b, c] = *<&[u8; 3]>::try_from(cursor.take(3)).ok()?;
    let name = [a, b, c, b' '];
    let month = month_number(&name)?;
    let dashed = year.is_some() && cursor.eat(b'-');
    let padded = cursor.eat_spaces() || dashed;
    let day_start = cursor;
    let day = cursor.small_number(1)?;
    let standard = year.is_none()
        && padded
        && start.rest.len() - cursor.rest.len() == 6
        && !day_start.at(b'0')
        && is_capital(&name);
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

/// Puts the parts together if they make a time that exists.
fn assemble<'a>(
    year: Option<i32>,
    month: u8,
    day: u8,
    time: TimeOfDay,
    zone: Offset,
    standard: bool,
) -> Stamp<'a> {
    let is_shown = time.exists();
    match usual_time::assemble(year, month, day, time, zone) {
        Some(time) if is_shown => Stamp::Known { time, standard },
        _ => Stamp::Impossible,
    }
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
