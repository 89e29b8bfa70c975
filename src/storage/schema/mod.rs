//! The schema, as numbered migrations, and the views that give it the promised names.

use rusqlite::Connection;

/// `PRAGMA application_id` of our databases: "MUTT".
pub const APPLICATION_ID: i64 = 0x4d55_5454;

/// Migrations in order; `PRAGMA user_version` is how many were applied.
const MIGRATIONS: &[&str] = &[
    include_str!("0001_initial.sql"),
    include_str!("0002_time_source.sql"),
    include_str!("0003_snmpv3_credential_use.sql"),
    include_str!("0004_snmpv3_quarantine.sql"),
    include_str!("0005_snmp_refused.sql"),
    include_str!("0006_commits.sql"),
];

/// The schema version that this program writes.
#[must_use]
pub fn version() -> i64 {
    MIGRATIONS.len() as i64
}

/// Where the migrations expect the node id (48 bits, 12 hexadecimal digits).
const NODE_PLACEHOLDER: &str = "{{node}}";

/// Brings a database from `found` to [`version`], each migration in a transaction of its own.
///
/// # Errors
/// What SQLite reports; the migration that failed has left no trace.
pub fn migrate(connection: &mut Connection, found: i64, node_id: u64) -> rusqlite::Result<()> {
    for (index, sql) in MIGRATIONS.iter().enumerate().skip(usize::try_from(found).unwrap_or(0)) {
        let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        transaction.execute_batch(&sql.replace(NODE_PLACEHOLDER, &format!("{node_id:012x}")))?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", index as i64 + 1)?;
        transaction.execute(
            "INSERT OR IGNORE INTO store_settings(name, value) VALUES ('node_id', ?1)",
            [node_id as i64],
        )?;
        transaction.commit()?;
    }
    Ok(())
}
