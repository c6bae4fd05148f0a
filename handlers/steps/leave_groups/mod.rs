//! Ends memberships: of teams a mover has no reason to be in, or of every group for a leaver.

use std::collections::BTreeSet;

use latchkey_core::{
    Decision, GroupName, Op, PersonId, Policy, Refusal, Timestamp,
    desired::Desired,
    holdings::{Group, User},
    invariants::{Admins, may_cut_off},
    request,
    state::Standing,
};
use latchkey_runtime::{
    Cx,
    Need::{self, Graph},
    PersonView, Step, StepError, admins,
};

/// What is seen.
#[derive(Debug, Clone)]
pub struct Facts {
    /// The policy, for its invariants.
    pub policy: Policy,
    /// How the person stands.
    pub standing: Standing,
    /// Groups of the teams the person is entitled to now.
    pub entitled: BTreeSet<GroupName>,
    /// The person's Entra user and the groups it is a direct member of.
    pub held: Option<(User, Vec<Group>)>,
    /// Clusters the user administers through the groups to leave.
    pub admins: Vec<Admins>,
}

/// The step.
#[derive(Debug)]
pub struct LeaveGroups;

impl Step for LeaveGroups {
    const NAME: &'static str = "leave_groups";
    const NEEDS: &'static [Need] =
        &[Graph("Directory.Read.All"), Graph("GroupMember.ReadWrite.All")];
    const EXAMPLE: &'static str = include_str!("example.json");
    type Request = request::LeaveGroups;
    type Facts = Facts;

    async fn observe(cx: &Cx, request: &request::LeaveGroups) -> Result<Facts, StepError> {
        let names = names_of(cx.policy(), request)?;
        let view = PersonView::read(cx, &request.person_id).await?;
        let state = view.state(cx.now());
        let desired = Desired::of(cx.policy(), &state, cx.now());
        let entitled = cx.policy().teams.iter().filter(|(team, _)| desired.justifies(team));
        let entitled: BTreeSet<_> = entitled.map(|(_, team)| team.group.clone()).collect();
        let held = view.user_with_groups(cx).await?.map(|(user, mut groups)| {
            groups.retain(|g| request.everything || names.contains(&g.name));
            groups.retain(|g| !entitled.contains(&g.name) && !ends_by_pim(cx.policy(), g));
            (user, groups)
        });
        let admins = match &held {
            Some((_, groups)) => admins::at_stake(cx, groups).await?,
            None => Vec::new(),
        };
        let policy = cx.policy().clone();
        Ok(Facts { policy, standing: state.standing(), entitled, held, admins })
    }

    fn decide(request: &request::LeaveGroups, facts: &Facts, _: Timestamp) -> Decision {
        let person = &request.person_id;
        let cut_off = matches!(facts.standing, Standing::Left | Standing::OnLeave);
        if request.everything && !cut_off {
            return Decision::refuse(Refusal::NotALeaver { person: person.clone() });
        }
        let Some((user, groups)) = &facts.held else { return Decision::from_ops(None) };
        if let Err(refusal) = may_cut_off(&facts.policy, &facts.admins, &user.id) {
            return Decision::refuse(refusal);
        }
        let (writable, fixed): (Vec<_>, Vec<_>) =
            groups.iter().partition(|group| group.writable() && !group.role_assignable);
        Decision::Apply {
            ops: writable.into_iter().map(|group| leave(person, user, group)).collect(),
            residue: fixed.into_iter().map(|group| not_writable(person, group)).collect(),
        }
    }

    async fn reserve(cx: &Cx, facts: &Facts) -> Result<(), StepError> {
        match &facts.held {
            Some((user, _)) => admins::reserve(cx, &facts.admins, &user.id).await,
            None => Ok(()),
        }
    }
}

fn leave(person: &PersonId, user: &User, group: &Group) -> Op {
    Op::LeaveGroup {
        person: person.clone(),
        user: user.id.clone(),
        name: group.name.clone(),
        group: group.id.clone(),
    }
}

/// Ordinary writes do not reach role-assignable groups: those of teams are end_just_in_time's.
fn ends_by_pim(policy: &Policy, group: &Group) -> bool {
    group.role_assignable && group.writable() && policy.team_of_group(&group.name).is_some()
}

fn not_writable(person: &PersonId, group: &Group) -> String {
    if group.writable() {
        let name = &group.name;
        return format!(
            "{person} is in role-assignable group {name}: only a privileged administrator can take them out"
        );
    }
    let kept =
        if group.dynamic { "its membership rule" } else { "the directory it is synced from" };
    format!("{person} is in group {}, whose members follow {kept}: change it there", group.name)
}

fn names_of(
    policy: &Policy,
    request: &request::LeaveGroups,
) -> Result<BTreeSet<GroupName>, Refusal> {
    request.teams.iter().map(|team| policy.team(team).map(|team| team.group.clone())).collect()
}

#[cfg(test)]
mod tests;
