//! One TCP connection, plain or within TLS, that is written and read without waiting.
//!
//! Below tcp, tls and relp. Invariant: octets leave in the order in which they were appended; opening may wait for a few
//! seconds, nothing else does.

use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use nix::sys::socket::{
    AddressFamily, SockFlag, SockType, SockaddrIn, SockaddrStorage, bind, connect, setsockopt, socket,
    sockopt,
};
use nix::sys::time::{TimeVal, TimeValLike};
use rustls::{ClientConnection, StreamOwned};

use crate::tls::Connector;

/// How long the other side may take to accept a connection, and each step of what comes before the first message.
const OPEN_TIMEOUT: Duration = Duration::from_secs(5);
/// How long the other side may take to read what is left and to close.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);
/// Octets that are read at once.
const READ_OCTETS: usize = 16_384;
/// First pause before a broken connection is tried again; each is twice as long as the one before.
const PAUSE_MIN: Duration = Duration::from_millis(50);
/// Longest pause.
const PAUSE_MAX: Duration = Duration::from_secs(1);

#[derive(Debug)]
enum Wire {
    Plain(TcpStream),
    Tls(Box<StreamOwned<ClientConnection, TcpStream>>),
}

/// A connection, and the octets that it is still to send.
#[derive(Debug)]
pub struct Connection {
    wire: Wire,
    /// Octets to send.
    pub out: Vec<u8>,
    written: usize,
}

impl Connection {
    /// Connects to `address`, from `source` where that is given, within TLS where there is a connector.
    ///
    /// # Errors
    /// No connection, or no TLS session, within a few seconds.
    pub fn open(address: SocketAddr, source: Option<Ipv4Addr>, tls: Option<&Connector>) -> io::Result<Self> {
        let stream = tcp(address, source)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(OPEN_TIMEOUT))?;
        stream.set_write_timeout(Some(OPEN_TIMEOUT))?;
        let wire = match tls {
            None => Wire::Plain(stream),
            Some(tls) => Wire::Tls(Box::new(tls.shake(stream)?)),
        };
        Ok(Self { wire, out: Vec::new(), written: 0 })
    }

    /// Sends `octets` and waits until `is_whole` says that the answer is. Only before [`Connection::go`].
    ///
    /// # Errors
    /// The answer does not come within a few seconds.
    pub fn ask(&mut self, octets: &[u8], is_whole: impl Fn(&[u8]) -> bool) -> io::Result<Vec<u8>> {
        match &mut self.wire {
            Wire::Plain(stream) => stream.write_all(octets)?,
            Wire::Tls(stream) => {
                stream.write_all(octets)?;
                stream.flush()?;
            }
        }
        let mut answer = Vec::new();
        let mut buffer = [0; 1024];
        while !is_whole(&answer) {
            match self.read_some(&mut buffer)? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                count => answer.extend_from_slice(buffer.get(..count).unwrap_or_default()),
            }
        }
        Ok(answer)
    }

    /// From now on nothing waits.
    ///
    /// # Errors
    /// The machine's fault.
    pub fn go(&self) -> io::Result<()> {
        self.stream().set_nonblocking(true)
    }

    /// Octets of `out` that the kernel took, or the TLS session.
    #[must_use]
    pub fn written(&self) -> usize {
        self.written
    }

    /// Sends what is in `out`. Whether all of it is gone; then `out` is empty.
    ///
    /// # Errors
    /// The connection is broken.
    pub fn flush(&mut self) -> io::Result<bool> {
        while self.written < self.out.len() {
            let rest = self.out.get(self.written..).unwrap_or_default();
            let result = match &mut self.wire {
                Wire::Plain(stream) => stream.write(rest),
                Wire::Tls(stream) => stream.write(rest),
            };
            match result {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => self.written += count,
                Err(error) if is_for_later(&error) => return Ok(false),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        if let Wire::Tls(stream) = &mut self.wire {
            match stream.flush() {
                Err(error) if is_for_later(&error) => return Ok(false),
                other => other?,
            }
        }
        self.out.clear();
        self.written = 0;
        Ok(true)
    }

    /// Appends what came to `into`. Whether the other side may send more.
    ///
    /// # Errors
    /// The connection is broken.
    pub fn read(&mut self, into: &mut Vec<u8>) -> io::Result<bool> {
        let mut buffer = [0; READ_OCTETS];
        loop {
            match self.read_some(&mut buffer) {
                Ok(0) => return Ok(false),
                Ok(count) => into.extend_from_slice(buffer.get(..count).unwrap_or_default()),
                Err(error) if is_for_later(&error) => return Ok(true),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // Without close_notify it is an end all the same.
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(false),
                Err(error) => return Err(error),
            }
        }
    }

    /// Says that nothing more comes, and waits until the other side closes. What it still sends is read: else the
    /// kernel would reset the connection, and the other side might not read all that we sent.
    pub fn close(mut self) {
        let deadline = Instant::now() + CLOSE_TIMEOUT;
        let stream = self.stream();
        let _ = stream.set_nonblocking(false);
        let _ = stream.set_write_timeout(Some(CLOSE_TIMEOUT));
        let _ = self.flush();
        if let Wire::Tls(stream) = &mut self.wire {
            stream.conn.send_close_notify();
            let _ = stream.flush();
        }
        let _ = self.stream().shutdown(Shutdown::Write);
        let mut buffer = [0; READ_OCTETS];
        while let Some(left) = deadline.checked_duration_since(Instant::now()).filter(|left| !left.is_zero())
        {
            let _ = self.stream().set_read_timeout(Some(left));
            // The raw stream: what comes within TLS is of no use any more.
            let mut raw = self.stream();
            match raw.read(&mut buffer) {
                Ok(0) | Err(_) => break,
                Ok(_) => {}
            }
        }
    }

    fn read_some(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match &mut self.wire {
            Wire::Plain(stream) => stream.read(buffer),
            Wire::Tls(stream) => stream.read(buffer),
        }
    }

    fn stream(&self) -> &TcpStream {
        match &self.wire {
            Wire::Plain(stream) => stream,
            Wire::Tls(stream) => &stream.sock,
        }
    }
}

impl AsFd for Connection {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream().as_fd()
    }
}

fn is_for_later(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::WouldBlock
}

fn tcp(address: SocketAddr, source: Option<Ipv4Addr>) -> io::Result<TcpStream> {
    let family = if address.is_ipv4() { AddressFamily::Inet } else { AddressFamily::Inet6 };
    let descriptor = socket(family, SockType::Stream, SockFlag::SOCK_CLOEXEC, None)?;
    let stream = TcpStream::from(descriptor);
    // Linux limits connect(2) by it, too (socket(7)).
    let seconds = i64::try_from(OPEN_TIMEOUT.as_secs()).unwrap_or(i64::MAX);
    setsockopt(&stream, sockopt::SendTimeout, &TimeVal::seconds(seconds))?;
    let raw = std::os::fd::AsRawFd::as_raw_fd(&stream);
    if let Some(source) = source {
        bind(raw, &SockaddrIn::from(std::net::SocketAddrV4::new(source, 0)))?;
    }
    connect(raw, &SockaddrStorage::from(address))?;
    Ok(stream)
}

/// When a broken connection is to be tried again.
#[derive(Debug)]
pub struct Retry {
    broke_at: Instant,
    next: Instant,
    pause: Duration,
}

impl Retry {
    /// It broke at `now`.
    #[must_use]
    pub fn new(now: Instant) -> Self {
        Self { broke_at: now, next: now, pause: PAUSE_MIN }
    }

    /// Whether it is time.
    #[must_use]
    pub fn is_due(&self, now: Instant) -> bool {
        now >= self.next
    }

    /// It did not work. Whether there is still time for another try, of `timeout` in all.
    pub fn again(&mut self, now: Instant, timeout: Duration) -> bool {
        self.next = now + self.pause;
        self.pause = (2 * self.pause).min(PAUSE_MAX);
        now.saturating_duration_since(self.broke_at) < timeout
    }
}
