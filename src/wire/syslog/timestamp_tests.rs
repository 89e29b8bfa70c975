#![allow(clippy::unwrap_used, clippy::panic)]

use super::*;
use proptest::prelude::prop_assert_eq;
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
        "Marching 7 00:00:00",
        "1,2020/04/14 16:48:54",
    ] {
        assert_eq!(any(Cursor::new(text.as_bytes())), None, "{text}");
    }
}

#[test]
fn other_shapes() {
    assert_eq!(shown("2026:11:27-17:27:53 h"), "2026-11-27 17:27:53.000000000 lenient| h");
    assert_eq!(shown("Aug  7 13:00:00:123 h"), "-----08-07 13:00:00.123000000 lenient| h");
    assert_eq!(shown("Nov 27 2026 05:27:53 PM h"), "2026-11-27 17:27:53.000000000 lenient| h");
    assert_eq!(shown("2026-11-27 12:27:53 AM h"), "2026-11-27 00:27:53.000000000 lenient| h");
    assert_eq!(shown("Oct 11 22:14:15 PM h"), "-----10-11 22:14:15.000000000 standard| PM h");
    assert_eq!(shown("11/27/2026 5:27:53 PM h"), "2026-11-27 17:27:53.000000000 lenient| h");
    assert_eq!(shown("27/11/2026 17:27:53 h"), "2026-11-27 17:27:53.000000000 lenient| h");
    assert_eq!(shown("10/15/2013:15:09:41 h"), "2013-10-15 15:09:41.000000000 lenient| h");
    assert_eq!(shown("27-Nov-2026 17:27:53 h"), "2026-11-27 17:27:53.000000000 lenient| h");
    assert_eq!(shown("27 Nov 17:27:53 h"), "-----11-27 17:27:53.000000000 lenient| h");
    assert_eq!(shown("27.11.2026 17:27:53 h"), "2026-11-27 17:27:53.000000000 lenient| h");
    assert_eq!(shown("2026.11.27 17:27:53 h"), "2026-11-27 17:27:53.000000000 lenient| h");
    assert_eq!(shown("20261127T172753.25Z h"), "2026-11-27 17:27:53.250000000+0 lenient| h");
    assert_eq!(shown("2026-11-27 5:27:53PM h"), "2026-11-27 17:27:53.000000000 lenient| h");
    assert_eq!(shown("Fri, 27 Nov 2026 17:27:53 +0000 h"), "2026-11-27 17:27:53.000000000+0 lenient| h");
    assert_eq!(shown("[2026-11-27T17:27:53Z] h"), "2026-11-27 17:27:53.000000000+0 lenient| h");
    assert_eq!(shown("November 27 17:27:53 h"), "-----11-27 17:27:53.000000000 lenient| h");
    assert_eq!(shown("Sept. 27 17:27:53 h"), "-----09-27 17:27:53.000000000 lenient| h");
}

#[test]
fn the_plain_way_takes_what_it_is_for() {
    let start = |time: &str| format!("{time} host program: text");
    for time in ["Oct 11 22:14:15", "Feb 29 00:00:00.001", "Dec  1 2026 23:59:59,25"] {
        assert!(plain_month_first(Cursor::new(start(time).as_bytes())).is_some(), "{time}");
    }
    for time in
        ["Oct 32 22:14:15", "Oct  0 22:14:15", "Oct 11 24:00:00", "Foo 11 22:14:15", "Feb 29 2026 22:14:15"]
    {
        assert_eq!(plain_month_first(Cursor::new(start(time).as_bytes())), None, "{time}");
    }
}

proptest! {
    #[test]
    fn both_ways_of_reading_an_iso_date_agree(
        date in "[0-9]{3,4}-[0-9]{1,2}[-/][0-9]{1,2}[Tt ]|20[0-9]{2}-[01]?[0-9]-[0-3]?[0-9][T ]",
        after in ".{0,19}",
    ) {
        let line = format!("{date}{after}");
        let (mut one, mut other) = (Cursor::new(line.as_bytes()), Cursor::new(line.as_bytes()));
        let shown = |date: Date| (date.year, date.month, date.day, date.is_standard);
        let read = date::read_iso(&mut one).map(shown);
        prop_assert_eq!(read, other.attempt(date::read_iso_parts).map(shown));
        prop_assert_eq!(one, other);
    }

    #[test]
    fn a_fraction_of_any_length_is_read(digits in "[0-9]{0,12}", mark in "[.,]", after in "([^0-9].{0,9})?") {
        let line = format!("01:02:03{mark}{digits}{after}");
        let mut cursor = Cursor::new(line.as_bytes());
        let read = TimeOfDay::read(&mut cursor).unwrap();
        let nanosecond = format!("{digits:0<9}").get(..9).and_then(|text| text.parse().ok());
        prop_assert_eq!(read.nanosecond, nanosecond.filter(|_| !digits.is_empty()));
        prop_assert_eq!(read.is_standard, digits.is_empty() || mark == "." && digits.len() <= 6);
        prop_assert_eq!(cursor.rest, if digits.is_empty() { &line.as_bytes()[8..] } else { after.as_bytes() });
    }

    #[test]
    fn both_ways_of_reading_a_month_first_agree(
        month in "(Jan|feb|MAR|Apr|may|Jun|Jul|Aug|Sep|Oct|Nov|Dec|Foo)",
        day in "( [0-9]|[0-9]{2}|[0-9] )",
        year in "( [0-9]{4}| 19[67][0-9]| 2[0-2][0-9]{2})?",
        time in "[0-9]{1,2}:[0-9]{2}:[0-9]{2}([.,][0-9]{0,8})?",
        after in "(: .{0,19}| [a-z].{0,19})",
    ) {
        let line = format!("{month} {day}{year} {time}{after}");
        let start = Cursor::new(line.as_bytes());
        if let Some(found) = plain_month_first(start) {
            prop_assert_eq!(Some(found), month_first_parts(start, None));
        }
    }
}
