//! `listeners.syslog`.

use std::net::IpAddr;

use crate::base::cidr::IpRanges;
use crate::config::declare::{group, key, section, subsection};
use crate::config::kinds::{Addresses, Choice, Networks, NetworksOrAll, boolean, octets, port};
use crate::config::listeners_common::{RECEIVE_BUFFER_BYTES, any_address, receive_buffer};
use crate::config::listeners_streams::{SyslogRelp, SyslogTcp, SyslogTls};
use crate::config::listeners_zones::ZoneKeys;
use crate::model::zone::Zones;
use crate::net::tls::TlsSettings;

/// Transports of the syslog listener.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SyslogProtocol {
    /// UDP only (RFC 5426).
    Udp,
    /// TCP only (RFC 6587).
    Tcp,
    /// UDP and TCP on the same port number.
    Both,
}

const PROTOCOLS: &[(&str, SyslogProtocol)] =
    &[("udp", SyslogProtocol::Udp), ("tcp", SyslogProtocol::Tcp), ("both", SyslogProtocol::Both)];

section! {
    /// `listeners.syslog`.
    pub struct SyslogListener {
        /// Whether syslog is received.
        pub enabled: bool = key("enabled", boolean(), true, "false");
        /// Port for UDP and TCP alike. The standard port 514 needs a privilege, hence 5514.
        pub port: u16 = key("port", port(), 5514, "514");
        /// Transports. Both by default: a device that was set to the other one would otherwise be missed.
        pub protocol: SyslogProtocol = key("protocol", Choice(PROTOCOLS), SyslogProtocol::Both, "udp");
        /// Local addresses to bind. Both families by default.
        pub address: Vec<IpAddr> = key("address", Addresses, any_address(), "[\"192.0.2.1\", \"2001:db8::1\"]");
        /// Networks and addresses that may send. What others send is dropped and counted as `source_not_allowed`.
        pub allow_from: Option<IpRanges> =
            key("allow_from", NetworksOrAll, None, "[10.0.0.0/8, \"2001:db8::/32\"]").live();
        /// Relays whose word counts for where a message comes from: then `source_ip` is the address that the message
        /// reports (as HOSTNAME, in `[origin ip="..."]`, or as `Original Address=`), and the relay is in
        /// `enriched_data`. Relays are not held to the limits below (sources).
        pub trusted_relays: IpRanges = key("trusted_relays", Networks, IpRanges::default(), "[192.0.2.20]").live();
        /// Time zones of devices that do not name theirs.
        pub zones: Zones = group::<ZoneKeys, _>();
        /// Largest datagram and largest TCP message taken.
        pub buffer_size_octets: usize = key("buffer_size", octets(480, 65_535), 65_535, "8192");
        /// Receive buffer asked of the kernel for each socket, as for SNMP.
        pub receive_buffer_bytes: usize =
            key("receive_buffer_bytes", receive_buffer(), RECEIVE_BUFFER_BYTES, "8388608");
        /// Syslog over TCP (RFC 6587): limits of connections, which also hold for TLS and RELP.
        pub tcp: SyslogTcp = subsection("tcp");
        /// Syslog over TLS (RFC 5425), TLS 1.2 and 1.3. Address and limits are those of syslog and its tcp. When one of
        /// the files changes, new connections get the new certificates; bad ones are rejected and the old ones stay.
        pub tls: SyslogTls = subsection("tls");
        /// Syslog over RELP, as omrelp of rsyslog sends it: a message is acknowledged when it is committed, and the
        /// sender repeats what was not. Address and limits are those of syslog and its tcp.
        pub relp: SyslogRelp = subsection("relp");
    }
}

impl SyslogProtocol {
    /// Whether UDP is served.
    #[must_use]
    pub fn udp(self) -> bool {
        matches!(self, Self::Udp | Self::Both)
    }

    /// Whether TCP is served.
    #[must_use]
    pub fn tcp(self) -> bool {
        matches!(self, Self::Tcp | Self::Both)
    }
}

impl SyslogListener {
    /// Whether anything is received over TLS.
    #[must_use]
    pub fn uses_tls(&self) -> bool {
        self.enabled && (self.tls.enabled || (self.relp.enabled && self.relp.tls))
    }

    /// Certificates and clients of the listeners over TLS; `None` when there are none.
    #[must_use]
    pub fn tls_settings(&self) -> Option<TlsSettings> {
        let (certificate_file, key_file) = (self.tls.certificate_file.clone()?, self.tls.key_file.clone()?);
        self.uses_tls().then(|| TlsSettings { certificate_file, key_file, clients: self.tls.clients.clone() })
    }
}
