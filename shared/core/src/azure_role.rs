//! The built-in Azure roles that Latchkey gives, by their fixed ids.
//!
//! Source: Azure built-in roles for AKS; the ids are the same in every tenant.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::{Uuid, uuid};

/// A built-in role for AKS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum AzureRole {
    /// May download the cluster's user kubeconfig.
    ClusterUser,
    /// Reads most objects of a namespace; no secrets.
    RbacReader,
    /// Reads and writes most objects of a namespace, secrets included.
    RbacWriter,
    /// Everything in a namespace but quotas and the namespace itself.
    RbacAdmin,
    /// Everything in the cluster.
    RbacClusterAdmin,
}

impl AzureRole {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::ClusterUser,
        Self::RbacReader,
        Self::RbacWriter,
        Self::RbacAdmin,
        Self::RbacClusterAdmin,
    ];

    /// The role definition's id.
    pub const fn id(self) -> Uuid {
        match self {
            Self::ClusterUser => uuid!("4abbcc35-e782-43d8-92c5-2d3f1bd2253f"),
            Self::RbacReader => uuid!("7f6c6a51-bcf8-42ba-9220-52d62157d7db"),
            Self::RbacWriter => uuid!("a7ffa36f-339b-4b5c-8bdf-e2c188b2c0eb"),
            Self::RbacAdmin => uuid!("3498e952-d568-435e-9b2c-8d77e338d7f7"),
            Self::RbacClusterAdmin => uuid!("b1ff04bb-8a4e-4dc4-8eb5-8693973ce19b"),
        }
    }

    /// Whether the role, at a cluster, lets its holder download the cluster's user kubeconfig.
    pub const fn downloads_kubeconfig(self) -> bool {
        matches!(self, Self::ClusterUser | Self::RbacAdmin | Self::RbacClusterAdmin)
    }

    /// The role with this definition id, if it is one of ours.
    pub fn from_id(id: Uuid) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.id() == id)
    }

    /// The role's name in Azure.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ClusterUser => "Azure Kubernetes Service Cluster User Role",
            Self::RbacReader => "Azure Kubernetes Service RBAC Reader",
            Self::RbacWriter => "Azure Kubernetes Service RBAC Writer",
            Self::RbacAdmin => "Azure Kubernetes Service RBAC Admin",
            Self::RbacClusterAdmin => "Azure Kubernetes Service RBAC Cluster Admin",
        }
    }
}

impl fmt::Display for AzureRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
