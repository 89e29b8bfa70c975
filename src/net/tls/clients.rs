//! Which clients of a TLS listener are let in: by a CA, by a fingerprint, by a name.
//!
//! Invariant: a client with a certificate is let in only when its fingerprint is listed, or a CA of ours vouches for
//! it and, where names are listed, it has one of them.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;

use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, RootCertStore, SignatureScheme,
};

use crate::net::tls::names::{self, ClientName, Fingerprint};

/// Whether clients must show a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ClientCertificates {
    /// None is asked for.
    #[default]
    None,
    /// One is asked for; who shows none is let in, who shows a bad one is not.
    Optional,
    /// Who shows none is not let in.
    Required,
}

/// Which clients are let in.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ClientPolicy {
    /// Whether they must show a certificate.
    pub certificates: ClientCertificates,
    /// CAs that vouch for clients, PEM.
    pub ca_file: Option<PathBuf>,
    /// Certificates that are let in whoever issued them.
    pub fingerprints: Vec<Fingerprint>,
    /// Names, of which a certificate that a CA vouches for must have one; empty: any name.
    pub names: Vec<ClientName>,
}

/// Looks at the certificates of clients.
#[derive(Debug)]
pub struct Clients {
    is_required: bool,
    authorities: Option<Arc<dyn ClientCertVerifier>>,
    fingerprints: HashSet<Fingerprint>,
    names: Vec<ClientName>,
    provider: Arc<CryptoProvider>,
    /// Empty with fingerprints: a client whose certificate no CA of ours issued must not think that it is of no use.
    hints: Vec<DistinguishedName>,
}

impl Clients {
    /// What `policy` says, with `roots` from its file; `None` when no certificate is asked for.
    ///
    /// # Errors
    /// Why nobody could be let in.
    pub(super) fn new(
        policy: &ClientPolicy,
        roots: Option<RootCertStore>,
        provider: &Arc<CryptoProvider>,
    ) -> Result<Option<Self>, String> {
        if policy.certificates == ClientCertificates::None {
            return Ok(None);
        }
        let authorities = match roots {
            Some(roots) => {
                let builder =
                    WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider));
                Some(builder.build().map_err(|error| error.to_string())?)
            }
            None => None,
        };
        let hints = match &authorities {
            Some(authorities) if policy.fingerprints.is_empty() => authorities.root_hint_subjects().to_vec(),
            _ => Vec::new(),
        };
        Ok(Some(Self {
            is_required: policy.certificates == ClientCertificates::Required,
            authorities,
            fingerprints: policy.fingerprints.iter().copied().collect(),
            names: policy.names.clone(),
            provider: Arc::clone(provider),
            hints,
        }))
    }
}

impl ClientCertVerifier for Clients {
    fn client_auth_mandatory(&self) -> bool {
        self.is_required
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &self.hints
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        if self.fingerprints.contains(&Fingerprint::of(end_entity)) {
            return Ok(ClientCertVerified::assertion());
        }
        let Some(authorities) = &self.authorities else {
            return Err(Error::InvalidCertificate(CertificateError::UnknownIssuer));
        };
        let verified = authorities.verify_client_cert(end_entity, intermediates, now)?;
        if !self.names.is_empty() && !names::is_one_of(end_entity, &self.names) {
            return Err(Error::InvalidCertificate(CertificateError::NotValidForName));
        }
        Ok(verified)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(
            message,
            certificate,
            signature,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(
            message,
            certificate,
            signature,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
