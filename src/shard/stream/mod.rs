//! Syslog over TCP, TLS and RELP: accept, read, divide into frames, take them in. One thread, one task a connection.
//!
//! ```text
//! accepting (PROXY header, TLS handshake) -> connection -> frames -> Intake
//!                                                |           relp: session, duplicates
//! sink, after a commit -> ack_queue -------------+--> answers
//! ```
//!
//! When the queue is full nothing is read: the kernel's window closes and the senders wait. Data that the kernel has
//! acknowledged and we have not read is lost when the program dies; TCP offers no better, RELP does.
//!
//! Invariant: an idle connection holds no buffer of ours; a busy one at most its longest message and one read.

mod accepting;
pub mod ack_queue;
mod connection;
mod context;
pub mod duplicates;
mod frames;
mod origin;
mod relp;
pub mod session;
mod state;

use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::base::clock::{Clock, Stopwatch};
use crate::net::accept::SourceConnectionLimit;
use crate::shard::admission::SourcesInForce;
use crate::shard::intake::{Intake, Overflow};
use crate::shard::stream::ack_queue::AckQueue;
use crate::shard::stream::context::{ListenerContext, RefusalLog};
use crate::shard::stream::duplicates::DuplicateDetector;
use crate::shard::stream::state::{SHUTDOWN_GRACE, StreamState, TICK};

pub use crate::shard::stream::context::BoundStream;
pub use crate::shard::stream::state::PENDING_OCTETS_MAX;

/// What the streams share with the rest of the program.
#[derive(Debug, Clone)]
pub struct StreamContext {
    /// Where the sink leaves word of what it committed.
    pub acks: Arc<AckQueue>,
    /// The newest messages that the store has of the RELP listener: what senders may repeat.
    pub stored: Arc<[Vec<u8>]>,
}

/// Serves `listeners` on the calling thread until `stop` is set. Calls `on_ready` when their sockets are registered.
///
/// # Errors
/// When no event loop is to be had.
pub fn run(
    listeners: Vec<BoundStream>,
    intake: Intake,
    sources: SourcesInForce,
    clock: Arc<dyn Clock>,
    context: &StreamContext,
    stop: &AtomicBool,
    on_ready: impl FnOnce(),
) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let window = listeners.iter().map(|listener| listener.spec.repeatable_messages()).max().unwrap_or(0);
    let duplicates = DuplicateDetector::new(window, &context.stored);
    let state = Rc::new(StreamState::new(intake, clock, duplicates));
    let local = tokio::task::LocalSet::new();
    let ended = local.block_on(&runtime, serve(listeners, &sources, &state, &context.acks, stop, on_ready));
    // Nobody is left to acknowledge anything to.
    context.acks.close();
    ended?;
    state.intake.borrow_mut().finish(state.clock.now());
    Ok(())
}

/// Accepts until told to stop, then waits a moment for the connections.
async fn serve(
    listeners: Vec<BoundStream>,
    sources: &SourcesInForce,
    state: &Rc<StreamState>,
    acks: &Arc<AckQueue>,
    stop: &AtomicBool,
    on_ready: impl FnOnce(),
) -> io::Result<()> {
    let (stopping, stopped) = watch::channel(false);
    let mut limits = Vec::new();
    for listener in listeners {
        limits.push(listener.limit.clone());
        // One limit for all of its sockets.
        let source_limit = SourceConnectionLimit::new(listener.stream.limits.connections_per_source_max);
        for (socket, address) in listener.sockets {
            let context = Rc::new(ListenerContext {
                number: listener.number,
                port: address.port(),
                spec: Arc::clone(&listener.spec),
                stream: Arc::clone(&listener.stream),
                tls: listener.tls.clone(),
                sources: Arc::clone(sources),
                counters: Arc::clone(&listener.counters),
                limit: listener.limit.clone(),
                source_limit: source_limit.clone(),
                refusals: RefusalLog::default(),
                tls_refusals: RefusalLog::default(),
                framing_errors: RefusalLog::default(),
            });
            let socket = TcpListener::from_std(socket)?;
            tokio::task::spawn_local(accepting::accept(socket, context, Rc::clone(state), stopped.clone()));
        }
    }
    tokio::task::spawn_local(state::distribute(Arc::clone(acks), Rc::clone(state)));
    on_ready();
    while !stop.load(Ordering::Acquire) {
        tokio::time::sleep(TICK).await;
        state.intake.borrow_mut().flush_if_due(state.clock.now());
    }
    let _ = stopping.send(true);
    let since = Stopwatch::start();
    while limits.iter().any(|limit| limit.open() > 0) && since.elapsed() < 2 * SHUTDOWN_GRACE {
        tokio::time::sleep(TICK).await;
        let mut intake = state.intake.borrow_mut();
        intake.flush();
        if since.elapsed() >= SHUTDOWN_GRACE {
            // What connections have read must be counted, as dropped if need be, before they end.
            intake.set_overflow(Overflow::DropNewest);
        }
    }
    Ok(())
}
