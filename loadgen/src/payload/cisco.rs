//! Cisco IOS: `<PRI>sequence: hostname: time: %FACILITY-SEVERITY-MNEMONIC: text`.
//!
//! That is the shape with `service sequence-numbers`, `logging origin-id hostname` and `service timestamps log datetime
//! msec show-timezone year`. The facility of PRI is local7 (23), the default of IOS; its severity is the one in the
//! mnemonic. Invariant: one line, ASCII.

use super::{Device, Kind, Service, Stamp, documentation_address};
use crate::rng::Rng;

/// Its line of the table of kinds.
pub const KIND: Kind = Kind {
    name: "cisco",
    help: "Cisco IOS",
    service: Service::Syslog,
    in_syslog: true,
    compose: |composer, device, stamp, rng| composer.syslog(&compose(device, stamp, rng)),
};

const LOCAL7: u32 = 23;

/// One message without its tail.
#[must_use]
pub fn compose(device: Device, stamp: Stamp, rng: &mut Rng) -> String {
    let (severity, text) = body(device, rng);
    format!(
        "<{}>{}: sw-{:04}: Nov 22 2026 {}.{:03} UTC: {text}",
        LOCAL7 * 8 + severity,
        rng.between(1, 999_999),
        device.number(),
        stamp.time(),
        stamp.millisecond(),
    )
}

fn body(device: Device, rng: &mut Rng) -> (u32, String) {
    let port = device.port(rng);
    let state = rng.pick(&["up", "down"]);
    let peer = documentation_address(rng);
    match rng.below(8) {
        0 | 1 => (
            5,
            format!(
                "%LINEPROTO-5-UPDOWN: Line protocol on Interface GigabitEthernet1/0/{port}, changed state to {state}"
            ),
        ),
        2 => (3, format!("%LINK-3-UPDOWN: Interface GigabitEthernet1/0/{port}, changed state to {state}")),
        3 => (5, format!("%SYS-5-CONFIG_I: Configured from console by admin on vty0 ({peer})")),
        4 => {
            let port_number = rng.between(1024, 65_535);
            (
                6,
                format!(
                    "%SEC-6-IPACCESSLOGP: list 101 denied tcp {peer}({port_number}) -> 192.0.2.10(22), {} packets",
                    rng.between(1, 40)
                ),
            )
        }
        5 => {
            let reason = rng.pick(&["Neighbor Down: Dead timer expired", "Loading Done"]);
            let (from, to) = if reason == "Loading Done" { ("LOADING", "FULL") } else { ("FULL", "DOWN") };
            (5, format!("%OSPF-5-ADJCHG: Process 1, Nbr {peer} on Vlan{port} from {from} to {to}, {reason}"))
        }
        6 => (
            5,
            format!(
                "%BGP-5-ADJCHANGE: neighbor {peer} {}",
                rng.pick(&["Up", "Down Peer closed the session"])
            ),
        ),
        _ => (
            4,
            format!(
                "%SW_MATM-4-MACFLAP_NOTIF: Host 0000.5e00.53{:02x} in vlan {} is flapping between port Gi1/0/{port} and \
                 port Gi1/0/{}",
                rng.below(256),
                rng.between(2, 400),
                port % 48 + 1
            ),
        ),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn shape_and_severity_agree() {
        let mut rng = Rng::new(1);
        for index in 0..200 {
            let text = compose(Device { index }, Stamp::of_slot(index), &mut rng);
            let (pri, rest) = text[1..].split_once('>').unwrap();
            let parts: Vec<&str> = rest.splitn(4, ": ").collect();
            assert!(parts[0].parse::<u32>().is_ok(), "{text}");
            assert_eq!(parts[1], format!("sw-{:04}", index + 1));
            assert_eq!(parts[2], format!("Nov 22 2026 08:23:43.{index:03} UTC"));
            let severity: u32 = parts[3].split('-').nth(1).unwrap().parse().unwrap();
            assert_eq!(pri.parse::<u32>().unwrap(), 184 + severity, "{text}");
        }
    }
}
