//! The BER that SNMP needs, as an encoder: definite lengths in their shortest form (RFC 3417 8), values built inside out.
//!
//! Written from X.690 and the RFCs, on purpose without sharing anything with the receiver. Invariant: pure functions from
//! values to octets.

use std::net::Ipv4Addr;

/// Tags of RFC 2578 and RFC 1157 types, and of the PDUs.
pub mod tag {
    /// INTEGER, universal 2.
    pub const INTEGER: u8 = 0x02;
    /// OCTET STRING, universal 4.
    pub const OCTET_STRING: u8 = 0x04;
    /// OBJECT IDENTIFIER, universal 6.
    pub const OBJECT_IDENTIFIER: u8 = 0x06;
    /// SEQUENCE, universal 16, constructed.
    pub const SEQUENCE: u8 = 0x30;
    /// IpAddress, application 0.
    pub const IP_ADDRESS: u8 = 0x40;
    /// TimeTicks, application 3.
    pub const TIME_TICKS: u8 = 0x43;
    /// Trap-PDU of RFC 1157, context 4, constructed.
    pub const TRAP_V1: u8 = 0xA4;
    /// GetRequest-PDU of RFC 3416, context 0, constructed.
    pub const GET_REQUEST: u8 = 0xA0;
    /// Response-PDU of RFC 3416, context 2, constructed.
    pub const RESPONSE: u8 = 0xA2;
    /// InformRequest-PDU of RFC 3416, context 6, constructed.
    pub const INFORM: u8 = 0xA6;
    /// SNMPv2-Trap-PDU of RFC 3416, context 7, constructed.
    pub const TRAP_V2: u8 = 0xA7;
    /// Report-PDU of RFC 3416, context 8, constructed.
    pub const REPORT: u8 = 0xA8;
}

/// Tag, length, content.
#[must_use]
pub fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(content.len() + 6);
    out.push(tag);
    if content.len() < 0x80 {
        out.push(content.len() as u8);
    } else {
        let length = content.len().to_be_bytes();
        let significant: Vec<u8> = length.into_iter().skip_while(|octet| *octet == 0).collect();
        out.push(0x80 | significant.len() as u8);
        out.extend_from_slice(&significant);
    }
    out.extend_from_slice(content);
    out
}

/// A constructed value of already encoded parts.
#[must_use]
pub fn constructed(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    tlv(tag, &parts.concat())
}

/// INTEGER in the fewest octets: the first nine bits are never all equal (X.690 8.3.2).
#[must_use]
pub fn integer(value: i64) -> Vec<u8> {
    signed(tag::INTEGER, value)
}

/// TimeTicks: an unsigned 32-bit number, so values above 2^31-1 take five octets.
#[must_use]
pub fn time_ticks(hundredths: u32) -> Vec<u8> {
    signed(tag::TIME_TICKS, i64::from(hundredths))
}

/// OCTET STRING.
#[must_use]
pub fn octet_string(octets: &[u8]) -> Vec<u8> {
    tlv(tag::OCTET_STRING, octets)
}

/// IpAddress.
#[must_use]
pub fn ip_address(address: Ipv4Addr) -> Vec<u8> {
    tlv(tag::IP_ADDRESS, &address.octets())
}

/// OBJECT IDENTIFIER (X.690 8.19): the first two arcs share a sub-identifier, each is base 128 with a continuation bit.
/// `arcs` has at least two members.
#[must_use]
pub fn object_identifier(arcs: &[u32]) -> Vec<u8> {
    let [first, second, rest @ ..] = arcs else { return tlv(tag::OBJECT_IDENTIFIER, &[]) };
    let mut content = Vec::with_capacity(arcs.len() + 8);
    sub_identifier(&mut content, first * 40 + second);
    for arc in rest {
        sub_identifier(&mut content, *arc);
    }
    tlv(tag::OBJECT_IDENTIFIER, &content)
}

/// VarBind of RFC 3416 section 3: SEQUENCE { name, value }; `value` is encoded already.
#[must_use]
pub fn varbind(name: &[u32], value: &[u8]) -> Vec<u8> {
    constructed(tag::SEQUENCE, &[&object_identifier(name), value])
}

fn signed(tag: u8, value: i64) -> Vec<u8> {
    let octets = value.to_be_bytes();
    let mut start = 0;
    // An octet that only repeats the sign bit of the next one is left out.
    while start < 7 {
        let repeats = (octets[start] == 0x00 && octets[start + 1] < 0x80)
            || (octets[start] == 0xFF && octets[start + 1] >= 0x80);
        if !repeats {
            break;
        }
        start += 1;
    }
    tlv(tag, &octets[start..])
}

fn sub_identifier(out: &mut Vec<u8>, value: u32) {
    for group in (0..5).rev() {
        let shifted = value >> (7 * group);
        if shifted != 0 || group == 0 {
            out.push((shifted & 0x7F) as u8 | if group == 0 { 0 } else { 0x80 });
        }
    }
}

/// Reads values one after the other, as answers have them: tags of one octet, definite lengths.
#[derive(Debug, Clone, Copy)]
pub struct Reader<'b>(pub &'b [u8]);

impl<'b> Reader<'b> {
    /// The next value as tag and content; `None` at the end, and when the value is not whole.
    pub fn any(&mut self) -> Option<(u8, &'b [u8])> {
        let (&tag, rest) = self.0.split_first()?;
        let (&first, mut rest) = rest.split_first()?;
        let mut length = usize::from(first);
        if first >= 0x80 {
            let count = usize::from(first & 0x7F);
            if !(1..=4).contains(&count) {
                return None;
            }
            let (octets, after) = rest.split_at_checked(count)?;
            length = octets.iter().fold(0, |length, octet| length << 8 | usize::from(*octet));
            rest = after;
        }
        let (content, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some((tag, content))
    }

    /// The content of the next value, which must have `tag`.
    pub fn content(&mut self, tag: u8) -> Option<&'b [u8]> {
        let (found, content) = self.any()?;
        (found == tag).then_some(content)
    }

    /// A reader of what is in the next value, which must have `tag`.
    pub fn inner(&mut self, tag: u8) -> Option<Self> {
        self.content(tag).map(Self)
    }

    /// The next value as INTEGER of at most eight octets.
    pub fn integer(&mut self) -> Option<i64> {
        self.content(tag::INTEGER).and_then(signed_number)
    }
}

/// The number that the content of an INTEGER is, and of every type that is encoded as one.
#[must_use]
pub fn signed_number(content: &[u8]) -> Option<i64> {
    let first = content.first().filter(|_| content.len() <= 8)?;
    let start = if *first >= 0x80 { -1 } else { 0 };
    Some(content.iter().fold(start, |number, octet| number << 8 | i64::from(*octet)))
}

/// An OBJECT IDENTIFIER in dots; `None` when its content is not whole.
#[must_use]
pub fn dotted(content: &[u8]) -> Option<String> {
    let mut arcs: Vec<u64> = Vec::with_capacity(content.len() + 1);
    let mut arc = 0u64;
    for octet in content {
        arc = arc.checked_mul(128)? | u64::from(octet & 0x7F);
        if octet & 0x80 == 0 {
            arcs.push(std::mem::take(&mut arc));
        }
    }
    let (&last, &first) = (content.last()?, arcs.first()?);
    let top = (first / 40).min(2);
    let rest = arcs.iter().skip(1).copied();
    let all: Vec<String> =
        [top, first - 40 * top].into_iter().chain(rest).map(|arc| arc.to_string()).collect();
    (last & 0x80 == 0).then(|| all.join("."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_take_the_fewest_octets() {
        for (value, expected) in [
            (0, &[0x02, 0x01, 0x00][..]),
            (127, &[0x02, 0x01, 0x7F]),
            (128, &[0x02, 0x02, 0x00, 0x80]),
            (256, &[0x02, 0x02, 0x01, 0x00]),
            (-1, &[0x02, 0x01, 0xFF]),
            (-128, &[0x02, 0x01, 0x80]),
            (-129, &[0x02, 0x02, 0xFF, 0x7F]),
            (0x4000_0001, &[0x02, 0x04, 0x40, 0x00, 0x00, 0x01]),
        ] {
            assert_eq!(integer(value), expected, "{value}");
        }
        assert_eq!(time_ticks(u32::MAX), [0x43, 0x05, 0x00, 0xFF, 0xFF, 0xFF, 0xFF]);
    }

    #[test]
    fn lengths_switch_to_the_long_form_at_128() {
        assert_eq!(tlv(0x04, &[7; 127])[..2], [0x04, 0x7F]);
        assert_eq!(tlv(0x04, &[7; 128])[..3], [0x04, 0x81, 0x80]);
        assert_eq!(tlv(0x04, &[7; 256])[..4], [0x04, 0x82, 0x01, 0x00]);
        assert_eq!(tlv(0x04, &[7; 256]).len(), 260);
    }

    #[test]
    fn object_identifiers() {
        // snmpTrapOID.0 of RFC 3418, and an arc of two octets: 32473 = 1 * 16384 + 125 * 128 + 89.
        assert_eq!(
            object_identifier(&[1, 3, 6, 1, 6, 3, 1, 1, 4, 1, 0]),
            [0x06, 0x0A, 0x2B, 6, 1, 6, 3, 1, 1, 4, 1, 0]
        );
        assert_eq!(
            object_identifier(&[1, 3, 6, 1, 4, 1, 32473]),
            [0x06, 0x08, 0x2B, 6, 1, 4, 1, 0x81, 0xFD, 0x59]
        );
        // The example of X.690 8.19.5: {2 999 3}.
        assert_eq!(object_identifier(&[2, 999, 3]), [0x06, 0x03, 0x88, 0x37, 0x03]);
        assert_eq!(object_identifier(&[1, 3, u32::MAX]), [0x06, 0x06, 0x2B, 0x8F, 0xFF, 0xFF, 0xFF, 0x7F]);
    }

    #[test]
    fn varbind_is_a_sequence_of_name_and_value() {
        // ifIndex.7 = 7
        assert_eq!(
            varbind(&[1, 3, 6, 1, 2, 1, 2, 2, 1, 1, 7], &integer(7)),
            [0x30, 0x0F, 0x06, 0x0A, 0x2B, 6, 1, 2, 1, 2, 2, 1, 1, 7, 0x02, 0x01, 0x07]
        );
        assert_eq!(ip_address(Ipv4Addr::new(192, 0, 2, 1)), [0x40, 0x04, 192, 0, 2, 1]);
        assert_eq!(octet_string(b"ab"), [0x04, 0x02, b'a', b'b']);
    }

    #[test]
    fn what_was_written_is_read_and_what_is_cut_off_is_not() {
        for value in [0, 1, -1, 127, 128, -129, i64::from(u32::MAX), i64::MAX, i64::MIN] {
            assert_eq!(Reader(&integer(value)).integer(), Some(value));
        }
        for length in [0, 127, 128, 300, 70_000] {
            let octets = vec![7; length];
            let encoded = octet_string(&octets);
            assert_eq!(Reader(&encoded).content(tag::OCTET_STRING), Some(&octets[..]));
            assert_eq!(Reader(&encoded[..encoded.len() - 1]).any(), None);
        }
        assert_eq!(Reader(&[0x04, 0x85, 0, 0, 0, 0, 1, 9]).any(), None, "a length of more than four octets");
        for (arcs, text) in [(&[1, 3, 6, 1, 4, 1, 32473][..], "1.3.6.1.4.1.32473"), (&[2, 999, 3], "2.999.3")]
        {
            let encoded = object_identifier(arcs);
            assert_eq!(dotted(&encoded[2..]).as_deref(), Some(text));
        }
        assert_eq!(dotted(&[0x2B, 0x86]), None);
    }
}
