//! A runtime on tokio: epoll to sleep, `recvmmsg` to read.

use std::io;
use std::os::fd::OwnedFd;

use tokio::io::unix::AsyncFd;
use tokio::sync::mpsc;

use crate::shard::receive::Shard;
use crate::shard::runtime::{GATHER, IDLE, PENDING, threads};

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
        let socket = AsyncFd::new(socket.try_clone_to_owned()?)?;
        watchers.push(tokio::task::spawn_local(watch(socket, readable.clone())));
    }
    while !shard.is_stopping() {
        if shard.turn() > 0 {
            tokio::time::sleep(GATHER).await;
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
async fn watch(socket: AsyncFd<OwnedFd>, readable: mpsc::Sender<()>) {
    while let Ok(mut guard) = socket.readable().await {
        // Before the turn, not after it: what arrives in between must wake us again.
        guard.clear_ready();
        if readable.send(()).await.is_err() {
            return;
        }
    }
}
