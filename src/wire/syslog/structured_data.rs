//! STRUCTURED-DATA (RFC 5424 6.3): elements with an SD-ID and named parameters.
//!
//! Invariant: a [`StructuredData`] was read once from end to end and follows the grammar, so its iterators only
//! find the places again. Nothing is unescaped until somebody asks for the pieces.

use std::ops::Range;

use super::cursor::Cursor;
use super::escape::{Escapes, Pieces};
use super::notes::Notes;
use crate::base::limits::SD_PARAMS_MAX;
use crate::wire::lanes::{self, Lanes, WINDOW};

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
        let mut walk = Walk::new(line.rest);
        let id = walk.element()?;
        let is_repeated = walk.is_at(b'[') && walk.other_elements(id)?;
        let (raw, rest) = line.rest.split_at_checked(walk.at)?;
        let rest = Cursor::new(rest);
        if !rest.at_field_end() || walk.names > SD_PARAMS_MAX {
            return None;
        }
        if is_repeated {
            notes.insert(Notes::SD_ID_REPEATED);
        }
        if walk.longest_name > SD_NAME_OCTETS_MAX {
            notes.insert(Notes::SD_NAME_LONG);
        }
        Some((Self { raw }, rest))
    }

    /// The octets as received, escapes included.
    #[must_use]
    pub fn raw(self) -> &'a [u8] {
        self.raw
    }

    /// The elements in the order of the message.
    #[must_use]
    pub fn elements(self) -> Elements<'a> {
        Elements { walk: Walk::new(self.raw) }
    }
}

/// A walk over elements, from one end of a name or a value to the next. What ends them is looked up for 64 octets at once.
#[derive(Debug, Clone)]
struct Walk<'a> {
    line: &'a [u8],
    /// The next octet.
    at: usize,
    /// The first octet of the window; never behind `at`.
    window: usize,
    /// Octets of the window that no SD-NAME has.
    name_ends: u64,
    /// Octets of the window that no PARAM-VALUE has without a backslash, and the backslash.
    value_ends: u64,
    /// Names so far: elements and parameters.
    names: usize,
    /// Octets of the longest name so far.
    longest_name: usize,
}

impl<'a> Walk<'a> {
    #[inline(always)]
    fn new(line: &'a [u8]) -> Self {
        let [name_ends, value_ends] =
            lanes::bits_from(line, 0, |lanes| [name_ends(lanes), value_ends(lanes)]);
        Self { line, at: 0, window: 0, name_ends, value_ends, names: 0, longest_name: 0 }
    }

    #[inline(always)]
    fn is_at(&self, octet: u8) -> bool {
        self.line.get(self.at) == Some(&octet)
    }

    /// Moves over one `[SD-ID *(SP PARAM)]` and gives the place of its SD-ID.
    #[inline(always)]
    fn element(&mut self) -> Option<Range<usize>> {
        if !self.is_at(b'[') {
            return None;
        }
        let id = self.name()?;
        while self.is_at(b' ') {
            self.param()?;
        }
        let closed = self.is_at(b']');
        self.at += 1;
        closed.then_some(id)
    }

    /// Moves over one `SP PARAM-NAME="PARAM-VALUE"` and gives the places of name and value.
    #[inline(always)]
    fn param(&mut self) -> Option<[Range<usize>; 2]> {
        let name = self.name()?;
        if self.line.get(self.at..self.at + 2) != Some(b"=\"") {
            return None;
        }
        self.at += 2;
        let from = self.at;
        self.value()?;
        Some([name, from..self.at - 1])
    }

    /// Moves over the octet that stands before an SD-NAME, and the name: printable US-ASCII without `=`, space, `]` and `"`.
    #[inline(always)]
    fn name(&mut self) -> Option<Range<usize>> {
        let from = self.at + 1;
        self.at = from;
        self.at = self.next(|walk| walk.name_ends, name_ends);
        self.names += 1;
        self.longest_name = self.longest_name.max(self.at - from);
        (self.at > from).then_some(from..self.at)
    }

    /// Moves over a PARAM-VALUE and the quote that ends it.
    #[inline(always)]
    fn value(&mut self) -> Option<()> {
        loop {
            let place = self.next(|walk| walk.value_ends, value_ends);
            self.at = place + 1;
            match self.line.get(place) {
                Some(b'"') => return Some(()),
                // A backslash before anything but `"`, `\` and `]` stands for itself (6.3.3).
                Some(b'\\') => {
                    if matches!(self.line.get(self.at), Some(b'"' | b'\\' | b']')) {
                        self.at += 1;
                    }
                }
                // A bracket without its backslash, or the end.
                _ => return None,
            }
        }
    }

    /// The next of the octets that `found` has of the window and `kind` finds beyond it; the end, if there is none.
    #[inline(always)]
    fn next(&mut self, found: impl Fn(&Self) -> u64, kind: impl Fn(Lanes) -> Lanes) -> usize {
        let within = self.at - self.window;
        let ahead = if within < WINDOW { found(self) >> within } else { 0 };
        if ahead != 0 {
            return self.at + ahead.trailing_zeros() as usize;
        }
        self.move_window();
        match found(self) {
            0 => {
                self.at + lanes::count_of(self.line.get(self.at..).unwrap_or_default(), |lanes| !kind(lanes))
            }
            ahead => self.at + ahead.trailing_zeros() as usize,
        }
    }

    /// Lets the window begin here.
    #[inline(never)]
    fn move_window(&mut self) {
        self.window = self.at;
        [self.name_ends, self.value_ends] =
            lanes::bits_from(self.line, self.at, |lanes| [name_ends(lanes), value_ends(lanes)]);
    }

    /// Moves over the elements behind the first, whose SD-ID is `first`, and tells whether an SD-ID was there before.
    fn other_elements(&mut self, first: Range<usize>) -> Option<bool> {
        let line = self.line;
        let mut is_repeated = false;
        let mut ids = [line.get(first)?; REPEATED_SEARCH_ELEMENTS_MAX];
        let mut elements = 1;
        while self.is_at(b'[') {
            let id = self.element()?;
            let id = line.get(id)?;
            is_repeated |= ids.iter().take(elements).any(|earlier| *earlier == id);
            if let Some(place) = ids.get_mut(elements) {
                *place = id;
            }
            elements += 1;
        }
        Some(is_repeated)
    }
}

/// What ends an SD-NAME: all but printable US-ASCII, `=`, `]` and `"`.
#[inline]
fn name_ends(lanes: Lanes) -> Lanes {
    !lanes.graphic() | lanes.equal(b'=') | lanes.equal(b']') | lanes.equal(b'"')
}

/// What a PARAM-VALUE does not have without a backslash, and the backslash.
#[inline]
fn value_ends(lanes: Lanes) -> Lanes {
    lanes.equal(b'"') | lanes.equal(b'\\') | lanes.equal(b']')
}

/// Iterator over SD-ELEMENTs.
#[derive(Debug, Clone)]
pub struct Elements<'a> {
    walk: Walk<'a>,
}

impl<'a> Iterator for Elements<'a> {
    type Item = Element<'a>;

    fn next(&mut self) -> Option<Element<'a>> {
        let Range { start, end } = self.walk.element()?;
        let id = self.walk.line.get(start..end)?;
        let params = self.walk.line.get(end..self.walk.at)?;
        Some(Element { id, params })
    }
}

/// One SD-ELEMENT.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Element<'a> {
    /// SD-ID, as `origin` or `exampleSDID@32473`.
    pub id: &'a [u8],
    /// What follows the SD-ID, with `]`.
    params: &'a [u8],
}

impl<'a> Element<'a> {
    /// The parameters in the order of the message; a name may repeat (RFC 5424 6.3.3).
    #[must_use]
    pub fn params(self) -> Params<'a> {
        Params { walk: Walk::new(self.params) }
    }
}

/// Iterator over the SD-PARAMs of an element.
#[derive(Debug, Clone)]
pub struct Params<'a> {
    walk: Walk<'a>,
}

impl<'a> Iterator for Params<'a> {
    type Item = Param<'a>;

    fn next(&mut self) -> Option<Param<'a>> {
        if !self.walk.is_at(b' ') {
            return None;
        }
        let [name, value] = self.walk.param()?;
        Some(Param { name: self.walk.line.get(name)?, raw_value: self.walk.line.get(value)? })
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
    use proptest::prelude::*;

    /// What STRUCTURED-DATA at the start of `text` holds, one octet after the other: for each element the SD-ID, then names and
    /// values; and how many octets it has.
    type Read = (Vec<Vec<Vec<u8>>>, usize);

    fn read_by_octets(text: &[u8]) -> Option<Read> {
        let mut octets = text.iter().copied().peekable();
        let mut count = 0;
        let mut elements = Vec::new();
        while octets.next_if_eq(&b'[').is_some() {
            let is_of_name = |octet: &u8| octet.is_ascii_graphic() && !b"=]\"".contains(octet);
            let mut element: Vec<Vec<u8>> = vec![std::iter::from_fn(|| octets.next_if(is_of_name)).collect()];
            count += 1;
            while octets.next_if_eq(&b' ').is_some() {
                count += 1;
                element.push(std::iter::from_fn(|| octets.next_if(is_of_name)).collect());
                octets.next_if_eq(&b'=').filter(|_| octets.next_if_eq(&b'"').is_some())?;
                let mut value = Vec::new();
                loop {
                    match octets.next()? {
                        b'"' => break,
                        b']' => return None,
                        b'\\' => {
                            value.push(b'\\');
                            value.extend(octets.next_if(|octet| b"\"\\]".contains(octet)));
                        }
                        octet => value.push(octet),
                    }
                }
                element.push(value);
            }
            octets.next_if_eq(&b']')?;
            // Values may be empty; what is no value has the even places but for the first.
            let is_named = element
                .iter()
                .enumerate()
                .all(|(place, part)| !part.is_empty() || place > 0 && place % 2 == 0);
            if !is_named {
                return None;
            }
            elements.push(element);
        }
        let is_right =
            !elements.is_empty() && matches!(octets.peek(), None | Some(b' ')) && count <= SD_PARAMS_MAX;
        is_right.then(|| (elements, text.len() - octets.count()))
    }

    fn read_by_walk(text: &[u8]) -> Option<Read> {
        let (data, _, rest) = read(text)?;
        let parts = |element: Element<'_>| {
            let params = element.params().flat_map(|param| [param.name.to_vec(), param.raw_value.to_vec()]);
            std::iter::once(element.id.to_vec()).chain(params).collect()
        };
        Some((data.elements().map(parts).collect(), text.len() - rest.len()))
    }

    proptest! {
        #[test]
        fn windows_show_what_octets_do(
            elements in proptest::collection::vec(
                ("[a-z@0-9]{1,12}|[a-z]{30,70}", proptest::collection::vec(
                    ("[a-zA-Z-]{1,9}|[a-z]{60,70}", "[ -~]{0,6}|([ !#-\\[^-~\u{e9}]|\\\\[\"\\\\\\]]|\\\\n){0,20}|[a-z ]{60,140}"), 0..5,
                )), 1..4,
            ),
            change in any::<Option<(proptest::sample::Index, u8)>>(),
            after in "( .{0,80})?|.{0,3}",
        ) {
            let mut text = String::new();
            for (id, params) in elements {
                let params: String = params.iter().map(|(name, value)| format!(" {name}=\"{value}\"")).collect();
                text += &format!("[{id}{params}]");
            }
            let mut text = format!("{text}{after}").into_bytes();
            if let Some((place, octet)) = change {
                let place = place.index(text.len());
                text[place] = octet;
            }
            prop_assert_eq!(read_by_walk(&text), read_by_octets(&text), "{}", String::from_utf8_lossy(&text));
        }
    }

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
