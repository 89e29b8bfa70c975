//! Formats of their own inside a message: CEF, LEEF, rows of pairs.
//!
//! What a payload is is decided by how the content starts, never by finding something in the middle of a text.
//!
//! Invariant: a [`Cef`] or [`Leef`] has its complete header; its fields lie inside the message.

use super::cursor::Cursor;
use super::escape::{Escapes, Pieces};
use super::pairs::Pairs;

/// What the content of a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Payload<'a> {
    /// Text.
    Text,
    /// ArcSight Common Event Format.
    Cef(Cef<'a>),
    /// IBM Log Event Extended Format.
    Leef(Leef<'a>),
    /// Names with values.
    Pairs(Pairs<'a>),
}

impl<'a> Payload<'a> {
    /// What `content` is.
    #[must_use]
    pub(super) fn of(content: &'a [u8]) -> Self {
        let text = Cursor::new(content.trim_ascii_start());
        let found = match text.peek() {
            Some(b'C') if marker(text).is_some() => Cef::read(text).map(Self::Cef),
            Some(b'L') if marker(text).is_some() => Leef::read(text).map(Self::Leef),
            Some(b'[' | b'a'..=b'z' | b'A'..=b'Z') => Pairs::of_text(text.rest).map(Self::Pairs),
            _ => None,
        };
        found.unwrap_or(Self::Text)
    }
}

/// The name of the format that starts here: `CEF:0|`, `CEF: 0|`, `LEEF:1.0|`.
#[inline]
pub(super) fn marker<'a>(start: Cursor<'a>) -> Option<&'a [u8]> {
    match start.rest {
        [b'C', b'E', b'F', b':', ..] => marker_with_version(start, 3),
        [b'L', b'E', b'E', b'F', b':', ..] => marker_with_version(start, 4),
        _ => None,
    }
}

/// [`marker`] whose name has so many octets, if a version follows it.
fn marker_with_version<'a>(start: Cursor<'a>, octets: usize) -> Option<&'a [u8]> {
    let mut cursor = start;
    cursor.take(octets + 1);
    cursor.eat(b' ');
    cursor.number(1, 2)?;
    if cursor.eat(b'.') {
        cursor.number(1, 2)?;
    }
    cursor.at(b'|').then(|| start.rest.get(..octets)).flatten()
}

/// A message in CEF: `CEF:Version|Device Vendor|Device Product|Device Version|Device Event Class ID|Name|Severity|Extension`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cef<'a> {
    header: [&'a [u8]; 7],
    extension: &'a [u8],
}

impl<'a> Cef<'a> {
    /// What the fields of the header are called, in their order.
    pub const HEADER: [&'static str; 7] = [
        "version",
        "device_vendor",
        "device_product",
        "device_version",
        "device_event_class_id",
        "name",
        "severity",
    ];

    fn read(start: Cursor<'a>) -> Option<Self> {
        let mut cursor = start;
        cursor.eat_all(b"CEF:");
        cursor.eat(b' ');
        let mut header = [&b""[..]; 7];
        for field in &mut header {
            *field = header_field(&mut cursor)?;
        }
        Some(Self { header, extension: cursor.rest })
    }

    /// The fields of the header without their escapes, as pieces.
    pub fn header(self) -> impl Iterator<Item = (&'static str, Pieces<'a>)> {
        Self::HEADER.into_iter().zip(self.header.map(|field| Pieces::new(field, Escapes::CefHeader)))
    }

    /// The extension.
    #[must_use]
    pub fn extension(self) -> Pairs<'a> {
        Pairs::extension(self.extension)
    }
}

/// A message in LEEF: `LEEF:Version|Vendor|Product|Version|EventID|[Delimiter|]Attributes`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Leef<'a> {
    header: [&'a [u8]; 5],
    delimiter: u8,
    attributes: &'a [u8],
}

impl<'a> Leef<'a> {
    /// What the fields of the header are called, in their order.
    pub const HEADER: [&'static str; 5] = ["version", "vendor", "product", "product_version", "event_id"];

    fn read(start: Cursor<'a>) -> Option<Self> {
        let mut cursor = start;
        cursor.eat_all(b"LEEF:");
        cursor.eat(b' ');
        let mut header = [&b""[..]; 5];
        for field in &mut header {
            *field = header_field(&mut cursor)?;
        }
        // LEEF 2.0 may name its delimiter: one octet, or its number as `x5E` or `0x5E`.
        let mut ahead = cursor;
        let named = header[0].starts_with(b"2").then(|| header_field(&mut ahead)).flatten();
        let delimiter = match named {
            Some([]) => Some(b'\t'),
            Some([octet]) => Some(*octet),
            Some([b'x', digits @ ..] | [b'0', b'x', digits @ ..]) if digits.len() <= 4 => {
                std::str::from_utf8(digits).ok().and_then(|digits| u8::from_str_radix(digits, 16).ok())
            }
            _ => None,
        };
        if delimiter.is_some() {
            cursor = ahead;
        }
        // PAN-OS puts `|` between attributes where LEEF 1.0 has tabs.
        let with_bars = delimiter.is_none()
            && memchr::memchr(b'\t', cursor.rest).is_none()
            && memchr::memchr(b'|', cursor.rest).is_some();
        let delimiter = delimiter.unwrap_or(if with_bars { b'|' } else { b'\t' });
        Some(Self { header, delimiter, attributes: cursor.rest })
    }

    /// The fields of the header, as pieces.
    pub fn header(self) -> impl Iterator<Item = (&'static str, Pieces<'a>)> {
        Self::HEADER.into_iter().zip(self.header.map(|field| Pieces::new(field, Escapes::CefHeader)))
    }

    /// The attributes.
    #[must_use]
    pub fn attributes(self) -> Pairs<'a> {
        Pairs::attributes(self.attributes, self.delimiter)
    }
}

/// Moves over a field of a header and the `|` that ends it.
fn header_field<'a>(cursor: &mut Cursor<'a>) -> Option<&'a [u8]> {
    let start = cursor.rest;
    let mut from = 0;
    loop {
        let place = from + memchr::memchr2(b'|', b'\\', start.get(from..)?)?;
        if start.get(place) == Some(&b'|') {
            cursor.take(place + 1);
            return start.get(..place);
        }
        from = place + 2;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::*;

    fn text<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> String {
        String::from_utf8(pieces.flatten().copied().collect()).unwrap()
    }

    #[test]
    fn cef() {
        let line = br"CEF:0|Security|threat\|mana\\ger|1.0|100|detected a \| in message|10|src=10.0.0.1 act=blocked a \= dst=1.1.1.1";
        let Payload::Cef(cef) = Payload::of(line) else { panic!("{line:?}") };
        let header: Vec<String> = cef.header().map(|(_, pieces)| text(pieces)).collect();
        assert_eq!(
            header,
            ["0", "Security", r"threat|mana\ger", "1.0", "100", "detected a | in message", "10"]
        );
        let extension: Vec<String> = cef.extension().iter().map(|pair| text(pair.pieces())).collect();
        assert_eq!(extension, ["10.0.0.1", "blocked a =", "1.1.1.1"]);
        assert!(matches!(Payload::of(b"CEF: 0|a|b|c|d|e|f|"), Payload::Cef(_)));
        for other in
            [&b"CEF:0|a|b|c|d|e|f"[..], b"CEF: a|b|c|d|e|f|g|", b"CEF:|", b"xCEF:0|a|b|c|d|e|f|", b"CEF:0"]
        {
            assert_eq!(Payload::of(other), Payload::Text, "{}", String::from_utf8_lossy(other));
        }
    }

    #[test]
    fn leef() {
        for (line, delimiter) in [
            (&b"LEEF:1.0|V|P|1|E|src=1\tdst=2"[..], b'\t'),
            (b"LEEF:1.0|V|P|1|E|src=1|dst=2", b'|'),
            (b"LEEF:2.0|V|P|1|E|^|src=1^dst=2", b'^'),
            (b"LEEF:2.0|V|P|1|E|x5E|src=1^dst=2", b'^'),
            (b"LEEF:2.0|V|P|1|E|0x7c|src=1|dst=2", b'|'),
            (b"LEEF:2.0|V|P|1|E||src=1\tdst=2", b'\t'),
            (b"LEEF:2.0|V|P|1|E|src=1\tdst=2", b'\t'),
        ] {
            let Payload::Leef(leef) = Payload::of(line) else { panic!("{line:?}") };
            assert_eq!(leef.delimiter, delimiter, "{}", String::from_utf8_lossy(line));
            let pairs: Vec<(&[u8], &[u8])> =
                leef.attributes().iter().map(|pair| (pair.name, pair.raw_value)).collect();
            assert_eq!(
                pairs,
                [(&b"src"[..], &b"1"[..]), (b"dst", b"2")],
                "{}",
                String::from_utf8_lossy(line)
            );
            assert_eq!(leef.header().map(|(_, pieces)| text(pieces)).nth(4).as_deref(), Some("E"));
        }
        assert_eq!(Payload::of(b"LEEF:1.0|V|P|1"), Payload::Text);
    }
}
