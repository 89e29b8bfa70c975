//! What a definition of the SMI says about the values of an object and about the instances of a table (RFC 2578,
//! RFC 2579): the vocabulary that those who know names and those who render values share.
//!
//! Invariant: reading a value by its definition allocates nothing, ends, and writes no more than [`TEXT_OCTETS_MAX`].

mod hint;
mod index;
mod octets;

pub use hint::{IntegerHint, OctetHint};
pub use index::{IndexValue, IndexValues, decode_index};
pub use octets::{MeaningText, TEXT_OCTETS_MAX};

use std::sync::Arc;

/// A number and its label, as in enumerations and BITS (RFC 2578 7.1.1, 7.1.4).
pub type Label = (i64, Box<str>);

/// The base type of a SYNTAX (RFC 2578 section 7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Base {
    /// INTEGER and Integer32.
    Integer,
    /// Unsigned32 and Gauge32, which share a tag.
    Unsigned,
    /// Counter32.
    Counter32,
    /// Counter64.
    Counter64,
    /// TimeTicks.
    TimeTicks,
    /// IpAddress.
    IpAddress,
    /// OCTET STRING.
    Octets,
    /// OBJECT IDENTIFIER.
    Oid,
    /// BITS.
    Bits,
    /// Opaque.
    Opaque,
}

impl Base {
    /// All of them with the names that RFC 2578 gives them.
    pub const ALL: [(Self, &'static str); 10] = [
        (Self::Integer, "INTEGER"),
        (Self::Unsigned, "Unsigned32"),
        (Self::Counter32, "Counter32"),
        (Self::Counter64, "Counter64"),
        (Self::TimeTicks, "TimeTicks"),
        (Self::IpAddress, "IpAddress"),
        (Self::Octets, "OCTET STRING"),
        (Self::Oid, "OBJECT IDENTIFIER"),
        (Self::Bits, "BITS"),
        (Self::Opaque, "Opaque"),
    ];

    /// The name in RFC 2578.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(base, _)| *base == self).map_or("", |(_, name)| name)
    }
}

/// How a value is read for people (RFC 2579 3.1, RFC 2578 7.1.1, 7.1.4, RFC 4001).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Form {
    /// As its type says, and nothing more.
    Plain,
    /// Text.
    Text,
    /// Numbers with labels.
    Enumeration,
    /// Bits with labels.
    Bits,
    /// An IPv4 or IPv6 address, by its length (InetAddress of RFC 4001).
    InetAddress,
    /// A date and a time of day (DateAndTime of RFC 2579).
    DateAndTime,
    /// Octets by a DISPLAY-HINT.
    Octets(OctetHint),
    /// A number by a DISPLAY-HINT.
    Integer(IntegerHint),
}

/// DISPLAY-HINT of DateAndTime (RFC 2579).
const DATE_AND_TIME_HINT: &str = "2d-1d-1d,1d:1d:1d.1d,1a1d:1d";

/// A SYNTAX clause, resolved to its base (RFC 2578 7.1, RFC 2579 3.5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Syntax {
    /// The textual convention that it names; empty when it names none.
    pub name: Box<str>,
    /// The base type.
    pub base: Base,
    /// The size of octets that are always so many.
    pub size: Option<u16>,
    /// DISPLAY-HINT as written; empty without one.
    pub hint: Box<str>,
    /// Labels of numbers or bits, in order of the numbers.
    pub labels: Box<[Label]>,
    /// What all of that makes of a value.
    pub form: Form,
}

impl Syntax {
    /// The syntax of these parts. A hint that is none (RFC 2579 3.1) is as good as no hint.
    #[must_use]
    pub fn new(name: &str, base: Base, size: Option<u16>, hint: &str, mut labels: Vec<Label>) -> Self {
        labels.sort_by_key(|(number, _)| *number);
        labels.dedup_by_key(|(number, _)| *number);
        let form = match base {
            Base::Bits if !labels.is_empty() => Form::Bits,
            Base::Integer if !labels.is_empty() => Form::Enumeration,
            Base::Octets if name == "InetAddress" => Form::InetAddress,
            Base::Octets if hint == DATE_AND_TIME_HINT => Form::DateAndTime,
            Base::Octets => match OctetHint::parse(hint) {
                Some(hint) if hint.is_text() => Form::Text,
                Some(hint) => Form::Octets(hint),
                None => Form::Plain,
            },
            Base::Integer | Base::Unsigned | Base::Counter32 | Base::Counter64 => {
                IntegerHint::parse(hint).map_or(Form::Plain, Form::Integer)
            }
            _ => Form::Plain,
        };
        Self { name: name.into(), base, size, hint: hint.into(), labels: labels.into(), form }
    }

    /// The label of `number`, when there is one (RFC 2578 7.1.1).
    #[must_use]
    pub fn label(&self, number: i64) -> Option<&str> {
        let place = self.labels.binary_search_by_key(&number, |(labelled, _)| *labelled).ok()?;
        self.labels.get(place).map(|(_, label)| label.as_ref())
    }

    /// What `octets` mean, when their definition says more of them than that they are octets (RFC 2579 3.1).
    #[must_use]
    pub fn meaning_of_octets(&self, octets: &[u8]) -> Option<MeaningText> {
        if matches!(self.form, Form::Plain | Form::Text | Form::Enumeration | Form::Integer(_)) {
            return None;
        }
        let mut text = MeaningText::default();
        let is_meant = match &self.form {
            Form::Octets(hint) => hint.apply(octets, &mut text),
            Form::Bits => octets::bits(octets, |bit| self.label(bit), &mut text),
            Form::InetAddress => octets::inet_address(octets, &mut text),
            Form::DateAndTime => octets::date_and_time(octets, &mut text),
            Form::Plain | Form::Text | Form::Enumeration | Form::Integer(_) => false,
        };
        (is_meant && !text.is_empty()).then_some(text)
    }

    /// What a number means by its DISPLAY-HINT (RFC 2579 3.1); labels are another matter.
    #[must_use]
    pub fn meaning_of_number(&self, number: i128) -> Option<MeaningText> {
        let Form::Integer(hint) = &self.form else { return None };
        let mut text = MeaningText::default();
        hint.apply(number, &mut text).then_some(text)
    }
}

/// One part of an INDEX clause (RFC 2578 7.7).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexPart {
    /// The module of the object.
    pub module: Arc<str>,
    /// The object's descriptor.
    pub label: Box<str>,
    /// Whether IMPLIED stands before it.
    pub implied: bool,
    /// Its SYNTAX.
    pub syntax: Arc<Syntax>,
}
