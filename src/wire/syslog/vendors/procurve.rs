//! HP ProCurve: the five digits of an event before the tag, `00076 ports: `.

use super::Dialect;
use crate::wire::syslog::cursor::Cursor;

pub(super) const DIALECT: Dialect = Dialect { lead: Some(event_number), ..Dialect::NONE };

fn event_number(start: Cursor<'_>) -> Option<Cursor<'_>> {
    let mut cursor = start;
    let digits = cursor.take_while(6, |octet| octet.is_ascii_digit());
    (digits.len() == 5 && cursor.eat_spaces()).then_some(cursor)
}
