//! Syslog messages: RFC 5424, RFC 3164, and what devices send where RFC 3164 was meant.
//!
//! A datagram, or a frame that [`framing`] cut from a stream, becomes a [`Message`] of borrowed fields. Which
//! grammar reads it is decided by the octets after PRI (VERSION and a timestamp or `-`: RFC 5424), never by
//! trying one and falling back to another.
//!
//! Invariant: [`decode`] cannot fail. What it does not recognise stays in [`Message::content`], and every field
//! lies inside the octets it was given.

mod cursor;
mod device_header;
mod device_time;
pub mod escape;
pub mod framing;
mod host;
mod key_value;
mod mnemonic;
pub mod notes;
pub mod pairs;
pub mod payload;
pub mod pri;
pub mod relp;
mod rfc3164;
mod rfc5424;
pub mod structured_data;
mod tag;
mod time_of_day;
mod timestamp;
mod usual;
mod usual_time;
mod zone;

pub use device_time::{ClockMark, DeviceTime};
pub use mnemonic::{Mnemonic, Notation};
pub use notes::Notes;
pub use pairs::Pairs;
pub use payload::Payload;
pub use pri::Pri;
pub use structured_data::StructuredData;

use cursor::Cursor;
use pri::Start;
use timestamp::Stamp;
use usual_time::UsualTime;

/// The grammar that a line follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// RFC 5424, possibly with noted deviations.
    Rfc5424,
    /// RFC 3164 or a vendor's variant of it: at least PRI or a header was recognised.
    Rfc3164,
    /// Nothing was recognised; the whole line is content.
    Unparsed,
}

/// One syslog message, as views of the octets it came in.
///
/// A field is `None` when the message does not have it; NILVALUE is absence, not the text `-`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Message<'a> {
    /// The grammar.
    pub format: Format,
    /// PRI; absent or invalid it is `None`, and a reader assumes [`Pri::ASSUMED`].
    pub pri: Option<Pri>,
    /// The device's own time.
    pub timestamp: Option<DeviceTime<'a>>,
    /// HOSTNAME; for a relayed Cisco line its origin-id.
    pub hostname: Option<&'a [u8]>,
    /// The originator's address, where a relay wrote it before the message.
    pub original_address: Option<&'a [u8]>,
    /// APP-NAME (RFC 5424 6.2.5) or the name part of TAG (RFC 3164 4.1.3). A Cisco line without a process name
    /// has its `FACILITY-SEVERITY-MNEMONIC` here, without `%` and colon.
    pub app_name: Option<&'a [u8]>,
    /// PROCID, or what stands in brackets in TAG.
    pub proc_id: Option<&'a [u8]>,
    /// MSGID, or the `FACILITY-SEVERITY-MNEMONIC` of a Cisco line, or what Huawei and Junos write for it: the kind
    /// of event.
    pub msg_id: Option<&'a [u8]>,
    /// How the kind of event is written, if a vendor's way of naming events was recognised in it.
    pub notation: Option<Notation>,
    /// STRUCTURED-DATA.
    pub structured_data: Option<StructuredData<'a>>,
    /// The sequence number that Cisco devices put first; the device's own one if a relay added another.
    pub sequence_number: Option<u64>,
    /// MSG or CONTENT: everything behind the header.
    pub content: &'a [u8],
    /// What was tolerated.
    pub notes: Notes,
}

impl<'a> Message<'a> {
    /// A message in which nothing is recognised yet.
    #[must_use]
    #[inline]
    pub fn unparsed(content: &'a [u8]) -> Self {
        Self {
            format: Format::Unparsed,
            pri: None,
            timestamp: None,
            hostname: None,
            original_address: None,
            app_name: None,
            proc_id: None,
            msg_id: None,
            notation: None,
            structured_data: None,
            sequence_number: None,
            content,
            notes: Notes::NONE,
        }
    }

    /// Takes over what the message says of its time; an earlier time stays if this one does not exist.
    fn set_time(&mut self, stamp: Stamp<'a>) {
        match stamp {
            Stamp::Known { time, standard } => self.set_usual_time(UsualTime { time, standard }),
            Stamp::Impossible => self.notes.insert(Notes::TIMESTAMP_INVALID),
        }
    }

    /// [`Message::set_time`] of a time that exists.
    #[inline(always)]
    fn set_usual_time(&mut self, UsualTime { time, standard }: UsualTime<'a>) {
        self.timestamp = Some(time);
        if !standard {
            self.notes.insert(Notes::TIMESTAMP_NONSTANDARD);
        }
    }

    /// The parts of the name of the event, if it is a vendor's.
    #[must_use]
    pub fn mnemonic(&self) -> Option<Mnemonic<'a>> {
        Mnemonic::of(self.notation?, self.msg_id?)
    }

    /// What format the content has.
    #[must_use]
    pub fn payload(&self) -> Payload<'a> {
        Payload::of(self.content)
    }
}

/// Decodes one datagram or frame.
///
/// ```
/// let message = mutt::wire::syslog::decode(b"<34>Oct 11 22:14:15 mymachine su: 'su root' failed");
/// assert_eq!(message.hostname, Some(&b"mymachine"[..]));
/// assert_eq!(message.app_name, Some(&b"su"[..]));
/// assert_eq!(message.content, b"'su root' failed");
/// ```
#[must_use]
pub fn decode(bytes: &[u8]) -> Message<'_> {
    let mut message = Message::unparsed(bytes);
    decode_into(bytes, &mut message);
    message
}

/// [`decode`] into a message that is there already, whatever it says: it is large, and moving it costs a tenth of reading it.
pub fn decode_into<'a>(bytes: &'a [u8], message: &mut Message<'a>) {
    set_line(bytes, message);
    usual::read(message, read);
}

/// What [`decode`] gives, of any line read by the grammar alone: slower, and always the same. Tests hold the one against the
/// other.
#[must_use]
pub fn decode_by_grammar(bytes: &[u8]) -> Message<'_> {
    let mut message = Message::unparsed(bytes);
    set_line(bytes, &mut message);
    read(&mut message);
    message
}

/// Makes the line the content of `message`, of which nothing else is known yet.
#[inline(always)]
fn set_line<'a>(bytes: &'a [u8], message: &mut Message<'a>) {
    let line = without_trailer(bytes);
    *message = Message::unparsed(line);
    if line.len() != bytes.len() {
        message.notes.insert(Notes::TRAILER_STRIPPED);
    }
}

/// Reads the line that is the content of `message`, whatever its other fields say.
#[inline(never)]
fn read<'a>(message: &mut Message<'a>) {
    let line = message.content;
    let is_stripped = message.notes.contains(Notes::TRAILER_STRIPPED);
    *message = Message::unparsed(line);
    if is_stripped {
        message.notes.insert(Notes::TRAILER_STRIPPED);
    }
    let mut start = Cursor::new(line);
    // Cisco ASA puts a space before PRI.
    if start.at(b' ') && !(start.eat_spaces() && start.at(b'<')) {
        start = Cursor::new(line);
    }
    match pri::split(start.rest) {
        Start::Absent => message.notes.insert(Notes::PRI_ABSENT),
        Start::Invalid => {
            message.notes.insert(Notes::PRI_INVALID);
            return;
        }
        Start::Valid { pri, leading_zero, rest } => {
            if start.rest.len() != line.len() || rest.first() == Some(&b' ') {
                message.notes.insert(Notes::SPACE_AROUND_PRI);
            }
            if leading_zero {
                message.notes.insert(Notes::PRI_LEADING_ZERO);
            }
            message.pri = Some(pri);
            message.format = Format::Rfc3164;
            message.content = rest;
            start = Cursor::new(rest);
        }
    }
    if matches!(start.rest, [b'O', b'r', ..] | [b' ', ..]) {
        message.original_address = original_address(&mut start, message);
    }
    match rfc5424::after_version(start, &mut message.notes) {
        Some(header) => rfc5424::decode(header, message),
        None => rfc3164::decode(start, message),
    }
    if message.format == Format::Rfc5424 {
        text_of_rfc5424(message);
    }
    if message.hostname.is_none() {
        message.hostname = message.original_address;
        if message.hostname.is_none() {
            message.notes.insert(Notes::HOSTNAME_ABSENT);
        }
    }
}

/// Looks at the text of a message of RFC 5424 for what its header does not tell.
#[inline(always)]
fn text_of_rfc5424(message: &mut Message<'_>) {
    if message.notes.contains(Notes::STRUCTURED_DATA_INVALID) {
        rfc3164::decode_text(message);
    }
    if message.msg_id.is_none() {
        tag::named_event(Cursor::new(message.content), message);
        if message.notation.is_some() {
            message.app_name = message.app_name.or(message.msg_id);
        }
    }
}

/// Takes off what only ends a line or a C string: LF, CR LF, NUL.
fn without_trailer(bytes: &[u8]) -> &[u8] {
    let mut line = bytes;
    while let [rest @ .., b'\n' | b'\r' | 0] = line {
        line = rest;
    }
    line
}

/// Moves over `Original Address=192.0.2.1 `, which Kiwi Syslog puts after PRI when it relays.
fn original_address<'a>(start: &mut Cursor<'a>, message: &mut Message<'a>) -> Option<&'a [u8]> {
    let mut ahead = *start;
    ahead.eat_spaces();
    if !ahead.eat_all(b"Original Address=") {
        return None;
    }
    let address = ahead.take_word();
    ahead.eat_spaces();
    message.notes.insert(Notes::RELAYED);
    message.content = ahead.rest;
    *start = ahead;
    Some(address)
}

#[cfg(test)]
mod property_tests;
#[cfg(test)]
mod tests;
