//! Forgetting the clocks of engines while the daemon runs, as `muttd snmpv3 forget-engine` asks for in the store.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::MissedTickBehavior;

use crate::security::{EngineId, Usm};
use crate::storage::snmp_users::forget::Requests;

/// How often the store is looked at: a read of a row that is not there.
pub const LOOK_INTERVAL: Duration = Duration::from_secs(1);

/// Forgets what is asked for in the store at `path` after request number `after`, for ever.
pub(super) async fn run(path: PathBuf, mut after: i64, usm: Arc<Usm>) {
    let mut ticks = tokio::time::interval(LOOK_INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut store = None;
    loop {
        ticks.tick().await;
        let (path, open) = (path.clone(), store.take());
        let look = move || {
            let store = open.map_or_else(|| Requests::open(&path), Ok)?;
            store.after(after).map(|requests| (store, requests))
        };
        // A store that cannot be read now is read at the next time; the sink tells when it cannot be written.
        let Ok(Ok((open, requests))) = tokio::task::spawn_blocking(look).await else { continue };
        store = Some(open);
        for (number, id) in requests {
            after = number;
            let Some(engine) = EngineId::new(&id) else { continue };
            let word = if usm.forget(&engine) { "is forgotten" } else { "was not known" };
            tracing::info!("the clock of SNMP engine {engine} {word}, as asked for; its next is believed");
        }
    }
}
