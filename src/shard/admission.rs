//! Admission of messages: deny-list, allow-list, rate limit, fair share.
//!
//! Asked before a message is decoded, so that what is refused costs next to nothing.
//!
//! Invariant: what is refused is counted under one reason; a trusted relay, which speaks for many devices, is neither
//! limited nor asked to give way.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use arc_swap::{ArcSwap, Cache};

use crate::base::cidr::IpRanges;
use crate::base::clock::Timestamp;
use crate::base::drop_reason::DropReason;
use crate::model::listener::PerListener;
use crate::shard::fair_share::FairShare;
use crate::shard::listener::ListenerSources;
use crate::shard::rate_limit::RateLimiter;
use crate::shard::snmp_policy::SnmpPolicy;

/// What all shards know of sources.
#[derive(Debug, Default)]
pub struct SourcePolicy {
    /// From whom nothing is taken, at no listener, whatever else is said.
    pub denied: IpRanges,
    /// What is said of the sources of each listener.
    pub listeners: PerListener<ListenerSources>,
    /// Which messages the SNMP listeners take.
    pub snmp: SnmpPolicy,
    /// The rate limit, if there is one.
    pub limiter: Option<Arc<RateLimiter>>,
    /// Whether loud sources give way in an overload.
    pub fair_share: bool,
}

impl SourcePolicy {
    /// The policy that takes whatever `listeners` and `snmp` say, from sources without limit.
    #[must_use]
    pub fn new(listeners: PerListener<ListenerSources>, snmp: SnmpPolicy) -> Self {
        Self { listeners, snmp, ..Self::default() }
    }

    /// Whether the word of `peer` for where a message to `listener` comes from counts.
    #[must_use]
    pub fn is_relay(&self, listener: u8, peer: IpAddr) -> bool {
        self.listeners.get(listener).is_some_and(|rules| rules.relays.contains(peer))
    }

    /// Why nothing that comes from `source` is taken at `listener`, if so.
    #[must_use]
    pub fn refuses_source(&self, listener: u8, source: IpAddr) -> Option<DropReason> {
        if self.denied.contains(source) {
            return Some(DropReason::SourceDenied);
        }
        let allowed = self.listeners.get(listener)?.allowed.as_ref();
        allowed.is_some_and(|allowed| !allowed.contains(source)).then_some(DropReason::SourceNotAllowed)
    }
}

/// Where all shards look for the policy on sources; it is replaced as a whole.
pub type SourcesInForce = Arc<ArcSwap<SourcePolicy>>;

/// Admission of one shard.
pub struct Admission {
    policy: Cache<SourcesInForce, Arc<SourcePolicy>>,
    fair: FairShare,
}

impl fmt::Debug for Admission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Admission").field("fair", &self.fair).finish_non_exhaustive()
    }
}

impl Admission {
    /// Admission by the policy in force.
    #[must_use]
    pub fn new(policy: SourcesInForce) -> Self {
        Self { policy: Cache::new(policy), fair: FairShare::default() }
    }

    /// The policy in force now.
    pub fn policy(&mut self) -> &SourcePolicy {
        self.policy.load()
    }

    /// Takes note that the store had taken `taken` messages up to `now`: what is shared in an overload.
    pub fn note_pace(&mut self, now: Timestamp, taken: u64) {
        self.fair.note_pace(now, taken);
    }

    /// Why a message of `source` that came to `listener` at `now` is not to be taken, if so. `is_pressed`: the store
    /// does not keep up.
    pub fn refuses(
        &mut self,
        source: IpAddr,
        listener: u8,
        now: Timestamp,
        is_pressed: bool,
    ) -> Option<DropReason> {
        let policy = self.policy.load();
        let rules = policy.listeners.get(listener)?;
        if !rules.is_checked_when_accepted
            && let Some(reason) = policy.refuses_source(listener, source)
        {
            return Some(reason);
        }
        let limiter = policy.limiter.as_ref().filter(|_| rules.is_limited);
        let is_pressed = is_pressed && policy.fair_share;
        if (limiter.is_none() && !is_pressed) || rules.relays.contains(source) {
            return None;
        }
        if limiter.is_some_and(|limiter| !limiter.admits(source, now)) {
            return Some(DropReason::RateLimited);
        }
        (is_pressed && !self.fair.admits(source, now)).then_some(DropReason::OverFairShare)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::shard::rate_limit::RateSettings;

    #[test]
    fn lists_limit_and_trust() {
        let settings = RateSettings { messages_per_second: 1, burst_messages: 1, summary_micros: 1_000_000 };
        let closed = ListenerSources {
            allowed: Some(IpRanges::parse(["10.0.0.0/8"]).unwrap()),
            is_limited: true,
            relays: IpRanges::parse(["10.0.0.9"]).unwrap(),
            is_checked_when_accepted: false,
        };
        let mut admission = Admission::new(Arc::new(ArcSwap::from_pointee(SourcePolicy {
            denied: IpRanges::parse(["10.0.0.66"]).unwrap(),
            listeners: [(0, closed), (1, ListenerSources::default())].into_iter().collect(),
            snmp: SnmpPolicy::default(),
            limiter: Some(Arc::new(RateLimiter::new(settings))),
            fair_share: true,
        })));
        let (device, relay, stranger) = ([10, 0, 0, 1].into(), [10, 0, 0, 9].into(), [192, 0, 2, 1].into());
        let now = Timestamp(1_000_000);
        assert_eq!(admission.refuses(stranger, 0, now, false), Some(DropReason::SourceNotAllowed));
        let denied = [10, 0, 0, 66].into();
        for listener in [0, 1] {
            assert_eq!(admission.refuses(denied, listener, now, false), Some(DropReason::SourceDenied));
        }
        assert_eq!(admission.refuses(device, 0, now, false), None);
        assert_eq!(admission.refuses(device, 0, now, false), Some(DropReason::RateLimited));
        assert_eq!(
            admission.refuses(device, 1, now, false),
            None,
            "another listener is open and without limit"
        );
        for _ in 0..100 {
            assert_eq!(admission.refuses(relay, 0, now, true), None);
        }
        for n in 1..=100 {
            admission.refuses([10, 1, 0, n].into(), 1, now, true);
        }
        let cut =
            (0..100).filter(|_| admission.refuses(stranger, 1, now, true) == Some(DropReason::OverFairShare));
        assert!(cut.count() > 50);
    }
}
