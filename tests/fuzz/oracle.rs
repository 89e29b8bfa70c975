//! What `rasn-snmp` says of a message of version 2c, against what we say. It is another decoder, by others, made from
//! the ASN.1 of the RFCs; what it is known to get wrong stands at each exception.

use mutt::wire::ber::definite;
use mutt::wire::error::Reason;
use mutt::wire::snmp::{self, CommunityMessage, Message, PduKind, Value, VarBind, Version};
use rasn_smi::v2::{ApplicationSyntax as Wide, ObjectSyntax as Syntax, SimpleSyntax as Simple};
use rasn_snmp::v2::{Pdus, VarBind as OracleVarBind, VarBindValue};
use rasn_snmp::v2c;

type OracleMessage = v2c::Message<Pdus>;

/// What we refuse of a whole message and the oracle takes.
const STRICTER: &[Reason] = &[
    // Forbidden by RFC 3417 section 8; ours are rewritten first.
    Reason::IndefiniteLength,
    Reason::ConstructedString,
    // The oracle cuts a request-id to 32 bits, so that `02 05 00 FF FF FF FF` is -1.
    Reason::IntegerOutOfRange,
];

/// Where both read a message, they read the same; what they do not both read is among what is known. The same holds
/// after the message was rewritten into definite lengths.
pub fn snmp_oracle(data: &[u8]) {
    judge(data, rasn::ber::decode(data).ok());
}

/// Whether we and the oracle differ when it is given other octets than we are.
pub fn notices(data: &[u8], others: &[u8]) -> bool {
    std::panic::catch_unwind(|| judge(data, rasn::ber::decode(others).ok())).is_err()
}

fn judge(data: &[u8], oracle: Option<OracleMessage>) {
    // It does not look at the version, which decides what the rest is.
    let oracle = oracle.filter(|oracle| oracle.version == 1.into());
    match (snmp::decode(data), &oracle) {
        (Ok(Message::Community(ours)), Some(oracle)) if ours.version == Version::V2c => {
            compare(&ours, oracle)
        }
        (Err(error), Some(oracle)) => {
            let is_known =
                STRICTER.contains(&error.reason) || data.get(error.offset).is_some_and(has_wrong_form);
            assert!(is_known, "{error} is no error to the oracle: {oracle:?}");
        }
        _ => {}
    }
    let mut rewritten = Vec::new();
    let Ok(found) = definite::rewrite(data, &mut rewritten) else { return };
    assert_eq!(data.get(data.len() - found.behind.len()..), Some(found.behind));
    let again = definite::rewrite(&rewritten, &mut Vec::new());
    assert!(again.is_ok_and(|again| !again.is_indefinite && !again.is_joined && again.behind.is_empty()));
    if let (Ok(Message::Community(ours)), Some(oracle)) = (snmp::decode(&rewritten), &oracle)
        && ours.version == Version::V2c
    {
        compare(&ours, oracle);
    }
}

/// Whether an identifier octet says the wrong thing of what its contents are made of (X.690 8.1.2.5), which the oracle
/// does not look at: SEQUENCE and PDUs are made of encodings, and nothing else is.
fn has_wrong_form(identifier: &u8) -> bool {
    let is_constructed = identifier & 0x20 != 0;
    let must_be = matches!(identifier & 0xDF, 0x10 | 0x80..=0x88);
    is_constructed != must_be
}

/// The kind of a PDU, its request-id and its varbinds.
fn parts(pdus: &Pdus) -> (PduKind, i32, &[OracleVarBind]) {
    let (kind, pdu) = match pdus {
        Pdus::GetRequest(pdu) => (PduKind::GET_REQUEST, &pdu.0),
        Pdus::GetNextRequest(pdu) => (PduKind::GET_NEXT_REQUEST, &pdu.0),
        Pdus::Response(pdu) => (PduKind::RESPONSE, &pdu.0),
        Pdus::SetRequest(pdu) => (PduKind::SET_REQUEST, &pdu.0),
        Pdus::InformRequest(pdu) => (PduKind::INFORM_REQUEST, &pdu.0),
        Pdus::Trap(pdu) => (PduKind::TRAP_V2, &pdu.0),
        Pdus::Report(pdu) => (PduKind::REPORT, &pdu.0),
        Pdus::GetBulkRequest(bulk) => {
            return (PduKind::GET_BULK_REQUEST, bulk.0.request_id, &bulk.0.variable_bindings);
        }
    };
    (kind, pdu.request_id, &pdu.variable_bindings)
}

fn compare(ours: &CommunityMessage<'_>, oracle: &OracleMessage) {
    let (kind, request_id, varbinds) = parts(&oracle.data);
    assert_eq!((ours.community, ours.pdu.kind), (oracle.community.as_ref(), kind));
    assert_eq!(ours.pdu.request_id(), Some(request_id));
    let all: Vec<VarBind<'_>> = ours.pdu.varbinds.iter().collect();
    for (ours, oracle) in all.iter().zip(varbinds) {
        match ours {
            // No value is made of encodings; the oracle does not look at what the tag says of it.
            VarBind::Bound { value: Value::Unknown { tag, .. }, .. } if tag & 0x20 != 0 => {}
            VarBind::Bound { name, value } => {
                let arcs: Vec<u32> = name.arcs().collect();
                assert_eq!(arcs, oracle.name.to_vec());
                assert!(is_same(value, &oracle.value), "{value:?} {:?}", oracle.value);
            }
            // What one of its names or values is wrong in, the oracle may read all the same: it lets sub-identifiers
            // wrap at 32 bits and begin with 80, and takes strings in pieces.
            VarBind::Malformed { .. } => {}
        }
    }
    // It takes indefinite lengths, which we rewrite first; as they came, the first of them is where we end.
    let ended = matches!(all.last(), Some(VarBind::Malformed { reason: Reason::IndefiniteLength, .. }));
    // It leaves out the last varbind, and does not say so, when it cannot read that one.
    assert!(varbinds.len() <= all.len() || ended, "the oracle has more than {:?}", all.last());
    if let Some(left_out) = all.get(varbinds.len()) {
        assert!(is_beyond_the_oracle(left_out), "the oracle leaves out {left_out:?}");
    }
}

/// Whether the oracle does not know what we can read, or can keep without reading it.
fn is_beyond_the_oracle(varbind: &VarBind<'_>) -> bool {
    match varbind {
        VarBind::Malformed { .. } => true,
        VarBind::Bound { name, value } => {
            name.arcs().count() < 2
                || match value {
                    Value::Unknown { .. } | Value::UInteger32(_) | Value::NsapAddress(_) => true,
                    Value::ObjectIdentifier(oid) => oid.is_empty(),
                    // Without the octet of zeros that RFC 2578 asks for it reads them as negative.
                    Value::Counter32(number) | Value::Gauge32(number) | Value::TimeTicks(number) => {
                        *number > i32::MAX as u32 || number.leading_zeros() % 8 == 0
                    }
                    Value::Counter64(number) => number.leading_zeros() % 8 == 0,
                    Value::Opaque(_) => true,
                    _ => false,
                }
        }
    }
}

/// Whether two values are the same.
fn is_same(ours: &Value<'_>, oracle: &VarBindValue) -> bool {
    match (ours, oracle) {
        (Value::Integer(ours), VarBindValue::Value(Syntax::Simple(Simple::Integer(oracle)))) => {
            rasn::types::Integer::from(*ours) == *oracle
        }
        (Value::OctetString(ours), VarBindValue::Value(Syntax::Simple(Simple::String(oracle)))) => {
            *ours == oracle.as_ref()
        }
        (Value::ObjectIdentifier(ours), VarBindValue::Value(Syntax::Simple(Simple::ObjectId(oracle)))) => {
            ours.arcs().eq(oracle.iter().copied())
        }
        (_, VarBindValue::Value(Syntax::ApplicationWide(oracle))) => match (ours, oracle) {
            (Value::IpAddress(ours), Wide::Address(oracle)) => ours[..] == oracle.0[..],
            (Value::Counter32(ours), Wide::Counter(oracle)) => *ours == oracle.0,
            (Value::TimeTicks(ours), Wide::Ticks(oracle)) => *ours == oracle.0,
            (Value::Gauge32(ours), Wide::Unsigned(oracle)) => *ours == oracle.0,
            (Value::Counter64(ours), Wide::BigCounter(oracle)) => *ours == oracle.0,
            (Value::Opaque(_), Wide::Arbitrary(_)) => true,
            _ => false,
        },
        (Value::Null, VarBindValue::Unspecified)
        | (Value::NoSuchObject, VarBindValue::NoSuchObject)
        | (Value::NoSuchInstance, VarBindValue::NoSuchInstance)
        | (Value::EndOfMibView, VarBindValue::EndOfMibView) => true,
        _ => false,
    }
}
