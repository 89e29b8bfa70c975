//! Syslog: a message to the parts of its event.

use crate::base::span::Span;
use crate::model::batch::Batch;
use crate::model::event::{Body, Kind, Reasons};
use crate::model::reported_source::reported_source;
use crate::model::trailing::{self, Trimmed};
use crate::model::{readable, syslog};
use crate::wire;

use super::{Arrival, Decoded, Pipeline};

impl Pipeline {
    /// Decodes a syslog message; what cannot be parsed is kept as it came. That a message has no program is not noted as a
    /// reason: the store sees it by the column.
    pub(super) fn decode_syslog(&self, arrival: &Arrival<'_>, batch: &mut Batch) -> Decoded {
        let Trimmed { line, trailing } = trailing::trim(arrival.bytes);
        let text = readable::append(line, &mut batch.octets);
        let mut message = wire::syslog::Message::unparsed(line);
        wire::syslog::decode_into(line, &mut message);
        let start = trailing::content_start(line, message.content);
        // Where the text is what came, fields point into it; otherwise the octets are kept beside it.
        let (at, content_start) = if text.is_verbatim {
            (Some(text.span.start), start as u32)
        } else {
            (None, readable::position(line, start, text.span.len))
        };
        let trailing = trailing.filter(|_| text.is_verbatim);
        let raw_bytes = if trailing.is_some() { Span::EMPTY } else { batch.append(arrival.bytes) };
        let place = syslog::Place { bytes: line, at };
        let peer = arrival.peer.ip();
        let is_trusted = self.sources.is_relay(arrival.listener, peer);
        let source = if is_trusted { reported_source(&message).unwrap_or(peer) } else { peer };
        let relay = (source != peer).then_some(peer);
        let reception = syslog::Reception { at: arrival.at, source, zones: &self.zones };
        let record = syslog::record(&message, place, &reception, &mut batch.octets);
        let start = batch.octets.len();
        let delivery = syslog::Delivery { relay, repeated: arrival.repeated };
        syslog::enrich(&message, delivery, &mut batch.octets);
        let enriched = batch.span_from(start);
        let mut reasons = Reasons::default();
        let mut unparsed = None;
        if line.is_empty() {
            reasons.add("Missing raw message content");
        }
        if message.format == wire::syslog::Format::Unparsed {
            unparsed = Some("no syslog header");
            reasons.add("no syslog header");
        }
        Decoded {
            kind: Kind::Syslog,
            source,
            text: text.span,
            trailing: trailing.unwrap_or_default(),
            content_start,
            raw_bytes,
            enriched,
            reasons,
            body: Body::Syslog(record),
            undecoded: unparsed,
        }
    }
}
