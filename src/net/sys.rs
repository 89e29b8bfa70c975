//! The system calls that have no safe wrapper in our dependencies: batch receive, control messages, a few options.
//!
//! Invariant: the only file of the project with `unsafe`; each block states why it is sound.

use std::io;
use std::mem;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::os::fd::{AsRawFd, BorrowedFd};
use std::time::Duration;

use crate::base::clock::Timestamp;

/// Octets of control message space per datagram: one `in6_pktinfo` (20 octets) and one `timespec` (16), each with its
/// header, and slack.
const CONTROL_OCTETS: usize = 96;

/// Control message space with the alignment that the kernel's `cmsghdr` wants.
#[repr(C, align(8))]
#[derive(Clone, Copy)]
struct Control([u8; CONTROL_OCTETS]);

/// Room for one batch of datagrams, allocated once and filled by [`ReceiveSlab::receive`].
pub struct ReceiveSlab {
    octets: Vec<u8>,
    datagram_octets_max: usize,
    headers: Vec<libc::mmsghdr>,
    vectors: Vec<libc::iovec>,
    names: Vec<libc::sockaddr_storage>,
    controls: Vec<Control>,
    received: usize,
}

impl std::fmt::Debug for ReceiveSlab {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ReceiveSlab").field("datagrams_max", &self.headers.len()).finish_non_exhaustive()
    }
}

// SAFETY: the raw pointers in headers and vectors are written by `receive`, which points them at buffers of the same
// slab before each use; between calls nobody reads through them. So a slab may move to another thread.
unsafe impl Send for ReceiveSlab {}

/// One received datagram, borrowed from its slab.
#[derive(Debug, Clone, Copy)]
pub struct Datagram<'a> {
    /// The payload, at most the configured maximum.
    pub bytes: &'a [u8],
    /// Who sent it.
    pub peer: SocketAddr,
    /// The address it was sent to, when the socket was told to report it.
    pub local: Option<IpAddr>,
    /// When the kernel took it in, when the socket was told to report it.
    pub arrived: Option<Timestamp>,
    /// The datagram was longer than the slab's maximum, and its end is gone (`MSG_TRUNC`).
    pub truncated: bool,
}

impl ReceiveSlab {
    /// Room for `datagrams_max` datagrams of at most `datagram_octets_max` octets each.
    #[must_use]
    pub fn new(datagrams_max: usize, datagram_octets_max: usize) -> Self {
        // SAFETY: all three are plain C structs for which all-zero octets are a valid value (null pointers, no flags).
        let (header, vector, name) = unsafe {
            (
                mem::zeroed::<libc::mmsghdr>(),
                mem::zeroed::<libc::iovec>(),
                mem::zeroed::<libc::sockaddr_storage>(),
            )
        };
        Self {
            octets: vec![0; datagrams_max * datagram_octets_max],
            datagram_octets_max,
            headers: vec![header; datagrams_max],
            vectors: vec![vector; datagrams_max],
            names: vec![name; datagrams_max],
            controls: vec![Control([0; CONTROL_OCTETS]); datagrams_max],
            received: 0,
        }
    }

    /// Octets that such a slab occupies once every part of it was used.
    #[must_use]
    pub fn octets(datagrams_max: usize, datagram_octets_max: usize) -> usize {
        datagrams_max
            * (datagram_octets_max
                + mem::size_of::<libc::mmsghdr>()
                + mem::size_of::<libc::iovec>()
                + mem::size_of::<libc::sockaddr_storage>()
                + CONTROL_OCTETS)
    }

    /// Takes what the socket holds, up to the slab's number of datagrams, without waiting. Returns how many.
    ///
    /// # Errors
    /// What `recvmmsg` reports, other than "nothing there" (which is `Ok(0)`).
    pub fn receive(&mut self, socket: BorrowedFd<'_>) -> io::Result<usize> {
        self.received = 0;
        let slots = self
            .octets
            .chunks_exact_mut(self.datagram_octets_max)
            .zip(&mut self.vectors)
            .zip(&mut self.names)
            .zip(&mut self.controls);
        for (header, (((slot, vector), name), control)) in self.headers.iter_mut().zip(slots) {
            vector.iov_base = slot.as_mut_ptr().cast();
            vector.iov_len = slot.len();
            let h = &mut header.msg_hdr;
            h.msg_name = std::ptr::from_mut(name).cast();
            h.msg_namelen = mem::size_of::<libc::sockaddr_storage>() as libc::socklen_t;
            h.msg_iov = vector;
            h.msg_iovlen = 1;
            h.msg_control = control.0.as_mut_ptr().cast();
            h.msg_controllen = CONTROL_OCTETS;
            h.msg_flags = 0;
            header.msg_len = 0;
        }
        // SAFETY: the headers were just pointed at buffers that `self` owns, with their true lengths; none of them
        // moves before the call returns, and the kernel keeps no pointer after it.
        let count = unsafe {
            libc::recvmmsg(
                socket.as_raw_fd(),
                self.headers.as_mut_ptr(),
                self.headers.len() as libc::c_uint,
                libc::MSG_DONTWAIT,
                std::ptr::null_mut(),
            )
        };
        match usize::try_from(count) {
            Ok(count) => {
                self.received = count;
                Ok(count)
            }
            Err(_) => match io::Error::last_os_error() {
                error if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => {
                    Ok(0)
                }
                error => Err(error),
            },
        }
    }

    /// The datagrams of the last [`receive`](Self::receive).
    pub fn datagrams(&self) -> impl Iterator<Item = Datagram<'_>> {
        self.headers
            .iter()
            .zip(self.octets.chunks_exact(self.datagram_octets_max))
            .zip(&self.names)
            .take(self.received)
            .filter_map(|((header, slot), name)| {
                let bytes = slot.get(..header.msg_len as usize)?;
                let peer = socket_address(name)?;
                let truncated = header.msg_hdr.msg_flags & libc::MSG_TRUNC != 0;
                let Reported { local, arrived } = reported(&header.msg_hdr);
                Some(Datagram { bytes, peer, local, arrived, truncated })
            })
    }
}

/// Reads what the kernel wrote as a peer's address.
fn socket_address(name: &libc::sockaddr_storage) -> Option<SocketAddr> {
    match libc::c_int::from(name.ss_family) {
        libc::AF_INET => {
            // SAFETY: the family says that the storage, which is large and aligned enough for any address, holds a
            // `sockaddr_in`; every bit pattern of it is valid.
            let v4 = unsafe { &*std::ptr::from_ref(name).cast::<libc::sockaddr_in>() };
            let ip = Ipv4Addr::from(u32::from_be(v4.sin_addr.s_addr));
            Some(SocketAddr::V4(SocketAddrV4::new(ip, u16::from_be(v4.sin_port))))
        }
        libc::AF_INET6 => {
            // SAFETY: as above, for `sockaddr_in6`.
            let v6 = unsafe { &*std::ptr::from_ref(name).cast::<libc::sockaddr_in6>() };
            let ip = Ipv6Addr::from(v6.sin6_addr.s6_addr);
            Some(SocketAddr::V6(SocketAddrV6::new(ip, u16::from_be(v6.sin6_port), 0, v6.sin6_scope_id)))
        }
        _ => None,
    }
}

/// What the kernel says of a datagram beside its octets and its sender.
#[derive(Debug, Clone, Copy, Default)]
struct Reported {
    local: Option<IpAddr>,
    arrived: Option<Timestamp>,
}

/// Reads the control messages of a received header.
fn reported(header: &libc::msghdr) -> Reported {
    let mut reported = Reported::default();
    if header.msg_controllen == 0 {
        return reported;
    }
    // SAFETY: `header` was filled by `recvmmsg`: `msg_control` points at `msg_controllen` octets of our own control
    // buffer, aligned for `cmsghdr`; the macros stay within that length.
    let mut message = unsafe { libc::CMSG_FIRSTHDR(header) };
    while !message.is_null() {
        // SAFETY: the pointer came from CMSG_FIRSTHDR or CMSG_NXTHDR and is not null, so a whole header is there.
        let (level, kind) = unsafe { ((*message).cmsg_level, (*message).cmsg_type) };
        match (level, kind) {
            (libc::IPPROTO_IP, libc::IP_PKTINFO) => {
                // SAFETY: the kernel puts an `in_pktinfo` behind this kind of header; read without assuming alignment.
                let info =
                    unsafe { std::ptr::read_unaligned(libc::CMSG_DATA(message).cast::<libc::in_pktinfo>()) };
                // The local address of the interface, from where an answer can leave: for a broadcast the destination
                // in the header is not one.
                reported.local = Some(IpAddr::V4(Ipv4Addr::from(u32::from_be(info.ipi_spec_dst.s_addr))));
            }
            (libc::IPPROTO_IPV6, libc::IPV6_PKTINFO) => {
                // SAFETY: as above, with an `in6_pktinfo`.
                let info =
                    unsafe { std::ptr::read_unaligned(libc::CMSG_DATA(message).cast::<libc::in6_pktinfo>()) };
                let address = Ipv6Addr::from(info.ipi6_addr.s6_addr);
                reported.local = (!address.is_multicast()).then_some(IpAddr::V6(address));
            }
            (libc::SOL_SOCKET, libc::SCM_TIMESTAMPNS) => {
                // SAFETY: as above, with a `timespec`.
                let time =
                    unsafe { std::ptr::read_unaligned(libc::CMSG_DATA(message).cast::<libc::timespec>()) };
                reported.arrived = Some(Timestamp(time.tv_sec * 1_000_000 + time.tv_nsec / 1_000));
            }
            _ => {}
        }
        // SAFETY: `message` is the current header of `header`'s control buffer.
        message = unsafe { libc::CMSG_NXTHDR(header, message) };
    }
    reported
}

/// Sends one datagram to `peer`, from the local address `local` where one is given (RFC 3417 3.1: an answer leaves
/// from the address the request came to).
///
/// # Errors
/// What `sendmsg` reports.
pub fn send_from(
    socket: BorrowedFd<'_>,
    bytes: &[u8],
    peer: SocketAddr,
    local: Option<IpAddr>,
) -> io::Result<()> {
    let address = socket2::SockAddr::from(peer);
    let mut vector = libc::iovec { iov_base: bytes.as_ptr().cast_mut().cast(), iov_len: bytes.len() };
    let mut control = Control([0; CONTROL_OCTETS]);
    // SAFETY: all-zero octets are a valid `msghdr`.
    let mut header: libc::msghdr = unsafe { mem::zeroed() };
    header.msg_name = address.as_ptr().cast_mut().cast();
    header.msg_namelen = address.len();
    header.msg_iov = &raw mut vector;
    header.msg_iovlen = 1;
    match local {
        Some(IpAddr::V4(ip)) => {
            let info = libc::in_pktinfo {
                ipi_ifindex: 0,
                ipi_spec_dst: libc::in_addr { s_addr: u32::from(ip).to_be() },
                ipi_addr: libc::in_addr { s_addr: 0 },
            };
            put_control(&mut header, &mut control, libc::IPPROTO_IP, libc::IP_PKTINFO, info);
        }
        Some(IpAddr::V6(ip)) => {
            let info =
                libc::in6_pktinfo { ipi6_addr: libc::in6_addr { s6_addr: ip.octets() }, ipi6_ifindex: 0 };
            put_control(&mut header, &mut control, libc::IPPROTO_IPV6, libc::IPV6_PKTINFO, info);
        }
        None => {}
    }
    // SAFETY: name, vector and control all point at locals (or at `bytes`) that outlive the call, with true lengths;
    // `sendmsg` only reads through them.
    let sent = unsafe { libc::sendmsg(socket.as_raw_fd(), &raw const header, libc::MSG_DONTWAIT) };
    if sent < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Places one control message of type `T` into `control` and points `header` at it.
fn put_control<T>(header: &mut libc::msghdr, control: &mut Control, level: i32, kind: i32, value: T) {
    let size = mem::size_of::<T>() as libc::c_uint;
    header.msg_control = control.0.as_mut_ptr().cast();
    // SAFETY: pure arithmetic on a length.
    header.msg_controllen = unsafe { libc::CMSG_SPACE(size) } as usize;
    assert!(header.msg_controllen <= CONTROL_OCTETS, "control message does not fit");
    // SAFETY: `msg_control` points at CONTROL_OCTETS octets aligned for `cmsghdr`, and the assertion above shows that
    // header and value fit, so the first header exists and its data area takes a `T`.
    unsafe {
        let message = libc::CMSG_FIRSTHDR(header);
        (*message).cmsg_level = level;
        (*message).cmsg_type = kind;
        (*message).cmsg_len = libc::CMSG_LEN(size) as usize;
        std::ptr::write_unaligned(libc::CMSG_DATA(message).cast::<T>(), value);
    }
}

/// Sets an integer option of a socket.
fn set_option(socket: BorrowedFd<'_>, level: i32, name: i32, value: libc::c_int) -> io::Result<()> {
    // SAFETY: the pointer and length describe the local `value`, which outlives the call.
    let result = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            level,
            name,
            (&raw const value).cast(),
            mem::size_of::<libc::c_int>() as libc::socklen_t,
        )
    };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Asks for a receive buffer beyond `net.core.rmem_max`; needs CAP_NET_ADMIN.
///
/// # Errors
/// `EPERM` without the capability.
pub fn force_receive_buffer(socket: BorrowedFd<'_>, octets: usize) -> io::Result<()> {
    let octets = libc::c_int::try_from(octets).unwrap_or(libc::c_int::MAX);
    set_option(socket, libc::SOL_SOCKET, libc::SO_RCVBUFFORCE, octets)
}

/// Makes the kernel report the destination address of each datagram.
///
/// # Errors
/// What `setsockopt` reports.
pub fn report_local_address(socket: BorrowedFd<'_>, v6: bool) -> io::Result<()> {
    if v6 {
        set_option(socket, libc::IPPROTO_IPV6, libc::IPV6_RECVPKTINFO, 1)
    } else {
        set_option(socket, libc::IPPROTO_IP, libc::IP_PKTINFO, 1)
    }
}

/// Makes the kernel report when it took in each datagram, by the clock that [`crate::base::clock::SystemClock`] reads.
///
/// # Errors
/// What `setsockopt` reports.
pub fn report_arrival(socket: BorrowedFd<'_>) -> io::Result<()> {
    set_option(socket, libc::SOL_SOCKET, libc::SO_TIMESTAMPNS, 1)
}

/// Number of u32 fields of the kernel's `SK_MEMINFO_VARS`.
const MEMINFO_FIELDS: usize = 9;
/// Index of `SK_MEMINFO_DROPS` among them.
const MEMINFO_DROPS: usize = 8;

/// Datagrams that the kernel dropped at this socket since it was made, because its receive buffer was full.
///
/// # Errors
/// `ENOPROTOOPT` on kernels before 4.12.
pub fn kernel_drops(socket: BorrowedFd<'_>) -> io::Result<u32> {
    let mut fields = [0u32; MEMINFO_FIELDS];
    let mut length = mem::size_of_val(&fields) as libc::socklen_t;
    // SAFETY: the pointer and length describe `fields`; the kernel writes at most `length` octets into it.
    let result = unsafe {
        libc::getsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_MEMINFO,
            fields.as_mut_ptr().cast(),
            &raw mut length,
        )
    };
    if result == 0 { Ok(fields[MEMINFO_DROPS]) } else { Err(io::Error::last_os_error()) }
}

/// Waits until one of `sockets` is readable or `timeout` has passed. Returns whether one is.
///
/// # Errors
/// What `poll` reports, other than an interruption by a signal (which is `Ok(false)`).
pub fn wait_readable(sockets: &[BorrowedFd<'_>], timeout: Duration) -> io::Result<bool> {
    /// More sockets than a shard ever has: two address families of two listeners, and some.
    const SOCKETS_MAX: usize = 64;
    let mut polls = [libc::pollfd { fd: -1, events: libc::POLLIN, revents: 0 }; SOCKETS_MAX];
    let count = sockets.len().min(SOCKETS_MAX);
    for (poll, socket) in polls.iter_mut().zip(sockets) {
        poll.fd = socket.as_raw_fd();
    }
    let timeout_ms = libc::c_int::try_from(timeout.as_millis()).unwrap_or(libc::c_int::MAX);
    // SAFETY: the pointer and count describe the initialised front of `polls`.
    let ready = unsafe { libc::poll(polls.as_mut_ptr(), count as libc::nfds_t, timeout_ms) };
    if ready >= 0 {
        return Ok(ready > 0);
    }
    match io::Error::last_os_error() {
        error if error.kind() == io::ErrorKind::Interrupted => Ok(false),
        error => Err(error),
    }
}

/// Binds the calling thread to one processor.
///
/// # Errors
/// `EINVAL` when the processor does not exist or is not allowed to this process.
pub fn pin_thread(processor: usize) -> io::Result<()> {
    // SAFETY: all-zero octets are the empty `cpu_set_t`; CPU_SET checks the index against the size of the set.
    let set = unsafe {
        let mut set: libc::cpu_set_t = mem::zeroed();
        if processor < libc::CPU_SETSIZE as usize {
            libc::CPU_SET(processor, &mut set);
        }
        set
    };
    // SAFETY: 0 is the calling thread; the pointer and size describe the local `set`, which is only read.
    let result = unsafe { libc::sched_setaffinity(0, mem::size_of::<libc::cpu_set_t>(), &raw const set) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Raises the number of descriptors that this process may open to what it may raise it to. Returns that number.
///
/// # Errors
/// What `getrlimit` or `setrlimit` report.
pub fn raise_descriptor_limit() -> io::Result<u64> {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the pointer is to the local `limit`, which the kernel fills.
    if unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) } != 0 {
        return Err(io::Error::last_os_error());
    }
    limit.rlim_cur = limit.rlim_max;
    // SAFETY: the pointer is to the local `limit`, which the kernel reads.
    if unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit) } != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(limit.rlim_cur)
}

/// Octets of memory of this process that are in RAM now, from `/proc/self/statm`.
///
/// # Errors
/// When `/proc` is not there.
pub fn resident_octets() -> io::Result<u64> {
    let text = std::fs::read_to_string("/proc/self/statm")?;
    let pages: u64 = text.split_whitespace().nth(1).and_then(|field| field.parse().ok()).unwrap_or(0);
    // SAFETY: sysconf has no preconditions.
    let page_octets = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    Ok(pages * u64::try_from(page_octets).unwrap_or(4096))
}

/// A glommio socket over `socket`.
#[must_use]
pub fn glommio_socket(socket: std::os::fd::OwnedFd) -> glommio::net::UdpSocket {
    use std::os::fd::{FromRawFd, IntoRawFd};
    // SAFETY: the descriptor is open and of a UDP socket, and its one owner gives it up here.
    unsafe { glommio::net::UdpSocket::from_raw_fd(socket.into_raw_fd()) }
}
