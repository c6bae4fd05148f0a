//! Makes a person a member of the groups of teams that the policy gives them.
//!
//! A team the person is not (or no longer) entitled to is never joined; if the person is a member
//! of it, the membership ends. So a message that was overtaken by a newer fact does no harm.

use std::collections::{BTreeMap, BTreeSet};

use latchkey_core::{
    Decision, ObjectId, Op, PersonId, Refusal, TeamName, Timestamp,
    desired::Desired,
    holdings::{Group, User},
    request,
    state::Standing,
};
use latchkey_runtime::{
    Cx,
    Need::{self, Graph},
    PersonView, Step, StepError,
};

/// What is seen.
#[derive(Debug, Clone)]
pub struct Facts {
    /// How the person stands.
    pub standing: Standing,
    /// Teams the person is entitled to now.
    pub entitled: BTreeSet<TeamName>,
    /// Teams whose membership PIM gives and takes.
    pub by_pim: BTreeSet<TeamName>,
    /// The person's Entra user.
    pub user: Option<User>,
    /// Groups the user is a direct member of.
    pub member_of: BTreeSet<ObjectId>,
    /// The groups of the teams asked for; a team whose group does not exist is absent.
    pub groups: BTreeMap<TeamName, Group>,
}

/// The step.
#[derive(Debug)]
pub struct JoinGroups;

impl Step for JoinGroups {
    const NAME: &'static str = "join_groups";
    const NEEDS: &'static [Need] =
        &[Graph("Directory.Read.All"), Graph("GroupMember.ReadWrite.All")];
    const EXAMPLE: &'static str = include_str!("example.json");
    type Request = request::JoinGroups;
    type Facts = Facts;

    async fn observe(cx: &Cx, request: &request::JoinGroups) -> Result<Facts, StepError> {
        let groups = groups_of(cx, &request.teams).await?;
        let view = PersonView::read(cx, &request.person_id).await?;
        let (user, member_of) = match view.user_with_groups(cx).await? {
            Some((user, groups)) => (Some(user), groups.into_iter().map(|g| g.id).collect()),
            None => (None, BTreeSet::new()),
        };
        // The facts are read again after Graph was: they decide, and must not be older.
        let state = PersonView::read(cx, &request.person_id).await?.state(cx.now());
        let desired = Desired::of(cx.policy(), &state, cx.now());
        let by_pim = |team: &&TeamName| {
            let policy = cx.policy().teams.get(*team);
            desired.just_in_time.contains_key(*team) || policy.is_some_and(|t| t.makes_eligible())
        };
        let by_pim = request.teams.iter().filter(by_pim).cloned().collect();
        let entitled = desired.teams.into_keys().collect();
        Ok(Facts { standing: state.standing(), entitled, by_pim, user, member_of, groups })
    }

    fn decide(request: &request::JoinGroups, facts: &Facts, _: Timestamp) -> Decision {
        let person = &request.person_id;
        let Some(user) = &facts.user else {
            return Decision::refuse(Refusal::NoUser { person: person.clone() });
        };
        let (ops, residue) = changes(request, facts, user);
        if ops.is_empty() && residue.is_empty() {
            return unasked(request, facts)
                .map_or_else(|| Decision::from_ops(None), Decision::refuse);
        }
        Decision::Apply { ops, residue }
    }
}

fn changes(request: &request::JoinGroups, facts: &Facts, user: &User) -> (Vec<Op>, Vec<String>) {
    let (mut ops, mut residue) = (Vec::new(), Vec::new());
    for team in &request.teams {
        let entitled = facts.entitled.contains(team);
        let Some(group) = facts.groups.get(team) else {
            residue.extend(entitled.then(|| format!("the group of team {team} does not exist")));
            continue;
        };
        let member = facts.member_of.contains(&group.id);
        match (entitled, member) {
            (true, false) if !group.writable() || group.role_assignable => {
                residue.push(not_writable(person(request), group));
            }
            (false, true) if facts.by_pim.contains(team) || group.role_assignable => {}
            (true, false) => ops.push(join(person(request), user, group)),
            (false, true) => ops.push(leave(person(request), user, group)),
            _ => {}
        }
    }
    (ops, residue)
}

fn person(request: &request::JoinGroups) -> &PersonId {
    &request.person_id
}

/// Why there is nothing to do although something was asked.
fn unasked(request: &request::JoinGroups, facts: &Facts) -> Option<Refusal> {
    let team = request.teams.iter().find(|team| !facts.entitled.contains(*team))?;
    Some(match facts.standing {
        Standing::Left => Refusal::Tombstoned { person: request.person_id.clone() },
        _ => Refusal::OutsidePolicy { field: "teams".into(), value: team.to_string() },
    })
}

fn join(person: &PersonId, user: &User, group: &Group) -> Op {
    Op::JoinGroup {
        person: person.clone(),
        user: user.id.clone(),
        name: group.name.clone(),
        group: group.id.clone(),
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

fn not_writable(person: &PersonId, group: &Group) -> String {
    if group.writable() {
        return format!("{} is role-assignable: {person} can be made a member by PIM", group.name);
    }
    format!("{person} must be made a member of {} where its members are kept", group.name)
}

/// The groups of these teams of the policy.
async fn groups_of(
    cx: &Cx,
    teams: &BTreeSet<TeamName>,
) -> Result<BTreeMap<TeamName, Group>, StepError> {
    let mut names = Vec::new();
    for team in teams {
        names.push(cx.policy().team(team)?.group.clone());
    }
    let mut found = cx.graph().groups_by_name(&names).await?;
    let of = |(team, name)| Some((TeamName::clone(team), found.remove(&name)?));
    Ok(teams.iter().zip(names).filter_map(of).collect())
}

#[cfg(test)]
mod tests;
