//! Rules to automata: what a rule becomes, and why one cannot become anything.
//!
//! Invariant: a rule that does not compile is named with its line and its reason, all of them at once; a set is
//! compiled as a whole or not at all.

use std::collections::HashMap;
use std::fmt;

use regex_automata::meta;
use regex_syntax::hir::Hir;

use crate::matching::literal::{self, required_literals};
use crate::matching::rule::{Pattern, Rule};

/// Rules in one set.
pub const RULES_MAX: usize = 100_000;
/// Keywords of one rule.
pub const KEYWORDS_MAX: usize = 10_000;
/// Octets that one compiled regex may take. A pattern of a few hundred characters needs a few KiB; the limit
/// stops counted repetitions such as `(a{1000}){1000}`.
pub const REGEX_OCTETS_MAX: usize = 1024 * 1024;
/// Octets of transition cache that one regex may fill per shard.
const CACHE_OCTETS_MAX: usize = 256 * 1024;
/// How deep a pattern may nest.
const NEST_MAX: u32 = 100;

/// Why a rule set was refused: every rule at fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompileError {
    problems: Vec<RuleProblem>,
}

/// One rule at fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleProblem {
    /// Id of the rule; empty when the fault is the set's as a whole.
    pub id: String,
    /// Line of the rules file on which the rule starts; 0 when unknown.
    pub line: usize,
    /// What is wrong, one line.
    pub reason: String,
}

impl CompileError {
    pub(super) fn whole_set(reason: String) -> Self {
        Self { problems: vec![RuleProblem { id: String::new(), line: 0, reason }] }
    }

    /// The rules at fault, in file order; never empty.
    #[must_use]
    pub fn problems(&self) -> &[RuleProblem] {
        &self.problems
    }
}

impl fmt::Display for CompileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.problems.iter().enumerate() {
            let separator = if index == 0 { "" } else { "\n" };
            if problem.id.is_empty() {
                write!(f, "{separator}{}", problem.reason)?;
            } else {
                write!(f, "{separator}rule \"{}\" (line {}): {}", problem.id, problem.line, problem.reason)?;
            }
        }
        Ok(())
    }
}

impl std::error::Error for CompileError {}

/// What finding a literal means for a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Target {
    /// Index of the rule.
    pub(super) rule: u32,
    /// Whether the literal alone makes the rule match; otherwise the rule's own test decides.
    pub(super) decides: bool,
}

/// The test that a candidate rule has to pass.
#[derive(Debug)]
pub(super) enum Test {
    /// None: only a literal can make the rule match.
    Literal,
    /// The text is this, letter case of ASCII aside.
    Whole(Box<[u8]>),
    /// The regex of this index is found.
    Regex(usize),
}

/// Rules on their way into a set.
#[derive(Debug, Default)]
pub(super) struct Parts {
    pub(super) tests: Vec<Test>,
    pub(super) regexes: Vec<meta::Regex>,
    /// Rules that no literal can rule out, ascending.
    pub(super) always: Vec<u32>,
    /// Literals in lower case, and what each means.
    pub(super) literals: HashMap<Vec<u8>, Vec<Target>>,
}

pub(super) fn compile(rules: &[Rule]) -> Result<Parts, CompileError> {
    if rules.len() > RULES_MAX {
        return Err(CompileError::whole_set(format!("{} rules; allowed: at most {RULES_MAX}", rules.len())));
    }
    let mut parts = Parts::default();
    let mut problems = Vec::new();
    for (rule, index) in rules.iter().zip(0_u32..) {
        if let Err(reason) = parts.add(index, &rule.pattern) {
            problems.push(RuleProblem { id: rule.id.clone(), line: rule.line, reason });
        }
    }
    if problems.is_empty() { Ok(parts) } else { Err(CompileError { problems }) }
}

impl Parts {
    fn add(&mut self, rule: u32, pattern: &Pattern) -> Result<(), String> {
        let test = match pattern {
            Pattern::Regex(pattern) if pattern.is_empty() => return Err("the pattern is empty".to_owned()),
            Pattern::Regex(pattern) => self.regex(rule, pattern)?,
            Pattern::Keywords(keywords) => self.keywords(rule, keywords)?,
            Pattern::Exact(text) if text.is_empty() => return Err("the pattern is empty".to_owned()),
            Pattern::Exact(text) if text.is_ascii() => {
                let folded = text.to_ascii_lowercase().into_bytes();
                let start = folded.get(..literal::LITERAL_OCTETS_MAX).unwrap_or(&folded);
                self.aim(start.to_vec(), Target { rule, decides: false });
                Test::Whole(folded.into_boxed_slice())
            }
            Pattern::Exact(text) => self.regex(rule, &format!(r"\A(?:{})\z", regex_syntax::escape(text)))?,
        };
        self.tests.push(test);
        Ok(())
    }

    fn keywords(&mut self, rule: u32, keywords: &[String]) -> Result<Test, String> {
        if keywords.is_empty() {
            return Err("the list of keywords is empty".to_owned());
        }
        if keywords.len() > KEYWORDS_MAX {
            return Err(format!("{} keywords; allowed: at most {KEYWORDS_MAX}", keywords.len()));
        }
        if keywords.iter().any(String::is_empty) {
            return Err("a keyword is empty".to_owned());
        }
        let mut other = Vec::new();
        for keyword in keywords {
            if keyword.is_ascii() {
                let folded = keyword.to_ascii_lowercase().into_bytes();
                self.aim(folded, Target { rule, decides: true });
            } else {
                other.push(regex_syntax::escape(keyword));
            }
        }
        if other.is_empty() { Ok(Test::Literal) } else { self.regex(rule, &other.join("|")) }
    }

    fn regex(&mut self, rule: u32, pattern: &str) -> Result<Test, String> {
        let hir = parse(pattern)?;
        let regex = build(&hir)?;
        match required_literals(&hir) {
            Some(literals) => {
                for literal in literals {
                    self.aim(literal, Target { rule, decides: false });
                }
            }
            None => self.always.push(rule),
        }
        self.regexes.push(regex);
        Ok(Test::Regex(self.regexes.len() - 1))
    }

    fn aim(&mut self, literal: Vec<u8>, target: Target) {
        let targets = self.literals.entry(literal).or_default();
        if targets.last() != Some(&target) {
            targets.push(target);
        }
    }
}

/// Parses a pattern for octets where it can, with the Unicode tables where it must.
fn parse(pattern: &str) -> Result<Hir, String> {
    let parser = |unicode| {
        regex_syntax::ParserBuilder::new()
            .case_insensitive(true)
            .unicode(unicode)
            .utf8(false)
            .nest_limit(NEST_MAX)
            .build()
    };
    if pattern.is_ascii()
        && let Ok(hir) = parser(false).parse(pattern)
    {
        return Ok(hir);
    }
    parser(true).parse(pattern).map_err(|error| match error {
        regex_syntax::Error::Parse(error) => {
            reason(pattern, &error.kind(), error.span().start.offset, hint(error.kind()))
        }
        regex_syntax::Error::Translate(error) => {
            reason(pattern, &error.kind(), error.span().start.offset, "")
        }
        other => one_line(&other.to_string()),
    })
}

fn reason(pattern: &str, kind: &dyn fmt::Display, offset: usize, hint: &str) -> String {
    let position = pattern.get(..offset).map_or(0, |before| before.chars().count()) + 1;
    format!("not a regular expression at character {position}: {}{hint}", one_line(&kind.to_string()))
}

fn hint(kind: &regex_syntax::ast::ErrorKind) -> &'static str {
    match kind {
        regex_syntax::ast::ErrorKind::UnsupportedLookAround
        | regex_syntax::ast::ErrorKind::UnsupportedBackreference => {
            " (the time to match must not depend on what a device sends)"
        }
        _ => "",
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn build(hir: &Hir) -> Result<meta::Regex, String> {
    // A rule only asks whether it matches: the engines that exist for capture groups would be memory for nothing.
    let config = meta::Config::new()
        .utf8_empty(false)
        .nfa_size_limit(Some(REGEX_OCTETS_MAX))
        .hybrid_cache_capacity(CACHE_OCTETS_MAX)
        .onepass(false)
        .backtrack(false)
        .dfa(false);
    meta::Builder::new().configure(config).build_from_hir(hir).map_err(|error| match error.size_limit() {
        Some(limit) => format!("the regular expression takes more than {limit} octets when compiled"),
        None => one_line(&error.to_string()),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::matching::rule::Action;

    fn reason_of(pattern: Pattern) -> String {
        let rule = Rule {
            id: "r".to_owned(),
            name: "n".to_owned(),
            pattern,
            severity: "info".to_owned(),
            action: Action::Store,
            line: 7,
        };
        compile(&[rule]).unwrap_err().to_string()
    }

    #[test]
    fn a_rule_that_does_not_compile_says_why() {
        let regex = |pattern: &str| reason_of(Pattern::Regex(pattern.to_owned()));
        assert_eq!(
            regex("a(b"),
            "rule \"r\" (line 7): not a regular expression at character 2: unclosed group"
        );
        assert_eq!(
            regex("x(?=y)"),
            "rule \"r\" (line 7): not a regular expression at character 2: look-around, including look-ahead and \
             look-behind, is not supported (the time to match must not depend on what a device sends)"
        );
        assert_eq!(
            regex("(?:a{1000}){1000}"),
            "rule \"r\" (line 7): the regular expression takes more than 1048576 octets when compiled"
        );
        assert_eq!(regex(""), "rule \"r\" (line 7): the pattern is empty");
        assert_eq!(
            reason_of(Pattern::Keywords(vec![])),
            "rule \"r\" (line 7): the list of keywords is empty"
        );
        assert_eq!(
            reason_of(Pattern::Keywords(vec![String::new()])),
            "rule \"r\" (line 7): a keyword is empty"
        );
        assert_eq!(reason_of(Pattern::Exact(String::new())), "rule \"r\" (line 7): the pattern is empty");
        let deep = format!("{}a{}", "(".repeat(200), ")".repeat(200));
        assert!(regex(&deep).contains("nest"), "{}", regex(&deep));
    }
}
