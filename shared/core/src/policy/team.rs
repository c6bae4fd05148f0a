//! What a team should hold.

use std::collections::BTreeSet;

use crate::{
    Refusal,
    ids::{ClusterName, NamespaceName, RoleName, TeamName},
    policy::{Access, Policy},
};

/// What a team should hold, by the plane that gives it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TeamDesired {
    /// Clusters whose kubeconfig the team may download: all where it has any access.
    pub cluster_access: BTreeSet<ClusterName>,
    /// Azure roles, at the cluster or in a namespace.
    pub azure: BTreeSet<(ClusterName, Option<NamespaceName>, RoleName)>,
    /// Roles bound in a namespace.
    pub bindings: BTreeSet<(ClusterName, NamespaceName, RoleName)>,
    /// Namespaces that must exist.
    pub namespaces: BTreeSet<(ClusterName, NamespaceName)>,
}

/// What a team should hold.
///
/// # Errors
/// [`Refusal::OutsidePolicy`] when the policy has no such team.
pub fn team_grants(policy: &Policy, team: &TeamName) -> Result<TeamDesired, Refusal> {
    let mut desired = TeamDesired::default();
    for access in &policy.team(team)?.access {
        desired.add(policy, access);
    }
    Ok(desired)
}

impl TeamDesired {
    fn add(&mut self, policy: &Policy, access: &Access) {
        let Access { cluster, namespace, role, .. } = access;
        self.cluster_access.insert(cluster.clone());
        if policy.azure_role(access).is_some() {
            self.azure.insert((cluster.clone(), namespace.clone(), role.clone()));
        }
        if let Some(namespace) = namespace {
            self.namespaces.insert((cluster.clone(), namespace.clone()));
            if policy.kubernetes_role(access).is_some() {
                self.bindings.insert((cluster.clone(), namespace.clone(), role.clone()));
            }
        }
    }
}
