//! Syslog over RELP, the Reliable Event Logging Protocol, version 0: each message has a transaction and is acknowledged.
//!
//! ```text
//! frame:  TXNR SP COMMAND SP DATALEN [SP DATA] LF        open, syslog, close; answers are the command rsp
//! ```
//!
//! Written from the specification that comes with librelp. At most `--window` messages are unacknowledged. After a
//! connection broke these are sent again, in their order and before any other, as librelp does.
//!
//! Invariant: a message counts as sent when it was acknowledged, and not before.

use std::collections::VecDeque;
use std::io::{self, Write as _};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::connection::{Connection, Retry};
use super::{Cursor, Losses, Place, Promise, Sender, Transport, Turn};
use crate::pace::BATCH_MAX;

/// The highest transaction number; 1 follows.
const TRANSACTION_MAX: u32 = 999_999_999;
/// A connection that lasted this long is worth being opened again at once.
const LASTING: Duration = Duration::from_secs(1);
/// The most digits that a number in a frame has.
const DIGITS_MAX: usize = 9;
/// Longest answer that is waited for; a longer one is none.
const ANSWER_OCTETS_MAX: usize = 128 * 1024;
/// Our half of `open`.
const OFFERS: &[u8] =
    concat!("relp_version=0\nrelp_software=loadgen,", env!("CARGO_PKG_VERSION"), "\ncommands=syslog")
        .as_bytes();

const PROMISE: Promise = Promise { losses: Losses::Unacknowledged, may_repeat: true, keeps_order: true };

/// Its line of the table of transports.
pub const RELP: Transport = Transport {
    name: "relp",
    help: "each message acknowledged",
    connects: true,
    is_tls: false,
    promise: PROMISE,
    open: |place| Ok(Box::new(Session::open(place)?)),
};

/// Its line of the table of transports.
pub const RELP_TLS: Transport = Transport {
    name: "relp-tls",
    help: "RELP within TLS; needs --tls-ca or --insecure",
    connects: true,
    is_tls: true,
    promise: PROMISE,
    open: |place| Ok(Box::new(Session::open(place)?)),
};

/// Appends a frame.
pub fn frame(out: &mut Vec<u8>, transaction: u32, command: &str, data: &[u8]) {
    // Writing into memory does not fail.
    let _ = write!(out, "{transaction} {command} {}", data.len());
    if !data.is_empty() {
        out.push(b' ');
        out.extend_from_slice(data);
    }
    out.push(b'\n');
}

/// A frame that came.
#[derive(Debug, PartialEq, Eq)]
pub struct Frame<'b> {
    /// TXNR; 0 where nothing was asked.
    pub transaction: u32,
    /// COMMAND.
    pub command: &'b [u8],
    /// DATA.
    pub data: &'b [u8],
}

/// The frame at the start of `octets`, and how many octets it takes; `Ok(None)` when it is not whole.
///
/// # Errors
/// What comes is not RELP.
pub fn read_frame(octets: &[u8]) -> io::Result<Option<(Frame<'_>, usize)>> {
    let wrong = || io::Error::new(io::ErrorKind::InvalidData, "the answer is not RELP");
    let word = |from: usize| {
        let rest = octets.get(from..).unwrap_or_default();
        rest.iter().position(|octet| matches!(octet, b' ' | b'\n')).map(|length| from + length)
    };
    let number = |from: usize, to: usize| {
        let digits = octets.get(from..to).filter(|digits| (1..=DIGITS_MAX).contains(&digits.len()))?;
        std::str::from_utf8(digits).ok()?.parse::<u32>().ok()
    };
    let longest = 3 * 32;
    let Some(first) = word(0) else { return if octets.len() > longest { Err(wrong()) } else { Ok(None) } };
    let Some(second) = word(first + 1) else { return Ok(None) };
    let Some(third) = word(second + 1) else {
        return if octets.len() > longest { Err(wrong()) } else { Ok(None) };
    };
    let transaction = number(0, first).ok_or_else(wrong)?;
    let length = number(second + 1, third).ok_or_else(wrong)? as usize;
    if length > ANSWER_OCTETS_MAX {
        return Err(wrong());
    }
    let command = octets.get(first + 1..second).unwrap_or_default();
    // Without data the space may be missing.
    let start = if length == 0 && octets.get(third) == Some(&b'\n') { third } else { third + 1 };
    let end = start + length;
    match octets.get(end) {
        None => Ok(None),
        Some(b'\n') => {
            let data = octets.get(start..end).unwrap_or_default();
            Ok(Some((Frame { transaction, command, data }, end + 1)))
        }
        Some(_) => Err(wrong()),
    }
}

/// A message that is not acknowledged.
#[derive(Debug, Clone, Copy)]
struct Waiting {
    transaction: u32,
    index: u64,
    /// When it was handed over for the first time.
    first: Instant,
}

struct Session<'p> {
    place: Place<'p>,
    stream: u32,
    cursor: Cursor,
    connection: Option<Connection>,
    opened_at: Instant,
    retry: Option<Retry>,
    transaction: u32,
    /// Sent and not acknowledged, in the order of sending.
    waiting: VecDeque<Waiting>,
    /// To be sent again, before anything else.
    again: VecDeque<Waiting>,
    message: Vec<u8>,
    received: Vec<u8>,
    is_done: bool,
}

impl<'p> Session<'p> {
    fn open(place: Place<'p>) -> Result<Self> {
        let mut this = Self {
            place,
            stream: place.stream(),
            cursor: place.cursor(),
            connection: None,
            opened_at: Instant::now(),
            retry: None,
            transaction: 0,
            waiting: VecDeque::new(),
            again: VecDeque::new(),
            message: Vec::new(),
            received: Vec::new(),
            is_done: false,
        };
        this.connect()?;
        Ok(this)
    }

    fn connect(&mut self) -> Result<()> {
        let settings = self.place.shared.settings;
        let address = settings.target.syslog;
        let tls = settings.tls.as_ref().filter(|_| settings.transport.is_tls);
        let what = || format!("cannot open a RELP session with {address}");
        let mut connection = Connection::open(address, self.place.source(), tls).with_context(what)?;
        let mut open = Vec::new();
        frame(&mut open, 1, "open", OFFERS);
        let is_whole = |octets: &[u8]| !matches!(read_frame(octets), Ok(None));
        let answer = connection.ask(&open, is_whole).with_context(what)?;
        let accepted = read_frame(&answer).with_context(what)?;
        let is_accepted = accepted.is_some_and(|(frame, _)| {
            frame.transaction == 1 && frame.command == b"rsp" && frame.data.starts_with(b"200")
        });
        if !is_accepted {
            anyhow::bail!("{}: refused: {:?}", what(), String::from_utf8_lossy(&answer));
        }
        connection.go()?;
        self.place.watch(&connection)?;
        self.connection = Some(connection);
        self.opened_at = Instant::now();
        self.transaction = 1;
        self.received.clear();
        Ok(())
    }

    /// Appends what may be sent now. Whether that is anything.
    fn fill(&mut self, turn: &mut Turn<'_>) -> bool {
        let Some(connection) = &mut self.connection else { return false };
        let shared = self.place.shared;
        let now = Instant::now();
        let before = self.waiting.len();
        while self.waiting.len() < shared.settings.window && self.waiting.len() - before < BATCH_MAX {
            let (index, first) = match self.again.pop_front() {
                Some(waiting) => {
                    turn.outcome.resent += 1;
                    (waiting.index, Some(waiting.first))
                }
                None => match self.cursor.peek(shared, turn.due) {
                    Some((index, _)) => (index, None),
                    None => break,
                },
            };
            self.message.clear();
            shared.plan.append(&shared.plan.slot(index), self.stream, index, &mut self.message);
            self.transaction = if self.transaction >= TRANSACTION_MAX { 1 } else { self.transaction + 1 };
            frame(&mut connection.out, self.transaction, "syslog", &self.message);
            if first.is_none() {
                self.cursor.advance();
                turn.handed_over(shared, index, self.message.len(), now);
            }
            let first = first.unwrap_or(now);
            self.waiting.push_back(Waiting { transaction: self.transaction, index, first });
        }
        self.waiting.len() > before
    }

    /// Takes the answers that came. Whether the session goes on.
    fn take_answers(&mut self, turn: &mut Turn<'_>) -> bool {
        let now = Instant::now();
        let mut taken = 0;
        let goes_on = loop {
            match read_frame(self.received.get(taken..).unwrap_or_default()) {
                Ok(None) => break true,
                Ok(Some((frame, octets))) => {
                    taken += octets;
                    if frame.command != b"rsp" {
                        // serverclose is the only other thing that a receiver says.
                        break false;
                    }
                    let mut all = self.waiting.iter();
                    let Some(at) = all.position(|waiting| waiting.transaction == frame.transaction) else {
                        continue;
                    };
                    let Some(waiting) = self.waiting.remove(at) else { continue };
                    if frame.data.starts_with(b"200") {
                        let time = now.saturating_duration_since(waiting.first);
                        turn.answered(self.place.shared.settings.transport.name, waiting.index, time, now);
                    } else {
                        turn.failed("refused by the receiver", 1);
                    }
                }
                Err(_) => break false,
            }
        };
        self.received.drain(..taken);
        goes_on
    }

    fn on_broken(&mut self, turn: &mut Turn<'_>) {
        if self.connection.take().is_none() {
            return;
        }
        let now = Instant::now();
        turn.outcome.broken.insert(self.stream);
        while let Some(waiting) = self.waiting.pop_back() {
            self.again.push_front(waiting);
        }
        if self.retry.is_none() || now.saturating_duration_since(self.opened_at) > LASTING {
            self.retry = Some(Retry::new(now));
        }
    }

    fn give_up(&mut self, turn: &mut Turn<'_>) {
        turn.failed("not acknowledged", (self.waiting.len() + self.again.len()) as u64);
        turn.failed("no connection", self.cursor.give_up(self.place.shared));
        self.waiting.clear();
        self.again.clear();
        self.is_done = true;
    }
}

impl Sender for Session<'_> {
    fn send_due(&mut self, turn: &mut Turn<'_>) -> Result<()> {
        loop {
            match self.connection.as_mut().map(Connection::flush) {
                Some(Ok(true)) => {}
                Some(Ok(false)) | None => break,
                Some(Err(_)) => {
                    // What was acknowledged before it broke counts.
                    self.read(turn);
                    self.on_broken(turn);
                    break;
                }
            }
            if !self.fill(turn) {
                break;
            }
        }
        self.is_done = self.waiting.is_empty()
            && self.again.is_empty()
            && turn.due >= self.place.shared.schedule.local_total()
            && self.cursor.is_at_end(self.place.shared);
        Ok(())
    }

    fn on_ready(&mut self, turn: &mut Turn<'_>) -> Result<()> {
        if !self.read(turn) {
            self.on_broken(turn);
        }
        self.send_due(turn)
    }

    fn on_time(&mut self, turn: &mut Turn<'_>) -> Result<()> {
        let now = Instant::now();
        let Some(retry) = self.retry.as_mut().filter(|_| self.connection.is_none() && !self.is_done) else {
            return Ok(());
        };
        if !retry.is_due(now) {
            return Ok(());
        }
        let has_time = retry.again(now, self.place.shared.settings.reconnect_timeout);
        if self.connect().is_ok() {
            turn.outcome.reconnects += 1;
            turn.moved_at = now;
        } else if !has_time {
            self.give_up(turn);
        }
        Ok(())
    }

    fn is_done(&self) -> bool {
        self.is_done
    }

    fn waits(&self) -> bool {
        // Also when nothing is unacknowledged: the other side may end the session.
        !self.is_done
    }

    fn close(&mut self, turn: &mut Turn<'_>) {
        self.give_up(turn);
        if let Some(mut connection) = self.connection.take() {
            frame(&mut connection.out, self.transaction + 1, "close", b"");
            connection.close();
        }
    }
}

impl Session<'_> {
    /// Reads and takes answers. Whether the session goes on.
    fn read(&mut self, turn: &mut Turn<'_>) -> bool {
        let Some(connection) = &mut self.connection else { return true };
        let is_open = matches!(connection.read(&mut self.received), Ok(true));
        self.take_answers(turn) && is_open
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_those_of_the_specification() {
        let mut out = Vec::new();
        frame(&mut out, 1, "open", b"relp_version=0\ncommands=syslog");
        frame(&mut out, 2, "syslog", b"<1>a\nb");
        frame(&mut out, 3, "close", b"");
        assert_eq!(out, b"1 open 30 relp_version=0\ncommands=syslog\n2 syslog 6 <1>a\nb\n3 close 0\n");
    }

    #[test]
    fn answers_are_read_however_they_are_split() {
        let octets =
            b"1 rsp 92 200 OK\nrelp_version=0\nrelp_software=librelp,1.2.13,http://librelp.adiscon.com\n\
            commands=syslog\n";
        let (head, rest) = octets.split_at(9);
        let all = [head, &b"x".repeat(0), rest].concat();
        let length = all.len() - "1 rsp 92 ".len() - 1;
        let all = String::from_utf8(all).unwrap().replacen("92", &length.to_string(), 1);
        for cut in 0..all.len() {
            assert_eq!(read_frame(&all.as_bytes()[..cut]).unwrap(), None, "{cut}");
        }
        let (first, taken) = read_frame(all.as_bytes()).unwrap().unwrap();
        assert_eq!((first.transaction, first.command, taken), (1, &b"rsp"[..], all.len()));
        assert!(first.data.starts_with(b"200 OK\nrelp_version=0"));
        for (octets, transaction, data) in
            [("7 rsp 6 200 OK\n8", 7, "200 OK"), ("7 rsp 0\n", 7, ""), ("0 serverclose 0 \n", 0, "")]
        {
            let (frame, taken) = read_frame(octets.as_bytes()).unwrap().unwrap();
            assert_eq!((frame.transaction, frame.data), (transaction, data.as_bytes()), "{octets}");
            assert_eq!(taken, octets.trim_end_matches('8').len());
        }
        for wrong in
            ["x rsp 6 200 OK\n", "1 rsp 5 200 OK\n", "1 rsp x \n", "1 rsp 999999999 x", &"x".repeat(100)]
        {
            assert!(read_frame(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }
}
