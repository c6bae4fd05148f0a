//! From a URL to a store.

use std::{io, path::PathBuf, sync::Arc, time::Duration};

use object_store::{
    BackoffConfig, ClientOptions, ObjectStore, RetryConfig, azure::MicrosoftAzureBuilder,
    local::LocalFileSystem, memory::InMemory,
};
use url::{Host, Url};

use crate::{
    Ledger,
    credential::{Bearer, EntraCredential},
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
    /// Azure Blob Storage needs tokens.
    #[error("the ledger is in Azure Blob Storage and no credential was given")]
    Credential,
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
    /// - `memory:` is gone with the value, for tests;
    /// - `file:///directory` is made when absent;
    /// - `https://{account}.blob.core.windows.net/{container}` needs `bearer`;
    /// - `http://127.0.0.1:10000/devstoreaccount1/{container}` is Azurite on this machine.
    ///
    /// # Errors
    /// [`OpenError`] when the URL has none of these forms, lacks its credential, or its directory
    /// cannot be made.
    pub fn open(url: &str, bearer: Option<Bearer>) -> Result<Self, OpenError> {
        let url = Url::parse(url)?;
        match url.scheme() {
            "memory" => Ok(Self::on(Arc::new(InMemory::new()))),
            "file" => directory(&url),
            "https" => blob(&url, bearer.ok_or(OpenError::Credential)?),
            "http" if is_loopback(&url) => azurite(&url),
            _ => Err(OpenError::Form),
        }
    }

    fn remote(store: impl ObjectStore) -> Self {
        Self { store: Arc::new(store), ahead: AHEAD }
    }
}

fn directory(url: &Url) -> Result<Ledger, OpenError> {
    let path: PathBuf = url.to_file_path().map_err(|()| OpenError::Form)?;
    std::fs::create_dir_all(&path).map_err(OpenError::Directory)?;
    let store = LocalFileSystem::new_with_prefix(path)?.with_fsync(true);
    Ok(Ledger::on(Arc::new(store)))
}

fn blob(url: &Url, bearer: Bearer) -> Result<Ledger, OpenError> {
    let host = url.host_str().ok_or(OpenError::Form)?;
    let (account, _) = host.split_once('.').ok_or(OpenError::Form)?;
    let [container] = segments(url)?;
    let store = azure(account, container, url.origin().ascii_serialization())
        .with_credentials(Arc::new(EntraCredential(bearer)))
        .build()?;
    Ok(Ledger::remote(store))
}

fn azurite(url: &Url) -> Result<Ledger, OpenError> {
    let [account, container] = segments(url)?;
    let endpoint = format!("{}/{account}", url.origin().ascii_serialization());
    let store = azure(account, container, endpoint)
        .with_client_options(options().with_allow_http(true))
        .with_access_key(EMULATOR_KEY)
        .build()?;
    Ok(Ledger::remote(store))
}

fn azure(account: &str, container: &str, endpoint: String) -> MicrosoftAzureBuilder {
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
        .with_client_options(options())
        .with_retry(retry)
}

fn options() -> ClientOptions {
    ClientOptions::new()
        .with_connect_timeout(Duration::from_secs(5))
        .with_timeout(Duration::from_secs(15))
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
