//! A runtime on glommio: io_uring to sleep, `recvmmsg` to read.
//!
//! glommio's own receive path copies through a ring buffer and costs 40 % more CPU; here the ring only tells when
//! there is something, by peeking at the first octet.

use std::cell::RefCell;
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::time::Duration;

use glommio::{LocalExecutorBuilder, Placement};

use crate::net::sys;
use crate::shard::receive::Shard;
use crate::shard::runtime::{PENDING, threads};

/// Memory that an executor registers with the ring. Its storage is not used, so the least will do.
const IO_MEMORY_OCTETS: usize = 1 << 20;

/// Whether an executor can be made here: needs io_uring and 512 KiB of locked memory.
///
/// # Errors
/// What is missing, in one line.
pub fn probe() -> Result<(), String> {
    // On a thread of its own, since an executor leaves traces in the one that made it.
    let attempt = std::thread::Builder::new().name("probe".to_owned()).spawn(|| {
        let executor = LocalExecutorBuilder::new(Placement::Unbound).io_memory(IO_MEMORY_OCTETS).make();
        executor.map(|executor| executor.run(async {})).map_err(|error| error.to_string())
    });
    match attempt.map(std::thread::JoinHandle::join) {
        Ok(Ok(result)) => result,
        Ok(Err(_)) => Err("the io_uring executor panicked at start".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

/// Drives `shard` on the calling thread; falls back to [`threads`] when no executor is to be had.
pub fn run(shard: Shard) {
    let executor = LocalExecutorBuilder::new(Placement::Unbound).io_memory(IO_MEMORY_OCTETS).make();
    match executor {
        Ok(executor) => executor.run(drive(shard)),
        Err(error) => {
            tracing::warn!(shard = shard.index, %error, "no io_uring executor; using the threads runtime");
            threads::run(shard);
        }
    }
}

/// One task a socket, all turning the same shard; and one that looks after time.
async fn drive(shard: Shard) {
    let sockets: Vec<OwnedFd> = shard.sockets().filter_map(|fd| fd.try_clone_to_owned().ok()).collect();
    let shard = Rc::new(RefCell::new(Some(shard)));
    let mut tasks = Vec::new();
    for socket in sockets {
        let shard = Rc::clone(&shard);
        tasks.push(glommio::spawn_local(async move { watch(socket, &shard).await }));
    }
    while !shard.borrow().as_ref().is_none_or(Shard::is_stopping) {
        glommio::timer::sleep(PENDING).await;
        let _ = turn(&shard);
    }
    for task in tasks {
        task.cancel().await;
    }
    if let Some(shard) = shard.take() {
        shard.finish();
    }
}

/// One turn; gives how long to rest after one that brought something. Nothing is awaited while the shard is borrowed, so that
/// no two tasks borrow it at once.
fn turn(shard: &RefCell<Option<Shard>>) -> Option<Duration> {
    let mut shard = shard.borrow_mut();
    let shard = shard.as_mut()?;
    let taken = shard.turn();
    (taken > 0).then(|| shard.backoff())
}

/// Turns the shard whenever `socket` has something.
async fn watch(socket: OwnedFd, shard: &RefCell<Option<Shard>>) {
    let socket = sys::glommio_socket(socket);
    let mut octet = [0u8; 1];
    loop {
        if socket.peek_from(&mut octet).await.is_ok()
            && let Some(rest) = turn(shard)
        {
            glommio::timer::sleep(rest).await;
        }
        glommio::yield_if_needed().await;
    }
}
