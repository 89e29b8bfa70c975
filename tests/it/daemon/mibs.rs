//! Names from MIB modules of the operator, loaded at the start and again when a file changes.

use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;

use serde_json::{Value as Json, json};
use tempfile::TempDir;

use crate::support::daemon::{Daemon, Process};
use crate::support::options::Options;
use crate::support::{ber, udp_to, wait_until};

/// A module of a vendor, which imports from standard modules that are not in its directory.
const ACME: &str = r#"ACME-FAN-MIB DEFINITIONS ::= BEGIN
IMPORTS
    MODULE-IDENTITY, OBJECT-TYPE, NOTIFICATION-TYPE, Integer32, enterprises FROM SNMPv2-SMI
    TEXTUAL-CONVENTION, MacAddress, DateAndTime, TruthValue FROM SNMPv2-TC
    ifIndex FROM IF-MIB
    InetAddress FROM INET-ADDRESS-MIB;

acmeFanMIB MODULE-IDENTITY
    LAST-UPDATED "202611220000Z"
    ORGANIZATION "Acme"
    CONTACT-INFO "noc@acme.example"
    DESCRIPTION "Fans."
    REVISION "202611220000Z"
    DESCRIPTION "First."
    ::= { enterprises 99999 }

AcmeTemperature ::= TEXTUAL-CONVENTION
    DISPLAY-HINT "d-1"
    STATUS current
    DESCRIPTION "Tenths of a degree."
    SYNTAX Integer32

acmeFanTable OBJECT-TYPE
    SYNTAX SEQUENCE OF AcmeFanEntry
    MAX-ACCESS not-accessible
    STATUS current
    DESCRIPTION "All fans."
    ::= { acmeFanMIB 1 }

acmeFanEntry OBJECT-TYPE
    SYNTAX AcmeFanEntry
    MAX-ACCESS not-accessible
    STATUS current
    DESCRIPTION "A fan."
    INDEX { ifIndex, acmeFanName }
    ::= { acmeFanTable 1 }

AcmeFanEntry ::= SEQUENCE {
    acmeFanName OCTET STRING,
    acmeFanState INTEGER,
    acmeFanTemperature AcmeTemperature,
    acmeFanAddress MacAddress,
    acmeFanSince DateAndTime,
    acmeFanPeer InetAddress,
    acmeFanFlags BITS
}

acmeFanName OBJECT-TYPE
    SYNTAX OCTET STRING (SIZE (1..16))
    MAX-ACCESS not-accessible
    STATUS current
    DESCRIPTION "Its name."
    ::= { acmeFanEntry 1 }

acmeFanState OBJECT-TYPE
    SYNTAX INTEGER { ok(1), failed(2) }
    MAX-ACCESS read-only
    STATUS current
    DESCRIPTION "Its state."
    ::= { acmeFanEntry 2 }

acmeFanTemperature OBJECT-TYPE
    SYNTAX AcmeTemperature
    MAX-ACCESS read-only
    STATUS current
    DESCRIPTION "Its temperature."
    ::= { acmeFanEntry 3 }

acmeFanAddress OBJECT-TYPE
    SYNTAX MacAddress
    MAX-ACCESS read-only
    STATUS current
    DESCRIPTION "Its address."
    ::= { acmeFanEntry 4 }

acmeFanSince OBJECT-TYPE
    SYNTAX DateAndTime
    MAX-ACCESS read-only
    STATUS current
    DESCRIPTION "Since when."
    ::= { acmeFanEntry 5 }

acmeFanPeer OBJECT-TYPE
    SYNTAX InetAddress
    MAX-ACCESS read-only
    STATUS current
    DESCRIPTION "Who asked."
    ::= { acmeFanEntry 6 }

acmeFanFlags OBJECT-TYPE
    SYNTAX BITS { manual(0), loud(1), spare(2) }
    MAX-ACCESS read-only
    STATUS current
    DESCRIPTION "How it is."
    ::= { acmeFanEntry 7 }

acmeFanAlarm NOTIFICATION-TYPE
    OBJECTS { acmeFanState }
    STATUS current
    DESCRIPTION "A fan failed."
    ::= { acmeFanMIB 0 1 }
END
"#;

/// 1.3.6.1.4.1.99999, as contents octets.
const ENTERPRISE: [u8; 8] = [0x2B, 6, 1, 4, 1, 0x86, 0x8D, 0x1F];

/// What [`alarm`] reads as with the module.
const NAMED: &str = "ACME-FAN-MIB::acmeFanAlarm acmeFanState.3.\"left\"=failed(2) acmeFanTemperature.3.\"left\"=81.5 \
     acmeFanAddress.3.\"left\"=00:11:22:aa:bb:cc acmeFanSince.3.\"left\"=2026-11-22T08:15:30.0+01:00 \
     acmeFanPeer.3.\"left\"=192.0.2.7 acmeFanFlags.3.\"left\"={manual(0) spare(2)}";

/// And without.
const NUMBERED: &str = "1.3.6.1.4.1.99999.0.1 1.3.6.1.4.1.99999.1.1.2.3.4.108.101.102.116=2";

/// A trap of one fan, `left` at interface 3.
fn alarm() -> Vec<u8> {
    let column = |number: u8, value: Vec<u8>| {
        let instance = [&[1, 1, number, 3, 4][..], b"left"].concat();
        ber::sequence(&[ber::oid(&[&ENTERPRISE[..], &instance].concat()), value])
    };
    let varbinds = ber::sequence(&[
        ber::sequence(&[ber::oid(&ber::SYS_UP_TIME), ber::tlv(0x43, &[5])]),
        ber::sequence(&[ber::oid(&ber::SNMP_TRAP_OID), ber::oid(&[&ENTERPRISE[..], &[0, 1]].concat())]),
        column(2, ber::integer(2)),
        column(3, ber::integer(815)),
        column(4, ber::octets(&[0, 0x11, 0x22, 0xAA, 0xBB, 0xCC])),
        column(5, ber::octets(&[0x07, 0xEA, 11, 22, 8, 15, 30, 0, b'+', 1, 0])),
        column(6, ber::octets(&[192, 0, 2, 7])),
        column(7, ber::octets(&[0xA0])),
    ]);
    let pdu = ber::tlv(0xA7, &[ber::integer(1), ber::integer(0), ber::integer(0), varbinds].concat());
    ber::sequence(&[ber::integer(1), ber::octets(b"public"), pdu])
}

/// A folder with the module in `mibs/acme`.
fn folder() -> Arc<TempDir> {
    let folder = Arc::new(tempfile::tempdir().unwrap());
    std::fs::create_dir_all(folder.path().join("mibs/acme")).unwrap();
    std::fs::write(folder.path().join("mibs/acme/fan.my"), ACME).unwrap();
    folder
}

fn options() -> Options {
    Options::default().set("snmp.mib_dirs", "[mibs]")
}

/// Sends the alarm, and returns its text.
fn text_of_alarm(daemon: &Daemon) -> String {
    let before = daemon.store().count();
    udp_to(daemon.address("snmp-udp")).send(&alarm()).unwrap();
    daemon.wait_count(before + 1);
    daemon.store().texts().swap_remove(before)
}

fn muttd(folder: &Path, arguments: &[&str]) -> Output {
    std::fs::write(folder.join("mutt.yaml"), options().yaml()).unwrap();
    let all = [&["--config", "mutt.yaml"], arguments].concat();
    Command::new(env!("CARGO_BIN_EXE_muttd")).args(all).current_dir(folder).output().unwrap()
}

#[test]
fn a_vendors_module_names_what_its_devices_send() {
    let daemon = Daemon::start_in(folder(), options());
    daemon.wait_line("1 MIB module(s) from snmp.mib_dirs are in force");
    assert_eq!(text_of_alarm(&daemon), NAMED);
    let row = daemon.store().row("SELECT trap_type, oid, enriched_data FROM messages").into_iter().flatten();
    let row: Vec<String> = row.collect();
    assert_eq!(row[..2], ["ACME-FAN-MIB::acmeFanAlarm", "1.3.6.1.4.1.99999.0.1"]);
    let enriched: Json = serde_json::from_str(&row[2]).unwrap();
    assert_eq!(
        enriched["varbinds"][3],
        json!({"oid": "1.3.6.1.4.1.99999.1.1.3.3.4.108.101.102.116",
            "name": "ACME-FAN-MIB::acmeFanTemperature.3.4.108.101.102.116",
            "index": {"ifIndex": 3, "acmeFanName": "left"}, "type": "integer", "value": 815, "text": "81.5"})
    );
    assert_eq!(enriched["varbinds"][4]["hex"], "001122aabbcc", "what came is there as well");
    assert_eq!(enriched["varbinds"][7]["text"], "{manual(0) spare(2)}");
    daemon.stop();

    let without = Daemon::start(Options::default().set("snmp.mib_dirs", "[]"));
    assert!(
        text_of_alarm(&without).starts_with(NUMBERED),
        "an unknown name is a number, not a reason to drop"
    );
    without.stop();
}

#[test]
fn a_changed_file_is_in_force_without_a_restart_and_a_broken_one_harms_no_other() {
    let daemon = Daemon::start_in(folder(), options());
    assert_eq!(text_of_alarm(&daemon), NAMED);
    let file = daemon.file("mibs/acme/fan.my");
    std::fs::write(&file, ACME.replace("failed(2)", "onFire(2)")).unwrap();
    daemon.process().wait_lines("MIB module(s) from snmp.mib_dirs are in force", 2);
    wait_until("the new label", || text_of_alarm(&daemon).contains("acmeFanState.3.\"left\"=onFire(2)"));

    let broken = "BROKEN-MIB DEFINITIONS ::= BEGIN\nIMPORTS enterprises FROM SNMPv2-SMI;\n\
                  brokenOne OBJECT IDENTIFIER ::= { enterprises 4242 }\nbrokenTwo OBJECT-TYPE SYNTAX ) ::= {\nEND\n";
    std::fs::write(daemon.file("mibs/broken.txt"), broken).unwrap();
    let line = daemon.wait_line("mibs/broken.txt:4: ");
    assert!(line.contains("WARN"), "{line}");
    daemon.wait_line("2 MIB module(s) from snmp.mib_dirs are in force");
    assert!(text_of_alarm(&daemon).contains("onFire(2)"));

    std::fs::remove_file(&file).unwrap();
    wait_until("numbers again", || text_of_alarm(&daemon).starts_with(NUMBERED));
    std::fs::write(&file, ACME).unwrap();
    daemon.process().signal("HUP");
    wait_until("names again", || text_of_alarm(&daemon) == NAMED);
    daemon.stop();
}

#[test]
fn a_directory_that_is_not_there_is_named() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("mutt.yaml"), options().yaml()).unwrap();
    let mut process = Process::start(folder.path(), &["--config", "mutt.yaml"]);
    assert!(!process.wait_end().success());
    let lines = process.lines().join("\n");
    assert!(lines.contains("snmp.mib_dirs: mibs cannot be read: No such file or directory"), "{lines}");
    for command in [&["check"][..], &["mib", "load-report"], &["mib", "translate", "ifIndex"]] {
        let output = muttd(folder.path(), command);
        let told = [output.stdout, output.stderr].concat();
        let told = String::from_utf8_lossy(&told);
        assert_eq!(output.status.code(), Some(1), "{told}");
        assert!(told.contains("snmp.mib_dirs: mibs cannot be read"), "{told}");
    }
}

#[test]
fn commands_tell_names_and_what_was_loaded() {
    let folder = folder();
    let told = |arguments: &[&str], code: i32| {
        let output = muttd(folder.path(), arguments);
        let told = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        assert_eq!(output.status.code(), Some(code), "{told}");
        told
    };
    let named = told(&["mib", "translate", "1.3.6.1.4.1.99999.1.1.2.3.4.108.101.102.116"], 0);
    for part in [
        "ACME-FAN-MIB::acmeFanState.3.4.108.101.102.116\n",
        "labels  ok(1) failed(2)\n",
        "index   ifIndex=3 acmeFanName=\"left\"\n",
        "from    mibs/acme/fan.my\n",
    ] {
        assert!(named.contains(part), "{part:?}: {named}");
    }
    let numbered = told(&["mib", "translate", "acmeFanState.3.\"left\"", "IF-MIB::linkDown"], 0);
    assert!(numbered.contains("oid     1.3.6.1.4.1.99999.1.1.2.3.4.108.101.102.116\n"), "{numbered}");
    assert!(numbered.contains("oid     1.3.6.1.6.3.1.1.5.3\n"), "{numbered}");
    let unknown = told(&["mib", "translate", "1.3.6.1.4.1.9.9.999.1", "ifIndex"], 1);
    assert!(unknown.contains("IF-MIB::ifIndex\n") && unknown.contains("belongs to cisco"), "{unknown}");

    std::fs::write(folder.path().join("mibs/notes"), "nothing").unwrap();
    std::fs::write(folder.path().join("mibs/half"), "X\nDEFINITIONS ::= \nBEGIN x").unwrap();
    let report = told(&["mib", "load-report"], 0);
    for part in [
        "mibs: 3 files, 2 with MIB modules, 1 others\n",
        "ACME-FAN-MIB  11 names  mibs/acme/fan.my\n",
        "2 modules with 11 names, 2 problems; ",
    ] {
        assert!(report.contains(part), "{part:?}: {report}");
    }
    assert!(report.contains("warning: mibs/half:"), "{report}");
    let checked = told(&["check"], 0);
    assert!(
        checked.contains("snmp.mib_dirs: 2 modules, 11 names") && checked.contains("warning: mibs/half:"),
        "{checked}"
    );
    let exported = told(&["mib", "export"], 0);
    assert!(
        exported.contains("column\t1.3.6.1.4.1.99999.1.1.3\tacmeFanTemperature\tAcmeTemperature\n"),
        "{exported}"
    );
}
