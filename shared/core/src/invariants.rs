//! What no plan may do, checked over all plans in flight.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{
    Policy, Refusal,
    ids::{ClusterName, ObjectId},
};

/// Who can administer a cluster, as observed, and who is about to lose that.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
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

/// Whether a user may be cut off: no protected principal, and no cluster loses its last admins.
///
/// # Errors
/// As [`check_principal`] and [`may_remove_admin`].
pub fn may_cut_off(policy: &Policy, admins: &[Admins], user: &ObjectId) -> Result<(), Refusal> {
    check_principal(policy, user)?;
    admins.iter().try_for_each(|admins| may_remove_admin(policy, admins, user))
}

/// Whether a principal may be touched at all.
///
/// # Errors
/// [`Refusal::Protected`] for a break-glass principal of `protected.principals`.
pub fn check_principal(policy: &Policy, principal: &ObjectId) -> Result<(), Refusal> {
    if policy.protected.spares(principal) {
        return Err(Refusal::Protected { principal: principal.clone() });
    }
    Ok(())
}

#[cfg(test)]
mod tests {

    use super::{Admins, check_principal, may_remove_admin};
    use crate::{
        Refusal,
        fixtures::{id, policy},
    };

    fn admins(members: &[u32], leaving: &[u32]) -> Admins {
        let ids = |numbers: &[u32]| numbers.iter().copied().map(id).collect();
        let cluster = policy().clusters.into_keys().next();
        Admins {
            cluster: cluster.expect("the example has clusters"),
            members_enabled: ids(members),
            leaving_in_flight: ids(leaving),
        }
    }

    #[test]
    fn plans_in_flight_count_as_done() {
        let policy = policy();
        assert!(may_remove_admin(&policy, &admins(&[1, 2, 3], &[]), &id(1)).is_ok());
        assert!(may_remove_admin(&policy, &admins(&[1, 2, 3], &[1]), &id(1)).is_ok());
        assert!(may_remove_admin(&policy, &admins(&[1, 2, 3], &[2]), &id(1)).is_err());
        assert!(may_remove_admin(&policy, &admins(&[2, 3], &[2]), &id(1)).is_ok());
    }

    #[test]
    fn one_admin_stays_even_where_the_policy_asks_for_none() {
        let mut policy = policy();
        policy.protected.minimum_cluster_admins = 0;
        assert!(may_remove_admin(&policy, &admins(&[1], &[]), &id(1)).is_err());
        assert!(may_remove_admin(&policy, &admins(&[1, 2], &[]), &id(1)).is_ok());
    }

    #[test]
    fn break_glass_principals_are_untouchable() {
        let mut policy = policy();
        policy.protected.principals.insert(id(7));
        let refused = Err(Refusal::Protected { principal: id(7) });
        assert_eq!(check_principal(&policy, &id(7)), refused);
        assert_eq!(check_principal(&policy, &id(8)), Ok(()));
    }
}
