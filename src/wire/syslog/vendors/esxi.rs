//! VMware ESXi 8: the severity and the value of PRI before the tag, `In(166) `.

use super::Dialect;
use crate::wire::syslog::cursor::Cursor;

pub(super) const DIALECT: Dialect = Dialect { lead: Some(level_and_pri), ..Dialect::NONE };

fn level_and_pri(start: Cursor<'_>) -> Option<Cursor<'_>> {
    let [b'A'..=b'Z', b'a'..=b'z', b'(', b'0'..=b'9', ..] = start.rest else { return None };
    let mut cursor = start;
    cursor.take(3);
    cursor.number(1, 3)?;
    (cursor.eat(b')') && cursor.eat_spaces()).then_some(cursor)
}
