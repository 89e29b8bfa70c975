//! Syslog over UDP (RFC 5426).

use crate::config::Settings;
use crate::shard::listener::{ListenerSources, ListenerSpec, Protocol, Transport};

/// The listener by `listeners.syslog`.
pub(super) fn specify(settings: &Settings) -> Option<ListenerSpec> {
    let syslog = &settings.listeners.syslog;
    (syslog.enabled && syslog.protocol.udp()).then(|| ListenerSpec {
        name: "syslog-udp",
        section: "listeners.syslog",
        port_key: "listeners.syslog.port",
        addresses: syslog.address.clone(),
        port: syslog.port,
        protocol: Protocol::Syslog,
        message_octets_max: syslog.buffer_size_octets,
        sources: ListenerSources {
            allowed: syslog.allow_from.clone(),
            is_limited: true,
            relays: syslog.trusted_relays.clone(),
            is_checked_when_accepted: false,
        },
        transport: Transport::Udp { receive_buffer_octets: syslog.receive_buffer_bytes },
    })
}
