//! Certificates for a test, and a client that shows one.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;

use rcgen::{BasicConstraints, Certificate, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

/// A CA of one test. It writes what it issues into a folder, as `NAME.pem` and `NAME.key`.
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

/// A TLS connection to a daemon.
pub type TlsClient = StreamOwned<ClientConnection, TcpStream>;

impl Authority {
    /// A CA; its certificate is `ca.pem` in `folder`, and `server` is issued for this machine.
    pub fn new(folder: &Path) -> Self {
        let this = Self::called(folder, "ca");
        this.issue(folder, "server", &["localhost", "127.0.0.1"]);
        this
    }

    /// A CA with its certificate in `NAME.pem`.
    pub fn called(folder: &Path, name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        std::fs::write(folder.join(format!("{name}.pem")), issuer.pem()).unwrap();
        Self { issuer }
    }

    /// Issues a certificate for `names`.
    pub fn issue(&self, folder: &Path, name: &str, names: &[&str]) -> Certificate {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        std::fs::write(folder.join(format!("{name}.pem")), certificate.pem()).unwrap();
        std::fs::write(folder.join(format!("{name}.key")), key.serialize_pem()).unwrap();
        certificate
    }
}

/// A client that trusts `ca.pem` of `folder` and shows the certificate called `name`, if any.
pub fn client(folder: &Path, name: Option<&str>) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(folder.join("ca.pem")).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let builder = builder.with_root_certificates(roots);
    match name {
        None => builder.with_no_client_auth(),
        Some(name) => {
            let chain = vec![CertificateDer::from_pem_file(folder.join(format!("{name}.pem"))).unwrap()];
            let key = PrivateKeyDer::from_pem_file(folder.join(format!("{name}.key"))).unwrap();
            builder.with_client_auth_cert(chain, key).unwrap()
        }
    }
}

/// A TLS connection over `stream`.
///
/// # Errors
/// When the server does not let us in; with TLS 1.3 that shows at the first read.
pub fn shake(stream: TcpStream, config: ClientConfig) -> io::Result<TlsClient> {
    let name = ServerName::try_from("localhost").unwrap();
    let mut connection = ClientConnection::new(Arc::new(config), name).map_err(io::Error::other)?;
    let mut stream = stream;
    while connection.is_handshaking() {
        connection.complete_io(&mut stream)?;
    }
    Ok(StreamOwned::new(connection, stream))
}

/// Connects to `address`, sends `octets`, says close_notify and waits for the end of the other side.
///
/// # Errors
/// When the server does not let us in.
pub fn send(address: SocketAddr, config: ClientConfig, octets: &[u8]) -> io::Result<()> {
    let mut client = shake(super::tcp_to(address), config)?;
    client.write_all(octets)?;
    client.conn.send_close_notify();
    client.flush()?;
    let mut rest = Vec::new();
    client.read_to_end(&mut rest)?;
    assert_eq!(rest, b"");
    Ok(())
}
