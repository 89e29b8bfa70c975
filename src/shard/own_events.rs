//! What the program itself has to say in the store, as syslog messages of its own.
//!
//! Invariant: they come to a listener of their own, so that the balance of every other one stays what came in.

use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use crate::base::clock::Timestamp;
use crate::shard::pipeline::{Arrival, Protocol};
use crate::shard::rate_limit::{RateSettings, Summary};

/// Name of the listener that counts them.
pub const LISTENER_NAME: &str = "muttd";

/// PRI of a warning of the syslog service itself: facility 5, severity 4.
const PRI_WARNING: u8 = 5 * 8 + 4;

/// Writes them.
#[derive(Debug)]
pub struct OwnEvents {
    listener: u8,
    text: String,
}

impl OwnEvents {
    /// Events that come to `listener`.
    #[must_use]
    pub fn new(listener: u8) -> Self {
        Self { listener, text: String::new() }
    }

    /// Reports how many messages of a source were over `limit`, which is `None` when it was lifted since. The event bears the
    /// address of the source.
    pub fn rate_limited(
        &mut self,
        summary: &Summary,
        limit: Option<RateSettings>,
        now: Timestamp,
    ) -> Arrival<'_> {
        let Summary { source, since, dropped } = *summary;
        let seconds = u64::try_from(now.0 - since.0).unwrap_or(0).div_ceil(1_000_000).max(1);
        self.text.clear();
        let _ = write!(self.text, "<{PRI_WARNING}>1 {now} ");
        let _ = match source {
            Some(source) => write!(self.text, "{source} muttd - rate-limit - {dropped} messages of {source}"),
            None => write!(self.text, "- muttd - rate-limit - {dropped} messages of other sources"),
        };
        let _ = match limit {
            Some(RateSettings { messages_per_second, burst_messages, .. }) => write!(
                self.text,
                " dropped within {seconds} s: more than {messages_per_second} a second, burst {burst_messages}"
            ),
            None => write!(self.text, " dropped within {seconds} s by a limit that is lifted now"),
        };
        Arrival {
            protocol: Protocol::Syslog,
            listener: self.listener,
            port: 0,
            bytes: self.text.as_bytes(),
            peer: SocketAddr::new(source.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST)), 0),
            local: None,
            at: now,
            cut: None,
            repeated: false,
            acknowledgement: None,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::wire::syslog::decode;

    #[test]
    fn a_summary_is_a_syslog_message_of_the_source() {
        let limit =
            RateSettings { messages_per_second: 100, burst_messages: 1_000, summary_micros: 60_000_000 };
        let mut own = OwnEvents::new(5);
        let now = Timestamp(1_795_335_390_000_000);
        let source: IpAddr = "2001:db8::7".parse().unwrap();
        let summary = Summary { source: Some(source), since: Timestamp(now.0 - 60_000_000), dropped: 1_234 };
        let arrival = own.rate_limited(&summary, Some(limit), now);
        assert_eq!((arrival.peer.ip(), arrival.listener), (source, 5));
        let message = decode(arrival.bytes);
        assert_eq!(message.hostname, Some(&b"2001:db8::7"[..]));
        assert_eq!(message.app_name, Some(&b"muttd"[..]));
        assert_eq!(message.msg_id, Some(&b"rate-limit"[..]));
        let text = "1234 messages of 2001:db8::7 dropped within 60 s: more than 100 a second, burst 1000";
        assert_eq!(std::str::from_utf8(message.content).unwrap(), text);
        assert!(message.notes.is_empty());
    }
}
