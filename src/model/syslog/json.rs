//! JSON of names and values that a peer sent: objects whose repeated names have lists.
//!
//! Invariant: whatever the octets, what is written is valid JSON as long as nothing was cut by the bound.

use crate::base::limits::JSON_PAIRS_MAX;
use crate::model::bounded::Bounded;
use crate::wire::lanes;
use crate::wire::syslog::escape::Pieces;
use crate::wire::syslog::pairs::Pair;
use crate::wire::syslog::structured_data::Param;

/// How many numbers the names of an object may have: so many that two of 60 names seldom have the same.
const NUMBERS: usize = 2_048;

/// How often the fields are read again to see whether a name is repeated or only has the number of another. Who makes it
/// happen more often has his fields grouped, which is dearer once, but not each time.
const DOUBTS_MAX: usize = 4;

/// A JSON object under construction.
pub(super) struct Object<'b, 'o> {
    pub(super) out: &'b mut Bounded<'o>,
    members: usize,
}

impl<'b, 'o> Object<'b, 'o> {
    /// An object without members.
    pub(super) fn new(out: &'b mut Bounded<'o>) -> Self {
        Self { out, members: 0 }
    }

    /// Whether it has no member; nothing was written then.
    pub(super) fn is_empty(&self) -> bool {
        self.members == 0
    }

    /// Writes the name of the next member.
    pub(super) fn member(&mut self, name: &str) {
        self.separate();
        self.out.push(b"\"");
        self.out.push(name.as_bytes());
        self.out.push(b"\":");
    }

    /// Writes a member with octets as its text.
    pub(super) fn text(&mut self, name: &str, octets: &[u8]) {
        self.member(name);
        text(self.out, octets);
    }

    /// Writes a member that a peer named.
    #[inline]
    fn field(&mut self, field: &Field<'_>) {
        let raw_value = field.pieces.raw();
        if is_plain(field.name) && is_plain(raw_value) {
            // No escapes on either side: almost all of them.
            let separator = if self.members == 0 { b'{' } else { b',' };
            self.members += 1;
            return self.out.plain_member(separator, field.name, raw_value);
        }
        self.separate();
        text(self.out, field.name);
        self.out.push(b":");
        value(self.out, field.pieces.clone());
    }

    /// Writes a member that `write` fills, or instead that it did not fit: `truncated`. Gives whether it did.
    pub(super) fn large(
        &mut self,
        name: &str,
        truncated: &str,
        write: impl FnOnce(&mut Bounded<'o>),
    ) -> bool {
        let before = self.mark();
        self.member(name);
        write(self.out);
        let fits = !self.out.is_full();
        if !fits {
            self.rewind(before);
            self.member(truncated);
            self.out.push(b"true");
        }
        fits
    }

    /// A place to go back to.
    pub(super) fn mark(&self) -> (usize, usize) {
        (self.out.mark(), self.members)
    }

    /// Goes back to a mark.
    pub(super) fn rewind(&mut self, mark: (usize, usize)) {
        self.out.retract(mark.0);
        self.members = mark.1;
    }

    /// Ends the object. Without members it writes `{}`.
    pub(super) fn end(self) {
        self.out.push(if self.members == 0 { b"{}" } else { b"}" });
    }

    fn separate(&mut self) {
        self.out.push(if self.members == 0 { b"{" } else { b"," });
        self.members += 1;
    }
}

/// A name with its value, as a peer wrote them.
#[derive(Clone)]
pub(super) struct Field<'a> {
    pub(super) name: &'a [u8],
    pub(super) pieces: Pieces<'a>,
}

impl<'a> From<Pair<'a>> for Field<'a> {
    fn from(pair: Pair<'a>) -> Self {
        Self { name: pair.name, pieces: pair.pieces() }
    }
}

impl<'a> From<Param<'a>> for Field<'a> {
    fn from(param: Param<'a>) -> Self {
        Self { name: param.name, pieces: param.pieces() }
    }
}

/// Writes an object of what `source` gives, at most `count_max` of it; a name that occurs more than once has a list. Gives
/// how many fields were written.
pub(super) fn fields<'a, I>(out: &mut Bounded<'_>, source: &mut I, count_max: usize) -> usize
where
    I: Iterator<Item: Into<Field<'a>>> + Clone,
{
    let before = out.mark();
    let start = source.clone();
    let mut seen = Names::new();
    let mut doubts = 0;
    let mut object = Object::new(out);
    for field in source.take(count_max) {
        let field = field.into();
        if seen.insert(field.name) {
            doubts += 1;
            let is_repeated = doubts > DOUBTS_MAX
                || start.clone().take(seen.count - 1).any(|it| it.into().name == field.name);
            if is_repeated {
                // Read on, so that `source` has come as far as without repeated names.
                let _: usize = source.take(count_max.saturating_sub(seen.count)).count();
                out.rewind(before);
                return grouped(out, start.take(count_max));
            }
        }
        object.field(&field);
    }
    object.end();
    seen.count
}

/// Writes fields with repeated names.
fn grouped<'a, I>(out: &mut Bounded<'_>, fields: I) -> usize
where
    I: Iterator<Item: Into<Field<'a>>>,
{
    let mut all: [Option<Field<'a>>; JSON_PAIRS_MAX] = [const { None }; JSON_PAIRS_MAX];
    let mut count = 0;
    for (place, field) in all.iter_mut().zip(fields) {
        *place = Some(field.into());
        count += 1;
    }
    let mut object = Object::new(out);
    let mut rest = all.get_mut(..count).unwrap_or_default();
    while let Some((first, later)) = rest.split_first_mut() {
        rest = later;
        // One that was written with an earlier one of its name is not there any more.
        let Some(first) = first.take() else { continue };
        object.separate();
        text(object.out, first.name);
        let is_list = rest.iter().flatten().any(|field| field.name == first.name);
        object.out.push(if is_list { b":[" } else { b":" });
        value(object.out, first.pieces);
        for place in rest.iter_mut() {
            if let Some(same) = place.take_if(|field| field.name == first.name) {
                object.out.push(b",");
                value(object.out, same.pieces);
            }
        }
        if is_list {
            object.out.push(b"]");
        }
    }
    object.end();
    count
}

/// The names of an object so far, as a set of numbers that are made of them: most names are told apart by it, without
/// keeping them.
struct Names {
    numbers: [u64; NUMBERS / 64],
    count: usize,
}

impl Names {
    fn new() -> Self {
        Self { numbers: [0; NUMBERS / 64], count: 0 }
    }

    /// Adds `name`; gives whether it may have been there.
    fn insert(&mut self, name: &[u8]) -> bool {
        self.count += 1;
        let number = Self::number(name);
        let bit = 1 << (number % 64);
        let Some(place) = self.numbers.get_mut(number / 64) else { return true };
        let was_there = *place & bit != 0;
        *place |= bit;
        was_there
    }

    /// The number of a name, below [`NUMBERS`].
    fn number(name: &[u8]) -> usize {
        // Its first octets and its last ones; those between them, of a long name, tell few names apart.
        let (first, last) = match (name.first_chunk(), name.last_chunk()) {
            (Some(first), Some(last)) => (u64::from_le_bytes(*first), u64::from_le_bytes(*last)),
            _ => (name.iter().fold(0, |word, octet| word << 8 | u64::from(*octet)), 0),
        };
        let mut mixed = name.len() as u64;
        for word in [first, last] {
            mixed = (mixed ^ word).wrapping_mul(0x9E37_79B9_7F4A_7C15);
            mixed ^= mixed >> 29;
        }
        // The highest bits depend on all others.
        (mixed >> (64 - NUMBERS.ilog2())) as usize
    }
}

/// Writes octets as a JSON string; what is not UTF-8 becomes U+FFFD, the message itself keeps it.
pub(super) fn text(out: &mut Bounded<'_>, octets: &[u8]) {
    out.push(b"\"");
    piece(out, octets);
    out.push(b"\"");
}

/// Writes a value without its escapes as a JSON string.
pub(super) fn value<'a>(out: &mut Bounded<'_>, pieces: impl Iterator<Item = &'a [u8]>) {
    out.push(b"\"");
    for part in pieces {
        piece(out, part);
    }
    out.push(b"\"");
}

/// Whether octets stand for themselves in a JSON string.
#[inline]
fn is_plain(octets: &[u8]) -> bool {
    lanes::count_of(octets, |lanes| lanes.plain_in_json() & lanes.ascii()) == octets.len()
}

/// Writes a part of a JSON string.
fn piece(out: &mut Bounded<'_>, octets: &[u8]) {
    if is_plain(octets) {
        return out.push(octets);
    }
    for chunk in octets.utf8_chunks() {
        out.escaped(chunk.valid());
        if !chunk.invalid().is_empty() {
            out.push("\u{fffd}".as_bytes());
        }
    }
}

#[cfg(test)]
#[path = "json_tests.rs"]
mod tests;
