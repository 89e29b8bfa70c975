//! The effective severity of a message: that of the rule that matched it, else that of its level.

/// How bad a message is, by one scale for all kinds. The numbers are stored; a worse one is higher.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// debug.
    Debug = 1,
    /// info; notice, too.
    Info = 2,
    /// warning.
    Warning = 3,
    /// minor.
    Minor = 4,
    /// major; error, too.
    Major = 5,
    /// critical; emergency and alert, too.
    Critical = 6,
}

impl Severity {
    /// Every value, the least bad first: the number of a value is one more than its place.
    pub const ALL: [Self; 6] =
        [Self::Debug, Self::Info, Self::Warning, Self::Minor, Self::Major, Self::Critical];

    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Minor => "minor",
            Self::Major => "major",
            Self::Critical => "critical",
        }
    }

    /// What the severity of a rule means, by the words that a rules file may have.
    #[must_use]
    pub fn of_rule(word: &str) -> Option<Self> {
        Some(match word {
            "emergency" | "alert" | "critical" => Self::Critical,
            "error" | "major" => Self::Major,
            "minor" => Self::Minor,
            "warning" => Self::Warning,
            "notice" | "info" => Self::Info,
            "debug" => Self::Debug,
            _ => return None,
        })
    }

    /// What the severity of a syslog message, 0 to 7 (RFC 5424 6.2.1), means.
    #[must_use]
    pub const fn of_level(level: u8) -> Self {
        match level {
            0..=2 => Self::Critical,
            3 => Self::Major,
            4 => Self::Warning,
            5 | 6 => Self::Info,
            _ => Self::Debug,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_levels_and_numbers() {
        assert_eq!(Severity::of_rule("alert"), Some(Severity::Critical));
        assert_eq!(Severity::of_rule("error"), Some(Severity::Major));
        assert_eq!(Severity::of_rule("notice"), Some(Severity::Info));
        assert_eq!(Severity::of_rule("fatal"), None);
        let levels: Vec<&str> = (0..8).map(|level| Severity::of_level(level).as_str()).collect();
        assert_eq!(levels, ["critical", "critical", "critical", "major", "warning", "info", "info", "debug"]);
        for (place, severity) in (1..).zip(Severity::ALL) {
            assert_eq!(severity as i32, place);
            assert_eq!(Severity::of_rule(severity.as_str()), Some(severity), "every name is a word of rules");
        }
    }
}
