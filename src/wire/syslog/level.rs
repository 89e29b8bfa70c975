//! Names of severities in the header of a line, as F5, MikroTik, SONiC and Kiwi write them.

/// Names of severities, as any device writes them.
const LEVELS: [&[u8]; 17] = [
    b"emerg",
    b"emergency",
    b"alert",
    b"crit",
    b"critical",
    b"err",
    b"error",
    b"warning",
    b"warn",
    b"notice",
    b"info",
    b"informational",
    b"information",
    b"debug",
    b"panic",
    b"fatal",
    b"notif",
];

/// Names of facilities (RFC 5424 6.2.1).
const FACILITIES: [&[u8]; 13] = [
    b"kern",
    b"user",
    b"mail",
    b"daemon",
    b"auth",
    b"syslog",
    b"lpr",
    b"news",
    b"uucp",
    b"cron",
    b"authpriv",
    b"ftp",
    b"security",
];

/// Whether `word` is the name of a severity, in any case.
pub(super) fn is_level(word: &[u8]) -> bool {
    word.iter().all(u8::is_ascii_alphabetic)
        && (3..=13).contains(&word.len())
        && LEVELS.iter().any(|level| word.eq_ignore_ascii_case(level))
}

/// Whether `word` is the name of a severity in capitals.
pub(super) fn is_capital_level(word: &[u8]) -> bool {
    word.iter().all(u8::is_ascii_uppercase) && is_level(word)
}

/// Whether `word` is `facility.severity`, as `Local7.Info` or `daemon.err`.
pub(super) fn is_facility_and_level(word: &[u8]) -> bool {
    let Some(place) = word.iter().position(|octet| *octet == b'.') else { return false };
    let (facility, level) = word.split_at(place);
    let Some(level) = level.get(1..) else { return false };
    let is_local = matches!(facility, [name @ .., b'0'..=b'7'] if name.eq_ignore_ascii_case(b"local"));
    is_level(level) && (is_local || FACILITIES.iter().any(|known| facility.eq_ignore_ascii_case(known)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn severities_and_facilities_in_any_case() {
        for word in ["info", "INFO", "Warn", "critical"] {
            assert!(is_level(word.as_bytes()), "{word}");
        }
        assert!(is_capital_level(b"ERR") && !is_capital_level(b"Err") && !is_capital_level(b"ERRX"));
        for word in ["Local7.Info", "daemon.err", "User.Notice"] {
            assert!(is_facility_and_level(word.as_bytes()), "{word}");
        }
        for word in ["local8.info", "host.info", "daemon.", ".info", "daemon", "daemon.example.com"] {
            assert!(!is_facility_and_level(word.as_bytes()), "{word}");
        }
    }
}
