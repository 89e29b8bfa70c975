//! One datagram or frame as a message: what surrounds PRI, and which of the two RFCs reads the rest.
//!
//! Invariant: nothing here fails. What is not recognised stays in the content.

use super::cursor::Cursor;
use super::message::{Format, Message};
use super::notes::Notes;
use super::pri::{self, Start};
use super::{rfc3164, rfc5424, tag};

/// Decodes one datagram or frame.
///
/// ```
/// let message = mutt::wire::syslog::decode(b"<34>Oct 11 22:14:15 mymachine su: 'su root' failed");
/// assert_eq!(message.hostname, Some(&b"mymachine"[..]));
/// assert_eq!(message.app_name, Some(&b"su"[..]));
/// assert_eq!(message.content, b"'su root' failed");
/// ```
#[must_use]
pub fn decode(bytes: &[u8]) -> Message<'_> {
    let mut message = Message::unparsed(bytes);
    decode_into(bytes, &mut message);
    message
}

/// Like [`decode`], but overwrites an existing message: the struct is large, and copying it costs a tenth of
/// decoding.
pub fn decode_into<'a>(bytes: &'a [u8], message: &mut Message<'a>) {
    let line = without_trailer(bytes);
    *message = Message::unparsed(line);
    if line.len() != bytes.len() {
        message.notes.insert(Notes::TRAILER_STRIPPED);
    }
    let Some(mut start) = read_pri(line, message) else { return };
    if matches!(start.rest, [b'O', b'r', ..] | [b' ', ..]) {
        message.original_address = original_address(&mut start, message);
    }
    match rfc5424::after_version(start, &mut message.notes) {
        Some(header) => rfc5424::decode(header, message),
        None => rfc3164::decode(start, message),
    }
    if message.format == Format::Rfc5424 {
        read_text_of_rfc5424(message);
    }
    if message.hostname.is_none() {
        message.hostname = message.original_address;
        if message.hostname.is_none() {
            message.notes.insert(Notes::HOSTNAME_ABSENT);
        }
    }
}

/// Reads PRI and gives what follows it; `None` if the line starts like a PRI and has none.
fn read_pri<'a>(line: &'a [u8], message: &mut Message<'a>) -> Option<Cursor<'a>> {
    let start = after_noise(line, message);
    match pri::split(start) {
        Start::Absent => {
            message.notes.insert(Notes::PRI_ABSENT);
            Some(Cursor::new(start))
        }
        Start::Invalid => {
            message.notes.insert(Notes::PRI_INVALID);
            None
        }
        Start::Valid { pri, leading_zero, rest } => {
            if rest.first() == Some(&b' ') {
                message.notes.insert(Notes::SPACE_AROUND_PRI);
            }
            if leading_zero {
                message.notes.insert(Notes::PRI_LEADING_ZERO);
            }
            message.pri = Some(pri);
            message.format = Format::Rfc3164;
            message.content = rest;
            Some(Cursor::new(rest))
        }
    }
}

/// What follows the octets before PRI that belong to no message; the whole line where no PRI follows them.
#[inline]
fn after_noise<'a>(line: &'a [u8], message: &mut Message<'a>) -> &'a [u8] {
    match line {
        [b'<' | b'A'..=b'Z' | b'a'..=b'z', ..] => line,
        _ => skip_noise(line, message).unwrap_or(line),
    }
}

/// Skips spaces (Cisco ASA), a byte order mark, NUL, line breaks, and the MSG-LEN of a stream before PRI.
#[cold]
#[inline(never)]
fn skip_noise<'a>(line: &'a [u8], message: &mut Message<'a>) -> Option<&'a [u8]> {
    let mut rest = line;
    while let [b' ' | b'\t' | b'\n' | b'\r' | 0, after @ ..] | [0xEF, 0xBB, 0xBF, after @ ..] = rest {
        rest = after;
    }
    let is_space = line.get(..line.len() - rest.len())?.iter().all(|octet| *octet == b' ');
    let mut counted = Cursor::new(rest);
    let has_count = counted.number(1, 8).is_some() && counted.eat(b' ');
    if has_count {
        rest = counted.rest;
    }
    if rest.len() == line.len() || !matches!(pri::split(rest), Start::Valid { .. }) {
        return None;
    }
    message.notes.insert(if is_space && !has_count {
        Notes::SPACE_AROUND_PRI
    } else {
        Notes::OCTETS_BEFORE_PRI
    });
    Some(rest)
}

/// Looks at the text of a message of RFC 5424 for what its header does not say.
fn read_text_of_rfc5424(message: &mut Message<'_>) {
    if message.notes.contains(Notes::STRUCTURED_DATA_INVALID) {
        rfc3164::decode_text(message);
    }
    // Some devices of Cisco write the letters instead of the mark.
    if let Some(text @ [b'%', ..]) = message.content.strip_prefix(b"BOM") {
        message.content = text;
        message.notes.insert(Notes::BYTE_ORDER_MARK);
    }
    if message.msg_id.is_none() {
        tag::text_event(Cursor::new(message.content), message);
        if message.notation.is_some() {
            message.app_name = message.app_name.or(message.msg_id);
        }
    }
}

/// Takes off what only ends a line or a C string: LF, CR LF, NUL.
fn without_trailer(bytes: &[u8]) -> &[u8] {
    let mut line = bytes;
    while let [rest @ .., b'\n' | b'\r' | 0] = line {
        line = rest;
    }
    line
}

/// Moves over `Original Address=192.0.2.1 `, which Kiwi Syslog puts after PRI when it relays.
fn original_address<'a>(start: &mut Cursor<'a>, message: &mut Message<'a>) -> Option<&'a [u8]> {
    let address = start.attempt(|ahead| {
        ahead.eat_spaces();
        if !ahead.eat_all(b"Original Address=") {
            return None;
        }
        let address = ahead.take_word();
        ahead.eat_spaces();
        Some(address)
    })?;
    message.notes.insert(Notes::RELAYED);
    message.content = start.rest;
    Some(address)
}
