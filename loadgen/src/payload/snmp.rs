//! SNMPv1 and SNMPv2c traps and informs: linkDown, linkUp, authenticationFailure (RFC 3418, RFC 2863), and one enterprise trap.
//!
//! v2c: RFC 1901 message around the SNMPv2-Trap-PDU of RFC 3416 4.2.6, whose first two varbinds are sysUpTime.0 and
//! snmpTrapOID.0. v1: RFC 1157 4.1.6. The same event is composed in both forms as RFC 3584 maps them. The last varbind
//! carries the tail. An inform is a trap with another PDU type (RFC 3416 4.2.7). Invariant: octets come from `ber` only.

use std::net::Ipv4Addr;

use super::{Datagram, Device, Kind, Service, Stamp, ber, documentation_address};
use crate::rng::Rng;

/// SNMPv1 traps (RFC 1157 4.1.6).
pub const V1: Kind = Kind {
    name: "v1",
    help: "SNMPv1 traps",
    service: Service::Trap,
    in_syslog: false,
    compose: |composer, device, stamp, rng| {
        let (address, uptime_cs) = (device.address(), stamp.uptime_cs(device));
        encode_v1(&event(device, rng), address, uptime_cs, &composer.community, &composer.tail())
    },
};

/// SNMPv2c traps (RFC 3416 4.2.6).
pub const V2C: Kind = Kind {
    name: "v2c",
    help: "SNMPv2c traps",
    service: Service::Trap,
    in_syslog: false,
    compose: |composer, device, stamp, rng| {
        let (pdu, request_id_from_end) = compose_pdu(ber::tag::TRAP_V2, device, stamp, &composer.tail(), rng);
        message_v2c(&composer.community, &pdu, request_id_from_end)
    },
};

/// SNMPv2c informs (RFC 3416 4.2.7).
pub const V2C_INFORM: Kind = Kind {
    name: "v2c-inform",
    help: "SNMPv2c informs",
    service: Service::Inform,
    in_syslog: false,
    compose: |composer, device, stamp, rng| {
        let (pdu, request_id_from_end) = compose_pdu(ber::tag::INFORM, device, stamp, &composer.tail(), rng);
        message_v2c(&composer.community, &pdu, request_id_from_end)
    },
};

/// Where the tail lives: enterprise 32473 is set aside for documentation (RFC 5612).
pub const TAIL_OID: &[u32] = &[1, 3, 6, 1, 4, 1, 32473, 1, 1, 0];

const SYS_UP_TIME: &[u32] = &[1, 3, 6, 1, 2, 1, 1, 3, 0];
const SNMP_TRAP_OID: &[u32] = &[1, 3, 6, 1, 6, 3, 1, 1, 4, 1, 0];
/// snmpTraps (RFC 3418): the standard trap with generic-trap g is this plus g + 1.
const SNMP_TRAPS: &[u32] = &[1, 3, 6, 1, 6, 3, 1, 1, 5];
/// ifEntry (RFC 2863): column and ifIndex follow.
const IF_ENTRY: &[u32] = &[1, 3, 6, 1, 2, 1, 2, 2, 1];
/// A product of Cisco, as sysObjectID would say; the enterprise of its generic v1 traps.
const CISCO_PRODUCT: &[u32] = &[1, 3, 6, 1, 4, 1, 9, 1, 1208];
/// authAddr.0 of OLD-CISCO-SYS-MIB, which Cisco adds to authenticationFailure.
const CISCO_AUTH_ADDR: &[u32] = &[1, 3, 6, 1, 4, 1, 9, 2, 1, 5, 0];
/// ciscoConfigManMIBNotificationPrefix; ciscoConfigManEvent is specific-trap 1 under it.
const CISCO_CONFIG_MAN: &[u32] = &[1, 3, 6, 1, 4, 1, 9, 9, 43, 2];
/// ccmHistoryEventEntry: column and index follow.
const CISCO_CONFIG_HISTORY: &[u32] = &[1, 3, 6, 1, 4, 1, 9, 9, 43, 1, 1, 6, 1];

const GENERIC_LINK_DOWN: u32 = 2;
const GENERIC_LINK_UP: u32 = 3;
const GENERIC_AUTHENTICATION_FAILURE: u32 = 4;
const GENERIC_ENTERPRISE_SPECIFIC: u32 = 6;

/// What happened, in the terms of v1; v2c is derived from it.
struct Event {
    enterprise: &'static [u32],
    generic_trap: u32,
    specific_trap: u32,
    varbinds: Vec<u8>,
}

/// One notification as versions 2c and 3 carry it, its PDU of type `pdu_tag`, and how many octets before its end the
/// request-id starts.
#[must_use]
pub fn compose_pdu(pdu_tag: u8, device: Device, stamp: Stamp, tail: &str, rng: &mut Rng) -> (Vec<u8>, usize) {
    encode_pdu(pdu_tag, &event(device, rng), stamp.uptime_cs(device), tail)
}

/// The request-id of the Response in `bytes`, a message of version 2c, and its error-status; `None` for everything else.
#[must_use]
pub fn read_response(bytes: &[u8]) -> Option<(u32, i64)> {
    let mut message = ber::Reader(bytes).inner(ber::tag::SEQUENCE)?;
    if message.integer()? != 1 {
        return None;
    }
    message.content(ber::tag::OCTET_STRING)?;
    let mut pdu = message.inner(ber::tag::RESPONSE)?;
    Some((u32::try_from(pdu.integer()?).ok()?, pdu.integer()?))
}

fn message_v2c(community: &str, pdu: &[u8], request_id_from_end: usize) -> Datagram {
    let bytes = message(1, community, pdu);
    let request_id_at = bytes.len() - request_id_from_end;
    Datagram { bytes, request_id_at: Some(request_id_at), v3: None }
}

fn encode_pdu(pdu_tag: u8, event: &Event, uptime_cs: u32, tail: &str) -> (Vec<u8>, usize) {
    // RFC 3584 3.1: standard traps by their number, others as enterprise, 0, specific.
    let trap_oid = if event.generic_trap == GENERIC_ENTERPRISE_SPECIFIC {
        [event.enterprise, &[0, event.specific_trap]].concat()
    } else {
        [SNMP_TRAPS, &[event.generic_trap + 1]].concat()
    };
    let varbinds = ber::constructed(
        ber::tag::SEQUENCE,
        &[
            &ber::varbind(SYS_UP_TIME, &ber::time_ticks(uptime_cs)),
            &ber::varbind(SNMP_TRAP_OID, &ber::object_identifier(&trap_oid)),
            &event.varbinds,
            &ber::varbind(TAIL_OID, &ber::octet_string(tail.as_bytes())),
        ],
    );
    // request-id, error-status, error-index, varbinds. The request-id is patched; its length must not depend on it.
    let parts = [ber::integer(0x4000_0000), ber::integer(0), ber::integer(0), varbinds].concat();
    // The content's first value is the request-id: tag, length, four octets.
    (ber::tlv(pdu_tag, &parts), parts.len() - 2)
}

fn encode_v1(event: &Event, agent_addr: Ipv4Addr, uptime_cs: u32, community: &str, tail: &str) -> Datagram {
    let varbinds = ber::constructed(
        ber::tag::SEQUENCE,
        &[&event.varbinds, &ber::varbind(TAIL_OID, &ber::octet_string(tail.as_bytes()))],
    );
    let pdu = ber::constructed(
        ber::tag::TRAP_V1,
        &[
            &ber::object_identifier(event.enterprise),
            &ber::ip_address(agent_addr),
            &ber::integer(i64::from(event.generic_trap)),
            &ber::integer(i64::from(event.specific_trap)),
            &ber::time_ticks(uptime_cs),
            &varbinds,
        ],
    );
    Datagram { bytes: message(0, community, &pdu), request_id_at: None, v3: None }
}

fn message(version: i64, community: &str, pdu: &[u8]) -> Vec<u8> {
    ber::constructed(
        ber::tag::SEQUENCE,
        &[&ber::integer(version), &ber::octet_string(community.as_bytes()), pdu],
    )
}

fn event(device: Device, rng: &mut Rng) -> Event {
    let port = device.port(rng);
    match rng.below(8) {
        0..=2 => link(GENERIC_LINK_DOWN, port, 2),
        3..=5 => link(GENERIC_LINK_UP, port, 1),
        6 => Event {
            enterprise: CISCO_PRODUCT,
            generic_trap: GENERIC_AUTHENTICATION_FAILURE,
            specific_trap: 0,
            varbinds: ber::varbind(CISCO_AUTH_ADDR, &ber::ip_address(documentation_address(rng))),
        },
        _ => {
            let index = rng.between(1, 300);
            // CommandSource commandLine(1), ConfigSource commandSource(2), ConfigDestination running(3).
            let columns = [(3, 1), (4, 2), (5, 3)];
            let varbinds = columns.map(|(column, value)| {
                ber::varbind(&[CISCO_CONFIG_HISTORY, &[column, index]].concat(), &ber::integer(value))
            });
            Event {
                enterprise: CISCO_CONFIG_MAN,
                generic_trap: GENERIC_ENTERPRISE_SPECIFIC,
                specific_trap: 1,
                varbinds: varbinds.concat(),
            }
        }
    }
}

fn link(generic_trap: u32, port: u32, oper_status: i64) -> Event {
    let index = 10_100 + port;
    let column = |number| [IF_ENTRY, &[number, index]].concat();
    let description = format!("GigabitEthernet1/0/{port}");
    let varbinds = [
        ber::varbind(&column(1), &ber::integer(i64::from(index))),
        ber::varbind(&column(7), &ber::integer(1)),
        ber::varbind(&column(8), &ber::integer(oper_status)),
        ber::varbind(&column(2), &ber::octet_string(description.as_bytes())),
    ];
    Event { enterprise: CISCO_PRODUCT, generic_trap, specific_trap: 0, varbinds: varbinds.concat() }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::{Composer, patch_numbers, request_id, snmpv3};
    use super::*;

    const TAIL: &str = "run=00c0ffee stream=00000 seq=0000000000";

    fn encode_v2c(event: &Event, uptime_cs: u32) -> Datagram {
        let (pdu, from_end) = encode_pdu(ber::tag::TRAP_V2, event, uptime_cs, TAIL);
        message_v2c("public", &pdu, from_end)
    }

    /// Octets written out by hand from the RFCs, with blanks and line ends between them.
    fn octets(hex: &str) -> Vec<u8> {
        let digits: Vec<u8> = hex.bytes().filter(u8::is_ascii_hexdigit).collect();
        digits
            .chunks(2)
            .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
            .collect()
    }

    /// ifIndex.10101, ifAdminStatus.10101, ifOperStatus.10101, ifDescr.10101 and the tail.
    const LINK_DOWN_VARBINDS: &str = "
        3011 060B 2B0601020102020101CE75 0202 2775
        3010 060B 2B0601020102020107CE75 0201 01
        3010 060B 2B0601020102020108CE75 0201 02
        3023 060B 2B0601020102020102CE75 0414 4769676162697445746865726E6574312F302F31
        3037 060B 2B0601040181FD59010100 0428
             72756E3D3030633066666565 2073747265616D3D3030303030 207365713D30303030303030303030";

    #[test]
    fn v2c_link_down_octet_by_octet() {
        let message = encode_v2c(&link(GENERIC_LINK_DOWN, 1, 2), 12_345);
        let head = "
            3081DB 0201 01 0406 7075626C6963
            A781CD 0204 40000000 0201 00 0201 00
            3081BE
            300E 0608 2B06010201010300 4302 3039
            3017 060A 2B060106030101040100 0609 2B0601060301010503";
        assert_eq!(message.bytes, octets(&format!("{head}{LINK_DOWN_VARBINDS}")));
        assert_eq!(message.request_id_at, Some(3 + 3 + 8 + 3 + 2));
    }

    #[test]
    fn v1_link_down_octet_by_octet() {
        let agent = Ipv4Addr::new(127, 1, 0, 1);
        let message = encode_v1(&link(GENERIC_LINK_DOWN, 1, 2), agent, 12_345, "public", TAIL);
        let head = "
            3081C1 0201 00 0406 7075626C6963
            A481B3 0609 2B060104010901 8938 4004 7F010001 0201 02 0201 00 4302 3039
            308195";
        assert_eq!(message.bytes, octets(&format!("{head}{LINK_DOWN_VARBINDS}")));
        assert_eq!(message.request_id_at, None);
    }

    #[test]
    fn enterprise_trap_maps_to_enterprise_0_specific() {
        let event =
            Event { enterprise: CISCO_CONFIG_MAN, generic_trap: 6, specific_trap: 1, varbinds: Vec::new() };
        let message = encode_v2c(&event, 0);
        // 1.3.6.1.4.1.9.9.43.2.0.1
        let trap_oid = octets("060B 2B06010401 0909 2B 02 00 01");
        assert!(message.bytes.windows(trap_oid.len()).any(|window| window == trap_oid));
    }

    #[test]
    fn every_event_occurs() {
        let mut rng = Rng::new(1);
        let mut seen = [0; 7];
        for index in 0..200 {
            seen[event(Device { index }, &mut rng).generic_trap as usize] += 1;
        }
        assert!([2, 3, 4, 6].iter().all(|generic| seen[*generic] > 5), "{seen:?}");
    }

    #[test]
    fn an_inform_is_a_trap_with_another_type_and_its_answer_is_read() {
        let composer =
            Composer { run_id: 0xC0FFEE, community: "public".to_owned(), v3: snmpv3::Settings::default() };
        let compose =
            |kind: &Kind| (kind.compose)(&composer, Device { index: 0 }, Stamp::of_slot(0), &mut Rng::new(1));
        let (trap, mut inform) = (compose(&V2C), compose(&V2C_INFORM));
        let at = inform.request_id_at.unwrap();
        assert_eq!(read_response(&inform.bytes), None, "no answer");
        let differing: Vec<usize> =
            (0..trap.bytes.len()).filter(|at| trap.bytes[*at] != inform.bytes[*at]).collect();
        let tag_at = differing[0];
        assert_eq!((differing.len(), trap.bytes[tag_at], inform.bytes[tag_at]), (1, 0xA7, 0xA6));
        patch_numbers(&mut inform.bytes, Some(at), 3, 77);
        inform.bytes[tag_at] = 0xA2;
        assert_eq!(read_response(&inform.bytes), Some((request_id(77), 0)));
        assert_eq!(read_response(&inform.bytes[..inform.bytes.len() - 1]), None);
        inform.bytes[at + 6] = 5;
        assert_eq!(read_response(&inform.bytes), Some((request_id(77), 5)), "genErr");
    }
}
