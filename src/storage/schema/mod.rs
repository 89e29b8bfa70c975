//! The schema of a new store: its tables, and the views that give it the promised names.

use rusqlite::{Connection, TransactionBehavior};

/// `PRAGMA application_id` of our databases: "MUTT".
pub const APPLICATION_ID: i64 = 0x4d55_5454;

/// The schema version that this program reads and writes, `PRAGMA user_version`. Versions 1 to 6 are upgraded by
/// [`crate::storage::upgrade`].
pub const VERSION: i64 = 7;

/// Tables first.
const SCHEMA: [&str; 3] = [include_str!("tables.sql"), include_str!("snmp.sql"), include_str!("views.sql")];

/// Where the views expect the node id (48 bits, 12 hexadecimal digits).
const NODE_PLACEHOLDER: &str = "{{node}}";

/// A page holds about 50 messages. Larger pages mean fewer of them; measured best at 16 KiB.
pub(super) const PAGE_OCTETS: i64 = 16_384;

/// Prepares an empty file: what cannot be changed once there is a table. Free pages can be given back to the disk
/// (`PRAGMA incremental_vacuum`), which costs nothing while rows come in; perf/README.md has the figures.
///
/// # Errors
/// What SQLite reports.
pub fn prepare(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "page_size", PAGE_OCTETS)?;
    connection.pragma_update(None, "auto_vacuum", "INCREMENTAL")
}

/// Makes everything in an empty database, in one transaction.
///
/// # Errors
/// What SQLite reports; the database is empty then.
pub fn create(connection: &mut Connection, node_id: u64) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for sql in SCHEMA {
        transaction.execute_batch(&sql.replace(NODE_PLACEHOLDER, &format!("{node_id:012x}")))?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", VERSION)?;
    transaction
        .execute("INSERT INTO store_settings(name, value) VALUES ('node_id', ?1)", [node_id as i64])?;
    transaction.commit()
}
