//! RFC 5424 with the corners its grammar allows: NILVALUE fields, several SD-ELEMENTs, escapes, BOM, both time forms.
//!
//! SD-IDs use enterprise number 32473, set aside for documentation by RFC 5612. VERSION is 1, the only one defined
//! (6.2.2). Invariant: one line; UTF-8 beyond ASCII only after a BOM (6.4).

use super::{Device, Kind, Service, Stamp, documentation_address};
use crate::rng::Rng;

/// Its line of the table of kinds.
pub const KIND: Kind = Kind {
    name: "rfc5424",
    help: "RFC 5424 with the corners that its grammar allows",
    service: Service::Syslog,
    in_syslog: false,
    compose: |composer, device, stamp, rng| composer.syslog(&compose(device, stamp, rng)),
};

/// One message without its tail.
#[must_use]
pub fn compose(device: Device, stamp: Stamp, rng: &mut Rng) -> String {
    let number = device.number();
    let pid = rng.between(100, 65_535);
    let peer = documentation_address(rng);
    let time = stamp.rfc5424();
    match rng.below(5) {
        0 => format!(
            "<165>1 {time} app-{number:04}.example.net evntslog {pid} ID{} [exampleSDID@32473 iut=\"3\" \
             eventSource=\"Application\" eventID=\"{}\"] \u{FEFF}An application event log entry",
            rng.between(1, 99),
            rng.between(1000, 1099),
        ),
        1 => format!(
            "<134>1 {time} app-{number:04} gateway {pid} REQ [origin@32473 ip=\"{peer}\" zone=\"eu-1\"][http@32473 \
             status=\"{}\" path=\"/api/v2/items/{}\" agent=\"probe \\\"a\\\" \\[x\\]\"] request done",
            rng.pick(&[200, 204, 404, 503]),
            rng.below(10_000),
        ),
        2 => format!(
            "<34>1 {time} app-{number:04} su - - - 'su root' refused for user{} on /dev/pts/8",
            rng.below(500)
        ),
        // A zone offset instead of Z, and microseconds: TIME-SECFRAC has up to six digits (6.2.3).
        3 => format!(
            "<14>1 2026-11-22T09:{}.{:03}{:03}+01:00 app-{number:04} worker {pid} - - \u{FEFF}T\u{E2}che {} termin\u{E9}e",
            stamp.minute_second(),
            stamp.millisecond(),
            rng.below(1000),
            rng.below(100_000),
        ),
        _ => format!(
            "<11>1 - app-{number:04} - {pid} - - disk /dev/sd{} is {} % full",
            rng.pick(&['a', 'b']),
            rng.between(90, 99)
        ),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn header_has_seven_parts_and_version_1() {
        let mut rng = Rng::new(1);
        let (mut nil_time, mut bom, mut two_elements) = (0, 0, 0);
        for index in 0..200 {
            let text = compose(Device { index }, Stamp::of_slot(index), &mut rng);
            let fields: Vec<&str> = text.splitn(7, ' ').collect();
            assert_eq!(fields.len(), 7, "{text}");
            assert!(fields[0].ends_with(">1"), "{text}");
            assert!(fields[2].starts_with("app-"), "{text}");
            nil_time += usize::from(fields[1] == "-");
            two_elements += usize::from(text.contains("\"]["));
            if text.is_ascii() {
                continue;
            }
            bom += 1;
            let before_bom = text.split_once('\u{FEFF}').unwrap().0;
            assert!(before_bom.is_ascii(), "{text}");
        }
        assert!(nil_time > 10 && bom > 10 && two_elements > 10, "{nil_time} {bom} {two_elements}");
    }
}
