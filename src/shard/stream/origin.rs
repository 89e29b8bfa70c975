//! Where the messages of a connection come from, and how far its octets were taken in.

use std::net::SocketAddr;

use crate::base::clock::Timestamp;
use crate::model::batch::Acknowledgement;
use crate::shard::intake::Intake;
use crate::shard::pipeline::{Arrival, Cut, Protocol};
use crate::wire::syslog::framing::Over;

/// Where a connection's messages come from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Origin {
    pub(super) listener: u8,
    pub(super) port: u16,
    pub(super) peer: SocketAddr,
    pub(super) message_octets_max: usize,
}

/// Why a connection's octets were not all taken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Taken {
    /// All whole frames are taken.
    All,
    /// The queue is full.
    Blocked,
    /// No more may be taken before something is committed.
    Waiting,
    /// The peer broke the framing.
    Broken,
}

impl Origin {
    /// A frame of this connection.
    pub(super) fn arrival<'a>(
        &self,
        bytes: &'a [u8],
        at: Timestamp,
        cut: Option<Cut>,
        acknowledgement: Option<Acknowledgement>,
    ) -> Arrival<'a> {
        Arrival {
            protocol: Protocol::Syslog,
            listener: self.listener,
            port: self.port,
            bytes,
            peer: self.peer,
            local: None,
            at,
            cut,
            acknowledgement,
            repeated: false,
        }
    }

    /// Keeps octets that are out of step as they are: where the next message starts cannot be known.
    pub(super) fn keep_as_it_is(&self, rest: &[u8], at: Timestamp, intake: &mut Intake) {
        for part in rest.chunks(self.message_octets_max) {
            intake.accept(&self.arrival(part, at, Some(Cut::OutOfStep), None));
        }
    }
}

/// Why a frame is not the whole message.
pub(super) fn cut(over: Option<Over>, unterminated: bool) -> Option<Cut> {
    match (over, unterminated) {
        (Some(Over::Truncated), _) => Some(Cut::Truncated),
        (Some(Over::Part), _) => Some(Cut::Part),
        (None, true) => Some(Cut::Unterminated),
        (None, false) => None,
    }
}
