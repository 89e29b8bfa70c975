//! What all connections of the stream thread share.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;

use crate::base::clock::Clock;
use crate::shard::intake::Intake;
use crate::shard::stream::ack_queue::AckQueue;
use crate::shard::stream::duplicates::DuplicateDetector;

/// Pause between looks at the stop flag and at the batch's age.
pub(super) const TICK: Duration = Duration::from_millis(10);

/// How long connections may go on at shutdown: those of TCP and TLS to deliver what the kernel holds, those of RELP to
/// get their acknowledgements.
pub(super) const SHUTDOWN_GRACE: Duration = Duration::from_secs(1);

/// Octets taken with one read.
pub(super) const READ_OCTETS: usize = 64 * 1024;

/// An unfinished message of at most so many octets is copied before the next read, which then may be a long one.
pub(super) const PENDING_COPIED_OCTETS: usize = 4 * 1024;

/// Octets of unfinished messages that all connections may hold together. Beyond it a connection that holds any is
/// closed: a slow or hostile sender must not decide how much memory we take.
pub const PENDING_OCTETS_MAX: usize = 64 * 1024 * 1024;

/// What all connections share.
pub(super) struct StreamState {
    pub(super) intake: RefCell<Intake>,
    /// The one buffer that is read into.
    pub(super) scratch: RefCell<Vec<u8>>,
    /// Memory of all connections' unfinished messages.
    pub(super) pending_octets: Cell<usize>,
    pub(super) clock: Arc<dyn Clock>,
    /// What RELP senders may repeat.
    pub(super) duplicates: RefCell<DuplicateDetector>,
    /// RELP connections by number.
    committed_queues: RefCell<HashMap<u64, Rc<CommittedQueue>>>,
    connections: Cell<u64>,
}

/// Transactions of one connection that were committed since it last looked.
#[derive(Debug, Default)]
pub(super) struct CommittedQueue {
    pub(super) transactions: RefCell<Vec<u32>>,
    pub(super) filled: Notify,
}

impl StreamState {
    pub(super) fn new(intake: Intake, clock: Arc<dyn Clock>, duplicates: DuplicateDetector) -> Self {
        Self {
            intake: RefCell::new(intake),
            scratch: RefCell::new(vec![0; PENDING_COPIED_OCTETS + READ_OCTETS]),
            pending_octets: Cell::new(0),
            clock,
            duplicates: RefCell::new(duplicates),
            committed_queues: RefCell::default(),
            connections: Cell::new(0),
        }
    }

    /// A new connection number, and where its committed transactions are put.
    pub(super) fn register(&self) -> (u64, Rc<CommittedQueue>) {
        let number = self.connections.get() + 1;
        self.connections.set(number);
        let committed = Rc::new(CommittedQueue::default());
        self.committed_queues.borrow_mut().insert(number, Rc::clone(&committed));
        (number, committed)
    }

    /// Forgets a connection: what is still committed of it is acknowledged to nobody.
    pub(super) fn unregister(&self, connection: u64) {
        self.committed_queues.borrow_mut().remove(&connection);
    }
}

/// Forwards acknowledgements of the sink to the connections.
pub(super) async fn distribute(acks: Arc<AckQueue>, state: Rc<StreamState>) {
    let mut committed = Vec::new();
    loop {
        acks.wait(&mut committed).await;
        let committed_queues = state.committed_queues.borrow();
        for acknowledgement in committed.drain(..) {
            // A connection that ended meanwhile: its sender repeats the message.
            let Some(committed) = committed_queues.get(&acknowledgement.connection) else { continue };
            committed.transactions.borrow_mut().push(acknowledgement.transaction);
            committed.filled.notify_one();
        }
    }
}
