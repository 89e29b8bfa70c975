//! What a client offers at the start of a TLS handshake, read only to tell an operator why it was refused.
//!
//! Invariant: decides nothing; what it does not understand it leaves out.

use std::fmt;

use rustls::CipherSuite;

/// Octets that are looked at.
pub const HELLO_OCTETS: usize = 512;

/// Cipher suites that are named in a log line.
const SUITES_NAMED_MAX: usize = 6;

/// The offer of a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Offer {
    /// A ClientHello (RFC 5246 7.4.1.2).
    Hello {
        /// `client_version`: 0x0303 is TLS 1.2, or newer.
        version: u16,
        /// `cipher_suites`, as far as they were looked at.
        suites: Vec<u16>,
    },
    /// Something else.
    NotTls,
}

impl Offer {
    /// The offer in the first octets of a connection.
    #[must_use]
    pub fn of(octets: &[u8]) -> Self {
        hello(octets).unwrap_or(Self::NotTls)
    }
}

/// Record header (5), handshake header (4), version (2), random (32), session id, cipher suites.
fn hello(octets: &[u8]) -> Option<Offer> {
    if octets.first() != Some(&22) || octets.get(5) != Some(&1) {
        return None;
    }
    let two = |at: usize| octets.get(at..at + 2)?.first_chunk().map(|pair| u16::from_be_bytes(*pair));
    let version = two(9)?;
    let session = octets.get(43).copied().unwrap_or_default();
    let start = 44 + usize::from(session);
    let length = two(start).unwrap_or_default();
    let list = octets.get(start + 2..).unwrap_or_default();
    let suites = list.get(..usize::from(length)).unwrap_or(list).chunks_exact(2);
    let suites = suites.filter_map(|pair| pair.first_chunk()).map(|pair| u16::from_be_bytes(*pair)).collect();
    Some(Offer::Hello { version, suites })
}

impl fmt::Display for Offer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::Hello { version, suites } = self else { return f.write_str("something that is not TLS") };
        match version {
            0x0300 => f.write_str("SSL 3.0")?,
            0x0301 => f.write_str("TLS 1.0")?,
            0x0302 => f.write_str("TLS 1.1")?,
            _ => f.write_str("TLS 1.2 or newer")?,
        }
        for (place, suite) in suites.iter().take(SUITES_NAMED_MAX).enumerate() {
            f.write_str(if place == 0 { " with " } else { ", " })?;
            match CipherSuite::from(*suite).as_str() {
                Some(name) => f.write_str(name)?,
                None => write!(f, "cipher suite {suite:#06x}")?,
            }
        }
        match suites.len().saturating_sub(SUITES_NAMED_MAX) {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client_hello(version: u16, suites: &[u16]) -> Vec<u8> {
        let mut octets = vec![22, 3, 1, 0, 0, 1, 0, 0, 0];
        octets.extend(version.to_be_bytes());
        octets.extend([0; 32]);
        octets.extend([2, 9, 9]);
        octets.extend((suites.len() as u16 * 2).to_be_bytes());
        suites.iter().for_each(|suite| octets.extend(suite.to_be_bytes()));
        octets.extend([1, 0]);
        octets
    }

    #[test]
    fn an_offer_is_told_in_words() {
        let old = client_hello(0x0302, &[0x002f, 0x0035, 0xeeee]);
        assert_eq!(
            Offer::of(&old).to_string(),
            "TLS 1.1 with TLS_RSA_WITH_AES_128_CBC_SHA, TLS_RSA_WITH_AES_256_CBC_SHA, cipher suite 0xeeee"
        );
        let many = client_hello(0x0303, &[0x002f; 9]);
        assert!(Offer::of(&many).to_string().ends_with("_SHA and 3 more"));
        assert_eq!(Offer::of(b"<14>a b: c").to_string(), "something that is not TLS");
        for end in 0..many.len() {
            let _ = Offer::of(&many[..end]).to_string();
        }
    }
}
