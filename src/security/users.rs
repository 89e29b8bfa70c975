//! The users in force, each with the keys of its credentials.

use std::collections::{HashMap, HashSet};
use std::fmt;

use crate::security::auth;
use crate::security::key::Key;
use crate::security::protocol::{AuthProtocol, PrivProtocol};
use crate::wire::snmp::SecurityLevel;

/// A user as configured, with the passwords of the credentials that are active.
#[derive(Clone, Copy)]
pub struct UserSecrets<'a> {
    /// msgUserName.
    pub name: &'a [u8],
    /// The credentials, in the order in which they are tried.
    pub credentials: &'a [CredentialSecrets<'a>],
}

/// A credential as configured. Passwords are octets, never empty.
#[derive(Clone, Copy)]
pub struct CredentialSecrets<'a> {
    /// The operator's number of it; the lower is tried first.
    pub priority: u32,
    /// Protocol and password of authentication.
    pub auth: Option<(AuthProtocol, &'a [u8])>,
    /// Protocol and password of privacy; nothing without authentication.
    pub privacy: Option<(PrivProtocol, &'a [u8])>,
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

/// One pair of keys of a user, not localised.
#[derive(Debug, Clone)]
pub(super) struct Credential {
    /// Number that no other keys ever have in this process: what is cached under it stays right.
    pub(super) number: u64,
    /// The operator's number.
    pub(super) priority: u32,
    /// Protocol and key of authentication.
    pub(super) auth: Option<(AuthProtocol, Key)>,
    /// Protocol and key of privacy.
    pub(super) privacy: Option<(PrivProtocol, Key)>,
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

    /// Whether both have the same protocols and keys.
    fn has_keys_of(&self, other: &Self) -> bool {
        self.auth == other.auth && self.privacy == other.privacy
    }
}

/// All users, replaced as a whole.
#[derive(Debug, Default)]
pub struct Users {
    by_name: HashMap<Box<[u8]>, Box<[Credential]>>,
    /// Of all credentials.
    numbers: HashSet<u64>,
    next_number: u64,
}

/// Keys by protocol and password, so that a password shared by many users is hashed once.
type Derived<'a> = HashMap<(AuthProtocol, &'a [u8]), Key>;

impl Users {
    /// Derives the keys of all users: a millisecond or two for each different password (RFC 3414 A.2). Keys that
    /// `previous` had already keep what was derived from them.
    #[must_use]
    pub fn derive(users: &[UserSecrets<'_>], previous: &Self) -> Self {
        let mut derived = Derived::new();
        let mut all = Self { next_number: previous.next_number, ..Self::default() };
        for user in users {
            let known = previous.credentials(user.name);
            let credentials: Box<[Credential]> =
                user.credentials.iter().map(|secrets| all.credential(secrets, known, &mut derived)).collect();
            if !credentials.is_empty() {
                all.numbers.extend(credentials.iter().map(|credential| credential.number));
                all.by_name.insert(user.name.into(), credentials);
            }
        }
        all
    }

    /// The credential of `secrets`, under the number that its keys have among `known`.
    fn credential<'a>(
        &mut self,
        secrets: &CredentialSecrets<'a>,
        known: &[Credential],
        derived: &mut Derived<'a>,
    ) -> Credential {
        let mut key = |auth: AuthProtocol, password: &'a [u8]| {
            derived.entry((auth, password)).or_insert_with(|| auth::key_of_password(auth, password)).clone()
        };
        let auth = secrets.auth.map(|(protocol, password)| (protocol, key(protocol, password)));
        // The privacy password is hashed with the authentication protocol (RFC 3414 8.2.1).
        let privacy = secrets
            .auth
            .zip(secrets.privacy)
            .map(|((hash, _), (protocol, password))| (protocol, key(hash, password)));
        let mut credential =
            Credential { number: self.next_number, priority: secrets.priority, auth, privacy };
        match known.iter().find(|old| old.has_keys_of(&credential)) {
            Some(old) => credential.number = old.number,
            None => self.next_number += 1,
        }
        credential
    }

    /// The credentials of a user in the order in which they are tried; none when there is no such user.
    pub(super) fn credentials(&self, name: &[u8]) -> &[Credential] {
        self.by_name.get(name).map_or(&[], |credentials| credentials)
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
    use super::*;

    #[test]
    fn keys_that_stay_keep_their_number_and_others_get_new_ones() {
        let derive = |passwords: &[&[u8]], previous: &Users| {
            let mut credentials = Vec::new();
            for password in passwords {
                credentials.push(CredentialSecrets {
                    auth: Some((AuthProtocol::Md5, *password)),
                    priority: 1,
                    privacy: None,
                });
            }
            Users::derive(&[UserSecrets { name: b"ops", credentials: &credentials }], previous)
        };
        let numbers = |users: &Users| -> Vec<u64> {
            users.credentials(b"ops").iter().map(|credential| credential.number).collect()
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
}
