//! Which informs are the same: a keyed hash of what a repetition has in common with the first.

use std::hash::{BuildHasher, Hash, RandomState};
use std::net::IpAddr;

use crate::model::batch::InformKey;
use crate::security::Accepted;
use crate::wire::snmp::community::CommunityMessage;

/// Keys of informs, equal for equal informs in all shards of this process and unpredictable for peers.
#[derive(Debug, Clone, Default)]
pub struct InformHasher([RandomState; 2]);

impl InformHasher {
    pub(super) fn key(&self, peer: IpAddr, message: &CommunityMessage<'_>, bytes: &[u8]) -> InformKey {
        self.key_of((peer, message.community, message.pdu.request_id(), bytes))
    }

    /// A repetition has another msgID, time and salt than the first; what it says is the same.
    pub(super) fn key_v3(&self, peer: IpAddr, accepted: &Accepted<'_>) -> InformKey {
        let Accepted { parameters, scoped, .. } = accepted;
        let varbinds = scoped.pdu.varbinds.bytes();
        self.key_of((peer, parameters.user, scoped.context_name, scoped.pdu.request_id(), varbinds))
    }

    fn key_of(&self, identity: impl Hash) -> InformKey {
        let [high, low] = &self.0;
        InformKey::from(high.hash_one(&identity)) << 64 | InformKey::from(low.hash_one(&identity))
    }
}
