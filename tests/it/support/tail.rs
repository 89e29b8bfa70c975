//! A reader of the live tail.

use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::Path;

use serde_json::Value as Json;

use super::DEADLINE;

/// An open stream.
pub struct Tail {
    lines: BufReader<Box<dyn Read + Send>>,
    /// The id that came last.
    pub cursor: String,
}

/// An event of the stream.
#[derive(Debug)]
pub struct Tick {
    /// The rows shown.
    pub events: Vec<Json>,
    /// The rows that there were.
    pub matched: u64,
    /// The rows missed before.
    pub skipped: u64,
}

/// Asks for `path` with `headers`; returns status line and headers, and what follows them.
pub fn ask<S: Read + Write + Send + 'static>(
    mut stream: S,
    path: &str,
    headers: &str,
) -> (String, BufReader<Box<dyn Read + Send>>) {
    // Of this version, so that the answer comes as it is, without chunks.
    write!(stream, "GET {path} HTTP/1.0\r\nHost: test\r\n{headers}\r\n").unwrap();
    let mut lines = BufReader::new(Box::new(stream) as Box<dyn Read + Send>);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert!(lines.read_line(&mut head).unwrap() > 0, "the answer ends in its head: {head}");
    }
    (head.to_ascii_lowercase(), lines)
}

/// A connection over TCP.
pub fn tcp(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    stream
}

impl Tail {
    /// Opens a stream over `stream`; everything that is committed from now on comes.
    #[track_caller]
    pub fn open<S: Read + Write + Send + 'static>(stream: S, path: &str, headers: &str) -> Self {
        let (head, lines) = ask(stream, path, headers);
        assert!(head.starts_with("http/1.0 200 "), "{head}");
        assert!(head.contains("content-type: text/event-stream"), "{head}");
        let mut tail = Self { lines, cursor: String::new() };
        let start = tail.block();
        assert!(start.is_empty() && !tail.cursor.is_empty(), "at first the cursor: {start:?}");
        tail
    }

    /// From now on.
    #[track_caller]
    pub fn now(address: SocketAddr) -> Self {
        Self::open(tcp(address), "/api/v1/tail", "")
    }

    /// From behind `cursor`.
    #[track_caller]
    pub fn after(address: SocketAddr, cursor: &str) -> Self {
        Self::open(tcp(address), &format!("/api/v1/tail?after={cursor}"), "")
    }

    /// Over the socket at `path`.
    #[track_caller]
    pub fn over_socket(path: &Path) -> Self {
        let stream = UnixStream::connect(path).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        Self::open(stream, "/api/v1/tail", "")
    }

    /// The data up to the next empty line.
    #[track_caller]
    fn block(&mut self) -> String {
        let mut data = String::new();
        loop {
            let mut line = String::new();
            assert!(self.lines.read_line(&mut line).unwrap() > 0, "the stream has ended");
            match line.trim_end().split_once(": ") {
                Some(("id", id)) => id.clone_into(&mut self.cursor),
                Some(("data", text)) => data.push_str(text),
                _ if line == "\n" => return data,
                _ => assert!(line.starts_with(':'), "{line:?}"),
            }
        }
    }

    /// The next event.
    #[track_caller]
    pub fn tick(&mut self) -> Tick {
        loop {
            let data = self.block();
            if !data.is_empty() {
                let mut json: Json = serde_json::from_str(&data).unwrap();
                assert_eq!(json.as_object().unwrap().len(), 3);
                let Json::Array(events) = json["events"].take() else { panic!("{json}") };
                let number = |name: &str| json[name].as_u64().unwrap();
                let (matched, skipped) = (number("matched"), number("skipped"));
                assert!(events.len() as u64 <= matched && events.len() <= 200, "{}", events.len());
                return Tick { events, matched, skipped };
            }
        }
    }

    /// The next `count` messages, none of which may be left out.
    #[track_caller]
    pub fn events(&mut self, count: usize) -> Vec<Json> {
        let mut events = Vec::new();
        while events.len() < count {
            let tick = self.tick();
            assert_eq!((tick.matched, tick.skipped), (tick.events.len() as u64, 0));
            events.extend(tick.events);
        }
        assert_eq!(events.len(), count);
        events
    }
}
