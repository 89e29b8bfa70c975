//! The PROXY protocol, versions 1 and 2: what a proxy says of the connection it passes on, before anything else.
//!
//! ```text
//! v1:   PROXY SP (TCP4 / TCP6) SP source SP destination SP port SP port CR LF  /  PROXY SP UNKNOWN ... CR LF
//! v2:   signature (12)  version and command (1)  family (1)  length (2)  addresses, then TLVs (length)
//! ```
//!
//! Source: "The PROXY protocol, versions 1 & 2", HAProxy, sections 2.1 and 2.2.
//!
//! Invariant: the answer depends on the octets only, not on how many come behind them; and a header that is longer
//! than [`PROXY_HEADER_OCTETS_MAX`] is refused before it is read.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::base::limits::PROXY_HEADER_OCTETS_MAX;

/// What starts a header of version 2.
const SIGNATURE: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";
/// What starts a header of version 1.
const WORD: &[u8; 6] = b"PROXY ";
/// Octets of a header of version 2 before the addresses.
const FIXED_OCTETS: usize = 16;
/// Octets of a header of version 1, CR LF included (2.1).
const LINE_OCTETS_MAX: usize = 107;

/// What stands at the start of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The start of a header. The buffer must keep what it has.
    NeedMore,
    /// A whole header.
    Header {
        /// Its octets, to be removed from the start of the buffer.
        consumed: usize,
        /// Who opened the proxied connection; `None` when the proxy does not know or speaks for itself (UNKNOWN,
        /// LOCAL): then the sender is the one that connected.
        source: Option<SocketAddr>,
    },
}

/// Why there is no header. The peer's fault, or that of who listed it as a proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProxyError {
    /// The connection starts with something else.
    #[error("no PROXY header")]
    Absent,
    /// A header of version 1 that is not as 2.1 has it.
    #[error("malformed PROXY header of version 1")]
    Line,
    /// A header of version 2 that is not as 2.2 has it.
    #[error("malformed PROXY header of version 2")]
    Binary,
    /// A header of version 2 with more than [`PROXY_HEADER_OCTETS_MAX`] octets.
    #[error("PROXY header of more than {PROXY_HEADER_OCTETS_MAX} octets")]
    TooLong,
}

/// Reads the header at the start of `buffer`, which holds the connection from its first octet on.
///
/// # Errors
/// See [`ProxyError`]. It is known as soon as it is certain, so that what is not a header is not waited for.
pub fn parse(buffer: &[u8]) -> Result<Step, ProxyError> {
    if starts_like(buffer, WORD) {
        return if buffer.len() < WORD.len() { Ok(Step::NeedMore) } else { line(buffer) };
    }
    if starts_like(buffer, SIGNATURE) {
        return binary(buffer);
    }
    Err(ProxyError::Absent)
}

/// Whether `buffer` starts with `mark`, as far as it goes.
fn starts_like(buffer: &[u8], mark: &[u8]) -> bool {
    buffer.iter().zip(mark).all(|(octet, wanted)| octet == wanted)
}

/// Version 1.
fn line(buffer: &[u8]) -> Result<Step, ProxyError> {
    let window = buffer.get(..LINE_OCTETS_MAX).unwrap_or(buffer);
    let Some(end) = memchr::memchr(b'\n', window) else {
        return if window.len() == LINE_OCTETS_MAX { Err(ProxyError::Line) } else { Ok(Step::NeedMore) };
    };
    let text = window.get(WORD.len()..end).unwrap_or_default();
    // Some senders (syslog-ng's loggen) leave CR out.
    let text = std::str::from_utf8(text.strip_suffix(b"\r").unwrap_or(text)).map_err(|_| ProxyError::Line)?;
    let mut words = text.split(' ');
    let source = match words.next() {
        // What may follow is not to be looked at (2.1).
        Some("UNKNOWN") => None,
        Some(family @ ("TCP4" | "TCP6")) => Some(endpoints(family, &mut words).ok_or(ProxyError::Line)?),
        _ => return Err(ProxyError::Line),
    };
    Ok(Step::Header { consumed: end + 1, source })
}

/// The source of a line, after all of its four words were found good.
fn endpoints<'a>(family: &str, words: &mut impl Iterator<Item = &'a str>) -> Option<SocketAddr> {
    let mut address = || {
        let ip: IpAddr = words.next()?.parse().ok()?;
        (ip.is_ipv4() == (family == "TCP4")).then_some(ip)
    };
    let (source, _destination) = (address()?, address()?);
    let mut port = || {
        let digits = words.next()?;
        // `parse` would take a sign.
        digits.bytes().all(|octet| octet.is_ascii_digit()).then(|| digits.parse::<u16>().ok())?
    };
    let (source_port, _destination_port) = (port()?, port()?);
    words.next().is_none().then(|| SocketAddr::new(source.to_canonical(), source_port))
}

/// Version 2.
fn binary(buffer: &[u8]) -> Result<Step, ProxyError> {
    let Some([command, family, high, low]) = buffer.get(SIGNATURE.len()..FIXED_OCTETS) else {
        return Ok(Step::NeedMore);
    };
    let length = usize::from(u16::from_be_bytes([*high, *low]));
    let consumed = FIXED_OCTETS + length;
    let is_local = match command {
        0x20 => true,
        0x21 => false,
        _ => return Err(ProxyError::Binary),
    };
    // Address family in the high half, transport in the low half: unspecified, stream, datagram.
    if *family >> 4 > 3 || *family & 0xf > 2 {
        return Err(ProxyError::Binary);
    }
    let addresses = match *family >> 4 {
        1 => 12,
        2 => 36,
        _ => 0,
    };
    if !is_local && length < addresses {
        return Err(ProxyError::Binary);
    }
    if consumed > PROXY_HEADER_OCTETS_MAX {
        return Err(ProxyError::TooLong);
    }
    let Some(rest) = buffer.get(FIXED_OCTETS..consumed) else { return Ok(Step::NeedMore) };
    let source = match (is_local, *family >> 4) {
        (false, 1) => source::<4>(rest).map(|(ip, port)| (IpAddr::from(Ipv4Addr::from(ip)), port)),
        (false, 2) => source::<16>(rest).map(|(ip, port)| (IpAddr::from(Ipv6Addr::from(ip)), port)),
        _ => None,
    };
    Ok(Step::Header { consumed, source: source.map(|(ip, port)| SocketAddr::new(ip.to_canonical(), port)) })
}

/// Source address and source port of two addresses of `N` octets and two ports.
fn source<const N: usize>(octets: &[u8]) -> Option<([u8; N], u16)> {
    let port = octets.get(2 * N..2 * N + 2)?.first_chunk()?;
    Some((*octets.first_chunk()?, u16::from_be_bytes(*port)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use proptest::prelude::*;

    /// What the whole of `octets` says, after each beginning of it said the same or that it needs more.
    fn read(octets: &[u8]) -> Result<Step, ProxyError> {
        let whole = parse(octets);
        let decided = match whole {
            Ok(Step::Header { consumed, .. }) => consumed,
            _ => octets.len(),
        };
        for end in 0..octets.len() {
            match parse(&octets[..end]) {
                Ok(Step::NeedMore) => assert!(end < decided, "late at {end}"),
                early => assert!(early == whole && (early.is_err() || end >= decided), "cut at {end}"),
            }
        }
        whole
    }

    fn source_of(octets: &[u8]) -> Option<String> {
        match read(octets).unwrap() {
            Step::Header { source, consumed } => {
                assert_eq!(consumed, octets.len() - 2, "the two octets behind are not of the header");
                source.map(|source| source.to_string())
            }
            Step::NeedMore => panic!("{octets:?}"),
        }
    }

    fn binary_header(command: u8, family: u8, rest: &[u8]) -> Vec<u8> {
        let length = u16::try_from(rest.len()).unwrap().to_be_bytes();
        [&SIGNATURE[..], &[command, family], &length, rest, b"<1"].concat()
    }

    #[test]
    fn version_1() {
        let good = b"PROXY TCP4 192.0.2.7 198.51.100.1 56324 5514\r\n<1";
        assert_eq!(source_of(good).unwrap(), "192.0.2.7:56324");
        let good = b"PROXY TCP6 2001:db8::7 2001:db8::1 1 65535\r\n<1";
        assert_eq!(source_of(good).unwrap(), "[2001:db8::7]:1");
        let good = b"PROXY TCP6 ::ffff:192.0.2.7 ::ffff:192.0.2.1 1 2\r\n<1";
        assert_eq!(source_of(good).unwrap(), "192.0.2.7:1");
        let without_cr = b"PROXY TCP4 192.0.2.7 198.51.100.1 1 2\n<1";
        assert_eq!(source_of(without_cr).unwrap(), "192.0.2.7:1");
        assert_eq!(source_of(b"PROXY UNKNOWN\r\n<1"), None);
        let longest = format!("PROXY UNKNOWN {0} {0} 65535 65535\r\n<1", "ffff:".repeat(7) + "ffff");
        assert_eq!(longest.len(), LINE_OCTETS_MAX + 2);
        assert_eq!(source_of(longest.as_bytes()), None);
        for bad in [
            &b"PROXY TCP4 192.0.2.7 198.51.100.1 56324\r\n"[..],
            b"PROXY TCP4 192.0.2.7 198.51.100.1 56324 5514 1\r\n",
            b"PROXY TCP4  192.0.2.7 198.51.100.1 56324 5514\r\n",
            b"PROXY TCP4 192.0.2.7 198.51.100.1 +6324 5514\r\n",
            b"PROXY TCP4 192.0.2.7 198.51.100.1 65536 5514\r\n",
            b"PROXY TCP4 2001:db8::7 2001:db8::1 1 2\r\n",
            b"PROXY TCP6 192.0.2.7 198.51.100.1 1 2\r\n",
            b"PROXY UDP4 192.0.2.7 198.51.100.1 1 2\r\n",
            b"PROXY TCP4 192.0.2.7 198.51.100.1 1 2\r\r\n",
            b"PROXY \xff\r\n",
            &[b"PROXY UNKNOWN ", &[b'x'; 100][..]].concat(),
        ] {
            assert_eq!(read(bad), Err(ProxyError::Line), "{}", String::from_utf8_lossy(bad));
        }
    }

    #[test]
    fn version_2() {
        let four = [192, 0, 2, 7, 198, 51, 100, 1, 0xdc, 4, 0x15, 0x8a];
        assert_eq!(source_of(&binary_header(0x21, 0x11, &four)).unwrap(), "192.0.2.7:56324");
        let with_tlv = [&four[..], b"\x04\x00\x03abc"].concat();
        assert_eq!(source_of(&binary_header(0x21, 0x11, &with_tlv)).unwrap(), "192.0.2.7:56324");
        let mut six = [0; 36];
        (six[0], six[1], six[15], six[33]) = (0x20, 0x01, 7, 9);
        assert_eq!(source_of(&binary_header(0x21, 0x21, &six)).unwrap(), "[2001::7]:9");
        assert_eq!(source_of(&binary_header(0x20, 0x00, b"")), None, "LOCAL");
        assert_eq!(source_of(&binary_header(0x20, 0x11, &four)), None, "LOCAL with addresses");
        assert_eq!(source_of(&binary_header(0x21, 0x00, b"abc")), None, "UNSPEC");
        assert_eq!(source_of(&binary_header(0x21, 0x31, &[0; 216])), None, "UNIX");
        for bad in [
            binary_header(0x11, 0x11, &four),
            binary_header(0x22, 0x11, &four),
            binary_header(0x21, 0x41, &four),
            binary_header(0x21, 0x13, &four),
            binary_header(0x21, 0x11, &four[1..]),
            binary_header(0x21, 0x21, &six[1..]),
        ] {
            assert_eq!(read(&bad), Err(ProxyError::Binary), "{bad:?}");
        }
        assert_eq!(read(&binary_header(0x21, 0x11, &[0; 5_000])), Err(ProxyError::TooLong));
    }

    #[test]
    fn what_is_no_header_is_known_at_once() {
        for octets in [&b"<14>x"[..], b"POXY", b"PROXX ", b"\r\n\r\n\r", b"9 <14>x", b"\x16\x03\x01"] {
            assert_eq!(read(octets), Err(ProxyError::Absent), "{octets:?}");
        }
        assert_eq!(parse(b""), Ok(Step::NeedMore));
    }

    proptest! {
        #[test]
        fn any_octets_in_any_reads_give_the_same(
            version in 0..3,
            command in prop_oneof![Just(0x20_u8), Just(0x21), any::<u8>()],
            family in prop_oneof![Just(0x11_u8), Just(0x21), any::<u8>()],
            length in 0_u8..60,
            rest in prop::collection::vec(any::<u8>(), 0..80),
            text in "( |TCP4|TCP6|UNKNOWN|[0-9.:]|\r|\n){0,30}",
        ) {
            let start = match version {
                0 => [&SIGNATURE[..], &[command, family, 0, length]].concat(),
                1 => [&WORD[..], text.as_bytes()].concat(),
                _ => Vec::new(),
            };
            let _ = read(&[start, rest].concat());
        }
    }
}
