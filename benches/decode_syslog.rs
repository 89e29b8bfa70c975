//! What it costs to decode one syslog message, by format, and to put its vendor's facts into JSON.
//!
//! The fields of every line are compared with what the line was made of before anything is timed, and that nothing is
//! allocated is asserted. Nothing is asserted about time. `vs_syslog_loose` tells the same of another decoder.

mod syslog_formats;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use syslog_formats::{CASES, LINES, decode_all, decode_and_enrich_all};

/// Octets of JSON that a buffer has room for from the start.
const OUT_OCTETS: usize = 64 * 1024;

fn bench(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("decode_syslog");
    group.throughput(Throughput::Elements(u64::from(LINES)));
    for case in &CASES {
        let lines = case.lines();
        let mut out = Vec::with_capacity(OUT_OCTETS);
        let used = allocation_counter::measure(|| {
            decode_all(&lines);
            decode_and_enrich_all(&lines, &mut out);
        });
        assert_eq!(used.count_total, 0, "{}: allocations of {LINES} lines", case.name);
        group.bench_with_input(BenchmarkId::new("decode", case.name), &lines, |bencher, lines| {
            bencher.iter(|| decode_all(lines));
        });
        group.bench_with_input(BenchmarkId::new("with_json", case.name), &lines, |bencher, lines| {
            bencher.iter(|| decode_and_enrich_all(lines, &mut out));
        });
    }
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
