#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;
use crate::net::tls::clients::ClientCertificates;
use crate::net::tls::names::{ClientName, Fingerprint, is_one_of};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, SanType};
use rustls::pki_types::UnixTime;
use rustls::server::danger::ClientCertVerifier as _;

/// A CA in a folder of its own, and a server certificate with its key.
struct Authority {
    folder: tempfile::TempDir,
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let this = Self { folder: tempfile::tempdir().unwrap(), issuer };
        this.write("ca.pem", &this.issuer.pem());
        let (certificate, key) = this.issue(CertificateParams::new(["localhost".to_owned()]).unwrap());
        this.write("server.pem", &certificate.pem());
        this.write("server.key", &key.serialize_pem());
        this
    }

    fn issue(&self, params: CertificateParams) -> (rcgen::Certificate, KeyPair) {
        let key = KeyPair::generate().unwrap();
        (params.signed_by(&key, &self.issuer).unwrap(), key)
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.folder.path().join(name), text).unwrap();
    }

    fn settings(&self) -> TlsSettings {
        let path = |name: &str| self.folder.path().join(name);
        TlsSettings {
            certificate_file: path("server.pem"),
            key_file: path("server.key"),
            clients: ClientPolicy {
                certificates: ClientCertificates::Required,
                ca_file: Some(path("ca.pem")),
                ..ClientPolicy::default()
            },
        }
    }

    fn clients(&self, policy: &ClientPolicy) -> Clients {
        clients(policy, &Arc::new(rustls::crypto::ring::default_provider())).unwrap().unwrap()
    }
}

fn named(names: &[&str]) -> CertificateParams {
    CertificateParams::new(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>()).unwrap()
}

#[test]
fn good_files_load_and_bad_ones_say_which_and_why() {
    let authority = Authority::new();
    let good = authority.settings();
    let config = load(&good).unwrap();
    assert_eq!(config.send_tls13_tickets, 0);
    assert!(!config.session_storage.can_cache());
    let told = |settings: &TlsSettings| load(settings).unwrap_err().to_string();
    let with = |name: &str, text: &str| {
        authority.write(name, text);
        authority.folder.path().join(name)
    };
    let key = std::fs::read_to_string(&good.key_file).unwrap();
    let certificate = std::fs::read_to_string(&good.certificate_file).unwrap();

    let settings = TlsSettings { certificate_file: "/nowhere.pem".into(), ..good.clone() };
    assert!(told(&settings).starts_with("/nowhere.pem: No such file"));
    let settings = TlsSettings { certificate_file: with("a", &key), ..good.clone() };
    assert!(told(&settings).contains("a: holds no certificate"), "{}", told(&settings));
    let settings = TlsSettings { key_file: with("b", &certificate), ..good.clone() };
    assert!(told(&settings).contains("b: holds no private key"), "{}", told(&settings));
    let broken = key.lines().map(|line| format!("{line}\n")).collect::<String>().replacen("M", "!", 1);
    let settings = TlsSettings { key_file: with("c", &broken), ..good.clone() };
    let text = told(&settings);
    assert!(text.contains("c: ") && key.lines().all(|line| !text.contains(line)), "{text}");
    let other = KeyPair::generate().unwrap().serialize_pem();
    let settings = TlsSettings { key_file: with("d", &other), ..good.clone() };
    assert!(told(&settings).contains("cannot be used together"), "{}", told(&settings));
    let mut settings = good;
    settings.clients.ca_file = Some(with("e", ""));
    assert!(told(&settings).contains("e: holds no certificate"), "{}", told(&settings));
}

#[test]
fn a_client_is_let_in_by_its_ca_its_name_or_its_fingerprint() {
    let authority = Authority::new();
    let (ours, _) = authority.issue(named(&["router1.example.net", "192.0.2.7"]));
    let stranger = Authority::new().issue(named(&["router1.example.net"])).0;
    let now = UnixTime::now();
    let is_in = |policy: &ClientPolicy, certificate: &rcgen::Certificate| {
        authority.clients(policy).verify_client_cert(certificate.der(), &[], now).is_ok()
    };
    let by_ca = authority.settings().clients;
    assert!(is_in(&by_ca, &ours) && !is_in(&by_ca, &stranger));
    for (name, wanted) in [
        ("router1.example.net", true),
        ("*.example.net", true),
        ("192.0.2.7", true),
        ("router2.example.net", false),
        ("192.0.2.8", false),
        ("*.router1.example.net", false),
    ] {
        let policy = ClientPolicy { names: vec![name.parse().unwrap()], ..by_ca.clone() };
        assert_eq!(is_in(&policy, &ours), wanted, "{name}");
        assert!(!is_in(&policy, &stranger), "{name}");
    }
    let pinned = ClientPolicy {
        certificates: ClientCertificates::Required,
        fingerprints: vec![Fingerprint::of(stranger.der())],
        ..ClientPolicy::default()
    };
    assert!(is_in(&pinned, &stranger) && !is_in(&pinned, &ours));
    assert!(authority.clients(&pinned).root_hint_subjects().is_empty());
    let both = ClientPolicy { fingerprints: pinned.fingerprints.clone(), ..by_ca };
    assert!(is_in(&both, &stranger) && is_in(&both, &ours));
}

#[test]
fn a_certificate_of_ours_that_expires_is_told() {
    let authority = Authority::new();
    let mut params = named(&["localhost"]);
    params.not_before = rcgen::date_time_ymd(2026, 1, 1);
    params.not_after = rcgen::date_time_ymd(2026, 3, 1);
    let (certificate, _) = authority.issue(params);
    authority.write("server.pem", &certificate.pem());
    let told = |day: i64| {
        let now = Timestamp((1_767_225_600 + day * 86_400) * 1_000_000);
        expiry_warning(&authority.settings(), now).unwrap_or_default()
    };
    assert!(told(-1).contains("server.pem is not valid before"), "{}", told(-1));
    assert_eq!((told(0), told(44)), (String::new(), String::new()));
    assert!(told(46).contains("server.pem expires on"), "{}", told(46));
    assert!(told(60).contains("server.pem expired on"), "{}", told(60));
}

#[test]
fn an_expired_certificate_is_not_let_in() {
    let authority = Authority::new();
    let (ours, _) = authority.issue(named(&["a.example.net"]));
    let clients = authority.clients(&authority.settings().clients);
    let long_ago = UnixTime::since_unix_epoch(std::time::Duration::ZERO);
    assert!(clients.verify_client_cert(ours.der(), &[], long_ago).is_err());
    assert!(clients.client_auth_mandatory());
}

#[test]
fn the_common_name_counts_only_without_other_names() {
    let authority = Authority::new();
    let wanted: Vec<ClientName> = vec!["cn.example.net".parse().unwrap()];
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "cn.example.net");
    let (only_cn, _) = authority.issue(params.clone());
    assert!(is_one_of(only_cn.der(), &wanted));
    params.subject_alt_names = vec![SanType::DnsName("other.example.net".try_into().unwrap())];
    let (both, _) = authority.issue(params);
    assert!(!is_one_of(both.der(), &wanted));
    assert!(!is_one_of(b"no certificate", &wanted));
}
