//! Escapes in values: which octets a backslash protects differs by format.
//!
//! Invariant: a backslash that escapes nothing is itself kept (RFC 5424 6.3.3), and nothing is copied: a value is
//! the row of its pieces.

/// What a backslash may stand before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Escapes {
    /// `"`, `\` and `]` (RFC 5424 6.3.3).
    StructuredData,
    /// `"`: quoted values of firewalls.
    Quote,
    /// `|` and `\`: the header of CEF.
    CefHeader,
    /// `=`, `|`, `\`, and `n` and `r` for line ends: the extension of CEF.
    CefExtension,
    /// `=`: attributes of LEEF.
    Equals,
}

impl Escapes {
    /// What an escaped `octet` means; `None` when it needs no escape.
    fn meaning(self, octet: u8) -> Option<Meaning> {
        let itself = match (self, octet) {
            (Self::StructuredData, b'"' | b'\\' | b']')
            | (Self::Quote, b'"')
            | (Self::CefHeader, b'|' | b'\\')
            | (Self::CefExtension, b'=' | b'|' | b'\\')
            | (Self::Equals, b'=') => true,
            (Self::CefExtension, b'n') => return Some(Meaning::Text(b"\n")),
            (Self::CefExtension, b'r') => return Some(Meaning::Text(b"\r")),
            _ => false,
        };
        itself.then_some(Meaning::Itself)
    }
}

/// What an escape stands for.
enum Meaning {
    /// The octet behind the backslash.
    Itself,
    /// Other octets.
    Text(&'static [u8]),
}

/// Iterator over the unescaped pieces of a value; no piece is empty.
#[derive(Debug, Clone)]
pub struct Pieces<'a> {
    rest: &'a [u8],
    escapes: Escapes,
}

impl<'a> Pieces<'a> {
    /// The pieces of `raw`.
    #[must_use]
    pub fn new(raw: &'a [u8], escapes: Escapes) -> Self {
        Self { rest: raw, escapes }
    }

    /// What the pieces are made of, escapes included; where there is no backslash, it is the only piece.
    #[must_use]
    pub fn raw(&self) -> &'a [u8] {
        self.rest
    }
}

impl<'a> Iterator for Pieces<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        // The octet after an escaping backslash is plain, so the search for the next escape starts behind it.
        let mut from = 0;
        if let [b'\\', escaped, ..] = self.rest {
            match self.escapes.meaning(*escaped) {
                Some(Meaning::Itself) => {
                    self.rest = self.rest.get(1..)?;
                    from = 1;
                }
                Some(Meaning::Text(text)) => {
                    self.rest = self.rest.get(2..)?;
                    return Some(text);
                }
                None => {}
            }
        }
        let mut end = self.rest.len();
        while let Some(offset) = memchr::memchr(b'\\', self.rest.get(from..)?) {
            let place = from + offset;
            if self.rest.get(place + 1).is_some_and(|octet| self.escapes.meaning(*octet).is_some()) {
                end = place;
                break;
            }
            from = place + 1;
        }
        let (piece, rest) = self.rest.split_at_checked(end)?;
        self.rest = rest;
        (!piece.is_empty()).then_some(piece)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(raw: &[u8], escapes: Escapes) -> String {
        let pieces: Vec<&[u8]> = Pieces::new(raw, escapes).collect();
        assert!(pieces.iter().all(|piece| !piece.is_empty()));
        String::from_utf8_lossy(&pieces.concat()).into_owned()
    }

    #[test]
    fn each_format_has_its_escapes() {
        let raw = br#"a\"b\\c\]d\=e\|f\ng\"#;
        assert_eq!(plain(raw, Escapes::StructuredData), r#"a"b\c]d\=e\|f\ng\"#);
        assert_eq!(plain(raw, Escapes::Quote), r#"a"b\\c\]d\=e\|f\ng\"#);
        assert_eq!(plain(raw, Escapes::CefHeader), r#"a\"b\c\]d\=e|f\ng\"#);
        assert_eq!(plain(raw, Escapes::CefExtension), "a\\\"b\\c\\]d=e|f\ng\\");
        assert_eq!(plain(raw, Escapes::Equals), r#"a\"b\\c\]d=e\|f\ng\"#);
        assert_eq!(plain(br"\n\n\r", Escapes::CefExtension), "\n\n\r");
        assert_eq!(plain(b"", Escapes::Quote), "");
    }
}
