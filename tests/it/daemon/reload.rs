//! The configuration is read again while the daemon runs.

use crate::support::daemon::Daemon;
use crate::support::options::Options;
use crate::support::udp_to;

use super::rules::{one_rule, replace};

/// A daemon whose configuration can be overridden: `conf.d` is there, and empty.
fn start() -> Daemon {
    let folder = std::sync::Arc::new(tempfile::tempdir().unwrap());
    std::fs::create_dir(folder.path().join("conf.d")).unwrap();
    std::fs::write(folder.path().join("first.yaml"), one_rule("alpha", "store")).unwrap();
    std::fs::write(folder.path().join("second.yaml"), one_rule("beta", "store")).unwrap();
    let options = Options::default()
        .set("pattern_matching.rules_file", "first.yaml")
        .set("pattern_matching.reload_interval_seconds", "0");
    Daemon::start_in(folder, options)
}

/// Puts `text` into the only file of `conf.d`, in one step.
fn set_override(daemon: &Daemon, text: &str) {
    replace(&daemon.file("conf.d/10.yaml"), text);
}

/// Sends a message and returns its rule, once it is stored.
fn rule_of(daemon: &Daemon, text: &str) -> Option<String> {
    let before = daemon.store().count();
    udp_to(daemon.address("syslog-udp")).send(format!("<14>a b: {text}").as_bytes()).unwrap();
    daemon.wait_count(before + 1);
    daemon.store().row("SELECT matched_rule_id FROM messages ORDER BY id DESC LIMIT 1").swap_remove(0)
}

#[test]
fn keys_that_can_change_do_and_others_are_named() {
    let daemon = start();
    assert_eq!(rule_of(&daemon, "alpha").as_deref(), Some("r-alpha"));
    set_override(&daemon, "sources: {deny_from: [127.0.0.0/8]}\nprocessor: {queue_max_size: 5000}\n");
    let line = daemon.wait_line("is in force: ");
    assert!(line.contains("sources.deny_from = [\"127.0.0.0/8\"]"), "{line}");
    assert!(line.contains("processor.queue_max_size needs a restart"), "{line}");
    let sender = udp_to(daemon.address("syslog-udp"));
    sender.send(b"<14>a b: denied").unwrap();
    crate::support::wait_for("a denied message", || {
        (daemon.account("syslog-udp", "/dropped/source_denied") == 1).then_some(())
    });

    set_override(&daemon, "sources: {messages_per_second_max: 1, burst_messages_max: 1}\n");
    daemon.process().wait_lines("is in force: ", 2);
    for text in ["<14>a b: one", "<14>a b: two", "<14>a b: three"] {
        sender.send(text.as_bytes()).unwrap();
    }
    crate::support::wait_for("limited messages", || {
        (daemon.account("syslog-udp", "/dropped/rate_limited") >= 1).then_some(())
    });

    std::fs::remove_file(daemon.file("conf.d/10.yaml")).unwrap();
    daemon.process().wait_lines("is in force: ", 3);
    assert_eq!(rule_of(&daemon, "alpha").as_deref(), Some("r-alpha"));
    daemon.stop();
}

#[test]
fn another_rules_file_is_in_force_and_a_bad_configuration_changes_nothing() {
    let daemon = start();
    set_override(&daemon, "pattern_matching: {rules_file: second.yaml}\n");
    daemon.wait_line("1 rule(s) from second.yaml are in force");
    assert_eq!(rule_of(&daemon, "beta").as_deref(), Some("r-beta"));

    set_override(&daemon, "pattern_matching: {rules_file: first.yaml}\nsources: {fair_shares: true}\n");
    let line = daemon.wait_line("is rejected, the old configuration stays in force");
    assert!(line.contains("mutt.yaml"), "{line}");
    daemon.wait_line("sources.fair_shares: unknown key");
    assert_eq!(rule_of(&daemon, "beta").as_deref(), Some("r-beta"));
    let (_, metrics) = daemon.get("/metrics");
    assert!(metrics.contains("mutt_reload_total{what=\"configuration\",result=\"rejected\"} 1"), "{metrics}");
    daemon.stop();
}

#[test]
fn the_log_level_changes_without_a_restart() {
    let daemon = start();
    set_override(&daemon, "daemon: {log_level: ERROR}\n");
    crate::support::wait_for("the reload", || {
        let (_, metrics) = daemon.get("/metrics");
        metrics.contains("mutt_reload_total{what=\"configuration\",result=\"accepted\"} 1").then_some(())
    });
    replace(&daemon.file("first.yaml"), &one_rule("gamma", "store"));
    crate::support::wait_for("the rules", || {
        let (_, metrics) = daemon.get("/metrics");
        metrics.contains("mutt_reload_total{what=\"rules\",result=\"accepted\"} 1").then_some(())
    });
    assert!(
        !daemon.process().lines().iter().any(|line| line.contains("rule(s) from first.yaml are in force,"))
    );
    set_override(&daemon, "daemon: {log_level: INFO}\n");
    daemon.wait_line("daemon.log_level = INFO");
    daemon.stop();
}
