//! `muttd tail`: messages as they are committed.

use std::io::{self, BufWriter, IsTerminal as _, Stdout, Write};
use std::ops::ControlFlow;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, ValueEnum};
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::time::{sleep, timeout};

use crate::base::clock::Stopwatch;
use crate::cli::output::{fail, fail_unreachable, visible};
use crate::config;
use crate::http::client::{Client, ClientError};
use crate::http::event_stream::EventStream;

/// What to print, and for how long.
#[derive(Debug, Args)]
pub(super) struct TailArguments {
    /// Form of a line: short is TIME, DEVICE, PROGRAM with its process id, CONTENT; json is the message with all
    /// columns, one object a line
    #[arg(short, value_name = "FORM", default_value = "short")]
    output: Form,
    /// Ask the daemon whose API is there, as http://127.0.0.1:8514, and not the one whose store the configuration names
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// End after this time
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    exit_after: Option<Duration>,
    /// End after this many messages
    #[arg(long, value_name = "N")]
    lines: Option<u64>,
}

/// Forms of output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Form {
    Short,
    Json,
}

/// How long a daemon that was there and is gone is waited for.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long until it is asked again.
const PAUSE: Duration = Duration::from_millis(200);

/// Status of an answer that says that a request is wrong, here: the cursor.
const BAD_REQUEST: u16 = 400;

/// What an event of the stream says.
#[derive(Debug, Deserialize)]
struct Tick<'a> {
    #[serde(borrow)]
    events: Vec<&'a RawValue>,
    matched: u64,
    skipped: u64,
}

/// What a short line shows of a message.
#[derive(Debug, Deserialize)]
struct Shown {
    timestamp: String,
    source_device: Option<String>,
    program: Option<String>,
    process_id: Option<i64>,
    content: Option<String>,
    severity: Option<String>,
}

/// Why there is no more to print.
enum End {
    /// As many lines as were asked for, or nobody reads them any more.
    Done,
    /// What cannot be helped.
    Failed(ClientError),
    /// The output cannot be written.
    Output(io::Error),
}

/// A number of seconds, which may be a fraction.
fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: Result<f64, _> = text.parse();
    let duration = seconds.ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    duration.ok_or_else(|| "a number of seconds, 0 or more".to_owned())
}

/// Prints messages of the daemon that has the store of the configuration at `path`, or of another one.
pub(super) fn run(path: &Path, arguments: &TailArguments) -> ExitCode {
    let client = match &arguments.url {
        Some(url) => Client::at(url),
        None => match config::load(path) {
            Ok(settings) => Ok(Client::beside(&settings.storage.database.path)),
            Err(error) => return fail(&error),
        },
    };
    let client = match client {
        Ok(client) => client,
        Err(error) => return fail(&error),
    };
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error),
    };
    let following = Tail::new(client, arguments).follow();
    let end = runtime.block_on(async {
        match arguments.exit_after {
            Some(limit) => timeout(limit, following).await.unwrap_or(End::Done),
            None => following.await,
        }
    });
    match end {
        End::Done => ExitCode::SUCCESS,
        End::Failed(error @ ClientError::NotReachable { .. }) => fail_unreachable(&error),
        End::Failed(error) => fail(&error),
        End::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        End::Output(error) => fail(&format!("cannot write the output: {error}")),
    }
}

/// The command at work.
struct Tail {
    client: Client,
    stream: EventStream,
    printer: Printer<BufWriter<Stdout>>,
}

impl Tail {
    fn new(client: Client, arguments: &TailArguments) -> Self {
        // A variable that is there and empty says nothing (https://no-color.org).
        let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let printer = Printer {
            form: arguments.output,
            is_colored: !no_color && io::stdout().is_terminal(),
            left: arguments.lines,
            output: BufWriter::new(io::stdout()),
        };
        Self { client, stream: EventStream::default(), printer }
    }

    /// Prints until the end. A connection that breaks is made again, from where it was.
    async fn follow(mut self) -> End {
        if self.printer.left == Some(0) {
            return End::Done;
        }
        let mut gone_since = None;
        loop {
            let path = match self.stream.last_id() {
                Some(cursor) => format!("/api/v1/tail?after={cursor}"),
                None => "/api/v1/tail".to_owned(),
            };
            match self.client.get(&path).await {
                Ok(mut answer) => {
                    gone_since = None;
                    self.stream.restart();
                    // A chunk that does not come is a connection that broke.
                    while let Ok(Some(chunk)) = answer.chunk().await {
                        if let ControlFlow::Break(end) = self.take(&chunk) {
                            return end;
                        }
                    }
                }
                // The store is another one, or a later run has lost what was not durable.
                Err(ClientError::Refused { status: BAD_REQUEST, detail })
                    if self.stream.last_id().is_some() =>
                {
                    fail(&format!("{detail}; from now on"));
                    self.stream = EventStream::default();
                }
                Err(error) if self.stream.last_id().is_none() => return End::Failed(error),
                Err(error) => {
                    if gone_since.get_or_insert_with(Stopwatch::start).elapsed() > PATIENCE {
                        return End::Failed(error);
                    }
                }
            }
            sleep(PAUSE).await;
        }
    }

    /// Prints what `chunk` completes.
    fn take(&mut self, chunk: &[u8]) -> ControlFlow<End> {
        let mut flow = ControlFlow::Continue(());
        let printer = &mut self.printer;
        let pushed = self.stream.push(chunk, |data| {
            if flow.is_continue() {
                flow = printer.print(data);
            }
        });
        match pushed {
            Ok(()) => flow,
            Err(error) => ControlFlow::Break(End::Failed(ClientError::Unexpected(error.to_string()))),
        }
    }
}

/// Prints messages in one form.
struct Printer<W> {
    form: Form,
    is_colored: bool,
    /// Messages that are still to be printed; `None` for all that come.
    left: Option<u64>,
    output: W,
}

impl<W: Write> Printer<W> {
    /// Prints an event of the stream.
    fn print(&mut self, data: &str) -> ControlFlow<End> {
        let tick: Tick<'_> = match serde_json::from_str(data) {
            Ok(tick) => tick,
            Err(error) => return unexpected(&error),
        };
        let not_shown = tick.skipped + tick.matched.saturating_sub(tick.events.len() as u64);
        let mut printed = if not_shown > 0 { self.print_skipped(not_shown) } else { Ok(()) };
        for event in tick.events {
            printed = printed.and_then(|()| self.print_event(event.get()));
            if let Some(left) = &mut self.left {
                *left -= 1;
                if *left == 0 {
                    break;
                }
            }
        }
        match printed.and_then(|()| self.output.flush()) {
            Ok(()) if self.left == Some(0) => ControlFlow::Break(End::Done),
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => ControlFlow::Break(End::Output(error)),
        }
    }

    /// Prints how many messages are not among those that follow; beside the objects when those are for a program.
    fn print_skipped(&mut self, count: u64) -> io::Result<()> {
        match self.form {
            Form::Short if self.is_colored => writeln!(self.output, "\x1b[7m-- {count} skipped --\x1b[0m"),
            Form::Short => writeln!(self.output, "-- {count} skipped --"),
            Form::Json => writeln!(io::stderr().lock(), "-- {count} skipped --"),
        }
    }

    fn print_event(&mut self, event: &str) -> io::Result<()> {
        if self.form == Form::Json {
            return writeln!(self.output, "{event}");
        }
        let Shown { timestamp, source_device, program, process_id, content, severity } =
            serde_json::from_str(event)?;
        let color = severity.as_deref().filter(|_| self.is_colored).and_then(color_of);
        write!(self.output, "{}", color.unwrap_or_default())?;
        write!(self.output, "{timestamp} {}", visible(source_device.as_deref().unwrap_or("-")))?;
        if let Some(program) = program {
            write!(self.output, " {}", visible(&program))?;
            if let Some(process_id) = process_id {
                write!(self.output, "[{process_id}]")?;
            }
            write!(self.output, ":")?;
        }
        let reset = if color.is_some() { "\x1b[0m" } else { "" };
        writeln!(self.output, " {}{reset}", visible(content.as_deref().unwrap_or_default()))
    }
}

/// What sets the colour of a severity; `None` for those that need none.
fn color_of(severity: &str) -> Option<&'static str> {
    match severity {
        "critical" | "major" => Some("\x1b[31m"),
        "minor" | "warning" => Some("\x1b[33m"),
        _ => None,
    }
}

fn unexpected(error: &serde_json::Error) -> ControlFlow<End> {
    ControlFlow::Break(End::Failed(ClientError::Unexpected(error.to_string())))
}
