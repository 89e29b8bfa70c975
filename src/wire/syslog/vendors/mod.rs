//! What vendors write that no RFC has, one file a vendor.
//!
//! A vendor's file says what its devices write in each place where the grammar asks: names of events, words between
//! HOSTNAME and TAG, tags in a shape of their own, names of pairs that tell host and time. [`DIALECTS`] lists them;
//! nothing else names a vendor. A new dialect is a file here, its line in that table, and its cases in
//! `tests/corpus`.
//!
//! Invariant: a recogniser reads what is before it and nothing else; it knows neither the message nor other vendors.

mod aruba;
mod check_point;
mod cisco;
mod esxi;
mod fortinet;
mod huawei;
mod juniper;
mod kiwi;
mod mikrotik;
mod mnemonic;
mod netapp;
mod procurve;
mod sonicwall;
mod sophos;
mod unifi;
mod watchguard;

use super::cursor::Cursor;
pub use mnemonic::{Mnemonic, Notation};

/// What the devices of one vendor write.
struct Dialect {
    /// Names of events in the place of the tag.
    event: Option<EventSyntax>,
    /// A name of an event at the start of the text behind a tag: the name, and how it is written.
    text_event: Option<for<'a> fn(Cursor<'a>) -> Option<TextEvent<'a>>>,
    /// Moves over one word, and the space behind it, that stands before a tag and is no part of it.
    lead: Option<for<'a> fn(Cursor<'a>) -> Option<Cursor<'a>>>,
    /// A tag that no colon ends: its name, and what follows the space behind it.
    tag: Option<for<'a> fn(Cursor<'a>) -> Option<(&'a [u8], Cursor<'a>)>>,
    /// Names of pairs that tell something of the device.
    pairs: &'static [(&'static str, PairRole)],
    /// Names that a line of pairs of this vendor begins with.
    first_pairs: &'static [&'static str],
}

impl Dialect {
    /// A dialect that says nothing.
    const NONE: Self =
        Self { event: None, text_event: None, lead: None, tag: None, pairs: &[], first_pairs: &[] };
}

/// The dialects, in the order in which they are asked.
static DIALECTS: [Dialect; 15] = [
    cisco::DIALECT,
    huawei::DIALECT,
    juniper::DIALECT,
    netapp::DIALECT,
    mikrotik::DIALECT,
    kiwi::DIALECT,
    unifi::DIALECT,
    watchguard::DIALECT,
    procurve::DIALECT,
    aruba::DIALECT,
    esxi::DIALECT,
    fortinet::DIALECT,
    sonicwall::DIALECT,
    sophos::DIALECT,
    check_point::DIALECT,
];

/// How a vendor names events in the place of the tag.
struct EventSyntax {
    /// Octets that such a name starts with.
    starts: &'static [u8],
    read: for<'a> fn(Cursor<'a>) -> Option<Event<'a>>,
}

/// The name of an event in the place of the tag.
#[derive(Debug, Clone, Copy)]
pub(super) struct Event<'a> {
    pub(super) notation: Notation,
    pub(super) name: &'a [u8],
    /// The number of the message, where the vendor writes it with the name.
    pub(super) count: Option<u64>,
    /// The device, where the vendor writes it with the name.
    pub(super) host: Option<&'a [u8]>,
    /// What follows.
    pub(super) rest: Cursor<'a>,
}

/// The name of an event at the start of a text.
#[derive(Debug, Clone, Copy)]
pub(super) struct TextEvent<'a> {
    pub(super) name: &'a [u8],
    /// `None` if the name has no parts.
    pub(super) notation: Option<Notation>,
}

/// What the value of a pair tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PairRole {
    /// The day of the time.
    Date,
    /// The time of day, or the whole time where there is no day.
    Time,
    /// The zone.
    Zone,
    /// The device's name.
    Name,
    /// The device's name, where it is the first pair; elsewhere its model.
    FirstName,
    /// The device's name, in a line that starts as one of a known vendor and has no day; others call the visited site
    /// so.
    Gateway,
    /// The device's serial number, which makes an address the device's.
    Serial,
    /// The device's address, where there is a serial number.
    Address,
}

/// Octets that names of events start with.
static EVENT_STARTS: [bool; 256] = {
    let mut starts = [false; 256];
    let mut dialect = 0;
    while dialect < DIALECTS.len() {
        if let Some(syntax) = &DIALECTS[dialect].event {
            let mut place = 0;
            while place < syntax.starts.len() {
                starts[syntax.starts[place] as usize] = true;
                place += 1;
            }
        }
        dialect += 1;
    }
    starts
};

/// Reads the name of an event in the place of the tag.
#[inline]
pub(super) fn event(start: Cursor<'_>) -> Option<Event<'_>> {
    if !EVENT_STARTS[usize::from(start.peek()?)] {
        return None;
    }
    events(start)
}

/// [`event`] of a first octet that some vendor's names have.
#[inline(never)]
fn events(start: Cursor<'_>) -> Option<Event<'_>> {
    let first = start.peek()?;
    DIALECTS
        .iter()
        .filter_map(|dialect| dialect.event.as_ref())
        .filter(|syntax| syntax.starts.contains(&first))
        .find_map(|syntax| (syntax.read)(start))
}

/// Reads the name of an event at the start of the text behind a tag.
pub(super) fn text_event(text: Cursor<'_>) -> Option<TextEvent<'_>> {
    // Names of events start like this in all dialects, and few texts do.
    if !matches!(text.rest, [b'%', ..] | [b'A'..=b'Z', b'A'..=b'Z' | b'0'..=b'9' | b'_', ..]) {
        return None;
    }
    DIALECTS.iter().filter_map(|dialect| dialect.text_event).find_map(|read| read(text))
}

/// What follows one word that stands before a tag and is no part of it.
pub(super) fn lead(start: Cursor<'_>) -> Option<Cursor<'_>> {
    DIALECTS.iter().filter_map(|dialect| dialect.lead).find_map(|read| read(start))
}

/// Reads a tag that no colon ends.
pub(super) fn tag(start: Cursor<'_>) -> Option<(&[u8], Cursor<'_>)> {
    DIALECTS.iter().filter_map(|dialect| dialect.tag).find_map(|read| read(start))
}

/// What the value of the pair `name` tells.
pub(super) fn pair_role(name: &[u8]) -> Option<PairRole> {
    let pairs = DIALECTS.iter().flat_map(|dialect| dialect.pairs);
    pairs.copied().find(|(known, _)| known.as_bytes() == name).map(|(_, role)| role)
}

/// Whether a line of pairs starts here as one of a known vendor does.
pub(super) fn starts_pairs(line: &[u8]) -> bool {
    let names = DIALECTS.iter().flat_map(|dialect| dialect.first_pairs);
    names
        .copied()
        .any(|name| line.strip_prefix(name.as_bytes()).is_some_and(|rest| rest.first() == Some(&b'=')))
}
