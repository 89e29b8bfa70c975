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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::LISTENER_NAME_OCTETS_MAX;
    use crate::net::tls::TlsSettings;
    use crate::shard::own_events;

    /// Settings with every listener switched on.
    fn everything() -> Settings {
        let mut settings = Settings::default();
        let syslog = &mut settings.listeners.syslog;
        (syslog.tls.enabled, syslog.relp.enabled) = (true, true);
        syslog.tls.certificate_file = Some("server.pem".into());
        syslog.tls.key_file = Some("server.key".into());
        settings
    }

    #[test]
    fn each_listener_has_a_name_of_its_own() {
        let specs = specify(&everything());
        assert_eq!(specs.len(), LISTENERS.len(), "all are switched on");
        let mut names: Vec<&str> =
            specs.iter().map(|spec| spec.name).chain([own_events::LISTENER_NAME]).collect();
        assert!(names.iter().all(|name| name.len() <= LISTENER_NAME_OCTETS_MAX));
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), specs.len() + 1, "{names:?}");
    }

    #[test]
    fn only_the_listeners_over_tls_have_certificates_and_none_goes_without() {
        let with_tls = |settings: &Settings| -> Vec<&'static str> {
            let specs = specify(settings);
            specs.iter().filter(|spec| spec.tls().is_some()).map(|spec| spec.name).collect()
        };
        let mut settings = everything();
        assert_eq!(with_tls(&settings), ["syslog-tls"]);
        settings.listeners.syslog.relp.tls = true;
        assert_eq!(with_tls(&settings), ["syslog-tls", "syslog-relp"]);
        let files: Vec<Option<TlsSettings>> =
            specify(&settings).iter().map(|spec| spec.tls().cloned()).collect();
        assert!(files.iter().flatten().all(|files| files.key_file.as_os_str() == "server.key"));
        settings.listeners.syslog.tls.key_file = None;
        let names: Vec<&str> = specify(&settings).iter().map(|spec| spec.name).collect();
        assert_eq!(names, ["snmp-udp", "syslog-udp", "syslog-tcp"], "never without TLS instead");
    }
}
