//! The time a device wrote into its message: RFC 3339 (RFC 5424 6.2.3), `Mmm dd hh:mm:ss` (RFC 3164 4.1.2) and
//! what devices make of them.
//!
//! Nothing is filled in here. The year that a device leaves out and the zone that it does not name are the
//! reader's to choose, who knows when the message came and from where.
//!
//! Invariant: a [`DeviceTime`] exists in the calendar; 31 November and 14:99 are refused, never rolled over.

use super::cursor::Cursor;
use super::zone::{Offset, is_zone_word};
use crate::base::civil;
use crate::base::octets;

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
    let clock = match cursor.peek()? {
        b'*' => ClockMark::NotSet,
        b'.' => ClockMark::NotSynchronised,
        _ => ClockMark::Unmarked,
    };
    if clock != ClockMark::Unmarked {
        cursor.take(1);
    }
    let found = match cursor.peek()? {
        b'0'..=b'9' => iso(cursor).or_else(|| year_first(cursor)).or_else(|| slashed(cursor)),
        letter if letter.is_ascii_alphabetic() => {
            if let Some(found) = plain(cursor) {
                return Some(with_clock(found, clock));
            }
            let after_weekday = skip_weekday(cursor);
            match after_weekday.peek()? {
                b'0'..=b'9' => iso(after_weekday).map(|(stamp, cursor)| (stamp.nonstandard(), cursor)),
                _ => month_first(after_weekday, None),
            }
        }
        _ => None,
    }?;
    Some(with_clock(found, clock))
}

/// The stamp with what stood before it.
fn with_clock<'a>((stamp, rest): (Stamp<'a>, Cursor<'a>), clock: ClockMark) -> (Stamp<'a>, Cursor<'a>) {
    match stamp {
        Stamp::Known { time, standard } => {
            let standard = standard && clock == ClockMark::Unmarked;
            (Stamp::Known { time: DeviceTime { clock, ..time }, standard }, rest)
        }
        Stamp::Impossible => (Stamp::Impossible, rest),
    }
}

/// Reads `Oct 11 22:14:15` exactly as RFC 3164 4.1.2 writes it, also with a fraction, if neither a year nor an offset may
/// follow: most lines start so, and the places of all digits are known.
#[inline(always)]
pub(super) fn plain<'a>(start: Cursor<'a>) -> Option<(Stamp<'a>, Cursor<'a>)> {
    let (date, rest) = start.rest.split_first_chunk::<7>()?;
    let (time, rest) = rest.split_first_chunk::<8>()?;
    let [m1, m2, m3, b' ', d1, d2, b' '] = *date else { return None };
    let mut time = TimeOfDay::of(time)?;
    let day = two(if d1 == b' ' { b'0' } else { d1 }, d2)?;
    let mut cursor = Cursor::new(rest);
    time.read_fraction(&mut cursor);
    let ends = matches!(
        cursor.rest,
        [] | [b' '] | [b':', ..] | [b' ', b'A'..=b'Z' | b'a'..=b'z' | b'<' | b':' | b'[' | b'%', ..]
    );
    let month = if ends { month_number([m1, m2, m3])? } else { return None };
    let standard = d1 != b'0' && m1.is_ascii_uppercase() && time.nanosecond.is_none();
    Some((assemble(None, month, day, time, Offset::Absent, standard), cursor))
}

/// Reads `2003-10-11T22:14:15.003Z` and its relatives: space or lower case for `T`, comma for the point, more
/// digits, one-digit months, slashes, no zone, a zone without colon.
#[inline(always)]
pub(super) fn iso<'a>(start: Cursor<'a>) -> Option<(Stamp<'a>, Cursor<'a>)> {
    match rfc3339(start) {
        Some(found) => Some(found),
        None => odd_iso(start),
    }
}

/// [`iso`] where the places of the digits are not known.
fn odd_iso<'a>(start: Cursor<'a>) -> Option<(Stamp<'a>, Cursor<'a>)> {
    let mut cursor = start;
    let year = cursor.number(4, 4)?;
    let separator = cursor.peek().filter(|octet| matches!(octet, b'-' | b'/'))?;
    cursor.take(1);
    let month = cursor.number(1, 2)?;
    if !cursor.eat(separator) {
        return None;
    }
    let day = cursor.number(1, 2)?;
    let between = cursor.peek().filter(|octet| matches!(octet, b'T' | b't' | b' '))?;
    cursor.take(1);
    let date_octets = start.rest.len() - cursor.rest.len();
    let time = TimeOfDay::read(&mut cursor)?;
    let standard = separator == b'-' && date_octets == 11 && between == b'T';
    Some(end_of_iso(cursor, [year, month, day], time, standard))
}

/// Reads `2003-10-11T22:14:15` exactly as RFC 5424 6.2.3 writes it, and what follows: the places of all digits are known.
#[inline(always)]
fn rfc3339<'a>(start: Cursor<'a>) -> Option<(Stamp<'a>, Cursor<'a>)> {
    let (date, rest) = start.rest.split_first_chunk::<11>()?;
    let (time, rest) = rest.split_first_chunk::<8>()?;
    let [century, _, year, ..] = octets::two_digits(date.first_chunk()?, b"0000-00-")?;
    let [_, _, month, _, _, day, ..] = octets::two_digits(date.last_chunk()?, b"0-00-00T")?;
    let date = [century * 100 + year, month, day];
    let mut time = TimeOfDay::of(time)?;
    let mut cursor = Cursor::new(rest);
    time.read_fraction(&mut cursor);
    if cursor.eat(b'Z') {
        let [year, month, day] = date;
        let zone = Offset::Minutes { value: 0, standard: true };
        return Some((assemble(i32::try_from(year).ok(), month, day, time, zone, time.standard), cursor));
    }
    Some(end_of_iso(cursor, date, time, true))
}

/// Reads what follows date and time: Huawei's counter, and the zone.
fn end_of_iso<'a>(
    start: Cursor<'a>,
    [year, month, day]: [u32; 3],
    mut time: TimeOfDay,
    standard: bool,
) -> (Stamp<'a>, Cursor<'a>) {
    let mut cursor = start;
    // Huawei counts messages of one millisecond behind the fraction: `01:00:33.270.1`.
    let mut counter = cursor;
    if time.nanosecond.is_some() && counter.eat(b'.') && counter.number(1, 9).is_some() {
        cursor = counter;
        time.standard = false;
    }
    let zone = Offset::read(&mut cursor);
    let standard = standard && time.standard && zone.standard();
    (assemble(i32::try_from(year).ok(), month, day, time, zone, standard), cursor)
}

/// The value of two decimal digits.
fn two(tens: u8, ones: u8) -> Option<u32> {
    match (tens, ones) {
        (b'0'..=b'9', b'0'..=b'9') => Some(u32::from(tens - b'0') * 10 + u32::from(ones - b'0')),
        _ => None,
    }
}

/// Reads a stamp whose date and time stand apart, as `date=2026-03-31 time=07:48:26`.
pub(super) fn date_and_time<'a>(date: &[u8], start: Cursor<'a>) -> Option<(Stamp<'a>, Cursor<'a>)> {
    let mut parts = Cursor::new(date);
    let year = parts.number(4, 4)?;
    let month = if parts.eat(b'-') { parts.number(1, 2)? } else { return None };
    let day = if parts.eat(b'-') { parts.number(1, 2)? } else { return None };
    let mut cursor = start;
    let time = TimeOfDay::read(&mut cursor)?;
    let known = parts.is_empty() && cursor.at_field_end();
    known.then(|| (assemble(i32::try_from(year).ok(), month, day, time, Offset::Absent, false), cursor))
}

/// Reads `2016 Mar 06 09:22:34`, as NX-OS writes it, or `2018-Nov- 9 15:41:30`, as Opengear does.
fn year_first<'a>(start: Cursor<'a>) -> Option<(Stamp<'a>, Cursor<'a>)> {
    let mut cursor = start;
    let year = cursor.number(4, 4)?;
    if !cursor.eat(b'-') && !cursor.eat_spaces() {
        return None;
    }
    month_first(cursor, Some(year))
}

/// Reads `10/15/2013:15:09:41` as NetScaler writes it, day or month first as it was told to; where both are possible
/// the month is first, as by default. Of `15:09:41 GMT`, without a date, nobody knows the day.
fn slashed<'a>(start: Cursor<'a>) -> Option<(Stamp<'a>, Cursor<'a>)> {
    let mut cursor = start;
    let first = cursor.number(2, 2)?;
    if cursor.at(b':') {
        cursor = start;
        TimeOfDay::read(&mut cursor)?;
        return cursor.rest.starts_with(b" GMT ").then_some((Stamp::Impossible, cursor));
    }
    if !cursor.eat(b'/') {
        return None;
    }
    let second = cursor.number(2, 2)?;
    let year = if cursor.eat(b'/') { cursor.number(4, 4)? } else { return None };
    let time = if cursor.eat(b':') { TimeOfDay::read(&mut cursor)? } else { return None };
    let (month, day) = if first > 12 { (second, first) } else { (first, second) };
    Some((assemble(i32::try_from(year).ok(), month, day, time, Offset::Absent, false), cursor))
}

/// Reads `Oct 11 22:14:15`, with a year after the day or after the time, with a fraction, with an offset.
fn month_first<'a>(start: Cursor<'a>, year: Option<u32>) -> Option<(Stamp<'a>, Cursor<'a>)> {
    let mut cursor = start;
    let name: &[u8; 3] = cursor.take(3).try_into().ok()?;
    let month = month_number(*name)?;
    let dashed = year.is_some() && cursor.eat(b'-');
    let padded = cursor.eat_spaces() || dashed;
    let day_start = cursor;
    let day = cursor.number(1, 2)?;
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
    let time = TimeOfDay::read(&mut cursor)?;
    let zone = Offset::read(&mut cursor);
    let year = after_day.or_else(|| {
        let mut after_time = cursor;
        let year = if after_time.eat(b' ') { year_before(&mut after_time, b':') } else { None }?;
        cursor = after_time;
        Some(year)
    });
    let standard = standard && year.is_none() && time.nanosecond.is_none() && zone == Offset::Absent;
    let year = year.and_then(|year| i32::try_from(year).ok());
    Some((assemble(year, month, day, time, zone, standard), cursor))
}

/// Reads ` 1987`, the year that `date` writes behind the zone, if a word follows it.
pub(super) fn year_after_zone<'a>(start: Cursor<'a>) -> Option<(i32, Cursor<'a>)> {
    let mut cursor = start;
    let year = if cursor.eat(b' ') { year_before(&mut cursor, b' ') } else { None }?;
    Some((i32::try_from(year).ok()?, cursor)).filter(|_| cursor.at(b' '))
}

/// Moves over four digits of a plausible year that a space, the end, or `end` and one of these follow.
///
/// With `None` the cursor has moved as well, so work on a copy.
fn year_before(cursor: &mut Cursor<'_>, end: u8) -> Option<u32> {
    let mut ahead = *cursor;
    let year = ahead.number(4, 4).filter(|year| (1970..2200).contains(year))?;
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
fn month_number(name: [u8; 3]) -> Option<u32> {
    Some(match &lower_case(name) {
        b"jan" => 1,
        b"feb" => 2,
        b"mar" => 3,
        b"apr" => 4,
        b"may" => 5,
        b"jun" => 6,
        b"jul" => 7,
        b"aug" => 8,
        b"sep" => 9,
        b"oct" => 10,
        b"nov" => 11,
        b"dec" => 12,
        _ => return None,
    })
}

/// `hh:mm:ss` with an optional fraction, values as written.
#[derive(Clone, Copy)]
struct TimeOfDay {
    hour: u32,
    minute: u32,
    second: u32,
    /// `None` without a fraction.
    nanosecond: Option<u32>,
    /// Two-digit hour and, if there is a fraction, a point and at most six digits.
    standard: bool,
}

impl TimeOfDay {
    /// Reads `hh:mm:ss`, all digits at once.
    #[inline]
    fn of(text: &[u8; 8]) -> Option<Self> {
        let [hour, _, _, minute, _, _, second, _] = octets::two_digits(text, b"00:00:00")?;
        Some(Self { hour, minute, second, nanosecond: None, standard: true })
    }

    fn read(cursor: &mut Cursor<'_>) -> Option<Self> {
        if let Some(mut time) = cursor.rest.first_chunk().and_then(Self::of) {
            cursor.take(8);
            time.read_fraction(cursor);
            return Some(time);
        }
        Self::read_odd(cursor)
    }

    /// [`TimeOfDay::read`] of one digit at a time: the hour may have but one.
    fn read_odd(cursor: &mut Cursor<'_>) -> Option<Self> {
        let before = cursor.rest.len();
        let hour = cursor.number(1, 2)?;
        let standard = before - cursor.rest.len() == 2;
        if !cursor.eat(b':') {
            return None;
        }
        let minute = cursor.number(2, 2)?;
        if !cursor.eat(b':') {
            return None;
        }
        let second = cursor.number(2, 2)?;
        let mut time = Self { hour, minute, second, nanosecond: None, standard };
        time.read_fraction(cursor);
        Some(time)
    }

    /// Reads a fraction, if there is one.
    #[inline]
    fn read_fraction(&mut self, cursor: &mut Cursor<'_>) {
        let [mark @ (b'.' | b','), rest @ ..] = cursor.rest else { return };
        // Up to seven digits and what ends them are read at once.
        match rest.first_chunk().map(octets::leading_digits) {
            Some((value, digits @ 1..=7)) => {
                self.nanosecond = POWERS_OF_TEN.get(9 - digits).map(|power| value * power);
                self.standard = self.standard && *mark == b'.' && digits <= 6;
                cursor.take(1 + digits);
            }
            Some((_, 0)) => {}
            _ => self.read_odd_fraction(cursor),
        }
    }

    /// Reads a fraction of many digits, or at the end of the line.
    fn read_odd_fraction(&mut self, cursor: &mut Cursor<'_>) {
        let mut ahead = *cursor;
        let mark = ahead.take(1);
        let digits = ahead.rest.len();
        if let Some(value) = ahead.number(1, 9) {
            let digits = digits - ahead.rest.len();
            self.nanosecond = POWERS_OF_TEN.get(9 - digits).map(|power| value * power);
            let dropped = ahead.take_while(32, |octet| octet.is_ascii_digit());
            self.standard = self.standard && mark == b"." && digits <= 6 && dropped.is_empty();
            *cursor = ahead;
        }
    }
}

/// Ten to the power of the place.
const POWERS_OF_TEN: [u32; 9] = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000];

/// Puts the parts together if they make a time that exists.
#[inline(always)]
fn assemble<'a>(
    year: Option<i32>,
    month: u32,
    day: u32,
    time: TimeOfDay,
    zone: Offset,
    standard: bool,
) -> Stamp<'a> {
    // Without a year, 29 February may be right: 2000 is a leap year.
    let month = u8::try_from(month).unwrap_or(0);
    let day = u8::try_from(day).unwrap_or(0);
    let exists = day >= 1 && day <= civil::days_in_month(year.unwrap_or(2000), month);
    let offset_minutes = match zone {
        Offset::Absent => None,
        Offset::Minutes { value, .. } => Some(value),
        Offset::Impossible => return Stamp::Impossible,
    };
    if !exists || time.hour > 23 || time.minute > 59 || time.second > 59 {
        return Stamp::Impossible;
    }
    let time = DeviceTime {
        year,
        month,
        day,
        hour: u8::try_from(time.hour).unwrap_or(0),
        minute: u8::try_from(time.minute).unwrap_or(0),
        second: u8::try_from(time.second).unwrap_or(0),
        nanosecond: time.nanosecond.unwrap_or(0),
        offset_minutes,
        zone: None,
        clock: ClockMark::Unmarked,
    };
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
    let time = TimeOfDay {
        hour: second / 3_600,
        minute: second / 60 % 60,
        second: second % 60,
        nanosecond: None,
        standard: false,
    };
    let zone = Offset::Minutes { value: 0, standard: false };
    assemble(Some(date.year), u32::from(date.month), u32::from(date.day), time, zone, false)
}

#[cfg(test)]
#[path = "timestamp_tests.rs"]
mod tests;
