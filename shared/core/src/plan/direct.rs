//! What a person holds in their own name: bindings that `grants` gives, and in the end the user.

use crate::{
    Holdings, Policy, Timestamp,
    desired::Desired,
    holdings::User,
    ids::PersonId,
    plan::{Intent, Plan},
    policy::gives_grant,
    request,
    state::PersonState,
};

/// Plans the roles at clusters that the policy gives an active person by name, and takes back
/// those of ours that it no longer gives.
pub(super) fn plan_grants(
    plan: &mut Plan,
    person: &PersonId,
    desired: &Desired,
    held: &Holdings,
    user: &User,
) {
    take_back(plan, person, desired, held, user);
    let held_already =
        |grant: &&_| held.bindings.iter().any(|binding| gives_grant(binding, [*grant], user));
    for grant in desired.grants.iter().filter(|grant| !held_already(grant)) {
        let (cluster, role) = grant.clone();
        if held.unseen.contains_key(&cluster) {
            continue;
        }
        let holder = request::Holder::Person(person.clone());
        plan.intents.push(Intent::BindClusterRole(request::ClusterRole { cluster, role, holder }));
    }
    for (cluster, why) in &held.unseen {
        let line = format!("cluster {cluster} could not be seen: {why}");
        let concerns = desired.grants.iter().any(|(granted, _)| granted == cluster);
        if concerns { plan.residue.push(line) } else { plan.findings.push(line) }
    }
}

/// Takes back bindings of ours at clusters that `desired` does not ask for.
pub(super) fn take_back(
    plan: &mut Plan,
    person: &PersonId,
    desired: &Desired,
    held: &Holdings,
    user: &User,
) {
    let excess = held.bindings.iter().any(|binding| {
        binding.managed
            && !binding.reserved
            && binding.namespace.is_none()
            && !gives_grant(binding, &desired.grants, user)
    });
    if excess {
        let person_id = person.clone();
        plan.intents.push(Intent::UnbindPerson(request::Person { person_id }));
    }
}

/// Whether a leaver's user is to be deleted now: long enough gone, no legal hold, no protected
/// principal, and nothing left to revoke. Membership in a dynamic group does not stand in the way:
/// deleting the user is what ends it.
pub(super) fn is_deletable(
    policy: &Policy,
    state: &PersonState,
    held: &Holdings,
    plan: &Plan,
    now: Timestamp,
) -> bool {
    let Some(user) = &held.user else { return false };
    let due = state.cut_since().and_then(|since| policy.people.delete_at(since));
    due.is_some_and(|due| due <= now)
        && !state.legal_hold()
        && !policy.protected.spares(&user.id)
        && plan.intents.is_empty()
        && held.unseen.is_empty()
        && held.groups.iter().all(|group| group.dynamic)
}
