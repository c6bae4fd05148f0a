//! One way by which somebody holds something.

use latchkey_core::{
    Policy,
    azure_role::AzureRole,
    holdings::{Binding, RoleAssignment},
};
use serde::Serialize;

/// One row of the table who has what, by which path, and why.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Row {
    /// `group`, `azure-role` or `binding`.
    pub(super) path: &'static str,
    pub(super) cluster: Option<String>,
    pub(super) namespace: Option<String>,
    pub(super) role: Option<String>,
    /// The group, the role assignment or the binding.
    pub(super) via: String,
    pub(super) why: String,
}

/// An Azure role. A scope that is no governed cluster or namespace is told in `via`.
pub(super) fn azure_role(policy: &Policy, held: &RoleAssignment, why: &str) -> Row {
    let place = policy.place_of_scope(&held.scope);
    let (cluster, namespace) = place.map_or((None, None), |(cluster, namespace)| {
        (Some(cluster.to_string()), namespace.map(|namespace| namespace.to_string()))
    });
    let role = AzureRole::from_id(held.role);
    Row {
        path: "azure-role",
        via: if cluster.is_some() { "direct".to_owned() } else { held.scope.clone() },
        cluster,
        namespace,
        role: Some(role.map_or_else(|| held.role.to_string(), |role| role.to_string())),
        why: why.to_owned(),
    }
}

/// A RoleBinding or ClusterRoleBinding.
pub(super) fn binding(held: &Binding, why: &str) -> Row {
    Row {
        path: "binding",
        cluster: Some(held.cluster.to_string()),
        namespace: held.namespace.as_ref().map(ToString::to_string),
        role: Some(held.role.to_string()),
        via: held.name.clone(),
        why: why.to_owned(),
    }
}
