//! What a condition is.

use crate::matching::levels::Levels;
use crate::model::subject::Subject;

/// A condition of one kind, read and ready to be tested.
pub trait Condition: Sized {
    /// Its key in a rule.
    const KEY: &'static str;

    /// What it asks of a message, one line.
    const MEANING: &'static str;

    /// What may be written behind the key, for errors.
    const ALLOWED: &'static str;

    /// The condition that `texts` mean: the elements of a list, of which one must hold, or a single one.
    ///
    /// # Errors
    /// The first text that means nothing; the operator is to blame.
    fn parse(texts: &[&str]) -> Result<Self, ConditionError>;

    /// Whether the condition holds for `subject`. Tested once a message and rule, as far as the rule's pattern may match;
    /// must neither wait nor allocate, in time bounded by the message's size.
    fn holds<S: Subject + ?Sized>(&self, subject: &S) -> bool;

    /// The levels that the condition asks for, if it asks for nothing else.
    fn levels(&self) -> Option<Levels> {
        None
    }
}

/// What is wrong with the text of a condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConditionError {
    /// Which of the texts it is.
    pub index: usize,
    /// What is wrong.
    pub what: String,
    /// The part of the text that is no word of the condition, if that is what is wrong.
    pub word: Option<String>,
    /// The words that might have been meant.
    pub words: &'static [&'static str],
}

impl std::fmt::Display for ConditionError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.what)
    }
}

impl std::error::Error for ConditionError {}
