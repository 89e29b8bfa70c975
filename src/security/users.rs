//! The users in force, each with the keys of its credentials.

use std::collections::{HashMap, HashSet};
use std::fmt;

use crate::security::auth;
use crate::security::engine::EngineId;
use crate::security::key::Key;
use crate::security::privacy;
use crate::security::protocol::{AuthProtocol, PrivProtocol};
use crate::wire::snmp::SecurityLevel;

/// A user as configured, with the passwords of the credentials that are active.
#[derive(Clone, Copy)]
pub struct UserSecrets<'a> {
    /// msgUserName.
    pub name: &'a [u8],
    /// What lies below this level is not taken, whatever the credentials are.
    pub min_level: SecurityLevel,
    /// The credentials, in the order in which they are tried.
    pub credentials: &'a [CredentialSecrets<'a>],
}

/// What a key is made from.
#[derive(Clone, Copy)]
pub enum KeySource<'a> {
    /// A password: octets, never empty; its key is localised for each engine (RFC 3414 2.6).
    Password(&'a [u8]),
    /// A key that is localised already, of exactly the protocol's length; only of a credential that is bound to an
    /// engine.
    LocalisedKey(&'a [u8]),
}

/// A credential as configured.
#[derive(Clone, Copy)]
pub struct CredentialSecrets<'a> {
    /// The operator's number of it; the lower is tried first.
    pub priority: u32,
    /// The only engine whose messages it is for; `None` means any.
    pub engine_id: Option<EngineId>,
    /// Protocol and key of authentication.
    pub auth: Option<(AuthProtocol, KeySource<'a>)>,
    /// Protocol and key of privacy; nothing without authentication.
    pub privacy: Option<(PrivProtocol, KeySource<'a>)>,
}

impl<'a> UserSecrets<'a> {
    /// The user `name`, at any security level that one of `credentials` is for.
    #[must_use]
    pub const fn new(name: &'a [u8], credentials: &'a [CredentialSecrets<'a>]) -> Self {
        Self { name, min_level: SecurityLevel::NoAuthNoPriv, credentials }
    }
}

impl<'a> CredentialSecrets<'a> {
    /// A credential of passwords, for any engine.
    #[must_use]
    pub fn of_passwords(
        priority: u32,
        auth: Option<(AuthProtocol, &'a [u8])>,
        privacy: Option<(PrivProtocol, &'a [u8])>,
    ) -> Self {
        Self {
            priority,
            engine_id: None,
            auth: auth.map(|(protocol, password)| (protocol, KeySource::Password(password))),
            privacy: privacy.map(|(protocol, password)| (protocol, KeySource::Password(password))),
        }
    }

    /// Whether it can be used at all: a localised key is of one engine, and of one length.
    fn is_sound(&self) -> bool {
        let fits = |source: KeySource<'_>, octets: usize| match source {
            KeySource::Password(password) => !password.is_empty(),
            KeySource::LocalisedKey(key) => self.engine_id.is_some() && key.len() == octets,
        };
        self.auth.is_none_or(|(protocol, source)| fits(source, protocol.key_octets()))
            && self.privacy.is_none_or(|(protocol, source)| fits(source, protocol.key_octets()))
            && (self.auth.is_some() || self.privacy.is_none())
    }
}

impl fmt::Debug for KeySource<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Password(_) => "Password(..)",
            Self::LocalisedKey(_) => "LocalisedKey(..)",
        })
    }
}

impl fmt::Debug for UserSecrets<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserSecrets").field("credentials", &self.credentials).finish_non_exhaustive()
    }
}

impl fmt::Debug for CredentialSecrets<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CredentialSecrets").field("priority", &self.priority).finish_non_exhaustive()
    }
}

/// A key, and whether it is one engine's own already.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Material {
    key: Key,
    is_localised: bool,
}

/// One pair of keys of a user.
#[derive(Debug, Clone)]
pub(super) struct Credential {
    /// Number that no other keys ever have in this process: what is cached under it stays right.
    pub(super) number: u64,
    /// The operator's number.
    pub(super) priority: u32,
    /// The only engine that it is for.
    engine_id: Option<EngineId>,
    /// Protocol and key of authentication.
    pub(super) auth: Option<(AuthProtocol, Material)>,
    /// Protocol and key of privacy.
    pub(super) privacy: Option<(PrivProtocol, Material)>,
}

impl Credential {
    /// The security level that the credential is for: that one and no other.
    pub(super) fn level(&self) -> SecurityLevel {
        match (&self.auth, &self.privacy) {
            (None, _) => SecurityLevel::NoAuthNoPriv,
            (Some(_), None) => SecurityLevel::AuthNoPriv,
            (Some(_), Some(_)) => SecurityLevel::AuthPriv,
        }
    }

    /// The protocol and the key for MACs of `engine`, which is the one that the credential is bound to, if it is.
    pub(super) fn auth_for(&self, engine: &EngineId) -> Option<(AuthProtocol, Key)> {
        let (protocol, Material { key, is_localised }) = self.auth.as_ref()?;
        let key =
            if *is_localised { key.clone() } else { auth::localised(*protocol, key, engine.as_bytes()) };
        Some((*protocol, key))
    }

    /// The key for the cipher with `engine`; see [`privacy::cipher_key`] for what that may cost.
    pub(super) fn cipher_key_for(&self, engine: &EngineId) -> Option<Key> {
        let (protocol, Material { key, is_localised }) = self.privacy.as_ref()?;
        if *is_localised {
            return Some(key.clone());
        }
        let (auth, _) = self.auth.as_ref()?;
        Some(privacy::cipher_key(*auth, *protocol, key, engine.as_bytes()))
    }

    /// Whether both have the same protocols and keys, for the same engine.
    fn has_keys_of(&self, other: &Self) -> bool {
        self.auth == other.auth && self.privacy == other.privacy && self.engine_id == other.engine_id
    }
}

/// The credentials of one user.
#[derive(Debug, Default)]
struct UserKeys {
    /// For the messages of any engine.
    general: Box<[Credential]>,
    /// For those of one engine.
    bound: HashMap<EngineId, Box<[Credential]>>,
}

impl UserKeys {
    /// The credentials for messages of `engine` in the order in which they are tried: first those bound to it.
    fn of(&self, engine: &EngineId) -> impl Iterator<Item = &Credential> + Clone {
        let bound = self.bound.get(engine).map_or(&[][..], |credentials| credentials);
        bound.iter().chain(&self.general)
    }
}

/// All users, replaced as a whole.
#[derive(Debug, Default)]
pub struct Users {
    by_name: HashMap<Box<[u8]>, UserKeys>,
    /// Of all credentials.
    numbers: HashSet<u64>,
    next_number: u64,
}

/// Keys by protocol and password, so that a password shared by many users is hashed once.
type Derived<'a> = HashMap<(AuthProtocol, &'a [u8]), Key>;

impl Users {
    /// Derives the keys of all users: a millisecond or two for each different password (RFC 3414 A.2). Keys that
    /// `previous` had already keep what was derived from them. A credential below its user's least level is left out.
    #[must_use]
    pub fn derive(users: &[UserSecrets<'_>], previous: &Self) -> Self {
        let mut derived = Derived::new();
        let mut all = Self { next_number: previous.next_number, ..Self::default() };
        for user in users {
            let known = previous.by_name.get(user.name);
            let (mut general, mut bound) = (Vec::new(), HashMap::<EngineId, Vec<Credential>>::new());
            for secrets in user.credentials.iter().filter(|secrets| secrets.is_sound()) {
                let credential = all.credential(secrets, known, &mut derived);
                if credential.level() < user.min_level {
                    continue;
                }
                all.numbers.insert(credential.number);
                match credential.engine_id {
                    Some(engine) => bound.entry(engine).or_default().push(credential),
                    None => general.push(credential),
                }
            }
            if general.is_empty() && bound.is_empty() {
                continue;
            }
            let bound = bound.into_iter().map(|(engine, credentials)| (engine, credentials.into())).collect();
            all.by_name.insert(user.name.into(), UserKeys { general: general.into(), bound });
        }
        all
    }

    /// The credential of `secrets`, under the number that its keys have among those `known` of the user.
    fn credential<'a>(
        &mut self,
        secrets: &CredentialSecrets<'a>,
        known: Option<&UserKeys>,
        derived: &mut Derived<'a>,
    ) -> Credential {
        let mut material = |auth: AuthProtocol, source: KeySource<'a>| match source {
            KeySource::Password(password) => Material {
                key: derived
                    .entry((auth, password))
                    .or_insert_with(|| auth::key_of_password(auth, password))
                    .clone(),
                is_localised: false,
            },
            KeySource::LocalisedKey(key) => Material { key: Key::new(key), is_localised: true },
        };
        let auth = secrets.auth.map(|(protocol, source)| (protocol, material(protocol, source)));
        // The privacy password is hashed with the authentication protocol (RFC 3414 8.2.1).
        let privacy = secrets
            .auth
            .zip(secrets.privacy)
            .map(|((hash, _), (protocol, source))| (protocol, material(hash, source)));
        let engine_id = secrets.engine_id;
        let mut credential =
            Credential { number: self.next_number, priority: secrets.priority, engine_id, auth, privacy };
        let known = known.map(|known| match &engine_id {
            Some(engine) => known.bound.get(engine).map_or(&[][..], |credentials| credentials),
            None => &known.general,
        });
        match known.and_then(|known| known.iter().find(|old| old.has_keys_of(&credential))) {
            Some(old) => credential.number = old.number,
            None => self.next_number += 1,
        }
        credential
    }

    /// The credentials of a user for messages of `engine`, in the order in which they are tried: those bound to the
    /// engine first. None when there is no such user there.
    pub(super) fn credentials(
        &self,
        name: &[u8],
        engine: &EngineId,
    ) -> impl Iterator<Item = &Credential> + Clone {
        self.by_name.get(name).map(|keys| keys.of(engine)).into_iter().flatten()
    }

    /// Whether a credential with this number is in force.
    pub(super) fn has_number(&self, number: u64) -> bool {
        self.numbers.contains(&number)
    }

    /// Number of users that have an active credential.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_name.len()
    }

    /// Whether there is no user.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_name.is_empty()
    }

    /// Whether there is such a user.
    #[must_use]
    pub fn has(&self, name: &[u8]) -> bool {
        self.by_name.contains_key(name)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    const ENGINE: [u8; 5] = [0x80, 0, 0, 0, 1];

    fn engine(last: u8) -> EngineId {
        EngineId::new(&[0x80, 0, 0, 0, last]).unwrap()
    }

    #[test]
    fn keys_that_stay_keep_their_number_and_others_get_new_ones() {
        let derive = |passwords: &[&[u8]], previous: &Users| {
            let credentials: Vec<_> = passwords
                .iter()
                .map(|password| CredentialSecrets::of_passwords(1, Some((AuthProtocol::Md5, password)), None))
                .collect();
            Users::derive(&[UserSecrets::new(b"ops", &credentials)], previous)
        };
        let numbers = |users: &Users| -> Vec<u64> {
            users.credentials(b"ops", &engine(1)).map(|credential| credential.number).collect()
        };
        let first = derive(&[b"password one", b"password two"], &Users::default());
        let second = derive(&[b"password two", b"password three"], &first);
        assert_eq!(numbers(&first), [0, 1]);
        assert_eq!(numbers(&second), [1, 2]);
        assert!(!second.has_number(0) && second.has_number(2));
        let third = derive(&[b"password one"], &second);
        assert_eq!(numbers(&third), [3], "what was withdrawn comes back as new");
        assert!(third.has(b"ops") && !third.has(b"opS") && third.len() == 1);
        assert!(derive(&[], &third).is_empty(), "a user without credentials is none");
    }

    #[test]
    fn a_bound_credential_is_its_engines_alone_and_comes_first() {
        let md5 = |password: &'static [u8]| Some((AuthProtocol::Md5, KeySource::Password(password)));
        let credential =
            |priority, engine_id, auth| CredentialSecrets { priority, engine_id, auth, privacy: None };
        let credentials = [
            credential(1, None, md5(b"password one")),
            credential(2, Some(engine(2)), md5(b"password one")),
            credential(3, Some(engine(3)), md5(b"password two")),
        ];
        let users = Users::derive(&[UserSecrets::new(b"ops", &credentials)], &Users::default());
        let tried = |users: &Users, last| -> Vec<u32> {
            users.credentials(b"ops", &engine(last)).map(|credential| credential.priority).collect()
        };
        assert_eq!((tried(&users, 1), tried(&users, 2), tried(&users, 3)), (vec![1], vec![2, 1], vec![3, 1]));
        assert_eq!(users.numbers.len(), 3, "the same password for one engine is another credential");
        let users = Users::derive(&[UserSecrets::new(b"ops", &credentials[1..])], &users);
        assert_eq!((tried(&users, 1), tried(&users, 2)), (vec![], vec![2]));
        assert!(users.has_number(1) && !users.has_number(0), "what stays keeps its number");
    }

    #[test]
    fn a_localised_key_is_taken_as_it_is() {
        let password = auth::key_of_password(AuthProtocol::Sha, b"maplesyrup");
        let local = auth::localised(AuthProtocol::Sha, &password, &ENGINE);
        let key = |octets| Some((AuthProtocol::Sha, KeySource::LocalisedKey(octets)));
        let cipher = privacy::cipher_key(AuthProtocol::Sha, PrivProtocol::Aes256, &password, &ENGINE);
        let mut secrets = CredentialSecrets {
            priority: 1,
            engine_id: Some(engine(1)),
            auth: key(local.expose()),
            privacy: Some((PrivProtocol::Aes256, KeySource::LocalisedKey(cipher.expose()))),
        };
        let derive = |secrets: &CredentialSecrets<'_>| {
            Users::derive(&[UserSecrets::new(b"ops", &[*secrets])], &Users::default())
        };
        let users = derive(&secrets);
        let credential = users.credentials(b"ops", &engine(1)).next().unwrap();
        assert!(credential.auth_for(&engine(1)) == Some((AuthProtocol::Sha, local.clone())));
        assert!(credential.cipher_key_for(&engine(1)) == Some(cipher.clone()));
        let short = local.truncated(19);
        secrets.auth = key(short.expose());
        assert!(derive(&secrets).is_empty(), "an octet too few");
        (secrets.auth, secrets.engine_id) = (key(local.expose()), None);
        assert!(derive(&secrets).is_empty(), "of no engine");
    }

    #[test]
    fn what_lies_below_the_users_level_is_left_out() {
        let auth = Some((AuthProtocol::Md5, &b"password one"[..]));
        let credentials = [
            CredentialSecrets::of_passwords(1, None, None),
            CredentialSecrets::of_passwords(2, auth, None),
            CredentialSecrets::of_passwords(3, auth, Some((PrivProtocol::Aes, b"password two"))),
        ];
        for (min_level, left) in [
            (SecurityLevel::NoAuthNoPriv, vec![1, 2, 3]),
            (SecurityLevel::AuthNoPriv, vec![2, 3]),
            (SecurityLevel::AuthPriv, vec![3]),
        ] {
            let user = UserSecrets { min_level, ..UserSecrets::new(b"ops", &credentials) };
            let users = Users::derive(&[user], &Users::default());
            let found: Vec<u32> =
                users.credentials(b"ops", &engine(1)).map(|credential| credential.priority).collect();
            assert_eq!(found, left);
        }
    }
}
