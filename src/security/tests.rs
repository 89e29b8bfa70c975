//! Keys and ciphers against published vectors; messages are tried from outside of the crate.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::path::PathBuf;

use serde_json::Value;

use super::auth;
use super::key::Key;
use super::privacy::{self, Freshness};
use super::protocol::{AuthProtocol, PrivProtocol};
use super::{CredentialSecrets, EngineId, KeySource, UserSecrets, Users, Usm};

const AUTH: [AuthProtocol; 6] = [
    AuthProtocol::Md5,
    AuthProtocol::Sha,
    AuthProtocol::Sha224,
    AuthProtocol::Sha256,
    AuthProtocol::Sha384,
    AuthProtocol::Sha512,
];

const PRIV: [PrivProtocol; 7] = [
    PrivProtocol::Des,
    PrivProtocol::TripleDes,
    PrivProtocol::Aes,
    PrivProtocol::Aes192,
    PrivProtocol::Aes256,
    PrivProtocol::Aes192C,
    PrivProtocol::Aes256C,
];

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

fn hex(key: &Key) -> String {
    key.expose().iter().map(|octet| format!("{octet:02x}")).collect()
}

/// The engine of RFC 3414 A.3.
const ENGINE: [u8; 12] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2];

#[test]
fn keys_of_rfc_3414() {
    for (protocol, key, local) in [
        (AuthProtocol::Md5, "9faf3283884e92834ebc9847d8edd963", "526f5eed9fcce26f8964c2930787d82b"),
        (
            AuthProtocol::Sha,
            "9fb5cc0381497b3793528939ff788d5d79145211",
            "6695febc9288e36282235fc7151f128497b38f3f",
        ),
    ] {
        let of_password = auth::key_of_password(protocol, b"maplesyrup");
        assert_eq!(hex(&of_password), key);
        assert_eq!(hex(&auth::localised(protocol, &of_password, &ENGINE)), local);
    }
}

/// The rows of `usm-kat.jsonl` where a corpus is at hand.
#[test]
fn keys_and_plaintexts_of_the_corpus() {
    let Some(folder) = std::env::var_os("MUTT_CORPUS_DIR").map(PathBuf::from) else { return };
    let text = std::fs::read_to_string(folder.join("usm-kat.jsonl")).unwrap();
    let mut kinds = [0; 3];
    for line in text.lines() {
        let row: Value = serde_json::from_str(line).unwrap();
        let text = |field: &str| row[field].as_str().unwrap_or_default();
        let protocol = AUTH.into_iter().find(|known| known.as_str() == text("auth")).unwrap();
        let of_password = auth::key_of_password(protocol, text("password").as_bytes());
        let engine = unhex(text("engine_id"));
        let privacy = PRIV.into_iter().find(|known| known.as_str() == text("priv"));
        let cipher_key = || privacy::cipher_key(protocol, privacy.unwrap(), &of_password, &engine);
        match text("kind") {
            "password-to-key" => {
                kinds[0] += 1;
                if row["ku"].is_string() {
                    assert_eq!(hex(&of_password), text("ku"), "{line}");
                }
                assert_eq!(hex(&auth::localised(protocol, &of_password, &engine)), text("kul"), "{line}");
            }
            "priv-key" => {
                kinds[1] += 1;
                assert_eq!(hex(&cipher_key()), text("key"), "{line}");
            }
            "decrypt" => {
                kinds[2] += 1;
                let number = |field: &str| i32::try_from(row[field].as_i64().unwrap()).unwrap();
                let salt = unhex(text("priv_params")).try_into().unwrap();
                let freshness = Freshness { boots: number("boots"), time: number("time"), salt };
                let mut data = unhex(text("ciphertext"));
                assert!(privacy::decrypt(privacy.unwrap(), &cipher_key(), &freshness, &mut data), "{line}");
                // Behind it is the padding of the cipher's blocks.
                assert!(data.starts_with(&unhex(text("plaintext"))), "{line}");
            }
            other => panic!("{other}"),
        }
    }
    assert!(kinds.iter().all(|count| *count >= 2), "{kinds:?}");
}

#[test]
fn what_is_encrypted_can_be_decrypted_with_the_same_key_only() {
    let freshness = Freshness { boots: 3, time: 4, salt: *b"saltsalt" };
    for auth in AUTH {
        let [one, other] =
            [&b"password one"[..], b"password two"].map(|password| auth::key_of_password(auth, password));
        for protocol in PRIV {
            let [one, other] = [&one, &other].map(|key| privacy::cipher_key(auth, protocol, key, &ENGINE));
            assert_eq!(one.len(), protocol.key_octets(), "{auth:?} {protocol:?}");
            for len in [0, 1, 8, 15, 16, 17, 300] {
                let plaintext: Vec<u8> =
                    (0..privacy::ciphertext_octets(protocol, len)).map(|at| at as u8).collect();
                let mut data = plaintext.clone();
                assert!(privacy::encrypt(protocol, &one, &freshness, &mut data));
                assert!(data != plaintext || len < 8, "{protocol:?}");
                let mut wrong = data.clone();
                assert!(privacy::decrypt(protocol, &one, &freshness, &mut data));
                assert_eq!(data, plaintext, "{auth:?} {protocol:?} {len}");
                assert!(privacy::decrypt(protocol, &other, &freshness, &mut wrong));
                assert!(wrong != plaintext || len < 8, "{auth:?} {protocol:?} {len}");
            }
        }
    }
}

#[test]
fn a_cipher_of_blocks_takes_only_whole_ones() {
    let freshness = Freshness { boots: 3, time: 4, salt: *b"saltsalt" };
    let key = Key::new(&[7; 32]);
    for protocol in [PrivProtocol::Des, PrivProtocol::TripleDes] {
        let key = key.truncated(protocol.key_octets());
        assert!(!privacy::decrypt(protocol, &key, &freshness, &mut [0; 15]));
        assert!(privacy::decrypt(protocol, &key, &freshness, &mut [0; 16]));
    }
}

#[test]
fn the_mac_must_have_its_exact_length_and_every_bit_counts() {
    for protocol in AUTH {
        let key = auth::key_of_password(protocol, b"password");
        let length = protocol.mac_octets();
        let mut whole = vec![9; 20 + length + 30];
        whole[20..20 + length].fill(0);
        let mut out = [0; super::key::KEY_OCTETS_MAX];
        auth::mac(protocol, &key, &[&whole], &mut out);
        let right = &out[..length];
        assert!(auth::is_authentic(protocol, &key, &whole, 20, right), "{protocol:?}");
        for cut in 0..length {
            assert!(!auth::is_authentic(protocol, &key, &whole, 20, &right[..cut]), "{protocol:?} {cut}");
        }
        assert!(!auth::is_authentic(protocol, &key, &whole, 20, &out[..length + 1]));
        assert!(!auth::is_authentic(protocol, &key, &whole, whole.len(), right), "beyond the message");
        for bit in 0..length * 8 {
            let mut flipped = right.to_vec();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(!auth::is_authentic(protocol, &key, &whole, 20, &flipped), "{protocol:?} bit {bit}");
        }
    }
}

#[test]
fn nothing_shows_a_key() {
    let key = auth::key_of_password(AuthProtocol::Sha, b"maplesyrup");
    assert_eq!(format!("{key:?}"), "Key(..)");
    let password = &b"maplesyrup"[..];
    let engine_id = EngineId::new(&ENGINE);
    let local_key = KeySource::LocalisedKey(b"maplesyrupmaples");
    let mut bound = CredentialSecrets::of_passwords(1, Some((AuthProtocol::Sha, password)), None);
    (bound.engine_id, bound.privacy) = (engine_id, Some((PrivProtocol::Aes, local_key)));
    let general = CredentialSecrets::of_passwords(
        1,
        Some((AuthProtocol::Sha, password)),
        Some((PrivProtocol::Aes, password)),
    );
    let credentials = [general, bound];
    let secrets = UserSecrets::new(b"ops", &credentials);
    assert_eq!(format!("{local_key:?}"), "LocalisedKey(..)");
    let usm = Usm::new(None, Users::derive(&[secrets], &Users::default()));
    for shown in [format!("{secrets:?}"), format!("{:?}", usm.users.load()), format!("{usm:?}")] {
        // As text, and as a list of octets.
        assert!(!shown.contains("maplesyrup") && !shown.contains("109, 97, 112, 108"), "{shown}");
        assert!(!shown.contains("159, 181, 204, 3"), "the key is shown: {shown}");
    }
}
