//! Good, broken and hostile files.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on should stop")]

use std::fmt::Write as _;
use std::fs;

use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::mib::definition::Kind;

/// A module with one scalar, `NAMEValue` at `enterprises.NUMBER.1`.
fn module(name: &str, number: u32) -> String {
    format!(
        "{name}-MIB DEFINITIONS ::= BEGIN\nIMPORTS OBJECT-TYPE, Integer32, enterprises FROM SNMPv2-SMI;\n\
         {lower} OBJECT IDENTIFIER ::= {{ enterprises {number} }}\n\
         {lower}Value OBJECT-TYPE SYNTAX Integer32 MAX-ACCESS read-only STATUS current DESCRIPTION \"x\" \
         ::= {{ {lower} 1 }}\nEND\n",
        lower = name.to_lowercase()
    )
}

/// Loads a folder of files with these names and contents.
fn load_files(files: &[(&str, String)]) -> (TempDir, Loaded) {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    let loaded = load(&[folder.path().to_owned()]);
    (folder, loaded)
}

/// The name of `enterprises.NUMBER.1.0`.
fn value_of(loaded: &Loaded, number: u32) -> Option<String> {
    let names = loaded.names();
    let arcs = [1, 3, 6, 1, 4, 1, number, 1, 0];
    let name = names.lookup(&arcs).filter(|name| name.kind == Kind::Scalar)?;
    Some(format!("{}::{}", name.module, name.label))
}

#[test]
fn a_broken_file_is_told_with_its_line_and_harms_no_other() {
    let broken = module("Bad", 5).replace("MAX-ACCESS", ") MAX-ACCESS");
    let orphan = module("Lost", 6)
        .replace("enterprises FROM SNMPv2-SMI", "nowhere FROM GONE-MIB")
        .replace("enterprises 6", "nowhere 6");
    let unterminated = module("Open", 7).replace("\"x\"", "\"x");
    let files = [
        ("good", module("Good", 4)),
        ("broken.mib", broken),
        ("orphan.txt", orphan),
        ("open.my", unterminated),
        ("random", "\u{1}\u{2} DEFINITIONS ::= BEGIN \u{3}".repeat(1_000)),
    ];
    let (_folder, loaded) = load_files(&files);
    assert_eq!(value_of(&loaded, 4).as_deref(), Some("Good-MIB::goodValue"));
    let told: Vec<String> = loaded.problems.iter().map(ToString::to_string).collect();
    for part in ["broken.mib:4: ", "orphan.txt:2: ", "open.my:4: ", "random:1: "] {
        assert!(told.iter().any(|problem| problem.contains(part)), "{part}: {told:#?}");
    }
    assert!(told.iter().any(|problem| problem.contains("GONE-MIB")), "{told:#?}");
}

#[test]
fn of_two_files_of_a_module_the_first_counts_and_the_other_is_told_if_it_differs() {
    let other = module("Good", 4).replace("goodValue", "otherValue");
    let files = [("a", module("Good", 4)), ("b", module("Good", 4)), ("c", other)];
    let (folder, loaded) = load_files(&files);
    assert_eq!(value_of(&loaded, 4).as_deref(), Some("Good-MIB::goodValue"));
    assert_eq!(loaded.problems.len(), 1, "{:?}", loaded.problems);
    assert_eq!(loaded.problems[0].path, folder.path().join("c"));
    assert!(loaded.problems[0].what.contains("module Good-MIB is in"), "{:?}", loaded.problems);
}

#[test]
fn standard_names_are_kept_from_modules_that_repeat_them_and_given_to_those_that_define_them() {
    let text = |module: &str, label: &str| {
        format!(
            "{module} DEFINITIONS ::= BEGIN\nIMPORTS OBJECT-TYPE FROM SNMPv2-SMI;\n\
             {label} OBJECT-TYPE SYNTAX OCTET STRING MAX-ACCESS read-only STATUS current DESCRIPTION \"\" \
             ::= {{ iso 3 6 1 2 1 1 5 }}\nEND\n"
        )
    };
    let module_of = |module: &str, label: &str| {
        let (_folder, loaded) = load_files(&[("x", text(module, label))]);
        let names = loaded.names();
        let name = names.lookup(&[1, 3, 6, 1, 2, 1, 1, 5, 0]).unwrap();
        format!("{}::{}", name.module, name.label)
    };
    assert_eq!(module_of("OLD-MIB", "sysName"), "SNMPv2-MIB::sysName");
    assert_eq!(module_of("OLD-MIB", "nodeName"), "OLD-MIB::nodeName");
    assert_eq!(module_of("SNMPv2-MIB", "sysName"), "SNMPv2-MIB::sysName");
}

#[test]
fn smi_v1_modules_and_their_traps() {
    let text = "OLD-MIB DEFINITIONS ::= BEGIN\nIMPORTS enterprises FROM RFC1155-SMI OBJECT-TYPE FROM RFC-1212\n\
         TRAP-TYPE FROM RFC-1215 DisplayString, ifIndex FROM RFC1213-MIB;\n\
         old OBJECT IDENTIFIER ::= { enterprises 8 }\n\
         oldTable OBJECT-TYPE SYNTAX SEQUENCE OF OldEntry ACCESS not-accessible STATUS mandatory ::= { old 2 }\n\
         oldEntry OBJECT-TYPE SYNTAX OldEntry ACCESS not-accessible STATUS mandatory INDEX { ifIndex } ::= { oldTable 1 }\n\
         OldEntry ::= SEQUENCE { oldText DisplayString }\n\
         oldText OBJECT-TYPE SYNTAX DisplayString ACCESS read-only STATUS mandatory ::= { oldEntry 1 }\n\
         oldTrap TRAP-TYPE ENTERPRISE old VARIABLES { oldText } ::= 3\nEND\n";
    let (_folder, loaded) = load_files(&[("old.mib", text.to_owned())]);
    let names = loaded.names();
    let trap = names.lookup(&[1, 3, 6, 1, 4, 1, 8, 0, 3]).unwrap();
    assert_eq!((trap.label, trap.kind, trap.suffix.len()), ("oldTrap", Kind::Notification, 0));
    let column = names.lookup(&[1, 3, 6, 1, 4, 1, 8, 2, 1, 1, 7]).unwrap();
    assert_eq!(
        (column.label, column.suffix, column.index.len()),
        ("oldText", &[7][..], 1),
        "{:?}",
        loaded.problems
    );
    assert_eq!(column.index[0].label.as_ref(), "ifIndex");
    assert!(loaded.problems.is_empty(), "{:?}", loaded.problems);
}

#[test]
fn a_parser_that_panics_costs_the_guilty_file_only() {
    fn touchy(files: &[MibFile]) -> Parsed {
        let is_bad = |file: &MibFile| memchr::memmem::find(&file.octets, b"poison").is_some();
        assert!(!files.iter().any(is_bad), "poison");
        modules::parse(files)
    }
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a"), module("Good", 4)).unwrap();
    fs::write(folder.path().join("b"), module("Poison", 5)).unwrap();
    let loaded = load_with(&[folder.path().to_owned()], touchy);
    assert_eq!(value_of(&loaded, 4).as_deref(), Some("Good-MIB::goodValue"));
    assert_eq!(value_of(&loaded, 5), None);
    let told: Vec<String> = loaded.problems.iter().map(ToString::to_string).collect();
    assert!(told.len() == 1 && told[0].contains("/b: the MIB parser failed on this file"), "{told:?}");
}

#[test]
fn a_parser_that_does_not_come_back_is_left_behind() {
    fn stuck(files: &[MibFile]) -> Parsed {
        let (_kept, never) = mpsc::channel::<()>();
        if files.iter().any(|file| memchr::memmem::find(&file.octets, b"poison").is_some()) {
            // As long as the test: nobody sends, and nobody hangs up.
            let _ = never.recv();
        }
        Parsed::default()
    }
    let file = |text: String| MibFile { path: "x".into(), octets: text.into_bytes().into() };
    let patience = Duration::from_millis(200);
    assert!(isolated(vec![file(module("Good", 4))], stuck, ONE_PATIENCE).is_ok());
    let left = isolated(vec![file(module("Poison", 5))], stuck, patience);
    assert_eq!(left.err(), Some("the MIB parser took too long for this file; it is left out"));
}

/// Files that would exhaust a stack, or go in circles.
#[test]
fn circles_and_chains_end() {
    let mut chain = "CHAIN-MIB DEFINITIONS ::= BEGIN\nIMPORTS enterprises FROM SNMPv2-SMI;\nc0 OBJECT IDENTIFIER ::= { enterprises 9 }\n".to_owned();
    let mut types = "TYPES-MIB DEFINITIONS ::= BEGIN\nT0 ::= INTEGER\n".to_owned();
    for n in 1..3_000 {
        let _ = writeln!(chain, "c{n} OBJECT IDENTIFIER ::= {{ c{} 1 }}", n - 1);
        let _ = writeln!(types, "T{n} ::= T{}", n - 1);
    }
    let circle = "CIRCLE-MIB DEFINITIONS ::= BEGIN\nIMPORTS x FROM CIRCLE2-MIB;\na OBJECT IDENTIFIER ::= { b 1 }\n\
                  b OBJECT IDENTIFIER ::= { a 1 }\nA ::= B\nB ::= A\nC ::= SEQUENCE { c C }\nEND\n";
    let circle2 = "CIRCLE2-MIB DEFINITIONS ::= BEGIN\nIMPORTS a FROM CIRCLE-MIB;\nx OBJECT IDENTIFIER ::= { a 1 }\nEND\n";
    let mut files = vec![
        ("chain".to_owned(), chain + "END\n"),
        ("types".to_owned(), types + "END\n"),
        ("circle".to_owned(), circle.to_owned()),
        ("circle2".to_owned(), circle2.to_owned()),
        ("good".to_owned(), module("Good", 4)),
    ];
    for n in 0..500 {
        let text = format!("I{n}-MIB DEFINITIONS ::= BEGIN\nIMPORTS i FROM I{}-MIB;\nEND\n", n + 1);
        files.push((format!("i{n}"), text));
    }
    let files: Vec<(&str, String)> = files.iter().map(|(name, text)| (name.as_str(), text.clone())).collect();
    let (_folder, loaded) = load_files(&files);
    assert_eq!(value_of(&loaded, 4).as_deref(), Some("Good-MIB::goodValue"), "{:?}", loaded.problems.first());
}

/// The modules of net-snmp, where its package is installed.
#[test]
fn modules_of_net_snmp() {
    let directory = PathBuf::from("/usr/share/snmp/mibs");
    if !directory.join("UCD-SNMP-MIB.txt").exists() {
        use std::io::Write as _;
        let line = format!("{}: no modules of net-snmp here, not tried\n", directory.display());
        let _ = std::io::stderr().lock().write_all(line.as_bytes());
        let is_required = std::env::var("MUTT_REQUIRE_PEERS").is_ok_and(|value| value == "1");
        assert!(!is_required, "MUTT_REQUIRE_PEERS=1");
        return;
    }
    let loaded = load(&[directory]);
    assert!(loaded.modules.len() >= 10, "{:?}", loaded.modules);
    let broken: Vec<_> = loaded.problems.iter().filter(|problem| problem.line.is_none()).collect();
    assert!(broken.is_empty(), "{broken:?}");
    let names = loaded.names();
    let table = &[1, 3, 6, 1, 4, 1, 2021, 10, 1];
    let load_average = names.lookup(&[table, &[3, 2][..]].concat()).map(|name| name.label.to_owned());
    assert_eq!(load_average.as_deref(), Some("laLoad"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// What is left of a module after cuts, repetitions and strange signs is read to an end.
    #[test]
    fn damaged_modules_are_read_to_an_end(
        damage in prop::collection::vec((any::<prop::sample::Index>(), 0..40_usize, 0..12_usize), 1..6),
    ) {
        const SIGNS: [&str; 12] =
            ["", "{", "}", "(", "\"", "--", "::=", "BEGIN", "END", " OBJECT-TYPE ", "99999999999999999999", "\u{0}\u{7f}"];
        let mut text = include_str!("../../../tests/fuzz/seeds/mib_load/acme").as_bytes().to_vec();
        for (place, length, sign) in &damage {
            let at = place.index(text.len());
            let end = (at + length).min(text.len());
            let piece = if sign % 2 == 0 { SIGNS[*sign].as_bytes().to_vec() } else { text[at..end].repeat(*sign) };
            text.splice(at..end, piece);
        }
        let loaded = load_octets("damaged".into(), text);
        let names = Names::from_definitions(loaded.definitions.names.iter().cloned());
        prop_assert!(names.len() <= 2 * loaded.definitions.names.len());
    }
}
