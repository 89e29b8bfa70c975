//! TCP and TLS streams into frames (RFC 6587 3.4, RFC 5425 4.3).
//!
//! ```text
//! octet counting:   MSG-LEN SP MSG                  MSG-LEN = NONZERO-DIGIT *DIGIT
//! non-transparent:  MSG (LF / NUL / CR LF)
//! ```
//!
//! The framing is decided for every frame, because real streams mix both. A number and a space are a MSG-LEN if a
//! PRI follows; in a stream that did not begin non-transparent also if what stands behind the counted octets shows
//! that they were counted.
//!
//! A MSG-LEN that was wrong shows at the octets behind its frame: they start no frame. They are delivered up to the
//! next place where a frame may start, with the digits of the MSG-LEN before them, and the stream goes on.
//!
//! Invariant: what comes out depends on the octets only, never on how they were split into reads; every octet that
//! is neither a MSG-LEN that was right nor a trailer comes out, unless an oversize message is truncated; and an octet
//! is searched once, however slowly its frame arrives.

use super::pri::{self, Start};
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
    /// Octets that start no frame: the MSG-LEN before them was wrong, or nothing is known of them.
    OutOfStep {
        /// MSG-LEN and space as received, if the frame before was counted by them.
        count: Count,
        /// The octets, at most the limit; at least one if there is no count.
        bytes: &'a [u8],
        /// Octets to remove from the start of the buffer before the next call; at least 1.
        consumed: usize,
    },
    /// Octets that belong to no message: keepalives, empty frames, the rest of a truncated message.
    Skip {
        /// Octets to remove from the start of the buffer before the next call; at least 1.
        consumed: usize,
    },
    /// Nothing can be decided before more octets are there. The buffer must keep what it has.
    NeedMore,
}

/// A MSG-LEN and the space behind it, as received; or nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Count {
    octets: [u8; HEADER_OCTETS_MAX],
    len: usize,
}

impl Count {
    /// The count that `header` is.
    fn new(header: &[u8]) -> Self {
        let mut octets = [0; HEADER_OCTETS_MAX];
        for (place, octet) in octets.iter_mut().zip(header) {
            *place = *octet;
        }
        Self { octets, len: header.len().min(HEADER_OCTETS_MAX) }
    }

    /// The octets as received.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.octets.get(..self.len).unwrap_or_default()
    }
}

/// Octets of a MSG-LEN and the space behind it.
const HEADER_OCTETS_MAX: usize = MSG_LEN_DIGITS_MAX + 1;

/// Octets of a PRI.
const PRI_OCTETS_MAX: usize = 5;

/// UTF-8 byte order mark.
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// Spaces that Cisco ASA writes before PRI, and empty counts in a row.
const PADDING_MAX: usize = 4;

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
    /// Octets that start no frame; in the first `searched` of them no frame starts.
    OutOfStep { searched: usize },
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
    /// PRI, perhaps behind spaces.
    Pri,
    /// Neither.
    Other,
    Undecided,
}

/// Divides one connection's octets into frames. It owns no octets but the digits of the last MSG-LEN: the caller keeps
/// the buffer, gives it whole each time, and removes what was consumed.
#[derive(Debug, Clone)]
pub struct Deframer {
    message_octets_max: usize,
    oversize: Oversize,
    first_framing: Option<Framing>,
    state: State,
    /// Whether nothing was consumed yet.
    is_new: bool,
    /// What counted the frame that ended here.
    last_count: Count,
    /// Octets behind a MSG-LEN without PRI that are known to hold no trailer.
    searched: usize,
    was_out_of_step: bool,
}

impl Deframer {
    /// A deframer at the start of a connection. `message_octets_max` is at least 1; the caller's buffer must be
    /// able to hold that many octets and 12 more.
    #[must_use]
    pub fn new(message_octets_max: usize, oversize: Oversize) -> Self {
        Self {
            message_octets_max: message_octets_max.max(1),
            oversize,
            first_framing: None,
            state: State::FrameStart,
            is_new: true,
            last_count: Count::default(),
            searched: 0,
            was_out_of_step: false,
        }
    }

    /// The framing of the connection's first frame, once there was one.
    #[must_use]
    pub fn first_framing(&self) -> Option<Framing> {
        self.first_framing
    }

    /// Whether there were octets that start no frame.
    #[must_use]
    pub fn was_out_of_step(&self) -> bool {
        self.was_out_of_step
    }

    /// Looks at the start of `buffer`, which begins with the first octet that was not consumed yet.
    ///
    /// With `end_of_stream` nothing follows the buffer; then [`Step::NeedMore`] means that it is empty.
    pub fn next<'a>(&mut self, buffer: &'a [u8], end_of_stream: bool) -> Step<'a> {
        if buffer.is_empty() {
            return Step::NeedMore;
        }
        match self.state {
            State::FrameStart => self.frame_start(buffer, end_of_stream),
            State::Text { searched, continued } => self.text(buffer, searched, continued, end_of_stream),
            State::Rest { remaining } => self.counted(buffer, 0, remaining, end_of_stream),
            State::OutOfStep { searched } => self.out_of_step(buffer, searched, end_of_stream),
            State::DiscardCounted { remaining } => {
                let consumed = buffer.len().min(usize::try_from(remaining).unwrap_or(usize::MAX));
                let remaining = remaining.saturating_sub(consumed as u64);
                self.state =
                    if remaining == 0 { State::FrameStart } else { State::DiscardCounted { remaining } };
                Step::Skip { consumed }
            }
            State::DiscardLine => match memchr::memchr2(b'\n', 0, buffer) {
                Some(trailer) => {
                    self.state = State::FrameStart;
                    Step::Skip { consumed: trailer + 1 }
                }
                None => Step::Skip { consumed: buffer.len() },
            },
        }
    }

    fn frame_start<'a>(&mut self, buffer: &'a [u8], end_of_stream: bool) -> Step<'a> {
        if self.is_new {
            match byte_order_mark(buffer, end_of_stream) {
                None => return Step::NeedMore,
                Some(0) => self.is_new = false,
                Some(consumed) => {
                    self.is_new = false;
                    return Step::Skip { consumed };
                }
            }
        }
        let idle = buffer.iter().take_while(|octet| matches!(octet, b'\n' | b'\r' | 0)).count();
        if idle > 0 {
            self.last_count = Count::default();
            return Step::Skip { consumed: idle };
        }
        match self.head(buffer, end_of_stream) {
            Head::Counted { header, octets } => {
                self.first_framing.get_or_insert(Framing::OctetCounting);
                self.last_count = Count::new(buffer.get(..header).unwrap_or_default());
                self.searched = 0;
                self.counted(buffer, header, octets, end_of_stream)
            }
            Head::Empty { header } => Step::Skip { consumed: header },
            Head::Undecided => Step::NeedMore,
            Head::Other if self.is_counted() => {
                self.was_out_of_step = true;
                self.searched = 0;
                self.out_of_step(buffer, 0, end_of_stream)
            }
            Head::Pri | Head::Other => {
                self.first_framing.get_or_insert(Framing::NonTransparent);
                self.last_count = Count::default();
                self.searched = 0;
                self.text(buffer, 0, false, end_of_stream)
            }
        }
    }

    /// Whether a frame ought to start here: the one before was counted, or the first one was.
    fn is_counted(&self) -> bool {
        self.first_framing == Some(Framing::OctetCounting) || !self.last_count.as_bytes().is_empty()
    }

    /// Decides the framing of the frame that `buffer` starts with.
    fn head(&mut self, buffer: &[u8], end_of_stream: bool) -> Head {
        let undecided = if end_of_stream { Head::Other } else { Head::Undecided };
        let digits = digits_of(buffer);
        if digits == 0 || digits > MSG_LEN_DIGITS_MAX {
            return match is_padded_pri(buffer) {
                Some(true) => Head::Pri,
                Some(false) => Head::Other,
                None => undecided,
            };
        }
        let is_text_stream = self.first_framing == Some(Framing::NonTransparent);
        let number = buffer.get(..digits).unwrap_or_default();
        let zero_led = number.first() == Some(&b'0');
        match buffer.get(digits) {
            None => return undecided,
            Some(b' ') if !(zero_led && is_text_stream) => {}
            Some(_) => return Head::Other,
        }
        let header = digits + 1;
        // Ten digits cannot overflow 64 bits.
        let octets = number.iter().fold(0_u64, |value, digit| value * 10 + u64::from(digit - b'0'));
        if octets == 0 {
            return empty_count(buffer, end_of_stream);
        }
        if octets > MSG_LEN_OCTETS_MAX {
            return Head::Other;
        }
        let is_count = match is_pri(buffer.get(header..).unwrap_or_default()) {
            Some(false) if is_text_stream || zero_led => Some(false),
            Some(false) => self.is_counted_without_pri(buffer, header, octets, end_of_stream),
            found => found,
        };
        match is_count {
            Some(true) => Head::Counted { header, octets },
            Some(false) => Head::Other,
            None => undecided,
        }
    }

    /// Whether the octets behind a MSG-LEN without PRI are a message: they hold no trailer, and what follows them starts
    /// another frame or is the end. `None`: not known yet.
    fn is_counted_without_pri(
        &mut self,
        buffer: &[u8],
        header: usize,
        octets: u64,
        end_of_stream: bool,
    ) -> Option<bool> {
        let Some(octets) =
            usize::try_from(octets).ok().filter(|octets| octets + header <= self.message_octets_max)
        else {
            return Some(false);
        };
        let payload = buffer.get(header..).unwrap_or_default();
        let counted = payload.get(..octets).unwrap_or(payload);
        // In a stream that is known to be counted, a message may have lines.
        let is_known = self.first_framing == Some(Framing::OctetCounting);
        let unsearched = counted.get(self.searched..).unwrap_or_default();
        if !is_known && memchr::memchr2(b'\n', 0, unsearched).is_some() {
            return Some(false);
        }
        self.searched = counted.len();
        if counted.len() < octets {
            return end_of_stream.then_some(false);
        }
        let after = payload.get(octets..).unwrap_or_default();
        let digits = digits_of(after);
        match after.get(digits) {
            None if end_of_stream => Some(digits == 0),
            None => None,
            Some(b'<') => Some(digits == 0),
            Some(octet) => Some(*octet == b' ' && (1..=MSG_LEN_DIGITS_MAX).contains(&digits)),
        }
    }

    /// Octets that start no frame, up to the next trailer or the next place where a frame with PRI may start.
    fn out_of_step<'a>(&mut self, buffer: &'a [u8], searched: usize, end_of_stream: bool) -> Step<'a> {
        // What starts at the last octet of the largest part must be seen whole.
        let window_max = self.message_octets_max + PRI_OCTETS_MAX;
        let window = buffer.get(..window_max).unwrap_or(buffer);
        let is_full = window.len() == window_max;
        let (length, consumed, is_end) = match next_start(window, searched) {
            NextStart::Trailer(place) if place <= self.message_octets_max => (place, place + 1, true),
            NextStart::Frame(0) => {
                self.state = State::FrameStart;
                return self.frame_start(buffer, end_of_stream);
            }
            NextStart::Frame(place) if place <= self.message_octets_max => (place, place, true),
            _ if is_full => (self.message_octets_max, self.message_octets_max, false),
            _ if end_of_stream => {
                let length = window.len().min(self.message_octets_max);
                (length, length, false)
            }
            NextStart::Undecided(place) => {
                self.state = State::OutOfStep { searched: place };
                return Step::NeedMore;
            }
            _ => {
                self.state = State::OutOfStep { searched: window.len() };
                return Step::NeedMore;
            }
        };
        self.state = if is_end { State::FrameStart } else { State::OutOfStep { searched: 0 } };
        let bytes = window.get(..length).unwrap_or_default();
        let bytes = if consumed > length { bytes.strip_suffix(b"\r").unwrap_or(bytes) } else { bytes };
        if bytes.is_empty() && self.last_count.as_bytes().is_empty() {
            return Step::Skip { consumed };
        }
        let count = std::mem::take(&mut self.last_count);
        // What starts with another MSG-LEN is out of step by that one.
        let count = if starts_with_count(bytes) { Count::default() } else { count };
        Step::OutOfStep { count, bytes, consumed }
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

/// How many octets of a byte order mark `buffer` starts with: none, or three. `None`: not known yet.
fn byte_order_mark(buffer: &[u8], end_of_stream: bool) -> Option<usize> {
    if buffer.starts_with(BYTE_ORDER_MARK) {
        return Some(BYTE_ORDER_MARK.len());
    }
    (end_of_stream || !BYTE_ORDER_MARK.starts_with(buffer)).then_some(0)
}

/// How many digits `text` starts with, as far as it matters.
fn digits_of(text: &[u8]) -> usize {
    text.iter().take(MSG_LEN_DIGITS_MAX + 1).take_while(|octet| octet.is_ascii_digit()).count()
}

/// Whether `text` starts with a PRI. `None`: not known yet.
fn is_pri(text: &[u8]) -> Option<bool> {
    match text {
        [] => None,
        [b'<', digits @ ..] if digits.len() < PRI_OCTETS_MAX - 1 && digits.iter().all(u8::is_ascii_digit) => {
            None
        }
        _ => Some(matches!(pri::split(text), Start::Valid { .. })),
    }
}

/// [`is_pri`] behind the spaces that Cisco ASA writes.
fn is_padded_pri(text: &[u8]) -> Option<bool> {
    let padding = text.iter().take(PADDING_MAX).take_while(|octet| **octet == b' ').count();
    is_pri(text.get(padding..).unwrap_or_default())
}

/// Decides what `0 ` is: a count of nothing, if a count or a PRI follows it.
fn empty_count(buffer: &[u8], end_of_stream: bool) -> Head {
    let mut rest = buffer;
    for _ in 0..PADDING_MAX {
        match rest.strip_prefix(b"0 ") {
            Some(after) => rest = after,
            None => break,
        }
    }
    let digits = digits_of(rest);
    let found = match rest.get(digits) {
        None => None,
        Some(b' ') if digits > 0 => is_pri(rest.get(digits + 1..).unwrap_or_default()),
        Some(_) => {
            if digits == 0 {
                is_pri(rest)
            } else {
                Some(false)
            }
        }
    };
    match found {
        Some(true) => Head::Empty { header: buffer.len() - rest.len() },
        None if !end_of_stream => Head::Undecided,
        Some(false) | None => Head::Other,
    }
}

/// Whether `bytes` start with a number, a space and a PRI: a MSG-LEN that is beyond belief, or it would have counted.
fn starts_with_count(bytes: &[u8]) -> bool {
    let digits = bytes.iter().take_while(|octet| octet.is_ascii_digit()).count();
    let rest = bytes.get(digits..).unwrap_or_default();
    digits > 0 && rest.strip_prefix(b" ").is_some_and(|rest| is_pri(rest) == Some(true))
}

/// What ends octets that start no frame.
enum NextStart {
    /// A trailer at this place.
    Trailer(usize),
    /// A frame with PRI starts at this place.
    Frame(usize),
    /// Before this place is neither; what starts here cannot be told yet.
    Undecided(usize),
    /// Neither is there.
    Nowhere,
}

/// Searches `window` for the end of octets that start no frame; in the first `searched` of them there is none.
fn next_start(window: &[u8], searched: usize) -> NextStart {
    let mut from = searched;
    while let Some(offset) = memchr::memchr3(b'\n', 0, b'<', window.get(from..).unwrap_or_default()) {
        let place = from + offset;
        let (before, found) = window.split_at(place);
        if found.first() != Some(&b'<') {
            return NextStart::Trailer(place);
        }
        match is_pri(found) {
            None => return NextStart::Undecided(place),
            Some(true) => match start_of_frame(before) {
                Some(start) => return NextStart::Frame(start),
                None => from = place + 1,
            },
            Some(false) => from = place + 1,
        }
    }
    NextStart::Nowhere
}

/// Where the frame starts whose PRI stands behind `before`: there, or at its MSG-LEN. `None`: behind a number that is no
/// MSG-LEN, so that it is no frame either.
fn start_of_frame(before: &[u8]) -> Option<usize> {
    let Some(number) = before.strip_suffix(b" ") else { return Some(before.len()) };
    let digits = number.iter().rev().take_while(|octet| octet.is_ascii_digit()).count();
    if digits == 0 {
        return Some(before.len());
    }
    let start = number.len() - digits;
    let value = number
        .get(start..)?
        .iter()
        .fold(0_u64, |value, digit| value.saturating_mul(10).saturating_add(u64::from(digit - b'0')));
    let is_count =
        digits <= MSG_LEN_DIGITS_MAX && number.get(start) != Some(&b'0') && value <= MSG_LEN_OCTETS_MAX;
    is_count.then_some(start)
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
