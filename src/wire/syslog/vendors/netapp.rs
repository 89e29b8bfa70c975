//! NetApp ONTAP: `[node:event.of.parts:severity]:` in the place of the tag.

use super::{Dialect, Event, EventSyntax, Notation};
use crate::wire::lanes::Lanes;
use crate::wire::syslog::cursor::Cursor;

/// Octets between the brackets.
const NAME_OCTETS_MAX: usize = 160;

const NOTATION: Notation = Notation { vendor: "netapp", members: ["node", "severity", "event"], split };

pub(super) const DIALECT: Dialect =
    Dialect { event: Some(EventSyntax { starts: b"[", read: event }), ..Dialect::NONE };

/// Reads `[cluster-01:wafl.vol.full:notice]: `. The node is the device.
fn event(start: Cursor<'_>) -> Option<Event<'_>> {
    let mut cursor = start;
    if !cursor.eat(b'[') {
        return None;
    }
    let name = cursor.take_of(Lanes::of_host);
    let [host, _, program] = split(name)?;
    if name.len() > NAME_OCTETS_MAX || !cursor.eat_all(b"]:") {
        return None;
    }
    cursor.eat(b' ');
    Some(Event { notation: NOTATION, name, program, count: None, host: Some(host), rest: cursor })
}

/// The node, the severity and the event in `node:event:severity`.
fn split(name: &[u8]) -> Option<[&[u8]; 3]> {
    let mut parts = name.split(|octet| *octet == b':');
    let (node, event, severity) = (parts.next()?, parts.next()?, parts.next()?);
    let is_name = parts.next().is_none()
        && !node.is_empty()
        && !event.is_empty()
        && !severity.is_empty()
        && severity.iter().all(u8::is_ascii_alphabetic);
    is_name.then_some([node, severity, event])
}
