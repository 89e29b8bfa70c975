//! The prefiltered search against the plain one.
#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use regex_automata::meta;

use super::{Action, Pattern, Rule, RuleIndex, RuleSet, Scratch};

fn rule(id: usize, pattern: Pattern) -> Rule {
    Rule {
        id: format!("r{id}"),
        name: format!("Rule {id}"),
        pattern,
        severity: "info".to_owned(),
        action: Action::Store,
        line: id,
    }
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
    set.first_match(text.as_bytes(), &mut Scratch::new()).map(|index| index.0)
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
    assert_eq!(set.first_match(b"\xff\xfe FAN \x80\x81 FAILED \xc3", &mut scratch), Some(RuleIndex(0)));
    assert_eq!(set.first_match(b"\xff \xc3\x89T\xc3\xa9 \xff", &mut scratch), Some(RuleIndex(1)));
    assert_eq!(set.first_match(b"\xff\xfe\x80", &mut scratch), None);
}

#[test]
fn a_scratch_follows_the_set_it_is_used_with() {
    let small = set(vec![regex("alpha.*beta")]);
    let words: Vec<Pattern> = (0..200).map(|n| regex(&format!("w{n:03}.*z"))).collect();
    let large = set(words);
    let mut scratch = Scratch::new();
    for _ in 0..3 {
        assert_eq!(small.first_match(b"alpha beta", &mut scratch), Some(RuleIndex(0)));
        assert_eq!(large.first_match(b"w199 w198 z", &mut scratch), Some(RuleIndex(198)));
        assert_eq!(large.first_match(b"w199 w198", &mut scratch), None);
        assert_eq!(small.first_match(b"w199 z", &mut scratch), None);
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
            let found = set.first_match(text, &mut scratch).map(|index| index.0);
            prop_assert_eq!(found, plain(&patterns, text), "{:?}", text);
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
