//! What all connections of the stream thread share.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use tokio::sync::Notify;

use crate::base::clock::Clock;
use crate::shard::intake::Intake;
use crate::shard::stream::acknowledgements::Mailbox;
use crate::shard::stream::relays::Relays;

/// Octets taken with one read.
pub(super) const READ_OCTETS: usize = 64 * 1024;

/// An unfinished message of at most so many octets is copied before the next read, which then may be a long one.
pub(super) const PENDING_COPIED_OCTETS: usize = 4 * 1024;

/// Octets of unfinished messages that all connections may hold together. Beyond it a connection that holds any is
/// closed: a slow or hostile sender must not decide how much memory we take.
pub const PENDING_OCTETS_MAX: usize = 64 * 1024 * 1024;

/// What all connections share.
pub(super) struct Hub {
    pub(super) intake: RefCell<Intake>,
    /// The one buffer that is read into.
    pub(super) scratch: RefCell<Vec<u8>>,
    /// Memory of all connections' unfinished messages.
    pub(super) pending_octets: Cell<usize>,
    pub(super) clock: Arc<dyn Clock>,
    /// What RELP senders may repeat.
    pub(super) relays: RefCell<Relays>,
    /// RELP connections by number.
    inboxes: RefCell<HashMap<u64, Rc<Inbox>>>,
    connections: Cell<u64>,
}

/// Transactions of one connection that were committed since it last looked.
#[derive(Debug, Default)]
pub(super) struct Inbox {
    pub(super) transactions: RefCell<Vec<u32>>,
    pub(super) filled: Notify,
}

impl Hub {
    pub(super) fn new(intake: Intake, clock: Arc<dyn Clock>, relays: Relays) -> Self {
        Self {
            intake: RefCell::new(intake),
            scratch: RefCell::new(vec![0; PENDING_COPIED_OCTETS + READ_OCTETS]),
            pending_octets: Cell::new(0),
            clock,
            relays: RefCell::new(relays),
            inboxes: RefCell::default(),
            connections: Cell::new(0),
        }
    }

    /// A new connection number with its inbox.
    pub(super) fn register(&self) -> (u64, Rc<Inbox>) {
        let number = self.connections.get() + 1;
        self.connections.set(number);
        let inbox = Rc::new(Inbox::default());
        self.inboxes.borrow_mut().insert(number, Rc::clone(&inbox));
        (number, inbox)
    }

    /// Forgets a connection; what is still committed of it has nobody to be told.
    pub(super) fn unregister(&self, connection: u64) {
        self.inboxes.borrow_mut().remove(&connection);
    }
}

/// Takes the post of the sink to the connections.
pub(super) async fn distribute(mailbox: Arc<Mailbox>, hub: Rc<Hub>) {
    let mut committed = Vec::new();
    loop {
        mailbox.wait(&mut committed).await;
        let inboxes = hub.inboxes.borrow();
        for acknowledgement in committed.drain(..) {
            // A connection that ended meanwhile: its sender repeats the message.
            let Some(inbox) = inboxes.get(&acknowledgement.connection) else { continue };
            inbox.transactions.borrow_mut().push(acknowledgement.transaction);
            inbox.filled.notify_one();
        }
    }
}
