//! What goes back to the originator of an inform: the Response-PDU (RFC 3416 4.2.4, 4.2.7).
//!
//! Invariant: an answer is never longer than a lawful request of the same content, so no bound beyond the
//! request's own is needed and tooBig (RFC 3416 4.2.7) cannot arise for versions 1 and 2c.

use crate::wire::ber::tag;
use crate::wire::snmp::community::CommunityMessage;
use crate::wire::snmp::pdu::PduKind;

/// error-status and error-index of an answer to a notification: noError(0), 0 (RFC 3416 4.2.7).
const NO_ERROR: [u8; 6] = [tag::INTEGER, 1, 0, tag::INTEGER, 1, 0];

/// Appends the Response-PDU message that answers `request` to `out`: same version, community and request-id, no
/// error, the varbinds octet for octet (RFC 3416 4.2.7). Returns whether there was anything to answer: the
/// Trap-PDU of SNMPv1 has no request-id, and `out` is left as it was.
///
/// Whether a request deserves an answer (only informs do, and only once their event is durable) is the caller's
/// business.
pub fn response(request: &CommunityMessage<'_>, out: &mut Vec<u8>) -> bool {
    let Some(request_id) = request.pdu.request_id() else {
        return false;
    };
    let (id_octets, id_skip) = minimal(request_id);
    let id = id_octets.get(id_skip..).unwrap_or(&id_octets);
    let varbinds = request.pdu.varbinds.bytes();

    let pdu_len = 2 + id.len() + NO_ERROR.len() + tlv_len(varbinds.len());
    let message_len = 3 + tlv_len(request.community.len()) + tlv_len(pdu_len);
    out.reserve(tlv_len(message_len));
    push_header(out, tag::SEQUENCE, message_len);
    out.extend_from_slice(&[tag::INTEGER, 1, request.version.to_wire()]);
    push_header(out, tag::OCTET_STRING, request.community.len());
    out.extend_from_slice(request.community);
    push_header(out, PduKind::RESPONSE.0, pdu_len);
    push_header(out, tag::INTEGER, id.len());
    out.extend_from_slice(id);
    out.extend_from_slice(&NO_ERROR);
    push_header(out, tag::SEQUENCE, varbinds.len());
    out.extend_from_slice(varbinds);
    true
}

/// The octets of `value` and how many of them X.690 8.3.2 forbids to send.
pub(super) fn minimal(value: i32) -> ([u8; 4], usize) {
    let mut skip = 0;
    // An octet is superfluous while the rest still fits in one octet less.
    for bits in [23, 15, 7] {
        if value >> bits != 0 && value >> bits != -1 {
            break;
        }
        skip += 1;
    }
    (value.to_be_bytes(), skip)
}

/// Octets of an encoding with `contents` octets of contents.
pub(super) const fn tlv_len(contents: usize) -> usize {
    let length_octets = match contents {
        0..=0x7F => 1,
        0x80..=0xFF => 2,
        0x100..=0xFFFF => 3,
        0x1_0000..=0xFF_FFFF => 4,
        _ => 5,
    };
    1 + length_octets + contents
}

/// Appends identifier and length octets, the length in the shortest form (X.690 8.1.3).
pub(super) fn push_header(out: &mut Vec<u8>, tag: u8, length: usize) {
    out.push(tag);
    let octets = length.to_be_bytes();
    if length < 0x80 {
        out.extend_from_slice(octets.get(octets.len() - 1..).unwrap_or_default());
        return;
    }
    let count = tlv_len(length) - length - 2;
    out.push(0x80 | u8::try_from(count).unwrap_or(0x7E));
    out.extend_from_slice(octets.get(octets.len().saturating_sub(count)..).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shortest_integers() {
        for (value, octets) in [
            (0, &[0x00][..]),
            (127, &[0x7F]),
            (128, &[0x00, 0x80]),
            (-1, &[0xFF]),
            (-128, &[0x80]),
            (-129, &[0xFF, 0x7F]),
            (65_536, &[1, 0, 0]),
            (i32::MIN, &[0x80, 0, 0, 0]),
            (i32::MAX, &[0x7F, 0xFF, 0xFF, 0xFF]),
        ] {
            let (all, skip) = minimal(value);
            assert_eq!(&all[skip..], octets, "{value}");
        }
    }

    #[test]
    fn shortest_lengths() {
        for (length, octets) in [
            (0, &[0x30, 0x00][..]),
            (0x7F, &[0x30, 0x7F]),
            (0x80, &[0x30, 0x81, 0x80]),
            (0x100, &[0x30, 0x82, 0x01, 0x00]),
            (0x1_0000, &[0x30, 0x83, 0x01, 0x00, 0x00]),
        ] {
            let mut out = Vec::new();
            push_header(&mut out, 0x30, length);
            assert_eq!(out, octets);
            assert_eq!(tlv_len(length), octets.len() + length);
        }
    }
}
