//! The commands beside `run`.

use std::path::Path;
use std::process::{Command, Output};

use crate::support::options::Options;
use crate::support::source;

fn muttd(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_muttd")).args(arguments).current_dir(folder).output().unwrap()
}

#[test]
fn the_shipped_configuration_is_the_default_and_passes() {
    let output = muttd(source::root(), &["check"]);
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && told.ends_with("ok\n"), "{told}");
    assert!(told.contains("config/mutt_config.yaml: loaded"), "{told}");
    assert!(
        told.contains("config/alert_rules.yaml: ") && told.contains("config/snmpv3_credentials.yaml: "),
        "{told}"
    );
}

#[test]
fn a_check_opens_nothing_and_tells_what_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.yaml");
    std::fs::write(&path, Options::default().yaml()).unwrap();
    let output = muttd(folder.path(), &["check", "--config", "c.yaml"]);
    assert!(output.status.success(), "{output:?}");
    let made = std::fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(made, 1, "nothing but the configuration");

    std::fs::write(&path, Options::default().set("listeners.snmp.port", "70000").yaml()).unwrap();
    let output = muttd(folder.path(), &["--config", "c.yaml", "check"]);
    let told = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(
        told.contains("c.yaml:") && told.contains("listeners.snmp.port") && told.contains("70000"),
        "{told}"
    );
    assert!(told.contains("65535"), "what is allowed: {told}");
}

#[test]
fn version_and_nonsense() {
    let folder = tempfile::tempdir().unwrap();
    let output = muttd(folder.path(), &["version"]);
    assert_eq!(String::from_utf8(output.stdout).unwrap(), concat!("muttd ", env!("CARGO_PKG_VERSION"), "\n"));
    let output = muttd(folder.path(), &["dance"]);
    assert!(!output.status.success() && !output.stderr.is_empty());
}
