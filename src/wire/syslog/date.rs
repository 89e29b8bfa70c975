//! Dates as devices write them: `2003-10-11`, `Oct 11`, `11 Oct 2003` and their relatives.
//!
//! Invariant: values are as written; whether the calendar has the day is asked of [`Date::exists`].

use super::cursor::Cursor;
use crate::base::civil;
use crate::base::digits::{self, digit};

/// Years that a device's clock may show, where a number might as well be something else.
pub(super) const PLAUSIBLE_YEARS: std::ops::Range<i32> = 1970..2200;

/// A date as written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Date {
    /// `None` where the device writes none.
    pub(super) year: Option<i32>,
    pub(super) month: u8,
    pub(super) day: u8,
    /// Whether it is written as its RFC wants it.
    pub(super) is_standard: bool,
}

impl Date {
    /// Whether the calendar has the day. Without a year, 29 February may be right.
    #[inline]
    pub(super) fn exists(&self) -> bool {
        const LEAP_YEAR: i32 = 2000;
        const DAYS_IN_EVERY_MONTH: std::ops::RangeInclusive<u8> = 1..=28;
        let is_in_every_month = DAYS_IN_EVERY_MONTH.contains(&self.day) && (1..=12).contains(&self.month);
        is_in_every_month
            || self.day > 0 && self.day <= civil::days_in_month(self.year.unwrap_or(LEAP_YEAR), self.month)
    }
}

/// Moves over `2003-10-11T`, `2003-1-1 `, `2003/01/01T` and the like.
#[inline(always)]
pub(super) fn read_iso(cursor: &mut Cursor<'_>) -> Option<Date> {
    // One test of eleven octets replaces one for each part.
    if let Some((text, rest)) = cursor.rest.split_first_chunk()
        && let Some(date) = full_iso(text)
    {
        *cursor = Cursor::new(rest);
        return Some(date);
    }
    cursor.attempt(read_iso_parts)
}

/// The date in `2003-10-11T` or `2003-10-11 `, where the places of all digits are known.
#[inline]
fn full_iso(text: &[u8; 11]) -> Option<Date> {
    let [date @ .., end @ (b'T' | b' ')] = text else { return None };
    let date = of_ten(date)?;
    Some(Date { is_standard: *end == b'T', ..date })
}

/// The date in `2003-10-11`.
#[inline]
pub(super) fn of_ten(text: &[u8; 10]) -> Option<Date> {
    let [century, _, year, _, _, month, ..] = digits::two_digits(text.first_chunk()?, b"9999-19-")?;
    let [.., day, _] = digits::two_digits(text.last_chunk()?, b"99-19-39")?;
    Some(Date { year: Some(i32::from(century) * 100 + i32::from(year)), month, day, is_standard: true })
}

/// [`read_iso`] of one part after the other.
#[inline(never)]
pub(super) fn read_iso_parts(cursor: &mut Cursor<'_>) -> Option<Date> {
    let before = cursor.rest.len();
    let year = read_year(cursor)?;
    let separator = cursor.peek().filter(|octet| matches!(octet, b'-' | b'/'))?;
    cursor.take(1);
    let month = cursor.small_number(1)?;
    if !cursor.eat(separator) {
        return None;
    }
    let day = cursor.small_number(1)?;
    let between = cursor.peek().filter(|octet| matches!(octet, b'T' | b't' | b' '))?;
    cursor.take(1);
    let is_standard = separator == b'-' && before - cursor.rest.len() == 11 && between == b'T';
    Some(Date { year: Some(year), month, day, is_standard })
}

/// Moves over the four digits of a year.
pub(super) fn read_year(cursor: &mut Cursor<'_>) -> Option<i32> {
    let year = digits::four_digits(cursor.rest.first_chunk()?)?;
    cursor.take(4);
    i32::try_from(year).ok()
}

/// Moves over the four digits of a plausible year that a space, the end, or `end` and one of these follow.
pub(super) fn read_year_before(cursor: &mut Cursor<'_>, end: u8) -> Option<i32> {
    cursor.attempt(|cursor| {
        let year = read_year(cursor).filter(|year| PLAUSIBLE_YEARS.contains(year))?;
        let mut ahead = *cursor;
        // `2001:db8::1` after a time is a host.
        (ahead.at_field_end() || ahead.eat(end) && ahead.at_field_end()).then_some(year)
    })
}

/// The date in `Oct 11 ` or `Oct  1 `.
#[inline(always)]
pub(super) fn month_and_day(text: &[u8; 7]) -> Option<Date> {
    let (month, [tens, ones, b' ']) = text.split_first_chunk()? else { return None };
    let is_standard = *tens != b'0' && is_capital(month[0]);
    let tens = if *tens == b' ' { 0 } else { digit(*tens)? };
    Some(Date { year: None, month: month_number(month)?, day: tens * 10 + digit(*ones)?, is_standard })
}

/// Moves over the name of a month: three letters in any case, all its letters, `Sept`, or a point behind either. Gives
/// its number, and whether it is written as RFC 3164 4.1.2 has it.
pub(super) fn read_month(cursor: &mut Cursor<'_>) -> Option<(u8, bool)> {
    cursor.attempt(|cursor| {
        let word = cursor.take_while(LONGEST_MONTH, |octet| octet.is_ascii_alphabetic());
        let [a, b, c, rest @ ..] = word else { return None };
        let number = month_number(&[*a, *b, *c, b' '])?;
        let is_abbreviated = rest.is_empty();
        let tail = MONTH_TAILS.get(usize::from(number) - 1)?;
        if !(is_abbreviated
            || rest.eq_ignore_ascii_case(tail)
            || rest.eq_ignore_ascii_case(b"t") && number == 9)
        {
            return None;
        }
        let has_point = cursor.eat(b'.');
        Some((number, is_abbreviated && !has_point && is_capital(*a)))
    })
}

/// Letters of `September`.
const LONGEST_MONTH: usize = 9;

/// What follows the first three letters of the months.
const MONTH_TAILS: [&[u8]; 12] =
    [b"uary", b"ruary", b"ch", b"il", b"", b"e", b"y", b"ust", b"tember", b"ober", b"ember", b"ember"];

/// Whether a letter is a capital one.
#[inline]
fn is_capital(letter: u8) -> bool {
    letter & 0x20 == 0
}

/// The month of an English three-letter name in any case, and a space.
#[inline]
fn month_number(name: &[u8; 4]) -> Option<u8> {
    let name = u32::from_le_bytes(*name) | LOWER_CASE;
    let (known, number) = MONTHS.get(slot(name))?;
    (*known == name).then_some(*number)
}

/// The bits that make three letters lower case; no other octet becomes a lower case letter by them.
const LOWER_CASE: u32 = 0x0020_2020;

/// The place of a month's name, in lower case, in [`MONTHS`].
#[inline]
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
