//! Floor 3: the operator's alert rules, and which of them a message's text falls under.
//!
//! [`RuleSet::compile`] turns the rules into one immutable set that all shards share behind an `Arc`; each shard
//! owns a [`Scratch`] and asks [`RuleSet::first_match`] once per message. Rules stand in file order and the first
//! that matches wins.
//!
//! A text is read once, by one Aho-Corasick pass over the literals that the rules cannot match without. Only the
//! rules whose literal was found run their own regex. The law of that stage: it may name a rule that does not
//! match, it never misses one that does.
//!
//! Letter case never matters. Keywords and exact texts of ASCII fold ASCII letters only; those that hold other
//! letters follow Unicode simple case folding. A regex of ASCII characters is matched octet by octet, with ASCII
//! meanings of `\w`, `\d`, `\s` and `\b`; a regex that holds another character or a `\p{..}` is matched with the
//! Unicode meanings. Neither kind minds octets that are not UTF-8. `^` and `$` are the ends of the text.
//!
//! Invariant: matching never blocks and, once a shard has met each rule, never allocates; it knows no file, no
//! clock and no message beyond its text.

mod compile;
mod literal;
mod rule;
mod set;

pub use compile::{CompileError, KEYWORDS_MAX, REGEX_OCTETS_MAX, RULES_MAX, RuleProblem};
pub use rule::{Action, Pattern, Rule, RuleIndex};
pub use set::{RuleSet, Scratch};

#[cfg(test)]
mod tests;
