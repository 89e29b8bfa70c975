//! What a message of SNMPv3 tells about a user, for the store to keep: which credential works, and which fails.

use std::net::IpAddr;

use crate::base::clock::Timestamp;
use crate::base::span::Span;

/// A message that names a user. Spans lie in the batch.
#[derive(Debug, Clone, Copy)]
pub struct UserSighting {
    /// Where it came from.
    pub source: IpAddr,
    /// When.
    pub at: Timestamp,
    /// msgUserName.
    pub user: Span,
    /// What became of it.
    pub outcome: UserOutcome,
}

/// Whether a user could be authenticated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserOutcome {
    /// The MAC, and the cipher if there is one, are those of a credential.
    Authentic {
        /// `priority` of the credential.
        priority: u32,
        /// securityLevel (RFC 3411 3.4.3).
        level: &'static str,
        /// The sender's engine, where it is authoritative: of a trap. Empty for an inform.
        engine_id: Span,
        /// snmpEngineBoots of that engine.
        boots: i32,
        /// snmpEngineTime of that engine.
        time: i32,
    },
    /// They are not.
    Failed {
        /// The counter that rose.
        reason: &'static str,
        /// Whether the user is configured at all.
        is_known: bool,
    },
}

impl UserSighting {
    /// Where its octets end in the batch.
    #[must_use]
    pub fn end(&self) -> usize {
        let engine = match self.outcome {
            UserOutcome::Authentic { engine_id, .. } => engine_id,
            UserOutcome::Failed { .. } => Span::EMPTY,
        };
        let end = |span: Span| span.start as usize + span.len as usize;
        end(self.user).max(end(engine))
    }
}
