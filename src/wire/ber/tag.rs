//! Identifier octets (X.690 8.1.2) of the types that SNMP uses.
//!
//! Invariant: SNMP knows tags of one octet only; 0x1F in the low five bits is refused before it gets here.

/// INTEGER (X.690 8.3), Integer32 (RFC 2578 7.1.1).
pub const INTEGER: u8 = 0x02;
/// OCTET STRING, primitive (X.690 8.7, RFC 2578 7.1.2).
pub const OCTET_STRING: u8 = 0x04;
/// OCTET STRING, constructed: forbidden by RFC 3417 section 8.
pub const OCTET_STRING_CONSTRUCTED: u8 = 0x24;
/// NULL (X.690 8.8); `unSpecified` in RFC 3416.
pub const NULL: u8 = 0x05;
/// OBJECT IDENTIFIER (X.690 8.19, RFC 2578 7.1.3).
pub const OBJECT_IDENTIFIER: u8 = 0x06;
/// SEQUENCE and SEQUENCE OF (X.690 8.9, 8.10).
pub const SEQUENCE: u8 = 0x30;
/// IpAddress (RFC 2578 7.1.5); also NetworkAddress of RFC 1155.
pub const IP_ADDRESS: u8 = 0x40;
/// Counter32 (RFC 2578 7.1.6).
pub const COUNTER32: u8 = 0x41;
/// Gauge32 and Unsigned32 (RFC 2578 7.1.7, 7.1.11).
pub const GAUGE32: u8 = 0x42;
/// TimeTicks (RFC 2578 7.1.8).
pub const TIME_TICKS: u8 = 0x43;
/// Opaque (RFC 2578 7.1.9).
pub const OPAQUE: u8 = 0x44;
/// NsapAddress (RFC 1442 7.1.9), obsolete.
pub const NSAP_ADDRESS: u8 = 0x45;
/// Counter64 (RFC 2578 7.1.10).
pub const COUNTER64: u8 = 0x46;
/// UInteger32 (RFC 1442 7.1.11), obsolete.
pub const UINTEGER32: u8 = 0x47;
/// noSuchObject (RFC 3416 section 3).
pub const NO_SUCH_OBJECT: u8 = 0x80;
/// noSuchInstance (RFC 3416 section 3).
pub const NO_SUCH_INSTANCE: u8 = 0x81;
/// endOfMibView (RFC 3416 section 3).
pub const END_OF_MIB_VIEW: u8 = 0x82;
