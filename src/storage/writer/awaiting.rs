//! The rows of SNMPv3 messages that await a credential, noted as they are written: [`crate::storage::quarantine`] comes back
//! to them.

use rusqlite::Connection;

use crate::model::batch::Batch;
use crate::model::event::Body;
use crate::model::group::{Place, event_at};

/// Notes those of the events at `places` that await a credential, and forgets the oldest beyond `most`. Call inside the
/// transaction that writes them.
pub(super) fn note(
    connection: &Connection,
    batches: &[Batch],
    places: &[Place],
    most: u32,
) -> rusqlite::Result<()> {
    let event = |place: &Place| event_at(batches, *place).map(|(_, event)| event);
    let mut is_noted = false;
    for event in places.iter().filter_map(event).filter(|event| event.body == Body::AwaitsCredential) {
        is_noted = true;
        connection
            .prepare_cached("INSERT OR IGNORE INTO snmpv3_quarantine(id) VALUES (?1)")?
            .execute([event.id.0])?;
    }
    if !is_noted {
        return Ok(());
    }
    let count: i64 = connection
        .prepare_cached("SELECT count(*) FROM snmpv3_quarantine")?
        .query_row([], |row| row.get(0))?;
    let excess = count - i64::from(most);
    if excess > 0 {
        let oldest = "DELETE FROM snmpv3_quarantine WHERE id IN (SELECT id FROM snmpv3_quarantine ORDER BY id LIMIT ?1)";
        connection.prepare_cached(oldest)?.execute([excess])?;
    }
    Ok(())
}
