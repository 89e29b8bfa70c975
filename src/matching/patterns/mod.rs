//! The types of text patterns: a file, a variant of [`Pattern`] and a line in the table each.

mod exact;
mod keyword;
mod regex;

pub use keyword::KEYWORDS_MAX;
pub use regex::REGEX_OCTETS_MAX;

use crate::matching::parts::{Parts, Test};

/// What a message's text must look like. Letter case never matters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pattern {
    /// The regular expression is found somewhere in the text.
    Regex(String),
    /// At least one of the keywords is part of the text, inside a longer word too.
    Keywords(Vec<String>),
    /// The text as a whole is this.
    Exact(String),
}

/// Every type of pattern, in the order in which errors list them.
pub const TYPES: [PatternType; 3] = [regex::TYPE, keyword::TYPE, exact::TYPE];

/// The names of all types, in the order of [`TYPES`].
pub const NAMES: [&str; TYPES.len()] = {
    let mut names = [""; TYPES.len()];
    let mut at = 0;
    while at < TYPES.len() {
        names[at] = TYPES[at].name;
        at += 1;
    }
    names
};

/// What there is to know of a type of pattern before it has a text.
#[derive(Debug, Clone, Copy)]
pub struct PatternType {
    /// Its name: the value of `pattern_type`.
    pub name: &'static str,
    /// What it asks of a text, one line.
    pub meaning: &'static str,
    /// How it is written.
    pub form: PatternForm,
    /// What may be written, for errors.
    pub allowed: &'static str,
}

/// How the texts of a pattern are written, and what they make.
#[derive(Debug, Clone, Copy)]
pub enum PatternForm {
    /// As one text, in `pattern`.
    Text(fn(String) -> Pattern),
    /// As a list, in `keywords`.
    List(fn(Vec<String>) -> Pattern),
}

impl PatternForm {
    /// The key of a rule that the pattern is written behind.
    #[must_use]
    pub const fn key(&self) -> &'static str {
        match self {
            Self::Text(_) => "pattern",
            Self::List(_) => "keywords",
        }
    }
}

impl Pattern {
    /// The type of the pattern.
    #[must_use]
    pub const fn pattern_type(&self) -> &'static PatternType {
        match self {
            Self::Regex(_) => &regex::TYPE,
            Self::Keywords(_) => &keyword::TYPE,
            Self::Exact(_) => &exact::TYPE,
        }
    }

    /// Adds the literals and regexes of the pattern of `rule` to `parts`, and gives its test.
    ///
    /// # Errors
    /// Why the pattern cannot be compiled, one line.
    pub(super) fn compile(&self, rule: u32, parts: &mut Parts) -> Result<Test, String> {
        match self {
            Self::Regex(pattern) => regex::compile(pattern, rule, parts),
            Self::Keywords(keywords) => keyword::compile(keywords, rule, parts),
            Self::Exact(text) => exact::compile(text, rule, parts),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_makes_a_pattern_of_its_own_type() {
        for kind in TYPES {
            let pattern = match kind.form {
                PatternForm::Text(make) => make("x".to_owned()),
                PatternForm::List(make) => make(vec!["x".to_owned()]),
            };
            assert_eq!(pattern.pattern_type().name, kind.name);
            assert!(!kind.meaning.is_empty() && !kind.allowed.is_empty());
            assert!(pattern.compile(0, &mut Parts::default()).is_ok());
        }
    }
}
