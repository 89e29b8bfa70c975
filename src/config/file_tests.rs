//! Several files read together, variables in values, and what is in force.
#![allow(clippy::unwrap_used)]

use std::ffi::OsString;

use serde_json::{Value as Json, json};

use super::document::Source;
use super::files::{self, Loaded};
use super::{ConfigError, Settings};
use crate::base::cidr::IpRanges;
use crate::model::zone::{Zone, Zones};

fn environment(name: &str) -> Option<OsString> {
    let value = match name {
        "PORT" => "1162",
        "ON" => "true",
        "NOTHING" => "null",
        "EMPTY" => "",
        "SECONDS" => "0.5",
        "STRUCTURE" => "{enabled: false}",
        "LIST" => "[10.0.0.0/8]",
        "LINES" => "INFO\nhttp: {enabled: false}",
        "DIRECTORY" => "/var/lib/mutt",
        "PASSWORD" => "hunter2",
        _ => return None,
    };
    Some(value.into())
}

/// The files `0.yaml`, `1.yaml` and so on, read together.
fn load(texts: &[&str]) -> Result<Loaded, ConfigError> {
    let source = |(number, text): (usize, &&str)| Source {
        name: format!("{number}.yaml"),
        text: (*text).to_owned().into(),
        secrecy: files::secrecy(),
    };
    let sources: Vec<Source> = texts.iter().enumerate().map(source).collect();
    files::resolve(&sources, Vec::new(), &environment)
}

fn settings(texts: &[&str]) -> Settings {
    load(texts).map(|loaded| loaded.settings).unwrap_or_else(|error| panic!("{error}"))
}

fn refused(texts: &[&str]) -> String {
    load(texts).map(|loaded| loaded.settings).unwrap_err().to_string()
}

#[test]
fn sections_are_merged_and_values_replaced() {
    let loaded = settings(&[
        "listeners:\n  snmp: {port: 162, allow_from: [10.0.0.0/8, 192.0.2.1]}\n  syslog:\n    zone_words: {EST: UTC}\n",
        "listeners:\n  snmp: {allow_from: [172.16.0.0/12]}\n  syslog:\n    zone_words: {IST: UTC}\n    tcp:\nhttp:\n",
        "",
        "listeners: {snmp: {enabled: false, receive_buffer_bytes: 8192}}\ndaemon: {log_file: null}\n",
    ]);
    let mut expected = Settings::default();
    expected.listeners.snmp.port = 162;
    expected.listeners.snmp.enabled = false;
    expected.listeners.snmp.receive_buffer_bytes = 8_192;
    expected.listeners.snmp.allow_from = Some(IpRanges::parse(["172.16.0.0/12"]).unwrap());
    expected.listeners.syslog.zones = Zones::new(Zone::UTC, vec![], vec![("IST".to_owned(), Zone::UTC)]);
    expected.daemon.log_file = None;
    assert_eq!(loaded, expected);
}

#[test]
fn a_value_that_is_replaced_is_not_looked_at() {
    let loaded = settings(&[
        "listeners: {snmp: {port: many, communities: [{env: NO_SUCH_VARIABLE_OF_OURS}]}}\ndaemon:\n  shards: ${NONE}\n",
        "listeners: {snmp: {port: 7, communities: null}}\ndaemon: {shards: 3}\n",
    ]);
    assert_eq!((loaded.listeners.snmp.port, loaded.daemon.shards), (7, 3));
}

#[test]
fn problems_of_all_files_are_told_in_their_order() {
    let told = refused(&[
        "daemon:\n  shards: 99\n",
        "daemon: {shard: 1}\n",
        "daemon: [\n",
        "listeners:\n  syslog:\n    port: 5162\n  snmp: 1\n",
    ]);
    let heads: Vec<&str> = told.lines().filter(|line| line.contains(".yaml:")).collect();
    let starts = [
        "0.yaml:2:11: daemon.shards: value 99: out of range",
        "1.yaml:1:10: daemon.shard: unknown key (did you mean \"shards\"?)",
        "2.yaml:",
        "3.yaml:4:9: listeners.snmp: value 1: must be a section",
    ];
    assert_eq!(heads.len(), starts.len(), "{told}");
    for (head, start) in heads.iter().zip(starts) {
        assert!(head.starts_with(start), "{head}");
    }
    // Half of a contradiction in each of two files: told where the key is that came last.
    let told = refused(&["listeners: {snmp: {port: 5000}}\n", "listeners:\n  syslog: {port: 5000}\n"]);
    assert!(told.starts_with("1.yaml:2:18: listeners.syslog.port: value 5000: UDP port 5000 is"), "{told}");
    let told = refused(&["listeners: {snmp: {port: 5514}}\n"]);
    assert!(told.starts_with("0.yaml: listeners.syslog.port: UDP port 5514 is"), "{told}");
}

#[test]
fn variables_have_the_type_of_what_they_hold() {
    let loaded = settings(&[
        "listeners:\n  snmp:\n    port: ${PORT}\n    enabled: \"${ON}\"\n  syslog:\n    port: ${NONE:-1514}\n\
         daemon:\n  log_file: ${NOTHING}\n  pid_file: ${EMPTY}\nprocessor:\n  batch_timeout_seconds: '${SECONDS}'\n\
         storage:\n  database:\n    path: ${DIRECTORY}/$$x$y.db\n  node_id: \"${NONE:-12}\"\nsnmp:\n  mib_dirs:\n  \
         - ${DIRECTORY}\n  - ${PORT}\n",
    ]);
    let mut expected = Settings::default();
    expected.listeners.snmp.port = 1_162;
    expected.listeners.syslog.port = 1_514;
    expected.daemon.log_file = None;
    expected.daemon.pid_file = None;
    expected.processor.batch_timeout = std::time::Duration::from_millis(500);
    expected.storage.database.path = "/var/lib/mutt/$x$y.db".into();
    expected.storage.node_id = Some(12);
    expected.snmp.mib_dirs = vec!["/var/lib/mutt".into(), "1162".into()];
    assert_eq!(loaded, expected);
}

#[test]
fn a_variable_never_becomes_structure() {
    for (text, told) in [
        ("http: ${STRUCTURE}\n", "http: value ${STRUCTURE}: must be a section"),
        (
            "listeners:\n  snmp:\n    allow_from: ${LIST}\n",
            "allow_from: value [10.0.0.0/8]: not an IP address",
        ),
        ("daemon:\n  log_level: ${LINES}\n", "value INFO\\nhttp: {enabled: false}: not one of the choices"),
        (
            "listeners:\n  syslog:\n    zone_words: ${STRUCTURE}\n",
            "zone_words: value {enabled: false}: must be a section: words",
        ),
    ] {
        let found = refused(&[text]);
        assert!(found.contains(told), "{found}");
    }
}

#[test]
fn a_variable_that_is_not_set_is_told_with_its_place() {
    let told = refused(&["daemon:\n  shards: ${NONE}\nhttp:\n  listen: ${HOST:-::1\n"]);
    assert_eq!(
        told,
        "0.yaml:2:11: daemon.shards: value ${NONE}: the environment variable NONE is not set; allowed: a variable that \
         is set, or ${NAME:-TEXT} with a default\n     2 |   shards: ${NONE}\n       |           ^\n\
         0.yaml:4:11: http.listen: value ${HOST:-::1: ${ without a }; allowed: ${NAME}, ${NAME:-TEXT}; $$ for a $\n     \
         4 |   listen: ${HOST:-::1\n       |           ^"
    );
    let told = refused(&["listeners:\n  snmp:\n    communities:\n    - hunter2${NONE}\n"]);
    assert!(told.contains("communities: the environment variable NONE is not set"), "{told}");
    assert!(!told.contains("hunter2"), "{told}");
}

#[test]
fn what_is_in_force_is_told_with_its_origin() {
    let loaded = load(&[
        "listeners:\n  snmp:\n    port: ${PORT}\n    allow_from: 10.0.0.0/8\n    communities:\n    - \"${PASSWORD}\"\n",
        "daemon:\n  log_level: warn\nlisteners:\n  snmp:\n    allow_from: [172.16.0.0/12]\n",
    ])
    .unwrap_or_else(|error| panic!("{error}"));
    let told = |key: &str| {
        let record = loaded.records.iter().find(|record| record.key == key).unwrap();
        let origin = record.origin.map(|(file, place)| (loaded.names[file].as_str(), place.line));
        (record.value.clone(), origin)
    };
    assert_eq!(told("daemon.log_level"), (json!("WARNING"), Some(("1.yaml", 2))));
    assert_eq!(told("listeners.snmp.port"), (json!(1_162), Some(("0.yaml", 3))));
    assert_eq!(told("listeners.snmp.allow_from"), (json!(["172.16.0.0/12"]), Some(("1.yaml", 5))));
    assert_eq!(told("listeners.snmp.communities"), (json!("***"), Some(("0.yaml", 6))));
    assert_eq!(told("processor.batch_timeout_seconds"), (json!(0.35), None));
    assert_eq!(told("daemon.pid_file"), (json!("./mutt.pid"), None));
    let everything: Vec<&Json> = loaded.records.iter().map(|record| &record.value).collect();
    assert!(!format!("{everything:?}").contains("hunter2"));
    let loaded = load(&[""]).unwrap_or_else(|error| panic!("{error}"));
    assert!(loaded.records.iter().all(|record| record.origin.is_none()));
    let value = |key: &str| loaded.records.iter().find(|record| record.key == key).unwrap().value.clone();
    assert_eq!(value("listeners.snmp.communities"), Json::Null);
}
