//! What is wrong with a configuration file, told to the person who wrote it.
//!
//! Every problem reads `file:line:column: key: value ...: what is wrong; allowed: ...`, followed by the source line
//! with a caret under the place. All problems of a file are told at once.
//!
//! Invariant: nothing from a file of passwords is quoted, neither a line nor a value.

use std::fmt;

/// Problems printed in full; after so many the rest is counted.
pub const PROBLEMS_SHOWN_MAX: usize = 50;
/// Characters of a source line that are shown.
const LINE_CHARACTERS_MAX: usize = 120;

/// Why a file was refused: every problem found, in the order of the file. The operator is to blame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    problems: Vec<Problem>,
}

/// One thing wrong in one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The file's name, absolute.
    pub file: String,
    /// Where in the file; `None` when the file as a whole is at fault.
    pub place: Option<Place>,
    /// The key in question, with the sections around it; empty when no key is.
    pub key: String,
    /// The value as written; `None` when there is none or it must not be shown.
    pub value: Option<String>,
    /// What is wrong.
    pub what: String,
    /// What would be right; empty when that is plain from what is wrong.
    pub allowed: String,
    /// The source line; `None` when there is none or it must not be shown.
    pub(super) line: Option<String>,
}

/// A place in a file, both from 1, counted in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Line.
    pub line: usize,
    /// Character in the line.
    pub column: usize,
}

impl ConfigError {
    /// The problems; never empty.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// All of `problems` in the order of the files, which `rank` knows by name, and of the places in them; `None` when
    /// there is none.
    pub(super) fn of(mut problems: Vec<Problem>, rank: impl Fn(&str) -> Option<usize>) -> Option<Self> {
        problems.sort_by_key(|problem| (rank(&problem.file), problem.place));
        (!problems.is_empty()).then_some(Self { problems })
    }

    pub(super) fn into_problems(self) -> Vec<Problem> {
        self.problems
    }
}

impl From<Problem> for ConfigError {
    fn from(problem: Problem) -> Self {
        Self { problems: vec![problem] }
    }
}

impl Problem {
    /// The file as a whole is at fault.
    pub(super) fn of_file(name: &str, what: String) -> Self {
        Self {
            file: name.to_owned(),
            place: None,
            key: String::new(),
            value: None,
            what,
            allowed: String::new(),
            line: None,
        }
    }

    /// The file is not YAML; `quotable` is its text, unless it holds passwords.
    pub(super) fn of_syntax(file: &str, quotable: Option<&str>, place: Option<Place>, what: String) -> Self {
        Self { place, what, ..Self::of_file(file, String::new()) }.with_line(quotable)
    }

    /// Quotes the line at fault of `quotable`, the file's text unless it holds passwords.
    pub(super) fn with_line(mut self, quotable: Option<&str>) -> Self {
        let index = self.place.and_then(|place| place.line.checked_sub(1));
        self.line = quotable.zip(index).and_then(|(text, index)| text.lines().nth(index)).map(str::to_owned);
        self
    }

    fn write_line(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Some(line), Some(place)) = (&self.line, self.place) else { return Ok(()) };
        let caret = place.column.saturating_sub(1);
        // A long line is shown around the caret. A tab becomes one blank, so that the caret stays under its place.
        let start = caret.saturating_sub(LINE_CHARACTERS_MAX * 2 / 3);
        let shown: String = line
            .chars()
            .skip(start)
            .take(LINE_CHARACTERS_MAX)
            .map(|character| if character.is_control() { ' ' } else { character })
            .collect();
        write!(f, "\n{:>6} | {}", place.line, shown.trim_end())?;
        write!(f, "\n       | {}^", " ".repeat(caret - start))
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some(place) = self.place {
            write!(f, ":{}:{}", place.line, place.column)?;
        }
        if !self.key.is_empty() {
            write!(f, ": {}", self.key)?;
        }
        if let Some(value) = &self.value {
            write!(f, ": value {value}")?;
        }
        write!(f, ": {}", self.what)?;
        if !self.allowed.is_empty() {
            write!(f, "; allowed: {}", self.allowed)?;
        }
        self.write_line(f)
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.problems.iter().take(PROBLEMS_SHOWN_MAX).enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            problem.fmt(f)?;
        }
        match self.problems.len().saturating_sub(PROBLEMS_SHOWN_MAX) {
            0 => Ok(()),
            more => write!(f, "\n... and {more} more"),
        }
    }
}

impl std::error::Error for ConfigError {}

/// The one of `known` that `word` was probably meant to be.
pub(super) fn nearest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    let word = word.to_lowercase();
    let allowed = |candidate: &str| if candidate.chars().count() <= 4 { 1 } else { 3 };
    known
        .iter()
        .map(|candidate| (distance(&word, &candidate.to_lowercase()), *candidate))
        .filter(|(distance, candidate)| {
            *distance <= allowed(candidate) && *distance < candidate.chars().count()
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Characters to insert, delete, replace or swap with their neighbour to get from one word to the other.
fn distance(from: &str, to: &str) -> usize {
    const WORD_CHARACTERS_MAX: usize = 64;
    let from: Vec<char> = from.chars().take(WORD_CHARACTERS_MAX).collect();
    let to: Vec<char> = to.chars().take(WORD_CHARACTERS_MAX).collect();
    let mut rows: Vec<Vec<usize>> = vec![(0..=to.len()).collect()];
    for (above, a) in from.iter().enumerate() {
        let mut row = vec![above + 1];
        for (left, b) in to.iter().enumerate() {
            let kept = rows[above][left] + usize::from(a != b);
            let mut least = kept.min(rows[above][left + 1] + 1).min(row[left] + 1);
            if above > 0 && left > 0 && from[above - 1] == *b && to[left - 1] == *a {
                least = least.min(rows[above - 1][left - 1] + 1);
            }
            row.push(least);
        }
        rows.push(row);
    }
    rows[from.len()][to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_is_near() {
        let known = ["log_level", "log_file", "pid_file", "port"];
        assert_eq!(nearest("log_levle", &known), Some("log_level"));
        assert_eq!(nearest("loglevel", &known), Some("log_level"));
        assert_eq!(nearest("LOG_FILE", &known), Some("log_file"));
        assert_eq!(nearest("prot", &known), Some("port"));
        assert_eq!(nearest("colour", &known), None);
        assert_eq!(nearest("", &known), None);
        assert_eq!(distance("abc", "acb"), 1);
        assert_eq!(distance("kitten", "sitting"), 3);
    }
}
