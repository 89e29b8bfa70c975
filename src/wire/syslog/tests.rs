//! RFC examples and the header dialects of network devices; text written for these tests unless a source is named.
#![allow(clippy::unwrap_used, clippy::panic)]

use super::*;
use crate::base::span::Span;
use proptest::prelude::*;

fn text(octets: Option<&[u8]>) -> &str {
    octets.map_or("-", |octets| std::str::from_utf8(octets).unwrap())
}

/// `host app proc msgid | content`.
fn fields(line: &str) -> String {
    let message = decode(line.as_bytes());
    format!(
        "{} {} {} {} | {}",
        text(message.hostname),
        text(message.app_name),
        text(message.proc_id),
        text(message.msg_id),
        text(Some(message.content))
    )
}

fn notes(line: &[u8]) -> Vec<&'static str> {
    decode(line).notes.names().collect()
}

/// `yyyy-mm-dd hh:mm:ss zone`, with `*` or `.` before it.
fn time(line: &str) -> String {
    decode(line.as_bytes()).timestamp.map_or_else(String::new, |time| {
        let mark = match time.clock {
            ClockMark::Unmarked => "",
            ClockMark::NotSet => "*",
            ClockMark::NotSynchronised => ".",
        };
        let year = time.year.map_or_else(String::new, |year| format!("{year}-"));
        let zone = time.zone.map_or_else(String::new, |zone| format!(" {}", text(Some(zone))));
        let offset = time.offset_minutes.map_or_else(String::new, |minutes| format!(" {minutes:+}"));
        format!(
            "{mark}{year}{:02}-{:02} {:02}:{:02}:{:02}{zone}{offset}",
            time.month, time.day, time.hour, time.minute, time.second
        )
    })
}

#[test]
fn rfc_5424_6_5_examples() {
    let first = decode(b"<34>1 2003-10-11T22:14:15.003Z mymachine.example.com su - ID47 - \xEF\xBB\xBF'su root' failed for lonvick on /dev/pts/8");
    assert_eq!(first.format, Format::Rfc5424);
    assert_eq!((first.pri.unwrap().facility(), first.pri.unwrap().severity()), (4, 2));
    assert_eq!(first.timestamp.unwrap().nanosecond, 3_000_000);
    assert_eq!(first.proc_id, None);
    assert_eq!(first.content, b"'su root' failed for lonvick on /dev/pts/8");
    assert_eq!(first.notes, Notes::BYTE_ORDER_MARK);
    let second =
        "<165>1 2003-08-24T05:14:15.000003-07:00 192.0.2.1 myproc 8710 - - %% It's time to make the do-nuts.";
    assert_eq!(fields(second), "192.0.2.1 myproc 8710 - | %% It's time to make the do-nuts.");
    assert!(notes(second.as_bytes()).is_empty());
    let third = decode(br#"<165>1 2003-10-11T22:14:15.003Z mymachine.example.com evntslog - ID47 [exampleSDID@32473 iut="3" eventSource="Application" eventID="1011"] An application event log entry..."#);
    assert_eq!(third.content, b"An application event log entry...");
    let element = third.structured_data.unwrap().elements().next().unwrap();
    assert_eq!(element.id, b"exampleSDID@32473");
    assert_eq!(
        element.params().map(|param| param.name).collect::<Vec<_>>(),
        [&b"iut"[..], b"eventSource", b"eventID"]
    );
    let fourth = decode(br#"<165>1 2003-10-11T22:14:15.003Z mymachine.example.com evntslog - ID47 [exampleSDID@32473 iut="3" eventSource="Application" eventID="1011"][examplePriority@32473 class="high"]"#);
    assert_eq!(fourth.content, b"");
    assert_eq!(fourth.structured_data.unwrap().elements().count(), 2);
    assert!(fourth.notes.is_empty());
}

#[test]
fn rfc_5424_deviations_are_noted_and_the_header_kept() {
    assert_eq!(fields("<1>1 - - - - - -"), "- - - - | ");
    assert_eq!(notes(b"<1>1 - - - - - -"), ["hostname-absent"]);
    let check_point = r#"<134>1 2018-03-21 17:25:25 fw CheckPoint 13752 - [action:"Update"; flags:"1"]"#;
    assert_eq!(fields(check_point), r#"fw CheckPoint 13752 - | [action:"Update"; flags:"1"]"#);
    assert_eq!(notes(check_point.as_bytes()), ["timestamp-nonstandard", "structured-data-invalid"]);
    assert_eq!(notes(b"<1>1 2003-09-31T22:14:16Z h a p m - x"), ["timestamp-invalid"]);
    assert_eq!(notes(b"<1>1 2006-01-02T15:04:05Z+07:00 h a p m - x"), ["timestamp-invalid"]);
    assert_eq!(notes(b"<1>1 - h a"), ["header-incomplete"]);
    assert_eq!(fields("<1>1 - h a"), "h a - - | ");
    assert_eq!(notes(b"<1>2 - h a p m - x"), ["version-unknown"]);
    assert_eq!(notes(b"<1>1 - h\n a p m - x"), ["field-nonstandard"]);
    assert_eq!(fields("<1>1 - h a p m free text"), "h a p m | free text");
    assert_eq!(fields(r#"<1>1 - h a p m [x y="z"]"#), "h a p m | ");
    assert_eq!(decode(b"<1>1 - - - - - - x\ny").content, b"x\ny");
    assert_eq!(decode(b"<1>1 - - - - - - \xff\xfe").content, b"\xff\xfe");
    // `1 ` alone does not make it RFC 5424.
    assert_eq!(decode(b"<13>1 apple fell").format, Format::Rfc3164);
}

#[test]
fn rfc_5424_without_version() {
    let line = "<166> 2023-05-08T10:54:24.756+10:00 sw1 - - - - text here";
    assert_eq!(fields(line), "sw1 - - - | text here");
    assert_eq!(decode(line.as_bytes()).format, Format::Rfc5424);
    assert_eq!(notes(line.as_bytes()), ["space-around-pri", "version-absent"]);
    assert_eq!(
        fields("<13>2026-07-23T09:30:45.123+02:00 host daemon: a b c - x"),
        "host daemon - - | a b c - x"
    );
}

#[test]
fn rfc_3164_5_4_examples() {
    assert_eq!(
        fields("<34>Oct 11 22:14:15 mymachine su: 'su root' failed for lonvick on /dev/pts/8"),
        "mymachine su - - | 'su root' failed for lonvick on /dev/pts/8"
    );
    // Example 2: no header, no tag; the packet's text is content.
    let second = "<13>Feb  5 17:32:18 10.0.0.99 Use the BFG!";
    assert_eq!(decode(second.as_bytes()).hostname, Some(&b"10.0.0.99"[..]));
    assert_eq!(time(second), "02-05 17:32:18");
    let bare = decode(b"Use the BFG!");
    assert_eq!((bare.format, bare.pri, bare.content), (Format::Unparsed, None, &b"Use the BFG!"[..]));
    assert_eq!(
        fields("<165>Aug 24 05:34:00 mymachine myproc[10]: %% It's time to make the do-nuts."),
        "mymachine myproc 10 - | %% It's time to make the do-nuts."
    );
    // Example 3 has the year first, a zone that is a fixed offset by name only, and two hosts.
    let third = "<0>1990 Oct 22 10:52:01 TZ-6 scapegoat.dmz.example.org 10.1.2.3 sched[0]: That's All Folks!";
    assert_eq!(time(third), "1990-10-22 10:52:01 TZ-6");
    assert_eq!(fields(third), "scapegoat.dmz.example.org sched 0 - | That's All Folks!");
}

#[test]
fn pri_that_is_none_leaves_the_line_alone() {
    for line in
        [&b"<192>Oct 11 22:14:15 h su: x"[..], b"<999>x", b"<x>y", b"<44444444444>1 - - - - - -", b"<", b"<1"]
    {
        let message = decode(line);
        assert_eq!((message.format, message.pri, message.content), (Format::Unparsed, None, line));
        assert!(message.notes.contains(Notes::PRI_INVALID));
    }
    assert_eq!(notes(b"<034>Oct 11 22:14:15 h su: x"), ["pri-leading-zero"]);
    assert_eq!(notes(b" <34>Oct 11 22:14:15 h su: x"), ["space-around-pri"]);
    assert_eq!(fields("<38> Mar  7 19:06:53 example tag: m"), "example tag - - | m");
}

#[test]
fn a_line_without_pri_is_read_if_it_has_a_header() {
    assert_eq!(
        fields("Jun 14 15:16:01 combo sshd(pam_unix)[19939]: failure"),
        "combo sshd(pam_unix) 19939 - | failure"
    );
    assert_eq!(fields("%ASA-1-105043: (Primary) failed"), "- ASA-1-105043 - ASA-1-105043 | (Primary) failed");
    assert_eq!(fields("1 2019-05-15T16:26:19Z fw app 19710 - - x"), "fw app 19710 - | x");
    assert_eq!(decode(b"some message: x").format, Format::Unparsed);
}

#[test]
fn host_and_tag_are_told_apart() {
    assert_eq!(fields("<0>Jan 10 01:00:00 prg0: msgtxt"), "- prg0 - - | msgtxt");
    assert_eq!(fields("<0>Jan 10 01:00:00 haproxy[73411]: x"), "- haproxy 73411 - | x");
    assert_eq!(fields("<0>Jan 10 01:00:00 0002:: prg0: msgtxt"), "0002:: prg0 - - | msgtxt");
    assert_eq!(fields("<0>Jan 10 01:00:00 2001:db8::1 prg0"), "2001:db8::1 prg0 - - | ");
    assert_eq!(fields("<0>Jan 10 01:00:00 9sw_1/a@b sshd[1]: x"), "9sw_1/a@b sshd 1 - | x");
    assert_eq!(fields("<0>Jan 10 01:00:00 X4711 "), "X4711 - - - | ");
    assert_eq!(fields("<0>Jan 10 01:00:00 "), "- - - - | ");
    assert_eq!(fields("<27>xapi: [error|xen3] x"), "- xapi - - | [error|xen3] x");
    assert_eq!(fields("<189>some message"), "- - - - | some message");
    assert_eq!(
        fields("<13>Jan 10 01:00:00 h last message repeated 3 times"),
        "h - - - | last message repeated 3 times"
    );
    assert_eq!(
        fields("<13>Jan 10 01:00:00 last message repeated 3 times"),
        "- - - - | last message repeated 3 times"
    );
    assert_eq!(
        fields("<12>Apr 14 16:48:54 pa 1,2020/04/14 16:48:54,x"),
        "pa - - - | 1,2020/04/14 16:48:54,x"
    );
    assert_eq!(fields("<13>Mar  7 09:05:03 h CEF:0|A|B"), "h CEF - - | CEF:0|A|B");
    assert_eq!(fields("<13>Mar  7 09:05:03 h     at a.b.C(D.java:1)"), "h - - - |     at a.b.C(D.java:1)");
    assert_eq!(fields("<13>Mar  7 09:05:03 U7,78,v4.0: logread[5]: x"), "- U7,78,v4.0 - - | logread[5]: x");
    assert_eq!(fields("<13>Mar  7 09:05:03 h : Scrubbed@ 2021 x"), "h - - - | Scrubbed@ 2021 x");
    assert_eq!(
        fields("<13>Mar  7 09:05:03 h Mon May 04 12:59:59 2020 Info: x"),
        "h - - - | Mon May 04 12:59:59 2020 Info: x"
    );
    assert_eq!(fields("<6>AUG 10 22:18:24 host tag This msg"), "host tag - - | This msg");
    assert_eq!(notes(b"<6>Aug 10 22:18:24 host tag This msg"), ["tag-without-colon"]);
}

#[test]
fn timestamps_in_the_place_of_rfc_3164() {
    assert_eq!(fields("<13>2026-07-23T09:30:45.123+02:00 host daemon: x"), "host daemon - - | x");
    assert_eq!(time("<13>2026-07-23T09:30:45.123+02:00 host daemon: x"), "2026-07-23 09:30:45 +120");
    assert_eq!(fields("<167>Mar 7 2008 19:06:53: example tag: x"), "example tag - - | x");
    assert_eq!(fields("<6>AUG 10 22:18:24 2009  warden [audit] x"), "warden - - - | [audit] x");
    let impossible = b"<13>Nov 31 10:00:00 host su: x";
    assert_eq!(decode(impossible).timestamp, None);
    assert_eq!(notes(impossible), ["timestamp-invalid"]);
    assert_eq!(decode(impossible).hostname, Some(&b"host"[..]));
}

#[test]
fn cisco_ios_headers() {
    let expected = "- FOO-6-BAR - FOO-6-BAR | text: x";
    for header in [
        "123: *Mar  1 00:00:01.123",
        "2361044: Jul 14 2023 08:23:43.398 UTC",
        ": Jul 14 2023 08:23:43 UTC",
        "*Jul 14 2023 08:23:43.398 UTC",
        "7433: 2y10w",
        "00:01:01",
        "123",
    ] {
        assert_eq!(fields(&format!("<190>{header}: %FOO-6-BAR: text: x")), expected, "{header}");
    }
    assert_eq!(fields("<189>%FOO-6-BAR: text: x"), expected);
    let with_host = "sw01 FOO-6-BAR - FOO-6-BAR | text: x";
    for header in [
        "2361044: sw01: Jan  6 22:11:43.398:",
        "3132811: sw01: 3132807: Jul 14 2023 08:23:43.398 UTC:",
        "3132811: sw01 3132807: Jul 14 2023 08:23:43.398 UTC:",
        "3132517: Jul 13 08:23:43 192.0.2.2 sw01: 3132779: Jul 14 2023 08:23:43.398 UTC:",
        "Jul 13 08:23:43 sw01 585917: Jul 14 2023 08:23:43 UTC:",
        "7433: sw01: 007439: 2y10w:",
        "sw01: 00:01:01:",
        "sw01: *Mar  7 09:05:03:",
        ": sw01 Aug 27 21:40:50 PDT:",
        "Jul 13 08:23:43 sw01",
        "Jul 13 08:23:43 sw01 :",
        "Jul 13 08:23:43 sw01:",
    ] {
        assert_eq!(fields(&format!("<190>{header} %FOO-6-BAR: text: x")), with_host, "{header}");
    }
    assert_eq!(time("<190>1: sw01: 2: .Mar  7 09:05:03.123 CDT: %A-6-B: x"), ".03-07 09:05:03 CDT");
    assert_eq!(decode(b"<190>1: sw01: 000002: .Mar  7 09:05:03.123 CDT: %A-6-B: x").sequence_number, Some(2));
    assert_eq!(notes(b"<190>7: sw01: 2y10w: %A-6-B: x"), ["timestamp-uptime"]);
    assert_eq!(decode(b"<190>99999999999999999999: Jan  6 22:11:43: %A-6-B: x").sequence_number, None);
}

#[test]
fn other_cisco_headers() {
    let xr =
        "<187>94307: gw2.a LC/0/2/CPU0:Jul  7 20:16:14.834 : ifmgr[214]: %PKT_INFRA-LINK-3-UPDOWN : Down";
    assert_eq!(fields(xr), "gw2.a ifmgr 214 PKT_INFRA-LINK-3-UPDOWN | %PKT_INFRA-LINK-3-UPDOWN : Down");
    assert_eq!(time(xr), "07-07 20:16:14");
    assert_eq!(decode(xr.as_bytes()).sequence_number, Some(94307));
    let no_host = "<187>RP/0/RP0/CPU0:Dec 11 12:43:29.227 EST: snmpd[1002]: %SNMP-SNMP-3-AUTH_FAIL : x";
    assert_eq!(fields(no_host), "- snmpd 1002 SNMP-SNMP-3-AUTH_FAIL | %SNMP-SNMP-3-AUTH_FAIL : x");
    let nx_os = "<190>: 2025 Sep 25 08:49:23 UTC: %ETHPORT-5-IF_DOWN: x";
    assert_eq!(fields(nx_os), "- ETHPORT-5-IF_DOWN - ETHPORT-5-IF_DOWN | x");
    assert_eq!(time(nx_os), "2025-09-25 08:49:23 UTC");
    let asa = "<166>Mar 06 2016 12:53:10 NAME : %ASA-6-302013: Built";
    assert_eq!(fields(asa), "NAME ASA-6-302013 - ASA-6-302013 | Built");
    assert_eq!(
        fields("<166>2022-02-16T15:31:53Z host : %FTD-6-430003: x"),
        "host FTD-6-430003 - FTD-6-430003 | x"
    );
    assert_eq!(fields("<13>: Mar  7 09:05:03 UTC : %UCSM-6-AUDIT: x"), "- UCSM-6-AUDIT - UCSM-6-AUDIT | x");
    assert_eq!(
        fields("<189>%IPADTBL-N-IPDUPLICATE: x"),
        "- IPADTBL-N-IPDUPLICATE - IPADTBL-N-IPDUPLICATE | x"
    );
    let eos = "<166>Oct 18 14:39:03 edge01 Rib: %AGENT-6-INITIALIZED: x";
    assert_eq!(fields(eos), "edge01 Rib - AGENT-6-INITIALIZED | %AGENT-6-INITIALIZED: x");
}

#[test]
fn relayed_lines() {
    let inner = "Aug 22 05:11:06 sw-224 <189>2: *Jan  2 00:00:43.167: %LINEPROTO-5-UPDOWN: x";
    assert_eq!(fields(inner), "sw-224 LINEPROTO-5-UPDOWN - LINEPROTO-5-UPDOWN | x");
    assert_eq!(decode(inner.as_bytes()).pri, Pri::new(189));
    assert_eq!(time(inner), "*01-02 00:00:43");
    let kiwi = "<190>Original Address=192.0.2.1 1 2025-06-23T16:13:32.168Z h Kiwi 3356 M - x";
    assert_eq!(fields(kiwi), "h Kiwi 3356 M | x");
    assert_eq!(fields("<190>Original Address=192.0.2.1 su: x"), "192.0.2.1 su - - | x");
    assert_eq!(fields("<166>Mar  7 09:05:03 relay Mar  7 09:05:03 edge CISE_A 1 4"), "edge CISE_A - - | 1 4");
    let boot = "Aug 22 05:11:06 sw-224 <190>11: 000012: *Jan  2 00:00:56.967: %SYS-6-CLOCKUPDATE: x";
    assert_eq!(fields(boot), "sw-224 SYS-6-CLOCKUPDATE - SYS-6-CLOCKUPDATE | x");
    assert_eq!(decode(boot.as_bytes()).sequence_number, Some(12));
    let banner = "Aug 22 05:11:06 sw-224 <189>28: Cisco IOS Software, Version 15";
    assert_eq!(fields(banner), "sw-224 - - - | Cisco IOS Software, Version 15");
    assert_eq!(decode(banner.as_bytes()).sequence_number, Some(28));
    assert_eq!(fields("<38>Sep 22 10:11:56 Message forwarded from ix6: sshd[67]: x"), "ix6 sshd 67 - | x");
    // A time that belongs to the text is not a second header.
    assert_eq!(
        fields("<166>Mar  7 09:05:03 h app: Mar  7 09:05:03 10.0.0.1 x: y"),
        "h app - - | Mar  7 09:05:03 10.0.0.1 x: y"
    );
}

#[test]
fn fortigate_lines() {
    let line = r#"<185>date=2026-03-31 time=07:48:26 msg="a \" devname=no" devname="FW 1" tz="-0500" x=y"#;
    assert_eq!(fields(line), format!("FW 1 - - - | {}", &line[5..]));
    assert_eq!(time(line), "2026-03-31 07:48:26 -300");
    assert_eq!(notes(b"<45>date=2017-13-06 time=12:53:10 devname=D"), ["timestamp-invalid"]);
    assert_eq!(fields("<45>date="), "- - - - | date=");
}

#[test]
fn trailers_are_no_content() {
    let message = decode(b"<9>Sep 12 19:16:18 h logger: test\0");
    assert_eq!(message.content, b"test");
    assert_eq!(message.notes, Notes::TRAILER_STRIPPED);
    assert_eq!(decode(b"<9>Sep 12 19:16:18 h logger: a\nb\r\n\0").content, b"a\nb");
    assert_eq!(decode(b"\0").content, b"");
}

/// Every field must be a part of the input.
fn check(line: &[u8]) {
    let message = decode(line);
    let mut parts = vec![message.content];
    parts.extend([message.hostname, message.app_name, message.proc_id, message.msg_id].into_iter().flatten());
    parts.extend(message.timestamp.and_then(|time| time.zone));
    if let Some(data) = message.structured_data {
        parts.push(data.raw());
        for element in data.elements() {
            parts.push(element.id);
            for param in element.params() {
                parts.extend([param.name, param.raw_value]);
                parts.extend(param.pieces());
            }
        }
    }
    for part in parts {
        assert!(Span::within(line, part).is_some());
    }
    if message.format == Format::Unparsed && !line.ends_with(b"\n") {
        assert!(line.starts_with(message.content), "an unparsed line is kept whole");
    }
}

const SEEDS: &[&str] = &[
    "<34>1 2003-10-11T22:14:15.003Z mymachine.example.com su 12 ID47 [a@1 b=\"c\\\"\" d=\"e\"][f] text",
    "<34>Oct 11 22:14:15 mymachine su[12]: 'su root' failed",
    "<190>3132517: Jul 13 08:23:43 192.0.2.2 sw01: 3132779: *Jul 14 2023 08:23:43.398 UTC: %FOO-6-BAR: x",
    "<187>94307: gw2.a LC/0/2/CPU0:Jul  7 20:16:14.834 : ifmgr[214]: %PKT_INFRA-LINK-3-UPDOWN : Down",
    "<189>7433: ASR920: 007439: 2y10w: %SEC_LOGIN-5-LOGIN_SUCCESS: x",
    "<185>date=2026-03-31 time=07:48:26 devname=\"F\" tz=\"-0500\" x=y",
    "Aug 22 05:11:06 sw-224 <189>2: .Jan  2 00:00:43.167: %LINEPROTO-5-UPDOWN: x",
    "<190>Original Address=192.0.2.1 1 2025-06-23T16:13:32.168Z h Kiwi 3356 M - x",
    "<166> 2023-05-08T10:54:24.756+10:00 sw1 - - - - text here",
];

#[test]
fn every_seed_cut_anywhere_is_survived() {
    for seed in SEEDS {
        for cut in 0..=seed.len() {
            check(&seed.as_bytes()[..cut]);
            check(&seed.as_bytes()[cut..]);
        }
    }
}

proptest! {
    #[test]
    fn arbitrary_octets(line in proptest::collection::vec(any::<u8>(), 0..300)) {
        check(&line);
    }

    #[test]
    fn octets_of_the_grammars(line in "[<>0-9:%. *A-Za-z\\[\\]=\"\\\\-]{0,120}") {
        check(line.as_bytes());
    }

    #[test]
    fn mutated_lines(
        seed in proptest::sample::select(SEEDS),
        edits in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>(), 0_u8..3), 1..6),
    ) {
        let mut line = seed.as_bytes().to_vec();
        for (place, octet, kind) in edits {
            let place = place.index(line.len().max(1));
            match kind {
                0 => line.insert(place.min(line.len()), octet),
                1 if place < line.len() => { line.remove(place); }
                _ => if let Some(target) = line.get_mut(place) { *target = octet },
            }
        }
        check(&line);
    }

    #[test]
    fn what_a_param_value_says_comes_back(value in proptest::collection::vec(any::<u8>(), 0..60)) {
        let mut line = b"<1>1 - h a p m [x v=\"".to_vec();
        for octet in &value {
            if matches!(octet, b'"' | b'\\' | b']') {
                line.push(b'\\');
            }
            line.push(*octet);
        }
        line.extend(b"\"] end");
        let message = decode(&line);
        let param = message.structured_data.unwrap().elements().next().unwrap().params().next().unwrap();
        prop_assert_eq!(param.pieces().collect::<Vec<_>>().concat(), value);
        prop_assert_eq!(message.content, b"end");
    }
}
