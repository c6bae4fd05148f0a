//! Kubernetes objects as core values and back.

use std::collections::BTreeMap;

use k8s_openapi::api::rbac::v1 as rbac;
use kube::{api::ObjectMeta, core::Request as Builder};
use latchkey_core::{
    CallError, ClusterName, NamespaceName,
    holdings::{Binding, RoleRef, Subject},
    policy::Rule,
};

use crate::{MANAGER, failure};

/// Label with the name of who manages an object.
pub(crate) const MANAGED_BY: &str = "app.kubernetes.io/managed-by";

/// The API group of users, groups and roles.
pub(crate) const RBAC: &str = "rbac.authorization.k8s.io";

/// Labels that only AKS and Kubernetes itself set.
const RESERVED_LABELS: [&str; 3] = [
    "kubernetes.io/cluster-service",
    "addonmanager.kubernetes.io/mode",
    "kubernetes.io/bootstrapping",
];

/// Requests for objects of a kind, in a namespace or not.
pub(crate) fn requests<K: kube::Resource<DynamicType = ()>>(
    namespace: Option<&NamespaceName>,
) -> Builder {
    Builder::new(K::url_path(&(), namespace.map(NamespaceName::as_str)))
}

/// Metadata of an object of ours.
pub(crate) fn ours(name: &str, namespace: Option<&NamespaceName>) -> ObjectMeta {
    ObjectMeta {
        name: Some(name.to_owned()),
        namespace: namespace.map(ToString::to_string),
        labels: Some(BTreeMap::from([(MANAGED_BY.to_owned(), MANAGER.to_owned())])),
        ..ObjectMeta::default()
    }
}

/// Whether a name is one that AKS or Kubernetes gives to its own objects.
pub(crate) fn is_reserved_name(name: &str) -> bool {
    name.starts_with("aks-") || name.starts_with("system:")
}

fn is_reserved(meta: &ObjectMeta) -> bool {
    meta.name.as_deref().is_some_and(is_reserved_name)
        || RESERVED_LABELS.iter().any(|label| label_of(meta, label).is_some())
}

pub(crate) fn label_of<'a>(meta: &'a ObjectMeta, label: &str) -> Option<&'a str> {
    meta.labels.as_ref()?.get(label).map(String::as_str)
}

/// A namespace's name as the server gave it.
pub(crate) fn namespace(name: Option<String>) -> Result<NamespaceName, CallError> {
    NamespaceName::new(name.unwrap_or_default())
        .map_err(|error| failure::surprise("read a namespace", error.to_string()))
}

/// What RoleBindings and ClusterRoleBindings have in common.
pub(crate) trait BindingObject {
    /// The parts that make a [`Binding`].
    fn parts(self) -> (ObjectMeta, rbac::RoleRef, Option<Vec<rbac::Subject>>);
}

impl BindingObject for rbac::RoleBinding {
    fn parts(self) -> (ObjectMeta, rbac::RoleRef, Option<Vec<rbac::Subject>>) {
        (self.metadata, self.role_ref, self.subjects)
    }
}

impl BindingObject for rbac::ClusterRoleBinding {
    fn parts(self) -> (ObjectMeta, rbac::RoleRef, Option<Vec<rbac::Subject>>) {
        (self.metadata, self.role_ref, self.subjects)
    }
}

pub(crate) fn binding(
    cluster: &ClusterName,
    object: impl BindingObject,
) -> Result<Binding, CallError> {
    let (meta, role_ref, subjects) = object.parts();
    let (managed, reserved) = (label_of(&meta, MANAGED_BY) == Some(MANAGER), is_reserved(&meta));
    let lacks = |field| failure::surprise("read a binding", format!("it has no {field}"));
    Ok(Binding {
        cluster: cluster.clone(),
        namespace: meta.namespace.map(|name| namespace(Some(name))).transpose()?,
        name: meta.name.ok_or_else(|| lacks("name"))?,
        role: role(role_ref)?,
        subjects: subjects.unwrap_or_default().iter().filter_map(subject).collect(),
        uid: meta.uid.ok_or_else(|| lacks("uid"))?,
        resource_version: meta.resource_version.ok_or_else(|| lacks("resourceVersion"))?,
        managed,
        reserved,
        created: meta.creation_timestamp.map(|time| time.0),
    })
}

fn role(role: rbac::RoleRef) -> Result<RoleRef, CallError> {
    match role.kind.as_str() {
        "Role" => Ok(RoleRef::Role(role.name)),
        "ClusterRole" => Ok(RoleRef::ClusterRole(role.name)),
        kind => Err(failure::surprise("read a binding", format!("it refers to a {kind}"))),
    }
}

pub(crate) fn role_ref(role: &RoleRef) -> rbac::RoleRef {
    let (kind, name) = match role {
        RoleRef::Role(name) => ("Role", name),
        RoleRef::ClusterRole(name) => ("ClusterRole", name),
    };
    rbac::RoleRef { api_group: Some(RBAC.into()), kind: kind.into(), name: name.clone() }
}

/// A subject as we speak of it; none for a kind that Kubernetes does not have today.
pub(crate) fn subject(subject: &rbac::Subject) -> Option<Subject> {
    let name = subject.name.clone();
    match subject.kind.as_str() {
        "User" => Some(Subject::User(name)),
        "Group" => Some(Subject::Group(name)),
        "ServiceAccount" => {
            let namespace = subject.namespace.as_deref().unwrap_or_default();
            Some(Subject::ServiceAccount(format!("{namespace}/{name}")))
        }
        _ => None,
    }
}

pub(crate) fn rule(rule: rbac::PolicyRule) -> Rule {
    Rule {
        api_groups: rule.api_groups.unwrap_or_default(),
        resources: rule.resources.unwrap_or_default(),
        verbs: rule.verbs,
        resource_names: rule.resource_names.unwrap_or_default(),
    }
}

pub(crate) fn policy_rule(rule: &Rule) -> rbac::PolicyRule {
    let names = (!rule.resource_names.is_empty()).then(|| rule.resource_names.clone());
    rbac::PolicyRule {
        api_groups: Some(rule.api_groups.clone()),
        non_resource_urls: None,
        resource_names: names,
        resources: Some(rule.resources.clone()),
        verbs: rule.verbs.clone(),
    }
}
