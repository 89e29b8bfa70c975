//! Octets of a peer as text: unchanged where they are text, escaped where they are not.

use crate::base::limits;
use crate::base::span::Span;
use crate::model::bounded::Bounded;

/// Text appended to a buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Text {
    /// Where it lies.
    pub span: Span,
    /// Whether it is exactly the octets that came.
    pub is_verbatim: bool,
}

/// Digits of hexadecimal numbers.
const HEX: &[u8; 16] = b"0123456789abcdef";

/// Octets that [`append_hex`] shows of a longer input.
const HEX_OCTETS_MAX: usize = 64;

/// Appends `bytes` as UTF-8 text. What is not UTF-8, and NUL, which ends a text for many readers, becomes `\xNN`;
/// the text is then not verbatim, and at most [`limits::RENDERED_TEXT_OCTETS_MAX`] octets of it are made.
pub fn append(bytes: &[u8], out: &mut Vec<u8>) -> Text {
    let start = out.len();
    let is_verbatim = memchr::memchr(0, bytes).is_none() && simdutf8::basic::from_utf8(bytes).is_ok();
    if is_verbatim {
        out.extend_from_slice(bytes);
    } else {
        append_escaped(bytes, out);
    }
    // Batches are far shorter than 2^32 octets (base::limits asserts it).
    Text { span: Span { start: start as u32, len: (out.len() - start) as u32 }, is_verbatim }
}

/// Appends with everything escaped that is not text.
fn append_escaped(bytes: &[u8], out: &mut Vec<u8>) {
    let end = out.len() + limits::RENDERED_TEXT_OCTETS_MAX;
    for chunk in bytes.utf8_chunks() {
        for part in chunk.valid().split_inclusive('\0') {
            let (text, nul) = part.strip_suffix('\0').map_or((part, false), |text| (text, true));
            if out.len() + text.len() + 4 > end {
                return;
            }
            out.extend_from_slice(text.as_bytes());
            if nul {
                push_escape(0, out);
            }
        }
        for octet in chunk.invalid() {
            if out.len() + 4 > end {
                return;
            }
            push_escape(*octet, out);
        }
    }
}

/// How many octets of the text that [`append`] makes of `bytes` stand for the first `count` of them; at most `octets_max`, the
/// length of the text.
#[must_use]
pub fn position(bytes: &[u8], count: usize, octets_max: u32) -> u32 {
    let escaped = |octets: usize| octets * 4;
    let mut length = 0;
    for chunk in bytes.get(..count).unwrap_or(bytes).utf8_chunks() {
        let nuls = memchr::memchr_iter(0, chunk.valid().as_bytes()).count();
        length += chunk.valid().len() - nuls + escaped(nuls) + escaped(chunk.invalid().len());
    }
    u32::try_from(length).map_or(octets_max, |length| length.min(octets_max))
}

/// Appends `\xNN`.
fn push_escape(octet: u8, out: &mut Vec<u8>) {
    let [high, low] = hex(octet);
    out.extend_from_slice(&[b'\\', b'x', high, low]);
}

/// The two digits of an octet.
fn hex(octet: u8) -> [u8; 2] {
    [HEX[usize::from(octet >> 4)], HEX[usize::from(octet & 15)]]
}

/// Most octets that [`append_sender`] appends.
const SENDER_OCTETS_MAX: usize = 512;

/// Appends who claims to have sent a v3 message: ` user "name" engine 80001f88`. Nobody vouches for it.
pub fn append_sender(user: &[u8], engine_id: &[u8], out: &mut Vec<u8>) {
    let mut text = Bounded::new(out, SENDER_OCTETS_MAX);
    text.push(b" user ");
    text.name(user);
    text.push(b" engine ");
    if engine_id.is_empty() {
        text.push(b"none");
    } else {
        text.hex(engine_id.get(..HEX_OCTETS_MAX).unwrap_or(engine_id));
    }
}

/// Appends the first octets in hexadecimal, `0x3082...`, with a mark where more follow.
pub fn append_hex(bytes: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(b"0x");
    for octet in bytes.iter().take(HEX_OCTETS_MAX) {
        out.extend_from_slice(&hex(*octet));
    }
    if bytes.len() > HEX_OCTETS_MAX {
        out.extend_from_slice(b"...");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn appended(bytes: &[u8]) -> (String, bool) {
        let mut out = b"before".to_vec();
        let text = append(bytes, &mut out);
        (String::from_utf8_lossy(text.span.of(&out)).into_owned(), text.is_verbatim)
    }

    #[test]
    fn text_stays_and_the_rest_is_escaped() {
        assert_eq!(appended("Z\u{fc}rich down".as_bytes()), ("Z\u{fc}rich down".into(), true));
        assert_eq!(appended(b"Z\xfcrich\0"), ("Z\\xfcrich\\x00".into(), false));
        assert_eq!(appended(b""), (String::new(), true));
    }

    #[test]
    fn positions_are_those_of_the_text() {
        let bytes = "Z\u{fc}rich \u{fc}".bytes().chain(*b"\xfc\0end").collect::<Vec<u8>>();
        let (text, _) = appended(&bytes);
        for (part, expected) in [("Z", 0), ("rich", 3), ("\\xfc", 10), ("\\x00", 14), ("end", 18)] {
            let start = text.find(part).unwrap_or_default();
            assert_eq!(start, expected, "{text}");
        }
        let len = text.len() as u32;
        let at = |count| position(&bytes, count, len);
        assert_eq!((at(0), at(3), at(10), at(11), at(12), at(99)), (0, 3, 10, 14, 18, len));
        assert_eq!(position(&bytes, 12, 5), 5, "a text that was cut");
    }

    #[test]
    fn escaping_is_bounded() {
        let (text, verbatim) = appended(&vec![0xff; limits::DATAGRAM_OCTETS_MAX]);
        assert!(!verbatim && text.len() <= limits::RENDERED_TEXT_OCTETS_MAX && text.ends_with("\\xff"));
    }
}
