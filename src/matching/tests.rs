//! The prefiltered search against the plain one.
#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use regex_automata::meta;

use super::conditions::{Condition as _, Level};
use super::{Action, Pattern, Rule, RuleCondition, RuleIndex, RuleSet, Scratch};
use crate::base::clock::Timestamp;
use crate::base::span::Span;
use crate::model::batch::Batch;
use crate::model::event::{Body, Event, EventId, Kind, NotificationRecord, Reasons, SyslogRecord};
use crate::model::subject::{ListenerNames, LiveEvent, NoDevices, TextOnly};

fn rule(id: usize, pattern: Pattern) -> Rule {
    Rule::new(&format!("r{id}"), pattern)
}

fn set(patterns: Vec<Pattern>) -> RuleSet {
    let rules = patterns.into_iter().enumerate().map(|(id, pattern)| rule(id, pattern)).collect();
    RuleSet::compile(rules).unwrap()
}

fn regex(pattern: &str) -> Pattern {
    Pattern::Regex(pattern.to_owned())
}

fn keywords(words: &[&str]) -> Pattern {
    Pattern::Keywords(words.iter().map(|word| (*word).to_owned()).collect())
}

fn first(set: &RuleSet, text: &str) -> Option<u32> {
    set.first_match(&TextOnly(text.as_bytes()), &mut Scratch::new()).map(|index| index.0)
}

#[test]
fn the_rules_of_the_first_design() {
    let set = set(vec![
        regex("temperature.*critical"),
        keywords(&["down", "unreachable"]),
        regex("memory.*low|low.*memory"),
    ]);
    assert_eq!(first(&set, "Temperature at sensor 3 CRITICAL"), Some(0));
    assert_eq!(first(&set, "critical temperature"), None);
    assert_eq!(first(&set, "Interface Gi0/3 changed state to Down"), Some(1));
    assert_eq!(first(&set, "countdown"), Some(1));
    assert_eq!(first(&set, "free MEMORY is low"), Some(2));
    assert_eq!(first(&set, "low memory, link down"), Some(1));
    assert_eq!(first(&set, "temperature: link down, critical"), Some(0));
    assert_eq!(first(&set, ""), None);
    assert!(set.without_literal().is_empty());
}

#[test]
fn file_order_beats_position_in_the_text() {
    let set = set(vec![keywords(&["zulu"]), keywords(&["alpha"]), regex("alpha.*zulu")]);
    assert_eq!(first(&set, "alpha then zulu"), Some(0));
    assert_eq!(first(&set, "only alpha"), Some(1));
}

#[test]
fn exact_is_the_whole_text() {
    let set =
        set(vec![Pattern::Exact("Link Down".to_owned()), Pattern::Exact("STRA\u{df}E \u{c4}".to_owned())]);
    assert_eq!(first(&set, "LINK down"), Some(0));
    assert_eq!(first(&set, "LINK down "), None);
    assert_eq!(first(&set, "link"), None);
    assert_eq!(first(&set, "stra\u{df}e \u{e4}"), Some(1));
    assert_eq!(first(&set, "x stra\u{df}e \u{e4}"), None);
}

#[test]
fn letters_outside_ascii_fold() {
    let set = set(vec![keywords(&["plain", "\u{dc}BERHITZT"]), regex("temp\u{e9}rature")]);
    assert_eq!(first(&set, "Ger\u{e4}t \u{fc}berhitzt"), Some(0));
    assert_eq!(first(&set, "in PLAIN words"), Some(0));
    assert_eq!(first(&set, "TEMP\u{c9}RATURE haute"), Some(1));
    assert_eq!(first(&set, "temperature"), None);
}

#[test]
fn octets_that_are_not_utf8_do_no_harm() {
    let set = set(vec![regex("fan.+failed"), regex("\u{e9}t\u{e9}")]);
    let mut scratch = Scratch::new();
    assert_eq!(
        set.first_match(&TextOnly(b"\xff\xfe FAN \x80\x81 FAILED \xc3"), &mut scratch),
        Some(RuleIndex(0))
    );
    assert_eq!(set.first_match(&TextOnly(b"\xff \xc3\x89T\xc3\xa9 \xff"), &mut scratch), Some(RuleIndex(1)));
    assert_eq!(set.first_match(&TextOnly(b"\xff\xfe\x80"), &mut scratch), None);
}

#[test]
fn a_scratch_follows_the_set_it_is_used_with() {
    let small = set(vec![regex("alpha.*beta")]);
    let words: Vec<Pattern> = (0..200).map(|n| regex(&format!("w{n:03}.*z"))).collect();
    let large = set(words);
    let mut scratch = Scratch::new();
    for _ in 0..3 {
        assert_eq!(small.first_match(&TextOnly(b"alpha beta"), &mut scratch), Some(RuleIndex(0)));
        assert_eq!(large.first_match(&TextOnly(b"w199 w198 z"), &mut scratch), Some(RuleIndex(198)));
        assert_eq!(large.first_match(&TextOnly(b"w199 w198"), &mut scratch), None);
        assert_eq!(small.first_match(&TextOnly(b"w199 z"), &mut scratch), None);
    }
}

#[test]
fn rules_without_a_literal_are_named_and_still_in_order() {
    let set = set(vec![regex(r"\d{5}"), keywords(&["down"]), regex(".*"), keywords(&["up"])]);
    assert_eq!(set.without_literal(), ["r0", "r2"]);
    assert_eq!(first(&set, "code 12345 down"), Some(0));
    assert_eq!(first(&set, "code 1234 down"), Some(1));
    assert_eq!(first(&set, "up"), Some(2));
    assert_eq!(set.rule(RuleIndex(3)).unwrap().id, "r3");
    assert!(set.rule(RuleIndex(4)).is_none());
    assert_eq!(set.len(), 4);
    assert!(!set.is_empty());
}

#[test]
fn no_rules_match_nothing() {
    let set = set(vec![]);
    assert!(set.is_empty());
    assert_eq!(first(&set, "anything"), None);
}

#[test]
fn a_set_is_shared_between_threads() {
    fn shared<T: Send + Sync>(_: &T) {}
    shared(&set(vec![regex("a+b")]));
}

/// The slow truth: every rule in order, each on its own, without any of our machinery.
fn plain(patterns: &[Pattern], text: &[u8]) -> Option<u32> {
    let folded = text.to_ascii_lowercase();
    let holds = |word: &String| {
        let word = word.to_ascii_lowercase().into_bytes();
        folded.windows(word.len()).any(|window| window == word)
    };
    let matches = |pattern: &Pattern| match pattern {
        Pattern::Regex(pattern) => meta::Builder::new()
            .configure(meta::Config::new().utf8_empty(false).auto_prefilter(false))
            .syntax(
                regex_automata::util::syntax::Config::new()
                    .case_insensitive(true)
                    .unicode(!pattern.is_ascii())
                    .utf8(false),
            )
            .build(pattern)
            .unwrap()
            .is_match(text),
        Pattern::Keywords(words) => words.iter().any(holds),
        Pattern::Exact(whole) => whole.to_ascii_lowercase().into_bytes() == folded,
    };
    patterns.iter().position(matches).map(|index| u32::try_from(index).unwrap())
}

/// Patterns over an alphabet so small that they meet each other and the texts often.
fn any_regex() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        4 => "[abAB]{1,4}",
        1 => "[ks]{1,3}",
        1 => Just("[ab]".to_owned()),
        1 => Just("[^a]".to_owned()),
        1 => Just("[a-z]".to_owned()),
        1 => Just(".".to_owned()),
        1 => Just("^".to_owned()),
        1 => Just("$".to_owned()),
        1 => Just(r"\b".to_owned()),
        1 => Just("\u{e9}".to_owned()),
        1 => Just(r"[a\x80]".to_owned()),
        1 => Just(String::new()),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 1..4).prop_map(|parts| parts.concat()),
            prop::collection::vec(inner.clone(), 1..4).prop_map(|parts| format!("(?:{})", parts.join("|"))),
            (inner.clone(), prop::sample::select(vec!["?", "*", "+", "{2}", "{0}", "{1,2}", "{2,}"]))
                .prop_map(|(part, times)| format!("(?:{part}){times}")),
            inner.prop_map(|part| format!("({part})")),
        ]
    })
    .prop_filter("an empty pattern is refused", |pattern| !pattern.is_empty())
    .prop_filter("only the Unicode form has octets above ASCII as characters", |pattern| {
        pattern.is_ascii() || !pattern.contains("x80")
    })
}

fn any_pattern() -> impl Strategy<Value = Pattern> {
    prop_oneof![
        4 => any_regex().prop_map(Pattern::Regex),
        2 => prop::collection::vec("[abAB]{1,4}", 1..4).prop_map(Pattern::Keywords),
        1 => "[abAB]{1,5}".prop_map(Pattern::Exact),
    ]
}

fn any_text() -> impl Strategy<Value = Vec<u8>> {
    let letter = prop::sample::select(vec![
        "a", "b", "A", "B", "a", "b", "ab", "k", "S", " ", "\n", "\u{e9}", "\u{c9}", "\u{212a}", "\u{17f}",
    ]);
    let octets = prop_oneof![9 => letter.prop_map(|text| text.as_bytes().to_vec()), 1 => Just(vec![0x80_u8])];
    prop::collection::vec(octets, 0..14).prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn prefiltered_is_what_plain_is(
        patterns in prop::collection::vec(any_pattern(), 1..8),
        texts in prop::collection::vec(any_text(), 1..12),
    ) {
        let set = set(patterns.clone());
        let mut scratch = Scratch::new();
        for text in &texts {
            let found = set.first_match(&TextOnly(text), &mut scratch).map(|index| index.0);
            prop_assert_eq!(found, plain(&patterns, text), "{:?}", text);
        }
    }
}

/// A rule that asks for levels, and for a pattern if there is one.
fn of_level(id: usize, level: &str, pattern: Option<Pattern>) -> Rule {
    let conditions = vec![RuleCondition::Level(Level::parse(&[level]).unwrap())];
    Rule { conditions, ..Rule::new(&format!("r{id}"), pattern) }
}

/// The rule that a syslog message of this level falls under; without a level, a notification.
fn first_of_level(set: &RuleSet, scratch: &mut Scratch, level: Option<u8>, text: &[u8]) -> Option<u32> {
    let mut batch = Batch::new();
    let text = batch.append(text);
    let record = SyslogRecord { pri: level.map(|level| 8 * 23 + level), ..SyslogRecord::default() };
    let (kind, body) = match level {
        Some(_) => (Kind::Syslog, Body::Syslog(record)),
        None => (Kind::SnmpV2c, Body::Notification(NotificationRecord::default())),
    };
    let event = Event {
        id: EventId(0),
        received_at: Timestamp(0),
        listener: 0,
        source: [192, 0, 2, 1].into(),
        kind,
        text,
        trailing: crate::model::trailing::Trailing::NONE,
        content_start: 0,
        raw_bytes: Span::EMPTY,
        enriched: Span::EMPTY,
        rule: None,
        reasons: Reasons::default(),
        body,
    };
    let listeners = ListenerNames::default();
    let live = LiveEvent { batch: &batch, event: &event, listeners: &listeners, devices: &NoDevices };
    set.first_match(&live, scratch).map(|index| index.0)
}

#[test]
fn a_level_alone_is_a_rule_and_a_pattern_with_it_must_match_as_well() {
    let set = RuleSet::compile(vec![
        of_level(0, "crit", Some(keywords(&["down", "\u{fc}berhitzt"]))),
        of_level(1, "err", Some(regex(r"\d{3}"))),
        of_level(2, "warning..err", None),
        rule(3, keywords(&["down"])),
        of_level(4, "debug..debug", Some(Pattern::Exact("whole".to_owned()))),
        of_level(5, "debug..info", None),
    ])
    .unwrap();
    let mut scratch = Scratch::new();
    let mut first = |level, text: &str| first_of_level(&set, &mut scratch, level, text.as_bytes());
    assert_eq!(first(Some(2), "link DOWN down"), Some(0));
    assert_eq!(first(Some(2), "\u{dc}BERHITZT"), Some(0));
    assert_eq!(first(Some(2), "code 404"), Some(1));
    assert_eq!(first(Some(2), "nothing"), None);
    assert_eq!(first(Some(3), "code 404"), Some(1));
    assert_eq!(first(Some(3), "link down"), Some(2));
    assert_eq!(first(Some(4), "code 404, down"), Some(2));
    assert_eq!(first(Some(5), "link down"), Some(3));
    assert_eq!(first(Some(7), "WHOLE"), Some(4));
    assert_eq!(first(Some(7), "whole of it"), Some(5));
    assert_eq!(first(Some(6), "whole"), Some(5));
    assert_eq!(first(None, "link down"), Some(3));
    assert_eq!(first(None, "code 404"), None, "a notification has no level");
    assert_eq!(set.without_literal(), ["r1"], "a level alone is searched with nothing");
}

#[test]
fn of_many_levels_alone_a_message_meets_one() {
    let rules: Vec<Rule> = (0..20_000)
        .map(|n| of_level(n, ["crit..crit", "err..err", "debug..notice"][n % 3], None))
        .chain([rule(20_000, regex("."))])
        .collect();
    let set = RuleSet::compile(rules).unwrap();
    let tried = |level| set.tried_with(level).to_vec();
    assert_eq!(tried(Some(2)), [0], "behind a rule that is certain to match there is nothing to try");
    assert_eq!(tried(Some(3)), [1]);
    assert_eq!((tried(Some(5)), tried(Some(7))), (vec![2], vec![2]));
    assert_eq!((tried(Some(4)), tried(None)), (vec![20_000], vec![20_000]));
    let mut scratch = Scratch::new();
    for (level, rule) in [(Some(2), 0), (Some(3), 1), (Some(6), 2), (Some(4), 20_000), (None, 20_000)] {
        assert_eq!(first_of_level(&set, &mut scratch, level, b"x"), Some(rule));
    }
}

/// Rules with a pattern, a level, or both.
fn any_rule() -> impl Strategy<Value = (Option<Pattern>, Option<&'static str>)> {
    let level = prop::sample::select(vec!["emerg", "err", "warning..err", "debug..info", "5..5", "debug"]);
    (prop::option::of(any_pattern()), prop::option::of(level))
        .prop_filter("a rule has something", |(pattern, level)| pattern.is_some() || level.is_some())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn indexed_by_level_is_what_one_after_the_other_is(
        written in prop::collection::vec(any_rule(), 1..10),
        messages in prop::collection::vec((prop::option::of(0_u8..8), any_text()), 1..12),
    ) {
        let parsed = |level: &&str| RuleCondition::Level(Level::parse(&[level]).unwrap());
        let rules: Vec<Rule> = written
            .iter()
            .map(|(pattern, level)| Rule {
                conditions: level.iter().map(parsed).collect(),
                ..Rule::new("r", pattern.clone())
            })
            .collect();
        let set = RuleSet::compile(rules).unwrap();
        let mut scratch = Scratch::new();
        for (level, text) in &messages {
            let holds = |range: &str| {
                let levels = Level::parse(&[range]).unwrap().levels().unwrap();
                level.is_some() && levels.contains(*level)
            };
            let expected = written.iter().position(|(pattern, range)| {
                pattern.as_ref().is_none_or(|pattern| plain(std::slice::from_ref(pattern), text).is_some())
                    && range.is_none_or(holds)
            });
            let found = first_of_level(&set, &mut scratch, *level, text);
            prop_assert_eq!(found.map(|found| found as usize), expected, "{:?} {:?}", level, text);
        }
    }
}

#[test]
fn rules_for_what_is_stored_already_match_as_ever_and_discard_nothing() {
    let discarding = Rule { action: Action::Discard, ..rule(0, keywords(&["noise"])) };
    let alerting = Rule { action: Action::Webhook, ..rule(1, keywords(&["signal"])) };
    let set = RuleSet::compile(vec![discarding, alerting]).unwrap().keeping_all();
    assert_eq!((first(&set, "noise"), first(&set, "signal"), first(&set, "")), (Some(0), Some(1), None));
    let actions: Vec<Action> = set.iter().map(|(_, rule)| rule.action).collect();
    assert_eq!(actions, [Action::Store, Action::Webhook]);
}
