//! The command line: what the user wrote, checked and turned into numbers.
//!
//! First in the flow: args -> plan -> pace, send -> verify -> report. Invariant: reads no clock, file or socket; every
//! refusal names the flag, the value and what is allowed.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;

use crate::payload::{KIND_COUNT, Kind, snmpv3};

/// Highest rate that can be asked, messages per second; far above what one machine sends.
pub const RATE_MAX: u64 = 10_000_000;
/// Longest run: one week.
pub const DURATION_MAX: Duration = Duration::from_secs(7 * 24 * 3600);
/// Most devices: each has at least one prebuilt message of about 250 octets in memory, per thread.
pub const DEVICES_MAX: u32 = 1_048_576;
/// Highest number of a first device: there are 16 million addresses to send from.
pub const FIRST_DEVICE_MAX: u32 = 8_000_000;
/// Most sender threads.
pub const THREADS_MAX: u32 = 64;
/// Highest weight of one kind in `--mix`.
pub const WEIGHT_MAX: u32 = 1000;

const AFTER_HELP: &str = "\
Messages are prebuilt from --seed: the same seed and settings give the same octets, and the fingerprint printed at the
start proves it. Time stamps inside messages are fixed (2026-11-22 08:23:43 UTC plus one millisecond per prebuilt
message), never the wall clock; only the boots of SNMPv3 engines are the time of the start, in seconds since 1970, so
that each run is a later life than the one before. Every message ends in `run=xxxxxxxx seq=0000000001`: as the end of the text in syslog, as
the last varbind (1.3.6.1.4.1.32473.1.1.0, OCTET STRING) in SNMP.

With a loopback IPv4 target each device sends from its own address in 127.0.0.0/8, from 127.1.0.1 upwards. Towards any
other target all devices share this machine's address.

Exit codes: 0 everything sent is stored or discarded by a rule (or was sent, without --verify); 1 messages are
unaccounted for; 2 usage or I/O error; 3 balanced, but some were dropped; 4 the asked rate was not kept (achieved below
99 %). --accept-drops turns 3 and 4 into 0.";

/// Open-loop load for a syslog and SNMP notification receiver, with a balance at the end.
#[derive(Debug, Clone, Parser)]
#[command(name = "loadgen", version, after_help = AFTER_HELP)]
pub struct Args {
    /// Messages per second, 1 to 10000000; `50k` is 50000
    #[arg(long, value_name = "RATE", default_value = "1000", value_parser = parse_rate)]
    pub rate: u64,

    /// How long to send: a number with ms, s, m or h, as 30s, 2m, 500ms
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = parse_duration)]
    pub duration: Duration,

    /// Kinds and weights, as syslog=70,v2c=30. Kinds: syslog (cisco, junos, fortigate and linux in equal parts), cisco,
    /// junos, fortigate, linux, rfc5424, v1, v2c, v3
    #[arg(long, value_name = "KIND=WEIGHT,...", default_value = "syslog=70,v2c=30", value_parser = parse_mix)]
    pub mix: Mix,

    /// Number of devices that send, 1 to 1048576
    #[arg(long, value_name = "N", default_value = "1000", value_parser = clap::value_parser!(u32).range(1..=i64::from(DEVICES_MAX)))]
    pub devices: u32,

    /// Number of the first device, 0 to 8000000: two runs at once are then of different devices
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=i64::from(FIRST_DEVICE_MAX)))]
    pub first_device: u32,

    /// Address to send to, IPv4 or IPv6
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    pub target: IpAddr,

    /// UDP port for syslog
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

    /// How long the receiver may take to settle after the last message, before what is in flight counts as unaccounted
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

/// Weights by [`Kind`]; at least one is not 0. Only their proportion matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mix(pub [u32; KIND_COUNT]);

impl Mix {
    /// The weight of `kind`.
    #[must_use]
    pub fn weight(&self, kind: Kind) -> u32 {
        self.0[kind as usize]
    }
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
        // Every weight counts four times, so that a quarter of `syslog` is whole.
        if name == "syslog" {
            for kind in [Kind::Cisco, Kind::Junos, Kind::Fortigate, Kind::Linux] {
                weights[kind as usize] += weight;
            }
        } else {
            let kind = Kind::ALL.into_iter().find(|kind| kind.name() == name).ok_or_else(|| {
                let names: Vec<&str> = Kind::ALL.iter().map(|kind| kind.name()).collect();
                format!("kind `{name}`; allowed: syslog, {}", names.join(", "))
            })?;
            weights[kind as usize] += 4 * weight;
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
        let mix = parse_mix("syslog=70,v2c=30").unwrap();
        for kind in [Kind::Cisco, Kind::Junos, Kind::Fortigate, Kind::Linux] {
            assert_eq!(mix.weight(kind), 70);
        }
        assert_eq!(mix.weight(Kind::V2c), 120);
        assert_eq!(mix.weight(Kind::V1), 0);
        assert_eq!(parse_mix("syslog=1,cisco=2").unwrap().weight(Kind::Cisco), 9);
        for (bad, says) in [
            ("", "KIND=WEIGHT"),
            ("v2c", "KIND=WEIGHT"),
            ("v9=1", "allowed: syslog, cisco, junos, fortigate, linux, rfc5424, v1, v2c, v3"),
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
        ] {
            let error = Args::try_parse_from(["loadgen", flag, value]).unwrap_err();
            let text = error.to_string();
            assert_eq!(error.exit_code(), 2, "{flag}");
            assert!(text.contains(flag) && text.contains(value) && text.contains(allowed), "{text}");
        }
    }
}
