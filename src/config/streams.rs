//! `listeners.syslog.tcp`, `.tls` and `.relp`: what is meant by them, and what they need of each other.

use crate::config::file;
use crate::config::reader::{Reader, SECONDS_MAX};
use crate::config::settings::{SyslogListener, SyslogRelp, SyslogTcp, SyslogTls};
use crate::net::tls::clients::{ClientCertificates, ClientPolicy};
use crate::net::tls::names::{ClientName, Fingerprint};
use crate::wire::syslog::framing::Oversize;

/// Most connections of a listener.
const CONNECTIONS_MAX: u64 = 100_000;

pub(super) fn tcp(reader: &mut Reader<'_>, written: &file::SyslogTcp) -> SyslogTcp {
    let default = SyslogTcp::default();
    let oversize = [("truncate", Oversize::Truncate), ("split", Oversize::Split)];
    SyslogTcp {
        connections_max: reader
            .size(&written.connections_max, 1, CONNECTIONS_MAX, "")
            .unwrap_or(default.connections_max),
        connections_per_source_max: reader
            .size(&written.connections_per_source_max, 0, CONNECTIONS_MAX, " (0 = as connections_max)")
            .unwrap_or(default.connections_per_source_max),
        idle_timeout: reader
            .seconds_or_never(&written.idle_timeout_seconds, SECONDS_MAX)
            .unwrap_or(default.idle_timeout),
        frame_timeout: reader
            .seconds_or_never(&written.frame_timeout_seconds, SECONDS_MAX)
            .unwrap_or(default.frame_timeout),
        oversize: reader.choice(&written.oversize, &oversize).unwrap_or(default.oversize),
        proxy_protocol_from: reader
            .networks(&written.proxy_protocol_from)
            .unwrap_or(default.proxy_protocol_from),
    }
}

pub(super) fn tls(reader: &mut Reader<'_>, written: &file::SyslogTls) -> SyslogTls {
    let default = SyslogTls::default();
    let certificates = [
        ("none", ClientCertificates::None),
        ("optional", ClientCertificates::Optional),
        ("required", ClientCertificates::Required),
    ];
    let fingerprint = |text: &str| text.parse::<Fingerprint>().map_err(str::to_owned);
    let name = |text: &str| text.parse::<ClientName>().map_err(str::to_owned);
    SyslogTls {
        enabled: reader.boolean(&written.enabled).unwrap_or(default.enabled),
        port: reader.port(&written.port).unwrap_or(default.port),
        certificate_file: reader.path_or_none(&written.certificate_file).unwrap_or_default(),
        key_file: reader.path_or_none(&written.key_file).unwrap_or_default(),
        clients: ClientPolicy {
            certificates: reader.choice(&written.client_certificates, &certificates).unwrap_or_default(),
            ca_file: reader.path_or_none(&written.client_ca_file).unwrap_or_default(),
            fingerprints: reader
                .list_of(&written.client_fingerprints, "a list as [\"SHA256:AB:CD:...\"]", fingerprint)
                .unwrap_or_default(),
            names: reader
                .list_of(&written.client_names, "a list of DNS names and IP addresses", name)
                .unwrap_or_default(),
        },
    }
}

pub(super) fn relp(reader: &mut Reader<'_>, written: &file::SyslogRelp) -> SyslogRelp {
    let default = SyslogRelp::default();
    SyslogRelp {
        enabled: reader.boolean(&written.enabled).unwrap_or(default.enabled),
        port: reader.port(&written.port).unwrap_or(default.port),
        tls: reader.boolean(&written.tls).unwrap_or(default.tls),
        unacknowledged_max: reader
            .size(&written.unacknowledged_max, 1, 100_000, " (messages)")
            .unwrap_or(default.unacknowledged_max),
    }
}

/// What TLS needs to be of use: certificates, and somebody who may be let in; and ports of their own for all.
pub(super) fn certificates(
    reader: &mut Reader<'_>,
    written: &file::SyslogListener,
    settings: &SyslogListener,
) {
    let tls = &settings.tls;
    if settings.uses_tls() {
        clients(reader, &written.tls, &tls.clients);
        let files = [
            (&written.tls.certificate_file, tls.certificate_file.is_none()),
            (&written.tls.key_file, tls.key_file.is_none()),
        ];
        for (entry, is_missing) in files {
            if is_missing {
                reader.wrong(entry, "needed for TLS", "a path of a PEM file");
            }
        }
    }
    let ports = [
        (settings.protocol.tcp(), settings.port, &written.port, "tcp"),
        (tls.enabled, tls.port, &written.tls.port, "tls"),
        (settings.relp.enabled, settings.relp.port, &written.relp.port, "relp"),
    ];
    for (index, (used, port, entry, _)) in ports.iter().enumerate() {
        let earlier = ports.iter().take(index).find(|(other, number, ..)| *other && number == port);
        if let (true, true, 1.., Some((.., name))) = (settings.enabled, *used, *port, earlier) {
            let what = format!("TCP port {port} is that of syslog over {name} as well");
            reader.wrong(entry, &what, "a port of its own");
        }
    }
}

/// Who may be let in, and whether anybody can be.
fn clients(reader: &mut Reader<'_>, written: &file::SyslogTls, clients: &ClientPolicy) {
    let nobody = clients.ca_file.is_none() && clients.fingerprints.is_empty();
    if clients.certificates != ClientCertificates::None && nobody {
        let what = "needs client_ca_file or client_fingerprints: otherwise no certificate is good";
        reader.wrong(&written.client_certificates, what, "none, or one of these keys");
    }
    if clients.certificates == ClientCertificates::None && !(nobody && clients.names.is_empty()) {
        let what = "no certificate is asked for, though it is said which are good";
        reader.wrong(&written.client_certificates, what, "optional, required");
    }
    if !clients.names.is_empty() && clients.ca_file.is_none() {
        let what = "needs client_ca_file: anybody can write a name into a certificate";
        reader.wrong(&written.client_names, what, "[], or a CA beside it");
    }
}
