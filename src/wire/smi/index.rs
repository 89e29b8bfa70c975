//! The instance of a table's object, divided by the table's INDEX clause (RFC 2578 7.7).

use crate::wire::smi::{Base, IndexPart};

/// The value of one part of an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IndexValue<'a> {
    /// An integer: one sub-identifier (RFC 2578 7.7 (1)).
    Number(u32),
    /// IpAddress: four sub-identifiers (RFC 2578 7.7 (6)).
    Address([u8; 4]),
    /// Octets, one for each sub-identifier, none above 255 (RFC 2578 7.7 (2), (3)).
    Octets(&'a [u32]),
    /// An object identifier (RFC 2578 7.7 (4), (5)).
    Oid(&'a [u32]),
}

/// Iterator over the parts of an index with their values, and the sub-identifiers they were made of (RFC 2578 7.7).
#[derive(Debug, Clone)]
pub struct IndexValues<'n, 'a> {
    parts: std::slice::Iter<'n, IndexPart>,
    rest: &'a [u32],
}

/// Divides `instance` by `parts` (RFC 2578 7.7); `None` when it is not exactly one value for each of them.
#[must_use]
pub fn decode_index<'n, 'a>(parts: &'n [IndexPart], instance: &'a [u32]) -> Option<IndexValues<'n, 'a>> {
    let mut rest = instance;
    for part in parts {
        value(part, &mut rest)?;
    }
    rest.is_empty().then(|| IndexValues { parts: parts.iter(), rest: instance })
}

impl<'n, 'a> Iterator for IndexValues<'n, 'a> {
    type Item = (&'n IndexPart, IndexValue<'a>, &'a [u32]);

    fn next(&mut self) -> Option<Self::Item> {
        let part = self.parts.next()?;
        let before = self.rest;
        let value = value(part, &mut self.rest)?;
        let taken = before.get(..before.len().checked_sub(self.rest.len())?)?;
        Some((part, value, taken))
    }
}

/// Takes the value of one part from the start of `rest`.
fn value<'a>(part: &IndexPart, rest: &mut &'a [u32]) -> Option<IndexValue<'a>> {
    let syntax = &part.syntax;
    match syntax.base {
        Base::Integer | Base::Unsigned | Base::Counter32 | Base::Counter64 | Base::TimeTicks => {
            let (first, after) = rest.split_first()?;
            *rest = after;
            Some(IndexValue::Number(*first))
        }
        Base::IpAddress => {
            let (arcs, after) = rest.split_first_chunk::<4>()?;
            let mut address = [0; 4];
            for (octet, arc) in address.iter_mut().zip(arcs) {
                *octet = u8::try_from(*arc).ok()?;
            }
            *rest = after;
            Some(IndexValue::Address(address))
        }
        Base::Octets | Base::Bits | Base::Opaque => {
            let octets = counted(syntax.size, part.implied, rest)?;
            octets.iter().all(|arc| *arc <= 255).then_some(IndexValue::Octets(octets))
        }
        Base::Oid => counted(None, part.implied, rest).map(IndexValue::Oid),
    }
}

/// Takes `size` sub-identifiers, or as many as the first of them says, or all of them.
fn counted<'a>(size: Option<u16>, is_implied: bool, rest: &mut &'a [u32]) -> Option<&'a [u32]> {
    let (count, from) = match (size, is_implied) {
        (Some(size), _) => (usize::from(size), *rest),
        (None, true) => (rest.len(), *rest),
        (None, false) => {
            let (count, after) = rest.split_first()?;
            (usize::try_from(*count).ok()?, after)
        }
    };
    let (taken, after) = from.split_at_checked(count)?;
    *rest = after;
    Some(taken)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::*;
    use crate::wire::smi::Syntax;

    fn part(base: Base, size: Option<u16>, implied: bool) -> IndexPart {
        let syntax = Arc::new(Syntax::new("", base, size, "", Vec::new()));
        IndexPart { module: "TEST-MIB".into(), label: "x".into(), implied, syntax }
    }

    fn values<'a>(parts: &[IndexPart], instance: &'a [u32]) -> Option<Vec<IndexValue<'a>>> {
        decode_index(parts, instance).map(|values| values.map(|(_, value, _)| value).collect())
    }

    #[test]
    fn each_kind_of_part() {
        let parts = [
            part(Base::Integer, None, false),
            part(Base::IpAddress, None, false),
            part(Base::Octets, Some(2), false),
            part(Base::Octets, None, false),
            part(Base::Oid, None, false),
            part(Base::Octets, None, true),
        ];
        let instance = [7, 10, 0, 0, 1, 1, 2, 3, 97, 98, 99, 2, 1, 300, 111, 112];
        assert_eq!(
            values(&parts, &instance).unwrap(),
            [
                IndexValue::Number(7),
                IndexValue::Address([10, 0, 0, 1]),
                IndexValue::Octets(&[1, 2]),
                IndexValue::Octets(&[97, 98, 99]),
                IndexValue::Oid(&[1, 300]),
                IndexValue::Octets(&[111, 112]),
            ]
        );
        let taken: usize = decode_index(&parts, &instance).unwrap().map(|(_, _, taken)| taken.len()).sum();
        assert_eq!(taken, instance.len());
    }

    #[test]
    fn what_does_not_fit_is_not_decoded() {
        let number = [part(Base::Integer, None, false)];
        assert_eq!((values(&number, &[]), values(&number, &[1, 2])), (None, None));
        assert_eq!(values(&[part(Base::IpAddress, None, false)], &[256, 0, 0, 1]), None);
        assert_eq!(values(&[part(Base::Octets, None, false)], &[4_000_000_000, 1]), None);
        assert_eq!(values(&[part(Base::Octets, None, true)], &[256]), None);
    }

    proptest! {
        #[test]
        fn what_was_composed_is_what_comes_back(
            values in prop::collection::vec((0..4_u8, prop::collection::vec(any::<u8>(), 0..20), any::<u32>()), 0..6),
        ) {
            let mut parts = Vec::new();
            let mut instance = Vec::new();
            for (kind, octets, number) in &values {
                let arcs = octets.iter().map(|octet| u32::from(*octet));
                match kind {
                    0 => {
                        parts.push(part(Base::Unsigned, None, false));
                        instance.push(*number);
                    }
                    1 => {
                        parts.push(part(Base::Octets, u16::try_from(octets.len()).ok(), false));
                        instance.extend(arcs);
                    }
                    2 => {
                        parts.push(part(Base::Octets, None, false));
                        instance.push(u32::try_from(octets.len()).unwrap());
                        instance.extend(arcs);
                    }
                    _ => {
                        parts.push(part(Base::Oid, None, false));
                        instance.push(2);
                        instance.extend([*number, 0]);
                    }
                }
            }
            let decoded: Vec<_> = decode_index(&parts, &instance).unwrap().map(|(_, value, _)| value).collect();
            prop_assert_eq!(decoded.len(), values.len());
            for (value, (_, octets, number)) in decoded.iter().zip(&values) {
                match value {
                    IndexValue::Number(found) => prop_assert_eq!(found, number),
                    IndexValue::Oid(found) => prop_assert_eq!(*found, [*number, 0]),
                    IndexValue::Octets(found) => {
                        let found: Vec<u32> = found.to_vec();
                        prop_assert_eq!(found, octets.iter().map(|octet| u32::from(*octet)).collect::<Vec<_>>());
                    }
                    IndexValue::Address(_) => prop_assert!(false, "there was none"),
                }
            }
        }

        #[test]
        fn any_instance_is_decoded_or_not(
            kinds in prop::collection::vec((0..10_usize, prop::option::of(0..8_u16), any::<bool>()), 0..5),
            instance in prop::collection::vec(0..300_u32, 0..130),
        ) {
            let parts: Vec<_> = kinds.iter().map(|(base, size, implied)| part(Base::ALL[*base].0, *size, *implied)).collect();
            if let Some(values) = decode_index(&parts, &instance) {
                prop_assert_eq!(values.count(), parts.len());
            }
        }
    }
}
