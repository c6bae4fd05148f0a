//! Namespaces, and the reading of lists page by page.

use k8s_openapi::api::core::v1::Namespace;
use kube::{
    api::{GetParams, ListParams, PostParams},
    core::{ObjectList, Request as Builder},
};
use latchkey_core::{CallError, NamespaceName};
use serde::de::DeserializeOwned;

use crate::{
    Cluster,
    convert::{namespace, ours, requests},
    failure,
};

/// Objects per page, as kubectl asks for them.
const PAGE: u32 = 500;

/// How often a list whose continuation expired is begun again.
const RESTARTS: usize = 3;

/// A namespace that exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NamespaceState {
    /// It is being deleted: nothing new can be created in it.
    pub terminating: bool,
}

impl Cluster {
    /// A namespace; none when there is none.
    ///
    /// # Errors
    /// What kept the API server from answering.
    pub async fn namespace(
        &self,
        name: &NamespaceName,
    ) -> Result<Option<NamespaceState>, CallError> {
        let request = requests::<Namespace>(None).get(name.as_str(), &GetParams::default());
        let found: Option<Namespace> = optional(self.read("get a namespace", request).await)?;
        Ok(found.map(|namespace| NamespaceState { terminating: is_terminating(&namespace) }))
    }

    /// Creates a namespace of ours, or leaves an existing one as it is.
    ///
    /// # Errors
    /// [`CallError::Lost`] when it may have been created; otherwise what kept the API server from
    /// creating it.
    pub async fn create_namespace(&self, name: &NamespaceName) -> Result<(), CallError> {
        const WHAT: &str = "create a namespace";
        let object = Namespace { metadata: ours(name.as_str(), None), ..Namespace::default() };
        let body = serde_json::to_vec(&object)
            .map_err(|error| failure::rejected(WHAT, "InvalidRequest", &error.to_string()))?;
        let request = requests::<Namespace>(None).create(&PostParams::default(), body);
        match self.write::<Namespace>(WHAT, request).await {
            Ok(_) | Err(CallError::Conflict { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// The names of all namespaces.
    ///
    /// # Errors
    /// What kept the API server from answering.
    pub async fn namespaces(&self) -> Result<Vec<NamespaceName>, CallError> {
        let requests = requests::<Namespace>(None);
        let found: Vec<Namespace> = self.list("list namespaces", &requests).await?;
        found.into_iter().map(|found| namespace(found.metadata.name)).collect()
    }

    /// A whole list. When its continuation expires, it is begun again.
    pub(crate) async fn list<K: Clone + DeserializeOwned>(
        &self,
        what: &'static str,
        requests: &Builder,
    ) -> Result<Vec<K>, CallError> {
        self.list_with(what, requests, &ListParams::default()).await
    }

    /// The part of a list that the parameters select.
    pub(crate) async fn list_with<K: Clone + DeserializeOwned>(
        &self,
        what: &'static str,
        requests: &Builder,
        params: &ListParams,
    ) -> Result<Vec<K>, CallError> {
        for _ in 0..RESTARTS {
            match self.pages(what, requests, params).await {
                Err(CallError::Conflict { .. }) => {}
                listed => return listed,
            }
        }
        Err(failure::conflict(what))
    }

    async fn pages<K: Clone + DeserializeOwned>(
        &self,
        what: &'static str,
        requests: &Builder,
        params: &ListParams,
    ) -> Result<Vec<K>, CallError> {
        let mut items = Vec::new();
        let mut params = params.clone().limit(PAGE);
        loop {
            let page: ObjectList<K> = self.read(what, requests.list(&params)).await?;
            items.extend(page.items);
            match page.metadata.continue_.filter(|token| !token.is_empty()) {
                Some(token) => params = params.continue_token(&token),
                None => return Ok(items),
            }
        }
    }
}

/// None instead of a failure when there is nothing.
pub(crate) fn optional<T>(found: Result<T, CallError>) -> Result<Option<T>, CallError> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error),
    }
}

fn is_terminating(namespace: &Namespace) -> bool {
    let phase = namespace.status.as_ref().and_then(|status| status.phase.as_deref());
    namespace.metadata.deletion_timestamp.is_some() || phase == Some("Terminating")
}
