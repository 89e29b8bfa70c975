//! One old row as a row of now.

use std::borrow::Cow;

use rusqlite::Connection;

use crate::base::clock::Timestamp;
use crate::model::device_time::TimeSource;
use crate::model::event::{EventId, Kind};
use crate::model::group::CommitNumber;
use crate::model::severity::Severity;
use crate::model::trailing::{self, Trailing};
use crate::model::{readable, syslog};
use crate::storage::shapes::Shapes;
use crate::storage::writer::row::{self, Extras, Facts, NameSource, Row};

/// A row as versions 1 to 6 have it. `origin` is kind | listener << 4 | (PRI + 1) << 12 | time source << 20.
#[derive(Debug)]
pub(super) struct OldRow<'a> {
    pub(super) id: EventId,
    pub(super) origin: i64,
    pub(super) device: i64,
    pub(super) host: &'a [u8],
    pub(super) device_time_us: Option<i64>,
    pub(super) text: &'a [u8],
    pub(super) program: &'a [u8],
    pub(super) process_id: Option<u32>,
    pub(super) oid: &'a [u8],
    pub(super) trap_type: &'a [u8],
    pub(super) rule: Option<i64>,
    pub(super) enriched: &'a [u8],
    pub(super) raw_bytes: Option<&'a [u8]>,
    pub(super) reasons: Option<String>,
    pub(super) community: Option<String>,
    pub(super) commit: CommitNumber,
}

/// The text of a message, and what it is beside that.
struct Message<'a> {
    text: Cow<'a, [u8]>,
    trailing: Trailing,
    content_start: u32,
    raw_bytes: Option<&'a [u8]>,
}

impl OldRow<'_> {
    /// Binds the row to a statement that inserts one, and writes what it has besides. `rule_severity` is that of its rule.
    pub(super) fn write(
        &self,
        connection: &Connection,
        insert: &mut rusqlite::Statement<'_>,
        shapes: &mut Shapes,
        rule_severity: Option<Severity>,
    ) -> rusqlite::Result<()> {
        let kind = match self.origin & 15 {
            0 => Kind::Syslog,
            1 => Kind::SnmpV1,
            2 => Kind::SnmpV2c,
            3 => Kind::SnmpV3,
            _ => Kind::SnmpUndecoded,
        };
        let bits = |shift: u32| (self.origin >> shift & 255) as u8;
        let pri = bits(12).checked_sub(1);
        let message = match kind {
            Kind::Syslog => self.syslog(),
            _ => Message {
                text: Cow::Borrowed(self.text),
                trailing: Trailing::NONE,
                content_start: 0,
                raw_bytes: self.raw_bytes,
            },
        };
        let time_source = TimeSource::ALL.get(usize::from(bits(20))).copied().unwrap_or_default();
        let row = Row {
            id: self.id,
            received_at: self.id.received_at(),
            commit: self.commit,
            facts: Facts {
                kind,
                listener: bits(4),
                pri,
                time_source,
                trailing: message.trailing,
                severity: row::severity_of(rule_severity, kind, pri),
                name_source: if self.host.is_empty() { NameSource::Device } else { NameSource::Hostname },
            },
            device: self.device,
            rule: self.rule,
            device_time: self.device_time_us.map(Timestamp),
            content_start: message.content_start,
            process_id: self.process_id,
            host: self.host,
            program: self.program,
            oid: self.oid,
            trap_type: self.trap_type,
            text: &message.text,
            enriched: self.enriched,
        };
        row.bind(connection, insert, 0, shapes)?;
        insert.raw_execute()?;
        let extras = Extras {
            raw_bytes: message.raw_bytes,
            reasons: self.reasons.clone(),
            community: self.community.as_deref().map(Cow::Borrowed),
        };
        extras.write(connection, self.id)
    }

    /// A syslog message without what ended it, as the receiver makes it now.
    fn syslog(&self) -> Message<'_> {
        let octets = self.raw_bytes.unwrap_or(self.text);
        let line = trailing::trim(octets).line;
        let start = syslog::content_start(line);
        let (text, is_verbatim) = if self.raw_bytes.is_none() {
            (Cow::Borrowed(line), true)
        } else {
            let mut text = Vec::new();
            let is_verbatim = readable::append(line, &mut text).is_verbatim;
            (Cow::Owned(text), is_verbatim)
        };
        let trailing = trailing::trim(octets).trailing.filter(|_| is_verbatim);
        let content_start = if is_verbatim {
            u32::try_from(start).unwrap_or(0)
        } else {
            readable::position(line, start, u32::try_from(text.len()).unwrap_or(0))
        };
        Message {
            text,
            trailing: trailing.unwrap_or_default(),
            content_start,
            raw_bytes: if trailing.is_some() { None } else { Some(octets) },
        }
    }
}
