//! The shipped `mutt_config.yaml`, written from the declarations: every key with its meaning and its default.

use serde_json::Value as Json;

use crate::config::declare::{Declared, Section as _, paragraph};
use crate::config::schema::SCHEMA_FILE;
use crate::config::settings::Settings;

/// Longest line of a comment, characters.
const LINE_CHARACTERS_MAX: usize = 110;

const HEAD: &str = "\
# MUTT configuration.
#
# Every key is shown with its default; a key that is left out has the same value. A key that is not known here is an
# error. Check the file with: muttd check
#
# Files conf.d/*.yaml beside this one are read after it, in the order of their names: sections are merged, values, lists
# and tables are replaced. ${NAME} in a value stands for an environment variable, ${NAME:-TEXT} for TEXT when there is
# none, $$ for a $. Relative paths start at the working directory (muttd --directory DIR).
#
# This file is written by: muttd config template
";

/// The file with every key, its meaning and its default.
#[must_use]
pub fn template() -> String {
    let mut declared = Vec::new();
    Settings::declare(&mut declared);
    let mut text = format!("# yaml-language-server: $schema=./{SCHEMA_FILE}\n{HEAD}");
    write_members(&mut text, &declared, 0);
    text
}

fn write_members(text: &mut String, members: &[Declared], depth: usize) {
    let indent = "  ".repeat(depth);
    for (index, member) in members.iter().enumerate() {
        match member {
            Declared::Section { name, doc, members } => {
                if depth == 0 || index > 0 {
                    text.push('\n');
                }
                write_comment(text, &indent, &paragraph(doc));
                text.push_str(&format!("{indent}{name}:\n"));
                write_members(text, members, depth + 1);
            }
            Declared::Key(key) => {
                write_comment(text, &indent, &key.meaning());
                if !key.allowed.is_empty() {
                    write_comment(text, &indent, &format!("Allowed: {}.", key.allowed));
                }
                if is_bare(&key.default) {
                    write_comment(text, &indent, &format!("Example: {}", key.example));
                }
                text.push_str(&format!("{indent}{}: {}\n", key.name, yaml(&key.default)));
            }
        }
    }
}

/// Whether a default does not show what other values look like.
fn is_bare(default: &Json) -> bool {
    match default {
        Json::Null => true,
        Json::Array(elements) => elements.is_empty(),
        Json::Object(members) => members.is_empty(),
        _ => false,
    }
}

fn write_comment(text: &mut String, indent: &str, comment: &str) {
    let mut line = format!("{indent}#");
    for word in comment.split(' ') {
        if line.chars().count() + 1 + word.chars().count() > LINE_CHARACTERS_MAX {
            text.push_str(&line);
            text.push('\n');
            line = format!("{indent}#");
        }
        line.push(' ');
        line.push_str(word);
    }
    text.push_str(&line);
    text.push('\n');
}

/// `value` as YAML on one line.
#[must_use]
pub fn yaml(value: &Json) -> String {
    match value {
        Json::String(text) if is_plain(text) => text.clone(),
        Json::Array(elements) => {
            format!("[{}]", elements.iter().map(yaml).collect::<Vec<_>>().join(", "))
        }
        Json::Object(members) => {
            let members =
                members.iter().map(|(key, value)| format!("{}: {}", yaml(&key.as_str().into()), yaml(value)));
            format!("{{{}}}", members.collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}

/// Whether `text` needs no quotes to be a text in YAML.
fn is_plain(text: &str) -> bool {
    const OTHER_TYPES: [&str; 9] = ["true", "false", "yes", "no", "on", "off", "y", "n", "null"];
    let is_word = |octet: u8| octet.is_ascii_alphanumeric() || matches!(octet, b'_' | b'.' | b'/' | b'-');
    text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '/' || first == '.')
        && text.bytes().any(|octet| octet.is_ascii_alphabetic())
        && text.bytes().all(is_word)
        // `.5` and `.inf` are numbers.
        && !(text.starts_with('.') && !text.starts_with("./") && !text.starts_with("../"))
        && !OTHER_TYPES.iter().any(|word| word.eq_ignore_ascii_case(text))
}
