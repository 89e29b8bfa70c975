//! `hh:mm:ss`, and what may stand behind the seconds.
//!
//! Invariant: values are as written; whether they make a time of day is asked of [`TimeOfDay::exists`].

use super::cursor::Cursor;
use crate::base::digits;

/// `hh:mm:ss` with an optional fraction, values as written.
#[derive(Clone, Copy)]
pub(super) struct TimeOfDay {
    pub(super) hour: u8,
    pub(super) minute: u8,
    pub(super) second: u8,
    /// `None` without a fraction.
    pub(super) nanosecond: Option<u32>,
    /// Two-digit hour and, if there is a fraction, a point and at most six digits.
    pub(super) standard: bool,
}

impl TimeOfDay {
    /// Reads `hh:mm:ss` of a time that a clock shows, all digits at once.
    #[inline(always)]
    pub(super) fn usual(text: &[u8; 8]) -> Option<Self> {
        let [hour, _, _, minute, _, _, second, _] = digits::two_digits(text, b"29:59:59")?;
        (hour <= 23).then_some(Self { hour, minute, second, nanosecond: None, standard: true })
    }

    /// Whether a clock shows it: RFC 5424 6.2.3 knows no leap second.
    pub(super) fn exists(&self) -> bool {
        self.hour <= 23 && self.minute <= 59 && self.second <= 59
    }

    /// Reads `hh:mm:ss` with a fraction, if there is one; the hour may have but one digit.
    pub(super) fn read(start: Cursor<'_>) -> Option<(Self, Cursor<'_>)> {
        let mut cursor = start;
        let hour = cursor.small_number(1)?;
        let standard = start.rest.len() - cursor.rest.len() == 2;
        if !cursor.eat(b':') {
            return None;
        }
        let minute = cursor.small_number(2)?;
        if !cursor.eat(b':') {
            return None;
        }
        let second = cursor.small_number(2)?;
        Some(Self { hour, minute, second, nanosecond: None, standard }.with_fraction(cursor))
    }

    /// The time with the fraction at `start`, if there is one, and what follows it.
    #[inline(always)]
    pub(super) fn with_fraction(self, start: Cursor<'_>) -> (Self, Cursor<'_>) {
        let [mark @ (b'.' | b','), rest @ ..] = start.rest else { return (self, start) };
        // Most have three digits.
        if let [a, b, c, end, ..] = rest
            && let Some(milliseconds) = digits::three_digits(&[*a, *b, *c, *end])
            && let Some(after) = rest.get(3..)
        {
            let nanosecond = Some(milliseconds * 1_000_000);
            let standard = self.standard && *mark == b'.';
            return (Self { nanosecond, standard, ..self }, Cursor::new(after));
        }
        match odd_fraction(Cursor::new(rest)) {
            Some((nanosecond, digits, after)) => {
                let standard = self.standard && *mark == b'.' && digits <= 6;
                (Self { nanosecond: Some(nanosecond), standard, ..self }, after)
            }
            None => (self, start),
        }
    }
}

/// Reads the digits of a fraction that has not exactly three: nanoseconds, how many digits, and what follows them.
#[inline(never)]
fn odd_fraction(start: Cursor<'_>) -> Option<(u32, usize, Cursor<'_>)> {
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
