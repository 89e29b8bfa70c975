//! The syslog decoder and deframer against recorded octets, if `MUTT_CORPUS_DIR` names their directory: every line cut
//! anywhere is survived, every stream gives the same frames however it is read.
//!
//! What is read from the lines is compared in `corpus_daemon`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use mutt::base::span::Span;
use mutt::model::syslog::{Delivery, enrich};
use mutt::wire::syslog::decode;
use mutt::wire::syslog::framing::{Deframer, Oversize, Step};
use serde::de::IgnoredAny;
use serde_json::Value;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// The directory of the corpus, or `None` after saying that the test did nothing.
fn corpus_directory() -> Option<PathBuf> {
    let directory = std::env::var_os("MUTT_CORPUS_DIR").map(PathBuf::from);
    if directory.is_none() {
        let _ = writeln!(std::io::stdout().lock(), "MUTT_CORPUS_DIR is not set: corpus not compared");
    }
    directory
}

/// The cases of one file of JSON lines.
fn cases(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The syslog and loghub files of the corpus, framing excepted, sorted by name.
fn line_files(directory: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            name.ends_with(".jsonl")
                && (name.starts_with("syslog-") || name.starts_with("loghub-"))
                && name != "syslog-framing.jsonl"
        })
        .collect();
    files.sort();
    assert!(!files.is_empty(), "no corpus in {}", directory.display());
    files
}

/// The octets of a case.
fn octets(case: &Value) -> Vec<u8> {
    match (case["raw"].as_str(), case["raw_hex"].as_str()) {
        (Some(text), _) => text.as_bytes().to_vec(),
        (None, Some(hex)) => (0..hex.len() / 2)
            .map(|index| u8::from_str_radix(&hex[2 * index..2 * index + 2], 16).unwrap())
            .collect(),
        (None, None) => Vec::new(),
    }
}

#[test]
fn every_line_cut_at_every_octet_is_survived() {
    let Some(directory) = corpus_directory() else { return };
    let mut json = Vec::new();
    for path in line_files(&directory) {
        for case in cases(&path) {
            let line = octets(&case);
            for cut in 0..=line.len() {
                let part = &line[..cut];
                let message = decode(part);
                json.clear();
                enrich(&message, Delivery::default(), &mut json);
                // What is inside is compared elsewhere; here it must only be JSON. Of long lines, not at every cut.
                let is_looked_at = cut % (1 + line.len() / 128) == 0 || cut == line.len();
                let object =
                    !is_looked_at || json.is_empty() || serde_json::from_slice::<IgnoredAny>(&json).is_ok();
                assert!(object, "{} cut at {cut}: {}", case["name"], String::from_utf8_lossy(&json));
                let fields = [message.hostname, message.app_name, message.proc_id, message.msg_id];
                for field in fields.into_iter().flatten().chain([message.content]) {
                    assert!(Span::within(part, field).is_some(), "{}", case["name"]);
                }
                for element in message.structured_data.iter().flat_map(|data| data.elements()) {
                    assert!(element.params().all(|param| Span::within(part, param.raw_value).is_some()));
                }
            }
        }
    }
}

/// The messages of a stream that arrives in `reads`.
fn deframe(reads: &[&[u8]], octets_max: usize) -> Vec<Vec<u8>> {
    let mut deframer = Deframer::new(octets_max, Oversize::Truncate);
    let mut buffer: Vec<u8> = Vec::new();
    let mut messages = Vec::new();
    for turn in 0..=reads.len() {
        buffer.extend_from_slice(reads.get(turn).unwrap_or(&&b""[..]));
        loop {
            match deframer.next(&buffer, turn == reads.len()) {
                Step::Frame { bytes, consumed, .. } => {
                    messages.push(bytes.to_vec());
                    buffer.drain(..consumed);
                }
                Step::OutOfStep { count, bytes, consumed } => {
                    messages.push([count.as_bytes(), bytes].concat());
                    buffer.drain(..consumed);
                }
                Step::Skip { consumed } => drop(buffer.drain(..consumed)),
                Step::NeedMore => break,
            }
        }
    }
    messages
}

/// The messages a case asks for; `None` where its source has another policy than we do.
fn expected_messages(case: &Value) -> Option<Vec<String>> {
    let expect = &case["expect"];
    let list = expect.get("messages").or_else(|| expect.get("messages_trimmed"))?;
    if expect["framing_error_closes_connection"] == true {
        return None;
    }
    Some(list.as_array()?.iter().map(|text| text.as_str().unwrap().to_owned()).collect())
}

#[test]
fn framing_is_the_same_for_every_split() {
    let Some(directory) = corpus_directory() else { return };
    let mut compared = 0;
    for case in cases(&directory.join("syslog-framing.jsonl")) {
        let stream = octets(&case);
        let octets_max =
            case["max_message"].as_u64().map_or(65_535, |octets| usize::try_from(octets).unwrap());
        let whole = deframe(&[&stream], octets_max);
        let single: Vec<&[u8]> = stream.chunks(1).collect();
        assert_eq!(deframe(&single, octets_max), whole, "{}", case["name"]);
        for cut in 0..=stream.len() {
            let (left, right) = stream.split_at(cut);
            assert_eq!(deframe(&[left, right], octets_max), whole, "{} cut at {cut}", case["name"]);
        }
        let texts: Vec<String> =
            whole.iter().map(|message| String::from_utf8_lossy(message).trim_end().to_owned()).collect();
        if let Some(expected) = expected_messages(&case) {
            assert_eq!(texts, expected, "{}", case["name"]);
            compared += 1;
        }
        if let Some(second) = case["expect"]["second_message_intact"].as_str() {
            assert_eq!(texts.get(1).map(String::as_str), Some(second), "{}", case["name"]);
        }
        if let Some(lines) = case["expect"]["rsyslog_output_lines"].as_array() {
            // Its source drops the space behind a number that is no count.
            let texts: Vec<String> = texts.iter().map(|text| text.replacen(" <", "<", 1)).collect();
            assert_eq!(texts, lines.iter().map(|line| line.as_str().unwrap()).collect::<Vec<_>>());
        }
    }
    assert!(compared > 5, "only {compared} streams had messages to compare");
}
