//! JSON of our own making, cut into its shape and its values.
//!
//! Invariant: putting the values back gives the JSON octet by octet, whatever was cut. What is a value and what belongs to the
//! shape is only a question of room.

/// Stands before the number of a value in a shape, and between values: no octet of JSON.
pub(super) const MARK: u8 = 0x1F;

/// Most values of a shape.
pub(super) const VALUES_MAX: usize = 250;

/// How deep JSON of ours is at most: a varbind's index is at five.
const DEPTH_MAX: usize = 8;

/// snmpTrapOID.0 (RFC 3418), whose value is of the shape.
const SNMP_TRAP_OID_0: &[u8] = b"1.3.6.1.6.3.1.1.4.1.0";

/// sysUpTime.0 (RFC 3418), whose value is `uptime`, too.
const SYS_UP_TIME_0: &[u8] = b"1.3.6.1.2.1.1.3.0";

/// What kind of message JSON is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// Of `model::syslog`.
    Syslog,
    /// Of `model::notification`.
    Notification,
}

/// Cuts `json`: appends its shape to `shape`, and its values, with [`MARK`] between them, to `values`. Gives whether it could be
/// cut; what was appended is of no use if not.
pub(super) fn cut(dialect: Dialect, json: &[u8], shape: &mut Vec<u8>, values: &mut Vec<u8>) -> bool {
    let mut cutter = Cutter {
        dialect,
        json,
        at: 0,
        copied: 0,
        shape,
        values,
        count: 0,
        depth: 0,
        containers: [b""; DEPTH_MAX],
        key: b"",
        instance: None,
        uptime: None,
        is_trap_oid: false,
        is_up_time: false,
    };
    cutter.run().is_some()
}

/// JSON that is being read.
struct Cutter<'j, 'o> {
    dialect: Dialect,
    json: &'j [u8],
    /// The next octet.
    at: usize,
    /// Up to where octets are in the shape, or values.
    copied: usize,
    shape: &'o mut Vec<u8>,
    values: &'o mut Vec<u8>,
    count: usize,
    depth: usize,
    /// Names of the members that are open; those in a list have the list's.
    containers: [&'j [u8]; DEPTH_MAX],
    /// The name of the member at hand.
    key: &'j [u8],
    /// The instance of the varbind at hand, and which value it is.
    instance: Option<(&'j [u8], u8)>,
    /// `uptime`, and which value it is.
    uptime: Option<(&'j [u8], u8)>,
    /// Whether the varbind at hand is snmpTrapOID.0.
    is_trap_oid: bool,
    /// Whether it is sysUpTime.0.
    is_up_time: bool,
}

impl<'j> Cutter<'j, '_> {
    fn run(&mut self) -> Option<()> {
        while let Some(octet) = self.json.get(self.at) {
            match *octet {
                b'{' | b'[' => {
                    *self.containers.get_mut(self.depth)? = self.key;
                    self.depth += 1;
                    self.at += 1;
                }
                b'}' | b']' => {
                    self.depth = self.depth.checked_sub(1)?;
                    self.key = *self.containers.get(self.depth)?;
                    self.at += 1;
                }
                b',' | b':' => self.at += 1,
                b'"' => self.string()?,
                MARK => return None,
                _ => self.word()?,
            }
        }
        self.copy_until(self.json.len());
        (self.depth == 0).then_some(())
    }

    /// Reads a string: the name of a member, or a value.
    fn string(&mut self) -> Option<()> {
        let start = self.at + 1;
        let end = self.end_of_string(start)?;
        self.at = end + 1;
        let text = self.json.get(start..end)?;
        if self.json.get(self.at) == Some(&b':') {
            self.key = text;
            return Some(());
        }
        if self.is_in_varbind() && self.key == b"oid" {
            return self.oid(start, end);
        }
        self.scalar(start, end)
    }

    /// Where the string that starts at `start` has its closing quote.
    fn end_of_string(&self, start: usize) -> Option<usize> {
        let mut at = start;
        loop {
            let found = at + memchr::memchr3(b'"', b'\\', MARK, self.json.get(at..)?)?;
            match self.json.get(found)? {
                b'"' => return Some(found),
                b'\\' => at = found + 2,
                _ => return None,
            }
        }
    }

    /// Reads a number, `true`, `false` or `null`.
    fn word(&mut self) -> Option<()> {
        let start = self.at;
        let length = self.json.get(start..)?.iter().position(|octet| matches!(octet, b',' | b'}' | b']'))?;
        self.at = start + length;
        match self.json.get(start) {
            Some(b'-' | b'0'..=b'9') if !self.json.get(start..self.at)?.contains(&MARK) => {
                self.scalar(start, self.at)
            }
            Some(b't' | b'f' | b'n') => Some(()),
            _ => None,
        }
    }

    /// Makes what stands from `start` to `end` a value, unless it is of the shape.
    fn scalar(&mut self, start: usize, end: usize) -> Option<()> {
        let text = self.json.get(start..end)?;
        let is_of_shape = match self.dialect {
            Dialect::Syslog => self.is_of_syslog_shape(),
            Dialect::Notification => self.is_of_notification_shape(),
        };
        if is_of_shape {
            return Some(());
        }
        // What is there again by its meaning, and not by chance.
        let again = if self.is_in_index() {
            self.instance
        } else if self.is_up_time && self.key == b"value" {
            self.uptime
        } else {
            None
        };
        if let Some((_, number)) = again.filter(|(value, _)| *value == text) {
            self.mark(start, end, number);
            return Some(());
        }
        let number = self.value(start, end)?;
        if self.depth == 1 && self.key == b"uptime" {
            self.uptime = Some((text, number));
        }
        Some(())
    }

    /// Whether a value of a syslog message tells its kind, and not the one message.
    fn is_of_syslog_shape(&self) -> bool {
        match self.parent() {
            b"" => matches!(self.key, b"msg_id"),
            b"cisco" | b"huawei" | b"notes" => true,
            b"cef" | b"leef" => !matches!(self.key, b"name" | b"severity"),
            b"fields" => matches!(self.key, b"logid" | b"type" | b"subtype" | b"logdesc"),
            _ => false,
        }
    }

    /// The same of a notification.
    fn is_of_notification_shape(&self) -> bool {
        match self.parent() {
            b"" => matches!(
                self.key,
                b"pdu" | b"security_level" | b"vendor" | b"enterprise" | b"generic_trap" | b"specific_trap"
            ),
            b"notes" => true,
            b"varbinds" => {
                matches!(self.key, b"type" | b"name" | b"reason") || self.is_trap_oid && self.key == b"value"
            }
            _ => false,
        }
    }

    /// The name of the member that the value at hand is in; nothing for members of the document.
    fn parent(&self) -> &'j [u8] {
        self.depth.checked_sub(1).and_then(|depth| self.containers.get(depth).copied()).unwrap_or_default()
    }

    fn is_in_varbind(&self) -> bool {
        self.dialect == Dialect::Notification && self.depth == 3 && self.parent() == b"varbinds"
    }

    fn is_in_index(&self) -> bool {
        self.dialect == Dialect::Notification && self.depth == 4 && self.parent() == b"index"
    }

    /// Reads the OID of a varbind from `start` to `end`, and its name behind it: both end in the instance.
    fn oid(&mut self, start: usize, end: usize) -> Option<()> {
        let oid = self.json.get(start..end)?;
        self.is_trap_oid = oid == SNMP_TRAP_OID_0;
        self.is_up_time = oid == SYS_UP_TIME_0;
        self.instance = None;
        let behind = self.json.get(end..)?;
        let name_start = end + b"\",\"name\":\"".len();
        let (instance, name_end) = if behind.starts_with(b"\",\"name\":\"") {
            let name_end = self.end_of_string(name_start)?;
            (after_dot(self.json.get(name_start..name_end)?), Some(name_end))
        } else {
            (last_arc(oid), None)
        };
        let before = oid.strip_suffix(instance).filter(|before| before.ends_with(b"."));
        // The instance of a scalar is of the shape.
        let (Some(before), false) = (before, matches!(instance, b"" | b"0")) else { return Some(()) };
        let number = self.value(start + before.len(), end)?;
        if let Some(name_end) = name_end {
            self.mark(name_end - instance.len(), name_end, number);
            self.at = name_end + 1;
        }
        self.instance = Some((instance, number));
        Some(())
    }

    /// Takes what stands from `start` to `end` out of the shape; gives the number that it has as a value.
    fn value(&mut self, start: usize, end: usize) -> Option<u8> {
        let text = self.json.get(start..end)?;
        if self.count >= VALUES_MAX {
            return None;
        }
        if self.count > 0 {
            self.values.push(MARK);
        }
        self.values.extend_from_slice(text);
        let number = u8::try_from(self.count).ok()?;
        self.count += 1;
        self.mark(start, end, number);
        Some(number)
    }

    /// Lets value `number` stand for what is from `start` to `end`.
    fn mark(&mut self, start: usize, end: usize, number: u8) {
        self.copy_until(start);
        self.shape.extend_from_slice(&[MARK, number]);
        self.copied = end;
    }

    /// Adds what stands before `end` to the shape.
    fn copy_until(&mut self, end: usize) {
        self.shape.extend_from_slice(self.json.get(self.copied..end).unwrap_or_default());
    }
}

/// What stands behind the first dot of a name, as `3` of `IF-MIB::ifIndex.3`.
fn after_dot(name: &[u8]) -> &[u8] {
    memchr::memchr(b'.', name).and_then(|dot| name.get(dot + 1..)).unwrap_or_default()
}

/// The last sub-identifier of dots.
fn last_arc(oid: &[u8]) -> &[u8] {
    memchr::memrchr(b'.', oid).and_then(|dot| oid.get(dot + 1..)).unwrap_or_default()
}
