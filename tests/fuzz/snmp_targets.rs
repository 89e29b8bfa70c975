//! The targets below the notification: BER, the header of version 3, and USM.

use std::cell::RefCell;
use std::sync::Arc;

use hmac::{Hmac, KeyInit as _, Mac as _};
use mutt::base::limits;
use mutt::base::span::Span;
use mutt::security::{
    AuthProtocol, CredentialSecrets, PrivProtocol, UserSecrets, Users, Usm, UsmError, Verifier,
};
use mutt::wire::ber::{self, Oid, integer};
use mutt::wire::cursor::Cursor;
use mutt::wire::snmp::{Message, ScopedPdu, ScopedPduData, SecurityLevel, UsmParameters, V3Message, decode};
use sha1::Sha1;

use super::samples::v3::{Agent, Level};

/// Encodings that wait to be looked into; more are not.
const NESTED_MAX: usize = 64;

/// BER: contents lie where they are said to, every step takes octets, and a value is what a slower reading finds.
pub fn ber(data: &[u8]) {
    let data = super::as_received(data);
    let mut left = vec![Cursor::new(data)];
    while let Some(mut cursor) = left.pop() {
        while !cursor.is_empty() {
            let before = cursor.left();
            let Ok(tlv) = ber::read(&mut cursor) else { break };
            let contents = tlv.contents.rest();
            assert!(before - cursor.left() >= 2 + contents.len(), "no octet of tag and length");
            assert!(contents.is_empty() || Span::within(data, contents).is_some(), "outside of the datagram");
            assert_integers(contents);
            assert_oid(contents);
            if tlv.tag & 0x20 != 0 && left.len() < NESTED_MAX {
                left.push(tlv.contents);
            }
        }
    }
    assert_integers(data);
    assert_oid(data);
}

/// Integers of up to 16 octets, read octet by octet in a wider type (X.690 8.3).
fn assert_integers(contents: &[u8]) {
    let cursor = Cursor::new(contents);
    let (signed, unsigned) = (integer::signed(cursor).ok(), integer::unsigned64(cursor).ok());
    assert_eq!(integer::signed32(cursor).ok(), signed.and_then(|value| i32::try_from(value).ok()));
    assert_eq!(integer::unsigned32(cursor).ok(), unsigned.and_then(|value| u32::try_from(value).ok()));
    let Some(first) = contents.first().filter(|_| contents.len() <= 16) else { return };
    let start = if first & 0x80 == 0 { 0 } else { -1 };
    let wide = contents.iter().fold(start, |value: i128, octet| (value << 8) | i128::from(*octet));
    assert_eq!(signed, i64::try_from(wide).ok());
    let wide = contents.iter().fold(0, |value: u128, octet| (value << 8) | u128::from(*octet));
    assert_eq!(unsigned, u64::try_from(wide).ok());
}

/// An object identifier is the one coding of its arcs (X.690 8.19).
fn assert_oid(contents: &[u8]) {
    let Ok(oid) = Oid::decode(Cursor::new(contents)) else { return };
    let arcs: Vec<u64> = oid.arcs().map(u64::from).collect();
    assert!(arcs.len() <= limits::OID_SUB_IDENTIFIERS_MAX);
    let sub_identifiers = match arcs[..] {
        [] => Vec::new(),
        [first] => vec![first * 40],
        [first, second, ref rest @ ..] => [&[first * 40 + second], rest].concat(),
    };
    let mut encoded = Vec::new();
    for sub_identifier in sub_identifiers {
        let groups = (64 - u64::leading_zeros(sub_identifier | 1)).div_ceil(7);
        for group in (0..groups).rev() {
            let more = if group > 0 { 0x80 } else { 0 };
            encoded.push((sub_identifier >> (7 * group)) as u8 & 0x7F | more);
        }
    }
    assert_eq!(encoded, contents);
}

/// The header of version 3, also behind a beginning that is always right: it is whole or it is none, and what follows
/// the message changes nothing of it.
pub fn v3_header(data: &[u8]) {
    let data = super::as_received(data);
    assert_header(data);
    let body = data.get(..60_000).unwrap_or(data);
    let length = (body.len() + 3) as u16;
    let [high, low] = length.to_be_bytes();
    assert_header(&[&[0x30, 0x82, high, low, 2, 1, 3], body].concat());
}

fn assert_header(data: &[u8]) {
    let Ok(Message::V3(message)) = decode(data) else { return };
    let whole = message.whole.0;
    assert_eq!(data.get(..whole.len()), Some(whole));
    assert!(message.trailing_octets >= data.len() - whole.len(), "octets pass unseen");
    let (auth, privacy) = (message.flags.0 & 1 != 0, message.flags.0 & 2 != 0);
    let level = match (auth, privacy) {
        (false, false) => Some(SecurityLevel::NoAuthNoPriv),
        (true, false) => Some(SecurityLevel::AuthNoPriv),
        (true, true) => Some(SecurityLevel::AuthPriv),
        (false, true) => None,
    };
    assert_eq!(message.flags.level(), level);
    if let Ok(usm) = UsmParameters::decode(message.security_parameters) {
        assert_eq!(data.get(usm.mac_offset..usm.mac_offset + usm.mac.len()), Some(usm.mac));
        assert!(usm.user.len() <= 32 && usm.boots >= 0 && usm.time >= 0);
    }
    let longer = [whole, b"and more"].concat();
    let Ok(Message::V3(again)) = decode(&longer) else { panic!("octets behind it spoil a message") };
    assert_eq!(
        (again.msg_id, again.max_size, again.flags.0, again.security_model, again.whole.0),
        (message.msg_id, message.max_size, message.flags.0, message.security_model, whole)
    );
    for end in (0..whole.len()).rev().take(100) {
        assert!(decode(whole.get(..end).unwrap_or_default()).is_err(), "a part of {end} octets is a message");
    }
}

const AUTH: &str = "auth-secret";
const PRIVACY: &str = "priv-secret";

/// The users `none`, `auth` and `priv`.
fn users() -> Arc<Users> {
    thread_local!(static USERS: RefCell<Option<Arc<Users>>> = const { RefCell::new(None) });
    USERS.with_borrow_mut(|users| Arc::clone(users.get_or_insert_with(|| Arc::new(derived()))))
}

fn derived() -> Users {
    let auth = Some((AuthProtocol::Sha, AUTH.as_bytes()));
    let privacy = Some((PrivProtocol::Aes, PRIVACY.as_bytes()));
    let credentials = [(None, None), (auth, None), (auth, privacy)]
        .map(|(auth, privacy)| [CredentialSecrets::of_passwords(1, auth, privacy)]);
    let [none, auth, privacy] = &credentials;
    let users = [
        UserSecrets::new(b"none", none),
        UserSecrets::new(b"auth", auth),
        UserSecrets::new(b"priv", privacy),
    ];
    Users::derive(&users, &Users::default())
}

/// One that knows the users and has heard nobody.
fn verifier() -> Verifier {
    let usm = Usm::default();
    usm.users.store(users());
    Verifier::new(Arc::new(usm))
}

/// USM. By the first octet, the others are a datagram: what is accepted is authentic by another reckoning, and no bit of
/// it may change; or they are put in the place of a scoped PDU, sealed as each of the users would, and what is accepted
/// is what they say.
pub fn usm(data: &[u8]) {
    is_accepted(data);
}

/// [`usm`]; returns whether the message is accepted.
pub fn is_accepted(data: &[u8]) -> bool {
    let [kind, data @ ..] = data else { return false };
    let data = super::as_received(data);
    let (user, level) = match kind % 4 {
        0 => return judge(data),
        1 => ("none", Level::NoAuthNoPriv),
        2 => ("auth", Level::AuthNoPriv),
        _ => ("priv", Level::AuthPriv),
    };
    sealed(user, level, data.get(..60_000).unwrap_or(data))
}

/// A datagram as it comes.
fn judge(data: &[u8]) -> bool {
    let Ok(Message::V3(message)) = decode(data) else { return false };
    let mut verifier = verifier();
    let mut scratch = Vec::new();
    let accepted = match verifier.verify(&message, &mut scratch) {
        Ok(accepted) => accepted,
        Err(refusal) => {
            assert!(refusal.parameters.is_some() || !refusal.error.is_of_user());
            return false;
        }
    };
    assert_eq!(Some(accepted.level), message.flags.level());
    let expected = match accepted.parameters.user {
        b"none" => SecurityLevel::NoAuthNoPriv,
        b"auth" => SecurityLevel::AuthNoPriv,
        b"priv" => SecurityLevel::AuthPriv,
        other => panic!("{other:?} is nobody"),
    };
    assert_eq!(accepted.level, expected, "another level than the user's");
    if accepted.level == SecurityLevel::NoAuthNoPriv {
        return true;
    }
    assert_authentic(&message, &accepted.parameters);
    let again = verifier.verify(&message, &mut scratch).map(|_| ()).map_err(|refusal| refusal.error);
    assert!(again != Ok(()) || again == Err(UsmError::Replayed), "a replay is accepted");
    let mut changed = message.whole.0.to_vec();
    for place in 0..changed.len() {
        let bit = 1 << (place % 8);
        changed[place] ^= bit;
        if let Ok(Message::V3(message)) = decode(&changed) {
            let level = verifier.verify(&message, &mut scratch).map(|accepted| accepted.level);
            let is_proved = level.is_ok_and(|level| level > SecurityLevel::NoAuthNoPriv);
            assert!(!is_proved, "bit {bit:#x} of octet {place} may change");
        }
        changed[place] ^= bit;
    }
    true
}

/// The MAC is that of the user's key, by a reckoning of our own.
fn assert_authentic(message: &V3Message<'_>, parameters: &UsmParameters<'_>) {
    let agent = Agent::at_engine(parameters.engine_id.to_vec(), "", AUTH, PRIVACY);
    let mut whole = message.whole.0.to_vec();
    let end = parameters.mac_offset + parameters.mac.len();
    whole[parameters.mac_offset..end].fill(0);
    let mac = Hmac::<Sha1>::new_from_slice(&agent.auth_key).map(|mac| mac.chain_update(&whole).finalize());
    let mac = mac.map(|mac| mac.into_bytes().to_vec()).unwrap_or_default();
    assert_eq!(mac.get(..12), Some(parameters.mac), "not authentic, and accepted");
}

/// `inner` in the place of a scoped PDU, as an agent of ours sends it.
fn sealed(user: &'static str, level: Level, inner: &[u8]) -> bool {
    /// Messages are numbered, so that none is a replay; all in one life of one agent.
    struct Rig {
        agent: Agent,
        verifier: Verifier,
        number: u32,
    }
    thread_local!(static RIG: RefCell<Option<Rig>> = const { RefCell::new(None) });
    RIG.with_borrow_mut(|rig| {
        let rig = rig.get_or_insert_with(|| Rig {
            agent: Agent::new(1, "", AUTH, PRIVACY),
            verifier: verifier(),
            number: 0,
        });
        rig.number += 1;
        let agent = Agent { user, ..rig.agent.clone().at(level) };
        let datagram = agent.sealed(rig.number, 0, inner.to_vec());
        let Ok(Message::V3(message)) = decode(&datagram) else { return false };
        let expected = match (level, message.data) {
            (Level::AuthPriv, ScopedPduData::Encrypted(_)) => ScopedPdu::decode_plaintext(inner).ok(),
            (Level::NoAuthNoPriv | Level::AuthNoPriv, ScopedPduData::Plaintext(contents)) => {
                ScopedPdu::decode(contents).ok()
            }
            _ => None,
        };
        // We are not the engine that may be asked something.
        let expected = expected.filter(|scoped| !scoped.pdu.kind.is_confirmed());
        let mut scratch = Vec::new();
        let found = rig.verifier.verify(&message, &mut scratch);
        assert_eq!(found.as_ref().is_ok(), expected.is_some(), "{:?}", found.err().map(|found| found.error));
        let is_accepted = found.is_ok();
        if let (Ok(found), Some(expected)) = (found, expected) {
            assert_eq!(found.scoped.pdu.kind, expected.pdu.kind);
            assert_eq!(found.scoped.context_name, expected.context_name);
            assert_eq!(found.scoped.pdu.varbinds.bytes(), expected.pdu.varbinds.bytes());
        }
        is_accepted
    })
}
