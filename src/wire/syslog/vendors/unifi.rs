//! Ubiquiti UniFi: `788a20000000,UAP-AC-Pro-Gen2-4.3.28+11361:` (MAC address, model, version) before the tag.

use super::Dialect;
use crate::wire::syslog::cursor::Cursor;

/// Hexadecimal digits of a MAC address.
const ADDRESS_DIGITS: usize = 12;

pub(super) const DIALECT: Dialect = Dialect { lead: Some(address_and_model), ..Dialect::NONE };

fn address_and_model(start: Cursor<'_>) -> Option<Cursor<'_>> {
    let mut cursor = start;
    let address = cursor.take_while(ADDRESS_DIGITS, |octet| octet.is_ascii_hexdigit());
    if address.len() != ADDRESS_DIGITS || !cursor.eat(b',') {
        return None;
    }
    let model = cursor.take_while(64, |octet| {
        octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'_' | b'.' | b'+' | b',')
    });
    cursor.eat(b':');
    (!model.is_empty() && cursor.eat_spaces()).then_some(cursor)
}
