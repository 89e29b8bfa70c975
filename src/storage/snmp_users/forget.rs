//! Engines whose clocks are to be forgotten: of devices that lost their count of boots, whose messages would otherwise be
//! taken for replays for good.
//!
//! The store forgets them by a job; the receiver that runs forgets them itself when the job is done.

use std::net::IpAddr;

use crate::storage::jobs::{Job, Workspace};
use crate::storage::snmp_users::hex;

/// Whose clock is to be forgotten.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selection {
    /// That of the engine with this ID.
    Engine(Vec<u8>),
    /// Those of the engines that sent from this address.
    Source(IpAddr),
}

/// Forgets clocks in the store. The answer is the IDs of the engines in hexadecimal digits; none when no engine of the
/// source is known.
#[derive(Debug)]
pub struct ForgetClocks(pub Selection);

impl Job for ForgetClocks {
    type Answer = Vec<String>;

    fn run(&mut self, store: &mut Workspace<'_>) -> rusqlite::Result<Vec<String>> {
        let connection = store.connection();
        let engines = match &self.0 {
            Selection::Engine(id) => vec![hex(id)],
            Selection::Source(source) => {
                let mut statement = connection.prepare_cached(
                    "SELECT DISTINCT engine_id FROM snmpv3_credential_use
                     WHERE source_ip = ?1 AND engine_id IS NOT NULL ORDER BY engine_id",
                )?;
                let rows = statement.query_map([source.to_string()], |row| row.get(0))?;
                rows.collect::<rusqlite::Result<Vec<String>>>()?
            }
        };
        let mut forget = connection.prepare_cached(
            "UPDATE snmpv3_credential_use SET engine_boots = NULL, engine_time = NULL WHERE engine_id = ?1",
        )?;
        for engine in &engines {
            forget.execute([engine])?;
        }
        Ok(engines)
    }
}
