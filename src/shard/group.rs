//! All shards of the program: bind every socket, start every thread, stop and join them.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread::JoinHandle;

use crate::base::clock::Clock;
use crate::base::limits::RECEIVE_BATCH_DATAGRAMS;
use crate::model::batch::Batch;
use crate::model::event::EventId;
use crate::model::subject::ListenerNames;
use crate::model::zone::Zones;
use crate::net::listener::BindError;
use crate::net::sys::{self, ReceiveSlab};
use crate::net::tls::Certificates;
use crate::net::udp::Responder;
use crate::queue::Producer;
use crate::security::Usm;
use crate::shard::admission::{Admission, SourcesInForce};
use crate::shard::bind::Bound;
use crate::shard::counters::ShardCounters;
use crate::shard::intake::{Intake, Overflow};
use crate::shard::listener::{Listener, NumberedSpec};
use crate::shard::names::NamesInForce;
use crate::shard::own_events::{self, OwnEvents};
use crate::shard::pipeline::{InformHasher, Pipeline, PipelineParts};
use crate::shard::receive::Shard;
use crate::shard::rules::RulesInForce;
use crate::shard::runtime::Runtime;
use crate::shard::stream::{self, BoundStream, StreamContext};

/// What to receive and with how many hands.
#[derive(Debug, Clone)]
pub struct GroupSettings {
    /// Runtime of the UDP shards.
    pub runtime: Runtime,
    /// Number of UDP shards.
    pub shards: usize,
    /// The listeners.
    pub listeners: Vec<NumberedSpec>,
    /// Number of the listener that counts the program's own events.
    pub own_events: u8,
    /// Certificates of the listeners over TLS.
    pub certificates: Certificates,
    /// What is taken from whom.
    pub sources: SourcesInForce,
}

/// Every socket bound, nothing read yet.
#[derive(Debug)]
pub struct BoundGroup {
    runtime: Runtime,
    datagram_octets_max: usize,
    bound: Bound,
    sources: SourcesInForce,
    own_events: u8,
}

/// What all shards share.
#[derive(Clone)]
pub struct SharedContext {
    /// Where batches go.
    pub producer: Producer<Batch>,
    /// Rules in force.
    pub rules: RulesInForce,
    /// The newest event in the store.
    pub newest: EventId,
    /// Names of OIDs in force.
    pub names: NamesInForce,
    /// Time zones of devices.
    pub zones: Arc<Zones>,
    /// SNMPv3: our engine, and the users in force.
    pub snmpv3: Arc<Usm>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// What streams need besides.
    pub streams: StreamContext,
}

impl std::fmt::Debug for SharedContext {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SharedContext").finish_non_exhaustive()
    }
}

/// The group at work.
#[derive(Debug)]
pub struct RunningGroup {
    stop: Arc<AtomicBool>,
    died: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
    /// Counters, one set a shard; the last is of the streams.
    pub counters: Vec<Arc<ShardCounters>>,
}

/// Binds every socket of every listener, in order.
///
/// # Errors
/// The first that cannot be bound.
pub fn bind(settings: &GroupSettings) -> Result<BoundGroup, BindError> {
    let mut bound = Bound::bind(&settings.listeners, settings.shards, &settings.certificates)?;
    bound.listeners.push(Listener::new(settings.own_events, own_events::LISTENER_NAME, "internal"));
    let udp = settings.listeners.iter().filter(|listener| listener.spec.stream().is_none());
    Ok(BoundGroup {
        runtime: settings.runtime,
        datagram_octets_max: udp.map(|listener| listener.spec.message_octets_max).max().unwrap_or(1),
        bound,
        sources: Arc::clone(&settings.sources),
        own_events: settings.own_events,
    })
}

/// Makes the intakes of all shards.
struct Intakes<'a> {
    context: &'a SharedContext,
    sources: SourcesInForce,
    informs: InformHasher,
    /// Numbers of all listeners.
    numbers: Vec<u8>,
    /// Names of all listeners, for rules.
    names: Arc<ListenerNames>,
    own_events: u8,
}

impl Intakes<'_> {
    /// The intake of producer number `producer`, and its counters.
    fn make(&self, producer: usize, overflow: Overflow) -> (Intake, Arc<ShardCounters>) {
        let SharedContext { producer: queue, rules, names, zones, snmpv3, newest, .. } = self.context.clone();
        let counters = Arc::new(ShardCounters::new(&self.numbers));
        let sources = Arc::clone(&self.sources);
        let own_events = Some(OwnEvents::new(self.own_events));
        let pipeline = Pipeline::new(PipelineParts {
            producer,
            newest,
            rules,
            rule_counters: Arc::clone(&counters.rules),
            names,
            informs: self.informs.clone(),
            zones,
            sources: Arc::clone(&sources),
            listeners: Arc::clone(&self.names),
            snmpv3,
        });
        let admission = Admission::new(sources);
        let intake = Intake::new(admission, own_events, pipeline, queue, overflow, Arc::clone(&counters));
        (intake, counters)
    }
}

impl BoundGroup {
    /// Octets that the receive buffers of all shards may occupy.
    #[must_use]
    pub fn receive_octets(&self) -> usize {
        self.bound.shards.len() * ReceiveSlab::octets(RECEIVE_BATCH_DATAGRAMS, self.datagram_octets_max)
    }

    /// The listeners, our own included.
    #[must_use]
    pub fn listeners(&self) -> &[Listener] {
        &self.bound.listeners
    }

    /// Starts one thread a shard, and one for streams. When it returns, all of them are reading.
    ///
    /// # Errors
    /// When a thread cannot be started.
    pub fn start(self, context: &SharedContext) -> io::Result<(RunningGroup, Vec<Listener>, Responder)> {
        let Self { runtime, mut bound, sources, own_events, .. } = self;
        let responder = bound.take_responder();
        let Bound { shards, streams, listeners, .. } = bound;
        let mut group = RunningGroup {
            stop: Arc::new(AtomicBool::new(false)),
            died: Arc::new(AtomicBool::new(false)),
            threads: Vec::new(),
            counters: Vec::new(),
        };
        let intakes = Intakes {
            context,
            sources: Arc::clone(&sources),
            informs: InformHasher::default(),
            numbers: listeners.iter().map(|listener| listener.number).collect(),
            names: Arc::new(ListenerNames::new(
                listeners.iter().map(|listener| (listener.number, listener.name)),
            )),
            own_events,
        };
        let (ready, is_ready) = mpsc::channel();
        let mut started = 0;
        let shard_count = shards.len();
        for (index, sockets) in shards.into_iter().enumerate() {
            if sockets.is_empty() {
                continue;
            }
            let (intake, counters) = intakes.make(index, Overflow::DropNewest);
            group.counters.push(counters);
            let clock = Arc::clone(&context.clock);
            let shard = Shard::new(index, sockets, intake, clock, Arc::clone(&group.stop));
            let ready = ready.clone();
            started += 1;
            group.spawn(format!("shard-{index}"), move || {
                if let Err(error) = sys::pin_thread(index) {
                    tracing::debug!(shard = index, %error, "the shard is not bound to a processor");
                }
                let _ = ready.send(());
                drop(ready);
                runtime.run(shard);
            })?;
        }
        if !streams.is_empty() {
            let (intake, counters) = intakes.make(shard_count, Overflow::StopReading);
            group.counters.push(counters);
            let ready = ready.clone();
            started += 1;
            group.spawn_streams(streams, intake, sources, context, move || {
                ready.send(()).unwrap_or_default();
            })?;
        }
        drop(ready);
        // A thread that ends before it is ready drops its sender.
        if (0..started).any(|_| is_ready.recv().is_err()) {
            return Err(io::Error::other("a receiving thread ended at start"));
        }
        Ok((group, listeners, responder))
    }
}

/// Notes when the thread that holds it panics.
struct DeathWatch(Arc<AtomicBool>);

impl Drop for DeathWatch {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.store(true, Ordering::Release);
        }
    }
}

impl RunningGroup {
    /// Starts a named thread of the group.
    fn spawn(&mut self, name: String, work: impl FnOnce() + Send + 'static) -> io::Result<()> {
        let watch = DeathWatch(Arc::clone(&self.died));
        let thread = std::thread::Builder::new().name(name).spawn(move || {
            let _watch = watch;
            work();
        })?;
        self.threads.push(thread);
        Ok(())
    }

    /// Starts the thread that serves `streams`.
    fn spawn_streams(
        &mut self,
        streams: Vec<BoundStream>,
        intake: Intake,
        sources: SourcesInForce,
        context: &SharedContext,
        on_ready: impl FnOnce() + Send + 'static,
    ) -> io::Result<()> {
        let (clock, stop) = (Arc::clone(&context.clock), Arc::clone(&self.stop));
        let (context, died) = (context.streams.clone(), Arc::clone(&self.died));
        self.spawn("streams".to_owned(), move || {
            if let Err(error) = stream::run(streams, intake, sources, clock, &context, &stop, on_ready) {
                tracing::error!(%error, "the thread that serves TCP ended");
                died.store(true, Ordering::Release);
            }
        })
    }

    /// Whether a receiving thread panicked. The program should stop then: what it did not read is not received.
    #[must_use]
    pub fn has_died(&self) -> bool {
        self.died.load(Ordering::Acquire)
    }

    /// Stops receiving: takes what the kernel holds, hands the last batches over, joins the threads. Returns whether
    /// all of them ended in good order.
    #[must_use]
    pub fn stop(&mut self) -> bool {
        self.stop.store(true, Ordering::Release);
        // Each is joined, also after one that panicked: what the others still hand over must reach the sink.
        let ends: Vec<_> = self.threads.drain(..).map(JoinHandle::join).collect();
        ends.iter().all(Result::is_ok)
    }
}
