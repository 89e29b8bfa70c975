//! `${NAME}` and `${NAME:-text}` in values, replaced by what the environment holds.
//!
//! Invariant: this happens to scalars of a tree that is parsed already, and leaves scalars: what a variable holds can
//! become a text, a number, `true`, `false` or `null`, and never a list or a section.

use std::ffi::OsString;

use zeroize::Zeroizing;

use crate::config::document::{Node, Source, Written};

/// Looks a variable of the environment up.
pub(super) type Lookup<'l> = &'l dyn Fn(&str) -> Option<OsString>;

/// Why a variable could not be replaced.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct VariableError {
    pub(super) what: String,
    pub(super) allowed: &'static str,
}

/// Whether `name` can be the name of a variable of the environment.
pub(super) fn is_variable_name(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(|first: char| first.is_ascii_digit())
        && name.bytes().all(|octet| octet.is_ascii_alphanumeric() || octet == b'_')
}

/// Replaces the variables in `node` and all below it; calls `refuse` with each scalar that has one that cannot be.
pub(super) fn interpolate(
    node: &mut Node,
    sources: &[Source],
    lookup: Lookup<'_>,
    refuse: &mut dyn FnMut(&Node, VariableError),
) {
    match &mut node.value {
        Written::Sequence(nodes) => {
            nodes.iter_mut().for_each(|node| interpolate(node, sources, lookup, refuse));
        }
        Written::Mapping(pairs) => {
            pairs.iter_mut().for_each(|(_, value)| interpolate(value, sources, lookup, refuse));
        }
        Written::Text(text) if text.contains('$') => match replace(text, lookup) {
            Ok(None) => {}
            Ok(Some(replaced)) => {
                let written =
                    sources.get(node.file).map(|source| source.as_written(node)).unwrap_or_default();
                let is_plain = !written.starts_with(['"', '\'', '|', '>']);
                node.resolve(replaced, is_plain);
            }
            Err(error) => refuse(node, error),
        },
        _ => {}
    }
}

/// `text` with its variables replaced; `None` when it has none, and no `$$` either.
fn replace(text: &str, lookup: Lookup<'_>) -> Result<Option<Zeroizing<String>>, VariableError> {
    let mut replaced = Zeroizing::new(String::new());
    let mut rest = text;
    let mut is_changed = false;
    while let Some((before, after)) = rest.split_once('$') {
        replaced.push_str(before);
        if let Some(after) = after.strip_prefix('$') {
            replaced.push('$');
            (rest, is_changed) = (after, true);
        } else if let Some(after) = after.strip_prefix('{') {
            let (variable, after) = after.split_once('}').ok_or_else(|| VariableError {
                what: "${ without a }".to_owned(),
                allowed: "${NAME}, ${NAME:-TEXT}; $$ for a $",
            })?;
            replaced.push_str(&value_of(variable, lookup)?);
            (rest, is_changed) = (after, true);
        } else {
            replaced.push('$');
            rest = after;
        }
    }
    replaced.push_str(rest);
    Ok(is_changed.then_some(replaced))
}

/// What stands for `NAME` or `NAME:-text`. As in a shell the text also stands for a variable that is empty.
fn value_of(variable: &str, lookup: Lookup<'_>) -> Result<Zeroizing<String>, VariableError> {
    let (name, default) = match variable.split_once(":-") {
        Some((name, default)) => (name, Some(default)),
        None => (variable, None),
    };
    if !is_variable_name(name) {
        return Err(VariableError {
            what: format!("${{{}}} does not name an environment variable", variable.escape_debug()),
            allowed: "${NAME}, ${NAME:-TEXT}, a NAME of letters, digits and _; $$ for a $",
        });
    }
    let value = lookup(name).map(OsString::into_string).transpose().map_err(|_| VariableError {
        what: format!("the environment variable {name} holds octets that are not UTF-8"),
        allowed: "text",
    })?;
    match (value.map(Zeroizing::new), default) {
        (Some(value), None) => Ok(value),
        (Some(value), Some(_)) if !value.is_empty() => Ok(value),
        (_, Some(default)) => Ok(Zeroizing::new(default.to_owned())),
        (None, None) => Err(VariableError {
            what: format!("the environment variable {name} is not set"),
            allowed: "a variable that is set, or ${NAME:-TEXT} with a default",
        }),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn environment(name: &str) -> Option<OsString> {
        let value = match name {
            "PORT" => "162",
            "EMPTY" => "",
            "ODD" => "[a, b]: {c} $$ ${PORT}",
            _ => return None,
        };
        Some(value.into())
    }

    fn replaced(text: &str) -> Result<Option<String>, VariableError> {
        replace(text, &environment).map(|found| found.map(|text| text.as_str().to_owned()))
    }

    #[test]
    fn variables_are_replaced_once() {
        for (text, wanted) in [
            ("${PORT}", "162"),
            ("a${PORT}b${PORT}", "a162b162"),
            ("${PORT:-1}", "162"),
            ("${NONE:-1}", "1"),
            ("${NONE:-}", ""),
            ("${NONE:-a:-b$c}", "a:-b$c"),
            ("${EMPTY}", ""),
            ("${EMPTY:-x}", "x"),
            ("$$", "$"),
            ("$${PORT}", "${PORT}"),
            ("$$$$ $x", "$$ $x"),
            ("${ODD}", "[a, b]: {c} $$ ${PORT}"),
        ] {
            assert_eq!(replaced(text).unwrap().as_deref(), Some(wanted), "{text}");
        }
        for text in ["", "a", "$", "a$b", "$PORT", "cost: 5$", "}{"] {
            assert_eq!(replaced(text).unwrap(), None, "{text}");
        }
    }

    #[test]
    fn what_cannot_be_replaced_is_refused() {
        for (text, what) in [
            ("${NONE}", "the environment variable NONE is not set"),
            ("${PORT", "${ without a }"),
            ("${}", "${} does not name an environment variable"),
            ("${1A}", "${1A} does not name an environment variable"),
            ("${A B:-c}", "${A B:-c} does not name an environment variable"),
        ] {
            assert_eq!(replaced(text).unwrap_err().what, what, "{text}");
        }
    }
}
