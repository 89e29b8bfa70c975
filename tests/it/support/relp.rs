//! A RELP client.

use std::io::{Read, Write};

/// A session over any stream.
pub struct Relp<S> {
    stream: S,
    transaction: u32,
    /// Octets read and not yet part of an answer.
    ahead: Vec<u8>,
}

impl<S: Read + Write> Relp<S> {
    /// Opens a session.
    #[track_caller]
    pub fn open(stream: S) -> Self {
        let mut this = Self { stream, transaction: 0, ahead: Vec::new() };
        this.send("open", "relp_version=0\nrelp_software=test\ncommands=syslog");
        let answer = this.answer().expect("no answer to open");
        assert!(answer.starts_with("1 rsp ") && answer.contains(" 200 OK\nrelp_version=0\n"), "{answer}");
        this
    }

    /// Sends a command; returns its transaction number.
    pub fn send(&mut self, command: &str, data: &str) -> u32 {
        self.transaction += 1;
        let head = format!("{} {command} {}", self.transaction, data.len());
        let frame = if data.is_empty() { format!("{head}\n") } else { format!("{head} {data}\n") };
        self.stream.write_all(frame.as_bytes()).unwrap();
        self.stream.flush().unwrap();
        self.transaction
    }

    /// The next answer without its LF; `None` at the end of the connection.
    pub fn answer(&mut self) -> Option<String> {
        loop {
            if let Some(length) = frame_octets(&self.ahead) {
                let frame: Vec<u8> = self.ahead.drain(..length).collect();
                return Some(String::from_utf8(frame).unwrap().trim_end_matches('\n').to_owned());
            }
            let mut octets = [0; 1_024];
            match self.stream.read(&mut octets) {
                Ok(0) => return None,
                Ok(count) => self.ahead.extend_from_slice(&octets[..count]),
                Err(error) => panic!("no answer: {error}"),
            }
        }
    }

    /// Waits for the acknowledgement of `transaction`.
    #[track_caller]
    pub fn acknowledged(&mut self, transaction: u32) {
        assert_eq!(self.answer(), Some(format!("{transaction} rsp 6 200 OK")));
    }

    /// The stream.
    pub fn stream(&mut self) -> &mut S {
        &mut self.stream
    }
}

/// Length of the frame at the start of `octets`; `None` while it is not whole.
fn frame_octets(octets: &[u8]) -> Option<usize> {
    let mut spaces = octets.iter().enumerate().filter(|(_, octet)| **octet == b' ').map(|(at, _)| at);
    let start = spaces.nth(1)? + 1;
    let digits = octets[start..].iter().take_while(|octet| octet.is_ascii_digit()).count();
    let end = start + digits;
    let data: usize = std::str::from_utf8(&octets[start..end]).unwrap().parse().unwrap();
    let length = if data == 0 && octets.get(end) == Some(&b'\n') { end + 1 } else { end + 1 + data + 1 };
    (octets.len() >= length && octets.get(end).is_some()).then_some(length)
}
