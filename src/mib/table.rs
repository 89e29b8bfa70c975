//! Definitions as lines of a table, to be kept, printed and searched.
//!
//! ```text
//! module  IF-MIB
//! type    InterfaceIndex  INTEGER  d
//! row     1.3.6.1.2.1.2.2.1    ifEntry       ifIndex
//! column  1.3.6.1.2.1.2.2.1.1  ifIndex       InterfaceIndex
//! column  1.3.6.1.2.1.2.2.1.7  ifAdminStatus INTEGER{1=up,2=down,3=testing}
//! ```
//!
//! Fields are divided by tabs, lines of `#` are comments. A type has its base, DISPLAY-HINT and labels; a syntax is a
//! base or a type, as `DisplayString`, or `MODULE!Type` of another module, with a size in parentheses where it is always
//! that of the octets, and labels in braces. An index is a list of objects, `*` before an implied one.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::Arc;

use thiserror::Error;

use crate::mib::definition::{Definition, Definitions, Kind, TypeDefinition, is_word};
use crate::wire::smi::{Base, IndexPart, Label, Syntax};

/// A line that cannot be read.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("line {line}: {what}")]
pub struct TableError {
    /// Number of the line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub what: &'static str,
}

/// Reads a table.
///
/// # Errors
/// The first line that is not of the form.
pub fn read(text: &str) -> Result<Definitions, TableError> {
    let mut reading = Reading::default();
    for (line, row) in (1..).zip(text.lines()) {
        if !row.is_empty() && !row.starts_with('#') {
            reading.row(line, row).map_err(|what| TableError { line, what })?;
        }
    }
    reading.finish()
}

/// A table that is being read.
#[derive(Debug, Default)]
struct Reading<'t> {
    module: Arc<str>,
    definitions: Definitions,
    /// Types by module and name.
    types: HashMap<(Arc<str>, &'t str), Arc<Syntax>>,
    /// Syntaxes without a name that were met, as written.
    inline: HashMap<&'t str, Arc<Syntax>>,
    /// Places of columns and scalars, by module and descriptor.
    objects: HashMap<(Arc<str>, &'t str), usize>,
    /// Syntaxes of columns and scalars by their place: types may stand behind their use.
    wanted: Vec<(usize, usize, Arc<str>, &'t str)>,
    /// Indexes of rows by their place: the objects may stand behind them.
    indexes: Vec<(usize, usize, Arc<str>, &'t str)>,
}

impl<'t> Reading<'t> {
    fn row(&mut self, line: usize, row: &'t str) -> Result<(), &'static str> {
        let mut fields = row.split('\t');
        let word = fields.next().unwrap_or_default();
        let first = fields.next().filter(|field| !field.is_empty()).ok_or("too few fields")?;
        match word {
            "module" => self.module = first.into(),
            "type" => {
                let (base, size, labels) = inline(fields.next().unwrap_or_default())?;
                let hint = fields.next().unwrap_or_default();
                let syntax = Arc::new(Syntax::new(first, base, size, hint, labels));
                self.types.insert((Arc::clone(&self.module), first), Arc::clone(&syntax));
                self.definitions.types.push(TypeDefinition { module: Arc::clone(&self.module), syntax });
            }
            _ => {
                let known = Kind::ALL.iter().find(|(_, known)| *known == word);
                let (kind, _) = known.ok_or("an unknown word at the start")?;
                let label = fields.next().filter(|label| is_word(label)).ok_or("no descriptor")?;
                let last = fields.next().unwrap_or_default();
                self.definition(line, *kind, arcs(first)?, label, last)?;
            }
        }
        if fields.next().is_some() { Err("too many fields") } else { Ok(()) }
    }

    fn definition(
        &mut self,
        line: usize,
        kind: Kind,
        arcs: Vec<u32>,
        label: &'t str,
        last: &'t str,
    ) -> Result<(), &'static str> {
        let place = self.definitions.names.len();
        if kind.has_instances() {
            self.objects.insert((Arc::clone(&self.module), label), place);
            // That of an object whose type nobody knows is missing.
            if !last.is_empty() {
                self.wanted.push((line, place, Arc::clone(&self.module), last));
            }
        } else if kind == Kind::Row {
            self.indexes.push((line, place, Arc::clone(&self.module), last));
        } else if !last.is_empty() {
            return Err("too many fields");
        }
        self.definitions.names.push(Definition {
            arcs,
            module: Arc::clone(&self.module),
            label: label.into(),
            kind,
            syntax: None,
            index: Arc::new([]),
        });
        Ok(())
    }

    /// Puts syntaxes and indexes in their places.
    fn finish(mut self) -> Result<Definitions, TableError> {
        for (line, place, module, text) in std::mem::take(&mut self.wanted) {
            let syntax = self.syntax(&module, text).map_err(|what| TableError { line, what })?;
            if let Some(definition) = self.definitions.names.get_mut(place) {
                definition.syntax = Some(syntax);
            }
        }
        for (line, place, module, text) in std::mem::take(&mut self.indexes) {
            let parts = text.split(',').filter(|part| !part.is_empty());
            let parts: Result<Vec<IndexPart>, _> = parts.map(|part| self.part(&module, part)).collect();
            let parts = parts.map_err(|what| TableError { line, what })?;
            if let Some(definition) = self.definitions.names.get_mut(place) {
                definition.index = parts.into();
            }
        }
        Ok(self.definitions)
    }

    /// One object of an index.
    fn part(&self, module: &Arc<str>, text: &'t str) -> Result<IndexPart, &'static str> {
        let (implied, name) = text.strip_prefix('*').map_or((false, text), |name| (true, name));
        let (module, label) = name
            .split_once('!')
            .map_or_else(|| (Arc::clone(module), name), |(module, label)| (module.into(), label));
        let place = self
            .objects
            .get(&(Arc::clone(&module), label))
            .ok_or("an object of the index is not in the table")?;
        let syntax = self.definitions.names.get(*place).and_then(|object| object.syntax.clone());
        let syntax = syntax.ok_or("an object of the index has no syntax")?;
        Ok(IndexPart { module, label: label.into(), implied, syntax })
    }

    /// The syntax that `text` says in `module`.
    fn syntax(&mut self, module: &Arc<str>, text: &'t str) -> Result<Arc<Syntax>, &'static str> {
        let (name, size) = sized(text)?;
        let (of, name) =
            name.split_once('!').map_or_else(|| (Arc::clone(module), name), |(of, name)| (of.into(), name));
        if let Some(known) = self.types.get(&(of, name)) {
            if size.is_none() || size == known.size {
                return Ok(Arc::clone(known));
            }
            return Ok(Arc::new(Syntax { size, ..Syntax::clone(known) }));
        }
        if let Some(known) = self.inline.get(text) {
            return Ok(Arc::clone(known));
        }
        let (base, size, labels) = inline(text)?;
        let syntax = Arc::new(Syntax::new("", base, size, "", labels));
        self.inline.insert(text, Arc::clone(&syntax));
        Ok(syntax)
    }
}

/// Splits a size in parentheses from the end of `text`.
fn sized(text: &str) -> Result<(&str, Option<u16>), &'static str> {
    match text.strip_suffix(')').and_then(|inner| inner.rsplit_once('(')) {
        Some((name, size)) => Ok((name, Some(size.parse().map_err(|_| "a size that is no number")?))),
        None => Ok((text, None)),
    }
}

/// Reads a base with a size or labels.
fn inline(text: &str) -> Result<(Base, Option<u16>, Vec<Label>), &'static str> {
    let (text, labels) = match text.strip_suffix('}').and_then(|inner| inner.split_once('{')) {
        Some((text, labels)) => (text, labels),
        None => (text, ""),
    };
    let (name, size) = sized(text)?;
    let base = Base::ALL.iter().find(|(_, known)| *known == name).ok_or("an unknown type")?;
    let label = |pair: &str| {
        let (number, label) = pair.split_once('=').ok_or("a label without a number")?;
        let number = number.parse().map_err(|_| "a label without a number")?;
        if is_word(label) { Ok((number, Box::from(label))) } else { Err("a label with strange characters") }
    };
    let labels: Result<Vec<Label>, _> =
        labels.split(',').filter(|pair| !pair.is_empty()).map(label).collect();
    Ok((base.0, size, labels?))
}

/// Sub-identifiers from dots.
fn arcs(text: &str) -> Result<Vec<u32>, &'static str> {
    text.split('.').map(|arc| arc.parse().map_err(|_| "no object identifier")).collect()
}

/// Writes definitions as a table, module by module, in order of the sub-identifiers. [`read`] reads it when the objects
/// of all indexes are in it.
#[must_use]
pub fn write(definitions: &Definitions) -> String {
    let mut named: HashMap<&str, Vec<&TypeDefinition>> = HashMap::new();
    for known in &definitions.types {
        named.entry(&known.syntax.name).or_default().push(known);
    }
    let mut modules: Vec<&Arc<str>> = definitions.types.iter().map(|known| &known.module).collect();
    modules.extend(definitions.names.iter().map(|definition| &definition.module));
    modules.sort_unstable();
    modules.dedup();
    let mut text = String::new();
    for module in modules {
        let _ = writeln!(text, "module\t{module}");
        for known in definitions.types.iter().filter(|known| known.module == *module) {
            let syntax = &known.syntax;
            let _ = writeln!(text, "type\t{}\t{}\t{}", syntax.name, written_inline(syntax), syntax.hint);
        }
        let mut names: Vec<&Definition> =
            definitions.names.iter().filter(|definition| definition.module == *module).collect();
        names.sort_by(|a, b| a.arcs.cmp(&b.arcs));
        for definition in names {
            write_definition(&mut text, definition, &named);
        }
    }
    text
}

fn write_definition(text: &mut String, definition: &Definition, named: &HashMap<&str, Vec<&TypeDefinition>>) {
    let _ = write!(text, "{}\t", definition.kind.as_str());
    for (place, arc) in definition.arcs.iter().enumerate() {
        let _ = write!(text, "{}{arc}", if place > 0 { "." } else { "" });
    }
    let _ = write!(text, "\t{}", definition.label);
    if let Some(syntax) = &definition.syntax {
        let same = |known: &&&TypeDefinition| {
            Syntax { size: syntax.size, ..Syntax::clone(&known.syntax) } == **syntax
        };
        let known = named.get(syntax.name.as_ref()).and_then(|all| {
            all.iter()
                .find(|known| known.module == definition.module && same(known))
                .or_else(|| all.iter().find(same))
        });
        let written = match known {
            Some(known) => {
                let of = if known.module == definition.module {
                    String::new()
                } else {
                    format!("{}!", known.module)
                };
                let size = syntax.size.filter(|_| syntax.size != known.syntax.size);
                format!("{of}{}{}", syntax.name, size.map(|size| format!("({size})")).unwrap_or_default())
            }
            None => written_inline(syntax),
        };
        let _ = write!(text, "\t{written}");
    }
    if definition.kind == Kind::Row {
        let parts = definition.index.iter().map(|part| {
            let of =
                if part.module == definition.module { String::new() } else { format!("{}!", part.module) };
            format!("{}{of}{}", if part.implied { "*" } else { "" }, part.label)
        });
        let _ = write!(text, "\t{}", parts.collect::<Vec<_>>().join(","));
    }
    text.push('\n');
}

/// A syntax without its name.
fn written_inline(syntax: &Syntax) -> String {
    let mut text = syntax.base.as_str().to_owned();
    if let Some(size) = syntax.size {
        let _ = write!(text, "({size})");
    }
    if !syntax.labels.is_empty() {
        let labels: Vec<String> =
            syntax.labels.iter().map(|(number, label)| format!("{number}={label}")).collect();
        let _ = write!(text, "{{{}}}", labels.join(","));
    }
    text
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]
mod tests {
    use super::*;

    const TEXT: &str = "module\tA-MIB\ntype\tName\tOCTET STRING\t255a\ntype\tState\tINTEGER{1=up,2=down}\t\n\
         node\t1.3\troot\nrow\t1.3.1.1\tentry\tnumber,*B-MIB!key\ncolumn\t1.3.1.1.1\tnumber\tUnsigned32\n\
         column\t1.3.1.1.2\tstate\tState\ncolumn\t1.3.1.1.3\tmac\tOCTET STRING(6)\nnotification\t1.3.9\talarm\n\
         module\tB-MIB\ncolumn\t1.4.1\tkey\tA-MIB!Name(4)\n";

    #[test]
    fn what_is_written_is_what_was_read() {
        let definitions = read(TEXT).unwrap();
        assert_eq!(write(&definitions), TEXT);
        let entry = definitions.names.iter().find(|definition| definition.kind == Kind::Row).unwrap();
        assert_eq!(
            (entry.index.len(), entry.index[1].implied, entry.index[1].syntax.size),
            (2, true, Some(4))
        );
    }

    #[test]
    fn a_line_that_is_none_is_named() {
        for (text, line, what) in [
            ("module\n", 1, "too few fields"),
            ("# x\n\nthing\t1.3\tx\n", 3, "an unknown word at the start"),
            ("module\tA\nnode\t1.x\tx\n", 2, "no object identifier"),
            ("module\tA\nnode\t1.3\tx y\n", 2, "no descriptor"),
            ("module\tA\nnode\t1.3\tx\tINTEGER\n", 2, "too many fields"),
            ("module\tA\nscalar\t1.3\tx\tNothing\n", 2, "an unknown type"),
            ("module\tA\nscalar\t1.3\tx\tINTEGER{a=1}\n", 2, "a label without a number"),
            ("module\tA\nscalar\t1.3\tx\tOCTET STRING(70000)\n", 2, "a size that is no number"),
            ("module\tA\nrow\t1.3\tx\tgone\n", 2, "an object of the index is not in the table"),
        ] {
            assert_eq!(read(text), Err(TableError { line, what }), "{text}");
        }
    }
}
