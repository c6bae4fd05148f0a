//! Keys and certificates of one API server.

use std::fs;
use std::path::Path;

use anyhow::Context as _;
use rcgen::{CertificateParams, KeyPair};

use crate::tls;

/// Writes `server.crt`, `server.key`, `accounts.crt` and `accounts.key` into `folder` and answers
/// the authority to trust, PEM.
pub fn write(folder: &Path) -> anyhow::Result<String> {
    let issued = tls::issue()?;
    let accounts = KeyPair::generate().context("generating the key of service accounts")?;
    let signed = CertificateParams::new(Vec::<String>::new())?.self_signed(&accounts)?;
    let files = [
        ("server.crt", issued.certificate.pem()),
        ("server.key", issued.key.serialize_pem()),
        ("accounts.crt", signed.pem()),
        ("accounts.key", accounts.serialize_pem()),
    ];
    for (name, text) in files {
        fs::write(folder.join(name), text).with_context(|| format!("writing {name}"))?;
    }
    Ok(issued.ca_pem)
}
