//! Azure Resource Manager: role assignments and managed clusters.

mod assignments;
mod clusters;
mod names;
mod wire;

use latchkey_core::{CallError, Service};
use serde::de::DeserializeOwned;
use url::Url;

use crate::{
    Http, Tokens,
    http::{Answer, Auth, Request},
};
pub use assignments::NewAssignment;
pub use clusters::ManagedCluster;
pub use names::assignment_name;

const SCOPE: &str = "https://management.azure.com/.default";
/// Version of the authorization resource provider.
const AUTHORIZATION: &str = "2022-04-01";
/// Version of the AKS resource provider.
const CONTAINER_SERVICE: &str = "2026-04-01";

/// A client of Azure Resource Manager. Cloning is cheap; nothing is cached here.
#[derive(Debug, Clone)]
pub struct Arm {
    http: Http,
    tokens: Tokens,
    base: Url,
}

impl Arm {
    /// A client of the service at `base`, `https://management.azure.com`.
    pub fn new(http: Http, tokens: Tokens, base: &Url) -> Self {
        Self { http, tokens, base: base.clone() }
    }

    /// The same client that names this function in its `User-Agent`.
    #[must_use]
    pub fn for_caller(&self, caller: &'static str) -> Self {
        Self { http: self.http.for_caller(caller), ..self.clone() }
    }

    /// The address of an ARM id, or of something below it.
    fn url(&self, id: &str, below: &[&str], version: &str) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty();
            path.extend(id.split('/').filter(|segment| !segment.is_empty())).extend(below);
        }
        url.query_pairs_mut().append_pair("api-version", version);
        url
    }

    fn auth(&self) -> Option<Auth<'_>> {
        Some(Auth { tokens: &self.tokens, scope: SCOPE })
    }

    async fn send(&self, request: &Request) -> Result<Answer, CallError> {
        self.http.send(request, self.auth()).await
    }

    async fn get<T: DeserializeOwned>(&self, what: &'static str, url: Url) -> Result<T, CallError> {
        let request = Request::get(Service::Arm, what, url);
        self.send(&request).await?.json(request.call())
    }

    async fn all<T: DeserializeOwned>(
        &self,
        what: &'static str,
        url: Url,
    ) -> Result<Vec<T>, CallError> {
        let mut values = Vec::new();
        let mut next = Some(url);
        while let Some(url) = next {
            let page: wire::Page<T> = self.get(what, url).await?;
            values.extend(page.value);
            // Some providers end with an empty link instead of none.
            let link = page.next_link.filter(|link| !link.is_empty());
            let follow =
                |link: String| crate::http::same_origin(Service::Arm, what, &self.base, &link);
            next = link.map(follow).transpose()?;
        }
        Ok(values)
    }
}
