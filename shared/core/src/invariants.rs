//! What no plan may do, checked over all plans in flight.

use std::collections::BTreeSet;

use crate::{
    Policy, Refusal,
    ids::{ClusterName, ObjectId},
};

/// Who can administer a cluster, as observed, and who is about to lose that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admins {
    /// The cluster.
    pub cluster: ClusterName,
    /// Members of its admin groups ([`Policy::admin_groups`]) whose accounts may sign in.
    pub members_enabled: BTreeSet<ObjectId>,
    /// Those that another plan in flight takes out or disables.
    pub leaving_in_flight: BTreeSet<ObjectId>,
}

/// Whether a user may stop being a usable admin of the cluster. At least one admin stays, and at
/// least `protected.minimumClusterAdmins`, counting every plan in flight as done already. Somebody
/// who is no usable admin may always go.
///
/// # Errors
/// [`Refusal::LastAdmins`] when too few would be left.
pub fn may_remove_admin(policy: &Policy, admins: &Admins, user: &ObjectId) -> Result<(), Refusal> {
    if !admins.members_enabled.contains(user) {
        return Ok(());
    }
    let stays = |id: &&ObjectId| *id != user && !admins.leaving_in_flight.contains(*id);
    let left = u32::try_from(admins.members_enabled.iter().filter(stays).count());
    let left = left.unwrap_or(u32::MAX);
    let minimum = policy.protected.minimum_cluster_admins.max(1);
    if left < minimum {
        return Err(Refusal::LastAdmins { cluster: admins.cluster.clone(), left, minimum });
    }
    Ok(())
}

/// Whether a principal may be touched at all.
///
/// # Errors
/// [`Refusal::Protected`] for a break-glass principal of `protected.principals`.
pub fn check_principal(policy: &Policy, principal: &ObjectId) -> Result<(), Refusal> {
    if policy.protected.principals.contains(principal) {
        return Err(Refusal::Protected { principal: principal.clone() });
    }
    Ok(())
}
