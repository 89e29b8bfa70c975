//! MikroTik RouterOS: topics in the place of the tag, `system,info,account `.

use super::Dialect;
use crate::wire::syslog::cursor::Cursor;
use crate::wire::syslog::level::is_level;

/// Octets of all topics.
const TOPICS_OCTETS_MAX: usize = 64;

pub(super) const DIALECT: Dialect = Dialect { tag: Some(topics), ..Dialect::NONE };

/// Reads at least two topics, one of which is a severity.
fn topics(start: Cursor<'_>) -> Option<(&[u8], Cursor<'_>)> {
    let mut cursor = start;
    let topics = cursor.take_while(TOPICS_OCTETS_MAX, |octet| {
        octet.is_ascii_lowercase() || octet.is_ascii_digit() || matches!(octet, b',' | b'-')
    });
    let is_list =
        topics.contains(&b',') && cursor.eat(b' ') && topics.first().is_some_and(u8::is_ascii_lowercase);
    let mut parts = topics.split(|octet| *octet == b',');
    (is_list && parts.any(is_level)).then_some((topics, cursor))
}
