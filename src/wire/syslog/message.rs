//! The fields of one syslog message.

use super::device_time::DeviceTime;
use super::notes::Notes;
use super::payload::Payload;
use super::pri::Pri;
use super::structured_data::StructuredData;
use super::timestamp::Stamp;
use super::vendors::{Mnemonic, Notation};

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

    /// Takes over what the message says of its time. A time that does not exist or cannot be read is noted and
    /// leaves an earlier one as it is.
    pub(super) fn set_time(&mut self, stamp: Stamp<'a>) {
        match stamp {
            Stamp::Known { time, standard } => {
                self.timestamp = Some(time);
                if !standard {
                    self.notes.insert(Notes::TIMESTAMP_NONSTANDARD);
                }
            }
            Stamp::Impossible => self.notes.insert(Notes::TIMESTAMP_INVALID),
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
