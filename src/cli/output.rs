//! What commands print.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::Write as _;
use std::process::ExitCode;

/// Prints a line. When nobody reads it any more, that is nobody's fault.
pub(super) fn say(line: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}

/// Prints why the program cannot go on.
pub(super) fn fail(reason: &dyn std::fmt::Display) -> ExitCode {
    let _ = writeln!(std::io::stderr().lock(), "muttd: {reason}");
    ExitCode::FAILURE
}

/// Status of a command that needs the running daemon, or the store, and has neither.
const NOT_REACHABLE: u8 = 3;

/// Prints that nobody is there who could answer.
pub(super) fn fail_unreachable(reason: &dyn std::fmt::Display) -> ExitCode {
    fail(reason);
    ExitCode::from(NOT_REACHABLE)
}

/// `text` for a terminal: what would control it, or turn the order of characters round, is shown as `\x1b` or `\u{202e}`.
pub(super) fn visible(text: &str) -> Cow<'_, str> {
    if !text.contains(is_control) {
        return text.into();
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        // Writing to a text does not fail.
        let _ = match character {
            _ if !is_control(character) => write!(shown, "{character}"),
            '\0'..='\u{ff}' => write!(shown, "\\x{:02x}", u32::from(character)),
            _ => write!(shown, "\\u{{{:x}}}", u32::from(character)),
        };
    }
    shown.into()
}

/// Whether a terminal may do something else with it than show it.
fn is_control(character: char) -> bool {
    character.is_control() || matches!(character, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_controls_a_terminal_is_shown() {
        assert_eq!(
            visible("a \u{1b}[2J\r\n\t\u{9b}m\u{202e}b \u{fc}"),
            "a \\x1b[2J\\x0d\\x0a\\x09\\x9bm\\u{202e}b \u{fc}"
        );
        assert!(matches!(visible("plain \u{fc} \\x1b"), Cow::Borrowed(_)));
    }
}
