//! Junos: `RPD_BGP_NEIGHBOR_STATE_CHANGED:` at the start of the text.

use super::{Dialect, TextEvent, TextEventSyntax};
use crate::wire::syslog::cursor::Cursor;

/// Octets of a name.
const NAME_OCTETS_MAX: usize = 64;

pub(super) const DIALECT: Dialect = Dialect {
    text_event: Some(TextEventSyntax { starts: b"ABCDEFGHIJKLMNOPQRSTUVWXYZ", read: text_event }),
    ..Dialect::NONE
};

fn text_event(text: Cursor<'_>) -> Option<TextEvent<'_>> {
    let mut cursor = text;
    let name = cursor.take_while(NAME_OCTETS_MAX, |octet| {
        octet.is_ascii_uppercase() || octet.is_ascii_digit() || octet == b'_'
    });
    let is_name = name.contains(&b'_') && !name.ends_with(b"_") && cursor.eat(b':') && cursor.at_field_end();
    is_name.then_some(TextEvent { name, notation: None })
}
