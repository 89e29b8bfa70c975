//! `hh:mm:ss`, and what may stand behind the seconds: a fraction, `AM` or `PM`.
//!
//! Invariant: values are as written; whether they make a time of day is asked of [`TimeOfDay::exists`].

use super::cursor::Cursor;
use crate::base::digits;

/// `hh:mm:ss` with an optional fraction, values as written.
#[derive(Debug, Clone, Copy)]
pub(super) struct TimeOfDay {
    pub(super) hour: u8,
    pub(super) minute: u8,
    pub(super) second: u8,
    /// `None` without a fraction.
    pub(super) nanosecond: Option<u32>,
    /// Two-digit hour and, if there is a fraction, a point and at most six digits.
    pub(super) is_standard: bool,
}

impl TimeOfDay {
    /// Whether a clock shows it: RFC 5424 6.2.3 knows no leap second.
    pub(super) fn exists(&self) -> bool {
        self.hour <= 23 && self.minute <= 59 && self.second <= 59
    }

    /// Moves over `hh:mm:ss` with a fraction, if there is one; the hour may have but one digit.
    #[inline(always)]
    pub(super) fn read(cursor: &mut Cursor<'_>) -> Option<Self> {
        // All digits at once, where their places are known.
        let time = match cursor.rest.split_first_chunk() {
            Some((text, rest)) if let Some(time) = Self::of_eight(text) => {
                *cursor = Cursor::new(rest);
                time
            }
            _ => cursor.attempt(Self::read_parts)?,
        };
        Some(time.with_fraction(cursor))
    }

    /// The time in `hh:mm:ss`, if a clock shows it.
    #[inline(always)]
    pub(super) fn of_eight(text: &[u8; 8]) -> Option<Self> {
        let [hour, _, _, minute, _, _, second, _] = digits::two_digits(text, b"29:59:59")?;
        (hour <= 23).then_some(Self { hour, minute, second, nanosecond: None, is_standard: true })
    }

    /// [`TimeOfDay::read`] of one part after the other, without the fraction.
    #[inline(never)]
    fn read_parts(cursor: &mut Cursor<'_>) -> Option<Self> {
        let before = cursor.rest.len();
        let hour = cursor.small_number(1)?;
        let is_standard = before - cursor.rest.len() == 2;
        if !cursor.eat(b':') {
            return None;
        }
        let minute = cursor.small_number(2)?;
        if !cursor.eat(b':') {
            return None;
        }
        let second = cursor.small_number(2)?;
        Some(Self { hour, minute, second, nanosecond: None, is_standard })
    }

    /// The time with the fraction that is next, if there is one; moves over it.
    #[inline(always)]
    pub(super) fn with_fraction(self, cursor: &mut Cursor<'_>) -> Self {
        let [mark @ (b'.' | b',' | b':'), rest @ ..] = cursor.rest else { return self };
        // Most have three digits.
        if let [a, b, c, end, ..] = rest
            && let Some(milliseconds) = digits::three_digits(&[*a, *b, *c, *end])
            && let Some(after) = rest.get(3..)
            // H3C puts a colon before them; `12:00:00:123:` is none.
            && (*mark != b':' || *end == b' ')
        {
            *cursor = Cursor::new(after);
            let is_standard = self.is_standard && *mark == b'.';
            return Self { nanosecond: Some(milliseconds * 1_000_000), is_standard, ..self };
        }
        if *mark == b':' {
            return self;
        }
        match fraction(Cursor::new(rest)) {
            Some((nanosecond, digits, after)) => {
                *cursor = after;
                let is_standard = self.is_standard && *mark == b'.' && digits <= 6;
                Self { nanosecond: Some(nanosecond), is_standard, ..self }
            }
            None => self,
        }
    }
}

/// Reads the digits of a fraction: nanoseconds, how many digits, and what follows them.
#[inline(never)]
pub(super) fn fraction(start: Cursor<'_>) -> Option<(u32, usize, Cursor<'_>)> {
    // Up to seven and what ends them are read at once.
    if let Some((hundred_millionths, digits @ 1..=7)) = start.rest.first_chunk().map(digits::fraction) {
        let mut cursor = start;
        cursor.take(digits);
        return Some((hundred_millionths * 10, digits, cursor));
    }
    let mut cursor = start;
    let value = cursor.number(1, 9)?;
    let power = POWERS_OF_TEN.get(9 - (start.rest.len() - cursor.rest.len()))?;
    cursor.take_while(32, |octet| octet.is_ascii_digit());
    Some((value * power, start.rest.len() - cursor.rest.len(), cursor))
}

/// Ten to the power of the place.
const POWERS_OF_TEN: [u32; 9] = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000];

/// Moves over ` AM`, `PM` and the like behind an hour of 1 to 12; gives the hour of 24 that both mean.
#[inline]
pub(super) fn read_meridiem(cursor: &mut Cursor<'_>, hour: u8) -> Option<u8> {
    let text = cursor.rest.strip_prefix(b" ").unwrap_or(cursor.rest);
    let [half @ (b'A' | b'P' | b'a' | b'p'), b'M' | b'm', rest @ ..] = text else { return None };
    let rest = Cursor::new(rest);
    if !(1..=12).contains(&hour) || !rest.at_field_end() {
        return None;
    }
    *cursor = rest;
    let is_afternoon = half.eq_ignore_ascii_case(&b'P');
    Some(hour % 12 + if is_afternoon { 12 } else { 0 })
}
