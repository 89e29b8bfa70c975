//! Syslog over TCP (RFC 6587).

use crate::app::listeners::syslog_stream::{self, OwnPart};
use crate::config::Settings;
use crate::shard::listener::{ListenerSpec, StreamProtocol};

/// The listener by `listeners.syslog`.
pub(super) fn specify(settings: &Settings) -> Option<ListenerSpec> {
    let syslog = &settings.listeners.syslog;
    let own = OwnPart {
        name: "syslog-tcp",
        port_key: "listeners.syslog.port",
        port: syslog.port,
        protocol: StreamProtocol::Syslog,
        uses_tls: false,
    };
    if syslog.enabled && syslog.protocol.tcp() { syslog_stream::specify(syslog, own) } else { None }
}
