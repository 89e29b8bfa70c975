//! Syslog over TCP, TLS and RELP: accept, read, divide into frames, take them in. One thread, one task a connection.
//!
//! ```text
//! accepting (PROXY header, TLS handshake) -> connection -> frames -> Intake
//!                                                |           relp: session, relays (repetitions)
//! sink, after a commit -> acknowledgements ------+--> answers
//! ```
//!
//! When the queue is full nothing is read: the kernel's window closes and the senders wait. Data that the kernel has
//! acknowledged and we have not read is lost when the program dies; TCP offers no better, RELP does.
//!
//! Invariant: an idle connection holds no buffer of ours; a busy one at most its longest message and one read.

mod accepting;
pub mod acknowledgements;
mod connection;
mod door;
mod frames;
mod hub;
mod origin;
pub mod relays;
mod relp;
pub mod session;

use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::base::cidr::IpRanges;
use crate::base::clock::{Clock, Stopwatch};
use crate::net::accept::{Admission, ConnectionCounters, SourceAdmission};
use crate::net::tls::TlsInForce;
use crate::shard::intake::{Intake, Overflow};
use crate::shard::stream::acknowledgements::Mailbox;
use crate::shard::stream::door::{Complaints, Door};
use crate::shard::stream::hub::Hub;
use crate::shard::stream::relays::Relays;
use crate::wire::syslog::framing::Oversize;

pub use crate::shard::stream::hub::PENDING_OCTETS_MAX;

/// Pause between looks at the stop flag and at the batch's age.
const TICK: Duration = Duration::from_millis(10);

/// How long connections may go on at shutdown: those of TCP and TLS to deliver what the kernel holds, those of RELP to
/// get their acknowledgements.
const FAREWELL: Duration = Duration::from_secs(1);

/// Limits on what connections may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamLimits {
    /// Longest message.
    pub message_octets_max: usize,
    /// What becomes of a longer one.
    pub oversize: Oversize,
    /// Connections at a time.
    pub connections_max: usize,
    /// Connections of one source at a time; 0 means as many as there may be in all.
    pub connections_per_source_max: usize,
    /// A connection that sends nothing for this long is closed.
    pub idle_timeout: Option<Duration>,
    /// A message must be complete this long after its first octet.
    pub frame_timeout: Option<Duration>,
}

/// What is spoken on a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speech {
    /// Syslog messages one after the other (RFC 6587, RFC 5425).
    Syslog,
    /// RELP.
    Relp {
        /// Messages of a connection that are taken and not committed; then it is not read.
        unacknowledged_max: usize,
    },
}

/// A bound TCP listener and what is known of it.
#[derive(Debug)]
pub struct StreamListener {
    /// Its sockets with their addresses.
    pub sockets: Vec<(std::net::TcpListener, SocketAddr)>,
    /// Its number.
    pub listener: u8,
    /// What is spoken.
    pub speech: Speech,
    /// Certificates, when it is spoken within TLS.
    pub tls: Option<TlsInForce>,
    /// Proxies: their connections begin with a PROXY header.
    pub proxies: IpRanges,
    /// Who may send; `None` means everybody.
    pub allowed: Option<IpRanges>,
    /// Its limits.
    pub limits: StreamLimits,
    /// What happens to its connections.
    pub connections: Arc<ConnectionCounters>,
    /// Who is let in.
    pub admission: Admission,
}

/// What the streams share with the rest of the program.
#[derive(Debug, Clone)]
pub struct StreamSurroundings {
    /// Where the sink leaves word of what it committed.
    pub mailbox: Arc<Mailbox>,
    /// The newest messages that the store has of the RELP listener: what senders may repeat.
    pub stored: Arc<[Vec<u8>]>,
}

/// Serves `listeners` on the calling thread until `stop` is set. Calls `on_ready` when their sockets are registered.
///
/// # Errors
/// When no event loop is to be had.
pub fn run(
    listeners: Vec<StreamListener>,
    intake: Intake,
    clock: Arc<dyn Clock>,
    surroundings: &StreamSurroundings,
    stop: &AtomicBool,
    on_ready: impl FnOnce(),
) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let relays = Relays::new(relays_window(&listeners), &surroundings.stored);
    let hub = Rc::new(Hub::new(intake, clock, relays));
    let local = tokio::task::LocalSet::new();
    let ended = local.block_on(&runtime, serve(listeners, &hub, &surroundings.mailbox, stop, on_ready));
    // Nobody is left to acknowledge anything to.
    surroundings.mailbox.close();
    ended?;
    hub.intake.borrow_mut().finish(hub.clock.now());
    Ok(())
}

/// Messages that a RELP sender may have to repeat.
fn relays_window(listeners: &[StreamListener]) -> usize {
    let windows = listeners.iter().map(|listener| match listener.speech {
        Speech::Syslog => 0,
        Speech::Relp { unacknowledged_max } => unacknowledged_max,
    });
    windows.max().unwrap_or(0)
}

/// Accepts until told to stop, then waits a moment for the connections.
async fn serve(
    listeners: Vec<StreamListener>,
    hub: &Rc<Hub>,
    mailbox: &Arc<Mailbox>,
    stop: &AtomicBool,
    on_ready: impl FnOnce(),
) -> io::Result<()> {
    let (stopping, stopped) = watch::channel(false);
    let mut admissions = Vec::new();
    for listener in listeners {
        admissions.push(listener.admission.clone());
        // One limit for all of its sockets.
        let sources = SourceAdmission::new(listener.limits.connections_per_source_max);
        for (socket, address) in listener.sockets {
            let door = Rc::new(Door {
                listener: listener.listener,
                port: address.port(),
                speech: listener.speech,
                tls: listener.tls.clone(),
                proxies: listener.proxies.clone(),
                allowed: listener.allowed.clone(),
                limits: listener.limits,
                counters: Arc::clone(&listener.connections),
                admission: listener.admission.clone(),
                sources: sources.clone(),
                complaints: Complaints::default(),
                tls_complaints: Complaints::default(),
            });
            let socket = TcpListener::from_std(socket)?;
            tokio::task::spawn_local(accepting::accept(socket, door, Rc::clone(hub), stopped.clone()));
        }
    }
    tokio::task::spawn_local(hub::distribute(Arc::clone(mailbox), Rc::clone(hub)));
    on_ready();
    while !stop.load(Ordering::Acquire) {
        tokio::time::sleep(TICK).await;
        hub.intake.borrow_mut().flush_if_due(hub.clock.now());
    }
    let _ = stopping.send(true);
    let since = Stopwatch::start();
    while admissions.iter().any(|admission| admission.open() > 0) && since.elapsed() < 2 * FAREWELL {
        tokio::time::sleep(TICK).await;
        let mut intake = hub.intake.borrow_mut();
        intake.flush();
        if since.elapsed() >= FAREWELL {
            // What connections have read must be counted, as dropped if need be, before they end.
            intake.set_overflow(Overflow::DropNewest);
        }
    }
    Ok(())
}
