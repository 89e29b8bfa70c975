//! Floor 4: drains the queue into a sink and answers informs and RELP messages once they are committed.
//!
//! Invariant: both are answered only after [`Sink::write`] returned for the group that holds them.

pub mod counters;
pub mod drain;
pub mod informs;
mod store;

use crate::model::group::{CommitNumber, Group};

/// Why a sink did not take a group.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SinkError {
    /// There is no room; worth trying again.
    #[error("no space is left on the disk of the store")]
    Full,
    /// Something else uses what the sink writes to; worth trying again.
    #[error("the store is locked by another program")]
    Busy,
    /// Anything else, in words.
    #[error("{0}")]
    Other(String),
}

/// Where groups of events are committed. One thread owns it: nothing else writes to what is behind it.
pub trait Sink: Send {
    /// Commits the events of `group`, in their order. On `Ok` they are durable; on `Err` none of them is there, and the
    /// same call may be made again. Returns the number of the commit; `None` when there was no event.
    ///
    /// # Errors
    /// See [`SinkError`].
    fn write(&mut self, group: &Group) -> Result<Option<CommitNumber>, SinkError>;

    /// Whether somebody waits for the sink to do something else than write a group.
    fn has_jobs(&self) -> bool {
        false
    }

    /// Does what others asked for, for at most a turn of some milliseconds. [`write`](Self::write) does it, too, as part
    /// of its commit; this is for times at which there is nothing to write.
    ///
    /// # Errors
    /// See [`SinkError`]; who asked was answered with it.
    fn run_jobs(&mut self) -> Result<(), SinkError> {
        Ok(())
    }

    /// The program stops: from now on rather refuse than wait for long.
    fn set_shutting_down(&mut self);

    /// Ends the sink's work in good order.
    ///
    /// # Errors
    /// Why that was not possible; committed events are safe all the same.
    fn close(self: Box<Self>) -> Result<(), SinkError>;
}
