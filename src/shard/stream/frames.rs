//! What a connection's octets become: frames of syslog or of RELP, handed to the intake.

use crate::base::clock::Timestamp;
use crate::shard::intake::Intake;
use crate::shard::stream::origin::{Origin, Taken, cut};
use crate::shard::stream::relp::Relp;
use crate::shard::stream::state::StreamState;
use crate::wire::syslog::framing::{Deframer, Step};

/// Divides the octets of one connection.
#[derive(Debug)]
pub(super) enum Divider {
    /// Syslog messages one after the other.
    Syslog(Deframer),
    /// RELP.
    Relp(Box<Relp>),
}

impl Divider {
    /// Whether the framing of a stream of syslog messages was broken.
    pub(super) fn was_out_of_step(&self) -> bool {
        matches!(self, Self::Syslog(deframer) if deframer.was_out_of_step())
    }

    /// Takes in the whole frames at the start of `octets`; returns how many octets they were.
    pub(super) fn take(
        &mut self,
        octets: &[u8],
        end_of_stream: bool,
        origin: &Origin,
        state: &StreamState,
    ) -> (usize, Taken) {
        let at = state.clock.now();
        match self {
            Self::Syslog(deframer) => {
                take_syslog(deframer, octets, end_of_stream, at, origin, &mut state.intake.borrow_mut())
            }
            // A frame whose end did not come was not acknowledged: its sender has it.
            Self::Relp(_) if end_of_stream => (octets.len(), Taken::All),
            Self::Relp(relp) => relp.take(octets, at, origin, state),
        }
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
            Step::Frame { bytes, consumed, over, unterminated } => {
                intake.accept(&origin.arrival(bytes, at, cut(over, unterminated), None));
                taken += consumed;
            }
            Step::OutOfStep { count, bytes, consumed } => {
                match count.as_bytes() {
                    [] => origin.keep_as_it_is(bytes, at, intake),
                    // Rare enough to copy: the digits belong to these octets.
                    digits => origin.keep_as_it_is(&[digits, bytes].concat(), at, intake),
                }
                taken += consumed;
            }
            Step::Skip { consumed } => taken += consumed,
            Step::NeedMore => return (taken, Taken::All),
        }
    }
}
