//! The listeners that can be configured. A new one is its file here and its line in [`LISTENERS`].
//!
//! Invariant: whatever is done for all listeners (binding, ports, certificates, the memory bound, what a start says,
//! metrics) iterates over this table.

mod ports;
mod snmp_udp;
mod syslog_relp;
mod syslog_stream;
mod syslog_tcp;
mod syslog_tls;
mod syslog_udp;

use crate::config::Settings;
use crate::shard::listener::ListenerSpec;

/// What a listener is by the configuration; `None` when it is switched off.
type Specify = fn(&Settings) -> Option<ListenerSpec>;

/// All listeners, in the order in which they are bound.
const LISTENERS: [Specify; 5] =
    [snmp_udp::specify, syslog_udp::specify, syslog_tcp::specify, syslog_tls::specify, syslog_relp::specify];

/// What keeps the listeners of `settings` from being bound beside each other, one line each.
#[must_use]
pub fn port_conflicts(settings: &Settings) -> Vec<String> {
    let conflicts = ports::conflicts(settings, &specify(settings));
    conflicts.iter().map(ToString::to_string).collect()
}

/// The listeners that `settings` ask for.
pub(super) fn specify(settings: &Settings) -> Vec<ListenerSpec> {
    LISTENERS.iter().filter_map(|specify| specify(settings)).collect()
}
