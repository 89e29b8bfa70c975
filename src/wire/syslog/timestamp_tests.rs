#![allow(clippy::unwrap_used, clippy::panic)]

use super::*;
use proptest::prelude::{prop_assert, prop_assert_eq};
use proptest::proptest;

fn known(text: &str) -> (DeviceTime<'_>, bool, &str) {
    match any(Cursor::new(text.as_bytes())) {
        Some((Stamp::Known { time, standard }, rest)) => {
            (time, standard, std::str::from_utf8(rest.rest).unwrap())
        }
        other => panic!("{text}: {other:?}"),
    }
}

/// Date, time and offset in one comparable text.
fn shown(text: &str) -> String {
    let (time, standard, rest) = known(text);
    let year = time.year.map_or_else(|| "----".to_owned(), |year| format!("{year:04}"));
    let zone = time.offset_minutes.map_or_else(String::new, |minutes| format!("{minutes:+}"));
    format!(
        "{year}-{:02}-{:02} {:02}:{:02}:{:02}.{:09}{zone} {}|{rest}",
        time.month,
        time.day,
        time.hour,
        time.minute,
        time.second,
        time.nanosecond,
        if standard { "standard" } else { "lenient" }
    )
}

#[test]
fn rfc_5424_examples() {
    // RFC 5424 6.2.3.1, examples 1 to 4; example 5 has nine digits and is not standard.
    assert_eq!(shown("1985-04-12T23:20:50.52Z"), "1985-04-12 23:20:50.520000000+0 standard|");
    assert_eq!(shown("1985-04-12T19:20:50.52-04:00"), "1985-04-12 19:20:50.520000000-240 standard|");
    assert_eq!(shown("2003-10-11T22:14:15.003Z"), "2003-10-11 22:14:15.003000000+0 standard|");
    assert_eq!(shown("2003-08-24T05:14:15.000003-07:00"), "2003-08-24 05:14:15.000003000-420 standard|");
    assert_eq!(shown("2003-08-24T05:14:15.000000003-07:00"), "2003-08-24 05:14:15.000000003-420 lenient|");
}

#[test]
fn lenient_iso() {
    assert_eq!(shown("2018-03-21 17:25:25 MDS"), "2018-03-21 17:25:25.000000000 lenient| MDS");
    assert_eq!(shown("2006-01-02t15:04:05z"), "2006-01-02 15:04:05.000000000+0 lenient|");
    assert_eq!(shown("2006-11-10T10:43:21.15600000000 b"), "2006-11-10 10:43:21.156000000 lenient| b");
    assert_eq!(shown("2020-03-23 08:14:02.777660-0700  x"), "2020-03-23 08:14:02.777660000-420 lenient|  x");
    assert_eq!(shown("2018-7-23 01:00:33.270.1 h"), "2018-07-23 01:00:33.270000000 lenient| h");
    assert_eq!(shown("2018-7-23 01:00:33"), "2018-07-23 01:00:33.000000000 lenient|");
    assert_eq!(shown("2022/02/20 18:52:22,250 -"), "2022-02-20 18:52:22.250000000 lenient| -");
    assert_eq!(shown("2024-03-07 09:05:03 +0000 00"), "2024-03-07 09:05:03.000000000+0 lenient| 00");
    assert_eq!(shown("2024-03-07 09:05:03 -more"), "2024-03-07 09:05:03.000000000 lenient| -more");
}

#[test]
fn month_first_shapes() {
    assert_eq!(shown("Oct 11 22:14:15 h"), "-----10-11 22:14:15.000000000 standard| h");
    assert_eq!(shown("Mar  7 19:06:53 h"), "-----03-07 19:06:53.000000000 standard| h");
    assert_eq!(shown("Mar 7 2008 19:06:53: h"), "2008-03-07 19:06:53.000000000 lenient|: h");
    assert_eq!(shown("AUG 10 22:18:24 2009  n"), "2009-08-10 22:18:24.000000000 lenient|  n");
    assert_eq!(shown("Jul 14 2023 08:23:43.398 UTC: %"), "2023-07-14 08:23:43.398000000 lenient| UTC: %");
    assert_eq!(shown("2016 Mar 06 09:22:34 CET:"), "2016-03-06 09:22:34.000000000 lenient| CET:");
    assert_eq!(shown("Wed Jul 27 18:32:27 2016 [p"), "2016-07-27 18:32:27.000000000 lenient| [p");
    assert_eq!(shown("Sep 01 00:00:00"), "-----09-01 00:00:00.000000000 lenient|");
    assert_eq!(shown("Feb 29 00:00:00"), "-----02-29 00:00:00.000000000 standard|");
    assert_eq!(shown("Oct 11 22:14:15 20ab"), "-----10-11 22:14:15.000000000 standard| 20ab");
}

#[test]
fn clock_marks() {
    assert_eq!(known("*Mar  1 00:00:01.123: x").0.clock, ClockMark::NotSet);
    assert_eq!(known(".Mar  7 09:05:03.123 CDT: x").0.clock, ClockMark::NotSynchronised);
    assert!(!known("*Mar  1 00:00:01: x").1);
}

#[test]
fn what_does_not_exist_is_refused() {
    for text in [
        "Nov 31 00:00:00",
        "Oct 11 14:99:00",
        "Oct 11 24:00:00",
        "May 00 00:00:00",
        "Feb 30 00:00:00",
        "Oct 11 23:59:60",
        "2003-09-31T22:14:16Z",
        "2023-02-29T00:00:00Z",
        "Feb 29 2023 00:00:00",
        "2003-08-24T05:14:15.000003-60:00",
        "2003-13-01T00:00:00Z",
        "2003-00-01T00:00:00Z",
        "2003-09-29T22:09:99Z",
        "Oct 99 00:00:00",
    ] {
        assert!(matches!(any(Cursor::new(text.as_bytes())), Some((Stamp::Impossible, _))), "{text}");
    }
}

#[test]
fn what_is_no_stamp_is_left_alone() {
    for text in [
        "",
        "*",
        "Octopus",
        "Oct",
        "Oct 11",
        "Oct 11 22:14",
        "2018-112-22T00:00:00Z",
        "12:00:00",
        "Mon",
        "Mon x",
        "2018",
        "2018-",
        "March 7 00:00:00",
        "1,2020/04/14 16:48:54",
    ] {
        assert_eq!(any(Cursor::new(text.as_bytes())), None, "{text}");
    }
}

#[test]
fn usual_times_are_found_to_be_usual() {
    let is_usual = |time: &str| {
        let line = format!("{time} host program: text");
        let start = Cursor::new(line.as_bytes());
        usual_time::of_device(start).or_else(|| usual_time::iso(start)).is_some()
    };
    for time in [
        "Oct 11 22:14:15",
        "*Feb 29 00:00:00.001:",
        ".Dec  1 2026 23:59:59,25",
        "2026-10-11T22:14:15Z",
        "2026-7-3 01:00:05.270.1",
        "2026-12-31 22:14:15.25+01:00",
    ] {
        assert!(is_usual(time), "{time}");
    }
    for time in [
        "Oct 32 22:14:15",
        "Oct  0 22:14:15",
        "Oct 11 24:00:00",
        "Foo 11 22:14:15",
        "Feb 29 2026 22:14:15",
        "2026-02-29T22:14:15Z",
        "2026-13-01T22:14:15Z",
        "2026-00-01T22:14:15Z",
        "2026-10-11T22:60:15Z",
        "2026-10-11T22:14:15+24:00",
        "2026/1/1 00:00:00",
    ] {
        assert!(!is_usual(time), "{time}");
    }
}

proptest! {
    #[test]
    fn digits_at_known_places_are_read_as_any_others(
        date in "[0-9]{3,4}-[0-9]{1,2}[-/][0-9]{1,2}[Tt ]|20[0-9]{2}-[01]?[0-9]-[0-3]?[0-9][T ]",
        time in "[0-9]{1,2}:[0-9]{2}:[0-9]{2}",
        fraction in "([.,][0-9]{0,12})?",
        zone in "(Z|z|[+-][0-2][0-9]:[0-5][0-9]| [+-]0100|\\.7)?",
        after in "( .{0,19})?",
    ) {
        let end = format!("{fraction}{zone}{after}");
        let line = format!("{date}{time}{end}");
        let start = Cursor::new(line.as_bytes());
        for (quick, rest) in [usual_time::iso(start), usual_time::rfc3339(start)].into_iter().flatten() {
            prop_assert_eq!(Some((Stamp::from(quick), rest)), any_iso(start));
        }
        let quick = time.as_bytes().first_chunk().and_then(TimeOfDay::usual);
        if let (Some(quick), Some((read, _))) = (quick, TimeOfDay::read(Cursor::new(time.as_bytes()))) {
            prop_assert_eq!([quick.hour, quick.minute, quick.second], [read.hour, read.minute, read.second]);
            prop_assert!(read.exists() && read.standard);
        }
    }

    /// Digits one by one are what the fraction of any length is.
    #[test]
    fn fractions_of_any_length_are_read(digits in "[0-9]{0,12}", mark in "[.,]", after in "([^0-9].{0,9})?") {
        let line = format!("{mark}{digits}{after}");
        let time = TimeOfDay { hour: 1, minute: 2, second: 3, nanosecond: None, standard: true };
        let (read, rest) = time.with_fraction(Cursor::new(line.as_bytes()));
        let nanosecond = format!("{digits:0<9}").get(..9).and_then(|text| text.parse().ok());
        prop_assert_eq!(read.nanosecond, nanosecond.filter(|_| !digits.is_empty()));
        prop_assert_eq!(read.standard, digits.is_empty() || mark == "." && digits.len() <= 6);
        prop_assert_eq!(rest.rest, if digits.is_empty() { line.as_bytes() } else { after.as_bytes() });
    }

    #[test]
    fn dates_at_known_places_are_read_as_any_others(
        mark in "[*.]?",
        month in "(Jan|feb|MAR|Apr|may|Jun|Jul|Aug|Sep|Oct|Nov|Dec|Foo)",
        day in "( [0-9]|[0-9]{2}|[0-9] )",
        year in "( [0-9]{4}| 19[67][0-9]| 2[0-2][0-9]{2})?",
        time in "[0-9]{1,2}:[0-9]{2}:[0-9]{2}([.,][0-9]{0,8})?",
        after in "(: .{0,19}| [a-z].{0,19})",
    ) {
        let line = format!("{mark}{month} {day}{year} {time}{after}");
        let start = Cursor::new(line.as_bytes());
        if let Some((quick, rest)) = usual_time::of_device(start) {
            let (clock, unmarked) = usual_time::mark(start);
            let thorough = month_first(unmarked, None).map(|(stamp, rest)| (with_clock(stamp, clock), rest));
            prop_assert_eq!(Some((Stamp::from(quick), rest)), thorough);
        }
    }
}
