//! PRI, the number in angle brackets that starts a message (RFC 5424 6.2.1, RFC 3164 4.1.1).
//!
//! Invariant: a [`Pri`] is 0 to 191; a table indexed by its facility (0 to 23) or severity (0 to 7) is never left.

/// A priority value: facility times 8 plus severity, 0 to 191.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pri(u8);

impl Pri {
    /// The largest priority value.
    pub const MAX: u8 = 191;

    /// What a reader assumes when a message has none: user.notice (RFC 3164 4.3.3).
    pub const ASSUMED: Self = Self(13);

    /// The priority of `value`, if it is at most 191.
    #[must_use]
    pub fn new(value: u8) -> Option<Self> {
        (value <= Self::MAX).then_some(Self(value))
    }

    /// The value as sent, 0 to 191.
    #[must_use]
    pub fn value(self) -> u8 {
        self.0
    }

    /// Facility, 0 (kernel) to 23 (local7).
    #[must_use]
    pub fn facility(self) -> u8 {
        self.0 / 8
    }

    /// Severity, 0 (emergency) to 7 (debug).
    #[must_use]
    pub fn severity(self) -> u8 {
        self.0 % 8
    }
}

/// How a line starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Start<'a> {
    /// Not with `<`.
    Absent,
    /// With `<`, but not with a priority value.
    Invalid,
    /// With a priority value; `rest` follows it.
    Valid { pri: Pri, leading_zero: bool, rest: &'a [u8] },
}

/// Reads `<`, 1 to 3 digits of at most 191, `>`.
#[inline]
pub(super) fn split(line: &[u8]) -> Start<'_> {
    // The first `>` ends it.
    match line {
        [b'<', ones, b'>', rest @ ..] => valid([b'0', b'0', *ones], false, rest),
        [b'<', tens, ones, b'>', rest @ ..] => valid([b'0', *tens, *ones], *tens == b'0', rest),
        [b'<', hundreds, tens, ones, b'>', rest @ ..] => {
            valid([*hundreds, *tens, *ones], *hundreds == b'0', rest)
        }
        [b'<', ..] => Start::Invalid,
        _ => Start::Absent,
    }
}

/// The start with these digits, if they make a priority value.
fn valid([hundreds, tens, ones]: [u8; 3], leading_zero: bool, rest: &[u8]) -> Start<'_> {
    let [hundreds, tens, ones] = [hundreds, tens, ones].map(|digit| digit.wrapping_sub(b'0'));
    // With these bounds nothing is carried: 199 at most.
    match Pri::new(hundreds.wrapping_mul(100).wrapping_add(tens.wrapping_mul(10)).wrapping_add(ones)) {
        Some(pri) if hundreds <= 1 && tens <= 9 && ones <= 9 => Start::Valid { pri, leading_zero, rest },
        _ => Start::Invalid,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn value(line: &[u8]) -> Option<u8> {
        match split(line) {
            Start::Valid { pri, .. } => Some(pri.value()),
            _ => None,
        }
    }

    #[test]
    fn the_range_is_checked_before_use() {
        assert_eq!(value(b"<0>"), Some(0));
        assert_eq!(value(b"<191>1 -"), Some(191));
        assert_eq!([value(b"<5>1>"), value(b"<5>>"), value(b"<13>>")], [Some(5), Some(5), Some(13)]);
        for bad in [
            &b"<192>"[..],
            b"<256>",
            b"<999>",
            b"<0034>",
            b"<44444444444>",
            b"<>",
            b"<-1>",
            b"<1",
            b"<",
            b"< 1>",
        ] {
            assert_eq!(split(bad), Start::Invalid, "{}", String::from_utf8_lossy(bad));
        }
        assert_eq!(split(b"34>"), Start::Absent);
    }

    #[test]
    fn facility_and_severity_of_the_rfc_examples() {
        let pri = Pri::new(165).unwrap();
        assert_eq!((pri.facility(), pri.severity()), (20, 5));
        assert_eq!((Pri::ASSUMED.facility(), Pri::ASSUMED.severity()), (1, 5));
        assert_eq!(Pri::new(192), None);
    }

    #[test]
    fn leading_zeros_are_noted() {
        assert!(matches!(split(b"<034>x"), Start::Valid { leading_zero: true, rest: b"x", .. }));
        assert!(matches!(split(b"<0>x"), Start::Valid { leading_zero: false, .. }));
    }
}
