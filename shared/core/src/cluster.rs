//! How a cluster is secured: what the policy declares, what is observed, and the single changes
//! that lead from one to the other.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{
    Decision, Op, Policy, Refusal,
    holdings::Group,
    ids::{ClusterName, GroupName, ObjectId},
    invariants::Admins,
    op::Integration,
    policy::{Authorization, Cluster, LocalAccounts},
};

/// What is observed of a cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Security {
    /// How it is integrated with Entra.
    pub integration: Integration,
    /// The Entra tenant that signs people in, when told.
    pub tenant: Option<String>,
    /// Whether Azure role assignments authorize inside the cluster.
    pub azure_rbac: bool,
    /// Groups whose members are admins through the integration.
    pub admin_groups: BTreeSet<ObjectId>,
    /// Whether static administrator credentials are given out and accepted.
    pub local_accounts: bool,
    /// The operation in progress, as ARM names it.
    pub changing: Option<String>,
    /// Whether it is stopped: then it cannot be changed and its API server cannot be asked.
    pub stopped: bool,
    /// The version of the cluster; a write is guarded by it. None where the service gives none.
    pub etag: Option<String>,
}

/// What the policy declares of a cluster, as far as changes need it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Declared {
    /// Whether it is integrated with Entra at all.
    pub entra: bool,
    /// Whether Azure RBAC authorizes in it.
    pub azure_rbac: bool,
    /// The group whose members are its admins.
    pub admin_group: Option<GroupName>,
    /// Whether local accounts are switched off.
    pub no_local_accounts: bool,
    /// The tenant whose people sign in: its id.
    pub tenant: String,
}

impl Declared {
    /// What the policy says of the cluster in this tenant. Entra is wanted by each of an admin group, Azure
    /// RBAC and the end of local accounts: none of them can be without it.
    pub fn of(cluster: &Cluster, tenant: &str) -> Self {
        let azure_rbac = cluster.authorization == Authorization::AzureRbac;
        let no_local_accounts = cluster.local_accounts == LocalAccounts::Disabled;
        Self {
            entra: azure_rbac || no_local_accounts || cluster.admin_group.is_some(),
            azure_rbac,
            admin_group: cluster.admin_group.clone(),
            no_local_accounts,
            tenant: tenant.to_owned(),
        }
    }
}

/// Whether the cluster can be changed now.
///
/// # Errors
/// [`Refusal::UnsafeCluster`] while it is stopped.
fn changeable(name: &ClusterName, seen: &Security) -> Result<(), Refusal> {
    if seen.stopped {
        return Err(unsafe_cluster(name, "it is stopped: start it first"));
    }
    Ok(())
}

/// What integrates the cluster with Entra as declared; none when it is so.
///
/// Admin groups that the policy does not name stay: nobody loses access by this. The group that
/// it names is added.
///
/// # Errors
/// [`Refusal::UnsafeCluster`] when the policy asks for no integration, when people of another
/// tenant sign in, or while the cluster is stopped.
pub fn integrate(
    name: &ClusterName,
    declared: &Declared,
    seen: &Security,
    admin_group: Option<&Group>,
) -> Result<Option<Op>, Refusal> {
    if !declared.entra {
        return Err(unsafe_cluster(name, "the policy asks for no Entra integration"));
    }
    let theirs = seen.tenant.as_ref().filter(|id| !id.eq_ignore_ascii_case(&declared.tenant));
    if theirs.is_some() {
        return Err(unsafe_cluster(name, "people of another Entra tenant sign in to it"));
    }
    let mut groups = seen.admin_groups.clone();
    groups.extend(admin_group.map(|group| group.id.clone()));
    let so_already = seen.integration == Integration::Managed
        && seen.azure_rbac == declared.azure_rbac
        && groups == seen.admin_groups;
    if so_already {
        return Ok(None);
    }
    changeable(name, seen)?;
    Ok(Some(Op::IntegrateEntra {
        cluster: name.clone(),
        from: seen.integration,
        admin_groups: groups.into_iter().collect(),
        azure_rbac: declared.azure_rbac,
        etag: seen.etag.clone(),
    }))
}

/// What switches local accounts off; none when they are off.
///
/// # Errors
/// - [`Refusal::UnsafeCluster`] when the policy leaves them on, without managed Entra integration,
///   or while the cluster is stopped.
/// - [`Refusal::LastAdmins`] when fewer than one, or than `protected.minimumClusterAdmins`,
///   members of its admin groups could sign in afterwards.
pub fn end_local_accounts(
    policy: &Policy,
    name: &ClusterName,
    declared: &Declared,
    seen: &Security,
    admins: &Admins,
) -> Result<Option<Op>, Refusal> {
    if !declared.no_local_accounts {
        return Err(unsafe_cluster(name, "the policy leaves its local accounts as they are"));
    }
    if !seen.local_accounts {
        return Ok(None);
    }
    if seen.integration != Integration::Managed {
        return Err(unsafe_cluster(name, "without managed Entra integration nobody could sign in"));
    }
    changeable(name, seen)?;
    enough_admins(policy, admins)?;
    Ok(Some(Op::DisableLocalAccounts { cluster: name.clone(), etag: seen.etag.clone() }))
}

/// Whether enough admins could sign in without a local account, counting every leaver in flight
/// as gone.
///
/// # Errors
/// [`Refusal::LastAdmins`] otherwise.
pub fn enough_admins(policy: &Policy, admins: &Admins) -> Result<(), Refusal> {
    let usable = admins.members_enabled.difference(&admins.leaving_in_flight).count();
    let left = u32::try_from(usable).unwrap_or(u32::MAX);
    let minimum = policy.protected.minimum_cluster_admins.max(1);
    if left < minimum {
        return Err(Refusal::LastAdmins { cluster: admins.cluster.clone(), left, minimum });
    }
    Ok(())
}

/// A decision of one write, of none, or a refusal.
pub fn decision(decided: Result<Option<Op>, Refusal>) -> Decision {
    decided.map_or_else(Decision::refuse, Decision::from_ops)
}

/// A refusal that names the cluster.
pub fn unsafe_cluster(name: &ClusterName, why: &str) -> Refusal {
    Refusal::UnsafeCluster { cluster: name.clone(), why: why.to_owned() }
}
