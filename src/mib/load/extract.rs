//! Definitions out of modules that mib-rs has read. With `mib/load/modules.rs` the only file that knows that crate.

use std::collections::HashMap;
use std::sync::Arc;

use mib_rs::mib::{Mib, Module, NamedValue, Node, Object, Range, Type};
use mib_rs::types::{BaseType, Kind as MibKind};

use crate::mib::definition::{Definition, Definitions, Kind, TypeDefinition, is_word};
use crate::wire::smi::{Base, IndexPart, Label, Syntax};

/// Labels of one enumeration that are kept; IANAifType has some 300.
const LABELS_MAX: usize = 4_096;

/// Octets of a DISPLAY-HINT that are kept.
const HINT_OCTETS_MAX: usize = 255;

/// What `mib` defines in modules of which `is_wanted` says so.
pub(super) fn definitions(mib: &Mib, is_wanted: impl Fn(&str) -> bool) -> Definitions {
    let mut extraction = Extraction::default();
    let mut all = Definitions::default();
    for known in mib.types() {
        let Some(module) = known.module().filter(|module| is_wanted(module.name())) else { continue };
        if let Some(syntax) = extraction.of_type(known).filter(|_| is_word(known.name())) {
            all.types.push(TypeDefinition { module: extraction.word(module.name()), syntax });
        }
    }
    for node in mib.nodes() {
        let Some(module) = node.module().filter(|module| is_wanted(module.name())) else { continue };
        let Some(kind) = kind_of(node.kind()) else { continue };
        let object = node.object();
        let syntax = object.filter(|_| kind.has_instances()).and_then(|object| extraction.of_object(object));
        let index = object.filter(|_| kind == Kind::Row).map(|row| extraction.index(row, module));
        all.names.push(Definition {
            arcs: node.oid().to_vec(),
            module: extraction.word(module.name()),
            label: node.name().into(),
            kind,
            syntax,
            index: index.unwrap_or_default().into(),
        });
    }
    all
}

/// The kind of a definition that a notification may carry; conformance says nothing of those.
const fn kind_of(kind: MibKind) -> Option<Kind> {
    match kind {
        MibKind::Node | MibKind::ModuleIdentity | MibKind::ObjectIdentity => Some(Kind::Node),
        MibKind::Scalar => Some(Kind::Scalar),
        MibKind::Table => Some(Kind::Table),
        MibKind::Row => Some(Kind::Row),
        MibKind::Column => Some(Kind::Column),
        MibKind::Notification => Some(Kind::Notification),
        MibKind::Unknown | MibKind::Internal | MibKind::Group | MibKind::Compliance | MibKind::Capability => {
            None
        }
    }
}

/// What was made already, so that equal things are shared.
#[derive(Default)]
struct Extraction {
    words: HashMap<String, Arc<str>>,
    syntaxes: HashMap<SyntaxKey, Arc<Syntax>>,
}

/// What tells syntaxes apart: name, base, size, hint, labels.
type SyntaxKey = (String, Base, Option<u16>, String, Vec<Label>);

impl Extraction {
    /// A module's name, shared.
    fn word(&mut self, word: &str) -> Arc<str> {
        if let Some(known) = self.words.get(word) {
            return Arc::clone(known);
        }
        let shared: Arc<str> = word.into();
        self.words.insert(word.to_owned(), Arc::clone(&shared));
        shared
    }

    fn shared(
        &mut self,
        name: &str,
        base: Base,
        sizes: &[Range],
        hint: &str,
        labels: Vec<Label>,
    ) -> Arc<Syntax> {
        let size = match sizes {
            [range] if range.min == range.max => range.min.as_u64().and_then(|size| u16::try_from(size).ok()),
            _ => None,
        };
        let hint = hint.get(..HINT_OCTETS_MAX).unwrap_or(hint);
        let size = size.filter(|_| base == Base::Octets);
        let key = (name.to_owned(), base, size, hint.to_owned(), labels);
        if let Some(known) = self.syntaxes.get(&key) {
            return Arc::clone(known);
        }
        let syntax = Arc::new(Syntax::new(name, base, size, hint, key.4.clone()));
        self.syntaxes.insert(key, Arc::clone(&syntax));
        syntax
    }

    fn of_type(&mut self, known: Type<'_>) -> Option<Arc<Syntax>> {
        let base = base_of(known.effective_base())?;
        let labels = labels(base, known.effective_enums(), known.effective_bits());
        Some(self.shared(known.name(), base, known.effective_sizes(), known.effective_display_hint(), labels))
    }

    fn of_object(&mut self, object: Object<'_>) -> Option<Arc<Syntax>> {
        let known = object.ty()?;
        let base = base_of(known.effective_base())?;
        let labels = labels(base, object.effective_enums(), object.effective_bits());
        let name = type_name(known);
        Some(self.shared(name, base, object.effective_sizes(), object.effective_display_hint(), labels))
    }

    /// The index of a row, that of the row it augments included.
    fn index(&mut self, row: Object<'_>, module: Module<'_>) -> Vec<IndexPart> {
        let mut parts = Vec::new();
        for part in row.effective_indexes() {
            let object = part.object();
            let syntax = match (object, part.ty()) {
                (Some(object), _) => self.of_object(object),
                (None, Some(known)) => self.of_type(known),
                (None, None) => None,
            };
            // Without one part the rest cannot be divided.
            let Some(syntax) = syntax.filter(|_| is_word(part.name())) else { return Vec::new() };
            // Of several modules that define the same object, the one that the object is known by.
            let node = object.and_then(Object::node);
            let of = node.and_then(Node::module).or_else(|| object?.module()).unwrap_or(module);
            let module = self.word(of.name());
            parts.push(IndexPart { module, label: part.name().into(), implied: part.implied(), syntax });
        }
        parts
    }
}

/// The name of a type, or of what it refines.
fn type_name(known: Type<'_>) -> &str {
    let mut at = Some(known);
    // Types refine each other a few times; a circle would end here, too.
    for _ in 0..32 {
        match at {
            Some(named) if is_word(named.name()) && !is_base_name(named.name()) => return named.name(),
            Some(unnamed) => at = unnamed.parent(),
            None => break,
        }
    }
    ""
}

/// Whether a name says no more than the base does.
fn is_base_name(name: &str) -> bool {
    let others = ["Integer32", "Gauge32", "Gauge", "Counter", "NetworkAddress", "Integer64", "Unsigned64"];
    Base::ALL.iter().any(|(_, known)| *known == name) || others.contains(&name)
}

fn labels(base: Base, enums: &[NamedValue], bits: &[NamedValue]) -> Vec<Label> {
    let named = if base == Base::Bits { bits } else { enums };
    let kept = named.iter().filter(|named| is_word(&named.label)).take(LABELS_MAX);
    kept.map(|named| (named.value, Box::from(named.label.as_str()))).collect()
}

const fn base_of(base: BaseType) -> Option<Base> {
    match base {
        BaseType::Integer32 | BaseType::Integer64 => Some(Base::Integer),
        BaseType::Unsigned32 | BaseType::Gauge32 | BaseType::Unsigned64 => Some(Base::Unsigned),
        BaseType::Counter32 => Some(Base::Counter32),
        BaseType::Counter64 => Some(Base::Counter64),
        BaseType::TimeTicks => Some(Base::TimeTicks),
        BaseType::IpAddress => Some(Base::IpAddress),
        BaseType::OctetString => Some(Base::Octets),
        BaseType::ObjectIdentifier => Some(Base::Oid),
        BaseType::Bits => Some(Base::Bits),
        BaseType::Opaque => Some(Base::Opaque),
        BaseType::Unknown | BaseType::Sequence => None,
    }
}
