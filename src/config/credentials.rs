//! `snmpv3_credentials.yaml` to SNMPv3 users.
//!
//! Invariant: no password, and no value that might be one, leaves this file but inside a [`Secret`].

use std::collections::BTreeMap;
use std::path::PathBuf;

use zeroize::Zeroizing;

use crate::config::document::{Node, Source, Written};
use crate::config::elements::{Element as _, element};
use crate::config::error::{ConfigError, Place};
use crate::config::listeners_snmp::LEVELS;
use crate::config::reader::{Entry, Reader};
use crate::config::secret::Secret;
use crate::config::secret_source::{Sources, secret_of};
use crate::security::{AuthProtocol, EngineId, PrivProtocol};
use crate::wire::snmp::SecurityLevel;

element! {
    /// `snmpv3_credentials.yaml`.
    CredentialsFile { snmpv3_credentials }
}

element! {
    /// One element of `snmpv3_credentials`.
    UserEntry { username, engine_id, min_security_level, credentials }
}

element! {
    /// One element of `credentials`.
    CredentialEntry {
        priority,
        engine_id,
        auth_type,
        auth_password,
        auth_password_env,
        auth_password_file,
        auth_key,
        priv_type,
        priv_password,
        priv_password_env,
        priv_password_file,
        priv_key,
        active,
    }
}

/// Octets of a user name (RFC 3414 2.4, msgUserName).
const USERNAME_OCTETS_MAX: usize = 32;
/// Shortest password (RFC 3414 11.2).
const PASSWORD_OCTETS_MIN: usize = 8;
/// Most octets of a localised key as it is written: 0x, and 64 octets with a colon between each and the next.
const HEXADECIMAL_OCTETS_MAX: usize = 2 + 3 * 64;
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
    /// `min_security_level`: no credential is below it.
    pub min_security_level: SecurityLevel,
    /// At least one, by ascending priority; no priority twice for one engine.
    pub credentials: Vec<Credential>,
}

/// One pair of keys; several are valid side by side while devices move from one to the next.
#[derive(Debug, Clone)]
pub struct Credential {
    /// `priority`: the lower number is tried first.
    pub priority: u32,
    /// `engine_id`: the only engine whose messages it is for; `None` means any.
    pub engine_id: Option<EngineId>,
    /// `auth_type` and its password or key; `None` means noAuthNoPriv.
    pub authentication: Option<Authentication>,
    /// `priv_type` and its password or key; never without authentication.
    pub privacy: Option<Privacy>,
    /// `active`: whether the pair is accepted.
    pub active: bool,
}

impl Credential {
    /// The security level that it is for.
    #[must_use]
    pub fn level(&self) -> SecurityLevel {
        match (&self.authentication, &self.privacy) {
            (None, _) => SecurityLevel::NoAuthNoPriv,
            (Some(_), None) => SecurityLevel::AuthNoPriv,
            (Some(_), Some(_)) => SecurityLevel::AuthPriv,
        }
    }
}

/// How a message is authenticated.
#[derive(Debug, Clone)]
pub struct Authentication {
    /// `auth_type`.
    pub protocol: AuthProtocol,
    /// `auth_password` and where else it may stand, or `auth_key`.
    pub key: CredentialKey,
}

/// How a message is encrypted.
#[derive(Debug, Clone)]
pub struct Privacy {
    /// `priv_type`.
    pub protocol: PrivProtocol,
    /// `priv_password` and where else it may stand, or `priv_key`.
    pub key: CredentialKey,
}

/// What a key is made from.
#[derive(Debug, Clone)]
pub enum CredentialKey {
    /// A password of at least 8 octets.
    Password(Secret),
    /// A key localised for the credential's engine, as long as its protocol wants it.
    Localised(Secret),
}

impl CredentialKey {
    /// The octets, for the one place that makes a key of them.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        match self {
            Self::Password(secret) | Self::Localised(secret) => secret.expose(),
        }
    }
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

/// A user while its entries are read.
struct UnderWay {
    min_security_level: SecurityLevel,
    /// By priority and engine.
    credentials: BTreeMap<(u32, Vec<u8>), Credential>,
}

/// What the entry of a user says of its credentials.
struct OfUser {
    engine_id: Option<EngineId>,
    min_security_level: SecurityLevel,
}

/// The users that `source` names. No user at all is fine.
pub(super) fn credentials(source: &Source) -> Result<Credentials, ConfigError> {
    let (reader, users) = read_users(source)?;
    reader.finish()?;
    let users = users
        .into_iter()
        .map(|(username, UnderWay { min_security_level, credentials })| User {
            username,
            min_security_level,
            credentials: credentials.into_values().collect(),
        })
        .collect();
    Ok(Credentials { users })
}

/// The files with secrets that `source` names, whether they are there or not; `None` when it cannot be told.
pub(super) fn secret_files(source: &Source) -> Option<Vec<PathBuf>> {
    read_users(source).ok().map(|(reader, _)| reader.into_secret_files())
}

/// The users that `source` names, and what was found wrong with them.
fn read_users(source: &Source) -> Result<(Reader<'_>, BTreeMap<String, UnderWay>), ConfigError> {
    let root = source.parse()?;
    let mut reader = Reader::new(source);
    let file = CredentialsFile::read(Some(root), "", &mut reader);
    let mut users: BTreeMap<String, UnderWay> = BTreeMap::new();
    for (number, node) in (1..).zip(reader.list(file.snmpv3_credentials)) {
        read_user(&mut reader, number, node, &mut users);
    }
    Ok((reader, users))
}

fn read_user(reader: &mut Reader<'_>, number: usize, node: Node, users: &mut BTreeMap<String, UnderWay>) {
    let start = node.place;
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
    // Users without authentication are those of whom it is said.
    let level = reader.choice(&user.min_security_level, LEVELS).unwrap_or(SecurityLevel::AuthNoPriv);
    let of_user = OfUser { engine_id: engine_id(reader, &user.engine_id), min_security_level: level };
    let fresh = UnderWay { min_security_level: level, credentials: BTreeMap::new() };
    let known = users.entry(username.unwrap_or_default()).or_insert(fresh);
    if known.min_security_level != level {
        let (key, other) = (&user.min_security_level.key, known.min_security_level.as_str());
        let place = user.min_security_level.node.as_ref().map_or(start, |node| node.place);
        let what = "another entry of the user says another level";
        reader.push(key, Some(place), None, what, &format!("{other}, as there; absent means authNoPriv"));
    }
    let credentials = reader.required_list(user.credentials, start);
    for (number, node) in (1..).zip(credentials) {
        let start = node.place;
        let priority = reader.peek(&node, "priority").filter(|text| text.parse::<u32>().is_ok());
        let place = priority.map_or_else(
            || format!("credential {number}"),
            |priority| format!("credential with priority {priority}"),
        );
        let entry = CredentialEntry::read(Some(node), &format!("user {name}, {place}: "), reader);
        let Some(credential) = read_credential(reader, &entry, &of_user, start) else { continue };
        let engine = credential.engine_id.map_or_else(Vec::new, |engine| engine.as_bytes().to_vec());
        if known.credentials.insert((credential.priority, engine), credential).is_some() {
            let allowed = "each number once for a user, or once for each engine";
            reader.wrong(&entry.priority, "the user has this priority twice", allowed);
        }
    }
}

fn read_credential(
    reader: &mut Reader<'_>,
    entry: &CredentialEntry,
    of_user: &OfUser,
    start: Place,
) -> Option<Credential> {
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
    if !entry.auth_type.is_absent()
        && let (Some(auth), Some(privacy)) = (auth, privacy)
    {
        check_level(reader, entry, of_user.min_security_level, (auth.is_some(), privacy.is_some()), start);
    }
    let engine_id = engine_id(reader, &entry.engine_id).or(of_user.engine_id);
    let auth_secret = Kind {
        sources: Sources {
            text: &entry.auth_password,
            env: &entry.auth_password_env,
            file: &entry.auth_password_file,
        },
        key: &entry.auth_key,
        type_key: "auth_type",
        is_bound: engine_id.is_some(),
    };
    let priv_secret = Kind {
        sources: Sources {
            text: &entry.priv_password,
            env: &entry.priv_password_env,
            file: &entry.priv_password_file,
        },
        key: &entry.priv_key,
        type_key: "priv_type",
        is_bound: engine_id.is_some(),
    };
    let auth_key = auth_secret.read(reader, auth.map(|auth| auth.map(AuthProtocol::key_octets)), start);
    let priv_key =
        priv_secret.read(reader, privacy.map(|privacy| privacy.map(PrivProtocol::key_octets)), start);
    let active = reader.boolean(&entry.active).unwrap_or(true);
    Some(Credential {
        priority: priority?,
        engine_id,
        authentication: auth?.zip(auth_key).map(|(protocol, key)| Authentication { protocol, key }),
        privacy: privacy?.zip(priv_key).map(|(protocol, key)| Privacy { protocol, key }),
        active,
    })
}

/// Whether a credential that authenticates and encrypts, or not, is of the user's level or above it.
fn check_level(
    reader: &mut Reader<'_>,
    entry: &CredentialEntry,
    least: SecurityLevel,
    (authenticates, encrypts): (bool, bool),
    start: Place,
) {
    if !authenticates && least > SecurityLevel::NoAuthNoPriv {
        let what = format!(
            "without authentication anybody may be this user; the user's level is {}",
            least.as_str()
        );
        reader.wrong(&entry.auth_type, &what, "NONE where the user has min_security_level: noAuthNoPriv");
    } else if authenticates && !encrypts && least > SecurityLevel::AuthNoPriv {
        let place = entry.priv_type.node.as_ref().map_or(start, |node| node.place);
        let what = "without encryption it is below the user's min_security_level, authPriv";
        let allowed = PRIV_TYPES.iter().map(|(word, _)| *word).filter(|word| *word != "NONE");
        let allowed = allowed.collect::<Vec<_>>().join(", ");
        reader.push(&entry.priv_type.key, Some(place), None, what, &allowed);
    }
}

/// snmpEngineID in hexadecimal digits, if there is one.
fn engine_id(reader: &mut Reader<'_>, entry: &Entry) -> Option<EngineId> {
    if entry.is_absent() {
        return None;
    }
    let allowed = "5 to 32 octets in hexadecimal digits, as \"0x80001f8804746573743031\"";
    let text = reader.text(entry, allowed)?;
    let found = engine_id_of(&text);
    if found.is_none() {
        reader.wrong(entry, "not an engine ID", allowed);
    }
    found
}

/// The engine ID that `text` is, in hexadecimal digits with or without `0x` and colons.
#[must_use]
pub fn engine_id_of(text: &str) -> Option<EngineId> {
    hexadecimal(text).and_then(|octets| EngineId::new(&octets))
}

/// The octets of hexadecimal digits, two each, with or without `0x` before them and colons between them.
fn hexadecimal(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")).unwrap_or(text);
    // Room for all of them at once: growing would leave pieces behind.
    let mut octets = Zeroizing::new(Vec::with_capacity(digits.len()));
    let mut half = None;
    for character in digits.chars() {
        match (character, half) {
            (':', None) if !octets.is_empty() => {}
            (digit, None) => half = Some(digit.to_digit(16)?),
            (digit, Some(high)) => {
                octets.push((high << 4 | digit.to_digit(16)?) as u8);
                half = None;
            }
        }
    }
    (half.is_none() && !octets.is_empty()).then_some(octets)
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

/// The entries that may hold the key of one type.
struct Kind<'e> {
    sources: Sources<'e>,
    /// `auth_key` or `priv_key`.
    key: &'e Entry,
    /// `auth_type` or `priv_type`.
    type_key: &'static str,
    /// Whether the credential is bound to an engine.
    is_bound: bool,
}

impl Kind<'_> {
    /// The password or key. `wanted` are the octets of a localised key where the type needs one or the other; `None`
    /// when the type itself is wrong.
    fn read(
        &self,
        reader: &mut Reader<'_>,
        wanted: Option<Option<usize>>,
        start: Place,
    ) -> Option<CredentialKey> {
        let mut written = self.sources.written(reader);
        written.extend(Some(self.key).filter(|key| !key.is_absent()));
        let wanted = wanted?;
        let (Some(key_octets), Some(first)) = (wanted, written.first()) else {
            let Sources { text, env, file } = &self.sources;
            if wanted.is_some() {
                let allowed =
                    format!("8 to 1024 octets; or {}, {}, {}", last(env), last(file), last(self.key));
                reader.push(&text.key, Some(start), None, "missing", &allowed);
            }
            for entry in written {
                let what = if entry.key == self.key.key { "key" } else { "password" };
                reader.wrong(entry, &format!("a {what} without a use: {} is NONE", self.type_key), "");
            }
            return None;
        };
        if let Some(second) = written.get(1) {
            reader.wrong(second, &format!("{} is there, too", last(first)), "one of them");
            return None;
        }
        if first.key == self.key.key {
            return self.localised(reader, key_octets);
        }
        let secret = self.sources.read(reader, first, (PASSWORD_OCTETS_MIN, PASSWORD_OCTETS_MAX))?;
        Some(CredentialKey::Password(secret))
    }

    /// The localised key of `octets` octets.
    fn localised(&self, reader: &mut Reader<'_>, octets: usize) -> Option<CredentialKey> {
        let allowed = format!("{octets} octets, which are {} hexadecimal digits", 2 * octets);
        let most = HEXADECIMAL_OCTETS_MAX;
        let secret = match self.key.node.as_ref() {
            Some(Node { value: Written::Mapping(_), .. }) => {
                Some(secret_of(reader, self.key, most, &allowed)?)
            }
            Some(node) => reader.text_of(node).map(Secret::new),
            None => None,
        };
        let digits = secret.as_ref().and_then(|secret| std::str::from_utf8(secret.expose()).ok());
        let key = digits.and_then(hexadecimal);
        match key {
            None => reader.wrong(self.key, "not hexadecimal digits", &allowed),
            Some(key) if key.len() != octets => {
                let what = format!("not as long as the key of this {}", self.type_key);
                reader.wrong(self.key, &what, &allowed);
            }
            Some(_) if !self.is_bound => {
                let what = "a localised key is one engine's, and there is no engine_id";
                reader.wrong(self.key, what, "together with engine_id");
            }
            Some(mut key) => {
                return Some(CredentialKey::Localised(Secret::of_octets(std::mem::take(&mut *key))));
            }
        }
        None
    }
}

/// The key of `entry` without what stands around it.
fn last(entry: &Entry) -> &str {
    entry.key.rsplit(' ').next().unwrap_or_default()
}
