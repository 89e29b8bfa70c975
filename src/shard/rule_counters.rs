//! How often each rule matched, counted by each shard on its own.
//!
//! The shard counts into an array that belongs to the rules it matches with, by two stores that nobody waits for. When
//! other rules come into force it begins a new array, into which the counts of those rules go over whose id is there
//! again. Readers sum the arrays of all shards by id.
//!
//! Invariant: memory is bounded by the number of rules; nothing is allocated or locked for a message.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::base::clock::Timestamp;
use crate::base::metric::Metric;
use crate::matching::RuleIndex;
use crate::shard::rules::ActiveRules;

/// Time of the last match of a rule that never matched.
const NEVER: i64 = i64::MIN;

/// What a rule matched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RuleMatches {
    /// Messages that it decided the fate of.
    pub matches: u64,
    /// When the last of them was received.
    pub last_match: Option<Timestamp>,
}

impl RuleMatches {
    /// Adds what another shard counted.
    pub fn add(&mut self, other: Self) {
        self.matches += other.matches;
        self.last_match = self.last_match.max(other.last_match);
    }
}

/// The counters of one rule. One writer.
#[derive(Debug)]
struct RuleCounter {
    matches: AtomicU64,
    last_match_micros: AtomicI64,
}

impl RuleCounter {
    fn of(counted: RuleMatches) -> Self {
        Self {
            matches: AtomicU64::new(counted.matches),
            last_match_micros: AtomicI64::new(counted.last_match.map_or(NEVER, |at| at.0)),
        }
    }

    fn read(&self) -> RuleMatches {
        let last = self.last_match_micros.load(Ordering::Relaxed);
        RuleMatches {
            matches: self.matches.load(Ordering::Relaxed),
            last_match: (last != NEVER).then_some(Timestamp(last)),
        }
    }
}

/// The counters of a rule set in one shard, by index of the rule.
#[derive(Debug)]
pub struct RuleCounters {
    rules: Arc<ActiveRules>,
    counters: Box<[RuleCounter]>,
}

impl RuleCounters {
    /// Counts a match of the rule at `index` by a message received at `at`. Only the shard that counts may call it.
    pub fn count(&self, index: RuleIndex, at: Timestamp) {
        let Some(counter) = self.counters.get(index.0 as usize) else { return };
        // This thread alone writes, so no locked instruction is needed.
        counter.matches.store(counter.matches.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
        counter.last_match_micros.store(at.0, Ordering::Relaxed);
    }

    /// Each rule's id with what it matched.
    fn read(&self) -> impl Iterator<Item = (&str, RuleMatches)> {
        let ids = self.rules.set.iter().map(|(_, rule)| rule.id.as_str());
        ids.zip(self.counters.iter().map(RuleCounter::read))
    }
}

/// Where a shard keeps the counters of the rules it matches with, for readers of other threads.
#[derive(Debug, Default)]
pub struct ShardRuleCounters(Mutex<Option<Arc<RuleCounters>>>);

impl ShardRuleCounters {
    /// Counters for `rules`, which the shard matches with from now on. Rules that it had before, by id, go on counting.
    #[must_use]
    pub fn begin(&self, rules: &Arc<ActiveRules>) -> Arc<RuleCounters> {
        let mut current = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before: HashMap<&str, RuleMatches> =
            current.as_ref().map(|before| before.read().collect()).unwrap_or_default();
        let carried = |id: &str| before.get(id).copied().unwrap_or_default();
        let counters = rules.set.iter().map(|(_, rule)| RuleCounter::of(carried(&rule.id))).collect();
        let new = Arc::new(RuleCounters { rules: Arc::clone(rules), counters });
        *current = Some(Arc::clone(&new));
        new
    }

    /// Adds what this shard counted to `sums`, by id of the rule.
    fn add_to(&self, sums: &mut HashMap<&str, RuleMatches>) {
        // Cloned, so that a shard that gets new rules does not wait for a reader.
        let current = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        for (id, counted) in current.iter().flat_map(|counters| counters.read()) {
            if let Some(sum) = sums.get_mut(id) {
                sum.add(counted);
            }
        }
    }
}

/// What each of `rules`, which are in force, matched in all `shards`, in order of precedence.
#[must_use]
pub fn read<'a>(
    rules: &ActiveRules,
    shards: impl Iterator<Item = &'a ShardRuleCounters>,
) -> Vec<RuleMatches> {
    let ids = || rules.set.iter().map(|(_, rule)| rule.id.as_str());
    let mut sums: HashMap<&str, RuleMatches> = ids().map(|id| (id, RuleMatches::default())).collect();
    shards.for_each(|shard| shard.add_to(&mut sums));
    ids().map(|id| sums.get(id).copied().unwrap_or_default()).collect()
}

/// The metrics of `rules`, of which `counted` is what each matched.
pub fn describe<'a>(rules: &'a ActiveRules, counted: &'a [RuleMatches]) -> impl Iterator<Item = Metric<'a>> {
    let help = "Messages whose fate a rule decided";
    rules.set.iter().zip(counted).map(move |((_, rule), counted)| {
        Metric::counter("mutt_rule_matches", help, counted.matches)
            .with("rule", rule.id.as_str())
            .with("action", rule.action.as_str())
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::matching::{Pattern, Rule, RuleSet};

    fn rules(ids: &[&str]) -> Arc<ActiveRules> {
        let rule = |id: &&str| Rule::new(id, Pattern::Keywords(vec![(*id).to_owned()]));
        Arc::new(ActiveRules::new(RuleSet::compile(ids.iter().map(rule).collect()).unwrap()))
    }

    #[test]
    fn counts_of_a_rule_survive_a_reload_as_long_as_its_id_is_there() {
        let (one, other) = (ShardRuleCounters::default(), ShardRuleCounters::default());
        let shards = || [&one, &other].into_iter();
        let first = rules(&["a", "b"]);
        let (by_one, by_other) = (one.begin(&first), other.begin(&first));
        by_one.count(RuleIndex(0), Timestamp(5));
        by_one.count(RuleIndex(1), Timestamp(6));
        by_other.count(RuleIndex(1), Timestamp(4));
        by_other.count(RuleIndex(7), Timestamp(9));
        let counted = |matches, at: Option<i64>| RuleMatches { matches, last_match: at.map(Timestamp) };
        assert_eq!(read(&first, shards()), [counted(1, Some(5)), counted(2, Some(6))]);
        let second = rules(&["b", "c"]);
        let by_one = one.begin(&second);
        by_one.count(RuleIndex(1), Timestamp(8));
        let expected = [counted(2, Some(6)), counted(1, Some(8))];
        assert_eq!(read(&second, shards()), expected, "the other shard has not met the new rules yet");
        let third = rules(&["a"]);
        let _ = (one.begin(&third), other.begin(&third));
        assert_eq!(read(&third, shards()), [counted(0, None)], "it was gone in between");
    }
}
