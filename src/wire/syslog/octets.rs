//! Eight octets at a time: which of them is the first that ends a field.
//!
//! Each mask has the highest bit set of every octet that it looks for. Above the first such octet a mask may have other bits
//! set; only the first is asked for.

/// The lowest bit of each octet.
const LOW: u64 = splat(0x01);

/// The highest bit of each octet.
const HIGH: u64 = splat(0x80);

const fn splat(octet: u8) -> u64 {
    u64::from_ne_bytes([octet; 8])
}

/// Octets that are `octet`.
#[inline]
pub(super) fn equal(word: u64, octet: u8) -> u64 {
    let difference = word ^ splat(octet);
    difference.wrapping_sub(LOW) & !difference & HIGH
}

/// The number of octets of `rest` before the first that `mask` finds; all, if there is none.
#[inline]
pub(super) fn count_before(rest: &[u8], mask: impl Fn(u64) -> u64) -> usize {
    let (words, tail) = rest.as_chunks::<8>();
    for (place, word) in words.iter().enumerate() {
        let found = mask(u64::from_le_bytes(*word));
        if found != 0 {
            return place * 8 + found.trailing_zeros() as usize / 8;
        }
    }
    // Letters end no field.
    let mut last = [b'a'; 8];
    for (octet, place) in tail.iter().zip(&mut last) {
        *place = *octet;
    }
    let found = mask(u64::from_le_bytes(last));
    let count = if found == 0 { 8 } else { found.trailing_zeros() as usize / 8 };
    words.len() * 8 + count.min(tail.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_first_is_found(octets in proptest::collection::vec(any::<u8>(), 0..40), wanted in any::<u8>()) {
            // The mask is asked for octets that letters are not.
            prop_assume!(wanted != b'a');
            let plain = octets.iter().position(|octet| *octet == wanted).unwrap_or(octets.len());
            prop_assert_eq!(count_before(&octets, |word| equal(word, wanted)), plain);
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
