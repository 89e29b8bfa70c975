//! Floor 1: kernel sockets. Binds listener groups, receives batches of datagrams, answers them, accepts connections, TLS.
//!
//! Invariant: this floor does not know what is inside a datagram. The one file with `unsafe` is [`sys`].

pub mod accept;
pub mod listener;
#[allow(unsafe_code, reason = "the kernel has one door, and it is this file")]
pub mod sys;
pub mod tls;
pub mod transport;
pub mod udp;
