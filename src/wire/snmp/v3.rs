//! The SNMPv3 message (RFC 3412 section 6): header, security parameters as octets, scoped PDU or its ciphertext.
//!
//! Invariant: nothing here is authenticated; what a peer wrote is read and not believed.

use std::fmt;

use crate::wire::ber::{self, integer, tag};
use crate::wire::cursor::Cursor;
use crate::wire::error::{DecodeError, Reason};
use crate::wire::snmp::pdu::{Pdu, PduSet};

/// msgSecurityModel of the User-based Security Model (RFC 3411 section 5, SnmpSecurityModel).
pub const SECURITY_MODEL_USM: i32 = 3;

/// securityLevel (RFC 3411 3.4.3), in rising order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SecurityLevel {
    /// Neither authenticated nor encrypted: no better than a community.
    NoAuthNoPriv,
    /// Authenticated, readable by all.
    AuthNoPriv,
    /// Authenticated and encrypted.
    AuthPriv,
}

impl SecurityLevel {
    /// The level's name in RFC 3411 3.4.3, as `enriched_data` has it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoAuthNoPriv => "noAuthNoPriv",
            Self::AuthNoPriv => "authNoPriv",
            Self::AuthPriv => "authPriv",
        }
    }

    /// msgFlags of the level (RFC 3412 6.4), reportableFlag clear.
    #[must_use]
    pub const fn flags(self) -> u8 {
        match self {
            Self::NoAuthNoPriv => 0,
            Self::AuthNoPriv => MessageFlags::AUTH,
            Self::AuthPriv => MessageFlags::AUTH | MessageFlags::PRIV,
        }
    }
}

/// msgFlags (RFC 3412 6.4). Bits beyond the three are reserved and not looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MessageFlags(pub u8);

impl MessageFlags {
    /// authFlag (RFC 3412 6.4).
    pub const AUTH: u8 = 1;
    /// privFlag (RFC 3412 6.4).
    pub const PRIV: u8 = 2;
    /// reportableFlag (RFC 3412 6.4).
    pub const REPORTABLE: u8 = 4;

    /// Whether the sender waits for a Report-PDU when something is wrong (RFC 3412 6.4).
    #[must_use]
    pub const fn is_reportable(self) -> bool {
        self.0 & Self::REPORTABLE != 0
    }

    /// The level asked for; `None` for privacy without authentication, which does not exist (RFC 3412 7.2 (5) d).
    #[must_use]
    pub const fn level(self) -> Option<SecurityLevel> {
        match self.0 & (Self::AUTH | Self::PRIV) {
            0 => Some(SecurityLevel::NoAuthNoPriv),
            Self::AUTH => Some(SecurityLevel::AuthNoPriv),
            Self::PRIV => None,
            _ => Some(SecurityLevel::AuthPriv),
        }
    }
}

/// msgData (RFC 3412 section 6, ScopedPduData).
#[derive(Clone, Copy)]
pub enum ScopedPduData<'a> {
    /// The contents of the ScopedPDU.
    Plaintext(Cursor<'a>),
    /// encryptedPDU: ciphertext.
    Encrypted(&'a [u8]),
}

impl fmt::Debug for ScopedPduData<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plaintext(contents) => write!(f, "Plaintext({} octets)", contents.left()),
            Self::Encrypted(octets) => write!(f, "Encrypted({} octets)", octets.len()),
        }
    }
}

/// One SNMPv3 message (RFC 3412 section 6).
#[derive(Debug, Clone, Copy)]
pub struct V3Message<'a> {
    /// msgID, 0 to 2^31-1: ties an answer to its request, below request-id.
    pub msg_id: i32,
    /// msgMaxSize: the longest message that the sender takes, octets. RFC 3412 asks for 484 at least; less is read.
    pub max_size: i32,
    /// msgFlags.
    pub flags: MessageFlags,
    /// msgSecurityModel; only [`SECURITY_MODEL_USM`] is in use.
    pub security_model: i32,
    /// The contents of msgSecurityParameters, in the terms of the security model.
    pub security_parameters: Cursor<'a>,
    /// msgData.
    pub data: ScopedPduData<'a>,
    /// wholeMsg: the message from its first octet, without those that trail it.
    pub whole: Octets<'a>,
    /// Octets after the message that nothing reads.
    pub trailing_octets: usize,
}

/// Octets of a message, of which only the number is shown (RFC 3414 11.1: they may tell secrets).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Octets<'a>(pub &'a [u8]);

impl fmt::Debug for Octets<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} octets", self.0.len())
    }
}

impl<'a> V3Message<'a> {
    /// Reads what follows msgVersion (RFC 3412 section 6). `whole` is the message, `after` the number of octets
    /// behind it.
    pub(super) fn decode(
        mut contents: Cursor<'a>,
        whole: &'a [u8],
        after: usize,
    ) -> Result<Self, DecodeError> {
        let mut header = ber::expect(&mut contents, tag::SEQUENCE)?;
        let msg_id = not_negative(&mut header)?;
        let max_size = not_negative(&mut header)?;
        let flags = ber::expect(&mut header, tag::OCTET_STRING)?;
        let [flags] = flags.rest() else { return Err(flags.error(Reason::OctetStringLength)) };
        let security_model = not_negative(&mut header)?;
        let security_parameters = ber::expect(&mut contents, tag::OCTET_STRING)?;
        let at = contents;
        let data = ber::read(&mut contents)?;
        let data = match data.tag {
            tag::SEQUENCE => ScopedPduData::Plaintext(data.contents),
            tag::OCTET_STRING => ScopedPduData::Encrypted(data.contents.rest()),
            _ => return Err(at.error(Reason::UnexpectedTag)),
        };
        Ok(Self {
            msg_id,
            max_size,
            flags: MessageFlags(*flags),
            security_model,
            security_parameters,
            data,
            whole: Octets(whole),
            trailing_octets: after.saturating_add(header.left()).saturating_add(contents.left()),
        })
    }
}

/// Reads an INTEGER (0..2147483647), as most of RFC 3412 and RFC 3414 are.
pub(super) fn not_negative(cursor: &mut Cursor<'_>) -> Result<i32, DecodeError> {
    let contents = ber::expect(cursor, tag::INTEGER)?;
    let value = integer::signed32(contents)?;
    if value < 0 { Err(contents.error(Reason::IntegerOutOfRange)) } else { Ok(value) }
}

/// A ScopedPDU (RFC 3412 6.8).
#[derive(Debug, Clone, Copy)]
pub struct ScopedPdu<'a> {
    /// contextEngineID: whose data the PDU is about; any octets.
    pub context_engine_id: &'a [u8],
    /// contextName: which of that engine's views; any octets, mostly none.
    pub context_name: &'a [u8],
    /// The PDU.
    pub pdu: Pdu<'a>,
    /// Octets after the PDU that nothing reads.
    pub trailing_octets: usize,
}

impl<'a> ScopedPdu<'a> {
    /// Reads the contents of a ScopedPDU (RFC 3412 6.8).
    ///
    /// # Errors
    /// What [`Pdu::decode`] refuses, and strings that are none.
    pub fn decode(mut contents: Cursor<'a>) -> Result<Self, DecodeError> {
        let context_engine_id = ber::expect(&mut contents, tag::OCTET_STRING)?.rest();
        let context_name = ber::expect(&mut contents, tag::OCTET_STRING)?.rest();
        let pdu = Pdu::decode(&mut contents, PduSet::Rfc3416)?;
        let trailing_octets = contents.left().saturating_add(pdu.trailing_octets);
        Ok(Self { context_engine_id, context_name, pdu, trailing_octets })
    }

    /// Reads a decrypted ScopedPDU; octets behind it are padding (RFC 3414 8.1.1.2) and not looked at.
    ///
    /// # Errors
    /// As [`ScopedPdu::decode`]: with a wrong key the octets are noise.
    pub fn decode_plaintext(plaintext: &'a [u8]) -> Result<Self, DecodeError> {
        Self::decode(ber::expect(&mut Cursor::new(plaintext), tag::SEQUENCE)?)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::wire::snmp::{Message, UsmParameters, decode};

    /// A discovery request (RFC 3414 section 4) with the given msgFlags, msgID and msgSecurityParameters.
    fn message(flags: &[u8], msg_id: &[u8], parameters: &[u8]) -> Vec<u8> {
        let tlv = |tag: u8, parts: &[&[u8]]| {
            let contents = parts.concat();
            [&[tag, u8::try_from(contents.len()).unwrap()][..], &contents].concat()
        };
        let header =
            tlv(0x30, &[&tlv(2, &[msg_id]), &tlv(2, &[&[5, 0xC0]]), &tlv(4, &[flags]), &tlv(2, &[&[3]])]);
        let pdu = tlv(0xA0, &[&[2, 1, 7, 2, 1, 0, 2, 1, 0, 0x30, 0]]);
        let scoped = tlv(0x30, &[&tlv(4, &[b"engine"]), &tlv(4, &[b"ctx"]), &pdu]);
        tlv(0x30, &[&[2, 1, 3], &header, &tlv(4, &[parameters]), &scoped])
    }

    const PARAMETERS: &[u8] =
        &[0x30, 0x16, 4, 5, 0x80, 0, 0, 0, 1, 2, 1, 9, 2, 1, 8, 4, 2, b'm', b'e', 4, 1, 0xAA, 4, 0];

    #[test]
    fn fields_are_read_and_the_mac_is_found() {
        let mut bytes = message(&[4], &[0, 0xFF], PARAMETERS);
        bytes.extend([1, 2, 3]);
        let Ok(Message::V3(read)) = decode(&bytes) else { panic!("{:?}", decode(&bytes)) };
        assert_eq!((read.msg_id, read.max_size, read.security_model), (255, 1472, 3));
        assert!(read.flags.is_reportable());
        assert_eq!(read.flags.level(), Some(SecurityLevel::NoAuthNoPriv));
        assert_eq!((read.trailing_octets, read.whole.0.len()), (3, bytes.len() - 3));
        let ScopedPduData::Plaintext(scoped) = read.data else { panic!("{read:?}") };
        let scoped = ScopedPdu::decode(scoped).unwrap();
        assert_eq!((scoped.context_engine_id, scoped.context_name), (&b"engine"[..], &b"ctx"[..]));
        assert_eq!(scoped.pdu.request_id(), Some(7));
        let usm = UsmParameters::decode(read.security_parameters).unwrap();
        assert_eq!((usm.engine_id, usm.boots, usm.time), (&[0x80, 0, 0, 0, 1][..], 9, 8));
        assert_eq!((usm.user, usm.mac, usm.salt), (&b"me"[..], &[0xAA][..], &[][..]));
        assert_eq!(&bytes[usm.mac_offset..][..usm.mac.len()], usm.mac);
    }

    #[test]
    fn privacy_needs_authentication() {
        for (flags, level) in [
            (0, Some(SecurityLevel::NoAuthNoPriv)),
            (1, Some(SecurityLevel::AuthNoPriv)),
            (2, None),
            (7, Some(SecurityLevel::AuthPriv)),
            (0xF8, Some(SecurityLevel::NoAuthNoPriv)),
        ] {
            assert_eq!(MessageFlags(flags).level(), level, "{flags:#x}");
        }
    }

    #[test]
    fn wrong_sizes_are_refused() {
        let refused = |bytes: &[u8]| decode(bytes).map(|_| ()).map_err(|error| error.reason);
        assert_eq!(refused(&message(&[], &[1], PARAMETERS)), Err(Reason::OctetStringLength));
        assert_eq!(refused(&message(&[1, 0], &[1], PARAMETERS)), Err(Reason::OctetStringLength));
        assert_eq!(refused(&message(&[0], &[0xFF], PARAMETERS)), Err(Reason::IntegerOutOfRange));
        assert_eq!(refused(&message(&[0], &[1], PARAMETERS)), Ok(()));
        let long_user = [&[0x30, 47, 4, 0, 2, 1, 0, 2, 1, 0, 4, 33][..], &[b'u'; 33], &[4, 0, 4, 0]].concat();
        let parameters = UsmParameters::decode(Cursor::new(&long_user)).map_err(|error| error.reason);
        assert_eq!(parameters.map(|_| ()), Err(Reason::OctetStringLength));
    }
}
