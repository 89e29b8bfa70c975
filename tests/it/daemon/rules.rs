//! Rules decide what is stored and how it is labelled, and are exchanged while messages come in.

use std::path::Path;
use std::sync::Arc;

use crate::support::daemon::Daemon;
use crate::support::options::Options;
use crate::support::udp_to;

/// A rules file with one rule: `keyword` is treated with `action`.
pub fn one_rule(keyword: &str, action: &str) -> String {
    format!(
        "rules:\n  - {{id: r-{keyword}, name: About {keyword}, pattern_type: keyword, keywords: [{keyword}], \
         severity: warning, action: {action}}}\n"
    )
}

fn options() -> Options {
    Options::default().set("pattern_matching.rules_file", "rules.yaml")
}

fn start(rules: &str) -> Daemon {
    let folder = Arc::new(tempfile::tempdir().unwrap());
    std::fs::write(folder.path().join("rules.yaml"), rules).unwrap();
    Daemon::start_in(folder, options())
}

/// Exchanges a file in one step, as careful editors do.
pub fn replace(path: &Path, text: &str) {
    let fresh = path.with_extension("new");
    std::fs::write(&fresh, text).unwrap();
    std::fs::rename(&fresh, path).unwrap();
}

#[test]
fn discarded_messages_are_counted_and_not_stored() {
    let daemon = start(&one_rule("noise", "discard"));
    let sender = udp_to(daemon.address("syslog-udp"));
    for text in ["<14>a b: NOISE 1", "<14>a b: signal", "<14>a b: more noise"] {
        sender.send(text.as_bytes()).unwrap();
    }
    daemon.wait_count(1);
    assert_eq!(daemon.store().texts(), ["<14>a b: signal"]);
    crate::support::wait_until("three accounted for", || {
        daemon.account("syslog-udp", "/discarded") == 2 && daemon.account("syslog-udp", "/stored") == 1
    });
    let end = daemon.stop();
    assert_eq!((end.received, end.stored, end.discarded, end.dropped), (3, 1, 2, 0));
}

#[test]
fn labels_of_rules_are_stored() {
    let rules = one_rule("alpha", "webhook") + one_rule("beta", "store").strip_prefix("rules:\n").unwrap();
    let daemon = start(&rules);
    let sender = udp_to(daemon.address("syslog-udp"));
    for text in ["<14>a b: Alpha beta", "<14>a b: beta", "<14>a b: gamma"] {
        sender.send(text.as_bytes()).unwrap();
    }
    daemon.wait_count(3);
    let rows = daemon
        .store()
        .rows("SELECT matched_rule_id, matched_rule_name, match_severity FROM messages ORDER BY id");
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(rows[0], [some("r-alpha"), some("About alpha"), some("warning")]);
    assert_eq!(rows[1], [some("r-beta"), some("About beta"), some("warning")]);
    assert_eq!(rows[2], [None, None, None]);
    daemon.stop();
}

/// Sends a message that only the rule `keyword` labels, and returns the label.
fn label_of(daemon: &Daemon, keyword: &str) -> Option<String> {
    let before = daemon.store().count();
    udp_to(daemon.address("syslog-udp")).send(format!("<14>a b: {keyword}").as_bytes()).unwrap();
    daemon.wait_count(before + 1);
    daemon.store().row("SELECT matched_rule_id FROM messages ORDER BY id DESC LIMIT 1").swap_remove(0)
}

#[test]
fn a_changed_file_is_in_force_by_itself_and_a_bad_one_is_not() {
    let daemon = start(&one_rule("alpha", "store"));
    assert_eq!(label_of(&daemon, "alpha").as_deref(), Some("r-alpha"));
    replace(&daemon.file("rules.yaml"), &one_rule("beta", "store"));
    daemon.wait_line("1 rule(s) from rules.yaml are in force");
    assert_eq!(label_of(&daemon, "alpha"), None);
    assert_eq!(label_of(&daemon, "beta").as_deref(), Some("r-beta"));

    let bad = one_rule("gamma", "store").replace("keyword, ", "regex, pattern: '(', ");
    std::fs::write(daemon.file("rules.yaml"), bad).unwrap();
    daemon.wait_line("rules.yaml is rejected, the old rules stay in force");
    daemon.wait_line("r-gamma");
    assert_eq!(label_of(&daemon, "beta").as_deref(), Some("r-beta"));
    assert_eq!(label_of(&daemon, "gamma"), None);
    daemon.stop();
}

#[test]
fn matches_of_each_rule_are_counted_across_a_reload() {
    let both = |one: &str, other: &str| {
        one_rule(one, "store") + one_rule(other, "discard").strip_prefix("rules:\n").unwrap()
    };
    let daemon = start(&both("alpha", "noise"));
    let sender = udp_to(daemon.address("syslog-udp"));
    let send = |texts: &[&str]| {
        for text in texts {
            sender.send(format!("<14>a b: {text}").as_bytes()).unwrap();
        }
    };
    let wait_for = |rule: &str, action: &str, count: u64| {
        let line = format!("mutt_rule_matches_total{{rule=\"r-{rule}\",action=\"{action}\"}} {count}\n");
        crate::support::wait_until(&line, || daemon.get("/metrics").1.contains(&line));
    };
    send(&["alpha", "noise", "alpha noise", "other"]);
    wait_for("alpha", "store", 2);
    wait_for("noise", "discard", 1);
    replace(&daemon.file("rules.yaml"), &both("gamma", "noise"));
    daemon.wait_line("2 rule(s) from rules.yaml are in force");
    assert!(!daemon.get("/metrics").1.contains("r-alpha"), "a rule that is gone is not shown");
    send(&["noise", "gamma", "alpha"]);
    wait_for("gamma", "store", 1);
    wait_for("noise", "discard", 2);
    daemon.stop();
}

/// A daemon whose rules file has a second name in another folder: the kernel does not report what is written there.
fn start_with_second_name(interval_seconds: &str) -> (Daemon, std::path::PathBuf) {
    let folder = Arc::new(tempfile::tempdir().unwrap());
    std::fs::create_dir(folder.path().join("elsewhere")).unwrap();
    let second = folder.path().join("elsewhere/rules.yaml");
    std::fs::write(&second, one_rule("alpha", "store")).unwrap();
    std::fs::hard_link(&second, folder.path().join("rules.yaml")).unwrap();
    let options = options().set("pattern_matching.reload_interval_seconds", interval_seconds);
    (Daemon::start_in(folder, options), second)
}

#[test]
fn sighup_reads_the_rules_again() {
    let (daemon, second) = start_with_second_name("0");
    std::fs::write(&second, one_rule("beta", "store")).unwrap();
    assert_eq!(label_of(&daemon, "alpha").as_deref(), Some("r-alpha"), "nothing was reported");
    daemon.process().signal("HUP");
    daemon.wait_line("1 rule(s) from rules.yaml are in force");
    assert_eq!(label_of(&daemon, "beta").as_deref(), Some("r-beta"));

    std::fs::remove_file(daemon.file("rules.yaml")).unwrap();
    daemon.process().signal("HUP");
    daemon.wait_line("rules.yaml is rejected, the old rules stay in force");
    assert_eq!(label_of(&daemon, "beta").as_deref(), Some("r-beta"));
    daemon.stop();
}

#[test]
fn a_change_behind_a_link_is_in_force_by_itself() {
    let folder = Arc::new(tempfile::tempdir().unwrap());
    std::fs::create_dir(folder.path().join("elsewhere")).unwrap();
    let target = folder.path().join("elsewhere/rules.yaml");
    std::fs::write(&target, one_rule("alpha", "store")).unwrap();
    std::os::unix::fs::symlink("elsewhere/rules.yaml", folder.path().join("rules.yaml")).unwrap();
    let options = options().set("pattern_matching.reload_interval_seconds", "0");
    let daemon = Daemon::start_in(folder, options);
    replace(&target, &one_rule("beta", "store"));
    daemon.wait_line("1 rule(s) from rules.yaml are in force");
    assert_eq!(label_of(&daemon, "beta").as_deref(), Some("r-beta"));
    daemon.stop();
}

#[test]
fn a_pipe_in_place_of_the_rules_holds_nothing_up_and_reloads_are_counted() {
    let daemon = start(&one_rule("alpha", "store"));
    let path = daemon.file("rules.yaml");
    std::fs::remove_file(&path).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
    daemon.process().signal("HUP");
    daemon.wait_line("not a regular file");
    assert_eq!(label_of(&daemon, "alpha").as_deref(), Some("r-alpha"));
    replace(&path, &one_rule("beta", "store"));
    daemon.wait_line("1 rule(s) from rules.yaml are in force, 1 before");
    let (_, metrics) = daemon.get("/metrics");
    for result in ["accepted", "rejected"] {
        let sample = format!("mutt_reload_total{{what=\"rules\",result=\"{result}\"}} ");
        assert!(metrics.contains(&sample), "{sample} in {metrics}");
    }
    daemon.stop();
}

#[test]
fn the_interval_finds_a_change_that_nobody_reports() {
    let (daemon, second) = start_with_second_name("1");
    std::fs::write(&second, one_rule("beta", "store")).unwrap();
    daemon.wait_line("1 rule(s) from rules.yaml are in force");
    assert_eq!(label_of(&daemon, "beta").as_deref(), Some("r-beta"));
    daemon.stop();
}

#[test]
fn a_rule_may_ask_for_the_level_of_a_message() {
    let daemon = start(
        "rules:\n  - {id: chatter, name: Chatter, level: debug..debug, action: discard}\n  \
         - {id: both, name: Both, level: warning..err, pattern_type: keyword, keywords: [down]}\n  \
         - {id: bad, name: Bad, level: err}\n",
    );
    let sender = udp_to(daemon.address("syslog-udp"));
    // local7.debug, local7.warning twice, local7.crit, and without PRI, which is user.notice.
    for text in ["<191>a b: down", "<188>a b: down", "<188>a b: up", "<186>a b: down", "a b: down"] {
        sender.send(text.as_bytes()).unwrap();
    }
    let trap = crate::samples::link_down(1, crate::samples::Pdu::Trap);
    udp_to(daemon.address("snmp-udp")).send(&trap).unwrap();
    daemon.wait_count(5);
    let rows =
        daemon.store().rows("SELECT type, level, matched_rule_id FROM messages ORDER BY type DESC, id");
    let row = |kind: &str, level: Option<&str>, rule: Option<&str>| {
        vec![Some(kind.to_owned()), level.map(str::to_owned), rule.map(str::to_owned)]
    };
    assert_eq!(
        rows,
        [
            row("syslog", Some("4"), Some("both")),
            row("syslog", Some("4"), None),
            row("syslog", Some("2"), Some("bad")),
            row("syslog", Some("5"), None),
            row("snmp_trap", None, None),
        ]
    );
    let end = daemon.stop();
    assert_eq!((end.received, end.stored, end.discarded), (6, 5, 1));
}
