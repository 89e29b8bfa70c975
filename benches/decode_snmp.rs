//! What it costs to decode a linkDown of six varbinds, and to say in words and JSON what it means.
//!
//! The varbinds and the text of every notification are checked before anything is timed.

#[path = "../tests/samples/mod.rs"]
mod samples;

use std::hint::black_box;
use std::sync::Arc;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use mutt::mib::Names;
use mutt::model::notification::{Describer, SnmpVersion, Subject, V3Facts};
use mutt::security::{AuthProtocol, CredentialSecrets, PrivProtocol, UserSecrets, Users, Usm, Verifier};
use mutt::wire::snmp::community::CommunityMessage;
use mutt::wire::snmp::varbind::VarBind;
use mutt::wire::snmp::{Message, decode};
use samples::Pdu;
use samples::v3::Agent;

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
    let mut describer = Describer::new();
    for (n, packet) in (0_i32..).zip(&packets) {
        let message = community(packet);
        assert_eq!((bound(&message), message.pdu.request_id()), (6, Some(n)));
        out.clear();
        let described = describer.describe(&Subject::of_community(&message), &names, &mut out);
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
                let message = community(black_box(packet));
                black_box(describer.describe(&Subject::of_community(&message), &names, &mut out));
            }
        });
    });
    group.finish();
    bench_v3(criterion, &names);
}

/// Agents that send the notifications of version 3.
const AGENTS: u32 = 64;

/// Users as the agents have them.
fn users() -> Arc<Users> {
    let credentials = [CredentialSecrets::of_passwords(
        1,
        Some((AuthProtocol::Sha, b"auth-secret")),
        Some((PrivProtocol::Aes, b"priv-secret")),
    )];
    let user = UserSecrets::new(b"ops", &credentials);
    Arc::new(Users::derive(&[user], &Users::default()))
}

/// Authenticates, decrypts and describes; returns the number of varbinds.
fn judge(
    packet: &[u8],
    verifier: &mut Verifier,
    scratch: &mut Vec<u8>,
    names: &Names,
    describer: &mut Describer,
    out: &mut Vec<u8>,
) -> u32 {
    let Ok(Message::V3(message)) = decode(packet) else { panic!("not of version 3") };
    let Ok(accepted) = verifier.verify(&message, scratch) else { panic!("refused") };
    let subject = Subject {
        version: SnmpVersion::V3,
        pdu: &accepted.scoped.pdu,
        security_level: accepted.level.as_str(),
        v3: Some(V3Facts {
            engine_id: accepted.parameters.engine_id,
            user: accepted.parameters.user,
            context_engine_id: accepted.scoped.context_engine_id,
            context_name: accepted.scoped.context_name,
            credential_priority: accepted.priority,
        }),
        relay: None,
        trailing_octets: 0,
    };
    out.clear();
    let described = describer.describe(&subject, names, out);
    assert!(described.text.of(out).starts_with(b"IF-MIB::linkDown"));
    described.varbinds
}

/// The same linkDown by authPriv with HMAC-SHA-96 and AES-128. Each message is judged once, as replays are refused.
fn bench_v3(criterion: &mut Criterion, names: &Names) {
    let agents: Vec<Agent> =
        (0..AGENTS).map(|n| Agent::new(n, "ops", "auth-secret", "priv-secret")).collect();
    let packet = |n: u32| agents[n as usize % agents.len()].link_down(n);
    let first: Vec<Vec<u8>> = (0..AGENTS).map(packet).collect();
    let packets: Vec<Vec<u8>> = (AGENTS..AGENTS + NOTIFICATIONS).map(packet).collect();
    let users = users();
    let mut out = Vec::with_capacity(64 * 1024);
    let mut scratch = Vec::with_capacity(64 * 1024);
    let mut describer = Describer::new();
    // Every agent was heard before.
    let fresh = || {
        let usm = Usm::default();
        usm.users.store(Arc::clone(&users));
        let mut verifier = Verifier::new(Arc::new(usm));
        let (mut scratch, mut describer, mut out) = (Vec::new(), Describer::new(), Vec::new());
        for packet in &first {
            assert_eq!(judge(packet, &mut verifier, &mut scratch, names, &mut describer, &mut out), 6);
        }
        verifier
    };
    let mut group = criterion.benchmark_group("decode_snmp/link_down_of_6_varbinds");
    group.throughput(Throughput::Elements(u64::from(NOTIFICATIONS)));
    group.bench_function("v3_auth_priv_decode_and_describe", |bencher| {
        bencher.iter_batched(
            fresh,
            |mut verifier| {
                for packet in &packets {
                    let packet = black_box(packet);
                    let varbinds =
                        judge(packet, &mut verifier, &mut scratch, names, &mut describer, &mut out);
                    assert_eq!(varbinds, 6);
                }
                verifier
            },
            BatchSize::LargeInput,
        );
    });
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
