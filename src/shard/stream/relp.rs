//! A RELP connection: its session, and the answers that wait to be sent.

use std::rc::Rc;

use crate::base::clock::Timestamp;
use crate::model::batch::Acknowledgement;
use crate::shard::stream::duplicates::SessionCursor;
use crate::shard::stream::origin::{Origin, Taken, cut};
use crate::shard::stream::session::{Session, Verdict};
use crate::shard::stream::state::{CommittedQueue, StreamState};
use crate::wire::syslog::framing::Oversize;
use crate::wire::syslog::relp::{Frames, Step};

/// Memory for answers that a connection keeps while nothing is to be answered.
const ANSWERS_KEPT_OCTETS: usize = 256;

/// What a RELP connection has beside its stream.
#[derive(Debug)]
pub(super) struct Relp {
    number: u64,
    committed: Rc<CommittedQueue>,
    frames: Frames,
    session: Session,
    cursor: SessionCursor,
    /// Answers that are not sent yet.
    answers: Vec<u8>,
}

impl Relp {
    pub(super) fn new(
        origin: &Origin,
        oversize: Oversize,
        unacknowledged_max: usize,
        state: &StreamState,
    ) -> Self {
        let (number, committed) = state.register();
        Self {
            number,
            committed,
            frames: Frames::new(origin.message_octets_max, oversize),
            session: Session::new(unacknowledged_max),
            cursor: state.duplicates.borrow_mut().begin(origin.peer.ip().to_canonical()),
            answers: Vec::new(),
        }
    }

    /// Takes in the messages at the start of `octets`; returns how many octets their frames were.
    pub(super) fn take(
        &mut self,
        octets: &[u8],
        at: Timestamp,
        origin: &Origin,
        state: &StreamState,
    ) -> (usize, Taken) {
        let mut intake = state.intake.borrow_mut();
        let mut duplicates = state.duplicates.borrow_mut();
        let mut taken = 0;
        loop {
            let rest = octets.get(taken..).unwrap_or_default();
            if rest.is_empty() {
                return (taken, Taken::All);
            }
            if !self.session.may_take() {
                return (taken, Taken::Waiting);
            }
            if !intake.has_room() {
                return (taken, Taken::Blocked);
            }
            let (frame, consumed) = match self.frames.next(rest) {
                Ok(Step::Frame { frame, consumed }) => (frame, consumed),
                Ok(Step::Skip { consumed }) => {
                    taken += consumed;
                    continue;
                }
                Ok(Step::NeedMore) => return (taken, Taken::All),
                Err(_) => {
                    origin.keep_as_it_is(rest, at, &mut intake);
                    return (octets.len(), Taken::Broken);
                }
            };
            taken += consumed;
            if self.session.on_frame(&frame, &mut self.answers) == Verdict::Take {
                let (connection, transaction) = (self.number, frame.transaction);
                let acknowledgement = frame.is_last.then_some(Acknowledgement { connection, transaction });
                let mut arrival = origin.arrival(frame.data, at, cut(frame.over, false), acknowledgement);
                arrival.repeated = duplicates.is_repeated(&mut self.cursor, frame.data);
                intake.accept(&arrival);
            }
        }
    }

    /// Writes answers to what was committed since the last call.
    pub(super) fn drain_acks(&mut self) {
        for transaction in self.committed.transactions.borrow_mut().drain(..) {
            self.session.on_committed(transaction, &mut self.answers);
        }
    }

    /// Where the transactions of committed messages are put.
    pub(super) fn committed(&self) -> Rc<CommittedQueue> {
        Rc::clone(&self.committed)
    }

    /// Number of the connection.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// Whether more may be taken now.
    pub(super) fn may_take(&self) -> bool {
        self.session.may_take()
    }

    /// Whether messages are taken and not committed.
    pub(super) fn owes_answers(&self) -> bool {
        self.session.unacknowledged() > 0
    }

    /// Whether the connection is to be closed once the answers are sent.
    pub(super) fn is_over(&self) -> bool {
        self.session.is_over()
    }

    /// Takes nothing more, and ends when everything is committed.
    pub(super) fn stop(&mut self) {
        self.session.stop(&mut self.answers);
    }

    /// Ends though something is not committed.
    pub(super) fn abandon(&mut self) {
        self.session.abandon(&mut self.answers);
    }

    /// Answers to be sent now.
    pub(super) fn answers(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.answers)
    }

    /// Gives the memory of sent answers back, unless it is much.
    pub(super) fn reuse(&mut self, mut answers: Vec<u8>) {
        if self.answers.is_empty() && answers.capacity() <= ANSWERS_KEPT_OCTETS {
            answers.clear();
            self.answers = answers;
        }
    }
}
