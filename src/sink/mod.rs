//! Floor 4: drains the queue into a store and answers informs and RELP messages once they are committed.
//!
//! Invariant: both are answered only after [`Store::write`] returned for the group that holds them.

pub mod counters;
pub mod drain;
pub mod informs;

use crate::model::batch::Batch;
use crate::storage::error::WriteError;
use crate::storage::writer::{Place, Writer};

/// Where events end up. A trait, so that a test can refuse the n-th write.
pub trait Store: Send {
    /// Commits the events at `places`, in that order. On `Ok` they are durable; on `Err` none of them is there, and
    /// the same call may be made again.
    ///
    /// # Errors
    /// Why the store refused.
    fn write(&mut self, batches: &[Batch], places: &[Place]) -> Result<(), WriteError>;

    /// The program stops: from now on rather refuse than wait for long.
    fn hurry(&mut self);

    /// Ends the store's work in good order.
    ///
    /// # Errors
    /// Why that was not possible; committed events are safe all the same.
    fn close(self: Box<Self>) -> Result<(), WriteError>;
}

impl Store for Writer {
    fn write(&mut self, batches: &[Batch], places: &[Place]) -> Result<(), WriteError> {
        Self::write(self, batches, places)
    }

    fn hurry(&mut self) {
        Self::hurry(self);
    }

    fn close(self: Box<Self>) -> Result<(), WriteError> {
        Self::close(*self)
    }
}
