//! Eight octets at a time: which of them end a field, and what number they are.
//!
//! A mask has the highest bit set of every octet that it looks for. Unless it says that it finds all of them, it may have
//! other bits set above the first such octet; only the first is asked for.

/// The lowest bit of each octet.
const LOW: u64 = splat(0x01);

/// The highest bit of each octet.
const HIGH: u64 = splat(0x80);

const fn splat(octet: u8) -> u64 {
    u64::from_ne_bytes([octet; 8])
}

/// Octets that are `octet`.
#[inline]
pub(crate) fn equal(word: u64, octet: u8) -> u64 {
    let difference = word ^ splat(octet);
    difference.wrapping_sub(LOW) & !difference & HIGH
}

/// All octets that are not printable US-ASCII, not only the first of them.
#[inline]
pub(crate) fn each_not_graphic(word: u64) -> u64 {
    // Without the highest bits nothing is carried from one octet to the next.
    let low_bits = word & !HIGH;
    let from_first = low_bits.wrapping_add(splat(0x80 - b'!'));
    let behind_last = low_bits.wrapping_add(splat(0x7F - b'~'));
    (!from_first | behind_last | word) & HIGH
}

/// Octets that are neither letters nor digits nor `-`, `.`, `/`, `_`: what almost every name is made of.
#[inline]
pub(crate) fn not_of_name(word: u64) -> u64 {
    not_letter(word) & not_within(word, b'-', b'9') & not_equal(word, b'_') | word & HIGH
}

/// Octets that do not stand for themselves in a JSON string (RFC 8259 section 7), DEL, and what is not US-ASCII.
#[inline]
pub(crate) fn not_plain_in_json(word: u64) -> u64 {
    let below = word.wrapping_sub(splat(b' ')) & !word;
    let delete = word.wrapping_add(LOW) | word;
    (below | delete) & HIGH | equal(word, b'"') | equal(word, b'\\')
}

/// Octets that are neither letters nor digits nor `-`, `.`, `/`, `:`, `_`: what almost every host is made of.
#[inline]
pub(crate) fn not_of_host(word: u64) -> u64 {
    not_letter(word) & not_within(word, b'-', b':') & not_equal(word, b'_') | word & HIGH
}

/// US-ASCII octets that are no letters; of others the answer is any.
#[inline]
fn not_letter(word: u64) -> u64 {
    // Only letters of the other case differ from lower case in this bit alone.
    not_within(word | splat(0x20), b'a', b'z')
}

/// US-ASCII octets that are not `first` to `last`; of others the answer is any.
#[inline]
fn not_within(word: u64, first: u8, last: u8) -> u64 {
    let from_first = word.wrapping_add(splat(0x80 - first));
    let behind_last = word.wrapping_add(splat(0x7F - last));
    (!from_first | behind_last) & HIGH
}

/// US-ASCII octets that are not `octet`; of others the answer is any.
#[inline]
fn not_equal(word: u64, octet: u8) -> u64 {
    (word ^ splat(octet)).wrapping_add(splat(0x7F)) & HIGH
}

/// The numbers that two digits in a row make, each at the place of the first, if `text` has digits where `pattern` has
/// zeros, and is the same everywhere else. What stands at the other places of the answer means nothing.
#[inline]
pub(crate) fn two_digits(text: &[u8; 8], pattern: &[u8; 8]) -> Option<[u32; 8]> {
    let pattern = u64::from_le_bytes(*pattern);
    let marks = (pattern ^ splat(b'0')).wrapping_add(splat(0x7F)) & HIGH;
    // Digits become their values, the marks nothing.
    let values = u64::from_le_bytes(*text) ^ pattern;
    let too_large = not_digit_value(values);
    // All octets of the marks: what is not zero there is no more than nine, or it is too large anyway.
    let changed = values & ((marks >> 7) * 0xFF);
    // Ten times each octet and the one behind it are at most 99: nothing is carried.
    ((too_large | changed) == 0)
        .then(|| values.wrapping_mul(10).wrapping_add(values >> 8).to_le_bytes().map(u32::from))
}

/// Octets that are no value of a digit, 0 to 9.
#[inline]
fn not_digit_value(values: u64) -> u64 {
    (values | values.wrapping_add(splat(0x80 - 10))) & HIGH
}

/// The number that the digits at the start of `text` make, and how many they are.
#[inline]
pub(crate) fn leading_digits(text: &[u8; 8]) -> (u32, usize) {
    let values = u64::from_le_bytes(*text) ^ splat(b'0');
    let count = not_digit_value(values).trailing_zeros() as usize / 8;
    if count == 0 {
        return (0, 0);
    }
    // The last digit becomes the highest octet; zeros come before the first.
    let values = values << (8 * (8 - count));
    let tens = values.wrapping_mul(10).wrapping_add(values >> 8) & 0x00FF_00FF_00FF_00FF;
    let hundreds = tens.wrapping_mul(100).wrapping_add(tens >> 16) & 0x0000_FFFF_0000_FFFF;
    let number = hundreds.wrapping_mul(10_000).wrapping_add(hundreds >> 32) & 0xFFFF_FFFF;
    (u32::try_from(number).unwrap_or(0), count)
}

/// Iterator over the places of all octets that a mask finds. The mask must be right for every octet.
#[derive(Debug)]
pub(crate) struct Places<'a, M> {
    /// What was not looked at yet.
    rest: &'a [u8],
    /// The place of the lowest octet of the word at hand.
    base: usize,
    /// What was found in the word at hand and not given yet.
    found: u64,
    mask: M,
}

impl<'a, M: Fn(u64) -> u64> Places<'a, M> {
    /// The places in `octets`.
    #[inline]
    pub(crate) fn new(octets: &'a [u8], mask: M) -> Self {
        Self { rest: octets, base: 0_usize.wrapping_sub(8), found: 0, mask }
    }
}

impl<M: Fn(u64) -> u64> Iterator for Places<'_, M> {
    type Item = usize;

    #[inline]
    fn next(&mut self) -> Option<usize> {
        while self.found == 0 {
            self.base = self.base.wrapping_add(8);
            if let Some((word, rest)) = self.rest.split_first_chunk::<8>() {
                self.found = (self.mask)(u64::from_le_bytes(*word));
                self.rest = rest;
            } else if self.rest.is_empty() {
                return None;
            } else {
                let used = HIGH >> (8 * (8 - self.rest.len()));
                let word = self.rest.iter().rev().fold(0, |word, octet| word << 8 | u64::from(*octet));
                self.found = (self.mask)(word) & used;
                self.rest = &[];
            }
        }
        let place = self.base.wrapping_add(self.found.trailing_zeros() as usize / 8);
        self.found &= self.found - 1;
        Some(place)
    }
}

/// The number of octets before the first that `mask` finds; all, if there is none.
#[inline]
pub(crate) fn count_before(octets: &[u8], mask: impl Fn(u64) -> u64) -> usize {
    let mut rest = octets;
    while let Some((word, after)) = rest.split_first_chunk::<8>() {
        let found = mask(u64::from_le_bytes(*word));
        if found != 0 {
            return octets.len() - rest.len() + found.trailing_zeros() as usize / 8;
        }
        rest = after;
    }
    octets.len() - rest.len() + count_before_in_tail(octets, rest, mask)
}

/// [`count_before`] in `rest`, which is the end of `octets` and shorter than a word.
#[inline]
fn count_before_in_tail(octets: &[u8], rest: &[u8], mask: impl Fn(u64) -> u64) -> usize {
    if rest.is_empty() {
        return 0;
    }
    // Whatever stands above the last octet is not counted.
    let word = match octets.last_chunk::<8>() {
        Some(last) => u64::from_le_bytes(*last) >> (8 * (8 - rest.len())),
        None => rest.iter().rev().fold(0, |word, octet| word << 8 | u64::from(*octet)),
    };
    let found = mask(word);
    let count = if found == 0 { 8 } else { found.trailing_zeros() as usize / 8 };
    count.min(rest.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_octet_is_of_its_kind_in_every_place() {
        for octet in 0..=u8::MAX {
            for place in 0..8 {
                // What stands before is a member of all kinds.
                let mut octets = *b"aZ09-._/";
                octets[place] = octet;
                let is_graphic = octet.is_ascii_graphic();
                let is_of_name = octet.is_ascii_alphanumeric() || b"-./_".contains(&octet);
                let is_of_host = is_of_name || octet == b':';
                let first = |is_member| if is_member { 8 } else { place };
                assert_eq!(count_before(&octets, each_not_graphic), first(is_graphic), "{octets:?}");
                assert_eq!(count_before(&octets, not_of_name), first(is_of_name), "{octets:?}");
                assert_eq!(count_before(&octets, not_of_host), first(is_of_host), "{octets:?}");
            }
        }
    }

    #[test]
    fn every_octet_is_found_whatever_stands_beside_it() {
        for octet in 0..=u8::MAX {
            for other in 0..=u8::MAX {
                let octets = [other, octet, octet, other, octet, other, other, octet, other, octet];
                let expected: Vec<usize> =
                    (0..octets.len()).filter(|place| !octets[*place].is_ascii_graphic()).collect();
                let found: Vec<usize> = Places::new(&octets, each_not_graphic).collect();
                assert_eq!(found, expected, "{octets:?}");
            }
        }
    }

    proptest! {
        #[test]
        fn two_digits_are_read(hour in 0_u32..100, minute in 0_u32..100, second in 0_u32..100) {
            let text = format!("{hour:02}:{minute:02}:{second:02}");
            let read = two_digits(text.as_bytes().try_into().unwrap_or(b"--------"), b"00:00:00");
            let read = read.map(|[hour, _, _, minute, _, _, second, _]| [hour, minute, second]);
            prop_assert_eq!(read, Some([hour, minute, second]));
        }

        #[test]
        fn two_digits_are_nothing_else(place in 0_usize..8, octet in any::<u8>()) {
            let mut text = *b"22:14:15";
            text[place] = octet;
            let is_right = if matches!(place, 2 | 5) { octet == b':' } else { octet.is_ascii_digit() };
            prop_assert_eq!(two_digits(&text, b"00:00:00").is_some(), is_right);
        }

        #[test]
        fn leading_digits_are_a_number(digits in "[0-9]{0,8}", after in any::<[u8; 8]>()) {
            let text: Vec<u8> = digits.bytes().chain(after).take(8).collect();
            let (number, count) = leading_digits(text.as_slice().try_into().unwrap_or(b"--------"));
            let expected: String =
                text.iter().take_while(|octet| octet.is_ascii_digit()).map(|octet| char::from(*octet)).collect();
            prop_assert_eq!(count, expected.len());
            prop_assert_eq!(number, expected.parse().unwrap_or(0));
        }

        #[test]
        fn the_first_is_found(octets in proptest::collection::vec(any::<u8>(), 0..40), wanted in any::<u8>()) {
            let plain = octets.iter().position(|octet| *octet == wanted).unwrap_or(octets.len());
            prop_assert_eq!(count_before(&octets, |word| equal(word, wanted)), plain);
        }

        #[test]
        fn the_first_of_another_kind_is_found(octets in proptest::collection::vec(any::<u8>(), 0..40)) {
            let before = |is_member: fn(&u8) -> bool| {
                octets.iter().position(|octet| !is_member(octet)).unwrap_or(octets.len())
            };
            prop_assert_eq!(count_before(&octets, each_not_graphic), before(u8::is_ascii_graphic));
            let plain = |octet: &u8| matches!(octet, b' '..=b'~') && !b"\"\\".contains(octet);
            prop_assert_eq!(count_before(&octets, not_plain_in_json), before(plain));
            let of_name = |octet: &u8| octet.is_ascii_alphanumeric() || b"-./_".contains(octet);
            prop_assert_eq!(count_before(&octets, not_of_name), before(of_name));
            let of_host = |octet: &u8| octet.is_ascii_alphanumeric() || b"-./:_".contains(octet);
            prop_assert_eq!(count_before(&octets, not_of_host), before(of_host));
        }

        #[test]
        fn the_first_of_some_is_found(text in "[ -~\\x7f\\x80\\xff]{0,40}") {
            let octets = text.as_bytes();
            let ends = |octet: &u8| matches!(octet, b'"' | b'\\' | b']');
            let plain = octets.iter().position(ends).unwrap_or(octets.len());
            let mask = |word| equal(word, b'"') | equal(word, b'\\') | equal(word, b']');
            prop_assert_eq!(count_before(octets, mask), plain);
        }
    }
}
