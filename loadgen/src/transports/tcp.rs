//! Syslog over TCP (RFC 6587): octet counting (3.4.1) or LF at the end of each message (3.4.2).
//!
//! Above connection; tls uses the same with a certificate. Nothing is answered: what the kernel took counts as sent, and
//! what was on its way when a connection broke is in doubt. A message that was not written whole is sent again.
//!
//! Invariant: at most one buffer of messages is between the schedule and the kernel.

use std::io::Write as _;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::connection::{Connection, Retry};
use super::{Cursor, Losses, Place, Promise, Sender, Transport, Turn};
use crate::pace::BATCH_MAX;

/// A connection that lasted this long is worth being opened again at once.
const LASTING: Duration = Duration::from_secs(1);

/// What TCP promises, and TLS.
pub const PROMISE: Promise = Promise { losses: Losses::Broken, may_repeat: false, keeps_order: true };

/// Its line of the table of transports.
pub const TCP: Transport = Transport {
    name: "tcp",
    help: "RFC 6587 with octet counting",
    connects: true,
    is_tls: false,
    promise: PROMISE,
    open: |place| Ok(Box::new(Flow::open(place, octet_counting)?)),
};

/// Its line of the table of transports.
pub const TCP_LF: Transport = Transport {
    name: "tcp-lf",
    help: "RFC 6587 with LF after each message",
    connects: true,
    is_tls: false,
    promise: PROMISE,
    open: |place| Ok(Box::new(Flow::open(place, line)?)),
};

/// Appends a frame around a message.
pub type Framing = fn(&mut Vec<u8>, &[u8]);

/// `MSG-LEN SP MSG` (RFC 6587 3.4.1, RFC 5425 4.3).
pub fn octet_counting(out: &mut Vec<u8>, message: &[u8]) {
    // Writing into memory does not fail.
    let _ = write!(out, "{} ", message.len());
    out.extend_from_slice(message);
}

/// `MSG LF` (RFC 6587 3.4.2).
pub fn line(out: &mut Vec<u8>, message: &[u8]) {
    out.extend_from_slice(message);
    out.push(b'\n');
}

/// A message in the buffer.
#[derive(Debug, Clone, Copy)]
struct Framed {
    index: u64,
    octets: usize,
    /// Where its frame ends in the buffer.
    end: usize,
}

/// One connection and its part of the schedule.
pub struct Flow<'p> {
    place: Place<'p>,
    stream: u32,
    cursor: Cursor,
    framing: Framing,
    connection: Option<Connection>,
    opened_at: Instant,
    retry: Option<Retry>,
    framed: Vec<Framed>,
    message: Vec<u8>,
    is_done: bool,
}

impl<'p> Flow<'p> {
    /// Connects.
    ///
    /// # Errors
    /// The receiver cannot be reached.
    pub fn open(place: Place<'p>, framing: Framing) -> Result<Self> {
        let mut this = Self {
            place,
            stream: place.stream(),
            cursor: place.cursor(),
            framing,
            connection: None,
            opened_at: Instant::now(),
            retry: None,
            framed: Vec::with_capacity(BATCH_MAX),
            message: Vec::new(),
            is_done: false,
        };
        this.connect()?;
        Ok(this)
    }

    fn connect(&mut self) -> Result<()> {
        let settings = self.place.shared.settings;
        let address = settings.target.syslog;
        let tls = settings.tls.as_ref().filter(|_| settings.transport.is_tls);
        let connection = Connection::open(address, self.place.source(), tls)
            .with_context(|| format!("cannot connect to {address} ({})", settings.transport.name))?;
        connection.go()?;
        self.place.watch(&connection)?;
        self.connection = Some(connection);
        self.opened_at = Instant::now();
        Ok(())
    }

    /// Whether the buffer is empty now, and room for more.
    fn flush(&mut self, turn: &mut Turn<'_>) -> bool {
        let Some(connection) = &mut self.connection else { return false };
        match connection.flush() {
            Ok(true) => {}
            Ok(false) => return false,
            Err(_) => {
                self.on_broken(turn);
                return false;
            }
        }
        let now = Instant::now();
        turn.sent(self.framed.len() as u64);
        for framed in self.framed.drain(..) {
            turn.handed_over(self.place.shared, framed.index, framed.octets, now);
        }
        true
    }

    /// Appends what is due. Whether that is anything.
    fn fill(&mut self, due: u64) -> bool {
        let Some(connection) = &mut self.connection else { return false };
        let shared = self.place.shared;
        while self.framed.len() < BATCH_MAX {
            let Some((index, slot)) = self.cursor.peek(shared, due) else { break };
            self.message.clear();
            shared.plan.append(&slot, self.stream, index, &mut self.message);
            (self.framing)(&mut connection.out, &self.message);
            self.framed.push(Framed { index, octets: self.message.len(), end: connection.out.len() });
            self.cursor.advance();
        }
        !self.framed.is_empty()
    }

    /// The connection is of no use any more: whole frames are on their way, the rest is sent again.
    fn on_broken(&mut self, turn: &mut Turn<'_>) {
        let Some(connection) = self.connection.take() else { return };
        let now = Instant::now();
        turn.outcome.broken.insert(self.stream);
        for framed in self.framed.drain(..) {
            if framed.end > connection.written() {
                self.cursor.rewind(self.place.shared, framed.index);
                break;
            }
            turn.sent(1);
            turn.handed_over(self.place.shared, framed.index, framed.octets, now);
        }
        self.framed.clear();
        if self.retry.is_none() || now.saturating_duration_since(self.opened_at) > LASTING {
            self.retry = Some(Retry::new(now));
        }
    }
}

impl Sender for Flow<'_> {
    fn send_due(&mut self, turn: &mut Turn<'_>) -> Result<()> {
        while self.flush(turn) && self.fill(turn.due) {}
        self.is_done = self.framed.is_empty()
            && turn.due >= self.place.shared.schedule.local_total()
            && self.cursor.is_at_end(self.place.shared);
        Ok(())
    }

    fn on_ready(&mut self, turn: &mut Turn<'_>) -> Result<()> {
        if let Some(connection) = &mut self.connection {
            // Nothing is ever sent back, but for what TLS has to say, and the end.
            self.message.clear();
            if !matches!(connection.read(&mut self.message), Ok(true)) {
                self.on_broken(turn);
            }
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
            turn.failed("no connection", self.cursor.give_up(self.place.shared));
            self.is_done = true;
        }
        Ok(())
    }

    fn is_done(&self) -> bool {
        self.is_done
    }

    fn waits(&self) -> bool {
        // Also when there is nothing to send: the other side may end the connection.
        !self.is_done
    }

    fn close(&mut self, turn: &mut Turn<'_>) {
        let unsent = self.framed.len() as u64 + self.cursor.give_up(self.place.shared);
        turn.failed("not taken in time", unsent);
        self.framed.clear();
        if let Some(connection) = self.connection.take() {
            connection.close();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_those_of_the_rfc() {
        let framed = |framing: Framing, messages: &[&str]| {
            let mut out = Vec::new();
            messages.iter().for_each(|message| framing(&mut out, message.as_bytes()));
            String::from_utf8_lossy(&out).into_owned()
        };
        // The message of RFC 5424 6.5, example 1, whose text begins with a BOM.
        let message = "<34>1 2003-10-11T22:14:15.003Z mymachine.example.com su - ID47 - \u{FEFF}'su root' failed for \
                       lonvick on /dev/pts/8";
        assert_eq!(message.len(), 110);
        assert_eq!(framed(octet_counting, &[message, "<1>a"]), format!("110 {message}4 <1>a"));
        assert_eq!(framed(line, &[message, "<1>a"]), format!("{message}\n<1>a\n"));
    }
}
