//! The file as written to the settings as meant: types, ranges, defaults, and what two keys say of each other.
//!
//! Invariant: every key of `file` is used here; a problem never stops the search for the next one.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use crate::base::cidr::IpRanges;
use crate::config::document::{Source, is_null};
use crate::config::error::ConfigError;
use crate::config::file;
use crate::config::reader::{Entry, Reader, SECONDS_MAX};
use crate::config::settings::{
    ArchiveFormat, Archiver, Daemon, Database, FileBuffer, Http, Listeners, LogFormat, LogLevel,
    PatternMatching, Processor, Runtime, Settings, Snmp, SnmpListener, Snmpv3, Sources, Storage, Synchronous,
    SyslogListener, SyslogProtocol,
};
use crate::config::{snmp, streams, zones};

/// Most threads that receive.
const SHARDS_MAX: u64 = 31;
/// A node id takes 48 bits of a message id.
const NODE_ID_MAX: u64 = (1 << 48) - 1;
/// The kernel doubles what it is asked for, in a signed 32-bit number.
const RECEIVE_BUFFER_BYTES_MAX: u64 = i32::MAX as u64 / 2;
/// 1 TiB.
const MEBIBYTES_MAX: u64 = 1024 * 1024;

/// The settings that `source` means.
pub(super) fn settings(source: &Source) -> Result<Settings, ConfigError> {
    let root = source.parse()?;
    let mut reader = Reader::new(source);
    let mut written = file::ConfigFile::read(Some(root), "", &mut reader);
    let policy = snmp::policy(&mut reader, &mut written.listeners.snmp);
    let zones = zones::zones(&mut reader, &mut written.listeners.syslog);
    let settings = Settings {
        daemon: daemon(&mut reader, &written.daemon),
        listeners: Listeners {
            snmp: SnmpListener { policy, ..listener(&mut reader, &written.listeners.snmp) },
            syslog: SyslogListener { zones, ..syslog(&mut reader, &written.listeners.syslog) },
        },
        processor: processor(&mut reader, &written.processor),
        storage: storage(&mut reader, &written.storage),
        pattern_matching: pattern_matching(&mut reader, &written.pattern_matching),
        snmp: Snmp { mib_dirs: reader.paths(&written.snmp.mib_dirs).unwrap_or_default() },
        snmpv3: snmpv3(&mut reader, &written.snmpv3),
        http: http(&mut reader, &written.http),
        sources: sources(&mut reader, &written.sources),
    };
    ports(&mut reader, &written, &settings);
    streams::certificates(&mut reader, &written.listeners.syslog, &settings.listeners.syslog);
    reader.finish()?;
    Ok(settings)
}

fn snmpv3(reader: &mut Reader<'_>, written: &file::Snmpv3) -> Snmpv3 {
    let default = Snmpv3::default();
    let most = reader.integer(&written.quarantine_messages_max, 0, 1_000_000, " (0 = none)");
    Snmpv3 {
        credentials_file: reader.path_or_none(&written.credentials_file).unwrap_or(default.credentials_file),
        quarantine_messages_max: most
            .and_then(|most| u32::try_from(most).ok())
            .unwrap_or(default.quarantine_messages_max),
    }
}

fn daemon(reader: &mut Reader<'_>, written: &file::Daemon) -> Daemon {
    let default = Daemon::default();
    let levels = [
        ("DEBUG", LogLevel::Debug),
        ("INFO", LogLevel::Info),
        ("WARNING", LogLevel::Warning),
        ("WARN", LogLevel::Warning),
        ("ERROR", LogLevel::Error),
        ("CRITICAL", LogLevel::Critical),
    ];
    let formats = [
        ("auto", LogFormat::Auto),
        ("color", LogFormat::Color),
        ("plain", LogFormat::Plain),
        ("json", LogFormat::Json),
    ];
    let runtimes = [("threads", Runtime::Threads), ("tokio", Runtime::Tokio), ("glommio", Runtime::Glommio)];
    Daemon {
        log_level: reader.choice(&written.log_level, &levels).unwrap_or(default.log_level),
        log_file: reader.path_or_none(&written.log_file).unwrap_or(default.log_file),
        log_format: reader.choice(&written.log_format, &formats).unwrap_or(default.log_format),
        pid_file: reader.path_or_none(&written.pid_file).unwrap_or(default.pid_file),
        shards: reader
            .size(&written.shards, 0, SHARDS_MAX, " (0 = chosen from the cores)")
            .unwrap_or(default.shards),
        runtime: reader.choice(&written.runtime, &runtimes).unwrap_or(default.runtime),
    }
}

fn receive_buffer(reader: &mut Reader<'_>, entry: &Entry) -> Option<usize> {
    reader.size(entry, 4_096, RECEIVE_BUFFER_BYTES_MAX, " (octets)")
}

/// `listeners.snmp`, but for its policy.
fn listener(reader: &mut Reader<'_>, written: &file::SnmpListener) -> SnmpListener {
    let default = SnmpListener::default();
    // There is nothing to choose, but a listener over TCP must not be taken for granted.
    reader.choice(&written.protocol, &[("udp", ())]);
    SnmpListener {
        enabled: reader.boolean(&written.enabled).unwrap_or(default.enabled),
        port: reader.port(&written.port).unwrap_or(default.port),
        address: reader.addresses(&written.address).unwrap_or(default.address),
        allow_from: allow_from(reader, &written.allow_from),
        trusted_proxies: reader.networks(&written.trusted_proxies).unwrap_or(default.trusted_proxies),
        policy: default.policy,
        buffer_size_octets: reader
            .size(&written.buffer_size, 484, 65_535, " (octets)")
            .unwrap_or(default.buffer_size_octets),
        receive_buffer_bytes: receive_buffer(reader, &written.receive_buffer_bytes)
            .unwrap_or(default.receive_buffer_bytes),
    }
}

fn syslog(reader: &mut Reader<'_>, written: &file::SyslogListener) -> SyslogListener {
    let default = SyslogListener::default();
    let protocols =
        [("udp", SyslogProtocol::Udp), ("tcp", SyslogProtocol::Tcp), ("both", SyslogProtocol::Both)];
    SyslogListener {
        enabled: reader.boolean(&written.enabled).unwrap_or(default.enabled),
        port: reader.port(&written.port).unwrap_or(default.port),
        protocol: reader.choice(&written.protocol, &protocols).unwrap_or(default.protocol),
        address: reader.addresses(&written.address).unwrap_or(default.address),
        allow_from: allow_from(reader, &written.allow_from),
        trusted_relays: reader.networks(&written.trusted_relays).unwrap_or(default.trusted_relays),
        zones: default.zones,
        buffer_size_octets: reader
            .size(&written.buffer_size, 480, 65_535, " (octets)")
            .unwrap_or(default.buffer_size_octets),
        receive_buffer_bytes: receive_buffer(reader, &written.receive_buffer_bytes)
            .unwrap_or(default.receive_buffer_bytes),
        tcp: streams::tcp(reader, &written.tcp),
        tls: streams::tls(reader, &written.tls),
        relp: streams::relp(reader, &written.relp),
    }
}

/// The networks that may send; an empty list means everybody.
fn allow_from(reader: &mut Reader<'_>, entry: &Entry) -> Option<IpRanges> {
    reader.networks(entry).filter(|networks| !networks.is_empty())
}

fn sources(reader: &mut Reader<'_>, written: &file::Sources) -> Sources {
    let default = Sources::default();
    let number = |value: u64| u32::try_from(value).ok();
    let most = reader.integer(&written.messages_per_second_max, 0, 1_000_000, " (0 = any amount)");
    let burst = reader.integer(&written.burst_messages_max, 1, 10_000_000, " (messages)");
    let summary = reader.integer(&written.summary_seconds, 1, 86_400, "");
    Sources {
        deny_from: reader.networks(&written.deny_from).unwrap_or(default.deny_from),
        messages_per_second_max: most.and_then(number).filter(|most| *most > 0),
        burst_messages_max: burst.and_then(number).unwrap_or(default.burst_messages_max),
        summary: summary.map_or(default.summary, Duration::from_secs),
        fair_share: reader.boolean(&written.fair_share).unwrap_or(default.fair_share),
    }
}

fn processor(reader: &mut Reader<'_>, written: &file::Processor) -> Processor {
    let default = Processor::default();
    Processor {
        queue_max_messages: reader
            .size(&written.queue_max_size, 1_000, 10_000_000, " (messages)")
            .unwrap_or(default.queue_max_messages),
        batch_write_messages: reader
            .size(&written.batch_write_size, 1, 100_000, " (messages)")
            .unwrap_or(default.batch_write_messages),
        batch_timeout: reader
            .seconds(&written.batch_timeout_seconds, 0.001, 60.0)
            .unwrap_or(default.batch_timeout),
    }
}

fn storage(reader: &mut Reader<'_>, written: &file::Storage) -> Storage {
    let default = Storage::default();
    let synchronous = [
        ("FULL", Synchronous::Full),
        ("NORMAL", Synchronous::Normal),
        ("OFF", Synchronous::Off),
        ("EXTRA", Synchronous::Extra),
    ];
    let database = &written.database;
    let buffer = &written.file_buffer;
    Storage {
        database: Database {
            path: reader.path(&database.path).unwrap_or(default.database.path),
            connection_timeout: reader
                .seconds(&database.connection_timeout, 0.0, 3_600.0)
                .unwrap_or(default.database.connection_timeout),
            synchronous: reader
                .choice(&database.synchronous, &synchronous)
                .unwrap_or(default.database.synchronous),
        },
        keep_community: reader.boolean(&written.keep_community).unwrap_or(default.keep_community),
        node_id: node_id(reader, &written.node_id),
        file_buffer: FileBuffer {
            enabled: reader.boolean(&buffer.enabled).unwrap_or(default.file_buffer.enabled),
            path: reader.path(&buffer.path).unwrap_or(default.file_buffer.path),
            max_size_mib: reader
                .integer(&buffer.max_size_mb, 1, MEBIBYTES_MAX, "")
                .unwrap_or(default.file_buffer.max_size_mib),
        },
        archiver: archiver(reader, &written.archiver, default.archiver),
    }
}

fn node_id(reader: &mut Reader<'_>, entry: &Entry) -> Option<u64> {
    let null = entry.node.as_ref().is_some_and(is_null);
    if null { None } else { reader.integer(entry, 1, NODE_ID_MAX, ", or null for one that is made and kept") }
}

fn archiver(reader: &mut Reader<'_>, written: &file::Archiver, default: Archiver) -> Archiver {
    let formats = [("csv", ArchiveFormat::Csv), ("jsonl", ArchiveFormat::Jsonl)];
    Archiver {
        enabled: reader.boolean(&written.enabled).unwrap_or(default.enabled),
        path: reader.path(&written.path).unwrap_or(default.path),
        format: reader.choice(&written.format, &formats).unwrap_or(default.format),
        size_threshold_mib: reader
            .integer(&written.size_threshold_mb, 1, MEBIBYTES_MAX, "")
            .unwrap_or(default.size_threshold_mib),
        time_threshold_days: reader
            .integer(&written.time_threshold_days, 1, 36_500, "")
            .and_then(|days| u32::try_from(days).ok())
            .unwrap_or(default.time_threshold_days),
        compress: reader.boolean(&written.compress).unwrap_or(default.compress),
    }
}

fn pattern_matching(reader: &mut Reader<'_>, written: &file::PatternMatching) -> PatternMatching {
    let default = PatternMatching::default();
    PatternMatching {
        rules_file: reader.path_or_none(&written.rules_file).unwrap_or(default.rules_file),
        reload_interval: reader
            .seconds_or_never(&written.reload_interval_seconds, SECONDS_MAX)
            .unwrap_or(default.reload_interval),
    }
}

fn http(reader: &mut Reader<'_>, written: &file::Http) -> Http {
    let default = Http::default();
    let allowed = "\"ADDRESS:PORT\", as \"127.0.0.1:8514\" or \"[::1]:8514\"";
    let listen = reader.text(&written.listen, allowed).and_then(|text| {
        let parsed = text.parse::<SocketAddr>().ok();
        if parsed.is_none() {
            reader.wrong(&written.listen, "not an address and a port", allowed);
        }
        parsed
    });
    Http {
        enabled: reader.boolean(&written.enabled).unwrap_or(default.enabled),
        listen: listen.unwrap_or(default.listen),
    }
}

/// Two listeners on one port would share it silently, and each would get some of the other's datagrams.
fn ports(reader: &mut Reader<'_>, written: &file::ConfigFile, settings: &Settings) {
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
        reader.wrong(&written.listeners.syslog.port, &what, "a port of its own");
    }
    let tcp = http.enabled && syslog.enabled && syslog.protocol.tcp();
    let http_port = http.listen.port();
    if tcp && http_port != 0 && http_port == syslog.port && overlap(&[http.listen.ip()], &syslog.address) {
        let what = format!("TCP port {http_port} is the syslog listener's as well");
        reader.wrong(&written.http.listen, &what, "a port of its own");
    }
}
