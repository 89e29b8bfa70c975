//! What a connection's octets become: frames of syslog or of RELP, handed to the intake.

use std::net::SocketAddr;

use crate::base::clock::Timestamp;
use crate::model::batch::Acknowledgement;
use crate::shard::intake::Intake;
use crate::shard::pipeline::{Arrival, Cut, Protocol};
use crate::shard::stream::hub::Hub;
use crate::shard::stream::relp::Relp;
use crate::wire::syslog::framing::{Deframer, Over, Step};

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

/// Divides the octets of one connection.
#[derive(Debug)]
pub(super) enum Divider {
    /// Syslog messages one after the other.
    Syslog(Deframer),
    /// RELP.
    Relp(Box<Relp>),
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

impl Divider {
    /// Takes in the whole frames at the start of `octets`; returns how many octets they were.
    pub(super) fn take(
        &mut self,
        octets: &[u8],
        end_of_stream: bool,
        origin: &Origin,
        hub: &Hub,
    ) -> (usize, Taken) {
        let at = hub.clock.now();
        match self {
            Self::Syslog(deframer) => {
                take_syslog(deframer, octets, end_of_stream, at, origin, &mut hub.intake.borrow_mut())
            }
            // A frame whose end did not come was not acknowledged: its sender has it.
            Self::Relp(_) if end_of_stream => (octets.len(), Taken::All),
            Self::Relp(relp) => relp.take(octets, at, origin, hub),
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

/// Takes in messages that stand one after the other.
fn take_syslog(
    deframer: &mut Deframer,
    octets: &[u8],
    end_of_stream: bool,
    at: Timestamp,
    origin: &Origin,
    intake: &mut Intake,
) -> (usize, Taken) {
    let mut taken = 0;
    loop {
        let rest = octets.get(taken..).unwrap_or_default();
        if rest.is_empty() {
            return (taken, Taken::All);
        }
        if !intake.has_room() {
            return (taken, Taken::Blocked);
        }
        match deframer.next(rest, end_of_stream) {
            Ok(Step::Frame { bytes, consumed, over, unterminated }) => {
                intake.accept(&origin.arrival(bytes, at, cut(over, unterminated), None));
                taken += consumed;
            }
            Ok(Step::Skip { consumed }) => taken += consumed,
            Ok(Step::NeedMore) => return (taken, Taken::All),
            Err(_) => {
                origin.keep_as_it_is(rest, at, intake);
                return (octets.len(), Taken::Broken);
            }
        }
    }
}
