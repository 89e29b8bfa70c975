//! What `muttd snmp refused` prints: whom the SNMP listener refused, why, and how often.

use std::fmt::Write as _;

use crate::app::snmpv3_status::device;
use crate::storage::refused::{ROWS_MAX, Refused};

/// The list as text, the newest first.
pub fn render(rows: &[Refused]) -> String {
    let mut text = String::new();
    for row in rows {
        let device = device(&row.source_ip, &row.hostname);
        let _ = writeln!(
            text,
            "{device} {}: {} message(s), first {}, last {}",
            row.reason, row.num_refused, row.first_refused, row.last_refused
        );
    }
    if rows.len() == ROWS_MAX {
        let _ = writeln!(text, "only the newest {ROWS_MAX} are kept");
    }
    if text.is_empty() { "nobody was refused\n".to_owned() } else { text }
}
