//! Values of varbinds: the types of SMIv2 (RFC 2578 section 7), the obsolete ones of RFC 1442, and the exceptions
//! of RFC 3416.

use crate::wire::ber::{Oid, integer, length, tag};
use crate::wire::cursor::Cursor;
use crate::wire::error::{DecodeError, Reason};

/// One value (ObjectSyntax and the exceptions, RFC 3416 section 3).
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value<'a> {
    /// INTEGER, Integer32. 32 bits by RFC 2578 7.1.1; what agents send beyond that is kept up to 64.
    Integer(i64),
    /// OCTET STRING: octets, text only by convention (RFC 2578 7.1.2).
    OctetString(&'a [u8]),
    /// NULL, `unSpecified` (RFC 3416 section 3).
    Null,
    /// OBJECT IDENTIFIER (RFC 2578 7.1.3); may be empty.
    ObjectIdentifier(Oid<'a>),
    /// IpAddress, an IPv4 address in network byte order (RFC 2578 7.1.5).
    IpAddress([u8; 4]),
    /// Counter32 (RFC 2578 7.1.6).
    Counter32(u32),
    /// Gauge32 and Unsigned32, which share a tag (RFC 2578 7.1.7, 7.1.11).
    Gauge32(u32),
    /// TimeTicks, hundredths of a second (RFC 2578 7.1.8).
    TimeTicks(u32),
    /// Opaque (RFC 2578 7.1.9).
    Opaque(Opaque<'a>),
    /// NsapAddress (RFC 1442 7.1.9), obsolete.
    NsapAddress(&'a [u8]),
    /// Counter64 (RFC 2578 7.1.10); not legal in a v1 PDU, kept there all the same.
    Counter64(u64),
    /// UInteger32 (RFC 1442 7.1.11), obsolete.
    UInteger32(u32),
    /// noSuchObject (RFC 3416 section 3).
    NoSuchObject,
    /// noSuchInstance (RFC 3416 section 3).
    NoSuchInstance,
    /// endOfMibView (RFC 3416 section 3).
    EndOfMibView,
    /// A type that no RFC gives to SNMP, as BIT STRING (withdrawn since RFC 1442).
    Unknown {
        /// The identifier octet.
        tag: u8,
        /// The contents octets.
        octets: &'a [u8],
    },
}

/// An Opaque value (RFC 2578 7.1.9): octets that usually hold another encoding.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Opaque<'a> {
    /// The octets inside the Opaque, the inner tag included.
    pub octets: &'a [u8],
    /// What they hold.
    pub inner: OpaqueInner,
}

/// The inner encodings of Opaque that agents share; no RFC has them, the tags are in the range that
/// X.690 8.1.2.4 codes with two octets.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum OpaqueInner {
    /// `9F 78 04`: IEEE 754 single precision.
    Float(f32),
    /// `9F 79 08`: IEEE 754 double precision.
    Double(f64),
    /// `9F 76`: Counter64.
    Counter64(u64),
    /// `9F 7A`: 64-bit signed integer.
    Int64(i64),
    /// `9F 7B`: 64-bit unsigned integer.
    UInt64(u64),
    /// Anything else.
    Raw,
}

impl<'a> Value<'a> {
    /// A value of one of the usual types in its usual form; `None` for another, which [`Value::decode`] has to look at.
    #[inline]
    #[must_use]
    pub fn plain(tag: u8, octets: &'a [u8]) -> Option<Self> {
        match tag {
            tag::INTEGER => integer::short_signed(octets).map(|number| Self::Integer(i64::from(number))),
            tag::OCTET_STRING => Some(Self::OctetString(octets)),
            tag::OBJECT_IDENTIFIER => Oid::check(octets).ok().map(Self::ObjectIdentifier),
            tag::COUNTER32 => integer::short_unsigned(octets).map(Self::Counter32),
            tag::GAUGE32 => integer::short_unsigned(octets).map(Self::Gauge32),
            tag::TIME_TICKS => integer::short_unsigned(octets).map(Self::TimeTicks),
            _ => None,
        }
    }

    /// Reads the contents octets of a value of type `tag` (RFC 3416 section 3).
    ///
    /// # Errors
    /// [`Reason::ConstructedString`], [`Reason::EmptyInteger`], [`Reason::IntegerOutOfRange`],
    /// [`Reason::IpAddressLength`], [`Reason::NullWithOctets`] and what [`Oid::decode`] refuses.
    #[inline]
    pub fn decode(tag: u8, contents: Cursor<'a>) -> Result<Self, DecodeError> {
        Ok(match tag {
            tag::INTEGER => Self::Integer(integer::signed(contents)?),
            tag::OCTET_STRING => Self::OctetString(contents.rest()),
            tag::OBJECT_IDENTIFIER => Self::ObjectIdentifier(Oid::decode(contents)?),
            tag::IP_ADDRESS => match <[u8; 4]>::try_from(contents.rest()) {
                Ok(address) => Self::IpAddress(address),
                Err(_) => return Err(contents.error(Reason::IpAddressLength)),
            },
            tag::COUNTER32 => Self::Counter32(integer::unsigned32(contents)?),
            tag::GAUGE32 => Self::Gauge32(integer::unsigned32(contents)?),
            tag::TIME_TICKS => Self::TimeTicks(integer::unsigned32(contents)?),
            tag::COUNTER64 => Self::Counter64(integer::unsigned64(contents)?),
            tag::UINTEGER32 => Self::UInteger32(integer::unsigned32(contents)?),
            tag::NSAP_ADDRESS => Self::NsapAddress(contents.rest()),
            tag::OPAQUE => {
                Self::Opaque(Opaque { octets: contents.rest(), inner: OpaqueInner::decode(contents) })
            }
            tag::NULL | tag::NO_SUCH_OBJECT | tag::NO_SUCH_INSTANCE | tag::END_OF_MIB_VIEW
                if !contents.is_empty() =>
            {
                return Err(contents.error(Reason::NullWithOctets));
            }
            tag::NULL => Self::Null,
            tag::NO_SUCH_OBJECT => Self::NoSuchObject,
            tag::NO_SUCH_INSTANCE => Self::NoSuchInstance,
            tag::END_OF_MIB_VIEW => Self::EndOfMibView,
            tag::OCTET_STRING_CONSTRUCTED => return Err(contents.error(Reason::ConstructedString)),
            _ => Self::Unknown { tag, octets: contents.rest() },
        })
    }
}

impl OpaqueInner {
    /// What `contents` holds; [`OpaqueInner::Raw`] when it is not exactly one of the shared encodings.
    fn decode(contents: Cursor<'_>) -> Self {
        Self::decode_wrapped(contents).unwrap_or(Self::Raw)
    }

    /// Reads the two-octet inner tag, the length and the value; `None` for anything unexpected.
    fn decode_wrapped(mut contents: Cursor<'_>) -> Option<Self> {
        if contents.octet().ok()? != 0x9F {
            return None;
        }
        let kind = contents.octet().ok()?;
        let length = length::read(&mut contents).ok()?;
        let value = contents.sub(length).ok()?;
        if !contents.is_empty() {
            return None;
        }
        match kind {
            0x78 => Some(Self::Float(f32::from_be_bytes(value.rest().try_into().ok()?))),
            0x79 => Some(Self::Double(f64::from_be_bytes(value.rest().try_into().ok()?))),
            0x76 => integer::unsigned64(value).ok().map(Self::Counter64),
            0x7A => integer::signed(value).ok().map(Self::Int64),
            0x7B => integer::unsigned64(value).ok().map(Self::UInt64),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(tag: u8, octets: &[u8]) -> Result<Value<'_>, Reason> {
        Value::decode(tag, Cursor::new(octets)).map_err(|error| error.reason)
    }

    #[test]
    fn opaque_inner_values() {
        let float = [0x9F, 0x78, 0x04, 0x40, 0x60, 0x00, 0x00];
        assert_eq!(
            decode(tag::OPAQUE, &float),
            Ok(Value::Opaque(Opaque { octets: &float, inner: OpaqueInner::Float(3.5) }))
        );
        for (octets, inner) in [
            (&[0x9F, 0x79, 0x08, 0x40, 0x24, 0, 0, 0, 0, 0, 0][..], OpaqueInner::Double(10.0)),
            (&[0x9F, 0x76, 0x01, 0x07][..], OpaqueInner::Counter64(7)),
            (&[0x9F, 0x7A, 0x01, 0xFF][..], OpaqueInner::Int64(-1)),
            (
                &[0x9F, 0x7B, 0x09, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF][..],
                OpaqueInner::UInt64(u64::MAX),
            ),
            (&[0x41, 0xF0, 0, 0][..], OpaqueInner::Raw),
            (&[0x9F, 0x78, 0x03, 1, 2, 3][..], OpaqueInner::Raw),
            (&[0x9F, 0x78, 0x04, 1, 2, 3][..], OpaqueInner::Raw),
            (&[0x9F, 0x78, 0x04, 1, 2, 3, 4, 5][..], OpaqueInner::Raw),
            (&[][..], OpaqueInner::Raw),
        ] {
            assert_eq!(
                decode(tag::OPAQUE, octets),
                Ok(Value::Opaque(Opaque { octets, inner })),
                "{octets:02x?}"
            );
        }
    }

    #[test]
    fn odd_and_refused_values() {
        assert_eq!(decode(0x03, &[0, 1]), Ok(Value::Unknown { tag: 3, octets: &[0, 1] }));
        assert_eq!(decode(tag::NSAP_ADDRESS, &[1]), Ok(Value::NsapAddress(&[1])));
        assert_eq!(decode(tag::UINTEGER32, &[0x7F, 0xFF, 0xFF, 0xFF]), Ok(Value::UInteger32(0x7FFF_FFFF)));
        assert_eq!(decode(tag::NO_SUCH_INSTANCE, &[]), Ok(Value::NoSuchInstance));
        assert_eq!(decode(tag::OBJECT_IDENTIFIER, &[]), Ok(Value::ObjectIdentifier(Oid::default())));
        assert_eq!(decode(tag::IP_ADDRESS, &[]), Err(Reason::IpAddressLength));
        assert_eq!(decode(tag::IP_ADDRESS, &[0; 16]), Err(Reason::IpAddressLength));
        assert_eq!(decode(tag::NULL, &[0]), Err(Reason::NullWithOctets));
        assert_eq!(decode(tag::END_OF_MIB_VIEW, &[0]), Err(Reason::NullWithOctets));
        assert_eq!(decode(tag::INTEGER, &[]), Err(Reason::EmptyInteger));
        assert_eq!(decode(0x24, &[4, 1, b'a']), Err(Reason::ConstructedString));
    }
}
