//! What one team holds.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{Binding, Group, RoleAssignment};
use crate::ids::{ClusterName, NamespaceName};

/// What was observed about one team, per governed cluster of its access.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TeamHoldings {
    /// The team's group; none when there is none.
    pub group: Option<Group>,
    /// Azure roles of the group at or below any governed cluster.
    pub assignments: Vec<RoleAssignment>,
    /// Bindings whose subjects include the group, in every governed cluster.
    pub bindings: Vec<Binding>,
    /// Namespaces that exist, per governed cluster.
    pub namespaces: Vec<(ClusterName, NamespaceName)>,
    /// Custom roles (by policy name) present with the policy's rules, per cluster and namespace.
    pub roles: Vec<(ClusterName, NamespaceName, String)>,
    /// Clusters without managed Entra integration, which could not be looked into.
    pub unguarded: BTreeSet<ClusterName>,
}
