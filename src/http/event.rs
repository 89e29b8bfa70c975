//! EVENT of the API: the columns of `messages` by name, as JSON.
//!
//! `enriched_data` and `validation_errors` are JSON themselves, `raw_bytes` is in base64, and `archive` names the file that a
//! message was read from: null for one of the store.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::base::limits::{DATAGRAM_OCTETS_MAX, ENRICHED_OCTETS_MAX, RENDERED_TEXT_OCTETS_MAX};
use crate::model::columns::MessageColumns;

/// Octets with which JSON writes a control character.
const ESCAPE_OCTETS_MAX: usize = 6;

/// Most octets of an EVENT: the text, its content and the names cut out of it, each of control characters alone; the
/// octets as received, in base64; JSON, which stays as it is; the rest.
pub const EVENT_OCTETS_MAX: usize = 3 * ESCAPE_OCTETS_MAX * RENDERED_TEXT_OCTETS_MAX
    + 2 * DATAGRAM_OCTETS_MAX
    + ENRICHED_OCTETS_MAX
    + 16 * 1024;

/// The members, in the order of the view.
#[derive(Serialize)]
struct Members<'a> {
    id: &'a str,
    #[serde(rename = "type")]
    message_type: &'a str,
    source_ip: Option<&'a str>,
    source_device: Option<&'a str>,
    timestamp: &'a str,
    received_at: &'a str,
    raw_message: &'a str,
    validated: i64,
    validation_errors: Json<'a>,
    matched_rule_id: Option<&'a str>,
    matched_rule_name: Option<&'a str>,
    match_severity: Option<&'a str>,
    enriched_data: Json<'a>,
    stored_to_db: i64,
    stored_to_buffer: i64,
    error_message: Option<&'a str>,
    created_at: &'a str,
    raw_bytes: Option<String>,
    facility: Option<&'a str>,
    level: Option<i64>,
    program: Option<&'a str>,
    process_id: Option<i64>,
    oid: Option<&'a str>,
    trap_type: Option<&'a str>,
    snmp_version: Option<&'a str>,
    listener: Option<&'a str>,
    severity: Option<&'a str>,
    content: Option<&'a str>,
    archive: Option<&'a str>,
}

/// JSON as it stands in a column; a text, should it be none.
#[derive(Serialize)]
#[serde(untagged)]
enum Json<'a> {
    Value(&'a RawValue),
    Text(&'a str),
}

impl<'a> Json<'a> {
    fn of(column: &'a str) -> Self {
        serde_json::from_str(column).map_or(Self::Text(column), Self::Value)
    }
}

/// The EVENT of a message with these columns, which was read from `archive`, or from the store.
#[must_use]
pub fn render(columns: &MessageColumns<'_>, archive: Option<&str>) -> String {
    let members = Members {
        id: &columns.id,
        message_type: &columns.message_type,
        source_ip: columns.source_ip.as_deref(),
        source_device: columns.source_device.as_deref(),
        timestamp: &columns.timestamp,
        received_at: &columns.received_at,
        raw_message: &columns.raw_message,
        validated: columns.validated,
        validation_errors: Json::of(&columns.validation_errors),
        matched_rule_id: columns.matched_rule_id.as_deref(),
        matched_rule_name: columns.matched_rule_name.as_deref(),
        match_severity: columns.match_severity.as_deref(),
        enriched_data: Json::of(&columns.enriched_data),
        stored_to_db: columns.stored_to_db,
        stored_to_buffer: columns.stored_to_buffer,
        error_message: columns.error_message.as_deref(),
        created_at: &columns.created_at,
        raw_bytes: columns.raw_bytes.as_deref().map(|octets| STANDARD.encode(octets)),
        facility: columns.facility.as_deref(),
        level: columns.level,
        program: columns.program.as_deref(),
        process_id: columns.process_id,
        oid: columns.oid.as_deref(),
        trap_type: columns.trap_type.as_deref(),
        snmp_version: columns.snmp_version.as_deref(),
        listener: columns.listener.as_deref(),
        severity: columns.severity.as_deref(),
        content: columns.content.as_deref(),
        archive,
    };
    // Texts and numbers into a text: that cannot fail.
    serde_json::to_string(&members).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn columns_of_json_are_json_octets_are_base64_and_what_is_null_is_null() {
        let columns = MessageColumns {
            id: "i".into(),
            raw_message: "a \u{1b}\"b".into(),
            validation_errors: "[\"x\"]".into(),
            enriched_data: "{\"pdu\":\"trap\",\"uptime\":7}".into(),
            raw_bytes: Some((&b"\x00\xff"[..]).into()),
            level: Some(3),
            ..MessageColumns::default()
        };
        let event: Value = serde_json::from_str(&render(&columns, None)).unwrap();
        assert_eq!(event["raw_message"], "a \u{1b}\"b");
        assert_eq!(event["validation_errors"], json!(["x"]));
        assert_eq!(event["enriched_data"], json!({"pdu": "trap", "uptime": 7}));
        assert_eq!((&event["raw_bytes"], &event["level"]), (&json!("AP8="), &json!(3)));
        assert_eq!((&event["archive"], &event["oid"]), (&Value::Null, &Value::Null));
        let broken = MessageColumns { enriched_data: "{\"a".into(), ..columns };
        let event: Value = serde_json::from_str(&render(&broken, Some("a.parquet"))).unwrap();
        assert_eq!((&event["enriched_data"], &event["archive"]), (&json!("{\"a"), &json!("a.parquet")));
    }
}
