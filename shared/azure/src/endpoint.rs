//! What the clients of Graph and ARM have in common: a root, a scope that follows from it, signed
//! calls, listings page by page.

use std::{sync::Arc, time::Duration};

use latchkey_core::{CallError, Service};
use serde::{Deserialize, de::DeserializeOwned};
use url::Url;

use crate::{
    Http, Tokens,
    http::{Answer, Auth, Budget, Request, same_origin},
    token::Token,
};

/// A service at an address. Cloning is cheap.
#[derive(Debug, Clone)]
pub(crate) struct Endpoint {
    http: Http,
    tokens: Tokens,
    service: Service,
    root: Url,
    scope: Arc<str>,
}

impl Endpoint {
    /// The service at `base`, everything below `version`. Tokens are for the host of `base`, so
    /// that other clouds need no setting of their own.
    pub fn new(http: Http, tokens: Tokens, service: Service, base: &Url, version: &[&str]) -> Self {
        let scope = format!("{}/.default", base.origin().ascii_serialization()).into();
        let mut root = base.clone();
        if let Ok(mut path) = root.path_segments_mut() {
            path.pop_if_empty().extend(version);
        }
        Self { http, tokens, service, root, scope }
    }

    /// The same service, called in the name of this function.
    pub fn for_caller(&self, caller: &'static str) -> Self {
        Self { http: self.http.for_caller(caller), ..self.clone() }
    }

    /// The address everything is below.
    pub fn root(&self) -> &Url {
        &self.root
    }

    /// What is left for one call with its repetitions.
    pub fn budget(&self) -> Budget {
        self.http.budget()
    }

    /// Longest wait for the end of an operation that a write began.
    pub fn operation_deadline(&self) -> Duration {
        self.http.operation_deadline()
    }

    /// A token for the service.
    pub async fn token(&self) -> Result<Token, CallError> {
        self.tokens.bearer(&self.scope).await
    }

    /// Any final answer.
    pub async fn exchange(&self, request: &Request) -> Result<Answer, CallError> {
        self.http.exchange(request, self.auth()).await
    }

    /// A good answer.
    pub async fn send(&self, request: &Request) -> Result<Answer, CallError> {
        self.http.send(request, self.auth()).await
    }

    /// What a read answers.
    pub async fn get<T: DeserializeOwned>(
        &self,
        what: &'static str,
        url: Url,
    ) -> Result<T, CallError> {
        let request = Request::get(self.service, what, url);
        self.send(&request).await?.json(request.call())
    }

    /// All values from `url` on, page after page.
    pub async fn all<T: DeserializeOwned>(
        &self,
        what: &'static str,
        url: Url,
    ) -> Result<Vec<T>, CallError> {
        let mut values = Vec::new();
        let mut next = Some(url);
        while let Some(url) = next {
            let page: Page<T> = self.get(what, url).await?;
            next = page.next(self, what)?;
            values.extend(page.value);
        }
        Ok(values)
    }

    fn auth(&self) -> Option<Auth<'_>> {
        Some(Auth { tokens: &self.tokens, scope: &self.scope })
    }
}

/// One page of a listing: Graph and ARM name the link differently.
#[derive(Debug, Deserialize)]
pub(crate) struct Page<T> {
    pub value: Vec<T>,
    #[serde(rename = "nextLink", alias = "@odata.nextLink")]
    next_link: Option<String>,
}

impl<T> Page<T> {
    /// Where the next page is: verbatim, but never on another host, for our token goes with it.
    pub fn next(&self, at: &Endpoint, what: &'static str) -> Result<Option<Url>, CallError> {
        // Some providers end with an empty link instead of none.
        let link = self.next_link.as_deref().filter(|link| !link.is_empty());
        link.map(|link| same_origin(at.service, what, &at.root, link)).transpose()
    }
}
