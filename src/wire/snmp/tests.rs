//! Messages built octet by octet, and a comparison with an independent decoder.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on should stop")]

use proptest::prelude::*;

use super::*;
use crate::wire::ber::Oid;

/// An encoding with a short or two-octet length.
pub(crate) fn tlv(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let contents = parts.concat();
    let mut out = vec![tag];
    if let Ok(short @ 0..0x80) = u8::try_from(contents.len()) {
        out.push(short);
    } else {
        out.push(0x82);
        out.extend_from_slice(&u16::try_from(contents.len()).unwrap().to_be_bytes());
    }
    out.extend_from_slice(&contents);
    out
}

/// A varbind of a name in contents octets and an encoded value.
pub(crate) fn varbind(name: &[u8], value: &[u8]) -> Vec<u8> {
    tlv(0x30, &[&tlv(0x06, &[name]), value])
}

/// A message with the three integers of RFC 3416; request-id 7.
pub(crate) fn message(version: u8, pdu: u8, varbinds: &[&[u8]]) -> Vec<u8> {
    let fields = [0x02, 1, 7, 0x02, 1, 0, 0x02, 1, 0];
    let pdu = tlv(pdu, &[&fields, &tlv(0x30, varbinds)]);
    tlv(0x30, &[&[0x02, 1, version], b"\x04\x06public", &pdu])
}

/// A v1 trap of an enterprise 1.3.6.1.4.1.9.
pub(crate) fn trap_v1(
    enterprise: &[u8],
    agent_addr: &[u8],
    generic: &[u8],
    specific: &[u8],
    varbinds: &[&[u8]],
) -> Vec<u8> {
    let pdu = tlv(
        0xA4,
        &[
            &tlv(0x06, &[enterprise]),
            &tlv(0x40, &[agent_addr]),
            &tlv(0x02, &[generic]),
            &tlv(0x02, &[specific]),
            &[0x43, 1, 123],
            &tlv(0x30, varbinds),
        ],
    );
    tlv(0x30, &[&[0x02, 1, 0], b"\x04\x06public", &pdu])
}

/// The community message in `bytes`.
pub(crate) fn community(bytes: &[u8]) -> CommunityMessage<'_> {
    match decode(bytes) {
        Ok(Message::Community(message)) => message,
        other => panic!("{other:?}"),
    }
}

fn reason(bytes: &[u8]) -> Option<Reason> {
    decode(bytes).err().map(|error| error.reason)
}

#[test]
fn every_pdu_in_every_version() {
    for (version, legal) in
        [(0, &[0xA0, 0xA1, 0xA2, 0xA3][..]), (1, &[0xA0, 0xA1, 0xA2, 0xA3, 0xA5, 0xA6, 0xA7, 0xA8])]
    {
        for tag in 0xA0..=0xA8 {
            let bytes = message(version, tag, &[]);
            if legal.contains(&tag) {
                assert_eq!(community(&bytes).pdu.kind, PduKind(tag));
                assert_eq!(community(&bytes).pdu.request_id(), Some(7));
            } else if (version, tag) != (0, 0xA4) {
                assert_eq!(reason(&bytes), Some(Reason::PduNotLegalInVersion), "{version} {tag:x}");
            }
        }
        assert_eq!(reason(&message(version, 0xA9, &[])), Some(Reason::PduUnknown));
        assert_eq!(reason(&message(version, 0x30, &[])), Some(Reason::PduUnknown));
        assert_eq!(reason(&message(version, 0xBF, &[])), Some(Reason::MultiOctetTag));
    }
    let trap = trap_v1(&[0x2B, 6, 1, 4, 1, 9], &[10, 0, 0, 1], &[6], &[12], &[]);
    let Body::TrapV1(fields) = community(&trap).pdu.body else { panic!("a v1 trap") };
    assert_eq!((fields.generic_trap, fields.specific_trap, fields.time_stamp), (6, 12, 123));
    assert_eq!(
        (fields.enterprise.to_string().as_str(), fields.agent_addr),
        ("1.3.6.1.4.1.9", &[10, 0, 0, 1][..])
    );
    assert_eq!(community(&trap).pdu.request_id(), None);
}

#[test]
fn versions() {
    let broken = decode(&message(3, 0xA7, &[])).map(|_| ()).map_err(|error| error.reason);
    assert_eq!(broken, Err(Reason::UnexpectedTag), "version 3 has another shape");
    for version in [2, 4, 0x7F, 0xFF] {
        assert_eq!(reason(&message(version, 0xA7, &[])), Some(Reason::VersionUnsupported));
    }
}

#[test]
fn lenient_lengths_and_octets_after_the_message() {
    let mut bytes = message(1, 0xA7, &[&varbind(&[0x2B], &[0x05, 0])]);
    // The outer length in long form with leading zeros.
    bytes.splice(1..2, [0x84, 0, 0, 0, bytes[1]]);
    assert_eq!(community(&bytes).trailing_octets, 0);
    bytes.extend_from_slice(&[0; 9]);
    let message = community(&bytes);
    assert_eq!(message.trailing_octets, 9);
    assert_eq!(message.pdu.varbinds.iter().count(), 1);
    assert_eq!(message.version, Version::V2c);
    assert_eq!(message.community, b"public");
    bytes.truncate(20);
    assert_eq!(reason(&bytes), Some(Reason::LengthBeyondParent));
    assert_eq!(reason(&[0x30, 0x80, 0, 0]), Some(Reason::IndefiniteLength));
}

#[test]
fn debug_text_hides_the_community() {
    let bytes = message(1, 0xA7, &[]);
    let text = format!("{:?}", community(&bytes));
    assert!(text.contains("***") && !text.contains("public") && !text.contains("112, 117"), "{text}");
}

#[test]
fn a_response_repeats_the_varbinds_octet_for_octet() {
    // A padded length inside the list and a malformed varbind: both go back as they came.
    let odd = [0x30, 0x81, 0x07, 0x06, 0x01, 0x2B, 0x40, 0x02, 9, 9];
    let request = message(1, 0xA6, &[&odd, &[0x04, 0x00]]);
    let mut out = b"kept".to_vec();
    assert!(encode::response(&community(&request), &mut out));
    assert_eq!(&out[..4], b"kept");
    let mut expected = request.clone();
    let tag_at = request.iter().position(|octet| *octet == 0xA6).unwrap();
    expected[tag_at] = 0xA2;
    assert_eq!(&out[4..], expected);

    let trap = trap_v1(&[0x2B], &[10, 0, 0, 1], &[6], &[1], &[]);
    assert!(!encode::response(&community(&trap), &mut out));
    assert_eq!(out.len(), 4 + expected.len());
}

/// A value in both the oracle's form and ours.
fn any_value() -> impl Strategy<Value = rasn_snmp::v2::VarBindValue> {
    use rasn_smi::v1;
    use rasn_smi::v2::{ApplicationSyntax, Counter64, ObjectSyntax, SimpleSyntax};
    use rasn_snmp::v2::VarBindValue;
    let octets = || prop::collection::vec(any::<u8>(), 0..300);
    let wide = |value| VarBindValue::Value(ObjectSyntax::ApplicationWide(value));
    let simple = |value| VarBindValue::Value(ObjectSyntax::Simple(value));
    prop_oneof![
        any::<i32>().prop_map(move |value| simple(SimpleSyntax::Integer(value.into()))),
        octets().prop_map(move |value| simple(SimpleSyntax::String(value.into()))),
        any_oid().prop_map(move |value| simple(SimpleSyntax::ObjectId(value))),
        any::<[u8; 4]>().prop_map(move |value| wide(ApplicationSyntax::Address(v1::IpAddress(value.into())))),
        any::<u32>().prop_map(move |value| wide(ApplicationSyntax::Counter(v1::Counter(value)))),
        any::<u32>().prop_map(move |value| wide(ApplicationSyntax::Ticks(v1::TimeTicks(value)))),
        any::<u32>().prop_map(move |value| wide(ApplicationSyntax::Unsigned(v1::Gauge(value)))),
        any::<u64>().prop_map(move |value| wide(ApplicationSyntax::BigCounter(Counter64(value)))),
        Just(VarBindValue::Unspecified),
        Just(VarBindValue::NoSuchObject),
        Just(VarBindValue::NoSuchInstance),
        Just(VarBindValue::EndOfMibView),
    ]
}

fn any_oid() -> impl Strategy<Value = rasn::types::ObjectIdentifier> {
    let tail = prop::collection::vec(prop_oneof![0u32..300, any::<u32>()], 0..60);
    (0u32..3, 0u32..40, tail).prop_map(|(first, second, tail)| {
        let arcs: Vec<u32> = [first, second].into_iter().chain(tail).collect();
        rasn::types::ObjectIdentifier::new_unchecked(arcs.into())
    })
}

fn arcs_of(oid: Oid<'_>) -> Vec<u32> {
    oid.arcs().collect()
}

/// Whether the two values are the same.
fn same(ours: &Value<'_>, oracle: &rasn_snmp::v2::VarBindValue) -> bool {
    use rasn_smi::v2::{ApplicationSyntax as Wide, ObjectSyntax as Syntax, SimpleSyntax as Simple};
    use rasn_snmp::v2::VarBindValue as Oracle;
    match (ours, oracle) {
        (Value::Integer(ours), Oracle::Value(Syntax::Simple(Simple::Integer(oracle)))) => {
            rasn::types::Integer::from(*ours) == *oracle
        }
        (Value::OctetString(ours), Oracle::Value(Syntax::Simple(Simple::String(oracle)))) => {
            *ours == oracle.as_ref()
        }
        (Value::ObjectIdentifier(ours), Oracle::Value(Syntax::Simple(Simple::ObjectId(oracle)))) => {
            arcs_of(*ours) == oracle.to_vec()
        }
        (Value::IpAddress(ours), Oracle::Value(Syntax::ApplicationWide(Wide::Address(oracle)))) => {
            ours[..] == oracle.0[..]
        }
        (Value::Counter32(ours), Oracle::Value(Syntax::ApplicationWide(Wide::Counter(oracle)))) => {
            *ours == oracle.0
        }
        (Value::TimeTicks(ours), Oracle::Value(Syntax::ApplicationWide(Wide::Ticks(oracle)))) => {
            *ours == oracle.0
        }
        (Value::Gauge32(ours), Oracle::Value(Syntax::ApplicationWide(Wide::Unsigned(oracle)))) => {
            *ours == oracle.0
        }
        (Value::Counter64(ours), Oracle::Value(Syntax::ApplicationWide(Wide::BigCounter(oracle)))) => {
            *ours == oracle.0
        }
        (Value::Null, Oracle::Unspecified)
        | (Value::NoSuchObject, Oracle::NoSuchObject)
        | (Value::NoSuchInstance, Oracle::NoSuchInstance)
        | (Value::EndOfMibView, Oracle::EndOfMibView) => true,
        _ => false,
    }
}

proptest! {
    /// What is read the quick way is read the same with more care, whatever was changed in a message.
    #[test]
    fn the_quick_way_reads_what_the_careful_one_reads(
        parts in (any::<bool>(), any::<u8>(), any::<u8>()),
        request_id in prop::collection::vec(any::<u8>(), 0..6),
        value in prop::collection::vec(any::<u8>(), 0..300),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        cut in any::<prop::sample::Index>(),
    ) {
        let (is_usual, version, kind) = parts;
        let (version, kind) = if is_usual { (1, 0xA0 | kind & 0x0F) } else { (version & 3, kind) };
        let integers = [&tlv(2, &[&request_id])[..], &[2, 1, 0, 2, 1, 0]].concat();
        let varbinds = tlv(0x30, &[&varbind(&[0x2B, 6], &tlv(4, &[&value]))]);
        let pdu = tlv(kind, &[&integers, &varbinds]);
        let mut bytes = tlv(0x30, &[&[2, 1, version], b"\x04\x06public", &pdu]);
        for (place, octet) in changes {
            let place = place.index(bytes.len());
            bytes[place] = octet;
        }
        bytes.truncate(bytes.len() - cut.index(bytes.len()) / 8);
        let quick = CommunityMessage::plain(Cursor::new(&bytes)).map(Message::Community);
        if let Some(quick) = quick {
            prop_assert_eq!(format!("{quick:?}"), format!("{:?}", decode_any(&bytes).unwrap()));
        }
        if let (Some(Message::Community(quick)), Ok(Message::Community(careful))) = (quick, decode_any(&bytes)) {
            prop_assert_eq!(quick.community, careful.community);
            prop_assert_eq!(quick.pdu.varbinds.bytes(), careful.pdu.varbinds.bytes());
        }
        // The same of a PDU alone, of either set.
        for set in [PduSet::Rfc1157, PduSet::Rfc3416] {
            let (mut one, mut other) = (Cursor::new(&pdu), Cursor::new(&pdu));
            if let Some(quick) = Pdu::plain(&mut one, set) {
                prop_assert_eq!(format!("{quick:?}"), format!("{:?}", Pdu::any(&mut other, set).unwrap()));
                prop_assert_eq!(one.offset(), other.offset());
            }
        }
    }

    /// What the oracle encodes we read the same, and the answer we write the oracle reads the same.
    #[test]
    fn agrees_with_the_oracle(
        request_id: i32,
        community_octets in prop::collection::vec(any::<u8>(), 0..200),
        varbinds in prop::collection::vec((any_oid(), any_value()), 0..12),
    ) {
        use rasn_snmp::{v2, v2c};
        let variable_bindings: Vec<_> =
            varbinds.into_iter().map(|(name, value)| v2::VarBind { name, value }).collect();
        let pdu = v2::Pdu { request_id, error_status: 0, error_index: 0, variable_bindings };
        let inform = v2c::Message {
            version: 1.into(),
            community: community_octets.clone().into(),
            data: v2::Pdus::InformRequest(v2::InformRequest(pdu.clone())),
        };
        let bytes = rasn::ber::encode(&inform).unwrap();
        let ours = community(&bytes);
        prop_assert_eq!((ours.version, ours.community, ours.trailing_octets), (Version::V2c, &community_octets[..], 0));
        prop_assert_eq!((ours.pdu.kind, ours.pdu.request_id()), (PduKind::INFORM_REQUEST, Some(request_id)));
        prop_assert_eq!(ours.pdu.varbinds.iter().count(), pdu.variable_bindings.len());
        for (found, expected) in ours.pdu.varbinds.iter().zip(&pdu.variable_bindings) {
            let VarBind::Bound { name, value } = found else { panic!("{found:?}") };
            prop_assert_eq!(arcs_of(name), expected.name.to_vec());
            prop_assert!(same(&value, &expected.value), "{:?} {:?}", value, expected.value);
        }
        let mut answer = Vec::new();
        prop_assert!(encode::response(&ours, &mut answer));
        let answer: v2c::Message<v2::Pdus> = rasn::ber::decode(&answer).unwrap();
        prop_assert_eq!(answer, v2c::Message { data: v2::Pdus::Response(v2::Response(pdu)), ..inform });
    }

    /// No octets whatever make the reader panic, loop, or yield more than it was given.
    #[test]
    fn arbitrary_octets(mut bytes in prop::collection::vec(any::<u8>(), 0..400), lead in 0usize..4) {
        // Most random octets die at the first tag; start them with parts of a good message.
        let good = message(1, 0xA7, &[]);
        let prefix = [0, 13, 24, good.len()][lead];
        bytes.splice(0..0, good[..prefix].iter().copied());
        if prefix > 2 {
            bytes[1] = 0x82;
            let length = u16::try_from(bytes.len() - 2).unwrap().to_be_bytes();
            bytes.splice(2..2, length);
        }
        if let Ok(Message::Community(message)) = decode(&bytes) {
            let list = message.pdu.varbinds;
            prop_assert!(list.iter().count() <= list.bytes().len());
            let mut answer = Vec::new();
            if encode::response(&message, &mut answer) {
                prop_assert_eq!(community(&answer).pdu.varbinds.bytes(), list.bytes());
            }
        }
    }

    /// A varbind list of arbitrary octets: each octet is in exactly one element.
    #[test]
    fn arbitrary_varbind_lists(mut list in prop::collection::vec(any::<u8>(), 0..200), cuts in prop::collection::vec(0usize..200, 0..6)) {
        for cut in cuts {
            if let Some(place) = list.get_mut(cut) {
                *place = 0x30;
            }
        }
        for element in VarBindList::new(Cursor::new(&list)).iter() {
            match element {
                VarBind::Bound { name, .. } => prop_assert!(!name.is_empty()),
                VarBind::Malformed { name: None, raw, .. } => prop_assert!(!raw.is_empty()),
                VarBind::Malformed { .. } => {}
            }
        }
    }
}
