//! Rows of the view `messages` as rules, queries and silences see them.

use rusqlite::types::ValueRef;
use rusqlite::{Row, Statement};

use crate::model::subject::StoredRow;

/// Where a query has the columns of `messages`, by their names; what it does not select is not known of its rows.
///
/// ```text
/// SELECT ... FROM messages -> Statement -> [RowColumns] (once) -> [StoredRow] (each row, borrowed from SQLite)
/// ```
#[derive(Debug, Clone)]
pub struct RowColumns {
    message_type: Option<usize>,
    source_ip: Option<usize>,
    source_device: Option<usize>,
    group: Option<usize>,
    listener: Option<usize>,
    received_at: Option<usize>,
    timestamp: Option<usize>,
    raw_message: Option<usize>,
    content: Option<usize>,
    enriched_data: Option<usize>,
    level: Option<usize>,
    facility: Option<usize>,
    program: Option<usize>,
    process_id: Option<usize>,
    oid: Option<usize>,
    trap_type: Option<usize>,
    matched_rule_id: Option<usize>,
    match_severity: Option<usize>,
}

impl RowColumns {
    /// The columns of a query.
    #[must_use]
    pub fn of(statement: &Statement<'_>) -> Self {
        let place = |name: &str| statement.column_index(name).ok();
        Self {
            message_type: place("type"),
            source_ip: place("source_ip"),
            source_device: place("source_device"),
            group: place("group"),
            listener: place("listener"),
            received_at: place("received_at"),
            timestamp: place("timestamp"),
            raw_message: place("raw_message"),
            content: place("content"),
            enriched_data: place("enriched_data"),
            level: place("level"),
            facility: place("facility"),
            program: place("program"),
            process_id: place("process_id"),
            oid: place("oid"),
            trap_type: place("trap_type"),
            matched_rule_id: place("matched_rule_id"),
            match_severity: place("match_severity"),
        }
    }

    /// What a row of the query says.
    ///
    /// # Errors
    /// What SQLite reports: the row is of another query.
    pub fn read<'r>(&self, row: &'r Row<'_>) -> rusqlite::Result<StoredRow<'r>> {
        let text = |place| text(row, place);
        let number = |place| number(row, place);
        Ok(StoredRow {
            message_type: text(self.message_type)?,
            source_ip: text(self.source_ip)?,
            source_device: text(self.source_device)?,
            group: text(self.group)?,
            listener: text(self.listener)?,
            received_at: text(self.received_at)?,
            timestamp: text(self.timestamp)?,
            raw_message: text(self.raw_message)?,
            content: text(self.content)?,
            enriched_data: text(self.enriched_data)?,
            level: number(self.level)?,
            facility: text(self.facility)?,
            program: text(self.program)?,
            process_id: number(self.process_id)?,
            oid: text(self.oid)?,
            trap_type: text(self.trap_type)?,
            matched_rule_id: text(self.matched_rule_id)?,
            match_severity: text(self.match_severity)?,
        })
    }
}

/// The text of a column; `None` where there is none.
fn text<'r>(row: &'r Row<'_>, place: Option<usize>) -> rusqlite::Result<Option<&'r [u8]>> {
    let Some(place) = place else { return Ok(None) };
    Ok(match row.get_ref(place)? {
        ValueRef::Text(text) => Some(text),
        _ => None,
    })
}

/// The number of a column; `None` where there is none.
fn number(row: &Row<'_>, place: Option<usize>) -> rusqlite::Result<Option<i64>> {
    let Some(place) = place else { return Ok(None) };
    Ok(match row.get_ref(place)? {
        ValueRef::Integer(number) => Some(number),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use rusqlite::Connection;

    use super::*;
    use crate::model::subject::Subject as _;

    #[test]
    fn columns_are_found_by_name_and_what_is_not_selected_is_not_known() {
        let connection = Connection::open_in_memory().unwrap();
        let mut statement = connection
            .prepare("SELECT 4 AS level, 'syslog-udp' AS listener, NULL AS program, 'core' AS \"group\", x'00' AS oid")
            .unwrap();
        let columns = RowColumns::of(&statement);
        let mut rows = statement.query([]).unwrap();
        let row = columns.read(rows.next().unwrap().unwrap()).unwrap();
        assert_eq!((row.level(), row.listener()), (Some(4), Some(&b"syslog-udp"[..])));
        assert_eq!(row.group(), Some(&b"core"[..]));
        assert_eq!((row.program(), row.oid(), row.trap_type()), (None, None, None));
    }
}
