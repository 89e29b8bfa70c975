//! The rules in force, replaced as a whole while shards keep matching.

use std::sync::Arc;

use arc_swap::ArcSwap;

use crate::matching::RuleSet;
use crate::model::batch::RuleLabel;

/// A compiled rule set with the labels that the store keeps of it.
#[derive(Debug)]
pub struct ActiveRules {
    /// The rules.
    pub set: RuleSet,
    /// Label of each rule, by its index.
    pub labels: Arc<[RuleLabel]>,
}

impl ActiveRules {
    /// The rules of `set`, ready to be put in force.
    #[must_use]
    pub fn new(set: RuleSet) -> Self {
        let label = |(_, rule): (_, &crate::matching::Rule)| RuleLabel {
            id: rule.id.clone(),
            name: rule.name.clone(),
            severity: rule.severity.clone(),
        };
        let labels = set.iter().map(label).collect();
        Self { set, labels }
    }
}

/// Where all shards look for the rules in force; a batch is matched with one set from its first event to its last.
pub type RulesInForce = Arc<ArcSwap<ActiveRules>>;
