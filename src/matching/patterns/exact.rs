//! `exact`: the text as a whole is the pattern.

use crate::matching::literal;
use crate::matching::parts::{Parts, Target, Test};

use super::{Pattern, PatternForm, PatternType, regex};

pub(super) const TYPE: PatternType = PatternType {
    name: "exact",
    meaning: "the message as a whole is pattern",
    form: PatternForm::Text(Pattern::Exact),
    allowed: "the whole text of a message",
};

pub(super) fn compile(text: &str, rule: u32, parts: &mut Parts) -> Result<Test, String> {
    if text.is_empty() {
        return Err("the pattern is empty".to_owned());
    }
    if !text.is_ascii() {
        return regex::compile(&format!(r"\A(?:{})\z", regex_syntax::escape(text)), rule, parts);
    }
    let folded = text.to_ascii_lowercase().into_bytes();
    let start = folded.get(..literal::LITERAL_OCTETS_MAX).unwrap_or(&folded);
    parts.aim(start.to_vec(), Target { rule, decides: false });
    Ok(Test::Whole(folded.into_boxed_slice()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ascii_is_compared_and_the_rest_is_a_regex() {
        let mut parts = Parts::default();
        assert!(
            matches!(compile("Link Down", 0, &mut parts), Ok(Test::Whole(text)) if *text == *b"link down")
        );
        assert!(parts.literals.contains_key(&b"link down"[..]));
        assert!(matches!(compile("STRA\u{df}E", 1, &mut parts), Ok(Test::Regex(0))));
        assert_eq!(compile("", 2, &mut parts).err().as_deref(), Some("the pattern is empty"));
    }
}
