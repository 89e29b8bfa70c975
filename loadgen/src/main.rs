//! `loadgen`: open-loop load for a syslog and SNMP notification receiver, with a balance at the end.
//!
//! ```text
//! args -> plan (payload, rng) -> pace, send -> verify -> report
//! ```
//!
//! It shares no code with the receiver on purpose: an encoder that shares code with the decoder hides their common
//! mistakes. Invariants: the plan is built before the first message is sent; every planned message is counted as sent or
//! failed; the exit code says what the receiver's books say.

mod acknowledged;
mod args;
mod layout;
mod outcome;
mod pace;
mod payload;
mod plan;
mod progress;
mod report;
mod rng;
mod send;
mod store;
mod tls;
mod transports;
mod verify;

use std::io::Write;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use anyhow::{Context, Result, anyhow};
use clap::Parser;

use crate::acknowledged::AcknowledgedFile;
use crate::args::Args;
use crate::layout::Layout;
use crate::outcome::Outcome;
use crate::plan::Plan;
use crate::progress::Progress;
use crate::report::Summary;
use crate::send::{Gate, Run};
use crate::store::Search;
use crate::store::findings::Excuses;
use crate::transports::{Settings, Target};
use crate::verify::{Balance, Client, Handed};

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
    let layout = args.layout()?;
    let plan = Plan::build(&args.plan_settings())?;
    let target = Target {
        syslog: SocketAddr::new(args.target, args.syslog_port),
        snmp: SocketAddr::new(args.target, args.snmp_port),
    };
    if args.run.is_some() {
        return look(args, &plan, layout, target);
    }
    let settings = args.send_settings(target)?;
    if !args.quiet {
        print(&report::head(args, &plan, target))?;
    }
    let client = args.verify.as_deref().map(Client::new);
    // The first look fails at once when there is no receiver; only then is it worth waiting for it to settle.
    let before = match &client {
        Some(client) => {
            client.ledger()?;
            Some(verify::drain(client, verify::QUIET_POLLS_BEFORE, args.drain_timeout)?)
        }
        None => None,
    };
    let file = args.acknowledged_file.as_deref();
    let file = file.map(|path| AcknowledgedFile::create(path, plan.run_id, plan.fingerprint)).transpose()?;
    let outcome = send_all(args, &plan, layout, &settings, file.as_ref())?;
    if let Some(file) = &file {
        file.sync()?;
    }
    let balance = match client.zip(before) {
        Some((client, before)) => match verify::drain(&client, verify::QUIET_POLLS_AFTER, args.drain_timeout)
        {
            Ok(after) => Some(Balance::new(Handed::new(&outcome), &before.total, &after.total)),
            Err(error) => {
                // What was sent is worth knowing although the receiver went away.
                print(&Summary::new(args, &plan, &outcome, None, None).table())?;
                return Err(error);
            }
        },
        None => None,
    };
    let found = match &args.verify_store {
        Some(path) => {
            let excuses = balance.as_ref().map(Balance::excuses).unwrap_or_default();
            let excuses = Excuses { broken: outcome.broken.clone(), ..excuses };
            let acknowledged = Some(&outcome.acknowledged_sequences[..]);
            let search = Search { plan: &plan, layout, settings: &settings, acknowledged, excuses };
            Some(search.wait(path, args.drain_timeout)?)
        }
        None => None,
    };
    finish(args, &Summary::new(args, &plan, &outcome, balance, found))
}

/// `--run`: looks into the store for what an earlier run sent.
fn look(args: &Args, plan: &Plan, layout: Layout, target: Target) -> Result<u8> {
    let path = args.verify_store.as_deref().context("--run needs --verify-store")?;
    // Nothing is sent, so nobody has to be trusted.
    let settings = args.settings_without_tls(target);
    let file = args.acknowledged_file.as_deref();
    let acknowledged =
        file.map(|path| acknowledged::read(path, plan.run_id, plan.fingerprint)).transpose()?;
    let acknowledged = acknowledged.as_deref();
    let search = Search { plan, layout, settings: &settings, acknowledged, excuses: Excuses::default() };
    let found = search.now(path)?;
    let count = acknowledged.map_or(0, <[u64]>::len);
    finish(args, &Summary::looked(args, plan, Outcome::empty()?, count, found))
}

fn finish(args: &Args, summary: &Summary) -> Result<u8> {
    if let Some(path) = &args.json {
        let json = serde_json::to_string_pretty(summary).context("summary")?;
        std::fs::write(path, json + "\n")
            .with_context(|| format!("--json: cannot write {}", path.display()))?;
    }
    let table = if args.quiet { summary.faults() } else { summary.table() };
    print(&format!("{table}{}\n", summary.verdict_line()))?;
    Ok(summary.exit_code)
}

/// Runs the sender threads and shows progress until all are done.
fn send_all(
    args: &Args,
    plan: &Plan,
    layout: Layout,
    settings: &Settings,
    acknowledged: Option<&AcknowledgedFile>,
) -> Result<Outcome> {
    let done = AtomicU64::new(0);
    let mut progress = Progress::new(plan.total, args.quiet);
    let sealer = plan.sealer(life());
    let gate = Gate::new(layout.threads);
    let run = Run {
        plan,
        layout,
        sealer: &sealer,
        settings,
        acknowledged,
        keeps_acknowledged: args.verify_store.is_some(),
        progress: &done,
        gate: &gate,
    };
    let merged = std::thread::scope(|scope| {
        let run = &run;
        let mut senders = Vec::new();
        for thread in 0..layout.threads {
            let name = format!("sender-{thread}");
            let spawned =
                std::thread::Builder::new().name(name).spawn_scoped(scope, move || run.send(thread));
            match spawned {
                Ok(sender) => senders.push(sender),
                Err(error) => {
                    run.gate.leave(layout.threads - senders.len() as u64);
                    return Err(error).context("cannot start the sender threads");
                }
            }
        }
        collect(senders, || progress.update(done.load(Ordering::Relaxed)))
    });
    progress.finish();
    merged
}

/// Boots of this run's SNMPv3 engines: seconds since 1970, so that a later run is a later life.
fn life() -> u32 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u32::try_from(since.as_secs()).unwrap_or(u32::MAX)
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::io::Read;
    use std::net::{TcpListener, UdpSocket};
    use std::sync::Arc;
    use std::time::{Duration, Instant};

    /// A receiver made of two sockets and an API: it stores all datagrams but claims `stored - hidden` and `dropped`.
    struct Receiver {
        line: String,
        received: Arc<AtomicU64>,
    }

    fn receiver(hidden: u64, dropped: u64) -> Receiver {
        let received = Arc::new(AtomicU64::new(0));
        let ports = [(); 2].map(|()| {
            let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
            let port = socket.local_addr().unwrap().port();
            let received = Arc::clone(&received);
            std::thread::spawn(move || {
                let mut buffer = [0; 2048];
                while socket.recv(&mut buffer).is_ok() {
                    received.fetch_add(1, Ordering::SeqCst);
                }
            });
            port
        });
        let api = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = api.local_addr().unwrap();
        let count = Arc::clone(&received);
        std::thread::spawn(move || {
            for stream in api.incoming() {
                let mut stream = stream.unwrap();
                let mut buffer = [0; 4096];
                let _ = stream.read(&mut buffer);
                let received = count.load(Ordering::SeqCst);
                let (hidden, dropped) = if received == 0 { (0, 0) } else { (hidden, dropped) };
                let body = format!(
                    r#"{{"total":{{"received":{received},"stored":{},"discarded":0,"dropped":{{"queue_full":{dropped}}},
                    "in_flight":0}}}}"#,
                    received - hidden - dropped
                );
                let head =
                    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
                let _ = stream.write_all((head + &body).as_bytes());
            }
        });
        let line = format!(
            "loadgen --quiet --rate 2000 --duration 100ms --syslog-port {} --snmp-port {} --verify http://{url}",
            ports[0], ports[1]
        );
        Receiver { line, received }
    }

    fn exit_code(line: &str) -> u8 {
        run(&Args::try_parse_from(line.split_whitespace()).unwrap()).unwrap()
    }

    #[test]
    fn a_whole_run_is_balanced_against_the_receiver() {
        let receiver = receiver(0, 0);
        let json = std::env::temp_dir().join(format!("loadgen-summary-{}.json", std::process::id()));
        // A busy machine may miss the rate of so short a run; the books must be right all the same.
        let line = format!("{} --accept-drops", receiver.line);
        assert_eq!(exit_code(&format!("{line} --json {}", json.display())), 0);
        assert_eq!(receiver.received.load(Ordering::SeqCst), 200);
        let summary: serde_json::Value = serde_json::from_slice(&std::fs::read(&json).unwrap()).unwrap();
        std::fs::remove_file(&json).unwrap();
        assert_eq!(summary["balance"]["stored"], 200);
        assert_eq!(summary["balance"]["unaccounted"], 0);
        // A second run starts from the books as the first one left them.
        assert_eq!(exit_code(&line), 0);
    }

    #[test]
    fn a_receiver_that_forgets_or_drops_is_found_out() {
        assert_eq!(exit_code(&receiver(1, 0).line), 1);
        assert_eq!(exit_code(&format!("{} --accept-drops", receiver(1, 0).line)), 1);
        let dropping = receiver(0, 3);
        assert_eq!(exit_code(&dropping.line), 3);
        assert_eq!(exit_code(&format!("{} --accept-drops", receiver(0, 3).line)), 0);
    }

    #[test]
    fn an_absent_receiver_is_an_error_before_anything_is_sent() {
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let line = format!("loadgen --quiet --verify http://{address} --drain-timeout 1ms --duration 1h");
        let start = Instant::now();
        let error = run(&Args::try_parse_from(line.split_whitespace()).unwrap()).unwrap_err();
        assert!(
            format!("{error:#}").contains(&format!("--verify: GET http://{address}/api/v1/ledger")),
            "{error:#}"
        );
        assert!(start.elapsed() < Duration::from_secs(60));
    }
}
