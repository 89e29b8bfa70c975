//! Which device a relayed message is of, by the relay's word.
//!
//! A relay puts its own address on the datagram or connection; the device's stands in the message, if anywhere. Only
//! the word of a relay that the operator trusts counts: anybody can write anything there.

use std::net::IpAddr;

use crate::wire::snmp::{Body, Pdu, Value, VarBind};
use crate::wire::syslog::Message;
use crate::wire::syslog::structured_data::Param;

/// Octets of the longest textual IP address, an IPv4-mapped IPv6 one.
const ADDRESS_OCTETS_MAX: usize = 45;

/// The address of the device that `message` reports: what a relay wrote before it, the `ip` of the structured data
/// element `origin` (RFC 5424 7.2.1), or a HOSTNAME that is an address, in this order.
#[must_use]
pub fn reported_source(message: &Message<'_>) -> Option<IpAddr> {
    message
        .original_address
        .and_then(address)
        .or_else(|| origin(message))
        .or_else(|| message.hostname.and_then(address))
}

/// snmpTrapAddress.0, 1.3.6.1.6.3.18.1.3.0, as contents octets (RFC 3584 3.1).
const SNMP_TRAP_ADDRESS: &[u8] = &[0x2B, 6, 1, 6, 3, 18, 1, 3, 0];

/// The address of the device that a notification reports: agent-addr of a v1 trap (RFC 1157 4.1.6), else
/// snmpTrapAddress.0, which a proxy adds when it makes another version of a v1 trap (RFC 3584 3.1). 0.0.0.0 says that
/// there is none.
#[must_use]
pub fn notification_source(pdu: &Pdu<'_>) -> Option<IpAddr> {
    let address = match &pdu.body {
        Body::TrapV1(trap) => <[u8; 4]>::try_from(trap.agent_addr).ok(),
        Body::Common(_) => pdu.varbinds.iter().find_map(|varbind| match varbind {
            VarBind::Bound { name, value: Value::IpAddress(address) }
                if name.as_bytes() == SNMP_TRAP_ADDRESS =>
            {
                Some(address)
            }
            _ => None,
        }),
    };
    address.map(IpAddr::from).filter(|address| !address.is_unspecified())
}

/// The first `ip` of the element `origin`; there may be several, and any of them is the device's.
fn origin(message: &Message<'_>) -> Option<IpAddr> {
    let data = message.structured_data?;
    let element = data.elements().find(|element| element.id == b"origin")?;
    let is_ip = |param: &Param<'_>| param.name == b"ip";
    element.params().find(is_ip).and_then(|param| address(param.raw_value))
}

/// The address that `text` is; an IPv4-mapped one as IPv4.
fn address(text: &[u8]) -> Option<IpAddr> {
    let text = text.get(..ADDRESS_OCTETS_MAX).unwrap_or(text);
    let address: IpAddr = std::str::from_utf8(text).ok()?.parse().ok()?;
    (!address.is_unspecified()).then(|| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::syslog::decode;

    #[test]
    fn what_proxies_write() {
        use crate::wire::snmp::{Message, decode};
        // A v2c trap whose one varbind is snmpTrapAddress.0 (or its neighbour), and a v1 trap with agent-addr.
        let v2c = |last: u8, address: [u8; 4]| {
            let mut trap = vec![0x30, 0x26, 2, 1, 1, 4, 1, b'c', 0xA7, 0x1E, 2, 1, 7, 2, 1, 0, 2, 1, 0];
            trap.extend([0x30, 0x13, 0x30, 0x11, 6, 9, 0x2B, 6, 1, 6, 3, 18, 1, last, 0, 0x40, 4]);
            trap.extend(address);
            trap
        };
        let v1 = |address: [u8; 4]| {
            let mut trap =
                vec![0x30, 0x21, 2, 1, 0, 4, 1, b'c', 0xA4, 0x19, 6, 6, 0x2B, 6, 1, 4, 1, 9, 0x40, 4];
            trap.extend(address);
            trap.extend([2, 1, 0, 2, 1, 0, 0x43, 1, 0x7B, 0x30, 0]);
            trap
        };
        let told = |bytes: &[u8]| match decode(bytes) {
            Ok(Message::Community(message)) => notification_source(&message.pdu).map(|ip| ip.to_string()),
            other => panic!("{other:?}"),
        };
        let (device, nobody) = ([192, 0, 2, 7], [0; 4]);
        assert_eq!(told(&v2c(3, device)).as_deref(), Some("192.0.2.7"));
        assert_eq!((told(&v2c(3, nobody)), told(&v2c(4, device))), (None, None));
        assert_eq!(told(&v1(device)).as_deref(), Some("192.0.2.7"));
        assert_eq!(told(&v1(nobody)), None);
    }

    fn reported(line: &str) -> Option<String> {
        reported_source(&decode(line.as_bytes())).map(|address| address.to_string())
    }

    #[test]
    fn what_relays_write() {
        let cases = [
            ("<13>Oct 11 22:14:15 192.0.2.7 su: x", Some("192.0.2.7")),
            ("<13>Oct 11 22:14:15 2001:db8::7 su: x", Some("2001:db8::7")),
            ("<13>Oct 11 22:14:15 ::ffff:192.0.2.7 su: x", Some("192.0.2.7")),
            ("<13>Original Address=192.0.2.8 Oct 11 22:14:15 core1 su: x", Some("192.0.2.8")),
            (
                "<13>1 - core1 su - - [origin software=\"x\" ip=\"192.0.2.9\" ip=\"10.0.0.1\"] x",
                Some("192.0.2.9"),
            ),
            ("<13>1 - 192.0.2.5 su - - [origin ip=\"nonsense\"] x", Some("192.0.2.5")),
            ("<13>Oct 11 22:14:15 core1 su: x", None),
            ("<13>Oct 11 22:14:15 0.0.0.0 su: x", None),
            ("<13>x", None),
        ];
        for (line, expected) in cases {
            assert_eq!(reported(line).as_deref(), expected, "{line}");
        }
    }
}
