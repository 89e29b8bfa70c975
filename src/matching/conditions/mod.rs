//! The conditions that a rule may have beside its pattern, or in place of one: a file and a line in the table each.
//!
//! # A new condition
//!
//! 1. `conditions/<name>.rs`: a type that implements [`Condition`] - key, what it means, what is allowed, how it is read
//!    from the texts of the rules file, and the test on a [`Subject`] - and its tests.
//! 2. Its `mod` and its line in the table below.
//!
//! Nothing else: the rules file takes the keys of the table, and errors tell what the type says is allowed. A condition
//! that is nothing but a set of levels says so ([`Condition::levels`]), so that rules are found by it without being tried.

mod condition;
mod level;

pub use condition::{Condition, ConditionError};
pub use level::Level;

use crate::matching::levels::Levels;
use crate::model::subject::Subject;

/// Declares the conditions that there are: the variants of [`RuleCondition`], each of which has the key that its type names.
macro_rules! conditions {
    ($($(#[$doc:meta])* $variant:ident,)+) => {
        /// A condition of a rule.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum RuleCondition { $($(#[$doc])* $variant($variant),)+ }

        /// Every condition that a rule may have.
        pub const TYPES: &[ConditionType] = &[$(ConditionType {
            key: $variant::KEY,
            meaning: $variant::MEANING,
            allowed: $variant::ALLOWED,
            parse: |texts| $variant::parse(texts).map(RuleCondition::$variant),
        },)+];

        impl RuleCondition {
            /// Whether the condition holds for `subject`.
            pub fn holds<S: Subject + ?Sized>(&self, subject: &S) -> bool {
                match self { $(Self::$variant(condition) => condition.holds(subject),)+ }
            }

            /// See [`Condition::levels`].
            pub(super) fn levels(&self) -> Option<Levels> {
                match self { $(Self::$variant(condition) => condition.levels(),)+ }
            }
        }
    };
}

// The table. Cheap ones first: a rule's conditions are tested in this order.
conditions! {
    /// `level`: syslog severities.
    Level,
}

/// What there is to know of a condition before it has a value.
#[derive(Debug, Clone, Copy)]
pub struct ConditionType {
    /// Its key in a rule.
    pub key: &'static str,
    /// What it asks of a message, one line.
    pub meaning: &'static str,
    /// What may be written behind the key.
    pub allowed: &'static str,
    /// Reads what was written: the elements of a list, of which one must hold, or a single one.
    pub parse: fn(&[&str]) -> Result<RuleCondition, ConditionError>,
}

/// The keys of all conditions, in the order of [`TYPES`].
pub const KEYS: [&str; TYPES.len()] = {
    let mut keys = [""; TYPES.len()];
    let mut at = 0;
    while at < TYPES.len() {
        keys[at] = TYPES[at].key;
        at += 1;
    }
    keys
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_condition_says_what_it_is() {
        for (place, condition) in TYPES.iter().enumerate() {
            assert!(condition.key.bytes().all(|octet| octet.is_ascii_lowercase() || octet == b'_'));
            assert!(!condition.meaning.is_empty() && !condition.allowed.is_empty(), "{}", condition.key);
            assert!(TYPES.iter().skip(place + 1).all(|other| other.key != condition.key));
            assert!((condition.parse)(&[""]).is_err(), "{}: nothing is no value", condition.key);
        }
        assert_eq!(KEYS.len(), TYPES.len());
    }
}
