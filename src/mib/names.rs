//! Definitions, packed for looking into: found by a hash of their sub-identifiers.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::mib::definition::{Definition, Kind, is_word};
use crate::mib::vendors;
use crate::wire::smi::{IndexPart, Syntax};

/// What is known about a name: the longest definition that starts it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Name<'n, 'a> {
    /// The module that defines it, as `IF-MIB`.
    pub module: &'n str,
    /// The descriptor, as `ifIndex`.
    pub label: &'n str,
    /// What it is.
    pub kind: Kind,
    /// The sub-identifiers after the definition: for an object its instance, for a notification nothing.
    pub suffix: &'a [u32],
    /// The SYNTAX of a column or scalar.
    pub syntax: Option<&'n Syntax>,
    /// The INDEX of the row that a column is in; empty for all else.
    pub index: &'n [IndexPart],
}

impl<'n> Name<'n, '_> {
    /// The label of `value`, when the object is enumerated and has one for it.
    #[must_use]
    pub fn value_label(&self, value: i64) -> Option<&'n str> {
        self.syntax?.label(value)
    }
}

/// A definition in the packed form.
#[derive(Debug, Clone, Copy)]
struct Entry {
    /// Place of its sub-identifiers in `arcs`.
    arcs_start: u32,
    /// Place of its descriptor in `text`.
    label_start: u32,
    /// Place of its syntax in `syntaxes`.
    syntax: u32,
    /// Place of its index in `indexes`.
    index: u32,
    /// Place of its module in `modules`.
    module: u16,
    /// How many sub-identifiers it has, at most 128 (RFC 2578 7.1.3).
    arcs_count: u8,
    /// Octets of its descriptor, at most 128.
    label_octets: u8,
    kind: Kind,
}

/// A taken place of the table.
#[derive(Debug, Clone, Copy)]
struct Slot {
    /// The upper half of the hash of the definition's sub-identifiers.
    hash: u32,
    /// Its place in `entries`.
    place: u32,
}

/// No place.
const NONE: u32 = u32::MAX;

/// Most sub-identifiers of a definition (RFC 2578 7.1.3).
const ARCS_MAX: usize = 128;

/// Almost all sets of definitions have fewer sub-identifiers in each.
const USUAL_DEPTHS: usize = 32;

/// Definitions, found by a hash of their sub-identifiers.
///
/// A look-up hashes the name once from left to right and tries the table at each depth that a definition has, the
/// deepest first. The table is made of our definitions alone, so a peer cannot make it slow.
#[derive(Debug, Clone, Default)]
pub struct Names {
    /// In order of their sub-identifiers, without duplicates.
    entries: Vec<Entry>,
    /// Sub-identifiers of all definitions, one after the other.
    arcs: Vec<u32>,
    /// Descriptors of all definitions, one after the other.
    text: String,
    modules: Vec<Arc<str>>,
    syntaxes: Vec<Arc<Syntax>>,
    indexes: Vec<Arc<[IndexPart]>>,
    /// Open addressing with linear probing; a power of two of slots, at most half of them taken, or none at all.
    slots: Vec<Option<Slot>>,
    /// Whether there is a definition of so many sub-identifiers; as long as the longest one, and one more.
    depths: Vec<bool>,
}

impl Names {
    /// Names of the given definitions. Of several for the same sub-identifiers the last one counts, so a site's
    /// own modules go after the standard ones. What is no name by its length or its letters is left out.
    pub fn from_definitions(definitions: impl IntoIterator<Item = Definition>) -> Self {
        let mut by_arcs: BTreeMap<Vec<u32>, Definition> = BTreeMap::new();
        for definition in definitions {
            if (1..=ARCS_MAX).contains(&definition.arcs.len()) && is_word(&definition.label) {
                by_arcs.insert(definition.arcs.clone(), definition);
            }
        }
        remove_instances(&mut by_arcs);
        add_v1_forms(&mut by_arcs);
        let mut names = Self::default();
        let mut packing = Packing::default();
        let no_index: Arc<[IndexPart]> = Arc::new([]);
        for definition in by_arcs.values() {
            let row = definition.arcs.split_last().and_then(|(_, row)| by_arcs.get(row));
            let row = row.filter(|row| definition.kind == Kind::Column && row.kind == Kind::Row);
            names.pack(definition, row.map_or(&no_index, |row| &row.index), &mut packing);
        }
        names.entries.shrink_to_fit();
        names.arcs.shrink_to_fit();
        names.text.shrink_to_fit();
        names.fill_slots();
        names
    }

    /// Appends a definition.
    fn pack(&mut self, definition: &Definition, index: &Arc<[IndexPart]>, packing: &mut Packing) {
        let places = (
            u32::try_from(self.arcs.len()),
            u32::try_from(self.text.len()),
            packing.module(&mut self.modules, &definition.module),
            u8::try_from(definition.arcs.len()),
            u8::try_from(definition.label.len()),
        );
        let (Ok(arcs_start), Ok(label_start), Some(module), Ok(arcs_count), Ok(label_octets)) = places else {
            return;
        };
        let syntax =
            definition.syntax.as_ref().map_or(NONE, |syntax| packing.syntax(&mut self.syntaxes, syntax));
        let index = if index.is_empty() { NONE } else { packing.index(&mut self.indexes, index) };
        self.arcs.extend_from_slice(&definition.arcs);
        self.text.push_str(&definition.label);
        self.entries.push(Entry {
            arcs_start,
            label_start,
            syntax,
            index,
            module,
            arcs_count,
            label_octets,
            kind: definition.kind,
        });
    }

    /// Makes the table of what was packed.
    fn fill_slots(&mut self) {
        let deepest = self.entries.iter().map(|entry| usize::from(entry.arcs_count)).max();
        self.slots = vec![None; (self.entries.len() * 2).next_power_of_two()];
        self.depths = vec![false; deepest.map_or(0, |deepest| deepest + 1)];
        for (place, entry) in (0_u32..).zip(&self.entries) {
            if let Some(depth) = self.depths.get_mut(usize::from(entry.arcs_count)) {
                *depth = true;
            }
            let arcs = arcs_of(&self.arcs, entry);
            let hash = upper(arcs.iter().fold(HASH_START, |hash, arc| hash_with(hash, *arc)));
            let mut at = home(hash, self.slots.len());
            while let Some(slot) = self.slots.get_mut(at) {
                if slot.is_none() {
                    *slot = Some(Slot { hash, place });
                    break;
                }
                at = (at + 1) & (self.slots.len() - 1);
            }
        }
    }

    /// How many definitions there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is no definition at all.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// How many modules they are from.
    #[must_use]
    pub const fn modules(&self) -> usize {
        self.modules.len()
    }

    /// Octets of memory that they take, shared syntaxes counted once.
    #[must_use]
    pub fn memory_octets(&self) -> usize {
        let labels = |syntax: &Arc<Syntax>| {
            let labels: usize = syntax.labels.iter().map(|(_, label)| label.len() + 24).sum();
            size_of::<Syntax>() + labels + syntax.name.len() + syntax.hint.len()
        };
        let parts = |index: &Arc<[IndexPart]>| index.len() * (size_of::<IndexPart>() + 16);
        self.entries.len() * size_of::<Entry>()
            + self.arcs.len() * size_of::<u32>()
            + self.text.len()
            + self.slots.len() * size_of::<Option<Slot>>()
            + self.syntaxes.iter().map(labels).sum::<usize>()
            + self.indexes.iter().map(parts).sum::<usize>()
    }

    /// The longest definition that `arcs` starts with.
    #[must_use]
    pub fn lookup<'a>(&self, arcs: &'a [u32]) -> Option<Name<'_, 'a>> {
        if self.depths.len() <= USUAL_DEPTHS {
            self.lookup_within::<USUAL_DEPTHS>(arcs)
        } else {
            self.lookup_within::<{ ARCS_MAX + 1 }>(arcs)
        }
    }

    /// [`Names::lookup`] when no definition has `DEPTHS` sub-identifiers or more.
    fn lookup_within<'a, const DEPTHS: usize>(&self, arcs: &'a [u32]) -> Option<Name<'_, 'a>> {
        let mut hashes = [0; DEPTHS];
        let mut hash = HASH_START;
        let mut deepest = 0;
        let others = self.depths.len().saturating_sub(1);
        for (arc, place) in arcs.iter().take(others).zip(hashes.iter_mut().skip(1)) {
            hash = hash_with(hash, *arc);
            *place = upper(hash);
            deepest += 1;
        }
        // From the deepest on: the name of an instance has its definition one or a few sub-identifiers above.
        while deepest > 0 {
            if self.depths.get(deepest) == Some(&true) {
                let (prefix, suffix) = arcs.split_at_checked(deepest)?;
                if let Some(entry) = self.find(*hashes.get(deepest)?, prefix) {
                    return Some(self.name(entry, suffix));
                }
            }
            deepest -= 1;
        }
        None
    }

    /// The definitions with the descriptor `label`, those of `module` if one is given; found by looking at all.
    pub fn by_label<'s>(
        &'s self,
        module: Option<&'s str>,
        label: &'s str,
    ) -> impl Iterator<Item = (&'s [u32], Name<'s, 's>)> + 's {
        self.iter()
            .filter(move |(_, name)| name.label == label && module.is_none_or(|module| module == name.module))
    }

    /// All definitions with their sub-identifiers, in order of these.
    pub fn iter(&self) -> impl Iterator<Item = (&[u32], Name<'_, '_>)> {
        self.entries.iter().map(|entry| (arcs_of(&self.arcs, entry), self.name(entry, &[])))
    }

    /// The vendor of an enterprise number (below 1.3.6.1.4.1), when it is one of [`vendors`].
    #[must_use]
    pub fn vendor(&self, number: u32) -> Option<&'static str> {
        vendors::vendor(number)
    }

    fn name<'a>(&self, entry: &Entry, suffix: &'a [u32]) -> Name<'_, 'a> {
        let label = entry.label_start as usize;
        Name {
            module: self.modules.get(usize::from(entry.module)).map_or("", |module| module),
            label: self.text.get(label..label + usize::from(entry.label_octets)).unwrap_or_default(),
            kind: entry.kind,
            suffix,
            syntax: self.syntaxes.get(entry.syntax as usize).map(Arc::as_ref),
            index: self.indexes.get(entry.index as usize).map_or(&[], |index| index),
        }
    }

    /// The definition of exactly `arcs`, whose hash is `hash`.
    fn find(&self, hash: u32, arcs: &[u32]) -> Option<&Entry> {
        let mut at = home(hash, self.slots.len());
        // Half of the slots are free, so a run of taken ones ends.
        while let Some(slot) = self.slots.get(at).copied().flatten() {
            if slot.hash == hash {
                let entry = self.entries.get(slot.place as usize)?;
                if arcs_of(&self.arcs, entry) == arcs {
                    return Some(entry);
                }
            }
            at = (at + 1) & (self.slots.len() - 1);
        }
        None
    }
}

/// A name for one instance of an object, as sysUpTimeInstance of RFC 2981, would hide the object.
fn remove_instances(by_arcs: &mut BTreeMap<Vec<u32>, Definition>) {
    let is_object =
        |arcs: &[u32]| by_arcs.get(arcs).is_some_and(|definition| definition.kind.has_instances());
    let instances: Vec<Vec<u32>> = by_arcs
        .keys()
        .filter(|arcs| arcs.split_last().is_some_and(|(_, above)| is_object(above)))
        .cloned()
        .collect();
    for arcs in instances {
        by_arcs.remove(&arcs);
    }
}

/// RFC 3584 3.1 makes enterprise.0.N of the v1 trap N of an enterprise, also where the definition of the notification
/// has no 0: both names are known then.
fn add_v1_forms(by_arcs: &mut BTreeMap<Vec<u32>, Definition>) {
    let mut forms = Vec::new();
    for definition in by_arcs.values().filter(|definition| definition.kind == Kind::Notification) {
        let Some((number, enterprise)) = definition.arcs.split_last() else { continue };
        let form = [enterprise, &[0, *number]].concat();
        if enterprise.last() != Some(&0) && form.len() <= ARCS_MAX && !by_arcs.contains_key(&form) {
            forms.push(Definition { arcs: form, ..definition.clone() });
        }
    }
    by_arcs.extend(forms.into_iter().map(|form| (form.arcs.clone(), form)));
}

/// What was packed already, so that nothing is there twice.
#[derive(Debug, Default)]
struct Packing {
    modules: HashMap<Arc<str>, u16>,
    /// By the address of what is shared.
    syntaxes: HashMap<usize, u32>,
    /// By the address of what is shared.
    indexes: HashMap<usize, u32>,
}

impl Packing {
    fn module(&mut self, all: &mut Vec<Arc<str>>, module: &Arc<str>) -> Option<u16> {
        if let Some(place) = self.modules.get(module) {
            return Some(*place);
        }
        let place = u16::try_from(all.len()).ok()?;
        all.push(Arc::clone(module));
        self.modules.insert(Arc::clone(module), place);
        Some(place)
    }

    fn syntax(&mut self, all: &mut Vec<Arc<Syntax>>, syntax: &Arc<Syntax>) -> u32 {
        *self.syntaxes.entry(Arc::as_ptr(syntax).addr()).or_insert_with(|| {
            all.push(Arc::clone(syntax));
            u32::try_from(all.len() - 1).unwrap_or(NONE)
        })
    }

    fn index(&mut self, all: &mut Vec<Arc<[IndexPart]>>, index: &Arc<[IndexPart]>) -> u32 {
        *self.indexes.entry(index.as_ptr().addr()).or_insert_with(|| {
            all.push(Arc::clone(index));
            u32::try_from(all.len() - 1).unwrap_or(NONE)
        })
    }
}

/// The sub-identifiers of `entry`.
fn arcs_of<'n>(arcs: &'n [u32], entry: &Entry) -> &'n [u32] {
    let start = entry.arcs_start as usize;
    arcs.get(start..start + usize::from(entry.arcs_count)).unwrap_or_default()
}

/// The hash of no sub-identifiers.
const HASH_START: u64 = 0;

/// The hash of one more sub-identifier: multiplication by a large odd number, which spreads to the upper bits.
const fn hash_with(hash: u64, arc: u32) -> u64 {
    (hash.rotate_left(5) ^ arc as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

/// The upper half of a hash, which depends on every sub-identifier.
const fn upper(hash: u64) -> u32 {
    (hash >> 32) as u32
}

/// Where the search for `hash` starts in a table of `slots` slots, a power of two.
const fn home(hash: u32, slots: usize) -> usize {
    hash as usize & slots.wrapping_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::smi::Base;
    use proptest::prelude::*;

    fn definition(arcs: &[u32], label: &str) -> Definition {
        Definition {
            arcs: arcs.to_vec(),
            module: "TEST-MIB".into(),
            label: label.into(),
            kind: Kind::Node,
            syntax: None,
            index: Arc::new([]),
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
        assert_eq!(names.lookup(&[]).map(|name| name.label), None);
        let few = Names::from_definitions([definition(&[1, 3], "org")]);
        assert_eq!(few.lookup(&[1, 4, 6]).map(|name| name.label.to_owned()), None);
        let deep: Vec<u32> = (1..=128).collect();
        for depth in [USUAL_DEPTHS - 1, USUAL_DEPTHS, ARCS_MAX] {
            let names = Names::from_definitions([definition(&deep[..depth], "deep")]);
            let found = names.lookup(&deep).map(|name| (name.label, name.suffix.len()));
            assert_eq!(found, Some(("deep", ARCS_MAX - depth)));
            assert_eq!(names.lookup(&deep[..depth - 1]).map(|name| name.label), None);
        }
    }

    #[test]
    fn the_last_definition_of_a_name_counts() {
        let names = Names::from_definitions([
            definition(&[1, 3], "old"),
            definition(&[1], "iso"),
            definition(&[1, 3], "new"),
            definition(&[2], "no\nword"),
            definition(&[3; 129], "tooLong"),
            definition(&[], "empty"),
        ]);
        assert_eq!(names.len(), 2);
        assert_eq!(names.lookup(&[1, 3, 9]).map(|name| name.label), Some("new"));
        assert_eq!(names.lookup(&[1, 2]).map(|name| name.label), Some("iso"));
        assert!(!names.is_empty() && Names::default().is_empty());
        assert_eq!(
            names.by_label(Some("TEST-MIB"), "new").map(|(arcs, _)| arcs.to_vec()).next(),
            Some(vec![1, 3])
        );
        assert_eq!(names.by_label(Some("OTHER-MIB"), "new").count(), 0);
    }

    #[test]
    fn a_column_has_the_index_of_its_row_and_a_notification_its_v1_form() {
        let syntax = Arc::new(Syntax::new("", Base::Integer, None, "", Vec::new()));
        let part = IndexPart {
            module: "TEST-MIB".into(),
            label: "x".into(),
            implied: false,
            syntax: Arc::clone(&syntax),
        };
        let row = Definition { kind: Kind::Row, index: Arc::new([part]), ..definition(&[1, 1], "entry") };
        let column =
            Definition { kind: Kind::Column, syntax: Some(syntax), ..definition(&[1, 1, 5], "column") };
        let notification = Definition { kind: Kind::Notification, ..definition(&[2, 7], "alarm") };
        let instance = definition(&[1, 1, 5, 9], "columnInstance");
        let names = Names::from_definitions([row, column, notification, instance]);
        let found =
            names.lookup(&[1, 1, 5, 9]).map(|name| (name.kind, name.index.len(), name.syntax.is_some()));
        assert_eq!(found, Some((Kind::Column, 1, true)));
        assert_eq!(names.lookup(&[2, 0, 7]).map(|name| name.label), Some("alarm"));
        assert_eq!(names.len(), 4);
        assert!(names.memory_octets() > 100 && names.modules() == 1);
    }

    proptest! {
        #[test]
        fn same_as_trying_every_definition(
            all in prop::collection::vec(prop::collection::vec(0u32..3, 1..6), 0..40),
            asked in prop::collection::vec(0u32..3, 0..8),
        ) {
            let label = |arcs: &[u32]| arcs.iter().map(u32::to_string).collect::<Vec<_>>().join("-");
            let names = Names::from_definitions(all.iter().map(|arcs| definition(arcs, &label(arcs))));
            let longest = all.iter().filter(|arcs| asked.starts_with(arcs)).max_by_key(|arcs| arcs.len());
            let found = names.lookup(&asked);
            prop_assert_eq!(found.map(|name| name.label.to_owned()), longest.map(|arcs| label(arcs)));
            prop_assert_eq!(found.map(|name| name.suffix.len()), longest.map(|arcs| asked.len() - arcs.len()));
        }
    }
}
