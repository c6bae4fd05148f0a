//! Makes somebody whose end was taken back a member again of the groups that Latchkey took them out
//! of, as far as the policy has nothing against it.
//!
//! The request names the case; what was taken stands in its records, so that a message asks for no
//! group by itself. It is given back once: who takes it away again later is right. Groups whose
//! members administer clusters or approve access need a second operator.

use std::collections::BTreeSet;

use latchkey_core::{
    Approval, Decision, GroupName, ObjectId, Op, PersonId, Refusal, Timestamp,
    holdings::{Group, User},
    request,
    revocation::{Path, undo::Return},
    state::Standing,
};
use latchkey_runtime::{
    Cx,
    Need::{self, Graph},
    PersonView, Step, StepError,
    undo::Asked,
};

/// What is seen.
#[derive(Debug, Clone)]
pub struct Facts {
    /// How the person stands.
    pub standing: Standing,
    /// Why nothing is given back.
    pub refusal: Option<Refusal>,
    /// Whether that was done before.
    pub done: bool,
    /// The person's Entra user.
    pub user: Option<User>,
    /// Whether the user is a break-glass principal.
    pub protected: bool,
    /// Groups the user is a direct member of.
    pub member_of: BTreeSet<ObjectId>,
    /// Groups that were taken, as they are now, with what becomes of each.
    pub groups: Vec<(Group, Return)>,
    /// Groups that were taken and are gone since.
    pub gone: BTreeSet<GroupName>,
}

/// The step.
#[derive(Debug)]
pub struct RejoinGroups;

impl Step for RejoinGroups {
    const NAME: &'static str = "rejoin_groups";
    const NEEDS: &'static [Need] =
        &[Graph("Directory.Read.All"), Graph("GroupMember.ReadWrite.All")];
    const EXAMPLE: &'static str = include_str!("example.json");
    type Request = request::Undo;
    type Facts = Facts;

    async fn observe(cx: &Cx, request: &request::Undo) -> Result<Facts, StepError> {
        let view = PersonView::read(cx, &request.person_id).await?;
        let (user, member_of) = match view.user_with_groups(cx).await? {
            Some((user, groups)) => (Some(user), groups.into_iter().map(|g| g.id).collect()),
            None => (None, BTreeSet::new()),
        };
        // The facts are read again after Graph was: they decide, and must not be older.
        let view = PersonView::read(cx, &request.person_id).await?;
        let asked = Asked::read(cx, &view, Self::NAME, request).await?;
        let (groups, gone) = groups(cx, &view, &asked, request).await?;
        let spared = &cx.policy().protected.principals;
        let protected = user.as_ref().is_some_and(|user| spared.contains(&user.id));
        let Asked { standing, refusal, done, .. } = asked;
        Ok(Facts { standing, refusal, done, user, protected, member_of, groups, gone })
    }

    fn decide(request: &request::Undo, facts: &Facts, _: Timestamp) -> Decision {
        let person = &request.person_id;
        let Some(user) = &facts.user else {
            return Decision::refuse(Refusal::NoUser { person: person.clone() });
        };
        if facts.protected {
            return Decision::refuse(Refusal::Protected { principal: user.id.clone() });
        }
        if let Some(refusal) = &facts.refusal {
            let again = taken_again(person, user, facts);
            return if again.is_empty() {
                Decision::refuse(refusal.clone())
            } else {
                Decision::from_ops(again)
            };
        }
        if facts.done {
            return Decision::from_ops(None);
        }
        let wanted = if request.privileged { Return::Approved } else { Return::Back };
        let lacks = |group: &Group| !facts.member_of.contains(&group.id);
        let back =
            facts.groups.iter().filter(|(group, becomes)| *becomes == wanted && lacks(group));
        let residue = facts.gone.iter();
        Decision::Apply {
            ops: back.map(|(group, _)| join(person, user, group)).collect(),
            residue: residue
                .map(|name| format!("group {name} is gone since: {person} is not in it"))
                .collect(),
        }
    }

    fn approval(request: &request::Undo, _: &Facts) -> Option<Approval> {
        request.privileged.then_some(Approval::Operator)
    }
}

/// The groups that the case took, as they are now.
async fn groups(
    cx: &Cx,
    view: &PersonView,
    asked: &Asked,
    request: &request::Undo,
) -> Result<(Vec<(Group, Return)>, BTreeSet<GroupName>), StepError> {
    let terms = asked.terms(cx, view);
    let wanted = if request.privileged { Return::Approved } else { Return::Back };
    let taken = terms.all(&asked.taken).into_iter().filter(|(_, becomes)| *becomes == wanted);
    let taken: Vec<_> = taken
        .filter_map(|(path, _)| match path {
            Path::Group { group, name, .. } => Some((group, name)),
            _ => None,
        })
        .collect();
    let ids: Vec<_> = taken.iter().map(|(id, _)| id.clone()).collect();
    let found = if ids.is_empty() { Vec::new() } else { cx.graph().groups_by_id(&ids).await? };
    let gone = taken.into_iter().filter(|(id, _)| found.iter().all(|group| group.id != *id));
    let gone = gone.map(|(_, name)| name).collect();
    // What it was called and what it was then may have changed.
    let judged = found.into_iter().map(|group| {
        let becomes = terms.judge(&Path::member(&group));
        (group, becomes)
    });
    Ok((judged.collect(), gone))
}

/// Of somebody who left once more meanwhile: what was just given back goes again.
fn taken_again(person: &PersonId, user: &User, facts: &Facts) -> Vec<Op> {
    let left = facts.standing == Standing::Left;
    let groups = facts.groups.iter().map(|(group, _)| group).filter(|_| left);
    let groups = groups.filter(|group| group.writable() && !group.role_assignable);
    let held = groups.filter(|group| facts.member_of.contains(&group.id));
    let leave = |group: &Group| Op::LeaveGroup {
        person: person.clone(),
        user: user.id.clone(),
        name: group.name.clone(),
        group: group.id.clone(),
    };
    held.map(leave).collect()
}

fn join(person: &PersonId, user: &User, group: &Group) -> Op {
    Op::JoinGroup {
        person: person.clone(),
        user: user.id.clone(),
        name: group.name.clone(),
        group: group.id.clone(),
    }
}

#[cfg(test)]
mod tests;
