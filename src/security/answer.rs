//! What goes back to who sent a request: Responses to informs, with the security that they came with, and Reports that
//! tell a sender what it got wrong (RFC 3412 7.1, RFC 3414 3.1, 3.2).
//!
//! Invariant: only messages that wait for an answer get one, and no answer is longer than its receiver takes. A Report
//! tells nothing but our engine, its clock and a counter.

use crate::security::auth;
use crate::security::engine::LocalEngine;
use crate::security::error::{Refusal, UsmError};
use crate::security::key::{KEY_OCTETS_MAX, Key};
use crate::security::privacy::{self, Freshness};
use crate::security::protocol::{AuthProtocol, PrivProtocol};
use crate::security::verifier::{Accepted, Verifier};
use crate::wire::snmp::encode_v3::{
    Answer, COUNTER_NAME_OCTETS, CounterVarBind, Envelope, OUR_MAX_SIZE, Wrapped, envelope,
};
use crate::wire::snmp::{PduKind, ScopedPdu, ScopedPduData, SecurityLevel, V3Message};

/// error-status tooBig (RFC 3416 4.2.7).
const TOO_BIG: u8 = 1;

/// The shortest msgMaxSize that a sender may announce (RFC 3412 6.3).
const MAX_SIZE_MIN: i32 = 484;

/// usmStats, 1.3.6.1.6.3.15.1.1, as contents octets; the counters are its leaves (RFC 3414 section 5).
const USM_STATS: [u8; 8] = [0x2B, 6, 1, 6, 3, 15, 1, 1];

/// How an answer is protected.
enum Protection<'k> {
    None,
    Auth(AuthProtocol, &'k Key),
    Priv((AuthProtocol, &'k Key), (PrivProtocol, &'k Key)),
}

/// The place of an error's counter under usmStats; `None` for errors that nobody is told.
const fn leaf(error: UsmError) -> Option<u8> {
    match error {
        UsmError::UnsupportedSecurityLevel => Some(1),
        UsmError::NotInTimeWindow => Some(2),
        UsmError::UnknownUserName => Some(3),
        UsmError::UnknownEngineId => Some(4),
        UsmError::WrongDigest => Some(5),
        UsmError::DecryptionError => Some(6),
        UsmError::UnknownSecurityModel
        | UsmError::InvalidMessage
        | UsmError::Malformed
        | UsmError::Replayed => None,
    }
}

impl Verifier {
    /// Appends the Response to an inform that was accepted (RFC 3416 4.2.7): same user, level, msgID and request-id, the
    /// varbinds octet for octet; tooBig and none of them when that is more than the sender takes. Returns whether there
    /// is one: we must be the engine that was addressed.
    pub fn respond(&mut self, message: &V3Message<'_>, accepted: &Accepted<'_>, out: &mut Vec<u8>) -> bool {
        let (usm, users, keys) = self.parts();
        let Some(engine) = usm.engine.as_ref() else { return false };
        let Some(request_id) = accepted.scoped.pdu.request_id() else { return false };
        if engine.id.as_bytes() != accepted.parameters.engine_id {
            return false;
        }
        let mut credentials = users.credentials(accepted.parameters.user, &engine.id);
        let credential = credentials.find(|credential| credential.number == accepted.credential);
        let Some(credential) = credential else { return false };
        let local = keys.get(&engine.id, credential.number);
        let protection = match (&credential.auth, &credential.privacy, local) {
            (None, ..) => Protection::None,
            (Some((auth, _)), None, Some(local)) => Protection::Auth(*auth, &local.auth),
            (Some((auth, _)), Some((privacy, _)), Some(local)) => match &local.privacy {
                Some(key) => Protection::Priv((*auth, &local.auth), (*privacy, key)),
                None => return false,
            },
            (Some(_), _, None) => return false,
        };
        let mut answer = Answer {
            context_engine_id: accepted.scoped.context_engine_id,
            context_name: accepted.scoped.context_name,
            kind: PduKind::RESPONSE,
            request_id,
            error_status: 0,
            varbinds: accepted.scoped.pdu.varbinds.bytes(),
        };
        let start = out.len();
        let limit = message.max_size.clamp(MAX_SIZE_MIN, OUR_MAX_SIZE) as usize;
        let user = accepted.parameters.user;
        let is_sealed = seal(message.msg_id, user, engine, &protection, usm.next_salt(), &answer, out);
        if out.len() - start <= limit {
            return is_sealed;
        }
        out.truncate(start);
        (answer.error_status, answer.varbinds) = (TOO_BIG, &[]);
        seal(message.msg_id, user, engine, &protection, usm.next_salt(), &answer, out)
            && out.len() - start <= limit
    }

    /// Appends the Report that tells the sender of `message` why it was refused (RFC 3412 7.1 (3), RFC 3414 3.2): with
    /// the value of the counter, and authenticated when it is about time, so that the sender can set its clock by it.
    /// Returns whether one is due: the sender must wait for it, and be told.
    pub fn report(&mut self, message: &V3Message<'_>, refusal: &Refusal<'_>, out: &mut Vec<u8>) -> bool {
        let (usm, users, _) = self.parts();
        let Some(engine) = usm.engine.as_ref().filter(|_| message.flags.is_reportable()) else {
            return false;
        };
        let (Some(leaf), Some(parameters)) = (leaf(refusal.error), refusal.parameters) else { return false };
        let scoped = match message.data {
            ScopedPduData::Plaintext(contents) => ScopedPdu::decode(contents).ok(),
            ScopedPduData::Encrypted(_) => None,
        };
        // A sender of what nobody answers does not wait, whatever its flag says.
        if scoped.is_some_and(|scoped| !scoped.pdu.kind.is_confirmed()) {
            return false;
        }
        let mut credentials = users.credentials(parameters.user, &engine.id);
        let credential = credentials
            .find(|credential| Some(credential.number) == refusal.credential)
            .filter(|_| refusal.error == UsmError::NotInTimeWindow);
        let auth = credential.and_then(|credential| credential.auth_for(&engine.id));
        let protection = auth.as_ref().map_or(Protection::None, |(auth, key)| Protection::Auth(*auth, key));
        let mut name = [0; COUNTER_NAME_OCTETS];
        for (place, octet) in name.iter_mut().zip(USM_STATS.into_iter().chain([leaf, 0])) {
            *place = octet;
        }
        // A Counter32 wraps (RFC 2578 7.1.6).
        let varbinds = CounterVarBind::new(name, usm.stats.of(refusal.error).get() as u32);
        let answer = Answer {
            context_engine_id: engine.id.as_bytes(),
            context_name: &[],
            kind: PduKind::REPORT,
            request_id: scoped.and_then(|scoped| scoped.pdu.request_id()).unwrap_or(0),
            error_status: 0,
            varbinds: varbinds.as_bytes(),
        };
        seal(message.msg_id, parameters.user, engine, &protection, 0, &answer, out)
    }
}

/// Appends the message that carries `answer`. Returns whether it could be protected; a cipher that is set up with the
/// key it needs always works.
fn seal(
    msg_id: i32,
    user: &[u8],
    engine: &LocalEngine,
    protection: &Protection<'_>,
    salt: u64,
    answer: &Answer<'_>,
    out: &mut Vec<u8>,
) -> bool {
    let start = out.len();
    let (boots, time) = (engine.boots, engine.time());
    let (level, auth, cipher) = match protection {
        Protection::None => (SecurityLevel::NoAuthNoPriv, None, None),
        Protection::Auth(auth, key) => (SecurityLevel::AuthNoPriv, Some((*auth, *key)), None),
        Protection::Priv(auth, cipher) => (SecurityLevel::AuthPriv, Some(*auth), Some(*cipher)),
    };
    let salt = match cipher {
        // RFC 3414 8.1.1.1: boots, then a number of our own.
        Some((PrivProtocol::Des | PrivProtocol::TripleDes, _)) => {
            ((boots as u64) << 32 | salt & u64::from(u32::MAX)).to_be_bytes()
        }
        _ => salt.to_be_bytes(),
    };
    let head = Envelope {
        msg_id,
        flags: level.flags(),
        engine_id: engine.id.as_bytes(),
        boots,
        time,
        user,
        mac_octets: auth.map_or(0, |(auth, _)| auth.mac_octets()),
        salt: if cipher.is_some() { &salt } else { &[] },
    };
    let plain_octets = answer.octets();
    let (wrapped, data_octets) = match cipher {
        Some((protocol, _)) => (Wrapped::Encrypted, privacy::ciphertext_octets(protocol, plain_octets)),
        None => (Wrapped::Plaintext, plain_octets),
    };
    let mac_at = envelope(&head, wrapped, data_octets, out);
    let data_at = out.len();
    answer.encode(out);
    out.resize(data_at + data_octets, 0);
    let is_encrypted = match (cipher, out.get_mut(data_at..)) {
        (None, _) => true,
        (Some((protocol, key)), Some(data)) => {
            privacy::encrypt(protocol, key, &Freshness { boots, time, salt }, data)
        }
        (Some(_), None) => false,
    };
    if let Some((protocol, key)) = auth {
        let mut mac = [0; KEY_OCTETS_MAX];
        auth::mac(protocol, key, &[out.get(start..).unwrap_or_default()], &mut mac);
        let place = out.get_mut(mac_at..mac_at + protocol.mac_octets()).unwrap_or_default();
        for (place, octet) in place.iter_mut().zip(mac) {
            *place = octet;
        }
    }
    is_encrypted
}
