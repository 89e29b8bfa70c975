//! What is tried with arbitrary octets, and what must hold for all of them.
//!
//! The fuzz targets and the replay of their seeds share this file. A function returns when all is well and panics
//! when not.
#![allow(dead_code, reason = "each fuzz target uses one function")]

#[path = "oracle.rs"]
mod oracle;
#[path = "../samples/mod.rs"]
mod samples;
#[path = "snmp_targets.rs"]
pub mod snmp_targets;

use std::cell::RefCell;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use arc_swap::ArcSwap;
use mutt::base::drop_reason::DropReason;
use mutt::base::limits;
use mutt::base::span::Span;
use mutt::matching::conditions::{Condition as _, Level};
use mutt::matching::{Pattern, Rule, RuleCondition, RuleSet};
use mutt::mib::{self, Names};
use mutt::model::batch::Batch;
use mutt::model::event::{Body, Event};
use mutt::model::notification::describe;
use mutt::model::syslog::{Delivery, Place, Reception, enrich, record};
use mutt::model::zone::Zones;
use mutt::security::{
    AuthProtocol, CredentialSecrets, EngineId, LocalEngine, PrivProtocol, UserSecrets, Users, Usm,
};
use mutt::shard::pipeline::{Cut, Outcome, Pipeline, PipelineParts, Protocol};
use mutt::shard::rules::ActiveRules;
use mutt::shard::stream::session::{Session, Verdict};
use mutt::wire::proxy_protocol;
use mutt::wire::smi::{Base, Syntax, TEXT_OCTETS_MAX};
use mutt::wire::snmp::pdu::PduKind;
use mutt::wire::snmp::varbind::VarBind;
use mutt::wire::snmp::{self, CommunityMessage};
use mutt::wire::syslog::framing::{Deframer, Over, Oversize, Step};
use mutt::wire::syslog::relp::{self, RelpError};
use mutt::wire::syslog::{self, Format, Message, Payload};

pub use oracle::{notices, snmp_oracle};

/// A target by its name, which is also the name of its folder of seeds.
pub type Target = (&'static str, fn(&[u8]));

/// All targets that must hold.
pub const ALL: [Target; 16] = [
    ("syslog_decode", syslog_decode),
    ("rfc3164", rfc3164),
    ("rfc5424", rfc5424),
    ("payload", payload),
    ("structured_data", structured_data),
    ("framing", framing),
    ("relp", relp),
    ("proxy_protocol", proxy_protocol),
    ("snmp_decode", snmp_decode),
    ("snmp_oracle", snmp_oracle),
    ("pipeline", pipeline),
    ("ber", snmp_targets::ber),
    ("v3_header", snmp_targets::v3_header),
    ("usm", snmp_targets::usm),
    ("mib_load", mib_load),
    ("display_hint", display_hint),
];

/// Fails when a syslog message with PRI names a program that starts with `c`: a fuzzer that does not find that finds nothing.
/// By chance that takes days; a fuzzer that learns from the branches taken needs seconds.
pub fn canary(data: &[u8]) {
    let message = syslog::decode(data);
    let name = message.app_name.unwrap_or_default();
    if message.pri.is_some() && std::hint::black_box(name.first()) == Some(&b'c') {
        panic!("the canary must die");
    }
}

/// No datagram and no frame is longer.
fn as_received(data: &[u8]) -> &[u8] {
    data.get(..limits::DATAGRAM_OCTETS_MAX).unwrap_or(data)
}

/// `json` is nothing, or a JSON object.
pub fn assert_object_or_nothing(json: &[u8]) {
    if !json.is_empty() {
        let value: serde_json::Value = serde_json::from_slice(json)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(json)));
        assert!(value.is_object(), "{value}");
    }
}

/// The fields that borrow from the line.
fn fields<'a>(message: &Message<'a>) -> [Option<&'a [u8]>; 7] {
    [
        message.hostname,
        message.app_name,
        message.proc_id,
        message.msg_id,
        message.structured_data.map(|data| data.raw()),
        message.timestamp.and_then(|time| time.zone),
        Some(message.content),
    ]
}

/// A syslog message: every field lies inside it, what ends a line changes nothing,
/// records and JSON can be made.
pub fn syslog_decode(data: &[u8]) {
    let data = as_received(data);
    let message = syslog::decode(data);
    for field in fields(&message).into_iter().flatten() {
        assert!(Span::within(data, field).is_some(), "a field lies outside the message");
    }
    let line = [data, b"\r\n"].concat();
    let again = syslog::decode(&line);
    assert_eq!(fields(&again), fields(&message));
    assert_eq!((again.format, again.pri, again.timestamp), (message.format, message.pri, message.timestamp));

    let mut out = Vec::new();
    let zones = Zones::default();
    let reception = Reception { at: samples::RECEIVED_AT, source: SOURCE, zones: &zones };
    let record = record(&message, Place { bytes: data, at: None }, &reception, &mut out);
    assert_eq!(record.host.is_empty(), message.hostname.unwrap_or_default().is_empty());
    let start = out.len();
    enrich(&message, Delivery { relay: Some(SOURCE), repeated: true }, &mut out);
    let json = out.split_off(start);
    assert!(json.len() <= limits::ENRICHED_OCTETS_MAX);
    assert_object_or_nothing(&json);
}

/// Who sends what is decoded.
const SOURCE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
/// The octets behind the TIMESTAMP of RFC 3164: the time stays, whatever follows, unless a second one does.
pub fn rfc3164(data: &[u8]) {
    let line = [b"<34>Oct 11 22:14:15 ", as_received(data)].concat();
    syslog_decode(&line);
    let message = syslog::decode(&line);
    assert_eq!((message.format, message.pri.map(|pri| pri.value())), (Format::Rfc3164, Some(34)));
    let is_relayed = message.notes.contains(syslog::Notes::RELAYED);
    assert!(
        message.timestamp.is_some_and(|time| time.month == 10) || is_relayed || pairs_have_a_time(&message)
    );
    assert!(
        message.app_name.is_none_or(|name| !name.is_empty())
            && message.hostname.is_none_or(|name| !name.is_empty())
    );
}

/// Whether the time may be that of pairs of names and values.
fn pairs_have_a_time(message: &Message<'_>) -> bool {
    message.notes.contains(syslog::Notes::TIMESTAMP_NONSTANDARD)
        || message.notes.contains(syslog::Notes::TIMESTAMP_INVALID)
}

/// The octets behind the TIMESTAMP of RFC 5424: no field is the NILVALUE, and the fields are those between the spaces.
pub fn rfc5424(data: &[u8]) {
    let line = [b"<34>1 2026-10-11T22:14:15Z ", as_received(data)].concat();
    syslog_decode(&line);
    let message = syslog::decode(&line);
    assert_eq!(message.format, Format::Rfc5424);
    let fields = [message.hostname, message.app_name, message.proc_id, message.msg_id];
    assert!(fields.iter().flatten().all(|field| !matches!(*field, b"" | b"-")));
    if !message.notes.contains(syslog::Notes::RELAYED) {
        let end = as_received(data).iter().rposition(|octet| !matches!(octet, b'\n' | b'\r' | 0));
        let trimmed = &data[..end.map_or(0, |end| end + 1)];
        let host = trimmed.split(|octet| *octet == b' ').next().filter(|host| !matches!(*host, b"" | b"-"));
        assert_eq!(message.hostname, host);
    }
}

/// The octets as the content of a message: what is found in them lies in them, in its order.
pub fn payload(data: &[u8]) {
    let line = [b"<134>Oct 11 22:14:15 host app: ", as_received(data)].concat();
    syslog_decode(&line);
    let message = syslog::decode(&line);
    let pairs = match message.payload() {
        Payload::Text => return,
        Payload::Cef(cef) => cef.extension(),
        Payload::Leef(leef) => leef.attributes(),
        Payload::Pairs(pairs) => pairs,
    };
    let mut from = 0;
    let mut iter = pairs.iter();
    for pair in iter.by_ref() {
        assert!(!pair.name.is_empty(), "a pair without a name");
        for part in [pair.name, pair.raw_value].into_iter().filter(|part| !part.is_empty()) {
            let place = Span::within(&line, part).map_or(usize::MAX, |span| span.start as usize);
            assert!(
                place >= from && place < line.len(),
                "a part lies outside the message or before the last"
            );
            from = place + part.len();
        }
        assert!(pair.pieces().map(<[u8]>::len).sum::<usize>() <= pair.raw_value.len());
    }
    assert!(iter.next().is_none(), "an iterator that ended goes on");
}

/// The octets as STRUCTURED-DATA of an otherwise good message: bounded, and unescaped as RFC 5424 6.3.3 says.
pub fn structured_data(data: &[u8]) {
    let message = [b"<165>1 2026-10-11T22:14:15Z host app 1 ID47 ", as_received(data)].concat();
    let decoded = syslog::decode(&message);
    let is_relayed = decoded.notes.contains(syslog::Notes::RELAYED);
    assert_eq!(decoded.format, Format::Rfc5424);
    assert!(decoded.hostname == Some(&b"host"[..]) || is_relayed);
    let Some(found) = decoded.structured_data else { return };
    let mut count = 0;
    for element in found.elements() {
        assert!(!element.id.is_empty());
        count += 1;
        for param in element.params() {
            assert!(!param.name.is_empty());
            count += 1;
            let pieces: Vec<&[u8]> = param.pieces().collect();
            assert!(pieces.iter().all(|piece| !piece.is_empty()));
            assert_eq!(pieces.concat(), unescaped(param.raw_value));
        }
    }
    assert!((1..=limits::SD_PARAMS_MAX).contains(&count), "{count} elements and parameters");
    let mut json = Vec::new();
    enrich(&decoded, Delivery::default(), &mut json);
    assert_object_or_nothing(&json);
}

/// A PARAM-VALUE without its escapes, in the plainest way.
fn unescaped(raw: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut octets = raw.iter().copied().peekable();
    while let Some(octet) = octets.next() {
        match (octet, octets.peek()) {
            (b'\\', Some(b'"' | b'\\' | b']')) => out.extend(octets.next()),
            _ => out.push(octet),
        }
    }
    out
}

/// A frame: its octets, whether it is a part, whether unterminated. What is out of step starts with a MSG-LEN that was
/// wrong.
type Frames = Vec<(Vec<u8>, Option<Over>, bool)>;

/// Divides what `reads` bring, one after the other.
fn frames<'a>(reads: impl Iterator<Item = &'a [u8]>, octets_max: usize, oversize: Oversize) -> Frames {
    let mut deframer = Deframer::new(octets_max, oversize);
    let (mut buffer, mut got) = (Vec::new(), Vec::new());
    for (read, end_of_stream) in reads.map(|read| (read, false)).chain([(&b""[..], true)]) {
        buffer.extend_from_slice(read);
        let before = buffer.len();
        let mut taken = 0;
        loop {
            let left = buffer.get(taken..).unwrap_or_default();
            let consumed = match deframer.next(left, end_of_stream) {
                Step::NeedMore => break,
                Step::Skip { consumed } => consumed,
                Step::OutOfStep { count, bytes, consumed } => {
                    assert!(bytes.len() <= octets_max && bytes.len() <= consumed);
                    got.push(([count.as_bytes(), bytes].concat(), None, false));
                    consumed
                }
                Step::Frame { bytes, consumed, over, unterminated } => {
                    assert!(!bytes.is_empty() && bytes.len() <= octets_max && bytes.len() <= consumed);
                    got.push((bytes.to_vec(), over, unterminated));
                    consumed
                }
            };
            assert!(consumed > 0, "no progress");
            taken += consumed;
            assert!(taken <= before, "more was consumed than there was");
        }
        buffer.drain(..taken);
        assert!(!end_of_stream || buffer.is_empty(), "octets were left behind");
        assert!(buffer.len() <= octets_max + 12, "the bound on the buffer is not kept");
    }
    got
}

/// A stream: the frames do not depend on how it was split into reads. The first octet is the largest message, the
/// second the length of the reads.
pub fn framing(data: &[u8]) {
    let [max, step, stream @ ..] = data else { return };
    let octets_max = 1 + usize::from(*max);
    let step = 1 + usize::from(*step);
    for oversize in [Oversize::Truncate, Oversize::Split] {
        let whole = frames(std::iter::once(stream), octets_max, oversize);
        assert_eq!(frames(stream.chunks(1), octets_max, oversize), whole, "octet by octet");
        assert_eq!(frames(stream.chunks(step), octets_max, oversize), whole, "in reads of {step}");
    }
}

/// RELP frames: transaction, command, data, whether it is a part, whether it is the last.
type RelpFrames = (Vec<(u32, Vec<u8>, Vec<u8>, Option<Over>, bool)>, Option<RelpError>);

/// Divides what `reads` bring, one after the other, into RELP frames.
fn relp_frames<'a>(
    reads: impl Iterator<Item = &'a [u8]>,
    octets_max: usize,
    oversize: Oversize,
) -> RelpFrames {
    let mut frames = relp::Frames::new(octets_max, oversize);
    let (mut buffer, mut got) = (Vec::new(), Vec::new());
    for read in reads {
        buffer.extend_from_slice(read);
        let mut taken = 0;
        loop {
            let left = buffer.get(taken..).unwrap_or_default();
            let consumed = match frames.next(left) {
                Ok(relp::Step::NeedMore) => break,
                Ok(relp::Step::Skip { consumed }) => consumed,
                Ok(relp::Step::Frame { frame, consumed }) => {
                    assert!(frame.data.len() <= octets_max && frame.data.len() <= consumed);
                    assert!(frame.command.len() <= limits::RELP_COMMAND_OCTETS_MAX && frame.transaction > 0);
                    let (command, data) = (frame.command.to_vec(), frame.data.to_vec());
                    got.push((frame.transaction, command, data, frame.over, frame.is_last));
                    consumed
                }
                Err(error) => return (got, Some(error)),
            };
            assert!(consumed > 0 && consumed <= left.len(), "no progress, or too much");
            taken += consumed;
        }
        buffer.drain(..taken);
        let bound = octets_max + relp::HEADER_OCTETS_MAX + 1;
        assert!(buffer.len() <= bound, "the bound on the buffer is not kept");
    }
    (got, None)
}

/// A RELP stream: the frames do not depend on how it was split into reads, and a session answers each at most once. The
/// first octet is the longest data, the second the length of the reads.
pub fn relp(data: &[u8]) {
    let [max, step, stream @ ..] = data else { return };
    let octets_max = 1 + usize::from(*max);
    let step = 1 + usize::from(*step);
    for oversize in [Oversize::Truncate, Oversize::Split] {
        let whole = relp_frames(std::iter::once(stream), octets_max, oversize);
        assert_eq!(relp_frames(stream.chunks(1), octets_max, oversize), whole, "octet by octet");
        assert_eq!(relp_frames(stream.chunks(step), octets_max, oversize), whole, "in reads of {step}");
        let mut session = Session::new(3);
        let (mut out, mut taken) = (Vec::new(), Vec::new());
        for (transaction, command, data, over, is_last) in &whole.0 {
            let frame =
                relp::Frame { transaction: *transaction, command, data, over: *over, is_last: *is_last };
            if session.may_take() && session.on_frame(&frame, &mut out) == Verdict::Take && *is_last {
                taken.push(*transaction);
            }
            assert!(session.unacknowledged() <= 3);
        }
        for transaction in &taken {
            session.on_committed(*transaction, &mut out);
        }
        let acknowledged = out.windows(12).filter(|text| text == b" rsp 6 200 O").count();
        assert!(acknowledged <= taken.len(), "an answer without a message");
    }
}

/// The start of a proxied connection: the answer does not change when more comes, and nothing behind it matters.
pub fn proxy_protocol(data: &[u8]) {
    let whole = proxy_protocol::parse(data);
    if let Ok(proxy_protocol::Step::Header { consumed, .. }) = whole {
        assert!(consumed <= data.len() && consumed <= limits::PROXY_HEADER_OCTETS_MAX);
        assert_eq!(proxy_protocol::parse(data.get(..consumed).unwrap_or_default()), whole);
    }
    if whole == Ok(proxy_protocol::Step::NeedMore) {
        assert!(data.len() < limits::PROXY_HEADER_OCTETS_MAX, "more is waited for than a header may have");
    }
    for end in 0..data.len() {
        let early = proxy_protocol::parse(data.get(..end).unwrap_or_default());
        assert!(early == Ok(proxy_protocol::Step::NeedMore) || early == whole, "another answer at {end}");
    }
}

/// A datagram: each octet of the varbinds is seen, the answer is read as it was meant, the description is bounded.
pub fn snmp_decode(data: &[u8]) {
    thread_local!(static NAMES: Names = Names::standard());
    let data = as_received(data);
    let message = match snmp::decode(data) {
        Ok(snmp::Message::Community(message)) => message,
        Ok(snmp::Message::V3(message)) => return snmpv3_decode(data, &message),
        Err(_) => return,
    };
    let mut count = 0;
    for varbind in message.pdu.varbinds.iter() {
        count += 1;
        match varbind {
            VarBind::Bound { name, .. } => assert!(name.arcs().count() <= limits::OID_SUB_IDENTIFIERS_MAX),
            VarBind::Malformed { raw, name, .. } => assert!(name.is_some() || !raw.is_empty()),
        }
    }
    assert!(count <= limits::VARBINDS_MAX + 1);
    assert_answer(&message);
    let mut out = Vec::new();
    let described = NAMES.with(|names| describe(&message, names, &mut out));
    assert!(out.len() <= limits::RENDERED_TEXT_OCTETS_MAX + limits::ENRICHED_OCTETS_MAX);
    assert_eq!(described.varbinds as usize, count);
    assert!(std::str::from_utf8(described.text.of(&out)).is_ok(), "the text is not UTF-8");
    assert!(!described.text.is_empty());
    assert_object_or_nothing(described.enriched.of(&out));
}

/// A message of version 3: what is read lies inside it, the MAC where it is said to be.
fn snmpv3_decode(data: &[u8], message: &snmp::V3Message<'_>) {
    assert_eq!(message.whole.0, data.get(..message.whole.0.len()).unwrap_or_default());
    if let Ok(usm) = snmp::UsmParameters::decode(message.security_parameters) {
        assert_eq!(data.get(usm.mac_offset..usm.mac_offset + usm.mac.len()), Some(usm.mac));
        assert!(usm.user.len() <= 32 && usm.boots >= 0 && usm.time >= 0);
    }
    if let snmp::ScopedPduData::Plaintext(contents) = message.data
        && let Ok(scoped) = snmp::ScopedPdu::decode(contents)
    {
        assert!(scoped.pdu.varbinds.iter().count() <= limits::VARBINDS_MAX + 1);
    }
}

/// The answer to `message`, if there is one, repeats its varbinds (RFC 3416 4.2.7).
fn assert_answer(message: &CommunityMessage<'_>) {
    let mut answer = Vec::new();
    if !snmp::encode::response(message, &mut answer) {
        assert!(answer.is_empty() && message.pdu.request_id().is_none());
        return;
    }
    let Ok(snmp::Message::Community(read)) = snmp::decode(&answer) else {
        panic!("our answer is unreadable")
    };
    assert_eq!(read.pdu.kind, PduKind::RESPONSE);
    assert_eq!(
        (read.version, read.community, read.pdu.request_id(), read.pdu.varbinds.bytes()),
        (message.version, message.community, message.pdu.request_id(), message.pdu.varbinds.bytes())
    );
}

/// A file of MIB modules: whatever is in it, it is read to an end; what it defines can be looked up and kept as a table,
/// and what is wrong has a line that the file has.
pub fn mib_load(data: &[u8]) {
    let loaded = mib::load::load_octets("fuzz.mib".into(), data.to_vec());
    let lines = data.iter().filter(|octet| **octet == b'\n').count() + 2;
    for problem in &loaded.problems {
        assert!(problem.line.is_none_or(|line| (1..=lines).contains(&line)), "{problem}");
        assert!(!problem.to_string().contains(char::is_control), "{problem:?}");
    }
    let names = Names::from_definitions(loaded.definitions.names.iter().cloned());
    for (arcs, name) in names.iter() {
        let found = names.lookup(arcs);
        assert!(found.is_some_and(|found| found.label == name.label && found.suffix.is_empty()));
        assert!(arcs.len() <= limits::OID_SUB_IDENTIFIERS_MAX && !name.label.is_empty());
    }
    let table = mib::table::write(&loaded.definitions);
    assert_eq!(
        table.lines().filter(|line| line.starts_with("type\t")).count(),
        loaded.definitions.types.len()
    );
}

/// A DISPLAY-HINT and what it is applied to: the first octet says how long the hint is, the second which type it is for.
pub fn display_hint(data: &[u8]) {
    let [length, base, rest @ ..] = data else { return };
    let (hint, value) = rest.split_at_checked(usize::from(*length)).unwrap_or((rest, &[]));
    let hint = String::from_utf8_lossy(hint);
    let (base, _) = Base::ALL[usize::from(*base) % Base::ALL.len()];
    let labels = vec![(0, "zero".into()), (9, "nine".into()), (0, "again".into())];
    for labels in [Vec::new(), labels] {
        let syntax = Syntax::new("Fuzz", base, None, &hint, labels);
        let first = value.first_chunk::<8>().map_or(0, |octets| i64::from_be_bytes(*octets));
        for meaning in [syntax.meaning_of_octets(value), syntax.meaning_of_number(i128::from(first))] {
            assert!(meaning.is_none_or(|text| (1..=TEXT_OCTETS_MAX).contains(&text.as_bytes().len())));
        }
    }
}

/// A pipeline with rules in force.
fn new_pipeline() -> Pipeline {
    let level = |text: &str| Level::parse(&[text]).map(RuleCondition::Level).into_iter().collect::<Vec<_>>();
    let rules = vec![
        Rule::new("keyword", Pattern::Keywords(vec!["down".to_owned()])),
        Rule { conditions: level("warning..err"), ..Rule::new("level", None) },
        Rule { conditions: level("info"), ..Rule::new("both", Pattern::Keywords(vec!["up".to_owned()])) },
        Rule::new("regex", Pattern::Regex(r"temperature.*critical|\d+\.\d+\.\d+\.\d+".to_owned())),
    ];
    let set = RuleSet::compile(rules).unwrap_or_else(|error| panic!("{error}"));
    let in_force = Arc::new(ArcSwap::from_pointee(ActiveRules::new(set)));
    Pipeline::new(PipelineParts { snmpv3: Arc::new(usm()), ..PipelineParts::new(in_force) })
}

/// An engine called `engine`, and three users: `none`, `auth` and `priv`.
fn usm() -> Usm {
    let credential = |auth, privacy| CredentialSecrets::of_passwords(1, auth, privacy);
    let auth = Some((AuthProtocol::Sha, &b"auth-secret"[..]));
    let privacy = Some((PrivProtocol::Aes, &b"priv-secret"[..]));
    let credentials = [[credential(None, None)], [credential(auth, None)], [credential(auth, privacy)]];
    let users = [&b"none"[..], b"auth", b"priv"];
    let users: Vec<UserSecrets<'_>> = users
        .into_iter()
        .zip(&credentials)
        .map(|(name, credentials)| UserSecrets::new(name, credentials))
        .collect();
    let engine = EngineId::new(b"engine").map(|id| LocalEngine::new(id, 1));
    Usm::new(engine, Users::derive(&users, &Users::default()))
}

/// A datagram through the whole of a shard: exactly one event comes out, but for an SNMPv3 discovery, and none of the
/// octets is lost. The first
/// octet says which protocol it is and whether it is whole.
pub fn pipeline(data: &[u8]) {
    thread_local!(static SHARD: RefCell<(Pipeline, Batch)> = RefCell::new((new_pipeline(), Batch::new())));
    let [kind, data @ ..] = data else { return };
    let bytes = as_received(data);
    let protocol = if kind % 2 == 0 { Protocol::Syslog } else { Protocol::Snmp };
    let mut arrival = samples::arrival(protocol, bytes);
    arrival.cut = match kind / 2 % 4 {
        0 => Some(Cut::Truncated),
        1 => Some(Cut::Unterminated),
        _ => None,
    };
    SHARD.with_borrow_mut(|(pipeline, batch)| {
        batch.clear();
        pipeline.begin(batch);
        let outcome = pipeline.process(&arrival, batch);
        assert!(batch.informs.len() <= 1);
        for inform in &batch.informs {
            assert_eq!((inform.event.is_none(), inform.peer), (inform.is_report, arrival.peer));
            assert!(snmp::decode(batch.bytes(inform.response)).is_ok());
        }
        if outcome == Outcome::Dropped(DropReason::Snmpv3Discovery) {
            assert!(batch.events.is_empty() && protocol == Protocol::Snmp);
            return;
        }
        assert!(matches!(outcome, Outcome::Appended { .. }), "no rule of ours discards");
        let [event] = &batch.events[..] else { panic!("{} events", batch.events.len()) };
        assert!(batch.octets.len() <= limits::MESSAGE_OCTETS_MAX, "{} octets", batch.octets.len());
        assert_event(event, bytes, batch);
        assert!(arrival.cut.is_none() || !event.reasons.is_empty(), "a cut message is not valid");
    });
}

/// `event` tells what `bytes` were.
fn assert_event(event: &Event, bytes: &[u8], batch: &Batch) {
    let text = batch.bytes(event.text);
    assert!(std::str::from_utf8(text).is_ok(), "the text is not UTF-8");
    assert!(!text.contains(&0), "the text has a NUL");
    assert_object_or_nothing(batch.bytes(event.enriched));
    let raw = batch.bytes(event.raw_bytes);
    assert!(raw.is_empty() || raw == bytes);
    match event.body {
        Body::Syslog(_) => {
            let whole: Vec<u8> = text.iter().copied().chain(event.trailing.octets()).collect();
            assert!(whole == bytes || raw == bytes, "the message is lost");
            let content = std::str::from_utf8(text).map(|text| text.get(event.content_start as usize..));
            assert!(content.is_ok_and(|content| content.is_some()), "the content is no part of the text");
        }
        Body::Undecoded | Body::AwaitsCredential => {
            assert!(raw == bytes && !event.reasons.is_empty(), "the datagram is lost")
        }
        Body::Notification(record) => {
            assert!(event.reasons.is_empty() || raw == bytes, "a doubtful notification is lost");
            assert_eq!(record.oid.is_empty(), record.trap_type.is_empty());
        }
    }
}
