//! From a URL to a store.

use std::{io, path::Path, sync::Arc, time::Duration};

use latchkey_azure::{Http, Tokens};
use object_store::{
    BackoffConfig, ObjectStore, RetryConfig, azure::MicrosoftAzureBuilder, local::LocalFileSystem,
    memory::InMemory,
};
use url::{Host, Url};

use crate::{
    Ledger,
    credential::{Connector, EntraCredential},
};

/// The key that Azurite documents for its one account; it opens nothing else.
const EMULATOR_KEY: &str =
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

/// How many records of a remote stream are asked for before it is known how many there are.
const AHEAD: u64 = 8;

/// Why a URL opens no ledger.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// It is no URL.
    #[error("the ledger's URL cannot be read")]
    Url(#[from] url::ParseError),
    /// It is a URL of another kind.
    #[error(
        "a ledger is memory:, file:///directory, https://account.blob.core.windows.net/container \
         or, for Azurite on this machine, http://127.0.0.1:10000/devstoreaccount1/container"
    )]
    Form,
    /// The directory cannot be made.
    #[error("the ledger's directory cannot be made")]
    Directory(#[source] io::Error),
    /// The store does not accept its settings.
    #[error("the ledger's store does not accept its settings")]
    Store(#[from] object_store::Error),
}

impl Ledger {
    /// Opens the ledger at a URL. Nothing is sent before the first use.
    ///
    /// - `memory:` is gone with the value;
    /// - `file:///directory` is made when absent;
    /// - `https://{account}.blob.core.windows.net/{container}` is reached as the identity of
    ///   `tokens`, which needs the role *Storage Blob Data Contributor* on the container;
    /// - `http://127.0.0.1:10000/devstoreaccount1/{container}` is Azurite on this machine.
    ///
    /// # Errors
    /// [`OpenError`] when the URL has none of these forms or the directory cannot be made.
    pub fn open(url: &str, http: &Http, tokens: &Tokens) -> Result<Self, OpenError> {
        let url = Url::parse(url)?;
        match url.scheme() {
            "memory" => Ok(Self::memory()),
            "file" => Self::directory(&url.to_file_path().map_err(|()| OpenError::Form)?),
            "https" => blob(&url, http, tokens),
            "http" if is_loopback(&url) => azurite(&url, http),
            _ => Err(OpenError::Form),
        }
    }

    /// A ledger that is gone with the value and its clones.
    pub fn memory() -> Self {
        Self::on(Arc::new(InMemory::new()))
    }

    /// A ledger in a directory, which is made when absent. Records survive a power cut.
    ///
    /// # Errors
    /// [`OpenError::Directory`] when it cannot be made.
    pub fn directory(path: &Path) -> Result<Self, OpenError> {
        std::fs::create_dir_all(path).map_err(OpenError::Directory)?;
        let store = LocalFileSystem::new_with_prefix(path)?.with_fsync(true);
        Ok(Self::on(Arc::new(store)))
    }

    /// The ledger in a directory that is there, to be read only.
    ///
    /// # Errors
    /// [`OpenError::Store`] when it is not there.
    pub fn existing(path: &Path) -> Result<Self, OpenError> {
        Ok(Self::on(Arc::new(LocalFileSystem::new_with_prefix(path)?)))
    }

    fn remote(store: impl ObjectStore) -> Self {
        Self { store: Arc::new(store), ahead: AHEAD }
    }
}

fn blob(url: &Url, http: &Http, tokens: &Tokens) -> Result<Ledger, OpenError> {
    let host = url.host_str().ok_or(OpenError::Form)?;
    let (account, _) = host.split_once('.').ok_or(OpenError::Form)?;
    let [container] = segments(url)?;
    let store = azure(http, account, container, url.origin().ascii_serialization())
        .with_credentials(Arc::new(EntraCredential(tokens.clone())))
        .build()?;
    Ok(Ledger::remote(store))
}

fn azurite(url: &Url, http: &Http) -> Result<Ledger, OpenError> {
    let [account, container] = segments(url)?;
    let endpoint = format!("{}/{account}", url.origin().ascii_serialization());
    let store = azure(http, account, container, endpoint).with_access_key(EMULATOR_KEY).build()?;
    Ok(Ledger::remote(store))
}

fn azure(http: &Http, account: &str, container: &str, endpoint: String) -> MicrosoftAzureBuilder {
    let retry = RetryConfig {
        backoff: BackoffConfig {
            init_backoff: Duration::from_millis(50),
            max_backoff: Duration::from_secs(2),
            base: 2.0,
        },
        max_retries: 4,
        retry_timeout: Duration::from_secs(15),
    };
    MicrosoftAzureBuilder::new()
        .with_account(account)
        .with_container_name(container)
        .with_endpoint(endpoint)
        .with_http_connector(Connector(http.clone()))
        .with_retry(retry)
}

fn segments<const N: usize>(url: &Url) -> Result<[&str; N], OpenError> {
    let segments: Vec<&str> = url.path().trim_matches('/').split('/').collect();
    let segments: [&str; N] = segments.try_into().map_err(|_| OpenError::Form)?;
    if segments.contains(&"") { Err(OpenError::Form) } else { Ok(segments) }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}
