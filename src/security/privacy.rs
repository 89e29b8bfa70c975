//! Ciphers and their keys (RFC 3414 8, RFC 3826, draft-blumenthal-aes-usm-04, draft-reeder-snmpv3-usm-3desede).

use aes::{Aes128, Aes192, Aes256};
use cbc::cipher::block_padding::NoPadding;
use cbc::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit};
use des::{Des, TdesEde3};

use crate::security::auth;
use crate::security::key::Key;
use crate::security::protocol::{AuthProtocol, KeyExtension, PrivProtocol};

/// Octets of msgPrivacyParameters, the salt, in all protocols (RFC 3414 8.1.1.1, RFC 3826 3.1.2.1).
pub(super) const SALT_OCTETS: usize = 8;

/// Octets of a block of either DES.
const DES_BLOCK_OCTETS: usize = 8;

/// What the initialisation vector is made of, from the message.
#[derive(Debug, Clone, Copy)]
pub(super) struct Freshness {
    /// msgAuthoritativeEngineBoots.
    pub(super) boots: i32,
    /// msgAuthoritativeEngineTime.
    pub(super) time: i32,
    /// msgPrivacyParameters.
    pub(super) salt: [u8; SALT_OCTETS],
}

impl Freshness {
    /// The vector of the AES protocols (RFC 3826 3.1.2.1).
    fn aes_vector(&self) -> [u8; 16] {
        let mut vector = [0; 16];
        let parts = self.boots.to_be_bytes().into_iter().chain(self.time.to_be_bytes()).chain(self.salt);
        for (place, octet) in vector.iter_mut().zip(parts) {
            *place = octet;
        }
        vector
    }

    /// The vector of the DES protocols: the salt, and the last octets of the key in use (RFC 3414 8.1.1.1).
    fn des_vector(&self, pre_vector: &[u8]) -> [u8; DES_BLOCK_OCTETS] {
        let mut vector = self.salt;
        for (place, octet) in vector.iter_mut().zip(pre_vector) {
            *place ^= octet;
        }
        vector
    }
}

/// The cipher's key for one engine. `key` is the user's privacy key, not localised.
///
/// With Reeder's extension this hashes a mebibyte for each further block: never before the message that needs the
/// key was found authentic.
pub(super) fn cipher_key(auth: AuthProtocol, privacy: PrivProtocol, key: &Key, engine_id: &[u8]) -> Key {
    let wanted = privacy.key_octets();
    let mut block = auth::localised(auth, key, engine_id);
    let mut extended = block.truncated(wanted);
    while extended.len() < wanted {
        block = match privacy.extension() {
            KeyExtension::Blumenthal | KeyExtension::NotNeeded => auth::hashed(auth, &[extended.expose()]),
            KeyExtension::Reeder => {
                auth::localised(auth, &auth::key_of_password(auth, block.expose()), engine_id)
            }
        };
        extended.append(block.expose(), wanted);
    }
    extended
}

/// Decrypts `data` in place. Returns whether it could be tried at all: a wrong key shows only in what comes out.
#[must_use]
pub(super) fn decrypt(protocol: PrivProtocol, key: &Key, freshness: &Freshness, data: &mut [u8]) -> bool {
    let key = key.expose();
    match protocol {
        PrivProtocol::Des => cbc_decrypt::<cbc::Decryptor<Des>>(key, 8, freshness, data),
        PrivProtocol::TripleDes => cbc_decrypt::<cbc::Decryptor<TdesEde3>>(key, 24, freshness, data),
        PrivProtocol::Aes => {
            with_cfb(key, freshness, |cipher: cfb_mode::Decryptor<Aes128>| cipher.decrypt(data))
        }
        PrivProtocol::Aes192 | PrivProtocol::Aes192C => {
            with_cfb(key, freshness, |cipher: cfb_mode::Decryptor<Aes192>| cipher.decrypt(data))
        }
        PrivProtocol::Aes256 | PrivProtocol::Aes256C => {
            with_cfb(key, freshness, |cipher: cfb_mode::Decryptor<Aes256>| cipher.decrypt(data))
        }
    }
}

/// Octets that `len` octets of plaintext have when encrypted.
pub(super) const fn ciphertext_octets(protocol: PrivProtocol, len: usize) -> usize {
    match protocol {
        PrivProtocol::Des | PrivProtocol::TripleDes => len.next_multiple_of(DES_BLOCK_OCTETS),
        _ => len,
    }
}

/// Encrypts `data` in place; its length must be one that [`ciphertext_octets`] gives. Returns whether it is done.
#[must_use]
pub(super) fn encrypt(protocol: PrivProtocol, key: &Key, freshness: &Freshness, data: &mut [u8]) -> bool {
    let key = key.expose();
    match protocol {
        PrivProtocol::Des => cbc_encrypt::<cbc::Encryptor<Des>>(key, 8, freshness, data),
        PrivProtocol::TripleDes => cbc_encrypt::<cbc::Encryptor<TdesEde3>>(key, 24, freshness, data),
        PrivProtocol::Aes => {
            with_cfb(key, freshness, |cipher: cfb_mode::Encryptor<Aes128>| cipher.encrypt(data))
        }
        PrivProtocol::Aes192 | PrivProtocol::Aes192C => {
            with_cfb(key, freshness, |cipher: cfb_mode::Encryptor<Aes192>| cipher.encrypt(data))
        }
        PrivProtocol::Aes256 | PrivProtocol::Aes256C => {
            with_cfb(key, freshness, |cipher: cfb_mode::Encryptor<Aes256>| cipher.encrypt(data))
        }
    }
}

/// Sets a cipher of the CFB kind up and lets it work.
fn with_cfb<C: KeyIvInit>(key: &[u8], freshness: &Freshness, work: impl FnOnce(C)) -> bool {
    C::new_from_slices(key, &freshness.aes_vector()).map(work).is_ok()
}

/// Sets a cipher of the CBC kind up: `split` octets of the key are the cipher's, the rest the vector's.
fn cbc_cipher<C: KeyIvInit>(key: &[u8], split: usize, freshness: &Freshness) -> Option<C> {
    let (key, pre_vector) = key.split_at_checked(split)?;
    C::new_from_slices(key, &freshness.des_vector(pre_vector)).ok()
}

fn cbc_decrypt<C>(key: &[u8], split: usize, freshness: &Freshness, data: &mut [u8]) -> bool
where
    C: KeyIvInit + BlockModeDecrypt,
{
    let cipher = cbc_cipher::<C>(key, split, freshness);
    data.len().is_multiple_of(DES_BLOCK_OCTETS)
        && cipher.is_some_and(|cipher| cipher.decrypt_padded::<NoPadding>(data).is_ok())
}

fn cbc_encrypt<C>(key: &[u8], split: usize, freshness: &Freshness, data: &mut [u8]) -> bool
where
    C: KeyIvInit + BlockModeEncrypt,
{
    let len = data.len();
    let cipher = cbc_cipher::<C>(key, split, freshness);
    len.is_multiple_of(DES_BLOCK_OCTETS)
        && cipher.is_some_and(|cipher| cipher.encrypt_padded::<NoPadding>(data, len).is_ok())
}
