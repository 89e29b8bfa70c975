//! A text that is to be tried with rules.

use std::net::IpAddr;

use crate::base::clock::Timestamp;

use super::accessors::{DeviceName, MessageType, Subject};

/// A text as the `raw_message` of a syslog message of which nothing else is known, its level included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TextOnly<'a>(pub &'a [u8]);

impl Subject for TextOnly<'_> {
    fn message_type(&self) -> MessageType {
        MessageType::Syslog
    }

    fn text(&self) -> &[u8] {
        self.0
    }

    fn enriched_data(&self) -> &[u8] {
        b""
    }

    fn source(&self) -> Option<IpAddr> {
        None
    }

    fn device(&self) -> Option<DeviceName<'_>> {
        None
    }

    fn group(&self) -> Option<&[u8]> {
        None
    }

    fn listener(&self) -> Option<&[u8]> {
        None
    }

    fn received_at(&self) -> Option<Timestamp> {
        None
    }

    fn timestamp(&self) -> Option<Timestamp> {
        None
    }

    fn level(&self) -> Option<u8> {
        None
    }

    fn facility(&self) -> Option<u8> {
        None
    }

    fn program(&self) -> Option<&[u8]> {
        None
    }

    fn process_id(&self) -> Option<u32> {
        None
    }

    fn oid(&self) -> Option<&[u8]> {
        None
    }

    fn trap_type(&self) -> Option<&[u8]> {
        None
    }

    fn rule_id(&self) -> Option<&[u8]> {
        None
    }

    fn rule_severity(&self) -> Option<&[u8]> {
        None
    }
}
