//! The memory budget: a sum, printed at start.

use crate::mib::Names;
use crate::model::batch::Batch;
use crate::model::event::PRODUCERS_MAX;
use crate::net::transport;
use crate::security::{KEY_CACHE_OCTETS_MAX, SHARED_OCTETS_MAX};
use crate::shard::group::GroupSettings;
use crate::shard::listener::ListenerSpec;
use crate::shard::stream::{PENDING_OCTETS_MAX, duplicates};
use crate::sink::drain::GROUP_BATCHES_MAX;
use crate::storage::connection::CACHE_OCTETS;
use crate::storage::shapes;

/// The program itself, its threads' stacks, statements, rules, and what allocators hold back.
const BASE_OCTETS: usize = 64 * 1024 * 1024;

/// Devices and informs remembered.
const REGISTRIES_OCTETS: usize = 48 * 1024 * 1024;

/// Octets of memory that the program may take: the queue full of the largest batches, the group that the sink
/// holds, those being filled, the receive buffers, TCP connections and their unfinished messages, what RELP senders
/// may repeat, the store's page cache, SNMPv3 keys and clocks, names, of which
/// two sets are there during a reload, and the rest. What reading MIB modules takes for a moment comes on top.
pub fn bound(queue_slots: usize, receive_octets: usize, group: &GroupSettings, names: &Names) -> usize {
    let batches = queue_slots + GROUP_BATCHES_MAX + PRODUCERS_MAX;
    batches * Batch::OCTETS_MAX
        + receive_octets
        + PENDING_OCTETS_MAX
        + group.listeners.iter().map(|listener| connections(&listener.spec)).sum::<usize>()
        + CACHE_OCTETS
        + shapes::OCTETS_MAX
        + REGISTRIES_OCTETS
        + SHARED_OCTETS_MAX
        + group.shards * KEY_CACHE_OCTETS_MAX
        + 2 * names.memory_octets()
        + BASE_OCTETS
}

/// What the connections of a listener may take beside their unfinished messages.
fn connections(spec: &ListenerSpec) -> usize {
    let Some(stream) = spec.stream() else { return 0 };
    let each = if stream.tls.is_some() { transport::TLS_OCTETS_MAX } else { transport::PLAIN_OCTETS_MAX };
    stream.limits.connections_max * each + duplicates::memory_octets(spec.repeatable_messages())
}
