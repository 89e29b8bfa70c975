//! Reading JSON in place: members and elements one after the other, strings with their escapes as they stand.
//!
//! Invariant: no allocation, no recursion. What is not JSON, or nests deeper than [`DEPTH_MAX`], ends the reading; nothing
//! is read twice more than its nesting asks for.

/// How deep lists and objects may nest: an object of structured data with a list of values has 4.
const DEPTH_MAX: usize = 16;

/// A string or number of a JSON document, as it stands there, without quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JsonText<'a>(&'a [u8]);

impl<'a> JsonText<'a> {
    /// The text, if it has no escapes, as nearly all; else read [`octets`](Self::octets).
    #[must_use]
    pub fn as_plain(self) -> Option<&'a [u8]> {
        memchr::memchr(b'\\', self.0).is_none().then_some(self.0)
    }

    /// The octets of the text, escapes resolved.
    pub fn octets(self) -> impl Iterator<Item = u8> + use<'a> {
        Octets { rest: self.0, character: [0; 4], at: 0, len: 0 }
    }

    /// Appends the text, escapes resolved.
    pub fn append_to(self, out: &mut Vec<u8>) {
        match self.as_plain() {
            Some(text) => out.extend_from_slice(text),
            None => out.extend(self.octets()),
        }
    }

    /// Whether the text is `other`, letter case of ASCII aside.
    #[must_use]
    pub fn equals(self, other: &[u8]) -> bool {
        self.strip_from(other).is_some_and(<[u8]>::is_empty)
    }

    /// What follows in `name` when it starts with this text, letter case of ASCII aside.
    pub(super) fn strip_from(self, name: &[u8]) -> Option<&[u8]> {
        if let Some(text) = self.as_plain() {
            let (start, rest) = name.split_at_checked(text.len())?;
            return start.eq_ignore_ascii_case(text).then_some(rest);
        }
        let mut rest = name;
        for octet in self.octets() {
            rest = match rest {
                [first, others @ ..] if first.eq_ignore_ascii_case(&octet) => others,
                _ => return None,
            };
        }
        Some(rest)
    }
}

/// The octets of a string, escapes resolved.
struct Octets<'a> {
    rest: &'a [u8],
    /// The character that an escape stands for.
    character: [u8; 4],
    at: usize,
    len: usize,
}

impl Iterator for Octets<'_> {
    type Item = u8;

    fn next(&mut self) -> Option<u8> {
        if self.at < self.len {
            let octet = self.character.get(self.at).copied();
            self.at += 1;
            return octet;
        }
        match self.rest {
            [b'\\', b'u', rest @ ..] => {
                let (character, rest) = escaped_character(rest);
                self.rest = rest;
                (self.at, self.len) = (1, character.encode_utf8(&mut self.character).len());
                Some(self.character[0])
            }
            [b'\\', escape, rest @ ..] => {
                self.rest = rest;
                Some(match escape {
                    b'n' => b'\n',
                    b'r' => b'\r',
                    b't' => b'\t',
                    b'b' => 8,
                    b'f' => 12,
                    itself => *itself,
                })
            }
            [octet, rest @ ..] => {
                self.rest = rest;
                Some(*octet)
            }
            [] => None,
        }
    }
}

/// The character whose `\u` was read (RFC 8259 section 7), and what follows it; U+FFFD for half of a pair.
fn escaped_character(rest: &[u8]) -> (char, &[u8]) {
    let (first, behind) = hexadecimal(rest);
    if (0xD800..0xDC00).contains(&first)
        && let [b'\\', b'u', low @ ..] = behind
        && let (low @ 0xDC00..0xE000, behind) = hexadecimal(low)
    {
        let both = 0x1_0000 + ((first - 0xD800) << 10) + (low - 0xDC00);
        return (char::from_u32(both).unwrap_or(char::REPLACEMENT_CHARACTER), behind);
    }
    (char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER), behind)
}

/// Four hexadecimal digits, or as many as there are.
fn hexadecimal(text: &[u8]) -> (u32, &[u8]) {
    let mut number = 0;
    let mut rest = text;
    for _ in 0..4 {
        let [digit, others @ ..] = rest else { break };
        let Some(digit) = char::from(*digit).to_digit(16) else { break };
        number = number << 4 | digit;
        rest = others;
    }
    (number, rest)
}

/// A value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Value<'a> {
    /// A string.
    Text(JsonText<'a>),
    /// A number, `true` or `false`.
    Scalar(JsonText<'a>),
    /// `null`.
    Null,
    /// An object: what stands between its braces.
    Object(&'a [u8]),
    /// A list: what stands between its brackets.
    List(&'a [u8]),
}

/// The members of the object that `document` is; none when it is no object.
pub(super) fn members_of(document: &[u8]) -> Members<'_> {
    match (Cursor { rest: document }).value() {
        Some(Value::Object(inner)) => members(inner),
        _ => members(b""),
    }
}

/// The members of an object, of which `inner` stands between the braces.
pub(super) fn members(inner: &[u8]) -> Members<'_> {
    Members(Cursor { rest: inner })
}

/// The elements of a list, of which `inner` stands between the brackets.
pub(super) fn elements(inner: &[u8]) -> Elements<'_> {
    Elements(Cursor { rest: inner })
}

/// Names and values of an object.
#[derive(Debug, Clone)]
pub(super) struct Members<'a>(Cursor<'a>);

impl<'a> Iterator for Members<'a> {
    type Item = (JsonText<'a>, Value<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        let Value::Text(name) = self.0.value()? else { return self.0.end() };
        if self.0.token() != Some(b':') {
            return self.0.end();
        }
        self.0.rest = self.0.rest.get(1..)?;
        let value = self.0.element()?;
        Some((name, value))
    }
}

/// Values of a list.
#[derive(Debug, Clone)]
pub(super) struct Elements<'a>(Cursor<'a>);

impl<'a> Iterator for Elements<'a> {
    type Item = Value<'a>;

    fn next(&mut self) -> Option<Value<'a>> {
        self.0.element()
    }
}

/// A place in a document.
#[derive(Debug, Clone)]
struct Cursor<'a> {
    rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    /// Ends the reading.
    fn end<T>(&mut self) -> Option<T> {
        self.rest = b"";
        None
    }

    /// The octet that comes next, white space aside.
    fn token(&mut self) -> Option<u8> {
        while let [b' ' | b'\t' | b'\r' | b'\n', rest @ ..] = self.rest {
            self.rest = rest;
        }
        self.rest.first().copied()
    }

    /// Reads a value, and the comma behind it if there is one.
    fn element(&mut self) -> Option<Value<'a>> {
        let value = self.value();
        match self.token() {
            Some(b',') => self.rest = self.rest.get(1..).unwrap_or_default(),
            // What follows is no JSON.
            Some(_) => self.rest = b"",
            None => {}
        }
        value
    }

    /// Reads a value.
    fn value(&mut self) -> Option<Value<'a>> {
        let first = self.token()?;
        let length = match first {
            b'"' => string_length(self.rest),
            b'{' | b'[' => nested_length(self.rest),
            _ => Some(self.rest.iter().take_while(|octet| is_of_scalar(**octet)).count()),
        };
        let Some((value, rest)) = length.and_then(|length| self.rest.split_at_checked(length)) else {
            return self.end();
        };
        self.rest = rest;
        let inner = || value.get(1..value.len().saturating_sub(1)).unwrap_or_default();
        match first {
            b'"' => Some(Value::Text(JsonText(inner()))),
            b'{' => Some(Value::Object(inner())),
            b'[' => Some(Value::List(inner())),
            _ if value.is_empty() => self.end(),
            _ if value == b"null" => Some(Value::Null),
            _ => Some(Value::Scalar(JsonText(value))),
        }
    }
}

/// Whether an octet may be part of a number, `true`, `false` or `null`.
fn is_of_scalar(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || matches!(octet, b'+' | b'-' | b'.')
}

/// Octets of the string at the start of `text`, both quotes included; `None` when it does not end.
fn string_length(text: &[u8]) -> Option<usize> {
    let mut at = 1;
    loop {
        at += memchr::memchr2(b'"', b'\\', text.get(at..)?)?;
        if text.get(at) == Some(&b'"') {
            return Some(at + 1);
        }
        at += 2;
    }
}

/// Octets of the object or list at the start of `text`; `None` when it does not end, or nests too deeply.
fn nested_length(text: &[u8]) -> Option<usize> {
    let mut depth = 0_usize;
    let mut at = 0;
    loop {
        match text.get(at)? {
            b'"' => {
                at += string_length(text.get(at..)?)?;
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth -= 1,
            _ => {}
        }
        at += 1;
        match depth {
            0 => return Some(at),
            1..=DEPTH_MAX => {}
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use proptest::prelude::*;

    use super::*;

    fn text(text: JsonText<'_>) -> String {
        let mut out = Vec::new();
        text.append_to(&mut out);
        String::from_utf8(out).unwrap()
    }

    /// The value as another reader has it; `None` for what ends the reading.
    fn tree(value: Value<'_>) -> serde_json::Value {
        match value {
            Value::Text(found) => text(found).into(),
            // The other reader rounds fractions, which are compared as they are written.
            Value::Scalar(found) if text(found).contains('.') => text(found).parse::<f64>().unwrap().into(),
            Value::Scalar(found) => serde_json::from_str(&text(found)).unwrap(),
            Value::Null => serde_json::Value::Null,
            Value::Object(inner) => {
                let pairs: serde_json::Map<String, serde_json::Value> =
                    members(inner).map(|(name, value)| (text(name), tree(value))).collect();
                pairs.into()
            }
            Value::List(inner) => elements(inner).map(tree).collect(),
        }
    }

    fn any_json() -> impl Strategy<Value = serde_json::Value> {
        let word = "[a-c\"\\\\\u{0}-\u{1f}\u{e9}\u{1f600}{}:,\\[\\]]{0,6}";
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(Into::into),
            any::<i64>().prop_map(Into::into),
            (-1e9..1e9).prop_map(|number: f64| (number.trunc() + 0.25).into()),
            word.prop_map(Into::into),
        ];
        leaf.prop_recursive(5, 40, 5, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Into::into),
                prop::collection::btree_map(word, inner, 0..5)
                    .prop_map(|pairs| pairs.into_iter().collect::<serde_json::Map<_, _>>().into()),
            ]
        })
    }

    proptest! {
        #[test]
        fn reads_what_another_writes(json in any_json(), is_pretty in any::<bool>()) {
            let written = if is_pretty {
                serde_json::to_string_pretty(&json).unwrap()
            } else {
                json.to_string()
            };
            let mut cursor = Cursor { rest: written.as_bytes() };
            prop_assert_eq!(tree(cursor.value().unwrap()), json);
            prop_assert!(cursor.rest.is_empty());
        }

        #[test]
        fn whatever_the_octets_the_reading_ends(octets in prop::collection::vec(
            prop::sample::select(b"{}[]\",:\\u0aD \xff".to_vec()), 0..60)) {
            let mut cursor = Cursor { rest: &octets };
            let mut read = 0;
            while let Some(value) = cursor.element() {
                read += 1;
                if let Value::Object(inner) = value {
                    read += members(inner).count();
                }
            }
            prop_assert!(read <= octets.len());
        }
    }

    #[test]
    fn escapes_stand_for_characters() {
        let written = br#""a\"b\\c\/\n\r\t\b\f\u00e9\ud83d\ude00\ud83dx\udc00\u12""#;
        let Some(Value::Text(found)) = (Cursor { rest: written }).value() else { panic!("a string") };
        let expected = "a\"b\\c/\n\r\t\u{8}\u{c}\u{e9}\u{1f600}\u{fffd}x\u{fffd}\u{12}";
        assert_eq!(text(found), expected);
        assert!(found.as_plain().is_none());
        assert!(found.equals(expected.as_bytes()) && !found.equals(b"a"));
        assert_eq!(JsonText(b"AB").strip_from(b"abc"), Some(&b"c"[..]));
        assert_eq!(JsonText(br"\u0041B").strip_from(b"abc"), Some(&b"c"[..]));
        assert_eq!(JsonText(b"abcd").strip_from(b"abc"), None);
    }

    #[test]
    fn deep_nesting_ends_the_reading() {
        let nested = |depth: usize| format!("{{\"a\":{}{},\"b\":1}}", "[".repeat(depth), "]".repeat(depth));
        assert_eq!(members_of(nested(DEPTH_MAX - 1).as_bytes()).count(), 2);
        assert_eq!(members_of(nested(DEPTH_MAX + 1).as_bytes()).count(), 0);
        assert_eq!(members_of(b"[1]").count(), 0);
        assert_eq!(members_of(b"").count(), 0);
        assert_eq!(members_of(br#"{"a":1 2,"b":3}"#).count(), 1, "no comma, nothing more");
    }
}
