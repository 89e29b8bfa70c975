//! Objects of hostile names and values are JSON and say what was given.
#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;
use crate::wire::syslog::escape::Escapes;
use proptest::prelude::*;
use serde_json::Value;

fn pair<'a>(name: &'a [u8], raw_value: &'a [u8]) -> Pair<'a> {
    Pair { name, raw_value, escapes: Escapes::Quote }
}

fn written(pairs: &[Pair<'_>], octets_max: usize) -> (String, bool) {
    let mut out = Vec::new();
    let mut bounded = Bounded::new(&mut out, octets_max);
    fields(&mut bounded, &mut pairs.iter().copied(), JSON_PAIRS_MAX);
    let is_full = bounded.is_full();
    (String::from_utf8(out).unwrap(), is_full)
}

#[test]
fn names_are_grouped_in_their_order() {
    let pairs = [pair(b"b", b"1"), pair(b"a", b"2"), pair(b"b", b"3"), pair(b"", b"4"), pair(b"", b"5")];
    assert_eq!(written(&pairs, 1_000).0, r#"{"b":["1","3"],"a":"2","":["4","5"]}"#);
    assert_eq!(written(&[], 1_000).0, "{}");
}

proptest! {
    #[test]
    fn what_was_given_is_there(
        given in proptest::collection::vec(("[a-d\\x00-\"]{0,3}", "[ -~]{0,8}"), 0..160),
    ) {
        let pairs: Vec<Pair<'_>> = given
            .iter()
            .filter(|(_, value)| !value.contains('\\'))
            .map(|(name, value)| pair(name.as_bytes(), value.as_bytes()))
            .collect();
        let (text, is_full) = written(&pairs, 1 << 20);
        prop_assert!(!is_full);
        let Value::Object(found) = serde_json::from_str(&text).unwrap() else { panic!("{text}") };
        let mut count = 0;
        for (name, value) in &found {
            let values: Vec<&Value> = value.as_array().map_or_else(|| vec![value], |list| list.iter().collect());
            let expected: Vec<&[u8]> = pairs
                .iter()
                .take(JSON_PAIRS_MAX)
                .filter(|pair| pair.name == name.as_bytes())
                .map(|pair| pair.raw_value)
                .collect();
            count += expected.len();
            prop_assert_eq!(values.iter().map(|value| value.as_str().unwrap().as_bytes()).collect::<Vec<_>>(), expected);
        }
        prop_assert_eq!(count, pairs.len().min(JSON_PAIRS_MAX));
    }

    #[test]
    fn a_bound_is_kept(names in proptest::collection::vec("[a-z]{1,9}", 0..40), octets_max in 0_usize..200) {
        let pairs: Vec<Pair<'_>> = names.iter().map(|name| pair(name.as_bytes(), name.as_bytes())).collect();
        prop_assert!(written(&pairs, octets_max).0.len() <= octets_max);
    }
}
