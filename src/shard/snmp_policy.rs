//! Which messages an SNMP listener takes at all: versions, communities, the least security level.
//!
//! Asked of every message that could be decoded, before a key is tried and before it is answered.
//!
//! Invariant: what is refused here is counted and listed, and never stored nor answered; a community is never shown, and
//! compared in a time that does not depend on where it differs.

use std::fmt;
use std::net::IpAddr;

use subtle::{Choice, ConstantTimeEq as _};
use zeroize::Zeroizing;

use crate::base::cidr::IpRanges;
use crate::base::drop_reason::DropReason;
use crate::wire::snmp::community::{CommunityMessage, Version};
use crate::wire::snmp::{SecurityLevel, UsmParameters, V3Message};

/// The versions that a listener takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SnmpVersions {
    /// SNMPv1 (RFC 1157).
    pub v1: bool,
    /// SNMPv2c (RFC 1901).
    pub v2c: bool,
    /// SNMPv3 (RFC 3412).
    pub v3: bool,
}

/// A community that a listener takes.
#[derive(Clone, PartialEq, Eq)]
pub struct Community {
    octets: Zeroizing<Vec<u8>>,
    from: Option<IpRanges>,
}

/// What an SNMP listener takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnmpPolicy {
    /// The versions.
    pub versions: SnmpVersions,
    /// The communities of versions 1 and 2c; `None` means any.
    pub communities: Option<Vec<Community>>,
    /// The least security level; versions 1 and 2c have noAuthNoPriv (RFC 3584 5.2.1).
    pub min_security_level: SecurityLevel,
}

impl Default for SnmpPolicy {
    /// Everything is taken.
    fn default() -> Self {
        Self {
            versions: SnmpVersions { v1: true, v2c: true, v3: true },
            communities: None,
            min_security_level: SecurityLevel::NoAuthNoPriv,
        }
    }
}

impl Community {
    /// The community of these octets, for messages that come from one of `from`; `None` means from anywhere.
    #[must_use]
    pub fn new(octets: &[u8], from: Option<IpRanges>) -> Self {
        Self { octets: Zeroizing::new(octets.to_vec()), from }
    }
}

impl fmt::Debug for Community {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Community").field("from", &self.from).finish_non_exhaustive()
    }
}

impl SnmpPolicy {
    /// Why `message`, which came from `source`, is not to be taken, if so.
    #[must_use]
    pub fn refuses(&self, message: &CommunityMessage<'_>, source: IpAddr) -> Option<DropReason> {
        let is_taken = match message.version {
            Version::V1 => self.versions.v1,
            Version::V2c => self.versions.v2c,
        };
        if !is_taken {
            return Some(DropReason::SnmpVersion);
        }
        if self.min_security_level > SecurityLevel::NoAuthNoPriv {
            return Some(DropReason::SnmpSecurityLevel);
        }
        let communities = self.communities.as_ref()?;
        // Each is compared, so that the time tells nothing of which it was; their lengths are no secret.
        let (mut is_known, mut fits) = (Choice::from(0), Choice::from(0));
        for community in communities {
            let is_same = community.octets.ct_eq(message.community);
            let may_send = community.from.as_ref().is_none_or(|from| from.contains(source));
            is_known |= is_same;
            fits |= is_same & Choice::from(u8::from(may_send));
        }
        match (bool::from(is_known), bool::from(fits)) {
            (_, true) => None,
            (true, false) => Some(DropReason::SnmpCommunitySource),
            (false, false) => Some(DropReason::SnmpCommunity),
        }
    }

    /// Why `message` of version 3 is not to be taken, if so. A question who we are has no level yet (RFC 3414 section 4).
    #[must_use]
    pub fn refuses_v3(&self, message: &V3Message<'_>) -> Option<DropReason> {
        if !self.versions.v3 {
            return Some(DropReason::SnmpVersion);
        }
        let level = message.flags.level()?;
        (level < self.min_security_level && !asks_who_we_are(message))
            .then_some(DropReason::SnmpSecurityLevel)
    }
}

/// Whether the sender waits to be told the engine that it does not name: what it sends cannot be taken as it is.
fn asks_who_we_are(message: &V3Message<'_>) -> bool {
    let parameters = UsmParameters::decode(message.security_parameters);
    message.flags.is_reportable() && parameters.is_ok_and(|parameters| parameters.engine_id.is_empty())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::wire::snmp::{Message, decode};

    /// A v2c trap with a community of one octet.
    fn trap(version: u8, community: u8) -> Vec<u8> {
        let mut trap = vec![0x30, 0x13, 2, 1, version, 4, 1, community];
        trap.extend([0xA7, 0x0B, 2, 1, 7, 2, 1, 0, 2, 1, 0, 0x30, 0]);
        trap
    }

    fn refused(policy: &SnmpPolicy, bytes: &[u8], source: &str) -> Option<&'static str> {
        let Ok(Message::Community(message)) = decode(bytes) else { panic!("{bytes:?}") };
        policy.refuses(&message, source.parse().unwrap()).map(DropReason::as_str)
    }

    #[test]
    fn communities_versions_and_level() {
        let policy = SnmpPolicy::default();
        assert_eq!(refused(&policy, &trap(1, b'x'), "192.0.2.1"), None);
        let from = Some(IpRanges::parse(["10.0.0.0/8"]).unwrap());
        let communities = vec![Community::new(b"a", None), Community::new(b"b", from)];
        let policy = SnmpPolicy { communities: Some(communities), ..policy };
        for (community, source, reason) in [
            (b'a', "192.0.2.1", None),
            (b'b', "10.1.2.3", None),
            (b'b', "192.0.2.1", Some("snmp_community_source")),
            (b'c', "10.1.2.3", Some("snmp_community")),
        ] {
            assert_eq!(refused(&policy, &trap(1, community), source), reason);
        }
        let versions = SnmpVersions { v2c: false, ..policy.versions };
        let policy = SnmpPolicy { versions, ..policy };
        assert_eq!(refused(&policy, &trap(1, b'a'), "192.0.2.1"), Some("snmp_version"));
        let policy = SnmpPolicy { min_security_level: SecurityLevel::AuthNoPriv, ..SnmpPolicy::default() };
        assert_eq!(refused(&policy, &trap(1, b'a'), "192.0.2.1"), Some("snmp_security_level"));
    }

    #[test]
    fn debug_shows_no_community() {
        let policy =
            SnmpPolicy { communities: Some(vec![Community::new(b"s3cret", None)]), ..SnmpPolicy::default() };
        let shown = format!("{policy:?}");
        assert!(!shown.contains("s3cret") && !shown.contains("115, 51"), "{shown}");
    }
}
