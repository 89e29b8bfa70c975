//! The literals that a pattern cannot match without, found by a walk over its syntax tree.
//!
//! Prefixes and suffixes are not enough: in `interface \S+ is down` the telling part stands inside. The walk knows
//! of each piece either every text it can match, or at least a set of which each match holds one.
//!
//! Invariant: no false negative. A text that the pattern matches holds one of the literals, if ASCII letter case
//! is set aside. The property test of the rule set keeps that law.

use std::cmp::Reverse;

use regex_syntax::hir::{Class, Hir, HirKind, Repetition};

/// Shortest literal worth a search. One octet stands in nearly every line, so it would rule out nothing.
const LITERAL_OCTETS_MIN: usize = 2;
/// Longest literal kept; beyond that more octets tell nothing new and only enlarge the automaton.
pub(super) const LITERAL_OCTETS_MAX: usize = 32;
/// Members of a character class that are spelled out.
const CLASS_MEMBERS_MAX: usize = 4;
/// Texts of a piece that are spelled out.
const EXACT_TEXTS_MAX: usize = 32;
/// Octets of all the texts of a piece that are spelled out.
const EXACT_OCTETS_MAX: usize = 8 * 1024;
/// Alternative literals of one pattern.
const ALTERNATIVES_MAX: usize = 256;

/// Texts in lower case (ASCII), ordered, none twice.
type Texts = Vec<Vec<u8>>;

/// What is known of a piece of a pattern.
struct Piece {
    /// Every text that the piece can match; `None` when that is too many.
    exact: Option<Texts>,
    /// Texts of which every match of the piece holds at least one; `None` when there is no such set.
    required: Option<Texts>,
}

/// Literals, in lower case, of which every text that `hir` matches holds at least one; `None` when nothing useful
/// is required. An empty list means that the pattern matches nothing at all.
///
/// `hir` was parsed to ignore letter case. The recursion is as deep as the parser let the pattern nest.
pub(super) fn required_literals(hir: &Hir) -> Option<Vec<Vec<u8>>> {
    let mut texts = examine(hir).best()?;
    if shortest(&texts) < LITERAL_OCTETS_MIN {
        return None;
    }
    for text in &mut texts {
        text.truncate(LITERAL_OCTETS_MAX);
    }
    Some(without_superfluous(texts))
}

impl Piece {
    fn unknown() -> Self {
        Self { exact: None, required: None }
    }

    fn of(exact: Texts) -> Self {
        Self { exact: Some(exact), required: None }
    }

    /// The more telling of the two sets.
    fn best(self) -> Option<Texts> {
        better(self.exact, self.required)
    }
}

fn examine(hir: &Hir) -> Piece {
    match hir.kind() {
        // An assertion takes no octet, so what stands on either side of it is still adjacent.
        HirKind::Empty | HirKind::Look(_) => Piece::of(vec![Vec::new()]),
        HirKind::Literal(literal) => Piece::of(vec![literal.0.to_ascii_lowercase()]),
        HirKind::Class(class) => members(class).map_or_else(Piece::unknown, Piece::of),
        HirKind::Repetition(repetition) => examine_repetition(repetition),
        HirKind::Capture(capture) => examine(&capture.sub),
        HirKind::Concat(parts) => examine_concat(parts),
        HirKind::Alternation(branches) => examine_alternation(branches),
    }
}

/// Every member of a small class, letter case folded; `None` for a large one.
fn members(class: &Class) -> Option<Texts> {
    let mut texts = Texts::new();
    match class {
        Class::Unicode(class) => {
            // Two cases of each member, and the few letters that have a third.
            if class.iter().map(|range| range.len()).sum::<usize>() > 3 * CLASS_MEMBERS_MAX {
                return None;
            }
            for member in class.iter().flat_map(|range| range.start()..=range.end()) {
                texts.push(member.to_ascii_lowercase().to_string().into_bytes());
            }
        }
        Class::Bytes(class) => {
            if class.iter().map(|range| range.len()).sum::<usize>() > 3 * CLASS_MEMBERS_MAX {
                return None;
            }
            for member in class.iter().flat_map(|range| range.start()..=range.end()) {
                texts.push(vec![member.to_ascii_lowercase()]);
            }
        }
    }
    let texts = in_order(texts);
    (texts.len() <= CLASS_MEMBERS_MAX).then_some(texts)
}

fn examine_repetition(repetition: &Repetition) -> Piece {
    let piece = examine(&repetition.sub);
    match (repetition.min, repetition.max) {
        (1, Some(1)) => piece,
        (0, Some(1)) => {
            let with_nothing = piece.exact.map(|mut texts| {
                texts.push(Vec::new());
                in_order(texts)
            });
            with_nothing.map_or_else(Piece::unknown, Piece::of)
        }
        (0, _) => Piece::unknown(),
        (min, max) => {
            let repeated =
                piece.exact.as_ref().filter(|_| max == Some(min)).and_then(|texts| {
                    (1..min).try_fold(texts.clone(), |repeated, _| product(&repeated, texts))
                });
            match repeated {
                Some(exact) => Piece::of(exact),
                None => Piece { exact: None, required: piece.best() },
            }
        }
    }
}

fn examine_concat(parts: &[Hir]) -> Piece {
    let mut best: Option<Texts> = None;
    let mut run = vec![Vec::new()];
    let mut whole = true;
    for part in parts {
        let piece = examine(part);
        if let Some(longer) = piece.exact.as_ref().and_then(|texts| product(&run, texts)) {
            run = longer;
            continue;
        }
        // The run of spelled-out texts ends here; a new one starts with this part or behind it.
        whole = false;
        best = better(best, Some(run));
        best = better(best, piece.required);
        run = piece.exact.unwrap_or_else(|| vec![Vec::new()]);
    }
    if whole { Piece::of(run) } else { Piece { exact: None, required: better(best, Some(run)) } }
}

fn examine_alternation(branches: &[Hir]) -> Piece {
    let pieces: Vec<Piece> = branches.iter().map(examine).collect();
    let mut exact = Some(Texts::new());
    for piece in &pieces {
        exact = exact.zip(piece.exact.as_ref()).map(|(mut all, texts)| {
            all.extend(texts.iter().cloned());
            all
        });
    }
    if let Some(texts) = exact.map(in_order).filter(affordable) {
        return Piece::of(texts);
    }
    let mut required = Some(Texts::new());
    for piece in pieces {
        required = required.zip(piece.best()).map(|(mut all, texts)| {
            all.extend(texts);
            all
        });
    }
    Piece { exact: None, required: required.map(in_order).filter(|texts| texts.len() <= ALTERNATIVES_MAX) }
}

/// Every text of `left` followed by every text of `right`; `None` when that is too much.
fn product(left: &Texts, right: &Texts) -> Option<Texts> {
    if left.len().saturating_mul(right.len()) > EXACT_TEXTS_MAX.max(left.len()) {
        return None;
    }
    let texts =
        left.iter().flat_map(|head| right.iter().map(move |tail| [head.as_slice(), tail].concat())).collect();
    let texts = in_order(texts);
    affordable(&texts).then_some(texts)
}

fn affordable(texts: &Texts) -> bool {
    texts.len() <= ALTERNATIVES_MAX && texts.iter().map(Vec::len).sum::<usize>() <= EXACT_OCTETS_MAX
}

fn in_order(mut texts: Texts) -> Texts {
    texts.sort_unstable();
    texts.dedup();
    texts
}

fn shortest(texts: &Texts) -> usize {
    texts.iter().map(Vec::len).min().unwrap_or(usize::MAX)
}

/// The set that rules out more texts: the one whose shortest member is longer, then the smaller one.
fn better(one: Option<Texts>, other: Option<Texts>) -> Option<Texts> {
    let worth = |texts: &Texts| (shortest(texts).min(LITERAL_OCTETS_MAX), Reverse(texts.len()));
    match (one, other) {
        (Some(one), Some(other)) => Some(if worth(&other) > worth(&one) { other } else { one }),
        (one, other) => one.or(other),
    }
}

/// Drops each text that holds another one: where it is found, the shorter one is found as well.
fn without_superfluous(mut texts: Texts) -> Texts {
    texts.sort_unstable_by_key(Vec::len);
    let mut kept = Texts::new();
    for text in texts {
        if !kept.iter().any(|part| memchr::memmem::find(&text, part).is_some()) {
            kept.push(text);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn literals(pattern: &str) -> Option<Vec<String>> {
        let hir = regex_syntax::ParserBuilder::new()
            .case_insensitive(true)
            .unicode(!pattern.is_ascii())
            .utf8(false)
            .build()
            .parse(pattern)
            .unwrap();
        let mut found: Vec<String> =
            required_literals(&hir)?.into_iter().map(|text| String::from_utf8(text).unwrap()).collect();
        found.sort();
        Some(found)
    }

    #[test]
    fn literals_of_typical_patterns() {
        let cases: &[(&str, &[&str])] = &[
            ("temperature.*critical", &["temperature"]),
            ("memory.*low|low.*memory", &["memory"]),
            ("(?:memory.*low)|(?:down hard)", &["down hard", "memory"]),
            (r"interface \S+ is DOWN", &["interface "]),
            (r"^%BGP-[35]-ADJ", &["%bgp-3-adj", "%bgp-5-adj"]),
            ("colou?r", &["color", "colour"]),
            (r"\bdown\b", &["down"]),
            (r"\d+ errors?", &[" error"]),
            ("(?:ab){3}", &["ababab"]),
            ("(?:ab)+x", &["ab"]),
            ("(foo|bar|quux) failed", &["bar failed", "foo failed", "quux failed"]),
            ("link(down|up)", &["linkdown", "linkup"]),
            ("x.*(?:needle)?.*yz", &["yz"]),
            (r"a[^\s\S]b", &[]),
        ];
        for (pattern, expected) in cases {
            assert_eq!(literals(pattern).unwrap(), *expected, "{pattern}");
        }
    }

    #[test]
    fn patterns_without_a_required_literal() {
        for pattern in [".*", "a", "a|bcd", "(?:needle)*", r"\d{3}", "[a-z]+", "(?:ab)?", "x*y"] {
            assert_eq!(literals(pattern), None, "{pattern}");
        }
    }

    #[test]
    fn letters_outside_ascii_keep_all_their_cases() {
        assert_eq!(
            literals("hei\u{df}er ofen").unwrap(),
            ["hei\u{df}er ofen", "hei\u{1e9e}er ofen"].map(String::from)
        );
        let both = literals("caf\u{e9}").unwrap();
        assert_eq!(both, ["caf\u{c9}", "caf\u{e9}"]);
        // U+212A KELVIN SIGN folds to "k".
        assert_eq!(literals("\u{e9} k").unwrap().len(), 4);
    }

    #[test]
    fn long_texts_and_large_alternations_stay_bounded() {
        assert_eq!(literals(&"z".repeat(5_000)).unwrap(), ["z".repeat(LITERAL_OCTETS_MAX)]);
        let many: Vec<String> = (0..1_000).map(|n| format!("tag{n:04}x")).collect();
        assert!(literals(&many.join("|")).is_none_or(|found| found.len() <= ALTERNATIVES_MAX));
    }
}
