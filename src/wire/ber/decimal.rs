//! Decimal digits of an integer, appended to a buffer without the formatting machinery.

/// Most digits of a 64-bit unsigned integer (Counter64, RFC 2578 7.1.10).
const DIGITS_MAX: usize = 20;

/// Appends `value` in decimal, as sub-identifiers (RFC 2578 7.1.3) and values are written.
pub fn push_unsigned(out: &mut Vec<u8>, mut value: u64) {
    if value < 100 {
        if value >= 10 {
            out.push(digit(value / 10));
        }
        out.push(digit(value));
        return;
    }
    let mut digits = [0_u8; DIGITS_MAX];
    let mut used = 0;
    for place in digits.iter_mut().rev() {
        *place = digit(value);
        value /= 10;
        used += 1;
        if value == 0 {
            break;
        }
    }
    out.extend_from_slice(digits.get(DIGITS_MAX - used..).unwrap_or_default());
}

/// Appends `value` in decimal with a minus sign when it is negative (Integer32, RFC 2578 7.1.1).
pub fn push_signed(out: &mut Vec<u8>, value: i64) {
    if value < 0 {
        out.push(b'-');
    }
    push_unsigned(out, value.unsigned_abs());
}

/// The last decimal digit of `value`.
fn digit(value: u64) -> u8 {
    b'0' + u8::try_from(value % 10).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn same_as_the_standard_library() {
        for value in [0, 1, 9, 10, 11, 99, 100, 101, 12_345, u64::from(u32::MAX), u64::MAX - 1, u64::MAX] {
            let mut out = Vec::new();
            push_unsigned(&mut out, value);
            assert_eq!(out, value.to_string().into_bytes());
        }
        for value in [0, -1, 10, -10, i64::MIN, i64::MAX] {
            let mut out = Vec::new();
            push_signed(&mut out, value);
            assert_eq!(out, value.to_string().into_bytes());
        }
    }
}
