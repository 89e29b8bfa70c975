//! What the connections of one listener have in common.

use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

use crate::base::cidr::IpRanges;
use crate::base::clock::Stopwatch;
use crate::net::accept::{Admission, ConnectionCounters, SourceAdmission};
use crate::net::tls::TlsInForce;
use crate::shard::stream::{Speech, StreamLimits};

/// A listener complains about its peers at most so often.
const COMPLAINT_INTERVAL: Duration = Duration::from_secs(10);

/// What a connection inherits from its listener.
#[derive(Debug)]
pub(super) struct Door {
    pub(super) listener: u8,
    pub(super) port: u16,
    pub(super) speech: Speech,
    pub(super) tls: Option<TlsInForce>,
    pub(super) proxies: IpRanges,
    pub(super) allowed: Option<IpRanges>,
    pub(super) limits: StreamLimits,
    pub(super) counters: Arc<ConnectionCounters>,
    pub(super) admission: Admission,
    pub(super) sources: SourceAdmission,
    pub(super) complaints: Complaints,
    /// A flood of one kind must not hide the other.
    pub(super) tls_complaints: Complaints,
}

/// Keeps peers from filling our log.
#[derive(Debug, Default)]
pub(super) struct Complaints {
    last: Cell<Option<Stopwatch>>,
    held_back: Cell<u64>,
}

impl Complaints {
    /// Whether to complain now; if so, how many complaints were held back before.
    pub(super) fn due(&self) -> Option<u64> {
        if self.last.get().is_some_and(|last| last.elapsed() < COMPLAINT_INTERVAL) {
            self.held_back.set(self.held_back.get() + 1);
            return None;
        }
        self.last.set(Some(Stopwatch::start()));
        Some(self.held_back.take())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn complaints_are_rare_and_count_those_held_back() {
        let complaints = Complaints::default();
        assert_eq!(complaints.due(), Some(0));
        assert_eq!((complaints.due(), complaints.due()), (None, None));
        complaints.last.set(None);
        assert_eq!(complaints.due(), Some(2));
    }
}
