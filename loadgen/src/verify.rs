//! The balance: the receiver's ledger before and after the run, and what became of every message that was sent.
//!
//! After send. Reads `GET {url}/api/v1/ledger`; nothing else of the receiver is known here. The law that is checked:
//!
//! ```text
//! sent = stored + discarded by rule + dropped by named reason      (all as differences, after - before)
//! ```
//!
//! What was handed over more than once, or was on its way when a connection broke, may have arrived once more or less:
//! within these bounds nothing is unaccounted for. Sums prove no message: as many lost as doubled add up. That is what
//! `store` is for.
//!
//! Invariant: a message is only ever called accounted for because the receiver's counters say so.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::outcome::Outcome;
use crate::store::findings::Excuses;

/// Time between two looks at the ledger while the receiver settles.
pub const POLL_INTERVAL: Duration = Duration::from_millis(200);
/// Equal looks that say that the receiver has settled after the run: one second, longer than any batch waits.
pub const QUIET_POLLS_AFTER: u32 = 5;
/// Equal looks before the run: what is in flight from earlier must not be taken for ours, but others may go on sending.
pub const QUIET_POLLS_BEFORE: u32 = 1;
/// Longest wait for one answer of the API.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);

/// The answer of `/api/v1/ledger`, as far as it is needed here; other fields may come and go.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Ledger {
    /// Sum over all listeners, counted since the receiver started.
    pub total: Account,
}

/// One account of the ledger; all are counts of messages.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Account {
    /// Arrived, whatever became of it.
    pub received: u64,
    /// Committed to the store.
    pub stored: u64,
    /// Discarded because a rule said so.
    pub discarded: u64,
    /// Dropped, by reason.
    pub dropped: BTreeMap<String, u64>,
    /// Received and not yet in any other column.
    pub in_flight: u64,
}

/// How many messages the receiver must have had from us.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Handed {
    /// Messages that were sent, each counted once.
    pub sent: u64,
    /// At least so many must have arrived.
    pub least: u64,
    /// At most so many can have.
    pub most: u64,
}

impl Handed {
    /// What `outcome` says.
    #[must_use]
    pub fn new(outcome: &Outcome) -> Self {
        let sent = outcome.sent;
        // Over a connection that broke, what the kernel had taken may not have arrived.
        let is_sure = outcome.broken.is_empty() || outcome.acknowledged == sent;
        let least = if is_sure { sent } else { outcome.acknowledged };
        // What failed may have arrived all the same: its answer did not.
        Self { sent, least, most: sent + outcome.resent + outcome.failed_total() }
    }
}

/// The reason by which a receiver counts informs that it had already.
const REPEATED_INFORM: &str = "repeated_inform";

/// What the run changed. Signed, since a receiver that was restarted counts from 0 again.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Balance {
    /// Messages that the kernel took from us, or that were acknowledged, each counted once.
    pub sent: i64,
    /// Difference of `received`.
    pub received: i64,
    /// Difference of `stored`.
    pub stored: i64,
    /// Difference of `discarded`.
    pub discarded: i64,
    /// Differences by reason; reasons that did not move are left out.
    pub dropped: BTreeMap<String, i64>,
    /// Informs that the receiver had already.
    pub repeated_informs: i64,
    /// In flight at the last look.
    pub in_flight: i64,
    /// `sent - stored - discarded - dropped`, beyond what repetitions explain. Negative: others sent to the receiver too.
    pub unaccounted: i64,
}

impl Balance {
    /// Balances what was `handed` over against the ledger before and after.
    #[must_use]
    pub fn new(handed: Handed, before: &Account, after: &Account) -> Self {
        let difference = |after: u64, before: u64| signed(after).saturating_sub(signed(before));
        let reasons = after.dropped.keys().chain(before.dropped.keys());
        let mut dropped: BTreeMap<String, i64> = reasons
            .map(|reason| {
                let count = |account: &Account| account.dropped.get(reason).copied().unwrap_or(0);
                (reason.clone(), difference(count(after), count(before)))
            })
            .filter(|(_, moved)| *moved != 0)
            .collect();
        let repeated_informs = dropped.remove(REPEATED_INFORM).unwrap_or(0);
        let mut balance = Self {
            sent: signed(handed.sent),
            received: difference(after.received, before.received),
            stored: difference(after.stored, before.stored),
            discarded: difference(after.discarded, before.discarded),
            dropped,
            repeated_informs,
            in_flight: signed(after.in_flight),
            unaccounted: 0,
        };
        let accounted = [balance.stored, balance.discarded, balance.dropped_total(), repeated_informs]
            .into_iter()
            .fold(0, i64::saturating_add);
        let bounds = signed(handed.least)..=signed(handed.most.max(handed.least));
        balance.unaccounted = accounted.clamp(*bounds.start(), *bounds.end()).saturating_sub(accounted);
        balance
    }

    /// What may be missing in the store.
    #[must_use]
    pub fn excuses(&self) -> Excuses {
        let unsigned = |count: i64| u64::try_from(count).unwrap_or(0);
        Excuses {
            discarded: unsigned(self.discarded),
            dropped: unsigned(self.dropped_total()),
            ..Excuses::default()
        }
    }

    /// Dropped for any reason, but for informs that came again.
    #[must_use]
    pub fn dropped_total(&self) -> i64 {
        self.dropped.values().fold(0, |sum, count| sum.saturating_add(*count))
    }
}

fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// How a run ended; each has its exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Everything sent is stored or discarded by a rule.
    Complete,
    /// Nothing was verified; everything was sent at the asked rate.
    Sent,
    /// Balanced, but some messages were dropped.
    Dropped,
    /// The asked rate was not kept.
    TooSlow,
    /// The receiver's counters do not add up to what was sent.
    Unaccounted,
    /// Fewer than planned were sent, or answered where answers are due.
    SendFailed,
    /// The store lacks messages, or has others than were sent, in a way that their transport does not allow.
    StoreWrong,
}

impl Verdict {
    /// The first that applies of: store wrong, send failed, unaccounted, dropped, too slow, complete.
    /// `faults` is how many were found in the store, if that was looked into.
    #[must_use]
    pub fn new(faults: Option<usize>, failed: u64, kept_rate: bool, balance: Option<&Balance>) -> Self {
        if faults.is_some_and(|faults| faults > 0) {
            return Self::StoreWrong;
        }
        if failed > 0 {
            return Self::SendFailed;
        }
        match balance {
            Some(balance) if balance.unaccounted != 0 => Self::Unaccounted,
            Some(balance) if balance.dropped_total() != 0 => Self::Dropped,
            _ if !kept_rate => Self::TooSlow,
            Some(_) => Self::Complete,
            None if faults.is_some() => Self::Complete,
            None => Self::Sent,
        }
    }

    /// Exit code; `accept_drops` forgives drops and a missed rate, never an imbalance.
    #[must_use]
    pub const fn exit_code(self, accept_drops: bool) -> u8 {
        match self {
            Self::Complete | Self::Sent => 0,
            Self::Unaccounted | Self::StoreWrong => 1,
            Self::SendFailed => 2,
            Self::Dropped if !accept_drops => 3,
            Self::TooSlow if !accept_drops => 4,
            Self::Dropped | Self::TooSlow => 0,
        }
    }
}

/// Reads the ledger of a receiver.
#[derive(Debug)]
pub struct Client {
    agent: ureq::Agent,
    url: String,
}

impl Client {
    /// `base` is `http://HOST:PORT`.
    #[must_use]
    pub fn new(base: &str) -> Self {
        let config = ureq::Agent::config_builder().timeout_global(Some(REQUEST_TIMEOUT)).build();
        Self { agent: config.new_agent(), url: format!("{base}/api/v1/ledger") }
    }

    /// The ledger now.
    ///
    /// # Errors
    /// No connection, a status that is not 2xx, or an answer that is not a ledger.
    pub fn ledger(&self) -> Result<Ledger> {
        let mut response =
            self.agent.get(&self.url).call().with_context(|| format!("--verify: GET {}", self.url))?;
        let body =
            response.body_mut().read_to_string().with_context(|| format!("--verify: GET {}", self.url))?;
        serde_json::from_str(&body)
            .with_context(|| format!("--verify: {} did not answer with a ledger", self.url))
    }
}

/// Looks at the ledger until nothing is in flight and `received` was the same `quiet_polls` times in a row, or `timeout`
/// is over; the last look.
///
/// # Errors
/// Those of [`Client::ledger`], if they last until `timeout`: a receiver that is still busy may answer late.
pub fn drain(client: &Client, quiet_polls: u32, timeout: Duration) -> Result<Ledger> {
    let start = Instant::now();
    settle(
        quiet_polls,
        || client.ledger(),
        || {
            std::thread::sleep(POLL_INTERVAL);
            start.elapsed() < timeout
        },
    )
}

/// [`drain`] without clock and network: `pause` waits and says whether there is time for another look.
fn settle(
    quiet_polls: u32,
    mut look: impl FnMut() -> Result<Ledger>,
    mut pause: impl FnMut() -> bool,
) -> Result<Ledger> {
    let mut last = look();
    let mut quiet = 0;
    while quiet < quiet_polls && pause() {
        let now = look();
        let still = match (&last, &now) {
            (Ok(last), Ok(now)) => now.total.received == last.total.received && now.total.in_flight == 0,
            _ => false,
        };
        quiet = if still { quiet + 1 } else { 0 };
        last = now;
    }
    last
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::net::TcpListener;

    const SAMPLE: &str = r#"{"balanced":true,"total":{"received":1000,"stored":900,"discarded":60,
        "dropped":{"kernel_receive_buffer":30,"queue_full":10},"dropped_total":40,"in_flight":0,"difference":0},
        "listeners":[{"name":"syslog-udp","received":1000}]}"#;

    fn account(
        received: u64,
        stored: u64,
        discarded: u64,
        dropped: &[(&str, u64)],
        in_flight: u64,
    ) -> Account {
        let dropped = dropped.iter().map(|(reason, count)| ((*reason).to_owned(), *count)).collect();
        Account { received, stored, discarded, dropped, in_flight }
    }

    fn once(sent: u64) -> Handed {
        Handed { sent, least: sent, most: sent }
    }

    fn code(balance: &Balance, kept_rate: bool, accept_drops: bool) -> u8 {
        Verdict::new(None, 0, kept_rate, Some(balance)).exit_code(accept_drops)
    }

    #[test]
    fn ledger_is_read_and_unknown_fields_are_left_alone() {
        let ledger: Ledger = serde_json::from_str(SAMPLE).unwrap();
        let dropped = [("kernel_receive_buffer", 30), ("queue_full", 10)];
        assert_eq!(ledger.total, account(1000, 900, 60, &dropped, 0));
        assert!(
            serde_json::from_str::<Ledger>(r#"{"total":{"received":1}}"#).is_err(),
            "a missing column is no zero"
        );
    }

    #[test]
    fn complete() {
        let balance = Balance::new(
            once(100),
            &account(7, 5, 2, &[("queue_full", 3)], 0),
            &account(107, 95, 12, &[("queue_full", 3)], 0),
        );
        assert_eq!((balance.stored, balance.discarded, balance.unaccounted), (90, 10, 0));
        assert!(balance.dropped.is_empty());
        assert_eq!(Verdict::new(None, 0, true, Some(&balance)), Verdict::Complete);
        assert_eq!(code(&balance, true, false), 0);
        assert_eq!(code(&balance, false, false), 4);
        assert_eq!(code(&balance, false, true), 0);
    }

    #[test]
    fn dropped_but_balanced() {
        let balance = Balance::new(
            once(100),
            &Account::default(),
            &account(95, 90, 0, &[("queue_full", 4), ("kernel_receive_buffer", 6)], 0),
        );
        assert_eq!((balance.dropped_total(), balance.unaccounted), (10, 0));
        assert_eq!(code(&balance, true, false), 3);
        assert_eq!(code(&balance, false, false), 3);
        assert_eq!(code(&balance, true, true), 0);
    }

    #[test]
    fn unaccounted_is_never_forgiven() {
        let missing = Balance::new(once(100), &Account::default(), &account(99, 99, 0, &[], 0));
        assert_eq!(missing.unaccounted, 1);
        let stuck = Balance::new(once(100), &Account::default(), &account(100, 98, 0, &[], 2));
        assert_eq!((stuck.in_flight, stuck.unaccounted), (2, 2));
        let foreign = Balance::new(once(100), &Account::default(), &account(101, 101, 0, &[], 0));
        assert_eq!(foreign.unaccounted, -1);
        let restarted = Balance::new(
            once(100),
            &account(500, 500, 0, &[("queue_full", 9)], 0),
            &account(20, 20, 0, &[], 0),
        );
        assert_eq!(restarted.unaccounted, 100 + 480 + 9);
        for balance in [missing, stuck, foreign, restarted] {
            assert_eq!(Verdict::new(None, 0, true, Some(&balance)), Verdict::Unaccounted);
            assert_eq!(code(&balance, false, true), 1);
        }
    }

    #[test]
    fn without_a_ledger_and_with_refused_datagrams() {
        assert_eq!(Verdict::new(None, 0, true, None).exit_code(false), 0);
        assert_eq!(Verdict::new(None, 0, false, None).exit_code(false), 4);
        assert_eq!(Verdict::new(None, 1, true, None).exit_code(true), 2);
    }

    #[test]
    fn a_wrong_store_is_worse_than_all_else() {
        assert_eq!(Verdict::new(Some(1), 1, false, None).exit_code(true), 1);
        assert_eq!(Verdict::new(Some(0), 0, true, None), Verdict::Complete);
    }

    #[test]
    fn repetitions_and_broken_connections_explain_as_many_and_no_more() {
        let handed = Handed { sent: 100, least: 90, most: 105 };
        let unaccounted = |stored: u64| {
            Balance::new(handed, &Account::default(), &account(stored, stored, 0, &[], 0)).unaccounted
        };
        let all = [89, 90, 100, 105, 106].map(unaccounted);
        assert_eq!(all, [1, 0, 0, 0, -1]);
        let mut outcome = Outcome::empty().unwrap();
        (outcome.sent, outcome.resent, outcome.acknowledged) = (100, 5, 90);
        assert_eq!(Handed::new(&outcome), Handed { sent: 100, least: 100, most: 105 });
        outcome.broken.insert(1);
        assert_eq!(Handed::new(&outcome), handed);
        let repeated = account(105, 100, 0, &[("repeated_inform", 5)], 0);
        let balance = Balance::new(handed, &Account::default(), &repeated);
        assert_eq!((balance.repeated_informs, balance.dropped_total(), balance.unaccounted), (5, 0, 0));
        assert_eq!(Verdict::new(None, 0, true, Some(&balance)), Verdict::Complete);
    }

    #[test]
    fn settling_waits_for_quiet_and_for_nothing_in_flight() {
        let looks = [(10, 5), (20, 5), (30, 0), (30, 0), (31, 0), (31, 1), (31, 0)];
        let mut given = 0;
        let look = || {
            let (received, in_flight) = looks.get(given).copied().unwrap_or((31, 0));
            given += 1;
            Ok(Ledger { total: account(received, received, 0, &[], in_flight) })
        };
        let ledger = settle(QUIET_POLLS_AFTER, look, || true).unwrap();
        assert_eq!(ledger.total.received, 31);
        // Seven scripted looks; the last of them is the first quiet one, four more follow.
        assert_eq!(given, looks.len() + QUIET_POLLS_AFTER as usize - 1);
    }

    #[test]
    fn settling_ends_when_the_time_is_over() {
        let mut pauses = 0;
        let stuck = || Ok(Ledger { total: account(5, 4, 0, &[], 1) });
        let ledger = settle(1, stuck, || {
            pauses += 1;
            pauses < 10
        });
        assert_eq!(ledger.unwrap().total.in_flight, 1);
        assert_eq!(pauses, 10);
    }

    #[test]
    fn an_answer_that_fails_once_is_asked_for_again() {
        let mut looks = 0;
        let look = || {
            looks += 1;
            if looks == 2 {
                Err(anyhow::anyhow!("timeout"))
            } else {
                Ok(Ledger { total: Account::default() })
            }
        };
        assert!(settle(1, look, || true).is_ok());
        assert_eq!(looks, 4, "the failed look makes the next one the first of a new row");
        let mut pauses = 0;
        let gone = settle(
            1,
            || Err(anyhow::anyhow!("connection refused")),
            || {
                pauses += 1;
                pauses < 3
            },
        );
        assert!(gone.is_err());
    }

    /// A server that answers one request with `body`; its base URL and the request line it saw.
    fn serve_once(status: &'static str, body: &'static str) -> (String, std::thread::JoinHandle<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = Vec::new();
            let mut buffer = [0; 1024];
            while !request.ends_with(b"\r\n\r\n") {
                let length = stream.read(&mut buffer).unwrap();
                request.extend_from_slice(&buffer[..length]);
            }
            let head =
                format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
            stream.write_all(head.as_bytes()).unwrap();
            stream.write_all(body.as_bytes()).unwrap();
            String::from_utf8(request).unwrap().lines().next().unwrap_or_default().to_owned()
        });
        (base, server)
    }

    #[test]
    fn the_ledger_comes_over_http() {
        let (base, server) = serve_once("200 OK", SAMPLE);
        assert_eq!(Client::new(&base).ledger().unwrap().total.stored, 900);
        assert_eq!(server.join().unwrap(), "GET /api/v1/ledger HTTP/1.1");
    }

    #[test]
    fn an_answer_that_is_no_ledger_is_an_error_that_names_the_url() {
        for (status, body) in [("200 OK", "<html>"), ("503 Service Unavailable", "{}")] {
            let (base, server) = serve_once(status, body);
            let error = format!("{:#}", Client::new(&base).ledger().unwrap_err());
            assert!(error.contains("--verify") && error.contains(&base), "{error}");
            server.join().unwrap();
        }
    }
}
