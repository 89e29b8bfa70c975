//! The file of SNMPv3 users from outside: what may stand in it, and that no mistake in it gives a secret away.
#![allow(clippy::unwrap_used)]

use std::fs;

use crate::config::{FIRST_CREDENTIALS, OneFile, credentials, credentials_told, shipped};
use mutt::config::{self, AuthProtocol, CredentialKey, EngineId, PrivProtocol, SecurityLevel};

#[test]
fn the_example_in_the_shipped_credentials_loads() {
    let text = fs::read_to_string(shipped("snmpv3_credentials.yaml")).unwrap();
    let (_, example) = text.split_once("# snmpv3_credentials:\n").unwrap();
    let (example, _) = example.split_once("\n\n").unwrap();
    let example: Vec<&str> = example.lines().map(|line| line.strip_prefix("# ").unwrap()).collect();
    let loaded = credentials(&format!("snmpv3_credentials:\n{}\n", example.join("\n")));
    assert_eq!(
        loaded.users[0].credentials[0].authentication.as_ref().unwrap().protocol,
        AuthProtocol::Sha256
    );
}

#[test]
fn credential_spellings() {
    let auth = [
        ("md5", AuthProtocol::Md5),
        ("sha-1", AuthProtocol::Sha),
        ("Sha", AuthProtocol::Sha),
        ("SHA-224", AuthProtocol::Sha224),
        ("sha256", AuthProtocol::Sha256),
        ("SHA_384", AuthProtocol::Sha384),
        ("SHA512", AuthProtocol::Sha512),
    ];
    let privacy = [
        ("des", PrivProtocol::Des),
        ("3des", PrivProtocol::TripleDes),
        ("aes", PrivProtocol::Aes),
        ("AES128", PrivProtocol::Aes),
        ("AES-128", PrivProtocol::Aes),
        ("aes-192", PrivProtocol::Aes192),
        ("AES256", PrivProtocol::Aes256),
        ("AES-192-C", PrivProtocol::Aes192C),
        ("aes256c", PrivProtocol::Aes256C),
    ];
    let one = |auth: &str, privacy: &str| {
        let text = format!(
            "snmpv3_credentials:\n- username: u\n  credentials:\n  - {{priority: 1, auth_type: {auth}, \
             auth_password: 12345678, priv_type: {privacy}, priv_password: 0x1234567890}}\n"
        );
        credentials(&text).users.remove(0).credentials.remove(0)
    };
    for (word, protocol) in auth {
        let found = one(word, "aes").authentication.unwrap();
        assert_eq!((found.protocol, found.key.expose()), (protocol, &b"12345678"[..]), "{word}");
    }
    for (word, protocol) in privacy {
        let found = one("sha", word).privacy.unwrap();
        assert_eq!((found.protocol, found.key.expose()), (protocol, &b"0x1234567890"[..]), "{word}");
    }
    let open = credentials(
        "snmpv3_credentials:\n- username: u\n  min_security_level: noauthnopriv\n  credentials: [{priority: 3, \
         auth_type: none}]\n",
    );
    assert_eq!(open.users[0].min_security_level, SecurityLevel::NoAuthNoPriv);
    let credential = &open.users[0].credentials[0];
    assert!(credential.authentication.is_none() && credential.privacy.is_none() && credential.active);
}

/// Files with a password on nearly every line, each with a mistake.
pub const BAD_CREDENTIALS: &[(&str, &str)] = &[
    (
        "snmpv3_credentials:\n- username: u\n  credentials:\n  - priority: 1\n    auth_type: SHA1024\n    \
         auth_password: hunter2hunter2\n    priv_type: AES\n    priv_password: hunter2\n",
        "u.yaml:5:16: user \"u\", credential with priority 1: auth_type: not a type that we know; allowed: NONE, MD5, \
         SHA, SHA224, SHA256, SHA384, SHA512\n\
         u.yaml:8:20: user \"u\", credential with priority 1: priv_password: too short; allowed: 8 to 1024 octets",
    ),
    (
        "snmpv3_credentials:\n- username: u\n  min_security_level: noAuthNoPriv\n  credentials:\n  - {priority: 2, \
         auth_type: NONE, priv_type: AES, priv_password: hunter2hunter2}\n",
        "u.yaml:5:47: user \"u\", credential with priority 2: priv_type: privacy without authentication (RFC 3411 \
         3.4.3 has no such security level); allowed: NONE while auth_type is NONE",
    ),
    (
        "snmpv3_credentials:\n- username: u\n  credentials:\n  - {priority: 2, auth_type: SHA, auth_pasword: \
         hunter2hunter2, hunter2hunter2: 1}\n",
        "u.yaml:4:5: user \"u\", credential with priority 2: auth_password: missing; allowed: 8 to 1024 octets; or \
         auth_password_env, auth_password_file, auth_key\n\
         u.yaml:4:35: user \"u\", credential with priority 2: auth_pasword: unknown key (did you mean \
         \"auth_password\"?); allowed: priority, engine_id, auth_type, auth_password, auth_password_env, \
         auth_password_file, auth_key, priv_type, priv_password, priv_password_env, priv_password_file, priv_key, active\n\
         u.yaml:4:65: user \"u\", credential with priority 2: unknown key; allowed: priority, engine_id, auth_type, \
         auth_password, auth_password_env, \
         auth_password_file, auth_key, priv_type, priv_password, priv_password_env, priv_password_file, priv_key, active",
    ),
    (
        "snmpv3_credentials:\n- username: u\n  credentials:\n  - &c {priority: 2, auth_type: MD5, auth_password: \
         hunter2hunter2}\n- username: u\n  credentials:\n  - *c\n",
        "u.yaml:7:5: user \"u\", credential with priority 2: priority: the user has this priority twice; allowed: each \
         number once for a user, or once for each engine",
    ),
    (
        "snmpv3_credentials:\n- username: u\n  min_security_level: noAuthNoPriv\n  credentials:\n  - priority: 1\n    \
         auth_type: NONE\n    auth_password: hunter2hunter2\n",
        "u.yaml:7:20: user \"u\", credential with priority 1: auth_password: a password without a use: auth_type is \
         NONE",
    ),
    (
        "snmpv3_credentials:\n- username: u\n  credentials:\n  - auth_password: \"hunter2hunter2\n    priority: 2\n",
        "u.yaml:5:5: not valid YAML (nothing is quoted where passwords may stand)",
    ),
    (
        "snmpv3_credentials:\n- username: u\n  credentials:\n  - auth_password: *hunter2hunter2\n",
        "u.yaml:4:20: not valid YAML (nothing is quoted where passwords may stand)",
    ),
    ("snmpv3_credentials:\n- hunter2hunter2: 1\n  hunter2hunter2: 1\n", "u.yaml:3:3: a key stands twice"),
    (
        "snmpv3_credentials:\n- hunter2hunter2\n",
        "u.yaml:2:3: user 1: must be a section: keys, each with a value; allowed: username, engine_id, \
         min_security_level, credentials",
    ),
    (
        "snmpv3_credentials:\n- username: u\n  credentials:\n  - {priority: 1, auth_type: NONE}\n  - {priority: 2, \
         auth_type: SHA, auth_password: hunter2hunter2, auth_password_env: NO_SUCH_VARIABLE_OF_OURS}\n  - {priority: \
         3, auth_type: SHA, auth_password_env: NO_SUCH_VARIABLE_OF_OURS}\n  - {priority: 4, auth_type: SHA, \
         auth_password_file: no/such/file}\n",
        "u.yaml:4:30: user \"u\", credential with priority 1: auth_type: without authentication anybody may be this \
         user; the user's level is authNoPriv; allowed: NONE where the user has min_security_level: noAuthNoPriv\n\
         u.yaml:5:85: user \"u\", credential with priority 2: auth_password_env: auth_password is there, too; \
         allowed: one of them\n\
         u.yaml:6:54: user \"u\", credential with priority 3: auth_password_env: the environment variable \
         NO_SUCH_VARIABLE_OF_OURS is not set\n\
         u.yaml:7:55: user \"u\", credential with priority 4: auth_password_file: the file no/such/file cannot be \
         read: No such file or directory (os error 2)",
    ),
    (
        "snmpv3_credentials:\n- username: u\n  min_security_level: authPriv\n  credentials:\n  - {priority: 1, \
         auth_type: SHA, auth_password: hunter2hunter2}\n- username: u\n  credentials:\n  - {priority: 2, \
         auth_type: SHA, auth_password: hunter2hunter2}\n",
        "u.yaml:5:5: user \"u\", credential with priority 1: priv_type: without encryption it is below the user's \
         min_security_level, authPriv; allowed: DES, 3DES, AES, AES192, AES256, AES192C, AES256C\n\
         u.yaml:6:3: user \"u\": min_security_level: another entry of the user says another level; allowed: authPriv, \
         as there; absent means authNoPriv",
    ),
    (
        "snmpv3_credentials:\n- username: u\n  credentials:\n  - {priority: 1, auth_type: MD5, auth_key: \
         00112233445566778899aabbccddeeff}\n  - {priority: 2, engine_id: 0x8000000001, auth_type: SHA, auth_key: \
         00112233445566778899aabbccddeeff}\n  - {priority: 3, engine_id: 80, auth_type: MD5, auth_key: hunter2}\n",
        "u.yaml:4:45: user \"u\", credential with priority 1: auth_key: a localised key is one engine's, and there is \
         no engine_id; allowed: together with engine_id\n\
         u.yaml:5:70: user \"u\", credential with priority 2: auth_key: not as long as the key of this auth_type; \
         allowed: 20 octets, which are 40 hexadecimal digits\n\
         u.yaml:6:30: user \"u\", credential with priority 3: engine_id: not an engine ID; allowed: 5 to 32 octets in \
         hexadecimal digits, as \"0x80001f8804746573743031\"\n\
         u.yaml:6:60: user \"u\", credential with priority 3: auth_key: not hexadecimal digits; allowed: 16 octets, \
         which are 32 hexadecimal digits",
    ),
    ("snmpv3_credentials: hunter2hunter2\n", "u.yaml:1:21: snmpv3_credentials: must be a list"),
    (
        "snmpv3_credentials:\n- username: u\n  credentials: []\n- credentials:\n",
        "u.yaml:3:16: user \"u\": credentials: the list is empty; allowed: a list, at least one element\n\
         u.yaml:4:3: user 2: username: missing; allowed: 1 to 32 octets\n\
         u.yaml:4:3: user 2: credentials: missing; allowed: a list, at least one element",
    ),
];

#[test]
fn mistakes_in_credentials_are_told_without_a_secret() {
    for (text, told) in BAD_CREDENTIALS {
        assert_eq!(credentials_told(text), *told, "{text}");
        let error = config::load_credentials(&OneFile::new("u.yaml", text).path).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{error:?}");
    }
}

#[test]
fn passwords_elsewhere_bound_credentials_and_localised_keys() {
    let folder = tempfile::tempdir().unwrap();
    let password_file = folder.path().join("password");
    let load = |contents: &[u8]| {
        fs::write(&password_file, contents).unwrap();
        let text = format!(
            "snmpv3_credentials:\n- username: u\n  engine_id: \"80:00:1f:88:04:01\"\n  credentials:\n  - {{priority: 1, \
             auth_type: SHA, auth_password_file: {}, priv_type: AES256, priv_password_env: CARGO_PKG_DESCRIPTION}}\n  \
             - {{priority: 1, engine_id: 0x8000000001, auth_type: md5, auth_key: 0x00112233445566778899aabbccddeeff, \
             priv_type: 3DES, priv_key: {}}}\n",
            password_file.display(),
            "ab".repeat(32)
        );
        config::load_credentials(&OneFile::new("u.yaml", text).path)
    };
    for contents in [&b"from a file"[..], b"from a file\n", b"from a file\r\n"] {
        let loaded = load(contents).unwrap();
        let [by_engine, by_user] = &loaded.users[0].credentials[..] else { panic!("{loaded:?}") };
        assert_eq!(by_user.engine_id, EngineId::new(&[0x80, 0, 0x1f, 0x88, 4, 1]));
        assert_eq!(by_engine.engine_id, EngineId::new(&[0x80, 0, 0, 0, 1]));
        assert_eq!(by_user.authentication.as_ref().unwrap().key.expose(), b"from a file");
        let of_variable = by_user.privacy.as_ref().unwrap().key.expose();
        assert_eq!(of_variable, env!("CARGO_PKG_DESCRIPTION").as_bytes());
        let key = &by_engine.authentication.as_ref().unwrap().key;
        assert!(matches!(key, CredentialKey::Localised(key) if key.expose()[..3] == [0, 0x11, 0x22]));
        assert_eq!(by_engine.privacy.as_ref().unwrap().key.expose(), [0xab; 32]);
        let shown = format!("{loaded:?}");
        assert!(!shown.contains("from a file") && !shown.contains("17, 34, 51"), "{shown}");
    }
    let told = load(b"hunter2\n").unwrap_err().to_string();
    assert!(told.contains("auth_password_file: too short; allowed: 8 to 1024 octets"), "{told}");
    let told = load(&[b'h'; 2_000]).unwrap_err().to_string();
    assert!(told.contains("auth_password_file: too long; allowed: 8 to 1024 octets"), "{told}");
    fs::remove_file(&password_file).unwrap();
    fs::create_dir(&password_file).unwrap();
    let text = format!(
        "snmpv3_credentials: [{{username: u, credentials: [{{priority: 1, auth_type: SHA, auth_password_file: {}}}]}}]",
        password_file.display()
    );
    assert!(credentials_told(&text).contains("cannot be read: not a regular file"));
}

#[test]
fn no_single_slip_gives_a_secret_away() {
    // Every file that one octet of damage can make of a good one.
    let whole =
        FIRST_CREDENTIALS.replace("authpass123", "hunter2hunter2").replace("privpass456", "hunter2HUNTER2");
    let (good, _) = whole.split_once("      - priority: 2").unwrap();
    let mut refused = 0;
    for at in 0..good.len() {
        for damage in ["", "\t", "\"", ":", "[", "*", "\n", "%"] {
            let text = format!("{}{damage}{}", &good[..at], &good[at + 1..]);
            let file = OneFile::new("u.yaml", &text);
            let said = match config::load_credentials(&file.path) {
                Ok(credentials) => format!("{credentials:?}"),
                Err(error) => {
                    refused += 1;
                    format!("{error} {error:?}")
                }
            };
            assert!(!said.to_lowercase().contains("hunter"), "{said}\n{text}");
        }
    }
    assert!(refused > 500, "{refused}");
}
