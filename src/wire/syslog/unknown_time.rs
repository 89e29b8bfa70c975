//! A time in a shape that nobody told us of, by what it must have: `hh:mm:ss` or digits like it, behind at most a few words
//! that make a date.
//!
//! ```text
//! time = [weekday] *2(word of a date SP) time-of-day [SP "AM" / "PM"]
//! ```
//!
//! Invariant: this says where such a time ends; whether it is one is decided by what follows it.

use super::cursor::Cursor;

/// Words of a date before the time of day: weekday, month, day, year.
const DATE_WORDS_MAX: usize = 4;

/// Octets of such a word.
const WORD_OCTETS_MAX: usize = 16;

/// What follows a time of unknown shape.
#[cold]
pub(super) fn end(start: Cursor<'_>) -> Option<Cursor<'_>> {
    let mut cursor = start;
    let mut names = 0;
    for place in 0..=DATE_WORDS_MAX {
        let word = cursor.take_word();
        if word.is_empty() || word.len() > 2 * WORD_OCTETS_MAX {
            return None;
        }
        if has_time_of_day(word) || place > 0 && is_hour_and_minute(word) {
            let mut ahead = cursor;
            if ahead.eat(b' ') && matches!(ahead.take_word(), b"AM" | b"PM" | b"am" | b"pm") {
                cursor = ahead;
            }
            // The colon behind it ends it, and is no part of a name.
            return Some(cursor);
        }
        let is_number = word.first().is_some_and(u8::is_ascii_digit);
        names += usize::from(!is_number);
        if word.len() > WORD_OCTETS_MAX || names > 2 || !is_number && !is_name(word) {
            return None;
        }
        cursor.eat_spaces();
    }
    None
}

/// Whether a word may name a month or a day in some language.
fn is_name(word: &[u8]) -> bool {
    let letters = word.strip_suffix(b".").or_else(|| word.strip_suffix(b",")).unwrap_or(word);
    !letters.is_empty() && letters.iter().all(|octet| octet.is_ascii_alphabetic() || !octet.is_ascii())
}

/// Whether a word is `17:27`.
fn is_hour_and_minute(word: &[u8]) -> bool {
    matches!(word, [b'0'..=b'2', b'0'..=b'9', b':', b'0'..=b'5', b'0'..=b'9'])
}

/// Whether a word ends in a time of day: groups of one to three digits with two colons between them, then perhaps a
/// fraction or a zone.
fn has_time_of_day(word: &[u8]) -> bool {
    let word = word.strip_suffix(b":").or_else(|| word.strip_suffix(b",")).unwrap_or(word);
    let Some(first) = word.iter().position(|octet| *octet == b':') else { return false };
    let (before, after) = word.split_at(first);
    let mut groups = after.get(1..).unwrap_or_default().splitn(2, |octet| *octet == b':');
    let (Some(minutes), Some(seconds)) = (groups.next(), groups.next()) else { return false };
    let is_group = |group: &[u8]| (1..=3).contains(&group.len()) && group.iter().all(u8::is_ascii_digit);
    let hours = before.iter().rev().take_while(|octet| octet.is_ascii_digit()).count();
    let digits = seconds.iter().take_while(|octet| octet.is_ascii_digit()).count();
    let is_tail = |octet: &u8| {
        octet.is_ascii_digit() || matches!(octet, b'.' | b',' | b':' | b'+' | b'-' | b'Z' | b'z' | b']')
    };
    let tail = seconds.get(digits..).unwrap_or_default();
    let date = before.get(..before.len() - hours).unwrap_or_default();
    let is_of_date =
        |octet: &u8| octet.is_ascii_digit() || matches!(octet, b'-' | b'.' | b'/' | b'[' | b'T' | b'_');
    (1..=3).contains(&hours)
        && date.iter().all(is_of_date)
        && is_group(minutes)
        && (1..=3).contains(&digits)
        && tail.iter().all(is_tail)
        && !tail.starts_with(b"::")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_time_is_found() {
        let rest = |time: &str| {
            let line = format!("{time} host");
            end(Cursor::new(line.as_bytes())).map(|cursor| cursor.rest.to_vec())
        };
        for time in [
            "17:27:53",
            "M\u{e4}r 27 17:27:53",
            "f\u{e9}vr. 15 14:17:47",
            "11\u{6708} 27 17:27:53",
            "Aug 19 16:120:38",
            "Xyz 27 2026 5:27:53 PM",
            "Fr, 27 Nov 17:27:53.25",
            "27.11.2026 17:27:53",
            "20261127-17:27:53+01:00",
            "Xyz 27 17:27",
        ] {
            assert_eq!(rest(time), Some(b" host".to_vec()), "{time}");
        }
        for other in
            ["", "text", "a b c 12:00:00", "12:00", "fe80::1", "1 2 3 4 5 6 7 12:00:00", "x=12:00:00"]
        {
            assert_eq!(rest(other), None, "{other}");
        }
    }
}
