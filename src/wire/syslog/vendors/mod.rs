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
const DIALECTS: &[Dialect] = &[
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

/// Names with lengths below 64, by their first octet: a bit for each length that a name has. It spares comparing almost
/// all names.
type Lengths = [u64; 256];

/// Adds `name` to `lengths`.
const fn with_name(mut lengths: Lengths, name: &str) -> Lengths {
    assert!(!name.is_empty() && name.len() < 64, "a name of a pair has 1 to 63 octets");
    lengths[name.as_bytes()[0] as usize] |= 1 << name.len();
    lengths
}

/// The names of pairs that tell something.
static PAIR_LENGTHS: Lengths = {
    let mut lengths = [0; 256];
    let mut dialect = 0;
    while dialect < DIALECTS.len() {
        let mut place = 0;
        while place < DIALECTS[dialect].pairs.len() {
            lengths = with_name(lengths, DIALECTS[dialect].pairs[place].0);
            place += 1;
        }
        dialect += 1;
    }
    lengths
};

/// The names that lines of pairs begin with.
static FIRST_PAIR_LENGTHS: Lengths = {
    let mut lengths = [0; 256];
    let mut dialect = 0;
    while dialect < DIALECTS.len() {
        let mut place = 0;
        while place < DIALECTS[dialect].first_pairs.len() {
            lengths = with_name(lengths, DIALECTS[dialect].first_pairs[place]);
            place += 1;
        }
        dialect += 1;
    }
    lengths
};

/// Whether `lengths` has a name like `name`.
#[inline]
fn may_be_one(lengths: &Lengths, name: &[u8]) -> bool {
    name.first().is_some_and(|first| name.len() < 64 && lengths[usize::from(*first)] >> name.len() & 1 == 1)
}

/// What the value of the pair `name` tells.
#[inline]
pub(super) fn pair_role(name: &[u8]) -> Option<PairRole> {
    if may_be_one(&PAIR_LENGTHS, name) { known_pair_role(name) } else { None }
}

/// Names of pairs of all dialects.
static PAIRS: [(&str, PairRole); pair_count()] = {
    let mut pairs = [("", PairRole::Date); pair_count()];
    let (mut dialect, mut count) = (0, 0);
    while dialect < DIALECTS.len() {
        let mut place = 0;
        while place < DIALECTS[dialect].pairs.len() {
            pairs[count] = DIALECTS[dialect].pairs[place];
            place += 1;
            count += 1;
        }
        dialect += 1;
    }
    pairs
};

/// How many names of pairs there are.
const fn pair_count() -> usize {
    let (mut dialect, mut count) = (0, 0);
    while dialect < DIALECTS.len() {
        count += DIALECTS[dialect].pairs.len();
        dialect += 1;
    }
    count
}

/// [`pair_role`] of a name that may be known.
fn known_pair_role(name: &[u8]) -> Option<PairRole> {
    PAIRS.iter().find(|(known, _)| known.as_bytes() == name).map(|(_, role)| *role)
}

/// Whether `name` is what a line of pairs of a known vendor begins with.
#[inline]
pub(super) fn is_first_pair(name: &[u8]) -> bool {
    may_be_one(&FIRST_PAIR_LENGTHS, name) && is_known_first_pair(name)
}

/// Names that lines of pairs begin with, of all dialects.
static FIRST_PAIRS: [&str; first_pair_count()] = {
    let mut names = [""; first_pair_count()];
    let (mut dialect, mut count) = (0, 0);
    while dialect < DIALECTS.len() {
        let mut place = 0;
        while place < DIALECTS[dialect].first_pairs.len() {
            names[count] = DIALECTS[dialect].first_pairs[place];
            place += 1;
            count += 1;
        }
        dialect += 1;
    }
    names
};

/// How many names lines of pairs begin with.
const fn first_pair_count() -> usize {
    let (mut dialect, mut count) = (0, 0);
    while dialect < DIALECTS.len() {
        count += DIALECTS[dialect].first_pairs.len();
        dialect += 1;
    }
    count
}

/// [`is_first_pair`] of a name that may be known.
fn is_known_first_pair(name: &[u8]) -> bool {
    FIRST_PAIRS.iter().any(|known| known.as_bytes() == name)
}
