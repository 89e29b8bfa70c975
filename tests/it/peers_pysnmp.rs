//! SNMPv3 with pysnmp, for the pairs of protocols that net-snmp lacks, and as a second opinion on the others.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use crate::support::daemon::Daemon;
use crate::support::options::Options;

const AUTHS: [&str; 6] = ["MD5", "SHA", "SHA224", "SHA256", "SHA384", "SHA512"];
const PRIVACIES: [&str; 8] = ["NONE", "DES", "3DES", "AES", "AES192", "AES256", "AES192C", "AES256C"];

/// The system's Python, of which pysnmp is a package.
const PYTHON: &str = "/usr/bin/python3";

const AUTH_PASSWORD: &str = "auth-secret-1";
const PRIV_PASSWORD: &str = "priv-secret-1";

/// Whether there is a pysnmp. Where peers must be there, its absence is an error.
fn has_pysnmp() -> bool {
    let output = Command::new(PYTHON).args(["-c", "from pysnmp import hlapi"]).output();
    let is_there = output.is_ok_and(|output| output.status.success());
    assert!(is_there || std::env::var_os("MUTT_REQUIRE_PEERS").is_none(), "there is no pysnmp for {PYTHON}");
    if !is_there {
        crate::support::say(&format!("left out: there is no pysnmp for {PYTHON}"));
    }
    is_there
}

#[test]
fn every_pair_of_protocols() {
    if !has_pysnmp() {
        return;
    }
    let pairs: Vec<(&str, &str)> =
        AUTHS.iter().flat_map(|auth| PRIVACIES.iter().map(|privacy| (*auth, *privacy))).collect();
    let (mut file, mut users) = ("snmpv3_credentials:\n".to_owned(), String::new());
    for (auth, privacy) in &pairs {
        let _ = writeln!(users, "u-{auth}-{privacy} {auth} {AUTH_PASSWORD} {privacy} {PRIV_PASSWORD}");
        let _ = write!(
            file,
            "  - username: u-{auth}-{privacy}\n    credentials:\n      - {{priority: 1, auth_type: {auth}, \
             auth_password: {AUTH_PASSWORD}, priv_type: {privacy}"
        );
        if *privacy != "NONE" {
            let _ = write!(file, ", priv_password: {PRIV_PASSWORD}");
        }
        file.push_str("}\n");
    }
    let folder = Arc::new(tempfile::tempdir().unwrap());
    std::fs::write(folder.path().join("users.yaml"), file).unwrap();
    let daemon = Daemon::start_in(folder, Options::default().set("snmpv3.credentials_file", "users.yaml"));
    let address = daemon.address("snmp-udp");
    let mut child = Command::new(PYTHON)
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/pysnmp_notify.py"))
        .args([address.ip().to_string(), address.port().to_string()])
        // It keeps its boots there.
        .env("TMPDIR", daemon.folder().path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(users.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    let expected: String = pairs
        .iter()
        .map(|(auth, privacy)| {
            let name = format!("u-{auth}-{privacy}");
            format!("{name} trap sent\n{name} inform answered\n")
        })
        .collect();
    assert_eq!(told, expected, "{}", String::from_utf8_lossy(&output.stderr));
    daemon.wait_count(2 * pairs.len());
    let rows = daemon.store().rows(
        "SELECT json_extract(enriched_data, '$.user'), json_extract(enriched_data, '$.security_level'),
             json_extract(enriched_data, '$.pdu'), validated, raw_message FROM messages ORDER BY id",
    );
    let text = "IF-MIB::linkDown sysDescr.0=\"from pysnmp\"";
    for (number, row) in rows.iter().enumerate() {
        let (auth, privacy) = pairs[number / 2];
        let name = format!("u-{auth}-{privacy}");
        let level = if privacy == "NONE" { "authNoPriv" } else { "authPriv" };
        let pdu = if number % 2 == 0 { "trap" } else { "inform" };
        let row: Vec<&str> = row.iter().flatten().map(String::as_str).collect();
        assert_eq!(row, [&name, level, pdu, "1", text]);
    }
    crate::support::say(&format!("pysnmp: {} pairs of protocols, a trap and an inform each", pairs.len()));
    let end = daemon.stop();
    assert_eq!(end.stored as usize, 2 * pairs.len());
}
