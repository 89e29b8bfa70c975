//! TCP and TLS streams into frames (RFC 6587 3.4, RFC 5425 4.3).
//!
//! ```text
//! octet counting:   MSG-LEN SP MSG                  MSG-LEN = NONZERO-DIGIT *DIGIT
//! non-transparent:  MSG (LF / NUL / CR LF)
//! ```
//!
//! The framing is decided for every frame, because real streams mix both. The first frame decides what a digit
//! means later: in a stream that began non-transparent, a line that starts with a number is text, unless the
//! number is followed by a PRI.
//!
//! Invariant: what comes out depends on the octets only, never on how they were split into reads; and an octet
//! is searched for a trailer once, however slowly its frame arrives.

use crate::base::limits::MSG_LEN_DIGITS_MAX;

/// Largest MSG-LEN that is taken for one, octets: what the most generous sender can be configured to. A greater
/// number stands at the start of a text line, or the stream is out of step; to discard that much would swallow
/// every message behind it.
pub const MSG_LEN_OCTETS_MAX: u64 = 200_000_000;

/// How the frames of a stream are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// MSG-LEN before each message (RFC 6587 3.4.1).
    OctetCounting,
    /// A trailer after each message (RFC 6587 3.4.2).
    NonTransparent,
}

/// What becomes of a message that is longer than the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Oversize {
    /// Its first part is the message; the rest is discarded.
    Truncate,
    /// The rest becomes further messages, each at most as long as the limit.
    Split,
}

/// What a frame is of a message that is longer than the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Over {
    /// The first part; the rest is discarded.
    Truncated,
    /// One of several parts, all of which are delivered.
    Part,
}

/// What [`Deframer::next`] found at the start of the buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step<'a> {
    /// A frame.
    Frame {
        /// The message without MSG-LEN or trailer; at least one octet, at most the limit.
        bytes: &'a [u8],
        /// Octets to remove from the start of the buffer before the next call; at least 1.
        consumed: usize,
        /// The message is longer than the limit, and this is not all of it.
        over: Option<Over>,
        /// The stream ended before the message did.
        unterminated: bool,
    },
    /// Octets that belong to no message: keepalives, empty frames, the rest of a truncated message.
    Skip {
        /// Octets to remove from the start of the buffer before the next call; at least 1.
        consumed: usize,
    },
    /// Nothing can be decided before more octets are there. The buffer must keep what it has.
    NeedMore,
}

/// The peer's stream cannot be divided into frames any more; close it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FramingError {
    /// In an octet-counting stream, a frame starts with neither MSG-LEN nor PRI: a count before it was wrong, and
    /// there is no trailer to find the next message by.
    #[error("octet counting is out of step: a frame starts with neither MSG-LEN nor PRI")]
    CountMismatch,
}

/// What the next octets belong to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// A new frame.
    FrameStart,
    /// A non-transparent frame; the first `searched` octets hold no trailer. `continued`: parts of it were delivered.
    Text { searched: usize, continued: bool },
    /// The parts of a split counted frame that are still to come.
    Rest { remaining: u64 },
    /// The rest of a truncated counted frame.
    DiscardCounted { remaining: u64 },
    /// The rest of a truncated line, up to its trailer.
    DiscardLine,
}

/// What stands at the start of a frame.
enum Head {
    Counted {
        header: usize,
        octets: u64,
    },
    /// `0 `: a count of nothing.
    Empty {
        header: usize,
    },
    Text,
    Undecided,
}

/// Divides one connection's octets into frames. It owns no octets: the caller keeps the buffer, gives it whole
/// each time, and removes what was consumed.
#[derive(Debug, Clone)]
pub struct Deframer {
    message_octets_max: usize,
    oversize: Oversize,
    first_framing: Option<Framing>,
    state: State,
}

impl Deframer {
    /// A deframer at the start of a connection. `message_octets_max` is at least 1; the caller's buffer must be
    /// able to hold that many octets and 12 more.
    #[must_use]
    pub fn new(message_octets_max: usize, oversize: Oversize) -> Self {
        let message_octets_max = message_octets_max.max(1);
        Self { message_octets_max, oversize, first_framing: None, state: State::FrameStart }
    }

    /// The framing of the connection's first frame, once there was one.
    #[must_use]
    pub fn first_framing(&self) -> Option<Framing> {
        self.first_framing
    }

    /// Looks at the start of `buffer`, which begins with the first octet that was not consumed yet.
    ///
    /// With `end_of_stream` nothing follows the buffer; then [`Step::NeedMore`] means that it is empty.
    ///
    /// # Errors
    /// [`FramingError`] is the peer's fault. Everything before it was delivered; what is in the buffer belongs to
    /// no frame, and further calls give the same error.
    pub fn next<'a>(&mut self, buffer: &'a [u8], end_of_stream: bool) -> Result<Step<'a>, FramingError> {
        if buffer.is_empty() {
            return Ok(Step::NeedMore);
        }
        match self.state {
            State::FrameStart => self.frame_start(buffer, end_of_stream),
            State::Text { searched, continued } => Ok(self.text(buffer, searched, continued, end_of_stream)),
            State::Rest { remaining } => Ok(self.counted(buffer, 0, remaining, end_of_stream)),
            State::DiscardCounted { remaining } => {
                let consumed = buffer.len().min(usize::try_from(remaining).unwrap_or(usize::MAX));
                let remaining = remaining.saturating_sub(consumed as u64);
                self.state =
                    if remaining == 0 { State::FrameStart } else { State::DiscardCounted { remaining } };
                Ok(Step::Skip { consumed })
            }
            State::DiscardLine => Ok(match memchr::memchr2(b'\n', 0, buffer) {
                Some(trailer) => {
                    self.state = State::FrameStart;
                    Step::Skip { consumed: trailer + 1 }
                }
                None => Step::Skip { consumed: buffer.len() },
            }),
        }
    }

    fn frame_start<'a>(&mut self, buffer: &'a [u8], end_of_stream: bool) -> Result<Step<'a>, FramingError> {
        let idle = buffer.iter().take_while(|octet| matches!(octet, b'\n' | b'\r' | 0)).count();
        if idle > 0 {
            return Ok(Step::Skip { consumed: idle });
        }
        match self.head(buffer, end_of_stream) {
            Head::Counted { header, octets } => {
                self.first_framing.get_or_insert(Framing::OctetCounting);
                Ok(self.counted(buffer, header, octets, end_of_stream))
            }
            Head::Empty { header } => Ok(Step::Skip { consumed: header }),
            Head::Undecided => Ok(Step::NeedMore),
            Head::Text => {
                let first = buffer.first().copied().unwrap_or_default();
                let in_step = first.is_ascii_digit() || matches!(first, b'<' | b' ');
                if self.first_framing == Some(Framing::OctetCounting) && !in_step {
                    return Err(FramingError::CountMismatch);
                }
                self.first_framing.get_or_insert(Framing::NonTransparent);
                Ok(self.text(buffer, 0, false, end_of_stream))
            }
        }
    }

    /// Decides the framing of the frame that `buffer` starts with.
    fn head(&self, buffer: &[u8], end_of_stream: bool) -> Head {
        let undecided = if end_of_stream { Head::Text } else { Head::Undecided };
        let digits =
            buffer.iter().take(MSG_LEN_DIGITS_MAX + 1).take_while(|octet| octet.is_ascii_digit()).count();
        if digits == 0 || digits > MSG_LEN_DIGITS_MAX {
            return Head::Text;
        }
        let number = buffer.get(..digits).unwrap_or_default();
        let zero_led = number.first() == Some(&b'0');
        if zero_led && digits > 1 {
            return Head::Text;
        }
        match buffer.get(digits) {
            None => return undecided,
            Some(b' ') => {}
            Some(_) => return Head::Text,
        }
        let header = digits + 1;
        if self.first_framing == Some(Framing::NonTransparent) {
            match buffer.get(header) {
                None => return undecided,
                Some(b'<') if !zero_led => {}
                Some(_) => return Head::Text,
            }
        }
        // Ten digits cannot overflow 64 bits.
        let octets = number.iter().fold(0_u64, |value, digit| value * 10 + u64::from(digit - b'0'));
        if octets == 0 {
            return Head::Empty { header };
        }
        if octets > MSG_LEN_OCTETS_MAX { Head::Text } else { Head::Counted { header, octets } }
    }

    /// The counted octets behind `header`: a whole frame, or with an empty header the rest of one that is split.
    fn counted<'a>(&mut self, buffer: &'a [u8], header: usize, octets: u64, end_of_stream: bool) -> Step<'a> {
        let wanted = usize::try_from(octets).unwrap_or(usize::MAX).min(self.message_octets_max);
        let is_over = octets > wanted as u64;
        let continued = header == 0;
        let payload = buffer.get(header..).unwrap_or_default();
        let Some(bytes) = payload.get(..wanted) else {
            return match (end_of_stream, payload.is_empty()) {
                (false, _) => Step::NeedMore,
                (true, true) => Step::Skip { consumed: buffer.len() },
                (true, false) => Step::Frame {
                    bytes: payload,
                    consumed: buffer.len(),
                    over: continued.then_some(Over::Part),
                    unterminated: true,
                },
            };
        };
        let part = if is_over { whole_characters(bytes) } else { bytes };
        let (consumed, state, over) = match (is_over, self.oversize) {
            (false, _) => (wanted, State::FrameStart, continued.then_some(Over::Part)),
            (true, Oversize::Truncate) => {
                (wanted, State::DiscardCounted { remaining: octets - wanted as u64 }, Some(Over::Truncated))
            }
            (true, Oversize::Split) => {
                let remaining = octets - part.len() as u64;
                (part.len(), State::Rest { remaining }, Some(Over::Part))
            }
        };
        self.state = state;
        Step::Frame { bytes: part, consumed: header + consumed, over, unterminated: false }
    }

    /// Text up to its trailer, from which parts may have been taken already.
    fn text<'a>(
        &mut self,
        buffer: &'a [u8],
        searched: usize,
        continued: bool,
        end_of_stream: bool,
    ) -> Step<'a> {
        // Behind a message as long as the limit, CR LF may still follow.
        let window =
            buffer.get(..buffer.len().min(self.message_octets_max.saturating_add(2))).unwrap_or_default();
        let unsearched = window.get(searched..).unwrap_or_default();
        let trailer = memchr::memchr2(b'\n', 0, unsearched).map(|offset| searched + offset);
        let line = match trailer.and_then(|place| buffer.get(..place)) {
            Some(line) => line.strip_suffix(b"\r").unwrap_or(line),
            None => window,
        };
        let is_over = line.len() > self.message_octets_max;
        let full = window.len() > self.message_octets_max.saturating_add(1);
        if trailer.is_none() && !full && !end_of_stream {
            self.state = State::Text { searched: window.len(), continued };
            return Step::NeedMore;
        }
        let message = line.get(..self.message_octets_max).unwrap_or(line);
        let message = if is_over { whole_characters(message) } else { message };
        let (consumed, state, over) = match (is_over, self.oversize, trailer) {
            // What is behind the part was searched with it, but not as the start of one.
            (true, Oversize::Split, _) => {
                (message.len(), State::Text { searched: 0, continued: true }, Some(Over::Part))
            }
            (true, Oversize::Truncate, Some(place)) => (place + 1, State::FrameStart, Some(Over::Truncated)),
            (true, Oversize::Truncate, None) => (message.len(), State::DiscardLine, Some(Over::Truncated)),
            (false, _, trailer) => {
                let consumed = trailer.map_or(buffer.len(), |place| place + 1);
                (consumed, State::FrameStart, continued.then_some(Over::Part))
            }
        };
        self.state = state;
        let bytes = if continued { message } else { without_padding(message) };
        if bytes.is_empty() {
            return Step::Skip { consumed };
        }
        let unterminated = trailer.is_none() && !is_over;
        Step::Frame { bytes, consumed, over, unterminated }
    }
}

/// Takes off the spaces that Cisco ASA writes before PRI.
fn without_padding(line: &[u8]) -> &[u8] {
    let padding = line.iter().take_while(|octet| **octet == b' ').count();
    match line.get(padding..) {
        Some(rest) if rest.first() == Some(&b'<') => rest,
        _ => line,
    }
}

/// Takes off a UTF-8 character that the end of `bytes` cuts (RFC 5424 6.1). Octets that are not UTF-8 stay.
pub(super) fn whole_characters(bytes: &[u8]) -> &[u8] {
    for back in 1..=3_usize.min(bytes.len().saturating_sub(1)) {
        let place = bytes.len() - back;
        let octets = match bytes.get(place) {
            Some(0x80..=0xBF) => continue,
            Some(0xC2..=0xDF) => 2,
            Some(0xE0..=0xEF) => 3,
            Some(0xF0..=0xF4) => 4,
            _ => return bytes,
        };
        return if octets > back { bytes.get(..place).unwrap_or(bytes) } else { bytes };
    }
    bytes
}

#[cfg(test)]
#[path = "framing_tests.rs"]
mod tests;
