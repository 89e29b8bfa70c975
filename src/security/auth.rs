//! Hashes, keys from passwords, and MACs (RFC 3414 2.6, 6, 7, A.2; RFC 7860 4).

use digest::Digest;
use hmac::{EagerHash, Hmac, KeyInit, Mac};
use md5::Md5;
use sha1::Sha1;
use sha2::{Sha224, Sha256, Sha384, Sha512};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use crate::security::key::{KEY_OCTETS_MAX, Key};
use crate::security::protocol::AuthProtocol;

/// Octets that the repeated password is hashed as (RFC 3414 2.6).
const PASSWORD_STRETCH_OCTETS: usize = 1_048_576;

/// Calls a function generic over the hash with that of a protocol.
macro_rules! with_hash_of {
    ($protocol:expr, $function:ident($($argument:expr),*)) => {
        match $protocol {
            AuthProtocol::Md5 => $function::<Md5>($($argument),*),
            AuthProtocol::Sha => $function::<Sha1>($($argument),*),
            AuthProtocol::Sha224 => $function::<Sha224>($($argument),*),
            AuthProtocol::Sha256 => $function::<Sha256>($($argument),*),
            AuthProtocol::Sha384 => $function::<Sha384>($($argument),*),
            AuthProtocol::Sha512 => $function::<Sha512>($($argument),*),
        }
    };
}

/// The user's key: the hash of the password, repeated to 1,048,576 octets (RFC 3414 2.6, A.2). Costs a millisecond or
/// two. The password must not be empty.
pub(super) fn key_of_password(protocol: AuthProtocol, password: &[u8]) -> Key {
    with_hash_of!(protocol, stretched(password))
}

/// The key localised for one engine (RFC 3414 2.6).
pub(super) fn localised(protocol: AuthProtocol, key: &Key, engine_id: &[u8]) -> Key {
    hashed(protocol, &[key.expose(), engine_id, key.expose()])
}

/// The hash of `parts` one after the other.
pub(super) fn hashed(protocol: AuthProtocol, parts: &[&[u8]]) -> Key {
    with_hash_of!(protocol, hash(parts))
}

/// Writes the MAC of `parts` to the start of `out`, in full length.
pub(super) fn mac(protocol: AuthProtocol, key: &Key, parts: &[&[u8]], out: &mut [u8; KEY_OCTETS_MAX]) {
    with_hash_of!(protocol, hmac(key, parts, out));
}

/// Whether `found`, which stands at `offset` of `whole`, is the MAC of `whole` with zeros in its place
/// (RFC 3414 6.3.2, 7.3.2). Its length must be exactly that of the protocol.
pub(super) fn is_authentic(
    protocol: AuthProtocol,
    key: &Key,
    whole: &[u8],
    offset: usize,
    found: &[u8],
) -> bool {
    const ZEROS: [u8; KEY_OCTETS_MAX] = [0; KEY_OCTETS_MAX];
    let length = protocol.mac_octets();
    if found.len() != length {
        return false;
    }
    let Some((before, rest)) = whole.split_at_checked(offset) else { return false };
    let (Some(after), Some(zeros)) = (rest.get(length..), ZEROS.get(..length)) else { return false };
    let mut right = [0; KEY_OCTETS_MAX];
    mac(protocol, key, &[before, zeros, after], &mut right);
    right.get(..length).is_some_and(|right| right.ct_eq(found).into())
}

fn stretched<D: Digest>(password: &[u8]) -> Key {
    // Whole repetitions in a block, so that the hash is fed in few pieces.
    let block = Zeroizing::new(password.repeat((4_096 / password.len().max(1)).max(1)));
    let mut hash = D::new();
    let mut left = PASSWORD_STRETCH_OCTETS;
    while left > 0 && !block.is_empty() {
        let part = block.get(..left).unwrap_or(&block);
        hash.update(part);
        left -= part.len();
    }
    key_of(hash)
}

fn hash<D: Digest>(parts: &[&[u8]]) -> Key {
    let mut hash = D::new();
    for part in parts {
        hash.update(part);
    }
    key_of(hash)
}

fn key_of<D: Digest>(hash: D) -> Key {
    let mut octets = hash.finalize();
    let key = Key::new(&octets);
    zeroize::Zeroize::zeroize(octets.as_mut_slice());
    key
}

fn hmac<D: EagerHash>(key: &Key, parts: &[&[u8]], out: &mut [u8; KEY_OCTETS_MAX])
where
    Hmac<D>: Mac + KeyInit,
{
    // A key of any length is taken, so there is no error to speak of.
    let Ok(mut mac) = <Hmac<D> as KeyInit>::new_from_slice(key.expose()) else { return };
    for part in parts {
        Mac::update(&mut mac, part);
    }
    for (place, octet) in out.iter_mut().zip(mac.finalize().into_bytes()) {
        *place = octet;
    }
}
