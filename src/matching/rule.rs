//! A rule as the operator means it, before it is compiled.

use std::fmt;

use crate::matching::conditions::RuleCondition;
use crate::matching::patterns::Pattern;

/// One alert rule. Rules that are switched off never get this far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// The operator's name for the rule in stored messages and in errors; unique in its file.
    pub id: String,
    /// What a person calls the rule.
    pub name: String,
    /// What the text must look like; a rule without pattern has conditions.
    pub pattern: Option<Pattern>,
    /// What else must hold, all of it.
    pub conditions: Vec<RuleCondition>,
    /// Severity of the alert, for the receiver of the webhook and for the store.
    pub severity: String,
    /// What becomes of a message that matches.
    pub action: Action,
    /// Line of the rules file on which the rule starts, from 1; 0 when it came from no file.
    pub line: usize,
}

impl Rule {
    /// A rule with this id, which is its name as well, and this pattern: it stores, with severity info.
    #[must_use]
    pub fn new(id: &str, pattern: impl Into<Option<Pattern>>) -> Self {
        Self {
            id: id.to_owned(),
            name: id.to_owned(),
            pattern: pattern.into(),
            conditions: Vec::new(),
            severity: "info".to_owned(),
            action: Action::Store,
            line: 0,
        }
    }
}

/// What becomes of a message that matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// Stored with the rule's id.
    Store,
    /// Stored with the rule's id, and sent on as an alert.
    Webhook,
    /// Counted, not stored.
    Discard,
}

impl Action {
    /// The word for the action in the rules file and in metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Store => "store",
            Self::Webhook => "webhook",
            Self::Discard => "discard",
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Place of a rule in its set, from 0 in file order; the lower one wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RuleIndex(pub u32);
