//! Namespaces, and the reading of lists page by page.

use k8s_openapi::api::core::v1::Namespace;
use kube::{
    api::{DeleteParams, GetParams, ListParams, PostParams, Preconditions},
    core::{ObjectList, Request as Builder},
};
use latchkey_core::{CallError, NamespaceName};
use serde::de::DeserializeOwned;

use crate::{
    Cluster, MANAGER,
    convert::{MANAGED_BY, label_of, namespace, ours, requests},
    failure,
};

/// Objects per page, as kubectl asks for them.
const PAGE: u32 = 500;

/// How often a list whose continuation expired is begun again.
const RESTARTS: usize = 3;

/// A namespace that exists.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NamespaceState {
    /// It is being deleted: nothing new can be created in it.
    pub terminating: bool,
    /// It carries our label: Latchkey made it, or was handed it.
    pub managed: bool,
    /// The object's uid, for guarded deletes.
    pub uid: String,
    /// What keeps it from being gone, in the words of the cluster.
    pub held_by: Vec<String>,
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
        Ok(found.map(state))
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

    /// Begins the deletion of a namespace with all that is in it, as it was observed; fine when
    /// it is gone. It stays, `Terminating`, until its contents are gone.
    ///
    /// # Errors
    /// [`CallError::Conflict`] when another namespace has the name now, [`CallError::Lost`] when
    /// the deletion may have begun.
    pub async fn delete_namespace(&self, name: &NamespaceName, uid: &str) -> Result<(), CallError> {
        let guard = Preconditions { uid: Some(uid.to_owned()), resource_version: None };
        let params = DeleteParams::default().preconditions(guard);
        let request = requests::<Namespace>(None).delete(name.as_str(), &params);
        let deleted = self.write::<serde_json::Value>("delete a namespace", request).await;
        optional(deleted).map(drop)
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

fn state(namespace: Namespace) -> NamespaceState {
    let conditions = namespace.status.iter().flat_map(|status| status.conditions.iter().flatten());
    let holds = conditions.filter(|condition| condition.status == "True");
    NamespaceState {
        terminating: is_terminating(&namespace),
        managed: label_of(&namespace.metadata, MANAGED_BY) == Some(MANAGER),
        held_by: holds.filter_map(|condition| condition.message.clone()).collect(),
        uid: namespace.metadata.uid.unwrap_or_default(),
    }
}

fn is_terminating(namespace: &Namespace) -> bool {
    let phase = namespace.status.as_ref().and_then(|status| status.phase.as_deref());
    namespace.metadata.deletion_timestamp.is_some() || phase == Some("Terminating")
}
