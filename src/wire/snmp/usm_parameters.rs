//! UsmSecurityParameters (RFC 3414 2.4): what a message says about its engine, user, MAC and salt.

use crate::wire::ber::{self, tag};
use crate::wire::cursor::Cursor;
use crate::wire::error::{DecodeError, Reason};
use crate::wire::snmp::v3::not_negative;

/// Octets of msgUserName (RFC 3414 2.4).
pub const USER_OCTETS_MAX: usize = 32;

/// UsmSecurityParameters (RFC 3414 2.4).
#[derive(Debug, Clone, Copy)]
pub struct UsmParameters<'a> {
    /// msgAuthoritativeEngineID; RFC 3411 asks for 5 to 32 octets, none is a discovery. Any number may arrive.
    pub engine_id: &'a [u8],
    /// msgAuthoritativeEngineBoots, not negative.
    pub boots: i32,
    /// msgAuthoritativeEngineTime, seconds, not negative.
    pub time: i32,
    /// msgUserName, at most [`USER_OCTETS_MAX`] octets.
    pub user: &'a [u8],
    /// msgAuthenticationParameters: the MAC.
    pub mac: &'a [u8],
    /// Octets of the datagram before `mac`.
    pub mac_offset: usize,
    /// msgPrivacyParameters: the salt.
    pub salt: &'a [u8],
}

impl<'a> UsmParameters<'a> {
    /// Reads the contents of msgSecurityParameters (RFC 3414 3.2 (1) and (2)).
    ///
    /// # Errors
    /// [`DecodeError`]; counts as snmpInASNParseErrs.
    pub fn decode(mut octets: Cursor<'a>) -> Result<Self, DecodeError> {
        let mut fields = ber::expect(&mut octets, tag::SEQUENCE)?;
        let engine_id = ber::expect(&mut fields, tag::OCTET_STRING)?.rest();
        let boots = not_negative(&mut fields)?;
        let time = not_negative(&mut fields)?;
        let user = ber::expect(&mut fields, tag::OCTET_STRING)?;
        if user.left() > USER_OCTETS_MAX {
            return Err(user.error(Reason::OctetStringLength));
        }
        let mac = ber::expect(&mut fields, tag::OCTET_STRING)?;
        let salt = ber::expect(&mut fields, tag::OCTET_STRING)?.rest();
        Ok(Self {
            engine_id,
            boots,
            time,
            user: user.rest(),
            mac: mac.rest(),
            mac_offset: mac.offset(),
            salt,
        })
    }
}
