//! What the tests share.

pub mod ber;
pub mod daemon;
pub mod http;
pub mod loadgen;
pub mod options;
pub mod relp;
pub mod source;
pub mod store;
pub mod tls;

use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::time::{Duration, Instant};

/// How long a test waits for what must happen, on a machine that is busy with other tests.
pub const DEADLINE: Duration = Duration::from_secs(30);

/// Polls until `look` finds something.
#[track_caller]
pub fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(start.elapsed() < DEADLINE, "not within {DEADLINE:?}: {what}");
        std::thread::park_timeout(Duration::from_millis(5));
    }
}

/// Polls until `is_so` says yes.
#[track_caller]
pub fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    wait_for(what, || is_so().then_some(()));
}

/// A message to whoever runs the tests, shown even when the test succeeds.
pub fn say(line: &str) {
    use std::io::Write as _;
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}

/// A UDP socket of the same family as `peer`, connected to it, that waits at most [`DEADLINE`] for an answer.
pub fn udp_to(peer: SocketAddr) -> UdpSocket {
    let local = if peer.is_ipv4() { "127.0.0.1:0" } else { "[::1]:0" };
    let socket = UdpSocket::bind(local).unwrap();
    socket.connect(peer).unwrap();
    socket.set_read_timeout(Some(DEADLINE)).unwrap();
    socket
}

/// A TCP connection to `peer`.
pub fn tcp_to(peer: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(peer).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

/// Whether this machine has IPv6 on its loopback; says so when it has not.
pub fn has_ipv6() -> bool {
    let has = UdpSocket::bind("[::1]:0").is_ok();
    if !has {
        say("no IPv6 on this machine: not tested");
    }
    has
}
