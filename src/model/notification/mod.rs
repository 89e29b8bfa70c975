//! What a trap or an inform says: snmpTrapOID, the readable line that rules match on, and JSON for the store.
//!
//! ```text
//! wire::snmp (borrowed view) -> [Describer] -> text, oid, trap type, JSON as spans of one buffer
//! ```
//!
//! Invariant: a [`Describer`] allocates only by growing the buffer it is given, by a bounded amount per message; a community is in
//! neither text nor JSON; nothing that was received passes without a trace in one of them, short of a cut that both
//! mark.

#![forbid(unsafe_code)]

mod json;
mod known;
mod meaning;
#[cfg(test)]
mod meaning_tests;
mod oid_buf;
mod scan;
#[cfg(test)]
mod tests;
mod text;

use std::net::IpAddr;

pub use oid_buf::OidBuf;

use crate::base::limits::RENDERED_TEXT_OCTETS_MAX;
use crate::base::span::Span;
use crate::wire::error::Reason;
use crate::wire::smi::{IndexPart, Syntax};
use crate::wire::snmp::{CommunityMessage, Pdu, PduKind, Version};

/// Somebody who knows names. The floor that sees both `mib` and `model` implements it for `mib::Names`; the two do
/// not see each other.
pub trait Naming {
    /// The longest definition that `arcs` starts with, if any. Called once or twice per varbind; must not allocate.
    fn name(&self, arcs: &[u32]) -> Option<ObjectName<'_>>;

    /// The vendor with this private enterprise number (below 1.3.6.1.4.1), if it is a known one.
    fn vendor(&self, _number: u32) -> Option<&str> {
        None
    }
}

/// What a name is the name of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameKind {
    /// An object, which has instances with values.
    Object,
    /// A notification.
    Notification,
    /// A place in the tree of names: what lies below it has another name.
    Other,
}

/// The answer of a [`Naming`].
#[derive(Debug, Clone, Copy)]
pub struct ObjectName<'n> {
    /// The defining module, as `IF-MIB`.
    pub module: &'n str,
    /// The descriptor, as `ifIndex`.
    pub label: &'n str,
    /// How many sub-identifiers the definition has; those after it are the instance.
    pub depth: usize,
    /// What it names.
    pub kind: NameKind,
    /// How values of the object are read, if that is known.
    pub syntax: Option<&'n Syntax>,
    /// What the instance of a column is made of; empty for all else.
    pub index: &'n [IndexPart],
}

/// The version a notification came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SnmpVersion {
    /// SNMPv1 (RFC 1157).
    V1,
    /// SNMPv2c (RFC 1901).
    V2c,
    /// SNMPv3 (RFC 3412).
    V3,
}

impl SnmpVersion {
    /// The version as `snmp_messages.snmp_version` has it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V1 => "v1",
            Self::V2c => "v2c",
            Self::V3 => "v3",
        }
    }
}

impl From<Version> for SnmpVersion {
    fn from(version: Version) -> Self {
        match version {
            Version::V1 => Self::V1,
            Version::V2c => Self::V2c,
        }
    }
}

/// What [`describe_subject`] is to describe: a PDU and what its message said about it.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'m, 'a> {
    /// The version of the message.
    pub version: SnmpVersion,
    /// The PDU; of an encrypted message the decrypted one.
    pub pdu: &'m Pdu<'a>,
    /// securityLevel (RFC 3411 3.4.3): `noAuthNoPriv`, `authNoPriv` or `authPriv`.
    pub security_level: &'static str,
    /// What only a v3 message says.
    pub v3: Option<V3Facts<'m>>,
    /// The relay that brought it, when its source is not where it came from.
    pub relay: Option<IpAddr>,
    /// Octets after the message that nothing read.
    pub trailing_octets: usize,
}

impl<'m, 'a> Subject<'m, 'a> {
    /// What a v1 or v2c message says of itself.
    #[must_use]
    pub fn of_community(message: &'m CommunityMessage<'a>) -> Self {
        Self {
            version: message.version.into(),
            pdu: &message.pdu,
            security_level: "noAuthNoPriv",
            v3: None,
            relay: None,
            trailing_octets: message.trailing_octets,
        }
    }
}

/// Who sent a v3 message (RFC 3412 section 6, RFC 3414 2.4). At noAuthNoPriv nobody vouches for it.
#[derive(Debug, Clone, Copy)]
pub struct V3Facts<'m> {
    /// msgAuthoritativeEngineID.
    pub engine_id: &'m [u8],
    /// msgUserName.
    pub user: &'m [u8],
    /// contextEngineID; shown where it is another than the authoritative one.
    pub context_engine_id: &'m [u8],
    /// contextName; shown where there is one.
    pub context_name: &'m [u8],
    /// `priority` of the credential that the message was made with.
    pub credential_priority: u32,
}

/// Declares [`Note`] with its names.
macro_rules! notes {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)+) => {
        /// Something odd about a notification that could be read all the same.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum Note { $($(#[$doc])* $variant,)+ }

        impl Note {
            /// Every note with its snake_case name.
            const ALL: &'static [(Self, &'static str)] = &[$((Self::$variant, $name),)+];
        }
    };
}

notes! {
    /// No readable snmpTrapOID.0 (RFC 3416 4.2.6 requires it).
    SnmpTrapOidMissing = "snmp_trap_oid_missing",
    /// snmpTrapOID.0 is not the second varbind (RFC 3416 4.2.6).
    SnmpTrapOidOutOfOrder = "snmp_trap_oid_out_of_order",
    /// snmpTrapOID.0 is there more than once; the first counts.
    SnmpTrapOidRepeated = "snmp_trap_oid_repeated",
    /// No readable sysUpTime.0 (RFC 3416 4.2.6 requires it).
    SysUpTimeMissing = "sys_up_time_missing",
    /// sysUpTime.0 is not the first varbind (RFC 3416 4.2.6).
    SysUpTimeOutOfOrder = "sys_up_time_out_of_order",
    /// A v1 trap whose fields make no snmpTrapOID (RFC 3584 3.1).
    SnmpTrapOidNotDerivable = "snmp_trap_oid_not_derivable",
    /// agent-addr of a v1 trap has not 4 octets (RFC 1157 4.1.6).
    AgentAddrLength = "agent_addr_length",
    /// Octets follow the message, or the PDU inside it.
    TrailingOctets = "trailing_octets",
    /// An INTEGER that does not fit 32 bits (RFC 2578 7.1.1).
    IntegerBeyond32Bits = "integer_beyond_32_bits",
    /// A Counter64 in a v1 PDU (RFC 3584 2.1).
    Counter64InV1 = "counter64_in_v1",
    /// noSuchObject, noSuchInstance or endOfMibView in a notification (RFC 3416 section 3).
    ExceptionValue = "exception_value",
}

/// A set of [`Note`]s.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Notes(u32);

impl Notes {
    /// Adds a note.
    const fn insert(&mut self, note: Note) {
        self.0 |= 1 << note as u32;
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether `note` is in the set.
    #[must_use]
    pub const fn contains(self, note: Note) -> bool {
        self.0 & (1 << note as u32) != 0
    }

    /// The snake_case names of the notes, in a fixed order.
    pub fn iter(self) -> impl Iterator<Item = &'static str> {
        Note::ALL.iter().filter(move |(note, _)| self.contains(*note)).map(|(_, name)| *name)
    }
}

/// A set of [`Reason`]s.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reasons(u64);

const _: () = assert!(Reason::ALL.len() <= 64, "one bit for each reason");
const _: () = assert!(Note::ALL.len() <= 32, "one bit for each note");

impl Reasons {
    /// Adds a reason.
    const fn insert(&mut self, reason: Reason) {
        self.0 |= 1 << reason.index();
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The reasons, in order of declaration.
    pub fn iter(self) -> impl Iterator<Item = Reason> {
        Reason::ALL.iter().copied().filter(move |reason| self.0 & (1 << reason.index()) != 0)
    }
}

/// What a message says, with its texts as spans of the buffer that [`describe`] appended to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Notification {
    /// The readable line (`raw_message`).
    pub text: Span,
    /// snmpTrapOID in dots; empty when there is none.
    pub oid: Span,
    /// The symbolic name of snmpTrapOID, as `IF-MIB::linkDown`, or the dots again; empty when there is none.
    pub trap_type: Span,
    /// The JSON object (`enriched_data`).
    pub enriched: Span,
    /// Trap, inform, or something that is no notification.
    pub kind: PduKind,
    /// The version.
    pub version: SnmpVersion,
    /// request-id; a v1 trap has none.
    pub request_id: Option<i32>,
    /// sysUpTime in hundredths of a second, when the sender says it.
    pub uptime: Option<u32>,
    /// Varbinds, malformed ones included; at most one more than [`crate::base::limits::VARBINDS_MAX`].
    pub varbinds: u32,
    /// Malformed varbinds.
    pub malformed: u32,
    /// What varbinds were refused for (`validation_errors`).
    pub errors: Reasons,
    /// What is odd, though readable.
    pub notes: Notes,
    /// Whether text or JSON was cut at its bound.
    pub truncated: bool,
}

/// Describes a v1 or v2c message, for once; appends to `out` at most
/// [`crate::base::limits::RENDERED_TEXT_OCTETS_MAX`] + [`crate::base::limits::ENRICHED_OCTETS_MAX`] octets.
///
/// Whether the message is a notification at all is the caller's to decide; any PDU can be described.
pub fn describe<N: Naming + ?Sized>(
    message: &CommunityMessage<'_>,
    names: &N,
    out: &mut Vec<u8>,
) -> Notification {
    describe_subject(&Subject::of_community(message), names, out)
}

/// Describes a PDU of any version, for once; see [`describe`].
pub fn describe_subject<N: Naming + ?Sized>(
    subject: &Subject<'_, '_>,
    names: &N,
    out: &mut Vec<u8>,
) -> Notification {
    Describer::new().describe(subject, names, out)
}

/// Describes notifications one after the other, without making room for each of them.
#[derive(Debug)]
pub struct Describer {
    /// The readable line, until the JSON beside which it is written is done.
    line: Vec<u8>,
}

impl Default for Describer {
    fn default() -> Self {
        Self::new()
    }
}

impl Describer {
    /// A describer whose memory is there from the start; what is not used of it is not in RAM.
    #[must_use]
    pub fn new() -> Self {
        Self { line: Vec::with_capacity(RENDERED_TEXT_OCTETS_MAX) }
    }

    /// Describes a PDU of any version; see [`describe`].
    pub fn describe<N: Naming + ?Sized>(
        &mut self,
        subject: &Subject<'_, '_>,
        names: &N,
        out: &mut Vec<u8>,
    ) -> Notification {
        let facts = scan::scan(subject);
        self.line.clear();
        let mut line = text::LineWriter::begin(&mut self.line, subject, &facts, names);
        let mut json = json::ObjectWriter::begin(out, subject, &facts, names);
        let mut room = known::Room::new();
        for (place, varbind) in subject.pdu.varbinds.iter().enumerate() {
            if line.is_full() && json.is_cut() {
                break;
            }
            let is_trap_oid = Some(place) == facts.trap_oid_at;
            let known = known::Known::of(&varbind, is_trap_oid, names, &mut room);
            json.varbind(&varbind, is_trap_oid, &known);
            if Some(place) != facts.uptime_at && !is_trap_oid {
                line.varbind(&varbind, &known);
            }
        }
        let (enriched, enriched_is_cut) = json.finish(&facts);
        let line = line.finish(subject, &facts, names);
        // The parts of the line are where it comes to stand.
        let line_start = out.len();
        out.extend_from_slice(&self.line);
        let moved = |span: Span| {
            let start = line_start.saturating_add(span.start as usize);
            if span.is_empty() { span } else { span_since(start, start.saturating_add(span.len as usize)) }
        };
        Notification {
            text: moved(line.text),
            oid: moved(line.oid),
            trap_type: moved(line.trap_type),
            enriched,
            kind: subject.pdu.kind,
            version: subject.version,
            request_id: subject.pdu.request_id(),
            uptime: facts.uptime,
            varbinds: facts.varbinds,
            malformed: facts.malformed,
            errors: facts.errors,
            notes: facts.notes,
            truncated: line.truncated || enriched_is_cut,
        }
    }
}

/// The span from `start` to `end` of a buffer; empty when the buffer is too long for spans, which a batch's bound
/// excludes.
fn span_since(start: usize, end: usize) -> Span {
    match (u32::try_from(start), u32::try_from(end.saturating_sub(start))) {
        (Ok(start), Ok(len)) => Span { start, len },
        _ => Span::EMPTY,
    }
}
