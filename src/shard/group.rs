//! All shards of the program: bind every socket, start every thread, stop and join them.

use std::io;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread::JoinHandle;

use crate::base::cidr::IpRanges;
use crate::base::clock::Clock;
use crate::base::limits::RECEIVE_BATCH_DATAGRAMS;
use crate::model::batch::Batch;
use crate::model::event::EventId;
use crate::model::subject::ListenerNames;
use crate::model::zone::Zones;
use crate::net::accept::{Admission, ConnectionCounters};
use crate::net::listener::{BindError, TcpGroup, UdpSettings, UdpSocket, bind_tcp, bind_udp};
use crate::net::sys::{self, ReceiveSlab};
use crate::net::tls::TlsInForce;
use crate::net::udp::{DropGauge, Responder};
use crate::queue::Producer;
use crate::security::Usm;
use crate::shard::counters::ShardCounters;
use crate::shard::gate::{Gate, ListenerSources, SourcePolicy};
use crate::shard::intake::{Intake, Overflow};
use crate::shard::names::NamesInForce;
use crate::shard::own_events::{self, OwnEvents};
use crate::shard::pipeline::{InformHasher, Pipeline, PipelineParts, Protocol};
use crate::shard::rate_limit::{RateLimiter, RateSettings};
use crate::shard::receive::{Shard, ShardSocket};
use crate::shard::rules::RulesInForce;
use crate::shard::runtime::Runtime;
use crate::shard::snmp_policy::SnmpPolicy;
use crate::shard::stream::{self, Speech, StreamLimits, StreamListener, StreamSurroundings};

/// A UDP listener as asked for.
#[derive(Debug, Clone)]
pub struct UdpListenerSettings {
    /// Its name in metrics and the ledger.
    pub name: &'static str,
    /// What comes in.
    pub protocol: Protocol,
    /// Longest datagram that is taken whole.
    pub datagram_octets_max: usize,
    /// How to bind it.
    pub socket: UdpSettings,
    /// Who may send.
    pub sources: ListenerSources,
}

/// A TCP listener as asked for.
#[derive(Debug, Clone)]
pub struct TcpListenerSettings {
    /// Its name in metrics and the ledger.
    pub name: &'static str,
    /// Addresses to bind.
    pub addresses: Vec<std::net::IpAddr>,
    /// Port; 0 lets the kernel choose.
    pub port: u16,
    /// What is spoken.
    pub speech: Speech,
    /// Certificates, when it is spoken within TLS.
    pub tls: Option<TlsInForce>,
    /// Proxies: their connections begin with a PROXY header.
    pub proxies: IpRanges,
    /// Limits on its connections.
    pub limits: StreamLimits,
    /// Who may send.
    pub sources: ListenerSources,
}

/// What to receive and with how many hands.
#[derive(Debug, Clone)]
pub struct GroupSettings {
    /// Runtime of the UDP shards.
    pub runtime: Runtime,
    /// Number of UDP shards.
    pub shards: usize,
    /// UDP listeners.
    pub udp: Vec<UdpListenerSettings>,
    /// TCP listeners.
    pub tcp: Vec<TcpListenerSettings>,
    /// Which messages the SNMP listeners take.
    pub snmp: SnmpPolicy,
    /// The limit on what one source may send.
    pub rate: Option<RateSettings>,
    /// Whether loud sources give way in an overload.
    pub fair_share: bool,
}

/// A bound listener, as the ledger and the API see it.
#[derive(Debug)]
pub struct Listener {
    /// Its name.
    pub name: &'static str,
    /// `udp`, `tcp`, `tls`, `relp` or `relp+tls`; `internal` for our own messages.
    pub transport: &'static str,
    /// Its bound addresses.
    pub addresses: Vec<SocketAddr>,
    /// Receive buffer asked for and granted, octets per socket; UDP only.
    pub receive_buffer_octets: Option<(usize, usize)>,
    /// Addresses that are not there on this machine, with what the kernel said.
    pub unavailable: Vec<(std::net::IpAddr, String)>,
    /// Kernel drops, one gauge a socket.
    pub drops: Vec<DropGauge>,
    /// What happened to connections; TCP only.
    pub connections: Option<(Arc<ConnectionCounters>, Admission)>,
}

impl Listener {
    /// Datagrams that the kernel dropped before we could read them.
    #[must_use]
    pub fn kernel_drops(&self) -> u64 {
        self.drops.iter().map(DropGauge::read).sum()
    }
}

/// Every socket bound, nothing read yet.
#[derive(Debug)]
pub struct BoundGroup {
    runtime: Runtime,
    datagram_octets_max: usize,
    shards: Vec<Vec<ShardSocket>>,
    streams: Vec<StreamListener>,
    sources: Arc<SourcePolicy>,
    /// The listeners, by number.
    pub listeners: Vec<Listener>,
    /// Answers informs.
    pub responder: Responder,
}

/// What all shards share.
#[derive(Clone)]
pub struct Surroundings {
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
    pub streams: StreamSurroundings,
}

impl Surroundings {
    /// The intake of producer number `producer`.
    fn intake(
        &self,
        producer: usize,
        overflow: Overflow,
        sources: &Arc<SourcePolicy>,
        informs: &InformHasher,
        counters: &Arc<ShardCounters>,
        listeners: &Arc<ListenerNames>,
    ) -> Intake {
        let Self { producer: queue, rules, names, zones, snmpv3, newest, .. } = self.clone();
        let (informs, sources) = (informs.clone(), Arc::clone(sources));
        let gate = Gate::new(Arc::clone(&sources));
        // The last listener is our own, if there is a limit to tell of.
        let number = counters.listeners.len() as u8;
        let limit = sources.limiter.as_ref().map(|limiter| limiter.settings());
        let own_events = limit.map(|limit| OwnEvents::new(number - 1, limit));
        let listeners = Arc::clone(listeners);
        let pipeline = Pipeline::new(PipelineParts {
            producer,
            newest,
            rules,
            names,
            informs,
            zones,
            sources,
            listeners,
            snmpv3,
        });
        Intake::new(gate, own_events, pipeline, queue, overflow, Arc::clone(counters))
    }
}

impl std::fmt::Debug for Surroundings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Surroundings").finish_non_exhaustive()
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
    /// What any one source may send, if that is limited.
    pub limiter: Option<Arc<RateLimiter>>,
}

/// What tells a socket's drops, and a second descriptor to answer through.
fn gauge_and_copy(socket: &UdpSocket) -> Result<(DropGauge, OwnedFd), BindError> {
    let both = || -> io::Result<_> { Ok((DropGauge::of(&socket.fd)?, socket.fd.try_clone()?)) };
    both().map_err(|source| BindError { transport: "udp", address: socket.address, source })
}

/// What is said of sources, by number of the listener.
fn source_policy(settings: &GroupSettings) -> SourcePolicy {
    let udp = settings.udp.iter().map(|listener| listener.sources.clone());
    // Who may connect is asked once, at the door.
    let tcp =
        settings.tcp.iter().map(|listener| ListenerSources { allowed: None, ..listener.sources.clone() });
    let own = settings.rate.map(|_| ListenerSources::default());
    SourcePolicy {
        listeners: udp.chain(tcp).chain(own).collect(),
        snmp: settings.snmp.clone(),
        limiter: settings.rate.map(|rate| Arc::new(RateLimiter::new(rate))),
        fair_share: settings.fair_share,
    }
}

/// The listener that counts what the program itself has to say.
fn own_listener() -> Listener {
    Listener {
        name: own_events::LISTENER_NAME,
        transport: "internal",
        addresses: Vec::new(),
        receive_buffer_octets: None,
        unavailable: Vec::new(),
        drops: Vec::new(),
        connections: None,
    }
}

/// Binds every socket of every listener, in order.
///
/// # Errors
/// The first that cannot be bound.
pub fn bind(settings: &GroupSettings) -> Result<BoundGroup, BindError> {
    let mut shards: Vec<Vec<ShardSocket>> = (0..settings.shards).map(|_| Vec::new()).collect();
    let mut listeners = Vec::new();
    let mut answering = Vec::new();
    let mut streams = Vec::new();
    for udp in &settings.udp {
        let number = listeners.len() as u8;
        let group = bind_udp(&udp.socket, settings.shards)?;
        let mut drops = Vec::new();
        for (shard, sockets) in shards.iter_mut().zip(group.shards) {
            for socket in sockets {
                let (gauge, copy) = gauge_and_copy(&socket)?;
                drops.push(gauge);
                if udp.protocol == Protocol::Snmp {
                    answering.push((copy, socket.address));
                }
                let port = socket.address.port();
                shard.push(ShardSocket {
                    fd: socket.fd,
                    protocol: udp.protocol,
                    listener: number,
                    port,
                    datagram_octets_max: udp.datagram_octets_max,
                    receive_buffer_octets: group.receive_buffer_octets_granted,
                });
            }
        }
        listeners.push(Listener {
            name: udp.name,
            transport: "udp",
            addresses: group.addresses,
            receive_buffer_octets: Some((
                udp.socket.receive_buffer_octets,
                group.receive_buffer_octets_granted,
            )),
            unavailable: group.unavailable.iter().map(|(ip, error)| (*ip, error.to_string())).collect(),
            drops,
            connections: None,
        });
    }
    for tcp in &settings.tcp {
        let (listener, stream) = bind_stream(tcp, listeners.len() as u8)?;
        listeners.push(listener);
        streams.push(stream);
    }
    if settings.rate.is_some() {
        listeners.push(own_listener());
    }
    Ok(BoundGroup {
        sources: Arc::new(source_policy(settings)),
        runtime: settings.runtime,
        datagram_octets_max: settings.udp.iter().map(|udp| udp.datagram_octets_max).max().unwrap_or(1),
        shards,
        streams,
        listeners,
        responder: Responder::new(answering),
    })
}

/// Binds a TCP listener, whatever is spoken there.
fn bind_stream(tcp: &TcpListenerSettings, number: u8) -> Result<(Listener, StreamListener), BindError> {
    let TcpGroup { sockets, unavailable } = bind_tcp(&tcp.addresses, tcp.port)?;
    let connections = Arc::new(ConnectionCounters::default());
    let admission = Admission::new(tcp.limits.connections_max);
    let listener = Listener {
        name: tcp.name,
        transport: match (tcp.speech, &tcp.tls) {
            (Speech::Syslog, None) => "tcp",
            (Speech::Syslog, Some(_)) => "tls",
            (Speech::Relp { .. }, None) => "relp",
            (Speech::Relp { .. }, Some(_)) => "relp+tls",
        },
        addresses: sockets.iter().map(|(_, address)| *address).collect(),
        receive_buffer_octets: None,
        unavailable: unavailable.iter().map(|(ip, error)| (*ip, error.to_string())).collect(),
        drops: Vec::new(),
        connections: Some((Arc::clone(&connections), admission.clone())),
    };
    let stream = StreamListener {
        sockets,
        listener: number,
        speech: tcp.speech,
        tls: tcp.tls.clone(),
        proxies: tcp.proxies.clone(),
        allowed: tcp.sources.allowed.clone(),
        limits: tcp.limits,
        connections,
        admission,
    };
    Ok((listener, stream))
}

impl BoundGroup {
    /// Octets that the receive buffers of all shards may occupy.
    #[must_use]
    pub fn receive_octets(&self) -> usize {
        self.shards.len() * ReceiveSlab::octets(RECEIVE_BATCH_DATAGRAMS, self.datagram_octets_max)
    }

    /// Starts one thread a shard, and one for streams. When it returns, all of them are reading.
    ///
    /// # Errors
    /// When a thread cannot be started.
    pub fn start(self, surroundings: &Surroundings) -> io::Result<(RunningGroup, Vec<Listener>, Responder)> {
        let Self { runtime, shards, streams, sources, listeners, responder, .. } = self;
        let mut group = RunningGroup {
            stop: Arc::new(AtomicBool::new(false)),
            died: Arc::new(AtomicBool::new(false)),
            threads: Vec::new(),
            counters: Vec::new(),
            limiter: sources.limiter.clone(),
        };
        let informs = InformHasher::default();
        let names = Arc::new(ListenerNames::new((0..).zip(listeners.iter().map(|listener| listener.name))));
        let (ready, is_ready) = mpsc::channel();
        let new_intake = |producer, overflow| {
            let counters = Arc::new(ShardCounters::new(listeners.len()));
            let made = surroundings.intake(producer, overflow, &sources, &informs, &counters, &names);
            (made, counters)
        };
        let mut started = 0;
        let shard_count = shards.len();
        for (index, sockets) in shards.into_iter().enumerate() {
            if sockets.is_empty() {
                continue;
            }
            let (intake, counters) = new_intake(index, Overflow::DropNewest);
            group.counters.push(counters);
            let clock = Arc::clone(&surroundings.clock);
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
            let (intake, counters) = new_intake(shard_count, Overflow::StopReading);
            group.counters.push(counters);
            let (clock, stop) = (Arc::clone(&surroundings.clock), Arc::clone(&group.stop));
            let (ready, beside) = (ready.clone(), surroundings.streams.clone());
            started += 1;
            let died = Arc::clone(&group.died);
            group.spawn("streams".to_owned(), move || {
                let on_ready = move || ready.send(()).unwrap_or_default();
                if let Err(error) = stream::run(streams, intake, clock, &beside, &stop, on_ready) {
                    tracing::error!(%error, "the thread that serves TCP ended");
                    died.store(true, Ordering::Release);
                }
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
