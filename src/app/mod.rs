//! Floor 6: wiring. Builds the store, the sink, the shards and the HTTP server, and takes them down in reverse.
//!
//! Invariant: no message is touched here.

mod memory;
mod reload;
mod wiring;

pub use wiring::logging;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use anyhow::Context as _;
use arc_swap::ArcSwap;
use tokio::runtime::Runtime;
use tokio::sync::watch;

use crate::base::clock::{Clock, Stopwatch, SystemClock};
use crate::config::settings::Settings;
use crate::matching::RuleSet;
use crate::mib::Names;
use crate::model::batch::Batch;
use crate::net::sys;
use crate::shard::group::{self, Listener, RunningGroup, Surroundings};
use crate::shard::rules::{ActiveRules, RulesInForce};
use crate::sink::counters::SinkCounters;
use crate::sink::drain::{Answer, Drain, Ending};
use crate::storage::writer::Writer;
use crate::telemetry::ledger::{Ledger, Sources};
use crate::{config, http, queue, storage};

/// The program at work.
#[derive(Debug)]
pub struct App {
    group: RunningGroup,
    sink: JoinHandle<Ending>,
    sink_stop: Arc<AtomicBool>,
    context: Arc<http::Context>,
    http_address: Option<SocketAddr>,
    http_stop: watch::Sender<bool>,
    reloader: reload::Reloader,
    control: Runtime,
    pid_file: Option<PathBuf>,
}

/// How the program ended.
#[derive(Debug)]
pub struct Report {
    /// The last balance.
    pub ledger: Ledger,
    /// Whether everything received is stored, discarded by a rule, or dropped for a reason that was counted while
    /// running; `false` when the store refused messages to the end, or a thread died.
    pub is_clean: bool,
}

/// Starts everything. When it returns, every listener is bound and being read.
///
/// # Errors
/// One line that says what cannot be had: a port, the store, a file of the configuration.
pub fn start(settings: &Settings) -> anyhow::Result<App> {
    let rules = load_rules(settings)?;
    let credentials = match &settings.snmpv3.credentials_file {
        Some(path) => config::load_credentials(path)?.users.len(),
        None => 0,
    };
    let store = storage::connection::open(&wiring::store(settings))?;
    let (node_id, newest) = (store.node_id, store.newest);
    let (runtime, why_not) = wiring::runtime(settings.daemon.runtime).available();
    let bound = group::bind(&wiring::group(settings, runtime))?;
    let control = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .thread_name("control")
        .enable_all()
        .build()
        .context("cannot start the control thread")?;
    let http_listener = bind_http(settings, &control)?;
    if let Some(path) = &settings.daemon.pid_file {
        write_pid_file(path)?;
    }
    let descriptors = sys::raise_descriptor_limit().context("cannot read the limit of open files")?;

    let slots = wiring::queue_slots(settings, bound.listeners.len());
    let (producer, consumer) = queue::bounded::<Batch>(slots, settings.processor.queue_max_messages as u64);
    let depth = producer.depth();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let in_force: RulesInForce = Arc::new(ArcSwap::from_pointee(ActiveRules::new(rules)));
    let bound_memory = memory::bound(slots, bound.receive_octets());
    let surroundings = Surroundings {
        producer,
        rules: Arc::clone(&in_force),
        newest,
        names: Arc::new(Names::standard()),
        clock: Arc::clone(&clock),
    };
    let (group, listeners, responder) = bound.start(&surroundings)?;
    let sink_counters = Arc::new(SinkCounters::new(listeners.len()));
    let sink_stop = Arc::new(AtomicBool::new(false));
    let answer: Answer =
        Box::new(move |inform, bytes| responder.send(bytes, inform.peer, inform.port, inform.local));
    let writer = Writer::new(store, settings.storage.keep_community)?;
    let drain = Drain::new(
        wiring::drain(settings),
        consumer,
        Box::new(writer),
        answer,
        clock,
        Arc::clone(&sink_counters),
        Arc::clone(&sink_stop),
    );
    let sink = std::thread::Builder::new().name("sink".to_owned()).spawn(move || drain.run())?;

    let http_address = http_listener.as_ref().map(tokio::net::TcpListener::local_addr).transpose()?;
    let shards = group.counters.clone();
    let sources = Sources { listeners: Arc::new(listeners), shards, sink: sink_counters, depth };
    let context = Arc::new(http::Context {
        sources,
        ready: AtomicBool::new(true),
        uptime: Stopwatch::start(),
        address: http_address.unwrap_or(settings.http.listen),
    });
    let (http_stop, mut http_stopped) = watch::channel(false);
    if let Some(listener) = http_listener {
        let context = Arc::clone(&context);
        control.spawn(async move {
            let stopped = async move {
                let _ = http_stopped.changed().await;
            };
            if let Err(error) = http::serve(listener, context, stopped).await {
                tracing::error!(%error, "the HTTP server ended");
            }
        });
    }
    let reloader = reload::Reloader::start(&settings.pattern_matching, in_force, &control);

    let app = App {
        group,
        sink,
        sink_stop,
        context,
        http_address,
        http_stop,
        reloader,
        control,
        pid_file: settings.daemon.pid_file.clone(),
    };
    app.announce(settings, node_id, credentials, bound_memory);
    let connections = settings.listeners.syslog.tcp.connections_max as u64;
    if settings.listeners.syslog.enabled
        && settings.listeners.syslog.protocol.tcp()
        && descriptors < connections + DESCRIPTORS_RESERVED
    {
        tracing::warn!(
            "{descriptors} files may be open, too few for listeners.syslog.tcp.connections_max {connections}; raise the limit \
             (ulimit -Hn, LimitNOFILE) or lower the key"
        );
    }
    if let Some(reason) = why_not {
        tracing::warn!(
            "daemon.runtime: {} is not to be had here ({reason}); using {}",
            wiring::runtime(settings.daemon.runtime).as_str(),
            runtime.as_str()
        );
    } else {
        tracing::info!("runtime {}, {} shard(s)", runtime.as_str(), wiring::shards(settings));
    }
    Ok(app)
}

/// Descriptors that are wanted for other things than TCP connections.
const DESCRIPTORS_RESERVED: u64 = 128;

/// Writes our process id.
fn write_pid_file(path: &Path) -> anyhow::Result<()> {
    std::fs::write(path, format!("{}\n", std::process::id()))
        .with_context(|| format!("cannot write the pid file {}", path.display()))
}

/// The rules of the configuration; none, when no file is named.
fn load_rules(settings: &Settings) -> anyhow::Result<RuleSet> {
    Ok(match &settings.pattern_matching.rules_file {
        Some(path) => config::load_rules(path)?,
        None => RuleSet::compile(Vec::new())?,
    })
}

/// Binds the HTTP server.
fn bind_http(settings: &Settings, control: &Runtime) -> anyhow::Result<Option<tokio::net::TcpListener>> {
    if !settings.http.enabled {
        return Ok(None);
    }
    let listen = settings.http.listen;
    let listener = control
        .block_on(tokio::net::TcpListener::bind(listen))
        .with_context(|| format!("cannot bind http {listen} (http.listen)"))?;
    Ok(Some(listener))
}

impl App {
    /// Says what is bound, where the store is, how much memory it may take, and what is less than asked for.
    fn announce(&self, settings: &Settings, node_id: u64, credentials: usize, bound_memory: usize) {
        for listener in self.context.sources.listeners.iter() {
            announce_listener(listener);
        }
        if let Some(address) = self.http_address {
            tracing::info!(
                "listening http on {address}: /healthz /readyz /metrics /api/v1/ledger /api/v1/listeners"
            );
        }
        tracing::info!(
            "store {} (node {node_id:012x}, synchronous {})",
            settings.storage.database.path.display(),
            wiring::store(settings).synchronous.as_str()
        );
        if let Some(path) = &settings.pattern_matching.rules_file {
            tracing::info!("{} rule(s) from {}", self.reloader.rules_in_force(), path.display());
        }
        if credentials > 0 {
            tracing::info!(
                "{credentials} SNMPv3 user(s) read; SNMPv3 messages are stored undecoded in this version"
            );
        }
        tracing::info!("memory bound {} MiB", bound_memory.div_ceil(1024 * 1024));
        for warning in settings.warnings() {
            tracing::warn!("{warning}");
        }
    }

    /// What is bound, and everybody's counters.
    #[must_use]
    pub fn sources(&self) -> &Sources {
        &self.context.sources
    }

    /// Address of the HTTP server.
    #[must_use]
    pub fn http_address(&self) -> Option<SocketAddr> {
        self.http_address
    }

    /// Addresses of the listener called `name`.
    #[must_use]
    pub fn addresses(&self, name: &str) -> &[SocketAddr] {
        let mut listeners = self.context.sources.listeners.iter();
        listeners.find(|listener| listener.name == name).map_or(&[], |listener| &listener.addresses)
    }

    /// Reads the rules file again; a bad one leaves the old rules in force and says so.
    pub fn reload(&self) {
        self.reloader.request();
    }

    /// Whether a thread of the receive path died.
    #[must_use]
    pub fn has_died(&self) -> bool {
        self.group.has_died() || self.sink.is_finished()
    }

    /// The runtime for signals and timers.
    #[must_use]
    pub fn control(&self) -> &Runtime {
        &self.control
    }

    /// Stops receiving, commits what was received, closes the store.
    #[must_use]
    pub fn shutdown(mut self) -> Report {
        self.context.ready.store(false, Ordering::Release);
        let shards_ended = self.group.stop();
        self.sink_stop.store(true, Ordering::Release);
        let ending = self.sink.join();
        let _ = self.http_stop.send(true);
        let ledger = self.context.sources.ledger();
        let is_clean = match ending {
            // At rest nothing is in flight, and the balance is even; otherwise this program has a fault.
            Ok(Ending::Complete) => {
                shards_ended && ledger.total.in_flight == 0 && ledger.total.difference == 0
            }
            Ok(Ending::GaveUp { events }) => {
                tracing::error!("the store refused {events} message(s) to the end; they are not stored");
                false
            }
            Err(_) => {
                tracing::error!("the sink panicked");
                false
            }
        };
        let total = &ledger.total;
        tracing::info!(
            "stopped: received {} = stored {} + discarded {} + dropped {} + in flight {} (difference {})",
            total.received,
            total.stored,
            total.discarded,
            total.dropped_total(),
            total.in_flight,
            total.difference
        );
        if let Some(path) = &self.pid_file {
            // It is ours only while it says so: a second start may have replaced it.
            let is_ours =
                std::fs::read_to_string(path).is_ok_and(|text| text.trim() == std::process::id().to_string());
            if is_ours && let Err(error) = std::fs::remove_file(path) {
                tracing::warn!("cannot remove the pid file {}: {error}", path.display());
            }
        }
        Report { ledger, is_clean }
    }
}

/// Says how one listener is bound.
fn announce_listener(listener: &Listener) {
    let addresses: Vec<String> = listener.addresses.iter().map(ToString::to_string).collect();
    let addresses = addresses.join(", ");
    let Listener { name, unavailable, .. } = listener;
    match listener.receive_buffer_octets {
        Some((asked, granted)) if granted < asked => tracing::warn!(
            "listening {name} on {addresses}: receive buffer {granted} octets, less than the {asked} asked for; bursts may be \
             dropped by the kernel; to grant it: sysctl -w net.core.rmem_max={asked}"
        ),
        Some((_, granted)) => {
            tracing::info!("listening {name} on {addresses}: receive buffer {granted} octets");
        }
        None => tracing::info!("listening {name} on {addresses}"),
    }
    for (address, reason) in unavailable {
        tracing::warn!("{name}: {address} is not available on this machine: {reason}");
    }
}
