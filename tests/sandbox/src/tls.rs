//! The sandbox's certificate authority and the certificate of its services.

use std::sync::Arc;

use anyhow::Context as _;
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, CertifiedIssuer, DnType,
    ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose,
};
use rustls::ServerConfig;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

/// TLS for all listeners of one sandbox.
pub struct Tls {
    /// Certificate of the authority that clients must trust, PEM.
    pub ca_pem: String,
    /// Server side, with a certificate for `localhost` and `127.0.0.1`.
    pub acceptor: TlsAcceptor,
}

impl Tls {
    /// A fresh authority and a server certificate by it.
    pub fn new() -> anyhow::Result<Tls> {
        let Issued { ca_pem, ca, certificate, key } = issue()?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .context("choosing TLS versions")?
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate.der().clone(), ca],
                PrivateKeyDer::Pkcs8(key.serialize_der().into()),
            )
            .context("loading the server certificate")?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Tls { ca_pem, acceptor: TlsAcceptor::from(Arc::new(config)) })
    }
}

/// A server's certificate with its key.
pub struct Issued {
    /// Certificate of the authority that clients must trust, PEM.
    pub ca_pem: String,
    /// The same as DER.
    pub ca: CertificateDer<'static>,
    /// The server's, for `localhost` and `127.0.0.1`.
    pub certificate: Certificate,
    /// The server's key.
    pub key: KeyPair,
}

/// A server certificate by a fresh authority.
pub fn issue() -> anyhow::Result<Issued> {
    let ca = authority()?;
    let key = KeyPair::generate().context("generating the server key")?;
    let certificate = server_params()?.signed_by(&key, &ca).context("signing the certificate")?;
    Ok(Issued { ca_pem: ca.pem(), ca: ca.der().clone(), certificate, key })
}

/// The certificate of one more authority, PEM: what a rotation adds to those to trust. It signs
/// nothing here.
///
/// # Panics
/// When no key can be made.
pub(crate) fn another_authority() -> String {
    authority().expect("an authority can be made as the first one was").pem()
}

fn authority() -> anyhow::Result<CertifiedIssuer<'static, KeyPair>> {
    let mut params = CertificateParams::new(Vec::<String>::new())?;
    params.distinguished_name.push(DnType::CommonName, "Latchkey sandbox authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let key = KeyPair::generate().context("generating the authority's key")?;
    CertifiedIssuer::self_signed(params, key).context("signing the authority")
}

fn server_params() -> anyhow::Result<CertificateParams> {
    let mut params = CertificateParams::new(vec!["localhost".to_owned(), "127.0.0.1".to_owned()])?;
    params.distinguished_name.push(DnType::CommonName, "localhost");
    params.use_authority_key_identifier_extension = true;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    Ok(params)
}
