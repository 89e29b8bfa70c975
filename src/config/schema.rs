//! JSON Schema of `mutt_config.yaml`, for editors and for whoever writes such files by program.

use serde_json::{Map, Value as Json, json};

use crate::config::declare::{Declared, Section as _, paragraph};
use crate::config::settings::Settings;

/// Name of the shipped file with the schema, beside `mutt_config.yaml`.
pub(super) const SCHEMA_FILE: &str = "mutt_config.schema.json";

/// The schema (draft 2020-12): every key with its meaning, default, type and range. A key that is not in it is refused.
#[must_use]
pub fn schema() -> Json {
    let mut declared = Vec::new();
    Settings::declare(&mut declared);
    let mut schema = section(&declared);
    let head = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "mutt_config.yaml",
        "description": "Configuration of muttd.",
        "$defs": {
            "variable": {
                "description": "An environment variable in place of the value.",
                "type": "string",
                "pattern": "\\$\\{[A-Za-z_][A-Za-z0-9_]*(:-[^}]*)?\\}",
            },
        },
    });
    merge(&mut schema, head);
    schema
}

/// The schema of a section with these members.
fn section(members: &[Declared]) -> Json {
    let mut properties = Map::new();
    for member in members {
        let (name, described) = match member {
            Declared::Section { name, doc, members } => {
                let mut described = section(members);
                merge(&mut described, json!({"description": paragraph(doc)}));
                (name, described)
            }
            Declared::Key(key) => {
                let mut described = key.schema.clone();
                merge(&mut described, json!({"description": key.description(), "default": key.default}));
                (&key.name, described)
            }
        };
        properties.insert((*name).to_owned(), described);
    }
    // A section without a key is as good as none.
    json!({"type": ["object", "null"], "properties": properties, "additionalProperties": false})
}

/// Adds the members of `more` to those of `schema`.
fn merge(schema: &mut Json, more: Json) {
    if let (Json::Object(schema), Json::Object(more)) = (schema, more) {
        schema.extend(more);
    }
}
