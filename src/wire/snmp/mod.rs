//! SNMP messages as borrowed views: versions 1 and 2c whole, of version 3 what is not encrypted.
//!
//! Lenient where devices need it (padded lengths and integers, unsigned values without their sign octet, octets
//! after the message), strict where leniency would make two readings possible (RFC 3417 section 8).
//!
//! Invariant: no allocation, no recursion, no panic; a message costs one pass over its octets.

pub mod community;
pub mod encode;
pub mod encode_v3;
pub mod pdu;
pub mod usm_parameters;
pub mod v3;
pub mod value;
pub mod varbind;

pub use community::{CommunityMessage, Version};
pub use pdu::{Body, Common, Pdu, PduKind, PduSet, TrapV1};
pub use usm_parameters::UsmParameters;
pub use v3::{ScopedPdu, ScopedPduData, SecurityLevel, V3Message};
pub use value::{Opaque, OpaqueInner, Value};
pub use varbind::{VarBind, VarBindList, VarBinds};

use crate::wire::ber::{self, integer, tag};
use crate::wire::cursor::Cursor;
use crate::wire::error::{DecodeError, Reason};

/// An SNMP message (RFC 1157 section 4, RFC 1901 section 3, RFC 3412 section 6).
#[derive(Debug, Clone, Copy)]
pub enum Message<'a> {
    /// SNMPv1 or SNMPv2c.
    Community(CommunityMessage<'a>),
    /// SNMPv3; nothing in it is authenticated.
    V3(V3Message<'a>),
}

/// Reads the message at the start of a datagram (RFC 3417 3.1).
///
/// The varbinds are read when the caller walks them; what is wrong with one of them is not an error here.
///
/// ```
/// use mutt::wire::snmp::{Message, PduKind, decode};
///
/// // coldStart of an agent that has been up for 1.23 s: version 1, community "c".
/// let datagram = [
///     0x30, 0x21, 0x02, 0x01, 0x00, 0x04, 0x01, b'c', 0xA4, 0x19, 0x06, 0x06, 0x2B, 0x06, 0x01, 0x04, 0x01, 0x09,
///     0x40, 0x04, 10, 0, 0, 1, 0x02, 0x01, 0x00, 0x02, 0x01, 0x00, 0x43, 0x01, 0x7B, 0x30, 0x00,
/// ];
/// let Ok(Message::Community(message)) = decode(&datagram) else { panic!("not a community message") };
/// assert_eq!(message.pdu.kind, PduKind::TRAP_V1);
/// ```
///
/// # Errors
/// [`DecodeError`]: the peer's octets break the grammar before the varbinds, the version is not 0, 1 or 3, or the
/// PDU is not one that the version has. The PDU of a v3 message is not looked at.
#[inline]
pub fn decode(bytes: &[u8]) -> Result<Message<'_>, DecodeError> {
    match CommunityMessage::plain(Cursor::new(bytes)) {
        Some(message) => Ok(Message::Community(message)),
        None => decode_any(bytes),
    }
}

/// Reads a message of any version and form.
#[inline(never)]
fn decode_any(bytes: &[u8]) -> Result<Message<'_>, DecodeError> {
    let mut datagram = Cursor::new(bytes);
    let start = datagram;
    let mut contents = ber::expect(&mut datagram, tag::SEQUENCE)?;
    let at = contents;
    let version = match integer::signed(ber::expect(&mut contents, tag::INTEGER)?)? {
        0 => Version::V1,
        1 => Version::V2c,
        3 => {
            let whole = start.until(&datagram);
            return V3Message::decode(contents, whole, datagram.left()).map(Message::V3);
        }
        _ => return Err(at.error(Reason::VersionUnsupported)),
    };
    CommunityMessage::decode(version, contents, datagram.left()).map(Message::Community)
}

#[cfg(test)]
pub(crate) mod tests;
