//! SNMPv3 messages of HMAC-SHA-96 and CFB128-AES-128 (RFC 3414, RFC 3826), written without the code under test.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha1::{Digest as _, Sha1};

use super::{Pdu, integer, link_down_pdu, tlv};

/// Octets of the MAC.
const MAC_OCTETS: usize = 12;

/// reportableFlag.
const REPORTABLE: u8 = 4;

/// The question for the engine of a receiver (RFC 3414 section 4).
pub fn discovery(msg_id: u32) -> Vec<u8> {
    let nobody = Agent {
        engine_id: Vec::new(),
        user: "",
        boots: 0,
        time: 0,
        level: Level::NoAuthNoPriv,
        max_size: 65_507,
        auth_key: Vec::new(),
        priv_key: Vec::new(),
    };
    let pdu = tlv(0xA0, &[&integer(0x02, msg_id), &[0x02, 1, 0, 0x02, 1, 0], &[0x30, 0]]);
    nobody.message(msg_id, REPORTABLE, &pdu)
}

/// What an agent protects its notifications with.
#[allow(clippy::enum_variant_names, reason = "the words of RFC 3411 3.4.3")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    NoAuthNoPriv,
    AuthNoPriv,
    AuthPriv,
}

/// The keys of a user at one engine.
#[derive(Clone)]
pub struct Agent {
    pub engine_id: Vec<u8>,
    pub user: &'static str,
    pub boots: u32,
    pub time: u32,
    pub level: Level,
    /// msgMaxSize.
    pub max_size: u32,
    pub auth_key: Vec<u8>,
    pub priv_key: Vec<u8>,
}

/// A password's key, localised (RFC 3414 A.2.2).
fn key(password: &str, engine_id: &[u8]) -> Vec<u8> {
    let stretched: Vec<u8> = password.bytes().cycle().take(1_048_576).collect();
    let ku = Sha1::digest(&stretched);
    Sha1::digest([&ku[..], engine_id, &ku[..]].concat()).to_vec()
}

impl Agent {
    /// An agent of its own engine, in its first life.
    pub fn new(number: u32, user: &'static str, auth_password: &str, priv_password: &str) -> Self {
        let engine_id = [&[0x80, 0, 0x7E, 0xD9, 5][..], &number.to_be_bytes()].concat();
        Self::at_engine(engine_id, user, auth_password, priv_password)
    }

    /// What sends informs to the engine `engine_id`.
    pub fn at_engine(
        engine_id: Vec<u8>,
        user: &'static str,
        auth_password: &str,
        priv_password: &str,
    ) -> Self {
        let [auth_key, priv_key] = [auth_password, priv_password].map(|password| key(password, &engine_id));
        Self {
            engine_id,
            user,
            boots: 1,
            time: 1_000,
            level: Level::AuthPriv,
            max_size: 65_507,
            auth_key,
            priv_key,
        }
    }

    /// The same agent with another level.
    pub fn at(mut self, level: Level) -> Self {
        self.level = level;
        self
    }

    /// The same agent `time` seconds after its start number `boots`.
    pub fn in_life(mut self, boots: u32, time: u32) -> Self {
        (self.boots, self.time) = (boots, time);
        self
    }

    /// The trap number `n`, a linkDown of six varbinds.
    pub fn link_down(&self, n: u32) -> Vec<u8> {
        self.message(n, 0, &link_down_pdu(n, Pdu::Trap))
    }

    /// The inform number `n`, a linkDown of six varbinds, in a message of its own number.
    pub fn inform(&self, msg_id: u32, n: u32) -> Vec<u8> {
        self.message(msg_id, REPORTABLE, &link_down_pdu(n, Pdu::Inform))
    }

    /// A message with msgID and salt `n`.
    fn message(&self, n: u32, more_flags: u8, pdu: &[u8]) -> Vec<u8> {
        let scoped = tlv(0x30, &[&tlv(0x04, &[&self.engine_id]), &tlv(0x04, &[]), pdu]);
        self.sealed(n, more_flags, scoped)
    }

    /// A message with these octets in the place of a ScopedPDU, whatever they are.
    pub fn sealed(&self, n: u32, more_flags: u8, scoped: Vec<u8>) -> Vec<u8> {
        let salt = u64::from(n).to_be_bytes();
        let (flags, mac, salt, data): (u8, &[u8], &[u8], _) = match self.level {
            Level::NoAuthNoPriv => (0, &[], &[], scoped),
            Level::AuthNoPriv => (1, &[0; MAC_OCTETS], &[], scoped),
            Level::AuthPriv => (3, &[0; MAC_OCTETS], &salt, tlv(0x04, &[&self.encrypt(scoped, &salt)])),
        };
        let header = tlv(
            0x30,
            &[
                &integer(0x02, n),
                &integer(0x02, self.max_size),
                &[0x04, 1, flags | more_flags],
                &[0x02, 1, 3],
            ],
        );
        let salt = tlv(0x04, &[salt]);
        let parameters = tlv(
            0x30,
            &[
                &tlv(0x04, &[&self.engine_id]),
                &integer(0x02, self.boots),
                &integer(0x02, self.time),
                &tlv(0x04, &[self.user.as_bytes()]),
                &tlv(0x04, &[mac]),
                &salt,
            ],
        );
        let behind_mac = salt.len() + data.len();
        let mut whole = tlv(0x30, &[&[0x02, 1, 3], &header, &tlv(0x04, &[&parameters]), &data]);
        if !mac.is_empty() {
            let mac = Hmac::<Sha1>::new_from_slice(&self.auth_key).unwrap().chain_update(&whole).finalize();
            let end = whole.len() - behind_mac;
            whole[end - MAC_OCTETS..end].copy_from_slice(&mac.into_bytes()[..MAC_OCTETS]);
        }
        whole
    }

    fn encrypt(&self, mut scoped: Vec<u8>, salt: &[u8]) -> Vec<u8> {
        use cfb_mode::cipher::KeyIvInit as _;
        let vector = [&self.boots.to_be_bytes()[..], &self.time.to_be_bytes(), salt].concat();
        let cipher = cfb_mode::Encryptor::<aes::Aes128>::new_from_slices(&self.priv_key[..16], &vector);
        cipher.unwrap().encrypt(&mut scoped);
        scoped
    }
}
