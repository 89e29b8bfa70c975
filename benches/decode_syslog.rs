//! What it costs to decode one syslog message, by format.
//!
//! The fields of every line are compared with what the line was made of before anything is timed.

#[path = "../tests/samples/mod.rs"]
mod samples;

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use mutt::wire::syslog::{Format, Message, decode};

/// Lines of each format.
const LINES: u32 = 512;

/// A format: how line `n` is made, and what must be read from it.
struct Case {
    name: &'static str,
    make: fn(u32) -> Vec<u8>,
    is_right: fn(u32, &Message<'_>) -> bool,
}

/// Whether a field has this text.
fn is(field: Option<&[u8]>, text: &str) -> bool {
    field == Some(text.as_bytes())
}

const CASES: [Case; 4] = [
    Case {
        name: "rfc3164",
        make: samples::rfc3164,
        is_right: |n, message| {
            message.format == Format::Rfc3164
                && is(message.hostname, &format!("mymachine{n}"))
                && is(message.app_name, "su")
                && is(message.proc_id, &(1000 + n).to_string())
                && message.content.starts_with(b"'su root' failed")
        },
    },
    Case {
        name: "cisco",
        make: samples::cisco,
        is_right: |n, message| {
            message.sequence_number == Some(u64::from(n))
                && is(message.msg_id, "LINEPROTO-5-UPDOWN")
                && message.content.starts_with(b"Line protocol on Interface")
        },
    },
    Case {
        name: "rfc5424",
        make: samples::rfc5424,
        is_right: |n, message| {
            message.format == Format::Rfc5424
                && is(message.hostname, &format!("edge{n}.example.com"))
                && is(message.app_name, "evntslog")
                && is(message.msg_id, "ID47")
                && message.structured_data.is_some()
                && message.content == b"An application event log entry"
        },
    },
    Case {
        name: "fortigate",
        make: samples::fortigate,
        is_right: |n, message| {
            message.format == Format::Rfc3164
                && is(message.hostname, &format!("fw{n}"))
                && message.timestamp.is_some()
        },
    },
];

fn bench(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("decode_syslog");
    group.throughput(Throughput::Elements(u64::from(LINES)));
    for case in CASES {
        let lines: Vec<Vec<u8>> = (0..LINES).map(case.make).collect();
        for (n, line) in (0..).zip(&lines) {
            let message = decode(line);
            assert!((case.is_right)(n, &message), "{}: {message:?}", String::from_utf8_lossy(line));
        }
        group.bench_with_input(BenchmarkId::from_parameter(case.name), &lines, |bencher, lines| {
            bencher.iter(|| {
                for line in lines {
                    black_box(decode(black_box(line)));
                }
            });
        });
    }
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
