//! The store as a sink.

use crate::model::group::{CommitNumber, Group};
use crate::sink::{Sink, SinkError};
use crate::storage::error::WriteError;
use crate::storage::writer::Writer;

impl From<WriteError> for SinkError {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::DiskFull => Self::Full,
            WriteError::Locked => Self::Busy,
            WriteError::Sqlite(_) => Self::Other(error.to_string()),
        }
    }
}

impl Sink for Writer {
    fn write(&mut self, group: &Group) -> Result<Option<CommitNumber>, SinkError> {
        Ok(Self::write(self, group)?)
    }

    fn has_jobs(&self) -> bool {
        Self::has_jobs(self)
    }

    fn run_jobs(&mut self) -> Result<(), SinkError> {
        Ok(Self::run_jobs(self)?)
    }

    fn set_shutting_down(&mut self) {
        Self::set_shutting_down(self);
    }

    fn close(self: Box<Self>) -> Result<(), SinkError> {
        Ok(Self::close(*self)?)
    }
}
