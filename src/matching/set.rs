//! The compiled rules, and the search.
//!
//! Invariant: the set never changes after it was compiled. All that a search writes is in the caller's [`Scratch`].

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use aho_corasick::automaton::OverlappingState;
use aho_corasick::{AhoCorasick, AhoCorasickKind, Input, MatchKind, packed};
use regex_automata::meta;

use crate::matching::compile::{self, CompileError};
use crate::matching::levels::Levels;
use crate::matching::parts::{Target, Test};
use crate::matching::rule::{Action, Rule, RuleIndex};
use crate::model::subject::Subject;

/// Octets of all literals up to which the automaton is a table with a row per state (at most 256 octets per octet
/// of literal for the usual alphabet); beyond that the compact form saves memory for some speed.
const TABLE_LITERAL_OCTETS_MAX: usize = 32 * 1024;

/// Literals up to which the gate is built: beyond it, a vector search tells too little to be worth its pass.
const GATE_LITERALS_MAX: usize = 64;

/// Immutable rules, compiled; shared by all shards.
pub struct RuleSet {
    /// Tells a scratch that was made for another set apart.
    identity: u64,
    rules: Vec<Rule>,
    /// Per rule.
    tests: Vec<Test>,
    /// Per rule: whether it has conditions.
    conditional: Vec<bool>,
    regexes: Vec<meta::Regex>,
    /// Rules that no literal can rule out.
    always: ByLevel,
    /// Finds every literal at every place; `None` when there is none.
    literals: Option<AhoCorasick>,
    /// Finds out, ten times as fast as the automaton, that a text in lower case holds no literal at all, as most
    /// texts; `None` for many literals, very short ones, or on a processor without the instructions.
    gate: Option<packed::Searcher>,
    /// Per literal, ascending by rule.
    targets: Vec<Vec<Target>>,
}

/// Rules in ascending order, by the level that a message must have.
#[derive(Debug)]
struct ByLevel {
    /// All of them.
    all: Vec<u32>,
    /// Per slot of [`Levels`], as far as there is any use: behind a rule that every message of the slot falls under, no other is
    /// tried. A single list for all slots when no rule asks for levels.
    lists: Vec<Vec<u32>>,
}

impl ByLevel {
    /// Lists `all`, which are rules among `rules` with the tests `tests`.
    fn new(all: Vec<u32>, rules: &[Rule], tests: &[Test]) -> Self {
        let levels_of = |rule: &u32| {
            let conditions = rules.get(*rule as usize).map_or(&[][..], |rule| &rule.conditions);
            let levels =
                conditions.iter().filter_map(|condition| condition.levels()).fold(Levels::ALL, Levels::and);
            let is_nothing_else = conditions.iter().all(|condition| condition.levels().is_some());
            (levels, is_nothing_else && matches!(tests.get(*rule as usize), Some(Test::Any)))
        };
        let list = |slot: usize| {
            let mut list = Vec::new();
            for rule in &all {
                let (levels, is_certain) = levels_of(rule);
                if levels.has_slot(slot) {
                    list.push(*rule);
                    if is_certain {
                        break;
                    }
                }
            }
            list
        };
        let is_by_level = all.iter().any(|rule| levels_of(rule).0 != Levels::ALL);
        let slots = if is_by_level { Levels::SLOTS } else { 1 };
        let lists = (0..slots).map(list).collect();
        Self { all, lists }
    }

    /// The rules to be tried with `subject`.
    fn of<S: Subject + ?Sized>(&self, subject: &S) -> &[u32] {
        match self.lists.as_slice() {
            [list] => list,
            _ => self.of_level(subject.level()),
        }
    }

    /// The rules to be tried with messages of this level.
    fn of_level(&self, level: Option<u8>) -> &[u32] {
        let list = self.lists.get(Levels::slot(level)).or_else(|| self.lists.first());
        list.map_or(&[], Vec::as_slice)
    }
}

/// What a search writes: one per shard, used for one message after the other.
///
/// It fits itself to the set it is used with, so that it survives a reload of the rules. The cache of a regex is
/// made when the shard first meets a text that needs it.
#[derive(Default)]
pub struct Scratch {
    identity: u64,
    /// One bit per rule: already a candidate for this text.
    marked: Vec<u64>,
    /// One bit per rule: a literal was found that makes its pattern match.
    decided: Vec<u64>,
    /// Rules whose own test is due; never more than there are rules.
    candidates: Vec<u32>,
    /// Per regex.
    caches: Vec<Option<Box<meta::Cache>>>,
    /// The text in lower case.
    folded: Vec<u8>,
}

impl RuleSet {
    /// Compiles `rules`, which stand in order of precedence.
    ///
    /// # Errors
    ///
    /// Every rule that cannot be compiled, with its id, line and reason; the operator is to blame.
    pub fn compile(rules: Vec<Rule>) -> Result<Self, CompileError> {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let parts = compile::compile(&rules)?;
        let mut by_literal: Vec<(Vec<u8>, Vec<Target>)> = parts.literals.into_iter().collect();
        by_literal.sort_unstable();
        let (literals, targets): (Vec<_>, Vec<_>) = by_literal.into_iter().unzip();
        Ok(Self {
            identity: NEXT.fetch_add(1, Ordering::Relaxed),
            always: ByLevel::new(parts.always, &rules, &parts.tests),
            conditional: rules.iter().map(|rule| !rule.conditions.is_empty()).collect(),
            rules,
            tests: parts.tests,
            regexes: parts.regexes,
            literals: automaton(&literals)?,
            gate: gate(&literals),
            targets,
        })
    }

    /// The same rules, of which none discards: for messages that are in the store already.
    #[must_use]
    pub fn keeping_all(mut self) -> Self {
        for rule in &mut self.rules {
            if rule.action == Action::Discard {
                rule.action = Action::Store;
            }
        }
        self
    }

    /// Whether no rule is in force.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// Number of rules in force.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rules.len()
    }

    /// The rule of `index`; `None` for an index from another set.
    #[must_use]
    pub fn rule(&self, index: RuleIndex) -> Option<&Rule> {
        self.rules.get(usize::try_from(index.0).ok()?)
    }

    /// The rules in order of precedence.
    pub fn iter(&self) -> impl Iterator<Item = (RuleIndex, &Rule)> {
        (0..).map(RuleIndex).zip(&self.rules)
    }

    /// Ids of the rules whose pattern every message is tried against, or every message of the rule's levels, because no
    /// literal rules them out; each costs a regex search per message.
    #[must_use]
    pub fn without_literal(&self) -> Vec<&str> {
        self.always
            .all
            .iter()
            .filter_map(|rule| self.rule(RuleIndex(*rule)))
            .filter(|rule| rule.pattern.is_some())
            .map(|rule| rule.id.as_str())
            .collect()
    }

    /// The rules that no literal rules out and that are tried with messages of this level, as far as none before them is
    /// certain to match.
    #[cfg(test)]
    pub(super) fn tried_with(&self, level: Option<u8>) -> &[u32] {
        self.always.of_level(level)
    }

    /// The first rule in file order that `subject` falls under.
    ///
    /// Time is proportional to the text's length, times the number of rules whose literals it holds or that have
    /// none; no text can make a regex take more than that. The conditions of a rule are tested at most once.
    pub fn first_match<S: Subject + ?Sized>(&self, subject: &S, scratch: &mut Scratch) -> Option<RuleIndex> {
        if self.rules.is_empty() {
            return None;
        }
        scratch.fit(self);
        let text = subject.text();
        let mut best = self.search_literals(text, scratch);
        scratch.candidates.sort_unstable();
        let Scratch { candidates, decided, caches, .. } = scratch;
        let always = self.always.of(subject);
        let (mut found, mut always) = (candidates.iter().peekable(), always.iter().peekable());
        loop {
            let rule = match (found.peek(), always.peek()) {
                (Some(one), Some(other)) if other < one => always.next(),
                (None, Some(_)) => always.next(),
                _ => found.next(),
            };
            let Some(&rule) = rule.filter(|rule| **rule < best) else { break };
            if self.conditions_hold(rule, subject)
                && (is_set(decided, rule) || self.passes(rule, text, caches))
            {
                best = rule;
                break;
            }
        }
        scratch.clear();
        (best != u32::MAX).then_some(RuleIndex(best))
    }

    /// Collects the candidates below the lowest rule without conditions that a literal alone decides, and returns that
    /// rule; [`u32::MAX`] when there is none.
    fn search_literals(&self, text: &[u8], scratch: &mut Scratch) -> u32 {
        let mut best = u32::MAX;
        let Some(literals) = &self.literals else { return best };
        if let Some(gate) = &self.gate {
            scratch.folded.clear();
            scratch.folded.extend_from_slice(text);
            scratch.folded.make_ascii_lowercase();
            if gate.find(&scratch.folded).is_none() {
                return best;
            }
        }
        let mut state = OverlappingState::start();
        let input = Input::new(text);
        // The automaton was built for overlapping searches, so this does not fail; if it did, no literal is found.
        while literals.try_find_overlapping(input.clone(), &mut state).is_ok() {
            let Some(hit) = state.get_match() else { break };
            let targets = self.targets.get(hit.pattern().as_usize()).map_or(&[][..], Vec::as_slice);
            for target in targets {
                if target.rule >= best {
                    break;
                }
                if !target.decides {
                    scratch.mark(target.rule);
                } else if self.has_conditions(target.rule) {
                    scratch.mark(target.rule);
                    scratch.decide(target.rule);
                } else {
                    best = target.rule;
                }
            }
            if best == 0 {
                break;
            }
        }
        best
    }

    /// Whether the rule asks for more than a pattern.
    fn has_conditions(&self, rule: u32) -> bool {
        self.conditional.get(rule as usize).copied().unwrap_or(false)
    }

    /// Whether all conditions of the rule hold for `subject`.
    fn conditions_hold<S: Subject + ?Sized>(&self, rule: u32, subject: &S) -> bool {
        if !self.has_conditions(rule) {
            return true;
        }
        let conditions = self.rules.get(rule as usize).map_or(&[][..], |rule| &rule.conditions);
        conditions.iter().all(|condition| condition.holds(subject))
    }

    /// Whether `text` passes the rule's own test.
    fn passes(&self, rule: u32, text: &[u8], caches: &mut [Option<Box<meta::Cache>>]) -> bool {
        match self.tests.get(rule as usize) {
            Some(Test::Whole(whole)) => text.eq_ignore_ascii_case(whole),
            Some(Test::Regex(index)) => {
                let (Some(regex), Some(cache)) = (self.regexes.get(*index), caches.get_mut(*index)) else {
                    return false;
                };
                let cache = cache.get_or_insert_with(|| Box::new(regex.create_cache()));
                let input = regex_automata::Input::new(text).earliest(true);
                regex.search_half_with(cache, &input).is_some()
            }
            Some(Test::Any) => true,
            Some(Test::Literal) | None => false,
        }
    }
}

/// Whether the bit of `rule` is set.
fn is_set(words: &[u64], rule: u32) -> bool {
    words.get(rule as usize / 64).is_some_and(|word| word >> (rule % 64) & 1 == 1)
}

/// A vector search for any of `literals`, which the automaton folds in the same way: ASCII letters only.
fn gate(literals: &[Vec<u8>]) -> Option<packed::Searcher> {
    if literals.is_empty() || literals.len() > GATE_LITERALS_MAX {
        return None;
    }
    let mut builder = packed::Config::new().match_kind(packed::MatchKind::LeftmostFirst).builder();
    for literal in literals {
        builder.add(literal.to_ascii_lowercase());
    }
    builder.build()
}

impl fmt::Debug for RuleSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RuleSet")
            .field("rules", &self.rules.len())
            .field("literals", &self.targets.len())
            .field("regexes", &self.regexes.len())
            .field("without_literal", &self.always.all.len())
            .finish()
    }
}

impl Scratch {
    /// A scratch for any set.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes room for `set`, once per set.
    fn fit(&mut self, set: &RuleSet) {
        if self.identity == set.identity {
            return;
        }
        let rules = set.rules.len();
        *self = Self {
            identity: set.identity,
            marked: vec![0; rules.div_ceil(64)],
            decided: vec![0; rules.div_ceil(64)],
            candidates: Vec::with_capacity(rules),
            caches: set.regexes.iter().map(|_| None).collect(),
            folded: std::mem::take(&mut self.folded),
        };
    }

    fn mark(&mut self, rule: u32) {
        let Some(word) = self.marked.get_mut(rule as usize / 64) else { return };
        let bit = 1_u64 << (rule % 64);
        if *word & bit == 0 {
            *word |= bit;
            self.candidates.push(rule);
        }
    }

    /// Notes that the pattern of a candidate matches.
    fn decide(&mut self, rule: u32) {
        if let Some(word) = self.decided.get_mut(rule as usize / 64) {
            *word |= 1_u64 << (rule % 64);
        }
    }

    fn clear(&mut self) {
        for rule in self.candidates.drain(..) {
            for words in [&mut self.marked, &mut self.decided] {
                if let Some(word) = words.get_mut(rule as usize / 64) {
                    *word = 0;
                }
            }
        }
    }
}

impl fmt::Debug for Scratch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let made = self.caches.iter().filter(|cache| cache.is_some()).count();
        f.debug_struct("Scratch").field("rules", &self.candidates.capacity()).field("caches", &made).finish()
    }
}

fn automaton(literals: &[Vec<u8>]) -> Result<Option<AhoCorasick>, CompileError> {
    if literals.is_empty() {
        return Ok(None);
    }
    let octets = literals.iter().map(Vec::len).sum::<usize>();
    let kind = (octets <= TABLE_LITERAL_OCTETS_MAX).then_some(AhoCorasickKind::DFA);
    AhoCorasick::builder()
        .match_kind(MatchKind::Standard)
        .ascii_case_insensitive(true)
        .kind(kind)
        .build(literals)
        .map(Some)
        .map_err(|error| CompileError::whole_set(format!("the literals of all rules together: {error}")))
}
