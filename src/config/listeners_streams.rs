//! `listeners.syslog.tcp`, `.tls` and `.relp`.

use std::path::PathBuf;
use std::time::Duration;

use crate::base::cidr::IpRanges;
use crate::config::declare::{group, key, section};
use crate::config::kinds::{
    Choice, ListOf, Networks, PathOrNull, SecondsOrNever, boolean, messages, number, port,
};
use crate::net::tls::clients::{ClientCertificates, ClientPolicy};
use crate::net::tls::names::{ClientName, Fingerprint};
use crate::wire::syslog::framing::Oversize;

/// Most connections of a listener.
const CONNECTIONS_MAX: u64 = 100_000;

const OVERSIZE: &[(&str, Oversize)] = &[("truncate", Oversize::Truncate), ("split", Oversize::Split)];

const CLIENT_CERTIFICATES: &[(&str, ClientCertificates)] = &[
    ("none", ClientCertificates::None),
    ("optional", ClientCertificates::Optional),
    ("required", ClientCertificates::Required),
];

const FINGERPRINTS: ListOf<Fingerprint> = ListOf {
    allowed: "a list as [\"SHA256:AB:CD:...\"]",
    parse: |text| text.parse::<Fingerprint>().map_err(str::to_owned),
};

const NAMES: ListOf<ClientName> = ListOf {
    allowed: "a list of DNS names and IP addresses",
    parse: |text| text.parse::<ClientName>().map_err(str::to_owned),
};

section! {
    /// `listeners.syslog.tcp`.
    pub struct SyslogTcp {
        /// Connections open at a time.
        pub connections_max: usize = key("connections_max", number(1, CONNECTIONS_MAX), 10_000, "2000");
        /// Of these, connections of one source.
        pub connections_per_source_max: usize = key(
            "connections_per_source_max",
            number(0, CONNECTIONS_MAX).note(" (0 = as connections_max)"),
            0,
            "20",
        );
        /// A connection that sends nothing for so long is closed. Long by default: a quiet device is not a broken one.
        pub idle_timeout: Option<Duration> =
            key("idle_timeout_seconds", SecondsOrNever, Some(Duration::from_secs(3_600)), "600");
        /// A message that has begun to arrive must be complete after so long.
        pub frame_timeout: Option<Duration> =
            key("frame_timeout_seconds", SecondsOrNever, Some(Duration::from_secs(60)), "10");
        /// What becomes of a message longer than `buffer_size`. truncate = its first part is stored and marked, the
        /// rest is discarded; split = the rest becomes further messages, all of them marked.
        pub oversize: Oversize = key("oversize", Choice(OVERSIZE), Oversize::Truncate, "split");
        /// Proxies and load balancers. A connection from one of them must begin with a PROXY header (version 1 or 2),
        /// and its messages are those of the address in it. Other connections are taken as they are.
        pub proxy_protocol_from: IpRanges =
            key("proxy_protocol_from", Networks, IpRanges::default(), "[\"192.0.2.1\", \"10.0.0.0/8\"]");
    }
}

section! {
    /// `listeners.syslog.tls`.
    pub struct SyslogTls {
        /// Whether syslog is received over TLS. Needs a certificate and its key.
        pub enabled: bool = key("enabled", boolean(), false, "true");
        /// TCP port.
        pub port: u16 = key("port", port(), 6514, "16514");
        /// Our certificate, with those between it and its CA, PEM.
        pub certificate_file: Option<PathBuf> =
            key("certificate_file", PathOrNull, None, "/etc/mutt/tls/server.pem");
        /// Its private key, PEM, not encrypted.
        pub key_file: Option<PathBuf> = key("key_file", PathOrNull, None, "/etc/mutt/tls/server.key");
        /// Who is let in.
        pub clients: ClientPolicy = group::<ClientKeys, _>();
    }
}

section! {
    /// The keys of [`ClientPolicy`].
    pub struct ClientKeys {
        /// Whether senders must show a certificate. none = they are not asked; optional = who shows none is let in,
        /// who shows a bad one is not; required.
        pub certificates: ClientCertificates =
            key("client_certificates", Choice(CLIENT_CERTIFICATES), ClientCertificates::None, "required");
        /// CAs whose certificates are good, PEM.
        pub ca_file: Option<PathBuf> = key("client_ca_file", PathOrNull, None, "/etc/mutt/tls/ca.pem");
        /// Certificates that are good whoever issued them: what `openssl x509 -noout -fingerprint -sha256` prints.
        pub fingerprints: Vec<Fingerprint> = key(
            "client_fingerprints",
            FINGERPRINTS,
            Vec::new(),
            "[\"SHA256:2D:71:16:42:B7:26:B0:44:01:62:7C:A9:FB:AC:32:F5:C8:53:0F:B1:90:3C:C4:DB:02:25:87:17:92:1A:48:81\"]",
        );
        /// Names, one of which a certificate from `client_ca_file` must have (dNSName or iPAddress; the Common Name
        /// only when it has neither). `*` is one whole left-most label. An empty list means any name.
        pub names: Vec<ClientName> = key(
            "client_names",
            NAMES,
            Vec::new(),
            "[\"router1.example.net\", \"*.lab.example.net\", \"192.0.2.1\"]",
        );
    }
}

impl From<ClientKeys> for ClientPolicy {
    fn from(keys: ClientKeys) -> Self {
        let ClientKeys { certificates, ca_file, fingerprints, names } = keys;
        Self { certificates, ca_file, fingerprints, names }
    }
}

section! {
    /// `listeners.syslog.relp`.
    pub struct SyslogRelp {
        /// Whether syslog is received over RELP.
        pub enabled: bool = key("enabled", boolean(), false, "true");
        /// TCP port.
        pub port: u16 = key("port", port(), 2514, "20514");
        /// Whether it is spoken within TLS, with certificates and clients of tls above.
        pub tls: bool = key("tls", boolean(), false, "true");
        /// Messages of a connection that are taken and not yet committed; then it is not read. So many messages of each
        /// sender are remembered, at most 4096, to mark what it repeats after a lost connection.
        pub unacknowledged_max: usize = key("unacknowledged_max", messages(1, 100_000), 1_024, "128");
    }
}
