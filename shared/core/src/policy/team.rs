//! What a team should hold.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    Refusal,
    azure_role::AzureRole,
    holdings::RoleRef,
    ids::{ClusterName, NamespaceName, RoleName, TeamName},
    policy::{Access, Path, Policy, Team},
};

/// A role of the policy at a cluster, or in a namespace of one.
pub type Place = (ClusterName, Option<NamespaceName>);

/// What a team should hold, by the path that gives it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TeamDesired {
    /// Clusters whose kubeconfig the team may download: all where it has any access.
    pub cluster_access: BTreeSet<ClusterName>,
    /// Azure roles, at the cluster or in a namespace.
    pub azure: BTreeMap<(Place, RoleName), AzureRole>,
    /// What is bound, in a namespace or at the cluster.
    pub bindings: BTreeMap<(Place, RoleName), RoleRef>,
    /// Namespaces that must exist.
    pub namespaces: BTreeSet<(ClusterName, NamespaceName)>,
}

/// What a team should hold.
///
/// # Errors
/// [`Refusal::OutsidePolicy`] when the policy has no such team.
pub fn team_grants(policy: &Policy, team: &TeamName) -> Result<TeamDesired, Refusal> {
    let team = policy.team(team)?;
    let mut desired = TeamDesired::default();
    for access in &team.access {
        desired.add(policy, team, access);
    }
    Ok(desired)
}

impl TeamDesired {
    /// The Azure roles wanted at exactly this place, the right to download the kubeconfig
    /// included.
    pub fn azure_at(&self, place: &Place) -> BTreeSet<AzureRole> {
        let roles = self.azure.iter().filter(|((at, _), _)| at == place).map(|(_, role)| *role);
        let access = place.1.is_none() && self.cluster_access.contains(&place.0);
        roles.chain(access.then_some(AzureRole::ClusterUser)).collect()
    }

    /// Clusters whose kubeconfig no other role lets the team download.
    pub fn lacks_download(&self) -> impl Iterator<Item = &ClusterName> {
        let downloads = |cluster: &ClusterName| {
            let at = (cluster.clone(), None);
            self.azure.iter().any(|((place, _), role)| *place == at && role.downloads_kubeconfig())
        };
        self.cluster_access.iter().filter(move |cluster| !downloads(cluster))
    }

    /// What is to be bound at exactly this place.
    pub fn bound_at(&self, place: &Place) -> BTreeSet<&RoleRef> {
        self.bindings.iter().filter(|((at, _), _)| at == place).map(|(_, role)| role).collect()
    }

    fn add(&mut self, policy: &Policy, team: &Team, access: &Access) {
        let Access { cluster, namespace, role, .. } = access;
        self.cluster_access.insert(cluster.clone());
        let place = (cluster.clone(), namespace.clone());
        match policy.path(team, access) {
            Some(Path::AzureRole(azure)) => drop(self.azure.insert((place, role.clone()), azure)),
            Some(Path::Binding(bound)) => drop(self.bindings.insert((place, role.clone()), bound)),
            Some(Path::AdminGroup) | None => {}
        }
        if let Some(namespace) = namespace {
            self.namespaces.insert((cluster.clone(), namespace.clone()));
        }
    }
}
