//! What vendors write that no RFC has, one file a vendor.
//!
//! A vendor's file says what its devices write in each place where the grammar asks: names of events, words between
//! HOSTNAME and TAG, tags in a shape of their own, names of pairs that tell host and time. [`DIALECTS`] lists them;
//! nothing else names a vendor. A new dialect is a file here, its line in that table (and its `mod`), and its cases in
//! `tests/corpus/syslog-dialects.jsonl`.
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
mod nokia;
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
    /// Names of events at the start of the text behind a tag.
    text_event: Option<TextEventSyntax>,
    /// Moves over one word, and the space behind it, that stands before a tag and is no part of it.
    lead: Option<for<'a> fn(Cursor<'a>) -> Option<Cursor<'a>>>,
    /// A tag that no colon ends: its name, and what follows the space behind it.
    tag: Option<ReadTag>,
    /// Names of pairs that tell something of the device.
    pairs: &'static [(&'static str, PairRole)],
    /// Names that a line of pairs of this vendor begins with.
    first_pairs: &'static [&'static str],
}

/// Reads a tag: its name, and what follows.
type ReadTag = for<'a> fn(Cursor<'a>) -> Option<(&'a [u8], Cursor<'a>)>;

impl Dialect {
    /// A dialect that says nothing.
    const NONE: Self =
        Self { event: None, text_event: None, lead: None, tag: None, pairs: &[], first_pairs: &[] };
}

/// The dialects, in the order in which they are asked.
static DIALECTS: &[Dialect] = &[
    cisco::DIALECT,
    huawei::DIALECT,
    juniper::DIALECT,
    netapp::DIALECT,
    nokia::DIALECT,
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

/// How a vendor names events at the start of the text behind a tag.
struct TextEventSyntax {
    /// Octets that such a text starts with.
    starts: &'static [u8],
    read: for<'a> fn(Cursor<'a>) -> Option<TextEvent<'a>>,
}

/// The name of an event in the place of the tag.
#[derive(Debug, Clone, Copy)]
pub(super) struct Event<'a> {
    pub(super) notation: Notation,
    pub(super) name: &'a [u8],
    /// What stands for the name of a program.
    pub(super) program: &'a [u8],
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

/// Adds `octets` to the set `starts`.
const fn with_starts(mut starts: [bool; 256], octets: &[u8]) -> [bool; 256] {
    let mut place = 0;
    while place < octets.len() {
        starts[octets[place] as usize] = true;
        place += 1;
    }
    starts
}

/// Octets that names of events in the place of the tag start with.
static EVENT_STARTS: [bool; 256] = {
    let mut starts = [false; 256];
    let mut place = 0;
    while place < DIALECTS.len() {
        if let Some(syntax) = &DIALECTS[place].event {
            starts = with_starts(starts, syntax.starts);
        }
        place += 1;
    }
    starts
};

/// Octets that a text with the name of an event starts with.
static TEXT_EVENT_STARTS: [bool; 256] = {
    let mut starts = [false; 256];
    let mut place = 0;
    while place < DIALECTS.len() {
        if let Some(syntax) = &DIALECTS[place].text_event {
            starts = with_starts(starts, syntax.starts);
        }
        place += 1;
    }
    starts
};

/// Reads the name of an event in the place of the tag.
#[inline]
pub(super) fn event(start: Cursor<'_>) -> Option<Event<'_>> {
    let first = start.peek()?;
    if EVENT_STARTS[usize::from(first)] { any_event(start, first) } else { None }
}

/// [`event`] of a first octet that some vendor's names have.
#[inline(never)]
fn any_event(start: Cursor<'_>, first: u8) -> Option<Event<'_>> {
    let syntaxes = DIALECTS.iter().filter_map(|dialect| dialect.event.as_ref());
    syntaxes.filter(|syntax| syntax.starts.contains(&first)).find_map(|syntax| (syntax.read)(start))
}

/// Reads the name of an event at the start of the text behind a tag.
#[inline]
pub(super) fn text_event(text: Cursor<'_>) -> Option<TextEvent<'_>> {
    let first = text.peek()?;
    if TEXT_EVENT_STARTS[usize::from(first)] { any_text_event(text, first) } else { None }
}

/// [`text_event`] of a first octet that some vendor's texts have.
#[inline(never)]
fn any_text_event(text: Cursor<'_>, first: u8) -> Option<TextEvent<'_>> {
    let syntaxes = DIALECTS.iter().filter_map(|dialect| dialect.text_event.as_ref());
    syntaxes.filter(|syntax| syntax.starts.contains(&first)).find_map(|syntax| (syntax.read)(text))
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
