//! Notifications in forms that SNMP forbids (RFC 3417 section 8): indefinite lengths, strings in pieces. They are
//! rewritten, decoded like others, and say so among their reasons, beside which their octets are kept as they came.
//!
//! Versions 1 and 2c only. In version 3 the MAC covers the octets as they came, header and lengths included, and the
//! decrypted part is believed as the authenticated sender wrote it: to find the MAC in one form and the fields in another
//! would be a second reading of a message whose first one failed. Such messages stay refused, with the reason.

use crate::base::drop_reason::DropReason;
use crate::base::limits::DATAGRAM_OCTETS_MAX;
use crate::model::batch::Batch;
use crate::model::event::Reasons;
use crate::wire::ber::definite;
use crate::wire::error::Reason;
use crate::wire::snmp::{self, Message};

use super::{Arrival, Decoded, Pipeline};

/// Octets of memory for a rewritten message: the bound of the rewriter, and the encoding that goes beyond it.
pub(super) const REWRITTEN_OCTETS_MAX: usize = 2 * DATAGRAM_OCTETS_MAX;

/// The reasons that the same message does not have in another form: lengths without end, and strings in pieces.
const FORMS: [Reason; 2] = [Reason::IndefiniteLength, Reason::ConstructedString];

/// Whether a message that was refused for `reason` may be read when it is rewritten.
pub(super) fn may_help_with(reason: Reason) -> bool {
    FORMS.contains(&reason)
}

/// Whether parts of a message were refused that may be read when it is rewritten.
pub(super) fn may_help(reasons: &Reasons) -> bool {
    reasons.iter().any(|reason| FORMS.iter().any(|form| form.as_str() == reason))
}

impl Pipeline {
    /// Rewrites a message and decodes it; `None`, with nothing appended to `batch`, when that does not make a
    /// notification of version 1 or 2c of it. What an SNMP listener does not take is not taken in this form either.
    pub(super) fn decode_slowly(
        &mut self,
        arrival: &Arrival<'_>,
        batch: &mut Batch,
    ) -> Option<Result<Decoded, DropReason>> {
        let mut rewritten = std::mem::take(&mut self.rewritten);
        let decoded = self.decode_rewritten(arrival, &mut rewritten, batch);
        self.rewritten = rewritten;
        decoded
    }

    fn decode_rewritten(
        &mut self,
        arrival: &Arrival<'_>,
        rewritten: &mut Vec<u8>,
        batch: &mut Batch,
    ) -> Option<Result<Decoded, DropReason>> {
        let found = definite::rewrite(arrival.bytes, rewritten).ok()?;
        let Ok(Message::Community(mut message)) = snmp::decode(rewritten) else { return None };
        if let Some(refusal) = self.sources.snmp.refuses(&message, arrival.peer.ip()) {
            return Some(Err(refusal));
        }
        if !message.pdu.kind.is_notification() {
            return None;
        }
        message.trailing_octets = message.trailing_octets.saturating_add(found.behind.len());
        let mut decoded = self.decode_notification(arrival, &message, batch);
        let mut reasons = Reasons::default();
        let forms = [found.is_indefinite, found.is_joined].into_iter().zip(FORMS);
        forms.filter(|(is_found, _)| *is_found).for_each(|(_, form)| reasons.add(form.as_str()));
        decoded.reasons.iter().for_each(|reason| reasons.add(reason));
        decoded.reasons = reasons;
        if decoded.raw_bytes.is_empty() {
            decoded.raw_bytes = batch.append(arrival.bytes);
        }
        Some(Ok(decoded))
    }
}
