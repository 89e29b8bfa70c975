//! The default runtime: `poll` to sleep, `recvmmsg` to read.

use std::os::fd::BorrowedFd;

use crate::net::sys;
use crate::shard::receive::Shard;
use crate::shard::runtime::{IDLE, PENDING};

/// Drives `shard` on the calling thread.
pub fn run(mut shard: Shard) {
    while !shard.is_stopping() {
        let taken = shard.turn();
        if taken > 0 {
            std::thread::sleep(shard.backoff());
            continue;
        }
        let timeout = if shard.is_pending() { PENDING } else { IDLE };
        let sockets: Vec<BorrowedFd<'_>> = shard.sockets().collect();
        if let Err(error) = sys::wait_readable(&sockets, timeout) {
            tracing::error!(shard = shard.index, %error, "waiting for datagrams failed");
            std::thread::sleep(IDLE);
        }
    }
    shard.finish();
}
