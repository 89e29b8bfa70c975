//! What a store can tell of the instance that wrote it, for an identity that is not there yet.

use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::{Connection, OpenFlags, OptionalExtension as _};

use crate::storage::connection::{StoreLock, identify};
use crate::storage::error::OpenError;
use crate::storage::schema;

/// Newest rows that are looked at for numbers of listeners: the start must not wait for a long search.
const ROWS_SEARCHED: i64 = 100_000;

/// What a store tells of its writer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inheritance {
    /// The node id in its ids.
    pub node_id: u64,
    /// Number and snmpEngineBoots of its SNMP engine, in a store that still has them.
    pub engine: Option<(u64, i32)>,
    /// Numbers of listeners in the newest rows, and whether such rows are SNMP.
    pub listener_numbers: BTreeMap<u8, ListenerRows>,
}

/// What came in over one listener.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ListenerRows {
    /// There are rows of SNMP messages.
    pub has_snmp: bool,
    /// There are rows of syslog messages.
    pub has_syslog: bool,
}

/// Reads the store at `path`, whose lock is held; `None` when there is no store yet.
///
/// # Errors
/// See [`OpenError`]: the file is not a store of ours, or cannot be read.
pub fn read(path: &Path, _lock: &StoreLock) -> Result<Option<Inheritance>, OpenError> {
    if !path.exists() {
        return Ok(None);
    }
    let sqlite = |source| OpenError::from_sqlite(path, source);
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(sqlite)?;
    match identify(&connection, path)? {
        0 => Ok(None),
        schema::VERSION => {
            read_tables(&connection, "facts >> 3 & 255, facts & 7 <> 0", "facts").map_err(sqlite)
        }
        // Before it is upgraded.
        _ => read_tables(&connection, "origin >> 4 & 255, origin & 15 <> 0", "origin").map_err(sqlite),
    }
}

/// Reads the tables; `listener_and_is_snmp` are expressions of `column`, by the version of the store.
fn read_tables(
    connection: &Connection,
    listener_and_is_snmp: &str,
    column: &str,
) -> rusqlite::Result<Option<Inheritance>> {
    let setting = |name: &str| {
        let sql = "SELECT value FROM store_settings WHERE name = ?1";
        connection.query_row(sql, [name], |row| row.get::<_, i64>(0)).optional()
    };
    let Some(node_id) = setting("node_id")? else { return Ok(None) };
    let number = setting("snmp_engine_number")?;
    let boots = setting("snmp_engine_boots")?.and_then(|boots| i32::try_from(boots).ok());
    let mut statement = connection.prepare(&format!(
        "SELECT DISTINCT {listener_and_is_snmp}
         FROM (SELECT {column} FROM events ORDER BY received_at DESC, id DESC LIMIT ?1)",
    ))?;
    let mut listener_numbers = BTreeMap::<u8, ListenerRows>::new();
    let mut rows = statement.query([ROWS_SEARCHED])?;
    while let Some(row) = rows.next()? {
        let found = listener_numbers.entry(row.get(0)?).or_default();
        if row.get(1)? { found.has_snmp = true } else { found.has_syslog = true }
    }
    let engine = number.zip(boots.filter(|boots| *boots >= 1)).map(|(number, boots)| (number as u64, boots));
    Ok(Some(Inheritance { node_id: node_id as u64, engine, listener_numbers }))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use std::time::Duration;

    use super::*;
    use crate::storage::connection::{StoreSettings, Synchronous, open};

    #[test]
    fn a_store_tells_its_node_its_engine_and_its_listeners_and_forgets_the_engine_when_opened() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("messages.db");
        let settings = StoreSettings {
            path: path.clone(),
            connection_timeout: Duration::from_secs(1),
            synchronous: Synchronous::Off,
            node_id: 0xabc,
        };
        assert_eq!(read(&path, &StoreLock::take(&path).unwrap()).unwrap(), None);
        let store = open(&settings).unwrap();
        store
            .connection
            .execute_batch(
                "INSERT INTO store_settings VALUES ('snmp_engine_number', -2), ('snmp_engine_boots', 4);
                 INSERT INTO events(received_at, id, commit_number, facts, device, content_start, raw_message)
                 VALUES ('a', 1, 1, 1, 1, 0, ''), ('a', 2, 1, 4, 1, 0, ''), ('a', 3, 1, (3 << 3) + (14 << 11), 1, 0, '')",
            )
            .unwrap();
        drop(store);
        let found = read(&path, &StoreLock::take(&path).unwrap()).unwrap().unwrap();
        let snmp = ListenerRows { has_snmp: true, has_syslog: false };
        let syslog = ListenerRows { has_snmp: false, has_syslog: true };
        assert_eq!(
            found,
            Inheritance {
                node_id: 0xabc,
                engine: Some((u64::MAX - 1, 4)),
                listener_numbers: [(0, snmp), (3, syslog)].into()
            }
        );
        drop(open(&settings).unwrap());
        let again = read(&path, &StoreLock::take(&path).unwrap()).unwrap().unwrap();
        assert_eq!(again, Inheritance { engine: None, ..found });
    }
}
