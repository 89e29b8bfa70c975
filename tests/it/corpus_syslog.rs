//! The syslog decoder against recorded lines with known fields, if `MUTT_CORPUS_DIR` names their directory.
//!
//! Two references are compared: what two other receivers agree on (`peers_agree`), and what the line's source
//! itself expects (`expect`). Both are opinions about lines that follow no standard, so only a share of agreement
//! is asked for, and that only where a standard or a person decided.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use mutt::base::span::Span;
use mutt::wire::syslog::framing::{Deframer, FramingError, Oversize, Step};
use mutt::wire::syslog::{Message, Pri, decode};
use serde_json::Value;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// The names of the compared fields, in the order of the report.
const FIELDS: [&str; 5] = ["pri", "host", "app_name", "pid", "content"];

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

/// What a reference says of a field: nothing, that it is absent, or its text.
type Said = Option<Option<String>>;

/// What a reference says of one line, in the order of [`FIELDS`].
type Reference = [Said; 5];

fn said(value: &Value) -> Said {
    match value {
        Value::Null => None,
        Value::Number(number) => Some(Some(number.to_string())),
        Value::String(text) if matches!(text.as_str(), "" | "<sender address>") => Some(None),
        Value::String(text) => Some(Some(text.clone())),
        other => other["hex"].as_str().map(|hex| {
            let hex = serde_json::json!({ "raw_hex": hex });
            Some(String::from_utf8_lossy(&octets(&hex)).into_owned())
        }),
    }
}

/// A field that the reference leaves out where it has none.
fn said_or_absent(value: &Value) -> Said {
    Some(said(value).flatten())
}

/// What two other receivers agree on.
fn peers(case: &Value) -> Option<Reference> {
    let agreed = case.get("peers_agree").filter(|agreed| agreed.is_object())?;
    Some([
        said(&agreed["pri"]),
        said(&agreed["hostname"]),
        said(&agreed["app_name"]),
        said(&agreed["procid"]),
        said(&agreed["msg_trimmed"]).map(|text| Some(text.unwrap_or_default())),
    ])
}

/// What the source of the line expects, where it speaks of the same fields.
fn source(file: &str, case: &Value) -> Option<Reference> {
    let expect = &case["expect"];
    let content = |value: &Value| said(value).map(|text| Some(text.unwrap_or_default()));
    Some(match file {
        "syslog-rfc-gosyslog" if expect["valid"] == true => {
            let message = &expect["message"];
            [
                said(&message["priority"]),
                said_or_absent(&message["hostname"]),
                said_or_absent(&message["app_name"]),
                said_or_absent(&message["procid"]),
                Some(said_or_absent(&message["msg"]).flatten().or(Some(String::new()))),
            ]
        }
        "syslog-loose" => [
            None,
            said_or_absent(&expect["hostname"]),
            said_or_absent(&expect["app_name"]),
            said_or_absent(&expect["procid"]),
            content(&expect["msg"]),
        ],
        // PRI 43 of the program itself means that it refused the line.
        "syslog-msgparse-syslogng" if expect["app_name"] != "syslog-ng" => [
            said(&expect["pri"]),
            said(&expect["host"]),
            said(&expect["app_name"]),
            said(&expect["procid"]),
            content(&expect["msg"]),
        ],
        "syslog-rsyslog-parsertest" => {
            let expect = &expect["rsyslog"];
            [said(&expect["PRI"]), None, said(&expect["programname"]), None, content(&expect["msg"])]
        }
        "syslog-beats-rfc3164" => [
            said(&expect["pri"]),
            said(&expect["hostname"]),
            said(&expect["app_name"]),
            said(&expect["procid"]),
            content(&expect["msg"]),
        ],
        "syslog-devices-elastic" => {
            let parts = ["cisco_facility", "cisco_severity", "cisco_mnemonic"]
                .map(|key| said(&expect[key]).flatten());
            let name = parts.iter().all(Option::is_some).then(|| parts.map(Option::unwrap).join("-"));
            [
                said(&expect["pri"]),
                said(&expect["hostname"]),
                name.map(Some),
                None,
                content(&expect["message"]),
            ]
        }
        "syslog-devices-napalm-logs" => [said(&expect["pri"]), said(&expect["host"]), None, None, None],
        "syslog-devices-syslog4j" => {
            [None, said(&expect["host"]), said(&expect["app_name"]), said(&expect["procid"]), None]
        }
        _ if file.starts_with("loghub-") => loghub(file, expect),
        _ => return None,
    })
}

/// The columns of a loghub table; their names are not always those of what they hold.
fn loghub(file: &str, expect: &Value) -> Reference {
    let (host, app_name) = match file {
        "loghub-linux" => ("level", "component"),
        "loghub-mac" => ("user", "component"),
        "loghub-openssh" => ("component", ""),
        _ => ("location", "component"),
    };
    // What a Mac puts in brackets before its text is a column of its own there, and content here.
    let content = match expect["address"].as_str() {
        Some(address) if !address.is_empty() => None,
        _ => Some(said(&expect["content"]).flatten().or(Some(String::new()))),
    };
    let app_name = if app_name.is_empty() { Some(Some("sshd".to_owned())) } else { said(&expect[app_name]) };
    [None, said(&expect[host]), app_name, said(&expect["pid"]), content]
}

/// The line as a device sent it: the Thunderbird table has four columns before the line.
fn line_of(file: &str, case: &Value) -> Vec<u8> {
    let raw = octets(case);
    if file != "loghub-thunderbird" {
        return raw;
    }
    raw.splitn(5, |octet| *octet == b' ').nth(4).unwrap_or_default().to_vec()
}

/// What we say, in the order of [`FIELDS`].
fn ours(message: &Message<'_>) -> [Option<String>; 5] {
    let text = |octets: Option<&[u8]>| octets.map(|octets| String::from_utf8_lossy(octets).into_owned());
    [
        Some(message.pri.unwrap_or(Pri::ASSUMED).value().to_string()),
        text(message.hostname),
        text(message.app_name),
        text(message.proc_id),
        text(Some(message.content)),
    ]
}

/// Whether a field says the same. Space at the ends, a byte order mark and the `%` of a Cisco mnemonic are
/// matters of taste; so is whether a mnemonic that is the tag also stays in the content.
fn same(field: usize, ours: &[Option<String>; 5], theirs: Option<&str>) -> bool {
    let trimmed = |text: &str| {
        text.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}' || c == '\0').to_owned()
    };
    let mine = ours[field].as_deref().map(trimmed);
    let theirs = theirs.map(trimmed);
    match field {
        2 => {
            let name = |text: Option<String>| text.map(|text| text.trim_start_matches('%').to_owned());
            name(mine) == name(theirs)
        }
        4 => {
            let mine = mine.unwrap_or_default();
            let theirs = theirs.unwrap_or_default();
            let with_tag = ours[2].as_ref().map(|name| trimmed(&format!("%{name}: {mine}")));
            mine == theirs || with_tag.is_some_and(|text| text == theirs)
        }
        _ => mine == theirs,
    }
}

/// Compared and agreeing fields.
#[derive(Default, Clone, Copy)]
struct Score {
    compared: [u32; 5],
    agreeing: [u32; 5],
}

impl Score {
    fn share(agreeing: u32, compared: u32) -> f64 {
        if compared == 0 { 100.0 } else { 100.0 * f64::from(agreeing) / f64::from(compared) }
    }

    fn total(&self) -> f64 {
        Self::share(self.agreeing.iter().sum(), self.compared.iter().sum())
    }

    fn row(&self) -> String {
        let mut row = format!("{:6.1} |", self.total());
        for field in 0..FIELDS.len() {
            let _ = match self.compared[field] {
                0 => write!(row, "      -"),
                compared => write!(row, " {:6.1}", Self::share(self.agreeing[field], compared)),
            };
        }
        row
    }
}

/// The agreement of one file with one of the two references.
fn score(path: &Path, against_peers: bool, differences: &mut String) -> Score {
    let file = path.file_stem().unwrap().to_string_lossy().into_owned();
    let mut score = Score::default();
    for case in cases(path) {
        let line = line_of(&file, &case);
        let reference = if against_peers { peers(&case) } else { source(&file, &case) };
        let Some(reference) = reference else { continue };
        let message = decode(&line);
        let ours = ours(&message);
        for (field, theirs) in reference.iter().enumerate() {
            let Some(theirs) = theirs else { continue };
            score.compared[field] += 1;
            if same(field, &ours, theirs.as_deref()) {
                score.agreeing[field] += 1;
            } else {
                let _ = writeln!(
                    differences,
                    "{file} {} {}: ours {:?}, theirs {theirs:?}\n    {}",
                    case["name"],
                    FIELDS[field],
                    ours[field],
                    String::from_utf8_lossy(&line)
                );
            }
        }
    }
    score
}

/// A table of the agreement in percent, one row per file and reference; and every difference in words.
pub fn agreement(directory: &Path) -> (String, String) {
    let mut table = format!("{:34} {:>6} |", "file, reference", "all");
    for field in FIELDS {
        let _ = write!(table, " {field:>6.6}");
    }
    table.push('\n');
    let mut differences = String::new();
    for path in line_files(directory) {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        for (against_peers, reference) in [(true, "peers"), (false, "source")] {
            let score = score(&path, against_peers, &mut differences);
            if score.compared.iter().sum::<u32>() > 0 {
                let _ = writeln!(table, "{:34} {}", format!("{name}, {reference}"), score.row());
            }
        }
    }
    (table, differences)
}

#[test]
fn fields_agree_with_their_references() {
    let Some(directory) = corpus_directory() else { return };
    let (table, differences) = agreement(&directory);
    let mut stdout = std::io::stdout().lock();
    let _ = writeln!(stdout, "{table}");
    if std::env::var_os("MUTT_CORPUS_DIFFERENCES").is_some() {
        let _ = writeln!(stdout, "{differences}");
    }
    for path in line_files(&directory) {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        if name.starts_with("syslog-rfc") || name.starts_with("loghub-") {
            let total = score(&path, false, &mut String::new()).total();
            assert!(total >= 95.0, "{name}: {total:.1} % of the fields are as their source expects");
        }
    }
}

#[test]
fn every_line_cut_at_every_octet_is_survived() {
    let Some(directory) = corpus_directory() else { return };
    for path in line_files(&directory) {
        for case in cases(&path) {
            let line = octets(&case);
            for cut in 0..=line.len() {
                let part = &line[..cut];
                let message = decode(part);
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
fn deframe(reads: &[&[u8]], octets_max: usize) -> (Vec<Vec<u8>>, Option<FramingError>) {
    let mut deframer = Deframer::new(octets_max, Oversize::Truncate);
    let mut buffer: Vec<u8> = Vec::new();
    let mut messages = Vec::new();
    for turn in 0..=reads.len() {
        buffer.extend_from_slice(reads.get(turn).unwrap_or(&&b""[..]));
        loop {
            match deframer.next(&buffer, turn == reads.len()) {
                Ok(Step::Frame { bytes, consumed, .. }) => {
                    messages.push(bytes.to_vec());
                    buffer.drain(..consumed);
                }
                Ok(Step::Skip { consumed }) => drop(buffer.drain(..consumed)),
                Ok(Step::NeedMore) => break,
                Err(error) => return (messages, Some(error)),
            }
        }
    }
    (messages, None)
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
            whole.0.iter().map(|message| String::from_utf8_lossy(message).trim_end().to_owned()).collect();
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
