//! PDUs of all versions (RFC 1157 4.1, RFC 3416 section 3).

use std::fmt;

use crate::wire::ber::{self, Oid, integer, tag};
use crate::wire::cursor::Cursor;
use crate::wire::error::{DecodeError, Reason};
use crate::wire::snmp::varbind::VarBindList;

/// The tag of a PDU (RFC 1157 4.1, RFC 3416 section 3); an open set, of which [`Pdu::decode`] yields the named ones.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct PduKind(pub u8);

impl PduKind {
    /// GetRequest-PDU (RFC 3416 4.2.1).
    pub const GET_REQUEST: Self = Self(0xA0);
    /// GetNextRequest-PDU (RFC 3416 4.2.2).
    pub const GET_NEXT_REQUEST: Self = Self(0xA1);
    /// Response-PDU (RFC 3416 4.2.4).
    pub const RESPONSE: Self = Self(0xA2);
    /// SetRequest-PDU (RFC 3416 4.2.5).
    pub const SET_REQUEST: Self = Self(0xA3);
    /// Trap-PDU of SNMPv1 (RFC 1157 4.1.6).
    pub const TRAP_V1: Self = Self(0xA4);
    /// GetBulkRequest-PDU (RFC 3416 4.2.3); its error fields hold non-repeaters and max-repetitions.
    pub const GET_BULK_REQUEST: Self = Self(0xA5);
    /// InformRequest-PDU (RFC 3416 4.2.7).
    pub const INFORM_REQUEST: Self = Self(0xA6);
    /// SNMPv2-Trap-PDU (RFC 3416 4.2.6).
    pub const TRAP_V2: Self = Self(0xA7);
    /// Report-PDU (RFC 3416 section 3, RFC 3412 7.1).
    pub const REPORT: Self = Self(0xA8);

    /// The kind's name as `enriched_data` has it: `trap-v1`, `trap`, `inform`, `get`, ... (RFC 3416 section 3).
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::GET_REQUEST => "get",
            Self::GET_NEXT_REQUEST => "get-next",
            Self::RESPONSE => "response",
            Self::SET_REQUEST => "set",
            Self::TRAP_V1 => "trap-v1",
            Self::GET_BULK_REQUEST => "get-bulk",
            Self::INFORM_REQUEST => "inform",
            Self::TRAP_V2 => "trap",
            Self::REPORT => "report",
            _ => "unknown",
        }
    }

    /// Whether this is a notification: a trap of either kind or an inform (RFC 3413 section 3.3, 3.4).
    #[must_use]
    pub const fn is_notification(self) -> bool {
        matches!(self, Self::TRAP_V1 | Self::TRAP_V2 | Self::INFORM_REQUEST)
    }

    /// Whether the PDU is of the Confirmed Class: its sender waits for an answer (RFC 3411 2.8).
    #[must_use]
    pub const fn is_confirmed(self) -> bool {
        matches!(
            self,
            Self::GET_REQUEST
                | Self::GET_NEXT_REQUEST
                | Self::GET_BULK_REQUEST
                | Self::SET_REQUEST
                | Self::INFORM_REQUEST
        )
    }
}

impl fmt::Debug for PduKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PduKind({:#04x} {})", self.0, self.as_str())
    }
}

/// Which PDU kinds are legal: RFC 1157 4.1 for SNMPv1, RFC 3416 section 3 for SNMPv2c and SNMPv3.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PduSet {
    /// Tags A0 to A4.
    Rfc1157,
    /// Tags A0 to A3 and A5 to A8.
    Rfc3416,
}

impl PduSet {
    /// Whether `kind` is in the set (RFC 1157 4.1, RFC 3416 section 3).
    const fn contains(self, kind: PduKind) -> bool {
        match self {
            Self::Rfc1157 => kind.0 <= 0xA4,
            Self::Rfc3416 => kind.0 != 0xA4,
        }
    }
}

/// One PDU (RFC 1157 4.1, RFC 3416 section 3).
#[derive(Debug, Clone, Copy)]
pub struct Pdu<'a> {
    /// What kind of PDU.
    pub kind: PduKind,
    /// The fields before the varbinds.
    pub body: Body<'a>,
    /// The varbinds.
    pub varbinds: VarBindList<'a>,
    /// Octets after the varbind list inside the PDU; no RFC has them, nothing reads them.
    pub trailing_octets: usize,
}

/// The fields of a PDU before its varbinds (RFC 1157 4.1.6, RFC 3416 section 3).
#[derive(Debug, Clone, Copy)]
pub enum Body<'a> {
    /// The Trap-PDU of SNMPv1.
    TrapV1(TrapV1<'a>),
    /// Every other PDU.
    Common(Common),
}

/// The fields of the SNMPv1 Trap-PDU (RFC 1157 4.1.6).
#[derive(Debug, Clone, Copy)]
pub struct TrapV1<'a> {
    /// The sender's sysObjectID, or the enterprise that defined the trap; may be empty.
    pub enterprise: Oid<'a>,
    /// The address of the object that made the trap: 4 octets, but 0 and 16 are seen.
    pub agent_addr: &'a [u8],
    /// 0 to 6 by RFC 1157; anything may arrive.
    pub generic_trap: i64,
    /// The trap's number inside `enterprise` when `generic_trap` is 6; anything may arrive.
    pub specific_trap: i64,
    /// sysUpTime when the trap was made, in hundredths of a second.
    pub time_stamp: u32,
}

/// The fields of every PDU but the SNMPv1 Trap-PDU (RFC 3416 section 3).
#[derive(Debug, Clone, Copy)]
pub struct Common {
    /// Ties a Response to its request; any 32-bit value.
    pub request_id: i32,
    /// error-status, or non-repeaters of a GetBulkRequest-PDU; 0 in a notification, not checked.
    pub error_status: i32,
    /// error-index, or max-repetitions of a GetBulkRequest-PDU; 0 in a notification, not checked.
    pub error_index: i32,
}

impl<'a> Pdu<'a> {
    /// Reads one PDU (RFC 1157 4.1, RFC 3416 section 3). The varbinds are read later, one by one.
    ///
    /// # Errors
    /// [`Reason::PduUnknown`], [`Reason::PduNotLegalInVersion`], [`Reason::MultiOctetTag`], and whatever is wrong
    /// with a field before the varbinds.
    #[inline]
    pub fn decode(cursor: &mut Cursor<'a>, legal: PduSet) -> Result<Self, DecodeError> {
        match Self::plain(cursor, legal) {
            Some(pdu) => Ok(pdu),
            None => Self::any(cursor, legal),
        }
    }

    /// A PDU whose fields have the usual forms, and which is not the Trap-PDU of SNMPv1; does not move when it is another,
    /// which [`Pdu::any`] reads then. What both read they read the same; here no error is carried along, which costs more
    /// than to read.
    #[inline]
    pub(super) fn plain(cursor: &mut Cursor<'a>, legal: PduSet) -> Option<Self> {
        let mut after = *cursor;
        let (kind, mut fields) = after.large_encoding()?;
        let kind = PduKind(kind);
        if !(0xA0..=0xA8).contains(&kind.0) || kind == PduKind::TRAP_V1 || !legal.contains(kind) {
            return None;
        }
        let common = Common {
            request_id: fields.short_integer()?,
            error_status: fields.short_integer()?,
            error_index: fields.short_integer()?,
        };
        let (tag::SEQUENCE, varbinds) = fields.large_encoding()? else { return None };
        *cursor = after;
        let varbinds = VarBindList::new(varbinds);
        Some(Self { kind, body: Body::Common(common), varbinds, trailing_octets: fields.left() })
    }

    /// A PDU of any kind and form.
    #[inline(never)]
    pub(super) fn any(cursor: &mut Cursor<'a>, legal: PduSet) -> Result<Self, DecodeError> {
        let at = *cursor;
        let tlv = ber::read(cursor)?;
        let kind = PduKind(tlv.tag);
        if !(0xA0..=0xA8).contains(&kind.0) {
            return Err(at.error(Reason::PduUnknown));
        }
        if !legal.contains(kind) {
            return Err(at.error(Reason::PduNotLegalInVersion));
        }
        let mut fields = tlv.contents;
        let body = match kind {
            PduKind::TRAP_V1 => Body::TrapV1(TrapV1::decode(&mut fields)?),
            _ => Body::Common(Common::decode(&mut fields)?),
        };
        let varbinds = VarBindList::new(ber::expect(&mut fields, tag::SEQUENCE)?);
        Ok(Self { kind, body, varbinds, trailing_octets: fields.left() })
    }

    /// request-id (RFC 3416 section 3); the Trap-PDU of SNMPv1 has none.
    #[must_use]
    pub const fn request_id(&self) -> Option<i32> {
        match self.body {
            Body::TrapV1(_) => None,
            Body::Common(common) => Some(common.request_id),
        }
    }
}

impl<'a> TrapV1<'a> {
    /// Reads the five fields (RFC 1157 4.1.6).
    fn decode(fields: &mut Cursor<'a>) -> Result<Self, DecodeError> {
        Ok(Self {
            enterprise: Oid::decode(ber::expect(fields, tag::OBJECT_IDENTIFIER)?)?,
            agent_addr: ber::expect(fields, tag::IP_ADDRESS)?.rest(),
            generic_trap: integer::signed(ber::expect(fields, tag::INTEGER)?)?,
            specific_trap: integer::signed(ber::expect(fields, tag::INTEGER)?)?,
            time_stamp: integer::unsigned32(ber::expect(fields, tag::TIME_TICKS)?)?,
        })
    }
}

impl Common {
    /// Reads the three integers (RFC 3416 section 3).
    #[inline]
    fn decode(fields: &mut Cursor<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            request_id: integer::signed32(ber::expect(fields, tag::INTEGER)?)?,
            error_status: integer::signed32(ber::expect(fields, tag::INTEGER)?)?,
            error_index: integer::signed32(ber::expect(fields, tag::INTEGER)?)?,
        })
    }
}
