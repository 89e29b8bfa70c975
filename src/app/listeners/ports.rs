//! Two listeners on one port: over UDP they would share it silently, and each would get some of the other's datagrams.

use std::fmt;
use std::net::IpAddr;

use crate::config::Settings;
use crate::shard::listener::{ListenerSpec, Transport};

/// A port that is asked for twice.
#[derive(Debug, PartialEq, Eq)]
pub struct PortConflict {
    /// The port.
    pub port: u16,
    /// `UDP` or `TCP`.
    pub transport: &'static str,
    /// The keys that ask for it.
    pub keys: [&'static str; 2],
}

impl fmt::Display for PortConflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { port, transport, keys: [one, other] } = self;
        write!(f, "{other}: {transport} port {port} is that of {one} as well; each listener needs its own")
    }
}

/// A socket address that is asked for.
struct Claim<'a> {
    key: &'static str,
    transport: &'static str,
    addresses: &'a [IpAddr],
    port: u16,
}

impl Claim<'_> {
    fn conflicts_with(&self, other: &Self) -> bool {
        let is_same_port = self.port != 0 && self.port == other.port && self.transport == other.transport;
        is_same_port && self.addresses.iter().any(|one| other.addresses.iter().any(|two| overlap(*one, *two)))
    }
}

/// Whether a socket on `one` keeps another one from the same port on `two`.
fn overlap(one: IpAddr, two: IpAddr) -> bool {
    one == two || (one.is_ipv4() == two.is_ipv4() && (one.is_unspecified() || two.is_unspecified()))
}

/// All pairs of `listeners`, and of these and the HTTP server, that ask for the same port.
pub fn conflicts(settings: &Settings, listeners: &[ListenerSpec]) -> Vec<PortConflict> {
    let http_address = [settings.http.listen.ip()];
    let http = settings.http.enabled.then(|| Claim {
        key: "http.listen",
        transport: "TCP",
        addresses: &http_address,
        port: settings.http.listen.port(),
    });
    let claims = listeners.iter().map(|spec| Claim {
        key: spec.port_key,
        transport: if matches!(spec.transport, Transport::Udp { .. }) { "UDP" } else { "TCP" },
        addresses: &spec.addresses,
        port: spec.port,
    });
    let claims: Vec<Claim<'_>> = claims.chain(http).collect();
    let mut conflicts = Vec::new();
    for (index, later) in claims.iter().enumerate() {
        for earlier in claims.iter().take(index).filter(|earlier| earlier.conflicts_with(later)) {
            let Claim { port, transport, .. } = *earlier;
            conflicts.push(PortConflict { port, transport, keys: [earlier.key, later.key] });
        }
    }
    conflicts
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::app::listeners::specify;

    fn keys(change: impl FnOnce(&mut Settings)) -> Vec<[&'static str; 2]> {
        let mut settings = Settings::default();
        settings.listeners.syslog.relp.enabled = true;
        change(&mut settings);
        conflicts(&settings, &specify(&settings)).into_iter().map(|conflict| conflict.keys).collect()
    }

    #[test]
    fn a_port_that_is_asked_for_twice_is_found() {
        assert!(keys(|_| {}).is_empty());
        let (snmp, syslog, relp) =
            ("listeners.snmp.port", "listeners.syslog.port", "listeners.syslog.relp.port");
        assert_eq!(keys(|settings| settings.listeners.snmp.port = 5514), [[snmp, syslog]]);
        assert_eq!(keys(|settings| settings.listeners.syslog.relp.port = 5514), [[syslog, relp]]);
        assert_eq!(keys(|settings| settings.listeners.syslog.relp.port = 8514), [[relp, "http.listen"]]);
        let apart = |settings: &mut Settings| {
            settings.listeners.syslog.relp.port = 8514;
            settings.listeners.syslog.address = vec!["192.0.2.1".parse().unwrap()];
        };
        assert!(keys(apart).is_empty(), "on different addresses");
        let any = |settings: &mut Settings| {
            settings.listeners.syslog.relp.port = 0;
            settings.http.listen.set_port(0);
        };
        assert!(keys(any).is_empty(), "the kernel chooses");
    }
}
