//! Junos: RFC 5424 with structured data (`structured-data` set on the syslog host), or RFC 3164 (the default).
//!
//! The SD-ID is `junos@2636.1.1.1.2.x`, where 2636 is Juniper's enterprise number and x the hardware family; parameter
//! names are those of the message's documented arguments. Invariant: one line, ASCII.

use super::{Device, Kind, Service, Stamp, documentation_address};
use crate::rng::Rng;

/// Its line of the table of kinds.
pub const KIND: Kind = Kind {
    name: "junos",
    help: "Junos, in RFC 5424 and RFC 3164 form",
    service: Service::Syslog,
    in_syslog: true,
    compose: |composer, device, stamp, rng| composer.syslog(&compose(device, stamp, rng)),
};

struct Body {
    pri: u32,
    process: &'static str,
    tag: &'static str,
    parameters: String,
    text: String,
}

/// One message without its tail.
#[must_use]
pub fn compose(device: Device, stamp: Stamp, rng: &mut Rng) -> String {
    let Body { pri, process, tag, parameters, text } = body(device, rng);
    let pid = rng.between(1000, 9999);
    let number = device.number();
    if rng.below(2) == 0 {
        let family = rng.pick(&[18, 21, 26, 57, 129]);
        format!(
            "<{pri}>1 {} mx-{number:04} {process} {pid} {tag} [junos@2636.1.1.1.2.{family} {parameters}] {text}",
            stamp.rfc5424()
        )
    } else {
        format!("<{pri}>{} mx-{number:04} {process}[{pid}]: {tag}: {text}", stamp.rfc3164())
    }
}

fn body(device: Device, rng: &mut Rng) -> Body {
    let port = device.port(rng);
    let index = 500 + port;
    let peer = documentation_address(rng);
    match rng.below(4) {
        0 => {
            let (tag, state) =
                rng.pick(&[("SNMP_TRAP_LINK_DOWN", "down(2)"), ("SNMP_TRAP_LINK_UP", "up(1)")]);
            Body {
                pri: 28,
                process: "mib2d",
                tag,
                parameters: format!(
                    "snmp-interface-index=\"{index}\" admin-status=\"up(1)\" operational-status=\"{state}\" \
                     interface-name=\"ge-0/0/{port}\""
                ),
                text: format!(
                    "ifIndex {index}, ifAdminStatus up(1), ifOperStatus {state}, ifName ge-0/0/{port}"
                ),
            }
        }
        1 => Body {
            pri: 189,
            process: "mgd",
            tag: "UI_COMMIT",
            parameters: "username=\"netops\" command=\"commit\" message=\"none\"".to_owned(),
            text: "User 'netops' requested 'commit' operation (comment: none)".to_owned(),
        },
        2 => Body {
            pri: 37,
            process: "sshd",
            tag: "SSHD_LOGIN_FAILED",
            parameters: format!("username=\"root\" source-address=\"{peer}\""),
            text: format!("Login failed for user 'root' from host '{peer}'"),
        },
        _ => Body {
            pri: 29,
            process: "rpd",
            tag: "RPD_BGP_NEIGHBOR_STATE_CHANGED",
            parameters: format!(
                "peer-name=\"{peer} (External AS 64500)\" old-state=\"Established\" new-state=\"Idle\" event=\"HoldTime\" \
                 routing-instance-name=\"master\""
            ),
            text: format!(
                "BGP peer {peer} (External AS 64500) changed state from Established to Idle (event HoldTime) (instance \
                 master)"
            ),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_are_made() {
        let mut rng = Rng::new(1);
        let texts: Vec<String> =
            (0..100).map(|index| compose(Device { index }, Stamp::of_slot(index), &mut rng)).collect();
        let structured = texts
            .iter()
            .filter(|text| text.contains(" [junos@2636.1.1.1.2.") && text.contains(">1 2026-"))
            .count();
        let plain =
            texts.iter().filter(|text| text.contains(">Nov 22 08:23:43 mx-") && text.contains("]: ")).count();
        assert_eq!(structured + plain, 100);
        assert!(structured > 20 && plain > 20, "{structured} {plain}");
        for text in &texts {
            assert_eq!(text.matches('"').count() % 2, 0, "every PARAM-VALUE is closed: {text}");
        }
    }
}
