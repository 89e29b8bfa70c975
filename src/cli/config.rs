//! `muttd config`: the configuration as declared, and as it is in force.

use std::path::Path;
use std::process::ExitCode;

use clap::{Subcommand, ValueEnum};
use serde_json::{Value as Json, json};

use crate::cli::output::{fail, say};
use crate::config::{self, KeyInForce};

#[derive(Debug, Subcommand)]
pub(super) enum ConfigCommand {
    /// Print the JSON Schema of the configuration file, for editors
    Schema,
    /// Print a configuration file with every key, its meaning and its default
    Template,
    /// Print what is in force: each key, its value, and the file and line that it is from, or "default"
    Show {
        /// Form of the output; json is one object a line
        #[arg(short, value_name = "FORM", default_value = "text")]
        output: Form,
    },
}

/// Forms of output.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum Form {
    Text,
    Json,
}

/// Runs the command for the configuration at `path`.
pub(super) fn run(path: &Path, command: &ConfigCommand) -> ExitCode {
    match command {
        ConfigCommand::Schema => say(&format!("{:#}", config::schema())),
        ConfigCommand::Template => say(config::template().trim_end()),
        ConfigCommand::Show { output } => match config::show(path) {
            Ok((_, keys)) => say(&render(&keys, *output)),
            Err(error) => return fail(&error),
        },
    }
    ExitCode::SUCCESS
}

/// The keys, one a line.
fn render(keys: &[KeyInForce], form: Form) -> String {
    let lines: Vec<String> = match form {
        Form::Json => keys.iter().map(|key| object(key).to_string()).collect(),
        Form::Text => {
            let assignments: Vec<String> =
                keys.iter().map(|key| format!("{}: {}", key.key, config::yaml(&key.value))).collect();
            let width = assignments.iter().map(String::len).filter(|length| *length <= COLUMN_MAX).max();
            let line = |(key, assignment): (&KeyInForce, &String)| {
                let origin = key.origin.as_ref().map(|(file, line)| format!("{file}:{line}"));
                let origin = origin.as_deref().unwrap_or(DEFAULT);
                format!("{assignment:width$}  # {origin}", width = width.unwrap_or(0))
            };
            keys.iter().zip(&assignments).map(line).collect()
        }
    };
    lines.join("\n")
}

/// Where the origins begin at the latest, when the values before them are not longer.
const COLUMN_MAX: usize = 72;

/// What is said of a key that no file sets.
const DEFAULT: &str = "default";

fn object(key: &KeyInForce) -> Json {
    let (source, file, line) = match &key.origin {
        Some((file, line)) => ("file", Some(file), Some(line)),
        None => (DEFAULT, None, None),
    };
    json!({"key": key.key, "value": key.value, "source": source, "file": file, "line": line})
}
