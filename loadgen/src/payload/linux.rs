//! Linux daemons as rsyslog forwards them: `<PRI>TIMESTAMP HOSTNAME TAG[pid]: CONTENT` (RFC 3164 4.1).
//!
//! Invariant: one line, ASCII.

use super::{Device, Kind, Service, Stamp, documentation_address};
use crate::rng::Rng;

/// Its line of the table of kinds.
pub const KIND: Kind = Kind {
    name: "linux",
    help: "Linux daemons in RFC 3164 form",
    service: Service::Syslog,
    in_syslog: true,
    compose: |composer, device, stamp, rng| composer.syslog(&compose(device, stamp, rng)),
};

/// One message without its tail.
#[must_use]
pub fn compose(device: Device, stamp: Stamp, rng: &mut Rng) -> String {
    let (pri, content) = body(device, rng);
    format!("<{pri}>{} srv-{:04} {content}", stamp.rfc3164(), device.number())
}

/// PRI and everything after HOSTNAME.
fn body(device: Device, rng: &mut Rng) -> (u32, String) {
    let pid = rng.between(300, 32_767);
    let peer = documentation_address(rng);
    let port = rng.between(1024, 65_535);
    match rng.below(6) {
        // authpriv.info: 10 * 8 + 6
        0 => {
            (86, format!("sshd[{pid}]: Failed password for invalid user admin from {peer} port {port} ssh2"))
        }
        1 => {
            (86, format!("sshd[{pid}]: Accepted publickey for deploy from {peer} port {port} ssh2: ED25519"))
        }
        // kern.warning: 0 * 8 + 4
        2 => (
            4,
            format!(
                "kernel: [{:5}.{:06}] eth{}: Link is Down",
                rng.between(10, 99_999),
                rng.below(1_000_000),
                device.port(rng) % 4
            ),
        ),
        3 => (
            4,
            format!(
                "kernel: [UFW BLOCK] IN=eth0 OUT= SRC={peer} DST=192.0.2.20 LEN=40 TTL=244 PROTO=TCP SPT={port} DPT=23 SYN"
            ),
        ),
        // cron.info: 9 * 8 + 6
        4 => (78, format!("CRON[{pid}]: (root) CMD (   cd / && run-parts --report /etc/cron.hourly)")),
        // daemon.info: 3 * 8 + 6
        _ => (30, format!("systemd[1]: session-{}.scope: Succeeded.", rng.between(1, 9999))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_is_rfc3164_and_every_daemon_occurs() {
        let mut rng = Rng::new(1);
        let mut texts = String::new();
        for index in 0..100 {
            let text = compose(Device { index }, Stamp::of_slot(0), &mut rng);
            assert!(text.contains(&format!(">Nov 22 08:23:43 srv-{:04} ", index + 1)), "{text}");
            texts += &text;
        }
        for tag in [" sshd[", " kernel: ", " CRON[", " systemd[1]: "] {
            assert!(texts.contains(tag), "{tag}");
        }
    }
}
