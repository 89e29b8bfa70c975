//! Where a secret stands: in the file itself, in an environment variable, or in a file of its own.
//!
//! Invariant: an error names the variable or the file, never what is in it.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::config::document::{Node, Source, Written};
use crate::config::reader::{Entry, Reader};
use crate::config::secret::Secret;

/// Ends of the keys that name a file with a secret.
const FILE_KEYS: [&str; 3] = ["auth_password_file", "priv_password_file", "community_file"];

/// The entries of which one is to hold a secret.
pub(super) struct Sources<'e> {
    /// The secret itself.
    pub(super) text: &'e Entry,
    /// Name of an environment variable.
    pub(super) env: &'e Entry,
    /// Path of a file.
    pub(super) file: &'e Entry,
}

/// Least and most octets of a secret.
pub(super) type Bounds = (usize, usize);

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
            let text = entry.node.as_ref().and_then(|node| reader.text_of(node));
            if text.is_none() {
                reader.wrong(entry, "must be text", &allowed);
            }
            text.map(Secret::new)
        } else if entry.key == self.env.key {
            of_variable(reader, entry)
        } else {
            of_file(reader, entry, most)
        }?;
        let octets = secret.expose().len();
        let what = match octets {
            _ if octets < least => "too short",
            _ if octets > most => "too long",
            _ => return Some(secret),
        };
        reader.wrong(entry, what, &allowed);
        None
    }
}

/// The value of the environment variable that `entry` names.
fn of_variable(reader: &mut Reader<'_>, entry: &Entry) -> Option<Secret> {
    let allowed = "the name of an environment variable: letters, digits and _";
    let name = reader.text(entry, allowed)?;
    let is_name = |name: &str| {
        !name.starts_with(|first: char| first.is_ascii_digit())
            && name.bytes().all(|octet| octet.is_ascii_alphanumeric() || octet == b'_')
    };
    if !is_name(&name) {
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
    match read_file(&path, most) {
        Ok(secret) => Some(secret),
        Err(error) => {
            reader.wrong(entry, &format!("the file {} cannot be read: {error}", path.display()), "");
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

/// The files with secrets that `source` names, whether they are there or not; `None` when it cannot be told.
pub(super) fn files(source: &Source) -> Option<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut left: Vec<Node> = vec![source.parse().ok()?];
    while let Some(node) = left.pop() {
        match node.value {
            Written::Sequence(nodes) => left.extend(nodes),
            Written::Mapping(pairs) => {
                for (key, value) in pairs {
                    let is_file =
                        matches!(&key.value, Written::Text(key) if FILE_KEYS.contains(&key.as_str()));
                    match &value.value {
                        Written::Text(path) if is_file => files.push(PathBuf::from(path.as_str())),
                        _ => left.push(value),
                    }
                }
            }
            _ => {}
        }
    }
    files.sort();
    files.dedup();
    Some(files)
}
