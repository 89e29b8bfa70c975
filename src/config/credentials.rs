//! `snmpv3_credentials.yaml` to SNMPv3 users.
//!
//! Invariant: no password, and no value that might be one, leaves this file but inside a [`Secret`].

use std::collections::BTreeMap;

use crate::config::document::{Node, Source};
use crate::config::error::{ConfigError, Place};
use crate::config::file::{CredentialEntry, CredentialsFile, UserEntry};
use crate::config::reader::{Entry, Reader};
use crate::config::secret::Secret;
use crate::security::{AuthProtocol, PrivProtocol};

/// Octets of a user name (RFC 3414 2.4, msgUserName).
const USERNAME_OCTETS_MAX: usize = 32;
/// Shortest password (RFC 3414 11.2).
const PASSWORD_OCTETS_MIN: usize = 8;
/// Longest password; the hash would take any length.
const PASSWORD_OCTETS_MAX: usize = 1_024;

/// Every SNMPv3 user, in order of name.
#[derive(Debug, Clone, Default)]
pub struct Credentials {
    /// The users; no name twice.
    pub users: Vec<User>,
}

/// A user and what the user may prove itself with.
#[derive(Debug, Clone)]
pub struct User {
    /// `username`, 1 to 32 octets.
    pub username: String,
    /// At least one, by ascending priority, no priority twice.
    pub credentials: Vec<Credential>,
}

/// One pair of keys; several are valid side by side while devices move from one to the next.
#[derive(Debug, Clone)]
pub struct Credential {
    /// `priority`: the lower number is tried first.
    pub priority: u32,
    /// `auth_type` and `auth_password`; `None` means noAuthNoPriv.
    pub authentication: Option<Authentication>,
    /// `priv_type` and `priv_password`; never without authentication.
    pub privacy: Option<Privacy>,
    /// `active`: whether the pair is accepted.
    pub active: bool,
}

/// How a message is authenticated.
#[derive(Debug, Clone)]
pub struct Authentication {
    /// `auth_type`.
    pub protocol: AuthProtocol,
    /// `auth_password`, at least 8 octets.
    pub password: Secret,
}

/// How a message is encrypted.
#[derive(Debug, Clone)]
pub struct Privacy {
    /// `priv_type`.
    pub protocol: PrivProtocol,
    /// `priv_password`, at least 8 octets.
    pub password: Secret,
}

const AUTH_TYPES: [(&str, Option<AuthProtocol>); 7] = [
    ("NONE", None),
    ("MD5", Some(AuthProtocol::Md5)),
    ("SHA", Some(AuthProtocol::Sha)),
    ("SHA224", Some(AuthProtocol::Sha224)),
    ("SHA256", Some(AuthProtocol::Sha256)),
    ("SHA384", Some(AuthProtocol::Sha384)),
    ("SHA512", Some(AuthProtocol::Sha512)),
];

const PRIV_TYPES: [(&str, Option<PrivProtocol>); 8] = [
    ("NONE", None),
    ("DES", Some(PrivProtocol::Des)),
    ("3DES", Some(PrivProtocol::TripleDes)),
    ("AES", Some(PrivProtocol::Aes)),
    ("AES192", Some(PrivProtocol::Aes192)),
    ("AES256", Some(PrivProtocol::Aes256)),
    ("AES192C", Some(PrivProtocol::Aes192C)),
    ("AES256C", Some(PrivProtocol::Aes256C)),
];

/// Other words for a type, without hyphens.
const SAME: [(&str, &str); 3] = [("SHA1", "SHA"), ("AES128", "AES"), ("TRIPLEDES", "3DES")];

/// The users that `source` names. No user at all is fine.
pub(super) fn credentials(source: &Source) -> Result<Credentials, ConfigError> {
    let root = source.parse()?;
    let mut reader = Reader::new(source);
    let file = CredentialsFile::read(Some(root), "", &mut reader);
    let mut users: BTreeMap<String, BTreeMap<u32, Credential>> = BTreeMap::new();
    for (number, node) in (1..).zip(reader.list(file.snmpv3_credentials)) {
        read_user(&mut reader, number, node, &mut users);
    }
    reader.finish()?;
    let users = users
        .into_iter()
        .map(|(username, credentials)| User { username, credentials: credentials.into_values().collect() })
        .collect();
    Ok(Credentials { users })
}

fn read_user(
    reader: &mut Reader<'_>,
    number: usize,
    node: Node,
    users: &mut BTreeMap<String, BTreeMap<u32, Credential>>,
) {
    let start = Place::from(node.referenced);
    let name =
        reader.peek(&node, "username").map_or_else(|| number.to_string(), |name| format!("\"{name}\""));
    if !reader.is_section(&node, &format!("user {name}"), UserEntry::KEYS) {
        return;
    }
    let user = UserEntry::read(Some(node), &format!("user {name}: "), reader);
    let allowed = format!("1 to {USERNAME_OCTETS_MAX} octets");
    let username = reader.required_text(&user.username, start, &allowed);
    if username.as_ref().is_some_and(|username| username.len() > USERNAME_OCTETS_MAX) {
        reader.wrong(&user.username, "too long", &allowed);
    }
    let known = users.entry(username.unwrap_or_default()).or_default();
    let credentials = reader.required_list(user.credentials, start);
    for (number, node) in (1..).zip(credentials) {
        let start = Place::from(node.referenced);
        let priority = reader.peek(&node, "priority").filter(|text| text.parse::<u32>().is_ok());
        let place = priority.map_or_else(
            || format!("credential {number}"),
            |priority| format!("credential with priority {priority}"),
        );
        let entry = CredentialEntry::read(Some(node), &format!("user {name}, {place}: "), reader);
        let Some(credential) = read_credential(reader, &entry, start) else { continue };
        if known.insert(credential.priority, credential).is_some() {
            reader.wrong(&entry.priority, "the user has this priority twice", "each number once for a user");
        }
    }
}

fn read_credential(reader: &mut Reader<'_>, entry: &CredentialEntry, start: Place) -> Option<Credential> {
    let priority = if entry.priority.is_absent() {
        reader.push(
            &entry.priority.key,
            Some(start),
            None,
            "missing",
            "a whole number, the lower is tried first",
        );
        None
    } else {
        reader.integer(&entry.priority, 0, u32::MAX.into(), "").and_then(|value| u32::try_from(value).ok())
    };
    if entry.auth_type.is_absent() {
        let allowed = AUTH_TYPES.map(|(word, _)| word).join(", ");
        reader.push(&entry.auth_type.key, Some(start), None, "missing", &allowed);
    }
    let auth = protocol(reader, &entry.auth_type, &AUTH_TYPES);
    let privacy = protocol(reader, &entry.priv_type, &PRIV_TYPES);
    if matches!((auth, privacy), (Some(None), Some(Some(_)))) {
        let what = "privacy without authentication (RFC 3411 3.4.3 has no such security level)";
        reader.wrong(&entry.priv_type, what, "NONE while auth_type is NONE");
    }
    let auth_password =
        password(reader, &entry.auth_password, "auth_type", auth.map(|auth| auth.is_some()), start);
    let priv_password =
        password(reader, &entry.priv_password, "priv_type", privacy.map(|privacy| privacy.is_some()), start);
    let active = reader.boolean(&entry.active).unwrap_or(true);
    Some(Credential {
        priority: priority?,
        authentication: auth?
            .zip(auth_password)
            .map(|(protocol, password)| Authentication { protocol, password }),
        privacy: privacy?.zip(priv_password).map(|(protocol, password)| Privacy { protocol, password }),
        active,
    })
}

/// `Some(None)` is NONE, or a type that is absent; `None` is a type that we do not know.
fn protocol<T: Copy>(
    reader: &mut Reader<'_>,
    entry: &Entry,
    types: &[(&'static str, Option<T>)],
) -> Option<Option<T>> {
    let Some(node) = entry.node.as_ref().filter(|_| !entry.is_absent()) else { return Some(None) };
    let mut word = reader.text_of(node).unwrap_or_default().to_ascii_uppercase();
    word.retain(|character| !matches!(character, '-' | '_' | ' '));
    let word = SAME.iter().find(|(other, _)| *other == word).map_or(word.as_str(), |(_, ours)| ours);
    let found = types.iter().find(|(known, _)| *known == word).map(|(_, protocol)| *protocol);
    if found.is_none() {
        let words: Vec<&str> = types.iter().map(|(word, _)| *word).collect();
        reader.wrong(entry, "not a type that we know", &words.join(", "));
    }
    found
}

/// The password of a type. `wanted` tells whether the type needs one; `None` when the type itself is wrong.
fn password(
    reader: &mut Reader<'_>,
    entry: &Entry,
    type_key: &str,
    wanted: Option<bool>,
    start: Place,
) -> Option<Secret> {
    let allowed = format!("{PASSWORD_OCTETS_MIN} to {PASSWORD_OCTETS_MAX} octets");
    let node = entry.node.as_ref().filter(|_| !entry.is_absent());
    let text = node.and_then(|node| reader.text_of(node)).map(Secret::new);
    match (wanted?, node) {
        (true, None) => reader.push(&entry.key, Some(start), None, "missing", &allowed),
        (true, Some(_)) => match text.as_ref().map(|text| text.expose().len()) {
            None => reader.wrong(entry, "must be text", &allowed),
            Some(octets) if octets < PASSWORD_OCTETS_MIN => reader.wrong(entry, "too short", &allowed),
            Some(octets) if octets > PASSWORD_OCTETS_MAX => reader.wrong(entry, "too long", &allowed),
            Some(_) => return text,
        },
        (false, Some(_)) if text.as_ref().is_none_or(|text| !text.expose().is_empty()) => {
            reader.wrong(entry, &format!("a password without a use: {type_key} is NONE"), "");
        }
        (false, _) => {}
    }
    None
}
