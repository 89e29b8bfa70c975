//! Receiving and answering over the UDP sockets of one shard.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Arc, Mutex};

use crate::net::sys;

/// Kernel drops of one socket, readable by anybody while the shard receives.
///
/// Holds its own descriptor of the socket: the count is asked of the kernel at the moment it is wanted, so a drop
/// is visible even when no later datagram arrives.
#[derive(Debug)]
pub struct DropGauge {
    socket: OwnedFd,
    /// The kernel's count of 32 bits when it was last read, and the sum since the start.
    last: Mutex<(u32, u64)>,
}

impl DropGauge {
    /// A gauge of the socket behind `socket`.
    ///
    /// # Errors
    /// When the descriptor cannot be duplicated.
    pub fn of(socket: &OwnedFd) -> io::Result<Self> {
        Ok(Self { socket: socket.try_clone()?, last: Mutex::new((0, 0)) })
    }

    /// Datagrams that the kernel dropped at this socket so far.
    pub fn read(&self) -> u64 {
        let Ok(mut last) = self.last.lock() else { return 0 };
        if let Ok(drops) = sys::kernel_drops(self.socket.as_fd()) {
            // The kernel's count wraps.
            last.1 += u64::from(drops.wrapping_sub(last.0));
            last.0 = drops;
        }
        last.1
    }
}

/// Sends answers from the sockets of a listener. Cheap to clone; safe to use from another thread.
#[derive(Debug, Clone)]
pub struct Responder {
    sockets: Arc<Vec<(OwnedFd, SocketAddr)>>,
}

impl Responder {
    /// A responder over `sockets` with their bound addresses.
    #[must_use]
    pub fn new(sockets: Vec<(OwnedFd, SocketAddr)>) -> Self {
        Self { sockets: Arc::new(sockets) }
    }

    /// Sends `bytes` to `peer` from `local`, over the socket of the peer's address family that is bound to `port`.
    ///
    /// # Errors
    /// What `sendmsg` reports, or `NotFound` when no socket fits.
    pub fn send(&self, bytes: &[u8], peer: SocketAddr, port: u16, local: Option<IpAddr>) -> io::Result<()> {
        let fits = |bound: &SocketAddr| bound.is_ipv4() == peer.is_ipv4() && bound.port() == port;
        let Some((socket, _)) = self.sockets.iter().find(|(_, bound)| fits(bound)) else {
            return Err(io::Error::new(io::ErrorKind::NotFound, "no socket to answer from"));
        };
        sys::send_from(socket.as_fd(), bytes, peer, local)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]
    use super::*;
    use crate::base::clock::{Clock, SystemClock};
    use crate::net::listener::{UdpSettings, bind_udp};
    use std::net::{Ipv4Addr, UdpSocket};
    use std::time::Duration;

    #[test]
    fn receives_a_batch_with_peer_local_address_and_truncation_and_answers() {
        let settings = UdpSettings {
            addresses: vec![Ipv4Addr::UNSPECIFIED.into()],
            port: 0,
            receive_buffer_octets: 1 << 20,
            report_local_address: true,
        };
        let mut group = bind_udp(&settings, 1).unwrap();
        let socket = group.shards[0].remove(0);
        let port = socket.address.port();
        let sender = UdpSocket::bind("127.0.0.9:0").unwrap();
        let before = SystemClock.now();
        for text in ["one", "two", "a long one"] {
            sender.send_to(text.as_bytes(), ("127.0.0.7", port)).unwrap();
        }
        let mut slab = sys::ReceiveSlab::new(8, 5);
        let after = SystemClock.now();
        let mut got = Vec::new();
        let mut arrivals = Vec::new();
        while got.len() < 3 {
            assert!(sys::wait_readable(&[socket.fd.as_fd()], Duration::from_secs(5)).unwrap());
            slab.receive(socket.fd.as_fd()).unwrap();
            got.extend(slab.datagrams().map(|d| (d.bytes.to_vec(), d.peer, d.local, d.truncated)));
            arrivals.extend(slab.datagrams().filter_map(|d| d.arrived));
        }
        // Not when they were read, which may be long after.
        assert!(arrivals.len() == 3 && arrivals.is_sorted(), "{arrivals:?}");
        assert!(arrivals.iter().all(|at| (before..=after).contains(at)), "{before} {arrivals:?} {after}");
        let local = Some(IpAddr::from([127, 0, 0, 7]));
        let peer = sender.local_addr().unwrap();
        assert_eq!(got[0], (b"one".to_vec(), peer, local, false));
        assert_eq!(got[2], (b"a lon".to_vec(), peer, local, true));

        let responder = Responder::new(vec![(socket.fd.try_clone().unwrap(), socket.address)]);
        responder.send(b"answer", peer, port, local).unwrap();
        let mut buffer = [0; 16];
        sender.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        let (length, from) = sender.recv_from(&mut buffer).unwrap();
        assert_eq!((&buffer[..length], from), (&b"answer"[..], SocketAddr::from(([127, 0, 0, 7], port))));
    }

    #[test]
    fn kernel_drops_are_seen() {
        let settings = UdpSettings {
            addresses: vec![Ipv4Addr::LOCALHOST.into()],
            port: 0,
            receive_buffer_octets: 4096,
            report_local_address: false,
        };
        let group = bind_udp(&settings, 1).unwrap();
        let socket = &group.shards[0][0];
        let gauge = DropGauge::of(&socket.fd).unwrap();
        let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
        for _ in 0..500 {
            sender.send_to(&[0; 512], socket.address).unwrap();
        }
        let mut slab = sys::ReceiveSlab::new(64, 512);
        let mut received = 0;
        loop {
            match slab.receive(socket.fd.as_fd()).unwrap() {
                0 => break,
                count => received += count as u64,
            }
        }
        assert!(gauge.read() > 0, "the buffer of 4 KiB cannot have held 500 datagrams");
        assert_eq!(received + gauge.read(), 500);
    }
}
