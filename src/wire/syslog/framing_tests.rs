#![allow(clippy::unwrap_used, clippy::panic)]

use super::*;
use proptest::prelude::*;

/// A frame with its marks: `t` truncated, `p` part, `u` unterminated, `o` out of step.
type Got = Vec<(String, &'static str)>;

/// Feeds `stream` in the given reads and drives the deframer as a connection would; gives every frame's octets.
fn drive_octets(reads: &[&[u8]], octets_max: usize, oversize: Oversize) -> Vec<(Vec<u8>, &'static str)> {
    let mut deframer = Deframer::new(octets_max, oversize);
    let mut buffer = Vec::new();
    let mut got = Vec::new();
    for turn in 0..=reads.len() {
        let end_of_stream = turn == reads.len();
        buffer.extend_from_slice(reads.get(turn).unwrap_or(&&b""[..]));
        loop {
            match deframer.next(&buffer, end_of_stream) {
                Step::Frame { bytes, consumed, over, unterminated } => {
                    assert!(!bytes.is_empty() && bytes.len() <= octets_max && consumed >= bytes.len());
                    let mark = match (over, unterminated) {
                        (None, false) => "",
                        (None, true) => "u",
                        (Some(Over::Truncated), false) => "t",
                        (Some(Over::Truncated), true) => "tu",
                        (Some(Over::Part), false) => "p",
                        (Some(Over::Part), true) => "pu",
                    };
                    got.push((bytes.to_vec(), mark));
                    buffer.drain(..consumed);
                }
                Step::OutOfStep { count, bytes, consumed } => {
                    assert!(bytes.len() <= octets_max && consumed >= bytes.len() && consumed > 0);
                    assert!(deframer.was_out_of_step() && count.as_bytes().len() + bytes.len() > 0);
                    got.push(([count.as_bytes(), bytes].concat(), "o"));
                    buffer.drain(..consumed);
                }
                Step::Skip { consumed } => {
                    assert!(consumed > 0);
                    buffer.drain(..consumed);
                }
                Step::NeedMore => break,
            }
        }
        assert!(!end_of_stream || buffer.is_empty(), "octets were left behind");
        assert!(buffer.len() <= octets_max + 12, "the buffer bound is kept");
    }
    got
}

/// [`drive_octets`] as text.
fn drive(reads: &[&[u8]], octets_max: usize, oversize: Oversize) -> Got {
    let got = drive_octets(reads, octets_max, oversize);
    got.into_iter().map(|(bytes, mark)| (String::from_utf8_lossy(&bytes).into_owned(), mark)).collect()
}

fn frames(stream: &[u8], octets_max: usize) -> Got {
    frames_with(stream, octets_max, Oversize::Truncate)
}

fn frames_with(stream: &[u8], octets_max: usize, oversize: Oversize) -> Got {
    let expected = drive(&[stream], octets_max, oversize);
    let single: Vec<&[u8]> = stream.chunks(1).collect();
    assert_eq!(drive(&single, octets_max, oversize), expected, "octet by octet");
    for cut in 0..=stream.len() {
        let (left, right) = stream.split_at(cut);
        assert_eq!(drive(&[left, right], octets_max, oversize), expected, "cut at {cut}");
    }
    expected
}

fn row(text: &str, mark: &'static str) -> (String, &'static str) {
    (text.to_owned(), mark)
}

#[test]
fn octet_counting_with_line_breaks_inside() {
    assert_eq!(frames(b"9 <1>a\nb c\n6 <2>xyz", 100), [row("<1>a\nb c\n", ""), row("<2>xyz", "")]);
}

#[test]
fn every_trailer_ends_a_line() {
    assert_eq!(
        frames(b"<1>lf\n<2>crlf\r\n<3>nul\0<4>end", 100),
        [row("<1>lf", ""), row("<2>crlf", ""), row("<3>nul", ""), row("<4>end", "u")]
    );
}

#[test]
fn keepalives_and_empty_counts_are_no_messages() {
    assert_eq!(frames(b"\n\n\0\r\n<1>a\n\n\n<2>b\n", 100), [row("<1>a", ""), row("<2>b", "")]);
    assert_eq!(frames(b"0 4 <1>a\n\n4 <2>b\n", 100), [row("<1>a", ""), row("<2>b", "")]);
}

#[test]
fn a_stream_may_mix_both_framings() {
    assert_eq!(frames(b"4 <1>a<2>b\n4 <3>c", 100), [row("<1>a", ""), row("<2>b", ""), row("<3>c", "")]);
    assert_eq!(frames(b"<2>b\n4 <3>c<4>d\n", 100), [row("<2>b", ""), row("<3>c", ""), row("<4>d", "")]);
}

#[test]
fn a_line_that_starts_with_a_number_is_text_in_a_line_stream() {
    assert_eq!(
        frames(b"<1>a\n12 monkeys\n2026-01-01 x\n3\n01 <2>b\n", 100),
        [row("<1>a", ""), row("12 monkeys", ""), row("2026-01-01 x", ""), row("3", ""), row("01 <2>b", "")]
    );
}

#[test]
fn the_space_of_cisco_asa_is_taken_off() {
    assert_eq!(
        frames(b"<1>a\n   <2>b\n c\n <", 100),
        [row("<1>a", ""), row("<2>b", ""), row(" c", ""), row("<", "u")]
    );
}

#[test]
fn an_oversize_line_is_cut_and_its_rest_discarded() {
    assert_eq!(frames(b"<1>abcdefgh 5 <9>\n<2>b\n", 8), [row("<1>abcde", "t"), row("<2>b", "")]);
    assert_eq!(
        frames(b"<1>abcde\n<1>abcde\r\n<1>abcde", 8),
        vec![row("<1>abcde", ""), row("<1>abcde", ""), row("<1>abcde", "u")]
    );
    assert_eq!(frames(b"<1>abcdef\n<1>abcdef", 8), [row("<1>abcde", "t"), row("<1>abcde", "t")]);
}

#[test]
fn an_oversize_count_is_cut_and_its_rest_discarded() {
    assert_eq!(frames(b"12 <1>abcdefghi4 <2>b", 8), [row("<1>abcde", "t"), row("<2>b", "")]);
    assert_eq!(frames(b"100000000 <1>abcdefghi4 <2>b", 8), [row("<1>abcde", "t")]);
}

#[test]
fn an_oversize_message_is_split_when_that_is_asked_for() {
    let split = |stream: &[u8]| frames_with(stream, 8, Oversize::Split);
    let parts = [row("<1>abcde", "p"), row("fgh 5 <9", "p"), row(">", "p"), row("<2>b", "")];
    assert_eq!(split(b"<1>abcdefgh 5 <9>\n<2>b\n"), parts);
    assert_eq!(split(b"17 <1>abcdefgh 5 <9>4 <2>b"), parts);
    assert_eq!(
        split(b"<1>abcde\r\n<1>abcdef\r\n"),
        [row("<1>abcde", ""), row("<1>abcde", "p"), row("f", "p")]
    );
    assert_eq!(
        split(b"16 <1>abcdefghijklm3 <2>"),
        [row("<1>abcde", "p"), row("fghijklm", "p"), row("<2>", "")]
    );
    assert_eq!(split(b"100 <1>abcdefgh"), [row("<1>abcde", "p"), row("fgh", "pu")]);
    assert_eq!(split(b"<1>abcdefgh"), [row("<1>abcde", "p"), row("fgh", "pu")]);
    assert_eq!(split(b"<1>abcde  <2>\n"), [row("<1>abcde", "p"), row("  <2>", "p")]);
    assert_eq!(split("<1>abcd\u{e9}f\n".as_bytes()), [row("<1>abcd", "p"), row("\u{e9}f", "p")]);
    assert_eq!(split("11 <1>abcd\u{e9}fg".as_bytes()), [row("<1>abcd", "p"), row("\u{e9}fg", "p")]);
}

#[test]
fn a_count_beyond_belief_is_none() {
    assert_eq!(
        frames(b"4 <1>a9999999999 <2>b\n99999999999999999999 <3>c\n4 <4>d", 100),
        [
            row("<1>a", ""),
            row("9999999999 <2>b", "o"),
            row("99999999999999999999 <3>c", "o"),
            row("<4>d", "")
        ]
    );
    assert_eq!(frames(b"9999999999 <2>b\n4 <4>d", 100), [row("9999999999 <2>b", ""), row("<4>d", "")]);
}

#[test]
fn a_count_needs_a_pri_behind_it() {
    assert_eq!(
        frames(b"29 605 5702 6307 192.0.2.4 a\n138 0 138 192.0.2.4 - GET\n2023-04-30 10:00 1 x\n", 100),
        [
            row("29 605 5702 6307 192.0.2.4 a", ""),
            row("138 0 138 192.0.2.4 - GET", ""),
            row("2023-04-30 10:00 1 x", "")
        ]
    );
    assert_eq!(frames(b"40 <html> x\n<1>a\n", 100), [row("40 <html> x", ""), row("<1>a", "")]);
    assert_eq!(frames(b"5 <b>bold</b>\n<1>a\n", 100), [row("5 <b>bold</b>", ""), row("<1>a", "")]);
    assert_eq!(frames(b"<1>a\n5 <b>bold</b>\n", 100), [row("<1>a", ""), row("5 <b>bold</b>", "")]);
    assert_eq!(frames(b"3 <192>x\n", 100), [row("3 <192>x", "")]);
    assert_eq!(frames(b"0 apples\n", 100), [row("0 apples", "")]);
}

#[test]
fn a_count_without_pri_is_believed_if_another_frame_follows() {
    assert_eq!(frames(b"5 ab cd6 xyz 12", 100), [row("ab cd", ""), row("xyz 12", "")]);
    assert_eq!(frames(b"5 ab cd4 <1>x", 100), [row("ab cd", ""), row("<1>x", "")]);
    assert_eq!(frames(b"5 ab cde\n", 100), [row("5 ab cde", "")]);
    assert_eq!(frames(b"5 ab\ncd4 <1>x", 100), [row("5 ab", ""), row("cd4 <1>x", "u")]);
}

#[test]
fn a_byte_order_mark_may_start_a_stream() {
    assert_eq!(frames(b"\xEF\xBB\xBF4 <1>a4 <2>b", 100), [row("<1>a", ""), row("<2>b", "")]);
    assert_eq!(frames(b"\xEF\xBB\xBF<1>a\n<2>b\n", 100), [row("<1>a", ""), row("<2>b", "")]);
    assert_eq!(frames(b"\xEF\xBB", 100), [row("\u{fffd}", "u")]);
}

#[test]
fn a_cut_does_not_split_a_character() {
    assert_eq!(frames("<1>abc\u{e9}\u{e9}\n".as_bytes(), 7), [row("<1>abc", "t")]);
    assert_eq!(frames("13 <1>abc\u{20ac}\u{20ac}x".as_bytes(), 8), [row("<1>abc", "t")]);
    assert_eq!(whole_characters(b"ab\xE9"), b"ab");
    assert_eq!(whole_characters("ab\u{e9}".as_bytes()), "ab\u{e9}".as_bytes());
    assert_eq!(whole_characters(b"\x80\x80\x80\x80"), b"\x80\x80\x80\x80");
}

#[test]
fn a_wrong_count_loses_no_octet_and_the_stream_goes_on() {
    assert_eq!(frames(b"4 <1>axyz 4 <2>b", 100), [row("<1>a", ""), row("4 xyz ", "o"), row("<2>b", "")]);
    assert_eq!(
        frames(b"4 <1>axyz<2>b\n4 <3>c", 100),
        [row("<1>a", ""), row("4 xyz", "o"), row("<2>b", ""), row("<3>c", "")]
    );
    // Characters were counted, not octets.
    assert_eq!(
        frames("9 <1>\u{e9}\u{e9} one\n8 <2>three4 <3>c".as_bytes(), 100),
        [row("<1>\u{e9}\u{e9} o", ""), row("9 ne", "o"), row("<2>three", ""), row("<3>c", "")]
    );
    assert_eq!(frames(b"4 <1>a zwei\n4 <2>b", 100), [row("<1>a", ""), row("4  zwei", "o"), row("<2>b", "")]);
    assert_eq!(
        frames(b"<9>x\n4 <1>ab c\n<2>d\n", 100),
        [row("<9>x", ""), row("<1>a", ""), row("4 b c", "o"), row("<2>d", "")]
    );
    // What is out of step is bounded, too.
    assert_eq!(
        frames(b"4 <1>abcdefghijkl<2>b\n", 8),
        [row("<1>a", ""), row("4 bcdefghi", "o"), row("jkl", "o"), row("<2>b", "")]
    );
}

#[test]
fn the_end_of_a_stream_delivers_what_is_pending() {
    assert_eq!(frames(b"16 <1>1", 100), [row("<1>1", "u")]);
    assert_eq!(frames(b"1", 100), [row("1", "u")]);
    assert_eq!(frames(b"16 ", 100), [row("16 ", "u")]);
    assert_eq!(frames(b"", 100), []);
}

#[test]
fn a_slow_line_is_searched_once() {
    let mut deframer = Deframer::new(1000, Oversize::Truncate);
    let line = [b'x'; 900];
    for end in 1..line.len() {
        assert_eq!(deframer.next(&line[..end], false), Step::NeedMore);
        assert_eq!(deframer.state, State::Text { searched: end, continued: false });
    }
}

/// Parts of streams: frames with right and wrong counts, lines, and what stands between.
fn part() -> impl Strategy<Value = Vec<u8>> {
    let message = "<1[0-9]?>[a-z0-9 ]{0,12}";
    prop_oneof![
        message.prop_map(|text| format!("{} {text}", text.len()).into_bytes()),
        (message, 0_usize..30).prop_map(|(text, count)| format!("{count} {text}").into_bytes()),
        message.prop_map(|text| format!("{text}\n").into_bytes()),
        "[0-9]{1,3} [a-z<> ]{0,12}\n?".prop_map(String::into_bytes),
        "[ -~]{0,12}".prop_map(String::into_bytes),
        proptest::collection::vec(any::<u8>(), 0..6),
    ]
}

/// What is left of `stream` behind trailers, padding and a byte order mark.
fn without_trailers(stream: &[u8], is_start: bool) -> &[u8] {
    let stream = if is_start { stream.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(stream) } else { stream };
    let idle = stream.iter().take_while(|octet| matches!(octet, b'\n' | b'\r' | 0)).count();
    &stream[idle..]
}

/// A MSG-LEN and its space at the start of `stream`.
fn count_at(stream: &[u8]) -> Option<(&[u8], usize)> {
    let digits = stream.iter().take_while(|octet| octet.is_ascii_digit()).count();
    let value = std::str::from_utf8(&stream[..digits]).ok()?.parse().ok()?;
    (stream.get(digits) == Some(&b' ')).then_some((&stream[..=digits], value))
}

proptest! {
    /// For any stream and any reads the rows are the same, and they stand in the stream one behind the other. Between
    /// them are trailers, padding before PRI, counts of nothing, and a MSG-LEN that is the length of the row behind it.
    /// Where octets that start no frame follow that row, the MSG-LEN is in the row that has them.
    #[test]
    fn the_octets_of_all_rows_are_the_octets_received(
        parts in proptest::collection::vec(part(), 0..12),
        cuts in proptest::collection::vec(any::<proptest::sample::Index>(), 0..6),
        oversize in prop_oneof![Just(Oversize::Truncate), Just(Oversize::Split)],
    ) {
        let stream = parts.concat();
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.index(stream.len() + 1)).collect();
        cuts.extend([0, stream.len()]);
        cuts.sort_unstable();
        let reads: Vec<&[u8]> = cuts.windows(2).map(|pair| &stream[pair[0]..pair[1]]).collect();
        let got = drive_octets(&reads, 1_000, oversize);
        prop_assert_eq!(&drive_octets(&[&stream], 1_000, oversize), &got);
        let mut rest = &stream[..];
        let mut count: &[u8] = b"";
        for (bytes, mark) in &got {
            let before = rest;
            rest = without_trailers(rest, rest.len() == stream.len());
            if rest.len() != before.len() {
                count = b"";
            }
            if *mark == "o" {
                // A number before a PRI is out of step by itself.
                let bytes = if starts_with_count(bytes) { Some(&bytes[..]) } else { bytes.strip_prefix(count) };
                prop_assert!(bytes.is_some_and(|bytes| rest.starts_with(bytes)), "octets are missing");
                rest = &rest[bytes.unwrap_or_default().len()..];
                count = b"";
                continue;
            }
            count = b"";
            while !rest.starts_with(bytes) {
                if let Some(after) = rest.strip_prefix(b" ") {
                    rest = after;
                    continue;
                }
                let found = count_at(rest);
                prop_assert!(found.is_some(), "octets are missing before {:?}", String::from_utf8_lossy(bytes));
                let (header, value) = found.unwrap();
                prop_assert!(value == 0 || value == bytes.len() || *mark == "u", "a wrong count is gone");
                rest = &rest[header.len()..];
                count = header;
            }
            rest = &rest[bytes.len()..];
        }
        let rest = without_trailers(rest, rest.len() == stream.len());
        prop_assert!(rest.is_empty(), "octets are missing at the end: {:?}", String::from_utf8_lossy(rest));
    }
}

proptest! {
    #[test]
    fn any_stream_in_any_reads_gives_the_same(
        stream in proptest::collection::vec(prop_oneof![
            Just(b'\n'), Just(0), Just(b'\r'), Just(b' '), Just(b'<'), Just(b'>'), b'0'..=b'9', any::<u8>()
        ], 0..120),
        cuts in proptest::collection::vec(0_usize..120, 0..6),
        octets_max in 1_usize..40,
        oversize in prop_oneof![Just(Oversize::Truncate), Just(Oversize::Split)],
    ) {
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(stream.len())).collect();
        cuts.extend([0, stream.len()]);
        cuts.sort_unstable();
        let reads: Vec<&[u8]> = cuts.windows(2).map(|pair| &stream[pair[0]..pair[1]]).collect();
        prop_assert_eq!(drive(&reads, octets_max, oversize), drive(&[&stream], octets_max, oversize));
    }
}
