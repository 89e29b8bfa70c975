//! `loadgen`: open-loop load for a syslog and SNMP notification receiver, with a balance at the end.
//!
//! ```text
//! args -> plan (payload, rng) -> pace, send -> verify -> report
//! ```
//!
//! It shares no code with the receiver on purpose: an encoder that shares code with the decoder hides their common
//! mistakes. Invariants: the plan is built before the first message is sent; every planned message is counted as sent or
//! failed; the exit code says what the receiver's books say.

mod args;
mod pace;
mod payload;
mod plan;
mod progress;
mod report;
mod rng;
mod send;
mod verify;

use std::io::Write;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use anyhow::{Context, Result, anyhow};
use clap::Parser;

use crate::args::Args;
use crate::pace::Schedule;
use crate::plan::Plan;
use crate::progress::Progress;
use crate::report::Summary;
use crate::send::{Outcome, Target};
use crate::verify::{Balance, Client};

fn main() -> ExitCode {
    let args = Args::parse();
    match run(&args) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            progress::note(&format!("loadgen: {error:#}"));
            ExitCode::from(2)
        }
    }
}

fn run(args: &Args) -> Result<u8> {
    let plan = Plan::build(args)?;
    let target = Target {
        syslog: SocketAddr::new(args.target, args.syslog_port),
        snmp: SocketAddr::new(args.target, args.snmp_port),
    };
    if !args.quiet {
        print(&report::head(args, &plan, target))?;
    }
    let client = args.verify.as_deref().map(Client::new);
    let before = client.as_ref().map(Client::ledger).transpose()?;
    let outcome = send_all(args, &plan, target)?;
    let balance = match client.zip(before) {
        Some((client, before)) => {
            let after = verify::drain(&client, args.drain_timeout)?;
            Some(Balance::new(outcome.sent, &before.total, &after.total))
        }
        None => None,
    };
    let summary = Summary::new(args, &plan, &outcome, balance);
    if let Some(path) = &args.json {
        let json = serde_json::to_string_pretty(&summary).context("summary")?;
        std::fs::write(path, json + "\n")
            .with_context(|| format!("--json: cannot write {}", path.display()))?;
    }
    let table = if args.quiet { String::new() } else { summary.table() };
    print(&format!("{table}{}\n", summary.verdict_line()))?;
    Ok(summary.exit_code)
}

/// Runs the sender threads and shows progress until all are done.
fn send_all(args: &Args, plan: &Plan, target: Target) -> Result<Outcome> {
    let done = AtomicU64::new(0);
    let mut progress = Progress::new(plan.total, args.quiet);
    let start = Instant::now();
    let merged = std::thread::scope(|scope| {
        let threads = u64::from(args.threads);
        let senders: Vec<_> = (0..threads)
            .map(|thread| {
                let schedule = Schedule { rate: plan.rate, total: plan.total, thread, threads };
                let done = &done;
                std::thread::Builder::new()
                    .name(format!("sender-{thread}"))
                    .spawn_scoped(scope, move || send::run(plan, schedule, target, start, done))
            })
            .collect::<Result<_, _>>()
            .context("cannot start the sender threads")?;
        collect(senders, || progress.update(done.load(Ordering::Relaxed)))
    });
    progress.finish();
    merged
}

type Sender<'scope> = std::thread::ScopedJoinHandle<'scope, Result<Outcome>>;

fn collect(senders: Vec<Sender<'_>>, mut look: impl FnMut()) -> Result<Outcome> {
    while !senders.iter().all(Sender::is_finished) {
        look();
        std::thread::sleep(progress::LOOK_INTERVAL);
    }
    let mut merged = Outcome::empty()?;
    for sender in senders {
        let outcome = sender.join().map_err(|_| anyhow!("a sender thread panicked"))??;
        merged.merge(&outcome)?;
    }
    Ok(merged)
}

fn print(text: &str) -> Result<()> {
    std::io::stdout().lock().write_all(text.as_bytes()).context("cannot write to standard output")
}
