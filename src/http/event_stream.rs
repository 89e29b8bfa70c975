//! Server-sent events as a client reads them (HTML Living Standard, 9.2 "Server-sent events").

/// Octets of one event at most.
const EVENT_OCTETS_MAX: usize = 16 * 1024 * 1024;

/// A stream as it comes in, in parts of any size.
#[derive(Debug, Default)]
pub struct EventStream {
    buffer: Vec<u8>,
    /// Octets of the buffer in which no end of a line is.
    searched: usize,
    last_id: Option<String>,
    /// The id of the event that is coming.
    coming_id: Option<String>,
    data: String,
}

/// An event is longer than a server of ours makes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an event is longer than {EVENT_OCTETS_MAX} octets")]
pub struct TooLong;

impl EventStream {
    /// The id of the last event that is complete.
    #[must_use]
    pub fn last_id(&self) -> Option<&str> {
        self.last_id.as_deref()
    }

    /// Forgets an event that is not complete: what comes now is another answer, which goes on behind the last id.
    pub fn restart(&mut self) {
        *self = Self { last_id: self.last_id.take(), ..Self::default() };
    }

    /// Adds `octets`, and hands the data of each event that is complete to `take`.
    ///
    /// # Errors
    /// [`TooLong`]; the stream is of no use then.
    pub fn push(&mut self, octets: &[u8], mut take: impl FnMut(&str)) -> Result<(), TooLong> {
        self.buffer.extend_from_slice(octets);
        let buffer = std::mem::take(&mut self.buffer);
        let mut rest = buffer.as_slice();
        while let Some(end) = memchr::memchr(b'\n', rest.get(self.searched..).unwrap_or_default()) {
            let (line, others) = rest.split_at(self.searched + end);
            rest = others.get(1..).unwrap_or_default();
            self.searched = 0;
            self.take_line(&String::from_utf8_lossy(line), &mut take);
        }
        self.searched = rest.len();
        self.buffer = rest.to_vec();
        if self.buffer.len() + self.data.len() > EVENT_OCTETS_MAX { Err(TooLong) } else { Ok(()) }
    }

    /// Takes a line without its end. Fields that are of no use here, and comments, say nothing.
    fn take_line(&mut self, line: &str, take: &mut impl FnMut(&str)) {
        let line = line.strip_suffix('\r').unwrap_or(line);
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "" if line.is_empty() => {
                self.last_id = self.coming_id.take().or_else(|| self.last_id.take());
                if !self.data.is_empty() {
                    take(&std::mem::take(&mut self.data));
                }
            }
            "id" => self.coming_id = Some(value.to_owned()),
            "data" => {
                if !self.data.is_empty() {
                    self.data.push('\n');
                }
                self.data.push_str(value);
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_come_out_whole_however_the_stream_is_cut() {
        let text =
            ": hi\nid: 7\n\nid: 8\r\ndata: {\"a\":1}\r\n\r\nretry: 5\ndata:b\ndata: c\nid: 9\n\ndata: never";
        for size in 1..text.len() {
            let mut stream = EventStream::default();
            let mut all = Vec::new();
            for part in text.as_bytes().chunks(size) {
                assert_eq!(stream.push(part, |data| all.push(data.to_owned())), Ok(()));
            }
            assert_eq!(all, ["{\"a\":1}", "b\nc"]);
            assert_eq!(stream.last_id(), Some("9"));
        }
    }

    #[test]
    fn an_event_without_end_is_not_kept_for_ever() {
        let mut stream = EventStream::default();
        let part = vec![b'x'; 1024 * 1024];
        let taken = (0..20).take_while(|_| stream.push(&part, |_| ()).is_ok()).count();
        assert_eq!(taken, 16);
    }
}
