//! The zone of a time: an offset from UTC, or a word that nobody interprets here.
//!
//! Invariant: an offset is less than a day.

use super::cursor::Cursor;

/// The zone that stands right behind a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Offset {
    /// None is written.
    Absent,
    /// `Z`, or hours and minutes east of UTC.
    Minutes { value: i32, standard: bool },
    /// More than 23:59.
    Impossible,
}

impl Offset {
    /// The offset of hours and minutes.
    #[inline]
    fn of(is_west: bool, hours: i32, minutes: i32, standard: bool) -> Self {
        if hours > 23 || minutes > 59 {
            return Self::Impossible;
        }
        let value = hours * 60 + minutes;
        Self::Minutes { value: if is_west { -value } else { value }, standard }
    }

    /// Reads `Z`, `+01:00`, `+0100`, `+01`, also after one space.
    #[inline]
    pub(super) fn read(cursor: &mut Cursor<'_>) -> Self {
        match cursor.rest {
            [sign @ (b'+' | b'-'), a, b, b':', c, d, rest @ ..]
                if [a, b, c, d].iter().all(|octet| octet.is_ascii_digit()) =>
            {
                let value = |tens: &u8, ones: &u8| i32::from(tens - b'0') * 10 + i32::from(ones - b'0');
                *cursor = Cursor::new(rest);
                Self::of(*sign == b'-', value(a, b), value(c, d), true)
            }
            [b' ', b'+' | b'-', ..] | [b'Z' | b'z' | b'+' | b'-', ..] => Self::odd(cursor),
            _ => Self::Absent,
        }
    }

    /// Reads the zone behind a time of RFC 3339 or one like it. A word behind a space is none.
    #[inline(always)]
    pub(super) fn of_iso(cursor: &mut Cursor<'_>) -> Self {
        match cursor.rest {
            [b'Z', rest @ ..] => {
                *cursor = Cursor::new(rest);
                Self::Minutes { value: 0, standard: true }
            }
            [b' ', b'a'..=b'z' | b'A'..=b'Z', ..] => Self::Absent,
            _ => Self::read(cursor),
        }
    }

    /// [`Offset::read`] of any but the form with a colon.
    fn odd(cursor: &mut Cursor<'_>) -> Self {
        let mut ahead = *cursor;
        let spaced = ahead.eat(b' ');
        let is_west = match ahead.take(1) {
            b"Z" | b"z" if !spaced => {
                let standard = cursor.at(b'Z');
                *cursor = ahead;
                return Self::Minutes { value: 0, standard };
            }
            b"+" => false,
            b"-" => true,
            _ => return Self::Absent,
        };
        let Some(hours) = ahead.small_number(2) else { return Self::Absent };
        let mut after_colon = ahead;
        let standard = !spaced && after_colon.eat(b':');
        if standard {
            ahead = after_colon;
        }
        let minutes = match ahead.small_number(2) {
            Some(minutes) => minutes,
            None if standard || spaced => return Self::Absent,
            None => 0,
        };
        // ` +1002:: x` is the start of a text.
        let mut colon = ahead;
        let ends = ahead.at_field_end() || (colon.eat(b':') && colon.at_field_end());
        if spaced && !ends {
            return Self::Absent;
        }
        *cursor = ahead;
        Self::of(is_west, i32::from(hours), i32::from(minutes), standard)
    }

    pub(super) fn standard(self) -> bool {
        matches!(self, Self::Minutes { standard: true, .. })
    }
}

/// The zone that a `tz` value (`-0500`, `+00:00`, `(GMT+0000)Region`, `CEST`) names: minutes east of UTC, or a word.
pub(super) fn zone_of_pair(text: &[u8]) -> (Option<i32>, Option<&[u8]>) {
    let mut cursor = Cursor::new(text);
    cursor.eat_all(b"(GMT");
    match Offset::read(&mut cursor) {
        Offset::Minutes { value, .. } if cursor.is_empty() || cursor.at(b')') => (Some(value), None),
        _ => (None, Some(text).filter(|text| is_zone_word(text))),
    }
}

/// Whether `text` is a word that may name a zone.
pub(super) fn is_zone_word(text: &[u8]) -> bool {
    (2..=7).contains(&text.len()) && text.iter().all(u8::is_ascii_alphabetic)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_of_a_zone_value() {
        assert_eq!(zone_of_pair(b"-0500"), (Some(-300), None));
        assert_eq!(zone_of_pair(b"+00:00"), (Some(0), None));
        assert_eq!(zone_of_pair(b"+25:00"), (None, None));
        assert_eq!(zone_of_pair(b"+0100x"), (None, None));
        assert_eq!(zone_of_pair(b"(GMT+0000)Region,City"), (Some(0), None));
        assert_eq!(zone_of_pair(b"CEST"), (None, Some(&b"CEST"[..])));
    }
}
