//! A runtime on tokio: epoll to sleep, `recvmmsg` to read.

use std::io;

use tokio::io::Interest;
use tokio::net::UdpSocket;
use tokio::sync::mpsc;

use crate::shard::receive::Shard;
use crate::shard::runtime::{IDLE, PENDING, threads};

/// Drives `shard` on the calling thread; falls back to [`threads`] when no event loop is to be had.
pub fn run(mut shard: Shard) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let result = runtime.and_then(|runtime| {
        let local = tokio::task::LocalSet::new();
        local.block_on(&runtime, drive(&mut shard))
    });
    if let Err(error) = result {
        tracing::warn!(shard = shard.index, %error, "no tokio event loop; using the threads runtime");
        return threads::run(shard);
    }
    shard.finish();
}

/// Turns whenever a socket is readable.
async fn drive(shard: &mut Shard) -> io::Result<()> {
    let (readable, mut wake) = mpsc::channel::<()>(1);
    let mut watchers = Vec::new();
    for socket in shard.sockets() {
        let socket = UdpSocket::from_std(socket.try_clone_to_owned()?.into())?;
        watchers.push(tokio::task::spawn_local(watch(socket, readable.clone())));
    }
    while !shard.is_stopping() {
        let taken = shard.turn();
        if taken > 0 {
            tokio::time::sleep(shard.backoff()).await;
            continue;
        }
        let timeout = if shard.is_pending() { PENDING } else { IDLE };
        // A timeout is as good as a wake-up: the turn finds out what there is.
        let _ = tokio::time::timeout(timeout, wake.recv()).await;
    }
    watchers.iter().for_each(tokio::task::JoinHandle::abort);
    Ok(())
}

/// Says when `socket` is readable.
async fn watch(socket: UdpSocket, readable: mpsc::Sender<()>) {
    while socket.readable().await.is_ok() {
        // The shard reads through its own descriptor, so readiness is taken back by hand; before the turn and not
        // after it, since what arrives in between must wake us again.
        let _ = socket.try_io(Interest::READABLE, || Err::<(), _>(io::ErrorKind::WouldBlock.into()));
        if readable.send(()).await.is_err() {
            return;
        }
    }
}
