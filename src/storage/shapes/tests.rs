//! Whatever the JSON, what the view makes of shape and values is the JSON again.
#![allow(clippy::unwrap_used, reason = "tests")]

use proptest::prelude::*;

use super::*;
use crate::storage::schema;

const LINK_DOWN: &str = r#"{"pdu":"trap","request_id":7,"security_level":"noAuthNoPriv","uptime":12,"varbinds":[{"oid":"1.3.6.1.2.1.1.3.0","name":"SNMPv2-MIB::sysUpTime.0","type":"timeticks","value":12},{"oid":"1.3.6.1.6.3.1.1.4.1.0","name":"SNMPv2-MIB::snmpTrapOID.0","type":"oid","value":"1.3.6.1.6.3.1.1.5.3"},{"oid":"1.3.6.1.2.1.2.2.1.1.10107","name":"IF-MIB::ifIndex.10107","index":{"ifIndex":10107},"type":"integer","value":10107},{"oid":"1.3.6.1.2.1.2.2.1.2.10107","name":"IF-MIB::ifDescr.10107","index":{"ifIndex":10107},"type":"octets","value":"a \"b\" \\ c"},{"oid":"1.3.6.1.4.1.32473.1.1.9","name":null,"type":"octets","value":"x"}],"notes":["trailing_octets"]}"#;

fn store() -> Connection {
    let mut connection = Connection::open_in_memory().unwrap();
    schema::create(&mut connection, 1).unwrap();
    connection
}

fn document(dialect: Dialect, json: &str) -> Document<'_> {
    Document { dialect, oid: b"1.3", trap_type: b"", json: json.as_bytes() }
}

/// What is read of a row with this shape and these values.
fn read_back(connection: &Connection, shape: Option<i64>, enriched: &[u8]) -> String {
    connection
        .execute(
            "INSERT OR REPLACE INTO events(received_at, id, commit_number, facts, device, shape, content_start, raw_message, enriched)
             VALUES ('', 1, 1, 2, 1, ?1, 0, '', ?2)",
            params![shape, std::str::from_utf8(enriched).unwrap()],
        )
        .unwrap();
    connection.query_row("SELECT enriched_json FROM event_rows", [], |row| row.get(0)).unwrap()
}

/// The values of `json`, which must have a shape the second time, and be read back as it was.
fn values(shapes: &mut Shapes, connection: &Connection, dialect: Dialect, json: &str) -> String {
    shapes.find(connection, &document(dialect, json)).unwrap();
    let shape = shapes.find(connection, &document(dialect, json)).unwrap();
    assert!(shape.is_some(), "{json}");
    let values = shapes.values().to_vec();
    assert_eq!(read_back(connection, shape, &values), json);
    String::from_utf8(values).unwrap().replace('\u{1f}', "|")
}

#[test]
fn what_is_the_same_in_all_messages_of_a_kind_is_not_in_the_row() {
    let connection = store();
    let mut shapes = Shapes::open(&connection).unwrap();
    assert_eq!(
        values(&mut shapes, &connection, Dialect::Notification, LINK_DOWN),
        r#"7|12|10107|10107|10107|a \"b\" \\ c|9|x"#
    );
    let cisco = r#"{"sequence_number":12,"cisco":{"facility":"LINK","severity":3,"mnemonic":"UPDOWN"},"notes":["a","b"]}"#;
    assert_eq!(values(&mut shapes, &connection, Dialect::Syslog, cisco), "12");
    let fields = r#"{"fields":{"devname":"fw1","type":"traffic","action":["close","drop"]},"repeated":true}"#;
    assert_eq!(values(&mut shapes, &connection, Dialect::Syslog, fields), "fw1|close|drop");
    assert_eq!(values(&mut shapes, &connection, Dialect::Syslog, r#"{"msg_id":"ID47"}"#), "");
}

#[test]
fn a_shape_is_stored_the_second_time_and_found_again() {
    let connection = store();
    let mut shapes = Shapes::open(&connection).unwrap();
    let link_down = document(Dialect::Notification, LINK_DOWN);
    assert_eq!(shapes.find(&connection, &link_down).unwrap(), None);
    assert_eq!(shapes.find(&connection, &link_down).unwrap(), Some(1));
    let other = Document { oid: b"1.4", ..link_down };
    assert_eq!(
        (shapes.find(&connection, &other).unwrap(), shapes.find(&connection, &other).unwrap()),
        (None, Some(2))
    );
    let mut again = Shapes::open(&connection).unwrap();
    assert_eq!(again.find(&connection, &link_down).unwrap(), Some(1));
    assert_eq!(again.find(&connection, &other).unwrap(), Some(2));
    // As after a transaction that was rolled back.
    connection.execute("DELETE FROM shapes WHERE number = 2", []).unwrap();
    again.reset(&connection).unwrap();
    assert_eq!(
        (again.find(&connection, &other).unwrap(), again.find(&connection, &other).unwrap()),
        (None, Some(2))
    );
}

#[test]
fn shapes_are_bounded_whatever_comes() {
    let connection = store();
    let mut shapes = Shapes::open(&connection).unwrap();
    let long = format!("{{\"{}\":1}}", "n".repeat(SHAPE_OCTETS_MAX));
    let many = format!("{{\"a\":[{}0]}}", "0,".repeat(VALUES_MAX));
    for json in [&long, &many, "{\"a\":", "{\"a\":\"\u{1f}\"}", "{\"a\u{1f}\":1}", "]", "nonsense"] {
        for _ in 0..3 {
            assert_eq!(shapes.find(&connection, &document(Dialect::Syslog, json)).unwrap(), None);
        }
    }
    for number in 0..SHAPES_MAX + 10 {
        let json = format!("{{\"n{number}\":1}}");
        for _ in 0..2 {
            shapes.find(&connection, &document(Dialect::Syslog, &json)).unwrap();
        }
    }
    let count: usize = connection.query_row("SELECT count(*) FROM shapes", [], |row| row.get(0)).unwrap();
    assert_eq!((count, shapes.numbers.len()), (SHAPES_MAX, SHAPES_MAX));
}

/// Any JSON, with names that mean something now and then.
fn any_json() -> impl Strategy<Value = serde_json::Value> {
    let name = prop_oneof![
        Just("oid".to_owned()),
        Just("name".to_owned()),
        Just("index".to_owned()),
        Just("value".to_owned()),
        Just("type".to_owned()),
        Just("uptime".to_owned()),
        Just("varbinds".to_owned()),
        Just("fields".to_owned()),
        ".{0,6}"
    ];
    let text = prop_oneof!["[0-9.]{0,9}", "[A-Z]{1,3}::[a-z]{1,3}(\\.[0-9]{1,3}){0,2}", ".{0,8}"];
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(serde_json::Value::from),
        any::<i64>().prop_map(serde_json::Value::from),
        (0_u64..20).prop_map(serde_json::Value::from),
        text.prop_map(serde_json::Value::from),
    ];
    leaf.prop_recursive(5, 48, 6, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(serde_json::Value::from),
            proptest::collection::vec((name.clone(), inner), 0..6)
                .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
        ]
    })
}

/// A varbind as ours are, more or less.
fn any_varbind() -> impl Strategy<Value = String> {
    ("(1\\.3|1\\.3\\.6\\.1\\.2\\.1\\.1)(\\.[0-9]{1,2}){0,3}", "[a-z]{1,4}", "(\\.[0-9]{1,2}){0,2}", "[ -~]{0,6}", 0..3).prop_map(
        |(oid, label, instance, value, kind)| {
            let value = serde_json::Value::from(value);
            let name = if kind == 0 { "null".to_owned() } else { format!("\"M::{label}{instance}\"") };
            let oid = format!("{oid}{}", if kind == 1 { instance.as_str() } else { "" });
            let index = instance.trim_start_matches('.');
            format!("{{\"oid\":\"{oid}\",\"name\":{name},\"index\":{{\"i\":\"{index}\"}},\"type\":\"octets\",\"value\":{value}}}")
        },
    )
}

proptest! {
    #[test]
    fn any_json_is_read_back(json in any_json(), is_syslog in any::<bool>()) {
        let json = json.to_string();
        let dialect = if is_syslog { Dialect::Syslog } else { Dialect::Notification };
        let connection = store();
        let mut shapes = Shapes::open(&connection).unwrap();
        shapes.find(&connection, &document(dialect, &json)).unwrap();
        if let Some(shape) = shapes.find(&connection, &document(dialect, &json)).unwrap() {
            let values = shapes.values().to_vec();
            prop_assert_eq!(read_back(&connection, Some(shape), &values), json);
        } else {
            // Lists of lists may be deeper than ours; nothing else is left whole.
            prop_assert!(json.matches(['[', '{']).count() > 8 || !json.starts_with(['[', '{']), "{}", json);
        }
    }

    #[test]
    fn any_varbinds_are_read_back(varbinds in proptest::collection::vec(any_varbind(), 0..5)) {
        let json = format!("{{\"pdu\":\"trap\",\"uptime\":3,\"varbinds\":[{}]}}", varbinds.join(","));
        let connection = store();
        let mut shapes = Shapes::open(&connection).unwrap();
        values(&mut shapes, &connection, Dialect::Notification, &json);
    }
}
