//! Start-up, in the order in which things can fail: files, the store, ports, threads.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread::JoinHandle;

use anyhow::Context as _;
use arc_swap::ArcSwap;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::watch;

use crate::app::announce::{self, Facts};
use crate::app::operations::DaemonOperations;
use crate::app::reload::{InForce, LiveParts, Reloader, SettingsInForce};
use crate::app::{App, identity, listeners, memory, names, refresh, wiring};
use crate::base::clock::{Stopwatch, SystemClock};
use crate::config::settings::Settings;
use crate::config::{Credentials, KeyInForce};
use crate::http::socket;
use crate::identity::{EngineBoot, Identity, IdentityError};
use crate::model::batch::Batch;
use crate::model::group::Group;
use crate::net::sys;
use crate::net::tls::Certificates;
use crate::net::udp::Responder;
use crate::queue::Consumer;
use crate::queue::tap::Tap;
use crate::security::{EngineId, LocalEngine, SENDERS_MAX, Users, UsersInForce, Usm};
use crate::shard::group::{self, GroupSettings, SharedContext};
use crate::shard::listener::{Listener, ListenerSpec, NumberedSpec};
use crate::shard::names::NamesInForce;
use crate::shard::own_events;
use crate::shard::rules::{ActiveRules, RulesInForce};
use crate::shard::runtime::Runtime as ReceiveRuntime;
use crate::shard::stream::StreamContext;
use crate::shard::stream::ack_queue::AckQueue;
use crate::sink::counters::SinkCounters;
use crate::sink::drain::{Drain, Ending, Receipts};
use crate::storage::connection::{Store, StoreLock};
use crate::storage::jobs::{self, JobSender};
use crate::storage::snmp_users::report;
use crate::storage::writer::Writer;
use crate::telemetry::ledger::Sources;
use crate::telemetry::logging::LogControl;
use crate::{config, http, queue, storage};

/// The configuration, and what was made of it before the start.
#[derive(Debug)]
pub struct Configured {
    /// The main file.
    pub path: PathBuf,
    /// The settings.
    pub settings: Settings,
    /// The same, key by key.
    pub keys: Vec<KeyInForce>,
    /// The log.
    pub log: LogControl,
}

/// Starts everything, with HTTP and timers on `control`. When it returns, every listener is bound and being read.
///
/// # Errors
/// One line that says what cannot be had: a port, the store, a file of the configuration.
pub fn start(configured: Configured, control: Runtime) -> anyhow::Result<App> {
    let settings = &configured.settings;
    let in_force = load_rules(settings)?;
    let credentials = load_credentials(settings)?;
    let (mut identity, store) = open_store(settings)?;
    let usm = usm(&credentials, &mut identity, &store)?;
    let (runtime, runtime_refused) = settings.daemon.runtime.available();
    let group_settings = group_settings(settings, runtime, &mut identity)?;
    let names = names::start(settings)?;
    let bound = group::bind(&group_settings)?;
    let http_listener = bind_http(settings, &control)?;
    let slots = wiring::queue_slots(settings, bound.listeners().len());
    let facts = Facts {
        node_id: identity.node_id(),
        snmpv3_users: usm.users.load().len(),
        memory_bound_octets: memory::bound(slots, bound.receive_octets(), &group_settings, &names.load()),
        descriptors: sys::raise_descriptor_limit().context("cannot read the limit of open files")?,
        runtime,
        runtime_refused,
    };
    let (producer, consumer) = queue::bounded::<Batch>(slots, settings.processor.queue_max_messages as u64);
    let acks = Arc::new(AckQueue::default());
    let stored = repeatable_messages(&store, &group_settings.listeners)?.into();
    let context = SharedContext {
        producer,
        rules: Arc::clone(&in_force),
        newest: store.newest,
        names: Arc::clone(&names),
        zones: Arc::new(settings.listeners.syslog.zones.clone()),
        snmpv3: Arc::clone(&usm),
        clock: Arc::new(SystemClock),
        streams: StreamContext { acks: Arc::clone(&acks), stored },
    };
    let (group, listeners, responder) = bound.start(&context)?;
    let sink = Sink::start(settings, store, consumer, receipts(responder, acks), &listeners)?;
    control.spawn(refresh::run(sink.jobs.clone()));
    let http_address = http_listener.as_ref().map(TcpListener::local_addr).transpose()?;
    let sources = Sources {
        listeners: Arc::new(listeners),
        shards: group.counters.clone(),
        sink: Arc::clone(&sink.counters),
        rules: Arc::clone(&in_force),
        reloads: Arc::default(),
        depth: context.producer.depth(),
        tap: sink.tap,
        policy: Arc::clone(&group_settings.sources),
        snmpv3: Arc::clone(&usm),
    };
    let in_force_settings: SettingsInForce = Arc::new(ArcSwap::from_pointee(settings.clone()));
    let operations = DaemonOperations::new(Arc::clone(&in_force_settings), sink.jobs, Arc::clone(&usm));
    let http = (http_listener, http_address);
    let (context, http_stop) = serve_http(settings, facts.node_id, sources, operations, http, &control);
    settings.daemon.pid_file.as_deref().map(write_pid_file).transpose()?;
    let replaced = (in_force, Arc::clone(&usm.users), names);
    let reloader = start_reloader(&configured, in_force_settings, group_settings, replaced, &context)?;
    let app = App {
        group,
        sink: sink.thread,
        sink_stop: sink.stop,
        http_address,
        socket: serve_commands(settings, &context, &http_stop, &control),
        http_stop,
        context,
        reloader,
        control,
        pid_file: settings.daemon.pid_file.clone(),
    };
    announce::announce(&app, settings, &facts);
    Ok(app)
}

/// Starts to keep up to date what the configuration of `configured`, and `group` made of it, name files of.
fn start_reloader(
    configured: &Configured,
    settings: SettingsInForce,
    group: GroupSettings,
    (rules, users, names): (RulesInForce, UsersInForce, NamesInForce),
    context: &http::Context,
) -> std::io::Result<Reloader> {
    let live = LiveParts {
        path: configured.path.clone(),
        settings,
        keys: configured.keys.clone(),
        log: configured.log.clone(),
        sources: group.sources,
        listeners: group.listeners,
        own_events: group.own_events,
    };
    Reloader::start(
        live,
        InForce { rules, users, names, certificates: group.certificates },
        &context.sources.reloads,
    )
}

/// The store, and the identity beside it.
fn open_store(settings: &Settings) -> anyhow::Result<(Identity, Store)> {
    let lock = StoreLock::take(&settings.storage.database.path)?;
    let identity = identity::open(settings, &lock)?;
    let store = storage::connection::open_locked(&wiring::store(settings, identity.node_id()), lock)?;
    Ok((identity, store))
}

/// What to receive: the listeners, each with the number that is kept for its name, and their certificates.
fn group_settings(
    settings: &Settings,
    runtime: ReceiveRuntime,
    identity: &mut Identity,
) -> anyhow::Result<GroupSettings> {
    let conflicts = listeners::port_conflicts(settings);
    anyhow::ensure!(conflicts.is_empty(), "{}", conflicts.join("; "));
    let specs = listeners::specify(settings);
    let certificates = Certificates::load(specs.iter().filter_map(ListenerSpec::tls));
    let certificates = certificates.context("listeners.syslog.tls")?;
    let numbered: Result<Vec<NumberedSpec>, IdentityError> = specs
        .into_iter()
        .map(|spec| Ok(NumberedSpec { number: identity.listener_number(spec.name)?, spec: Arc::new(spec) }))
        .collect();
    let own_events = identity.listener_number(own_events::LISTENER_NAME)?;
    Ok(wiring::group(settings, runtime, numbered?, own_events, certificates))
}

/// Who is told of what was committed.
fn receipts(responder: Responder, acks: Arc<AckQueue>) -> Receipts {
    Receipts {
        inform: Box::new(move |inform, bytes| responder.send(bytes, inform.peer, inform.port, inform.local)),
        relp: Box::new(move |acknowledgements| acks.push(acknowledgements)),
    }
}

/// SNMPv3: our engine, started once more, the users of the configuration, and the clocks that were known.
fn usm(
    credentials: &Option<Credentials>,
    identity: &mut Identity,
    store: &Store,
) -> anyhow::Result<Arc<Usm>> {
    let users = |credentials: &Credentials| wiring::users(credentials, &Users::default());
    let users = credentials.as_ref().map(users).unwrap_or_default();
    let EngineBoot { number, boots } = identity.begin_engine_boot()?;
    let usm = Usm::new(Some(LocalEngine::new(EngineId::of_ours(number), boots)), users);
    let clocks = report::clocks(&store.connection, SENDERS_MAX);
    for clock in clocks.context("cannot read the clocks of SNMP engines from the store")? {
        if let Some(engine) = EngineId::new(&clock.engine_id) {
            usm.remember(&engine, clock.boots, clock.time);
        }
    }
    Ok(Arc::new(usm))
}

/// The runtime for HTTP, signals and timers.
///
/// # Errors
/// When no thread or event loop is to be had.
pub fn control_runtime() -> anyhow::Result<Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .thread_name("control")
        .enable_all()
        .build()
        .context("cannot start the control thread")
}

/// The sink at work.
struct Sink {
    /// Takes changes of the store.
    jobs: JobSender,
    thread: JoinHandle<Ending>,
    stop: Arc<AtomicBool>,
    counters: Arc<SinkCounters>,
    /// What it committed, for who follows it.
    tap: Tap<Group>,
}

impl Sink {
    /// Starts the thread that drains `consumer` into `store`.
    fn start(
        settings: &Settings,
        store: Store,
        consumer: Consumer<Batch>,
        receipts: Receipts,
        listeners: &[Listener],
    ) -> anyhow::Result<Self> {
        let numbers: Vec<u8> = listeners.iter().map(|listener| listener.number).collect();
        let counters = Arc::new(SinkCounters::new(&numbers));
        let stop = Arc::new(AtomicBool::new(false));
        let waker = consumer.waker();
        let (jobs, waiting) = jobs::bounded(Arc::new(move || waker.wake()));
        let writer = Writer::new(store, settings.storage.keep_community)?
            .with_quarantine(settings.snmpv3.quarantine_messages_max)
            .with_jobs(waiting);
        let (publisher, tap) = queue::tap::tap(wiring::TAP_LIMITS);
        writer.name_listeners(listeners.iter().map(|listener| (listener.number, listener.name)))?;
        let drain = Drain::new(
            wiring::drain(settings),
            consumer,
            Box::new(writer),
            receipts,
            Arc::new(SystemClock),
            Arc::clone(&counters),
            Arc::clone(&stop),
        )
        .with_publisher(publisher);
        let thread = std::thread::Builder::new().name("sink".to_owned()).spawn(move || drain.run())?;
        Ok(Self { jobs, thread, stop, counters, tap })
    }
}

/// Starts the HTTP server, if there is to be one; returns what stops it.
fn serve_http(
    settings: &Settings,
    node_id: u64,
    sources: Sources,
    operations: DaemonOperations,
    (listener, address): (Option<TcpListener>, Option<SocketAddr>),
    control: &Runtime,
) -> (Arc<http::Context>, watch::Sender<bool>) {
    let context = Arc::new(http::Context {
        sources,
        ready: AtomicBool::new(true),
        uptime: Stopwatch::start(),
        address: address.unwrap_or(settings.http.listen),
        store: settings.storage.database.path.clone(),
        node_id,
        operations: Arc::new(operations),
    });
    let (stop, mut stopped) = watch::channel(false);
    if let Some(listener) = listener {
        let context = Arc::clone(&context);
        control.spawn(async move {
            let stopped = async move {
                let _ = stopped.changed().await;
            };
            if let Err(error) = http::serve(listener, context, stopped).await {
                tracing::error!(%error, "the HTTP server ended");
            }
        });
    }
    (context, stop)
}

/// Serves commands over the socket beside the store until `stop` says so; returns the socket. Without it the program does
/// its work all the same.
fn serve_commands(
    settings: &Settings,
    context: &Arc<http::Context>,
    stop: &watch::Sender<bool>,
    control: &Runtime,
) -> Option<PathBuf> {
    let path = socket::path_beside(&settings.storage.database.path);
    let _entered = control.enter();
    let listener = match socket::bind(&path) {
        Ok(listener) => listener,
        Err(error) => {
            let path = path.display();
            tracing::warn!(
                "cannot serve commands at {path}: {error}; commands that change the store are refused"
            );
            return None;
        }
    };
    let (context, mut stopped) = (Arc::clone(context), stop.subscribe());
    control.spawn(async move {
        let stopped = async move {
            let _ = stopped.changed().await;
        };
        if let Err(error) = http::serve_commands(listener, context, stopped).await {
            tracing::error!(%error, "the server for commands ended");
        }
    });
    Some(path)
}

/// Writes our process id.
fn write_pid_file(path: &Path) -> anyhow::Result<()> {
    std::fs::write(path, format!("{}\n", std::process::id()))
        .with_context(|| format!("cannot write the pid file {}", path.display()))
}

/// The newest stored messages of the listeners whose senders may repeat them.
fn repeatable_messages(store: &Store, listeners: &[NumberedSpec]) -> anyhow::Result<Vec<Vec<u8>>> {
    let mut messages = Vec::new();
    for listener in listeners.iter().filter(|listener| listener.spec.repeatable_messages() > 0) {
        let newest = store.newest_messages(listener.number);
        messages.extend(newest.context("cannot read the newest messages")?);
    }
    Ok(messages)
}

/// The rules of the configuration.
fn load_rules(settings: &Settings) -> anyhow::Result<RulesInForce> {
    let rules = wiring::load_rules(settings.pattern_matching.rules_file.as_deref())?;
    Ok(Arc::new(ArcSwap::from_pointee(ActiveRules::new(rules))))
}

/// The SNMPv3 users of the configuration; `None` when no file is named.
fn load_credentials(settings: &Settings) -> anyhow::Result<Option<Credentials>> {
    Ok(settings.snmpv3.credentials_file.as_deref().map(config::load_credentials).transpose()?)
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
