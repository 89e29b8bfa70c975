//! Every key arrives; the list of keys is taken from the declarations.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value as Json;
use tracing::Level;

use super::declare::{Declared, DeclaredKey, Section as _};
use super::document::Source;
use super::{ArchiveFormat, ConfigError, Settings, SyslogProtocol, files, template};
use crate::base::cidr::IpRanges;
use crate::model::zone::{Zone, Zones};
use crate::net::tls::clients::ClientCertificates;
use crate::net::tls::names::{ClientName, Fingerprint};
use crate::shard::runtime::Runtime;
use crate::shard::snmp_policy::{Community, SnmpVersions};
use crate::storage::connection::Synchronous;
use crate::telemetry::logging::LogFormat;
use crate::wire::snmp::SecurityLevel;
use crate::wire::syslog::framing::Oversize;

/// A key, a value that is not its default, and what that value does to the settings.
type Case = (&'static str, &'static str, fn(&mut Settings));

const CASES: &[Case] = &[
    ("daemon.log_level", "warn", |s| s.daemon.log_level = Level::WARN),
    ("daemon.log_file", "null", |s| s.daemon.log_file = None),
    ("daemon.log_format", "json", |s| s.daemon.log_format = LogFormat::Json),
    ("daemon.pid_file", "/run/mutt.pid", |s| s.daemon.pid_file = Some(PathBuf::from("/run/mutt.pid"))),
    ("daemon.shards", "31", |s| s.daemon.shards = 31),
    ("daemon.runtime", "glommio", |s| s.daemon.runtime = Runtime::Glommio),
    ("listeners.snmp.enabled", "false", |s| s.listeners.snmp.enabled = false),
    ("listeners.snmp.port", "0", |s| s.listeners.snmp.port = 0),
    ("listeners.snmp.address", "[\"::1\", 192.0.2.1]", |s| {
        s.listeners.snmp.address = vec!["::1".parse().unwrap(), "192.0.2.1".parse().unwrap()];
    }),
    ("listeners.snmp.allow_from", "[10.0.0.0/8]", |s| {
        s.listeners.snmp.allow_from = Some(IpRanges::parse(["10.0.0.0/8"]).unwrap());
    }),
    ("listeners.snmp.trusted_proxies", "[10.0.0.5]", |s| {
        s.listeners.snmp.trusted_proxies = IpRanges::parse(["10.0.0.5"]).unwrap();
    }),
    ("listeners.snmp.versions", "[V3]", |s| {
        s.listeners.snmp.policy.versions = SnmpVersions { v1: false, v2c: false, v3: true };
    }),
    (
        "listeners.snmp.communities",
        "[public, 404, {community: s3cret, from: [10.0.0.0/8]}, {community_env: CARGO_PKG_NAME}]",
        |s| {
            let from = Some(IpRanges::parse(["10.0.0.0/8"]).unwrap());
            s.listeners.snmp.policy.communities = Some(vec![
                Community::new(b"public", None),
                Community::new(b"404", None),
                Community::new(b"s3cret", from),
                Community::new(env!("CARGO_PKG_NAME").as_bytes(), None),
            ]);
        },
    ),
    ("listeners.snmp.min_security_level", "authpriv", |s| {
        s.listeners.snmp.policy.min_security_level = SecurityLevel::AuthPriv;
    }),
    ("listeners.snmp.buffer_size", "484", |s| s.listeners.snmp.buffer_size_octets = 484),
    ("listeners.snmp.receive_buffer_bytes", "4096", |s| s.listeners.snmp.receive_buffer_bytes = 4_096),
    ("listeners.syslog.enabled", "no", |s| s.listeners.syslog.enabled = false),
    ("listeners.syslog.port", "65535", |s| s.listeners.syslog.port = 65_535),
    ("listeners.syslog.protocol", "TCP", |s| s.listeners.syslog.protocol = SyslogProtocol::Tcp),
    ("listeners.syslog.address", "127.0.0.1", |s| {
        s.listeners.syslog.address = vec!["127.0.0.1".parse().unwrap()];
    }),
    ("listeners.syslog.allow_from", "[192.0.2.1, \"2001:db8::/32\"]", |s| {
        s.listeners.syslog.allow_from = Some(IpRanges::parse(["192.0.2.1", "2001:db8::/32"]).unwrap());
    }),
    ("listeners.syslog.trusted_relays", "192.0.2.0/24", |s| {
        s.listeners.syslog.trusted_relays = IpRanges::parse(["192.0.2.0/24"]).unwrap();
    }),
    ("listeners.syslog.time_zone", "Europe/Berlin", |s| {
        s.listeners.syslog.zones = Zones::new(Zone::parse("Europe/Berlin").unwrap(), vec![], vec![]);
    }),
    ("listeners.syslog.time_zones", "[{from: [10.1.0.0/16], zone: \"-05:00\"}]", |s| {
        let ranges = IpRanges::parse(["10.1.0.0/16"]).unwrap();
        s.listeners.syslog.zones = Zones::new(Zone::UTC, vec![(ranges, Zone::Fixed(-300))], vec![]);
    }),
    ("listeners.syslog.zone_words", "{EST: \"-05:00\"}", |s| {
        s.listeners.syslog.zones = Zones::new(Zone::UTC, vec![], vec![("EST".to_owned(), Zone::Fixed(-300))]);
    }),
    ("listeners.syslog.buffer_size", "8192", |s| s.listeners.syslog.buffer_size_octets = 8_192),
    ("listeners.syslog.receive_buffer_bytes", "1073741823", |s| {
        s.listeners.syslog.receive_buffer_bytes = 1_073_741_823;
    }),
    ("listeners.syslog.tcp.connections_max", "1", |s| s.listeners.syslog.tcp.connections_max = 1),
    ("listeners.syslog.tcp.idle_timeout_seconds", "0", |s| s.listeners.syslog.tcp.idle_timeout = None),
    ("listeners.syslog.tcp.frame_timeout_seconds", "5", |s| {
        s.listeners.syslog.tcp.frame_timeout = Some(Duration::from_secs(5));
    }),
    ("listeners.syslog.tcp.connections_per_source_max", "5", |s| {
        s.listeners.syslog.tcp.connections_per_source_max = 5;
    }),
    ("listeners.syslog.tcp.oversize", "Split", |s| s.listeners.syslog.tcp.oversize = Oversize::Split),
    ("listeners.syslog.tcp.proxy_protocol_from", "[10.0.0.0/8, \"::1\"]", |s| {
        s.listeners.syslog.tcp.proxy_protocol_from = IpRanges::parse(["::1", "10.0.0.0/8"]).unwrap();
    }),
    // TLS needs certificates: it cannot be enabled alone.
    ("listeners.syslog.tls.enabled", "true\n      certificate_file: a\n      key_file: b", |s| {
        s.listeners.syslog.tls.enabled = true;
        s.listeners.syslog.tls.certificate_file = Some("a".into());
        s.listeners.syslog.tls.key_file = Some("b".into());
    }),
    ("listeners.syslog.tls.port", "0", |s| s.listeners.syslog.tls.port = 0),
    ("listeners.syslog.tls.certificate_file", "a.pem", |s| {
        s.listeners.syslog.tls.certificate_file = Some("a.pem".into());
    }),
    ("listeners.syslog.tls.key_file", "a.key", |s| s.listeners.syslog.tls.key_file = Some("a.key".into())),
    ("listeners.syslog.tls.client_certificates", "Required", |s| {
        s.listeners.syslog.tls.clients.certificates = ClientCertificates::Required;
    }),
    ("listeners.syslog.tls.client_ca_file", "ca.pem", |s| {
        s.listeners.syslog.tls.clients.ca_file = Some("ca.pem".into());
    }),
    (
        "listeners.syslog.tls.client_fingerprints",
        "[\"SHA256:2D:71:16:42:B7:26:B0:44:01:62:7C:A9:FB:AC:32:F5:C8:53:0F:B1:90:3C:C4:DB:02:25:87:17:92:1A:48:81\"]",
        |s| s.listeners.syslog.tls.clients.fingerprints = vec![Fingerprint::of(b"x")],
    ),
    ("listeners.syslog.tls.client_names", "[\"*.Example.net\", 192.0.2.1]", |s| {
        s.listeners.syslog.tls.clients.names =
            vec![ClientName::Dns("*.example.net".to_owned()), ClientName::Ip("192.0.2.1".parse().unwrap())];
    }),
    ("listeners.syslog.relp.enabled", "true", |s| s.listeners.syslog.relp.enabled = true),
    ("listeners.syslog.relp.port", "20514", |s| s.listeners.syslog.relp.port = 20_514),
    ("listeners.syslog.relp.tls", "true", |s| s.listeners.syslog.relp.tls = true),
    ("listeners.syslog.relp.unacknowledged_max", "7", |s| s.listeners.syslog.relp.unacknowledged_max = 7),
    ("processor.queue_max_size", "10000", |s| s.processor.queue_max_messages = 10_000),
    ("processor.batch_write_size", "100", |s| s.processor.batch_write_messages = 100),
    ("processor.batch_timeout_seconds", "1.5", |s| s.processor.batch_timeout = Duration::from_millis(1_500)),
    ("storage.database.path", "/var/lib/mutt.db", |s| s.storage.database.path = "/var/lib/mutt.db".into()),
    ("storage.database.connection_timeout", "0", |s| s.storage.database.connection_timeout = Duration::ZERO),
    ("storage.database.synchronous", "OFF", |s| s.storage.database.synchronous = Synchronous::Off),
    ("storage.keep_community", "true", |s| s.storage.keep_community = true),
    ("storage.node_id", "281474976710655", |s| s.storage.node_id = Some(281_474_976_710_655)),
    ("storage.file_buffer.enabled", "true", |s| s.storage.file_buffer.enabled = true),
    ("storage.file_buffer.path", "x.jsonl", |s| s.storage.file_buffer.path = "x.jsonl".into()),
    ("storage.file_buffer.max_size_mb", "1", |s| s.storage.file_buffer.max_size_mib = 1),
    ("storage.archiver.enabled", "yes", |s| s.storage.archiver.enabled = true),
    ("storage.archiver.path", "old", |s| s.storage.archiver.path = "old".into()),
    ("storage.archiver.format", "jsonl", |s| s.storage.archiver.format = ArchiveFormat::Jsonl),
    ("storage.archiver.size_threshold_mb", "1048576", |s| s.storage.archiver.size_threshold_mib = 1_048_576),
    ("storage.archiver.time_threshold_days", "30", |s| s.storage.archiver.time_threshold_days = 30),
    ("storage.archiver.compress", "true", |s| s.storage.archiver.compress = true),
    ("pattern_matching.rules_file", "~", |s| s.pattern_matching.rules_file = None),
    ("pattern_matching.reload_interval_seconds", "0", |s| s.pattern_matching.reload_interval = None),
    ("snmp.mib_dirs", "[./mibs, /usr/share/snmp/mibs]", |s| {
        s.snmp.mib_dirs = vec!["./mibs".into(), "/usr/share/snmp/mibs".into()];
    }),
    ("snmpv3.credentials_file", "users.yaml", |s| s.snmpv3.credentials_file = Some("users.yaml".into())),
    ("snmpv3.quarantine_messages_max", "5000", |s| s.snmpv3.quarantine_messages_max = 5_000),
    ("sources.deny_from", "[192.0.2.0/24]", |s| {
        s.sources.deny_from = IpRanges::parse(["192.0.2.0/24"]).unwrap();
    }),
    ("sources.messages_per_second_max", "100", |s| s.sources.messages_per_second_max = Some(100)),
    ("sources.burst_messages_max", "5", |s| s.sources.burst_messages_max = 5),
    ("sources.summary_seconds", "1", |s| s.sources.summary = Duration::from_secs(1)),
    ("sources.fair_share", "false", |s| s.sources.fair_share = false),
    ("http.enabled", "false", |s| s.http.enabled = false),
    ("http.listen", "\"[::1]:0\"", |s| s.http.listen = "[::1]:0".parse().unwrap()),
];

/// Keys with one allowed value.
const FIXED: &[(&str, &str)] = &[("listeners.snmp.protocol", "udp")];

fn source(text: &str) -> Source {
    Source { name: "test.yaml".to_owned(), text: text.to_owned().into(), secrecy: files::secrecy() }
}

fn settings(source: Source) -> Result<Settings, ConfigError> {
    files::resolve(&[source], Vec::new(), &|_| None).map(|loaded| loaded.settings)
}

/// Every declared key, with the sections around it.
fn declared() -> Vec<(String, DeclaredKey)> {
    fn add(prefix: &str, members: Vec<Declared>, keys: &mut Vec<(String, DeclaredKey)>) {
        for member in members {
            match member {
                Declared::Section { name, members, .. } => add(&format!("{prefix}{name}."), members, keys),
                Declared::Key(key) => keys.push((format!("{prefix}{}", key.name), key)),
            }
        }
    }
    let (mut members, mut keys) = (Vec::new(), Vec::new());
    Settings::declare(&mut members);
    add("", members, &mut keys);
    keys
}

/// The file that sets `key` and nothing else.
fn only(key: &str, value: &str) -> Source {
    let mut text = String::new();
    let parts: Vec<&str> = key.split('.').collect();
    for (depth, part) in parts.iter().enumerate() {
        let value = if depth + 1 == parts.len() { format!(" {value}") } else { String::new() };
        text.push_str(&format!("{}{part}:{value}\n", "  ".repeat(depth)));
    }
    source(&text)
}

#[test]
fn every_key_is_in_the_table() {
    let keys = declared();
    let declared: BTreeSet<String> = keys.iter().map(|(key, _)| key.clone()).collect();
    assert_eq!(keys.len(), declared.len(), "a key is declared twice");
    let tested = CASES.iter().map(|(key, _, _)| *key).chain(FIXED.iter().map(|(key, _)| *key));
    let tested: BTreeSet<String> = tested.map(str::to_owned).collect();
    assert_eq!(declared, tested);
}

#[test]
fn every_key_arrives_and_touches_nothing_else() {
    for (key, value, change) in CASES {
        let mut expected = Settings::default();
        change(&mut expected);
        assert_ne!(expected, Settings::default(), "{key}: the value of the table is the default");
        assert_eq!(settings(only(key, value)).unwrap(), expected, "{key}");
    }
}

#[test]
fn every_key_refuses_what_makes_no_sense() {
    for (key, _) in declared() {
        for value in ["[1, [2]]", "{a: 1}", "\"\""] {
            let refused = settings(only(&key, value)).unwrap_err().to_string();
            assert!(refused.contains(&key), "{key}: {value}: {refused}");
        }
    }
    for (key, value) in FIXED {
        assert_eq!(settings(only(key, value)).unwrap(), Settings::default());
        assert!(settings(only(key, "tcp")).is_err(), "{key}");
    }
}

/// The range in a schema, if it is that of a number.
fn range(schema: &Json) -> Option<(Json, Json)> {
    match (schema.get("minimum"), schema.get("maximum")) {
        (Some(least), Some(most)) => Some((least.clone(), most.clone())),
        _ => schema.get("anyOf")?.as_array()?.iter().find_map(range),
    }
}

#[test]
fn every_range_holds_at_both_ends() {
    let mut ranges = 0;
    for (key, declared) in declared() {
        let Some((least, most)) = range(&declared.schema) else { continue };
        ranges += 1;
        let step = if declared.schema.to_string().contains("\"integer\"") { 1.0 } else { 0.0001 };
        for (value, by) in [(&least, -step), (&most, step)] {
            let outside = value.as_f64().unwrap() + by;
            let refused = settings(only(&key, &outside.to_string())).unwrap_err().to_string();
            assert!(refused.contains("out of range; allowed: "), "{key}: {outside}: {refused}");
            let accepted = settings(only(&key, &value.to_string()));
            assert!(accepted.is_ok(), "{key}: {value}: {accepted:?}");
        }
    }
    assert!(ranges >= 27, "only {ranges} ranges were found");
}

#[test]
fn every_example_is_taken_and_is_not_the_default() {
    // TLS is of use only with its other keys: their examples stand beside it.
    let together: Vec<(String, &str)> = declared()
        .into_iter()
        .filter(|(key, _)| key.starts_with("listeners.syslog.tls."))
        .map(|(key, declared)| (key, declared.example))
        .collect();
    for (key, declared) in declared() {
        let text = if key.starts_with("listeners.syslog.tls.") {
            let others: Vec<String> = together
                .iter()
                .filter(|(other, _)| *other != key && other != "listeners.syslog.tls.enabled")
                .map(|(other, example)| format!("{}: {example}", other.rsplit_once('.').unwrap().1))
                .collect();
            let last = key.rsplit_once('.').unwrap().1;
            format!(
                "listeners:\n  syslog:\n    tls:\n      {last}: {}\n      {}\n",
                declared.example,
                others.join("\n      ")
            )
        } else {
            only(&key, declared.example).text.as_str().to_owned()
        };
        let loaded = settings(source(&text)).unwrap_or_else(|error| panic!("{key}: {error}"));
        let is_fixed = FIXED.iter().any(|(fixed, _)| *fixed == key);
        assert_eq!(loaded == Settings::default(), is_fixed, "{key}: the example is the default");
    }
}

#[test]
fn every_key_is_described() {
    for (key, declared) in declared() {
        assert!(declared.description().len() > 10, "{key}");
        let default = template::yaml(&declared.default);
        let loaded = settings(only(&key, &default)).unwrap_or_else(|error| panic!("{key}: {error}"));
        assert_eq!(loaded, Settings::default(), "{key}: {default}");
    }
    assert_eq!(settings(source(&template::template())).unwrap(), Settings::default());
}
