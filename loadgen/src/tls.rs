//! How a TLS session is begun, and whom to trust.
//!
//! Invariant: without `--insecure` no message goes to a receiver whose certificate was not issued by an authority that
//! the user named, for the name that the user gave.

use std::io;
use std::net::{IpAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{
    ClientConfig, ClientConnection, DigitallySignedStruct, RootCertStore, SignatureScheme, StreamOwned,
};

/// Begins TLS sessions.
#[derive(Debug, Clone)]
pub struct Connector {
    config: Arc<ClientConfig>,
    name: ServerName<'static>,
}

/// Whom to trust, and who we are; files are PEM.
#[derive(Debug, Clone, Copy)]
pub struct Trust<'t> {
    /// Certificates of authorities; any certificate will do when there is none.
    pub ca: Option<&'t Path>,
    /// Whether to take any certificate.
    pub insecure: bool,
    /// The name that the certificate must be for.
    pub name: Option<&'t str>,
    /// Our own certificate, and its key.
    pub own: Option<(&'t Path, &'t Path)>,
}

impl Connector {
    /// For receivers at `address`.
    ///
    /// # Errors
    /// The user's fault: neither authority nor `--insecure`, or a file that cannot be read.
    pub fn new(trust: Trust<'_>, address: IpAddr) -> Result<Self> {
        let name = match trust.name {
            Some(name) => ServerName::try_from(name.to_owned())
                .with_context(|| format!("--tls-name {name}: not a host name or address"))?,
            None => ServerName::from(address),
        };
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .context("TLS")?;
        let builder = match trust.ca {
            Some(path) => builder.with_root_certificates(roots(path)?),
            None if trust.insecure => {
                builder.dangerous().with_custom_certificate_verifier(Arc::new(Anyone(provider)))
            }
            None => bail!("TLS needs --tls-ca FILE, or --insecure to take any certificate"),
        };
        let config = match trust.own {
            None => builder.with_no_client_auth(),
            Some((certificate, key)) => {
                let chain = certificates("--tls-certificate", certificate)?;
                let key = PrivateKeyDer::from_pem_file(key)
                    .with_context(|| format!("--tls-key: no key in {}", key.display()))?;
                builder.with_client_auth_cert(chain, key).context("--tls-certificate and --tls-key")?
            }
        };
        Ok(Self { config: Arc::new(config), name })
    }

    /// Shakes hands over `stream`, which waits.
    ///
    /// # Errors
    /// No session, or no answer within the time that the stream waits.
    pub fn shake(&self, mut stream: TcpStream) -> io::Result<StreamOwned<ClientConnection, TcpStream>> {
        let mut session =
            ClientConnection::new(Arc::clone(&self.config), self.name.clone()).map_err(io::Error::other)?;
        while session.is_handshaking() {
            session.complete_io(&mut stream)?;
        }
        Ok(StreamOwned::new(session, stream))
    }
}

fn certificates(option: &str, path: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let all = read.with_context(|| format!("{option}: cannot read {}", path.display()))?;
    if all.is_empty() {
        bail!("{option}: no certificate in {}", path.display());
    }
    Ok(all)
}

fn roots(path: &Path) -> Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates("--tls-ca", path)? {
        roots.add(certificate).with_context(|| format!("--tls-ca: {}", path.display()))?;
    }
    Ok(roots)
}

/// Takes any certificate, but wants its key to be the one that signs.
#[derive(Debug)]
struct Anyone(Arc<CryptoProvider>);

impl ServerCertVerifier for Anyone {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
