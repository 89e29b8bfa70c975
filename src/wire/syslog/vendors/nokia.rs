//! Nokia SR OS: `470024 Base SECURITY-MAJOR-cli_user_login-2001 [admin]: ` (number, router, event, subject) at the start
//! of the text.

use super::{Dialect, Notation, TextEvent, TextEventSyntax};
use crate::wire::lanes::Lanes;
use crate::wire::syslog::cursor::Cursor;

/// Severities as SR OS writes them.
const SEVERITIES: [&[u8]; 6] = [b"CLEARED", b"CRITICAL", b"MAJOR", b"MINOR", b"WARNING", b"INDETERMINATE"];

const NOTATION: Notation = Notation { vendor: "nokia", members: ["application", "severity", "event"], split };

pub(super) const DIALECT: Dialect = Dialect {
    text_event: Some(TextEventSyntax { starts: b"0123456789", read: text_event }),
    ..Dialect::NONE
};

fn text_event(text: Cursor<'_>) -> Option<TextEvent<'_>> {
    let mut cursor = text;
    cursor.count()?;
    if !cursor.eat(b' ') || cursor.take_word().is_empty() || !cursor.eat(b' ') {
        return None;
    }
    let name = cursor.take_of(Lanes::of_name);
    split(name)?;
    cursor.at_field_end().then_some(TextEvent { name, notation: Some(NOTATION) })
}

/// The application, the severity and the event in `SECURITY-MAJOR-cli_user_login-2001`.
fn split(name: &[u8]) -> Option<[&[u8]; 3]> {
    let mut parts = name.splitn(3, |octet| *octet == b'-');
    let parts = [parts.next()?, parts.next()?, parts.next()?];
    let [application, severity, event] = parts;
    (!application.is_empty() && SEVERITIES.contains(&severity) && !event.is_empty()).then_some(parts)
}
