//! What the running program made of the recorded syslog lines, compared with what others say of them, and the review of
//! each difference in `tests/corpus/reviewed-differences.tsv`.
//!
//! The review has a line for each difference: file, case, field, whose opinion, our value, theirs, a verdict, a reason.
//! Verdicts: `ours` (ours is right), `theirs` (we are wrong), `open` (nobody knows, counted as wrong). Long values
//! are shortened.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use mutt::wire::syslog::{ClockMark, decode};
use serde_json::Value as Json;

use crate::corpus_reference::{Data, Moment, Reference, data_of_json, peers, source};
use crate::support::source as repository;
use crate::support::store::{Row, Store};

/// The compared fields.
pub const FIELDS: [&str; 8] =
    ["host", "program", "process", "facility", "severity", "time", "message", "data"];

/// The fields by which a line of a device is judged.
const JUDGED: [&str; 4] = ["host", "program", "severity", "time"];

/// The review.
const REVIEW: &str = "tests/corpus/reviewed-differences.tsv";

/// Longest value in the review, characters.
const VALUE_CHARACTERS_MAX: usize = 48;

/// What we made of a line: fields of the promised views, and the text behind the header.
#[derive(Debug)]
pub struct Ours {
    host: Option<String>,
    program: Option<String>,
    process: Option<String>,
    facility: Option<String>,
    severity: Option<String>,
    time: Option<Moment>,
    has_year: bool,
    message: Option<String>,
    data: Option<Data>,
}

/// The fields of every syslog message of a store, in the order of receipt.
pub fn rows(store: &Store) -> Vec<Row> {
    store.rows(
        "SELECT m.source_device, m.source_ip, s.program, s.process_id, s.facility, s.level, m.timestamp, m.received_at, \
         m.enriched_data FROM messages m JOIN syslog_messages s ON s.message_id = m.id ORDER BY m.id",
    )
}

impl Ours {
    /// What `row` says of `line`.
    pub fn of(row: &Row, line: &[u8]) -> Self {
        let message = decode(line);
        let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
        let [host, address, program, process, facility, severity, time, received_at, enriched] = &row[..]
        else {
            panic!("{row:?}")
        };
        let enriched: Json = serde_json::from_str(enriched.as_deref().unwrap()).unwrap();
        // The sender's address stands for a host that the line does not tell.
        let told = message.hostname.is_some() || host != address;
        let never_set = message.timestamp.filter(|time| time.clock == ClockMark::NotSet);
        let time = match never_set {
            // The store has no use for the time of such a clock, but what it showed is read all the same.
            Some(time) => Some(Moment {
                year: time.year,
                rest: [time.month, time.day, time.hour, time.minute, time.second].map(i64::from),
            }),
            None => time.as_deref().filter(|time| Some(*time) != received_at.as_deref()).and_then(Moment::of),
        };
        let data = &enriched["structured_data"];
        Self {
            host: host.clone().filter(|_| told),
            program: program.clone(),
            process: process.clone().or_else(|| enriched["proc_id"].as_str().map(str::to_owned)),
            facility: facility.clone(),
            severity: severity.clone(),
            time,
            has_year: message.timestamp.is_some_and(|time| time.year.is_some()),
            message: Some(text(message.content)),
            data: data.is_object().then(|| data_of_json(data)),
        }
    }

    /// The fields that are told otherwise, with both values, and how many were compared.
    fn differences(&self, reference: &Reference) -> (Vec<(&'static str, String, String)>, Vec<&'static str>) {
        let mut found = Vec::new();
        let mut compared = Vec::new();
        let mut note = |field: &'static str, differs: bool, ours: String, theirs: String| {
            compared.push(field);
            if differs {
                found.push((field, ours, theirs));
            }
        };
        let texts = [
            ("host", &self.host, &reference.host),
            ("program", &self.program, &reference.program),
            ("process", &self.process, &reference.process),
            ("facility", &self.facility, &reference.facility),
            ("severity", &self.severity, &reference.severity),
            ("message", &self.message, &reference.message),
        ];
        for (field, ours, theirs) in texts {
            let Some(theirs) = theirs else { continue };
            let differs = match field {
                "message" => !self.is_message(theirs.as_deref().unwrap_or_default()),
                _ => normal(field, ours.as_deref()) != normal(field, theirs.as_deref()),
            };
            note(field, differs, shown(ours.as_deref()), shown(theirs.as_deref()));
        }
        if let Some(theirs) = reference.time {
            let yearless = !self.has_year || theirs.is_some_and(|time| time.year.is_none());
            let [ours, theirs] =
                [self.time, theirs].map(|time| if yearless { time.map(Moment::yearless) } else { time });
            note("time", ours != theirs, shown_time(ours), shown_time(theirs));
        }
        if let Some(theirs) = &reference.data {
            let show = |data: &Option<Data>| shown(data.as_ref().map(|data| format!("{data:?}")).as_deref());
            note("data", self.data != *theirs, show(&self.data), show(theirs));
        }
        (found, compared)
    }

    /// Whether the text is this. Space at the ends and a byte order mark are matters of taste; so is whether a tag that
    /// is a format's or an event's name also stays in the text.
    fn is_message(&self, theirs: &str) -> bool {
        let trimmed = |text: &str| {
            text.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}' || c == '\0').to_owned()
        };
        let mine = trimmed(self.message.as_deref().unwrap_or_default());
        let theirs = trimmed(theirs);
        let program = self.program.as_deref().unwrap_or_default();
        mine == theirs
            || trimmed(&format!("%{program}: {mine}")) == theirs
            || mine.strip_prefix(program).and_then(|rest| rest.strip_prefix(':')).map(trimmed) == Some(theirs)
    }
}

/// A value in the form in which it is compared: without the `%` of an event's name, without leading zeros of a number.
fn normal(field: &str, value: Option<&str>) -> Option<String> {
    let value = value?.trim();
    Some(match field {
        "program" => value.trim_start_matches('%').to_owned(),
        "process" => value.parse::<u64>().map_or_else(|_| value.to_owned(), |number| number.to_string()),
        _ => value.to_owned(),
    })
}

/// A value as the review has it.
fn shown(value: Option<&str>) -> String {
    let Some(value) = value else { return "(none)".to_owned() };
    let count = value.chars().count();
    let start: String = value.chars().take(if count > VALUE_CHARACTERS_MAX { 16 } else { count }).collect();
    let text: String = start.escape_default().collect();
    if count > VALUE_CHARACTERS_MAX { format!("{text}~{count}") } else { text }
}

fn shown_time(time: Option<Moment>) -> String {
    let Some(Moment { year, rest: [month, day, hour, minute, second] }) = time else {
        return "(none)".to_owned();
    };
    let year = year.map_or_else(String::new, |year| format!("{year}-"));
    format!("{year}{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}")
}

/// Who is right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Ours,
    Theirs,
    Open,
}

/// A difference by file, case, field and whose opinion it is.
type Key = [String; 4];

/// The review of all differences.
#[derive(Debug)]
pub struct Review {
    /// Both values, the verdict, and whether the difference was met.
    entries: BTreeMap<Key, ([String; 2], Verdict, bool)>,
    /// What is wrong with the review.
    complaints: String,
    table: String,
}

/// How the lines of a file came out.
#[derive(Debug, Default, Clone, Copy)]
pub struct Score {
    /// Lines of which somebody says anything about the judged fields.
    pub lines: usize,
    /// Those of them that are right, by the review.
    pub right: usize,
}

impl Score {
    /// In percent.
    pub fn percent(self) -> f64 {
        if self.lines == 0 { 100.0 } else { 100.0 * self.right as f64 / self.lines as f64 }
    }
}

impl std::ops::AddAssign for Score {
    fn add_assign(&mut self, other: Self) {
        self.lines += other.lines;
        self.right += other.right;
    }
}

impl Review {
    /// Reads the review.
    pub fn read() -> Self {
        let text = std::fs::read_to_string(repository::root().join(REVIEW)).unwrap();
        let mut entries = BTreeMap::new();
        let mut complaints = String::new();
        for line in text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
            let columns: Vec<&str> = line.split('\t').collect();
            let [file, case, field, whose, ours, theirs, verdict, reason] = columns[..] else {
                let _ = writeln!(complaints, "not eight columns: {line}");
                continue;
            };
            let verdict = match verdict {
                "ours" => Verdict::Ours,
                "theirs" => Verdict::Theirs,
                "open" => Verdict::Open,
                _ => {
                    let _ = writeln!(complaints, "no such verdict: {line}");
                    continue;
                }
            };
            if reason.len() < 10 {
                let _ = writeln!(complaints, "no reason: {line}");
            }
            let key = [file, case, field, whose].map(str::to_owned);
            if entries.insert(key, ([ours, theirs].map(str::to_owned), verdict, false)).is_some() {
                let _ = writeln!(complaints, "twice: {line}");
            }
        }
        let mut table = format!("{:28} {:>5} {:>6} |", "file", "lines", "right%");
        for field in FIELDS {
            let _ = write!(table, " {field:>12}");
        }
        table.push_str("\n(agreeing/compared, and how many differences are not ours to keep)\n");
        Self { entries, complaints, table }
    }

    /// Compares the lines of a file.
    pub fn compare(&mut self, file: &str, cases: &[(Vec<u8>, Json)], rows: &[Row]) -> Score {
        let mut score = Score::default();
        let mut fields: BTreeMap<&str, [usize; 3]> = BTreeMap::new();
        for ((line, case), row) in cases.iter().zip(rows) {
            let ours = Ours::of(row, line);
            let name = case["name"].as_str().unwrap();
            let (mut is_judged, mut is_right) = (false, true);
            for (whose, reference) in [("peers", peers(case)), ("source", source(file, case))] {
                let Some(reference) = reference else { continue };
                let (found, compared) = ours.differences(&reference);
                for field in compared {
                    fields.entry(field).or_default()[1] += 1;
                    is_judged |= JUDGED.contains(&field);
                    let difference = found.iter().find(|(other, _, _)| *other == field);
                    let Some((_, mine, theirs)) = difference else {
                        fields.entry(field).or_default()[0] += 1;
                        continue;
                    };
                    if self.meet([file, name, field, whose], [mine, theirs]) != Verdict::Ours {
                        fields.entry(field).or_default()[2] += 1;
                        is_right &= !JUDGED.contains(&field);
                    }
                }
            }
            score.lines += usize::from(is_judged);
            score.right += usize::from(is_judged && is_right);
        }
        let _ = write!(self.table, "{file:28} {:>5} {:>6.1} |", score.lines, score.percent());
        for field in FIELDS {
            let [agreed, compared, wrong] = fields.get(field).copied().unwrap_or_default();
            let cell = if wrong == 0 {
                format!("{agreed}/{compared}")
            } else {
                format!("{agreed}/{compared} -{wrong}")
            };
            let _ = write!(self.table, " {cell:>12}");
        }
        self.table.push('\n');
        score
    }

    /// The verdict on a difference; what is not in the review, or is there with other values, is a complaint.
    fn meet(&mut self, key: [&str; 4], values: [&String; 2]) -> Verdict {
        let [file, case, field, whose] = key;
        let [ours, theirs] = values;
        let mut complain = |what: &str| {
            let _ = writeln!(
                self.complaints,
                "{what}:\n{file}\t{case}\t{field}\t{whose}\t{ours}\t{theirs}\topen\t"
            );
        };
        let Some((known, verdict, met)) = self.entries.get_mut(&key.map(str::to_owned)) else {
            complain("not reviewed");
            return Verdict::Open;
        };
        *met = true;
        if [&known[0], &known[1]] != values {
            complain("reviewed with other values");
            return Verdict::Open;
        }
        *verdict
    }

    /// The table of all files, one row each.
    pub fn table(&self) -> &str {
        &self.table
    }

    /// Fails unless the review has every difference that there is, and no other.
    #[track_caller]
    pub fn assert_complete(&self) {
        let mut complaints = self.complaints.clone();
        for (key, _) in self.entries.iter().filter(|(_, (_, _, met))| !met) {
            let _ = writeln!(complaints, "is no difference any more: {}", key.join("\t"));
        }
        if let Some(path) = std::env::var_os("MUTT_CORPUS_COMPLAINTS") {
            std::fs::write(path, &complaints).unwrap();
        }
        let count = complaints.lines().count();
        assert!(complaints.is_empty(), "{count} lines of complaints about {REVIEW}:\n{complaints}");
    }
}
