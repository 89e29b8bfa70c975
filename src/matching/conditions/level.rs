//! `level`: the syslog severity of a message.
//!
//! `level: err` is err and worse; `level: warning..err` is all from one to the other, in either order; a list holds what any of
//! its elements does. A message without level, as every notification, does not match.

use crate::matching::levels::Levels;
use crate::model::subject::Subject;

use super::condition::{Condition, ConditionError};

/// Names of severities (RFC 5424 6.2.1) and the other spellings in use, with their numbers.
const NAMES: [(&str, u8); 14] = [
    ("emerg", 0),
    ("alert", 1),
    ("crit", 2),
    ("err", 3),
    ("warning", 4),
    ("notice", 5),
    ("info", 6),
    ("debug", 7),
    ("emergency", 0),
    ("panic", 0),
    ("critical", 2),
    ("error", 3),
    ("warn", 4),
    ("informational", 6),
];

/// The names alone.
const WORDS: [&str; NAMES.len()] = {
    let mut words = [""; NAMES.len()];
    let mut at = 0;
    while at < NAMES.len() {
        words[at] = NAMES[at].0;
        at += 1;
    }
    words
};

/// The levels that a rule asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Level(Levels);

impl Condition for Level {
    const KEY: &'static str = "level";

    const MEANING: &'static str =
        "the syslog severity of the message; a notification has none and does not match";

    const ALLOWED: &'static str = "emerg, alert, crit, err, warning, notice, info, debug, or 0 to 7: that level and worse; or \
                                   a range, as warning..err";

    fn parse(texts: &[&str]) -> Result<Self, ConditionError> {
        let mut all = Levels::NONE;
        for (index, text) in texts.iter().enumerate() {
            let number = |word: &str| number_of(word.trim()).ok_or_else(|| no_level(index, word.trim()));
            let levels = match text.split_once("..") {
                Some((first, last)) => Levels::range(number(first)?, number(last)?),
                None => Levels::range(0, number(text)?),
            };
            all = all.or(levels);
        }
        if all == Levels::NONE {
            let what = "the list is empty".to_owned();
            return Err(ConditionError { index: 0, what, word: None, words: &WORDS });
        }
        Ok(Self(all))
    }

    fn holds<S: Subject + ?Sized>(&self, subject: &S) -> bool {
        self.0.contains(subject.level())
    }

    fn levels(&self) -> Option<Levels> {
        Some(self.0)
    }
}

/// The number of a severity that is written as a name, letter case aside, or as a digit.
fn number_of(word: &str) -> Option<u8> {
    if let [digit @ b'0'..=b'7'] = word.as_bytes() {
        return Some(digit - b'0');
    }
    NAMES.iter().find(|(name, _)| name.eq_ignore_ascii_case(word)).map(|(_, number)| *number)
}

/// The error of a word that is no level.
fn no_level(index: usize, word: &str) -> ConditionError {
    let what =
        if word.is_empty() { "a level is missing".to_owned() } else { format!("{word} is not a level") };
    ConditionError { index, what, word: Some(word.to_owned()), words: &WORDS }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn levels(texts: &[&str]) -> Vec<u8> {
        let parsed = Level::parse(texts).unwrap();
        assert!(!parsed.0.contains(None), "a message without level never matches");
        (0..=7).filter(|level| parsed.0.contains(Some(*level))).collect()
    }

    #[test]
    fn a_level_is_itself_and_worse_and_a_range_is_what_it_says() {
        assert_eq!(levels(&["err"]), [0, 1, 2, 3]);
        assert_eq!(levels(&["emerg"]), [0]);
        assert_eq!(levels(&["debug"]), [0, 1, 2, 3, 4, 5, 6, 7]);
        assert_eq!(levels(&["warning..err"]), [3, 4]);
        assert_eq!(levels(&["err..warning"]), [3, 4]);
        assert_eq!(levels(&[" 5 .. 5 "]), [5]);
        assert_eq!(levels(&["0..1", "debug..info"]), [0, 1, 6, 7]);
    }

    #[test]
    fn every_spelling_has_its_number() {
        for (name, number) in NAMES {
            let single = |text: &str| levels(&[&format!("{text}..{text}")]);
            assert_eq!(single(name), [number], "{name}");
            assert_eq!(single(&name.to_uppercase()), [number], "{name}");
            assert_eq!(single(&number.to_string()), [number], "{name}");
        }
    }

    #[test]
    fn what_is_no_level_is_named() {
        let error = |texts: &[&str]| Level::parse(texts).unwrap_err();
        let wrong = error(&["err", "wraning..err"]);
        assert_eq!((wrong.index, wrong.what.as_str()), (1, "wraning is not a level"));
        assert_eq!(wrong.word.as_deref(), Some("wraning"));
        for (texts, what) in [
            (&["8"][..], "8 is not a level"),
            (&["-1"], "-1 is not a level"),
            (&["err.."], "a level is missing"),
            (&["..err"], "a level is missing"),
            (&[""], "a level is missing"),
            (&["a..b..c"], "a is not a level"),
            (&["err..warning..debug"], "warning..debug is not a level"),
            (&[], "the list is empty"),
        ] {
            assert_eq!(error(texts).to_string(), what, "{texts:?}");
        }
    }
}
