//! The slow path: forms of the Basic Encoding Rules that SNMP forbids (RFC 3417 section 8) and some senders use,
//! rewritten into the subset that the decoders read.
//!
//! ```text
//! 30 80 ... 00 00     ->  30 82 LL LL ...        indefinite length (X.690 8.1.3.6)
//! 24 L (04 L a)(04 L b) ->  04 82 LL LL a b      constructed OCTET STRING (X.690 8.7.3)
//! ```
//!
//! One decoder for both paths means one meaning: a second one with other leniencies would read some messages
//! differently. Invariant: nothing recurses, the depth is bounded, and what is written has a bound of its own.

use crate::base::limits::DATAGRAM_OCTETS_MAX;
use crate::wire::ber::{length, tag};
use crate::wire::cursor::Cursor;
use crate::wire::error::{DecodeError, Reason};

/// How deep encodings may lie in each other. A message of version 1 or 2c has four levels: message, PDU, varbind list,
/// varbind; a string may add some.
const DEPTH_MAX: usize = 8;

/// The bit of an identifier octet that says that the contents are encodings themselves (X.690 8.1.2.5).
const CONSTRUCTED: u8 = 0x20;

/// Octets of the length that is written: `82` and two.
const LENGTH_OCTETS: usize = 3;

/// An encoding whose contents are being rewritten.
#[derive(Debug, Clone, Copy, Default)]
struct Open {
    /// Octets of the datagram that are left when it ends; `None`: two zero octets end it.
    left_at_end: Option<usize>,
    /// Where its length stands in the output; `None` for a string within a string, which has none of its own.
    length_at: Option<usize>,
    /// Whether it is an OCTET STRING, whose parts are joined.
    is_string: bool,
}

/// What was rewritten.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rewritten<'a> {
    /// The octets that follow the encoding.
    pub behind: &'a [u8],
    /// Whether there was an indefinite length (X.690 8.1.3.6).
    pub is_indefinite: bool,
    /// Whether there was a string in pieces (X.690 8.7.3).
    pub is_joined: bool,
}

/// Rewrites the encoding (X.690 8.1.1) at the start of `bytes` into `out`, which is emptied first: definite lengths,
/// strings in one piece, all else octet for octet.
///
/// # Errors
/// [`DecodeError`]: it is not well-formed, deeper than a message can be, or too long for a datagram when rewritten.
pub fn rewrite<'a>(bytes: &'a [u8], out: &mut Vec<u8>) -> Result<Rewritten<'a>, DecodeError> {
    out.clear();
    let input = Cursor::new(bytes);
    let stack = [Open::default(); DEPTH_MAX];
    let mut rewriter = Rewriter { input, stack, depth: 0, out, is_indefinite: false, is_joined: false };
    rewriter.begin(false)?;
    while let Some(open) = rewriter.depth.checked_sub(1).and_then(|top| rewriter.stack.get(top)).copied() {
        rewriter.step(&open)?;
    }
    let Rewriter { input, is_indefinite, is_joined, .. } = rewriter;
    Ok(Rewritten { behind: input.rest(), is_indefinite, is_joined })
}

/// A rewriting under way.
struct Rewriter<'a, 'o> {
    input: Cursor<'a>,
    /// The first `depth` are open, each within the one before.
    stack: [Open; DEPTH_MAX],
    depth: usize,
    out: &'o mut Vec<u8>,
    is_indefinite: bool,
    is_joined: bool,
}

impl Rewriter<'_, '_> {
    /// Ends the innermost open encoding, or begins the next one within it.
    fn step(&mut self, open: &Open) -> Result<(), DecodeError> {
        let at = self.input;
        let is_over = match open.left_at_end {
            Some(left) if at.left() < left => return Err(at.error(Reason::LengthBeyondParent)),
            Some(left) => at.left() == left,
            None => at.rest().starts_with(&[0, 0]),
        };
        if !is_over {
            self.begin(open.is_string)?;
        } else {
            if open.left_at_end.is_none() {
                self.input.sub(2)?;
            }
            end(open, self.out).ok_or_else(|| at.error(Reason::LengthBeyondParent))?;
            self.depth -= 1;
        }
        if self.out.len() > DATAGRAM_OCTETS_MAX {
            return Err(at.error(Reason::LengthBeyondParent));
        }
        Ok(())
    }

    /// Reads a header; copies the whole of a primitive encoding, or opens a constructed one.
    fn begin(&mut self, is_in_string: bool) -> Result<(), DecodeError> {
        let at = self.input;
        let identifier = self.input.octet()?;
        if identifier & 0x1F == 0x1F {
            return Err(at.error(Reason::MultiOctetTag));
        }
        let is_string = identifier == tag::OCTET_STRING_CONSTRUCTED;
        if is_in_string && !is_string && identifier != tag::OCTET_STRING {
            return Err(at.error(Reason::UnexpectedTag));
        }
        let is_indefinite = self.input.rest().first() == Some(&0x80);
        if identifier & CONSTRUCTED == 0 {
            // Only what is made of encodings can be ended by one (X.690 8.1.3.2).
            let length = length::read(&mut self.input)?;
            let contents = self.input.sub(length)?;
            let copied = if is_in_string { contents.rest() } else { at.until(&self.input) };
            self.out.extend_from_slice(copied);
            return Ok(());
        }
        let left_at_end = if is_indefinite {
            self.input.octet()?;
            None
        } else {
            let length = length::read(&mut self.input)?;
            let left = self.input.left().checked_sub(length);
            Some(left.ok_or_else(|| at.error(Reason::LengthBeyondParent))?)
        };
        let length_at = if is_in_string {
            None
        } else {
            self.out.push(if is_string { tag::OCTET_STRING } else { identifier });
            self.out.extend_from_slice(&[0x82, 0, 0]);
            Some(self.out.len() - LENGTH_OCTETS)
        };
        self.is_indefinite |= is_indefinite;
        self.is_joined |= is_string;
        let place = self.stack.get_mut(self.depth).ok_or_else(|| at.error(Reason::TooDeep))?;
        *place = Open { left_at_end, length_at, is_string };
        self.depth += 1;
        Ok(())
    }
}

/// Writes the length of an encoding that ends where `out` does; `None` when it is longer than any datagram.
fn end(open: &Open, out: &mut [u8]) -> Option<()> {
    let Some(length_at) = open.length_at else { return Some(()) };
    let contents = out.len().checked_sub(length_at + LENGTH_OCTETS)?;
    let octets = u16::try_from(contents).ok()?.to_be_bytes();
    out.get_mut(length_at + 1..)?.first_chunk_mut::<2>().map(|place| *place = octets)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rewritten(bytes: &[u8]) -> Result<(Vec<u8>, usize), Reason> {
        let mut out = vec![9];
        let rewritten = rewrite(bytes, &mut out).map_err(|error| error.reason)?;
        assert_eq!(rewritten.is_joined, bytes[0] == 0x24);
        Ok((out, rewritten.behind.len()))
    }

    #[test]
    fn lengths_become_definite_and_strings_whole() {
        for (bytes, expected) in [
            (&[0x30, 0x80, 2, 1, 5, 0, 0][..], &[0x30, 0x82, 0, 3, 2, 1, 5][..]),
            (&[0x30, 0x80, 0, 0], &[0x30, 0x82, 0, 0]),
            // Within a definite length, and the other way round.
            (&[0x30, 6, 0xA7, 0x80, 5, 0, 0, 0], &[0x30, 0x82, 0, 6, 0xA7, 0x82, 0, 2, 5, 0]),
            (&[0x30, 0x80, 0x30, 2, 5, 0, 0, 0], &[0x30, 0x82, 0, 6, 0x30, 0x82, 0, 2, 5, 0]),
            // Zeros that are contents do not end anything.
            (&[0x30, 0x80, 4, 4, 0, 0, 0, 0, 0, 0], &[0x30, 0x82, 0, 6, 4, 4, 0, 0, 0, 0]),
            (&[0x24, 6, 4, 1, b'a', 4, 1, b'b'], &[4, 0x82, 0, 2, b'a', b'b']),
            (&[0x24, 0x80, 4, 1, b'a', 0x24, 3, 4, 1, b'b', 0, 0], &[4, 0x82, 0, 2, b'a', b'b']),
            (&[0x24, 0], &[4, 0x82, 0, 0]),
            (&[2, 1, 7], &[2, 1, 7]),
        ] {
            assert_eq!(rewritten(bytes), Ok((expected.to_vec(), 0)), "{bytes:02x?}");
            assert_eq!(rewritten(&[bytes, &[1, 2]].concat()), Ok((expected.to_vec(), 2)), "with more behind");
            for cut in 0..bytes.len() {
                assert!(rewritten(&bytes[..cut]).is_err(), "{bytes:02x?} cut at {cut}");
            }
        }
    }

    #[test]
    fn it_tells_what_it_found() {
        let found = |bytes: &[u8]| {
            let rewritten = rewrite(bytes, &mut Vec::new()).map_err(|error| error.reason);
            rewritten.map(|rewritten| (rewritten.is_indefinite, rewritten.is_joined))
        };
        assert_eq!(found(&[0x30, 2, 5, 0]), Ok((false, false)));
        assert_eq!(found(&[0x30, 0x80, 5, 0, 0, 0]), Ok((true, false)));
        assert_eq!(found(&[0x30, 4, 0x24, 2, 4, 0]), Ok((false, true)));
    }

    #[test]
    fn refusals() {
        for (bytes, reason) in [
            (&[0x04, 0x80, 0, 0][..], Reason::IndefiniteLength),
            (&[0x30, 3, 0x30, 0x80, 0, 0], Reason::LengthBeyondParent),
            (&[0x30, 1, 2, 1, 5], Reason::LengthBeyondParent),
            (&[0x30, 5, 0], Reason::LengthBeyondParent),
            (&[0x24, 3, 2, 1, 5], Reason::UnexpectedTag),
            (&[0x30, 0x80, 0x1F, 0x81, 1, 0], Reason::MultiOctetTag),
            (&[0x30, 0xFF, 0], Reason::ReservedLength),
            (&[0x30, 0x80], Reason::UnexpectedEnd),
            (&[], Reason::UnexpectedEnd),
        ] {
            assert_eq!(rewritten(bytes), Err(reason), "{bytes:02x?}");
        }
        let deep = |depth: usize| [[0x30, 0x80].repeat(depth), [0, 0].repeat(depth)].concat();
        assert!(rewritten(&deep(DEPTH_MAX)).is_ok());
        assert_eq!(rewritten(&deep(DEPTH_MAX + 1)), Err(Reason::TooDeep));
        assert_eq!(rewritten(&deep(30_000)), Err(Reason::TooDeep));
        let wide = [&[0x30, 0x80][..], &[0x30, 0].repeat(32_000), &[0, 0]].concat();
        assert_eq!(rewritten(&wide), Err(Reason::LengthBeyondParent), "twice as long when rewritten");
    }
}
