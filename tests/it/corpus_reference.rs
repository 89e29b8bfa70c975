//! What others say of the recorded syslog lines: two other receivers where they agree, and the source of a line.
//!
//! Both are opinions. What is made of a difference is decided line by line in `tests/corpus/reviewed-differences.tsv`.

use std::collections::BTreeMap;

use mutt::base::civil::{self, Date};
use serde_json::Value as Json;

/// Structured data: SD-ID, PARAM-NAME, values in their order.
pub type Data = BTreeMap<String, BTreeMap<String, Vec<String>>>;

/// A moment as far as it is told: in UTC if a zone is told, else as the clock showed it. Without a year, month to second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    pub year: Option<i32>,
    /// Month, day, hour, minute, second.
    pub rest: [i64; 5],
}

impl Moment {
    /// The moment that is `seconds` after 1970 began.
    pub fn at(seconds: i64) -> Self {
        let date = civil::civil_from_days(seconds.div_euclid(civil::SECONDS_PER_DAY));
        let second = seconds.rem_euclid(civil::SECONDS_PER_DAY);
        let rest =
            [i64::from(date.month), i64::from(date.day), second / 3_600, second / 60 % 60, second % 60];
        Self { year: Some(date.year), rest }
    }

    /// The moment in a text of any common form.
    pub fn of(text: &str) -> Option<Self> {
        let octets = text.as_bytes();
        let is_clock = |window: &[u8]| {
            window.iter().enumerate().all(|(at, octet)| match at {
                2 | 5 => *octet == b':',
                _ => octet.is_ascii_digit(),
            })
        };
        let at = octets.windows(8).position(is_clock)?;
        let number = |text: &str| text.parse::<i64>().ok();
        let [hour, minute, second] = [0, 3, 6].map(|from| number(&text[at + from..at + from + 2]));
        let (date, zone) =
            (&text[..at], text[at + 8..].trim_start_matches(|c: char| c == '.' || c.is_ascii_digit()));
        let mut numbers: Vec<i64> = date.split(|c: char| !c.is_ascii_digit()).filter_map(number).collect();
        let names = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
        let month = names.iter().zip(1..).find(|(name, _)| date.contains(**name)).map(|(_, month)| month);
        let year = numbers.iter().position(|number| *number >= 1_000).map(|at| numbers.remove(at));
        let month = match month {
            Some(month) => month,
            None if numbers.len() == 2 => numbers.remove(0),
            None => return None,
        };
        let rest = [month, *numbers.first()?, hour?, minute?, second?];
        let Some(year) = year.and_then(|year| i32::try_from(year).ok()) else {
            return Some(Self { year: None, rest });
        };
        let date = Date { year, month: u8::try_from(month).ok()?, day: u8::try_from(rest[1]).ok()? };
        let seconds =
            civil::days_from_civil(date) * civil::SECONDS_PER_DAY + rest[2] * 3_600 + rest[3] * 60 + rest[4];
        let digits: String = zone.chars().filter(char::is_ascii_digit).collect();
        let offset = match (zone.trim().as_bytes().first(), number(digits.get(..4).unwrap_or_default())) {
            (Some(b'+'), Some(offset)) => offset,
            (Some(b'-'), Some(offset)) => -offset,
            _ => 0,
        };
        Some(Self::at(seconds - (offset / 100 * 60 + offset % 100) * 60))
    }

    /// The same without its year.
    pub fn yearless(self) -> Self {
        Self { year: None, ..self }
    }
}

/// What is said of a field: nothing (`None`), that it is absent, or what it is.
type Said<T> = Option<Option<T>>;

/// What is said of a line.
#[derive(Debug, Default)]
pub struct Reference {
    pub host: Said<String>,
    pub program: Said<String>,
    pub process: Said<String>,
    pub facility: Said<String>,
    pub severity: Said<String>,
    pub time: Said<Moment>,
    pub message: Said<String>,
    pub data: Said<Data>,
}

/// A value that is told when it is there.
fn told(value: &Json) -> Said<String> {
    match value {
        Json::Null => None,
        Json::Number(number) => Some(Some(number.to_string())),
        Json::String(text) if matches!(text.as_str(), "" | "<sender address>") => Some(None),
        Json::String(text) => Some(Some(text.clone())),
        other => other["hex"].as_str().map(|hex| {
            let octets: Vec<u8> = (0..hex.len())
                .step_by(2)
                .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap())
                .collect();
            Some(String::from_utf8_lossy(&octets).into_owned())
        }),
    }
}

/// A value whose absence says that the field is absent.
fn told_or_absent(value: &Json) -> Said<String> {
    Some(told(value).flatten())
}

/// A message, which may be empty, but not absent.
fn told_message(value: &Json) -> Said<String> {
    told(value).map(|text| Some(text.unwrap_or_default()))
}

fn told_time(value: &Json) -> Said<Moment> {
    match value.as_str()? {
        "<receive time>" => Some(None),
        text => Moment::of(text).map(Some),
    }
}

/// Facility and severity of a PRI.
fn told_pri(value: &Json) -> [Said<String>; 2] {
    let pri = told(value).flatten().and_then(|pri| pri.parse::<u8>().ok());
    [pri.map(|pri| Some((pri / 8).to_string())), pri.map(|pri| Some((pri % 8).to_string()))]
}

/// What two other receivers agree on. Their times are compared to the second, for they write them differently.
pub fn peers(case: &Json) -> Option<Reference> {
    let agreed = case.get("peers_agree").filter(|agreed| agreed.is_object())?;
    let [facility, severity] = told_pri(&agreed["pri"]);
    let times = ["rsyslog", "syslog_ng"].map(|peer| told_time(&case["peers"][peer]["timereported"]));
    let data =
        agreed["structured_data"].as_str().map(|text| Some(data_of(text)).filter(|data| !data.is_empty()));
    Some(Reference {
        host: told(&agreed["hostname"]),
        program: told(&agreed["app_name"]),
        process: told(&agreed["procid"]),
        facility,
        severity,
        time: if times[0] == times[1] { times[0] } else { None },
        message: told_message(&agreed["msg_trimmed"]),
        data,
    })
}

/// STRUCTURED-DATA, read as RFC 5424 6.3 says and in no other way.
fn data_of(text: &str) -> Data {
    let mut all = Data::new();
    let mut rest = text;
    while let Some(element) = rest.strip_prefix('[') {
        let id_end = element.find([' ', ']']).unwrap();
        let params = all.entry(element[..id_end].to_owned()).or_default();
        rest = &element[id_end..];
        while let Some(param) = rest.strip_prefix(' ') {
            let (name, quoted) = param.split_once("=\"").unwrap();
            let mut value = String::new();
            let mut characters = quoted.char_indices().peekable();
            let mut end = quoted.len();
            while let Some((at, character)) = characters.next() {
                match (character, characters.peek()) {
                    ('\\', Some((_, next @ ('"' | '\\' | ']')))) => {
                        value.push(*next);
                        characters.next();
                    }
                    ('"', _) => {
                        end = at + 1;
                        break;
                    }
                    _ => value.push(character),
                }
            }
            params.entry(name.to_owned()).or_default().push(value);
            rest = &quoted[end..];
        }
        rest = rest.strip_prefix(']').unwrap_or_default();
    }
    all
}

/// Structured data as our own JSON and that of some sources have it: `{"id": {"name": "value" or [...]}}`.
pub fn data_of_json(json: &Json) -> Data {
    let values = |value: &Json| match value {
        Json::Array(list) => list.iter().map(|value| value.as_str().unwrap().to_owned()).collect(),
        value => vec![value.as_str().unwrap().to_owned()],
    };
    let params = |element: &Json| -> BTreeMap<String, Vec<String>> {
        element.as_object().unwrap().iter().map(|(name, value)| (name.clone(), values(value))).collect()
    };
    json.as_object().into_iter().flatten().map(|(id, element)| (id.clone(), params(element))).collect()
}

/// What the source of the line says, where it speaks of the same fields.
pub fn source(file: &str, case: &Json) -> Option<Reference> {
    let expect = &case["expect"];
    Some(match file {
        "syslog-rfc-gosyslog" => gosyslog(expect),
        "syslog-loose" => loose(expect),
        // PRI 43 of the program itself means that it refused the line.
        "syslog-msgparse-syslogng" if expect["app_name"] != "syslog-ng" => msgparse(expect),
        "syslog-rsyslog-parsertest" => parsertest(&expect["rsyslog"]),
        "syslog-beats-rfc3164" => beats(expect),
        "syslog-devices-elastic" => elastic(expect),
        "syslog-devices-napalm-logs" => napalm(expect),
        "syslog-devices-sc4s" => Reference { host: told(&expect["host_should_be"]), ..Reference::default() },
        "syslog-devices-syslog4j" => syslog4j(expect),
        "syslog-devices-syslogng" => syslogng(&expect["syslog_ng"]),
        _ if file.starts_with("loghub-") => loghub(file, expect),
        _ => return None,
    })
}

fn gosyslog(expect: &Json) -> Reference {
    let is_valid = expect["valid"] == true;
    let message = if is_valid { &expect["message"] } else { &expect["best_effort"] };
    let [facility, severity] = told_pri(&message["priority"]);
    // A best effort that stopped at an error says nothing of what it did not reach.
    let field = |name: &str| if is_valid { told_or_absent(&message[name]) } else { told(&message[name]) };
    let data =
        is_valid.then(|| Some(data_of_json(&message["structured_data"])).filter(|data| !data.is_empty()));
    Reference {
        host: field("hostname"),
        program: field("app_name"),
        process: field("procid"),
        facility,
        severity,
        time: told_time(&message["timestamp"]),
        message: if is_valid { Some(field("msg").flatten().or(Some(String::new()))) } else { None },
        data,
    }
}

fn loose(expect: &Json) -> Reference {
    let place = |names: &[&str], value: &Json| {
        let name = value.as_str()?.split_once('_')?.1.to_owned();
        names.iter().position(|known| *known == name).map(|place| Some(place.to_string()))
    };
    let severities = ["EMERG", "ALERT", "CRIT", "ERR", "WARNING", "NOTICE", "INFO", "DEBUG"];
    let facilities = [
        "KERN", "USER", "MAIL", "DAEMON", "AUTH", "SYSLOG", "LPR", "NEWS", "UUCP", "CRON", "AUTHPRIV", "FTP",
        "NTP", "AUDIT", "ALERT", "CLOCKD", "LOCAL0", "LOCAL1", "LOCAL2", "LOCAL3", "LOCAL4", "LOCAL5",
        "LOCAL6", "LOCAL7",
    ];
    let seconds =
        expect["timestamp_zone"].as_str().and_then(|zone| zone.strip_prefix("utc")?.parse::<i64>().ok());
    let time = expect["timestamp"].as_str().and_then(Moment::of).map(|time| {
        let in_utc = |seconds: i64| {
            let [month, day, hour, minute, second] = time.rest;
            let date = Date { year: time.year.unwrap(), month: month as u8, day: day as u8 };
            let wall =
                civil::days_from_civil(date) * civil::SECONDS_PER_DAY + hour * 3_600 + minute * 60 + second;
            Moment::at(wall - seconds)
        };
        Some(seconds.map_or(time, in_utc))
    });
    let mut data = Data::new();
    for element in expect["structured_data"].as_array().into_iter().flatten() {
        let params = data.entry(element["id"].as_str().unwrap().to_owned()).or_default();
        for param in element["params"].as_array().unwrap() {
            params
                .entry(param[0].as_str().unwrap().to_owned())
                .or_default()
                .push(param[1].as_str().unwrap().to_owned());
        }
    }
    Reference {
        host: told_or_absent(&expect["hostname"]),
        program: told_or_absent(&expect["app_name"]),
        process: told_or_absent(&expect["procid"]),
        facility: place(&facilities, &expect["facility_name"]),
        severity: place(&severities, &expect["severity_name"]),
        time,
        message: told_message(&expect["msg"]),
        data: Some(Some(data).filter(|data| !data.is_empty())),
    }
}

fn msgparse(expect: &Json) -> Reference {
    let [facility, severity] = told_pri(&expect["pri"]);
    let data = expect["structured_data_text"].as_str();
    Reference {
        host: told(&expect["host"]),
        program: told(&expect["app_name"]),
        process: told(&expect["procid"]),
        facility,
        severity,
        time: expect["timestamp_unix"].as_i64().map(|seconds| Some(Moment::at(seconds))),
        message: told_message(&expect["msg"]),
        data: data.map(|text| Some(data_of(text)).filter(|data| !data.is_empty())),
    }
}

fn parsertest(expect: &Json) -> Reference {
    let [facility, severity] = told_pri(&expect["PRI"]);
    Reference {
        host: told(&expect["hostname"]),
        program: told(&expect["programname"]),
        facility,
        severity,
        time: told_time(&expect["timestamp"]),
        message: told_message(&expect["msg"]),
        ..Reference::default()
    }
}

fn beats(expect: &Json) -> Reference {
    let [facility, severity] = told_pri(&expect["pri"]);
    Reference {
        host: told(&expect["hostname"]),
        program: told(&expect["app_name"]),
        process: told(&expect["procid"]),
        facility,
        severity,
        time: told_time(&expect["timestamp"]),
        message: told_message(&expect["msg"]),
        ..Reference::default()
    }
}

fn elastic(expect: &Json) -> Reference {
    let [facility, severity] = told_pri(&expect["pri"]);
    let parts =
        ["cisco_facility", "cisco_severity", "cisco_mnemonic"].map(|key| told(&expect[key]).flatten());
    let name = parts.iter().all(Option::is_some).then(|| parts.map(Option::unwrap).join("-"));
    Reference {
        host: told(&expect["hostname"]),
        program: name.map(Some),
        facility,
        severity,
        time: told_time(&expect["timestamp"]),
        message: told_message(&expect["message"]),
        ..Reference::default()
    }
}

fn napalm(expect: &Json) -> Reference {
    let details = &expect["details"];
    let text = |value: &Json| value.as_str().unwrap_or_default().to_owned();
    let host = text(&details["hostPrefix"]) + &text(&expect["host"]);
    let program = told(&details["processName"]).or_else(|| told(&expect["tag"]));
    let process = told(&details["processId"]).map(|process| process.filter(|process| process != "-"));
    Reference {
        host: Some(Some(host)),
        program,
        process,
        facility: told(&expect["facility"]),
        severity: told(&expect["severity"]),
        time: Moment::of(&format!("{} {}", text(&expect["date"]), text(&expect["time"]))).map(Some),
        ..Reference::default()
    }
}

fn syslog4j(expect: &Json) -> Reference {
    let parts: Vec<i64> = expect["timestamp_parts"]
        .as_array()
        .into_iter()
        .flatten()
        .take(6)
        .map(|part| part.as_str().unwrap().parse().unwrap_or(0))
        .collect();
    let of_parts = match parts[..] {
        [year, month, day, hour, minute, second] => Some(Some(Moment {
            year: i32::try_from(year).ok().filter(|year| *year > 0),
            rest: [month, day, hour, minute, second],
        })),
        _ => None,
    };
    Reference {
        host: told(&expect["host"]),
        program: told(&expect["app_name"]),
        process: told(&expect["procid"]),
        facility: told(&expect["facility"]),
        severity: told(&expect["severity"]),
        time: of_parts.or_else(|| told_time(&expect["timestamp"])),
        ..Reference::default()
    }
}

fn syslogng(expect: &Json) -> Reference {
    let [facility, severity] = told_pri(&expect["PRI"]);
    Reference {
        host: told(&expect["HOST"]),
        facility,
        severity,
        time: told_time(&expect["DATE"]),
        message: told_message(&expect["MSG"]),
        ..Reference::default()
    }
}

/// The columns of a loghub table; their names are not always those of what they hold.
fn loghub(file: &str, expect: &Json) -> Reference {
    let (month, day, host, program) = match file {
        "loghub-linux" => ("month", "date", "level", "component"),
        "loghub-mac" => ("month", "date", "user", "component"),
        "loghub-openssh" => ("date", "day", "component", ""),
        _ => ("month", "day", "location", "component"),
    };
    // What a Mac puts in brackets before its text is a column of its own there, and text here.
    let message = match expect["address"].as_str() {
        Some(address) if !address.is_empty() => None,
        _ => Some(told(&expect["content"]).flatten().or(Some(String::new()))),
    };
    let text = |key: &str| expect[key].as_str().unwrap_or_default();
    Reference {
        host: told(&expect[host]),
        program: if program.is_empty() { Some(Some("sshd".to_owned())) } else { told(&expect[program]) },
        process: told(&expect["pid"]),
        time: Moment::of(&format!("{} {} {}", text(month), text(day), text("time"))).map(Some),
        message,
        ..Reference::default()
    }
}

#[test]
fn moments_are_read_in_every_form() {
    let of = |text: &str| Moment::of(text).map(|found| (found.year, found.rest));
    assert_eq!(of("2003-10-11T22:14:15.003Z"), Some((Some(2003), [10, 11, 22, 14, 15])));
    assert_eq!(of("2003-10-11T22:14:15-02:00"), Some((Some(2003), [10, 12, 0, 14, 15])));
    assert_eq!(of("2018 Oct 31 08:12:52"), Some((Some(2018), [10, 31, 8, 12, 52])));
    assert_eq!(of("2018-Nov- 9 15:41:30"), Some((Some(2018), [11, 9, 15, 41, 30])));
    assert_eq!(of("Oct  1 22:14:15"), Some((None, [10, 1, 22, 14, 15])));
    assert_eq!(of("now"), None);
    let data = data_of(r#"[a b="c\"\]\\\n" b=""][d]"#);
    assert_eq!(data["a"]["b"], ["c\"]\\\\n", ""]);
    assert!(data["d"].is_empty());
}
