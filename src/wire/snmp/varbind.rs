//! Varbinds and their list (RFC 3416 section 3: VarBind, VarBindList).
//!
//! Invariant: one bad varbind does not cost the others, and no octet of the list passes unseen: what cannot be
//! read is yielded raw.

use std::fmt;

use crate::base::limits;
use crate::wire::ber::{self, Oid, tag};
use crate::wire::cursor::Cursor;
use crate::wire::error::{DecodeError, Reason};
use crate::wire::snmp::value::Value;

/// One element of a VarBindList (RFC 3416 section 3).
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum VarBind<'a> {
    /// A name with its value.
    Bound {
        /// Never empty.
        name: Oid<'a>,
        /// The value; an exception in a notification is odd but kept.
        value: Value<'a>,
    },
    /// Octets that are not a varbind.
    Malformed {
        /// The name, when at least that could be read.
        name: Option<Oid<'a>>,
        /// With a name: the octets after it. Without: the whole element, tag and length included, or all that is
        /// left of the list when not even the element's end could be found.
        raw: &'a [u8],
        /// The rule that they break.
        reason: Reason,
    },
}

/// The contents of a VarBindList (RFC 3416 section 3), read element by element.
#[derive(Clone, Copy)]
pub struct VarBindList<'a>(Cursor<'a>);

impl<'a> VarBindList<'a> {
    /// A list over the contents octets of the SEQUENCE OF VarBind (RFC 3416 section 3).
    #[must_use]
    pub const fn new(contents: Cursor<'a>) -> Self {
        Self(contents)
    }

    /// The contents octets as received, which a Response repeats (RFC 3416 4.2.7).
    #[must_use]
    pub const fn bytes(&self) -> &'a [u8] {
        self.0.rest()
    }

    /// The varbinds in order; at most [`limits::VARBINDS_MAX`], then one malformed one over the rest
    /// (RFC 3416 section 3 puts the bound at 2^31-1).
    #[must_use]
    pub const fn iter(&self) -> VarBinds<'a> {
        VarBinds { cursor: self.0, count: 0 }
    }
}

impl<'a> IntoIterator for VarBindList<'a> {
    type Item = VarBind<'a>;
    type IntoIter = VarBinds<'a>;

    fn into_iter(self) -> VarBinds<'a> {
        self.iter()
    }
}

impl fmt::Debug for VarBindList<'_> {
    /// Shows the size only: a value may be a community (RFC 3584 3.1).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VarBindList({} octets)", self.0.left())
    }
}

/// Iterator over a [`VarBindList`] (RFC 3416 section 3).
#[derive(Debug, Clone)]
pub struct VarBinds<'a> {
    cursor: Cursor<'a>,
    count: usize,
}

impl<'a> Iterator for VarBinds<'a> {
    type Item = VarBind<'a>;

    #[inline]
    fn next(&mut self) -> Option<VarBind<'a>> {
        if self.cursor.is_empty() {
            return None;
        }
        if self.count < limits::VARBINDS_MAX
            && let Some((name, value)) = self.plain()
        {
            return Some(VarBind::Bound { name, value });
        }
        Some(self.any())
    }
}

impl<'a> VarBinds<'a> {
    /// Reads an element of which neither lengths nor name nor value need the long way, as with nearly all; does not move when
    /// it is another, which [`VarBinds::any`] reads then. What both read they read the same.
    #[inline]
    fn plain(&mut self) -> Option<(Oid<'a>, Value<'a>)> {
        let mut cursor = self.cursor;
        let (name, tag, contents) = cursor.short_pair(tag::SEQUENCE, tag::OBJECT_IDENTIFIER)?;
        let name = Oid::check(name).ok().filter(|name| !name.is_empty())?;
        let value = Value::plain(tag, contents)?;
        self.cursor = cursor;
        self.count += 1;
        Some((name, value))
    }

    /// Reads an element of any kind, of which there is at least an octet.
    #[inline(never)]
    fn any(&mut self) -> VarBind<'a> {
        let at = self.cursor;
        if self.count == limits::VARBINDS_MAX {
            return self.give_up(at.rest(), Reason::TooManyVarBinds);
        }
        self.count += 1;
        let tlv = match ber::read(&mut self.cursor) {
            Ok(tlv) => tlv,
            Err(error) => return self.give_up(at.rest(), error.reason),
        };
        let whole = at.until(&self.cursor);
        if tlv.tag != tag::SEQUENCE {
            return VarBind::Malformed { name: None, raw: whole, reason: Reason::UnexpectedTag };
        }
        decode(tlv.contents, whole)
    }

    /// Yields the rest of the list as one malformed element and ends.
    fn give_up(&mut self, raw: &'a [u8], reason: Reason) -> VarBind<'a> {
        self.cursor = Cursor::new(&[]);
        VarBind::Malformed { name: None, raw, reason }
    }
}

/// Reads the inside of one VarBind; `whole` is its encoding with tag and length.
fn decode<'a>(mut contents: Cursor<'a>, whole: &'a [u8]) -> VarBind<'a> {
    let name = match decode_name(&mut contents) {
        Ok(name) => name,
        Err(error) => return VarBind::Malformed { name: None, raw: whole, reason: error.reason },
    };
    let after_name = contents.rest();
    let value = ber::read(&mut contents).and_then(|tlv| Value::decode(tlv.tag, tlv.contents));
    match value {
        Ok(value) if contents.is_empty() => VarBind::Bound { name, value },
        Ok(_) => {
            VarBind::Malformed { name: Some(name), raw: after_name, reason: Reason::VarBindTrailingOctets }
        }
        Err(error) => VarBind::Malformed { name: Some(name), raw: after_name, reason: error.reason },
    }
}

/// Reads the name of a VarBind.
fn decode_name<'a>(contents: &mut Cursor<'a>) -> Result<Oid<'a>, DecodeError> {
    let name = Oid::decode(ber::expect(contents, tag::OBJECT_IDENTIFIER)?)?;
    if name.is_empty() {
        return Err(contents.error(Reason::ObjectIdentifierEmpty));
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::wire::snmp::tests::{tlv, varbind};

    /// Names and reasons of the varbinds of `contents`.
    fn shape(contents: &[u8]) -> Vec<(Option<String>, Option<Reason>, usize)> {
        VarBindList::new(Cursor::new(contents))
            .iter()
            .map(|varbind| match varbind {
                VarBind::Bound { name, .. } => (Some(name.to_string()), None, 0),
                VarBind::Malformed { name, raw, reason } => {
                    (name.map(|name| name.to_string()), Some(reason), raw.len())
                }
            })
            .collect()
    }

    #[test]
    fn a_bad_varbind_does_not_cost_the_others() {
        let good = [0x30, 0x06, 0x06, 0x01, 0x2B, 0x02, 0x01, 0x05];
        let bad_value = [0x30, 0x07, 0x06, 0x01, 0x2B, 0x40, 0x02, 0x0A, 0x00];
        let bad_name = [0x30, 0x05, 0x06, 0x01, 0x81, 0x05, 0x00];
        let no_name = [0x30, 0x04, 0x06, 0x00, 0x05, 0x00];
        let not_a_sequence = [0x04, 0x02, 1, 2];
        let surplus = [0x30, 0x07, 0x06, 0x01, 0x2B, 0x05, 0x00, 0x05, 0x00];
        let cut = [0x30, 0x20, 0x06];
        let mut list = Vec::new();
        for part in [&good[..], &bad_value, &bad_name, &no_name, &not_a_sequence, &surplus, &good, &cut] {
            list.extend_from_slice(part);
        }
        let named = || Some("1.3".to_owned());
        assert_eq!(
            shape(&list),
            [
                (named(), None, 0),
                (named(), Some(Reason::IpAddressLength), 4),
                (None, Some(Reason::SubIdentifierUnterminated), 7),
                (None, Some(Reason::ObjectIdentifierEmpty), 6),
                (None, Some(Reason::UnexpectedTag), 4),
                (named(), Some(Reason::VarBindTrailingOctets), 4),
                (named(), None, 0),
                (None, Some(Reason::LengthBeyondParent), 3),
            ]
        );
    }

    #[test]
    fn the_count_is_bounded_and_the_rest_is_shown() {
        let one = [0x30, 0x05, 0x06, 0x01, 0x2B, 0x05, 0x00];
        let list = one.repeat(limits::VARBINDS_MAX + 2);
        let shape = shape(&list);
        assert_eq!(shape.len(), limits::VARBINDS_MAX + 1);
        assert_eq!(shape.last(), Some(&(None, Some(Reason::TooManyVarBinds), 2 * one.len())));
    }

    /// Names and values of all lengths up to beyond the short form, of tags known, unknown and of two octets.
    fn any_element() -> impl Strategy<Value = Vec<u8>> {
        let name = prop_oneof![
            prop::collection::vec(0..0x80u8, 0..20),
            prop::collection::vec(any::<u8>(), 0..20),
            prop::collection::vec(0..0x80u8, 120..140),
        ];
        let tag = prop_oneof![0..=6u8, 0x40..=0x47u8, 0x80..=0x82u8, any::<u8>()];
        let value = prop_oneof![
            prop::collection::vec(any::<u8>(), 0..10),
            prop::collection::vec(any::<u8>(), 100..140),
        ];
        (name, tag, value).prop_map(|(name, tag, value)| varbind(&name, &tlv(tag, &[&value])))
    }

    proptest! {
        /// What the quick way reads the thorough one reads the same, whatever the octets are.
        #[test]
        fn the_quick_way_reads_what_the_thorough_one_reads(
            elements in prop::collection::vec(any_element(), 0..6),
            changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
            cut in any::<prop::sample::Index>(),
        ) {
            let mut octets = elements.concat();
            for (place, octet) in changes {
                if !octets.is_empty() {
                    let place = place.index(octets.len());
                    octets[place] = octet;
                }
            }
            octets.truncate(octets.len() - cut.index(octets.len() + 1) / 4);
            let mut rest = VarBindList::new(Cursor::new(&octets)).iter();
            while !rest.cursor.is_empty() {
                let mut quick = rest.clone();
                let read = quick.plain();
                let thorough = rest.any();
                match read {
                    Some((name, value)) => {
                        prop_assert_eq!(VarBind::Bound { name, value }, thorough);
                        let place = |varbinds: &VarBinds<'_>| (varbinds.cursor.offset(), varbinds.count);
                        prop_assert_eq!(place(&quick), place(&rest));
                    }
                    None => prop_assert_eq!(quick.count + 1, rest.count),
                }
            }
        }

        /// In elements as most agents write them, the quick way leaves out none.
        #[test]
        fn the_quick_way_reads_what_is_usual(
            name in prop::collection::vec(0..0x80u8, 1..20),
            tag in prop::sample::select(vec![tag::INTEGER, tag::OCTET_STRING, tag::OBJECT_IDENTIFIER, tag::TIME_TICKS]),
            value in prop::collection::vec(0..0x80u8, 1..5),
        ) {
            let element = varbind(&name, &tlv(tag, &[&value]));
            prop_assert!(VarBindList::new(Cursor::new(&element)).iter().plain().is_some());
        }
    }
}
