//! The plan: every message of the run, built before the first one is sent, from the seed and the settings alone.
//!
//! Between args and send. Slots are prebuilt and used in turn: message i is slot `i % slots` with its stream and sequence
//! number i + 1 patched in. All slots lie one after another in one arena, in the order in which they are sent.
//! Invariant: same settings and seed, same octets on every machine and with any number of threads.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::time::Duration;

use anyhow::{Result, bail};

use crate::layout;
use crate::pace;
use crate::payload::snmpv3::{self, Places, Sealer};
use crate::payload::{Composer, Device, KIND_COUNT, KINDS, Kind, SEQUENCE_MAX, Stamp, patch_numbers};
use crate::rng::Rng;

/// Fewest slots: enough that texts vary, and that one batch of any thread never meets the same slot twice.
pub const SLOTS_MIN: u32 = 8192;

const _: () = assert!(SLOTS_MIN as usize >= pace::BATCH_MAX * layout::THREADS_MAX as usize);

/// Weights by the place of a kind in [`KINDS`]; at least one is not 0. Only their proportion matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mix(pub [u32; KIND_COUNT]);

/// What a plan is made from.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Messages per second, at least 1.
    pub rate: u64,
    /// How long to send.
    pub duration: Duration,
    /// Which kinds.
    pub mix: Mix,
    /// Number of devices, at least 1.
    pub devices: u32,
    /// Number of the first one.
    pub first_device: u32,
    /// Seed of every choice.
    pub seed: u64,
    /// Mark of the run; derived from the seed when not given.
    pub run_id: Option<u32>,
    /// SNMP community.
    pub community: String,
    /// Engines and users of version 3.
    pub v3: snmpv3::Settings,
}

/// One prebuilt message.
#[derive(Debug, Clone, Copy)]
pub struct Slot {
    /// Where its octets start in the arena.
    pub start: usize,
    /// How many octets.
    pub length: usize,
    /// Offset of the request-id within the message, where there is one.
    pub request_id_at: Option<usize>,
    /// What is sealed in a message of version 3.
    pub v3: Option<Places>,
    /// What it is, as its place in [`KINDS`].
    pub kind: usize,
    /// Who sends it.
    pub device: Device,
    /// Address of the device, used as source when the target is loopback IPv4.
    pub source: Ipv4Addr,
}

impl Slot {
    /// What it is.
    #[must_use]
    pub fn kind(&self) -> &'static Kind {
        KINDS[self.kind]
    }
}

/// All that is decided before sending.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Octets of all slots.
    pub arena: Vec<u8>,
    /// The messages; at least [`SLOTS_MIN`].
    pub slots: Vec<Slot>,
    /// Messages to send, 1 to [`SEQUENCE_MAX`].
    pub total: u64,
    /// Messages per second.
    pub rate: u64,
    /// Mark of this run in every message.
    pub run_id: u32,
    /// FNV-1a (64 bits) over rate, total and every slot's kind, source and octets, before they are sealed.
    pub fingerprint: u64,
    /// Engines and users of version 3.
    pub v3: snmpv3::Settings,
}

impl Plan {
    /// Builds the plan of `settings`.
    ///
    /// # Errors
    /// The user's fault: more messages than sequence numbers.
    pub fn build(settings: &Settings) -> Result<Self> {
        let total = pace::message_total(settings.rate, settings.duration.as_nanos());
        if total > SEQUENCE_MAX {
            bail!(
                "--rate {} for --duration {:?} is {total} messages; allowed: at most {SEQUENCE_MAX} in one run",
                settings.rate,
                settings.duration
            );
        }
        let mut rng = Rng::new(settings.seed);
        let derived_run_id = (rng.next() >> 32) as u32;
        let run_id = settings.run_id.unwrap_or(derived_run_id);
        let v3 = settings.v3.clone();
        let composer = Composer { run_id, community: settings.community.clone(), v3: v3.clone() };

        let slot_count = settings.devices.max(SLOTS_MIN);
        let mut kinds = apportion(&settings.mix, slot_count);
        rng.shuffle(&mut kinds);
        let mut devices: Vec<u32> =
            (settings.first_device..settings.first_device + settings.devices).collect();
        rng.shuffle(&mut devices);

        let mut plan = Self {
            arena: Vec::with_capacity(slot_count as usize * 256),
            slots: Vec::with_capacity(slot_count as usize),
            total,
            rate: settings.rate,
            run_id,
            fingerprint: 0,
            v3,
        };
        for ((slot, kind), index) in (0..slot_count).zip(kinds).zip(devices.into_iter().cycle()) {
            let device = Device { index };
            let message = (KINDS[kind].compose)(&composer, device, Stamp::of_slot(slot), &mut rng);
            plan.slots.push(Slot {
                start: plan.arena.len(),
                length: message.bytes.len(),
                request_id_at: message.request_id_at,
                v3: message.v3,
                kind,
                device,
                source: device.address(),
            });
            plan.arena.extend_from_slice(&message.bytes);
        }
        plan.fingerprint = plan.hash();
        Ok(plan)
    }

    /// What seals the messages of version 3, in the life number `boots` of their engines.
    #[must_use]
    pub fn sealer(&self, boots: u32) -> Sealer {
        let engines: BTreeSet<u32> = self.slots.iter().filter_map(|slot| Some(slot.v3?.engine)).collect();
        Sealer::new(&self.v3, engines.into_iter(), boots)
    }

    /// The slot of message `index`.
    #[must_use]
    pub fn slot(&self, index: u64) -> Slot {
        self.slots[(index % self.slots.len() as u64) as usize]
    }

    /// The octets of `slot`, with its numbers 0.
    #[must_use]
    pub fn template(&self, slot: &Slot) -> &[u8] {
        self.arena.get(slot.start..slot.start + slot.length).unwrap_or_default()
    }

    /// Appends message `index` of stream `stream` to `out`, as it is before anything is sealed.
    pub fn append(&self, slot: &Slot, stream: u32, index: u64, out: &mut Vec<u8>) {
        let start = out.len();
        out.extend_from_slice(self.template(slot));
        if let Some(message) = out.get_mut(start..) {
            patch_numbers(message, slot.request_id_at, stream, index + 1);
        }
    }

    /// How many messages of each kind the whole run sends, in the order of [`KINDS`].
    #[must_use]
    pub fn kind_counts(&self) -> [u64; KIND_COUNT] {
        let rounds = self.total / self.slots.len() as u64;
        let rest = (self.total % self.slots.len() as u64) as usize;
        let mut counts = [0; KIND_COUNT];
        for (at, slot) in self.slots.iter().enumerate() {
            counts[slot.kind] += rounds + u64::from(at < rest);
        }
        counts
    }

    fn hash(&self) -> u64 {
        let mut hash = Fnv::new();
        hash.write(&self.rate.to_be_bytes());
        hash.write(&self.total.to_be_bytes());
        for slot in &self.slots {
            hash.write(&(slot.kind as u64).to_be_bytes());
            hash.write(&slot.source.octets());
            hash.write(&(slot.length as u64).to_be_bytes());
        }
        hash.write(&self.arena);
        hash.0
    }
}

/// `slot_count` kinds in the proportion of the mix: exact up to rounding (largest remainder), and at least one of each
/// kind that was asked for.
fn apportion(mix: &Mix, slot_count: u32) -> Vec<usize> {
    let sum: u64 = mix.0.iter().map(|weight| u64::from(*weight)).sum::<u64>().max(1);
    let share = |kind: usize| u64::from(mix.0[kind]) * u64::from(slot_count);
    let mut asked: Vec<usize> = (0..KIND_COUNT).filter(|kind| mix.0[*kind] > 0).collect();
    let mut counts = [0u64; KIND_COUNT];
    for kind in &asked {
        counts[*kind] = (share(*kind) / sum).max(1);
    }
    // The largest remainder first; ties in the order of the kinds, so that the result is one.
    asked.sort_by_key(|kind| (std::cmp::Reverse(share(*kind) % sum), *kind));
    let mut missing = u64::from(slot_count).saturating_sub(counts.iter().sum());
    for kind in asked.iter().cycle() {
        if missing == 0 {
            break;
        }
        counts[*kind] += 1;
        missing -= 1;
    }
    let kinds = (0..KIND_COUNT).flat_map(|kind| std::iter::repeat_n(kind, counts[kind] as usize));
    kinds.take(slot_count as usize).collect()
}

/// FNV-1a, 64 bits: offset basis and prime as its authors give them.
struct Fnv(u64);

impl Fnv {
    const fn new() -> Self {
        Self(0xCBF2_9CE4_8422_2325)
    }

    fn write(&mut self, octets: &[u8]) {
        for octet in octets {
            self.0 = (self.0 ^ u64::from(*octet)).wrapping_mul(0x0000_0100_0000_01B3);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::args::{Args, parse_mix};
    use clap::Parser;
    use std::collections::HashSet;

    fn plan(line: &str) -> Plan {
        let args = Args::try_parse_from(std::iter::once("loadgen").chain(line.split_whitespace())).unwrap();
        Plan::build(&args.plan_settings()).unwrap()
    }

    #[test]
    fn fnv_matches_its_published_values() {
        let hash = |octets: &[u8]| {
            let mut fnv = Fnv::new();
            fnv.write(octets);
            fnv.0
        };
        assert_eq!(hash(b""), 0xCBF2_9CE4_8422_2325);
        assert_eq!(hash(b"a"), 0xAF63_DC4C_8601_EC8C);
        assert_eq!(hash(b"foobar"), 0x8594_4171_F739_67E8);
    }

    #[test]
    fn same_settings_same_octets() {
        let base = "--seed 42 --devices 100 --rate 1000 --duration 1s";
        let first = plan(base);
        assert_eq!(first.fingerprint, plan(base).fingerprint);
        assert_eq!(first.arena, plan(base).arena);
        assert_eq!(
            first.fingerprint,
            plan(&format!("{base} --threads 4")).fingerprint,
            "threads change nothing"
        );
        for other in [
            "--seed 43 --devices 100 --rate 1000 --duration 1s",
            "--seed 42 --devices 101 --rate 1000 --duration 1s",
            "--seed 42 --devices 100 --first-device 1 --rate 1000 --duration 1s",
            "--seed 42 --devices 100 --rate 1001 --duration 1s",
            "--seed 42 --devices 100 --rate 1000 --duration 2s",
            "--seed 42 --devices 100 --rate 1000 --duration 1s --mix v1=1",
            "--seed 42 --devices 100 --rate 1000 --duration 1s --community private",
            "--seed 42 --devices 100 --rate 1000 --duration 1s --run-id 00000001",
            "--seed 42 --devices 100 --rate 1000 --duration 1s --mix v3=1",
            "--seed 42 --devices 100 --rate 1000 --duration 1s --mix v2c-inform=1",
        ] {
            assert_ne!(first.fingerprint, plan(other).fingerprint, "{other}");
        }
    }

    /// A changed stream makes recorded results incomparable: this number may change only on purpose.
    #[test]
    fn fingerprint_of_a_known_plan() {
        let plan =
            plan("--seed 42 --devices 100 --rate 1000 --duration 1s --mix syslog=4,rfc5424=1,v1=1,v2c=1");
        assert_eq!(format!("{:016x}", plan.fingerprint), "9098f57d9bb21692");
    }

    #[test]
    fn the_mix_is_kept_and_no_kind_is_forgotten() {
        let plan = plan("--mix syslog=70,v2c=30 --rate 8192 --duration 1s");
        let counts = plan.kind_counts();
        assert_eq!(counts.iter().sum::<u64>(), 8192);
        assert_eq!(counts, [1434, 1434, 1434, 1433, 0, 0, 2457, 0, 0, 0]);
        let rare = apportion(&parse_mix("cisco=1000,junos=1000,v1=1000,v2c=1").unwrap(), 8192);
        assert_eq!(rare.len(), 8192);
        assert!(rare.iter().any(|kind| KINDS[*kind].name == "v2c"));
    }

    #[test]
    fn every_device_sends() {
        for devices in [1, 1000, 20_000] {
            let plan = plan(&format!("--devices {devices}"));
            let sources: HashSet<Ipv4Addr> = plan.slots.iter().map(|slot| slot.source).collect();
            assert_eq!(sources.len(), devices);
        }
    }

    #[test]
    fn slots_tile_the_arena() {
        let plan = plan("--devices 10");
        let mut end = 0;
        for slot in &plan.slots {
            assert_eq!(slot.start, end);
            end += slot.length;
        }
        assert_eq!(end, plan.arena.len());
    }

    #[test]
    fn too_many_messages_are_refused() {
        let args = Args::try_parse_from(["loadgen", "--rate", "10000000", "--duration", "1h"]).unwrap();
        let error = Plan::build(&args.plan_settings()).unwrap_err().to_string();
        assert!(error.contains("--rate 10000000") && error.contains("9999999999"), "{error}");
    }
}
