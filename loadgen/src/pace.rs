//! When each message is due: the schedule as pure arithmetic, and how long to wait for the next batch.
//!
//! Between plan and send. Open loop: the schedule never looks at how sending goes, so a slow receiver or a slow sender
//! shows as lag and is never hidden by sending less. Invariant: reads no clock; times are nanoseconds since the start.

/// Datagrams handed to the kernel in one call, at most.
pub const BATCH_MAX: usize = 64;
/// The sender wakes when this many messages are due, so that a wake-up costs little per message.
const GATHER_COUNT: u64 = 16;
/// Longest time that gathering may hold a message back.
const GATHER_MAX_NS: u64 = 500_000;
const SECOND_NS: u128 = 1_000_000_000;

/// The part of one sender thread in the schedule: messages `thread`, `thread + threads`, ... below `total`.
#[derive(Debug, Clone, Copy)]
pub struct Schedule {
    /// Messages per second of all threads together, at least 1.
    pub rate: u64,
    /// Messages of all threads together.
    pub total: u64,
    /// Number of this thread, `0..threads`.
    pub thread: u64,
    /// Number of threads, at least 1.
    pub threads: u64,
}

impl Schedule {
    /// When message `index` (counted over all threads) is due: `index / rate` seconds after the start, rounded up to
    /// the nanosecond so that a message is never early.
    #[must_use]
    pub fn due_ns(&self, index: u64) -> u64 {
        saturate((u128::from(index) * SECOND_NS).div_ceil(u128::from(self.rate)))
    }

    /// Index over all threads of this thread's message number `local`.
    #[must_use]
    pub fn index(&self, local: u64) -> u64 {
        self.thread + local * self.threads
    }

    /// How many messages this thread sends in all.
    #[must_use]
    pub fn local_total(&self) -> u64 {
        self.share(self.total)
    }

    /// How many of this thread's messages are due at `now_ns`. Message 0 is due at 0.
    #[must_use]
    pub fn local_due(&self, now_ns: u64) -> u64 {
        let due = u128::from(now_ns) * u128::from(self.rate) / SECOND_NS + 1;
        self.share(saturate(due).min(self.total))
    }

    /// How long to wait at `now_ns` before message number `local` of this thread: until it is due, or a little longer
    /// so that several can go in one call, but never more than half a millisecond longer.
    #[must_use]
    pub fn wait_ns(&self, local: u64, now_ns: u64) -> u64 {
        let next = self.due_ns(self.index(local));
        let gathered = self.due_ns(self.index((local + GATHER_COUNT).min(self.local_total()).max(1) - 1));
        gathered.min(now_ns.saturating_add(GATHER_MAX_NS)).max(next).saturating_sub(now_ns)
    }

    /// Members of `thread, thread + threads, ...` below `bound`.
    fn share(&self, bound: u64) -> u64 {
        (bound + self.threads - 1 - self.thread) / self.threads
    }
}

/// Messages that `rate` gives in `duration_ns`, at least 1.
#[must_use]
pub fn message_total(rate: u64, duration_ns: u128) -> u64 {
    saturate((duration_ns * u128::from(rate) / SECOND_NS).max(1))
}

fn saturate(wide: u128) -> u64 {
    u64::try_from(wide).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule(rate: u64, total: u64) -> Schedule {
        Schedule { rate, total, thread: 0, threads: 1 }
    }

    #[test]
    fn message_i_is_due_at_i_over_rate() {
        let schedule = schedule(50_000, 1_500_000);
        assert_eq!(schedule.due_ns(0), 0);
        assert_eq!(schedule.due_ns(1), 20_000);
        assert_eq!(schedule.due_ns(50_000), 1_000_000_000);
        assert_eq!(message_total(50_000, 30 * SECOND_NS), 1_500_000);
        assert_eq!(message_total(1, 500_000_000), 1);
    }

    #[test]
    fn due_counts_agree_with_due_times() {
        for rate in [1, 3, 7, 999, 50_000, 333_333, 10_000_000] {
            let schedule = schedule(rate, 1000);
            for index in 0..1000 {
                let due = schedule.due_ns(index);
                assert_eq!(schedule.local_due(due), index + 1, "rate {rate} index {index}");
                if due > 0 {
                    assert_eq!(schedule.local_due(due - 1), index, "rate {rate} index {index}");
                }
            }
            assert_eq!(schedule.local_due(u64::MAX), 1000);
        }
    }

    #[test]
    fn threads_share_every_message_once() {
        for (threads, total) in [(1, 10), (3, 10), (4, 3), (64, 1000)] {
            let mut seen = vec![0; total as usize];
            for thread in 0..threads {
                let part = Schedule { rate: 1000, total, thread, threads };
                for local in 0..part.local_total() {
                    seen[part.index(local) as usize] += 1;
                }
                assert_eq!(part.local_due(u64::MAX), part.local_total());
            }
            assert!(seen.iter().all(|count| *count == 1), "{threads} threads, {total} messages: {seen:?}");
        }
    }

    #[test]
    fn waiting_gathers_but_holds_nothing_back_for_long() {
        // 50,000/s: message 16 (the last of the next 16) is due at 320 us.
        let fast = schedule(50_000, 1_500_000);
        assert_eq!(fast.wait_ns(1, 0), 320_000);
        // 10/s: exactly until the next one is due.
        let slow = schedule(10, 100);
        assert_eq!(slow.wait_ns(1, 1_000_000), 99_000_000);
        // 1,000/s: half a millisecond at most, unless nothing is due before that.
        assert_eq!(schedule(1_000, 100).wait_ns(1, 900_000), 500_000);
        // The end of the run does not wait for messages that do not exist.
        assert_eq!(schedule(50_000, 3).wait_ns(1, 0), 40_000);
    }

    #[test]
    fn no_setting_overflows() {
        let extreme = Schedule { rate: 1, total: u64::MAX, thread: 0, threads: 1 };
        assert_eq!(extreme.due_ns(u64::MAX), u64::MAX);
        assert_eq!(extreme.local_due(u64::MAX), u64::MAX / 1_000_000_000 + 1);
    }
}
