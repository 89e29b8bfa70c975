//! Reading the repository's own sources, for the tests that keep them in order.

use std::path::{Path, PathBuf};

/// The top of the repository.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A file of the repository.
#[derive(Debug)]
pub struct Source {
    /// Path below the top, with `/`.
    pub path: String,
    /// As it is.
    pub text: String,
}

impl Source {
    /// A made-up file, for tests of the tests.
    pub fn new(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned() }
    }

    /// The text without what is compiled for tests only; of the same length, with comments, strings and characters
    /// blanked out.
    pub fn shipped_code(&self) -> String {
        if is_test_file(&self.path) { String::new() } else { without_tests(&code(&self.text)) }
    }

    /// `path:line` of the octet at `at`.
    pub fn place(&self, at: usize) -> String {
        let line = self.text.as_bytes()[..at].iter().filter(|octet| **octet == b'\n').count() + 1;
        format!("{}:{line}", self.path)
    }
}

/// Whether all of a file is compiled for tests only.
fn is_test_file(path: &str) -> bool {
    path.starts_with("tests/") || path.ends_with("/tests.rs") || path.ends_with("_tests.rs")
}

/// The files below `folders` (or these files themselves) whose names end in one of `endings`, sorted by path.
pub fn files(folders: &[&str], endings: &[&str]) -> Vec<Source> {
    let mut found = Vec::new();
    let mut waiting: Vec<PathBuf> = folders.iter().map(|folder| root().join(folder)).collect();
    while let Some(path) = waiting.pop() {
        if path.is_dir() {
            waiting.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
            continue;
        }
        let name = path.strip_prefix(root()).unwrap().to_string_lossy().replace('\\', "/");
        if endings.iter().any(|ending| name.ends_with(ending))
            && let Ok(text) = std::fs::read_to_string(&path)
        {
            found.push(Source { path: name, text });
        }
    }
    found.sort_by(|one, other| one.path.cmp(&other.path));
    assert!(!found.is_empty(), "nothing found below {folders:?}");
    found
}

/// Rust code with comments as spaces and what strings and characters hold as `_`, of the same length.
pub fn code(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = bytes.to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let (end, filler) = match bytes[at] {
            b'/' if bytes[at..].starts_with(b"//") => (line_end(bytes, at), b' '),
            b'/' if bytes[at..].starts_with(b"/*") => (block_end(bytes, at), b' '),
            b'"' => (string_end(bytes, at), b'_'),
            b'\'' => match character_end(bytes, at) {
                Some(end) => (end, b'_'),
                None => (at, b'_'),
            },
            b'r' if !follows_word(bytes, at) => match raw_string_end(bytes, at) {
                Some(end) => (end, b'_'),
                None => (at, b'_'),
            },
            _ => (at, b'_'),
        };
        for octet in &mut out[at..end] {
            if *octet != b'\n' {
                *octet = filler;
            }
        }
        at = end.max(at + 1);
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn line_end(bytes: &[u8], at: usize) -> usize {
    bytes[at..].iter().position(|octet| *octet == b'\n').map_or(bytes.len(), |length| at + length)
}

fn block_end(bytes: &[u8], mut at: usize) -> usize {
    let mut depth = 0;
    while at < bytes.len() {
        if bytes[at..].starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if bytes[at..].starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    bytes.len()
}

fn string_end(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

/// End of a character; `None` for a lifetime.
fn character_end(bytes: &[u8], start: usize) -> Option<usize> {
    let rest = &bytes[start + 1..];
    if rest.first() == Some(&b'\\') {
        let length = rest.iter().skip(2).position(|octet| *octet == b'\'')?;
        return Some(start + 1 + 2 + length + 1);
    }
    // A character of up to four octets in UTF-8.
    (1..=4)
        .find(|length| rest.get(*length) == Some(&b'\''))
        .filter(|length| *length == 1 || rest[..*length].iter().all(|octet| !octet.is_ascii()))
        .map(|length| start + 1 + length + 1)
}

fn raw_string_end(bytes: &[u8], start: usize) -> Option<usize> {
    let hashes = bytes[start + 1..].iter().take_while(|octet| **octet == b'#').count();
    if bytes.get(start + 1 + hashes) != Some(&b'"') {
        return None;
    }
    let mut close = vec![b'"'];
    close.extend(std::iter::repeat_n(b'#', hashes));
    let body = start + 2 + hashes;
    let length = bytes[body..].windows(close.len()).position(|window| window == close)?;
    Some(body + length + close.len())
}

fn follows_word(bytes: &[u8], at: usize) -> bool {
    at.checked_sub(1).is_some_and(|before| is_word(bytes[before]) && bytes[before] != b'b')
}

fn is_word(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || octet == b'_'
}

/// Blanks each item after `#[cfg(test)]`, up to its closing brace or semicolon.
fn without_tests(code: &str) -> String {
    const ATTRIBUTE: &str = "#[cfg(test)]";
    let mut out = code.as_bytes().to_vec();
    let mut from = 0;
    while let Some(found) = code[from..].find(ATTRIBUTE) {
        let start = from + found;
        let end = item_end(code.as_bytes(), start + ATTRIBUTE.len());
        for octet in &mut out[start..end] {
            if *octet != b'\n' {
                *octet = b' ';
            }
        }
        from = end;
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// End of the item that starts at `at`: after its `;`, or after the brace that closes its first one.
pub fn item_end(code: &[u8], at: usize) -> usize {
    let mut depth = 0_i32;
    let mut other = 0_i32;
    for (index, octet) in code.iter().enumerate().skip(at) {
        match octet {
            b'(' | b'[' => other += 1,
            b')' | b']' => other -= 1,
            b'{' => depth += 1,
            b'}' => {
                depth -= 1;
                if depth <= 0 {
                    return index + 1;
                }
            }
            b';' if depth == 0 && other == 0 => return index + 1,
            _ => {}
        }
    }
    code.len()
}

/// Places of `word` in `code` that are not part of a longer word.
pub fn places_of<'a>(code: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    let bytes = code.as_bytes();
    code.match_indices(word).map(|(at, _)| at).filter(move |at| {
        let end = at + word.len();
        let joins_before = is_word(word.as_bytes()[0]) && *at > 0 && is_word(bytes[at - 1]);
        let joins_after =
            is_word(word.as_bytes()[word.len() - 1]) && bytes.get(end).is_some_and(|octet| is_word(*octet));
        !joins_before && !joins_after
    })
}

#[test]
fn comments_strings_characters_and_tests_are_blanked() {
    let text = "let a = \"// x \\\" y\"; // unsafe\nlet b = 'a'; let c: &'static str = r#\"dbg \"# ;/* a /* b */ c */ end\n";
    let shown = code(text);
    assert_eq!(shown.len(), text.len());
    for gone in ["unsafe", "dbg", "x", "'a'", " c */"] {
        assert!(!shown.contains(gone), "{gone} in {shown}");
    }
    for kept in ["let a =", "let b =", "&'static str", "end"] {
        assert!(shown.contains(kept), "{kept} not in {shown}");
    }
    let file = Source::new(
        "src/a.rs",
        "fn a() {}\n#[cfg(test)]\nmod tests { fn b() { { } } }\nfn c() {}\n#[cfg(test)]\nmod d;\nfn e() {}",
    );
    let shown = file.shipped_code();
    assert!(shown.contains("fn a()") && shown.contains("fn c()") && shown.contains("fn e()"));
    assert!(!shown.contains("fn b()") && !shown.contains("mod d"));
    assert_eq!(places_of("unbounded unbounded_channel xunbounded", "unbounded").count(), 1);
}
