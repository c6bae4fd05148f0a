//! RoleBindings and ClusterRoleBindings.

use k8s_openapi::api::rbac::v1::{self as rbac, ClusterRoleBinding, RoleBinding};
use kube::{
    api::{DeleteParams, ListParams, Patch, PatchParams, Preconditions},
    core::Request as Builder,
};
use latchkey_core::{
    CallError, NamespaceName, ObjectId,
    holdings::{Binding, RoleRef, Subject},
};

use crate::{
    Cluster, MANAGER,
    convert::{MANAGED_BY, RBAC, binding, is_reserved_name, ours, requests, role_ref},
    failure,
    namespaces::optional,
};

/// Label with the object id of the group that a binding of ours is for.
const GROUP: &str = "latchkey/group";

impl Cluster {
    /// The RoleBindings of a namespace.
    ///
    /// # Errors
    /// What kept the API server from answering.
    pub async fn bindings_in(&self, namespace: &NamespaceName) -> Result<Vec<Binding>, CallError> {
        let requests = requests::<RoleBinding>(Some(namespace));
        let found: Vec<RoleBinding> = self.list("list RoleBindings", &requests).await?;
        found.into_iter().map(|found| binding(&self.name, found)).collect()
    }

    /// The RoleBindings of all namespaces and the ClusterRoleBindings.
    ///
    /// # Errors
    /// What kept the API server from answering.
    pub async fn all_bindings(&self) -> Result<Vec<Binding>, CallError> {
        let (inner, outer) = (requests::<RoleBinding>(None), requests::<ClusterRoleBinding>(None));
        let (inner, outer) = futures::try_join!(
            self.list::<RoleBinding>("list all RoleBindings", &inner),
            self.list::<ClusterRoleBinding>("list ClusterRoleBindings", &outer),
        )?;
        let inner = inner.into_iter().map(|found| binding(&self.name, found));
        inner.chain(outer.into_iter().map(|found| binding(&self.name, found))).collect()
    }

    /// The ClusterRoleBindings, whoever made them.
    ///
    /// # Errors
    /// What kept the API server from answering.
    pub async fn cluster_bindings(&self) -> Result<Vec<Binding>, CallError> {
        let requests = requests::<ClusterRoleBinding>(None);
        let found: Vec<ClusterRoleBinding> =
            self.list("list ClusterRoleBindings", &requests).await?;
        found.into_iter().map(|found| binding(&self.name, found)).collect()
    }

    /// The ClusterRoleBindings that carry our label: one request, however many there are of
    /// others.
    ///
    /// # Errors
    /// What kept the API server from answering.
    pub async fn own_cluster_bindings(&self) -> Result<Vec<Binding>, CallError> {
        let requests = requests::<ClusterRoleBinding>(None);
        let params = ListParams::default().labels(&format!("{MANAGED_BY}={MANAGER}"));
        let found: Vec<ClusterRoleBinding> =
            self.list_with("list our ClusterRoleBindings", &requests, &params).await?;
        found.into_iter().map(|found| binding(&self.name, found)).collect()
    }

    /// Binds a ClusterRole at the whole cluster to this subject, and to nobody else: the binding
    /// of this name is then ours.
    ///
    /// # Errors
    /// As [`Cluster::bind`]; [`CallError::Rejected`] also for a subject that is neither a user nor
    /// a group.
    pub async fn bind_cluster(
        &self,
        name: &str,
        role: &str,
        subject: &Subject,
    ) -> Result<(), CallError> {
        const WHAT: &str = "apply a ClusterRoleBinding";
        if is_reserved_name(name) {
            return Err(reserved(WHAT));
        }
        let (kind, holder) = match subject {
            Subject::User(name) => ("User", name),
            Subject::Group(id) => ("Group", id),
            Subject::ServiceAccount(_) => {
                return Err(failure::rejected(WHAT, "InvalidSubject", "it is a service account"));
            }
        };
        let mut metadata = ours(name, None);
        if let Subject::Group(id) = subject {
            metadata.labels.get_or_insert_default().insert(GROUP.into(), id.clone());
        }
        let object = ClusterRoleBinding {
            metadata,
            role_ref: role_ref(&RoleRef::ClusterRole(role.to_owned())),
            subjects: Some(vec![of(kind, holder)]),
        };
        let request = requests::<ClusterRoleBinding>(None).patch(
            name,
            &PatchParams::apply(MANAGER).force(),
            &Patch::Apply(&object),
        );
        self.write::<ClusterRoleBinding>(WHAT, request).await.map(drop)
    }

    /// Binds a role to a group, and to nobody else: the binding of this name is then ours.
    ///
    /// # Errors
    /// [`CallError::Rejected`] when the name is reserved or the binding exists for another role,
    /// [`CallError::Denied`] when we may not bind the role, [`CallError::NotFound`] when there is
    /// no such namespace, [`CallError::Conflict`] when it is being deleted, [`CallError::Lost`]
    /// when it may have been written.
    pub async fn bind(
        &self,
        namespace: &NamespaceName,
        name: &str,
        role: &RoleRef,
        group: &ObjectId,
    ) -> Result<(), CallError> {
        const WHAT: &str = "apply a RoleBinding";
        if is_reserved_name(name) {
            return Err(reserved(WHAT));
        }
        let mut metadata = ours(name, Some(namespace));
        metadata.labels.get_or_insert_default().insert(GROUP.into(), group.to_string());
        let object = RoleBinding {
            metadata,
            role_ref: role_ref(role),
            subjects: Some(vec![of("Group", group.as_str())]),
        };
        let request = requests::<RoleBinding>(Some(namespace)).patch(
            name,
            &PatchParams::apply(MANAGER).force(),
            &Patch::Apply(&object),
        );
        self.write::<RoleBinding>(WHAT, request).await.map(drop)
    }

    /// Deletes a binding as it was observed; fine when it is gone.
    ///
    /// # Errors
    /// [`CallError::Rejected`] when it is reserved, [`CallError::Conflict`] when it has changed
    /// since, [`CallError::Lost`] when it may have been deleted.
    pub async fn delete_binding(&self, binding: &Binding) -> Result<(), CallError> {
        const WHAT: &str = "delete a binding";
        if is_off_limits(binding) {
            return Err(reserved(WHAT));
        }
        let params = DeleteParams::default().preconditions(Preconditions {
            resource_version: Some(binding.resource_version.clone()),
            uid: Some(binding.uid.clone()),
        });
        let request = place(binding).delete(&binding.name, &params);
        optional(self.write::<serde_json::Value>(WHAT, request).await).map(drop)
    }

    /// Marks a binding that somebody else made as ours, as it was observed; its contents stay.
    ///
    /// # Errors
    /// As [`Cluster::delete_binding`]; [`CallError::NotFound`] when it is gone,
    /// [`CallError::Denied`] when we may not bind its role.
    pub async fn adopt_binding(&self, binding: &Binding) -> Result<(), CallError> {
        const WHAT: &str = "adopt a binding";
        if is_off_limits(binding) {
            return Err(reserved(WHAT));
        }
        let labels = ours(&binding.name, binding.namespace.as_ref()).labels;
        let patch = serde_json::json!({ "metadata": {
            "uid": binding.uid, "resourceVersion": binding.resource_version, "labels": labels,
        } });
        let params = PatchParams { field_manager: Some(MANAGER.into()), ..PatchParams::default() };
        let request = place(binding).patch(&binding.name, &params, &Patch::Merge(&patch));
        self.write::<serde_json::Value>(WHAT, request).await.map(drop)
    }
}

pub(crate) fn place(binding: &Binding) -> Builder {
    match &binding.namespace {
        Some(namespace) => requests::<RoleBinding>(Some(namespace)),
        None => requests::<ClusterRoleBinding>(None),
    }
}

pub(crate) fn of(kind: &str, name: &str) -> rbac::Subject {
    rbac::Subject {
        api_group: Some(RBAC.into()),
        kind: kind.into(),
        name: name.into(),
        namespace: None,
    }
}

pub(crate) fn is_off_limits(binding: &Binding) -> bool {
    binding.reserved || is_reserved_name(&binding.name)
}

pub(crate) fn reserved(what: &'static str) -> CallError {
    failure::rejected(what, "Reserved", "it belongs to AKS or Kubernetes itself")
}
