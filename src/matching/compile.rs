//! Rules to automata: what a rule becomes, and why one cannot become anything.
//!
//! Invariant: a rule that does not compile is named with its line and its reason, all of them at once; a set is
//! compiled as a whole or not at all.

use std::fmt;

use crate::matching::parts::{Parts, Test};
use crate::matching::rule::Rule;

/// Rules in one set.
pub const RULES_MAX: usize = 100_000;

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

pub(super) fn compile(rules: &[Rule]) -> Result<Parts, CompileError> {
    if rules.len() > RULES_MAX {
        return Err(CompileError::whole_set(format!("{} rules; allowed: at most {RULES_MAX}", rules.len())));
    }
    let mut parts = Parts::default();
    let mut problems = Vec::new();
    for (rule, index) in rules.iter().zip(0_u32..) {
        if let Err(reason) = add(&mut parts, index, rule) {
            problems.push(RuleProblem { id: rule.id.clone(), line: rule.line, reason });
        }
    }
    if problems.is_empty() { Ok(parts) } else { Err(CompileError { problems }) }
}

/// Adds what is searched and tested for one rule.
fn add(parts: &mut Parts, index: u32, rule: &Rule) -> Result<(), String> {
    let test = match &rule.pattern {
        Some(pattern) => pattern.compile(index, parts)?,
        None if rule.conditions.is_empty() => return Err("neither a pattern nor a condition".to_owned()),
        None => {
            parts.always.push(index);
            Test::Any
        }
    };
    parts.tests.push(test);
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::matching::Pattern;

    #[test]
    fn every_rule_that_does_not_compile_is_named_with_its_line() {
        let rule = |id: &str, line, pattern| Rule { line, pattern, ..Rule::new(id, None) };
        let rules = [
            rule("a", 7, Some(Pattern::Regex("a(b".to_owned()))),
            rule("b", 9, Some(Pattern::Exact("fine".to_owned()))),
            rule("c", 11, Some(Pattern::Keywords(vec![]))),
            rule("d", 13, None),
        ];
        assert_eq!(
            compile(&rules).unwrap_err().to_string(),
            "rule \"a\" (line 7): not a regular expression at character 2: unclosed group\n\
             rule \"c\" (line 11): the list of keywords is empty\n\
             rule \"d\" (line 13): neither a pattern nor a condition"
        );
    }
}
