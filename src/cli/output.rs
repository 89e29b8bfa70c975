//! What commands print.

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
