//! Why a message that was received is not stored, apart from the rules that discard.
//!
//! A new reason is a variant here and the place that counts it: the ledger, the metrics and the API iterate over
//! [`DropReason::ALL`].

use crate::base::variants::named_variants;

named_variants! {
    /// Why a message was dropped.
    pub enum DropReason {
        /// The kernel's receive buffer was full before we could read it.
        KernelReceiveBuffer = "kernel_receive_buffer";
        /// Its source is in `sources.deny_from`.
        SourceDenied = "source_denied";
        /// Its source is not in the listener's `allow_from`.
        SourceNotAllowed = "source_not_allowed";
        /// Its source sends more than `sources.messages_per_second_max`.
        RateLimited = "rate_limited";
        /// The store does not keep up, and its source sends far more than others.
        OverFairShare = "over_fair_share";
        /// The queue had no room for the batch that held it.
        QueueFull = "queue_full";
        /// It is an inform whose event is committed: answered again, not stored again.
        RepeatedInform = "repeated_inform";
        /// The store refused it until the program ended.
        StoreFailed = "store_failed";
        /// It asks for our engine ID (RFC 3414 section 4): answered, and says nothing to be stored.
        Snmpv3Discovery = "snmpv3_discovery";
        /// Its version is not among `listeners.snmp.versions`.
        SnmpVersion = "snmp_version";
        /// Its community is none of `listeners.snmp.communities`.
        SnmpCommunity = "snmp_community";
        /// Its community is configured, but not for its source.
        SnmpCommunitySource = "snmp_community_source";
        /// Its security level is below `listeners.snmp.min_security_level`.
        SnmpSecurityLevel = "snmp_security_level";
    }
}

impl DropReason {
    /// Whether the reason is the address that the message or the connection came from.
    #[must_use]
    pub const fn is_of_source(self) -> bool {
        matches!(self, Self::SourceDenied | Self::SourceNotAllowed)
    }

    /// Whether the message had been put into a batch before it was dropped.
    #[must_use]
    pub const fn is_after_batching(self) -> bool {
        matches!(self, Self::QueueFull | Self::RepeatedInform | Self::StoreFailed)
    }
}
