//! Every recorded message through the running program, if `MUTT_CORPUS_DIR` names the directory of the recordings.
//!
//! Each input must be a row from which its octets can be had again. The fields of syslog lines are compared with what
//! others say of them; each difference is reviewed.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde_json::Value as Json;

use crate::corpus_review::{self, Review, Score};
use crate::support::daemon::Daemon;
use crate::support::options::Options;
use crate::support::{say, tcp_to, udp_to};

/// Datagrams sent before the store must have caught up, so that no buffer overflows.
const WINDOW: usize = 200;

/// Most octets in one datagram over IPv4.
const DATAGRAM_OCTETS_MAX: usize = 65_507;

/// The files of the corpus whose names start with one of `starts`; `None` after saying that there is no corpus.
fn files(starts: &[&str]) -> Option<Vec<PathBuf>> {
    let Some(folder) = std::env::var_os("MUTT_CORPUS_DIR") else {
        say("MUTT_CORPUS_DIR is not set: no corpus to send");
        return None;
    };
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            let name = path.file_name().unwrap().to_string_lossy();
            name.ends_with(".jsonl") && starts.iter().any(|start| name.starts_with(start))
        })
        .collect();
    files.sort();
    assert!(!files.is_empty(), "an empty corpus");
    Some(files)
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

/// The cases of a file that have octets to send, with the octets.
fn cases(path: &Path) -> Vec<(Vec<u8>, Json)> {
    let text = std::fs::read_to_string(path).unwrap();
    let octets = |case: &Json| {
        let text = case["raw"].as_str().map(|raw| raw.as_bytes().to_vec());
        text.or_else(|| case["raw_hex"].as_str().or_else(|| case["hex"].as_str()).map(unhex))
    };
    text.lines()
        .filter_map(|line| {
            let case: Json = serde_json::from_str(line).unwrap();
            Some((octets(&case)?, case))
        })
        .collect()
}

/// Sends `inputs` as datagrams to a listener, each window when the one before is stored.
fn send_datagrams<'a>(daemon: &Daemon, listener: &str, inputs: impl Iterator<Item = &'a [u8]>) {
    let sender = udp_to(daemon.address(listener));
    let mut expected = daemon.store().count();
    for (number, input) in (1..).zip(inputs) {
        assert_eq!(sender.send(input).unwrap(), input.len());
        expected += 1;
        if number % WINDOW == 0 {
            daemon.wait_count(expected);
        }
    }
    daemon.wait_count(expected);
}

/// The rows from number `from` on must give the inputs back.
fn assert_lossless(daemon: &Daemon, from: usize, name: &str, inputs: &[&[u8]]) {
    let stored = daemon.store().octets();
    let stored = &stored[from..];
    assert_eq!(stored.len(), inputs.len(), "{name}");
    for (number, (stored, input)) in (1..).zip(stored.iter().zip(inputs)) {
        assert!(
            stored == input,
            "{name}, line {number}: stored {:?}, sent {:?}",
            String::from_utf8_lossy(stored),
            String::from_utf8_lossy(input)
        );
    }
}

/// How often something agreed.
#[derive(Debug, Default, Clone, Copy)]
struct Agreement {
    agreed: usize,
    compared: usize,
}

impl Agreement {
    /// Compares, where the reference says anything.
    fn note(&mut self, reference: &Json, found: Option<&str>) {
        let expected = match reference {
            Json::String(text) if !text.is_empty() && text != "<sender address>" => text.clone(),
            Json::Number(number) => number.to_string(),
            _ => return,
        };
        self.compared += 1;
        self.agreed += usize::from(found == Some(expected.as_str()));
    }
}

impl std::fmt::Display for Agreement {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.agreed, self.compared)
    }
}

/// The line as a device sent it: the table of Thunderbird has four columns of its own before the line.
fn as_sent(file: &str, raw: Vec<u8>) -> Vec<u8> {
    if file != "loghub-thunderbird" {
        return raw;
    }
    raw.splitn(5, |octet| *octet == b' ').nth(4).unwrap_or_default().to_vec()
}

#[test]
fn every_syslog_line_is_a_row_that_gives_it_back_and_says_what_it_should() {
    let Some(files) = files(&["syslog-", "loghub-"]) else { return };
    let daemon = Daemon::start(Options::default());
    let mut review = Review::read();
    let mut scores = BTreeMap::<&str, Score>::new();
    let mut from = 0;
    for path in &files {
        let name = path.file_stem().unwrap().to_string_lossy();
        let mut cases = cases(path);
        cases.retain(|(octets, _)| octets.len() <= DATAGRAM_OCTETS_MAX);
        let cases: Vec<_> = cases.into_iter().map(|(raw, case)| (as_sent(&name, raw), case)).collect();
        let inputs: Vec<&[u8]> = cases.iter().map(|(octets, _)| octets.as_slice()).collect();
        send_datagrams(&daemon, "syslog-udp", inputs.iter().copied());
        assert_lossless(&daemon, from, &name, &inputs);
        // Streams are no lines.
        if name != "syslog-framing" {
            let rows = corpus_review::rows(&daemon.store());
            let score = review.compare(&name, &cases, &rows[from..]);
            let group = ["loghub-", "syslog-devices-", "syslog-rfc-"]
                .into_iter()
                .find(|start| name.starts_with(start));
            *scores.entry(group.unwrap_or("other")).or_default() += score;
        }
        from += inputs.len();
    }
    assert!(from > 4_500, "only {from} lines");
    say(review.table());
    for (group, score) in &scores {
        say(&format!("{group}*: {} of {} lines right, {:.2} %", score.right, score.lines, score.percent()));
    }
    let end = daemon.stop();
    assert_eq!((end.received, end.stored, end.dropped), (from as u64, from as u64, 0));
    review.assert_complete();
    for (group, percent) in [("syslog-rfc-", 100.0), ("syslog-devices-", 97.0), ("loghub-", 99.0)] {
        assert!(scores[group].percent() >= percent, "{group}*: {:.2} %", scores[group].percent());
    }
}

#[test]
fn every_syslog_line_survives_octet_counting() {
    let Some(files) = files(&["syslog-", "loghub-"]) else { return };
    let daemon = Daemon::start(Options::default());
    let mut from = 0;
    for path in &files {
        let name = path.file_stem().unwrap().to_string_lossy();
        let cases = cases(path);
        // A MSG-LEN of zero does not exist.
        let inputs: Vec<&[u8]> =
            cases.iter().map(|(octets, _)| octets.as_slice()).filter(|octets| !octets.is_empty()).collect();
        let mut stream = Vec::new();
        for input in &inputs {
            write!(stream, "{} ", input.len()).unwrap();
            stream.extend_from_slice(input);
        }
        tcp_to(daemon.address("syslog-tcp")).write_all(&stream).unwrap();
        daemon.wait_count(from + inputs.len());
        assert_lossless(&daemon, from, &name, &inputs);
        from += inputs.len();
    }
    assert_eq!(daemon.stop().stored, from as u64);
}

#[test]
fn every_snmp_packet_is_a_row() {
    let Some(files) = files(&["snmp-"]) else { return };
    let daemon = Daemon::start(Options::default().set("storage.keep_community", "true"));
    let (mut from, mut traps) = (0, 0);
    for path in &files {
        let name = path.file_stem().unwrap().to_string_lossy();
        let mut cases = cases(path);
        // Version 3 has an answer of its own to what it cannot read; what has no version is broken anyhow.
        cases.retain(|(_, case)| {
            matches!(case["expect"]["version"].as_str(), Some("v1" | "v2c"))
                || matches!(case["expect"]["decode"].as_str(), Some("error" | "any"))
        });
        send_datagrams(&daemon, "snmp-udp", cases.iter().map(|(octets, _)| octets.as_slice()));
        let rows = daemon.store().rows(
            "SELECT s.snmp_version, s.oid, m.raw_bytes, m.validated, m.raw_message, s.community_string
             FROM messages m JOIN snmp_messages s ON s.message_id = m.id ORDER BY m.id",
        );
        let mut agreement = [Agreement::default(); 3];
        for (row, (octets, case)) in rows[from..].iter().zip(&cases) {
            let expect = &case["expect"];
            if expect["snmp_trap_oid"].is_string() {
                traps += 1;
                agreement[0].note(&expect["version"], row[0].as_deref());
                agreement[1].note(&expect["snmp_trap_oid"], row[1].as_deref());
                agreement[2].note(&expect["community"], row[5].as_deref());
                assert!(row[4].as_ref().is_some_and(|text| !text.is_empty()), "{name}: {case}");
            } else {
                assert_eq!(row[2].as_ref(), Some(&format!("{octets:02x?}")), "{name}: {case}");
                assert_eq!(row[3].as_deref(), Some("0"), "{name}: {case}");
            }
        }
        let [version, oid, community] = agreement;
        say(&format!(
            "{name}: {} packets; agree: version {version}, snmpTrapOID {oid}, community {community}",
            cases.len()
        ));
        assert!(version.agreed == version.compared && oid.agreed == oid.compared, "{name}");
        from += cases.len();
    }
    assert!(traps >= 25, "only {traps} traps");
    assert_eq!(daemon.stop().stored, from as u64);
}
