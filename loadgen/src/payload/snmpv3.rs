//! SNMPv3 traps under USM (RFC 3412 section 6, RFC 3414): composed once, sealed again each time they are sent.
//!
//! ```text
//! 30 L 02 01 03 30 L { msgID msgMaxSize msgFlags 3 } 04 L 30 L { engine boots time user MAC salt } scoped PDU
//! ```
//!
//! A receiver refuses a message that it had before and a clock that stands still, so msgID, boots, time and salt differ
//! from message to message; each has a fixed number of octets, so that no length around it changes. The sender of a trap
//! is the authoritative engine: its clock counts from a start of its own, and its boots are given by the caller, who
//! makes each run a later life than the one before. MAC: HMAC-SHA-96; cipher: CFB128-AES-128 (RFC 3826).
//! Invariant: shares nothing with the receiver; octets come from `ber` and the keys from the RFC's own algorithm.

use std::collections::HashMap;

use aes::Aes128;
use cfb_mode::cipher::KeyIvInit as _;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha1::{Digest as _, Sha1};

use super::{Datagram, Device, Kind, Service, Stamp, ber, snmp};
use crate::rng::Rng;

/// SNMPv3 traps (RFC 3412 section 6), under USM.
pub const V3: Kind = Kind {
    name: "v3",
    help: "SNMPv3 traps, by default noAuthNoPriv",
    service: Service::Trap,
    in_syslog: false,
    compose: |composer, device, stamp, rng| compose(&composer.v3, device, stamp, &composer.tail(), rng),
};

/// SNMPv3 informs. What is composed is the PDU alone: whose engine it is addressed to is known when it is sent.
pub const V3_INFORM: Kind = Kind {
    name: "v3-inform",
    help: "SNMPv3 informs, with the same users and passwords",
    service: Service::Inform,
    in_syslog: false,
    compose: |composer, device, stamp, rng| {
        let (bytes, from_end) = snmp::compose_pdu(ber::tag::INFORM, device, stamp, &composer.tail(), rng);
        let request_id_at = bytes.len() - from_end;
        Datagram { bytes, request_id_at: Some(request_id_at), v3: None }
    },
};

/// Octets of the MAC (RFC 3414 7.3.1).
pub(super) const MAC_OCTETS: usize = 12;
/// Octets of the salt (RFC 3826 3.1.2.1).
pub(super) const SALT_OCTETS: usize = 8;
/// Octets that a password is stretched to (RFC 3414 A.2.2).
const STRETCHED_OCTETS: usize = 1_048_576;
/// Octets of the cipher's key.
pub(super) const CIPHER_KEY_OCTETS: usize = 16;
/// msgMaxSize: the longest payload of a UDP datagram over IPv4.
pub(super) const MAX_SIZE: i64 = 65_507;
/// snmpEngineTime at the start of a run, seconds: half a year, so that it always takes four octets.
const TIME_START: u32 = 0x0100_0000;

/// Engines and users that messages are of.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Number of engines; device i is of engine `i % engines`.
    pub engines: u32,
    /// Name of the user; of the first when there are more.
    pub user: String,
    /// Number of users; device i is of user `i % users`, and users after the first have `-1`, `-2`, ... after the name.
    pub users: u32,
    /// Password of the MAC; `None` sends noAuthNoPriv.
    pub auth_password: Option<String>,
    /// Password of the cipher; `None` sends in clear. Nothing without `auth_password`.
    pub priv_password: Option<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self { engines: 1, user: "loadgen".to_owned(), users: 1, auth_password: None, priv_password: None }
    }
}

impl Settings {
    fn engine(&self, device: Device) -> u32 {
        device.index % self.engines.max(1)
    }

    /// Name of the user of `device`.
    #[must_use]
    pub fn user_of(&self, device: Device) -> String {
        match device.index % self.users.max(1) {
            0 => self.user.clone(),
            number => format!("{}-{number}", self.user),
        }
    }

    /// msgFlags without reportableFlag (RFC 3412 6.4).
    #[must_use]
    pub fn flags(&self) -> u8 {
        u8::from(self.auth_password.is_some()) | u8::from(self.priv_password.is_some()) << 1
    }
}

/// snmpEngineID of engine `number` (RFC 3411 section 5, SnmpEngineID): enterprise 32473, format 5 (octets), the number.
#[must_use]
pub fn engine_id(number: u32) -> [u8; 9] {
    let [a, b, c, d] = number.to_be_bytes();
    [0x80, 0x00, 0x7E, 0xD9, 0x05, a, b, c, d]
}

/// Where the octets stand that differ from message to message, and which keys seal it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Places {
    /// Number of the engine.
    pub engine: u32,
    /// Offset of the four octets of msgID.
    msg_id_at: usize,
    /// Offset of the four octets of boots; tag, length and four octets of time follow.
    boots_at: usize,
    /// Offset of the MAC, where there is one.
    mac_at: Option<usize>,
    /// Offset of the salt, where there is one.
    salt_at: Option<usize>,
    /// Offset of the scoped PDU; it is the rest of the message.
    scoped_at: usize,
}

/// One SNMPv3 trap, before it is sealed.
#[must_use]
pub fn compose(settings: &Settings, device: Device, stamp: Stamp, tail: &str, rng: &mut Rng) -> Datagram {
    let (pdu, request_id_from_end) = snmp::compose_pdu(ber::tag::TRAP_V2, device, stamp, tail, rng);
    let engine = settings.engine(device);
    let id = engine_id(engine);
    let scoped =
        ber::constructed(ber::tag::SEQUENCE, &[&ber::octet_string(&id), &ber::octet_string(b""), &pdu]);
    let mac: &[u8] = if settings.auth_password.is_some() { &[0; MAC_OCTETS] } else { &[] };
    let salt: &[u8] = if settings.priv_password.is_some() { &[0; SALT_OCTETS] } else { &[] };
    let four_octets = ber::integer(i64::from(TIME_START));
    let mac_and_salt = [ber::octet_string(mac), ber::octet_string(salt)].concat();
    let parameters = ber::constructed(
        ber::tag::SEQUENCE,
        &[
            &ber::octet_string(&id),
            &four_octets,
            &four_octets,
            &ber::octet_string(settings.user_of(device).as_bytes()),
            &mac_and_salt,
        ],
    );
    let header = ber::constructed(
        ber::tag::SEQUENCE,
        &[&four_octets, &ber::integer(MAX_SIZE), &ber::octet_string(&[settings.flags()]), &ber::integer(3)],
    );
    let data = if salt.is_empty() { scoped.clone() } else { ber::octet_string(&scoped) };
    let parameters = ber::octet_string(&parameters);
    let bytes = ber::constructed(ber::tag::SEQUENCE, &[&ber::integer(3), &header, &parameters, &data]);
    // Everything is counted from the end, where no length octets stand in the way.
    let parameters_end = bytes.len() - data.len();
    let mac_at = parameters_end - salt.len() - 2 - mac.len();
    let user_octets = settings.user_of(device).len() + 2;
    let boots_at = mac_at - 2 - user_octets - four_octets.len() - 4;
    let places = Places {
        engine,
        msg_id_at: parameters_end - parameters.len() - header.len() + 4,
        boots_at,
        mac_at: Some(mac_at).filter(|_| !mac.is_empty()),
        salt_at: Some(parameters_end - salt.len()).filter(|_| !salt.is_empty()),
        scoped_at: bytes.len() - scoped.len(),
    };
    let request_id_at = bytes.len() - request_id_from_end;
    Datagram { bytes, request_id_at: Some(request_id_at), v3: Some(places) }
}

/// The keys of every engine, and its clock.
#[derive(Debug, Clone)]
pub struct Sealer {
    keys: HashMap<u32, Keys>,
    boots: u32,
}

/// The keys of one engine: the MAC's state after its key, and the cipher's key.
#[derive(Debug, Clone)]
struct Keys {
    mac: Option<Hmac<Sha1>>,
    cipher: Option<[u8; CIPHER_KEY_OCTETS]>,
}

impl Sealer {
    /// Keys of `engines` with the passwords of `settings`, in the life number `boots`.
    #[must_use]
    pub fn new(settings: &Settings, engines: impl Iterator<Item = u32>, boots: u32) -> Self {
        let [auth, privacy] = [&settings.auth_password, &settings.priv_password]
            .map(|password| password.as_ref().map(|password| stretched(password.as_bytes())));
        let keys = |engine| {
            let local = |key: &[u8; 20]| localised(key, &engine_id(engine));
            // A key of any length is taken.
            let mac = auth.as_ref().and_then(|key| Hmac::new_from_slice(&local(key)).ok());
            let cipher = privacy.as_ref().and_then(|key| local(key).first_chunk().copied());
            (engine, Keys { mac, cipher })
        };
        // RFC 3414 2.2.2: 2^31-1 is the last number of a life, and such an engine is believed no more.
        Self { keys: engines.map(keys).collect(), boots: boots.clamp(0x0100_0000, 0x7FFF_FFFE) }
    }

    /// Writes what is this message's own, encrypts it and computes its MAC. `message` is the octets as composed, with
    /// the sequence number in its place; `time_seconds` is the time since the start of the run.
    pub fn seal(&self, message: &mut [u8], places: &Places, sequence: u64, time_seconds: u64) {
        let Some(keys) = self.keys.get(&places.engine) else { return };
        let boots = self.boots.to_be_bytes();
        let time = (TIME_START + (time_seconds & 0x00FF_FFFF) as u32).to_be_bytes();
        write(message, places.msg_id_at, &(0x4000_0000 | (sequence & 0x3FFF_FFFF) as u32).to_be_bytes());
        write(message, places.boots_at, &boots);
        write(message, places.boots_at + 6, &time);
        if let (Some(at), Some(key)) = (places.salt_at, &keys.cipher) {
            let salt = sequence.to_be_bytes();
            write(message, at, &salt);
            let mut vector = [0; 16];
            write(&mut vector, 0, &boots);
            write(&mut vector, 4, &time);
            write(&mut vector, 8, &salt);
            if let Some(scoped) = message.get_mut(places.scoped_at..) {
                cfb_mode::Encryptor::<Aes128>::new(key.into(), &vector.into()).encrypt(scoped);
            }
        }
        if let (Some(at), Some(mac)) = (places.mac_at, &keys.mac) {
            write(message, at, &[0; MAC_OCTETS]);
            let mut mac = mac.clone();
            mac.update(message);
            let octets = mac.finalize().into_bytes();
            write(message, at, octets.get(..MAC_OCTETS).unwrap_or_default());
        }
    }
}

impl Places {
    /// The part that sealing makes unreadable and that is composed anew for each message: the scoped PDU.
    #[must_use]
    pub fn scoped<'m>(&self, message: &'m [u8]) -> &'m [u8] {
        message.get(self.scoped_at..).unwrap_or_default()
    }

    /// Puts back the scoped PDU in clear, as `template` has it.
    pub fn restore(&self, message: &mut [u8], template: &[u8]) {
        write(message, self.scoped_at, self.scoped(template));
    }
}

pub(super) fn write(message: &mut [u8], at: usize, octets: &[u8]) {
    if let Some(place) = message.get_mut(at..at + octets.len()) {
        place.copy_from_slice(octets);
    }
}

/// The user's key (RFC 3414 A.2.2).
pub(super) fn stretched(password: &[u8]) -> [u8; 20] {
    let octets: Vec<u8> = password.iter().copied().cycle().take(STRETCHED_OCTETS).collect();
    Sha1::digest(&octets).into()
}

/// The user's key for one engine (RFC 3414 2.6).
pub(super) fn localised(key: &[u8; 20], engine_id: &[u8]) -> [u8; 20] {
    Sha1::digest([&key[..], engine_id, &key[..]].concat()).into()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::payload::patch_numbers;

    fn hex(octets: &[u8]) -> String {
        octets.iter().map(|octet| format!("{octet:02x}")).collect()
    }

    /// RFC 3414 A.3.2.
    #[test]
    fn keys_are_those_of_the_rfc() {
        let key = stretched(b"maplesyrup");
        assert_eq!(hex(&key), "9fb5cc0381497b3793528939ff788d5d79145211");
        let local = localised(&key, &[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2]);
        assert_eq!(hex(&local), "6695febc9288e36282235fc7151f128497b38f3f");
    }

    fn sealed(settings: &Settings, sequence: u64, seconds: u64) -> (Vec<u8>, Vec<u8>, Places) {
        let device = Device { index: 5 };
        let template = compose(
            settings,
            device,
            Stamp::of_slot(0),
            "run=00c0ffee stream=00000 seq=0000000000",
            &mut Rng::new(1),
        );
        let places = template.v3.unwrap();
        let mut message = template.bytes.clone();
        patch_numbers(&mut message, template.request_id_at, 0, sequence);
        let clear = message.clone();
        Sealer::new(settings, [places.engine].into_iter(), 0x6B00_0000).seal(
            &mut message,
            &places,
            sequence,
            seconds,
        );
        (message, clear, places)
    }

    fn settings(auth: Option<&str>, privacy: Option<&str>) -> Settings {
        let [auth_password, priv_password] = [auth, privacy].map(|password| password.map(str::to_owned));
        Settings { engines: 3, user: "ops".to_owned(), users: 2, auth_password, priv_password }
    }

    #[test]
    fn the_head_octet_by_octet() {
        let (message, clear, _) = sealed(&settings(None, None), 7, 9);
        let head = "020103 3011 020440000007 020300ffe3 040100 020103
                    0424 3022 040980007ed90500000002 02046b000000 020401000009 04056f70732d31 0400 0400";
        let head: String = head.split_whitespace().collect();
        assert_eq!(hex(&message[4..4 + head.len() / 2]), head);
        assert_eq!(message.len(), clear.len());
        assert!(message.ends_with(b"seq=0000000007"));
        assert_eq!(hex(&message[..4]), format!("3082{:04x}", message.len() - 4));
    }

    #[test]
    fn the_mac_is_that_of_the_message_with_zeros_in_its_place() {
        let (mut message, ..) = sealed(&settings(Some("auth-password"), None), 1, 0);
        let (_, _, places) = sealed(&settings(Some("auth-password"), None), 1, 0);
        let at = places.mac_at.unwrap();
        assert_eq!(message[at - 2..at], [0x04, 12]);
        let found = message[at..at + 12].to_vec();
        message[at..at + 12].fill(0);
        // RFC 2104, written out.
        let key = localised(&stretched(b"auth-password"), &engine_id(2));
        let pad = |with: u8| {
            let mut block = [with; 64];
            block.iter_mut().zip(key).for_each(|(octet, key)| *octet ^= key);
            block.to_vec()
        };
        let inner = Sha1::digest([pad(0x36), message].concat());
        let outer = Sha1::digest([pad(0x5C), inner.to_vec()].concat());
        assert_eq!(found, outer[..12]);
    }

    #[test]
    fn what_is_encrypted_comes_back_with_key_and_vector() {
        let settings = settings(Some("auth-password"), Some("priv-password"));
        let (mut message, clear, places) = sealed(&settings, 0x0102_0304, 5);
        assert_eq!(message.len(), clear.len());
        assert_ne!(places.scoped(&message), places.scoped(&clear));
        assert!(!message.windows(4).any(|window| window == b"seq="));
        let key = localised(&stretched(b"priv-password"), &engine_id(2));
        let vector = [0x6B, 0, 0, 0, 1, 0, 0, 5, 0, 0, 0, 0, 1, 2, 3, 4];
        let salt_at = places.salt_at.unwrap();
        assert_eq!(message[salt_at - 2..salt_at + 8], [&[0x04, 8][..], &vector[8..]].concat());
        let key: [u8; 16] = *key.first_chunk().unwrap();
        let scoped = message.get_mut(places.scoped_at..).unwrap();
        cfb_mode::Decryptor::<Aes128>::new(&key.into(), &vector.into()).decrypt(scoped);
        assert_eq!(places.scoped(&message), places.scoped(&clear));
    }

    #[test]
    fn no_two_messages_are_the_same_and_clocks_go_on() {
        let settings = settings(Some("auth-password"), Some("priv-password"));
        let (first, clear, places) = sealed(&settings, 1, 0);
        let (second, ..) = sealed(&settings, 2, 1);
        assert_ne!(places.scoped(&first), places.scoped(&second));
        assert_eq!(first[places.boots_at..places.boots_at + 4], second[places.boots_at..places.boots_at + 4]);
        assert_ne!(
            first[places.boots_at..places.boots_at + 10],
            second[places.boots_at..places.boots_at + 10]
        );
        let mut again = first;
        places.restore(&mut again, &clear);
        assert_eq!(places.scoped(&again), places.scoped(&clear));
    }
}
