//! What recorded traps of net-snmp read as, from the directory in `MUTT_CORPUS_DIR`: each line was reviewed by eye and
//! is kept in `tests/corpus/snapshots`.

use std::sync::Arc;

use arc_swap::ArcSwap;

use crate::corpus_snmp::{report, rows, unhex};
use crate::corpus_usm::users;
use crate::samples;
use crate::support::source::root;
use mutt::matching::RuleSet;
use mutt::model::batch::Batch;
use mutt::security::Usm;
use mutt::shard::pipeline::{Outcome, Pipeline, PipelineParts, Protocol};
use mutt::shard::rules::ActiveRules;

/// The recording, and the file of its snapshot.
const FILE: &str = "snmp-netsnmp-traps";

/// `raw_message` of a datagram from a user with these credentials.
fn text_of(bytes: &[u8], creds: &serde_json::Value) -> String {
    let rules = Arc::new(ArcSwap::from_pointee(ActiveRules::new(RuleSet::compile(Vec::new()).unwrap())));
    let users = if creds.is_null() { users(&[]) } else { users(&[creds]) };
    let snmpv3 = Arc::new(Usm::new(None, users));
    let mut pipeline = Pipeline::new(PipelineParts { snmpv3, ..PipelineParts::new(rules) });
    let mut batch = Batch::default();
    pipeline.begin(&mut batch);
    let outcome = pipeline.process(&samples::arrival(Protocol::Snmp, bytes), &mut batch);
    assert_eq!(outcome, Outcome::Appended { undecoded: None });
    String::from_utf8(batch.bytes(batch.events[0].text).to_vec()).unwrap()
}

#[test]
fn every_trap_of_net_snmp_reads_as_reviewed() {
    let rows = rows(FILE);
    if rows.is_empty() {
        return;
    }
    let path = root().join(format!("tests/corpus/snapshots/{FILE}.tsv"));
    let found: Vec<String> = rows
        .iter()
        .map(|row| {
            let bytes = unhex(row["hex"].as_str().unwrap());
            format!("{}\t{}", row["name"].as_str().unwrap(), text_of(&bytes, &row["creds"]))
        })
        .collect();
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    let kept: Vec<&str> = kept.lines().filter(|line| !line.starts_with('#')).collect();
    let mut differences = Vec::new();
    for (place, line) in found.iter().enumerate() {
        if kept.get(place) != Some(&line.as_str()) {
            differences.push(format!("found {line}\n kept {}", kept.get(place).unwrap_or(&"nothing")));
        }
    }
    report(&format!("{} traps of {FILE} compared with {}", found.len(), path.display()));
    assert!(found.len() >= 60, "the recording has more traps than {}", found.len());
    assert!(differences.is_empty(), "{}\n{} differ", differences.join("\n"), differences.len());
    assert_eq!(kept.len(), found.len(), "lines are kept that nothing was found for");
}
