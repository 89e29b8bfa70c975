//! What all shards share of USM.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwap;

use crate::base::clock::Stopwatch;
use crate::base::counter::Counter;
use crate::base::metric::Metric;
use crate::security::engine::{EngineId, LocalEngine};
use crate::security::error::UsmStats;
use crate::security::replays::{REPLAYS_OCTETS, Replays};
use crate::security::senders::{SENDERS_OCTETS_MAX, Senders};
use crate::security::users::Users;

/// Octets that the tables which all shards share take at most.
pub const SHARED_OCTETS_MAX: usize = SENDERS_OCTETS_MAX + REPLAYS_OCTETS;

/// Where all shards look for the users in force.
pub type UsersInForce = Arc<ArcSwap<Users>>;

/// USM of this receiver: who we are, whom we know, what we heard.
#[derive(Debug)]
pub struct Usm {
    /// Ourselves; `None` when we are no engine, and so nobody can address us.
    pub engine: Option<LocalEngine>,
    /// The users in force.
    pub users: UsersInForce,
    /// What was refused, and why.
    pub stats: UsmStats,
    /// Reports made.
    pub reports: Counter,
    /// Reports not made, because their receiver had too many.
    pub reports_suppressed: Counter,
    /// Clocks of engines that send traps.
    pub(super) senders: Senders,
    /// Messages of late.
    pub(super) replays: Replays,
    /// Our clock for both.
    since: Stopwatch,
    /// Whether a message must be timely and new; not so when it is judged long after it came.
    pub(super) checks_freshness: bool,
    /// The next salt: none comes twice in the life of an engine, whose boots and time are in the vector besides.
    salt: AtomicU64,
}

impl Usm {
    /// USM of `engine` with `users`.
    #[must_use]
    pub fn new(engine: Option<LocalEngine>, users: Users) -> Self {
        Self {
            engine,
            users: Arc::new(ArcSwap::from_pointee(users)),
            stats: UsmStats::default(),
            reports: Counter::default(),
            reports_suppressed: Counter::default(),
            senders: Senders::default(),
            replays: Replays::default(),
            since: Stopwatch::start(),
            checks_freshness: true,
            salt: AtomicU64::new(RandomState::new().hash_one(0)),
        }
    }

    /// USM for messages that came long ago: the MAC is checked, and the time is not, since RFC 3414 3.2 (7) is about
    /// the time of receipt. `engine` is ourselves as those messages address us. Whoever asks must see to replays.
    #[must_use]
    pub fn afterwards(engine: Option<EngineId>, users: Users) -> Self {
        let engine = engine.map(|id| LocalEngine::new(id, 0));
        Self { checks_freshness: false, ..Self::new(engine, users) }
    }

    /// The metrics of SNMPv3.
    pub fn describe(&self) -> impl Iterator<Item = Metric<'_>> {
        let prepared = "Report-PDUs prepared for senders of SNMPv3 messages that were refused";
        let suppressed = "Report-PDUs not sent, because their receiver was sent too many";
        [
            Metric::counter("mutt_snmpv3_reports", prepared, self.reports.get()),
            Metric::counter("mutt_snmpv3_reports_suppressed", suppressed, self.reports_suppressed.get()),
        ]
        .into_iter()
    }

    /// A salt that was not used before (RFC 3414 8.1.1.1, RFC 3826 3.1.2.1).
    pub(super) fn next_salt(&self) -> u64 {
        self.salt.fetch_add(1, Ordering::Relaxed)
    }

    /// Takes over what an earlier life of ours knew of the clock of an engine that sends traps.
    pub fn remember(&self, engine: &EngineId, boots: i32, time: i32) {
        self.senders.remember(engine, boots, time, self.now());
    }

    /// Forgets the clock of an engine that sends traps, which lost its count of boots: what it shows next is believed.
    /// Returns whether the clock was known.
    pub fn forget(&self, engine: &EngineId) -> bool {
        self.senders.forget(engine)
    }

    /// Seconds since the start, on a clock that never steps.
    pub(super) fn now(&self) -> u64 {
        self.since.elapsed().as_secs()
    }
}

impl Default for Usm {
    /// No engine, no user: every message is of an unknown user.
    fn default() -> Self {
        Self::new(None, Users::default())
    }
}
