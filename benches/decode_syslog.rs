//! What it costs to decode one syslog message, by format, and to put its vendor's facts into JSON.
//!
//! The fields of every line are compared with what the line was made of before anything is timed, and that nothing is
//! allocated is asserted. At the end a table tells nanoseconds a message, beside those of `syslog_loose`, which another
//! receiver uses, on the same lines, and whether that one finds the same in them. Nothing is asserted about time.

#[path = "../tests/samples/mod.rs"]
mod samples;

use std::hint::black_box;
use std::io::Write as _;
use std::time::Instant;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use mutt::model::syslog::{Delivery, enrich};
use mutt::wire::syslog::{Format, Message, Payload, decode, decode_into};
use syslog_loose::{Variant, parse_message_with_year};

/// Lines of each format.
const LINES: u32 = 512;

/// Times that the lines are gone through for a row of the table; the quickest counts.
const ROUNDS: u32 = 200;

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

/// How many pairs a message consists of.
fn pairs(message: &Message<'_>) -> usize {
    match message.payload() {
        Payload::Pairs(pairs) => pairs.iter().count(),
        Payload::Cef(cef) => cef.extension().iter().count(),
        Payload::Leef(leef) => leef.attributes().iter().count(),
        Payload::Text => 0,
    }
}

/// What [`samples::rfc3164`] says, as RFC 5424 with these STRUCTURED-DATA.
fn as_rfc5424(n: u32, data: &str) -> Vec<u8> {
    format!(
        "<34>1 2026-10-11T22:14:{:02}.003Z mymachine{n} su {} ID47 {data} 'su root' failed for user{n} on /dev/pts/{}",
        n % 60,
        1000 + n,
        n % 16
    )
    .into_bytes()
}

/// The same as rsyslog relays it when nothing is configured.
fn iso_time(n: u32) -> Vec<u8> {
    format!(
        "<34>2026-10-11T22:14:{:02}.123456+02:00 mymachine{n} su[{}]: 'su root' failed for user{n} on /dev/pts/{}",
        n % 60,
        1000 + n,
        n % 16
    )
    .into_bytes()
}

fn rfc5424_plain(n: u32) -> Vec<u8> {
    as_rfc5424(n, "-")
}

fn rfc5424_element(n: u32) -> Vec<u8> {
    as_rfc5424(n, &format!("[exampleSDID@32473 iut=\"3\" eventID=\"{n}\"]"))
}

fn ios_origin(n: u32) -> Vec<u8> {
    format!(
        "<190>{n}: sw{n}: {}: *Jul 14 2026 08:23:{:02}.398 UTC: %SEC_LOGIN-5-LOGIN_SUCCESS: Login Success [user: u{n}] \
         [Source: 192.0.2.{}]",
        n + 7,
        n % 60,
        n % 256
    )
    .into_bytes()
}

fn asa(n: u32) -> Vec<u8> {
    format!(
        "<166>Mar 06 2026 12:53:{:02} fw{n} : %ASA-6-302013: Built inbound TCP connection {n} for outside:192.0.2.{}/11288 \
         to inside:198.51.100.7/443",
        n % 60,
        n % 256
    )
    .into_bytes()
}

fn junos(n: u32) -> Vec<u8> {
    format!(
        "<30>1 2026-05-04T15:27:30.{:03}+10:00 mx{n} mib2d {} SNMP_TRAP_LINK_UP [junos@2636.1.1.1.2.29 \
         snmp-interface-index=\"{n}\" admin-status=\"up(1)\" operational-status=\"up(1)\" interface-name=\"ge-0/0/{}\"] x",
        n % 1_000,
        1_000 + n,
        n % 48
    )
    .into_bytes()
}

fn huawei(n: u32) -> Vec<u8> {
    format!(
        "<29>2026-7-23 01:00:{:02}.270.1 sw{n} %%01IFNET/4/IF_STATE(l)[{n}]:Interface Ethernet0/0/{} has turned into UP \
         state.",
        n % 60,
        n % 48
    )
    .into_bytes()
}

fn cef(n: u32) -> Vec<u8> {
    format!(
        "<134>Oct 11 22:14:{:02} gw{n} CEF:0|Vendor|Product|1.0|100|worm successfully stopped|10|src=192.0.2.{} spt={} \
         dst=198.51.100.1 dpt=443 act=blocked request=http://x.example/?a\\=1 msg=Detected a threat. No action needed. \
         cs1Label=Rule cs1=rule number {n}",
        n % 60,
        n % 256,
        1_024 + n
    )
    .into_bytes()
}

fn leef(n: u32) -> Vec<u8> {
    format!(
        "<134>Oct 11 22:14:{:02} gw{n} LEEF:1.0|Vendor|Product|1.0|42|src=192.0.2.{}\tdst=198.51.100.1\tsev=5\t\
         cat=anomaly\tsrcPort={}\tdstPort=21\tusrName=joe.black",
        n % 60,
        n % 256,
        1_024 + n
    )
    .into_bytes()
}

fn check_point(n: u32) -> Vec<u8> {
    format!(
        "<134>1 2026-11-20T02:58:25Z gw{n} CheckPoint 22103 - [action:\"Accept\"; flags:\"18692\"; ifdir:\"inbound\"; \
         ifname:\"bond1.734\"; origin:\"192.0.2.{}\"; product:\"VPN-1 & FireWall-1\"; proto:\"6\"; s_port:\"{}\"]",
        n % 256,
        1_024 + n
    )
    .into_bytes()
}

const CASES: [Case; 14] = [
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
        name: "rfc5424_plain",
        make: rfc5424_plain,
        is_right: |n, message| {
            message.format == Format::Rfc5424
                && is(message.hostname, &format!("mymachine{n}"))
                && is(message.app_name, "su")
                && is(message.msg_id, "ID47")
                && message.structured_data.is_none()
                && message.content.starts_with(b"'su root' failed")
        },
    },
    Case {
        name: "rfc5424_sd",
        make: rfc5424_element,
        is_right: |n, message| {
            is(message.hostname, &format!("mymachine{n}"))
                && message.structured_data.is_some_and(|data| data.elements().count() == 1)
                && message.content.starts_with(b"'su root' failed")
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
        name: "iso_time",
        make: iso_time,
        is_right: |n, message| {
            message.format == Format::Rfc3164
                && is(message.hostname, &format!("mymachine{n}"))
                && is(message.proc_id, &(1000 + n).to_string())
                && message.timestamp.is_some_and(|time| time.offset_minutes == Some(120))
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
        name: "ios_origin_id",
        make: ios_origin,
        is_right: |n, message| {
            message.sequence_number == Some(u64::from(n) + 7)
                && is(message.hostname, &format!("sw{n}"))
                && is(message.app_name, "SEC_LOGIN-5-LOGIN_SUCCESS")
                && message.timestamp.is_some_and(|time| time.zone == Some(b"UTC"))
        },
    },
    Case {
        name: "asa",
        make: asa,
        is_right: |n, message| {
            is(message.hostname, &format!("fw{n}"))
                && is(message.app_name, "ASA-6-302013")
                && message.timestamp.is_some()
        },
    },
    Case {
        name: "junos_sd",
        make: junos,
        is_right: |n, message| {
            is(message.hostname, &format!("mx{n}"))
                && is(message.msg_id, "SNMP_TRAP_LINK_UP")
                && message.structured_data.is_some()
        },
    },
    Case {
        name: "huawei",
        make: huawei,
        is_right: |n, message| {
            message.sequence_number == Some(u64::from(n)) && is(message.app_name, "IFNET/4/IF_STATE")
        },
    },
    Case {
        name: "fortigate",
        make: samples::fortigate,
        is_right: |n, message| {
            message.format == Format::Rfc3164
                && is(message.hostname, &format!("fw{n}"))
                && message.timestamp.is_some()
                && pairs(message) == 17
        },
    },
    Case {
        name: "cef",
        make: cef,
        is_right: |n, message| {
            is(message.hostname, &format!("gw{n}")) && is(message.app_name, "CEF") && pairs(message) == 9
        },
    },
    Case {
        name: "leef",
        make: leef,
        is_right: |n, message| {
            is(message.hostname, &format!("gw{n}")) && is(message.app_name, "LEEF") && pairs(message) == 7
        },
    },
    Case {
        name: "check_point",
        make: check_point,
        is_right: |n, message| {
            is(message.hostname, &format!("gw{n}"))
                && is(message.app_name, "CheckPoint")
                && pairs(message) == 8
        },
    },
];

/// Decodes, and makes the JSON of what the columns do not say, in a buffer that is used again.
fn decode_and_enrich(line: &[u8], out: &mut Vec<u8>) {
    out.clear();
    enrich(&decode(black_box(line)), Delivery::default(), out);
    black_box(out.len());
}

/// Decodes each line, as the receive path does.
fn decode_all(lines: &[String]) {
    let mut message = Message::unparsed(b"");
    for line in lines {
        decode_into(black_box(line.as_bytes()), &mut message);
        black_box(&message);
    }
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

/// The lines of a format, after they were found to be read right and without an allocation.
fn checked_lines(case: &Case) -> Vec<String> {
    let lines: Vec<Vec<u8>> = (0..LINES).map(case.make).collect();
    for (n, line) in (0..).zip(&lines) {
        let message = decode(line);
        assert!((case.is_right)(n, &message), "{}: {message:?}", String::from_utf8_lossy(line));
    }
    let mut out = Vec::with_capacity(64 * 1024);
    let used =
        allocation_counter::measure(|| lines.iter().for_each(|line| decode_and_enrich(line, &mut out)));
    assert_eq!(used.count_total, 0, "{}: allocations of {LINES} lines", case.name);
    lines.into_iter().filter_map(|line| String::from_utf8(line).ok()).collect()
}

/// What a round through the lines does.
type Work<'w, 'a> = &'w mut dyn FnMut(&'a [String]);

/// The quickest of some rounds of each work through `lines`, nanoseconds a line. The works take turns, so that a clock that
/// changes its pace changes it for all.
fn quickest<'a, const WORKS: usize>(lines: &'a [String], works: [Work<'_, 'a>; WORKS]) -> [f64; WORKS] {
    let mut quickest = [u128::MAX; WORKS];
    let mut works = works;
    for _ in 0..ROUNDS {
        for (quickest, work) in quickest.iter_mut().zip(&mut works) {
            let start = Instant::now();
            work(lines);
            *quickest = start.elapsed().as_nanos().min(*quickest);
        }
    }
    quickest.map(|nanoseconds| nanoseconds as f64 / f64::from(LINES))
}

/// Tells nanoseconds a message of each format.
fn tell_table(cases: &[(&Case, Vec<String>)]) {
    let mut told = std::io::stdout().lock();
    let _ = writeln!(
        told,
        "\n{:14} {:>8} {:>12} {:>12} {:>7}   nanoseconds a message",
        "format", "decode", "with JSON", "syslog_loose", "ratio"
    );
    let mut decoded = Vec::new();
    for (case, lines) in cases {
        let mut out = Vec::with_capacity(64 * 1024);
        let [ours, enriched, loose] = quickest(
            lines,
            [
                &mut decode_all,
                &mut |lines| lines.iter().for_each(|line| decode_and_enrich(line.as_bytes(), &mut out)),
                &mut |lines| {
                    for line in lines {
                        black_box(&parse_loosely(black_box(line)));
                    }
                },
            ],
        );
        let remark = if lines.iter().all(|line| is_read_loosely(line)) {
            "reads the same"
        } else {
            "finds no time, another host or another program"
        };
        let _ = writeln!(
            told,
            "{:14} {ours:8.0} {enriched:12.0} {loose:12.0} {:6.1}x  syslog_loose {remark}",
            case.name,
            loose / ours
        );
        decoded.push(ours);
    }
    if let [rfc3164, plain, element, two_elements, ..] = decoded[..] {
        let _ = writeln!(
            told,
            "RFC 5424 costs {:.2} times RFC 3164 with the same text, {:.2} times with an SD-ELEMENT of two parameters, \
             {:.2} times with two of six\n",
            plain / rfc3164,
            element / rfc3164,
            two_elements / rfc3164
        );
    }
}

fn bench(criterion: &mut Criterion) {
    let cases: Vec<(&Case, Vec<String>)> = CASES.iter().map(|case| (case, checked_lines(case))).collect();
    let mut group = criterion.benchmark_group("decode_syslog");
    group.throughput(Throughput::Elements(u64::from(LINES)));
    for (case, lines) in &cases {
        group.bench_with_input(BenchmarkId::new("decode", case.name), lines, |bencher, lines| {
            bencher.iter(|| decode_all(lines));
        });
        group.bench_with_input(BenchmarkId::new("with_json", case.name), lines, |bencher, lines| {
            let mut out = Vec::with_capacity(64 * 1024);
            bencher.iter(|| lines.iter().for_each(|line| decode_and_enrich(line.as_bytes(), &mut out)));
        });
    }
    group.finish();
    tell_table(&cases);
}

criterion_group!(benches, bench);
criterion_main!(benches);
