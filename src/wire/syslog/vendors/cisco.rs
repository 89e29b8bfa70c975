//! Cisco, and others who do as Cisco does: `%FACILITY-SEVERITY-MNEMONIC`.

use super::mnemonic::{name_octets, split_at_severity};
use super::{Dialect, Event, EventSyntax, Notation, TextEvent, TextEventSyntax};
use crate::wire::syslog::cursor::Cursor;

/// FACILITY may have parts (`%SNMP-SNMP-3-AUTH_FAIL`); SEVERITY is a digit, or a letter on small switches.
const NOTATION: Notation = Notation {
    vendor: "cisco",
    members: ["facility", "severity", "mnemonic"],
    split: |name| split_at_severity(name, b'-'),
};

pub(super) const DIALECT: Dialect = Dialect {
    // Wireless controllers put a star before some names.
    event: Some(EventSyntax { starts: b"%*", read: event }),
    text_event: Some(TextEventSyntax {
        starts: b"%",
        read: |text| mnemonic(text).map(|(name, _)| TextEvent { name, notation: Some(NOTATION) }),
    }),
    ..Dialect::NONE
};

/// Reads `%FACILITY-SEVERITY-MNEMONIC` and moves to the octet behind it: SP, `:` or the end.
#[inline]
fn mnemonic(start: Cursor<'_>) -> Option<(&[u8], Cursor<'_>)> {
    let mut cursor = start;
    if !(cursor.eat(b'%') && cursor.peek()?.is_ascii_alphanumeric()) {
        return None;
    }
    let name = cursor.take(name_octets(cursor.rest, b'-')?);
    (cursor.at_field_end() || cursor.at(b':')).then_some((name, cursor))
}

/// Reads a mnemonic and ` :` or `:` and one space behind it.
fn event(start: Cursor<'_>) -> Option<Event<'_>> {
    let mut cursor = start;
    cursor.eat(b'*');
    let (name, mut rest) = mnemonic(cursor)?;
    if !rest.eat_all(b": ") {
        let mut ahead = rest;
        ahead.eat_spaces();
        if ahead.eat(b':') {
            rest = ahead;
        }
        rest.eat(b' ');
    }
    Some(Event { notation: NOTATION, name, program: name, count: None, host: None, rest })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_ends_at_a_space_a_colon_or_the_end() {
        let read = |text: &'static str| {
            mnemonic(Cursor::new(text.as_bytes())).map(|(name, after)| (name, after.rest))
        };
        assert_eq!(read("%LINK-3-UPDOWN: x"), Some((&b"LINK-3-UPDOWN"[..], &b": x"[..])));
        assert_eq!(read("%LINK-3-UPDOWN : x"), Some((&b"LINK-3-UPDOWN"[..], &b" : x"[..])));
        assert_eq!(read("%ASA-4-401004 x"), Some((&b"ASA-4-401004"[..], &b" x"[..])));
        for other in ["LINK-3-UPDOWN:", "%LINK-3-UP,", "%-3-A:", "% LINK-3-A:", "%ASA: x", "%100-5: x"] {
            assert_eq!(read(other), None, "{other}");
        }
    }
}
