//! Decimal digits, as many as a word has octets at once.

/// The highest bit of each octet.
const HIGH: u64 = splat(0x80);

const fn splat(octet: u8) -> u64 {
    u64::from_ne_bytes([octet; 8])
}

/// The value of a decimal digit.
#[inline(always)]
pub(crate) fn digit(octet: u8) -> Option<u8> {
    Some(octet.wrapping_sub(b'0')).filter(|value| *value <= 9)
}

/// The numbers that two digits in a row make, each at the place of the first, if `text` has digits where `largest` has
/// them, none of them larger, and is the same everywhere else. What stands at the other places of the answer means nothing.
#[inline(always)]
pub(crate) fn two_digits(text: &[u8; 8], largest: &[u8; 8]) -> Option<[u8; 8]> {
    let mut octets = [0; 8];
    let mut room = [0; 8];
    for ((octet, room), largest) in octets.iter_mut().zip(&mut room).zip(largest) {
        let is_digit = largest.is_ascii_digit();
        *octet = if is_digit { b'0' } else { *largest };
        // What is added to a value sets the highest bit of one that is too large.
        *room = 0x7F - if is_digit { largest - b'0' } else { 0 };
    }
    // Digits become their values, all else nothing.
    let values = u64::from_le_bytes(*text) ^ u64::from_le_bytes(octets);
    let too_large = (values | values.wrapping_add(u64::from_le_bytes(room))) & HIGH;
    // Ten times each octet and the one behind it are at most 99: nothing is carried.
    (too_large == 0).then(|| values.wrapping_mul(10).wrapping_add(values >> 8).to_le_bytes())
}

/// Octets that are no value of a digit, 0 to 9.
#[inline(always)]
fn not_digit_value(values: u64) -> u64 {
    (values | values.wrapping_add(splat(0x80 - 10))) & HIGH
}

/// The number that three digits make, if no fourth follows them.
#[inline(always)]
pub(crate) fn three_digits(text: &[u8; 4]) -> Option<u32> {
    let (values, others) = four_values(text);
    let number = (values & 0xFF) * 100 + (values >> 8 & 0xFF) * 10 + (values >> 16 & 0xFF);
    (others == 0x8000_0000).then_some(number)
}

/// The number that four digits make.
#[inline(always)]
pub(crate) fn four_digits(text: &[u8; 4]) -> Option<u32> {
    let (values, others) = four_values(text);
    let tens = values.wrapping_mul(10).wrapping_add(values >> 8);
    (others == 0).then_some((tens & 0xFF) * 100 + (tens >> 16 & 0xFF))
}

/// The values of four digits, and the highest bit of each octet that is none.
#[inline(always)]
fn four_values(text: &[u8; 4]) -> (u32, u32) {
    let values = u32::from_le_bytes(*text) ^ u32::from_le_bytes([b'0'; 4]);
    // Nothing is carried out of a digit's octet into the next.
    (values, (values | values.wrapping_add(0x7676_7676)) & 0x8080_8080)
}

/// The values of the digits at the start of `text`, with zeros before them instead of what follows, and how many they are.
#[inline(always)]
pub(crate) fn leading_digits(text: &[u8; 8]) -> (u64, usize) {
    let (values, count) = leading_values(text);
    (values.checked_shl(64 - 8 * count as u32).unwrap_or(0), count)
}

/// The number that the digits at the start of `text` make, and how many they are.
#[inline(always)]
pub(crate) fn leading_number(text: &[u8; 8]) -> (u32, usize) {
    let (values, count) = leading_digits(text);
    (eight_digits(values), count)
}

/// What the digits at the start of `text` mean behind a decimal point, in hundred-millionths, and how many they are.
#[inline(always)]
pub(crate) fn fraction(text: &[u8; 8]) -> (u32, usize) {
    let (values, count) = leading_values(text);
    // Zeros come behind the last.
    let behind = u64::MAX.checked_shl(8 * count as u32).unwrap_or(0);
    (eight_digits(values & !behind), count)
}

/// The values of the digits at the start of `text`, with anything behind them, and how many they are.
#[inline(always)]
fn leading_values(text: &[u8; 8]) -> (u64, usize) {
    let values = u64::from_le_bytes(*text) ^ splat(b'0');
    (values, not_digit_value(values).trailing_zeros() as usize / 8)
}

/// The number that eight digits make, given their values, the first in the lowest octet.
#[inline(always)]
pub(crate) fn eight_digits(values: u64) -> u32 {
    let tens = values.wrapping_mul(10).wrapping_add(values >> 8) & 0x00FF_00FF_00FF_00FF;
    let hundreds = tens.wrapping_mul(100).wrapping_add(tens >> 16) & 0x0000_FFFF_0000_FFFF;
    // At most 99,999,999: the lower half of the word.
    hundreds.wrapping_mul(10_000).wrapping_add(hundreds >> 32) as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn two_digits_are_read(hour in 0_u32..100, minute in 0_u32..60, second in 0_u32..60) {
            let text = format!("{hour:02}:{minute:02}:{second:02}");
            let read = two_digits(text.as_bytes().try_into().unwrap_or(b"--------"), b"99:59:59");
            let read = read.map(|[hour, _, _, minute, _, _, second, _]| [hour, minute, second].map(u32::from));
            prop_assert_eq!(read, Some([hour, minute, second]));
        }

        #[test]
        fn two_digits_are_nothing_else(place in 0_usize..8, octet in any::<u8>()) {
            let mut text = *b"22:14:15";
            text[place] = octet;
            let is_right = match place {
                2 | 5 => octet == b':',
                3 | 6 => (b'0'..=b'5').contains(&octet),
                _ => octet.is_ascii_digit(),
            };
            prop_assert_eq!(two_digits(&text, b"99:59:59").is_some(), is_right);
        }

        #[test]
        fn three_digits_are_a_number(text in any::<[u8; 4]>(), number in 0_u32..1_000, place in 0_usize..8) {
            let mut near: [u8; 4] = format!("{number:03}.").as_bytes().try_into().unwrap_or(text);
            if let Some(octet) = near.get_mut(place) {
                *octet = text[place];
            }
            let is_number = near.iter().map(u8::is_ascii_digit).eq([true, true, true, false]);
            let expected = std::str::from_utf8(&near[..3]).ok().and_then(|digits| digits.parse().ok());
            prop_assert_eq!(three_digits(&near), expected.filter(|_| is_number));
        }

        #[test]
        fn four_digits_are_a_number(text in any::<[u8; 4]>(), number in 0_u32..10_000, place in 0_usize..8) {
            let mut near: [u8; 4] = format!("{number:04}").as_bytes().try_into().unwrap_or(text);
            if let Some(octet) = near.get_mut(place) {
                *octet = text[place];
            }
            let expected = std::str::from_utf8(&near).ok().filter(|digits| digits.bytes().all(|octet| octet.is_ascii_digit()));
            prop_assert_eq!(four_digits(&near), expected.and_then(|digits| digits.parse().ok()));
        }

        #[test]
        fn leading_digits_are_a_number(digits in "[0-9]{0,8}", after in any::<[u8; 8]>()) {
            let text: Vec<u8> = digits.bytes().chain(after).take(8).collect();
            let expected: String =
                text.iter().take_while(|octet| octet.is_ascii_digit()).map(|octet| char::from(*octet)).collect();
            let (number, count) = leading_number(text.as_slice().try_into().unwrap_or(b"--------"));
            prop_assert_eq!((number, count), (expected.parse().unwrap_or(0), expected.len()));
        }

        #[test]
        fn digits_behind_a_point_are_a_fraction(digits in "[0-9]{0,8}", after in any::<[u8; 8]>()) {
            let text: Vec<u8> = digits.bytes().chain(after).take(8).collect();
            let expected: String =
                text.iter().take_while(|octet| octet.is_ascii_digit()).map(|octet| char::from(*octet)).collect();
            let hundred_millionths = format!("{expected:0<8}").parse().ok();
            let (number, digits) = fraction(text.as_slice().try_into().unwrap_or(b"--------"));
            prop_assert_eq!((Some(number), digits), (hundred_millionths, expected.len()));
        }
    }
}
