//! What the syslog listeners over TCP have in common: addresses, sources and limits are those of `listeners.syslog` and
//! its `tcp`.

use std::sync::Arc;

use crate::config::settings::SyslogListener;
use crate::shard::listener::{
    ListenerSources, ListenerSpec, Protocol, StreamLimits, StreamProtocol, StreamSpec, Transport,
};

/// What one of them has for itself.
pub(super) struct OwnPart {
    /// Its name.
    pub(super) name: &'static str,
    /// The key of its port.
    pub(super) port_key: &'static str,
    /// Its port.
    pub(super) port: u16,
    /// How octets are divided into messages.
    pub(super) protocol: StreamProtocol,
    /// Whether it is spoken within TLS.
    pub(super) uses_tls: bool,
}

/// The listener with this part of its own; `None` when it needs certificates that are not configured, since it must never
/// be served without TLS then.
pub(super) fn specify(syslog: &SyslogListener, own: OwnPart) -> Option<ListenerSpec> {
    let OwnPart { name, port_key, port, protocol, uses_tls } = own;
    let limits = &syslog.tcp;
    let tls = if uses_tls { Some(syslog.tls_settings()?) } else { None };
    Some(ListenerSpec {
        name,
        section: "listeners.syslog",
        port_key,
        addresses: syslog.address.clone(),
        port,
        protocol: Protocol::Syslog,
        message_octets_max: syslog.buffer_size_octets,
        sources: ListenerSources {
            allowed: syslog.allow_from.clone(),
            // A sender that waits for acknowledgements is made to wait for them, so nothing of it has to be dropped.
            is_limited: protocol == StreamProtocol::Syslog,
            relays: syslog.trusted_relays.clone(),
            is_checked_when_accepted: true,
        },
        transport: Transport::Stream(Arc::new(StreamSpec {
            protocol,
            tls,
            proxies: limits.proxy_protocol_from.clone(),
            limits: StreamLimits {
                oversize: limits.oversize,
                connections_max: limits.connections_max,
                connections_per_source_max: limits.connections_per_source_max,
                idle_timeout: limits.idle_timeout,
                frame_timeout: limits.frame_timeout,
            },
        })),
    })
}
