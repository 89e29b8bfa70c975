//! The accessors, and the types of their answers.

use std::fmt::{self, Write as _};
use std::net::IpAddr;

use crate::base::clock::Timestamp;
use crate::model::severity::Severity;
use crate::wire::syslog;

use super::fields::{self, FieldValue};

/// What kind of message it is: the column `type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessageType {
    /// A syslog message of whatever shape.
    Syslog,
    /// An SNMP notification of any version, or what came to an SNMP listener and is none.
    SnmpTrap,
}

impl MessageType {
    /// Its word in the column `type`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Syslog => "syslog",
            Self::SnmpTrap => "snmp_trap",
        }
    }

    /// The type that `word` names.
    #[must_use]
    pub fn of(word: &[u8]) -> Option<Self> {
        [Self::Syslog, Self::SnmpTrap].into_iter().find(|kind| kind.as_str().as_bytes() == word)
    }
}

/// The name of a device: the column `source_device`.
#[derive(Debug, Clone, Copy)]
pub enum DeviceName<'a> {
    /// A name.
    Name(&'a [u8]),
    /// Its address, where no name is known.
    Address(AddressText),
}

impl DeviceName<'_> {
    /// The name, or the address as text.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Name(name) => name,
            Self::Address(address) => address.as_bytes(),
        }
    }
}

/// Octets of the longest textual IP address, an IPv4-mapped IPv6 one.
const ADDRESS_OCTETS_MAX: usize = 45;

/// An IP address as text, without allocation.
#[derive(Clone, Copy)]
pub struct AddressText {
    octets: [u8; ADDRESS_OCTETS_MAX],
    len: usize,
}

impl AddressText {
    /// The text of `address`, as the store has it.
    #[must_use]
    pub fn of(address: IpAddr) -> Self {
        let mut text = Self { octets: [0; ADDRESS_OCTETS_MAX], len: 0 };
        // Cannot fail: no address is longer.
        let _ = write!(text, "{address}");
        text
    }

    /// The text.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.octets.get(..self.len).unwrap_or_default()
    }
}

impl fmt::Write for AddressText {
    fn write_str(&mut self, piece: &str) -> fmt::Result {
        let end = self.len.saturating_add(piece.len());
        self.octets.get_mut(self.len..end).ok_or(fmt::Error)?.copy_from_slice(piece.as_bytes());
        self.len = end;
        Ok(())
    }
}

impl fmt::Debug for AddressText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::str::from_utf8(self.as_bytes()).unwrap_or_default())
    }
}

/// What stands behind the header of a message that is nothing but `text`.
pub(super) fn content_of(message_type: MessageType, text: &[u8]) -> &[u8] {
    match message_type {
        MessageType::Syslog => syslog::decode(text).content,
        MessageType::SnmpTrap => text,
    }
}

/// The fields of a message. `None` says that the message does not have the field, or that it is not known.
pub trait Subject {
    /// Syslog or SNMP.
    fn message_type(&self) -> MessageType;

    /// The text that rules match on: `raw_message`.
    fn text(&self) -> &[u8];

    /// `enriched_data`, a JSON object; may be empty when there is nothing in it.
    fn enriched_data(&self) -> &[u8];

    /// The address that the message came from, or that a trusted relay reports.
    fn source(&self) -> Option<IpAddr>;

    /// The name of the device.
    fn device(&self) -> Option<DeviceName<'_>>;

    /// The group of the device, where an inventory names one.
    fn group(&self) -> Option<&[u8]>;

    /// The name of the listener that received it.
    fn listener(&self) -> Option<&[u8]>;

    /// When it was received.
    fn received_at(&self) -> Option<Timestamp>;

    /// The device's own time where the message has a usable one, else when it was received.
    fn timestamp(&self) -> Option<Timestamp>;

    /// Syslog severity, 0 to 7 (RFC 5424 6.2.1); without PRI that of user.notice (RFC 3164 4.3.3). No notification has one.
    fn level(&self) -> Option<u8>;

    /// Syslog facility, 0 to 23; without PRI that of user.notice.
    fn facility(&self) -> Option<u8>;

    /// APP-NAME or TAG.
    fn program(&self) -> Option<&[u8]>;

    /// PROCID, when it is a number.
    fn process_id(&self) -> Option<u32>;

    /// snmpTrapOID in dots.
    fn oid(&self) -> Option<&[u8]>;

    /// The symbolic name of snmpTrapOID, or the dots again.
    fn trap_type(&self) -> Option<&[u8]>;

    /// `id` of the rule that decided on the message.
    fn rule_id(&self) -> Option<&[u8]>;

    /// `severity` of that rule, in the rule's word.
    fn rule_severity(&self) -> Option<&[u8]>;

    /// The text behind the header (MSG or CONTENT); of a notification the whole text.
    fn content(&self) -> &[u8] {
        content_of(self.message_type(), self.text())
    }

    /// Effective severity: of the rule, else of the level.
    fn severity(&self) -> Option<Severity> {
        let word = self.rule_severity().and_then(|word| std::str::from_utf8(word).ok());
        word.and_then(Severity::of_rule).or_else(|| self.level().map(Severity::of_level))
    }

    /// securityLevel of a notification (RFC 3411 3.4.3): `noAuthNoPriv`, `authNoPriv` or `authPriv`.
    fn security_level(&self) -> Option<&[u8]> {
        fields::text_member(self.enriched_data(), b"security_level")
    }

    /// False for a message that failed a check it was subject to: what an SNMP listener received and nobody could decode,
    /// authenticate, or take for new. True for all else, plain syslog and SNMPv1 and v2c included.
    fn is_authenticated(&self) -> bool {
        // Every notification that was decoded says its PDU.
        self.message_type() == MessageType::Syslog
            || fields::text_member(self.enriched_data(), b"pdu").is_some()
    }

    /// Calls `visit` with each value of the field `name` until it answers true, and gives whether it did. Letter case of
    /// the name does not matter. One message may have several values: rows of a table, repeated parameters.
    ///
    /// - A varbind has its OID and its name, with and without module: `1.3.6.1.2.1.2.2.1.8.3`, `IF-MIB::ifOperStatus.3`,
    ///   `ifOperStatus.3`. Without the instance, or without its last parts, the name stands for all instances below it.
    /// - A parameter of structured data (RFC 5424 6.3) has its name, and the same behind its SD-ID: `origin.ip`, `ip`.
    /// - A pair of `name=value`, of a CEF extension or of LEEF attributes has its name.
    fn visit_fields<'s>(&'s self, name: &[u8], visit: &mut dyn FnMut(FieldValue<'s>) -> bool) -> bool {
        fields::visit(self.enriched_data(), name, visit)
    }

    /// The first value of the field `name`.
    fn field<'s>(&'s self, name: &[u8]) -> Option<FieldValue<'s>> {
        let mut first = None;
        self.visit_fields(name, &mut |value| {
            first = Some(value);
            true
        });
        first
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_texts_as_in_the_store() {
        for address in ["192.0.2.1", "::1", "2001:db8::7", "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255"] {
            let Ok(parsed) = address.parse::<IpAddr>() else { panic!("{address}") };
            assert_eq!(AddressText::of(parsed).as_bytes(), parsed.to_string().as_bytes());
        }
        assert_eq!(format!("{:?}", AddressText::of(IpAddr::from([10, 0, 0, 1]))), "10.0.0.1");
    }

    #[test]
    fn types_have_the_words_of_the_column() {
        assert_eq!(MessageType::of(b"syslog"), Some(MessageType::Syslog));
        assert_eq!(MessageType::of(b"snmp_trap"), Some(MessageType::SnmpTrap));
        assert_eq!(MessageType::of(b"trap"), None);
    }
}
