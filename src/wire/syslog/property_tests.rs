//! What is written by the grammars of RFC 3164 and RFC 5424 is read as it was meant; and an element that cannot be read
//! costs itself and not its neighbours.
#![allow(clippy::unwrap_used)]

use super::*;
use proptest::prelude::*;

fn text(field: Option<&[u8]>) -> Option<String> {
    field.map(|octets| String::from_utf8(octets.to_vec()).unwrap())
}

/// A field of RFC 5424, or the NILVALUE.
fn nilable(octets_max: usize) -> impl Strategy<Value = Option<String>> {
    // CEF and LEEF in the place of a field are read as what they are.
    proptest::option::of(proptest::string::string_regex(&format!("[!-~]{{1,{octets_max}}}")).unwrap())
        .prop_map(|field| field.filter(|field| field != "-" && !field.contains("EF:")))
}

proptest! {
    #[test]
    fn rfc_5424(
        pri in 0_u8..=191,
        host in nilable(255),
        fields in [nilable(48), nilable(48), nilable(32)],
        data in proptest::collection::vec(
            ("[a-z][!-<>-Z^-~]{0,20}", proptest::collection::vec(("[a-zA-Z0-9]{1,9}", "[ -~]{0,20}"), 0..4)),
            0..4,
        ),
        message in "[ -~]{0,40}",
    ) {
        let nil = |field: &Option<String>| field.clone().unwrap_or_else(|| "-".to_owned());
        let mut line = format!("<{pri}>1 2026-10-11T22:14:15.003Z {}", nil(&host));
        for field in &fields {
            line.push_str(&format!(" {}", nil(field)));
        }
        line.push(' ');
        for (id, params) in &data {
            line.push_str(&format!("[{}", id.replace('"', "")));
            for (name, value) in params {
                let escaped = value.replace('\\', "\\\\").replace('"', "\\\"").replace(']', "\\]");
                line.push_str(&format!(" {name}=\"{escaped}\""));
            }
            line.push(']');
        }
        if data.is_empty() {
            line.push('-');
        }
        line.push_str(&format!(" {message}"));
        let read = decode(line.as_bytes());
        prop_assert_eq!(read.format, Format::Rfc5424);
        prop_assert_eq!(read.pri.map(Pri::value), Some(pri));
        prop_assert_eq!(text(read.hostname), host, "{}", line);
        let [app_name, proc_id, msg_id] = fields;
        prop_assert_eq!(text(read.proc_id), proc_id);
        // A Cisco mnemonic or an event of Junos in the text stands for a MSGID that is not there.
        if msg_id.is_some() || !message.contains(':') {
            prop_assert_eq!((text(read.app_name), text(read.msg_id)), (app_name, msg_id));
        }
        let found: Vec<Vec<(String, String)>> = read.structured_data.iter().flat_map(|data| data.elements()).map(|element| {
            element.params().map(|param| {
                (text(Some(param.name)).unwrap(), text(Some(&param.pieces().collect::<Vec<_>>().concat())).unwrap())
            }).collect()
        }).collect();
        prop_assert_eq!(found, data.into_iter().map(|(_, params)| params).collect::<Vec<_>>(), "{}", line);
        prop_assert_eq!(text(Some(read.content)).unwrap(), message);
    }

    #[test]
    fn rfc_3164(
        pri in 0_u8..=191,
        day in 1_u8..=28,
        time in (0_u8..24, 0_u8..60, 0_u8..60),
        host in "[a-z][a-z0-9-]{0,20}(\\.[a-z]{2,9}){0,2}",
        tag in "[A-Za-z][A-Za-z0-9_/-]{0,20}",
        proc_id in proptest::option::of(1_u32..4_000_000),
        message in "[ -~]{0,40}",
    ) {
        prop_assume!(host != "last");
        let process = proc_id.map_or_else(String::new, |id| format!("[{id}]"));
        let (hour, minute, second) = time;
        let line = format!("<{pri}>Oct {day:2} {hour:02}:{minute:02}:{second:02} {host} {tag}{process}: {message}");
        let read = decode(line.as_bytes());
        prop_assert_eq!(read.format, Format::Rfc3164);
        prop_assert_eq!(read.pri.map(Pri::value), Some(pri));
        let stamp = read.timestamp.unwrap();
        prop_assert_eq!((stamp.month, stamp.day, stamp.hour, stamp.minute, stamp.second), (10, day, hour, minute, second));
        prop_assert_eq!(text(read.hostname), Some(host), "{}", line);
        prop_assert_eq!(text(read.app_name), Some(tag));
        prop_assert_eq!(text(read.proc_id), proc_id.map(|id| id.to_string()));
        prop_assert_eq!(text(Some(read.content)).unwrap(), message);
        prop_assert!(read.notes.is_empty() || read.notes == Notes::TAG_LONG);
    }
}

/// What a line of RFC 3164 is made of.
#[derive(Debug, Clone)]
struct Parts {
    pri: u8,
    time: String,
    host: String,
    name: String,
    proc_id: u32,
    text: String,
}

impl Parts {
    fn line(&self) -> Vec<u8> {
        let Self { pri, time, host, name, proc_id, text } = self;
        format!("<{pri}>{time} {host} {name}[{proc_id}]: {text}").into_bytes()
    }
}

fn parts() -> impl Strategy<Value = Parts> {
    let time = (1_u8..=28, 0_u8..24, 0_u8..60)
        .prop_map(|(day, hour, minute)| format!("Oct {day:2} {hour:02}:{minute:02}:07"));
    let host =
        "[a-z][a-z0-9-]{0,12}(\\.[a-z]{2,9})?|[A-Z]{2,6}-[0-9]{1,2}|192\\.0\\.2\\.[1-9]|2001:db8::[1-9a-f]";
    let is_host = |host: &String| host != "last" && !host.ends_with('-');
    (
        0_u8..=191,
        time,
        host.prop_filter("no host", is_host),
        "[a-z][a-z0-9_/]{0,12}",
        1_u32..99_999,
        "[ -~]{0,30}",
    )
        .prop_map(|(pri, time, host, name, proc_id, text)| Parts {
            pri,
            time,
            host,
            name,
            proc_id,
            text,
        })
}

/// The elements of a message, for comparison: PRI, month, host, name, process id, content.
type Elements = (Option<u8>, Option<u8>, Option<String>, Option<String>, Option<String>, String);

fn elements(line: &[u8]) -> Elements {
    let read = decode(line);
    let text = |field: &[u8]| String::from_utf8_lossy(field).into_owned();
    (
        read.pri.map(Pri::value),
        read.timestamp.map(|time| time.month),
        read.hostname.map(text),
        read.app_name.map(text),
        read.proc_id.map(text),
        text(read.content),
    )
}

/// Octets that belong to no message and may stand before PRI.
const NOISE: &[&str] = &[" ", "\u{feff}", "\0", "\r\n", "\0\0\0", "  \u{feff}", "57 ", "\n335 "];

/// Times that cannot be read, that do not exist, that are not there, or that are written in another way.
const TIMES: &[&str] = &[
    "M\u{e4}r 11 22:14:15",
    "Okt. 11 22:14:15",
    "11\u{6708} 27 17:27:53",
    "Xyz 11 22:14:15",
    "Oct 32 22:14:15",
    "Oct 11 22:140:15",
    "Fr, 11 Okt 2026 22:14:15",
    "11.10.2026 22:14:15",
    "22:14:15",
    "-",
    "2026-10-11T25:14:15Z",
    "2026:10:11-22:14:15",
    "Oct 11 10:14:15 PM",
    "Oct 11 22:14:15:123",
    "2026-10-11 22:14:15,123,",
    "1795800473",
    "1795800473.283",
    "1795800473283",
    "1 1795800473.283",
];

proptest! {
    /// Octets before PRI that belong to no message change no element.
    #[test]
    fn a_prefix_changes_no_element(parts in parts(), noise in proptest::sample::select(NOISE)) {
        let line = parts.line();
        prop_assert_eq!(elements(&[noise.as_bytes(), &line].concat()), elements(&line));
    }

    /// In a line that is cut anywhere, each element of which all octets and the octet that ends it are there is read as
    /// in the whole line, and the content is the start of the content.
    #[test]
    fn a_cut_costs_what_it_cuts(parts in parts(), cut in any::<proptest::sample::Index>()) {
        let line = parts.line();
        let cut = cut.index(line.len() + 1);
        let whole = elements(&line);
        let (pri, time, host, name, proc_id, content) = elements(&line[..cut]);
        let after_pri = parts.pri.to_string().len() + 2;
        let after_time = after_pri + parts.time.len();
        let after_host = after_time + 1 + parts.host.len();
        let after_tag = after_host + parts.name.len() + parts.proc_id.to_string().len() + 5;
        if cut >= after_pri {
            prop_assert_eq!(pri, whole.0);
        }
        if cut > after_time {
            prop_assert_eq!(time, whole.1);
        }
        if cut > after_host {
            prop_assert_eq!(host, whole.2);
        }
        if cut >= after_tag {
            prop_assert_eq!((name, proc_id), (whole.3, whole.4));
            let end = content.trim_end_matches([' ', '\0']);
            prop_assert!(whole.5.starts_with(end), "{:?}", content);
        }
    }

    /// A time in any shape, or none, costs at most the time, before a host and a tag with colon and process id.
    #[test]
    fn a_damaged_time_costs_the_time(parts in parts(), time in proptest::sample::select(TIMES)) {
        let (pri, _, host, name, proc_id, content) = elements(&parts.line());
        let damaged = Parts { time: time.to_owned(), ..parts };
        let (of_damaged, line) = (elements(&damaged.line()), damaged.line());
        let found = (of_damaged.0, of_damaged.2, of_damaged.3, of_damaged.4, of_damaged.5);
        prop_assert_eq!(found, (pri, host, name, proc_id, content), "{}", String::from_utf8_lossy(&line));
    }

    /// Without PRI the rest is read as with it.
    #[test]
    fn a_missing_pri_costs_the_pri(parts in parts()) {
        let line = parts.line();
        let place = line.iter().position(|octet| *octet == b'>').unwrap() + 1;
        let whole = elements(&line);
        let found = elements(&line[place..]);
        prop_assert_eq!((found.1, found.2, found.3, found.4, found.5), (whole.1, whole.2, whole.3, whole.4, whole.5));
    }

    /// A word in the place of the host costs at most the host, whatever octets of names, of other alphabets, or of
    /// addresses it has.
    #[test]
    fn a_damaged_host_costs_the_host(
        parts in parts(),
        damage in proptest::sample::select(&["\u{fc}", "%eth0", "(vrf1)", "\u{5317}\u{4eac}", "-", "_", "#1"][..]),
        is_absent in any::<bool>(),
    ) {
        let whole = elements(&parts.line());
        let host = if is_absent { "(none)".to_owned() } else { format!("{}{damage}", parts.host) };
        let damaged = Parts { host, ..parts };
        let found = elements(&damaged.line());
        prop_assert_eq!((found.0, found.1, found.3, found.4, found.5), (whole.0, whole.1, whole.3, whole.4, whole.5));
        prop_assert_eq!(found.2, (!is_absent).then_some(damaged.host));
    }

    /// An octet that no name has ends the tag; time and host stay, and the text is the end of the content.
    #[test]
    fn a_damaged_tag_costs_the_tag(
        parts in parts(),
        octet in proptest::sample::select(&["{", "|", ";", "\"", "\t", "<", "[", "="][..]),
    ) {
        let whole = elements(&parts.line());
        let line = format!("<{}>{} {} {}{octet}{}", parts.pri, parts.time, parts.host, parts.name, parts.text);
        let found = elements(line.as_bytes());
        prop_assert_eq!((found.0, found.1, found.2), (whole.0, whole.1, whole.2), "{}", &line);
        prop_assert!(found.5.ends_with(&parts.text) || found.4.is_some(), "{}", line);
    }

    /// One damaged field of RFC 5424 leaves the others as they are: a time that is none, a field that is too long or holds
    /// octets it must not, STRUCTURED-DATA that breaks its grammar.
    #[test]
    fn a_damaged_field_of_rfc_5424_costs_itself(
        place in 0_usize..6,
        damage in proptest::sample::select(&["now", "x\u{fc}y", "1795800473", "[a b", "\u{1}"][..]),
        is_long in any::<bool>(),
    ) {
        let mut words = ["2026-10-11T22:14:15Z", "host", "app", "4711", "ID47", "-"].map(str::to_owned);
        let sound = format!("<34>1 {} the text", words.join(" "));
        words[place] = match damage {
            _ if is_long && (1..5).contains(&place) => "x".repeat(200),
            // A space would make two fields of it.
            _ if place < 5 => damage.replace(' ', ""),
            _ => damage.to_owned(),
        };
        let damaged = format!("<34>1 {} the text", words.join(" "));
        let (sound, damaged) = (decode(sound.as_bytes()), decode(damaged.as_bytes()));
        prop_assert_eq!(damaged.format, Format::Rfc5424);
        prop_assert_eq!(damaged.pri, sound.pri);
        prop_assert!(place == 0 || damaged.timestamp == sound.timestamp);
        let fields = |read: &Message<'_>| [read.hostname, read.app_name, read.proc_id, read.msg_id].map(text_lossy);
        let (of_sound, of_damaged) = (fields(&sound), fields(&damaged));
        for (index, (sound, damaged)) in of_sound.into_iter().zip(of_damaged).enumerate() {
            prop_assert!(place == index + 1 && damaged.is_some() || sound == damaged, "field {} of {}", index, place);
        }
        prop_assert!(damaged.content.ends_with(b"the text"));
    }
}

fn text_lossy(field: Option<&[u8]>) -> Option<String> {
    field.map(|octets| String::from_utf8_lossy(octets).into_owned())
}
