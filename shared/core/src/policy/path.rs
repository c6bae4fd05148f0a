//! By which path the policy gives a role: an Azure role, a binding, or the admin group.

use crate::{
    azure_role::AzureRole,
    holdings::RoleRef,
    ids::RoleName,
    policy::{Access, Authorization, Cluster, Policy, Team, same_group},
};

/// What gives a role of the policy to a team.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Path {
    /// An Azure role assignment at the cluster or at the namespace.
    AzureRole(AzureRole),
    /// A RoleBinding in the namespace, or a ClusterRoleBinding when the access names none.
    Binding(RoleRef),
    /// Membership in the admin group of the cluster's Entra integration; nothing is to be given.
    AdminGroup,
}

impl Path {
    /// The Azure role, if one gives it.
    pub fn azure_role(&self) -> Option<AzureRole> {
        match self {
            Self::AzureRole(role) => Some(*role),
            Self::Binding(_) | Self::AdminGroup => None,
        }
    }

    /// What a binding must refer to, if one gives it.
    pub fn binding(&self) -> Option<&RoleRef> {
        match self {
            Self::Binding(role) => Some(role),
            Self::AzureRole(_) | Self::AdminGroup => None,
        }
    }
}

impl RoleName {
    /// The Azure role that equals this role; none for a role of the policy's own.
    pub fn azure_role(&self) -> Option<AzureRole> {
        match self.as_str() {
            "reader" => Some(AzureRole::RbacReader),
            "writer" => Some(AzureRole::RbacWriter),
            "admin" => Some(AzureRole::RbacAdmin),
            "cluster-admin" => Some(AzureRole::RbacClusterAdmin),
            _ => None,
        }
    }

    /// The built-in ClusterRole that equals this role; none for a role of the policy's own.
    pub fn cluster_role(&self) -> Option<&'static str> {
        match self.as_str() {
            "reader" => Some("view"),
            "writer" => Some("edit"),
            "admin" => Some("admin"),
            "cluster-admin" => Some("cluster-admin"),
            _ => None,
        }
    }
}

impl Policy {
    /// By which path this access of the team is given. None for what no plane can give, which
    /// [`Policy::parse`] refuses: an unknown cluster, a role of our own at a whole cluster,
    /// `cluster-admin` in a namespace.
    pub fn path(&self, team: &Team, access: &Access) -> Option<Path> {
        let cluster = self.clusters.get(&access.cluster)?;
        let Some(built_in) = access.role.cluster_role() else {
            // No Azure role equals a role of our own: it is bound on every cluster.
            access.namespace.as_ref()?;
            return Some(Path::Binding(RoleRef::Role(access.role.to_string())));
        };
        if access.role.is_cluster_admin() && access.namespace.is_some() {
            return None;
        }
        match cluster.plane(access) {
            Authorization::AzureRbac => access.role.azure_role().map(Path::AzureRole),
            Authorization::KubernetesRbac
                if access.role.is_cluster_admin() && cluster.is_admin_group(team) =>
            {
                Some(Path::AdminGroup)
            }
            Authorization::KubernetesRbac => {
                Some(Path::Binding(RoleRef::ClusterRole(built_in.to_owned())))
            }
        }
    }
}

impl Cluster {
    /// The plane that gives an access at this cluster: the access's own, else the cluster's.
    fn plane(&self, access: &Access) -> Authorization {
        access.authorization.unwrap_or(self.authorization)
    }

    fn is_admin_group(&self, team: &Team) -> bool {
        self.admin_group.as_ref().is_some_and(|group| same_group(group, &team.group))
    }
}
