//! Rules on their way into a set: what of each is searched, and what is tested.

use std::collections::HashMap;

use regex_automata::meta;

/// What finding a literal means for a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Target {
    /// Index of the rule.
    pub(super) rule: u32,
    /// Whether the literal alone makes the rule's pattern match; otherwise the rule's own test decides.
    pub(super) decides: bool,
}

/// The test that the text must pass for a candidate rule.
#[derive(Debug)]
pub(super) enum Test {
    /// Every text passes: the rule has no pattern.
    Any,
    /// None passes: only a literal can make the pattern match.
    Literal,
    /// The text is this, letter case of ASCII aside.
    Whole(Box<[u8]>),
    /// The regex of this index is found.
    Regex(usize),
}

/// The parts of all rules.
#[derive(Debug, Default)]
pub(super) struct Parts {
    /// Per rule.
    pub(super) tests: Vec<Test>,
    pub(super) regexes: Vec<meta::Regex>,
    /// Rules that no literal can rule out, ascending.
    pub(super) always: Vec<u32>,
    /// Literals in lower case, and what each means.
    pub(super) literals: HashMap<Vec<u8>, Vec<Target>>,
}

impl Parts {
    /// Notes that `literal`, in lower case, tells something about a rule.
    pub(super) fn aim(&mut self, literal: Vec<u8>, target: Target) {
        let targets = self.literals.entry(literal).or_default();
        if targets.last() != Some(&target) {
            targets.push(target);
        }
    }

    /// Adds a regex, whose test it returns.
    pub(super) fn add_regex(&mut self, regex: meta::Regex) -> Test {
        self.regexes.push(regex);
        Test::Regex(self.regexes.len() - 1)
    }
}
