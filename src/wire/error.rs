//! Why octets are not what the RFCs say they should be.
//!
//! Invariant: an error is `Copy`, names a rule of the grammar, and carries no octet of the peer's.

use std::fmt;

/// Declares [`Reason`] with one snake_case name per variant, used as metric label and in `validation_errors`.
macro_rules! reasons {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)+) => {
        /// The rule of X.690, RFC 1157, RFC 2578 or RFC 3416 that octets broke. The set grows.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Reason { $($(#[$doc])* $variant,)+ }

        impl Reason {
            /// Every reason, in order of declaration (X.690 first, then RFC 3416); the place is [`Reason::index`].
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The stable snake_case name of the rule of X.690 or RFC 3416: a metric label, never translated.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }
        }
    };
}

reasons! {
    /// The octets end inside a tag or a length (X.690 8.1).
    UnexpectedEnd = "unexpected_end",
    /// A length reaches beyond what encloses it (X.690 8.1.3); also a truncated datagram.
    LengthBeyondParent = "length_beyond_parent",
    /// The indefinite form, which SNMP forbids (RFC 3417 section 8).
    IndefiniteLength = "indefinite_length",
    /// The first length octet is the reserved 0xFF (X.690 8.1.3.5).
    ReservedLength = "reserved_length",
    /// Encodings deeper in each other than those of any message (a bound of ours; X.690 has none).
    TooDeep = "too_deep",
    /// A tag of several octets (X.690 8.1.2.4); SNMP has none.
    MultiOctetTag = "multi_octet_tag",
    /// Another tag than the grammar asks for at this place (RFC 3416 section 3).
    UnexpectedTag = "unexpected_tag",
    /// An OCTET STRING in the constructed form, which SNMP forbids (RFC 3417 section 8).
    ConstructedString = "constructed_string",
    /// An INTEGER or an unsigned value of no octets (X.690 8.3.1).
    EmptyInteger = "empty_integer",
    /// An integer outside the range of its type (RFC 2578 7.1).
    IntegerOutOfRange = "integer_out_of_range",
    /// A sub-identifier above 2^32-1 (RFC 2578 7.1.3).
    SubIdentifierOutOfRange = "sub_identifier_out_of_range",
    /// A string of more or fewer octets than its place allows (RFC 3412 section 6: msgFlags; RFC 3414 2.4: msgUserName).
    OctetStringLength = "octet_string_length",
    /// The last sub-identifier does not end (X.690 8.19.2).
    SubIdentifierUnterminated = "sub_identifier_unterminated",
    /// A sub-identifier starts with 0x80 (X.690 8.19.2); accepted, it would give one name two spellings.
    SubIdentifierPadded = "sub_identifier_padded",
    /// More than 128 sub-identifiers (RFC 2578 7.1.3).
    ObjectIdentifierTooLong = "object_identifier_too_long",
    /// A varbind without a name (RFC 3416 section 3).
    ObjectIdentifierEmpty = "object_identifier_empty",
    /// msgVersion is none of 0, 1 and 3 (RFC 3584 section 5; counts as snmpInBadVersions, RFC 3418).
    VersionUnsupported = "version_unsupported",
    /// No PDU type has this tag (RFC 3416 section 3).
    PduUnknown = "pdu_unknown",
    /// The PDU type does not exist in this version (RFC 1157 4.1, RFC 3416 section 3).
    PduNotLegalInVersion = "pdu_not_legal_in_version",
    /// An IpAddress that has not exactly 4 octets (RFC 2578 7.1.5).
    IpAddressLength = "ip_address_length",
    /// A NULL or an exception value that has octets (RFC 3416 section 3).
    NullWithOctets = "null_with_octets",
    /// Octets after the value inside one varbind (RFC 3416 section 3).
    VarBindTrailingOctets = "varbind_trailing_octets",
    /// The varbind list goes on after [`crate::base::limits::VARBINDS_MAX`] varbinds (a bound of ours; RFC 3416 has none).
    TooManyVarBinds = "too_many_varbinds",
}

impl Reason {
    /// Place of the reason in [`Reason::ALL`], for tables of counters; stable within one build (RFC 3418 counts less finely).
    #[must_use]
    pub const fn index(self) -> usize {
        self as usize
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Octets that break a rule of X.690 or RFC 3416: the peer's fault, never ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DecodeError {
    /// The rule.
    pub reason: Reason,
    /// Octets from the start of the datagram to the place where it broke.
    pub offset: usize,
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at octet {}", self.reason, self.offset)
    }
}

impl std::error::Error for DecodeError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_index_points_back() {
        for (place, reason) in Reason::ALL.iter().enumerate() {
            assert_eq!(reason.index(), place);
            assert_eq!(Reason::ALL.iter().filter(|other| other.as_str() == reason.as_str()).count(), 1);
            assert!(reason.as_str().bytes().all(|octet| octet.is_ascii_lowercase() || octet == b'_'));
        }
    }
}
