//! The configuration as meant: plain typed values, defaults filled in, validated.
//!
//! [`Settings::default`] is what an empty file means; the shipped file spells out the same values. Each field names
//! its key in `mutt_config.yaml`, its unit and its range.
//!
//! Invariant: a `Settings` that came from a file holds no value outside the ranges named here, and nothing of this
//! file knows of YAML or serde.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use crate::base::cidr::IpRanges;
use crate::model::zone::Zones;
use crate::net::tls::TlsSettings;
use crate::net::tls::clients::ClientPolicy;
use crate::shard::snmp_policy::SnmpPolicy;
use crate::wire::snmp::SecurityLevel;
use crate::wire::syslog::framing::Oversize;

/// All that `mutt_config.yaml` says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Settings {
    /// `daemon`: the process.
    pub daemon: Daemon,
    /// `listeners`: where messages come in.
    pub listeners: Listeners,
    /// `processor`: how messages are handed to the store.
    pub processor: Processor,
    /// `storage`: where messages stay.
    pub storage: Storage,
    /// `pattern_matching`: the alert rules.
    pub pattern_matching: PatternMatching,
    /// `snmp`: names of what notifications carry.
    pub snmp: Snmp,
    /// `snmpv3`: the SNMPv3 users.
    pub snmpv3: Snmpv3,
    /// `http`: the API, metrics and the page.
    pub http: Http,
    /// `sources`: how much any one sender may send.
    pub sources: Sources,
}

/// `daemon`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Daemon {
    /// `log_level`: the least severe of our own messages that is logged.
    pub log_level: LogLevel,
    /// `log_file`: our own log; `None` means standard error only.
    pub log_file: Option<PathBuf>,
    /// `log_format`: how a line of our own log looks.
    pub log_format: LogFormat,
    /// `pid_file`: `None` means none is written.
    pub pid_file: Option<PathBuf>,
    /// `shards`: threads that receive, 1 to 31; 0 means as many as the cores suggest.
    pub shards: usize,
    /// `runtime`: what drives a shard.
    pub runtime: Runtime,
}

/// Severity of our own log messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LogLevel {
    /// What a developer wants to see.
    Debug,
    /// What an operator wants to see.
    Info,
    /// What may need somebody's attention.
    Warning,
    /// What does not work.
    Error,
    /// What ends the process.
    Critical,
}

/// Look of our own log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LogFormat {
    /// Colour on a terminal, plain elsewhere.
    Auto,
    /// Text with colour.
    Color,
    /// Text.
    Plain,
    /// One JSON object a line.
    Json,
}

/// What drives a shard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Runtime {
    /// A thread of its own with blocking batch receive.
    Threads,
    /// A single-threaded tokio runtime.
    Tokio,
    /// A glommio executor (Linux, io_uring).
    Glommio,
}

/// `listeners`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Listeners {
    /// `snmp`: notifications over UDP.
    pub snmp: SnmpListener,
    /// `syslog`: syslog over UDP and TCP.
    pub syslog: SyslogListener,
}

/// `listeners.snmp`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnmpListener {
    /// `enabled`.
    pub enabled: bool,
    /// `port`: UDP port; 0 means any free one.
    pub port: u16,
    /// `address`: local addresses to bind, at least one, none twice.
    pub address: Vec<IpAddr>,
    /// `allow_from`: networks that may send; `None` means everybody.
    pub allow_from: Option<IpRanges>,
    /// `trusted_proxies`: proxies whose word for the source of a notification counts.
    pub trusted_proxies: IpRanges,
    /// `versions`, `communities`, `min_security_level`: which messages are taken.
    pub policy: SnmpPolicy,
    /// `buffer_size`: largest datagram taken, octets, 484 (RFC 3417 3.1) to 65,535.
    pub buffer_size_octets: usize,
    /// `receive_buffer_bytes`: receive buffer asked of the kernel per socket, 4,096 to 1,073,741,823.
    pub receive_buffer_bytes: usize,
}

/// `listeners.syslog`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyslogListener {
    /// `enabled`.
    pub enabled: bool,
    /// `port`: UDP and TCP port; 0 means any free one.
    pub port: u16,
    /// `protocol`: which transports are served.
    pub protocol: SyslogProtocol,
    /// `address`: local addresses to bind, at least one, none twice.
    pub address: Vec<IpAddr>,
    /// `allow_from`: networks that may send; `None` means everybody.
    pub allow_from: Option<IpRanges>,
    /// `trusted_relays`: relays whose word for the source of a message counts.
    pub trusted_relays: IpRanges,
    /// `time_zone`, `time_zones`, `zone_words`: zones of devices that do not tell theirs.
    pub zones: Zones,
    /// `buffer_size`: largest datagram and largest TCP message taken, octets, 480 (RFC 5424 6.1) to 65,535.
    pub buffer_size_octets: usize,
    /// `receive_buffer_bytes`: receive buffer asked of the kernel per socket, 4,096 to 1,073,741,823.
    pub receive_buffer_bytes: usize,
    /// `tcp`: bounds on connections.
    pub tcp: SyslogTcp,
    /// `tls`: syslog over TLS.
    pub tls: SyslogTls,
    /// `relp`: syslog over RELP.
    pub relp: SyslogRelp,
}

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

/// `listeners.syslog.tcp`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyslogTcp {
    /// `connections_max`: connections open at a time, 1 to 100,000.
    pub connections_max: usize,
    /// `connections_per_source_max`: those of one source, 0 to 100,000; 0 means as many as there may be in all.
    pub connections_per_source_max: usize,
    /// `idle_timeout_seconds`: a connection that sends nothing for so long is closed; `None` means never.
    pub idle_timeout: Option<Duration>,
    /// `frame_timeout_seconds`: a frame that has begun must be complete by then; `None` means it may take for ever.
    pub frame_timeout: Option<Duration>,
    /// `oversize`: what becomes of a message longer than `buffer_size`.
    pub oversize: Oversize,
    /// `proxy_protocol_from`: whose connections begin with a PROXY header.
    pub proxy_protocol_from: IpRanges,
}

/// `listeners.syslog.tls`. Address and limits are those of `listeners.syslog` and its `tcp`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyslogTls {
    /// `enabled`: needs a certificate and a key.
    pub enabled: bool,
    /// `port`: TCP port; 0 means any free one.
    pub port: u16,
    /// `certificate_file`: the server's certificate and those up to its CA, PEM.
    pub certificate_file: Option<PathBuf>,
    /// `key_file`: its private key, PEM.
    pub key_file: Option<PathBuf>,
    /// `client_certificates`, `client_ca_file`, `client_fingerprints`, `client_names`: who is let in.
    pub clients: ClientPolicy,
}

/// `listeners.syslog.relp`. Address and limits are those of `listeners.syslog` and its `tcp`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyslogRelp {
    /// `enabled`.
    pub enabled: bool,
    /// `port`: TCP port; 0 means any free one.
    pub port: u16,
    /// `tls`: within TLS, with the certificates of `tls`.
    pub tls: bool,
    /// `unacknowledged_max`: messages of a connection that are taken and not committed, 1 to 100,000.
    pub unacknowledged_max: usize,
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

/// `sources`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sources {
    /// `deny_from`: networks from which nothing is taken, at any listener.
    pub deny_from: IpRanges,
    /// `messages_per_second_max`: what one source address may send, 1 to 1,000,000; `None` means any amount.
    pub messages_per_second_max: Option<u32>,
    /// `burst_messages_max`: what it may send at once after a pause, 1 to 10,000,000.
    pub burst_messages_max: u32,
    /// `summary_seconds`: how long after the first dropped message of a source the sum is told, 1 s to 86,400 s.
    pub summary: Duration,
    /// `fair_share`: whether the loudest sources give way when the store does not keep up.
    pub fair_share: bool,
}

/// `processor`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Processor {
    /// `queue_max_size`: messages between receipt and store, 1,000 to 10,000,000.
    pub queue_max_messages: usize,
    /// `batch_write_size`: messages in one transaction, 1 to 100,000.
    pub batch_write_messages: usize,
    /// `batch_timeout_seconds`: longest time a message waits for its transaction to fill, 0.001 s to 60 s; half of it where
    /// a sender waits for an answer.
    pub batch_timeout: Duration,
}

/// `storage`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Storage {
    /// `database`: the SQLite store.
    pub database: Database,
    /// `keep_community`: whether SNMP community strings are stored; they are passwords in all but name.
    pub keep_community: bool,
    /// `node_id`: the part of every message id that tells this instance from others, 1 to 2^48 - 1; `None` means it is
    /// made once and kept beside the store.
    pub node_id: Option<u64>,
    /// `file_buffer`: accepted, not built yet.
    pub file_buffer: FileBuffer,
    /// `archiver`: accepted, not built yet.
    pub archiver: Archiver,
}

/// `storage.database`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Database {
    /// `path`: the database file; its folder is made when it is absent.
    pub path: PathBuf,
    /// `connection_timeout`: longest wait for another process's lock, 0 s to 3,600 s.
    pub connection_timeout: Duration,
    /// `synchronous`: what a committed message survives.
    pub synchronous: Synchronous,
}

/// SQLite's `synchronous`: what a commit promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Synchronous {
    /// Nothing is waited for: a power cut may damage the file.
    Off,
    /// Survives the death of the process; the last commits may not survive a power cut.
    Normal,
    /// Survives a power cut.
    Full,
    /// As `Full`, and the folder is synchronised too.
    Extra,
}

/// `storage.file_buffer`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileBuffer {
    /// `enabled`.
    pub enabled: bool,
    /// `path`: the file.
    pub path: PathBuf,
    /// `max_size_mb`: MiB, 1 to 1,048,576.
    pub max_size_mib: u64,
}

/// `storage.archiver`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Archiver {
    /// `enabled`.
    pub enabled: bool,
    /// `path`: the folder of the archives.
    pub path: PathBuf,
    /// `format`.
    pub format: ArchiveFormat,
    /// `size_threshold_mb`: size of the store that starts an archive, MiB, 1 to 1,048,576.
    pub size_threshold_mib: u64,
    /// `time_threshold_days`: age of the oldest message that starts an archive, 1 to 36,500 days.
    pub time_threshold_days: u32,
    /// `compress`.
    pub compress: bool,
}

/// Format of an archive file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ArchiveFormat {
    /// Comma-separated values, RFC 4180.
    Csv,
    /// One JSON object a line.
    Jsonl,
}

/// `pattern_matching`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PatternMatching {
    /// `rules_file`: `None` means no rules.
    pub rules_file: Option<PathBuf>,
    /// `reload_interval_seconds`: how often the rules file is looked at for changes, up to 31,536,000 s; `None`
    /// means never.
    pub reload_interval: Option<Duration>,
}

/// `snmp`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Snmp {
    /// `mib_dirs`: directories with MIB modules, read with those in them.
    pub mib_dirs: Vec<PathBuf>,
}

/// `snmpv3`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snmpv3 {
    /// `credentials_file`: `None` means that no SNMPv3 user is known.
    pub credentials_file: Option<PathBuf>,
    /// `quarantine_messages_max`: messages noted that await a credential, up to 1,000,000; 0 means none.
    pub quarantine_messages_max: u32,
}

/// `http`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Http {
    /// `enabled`.
    pub enabled: bool,
    /// `listen`: address and port; port 0 means any free one.
    pub listen: SocketAddr,
}

impl Settings {
    /// What the operator asked for and does not get in this release; one line each, for the log at start.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if self.storage.file_buffer.enabled {
            warnings.push(
                "storage.file_buffer.enabled: true: the file buffer is not built yet; when the queue is full, UDP \
                 messages are dropped and counted"
                    .to_owned(),
            );
        }
        if self.storage.archiver.enabled {
            warnings.push(
                "storage.archiver.enabled: true: the archiver is not built yet; messages stay in the store"
                    .to_owned(),
            );
        }
        let policy = &self.listeners.snmp.policy;
        let takes_communities = policy.versions.v1 || policy.versions.v2c;
        if takes_communities && policy.min_security_level > SecurityLevel::NoAuthNoPriv {
            warnings.push(format!(
                "listeners.snmp.min_security_level: {}: v1 and v2c have no security level (noAuthNoPriv), and are \
                 refused",
                policy.min_security_level.as_str()
            ));
        }
        warnings
    }
}

impl Default for Daemon {
    fn default() -> Self {
        Self {
            log_level: LogLevel::Info,
            log_file: Some(PathBuf::from("./logs/mutt.log")),
            log_format: LogFormat::Auto,
            pid_file: Some(PathBuf::from("./mutt.pid")),
            shards: 0,
            runtime: Runtime::Threads,
        }
    }
}

/// Every local address of both families.
fn any_address() -> Vec<IpAddr> {
    vec![IpAddr::V4(Ipv4Addr::UNSPECIFIED), IpAddr::V6(Ipv6Addr::UNSPECIFIED)]
}

/// 32 MiB hold tens of thousands of datagrams: a good part of a second of a storm.
const RECEIVE_BUFFER_BYTES: usize = 32 * 1024 * 1024;

impl Default for SnmpListener {
    fn default() -> Self {
        Self {
            enabled: true,
            port: 5162,
            address: any_address(),
            allow_from: None,
            trusted_proxies: IpRanges::default(),
            policy: SnmpPolicy::default(),
            buffer_size_octets: 65_535,
            receive_buffer_bytes: RECEIVE_BUFFER_BYTES,
        }
    }
}

impl Default for Sources {
    fn default() -> Self {
        Self {
            deny_from: IpRanges::default(),
            messages_per_second_max: None,
            burst_messages_max: 1_000,
            summary: Duration::from_secs(60),
            fair_share: true,
        }
    }
}

impl Default for SyslogListener {
    fn default() -> Self {
        Self {
            enabled: true,
            port: 5514,
            protocol: SyslogProtocol::Both,
            address: any_address(),
            allow_from: None,
            trusted_relays: IpRanges::default(),
            zones: Zones::default(),
            buffer_size_octets: 65_535,
            receive_buffer_bytes: RECEIVE_BUFFER_BYTES,
            tcp: SyslogTcp::default(),
            tls: SyslogTls::default(),
            relp: SyslogRelp::default(),
        }
    }
}

impl Default for SyslogTcp {
    fn default() -> Self {
        Self {
            connections_max: 10_000,
            connections_per_source_max: 0,
            idle_timeout: Some(Duration::from_secs(3_600)),
            frame_timeout: Some(Duration::from_secs(60)),
            oversize: Oversize::Truncate,
            proxy_protocol_from: IpRanges::default(),
        }
    }
}

impl Default for SyslogTls {
    fn default() -> Self {
        Self {
            enabled: false,
            port: 6514,
            certificate_file: None,
            key_file: None,
            clients: ClientPolicy::default(),
        }
    }
}

impl Default for SyslogRelp {
    fn default() -> Self {
        Self { enabled: false, port: 2514, tls: false, unacknowledged_max: 1_024 }
    }
}

impl Default for Processor {
    fn default() -> Self {
        Self {
            queue_max_messages: 200_000,
            batch_write_messages: 10_000,
            batch_timeout: Duration::from_millis(350),
        }
    }
}

impl Default for Database {
    fn default() -> Self {
        Self {
            path: PathBuf::from("./data/messages.db"),
            connection_timeout: Duration::from_secs(30),
            synchronous: Synchronous::Full,
        }
    }
}

impl Default for FileBuffer {
    fn default() -> Self {
        Self { enabled: false, path: PathBuf::from("./data/overflow.jsonl"), max_size_mib: 500 }
    }
}

impl Default for Archiver {
    fn default() -> Self {
        Self {
            enabled: false,
            path: PathBuf::from("./data/archives"),
            format: ArchiveFormat::Csv,
            size_threshold_mib: 500,
            time_threshold_days: 7,
            compress: false,
        }
    }
}

impl Default for PatternMatching {
    fn default() -> Self {
        Self {
            rules_file: Some(PathBuf::from("./config/alert_rules.yaml")),
            reload_interval: Some(Duration::from_secs(300)),
        }
    }
}

impl Default for Snmpv3 {
    fn default() -> Self {
        Self {
            credentials_file: Some(PathBuf::from("./config/snmpv3_credentials.yaml")),
            quarantine_messages_max: 0,
        }
    }
}

impl Default for Http {
    fn default() -> Self {
        Self { enabled: true, listen: SocketAddr::from(([127, 0, 0, 1], 8514)) }
    }
}
