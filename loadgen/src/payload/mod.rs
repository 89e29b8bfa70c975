//! What a message looks like: one file per kind, written from the RFCs and the vendors' message formats.
//!
//! Used by plan, once per prebuilt message. Every message ends with the tail `run=xxxxxxxx stream=00000 seq=0000000001`,
//! so that the digits of the sequence number are always the last ten octets of the message:
//!
//! ```text
//! syslog  <PRI>header text ... TAIL
//! SNMP    30 L 02 01 v 04 n community A7 L 02 04 request-id ... 30 L 06 oid 04 28 TAIL
//! ```
//!
//! A message of version 3 ends so before it is encrypted; `snmpv3` says what is patched and sealed besides. A new kind is
//! a file and a line of [`KINDS`].
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
pub mod snmpv3_request;

use std::net::Ipv4Addr;

use crate::rng::Rng;

/// Decimal digits of a sequence number; they are the last octets of every message.
pub const SEQUENCE_DIGITS: usize = 10;
/// Highest sequence number that fits.
pub const SEQUENCE_MAX: u64 = 9_999_999_999;
/// Decimal digits of a stream number.
pub const STREAM_DIGITS: usize = 5;
/// Octets from the start of the stream number to the end of the message: the number, ` seq=`, the sequence number.
const STREAM_FROM_END: usize = STREAM_DIGITS + 5 + SEQUENCE_DIGITS;

/// Where a message goes, and whether an answer comes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// To the syslog port, over the transport that was asked for.
    Syslog,
    /// To the SNMP port over UDP; nobody answers.
    Trap,
    /// To the SNMP port over UDP; the receiver answers.
    Inform,
}

/// A kind of message that `--mix` can name: a line of [`KINDS`], and what its file says.
#[derive(Debug)]
pub struct Kind {
    /// The name on the command line.
    pub name: &'static str,
    /// What it is, for the help.
    pub help: &'static str,
    /// Where it goes.
    pub service: Service,
    /// Whether `syslog` in `--mix` means this kind, too.
    pub in_syslog: bool,
    /// Composes one message, with sequence number 0 of stream 0.
    pub compose: fn(&Composer, Device, Stamp, &mut Rng) -> Datagram,
}

/// Every kind; its place here is its number in a plan.
pub const KINDS: [&Kind; KIND_COUNT] = [
    &cisco::KIND,
    &junos::KIND,
    &fortigate::KIND,
    &linux::KIND,
    &rfc5424::KIND,
    &snmp::V1,
    &snmp::V2C,
    &snmpv3::V3,
    &snmp::V2C_INFORM,
    &snmpv3::V3_INFORM,
];
/// Number of kinds.
pub const KIND_COUNT: usize = 10;

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

/// What a message ends with, by its three numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tail {
    /// Mark of the run.
    pub run_id: u32,
    /// Number of the stream: messages of one stream are sent one after the other.
    pub stream: u32,
    /// Number of the message in the run, from 1.
    pub sequence: u64,
}

impl Tail {
    /// What stands before the three numbers of a message of run `run_id`.
    #[must_use]
    pub fn mark(run_id: u32) -> String {
        format!("run={run_id:08x} stream=")
    }

    /// Reads what [`Tail::mark`] stands before: the last place in `text` where `mark` is found, wherever that is.
    #[must_use]
    pub fn find(text: &[u8], mark: &str, run_id: u32) -> Option<Self> {
        let at = text.windows(mark.len()).rposition(|window| window == mark.as_bytes())?;
        let digits = text.get(at + mark.len()..)?.first_chunk::<STREAM_FROM_END>()?;
        let (stream, rest) = digits.split_at(STREAM_DIGITS);
        let sequence = number(rest.strip_prefix(b" seq=")?)?;
        Some(Self { run_id, stream: u32::try_from(number(stream)?).ok()?, sequence })
    }
}

impl std::fmt::Display for Tail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { run_id, stream, sequence } = self;
        write!(
            f,
            "run={run_id:08x} stream={stream:0width$} seq={sequence:0digits$}",
            width = STREAM_DIGITS,
            digits = SEQUENCE_DIGITS
        )
    }
}

/// A number of decimal digits only.
fn number(digits: &[u8]) -> Option<u64> {
    digits.iter().try_fold(0u64, |number, digit| {
        let value = digit.is_ascii_digit().then(|| u64::from(digit - b'0'))?;
        number.checked_mul(10)?.checked_add(value)
    })
}

/// What all messages of a run have in common.
#[derive(Debug, Clone)]
pub struct Composer {
    /// See [`Tail`].
    pub run_id: u32,
    /// SNMP community.
    pub community: String,
    /// Engines and users of version 3.
    pub v3: snmpv3::Settings,
}

impl Composer {
    /// The tail of a message that is not numbered yet.
    #[must_use]
    pub fn tail(&self) -> String {
        Tail { run_id: self.run_id, stream: 0, sequence: 0 }.to_string()
    }

    /// A syslog message of `text` and the tail.
    #[must_use]
    pub fn syslog(&self, text: &str) -> Datagram {
        let bytes = format!("{text} {}", self.tail()).into_bytes();
        Datagram { bytes, request_id_at: None, v3: None }
    }
}

/// Writes stream and sequence number to the end of `bytes`, and the low 30 bits of the sequence number into the
/// request-id, where there is one.
///
/// The request-id is `0x40000000 + low bits`: always positive and always four octets in the shortest BER form, so the
/// lengths around it never change.
pub fn patch_numbers(bytes: &mut [u8], request_id_at: Option<usize>, stream: u32, sequence: u64) {
    if let Some(octets) = bytes.last_chunk_mut::<STREAM_FROM_END>() {
        let (digits, rest) = octets.split_at_mut(STREAM_DIGITS);
        write_digits(digits, u64::from(stream));
        if let Some(digits) = rest.last_chunk_mut::<SEQUENCE_DIGITS>() {
            write_digits(digits, sequence);
        }
    }
    if let Some(octets) =
        request_id_at.and_then(|at| bytes.get_mut(at..)).and_then(|rest| rest.first_chunk_mut::<4>())
    {
        *octets = request_id(sequence).to_be_bytes();
    }
}

/// The request-id of the message with this sequence number.
#[must_use]
pub const fn request_id(sequence: u64) -> u32 {
    0x4000_0000 | (sequence & 0x3FFF_FFFF) as u32
}

fn write_digits(digits: &mut [u8], number: u64) {
    let mut rest = number;
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
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

    fn compose_all(kind: &Kind) -> Vec<Datagram> {
        let v3 = snmpv3::Settings::default();
        let composer = Composer { run_id: 0xC0FFEE, community: "public".to_owned(), v3 };
        let mut rng = Rng::new(5);
        (0..400)
            .map(|slot| (kind.compose)(&composer, Device { index: slot }, Stamp::of_slot(slot), &mut rng))
            .collect()
    }

    #[test]
    fn kinds_have_names_of_their_own() {
        let names: HashSet<&str> = KINDS.iter().map(|kind| kind.name).collect();
        assert_eq!(names.len(), KIND_COUNT);
        assert!(!names.contains("syslog"), "that one means several");
        assert!(KINDS.iter().all(|kind| !kind.in_syslog || kind.service == Service::Syslog));
    }

    #[test]
    fn every_message_ends_in_run_stream_and_sequence() {
        for kind in KINDS {
            for message in compose_all(kind) {
                let name = kind.name;
                assert!(message.bytes.ends_with(b" stream=00000 seq=0000000000"), "{name}");
                let found = Tail::find(&message.bytes, &Tail::mark(0xC0FFEE), 0xC0FFEE);
                assert_eq!(found, Some(Tail { run_id: 0xC0FFEE, stream: 0, sequence: 0 }), "{name}");
                assert!(message.bytes.len() <= 1200, "{name}: fits one Ethernet frame");
                assert_eq!(message.request_id_at.is_some(), kind.service != Service::Syslog && name != "v1");
                assert_eq!(message.v3.is_some(), name == "v3");
            }
        }
    }

    #[test]
    fn patching_changes_only_its_own_octets() {
        for kind in KINDS {
            for message in compose_all(kind) {
                let mut patched = message.bytes.clone();
                patch_numbers(&mut patched, message.request_id_at, 98_765, 1_234_567_890);
                assert!(patched.ends_with(b" stream=98765 seq=1234567890"));
                let end = patched.len();
                for (at, (before, after)) in message.bytes.iter().zip(&patched).enumerate() {
                    let own = at >= end - SEQUENCE_DIGITS
                        || (end - STREAM_FROM_END..end - STREAM_FROM_END + STREAM_DIGITS).contains(&at)
                        || message.request_id_at.is_some_and(|id| (id..id + 4).contains(&at));
                    assert!(own || before == after, "{} octet {at}", kind.name);
                }
                if let Some(id) = message.request_id_at {
                    assert_eq!(patched[id - 2..id], [0x02, 0x04], "an INTEGER of four octets");
                    assert_eq!(patched[id..id + 4], request_id(1_234_567_890).to_be_bytes());
                }
                patch_numbers(&mut patched, message.request_id_at, 0, SEQUENCE_MAX);
                assert!(patched.ends_with(b"seq=9999999999"));
            }
        }
    }

    #[test]
    fn patching_too_little_room_does_nothing() {
        let mut short = *b"seq=12";
        patch_numbers(&mut short, Some(4), 1, 7);
        assert_eq!(&short, b"seq=12");
    }

    #[test]
    fn tails_are_read_wherever_they_stand() {
        let tail = Tail { run_id: 0xAB, stream: 12, sequence: 34 };
        let find = |text: &str| Tail::find(text.as_bytes(), &Tail::mark(0xAB), 0xAB);
        assert_eq!(tail.to_string(), "run=000000ab stream=00012 seq=0000000034");
        assert_eq!(find(&tail.to_string()), Some(tail));
        assert_eq!(find(&format!("x \"run=000000ab stream=x\" {tail}\" y=1")), Some(tail));
        for other in
            ["", "run=000000ac stream=00012 seq=0000000034", "run=000000ab stream=00012 seq=00000000x4"]
        {
            assert_eq!(find(other), None, "{other}");
        }
        assert_eq!(find("run=000000ab stream=00012 seq=000000003"), None, "cut off");
    }

    #[test]
    fn syslog_is_ascii_or_utf8_with_a_valid_pri() {
        for kind in KINDS.into_iter().filter(|kind| kind.service == Service::Syslog) {
            let mut texts = HashSet::new();
            for message in compose_all(kind) {
                let text = String::from_utf8(message.bytes).unwrap();
                let (pri, _) = text.strip_prefix('<').unwrap().split_once('>').unwrap();
                assert!(pri.parse::<u8>().unwrap() <= 191, "{text}");
                assert!(!text.contains(|c: char| c.is_control()), "{text:?}");
                texts.insert(text);
            }
            assert!(texts.len() > 390, "{}: {} different texts of 400", kind.name, texts.len());
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
