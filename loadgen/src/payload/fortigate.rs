//! FortiGate: key=value pairs after PRI, without any syslog header (the default format of FortiOS).
//!
//! String values are quoted, numbers are not, `eventtime` is in nanoseconds. Invariant: one line, ASCII.

use super::{Device, Kind, Service, Stamp, documentation_address};
use crate::rng::Rng;

/// Its line of the table of kinds.
pub const KIND: Kind = Kind {
    name: "fortigate",
    help: "FortiGate key=value lines",
    service: Service::Syslog,
    in_syslog: true,
    compose: |composer, device, stamp, rng| composer.syslog(&compose(device, stamp, rng)),
};

/// One message without its tail, which fits the format as two more pairs.
#[must_use]
pub fn compose(device: Device, stamp: Stamp, rng: &mut Rng) -> String {
    let (pri, fields) = body(rng);
    format!(
        "<{pri}>date=2026-11-22 time={} devname=\"fw-{number:04}\" devid=\"FGT60F00{number:08}\" eventtime={} tz=\"+0000\" \
         {fields}",
        stamp.time(),
        stamp.unix_ns(),
        number = device.number(),
    )
}

fn body(rng: &mut Rng) -> (u32, String) {
    let peer = documentation_address(rng);
    match rng.below(4) {
        0 | 1 => {
            let (action, policy) = rng.pick(&[("close", 12), ("accept", 12), ("deny", 0)]);
            let fields = format!(
                "logid=\"0000000013\" type=\"traffic\" subtype=\"forward\" level=\"notice\" vd=\"root\" srcip=10.1.{}.{} \
                 srcport={} srcintf=\"port2\" srcintfrole=\"lan\" dstip={peer} dstport=443 dstintf=\"wan1\" \
                 dstintfrole=\"wan\" sessionid={} proto=6 action=\"{action}\" policyid={policy} service=\"HTTPS\" \
                 duration={} sentbyte={} rcvdbyte={}",
                rng.below(256),
                rng.between(1, 254),
                rng.between(1024, 65_535),
                rng.between(1, 9_999_999),
                rng.between(1, 600),
                rng.between(60, 99_999),
                rng.between(60, 999_999),
            );
            (189, fields)
        }
        2 => (
            187,
            format!(
                "logid=\"0100032002\" type=\"event\" subtype=\"system\" level=\"error\" vd=\"root\" logdesc=\"Admin login \
                 failed\" sn=\"0\" user=\"admin\" ui=\"https({peer})\" method=\"https\" srcip={peer} action=\"login\" \
                 status=\"failed\" reason=\"passwd_invalid\" msg=\"Administrator admin login failed from https({peer}) \
                 because of invalid password\""
            ),
        ),
        _ => (
            188,
            format!(
                "logid=\"0101037128\" type=\"event\" subtype=\"vpn\" level=\"warning\" vd=\"root\" logdesc=\"Progress IPsec \
                 phase 1\" msg=\"progress IPsec phase 1\" action=\"negotiate\" remip={peer} locip=192.0.2.1 remport=500 \
                 locport=500 outintf=\"wan1\" vpntunnel=\"branch-{}\" status=\"failure\" init=\"remote\" mode=\"main\"",
                rng.between(1, 200)
            ),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn level_agrees_with_pri_and_quotes_are_closed() {
        let mut rng = Rng::new(1);
        for index in 0..200 {
            let text = compose(Device { index }, Stamp::of_slot(index), &mut rng);
            let level = match &text[..5] {
                "<187>" => "error",
                "<188>" => "warning",
                "<189>" => "notice",
                other => panic!("{other}"),
            };
            assert!(text.contains(&format!(" level=\"{level}\" ")), "{text}");
            assert_eq!(text.matches('"').count() % 2, 0, "{text}");
            assert!(text.contains(&format!("eventtime=1795335823{index:03}000000 ")), "{text}");
        }
    }
}
