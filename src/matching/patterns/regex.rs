//! `regex`: the regular expression is found somewhere in the text.
//!
//! Also what other types make of texts that are not ASCII, whose letter case has tables of its own.

use std::fmt;

use regex_automata::meta;
use regex_syntax::hir::Hir;

use crate::matching::literal::required_literals;
use crate::matching::parts::{Parts, Target, Test};

use super::{Pattern, PatternForm, PatternType};

/// Octets that one compiled regex may take. A pattern of a few hundred characters needs a few KiB; the limit
/// stops counted repetitions such as `(a{1000}){1000}`.
pub const REGEX_OCTETS_MAX: usize = 1024 * 1024;
/// Octets of transition cache that one regex may fill per shard.
const CACHE_OCTETS_MAX: usize = 256 * 1024;
/// How deep a pattern may nest.
const NEST_MAX: u32 = 100;

pub(super) const TYPE: PatternType = PatternType {
    name: "regex",
    meaning: "pattern is found somewhere in the message (no look-around, no back-references)",
    form: PatternForm::Text(Pattern::Regex),
    allowed: "a regular expression",
};

pub(super) fn compile(pattern: &str, rule: u32, parts: &mut Parts) -> Result<Test, String> {
    if pattern.is_empty() {
        return Err("the pattern is empty".to_owned());
    }
    let hir = parse(pattern)?;
    let regex = build(&hir)?;
    match required_literals(&hir) {
        Some(literals) => {
            for literal in literals {
                parts.aim(literal, Target { rule, decides: false });
            }
        }
        None => parts.always.push(rule),
    }
    Ok(parts.add_regex(regex))
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
    use super::*;

    fn reason_of(pattern: &str) -> String {
        compile(pattern, 0, &mut Parts::default()).err().unwrap_or_default()
    }

    #[test]
    fn what_does_not_compile_says_why() {
        assert_eq!(reason_of("a(b"), "not a regular expression at character 2: unclosed group");
        assert_eq!(
            reason_of("x(?=y)"),
            "not a regular expression at character 2: look-around, including look-ahead and look-behind, is not \
             supported (the time to match must not depend on what a device sends)"
        );
        assert_eq!(
            reason_of("(?:a{1000}){1000}"),
            "the regular expression takes more than 1048576 octets when compiled"
        );
        assert_eq!(reason_of(""), "the pattern is empty");
        let deep = format!("{}a{}", "(".repeat(200), ")".repeat(200));
        assert!(reason_of(&deep).contains("nest"), "{}", reason_of(&deep));
    }

    #[test]
    fn a_pattern_without_literal_is_for_every_text() {
        let mut parts = Parts::default();
        assert!(matches!(compile(r"\d{5}", 3, &mut parts), Ok(Test::Regex(0))));
        assert!(matches!(compile("memory.*low", 4, &mut parts), Ok(Test::Regex(1))));
        assert_eq!(parts.always, [3]);
        assert_eq!(parts.literals.get(&b"memory"[..]), Some(&vec![Target { rule: 4, decides: false }]));
    }
}
