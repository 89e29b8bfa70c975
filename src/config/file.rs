//! The three files as written: which keys there are and where they stand. Every key may be absent.
//!
//! Invariant: no meaning here, no default and no range; `resolve`, `rules` and `credentials` have those.

use crate::config::document::Node;
use crate::config::reader::{Entry, Reader};

/// Declares a section: its sub-sections and its keys. A key that is not declared is refused when the section is
/// read.
macro_rules! section {
    ($(#[$meta:meta])* $name:ident { $($sub:ident: $kind:ident,)* } [$($key:ident),* $(,)?]) => {
        $(#[$meta])*
        pub(super) struct $name {
            $(pub(super) $sub: $kind,)*
            $(pub(super) $key: Entry,)*
        }

        impl $name {
            /// Every key that may stand in the section.
            pub(super) const KEYS: &'static [&'static str] = &[$(stringify!($sub),)* $(stringify!($key),)*];

            /// Reads the section; `prefix` stands before its keys in errors.
            pub(super) fn read(node: Option<Node>, prefix: &str, reader: &mut Reader<'_>) -> Self {
                let mut fields = reader.fields(node, prefix, Self::KEYS);
                Self {
                    $($sub: $kind::read(
                        fields.take(stringify!($sub)),
                        &format!("{prefix}{}.", stringify!($sub)),
                        reader,
                    ),)*
                    $($key: fields.entry(stringify!($key)),)*
                }
            }

            /// Every key in and below the section that holds a value, with the sections around it.
            #[cfg(test)]
            #[allow(dead_code, reason = "only whole files are asked for all their keys")]
            pub(super) fn every_key(prefix: &str) -> Vec<String> {
                let mut keys: Vec<String> = Vec::new();
                $(keys.extend($kind::every_key(&format!("{prefix}{}.", stringify!($sub))));)*
                $(keys.push(format!("{prefix}{}", stringify!($key)));)*
                keys
            }
        }
    };
}

section! {
    /// `mutt_config.yaml`.
    ConfigFile {
        daemon: Daemon,
        listeners: Listeners,
        processor: Processor,
        storage: Storage,
        pattern_matching: PatternMatching,
        snmp: Snmp,
        snmpv3: Snmpv3,
        http: Http,
        sources: Sources,
    } []
}

section! {
    /// `daemon`.
    Daemon {} [log_level, log_file, log_format, pid_file, shards, runtime]
}

section! {
    /// `listeners`.
    Listeners { snmp: SnmpListener, syslog: SyslogListener, } []
}

section! {
    /// `listeners.snmp`.
    SnmpListener {} [
        enabled, port, protocol, address, allow_from, trusted_proxies, versions, communities, min_security_level,
        buffer_size, receive_buffer_bytes,
    ]
}

section! {
    /// One element of `listeners.snmp.communities` that says more than the community.
    CommunityEntry {} [community, community_env, community_file, from]
}

section! {
    /// `listeners.syslog`.
    SyslogListener { tcp: SyslogTcp, tls: SyslogTls, relp: SyslogRelp, } [
        enabled, port, protocol, address, allow_from, trusted_relays, time_zone, time_zones, zone_words, buffer_size,
        receive_buffer_bytes,
    ]
}

section! {
    /// One element of `listeners.syslog.time_zones`.
    TimeZoneEntry {} [from, zone]
}

section! {
    /// `sources`.
    Sources {} [deny_from, messages_per_second_max, burst_messages_max, summary_seconds, fair_share]
}

section! {
    /// `listeners.syslog.tcp`.
    SyslogTcp {} [
        connections_max,
        connections_per_source_max,
        idle_timeout_seconds,
        frame_timeout_seconds,
        oversize,
        proxy_protocol_from,
    ]
}

section! {
    /// `listeners.syslog.tls`.
    SyslogTls {} [
        enabled,
        port,
        certificate_file,
        key_file,
        client_certificates,
        client_ca_file,
        client_fingerprints,
        client_names,
    ]
}

section! {
    /// `listeners.syslog.relp`.
    SyslogRelp {} [enabled, port, tls, unacknowledged_max]
}

section! {
    /// `processor`.
    Processor {} [queue_max_size, batch_write_size, batch_timeout_seconds]
}

section! {
    /// `storage`.
    Storage { database: Database, file_buffer: FileBuffer, archiver: Archiver, } [keep_community, node_id]
}

section! {
    /// `storage.database`.
    Database {} [path, connection_timeout, synchronous]
}

section! {
    /// `storage.file_buffer`.
    FileBuffer {} [enabled, path, max_size_mb]
}

section! {
    /// `storage.archiver`.
    Archiver {} [enabled, path, format, size_threshold_mb, time_threshold_days, compress]
}

section! {
    /// `pattern_matching`.
    PatternMatching {} [rules_file, reload_interval_seconds]
}

section! {
    /// `snmp`.
    Snmp {} [mib_dirs]
}

section! {
    /// `snmpv3`.
    Snmpv3 {} [credentials_file, quarantine_messages_max]
}

section! {
    /// `http`.
    Http {} [enabled, listen]
}

section! {
    /// `alert_rules.yaml`.
    RulesFile {} [rules]
}

section! {
    /// `snmpv3_credentials.yaml`.
    CredentialsFile {} [snmpv3_credentials]
}

section! {
    /// One element of `snmpv3_credentials`.
    UserEntry {} [username, engine_id, min_security_level, credentials]
}

section! {
    /// One element of `credentials`.
    CredentialEntry {} [
        priority,
        engine_id,
        auth_type,
        auth_password,
        auth_password_env,
        auth_password_file,
        auth_key,
        priv_type,
        priv_password,
        priv_password_env,
        priv_password_file,
        priv_key,
        active,
    ]
}
