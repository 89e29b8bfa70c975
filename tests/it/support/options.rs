//! Configurations for a daemon under test.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// A configuration: keys with dots, and their values as YAML.
#[derive(Debug, Clone)]
pub struct Options(BTreeMap<String, String>);

impl Default for Options {
    /// Every port free to choose, this machine only, nothing outside of the working folder, quick commits.
    fn default() -> Self {
        Self(BTreeMap::new())
            .set("daemon.log_file", "null")
            .set("daemon.pid_file", "null")
            .set("daemon.shards", "1")
            .set("listeners.snmp.port", "0")
            .set("listeners.snmp.address", "\"127.0.0.1\"")
            .set("listeners.snmp.receive_buffer_bytes", "4194304")
            .set("listeners.syslog.port", "0")
            .set("listeners.syslog.address", "\"127.0.0.1\"")
            .set("listeners.syslog.receive_buffer_bytes", "4194304")
            .set("processor.batch_timeout_seconds", "0.02")
            .set("storage.database.path", "data/messages.db")
            .set("storage.database.connection_timeout", "1")
            .set("pattern_matching.rules_file", "null")
            .set("snmpv3.credentials_file", "null")
            .set("http.listen", "\"127.0.0.1:0\"")
    }
}

impl Options {
    /// With `key` (dots between its parts) set to `value` (YAML).
    pub fn set(mut self, key: &str, value: &str) -> Self {
        self.0.insert(key.to_owned(), value.to_owned());
        self
    }

    /// The value of `key`, where it is set.
    pub fn value(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }

    /// The file.
    pub fn yaml(&self) -> String {
        let mut text = String::new();
        let mut open: Vec<&str> = Vec::new();
        for (key, value) in &self.0 {
            let mut path: Vec<&str> = key.split('.').collect();
            let last = path.pop().unwrap();
            let common = open.iter().zip(&path).take_while(|(one, other)| one == other).count();
            for (depth, part) in path.iter().enumerate().skip(common) {
                let _ = writeln!(text, "{:1$}{part}:", "", depth * 2);
            }
            let _ = writeln!(text, "{:1$}{last}: {value}", "", path.len() * 2);
            open = path;
        }
        text
    }
}

#[test]
fn options_become_nested_yaml() {
    let options =
        Options(BTreeMap::new()).set("b.c.d", "1").set("a.x", "[2]").set("b.c.e", "3").set("b.f", "4");
    assert_eq!(options.yaml(), "a:\n  x: [2]\nb:\n  c:\n    d: 1\n    e: 3\n  f: 4\n");
}
