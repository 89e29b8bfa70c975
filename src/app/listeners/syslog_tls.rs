//! Syslog over TLS (RFC 5425).

use crate::app::listeners::syslog_stream::{self, OwnPart};
use crate::config::Settings;
use crate::shard::listener::{ListenerSpec, StreamProtocol};

/// The listener by `listeners.syslog.tls`.
pub(super) fn specify(settings: &Settings) -> Option<ListenerSpec> {
    let syslog = &settings.listeners.syslog;
    let own = OwnPart {
        name: "syslog-tls",
        port_key: "listeners.syslog.tls.port",
        port: syslog.tls.port,
        protocol: StreamProtocol::Syslog,
        uses_tls: true,
    };
    if syslog.enabled && syslog.tls.enabled { syslog_stream::specify(syslog, own) } else { None }
}
