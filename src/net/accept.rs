//! Limits on the connections of a TCP listener.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::base::counter::Counter;

/// What happened to connections, over the life of a listener.
#[derive(Debug, Default)]
pub struct ConnectionCounters {
    /// Connections accepted.
    pub accepted: Counter,
    /// Connections closed at once because the limit was reached.
    pub refused: Counter,
    /// Connections cut off because nothing came, or a started frame did not end, in time.
    pub timed_out: Counter,
    /// Connections closed because the peer broke the framing beyond repair.
    pub broken: Counter,
}

/// Admits at most a fixed number of connections at a time.
#[derive(Debug, Clone)]
pub struct Admission {
    open: Arc<AtomicUsize>,
    connections_max: usize,
}

/// A place among the admitted connections; given back when dropped.
#[derive(Debug)]
pub struct Place(Arc<AtomicUsize>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Admission {
    /// An admission of at most `connections_max` connections at a time.
    #[must_use]
    pub fn new(connections_max: usize) -> Self {
        Self { open: Arc::new(AtomicUsize::new(0)), connections_max }
    }

    /// A place, or `None` when all are taken.
    #[must_use]
    pub fn admit(&self) -> Option<Place> {
        let before = self.open.fetch_add(1, Ordering::AcqRel);
        let place = Place(Arc::clone(&self.open));
        (before < self.connections_max).then_some(place)
    }

    /// Connections open now.
    #[must_use]
    pub fn open(&self) -> usize {
        self.open.load(Ordering::Acquire)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_holds_and_places_come_back() {
        let admission = Admission::new(2);
        let first = admission.admit();
        let second = admission.admit();
        assert!(first.is_some() && second.is_some());
        assert!(admission.admit().is_none());
        assert_eq!(admission.open(), 2);
        drop(first);
        assert!(admission.admit().is_some());
    }
}
