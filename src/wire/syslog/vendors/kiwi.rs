//! Kiwi Syslog Server, and file formats like its own: `Local7.Info` before the host, `daemon.info` before the tag.

use super::Dialect;
use crate::wire::syslog::cursor::Cursor;
use crate::wire::syslog::level::is_facility_and_level;

pub(super) const DIALECT: Dialect = Dialect { lead: Some(facility_and_level), ..Dialect::NONE };

fn facility_and_level(start: Cursor<'_>) -> Option<Cursor<'_>> {
    let mut cursor = start;
    let word = cursor.take_while(32, |octet| octet.is_ascii_alphanumeric() || octet == b'.');
    let ends = cursor.eat_spaces() || cursor.eat(b'\t');
    (ends && is_facility_and_level(word)).then_some(cursor)
}
