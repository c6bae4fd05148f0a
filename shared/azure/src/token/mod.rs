//! Access tokens: who we are, and for how long it is believed.

mod credential;
mod identity_endpoint;

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use azure_core::{credentials::TokenCredential, time::OffsetDateTime};
use latchkey_core::{Call, CallError, Service};
use latchkey_telemetry::Outgoing;
use reqwest::header::HeaderValue;
use tracing::Instrument as _;

use crate::http::Http;
use credential::Source;
use identity_endpoint::IdentityEndpoint;

/// A token is replaced this long before it expires.
const MARGIN: Duration = Duration::from_secs(5 * 60);

/// A bearer token. `Debug` hides it.
#[derive(Clone)]
pub struct Token {
    secret: Arc<str>,
    expires_on: OffsetDateTime,
}

impl Token {
    /// The token itself, for an `Authorization` header.
    pub fn secret(&self) -> &str {
        &self.secret
    }

    /// `Bearer …`, marked as sensitive.
    pub(crate) fn header(&self) -> HeaderValue {
        let text = format!("Bearer {}", self.secret);
        let mut value =
            HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static("Bearer"));
        value.set_sensitive(true);
        value
    }

    fn fresh(&self) -> bool {
        self.expires_on > OffsetDateTime::now_utc() + MARGIN
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token").field("expires_on", &self.expires_on).finish_non_exhaustive()
    }
}

type Slot = Arc<tokio::sync::Mutex<Option<Token>>>;

/// The tokens of one identity, one per scope, each fetched once however many ask for it.
/// Cloning is cheap and shares the cache.
#[derive(Clone)]
pub struct Tokens {
    inner: Arc<Inner>,
}

struct Inner {
    source: Source,
    slots: Mutex<BTreeMap<String, Slot>>,
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens").field("source", &self.inner.source).finish()
    }
}

impl Tokens {
    /// The identity that the settings name: the managed identity when `IDENTITY_ENDPOINT` is set
    /// (`AZURE_CLIENT_ID` picks a user-assigned one), workload identity when
    /// `AZURE_FEDERATED_TOKEN_FILE` is set, else whoever is logged in to the Azure CLI (in
    /// `AZURE_TENANT_ID`, if set). Nothing is asked before the first token is needed.
    ///
    /// The address and secret of the managed identity's endpoint are read by `azure_identity` from
    /// the process environment, not from `settings`.
    pub fn from_settings(settings: &dyn Fn(&str) -> Option<String>, http: &Http) -> Self {
        Self::new(Source::from_settings(settings, http.client().clone()))
    }

    /// A credential made elsewhere. It cannot be made anew when a service refuses its token, so a
    /// cache of its own is trusted to let go of it.
    pub fn from_credential(credential: Arc<dyn TokenCredential>) -> Self {
        Self::new(Source::Given(credential))
    }

    /// The managed identity behind this endpoint of the App Service protocol (`2019-08-01`), for
    /// processes whose environment cannot name it: several sandboxes in one test.
    pub fn from_identity_endpoint(
        http: &Http,
        endpoint: url::Url,
        header: &str,
        client_id: Option<&str>,
    ) -> Self {
        let credential = IdentityEndpoint::new(http.client().clone(), endpoint, header, client_id);
        Self::from_credential(Arc::new(credential))
    }

    fn new(source: Source) -> Self {
        Self { inner: Arc::new(Inner { source, slots: Mutex::default() }) }
    }

    /// A token for `scope` that lives at least five minutes more, if the identity gives such.
    ///
    /// # Errors
    /// [`CallError::Busy`] when the identity's endpoint is not reachable or refuses.
    pub async fn bearer(&self, scope: &str) -> Result<Token, CallError> {
        let slot = self.slot(scope);
        let mut held = slot.lock().await;
        if let Some(token) = held.as_ref().filter(|token| token.fresh()) {
            return Ok(token.clone());
        }
        let token = self.fetch(scope).await?;
        *held = Some(token.clone());
        Ok(token)
    }

    async fn fetch(&self, scope: &str) -> Result<Token, CallError> {
        let call = Call { service: Service::Identity, what: "get an access token" };
        let told = Outgoing::begin(&call, "");
        let fetched = self.inner.source.fetch(scope).instrument(told.span()).await;
        let fetched = fetched.map_err(|error| {
            let source = Some(error.into());
            CallError::Busy { call, retry_after: None, source }
        });
        told.ended(&fetched);
        fetched
    }

    /// Never hands out `refused` again; a token fetched in the meantime stays.
    pub async fn forget(&self, scope: &str, refused: &Token) {
        let slot = self.slot(scope);
        let mut held = slot.lock().await;
        if held.as_ref().is_some_and(|token| token.secret == refused.secret) {
            *held = None;
            self.inner.source.renew();
        }
    }

    fn slot(&self, scope: &str) -> Slot {
        let mut slots = self.inner.slots.lock().unwrap_or_else(PoisonError::into_inner);
        slots.entry(scope.to_owned()).or_default().clone()
    }
}

#[cfg(test)]
mod tests;
