//! Names with values, as firewalls write them in a row.
//!
//! ```text
//! a=b c="d e" f=g             FortiGate, SonicWall, Sophos
//! a=b<TAB>c=d                 Zscaler, LEEF;  with `|`: Check Point Log Exporter
//! a=b c=d e f=g               CEF: a value ends where the next name begins
//! [a:"b"; c:"d"]              Check Point, in the place of STRUCTURED-DATA
//! ```
//!
//! Invariant: whoever has read all pairs knows whether the text was nothing but pairs.

use super::cursor::Cursor;
use super::escape::{Escapes, Pieces};

/// Octets of a name.
const NAME_OCTETS_MAX: usize = 64;

/// Pairs in a row at the start of a text that show that it is made of pairs.
pub(super) const SHOWING_PAIRS: usize = 3;

/// How pairs are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Style {
    /// Space between pairs; values with spaces are quoted.
    Spaced,
    /// One octet between pairs.
    Delimited(u8),
    /// Space between pairs and within values.
    Extension,
    /// `name:"value"; `.
    CheckPoint,
}

/// A row of pairs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pairs<'a> {
    text: &'a [u8],
    style: Style,
    escapes: Escapes,
}

impl<'a> Pairs<'a> {
    /// The pairs of `text`, if it starts with three of them (Check Point: with one, the brackets are rare enough).
    pub(super) fn of_text(text: &'a [u8]) -> Option<Self> {
        let pairs = Self::perhaps(text)?;
        let is_shown =
            pairs.style == Style::CheckPoint || pairs.iter().take(SHOWING_PAIRS).count() == SHOWING_PAIRS;
        is_shown.then_some(pairs)
    }

    /// The pairs of `text`, if its start looks like one. Who reads them must see at least [`SHOWING_PAIRS`].
    pub(super) fn perhaps(text: &'a [u8]) -> Option<Self> {
        let mut cursor = Cursor::new(text);
        if cursor.eat(b'[') {
            name(&mut cursor)?;
            let found = cursor.eat_all(b":\"");
            return found.then_some(Self {
                text,
                style: Style::CheckPoint,
                escapes: Escapes::StructuredData,
            });
        }
        name(&mut cursor)?;
        if !cursor.eat(b'=') {
            return None;
        }
        let (style, escapes) = match cursor.peek()? {
            b'"' => (Style::Spaced, Escapes::Quote),
            _ => {
                cursor.take_of(|lanes| !(lanes.equal(b' ') | lanes.equal(b'\t') | lanes.equal(b'|')));
                match cursor.peek()? {
                    b' ' => (Style::Spaced, Escapes::Quote),
                    delimiter => (Style::Delimited(delimiter), Escapes::Equals),
                }
            }
        };
        Some(Self { text, style, escapes })
    }

    /// The extension of CEF.
    pub(super) fn extension(text: &'a [u8]) -> Self {
        Self { text, style: Style::Extension, escapes: Escapes::CefExtension }
    }

    /// Attributes of LEEF.
    pub(super) fn attributes(text: &'a [u8], delimiter: u8) -> Self {
        Self { text, style: Style::Delimited(delimiter), escapes: Escapes::Equals }
    }

    /// The pairs in the order of the text.
    #[must_use]
    pub fn iter(self) -> Iter<'a> {
        let mut cursor = Cursor::new(self.text);
        if self.style == Style::CheckPoint {
            cursor.eat(b'[');
        }
        Iter { cursor, style: self.style, escapes: self.escapes, sound: true }
    }
}

/// A name and its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pair<'a> {
    /// The name.
    pub name: &'a [u8],
    /// The value as sent, without quotes, escapes included.
    pub raw_value: &'a [u8],
    /// Its escapes.
    pub escapes: Escapes,
}

impl<'a> Pair<'a> {
    /// The value without its escapes, as pieces that only need to be put in a row.
    #[must_use]
    pub fn pieces(self) -> Pieces<'a> {
        Pieces::new(self.raw_value, self.escapes)
    }
}

/// Iterator over pairs.
#[derive(Debug, Clone)]
pub struct Iter<'a> {
    cursor: Cursor<'a>,
    style: Style,
    escapes: Escapes,
    sound: bool,
}

impl<'a> Iter<'a> {
    /// What was not read yet.
    pub(super) fn rest(&self) -> &'a [u8] {
        self.cursor.rest
    }

    /// Whether all that was read so far was pairs. What a datagram's bound cut off at the end does not count.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.sound
    }

    /// Ends the iteration where no pair could be read.
    fn give_up(&mut self) -> Option<Pair<'a>> {
        // A name that was cut off at the end is no fault.
        let mut ahead = self.cursor;
        let cut = ahead.is_empty() || name(&mut ahead).is_some() && ahead.is_empty();
        self.sound &= cut;
        self.cursor = Cursor::new(b"");
        None
    }

    fn spaced(&mut self) -> Option<(&'a [u8], &'a [u8])> {
        let cursor = &mut self.cursor;
        cursor.eat_spaces();
        let name = name_before(cursor, b'=')?;
        if !cursor.eat(b'"') {
            return Some((name, cursor.take_word()));
        }
        let value = quoted(cursor);
        if !cursor.at_field_end() {
            self.sound = false;
            self.cursor = Cursor::new(b"");
        }
        Some((name, value))
    }

    fn check_point(&mut self) -> Option<(&'a [u8], &'a [u8])> {
        let cursor = &mut self.cursor;
        cursor.eat_spaces();
        let name = name_before(cursor, b':')?;
        // Some names have a colon of their own: `ike::"..."`.
        cursor.eat(b':');
        if !cursor.eat(b'"') {
            // The cut may be here.
            self.sound = cursor.is_empty();
            return None;
        }
        let value = quoted(cursor);
        cursor.eat(b';');
        cursor.eat_spaces();
        // `]` ends the row; what follows it is text of its own.
        if cursor.eat(b']') {
            *cursor = Cursor::new(b"");
        }
        Some((name, value))
    }

    fn delimited(&mut self, delimiter: u8) -> Option<(&'a [u8], &'a [u8])> {
        let cursor = &mut self.cursor;
        while cursor.eat(delimiter) {}
        let end = memchr::memchr(delimiter, cursor.rest).unwrap_or(cursor.rest.len());
        let mut field = Cursor::new(cursor.rest.get(..end)?);
        // Text that came before may have left a space at the end of the name.
        field.eat_spaces();
        let place = memchr::memchr(b'=', field.rest).filter(|place| *place > 0)?;
        let name = field.take(place);
        field.take(1);
        cursor.take(end);
        Some((name, field.rest))
    }

    fn extension(&mut self) -> Option<(&'a [u8], &'a [u8])> {
        let cursor = &mut self.cursor;
        cursor.eat_spaces();
        let name = extension_name(cursor)?;
        let start = cursor.rest;
        let mut from = 0;
        loop {
            let Some(offset) = memchr::memchr2(b'=', b'\\', start.get(from..)?) else {
                *cursor = Cursor::new(b"");
                return Some((name, start.trim_ascii_end()));
            };
            let place = from + offset;
            if start.get(place) == Some(&b'\\') {
                from = place + 2;
                if from > start.len() {
                    *cursor = Cursor::new(b"");
                    return Some((name, start));
                }
                continue;
            }
            // The word before `=` is the next name, if it may be one and a space stands before it.
            let before = start.get(..place)?;
            let looked_at = before.get(before.len().saturating_sub(NAME_OCTETS_MAX + 1)..)?;
            if let Some(space) = memchr::memrchr(b' ', looked_at)
                && let Some(next) = looked_at.get(space + 1..)
                && is_extension_name(next)
            {
                let end = before.len() - next.len();
                cursor.take(end);
                return Some((name, start.get(..end)?.trim_ascii_end()));
            }
            from = place + 1;
        }
    }
}

impl<'a> Iterator for Iter<'a> {
    type Item = Pair<'a>;

    fn next(&mut self) -> Option<Pair<'a>> {
        if self.cursor.is_empty() {
            return None;
        }
        let found = match self.style {
            Style::Spaced => self.spaced(),
            Style::Delimited(delimiter) => self.delimited(delimiter),
            Style::Extension => self.extension(),
            Style::CheckPoint => self.check_point(),
        };
        match found {
            Some((name, raw_value)) => Some(Pair { name, raw_value, escapes: self.escapes }),
            None => self.give_up(),
        }
    }
}

/// What names are made of.
const NAME_OCTETS: [bool; 256] = {
    let mut members = [false; 256];
    let mut octet = 0_u8;
    while octet < 128 {
        members[octet as usize] = octet.is_ascii_alphanumeric() || matches!(octet, b'_' | b'-' | b'.');
        octet += 1;
    }
    members
};

/// Moves over a name: a letter or `_`, then letters, digits and what firewalls put between them.
fn name<'a>(cursor: &mut Cursor<'a>) -> Option<&'a [u8]> {
    let name = cursor.take_while(NAME_OCTETS_MAX, |octet| NAME_OCTETS[usize::from(octet)]);
    name.first().is_some_and(|first| first.is_ascii_alphabetic() || *first == b'_').then_some(name)
}

/// Moves over a name and `mark`; stays where it is without them.
fn name_before<'a>(cursor: &mut Cursor<'a>, mark: u8) -> Option<&'a [u8]> {
    let mut ahead = *cursor;
    let name = name(&mut ahead)?;
    ahead.eat(mark).then(|| {
        *cursor = ahead;
        name
    })
}

/// Moves over a quoted value and its end; gives what is between, or all there is when the end was cut off.
fn quoted<'a>(cursor: &mut Cursor<'a>) -> &'a [u8] {
    let start = cursor.rest;
    loop {
        cursor.take_of(|lanes| !(lanes.equal(b'"') | lanes.equal(b'\\')));
        match cursor.take(1) {
            b"\\" => {
                cursor.take(1);
            }
            b"\"" => return start.get(..start.len() - cursor.rest.len() - 1).unwrap_or_default(),
            _ => return start,
        }
    }
}

/// Whether `word` may name a field of a CEF extension.
fn is_extension_name(word: &[u8]) -> bool {
    !word.is_empty()
        && word
            .iter()
            .all(|octet| octet.is_ascii_alphanumeric() || matches!(octet, b'_' | b'-' | b'.' | b'[' | b']'))
}

/// Moves over a name of a CEF extension and `=`.
fn extension_name<'a>(cursor: &mut Cursor<'a>) -> Option<&'a [u8]> {
    let mut ahead = *cursor;
    let name =
        ahead.take(memchr::memchr(b'=', cursor.rest.get(..cursor.rest.len().min(NAME_OCTETS_MAX + 1))?)?);
    ahead.take(1);
    is_extension_name(name).then(|| {
        *cursor = ahead;
        name
    })
}

#[cfg(test)]
#[path = "pairs_tests.rs"]
mod tests;
