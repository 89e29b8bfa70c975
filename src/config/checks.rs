//! What two keys say of each other: ports that would be shared, and what TLS needs to be of use.

use std::net::IpAddr;

use crate::config::reader::Reader;
use crate::config::settings::{Settings, SyslogListener};
use crate::net::tls::clients::ClientCertificates;

/// Notes every contradiction in `settings`, which `reader` has just read.
pub(super) fn check(reader: &mut Reader<'_>, settings: &Settings) {
    check_ports(reader, settings);
    check_tls(reader, &settings.listeners.syslog);
    check_stream_ports(reader, &settings.listeners.syslog);
}

/// Two listeners on one port would share it silently, and each would get some of the other's datagrams.
fn check_ports(reader: &mut Reader<'_>, settings: &Settings) {
    let (snmp, syslog, http) = (&settings.listeners.snmp, &settings.listeners.syslog, &settings.http);
    let overlap = |one: &[IpAddr], other: &[IpAddr]| {
        one.iter().any(|a| {
            other
                .iter()
                .any(|b| a == b || (a.is_ipv4() == b.is_ipv4() && (a.is_unspecified() || b.is_unspecified())))
        })
    };
    let udp = snmp.enabled && syslog.enabled && syslog.protocol.udp();
    if udp && snmp.port != 0 && snmp.port == syslog.port && overlap(&snmp.address, &syslog.address) {
        let what = format!("UDP port {} is the SNMP listener's as well", snmp.port);
        reader.wrong_key("listeners.syslog.port", &what, "a port of its own");
    }
    let tcp = http.enabled && syslog.enabled && syslog.protocol.tcp();
    let http_port = http.listen.port();
    if tcp && http_port != 0 && http_port == syslog.port && overlap(&[http.listen.ip()], &syslog.address) {
        let what = format!("TCP port {http_port} is the syslog listener's as well");
        reader.wrong_key("http.listen", &what, "a port of its own");
    }
}

/// TLS needs certificates, and somebody who may be let in.
fn check_tls(reader: &mut Reader<'_>, syslog: &SyslogListener) {
    if !syslog.uses_tls() {
        return;
    }
    check_clients(reader, syslog);
    let tls = &syslog.tls;
    let files = [
        ("listeners.syslog.tls.certificate_file", tls.certificate_file.is_none()),
        ("listeners.syslog.tls.key_file", tls.key_file.is_none()),
    ];
    for (key, is_missing) in files {
        if is_missing {
            reader.wrong_key(key, "needed for TLS", "a path of a PEM file");
        }
    }
}

/// Who may be let in, and whether anybody can be.
fn check_clients(reader: &mut Reader<'_>, syslog: &SyslogListener) {
    let clients = &syslog.tls.clients;
    let nobody = clients.ca_file.is_none() && clients.fingerprints.is_empty();
    let key = "listeners.syslog.tls.client_certificates";
    if clients.certificates != ClientCertificates::None && nobody {
        let what = "needs client_ca_file or client_fingerprints: otherwise no certificate is good";
        reader.wrong_key(key, what, "none, or one of these keys");
    }
    if clients.certificates == ClientCertificates::None && !(nobody && clients.names.is_empty()) {
        let what = "no certificate is asked for, though it is said which are good";
        reader.wrong_key(key, what, "optional, required");
    }
    if !clients.names.is_empty() && clients.ca_file.is_none() {
        let what = "needs client_ca_file: anybody can write a name into a certificate";
        reader.wrong_key("listeners.syslog.tls.client_names", what, "[], or a CA beside it");
    }
}

/// The listeners over TCP need ports of their own.
fn check_stream_ports(reader: &mut Reader<'_>, syslog: &SyslogListener) {
    if !syslog.enabled {
        return;
    }
    let ports = [
        (syslog.protocol.tcp(), syslog.port, "listeners.syslog.port", "syslog over tcp"),
        (syslog.tls.enabled, syslog.tls.port, "listeners.syslog.tls.port", "syslog over tls"),
        (syslog.relp.enabled, syslog.relp.port, "listeners.syslog.relp.port", "syslog over relp"),
    ];
    for (index, (is_used, port, key, _)) in ports.iter().enumerate() {
        if !is_used || *port == 0 {
            continue;
        }
        let earlier = ports.iter().take(index).find(|(is_used, number, ..)| *is_used && number == port);
        if let Some((.., name)) = earlier {
            let what = format!("TCP port {port} is that of {name} as well");
            reader.wrong_key(key, &what, "a port of its own");
        }
    }
}
