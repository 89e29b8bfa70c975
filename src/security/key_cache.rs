//! Keys localised for the engines that were heard, one cache a shard.

use crate::security::engine::EngineId;
use crate::security::key::Key;
use crate::security::set_map::{SetMap, WAYS};

/// Sets of the cache: 10,000 engines fill it to less than a third, so that hardly a set overflows.
const SETS: usize = 2_048;

/// Octets that a full cache takes.
pub const KEY_CACHE_OCTETS_MAX: usize =
    SETS * (WAYS * (size_of::<LocalKeys>() + 2 * size_of::<(EngineId, u64, u64)>()) + size_of::<Vec<()>>());

/// A credential's keys for one engine.
#[derive(Debug)]
pub(super) struct LocalKeys {
    /// For the MAC.
    pub(super) auth: Key,
    /// For the cipher, if there is one.
    pub(super) privacy: Option<Key>,
}

/// Engine and number of the credential.
type Owner = (EngineId, u64);

/// The cache. Only authentic messages make entries.
#[derive(Debug)]
pub(super) struct KeyCache(SetMap<Owner, Box<LocalKeys>>);

impl KeyCache {
    /// An empty cache.
    pub(super) fn new() -> Self {
        Self(SetMap::new(SETS))
    }

    /// The keys of a credential for an engine.
    pub(super) fn get(&mut self, engine: &EngineId, credential: u64) -> Option<&LocalKeys> {
        self.0.get(&(*engine, credential)).map(|keys| &**keys)
    }

    /// Keeps keys.
    pub(super) fn insert(&mut self, engine: &EngineId, credential: u64, keys: LocalKeys) {
        self.0.insert((*engine, credential), Box::new(keys));
    }

    /// Forgets the keys of every credential for which `keep` says no.
    pub(super) fn retain(&mut self, keep: impl Fn(u64) -> bool) {
        self.0.retain(|(_, credential)| keep(*credential));
    }
}
