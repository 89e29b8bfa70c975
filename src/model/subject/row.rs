//! A row of `messages`, wherever it was read from: the store or an archive.

use std::net::IpAddr;

use crate::base::clock::Timestamp;

use super::accessors::{DeviceName, MessageType, Subject, content_of};

/// Columns of `messages` as they stand there; `None` for NULL, and for a column that was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StoredRow<'a> {
    /// `type`.
    pub message_type: Option<&'a [u8]>,
    /// `source_ip`.
    pub source_ip: Option<&'a [u8]>,
    /// `source_device`.
    pub source_device: Option<&'a [u8]>,
    /// The group of the device in the inventory.
    pub group: Option<&'a [u8]>,
    /// `listener`.
    pub listener: Option<&'a [u8]>,
    /// `received_at`.
    pub received_at: Option<&'a [u8]>,
    /// `timestamp`.
    pub timestamp: Option<&'a [u8]>,
    /// `raw_message`.
    pub raw_message: Option<&'a [u8]>,
    /// `content`; read from `raw_message` where it is not there.
    pub content: Option<&'a [u8]>,
    /// `enriched_data`.
    pub enriched_data: Option<&'a [u8]>,
    /// `level`.
    pub level: Option<i64>,
    /// `facility`, which is a number as text.
    pub facility: Option<&'a [u8]>,
    /// `program`.
    pub program: Option<&'a [u8]>,
    /// `process_id`.
    pub process_id: Option<i64>,
    /// `oid`.
    pub oid: Option<&'a [u8]>,
    /// `trap_type`.
    pub trap_type: Option<&'a [u8]>,
    /// `matched_rule_id`.
    pub matched_rule_id: Option<&'a [u8]>,
    /// `match_severity`.
    pub match_severity: Option<&'a [u8]>,
}

impl Subject for StoredRow<'_> {
    fn message_type(&self) -> MessageType {
        self.message_type.and_then(MessageType::of).unwrap_or(MessageType::Syslog)
    }

    fn text(&self) -> &[u8] {
        self.raw_message.unwrap_or_default()
    }

    fn enriched_data(&self) -> &[u8] {
        self.enriched_data.unwrap_or_default()
    }

    fn source(&self) -> Option<IpAddr> {
        std::str::from_utf8(self.source_ip?).ok()?.parse().ok()
    }

    fn device(&self) -> Option<DeviceName<'_>> {
        self.source_device.map(DeviceName::Name)
    }

    fn group(&self) -> Option<&[u8]> {
        self.group
    }

    fn listener(&self) -> Option<&[u8]> {
        self.listener
    }

    fn received_at(&self) -> Option<Timestamp> {
        Timestamp::from_iso8601(self.received_at?)
    }

    fn timestamp(&self) -> Option<Timestamp> {
        Timestamp::from_iso8601(self.timestamp?)
    }

    fn level(&self) -> Option<u8> {
        u8::try_from(self.level?).ok()
    }

    fn facility(&self) -> Option<u8> {
        std::str::from_utf8(self.facility?).ok()?.parse().ok()
    }

    fn program(&self) -> Option<&[u8]> {
        self.program
    }

    fn process_id(&self) -> Option<u32> {
        u32::try_from(self.process_id?).ok()
    }

    fn oid(&self) -> Option<&[u8]> {
        self.oid
    }

    fn trap_type(&self) -> Option<&[u8]> {
        self.trap_type
    }

    fn rule_id(&self) -> Option<&[u8]> {
        self.matched_rule_id
    }

    fn rule_severity(&self) -> Option<&[u8]> {
        self.match_severity
    }

    fn content(&self) -> &[u8] {
        self.content.unwrap_or_else(|| content_of(self.message_type(), self.text()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::severity::Severity;

    #[test]
    fn columns_that_are_not_what_they_should_be_are_not_known() {
        let odd = StoredRow {
            source_ip: Some(b"\xff"),
            received_at: Some(b"yesterday"),
            level: Some(-1),
            facility: Some(b"local7"),
            process_id: Some(1 << 40),
            match_severity: Some(b"loud"),
            ..StoredRow::default()
        };
        assert_eq!((odd.source(), odd.received_at(), odd.timestamp()), (None, None, None));
        assert_eq!((odd.level(), odd.facility(), odd.process_id(), odd.severity()), (None, None, None, None));
        assert_eq!((odd.text(), odd.content(), odd.is_authenticated()), (&b""[..], &b""[..], true));
    }

    #[test]
    fn what_was_not_decoded_is_not_authenticated() {
        let trap = StoredRow { message_type: Some(b"snmp_trap"), ..StoredRow::default() };
        assert!(!trap.is_authenticated());
        assert!(!StoredRow { enriched_data: Some(b"{}"), ..trap }.is_authenticated());
        assert!(StoredRow { enriched_data: Some(br#"{"pdu":"trap"}"#), ..trap }.is_authenticated());
    }

    #[test]
    fn the_severity_is_that_of_the_rule_and_else_of_the_level() {
        let row = StoredRow { level: Some(6), ..StoredRow::default() };
        assert_eq!(row.severity(), Some(Severity::Info));
        assert_eq!(StoredRow { match_severity: Some(b"error"), ..row }.severity(), Some(Severity::Major));
    }

    #[test]
    fn content_is_what_stands_behind_the_header() {
        let row = StoredRow { raw_message: Some(b"<13>Oct 11 22:14:15 host su: hi"), ..StoredRow::default() };
        assert_eq!(row.content(), b"hi");
        assert_eq!(StoredRow { content: Some(b"other"), ..row }.content(), b"other");
        assert_eq!(StoredRow { message_type: Some(b"snmp_trap"), ..row }.content(), row.text());
    }
}
