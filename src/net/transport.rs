//! An accepted connection, plain or within TLS, as one stream of octets.
//!
//! Invariant: a connection holds no memory of ours beside its TLS session once what was read ahead is consumed.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

/// Memory that a connection in the clear takes while nothing of it is unfinished: 2 to 4 KiB were measured.
pub const PLAIN_OCTETS_MAX: usize = 4 * 1024;

/// Memory that a connection within TLS takes at most: 11 KiB were measured while it is idle, an unfinished record takes
/// 18 KiB more, and a peer that shakes hands may make the library hold a handshake message of 64 KiB.
pub const TLS_OCTETS_MAX: usize = 96 * 1024;

/// A connection of which the first octets were read already.
#[derive(Debug)]
pub struct Rewound {
    ahead: Vec<u8>,
    taken: usize,
    stream: TcpStream,
}

impl Rewound {
    /// `stream`, from which `ahead` was read.
    #[must_use]
    pub fn new(ahead: Vec<u8>, stream: TcpStream) -> Self {
        Self { ahead, taken: 0, stream }
    }

    /// Looks at the next octets without taking them; returns how many there are. Waits for the first.
    ///
    /// # Errors
    /// What the socket reports.
    pub async fn peek(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let ahead = self.ahead.get(self.taken..).unwrap_or_default();
        if ahead.is_empty() {
            return self.stream.peek(buffer).await;
        }
        let count = ahead.len().min(buffer.len());
        for (place, octet) in buffer.iter_mut().zip(ahead) {
            *place = *octet;
        }
        Ok(count)
    }
}

impl AsyncRead for Rewound {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let ahead = this.ahead.get(this.taken..).unwrap_or_default();
        if ahead.is_empty() {
            return Pin::new(&mut this.stream).poll_read(cx, buffer);
        }
        let count = ahead.len().min(buffer.remaining());
        buffer.put_slice(ahead.get(..count).unwrap_or_default());
        this.taken += count;
        if this.taken >= this.ahead.len() {
            (this.ahead, this.taken) = (Vec::new(), 0);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Rewound {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, octets)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// An accepted connection.
#[derive(Debug)]
pub enum Transport {
    /// TCP.
    Plain(Rewound),
    /// TLS over TCP.
    Tls(Box<TlsStream<Rewound>>),
}

impl Transport {
    /// Whether it is encrypted.
    #[must_use]
    pub fn is_tls(&self) -> bool {
        matches!(self, Self::Tls(_))
    }
}

impl AsyncRead for Transport {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(cx, buffer),
            Self::Tls(stream) => Pin::new(stream).poll_read(cx, buffer),
        }
    }
}

impl AsyncWrite for Transport {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(cx, octets),
            Self::Tls(stream) => Pin::new(stream).poll_write(cx, octets),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Self::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
