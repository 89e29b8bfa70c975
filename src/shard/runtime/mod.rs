//! How a shard waits for datagrams. The turn itself is the same in all runtimes.

pub mod glommio;
pub mod threads;
pub mod tokio;

use std::time::Duration;

use crate::shard::receive::Shard;

/// How long a shard without work sleeps at most, before it looks at the stop flag again.
const IDLE: Duration = Duration::from_millis(50);

/// How long a shard sleeps at most while events wait in its batch.
const PENDING: Duration = Duration::from_millis(10);

/// Which one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Runtime {
    /// A plain thread on `poll` and `recvmmsg`: the default.
    Threads,
    /// A tokio event loop on epoll.
    Tokio,
    /// A glommio executor on io_uring.
    Glommio,
}

impl Runtime {
    /// Its name in the configuration.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Threads => "threads",
            Self::Tokio => "tokio",
            Self::Glommio => "glommio",
        }
    }

    /// The runtime that will really be used: the one asked for, or [`Runtime::Threads`] with the reason why not.
    #[must_use]
    pub fn available(self) -> (Self, Option<String>) {
        match self {
            Self::Glommio => match glommio::probe() {
                Ok(()) => (self, None),
                Err(reason) => (Self::Threads, Some(reason)),
            },
            Self::Threads | Self::Tokio => (self, None),
        }
    }

    /// Drives `shard` until it is told to stop.
    pub fn run(self, shard: Shard) {
        match self {
            Self::Threads => threads::run(shard),
            Self::Tokio => tokio::run(shard),
            Self::Glommio => glommio::run(shard),
        }
    }
}
