//! Keeps `devices.last_updated` right for devices that have fallen silent.

use std::time::Duration;

use tokio::time::MissedTickBehavior;

use crate::app::operations;
use crate::base::clock::{Clock as _, SystemClock};
use crate::storage::jobs::JobSender;
use crate::storage::refresh::RefreshDevices;

/// How often rows that are behind are looked for: as often as the row of a device that sends is written.
const INTERVAL: Duration = Duration::from_secs(5);

/// Has the writer bring rows up to date, until it ends.
pub(super) async fn run(jobs: JobSender) {
    let mut ticks = tokio::time::interval(INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let now = SystemClock.now();
        // A store that refuses now is asked again at the next tick; the sink tells of it.
        while operations::run(&jobs, RefreshDevices { now }).await.is_ok_and(|left| left > 0) {}
    }
}
