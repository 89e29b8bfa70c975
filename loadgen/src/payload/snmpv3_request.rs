//! SNMPv3 requests under USM, seen from who sends them: the receiver is the authoritative engine (RFC 3414 1.5.1).
//!
//! ```text
//! discovery (RFC 3414 section 4) -> Report with engine ID and clock -> informs -> Response, or Report with the clock
//! ```
//!
//! Invariant: an answer counts only when its MAC is right, where there are keys; shares nothing with the receiver.

use std::time::{Duration, Instant};

use aes::Aes128;
use cfb_mode::cipher::KeyIvInit as _;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha1::Sha1;

use super::ber;
use super::snmpv3::{
    CIPHER_KEY_OCTETS, MAC_OCTETS, MAX_SIZE, SALT_OCTETS, Settings, localised, stretched, write,
};

/// reportableFlag of msgFlags (RFC 3412 6.4).
const REPORTABLE: u8 = 4;
/// authFlag.
const AUTH: u8 = 1;
/// privFlag.
const PRIV: u8 = 2;
/// usmStatsUnknownEngineIDs.0 (RFC 3414 section 5): the answer to a discovery.
const UNKNOWN_ENGINE_IDS: &str = "1.3.6.1.6.3.15.1.1.4.0";
/// usmStats in dots; a counter's number and an instance follow.
const USM_STATS: &str = "1.3.6.1.6.3.15.1.1.";

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// A Response-PDU.
    Response {
        /// Which request it answers.
        request_id: u32,
        /// error-status; 0 is noError.
        error_status: i64,
    },
    /// A Report-PDU: the request was not accepted.
    Report {
        /// The name of the counter in it.
        counter: &'static str,
        /// Whether it told us an engine ID or a clock that we had not, so that requests are worth sending again.
        is_news: bool,
    },
}

/// The receiver's engine as we know it.
#[derive(Debug, Clone)]
struct Engine {
    id: Vec<u8>,
    boots: u32,
    time: u32,
    /// When it told us its time.
    at: Instant,
    mac: Option<Hmac<Sha1>>,
    cipher: Option<[u8; CIPHER_KEY_OCTETS]>,
}

/// One message to be made.
#[derive(Debug, Clone, Copy)]
pub struct Request<'r> {
    /// Name of the user.
    pub user: &'r str,
    /// The PDU.
    pub pdu: &'r [u8],
    /// msgID.
    pub msg_id: u32,
    /// Salt of the cipher, never the same twice.
    pub salt: u64,
}

/// Makes requests and reads answers.
#[derive(Debug, Clone)]
pub struct Requester {
    flags: u8,
    auth: Option<[u8; 20]>,
    privacy: Option<[u8; 20]>,
    engine: Option<Engine>,
}

impl Requester {
    /// With the passwords of `settings`; knows no engine yet.
    #[must_use]
    pub fn new(settings: &Settings) -> Self {
        let [auth, privacy] = [&settings.auth_password, &settings.priv_password]
            .map(|password| password.as_ref().map(|password| stretched(password.as_bytes())));
        Self { flags: settings.flags(), auth, privacy, engine: None }
    }

    /// Whether requests can be made.
    #[must_use]
    pub fn knows_engine(&self) -> bool {
        self.engine.is_some()
    }

    /// The question who the receiver is.
    #[must_use]
    pub fn discovery(msg_id: u32) -> Vec<u8> {
        let pdu = ber::constructed(
            ber::tag::GET_REQUEST,
            &[
                &ber::integer(i64::from(msg_id)),
                &ber::integer(0),
                &ber::integer(0),
                &ber::constructed(ber::tag::SEQUENCE, &[]),
            ],
        );
        let scoped = scoped_pdu(&[], &pdu);
        let parameters = Parameters { engine: &[], boots: 0, time: 0, user: "", mac: &[], salt: &[] };
        encode(msg_id, REPORTABLE, &parameters, &scoped).0
    }

    /// The message of `request`; empty before an engine is known.
    #[must_use]
    pub fn request(&self, request: &Request<'_>, now: Instant) -> Vec<u8> {
        let Some(engine) = &self.engine else { return Vec::new() };
        let time = engine.time.saturating_add(seconds(now.saturating_duration_since(engine.at)));
        let mut data = scoped_pdu(&engine.id, request.pdu);
        let salt = request.salt.to_be_bytes();
        if let Some(key) = &engine.cipher {
            let vector = vector(engine.boots, time, &salt);
            cfb_mode::Encryptor::<Aes128>::new(key.into(), &vector.into()).encrypt(&mut data);
            data = ber::octet_string(&data);
        }
        let parameters = Parameters {
            engine: &engine.id,
            boots: engine.boots,
            time,
            user: request.user,
            mac: if engine.mac.is_some() { &[0; MAC_OCTETS] } else { &[] },
            salt: if engine.cipher.is_some() { &salt } else { &[] },
        };
        let (mut message, mac_at) = encode(request.msg_id, self.flags | REPORTABLE, &parameters, &data);
        if let Some(mac) = &engine.mac {
            let octets = mac_of(mac, &message);
            write(&mut message, mac_at, &octets);
        }
        message
    }

    /// Reads what came back; `None` for what is no answer, or not authentic.
    pub fn read(&mut self, bytes: &[u8], now: Instant) -> Option<Answer> {
        let message = decode(bytes)?;
        let is_authentic = message.flags & AUTH != 0;
        if is_authentic {
            let engine = self.engine.as_ref().filter(|engine| engine.id == message.engine)?;
            let mut zeroed = bytes.to_vec();
            write(&mut zeroed, message.mac_at, &[0; MAC_OCTETS]);
            let right = mac_of(engine.mac.as_ref()?, &zeroed);
            if message.mac != right {
                return None;
            }
        }
        let (tag, mut pdu) = self.open(&message)?;
        let request_id = u32::try_from(pdu.integer()?).ok()?;
        let error_status = pdu.integer()?;
        match tag {
            ber::tag::RESPONSE if is_authentic == self.auth.is_some() => {
                Some(Answer::Response { request_id, error_status })
            }
            ber::tag::REPORT => {
                pdu.integer()?;
                let mut varbind = pdu.inner(ber::tag::SEQUENCE)?.inner(ber::tag::SEQUENCE)?;
                let name = ber::dotted(varbind.content(ber::tag::OBJECT_IDENTIFIER)?)?;
                let is_news = (is_authentic || name == UNKNOWN_ENGINE_IDS) && self.learn(&message, now);
                Some(Answer::Report { counter: counter(&name), is_news })
            }
            _ => None,
        }
    }

    /// Type and content of the PDU, decrypted where it has to be.
    fn open<'m>(&self, message: &'m Decoded<'_>) -> Option<(u8, ber::Reader<'m>)> {
        let scoped = match (&message.cleartext, message.flags & PRIV != 0) {
            (None, true) => {
                // The first octets of the plaintext are its tag and length.
                let engine = self.engine.as_ref()?;
                let key = engine.cipher.as_ref()?;
                let vector = vector(message.boots, message.time, message.salt);
                let mut octets = message.encrypted.clone();
                cfb_mode::Decryptor::<Aes128>::new(key.into(), &vector.into()).decrypt(&mut octets);
                message.decrypted.get_or_init(|| octets)
            }
            (Some(scoped), false) => *scoped,
            _ => return None,
        };
        let mut scoped = ber::Reader(scoped).inner(ber::tag::SEQUENCE)?;
        scoped.content(ber::tag::OCTET_STRING)?;
        scoped.content(ber::tag::OCTET_STRING)?;
        let (tag, content) = scoped.any()?;
        Some((tag, ber::Reader(content)))
    }

    /// Takes engine and clock as `message` has them; whether that was news.
    fn learn(&mut self, message: &Decoded<'_>, now: Instant) -> bool {
        let known = self.engine.as_ref().filter(|engine| engine.id == message.engine);
        let clock_now = known.map(|engine| {
            (engine.boots, engine.time.saturating_add(seconds(now.saturating_duration_since(engine.at))))
        });
        let is_news =
            clock_now.is_none_or(|(boots, time)| boots != message.boots || time.abs_diff(message.time) > 1);
        let local = |key: &[u8; 20]| localised(key, message.engine);
        self.engine = Some(Engine {
            id: message.engine.to_vec(),
            boots: message.boots,
            time: message.time,
            at: now,
            mac: self.auth.as_ref().and_then(|key| Hmac::new_from_slice(&local(key)).ok()),
            cipher: self.privacy.as_ref().and_then(|key| local(key).first_chunk().copied()),
        });
        is_news
    }
}

/// msgSecurityParameters (RFC 3414 2.4).
struct Parameters<'p> {
    engine: &'p [u8],
    boots: u32,
    time: u32,
    user: &'p str,
    mac: &'p [u8],
    salt: &'p [u8],
}

/// A message, and where its MAC is.
fn encode(msg_id: u32, flags: u8, parameters: &Parameters<'_>, data: &[u8]) -> (Vec<u8>, usize) {
    let header = ber::constructed(
        ber::tag::SEQUENCE,
        &[
            &ber::integer(i64::from(msg_id)),
            &ber::integer(MAX_SIZE),
            &ber::octet_string(&[flags]),
            &ber::integer(3),
        ],
    );
    let security = ber::constructed(
        ber::tag::SEQUENCE,
        &[
            &ber::octet_string(parameters.engine),
            &ber::integer(i64::from(parameters.boots)),
            &ber::integer(i64::from(parameters.time)),
            &ber::octet_string(parameters.user.as_bytes()),
            &ber::octet_string(parameters.mac),
            &ber::octet_string(parameters.salt),
        ],
    );
    let security = ber::octet_string(&security);
    let message = ber::constructed(ber::tag::SEQUENCE, &[&ber::integer(3), &header, &security, data]);
    let mac_at = message.len() - data.len() - parameters.salt.len() - 2 - parameters.mac.len();
    (message, mac_at)
}

fn scoped_pdu(engine: &[u8], pdu: &[u8]) -> Vec<u8> {
    ber::constructed(ber::tag::SEQUENCE, &[&ber::octet_string(engine), &ber::octet_string(b""), pdu])
}

/// The parts of a message that came back.
struct Decoded<'b> {
    flags: u8,
    engine: &'b [u8],
    boots: u32,
    time: u32,
    mac: &'b [u8],
    /// Offset of the MAC in the message.
    mac_at: usize,
    salt: &'b [u8],
    /// The scoped PDU where it is not encrypted.
    cleartext: Option<&'b [u8]>,
    encrypted: Vec<u8>,
    decrypted: std::cell::OnceCell<Vec<u8>>,
}

fn decode(bytes: &[u8]) -> Option<Decoded<'_>> {
    let mut message = ber::Reader(bytes).inner(ber::tag::SEQUENCE)?;
    if message.integer()? != 3 {
        return None;
    }
    let mut header = message.inner(ber::tag::SEQUENCE)?;
    header.integer()?;
    header.integer()?;
    let flags = *header.content(ber::tag::OCTET_STRING)?.first()?;
    let mut security = message.inner(ber::tag::OCTET_STRING)?.inner(ber::tag::SEQUENCE)?;
    let engine = security.content(ber::tag::OCTET_STRING)?;
    let boots = u32::try_from(security.integer()?).ok()?;
    let time = u32::try_from(security.integer()?).ok()?;
    security.content(ber::tag::OCTET_STRING)?;
    let mac = security.content(ber::tag::OCTET_STRING)?;
    let salt = security.content(ber::tag::OCTET_STRING)?;
    // What follows the MAC: tag, length and content of the salt, which is shorter than 128 octets, and the data.
    let mac_at = (bytes.len()).checked_sub(message.0.len() + salt.len() + 2 + mac.len())?;
    let data = message.0;
    let (tag, content) = message.any()?;
    let cleartext = (tag == ber::tag::SEQUENCE).then_some(data);
    let encrypted = if cleartext.is_none() { content.to_vec() } else { Vec::new() };
    let decrypted = std::cell::OnceCell::new();
    Some(Decoded { flags, engine, boots, time, mac, mac_at, salt, cleartext, encrypted, decrypted })
}

fn mac_of(mac: &Hmac<Sha1>, message: &[u8]) -> [u8; MAC_OCTETS] {
    let mut mac = mac.clone();
    mac.update(message);
    mac.finalize().into_bytes().first_chunk().copied().unwrap_or_default()
}

/// The initialisation vector of AES (RFC 3826 3.1.2.1).
fn vector(boots: u32, time: u32, salt: &[u8]) -> [u8; 16] {
    let mut vector = [0; 16];
    write(&mut vector, 0, &boots.to_be_bytes());
    write(&mut vector, 4, &time.to_be_bytes());
    write(&mut vector, 8, salt.get(..SALT_OCTETS).unwrap_or_default());
    vector
}

fn seconds(time: Duration) -> u32 {
    u32::try_from(time.as_secs()).unwrap_or(u32::MAX)
}

/// The name of a counter of usmStats (RFC 3414 section 5).
fn counter(name: &str) -> &'static str {
    match name.strip_prefix(USM_STATS) {
        Some("1.0") => "usmStatsUnsupportedSecLevels",
        Some("2.0") => "usmStatsNotInTimeWindows",
        Some("3.0") => "usmStatsUnknownUserNames",
        Some("4.0") => "usmStatsUnknownEngineIDs",
        Some("5.0") => "usmStatsWrongDigests",
        Some("6.0") => "usmStatsDecryptionErrors",
        _ => "another counter",
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::payload::snmp::compose_pdu;
    use crate::payload::{Device, Stamp, patch_numbers};
    use crate::rng::Rng;

    const ENGINE: &[u8] = &[0x80, 0, 0x7E, 0xD9, 5, 1, 2, 3];

    fn settings(auth: bool, privacy: bool) -> Settings {
        let password = |is_there: bool, text: &str| is_there.then(|| text.to_owned());
        Settings {
            auth_password: password(auth, "auth-password"),
            priv_password: password(privacy, "priv-password"),
            ..Settings::default()
        }
    }

    fn inform(sequence: u64) -> Vec<u8> {
        let tail = "run=00c0ffee stream=00000 seq=0000000000";
        let (mut pdu, from_end) =
            compose_pdu(ber::tag::INFORM, Device { index: 0 }, Stamp::of_slot(0), tail, &mut Rng::new(1));
        let at = pdu.len() - from_end;
        patch_numbers(&mut pdu, Some(at), 0, sequence);
        pdu
    }

    /// The Report that a discovery gets (RFC 3414 3.2 3): usmStatsUnknownEngineIDs.0 = 1.
    fn report(counter: u32, boots: u32, time: u32) -> Vec<u8> {
        let name = [1, 3, 6, 1, 6, 3, 15, 1, 1, counter, 0];
        let varbinds = ber::constructed(ber::tag::SEQUENCE, &[&ber::varbind(&name, &[0x41, 1, 1])]);
        let zero = ber::integer(0);
        let pdu = ber::constructed(ber::tag::REPORT, &[&zero, &zero, &zero, &varbinds]);
        let parameters = Parameters { engine: ENGINE, boots, time, user: "", mac: &[], salt: &[] };
        encode(7, 0, &parameters, &scoped_pdu(ENGINE, &pdu)).0
    }

    #[test]
    fn the_question_octet_by_octet() {
        let expected = "303e 020103 3011 020420000001 020300ffe3 040104 020103
                        0410 300e 0400 020100 020100 0400 0400 0400
                        3014 0400 0400 a00e 020420000001 020100 020100 3000";
        let expected: String = expected.split_whitespace().collect();
        let found: String =
            Requester::discovery(0x2000_0001).iter().map(|octet| format!("{octet:02x}")).collect();
        assert_eq!(found, expected);
    }

    /// What a receiver with the same keys would answer: the request, with another PDU type.
    fn answer(requester: &Requester, now: Instant) -> Vec<u8> {
        let mut pdu = inform(77);
        pdu[0] = ber::tag::RESPONSE;
        requester.request(&Request { user: "loadgen", pdu: &pdu, msg_id: 9, salt: 1 }, now)
    }

    #[test]
    fn answers_of_every_level_are_read_and_changed_ones_are_not() {
        let now = Instant::now();
        for (auth, privacy) in [(false, false), (true, false), (true, true)] {
            let mut requester = Requester::new(&settings(auth, privacy));
            assert!(!requester.knows_engine());
            let told = requester.read(&report(4, 3, 100), now);
            assert_eq!(told, Some(Answer::Report { counter: "usmStatsUnknownEngineIDs", is_news: true }));
            assert!(requester.knows_engine());
            let whole = answer(&requester, now);
            let expected = Answer::Response { request_id: crate::payload::request_id(77), error_status: 0 };
            assert_eq!(requester.read(&whole, now), Some(expected), "{auth} {privacy}");
            assert_eq!(whole.windows(4).any(|window| window == b"seq="), !privacy);
            if auth {
                for at in 0..whole.len() {
                    let mut changed = whole.clone();
                    changed[at] ^= 1;
                    assert!(
                        !matches!(requester.read(&changed, now), Some(Answer::Response { .. })),
                        "octet {at}"
                    );
                }
            }
            for length in 0..whole.len() {
                assert_eq!(requester.read(&whole[..length], now), None);
            }
        }
    }

    #[test]
    fn the_clock_goes_on_and_news_of_it_are_told_from_repetitions() {
        let start = Instant::now();
        let mut requester = Requester::new(&settings(false, false));
        requester.read(&report(4, 3, 100), start);
        let later = start + Duration::from_secs(50);
        assert_eq!(
            decode(&answer(&requester, later)).map(|decoded| (decoded.boots, decoded.time)),
            Some((3, 150))
        );
        let mut is_news = |boots, time| {
            matches!(
                requester.read(&report(4, boots, time), later),
                Some(Answer::Report { is_news: true, .. })
            )
        };
        assert!(!is_news(3, 150));
        assert!(is_news(4, 1));
        // A clock is believed from an authentic Report only, unless it is the answer to a discovery.
        let told = requester.read(&report(2, 9, 9), later);
        assert_eq!(told, Some(Answer::Report { counter: "usmStatsNotInTimeWindows", is_news: false }));
    }
}
