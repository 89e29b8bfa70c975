//! What a start says: what is bound, where the store is, how much memory it may take, and what is less than asked for.

use crate::app::{App, wiring};
use crate::config::settings::Settings;
use crate::shard::listener::Listener;
use crate::shard::runtime::Runtime;

/// Descriptors that are wanted for other things than TCP connections.
const DESCRIPTORS_RESERVED: u64 = 128;

/// What was found out at start-up.
pub(super) struct Facts {
    /// Node id of this instance.
    pub(super) node_id: u64,
    /// SNMPv3 users with a credential that is active.
    pub(super) snmpv3_users: usize,
    /// See [`crate::app::memory`].
    pub(super) memory_bound_octets: usize,
    /// Files that may be open.
    pub(super) descriptors: u64,
    /// Runtime in use.
    pub(super) runtime: Runtime,
    /// Why it is not the one asked for.
    pub(super) runtime_refused: Option<String>,
}

/// Logs the start-up report.
pub(super) fn announce(app: &App, settings: &Settings, facts: &Facts) {
    for listener in app.sources().listeners.iter().filter(|listener| !listener.addresses.is_empty()) {
        announce_listener(listener);
    }
    if let Some(address) = app.http_address() {
        tracing::info!(
            "listening http on {address}: /healthz /readyz /metrics /api/v1/ledger /api/v1/listeners"
        );
    }
    tracing::info!(
        "store {} (node {:012x}, synchronous {})",
        settings.storage.database.path.display(),
        facts.node_id,
        wiring::synchronous(settings).as_str()
    );
    if let Some(path) = &settings.pattern_matching.rules_file {
        tracing::info!("{} rule(s) from {}", app.sources().rules.load().set.len(), path.display());
    }
    if let Some(path) = settings.snmpv3.credentials_file.as_ref().filter(|_| facts.snmpv3_users > 0) {
        tracing::info!("{} SNMPv3 user(s) from {}", facts.snmpv3_users, path.display());
    }
    if let Some(engine) = &app.sources().snmpv3.engine {
        tracing::info!("SNMP engine {} boots {}", engine.id, engine.boots);
    }
    announce_runtime(settings, facts);
    announce_descriptors(&app.sources().listeners, facts.descriptors);
    for warning in settings.warnings() {
        tracing::warn!("{warning}");
    }
    tracing::info!("memory bound {} MiB", facts.memory_bound_octets.div_ceil(1024 * 1024));
}

/// Says which runtime is in use.
fn announce_runtime(settings: &Settings, facts: &Facts) {
    let used = facts.runtime.as_str();
    match &facts.runtime_refused {
        Some(reason) => tracing::warn!(
            "daemon.runtime: {} is not to be had here ({reason}); using {used}",
            settings.daemon.runtime.as_str(),
        ),
        None => tracing::info!("runtime {used}, {} shard(s)", wiring::shards(settings)),
    }
}

/// Says when fewer connections can be open than the configuration allows.
fn announce_descriptors(listeners: &[Listener], descriptors: u64) {
    let limits: Vec<u64> = listeners
        .iter()
        .filter_map(|listener| listener.connections.as_ref())
        .map(|(_, limit)| limit.connections_max() as u64)
        .collect();
    let connections: u64 = limits.iter().sum();
    if !limits.is_empty() && descriptors < connections + DESCRIPTORS_RESERVED {
        tracing::warn!(
            "{descriptors} files may be open, too few for {connections} connections (listeners.syslog.tcp.connections_max \
             for each of {} listener(s)); raise the limit (ulimit -Hn, LimitNOFILE) or lower the key",
            limits.len()
        );
    }
}

/// Says how one listener is bound.
fn announce_listener(listener: &Listener) {
    let addresses: Vec<String> = listener.addresses.iter().map(ToString::to_string).collect();
    let addresses = addresses.join(", ");
    let Listener { name, unavailable, .. } = listener;
    match listener.receive_buffer_octets {
        Some((asked, granted)) if granted < asked => tracing::warn!(
            "listening {name} on {addresses}: receive buffer {granted} octets, less than the {asked} asked for; bursts may be \
             dropped by the kernel; to grant it: sysctl -w net.core.rmem_max={asked}"
        ),
        Some((_, granted)) => {
            tracing::info!("listening {name} on {addresses}: receive buffer {granted} octets");
        }
        None => tracing::info!("listening {name} on {addresses}"),
    }
    for (address, reason) in unavailable {
        tracing::warn!("{name}: {address} is not available on this machine: {reason}");
    }
}
