//! Aruba controllers: the name and address of the device in angle brackets before the tag, `<ARUBA_03 192.0.2.11> `.

use super::Dialect;
use crate::wire::syslog::cursor::Cursor;
use crate::wire::syslog::host::is_ip_address;

pub(super) const DIALECT: Dialect = Dialect { lead: Some(name_and_address), ..Dialect::NONE };

fn name_and_address(start: Cursor<'_>) -> Option<Cursor<'_>> {
    let mut cursor = start;
    if !cursor.eat(b'<') {
        return None;
    }
    cursor.take_while(64, |octet| octet.is_ascii_graphic() && octet != b'>');
    let address =
        if cursor.eat(b' ') { cursor.take_while(46, |octet| !matches!(octet, b'>' | b' ')) } else { b"" };
    (is_ip_address(address) && cursor.eat(b'>') && cursor.eat_spaces()).then_some(cursor)
}
