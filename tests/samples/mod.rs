//! Messages as devices send them, made here, for tests and benchmarks that need many of known content.
//!
//! Invariant: equal numbers give equal octets; nothing is random.
#![allow(dead_code, reason = "each binary that includes this file uses its part of it")]

pub mod v3;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use mutt::base::clock::Timestamp;
use mutt::shard::pipeline::{Arrival, Protocol};

/// When samples are received: 2026-10-11T22:14:15Z.
pub const RECEIVED_AT: Timestamp = Timestamp(1_791_756_855_000_000);

/// Contents octets of 1.3.6.1.6.3.1.1.4.1.0, snmpTrapOID.0 (RFC 3418).
const SNMP_TRAP_OID: &[u8] = &[0x2B, 6, 1, 6, 3, 1, 1, 4, 1, 0];
/// Contents octets of 1.3.6.1.2.1.1.3.0, sysUpTime.0 (RFC 3418).
const SYS_UP_TIME: &[u8] = &[0x2B, 6, 1, 2, 1, 1, 3, 0];
/// Contents octets of 1.3.6.1.6.3.1.1.5.3, linkDown (RFC 3418).
const LINK_DOWN: &[u8] = &[0x2B, 6, 1, 6, 3, 1, 1, 5, 3];
/// Contents octets of 1.3.6.1.4.1.32473, an enterprise for documentation (RFC 5612).
const ENTERPRISE: &[u8] = &[0x2B, 6, 1, 4, 1, 0x81, 0xFD, 0x59];

/// What an SNMP manager is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pdu {
    /// A v2c trap.
    Trap,
    /// A v2c inform.
    Inform,
}

/// A line of a Unix host as in RFC 3164 5.4.
pub fn rfc3164(n: u32) -> Vec<u8> {
    format!(
        "<34>Oct 11 22:14:{:02} mymachine{n} su[{}]: 'su root' failed for user{n} on /dev/pts/{}",
        n % 60,
        1000 + n,
        n % 16
    )
    .into_bytes()
}

/// A line of Cisco IOS: sequence number, time with milliseconds, `%FACILITY-SEVERITY-MNEMONIC`.
pub fn cisco(n: u32) -> Vec<u8> {
    format!(
        "<189>{n}: Oct 11 22:14:{:02}.512: %LINEPROTO-5-UPDOWN: Line protocol on Interface GigabitEthernet0/{}, \
         changed state to {}",
        n % 60,
        n % 48,
        if n.is_multiple_of(3) { "down" } else { "up" }
    )
    .into_bytes()
}

/// RFC 5424 with two SD-ELEMENTs.
pub fn rfc5424(n: u32) -> Vec<u8> {
    format!(
        "<165>1 2026-10-11T22:14:15.{:03}Z edge{n}.example.com evntslog {} ID47 [exampleSDID@32473 iut=\"3\" \
         eventSource=\"Application\" eventID=\"{n}\"][origin ip=\"192.0.2.{}\"] An application event log entry",
        n % 1000,
        2000 + n,
        n % 256
    )
    .into_bytes()
}

/// FortiGate's pairs of names and values.
pub fn fortigate(n: u32) -> Vec<u8> {
    format!(
        "<189>date=2026-10-11 time=22:14:{:02} devname=\"fw{n}\" devid=\"FGT60F0000000000\" logid=\"0000000013\" \
         type=\"traffic\" subtype=\"forward\" level=\"notice\" vd=\"root\" srcip=198.51.100.{} srcport={} \
         dstip=203.0.113.{} dstport=443 proto=6 action=\"close\" sentbyte={n} rcvdbyte=4711",
        n % 60,
        n % 256,
        1024 + n % 60_000,
        n % 256
    )
    .into_bytes()
}

/// A line that is not UTF-8 throughout and is kept beside its readable form.
pub fn not_utf8(n: u32) -> Vec<u8> {
    let mut line = format!("<13>Oct 11 22:14:{:02} printer{n} lpd: toner \"gr", n % 60).into_bytes();
    line.extend_from_slice(b"\xFCn\" low");
    line
}

/// An encoding with definite length (X.690 8.1).
fn tlv(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let contents = parts.concat();
    let [.., high, low] = contents.len().to_be_bytes();
    let mut out = match (high, low) {
        (0, 0..0x80) => vec![tag, low],
        _ => vec![tag, 0x82, high, low],
    };
    out.extend_from_slice(&contents);
    out
}

/// An integer of four octets: valid BER although not the shortest, for numbers below 2^31.
fn integer(tag: u8, value: u32) -> Vec<u8> {
    tlv(tag, &[&value.to_be_bytes()])
}

/// An instance of a column of ifTable or ifXTable (RFC 2863) with its value.
fn column(column: &[u8], index: u8, value: &[u8]) -> Vec<u8> {
    tlv(0x30, &[&tlv(0x06, &[column, &[index]]), value])
}

/// The four varbinds of a linkDown beyond the two that every notification starts with.
fn link_down_objects(n: u32) -> Vec<u8> {
    let index = u8::try_from(1 + n % 100).unwrap_or(1);
    let name = format!("GigabitEthernet0/{}", n % 48);
    [
        column(&[0x2B, 6, 1, 2, 1, 2, 2, 1, 1], index, &[0x02, 1, index]),
        column(&[0x2B, 6, 1, 2, 1, 2, 2, 1, 7], index, &[0x02, 1, 1]),
        column(&[0x2B, 6, 1, 2, 1, 2, 2, 1, 8], index, &[0x02, 1, 2]),
        column(&[0x2B, 6, 1, 2, 1, 2, 2, 1, 2], index, &tlv(0x04, &[name.as_bytes()])),
    ]
    .concat()
}

/// A v2c linkDown of six varbinds (RFC 2863, RFC 3416 4.2.6) in a message of RFC 1901.
pub fn link_down(n: u32, pdu: Pdu) -> Vec<u8> {
    tlv(0x30, &[&[0x02, 1, 1], b"\x04\x06public", &link_down_pdu(n, pdu)])
}

/// The PDU of [`link_down`], which is the same in v3.
fn link_down_pdu(n: u32, pdu: Pdu) -> Vec<u8> {
    let up_time = tlv(0x30, &[&tlv(0x06, &[SYS_UP_TIME]), &integer(0x43, n)]);
    let trap_oid = tlv(0x30, &[&tlv(0x06, &[SNMP_TRAP_OID]), &tlv(0x06, &[LINK_DOWN])]);
    let varbinds = tlv(0x30, &[&up_time, &trap_oid, &link_down_objects(n)]);
    let tag = match pdu {
        Pdu::Trap => 0xA7,
        Pdu::Inform => 0xA6,
    };
    tlv(tag, &[&integer(0x02, n), &[0x02, 1, 0, 0x02, 1, 0], &varbinds])
}

/// A v1 linkDown (RFC 1157 4.1.6).
pub fn link_down_v1(n: u32) -> Vec<u8> {
    trap_v1(n, 2, 0, &link_down_objects(n))
}

/// A v1 enterprise-specific trap with one string.
pub fn enterprise_v1(n: u32) -> Vec<u8> {
    let text = format!("fan tray {n} is failing");
    let name = tlv(0x06, &[ENTERPRISE, &[1, 0]]);
    trap_v1(n, 6, 1 + n % 100, &tlv(0x30, &[&name, &tlv(0x04, &[text.as_bytes()])]))
}

fn trap_v1(n: u32, generic_trap: u8, specific_trap: u32, varbinds: &[u8]) -> Vec<u8> {
    let pdu = tlv(
        0xA4,
        &[
            &tlv(0x06, &[ENTERPRISE]),
            &[0x40, 4, 192, 0, 2, 1],
            &[0x02, 1, generic_trap],
            &integer(0x02, specific_trap),
            &integer(0x43, n),
            &tlv(0x30, &[varbinds]),
        ],
    );
    tlv(0x30, &[&[0x02, 1, 0], b"\x04\x06public", &pdu])
}

/// Number `n` of a mix: half syslog of all kinds, half notifications of all kinds.
pub fn mixed(n: u32) -> (Protocol, Vec<u8>) {
    match n % 10 {
        0 => (Protocol::Syslog, rfc3164(n)),
        1 => (Protocol::Syslog, cisco(n)),
        2 => (Protocol::Syslog, rfc5424(n)),
        3 => (Protocol::Syslog, fortigate(n)),
        4 => (Protocol::Syslog, not_utf8(n)),
        5 | 6 => (Protocol::Snmp, link_down(n, Pdu::Trap)),
        7 => (Protocol::Snmp, link_down(n, Pdu::Inform)),
        8 => (Protocol::Snmp, link_down_v1(n)),
        _ => (Protocol::Snmp, enterprise_v1(n)),
    }
}

/// The arrival of `bytes`, on listener 0 for syslog and listener 1 for SNMP.
pub fn arrival(protocol: Protocol, bytes: &[u8]) -> Arrival<'_> {
    let (listener, port) = match protocol {
        Protocol::Syslog => (0, 5514),
        Protocol::Snmp => (1, 5162),
    };
    Arrival {
        protocol,
        listener,
        port,
        bytes,
        peer: SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), 40_000),
        local: None,
        at: RECEIVED_AT,
        cut: None,
        acknowledgement: None,
        repeated: false,
    }
}
