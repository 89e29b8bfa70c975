//! Delay between two polls of a shard's sockets, so that datagrams gather in the kernel's buffer meanwhile.
//!
//! A turn has a price whatever it brings: a timer, a wake-up, caches that others have filled since. At 2,000 traps a second
//! one that brings 8 costs half as much again for each as one that brings 40. So a shard rests until about [`AIM`] of them
//! are there, as far as that is known from the last turn, within two bounds: nobody must wait for long, and what may come
//! in a rest must find room.
//!
//! Invariant: the kernel's buffer holds a burst of [`BURST_PER_SECOND`] for as long as the longest rest takes. Nothing
//! is told wrong by resting: when a datagram came is what the kernel says, not when it was read.

use std::time::Duration;

/// The shortest rest, after a turn that brought something: at 50,000 a second 50 datagrams cost one wake-up instead of
/// 50.
const SHORTEST: Duration = Duration::from_millis(1);

/// The longest rest: a ninth of what a group commit waits by default. With 20 ms, 2,000 traps a second cost a tenth more.
const LONGEST: Duration = Duration::from_millis(40);

/// Datagrams that a turn should bring, as many as one receive call takes: more only leave the cache.
const AIM: u32 = 64;

/// Datagrams a second that may begin to come at any moment, many times what a machine commits.
const BURST_PER_SECOND: u64 = 300_000;

/// What a small datagram takes of the receive buffer by the kernel's own account, at most. The kernel grants twice what
/// it says, so there is as much again for network cards whose driver takes more.
const DATAGRAM_BUFFER_OCTETS: u64 = 2 * 1024;

/// The rests of one shard.
#[derive(Debug)]
pub(super) struct PollBackoff {
    longest: Duration,
    next: Duration,
}

impl PollBackoff {
    /// Rests of a shard whose sockets have at least `receive_buffer_octets` each.
    pub(super) fn new(receive_buffer_octets: usize) -> Self {
        let datagrams = receive_buffer_octets as u64 / DATAGRAM_BUFFER_OCTETS;
        let bridged = Duration::from_micros(datagrams * 1_000_000 / BURST_PER_SECOND);
        Self { longest: bridged.clamp(SHORTEST, LONGEST), next: SHORTEST }
    }

    /// Takes note of a turn that brought `datagrams` since the last one: a rest in which [`AIM`] would have come follows.
    /// A turn that brought none says nothing of how fast they come, since they are waited for then and not rested for.
    pub(super) fn note(&mut self, datagrams: usize) {
        self.next = match u32::try_from(datagrams) {
            Ok(0) => SHORTEST,
            Ok(datagrams) => (self.next * AIM / datagrams).clamp(SHORTEST, self.longest),
            Err(_) => SHORTEST,
        };
    }

    /// How long to rest now.
    pub(super) fn next(&self) -> Duration {
        self.next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rest after each of the turns that bring `datagrams`.
    fn rests(rest: &mut PollBackoff, datagrams: &[usize]) -> Vec<u128> {
        let next = |datagrams: &usize| {
            rest.note(*datagrams);
            rest.next().as_millis()
        };
        datagrams.iter().map(next).collect()
    }

    #[test]
    fn a_rest_brings_a_call_full_and_a_burst_ends_long_ones() {
        let mut rest = PollBackoff::new(32 * 1024 * 1024);
        // 2,000 a second: 2 in a millisecond, then as many as are aimed at.
        assert_eq!(rests(&mut rest, &[2, 64, 64]), [32, 32, 32]);
        // A hundred times as many.
        assert_eq!(rests(&mut rest, &[4_000, 200]), [1, 1]);
        // 20,000 a second.
        assert_eq!(rests(&mut rest, &[20, 64, 64]), [3, 3, 3]);
        // Silence, then one.
        assert_eq!(rests(&mut rest, &[0, 1, 1]), [1, 40, 40]);
    }

    #[test]
    fn what_may_come_in_the_longest_rest_finds_room() {
        for octets in [0, 4_096, 212_992, 4 << 20, 8 << 20, 1 << 30] {
            let mut rest = PollBackoff::new(octets);
            rests(&mut rest, &[1, 1, 1]);
            let longest = rest.next();
            let burst = longest.as_micros() as u64 * BURST_PER_SECOND / 1_000_000;
            assert!(longest == SHORTEST || burst * DATAGRAM_BUFFER_OCTETS <= octets as u64, "{octets}");
        }
    }
}
