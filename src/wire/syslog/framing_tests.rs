#![allow(clippy::unwrap_used, clippy::panic)]

use super::*;
use proptest::prelude::*;

/// A frame with its marks: `t` truncated, `p` part, `u` unterminated.
type Got = Vec<(String, &'static str)>;

/// Feeds `stream` in the given reads and drives the deframer as a connection would.
fn drive(reads: &[&[u8]], octets_max: usize, oversize: Oversize) -> (Got, Option<FramingError>) {
    let mut deframer = Deframer::new(octets_max, oversize);
    let mut buffer = Vec::new();
    let mut got = Vec::new();
    for turn in 0..=reads.len() {
        let end_of_stream = turn == reads.len();
        buffer.extend_from_slice(reads.get(turn).unwrap_or(&&b""[..]));
        loop {
            match deframer.next(&buffer, end_of_stream) {
                Ok(Step::Frame { bytes, consumed, over, unterminated }) => {
                    assert!(!bytes.is_empty() && bytes.len() <= octets_max && consumed >= bytes.len());
                    let mark = match (over, unterminated) {
                        (None, false) => "",
                        (None, true) => "u",
                        (Some(Over::Truncated), false) => "t",
                        (Some(Over::Truncated), true) => "tu",
                        (Some(Over::Part), false) => "p",
                        (Some(Over::Part), true) => "pu",
                    };
                    got.push((String::from_utf8_lossy(bytes).into_owned(), mark));
                    buffer.drain(..consumed);
                }
                Ok(Step::Skip { consumed }) => {
                    assert!(consumed > 0);
                    buffer.drain(..consumed);
                }
                Ok(Step::NeedMore) => break,
                Err(error) => return (got, Some(error)),
            }
        }
        assert!(!end_of_stream || buffer.is_empty(), "octets were left behind");
        assert!(buffer.len() <= octets_max + 12, "the buffer bound is kept");
    }
    (got, None)
}

fn whole(stream: &[u8], octets_max: usize) -> (Got, Option<FramingError>) {
    whole_with(stream, octets_max, Oversize::Truncate)
}

fn whole_with(stream: &[u8], octets_max: usize, oversize: Oversize) -> (Got, Option<FramingError>) {
    let expected = drive(&[stream], octets_max, oversize);
    let single: Vec<&[u8]> = stream.chunks(1).collect();
    assert_eq!(drive(&single, octets_max, oversize), expected, "octet by octet");
    for cut in 0..=stream.len() {
        let (left, right) = stream.split_at(cut);
        assert_eq!(drive(&[left, right], octets_max, oversize), expected, "cut at {cut}");
    }
    expected
}

fn frames(stream: &[u8], octets_max: usize) -> Got {
    let (got, error) = whole(stream, octets_max);
    assert_eq!(error, None);
    got
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
    let split = |stream: &[u8]| {
        let (got, error) = whole_with(stream, 8, Oversize::Split);
        assert_eq!(error, None);
        got
    };
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
fn a_count_beyond_belief_is_text() {
    assert_eq!(
        frames(b"4 <1>a9999999999 <2>b\n99999999999999999999 <3>c\n4 <4>d", 100),
        [row("<1>a", ""), row("9999999999 <2>b", ""), row("99999999999999999999 <3>c", ""), row("<4>d", "")]
    );
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
fn a_wrong_count_ends_an_octet_counting_stream() {
    let (got, error) = whole(b"4 <1>axyz 4 <2>b", 100);
    assert_eq!(got, [row("<1>a", "")]);
    assert_eq!(error, Some(FramingError::CountMismatch));
}

#[test]
fn the_end_of_a_stream_delivers_what_is_pending() {
    assert_eq!(frames(b"16 <1>1", 100), [row("<1>1", "u")]);
    assert_eq!(frames(b"1", 100), [row("1", "u")]);
    assert_eq!(frames(b"16 ", 100), []);
    assert_eq!(frames(b"", 100), []);
}

#[test]
fn a_slow_line_is_searched_once() {
    let mut deframer = Deframer::new(1000, Oversize::Truncate);
    let line = [b'x'; 900];
    for end in 1..line.len() {
        assert_eq!(deframer.next(&line[..end], false), Ok(Step::NeedMore));
        assert_eq!(deframer.state, State::Text { searched: end, continued: false });
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
