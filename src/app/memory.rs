//! The memory budget: a sum, printed at start.

use crate::config::settings::Settings;
use crate::model::batch::Batch;
use crate::model::event::PRODUCERS_MAX;
use crate::security::{KEY_CACHE_OCTETS_MAX, SHARED_OCTETS_MAX};
use crate::shard::stream::{PENDING_OCTETS_MAX, relays};
use crate::sink::drain::GROUP_BATCHES_MAX;
use crate::storage::connection::CACHE_OCTETS;

/// The program itself, its threads' stacks, statements, rules, and what allocators hold back.
const BASE_OCTETS: usize = 64 * 1024 * 1024;

/// Devices and informs remembered.
const REGISTRIES_OCTETS: usize = 48 * 1024 * 1024;

/// Octets of memory that the program may take: the queue full of the largest batches, the group that the sink
/// holds, those being filled, the receive buffers, unfinished messages of TCP connections, what RELP senders may
/// repeat, the store's page cache, SNMPv3 keys and clocks, and the rest.
pub fn bound(queue_slots: usize, receive_octets: usize, shards: usize, settings: &Settings) -> usize {
    let relp = &settings.listeners.syslog.relp;
    let relays = if relp.enabled { relays::memory_octets(relp.unacknowledged_max) } else { 0 };
    let batches = queue_slots + GROUP_BATCHES_MAX + PRODUCERS_MAX;
    batches * Batch::OCTETS_MAX
        + receive_octets
        + PENDING_OCTETS_MAX
        + relays
        + CACHE_OCTETS
        + REGISTRIES_OCTETS
        + SHARED_OCTETS_MAX
        + shards * KEY_CACHE_OCTETS_MAX
        + BASE_OCTETS
}
