//! TLS 1.2 and 1.3 for listeners: certificates from files, and which clients are let in (RFC 5425, RFC 9662).
//!
//! Invariant: a configuration is taken as a whole or refused as a whole, and no octet of a private key is in an error.

pub mod clients;
pub mod hello;
pub mod names;

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::NoServerSessionStorage;
use rustls::{RootCertStore, ServerConfig};
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer as _;
use zeroize::Zeroizing;

use crate::base::clock::Timestamp;
use crate::base::read::read_regular;
use crate::net::tls::clients::{ClientPolicy, Clients};

/// What TLS listeners go by: replaced as a whole when the files change. A connection keeps what it began with.
#[derive(Clone)]
pub struct TlsInForce(Arc<ArcSwap<ServerConfig>>);

impl fmt::Debug for TlsInForce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The configuration holds a private key.
        f.debug_struct("TlsInForce").finish_non_exhaustive()
    }
}

impl TlsInForce {
    /// `config` from now on.
    #[must_use]
    pub fn new(config: ServerConfig) -> Self {
        Self(Arc::new(ArcSwap::from_pointee(config)))
    }

    /// What is in force now.
    #[must_use]
    pub fn get(&self) -> Arc<ServerConfig> {
        self.0.load_full()
    }

    /// Puts `config` in the place of what was in force.
    pub fn replace(&self, config: ServerConfig) {
        self.0.store(Arc::new(config));
    }
}

/// The TLS configurations of all listeners, by the settings they are made from: listeners with the same settings share
/// one, which is replaced for all of them.
#[derive(Debug, Clone, Default)]
pub struct Certificates(Vec<(TlsSettings, TlsInForce)>);

impl Certificates {
    /// Loads the files of each of `all`, once.
    ///
    /// # Errors
    /// The first that cannot be used.
    pub fn load<'a>(all: impl IntoIterator<Item = &'a TlsSettings>) -> Result<Self, TlsError> {
        let mut loaded = Self::default();
        for settings in all {
            if loaded.get(settings).is_none() {
                loaded.0.push((settings.clone(), TlsInForce::new(load(settings)?)));
            }
        }
        Ok(loaded)
    }

    /// What is in force for `settings`.
    #[must_use]
    pub fn get(&self, settings: &TlsSettings) -> Option<&TlsInForce> {
        self.0.iter().find(|(known, _)| known == settings).map(|(_, in_force)| in_force)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &(TlsSettings, TlsInForce)> {
        self.0.iter()
    }
}

/// A certificate that is valid for less than two weeks more is told.
const EXPIRY_NOTICE_SECONDS: i64 = 14 * 86_400;

/// Where the certificates are, and who is let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsSettings {
    /// The server's certificate and those between it and its CA, PEM.
    pub certificate_file: PathBuf,
    /// Its private key, PEM: PKCS #8, PKCS #1 or SEC 1, not encrypted.
    pub key_file: PathBuf,
    /// Which clients are let in.
    pub clients: ClientPolicy,
}

impl TlsSettings {
    /// All files that are read.
    #[must_use]
    pub fn files(&self) -> Vec<&Path> {
        let files = [Some(&self.certificate_file), Some(&self.key_file), self.clients.ca_file.as_ref()];
        files.into_iter().flatten().map(PathBuf::as_path).collect()
    }
}

/// Why TLS cannot be had with these files.
#[derive(Debug)]
pub enum TlsError {
    /// A file cannot be read.
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file holds nothing of the kind, or something broken.
    Content {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// The files do not fit together, or the library does not take what is in them.
    Refused {
        /// What is wrong.
        what: String,
    },
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read { path, source } => write!(f, "{}: {source}", path.display()),
            Self::Content { path, what } => write!(f, "{}: {what}", path.display()),
            Self::Refused { what } => f.write_str(what),
        }
    }
}

impl std::error::Error for TlsError {}

/// The configuration of a server with the certificates in the files of `settings`.
///
/// # Errors
/// The first file that is of no use, or why the key and the certificate do not go together.
pub fn load(settings: &TlsSettings) -> Result<ServerConfig, TlsError> {
    let chain = certificates(&settings.certificate_file)?;
    let key = private_key(&settings.key_file)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let clients = clients(&settings.clients, &provider)?;
    let builder = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
        .map_err(|error| TlsError::Refused { what: error.to_string() })?;
    let builder = match clients {
        Some(clients) => builder.with_client_cert_verifier(Arc::new(clients)),
        None => builder.with_no_client_auth(),
    };
    let mut config = builder.with_single_cert(chain, key).map_err(|error| TlsError::Refused {
        what: format!(
            "{} and {} cannot be used together: {error}",
            settings.certificate_file.display(),
            settings.key_file.display()
        ),
    })?;
    // A resumed session would skip the look at the client's certificate after the files have changed, and tickets and
    // their store cost memory for senders that connect once a day. 0-RTT is off (RFC 9662 5).
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    config.max_early_data_size = 0;
    Ok(config)
}

/// Says when our certificate is not valid at `now`, or will not be for much longer.
#[must_use]
pub fn expiry_warning(settings: &TlsSettings, now: Timestamp) -> Option<String> {
    let chain = certificates(&settings.certificate_file).ok()?;
    let (_, certificate) = X509Certificate::from_der(chain.first()?).ok()?;
    let validity = certificate.validity();
    let (from, until) = (validity.not_before.timestamp(), validity.not_after.timestamp());
    let now = now.0.div_euclid(1_000_000);
    let file = settings.certificate_file.display();
    if now < from {
        return Some(format!("the certificate in {file} is not valid before {}", validity.not_before));
    }
    match until - now {
        ..0 => Some(format!("the certificate in {file} expired on {}", validity.not_after)),
        0..EXPIRY_NOTICE_SECONDS => {
            Some(format!("the certificate in {file} expires on {}", validity.not_after))
        }
        _ => None,
    }
}

/// Octets of a file of certificates: a bundle of all public CAs takes about 250 KiB.
const FILE_OCTETS_MAX: u64 = 4 * 1024 * 1024;

/// Reads a file of secrets or certificates.
fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, TlsError> {
    read_regular(path, FILE_OCTETS_MAX).map_err(|source| TlsError::Read { path: path.to_path_buf(), source })
}

/// All certificates of a PEM file, at least one.
fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let content = |what: String| TlsError::Content { path: path.to_path_buf(), what };
    let octets = read(path)?;
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&octets).collect();
    let chain = chain.map_err(|error| content(pem_error(&error).to_owned()))?;
    if chain.is_empty() {
        return Err(content("holds no certificate in PEM (-----BEGIN CERTIFICATE-----)".to_owned()));
    }
    Ok(chain)
}

/// The private key of a PEM file.
fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    let octets = read(path)?;
    PrivateKeyDer::from_pem_slice(&octets).map_err(|error| TlsError::Content {
        path: path.to_path_buf(),
        what: match error {
            pem::Error::NoItemsFound => {
                "holds no private key in PEM (PKCS #8, PKCS #1 or SEC 1, not encrypted)".to_owned()
            }
            other => pem_error(&other).to_owned(),
        },
    })
}

/// What is wrong with a PEM file, without a word from it.
fn pem_error(error: &pem::Error) -> &'static str {
    match error {
        pem::Error::MissingSectionEnd { .. } => "a PEM section does not end",
        pem::Error::IllegalSectionStart { .. } => "a PEM section starts with a broken line",
        pem::Error::Base64Decode(_) => "a PEM section is not base64",
        pem::Error::NoItemsFound => "holds nothing in PEM",
        _ => "is not PEM",
    }
}

/// Who is let in; `None` when no certificate is asked for.
fn clients(policy: &ClientPolicy, provider: &Arc<CryptoProvider>) -> Result<Option<Clients>, TlsError> {
    let mut roots = None;
    if let Some(path) = &policy.ca_file {
        let mut store = RootCertStore::empty();
        for certificate in certificates(path)? {
            store.add(certificate).map_err(|error| TlsError::Content {
                path: path.clone(),
                what: format!("a certificate in it cannot be a CA: {error}"),
            })?;
        }
        roots = Some(store);
    }
    Clients::new(policy, roots, provider).map_err(|what| TlsError::Refused { what })
}

#[cfg(test)]
mod tests;
