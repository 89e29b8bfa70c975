//! Syslog over RELP, with or without TLS.

use crate::app::listeners::syslog_stream::{self, OwnPart};
use crate::config::Settings;
use crate::shard::listener::{ListenerSpec, StreamProtocol};

/// The listener by `listeners.syslog.relp`.
pub(super) fn specify(settings: &Settings) -> Option<ListenerSpec> {
    let syslog = &settings.listeners.syslog;
    let relp = &syslog.relp;
    let own = OwnPart {
        name: "syslog-relp",
        port_key: "listeners.syslog.relp.port",
        port: relp.port,
        protocol: StreamProtocol::Relp { unacknowledged_max: relp.unacknowledged_max },
        uses_tls: relp.tls,
    };
    if syslog.enabled && relp.enabled { syslog_stream::specify(syslog, own) } else { None }
}
