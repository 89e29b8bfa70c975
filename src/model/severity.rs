//! Effective severity: one scale for what a rule says and for what a device says.

/// How bad a message is: as its rule says, else by its level. The order is from worst to least.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Of the rule's words critical, emergency and alert; of levels 0 to 2.
    Critical,
    /// Of the rule's word error; of level 3.
    Major,
    /// Of the rule's word minor only.
    Minor,
    /// Of the rule's word warning; of level 4.
    Warning,
    /// Of the rule's words info and notice; of levels 5 and 6.
    Info,
    /// Of the rule's word debug; of level 7.
    Debug,
}

impl Severity {
    /// All of them, worst first.
    pub const ALL: [Self; 6] =
        [Self::Critical, Self::Major, Self::Minor, Self::Warning, Self::Info, Self::Debug];

    /// Its word in columns, queries and bodies.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::Major => "major",
            Self::Minor => "minor",
            Self::Warning => "warning",
            Self::Info => "info",
            Self::Debug => "debug",
        }
    }

    /// What the `severity` of a rule means; `None` for a word that no rule may have.
    #[must_use]
    pub fn of_rule(word: &[u8]) -> Option<Self> {
        let severity = match word {
            b"critical" | b"emergency" | b"alert" => Self::Critical,
            b"major" | b"error" => Self::Major,
            b"minor" => Self::Minor,
            b"warning" => Self::Warning,
            b"info" | b"notice" => Self::Info,
            b"debug" => Self::Debug,
            _ => return None,
        };
        Some(severity)
    }

    /// What a syslog severity (RFC 5424 6.2.1), 0 to 7, means; `None` for another number.
    #[must_use]
    pub const fn of_level(level: u8) -> Option<Self> {
        match level {
            0..=2 => Some(Self::Critical),
            3 => Some(Self::Major),
            4 => Some(Self::Warning),
            5 | 6 => Some(Self::Info),
            7 => Some(Self::Debug),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_levels_are_on_one_scale() {
        for severity in Severity::ALL {
            assert_eq!(Severity::of_rule(severity.as_str().as_bytes()), Some(severity));
        }
        let of_rule = |word: &str| Severity::of_rule(word.as_bytes()).map(Severity::as_str);
        assert_eq!(of_rule("emergency"), Some("critical"));
        assert_eq!(of_rule("alert"), Some("critical"));
        assert_eq!(of_rule("error"), Some("major"));
        assert_eq!(of_rule("notice"), Some("info"));
        assert_eq!(of_rule("loud"), None);
        let levels: Vec<_> = (0..=8).map(|level| Severity::of_level(level).map(Severity::as_str)).collect();
        let [critical, major, warning, info, debug] =
            ["critical", "major", "warning", "info", "debug"].map(Some);
        assert_eq!(levels, [critical, critical, critical, major, warning, info, info, debug, None]);
    }
}
