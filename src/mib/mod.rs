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

/// Definitions in order of their sub-identifiers, each with the place of the nearest one that encloses it.
#[derive(Debug, Clone, Default)]
pub struct Names {
    /// Sorted by `arcs`, without duplicates.
    definitions: Vec<Definition>,
    /// For each definition the place of the longest other one that it starts with.
    enclosing: Vec<Option<u32>>,
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
        let mut definitions: Vec<_> =
            definitions.into_iter().filter(|definition| !definition.arcs.is_empty()).collect();
        // The sort is stable: after it, the last of equal ones is the last that was given.
        definitions.sort_by(|one, other| one.arcs.cmp(&other.arcs));
        definitions.reverse();
        definitions.dedup_by(|later, kept| later.arcs == kept.arcs);
        definitions.reverse();

        let mut enclosing = Vec::with_capacity(definitions.len());
        let mut open: Vec<u32> = Vec::new();
        for (place, definition) in definitions.iter().enumerate() {
            let encloses = |place: &u32| {
                definitions.get(*place as usize).is_some_and(|outer| definition.arcs.starts_with(&outer.arcs))
            };
            while open.last().is_some_and(|outer| !encloses(outer)) {
                open.pop();
            }
            enclosing.push(open.last().copied());
            open.push(u32::try_from(place).unwrap_or(u32::MAX));
        }
        Self { definitions, enclosing }
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
        // Whatever lies between a definition and a name that starts with it starts with it too; so the answer is
        // the last definition not after the name, or one that encloses that.
        let after = self.definitions.partition_point(|definition| definition.arcs.as_ref() <= arcs);
        let mut place = after.checked_sub(1)?;
        loop {
            let definition = self.definitions.get(place)?;
            if let Some(suffix) = arcs.strip_prefix(definition.arcs.as_ref()) {
                return Some(Name {
                    module: &definition.module,
                    label: &definition.label,
                    suffix,
                    enumeration: &definition.enumeration,
                });
            }
            place = (*self.enclosing.get(place)?)? as usize;
        }
    }
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
