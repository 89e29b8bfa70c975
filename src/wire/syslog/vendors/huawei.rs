//! Huawei, and Comware of H3C and HPE: `%%01MODULE/SEVERITY/NAME(l)[number]:`.

use super::mnemonic::{NAME_OCTETS_MAX, name_octets, split_at_severity};
use super::{Dialect, Event, EventSyntax, Notation};
use crate::wire::syslog::cursor::Cursor;

const NOTATION: Notation = Notation {
    vendor: "huawei",
    members: ["module", "severity", "name"],
    split: |name| split_at_severity(name, b'/'),
};

pub(super) const DIALECT: Dialect =
    Dialect { event: Some(EventSyntax { starts: b"%(", read: event }), ..Dialect::NONE };

/// Reads `%%01IFNET/4/IF_STATE(l)[4997]:`: two digits of a version, the name, what kind of log it is, its number. The
/// last two may be missing. Members of a Comware stack write `(Stack) ` before it.
fn event(start: Cursor<'_>) -> Option<Event<'_>> {
    let mut cursor = start;
    if cursor.at(b'(') {
        cursor.take_while(NAME_OCTETS_MAX, |octet| octet != b' ');
        cursor.eat_spaces();
    }
    let [b'%', b'%', b'0'..=b'9', b'0'..=b'9', text @ ..] = cursor.rest else { return None };
    let (name, rest) = text.split_at_checked(name_octets(text, b'/')?)?;
    let mut rest = match rest {
        // Most have one letter.
        [b'(', b'a'..=b'z' | b'A'..=b'Z', b')', rest @ ..] => Cursor::new(rest),
        [b'(', ..] => after_kind(rest)?,
        _ => Cursor::new(rest),
    };
    let count = if rest.eat(b'[') {
        let count = rest.count()?;
        rest.eat(b']').then_some(Some(count))?
    } else {
        None
    };
    if !rest.eat(b':') {
        return None;
    }
    rest.eat(b' ');
    Some(Event { notation: NOTATION, name, program: name, count, host: None, rest })
}

/// Moves over what kind of log it is, in parentheses.
#[cold]
fn after_kind(text: &[u8]) -> Option<Cursor<'_>> {
    let mut cursor = Cursor::new(text);
    cursor.take(1);
    cursor.take_while(8, |octet| octet.is_ascii_alphanumeric());
    cursor.eat(b')').then_some(cursor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_ends_at_its_colon() {
        let read = |text: &'static str| {
            event(Cursor::new(text.as_bytes())).map(|found| (found.name, found.count, found.rest.rest))
        };
        assert_eq!(
            read("%%01IFNET/4/IF_STATE(l)[4997]:x"),
            Some((&b"IFNET/4/IF_STATE"[..], Some(4_997), &b"x"[..]))
        );
        assert_eq!(read("%%10SHELL/5/SHELL_LOGIN: x"), Some((&b"SHELL/5/SHELL_LOGIN"[..], None, &b"x"[..])));
        for other in
            ["%%1IFNET/4/A: x", "%% It's time", "%%01IFNET/4/A(l)[x]:", "%%01IFNET/4/A(l x", "%%01IFNET/4/A"]
        {
            assert_eq!(read(other), None, "{other}");
        }
    }
}
