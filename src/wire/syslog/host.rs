//! What may be a host name or an address.
//!
//! Invariant: these say what a word looks like; whether it is the host is decided by where it stands.

use super::cursor::Cursor;
use crate::wire::lanes::Lanes;

/// Octets of a host name (RFC 1035 2.3.4, RFC 5424 6).
const HOST_OCTETS_MAX: usize = 255;

/// What an octet is to a host name.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Other,
    Letter,
    Mark,
}

/// The kind of each octet.
const KINDS: [Kind; 256] = {
    let mut kinds = [Kind::Other; 256];
    let mut octet = 0_u8;
    loop {
        kinds[octet as usize] = if octet.is_ascii_alphanumeric() {
            Kind::Letter
        } else if matches!(octet, b'.' | b'-' | b'_' | b':' | b'/' | b'@' | b'~' | b'+' | b'#') {
            Kind::Mark
        } else {
            Kind::Other
        };
        if octet == u8::MAX {
            break kinds;
        }
        octet += 1;
    }
};

/// Whether `word` may be a host name or an address.
pub(super) fn is_host(word: &[u8]) -> bool {
    let mut has_letter = false;
    for octet in word {
        match KINDS[usize::from(*octet)] {
            Kind::Other => return false,
            Kind::Letter => has_letter = true,
            Kind::Mark => {}
        }
    }
    has_letter && word.len() <= HOST_OCTETS_MAX && (!word.ends_with(b":") || is_ip_address(word))
}

/// Whether `word` is what a device without a name puts in the place of its name.
pub(super) fn is_placeholder(word: &[u8]) -> bool {
    matches!(word, b"-" | b"(none)" | b"(null)" | b"<none>" | b"?")
}

/// Whether `word` may be a host by its place though it has octets that names of hosts do not have: letters of other
/// alphabets (in UTF-8 or not), the zone of an IPv6 address, a routing instance in parentheses.
pub(super) fn is_odd_host(word: &[u8]) -> bool {
    let is_octet = |octet: &u8| {
        KINDS[usize::from(*octet)] != Kind::Other
            || !octet.is_ascii()
            || matches!(octet, b'%' | b'(' | b')' | b',')
    };
    let starts = word
        .first()
        .is_some_and(|first| first.is_ascii_alphanumeric() || !first.is_ascii() || *first == b':');
    starts && word.len() <= HOST_OCTETS_MAX && !word.ends_with(b":") && word.iter().all(is_octet)
}

/// The address in `[2001:db8::1]`.
pub(super) fn bracketed_address(word: &[u8]) -> Option<&[u8]> {
    let [b'[', address @ .., b']'] = word else { return None };
    is_ip_address(address).then_some(address)
}

/// Moves to the next space or tab or to the end; gives the word, and whether it is beyond doubt that it may be a host.
pub(super) fn host_word<'a>(cursor: &mut Cursor<'a>) -> (&'a [u8], bool) {
    let mut ahead = *cursor;
    let word = ahead.take_of(Lanes::of_host);
    if ahead.at_field_end()
        && (1..=HOST_OCTETS_MAX).contains(&word.len())
        && word.first().is_some_and(u8::is_ascii_alphanumeric)
        && !word.ends_with(b":")
    {
        *cursor = ahead;
        return (word, true);
    }
    (cursor.take_of(|lanes| !(lanes.equal(b' ') | lanes.equal(b'\t'))), false)
}

/// Whether `word` has the shape of an IPv4 or IPv6 address; its values are not judged.
pub(super) fn is_ip_address(word: &[u8]) -> bool {
    let Some(first) = word.first().filter(|first| first.is_ascii_hexdigit() || **first == b':') else {
        return false;
    };
    let colons = word.iter().filter(|octet| **octet == b':').count();
    if colons == 0 {
        return first.is_ascii_digit()
            && word.iter().filter(|octet| **octet == b'.').count() == 3
            && word.iter().all(|octet| octet.is_ascii_digit() || *octet == b'.');
    }
    let compressed = word.windows(2).any(|pair| pair == b"::");
    (colons == 7 || (compressed && (2..=7).contains(&colons)))
        && word.iter().all(|octet| octet.is_ascii_hexdigit() || matches!(octet, b':' | b'.'))
}

/// Moves over a host that is the first of a list with commas: `U7PG2,788a2056b182,v4.0.66.10832` with or without a
/// colon, as UniFi devices name themselves (model or name, MAC address, version), or `fw1,name=value`, which F5
/// iRules send.
pub(super) fn listed<'a>(cursor: &mut Cursor<'a>) -> Option<&'a [u8]> {
    let mut ahead = *cursor;
    let host = ahead.take_while(HOST_OCTETS_MAX, |octet| !matches!(octet, b',' | b' ' | b'='));
    if !ahead.eat(b',') || !is_host(host) {
        return None;
    }
    let mut after_name = ahead;
    let name = after_name.take_while(64, |octet| octet.is_ascii_alphanumeric() || octet == b'_');
    if !name.is_empty() && after_name.at(b'=') {
        *cursor = ahead;
        return Some(host);
    }
    let address = ahead.take_while(12, |octet| octet.is_ascii_hexdigit());
    if address.len() != 12 || !ahead.eat_all(b",v") {
        return None;
    }
    ahead.take_while(32, |octet| octet.is_ascii_alphanumeric() || octet == b'.');
    ahead.eat(b':');
    ahead.at_field_end().then(|| {
        *cursor = ahead;
        host
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_by_shape() {
        for address in
            ["192.0.2.1", "10.321.1.123", "2001:db8::1", "0002::", "::ffff:192.0.2.1", "1:2:3:4:5:6:7:8"]
        {
            assert!(is_ip_address(address.as_bytes()) && is_host(address.as_bytes()), "{address}");
        }
        for other in ["", ":", "a:b", "1.2.3", "1.2.3.4.5", "v4.0.66.10832", "cafe", "host:"] {
            assert!(!is_ip_address(other.as_bytes()), "{other}");
        }
    }

    #[test]
    fn hosts_by_shape() {
        for host in ["a", "#8#/#8#", "9sw_1/a@b", "re0.edge01", "slot1/f5", "x+y~z"] {
            assert!(is_host(host.as_bytes()), "{host}");
        }
        for other in ["", "-", "--", "a:", "a=b", "\"a\"", "a,b", "[358]"] {
            assert!(!is_host(other.as_bytes()), "{other}");
        }
        assert!(!is_host(&[b'a'; HOST_OCTETS_MAX + 1]));
    }

    #[test]
    fn the_first_of_a_list() {
        let first = |text: &'static str| {
            let mut cursor = Cursor::new(text.as_bytes());
            listed(&mut cursor).map(|host| (host, cursor.rest))
        };
        assert_eq!(first("U7PG2,788a2056b182,v4.0.66.10832: x"), Some((&b"U7PG2"[..], &b" x"[..])));
        assert_eq!(first("fw1,f5_irule=a,b=c"), Some((&b"fw1"[..], &b"f5_irule=a,b=c"[..])));
        for other in ["a,b", "a,b c=d", "U7,78,v4.0: x", "a b,c=d", "1,2020/04/14 16:48:54,x=y"] {
            assert_eq!(first(other), None, "{other}");
        }
    }
}
