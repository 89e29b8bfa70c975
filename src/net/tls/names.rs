//! What clients are called: fingerprints of certificates, and the names in them (RFC 5425 4.2.2, 5.2).
//!
//! Invariant: a wildcard stands for one whole left-most label and nothing else, whoever wrote it.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::FromDer as _;

/// SHA-256 of a certificate in DER.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// That of `certificate`, in DER.
    #[must_use]
    pub fn of(certificate: &[u8]) -> Self {
        let digest = ring::digest::digest(&ring::digest::SHA256, certificate);
        let mut octets = [0; 32];
        for (place, octet) in octets.iter_mut().zip(digest.as_ref()) {
            *place = *octet;
        }
        Self(octets)
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SHA256")?;
        self.0.iter().try_for_each(|octet| write!(f, ":{octet:02X}"))
    }
}

impl FromStr for Fingerprint {
    type Err = &'static str;

    /// `SHA256:AB:CD:...` or `sha-256:...`, in any case, with or without colons between the octets.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, digits) = text.split_once([':', '=']).ok_or("no name of a hash before a colon")?;
        if !["SHA256", "SHA-256", "SHA256 FINGERPRINT"].iter().any(|known| name.eq_ignore_ascii_case(known)) {
            return Err("only SHA-256 fingerprints are taken");
        }
        let digits: Vec<u8> = digits.bytes().filter(|octet| *octet != b':').collect();
        let value = |digit: u8| char::from(digit).to_digit(16);
        if digits.len() != 64 || digits.iter().any(|digit| value(*digit).is_none()) {
            return Err("not 32 octets in hexadecimal digits");
        }
        let mut octets = [0; 32];
        for (place, pair) in octets.iter_mut().zip(digits.chunks_exact(2)) {
            // Two digits fit an octet.
            *place =
                pair.iter().filter_map(|digit| value(*digit)).fold(0, |sum, digit| sum * 16 + digit) as u8;
        }
        Ok(Self(octets))
    }
}

/// A name of clients that are let in.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ClientName {
    /// A dNSName in lower case; `*` may be its left-most label.
    Dns(String),
    /// An iPAddress.
    Ip(IpAddr),
}

impl FromStr for ClientName {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Ok(ip) = text.parse::<IpAddr>() {
            return Ok(Self::Ip(ip));
        }
        let name = text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase();
        let labels = name.strip_prefix("*.").unwrap_or(&name);
        if labels.contains('*') {
            return Err("a * may only be the whole of the left-most label, as in *.example.net");
        }
        if name.starts_with("*.") && !labels.contains('.') {
            return Err("a * would stand for a whole top-level domain");
        }
        let is_label = |label: &str| {
            (1..=63).contains(&label.len())
                && label.bytes().all(|octet| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'_'))
        };
        if name.len() > 253 || !labels.split('.').all(is_label) {
            return Err("not a DNS name or an IP address");
        }
        Ok(Self::Dns(name))
    }
}

impl ClientName {
    /// Whether `presented`, a dNSName of a certificate, is this name.
    fn is_dns(&self, presented: &str) -> bool {
        let Self::Dns(wanted) = self else { return false };
        let presented = presented.strip_suffix('.').unwrap_or(presented).to_ascii_lowercase();
        if *wanted == presented {
            return true;
        }
        // Either side may stand for many: `*.example.net` in our list, or in the certificate.
        covers(wanted, &presented) || covers(&presented, wanted)
    }
}

/// Whether `pattern` is `*.` and the labels of `name` but the first.
fn covers(pattern: &str, name: &str) -> bool {
    let Some(rest) = pattern.strip_prefix("*.") else { return false };
    // In a certificate, a * for a whole top-level domain is not believed.
    rest.contains('.')
        && !rest.contains('*')
        && name
            .split_once('.')
            .is_some_and(|(first, behind)| behind == rest && !first.is_empty() && first != "*")
}

/// Whether one of `wanted` is a name of `certificate`, which is in DER and was found good. Its dNSName and iPAddress
/// count; its Common Name only when it has no subjectAltName (RFC 5425 5.2).
#[must_use]
pub fn is_one_of(certificate: &[u8], wanted: &[ClientName]) -> bool {
    let Ok((_, certificate)) = X509Certificate::from_der(certificate) else { return false };
    let is_named = |name: &str| wanted.iter().any(|wanted| wanted.is_dns(name));
    match certificate.subject_alternative_name() {
        Ok(Some(names)) => names.value.general_names.iter().any(|name| match name {
            GeneralName::DNSName(name) => is_named(name),
            GeneralName::IPAddress(octets) => {
                address(octets).is_some_and(|ip| wanted.contains(&ClientName::Ip(ip)))
            }
            _ => false,
        }),
        Ok(None) => {
            let names = certificate.subject().iter_common_name();
            // A CN that is a wildcard would be one of a certificate without names.
            names.filter_map(|name| name.as_str().ok()).any(|name| !name.contains('*') && is_named(name))
        }
        Err(_) => false,
    }
}

/// An iPAddress.
fn address(octets: &[u8]) -> Option<IpAddr> {
    match octets.len() {
        4 => octets.first_chunk::<4>().map(|octets| IpAddr::from(*octets)),
        16 => octets.first_chunk::<16>().map(|octets| IpAddr::from(*octets)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn fingerprints_in_all_spellings() {
        let wanted = Fingerprint::of(b"x");
        let text = wanted.to_string();
        let bare = text[7..].replace(':', "");
        for spelling in [
            text.clone(),
            text.to_lowercase(),
            text.replace("SHA256", "sha-256"),
            format!("SHA256:{bare}"),
            text.replacen("SHA256:", "sha256 Fingerprint=", 1),
        ] {
            assert_eq!(spelling.parse(), Ok(wanted), "{spelling}");
        }
        for bad in ["", "AB:CD", "SHA1:AB:CD", "SHA256:AB:CD", &text[..text.len() - 1], &format!("{text}:00")]
        {
            assert!(bad.parse::<Fingerprint>().is_err(), "{bad}");
        }
        assert!(text.replacen(":2", ":g", 1).parse::<Fingerprint>().is_err());
    }

    #[test]
    fn names_and_wildcards() {
        let is = |wanted: &str, presented: &str| wanted.parse::<ClientName>().unwrap().is_dns(presented);
        assert!(is("a.example.net", "A.Example.net."));
        assert!(is("*.example.net", "a.example.net") && is("a.example.net", "*.example.net"));
        assert!(is("*.example.net", "*.example.net"));
        for (wanted, presented) in [
            ("*.example.net", "example.net"),
            ("*.example.net", "a.b.example.net"),
            ("*.example.net", ".example.net"),
            ("*.b.example.net", "*.example.net"),
            ("a.example.net", "a*.example.net"),
            ("a.example.net", "*"),
            ("a.example.net", "*.*.net"),
            ("example.net", "*.net"),
            ("a.example.net", "b.example.net"),
            ("192.0.2.1", "192.0.2.1"),
        ] {
            assert!(!is(wanted, presented), "{wanted} {presented}");
        }
        for bad in
            ["", "*", "*.net", "a*.example.net", "a.*.net", "*.*.example.net", "a b", "a..b", ".a", "*."]
        {
            assert!(bad.parse::<ClientName>().is_err(), "{bad}");
        }
        assert_eq!("2001:DB8::1".parse(), Ok(ClientName::Ip("2001:db8::1".parse().unwrap())));
    }
}
