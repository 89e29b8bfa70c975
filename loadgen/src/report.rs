//! What the user sees: the head before the run, the summary and balance after it, and the same as JSON.
//!
//! Last in the flow. Invariant: only words and numbers that args, plan, send and verify decided; nothing is judged here.

use std::fmt::Write as _;
use std::time::Duration;

use serde::Serialize;

use crate::args::Args;
use crate::payload::Kind;
use crate::plan::Plan;
use crate::send::{Outcome, Target};
use crate::verify::{Balance, Verdict};

/// Share of the asked rate below which the run counts as too slow.
const KEPT_RATE_PERCENT: f64 = 99.0;

/// Everything about a finished run.
#[derive(Debug, Serialize)]
pub struct Summary {
    /// See [`Verdict`].
    pub verdict: Verdict,
    /// What the program exits with.
    pub exit_code: u8,
    /// Hash of the plan, 16 hexadecimal digits.
    pub fingerprint: String,
    /// Mark inside every message, 8 hexadecimal digits.
    pub run_id: String,
    /// Seed of the plan.
    pub seed: u64,
    /// Devices that sent.
    pub devices: u32,
    /// Messages of each kind in the plan; kinds without any are left out.
    pub kinds: std::collections::BTreeMap<&'static str, u64>,
    /// Messages planned.
    pub planned: u64,
    /// Messages handed to the kernel.
    pub sent: u64,
    /// Octets of UDP payload handed to the kernel.
    pub sent_bytes: u64,
    /// Messages that the kernel refused, by error.
    pub failed: std::collections::BTreeMap<&'static str, u64>,
    /// Times that the kernel had no room for a while.
    pub retries: u64,
    /// Messages per second asked for.
    pub rate_asked: u64,
    /// Messages per second reached.
    pub rate_achieved: f64,
    /// Seconds from the start to the last hand-over.
    pub elapsed_seconds: f64,
    /// Lag behind the schedule in microseconds: median, 99th percentile, largest.
    pub lag_p50_us: u64,
    /// See `lag_p50_us`.
    pub lag_p99_us: u64,
    /// See `lag_p50_us`.
    pub lag_max_us: u64,
    /// Processor time of the sender threads per message, nanoseconds.
    pub cpu_per_message_ns: f64,
    /// The receiver's books; absent without `--verify`.
    pub balance: Option<Balance>,
}

impl Summary {
    /// Puts the run into numbers.
    #[must_use]
    pub fn new(args: &Args, plan: &Plan, outcome: &Outcome, balance: Option<Balance>) -> Self {
        let rate_achieved = achieved_rate(outcome.sent, plan.rate, plan.total, outcome.elapsed);
        let kept_rate = rate_achieved * 100.0 >= plan.rate as f64 * KEPT_RATE_PERCENT;
        let verdict = Verdict::new(outcome.failed_total(), kept_rate, balance.as_ref());
        let counts = plan.kind_counts();
        Self {
            verdict,
            exit_code: verdict.exit_code(args.accept_drops),
            fingerprint: format!("{:016x}", plan.fingerprint),
            run_id: format!("{:08x}", plan.run_id),
            seed: args.seed,
            devices: args.devices,
            kinds: Kind::ALL
                .map(|kind| (kind.name(), counts[kind as usize]))
                .into_iter()
                .filter(|kind| kind.1 > 0)
                .collect(),
            planned: plan.total,
            sent: outcome.sent,
            sent_bytes: outcome.sent_bytes,
            failed: outcome.failed.clone(),
            retries: outcome.retries,
            rate_asked: plan.rate,
            rate_achieved,
            elapsed_seconds: outcome.elapsed.as_secs_f64(),
            lag_p50_us: outcome.lag_us.value_at_quantile(0.5),
            lag_p99_us: outcome.lag_us.value_at_quantile(0.99),
            lag_max_us: outcome.lag_us.max(),
            cpu_per_message_ns: outcome.cpu.as_secs_f64() * 1e9 / (plan.total as f64),
            balance,
        }
    }

    /// The table, without the verdict.
    #[must_use]
    pub fn table(&self) -> String {
        let mut out = String::new();
        let mut row = |name: &str, value: String| {
            let _ = writeln!(out, "  {name:<34}{value:>16}");
        };
        row("sent", self.sent.to_string());
        for (error, count) in &self.failed {
            row(&format!("refused: {error}"), count.to_string());
        }
        row("rate asked, messages/s", self.rate_asked.to_string());
        row("rate achieved, messages/s", format!("{:.0}", self.rate_achieved));
        row("lag p50, ms", milliseconds(self.lag_p50_us));
        row("lag p99, ms", milliseconds(self.lag_p99_us));
        row("lag max, ms", milliseconds(self.lag_max_us));
        row("kernel had no room, times", self.retries.to_string());
        row("processor time per message, us", format!("{:.2}", self.cpu_per_message_ns / 1000.0));
        if let Some(balance) = &self.balance {
            row("received", balance.received.to_string());
            row("stored", balance.stored.to_string());
            row("discarded by rule", balance.discarded.to_string());
            row("dropped", balance.dropped_total().to_string());
            for (reason, count) in &balance.dropped {
                row(&format!("  {reason}"), count.to_string());
            }
            row("in flight", balance.in_flight.to_string());
            row("unaccounted", balance.unaccounted.to_string());
        }
        out
    }

    /// The last line.
    #[must_use]
    pub fn verdict_line(&self) -> String {
        let balance = self.balance.clone().unwrap_or_default();
        let what = match self.verdict {
            Verdict::Complete => {
                format!("complete: all {} messages are stored or discarded by a rule", self.sent)
            }
            Verdict::Sent => format!("sent {} messages; nothing was verified (no --verify)", self.sent),
            Verdict::Dropped => format!(
                "dropped: all {} messages are accounted for, {} of them as dropped",
                self.sent,
                balance.dropped_total()
            ),
            Verdict::TooSlow => format!(
                "too slow: {:.0} of {} messages/s{}",
                self.rate_achieved,
                self.rate_asked,
                if self.balance.is_some() {
                    "; all are accounted for"
                } else {
                    "; nothing was verified (no --verify)"
                }
            ),
            Verdict::Unaccounted => unaccounted_line(self.sent, &balance),
            Verdict::SendFailed => format!(
                "send failed: the kernel refused {} of {} messages",
                self.failed.values().sum::<u64>(),
                self.planned
            ),
        };
        format!("{what} (exit code {})", self.exit_code)
    }
}

fn unaccounted_line(sent: u64, balance: &Balance) -> String {
    let because = if [balance.received, balance.stored, balance.discarded].iter().any(|count| *count < 0) {
        "; the receiver's counters went backwards, so it was restarted meanwhile"
    } else if balance.unaccounted < 0 {
        "; the receiver has more than was sent, so others send to it too"
    } else if balance.in_flight > 0 {
        "; some are still in flight after --drain-timeout"
    } else {
        ""
    };
    format!("unaccounted: {} of {sent} messages{because}", balance.unaccounted)
}

/// What is about to happen, one line per fact.
#[must_use]
pub fn head(args: &Args, plan: &Plan, target: Target) -> String {
    let counts = plan.kind_counts();
    let kinds = Kind::ALL.into_iter().filter(|kind| counts[*kind as usize] > 0);
    let kinds: Vec<String> = kinds.map(|kind| format!("{} {}", counts[kind as usize], kind.name())).collect();
    let sources = if target.spreads_sources() {
        "each from its own address"
    } else {
        "all from this machine's address"
    };
    format!(
        "loadgen: {} messages at {}/s from {} devices, {sources}\n  to {} (syslog) and {} (SNMP): {}\n  seed {}, run {:08x}, \
         fingerprint {:016x}\n",
        plan.total,
        plan.rate,
        args.devices,
        target.syslog,
        target.snmp,
        kinds.join(", "),
        args.seed,
        plan.run_id,
        plan.fingerprint,
    )
}

/// Messages per second, never above `rate`: a run that ends with its last message on time has kept the rate exactly.
fn achieved_rate(sent: u64, rate: u64, total: u64, elapsed: Duration) -> f64 {
    let scheduled_seconds = total as f64 / rate as f64;
    sent as f64 / elapsed.as_secs_f64().max(scheduled_seconds)
}

fn milliseconds(micros: u64) -> String {
    format!("{}.{:03}", micros / 1000, micros % 1000)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use clap::Parser;

    fn summary(line: &str, elapsed: Duration, balance: Option<Balance>) -> Summary {
        let args = Args::try_parse_from(std::iter::once("loadgen").chain(line.split_whitespace())).unwrap();
        let plan = Plan::build(&args).unwrap();
        let mut outcome = Outcome::empty().unwrap();
        outcome.sent = plan.total;
        outcome.elapsed = elapsed;
        outcome.lag_us.record_n(1500, plan.total).unwrap();
        Summary::new(&args, &plan, &outcome, balance)
    }

    #[test]
    fn rate_is_judged_at_99_percent() {
        let line = "--rate 1000 --duration 10s";
        let on_time = summary(line, Duration::from_millis(9_999), None);
        assert_eq!((on_time.verdict, on_time.exit_code), (Verdict::Sent, 0));
        assert!((on_time.rate_achieved - 1000.0).abs() < 1e-6);
        assert_eq!(summary(line, Duration::from_millis(10_090), None).exit_code, 0);
        let late = summary(line, Duration::from_millis(10_200), None);
        assert_eq!((late.verdict, late.exit_code), (Verdict::TooSlow, 4));
        assert!(
            late.verdict_line().contains("980 of 1000 messages/s; nothing was verified"),
            "{}",
            late.verdict_line()
        );
        assert_eq!(
            summary(&format!("{line} --accept-drops"), Duration::from_millis(10_200), None).exit_code,
            0
        );
    }

    #[test]
    fn table_and_json_show_the_balance() {
        let balance = Balance {
            sent: 10_000,
            received: 9_990,
            stored: 9_000,
            discarded: 900,
            dropped: [("kernel_receive_buffer".to_owned(), 100)].into(),
            in_flight: 0,
            unaccounted: 0,
        };
        let summary = summary("--rate 1024 --duration 8s", Duration::from_secs(8), Some(balance));
        let table = summary.table();
        for (name, value) in [
            ("stored", "9000"),
            ("discarded by rule", "900"),
            ("  kernel_receive_buffer", "100"),
            ("unaccounted", "0"),
        ] {
            assert!(
                table.lines().any(|line| line.starts_with(&format!("  {name} ")) && line.ends_with(value)),
                "{name}: {table}"
            );
        }
        assert!(table.contains("lag p99, ms") && table.contains("1.500"), "{table}");
        assert!(
            summary.verdict_line().contains("100 of them as dropped (exit code 3)"),
            "{}",
            summary.verdict_line()
        );
        let json = serde_json::to_value(&summary).unwrap();
        assert_eq!(json["verdict"], "dropped");
        assert_eq!(json["balance"]["dropped"]["kernel_receive_buffer"], 100);
        assert_eq!(json["kinds"]["v2c"], 2457);
    }

    #[test]
    fn an_imbalance_says_why_where_that_is_known() {
        let line = |balance: Balance| {
            summary("--rate 10 --duration 1s", Duration::from_secs(1), Some(balance)).verdict_line()
        };
        let base = Balance { sent: 10, received: 9, stored: 9, unaccounted: 1, ..Balance::default() };
        assert_eq!(line(base.clone()), "unaccounted: 1 of 10 messages (exit code 1)");
        assert!(line(Balance { in_flight: 1, ..base.clone() }).contains("still in flight"));
        assert!(line(Balance { stored: -1, unaccounted: 11, ..base.clone() }).contains("restarted"));
        assert!(line(Balance { stored: 11, unaccounted: -1, ..base }).contains("others send"));
    }
}
