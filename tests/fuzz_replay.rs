//! The fuzz targets without a fuzzer: every seed, and every input that once broke something.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

#[path = "fuzz/targets.rs"]
mod targets;

use std::panic::catch_unwind;
use std::path::{Path, PathBuf};

use proptest::prelude::*;

/// Seeds that each target has at least; fewer means that they were not found.
const SEEDS_MIN: usize = 12;

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// Replays a file through a target and names both when it fails.
fn replay((name, target): &targets::Target, file: &Path) {
    let data = std::fs::read(file).unwrap();
    let verdict = catch_unwind(|| target(&data));
    assert!(verdict.is_ok(), "{name} fails with {}", file.display());
}

#[test]
fn every_seed_in_its_target() {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/seeds");
    for target in &targets::ALL {
        let files = files(&seeds.join(target.0));
        assert!(files.len() >= SEEDS_MIN, "{}: {} seeds", target.0, files.len());
        files.iter().for_each(|file| replay(target, file));
    }
}

/// Seeds of the other targets, octet by octet shorter: what is good for one is rubbish for another.
#[test]
fn every_beginning_of_every_seed_in_all_targets() {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/seeds");
    let mut beginnings = 0;
    for file in files(&seeds).iter().flat_map(|folder| files(folder)) {
        let data = std::fs::read(&file).unwrap();
        for (name, target) in &targets::ALL {
            for end in 0..=data.len().min(300) {
                let verdict = catch_unwind(|| target(data.get(..end).unwrap_or_default()));
                assert!(verdict.is_ok(), "{name} fails with the first {end} octets of {}", file.display());
                beginnings += 1;
            }
        }
    }
    assert!(beginnings > 10_000, "{beginnings} beginnings");
}

/// A target whose messages are all refused would say nothing of what is accepted.
#[test]
fn usm_accepts_what_is_authentic() {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/seeds/usm");
    let accepted: Vec<String> = files(&seeds)
        .iter()
        .filter(|file| targets::snmp_targets::is_accepted(&std::fs::read(file).unwrap()))
        .map(|file| file.file_name().unwrap().to_string_lossy().into_owned())
        .collect();
    for name in [
        "authentic-auth",
        "v3-trap-noauth",
        "authentic-priv",
        "sealed-none-trap",
        "sealed-auth-trap",
        "sealed-priv-trap",
    ] {
        assert!(accepted.iter().any(|accepted| accepted == name), "{name} is not among {accepted:?}");
    }
    for name in ["v3-stranger", "sealed-auth-inform", "sealed-priv-rubbish"] {
        assert!(accepted.iter().all(|accepted| accepted != name), "{name} is accepted");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases.max(4_000), failure_persistence: None, ..ProptestConfig::default() })]

    /// Seeds with some octets changed, put in or taken out: most are messages still.
    #[test]
    fn the_oracle_reads_changed_messages_as_we_do(
        seed: prop::sample::Index,
        changes in prop::collection::vec((any::<prop::sample::Index>(), 0..4_u8, any::<u8>()), 0..6),
    ) {
        let seeds = files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/seeds/snmp_oracle"));
        let mut data = std::fs::read(seed.get(&seeds)).unwrap();
        for (place, change, octet) in changes {
            if data.is_empty() {
                break;
            }
            let at = place.index(data.len());
            match change {
                0 => data.insert(at, octet),
                1 => drop(data.remove(at)),
                _ => data[at] = octet,
            }
        }
        targets::snmp_oracle(&data);
    }
}

/// Regressions: `tests/corpus/regressions/TARGET-WHAT`.
#[test]
fn every_regression_in_its_target() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/regressions");
    for file in files(&folder) {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        if name == "README.md" {
            continue;
        }
        let target = targets::ALL.iter().find(|(target, _)| name.starts_with(&format!("{target}-")));
        replay(target.unwrap_or_else(|| panic!("{name} starts with no target's name")), &file);
    }
}

/// A target that accepts everything would make all of the above worthless.
#[test]
fn the_checks_can_fail() {
    let noticed = catch_unwind(|| targets::canary(b"<0>Oct 11 22:14:15 host canary: tweet"));
    assert!(noticed.is_err(), "the canary lives");
    let seed = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/seeds/snmp_oracle/v2c-linkdown");
    let message = std::fs::read(seed).unwrap();
    let mut changed = message.clone();
    *changed.last_mut().unwrap() ^= 1;
    assert!(targets::notices(&message, &changed) && !targets::notices(&message, &message), "one octet");
    let noticed = catch_unwind(|| targets::assert_object_or_nothing(b"[1]"));
    assert!(noticed.is_err(), "a list is not an object");
    let noticed = catch_unwind(|| targets::assert_object_or_nothing(b"{\"a\":"));
    assert!(noticed.is_err(), "half an object is none");
}
