//! The list of sources that the SNMP listener refused, in the store.
//!
//! Messages are summed up for each transaction, and a transaction says no more than [`ROWS_MAX`] things, so that a
//! flood of refused messages costs less than as many that are stored.

use std::collections::HashMap;
use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, params};

use crate::model::batch::Batch;
use crate::model::refused::RefusedSource;

/// Rows kept; of more, those that were refused longest ago go.
pub const ROWS_MAX: usize = 1_000;

/// What stands for an address where sources are summed up.
const OTHERS: &str = "others";

/// How long a writer is waited for; in WAL mode only while the schema changes.
const WAIT: Duration = Duration::from_secs(5);

/// A row of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The source, or `others`.
    pub source_ip: String,
    /// Its name, as far as known.
    pub hostname: String,
    /// Why.
    pub reason: String,
    /// How many messages.
    pub num_refused: i64,
    /// When the first came; ISO 8601.
    pub first_refused: String,
    /// When the last came; ISO 8601.
    pub last_refused: String,
}

/// Writes what was refused in `batches`. Call inside their transaction.
///
/// # Errors
/// What SQLite reports.
pub fn write(connection: &Connection, batches: &[Batch]) -> rusqlite::Result<()> {
    let mut sums: HashMap<(Option<IpAddr>, &'static str), RefusedSource> = HashMap::new();
    for refused in batches.iter().flat_map(|batch| &batch.refused) {
        let mut key = (refused.source, refused.reason);
        if sums.len() >= ROWS_MAX && !sums.contains_key(&key) {
            key.0 = None;
        }
        sums.entry(key)
            .and_modify(|sum| sum.add(refused.count, refused.first, refused.last))
            .or_insert(RefusedSource { source: key.0, ..*refused });
    }
    if sums.is_empty() {
        return Ok(());
    }
    let mut statement = connection.prepare_cached(
        "INSERT INTO snmp_refused(source_ip, reason, num_refused, first_refused, last_refused)
         VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (source_ip, reason) DO UPDATE SET num_refused = num_refused + excluded.num_refused,
             last_refused = max(last_refused, excluded.last_refused)",
    )?;
    for sum in sums.values() {
        let source = sum.source.map_or_else(|| OTHERS.to_owned(), |source| source.to_string());
        let (first, last) = (sum.first.to_string(), sum.last.to_string());
        statement.execute(params![source, sum.reason, sum.count as i64, first, last])?;
    }
    connection
        .prepare_cached(
            "DELETE FROM snmp_refused WHERE (source_ip, reason) IN (
                 SELECT source_ip, reason FROM snmp_refused ORDER BY last_refused DESC LIMIT -1 OFFSET ?1)",
        )?
        .execute([ROWS_MAX])?;
    Ok(())
}

/// Reads the list from the store at `path`, the newest first, while another process or thread may write.
///
/// # Errors
/// What SQLite reports, a store that is not there included.
pub fn read(path: &Path) -> rusqlite::Result<Vec<Refused>> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    connection.busy_timeout(WAIT)?;
    let mut statement = connection.prepare(
        "SELECT r.source_ip, coalesce(d.hostname, r.source_ip), r.reason, r.num_refused, r.first_refused, r.last_refused
         FROM snmp_refused r LEFT JOIN devices d ON d.source_ip = r.source_ip
         ORDER BY r.last_refused DESC, r.source_ip, r.reason LIMIT ?1",
    )?;
    let rows = statement.query_map([ROWS_MAX], |row| {
        Ok(Refused {
            source_ip: row.get(0)?,
            hostname: row.get(1)?,
            reason: row.get(2)?,
            num_refused: row.get(3)?,
            first_refused: row.get(4)?,
            last_refused: row.get(5)?,
        })
    })?;
    rows.collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::base::clock::Timestamp;
    use crate::storage::connection::{Store, StoreSettings, Synchronous, open};

    fn store(folder: &Path) -> Store {
        let settings = StoreSettings {
            path: folder.join("messages.db"),
            connection_timeout: Duration::from_secs(1),
            synchronous: Synchronous::Off,
            node_id: 1,
        };
        open(&settings).unwrap()
    }

    fn batch(numbers: impl Iterator<Item = u32>) -> Batch {
        let mut batch = Batch::new();
        for number in numbers {
            let at = Timestamp(1_795_335_330_000_000 + i64::from(number) * 1_000_000);
            let source = Some(IpAddr::from((0x0A00_0000 + number).to_be_bytes()));
            batch.refused.push(RefusedSource { source, reason: "a", count: 2, first: at, last: at });
        }
        batch
    }

    #[test]
    fn counts_add_up_and_the_oldest_go_first() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(folder.path());
        write(&store.connection, &[batch(0..3), batch(1..2)]).unwrap();
        write(&store.connection, &[batch(2..3)]).unwrap();
        let path = folder.path().join("messages.db");
        let told = |limit: usize| -> Vec<(String, i64)> {
            let rows = read(&path).unwrap();
            rows.into_iter().take(limit).map(|row| (row.source_ip, row.num_refused)).collect()
        };
        let expected = [("10.0.0.2", 4), ("10.0.0.1", 4), ("10.0.0.0", 2)];
        assert_eq!(told(9), expected.map(|(source, count)| (source.to_owned(), count)));

        write(&store.connection, &[batch(3..503)]).unwrap();
        write(&store.connection, &[batch(503..1_003)]).unwrap();
        assert_eq!(told(1), [("10.0.3.234".to_owned(), 2)]);
        let rows = read(&path).unwrap();
        assert_eq!((rows.len(), rows.last().unwrap().source_ip.as_str()), (ROWS_MAX, "10.0.0.3"));

        // More than a transaction may say.
        write(&store.connection, &[batch(2_000..5_000)]).unwrap();
        let rows = read(&path).unwrap();
        let others = rows.iter().find(|row| row.source_ip == OTHERS).unwrap();
        assert_eq!((rows.len(), others.num_refused), (ROWS_MAX, 2 * 2_000));
    }
}
