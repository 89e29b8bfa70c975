//! Answers of version 3: the header and security parameters of a message, and its scoped PDU (RFC 3412 section 6,
//! RFC 3414 2.4). Neither MAC nor cipher are known here; room is left for the one, and the other works on octets that
//! stand at the end.

use crate::wire::ber::tag;
use crate::wire::snmp::encode::{minimal, push_header, tlv_len};
use crate::wire::snmp::pdu::PduKind;
use crate::wire::snmp::v3::SECURITY_MODEL_USM;

/// msgMaxSize that we announce: the longest UDP payload over IPv4 (RFC 3417 3.1, RFC 768).
pub const OUR_MAX_SIZE: i32 = 65_507;

/// What stands before the scoped PDU (RFC 3412 section 6, RFC 3414 2.4).
#[derive(Debug, Clone, Copy)]
pub struct Envelope<'a> {
    /// msgID, that of the request.
    pub msg_id: i32,
    /// msgFlags.
    pub flags: u8,
    /// msgAuthoritativeEngineID.
    pub engine_id: &'a [u8],
    /// msgAuthoritativeEngineBoots.
    pub boots: i32,
    /// msgAuthoritativeEngineTime.
    pub time: i32,
    /// msgUserName.
    pub user: &'a [u8],
    /// Octets of the MAC; 0 for none.
    pub mac_octets: usize,
    /// msgPrivacyParameters.
    pub salt: &'a [u8],
}

/// How the octets that follow an [`Envelope`] are wrapped (RFC 3412 section 6, ScopedPduData).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wrapped {
    /// A ScopedPDU as it is.
    Plaintext,
    /// An encryptedPDU.
    Encrypted,
}

/// A scoped PDU that answers (RFC 3412 6.8, RFC 3416 section 3).
#[derive(Debug, Clone, Copy)]
pub struct Answer<'a> {
    /// contextEngineID.
    pub context_engine_id: &'a [u8],
    /// contextName.
    pub context_name: &'a [u8],
    /// Response-PDU or Report-PDU.
    pub kind: PduKind,
    /// request-id.
    pub request_id: i32,
    /// error-status; error-index is 0.
    pub error_status: u8,
    /// Contents octets of the varbind list.
    pub varbinds: &'a [u8],
}

/// Appends everything of a message but its scoped PDU, of which `data_octets` octets follow (RFC 3412 section 6).
/// Returns the place of the MAC in `out`, where zeros stand for it.
pub fn envelope(envelope: &Envelope<'_>, wrapped: Wrapped, data_octets: usize, out: &mut Vec<u8>) -> usize {
    let header_len = integer_len(envelope.msg_id)
        + integer_len(OUR_MAX_SIZE)
        + tlv_len(1)
        + integer_len(SECURITY_MODEL_USM);
    let usm_len = tlv_len(envelope.engine_id.len())
        + integer_len(envelope.boots)
        + integer_len(envelope.time)
        + tlv_len(envelope.user.len())
        + tlv_len(envelope.mac_octets)
        + tlv_len(envelope.salt.len());
    let data_len = match wrapped {
        Wrapped::Plaintext => data_octets,
        Wrapped::Encrypted => tlv_len(data_octets),
    };
    let message_len = integer_len(3) + tlv_len(header_len) + tlv_len(tlv_len(usm_len)) + data_len;
    out.reserve(tlv_len(message_len));
    push_header(out, tag::SEQUENCE, message_len);
    push_integer(out, 3);
    push_header(out, tag::SEQUENCE, header_len);
    push_integer(out, envelope.msg_id);
    push_integer(out, OUR_MAX_SIZE);
    push_octets(out, &[envelope.flags]);
    push_integer(out, SECURITY_MODEL_USM);
    push_header(out, tag::OCTET_STRING, tlv_len(usm_len));
    push_header(out, tag::SEQUENCE, usm_len);
    push_octets(out, envelope.engine_id);
    push_integer(out, envelope.boots);
    push_integer(out, envelope.time);
    push_octets(out, envelope.user);
    push_header(out, tag::OCTET_STRING, envelope.mac_octets);
    let mac_at = out.len();
    out.resize(mac_at + envelope.mac_octets, 0);
    push_octets(out, envelope.salt);
    if wrapped == Wrapped::Encrypted {
        push_header(out, tag::OCTET_STRING, data_octets);
    }
    mac_at
}

impl Answer<'_> {
    /// Octets of the whole ScopedPDU (RFC 3412 6.8).
    #[must_use]
    pub fn octets(&self) -> usize {
        tlv_len(self.contents_len())
    }

    fn contents_len(&self) -> usize {
        tlv_len(self.context_engine_id.len()) + tlv_len(self.context_name.len()) + tlv_len(self.pdu_len())
    }

    fn pdu_len(&self) -> usize {
        integer_len(self.request_id)
            + integer_len(i32::from(self.error_status))
            + integer_len(0)
            + tlv_len(self.varbinds.len())
    }

    /// Appends the ScopedPDU (RFC 3412 6.8).
    pub fn encode(&self, out: &mut Vec<u8>) {
        push_header(out, tag::SEQUENCE, self.contents_len());
        push_octets(out, self.context_engine_id);
        push_octets(out, self.context_name);
        push_header(out, self.kind.0, self.pdu_len());
        push_integer(out, self.request_id);
        push_integer(out, i32::from(self.error_status));
        push_integer(out, 0);
        push_header(out, tag::SEQUENCE, self.varbinds.len());
        out.extend_from_slice(self.varbinds);
    }
}

/// The varbind of a Report-PDU: a Counter32 and its name (RFC 3414 3.2).
#[derive(Debug, Clone, Copy)]
pub struct CounterVarBind {
    octets: [u8; COUNTER_VARBIND_OCTETS_MAX],
    len: usize,
}

/// Octets of the contents of usmStats' counters' names, 1.3.6.1.6.3.15.1.1.N.0 (RFC 3414 section 5).
pub const COUNTER_NAME_OCTETS: usize = 10;

/// Two headers around the name, and a header before five octets.
const COUNTER_VARBIND_OCTETS_MAX: usize = 2 + 2 + COUNTER_NAME_OCTETS + 2 + 5;

impl CounterVarBind {
    /// The varbind of the counter `name`, in contents octets (RFC 3416 section 3).
    #[must_use]
    pub fn new(name: [u8; COUNTER_NAME_OCTETS], value: u32) -> Self {
        let [a, b, c, d] = value.to_be_bytes();
        // A counter with its top bit set needs a leading zero octet, and no other may lead (X.690 8.3.2, 8.3.3).
        let octets = [0, a, b, c, d];
        let skip = octets.windows(2).take_while(|pair| matches!(pair, [0, second] if *second < 0x80)).count();
        let octets = octets.get(skip..).unwrap_or_default();
        let value_header = [tag::COUNTER32, octets.len() as u8];
        let inside = (2 + name.len() + 2 + octets.len()) as u8;
        let name_header = [tag::SEQUENCE, inside, tag::OBJECT_IDENTIFIER, name.len() as u8];
        let all = name_header.iter().chain(&name).chain(&value_header).chain(octets);
        let mut varbind = Self { octets: [0; COUNTER_VARBIND_OCTETS_MAX], len: 0 };
        for (place, octet) in varbind.octets.iter_mut().zip(all) {
            *place = *octet;
            varbind.len += 1;
        }
        varbind
    }

    /// The octets of a list of this varbind alone (RFC 3416 section 3).
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.octets.get(..self.len).unwrap_or_default()
    }
}

/// Octets of an INTEGER.
fn integer_len(value: i32) -> usize {
    let (octets, skip) = minimal(value);
    tlv_len(octets.len() - skip)
}

fn push_integer(out: &mut Vec<u8>, value: i32) {
    let (octets, skip) = minimal(value);
    let octets = octets.get(skip..).unwrap_or(&octets);
    push_header(out, tag::INTEGER, octets.len());
    out.extend_from_slice(octets);
}

fn push_octets(out: &mut Vec<u8>, octets: &[u8]) {
    push_header(out, tag::OCTET_STRING, octets.len());
    out.extend_from_slice(octets);
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::wire::snmp::{Message, ScopedPdu, ScopedPduData, UsmParameters, Value, VarBind, decode};

    #[test]
    fn what_is_encoded_is_decoded() {
        for value in [0, 127, 128, 65_536, u32::MAX] {
            let varbinds = CounterVarBind::new([0x2B; COUNTER_NAME_OCTETS], value);
            let answer = Answer {
                context_engine_id: b"context engine",
                context_name: b"name",
                kind: PduKind::REPORT,
                request_id: -7,
                error_status: 0,
                varbinds: varbinds.as_bytes(),
            };
            let head = Envelope {
                msg_id: 500,
                flags: 1,
                engine_id: b"engine",
                boots: 3,
                time: 70_000,
                user: b"ops",
                mac_octets: 48,
                salt: b"saltsalt",
            };
            let mut out = b"before".to_vec();
            let mac_at = envelope(&head, Wrapped::Plaintext, answer.octets(), &mut out);
            answer.encode(&mut out);
            let Ok(Message::V3(message)) = decode(&out[6..]) else { panic!("{:?}", decode(&out[6..])) };
            assert_eq!((message.msg_id, message.flags.0, message.trailing_octets), (500, 1, 0));
            let usm = UsmParameters::decode(message.security_parameters).unwrap();
            assert_eq!(
                (usm.engine_id, usm.boots, usm.time, usm.user),
                (&b"engine"[..], 3, 70_000, &b"ops"[..])
            );
            assert_eq!((usm.mac, usm.mac_offset + 6, usm.salt), (&[0; 48][..], mac_at, &b"saltsalt"[..]));
            let ScopedPduData::Plaintext(contents) = message.data else { panic!("{message:?}") };
            let scoped = ScopedPdu::decode(contents).unwrap();
            assert_eq!(
                (scoped.context_engine_id, scoped.context_name),
                (&b"context engine"[..], &b"name"[..])
            );
            assert_eq!((scoped.pdu.kind, scoped.pdu.request_id()), (PduKind::REPORT, Some(-7)));
            let Some(VarBind::Bound { value: found, .. }) = scoped.pdu.varbinds.iter().next() else {
                panic!()
            };
            assert_eq!(found, Value::Counter32(value));
            assert_eq!(scoped.trailing_octets, 0);
        }
    }
}
