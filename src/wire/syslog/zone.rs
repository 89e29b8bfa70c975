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
            [b' ', b'+' | b'-', ..] | [b'Z' | b'z' | b'+' | b'-', ..] => Self::read_spaced(cursor),
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
    #[cold]
    fn read_spaced(cursor: &mut Cursor<'_>) -> Self {
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

/// Words that name a zone where a host could stand as well. A host may be called so, too: where the word stands and what
/// follows it decide.
const KNOWN_WORDS: [&[u8]; 74] = [
    b"UTC", b"GMT", b"UT", b"TZ", b"DST", b"WET", b"WEST", b"BST", b"IST", b"CET", b"CEST", b"MET", b"MEST",
    b"MEZ", b"MESZ", b"EET", b"EEST", b"MSK", b"MSD", b"TRT", b"SAST", b"CAT", b"EAT", b"WAT", b"GST",
    b"AST", b"ADT", b"NST", b"NDT", b"EST", b"EDT", b"CST", b"CDT", b"MST", b"MDT", b"PST", b"PDT", b"AKST",
    b"AKDT", b"HST", b"BRT", b"BRST", b"ART", b"CLT", b"CLST", b"COT", b"PET", b"VET", b"UYT", b"PKT",
    b"NPT", b"BDT", b"MMT", b"ICT", b"WIB", b"WITA", b"WIT", b"SGT", b"MYT", b"HKT", b"PHT", b"PHST", b"JST",
    b"KST", b"AWST", b"ACST", b"ACDT", b"AEST", b"AEDT", b"NZST", b"NZDT", b"IDT", b"IRST", b"CHST",
];

/// Whether `word`, in capitals, is known as the name of a zone.
pub(super) fn is_known_word(word: &[u8]) -> bool {
    KNOWN_WORDS.contains(&word)
}

/// Moves over the sign, the hours and perhaps the minutes of `UTC+01:00`, `TZ-6` or ` +03`; gives minutes, positive for
/// `+`.
pub(super) fn read_signed_hours(cursor: &mut Cursor<'_>) -> Option<i32> {
    cursor.attempt(|cursor| {
        let is_negative = match cursor.take(1) {
            b"+" => false,
            b"-" => true,
            _ => return None,
        };
        let hours = cursor.small_number(1)?;
        let minutes = if cursor.eat(b':') { cursor.small_number(2)? } else { 0 };
        let value = i32::from(hours) * 60 + i32::from(minutes);
        (hours <= 23 && minutes <= 59).then_some(if is_negative { -value } else { value })
    })
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
