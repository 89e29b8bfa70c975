//! Floor 3: the operator's alert rules, and which of them a message falls under.
//!
//! [`RuleSet::compile`] turns the rules into one immutable set that all shards share behind an `Arc`; each shard
//! owns a [`Scratch`] and asks [`RuleSet::first_match`] once per message. Rules stand in file order and the first
//! that matches wins. A rule matches when its pattern, if it has one, matches the text, and all its conditions hold for the
//! [`Subject`](crate::model::subject::Subject).
//!
//! A text is read once, by one Aho-Corasick pass over the literals that the rules cannot match without. Only the
//! rules whose literal was found test their conditions and run their own regex. The law of that stage: it may name a rule
//! that does not match, it never misses one that does. Rules that no literal can rule out are listed by level, so that
//! those with a `level` are tried with messages of that level alone; of those with nothing but a `level`, each message
//! meets one.
//!
//! Letter case never matters. Keywords and exact texts of ASCII fold ASCII letters only; those that hold other
//! letters follow Unicode simple case folding. A regex of ASCII characters is matched octet by octet, with ASCII
//! meanings of `\w`, `\d`, `\s` and `\b`; a regex that holds another character or a `\p{..}` is matched with the
//! Unicode meanings. Neither kind minds octets that are not UTF-8. `^` and `$` are the ends of the text.
//!
//! Invariant: matching never blocks and, once a shard has met each rule, never allocates; it knows no file and no clock.

mod compile;
pub mod conditions;
mod levels;
mod literal;
mod parts;
pub mod patterns;
mod rule;
mod set;

pub use compile::{CompileError, RULES_MAX, RuleProblem};
pub use conditions::RuleCondition;
pub use levels::Levels;
pub use patterns::{KEYWORDS_MAX, Pattern, REGEX_OCTETS_MAX};
pub use rule::{Action, Rule, RuleIndex};
pub use set::{RuleSet, Scratch};

#[cfg(test)]
mod tests;
