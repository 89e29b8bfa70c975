//! The heads of the modules in a file: `NAME DEFINITIONS ::= BEGIN` (RFC 2578 section 3).

/// Modules that one file may hold.
const HEADS_MAX: usize = 1_000;

/// Names of the modules that begin in `octets`, in their order.
pub(super) fn names(octets: &[u8]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    // The last word that may be a name: an object identifier may stand between it and DEFINITIONS.
    let mut candidate: Option<&[u8]> = None;
    let mut named: Option<&[u8]> = None;
    let mut depth = 0_usize;
    for token in (Tokens { rest: octets }) {
        match token {
            b"{" => depth += 1,
            b"}" => depth = depth.saturating_sub(1),
            _ if depth > 0 => {}
            b"DEFINITIONS" => named = candidate.take(),
            b"::=" => {}
            b"BEGIN" => {
                let name = named.take().map(|name| String::from_utf8_lossy(name).into_owned());
                names.extend(name.filter(|name| !names.contains(name)));
                if names.len() >= HEADS_MAX {
                    break;
                }
            }
            word => {
                named = None;
                candidate = word.first().filter(|first| first.is_ascii_uppercase()).map(|_| word);
            }
        }
    }
    names
}

/// Words and signs, without strings and comments (RFC 2578 3.3: a comment ends at the next `--` or with the line, and
/// few modules mean the former).
struct Tokens<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Tokens<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        loop {
            let first = *self.rest.first()?;
            let length = match first {
                b'-' if self.rest.starts_with(b"--") => {
                    self.skip_to(b'\n');
                    continue;
                }
                b'"' => {
                    self.take(1);
                    self.skip_to(b'"');
                    continue;
                }
                b':' if self.rest.starts_with(b"::=") => 3,
                _ if is_word(first) => self.rest.iter().take_while(|octet| is_word(**octet)).count(),
                _ if first.is_ascii_whitespace() => {
                    self.take(1);
                    continue;
                }
                _ => 1,
            };
            return Some(self.take(length));
        }
    }
}

impl<'a> Tokens<'a> {
    fn take(&mut self, length: usize) -> &'a [u8] {
        let (taken, rest) = self.rest.split_at_checked(length).unwrap_or((self.rest, &[]));
        self.rest = rest;
        taken
    }

    /// Goes behind the next `end`.
    fn skip_to(&mut self, end: u8) {
        let at = memchr::memchr(end, self.rest).map_or(self.rest.len(), |at| at + 1);
        self.take(at);
    }
}

const fn is_word(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'_' | b'.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_and_what_only_looks_like_them() {
        assert_eq!(
            names(b"A-MIB DEFINITIONS ::= BEGIN END B-MIB\n-- x\nDEFINITIONS::=BEGIN"),
            ["A-MIB", "B-MIB"]
        );
        assert_eq!(names(b"OLD-MIB { iso org(3) 6 } DEFINITIONS ::= BEGIN"), ["OLD-MIB"]);
        assert_eq!(names(b"A-MIB DEFINITIONS IMPLICIT TAGS ::= BEGIN"), Vec::<String>::new());
        assert_eq!(
            names(b"-- A-MIB DEFINITIONS ::= BEGIN\n\"B-MIB DEFINITIONS ::= BEGIN\""),
            Vec::<String>::new()
        );
        assert_eq!(names(b"lower DEFINITIONS ::= BEGIN"), Vec::<String>::new());
        assert_eq!(names(b"A DEFINITIONS ::= BEGIN X MACRO ::= BEGIN END END"), ["A"]);
    }
}
