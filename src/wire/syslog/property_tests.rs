//! What is written by the grammars of RFC 3164 and RFC 5424 is read as it was meant.
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
