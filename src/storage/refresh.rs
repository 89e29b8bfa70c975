//! The job that brings `devices.last_updated` up to date for devices that have fallen silent.

use crate::base::clock::Timestamp;
use crate::storage::jobs::{Job, Workspace};

/// Devices of one job: some milliseconds.
pub const DEVICES_AT_ONCE: usize = 512;

/// Writes the time of the last message of devices whose row is behind, [`DEVICES_AT_ONCE`] at most. The answer is how
/// many more are behind.
#[derive(Debug, Clone, Copy)]
pub struct RefreshDevices {
    /// The present time: a device that sent in the last span of [`REFRESH_MICROS`](crate::storage::devices::REFRESH_MICROS) is not silent.
    pub now: Timestamp,
}

impl Job for RefreshDevices {
    type Answer = usize;

    fn run(&mut self, store: &mut Workspace<'_>) -> rusqlite::Result<usize> {
        let (registry, connection) = store.registry();
        let left = registry.refresh(DEVICES_AT_ONCE, self.now);
        registry.flush(connection)?;
        Ok(left)
    }
}
