//! Deletes the group of a team that the policy no longer has, with all that was given to it: Azure
//! roles in every governed subscription and bindings in every governed cluster. Entra leaves both
//! behind when a group is deleted, so that they are looked for also when the group is gone already.
//!
//! Only a group that Latchkey made is deleted: it bears a unique name that follows from its display
//! name, and says in its description for which team.

use std::collections::{BTreeMap, BTreeSet};

use latchkey_core::{
    Approval, ClusterName, Decision, GroupName, ObjectId, Op, Policy, Refusal, Timestamp,
    holdings::{Binding, Group, PrincipalType, RoleAssignment, Subject},
    request::FormerTeam,
};
use latchkey_runtime::{
    Cx,
    Need::{self, Arm, Graph, Kube},
    Step, StepError, people,
};

/// What is seen.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// Why the policy forbids it, if it does.
    pub governed: Option<String>,
    /// The group that Latchkey made, and its description.
    pub found: Option<(Group, String)>,
    /// Whether a group of that name exists that somebody else made.
    pub foreign: bool,
    /// Azure roles of the group, and orphans that were given to the team.
    pub held: Vec<RoleAssignment>,
    /// Azure roles that say they are the team's and are held by another group that exists.
    pub others: Vec<RoleAssignment>,
    /// Bindings that name the group, or one of the orphans' holders.
    pub bindings: Vec<Binding>,
    /// Clusters that could not be seen, and why.
    pub unseen: BTreeMap<ClusterName, String>,
    /// The break-glass principal among the holders.
    pub protected: Option<ObjectId>,
}

/// The step.
#[derive(Debug)]
pub struct DeleteGroup;

impl Step for DeleteGroup {
    const NAME: &'static str = "delete_group";
    const NEEDS: &'static [Need] = &[
        Graph("Group.ReadWrite.All"),
        Arm("Microsoft.Authorization/roleAssignments", &["read", "delete"]),
        Arm("Microsoft.ContainerService/managedClusters", &["listClusterUserCredential/action"]),
        Kube("rolebindings", &["get", "list", "update", "delete"]),
        Kube("clusterrolebindings", &["get", "list", "update", "delete"]),
        // Whoever rewrites a binding must be able to make it, also to take a subject out.
        Kube("roles", &["bind"]),
        Kube("clusterroles", &["bind"]),
    ];
    const EXAMPLE: &'static str = include_str!("example.json");
    /// Of a group that is gone, only its roles tell the id by which bindings are found.
    const IN_ORDER: bool = true;
    type Request = FormerTeam;
    type Facts = Facts;

    async fn observe(cx: &Cx, request: &FormerTeam) -> Result<Facts, StepError> {
        if let Some(governed) = governed(cx.policy(), request) {
            return Ok(Facts { governed: Some(governed), ..Facts::default() });
        }
        let found = cx.graph().own_group(&request.group).await?;
        let named = cx.graph().groups_by_name(std::slice::from_ref(&request.group)).await?;
        let foreign = found.is_none() && !named.is_empty();
        let group = found.as_ref().map(|(group, _)| &group.id);
        let (held, others) = roles(cx, request, group).await?;
        let holders: BTreeSet<_> = held.iter().map(|held| &held.principal).chain(group).collect();
        let (bindings, unseen) = match holders.is_empty() {
            true => (Vec::new(), BTreeMap::new()),
            false => {
                people::bindings_where(cx, |held| holders.iter().any(|id| names(held, id))).await
            }
        };
        let protected = &cx.policy().protected;
        let protected = holders.into_iter().find(|id| protected.spares(id)).cloned();
        Ok(Facts { governed: None, found, foreign, held, others, bindings, unseen, protected })
    }

    fn decide(request: &FormerTeam, facts: &Facts, _: Timestamp) -> Decision {
        if let Some(refusal) = refusal(request, facts) {
            return Decision::refuse(refusal);
        }
        let holder = request.group.as_str();
        let bound = facts.bindings.iter().flat_map(|held| out_of(held, facts, holder));
        let roles = facts.held.iter().filter(|held| may_go(held, facts));
        let roles = roles.map(|held| held.removal(holder));
        let mut ops: Vec<Op> = bound.chain(roles).collect();
        let mut residue = people::unseen_lines(&facts.unseen);
        if let Some((group, _)) = facts.found.as_ref().filter(|_| residue.is_empty()) {
            ops.push(Op::DeleteGroup {
                team: request.team.clone(),
                group: group.id.clone(),
                name: group.name.clone(),
            });
        }
        residue.extend(facts.others.iter().map(|held| {
            format!("{} holds a role at {} in the team's name", held.principal, held.scope)
        }));
        Decision::Apply { ops, residue }
    }

    fn approval(_: &FormerTeam, _: &Facts) -> Option<Approval> {
        Some(Approval::Operator)
    }
}

fn refusal(request: &FormerTeam, facts: &Facts) -> Option<Refusal> {
    if let Some(principal) = &facts.protected {
        return Some(Refusal::Protected { principal: principal.clone() });
    }
    let why = match (&facts.governed, &facts.found) {
        (Some(why), _) => why.clone(),
        (None, _) if facts.foreign => "Latchkey did not make it".to_owned(),
        (None, Some((group, _))) if group.role_assignable => {
            "it is role-assignable: only a privileged administrator may delete it".to_owned()
        }
        (None, Some((_, text))) if *text != Group::text_for(&request.team) => {
            format!("it does not say that it was made for team {}", request.team)
        }
        _ => return None,
    };
    Some(Refusal::NotWritable { what: format!("group {}", request.group), why })
}

/// Why the policy still needs the team or its group.
fn governed(policy: &Policy, request: &FormerTeam) -> Option<String> {
    let same = |name: &GroupName| name.as_str().eq_ignore_ascii_case(request.group.as_str());
    if policy.teams.contains_key(&request.team) {
        return Some(format!("team {} is in the policy", request.team));
    }
    let named = policy.governed_groups().into_iter().chain(&policy.protected.group);
    named.into_iter().any(same).then(|| "the policy names it".to_owned())
}

/// Azure roles of the group in every governed subscription and orphans of the team; and those that
/// bear the team's text although their holder exists.
async fn roles(
    cx: &Cx,
    request: &FormerTeam,
    group: Option<&ObjectId>,
) -> Result<(Vec<RoleAssignment>, Vec<RoleAssignment>), StepError> {
    let text = RoleAssignment::text_for(&request.team);
    let (mut own, mut doubtful) = (Vec::new(), Vec::new());
    for subscription in cx.policy().cluster_subscriptions() {
        for held in cx.arm().assignments_under(&format!("/subscriptions/{subscription}")).await? {
            if Some(&held.principal) == group {
                own.push(held);
            } else if held.description.as_ref() == Some(&text)
                && held.principal_type == PrincipalType::Group
            {
                doubtful.push(held);
            }
        }
    }
    let ids: BTreeSet<_> = doubtful.iter().map(|held| held.principal.clone()).collect();
    let ids: Vec<_> = ids.into_iter().collect();
    let alive = if ids.is_empty() { Vec::new() } else { cx.graph().groups_by_id(&ids).await? };
    let exists = |held: &RoleAssignment| alive.iter().any(|group| group.id == held.principal);
    let (others, orphans): (Vec<_>, Vec<_>) = doubtful.into_iter().partition(exists);
    own.extend(orphans);
    Ok((own, others))
}

/// An orphan is still needed while some cluster was not searched for its holder.
fn may_go(held: &RoleAssignment, facts: &Facts) -> bool {
    let is_known = facts.found.as_ref().is_some_and(|(group, _)| group.id == held.principal);
    is_known || facts.unseen.is_empty()
}

fn names(binding: &Binding, id: &ObjectId) -> bool {
    binding.subjects.iter().any(|subject| is_group(subject, id))
}

fn is_group(subject: &Subject, id: &ObjectId) -> bool {
    matches!(subject, Subject::Group(name) if name.eq_ignore_ascii_case(id.as_str()))
}

/// A binding of ours goes as a whole; of somebody else's only the group goes.
fn out_of(binding: &Binding, facts: &Facts, holder: &str) -> Vec<Op> {
    if binding.managed {
        return vec![Op::DeleteBinding { binding: binding.clone(), holder: holder.to_owned() }];
    }
    let group = facts.found.iter().map(|(group, _)| &group.id);
    let holders: BTreeSet<_> = facts.held.iter().map(|held| &held.principal).chain(group).collect();
    let is_ours = |subject: &&Subject| holders.iter().any(|id| is_group(subject, id));
    let remove = |subject: &Subject| Op::RemoveSubject {
        binding: binding.clone(),
        subject: subject.clone(),
        holder: holder.to_owned(),
    };
    binding.subjects.iter().filter(is_ours).map(remove).collect()
}

#[cfg(test)]
mod tests;
