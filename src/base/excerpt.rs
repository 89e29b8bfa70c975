//! Octets that a peer chose, made safe to show.

use std::fmt::{self, Write as _};

/// Shows at most [`Excerpt::OCTETS_MAX`] octets of hostile input, escaped: no control character, no terminal
/// sequence and no line break of the peer's reaches a log.
#[derive(Clone, Copy)]
pub struct Excerpt<'a>(pub &'a [u8]);

impl Excerpt<'_> {
    /// How many octets are shown.
    pub const OCTETS_MAX: usize = 64;
}

impl fmt::Display for Excerpt<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for octet in self.0.iter().take(Self::OCTETS_MAX) {
            for escaped in std::ascii::escape_default(*octet) {
                f.write_char(char::from(escaped))?;
            }
        }
        if self.0.len() > Self::OCTETS_MAX {
            write!(f, "... ({} octets)", self.0.len())?;
        }
        Ok(())
    }
}

impl fmt::Debug for Excerpt<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_and_bounds() {
        assert_eq!(Excerpt(b"a\x1b[31m\n").to_string(), "a\\x1b[31m\\n");
        let long = [b'x'; 100];
        assert_eq!(Excerpt(&long).to_string(), format!("{}... (100 octets)", "x".repeat(64)));
    }
}
