//! `keyword`: at least one of the keywords is part of the text.

use crate::matching::parts::{Parts, Target, Test};

use super::{Pattern, PatternForm, PatternType, regex};

/// Keywords of one rule.
pub const KEYWORDS_MAX: usize = 10_000;

pub(super) const TYPE: PatternType = PatternType {
    name: "keyword",
    meaning: "one of keywords is part of the message, inside a longer word too",
    form: PatternForm::List(Pattern::Keywords),
    allowed: "a list of words, at least one",
};

pub(super) fn compile(keywords: &[String], rule: u32, parts: &mut Parts) -> Result<Test, String> {
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
            parts.aim(folded, Target { rule, decides: true });
        } else {
            other.push(regex_syntax::escape(keyword));
        }
    }
    if other.is_empty() { Ok(Test::Literal) } else { regex::compile(&other.join("|"), rule, parts) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ascii_words_decide_and_others_are_a_regex() {
        let compiled = |words: &[&str]| {
            let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
            let mut parts = Parts::default();
            let test = compile(&words, 4, &mut parts);
            (test, parts)
        };
        let (test, parts) = compiled(&["Down", "UP"]);
        assert!(matches!(test, Ok(Test::Literal)));
        assert_eq!(parts.literals.get(&b"down"[..]), Some(&vec![Target { rule: 4, decides: true }]));
        let (test, parts) = compiled(&["down", "\u{fc}berhitzt"]);
        assert!(matches!(test, Ok(Test::Regex(0))));
        assert_eq!(parts.regexes.len(), 1);
        assert_eq!(compiled(&[]).0.err().as_deref(), Some("the list of keywords is empty"));
        assert_eq!(compiled(&["x", ""]).0.err().as_deref(), Some("a keyword is empty"));
        let many = vec!["x"; KEYWORDS_MAX + 1];
        assert_eq!(compiled(&many).0.err().as_deref(), Some("10001 keywords; allowed: at most 10000"));
    }
}
