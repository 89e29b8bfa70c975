//! The three YAML files from outside: shipped ones, the first design's, and what an operator reads after a mistake.
#![allow(clippy::unwrap_used)]

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::config_credentials::BAD_CREDENTIALS;
use mutt::config::{
    self, AuthProtocol, ConfigError, Credentials, PROBLEMS_SHOWN_MAX, PrivProtocol, Settings, SyslogProtocol,
};
use mutt::matching::conditions::{Condition as _, Level};
use mutt::matching::{Action, RuleCondition, RuleSet, Scratch};
use mutt::model::subject::TextOnly;

/// A folder with one file in it.
pub struct OneFile {
    folder: tempfile::TempDir,
    pub path: PathBuf,
}

impl OneFile {
    pub fn new(name: &str, text: impl AsRef<[u8]>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        Self { folder, path }
    }

    /// What is wrong, without the folder and the working directory.
    fn told<T: std::fmt::Debug>(&self, load: fn(&Path) -> Result<T, ConfigError>) -> String {
        let error = load(&self.path).unwrap_err().to_string();
        let here = std::env::current_dir().unwrap();
        [self.folder.path(), &here]
            .iter()
            .fold(error, |told, folder| told.replace(&format!("{}/", folder.display()), ""))
    }
}

fn settings(text: &str) -> Settings {
    config::load(&OneFile::new("c.yaml", text).path).unwrap()
}

fn rules(text: &str) -> RuleSet {
    config::load_rules(&OneFile::new("r.yaml", text).path).unwrap()
}

pub fn credentials(text: &str) -> Credentials {
    config::load_credentials(&OneFile::new("u.yaml", text).path).unwrap()
}

fn settings_told(text: &str) -> String {
    OneFile::new("c.yaml", text).told(config::load)
}

fn rules_told(text: &str) -> String {
    OneFile::new("r.yaml", text).told(config::load_rules)
}

pub fn credentials_told(text: &str) -> String {
    OneFile::new("u.yaml", text).told(config::load_credentials)
}

pub fn shipped(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("config").join(name)
}

const FIRST_CONFIG: &str = r#"# MUTT Configuration

daemon:
  log_level: INFO
  log_file: ./logs/mutt.log
  pid_file: ./mutt.pid

listeners:
  snmp:
    enabled: true
    port: 5162
    protocol: udp
    buffer_size: 65535
    
  syslog:
    enabled: true
    port: 5514
    protocol: udp  # or tcp
    buffer_size: 65535

processor:
  queue_max_size: 10000       # Max items before file buffering
  batch_write_size: 100       # Write to DB in batches
  batch_timeout_seconds: 5    # Max wait for batch

storage:
  database:
    path: ./data/messages.db
    connection_timeout: 30
  
  file_buffer:
    enabled: true
    path: ./data/overflow.jsonl
    max_size_mb: 500           # Auto-clear when exceeded
  
  archiver:
    enabled: true
    path: ./data/archives
    format: csv                # csv or jsonl
    size_threshold_mb: 500     # Archive when DB exceeds this
    time_threshold_days: 7     # Or archive every N days
    compress: false            # Future: gzip compression option

pattern_matching:
  rules_file: ./config/alert_rules.yaml
  reload_interval_seconds: 300  # Reload rules every 5 min
"#;

const FIRST_RULES: &str = r#"# Alert Pattern Rules

rules:
  - id: "rule_001"
    name: "High Temperature Alert"
    pattern_type: "regex"
    pattern: "temperature.*critical"
    severity: "critical"
    action: "webhook"
    
  - id: "rule_002"
    name: "Interface Down"
    pattern_type: "keyword"
    keywords: ["down", "unreachable"]
    severity: "warning"
    action: "webhook"
    
  - id: "rule_003"
    name: "Memory Low"
    pattern_type: "regex"
    pattern: "memory.*low|low.*memory"
    severity: "info"
    action: "store"
"#;

pub const FIRST_CREDENTIALS: &str = r#"# SNMPv3 Credentials by Username
# Supports credential rotation: add new creds with active: false, then activate later

snmpv3_credentials:
  - username: snmpuser
    credentials:
      - priority: 1
        auth_type: SHA
        auth_password: authpass123
        priv_type: AES
        priv_password: privpass456
        active: true
      - priority: 2
        auth_type: SHA
        auth_password: authpass_new
        priv_type: AES
        priv_password: privpass_new
        active: false
        
  - username: otheruser
    credentials:
      - priority: 1
        auth_type: MD5
        auth_password: authpass789
        priv_type: DES
        priv_password: privpass000
        active: true
"#;

#[test]
fn the_shipped_files_load_and_are_the_defaults() {
    assert_eq!(config::load(&shipped("mutt_config.yaml")).unwrap(), Settings::default());
    assert!(Settings::default().warnings().is_empty());
    assert_eq!(config::load_rules(&shipped("alert_rules.yaml")).unwrap().len(), 3);
    assert!(config::load_credentials(&shipped("snmpv3_credentials.yaml")).unwrap().users.is_empty());
}

#[test]
fn the_shipped_configuration_and_its_schema_are_those_of_the_declarations() {
    let read = |name| fs::read_to_string(shipped(name)).unwrap();
    let hint = "written anew by: cargo run -- config template > config/mutt_config.yaml";
    assert!(read("mutt_config.yaml") == config::template(), "{hint}");
    let hint = "written anew by: cargo run -- config schema > config/mutt_config.schema.json";
    assert!(read("mutt_config.schema.json") == format!("{:#}\n", config::schema()), "{hint}");
}

#[test]
fn the_first_designs_files_load_unchanged() {
    let mut expected = Settings::default();
    expected.listeners.syslog.protocol = SyslogProtocol::Udp;
    expected.processor.queue_max_messages = 10_000;
    expected.processor.batch_write_messages = 100;
    expected.processor.batch_timeout = Duration::from_secs(5);
    expected.storage.file_buffer.enabled = true;
    expected.storage.archiver.enabled = true;
    let loaded = settings(FIRST_CONFIG);
    assert_eq!(loaded, expected);
    assert_eq!(loaded.warnings().len(), 2);

    let loaded = rules(FIRST_RULES);
    let seen: Vec<_> = loaded
        .iter()
        .map(|(_, rule)| (rule.id.as_str(), rule.severity.as_str(), rule.action, rule.line))
        .collect();
    assert_eq!(
        seen,
        [
            ("rule_001", "critical", Action::Webhook, 4),
            ("rule_002", "warning", Action::Webhook, 11),
            ("rule_003", "info", Action::Store, 18),
        ]
    );
    let index = loaded.first_match(&TextOnly(b"Link Down"), &mut Scratch::new()).unwrap();
    assert_eq!(loaded.rule(index).unwrap().name, "Interface Down");

    let loaded = credentials(FIRST_CREDENTIALS);
    assert_eq!(loaded.users.len(), 2);
    let user = &loaded.users[1];
    assert_eq!(user.username, "snmpuser");
    assert_eq!(
        user.credentials.iter().map(|c| (c.priority, c.active)).collect::<Vec<_>>(),
        [(1, true), (2, false)]
    );
    let authentication = user.credentials[0].authentication.as_ref().unwrap();
    assert_eq!(authentication.protocol, AuthProtocol::Sha);
    assert_eq!(authentication.key.expose(), b"authpass123");
    let privacy = loaded.users[0].credentials[0].privacy.as_ref().unwrap();
    assert_eq!((privacy.protocol, privacy.key.expose()), (PrivProtocol::Des, &b"privpass000"[..]));
}

#[test]
fn an_empty_file_means_the_defaults() {
    for text in ["", "# nothing\n", "---\n", "daemon:\nlisteners:\n  snmp:\n", "\u{feff}http:\r\n"] {
        assert_eq!(settings(text), Settings::default(), "{text:?}");
    }
    assert!(rules("").is_empty());
    assert!(rules("rules:\n").is_empty());
    assert!(credentials("").users.is_empty());
}

#[test]
fn yaml_words_for_booleans_are_text_where_text_is_due() {
    let loaded = rules(
        "rules:\n- {id: 101, name: off, pattern_type: keyword, keywords: [no, 404, on]}\n\
         - {id: 007, name: 1e3, pattern_type: exact, pattern: yes}\n",
    );
    let seen: Vec<_> = loaded.iter().map(|(_, rule)| (rule.id.as_str(), rule.name.as_str())).collect();
    assert_eq!(seen, [("101", "off"), ("007", "1e3")]);
    let mut scratch = Scratch::new();
    assert!(loaded.first_match(&TextOnly(b"error 404"), &mut scratch).is_some());
    assert!(loaded.first_match(&TextOnly(b"false"), &mut scratch).is_none());
    assert!(loaded.first_match(&TextOnly(b"YES"), &mut scratch).is_some());
}

#[test]
fn rule_defaults_and_spellings() {
    let loaded = rules(
        "rules:\n- id: a\n  name: A\n  pattern_type: Keyword\n  keywords: [x]\n\
         - id: b\n  name: B\n  pattern_type: exact\n  pattern: y\n  severity: CRIT\n  action: Discard\n\
         - id: c\n  name: C\n  pattern_type: regex\n  pattern: 'a(b'\n  enabled: false\n",
    );
    let seen: Vec<_> = loaded.iter().map(|(_, rule)| (rule.severity.as_str(), rule.action)).collect();
    assert_eq!(seen, [("info", Action::Store), ("critical", Action::Discard)]);
}

#[test]
fn mistakes_in_the_configuration_are_told_in_full() {
    let cases = [
        (
            "daemon:\n  log_levle: INFO\n",
            "c.yaml:2:3: daemon.log_levle: unknown key (did you mean \"log_level\"?); allowed: log_level, log_file, \
             log_format, pid_file, shards, runtime\n     2 |   log_levle: INFO\n       |   ^",
        ),
        (
            "listeners:\n  snmp:\n    port: many\n",
            "c.yaml:3:11: listeners.snmp.port: value many: must be a whole number; allowed: 0 to 65535 (0 = any free \
             port)\n     3 |     port: many\n       |           ^",
        ),
        (
            "listeners:\n  snmp:\n    port: 99999 # big\n",
            "c.yaml:3:11: listeners.snmp.port: value 99999: out of range; allowed: 0 to 65535 (0 = any free port)\n     \
             3 |     port: 99999 # big\n       |           ^",
        ),
        (
            "listeners:\n  syslog:\n    protocol: tpc\n",
            "c.yaml:3:15: listeners.syslog.protocol: value tpc: not one of the choices (did you mean \"tcp\"?); \
             allowed: udp, tcp, both\n     3 |     protocol: tpc\n       |               ^",
        ),
        (
            "daemon:\n\tlog_level: INFO\n",
            "c.yaml:2:2: not valid YAML: tabs disallowed within this context (block indentation)\n     2 |  log_level: \
             INFO\n       |  ^",
        ),
        (
            "daemon:\n  shards: 1\n  shards: 2\n",
            "c.yaml:3:3: the key shards stands twice\n     3 |   shards: 2\n       |   ^",
        ),
        (
            "daemon:\n  log_file: \"./mutt.log\n  pid_file: x\n",
            "c.yaml:3:3: not valid YAML: invalid indentation in multiline quoted scalar\n     3 |   pid_file: x\n       \
             |   ^",
        ),
        (
            "http:\n  listen: 8514\n",
            "c.yaml:2:11: http.listen: value 8514: not an address and a port; allowed: \"ADDRESS:PORT\", as \
             \"127.0.0.1:8514\" or \"[::1]:8514\"\n     2 |   listen: 8514\n       |           ^",
        ),
        (
            "http: on\n",
            "c.yaml:1:7: http: value on: must be a section: keys, each with a value; allowed: enabled, listen\n     1 | \
             http: on\n       |       ^",
        ),
        (
            "daemon:\n  shards:\n",
            "c.yaml:2:9: daemon.shards: has no value; allowed: 0 to 31 (0 = chosen from the cores)\n     2 |   \
             shards:\n       |         ^",
        ),
        (
            "processor:\n  batch_timeout_seconds: 5s\n",
            "c.yaml:2:26: processor.batch_timeout_seconds: value 5s: must be a number of seconds; allowed: 0.001 to \
             60\n     2 |   batch_timeout_seconds: 5s\n       |                          ^",
        ),
        (
            "listeners:\n  snmp:\n    address: [0.0.0.0, localhost]\n",
            "c.yaml:3:24: listeners.snmp.address: value localhost: not an IP address; allowed: an IPv4 or IPv6 \
             address, or a list of them\n     3 |     address: [0.0.0.0, localhost]\n       |                        ^",
        ),
        (
            "listeners:\n  snmp: {port: 5000}\n  syslog: {port: 5000}\n",
            "c.yaml:3:18: listeners.syslog.port: value 5000: UDP port 5000 is the SNMP listener's as well; allowed: a \
             port of its own\n     3 |   syslog: {port: 5000}\n       |                  ^",
        ),
        (
            "http:\n  enabled: \"true\"\n",
            "c.yaml:2:12: http.enabled: value \"true\": must be true or false; allowed: true, false\n     2 |   \
             enabled: \"true\"\n       |            ^",
        ),
        (
            "listeners:\n  snmp:\n    allow_from: [10.1.2.3/16]\n",
            "c.yaml:3:18: listeners.snmp.allow_from: value 10.1.2.3/16: the address has bits set behind the prefix; the \
             network is 10.1.0.0/16; allowed: networks or addresses, as [10.0.0.0/8, \"2001:db8::/32\", 192.0.2.1]\n     \
             3 |     allow_from: [10.1.2.3/16]\n       |                  ^",
        ),
        (
            "listeners:\n  syslog:\n    time_zone: Europe/Berlim\n",
            "c.yaml:3:16: listeners.syslog.time_zone: value Europe/Berlim: not a time zone; allowed: UTC, local, an \
             offset as \"+02:00\", or a name of the IANA database as Europe/Berlin\n     3 |     time_zone: \
             Europe/Berlim\n       |                ^",
        ),
        (
            "listeners:\n  syslog:\n    time_zones:\n    - zone: UTC\n",
            "c.yaml:4:7: listeners.syslog.time_zones[1].from: missing; allowed: from: networks, zone: their time \
             zone\n     4 |     - zone: UTC\n       |       ^",
        ),
        (
            "listeners:\n  syslog:\n    zone_words: {E5T: UTC}\n",
            "c.yaml:3:23: listeners.syslog.zone_words.E5T: value UTC: not a zone word; allowed: words of one to five \
             letters, as EST\n     3 |     zone_words: {E5T: UTC}\n       |                       ^",
        ),
        ("a: 1\n---\nb: 2\n", "c.yaml:3:1: a second YAML document begins\n     3 | b: 2\n       | ^"),
    ];
    for (text, told) in cases {
        assert_eq!(settings_told(text), told, "{text:?}");
    }
}

#[test]
fn no_mistake_around_communities_shows_one() {
    for (text, told) in [
        ("communities: [hunter2, [hunter2]]", "communities[2]: must be text; allowed: 1 to 255 octets"),
        ("communities: hunter2: 1", "not valid YAML (nothing is quoted where passwords may stand)"),
        (
            "communities: {hunter2: 1}",
            "communities: must be a list; allowed: a list of communities, or null for any",
        ),
        ("communities: []", "communities: the list is empty"),
        (
            "communities:\n    - hunter2\n    - hunter2: x",
            "communities[2]: unknown key; allowed: community, ",
        ),
        ("communities:\n    - hunter2\n    - \"hunter2\n    port: 1", "not valid YAML: invalid indentation"),
        ("communities: [*hunter2]", "not valid YAML (nothing is quoted where passwords may stand)"),
        ("communites: [hunter2]", "communites: unknown key (did you mean \"communities\"?)"),
        (
            "communities: [{from: [10.0.0.0/8]}]",
            "communities[1].community: missing; allowed: one of community, ",
        ),
        (
            "communities: [{community: hunter2, community_env: HOME}]",
            "communities[1].community is there, too",
        ),
        ("communities: [{community: hunter2, from: []}]", "communities[1].from: nobody could send"),
        ("communities: [{community: hunter2, from: [x]}]", "communities[1].from: not an IP address"),
        (
            "communities: [{community_file: no/such/file}]",
            "the file no/such/file cannot be read: No such file",
        ),
        ("communities: [{community_env: NO_SUCH_VARIABLE_OF_OURS}]", "NO_SUCH_VARIABLE_OF_OURS is not set"),
        ("communities: [hunter2]\n    port: many", "port: value many: must be a whole number"),
        ("{communities: [hunter2], port: many}", "port: value many: must be a whole number"),
        ("versions: []", "versions: not one version is taken"),
        ("versions: [v1, v4]", "versions: value v4: not a version of SNMP"),
    ] {
        let text = format!("listeners:\n  snmp:\n    {text}\n");
        let found = settings_told(&text);
        assert!(found.contains(told) && !found.contains("hunter2"), "{text}: {found}");
    }
    let loaded = settings("listeners: {snmp: {communities: [hunter2], min_security_level: authPriv}}");
    let shown = format!("{loaded:?}");
    assert!(!shown.contains("hunter2") && !shown.contains("104, 117, 110"), "{shown}");
    assert!(loaded.warnings()[0].contains("v1 and v2c have no security level"), "{:?}", loaded.warnings());
}

/// What is told of `text` under `listeners.syslog`, without line and place.
fn syslog_told(text: &str) -> String {
    let told = settings_told(&format!("listeners:\n  syslog:\n    {text}\n"));
    let first = told.lines().next().unwrap();
    first.split_once(": listeners.syslog.").unwrap().1.to_owned()
}

#[test]
fn mistakes_in_the_transports_are_told() {
    let fingerprint = format!("SHA256{}", ":AB".repeat(32));
    for (text, told) in [
        ("tcp: {proxy_protocol_from: [10.0.0.1/8]}", "the network is 10.0.0.0/8"),
        (
            "tcp: {proxy_protocol_from: [lb1]}",
            "tcp.proxy_protocol_from: value lb1: not an IP address or network",
        ),
        ("tcp: {oversize: cut}", "allowed: truncate, split"),
        ("tls: {client_fingerprints: [\"SHA1:AB\"]}", "only SHA-256 fingerprints are taken"),
        ("tls: {client_names: [\"a*.example.net\"]}", "the whole of the left-most label"),
        ("tls: {client_names: [\"*.net\"]}", "a whole top-level domain"),
        ("tls: {enabled: true, key_file: a}", "tls.certificate_file: needed for TLS"),
        ("tls: {enabled: true, certificate_file: a}", "tls.key_file: needed for TLS"),
        ("relp: {enabled: true, tls: true}", "tls.certificate_file: needed for TLS"),
        (
            "tls: {enabled: true, certificate_file: a, key_file: b, client_certificates: required}",
            "tls.client_certificates: value required: needs client_ca_file or client_fingerprints",
        ),
        (
            "tls: {enabled: true, certificate_file: a, key_file: b, client_ca_file: c}",
            "tls.client_certificates: no certificate is asked for",
        ),
        (
            &format!(
                "tls: {{enabled: true, certificate_file: a, key_file: b, client_certificates: optional, \
                 client_fingerprints: [\"{fingerprint}\"], client_names: [a.example.net]}}"
            ),
            "tls.client_names: needs client_ca_file",
        ),
        (
            "relp: {enabled: true, port: 5514}",
            "relp.port: value 5514: TCP port 5514 is that of syslog over tcp as well",
        ),
        ("relp: {unacknowledged_max: 0}", "allowed: 1 to 100000 (messages)"),
    ] {
        let found = syslog_told(text);
        assert!(found.contains(told), "{text}: {found}");
    }
    let loaded =
        settings("listeners: {syslog: {protocol: udp, port: 2514, relp: {enabled: true, port: 2514}}}");
    assert!(loaded.listeners.syslog.tls_settings().is_none(), "UDP and TCP ports do not meet");
}

#[test]
fn a_file_that_cannot_be_read_says_so() {
    let told = config::load(Path::new("no/such/file.yaml")).unwrap_err().to_string();
    let path = std::env::current_dir().unwrap().join("no/such/file.yaml");
    assert_eq!(told, format!("{}: cannot be read: No such file or directory (os error 2)", path.display()));
    let told = OneFile::new("c.yaml", b"a: 1\nb: \xff\n").told(config::load);
    assert_eq!(told, "c.yaml: line 2 holds an octet that is not UTF-8");
    let large = vec![b'#'; usize::try_from(config::FILE_OCTETS_MAX).unwrap() + 1];
    let told = OneFile::new("c.yaml", large).told(config::load);
    assert_eq!(told, "c.yaml: larger than 33554432 octets");
}

#[test]
fn files_made_to_exhaust_us_are_refused() {
    let mut laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for n in 1..12 {
        let before = n - 1;
        writeln!(
            laughs,
            "a{n}: &a{n} [*a{before}, *a{before}, *a{before}, *a{before}, *a{before}, *a{before}]"
        )
        .unwrap();
    }
    for text in ["[".repeat(100_000), "a: ".repeat(50_000), "{a: ".repeat(1_000), laughs] {
        let told = settings_told(&text);
        assert!(told.starts_with("c.yaml"), "{told}");
        assert!(told.len() < 500, "{} octets", told.len());
    }
}

#[test]
fn all_problems_are_told_in_the_order_of_the_file() {
    let told = settings_told(
        "daemon:\n  log_level: LOUD\n  shards: 99\nstorage:\n  databse: {}\n  node_id: -1\nhttp:\n  enabled: maybe\n",
    );
    let heads: Vec<&str> = told
        .lines()
        .filter_map(|line| line.strip_prefix("c.yaml:"))
        .filter_map(|line| line.split(": ").nth(1))
        .collect();
    assert_eq!(
        heads,
        ["daemon.log_level", "daemon.shards", "storage.databse", "storage.node_id", "http.enabled"]
    );

    let many: String = (0..PROBLEMS_SHOWN_MAX + 7).map(|n| format!("key{n}: 1\n")).collect();
    let told = settings_told(&many);
    assert_eq!(told.lines().last(), Some("... and 7 more"));
    assert_eq!(told.lines().count(), 3 * PROBLEMS_SHOWN_MAX + 1);
}

#[test]
fn a_long_line_is_shown_around_the_mistake() {
    let text = format!("http: {{{}listen: x, enabled: true}}\n", " ".repeat(500));
    let told = settings_told(&text);
    let lines: Vec<&str> = told.lines().collect();
    assert_eq!(lines.len(), 3);
    assert!(lines.iter().skip(1).all(|line| line.len() < 150), "{told}");
    let caret = lines[2].find('^').unwrap();
    assert!(lines[1][caret..].starts_with("x, enabled"), "{told}");
}

const BAD_RULES: &str = "\
rules:
- id: a
  name: A
  pattern_type: regex
  pattern: 'a(b'
- id: b
  pattern_type: keyword
- id: a
  name: x
  pattern_type: glob
- name: n
  pattern_type: regex
- id: d
  name: D
  pattern_type: keyword
  keywords: []
- id: e
  name: E
  pattern_type: keyword
  keywords: [x, '']
  severity: loud
- id: f
  name: F
  pattern_type: exact
  pattern: x
  keywords: [x]
  colour: red
- just text
- id: g
  name: G
  pattern_type: regex
  pattern: '(?:x{1000}){1000}'
  action: webhok
";

#[test]
fn mistakes_in_rules_name_the_rule_and_the_line() {
    let told = rules_told(BAD_RULES);
    let heads: Vec<&str> = told.lines().filter_map(|line| line.strip_prefix("r.yaml:")).collect();
    let severities = "critical, warning, info, debug, emergency, alert, error, notice, emerg, crit, err, warn, \
                      informational, panic";
    let keys = "id, name, pattern_type, pattern, keywords, severity, action, enabled, level";
    let expected = [
        "5:12: rule \"a\": pattern: not a regular expression at character 2: unclosed group".to_owned(),
        "6:3: rule \"b\": name: missing; allowed: text".to_owned(),
        "6:3: rule \"b\": keywords: missing; allowed: a list of words, at least one".to_owned(),
        "8:7: rule \"a\": id: value a: the rule on line 2 has the same id; allowed: an id of its own".to_owned(),
        "10:17: rule \"a\": pattern_type: value glob: not one of the choices; allowed: regex, keyword, exact".to_owned(),
        "11:3: rule 4: id: missing; allowed: text, unique in the file".to_owned(),
        "11:3: rule 4: pattern: missing; allowed: a regular expression".to_owned(),
        "16:13: rule \"d\": keywords: the list is empty; allowed: a list of words, at least one".to_owned(),
        "20:17: rule \"e\": keywords: value '': an empty text is part of everything; allowed: a list of words, at \
         least one"
            .to_owned(),
        format!("21:13: rule \"e\": severity: value loud: not one of the choices; allowed: {severities}"),
        "26:13: rule \"f\": keywords: an exact rule has a pattern, not keywords".to_owned(),
        format!("27:3: rule \"f\": colour: unknown key; allowed: {keys}"),
        format!("28:3: rule 8: value just text: must be a section: keys, each with a value; allowed: {keys}"),
        "32:12: rule \"g\": pattern: the regular expression takes more than 1048576 octets when compiled".to_owned(),
        "33:11: rule \"g\": action: value webhok: not one of the choices (did you mean \"webhook\"?); allowed: store, \
         webhook, discard"
            .to_owned(),
    ];
    assert_eq!(heads, expected);
}

#[test]
fn a_level_is_a_rule_alone_or_with_a_pattern() {
    let loaded = rules(
        "rules:\n- {id: a, name: A, level: err, severity: error}\n- {id: b, name: B, level: 4..3, action: discard}\n\
         - {id: c, name: C, level: [WARN, debug..debug], pattern_type: keyword, keywords: [down]}\n\
         - {id: d, name: D, level: 5}\n",
    );
    let range = |texts: &[&str]| vec![RuleCondition::Level(Level::parse(texts).unwrap())];
    let conditions: Vec<_> = loaded.iter().map(|(_, rule)| rule.conditions.clone()).collect();
    assert_eq!(
        conditions,
        [range(&["0..3"]), range(&["3..4"]), range(&["emerg..warning", "debug..debug"]), range(&["0..5"])]
    );
    let patterns: Vec<bool> = loaded.iter().map(|(_, rule)| rule.pattern.is_some()).collect();
    assert_eq!(patterns, [false, false, true, false]);
}

const BAD_LEVELS: &str = "\
rules:
- id: a
  name: A
  level: wraning
- id: b
  name: B
  level: [err, warning..ero]
- id: c
  name: C
  level: 8
- id: d
  name: D
  level:
- id: e
  name: E
  level: []
- id: f
  name: F
  level: err
  pattern: x
- id: g
  name: G
- id: h
  name: H
  level: {from: err}
- id: i
  name: I
  level: err
  levl: err
";

#[test]
fn mistakes_in_levels_say_what_is_allowed() {
    let told = rules_told(BAD_LEVELS);
    let heads: Vec<&str> = told.lines().filter_map(|line| line.strip_prefix("r.yaml:")).collect();
    let allowed = "emerg, alert, crit, err, warning, notice, info, debug, or 0 to 7: that level and worse; or a range, as \
                   warning..err";
    let missing = "missing; allowed: regex, keyword, exact";
    let expected = [
        format!(
            "4:10: rule \"a\": level: value wraning: wraning is not a level (did you mean \"warning\"?); allowed: {allowed}"
        ),
        format!(
            "7:16: rule \"b\": level: value warning..ero: ero is not a level (did you mean \"err\"?); allowed: {allowed}"
        ),
        format!("10:10: rule \"c\": level: value 8: 8 is not a level; allowed: {allowed}"),
        format!("13:8: rule \"d\": level: has no value; allowed: {allowed}"),
        format!("16:10: rule \"e\": level: the list is empty; allowed: {allowed}"),
        format!("17:3: rule \"f\": pattern_type: {missing}"),
        format!("21:3: rule \"g\": pattern_type: {missing}; or a condition: level"),
        format!("25:10: rule \"h\": level: must be text; allowed: {allowed}"),
        "29:3: rule \"i\": levl: unknown key (did you mean \"level\"?); allowed: id, name, pattern_type, pattern, \
         keywords, severity, action, enabled, level"
            .to_owned(),
    ];
    assert_eq!(heads, expected);
}

#[test]
fn many_rules_load() {
    let mut text = "rules:\n".to_owned();
    for n in 0..MANY_RULES {
        writeln!(
            text,
            "- {{id: r{n}, name: Rule, pattern_type: keyword, keywords: [key{n}word], action: discard}}"
        )
        .unwrap();
    }
    let loaded = rules(&text);
    assert_eq!(loaded.len(), MANY_RULES);
    let last = format!("a KEY{}WORD here", MANY_RULES - 1);
    let index = loaded.first_match(&TextOnly(last.as_bytes()), &mut Scratch::new()).unwrap();
    assert_eq!(loaded.rule(index).unwrap().id, format!("r{}", MANY_RULES - 1));
}

/// More values and keys than the parser takes by default.
const MANY_RULES: usize = 20_000;

#[test]
fn a_check_sums_up_or_tells_everything() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let rules_file = file(
        "rules.yaml",
        &format!("{FIRST_RULES}  - {{id: z, name: Z, pattern_type: regex, pattern: '.'}}\n"),
    );
    let users_file = file("users.yaml", FIRST_CREDENTIALS);
    let named = format!(
        "pattern_matching: {{rules_file: {rules_file}}}\nsnmpv3: {{credentials_file: {users_file}}}\n"
    );
    let config_file = file("mutt.yaml", &named);
    let report = config::check(Path::new(&config_file));
    assert!(report.is_ok());
    assert_eq!(
        report.to_string(),
        format!(
            "warning: {rules_file}: rule \"z\": every message is searched with this pattern, because it requires no \
             fixed text of two characters or more\n{config_file}: loaded\n{rules_file}: 4 rules, 0 disabled\n\
             {users_file}: 2 users, 2 active and 1 inactive credentials\nok"
        )
    );

    file("rules.yaml", BAD_RULES);
    file("users.yaml", BAD_CREDENTIALS[0].0);
    let report = config::check(Path::new(&config_file));
    assert!(!report.is_ok());
    assert_eq!(report.problems().len(), 17);
    assert!(report.to_string().ends_with("17 problems"));

    let missing = config::check(&folder.path().join("absent.yaml"));
    assert!(!missing.is_ok());
    assert!(missing.to_string().contains("absent.yaml: cannot be read: "));
}
