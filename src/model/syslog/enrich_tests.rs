//! Vendor facts as JSON; the lines were written for these tests.
#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;
use crate::wire::syslog::decode;
use serde_json::{Value, json};

fn enriched(line: &[u8]) -> String {
    let mut out = b"before".to_vec();
    enrich(&decode(line), Delivery::default(), &mut out);
    String::from_utf8(out[6..].to_vec()).unwrap()
}

fn object(line: &str) -> Value {
    let text = enriched(line.as_bytes());
    if text.is_empty() { Value::Null } else { serde_json::from_str(&text).unwrap() }
}

#[test]
fn extras_are_json_or_nothing() {
    assert_eq!(enriched(b"<34>Oct 11 22:14:15 mymachine su: 'su root' failed"), "");
    let text = enriched(
        b"<165>1 2003-10-11T22:14:15.003Z h a p-1 ID47 [x@1 iut=\"3\" ip=\"a\" ip=\"q\\\"\\]\"][y@1] hi",
    );
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        json,
        serde_json::json!({"msg_id": "ID47", "proc_id": "p-1",
            "structured_data": {"x@1": {"iut": "3", "ip": ["a", "q\"]"]}, "y@1": {}}})
    );
}

#[test]
fn too_many_extras_stay_valid_json() {
    let params: String = (0..4_000).map(|n| format!(" p{n}=\"\\\"\x01\"")).collect();
    let line = format!("<165>1 - h a - - [x{params}] hi");
    let json: serde_json::Value = serde_json::from_str(&enriched(line.as_bytes())).unwrap();
    assert!(json.is_object());
}

#[test]
fn repeated_and_many_params() {
    let line = "<165>1 - h a - - [x a=\"1\" b=\"2\" a=\"3\" c=\"4\" b=\"5\" a=\"6\"][x a=\"7\"] hi";
    assert_eq!(
        enriched(line.as_bytes()),
        r#"{"structured_data":{"x":{"a":["1","3","6"],"b":["2","5"],"c":"4"},"x":{"a":"7"}},"notes":["sd-id-repeated"]}"#
    );
    let hostile = "\x01".repeat(60_000);
    let line = format!("<165>1 - h a - - [x p=\"{hostile}\"] hi");
    assert_eq!(object(&line), json!({"structured_data_truncated": true}));
}

#[test]
fn names_of_events() {
    let cisco = |facility: &str, severity: Value, mnemonic: &str| json!({"facility": facility, "severity": severity, "mnemonic": mnemonic});
    let ios = object("<189>7: sw1: Oct 11 22:14:15.003: %LINK-3-UPDOWN: Interface x, changed state to down");
    assert_eq!(ios["cisco"], cisco("LINK", json!(3), "UPDOWN"));
    assert_eq!(ios["sequence_number"], json!(7));
    let small = object("<189>%SNMP-W-SNMPAUTHFAIL: Access attempted");
    assert_eq!(small["cisco"], cisco("SNMP", json!("W"), "SNMPAUTHFAIL"));
    let xr =
        object("<187>9: gw RP/0/RSP0/CPU0:Oct 11 22:14:15.834 : ifmgr[214]: %PKT_INFRA-LINK-3-UPDOWN : Down");
    assert_eq!(xr["cisco"], cisco("PKT_INFRA-LINK", json!(3), "UPDOWN"));
    assert_eq!(xr["msg_id"], json!("PKT_INFRA-LINK-3-UPDOWN"));
    let huawei = object("<29>2026-10-11 01:00:33.270.1 sw %%01IFNET/4/IF_STATE(l)[4997]:Interface down");
    assert_eq!(huawei["huawei"], json!({"module": "IFNET", "severity": 4, "name": "IF_STATE"}));
    assert_eq!(huawei["sequence_number"], json!(4_997));
    // A MSGID that only looks like one is the sender's own.
    assert_eq!(object("<189>1 - h a - LINK-3-UPDOWN - x"), json!({"msg_id": "LINK-3-UPDOWN"}));
}

#[test]
fn payloads_with_names_and_values() {
    let line = r#"<189>date=2026-10-11 time=22:14:15 devname="fw1" tz="+0200" msg="a \" b" action="close" action="drop""#;
    assert_eq!(
        object(line)["fields"],
        json!({"date": "2026-10-11", "time": "22:14:15", "devname": "fw1", "tz": "+0200", "msg": "a \" b",
            "action": ["close", "drop"]})
    );
    let line = r#"<134>1 2026-10-11T22:14:15Z gw CheckPoint 13752 - [action:"Accept"; origin:"192.0.2.1"]"#;
    assert_eq!(object(line)["fields"], json!({"action": "Accept", "origin": "192.0.2.1"}));
    let line = r"<134>Oct 11 22:14:15 gw CEF:0|V|P\|Q|1.0|100|it happened|3|src=192.0.2.1 msg=a b\=c";
    assert_eq!(
        object(line)["cef"],
        json!({"version": "0", "device_vendor": "V", "device_product": "P|Q", "device_version": "1.0",
            "device_event_class_id": "100", "name": "it happened", "severity": "3",
            "extension": {"src": "192.0.2.1", "msg": "a b=c"}})
    );
    let line = "<134>Oct 11 22:14:15 gw LEEF:2.0|V|P|1.0|7|^|src=192.0.2.1^cat=x y";
    assert_eq!(
        object(line)["leef"],
        json!({"version": "2.0", "vendor": "V", "product": "P", "product_version": "1.0", "event_id": "7",
            "attributes": {"src": "192.0.2.1", "cat": "x y"}})
    );
}

#[test]
fn text_with_pairs_in_it_is_text() {
    for line in [
        "<34>Oct 11 22:14:15 h su: retry=3 of 5",
        "<34>Oct 11 22:14:15 h su: authentication failure; logname= uid=0 euid=0 tty=x",
        "<34>Oct 11 22:14:15 h kernel: IN=eth0 OUT= SRC=192.0.2.1 DF PROTO=UDP",
        "<34>Oct 11 22:14:15 h app: a=1 b=2",
        "<34>Oct 11 22:14:15 h app: see CEF:0|a|b|c|d|e|f|g=h",
        "<34>Oct 11 22:14:15 h app: CEF:0|cut",
    ] {
        assert_eq!(object(line), Value::Null, "{line}");
    }
}

#[test]
fn fields_of_the_header_that_are_too_long_say_so() {
    let field = "\x01".repeat(30_000);
    let line = format!("<165>1 - h a {field} {field} [x a=\"1\"] hi");
    let found = object(&line);
    assert_eq!((&found["msg_id_truncated"], &found["proc_id_truncated"]), (&json!(true), &json!(true)));
    assert_eq!(found["structured_data"], json!({"x": {"a": "1"}}));
}

#[test]
fn a_payload_that_is_too_long_says_so() {
    let value = "\x01".repeat(30_000);
    let line = format!("<34>a=1 b=2 c=\"{value}\"");
    assert_eq!(object(&line), json!({"fields_truncated": true}));
    let line = format!("<34>Oct 11 22:14:15 h CEF:0|a|b|c|d|e|f|msg={value}");
    assert_eq!(object(&line), json!({"cef_truncated": true}));
    let many: String = (0..1_000).map(|n| format!("n{n}=v ")).collect();
    let found = object(&format!("<34>{many}"));
    assert_eq!(found["fields"].as_object().map(serde_json::Map::len), Some(limits::JSON_PAIRS_MAX));
    assert_eq!(found["fields_truncated"], json!(true));
    let enough: String = (0..limits::JSON_PAIRS_MAX).map(|n| format!("n{n}=v ")).collect();
    assert_eq!(object(&format!("<34>{enough}"))["fields_truncated"], Value::Null);
}
