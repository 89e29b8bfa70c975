//! One RELP session, without I/O: frames in, answers out.
//!
//! ```text
//! open -> 200 with our offers        syslog -> taken; 200 when it is committed
//! close -> waits for what is taken, then the answer and `serverclose`
//! ```
//!
//! Invariant: a message is answered only when [`Session::on_committed`] says so, and each that was taken at most once.

use crate::wire::syslog::relp::{self, Frame};

/// Our half of `open`.
const OFFERS: &str =
    concat!("200 OK\nrelp_version=0\nrelp_software=muttd,", env!("CARGO_PKG_VERSION"), "\ncommands=syslog");

/// Where a session stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// `open` has to come first.
    New,
    /// Messages are taken.
    Open,
    /// `close` came with this TXNR and waits for what is not committed yet.
    Closing(u32),
    /// We stop, and wait for what is not committed yet.
    Stopping,
    /// The connection is to be closed when the answers are sent.
    Over,
}

/// What a frame asks of the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Its data is a message, or a part of one: take it in.
    Take,
    /// It was dealt with.
    Done,
}

/// A session of one connection.
#[derive(Debug)]
pub struct Session {
    state: State,
    unacknowledged: usize,
    unacknowledged_max: usize,
}

impl Session {
    /// A session that has not been opened, and takes at most `unacknowledged_max` messages before one is committed.
    #[must_use]
    pub fn new(unacknowledged_max: usize) -> Self {
        Self { state: State::New, unacknowledged: 0, unacknowledged_max: unacknowledged_max.max(1) }
    }

    /// Whether a frame may be taken now.
    #[must_use]
    pub fn may_take(&self) -> bool {
        match self.state {
            State::New => true,
            State::Open => self.unacknowledged < self.unacknowledged_max,
            State::Closing(_) | State::Stopping | State::Over => false,
        }
    }

    /// Messages taken and not committed.
    #[must_use]
    pub fn unacknowledged(&self) -> usize {
        self.unacknowledged
    }

    /// Whether the connection is to be closed once the answers are sent.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.state == State::Over
    }

    /// A frame came. Answers go to the end of `out`.
    pub fn on_frame(&mut self, frame: &Frame<'_>, out: &mut Vec<u8>) -> Verdict {
        match (self.state, frame.command) {
            (State::New, b"open") => self.open(frame, out),
            (State::New, _) => self.refuse(frame.transaction, "500 the session is not open", out),
            (State::Open, relp::SYSLOG) => {
                self.unacknowledged += usize::from(frame.is_last);
                return Verdict::Take;
            }
            (State::Open, b"close") => {
                self.state = State::Closing(frame.transaction);
                self.end_if_all_is_committed(out);
            }
            (State::Open, b"open") => self.refuse(frame.transaction, "500 the session is open already", out),
            (State::Open, _) => relp::answer(frame.transaction, b"500 command not supported", out),
            (State::Closing(_) | State::Stopping | State::Over, _) => {}
        }
        Verdict::Done
    }

    /// The message of `transaction` is committed.
    pub fn on_committed(&mut self, transaction: u32, out: &mut Vec<u8>) {
        if self.unacknowledged == 0 || self.state == State::Over {
            return;
        }
        self.unacknowledged -= 1;
        relp::answer(transaction, b"200 OK", out);
        self.end_if_all_is_committed(out);
    }

    /// Nothing more is taken; the session ends when everything is committed.
    pub fn stop(&mut self, out: &mut Vec<u8>) {
        match self.state {
            State::New | State::Open => self.state = State::Stopping,
            State::Closing(_) | State::Stopping | State::Over => {}
        }
        self.end_if_all_is_committed(out);
    }

    /// Ends the session though not everything is committed: the sender will repeat that.
    pub fn abandon(&mut self, out: &mut Vec<u8>) {
        if self.state != State::Over {
            relp::server_close(out);
            self.state = State::Over;
        }
    }

    /// `open`: what the sender offers, and what we answer.
    fn open(&mut self, frame: &Frame<'_>, out: &mut Vec<u8>) {
        let version = relp::offer(frame.data, b"relp_version").unwrap_or_default();
        if version.is_empty() || !version.iter().all(u8::is_ascii_digit) {
            return self.refuse(frame.transaction, "500 no relp_version offered", out);
        }
        let commands = relp::offer(frame.data, b"commands").unwrap_or_default();
        if !commands.split(|octet| *octet == b',').any(|command| command == relp::SYSLOG) {
            return self.refuse(frame.transaction, "500 the command syslog is not offered", out);
        }
        relp::answer(frame.transaction, OFFERS.as_bytes(), out);
        self.state = State::Open;
    }

    /// Refuses a frame that makes the session useless.
    fn refuse(&mut self, transaction: u32, reason: &str, out: &mut Vec<u8>) {
        relp::answer(transaction, reason.as_bytes(), out);
        self.abandon(out);
    }

    /// Answers `close`, or says that we stop, when nothing waits for its commit.
    fn end_if_all_is_committed(&mut self, out: &mut Vec<u8>) {
        if self.unacknowledged > 0 {
            return;
        }
        match self.state {
            State::Closing(transaction) => relp::answer(transaction, b"", out),
            State::Stopping => {}
            State::New | State::Open | State::Over => return,
        }
        self.abandon(out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPEN: &str = "relp_version=0\nrelp_software=librelp,1.11.0\ncommands=syslog";

    fn frame<'a>(transaction: u32, command: &'a str, data: &'a str) -> Frame<'a> {
        let (command, data) = (command.as_bytes(), data.as_bytes());
        Frame { transaction, command, data, over: None, is_last: true }
    }

    fn opened(unacknowledged_max: usize) -> Session {
        let mut session = Session::new(unacknowledged_max);
        let mut out = Vec::new();
        assert_eq!(session.on_frame(&frame(1, "open", OPEN), &mut out), Verdict::Done);
        let text = String::from_utf8_lossy(&out).into_owned();
        assert!(text.starts_with("1 rsp ") && text.contains(" 200 OK\nrelp_version=0\n"), "{text}");
        assert!(text.ends_with("\ncommands=syslog\n") && session.may_take(), "{text}");
        session
    }

    #[test]
    fn a_message_is_answered_when_it_is_committed() {
        let mut session = opened(2);
        let mut out = Vec::new();
        for transaction in [2, 3] {
            assert!(session.may_take());
            assert_eq!(session.on_frame(&frame(transaction, "syslog", "<1>a"), &mut out), Verdict::Take);
        }
        assert!(out.is_empty() && !session.may_take(), "the window is full");
        session.on_committed(2, &mut out);
        assert_eq!(out, b"2 rsp 6 200 OK\n");
        assert!(session.may_take());
        session.on_committed(3, &mut out);
        session.on_committed(3, &mut out);
        assert_eq!(out, b"2 rsp 6 200 OK\n3 rsp 6 200 OK\n", "once only");
    }

    #[test]
    fn close_waits_for_the_commits() {
        let mut session = opened(2);
        let mut out = Vec::new();
        session.on_frame(&frame(2, "syslog", "<1>a"), &mut out);
        session.on_frame(&frame(3, "close", ""), &mut out);
        assert!(out.is_empty() && !session.may_take() && !session.is_over());
        session.on_committed(2, &mut out);
        assert_eq!(out, b"2 rsp 6 200 OK\n3 rsp 0\n0 serverclose 0\n");
        assert!(session.is_over());
        let mut session = opened(2);
        out.clear();
        session.on_frame(&frame(2, "close", ""), &mut out);
        assert_eq!(out, b"2 rsp 0\n0 serverclose 0\n");
    }

    #[test]
    fn a_stop_waits_for_the_commits_or_gives_up() {
        let mut out = Vec::new();
        let mut session = opened(2);
        session.on_frame(&frame(2, "syslog", "<1>a"), &mut out);
        session.stop(&mut out);
        assert!(out.is_empty() && !session.may_take() && !session.is_over());
        session.on_committed(2, &mut out);
        assert_eq!(out, b"2 rsp 6 200 OK\n0 serverclose 0\n");
        out.clear();
        let mut session = opened(2);
        session.on_frame(&frame(2, "syslog", "<1>a"), &mut out);
        session.abandon(&mut out);
        session.on_committed(2, &mut out);
        assert_eq!(out, b"0 serverclose 0\n");
        assert!(session.is_over());
    }

    #[test]
    fn what_is_not_a_session_is_refused() {
        for (command, data) in [
            ("syslog", "<1>a"),
            ("close", ""),
            ("open", ""),
            ("open", "relp_version=\ncommands=syslog"),
            ("open", "relp_version=0\ncommands=eventlog"),
        ] {
            let mut session = Session::new(2);
            let mut out = Vec::new();
            assert_eq!(session.on_frame(&frame(1, command, data), &mut out), Verdict::Done);
            let text = String::from_utf8_lossy(&out).into_owned();
            assert!(text.contains(" 500 ") && text.ends_with("0 serverclose 0\n"), "{command}: {text}");
            assert!(session.is_over() && !session.may_take());
        }
        let mut session = opened(2);
        let mut out = Vec::new();
        session.on_frame(&frame(2, "eventlog", "x"), &mut out);
        assert_eq!(out, b"2 rsp 25 500 command not supported\n");
        assert!(session.may_take());
        session.on_frame(&frame(3, "open", OPEN), &mut out);
        assert!(session.is_over());
    }

    #[test]
    fn only_the_last_part_of_a_message_is_answered() {
        let mut session = opened(1);
        let mut out = Vec::new();
        let part = Frame { is_last: false, ..frame(2, "syslog", "<1>a") };
        assert_eq!(session.on_frame(&part, &mut out), Verdict::Take);
        assert!(session.may_take());
        assert_eq!(session.on_frame(&frame(2, "syslog", "b"), &mut out), Verdict::Take);
        assert!(!session.may_take());
    }
}
