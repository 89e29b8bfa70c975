//! What it costs to decode one syslog message, by format, beside `syslog_loose`, which another receiver uses.
//!
//! A table tells nanoseconds a message of both on the same lines, and whether the other finds the same in them. The fields of
//! every line are compared with what the line was made of first. Nothing is asserted about time, and nothing counts
//! allocations here: that would cost the other, which makes some.

mod syslog_formats;

use std::hint::black_box;
use std::io::Write as _;
use std::time::Instant;

use mutt::wire::syslog::decode;
use syslog_formats::{CASES, LINES, decode_all, decode_and_enrich_all};
use syslog_loose::{Variant, parse_message_with_year};

/// Times that the lines are gone through; the quickest counts.
const ROUNDS: u32 = 400;

/// The same where only the right answers are asked for: `cargo bench` alone gives this argument.
fn rounds() -> u32 {
    if std::env::args().any(|argument| argument == "--bench") { ROUNDS } else { 1 }
}

/// Parses as the other receiver does. The year of a stamp that has none is that of the samples.
fn parse_loosely(line: &str) -> syslog_loose::Message<&str> {
    parse_message_with_year(line, |_| 2026, Variant::Either)
}

/// Whether the other receiver finds time, host and program as we do: only then both have done the same work.
fn is_read_loosely(line: &str) -> bool {
    let (ours, theirs) = (decode(line.as_bytes()), parse_loosely(line));
    let same = |ours: Option<&[u8]>, theirs: Option<&str>| ours == theirs.map(str::as_bytes);
    theirs.timestamp.is_some() == ours.timestamp.is_some()
        && same(ours.hostname, theirs.hostname)
        && same(ours.app_name, theirs.appname)
}

/// What a round through the lines does.
type Work<'w, 'a> = &'w mut dyn FnMut(&'a [String]);

/// The quickest of some rounds of each work through `lines`, nanoseconds a line. The works take turns, so that a clock that
/// changes its pace changes it for all.
fn quickest<'a, const WORKS: usize>(lines: &'a [String], works: [Work<'_, 'a>; WORKS]) -> [f64; WORKS] {
    let mut quickest = [u128::MAX; WORKS];
    let mut works = works;
    for _ in 0..rounds() {
        for (quickest, work) in quickest.iter_mut().zip(&mut works) {
            let start = Instant::now();
            work(lines);
            *quickest = start.elapsed().as_nanos().min(*quickest);
        }
    }
    quickest.map(|nanoseconds| nanoseconds as f64 / f64::from(LINES))
}

fn main() {
    let mut told = std::io::stdout().lock();
    let _ = writeln!(
        told,
        "{:14} {:>8} {:>12} {:>12} {:>7}   nanoseconds a message, the least of {} rounds",
        "format",
        "decode",
        "with JSON",
        "syslog_loose",
        "ratio",
        rounds()
    );
    let mut decoded = Vec::new();
    let mut octets = Vec::new();
    for case in &CASES {
        let lines = case.lines();
        let mut out = Vec::new();
        let [ours, enriched, loose] = quickest(
            &lines,
            [&mut decode_all, &mut |lines| decode_and_enrich_all(lines, &mut out), &mut |lines| {
                for line in lines {
                    black_box(&parse_loosely(black_box(line)));
                }
            }],
        );
        let remark = if lines.iter().all(|line| is_read_loosely(line)) {
            "reads the same"
        } else {
            "finds no time, another host or another program"
        };
        let _ = writeln!(
            told,
            "{:14} {ours:8.1} {enriched:12.0} {loose:12.0} {:6.1}x  syslog_loose {remark}",
            case.name,
            loose / ours
        );
        decoded.push(ours);
        octets.push(lines.iter().map(String::len).sum::<usize>() as f64 / f64::from(LINES));
    }
    if let ([rfc3164, plain, element, two_elements, ..], [short, _, long, longer, ..]) =
        (&decoded[..], &octets[..])
    {
        let _ = writeln!(
            told,
            "RFC 5424 costs {:.2} times RFC 3164 with the same text; {:.2} times with an SD-ELEMENT of two parameters, in a line \
             {:.1} times as long, {:.2} times with two of six, in one {:.1} times as long",
            plain / rfc3164,
            element / rfc3164,
            long / short,
            two_elements / rfc3164,
            longer / short
        );
    }
}
