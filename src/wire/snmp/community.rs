//! The community-based messages: SNMPv1 (RFC 1157 section 4) and SNMPv2c (RFC 1901 section 3).

use std::fmt;

use crate::wire::ber::{self, tag};
use crate::wire::cursor::Cursor;
use crate::wire::error::DecodeError;
use crate::wire::snmp::pdu::{Pdu, PduSet};

/// The version of a community-based message (RFC 1157 section 4, RFC 1901 section 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Version {
    /// SNMPv1: 0 on the wire (RFC 1157 section 4).
    V1,
    /// SNMPv2c: 1 on the wire (RFC 1901 section 3).
    V2c,
}

impl Version {
    /// The number on the wire (RFC 1157 section 4, RFC 1901 section 3).
    #[must_use]
    pub const fn to_wire(self) -> u8 {
        match self {
            Self::V1 => 0,
            Self::V2c => 1,
        }
    }

    /// The PDUs that may follow the community (RFC 1157 4.1, RFC 3416 section 3).
    const fn pdus(self) -> PduSet {
        match self {
            Self::V1 => PduSet::Rfc1157,
            Self::V2c => PduSet::Rfc3416,
        }
    }
}

/// One SNMPv1 or SNMPv2c message (RFC 1157 section 4, RFC 1901 section 3).
#[derive(Clone, Copy)]
pub struct CommunityMessage<'a> {
    /// The version.
    pub version: Version,
    /// The community: octets, not text, and a secret. Compare it in constant time, never show it.
    pub community: &'a [u8],
    /// The PDU.
    pub pdu: Pdu<'a>,
    /// Octets after the message, and after the PDU inside it, that nothing reads; printers send thousands.
    pub trailing_octets: usize,
}

impl<'a> CommunityMessage<'a> {
    /// A message of version 2c whose parts have the usual forms; `None` for another, which is read with more care. What both
    /// ways read they read the same.
    #[inline]
    pub(super) fn plain(mut datagram: Cursor<'a>) -> Option<Self> {
        let (tag::SEQUENCE, mut contents) = datagram.large_encoding()? else { return None };
        if contents.short_integer()? != i32::from(Version::V2c.to_wire()) {
            return None;
        }
        let (tag::OCTET_STRING, community) = contents.short_encoding()? else { return None };
        let pdu = Pdu::plain(&mut contents, PduSet::Rfc3416)?;
        let trailing_octets =
            datagram.left().saturating_add(contents.left()).saturating_add(pdu.trailing_octets);
        Some(Self { version: Version::V2c, community: community.rest(), pdu, trailing_octets })
    }

    /// Reads what follows the version: community and PDU (RFC 1157 section 4). `after` is the number of octets
    /// that follow the message in the datagram.
    #[inline]
    pub(super) fn decode(
        version: Version,
        mut contents: Cursor<'a>,
        after: usize,
    ) -> Result<Self, DecodeError> {
        let community = ber::expect(&mut contents, tag::OCTET_STRING)?.rest();
        let pdu = Pdu::decode(&mut contents, version.pdus())?;
        let trailing_octets = after.saturating_add(contents.left()).saturating_add(pdu.trailing_octets);
        Ok(Self { version, community, pdu, trailing_octets })
    }
}

impl fmt::Debug for CommunityMessage<'_> {
    /// The community is a secret and stays out of logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CommunityMessage")
            .field("version", &self.version)
            .field("community", &"***")
            .field("pdu", &self.pdu)
            .field("trailing_octets", &self.trailing_octets)
            .finish()
    }
}
