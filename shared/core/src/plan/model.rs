//! What a step does to what is held, as the planners assume it. Tests hold plans to it.

use jiff::SignedDuration;

use crate::{
    Holdings, Policy, Timestamp,
    azure_role::AzureRole,
    desired::Desired,
    fixtures::{assignment, binding, group, user},
    gate::Shut,
    holdings::{Group, PimForm, PimMembership, RoleRef, Subject, TeamHoldings},
    ids::{ClusterName, NamespaceName, TeamName},
    plan::{Held, Intent, pim::place},
    policy::{gives_grant, team_grants},
    request,
    state::{PersonState, Standing},
};

/// A person's holdings after a step.
pub(super) fn person_after(
    mut held: Holdings,
    intent: &Intent,
    policy: &Policy,
    state: &PersonState,
    now: Timestamp,
) -> Holdings {
    let standing = state.standing();
    match intent {
        Intent::CreateUser(_) => held.user.get_or_insert_with(|| user(1)).enabled = true,
        Intent::DisableSignIn(_) => held.user.iter_mut().for_each(|user| user.enabled = false),
        Intent::CutWrites(_) => {
            // Of tokens issued until sessions end, which tests may set ahead.
            let ended = held.user.as_ref().and_then(|user| user.sessions_valid_from);
            let until = Some(ended.unwrap_or(now).max(now) + SignedDuration::from_hours(2));
            held.cut.values_mut().for_each(|shut| *shut = Shut { listed: true, until });
        }
        Intent::RestoreWrites(_) => {
            held.cut.values_mut().for_each(|shut| *shut = Shut::default());
        }
        Intent::EndSessions(_) => {
            held.user.iter_mut().for_each(|user| user.sessions_valid_from = Some(now));
        }
        Intent::LeaveGroups(asked) => held.groups.retain(|group| {
            let team = policy.team_of_group(&group.name);
            let asked =
                asked.everything || team.is_some_and(|(team, _)| asked.teams.contains(team));
            !(asked && group.writable() && !group.role_assignable)
        }),
        Intent::MakeEligible(asked) => {
            let until = Some(now + SignedDuration::from_hours(365 * 24));
            keep(&mut held, PimForm::Eligible, policy, &asked.team, (now, until));
        }
        Intent::GrantJustInTime(asked) => {
            assert!(asked.until > now && state.standing() == Standing::Active);
            keep(&mut held, PimForm::Active, policy, &asked.team, (now, Some(asked.until)));
        }
        Intent::EndJustInTime(asked) => {
            let desired = Desired::of(policy, state, now);
            let group = group(policy.teams[&asked.team].group.as_str());
            let place = place(policy, &asked.team, &desired, Held::of(&held, &group), now);
            let ended = |form| match form {
                PimForm::Active => place.end_grant,
                PimForm::Eligible => place.end_eligibility,
            };
            held.pim.retain(|kept| kept.group.id != group.id || !ended(kept.form));
            let left = place.end_grant || (place.leave && group.role_assignable);
            held.groups.retain(|member| member.id != group.id || !left);
        }
        Intent::JoinGroups(asked) => {
            let groups = asked.teams.iter().map(|team| group(policy.teams[team].group.as_str()));
            held.groups.extend(groups);
        }
        Intent::DisownGroups(_) => held.owned.retain(|owned| owned.last),
        Intent::RevokeRoleAssignments(_) => held.assignments.clear(),
        Intent::UnbindPerson(_) if standing != Standing::Left => {
            let grants = policy.grants_of(&crate::fixtures::person());
            let user = held.user.clone().expect("it is planned for a user");
            let active = standing == Standing::Active;
            held.bindings.retain(|binding| {
                !binding.managed || (active && gives_grant(binding, &grants, &user))
            });
        }
        Intent::UnbindPerson(_) => held.bindings.retain(|binding| binding.reserved),
        Intent::BindClusterRole(asked) => {
            let user = held.user.as_ref().expect("it is planned for a user");
            let mut new = binding(asked.cluster.as_str(), None, user.subject());
            let role = asked.role.cluster_role().expect("it is given at a cluster");
            new.role = RoleRef::ClusterRole(role.to_owned());
            held.bindings.push(new);
        }
        Intent::DeleteUser(_) => held = Holdings::default(),
        other => panic!("no plan of a person asks for {other}"),
    }
    // Leaving a group directly ends what PIM kept of the membership.
    let members: Vec<_> = held.groups.iter().map(|group| group.id.clone()).collect();
    held.pim.retain(|kept| kept.form == PimForm::Eligible || members.contains(&kept.group.id));
    held
}

/// PIM keeps this of a team's group, in place of what it kept in this form.
fn keep(
    held: &mut Holdings,
    form: PimForm,
    policy: &Policy,
    team: &TeamName,
    (since, until): (Timestamp, Option<Timestamp>),
) {
    let group = group(policy.teams[team].group.as_str());
    held.pim.retain(|kept| kept.form != form || kept.group.id != group.id);
    if form == PimForm::Active && !held.groups.contains(&group) {
        held.groups.push(group.clone());
    }
    held.pim.push(PimMembership { group, form, since: Some(since), until });
}

/// A team's holdings after a step.
pub(super) fn team_after(mut held: TeamHoldings, intent: &Intent, policy: &Policy) -> TeamHoldings {
    let group = held.group.clone();
    let own = || group.clone().expect("roles are planned for a group that exists");
    match intent {
        Intent::CreateGroup(asked) | Intent::CreateRoleAssignableGroup(asked) => {
            let mut group = crate::fixtures::group(policy.teams[&asked.team].group.as_str());
            group.role_assignable = matches!(intent, Intent::CreateRoleAssignableGroup(_));
            held.group = Some(group);
        }
        Intent::CreateNamespace(asked) => {
            held.namespaces.push((asked.cluster.clone(), asked.namespace.clone()));
        }
        Intent::GrantClusterAccess(asked) => {
            let scope = policy.clusters[&asked.cluster].scope(None);
            held.assignments.push(assignment(AzureRole::ClusterUser, &scope, &own().id));
        }
        Intent::GrantNamespaceScope(asked) => {
            let resolved = policy.resolve(asked).expect("plans stay in the policy");
            let role = resolved.azure_role().expect("an Azure role gives it");
            let scope = resolved.cluster.scope(asked.namespace.as_ref());
            held.assignments.push(assignment(role, &scope, &own().id));
        }
        Intent::BindNamespaceRole(asked) => bind(&mut held, asked, policy, &own()),
        Intent::BindClusterRole(asked) => bind_at_cluster(&mut held, asked, &own()),
        Intent::RevokeNamespaceScope(asked) => {
            let kept = allowed(policy, &asked.team, &asked.cluster, asked.namespace.as_ref());
            let scope = policy.clusters[&asked.cluster].scope(asked.namespace.as_ref());
            held.assignments.retain(|a| {
                !a.scope.eq_ignore_ascii_case(&scope)
                    || AzureRole::from_id(a.role).is_none_or(|role| kept.contains(&role))
            });
        }
        Intent::UnbindNamespaceRole(asked) => {
            let kept = bound(policy, asked);
            held.bindings.retain(|b| {
                b.cluster != asked.cluster
                    || b.namespace != asked.namespace
                    || !b.managed
                    || kept.contains(&b.role)
            });
        }
        other => panic!("no plan of a team asks for {other}"),
    }
    held
}

fn bind(held: &mut TeamHoldings, asked: &request::TeamRole, policy: &Policy, group: &Group) {
    let namespace = asked.namespace.clone().expect("bindings are in a namespace");
    assert!(held.namespaces.contains(&(asked.cluster.clone(), namespace.clone())));
    let resolved = policy.resolve(asked).expect("plans stay in the policy");
    let subject = Subject::Group(group.id.to_string());
    let mut new = binding(asked.cluster.as_str(), Some(namespace.as_str()), subject);
    new.role = resolved.binding().expect("a binding gives it").clone();
    held.bindings.push(new);
    held.roles.push((asked.cluster.clone(), namespace, asked.role.to_string()));
}

fn bind_at_cluster(held: &mut TeamHoldings, asked: &request::ClusterRole, group: &Group) {
    assert!(matches!(asked.holder, request::Holder::Team(_)));
    let subject = Subject::Group(group.id.to_string());
    let mut new = binding(asked.cluster.as_str(), None, subject);
    let role = asked.role.cluster_role().expect("it is given at a cluster");
    new.role = RoleRef::ClusterRole(role.to_owned());
    held.bindings.push(new);
}

fn allowed(
    policy: &Policy,
    team: &TeamName,
    cluster: &ClusterName,
    namespace: Option<&NamespaceName>,
) -> Vec<AzureRole> {
    let desired = team_grants(policy, team).expect("plans stay in the policy");
    desired.azure_at(&(cluster.clone(), namespace.cloned())).into_iter().collect()
}

fn bound(policy: &Policy, asked: &request::TeamScope) -> Vec<RoleRef> {
    let desired = team_grants(policy, &asked.team).expect("plans stay in the policy");
    let place = (asked.cluster.clone(), asked.namespace.clone());
    desired.bound_at(&place).into_iter().cloned().collect()
}
