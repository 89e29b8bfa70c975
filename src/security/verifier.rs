//! The processing of an incoming message (RFC 3412 7.2, RFC 3414 3.2), step by step in the order of the RFC.

use std::net::IpAddr;
use std::sync::Arc;

use crate::security::auth;
use crate::security::engine::{EngineId, LAST, LocalEngine};
use crate::security::error::{Refusal, UsmError};
use crate::security::key::Key;
use crate::security::key_cache::{KeyCache, LocalKeys};
use crate::security::privacy::{self, Freshness};
use crate::security::protocol::AuthProtocol;
use crate::security::report_limit::ReportLimit;
use crate::security::senders::WINDOW_SECONDS;
use crate::security::users::{Credential, Users};
use crate::security::usm::Usm;
use crate::wire::snmp::v3::SECURITY_MODEL_USM;
use crate::wire::snmp::{PduKind, ScopedPdu, ScopedPduData, SecurityLevel, UsmParameters, V3Message};

/// USM as one shard works with it.
#[derive(Debug)]
pub struct Verifier {
    usm: Arc<Usm>,
    users: Arc<Users>,
    keys: KeyCache,
    reports: ReportLimit,
}

/// A message that was accepted at its security level. At noAuthNoPriv nothing of it is proved.
#[derive(Debug, Clone, Copy)]
pub struct Accepted<'a> {
    /// The level that it came with, which is the level of the credential.
    pub level: SecurityLevel,
    /// Engine, user, boots and time.
    pub parameters: UsmParameters<'a>,
    /// The operator's number of the credential that it was made with.
    pub priority: u32,
    /// Our number of the credential.
    pub credential: u64,
    /// Whether we are the authoritative engine, as for informs.
    pub is_ours: bool,
    /// What it says.
    pub scoped: ScopedPdu<'a>,
}

/// How far a credential got with a message.
enum Attempt {
    /// It is another pass's turn to try it.
    NotTried,
    /// The MAC is another one.
    NotAuthentic,
    /// The MAC is right, and this is the end of it.
    Refused(UsmError),
    /// All is right; the plaintext of an encrypted message is in the scratch.
    Accepted,
}

/// A message under way through the steps.
struct Candidate<'m, 'a> {
    message: &'m V3Message<'a>,
    parameters: UsmParameters<'a>,
    engine: EngineId,
    /// Whether we are the authoritative engine.
    is_ours: bool,
}

impl Verifier {
    /// USM for one shard.
    #[must_use]
    pub fn new(usm: Arc<Usm>) -> Self {
        Self { users: usm.users.load_full(), usm, keys: KeyCache::new(), reports: ReportLimit::new() }
    }

    /// What all shards share.
    #[must_use]
    pub fn usm(&self) -> &Usm {
        &self.usm
    }

    /// Whether there is such a user.
    #[must_use]
    pub fn knows(&self, user: &[u8]) -> bool {
        self.users.has(user)
    }

    /// What answers are made with.
    pub(super) fn parts(&mut self) -> (&Usm, &Users, &mut KeyCache) {
        (&self.usm, &self.users, &mut self.keys)
    }

    /// Whether `source` may be sent one more Report; counts it.
    pub fn may_report_to(&mut self, source: IpAddr) -> bool {
        let is_allowed = self.reports.allows(source, self.usm.now());
        let counter = if is_allowed { &self.usm.reports } else { &self.usm.reports_suppressed };
        counter.add(1);
        is_allowed
    }

    /// Takes the users in force from now on. Keys of credentials that are no more are wiped.
    pub fn refresh(&mut self) {
        let current = self.usm.users.load();
        if !Arc::ptr_eq(&current, &self.users) {
            self.users = Arc::clone(&current);
            self.keys.retain(|credential| current.has_number(credential));
        }
    }

    /// Accepts or refuses `message`, and counts what is refused. `scratch` receives the plaintext of an encrypted one;
    /// what it held before is overwritten.
    ///
    /// # Errors
    /// [`Refusal`]: the peer's fault, or ours when the credentials are not those of the device.
    pub fn verify<'a>(
        &mut self,
        message: &V3Message<'a>,
        scratch: &'a mut Vec<u8>,
    ) -> Result<Accepted<'a>, Refusal<'a>> {
        let now = self.usm.now();
        let result = self.verify_at(message, scratch, now);
        if let Err(refusal) = &result {
            self.usm.stats.of(refusal.error).add(1);
        }
        result
    }

    /// [`verify`](Self::verify) when our clock shows `now`, without counting.
    pub(super) fn verify_at<'a>(
        &mut self,
        message: &V3Message<'a>,
        scratch: &'a mut Vec<u8>,
        now: u64,
    ) -> Result<Accepted<'a>, Refusal<'a>> {
        let Self { usm, users, keys, .. } = self;
        let (candidate, level) = Candidate::new(message, usm)?;
        let parameters = candidate.parameters;
        let mut refusal =
            Refusal { error: UsmError::WrongDigest, parameters: Some(parameters), credential: None };
        // RFC 3414 3.2 (4), (5).
        let credentials = users.credentials(parameters.user, &candidate.engine);
        if credentials.clone().next().is_none() {
            return Err(Refusal { error: UsmError::UnknownUserName, ..refusal });
        }
        let fitting = || credentials.clone().filter(|credential| credential.level() == level);
        if fitting().next().is_none() {
            return Err(Refusal { error: UsmError::UnsupportedSecurityLevel, ..refusal });
        }
        // What the engine used before comes first: it costs no key, and is most likely the one.
        let passes =
            [true, false].into_iter().flat_map(|known| fitting().map(move |fitting| (known, fitting)));
        for (is_known, credential) in passes {
            match candidate.attempt(credential, is_known, usm, keys, scratch, now) {
                Attempt::NotTried | Attempt::NotAuthentic => {}
                Attempt::Refused(error) => {
                    refusal = Refusal { error, credential: Some(credential.number), ..refusal };
                    // Another credential may have the same key for the MAC and another one for the cipher.
                    if error != UsmError::DecryptionError {
                        break;
                    }
                }
                Attempt::Accepted => {
                    let scoped = match message.data {
                        ScopedPduData::Plaintext(contents) => ScopedPdu::decode(contents),
                        ScopedPduData::Encrypted(_) => ScopedPdu::decode_plaintext(scratch),
                    };
                    let Ok(scoped) = scoped else { break };
                    let (priority, credential) = (credential.priority, credential.number);
                    let is_ours = candidate.is_ours;
                    return Ok(Accepted { level, parameters, priority, credential, is_ours, scoped });
                }
            }
        }
        Err(refusal)
    }
}

impl<'m, 'a> Candidate<'m, 'a> {
    /// The steps before the user is looked for: RFC 3412 7.2 (4), (5) and RFC 3414 3.2 (1) to (3).
    fn new(message: &'m V3Message<'a>, usm: &Usm) -> Result<(Self, SecurityLevel), Refusal<'a>> {
        let refused = |error, parameters| Refusal { error, parameters, credential: None };
        if message.security_model != SECURITY_MODEL_USM {
            return Err(refused(UsmError::UnknownSecurityModel, None));
        }
        let Some(level) = message.flags.level() else {
            let parameters = UsmParameters::decode(message.security_parameters).ok();
            return Err(refused(UsmError::InvalidMessage, parameters));
        };
        let Ok(parameters) = UsmParameters::decode(message.security_parameters) else {
            return Err(refused(UsmError::Malformed, None));
        };
        // A request must be addressed to us; a trap tells the engine that is authoritative for it, which may be new.
        let ours = usm.engine.as_ref().filter(|engine| engine.id.as_bytes() == parameters.engine_id);
        let is_ours = ours.is_some();
        let engine = EngineId::new(parameters.engine_id);
        let Some(engine) = engine.filter(|_| is_ours || !message.flags.is_reportable()) else {
            return Err(refused(UsmError::UnknownEngineId, Some(parameters)));
        };
        Ok((Self { message, parameters, engine, is_ours }, level))
    }

    /// Tries one credential of the message's level: with the keys that are `known` for the engine, or with keys that
    /// are not yet. RFC 3414 3.2 (6) and on.
    fn attempt(
        &self,
        credential: &Credential,
        is_known: bool,
        usm: &Usm,
        cache: &mut KeyCache,
        scratch: &mut Vec<u8>,
        now: u64,
    ) -> Attempt {
        let Some((auth, _)) = &credential.auth else {
            return if is_known { Attempt::NotTried } else { self.finish(self.read_plaintext(), usm, now) };
        };
        match cache.get(&self.engine, credential.number) {
            Some(_) if !is_known => Attempt::NotTried,
            None if is_known => Attempt::NotTried,
            Some(keys) => {
                if !self.is_authentic(*auth, &keys.auth) {
                    return Attempt::NotAuthentic;
                }
                if !self.is_timely(usm, now) {
                    return Attempt::Refused(UsmError::NotInTimeWindow);
                }
                self.finish(self.open(credential, keys, scratch), usm, now)
            }
            None => {
                let Some((_, local)) = credential.auth_for(&self.engine) else { return Attempt::NotTried };
                if !self.is_authentic(*auth, &local) {
                    return Attempt::NotAuthentic;
                }
                if !self.is_timely(usm, now) {
                    return Attempt::Refused(UsmError::NotInTimeWindow);
                }
                let keys = LocalKeys { auth: local, privacy: credential.cipher_key_for(&self.engine) };
                let opened = self.open(credential, &keys, scratch);
                cache.insert(&self.engine, credential.number, keys);
                self.finish(opened, usm, now)
            }
        }
    }

    /// RFC 3414 3.2 (6).
    fn is_authentic(&self, auth: AuthProtocol, key: &Key) -> bool {
        let UsmParameters { mac, mac_offset, .. } = self.parameters;
        auth::is_authentic(auth, key, self.message.whole.0, mac_offset, mac)
    }

    /// RFC 3414 3.2 (7): by our own clock or by the sender's.
    fn is_timely(&self, usm: &Usm, now: u64) -> bool {
        let UsmParameters { boots, time, .. } = self.parameters;
        if !usm.checks_freshness {
            return true;
        }
        match usm.engine.as_ref().filter(|_| self.is_ours) {
            Some(ours) => is_timely_for(ours, boots, time),
            None => usm.senders.is_timely(&self.engine, boots, time, now),
        }
    }

    /// RFC 3414 3.2 (8): what the message says, in the scratch where it was encrypted.
    fn open(
        &self,
        credential: &Credential,
        keys: &LocalKeys,
        scratch: &mut Vec<u8>,
    ) -> Result<PduKind, UsmError> {
        let (Some((protocol, _)), Some(key)) = (&credential.privacy, &keys.privacy) else {
            return self.read_plaintext();
        };
        let ScopedPduData::Encrypted(ciphertext) = self.message.data else { return Err(UsmError::Malformed) };
        let UsmParameters { boots, time, salt, .. } = self.parameters;
        let Ok(salt) = salt.try_into() else { return Err(UsmError::DecryptionError) };
        scratch.clear();
        scratch.extend_from_slice(ciphertext);
        let is_done = privacy::decrypt(*protocol, key, &Freshness { boots, time, salt }, scratch);
        let scoped = ScopedPdu::decode_plaintext(scratch).ok().filter(|_| is_done);
        scoped.map(|scoped| scoped.pdu.kind).ok_or(UsmError::DecryptionError)
    }

    /// What an unencrypted message says.
    fn read_plaintext(&self) -> Result<PduKind, UsmError> {
        let ScopedPduData::Plaintext(contents) = self.message.data else { return Err(UsmError::Malformed) };
        ScopedPdu::decode(contents).map(|scoped| scoped.pdu.kind).map_err(|_| UsmError::Malformed)
    }

    /// What can be said only when the PDU is known: who is authoritative for its kind, and whether it came before.
    fn finish(&self, opened: Result<PduKind, UsmError>, usm: &Usm, now: u64) -> Attempt {
        let kind = match opened {
            Ok(kind) => kind,
            Err(error) => return Attempt::Refused(error),
        };
        // The receiver of a request is authoritative for it (RFC 3414 1.5.1).
        if !self.is_ours && kind.is_confirmed() {
            return Attempt::Refused(UsmError::UnknownEngineId);
        }
        // A repeated inform must be answered again; that it is stored once is seen to where it is stored.
        let UsmParameters { mac, .. } = self.parameters;
        let has_mac = self.message.flags.level() > Some(SecurityLevel::NoAuthNoPriv);
        if has_mac
            && usm.checks_freshness
            && kind == PduKind::TRAP_V2
            && usm.replays.is_replayed(&self.engine, self.message.msg_id, mac, now)
        {
            return Attempt::Refused(UsmError::Replayed);
        }
        Attempt::Accepted
    }
}

/// RFC 3414 3.2 (7) a: whether a message that tells our own clock tells it right.
fn is_timely_for(ours: &LocalEngine, boots: i32, time: i32) -> bool {
    let difference = i64::from(time) - i64::from(ours.time());
    ours.boots != LAST && boots == ours.boots && difference.abs() <= WINDOW_SECONDS
}
