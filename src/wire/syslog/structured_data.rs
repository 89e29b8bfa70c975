//! STRUCTURED-DATA (RFC 5424 6.3): elements with an SD-ID and named parameters.
//!
//! Invariant: a [`StructuredData`] was read once from end to end and follows the grammar, so its iterators only
//! find the places again. Nothing is unescaped until somebody asks for the pieces.

use super::cursor::Cursor;
use super::escape::{Escapes, Pieces};
use super::notes::Notes;
use crate::base::limits::SD_PARAMS_MAX;
use crate::base::octets::equal;

/// SD-ID and PARAM-NAME, octets (RFC 5424 6.3.2).
const SD_NAME_OCTETS_MAX: usize = 32;

/// Elements whose SD-ID is remembered to find a repeated one; the search is quadratic.
const REPEATED_SEARCH_ELEMENTS_MAX: usize = 16;

/// One or more SD-ELEMENTs: `[exampleSDID@32473 iut="3" eventSource="Application"]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StructuredData<'a> {
    /// From the first `[` to the last `]`.
    raw: &'a [u8],
}

impl<'a> StructuredData<'a> {
    /// Reads the elements that `line` starts with, up to a space or the end.
    ///
    /// `None`: they break the grammar, or are more than [`SD_PARAMS_MAX`] elements and parameters.
    pub(super) fn read(line: Cursor<'a>, notes: &mut Notes) -> Option<(Self, Cursor<'a>)> {
        let mut cursor = line;
        let mut budget = SD_PARAMS_MAX;
        let mut ids = [&b""[..]; REPEATED_SEARCH_ELEMENTS_MAX];
        let mut elements = 0_usize;
        let mut found = Notes::NONE;
        while cursor.at(b'[') {
            let id = element(&mut cursor, &mut budget, &mut found)?;
            if ids.iter().take(elements).any(|earlier| *earlier == id) {
                found.insert(Notes::SD_ID_REPEATED);
            }
            if let Some(place) = ids.get_mut(elements) {
                *place = id;
            }
            elements += 1;
        }
        if elements == 0 || !cursor.at_field_end() {
            return None;
        }
        let raw = line.rest.get(..line.rest.len() - cursor.rest.len())?;
        notes.insert(found);
        Some((Self { raw }, cursor))
    }

    /// The octets as received, escapes included.
    #[must_use]
    pub fn raw(self) -> &'a [u8] {
        self.raw
    }

    /// The elements in the order of the message.
    #[must_use]
    pub fn elements(self) -> Elements<'a> {
        Elements { cursor: Cursor::new(self.raw) }
    }
}

/// Moves over one `[SD-ID *(SP PARAM)]` and gives its SD-ID.
fn element<'a>(cursor: &mut Cursor<'a>, budget: &mut usize, notes: &mut Notes) -> Option<&'a [u8]> {
    cursor.take(1);
    *budget = budget.checked_sub(1)?;
    let id = name(cursor, notes)?;
    while cursor.eat(b' ') {
        *budget = budget.checked_sub(1)?;
        name(cursor, notes)?;
        if !cursor.eat_all(b"=\"") {
            return None;
        }
        value(cursor)?;
    }
    cursor.eat(b']').then_some(id)
}

/// Printable US-ASCII without `=`, `]` and `"`.
const NAME_OCTETS: [bool; 256] = {
    let mut members = [false; 256];
    let mut octet = 0_u8;
    while octet < 128 {
        members[octet as usize] = octet.is_ascii_graphic() && !matches!(octet, b'=' | b']' | b'"');
        octet += 1;
    }
    members
};

/// What a value does not have without a backslash, and the backslash.
const VALUE_ENDS: [bool; 256] = {
    let mut members = [false; 256];
    members[b'"' as usize] = true;
    members[b'\\' as usize] = true;
    members[b']' as usize] = true;
    members
};

/// Octets of a value that are looked at one by one before eight at a time are: most values are short.
const SHORT_OCTETS: usize = 16;

/// Moves over an SD-NAME: printable US-ASCII without `=`, space, `]` and `"`.
fn name<'a>(cursor: &mut Cursor<'a>, notes: &mut Notes) -> Option<&'a [u8]> {
    let name = cursor.take_while(usize::MAX, |octet| NAME_OCTETS[usize::from(octet)]);
    if name.len() > SD_NAME_OCTETS_MAX {
        notes.insert(Notes::SD_NAME_LONG);
    }
    (!name.is_empty()).then_some(name)
}

/// Moves over a PARAM-VALUE and the quote that ends it; gives the value with its escapes.
fn value<'a>(cursor: &mut Cursor<'a>) -> Option<&'a [u8]> {
    let start = cursor.rest;
    loop {
        let near = cursor.take_while(SHORT_OCTETS, |octet| !VALUE_ENDS[usize::from(octet)]);
        if near.len() == SHORT_OCTETS {
            cursor.take_before(|word| equal(word, b'"') | equal(word, b'\\') | equal(word, b']'));
        }
        match cursor.take(1) {
            b"\"" => {
                return start.get(..start.len() - cursor.rest.len() - 1);
            }
            // A backslash before anything but `"`, `\` and `]` stands for itself (6.3.3).
            b"\\" => {
                if matches!(cursor.peek(), Some(b'"' | b'\\' | b']')) {
                    cursor.take(1);
                }
            }
            // A bracket without its backslash, or the end.
            _ => return None,
        }
    }
}

/// Iterator over SD-ELEMENTs.
#[derive(Debug, Clone)]
pub struct Elements<'a> {
    cursor: Cursor<'a>,
}

impl<'a> Iterator for Elements<'a> {
    type Item = Element<'a>;

    fn next(&mut self) -> Option<Element<'a>> {
        let start = self.cursor;
        let mut budget = usize::MAX;
        if !start.at(b'[') {
            return None;
        }
        element(&mut self.cursor, &mut budget, &mut Notes::default())?;
        let mut inside = start;
        inside.take(1);
        let id = name(&mut inside, &mut Notes::default())?;
        Some(Element { id, params: inside })
    }
}

/// One SD-ELEMENT.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Element<'a> {
    /// SD-ID, as `origin` or `exampleSDID@32473`.
    pub id: &'a [u8],
    /// What follows the SD-ID; the iterator stops at `]`.
    params: Cursor<'a>,
}

impl<'a> Element<'a> {
    /// The parameters in the order of the message; a name may repeat (RFC 5424 6.3.3).
    #[must_use]
    pub fn params(self) -> Params<'a> {
        Params { cursor: self.params }
    }
}

/// Iterator over the SD-PARAMs of an element.
#[derive(Debug, Clone)]
pub struct Params<'a> {
    cursor: Cursor<'a>,
}

impl<'a> Iterator for Params<'a> {
    type Item = Param<'a>;

    fn next(&mut self) -> Option<Param<'a>> {
        if !self.cursor.eat(b' ') {
            return None;
        }
        let name = name(&mut self.cursor, &mut Notes::default())?;
        if !self.cursor.eat_all(b"=\"") {
            return None;
        }
        Some(Param { name, raw_value: value(&mut self.cursor)? })
    }
}

/// One SD-PARAM.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Param<'a> {
    /// PARAM-NAME.
    pub name: &'a [u8],
    /// PARAM-VALUE as sent, escapes included.
    pub raw_value: &'a [u8],
}

impl<'a> Param<'a> {
    /// The value without its escapes, as pieces of the message that only need to be put in a row.
    #[must_use]
    pub fn pieces(self) -> Pieces<'a> {
        Pieces::new(self.raw_value, Escapes::StructuredData)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn read(text: &[u8]) -> Option<(StructuredData<'_>, Notes, &[u8])> {
        let mut notes = Notes::NONE;
        let (data, rest) = StructuredData::read(Cursor::new(text), &mut notes)?;
        Some((data, notes, rest.rest))
    }

    fn params(text: &[u8]) -> Vec<(String, String, String)> {
        let (data, _, _) = read(text).unwrap();
        let text = |octets: &[u8]| String::from_utf8(octets.to_vec()).unwrap();
        data.elements()
            .flat_map(|element| element.params().map(move |param| (element.id, param)))
            .map(|(id, param)| {
                (text(id), text(param.name), text(&param.pieces().collect::<Vec<_>>().concat()))
            })
            .collect()
    }

    fn row(id: &str, name: &str, value: &str) -> (String, String, String) {
        (id.to_owned(), name.to_owned(), value.to_owned())
    }

    #[test]
    fn rfc_5424_6_3_5_examples() {
        let two = br#"[exampleSDID@32473 iut="3" eventSource="Application" eventID="1011"][examplePriority@32473 class="high"]"#;
        assert_eq!(
            params(two),
            [
                row("exampleSDID@32473", "iut", "3"),
                row("exampleSDID@32473", "eventSource", "Application"),
                row("exampleSDID@32473", "eventID", "1011"),
                row("examplePriority@32473", "class", "high"),
            ]
        );
        assert_eq!(read(two).unwrap().0.raw(), two);
        // A space between elements ends STRUCTURED-DATA; the rest is MSG.
        assert_eq!(read(br#"[a b="c"] [d e="f"]"#).unwrap().2, br#" [d e="f"]"#);
        // A space after `[`, and a space before the value, are errors.
        assert!(read(br#"[ exampleSDID@32473 iut="3"]"#).is_none());
        assert!(read(br#"[a iut= "3"]"#).is_none());
        assert!(params(b"[sigSig]").is_empty());
    }

    #[test]
    fn escapes() {
        assert_eq!(params(br#"[a v="\]\"\\"]"#), [row("a", "v", "]\"\\")]);
        assert_eq!(params(br#"[a v="\n\u2318 \\u"]"#), [row("a", "v", "\\n\\u2318 \\u")]);
        assert_eq!(params(br#"[a v="\\\\" w=""]"#), [row("a", "v", "\\\\"), row("a", "w", "")]);
        assert_eq!(params(br#"[a v="x\"y\"z"]"#), [row("a", "v", "x\"y\"z")]);
        assert!(read(br#"[a v="\"] rest "x""#).is_none());
        assert!(read(br#"[a v="]"]"#).is_none());
        assert!(read(br#"[a v="x""]"#).is_none());
    }

    #[test]
    fn repeated_names_are_kept_and_repeated_ids_noted() {
        assert_eq!(params(br#"[a ip="1" ip="2"]"#), [row("a", "ip", "1"), row("a", "ip", "2")]);
        assert!(read(b"[a][b][a]").unwrap().1.contains(Notes::SD_ID_REPEATED));
        assert!(!read(b"[a][b]").unwrap().1.contains(Notes::SD_ID_REPEATED));
        let long = b"[1234567890123456789012345678901234 i=\"1\"]";
        assert!(read(long).unwrap().1.contains(Notes::SD_NAME_LONG));
    }

    #[test]
    fn broken_and_endless_data_is_refused() {
        for text in [
            &b""[..],
            b"[",
            b"[]",
            b"[a",
            b"[a ",
            b"[a b",
            b"[a b=",
            b"[a b=\"",
            b"[a b=\"c",
            b"[a b=\"c\"",
            b"[a]b",
            b"[a  b=\"c\"]",
            b"[a b=\"c\" ]",
            b"[action:\"Accept\"; flags:\"1\"]",
        ] {
            assert!(read(text).is_none(), "{}", String::from_utf8_lossy(text));
        }
        assert!(read("[a]".repeat(SD_PARAMS_MAX).as_bytes()).is_some());
        assert!(read("[a]".repeat(SD_PARAMS_MAX + 1).as_bytes()).is_none());
    }
}
