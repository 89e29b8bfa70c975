//! Floor 2: names of objects and notifications.
//!
//! ```text
//! wire (arcs) -> [mib] -> text and JSON of a notification
//! ```
//!
//! A [`Names`] is filled once, from the table of [`standard`] or from definitions that somebody read out of MIB
//! modules, and then only looked into.
//!
//! Invariant: knows sub-identifiers and labels, not messages; a look-up does not allocate, and its cost does not
//! depend on what the peer sent beyond the 128 sub-identifiers of a name (RFC 2578 7.1.3).

#![forbid(unsafe_code)]

pub mod standard;

use std::borrow::Cow;
use std::collections::BTreeMap;

/// Labels of an enumerated INTEGER (RFC 2578 7.1.1): number and label, in any order.
pub type Enumeration = [(i64, Cow<'static, str>)];

/// One definition: what an OBJECT-TYPE, NOTIFICATION-TYPE or OBJECT IDENTIFIER clause says (RFC 2578).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Definition {
    /// The name's sub-identifiers.
    pub arcs: Cow<'static, [u32]>,
    /// The module that defines it, as `IF-MIB`.
    pub module: Cow<'static, str>,
    /// The descriptor, as `ifIndex`.
    pub label: Cow<'static, str>,
    /// The labels of its values; empty when it is not enumerated.
    pub enumeration: Cow<'static, Enumeration>,
}

/// What is known about a name: the longest definition that starts it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Name<'n, 'a> {
    /// The module that defines it, as `IF-MIB`.
    pub module: &'n str,
    /// The descriptor, as `ifIndex`.
    pub label: &'n str,
    /// The sub-identifiers after the definition: for an object its instance, for a notification nothing.
    pub suffix: &'a [u32],
    /// The labels of its values; empty when it is not enumerated.
    pub enumeration: &'n Enumeration,
}

impl<'n> Name<'n, '_> {
    /// The label of `value`, when the object is enumerated and has one for it.
    #[must_use]
    pub fn value_label(&self, value: i64) -> Option<&'n str> {
        self.enumeration.iter().find(|(number, _)| *number == value).map(|(_, label)| label.as_ref())
    }
}

/// Definitions, found by a hash of their sub-identifiers.
///
/// A look-up hashes the name once from left to right and tries the table at each depth that a definition has; the
/// deepest hit wins. The table is made of our definitions alone, so a peer cannot make it slow.
#[derive(Debug, Clone, Default)]
pub struct Names {
    /// Without duplicates; no more than 2^31.
    definitions: Vec<Definition>,
    /// Open addressing with linear probing; a power of two of slots, at most half of them taken, or none at all.
    slots: Vec<Option<Slot>>,
    /// Whether there is a definition of so many sub-identifiers; as long as the longest one, and one more.
    depths: Vec<bool>,
}

/// A taken place of the table.
#[derive(Debug, Clone, Copy)]
struct Slot {
    /// The hash of the definition's sub-identifiers.
    hash: u64,
    /// Its place in `definitions`.
    place: u32,
}

impl Names {
    /// The notifications and objects that every receiver meets; see [`standard`].
    #[must_use]
    pub fn standard() -> Self {
        Self::from_definitions(standard::definitions())
    }

    /// Names of the given definitions. Of several for the same sub-identifiers the last one counts, so a site's
    /// own modules go after the standard ones.
    pub fn from_definitions(definitions: impl IntoIterator<Item = Definition>) -> Self {
        let given = definitions.into_iter().filter(|definition| !definition.arcs.is_empty());
        let by_arcs: BTreeMap<_, _> = given.map(|definition| (definition.arcs.clone(), definition)).collect();
        let definitions: Vec<_> = by_arcs.into_values().collect();
        let deepest = definitions.iter().map(|definition| definition.arcs.len()).max();
        let mut names = Self {
            slots: vec![None; (definitions.len() * 2).next_power_of_two()],
            depths: vec![false; deepest.map_or(0, |deepest| deepest + 1)],
            definitions,
        };
        for (place, definition) in names.definitions.iter().enumerate() {
            let Ok(place) = u32::try_from(place) else { break };
            if let Some(depth) = names.depths.get_mut(definition.arcs.len()) {
                *depth = true;
            }
            let hash = definition.arcs.iter().fold(HASH_START, |hash, arc| hash_with(hash, *arc));
            let mut at = home(hash, names.slots.len());
            while let Some(slot) = names.slots.get_mut(at) {
                if slot.is_none() {
                    *slot = Some(Slot { hash, place });
                    break;
                }
                at = (at + 1) & (names.slots.len() - 1);
            }
        }
        names
    }

    /// How many definitions there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.definitions.len()
    }

    /// Whether there is no definition at all.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.definitions.is_empty()
    }

    /// The longest definition that `arcs` starts with.
    #[must_use]
    pub fn lookup<'a>(&self, arcs: &'a [u32]) -> Option<Name<'_, 'a>> {
        let mut deepest = None;
        let mut hash = HASH_START;
        for ((arc, is_used), depth) in arcs.iter().zip(self.depths.iter().skip(1)).zip(1..) {
            hash = hash_with(hash, *arc);
            if *is_used {
                let (prefix, suffix) = arcs.split_at_checked(depth)?;
                deepest = self.find(hash, prefix).map(|definition| (definition, suffix)).or(deepest);
            }
        }
        deepest.map(|(definition, suffix)| Name {
            module: &definition.module,
            label: &definition.label,
            suffix,
            enumeration: &definition.enumeration,
        })
    }

    /// The definition of exactly `arcs`, whose hash is `hash`.
    fn find(&self, hash: u64, arcs: &[u32]) -> Option<&Definition> {
        let mut at = home(hash, self.slots.len());
        // Half of the slots are free, so a run of taken ones ends.
        while let Some(slot) = self.slots.get(at).copied().flatten() {
            if slot.hash == hash {
                let definition = self.definitions.get(slot.place as usize)?;
                if definition.arcs.as_ref() == arcs {
                    return Some(definition);
                }
            }
            at = (at + 1) & (self.slots.len() - 1);
        }
        None
    }
}

/// The hash of no sub-identifiers.
const HASH_START: u64 = 0;

/// The hash of one more sub-identifier: multiplication by a large odd number, which spreads to the upper bits.
const fn hash_with(hash: u64, arc: u32) -> u64 {
    (hash.rotate_left(5) ^ arc as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

/// Where the search for `hash` starts in a table of `slots` slots, a power of two: its upper half, which depends on
/// every sub-identifier.
fn home(hash: u64, slots: usize) -> usize {
    usize::try_from(hash >> 32).unwrap_or(0) & slots.wrapping_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn definition(arcs: &[u32], label: &str) -> Definition {
        Definition {
            arcs: arcs.to_vec().into(),
            module: "TEST-MIB".into(),
            label: label.to_owned().into(),
            enumeration: Cow::Borrowed(&[]),
        }
    }

    #[test]
    fn longest_prefix_wins_and_the_suffix_is_the_rest() {
        let names = Names::standard();
        let found = names.lookup(&[1, 3, 6, 1, 2, 1, 2, 2, 1, 8, 3]).map(|name| {
            (name.module, name.label, name.suffix.to_vec(), name.value_label(2), name.value_label(9))
        });
        assert_eq!(found, Some(("IF-MIB", "ifOperStatus", vec![3], Some("down"), None)));
        let trap = names.lookup(&[1, 3, 6, 1, 6, 3, 1, 1, 5, 3]).map(|name| (name.label, name.suffix.len()));
        assert_eq!(trap, Some(("linkDown", 0)));
        assert_eq!(names.lookup(&[1, 3, 6, 1, 4, 1, 9]).map(|name| name.label), None);
        assert_eq!(names.lookup(&[]).map(|name| name.label), None);
    }

    #[test]
    fn the_last_definition_of_a_name_counts() {
        let names = Names::from_definitions([
            definition(&[1, 3], "old"),
            definition(&[1], "iso"),
            definition(&[1, 3], "new"),
        ]);
        assert_eq!(names.len(), 2);
        assert_eq!(names.lookup(&[1, 3, 9]).map(|name| name.label), Some("new"));
        assert_eq!(names.lookup(&[1, 2]).map(|name| name.label), Some("iso"));
        assert!(!names.is_empty() && Names::default().is_empty());
    }

    proptest! {
        #[test]
        fn same_as_trying_every_definition(
            all in prop::collection::vec(prop::collection::vec(0u32..3, 1..6), 0..40),
            asked in prop::collection::vec(0u32..3, 0..8),
        ) {
            let names = Names::from_definitions(all.iter().map(|arcs| definition(arcs, &format!("{arcs:?}"))));
            let longest = all.iter().filter(|arcs| asked.starts_with(arcs)).max_by_key(|arcs| arcs.len());
            let found = names.lookup(&asked);
            prop_assert_eq!(found.map(|name| name.label.to_owned()), longest.map(|arcs| format!("{arcs:?}")));
            prop_assert_eq!(found.map(|name| name.suffix.len()), longest.map(|arcs| asked.len() - arcs.len()));
        }
    }
}
