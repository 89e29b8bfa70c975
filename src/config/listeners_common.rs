//! What the listeners have in common.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::config::kinds::{Number, octets};

/// 32 MiB hold tens of thousands of datagrams: a good part of a second of a storm.
pub(super) const RECEIVE_BUFFER_BYTES: usize = 32 * 1024 * 1024;

/// The kernel doubles what it is asked for, in a signed 32-bit number.
const RECEIVE_BUFFER_BYTES_MAX: u64 = i32::MAX as u64 / 2;

/// Every local address of both families.
pub(super) fn any_address() -> Vec<IpAddr> {
    vec![IpAddr::V4(Ipv4Addr::UNSPECIFIED), IpAddr::V6(Ipv6Addr::UNSPECIFIED)]
}

/// Size of the receive buffer of a socket.
pub(super) fn receive_buffer() -> Number<usize> {
    octets(4_096, RECEIVE_BUFFER_BYTES_MAX)
}
