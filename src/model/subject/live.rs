//! An event as it is in its batch.

use std::fmt;
use std::net::IpAddr;

use crate::base::clock::Timestamp;
use crate::base::span::Span;
use crate::model::batch::{Batch, RuleLabel};
use crate::model::event::{Body, Event, Kind, NotificationRecord, SyslogRecord};
use crate::wire::syslog::Pri;

use super::accessors::{AddressText, DeviceName, MessageType, Subject};

/// The names of listeners, by the number that events have of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListenerNames(Vec<Option<Box<str>>>);

impl ListenerNames {
    /// The names of these numbers.
    pub fn new<'a>(names: impl IntoIterator<Item = (u8, &'a str)>) -> Self {
        let mut all = Self::default();
        for (number, name) in names {
            let number = usize::from(number);
            if all.0.len() <= number {
                all.0.resize(number + 1, None);
            }
            if let Some(place) = all.0.get_mut(number) {
                *place = Some(name.into());
            }
        }
        all
    }

    /// The name of the listener with this number.
    #[must_use]
    pub fn get(&self, number: u8) -> Option<&str> {
        self.0.get(usize::from(number))?.as_deref()
    }
}

/// What is known of a device by its address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DeviceFacts<'a> {
    /// Its name in the inventory, which goes before the name that a message has of it.
    pub inventory_name: Option<&'a [u8]>,
    /// The name to use for messages that name no device.
    pub name: Option<&'a [u8]>,
    /// Its group in the inventory.
    pub group: Option<&'a [u8]>,
}

/// Somebody who knows devices; the floor that keeps them implements it.
pub trait Devices: fmt::Debug + Send + Sync {
    /// What is known of the device at `source`. Called for a message that is matched; must neither wait nor allocate.
    fn find(&self, source: IpAddr) -> Option<DeviceFacts<'_>>;
}

/// Nothing is known of any device.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoDevices;

impl Devices for NoDevices {
    fn find(&self, _source: IpAddr) -> Option<DeviceFacts<'_>> {
        None
    }
}

/// An event of a batch, and what its numbers and addresses mean.
#[derive(Debug, Clone, Copy)]
pub struct LiveEvent<'a> {
    /// The batch that has the octets and the rule labels.
    pub batch: &'a Batch,
    /// The event; need not be in the batch yet.
    pub event: &'a Event,
    /// The names of listeners.
    pub listeners: &'a ListenerNames,
    /// Who knows the device.
    pub devices: &'a dyn Devices,
}

impl<'a> LiveEvent<'a> {
    /// The octets of a field; `None` when it is empty.
    fn octets(&self, span: Span) -> Option<&'a [u8]> {
        (!span.is_empty()).then(|| self.batch.bytes(span))
    }

    fn syslog(&self) -> Option<&'a SyslogRecord> {
        match &self.event.body {
            Body::Syslog(record) => Some(record),
            Body::Notification(_) | Body::Undecoded | Body::AwaitsCredential => None,
        }
    }

    fn notification(&self) -> Option<&'a NotificationRecord> {
        match &self.event.body {
            Body::Notification(record) => Some(record),
            Body::Syslog(_) | Body::Undecoded | Body::AwaitsCredential => None,
        }
    }

    /// PRI, or the one that is assumed without.
    fn pri(&self) -> Option<Pri> {
        self.syslog().map(|record| record.pri.and_then(Pri::new).unwrap_or(Pri::ASSUMED))
    }

    fn label(&self) -> Option<&'a RuleLabel> {
        self.batch.labels.get(usize::try_from(self.event.rule?).ok()?)
    }
}

impl Subject for LiveEvent<'_> {
    fn message_type(&self) -> MessageType {
        match self.event.kind {
            Kind::Syslog => MessageType::Syslog,
            Kind::SnmpV1 | Kind::SnmpV2c | Kind::SnmpV3 | Kind::SnmpUndecoded => MessageType::SnmpTrap,
        }
    }

    fn text(&self) -> &[u8] {
        self.batch.bytes(self.event.text)
    }

    fn enriched_data(&self) -> &[u8] {
        self.batch.bytes(self.event.enriched)
    }

    fn source(&self) -> Option<IpAddr> {
        Some(self.event.source)
    }

    fn device(&self) -> Option<DeviceName<'_>> {
        let facts = self.devices.find(self.event.source).unwrap_or_default();
        let reported = self.syslog().and_then(|record| self.octets(record.host));
        let name = facts.inventory_name.or(reported).or(facts.name);
        let address = || DeviceName::Address(AddressText::of(self.event.source));
        Some(name.map_or_else(address, DeviceName::Name))
    }

    fn group(&self) -> Option<&[u8]> {
        self.devices.find(self.event.source)?.group
    }

    fn listener(&self) -> Option<&[u8]> {
        self.listeners.get(self.event.listener).map(str::as_bytes)
    }

    fn received_at(&self) -> Option<Timestamp> {
        Some(self.event.received_at)
    }

    fn timestamp(&self) -> Option<Timestamp> {
        self.syslog().and_then(|record| record.device_time).or(Some(self.event.received_at))
    }

    fn level(&self) -> Option<u8> {
        self.pri().map(Pri::severity)
    }

    fn facility(&self) -> Option<u8> {
        self.pri().map(Pri::facility)
    }

    fn program(&self) -> Option<&[u8]> {
        self.octets(self.syslog()?.program)
    }

    fn process_id(&self) -> Option<u32> {
        self.syslog()?.process_id
    }

    fn oid(&self) -> Option<&[u8]> {
        self.octets(self.notification()?.oid)
    }

    fn trap_type(&self) -> Option<&[u8]> {
        self.octets(self.notification()?.trap_type)
    }

    fn rule_id(&self) -> Option<&[u8]> {
        self.label().map(|label| label.id.as_bytes())
    }

    fn rule_severity(&self) -> Option<&[u8]> {
        self.label().map(|label| label.severity.as_bytes())
    }

    fn content(&self) -> &[u8] {
        self.text().get(self.event.content_start as usize..).unwrap_or_default()
    }

    fn is_authenticated(&self) -> bool {
        !matches!(self.event.body, Body::Undecoded | Body::AwaitsCredential)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::event::{EventId, Reasons};

    #[derive(Debug)]
    struct Inventory(DeviceFacts<'static>);

    impl Devices for Inventory {
        fn find(&self, source: IpAddr) -> Option<DeviceFacts<'_>> {
            (source == IpAddr::from([192, 0, 2, 1])).then_some(self.0)
        }
    }

    #[test]
    fn numbers_have_the_names_they_were_given() {
        let names = ListenerNames::new([(3, "syslog-udp"), (255, "internal")]);
        assert_eq!(names.get(3), Some("syslog-udp"));
        assert_eq!(names.get(255), Some("internal"));
        assert_eq!((names.get(0), ListenerNames::default().get(0)), (None, None));
    }

    #[test]
    fn a_device_is_called_by_the_inventory_then_by_the_message_then_as_it_is_known() {
        let mut batch = Batch::new();
        let host = batch.append(b"router1");
        let mut event = Event {
            id: EventId(0),
            received_at: Timestamp(0),
            listener: 0,
            source: IpAddr::from([192, 0, 2, 1]),
            kind: Kind::Syslog,
            text: Span::EMPTY,
            trailing: crate::model::trailing::Trailing::NONE,
            content_start: 0,
            raw_bytes: Span::EMPTY,
            enriched: Span::EMPTY,
            rule: None,
            reasons: Reasons::default(),
            body: Body::Syslog(SyslogRecord { host, ..SyslogRecord::default() }),
        };
        let name_of = |event: &Event, facts| {
            let inventory = Inventory(facts);
            let listeners = ListenerNames::default();
            let live = LiveEvent { batch: &batch, event, listeners: &listeners, devices: &inventory };
            let group = live.group().map(|group| String::from_utf8_lossy(group).into_owned());
            let name = live.device().map(|name| String::from_utf8_lossy(name.as_bytes()).into_owned());
            (name.unwrap_or_default(), group)
        };
        let known = DeviceFacts { name: Some(b"by-dns"), ..DeviceFacts::default() };
        let inventory = DeviceFacts { inventory_name: Some(b"core-1"), group: Some(b"core"), ..known };
        assert_eq!(name_of(&event, inventory), ("core-1".to_owned(), Some("core".to_owned())));
        assert_eq!(name_of(&event, known), ("router1".to_owned(), None));
        event.body = Body::Notification(NotificationRecord::default());
        assert_eq!(name_of(&event, known), ("by-dns".to_owned(), None));
        assert_eq!(name_of(&event, DeviceFacts::default()), ("192.0.2.1".to_owned(), None));
        event.source = IpAddr::from([192, 0, 2, 2]);
        assert_eq!(name_of(&event, inventory), ("192.0.2.2".to_owned(), None));
    }
}
