//! Who was refused, for the store to list: by source and reason, not message by message.

use std::net::IpAddr;

use crate::base::clock::Timestamp;

/// Sources listed in one batch; of more, only sums are told. Addresses are free for anybody to invent.
pub const REFUSED_LISTED_MAX: usize = 64;
/// Reasons that there may be: so many sums.
pub const REFUSED_REASONS_MAX: usize = 24;

/// Messages of one source that were refused for one reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefusedSource {
    /// Where they came from; `None` for all that there was no room for.
    pub source: Option<IpAddr>,
    /// Why.
    pub reason: &'static str,
    /// How many.
    pub count: u64,
    /// When the first came.
    pub first: Timestamp,
    /// When the last came.
    pub last: Timestamp,
}

/// Adds a message of `source` to `list`, which stays bounded: beyond [`REFUSED_LISTED_MAX`] sources a message counts for
/// the sum of its reason, beyond [`REFUSED_REASONS_MAX`] sums for none.
pub fn note_refused(list: &mut Vec<RefusedSource>, source: IpAddr, reason: &'static str, at: Timestamp) {
    // A flood comes from few sources, and the one that came last comes again.
    let mut place = list.iter_mut().rev();
    if let Some(same) = place.find(|known| known.source == Some(source) && known.reason == reason) {
        same.add(1, at, at);
        return;
    }
    let mut fresh = RefusedSource { source: Some(source), reason, count: 1, first: at, last: at };
    if list.len() >= REFUSED_LISTED_MAX {
        let mut sums = list.iter_mut().filter(|known| known.source.is_none());
        if let Some(sum) = sums.find(|sum| sum.reason == reason) {
            sum.add(1, at, at);
            return;
        }
        if list.len() >= REFUSED_LISTED_MAX + REFUSED_REASONS_MAX {
            return;
        }
        fresh.source = None;
    }
    list.push(fresh);
}

impl RefusedSource {
    /// Adds `count` messages that came from `first` to `last`.
    pub fn add(&mut self, count: u64, first: Timestamp, last: Timestamp) {
        self.count += count;
        self.first = self.first.min(first);
        self.last = self.last.max(last);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_sources_is_summed_up() {
        let mut list = Vec::new();
        for number in 0..10_000u32 {
            let reason = if number % 2 == 0 { "a" } else { "b" };
            let source = IpAddr::from(number.to_be_bytes());
            note_refused(&mut list, source, reason, Timestamp(i64::from(number)));
        }
        assert_eq!(list.len(), REFUSED_LISTED_MAX + 2);
        assert_eq!(list.iter().map(|refused| refused.count).sum::<u64>(), 10_000);
        note_refused(&mut list, IpAddr::from([0, 0, 0, 2]), "a", Timestamp(20_000));
        let again = list.iter().find(|refused| refused.source == Some(IpAddr::from([0, 0, 0, 2])));
        let expected = RefusedSource {
            source: Some(IpAddr::from([0, 0, 0, 2])),
            reason: "a",
            count: 2,
            first: Timestamp(2),
            last: Timestamp(20_000),
        };
        assert_eq!(again, Some(&expected));
    }
}
