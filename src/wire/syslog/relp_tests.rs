#![allow(clippy::unwrap_used, clippy::panic)]

use super::*;
use proptest::prelude::*;

/// A frame as text, with `t` for truncated, `p` for part, `+` where more of it follows.
type Got = Vec<String>;

/// Feeds `stream` in the given reads and drives the parser as a connection would.
fn drive(reads: &[&[u8]], octets_max: usize, oversize: Oversize) -> (Got, Option<RelpError>) {
    let mut frames = Frames::new(octets_max, oversize);
    let mut buffer = Vec::new();
    let mut got = Vec::new();
    for read in reads {
        buffer.extend_from_slice(read);
        loop {
            let consumed = match frames.next(&buffer) {
                Ok(Step::NeedMore) => break,
                Ok(Step::Skip { consumed }) => consumed,
                Ok(Step::Frame { frame, consumed }) => {
                    assert!(frame.data.len() <= octets_max && consumed >= frame.data.len());
                    let mark = match frame.over {
                        None => "",
                        Some(Over::Truncated) => " t",
                        Some(Over::Part) => " p",
                    };
                    let more = if frame.is_last { "" } else { "+" };
                    let text = |octets| String::from_utf8_lossy(octets).into_owned();
                    let (command, data) = (text(frame.command), text(frame.data));
                    got.push(format!("{} {command} [{data}]{mark}{more}", frame.transaction));
                    consumed
                }
                Err(error) => return (got, Some(error)),
            };
            assert!(consumed > 0 && consumed <= buffer.len());
            buffer.drain(..consumed);
        }
        assert!(buffer.len() <= octets_max + HEADER_OCTETS_MAX + 1, "the buffer bound is kept");
    }
    (got, None)
}

fn whole(stream: &[u8], oversize: Oversize) -> (Got, Option<RelpError>) {
    let expected = drive(&[stream], 8, oversize);
    let single: Vec<&[u8]> = stream.chunks(1).collect();
    assert_eq!(drive(&single, 8, oversize), expected, "octet by octet");
    for cut in 0..=stream.len() {
        let (left, right) = stream.split_at(cut);
        assert_eq!(drive(&[left, right], 8, oversize), expected, "cut at {cut}");
    }
    expected
}

fn frames(stream: &[u8]) -> Got {
    let (got, error) = whole(stream, Oversize::Truncate);
    assert_eq!(error, None);
    got
}

fn error(stream: &[u8]) -> RelpError {
    whole(stream, Oversize::Truncate).1.unwrap()
}

#[test]
fn frames_with_and_without_data() {
    assert_eq!(
        frames(b"1 open 5 a=b\nc\n2 syslog 4 <1>a\n3 syslog 0\n4 close 0 \n999999999 x 1 \n\n"),
        ["1 open [a=b\nc]", "2 syslog [<1>a]", "3 syslog []", "4 close []", "999999999 x [\n]"]
    );
    assert_eq!(frames(b"1 syslog 3 <1>"), [""; 0], "without LF it is not whole");
}

#[test]
fn longer_data_is_cut_or_split() {
    let stream = b"1 syslog 17 <1>abcdefghijklmn\n2 syslog 1 x\n";
    assert_eq!(frames(stream), ["1 syslog [<1>abcde] t", "2 syslog [x]"]);
    let (got, error) = whole(stream, Oversize::Split);
    assert_eq!(error, None);
    assert_eq!(got, ["1 syslog [<1>abcde] p+", "1 syslog [fghijklm] p+", "1 syslog [n] p", "2 syslog [x]"]);
    let stream = "1 syslog 9 <1>abcd\u{e9}\n".as_bytes();
    assert_eq!(frames(stream), ["1 syslog [<1>abcd] t"]);
    assert_eq!(whole(stream, Oversize::Split).0, ["1 syslog [<1>abcd] p+", "1 syslog [\u{e9}] p"]);
    // A length that is only claimed is not waited for.
    assert_eq!(frames(b"1 syslog 999999999 <1>abcdefghij"), ["1 syslog [<1>abcde] t"]);
}

#[test]
fn what_is_no_frame() {
    for stream in [&b"x"[..], b"<14>x", b" 1", b"0 open 0\n", b"1234567890 open", b"1\n", b"-1 open 0\n"] {
        assert_eq!(error(stream), RelpError::Transaction, "{stream:?}");
    }
    for stream in [&b"1  "[..], b"1 op-en 0\n", b"1 \n", &[b"1 ", &[b'x'; 33][..]].concat()] {
        assert_eq!(error(stream), RelpError::Command, "{stream:?}");
    }
    for stream in [&b"1 open x"[..], b"1 open \n", b"1 open 1234567890", b"1 open 3\nabc\n", b"1 open 3x"] {
        assert_eq!(error(stream), RelpError::Length, "{stream:?}");
    }
    assert_eq!(error(b"1 open 9 "), RelpError::TooLong);
    for stream in [&b"1 open 3 abcd"[..], b"1 syslog 9 123456789x", b"1 close 0 x"] {
        assert_eq!(error(stream), RelpError::Trailer, "{stream:?}");
    }
}

#[test]
fn answers_and_offers() {
    let mut out = Vec::new();
    answer(7, b"200 OK", &mut out);
    answer(8, b"", &mut out);
    server_close(&mut out);
    assert_eq!(out, b"7 rsp 6 200 OK\n8 rsp 0\n0 serverclose 0\n");
    let offers = b"relp_version=0\nrelp_software=librelp,1.11.0\ncommands=syslog,eventlog";
    assert_eq!(offer(offers, b"relp_version"), Some(&b"0"[..]));
    assert_eq!(offer(offers, b"commands"), Some(&b"syslog,eventlog"[..]));
    assert_eq!(offer(offers, b"command"), None);
}

proptest! {
    #[test]
    fn any_stream_in_any_reads_gives_the_same(
        stream in "(([0-9]{1,3}|[0-9]{9,11}) (syslog|open|[a-z]{1,34})( [0-9]{1,2} ?|.)[a-z\u{e9}]{0,20}\n?){0,4}",
        cuts in proptest::collection::vec(0_usize..120, 0..6),
        octets_max in 1_usize..20,
        oversize in prop_oneof![Just(Oversize::Truncate), Just(Oversize::Split)],
    ) {
        let stream = stream.as_bytes();
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(stream.len())).collect();
        cuts.extend([0, stream.len()]);
        cuts.sort_unstable();
        let reads: Vec<&[u8]> = cuts.windows(2).map(|pair| &stream[pair[0]..pair[1]]).collect();
        prop_assert_eq!(drive(&reads, octets_max, oversize), drive(&[stream], octets_max, oversize));
    }

    #[test]
    fn good_frames_in_any_reads_come_out_whole(
        messages in proptest::collection::vec((1_u32..1_000_000_000, proptest::collection::vec(any::<u8>(), 0..30)), 0..8),
        step in 1_usize..60,
    ) {
        let mut stream = Vec::new();
        let mut expected = Vec::new();
        for (transaction, data) in &messages {
            stream.extend(format!("{transaction} syslog {} ", data.len()).into_bytes());
            stream.extend(data);
            stream.push(b'\n');
            expected.push(format!("{transaction} syslog [{}]", String::from_utf8_lossy(data)));
        }
        let reads: Vec<&[u8]> = stream.chunks(step).collect();
        prop_assert_eq!(drive(&reads, 30, Oversize::Truncate), (expected, None));
    }
}
