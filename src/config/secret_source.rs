//! Where a secret stands: in the file itself, in an environment variable, in a file of its own, or with systemd.
//!
//! A secret is a text or one of `{file: PATH}`, `{env: NAME}`, `{credential: NAME}`. Where the key of the secret is
//! `KEY`, the older `KEY_file: PATH` and `KEY_env: NAME` are taken as well.
//!
//! Invariant: an error names the variable or the file, never what is in it.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use serde_json::{Value as Json, json};
use zeroize::Zeroizing;

use crate::config::document::{Node, Written, shown_path};
use crate::config::elements::{Element as _, element};
use crate::config::interpolate::is_variable_name;
use crate::config::kinds::text_schema;
use crate::config::reader::{Entry, Reader};
use crate::config::secret::Secret;

/// The variable in which systemd names the folder of credentials (systemd.exec, `LoadCredential=`).
const CREDENTIALS_DIRECTORY: &str = "CREDENTIALS_DIRECTORY";

element! {
    /// Where a secret is, in place of its text.
    SecretReference { file, env, credential, vault }
}

/// The entries of which one is to hold a secret.
pub(super) struct Sources<'e> {
    /// The secret itself, or a reference to it.
    pub(super) text: &'e Entry,
    /// Name of an environment variable.
    pub(super) env: &'e Entry,
    /// Path of a file.
    pub(super) file: &'e Entry,
}

/// Least and most octets of a secret.
pub(super) type Bounds = (usize, usize);

/// Schema of a secret.
pub(super) fn secret_schema() -> Json {
    let [file, env, credential, _] = SecretReference::KEYS else { return Json::Bool(true) };
    json!({"anyOf": [
        {"type": ["string", "integer"]},
        {
            "type": "object",
            "properties": {*file: text_schema(), *env: text_schema(), *credential: text_schema()},
            "minProperties": 1,
            "maxProperties": 1,
            "additionalProperties": false,
        },
    ]})
}

/// Whether `node` says where a secret is: a section with only such keys.
pub(super) fn is_reference(node: &Node) -> bool {
    let is_key = |key: &Node| match &key.value {
        Written::Text(key) => SecretReference::KEYS.contains(&key.as_str()),
        _ => false,
    };
    matches!(&node.value, Written::Mapping(pairs) if !pairs.is_empty() && pairs.iter().all(|(key, _)| is_key(key)))
}

impl<'e> Sources<'e> {
    /// The entries that are written; an empty text counts for nothing.
    pub(super) fn written(&self, reader: &Reader<'_>) -> Vec<&'e Entry> {
        let is_written = |entry: &&Entry| {
            let text = entry.node.as_ref().and_then(|node| reader.text_of(node));
            !entry.is_absent() && text.is_none_or(|text| !Zeroizing::new(text).is_empty())
        };
        [self.text, self.env, self.file].into_iter().filter(is_written).collect()
    }

    /// The secret at `entry`, one of these, if it is as long as it should be.
    pub(super) fn read(&self, reader: &mut Reader<'_>, entry: &Entry, bounds: Bounds) -> Option<Secret> {
        let (least, most) = bounds;
        let allowed = format!("{least} to {most} octets");
        let secret = if entry.key == self.text.key {
            secret_of(reader, entry, most, &allowed)
        } else if entry.key == self.env.key {
            of_variable(reader, entry)
        } else {
            of_file(reader, entry, most)
        }?;
        let what = match secret.expose().len() {
            octets if octets < least => "too short",
            octets if octets > most => "too long",
            _ => return Some(secret),
        };
        reader.wrong(entry, what, &allowed);
        None
    }
}

/// The secret that `entry` is or refers to, at most a little more than `most` octets of it; `allowed` is what its text
/// may be.
pub(super) fn secret_of(
    reader: &mut Reader<'_>,
    entry: &Entry,
    most: usize,
    allowed: &str,
) -> Option<Secret> {
    let node = entry.node.as_ref()?;
    if let Written::Mapping(_) = node.value {
        return of_reference(reader, entry, most);
    }
    let text = reader.text_of(node);
    if text.is_none() {
        reader.wrong(entry, "must be text", allowed);
    }
    text.map(Secret::new)
}

/// The secret that a section refers to.
fn of_reference(reader: &mut Reader<'_>, entry: &Entry, most: usize) -> Option<Secret> {
    let node = entry.node.as_ref()?;
    let (file, place) = (node.file, node.place);
    let reference = SecretReference::read(Some(node.clone()), &format!("{}.", entry.key), reader);
    let SecretReference { file: path, env, credential, vault } = &reference;
    let written: Vec<&Entry> =
        [path, env, credential, vault].into_iter().filter(|entry| !entry.is_absent()).collect();
    let allowed = "one of file, env, credential";
    match written[..] {
        [] => {
            reader.push_in(file, &entry.key, Some(place), None, "does not say where the secret is", allowed);
            None
        }
        [_, second, ..] => {
            reader.wrong(second, "says a second time where the secret is", allowed);
            None
        }
        [one] if one.key == path.key => of_file(reader, one, most),
        [one] if one.key == env.key => of_variable(reader, one),
        [one] if one.key == credential.key => of_credential(reader, one, most),
        [one] => {
            reader.wrong(one, "not supported yet", allowed);
            None
        }
    }
}

/// The value of the environment variable that `entry` names.
fn of_variable(reader: &mut Reader<'_>, entry: &Entry) -> Option<Secret> {
    let allowed = "the name of an environment variable: letters, digits and _";
    let name = reader.text(entry, allowed)?;
    if !is_variable_name(&name) {
        reader.wrong(entry, "not the name of an environment variable", allowed);
        return None;
    }
    match std::env::var_os(&name) {
        Some(value) => Some(Secret::of_octets(std::os::unix::ffi::OsStringExt::into_vec(value))),
        None => {
            reader.wrong(entry, &format!("the environment variable {name} is not set"), "");
            None
        }
    }
}

/// What the file that `entry` names holds, without the line's end.
fn of_file(reader: &mut Reader<'_>, entry: &Entry, most: usize) -> Option<Secret> {
    let path = reader.path(entry)?;
    of_path(reader, entry, &path, most)
}

/// The credential of systemd that `entry` names.
fn of_credential(reader: &mut Reader<'_>, entry: &Entry, most: usize) -> Option<Secret> {
    let allowed = "the name of a credential, as in LoadCredential=NAME:PATH";
    let name = reader.text(entry, allowed)?;
    if name.contains('/') || name == "." || name == ".." {
        reader.wrong(entry, "not the name of a credential", allowed);
        return None;
    }
    match std::env::var_os(CREDENTIALS_DIRECTORY) {
        Some(folder) => of_path(reader, entry, &PathBuf::from(folder).join(name), most),
        None => {
            let what =
                format!("there are no credentials: {CREDENTIALS_DIRECTORY} is not set, as systemd does");
            reader.wrong(entry, &what, "");
            None
        }
    }
}

/// What the file at `path` holds.
fn of_path(reader: &mut Reader<'_>, entry: &Entry, path: &Path, most: usize) -> Option<Secret> {
    reader.note_secret_file(path);
    match read_file(path, most) {
        Ok(secret) => Some(secret),
        Err(error) => {
            reader.wrong(entry, &format!("the file {} cannot be read: {error}", shown_path(path)), "");
            None
        }
    }
}

/// At most a little more than `most` octets of a regular file; anything else might not end, or never begin.
fn read_file(path: &Path, most: usize) -> std::io::Result<Secret> {
    if !std::fs::metadata(path)?.is_file() {
        return Err(std::io::Error::other("not a regular file"));
    }
    // Room for all of it at once: growing would leave pieces behind.
    let mut octets = Zeroizing::new(Vec::with_capacity(most + 4));
    std::fs::File::open(path)?.take(most as u64 + 3).read_to_end(&mut octets)?;
    for end in [b'\n', b'\r'] {
        if octets.last() == Some(&end) {
            octets.pop();
        }
    }
    Ok(Secret::of_octets(std::mem::take(&mut *octets)))
}
