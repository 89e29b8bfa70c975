//! The command line: what the user wrote, checked and turned into numbers.
//!
//! First in the flow: args -> plan -> pace, send -> verify -> report. Invariant: reads no clock, file or socket; every
//! refusal names the flag, the value and what is allowed.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;

use crate::layout::{CONNECTIONS_MAX, Layout, THREADS_MAX};
use crate::payload::{KIND_COUNT, KINDS, Kind, snmpv3};
use crate::plan::{self, Mix};
use crate::tls::{Connector, Trust};
use crate::transports::{self, TRANSPORTS, Target, Transport};

/// Highest rate that can be asked, messages per second; far above what one machine sends.
pub const RATE_MAX: u64 = 10_000_000;
/// Longest run: one week.
pub const DURATION_MAX: Duration = Duration::from_secs(7 * 24 * 3600);
/// Most devices: each has at least one prebuilt message of about 250 octets in memory, per thread.
pub const DEVICES_MAX: u32 = 1_048_576;
/// Highest number of a first device: there are 16 million addresses to send from.
pub const FIRST_DEVICE_MAX: u32 = 8_000_000;
/// Most messages of a connection that may be unanswered.
pub const WINDOW_MAX: u32 = 65_536;
/// Highest weight of one kind in `--mix`.
pub const WEIGHT_MAX: u32 = 1000;

const AFTER_HELP: &str = "\
    Messages are prebuilt from --seed: the same seed and settings give the same octets, and the fingerprint printed at the \
    start proves it. Time stamps inside messages are fixed (2026-11-22 08:23:43 UTC plus one millisecond per prebuilt \
    message), never the wall clock; only the boots of SNMPv3 engines are the time of the start, in seconds since 1970, so \
    that each run is a later life than the one before. Every message ends in `run=xxxxxxxx stream=00000 seq=0000000001`: as \
    the end of the text in syslog, as the last varbind (1.3.6.1.4.1.32473.1.1.0, OCTET STRING) in SNMP. A stream is what one \
    sender thread sends over UDP, what one connection carries, or the informs of one socket.\n\n\
    With a loopback IPv4 target each device sends from its own address in 127.0.0.0/8, from 127.1.0.1 upwards, and each \
    connection comes from the address of a device. Towards any other target all share this machine's address.\n\n\
    What --verify-store holds the receiver to, message by message: over TCP and TLS nothing is lost (unless the connection \
    broke), doubled or out of order; over RELP nothing that was acknowledged is missing, and what is there twice is marked as \
    repeated; of informs nothing that was answered is missing, and nothing is there twice; over UDP what is missing is in the \
    ledger as dropped or discarded (--verify). Nowhere is a message changed or undecoded.\n\n\
    Exit codes: 0 everything sent is stored or discarded by a rule (or was sent, when nothing is verified); 1 messages are \
    unaccounted for, or --verify-store found what must not be; 2 usage or I/O error, or not everything could be sent or was \
    answered; 3 balanced, but some were dropped; 4 the asked rate was not kept (achieved below 99 %). --accept-drops turns 3 \
    and 4 into 0.";

/// Load for a syslog and SNMP notification receiver at a fixed rate, with a balance at the end.
#[derive(Debug, Clone, Parser)]
#[command(name = "loadgen", version, after_help = AFTER_HELP, arg_required_else_help = true)]
pub struct Args {
    /// Messages per second, 1 to 10000000; `50k` is 50000
    #[arg(long, value_name = "RATE", default_value = "1000", value_parser = parse_rate)]
    pub rate: u64,

    /// How long to send: a number with ms, s, m or h, as 30s, 2m, 500ms
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = parse_duration)]
    pub duration: Duration,

    /// Kinds and weights (1 to 1000), as syslog=70,v2c=30. `syslog` is several kinds in equal parts
    #[arg(long, value_name = "KIND=WEIGHT,...", default_value = "syslog=70,v2c=30", value_parser = parse_mix, help = mix_help())]
    pub mix: Mix,

    /// How syslog is sent. SNMP notifications always go over UDP
    #[arg(long, value_name = "NAME", default_value = "udp", value_parser = parse_transport, help = transport_help())]
    pub transport: &'static Transport,

    /// Connections for syslog, and sockets for informs, 1 to 32768 each and at least --threads; as many as --threads when
    /// not given. They are used in turn
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=i64::from(CONNECTIONS_MAX)))]
    pub connections: Option<u32>,

    /// Messages that may be unanswered on each RELP connection or inform socket before more are sent, 1 to 65536
    #[arg(long, value_name = "N", default_value_t = 128, value_parser = clap::value_parser!(u32).range(1..=i64::from(WINDOW_MAX)))]
    pub window: u32,

    /// How long to wait for the answer to an inform before it is sent again
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = parse_duration)]
    pub answer_timeout: Duration,

    /// How often an inform without answer is sent again before it counts as failed, 0 to 100
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(0..=100))]
    pub retries: u32,

    /// How long to try to connect again after a connection broke, before its messages count as failed
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = parse_duration)]
    pub reconnect_timeout: Duration,

    /// TLS: certificates (PEM) of the authorities that the receiver's certificate may be from
    #[arg(long, value_name = "FILE")]
    pub tls_ca: Option<PathBuf>,

    /// TLS: name that the receiver's certificate must be for; the address of --target when not given
    #[arg(long, value_name = "NAME")]
    pub tls_name: Option<String>,

    /// TLS: take any certificate of the receiver, whoever issued it
    #[arg(long, conflicts_with = "tls_ca")]
    pub insecure: bool,

    /// TLS: our own certificate (PEM), with those between it and the authority
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub tls_certificate: Option<PathBuf>,

    /// TLS: key of our own certificate (PEM)
    #[arg(long, value_name = "FILE", requires = "tls_certificate")]
    pub tls_key: Option<PathBuf>,

    /// Number of devices that send, 1 to 1048576
    #[arg(long, value_name = "N", default_value = "1000", value_parser = clap::value_parser!(u32).range(1..=i64::from(DEVICES_MAX)))]
    pub devices: u32,

    /// Number of the first device, 0 to 8000000: two runs at once are then of different devices
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=i64::from(FIRST_DEVICE_MAX)))]
    pub first_device: u32,

    /// Address to send to, IPv4 or IPv6
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    pub target: IpAddr,

    /// Port for syslog, of the transport that is used
    #[arg(long, value_name = "PORT", default_value_t = 5514, value_parser = clap::value_parser!(u16).range(1..))]
    pub syslog_port: u16,

    /// UDP port for SNMP notifications
    #[arg(long, value_name = "PORT", default_value_t = 5162, value_parser = clap::value_parser!(u16).range(1..))]
    pub snmp_port: u16,

    /// Seed of every choice made while messages are built
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    pub seed: u64,

    /// Mark of this run inside every message, 8 hexadecimal digits; derived from --seed when not given
    #[arg(long, value_name = "HEX", value_parser = parse_run_id)]
    pub run_id: Option<u32>,

    /// SNMP community, 1 to 64 octets
    #[arg(long, value_name = "TEXT", default_value = "public", value_parser = parse_community)]
    pub community: String,

    /// SNMPv3: number of engine IDs that devices send as, 1 to 1048576; one for each device when not given. Engine N is
    /// 80007ed905 and N in 8 hexadecimal digits
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=i64::from(DEVICES_MAX)))]
    pub v3_engines: Option<u32>,

    /// SNMPv3: name of the user, 1 to 24 octets
    #[arg(long, value_name = "NAME", default_value = "loadgen", value_parser = parse_user)]
    pub v3_user: String,

    /// SNMPv3: number of users, 1 to 1048576; those after the first are called NAME-1, NAME-2, ...
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=i64::from(DEVICES_MAX)))]
    pub v3_users: u32,

    /// SNMPv3: password of the MAC (HMAC-SHA-96), 8 to 64 octets; without it messages are noAuthNoPriv
    #[arg(long, value_name = "TEXT", value_parser = parse_password)]
    pub v3_auth_password: Option<String>,

    /// SNMPv3: password of the cipher (CFB128-AES-128), 8 to 64 octets; without it messages are in clear
    #[arg(long, value_name = "TEXT", value_parser = parse_password, requires = "v3_auth_password")]
    pub v3_priv_password: Option<String>,

    /// Sender threads, 1 to 64; message i is sent by thread i modulo this number
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=i64::from(THREADS_MAX)))]
    pub threads: u32,

    /// Base URL of the receiver's API, as http://127.0.0.1:8514: read its ledger before and after, and print the balance
    #[arg(long, value_name = "URL", value_parser = parse_url)]
    pub verify: Option<String>,

    /// Read the receiver's store (SQLite, view `messages`) after the run, and look for every message in it: what is lost,
    /// doubled, reordered, changed or undecoded, for each stream
    #[arg(long, value_name = "FILE")]
    pub verify_store: Option<PathBuf>,

    /// Send nothing: look in the store for what the run with this mark sent. The other options must be those of that run
    #[arg(long, value_name = "HEX", value_parser = parse_run_id, requires = "verify_store", conflicts_with_all = ["run_id", "verify"])]
    pub run: Option<u32>,

    /// File of what was acknowledged (over RELP) or answered (informs): written while sending, one sequence number a line;
    /// with --run it is read, and what is in it must be in the store
    #[arg(long, value_name = "FILE")]
    pub acknowledged_file: Option<PathBuf>,

    /// How long the receiver may take to answer and to settle after the last message, before what is in flight counts as
    /// unaccounted
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = parse_duration)]
    pub drain_timeout: Duration,

    /// Exit with 0 although messages were dropped, or the rate was not kept, as long as all are accounted for
    #[arg(long)]
    pub accept_drops: bool,

    /// Write the summary as JSON to this file
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,

    /// No progress, no table: the verdict only
    #[arg(long)]
    pub quiet: bool,
}

impl Args {
    /// What the plan is made from.
    #[must_use]
    pub fn plan_settings(&self) -> plan::Settings {
        plan::Settings {
            rate: self.rate,
            duration: self.duration,
            mix: self.mix,
            devices: self.devices,
            first_device: self.first_device,
            seed: self.seed,
            run_id: self.run.or(self.run_id),
            community: self.community.clone(),
            v3: self.v3_settings(),
        }
    }

    /// How messages are divided into streams.
    ///
    /// # Errors
    /// The user's fault: fewer connections than threads.
    pub fn layout(&self) -> anyhow::Result<Layout> {
        let connections = self.connections.unwrap_or(self.threads);
        if connections < self.threads {
            anyhow::bail!(
                "--connections {connections} for --threads {}; allowed: at least one for each thread",
                self.threads
            );
        }
        Ok(Layout::new(self.threads, connections, self.transport.connects))
    }

    /// How messages are sent to `target`.
    ///
    /// # Errors
    /// The user's fault: TLS without knowing whom to trust, or a file that cannot be read.
    pub fn send_settings(&self, target: Target) -> anyhow::Result<transports::Settings> {
        let own = self.tls_certificate.as_deref().zip(self.tls_key.as_deref());
        let (ca, name) = (self.tls_ca.as_deref(), self.tls_name.as_deref());
        let trust = Trust { ca, insecure: self.insecure, name, own };
        let tls = self.transport.is_tls.then(|| Connector::new(trust, target.syslog.ip())).transpose()?;
        Ok(transports::Settings { tls, ..self.settings_without_tls(target) })
    }

    /// How messages are sent to `target`, but for whom to trust.
    #[must_use]
    pub fn settings_without_tls(&self, target: Target) -> transports::Settings {
        transports::Settings {
            target,
            transport: self.transport,
            window: self.window as usize,
            answer_timeout: self.answer_timeout,
            retries: self.retries,
            reconnect_timeout: self.reconnect_timeout,
            drain_timeout: self.drain_timeout,
            devices: (self.devices, self.first_device),
            tls: None,
        }
    }

    /// Engines and users of version 3.
    #[must_use]
    pub fn v3_settings(&self) -> snmpv3::Settings {
        snmpv3::Settings {
            engines: self.v3_engines.unwrap_or_else(|| self.first_device.saturating_add(self.devices)),
            user: self.v3_user.clone(),
            users: self.v3_users,
            auth_password: self.v3_auth_password.clone(),
            priv_password: self.v3_priv_password.clone(),
        }
    }
}

fn mix_help() -> String {
    let mut help = "Kinds and weights (1 to 1000), as syslog=70,v2c=30. `syslog` is ".to_owned();
    let names: Vec<&str> = KINDS.iter().filter(|kind| kind.in_syslog).map(|kind| kind.name).collect();
    help += &names.join(", ");
    help += " in equal parts. Kinds: ";
    let kinds: Vec<String> = KINDS.iter().map(|kind| format!("{} ({})", kind.name, kind.help)).collect();
    help + &kinds.join(", ")
}

fn transport_help() -> String {
    let transports = TRANSPORTS.iter().map(|transport| format!("{} ({})", transport.name, transport.help));
    let transports: Vec<String> = transports.collect();
    format!("How syslog is sent; SNMP notifications always go over UDP. One of {}", transports.join(", "))
}

/// A transport by its name.
///
/// # Errors
/// The user's fault: no such transport.
pub fn parse_transport(text: &str) -> Result<&'static Transport, String> {
    TRANSPORTS.into_iter().find(|transport| transport.name == text).ok_or_else(|| {
        let names: Vec<&str> = TRANSPORTS.iter().map(|transport| transport.name).collect();
        format!("allowed: {}", names.join(", "))
    })
}

/// `50000`, `50_000`, `50k`, `1m` (million).
///
/// # Errors
/// The user's fault: not such a number, or outside 1 to [`RATE_MAX`].
pub fn parse_rate(text: &str) -> Result<u64, String> {
    let lower = text.to_ascii_lowercase().replace('_', "");
    let (digits, factor) = match lower.as_bytes().last() {
        Some(b'k') => (&lower[..lower.len() - 1], 1_000),
        Some(b'm') => (&lower[..lower.len() - 1], 1_000_000),
        _ => (lower.as_str(), 1),
    };
    parse_digits(digits)
        .and_then(|number| number.checked_mul(factor))
        .filter(|rate| (1..=RATE_MAX).contains(rate))
        .ok_or_else(|| {
            format!("allowed: a whole number of messages per second from 1 to {RATE_MAX}, as 50000 or 50k")
        })
}

/// `500ms`, `30s`, `2m`, `1h`.
///
/// # Errors
/// The user's fault: no unit, not a whole number, or outside 1 ms to [`DURATION_MAX`].
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let split = text.bytes().take_while(u8::is_ascii_digit).count();
    let (digits, unit) = text.split_at(split);
    let unit_ms = match unit {
        "ms" => Some(1),
        "s" => Some(1_000),
        "m" => Some(60_000),
        "h" => Some(3_600_000),
        _ => None,
    };
    unit_ms
        .and_then(|unit_ms: u64| parse_digits(digits)?.checked_mul(unit_ms))
        .map(Duration::from_millis)
        .filter(|time| !time.is_zero() && *time <= DURATION_MAX)
        .ok_or_else(|| {
            "allowed: a whole number with ms, s, m or h, from 1ms to 168h, as 30s, 2m or 500ms".to_owned()
        })
}

/// `KIND=WEIGHT,...`; `syslog` spreads its weight over four kinds and may stand beside them.
///
/// # Errors
/// The user's fault: an unknown or repeated kind, or a weight outside 1 to [`WEIGHT_MAX`].
pub fn parse_mix(text: &str) -> Result<Mix, String> {
    let mut weights = [0u32; KIND_COUNT];
    let mut seen: Vec<&str> = Vec::new();
    for part in text.split(',') {
        let (name, weight) = part
            .split_once('=')
            .ok_or_else(|| format!("`{part}` is not KIND=WEIGHT; allowed: a list as syslog=70,v2c=30"))?;
        if seen.contains(&name) {
            return Err(format!("kind `{name}` is given twice; allowed: each kind once"));
        }
        seen.push(name);
        let weight = parse_digits(weight)
            .and_then(|weight| u32::try_from(weight).ok())
            .filter(|weight| (1..=WEIGHT_MAX).contains(weight))
            .ok_or_else(|| {
                format!("weight `{weight}` of `{name}`; allowed: a whole number from 1 to {WEIGHT_MAX}")
            })?;
        // Every weight counts as often as `syslog` has kinds, so that its parts are whole.
        let is_meant = |kind: &Kind| if name == "syslog" { kind.in_syslog } else { kind.name == name };
        let factor = if name == "syslog" { 1 } else { KINDS.iter().filter(|kind| kind.in_syslog).count() };
        let mut is_known = false;
        for (sum, _) in weights.iter_mut().zip(KINDS).filter(|(_, kind)| is_meant(kind)) {
            *sum += factor as u32 * weight;
            is_known = true;
        }
        if !is_known {
            let names: Vec<&str> = KINDS.iter().map(|kind| kind.name).collect();
            return Err(format!("kind `{name}`; allowed: syslog, {}", names.join(", ")));
        }
    }
    Ok(Mix(weights))
}

fn parse_run_id(text: &str) -> Result<u32, String> {
    let hex = text.len() == 8 && text.bytes().all(|octet| octet.is_ascii_hexdigit());
    hex.then(|| u32::from_str_radix(text, 16).ok())
        .flatten()
        .ok_or_else(|| "allowed: exactly 8 hexadecimal digits, as 00c0ffee".to_owned())
}

fn parse_community(text: &str) -> Result<String, String> {
    if (1..=64).contains(&text.len()) {
        Ok(text.to_owned())
    } else {
        Err("allowed: 1 to 64 octets".to_owned())
    }
}

fn parse_user(text: &str) -> Result<String, String> {
    // RFC 3414 2.4 allows 32; the number of a further user takes some.
    if (1..=24).contains(&text.len()) {
        Ok(text.to_owned())
    } else {
        Err("allowed: 1 to 24 octets".to_owned())
    }
}

fn parse_password(text: &str) -> Result<String, String> {
    // RFC 3414 11.2 asks for at least 8.
    if (8..=64).contains(&text.len()) {
        Ok(text.to_owned())
    } else {
        Err("allowed: 8 to 64 octets".to_owned())
    }
}

fn parse_url(text: &str) -> Result<String, String> {
    let rest = text.strip_prefix("http://").filter(|rest| !rest.is_empty() && !rest.starts_with('/'));
    if rest.is_none() || text.contains(['?', '#', ' ']) {
        return Err("allowed: http://HOST:PORT (no TLS, no query)".to_owned());
    }
    Ok(text.trim_end_matches('/').to_owned())
}

/// Digits only: the standard parser would take a sign.
fn parse_digits(digits: &str) -> Option<u64> {
    if digits.bytes().all(|octet| octet.is_ascii_digit()) { digits.parse().ok() } else { None }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn rates() {
        assert_eq!(parse_rate("50000"), Ok(50_000));
        assert_eq!(parse_rate("50k"), Ok(50_000));
        assert_eq!(parse_rate("50_000"), Ok(50_000));
        assert_eq!(parse_rate("2M"), Ok(2_000_000));
        for bad in [
            "",
            "0",
            "k",
            "-1",
            "+1",
            "1.5k",
            "10000001",
            "fast",
            "99999999999999999999",
            "18446744073709551615k",
        ] {
            assert!(parse_rate(bad).unwrap_err().contains("1 to 10000000"), "{bad}");
        }
    }

    #[test]
    fn durations() {
        assert_eq!(parse_duration("30s"), Ok(Duration::from_secs(30)));
        assert_eq!(parse_duration("2m"), Ok(Duration::from_secs(120)));
        assert_eq!(parse_duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(parse_duration("168h"), Ok(DURATION_MAX));
        for bad in ["", "30", "s", "0s", "-1s", "1.5s", "30 s", "169h", "1d", "99999999999999999999h"] {
            assert!(parse_duration(bad).unwrap_err().contains("ms, s, m or h"), "{bad}");
        }
    }

    #[test]
    fn mixes() {
        let weight = |mix: &Mix, name: &str| mix.0[KINDS.iter().position(|kind| kind.name == name).unwrap()];
        let mix = parse_mix("syslog=70,v2c=30").unwrap();
        for kind in ["cisco", "junos", "fortigate", "linux"] {
            assert_eq!(weight(&mix, kind), 70);
        }
        assert_eq!(weight(&mix, "v2c"), 120);
        assert_eq!(weight(&mix, "v1"), 0);
        assert_eq!(weight(&parse_mix("syslog=1,cisco=2").unwrap(), "cisco"), 9);
        for (bad, says) in [
            ("", "KIND=WEIGHT"),
            ("v2c", "KIND=WEIGHT"),
            (
                "v9=1",
                "allowed: syslog, cisco, junos, fortigate, linux, rfc5424, v1, v2c, v3, v2c-inform, v3-inform",
            ),
            ("v2c=0", "1 to 1000"),
            ("v2c=1001", "1 to 1000"),
            ("v2c=x", "`x`"),
            ("v2c=1,v2c=2", "twice"),
        ] {
            let error = parse_mix(bad).unwrap_err();
            assert!(error.contains(says), "{bad}: {error}");
        }
    }

    #[test]
    fn defaults_are_valid_and_the_brief_example_parses() {
        Args::command().debug_assert();
        let line = "loadgen --rate 50000 --duration 30s --mix syslog=70,v2c=30 --devices 1000 --target 127.0.0.1 \
                    --verify http://127.0.0.1:8514/";
        let args = Args::try_parse_from(line.split_whitespace()).unwrap();
        assert_eq!(args.rate, 50_000);
        assert_eq!(args.verify.as_deref(), Some("http://127.0.0.1:8514"));
        assert_eq!((args.syslog_port, args.snmp_port), (5514, 5162));
        let six = Args::try_parse_from(["loadgen", "--target", "::1", "--run-id", "00c0ffee"]).unwrap();
        assert!(six.target.is_ipv6());
        assert_eq!(six.run_id, Some(0x00c0_ffee));
    }

    #[test]
    fn a_device_is_an_engine_of_its_own_unless_told_otherwise() {
        let of = |line: &str| {
            let args = std::iter::once("loadgen").chain(line.split_whitespace());
            Args::try_parse_from(args).map(|args| args.v3_settings())
        };
        assert_eq!(of("--devices 7 --first-device 3").unwrap().engines, 10);
        assert_eq!(of("--devices 7 --v3-engines 1").unwrap().engines, 1);
        let alone = of("--v3-priv-password 12345678").unwrap_err().to_string();
        assert!(alone.contains("--v3-auth-password"), "{alone}");
    }

    #[test]
    fn nothing_at_all_asks_for_the_help() {
        let error = Args::try_parse_from(["loadgen"]).unwrap_err();
        assert_eq!(error.exit_code(), 2);
        let text = error.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
        for option in Args::command().get_arguments() {
            let long = option.get_long().unwrap();
            assert!(text.contains(&format!("--{long}")), "{long}: {text}");
            assert!(option.get_help().is_some() || ["help", "version"].contains(&long), "{long}");
        }
        let names =
            KINDS.iter().map(|kind| kind.name).chain(TRANSPORTS.iter().map(|transport| transport.name));
        for name in names {
            assert!(text.contains(&format!("{name} (")), "{name}: {text}");
        }
    }

    #[test]
    fn looking_into_a_store_needs_to_know_which() {
        for (line, says) in [
            ("loadgen --run 00c0ffee", "--verify-store"),
            ("loadgen --run 00c0ffee --run-id 00c0ffee --verify-store x", "--run-id"),
            ("loadgen --tls-certificate x", "--tls-key"),
            ("loadgen --insecure --tls-ca x", "--tls-ca"),
        ] {
            let error = Args::try_parse_from(line.split(' ')).unwrap_err().to_string();
            assert!(error.contains(says), "{line}: {error}");
        }
    }

    #[test]
    fn refusals_name_flag_value_and_what_is_allowed() {
        for (flag, value, allowed) in [
            ("--rate", "ten", "1 to 10000000"),
            ("--duration", "30", "500ms"),
            ("--drain-timeout", "soon", "500ms"),
            ("--mix", "v9=1", "rfc5424"),
            ("--devices", "0", "1..=1048576"),
            ("--first-device", "8000001", "0..=8000000"),
            ("--threads", "65", "1..=64"),
            ("--target", "localhost", "invalid IP address"),
            ("--syslog-port", "0", "1..=65535"),
            ("--snmp-port", "65536", "1..=65535"),
            ("--run-id", "xyz", "8 hexadecimal digits"),
            ("--community", "", "1 to 64 octets"),
            ("--v3-engines", "0", "1..=1048576"),
            ("--v3-users", "0", "1..=1048576"),
            ("--v3-user", "a-name-of-25-octets-is-too", "1 to 24 octets"),
            ("--v3-auth-password", "seven77", "8 to 64 octets"),
            ("--v3-priv-password", "seven77", "8 to 64 octets"),
            ("--verify", "https://host", "http://HOST:PORT"),
            ("--transport", "sctp", "udp, tcp, tcp-lf, tls, relp, relp-tls"),
            ("--connections", "0", "1..=32768"),
            ("--window", "0", "1..=65536"),
            ("--retries", "101", "0..=100"),
            ("--answer-timeout", "5", "500ms"),
            ("--reconnect-timeout", "5", "500ms"),
            ("--run", "xyz", "8 hexadecimal digits"),
        ] {
            let error = Args::try_parse_from(["loadgen", flag, value]).unwrap_err();
            let text = error.to_string();
            assert_eq!(error.exit_code(), 2, "{flag}");
            assert!(text.contains(flag) && text.contains(value) && text.contains(allowed), "{text}");
        }
    }
}
