//! What a decoder tolerated, as a set of bits with stable names for metrics and `validation_errors`.
//!
//! Invariant: a note never changes what the fields say; it tells the reader how much to trust them.

/// A set of tolerated deviations. Copying it is copying one integer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Notes(u32);

macro_rules! notes {
    ($($(#[$doc:meta])* $name:ident = $bit:literal, $text:literal;)*) => {
        impl Notes {
            $($(#[$doc])* pub const $name: Self = Self(1 << $bit);)*

            /// Every note with its name, in the order of the bits.
            pub const ALL: &'static [(Self, &'static str)] = &[$((Self::$name, $text)),*];
        }
    };
}

notes! {
    /// There is no PRI; a reader assumes 13, user.notice (RFC 3164 4.3.3).
    PRI_ABSENT = 0, "pri-absent";
    /// The line starts like a PRI, but it is not one or exceeds 191 (RFC 5424 6.2.1).
    PRI_INVALID = 1, "pri-invalid";
    /// PRI has leading zeros, as `<034>`.
    PRI_LEADING_ZERO = 2, "pri-leading-zero";
    /// Space stands before or after PRI.
    SPACE_AROUND_PRI = 3, "space-around-pri";
    /// VERSION is not 1 (RFC 5424 6.2.2); the rest was read as version 1.
    VERSION_UNKNOWN = 4, "version-unknown";
    /// A complete RFC 5424 header, but no VERSION.
    VERSION_ABSENT = 5, "version-absent";
    /// TIMESTAMP is readable, but not as RFC 5424 6.2.3 or RFC 3164 4.1.2 writes it.
    TIMESTAMP_NONSTANDARD = 6, "timestamp-nonstandard";
    /// TIMESTAMP names a date or time that does not exist, or cannot be read; it was refused.
    TIMESTAMP_INVALID = 7, "timestamp-invalid";
    /// The device told its uptime instead of a time.
    TIMESTAMP_UPTIME = 8, "timestamp-uptime";
    /// An RFC 5424 line ends before MSGID or STRUCTURED-DATA.
    HEADER_INCOMPLETE = 9, "header-incomplete";
    /// An RFC 5424 field exceeds its length, or holds octets that are not printable US-ASCII, or is empty.
    FIELD_NONSTANDARD = 10, "field-nonstandard";
    /// STRUCTURED-DATA breaks its grammar; everything from its place on is content.
    STRUCTURED_DATA_INVALID = 11, "structured-data-invalid";
    /// An SD-ID or PARAM-NAME exceeds 32 octets (RFC 5424 6.3.2).
    SD_NAME_LONG = 12, "sd-name-long";
    /// An SD-ID occurs twice (RFC 5424 6.3.2); both are kept.
    SD_ID_REPEATED = 13, "sd-id-repeated";
    /// MSG starts with a byte order mark: it claims to be UTF-8 (RFC 5424 6.4). Not a deviation.
    BYTE_ORDER_MARK = 14, "byte-order-mark";
    /// NUL or a line break after the message was taken off.
    TRAILER_STRIPPED = 15, "trailer-stripped";
    /// No HOSTNAME; a reader takes the sender's address.
    HOSTNAME_ABSENT = 16, "hostname-absent";
    /// TAG without the colon that ends it: the first word was taken.
    TAG_WITHOUT_COLON = 17, "tag-without-colon";
    /// TAG exceeds 32 octets (RFC 3164 4.1.3).
    TAG_LONG = 18, "tag-long";
    /// A relay's header stands before the originator's own; the originator's was taken.
    RELAYED = 19, "relayed";
    /// Octets that belong to no message stand before PRI: a byte order mark, NUL, line breaks, a MSG-LEN.
    OCTETS_BEFORE_PRI = 20, "octets-before-pri";
}

impl Notes {
    /// The set without members.
    pub const NONE: Self = Self(0);

    /// Adds every member of `other`.
    pub fn insert(&mut self, other: Self) {
        self.0 |= other.0;
    }

    /// Takes `other` out.
    pub fn remove(&mut self, other: Self) {
        self.0 &= !other.0;
    }

    /// Whether every member of `other` is in the set.
    #[must_use]
    pub fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether the set has no member.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The set as an integer; the bits are the order of [`Notes::ALL`].
    #[must_use]
    pub fn bits(self) -> u32 {
        self.0
    }

    /// The names of the members, in the order of [`Notes::ALL`].
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        Self::ALL.iter().filter(move |(note, _)| self.contains(*note)).map(|(_, name)| *name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_names_its_members_once() {
        let mut notes = Notes::NONE;
        assert!(notes.is_empty());
        notes.insert(Notes::RELAYED);
        notes.insert(Notes::PRI_ABSENT);
        notes.insert(Notes::RELAYED);
        assert_eq!(notes.names().collect::<Vec<_>>(), ["pri-absent", "relayed"]);
        assert!(notes.contains(Notes::RELAYED) && !notes.contains(Notes::TAG_LONG));
    }

    #[test]
    fn every_note_has_a_bit_and_a_name_of_its_own() {
        let mut seen = 0;
        for (index, (note, name)) in Notes::ALL.iter().enumerate() {
            assert_eq!(seen & note.bits(), 0, "{name}");
            seen |= note.bits();
            assert!(Notes::ALL.iter().skip(index + 1).all(|(_, other)| other != name));
        }
    }
}
