//! Azure roles and bindings in a cluster that nothing in the policy explains.

use std::collections::{BTreeMap, BTreeSet};

use super::{Brake, Found, Judged, Story, Stray, judge};
use crate::{
    Policy, Timestamp,
    access::{self, Observed, Unexplained, Via, Who},
    cluster::enough_admins,
    holdings::{Binding, RoleAssignment, Subject},
    ids::{ClusterName, PersonId},
    invariants::Admins,
    policy::OF_STRANGERS,
};

/// What gives somebody something in a cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Astray {
    /// An Azure role.
    Role(RoleAssignment, Who),
    /// One subject of a binding.
    Bound(Binding, Subject, Who),
}

/// Everything in a cluster that nothing in the policy explains.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Straying {
    /// By what was found.
    pub strays: BTreeMap<Found, (Stray, Astray)>,
    /// People who have left and still hold something: their own plans take it, whatever the policy
    /// says of drift.
    pub left: BTreeSet<PersonId>,
}

impl Straying {
    /// What becomes of them. `in_sight` says of what is known whether it would have been found.
    pub fn judge(
        &self,
        policy: &Policy,
        story: &Story,
        in_sight: impl Fn(&Found) -> bool,
        now: Timestamp,
    ) -> Judged {
        let strays: Vec<_> = self.strays.values().map(|(stray, _)| stray.clone()).collect();
        let brake = Brake::of(policy, "remove_assignments or remove_bindings");
        judge(Some(brake), &strays, story, in_sight, now)
    }

    /// What is to be taken away, and from whom.
    pub fn removals<'a>(&'a self, judged: &'a Judged) -> impl Iterator<Item = &'a Astray> {
        judged.remove.iter().filter_map(|stray| Some(&self.strays.get(&stray.found)?.1))
    }
}

/// What in a cluster nothing in the policy explains, of what was observed. `left` are people whose
/// employment is over.
///
/// What makes somebody an admin goes only while enough others can administer the cluster.
pub fn strays_of_cluster(
    policy: &Policy,
    name: &ClusterName,
    observed: &Observed,
    left: &BTreeSet<PersonId>,
    admins: &Admins,
) -> Straying {
    let declared = policy.clusters.get(name);
    let rule = declared.and_then(|declared| declared.drift.clone()).unwrap_or(OF_STRANGERS);
    let few = enough_admins(policy, admins).err().map(|few| format!("stays: {few}"));
    let mut straying = Straying::default();
    for Unexplained { via, who, what, makes_admin } in access::unexplained(policy, observed, name) {
        if let Some(person) = who.person.as_ref().filter(|person| left.contains(person)) {
            straying.left.insert(person.clone());
            continue;
        }
        let (found, astray) = match via {
            Via::Role(held) => (Found::assignment(held), Astray::Role(held.clone(), who)),
            Via::Binding(binding, subject) => (
                Found::binding(binding, subject),
                Astray::Bound(binding.clone(), subject.clone(), who),
            ),
        };
        let by_hand = few.clone().filter(|_| makes_admin);
        let stray = Stray { found: found.clone(), what, rule: rule.clone(), by_hand };
        straying.strays.insert(found, (stray, astray));
    }
    straying
}
