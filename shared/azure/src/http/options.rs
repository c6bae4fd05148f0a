//! How patient a client is, and whom it trusts.

use std::{fs, io, path::PathBuf, sync::Once, time::Duration};

use reqwest::{Certificate, Client, redirect::Policy};

/// Patience and trust of an [`Http`](super::Http).
#[derive(Debug, Clone)]
pub struct HttpOptions {
    /// PEM file with the only authorities to trust; none for those of the system.
    pub ca_file: Option<PathBuf>,
    /// Longest wait for a connection.
    pub connect_timeout: Duration,
    /// Longest wait for one answer, its body included.
    pub attempt_timeout: Duration,
    /// Longest time for one call with all its waits and repetitions.
    pub total_deadline: Duration,
    /// Longest wait for the end of an operation that a write began.
    pub operation_deadline: Duration,
    /// How often one call may be sent.
    pub attempts: u32,
    /// Wait before the second attempt when the service names none; doubled for each further one.
    pub first_backoff: Duration,
}

impl Default for HttpOptions {
    fn default() -> Self {
        Self {
            ca_file: None,
            connect_timeout: Duration::from_secs(5),
            attempt_timeout: Duration::from_secs(30),
            total_deadline: Duration::from_secs(60),
            operation_deadline: Duration::from_secs(150),
            attempts: 5,
            first_backoff: Duration::from_millis(400),
        }
    }
}

/// Why no client could be made.
#[derive(Debug, thiserror::Error)]
pub enum HttpSetupError {
    /// The CA file cannot be read.
    #[error("the CA file {} cannot be read", .path.display())]
    CaFile {
        /// The file.
        path: PathBuf,
        /// What happened.
        source: io::Error,
    },
    /// The CA file holds no certificates, or TLS cannot be set up.
    #[error("the HTTP client cannot be set up")]
    Client(#[source] reqwest::Error),
}

/// Makes the process use *ring*; the second time does nothing.
fn install_ring() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // An error means that the process has chosen a provider before; then that one stays.
        drop(rustls::crypto::ring::default_provider().install_default());
    });
}

/// A client that follows no redirects: a bearer token goes only where it was meant to go.
///
/// Header names begin with capitals because Service Bus makes message properties of them, and
/// other clients look for `Diagnostic-Id` letter by letter.
pub(super) fn client(options: &HttpOptions) -> Result<Client, HttpSetupError> {
    install_ring();
    let mut builder = Client::builder()
        .connect_timeout(options.connect_timeout)
        .timeout(options.attempt_timeout)
        .http1_title_case_headers()
        .redirect(Policy::none());
    if let Some(path) = &options.ca_file {
        let pem = fs::read(path)
            .map_err(|source| HttpSetupError::CaFile { path: path.clone(), source })?;
        let authorities = Certificate::from_pem_bundle(&pem).map_err(HttpSetupError::Client)?;
        builder = builder.tls_certs_only(authorities);
    }
    builder.build().map_err(HttpSetupError::Client)
}
