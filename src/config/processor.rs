//! `processor`.

use std::time::Duration;

use crate::config::declare::{key, section};
use crate::config::kinds::{Seconds, messages};

section! {
    /// `processor`: how messages are handed to the store.
    pub struct Processor {
        /// Messages between receipt and store. Two seconds of a storm of 100,000 messages a second: long enough for a
        /// slow disk to catch up.
        pub queue_max_messages: usize = key("queue_max_size", messages(1_000, 10_000_000), 200_000, "500000");
        /// Messages in one transaction. Each commit waits for the disk once, so many messages share the wait; at 10,000
        /// the wait is about 0.1 microseconds for each.
        pub batch_write_messages: usize = key("batch_write_size", messages(1, 100_000), 10_000, "2000");
        /// Longest time a message waits for its transaction to fill; half of it where the sender waits for an answer
        /// (informs, RELP). A message can be found in the store about a tenth of a second later. Each transaction has a
        /// price of its own: at 2,000 messages a second each costs 15 % more CPU with 0.2.
        pub batch_timeout: Duration = key(
            "batch_timeout_seconds",
            Seconds { least: 0.001, most: 60.0 },
            Duration::from_millis(350),
            "1.5",
        );
    }
}
