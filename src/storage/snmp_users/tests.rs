//! What the store knows of users after given messages.
#![allow(clippy::unwrap_used, reason = "tests")]

use super::report::{Report, clocks};
use super::*;
use crate::base::span::Span;
use crate::storage::connection::{Store, StoreSettings, Synchronous, open};

struct Bench {
    folder: tempfile::TempDir,
    store: Store,
    users: SnmpUsers,
}

fn bench() -> Bench {
    let folder = tempfile::tempdir().unwrap();
    let settings = StoreSettings {
        path: folder.path().join("messages.db"),
        connection_timeout: std::time::Duration::from_secs(1),
        synchronous: Synchronous::Off,
        node_id: 1,
    };
    let store = open(&settings).unwrap();
    let users = SnmpUsers::open(&store.connection).unwrap();
    Bench { folder, store, users }
}

fn seconds(at: i64) -> Timestamp {
    Timestamp(1_795_335_330_000_000 + at * 1_000_000)
}

/// A message of user `name` from 192.0.2.`last`.
fn add(batch: &mut Batch, last: u8, name: &str, at: i64, outcome: UserOutcome) {
    let user = batch.append(name.as_bytes());
    let source = IpAddr::from([192, 0, 2, last]);
    batch.sightings.push(UserSighting { source, at: seconds(at), user, outcome });
}

fn authentic(priority: u32) -> UserOutcome {
    UserOutcome::Authentic { priority, level: "authPriv", engine_id: Span::EMPTY, boots: 0, time: 0 }
}

fn failed(is_known: bool) -> UserOutcome {
    UserOutcome::Failed { reason: "usmStatsWrongDigests", is_known }
}

impl Bench {
    fn write(&mut self, fill: impl FnOnce(&mut Batch)) {
        let mut batch = Batch::new();
        fill(&mut batch);
        self.users.write(&self.store.connection, &[batch]).unwrap();
        self.users.committed();
    }

    fn report(&self) -> Report {
        super::report::read(&self.folder.path().join("messages.db")).unwrap()
    }

    fn changes(&self) -> u64 {
        self.store.connection.query_row("SELECT total_changes()", [], |row| row.get(0)).unwrap()
    }
}

#[test]
fn failures_are_summed_up_and_a_success_clears_them() {
    let mut bench = bench();
    bench.write(|batch| {
        for at in 0..5 {
            add(batch, 1, "ops", at, failed(true));
        }
        add(batch, 2, "ops", 9, failed(true));
        add(batch, 3, "other", 7, failed(false));
    });
    let failing: Vec<_> = bench.report().failing;
    assert_eq!((failing[0].username.as_str(), failing[0].num_failures), ("ops", 6));
    assert_eq!(failing[0].hostname.as_deref(), Some("192.0.2.2"), "the device that failed last");
    assert_eq!(failing[0].last_failure, seconds(9).to_string());
    assert_eq!((failing[1].username.as_str(), failing[1].num_failures), ("other", 1));

    bench.write(|batch| add(batch, 1, "ops", 10, failed(true)));
    assert_eq!(bench.report().failing[0].num_failures, 7);
    // Also after a restart.
    bench.users = SnmpUsers::open(&bench.store.connection).unwrap();
    bench.write(|batch| {
        add(batch, 1, "ops", 11, failed(true));
        add(batch, 1, "ops", 12, authentic(1));
        add(batch, 1, "ops", 13, failed(true));
    });
    let failing = bench.report().failing;
    let ops = failing.iter().find(|user| user.username == "ops").unwrap();
    assert_eq!(ops.num_failures, 1, "since the success");
    bench.write(|batch| add(batch, 4, "ops", 14, authentic(1)));
    assert_eq!(bench.report().failing.len(), 1, "of the other user");
}

#[test]
fn the_credential_that_worked_last_is_told_by_device_and_user() {
    let mut bench = bench();
    bench.write(|batch| {
        add(batch, 1, "ops", 0, authentic(1));
        add(batch, 1, "ops", 1, authentic(2));
        add(batch, 2, "ops", 2, authentic(1));
        add(batch, 3, "ops", 3, failed(true));
    });
    let uses = bench.report().uses;
    let told: Vec<_> = uses.iter().map(|used| (used.source_ip.as_str(), used.credential_priority)).collect();
    assert_eq!(told, [("192.0.2.2", 1), ("192.0.2.1", 2)], "a device that only failed has no row");
    bench.write(|batch| add(batch, 1, "ops", 5, failed(true)));
    let used = bench.report().uses[1].clone();
    assert_eq!((used.num_failures, used.last_failure_reason.as_deref()), (1, Some("usmStatsWrongDigests")));
    assert_eq!(
        (used.last_success, used.last_failure),
        (seconds(1).to_string(), Some(seconds(5).to_string()))
    );
}

#[test]
fn a_device_that_keeps_sending_costs_no_statements() {
    let mut bench = bench();
    bench.write(|batch| add(batch, 1, "ops", 0, authentic(1)));
    let before = bench.changes();
    for at in 1..60 {
        bench.write(|batch| add(batch, 1, "ops", at, authentic(1)));
    }
    assert_eq!(bench.changes(), before);
    bench.write(|batch| add(batch, 1, "ops", 60, authentic(1)));
    assert_eq!(bench.report().uses[0].last_success, seconds(60).to_string());
}

#[test]
fn invented_names_get_a_bounded_number_of_rows() {
    let mut bench = bench();
    for round in 0..3 {
        bench.write(|batch| {
            for number in 0..1_000 {
                add(batch, 1, &format!("invented {round} {number}"), 0, failed(false));
            }
        });
    }
    assert_eq!(bench.report().failing.len(), STRANGERS_MAX);
    bench.write(|batch| add(batch, 1, "ops", 1, failed(true)));
    assert_eq!(bench.report().failing.len(), STRANGERS_MAX + 1, "a configured one always has its row");
}

#[test]
fn a_transaction_that_failed_is_told_again() {
    let mut bench = bench();
    let mut batch = Batch::new();
    add(&mut batch, 1, "ops", 0, authentic(1));
    add(&mut batch, 1, "other", 0, failed(true));
    let batches = [batch];
    let connection = &bench.store.connection;
    connection.execute_batch("BEGIN").unwrap();
    bench.users.write(connection, &batches).unwrap();
    connection.execute_batch("ROLLBACK").unwrap();
    bench.users.rolled_back();
    assert_eq!(bench.report(), Report::default());
    bench.users.write(&bench.store.connection, &batches).unwrap();
    bench.users.committed();
    assert_eq!((bench.report().uses.len(), bench.report().failing[0].num_failures), (1, 1));
}

#[test]
fn clocks_of_engines_are_kept() {
    let mut bench = bench();
    bench.write(|batch| {
        let engine_id = batch.append(&[0x80, 0, 0, 0, 1]);
        let outcome =
            UserOutcome::Authentic { priority: 1, level: "authPriv", engine_id, boots: 7, time: 99 };
        add(batch, 1, "ops", 0, outcome);
    });
    // An inform from there tells nothing of the device's engine.
    bench.write(|batch| add(batch, 1, "ops", 70, authentic(1)));
    let found = clocks(&bench.store.connection, 10).unwrap();
    assert_eq!(found, [Clock { engine_id: vec![0x80, 0, 0, 0, 1], boots: 7, time: 99 }]);
}
