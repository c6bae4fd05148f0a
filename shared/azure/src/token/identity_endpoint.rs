//! The managed-identity endpoint of App Service and Functions, asked directly.
//!
//! Source: App Service REST reference, protocol version 2019-08-01. `azure_identity` speaks it too
//! but takes the endpoint from the process environment only.

use std::fmt;

use azure_core::{
    credentials::{AccessToken, Secret, TokenCredential, TokenRequestOptions},
    error::{Error, ErrorKind},
    time::OffsetDateTime,
};
use serde::Deserialize;
use url::Url;

/// A credential that asks one endpoint; it keeps no cache.
pub(super) struct IdentityEndpoint {
    client: reqwest::Client,
    endpoint: Url,
    header: String,
    client_id: Option<String>,
}

impl fmt::Debug for IdentityEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IdentityEndpoint").finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
struct Answer {
    access_token: String,
    /// Unix seconds, as text or as a number.
    expires_on: serde_json::Value,
}

impl IdentityEndpoint {
    pub(super) fn new(
        client: reqwest::Client,
        endpoint: Url,
        header: &str,
        client_id: Option<&str>,
    ) -> Self {
        Self { client, endpoint, header: header.into(), client_id: client_id.map(String::from) }
    }

    async fn ask(&self, scope: &str) -> Result<Answer, reqwest::Error> {
        let resource = scope.strip_suffix("/.default").unwrap_or(scope);
        let mut url = self.endpoint.clone();
        url.query_pairs_mut()
            .append_pair("api-version", "2019-08-01")
            .append_pair("resource", resource);
        if let Some(id) = &self.client_id {
            url.query_pairs_mut().append_pair("client_id", id);
        }
        let request = self.client.get(url).header("x-identity-header", &self.header);
        request.send().await?.error_for_status()?.json().await
    }
}

#[async_trait::async_trait]
impl TokenCredential for IdentityEndpoint {
    async fn get_token(
        &self,
        scopes: &[&str],
        _: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        let [scope] = scopes else { return Err(wrong("one scope is needed")) };
        let answer = self
            .ask(scope)
            .await
            .map_err(|error| Error::new(ErrorKind::Credential, error.without_url()))?;
        let seconds = match &answer.expires_on {
            serde_json::Value::String(text) => text.parse().ok(),
            number => number.as_i64(),
        };
        let expires_on = seconds
            .and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok())
            .ok_or_else(|| wrong("expires_on is no Unix time"))?;
        Ok(AccessToken::new(Secret::new(answer.access_token), expires_on))
    }
}

fn wrong(what: &'static str) -> Error {
    Error::with_message(ErrorKind::Credential, what)
}
