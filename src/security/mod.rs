//! Floor 2: the User-based Security Model of SNMPv3 (RFC 3414): who sent a message, whether it is fresh, and what
//! it says.
//!
//! ```text
//! wire::snmp::V3Message -> Verifier (one a shard: localised keys) -> Accepted (scoped PDU, level, credential)
//!                              |                                  -> Refusal (which counter of RFC 3414 rises)
//!                             Usm (one for all: our engine, users, clocks of senders, recent messages, counters)
//! ```
//!
//! Invariant: nothing of a message is believed, remembered or decrypted before its MAC was found right, unless its
//! user is configured without authentication; no key and no password is shown, and all are wiped when they go. Every
//! table is bounded, and only authentic messages make entries in one.

#![forbid(unsafe_code)]

mod answer;
mod auth;
mod engine;
mod error;
mod key;
mod key_cache;
mod privacy;
mod protocol;
mod replays;
mod report_limit;
mod senders;
mod set_map;
mod users;
mod usm;
mod verifier;

pub use engine::{EngineId, LocalEngine};
pub use error::{Refusal, UsmError, UsmStats};
pub use key_cache::KEY_CACHE_OCTETS_MAX;
pub use protocol::{AuthProtocol, PrivProtocol};
pub use senders::SENDERS_MAX;
pub use users::{CredentialSecrets, KeySource, UserSecrets, Users};
pub use usm::{SHARED_OCTETS_MAX, UsersInForce, Usm};
pub use verifier::{Accepted, Verifier};

#[cfg(test)]
mod tests;
