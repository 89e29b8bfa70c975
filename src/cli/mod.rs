//! Floor 6: the command line of `muttd`.

mod config;
mod output;
mod tail;

use std::io::Write as _;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::app::mib_commands::{self, Dictionary};
use crate::app::{self, App, Configured, commands, snmp_refused, snmpv3_status};
use crate::cli::config::ConfigCommand;
use crate::cli::output::{fail, say};
use crate::cli::tail::TailArguments;
use crate::config::{self as configuration, EngineId, Settings};
use crate::http::operations::ForgetEngine;
use crate::mib;
use crate::storage::refused;
use crate::storage::snmp_users::report;
use crate::telemetry::logging;

/// How often the running program is looked at for dead threads.
const WATCH_INTERVAL: Duration = Duration::from_secs(1);

/// Receives SNMP notifications and syslog, matches them against rules, and commits every message to SQLite.
#[derive(Debug, Parser)]
#[command(name = "muttd", version, about)]
struct Arguments {
    /// Configuration file
    #[arg(long, global = true, value_name = "PATH", default_value = "config/mutt_config.yaml")]
    config: PathBuf,
    /// Working directory: where relative paths start, also that of --config
    #[arg(long, global = true, value_name = "DIR")]
    directory: Option<PathBuf>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Receive until SIGINT or SIGTERM; a second one exits at once; SIGHUP reads the configuration, rules,
    /// credentials, MIB modules and certificates again (the default)
    Run,
    /// Validate the configuration, the rules, the credentials and the MIB modules; exit 1 when something is wrong
    Check,
    /// The configuration: its schema, a file with every key, and what is in force
    Config {
        #[command(subcommand)]
        command: ConfigCommand,
    },
    /// Print messages as they are committed
    ///
    /// Asks the running daemon, through the socket beside its store. When more come than can be shown (200 in a fifth of a
    /// second) or read, a line in between tells how many were skipped: they are in the store. After a restart of the daemon
    /// it goes on where it was.
    Tail(TailArguments),
    /// What is known of SNMPv3 users
    Snmpv3 {
        #[command(subcommand)]
        command: Snmpv3Command,
    },
    /// What is known of senders of SNMP notifications
    Snmp {
        #[command(subcommand)]
        command: SnmpCommand,
    },
    /// Names of objects and notifications, by the standard modules and those in snmp.mib_dirs
    Mib {
        #[command(subcommand)]
        command: MibCommand,
    },
    /// The store of messages
    Store {
        #[command(subcommand)]
        command: StoreCommand,
    },
    /// Print the version
    Version,
}

#[derive(Debug, Subcommand)]
enum SnmpCommand {
    /// Print who was refused, why, and how often, the newest first; the daemon may be running
    Refused,
}

#[derive(Debug, Subcommand)]
enum StoreCommand {
    /// Bring the store of an earlier version to the present one. No muttd may be running. It says beforehand how long it
    /// takes and how much room it needs, goes on where it was broken off, and leaves the old store as it is until the end
    Upgrade {
        /// Say what it would take, and change nothing
        #[arg(long)]
        dry_run: bool,
    },
}

#[derive(Debug, Subcommand)]
enum MibCommand {
    /// Print names for object identifiers and object identifiers for names, with what is known of them; exit 1 when
    /// one is not known
    Translate {
        /// As 1.3.6.1.2.1.2.2.1.8.3, ifOperStatus.3 or IF-MIB::linkDown
        #[arg(required = true, value_name = "OID|NAME")]
        names: Vec<String>,
    },
    /// Print what is in the directories: modules, files, and what is wrong with file and line
    LoadReport,
    /// Print all that the modules define as a table, for grep and for other programs; without snmp.mib_dirs the
    /// standard modules
    Export,
}

#[derive(Debug, Subcommand)]
enum Snmpv3Command {
    /// Print each credential with the devices that used it last, and which users fail; the daemon may be running
    Status,
    /// Decode what was refused for want of a credential, and is noted (snmpv3.quarantine_messages_max), with the
    /// credentials and rules of now: those in the files that the daemon was started with, if it runs. No alert is sent,
    /// no inform answered
    Redecode {
        /// Say what could be decoded, and change nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// Forget the clock of a device that lost its count of boots, so that its traps are taken again; the daemon may be
    /// running, and forgets it at once
    #[command(group = clap::ArgGroup::new("whom").required(true))]
    ForgetEngine {
        /// The device's engine ID in hexadecimal digits
        #[arg(group = "whom", value_name = "ENGINE_ID", value_parser = engine_id)]
        engine_id: Option<EngineId>,
        /// All engines that sent from this address
        #[arg(long, group = "whom", value_name = "ADDRESS")]
        source: Option<IpAddr>,
    },
}

/// Runs the command that the arguments name.
#[must_use]
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    // Before anything is opened and before any thread runs.
    if let Some(directory) = &arguments.directory
        && let Err(error) = std::env::set_current_dir(directory)
    {
        return fail(&format!("cannot go to the directory {}: {error}", directory.display()));
    }
    match arguments.command.unwrap_or(Command::Run) {
        Command::Run => run(&arguments.config),
        Command::Check => check(&arguments.config),
        Command::Config { command } => config::run(&arguments.config, &command),
        Command::Tail(command) => tail::run(&arguments.config, &command),
        Command::Snmpv3 { command: Snmpv3Command::Status } => snmpv3_status(&arguments.config),
        Command::Snmpv3 { command: Snmpv3Command::Redecode { dry_run } } => {
            snmpv3_redecode(&arguments.config, dry_run)
        }
        Command::Snmpv3 { command: Snmpv3Command::ForgetEngine { engine_id, source } } => {
            forget_engine(&arguments.config, engine_id, source)
        }
        Command::Snmp { command: SnmpCommand::Refused } => snmp_refused(&arguments.config),
        Command::Mib { command } => mib(&arguments.config, &command),
        Command::Store { command: StoreCommand::Upgrade { dry_run } } => {
            store_upgrade(&arguments.config, dry_run)
        }
        Command::Version => {
            say(&format!("muttd {}", env!("CARGO_PKG_VERSION")));
            ExitCode::SUCCESS
        }
    }
}

/// Validates everything and says so.
fn check(path: &Path) -> ExitCode {
    let report = configuration::check(path);
    if report.is_ok() {
        let conflicts =
            configuration::load(path).map(|settings| app::port_conflicts(&settings)).unwrap_or_default();
        if !conflicts.is_empty() {
            return fail(&conflicts.join("\nmuttd: "));
        }
    }
    say(report.to_string().trim_end());
    if report.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Prints what the configuration and the store say of SNMPv3 users.
fn snmpv3_status(path: &Path) -> ExitCode {
    let settings = match configuration::load(path) {
        Ok(settings) => settings,
        Err(error) => return fail(&error),
    };
    let credentials =
        settings.snmpv3.credentials_file.as_deref().map(configuration::load_credentials).transpose();
    let credentials = match credentials {
        Ok(credentials) => credentials.unwrap_or_default(),
        Err(error) => return fail(&error),
    };
    print_of_store(&settings, report::read, |report| snmpv3_status::render(&credentials, report))
}

/// An engine ID on the command line.
fn engine_id(text: &str) -> Result<EngineId, String> {
    let allowed = "5 to 32 octets in hexadecimal digits, as 0x80001f8804746573743031";
    configuration::engine_id_of(text).ok_or_else(|| allowed.to_owned())
}

/// Forgets clocks of engines, in the daemon that runs or in the store.
fn forget_engine(path: &Path, engine_id: Option<EngineId>, source: Option<IpAddr>) -> ExitCode {
    let settings = match configuration::load(path) {
        Ok(settings) => settings,
        Err(error) => return fail(&error),
    };
    let request = ForgetEngine { engine_id: engine_id.map(|id| id.to_string()), source };
    match commands::forget_engine(&settings, &request) {
        Ok(engines) => {
            for engine in engines {
                say(&format!("the clock of engine {engine} is forgotten"));
            }
            ExitCode::SUCCESS
        }
        Err(error) => fail(&format!("{error:#}")),
    }
}

/// Prints whom the SNMP listener refused.
fn snmp_refused(path: &Path) -> ExitCode {
    match configuration::load(path) {
        Ok(settings) => print_of_store(&settings, refused::read, |rows| snmp_refused::render(rows)),
        Err(error) => fail(&error),
    }
}

/// Prints what `render` makes of what `read` finds in the store.
fn print_of_store<T, E: std::fmt::Display>(
    settings: &Settings,
    read: fn(&Path) -> Result<T, E>,
    render: impl FnOnce(&T) -> String,
) -> ExitCode {
    let store = &settings.storage.database.path;
    match read(store) {
        Ok(found) => {
            say(render(&found).trim_end());
            ExitCode::SUCCESS
        }
        Err(error) => fail(&format!("cannot read the store {}: {error}", store.display())),
    }
}

/// Upgrades the store, unless it is a rehearsal, and tells how far it is.
fn store_upgrade(path: &Path, is_rehearsal: bool) -> ExitCode {
    let settings = match configuration::load(path) {
        Ok(settings) => settings,
        Err(error) => return fail(&error),
    };
    match app::store_upgrade::run(&settings.storage.database.path, is_rehearsal, say) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

/// Decodes what waits for a credential.
fn snmpv3_redecode(path: &Path, is_rehearsal: bool) -> ExitCode {
    let settings = match configuration::load(path) {
        Ok(settings) => settings,
        Err(error) => return fail(&error),
    };
    match commands::redecode(&settings, is_rehearsal) {
        Ok(summary) => {
            say(&summary.to_string());
            ExitCode::SUCCESS
        }
        Err(error) => fail(&format!("{error:#}")),
    }
}

/// Prints names, and where they are from.
fn mib(path: &Path, command: &MibCommand) -> ExitCode {
    let Settings { snmp, .. } = match configuration::load(path) {
        Ok(settings) => settings,
        Err(error) => return fail(&error),
    };
    let directories = &snmp.mib_dirs;
    if let Err(error) = app::check_mib_dirs(directories) {
        return fail(&format!("{error:#}"));
    }
    match command {
        MibCommand::LoadReport => say(mib_commands::load_report(&mib::load(directories)).trim_end()),
        MibCommand::Export => say(mib_commands::export(directories).trim_end()),
        MibCommand::Translate { names } => {
            let dictionary = Dictionary::load(directories);
            let mut code = ExitCode::SUCCESS;
            for name in names {
                match dictionary.translate(name) {
                    Ok(told) => say(told.trim_end()),
                    Err(error) => code = fail(&error),
                }
            }
            return code;
        }
    }
    ExitCode::SUCCESS
}

/// Runs the daemon.
fn run(path: &Path) -> ExitCode {
    let (settings, keys) = match configuration::show(path) {
        Ok(loaded) => loaded,
        Err(error) => return fail(&error),
    };
    let log = match logging::init(&app::logging(&settings)) {
        Ok(log) => log,
        Err(error) => return fail(&error),
    };
    tracing::info!("muttd {} starts, configuration {}", env!("CARGO_PKG_VERSION"), path.display());
    let control = match app::control_runtime() {
        Ok(control) => control,
        Err(error) => return fail(&format!("{error:#}")),
    };
    // Before the start: from the moment the program says that it is ready, a signal ends it in good order.
    let signals = {
        let _entered = control.enter();
        match Signals::new() {
            Ok(signals) => signals,
            Err(error) => return fail(&format!("signals cannot be waited for: {error}")),
        }
    };
    let configured = Configured { path: path.to_path_buf(), settings, keys, log };
    let app = match app::start(configured, control) {
        Ok(app) => app,
        Err(error) => {
            let reason = format!("{error:#}");
            tracing::error!("{reason}");
            return ExitCode::FAILURE;
        }
    };
    let has_died = wait(&app, signals);
    let report = app.shutdown();
    if report.is_clean && !has_died { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The signals that the program heeds.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hang_up: Signal,
}

impl Signals {
    /// Catches them from now on. Must be called inside a runtime.
    fn new() -> std::io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    /// The next one that ends the program.
    async fn ending(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

/// Waits until the program is told to stop, or a thread died; returns whether one did. Reloads on SIGHUP. From the
/// first signal on, a second one ends the process at once.
fn wait(app: &App, mut signals: Signals) -> bool {
    app.control().block_on(async {
        let mut watch = tokio::time::interval(WATCH_INTERVAL);
        let has_died = loop {
            tokio::select! {
                _ = signals.interrupt.recv() => break false,
                _ = signals.terminate.recv() => break false,
                _ = signals.hang_up.recv() => app.reload(),
                _ = watch.tick() => if app.has_died() {
                    tracing::error!("a thread of the receive path died; stopping");
                    break true;
                }
            }
        };
        tracing::info!(
            "stopping: receiving ends, what was received is committed; a second signal exits at once"
        );
        tokio::spawn(async move {
            signals.ending().await;
            let _ = writeln!(std::io::stderr().lock(), "muttd: second signal, exiting at once");
            std::process::exit(1);
        });
        has_died
    })
}
