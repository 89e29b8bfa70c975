//! The identity on a disk that fails.
#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;
use crate::base::files::simulated::SimulatedDisk;

const PATH: &str = "data/identity.json";

fn files(disk: &SimulatedDisk) -> Arc<dyn FileSystem> {
    Arc::new(disk.clone())
}

fn load(disk: &SimulatedDisk) -> Option<Identity> {
    Identity::load(files(disk), Path::new(PATH)).unwrap()
}

fn create(disk: &SimulatedDisk, inherited: Inherited) -> Identity {
    Identity::create(files(disk), Path::new(PATH), inherited).unwrap()
}

#[test]
fn a_new_identity_is_found_again() {
    let disk = SimulatedDisk::default();
    assert!(load(&disk).is_none());
    let mut first = create(&disk, Inherited::default());
    let node_id = first.node_id();
    assert!((1..1 << 48).contains(&node_id));
    assert_eq!(first.engine_number(), None);
    let boot = first.begin_engine_boot().unwrap();
    assert_eq!(boot.boots, 1);
    assert_eq!(first.listener_number("syslog-udp").unwrap(), 0);
    assert_eq!(first.listener_number("snmp-udp").unwrap(), 1);

    let mut second = load(&disk.after_power_loss()).unwrap();
    assert_eq!((second.node_id(), second.engine_number()), (node_id, Some(boot.number)));
    assert_eq!(second.begin_engine_boot().unwrap(), EngineBoot { boots: 2, ..boot });
    assert_eq!(second.listener_number("snmp-udp").unwrap(), 1);
    assert_eq!(second.listener_number("syslog-tcp").unwrap(), 2);
    assert_eq!(
        second.listeners().collect::<Vec<_>>(),
        [("snmp-udp", 1), ("syslog-tcp", 2), ("syslog-udp", 0)]
    );
}

#[test]
fn what_is_inherited_is_kept_and_used_numbers_are_not_given_again() {
    let disk = SimulatedDisk::default();
    let boot = EngineBoot { number: u64::MAX, boots: 7 };
    let inherited = Inherited {
        node_id: Some(0xabc),
        engine: Some(boot),
        listeners: vec![("snmp-udp".to_owned(), 0), ("syslog-tcp".to_owned(), 1)],
        listener_numbers_used: 6,
    };
    create(&disk, inherited);
    let mut identity = load(&disk).unwrap();
    assert_eq!(identity.node_id(), 0xabc);
    assert_eq!(identity.begin_engine_boot().unwrap(), EngineBoot { boots: 8, ..boot });
    assert_eq!(identity.listener_number("syslog-tcp").unwrap(), 1);
    assert_eq!(identity.listener_number("syslog-udp").unwrap(), 6);
}

#[test]
fn an_engine_at_the_maximum_of_boots_gets_a_new_number() {
    let disk = SimulatedDisk::default();
    let boot = EngineBoot { number: 5, boots: i32::MAX - 2 };
    let mut identity = create(&disk, Inherited { engine: Some(boot), ..Inherited::default() });
    assert_eq!(identity.begin_engine_boot().unwrap(), EngineBoot { number: 5, boots: i32::MAX - 1 });
    let next = identity.begin_engine_boot().unwrap();
    assert!(next.boots == 1 && next.number != 5);
}

#[test]
fn numbers_of_listeners_end_at_256() {
    let disk = SimulatedDisk::default();
    let mut identity = create(&disk, Inherited::default());
    for number in 0..=255 {
        assert_eq!(identity.listener_number(&format!("l{number}")).unwrap(), number);
    }
    let error = identity.listener_number("one-more").unwrap_err().to_string();
    assert!(error.contains("one-more") && error.contains("256"), "{error}");
    assert_eq!(load(&disk).unwrap().listener_number("l255").unwrap(), 255);
    for name in ["", &"n".repeat(65)] {
        assert!(matches!(identity.listener_number(name), Err(IdentityError::ListenerName { .. })));
    }
}

#[test]
fn a_damaged_file_is_an_error_and_stays() {
    let whole = {
        let disk = SimulatedDisk::default();
        create(&disk, Inherited { node_id: Some(1), ..Inherited::default() });
        String::from_utf8(disk.read(Path::new(PATH), 10_000).unwrap()).unwrap()
    };
    let listeners = r#""listeners": {"a": 0, "b": 0}"#;
    let damaged = [
        String::new(),
        "\0".repeat(200),
        whole[..whole.len() / 2].to_owned(),
        whole.replace("000000000001", "000000000000"),
        whole.replace("000000000001", "1000000000001"),
        whole.replace("000000000001", "node"),
        whole.replace("\"version\": 1", "\"version\": 2"),
        whole.replace("node_id", "nodeid"),
        whole.replace("\"listeners\": {}", listeners),
        whole.replace("\"listeners\": {}", "\"listeners\": {\"a\": 0}"),
        whole.replace("\"next_listener\": 0", "\"next_listener\": 257"),
        whole.replace("\"listeners\"", "\"snmp_engine\": {\"number\": \"1\", \"boots\": 0},\n\"listeners\""),
    ];
    for text in damaged {
        assert_ne!(text, whole);
        let disk = SimulatedDisk::default();
        files::replace(&disk, Path::new(PATH), text.as_bytes()).unwrap();
        let error = Identity::load(files(&disk), Path::new(PATH)).unwrap_err();
        assert!(matches!(error, IdentityError::Damaged { .. }), "{text}: {error}");
        assert!(error.to_string().contains("restore"), "{error}");
        assert_eq!(disk.read(Path::new(PATH), 10_000).unwrap(), text.as_bytes());
    }
}

/// Starts of the engine and numbers of listeners that a process used.
type Used = (Vec<EngineBoot>, Vec<(String, u8)>);

/// What a process does with an identity, until something fails, and the values that it used.
fn use_identity(disk: &SimulatedDisk) -> (Result<(), IdentityError>, Used) {
    let (mut boots, mut numbers) = (Vec::new(), Vec::new());
    let mut run = || {
        let mut identity = match Identity::load(files(disk), Path::new(PATH))? {
            Some(identity) => identity,
            None => {
                let inherited = Inherited { node_id: Some(9), ..Inherited::default() };
                Identity::create(files(disk), Path::new(PATH), inherited)?
            }
        };
        boots.push(identity.begin_engine_boot()?);
        for name in ["snmp-udp", "syslog-udp"] {
            numbers.push((name.to_owned(), identity.listener_number(name)?));
        }
        Ok(())
    };
    let result = run();
    (result, (boots, numbers))
}

#[test]
fn whatever_fails_no_value_that_was_used_is_lost_or_used_again() {
    // From an empty disk, and from one with an identity.
    for is_new in [true, false] {
        for operation in 1.. {
            let disk = SimulatedDisk::default();
            let (mut boots, mut numbers) = (Vec::new(), Vec::new());
            if !is_new {
                let (result, (first, named)) = use_identity(&disk);
                result.unwrap();
                boots.extend(first);
                numbers.extend(named);
            }
            disk.fail_at(operation);
            let (result, (used, named)) = use_identity(&disk);
            boots.extend(used);
            numbers.extend(named);
            for next in [disk.after_restart(), disk.after_power_loss()] {
                let (next_result, (next_boots, next_numbers)) = use_identity(&next);
                next_result.unwrap();
                let next_boot = next_boots[0];
                for boot in &boots {
                    assert!(boot.number == next_boot.number && boot.boots < next_boot.boots, "{operation}");
                }
                let is_kept = |used: &&(String, u8)| next_numbers.contains(used);
                assert_eq!(numbers.iter().find(|used| !is_kept(used)), None, "operation {operation}");
                assert_eq!(load(&next).unwrap().node_id(), 9);
            }
            if result.is_ok() {
                assert!(operation > if is_new { 20 } else { 6 }, "only {operation} operations");
                break;
            }
        }
    }
}
