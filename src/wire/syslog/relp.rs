//! RELP, the Reliable Event Logging Protocol, version 0, as librelp speaks it: frames, and the answers to them.
//!
//! ```text
//! frame:   TXNR SP COMMAND SP DATALEN [SP DATA] LF        TXNR, DATALEN = 1*9 DIGIT; COMMAND = 1*32 (ALPHA / DIGIT)
//! answer:  TXNR SP rsp SP DATALEN SP CODE SP TEXT [LF more] LF            CODE = 200 or 500
//! ```
//!
//! Source: the RELP specification that comes with librelp, and its `relpframe.c`.
//!
//! Invariant: what comes out depends on the octets only, never on how they were split into reads; and nothing is
//! waited for, or kept, in proportion to a length that is only claimed.

use std::io::Write as _;

use crate::base::limits::RELP_COMMAND_OCTETS_MAX;
use crate::wire::syslog::framing::{Over, Oversize, whole_characters};

/// Digits of TXNR and of DATALEN.
const DIGITS_MAX: usize = 9;
/// Octets of the longest header.
pub const HEADER_OCTETS_MAX: usize = 2 * DIGITS_MAX + RELP_COMMAND_OCTETS_MAX + 3;

/// A frame, or a part of one whose data is longer than the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame<'a> {
    /// TXNR.
    pub transaction: u32,
    /// COMMAND.
    pub command: &'a [u8],
    /// DATA, at most as long as the limit.
    pub data: &'a [u8],
    /// What it is of data that is longer than the limit; only the data of `syslog` may be.
    pub over: Option<Over>,
    /// Nothing more of this frame will be delivered: now it can be answered.
    pub is_last: bool,
}

/// What [`Frames::next`] found at the start of the buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step<'a> {
    /// A frame or a part of one.
    Frame {
        /// What it says.
        frame: Frame<'a>,
        /// Octets to remove from the start of the buffer before the next call; at least 1.
        consumed: usize,
    },
    /// The rest of a truncated frame.
    Skip {
        /// Octets to remove from the start of the buffer before the next call; at least 1.
        consumed: usize,
    },
    /// Nothing can be decided before more octets are there. The buffer must keep what it has.
    NeedMore,
}

/// The peer does not speak RELP, or is out of step; close the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RelpError {
    /// TXNR is not a number of 1 to 9 digits above 0, or no space follows.
    #[error("no RELP transaction number")]
    Transaction,
    /// COMMAND is empty, too long, or has other characters than letters and digits.
    #[error("no RELP command")]
    Command,
    /// DATALEN is not a number of 1 to 9 digits.
    #[error("no RELP data length")]
    Length,
    /// The data is longer than the limit, and is not that of `syslog`.
    #[error("RELP data too long")]
    TooLong,
    /// No LF follows the data.
    #[error("a RELP frame does not end with LF")]
    Trailer,
}

/// What the next octets belong to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// A new frame.
    FrameStart,
    /// The parts of split data that are still to come.
    Rest { transaction: u32, remaining: usize },
    /// The rest of truncated data.
    Discard { remaining: usize },
    /// The LF behind truncated data.
    Trailer,
}

/// The first octets of a frame, up to its data.
struct Header<'a> {
    transaction: u32,
    command: &'a [u8],
    octets: usize,
    data_octets: usize,
}

/// The command that carries a message.
pub const SYSLOG: &[u8] = b"syslog";

/// Divides one connection's octets into frames. It owns no octets: the caller keeps the buffer, gives it whole each
/// time, and removes what was consumed.
#[derive(Debug, Clone)]
pub struct Frames {
    data_octets_max: usize,
    oversize: Oversize,
    state: State,
}

impl Frames {
    /// At the start of a connection. `data_octets_max` is at least 1; the caller's buffer must be able to hold that
    /// many octets and [`HEADER_OCTETS_MAX`] + 1 more.
    #[must_use]
    pub fn new(data_octets_max: usize, oversize: Oversize) -> Self {
        Self { data_octets_max: data_octets_max.max(1), oversize, state: State::FrameStart }
    }

    /// Looks at the start of `buffer`, which begins with the first octet that was not consumed yet.
    ///
    /// # Errors
    /// [`RelpError`] is the peer's fault. Everything before it was delivered; what is in the buffer belongs to no
    /// frame.
    pub fn next<'a>(&mut self, buffer: &'a [u8]) -> Result<Step<'a>, RelpError> {
        let Some(first) = buffer.first() else { return Ok(Step::NeedMore) };
        match self.state {
            State::FrameStart => match header(buffer)? {
                Some(header) => self.data(buffer, &header),
                None => Ok(Step::NeedMore),
            },
            State::Rest { transaction, remaining } => {
                self.data(buffer, &Header { transaction, command: SYSLOG, octets: 0, data_octets: remaining })
            }
            State::Discard { remaining } => {
                let consumed = buffer.len().min(remaining);
                let remaining = remaining - consumed;
                self.state = if remaining == 0 { State::Trailer } else { State::Discard { remaining } };
                Ok(Step::Skip { consumed })
            }
            State::Trailer if *first == b'\n' => {
                self.state = State::FrameStart;
                Ok(Step::Skip { consumed: 1 })
            }
            State::Trailer => Err(RelpError::Trailer),
        }
    }

    /// The data behind a header: all of it, or as much as a message may have.
    fn data<'a>(&mut self, buffer: &'a [u8], header: &Header<'a>) -> Result<Step<'a>, RelpError> {
        let Header { transaction, command, octets, data_octets } = *header;
        let continued = octets == 0;
        if data_octets <= self.data_octets_max {
            let behind = octets + data_octets;
            let (Some(data), Some(trailer)) = (buffer.get(octets..behind), buffer.get(behind)) else {
                return Ok(Step::NeedMore);
            };
            if *trailer != b'\n' {
                return Err(RelpError::Trailer);
            }
            self.state = State::FrameStart;
            let over = continued.then_some(Over::Part);
            let frame = Frame { transaction, command, data, over, is_last: true };
            return Ok(Step::Frame { frame, consumed: behind + 1 });
        }
        if command != SYSLOG {
            return Err(RelpError::TooLong);
        }
        let Some(data) = buffer.get(octets..octets + self.data_octets_max) else {
            return Ok(Step::NeedMore);
        };
        let part = whole_characters(data);
        let (taken, over) = match self.oversize {
            Oversize::Truncate => (data.len(), Over::Truncated),
            Oversize::Split => (part.len(), Over::Part),
        };
        let remaining = data_octets - taken;
        self.state = match self.oversize {
            Oversize::Truncate => State::Discard { remaining },
            Oversize::Split => State::Rest { transaction, remaining },
        };
        let is_last = self.oversize == Oversize::Truncate;
        let frame = Frame { transaction, command, data: part, over: Some(over), is_last };
        Ok(Step::Frame { frame, consumed: octets + taken })
    }
}

/// The header at the start of `buffer`; `None` while it is not whole.
fn header(buffer: &[u8]) -> Result<Option<Header<'_>>, RelpError> {
    let Some((transaction, at)) = number(buffer, 0, RelpError::Transaction)? else { return Ok(None) };
    if transaction == 0 || buffer.get(at) != Some(&b' ') {
        return Err(RelpError::Transaction);
    }
    let start = at + 1;
    let rest = buffer.get(start..).unwrap_or_default();
    let length = rest
        .iter()
        .take(RELP_COMMAND_OCTETS_MAX + 1)
        .take_while(|octet| octet.is_ascii_alphanumeric())
        .count();
    match rest.get(length) {
        _ if length > RELP_COMMAND_OCTETS_MAX => return Err(RelpError::Command),
        None => return Ok(None),
        Some(b' ') if length > 0 => {}
        Some(_) => return Err(RelpError::Command),
    }
    let command = rest.get(..length).unwrap_or_default();
    let Some((data_octets, at)) = number(buffer, start + length + 1, RelpError::Length)? else {
        return Ok(None);
    };
    let octets = match (buffer.get(at), data_octets) {
        (Some(b' '), _) => at + 1,
        // Without data the space may be absent, too.
        (Some(b'\n'), 0) => at,
        _ => return Err(RelpError::Length),
    };
    Ok(Some(Header { transaction, command, octets, data_octets: data_octets as usize }))
}

/// The number at `start` and where it ends; `None` while its end is not there.
fn number(buffer: &[u8], start: usize, error: RelpError) -> Result<Option<(u32, usize)>, RelpError> {
    let rest = buffer.get(start..).unwrap_or_default();
    let digits = rest.iter().take(DIGITS_MAX + 1).take_while(|octet| octet.is_ascii_digit()).count();
    if digits > DIGITS_MAX || (digits == 0 && !rest.is_empty()) {
        return Err(error);
    }
    if rest.len() == digits {
        return Ok(None);
    }
    // Nine digits cannot overflow 32 bits.
    let value = rest.iter().take(digits).fold(0_u32, |value, digit| value * 10 + u32::from(digit - b'0'));
    Ok(Some((value, start + digits)))
}

/// Appends an answer to `transaction`: `CODE SP TEXT`, and lines behind it.
pub fn answer(transaction: u32, data: &[u8], out: &mut Vec<u8>) {
    // Writing to a vector does not fail.
    let _ = write!(out, "{transaction} rsp {}", data.len());
    if !data.is_empty() {
        out.push(b' ');
        out.extend_from_slice(data);
    }
    out.push(b'\n');
}

/// Appends the hint that we are about to close the connection.
pub fn server_close(out: &mut Vec<u8>) {
    out.extend_from_slice(b"0 serverclose 0\n");
}

/// The value of an offer in the data of `open`: lines of `NAME=VALUE`.
#[must_use]
pub fn offer<'a>(data: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    data.split(|octet| *octet == b'\n').find_map(|line| line.strip_prefix(name)?.strip_prefix(b"="))
}

#[cfg(test)]
#[path = "relp_tests.rs"]
mod tests;
