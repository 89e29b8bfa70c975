//! What it costs to decode a linkDown of six varbinds, and to say in words and JSON what it means.
//!
//! The varbinds and the text of every notification are checked before anything is timed.

#[path = "../tests/samples/mod.rs"]
mod samples;

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use mutt::mib::Names;
use mutt::model::notification::describe;
use mutt::wire::snmp::community::CommunityMessage;
use mutt::wire::snmp::varbind::VarBind;
use mutt::wire::snmp::{Message, decode};
use samples::Pdu;

/// Different notifications.
const NOTIFICATIONS: u32 = 512;

fn community(bytes: &[u8]) -> CommunityMessage<'_> {
    match decode(bytes) {
        Ok(Message::Community(message)) => message,
        other => panic!("{other:?}"),
    }
}

/// Varbinds whose name and value can be read.
fn bound(message: &CommunityMessage<'_>) -> usize {
    message.pdu.varbinds.iter().filter(|varbind| matches!(varbind, VarBind::Bound { .. })).count()
}

fn bench(criterion: &mut Criterion) {
    let packets: Vec<Vec<u8>> = (0..NOTIFICATIONS).map(|n| samples::link_down(n, Pdu::Trap)).collect();
    let names = Names::standard();
    let mut out = Vec::with_capacity(64 * 1024);
    for (n, packet) in (0_i32..).zip(&packets) {
        let message = community(packet);
        assert_eq!((bound(&message), message.pdu.request_id()), (6, Some(n)));
        out.clear();
        let described = describe(&message, &names, &mut out);
        let text = String::from_utf8_lossy(described.text.of(&out)).into_owned();
        let port = n % 48;
        assert!(text.starts_with("IF-MIB::linkDown"), "{text}");
        assert!(text.contains(&format!("\"GigabitEthernet0/{port}\"")), "{text}");
        assert!(text.contains("down(2)"), "{text}");
        assert_eq!((described.varbinds, described.malformed, described.truncated), (6, 0, false));
    }
    let mut group = criterion.benchmark_group("decode_snmp/link_down_of_6_varbinds");
    group.throughput(Throughput::Elements(u64::from(NOTIFICATIONS)));
    group.bench_function("decode", |bencher| {
        bencher.iter(|| {
            for packet in &packets {
                black_box(bound(&community(black_box(packet))));
            }
        });
    });
    group.bench_function("decode_and_describe", |bencher| {
        bencher.iter(|| {
            for packet in &packets {
                out.clear();
                black_box(describe(&community(black_box(packet)), &names, &mut out));
            }
        });
    });
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
