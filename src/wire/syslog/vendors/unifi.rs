//! Ubiquiti UniFi: `788a20000000,UAP-AC-Pro-Gen2-4.3.28+11361:` (MAC address, model, version) before the tag, on older
//! versions `U7PG2,788a20000000,v4.0.66.10832:`.

use super::Dialect;
use crate::wire::syslog::cursor::Cursor;

/// Hexadecimal digits of a MAC address.
const ADDRESS_DIGITS: usize = 12;

/// Octets of a model and its version.
const MODEL_OCTETS_MAX: usize = 64;

pub(super) const DIALECT: Dialect = Dialect { lead: Some(address_and_model), ..Dialect::NONE };

fn address_and_model(start: Cursor<'_>) -> Option<Cursor<'_>> {
    let mut cursor = start;
    let word = cursor.take_while(2 * MODEL_OCTETS_MAX, |octet| {
        octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'_' | b'.' | b'+' | b',')
    });
    let is_address = |part: &[u8]| part.len() == ADDRESS_DIGITS && part.iter().all(u8::is_ascii_hexdigit);
    let mut parts = word.split(|octet| *octet == b',');
    let (first, second, last) = (parts.next()?, parts.next()?, parts.next().unwrap_or_default());
    let is_device = is_address(first) && !second.is_empty() || is_address(second) && last.starts_with(b"v");
    cursor.eat(b':');
    (is_device && cursor.eat_spaces()).then_some(cursor)
}
