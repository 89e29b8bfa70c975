//! First pass over a notification: what it is about, and what is odd about it.

use crate::model::notification::oid_buf::OidBuf;
use crate::model::notification::{Note, Notes, Reasons, SnmpVersion, Subject};
use crate::wire::ber::Oid;
use crate::wire::snmp::{Body, TrapV1, Value, VarBind};

/// sysUpTime.0, 1.3.6.1.2.1.1.3.0 (RFC 3418), as contents octets.
const SYS_UP_TIME_0: &[u8] = &[0x2B, 6, 1, 2, 1, 1, 3, 0];
/// snmpTrapOID.0, 1.3.6.1.6.3.1.1.4.1.0 (RFC 3418).
const SNMP_TRAP_OID_0: &[u8] = &[0x2B, 6, 1, 6, 3, 1, 1, 4, 1, 0];
/// snmpTrapEnterprise.0, 1.3.6.1.6.3.1.1.4.3.0 (RFC 3418).
const SNMP_TRAP_ENTERPRISE_0: &[u8] = &[0x2B, 6, 1, 6, 3, 1, 1, 4, 3, 0];
/// snmpTrapAddress.0, 1.3.6.1.6.3.18.1.3.0 (RFC 3584 5.3).
const SNMP_TRAP_ADDRESS_0: &[u8] = &[0x2B, 6, 1, 6, 3, 18, 1, 3, 0];
/// snmpTrapCommunity, 1.3.6.1.6.3.18.1.4 (RFC 3584 5.3), without instance.
const SNMP_TRAP_COMMUNITY: &[u8] = &[0x2B, 6, 1, 6, 3, 18, 1, 4];
/// snmpTraps, 1.3.6.1.6.3.1.1.5 (RFC 3418), which holds the standard traps.
const SNMP_TRAPS: &[u32] = &[1, 3, 6, 1, 6, 3, 1, 1, 5];

/// enterprises, 1.3.6.1.4.1 (RFC 2578 section 2).
const ENTERPRISES: &[u32] = &[1, 3, 6, 1, 4, 1];

/// What the first pass found.
#[derive(Debug)]
pub(super) struct Facts {
    /// snmpTrapOID: received, or derived from a v1 trap (RFC 3584 3.1).
    pub(super) trap_oid: Option<OidBuf>,
    /// Which varbind gave `trap_oid`.
    pub(super) trap_oid_at: Option<usize>,
    /// sysUpTime in hundredths of a second: received, or time-stamp of a v1 trap.
    pub(super) uptime: Option<u32>,
    /// Which varbind gave `uptime`.
    pub(super) uptime_at: Option<usize>,
    /// Whether a varbind says snmpTrapAddress.0.
    pub(super) has_trap_address: bool,
    /// Whether a varbind says snmpTrapEnterprise.0.
    pub(super) has_trap_enterprise: bool,
    /// The private enterprise number that snmpTrapOID, or else the enterprise of the trap, lies below.
    pub(super) enterprise: Option<u32>,
    /// Varbinds, malformed ones included.
    pub(super) varbinds: u32,
    /// Malformed varbinds.
    pub(super) malformed: u32,
    /// What they were refused for.
    pub(super) errors: Reasons,
    /// What is odd.
    pub(super) notes: Notes,
}

/// Walks the varbinds once.
pub(super) fn scan(subject: &Subject<'_, '_>) -> Facts {
    let mut facts = Facts {
        trap_oid: None,
        trap_oid_at: None,
        uptime: None,
        uptime_at: None,
        has_trap_address: false,
        has_trap_enterprise: false,
        enterprise: None,
        varbinds: 0,
        malformed: 0,
        errors: Reasons::default(),
        notes: Notes::default(),
    };
    let is_v1 = subject.version == SnmpVersion::V1;
    for (place, varbind) in subject.pdu.varbinds.iter().enumerate() {
        facts.varbinds = facts.varbinds.saturating_add(1);
        match varbind {
            VarBind::Bound { name, value } => facts.take(place, name, &value, is_v1),
            VarBind::Malformed { reason, .. } => {
                facts.malformed = facts.malformed.saturating_add(1);
                facts.errors.insert(reason);
            }
        }
    }
    if subject.trailing_octets > 0 {
        facts.notes.insert(Note::TrailingOctets);
    }
    match &subject.pdu.body {
        Body::TrapV1(trap) => facts.take_trap_v1(trap),
        Body::Common(_) if subject.pdu.kind.is_notification() => facts.check_order(),
        Body::Common(_) => {}
    }
    let own = facts.trap_oid.as_ref().and_then(|oid| enterprise_number(oid.as_slice()));
    facts.enterprise = own.or(facts.enterprise);
    facts
}

/// The number below 1.3.6.1.4.1 (RFC 2578 section 2, enterprises) that starts a name.
fn enterprise_number(arcs: &[u32]) -> Option<u32> {
    arcs.strip_prefix(ENTERPRISES)?.first().copied()
}

impl Facts {
    /// Notes one varbind.
    fn take(&mut self, place: usize, name: Oid<'_>, value: &Value<'_>, is_v1: bool) {
        match *value {
            Value::Integer(number) if i32::try_from(number).is_err() => {
                self.notes.insert(Note::IntegerBeyond32Bits)
            }
            Value::Counter64(_) if is_v1 => self.notes.insert(Note::Counter64InV1),
            Value::NoSuchObject | Value::NoSuchInstance | Value::EndOfMibView => {
                self.notes.insert(Note::ExceptionValue)
            }
            _ => {}
        }
        // Almost every varbind is none of these, and all of them lie under 1.3.6.1.
        match (name.as_bytes(), *value) {
            (SNMP_TRAP_OID_0, Value::ObjectIdentifier(oid)) if !oid.is_empty() => {
                if self.trap_oid_at.is_some() {
                    self.notes.insert(Note::SnmpTrapOidRepeated);
                } else {
                    self.trap_oid = Some(OidBuf::of(oid));
                    self.trap_oid_at = Some(place);
                }
            }
            (SYS_UP_TIME_0, Value::TimeTicks(ticks)) if self.uptime_at.is_none() => {
                self.uptime = Some(ticks);
                self.uptime_at = Some(place);
            }
            (SNMP_TRAP_ADDRESS_0, _) => self.has_trap_address = true,
            (SNMP_TRAP_ENTERPRISE_0, value) => {
                self.has_trap_enterprise = true;
                if let Value::ObjectIdentifier(oid) = value {
                    self.enterprise = enterprise_number(OidBuf::of(oid).as_slice());
                }
            }
            _ => {}
        }
    }

    /// Takes time-stamp and the derived snmpTrapOID of a v1 trap (RFC 3584 3.1); what its varbinds say about
    /// either is not authoritative and stays an ordinary varbind.
    fn take_trap_v1(&mut self, trap: &TrapV1<'_>) {
        self.uptime = Some(trap.time_stamp);
        self.uptime_at = None;
        self.enterprise = enterprise_number(OidBuf::of(trap.enterprise).as_slice()).or(self.enterprise);
        self.trap_oid = trap_oid_of_v1(trap);
        self.trap_oid_at = None;
        if self.trap_oid.is_none() {
            self.notes.insert(Note::SnmpTrapOidNotDerivable);
        }
        if trap.agent_addr.len() != 4 {
            self.notes.insert(Note::AgentAddrLength);
        }
    }

    /// Compares the first two varbinds with what RFC 3416 4.2.6 asks for.
    fn check_order(&mut self) {
        match self.trap_oid_at {
            None => self.notes.insert(Note::SnmpTrapOidMissing),
            Some(1) => {}
            Some(_) => self.notes.insert(Note::SnmpTrapOidOutOfOrder),
        }
        match self.uptime_at {
            None => self.notes.insert(Note::SysUpTimeMissing),
            Some(0) => {}
            Some(_) => self.notes.insert(Note::SysUpTimeOutOfOrder),
        }
    }
}

/// snmpTrapOID of a v1 trap (RFC 3584 3.1 (2) and (3)), when one can be derived.
///
/// A generic trap 0 to 5 is one of the standard traps. A specific one is enterprise, 0, specific-trap: the 0 is
/// appended always, as the RFC says, also to an enterprise that ends in 0; the fields stay in the JSON for those
/// who read it otherwise. An empty enterprise, a negative or over-long specific-trap and any other generic-trap
/// give none.
fn trap_oid_of_v1(trap: &TrapV1<'_>) -> Option<OidBuf> {
    if let generic @ 0..=5 = trap.generic_trap {
        let mut oid = OidBuf::of(Oid::default());
        for arc in SNMP_TRAPS {
            oid.push(*arc);
        }
        oid.push(u32::try_from(generic).ok()?.checked_add(1)?);
        return Some(oid);
    }
    if trap.generic_trap != 6 || trap.enterprise.is_empty() {
        return None;
    }
    let specific = i32::try_from(trap.specific_trap).ok()?;
    let mut oid = OidBuf::of(trap.enterprise);
    oid.push(0);
    oid.push(u32::try_from(specific).ok()?);
    Some(oid)
}

/// Whether showing this varbind could show a community: it is snmpTrapCommunity (RFC 3584 5.3), or octets that could
/// not be read and have that name inside.
pub(super) fn holds_community(varbind: &VarBind<'_>) -> bool {
    match varbind {
        VarBind::Bound { name, .. } => name.starts_with(SNMP_TRAP_COMMUNITY),
        VarBind::Malformed { name, raw, .. } => {
            name.is_some_and(|name| name.starts_with(SNMP_TRAP_COMMUNITY))
                || raw.windows(SNMP_TRAP_COMMUNITY.len()).any(|window| window == SNMP_TRAP_COMMUNITY)
        }
    }
}
