//! The authentication and privacy protocols of USM, and their sizes.

/// Authentication protocols.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AuthProtocol {
    /// HMAC-MD5-96 (RFC 3414 6).
    Md5,
    /// HMAC-SHA-96 (RFC 3414 7).
    Sha,
    /// usmHMAC128SHA224AuthProtocol (RFC 7860).
    Sha224,
    /// usmHMAC192SHA256AuthProtocol (RFC 7860).
    Sha256,
    /// usmHMAC256SHA384AuthProtocol (RFC 7860).
    Sha384,
    /// usmHMAC384SHA512AuthProtocol (RFC 7860).
    Sha512,
}

impl AuthProtocol {
    /// Octets of the MAC in a message (RFC 3414 6.3.1, 7.3.1; RFC 7860 4.2): exactly so many, no fewer.
    #[must_use]
    pub const fn mac_octets(self) -> usize {
        match self {
            Self::Md5 | Self::Sha => 12,
            Self::Sha224 => 16,
            Self::Sha256 => 24,
            Self::Sha384 => 32,
            Self::Sha512 => 48,
        }
    }

    /// Octets of a localised key: those of the hash (RFC 3414 2.6).
    #[must_use]
    pub const fn key_octets(self) -> usize {
        match self {
            Self::Md5 => 16,
            Self::Sha => 20,
            Self::Sha224 => 28,
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }

    /// The protocol's name as the credentials file has it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Md5 => "MD5",
            Self::Sha => "SHA",
            Self::Sha224 => "SHA224",
            Self::Sha256 => "SHA256",
            Self::Sha384 => "SHA384",
            Self::Sha512 => "SHA512",
        }
    }
}

/// Privacy protocols.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PrivProtocol {
    /// CBC-DES (RFC 3414 8).
    Des,
    /// 3DES-EDE, with Reeder's key extension (draft-reeder-snmpv3-usm-3desede).
    TripleDes,
    /// CFB128-AES-128 (RFC 3826).
    Aes,
    /// AES-192, with Blumenthal's key extension (draft-blumenthal-aes-usm-04).
    Aes192,
    /// AES-256, with Blumenthal's key extension (draft-blumenthal-aes-usm-04).
    Aes256,
    /// AES-192, with Reeder's key extension, as Cisco has it.
    Aes192C,
    /// AES-256, with Reeder's key extension, as Cisco has it.
    Aes256C,
}

/// How a localised key that is too short for its cipher is made longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KeyExtension {
    /// Every hash is long enough.
    NotNeeded,
    /// The hash of all so far is appended (draft-blumenthal-aes-usm-04 3.1.2.1).
    Blumenthal,
    /// The last block is taken for a password (draft-reeder-snmpv3-usm-3desede 2.1).
    Reeder,
}

impl PrivProtocol {
    /// Octets of the localised key that are used; for the two DES they include those of the initialisation vector.
    #[must_use]
    pub const fn key_octets(self) -> usize {
        match self {
            Self::Des | Self::Aes => 16,
            Self::Aes192 | Self::Aes192C => 24,
            Self::TripleDes | Self::Aes256 | Self::Aes256C => 32,
        }
    }

    /// How short keys are extended.
    pub(super) const fn extension(self) -> KeyExtension {
        match self {
            Self::Des | Self::Aes => KeyExtension::NotNeeded,
            Self::Aes192 | Self::Aes256 => KeyExtension::Blumenthal,
            Self::TripleDes | Self::Aes192C | Self::Aes256C => KeyExtension::Reeder,
        }
    }

    /// The protocol's name as the credentials file has it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Des => "DES",
            Self::TripleDes => "3DES",
            Self::Aes => "AES",
            Self::Aes192 => "AES192",
            Self::Aes256 => "AES256",
            Self::Aes192C => "AES192C",
            Self::Aes256C => "AES256C",
        }
    }
}
