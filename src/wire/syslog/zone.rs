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
    /// The offset that a sign, two digits of hours and two of minutes are.
    #[inline]
    pub(super) fn of(sign: u8, hours: [u8; 2], minutes: [u8; 2]) -> Self {
        let number = |[tens, ones]: [u8; 2]| i32::from(tens) * 10 + i32::from(ones);
        let (hours, minutes) = (number(hours), number(minutes));
        if hours > 23 || minutes > 59 {
            return Self::Impossible;
        }
        let value = hours * 60 + minutes;
        Self::Minutes { value: if sign == b'-' { -value } else { value }, standard: true }
    }

    /// Reads `Z`, `+01:00`, `+0100`, `+01`, also after one space.
    pub(super) fn read(cursor: &mut Cursor<'_>) -> Self {
        let mut ahead = *cursor;
        let spaced = ahead.eat(b' ');
        let sign = match ahead.take(1) {
            b"Z" | b"z" if !spaced => {
                let standard = cursor.at(b'Z');
                *cursor = ahead;
                return Self::Minutes { value: 0, standard };
            }
            b"+" => 1,
            b"-" => -1,
            _ => return Self::Absent,
        };
        let Some(hours) = ahead.number(2, 2) else { return Self::Absent };
        let mut after_colon = ahead;
        let standard = !spaced && after_colon.eat(b':');
        if standard {
            ahead = after_colon;
        }
        let minutes = match ahead.number(2, 2) {
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
        if hours > 23 || minutes > 59 {
            return Self::Impossible;
        }
        let value = i32::try_from(hours * 60 + minutes).unwrap_or(0);
        Self::Minutes { value: sign * value, standard }
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
