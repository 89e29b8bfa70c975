//! What a message looks like: one file per kind, written from the RFCs and the vendors' message formats.
//!
//! Used by plan, once per prebuilt message. Every message ends with the tail `run=xxxxxxxx seq=0000000001`, so that the
//! digits of the sequence number are always the last ten octets of the datagram:
//!
//! ```text
//! syslog  <PRI>header text ... run=xxxxxxxx seq=0000000001
//! SNMP    30 L 02 01 v 04 n community A7 L 02 04 request-id ... 30 L 06 oid 04 1B run=xxxxxxxx seq=0000000001
//! ```
//!
//! A message of version 3 ends so before it is encrypted; `snmpv3` says what is patched and sealed besides.
//!
//! Invariant: composes from the device, the stamp and the seeded generator only; no clock, no socket.

pub mod ber;
pub mod cisco;
pub mod fortigate;
pub mod junos;
pub mod linux;
pub mod rfc5424;
pub mod snmp;
pub mod snmpv3;

use std::net::Ipv4Addr;

use crate::rng::Rng;

/// Number of kinds.
pub const KIND_COUNT: usize = 8;
/// Decimal digits of a sequence number; they are the last octets of every datagram.
pub const SEQUENCE_DIGITS: usize = 10;
/// Highest sequence number that fits.
pub const SEQUENCE_MAX: u64 = 9_999_999_999;

/// A kind of message that `--mix` can name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Cisco IOS: sequence number, host, time with year, `%FACILITY-SEVERITY-MNEMONIC`.
    Cisco,
    /// Junos in both of its forms, RFC 5424 with structured data and RFC 3164.
    Junos,
    /// FortiGate key=value lines.
    Fortigate,
    /// Linux daemons in RFC 3164 form.
    Linux,
    /// Plain RFC 5424 with the corners that the grammar allows.
    Rfc5424,
    /// SNMPv1 traps (RFC 1157 4.1.6).
    V1,
    /// SNMPv2c traps (RFC 3416 4.2.6).
    V2c,
    /// SNMPv3 traps (RFC 3412 section 6), under USM.
    V3,
}

impl Kind {
    /// Every kind, in the order of its discriminant.
    pub const ALL: [Self; KIND_COUNT] = [
        Self::Cisco,
        Self::Junos,
        Self::Fortigate,
        Self::Linux,
        Self::Rfc5424,
        Self::V1,
        Self::V2c,
        Self::V3,
    ];

    /// The name on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cisco => "cisco",
            Self::Junos => "junos",
            Self::Fortigate => "fortigate",
            Self::Linux => "linux",
            Self::Rfc5424 => "rfc5424",
            Self::V1 => "v1",
            Self::V2c => "v2c",
            Self::V3 => "v3",
        }
    }

    /// Whether it goes to the SNMP port.
    #[must_use]
    pub const fn is_snmp(self) -> bool {
        matches!(self, Self::V1 | Self::V2c | Self::V3)
    }
}

/// One sender.
#[derive(Debug, Clone, Copy)]
pub struct Device {
    /// `0..devices`.
    pub index: u32,
}

impl Device {
    /// Number in host names, from 1.
    #[must_use]
    pub fn number(self) -> u32 {
        self.index + 1
    }

    /// Its own loopback address: 127.1.0.1, 127.1.0.2, ... with a last octet of 1 to 254. Never 127.0.x.x, so that a
    /// service on 127.0.0.1 is never mistaken for a device. Distinct for any index below 16 million.
    #[must_use]
    pub fn address(self) -> Ipv4Addr {
        let last = 1 + self.index % 254;
        let third = self.index / 254 % 256;
        let second = 1 + self.index / (254 * 256) % 255;
        Ipv4Addr::new(127, second as u8, third as u8, last as u8)
    }

    /// Interface of a link message; the same device reports on a few of its own.
    #[must_use]
    pub fn port(self, rng: &mut Rng) -> u32 {
        1 + (self.index * 7 + rng.below(4)) % 48
    }
}

/// The time inside messages: fixed at 2026-11-22 08:23:43 UTC plus one millisecond per prebuilt message.
#[derive(Debug, Clone, Copy)]
pub struct Stamp {
    millisecond_of_day: u32,
}

impl Stamp {
    /// Unix time of 2026-11-22 00:00:00 UTC, seconds.
    const DAY_UNIX_SECONDS: u64 = 1_795_305_600;
    /// 08:23:43 as milliseconds of the day.
    const START_MS: u32 = ((8 * 60 + 23) * 60 + 43) * 1000;

    /// The stamp of prebuilt message `slot`; wraps at midnight, so the date is always the same.
    #[must_use]
    pub fn of_slot(slot: u32) -> Self {
        Self { millisecond_of_day: (Self::START_MS + slot % 50_000_000) % 86_400_000 }
    }

    /// `08:23:43`.
    #[must_use]
    pub fn time(self) -> String {
        let second = self.millisecond_of_day / 1000;
        format!("{:02}:{:02}:{:02}", second / 3600, second / 60 % 60, second % 60)
    }

    /// Minute and second, `23:43`; every whole-hour zone offset leaves them as they are.
    #[must_use]
    pub fn minute_second(self) -> String {
        let second = self.millisecond_of_day / 1000;
        format!("{:02}:{:02}", second / 60 % 60, second % 60)
    }

    /// Milliseconds within the second.
    #[must_use]
    pub fn millisecond(self) -> u32 {
        self.millisecond_of_day % 1000
    }

    /// `Nov 22 08:23:43`, the TIMESTAMP of RFC 3164 4.1.2.
    #[must_use]
    pub fn rfc3164(self) -> String {
        format!("Nov 22 {}", self.time())
    }

    /// `2026-11-22T08:23:43.398Z`, a TIMESTAMP of RFC 5424 6.2.3.
    #[must_use]
    pub fn rfc5424(self) -> String {
        format!("2026-11-22T{}.{:03}Z", self.time(), self.millisecond())
    }

    /// Nanoseconds since the Unix epoch.
    #[must_use]
    pub fn unix_ns(self) -> u64 {
        Self::DAY_UNIX_SECONDS * 1_000_000_000 + u64::from(self.millisecond_of_day) * 1_000_000
    }

    /// Uptime of a device in hundredths of a second (sysUpTime): some days, growing with the stamp.
    #[must_use]
    pub fn uptime_cs(self, device: Device) -> u32 {
        8_640_000 + device.index * 977 + self.millisecond_of_day / 10
    }
}

/// A datagram before its sequence number is patched in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Datagram {
    /// The octets; the last [`SEQUENCE_DIGITS`] are zeros to patch.
    pub bytes: Vec<u8>,
    /// Offset of the four octets of the request-id, where the PDU has one.
    pub request_id_at: Option<usize>,
    /// What is to be written and sealed in a message of version 3.
    pub v3: Option<snmpv3::Places>,
}

/// The tail that every message ends with, sequence number 0.
#[must_use]
pub fn tail(run_id: u32) -> String {
    format!("run={run_id:08x} seq={:0width$}", 0, width = SEQUENCE_DIGITS)
}

/// What all messages of a run have in common.
#[derive(Debug, Clone)]
pub struct Composer {
    /// See [`tail`].
    pub run_id: u32,
    /// SNMP community.
    pub community: String,
    /// Engines and users of version 3.
    pub v3: snmpv3::Settings,
}

impl Composer {
    /// Composes one message of `kind`.
    #[must_use]
    pub fn compose(&self, kind: Kind, device: Device, stamp: Stamp, rng: &mut Rng) -> Datagram {
        let tail = tail(self.run_id);
        let mut text = match kind {
            Kind::Cisco => cisco::compose(device, stamp, rng),
            Kind::Junos => junos::compose(device, stamp, rng),
            Kind::Fortigate => fortigate::compose(device, stamp, rng),
            Kind::Linux => linux::compose(device, stamp, rng),
            Kind::Rfc5424 => rfc5424::compose(device, stamp, rng),
            Kind::V1 => return snmp::compose_v1(device, stamp, &self.community, &tail, rng),
            Kind::V2c => return snmp::compose_v2c(device, stamp, &self.community, &tail, rng),
            Kind::V3 => return snmpv3::compose(&self.v3, device, stamp, &tail, rng),
        };
        text.push(' ');
        text.push_str(&tail);
        Datagram { bytes: text.into_bytes(), request_id_at: None, v3: None }
    }
}

/// Writes `sequence` into the last ten octets of `bytes`, and its low 30 bits into the request-id, where there is one.
///
/// The request-id is `0x40000000 + low bits`: always positive and always four octets in the shortest BER form, so the
/// lengths around it never change.
pub fn patch_sequence(bytes: &mut [u8], request_id_at: Option<usize>, sequence: u64) {
    if let Some(digits) = bytes.last_chunk_mut::<SEQUENCE_DIGITS>() {
        let mut rest = sequence;
        for digit in digits.iter_mut().rev() {
            *digit = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
    }
    if let Some(octets) =
        request_id_at.and_then(|at| bytes.get_mut(at..)).and_then(|rest| rest.first_chunk_mut::<4>())
    {
        *octets = (0x4000_0000 | (sequence & 0x3FFF_FFFF) as u32).to_be_bytes();
    }
}

/// An IPv4 address out of the documentation blocks of RFC 5737, for message texts.
fn documentation_address(rng: &mut Rng) -> Ipv4Addr {
    let [a, b, c] = rng.pick(&[[192, 0, 2], [198, 51, 100], [203, 0, 113]]);
    Ipv4Addr::new(a, b, c, rng.between(1, 254) as u8)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    fn compose_all(kind: Kind) -> Vec<Datagram> {
        let v3 = snmpv3::Settings::default();
        let composer = Composer { run_id: 0xC0FFEE, community: "public".to_owned(), v3 };
        let mut rng = Rng::new(5);
        (0..400)
            .map(|slot| composer.compose(kind, Device { index: slot }, Stamp::of_slot(slot), &mut rng))
            .collect()
    }

    #[test]
    fn kinds_are_in_the_order_of_their_discriminants() {
        for (index, kind) in Kind::ALL.into_iter().enumerate() {
            assert_eq!(kind as usize, index);
        }
    }

    #[test]
    fn every_message_ends_in_run_and_sequence() {
        for kind in Kind::ALL {
            for message in compose_all(kind) {
                assert!(message.bytes.ends_with(b"run=00c0ffee seq=0000000000"), "{kind:?}");
                assert!(message.bytes.len() <= 1200, "{kind:?}: fits one Ethernet frame");
                assert_eq!(message.request_id_at.is_some(), matches!(kind, Kind::V2c | Kind::V3));
                assert_eq!(message.v3.is_some(), kind == Kind::V3);
            }
        }
    }

    #[test]
    fn patching_changes_only_its_own_octets() {
        for kind in Kind::ALL {
            for message in compose_all(kind) {
                let mut patched = message.bytes.clone();
                patch_sequence(&mut patched, message.request_id_at, 1_234_567_890);
                assert!(patched.ends_with(b" seq=1234567890"));
                let tail = patched.len() - SEQUENCE_DIGITS;
                for (at, (before, after)) in message.bytes.iter().zip(&patched).enumerate() {
                    let own =
                        at >= tail || message.request_id_at.is_some_and(|id| (id..id + 4).contains(&at));
                    assert!(own || before == after, "{kind:?} octet {at}");
                }
                if let Some(id) = message.request_id_at {
                    assert_eq!(patched[id - 2..id], [0x02, 0x04], "an INTEGER of four octets");
                    assert_eq!(
                        patched[id..id + 4],
                        (0x4000_0000_u32 | (1_234_567_890 & 0x3FFF_FFFF)).to_be_bytes()
                    );
                }
                patch_sequence(&mut patched, message.request_id_at, SEQUENCE_MAX);
                assert!(patched.ends_with(b" seq=9999999999"));
            }
        }
    }

    #[test]
    fn patching_too_little_room_does_nothing() {
        let mut short = *b"seq=12";
        patch_sequence(&mut short, Some(4), 7);
        assert_eq!(&short, b"seq=12");
    }

    #[test]
    fn syslog_is_ascii_or_utf8_with_a_valid_pri() {
        for kind in Kind::ALL.into_iter().filter(|kind| !kind.is_snmp()) {
            let mut texts = HashSet::new();
            for message in compose_all(kind) {
                let text = String::from_utf8(message.bytes).unwrap();
                let (pri, _) = text.strip_prefix('<').unwrap().split_once('>').unwrap();
                assert!(pri.parse::<u8>().unwrap() <= 191, "{text}");
                assert!(!text.contains(|c: char| c.is_control()), "{text:?}");
                texts.insert(text);
            }
            assert!(texts.len() > 390, "{kind:?}: {} different texts of 400", texts.len());
        }
    }

    #[test]
    fn device_addresses_are_distinct_loopback_and_never_the_service() {
        let addresses: HashSet<Ipv4Addr> = (0..300_000).map(|index| Device { index }.address()).collect();
        assert_eq!(addresses.len(), 300_000);
        assert!(addresses.iter().all(|address| address.octets()[0] == 127 && address.octets()[1] != 0));
        assert!(addresses.iter().all(|address| (1..=254).contains(&address.octets()[3])));
        assert_eq!(Device { index: 0 }.address(), Ipv4Addr::new(127, 1, 0, 1));
    }

    #[test]
    fn stamps_are_fixed() {
        let stamp = Stamp::of_slot(398);
        assert_eq!(stamp.rfc3164(), "Nov 22 08:23:43");
        assert_eq!(stamp.rfc5424(), "2026-11-22T08:23:43.398Z");
        assert_eq!(stamp.unix_ns(), 1_795_335_823_398_000_000);
        assert_eq!(Stamp::of_slot(u32::MAX).rfc5424().len(), 24);
    }
}
