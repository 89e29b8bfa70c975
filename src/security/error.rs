//! Why a message is refused, and how often each reason was met.

use std::fmt;

use crate::base::counter::Counter;
use crate::wire::snmp::{PduKind, ScopedPdu, ScopedPduData, UsmParameters, V3Message};

/// Declares [`UsmError`] with the name of the counter that rises.
macro_rules! errors {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, $counter:ident;)+) => {
        /// Why a v3 message is refused; named after the counter that rises (RFC 3412 section 5, RFC 3414 section 5).
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum UsmError { $($(#[$doc])* $variant,)+ }

        impl UsmError {
            /// The name of the counter: a metric label and a word in texts, never translated.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }
        }

        /// How often each reason was met, in all shards.
        #[derive(Debug, Default)]
        pub struct UsmStats { $($(#[$doc])* pub $counter: Counter,)+ }

        impl UsmStats {
            /// The counter of a reason.
            #[must_use]
            pub const fn of(&self, error: UsmError) -> &Counter {
                match error { $(UsmError::$variant => &self.$counter,)+ }
            }
        }
    };
}

errors! {
    /// msgSecurityModel is not USM (RFC 3412 7.2 (4)).
    UnknownSecurityModel = "snmpUnknownSecurityModels", unknown_security_models;
    /// Privacy without authentication (RFC 3412 7.2 (5) d).
    InvalidMessage = "snmpInvalidMsgs", invalid_messages;
    /// The security parameters or the plaintext scoped PDU are not what they should be (RFC 3412 7.2 (2)).
    Malformed = "snmpInASNParseErrs", asn_parse_errors;
    /// Addressed to an engine that we are not, or to none (RFC 3414 3.2 (3)).
    UnknownEngineId = "usmStatsUnknownEngineIDs", unknown_engine_ids;
    /// No such user (RFC 3414 3.2 (4)).
    UnknownUserName = "usmStatsUnknownUserNames", unknown_user_names;
    /// The user has no credential of this security level (RFC 3414 3.2 (5)); also of a level below all of the user's.
    UnsupportedSecurityLevel = "usmStatsUnsupportedSecLevels", unsupported_security_levels;
    /// The MAC is not that of any of the user's keys (RFC 3414 3.2 (6)).
    WrongDigest = "usmStatsWrongDigests", wrong_digests;
    /// Authentic, but of another time (RFC 3414 3.2 (7)).
    NotInTimeWindow = "usmStatsNotInTimeWindows", not_in_time_windows;
    /// Authentic, but cannot be decrypted (RFC 3414 3.2 (8)).
    DecryptionError = "usmStatsDecryptionErrors", decryption_errors;
    /// Authentic and timely, but the same message was taken before: a copy that the network made, or a replay.
    Replayed = "snmpv3Replayed", replayed;
}

impl UsmError {
    /// Whether a user could not prove itself, or nobody knows it: what an operator has to mend at the device or here.
    #[must_use]
    pub const fn is_of_user(self) -> bool {
        matches!(
            self,
            Self::UnknownUserName
                | Self::UnsupportedSecurityLevel
                | Self::WrongDigest
                | Self::DecryptionError
        )
    }
}

impl fmt::Display for UsmError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::error::Error for UsmError {}

impl Refusal<'_> {
    /// Whether the message asks for nothing but who we are, or what our clock shows (RFC 3414 section 4): it says nothing
    /// to be kept, or its sender will say it again.
    #[must_use]
    pub fn is_discovery(&self, message: &V3Message<'_>) -> bool {
        let Some(parameters) = self.parameters.filter(|_| message.flags.is_reportable()) else {
            return false;
        };
        match self.error {
            UsmError::UnknownEngineId if parameters.engine_id.is_empty() => says_nothing(message),
            // No engine has this clock in any of its lives: an authentic request asks for ours with it.
            UsmError::NotInTimeWindow => parameters.boots == 0 && parameters.time == 0,
            _ => false,
        }
    }
}

/// Whether the message is a request with nothing in it: no inform, or one without varbinds.
fn says_nothing(message: &V3Message<'_>) -> bool {
    let ScopedPduData::Plaintext(contents) = message.data else { return false };
    let Ok(scoped) = ScopedPdu::decode(contents) else { return false };
    let is_inform = scoped.pdu.kind == PduKind::INFORM_REQUEST;
    scoped.pdu.kind.is_confirmed() && (!is_inform || scoped.pdu.varbinds.bytes().is_empty())
}

/// A message that was refused: why, and what it said of itself, which is not to be believed.
#[derive(Debug, Clone, Copy)]
pub struct Refusal<'a> {
    /// Why.
    pub error: UsmError,
    /// Engine and user that it names; `None` when not even that can be read.
    pub parameters: Option<UsmParameters<'a>>,
    /// The credential whose MAC was right, if it came so far.
    pub credential: Option<u64>,
}
