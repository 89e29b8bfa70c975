//! Version 3 messages of other programs through USM, from the directory in `MUTT_CORPUS_DIR`.
//!
//! Each must be accepted with the stated credentials and say what it says, or be refused by the counter that is
//! stated.

use std::sync::{Arc, OnceLock};

use proptest::prelude::*;
use serde_json::Value as Json;

use crate::corpus_snmp::{hex, in_corpus_terms, report, rows, unhex};
use crate::samples::v3::{Agent, Level};
use crate::support::ber;
use mutt::security::{
    AuthProtocol, CredentialSecrets, EngineId, LocalEngine, PrivProtocol, UserSecrets, Users, Usm, UsmError,
    Verifier,
};
use mutt::wire::snmp::{
    Body, Message, PduKind, ScopedPdu, ScopedPduData, SecurityLevel, UsmParameters, V3Message, decode,
};

/// The files with single messages.
const FILES: [&str; 6] = [
    "snmp-netsnmp-traps",
    "snmp-pysnmp-traps",
    "snmp-known-passwords",
    "snmp-gosnmp",
    "snmp-sharpsnmplib",
    "snmp-captures",
];

/// Messages that we refuse against the corpus. The one is a Report of an agent that counts boots below zero, which
/// RFC 3414 2.4 has no room for; the derived negatives ask for that refusal.
const REFUSED: [&str; 1] = ["snmp-captures/snmpv3_get_next#2"];

/// Messages whose user is given no credential there, so that they can be read and no more.
fn is_readable_only(row: &Json) -> bool {
    let level = row["expect"]["v3"]["level"].as_str().unwrap();
    let creds = &row["creds"];
    (level != "noAuthNoPriv" && creds["auth"].is_null()) || (level == "authPriv" && creds["priv"].is_null())
}

fn auth_of(name: &str) -> AuthProtocol {
    use AuthProtocol::{Md5, Sha, Sha224, Sha256, Sha384, Sha512};
    [Md5, Sha, Sha224, Sha256, Sha384, Sha512].into_iter().find(|known| known.as_str() == name).unwrap()
}

fn privacy_of(name: &str) -> PrivProtocol {
    use PrivProtocol::{Aes, Aes192, Aes192C, Aes256, Aes256C, Des, TripleDes};
    let all = [Des, TripleDes, Aes, Aes192, Aes256, Aes192C, Aes256C];
    all.into_iter().find(|known| known.as_str() == name).unwrap()
}

/// The users of `all` credentials as the corpus writes them.
pub(crate) fn users(all: &[&Json]) -> Users {
    let pair = |creds: &'_ Json, kind: &str| {
        let name = creds[kind].as_str()?;
        Some((name.to_owned(), creds[format!("{kind}_password")].as_str().unwrap().to_owned()))
    };
    let owned: Vec<_> = all
        .iter()
        .map(|creds| (creds["user"].as_str().unwrap_or_default(), pair(creds, "auth"), pair(creds, "priv")))
        .collect();
    let credentials: Vec<[CredentialSecrets<'_>; 1]> = owned
        .iter()
        .map(|(_, auth, privacy)| {
            [CredentialSecrets::of_passwords(
                1,
                auth.as_ref().map(|(name, password)| (auth_of(name), password.as_bytes())),
                privacy.as_ref().map(|(name, password)| (privacy_of(name), password.as_bytes())),
            )]
        })
        .collect();
    let secrets: Vec<UserSecrets<'_>> = owned
        .iter()
        .zip(&credentials)
        .map(|((name, ..), credentials)| UserSecrets::new(name.as_bytes(), credentials))
        .collect();
    Users::derive(&secrets, &Users::default())
}

fn v3<'a>(bytes: &'a [u8], name: &str) -> V3Message<'a> {
    match decode(bytes) {
        Ok(Message::V3(message)) => message,
        other => panic!("{name}: {other:?}"),
    }
}

/// A receiver with these credentials; for a message that waits for an answer it is the engine addressed.
fn receiver(message: &V3Message<'_>, creds: &[&Json]) -> Verifier {
    let parameters = UsmParameters::decode(message.security_parameters).ok();
    let engine = parameters.filter(|_| message.flags.is_reportable()).and_then(|parameters| {
        let time = u32::try_from(parameters.time).unwrap();
        Some(LocalEngine::in_its_life(EngineId::new(parameters.engine_id)?, parameters.boots, time))
    });
    Verifier::new(Arc::new(Usm::new(engine, users(creds))))
}

/// Adds a line for every field of the header that is not as expected.
fn compare_header(name: &str, message: &V3Message<'_>, expect: &Json, differences: &mut Vec<String>) {
    let v3 = &expect["v3"];
    let usm = match UsmParameters::decode(message.security_parameters) {
        Ok(usm) => usm,
        Err(error) => return differences.push(format!("{name}: {error}")),
    };
    let level = message.flags.level().unwrap();
    let encrypted = match message.data {
        ScopedPduData::Encrypted(octets) => Json::from(octets.len()),
        ScopedPduData::Plaintext(_) => Json::Null,
    };
    for (field, found) in [
        ("msg_id", Json::from(message.msg_id)),
        ("msg_max_size", message.max_size.into()),
        ("flags", message.flags.0.into()),
        ("level", level.as_str().into()),
        ("reportable", message.flags.is_reportable().into()),
        ("security_model", message.security_model.into()),
        ("engine_id", hex(usm.engine_id).into()),
        ("boots", usm.boots.into()),
        ("time", usm.time.into()),
        ("user", String::from_utf8_lossy(usm.user).into()),
        ("auth_params", hex(usm.mac).into()),
        ("priv_params", hex(usm.salt).into()),
        ("encrypted_len", encrypted),
    ] {
        if found != v3[field] {
            differences.push(format!("{name} {field}: found {found}, expected {}", v3[field]));
        }
    }
}

/// Adds a line for every field of the scoped PDU that is not as expected.
fn compare_scoped(name: &str, scoped: &ScopedPdu<'_>, expect: &Json, differences: &mut Vec<String>) {
    let pdu = match scoped.pdu.kind.as_str() {
        "trap" => "trap-v2",
        "get-next" => "getnext",
        "get-bulk" => "getbulk",
        other => other,
    };
    let varbinds: Vec<Json> = scoped.pdu.varbinds.iter().map(|varbind| in_corpus_terms(&varbind)).collect();
    let mut expected = expect["varbinds"].clone();
    for row in expected.as_array_mut().into_iter().flatten() {
        row.as_object_mut().unwrap().remove("text");
    }
    for (field, found, expected) in [
        ("context_engine_id", Json::from(hex(scoped.context_engine_id)), &expect["v3"]["context_engine_id"]),
        ("context_name", String::from_utf8_lossy(scoped.context_name).into(), &expect["v3"]["context_name"]),
        ("pdu", pdu.into(), &expect["pdu"]),
        ("request_id", scoped.pdu.request_id().into(), &expect["request_id"]),
        ("varbinds", varbinds.into(), &expected),
    ] {
        if found != *expected {
            differences.push(format!("{name} {field}: found {found}, expected {expected}"));
        }
    }
}

#[test]
fn version_3_messages_are_accepted_and_say_what_is_expected() {
    let mut differences = Vec::new();
    let (mut accepted, mut refused, mut readable) = (0, 0, 0);
    let mut any = false;
    for (file, row) in FILES.iter().flat_map(|file| rows(file).into_iter().map(move |row| (file, row))) {
        any = true;
        let expect = &row["expect"];
        if expect["version"] != "v3" || expect["decode"] != "ok" {
            continue;
        }
        let name = format!("{file}/{}", row["name"].as_str().unwrap());
        let bytes = unhex(row["hex"].as_str().unwrap());
        let message = v3(&bytes, &name);
        if REFUSED.contains(&name.as_str()) {
            let mut scratch = Vec::new();
            let result = receiver(&message, &[]).verify(&message, &mut scratch).map(|_| ());
            assert_eq!(result.map_err(|refusal| refusal.error), Err(UsmError::Malformed), "{name}");
            continue;
        }
        compare_header(&name, &message, expect, &mut differences);
        if is_readable_only(&row) || expect["v3"]["engine_id"] == "" {
            readable += 1;
            if let ScopedPduData::Plaintext(contents) = message.data {
                compare_scoped(&name, &ScopedPdu::decode(contents).unwrap(), expect, &mut differences);
            }
            continue;
        }
        let user = serde_json::json!({ "user": expect["v3"]["user"] });
        let creds = if row["creds"].is_object() { &row["creds"] } else { &user };
        let mut scratch = Vec::new();
        let result =
            receiver(&message, &[creds]).verify(&message, &mut scratch).map_err(|refusal| refusal.error);
        match result {
            Ok(found) if expect["auth_ok"] != false => {
                accepted += 1;
                assert_eq!(found.level.as_str(), expect["v3"]["level"], "{name}");
                compare_scoped(&name, &found.scoped, expect, &mut differences);
                if let Some(plaintext) = expect["plaintext_scoped_pdu"].as_str() {
                    assert!(scratch.starts_with(&unhex(plaintext)), "{name}: another plaintext");
                }
            }
            Err(UsmError::WrongDigest) if expect["auth_ok"] == false => refused += 1,
            other => differences.push(format!(
                "{name}: {:?}, expected {}",
                other.map(|_| "accepted"),
                expect["auth_ok"]
            )),
        }
    }
    report(&format!("version 3: {accepted} accepted, {refused} refused, {readable} without credentials"));
    assert!(differences.is_empty(), "{} differences:\n{}", differences.len(), differences.join("\n"));
    assert!(!any || (accepted >= 95 && refused == 2), "{accepted} {refused}");
}

#[test]
fn changed_messages_are_refused_by_the_right_counter() {
    let mut differences = Vec::new();
    let mut refused = 0;
    let rows = rows("snmp-derived-negatives");
    for row in rows.iter().filter(|row| row["creds"].is_object()) {
        let name = row["name"].as_str().unwrap();
        let bytes = unhex(row["hex"].as_str().unwrap());
        let Ok(Message::V3(message)) = decode(&bytes) else {
            refused += 1;
            let stated = &row["expect"]["usm_error"];
            assert!(row["expect"]["accept"] == false && stated.is_null(), "{name}: {:?}", decode(&bytes));
            continue;
        };
        let mut verifier = receiver(&message, &[&row["creds"]]);
        let mut attempt = || {
            let mut scratch = Vec::new();
            verifier.verify(&message, &mut scratch).map(|_| ()).map_err(|refusal| refusal.error)
        };
        let (first, second) = (attempt(), attempt());
        let is_as_expected = match &row["expect"]["accept"] {
            Json::String(text) if text == "first only" => {
                (first, second) == (Ok(()), Err(UsmError::Replayed))
            }
            Json::Bool(false) => {
                refused += 1;
                let stated = row["expect"]["usm_error"].as_str();
                first.is_err_and(|error| stated.is_none_or(|stated| stated == error.as_str()))
            }
            Json::String(text) if text == "any" => true,
            other => panic!("{name}: {other}"),
        };
        if !is_as_expected {
            differences.push(format!("{name}: {first:?}, then {second:?}; expected {}", row["expect"]));
        }
    }
    assert!(differences.is_empty(), "{} differences:\n{}", differences.len(), differences.join("\n"));
    assert!(rows.is_empty() || refused >= 115, "only {refused}");
}

/// The counter of a Report-PDU, by the fourth last arc of its only varbind.
fn counter_of(step: &Json) -> Option<UsmError> {
    if step["expect"]["pdu"] != "report" {
        return None;
    }
    let oid = step["expect"]["varbinds"][0]["oid"].as_str()?;
    Some(match oid.strip_prefix("1.3.6.1.6.3.15.1.1.")? {
        "1.0" => UsmError::UnsupportedSecurityLevel,
        "2.0" => UsmError::NotInTimeWindow,
        "3.0" => UsmError::UnknownUserName,
        "4.0" => UsmError::UnknownEngineId,
        "5.0" => UsmError::WrongDigest,
        other => panic!("{other}"),
    })
}

/// Compares what we answer with what was answered then: octet for octet, and the plaintext of what is encrypted.
fn compare_answer(name: &str, answer: &[u8], recorded: &Json, users: &Arc<Users>) {
    let octets = unhex(recorded["hex"].as_str().unwrap());
    let Some(plaintext) = recorded["expect"]["plaintext_scoped_pdu"].as_str() else {
        assert_eq!(hex(answer), hex(&octets), "{name}");
        return;
    };
    // As the sender of the inform reads it, for whom we are another engine.
    let usm = Usm::default();
    usm.users.store(Arc::clone(users));
    let mut scratch = Vec::new();
    let accepted =
        Verifier::new(Arc::new(usm)).verify(&v3(answer, name), &mut scratch).map(|found| found.level);
    assert_eq!(accepted.map_err(|refusal| refusal.error), Ok(SecurityLevel::AuthPriv), "{name}");
    assert!(scratch.starts_with(&unhex(plaintext)), "{name}: {}", hex(&scratch));
    assert_eq!(answer.len(), octets.len(), "{name}");
}

#[test]
fn recorded_exchanges_are_judged_and_answered_as_by_the_receiver_of_then() {
    let rows = rows("snmp-netsnmp-exchanges");
    let mut known: Vec<&Json> = Vec::new();
    for creds in rows.iter().map(|row| &row["creds"]).filter(|creds| creds.is_object()) {
        if creds["user"] != "nobody-here" && known.iter().all(|other| other["user"] != creds["user"]) {
            known.push(creds);
        }
    }
    let users = Arc::new(users(&known));
    let (mut judged, mut answered) = (0, 0);
    for row in rows.iter().filter(|row| row["creds"].is_object()) {
        let name = row["name"].as_str().unwrap();
        let engine = EngineId::new(&unhex(row["receiver_engine_id"].as_str().unwrap())).unwrap();
        let steps = row["steps"].as_array().unwrap();
        for (step, answer) in steps.iter().zip(steps.iter().skip(1).map(Some).chain([None])) {
            if step["dir"] != "to-receiver" {
                continue;
            }
            let bytes = unhex(step["hex"].as_str().unwrap());
            let message = v3(&bytes, name);
            let answer = answer.filter(|answer| answer["dir"] == "from-receiver");
            let now = answer.unwrap_or(step)["expect"]["v3"]["time"].as_u64().unwrap();
            let now = LocalEngine::in_its_life(engine, 1, u32::try_from(now).unwrap());
            let usm = Usm::new(Some(now), Users::default());
            usm.users.store(Arc::clone(&users));
            if let Some((error, count)) = answer.and_then(|answer| {
                Some((counter_of(answer)?, answer["expect"]["varbinds"][0]["value"].as_u64()?))
            }) {
                usm.stats.of(error).add(count - 1);
            }
            let mut verifier = Verifier::new(Arc::new(usm));
            let (mut scratch, mut out) = (Vec::new(), Vec::new());
            let (found, is_answered) = match verifier.verify(&message, &mut scratch) {
                Ok(accepted) => (Ok(()), verifier.respond(&message, &accepted, &mut out)),
                Err(refusal) => (Err(refusal.error), verifier.report(&message, &refusal, &mut out)),
            };
            if let Some(answer) = answer {
                assert!(is_answered, "{name}: no answer");
                compare_answer(name, &out, answer, &users);
                answered += 1;
            }
            let expected = match (answer, name) {
                (Some(answer), _) => counter_of(answer).map_or(Ok(()), Err),
                // A trap from an engine of its own; net-snmp wants such engines configured, we learn them.
                (None, "trap-v3-unknown-engine-known-user") => Ok(()),
                (None, name) if name.contains("wrong-priv") => Err(UsmError::DecryptionError),
                // net-snmp's access control refuses silently what is below the level configured.
                (None, _) => Err(UsmError::UnsupportedSecurityLevel),
            };
            assert_eq!(found, expected, "{name}: {}", step["expect"]["pdu"]);
            judged += 1;
        }
    }
    assert!(rows.is_empty() || (judged >= 48 && answered >= 43), "{judged} {answered}");
}

/// The user of [`Agent`]s, with a credential of each level from the given one on.
fn agents_users(lowest: SecurityLevel) -> Arc<Users> {
    let auth = Some((AuthProtocol::Sha, &b"auth-secret"[..]));
    let levels = [(None, None), (auth, None), (auth, Some((PrivProtocol::Aes, &b"priv-secret"[..])))];
    let credentials = levels.map(|(auth, privacy)| CredentialSecrets::of_passwords(1, auth, privacy));
    let credentials = credentials.get(lowest as usize..).unwrap();
    let user = UserSecrets::new(b"ops", credentials);
    Arc::new(Users::derive(&[user], &Users::default()))
}

fn verifier(users: &Arc<Users>) -> Verifier {
    let usm = Usm::default();
    usm.users.store(Arc::clone(users));
    Verifier::new(Arc::new(usm))
}

fn agent() -> Agent {
    Agent::new(1, "ops", "auth-secret", "priv-secret")
}

#[test]
fn no_flipped_bit_passes() {
    let users = agents_users(SecurityLevel::AuthNoPriv);
    for level in [Level::AuthNoPriv, Level::AuthPriv] {
        let packet = agent().at(level).link_down(1);
        let mut verifier = verifier(&users);
        let mut scratch = Vec::new();
        for bit in 0..packet.len() * 8 {
            let mut flipped = packet.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let Ok(Message::V3(message)) = decode(&flipped) else { continue };
            let result =
                verifier.verify(&message, &mut scratch).map(|found| (found.level, found.scoped.pdu.kind));
            // The bit that says that the sender waits is in the MAC, too; nothing is left unprotected.
            assert!(result.is_err(), "{level:?}, bit {bit}: {result:?}");
        }
        // Nothing of that kept the right one out.
        let message = v3(&packet, "the right one");
        assert!(verifier.verify(&message, &mut scratch).is_ok());
    }
}

/// An inform to `agent`'s engine with a text of `octets` octets, and the engine's answer.
fn answer_to_inform_of(octets: usize, agent: &Agent) -> Vec<u8> {
    let varbinds =
        ber::sequence(&[ber::sequence(&[ber::oid(&ber::SYS_UP_TIME), ber::octets(&vec![b'x'; octets])])]);
    let pdu = ber::tlv(0xa6, &[ber::integer(9), ber::integer(0), ber::integer(0), varbinds].concat());
    let scoped = ber::sequence(&[ber::octets(&agent.engine_id), ber::octets(b""), pdu]);
    let packet = agent.sealed(1, 4, scoped);
    let engine = EngineId::new(&agent.engine_id).unwrap();
    let usm = Usm::new(Some(LocalEngine::in_its_life(engine, 1, 1_000)), Users::default());
    usm.users.store(agents_users(SecurityLevel::AuthNoPriv));
    let mut verifier = Verifier::new(Arc::new(usm));
    let (mut scratch, mut out) = (Vec::new(), Vec::new());
    let message = v3(&packet, "inform");
    let accepted = verifier.verify(&message, &mut scratch).unwrap();
    assert!(verifier.respond(&message, &accepted, &mut out));
    out
}

#[test]
fn an_answer_that_its_receiver_cannot_take_is_too_big() {
    for level in [Level::AuthNoPriv, Level::AuthPriv] {
        let agent = Agent { max_size: 600, ..agent().at(level) };
        for (octets, error_status, varbinds) in [(200, 0, 1), (700, 1, 0)] {
            let answer = answer_to_inform_of(octets, &agent);
            assert!(answer.len() <= 600, "{level:?}: {} octets", answer.len());
            let message = v3(&answer, "response");
            let mut scratch = Vec::new();
            let mut sender = verifier(&agents_users(SecurityLevel::AuthNoPriv));
            let pdu = sender.verify(&message, &mut scratch).unwrap().scoped.pdu;
            let Body::Common(common) = pdu.body else { panic!("{pdu:?}") };
            assert_eq!(
                (pdu.kind, common.request_id, common.error_status),
                (PduKind::RESPONSE, 9, error_status)
            );
            assert_eq!(pdu.varbinds.iter().count(), varbinds, "{level:?}");
        }
    }
}

proptest! {
    /// Who has the keys may still send rubbish: it is read as far as it goes, and refused.
    #[test]
    fn authentic_rubbish_is_survived(octets in proptest::collection::vec(any::<u8>(), 0..300), n in 1_u32..1_000_000) {
        static USERS: OnceLock<(Arc<Users>, Agent)> = OnceLock::new();
        let (users, agent) = USERS.get_or_init(|| (agents_users(SecurityLevel::NoAuthNoPriv), agent()));
        for level in [Level::NoAuthNoPriv, Level::AuthNoPriv, Level::AuthPriv] {
            let packet = agent.clone().at(level).sealed(n, 0, octets.clone());
            let Ok(Message::V3(message)) = decode(&packet) else { continue };
            let mut scratch = Vec::new();
            let result = verifier(users).verify(&message, &mut scratch).map_err(|refusal| refusal.error);
            match result {
                Ok(_) | Err(UsmError::Malformed | UsmError::DecryptionError | UsmError::UnknownEngineId) => {}
                Err(other) => prop_assert!(false, "{:?}: {}", level, other),
            }
        }
    }
}
