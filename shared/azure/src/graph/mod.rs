//! Microsoft Graph: users, groups and who is in them.

mod batch;
mod groups;
mod memberships;
mod password;
mod users;
mod wire;

use latchkey_core::{CallError, ObjectId, Service};
use reqwest::Method;
use serde::de::DeserializeOwned;
use url::Url;

use crate::{
    Http, Tokens,
    http::{Answer, Auth, Request},
};
pub use groups::{Member, MemberKind};

const SCOPE: &str = "https://graph.microsoft.com/.default";

/// A client of Microsoft Graph v1.0. Cloning is cheap.
#[derive(Debug, Clone)]
pub struct Graph {
    http: Http,
    tokens: Tokens,
    root: Url,
    owner: Option<ObjectId>,
}

impl Graph {
    /// A client of the service at `base`, `https://graph.microsoft.com`, without a version.
    pub fn new(http: Http, tokens: Tokens, base: &Url) -> Self {
        let mut root = base.clone();
        if let Ok(mut path) = root.path_segments_mut() {
            path.pop_if_empty().push("v1.0");
        }
        Self { http, tokens, root, owner: None }
    }

    /// The same client that names this function in its `User-Agent`.
    #[must_use]
    pub fn for_caller(&self, caller: &'static str) -> Self {
        Self { http: self.http.for_caller(caller), ..self.clone() }
    }

    /// The same client that makes this service principal an owner of the groups it creates.
    /// An app that may only create groups could not change them later without it.
    #[must_use]
    pub fn with_owner(&self, owner: ObjectId) -> Self {
        Self { owner: Some(owner), ..self.clone() }
    }

    /// An address below the version root; the segments are encoded here.
    fn url(&self, segments: &[&str]) -> Url {
        let mut url = self.root.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.extend(segments);
        }
        url
    }

    fn auth(&self) -> Option<Auth<'_>> {
        Some(Auth { tokens: &self.tokens, scope: SCOPE })
    }

    async fn send(&self, request: &Request) -> Result<Answer, CallError> {
        self.http.send(request, self.auth()).await
    }

    async fn get<T: DeserializeOwned>(&self, what: &'static str, url: Url) -> Result<T, CallError> {
        let request = Request::get(Service::Graph, what, url);
        self.send(&request).await?.json(request.call())
    }

    /// All values from `url` on, page after page.
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
            next = page.next_link.map(|link| self.follow(what, &link)).transpose()?;
        }
        Ok(values)
    }

    /// A link of an answer, followed verbatim but never to another host: our token goes with it.
    fn follow(&self, what: &'static str, link: &str) -> Result<Url, CallError> {
        crate::http::same_origin(Service::Graph, what, &self.root, link)
    }

    fn request(&self, what: &'static str, method: Method, segments: &[&str]) -> Request {
        Request::new(Service::Graph, what, method, self.url(segments))
    }
}
