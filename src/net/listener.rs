//! Binding: one SO_REUSEPORT socket per shard for each address of a listener, in order, before anybody reads.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsFd, OwnedFd};

use socket2::{Domain, Protocol, Socket, Type};

use crate::net::sys;

/// Backlog of a TCP listener: connections that wait to be accepted.
const ACCEPT_BACKLOG: i32 = 1024;

/// A UDP listener as asked for.
#[derive(Debug, Clone)]
pub struct UdpSettings {
    /// Addresses to bind.
    pub addresses: Vec<IpAddr>,
    /// UDP port; 0 lets the kernel choose one, the same for all addresses and shards.
    pub port: u16,
    /// Receive buffer to ask for, per socket.
    pub receive_buffer_octets: usize,
    /// Report the destination address of each datagram (needed to answer from it).
    pub report_local_address: bool,
}

/// One bound UDP socket of a group.
#[derive(Debug)]
pub struct UdpSocket {
    /// The socket, non-blocking.
    pub fd: OwnedFd,
    /// Its address, with the true port.
    pub address: SocketAddr,
}

/// The sockets of one UDP listener: `shards[i]` are those that shard `i` reads, one for each address.
#[derive(Debug)]
pub struct UdpGroup {
    /// Per shard, its sockets.
    pub shards: Vec<Vec<UdpSocket>>,
    /// The bound addresses.
    pub addresses: Vec<SocketAddr>,
    /// Receive buffer that the kernel granted, the least over all sockets.
    pub receive_buffer_octets_granted: usize,
    /// Addresses that could not be bound although another one could (as `::` on a machine without IPv6).
    pub unavailable: Vec<(IpAddr, io::Error)>,
}

/// The sockets of one TCP listener.
#[derive(Debug)]
pub struct TcpGroup {
    /// The sockets with their bound addresses.
    pub sockets: Vec<(std::net::TcpListener, SocketAddr)>,
    /// As [`UdpGroup::unavailable`].
    pub unavailable: Vec<(IpAddr, io::Error)>,
}

/// Why a listener could not be bound.
#[derive(Debug)]
pub struct BindError {
    /// `udp` or `tcp`.
    pub transport: &'static str,
    /// What should have been bound.
    pub address: SocketAddr,
    /// What the kernel said.
    pub source: io::Error,
}

impl fmt::Display for BindError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hint = match self.source.kind() {
            io::ErrorKind::AddrInUse => {
                "; another program, perhaps another muttd, has this port, or another address of the list covers this one"
            }
            io::ErrorKind::PermissionDenied => {
                "; ports below 1024 need root, CAP_NET_BIND_SERVICE or net.ipv4.ip_unprivileged_port_start"
            }
            io::ErrorKind::AddrNotAvailable => "; this machine does not have this address",
            _ => "",
        };
        write!(f, "cannot bind {} {}: {}{hint}", self.transport, self.address, self.source)
    }
}

impl std::error::Error for BindError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}

/// Whether an address family is simply not there, which must not keep the other one from working.
fn is_family_missing(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EAFNOSUPPORT | libc::EADDRNOTAVAIL | libc::EPROTONOSUPPORT))
}

/// Binds the whole group.
///
/// # Errors
/// The first address that cannot be bound, unless its family is missing and another address works.
pub fn bind_udp(settings: &UdpSettings, shards: usize) -> Result<UdpGroup, BindError> {
    let mut group = UdpGroup {
        shards: (0..shards).map(|_| Vec::new()).collect(),
        addresses: Vec::new(),
        receive_buffer_octets_granted: usize::MAX,
        unavailable: Vec::new(),
    };
    let mut port = settings.port;
    for ip in &settings.addresses {
        let asked = SocketAddr::new(*ip, port);
        // A port that another program holds must be an error, but SO_REUSEPORT would let two programs of one user
        // share it in silence: a first bind without the option finds out.
        let probe = match bind_exclusively(asked) {
            Ok(address) => address,
            Err(error) if settings.addresses.len() > 1 && is_family_missing(&error) => {
                group.unavailable.push((*ip, error));
                continue;
            }
            Err(source) => return Err(BindError { transport: "udp", address: asked, source }),
        };
        port = probe.port();
        for sockets in &mut group.shards {
            let (socket, granted) = bind_one(probe, settings).map_err(|source| BindError {
                transport: "udp",
                address: probe,
                source,
            })?;
            group.receive_buffer_octets_granted = group.receive_buffer_octets_granted.min(granted);
            sockets.push(socket);
        }
        group.addresses.push(probe);
    }
    if let (true, Some((ip, _))) = (group.addresses.is_empty(), group.unavailable.first()) {
        let address = SocketAddr::new(*ip, settings.port);
        let (_, source) = group.unavailable.swap_remove(0);
        return Err(BindError { transport: "udp", address, source });
    }
    Ok(group)
}

/// Binds without SO_REUSEPORT and closes again; returns the address with its true port.
fn bind_exclusively(address: SocketAddr) -> io::Result<SocketAddr> {
    let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.bind(&address.into())?;
    local_address(&socket)
}

/// Binds one member of a group. Returns it with the receive buffer granted, in octets as asked for.
fn bind_one(address: SocketAddr, settings: &UdpSettings) -> io::Result<(UdpSocket, usize)> {
    let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.set_reuse_port(true)?;
    socket.set_nonblocking(true)?;
    if sys::force_receive_buffer(socket.as_fd(), settings.receive_buffer_octets).is_err() {
        socket.set_recv_buffer_size(settings.receive_buffer_octets)?;
    }
    if settings.report_local_address {
        sys::report_local_address(socket.as_fd(), address.is_ipv6())?;
    }
    // A kernel that cannot leaves it to the reader to look at the clock.
    let _ = sys::report_arrival(socket.as_fd());
    socket.bind(&address.into())?;
    // The kernel doubles what it is asked for, to pay for its own bookkeeping, and reports the double.
    let granted = socket.recv_buffer_size()? / 2;
    let address = local_address(&socket)?;
    Ok((UdpSocket { fd: socket.into(), address }, granted))
}

/// The bound address of a socket.
fn local_address(socket: &Socket) -> io::Result<SocketAddr> {
    socket.local_addr()?.as_socket().ok_or_else(|| io::Error::other("the socket has no IP address"))
}

/// Binds a TCP listener on each of `addresses`.
///
/// # Errors
/// As [`bind_udp`].
pub fn bind_tcp(addresses: &[IpAddr], port: u16) -> Result<TcpGroup, BindError> {
    let mut group = TcpGroup { sockets: Vec::new(), unavailable: Vec::new() };
    let mut port = port;
    for ip in addresses {
        let asked = SocketAddr::new(*ip, port);
        match bind_tcp_one(asked) {
            Ok((listener, address)) => {
                port = address.port();
                group.sockets.push((listener, address));
            }
            Err(error) if addresses.len() > 1 && is_family_missing(&error) => {
                group.unavailable.push((*ip, error));
            }
            Err(source) => return Err(BindError { transport: "tcp", address: asked, source }),
        }
    }
    match group.unavailable.pop() {
        Some((ip, source)) if group.sockets.is_empty() => {
            Err(BindError { transport: "tcp", address: SocketAddr::new(ip, port), source })
        }
        last => {
            group.unavailable.extend(last);
            Ok(group)
        }
    }
}

/// Binds one TCP listener.
fn bind_tcp_one(address: SocketAddr) -> io::Result<(std::net::TcpListener, SocketAddr)> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    // So that a restart does not wait for the connections of the last run to leave TIME_WAIT.
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(ACCEPT_BACKLOG)?;
    let address = local_address(&socket)?;
    Ok((socket.into(), address))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]
    use super::*;
    use std::net::Ipv4Addr;

    fn settings(port: u16) -> UdpSettings {
        UdpSettings {
            addresses: vec![Ipv4Addr::LOCALHOST.into()],
            port,
            receive_buffer_octets: 256 * 1024,
            report_local_address: true,
        }
    }

    #[test]
    fn a_group_shares_one_port_and_a_second_group_is_refused() {
        let group = bind_udp(&settings(0), 3).unwrap();
        let port = group.addresses[0].port();
        assert_ne!(port, 0);
        assert!(group.shards.iter().all(|sockets| sockets[0].address.port() == port));
        assert!(group.receive_buffer_octets_granted > 0);
        let error = bind_udp(&settings(port), 1).unwrap_err();
        assert_eq!(error.source.kind(), io::ErrorKind::AddrInUse);
        assert!(error.to_string().contains("another program"), "{error}");
    }

    #[test]
    fn tcp_port_in_use_is_one_clear_line() {
        let first = bind_tcp(&[Ipv4Addr::LOCALHOST.into()], 0).unwrap();
        let error = bind_tcp(&[Ipv4Addr::LOCALHOST.into()], first.sockets[0].1.port()).unwrap_err();
        assert!(error.to_string().starts_with("cannot bind tcp 127.0.0.1:"), "{error}");
    }
}
