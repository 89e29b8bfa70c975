//! How a key of `mutt_config.yaml` is declared: once, with all that there is to say of it.
//!
//! A section is a struct whose fields are declared with [`section!`]. A field is
//!
//! - a key: `key("port", port(), 5162, "162")`, with name, kind, default and an example that is not the default;
//! - a section below: `subsection::<Tcp>("tcp")`;
//! - several keys of the same section that make one value: `group::<ZoneKeys, _>()`.
//!
//! The doc comment of a field is what an operator reads of it: in the shipped file and in the schema. The kind knows
//! type, unit and range. From these come the parser, the struct and its defaults, `mutt_config.yaml`, the JSON Schema
//! and `muttd config show`.
//!
//! Invariant: the name of a key is written in its declaration and nowhere else.

use serde_json::Value as Json;

use crate::config::document::is_null;
use crate::config::reader::{Entry, Fields, Reader};

/// What values of a key may be, and what becomes of them.
pub(super) trait Kind {
    /// What the key means to the program.
    type Value: Clone;

    /// Whether the value must not be shown.
    const IS_SECRET: bool = false;

    /// Reads the value; `None` when it is absent, or wrong, which is noted.
    fn read(&self, reader: &mut Reader<'_>, entry: &mut Entry) -> Option<Self::Value>;

    /// The value as it would be written; `None` when that is not known from the value alone. Known for every default.
    fn write(&self, value: &Self::Value) -> Option<Json>;

    /// What may be written, as JSON Schema.
    fn schema(&self) -> Json;

    /// What may be written, in words; empty when the type says it.
    fn allowed(&self) -> String {
        String::new()
    }
}

/// A section that is declared with [`section!`].
pub(super) trait Section: Default {
    /// Names of its keys and of the sections below it, in order.
    fn names() -> Vec<&'static str>;

    /// Reads the section.
    fn read(fields: &mut Fields, reader: &mut Reader<'_>) -> Self;

    /// Adds what is declared to `declared`, in order.
    fn declare(declared: &mut Vec<Declared>);
}

/// A key or a section, as it was declared.
pub(super) enum Declared {
    Section {
        name: &'static str,
        /// The doc comment, line by line.
        doc: Vec<&'static str>,
        members: Vec<Self>,
    },
    Key(DeclaredKey),
}

/// A key as it was declared.
pub(super) struct DeclaredKey {
    pub(super) name: &'static str,
    /// The doc comment, line by line.
    pub(super) doc: Vec<&'static str>,
    /// What may be written, in words; empty when the type says it.
    pub(super) allowed: String,
    /// What may be written, as JSON Schema.
    pub(super) schema: Json,
    pub(super) default: Json,
    /// A value, as YAML, that is not the default.
    pub(super) example: &'static str,
    pub(super) is_secret: bool,
    /// See [`Key::live`].
    pub(super) is_live: bool,
}

impl DeclaredKey {
    /// What the key means, and whether a change of it takes effect at once.
    pub(super) fn meaning(&self) -> String {
        let doc = paragraph(&self.doc);
        if self.is_live { format!("{doc} {LIVE}") } else { doc }
    }

    /// What there is to say of the key: its meaning and what is allowed.
    pub(super) fn description(&self) -> String {
        let meaning = self.meaning();
        if self.allowed.is_empty() { meaning } else { format!("{meaning} Allowed: {}.", self.allowed) }
    }
}

/// What is said of a key that is [live](Key::live).
const LIVE: &str = "Can be changed while muttd runs.";

/// The lines of a doc comment as one, without its marks for code.
pub(super) fn paragraph(doc: &[&str]) -> String {
    let words: Vec<&str> = doc.iter().flat_map(|line| line.split_whitespace()).collect();
    words.join(" ").replace('`', "")
}

/// What a field of a section is declared with. An item is made anew for each use.
pub(super) trait Item {
    /// Type of the field.
    type Value;

    fn names(self, names: &mut Vec<&'static str>);
    fn default(self) -> Self::Value;
    fn read(self, fields: &mut Fields, reader: &mut Reader<'_>) -> Self::Value;
    fn declare(self, doc: &[&'static str], declared: &mut Vec<Declared>);
}

/// See [`key`].
pub(super) struct Key<K: Kind> {
    name: &'static str,
    kind: K,
    default: K::Value,
    example: &'static str,
    is_live: bool,
}

impl<K: Kind> Key<K> {
    /// The same key, whose changes take effect while the program runs. For other keys a reload tells that a restart
    /// is needed.
    pub(super) fn live(mut self) -> Self {
        self.is_live = true;
        self
    }
}

/// A key: its name, the kind of its values, its default, and an example as YAML that is not the default.
pub(super) fn key<K: Kind>(name: &'static str, kind: K, default: K::Value, example: &'static str) -> Key<K> {
    Key { name, kind, default, example, is_live: false }
}

impl<K: Kind> Item for Key<K> {
    type Value = K::Value;

    fn names(self, names: &mut Vec<&'static str>) {
        names.push(self.name);
    }

    fn default(self) -> K::Value {
        self.default
    }

    fn read(self, fields: &mut Fields, reader: &mut Reader<'_>) -> K::Value {
        let mut entry = match K::IS_SECRET {
            true => reader.secretly(|reader| reader.entry(fields, self.name)),
            false => reader.entry(fields, self.name),
        };
        let is_absent = entry.node.is_none();
        let is_nothing = entry.node.as_ref().is_some_and(is_null);
        let mut record = reader.record_of(&entry, K::IS_SECRET);
        record.is_live = self.is_live;
        let found = self.kind.read(reader, &mut entry);
        let value = found.unwrap_or(self.default);
        if let Some(written) = self.kind.write(&value).filter(|_| is_absent || is_nothing || !K::IS_SECRET) {
            record.value = written;
        }
        reader.record(record);
        value
    }

    fn declare(self, doc: &[&'static str], declared: &mut Vec<Declared>) {
        declared.push(Declared::Key(DeclaredKey {
            name: self.name,
            doc: doc.to_vec(),
            allowed: self.kind.allowed(),
            schema: self.kind.schema(),
            default: self.kind.write(&self.default).unwrap_or_default(),
            example: self.example,
            is_secret: K::IS_SECRET,
            is_live: self.is_live,
        }));
    }
}

/// See [`subsection`].
pub(super) struct Subsection<S> {
    name: &'static str,
    section: std::marker::PhantomData<S>,
}

/// A section below.
pub(super) fn subsection<S: Section>(name: &'static str) -> Subsection<S> {
    Subsection { name, section: std::marker::PhantomData }
}

impl<S: Section> Item for Subsection<S> {
    type Value = S;

    fn names(self, names: &mut Vec<&'static str>) {
        names.push(self.name);
    }

    fn default(self) -> S {
        S::default()
    }

    fn read(self, fields: &mut Fields, reader: &mut Reader<'_>) -> S {
        let nodes = fields.take_all(self.name);
        let prefix = format!("{}{}.", fields.prefix(), self.name);
        let mut fields = reader.fields(nodes, &prefix, &S::names());
        S::read(&mut fields, reader)
    }

    fn declare(self, doc: &[&'static str], declared: &mut Vec<Declared>) {
        let mut members = Vec::new();
        S::declare(&mut members);
        declared.push(Declared::Section { name: self.name, doc: doc.to_vec(), members });
    }
}

/// See [`group`].
pub(super) struct Group<S, V>(std::marker::PhantomData<(S, V)>);

/// Keys of the same section, those of `S`, that make one value.
pub(super) fn group<S: Section, V: From<S>>() -> Group<S, V> {
    Group(std::marker::PhantomData)
}

impl<S: Section, V: From<S>> Item for Group<S, V> {
    type Value = V;

    fn names(self, names: &mut Vec<&'static str>) {
        names.extend(S::names());
    }

    fn default(self) -> V {
        S::default().into()
    }

    fn read(self, fields: &mut Fields, reader: &mut Reader<'_>) -> V {
        S::read(fields, reader).into()
    }

    fn declare(self, _: &[&'static str], declared: &mut Vec<Declared>) {
        S::declare(declared);
    }
}

/// `item`, of which it is known now that it makes a `T`.
pub(super) fn item_of<T, I: Item<Value = T>>(item: I) -> I {
    item
}

/// Declares the struct of a section, with its default, and how it is read and described.
macro_rules! section {
    (
        $(#[doc = $doc:literal])+
        pub struct $name:ident {
            $($(#[doc = $field_doc:literal])+ pub $field:ident: $type:ty = $item:expr;)+
        }
    ) => {
        $(#[doc = $doc])+
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct $name {
            $($(#[doc = $field_doc])+ pub $field: $type,)+
        }

        impl Default for $name {
            fn default() -> Self {
                Self { $($field: $crate::config::declare::Item::default($crate::config::declare::item_of::<$type, _>($item)),)+ }
            }
        }

        impl $crate::config::declare::Section for $name {
            fn names() -> Vec<&'static str> {
                let mut names = Vec::new();
                $($crate::config::declare::Item::names($crate::config::declare::item_of::<$type, _>($item), &mut names);)+
                names
            }

            fn read(
                fields: &mut $crate::config::reader::Fields,
                reader: &mut $crate::config::reader::Reader<'_>,
            ) -> Self {
                Self { $($field: $crate::config::declare::Item::read(
                        $crate::config::declare::item_of::<$type, _>($item),
                        fields,
                        reader,
                    ),)+ }
            }

            fn declare(declared: &mut Vec<$crate::config::declare::Declared>) {
                $($crate::config::declare::Item::declare(
                    $crate::config::declare::item_of::<$type, _>($item),
                    &[$($field_doc),+],
                    declared,
                );)+
            }
        }
    };
}

pub(super) use section;
