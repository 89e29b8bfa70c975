//! WatchGuard Firebox: a serial number, and on some versions a time in parentheses, before the tag.

use super::Dialect;
use crate::wire::syslog::cursor::Cursor;

/// Octets of a serial number.
const SERIAL_OCTETS: std::ops::RangeInclusive<usize> = 9..=20;

pub(super) const DIALECT: Dialect = Dialect { lead: Some(serial_number), ..Dialect::NONE };

/// Reads `80B40E7D2F1A5 ` and perhaps `(2016-06-28T05:30:22) `.
fn serial_number(start: Cursor<'_>) -> Option<Cursor<'_>> {
    let mut cursor = start;
    let serial = cursor
        .take_while(SERIAL_OCTETS.end() + 1, |octet| octet.is_ascii_uppercase() || octet.is_ascii_digit());
    let digits = serial.iter().filter(|octet| octet.is_ascii_digit()).count();
    if !SERIAL_OCTETS.contains(&serial.len()) || digits < 4 || !cursor.eat_spaces() {
        return None;
    }
    if let [b'(', b'0'..=b'9', ..] = cursor.rest {
        let mut ahead = cursor;
        ahead.take_while(32, |octet| !matches!(octet, b')' | b' '));
        if ahead.eat_all(b") ") {
            ahead.eat_spaces();
            return Some(ahead);
        }
    }
    Some(cursor)
}
