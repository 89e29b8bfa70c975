//! A name as sub-identifiers on the stack.

use crate::base::limits;
use crate::wire::ber::Oid;

/// Sub-identifiers that an [`OidBuf`] holds: a whole name and the two that RFC 3584 3.1 appends to an enterprise.
const CAPACITY: usize = limits::OID_SUB_IDENTIFIERS_MAX + 2;

/// A name as sub-identifiers, without allocation; at most 130 of them.
#[derive(Clone, Copy)]
pub struct OidBuf {
    arcs: [u32; CAPACITY],
    /// How many of `arcs` are in use; `0 <= len <= CAPACITY`.
    len: usize,
}

impl OidBuf {
    /// No sub-identifiers.
    #[must_use]
    pub const fn empty() -> Self {
        Self { arcs: [0; CAPACITY], len: 0 }
    }

    /// The sub-identifiers of `oid`.
    #[must_use]
    pub fn of(oid: Oid<'_>) -> Self {
        let mut buffer = Self::empty();
        buffer.set(oid);
        buffer
    }

    /// Holds the sub-identifiers of `oid` and no others from now on. Another use of the same buffer spares the making of
    /// one, which is half a kilobyte.
    pub fn set(&mut self, oid: Oid<'_>) -> &[u32] {
        self.len = 0;
        for arc in oid.arcs() {
            self.push(arc);
        }
        self.as_slice()
    }

    /// Appends one sub-identifier; a full buffer stays as it is, which a checked [`Oid`] and two more cannot reach.
    pub fn push(&mut self, arc: u32) {
        if let Some(place) = self.arcs.get_mut(self.len) {
            *place = arc;
            self.len += 1;
        }
    }

    /// The sub-identifiers.
    #[must_use]
    pub fn as_slice(&self) -> &[u32] {
        self.arcs.get(..self.len).unwrap_or_default()
    }
}

impl std::fmt::Debug for OidBuf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.as_slice()).finish()
    }
}
