//! `sources`.

use std::time::Duration;

use crate::base::cidr::IpRanges;
use crate::config::declare::{key, section};
use crate::config::kinds::{Networks, WholeSeconds, ZeroIsNone, boolean, messages, number};

section! {
    /// `sources`: how much any one sender may send.
    pub struct Sources {
        /// Networks from which nothing is taken, at any listener; asked before `allow_from`. What comes from there is
        /// dropped and counted as `source_denied`; connections are closed.
        pub deny_from: IpRanges = key("deny_from", Networks, IpRanges::default(), "[10.0.0.0/8, 192.0.2.1]").live();
        /// Messages a second. What is more is dropped and counted as `rate_limited`.
        pub messages_per_second_max: Option<u32> = key(
            "messages_per_second_max",
            ZeroIsNone(number(0, 1_000_000).note(" (0 = any amount)")),
            None,
            "1000",
        ).live();
        /// Messages that may come at once after a pause.
        pub burst_messages_max: u32 = key("burst_messages_max", messages(1, 10_000_000), 1_000, "5000").live();
        /// So long after its first dropped message, a message of our own (program muttd) tells how many of a source
        /// were dropped.
        pub summary: Duration = key(
            "summary_seconds",
            WholeSeconds { least: 1, most: 86_400 },
            Duration::from_secs(60),
            "300",
        ).live();
        /// Whether the loudest senders give way when the store does not keep up (UDP only): each gets its equal share,
        /// those who send less lose nothing. What is dropped is counted as `over_fair_share`.
        pub fair_share: bool = key("fair_share", boolean(), true, "false").live();
    }
}
