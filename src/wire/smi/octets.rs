//! Octets with a meaning that RFCs give to them: bits, addresses, dates; and the room where it is written.

use std::fmt::Write as _;
use std::net::Ipv6Addr;

/// Most octets that the meaning of a value takes; what would take more is shown as it is. RFC 2579 3.1 lets a hint
/// describe 65,535 octets, but nobody reads a line of those.
pub const TEXT_OCTETS_MAX: usize = 512;

/// Text of a bounded length, without allocation (RFC 2579 3.1 says what it may be of).
#[derive(Clone)]
pub struct MeaningText {
    octets: [u8; TEXT_OCTETS_MAX],
    /// How many of `octets` are in use; never more than there are.
    len: usize,
}

impl Default for MeaningText {
    fn default() -> Self {
        Self { octets: [0; TEXT_OCTETS_MAX], len: 0 }
    }
}

impl std::fmt::Debug for MeaningText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}", String::from_utf8_lossy(self.as_bytes()))
    }
}

impl MeaningText {
    /// Appends all of `piece`, or nothing and returns `false`.
    #[must_use]
    pub(super) fn push(&mut self, piece: &[u8]) -> bool {
        let end = self.len.saturating_add(piece.len());
        let Some(place) = self.octets.get_mut(self.len..end) else { return false };
        place.copy_from_slice(piece);
        self.len = end;
        true
    }

    /// The octets (RFC 2579 3.1): UTF-8 unless a hint for text met other octets.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.octets.get(..self.len).unwrap_or_default()
    }

    /// Whether nothing was written, as for an empty value (RFC 2579 3.1).
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Whether it can stand in a line without quotes: letters, digits, and what separates the parts of addresses, dates
    /// and bits (RFC 2579 3.1 lets a hint say anything).
    #[must_use]
    pub fn is_bare(&self) -> bool {
        let bare = |octet: &u8| octet.is_ascii_alphanumeric() || b".:+-/%_[]".contains(octet);
        let is_set = matches!(self.as_bytes(), [b'{', .., b'}']);
        self.as_bytes().iter().all(|octet| bare(octet) || (is_set && b"{ }()".contains(octet)))
    }
}

impl std::fmt::Write for MeaningText {
    fn write_str(&mut self, piece: &str) -> std::fmt::Result {
        if self.push(piece.as_bytes()) { Ok(()) } else { Err(std::fmt::Error) }
    }
}

/// Writes bits that are set, as `{up(0) 7}` (RFC 2578 7.1.4: bit 0 is the highest of the first octet).
pub(super) fn bits<'n>(octets: &[u8], label: impl Fn(i64) -> Option<&'n str>, out: &mut MeaningText) -> bool {
    let mut is_whole = out.push(b"{");
    let mut is_first = true;
    for (place, octet) in (0_i64..).zip(octets) {
        for bit in (0..8_i64).filter(|bit| octet & (0x80 >> bit) != 0) {
            let number = place * 8 + bit;
            is_whole = is_whole && (is_first || out.push(b" "));
            is_first = false;
            let written = match label(number) {
                Some(label) => write!(out, "{label}({number})"),
                None => write!(out, "{number}"),
            };
            is_whole = is_whole && written.is_ok();
            if !is_whole {
                return false;
            }
        }
    }
    is_whole && out.push(b"}")
}

/// Writes an InetAddress: ipv4, ipv6, ipv4z and ipv6z are told by their lengths (RFC 4001 section 3). A name of DNS
/// with 16 characters is no address.
pub(super) fn inet_address(octets: &[u8], out: &mut MeaningText) -> bool {
    match octets {
        [a, b, c, d] => write!(out, "{a}.{b}.{c}.{d}").is_ok(),
        [a, b, c, d, zone @ ..] if zone.len() == 4 => write!(out, "{a}.{b}.{c}.{d}%{}", number(zone)).is_ok(),
        _ => {
            let Some((address, zone)) = octets.split_first_chunk::<16>() else { return false };
            if !matches!(zone.len(), 0 | 4) || address.iter().all(u8::is_ascii_graphic) {
                return false;
            }
            let written = write!(out, "{}", Ipv6Addr::from(*address)).is_ok();
            written && (zone.is_empty() || write!(out, "%{}", number(zone)).is_ok())
        }
    }
}

/// Octets as an unsigned number, the highest first; of more than 8 the last 8 count.
pub(super) fn number(octets: &[u8]) -> u64 {
    octets.iter().fold(0, |number, octet| (number << 8) | u64::from(*octet))
}

/// Writes DateAndTime (RFC 2579) as ISO 8601 has it; what is no date by its own rules stays as it is.
pub(super) fn date_and_time(octets: &[u8], out: &mut MeaningText) -> bool {
    let Some(([y1, y2, month, day, hour, minute, second, tenth], zone)) = octets.split_first_chunk::<8>()
    else {
        return false;
    };
    let year = u16::from_be_bytes([*y1, *y2]);
    let is_date = year <= 9999 && (1..=12).contains(month) && (1..=31).contains(day);
    // 60 is a leap second.
    let is_time = *hour <= 23 && *minute <= 59 && *second <= 60 && *tenth <= 9;
    if !is_date || !is_time {
        return false;
    }
    let written =
        write!(out, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{tenth}").is_ok();
    match zone {
        [] => written,
        [sign @ (b'+' | b'-'), hours @ 0..=14, minutes @ 0..=59] => {
            written && write!(out, "{}{hours:02}:{minutes:02}", char::from(*sign)).is_ok()
        }
        _ => false,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]
mod tests {
    use super::*;

    fn text(write: impl FnOnce(&mut MeaningText) -> bool) -> Option<String> {
        let mut out = MeaningText::default();
        write(&mut out).then(|| String::from_utf8(out.as_bytes().to_vec()).unwrap())
    }

    #[test]
    fn dates() {
        let date = |octets: &[u8]| text(|out| date_and_time(octets, out));
        let example = [7, 0xC8, 5, 26, 13, 30, 15, 0, b'-', 4, 0];
        assert_eq!(date(&example).as_deref(), Some("1992-05-26T13:30:15.0-04:00"), "the example of RFC 2579");
        assert_eq!(date(&example[..8]).as_deref(), Some("1992-05-26T13:30:15.0"));
        for bad in [&example[..7], &example[..10], &[0; 8], &[7, 0xC8, 13, 1, 0, 0, 0, 0]] {
            assert_eq!(date(bad), None, "{bad:?}");
        }
        assert_eq!(date(&[7, 0xC8, 5, 26, 13, 30, 15, 0, b'x', 4, 0]), None);
    }

    #[test]
    fn addresses_by_length() {
        let address = |octets: &[u8]| text(|out| inet_address(octets, out));
        assert_eq!(address(&[192, 0, 2, 1]).as_deref(), Some("192.0.2.1"));
        assert_eq!(address(&[192, 0, 2, 1, 0, 0, 1, 2]).as_deref(), Some("192.0.2.1%258"));
        let mut six = [0; 20];
        (six[0], six[1], six[15], six[19]) = (0x20, 0x01, 1, 3);
        assert_eq!(address(&six[..16]).as_deref(), Some("2001::1"));
        assert_eq!(address(&six).as_deref(), Some("2001::1%3"));
        assert_eq!(address(b"core1.example.ne"), None, "a name of 16 characters");
        assert_eq!(address(b"host"), Some("104.111.115.116".to_owned()));
        assert_eq!((address(&[]), address(&[1; 5]), address(&[1; 17])), (None, None, None));
    }

    #[test]
    fn bits_with_and_without_labels() {
        let label =
            |bit| [(0, "up"), (9, "late")].iter().find(|(number, _)| *number == bit).map(|(_, label)| *label);
        let set = |octets: &[u8]| text(|out| bits(octets, label, out));
        assert_eq!(set(&[0x81, 0x40]).as_deref(), Some("{up(0) 7 late(9)}"));
        assert_eq!(set(&[]).as_deref(), Some("{}"));
        assert_eq!(set(&[0xFF; 200]), None, "more than fits");
    }

    #[test]
    fn what_needs_quotes() {
        let bare = |text: &str| {
            let mut out = MeaningText::default();
            assert!(out.push(text.as_bytes()));
            out.is_bare()
        };
        assert!(bare("00:11:22") && bare("fe80::1%3") && bare("{a(0) b(1)}") && bare("-1.5"));
        assert!(!bare("a b") && !bare("a\"b") && !bare("a=b") && !bare("a(0)"));
    }
}
