//! What the user sees: the head before the run, the summary and balance after it, and the same as JSON.
//!
//! Last in the flow. Invariant: only words and numbers that args, plan, send and verify decided; nothing is judged here.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Serialize;

use crate::args::Args;
use crate::outcome::Outcome;
use crate::payload::KINDS;
use crate::plan::Plan;
use crate::store::Report;
use crate::store::findings::Stream;
use crate::transports::Target;
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
    pub kinds: BTreeMap<&'static str, u64>,
    /// Messages planned.
    pub planned: u64,
    /// What syslog was sent over.
    pub transport: &'static str,
    /// Connections for syslog, and sockets for informs.
    pub connections: u32,
    /// Messages handed to the kernel and, over RELP and for informs, answered.
    pub sent: u64,
    /// Octets of the messages handed to the kernel, without framing.
    pub sent_bytes: u64,
    /// Messages that were not sent, or not answered, by reason.
    pub failed: BTreeMap<&'static str, u64>,
    /// Messages handed over once more.
    pub resent: u64,
    /// Messages that were answered.
    pub acknowledged: u64,
    /// Times that a connection broke and was opened again.
    pub reconnects: u64,
    /// SNMP Reports that came instead of answers, by the name of the counter.
    pub reports: BTreeMap<&'static str, u64>,
    /// How long answers took, by transport.
    pub answers: BTreeMap<&'static str, AnswerTimes>,
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
    /// What was found in the store; absent without `--verify-store`.
    pub store: Option<Report>,
    /// Whether nothing was sent in this run.
    pub only_looked: bool,
}

/// Microseconds from handing a message over for the first time to its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct AnswerTimes {
    /// Answers.
    pub count: u64,
    /// Median.
    pub p50_us: u64,
    /// 95th percentile.
    pub p95_us: u64,
    /// 99th percentile.
    pub p99_us: u64,
    /// Longest.
    pub max_us: u64,
}

impl AnswerTimes {
    fn new(times: &Histogram<u64>) -> Self {
        Self {
            count: times.len(),
            p50_us: times.value_at_quantile(0.5),
            p95_us: times.value_at_quantile(0.95),
            p99_us: times.value_at_quantile(0.99),
            max_us: times.max(),
        }
    }
}

impl Summary {
    /// Of a run that sent nothing (`outcome` is of nothing), and found `store` with `acknowledged` messages known to be acknowledged.
    #[must_use]
    pub fn looked(
        args: &Args,
        plan: &Plan,
        mut outcome: Outcome,
        acknowledged: usize,
        store: Report,
    ) -> Self {
        outcome.sent = plan.total;
        outcome.acknowledged = acknowledged as u64;
        let mut summary = Self::new(args, plan, &outcome, None, Some(store));
        summary.only_looked = true;
        summary
    }

    /// Puts the run into numbers.
    #[must_use]
    pub fn new(
        args: &Args,
        plan: &Plan,
        outcome: &Outcome,
        balance: Option<Balance>,
        store: Option<Report>,
    ) -> Self {
        let rate_achieved = achieved_rate(outcome.sent, plan.rate, plan.total, outcome.elapsed);
        let kept_rate = rate_achieved * 100.0 >= plan.rate as f64 * KEPT_RATE_PERCENT;
        let faults = store.as_ref().map(|store| store.faults.len());
        let verdict = Verdict::new(faults, outcome.failed_total(), kept_rate, balance.as_ref());
        let counts = plan.kind_counts();
        Self {
            verdict,
            exit_code: verdict.exit_code(args.accept_drops),
            fingerprint: format!("{:016x}", plan.fingerprint),
            run_id: format!("{:08x}", plan.run_id),
            seed: args.seed,
            devices: args.devices,
            kinds: kinds(&counts).collect(),
            planned: plan.total,
            transport: args.transport.name,
            connections: args.connections.unwrap_or(args.threads),
            sent: outcome.sent,
            sent_bytes: outcome.sent_bytes,
            failed: outcome.failed.clone(),
            resent: outcome.resent,
            acknowledged: outcome.acknowledged,
            reconnects: outcome.reconnects,
            reports: outcome.reports.clone(),
            answers: outcome
                .answer_us
                .iter()
                .map(|(transport, times)| (*transport, AnswerTimes::new(times)))
                .collect(),
            retries: outcome.retries,
            rate_asked: plan.rate,
            rate_achieved,
            elapsed_seconds: outcome.elapsed.as_secs_f64(),
            lag_p50_us: outcome.lag_us.value_at_quantile(0.5),
            lag_p99_us: outcome.lag_us.value_at_quantile(0.99),
            lag_max_us: outcome.lag_us.max(),
            cpu_per_message_ns: outcome.cpu.as_secs_f64() * 1e9 / (plan.total as f64),
            balance,
            store,
            only_looked: false,
        }
    }

    /// The table, without the verdict.
    #[must_use]
    pub fn table(&self) -> String {
        let mut out = String::new();
        if !self.only_looked {
            self.sending_rows(&mut out);
        }
        if let Some(balance) = &self.balance {
            balance_rows(&mut out, balance);
        }
        if let Some(store) = &self.store {
            out += &store.table();
        } else if self.balance.is_some() {
            out += "  not proved: that each message is stored once, unchanged and in order; sums agree also when as many are \
                    lost as are doubled (--verify-store looks at each)\n";
        }
        out
    }

    /// What was found in the store and must not be.
    #[must_use]
    pub fn faults(&self) -> String {
        let faults = self.store.iter().flat_map(|store| &store.faults).take(100);
        faults.map(|fault| format!("  must not be: {fault}\n")).collect()
    }

    fn sending_rows(&self, out: &mut String) {
        row(out, "sent", self.sent);
        for (error, count) in &self.failed {
            row(out, &format!("failed: {error}"), count);
        }
        row(out, "rate asked, messages/s", self.rate_asked);
        row(out, "rate achieved, messages/s", format!("{:.0}", self.rate_achieved));
        row(out, "lag p50, ms", milliseconds(self.lag_p50_us));
        row(out, "lag p99, ms", milliseconds(self.lag_p99_us));
        row(out, "lag max, ms", milliseconds(self.lag_max_us));
        row(out, "kernel had no room, times", self.retries);
        row(out, "processor time per message, us", format!("{:.2}", self.cpu_per_message_ns / 1000.0));
        for (transport, times) in &self.answers {
            row(out, &format!("{transport} answers"), times.count);
            for (name, micros) in
                [("p50", times.p50_us), ("p95", times.p95_us), ("p99", times.p99_us), ("max", times.max_us)]
            {
                row(out, &format!("{transport} answer {name}, ms"), milliseconds(micros));
            }
        }
        for (name, count) in [("sent again", self.resent), ("connections opened again", self.reconnects)] {
            if count > 0 {
                row(out, name, count);
            }
        }
        for (counter, count) in &self.reports {
            row(out, &format!("reported: {counter}"), count);
        }
    }

    /// The last line.
    #[must_use]
    pub fn verdict_line(&self) -> String {
        let balance = self.balance.clone().unwrap_or_default();
        let what = match self.verdict {
            Verdict::StoreWrong => format!(
                "store wrong: {} findings of what must not be",
                self.store.as_ref().map_or(0, |store| store.faults.len())
            ),
            Verdict::Complete => self.complete_line(),
            Verdict::Sent => format!(
                "sent {} messages; nothing was verified (neither --verify nor --verify-store)",
                self.sent
            ),
            Verdict::Dropped => format!(
                "dropped: all {} messages are accounted for, {} of them as dropped",
                self.sent,
                balance.dropped_total()
            ),
            Verdict::TooSlow => {
                let (achieved, asked) = (self.rate_achieved, self.rate_asked);
                let proof = match (&self.store, &self.balance) {
                    (Some(_), _) => self.complete_line(),
                    (None, Some(_)) => "all are accounted for".to_owned(),
                    (None, None) => "nothing was verified (neither --verify nor --verify-store)".to_owned(),
                };
                format!("too slow: {achieved:.0} of {asked} messages/s; {proof}")
            }
            Verdict::Unaccounted => unaccounted_line(self.sent, &balance),
            Verdict::SendFailed => format!(
                "send failed: {} of {} messages were refused, or not answered",
                self.failed.values().sum::<u64>(),
                self.planned
            ),
        };
        format!("{what} (exit code {})", self.exit_code)
    }

    fn complete_line(&self) -> String {
        let Some(store) = &self.store else {
            return format!("complete: all {} messages are stored or discarded by a rule", self.sent);
        };
        let sum = |of: fn(&Stream) -> u64| store.streams.values().map(of).sum::<u64>();
        format!(
            "complete: {} of {} messages are in the store as they were sent, {} acknowledged messages are missing",
            sum(|stream| stream.stored),
            self.planned,
            sum(|stream| stream.acknowledged_and_lost)
        )
    }
}

fn balance_rows(out: &mut String, balance: &Balance) {
    row(out, "received", balance.received);
    row(out, "stored", balance.stored);
    row(out, "discarded by rule", balance.discarded);
    row(out, "dropped", balance.dropped_total());
    for (reason, count) in &balance.dropped {
        row(out, &format!("  {reason}"), count);
    }
    if balance.repeated_informs != 0 {
        row(out, "informs that came again", balance.repeated_informs);
    }
    row(out, "in flight", balance.in_flight);
    row(out, "unaccounted", balance.unaccounted);
}

fn row(out: &mut String, name: &str, value: impl std::fmt::Display) {
    let value = value.to_string();
    let _ = writeln!(out, "  {name:<34}{value:>16}");
}

/// Names and counts of the kinds that there are any of.
fn kinds(counts: &[u64]) -> impl Iterator<Item = (&'static str, u64)> {
    let all = KINDS.iter().zip(counts).map(|(kind, count)| (kind.name, *count));
    all.filter(|(_, count)| *count > 0)
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
    let kinds: Vec<String> = kinds(&counts).map(|(kind, count)| format!("{count} {kind}")).collect();
    let sources = if target.spreads_sources() {
        "each from its own address"
    } else {
        "all from this machine's address"
    };
    format!(
        "loadgen: {} messages at {}/s from {} devices, {sources}\n  to {} (syslog over {}) and {} (SNMP): {}\n  seed {}, run {:08x}, \
         fingerprint {:016x}\n",
        plan.total,
        plan.rate,
        args.devices,
        target.syslog,
        args.transport.name,
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
        let plan = Plan::build(&args.plan_settings()).unwrap();
        let mut outcome = Outcome::empty().unwrap();
        outcome.sent = plan.total;
        outcome.elapsed = elapsed;
        outcome.lag_us.record_n(1500, plan.total).unwrap();
        Summary::new(&args, &plan, &outcome, balance, None)
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
            repeated_informs: 0,
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
