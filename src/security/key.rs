//! A key in memory.

use std::fmt;

use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

/// Octets of the longest key: a hash of SHA-512.
pub(super) const KEY_OCTETS_MAX: usize = 64;

/// A secret of at most [`KEY_OCTETS_MAX`] octets: never shown, compared in constant time, wiped when it goes.
#[derive(Clone)]
pub(super) struct Key {
    octets: Zeroizing<[u8; KEY_OCTETS_MAX]>,
    len: usize,
}

impl Key {
    /// The first [`KEY_OCTETS_MAX`] of `octets`.
    pub(super) fn new(octets: &[u8]) -> Self {
        let mut key = Self { octets: Zeroizing::new([0; KEY_OCTETS_MAX]), len: 0 };
        key.append(octets, KEY_OCTETS_MAX);
        key
    }

    /// Appends `octets`, as many as there is room for in a key of `len_max`.
    pub(super) fn append(&mut self, octets: &[u8], len_max: usize) {
        let room = self.octets.get_mut(self.len..len_max).unwrap_or_default();
        let taken = room.len().min(octets.len());
        for (place, octet) in room.iter_mut().zip(octets) {
            *place = *octet;
        }
        self.len += taken;
    }

    /// The octets, for whoever computes with them.
    pub(super) fn expose(&self) -> &[u8] {
        self.octets.get(..self.len).unwrap_or_default()
    }

    /// The same key cut to `len` octets.
    pub(super) fn truncated(&self, len: usize) -> Self {
        let octets = self.expose();
        Self::new(octets.get(..len).unwrap_or(octets))
    }

    /// Number of octets.
    pub(super) fn len(&self) -> usize {
        self.len
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.expose().ct_eq(other.expose()).into()
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(..)")
    }
}
