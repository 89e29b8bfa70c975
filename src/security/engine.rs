//! Engine IDs, and the engine that we are ourselves.

use std::fmt;

use crate::base::clock::Stopwatch;

/// Octets of an engine ID (RFC 3411 section 5, SnmpEngineID).
const ENGINE_ID_OCTETS: std::ops::RangeInclusive<usize> = 5..=ENGINE_ID_OCTETS_MAX;
/// Octets of the longest one.
const ENGINE_ID_OCTETS_MAX: usize = 32;

/// The enterprise 32473 with the first bit set, and the format.
const OUR_PREFIX: [u8; 5] = [0x80, 0x00, 0x7E, 0xD9, 5];

/// The last value of snmpEngineBoots and snmpEngineTime (RFC 3414 2.2.2).
pub(super) const LAST: i32 = i32::MAX;

/// snmpEngineID (RFC 3411 section 5): 5 to 32 octets, unique among all engines.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct EngineId {
    octets: [u8; ENGINE_ID_OCTETS_MAX],
    len: u8,
}

impl EngineId {
    /// The engine ID of these octets; `None` when their number is not lawful.
    #[must_use]
    pub fn new(octets: &[u8]) -> Option<Self> {
        if !ENGINE_ID_OCTETS.contains(&octets.len()) {
            return None;
        }
        let mut id = Self { octets: [0; ENGINE_ID_OCTETS_MAX], len: octets.len() as u8 };
        for (place, octet) in id.octets.iter_mut().zip(octets) {
            *place = *octet;
        }
        Some(id)
    }

    /// The engine ID of this program with `number`, which makes it unique (RFC 3411 section 5: an enterprise number,
    /// format 5, octets). The enterprise is that for examples (RFC 5612), since the program has none of its own.
    #[must_use]
    pub fn of_ours(number: u64) -> Self {
        let mut id = Self { octets: [0; ENGINE_ID_OCTETS_MAX], len: 13 };
        let parts = OUR_PREFIX.into_iter().chain(number.to_be_bytes());
        for (place, octet) in id.octets.iter_mut().zip(parts) {
            *place = octet;
        }
        id
    }

    /// Its octets.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.octets.get(..usize::from(self.len)).unwrap_or_default()
    }
}

impl fmt::Display for EngineId {
    /// Hexadecimal digits without gaps, as `enriched_data` has it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_bytes().iter().try_for_each(|octet| write!(f, "{octet:02x}"))
    }
}

impl fmt::Debug for EngineId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The engine that this receiver is: authoritative for informs (RFC 3414 1.5.1).
#[derive(Debug)]
pub struct LocalEngine {
    /// snmpEngineID.
    pub id: EngineId,
    /// snmpEngineBoots: risen by one, and on the disk, before it is used.
    pub boots: i32,
    /// snmpEngineTime at `since`, seconds; 0 unless a recording is played.
    time_at_start: u32,
    since: Stopwatch,
}

impl LocalEngine {
    /// The engine `id` in its `boots`-th life, which begins now.
    #[must_use]
    pub fn new(id: EngineId, boots: i32) -> Self {
        Self::in_its_life(id, boots, 0)
    }

    /// The engine `id` in its `boots`-th life, which began `time` seconds ago.
    #[must_use]
    pub fn in_its_life(id: EngineId, boots: i32, time: u32) -> Self {
        Self { id, boots, time_at_start: time, since: Stopwatch::start() }
    }

    /// snmpEngineTime: seconds since the start, on a clock that never steps. It would take 68 years to reach the last
    /// value, where it stays, and no message is timely any more.
    #[must_use]
    pub fn time(&self) -> i32 {
        let time = self.since.elapsed().as_secs().saturating_add(u64::from(self.time_at_start));
        i32::try_from(time).unwrap_or(LAST)
    }
}
