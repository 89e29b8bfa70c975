//! Sixteen octets side by side: which of them are of a kind, a bit for each.
//!
//! A header is made of short fields. Looking at one octet after the other costs a branch for each, and a wrong guess at the
//! end of every field; here a field's end is the lowest bit of a word.
//!
//! Invariant: no bit stands for an octet that is not there.

use wide::i8x16;

/// Octets that are looked at together.
const LANES: usize = 16;

/// Sixteen octets; or, of each of them, whether it is of a kind: all its bits are set, or none.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lanes(i8x16);

impl Lanes {
    #[inline]
    fn of(octets: &[u8; LANES]) -> Self {
        Self(i8x16::new(octets.map(u8::cast_signed)))
    }

    /// `octet` in every place.
    #[inline]
    fn splat(octet: u8) -> i8x16 {
        i8x16::splat(octet.cast_signed())
    }

    /// Those that are `octet`.
    #[inline]
    pub(crate) fn equal(self, octet: u8) -> Self {
        Self(self.0.simd_eq(Self::splat(octet)))
    }

    /// Those that are `first` to `last`, which are not all octets there are.
    #[inline]
    pub(crate) fn within(self, first: u8, last: u8) -> Self {
        // They become the largest numbers there are: processors compare signed ones best.
        let largest = self.0 + Self::splat(i8::MAX.cast_unsigned().wrapping_sub(last));
        Self(largest.simd_gt(Self::splat(i8::MAX.cast_unsigned().wrapping_sub(last - first + 1))))
    }

    /// Letters of US-ASCII.
    #[inline]
    pub(crate) fn letter(self) -> Self {
        // Only letters of the other case differ from lower case in this bit alone.
        Self(self.0 | Self::splat(0x20)).within(b'a', b'z')
    }

    /// Printable US-ASCII without the space.
    #[inline]
    pub(crate) fn graphic(self) -> Self {
        self.within(b'!', b'~')
    }

    /// Letters, digits, `-`, `.`, `/`, `_`: what almost every name is made of.
    #[inline]
    pub(crate) fn of_name(self) -> Self {
        self.letter() | self.within(b'-', b'9') | self.equal(b'_')
    }

    /// The same and `:`: what almost every host is made of.
    #[inline]
    pub(crate) fn of_host(self) -> Self {
        self.letter() | self.within(b'-', b':') | self.equal(b'_')
    }

    /// Octets of text that stand for themselves in a JSON string (RFC 8259 section 7), but for DEL.
    #[inline]
    pub(crate) fn plain_in_json(self) -> Self {
        self.within(b' ', 0xFF) & !(self.equal(b'"') | self.equal(b'\\') | self.equal(0x7F))
    }

    /// US-ASCII.
    #[inline]
    pub(crate) fn ascii(self) -> Self {
        self.within(0, 0x7F)
    }

    #[inline]
    fn bits(self) -> u64 {
        u64::from(self.0.to_bitmask())
    }
}

impl std::ops::BitOr for Lanes {
    type Output = Self;

    #[inline]
    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl std::ops::BitAnd for Lanes {
    type Output = Self;

    #[inline]
    fn bitand(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}

impl std::ops::Not for Lanes {
    type Output = Self;

    #[inline]
    fn not(self) -> Self {
        Self(!self.0)
    }
}

/// The most octets that [`bits`] looks at.
pub(crate) const WINDOW: usize = 64;

/// Of the first octets, `COUNT` of them or all if there are fewer: which are of each kind. The lowest bit is the first octet's.
///
/// `COUNT` is 16, 32, 48 or 64.
#[inline(always)]
pub(crate) fn bits<const COUNT: usize, const KINDS: usize>(
    octets: &[u8],
    kinds: impl Fn(Lanes) -> [Lanes; KINDS],
) -> [u64; KINDS] {
    const { assert!(COUNT > 0 && COUNT <= WINDOW && COUNT.is_multiple_of(LANES)) };
    let Some(window) = octets.first_chunk::<COUNT>() else { return bits_of_few(octets, kinds) };
    let mut found = [0; KINDS];
    for (index, chunk) in window.as_chunks().0.iter().enumerate() {
        for (found, kind) in found.iter_mut().zip(kinds(Lanes::of(chunk))) {
            *found |= kind.bits() << (index * LANES);
        }
    }
    found
}

/// [`bits`] of the octets from `from` on, all 64 of them or as many as there are.
#[inline]
pub(crate) fn bits_from<const KINDS: usize>(
    octets: &[u8],
    from: usize,
    kinds: impl Fn(Lanes) -> [Lanes; KINDS],
) -> [u64; KINDS] {
    let rest = octets.get(from..).unwrap_or_default();
    match octets.last_chunk::<WINDOW>() {
        // The last window once more, without what stands before.
        Some(last) if rest.len() < WINDOW => {
            let mut found = bits::<WINDOW, _>(last, kinds);
            for found in &mut found {
                *found = found.unbounded_shr((WINDOW - rest.len()) as u32);
            }
            found
        }
        _ => bits::<WINDOW, _>(rest, kinds),
    }
}

/// [`bits`] of fewer octets than a window has.
#[inline(never)]
fn bits_of_few<const KINDS: usize>(octets: &[u8], kinds: impl Fn(Lanes) -> [Lanes; KINDS]) -> [u64; KINDS] {
    let mut found = [0; KINDS];
    let mut rest = octets;
    let mut place = 0;
    while !rest.is_empty() {
        let (lanes, before) =
            rest.first_chunk().map_or_else(|| tail(octets, rest), |chunk| (Lanes::of(chunk), 0));
        for (found, kind) in found.iter_mut().zip(kinds(lanes)) {
            *found |= kind.bits() >> before << place;
        }
        place += LANES;
        rest = rest.get(LANES..).unwrap_or_default();
    }
    // The last lanes may be of nothing.
    for found in &mut found {
        *found &= (1 << octets.len()) - 1;
    }
    found
}

/// The number of octets before the first that is not of `kind`; all, if there is none.
#[inline(always)]
pub(crate) fn count_of(octets: &[u8], kind: impl Fn(Lanes) -> Lanes) -> usize {
    // Most fields end in the first lanes.
    match octets.first_chunk() {
        Some(first) if let others @ 1.. = !kind(Lanes::of(first)).bits() & u64::from(u16::MAX) => {
            others.trailing_zeros() as usize
        }
        _ => long_count_of(octets, kind),
    }
}

/// [`count_of`] of any octets.
#[inline(never)]
fn long_count_of(octets: &[u8], kind: impl Fn(Lanes) -> Lanes) -> usize {
    let mut rest = octets;
    while let Some((chunk, after)) = rest.split_first_chunk() {
        let others = (!kind(Lanes::of(chunk))).bits();
        if others != 0 {
            return octets.len() - rest.len() + others.trailing_zeros() as usize;
        }
        rest = after;
    }
    if rest.is_empty() {
        return octets.len();
    }
    let (lanes, before) = tail(octets, rest);
    let others = (!kind(lanes)).bits() >> before;
    octets.len() - rest.len() + rest.len().min(others.trailing_zeros() as usize)
}

/// The octets of `rest`, which is the end of `octets` and shorter than sixteen, and how many stand before them.
#[inline]
fn tail(octets: &[u8], rest: &[u8]) -> (Lanes, usize) {
    match octets.last_chunk() {
        Some(last) => (Lanes::of(last), LANES - rest.len()),
        None => (Lanes::of(&padded(rest)), 0),
    }
}

/// Fewer than sixteen octets, and zeros.
#[inline]
fn padded(octets: &[u8]) -> [u8; LANES] {
    // Two words that overlap where they have the same octets.
    let word = match (octets.first_chunk(), octets.last_chunk()) {
        (Some(first), Some(last)) => {
            u128::from(u64::from_le_bytes(*first))
                | u128::from(u64::from_le_bytes(*last)) << (8 * (octets.len() - 8))
        }
        _ => octets.iter().rev().fold(0, |word, octet| word << 8 | u128::from(*octet)),
    };
    word.to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Each kind, and what it says of one octet.
    type Kind = (fn(Lanes) -> Lanes, fn(u8) -> bool);

    const KINDS: [Kind; 7] = [
        (|lanes| lanes.equal(b'"'), |octet| octet == b'"'),
        (|lanes| lanes.within(b'0', 0xFF), |octet| octet >= b'0'),
        (Lanes::graphic, |octet| octet.is_ascii_graphic()),
        (Lanes::of_name, |octet| octet.is_ascii_alphanumeric() || b"-./_".contains(&octet)),
        (Lanes::of_host, |octet| octet.is_ascii_alphanumeric() || b"-./_:".contains(&octet)),
        (Lanes::plain_in_json, |octet| octet >= b' ' && !b"\"\\\x7F".contains(&octet)),
        (Lanes::ascii, |octet| octet.is_ascii()),
    ];

    #[test]
    fn every_octet_is_of_its_kinds_in_every_place() {
        for octet in 0..=u8::MAX {
            for place in 0..LANES {
                let mut octets = [b'a'; LANES];
                octets[place] = octet;
                for (kind, is_of) in KINDS {
                    let expected: u64 =
                        (0..).zip(octets).map(|(place, octet)| u64::from(is_of(octet)) << place).sum();
                    assert_eq!(bits::<WINDOW, _>(&octets, |lanes| [kind(lanes)]), [expected], "{octets:?}");
                }
            }
        }
    }

    proptest! {
        #[test]
        fn bits_and_counts_are_those_of_single_octets(
            octets in proptest::collection::vec(any::<u8>(), 0..150),
            from in 0_usize..160,
        ) {
            for (kind, is_of) in KINDS {
                let found = bits::<WINDOW, _>(&octets, |lanes| [kind(lanes), !kind(lanes)]);
                let bit = |(place, octet): (u32, &u8)| u64::from(is_of(*octet)) << place;
                let expected: u64 = (0..).zip(octets.iter().take(WINDOW)).map(bit).sum();
                let all = (0..octets.len().min(WINDOW)).map(|place| 1 << place).sum::<u64>();
                prop_assert_eq!(found, [expected, all & !expected]);
                let from = from.min(octets.len());
                let behind = octets.get(from..).unwrap_or_default();
                let kinds = |lanes| [kind(lanes), !kind(lanes)];
                prop_assert_eq!(bits_from(&octets, from, kinds), bits::<WINDOW, _>(behind, kinds));
                let count = octets.iter().position(|octet| !is_of(*octet)).unwrap_or(octets.len());
                prop_assert_eq!(count_of(&octets, kind), count);
            }
        }

        #[test]
        fn runs_are_counted(text in "[a-z]{0,40}( [a-z]{0,20})?") {
            let count = text.bytes().position(|octet| octet == b' ').unwrap_or(text.len());
            prop_assert_eq!(count_of(text.as_bytes(), Lanes::of_name), count);
        }
    }
}
