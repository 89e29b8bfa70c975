//! Usual lines are what the grammar finds, and are found to be usual.

use super::*;
use crate::wire::syslog;
use proptest::prelude::*;

/// What [`read`] reads of a line, if it is a usual one, and what the grammar does.
fn both(line: &str) -> Option<(Message<'_>, Message<'_>)> {
    let mut quick = Message::unparsed(line.as_bytes());
    let mut is_usual = true;
    read(&mut quick, |_| is_usual = false);
    is_usual.then(|| (quick, syslog::decode_by_grammar(line.as_bytes())))
}

fn stamp() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("Oct 11 22:14:15".to_owned()),
        "(Oct|Feb|dec) ( [0-9]|[0-3][0-9])( [12][0-9]{3})? [0-2][0-9]:[0-5][0-9]:[0-6][0-9]([.,][0-9]{1,7})?",
        "[*.]Oct 11( 2026)? 22:14:15(\\.[0-9]{3})?",
        "20[0-9]{2}-[0-9]{1,2}-[0-9]{1,2}[T ][0-2][0-9]:[0-5][0-9]:[0-6][0-9](\\.[0-9]{1,6})?(\\.[0-9])?(Z|[+-][0-2][0-9]:[0-5][0-9])?",
    ]
}

/// Parts that usual lines and all others are made of.
fn part() -> impl Strategy<Value = String> {
    const KNOWN: &[&str] = &[
        "last",
        "message repeated",
        "Message forwarded from",
        "CEF",
        "CEF:0|v|p|",
        "LEEF:1.0|a|b|",
        "%LINK-3-UPDOWN",
        "%ASA-6-302013",
        "%%01IFNET/4/IF_STATE(l)[5]",
        "%%10SHELL/5/SHELL_LOGIN",
        "%A-1",
        "LINK_DOWN",
        "<13>",
        "192.0.2.1",
        "2001:db8::1",
        "date=2026-10-11",
        "UTC",
        "CEST",
        "TZ-6",
        "2026",
        "1987",
        "+0100",
        "-",
        "[a",
        "SW1",
        "CORE-SW1",
        "FW",
    ];
    prop_oneof![
        proptest::sample::select(KNOWN).prop_map(str::to_owned),
        "[a-zA-Z0-9._/:-]{1,12}",
        "[a-zA-Z0-9._-]{1,40}",
        "[a-z]{1,6}",
        "[0-9]{1,8}",
        stamp(),
    ]
}

fn joint() -> impl Strategy<Value = &'static str> {
    proptest::sample::select(&[" ", " ", " ", ": ", ": ", "[", "]: ", "] ", "]", ":", "  ", "=", " : "][..])
}

fn rest() -> impl Strategy<Value = String> {
    proptest::collection::vec((part(), joint()), 0..6)
        .prop_map(|parts| parts.into_iter().flat_map(|(part, joint)| [part, joint.to_owned()]).collect())
}

proptest! {
    #[test]
    fn usual_lines_are_what_the_grammar_finds(
        before in "([0-9]{1,9}: ){0,2}([a-z][a-zA-Z0-9./-]{0,9}: ([0-9]{1,4}: )?)?",
        stamp in stamp(),
        after in proptest::sample::select(&[" ", " ", " host ", " host : ", ": ", ":", " UTC: ", " CEST: ", "  "][..]),
        rest in rest(),
    ) {
        for line in [
            format!("<13>{before}{stamp}{after}{rest}"),
            format!("<187>{stamp}{after}{rest}"),
            format!("<6>{stamp}{after}{rest}"),
            format!("<0>1 {stamp} {rest}"),
            format!("<34>1 {stamp} {rest}"),
        ] {
            if let Some((quick, thorough)) = both(&line) {
                prop_assert_eq!(quick, thorough, "{}", line);
            }
        }
    }
}

#[test]
fn zones_of_three_letters_are_told() {
    for octet in 0..=u8::MAX {
        for place in 0..4 {
            let mut word = *b" UTC";
            word[place] = octet;
            let is_zone = if place == 0 { octet == b' ' } else { octet.is_ascii_uppercase() };
            assert_eq!(is_short_zone(&word), is_zone, "{word:?}");
            let neighbours = [b' ', octet, octet.wrapping_add(1), octet];
            let are_zone = octet.is_ascii_uppercase() && octet != b'Z';
            assert_eq!(is_short_zone(&neighbours), are_zone, "{neighbours:?}");
        }
    }
}

#[test]
fn usual_lines_are_found_to_be_usual() {
    for line in [
        "Oct 11 22:14:15 host su: text",
        "Oct 11 22:14:15 host su[12]: text",
        "Oct  1 22:14:15.003 SW1 a/b.c[x-1]: ",
        "Oct 11 22:14:15 192.0.2.1 su: text",
        "Oct 11 22:14:15 CORE-SW1 su: text",
        "Oct 11 22:14:15 gw CEF:0|v|p|1|e|n|5|a=b",
        "Mar 06 2026 12:53:01 fw1 : %ASA-6-302013: Built",
        "1045: Oct 11 22:14:15.512: %LINK-3-UPDOWN: Interface",
        "1045: 2210: *Oct 11 22:14:15.512: %LINK-3-UPDOWN: Interface",
        "1045: sw1: 2210: .Oct 11 2026 22:14:15.512 CEST: %LINK-3-UPDOWN: Interface",
        "2026-7-23 01:00:05.270.1 sw1 %%01IFNET/4/IF_STATE(l)[7]:Interface",
        "2026-07-23T01:00:05.270+02:00 host sshd[7]: text",
        "date=2026-03-31 time=07:48:26 devname=\"fw1\" devid=\"FGT60F\"",
        "1 2026-07-23T01:00:05.270+02:00 host app 12 ID - x",
        "1 2026-07-23T01:00:05Z - - - - [a b=\"c\"]",
    ] {
        let line = format!("<34>{line}");
        let (quick, thorough) = both(&line).unwrap_or_else(|| panic!("{line}"));
        assert_eq!(quick, thorough, "{line}");
    }
    for line in [
        "Oct 11 22:14:15 host su: 12: x",
        "Oct 11 22:14:15 host su:  x",
        "Oct 11 22:14:15 host su text",
        "Oct 11 22:14:15 host su[12]a: x",
        "Oct 11 22:14:15 host: su: x",
        "Oct 11 22:14:15 -host su: x",
        "Oct 11 22:14:15 host 1su: x",
        "Oct 11 22:14:15 UTC su: x",
        "Oct 11 22:14:15 2026 su: x",
        "2026-07-23T01:00:05.270+02:00 host app 12 ID - x",
        "1045: Oct 32 22:14:15 UTC: %LINK-3-UPDOWN: x",
    ] {
        assert_eq!(both(&format!("<34>{line}")), None, "{line}");
        assert_eq!(both(line), None, "{line}");
    }
}
