//! From a kubeconfig to a client that signs each request.

use std::{error::Error, fmt};

use base64::{Engine, prelude::BASE64_STANDARD};
use futures::future::BoxFuture;
use http::{
    HeaderValue, Request,
    header::AUTHORIZATION,
    uri::{InvalidUri, Uri},
};
use kube::{
    Client, Config,
    client::{Body, ClientBuilder},
    config::{Kubeconfig, KubeconfigError},
};
use latchkey_azure::Tokens;
use latchkey_core::CallError;
use tower::{
    BoxError,
    buffer::BufferLayer,
    filter::{AsyncFilterLayer, AsyncPredicate},
};

use crate::{ClusterOptions, failure};

/// Requests that wait for the connection pool before callers do.
const BUFFER: usize = 64;

/// Why a kubeconfig leads to no API server.
#[derive(Debug, thiserror::Error)]
enum Unusable {
    #[error("it is not a kubeconfig")]
    Form(#[source] Box<KubeconfigError>),
    #[error("it names no cluster")]
    NoCluster,
    #[error("its cluster has no server")]
    NoServer,
    #[error("its server is no address")]
    Server(#[from] InvalidUri),
    #[error("its certificate authority is not base64")]
    Base64(#[from] base64::DecodeError),
    #[error("its certificate authority is not PEM")]
    Pem,
    #[error("no client can be made of it")]
    Client(#[source] Box<kube::Error>),
}

/// A client of the first cluster in the kubeconfig.
pub(crate) fn client(
    kubeconfig: &str,
    tokens: Tokens,
    options: &ClusterOptions,
) -> Result<Client, CallError> {
    config(kubeconfig, options)
        .and_then(|config| build(config, tokens, options))
        .map_err(|unusable| failure::surprise("read the kubeconfig", chain(&unusable)))
}

fn config(kubeconfig: &str, options: &ClusterOptions) -> Result<Config, Unusable> {
    let kubeconfig =
        Kubeconfig::from_yaml(kubeconfig).map_err(|error| Unusable::Form(Box::new(error)))?;
    let cluster = kubeconfig.clusters.into_iter().next().and_then(|named| named.cluster);
    let cluster = cluster.ok_or(Unusable::NoCluster)?;
    let server: Uri = cluster.server.ok_or(Unusable::NoServer)?.parse()?;
    let mut config = Config::new(server);
    config.root_cert = cluster.certificate_authority_data.as_deref().map(der).transpose()?;
    config.connect_timeout = Some(options.connect_timeout);
    config.read_timeout = Some(options.attempt_timeout);
    config.write_timeout = Some(options.attempt_timeout);
    config.default_retry = false;
    Ok(config)
}

/// Must run inside a Tokio runtime: the buffer spawns a task.
fn build(config: Config, tokens: Tokens, options: &ClusterOptions) -> Result<Client, Unusable> {
    let bearer = EntraBearer { tokens, scope: options.aks_scope.clone() };
    let stock =
        ClientBuilder::try_from(config).map_err(|error| Unusable::Client(Box::new(error)))?;
    Ok(stock
        .with_layer(&BufferLayer::new(BUFFER))
        .with_layer(&AsyncFilterLayer::new(bearer))
        .build())
}

/// The certificates of `certificate-authority-data`: base64 of PEM, as DER.
fn der(data: &str) -> Result<Vec<Vec<u8>>, Unusable> {
    let pem = BASE64_STANDARD.decode(data.trim())?;
    let pem = String::from_utf8(pem).map_err(|_| Unusable::Pem)?;
    let certificates: Vec<Vec<u8>> = pem
        .split("-----BEGIN CERTIFICATE-----")
        .skip(1)
        .map(|rest| {
            let (body, _) = rest.split_once("-----END CERTIFICATE-----").ok_or(Unusable::Pem)?;
            let body: String = body.split_ascii_whitespace().collect();
            Ok(BASE64_STANDARD.decode(body)?)
        })
        .collect::<Result<_, Unusable>>()?;
    if certificates.is_empty() { Err(Unusable::Pem) } else { Ok(certificates) }
}

fn chain(error: &(dyn Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |error| (*error).source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// Signs requests with the current token.
#[derive(Clone)]
struct EntraBearer {
    tokens: Tokens,
    scope: String,
}

impl fmt::Debug for EntraBearer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EntraBearer")
    }
}

impl AsyncPredicate<Request<Body>> for EntraBearer {
    type Future = BoxFuture<'static, Result<Self::Request, BoxError>>;
    type Request = Request<Body>;

    fn check(&mut self, mut request: Request<Body>) -> Self::Future {
        let Self { tokens, scope } = self.clone();
        Box::pin(async move {
            let token = tokens.bearer(&scope).await?;
            let mut value = HeaderValue::try_from(format!("Bearer {}", token.secret()))?;
            value.set_sensitive(true);
            request.headers_mut().insert(AUTHORIZATION, value);
            Ok(request)
        })
    }
}
