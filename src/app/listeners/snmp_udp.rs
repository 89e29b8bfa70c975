//! SNMP notifications over UDP (RFC 3417).

use crate::config::Settings;
use crate::shard::listener::{ListenerSources, ListenerSpec, Protocol, Transport};

/// The listener by `listeners.snmp`.
pub(super) fn specify(settings: &Settings) -> Option<ListenerSpec> {
    let snmp = &settings.listeners.snmp;
    snmp.enabled.then(|| ListenerSpec {
        name: "snmp-udp",
        section: "listeners.snmp",
        port_key: "listeners.snmp.port",
        addresses: snmp.address.clone(),
        port: snmp.port,
        protocol: Protocol::Snmp,
        message_octets_max: snmp.buffer_size_octets,
        sources: ListenerSources {
            allowed: snmp.allow_from.clone(),
            is_limited: true,
            relays: snmp.trusted_proxies.clone(),
            is_checked_when_accepted: false,
        },
        transport: Transport::Udp { receive_buffer_octets: snmp.receive_buffer_bytes },
    })
}
